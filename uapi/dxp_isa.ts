/**
 * The packets of the dxg packet format, version 1: one table for the decoder, the executor, the disassembler, the fuzzer,
 * the encoder of user-mode drivers, and the documentation.
 * @module
 */

import {
  DXP_F32,
  DXP_S32,
  DXP_U32,
  DXP_U64,
  dxpBits,
  dxpEnum,
  type DxpOp,
  dxpOp,
  dxpSize,
  dxpTail,
  dxpVa,
} from "./dxp.ts";
import { DXP_ATTACHMENT, DXP_BLEND_MASK, DXP_DEPTH_MASK, DXP_RASTER_MASK, DXP_VERTEX_ATTRIBUTE } from "./dxp_object.ts";

/** Stage of BARRIER: copies, fills and inline writes. */
export const DXP_STAGE_TRANSFER = 1;
/** Stage of BARRIER: dispatches. */
export const DXP_STAGE_COMPUTE = 2;
/** Stage of BARRIER: draws. */
export const DXP_STAGE_GRAPHICS = 4;
/** Stage of BARRIER: reading the arguments of indirect packets. */
export const DXP_STAGE_INDIRECT = 8;
/** Stage of BARRIER: the CPU. */
export const DXP_STAGE_HOST = 16;
/** All stages. */
export const DXP_STAGE_ALL = 31;

/** Nothing. Its words are not looked at: it pads. */
export const DXP_NOP: DxpOp<never> = dxpOp("NOP", 0x00, "Nothing; its words are not looked at.", {}, {
  tail: dxpTail("padding", {}, 0, 0xfffe),
});
/** The first packet of every buffer, called ones too. */
export const DXP_HEADER: DxpOp<"magic" | "version"> = dxpOp("HEADER", 0x01, "First packet of every buffer.", {
  magic: DXP_U32,
  version: DXP_U32,
});
/** The end of a buffer; what lies behind it is not looked at. */
export const DXP_END: DxpOp<never> = dxpOp("END", 0x02, "Ends the buffer; what lies behind is not looked at.", {});
/** A name for what follows, for traces. */
export const DXP_MARKER: DxpOp<never> = dxpOp("MARKER", 0x03, "A name in UTF-8, padded with zeros, for traces.", {}, {
  flags: ["PUSH", "POP"],
  tail: dxpTail("text", {}, 0, 64),
});

/** Copies bytes. */
export const DXP_COPY_LINEAR: DxpOp<"dst" | "src" | "size"> = dxpOp(
  "COPY_LINEAR",
  0x10,
  "Copies bytes; source and destination must not overlap.",
  { dst: dxpVa(), src: dxpVa(), size: dxpSize() },
);
/** Copies rows of slices. */
export const DXP_COPY_RECT: DxpOp<
  "dst" | "src" | "dstPitch" | "srcPitch" | "dstSlice" | "srcSlice" | "rowSize" | "rows" | "slices"
> = dxpOp("COPY_RECT", 0x11, "Copies `rows` rows of `rowSize` bytes in each of `slices` slices.", {
  dst: dxpVa(),
  src: dxpVa(),
  dstPitch: DXP_U32,
  srcPitch: DXP_U32,
  dstSlice: DXP_U32,
  srcSlice: DXP_U32,
  rowSize: DXP_U32,
  rows: DXP_U32,
  slices: DXP_U32,
});
/** Fills with one word. */
export const DXP_FILL: DxpOp<"dst" | "size" | "value"> = dxpOp("FILL", 0x12, "Stores one word again and again.", {
  dst: dxpVa(4),
  size: dxpSize(4),
  value: DXP_U32,
});
/** Stores the words of the packet. */
export const DXP_WRITE: DxpOp<"dst"> = dxpOp("WRITE", 0x13, "Stores the words of its tail.", { dst: dxpVa(4) }, {
  tail: dxpTail("data", {}, 1, 16384),
});

