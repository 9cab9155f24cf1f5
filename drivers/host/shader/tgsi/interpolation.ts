/** INTERP_CENTROID, INTERP_SAMPLE and INTERP_OFFSET: an input at another place of the pixel. */
import { Capability, FLOAT, Glsl, INT } from "../spirv/mod.ts";
import { COMPONENTS, type Context } from "./context.ts";
import type { FragmentInputs } from "./inputs.ts";
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
  if (name === "INTERP_CENTROID") value = b.glsl(Glsl.InterpolateAtCentroid, c.vec4, variable);
  else if (name === "INTERP_SAMPLE") {
    value = b.glsl(Glsl.InterpolateAtSample, c.vec4, variable, c.fetch(where, INT, [0]));
  } else value = b.glsl(Glsl.InterpolateAtOffset, c.vec4, variable, c.fetch(where, FLOAT, [0, 1]));
  c.store(instruction, c.modify(source, value, FLOAT, components), FLOAT);
}
