/**
 * The renderer of 2D on a GPU, by Vulkan. Needs --allow-ffi once a renderer is made, nothing at import.
 * @module
 */

import type { DrmError } from "../../../../core/error.ts";
import type { Renderer } from "../../../../core/host.ts";
import { choosePhysicalDevice, Device, Instance } from "../../vulkan/mod.ts";
import { Vulkan2d, type Vulkan2dLimits } from "./vulkan2d.ts";

export type { Vulkan2dLimits } from "./vulkan2d.ts";

/** The renderer, and what tools want to know of it. */
export interface Vulkan2dRenderer extends Renderer {
  /** What it holds: bytes of pictures, held frames and the buffer for reading; slots of guest memory that are imported. */
  readonly usage: { readonly bytes: number; readonly imports: number };
  /** Why nothing executes any more, once that is so: the device is lost. */
  readonly failure: DrmError | undefined;
}

/** How {@linkcode vulkan2d} chooses, and what the renderer may take. */
export interface Vulkan2dOptions extends Vulkan2dLimits {
  /** An index, a kind ("cpu", "discrete"), or a part of the GPU's name, its driver's name or its UUID; the best by default. */
  readonly gpu?: string;
}

/**
 * A renderer on a GPU, with a Vulkan instance and device of its own. `device` says which was chosen and why, and
 * "CPU rendering" if it is none.
 *
 * @throws {Error} if Vulkan is not installed, or no GPU is as wished. @throws {VkError} if the driver refuses.
 */
export function vulkan2d(options: Vulkan2dOptions = {}): Vulkan2dRenderer {
  using cleanup = new DisposableStack();
  const instance = cleanup.use(new Instance());
  const { device: physical, reason } = choosePhysicalDevice(instance, options);
  const device = cleanup.use(new Device(instance, physical));
  const owned = new DisposableStack();
  owned.use(instance);
  owned.use(device);
  const renderer = new Vulkan2d(device, reason, options, owned);
  cleanup.move();
  return renderer;
}
