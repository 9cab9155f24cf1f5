/** Instructions of TGSI text (tgsi_text.c parse_instruction). */
import type { Cursor } from "./cursor.ts";
import { File, FILES, TEXTURE_TARGETS, type TextureTarget } from "./names.ts";
import { type Opcode, OPCODES } from "./opcodes.ts";
import { parseFile, parseMask, parseTarget } from "./parse_declaration.ts";
import type { Destination, Dimension, Indirect, Instruction, Register, Source, TexelOffset } from "./shader.ts";

const QUALIFIERS = ["COHERENT", "RESTRICT", "VOLATILE", "STREAM_CACHE_POLICY"];
/** Largest register number that an operand may name; whether it is declared is checked later. */
const MAX_INDEX = 65535;

/** Takes an instruction. @param word its first word. @param line line of the text. */
export function parseInstruction(cursor: Cursor, word: string, line: number): Instruction {
  let name = word, saturate = false, precise = false;
  let opcode = OPCODES.get(name);
  if (opcode === undefined && name.endsWith("_PRECISE")) {
    precise = true;
    name = name.slice(0, -8);
    opcode = OPCODES.get(name);
  }
  if (opcode === undefined && name.endsWith("_SAT")) {
    saturate = true;
    opcode = OPCODES.get(name.slice(0, -4));
  }
  if (opcode === undefined) throw cursor.error(`the opcode ${JSON.stringify(word.slice(0, 32))} is unknown`);
  return parseOperands(cursor, opcode, saturate, precise, line);
}

function parseOperands(cursor: Cursor, opcode: Opcode, saturate: boolean, precise: boolean, line: number): Instruction {
  const destinations: Destination[] = [], sources: Source[] = [], offsets: TexelOffset[] = [];
  let target: TextureTarget = "UNKNOWN", format = "", qualifier = 0, label = -1, first = true;
  const comma = (): void => {
    if (!first) cursor.expect(",");
    first = false;
  };
  for (let i = 0; i < opcode.destinations; i++) {
    comma();
    const register = parseRegister(cursor);
    destinations.push({ ...register, mask: parseMask(cursor) });
  }
  for (let i = 0; i < opcode.sources; i++) {
    comma();
    sources.push(parseSource(cursor));
  }
  if (opcode.texture) {
    comma();
    target = parseTarget(cursor);
  }
  if (opcode.offsets) {
    while (offsets.length < 4 && cursor.take(",")) {
      const { file, index, indirect } = parseRegister(cursor);
      if (indirect !== undefined) throw cursor.error("a texel offset cannot be addressed indirectly");
      offsets.push({ file, index, swizzle: parseSwizzle(cursor, 3) as [number, number, number] });
    }
  }
  if (opcode.memory) {
    while (cursor.take(",")) {
      const word = cursor.digitWord();
      const bit = QUALIFIERS.indexOf(word);
      if (bit >= 0) qualifier |= 1 << bit;
      else if (TEXTURE_TARGETS.has(word)) target = word as TextureTarget;
      else if (word.startsWith("PIPE_FORMAT_")) format = word.slice(12);
      else throw cursor.error("expected a memory qualifier, a texture target or a format");
    }
  }
  if (cursor.peek() === ":") {
    cursor.expect(":");
    label = cursor.uint(MAX_INDEX, "the label");
  }
  return { line, opcode, saturate, precise, destinations, sources, target, offsets, format, qualifier, label };
}

function parseBracket(cursor: Cursor): { index: number; indirect?: Indirect } {
  cursor.expect("[");
  const next = cursor.peek();
  let index = 0;
  let indirect: Indirect | undefined;
  if (next >= "0" && next <= "9") index = cursor.uint(MAX_INDEX, "the register");
  else {
    const file = parseFile(cursor);
    if (!ADDRESS_FILES.has(file)) throw cursor.error(`${FILES[file]} cannot hold an address`);
    cursor.expect("[");
    const address = cursor.uint(MAX_INDEX, "the register");
    cursor.expect("]");
    let component = 0;
    if (cursor.take(".")) {
      const letter = cursor.word();
      component = "XYZW".indexOf(letter);
      if (letter.length !== 1 || component < 0) throw cursor.error("expected x, y, z or w");
    }
    if (cursor.take("+")) index = cursor.uint(MAX_INDEX, "the offset");
    else if (cursor.take("-")) index = -cursor.uint(MAX_INDEX, "the offset");
    indirect = { file, index: address, component, array: 0 };
  }
  cursor.expect("]");
  if (cursor.take("(")) {
    const array = cursor.uint(MAX_INDEX, "the array");
    cursor.expect(")");
    if (indirect !== undefined) indirect = { ...indirect, array };
  }
  return { index, indirect };
}

const ADDRESS_FILES: ReadonlySet<number> = new Set([File.ADDR, File.TEMP, File.CONST, File.IMM, File.IN, File.SV]);

function parseRegister(cursor: Cursor): Register {
  const file = parseFile(cursor);
  let bracket = parseBracket(cursor);
  let dimension: Dimension | undefined;
  if (cursor.peek() === "[") {
    dimension = bracket;
    bracket = parseBracket(cursor);
  }
  return { file, index: bracket.index, indirect: bracket.indirect, dimension };
}

function parseSwizzle(cursor: Cursor, count: number): number[] {
  if (!cursor.take(".")) return [0, 1, 2, 3].slice(0, count);
  const letters = cursor.word();
  const swizzle = [...letters].map((letter) => "XYZW".indexOf(letter));
  if (swizzle.length !== count || swizzle.includes(-1)) throw cursor.error(`expected a swizzle of ${count} components`);
  return swizzle;
}

function parseSource(cursor: Cursor): Source {
  const negate = cursor.take("-");
  const absolute = cursor.take("|");
  const register = parseRegister(cursor);
  const swizzle = parseSwizzle(cursor, 4) as [number, number, number, number];
  if (absolute) cursor.expect("|");
  return { ...register, swizzle, negate, absolute };
}
