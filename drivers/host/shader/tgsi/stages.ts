/** Geometry, tessellation and compute shaders: their execution modes and what only they do. */
import { PIPE_PRIM_POINTS } from "../../../../uapi/pipe.ts";
import { Capability, Mode, Op } from "../spirv/mod.ts";
import type { Context } from "./context.ts";
import { ShaderError } from "./error.ts";
import { File } from "./names.ts";
import { streamOf } from "./scan.ts";
import type { Instruction } from "./shader.ts";

/** Execution mode and vertices of GS_INPUT_PRIMITIVE, by PIPE_PRIM_*. */
const INPUT: Readonly<Record<number, readonly [number, number]>> = {
  0: [Mode.InputPoints, 1],
  1: [Mode.InputLines, 2],
  3: [Mode.InputLines, 2],
  4: [Mode.Triangles, 3],
  5: [Mode.Triangles, 3],
  10: [Mode.InputLinesAdjacency, 4],
  11: [Mode.InputLinesAdjacency, 4],
  12: [Mode.InputTrianglesAdjacency, 6],
  13: [Mode.InputTrianglesAdjacency, 6],
};

const OUTPUT: Readonly<Record<number, number>> = {
  0: Mode.OutputPoints,
  1: Mode.OutputLineStrip,
  3: Mode.OutputLineStrip,
  4: Mode.OutputTriangleStrip,
  5: Mode.OutputTriangleStrip,
};

function property(c: Context, name: string, low: number, high: number, missing: number): number {
  const value = c.info.properties.get(name) ?? missing;
  if (value < low || value > high) throw new ShaderError(0, `${name} is ${value}, not ${low} to ${high}`);
  return value;
}

/** Vertices of the primitives that a geometry shader takes. @throws {ShaderError} when it does not say which. */
export function geometryVertices(c: Context): number {
  const shape = INPUT[c.info.properties.get("GS_INPUT_PRIMITIVE") ?? -1];
  if (shape === undefined) throw new ShaderError(0, "GS_INPUT_PRIMITIVE is missing or no primitive");
  return shape[1];
}

/** Vertices of the patches that a control shader makes. */
export function controlVertices(c: Context): number {
  return property(c, "TCS_VERTICES_OUT", 1, 32, 0);
}

/** Declares the execution modes of a geometry, tessellation or compute shader. */
export function stageModes(c: Context): void {
  const { b, main, shader: { stage }, info: { properties } } = c;
  if (stage === "geometry") {
    b.capability(Capability.Geometry);
    const input = INPUT[properties.get("GS_INPUT_PRIMITIVE") ?? -1];
    const output = OUTPUT[properties.get("GS_OUTPUT_PRIMITIVE") ?? -1];
    if (input === undefined || output === undefined) throw new ShaderError(0, "the primitives are missing or unknown");
    b.executionMode(main, input[0]);
    b.executionMode(main, output);
    b.executionMode(main, Mode.Invocations, property(c, "GS_INVOCATIONS", 1, 127, 1));
    // GL allows none; Vulkan wants room for one.
    b.executionMode(main, Mode.OutputVertices, Math.max(1, property(c, "GS_MAX_OUTPUT_VERTICES", 0, 1024, 0)));
  } else if (stage === "tess_ctrl") {
    b.capability(Capability.Tessellation);
    b.executionMode(main, Mode.OutputVertices, controlVertices(c));
  } else if (stage === "tess_eval") {
    b.capability(Capability.Tessellation);
    const mode = properties.get("TES_PRIM_MODE") ?? 4;
    b.executionMode(main, mode === 4 ? Mode.Triangles : mode === 7 ? Mode.Quads : Mode.Isolines);
    // PIPE_TESS_SPACING_*: fractional odd, fractional even, equal.
    const spacing = [Mode.SpacingFractionalOdd, Mode.SpacingFractionalEven, Mode.SpacingEqual];
    b.executionMode(main, spacing[property(c, "TES_SPACING", 0, 2, 2)]);
    b.executionMode(
      main,
      (properties.get("TES_VERTEX_ORDER_CW") ?? 0) !== 0 ? Mode.VertexOrderCw : Mode.VertexOrderCcw,
    );
    if ((properties.get("TES_POINT_MODE") ?? 0) !== 0) b.executionMode(main, Mode.PointMode);
  } else if (stage === "compute") {
    const size = ["WIDTH", "HEIGHT", "DEPTH"].map((side) => property(c, `CS_FIXED_BLOCK_${side}`, 1, 1024, 1));
    if (size[0] * size[1] * size[2] > 1024) throw new ShaderError(0, "the block has more than 1024 threads");
    b.executionMode(main, Mode.LocalSize, ...size);
  }
}

/** EMIT and ENDPRIM. @param streams whether the shader has vertex streams. */
export function emitVertex(c: Context, { opcode, sources: [source] }: Instruction, streams: boolean): void {
  const { b } = c;
  const emit = opcode.name === "EMIT";
  if (!streams) {
    b.code.op(emit ? Op.EmitVertex : Op.EndPrimitive);
    return;
  }
  const stream = streamOf(c.shader, source);
  if (stream === undefined) throw c.error("the vertex stream is not constant");
  if (stream > 3) throw c.error("the vertex stream is above 3");
  if (stream > 0 && c.info.properties.get("GS_OUTPUT_PRIMITIVE") !== PIPE_PRIM_POINTS) {
    throw c.error("only points have vertex streams");
  }
  b.capability(Capability.GeometryStreams);
  b.code.op(emit ? Op.EmitStreamVertex : Op.EndStreamPrimitive, b.uint(stream));
}

/** BARRIER. */
export function barrier(c: Context): void {
  const { b, shader: { stage } } = c;
  if (stage === "tess_ctrl") b.code.op(Op.ControlBarrier, b.uint(2), b.uint(4), b.uint(0));
  else if (stage === "compute") b.code.op(Op.ControlBarrier, b.uint(2), b.uint(2), b.uint(0x108));
  else throw c.error("BARRIER is for tessellation control and compute shaders");
}

/** MEMBAR: for the whole device, or for the workgroup (bit 4 of the operand). */
export function memoryBarrier(c: Context, { sources: [source] }: Instruction): void {
  const { b, shader } = c;
  const word = source.file === File.IMM ? shader.immediates[source.index * 4 + source.swizzle[0]] ?? 0 : 0;
  // AcquireRelease over uniform (buffer), workgroup and image memory.
  const memory = 0x8 | 0x40 | 0x800 | (shader.stage === "compute" ? 0x100 : 0);
  b.code.op(Op.MemoryBarrier, b.uint((word & 16) !== 0 ? 2 : 1), b.uint(memory));
}
