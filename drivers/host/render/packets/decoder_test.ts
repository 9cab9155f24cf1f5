import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { dxpHeader, type DxpOp, type DxpOperand, dxpWords } from "udrm/uapi/dxp.ts";
import { DxpWriter } from "udrm/uapi/dxp_encode.ts";
import * as isa from "udrm/uapi/dxp_isa.ts";
import { PacketDecoder, visit } from "./decoder.ts";
import { disassemble } from "./disassemble.ts";
import { isaTable } from "./isa_table.ts";

/** Operands and a tail that are good for every packet. */
const GOOD = new Map<DxpOp, [operands: (number | bigint)[], tail?: number[], flags?: number]>([
  [isa.DXP_NOP, [[], [1, 2, 3]]],
  [isa.DXP_MARKER, [[], [0x6c6c6568, 0x6f], 1]],
  [isa.DXP_COPY_LINEAR, [[0x1000, 0x2000, 0x1000]]],
  [isa.DXP_COPY_RECT, [[0x10000, 0x20000, 64, 128, 256, 512, 64, 4, 2]]],
  [isa.DXP_FILL, [[0xffff_ffff_fff0, 16, 0xdeadbeef]]],
  [isa.DXP_WRITE, [[0x1004], [1, 2]]],
  [isa.DXP_BARRIER, [[1, 31]]],
  [isa.DXP_FENCE_WRITE, [[0x1008, 0xffff_ffff_ffff_fffen]]],
  [isa.DXP_FENCE_WAIT, [[0x1008, 7n]]],
  [isa.DXP_TIMESTAMP, [[0x1010]]],
  [isa.DXP_SET_COMPUTE, [[0x4000, 1024], [0, 64, 1, 2]]],
  [isa.DXP_SET_TABLE, [[0x8000, 64]]],
  [isa.DXP_SET_CONSTANTS, [[30], [1, 2]]],
  [isa.DXP_DISPATCH, [[1, 2, 3]]],
  [isa.DXP_DISPATCH_INDIRECT, [[0x100c]]],
  [
    isa.DXP_RENDER_BEGIN,
    [
      [0, 0, 64, 64, 1],
      [0x1_0000, 0, 1, 64, 64, 256, 1, 0, 0, 0, 0, 0, 0x2_0000, 0, 9, 64, 64, 256, 1, 1, 0x3f800000, 0, 0, 0],
      1,
    ],
  ],
  [isa.DXP_RENDER_END, [[]]],
  [isa.DXP_SET_GRAPHICS, [[0x4000, 512, 0x5000, 256, 0x13, 0x1f, 0x7, 15], [0, 0, 7, 0, 1, 0, 4, 16]]],
  [isa.DXP_SET_VIEWPORT, [[0, -1.5, 64, 64, 0, 1]]],
  [isa.DXP_SET_SCISSOR, [[0, 0, 65536, 64]]],
  [isa.DXP_SET_VERTEX_BUFFER, [[15, 2048, 0x6000, 4096], [], 1]],
  [isa.DXP_SET_INDEX_BUFFER, [[0x7000, 64], [], 1]],
  [isa.DXP_DRAW, [[3, 1, 0, 0]]],
  [isa.DXP_DRAW_INDEXED, [[6, 1, 0, -4, 0]]],
  [isa.DXP_DRAW_INDIRECT, [[0x1000, 2, 20], [], 1]],
  [isa.DXP_CALL, [[0x9000, 64]]],
]);

const one = (op: DxpOp, operands: (number | bigint)[], tail?: number[], flags?: number): Uint32Array =>
  new DxpWriter().put(op, operands, tail, flags).end().words;

function faultOf(words: Uint32Array): string {
  const d = visit(words, () => {});
  return `${d.fault} ${d.faultName}`.trim();
}

Deno.test("opcodes stand once, in order, and every one but HEADER and END has a good example here", () => {
  const numbers = isa.DXP_OPS.map((op) => op.opcode);
  assertEquals(numbers, [...new Set(numbers)].toSorted((a, b) => a - b));
  assertEquals([...GOOD.keys(), isa.DXP_HEADER, isa.DXP_END].length, isa.DXP_OPS.length);
});

