/**
 * What a virtio-gpu device is made of, which features it has with a renderer, and what a monitor may be.
 * @module
 */

import type { Clock } from "../../../core/clock.ts";
import type { Display, DisplayMode } from "../../../core/display.ts";
import type { Renderer } from "../../../core/host.ts";
import { is3d } from "../../../core/host3d.ts";
import type { Trace } from "../../../core/trace.ts";
import * as gpu from "../../../uapi/virtio_gpu.ts";
import type { HostLimits } from "./resource.ts";

/** What a virtio-gpu device is made of. */
export interface VirtioGpuHostOptions {
  /** What executes. Its owner disposes it, after the host. */
  readonly renderer: Renderer;
  /** Where frames go. Its owner disposes it. */
  readonly display: Display;
  /** Scanouts, 1 to 16; default 1. */
  readonly scanouts?: number;
  /** The monitor of each scanout at first; where none is given, the first scanout has 1280x800 and others have none. */
  readonly modes?: readonly DisplayMode[];
  /** VIRTIO_GPU_F_* to offer, of those that {@linkcode hostFeatures} tells, which are the default. */
  readonly features?: bigint;
  /** Alignment of blobs, bytes, a power of two: offers VIRTIO_GPU_F_BLOB_ALIGNMENT. */
  readonly blobAlignment?: number;
  /** The clock of trace events. */
  readonly clock?: Clock;
  /** Who hears of commands. */
  readonly trace?: Trace;
  /** What a guest may take. */
  readonly limits?: Partial<HostLimits>;
  /** Descriptors of the control and the cursor queue, powers of two; default 1024 and 16. */
  readonly queueSizes?: readonly [number, number];
}

/** The bit of a feature. @param number VIRTIO_GPU_F_*. */
export const bit = (number: number): bigint => 1n << BigInt(number);

/** Features that the device has with any renderer: EDID, resource UUIDs, guest blobs. */
export const VIRTIO_GPU_HOST_FEATURES: bigint = bit(gpu.VIRTIO_GPU_F_EDID) | bit(gpu.VIRTIO_GPU_F_RESOURCE_UUID) |
  bit(gpu.VIRTIO_GPU_F_RESOURCE_BLOB);

const FEATURES_3D = bit(gpu.VIRTIO_GPU_F_VIRGL) | bit(gpu.VIRTIO_GPU_F_CONTEXT_INIT);

/** Features that the device has with a renderer: VIRGL and CONTEXT_INIT come with 3D. */
export function hostFeatures(renderer: Renderer): bigint {
  return VIRTIO_GPU_HOST_FEATURES | (is3d(renderer) ? FEATURES_3D : 0n);
}

/** A monitor, copied. @throws {RangeError} for sizes that are none, and for what is no EDID. */
export function checkMode(mode: DisplayMode): DisplayMode {
  for (const side of [mode.width, mode.height]) {
    if (!Number.isInteger(side) || side < 1 || side > 16384) {
      throw new RangeError(`Cannot show ${mode.width}x${mode.height}`);
    }
  }
  const { enabled, width, height, edid } = mode;
  if (edid !== undefined && !(edid.length >= 128 && edid.length <= 1024 && edid.length % 128 === 0)) {
    throw new RangeError(`Cannot use an EDID of ${edid.length} bytes`);
  }
  return edid === undefined ? { enabled, width, height } : { enabled, width, height, edid: edid.slice() };
}
