/**
 * The three parts of a split virtqueue as typed views of guest memory: virtio 1.3 section 2.7. Both halves use it; neither
 * knows the other. Indices that the other side reads go through Atomics: they are the memory barriers of section 2.7.13.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import type { GuestMemory, GuestSlot } from "../../../core/guest_memory.ts";
import {
  VRING_AVAIL_ALIGN_SIZE,
  VRING_DESC_ALIGN_SIZE,
  VRING_USED_ALIGN_SIZE,
  vringLayout,
} from "../../../uapi/virtio_ring.ts";

/** Where the parts of a split ring lie in guest memory. */
export interface SplitRingAddress {
  /** Descriptors: a power of two, 1 to 32768. */
  readonly size: number;
  /** Guest-physical address of the descriptor table. */
  readonly desc: number;
  /** Guest-physical address of the available ring. */
  readonly avail: number;
  /** Guest-physical address of the used ring. */
  readonly used: number;
}

/** Words of a descriptor in `SplitRing.desc`: address low, address high, length, flags in the low and next in the high half. */
export const DESC_WORDS = 4;

/** Views of a ring. Its pages stay pinned until it is disposed. */
export class SplitRing implements Disposable {
  /** Descriptors. */
  readonly size: number;
  /** The descriptor table, {@linkcode DESC_WORDS} words each. */
  readonly desc: Uint32Array;
  /** The available ring: flags, idx, `size` heads, used_event. */
  readonly avail: Uint16Array;
  /** The used ring as half words: flags, idx, ..., avail_event at {@linkcode SplitRing.availEvent}. */
  readonly used: Uint16Array;
  /** The used ring as words: flags and idx, then id and length of each entry. */
  readonly usedWords: Uint32Array;
  /** Index of used_event in `avail`. */
  readonly usedEvent: number;
  /** Index of avail_event in `used`. */
  readonly availEvent: number;
  readonly #slots: GuestSlot[] = [];
  #open = true;

  /**
   * Views and pins a ring.
   *
   * @param memory the guest's memory. @param at where the ring lies.
   * @throws {DrmError} EINVAL for a size that is no power of two up to 32768 or a part out of alignment (2.7); EFAULT if a
   * part does not lie in one slot.
   */
  constructor(memory: GuestMemory, at: SplitRingAddress) {
    const { size } = at;
    if (!Number.isInteger(size) || size < 1 || size > 32768 || (size & (size - 1)) !== 0) {
      throw new DrmError("EINVAL", `Cannot use a ring of ${size} descriptors`);
    }
    const layout = vringLayout(size, VRING_USED_ALIGN_SIZE);
    this.size = size;
    this.usedEvent = size + 2;
    this.availEvent = (layout.availEvent - layout.used) / 2;
    try {
      const desc = this.#part(memory, "descriptor table", at.desc, layout.avail, VRING_DESC_ALIGN_SIZE);
      const avail = this.#part(memory, "available ring", at.avail, 6 + 2 * size, VRING_AVAIL_ALIGN_SIZE);
      const used = this.#part(memory, "used ring", at.used, 6 + 8 * size, VRING_USED_ALIGN_SIZE);
      this.desc = new Uint32Array(desc.buffer, desc.byteOffset, size * DESC_WORDS);
      this.avail = new Uint16Array(avail.buffer, avail.byteOffset, size + 3);
      this.used = new Uint16Array(used.buffer, used.byteOffset, 3 + 4 * size);
      this.usedWords = new Uint32Array(used.buffer, used.byteOffset, 1 + 2 * size);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Whether its memory is still there. */
  get live(): boolean {
    const slots = this.#slots;
    return slots[0].live && slots[1].live && slots[2].live;
  }

  /** Lets its pages go. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    for (const slot of this.#slots) slot.pages.unpin();
  }

  #part(memory: GuestMemory, name: string, gpa: number, length: number, align: number): Uint8Array {
    if (!(gpa >= 0) || gpa % align !== 0) {
      throw new DrmError("EINVAL", `Cannot use the ${name} at 0x${gpa.toString(16)}: not a multiple of ${align}`);
    }
    const slot = memory.find(gpa);
    if (slot !== undefined) {
      slot.pages.pin();
      this.#slots.push(slot);
    }
    const bytes = memory.bytes(gpa, length);
    if (bytes.byteOffset % align === 0) return bytes;
    throw new DrmError("EINVAL", `Cannot use the ${name} at 0x${gpa.toString(16)}: its slot is out of alignment`);
  }
}
