/**
 * The renderer of `udrm vtest`.
 * @module
 */

import type { Renderer3d } from "../core/host3d.ts";
import { virgl } from "../drivers/host/render/virgl/mod.ts";

/**
 * Makes it.
 *
 * @param gpu which GPU, the best one if undefined
 * @param shared whether one thread serves many clients by it: then it tells by an eventfd when the GPU is done
 * @throws {Error} that tells what to do
 */
export function openRenderer(gpu: string | undefined, shared = false): Renderer3d {
  try {
    return virgl({ gpu, completionEvents: shared });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const hint =
      "udrm vtest needs a Vulkan driver: udrm info lists what there is, and Debian's mesa-vulkan-drivers brings " +
      "one for every machine";
    throw new Error(`${why}; ${hint}`, { cause: error });
  }
}
