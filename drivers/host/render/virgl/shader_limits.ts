/**
 * What shaders say of themselves against what the GPU can: Vulkan leaves these limits to who makes pipelines.
 * @module
 */

import { Semantic, type ShaderInfo } from "../../shader/tgsi/mod.ts";
import type { Gpu } from "./gpu.ts";
import { badShader } from "./refusal.ts";

/** Outputs that are no varyings of the client's. */
const BUILT_IN: ReadonlySet<number> = new Set([
  Semantic.PSIZE,
  Semantic.CLIPDIST,
  Semantic.CLIPVERTEX,
  Semantic.EDGEFLAG,
  Semantic.LAYER,
  Semantic.VIEWPORT_INDEX,
  Semantic.PRIMID,
]);

/**
 * Refuses a shader that asks for more than there is.
 * @throws {VirglRefusal} for invocations, vertices, components or threads beyond the GPU's
 */
export function assertWithinLimits({ limits }: Gpu, { stage, properties, outputs }: ShaderInfo): void {
  if (stage === "geometry") {
    const invocations = properties.get("GS_INVOCATIONS") ?? 1, vertices = properties.get("GS_MAX_OUTPUT_VERTICES") ?? 0;
    let components = 0;
    for (const { name, usage } of outputs) if (!BUILT_IN.has(name)) components += bitCount(usage);
    if (
      invocations > limits.maxGeometryShaderInvocations || vertices > limits.maxGeometryOutputVertices ||
      vertices * components > limits.maxGeometryTotalOutputComponents
    ) {
      throw badShader(
        `Cannot make a geometry shader of ${invocations} times ${vertices} vertices of ${components} components`,
      );
    }
  } else if (stage === "tess_ctrl") {
    const vertices = properties.get("TCS_VERTICES_OUT") ?? 0;
    if (vertices > limits.maxTessellationPatchSize) throw badShader(`Cannot make patches of ${vertices} vertices`);
  } else if (stage === "compute") {
    const sides = ["WIDTH", "HEIGHT", "DEPTH"].map((side) => properties.get(`CS_FIXED_BLOCK_${side}`) ?? 1);
    const most = limits.maxComputeWorkGroupSize, threads = sides.reduce((product, side) => product * side, 1);
    if (threads > limits.maxComputeWorkGroupInvocations || sides.some((side, i) => side > most[i])) {
      throw badShader(`Cannot make a compute shader of ${sides.join("x")} threads: the GPU has fewer`);
    }
  }
}

function bitCount(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}