for (const [op, [operands, tail, flags]] of GOOD) {
  Deno.test(`${op.name} decodes to what was written`, () => {
    const seen: string[] = [];
    const d = visit(one(op, operands, tail, flags), (p) => {
      if (p.op === isa.DXP_HEADER) return;
      seen.push(p.op.name);
      const slots = operands.flatMap((v) => typeof v === "bigint" ? [Number(v & 0xffffffffn), Number(v >> 32n)] : [v]);
      assertEquals([...p.slots.subarray(0, slots.length)], slots);
      assertEquals([p.flags, p.at, p.tailCount], [flags ?? 0, 3, (tail?.length ?? 0) / (op.tail?.words ?? 1)]);
    });
    assertEquals([d.describe(), d.ended, seen], [undefined, true, [op.name]]);
  });

  Deno.test(`${op.name} is refused when cut short, one word longer, or with a flag it has not`, () => {
    const good = one(op, operands, tail, flags);
    const unknown = good.slice();
    unknown[3] |= 1 << (8 + op.flags.length);
    if (op.flags.length < 8) assertEquals(faultOf(unknown), "flags");
    const short = good.slice();
    short[3] = dxpHeader(op.opcode, flags ?? 0, op.words - 1);
    assertEquals(visit(short, () => {}).fault, "size");
    const long = new DxpWriter().put(op, operands, [...tail ?? [], 0], flags).words;
    if (op.tail?.words !== 1) assertEquals(visit(long, () => {}).fault, "size");
    assertEquals(visit(good.subarray(0, good.length - 2), () => {}).fault, good.length === 5 ? "end" : "size");
  });
}

function bad(operand: DxpOperand): (number | bigint)[] {
  switch (operand.kind) {
    case "va":
      return [2 ** 48, 2n ** 64n - 8n, ...operand.align > 1 ? [operand.align / 2] : []];
    case "size":
      return [0, 2 ** 48 + operand.align, ...operand.align > 1 ? [operand.align + 1] : []];
    case "enum":
      return [operand.limit, 0xffff_ffff, ...operand.least > 0 ? [operand.least - 1] : []];
    case "bits":
      return operand.limit === 0xffff_ffff ? [] : [operand.limit + 1, 0x8000_0000];
    case "f32":
      return [NaN, Infinity, -Infinity];
    default:
      return [];
  }
}

for (const [op, [operands, tail, flags]] of GOOD) {
  for (const [i, [name, operand]] of op.operands.entries()) {
    for (const value of bad(operand)) {
      Deno.test(`${op.name}.${name} cannot be ${value}`, () => {
        const broken = operands.slice();
        broken[i] = value;
        assertEquals(faultOf(one(op, broken, tail, flags)), `operand ${name}`);
      });
    }
  }
}

