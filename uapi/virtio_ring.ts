/**
 * Split and packed virtqueues in memory. Mirrors include/uapi/linux/virtio_ring.h and sections 2.7 and 2.8 of the virtio 1.3
 * specification.
 *
 * ```ts
 * import { vring_need_event, vringLayout } from "udrm/uapi/virtio_ring.ts";
 * const ring = vringLayout(4, 4096);
 * if (ring.avail !== 64 || ring.used !== 4096 || ring.size !== 4096 + 38) throw new Error("as vring_init places them");
 * if (!vring_need_event(65535, 0, 65535)) throw new Error("indices wrap at 16 bits");
 * ```
 * @module
 */

import { type Struct, struct, type TailStruct, tailStruct, u16, u32, u53, type View } from "./struct.ts";

/** vring_desc.flags: the buffer goes on in the descriptor `next`. */
export const VRING_DESC_F_NEXT = 1;
/** vring_desc.flags: the device writes the buffer; else it reads it. */
export const VRING_DESC_F_WRITE = 2;
/** vring_desc.flags: the buffer is a table of descriptors. */
export const VRING_DESC_F_INDIRECT = 4;
/** Bit number in a packed descriptor's flags: made available in this lap. */
export const VRING_PACKED_DESC_F_AVAIL = 7;
/** Bit number in a packed descriptor's flags: used in this lap. */
export const VRING_PACKED_DESC_F_USED = 15;
/** vring_used.flags: the device asks not to be kicked; a hint. */
export const VRING_USED_F_NO_NOTIFY = 1;
/** vring_avail.flags: the driver asks not to be interrupted; a hint. */
export const VRING_AVAIL_F_NO_INTERRUPT = 1;
/** vring_packed_desc_event.flags: events on. */
export const VRING_PACKED_EVENT_FLAG_ENABLE = 0;
/** vring_packed_desc_event.flags: events off. */
export const VRING_PACKED_EVENT_FLAG_DISABLE = 1;
/** vring_packed_desc_event.flags: an event at the descriptor `off_wrap`; under VIRTIO_RING_F_EVENT_IDX. */
export const VRING_PACKED_EVENT_FLAG_DESC = 2;
/** Bit number of the lap in vring_packed_desc_event.off_wrap. */
export const VRING_PACKED_EVENT_F_WRAP_CTR = 15;
/** Feature bit: VRING_DESC_F_INDIRECT. */
export const VIRTIO_RING_F_INDIRECT_DESC = 28;
/** Feature bit: `used_event` and `avail_event` in place of the flags. */
export const VIRTIO_RING_F_EVENT_IDX = 29;
/** Alignment of the available ring, bytes. */
export const VRING_AVAIL_ALIGN_SIZE = 2;
/** Alignment of the used ring, bytes. */
export const VRING_USED_ALIGN_SIZE = 4;
/** Alignment of the descriptor table, bytes. */
export const VRING_DESC_ALIGN_SIZE = 16;

/** A descriptor: a range of guest memory. */
export interface vring_desc {
  /** guest physical address */
  addr: number;
  /** bytes */
  len: number;
  /** VRING_DESC_F_* */
  flags: number;
  /** index of the next descriptor, with VRING_DESC_F_NEXT */
  next: number;
}
/** Layout of `struct vring_desc`: 16 bytes. */
export const vring_desc: Struct<vring_desc> = struct<vring_desc>(
  "vring_desc",
  { addr: u53, len: u32, flags: u16, next: u16 },
  { size: 16 },
);

/** Head of the available ring; then `num` u16 heads of chains, then u16 `used_event`. */
export interface vring_avail {
  /** VRING_AVAIL_F_NO_INTERRUPT */
  flags: number;
  /** entries ever made available, modulo 2^16 */
  idx: number;
}
/** Layout of `struct vring_avail` without its ring: 4 bytes. */
export const vring_avail: Struct<vring_avail> = struct<vring_avail>("vring_avail", { flags: u16, idx: u16 }, {
  size: 4,
});

/** An entry of the used ring. */
export interface vring_used_elem {
  /** head of the chain */
  id: number;
  /** bytes written into it */
  len: number;
}
/** Layout of `struct vring_used_elem`: 8 bytes. */
export const vring_used_elem: Struct<vring_used_elem> = struct<vring_used_elem>(
  "vring_used_elem",
  { id: u32, len: u32 },
  { size: 8 },
);

