/**
 * Residency: which allocations lie in memory of the GPU, and how much of it there is. Mirrors include/uapi/misc/d3dkmthk.h.
 * @module
 */

import { type Bits, bits, bitsField } from "./bits.ts";
import { type Ioctl, IOWR } from "./ioctl.ts";
import { overlay, type Struct, struct, u32, u53, u64 } from "./struct.ts";

/** Bits of making resident. */
export const d3dddi_makeresident_flags: Bits<"cant_trim_further" | "must_succeed" | "reserved"> = bits(
  "d3dddi_makeresident_flags",
  {
    cant_trim_further: 1,
    must_succeed: 1,
    reserved: 30,
  },
);

/** Argument of {@linkcode LX_DXMAKERESIDENT}. */
export interface d3dddi_makeresident {
  /** paging queue handle */
  paging_queue: number;
  /** allocations */
  alloc_count: number;
  /** user address of allocation handles */
  allocation_list: bigint;
  /** user address of 32-bit priorities, or 0 */
  priority_list: bigint;
  /** bits; d3dddi_makeresident_flags */
  flags: number;
  /** out; value of the paging queue's fence that says it is done */
  paging_fence_value: bigint;
  /** out; bytes that the process should evict */
  num_bytes_to_trim: number;
}
/** Layout of `struct d3dddi_makeresident`: 48 bytes. */
export const d3dddi_makeresident: Struct<d3dddi_makeresident> = struct<d3dddi_makeresident>("d3dddi_makeresident", {
  paging_queue: u32,
  alloc_count: u32,
  allocation_list: u64,
  priority_list: u64,
  flags: bitsField(d3dddi_makeresident_flags),
  paging_fence_value: u64,
  num_bytes_to_trim: u53,
}, { size: 48 });

/** Makes 1 to 10240 allocations resident; STATUS_PENDING is success. */
export const LX_DXMAKERESIDENT: Ioctl<d3dddi_makeresident> = IOWR("G", 0x0b, d3dddi_makeresident);

/** Bits of an eviction. */
export const d3dddi_evict_flags: Bits<"evict_only_if_necessary" | "not_written_to" | "reserved"> = bits(
  "d3dddi_evict_flags",
  {
    evict_only_if_necessary: 1,
    not_written_to: 1,
    reserved: 30,
  },
);

/** Argument of {@linkcode LX_DXEVICT}. */
export interface d3dkmt_evict {
  /** device handle */
  device: number;
  /** allocations */
  alloc_count: number;
  /** user address of allocation handles */
  allocations: bigint;
  /** bits; d3dddi_evict_flags */
  flags: number;
  /** must be zero */
  reserved: number;
  /** out; bytes that the process should evict */
  num_bytes_to_trim: number;
}
/** Layout of `struct d3dkmt_evict`: 32 bytes. */
export const d3dkmt_evict: Struct<d3dkmt_evict> = struct<d3dkmt_evict>("d3dkmt_evict", {
  device: u32,
  alloc_count: u32,
  allocations: u64,
  flags: bitsField(d3dddi_evict_flags),
  reserved: u32,
  num_bytes_to_trim: u53,
}, { size: 32 });

/** Takes allocations out of residency. */
export const LX_DXEVICT: Ioctl<d3dkmt_evict> = IOWR("G", 0x1e, d3dkmt_evict);

/** Priority of an offer: low. */
export const _D3DKMT_OFFER_PRIORITY_LOW = 1;
/** Priority of an offer: normal. */
export const _D3DKMT_OFFER_PRIORITY_NORMAL = 2;
/** Priority of an offer: high. */
export const _D3DKMT_OFFER_PRIORITY_HIGH = 3;
/** Priority of an offer: auto. */
export const _D3DKMT_OFFER_PRIORITY_AUTO = 4;

/** Bits of an offer. */
export const d3dkmt_offer_flags: Bits<"offer_immediately" | "allow_decommit" | "reserved"> = bits(
  "d3dkmt_offer_flags",
  {
    offer_immediately: 1,
    allow_decommit: 1,
    reserved: 30,
  },
);

/** Argument of {@linkcode LX_DXOFFERALLOCATIONS}. */
export interface d3dkmt_offerallocations {
  /** device handle */
  device: number;
  /** must be zero */
  reserved: number;
  /** user address of resource handles */
  resources: bigint;
  /** user address of allocation handles */
  allocations: bigint;
  /** allocations */
  allocation_count: number;
  /** priority; enum d3dkmt_offer_priority */
  priority: number;
  /** bits; d3dkmt_offer_flags */
  flags: number;
  /** must be zero */
  reserved1: number;
}
/** Layout of `struct d3dkmt_offerallocations`: 40 bytes. */
export const d3dkmt_offerallocations: Struct<d3dkmt_offerallocations> = struct<d3dkmt_offerallocations>(
  "d3dkmt_offerallocations",
  {
    device: u32,
    reserved: u32,
    resources: u64,
    allocations: u64,
    allocation_count: u32,
    priority: u32,
    flags: bitsField(d3dkmt_offer_flags),
    reserved1: u32,
  },
  { size: 40 },
);

