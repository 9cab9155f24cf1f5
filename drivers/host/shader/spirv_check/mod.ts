/**
 * The check of shaders that clients send: see README.md.
 * @module
 */

export { checkSpirv } from "./check.ts";
export {
  type SpirvBinding,
  type SpirvComponent,
  SpirvError,
  type SpirvLimits,
  type SpirvProgram,
  type SpirvStage,
  type SpirvVarying,
} from "./program.ts";