const ruled: [DxpOp, (number | bigint)[], number[], number, string][] = [
  [isa.DXP_MARKER, [], [], 3, "PUSH and POP"],
  [isa.DXP_COPY_LINEAR, [0x1000, 0x1fff, 0x1000], [], 0, "overlap"],
  [isa.DXP_COPY_LINEAR, [2 ** 48 - 8, 0, 16], [], 0, "beyond"],
  [isa.DXP_COPY_LINEAR, [0, 2 ** 48 - 8, 16], [], 0, "beyond"],
  [isa.DXP_COPY_RECT, [0, 0, 64, 64, 0, 0, 64, 0, 1], [], 0, "nothing"],
  [isa.DXP_COPY_RECT, [0, 0, 63, 64, 0, 0, 64, 2, 1], [], 0, "rows overlap"],
  [isa.DXP_COPY_RECT, [0, 0, 64, 64, 127, 128, 64, 2, 2], [], 0, "slices overlap"],
  [isa.DXP_COPY_RECT, [0, 0, 2 ** 32 - 1, 2 ** 32 - 1, 0, 0, 64, 2 ** 32 - 1, 1], [], 0, "beyond"],
  [isa.DXP_FILL, [2 ** 48 - 8, 16, 0], [], 0, "beyond"],
  [isa.DXP_WRITE, [2 ** 48 - 4], [1, 2], 0, "beyond"],
  [isa.DXP_SET_COMPUTE, [2 ** 48 - 4, 8], [], 0, "beyond"],
  [isa.DXP_SET_TABLE, [2 ** 48 - 64, 2], [], 0, "beyond"],
  [isa.DXP_SET_CONSTANTS, [31], [1, 2], 0, "32 words"],
  [isa.DXP_RENDER_BEGIN, [0, 0, 64, 64, 1], [0, 0, 9, 64, 64, 256, 0, 0, 0, 0, 0, 0], 0, "depth"],
  [isa.DXP_RENDER_BEGIN, [0, 0, 64, 64, 1], [0, 0, 1, 64, 64, 256, 0, 0, 0, 0, 0, 0], 1, "depth"],
  [isa.DXP_RENDER_BEGIN, [0, 0, 64, 64, 1], [0, 0, 6, 64, 64, 768, 0, 0, 0, 0, 0, 0], 0, "three floats"],
  [isa.DXP_RENDER_BEGIN, [0, 0, 64, 64, 1], [0, 0, 1, 64, 64, 252, 0, 0, 0, 0, 0, 0], 0, "pitch"],
  [isa.DXP_RENDER_BEGIN, [1, 0, 64, 64, 1], [0, 0, 1, 64, 64, 256, 0, 0, 0, 0, 0, 0], 0, "larger"],
  [isa.DXP_SET_GRAPHICS, [0, 4, 0, 4, 6, 0, 0, 0], [], 0, "topology"],
  [isa.DXP_SET_GRAPHICS, [0, 4, 0, 4, 0, 0, 15 << 1, 0], [], 0, "blend factor"],
  [isa.DXP_SET_GRAPHICS, [0, 4, 0, 4, 0, 0, 5 << 9, 0], [], 0, "blend operation"],
  [isa.DXP_SET_GRAPHICS, [0, 4, 0, 4, 0, 0, 0, 0], [3, 0, 1, 0, 3, 0, 1, 0], 0, "stands twice"],
  [isa.DXP_SET_GRAPHICS, [0, 4, 0, 4, 0, 0, 0, 0], [3, 0, 9, 0], 0, "depth format"],
  [isa.DXP_SET_VIEWPORT, [0, 0, 0, 64, 0, 1], [], 0, "viewport"],
  [isa.DXP_SET_VIEWPORT, [0, 0, 64, 64, 0, 1.5], [], 0, "viewport"],
  [isa.DXP_SET_VERTEX_BUFFER, [0, 0, 2 ** 48 - 4, 8], [], 0, "beyond"],
  [isa.DXP_SET_INDEX_BUFFER, [0, 6], [], 1, "words"],
  [isa.DXP_DRAW_INDIRECT, [0, 1, 6], [], 0, "multiple of 4"],
  [isa.DXP_DRAW_INDIRECT, [0, 2, 16], [], 1, "shorter"],
  [isa.DXP_CALL, [2 ** 48 - 8, 16], [], 0, "beyond"],
];
for (const [op, operands, tail, flags, rule] of ruled) {
  Deno.test(`${op.name} ${operands.join(" ")} breaks a rule: ${rule}`, () => {
    const d = visit(one(op, operands, tail, flags), () => {});
    assertEquals([d.fault, d.faultAt], ["rule", 3]);
    assert(d.faultName.includes(rule), d.faultName);
  });
}

Deno.test("an element of a tail is checked like an operand", () => {
  const tail = [0, 0, 1, 64, 64, 256, 3, 0, 0, 0, 0, 0];
  assertEquals(faultOf(one(isa.DXP_RENDER_BEGIN, [0, 0, 64, 64, 1], tail)), "operand load");
});

Deno.test("a buffer begins with HEADER of this magic and version, and has it once", () => {
  const good = new DxpWriter().end().words;
  assertEquals(faultOf(good), "none");
  assertEquals(faultOf(Uint32Array.of(dxpHeader(2, 0, 1))), "header END");
  assertEquals(faultOf(new DxpWriter().put(isa.DXP_HEADER, [0x50584455, 0x10000]).words), "header HEADER");
  assertEquals(faultOf(Uint32Array.of(good[0], 1, good[2], good[3])), "version magic");
  for (const version of [0, 0xffff, 0x1_0001, 0x2_0000]) {
    assertEquals(faultOf(Uint32Array.of(good[0], good[1], version, good[3])), "version version");
  }
});

Deno.test("a buffer ends with END, and what lies behind is not looked at", () => {
  assertEquals(faultOf(new Uint32Array(0)), "end");
  assertEquals(faultOf(new DxpWriter().words), "end");
  assertEquals(faultOf(Uint32Array.of(...new DxpWriter().end().words, 0xffff_ffff)), "none");
});

Deno.test("packets of no number and of no words are refused", () => {
  const header = [...new DxpWriter().words];
  assertEquals(visit(Uint32Array.of(...header, 0x1_00ff), () => {}).describe(), "word 3: no packet has number 0xff");
  assertEquals(faultOf(Uint32Array.of(...header, 0)), "size words");
});

