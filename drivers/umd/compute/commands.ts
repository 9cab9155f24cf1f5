/**
 * Writes packets straight into the memory that the GPU reads them from, without an object a packet. The packets are those of
 * uapi/dxp_isa.ts.
 * @module
 */

import { DXP_MAGIC, DXP_VERSION, dxpHeader } from "../../../uapi/dxp.ts";
import * as isa from "../../../uapi/dxp_isa.ts";

const HIGH = 0x1_0000_0000;
const head = (op: { readonly opcode: number; readonly words: number }, tail = 0): number =>
  dxpHeader(op.opcode, 0, op.words + tail);

const HEADER = head(isa.DXP_HEADER), END = head(isa.DXP_END), BARRIER = head(isa.DXP_BARRIER);
const COPY = head(isa.DXP_COPY_LINEAR), FILL = head(isa.DXP_FILL), TABLE = head(isa.DXP_SET_TABLE);
const DISPATCH = head(isa.DXP_DISPATCH),
  INDIRECT = head(isa.DXP_DISPATCH_INDIRECT),
  TIMESTAMP = head(isa.DXP_TIMESTAMP);

/** Words that the longest packet written here has: SET_COMPUTE with 64 constants. */
export const MAX_PACKET: number = isa.DXP_SET_COMPUTE.words + 128;

/** A buffer of packets. */
export class Commands {
  #words: Uint32Array = new Uint32Array(0);
  #at = 0;

  /** Begins a buffer. @param words where. */
  begin(words: Uint32Array): void {
    this.#words = words;
    words[0] = HEADER;
    words[1] = DXP_MAGIC;
    words[2] = DXP_VERSION;
    this.#at = 3;
  }

  /** Words written. */
  get length(): number {
    return this.#at;
  }

  #address(value: number): void {
    this.#words[this.#at++] = value % HIGH;
    this.#words[this.#at++] = value / HIGH;
  }

  /** COPY_LINEAR. */
  copy(dst: number, src: number, size: number): void {
    this.#words[this.#at++] = COPY;
    this.#address(dst);
    this.#address(src);
    this.#address(size);
  }

  /** FILL. */
  fill(dst: number, size: number, value: number): void {
    this.#words[this.#at++] = FILL;
    this.#address(dst);
    this.#address(size);
    this.#words[this.#at++] = value;
  }

  /** BARRIER between copies and dispatches, whatever they are. */
  barrier(): void {
    const stages = isa.DXP_STAGE_TRANSFER | isa.DXP_STAGE_COMPUTE | isa.DXP_STAGE_INDIRECT;
    this.#words[this.#at++] = BARRIER;
    this.#words[this.#at++] = stages;
    this.#words[this.#at++] = stages;
  }

  /** SET_COMPUTE. @param constants ids and values in turn. */
  kernel(code: number, size: number, constants: Uint32Array): void {
    this.#words[this.#at++] = head(isa.DXP_SET_COMPUTE, constants.length);
    this.#address(code);
    this.#address(size);
    this.#words.set(constants, this.#at);
    this.#at += constants.length;
  }

  /** SET_TABLE. */
  table(address: number, count: number): void {
    this.#words[this.#at++] = TABLE;
    this.#address(address);
    this.#words[this.#at++] = count;
  }

  /** SET_CONSTANTS from the first word on. */
  constants(values: Uint32Array): void {
    this.#words[this.#at++] = head(isa.DXP_SET_CONSTANTS, values.length);
    this.#words[this.#at++] = 0;
    this.#words.set(values, this.#at);
    this.#at += values.length;
  }

  /** DISPATCH. */
  dispatch(x: number, y: number, z: number): void {
    this.#words[this.#at++] = DISPATCH;
    this.#words[this.#at++] = x;
    this.#words[this.#at++] = y;
    this.#words[this.#at++] = z;
  }

  /** DISPATCH_INDIRECT. */
  dispatchIndirect(address: number): void {
    this.#words[this.#at++] = INDIRECT;
    this.#address(address);
  }

  /** TIMESTAMP. */
  timestamp(address: number): void {
    this.#words[this.#at++] = TIMESTAMP;
    this.#address(address);
  }

  /** END; the bytes of the buffer. */
  end(): number {
    this.#words[this.#at++] = END;
    return this.#at * 4;
  }
}
