/** Shapes of the texture targets: coordinates, layers, and where a comparison's reference stands (tgsi.rst "TEX"). */
import { Capability, Dim } from "../spirv/mod.ts";
import type { TextureTarget } from "./names.ts";

/** The shape of a target. */
export interface TargetShape {
  /** SPIR-V Dim. */
  readonly dim: number;
  /** Dimensions of an image: components of a derivative or texel offset. */
  readonly dimensions: number;
  /** Whether a layer follows the coordinates. */
  readonly arrayed: boolean;
  /** Whether texels have samples. */
  readonly multisampled: boolean;
  /** Component of the first source with the comparison's reference; 4 is the first of the next source. */
  readonly reference: number;
  /** Capability that a sampled image of it needs; Shader for none. */
  readonly sampled: number;
  /** Capability that a storage image of it needs; Shader for none. */
  readonly storage: number;
}

function shape(
  dim: number,
  dimensions: number,
  arrayed: boolean,
  reference: number,
  sampled: number = Capability.Shader,
  storage: number = Capability.Shader,
  multisampled = false,
): TargetShape {
  return { dim, dimensions, arrayed, multisampled, reference, sampled, storage };
}

const { Sampled1D, Image1D, SampledCubeArray, ImageCubeArray, SampledBuffer, ImageBuffer } = Capability;

/** Shapes by target, without the word SHADOW. */
export const SHAPES: Readonly<Partial<Record<TextureTarget, TargetShape>>> = {
  BUFFER: shape(Dim.Buffer, 1, false, 2, SampledBuffer, ImageBuffer),
  "1D": shape(Dim.D1, 1, false, 2, Sampled1D, Image1D),
  "2D": shape(Dim.D2, 2, false, 2),
  "3D": shape(Dim.D3, 3, false, 3),
  CUBE: shape(Dim.Cube, 3, false, 3),
  RECT: shape(Dim.D2, 2, false, 2),
  "1D_ARRAY": shape(Dim.D1, 1, true, 2, Sampled1D, Image1D),
  "2D_ARRAY": shape(Dim.D2, 2, true, 3),
  "2D_MSAA": shape(Dim.D2, 2, false, 3, Capability.Shader, Capability.StorageImageMultisample, true),
  "2D_ARRAY_MSAA": shape(Dim.D2, 2, true, 3, Capability.Shader, Capability.ImageMSArray, true),
  CUBEARRAY: shape(Dim.Cube, 3, true, 4, SampledCubeArray, ImageCubeArray),
};