Deno.test("a decoder stops and goes on at a position, as an executor does at CALL", () => {
  const words = new DxpWriter().put(isa.DXP_CALL, [0x9000, 64]).put(isa.DXP_DISPATCH, [1, 1, 1]).end().words.slice();
  const d = new PacketDecoder().start(words);
  assert(d.next() && d.next());
  assertEquals(d.op, isa.DXP_CALL);
  const position = d.position;
  d.start(new DxpWriter().end().words);
  assert(d.next() && !d.next() && d.ended);
  d.resume(words, words.length, position);
  assert(d.next());
  assertEquals(d.op, isa.DXP_DISPATCH);
  assert(!d.next() && d.ended);
});

Deno.test("visit stops when told to, and element refuses what is not there", () => {
  let count = 0;
  const d = visit(new DxpWriter().put(isa.DXP_NOP).put(isa.DXP_NOP).end().words, () => ++count < 2);
  assertEquals([count, d.ended], [2, false]);
  assertThrows(() => d.element(0), RangeError);
});

Deno.test("disassemble shows names, addresses, values, tails and faults", () => {
  const w = new DxpWriter().put(isa.DXP_MARKER, [], [0x6c6c6568, 0x6f], 1)
    .put(isa.DXP_FILL, [0x1_0000_0000, 4096, 7])
    .put(isa.DXP_FENCE_WRITE, [0x1008, 0xffff_ffff_ffff_fffen])
    .put(isa.DXP_SET_COMPUTE, [0x4000, 64], [0, 128])
    .put(isa.DXP_WRITE, [16], [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assertEquals(
    disassemble(w.end().words),
    [
      "000000  HEADER magic=1347961941 version=65536",
      '000003  MARKER.PUSH "hello"',
      "000006  FILL dst=0x100000000 size=4096 value=7",
      "000012  FENCE_WRITE va=0x1008 value=0xfffffffffffffffe",
      "000017  SET_COMPUTE code=0x4000 size=64 {id=0 value=128}",
      "000024  WRITE dst=0x10 data[9] 0x1 0x2 0x3 0x4 0x5 0x6 0x7 0x8 ...",
      "000036  END",
    ].join("\n"),
  );
  assertEquals(
    disassemble(new DxpWriter().put(isa.DXP_FILL, [2, 4, 0]).words).split("\n")[1],
    "! word 3: FILL.dst cannot be 0x2",
  );
});

const operandValue = (o: DxpOperand): fc.Arbitrary<number | bigint> => {
  if (o.kind === "enum") return fc.integer({ min: o.least, max: o.limit - 1 });
  if (o.kind === "bits") return fc.nat(0xffff_ffff).map((v) => (v & o.limit) >>> 0);
  if (dxpWords(o) === 1) return fc.nat(0xffff_ffff);
  return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
};

const packet = fc.constantFrom(...isa.DXP_OPS).chain((op) =>
  fc.tuple(
    fc.tuple(...op.operands.map(([, operand]) => operandValue(operand))),
    fc.array(fc.nat(0xffff_ffff), { maxLength: 26 }),
    fc.nat(255),
  ).map(([operands, tail, flags]) => one(op, operands, tail, flags).subarray(3))
);

Deno.test("no words crash, hang, or lead outside the buffer; the disassembler always comes to an end", () => {
  const header = [...new DxpWriter().words];
  const noise = fc.array(fc.oneof(fc.nat(0xffff_ffff), fc.nat(0x7ffff)), { maxLength: 40 });
  const stream = fc.array(fc.oneof(packet.map((p) => [...p]), noise), { maxLength: 8 });
  fc.assert(
    fc.property(stream, fc.boolean(), (pieces, withHeader) => {
      const words = Uint32Array.from([...withHeader ? header : [], ...pieces.flat()]);
      let end = 0;
      const d = visit(words, (p) => {
        assert(p.at === end && p.tailAt + p.tailCount * (p.op.tail?.words ?? 1) === p.position);
        end = p.position;
        assert(end <= words.length);
      });
      assertEquals(d.ended, d.fault === "none");
      assertEquals(d.describe() === undefined, d.ended);
      assert(disassemble(words).split("\n").length <= words.length + 1);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("generated/ISA.md is what isa_table.ts writes", async () => {
  const text = await Deno.readTextFile(new URL("generated/ISA.md", import.meta.url));
  assertEquals(text, isaTable());
});