/** Offers allocations whose content may be dropped. */
export const LX_DXOFFERALLOCATIONS: Ioctl<d3dkmt_offerallocations> = IOWR("G", 0x27, d3dkmt_offerallocations);

/** Result of a reclaim: the content is still there. */
export const _D3DDDI_RECLAIM_RESULT_OK = 0;
/** Result of a reclaim: the content is lost. */
export const _D3DDDI_RECLAIM_RESULT_DISCARDED = 1;
/** Result of a reclaim: no memory is behind it. */
export const _D3DDDI_RECLAIM_RESULT_NOT_COMMITTED = 2;

/** Argument of {@linkcode LX_DXRECLAIMALLOCATIONS2}. */
export interface d3dkmt_reclaimallocations2 {
  /** paging queue handle */
  paging_queue: number;
  /** allocations */
  allocation_count: number;
  /** user address of resource handles */
  resources: bigint;
  /** user address of allocation handles */
  allocations: bigint;
  /** user address of 32-bit booleans; the arm of old callers */
  discarded: bigint;
  /** user address of 32-bit results */
  results: bigint;
  /** out; value of the paging queue's fence that says it is done */
  paging_fence_value: bigint;
}
/** Layout of `struct d3dkmt_reclaimallocations2`: 40 bytes. */
export const d3dkmt_reclaimallocations2: Struct<d3dkmt_reclaimallocations2> = struct<d3dkmt_reclaimallocations2>(
  "d3dkmt_reclaimallocations2",
  {
    paging_queue: u32,
    allocation_count: u32,
    resources: u64,
    allocations: u64,
    discarded: u64,
    results: overlay(24, u64),
    paging_fence_value: u64,
  },
  { size: 40 },
);

/** Takes back what was offered. */
export const LX_DXRECLAIMALLOCATIONS2: Ioctl<d3dkmt_reclaimallocations2> = IOWR("G", 0x2c, d3dkmt_reclaimallocations2);

/** memory_segment_group: local. */
export const _D3DKMT_MEMORY_SEGMENT_GROUP_LOCAL = 0;
/** memory_segment_group: non local. */
export const _D3DKMT_MEMORY_SEGMENT_GROUP_NON_LOCAL = 1;

/** Argument of {@linkcode LX_DXQUERYVIDEOMEMORYINFO}. */
export interface d3dkmt_queryvideomemoryinfo {
  /** process whose numbers are asked; 0 is the caller */
  process: bigint;
  /** adapter handle */
  adapter: number;
  /** memory of the GPU or of the system; enum d3dkmt_memory_segment_group */
  memory_segment_group: number;
  /** out; bytes that the process may use */
  budget: number;
  /** out; bytes that it uses */
  current_usage: number;
  /** out; bytes that it has reserved */
  current_reservation: number;
  /** out; bytes that it may still reserve */
  available_for_reservation: number;
  /** physical adapter of a linked set */
  physical_adapter_index: number;
}
/** Layout of `struct d3dkmt_queryvideomemoryinfo`: 56 bytes. */
export const d3dkmt_queryvideomemoryinfo: Struct<d3dkmt_queryvideomemoryinfo> = struct<d3dkmt_queryvideomemoryinfo>(
  "d3dkmt_queryvideomemoryinfo",
  {
    process: u64,
    adapter: u32,
    memory_segment_group: u32,
    budget: u53,
    current_usage: u53,
    current_reservation: u53,
    available_for_reservation: u53,
    physical_adapter_index: u32,
  },
  { size: 56 },
);

/** Reads budget and usage of a segment group. */
export const LX_DXQUERYVIDEOMEMORYINFO: Ioctl<d3dkmt_queryvideomemoryinfo> = IOWR(
  "G",
  0x0a,
  d3dkmt_queryvideomemoryinfo,
);

/** Argument of {@linkcode LX_DXCHANGEVIDEOMEMORYRESERVATION}. */
export interface d3dkmt_changevideomemoryreservation {
  /** process whose numbers are asked; 0 is the caller */
  process: bigint;
  /** adapter handle */
  adapter: number;
  /** memory of the GPU or of the system; enum d3dkmt_memory_segment_group */
  memory_segment_group: number;
  /** bytes to keep */
  reservation: number;
  /** physical adapter of a linked set */
  physical_adapter_index: number;
}
/** Layout of `struct d3dkmt_changevideomemoryreservation`: 32 bytes. */
export const d3dkmt_changevideomemoryreservation: Struct<d3dkmt_changevideomemoryreservation> = struct<
  d3dkmt_changevideomemoryreservation
>("d3dkmt_changevideomemoryreservation", {
  process: u64,
  adapter: u32,
  memory_segment_group: u32,
  reservation: u53,
  physical_adapter_index: u32,
}, { size: 32 });

/** Changes the reservation in a segment group. */
export const LX_DXCHANGEVIDEOMEMORYRESERVATION: Ioctl<d3dkmt_changevideomemoryreservation> = IOWR(
  "G",
  0x16,
  d3dkmt_changevideomemoryreservation,
);
