/**
 * `LocalMemory`: the addresses of an in-process client: its heap, and what drivers have mapped into it. Mirrors what vm_mmap and
 * pin_user_pages do for a driver.
 * @module
 */

import { DrmError } from "./error.ts";
import { GuestMemory } from "./guest_memory.ts";
import {
  PAGE_SIZE,
  type Pages,
  type PageSegment,
  type PinnedMemory,
  type UserHeap,
  type UserMapping,
  type UserMemory,
} from "./memory.ts";

/** Where mappings begin, far above the heap. */
const MAP_BASE = 0x7000_0000_0000n;

/** A range of the heap as pages. The buffer stays for as long as anybody has them. */
class HeapRange implements Pages {
  readonly size: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.size = bytes.length;
  }
  bytes(): Uint8Array {
    return this.#bytes;
  }
  pin(): void {}
  unpin(): void {}
  [Symbol.dispose](): void {}
}

/** The memory of an in-process client. */
export class LocalMemory implements UserMemory {
  readonly #heap: UserHeap;
  // A client's mappings are slots by address, as a guest's memory is.
  readonly #mapped = new GuestMemory();

  /** The addresses of a heap, and nothing mapped. */
  constructor(heap: UserHeap) {
    this.#heap = heap;
  }

  /** Fills `target` from `address`. Throws EFAULT. */
  copyIn(address: bigint, target: Uint8Array): void {
    if (target.length === 0) return;
    if (address >= MAP_BASE) this.#mapped.read(offset(address), target);
    else this.#heap.copyIn(address, target);
  }

  /** Stores `source` at `address`. Throws EFAULT. */
  copyOut(address: bigint, source: Uint8Array): void {
    if (source.length === 0) return;
    if (address >= MAP_BASE) this.#mapped.write(offset(address), source);
    else this.#heap.copyOut(address, source);
  }

  /** The bytes at `address`, in place; of a mapping, they must lie in one. Throws EFAULT. */
  bytes(address: bigint, length: number): Uint8Array {
    return address >= MAP_BASE ? this.#mapped.bytes(offset(address), length) : this.#heap.bytes(address, length);
  }

  /** Makes pages visible at an address of its choice. Throws ENOMEM. */
  map({ pages, offset, length }: PageSegment): UserMapping {
    pages.pin();
    try {
      let slot = this.#mapped.add(pages, offset, length), isOwn = false;
      const { gpa } = slot;
      const remove = (): void => {
        this.#mapped.remove(slot);
        if (!isOwn) pages.unpin();
      };
      return {
        address: MAP_BASE + BigInt(gpa),
        detach: () => {
          if (!slot.live || isOwn) return;
          const copy = new HeapRange(pages.bytes().slice(offset, offset + length));
          remove();
          isOwn = true;
          slot = this.#mapped.add(copy, 0, length, gpa);
        },
        [Symbol.dispose]: () => {
          if (slot.live) remove();
        },
      };
    } catch (error) {
      pages.unpin();
      throw error;
    }
  }

  /** Shares whole pages of the heap. Throws EFAULT for what is none of it, EINVAL for no pages. */
  pin(address: bigint, length: number): PinnedMemory {
    if (address % BigInt(PAGE_SIZE) !== 0n || !(length > 0) || length % PAGE_SIZE !== 0) {
      throw new DrmError("EINVAL", `Cannot pin ${length} bytes at 0x${address.toString(16)}: no whole pages`);
    }
    if (address >= MAP_BASE) throw new DrmError("EFAULT", "Cannot pin memory of a device");
    const pages = new HeapRange(this.#heap.bytes(address, length));
    return { segments: [{ pages, offset: 0, length }], [Symbol.dispose]: () => {} };
  }
}

// Addresses beyond 2^53 round to others as far out, where nothing is mapped.
function offset(address: bigint): number {
  return Number(address - MAP_BASE);
}
