/**
 * Where allocations lie, where they may lie, and which go first. Mirrors include/uapi/misc/d3dkmthk.h.
 * @module
 */

import { type Bits, bits, bitsField } from "./bits.ts";
import { type Ioctl, IOWR } from "./ioctl.ts";
import { type Struct, struct, u32, u64 } from "./struct.ts";

/** Argument of {@linkcode LX_DXQUERYALLOCATIONRESIDENCY}. */
export interface d3dkmt_queryallocationresidency {
  /** device handle */
  device: number;
  /** resource handle */
  resource: number;
  /** user address of allocation handles */
  allocations: bigint;
  /** allocations */
  allocation_count: number;
  /** must be zero */
  reserved: number;
  /** user address of 32-bit residency states */
  residency_status: bigint;
}
/** Layout of `struct d3dkmt_queryallocationresidency`: 32 bytes. */
export const d3dkmt_queryallocationresidency: Struct<d3dkmt_queryallocationresidency> = struct<
  d3dkmt_queryallocationresidency
>("d3dkmt_queryallocationresidency", {
  device: u32,
  resource: u32,
  allocations: u64,
  allocation_count: u32,
  reserved: u32,
  residency_status: u64,
}, { size: 32 });

/** Asks where allocations lie. */
export const LX_DXQUERYALLOCATIONRESIDENCY: Ioctl<d3dkmt_queryallocationresidency> = IOWR(
  "G",
  0x2a,
  d3dkmt_queryallocationresidency,
);

/** Argument of {@linkcode LX_DXSETALLOCATIONPRIORITY}. */
export interface d3dkmt_setallocationpriority {
  /** device handle */
  device: number;
  /** resource handle, or 0 */
  resource: number;
  /** user address of allocation handles */
  allocation_list: bigint;
  /** allocations */
  allocation_count: number;
  /** must be zero */
  reserved: number;
  /** user address of 32-bit priorities */
  priorities: bigint;
}
/** Layout of `struct d3dkmt_setallocationpriority`: 32 bytes. */
export const d3dkmt_setallocationpriority: Struct<d3dkmt_setallocationpriority> = struct<d3dkmt_setallocationpriority>(
  "d3dkmt_setallocationpriority",
  {
    device: u32,
    resource: u32,
    allocation_list: u64,
    allocation_count: u32,
    reserved: u32,
    priorities: u64,
  },
  { size: 32 },
);

/** Sets priorities of allocations. */
export const LX_DXSETALLOCATIONPRIORITY: Ioctl<d3dkmt_setallocationpriority> = IOWR(
  "G",
  0x2e,
  d3dkmt_setallocationpriority,
);

/** Argument of {@linkcode LX_DXGETALLOCATIONPRIORITY}. */
export interface d3dkmt_getallocationpriority {
  /** device handle */
  device: number;
  /** resource handle */
  resource: number;
  /** user address of allocation handles */
  allocation_list: bigint;
  /** allocations */
  allocation_count: number;
  /** must be zero */
  reserved: number;
  /** user address of 32-bit priorities */
  priorities: bigint;
}
/** Layout of `struct d3dkmt_getallocationpriority`: 32 bytes. */
export const d3dkmt_getallocationpriority: Struct<d3dkmt_getallocationpriority> = struct<d3dkmt_getallocationpriority>(
  "d3dkmt_getallocationpriority",
  {
    device: u32,
    resource: u32,
    allocation_list: u64,
    allocation_count: u32,
    reserved: u32,
    priorities: u64,
  },
  { size: 32 },
);

/** Reads priorities of allocations. */
export const LX_DXGETALLOCATIONPRIORITY: Ioctl<d3dkmt_getallocationpriority> = IOWR(
  "G",
  0x3c,
  d3dkmt_getallocationpriority,
);

/** Up to five memory segments, the preferred one first. */
export const d3dddi_segmentpreference: Bits<
  | "segment_id0"
  | "direction0"
  | "segment_id1"
  | "direction1"
  | "segment_id2"
  | "direction2"
  | "segment_id3"
  | "direction3"
  | "segment_id4"
  | "direction4"
  | "reserved"
> = bits("d3dddi_segmentpreference", {
  segment_id0: 5,
  direction0: 1,
  segment_id1: 5,
  direction1: 1,
  segment_id2: 5,
  direction2: 1,
  segment_id3: 5,
  direction3: 1,
  segment_id4: 5,
  direction4: 1,
  reserved: 2,
});

/** Bits of a change of properties. */
export const d3dddi_updateallocproperty_flags: Bits<"accessed_physically" | "reserved"> = bits(
  "d3dddi_updateallocproperty_flags",
  {
    accessed_physically: 1,
    reserved: 31,
  },
);

/** Bit-fields of {@linkcode d3dddi_updateallocproperty}.property_mask_value. */
export const d3dddi_updateallocproperty_property_mask: Bits<
  "set_accessed_physically" | "set_supported_segmentSet" | "set_preferred_segment" | "reserved"
> = bits("d3dddi_updateallocproperty_property_mask", {
  set_accessed_physically: 1,
  set_supported_segmentSet: 1,
  set_preferred_segment: 1,
  reserved: 29,
});

/** Argument of {@linkcode LX_DXUPDATEALLOCPROPERTY}. */
export interface d3dddi_updateallocproperty {
  /** paging queue handle */
  paging_queue: number;
  /** allocation handle */
  allocation: number;
  /** bit for each memory segment that it may lie in */
  supported_segment_set: number;
  /** segments in the order of preference; d3dddi_segmentpreference */
  preferred_segment: number;
  /** bits; d3dddi_updateallocproperty_flags */
  flags: number;
  /** out; value of the paging queue's fence that says it is done */
  paging_fence_value: bigint;
  /** which of the properties to set; d3dddi_updateallocproperty_property_mask */
  property_mask_value: number;
}
/** Layout of `struct d3dddi_updateallocproperty`: 40 bytes. */
export const d3dddi_updateallocproperty: Struct<d3dddi_updateallocproperty> = struct<d3dddi_updateallocproperty>(
  "d3dddi_updateallocproperty",
  {
    paging_queue: u32,
    allocation: u32,
    supported_segment_set: u32,
    preferred_segment: bitsField(d3dddi_segmentpreference),
    flags: bitsField(d3dddi_updateallocproperty_flags),
    paging_fence_value: u64,
    property_mask_value: bitsField(d3dddi_updateallocproperty_property_mask),
  },
  { size: 40 },
);

/** Changes where an allocation may lie. */
export const LX_DXUPDATEALLOCPROPERTY: Ioctl<d3dddi_updateallocproperty> = IOWR("G", 0x38, d3dddi_updateallocproperty);
