/**
 * Memory: what a client's pointers reach (`UserMemory`), what backs an object (`Pages`), and what a device may touch
 * (`GuestMemory`). Mirrors copy_from_user, shmem and KVM's memslots.
 * @module
 */

import { DrmError } from "./error.ts";

/** Bytes of a page. */
export const PAGE_SIZE = 4096;

/** `size` rounded up to whole pages, bytes. */
export function pageAlign(size: number): number {
  return Math.ceil(size / PAGE_SIZE) * PAGE_SIZE;
}

/** A client's memory as its pointers name it. */
export interface UserMemory {
  /** copy_from_user: fills `target` from `address`. Throws EFAULT if any byte is out of reach. */
  copyIn(address: bigint, target: Uint8Array): void;
  /** copy_to_user: stores `source` at `address`. Throws EFAULT if any byte is out of reach. */
  copyOut(address: bigint, source: Uint8Array): void;
  /**
   * vm_mmap for a driver that puts memory into its client during an ioctl: whole pages, readable and writable. Absent where the
   * client's door cannot do that.
   *
   * @param segment whole pages. @throws {DrmError} ENOMEM
   */
  map?(segment: PageSegment): UserMapping;
  /**
   * pin_user_pages: the client's own memory, shared with it until disposed of; it stays when the client lets go of it. Absent
   * where the client's door cannot share.
   *
   * @param address of a page. @param length bytes, whole pages. @throws {DrmError} EFAULT if any byte is out of reach
   */
  pin?(address: bigint, length: number): PinnedMemory;
}

/** Memory that a driver has put into a client; disposing takes it away (vm_munmap). */
export interface UserMapping extends Disposable {
  /** Where the client sees it. */
  readonly address: bigint;
  /**
   * Whoever owns the pages frees them now: the client goes on to see what is there, as a copy of its own. Absent where the client's
   * mapping keeps the pages anyway.
   */
  detach?(): void;
}

/** Memory of a client in use by a driver. */
export interface PinnedMemory extends Disposable {
  /** Its pages, in order. */
  readonly segments: readonly PageSegment[];
}

/** Backing store of an object: whole pages that read as zero until written. */
export interface Pages extends Disposable {
  /** Size, bytes, a multiple of {@linkcode PAGE_SIZE}. */
  readonly size: number;
  /** All of it. Ask anew for each use: an unpinned mapping may be dropped and made again between two calls. */
  bytes(): Uint8Array;
  /** Keeps the mapping where it is until as many `unpin` calls: for client mappings and memory imported by a GPU. */
  pin(): void;
  /** Ends one `pin`. */
  unpin(): void;
  /** The descriptor behind it in this process (a sealed memfd), when the allocator has such. */
  readonly fd?: number;
  /** Where in `fd` it begins, bytes; 0 by default. */
  readonly fdOffset?: number;
  /** What it is made of, when that is not one range (a udmabuf of several): `bytes` then needs {@linkcode PageAllocator.join}. */
  readonly segments?: readonly PageSegment[];
}

/** A range of pages. */
export interface PageSegment {
  /** Whose. */
  readonly pages: Pages;
  /** First byte. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
}

/** Where backing store comes from. */
export interface PageAllocator {
  /** New pages of `size` bytes (a multiple of {@linkcode PAGE_SIZE}), named for debugging. Throws ENOMEM. */
  allocate(size: number, name: string): Pages;
  /** One range of addresses over several ranges of pages of this allocator, copying nothing; absent where that cannot be. */
  join?(segments: readonly PageSegment[]): Pages;
}

class HeapPages implements Pages {
  readonly size: number;
  #bytes: Uint8Array | undefined = undefined;

  constructor(size: number) {
    this.size = size;
  }
  bytes(): Uint8Array {
    if (this.#bytes === undefined) {
      try {
        this.#bytes = new Uint8Array(this.size);
      } catch {
        throw new DrmError("ENOMEM", `Cannot allocate ${this.size} bytes`);
      }
    }
    return this.#bytes;
  }
  pin(): void {}
  unpin(): void {}
  [Symbol.dispose](): void {
    this.#bytes = undefined;
  }
}

/** Pages in ArrayBuffers, allocated when first touched: needs no permission. */
export function heapAllocator(): PageAllocator {
  return { allocate: (size) => new HeapPages(size) };
}

/** Pages that give their size back to a budget. */
class BudgetPages implements Pages {
  readonly size: number;
  readonly #inner: Pages;
  #budget: BudgetAllocator | undefined;

  constructor(inner: Pages, budget: BudgetAllocator) {
    this.size = inner.size;
    this.#inner = inner;
    this.#budget = budget;
  }
  get fd(): number | undefined {
    return this.#inner.fd;
  }
  get fdOffset(): number | undefined {
    return this.#inner.fdOffset;
  }
  get inner(): Pages {
    return this.#inner;
  }
  bytes(): Uint8Array {
    return this.#inner.bytes();
  }
  pin(): void {
    this.#inner.pin();
  }
  unpin(): void {
    this.#inner.unpin();
  }
  [Symbol.dispose](): void {
    const budget = this.#budget;
    if (budget === undefined) return;
    this.#budget = undefined;
    budget.release(this.size);
    this.#inner[Symbol.dispose]();
  }
}

/** An allocator that counts: beyond `limit` bytes alive at once it throws ENOMEM. */
export class BudgetAllocator implements PageAllocator {
  #used = 0;
  readonly #inner: PageAllocator;
  /** Bytes that may be alive at once. */
  readonly limit: number;
  /** Called when the budget does not suffice: it may let go of memory that nobody uses any more (direct reclaim). */
  onShort: (() => void) | undefined = undefined;
  /** The inner allocator's, if it has one. */
  readonly join?: (segments: readonly PageSegment[]) => Pages;

