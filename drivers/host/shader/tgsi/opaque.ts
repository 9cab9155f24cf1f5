/**
 * Branches that a driver cannot trace to constants. Mesa's lavapipe compiles a shader anew for each draw whose buffers may have
 * changed if a branch or a loop's end depends on nothing but uniform buffers, and keeps all of these until the pipeline goes
 * (lvp_inline_uniforms.c): milliseconds a draw, and gigabytes a minute.
 */
import { BuiltIn, FLOAT, INT, Op, UINT } from "../spirv/mod.ts";
import type { Context } from "./context.ts";
import { loadBuiltin } from "./inputs.ts";

/** A bool that is always true, by a value of which the compiler does not know enough to say so. */
function truth(c: Context): number {
  const { b, shader: { stage } } = c, bool = b.bool();
  switch (stage) {
    case "fragment": {
      const x = c.extract(FLOAT, loadBuiltin(c, c.vec4, BuiltIn.FragCoord), 0);
      return b.op(Op.FUnordNotEqual, bool, x, b.float(-1));
    }
    case "compute": {
      const x = c.extract(UINT, loadBuiltin(c, b.type(UINT, 3), BuiltIn.WorkgroupId), 0);
      return b.op(Op.INotEqual, bool, x, b.uint(0xffff_ffff));
    }
    default: {
      const which = stage === "vertex"
        ? BuiltIn.VertexIndex
        : stage === "tess_eval"
        ? BuiltIn.PrimitiveId
        : BuiltIn.InvocationId;
      // Index -1 ends a strip, and is no vertex.
      return b.op(Op.INotEqual, bool, loadBuiltin(c, b.type(INT), which), b.int(-1));
    }
  }
}

/** A condition with the same value, which depends on more than constants if the variant wants that. @param condition a bool */
export function opaque(c: Context, condition: number): number {
  return c.variant.opaqueBranches ? c.b.op(Op.LogicalAnd, c.b.bool(), condition, truth(c)) : condition;
}
