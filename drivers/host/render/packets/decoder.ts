/**
 * The decoder of the dxg packet format: words in, one packet after the other out, each operand checked. It is pure, allocates
 * nothing a packet, and reads each word once; the executor, the disassembler and the fuzzer all stand on it. Words must be a
 * private copy: a client goes on writing its own memory.
 * @module
 */

import { DXP_MAGIC, DXP_MAX_SLOTS, DXP_VA_LIMIT, DXP_VERSION, type DxpKind, type DxpOp } from "../../../../uapi/dxp.ts";
import { DXP_END, DXP_HEADER, DXP_OPS } from "../../../../uapi/dxp_isa.ts";
import { broken } from "./rules.ts";

/** What is wrong with a buffer. */
export type DxpFault =
  /** nothing */
  | "none"
  /** the first packet is no HEADER, or a later one is */
  | "header"
  /** magic or version are others */
  | "version"
  /** no packet has this number */
  | "opcode"
  /** flags that the packet has not */
  | "flags"
  /** the packet is too short or too long for its operands, or reaches beyond the buffer */
  | "size"
  /** an operand is out of its range or not aligned */
  | "operand"
  /** operands that do not fit together */
  | "rule"
  /** the buffer ends without END */
  | "end";

const KIND: Readonly<Record<DxpKind, number>> = { u32: 0, s32: 1, f32: 2, u64: 3, va: 4, size: 5, enum: 6, bits: 7 };

/** Operands as flat arrays, for a loop without look-ups by name. */
class Compiled {
  readonly op: DxpOp;
  readonly kinds: Uint8Array;
  readonly aligns: Float64Array;
  readonly limits: Float64Array;
  readonly leasts: Float64Array;
  readonly names: readonly string[];
  readonly tail: Compiled | undefined;

  constructor(op: DxpOp, operands: DxpOp["operands"], tail?: Compiled) {
    this.op = op;
    this.kinds = Uint8Array.from(operands, ([, o]) => KIND[o.kind]);
    this.aligns = Float64Array.from(operands, ([, o]) => o.align);
    this.limits = Float64Array.from(operands, ([, o]) => o.limit);
    this.leasts = Float64Array.from(operands, ([, o]) => o.least);
    this.names = operands.map(([name]) => name);
    this.tail = tail;
  }
}

const table: (Compiled | undefined)[] = new Array(256).fill(undefined);
for (const op of DXP_OPS) {
  const element = op.tail?.element ?? [];
  table[op.opcode] = new Compiled(op, op.operands, element.length > 0 ? new Compiled(op, element) : undefined);
}

const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);

/** A cursor over the packets of one buffer. */
export class PacketDecoder {
  #words: Uint32Array = new Uint32Array(0);
  #next = 0;
  #length = 0;
  #ended = true;
  #value = 0;

  /** The packet. */
  op: DxpOp = DXP_END;
  /** Its flags, checked. */
  flags = 0;
  /** Where its header is, words from the buffer's start. */
  at = 0;
  /** Its operands by `op.slot`; u64 as two slots, low half first. Addresses and sizes are exact. */
  readonly slots: Float64Array = new Float64Array(DXP_MAX_SLOTS);
  /** Where its tail begins, words from the buffer's start. */
  tailAt = 0;
  /** Elements of its tail. */
  tailCount = 0;
  /** The operands of the element that `element` read last, as `slots`. */
  readonly elementSlots: Float64Array = new Float64Array(DXP_MAX_SLOTS);

  /** What is wrong: nothing further is decoded. */
  fault: DxpFault = "none";
  /** Where the wrong packet is, words from the buffer's start. */
  faultAt = 0;
  /** The operand or rule that is wrong. */
  faultName = "";
  /** The value that is wrong. */
  faultValue = 0;

  /** Begins with the first packet of a buffer. @param words a private copy of it. @param length of them, to look at. */
  start(words: Uint32Array, length: number = words.length): this {
    this.#words = words;
    this.#length = Math.min(length, words.length);
    this.#next = 0;
    this.#ended = false;
    this.fault = "none";
    this.faultAt = 0;
    this.faultName = "";
    this.faultValue = 0;
    return this;
  }

  /** Where the next packet begins, words: what is to be given to `resume`. */
  get position(): number {
    return this.#next;
  }

  /** Goes on in a buffer at a `position` of it, after a CALL. */
  resume(words: Uint32Array, length: number, position: number): this {
    this.start(words, length);
    this.#next = position;
    return this;
  }

  /** The words of the buffer. */
  get words(): Uint32Array {
    return this.#words;
  }

