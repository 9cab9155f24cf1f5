/**
 * The GPU virtual addresses of a process on an adapter: reservations, mappings of allocations, pages of fences. Below
 * `FENCE_BASE` lies what the process maps, as core/gpuvm.ts splits and joins it; above it the host puts fence pages.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import { type GpuVa, GpuVm } from "../../../core/gpuvm.ts";
import { ACCESS_READ, ACCESS_WRITE, type EngineRange } from "../../../core/host_dxg.ts";
import { PAGE_SIZE } from "../../../core/memory.ts";
import type { VramClient } from "../../../core/vram.ts";
import type { DxgAdapter } from "./adapter.ts";
import type { Backing } from "./backing.ts";
import type { FencePage } from "./fence_page.ts";

/** First address that a process may use; those below stay a trap for null pointers. */
export const VA_START = 0x1_0000;
/** Bits of an address. */
export const VA_BITS = 48;
/** First address of fence pages; the process's end below: it can map whatever address it has on the CPU (shared virtual memory). */
export const FENCE_BASE: number = 2 ** 47;
/** Alignment of addresses that the host chooses, where the range is that long. */
const ALIGN = 0x1_0000;

/** What stands somewhere. One object a request: pieces of a split mapping share it. */
export interface VaMapping {
  /** What is mapped; undefined for a reservation. */
  readonly backing: Backing | undefined;
  /** Whether it may be written. */
  readonly write: boolean;
  /** Of a reservation: whether it reads as zero; otherwise touching it is a fault. */
  readonly zero: boolean;
}

/** Who looks, and what for. */
export interface SpaceUser {
  /** A backing is about to be used. */
  touch(backing: Backing, write: boolean): void;
  /** Whether a job that was submitted while the backing was resident still runs. */
  mayUse(backing: Backing): boolean;
  /** A page of fences is about to be written. */
  touchPage(page: FencePage): void;
}

/** A reservation that faults. */
const NO_ACCESS: VaMapping = { backing: undefined, write: false, zero: false };
/** A reservation that reads as zero. */
const ZERO: VaMapping = { backing: undefined, write: false, zero: true };

/** The address space. */
export class GpuSpace {
  readonly #adapter: DxgAdapter;
  readonly #client: VramClient;
  readonly #limit: number;
  readonly #vm = new GpuVm<VaMapping>({ start: VA_START, range: FENCE_BASE - VA_START });
  // Fence pages by number, with how many handles see them.
  readonly #pages: ({ readonly page: FencePage; count: number } | undefined)[] = [];
  readonly #freePages: number[] = [];
  readonly #pageNumbers = new Map<FencePage, number>();
  // Where the next search for a hole begins.
  #cursor = ALIGN;
  #last: GpuVa<VaMapping> | undefined;

  /** @param limit mappings that there may be. */
  constructor(adapter: DxgAdapter, client: VramClient, limit: number) {
    this.#adapter = adapter;
    this.#client = client;
    this.#limit = limit;
  }

  /** Mappings and reservations. */
  get count(): number {
    return this.#vm.count;
  }

  /** The mapping at an address, for tests and tools. */
  at(address: number): GpuVa<VaMapping> | undefined {
    return this.#vm.at(address);
  }

  /** Where something of `size` bytes goes: at `base`, or if that is 0 in a hole between `minimum` and `maximum`. Throws EINVAL, ENOMEM. */
  choose(base: bigint, minimum: bigint, maximum: bigint, size: number): number {
    const whole = size > 0 && size % PAGE_SIZE === 0 && size <= FENCE_BASE;
    if (!whole || base % BigInt(PAGE_SIZE) !== 0n) throw outside(base, size);
    if (base !== 0n) {
      if (base < VA_START || base + BigInt(size) > FENCE_BASE) throw outside(base, size);
      return Number(base);
    }
    const least = Number(minimum < VA_START ? BigInt(VA_START) : minimum);
    const most = Number(maximum === 0n || maximum > FENCE_BASE ? BigInt(FENCE_BASE) : maximum);
    const align = size >= ALIGN ? ALIGN : PAGE_SIZE;
    const from = Math.max(least, this.#cursor);
    const found = this.#hole(from, most, size, align) ?? this.#hole(least, most, size, align);
    if (found === undefined) throw new DrmError("ENOMEM", `Cannot find ${size} bytes of GPU addresses`);
    this.#cursor = found + size;
    return found;
  }

  // Walks the mappings from an address on; with the cursor most searches end at once.
  #hole(least: number, most: number, size: number, align: number): number | undefined {
    let at = Math.ceil(least / align) * align;
    if (at + size > most) return undefined;
    for (const va of this.#vm.overlapping(at, most - at)) {
      if (at + size <= va.addr) return at;
      at = Math.ceil((va.addr + va.range) / align) * align;
      if (at + size > most) return undefined;
    }
    return at;
  }

  /** Whether nothing stands in a range. */
  isFree(addr: number, range: number): boolean {
    return this.#vm.findFirst(addr, range) === undefined;
  }

  /** Reserves a range: what was there goes. */
  reserve(addr: number, range: number, zero: boolean): void {
    this.#map({ addr, range, obj: zero ? ZERO : NO_ACCESS, offset: 0 });
  }

