/** DCL lines of TGSI text (tgsi_text.c parse_declaration). */
import type { Cursor } from "./cursor.ts";
import {
  File,
  FILES,
  type Interpolation,
  INTERPOLATION_PLACES,
  type InterpolationPlace,
  INTERPOLATIONS,
  SEMANTICS,
  type Stage,
  TEXTURE_TARGETS,
  type TextureTarget,
} from "./names.ts";
import type { Declaration } from "./shader.ts";

/** The highest register number + 1 of each file; files that are not here cannot be declared. */
export const REGISTER_LIMITS: Readonly<Record<number, number>> = {
  [File.CONST]: 4096,
  [File.IN]: 128,
  [File.OUT]: 128,
  [File.TEMP]: 4096,
  [File.SAMP]: 32,
  [File.ADDR]: 16,
  [File.SV]: 64,
  [File.IMAGE]: 32,
  [File.SVIEW]: 32,
  [File.BUFFER]: 24,
  // Mesa numbers declarations by their kind (TGSI_MEMORY_TYPE_*), and names register 0 in instructions.
  [File.MEMORY]: 4,
  [File.CONSTBUF]: 16,
  [File.HWATOMIC]: 4096,
};

const RETURN_TYPES: ReadonlySet<string> = new Set(["UNORM", "SNORM", "SINT", "UINT", "FLOAT"]);
const MEMORY_KINDS: ReadonlySet<string> = new Set(["GLOBAL", "SHARED", "PRIVATE", "INPUT"]);

/** Vertices per primitive that an empty bracket stands for: the most there can be. */
const IMPLIED = 32;

/** Takes a file name. */
export function parseFile(cursor: Cursor): number {
  const word = cursor.word();
  const file = FILES.indexOf(word);
  if (file < 0) throw cursor.error(`the register file ${JSON.stringify(word.slice(0, 32))} is unknown`);
  return file;
}

/** Takes a write mask if one is next. */
export function parseMask(cursor: Cursor): number {
  if (!cursor.take(".")) return 15;
  const word = cursor.word();
  if (!/^X?Y?Z?W?$/.test(word) || word === "") throw cursor.error("expected a write mask");
  let mask = 0;
  for (const letter of word) mask |= 1 << "XYZW".indexOf(letter);
  return mask;
}

/** Takes a texture target. */
export function parseTarget(cursor: Cursor): TextureTarget {
  const word = cursor.digitWord();
  if (!TEXTURE_TARGETS.has(word)) {
    throw cursor.error(`the texture target ${JSON.stringify(word.slice(0, 32))} is unknown`);
  }
  return word as TextureTarget;
}

function parseRange(cursor: Cursor, limit: number): [number, number] {
  cursor.expect("[");
  if (cursor.take("]")) return [0, IMPLIED - 1];
  const first = cursor.uint(limit - 1, "the register");
  let last = first;
  if (cursor.take("..")) last = cursor.uint(limit - 1, "the register");
  if (last < first) throw cursor.error(`the range ${first}..${last} is empty`);
  cursor.expect("]");
  return [first, last];
}

/** Takes what follows DCL. @param line line of the DCL. */
export function parseDeclaration(cursor: Cursor, stage: Stage, line: number): Declaration {
  const file = parseFile(cursor);
  const limit = REGISTER_LIMITS[file];
  if (limit === undefined) throw cursor.error(`registers of ${FILES[file]} cannot be declared`);
  let range = parseRange(cursor, limit);
  let dimension: number | undefined;
  if (cursor.peek() === "[") {
    const outer = range;
    range = parseRange(cursor, limit);
    const perVertex = (file === File.IN && (stage === "geometry" || stage === "tess_ctrl" || stage === "tess_eval")) ||
      (file === File.OUT && stage === "tess_ctrl");
    if (!perVertex) {
      if (outer[0] !== outer[1]) throw cursor.error("the outer index is a range");
      dimension = outer[0];
    }
  }
  const usage = parseMask(cursor);
  let array = 0, semantic: number | undefined, semanticIndex = 0, interpolation: Interpolation | undefined;
  let place: InterpolationPlace = "CENTER",
    target: TextureTarget = "UNKNOWN",
    returnType = "",
    format = "",
    memory = "";
  let invariant = false, writable = false, atomic = false;
  let streams: [number, number, number, number] = [0, 0, 0, 0];
  const textured = file === File.IMAGE || file === File.SVIEW;
  while (cursor.take(",")) {
    if (textured && target === "UNKNOWN") {
      target = parseTarget(cursor);
      continue;
    }
    const word = cursor.word();
    if (word === "ARRAY") {
      cursor.expect("(");
      array = cursor.uint(65535, "the array");
      cursor.expect(")");
    } else if (file === File.IMAGE) {
      if (word === "WR") writable = true;
      else if (word === "") throw cursor.error("expected RAW, WR or a format");
      else if (word !== "RAW") format = word.replace(/^PIPE_FORMAT_/, "");
    } else if (file === File.SVIEW) {
      if (!RETURN_TYPES.has(word)) throw cursor.error("expected a return type");
      if (returnType === "") returnType = word;
    } else if (file === File.BUFFER && word === "ATOMIC") atomic = true;
    else if (file === File.MEMORY && MEMORY_KINDS.has(word)) memory = word;
    else if (word === "LOCAL") continue;
    else if (word === "INVARIANT") invariant = true;
    else if (word === "STREAM") streams = parseStreams(cursor);
    else if (semantic === undefined && SEMANTICS.includes(word)) {
      semantic = SEMANTICS.indexOf(word);
      if (cursor.take("[")) {
        semanticIndex = cursor.uint(1023, "the semantic's index");
        cursor.expect("]");
      }
    } else if ((INTERPOLATIONS as readonly string[]).includes(word)) interpolation = word as Interpolation;
    else if ((INTERPOLATION_PLACES as readonly string[]).includes(word)) place = word as InterpolationPlace;
    else throw cursor.error(`${JSON.stringify(word.slice(0, 32))} cannot stand in a declaration`);
  }
  return {
    line,
    file,
    first: range[0],
    last: range[1],
    dimension,
    usage,
    array,
    semantic,
    semanticIndex,
    streams,
    interpolation,
    place,
    invariant,
    target,
    returnType,
    format,
    writable,
    atomic,
    memory,
  };
}

function parseStreams(cursor: Cursor): [number, number, number, number] {
  cursor.expect("(");
  const stream = (): number => cursor.uint(3, "the stream");
  const x = stream();
  cursor.expect(",");
  const y = stream();
  cursor.expect(",");
  const z = stream();
  cursor.expect(",");
  const w = stream();
  cursor.expect(")");
  return [x, y, z, w];
}