/** Orders memory between stages. */
export const DXP_BARRIER: DxpOp<"src" | "dst"> = dxpOp(
  "BARRIER",
  0x20,
  "What stages `src` wrote before is seen by stages `dst` after. Without one, packets run in any order.",
  { src: dxpBits(DXP_STAGE_ALL), dst: dxpBits(DXP_STAGE_ALL) },
);
/** Stores a fence's value when all before it is done. */
export const DXP_FENCE_WRITE: DxpOp<"va" | "value"> = dxpOp(
  "FENCE_WRITE",
  0x21,
  "Stores 64 bits when everything before it is done and can be seen.",
  { va: dxpVa(8), value: DXP_U64 },
);
/** Waits for a fence's value. */
export const DXP_FENCE_WAIT: DxpOp<"va" | "value"> = dxpOp(
  "FENCE_WAIT",
  0x22,
  "Nothing after it begins before the 64 bits there, unsigned, are `value` or more.",
  { va: dxpVa(8), value: DXP_U64 },
);
/** Stores the GPU's clock. */
export const DXP_TIMESTAMP: DxpOp<"va"> = dxpOp(
  "TIMESTAMP",
  0x23,
  "Stores the GPU's clock, 64 bits, when everything before it is done.",
  { va: dxpVa(8) },
);

/** Chooses a compute shader. */
export const DXP_SET_COMPUTE: DxpOp<"code" | "size"> = dxpOp(
  "SET_COMPUTE",
  0x30,
  "Chooses the SPIR-V module at `code` for dispatches; its entry point is `main`. The tail sets specialization constants.",
  { code: dxpVa(4), size: dxpSize(4) },
  { tail: dxpTail("constants", { id: DXP_U32, value: DXP_U32 }, 0, 64) },
);
/** Chooses the table of descriptors. */
export const DXP_SET_TABLE: DxpOp<"table" | "count"> = dxpOp(
  "SET_TABLE",
  0x31,
  "Chooses the table of descriptors of set 0: `count` of 64 bytes each, read when a dispatch or draw begins.",
  { table: dxpVa(8), count: dxpEnum(65) },
);
/** Sets push constants. */
export const DXP_SET_CONSTANTS: DxpOp<"offset"> = dxpOp(
  "SET_CONSTANTS",
  0x32,
  "Stores the words of its tail into the 128 bytes of push constants, from word `offset`.",
  { offset: dxpEnum(32) },
  { tail: dxpTail("values", {}, 1, 32) },
);
/** Dispatches. */
export const DXP_DISPATCH: DxpOp<"x" | "y" | "z"> = dxpOp("DISPATCH", 0x33, "Runs x * y * z workgroups.", {
  x: DXP_U32,
  y: DXP_U32,
  z: DXP_U32,
});
/** Dispatches with counts in memory. */
export const DXP_DISPATCH_INDIRECT: DxpOp<"args"> = dxpOp(
  "DISPATCH_INDIRECT",
  0x34,
  "Runs workgroups whose counts x, y, z, three words, are at `args`.",
  { args: dxpVa(4) },
);

/** Begins rendering. */
export const DXP_RENDER_BEGIN: DxpOp<"x" | "y" | "width" | "height" | "layers"> = dxpOp(
  "RENDER_BEGIN",
  0x40,
  "Begins rendering into the attachments of its tail; with DEPTH the last one is the depth attachment.",
  {
    x: dxpEnum(65536),
    y: dxpEnum(65536),
    width: dxpEnum(65537, 1),
    height: dxpEnum(65537, 1),
    layers: dxpEnum(2049, 1),
  },
  { flags: ["DEPTH"], tail: dxpTail("attachments", DXP_ATTACHMENT, 1, 9) },
);
/** Ends rendering. */
export const DXP_RENDER_END: DxpOp<never> = dxpOp("RENDER_END", 0x41, "Ends rendering and stores the attachments.", {});
/** Chooses shaders and state of draws. */
export const DXP_SET_GRAPHICS: DxpOp<
  "vertex" | "vertexSize" | "fragment" | "fragmentSize" | "raster" | "depth" | "blend" | "writeMask"
