/** System values: built-in variables as TGSI has them (tgsi.rst "Declaration Semantic"). */
import { BuiltIn, Capability, FLOAT, INT, Op, UINT } from "../spirv/mod.ts";
import { maskOf } from "./alu.ts";
import type { Context } from "./context.ts";
import { four, fragmentPosition, loadBuiltin, missing, scalarRegister } from "./inputs.ts";
import { DriverConstants } from "./layout.ts";
import { File, Semantic, SEMANTICS } from "./names.ts";

/** Reads all declared system values into their registers. */
export function loadSystemValues(c: Context): void {
  for (const { file, first, last, semantic, line } of c.shader.declarations) {
    if (file !== File.SV || semantic === undefined) continue;
    c.line = line;
    const value = systemValue(c, semantic);
    for (let register = first; register <= last; register++) c.files[File.SV]?.pin(register, value);
  }
}

function integer(c: Context, which: number, flat = false): number {
  return loadBuiltin(c, c.b.type(INT), which, flat);
}

function draw(c: Context, which: number): number {
  c.b.capability(Capability.DrawParameters);
  return integer(c, which);
}

/** A uvec3 as a register. */
function three(c: Context, vector: number): number {
  const { b } = c;
  const value = c.cast(vector, UINT, FLOAT, 3);
  return four(c, c.extract(FLOAT, value, 0), c.extract(FLOAT, value, 1), c.extract(FLOAT, value, 2), b.float(0));
}

