/**
 * Copies of what a command both reads and writes: the source of an overlapping copy or blit is set aside first.
 * @module
 */

import { PIPE_BUFFER, PIPE_TEXTURE_3D } from "../../../../uapi/pipe.ts";
import { VIRGL_FORMAT_R8_UNORM } from "../../../../uapi/virgl_format.ts";
import type { Engine } from "./engine.ts";
import { ImageCopies } from "./image_copies.ts";
import { badResource } from "./refusal.ts";
import { isShortOfMemory } from "../vk_errno.ts";
import type { VirglResource } from "./resource.ts";

/** How much sooner a submission ends for each: its memory is free when the GPU is done. */
const SCRATCH_WORK = 128;

/**
 * A buffer for work behind the client's back. The caller ends it with `unref`.
 * @param by a resource of the same renderer
 * @throws {DrmError} ENOMEM
 */
export function scratchBuffer(engine: Engine, by: VirglResource, size: number): VirglResource {
  const format = engine.formats.of(VIRGL_FORMAT_R8_UNORM);
  if (format === undefined) throw badResource("Cannot make a scratch buffer: the GPU has no R8_UNORM");
  return roomFor(engine, () =>
    by.sibling({
      target: PIPE_BUFFER,
      format: VIRGL_FORMAT_R8_UNORM,
      bind: 0,
      width: size,
      height: 1,
      depth: 1,
      arraySize: 1,
      lastLevel: 0,
      nrSamples: 0,
      flags: 0,
    }, format));
}

/** Makes something; scratches of earlier commands are waited for before memory is said to be short. */
function roomFor(engine: Engine, make: () => VirglResource): VirglResource {
  const { recorder } = engine;
  recorder.work += SCRATCH_WORK;
  try {
    return make();
  } catch (error) {
    if (!isShortOfMemory(error)) throw error;
  }
  recorder.wait(recorder.submission);
  return make();
}

/**
 * An image whose level 0 is like a level of another, with a box of it copied to the same place. The caller ends it with `unref`.
 * @throws {DrmError} ENOMEM
 */
export function scratchImage(
  engine: Engine,
  source: VirglResource,
  level: number,
  x: number,
  y: number,
  z: number,
  width: number,
  height: number,
  depth: number,
): VirglResource {
  const { info } = source;
  const scratch = roomFor(engine, () =>
    source.sibling({
      ...info,
      width: source.levelWidth(level),
      height: source.levelHeight(level),
      depth: source.target === PIPE_TEXTURE_3D ? source.levelDepth(level) : info.depth,
      lastLevel: 0,
    }, source.gpuFormat));
  try {
    const place = { resource: scratch, level: 0, x, y, z };
    const from = { resource: source, level, x, y, z };
    engine.extra(ImageCopies).copy(place, from, width, height, depth, source.gpuFormat.aspect);
  } catch (error) {
    scratch.unref();
    throw error;
  }
  return scratch;
}
