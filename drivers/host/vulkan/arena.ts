/**
 * Memory for the structs that Vulkan reads and writes: one ArrayBuffer whose address is taken once, with typed views over all of it and a
 * bump pointer. Structs are addressed by byte offset; addresses are made only where a call needs one.
 */
import type { Chain, Chained, Out, Pointer, StructType } from "./struct.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** Addresses of this many 8-byte slots from the start are cached: short-lived structs reuse the low offsets. */
const cachedSlots = 8192;

/** A bump allocator for C structs. */
export class Arena {
  /** Bytes of the arena. */
  readonly size: number;
  /** Views over all of it, indexed from its start. */
  readonly u8: Uint8Array<ArrayBuffer>;
  /** 16-bit view. */
  readonly u16: Uint16Array<ArrayBuffer>;
  /** 32-bit view. */
  readonly u32: Uint32Array<ArrayBuffer>;
  /** Signed 32-bit view. */
  readonly i32: Int32Array<ArrayBuffer>;
  /** 64-bit view. */
  readonly u64: BigUint64Array<ArrayBuffer>;
  /** Signed 64-bit view. */
  readonly i64: BigInt64Array<ArrayBuffer>;
  /** Single floats. */
  readonly f32: Float32Array<ArrayBuffer>;
  /** Double floats. */
  readonly f64: Float64Array<ArrayBuffer>;
  /** Address of offset 0. */
  readonly base: bigint;
  readonly #baseLow: number;
  readonly #baseHigh: number;
  readonly #addresses: bigint[];
  #top = 0;

