/**
 * Draws that Vulkan cannot do at once, and that are recorded several times therefore:
 *
 * - Polygons whose faces are filled in different ways (glPolygonMode of GL_FRONT and GL_BACK): without back faces as front faces are,
 *   then without front faces as back faces are.
 * - With GL_MULTISAMPLE off all samples of a pixel are covered if its middle is, and have what is there. So each sample is drawn alone,
 *   with all moved by its distance from the middle: what was there before is at the sample now. Not so for shaders that write memory,
 *   which would do that once a sample.
 * @module
 */

import {
  PIPE_POLYGON_MODE_LINE,
  PIPE_PRIM_LINES,
  PIPE_PRIM_POINTS,
  PIPE_PRIM_TRIANGLE_STRIP,
} from "../../../../uapi/pipe.ts";
import { VIRGL_SHADER_GEOMETRY, VIRGL_SHADER_TESS_EVAL } from "../../../../uapi/virgl_protocol.ts";
import { DIRTY_PIPELINE, DIRTY_RASTERIZER, DIRTY_VARIANTS, DIRTY_VIEWPORT } from "./dirty.ts";
import type { Engine } from "./engine.ts";
import type { PolygonSides, Rasterizer } from "./objects/rasterizer.ts";
import { TOPOLOGY_CLASSES, TOPOLOGY_LINES, TOPOLOGY_POINTS, TOPOLOGY_TRIANGLES } from "./pipeline_key.ts";
import type { SubContext } from "./sub_context.ts";

/** What reaches the rasterizer: TOPOLOGY_POINTS, TOPOLOGY_LINES or TOPOLOGY_TRIANGLES. @param mode PIPE_PRIM_* */
function rasterized({ shaders }: SubContext, mode: number): number {
  const geometry = shaders[VIRGL_SHADER_GEOMETRY]?.info.properties;
  if (geometry !== undefined) {
    const primitive = geometry.get("GS_OUTPUT_PRIMITIVE") ?? PIPE_PRIM_TRIANGLE_STRIP;
    if (primitive === PIPE_PRIM_TRIANGLE_STRIP) return TOPOLOGY_TRIANGLES;
    return primitive === PIPE_PRIM_POINTS ? TOPOLOGY_POINTS : TOPOLOGY_LINES;
  }
  const evaluation = shaders[VIRGL_SHADER_TESS_EVAL]?.info.properties;
  if (evaluation === undefined) return TOPOLOGY_CLASSES[mode];
  if ((evaluation.get("TES_POINT_MODE") ?? 0) !== 0) return TOPOLOGY_POINTS;
  return evaluation.get("TES_PRIM_MODE") === PIPE_PRIM_LINES ? TOPOLOGY_LINES : TOPOLOGY_TRIANGLES;
}

/** Whether a draw does more than to draw. */
function writesMemory({ shaders }: SubContext): boolean {
  for (let stage = 0; stage < 5; stage++) if (shaders[stage]?.info.writesMemory === true) return true;
  return false;
}

/** The passes of one draw after the other. */
export class DrawPasses {
  readonly #engine: Engine;
  /** Whether it is known where samples are, and shaders can run at each. */
  readonly #separates: boolean;
  #whole: Rasterizer | undefined;
  #sides: PolygonSides | undefined;
  #side = 0;
  #topology = 0;
  #several = false;
  #sample = 0;
  #samples = 0;

  /** Asks the GPU. */
  constructor(engine: Engine) {
    this.#engine = engine;
    const { limits, has } = engine.gpu;
    this.#separates = has.sampleRateShading && limits.standardSampleLocations === true;
  }

  /**
   * Prepares the passes of a draw; `next` begins each of them, `end` ends them.
   * @param mode PIPE_PRIM_*. @returns false if one draw does: there is nothing to end then
   */
  begin(sub: SubContext, mode: number): boolean {
    const { rasterizer, framebuffer } = sub;
    if (rasterizer === undefined) return false;
    const several = framebuffer.samples > 1 && !rasterizer.multisample && this.#separates && !writesMemory(sub);
    if (!several && rasterizer.sides === undefined) return false;
    this.#several = several;
    const topology = this.#topology = rasterized(sub, mode), { fillModeNonSolid } = this.#engine.gpu.has;
    this.#sides = topology === TOPOLOGY_TRIANGLES && fillModeNonSolid ? rasterizer.sides : undefined;
    if (this.#sides === undefined && !this.#splits(rasterizer)) return false;
    this.#whole = rasterizer;
    this.#side = this.#sample = this.#samples = 0;
    return true;
  }

  /** Whether each sample is drawn alone. Lines need not: Vulkan may treat all samples as the middle for them. */
  #splits(rasterizer: Rasterizer): boolean {
    if (!this.#several) return false;
    if (this.#topology === TOPOLOGY_TRIANGLES) return rasterizer.fill !== PIPE_POLYGON_MODE_LINE;
    return this.#topology === TOPOLOGY_POINTS;
  }

  /** Brings a sub-context into the state of the next pass. @returns false behind the last one */
  next(sub: SubContext): boolean {
    if (++this.#sample >= this.#samples) {
      const sides = this.#sides, side = this.#side++;
      if (side > (sides === undefined ? 0 : 1)) return false;
      const rasterizer = sides === undefined ? this.#whole : side === 0 ? sides.front : sides.back;
      const splits = rasterizer !== undefined && this.#splits(rasterizer);
      this.#sample = 0;
      this.#samples = splits ? sub.framebuffer.samples : 1;
      sub.rasterizer = rasterizer;
      sub.dirty |= DIRTY_RASTERIZER | DIRTY_VARIANTS;
    }
    sub.sample = this.#samples > 1 ? this.#sample : -1;
    sub.dirty |= DIRTY_PIPELINE | DIRTY_VIEWPORT;
    return true;
  }

  /** Brings it back into its own state. */
  end(sub: SubContext): void {
    sub.rasterizer = this.#whole;
    sub.sample = -1;
    sub.dirty |= DIRTY_RASTERIZER | DIRTY_VARIANTS | DIRTY_PIPELINE | DIRTY_VIEWPORT;
    this.#whole = this.#sides = undefined;
  }
}
