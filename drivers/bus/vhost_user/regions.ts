/**
 * The guest's memory as a front end shares it: regions, each mapped from a descriptor and known by a guest address and an address
 * of the front end. SET_MEM_TABLE, ADD_MEM_REG and REM_MEM_REG of the vhost-user protocol.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import type { GuestMemory, GuestSlot } from "../../../core/guest_memory.ts";
import type { Pages } from "../../../core/memory.ts";
import type { vhost_user_memory_region } from "../../../uapi/vhost_user.ts";
import { F_SEAL_SHRINK, fstat, getSeals, Mapping, S_IFMT, S_IFREG } from "../../os/mod.ts";
import { VhostUserError } from "./error.ts";

/** Regions that a front end may have: as many as KVM has slots on x86, less those that QEMU keeps for itself. */
export const MEM_SLOTS_MAX = 509;
/** Bytes of all regions together: look-up keeps a list for each MiB of addresses. */
const MEMORY_MAX = 2 ** 38;
/** Guest addresses are below this. */
const ADDRESS_MAX = 2 ** 52;
/** A region is mapped in parts of this size: no ArrayBuffer is larger than what any engine takes. */
const PART = 2 ** 30;
const PAGE = 4096;

/** Pages of a front end's descriptor, mapped until nobody pins them. */
class RegionPages implements Pages {
  readonly size: number;
  readonly #mapping: Mapping;
  readonly #bytes: Uint8Array;
  #pins = 0;
  #closed = false;

  constructor(fd: number, offset: number, size: number) {
    this.size = size;
    const mapping = Mapping.tryMap(fd, size, undefined, undefined, offset);
    if (typeof mapping === "number") throw new VhostUserError(`a region cannot be mapped: errno ${-mapping}`);
    this.#mapping = mapping;
    this.#bytes = new Uint8Array(mapping.buffer);
  }
  bytes(): Uint8Array {
    return this.#bytes;
  }
  pin(): void {
    this.#pins++;
  }
  unpin(): void {
    if (--this.#pins === 0 && this.#closed) this.#mapping[Symbol.dispose]();
  }
  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    // Rings and GPUs may still look at a region that was taken away: it goes with the last of them.
    if (this.#pins === 0) this.#mapping[Symbol.dispose]();
  }
}

interface Region {
  readonly gpa: number;
  readonly size: number;
  readonly user: number;
  readonly offset: number;
  readonly dev: bigint;
  readonly ino: bigint;
  readonly parts: readonly { readonly pages: RegionPages; readonly slot: GuestSlot }[];
}

/** The regions of one front end. */
export class Regions {
  readonly #memory: GuestMemory;
  #regions: Region[] = [];

  /** @param memory where they appear. */
  constructor(memory: GuestMemory) {
    this.#memory = memory;
  }

  /** How many there are. */
  get count(): number {
    return this.#regions.length;
  }

  /**
   * One more region.
   *
   * @param description what the front end says. @param fd its memory; stays the caller's.
   * @throws {VhostUserError} if it cannot be: addresses, size, alignment, overlap, too many, a descriptor that is not fit
   */
  add(description: vhost_user_memory_region, fd: number): void {
    const region = this.#open(description, fd);
    this.#regions.push(region);
  }

  /** One region less. @throws {VhostUserError} if there is no such region. */
  remove({ guest_addr, size, user_addr }: vhost_user_memory_region): void {
    const index = this.#regions.findIndex((r) => r.gpa === guest_addr && r.size === size && r.user === user_addr);
    if (index < 0) throw new VhostUserError(`there is no region of ${size} bytes at ${hex(guest_addr)} to remove`);
    this.#drop(this.#regions.splice(index, 1)[0]);
  }

  /**
   * Other regions in place of all there are. Those that are the same stay where they are. If one cannot be, none is there.
   *
   * @throws {VhostUserError} as `add`
   */
  replace(descriptions: readonly vhost_user_memory_region[], fds: readonly number[]): void {
    const kept: Region[] = [];
    const fresh: number[] = [];
    descriptions.forEach((d, i) => {
      const { dev, ino } = fstat(fds[i]);
      const old = this.#regions.find((r) =>
        r.gpa === d.guest_addr && r.size === d.size && r.user === d.user_addr && r.offset === d.mmap_offset &&
        r.dev === dev && r.ino === ino
      );
      if (old !== undefined && !kept.includes(old)) kept.push(old);
      else fresh.push(i);
    });
    for (const region of this.#regions) if (!kept.includes(region)) this.#drop(region);
    this.#regions = kept;
    try {
      for (const i of fresh) this.add(descriptions[i], fds[i]);
    } catch (error) {
      this.clear();
      throw error;
    }
  }

