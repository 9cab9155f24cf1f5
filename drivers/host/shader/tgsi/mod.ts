/** TGSI text to SPIR-V. @module */
export { ShaderError } from "./error.ts";
export {
  File,
  type Interpolation,
  type InterpolationPlace,
  Semantic,
  type Stage,
  type TextureTarget,
} from "./names.ts";
export * from "./layout.ts";
export {
  type ConstantBufferInfo,
  type ImageInfo,
  type NumericType,
  type SamplerInfo,
  type ShaderInfo,
  type ShaderInput,
  type ShaderOutput,
} from "./info.ts";
export {
  type AttributeConversion,
  type AttributeType,
  type ColorOutput,
  DEFAULT_VARIANT,
  geometryLocations,
  MAX_LOCATIONS,
  outputLocations,
  type SamplerVariant,
  semanticKey,
  type ShaderVariant,
  type StreamOutput,
  type StreamOutputLayout,
  variantKey,
} from "./variant.ts";
export { shaderInfo } from "./scan.ts";
export { passthroughControl } from "./passthrough.ts";
export { parseTgsi } from "./parse.ts";
export type { TgsiShader } from "./shader.ts";
export { translateTgsi } from "./translate.ts";
