/** INTERP_CENTROID, INTERP_SAMPLE and INTERP_OFFSET: an input at another place of the pixel. */
import { BuiltIn, Capability, FLOAT, Glsl, INT, Op } from "../spirv/mod.ts";
import { COMPONENTS, type Context } from "./context.ts";
import { type FragmentInputs, loadBuiltin } from "./inputs.ts";
import { File } from "./names.ts";
import type { Instruction } from "./shader.ts";

/** Translates an INTERP_* instruction. */
export function interpolate(c: Context, inputs: FragmentInputs | undefined, instruction: Instruction): void {
  const { b } = c;
  const { opcode: { name }, sources, destinations } = instruction;
  const [source, where] = sources;
  if (inputs === undefined) throw c.error(`${name} is for fragment shaders`);
  const variable = source.file === File.IN && source.indirect === undefined ? inputs.variable(source.index) : undefined;
  const components = COMPONENTS[destinations[0].mask];
  if (variable === undefined) {
    // What is not interpolated is the same everywhere.
    c.store(instruction, c.fetch(source, FLOAT, components), FLOAT);
    return;
  }
  b.capability(Capability.InterpolationFunction);
  let value: number;
  if (c.variant.singleSample && name !== "INTERP_OFFSET") value = b.load(c.vec4, variable);
  else if (name === "INTERP_CENTROID") value = b.glsl(Glsl.InterpolateAtCentroid, c.vec4, variable);
  else if (name === "INTERP_SAMPLE") {
    value = b.glsl(Glsl.InterpolateAtSample, c.vec4, variable, c.fetch(where, INT, [0]));
  } else value = b.glsl(Glsl.InterpolateAtOffset, c.vec4, variable, offset(c, c.fetch(where, FLOAT, [0, 1])));
  c.store(instruction, c.modify(source, value, FLOAT, components), FLOAT);
}

/** An offset from where the shader has the pixel's middle, as one from where it is. */
function offset(c: Context, from: number): number {
  const { b, variant } = c;
  if (!variant.singleSample || !variant.sampleShading) return from;
  const vec2 = b.type(FLOAT, 2), place = loadBuiltin(c, vec2, BuiltIn.SamplePosition);
  b.capability(Capability.SampleRateShading);
  const half = b.composite(vec2, b.float(0.5), b.float(0.5));
  return b.op(Op.FAdd, vec2, from, b.op(Op.FSub, vec2, place, half));
}
