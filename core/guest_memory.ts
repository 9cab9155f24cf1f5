/**
 * `GuestMemory`: the dynamic list of slots through which a device sees its guest's memory, as KVM's memslots and
 * vhost-user's memory regions. Guest-physical addresses are Numbers (below 2^53).
 * @module
 */

import { DrmError } from "./error.ts";
import { PAGE_SIZE, pageAlign, type Pages } from "./memory.ts";
import { type Range, RangeAllocator } from "./range_allocator.ts";

/** One range of guest-physical addresses. */
export interface GuestSlot {
  /** First guest-physical address. */
  readonly gpa: number;
  /** The memory behind it. */
  readonly pages: Pages;
  /** Where in `pages` the slot begins, bytes. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
  /** Unique for the life of the GuestMemory: a cached look-up is good while the slot's generation is unchanged. */
  readonly generation: number;
  /** False once removed. */
  readonly live: boolean;
}

interface MutableSlot extends GuestSlot {
  live: boolean;
  // What the slot takes of the addresses that `add` hands out.
  readonly range: Range | undefined;
}

/** First address that `add` hands out, and how many bytes of addresses there are. */
const FIRST_GPA = 0x1_0000_0000;
const GPA_SPACE = 2 ** 52;
const SPAN = 1 << 20;

/** The slots of one guest. Look-up takes the same time for 10 and for 100,000 slots. */
export class GuestMemory {
  // A directory of 1 MiB spans: each lists the slots that touch it, in the order of addresses.
  readonly #spans = new Map<number, MutableSlot[]>();
  readonly #ranges = new RangeAllocator(FIRST_GPA / PAGE_SIZE, GPA_SPACE / PAGE_SIZE);
  readonly #reserved = new Set<Range>();
  #generation = 0;
  #empty = 0;
  #count = 0;
  #last: MutableSlot | undefined;

  /** Live slots. */
  get count(): number {
    return this.#count;
  }