function systemValue(c: Context, semantic: number): number {
  const { b, shader: { stage } } = c;
  const only = (...stages: string[]): void => {
    if (!stages.includes(stage)) throw c.error(`${SEMANTICS[semantic]} is no system value of a ${stage} shader`);
  };
  const int = b.type(INT);
  switch (semantic) {
    case Semantic.VERTEXID:
      // Vulkan's VertexIndex counts from the base vertex or first vertex, as this one does.
      only("vertex");
      return scalarRegister(c, integer(c, BuiltIn.VertexIndex), INT);
    case Semantic.VERTEXID_NOBASE: {
      only("vertex");
      const value = b.op(Op.ISub, int, integer(c, BuiltIn.VertexIndex), draw(c, BuiltIn.BaseVertex));
      return scalarRegister(c, value, INT);
    }
    case Semantic.INSTANCEID: {
      only("vertex");
      const value = b.op(Op.ISub, int, integer(c, BuiltIn.InstanceIndex), draw(c, BuiltIn.BaseInstance));
      return scalarRegister(c, value, INT);
    }
    case Semantic.BASEVERTEX:
      only("vertex");
      return scalarRegister(c, draw(c, BuiltIn.BaseVertex), INT);
    case Semantic.BASEINSTANCE:
      only("vertex");
      return scalarRegister(c, draw(c, BuiltIn.BaseInstance), INT);
    case Semantic.DRAWID: {
      only("vertex");
      const base = c.cast(c.driverFloat(DriverConstants.draw), FLOAT, INT, 1);
      return scalarRegister(c, b.op(Op.IAdd, int, draw(c, BuiltIn.DrawIndex), base), INT);
    }
    case Semantic.PRIMID:
      only("fragment", "geometry", "tess_ctrl", "tess_eval");
      if (stage === "fragment") b.capability(Capability.Geometry);
      return scalarRegister(c, integer(c, BuiltIn.PrimitiveId, stage === "fragment"), INT);
    case Semantic.INVOCATIONID:
      only("geometry", "tess_ctrl");
      return scalarRegister(c, integer(c, BuiltIn.InvocationId), INT);
    case Semantic.FACE: {
      only("fragment");
      const front = loadBuiltin(c, b.bool(), BuiltIn.FrontFacing);
      return scalarRegister(c, maskOf(c, 1, front), UINT);
    }
    case Semantic.POSITION:
      only("fragment");
      return fragmentPosition(c);
    case Semantic.SAMPLEID:
      only("fragment");
      if (c.variant.singleSample) return scalarRegister(c, b.int(0), INT);
      b.capability(Capability.SampleRateShading);
      return scalarRegister(c, integer(c, BuiltIn.SampleId, true), INT);
    case Semantic.SAMPLEPOS: {
      only("fragment");
      if (c.variant.singleSample) return four(c, b.float(0.5), b.float(0.5), b.float(0), b.float(1));
      b.capability(Capability.SampleRateShading);
      const position = loadBuiltin(c, b.type(FLOAT, 2), BuiltIn.SamplePosition);
      return four(c, c.extract(FLOAT, position, 0), c.extract(FLOAT, position, 1), b.float(0), b.float(1));
    }
    case Semantic.SAMPLEMASK: {
      only("fragment");
      if (c.variant.singleSample) return scalarRegister(c, b.int(1), INT);
      const type = b.array(int, 1);
      return scalarRegister(c, c.extract(INT, loadBuiltin(c, type, BuiltIn.SampleMask, true), 0), INT);
    }
    case Semantic.HELPER_INVOCATION:
      only("fragment");
      return scalarRegister(c, maskOf(c, 1, loadBuiltin(c, b.bool(), BuiltIn.HelperInvocation)), UINT);
    case Semantic.TESSCOORD: {
      only("tess_eval");
      const place = loadBuiltin(c, b.type(FLOAT, 3), BuiltIn.TessCoord);
      return four(c, c.extract(FLOAT, place, 0), c.extract(FLOAT, place, 1), c.extract(FLOAT, place, 2), b.float(0));
    }
    case Semantic.VERTICESIN:
      only("tess_ctrl", "tess_eval");
      return scalarRegister(c, integer(c, BuiltIn.PatchVertices), INT);
    case Semantic.TESSOUTER:
    case Semantic.TESSINNER:
      return tessellationLevel(c, semantic);
    case Semantic.THREAD_ID:
      only("compute");
      return three(c, loadBuiltin(c, b.type(UINT, 3), BuiltIn.LocalInvocationId));
    case Semantic.BLOCK_ID:
      only("compute");
      return three(c, loadBuiltin(c, b.type(UINT, 3), BuiltIn.WorkgroupId));
    case Semantic.GRID_SIZE:
      only("compute");
      return three(c, loadBuiltin(c, b.type(UINT, 3), BuiltIn.NumWorkgroups));
    case Semantic.BLOCK_SIZE: {
      only("compute");
      const size = ["WIDTH", "HEIGHT", "DEPTH"].map((side) => c.info.properties.get(`CS_FIXED_BLOCK_${side}`) ?? 1);
      return b.composite(c.vec4, ...size.map((word) => b.scalar(FLOAT, word)), b.float(0));
    }
    default:
      throw c.error(`the system value ${SEMANTICS[semantic]} is not supported`);
  }
}

/** Tessellation levels: of the patch in an evaluation shader, the default ones in a control shader. */
function tessellationLevel(c: Context, semantic: number): number {
  const { b, shader: { stage } } = c;
  const outer = semantic === Semantic.TESSOUTER;
  if (stage === "tess_ctrl") return c.driver(outer ? DriverConstants.tessOuter : DriverConstants.tessInner);
  if (stage !== "tess_eval") throw c.error(`${SEMANTICS[semantic]} is no system value of a ${stage} shader`);
  const count = outer ? 4 : 2;
  const which = outer ? BuiltIn.TessLevelOuter : BuiltIn.TessLevelInner;
  const levels = loadPatchBuiltin(c, b.array(b.type(FLOAT), count), which);
  const values = [0, 1, 2, 3].map((i) => i < count ? c.extract(FLOAT, levels, i) : b.float(0));
  return values.length === 4 ? four(c, values[0], values[1], values[2], values[3]) : missing(c);
}

function loadPatchBuiltin(c: Context, type: number, which: number): number {
  const variable = c.b.global(1, type);
  c.b.decorate(variable, 11, which);
  c.b.decorate(variable, 15);
  return c.b.load(type, variable);
}