> = dxpOp(
  "SET_GRAPHICS",
  0x42,
  "Chooses SPIR-V modules and state for draws. The tail has the vertex attributes.",
  {
    vertex: dxpVa(4),
    vertexSize: dxpSize(4),
    fragment: dxpVa(4),
    fragmentSize: dxpSize(4),
    raster: dxpBits(DXP_RASTER_MASK),
    depth: dxpBits(DXP_DEPTH_MASK),
    blend: dxpBits(DXP_BLEND_MASK),
    writeMask: dxpBits(0xf),
  },
  { tail: dxpTail("attributes", DXP_VERTEX_ATTRIBUTE, 0, 16) },
);
/** Sets the viewport. */
export const DXP_SET_VIEWPORT: DxpOp<"x" | "y" | "width" | "height" | "near" | "far"> = dxpOp(
  "SET_VIEWPORT",
  0x43,
  "Sets the viewport.",
  { x: DXP_F32, y: DXP_F32, width: DXP_F32, height: DXP_F32, near: DXP_F32, far: DXP_F32 },
);
/** Sets the scissor. */
export const DXP_SET_SCISSOR: DxpOp<"x" | "y" | "width" | "height"> = dxpOp("SET_SCISSOR", 0x44, "Sets the scissor.", {
  x: dxpEnum(65536),
  y: dxpEnum(65536),
  width: dxpEnum(65537),
  height: dxpEnum(65537),
});
/** Chooses a vertex buffer. */
export const DXP_SET_VERTEX_BUFFER: DxpOp<"slot" | "stride" | "va" | "size"> = dxpOp(
  "SET_VERTEX_BUFFER",
  0x45,
  "Chooses a vertex buffer.",
  { slot: dxpEnum(16), stride: dxpEnum(2049), va: dxpVa(4), size: dxpSize() },
  { flags: ["PER_INSTANCE"] },
);
/** Chooses the index buffer. */
export const DXP_SET_INDEX_BUFFER: DxpOp<"va" | "size"> = dxpOp(
  "SET_INDEX_BUFFER",
  0x46,
  "Chooses the index buffer: words with U32, half words without.",
  { va: dxpVa(4), size: dxpSize(2) },
  { flags: ["U32"] },
);
/** Draws. */
export const DXP_DRAW: DxpOp<"vertices" | "instances" | "firstVertex" | "firstInstance"> = dxpOp(
  "DRAW",
  0x47,
  "Draws.",
  {
    vertices: DXP_U32,
    instances: DXP_U32,
    firstVertex: DXP_U32,
    firstInstance: DXP_U32,
  },
);
/** Draws by indices. */
export const DXP_DRAW_INDEXED: DxpOp<"indices" | "instances" | "firstIndex" | "vertexOffset" | "firstInstance"> = dxpOp(
  "DRAW_INDEXED",
  0x48,
  "Draws by the index buffer.",
  { indices: DXP_U32, instances: DXP_U32, firstIndex: DXP_U32, vertexOffset: DXP_S32, firstInstance: DXP_U32 },
);
/** Draws with arguments in memory. */
export const DXP_DRAW_INDIRECT: DxpOp<"args" | "count" | "stride"> = dxpOp(
  "DRAW_INDIRECT",
  0x49,
  "Draws `count` times with the operands of DRAW, or with INDEXED of DRAW_INDEXED, in memory at `args`.",
  { args: dxpVa(4), count: dxpEnum(65537), stride: dxpEnum(4097) },
  { flags: ["INDEXED"] },
);

/** Executes another buffer, then goes on. */
export const DXP_CALL: DxpOp<"va" | "size"> = dxpOp(
  "CALL",
  0x50,
  "Executes the buffer at `va`, then goes on; buffers nest to a depth of 4.",
  { va: dxpVa(8), size: dxpSize(4) },
);

/** All packets, in the order of their numbers. */
export const DXP_OPS: readonly DxpOp[] = [
  DXP_NOP,
  DXP_HEADER,
  DXP_END,
  DXP_MARKER,
  DXP_COPY_LINEAR,
  DXP_COPY_RECT,
  DXP_FILL,
  DXP_WRITE,
  DXP_BARRIER,
  DXP_FENCE_WRITE,
  DXP_FENCE_WAIT,
  DXP_TIMESTAMP,
  DXP_SET_COMPUTE,
  DXP_SET_TABLE,
  DXP_SET_CONSTANTS,
  DXP_DISPATCH,
  DXP_DISPATCH_INDIRECT,
  DXP_RENDER_BEGIN,
  DXP_RENDER_END,
  DXP_SET_GRAPHICS,
  DXP_SET_VIEWPORT,
  DXP_SET_SCISSOR,
  DXP_SET_VERTEX_BUFFER,
  DXP_SET_INDEX_BUFFER,
  DXP_DRAW,
  DXP_DRAW_INDEXED,
  DXP_DRAW_INDIRECT,
  DXP_CALL,
];