  /** Maps a part of a backing: what was there goes. Throws EINVAL if it is not a part. */
  map(addr: number, range: number, backing: Backing, offset: number, write: boolean): void {
    if (!(offset >= 0 && offset % PAGE_SIZE === 0 && offset + range <= backing.size)) {
      throw new DrmError("EINVAL", `Cannot map ${range} bytes at ${offset} of an allocation of ${backing.size}`);
    }
    this.#map({ addr, range, obj: { backing, write, zero: false }, offset });
  }

  /** Empties a range. */
  free(addr: number, range: number): void {
    this.#last = undefined;
    this.#room(1); // a hole in the middle of a mapping makes two of it
    this.#vm.apply(this.#vm.unmapOps(addr, range));
    if (addr < this.#cursor) this.#cursor = Math.max(ALIGN, addr);
  }

  /** Whether every address of a range is reserved or mapped. */
  covers(addr: number, range: number): boolean {
    let at = addr;
    for (const va of this.#vm.overlapping(addr, range)) {
      if (va.addr > at) return false;
      at = va.addr + va.range;
      if (at >= addr + range) return true;
    }
    return false;
  }

  /** Makes a range show what another shows now. Both must be covered and not overlap. Throws EINVAL, ENOMEM. */
  copy(source: number, dest: number, range: number): void {
    if (source < dest + range && dest < source + range) {
      throw new DrmError("EINVAL", "Cannot copy mappings: the ranges overlap");
    }
    const pieces = [...this.#vm.overlapping(source, range)];
    this.#room(pieces.length + 2);
    for (const va of pieces) {
      const first = Math.max(va.addr, source);
      const end = Math.min(va.addr + va.range, source + range);
      this.#map({
        addr: first - source + dest,
        range: end - first,
        obj: va.obj,
        offset: va.obj?.backing === undefined ? 0 : va.offset + (first - va.addr),
      });
    }
  }

  #map(va: GpuVa<VaMapping>): void {
    this.#last = undefined;
    this.#room(2);
    this.#vm.apply(this.#vm.mapOps(va));
  }

  #room(more: number): void {
    if (this.#vm.count + more > this.#limit) {
      throw new DrmError("ENOMEM", `Cannot map: there are ${this.#vm.count} mappings`);
    }
  }

  /** Makes the GPU see a page of fences; its address. Throws ENOMEM. */
  addPage(page: FencePage): number {
    let number = this.#pageNumbers.get(page);
    if (number === undefined) {
      page.memory(this.#adapter.engine);
      number = this.#freePages.pop() ?? this.#pages.length;
      this.#pages[number] = { page, count: 0 };
      this.#pageNumbers.set(page, number);
    }
    const entry = this.#pages[number];
    if (entry !== undefined) entry.count++;
    return FENCE_BASE + number * PAGE_SIZE;
  }

  /** Ends one `addPage`. */
  removePage(page: FencePage): void {
    const number = this.#pageNumbers.get(page);
    const entry = number === undefined ? undefined : this.#pages[number];
    if (number === undefined || entry === undefined || --entry.count > 0) return;
    this.#pages[number] = undefined;
    this.#freePages.push(number);
    this.#pageNumbers.delete(page);
  }

  /** What stands at an address, for a user that hears what it touches. False: a fault. */
  resolve(address: number, access: number, range: EngineRange, user: SpaceUser): boolean {
    if (address >= FENCE_BASE) return this.#resolvePage(address, access, range, user);
    let va = this.#last;
    if (va === undefined || address < va.addr || address >= va.addr + va.range) {
      va = this.#vm.at(address);
      if (va === undefined) return false;
      this.#last = va;
    }
    const mapping = va.obj;
    if (mapping === undefined) return false;
    const backing = mapping.backing;
    const within = address - va.addr;
    if (backing === undefined) {
      if (!mapping.zero || access !== ACCESS_READ) return false;
      const zero = this.#adapter.zero();
      range.memory = zero;
      range.offset = 0;
      range.length = Math.min(zero.size, va.range - within);
      return true;
    }
    if (access === ACCESS_WRITE && !mapping.write) return false;
    // What is not resident faults, though its memory may still be there: that depends on others.
    if (backing.memory === undefined || backing.node.offered) return false;
    if (!backing.node.pins.has(this.#client) && !user.mayUse(backing)) return false;
    user.touch(backing, access === ACCESS_WRITE);
    range.memory = backing.memory;
    range.offset = va.offset + within;
    range.length = va.range - within;
    return true;
  }

  #resolvePage(address: number, access: number, range: EngineRange, user: SpaceUser): boolean {
    const entry = this.#pages[Math.floor((address - FENCE_BASE) / PAGE_SIZE)];
    if (entry === undefined) return false;
    if (access === ACCESS_WRITE) user.touchPage(entry.page);
    range.memory = entry.page.memory(this.#adapter.engine);
    range.offset = address % PAGE_SIZE;
    range.length = PAGE_SIZE - range.offset;
    return true;
  }
}

function outside(base: bigint, size: number): DrmError {
  return new DrmError("EINVAL", `Cannot use ${size} bytes at GPU address 0x${base.toString(16)}`);
}
