/**
 * Shaders' texts as they were parsed: many times as large as the text, and needed for a new variant only. Those used last are kept,
 * for all contexts together; who needs another parses it again.
 * @module
 */

import { parseTgsi, type TgsiShader } from "../../shader/tgsi/mod.ts";
import type { Engine } from "./engine.ts";

/** Instructions of all that is kept: some 60 to 200 MB. */
const MOST = 1 << 18;
/** What a shader counts besides its instructions. */
const EACH = 64;

/** What was parsed, by whose it is. */
export class ParsedTexts implements Disposable {
  // Those used last are behind.
  readonly #parsed = new Map<object, TgsiShader>();
  readonly #most: number;
  #count = 0;

  /** Nothing yet. @param most instructions that are kept */
  constructor(_engine?: Engine, most = MOST) {
    this.#most = most;
  }

  /** How many instructions are kept. */
  get count(): number {
    return this.#count;
  }

  /** Keeps what somebody has parsed. */
  add(owner: object, parsed: TgsiShader): void {
    this.drop(owner);
    this.#parsed.set(owner, parsed);
    this.#count += weigh(parsed);
    for (const other of this.#parsed.keys()) {
      if (this.#count <= this.#most || other === owner) break;
      this.drop(other);
    }
  }

  /** What somebody's text is, parsed anew if it was forgotten. @throws {ShaderError} if it is no TGSI */
  get(owner: object, text: string): TgsiShader {
    const parsed = this.#parsed.get(owner) ?? parseTgsi(text);
    this.add(owner, parsed);
    return parsed;
  }

  /** Forgets somebody's. */
  drop(owner: object): void {
    const found = this.#parsed.get(owner);
    if (found === undefined) return;
    this.#parsed.delete(owner);
    this.#count -= weigh(found);
  }

  /** Forgets all. */
  [Symbol.dispose](): void {
    this.#parsed.clear();
    this.#count = 0;
  }
}

function weigh({ instructions, declarations, immediates }: TgsiShader): number {
  return EACH + instructions.length + declarations.length + (immediates.length >>> 4);
}
