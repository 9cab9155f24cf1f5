// Memory that C reads and writes through a pointer kept for good: a fixed block outside the JavaScript heap, so that a call
// takes a ready pointer (8 ns) and not a buffer (15 ns) or UnsafePointer.of (210 ns). Structs of this folder live in these.

/** A fixed block of memory with a pointer, and typed views over it. Own one per struct, or one per pool of structs. */
export class CMemory {
  /** Where C finds it. Valid as long as this object lives. */
  readonly pointer: Deno.PointerObject;
  /** The address as a number that C structs can hold. */
  readonly address: bigint;
  /** The memory. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The memory, for fields of any type. */
  readonly view: DataView<ArrayBuffer>;
  /** The memory as 32-bit words. */
  readonly i32: Int32Array<ArrayBuffer>;
  /** The memory as unsigned 32-bit words. */
  readonly u32: Uint32Array<ArrayBuffer>;

  /**
   * Takes the memory, zero-filled.
   *
   * @param size bytes; rounded up to a multiple of 8
   */
  constructor(size: number) {
    // An ArrayBuffer made as such never lives inside the moving heap, which a small typed array may.
    const buffer = new ArrayBuffer(Math.ceil(Math.max(size, 8) / 8) * 8);
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    this.i32 = new Int32Array(buffer);
    this.u32 = new Uint32Array(buffer);
    const pointer = Deno.UnsafePointer.of(this.bytes);
    if (pointer === null) throw new Error("Cannot take the address of a buffer");
    this.pointer = pointer;
    this.address = Deno.UnsafePointer.value(pointer);
  }

  /**
   * A NUL-terminated copy of a string.
   *
   * @param text the string; a NUL inside it would cut it short
   * @returns the block that holds it
   * @throws {TypeError} if `text` holds a NUL
   */
  static string(text: string): CMemory {
    if (text.includes("\0")) throw new TypeError("Cannot pass a string with a NUL inside to C");
    const encoded = new TextEncoder().encode(text);
    const block = new CMemory(encoded.length + 1);
    block.bytes.set(encoded);
    return block;
  }
}
