/**
 * Writing packets of the dxg packet format into a buffer: for user-mode drivers, tests and fuzzers. It writes what it is
 * told; checking is the decoder's work.
 * @module
 */

import { DXP_MAGIC, DXP_MAX_PACKET_WORDS, DXP_VERSION, dxpHeader, type DxpOp, dxpWords } from "./dxp.ts";
import { DXP_END, DXP_HEADER } from "./dxp_isa.ts";

const scratch = new DataView(new ArrayBuffer(4));

/** The 32 bits of a float. */
export function dxpFloatBits(value: number): number {
  scratch.setFloat32(0, value, true);
  return scratch.getUint32(0, true);
}

/** A buffer that packets are written into. */
export class DxpWriter {
  #words: Uint32Array;
  #length = 0;

  /** Begins with HEADER. @param capacity words at first; it grows. */
  constructor(capacity = 1024) {
    this.#words = new Uint32Array(Math.max(16, capacity));
    this.begin();
  }

  /** Forgets everything and writes HEADER. */
  begin(): this {
    this.#length = 0;
    return this.put(DXP_HEADER, [DXP_MAGIC, DXP_VERSION]);
  }

  /** Words written. */
  get length(): number {
    return this.#length;
  }

  /** The words written, in place: valid until the next `put`. */
  get words(): Uint32Array {
    return this.#words.subarray(0, this.#length);
  }

  /**
   * Writes one packet.
   *
   * @param op which. @param operands in its order; addresses and sizes as Numbers or bigints.
   * @param tail words of its tail. @param flags bit for each of `op.flags`.
   * @throws {RangeError} when operands are missing, or the packet is too long.
   */
  put(op: DxpOp, operands: readonly (number | bigint)[] = [], tail: ArrayLike<number> = [], flags = 0): this {
    const words = op.words + tail.length;
    if (operands.length !== op.operands.length || words > DXP_MAX_PACKET_WORDS) {
      throw new RangeError(`Cannot write ${op.name}: ${operands.length} operands, ${words} words`);
    }
    this.#reserve(words);
    const out = this.#words;
    let at = this.#length;
    out[at++] = dxpHeader(op.opcode, flags, words);
    for (let i = 0; i < operands.length; i++) {
      const operand = op.operands[i][1];
      const value = operands[i];
      if (typeof value === "bigint") {
        out[at++] = Number(value & 0xffff_ffffn);
        if (dxpWords(operand) === 2) out[at++] = Number((value >> 32n) & 0xffff_ffffn);
      } else {
        out[at++] = operand.kind === "f32" ? dxpFloatBits(value) : value % 0x1_0000_0000;
        if (dxpWords(operand) === 2) out[at++] = Math.floor(value / 0x1_0000_0000);
      }
    }
    for (let i = 0; i < tail.length; i++) out[at++] = tail[i];
    this.#length = at;
    return this;
  }

  /** Writes END. */
  end(): this {
    return this.put(DXP_END);
  }

  #reserve(words: number): void {
    if (this.#length + words <= this.#words.length) return;
    const grown = new Uint32Array(Math.max(this.#words.length * 2, this.#length + words));
    grown.set(this.#words.subarray(0, this.#length));
    this.#words = grown;
  }
}
