/**
 * An open file of this driver.
 * @module
 */

import type { DrmFile } from "../../../core/drm_file.ts";
import type { FileContext } from "./file_context.ts";
import type { VirtioGpu } from "./virtio_gpu.ts";

/** An open file; it has a context where the device has 3D. */
export type VirtioGpuFile = DrmFile<FileContext | undefined, VirtioGpu>;