  /** Decodes the next packet. False after END, and when something is wrong: `fault` says which. END itself is not shown. */
  next(): boolean {
    if (this.#ended || this.fault !== "none") return false;
    const at = this.#next;
    if (at >= this.#length) return this.#wrong(at, "end", "", 0);
    const header = this.#words[at];
    const compiled = table[header & 0xff];
    if (compiled === undefined) return this.#wrong(at, "opcode", "", header & 0xff);
    const op = compiled.op;
    if ((op === DXP_HEADER) !== (at === 0)) return this.#wrong(at, "header", op.name, header & 0xff);
    const flags = (header >>> 8) & 0xff;
    if (flags >>> op.flags.length !== 0) return this.#wrong(at, "flags", "", flags);
    const size = header >>> 16;
    if (size < op.words || size > this.#length - at) return this.#wrong(at, "size", "words", size);
    const extra = size - op.words;
    const tail = op.tail;
    let count = 0;
    if (tail !== undefined) {
      count = extra / tail.words;
      if (extra % tail.words !== 0 || count < tail.min || count > tail.max) {
        return this.#wrong(at, "size", tail.name, extra);
      }
    } else if (extra !== 0) return this.#wrong(at, "size", "words", size);
    this.op = op;
    this.flags = flags;
    this.at = at;
    if (!this.#operands(compiled, at + 1, this.slots)) return false;
    this.tailAt = at + op.words;
    this.tailCount = count;
    if (compiled.tail !== undefined && tail !== undefined) {
      for (let i = 0; i < count; i++) {
        if (!this.#operands(compiled.tail, this.tailAt + i * tail.words, this.elementSlots)) return false;
      }
    }
    this.#next = at + size;
    if (op === DXP_END) {
      this.#ended = true;
      return false;
    }
    if (op === DXP_HEADER) {
      if (this.slots[0] !== DXP_MAGIC) return this.#wrong(at, "version", "magic", this.slots[0]);
      const version = this.slots[1];
      if (version >>> 16 !== DXP_VERSION >>> 16 || version > DXP_VERSION) {
        return this.#wrong(at, "version", "version", version);
      }
    } else {
      const rule = broken(this);
      if (rule !== undefined) return this.#wrong(at, "rule", rule, 0);
    }
    return true;
  }

  /** Whether END was reached. */
  get ended(): boolean {
    return this.#ended && this.fault === "none";
  }

  /** Reads element `index` of the tail into `elementSlots`. @param index below `tailCount`. */
  element(index: number): Float64Array {
    const compiled = table[this.op.opcode]?.tail;
    if (compiled === undefined || this.op.tail === undefined || !(index >= 0 && index < this.tailCount)) {
      throw new RangeError(`Cannot read element ${index} of ${this.op.name}: it has ${this.tailCount}`);
    }
    this.#operands(compiled, this.tailAt + index * this.op.tail.words, this.elementSlots);
    return this.elementSlots;
  }

  /** What is wrong, as a sentence; undefined if nothing is. */
  describe(): string | undefined {
    if (this.fault === "none") return undefined;
    const where = `word ${this.faultAt}`;
    const value = `0x${this.faultValue.toString(16)}`;
    switch (this.fault) {
      case "header":
        return `${where}: ${this.faultAt === 0 ? "a buffer begins with HEADER" : "HEADER inside a buffer"}`;
      case "version":
        return `${where}: ${this.faultName} is ${value}`;
      case "opcode":
        return `${where}: no packet has number ${value}`;
      case "flags":
        return `${where}: flags ${value} are unknown`;
      case "size":
        return `${where}: ${this.faultValue} words of ${this.faultName} cannot be`;
      case "operand":
        return `${where}: ${this.op.name}.${this.faultName} cannot be ${value}`;
      case "rule":
        return `${where}: ${this.op.name}: ${this.faultName}`;
      case "end":
        return `${where}: the buffer ends without END`;
    }
  }

  #wrong(at: number, fault: DxpFault, name: string, value: number): false {
    this.fault = fault;
    this.faultAt = at;
    this.faultName = name;
    this.faultValue = value;
    return false;
  }

  #operands(compiled: Compiled, from: number, slots: Float64Array): boolean {
    const words = this.#words;
    const kinds = compiled.kinds;
    let at = from;
    let slot = 0;
    for (let i = 0; i < kinds.length; i++) {
      const word = words[at++];
      switch (kinds[i]) {
        case 0:
          slots[slot++] = word;
          continue;
        case 1:
          slots[slot++] = word | 0;
          continue;
        case 2:
          bits[0] = word;
          slots[slot++] = this.#value = float[0];
          if (Number.isFinite(this.#value)) continue;
          this.#value = word;
          break;
        case 3:
          slots[slot++] = word;
          slots[slot++] = words[at++];
          continue;
        case 4:
          slots[slot++] = this.#value = words[at++] * 0x1_0000_0000 + word;
          if (this.#value < DXP_VA_LIMIT && (word & (compiled.aligns[i] - 1)) === 0) continue;
          break;
        case 5:
          slots[slot++] = this.#value = words[at++] * 0x1_0000_0000 + word;
          if (this.#value > 0 && this.#value <= DXP_VA_LIMIT && (word & (compiled.aligns[i] - 1)) === 0) continue;
          break;
        case 6:
          slots[slot++] = this.#value = word;
          if (word >= compiled.leasts[i] && word < compiled.limits[i]) continue;
          break;
        default:
          slots[slot++] = this.#value = word;
          if ((word & ~compiled.limits[i]) === 0) continue;
      }
      return this.#wrong(this.at, "operand", compiled.names[i], this.#value);
    }
    return true;
  }
}

/**
 * Calls `packet` with each packet of a buffer, HEADER included, END excluded, until it returns false.
 *
 * @param words a private copy of the buffer. @param packet looks at the decoder, which goes on afterwards.
 * @returns the decoder: its `fault` says whether the buffer is good as far as it was read.
 */
export function visit(words: Uint32Array, packet: (decoder: PacketDecoder) => boolean | void): PacketDecoder {
  const decoder = new PacketDecoder().start(words);
  while (decoder.next() && packet(decoder) !== false);
  return decoder;
}
