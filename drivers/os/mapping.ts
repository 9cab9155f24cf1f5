// Memory mappings as ArrayBuffers: mmap(2), munmap, mprotect, madvise. The ArrayBuffer is the memory itself, not a copy, and
// it is detached before munmap: a view used too late reads as empty, where it would otherwise crash the process.
import { libc, orErrno } from "./libc.ts";
import { OsError } from "./os_error.ts";

/** Pages may be read. */
export const PROT_READ = 0x1;
/** Pages may be written. */
export const PROT_WRITE = 0x2;
/** Writes reach the file and its other mappings. */
export const MAP_SHARED = 0x01;
/** Writes stay here. */
export const MAP_PRIVATE = 0x02;
/** Place it exactly at the address, over what was there. */
export const MAP_FIXED = 0x10;
/** No file: zero-filled memory. */
export const MAP_ANONYMOUS = 0x20;
/** No swap space is reserved. */
export const MAP_NORESERVE = 0x4000;
/** Fault all pages in at once. */
export const MAP_POPULATE = 0x8000;
/** madvise: free the pages; they read as zero (anonymous) or the file's contents from then on. */
export const MADV_DONTNEED = 4;

let failed: Deno.PointerObject | null = null;
let lastLength = -1;
let lastLengthBig = 0n;

function toBig(length: number): bigint {
  if (length !== lastLength) {
    lastLengthBig = BigInt(length);
    lastLength = length;
  }
  return lastLengthBig;
}

/** A range of mapped memory, unmapped by `[Symbol.dispose]`. */
export class Mapping implements Disposable {
  /** First byte of the range. Dangling after disposal. */
  readonly pointer: Deno.PointerObject;
  /** Bytes. */
  readonly length: number;
  #buffer: ArrayBuffer | undefined;
  #mapped = true;

  private constructor(pointer: Deno.PointerObject, length: number) {
    this.pointer = pointer;
    this.length = length;
  }

  /**
   * Maps a file, or anonymous memory.
   *
   * @param fd the file, or -1 with MAP_ANONYMOUS
   * @param length bytes, at least 1; beyond the end of the file, access is SIGBUS: check the size, and the seals of a stranger's file
   * @param protection PROT_READ, PROT_WRITE
   * @param flags MAP_SHARED or MAP_PRIVATE, and the other `MAP_*`
   * @param offset bytes into the file, a multiple of the page size
   * @returns the mapping, or `-errno`: ENOMEM, EACCES, EPERM, EBADF, EINVAL
   */
  static tryMap(
    fd: number,
    length: number,
    protection: number = PROT_READ | PROT_WRITE,
    flags: number = MAP_SHARED,
    offset = 0,
  ): Mapping | number {
    const pointer = libc().mmap(null, toBig(length), protection, flags, fd, offset === 0 ? 0n : BigInt(offset));
    failed ??= Deno.UnsafePointer.create(0xffff_ffff_ffff_ffffn);
    if (Deno.UnsafePointer.equals(pointer, failed)) return orErrno(-1);
    return pointer === null ? orErrno(-1) : new Mapping(pointer, length);
  }

  /**
   * Maps a file, or anonymous memory, as `tryMap`.
   *
   * @param fd the file, or -1 with MAP_ANONYMOUS
   * @param length bytes, at least 1
   * @param protection PROT_READ, PROT_WRITE
   * @param flags MAP_SHARED or MAP_PRIVATE, and the other `MAP_*`
   * @param offset bytes into the file, a multiple of the page size
   * @returns the mapping
   * @throws {OsError} as mmap(2)
   */
  static map(fd: number, length: number, protection?: number, flags?: number, offset?: number): Mapping {
    const mapping = Mapping.tryMap(fd, length, protection, flags, offset);
    if (typeof mapping === "number") throw new OsError(`map ${length} bytes of fd ${fd}`, mapping);
    return mapping;
  }

  /**
   * The mapped memory. Writing to it without PROT_WRITE, or reading without PROT_READ, is SIGSEGV.
   *
   * @throws {TypeError} after disposal
   */
  get buffer(): ArrayBuffer {
    return this.#buffer ?? this.#wrap();
  }

  #wrap(): ArrayBuffer {
    if (!this.#mapped) throw new TypeError("Cannot read a mapping that was unmapped");
    return this.#buffer = Deno.UnsafePointerView.getArrayBuffer(this.pointer, this.length);
  }

  /** Whether it is still mapped. */
  get mapped(): boolean {
    return this.#mapped;
  }

  /**
   * Replaces what is mapped, at the same address: existing views see the file from now on.
   *
   * @param fd the file, at least `length` bytes long
   * @returns 0, or `-errno`; on failure the range may be unmapped only if the kernel says so (ENOMEM)
   * @throws {TypeError} after disposal
   */
  replace(fd: number): number {
    if (!this.#mapped) throw new TypeError("Cannot replace a mapping that was unmapped");
    const pointer = libc().mmap(
      this.pointer,
      toBig(this.length),
      PROT_READ | PROT_WRITE,
      MAP_SHARED | MAP_FIXED,
      fd,
      0n,
    );
    failed ??= Deno.UnsafePointer.create(0xffff_ffff_ffff_ffffn);
    return Deno.UnsafePointer.equals(pointer, failed) ? orErrno(-1) : 0;
  }

  /**
   * Maps a part of a file over a part of the range: existing views see it from now on.
   *
   * @param at where in the range, bytes, whole pages
   * @param length bytes, whole pages, inside the range
   * @param fd the file
   * @param offset where in the file, bytes, whole pages
   * @returns 0, or `-errno`
   * @throws {RangeError} outside the range
   * @throws {TypeError} after disposal
   */
  place(at: number, length: number, fd: number, offset: number): number {
    if (!this.#mapped) throw new TypeError("Cannot place a file in a mapping that was unmapped");
    if (!(at >= 0 && length > 0 && at + length <= this.length)) {
      throw new RangeError(`Cannot place ${length} bytes at ${at}: the mapping has ${this.length}`);
    }
    const pointer = libc().mmap(
      Deno.UnsafePointer.offset(this.pointer, at),
      BigInt(length),
      PROT_READ | PROT_WRITE,
      MAP_SHARED | MAP_FIXED,
      fd,
      BigInt(offset),
    );
    failed ??= Deno.UnsafePointer.create(0xffff_ffff_ffff_ffffn);
    return Deno.UnsafePointer.equals(pointer, failed) ? orErrno(-1) : 0;
  }

  /**
   * Changes what may be done with the memory.
   *
   * @param protection PROT_READ, PROT_WRITE, or 0
   * @returns 0, or `-errno`: EACCES, ENOMEM
   * @throws {TypeError} after disposal
   */
  protect(protection: number): number {
    if (!this.#mapped) throw new TypeError("Cannot protect a mapping that was unmapped");
    return orErrno(libc().mprotect(this.pointer, toBig(this.length), protection));
  }

  /**
   * Detaches every view and unmaps.
   *
   * @returns 0, or `-ENOMEM` if unmapping would split a range at the limit of ranges: the memory is still mapped, empty, and `mapped` is true
   */
  unmap(): number {
    if (!this.#mapped) return 0;
    this.#buffer?.transfer(0);
    this.#buffer = undefined;
    const result = libc().munmap(this.pointer, toBig(this.length));
    if (result === 0) {
      this.#mapped = false;
      return 0;
    }
    const failure = orErrno(result);
    libc().madvise(this.pointer, toBig(this.length), MADV_DONTNEED);
    return failure;
  }

  /** Detaches every view and unmaps. Twice does nothing. */
  [Symbol.dispose](): void {
    this.unmap();
  }
}
