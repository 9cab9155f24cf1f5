/**
 * `ClientSpace`: what the server knows of a client process's addresses: the range that the client library has set aside for
 * mappings of drivers, which the server alone gives out (the kernel's get_unmapped_area), and the client's own memory that
 * drivers use.
 * @module
 */

import { PAGE_SIZE, type Pages } from "../../../core/memory.ts";
import { type Range, RangeAllocator } from "../../../core/range_allocator.ts";

/** The most bytes that a client may set aside: its addresses end there. */
const ADDRESSES = 2 ** 47;

/** Memory of a client that is a memfd now, which the client has mapped over what was there. */
export class PinnedRange {
  /** Its pages. */
  readonly pages: Pages;
  /** What /proc/PID/maps says of the file: device and inode. */
  readonly file: string;
  /** How many use it. */
  users = 1;

  /** @param pages whose bytes are the client's. @param file device and inode. */
  constructor(pages: Pages, file: string) {
    this.pages = pages;
    this.file = file;
  }
}

/** The addresses of a process. */
export class ClientSpace {
  /** Where the range begins, bytes. */
  readonly base: number;
  /** Its bytes; 0 if there is none. */
  readonly size: number;
  /** The client's own memory in use, by file. */
  readonly pinned: Map<string, PinnedRange> = new Map();
  /** Ranges that are to be unmapped by the next answer that can tell. */
  unmaps: Range[] = [];
  /** Connections of the process. */
  connections = 0;
  #live = 0;
  readonly #ranges: RangeAllocator | undefined;

  /** @param base @param size of the range that was set aside, bytes; what cannot be one counts as none. */
  constructor(base: number, size: number) {
    const isRange = base > 0 && size > 0 && base % PAGE_SIZE === 0 && size % PAGE_SIZE === 0 &&
      base + size <= ADDRESSES;
    this.base = base;
    this.size = isRange ? size : 0;
    this.#ranges = isRange ? new RangeAllocator(base / PAGE_SIZE, size / PAGE_SIZE) : undefined;
  }

  /** Takes addresses for whole pages; undefined if there are none left. @param length bytes. */
  take(length: number): Range | undefined {
    const range = this.#ranges?.allocate(length / PAGE_SIZE);
    if (range !== undefined) this.#live++;
    return range;
  }

  /** Gives addresses back that the client has unmapped, or never had mapped. */
  give(range: Range): void {
    this.#ranges?.release(range);
    this.#live--;
  }

  /** Whether anybody still needs to know. */
  get isIdle(): boolean {
    return this.connections === 0 && this.#live === this.unmaps.length && this.pinned.size === 0;
  }
}

/** The spaces of all client processes. */
export class ClientSpaces {
  readonly #byPid = new Map<number, ClientSpace>();

  /** How many there are. */
  get count(): number {
    this.#sweep();
    return this.#byPid.size;
  }

  /**
   * A thread of a process connects.
   *
   * @param pid whose. @param base @param size what it has set aside. A program that was executed has other addresses than the one
   * before it in the same process: what that had is forgotten.
   */
  enter(pid: number, base: number, size: number): ClientSpace {
    let space = this.#byPid.get(pid);
    if (space === undefined) this.#sweep();
    if (space === undefined || space.base !== base) {
      space = new ClientSpace(base, size);
      this.#byPid.set(pid, space);
    }
    space.connections++;
    return space;
  }

  // Few processes come and go at a time, so that all are looked at.
  #sweep(): void {
    for (const [pid, space] of this.#byPid) if (space.isIdle) this.#byPid.delete(pid);
  }
}