  /** The guest address of `length` bytes at an address of the front end; undefined if no region holds them. */
  guestAddress(user: number, length: number): number | undefined {
    for (const region of this.#regions) {
      if (user >= region.user && user + length <= region.user + region.size) return region.gpa + (user - region.user);
    }
    return undefined;
  }

  /** Forgets all. */
  clear(): void {
    for (const region of this.#regions.splice(0)) this.#drop(region);
  }

  #open(d: vhost_user_memory_region, fd: number): Region {
    const { guest_addr: gpa, size, user_addr: user, mmap_offset: offset } = d;
    const name = `the region of ${size} bytes at ${hex(gpa)}`;
    if (this.#regions.length >= MEM_SLOTS_MAX) throw new VhostUserError(`there are ${MEM_SLOTS_MAX} regions already`);
    if (!(size > 0 && gpa + size <= ADDRESS_MAX && user + size <= 2 ** 53 && offset + size <= 2 ** 53)) {
      throw new VhostUserError(`${name} cannot be: user address ${hex(user)}, offset ${hex(offset)}`);
    }
    if (gpa % PAGE !== 0 || size % PAGE !== 0 || user % PAGE !== 0 || offset % PAGE !== 0) {
      throw new VhostUserError(`${name} does not lie on pages: user address ${hex(user)}, offset ${hex(offset)}`);
    }
    let total = size;
    for (const other of this.#regions) {
      total += other.size;
      if (gpa < other.gpa + other.size && other.gpa < gpa + size) throw new VhostUserError(`${name} overlaps another`);
      if (user < other.user + other.size && other.user < user + size) {
        throw new VhostUserError(`${name} overlaps another in the front end's addresses`);
      }
    }
    if (total > MEMORY_MAX) throw new VhostUserError(`${name} makes it more than ${MEMORY_MAX / 2 ** 30} GiB`);
    const { dev, ino } = this.#check(name, fd, offset + size);
    const parts: { pages: RegionPages; slot: GuestSlot }[] = [];
    try {
      for (let at = 0; at < size; at += PART) {
        const length = Math.min(PART, size - at);
        const pages = new RegionPages(fd, offset + at, length);
        try {
          parts.push({ pages, slot: this.#memory.add(pages, 0, length, gpa + at) });
        } catch (error) {
          pages[Symbol.dispose]();
          throw error;
        }
      }
    } catch (error) {
      for (const part of parts) this.#close(part);
      throw error instanceof DrmError ? new VhostUserError(`${name}: ${error.message}`) : error;
    }
    return { gpa, size, user, offset, dev, ino, parts };
  }

  // Whoever can make a file shorter can kill whoever has mapped it (SIGBUS): a front end's memory must be sealed against it.
  #check(name: string, fd: number, end: number): { readonly dev: bigint; readonly ino: bigint } {
    const { mode, size, dev, ino } = fstat(fd);
    const seals = getSeals(fd);
    if ((mode & S_IFMT) !== S_IFREG || seals < 0) {
      throw new VhostUserError(
        `${name} is no memfd: start QEMU with -object memory-backend-memfd,id=mem,size=...,share=on -machine memory-backend=mem`,
      );
    }
    if ((seals & F_SEAL_SHRINK) === 0) {
      throw new VhostUserError(
        `${name} lies in a memfd without F_SEAL_SHRINK, which can be cut off under the device: give memory-backend-memfd seal=on`,
      );
    }
    if (end > size) throw new VhostUserError(`${name} ends at ${end} of a memfd of ${size} bytes`);
    return { dev, ino };
  }

  #drop(region: Region): void {
    for (const part of region.parts) this.#close(part);
  }

  #close({ pages, slot }: { readonly pages: RegionPages; readonly slot: GuestSlot }): void {
    this.#memory.remove(slot);
    pages[Symbol.dispose]();
  }
}

const hex = (value: number): string => `0x${value.toString(16)}`;
