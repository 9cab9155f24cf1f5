/**
 * TGSI text in submissions: words of it, and back, and wrong text of right text.
 * @module
 */

import type { Random } from "./virgl_random.ts";

/** A text as a shader's packet has it: NUL-terminated, in words. */
export function textWords(text: string): Uint32Array {
  const bytes = new Uint8Array(Math.ceil((text.length + 1) / 4) * 4);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return new Uint32Array(bytes.buffer);
}

/** The text of words, up to its NUL. */
export function wordsText(words: Uint32Array): string {
  const bytes = new Uint8Array(words.slice().buffer), end = bytes.indexOf(0);
  return new TextDecoder("latin1").decode(end < 0 ? bytes : bytes.subarray(0, end));
}

const NAMES = ["VERT", "FRAG", "GEOM", "TESS_CTRL", "TESS_EVAL"];

/** The first text of each stage, in that order. */
export function stageTexts(texts: readonly string[]): string[] {
  return NAMES.map((name) => {
    const found = texts.find((text) => text.startsWith(`${name}\n`));
    if (found === undefined) throw new TypeError(`Cannot find a text of ${name}`);
    return found;
  });
}

const NUMBERS = [
  "0",
  "1",
  "2",
  "3",
  "7",
  "15",
  "31",
  "32",
  "127",
  "4095",
  "65535",
  "2147483647",
  "4294967295",
  "1e400",
  "nan",
];
const WORDS = (
  "MOV ADD MUL MAD DP4 RCP POW TEX TXP TXF TXQ TXL TXD IF UIF ELSE ENDIF BGNLOOP ENDLOOP BRK CONT CAL RET BGNSUB ENDSUB KILL KILL_IF " +
  "END ARL UARL DDX LOAD STORE ATOMUADD EMIT ENDPRIM BARRIER UDIV UMOD I2F DADD D2F SWITCH CASE TEMP IN OUT CONST SAMP SVIEW IMM " +
  "ADDR SV BUFFER IMAGE MEMORY HWATOMIC POSITION COLOR GENERIC PSIZE CLIPDIST FACE LAYER VIEWPORT_INDEX VERTEXID 2D CUBE 3D BUFFER " +
  "2D_MSAA SHADOW2D FLOAT UINT ARRAY LOCAL PERSPECTIVE CONSTANT CENTROID SAMPLE VERT FRAG GEOM PROPERTY DCL x xyzw wwww _SAT - |"
).split(" ");

/** A text that is wrong, perhaps. */
export function mutateText(random: Random, text: string): string {
  const lines = text.split("\n"), line = random.below(lines.length);
  switch (random.below(7)) {
    case 0:
      lines.splice(line, 1);
      return lines.join("\n");
    case 1:
      lines.splice(line, 0, random.of(lines));
      return lines.join("\n");
    case 2: {
      const parts = text.split(/([0-9]+)/), at = random.below(parts.length >> 1) * 2 + 1;
      if (at < parts.length) parts[at] = random.of(NUMBERS);
      return parts.join("");
    }
    case 3: {
      const parts = text.split(/([A-Z_0-9]+)/), at = random.below(parts.length >> 1) * 2 + 1;
      if (at < parts.length) parts[at] = random.of(WORDS);
      return parts.join("");
    }
    case 4: {
      const at = random.below(text.length);
      return text.slice(0, at) + String.fromCharCode(1 + random.below(255)) + text.slice(at + random.below(3));
    }
    case 5:
      return text.slice(0, random.below(text.length));
    default: {
      // The same lines often, or open blocks.
      const count = random.of([2, 30, 300]);
      lines.splice(
        line,
        0,
        ...new Array<string>(count).fill(random.of([lines[line], "  1: BGNLOOP", "  1: IF TEMP[0].xxxx :0"])),
      );
      return lines.join("\n");
    }
  }
}
