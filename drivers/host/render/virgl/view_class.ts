/**
 * What kind of image a texture instruction wants, and what kind a view is: a number, equal if they fit. A shader that samples
 * a cube through the descriptor of a 2D image crashes drivers; such a view is left out.
 * @module
 */

import {
  PIPE_BUFFER,
  PIPE_TEXTURE_1D,
  PIPE_TEXTURE_1D_ARRAY,
  PIPE_TEXTURE_2D,
  PIPE_TEXTURE_2D_ARRAY,
  PIPE_TEXTURE_3D,
  PIPE_TEXTURE_CUBE,
  PIPE_TEXTURE_CUBE_ARRAY,
  PIPE_TEXTURE_RECT,
} from "../../../../uapi/pipe.ts";
import type { TextureTarget } from "../../shader/tgsi/mod.ts";

/** Added for several samples. */
const MULTISAMPLED = 16;

/** The kind of a view. @param target PIPE_TEXTURE_*, PIPE_BUFFER */
export function viewClass(target: number, samples: number): number {
  return (target === PIPE_TEXTURE_RECT ? PIPE_TEXTURE_2D : target) + (samples > 1 ? MULTISAMPLED : 0);
}

const CLASSES: Readonly<Partial<Record<TextureTarget, number>>> = {
  "BUFFER": PIPE_BUFFER,
  "1D": PIPE_TEXTURE_1D,
  "2D": PIPE_TEXTURE_2D,
  "RECT": PIPE_TEXTURE_2D,
  "3D": PIPE_TEXTURE_3D,
  "CUBE": PIPE_TEXTURE_CUBE,
  "1D_ARRAY": PIPE_TEXTURE_1D_ARRAY,
  "2D_ARRAY": PIPE_TEXTURE_2D_ARRAY,
  "CUBEARRAY": PIPE_TEXTURE_CUBE_ARRAY,
  "2D_MSAA": PIPE_TEXTURE_2D + MULTISAMPLED,
  "2D_ARRAY_MSAA": PIPE_TEXTURE_2D_ARRAY + MULTISAMPLED,
};

/** The kind that a shader samples; -1 for none that a view could be. @param target without SHADOW */
export function shaderClass(target: TextureTarget): number {
  return CLASSES[target] ?? -1;
}