  /** Counts what `inner` allocates. @param inner where pages come from. @param limit bytes. */
  constructor(inner: PageAllocator, limit: number) {
    this.#inner = inner;
    this.limit = limit;
    if (inner.join !== undefined) {
      this.join = (segments) =>
        inner.join!(segments.map((s) => s.pages instanceof BudgetPages ? { ...s, pages: s.pages.inner } : s));
    }
  }
  /** Bytes alive now. */
  get used(): number {
    return this.#used;
  }
  /** New pages of `size` bytes. Throws ENOMEM when the budget is spent. */
  allocate(size: number, name: string): Pages {
    if (!(this.#used + size <= this.limit)) this.onShort?.();
    if (!(this.#used + size <= this.limit)) {
      throw new DrmError(
        "ENOMEM",
        `Cannot allocate ${size} bytes for ${name}: ${this.#used} of ${this.limit} are in use`,
      );
    }
    const pages = new BudgetPages(this.#inner.allocate(size, name), this);
    this.#used += size;
    return pages;
  }
  /** Gives `size` bytes back; the pages themselves call it. */
  release(size: number): void {
    this.#used -= size;
  }
}

/** A buffer in a client's heap. */
export interface UserBuffer {
  /** Its address, for pointer members of structs. */
  readonly address: bigint;
  /** Its bytes. */
  readonly bytes: Uint8Array;
}

const CHUNK = 1 << 20;
const BASE = 0x10_0000_0000;

/** The heap of an in-process client: memory with addresses, so that structs can point. Address 0 is never in it. */
export class UserHeap implements UserMemory {
  // Chunk i lies at BASE + i * CHUNK; one larger than CHUNK fills as many places.
  readonly #chunks: (Uint8Array | undefined)[] = [];
  readonly #live: number[] = [];
  #current = -1;
  #used = 0;

  /** New zeroed memory of `size` bytes, 16-byte aligned. */
  alloc(size: number): UserBuffer {
    const length = Math.max(16, Math.ceil(size / 16) * 16);
    if (this.#current < 0 || this.#used + length > this.#chunks[this.#current]!.length) this.#newChunk(length);
    const offset = this.#used;
    this.#used += length;
    this.#live[this.#current]++;
    const chunk = this.#chunks[this.#current]!;
    const bytes = chunk.subarray(offset, offset + size).fill(0);
    return { address: BigInt(BASE + this.#current * CHUNK + offset), bytes };
  }

  /** Copies `source` into new memory. */
  from(source: Uint8Array): UserBuffer {
    const buffer = this.alloc(source.length);
    buffer.bytes.set(source);
    return buffer;
  }

  /** Gives a buffer back. Its chunk is reused when nothing in it lives. */
  free(buffer: UserBuffer): void {
    const index = this.#place(Number(buffer.address) - BASE);
    if (this.#chunks[index] === undefined || --this.#live[index] > 0) return;
    if (index === this.#current) this.#used = 0;
    else this.#drop(index);
  }

  #drop(index: number): void {
    this.#chunks[index] = undefined;
    for (let i = index + 1; this.#chunks[i]?.length === 0; i++) this.#chunks[i] = undefined;
  }

  // The chunk that an offset lies in: places behind the first of a large chunk lead back to it.
  #place(offset: number): number {
    let index = Math.floor(offset / CHUNK);
    while (index > 0 && this.#chunks[index]?.length === 0) index--;
    return index;
  }

  /** The bytes at `address`, in place. Throws EFAULT. */
  bytes(address: bigint, length: number): Uint8Array {
    return length === 0 ? new Uint8Array(0) : this.#range(address, length);
  }

  /** Fills `target` from `address`. Throws EFAULT. */
  copyIn(address: bigint, target: Uint8Array): void {
    if (target.length === 0) return;
    target.set(this.#range(address, target.length));
  }

  /** Stores `source` at `address`. Throws EFAULT. */
  copyOut(address: bigint, source: Uint8Array): void {
    if (source.length === 0) return;
    this.#range(address, source.length).set(source);
  }

  #newChunk(length: number): void {
    if (this.#current >= 0 && this.#live[this.#current] === 0) this.#drop(this.#current);
    const places = Math.ceil(length / CHUNK);
    let index = places === 1 ? this.#chunks.indexOf(undefined) : -1;
    if (index < 0) index = this.#chunks.length;
    // Places behind the first of a large chunk point at nothing of their own: #range starts at the first.
    for (let i = 0; i < places; i++) {
      this.#chunks[index + i] = i === 0 ? new Uint8Array(places * CHUNK) : new Uint8Array(0);
    }
    this.#live[index] = 0;
    this.#current = index;
    this.#used = 0;
  }

  #range(address: bigint, length: number): Uint8Array {
    const offset = Number(address) - BASE;
    const index = this.#place(offset);
    const chunk = this.#chunks[index];
    const start = offset - index * CHUNK;
    if (chunk === undefined || start < 0 || start + length > chunk.length) {
      throw new DrmError(
        "EFAULT",
        `Cannot reach ${length} bytes at 0x${address.toString(16)}: not this client's memory`,
      );
    }
    return chunk.subarray(start, start + length);
  }
}
