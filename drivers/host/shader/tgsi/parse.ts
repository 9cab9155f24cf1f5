/** TGSI text to a {@linkcode TgsiShader} (tgsi_text.c). */
import { Cursor } from "./cursor.ts";
import { ShaderError } from "./error.ts";
import { PRIMITIVES, PROCESSORS, PROPERTIES, type Stage } from "./names.ts";
import { parseDeclaration } from "./parse_declaration.ts";
import { parseInstruction } from "./parse_instruction.ts";
import type { Declaration, Instruction, TgsiShader } from "./shader.ts";

/** The longest text, in characters. */
export const MAX_TEXT: number = 1 << 20;
/** Most instructions. */
export const MAX_INSTRUCTIONS = 65536;
/** Most declarations. */
export const MAX_DECLARATIONS = 8192;
/** Most immediates. */
export const MAX_IMMEDIATES = 8192;

/**
 * Reads a shader.
 * @param text TGSI text, at most 1 MiB; what follows a NUL is not read
 * @throws {ShaderError} EINVAL when it is not TGSI or beyond the limits
 */
export function parseTgsi(text: string): TgsiShader {
  const nul = text.indexOf("\0");
  if (nul >= 0) text = text.slice(0, nul);
  if (text.length > MAX_TEXT) throw new ShaderError(0, `the text has ${text.length} characters, more than ${MAX_TEXT}`);
  const cursor = new Cursor(text);
  const header = cursor.word();
  const stage = Object.hasOwn(PROCESSORS, header) ? PROCESSORS[header] : undefined;
  if (stage === undefined) throw cursor.error("expected FRAG, VERT, GEOM, TESS_CTRL, TESS_EVAL or COMP");
  const properties = new Map<string, number>();
  const declarations: Declaration[] = [];
  const instructions: Instruction[] = [];
  const immediates: number[] = [];
  while (!cursor.done) {
    const line = cursor.line;
    if (cursor.optionalUint() >= 0) {
      cursor.expect(":");
      instructions.push(parseInstruction(cursor, cursor.word(), line));
    } else {
      const word = cursor.word();
      if (word === "DCL") declarations.push(parseDeclaration(cursor, stage, line));
      else if (word === "IMM") parseImmediate(cursor, immediates);
      else if (word === "PROPERTY") parseProperty(cursor, properties);
      else if (word === "") throw cursor.error("expected DCL, IMM, PROPERTY or an instruction");
      else instructions.push(parseInstruction(cursor, word, line));
    }
    if (instructions.length > MAX_INSTRUCTIONS) throw cursor.error(`more than ${MAX_INSTRUCTIONS} instructions`);
    if (declarations.length > MAX_DECLARATIONS) throw cursor.error(`more than ${MAX_DECLARATIONS} declarations`);
    if (immediates.length > MAX_IMMEDIATES * 4) throw cursor.error(`more than ${MAX_IMMEDIATES} immediates`);
  }
  return { stage: stage as Stage, properties, declarations, immediates: Uint32Array.from(immediates), instructions };
}

function parseImmediate(cursor: Cursor, immediates: number[]): void {
  if (cursor.take("[")) {
    const index = cursor.uint(MAX_IMMEDIATES, "the immediate's number");
    if (index * 4 !== immediates.length) throw cursor.error("immediates must be in order");
    cursor.expect("]");
  }
  const type = cursor.word();
  cursor.expect("{");
  for (let i = 0; i < 4; i++) {
    if (i > 0) cursor.expect(",");
    switch (type) {
      case "FLT32":
        immediates.push(cursor.float32());
        break;
      case "UINT32":
      case "INT32":
        immediates.push(cursor.int32());
        break;
      case "FLT64":
        immediates.push(...cursor.float64());
        i++;
        break;
      case "UINT64":
      case "INT64":
        immediates.push(...cursor.int64());
        i++;
        break;
      default:
        throw cursor.error("expected FLT32, UINT32, INT32, FLT64, UINT64 or INT64");
    }
  }
  cursor.expect("}");
}

const WORDS: Readonly<Record<string, readonly string[]>> = {
  GS_INPUT_PRIMITIVE: PRIMITIVES,
  GS_OUTPUT_PRIMITIVE: PRIMITIVES,
  FS_COORD_ORIGIN: ["UPPER_LEFT", "LOWER_LEFT"],
  FS_COORD_PIXEL_CENTER: ["HALF_INTEGER", "INTEGER"],
  NEXT_SHADER: ["VERT", "TESS_CTRL", "TESS_EVAL", "GEOM", "FRAG", "COMP"],
};

function parseProperty(cursor: Cursor, properties: Map<string, number>): void {
  const name = cursor.word();
  if (!PROPERTIES.has(name)) throw cursor.error(`the property ${JSON.stringify(name.slice(0, 64))} is unknown`);
  let value: number;
  if (Object.hasOwn(WORDS, name)) {
    value = WORDS[name].indexOf(cursor.word());
    if (value < 0) throw cursor.error(`${name} has an unknown value`);
  } else value = cursor.uint(0xffffffff, name);
  properties.set(name, value);
}
