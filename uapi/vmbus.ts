/**
 * VMBus as two peers see it in shared pages: the header of a ring, and the descriptor of a packet. Mirrors hv_ring_buffer,
 * vmpacket_descriptor and vmbus_packet_type of the kernel's include/linux/hyperv.h.
 * @module
 */

import { bytes, type Struct, struct, u16, u32, u64 } from "./struct.ts";

/** Bytes of a ring's header: its data begins on the next page. */
export const HV_RING_HEADER_SIZE = 4096;
/** hv_ring_buffer.feature_bits: the writer says in `pending_send_sz` how much room it waits for. */
export const HV_RING_FEAT_PENDING_SEND_SZ = 1;

/** The header of a ring. The writer owns `write_index`, `pending_send_sz`, `feature_bits`; the reader the other two. */
export interface hv_ring_buffer {
  /** where the next packet goes, bytes from the start of the data */
  write_index: number;
  /** where the next packet is read, bytes from the start of the data */
  read_index: number;
  /** not 0: the reader needs no interrupt */
  interrupt_mask: number;
  /** bytes that the writer waits for, or 0 */
  pending_send_sz: number;
  /** unused */
  reserved1: Uint8Array;
  /** HV_RING_FEAT_* */
  feature_bits: number;
}
/** Layout of `struct hv_ring_buffer` up to its padding: 68 bytes. */
export const hv_ring_buffer: Struct<hv_ring_buffer> = struct<hv_ring_buffer>("hv_ring_buffer", {
  write_index: u32,
  read_index: u32,
  interrupt_mask: u32,
  pending_send_sz: u32,
  reserved1: bytes(48),
  feature_bits: u32,
}, { size: 68 });

/** Packet: not one. */
export const VM_PKT_INVALID = 0x0;
/** Packet: its data lie in the ring. */
export const VM_PKT_DATA_INBAND = 0x6;
/** Packet: its data lie in pages that it names. */
export const VM_PKT_DATA_USING_GPA_DIRECT = 0x9;
/** Packet: the sender no longer wants an answer. */
export const VM_PKT_CANCEL_REQUEST = 0xa;
/** Packet: the answer to one. */
export const VM_PKT_COMP = 0xb;
/** vmpacket_descriptor.flags: the sender wants an answer. */
export const VMBUS_DATA_PACKET_FLAG_COMPLETION_REQUESTED = 1;

/** What a packet begins with. Behind it follow the data, padded to 8 bytes, and 8 bytes with the packet's own place. */
export interface vmpacket_descriptor {
  /** VM_PKT_* */
  type: number;
  /** where the data begin, in units of 8 bytes */
  offset8: number;
  /** descriptor and data, in units of 8 bytes */
  len8: number;
  /** VMBUS_DATA_PACKET_FLAG_* */
  flags: number;
  /** the sender's cookie, which the answer repeats */
  trans_id: bigint;
}
/** Layout of `struct vmpacket_descriptor`: 16 bytes. */
export const vmpacket_descriptor: Struct<vmpacket_descriptor> = struct<vmpacket_descriptor>("vmpacket_descriptor", {
  type: u16,
  offset8: u16,
  len8: u16,
  flags: u16,
  trans_id: u64,
}, { size: 16 });

/** Bytes behind a packet's data: where the packet began, in the high half. */
export const VMBUS_PACKET_TRAILER_SIZE = 8;
/** The most bytes of data in a packet: `len8` has 16 bits. */
export const VMBUS_MAX_PAYLOAD: number = 0xffff * 8 - 16;
