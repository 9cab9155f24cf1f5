/**
 * The renderer of 3D on a GPU: the virgl command stream of Mesa's driver, by Vulkan. Needs --allow-ffi once a renderer is made,
 * nothing at import.
 * @module
 */

import type { DrmError } from "../../../../core/error.ts";
import type { Renderer3d } from "../../../../core/host3d.ts";
import { type CapsLevel, VirglCaps } from "./caps.ts";
import { virglContexts } from "./contexts.ts";
import { Formats } from "./formats.ts";
import { openGpu } from "./gpu.ts";
import type { VirglLimits } from "./parts.ts";
import { Virgl } from "./virgl.ts";

export type { CapsLevel } from "./caps.ts";
export type { VirglLimits } from "./parts.ts";

/** The renderer, and what tools want to know of it. */
export interface VirglRenderer extends Renderer3d {
  /** What it holds: bytes of resources and held frames; slots of guest memory that are imported. */
  readonly usage: { readonly bytes: number; readonly imports: number };
  /** Why nothing executes any more, once that is so: the device is lost. */
  readonly failure: DrmError | undefined;
}

/** How {@linkcode virgl} chooses, and what the renderer may take. */
export interface VirglOptions extends VirglLimits {
  /** An index, a kind ("cpu", "discrete"), or a part of the GPU's name, its driver's name or its UUID; the best by default. */
  readonly gpu?: string;
  /** How much its clients are offered; "gl33" by default. */
  readonly level?: CapsLevel;
}

/**
 * A renderer on a GPU, with a Vulkan instance and device of its own. `device` says which was chosen and why, and
 * "CPU rendering" if it is none.
 *
 * @throws {Error} if Vulkan is not installed, or no GPU is as wished. @throws {VkError} if the driver refuses.
 */
export function virgl(options: VirglOptions = {}): VirglRenderer {
  using cleanup = new DisposableStack();
  const gpu = cleanup.use(openGpu(options));
  const formats = new Formats(gpu);
  const renderer = new Virgl(
    gpu,
    formats,
    new VirglCaps(gpu, formats, options.level ?? "gl33"),
    virglContexts,
    options,
  );
  cleanup.move();
  return renderer;
}