  /**
   * Makes an empty arena.
   * @param size bytes, rounded up to a multiple of 64; the default serves cold calls
   * @throws {RangeError} for a size that is no positive integer
   */
  constructor(size = 1 << 20) {
    if (!Number.isInteger(size) || size <= 0) throw new RangeError(`Cannot make an arena of ${size} bytes`);
    this.size = Math.ceil(size / 64) * 64;
    const buffer = new ArrayBuffer(this.size);
    this.u8 = new Uint8Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.u64 = new BigUint64Array(buffer);
    this.i64 = new BigInt64Array(buffer);
    this.f32 = new Float32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.base = BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(this.u8)));
    this.#baseLow = Number(this.base & 0xffffffffn);
    this.#baseHigh = Number(this.base >> 32n);
    this.#addresses = new Array(Math.min(cachedSlots, this.size / 8)).fill(0n);
  }

  /**
   * Allocates zeroed bytes.
   * @param size bytes
   * @param align a power of two up to 64
   * @returns the offset
   * @throws {RangeError} when the arena is full
   */
  alloc(size: number, align = 8): number {
    const at = this.allocRaw(size, align);
    this.u8.fill(0, at, at + size);
    return at;
  }

  /** As {@linkcode Arena.alloc}, with whatever the memory held. */
  allocRaw(size: number, align = 8): number {
    const at = (this.#top + align - 1) & -align;
    if (at + size > this.size) {
      throw new RangeError(
        `Cannot allocate ${size} bytes of arena memory: ${this.size - this.#top} of ${this.size} are free`,
      );
    }
    this.#top = at + size;
    return at;
  }

  /** The place to go back to with {@linkcode Arena.reset}. */
  mark(): number {
    return this.#top;
  }

  /** Frees everything that was allocated since the mark (everything, by default). */
  reset(mark = 0): void {
    if (mark < 0 || mark > this.#top) {
      throw new RangeError(`Cannot reset the arena to ${mark}: ${this.#top} bytes are in use`);
    }
    this.#top = mark;
  }

  /** Runs `body` and frees what it allocated. */
  scope<T>(body: (m: Arena) => T): T {
    const mark = this.#top;
    try {
      return body(this);
    } finally {
      this.#top = mark;
    }
  }

  /** The address of an offset, for an FFI argument. */
  address(at: number): bigint {
    if ((at & 7) !== 0 || at >>> 3 >= this.#addresses.length) return this.base + BigInt(at);
    const slot = at >>> 3;
    const known = this.#addresses[slot];
    return known !== 0n ? known : this.#addresses[slot] = this.base + BigInt(at);
  }

  /** Stores the address of `target` as a pointer at `at`. */
  point(at: number, target: number): void {
    const low = this.#baseLow + target;
    this.u32[at >>> 2] = low;
    this.u32[(at >>> 2) + 1] = this.#baseHigh + (low > 0xffffffff ? 1 : 0);
  }

  /** Writes a struct into fresh memory and returns its address. */
  put<T>(type: StructType<T>, value: T): bigint {
    return this.address(this.place(type, value));
  }

  /** Writes a struct into fresh memory and returns its offset. */
  place<T>(type: StructType<T>, value: T): number {
    const at = this.allocRaw(type.size, type.align);
    type.write(this, at, value);
    return at;
  }

  /** Writes an array of structs into fresh memory and returns its address. */
  putAll<T>(type: StructType<T>, values: readonly T[]): bigint {
    return this.address(this.#placeAll(type, values));
  }

  /** Writes 64-bit values (handles) into fresh memory and returns their address. */
  putU64s(values: ArrayLike<bigint>): bigint {
    const at = this.allocRaw(values.length * 8);
    this.u64.set(values, at >>> 3);
    return this.address(at);
  }

  /** A 64-bit value below 2^53 as a number. */
  u53(at: number): number {
    return this.u32[(at >>> 2) + 1] * 0x1_0000_0000 + this.u32[at >>> 2];
  }

  /** Stores a number below 2^53 as a 64-bit value. */
  setU53(at: number, value: number): void {
    this.u32[at >>> 2] = value;
    this.u32[(at >>> 2) + 1] = value / 0x1_0000_0000;
  }

  /** Places a NUL-terminated string and returns its offset. */
  cString(text: string): number {
    const bytes = encoder.encode(text);
    const at = this.allocRaw(bytes.length + 1, 1);
    this.u8.set(bytes, at);
    this.u8[at + bytes.length] = 0;
    return at;
  }

  /** Reads a char array up to its NUL. */
  text(at: number, size: number): string {
    const end = this.u8.indexOf(0, at);
    return decoder.decode(this.u8.subarray(at, end < 0 || end > at + size ? at + size : end));
  }

  // What follows is for the generated writers and readers.

  /** Zeroes bytes. */
  zero(at: number, size: number): void {
    this.u8.fill(0, at, at + size);
  }

  /** Writes a char array, which must leave room for its NUL. */
  setText(at: number, size: number, value: string | undefined): void {
    this.u8.fill(0, at, at + size);
    if (value === undefined) return;
    const bytes = encoder.encode(value);
    if (bytes.length >= size) throw new RangeError(`Cannot store ${bytes.length} bytes of text in char[${size}]`);
    this.u8.set(bytes, at);
  }

  /** Writes a fixed array of numbers; missing elements become zero. */
  setNumbers(
    view: { [index: number]: number },
    index: number,
    count: number,
    values: ArrayLike<number> | undefined,
  ): void {
    const given = values?.length ?? 0;
    if (given > count) throw new RangeError(`Cannot store ${given} values in an array of ${count}`);
    for (let i = 0; i < count; i++) view[index + i] = values !== undefined && i < given ? values[i] : 0;
  }

  /** As {@linkcode Arena.setNumbers}, for 64-bit elements. */
  setBigInts(index: number, count: number, values: ArrayLike<bigint> | undefined): void {
    const given = values?.length ?? 0;
    if (given > count) throw new RangeError(`Cannot store ${given} values in an array of ${count}`);
    for (let i = 0; i < count; i++) this.u64[index + i] = values !== undefined && i < given ? values[i] : 0n;
  }

  /** Reads a fixed array. */
  numbers(view: ArrayLike<number>, index: number, count: number): number[] {
    return Array.from({ length: count }, (_, i) => view[index + i]);
  }

  /** Reads a fixed array of 64-bit elements. */
  bigInts(index: number, count: number): bigint[] {
    return Array.from(this.u64.subarray(index, index + count));
  }

  /** Writes a fixed array of structs; missing elements become zero. */
  setStructs<T>(at: number, type: StructType<T>, count: number, values: readonly T[] | undefined): void {
    const given = values?.length ?? 0;
    if (given > count) throw new RangeError(`Cannot store ${given} values in an array of ${count}`);
    this.zero(at, count * type.size);
    if (values !== undefined) { for (let i = 0; i < given; i++) type.write(this, at + i * type.size, values[i]); }
  }

  /** Reads a fixed array of structs. */
  structs<T>(at: number, type: StructType<T>, count: number): Out<T>[] {
    return Array.from({ length: count }, (_, i) => type.read(this, at + i * type.size));
  }

  /** Writes a pointer to a struct. */
  toStruct<T>(at: number, type: StructType<T>, value: Pointer<T> | null | undefined): void {
    if (value === undefined || value === null) this.u64[at >>> 3] = 0n;
    else if (typeof value === "bigint") this.u64[at >>> 3] = value;
    else this.point(at, this.place(type, value));
  }

  /** Writes a pointer to an array of structs. */
  toStructs<T>(at: number, type: StructType<T>, value: Pointer<readonly T[]> | null | undefined): void {
    if (value === undefined || value === null) this.u64[at >>> 3] = 0n;
    else if (typeof value === "bigint") this.u64[at >>> 3] = value;
    else if (value.length === 0) this.u64[at >>> 3] = 0n;
    else this.point(at, this.#placeAll(type, value));
  }

  /** Writes a pointer to an array of numbers; `view` says of which width. */
  toNumbers(
    at: number,
    view: Uint8Array | Uint16Array | Uint32Array | Int32Array | Float32Array,
    value: Pointer<ArrayLike<number>> | null | undefined,
  ): void {
    if (value === undefined || value === null) this.u64[at >>> 3] = 0n;
    else if (typeof value === "bigint") this.u64[at >>> 3] = value;
    else if (value.length === 0) this.u64[at >>> 3] = 0n;
    else {
      const target = this.allocRaw(value.length * view.BYTES_PER_ELEMENT);
      view.set(value, target / view.BYTES_PER_ELEMENT);
      this.point(at, target);
    }
  }

  /** Writes a pointer to an array of 64-bit values. */
  toBigInts(at: number, value: Pointer<ArrayLike<bigint>> | null | undefined): void {
    if (value === undefined || value === null) this.u64[at >>> 3] = 0n;
    else if (typeof value === "bigint") this.u64[at >>> 3] = value;
    else if (value.length === 0) this.u64[at >>> 3] = 0n;
    else {
      const target = this.allocRaw(value.length * 8);
      this.u64.set(value, target >>> 3);
      this.point(at, target);
    }
  }

  /** Writes a pointer to a string. */
  toText(at: number, value: Pointer<string> | null | undefined): void {
    if (value === undefined || value === null) this.u64[at >>> 3] = 0n;
    else if (typeof value === "bigint") this.u64[at >>> 3] = value;
    else this.point(at, this.cString(value));
  }

  /** Writes a pointer to an array of pointers to strings. */
  toTexts(at: number, value: Pointer<readonly string[]> | null | undefined): void {
    if (value === undefined || value === null) this.u64[at >>> 3] = 0n;
    else if (typeof value === "bigint") this.u64[at >>> 3] = value;
    else if (value.length === 0) this.u64[at >>> 3] = 0n;
    else {
      const table = this.allocRaw(value.length * 8);
      for (let i = 0; i < value.length; i++) this.point(table + i * 8, this.cString(value[i]));
      this.point(at, table);
    }
  }

  /** Writes a pNext: an address, or a chain placed in the arena. */
  toChain(at: number, value: Chain<string> | null | undefined): void {
    this.u64[at >>> 3] = typeof value === "bigint" ? value : 0n;
    if (value === undefined || value === null || typeof value === "bigint") return;
    let link = at;
    for (const next of value) link = this.#link(link, next);
  }

  #link(link: number, next: Chained): number {
    if (this.u64[link >>> 3] !== 0n) {
      throw new TypeError(`Cannot chain ${next.name}: the struct before it has a pNext of its own`);
    }
    const at = this.allocRaw(next.size, next.align);
    next.write(this, at);
    this.point(link, at);
    return at + 8;
  }

  #placeAll<T>(type: StructType<T>, values: readonly T[]): number {
    const at = this.allocRaw(type.size * values.length, type.align);
    for (let i = 0; i < values.length; i++) type.write(this, at + i * type.size, values[i]);
    return at;
  }
}
