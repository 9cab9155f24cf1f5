/** A growable run of 32-bit words: a section of a SPIR-V module (SPIR-V 1.3, 2.3). */

/** Words that are appended to. */
export class Words {
  /** The memory; what counts ends at `length`. */
  data: Uint32Array;
  /** Words in use. */
  length = 0;

  /** An empty run. @param capacity words to begin with. */
  constructor(capacity = 256) {
    this.data = new Uint32Array(capacity);
  }

  /** Makes room for `count` more words. */
  reserve(count: number): void {
    if (this.length + count <= this.data.length) return;
    const data = new Uint32Array(Math.max(this.data.length * 2, this.length + count));
    data.set(this.data.subarray(0, this.length));
    this.data = data;
  }

  /** Appends one word. */
  push(word: number): void {
    if (this.length === this.data.length) this.reserve(1);
    this.data[this.length++] = word;
  }

  /** Appends an instruction. @param opcode its number. @param operands the words after the first. */
  op(opcode: number, ...operands: number[]): void {
    const count = operands.length + 1;
    this.reserve(count);
    const { data } = this;
    let at = this.length;
    data[at++] = (count << 16) | opcode;
    for (let i = 0; i < operands.length; i++) data[at++] = operands[i];
    this.length = at;
  }

  /** Appends another run. */
  append(other: Words): void {
    this.reserve(other.length);
    this.data.set(other.data.subarray(0, other.length), this.length);
    this.length += other.length;
  }
}

/** A literal string as words: UTF-8, with a zero byte at least, padded to a word. */
export function literal(text: string): number[] {
  const bytes = new TextEncoder().encode(text);
  const words = new Array<number>((bytes.length >> 2) + 1).fill(0);
  for (let i = 0; i < bytes.length; i++) words[i >> 2] |= bytes[i] << ((i & 3) * 8);
  return words;
}
