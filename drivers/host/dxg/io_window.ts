/**
 * The I/O window: guest-physical addresses that the guest gives its host (SETIOSPACEREGION), at which the host shows it
 * fence pages and locked allocations. The guest maps them into its processes.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import type { GuestMemory, GuestSlot } from "../../../core/guest_memory.ts";
import { PAGE_SIZE, pageAlign, type Pages } from "../../../core/memory.ts";
import { type Range, RangeAllocator } from "../../../core/range_allocator.ts";

/** A mapping in the window. */
export interface IoMapping {
  /** Its guest-physical address. */
  readonly gpa: number;
  /** @internal */
  readonly slot: GuestSlot;
  /** @internal */
  readonly range: Range;
}

/** Who hears what the guest is shown: a host whose guest is reached by another process. */
export interface IoWatcher {
  /** Pages are there from now on. */
  shown(gpa: number, pages: Pages): void;
  /** They are not any more. */
  hidden(gpa: number): void;
}

/** The window of one guest. */
export class IoWindow {
  /** Who hears of mappings. */
  watcher: IoWatcher | undefined;
  #memory: GuestMemory | undefined;
  #ranges: RangeAllocator | undefined;
  #count = 0;

  /** Mappings. */
  get count(): number {
    return this.#count;
  }

  /** Whether the guest has given it. */
  get isOpen(): boolean {
    return this.#ranges !== undefined;
  }

  /** The guest's memory, once it opened the global channel. */
  get memory(): GuestMemory | undefined {
    return this.#memory;
  }

  /** The guest opens the global channel, or is gone. All mappings must be gone before. */
  attach(memory: GuestMemory | undefined): void {
    this.#memory = memory;
    this.#ranges = undefined;
    this.#count = 0;
  }

  /** SETIOSPACEREGION. Throws EINVAL for no whole pages, EEXIST while something is mapped. */
  open(start: bigint, length: number): void {
    if (this.#count > 0) throw new DrmError("EEXIST", "Cannot move the I/O window: something is mapped in it");
    const first = Number(start);
    const whole = first % PAGE_SIZE === 0 && length % PAGE_SIZE === 0 && Number.isSafeInteger(first + length);
    // The guest's own check excludes the last page.
    if (!whole || length < 2 * PAGE_SIZE || first === 0) {
      throw new DrmError("EINVAL", `Cannot open an I/O window of ${length} bytes at 0x${start.toString(16)}`);
    }
    this.#ranges = new RangeAllocator(first / PAGE_SIZE, length / PAGE_SIZE - 1);
  }

  /** Shows pages to the guest. Throws ENOMEM without room, EINVAL without a window. */
  map(pages: Pages): IoMapping {
    if (this.#memory === undefined || this.#ranges === undefined) {
      throw new DrmError("EINVAL", "Cannot map: the guest has given no I/O window");
    }
    const range = this.#ranges.allocate(pageAlign(pages.size) / PAGE_SIZE);
    if (range === undefined) throw new DrmError("ENOMEM", `Cannot map ${pages.size} bytes: the I/O window is full`);
    try {
      pages.pin();
      const slot = this.#memory.add(pages, 0, pages.size, range.start * PAGE_SIZE);
      const gpa = range.start * PAGE_SIZE;
      try {
        this.watcher?.shown(gpa, pages);
      } catch (error) {
        this.#memory.remove(slot);
        throw error;
      }
      this.#count++;
      return { gpa, slot, range };
    } catch (error) {
      pages.unpin();
      this.#ranges.release(range);
      throw error;
    }
  }

  /** Takes a mapping away. */
  unmap(mapping: IoMapping): void {
    this.watcher?.hidden(mapping.gpa);
    this.#memory?.remove(mapping.slot);
    mapping.slot.pages.unpin();
    this.#ranges?.release(mapping.range);
    this.#count--;
  }
}