/** Head of the used ring; then `num` {@linkcode vring_used_elem}, then u16 `avail_event`. */
export interface vring_used {
  /** VRING_USED_F_NO_NOTIFY */
  flags: number;
  /** entries ever used, modulo 2^16 */
  idx: number;
}
/** Layout of `struct vring_used`: 4 bytes, then `ring`. */
export const vring_used: TailStruct<vring_used, View<vring_used_elem>> = tailStruct<vring_used, vring_used_elem>(
  "vring_used",
  { flags: u16, idx: u16 },
  "ring",
  vring_used_elem,
  { size: 4 },
);

/** When the other side of a packed ring wants an event. */
export interface vring_packed_desc_event {
  /** descriptor index, and the lap in bit VRING_PACKED_EVENT_F_WRAP_CTR */
  off_wrap: number;
  /** VRING_PACKED_EVENT_FLAG_* */
  flags: number;
}
/** Layout of `struct vring_packed_desc_event`: 4 bytes. */
export const vring_packed_desc_event: Struct<vring_packed_desc_event> = struct<vring_packed_desc_event>(
  "vring_packed_desc_event",
  { off_wrap: u16, flags: u16 },
  { size: 4 },
);

/** A descriptor of a packed ring. */
export interface vring_packed_desc {
  /** guest physical address */
  addr: number;
  /** bytes */
  len: number;
  /** buffer id */
  id: number;
  /** VRING_DESC_F_*, and bits VRING_PACKED_DESC_F_* */
  flags: number;
}
/** Layout of `struct vring_packed_desc`: 16 bytes. */
export const vring_packed_desc: Struct<vring_packed_desc> = struct<vring_packed_desc>(
  "vring_packed_desc",
  { addr: u53, len: u32, id: u16, flags: u16 },
  { size: 16 },
);

/** Where the parts of a split ring lie, from its start, bytes. */
export interface VringLayout {
  /** The descriptor table. */
  readonly desc: number;
  /** The available ring. */
  readonly avail: number;
  /** `used_event`, behind the available ring. */
  readonly usedEvent: number;
  /** The used ring. */
  readonly used: number;
  /** `avail_event`, behind the used ring. */
  readonly availEvent: number;
  /** Of the whole ring: `vring_size`. */
  readonly size: number;
}

/**
 * Where `vring_init` places the parts of a split ring.
 *
 * @param num descriptors, a power of two, 1 to 32768.
 * @param align alignment of the used ring, a power of two of at least 4, bytes.
 * @throws {RangeError} for other numbers.
 */
export function vringLayout(num: number, align: number): VringLayout {
  if (!isPowerOfTwo(num) || num > 32768) throw new RangeError(`Cannot lay out a ring of ${num} descriptors`);
  if (!isPowerOfTwo(align) || align < VRING_USED_ALIGN_SIZE) {
    throw new RangeError(`Cannot align a ring to ${align} bytes`);
  }
  const avail = num * vring_desc.size;
  const usedEvent = avail + vring_avail.size + 2 * num;
  const used = Math.ceil((usedEvent + 2) / align) * align;
  const availEvent = used + vring_used.size + num * vring_used_elem.size;
  return { desc: 0, avail, usedEvent, used, availEvent, size: availEvent + 2 };
}

const isPowerOfTwo = (n: number): boolean => Number.isInteger(n) && n > 0 && n < 2 ** 31 && (n & (n - 1)) === 0;

/**
 * Bytes of a split ring that lies in one piece.
 *
 * @param num descriptors, a power of two, 1 to 32768.
 * @param align alignment of the used ring, a power of two of at least 4, bytes.
 * @throws {RangeError} for other numbers.
 */
export function vring_size(num: number, align: number): number {
  return vringLayout(num, align).size;
}

/**
 * Whether the other side wants an event, now that an index went from `old` to `new_idx`: it passed `event_idx`.
 *
 * @param event_idx `used_event` or `avail_event`, u16.
 * @param new_idx the index now, u16.
 * @param old the index at the last event, u16.
 */
export function vring_need_event(event_idx: number, new_idx: number, old: number): boolean {
  return ((new_idx - event_idx - 1) & 0xffff) < ((new_idx - old) & 0xffff);
}