  /**
   * Makes `length` bytes of `pages` from `offset` visible to the device.
   *
   * @param gpa where; omitted, a free page-aligned address is chosen.
   * @throws {DrmError} EINVAL if the range is outside `pages` or `gpa` is no address; EEXIST if it overlaps a slot (also in the
   * page of one whose address was chosen here); ENOMEM if no addresses are left.
   */
  add(pages: Pages, offset: number, length: number, gpa?: number): GuestSlot {
    if (!(length > 0) || offset < 0 || offset + length > pages.size) {
      throw new DrmError("EINVAL", `Cannot map ${length} bytes at ${offset}: the pages hold ${pages.size}`);
    }
    let range: Range | undefined;
    if (gpa === undefined) {
      range = this.#ranges.allocate(pageAlign(length) / PAGE_SIZE);
      if (range === undefined) throw new DrmError("ENOMEM", `Cannot find guest addresses for ${length} bytes`);
      gpa = range.start * PAGE_SIZE;
    } else {
      if (!Number.isSafeInteger(gpa) || gpa < 0 || !Number.isSafeInteger(gpa + length)) {
        throw new DrmError("EINVAL", `Cannot map guest address ${gpa}`);
      }
      if (this.#overlaps(gpa, length)) throw taken(gpa);
      range = this.#isReserved(gpa, length) ? undefined : this.#claim(gpa, length);
    }
    const slot: MutableSlot = { gpa, pages, offset, length, generation: ++this.#generation, live: true, range };
    for (let span = Math.floor(gpa / SPAN); span * SPAN < gpa + length; span++) {
      const list = this.#spans.get(span);
      if (list === undefined) this.#spans.set(span, [slot]);
      else {
        if (list.length === 0) this.#empty--;
        list.splice(after(list, gpa), 0, slot);
      }
    }
    this.#count++;
    return slot;
  }

  /** Takes a slot away; the device sees EFAULT there from now on. */
  remove(slot: GuestSlot): void {
    const own = slot as MutableSlot;
    if (!own.live) return;
    own.live = false;
    this.#count--;
    if (this.#last === own) this.#last = undefined;
    for (let span = Math.floor(own.gpa / SPAN); span * SPAN < own.gpa + own.length; span++) {
      const list = this.#spans.get(span);
      if (!list) continue;
      const index = list.indexOf(own);
      if (index >= 0) list.splice(index, 1);
      if (list.length === 0) this.#empty++;
    }
    // Empty lists stay for the next slot there (a Map slows down when few keys come and go among many that stay), until
    // they are many.
    if (this.#empty > 64 + this.#spans.size / 2) this.#sweep();
    if (own.range !== undefined) this.#ranges.release(own.range);
  }

  /**
   * Keeps addresses for slots whose place is given, as a device's window: `add` chooses none there.
   *
   * @param gpa of a page. @param length bytes, whole pages. @returns what `release` takes
   * @throws {DrmError} EINVAL for what are no addresses to choose from; EEXIST where a slot is
   */
  reserve(gpa: number, length: number): Range {
    const whole = gpa % PAGE_SIZE === 0 && length % PAGE_SIZE === 0 && length > 0;
    if (!whole || gpa < FIRST_GPA || !(gpa + length <= FIRST_GPA + GPA_SPACE)) {
      throw new DrmError("EINVAL", `Cannot reserve ${length} bytes of guest addresses at ${gpa}`);
    }
    const range = this.#claim(gpa, length);
    if (range === undefined) throw taken(gpa);
    this.#reserved.add(range);
    return range;
  }

  /** Ends what `reserve` began; addresses where a slot still is stay kept. */
  release(range: Range): void {
    if (!this.#reserved.has(range) || this.#overlaps(range.start * PAGE_SIZE, range.length * PAGE_SIZE)) return;
    this.#reserved.delete(range);
    this.#ranges.release(range);
  }

  /** The slot that holds `gpa`, or undefined. */
  find(gpa: number): GuestSlot | undefined {
    const last = this.#last;
    if (last !== undefined && gpa >= last.gpa && gpa < last.gpa + last.length) return last;
    const list = this.#spans.get(Math.floor(gpa / SPAN));
    if (list === undefined) return undefined;
    const slot = list[after(list, gpa) - 1];
    if (slot === undefined || gpa >= slot.gpa + slot.length) return undefined;
    return this.#last = slot;
  }

  /** `length` bytes at `gpa` in place. They must lie in one slot. Throws EFAULT. The view is for use at once, not to keep. */
  bytes(gpa: number, length: number): Uint8Array {
    const slot = this.find(gpa);
    if (slot === undefined || gpa + length > slot.gpa + slot.length) throw outside(gpa, length);
    const start = slot.offset + (gpa - slot.gpa);
    return slot.pages.bytes().subarray(start, start + length);
  }

  /** Copies guest memory from `gpa` into `target`; the range may cross slots. Throws EFAULT. */
  read(gpa: number, target: Uint8Array): void {
    for (let done = 0; done < target.length;) {
      const piece = this.#piece(gpa + done, target.length - done);
      target.set(piece, done);
      done += piece.length;
    }
  }

  /** Copies `source` into guest memory at `gpa`; the range may cross slots. Throws EFAULT. */
  write(gpa: number, source: Uint8Array): void {
    for (let done = 0; done < source.length;) {
      const piece = this.#piece(gpa + done, source.length - done);
      piece.set(source.subarray(done, done + piece.length));
      done += piece.length;
    }
  }

  /** Whether every byte of the range lies in some slot. */
  contains(gpa: number, length: number): boolean {
    for (let done = 0; done < length;) {
      const slot = this.find(gpa + done);
      if (slot === undefined) return false;
      done = slot.gpa + slot.length - gpa;
    }
    return true;
  }

  #piece(gpa: number, most: number): Uint8Array {
    const slot = this.find(gpa);
    if (slot === undefined) throw outside(gpa, most);
    const start = slot.offset + (gpa - slot.gpa);
    return slot.pages.bytes().subarray(start, start + Math.min(most, slot.gpa + slot.length - gpa));
  }

  #sweep(): void {
    for (const [span, list] of this.#spans) if (list.length === 0) this.#spans.delete(span);
    this.#empty = 0;
  }

  #overlaps(gpa: number, length: number): boolean {
    for (let span = Math.floor(gpa / SPAN); span * SPAN < gpa + length; span++) {
      for (const slot of this.#spans.get(span) ?? []) {
        if (gpa < slot.gpa + slot.length && slot.gpa < gpa + length) return true;
      }
    }
    return false;
  }

  #isReserved(gpa: number, length: number): boolean {
    for (const { start, length: pages } of this.#reserved) {
      if (gpa >= start * PAGE_SIZE && gpa + length <= (start + pages) * PAGE_SIZE) return true;
    }
    return false;
  }

  // Keeps `add` from handing out what a slot placed by hand takes of its addresses.
  #claim(gpa: number, length: number): Range | undefined {
    const first = Math.max(FIRST_GPA, Math.floor(gpa / PAGE_SIZE) * PAGE_SIZE);
    const end = Math.min(FIRST_GPA + GPA_SPACE, pageAlign(gpa + length));
    if (first >= end) return undefined;
    const range = this.#ranges.claim(first / PAGE_SIZE, (end - first) / PAGE_SIZE);
    if (range === undefined) throw taken(gpa);
    return range;
  }
}

/** Where in a list of slots those begin that lie behind `gpa`. */
function after(list: readonly GuestSlot[], gpa: number): number {
  let low = 0;
  for (let high = list.length; low < high;) {
    const middle = (low + high) >> 1;
    if (list[middle].gpa <= gpa) low = middle + 1;
    else high = middle;
  }
  return low;
}

function taken(gpa: number): DrmError {
  return new DrmError("EEXIST", `Cannot map guest address 0x${gpa.toString(16)}: a slot is there`);
}

function outside(gpa: number, length: number): DrmError {
  return new DrmError(
    "EFAULT",
    `Cannot reach ${length} bytes at guest address 0x${gpa.toString(16)}: no slot holds them`,
  );
}
