/**
 * Paging queues and GPU virtual addresses. Mirrors include/uapi/misc/d3dkmthk.h.
 * @module
 */

import { type Bits, bits, type Bits64, bits64, bitsField, bitsField64 } from "./bits.ts";
import { type Ioctl, IOWR } from "./ioctl.ts";
import { overlay, s32, type Struct, struct, u32, u53, u64, type View } from "./struct.ts";

/** Priority of a paging queue: below normal. */
export const _D3DDDI_PAGINGQUEUE_PRIORITY_BELOW_NORMAL: number = -1;
/** Priority of a paging queue: normal. */
export const _D3DDDI_PAGINGQUEUE_PRIORITY_NORMAL = 0;
/** Priority of a paging queue: above normal. */
export const _D3DDDI_PAGINGQUEUE_PRIORITY_ABOVE_NORMAL = 1;

/** Argument of {@linkcode LX_DXCREATEPAGINGQUEUE}. */
export interface d3dkmt_createpagingqueue {
  /** device handle */
  device: number;
  /** priority; enum d3dddi_pagingqueue_priority */
  priority: number;
  /** out; paging queue handle */
  paging_queue: number;
  /** out; synchronization object handle */
  sync_object: number;
  /** out; user address where the fence's value is mapped */
  fence_cpu_virtual_address: bigint;
  /** physical adapter of a linked set */
  physical_adapter_index: number;
}
/** Layout of `struct d3dkmt_createpagingqueue`: 32 bytes. */
export const d3dkmt_createpagingqueue: Struct<d3dkmt_createpagingqueue> = struct<d3dkmt_createpagingqueue>(
  "d3dkmt_createpagingqueue",
  {
    device: u32,
    priority: s32,
    paging_queue: u32,
    sync_object: u32,
    fence_cpu_virtual_address: u64,
    physical_adapter_index: u32,
  },
  { size: 32 },
);

/** Makes a paging queue and maps its fence. */
export const LX_DXCREATEPAGINGQUEUE: Ioctl<d3dkmt_createpagingqueue> = IOWR("G", 0x07, d3dkmt_createpagingqueue);

/** Argument of {@linkcode LX_DXDESTROYPAGINGQUEUE}. */
export interface d3dddi_destroypagingqueue {
  /** paging queue handle */
  paging_queue: number;
}
/** Layout of `struct d3dddi_destroypagingqueue`: 4 bytes. */
export const d3dddi_destroypagingqueue: Struct<d3dddi_destroypagingqueue> = struct<d3dddi_destroypagingqueue>(
  "d3dddi_destroypagingqueue",
  {
    paging_queue: u32,
  },
  { size: 4 },
);

/** Destroys a paging queue. */
export const LX_DXDESTROYPAGINGQUEUE: Ioctl<d3dddi_destroypagingqueue> = IOWR("G", 0x1c, d3dddi_destroypagingqueue);

/** What may be done at GPU virtual addresses. */
export const d3dddigpuva_protection_type: Bits64<
  "write" | "execute" | "zero" | "no_access" | "system_use_only" | "reserved"
> = bits64("d3dddigpuva_protection_type", {
  write: 1,
  execute: 1,
  zero: 1,
  no_access: 1,
  system_use_only: 1,
  reserved: 59,
});

/** Argument of {@linkcode LX_DXMAPGPUVIRTUALADDRESS}. */
export interface d3dddi_mapgpuvirtualaddress {
  /** paging queue handle */
  paging_queue: number;
  /** first GPU virtual address */
  base_address: bigint;
  /** lowest address to choose from */
  minimum_address: bigint;
  /** end of the addresses to choose from */
  maximum_address: bigint;
  /** allocation handle */
  allocation: number;
  /** into the allocation, pages of 4 KiB */
  offset_in_pages: number;
  /** pages of 4 KiB */
  size_in_pages: number;
  /** what may be done there; d3dddigpuva_protection_type */
  protection: bigint;
  /** bits of the user-mode driver */
  driver_protection: bigint;
  /** must be zero */
  reserved0: number;
  /** must be zero */
  reserved1: bigint;
  /** out; GPU virtual address */
  virtual_address: bigint;
  /** out; value of the paging queue's fence that says it is done */
  paging_fence_value: bigint;
}
/** Layout of `struct d3dddi_mapgpuvirtualaddress`: 104 bytes. */
export const d3dddi_mapgpuvirtualaddress: Struct<d3dddi_mapgpuvirtualaddress> = struct<d3dddi_mapgpuvirtualaddress>(
  "d3dddi_mapgpuvirtualaddress",
  {
    paging_queue: u32,
    base_address: u64,
    minimum_address: u64,
    maximum_address: u64,
    allocation: u32,
    offset_in_pages: u53,
    size_in_pages: u53,
    protection: bitsField64(d3dddigpuva_protection_type),
    driver_protection: u64,
    reserved0: u32,
    reserved1: u64,
    virtual_address: u64,
    paging_fence_value: u64,
  },
  { size: 104 },
);

/** Maps an allocation at GPU virtual addresses; STATUS_PENDING is success. */
export const LX_DXMAPGPUVIRTUALADDRESS: Ioctl<d3dddi_mapgpuvirtualaddress> = IOWR(
  "G",
  0x0c,
  d3dddi_mapgpuvirtualaddress,
);

/** reservation_type: no access. */
export const _D3DDDIGPUVA_RESERVE_NO_ACCESS = 0;
/** reservation_type: zero. */
export const _D3DDDIGPUVA_RESERVE_ZERO = 1;
/** reservation_type: no commit. */
export const _D3DDDIGPUVA_RESERVE_NO_COMMIT = 2;

/** Argument of {@linkcode LX_DXRESERVEGPUVIRTUALADDRESS}. */
export interface d3dddi_reservegpuvirtualaddress {
  /** adapter or paging queue handle */
  adapter: number;
  /** first GPU virtual address */
  base_address: bigint;
  /** lowest address to choose from */
  minimum_address: bigint;
  /** end of the addresses to choose from */
  maximum_address: bigint;
  /** bytes */
  size: number;
  /** what an access to it does; enum d3dddigpuva_reservation_type */
  reservation_type: number;
  /** bits of the user-mode driver */
  driver_protection: bigint;
  /** out; GPU virtual address */
  virtual_address: bigint;
  /** out; value of the paging queue's fence that says it is done */
  paging_fence_value: bigint;
}
/** Layout of `struct d3dddi_reservegpuvirtualaddress`: 72 bytes. */
export const d3dddi_reservegpuvirtualaddress: Struct<d3dddi_reservegpuvirtualaddress> = struct<
  d3dddi_reservegpuvirtualaddress
>("d3dddi_reservegpuvirtualaddress", {
  adapter: u32,
  base_address: u64,
  minimum_address: u64,
  maximum_address: u64,
  size: u53,
  reservation_type: u32,
  driver_protection: u64,
  virtual_address: u64,
  paging_fence_value: u64,
}, { size: 72 });

/** Reserves a range of GPU virtual addresses. */
export const LX_DXRESERVEGPUVIRTUALADDRESS: Ioctl<d3dddi_reservegpuvirtualaddress> = IOWR(
  "G",
  0x08,
  d3dddi_reservegpuvirtualaddress,
);

/** Argument of {@linkcode LX_DXFREEGPUVIRTUALADDRESS}. */
export interface d3dkmt_freegpuvirtualaddress {
  /** adapter handle */
  adapter: number;
  /** must be zero */
  reserved: number;
  /** first GPU virtual address */
  base_address: bigint;
  /** bytes */
  size: number;
}
/** Layout of `struct d3dkmt_freegpuvirtualaddress`: 24 bytes. */
export const d3dkmt_freegpuvirtualaddress: Struct<d3dkmt_freegpuvirtualaddress> = struct<d3dkmt_freegpuvirtualaddress>(
  "d3dkmt_freegpuvirtualaddress",
  {
    adapter: u32,
    reserved: u32,
    base_address: u64,
    size: u53,
  },
  { size: 24 },
);

/** Frees a range of GPU virtual addresses. */
export const LX_DXFREEGPUVIRTUALADDRESS: Ioctl<d3dkmt_freegpuvirtualaddress> = IOWR(
  "G",
  0x20,
  d3dkmt_freegpuvirtualaddress,
);

/** operation: map. */
export const _D3DDDI_UPDATEGPUVIRTUALADDRESS_MAP = 0;
/** operation: unmap. */
export const _D3DDDI_UPDATEGPUVIRTUALADDRESS_UNMAP = 1;
/** operation: copy. */
export const _D3DDDI_UPDATEGPUVIRTUALADDRESS_COPY = 2;
/** operation: map protect. */
export const _D3DDDI_UPDATEGPUVIRTUALADDRESS_MAP_PROTECT = 3;

/** Member `map` of {@linkcode d3dddi_updategpuvirtualaddress_operation}. */
export interface d3dddi_updategpuvirtualaddress_operation_map {
  /** first GPU virtual address */
  base_address: bigint;
  /** bytes */
  size: number;
  /** allocation handle */
  allocation: number;
  /** from the start of the allocation, bytes */
  allocation_offset: number;
  /** bytes */
  allocation_size: number;
}
/** Layout of `struct d3dddi_updategpuvirtualaddress_operation_map`: 40 bytes. */
export const d3dddi_updategpuvirtualaddress_operation_map: Struct<d3dddi_updategpuvirtualaddress_operation_map> =
  struct<d3dddi_updategpuvirtualaddress_operation_map>("d3dddi_updategpuvirtualaddress_operation_map", {
    base_address: u64,
    size: u53,
    allocation: u32,
    allocation_offset: u53,
    allocation_size: u53,
  }, { size: 40 });

/** Member `map_protect` of {@linkcode d3dddi_updategpuvirtualaddress_operation}. */
export interface d3dddi_updategpuvirtualaddress_operation_map_protect {
  /** first GPU virtual address */
  base_address: bigint;
  /** bytes */
  size: number;
  /** allocation handle */
  allocation: number;
  /** from the start of the allocation, bytes */
  allocation_offset: number;
  /** bytes */
  allocation_size: number;
  /** what may be done there; d3dddigpuva_protection_type */
  protection: bigint;
  /** bits of the user-mode driver */
  driver_protection: bigint;
}
/** Layout of `struct d3dddi_updategpuvirtualaddress_operation_map_protect`: 56 bytes. */
export const d3dddi_updategpuvirtualaddress_operation_map_protect: Struct<
  d3dddi_updategpuvirtualaddress_operation_map_protect
> = struct<d3dddi_updategpuvirtualaddress_operation_map_protect>(
  "d3dddi_updategpuvirtualaddress_operation_map_protect",
  {
    base_address: u64,
    size: u53,
    allocation: u32,
    allocation_offset: u53,
    allocation_size: u53,
    protection: bitsField64(d3dddigpuva_protection_type),
    driver_protection: u64,
  },
  { size: 56 },
);

/** Member `unmap` of {@linkcode d3dddi_updategpuvirtualaddress_operation}. */
export interface d3dddi_updategpuvirtualaddress_operation_unmap {
  /** first GPU virtual address */
  base_address: bigint;
  /** bytes */
  size: number;
  /** what may be done there; d3dddigpuva_protection_type */
  protection: bigint;
}
/** Layout of `struct d3dddi_updategpuvirtualaddress_operation_unmap`: 24 bytes. */
export const d3dddi_updategpuvirtualaddress_operation_unmap: Struct<d3dddi_updategpuvirtualaddress_operation_unmap> =
  struct<d3dddi_updategpuvirtualaddress_operation_unmap>("d3dddi_updategpuvirtualaddress_operation_unmap", {
    base_address: u64,
    size: u53,
    protection: bitsField64(d3dddigpuva_protection_type),
  }, { size: 24 });

/** Member `copy` of {@linkcode d3dddi_updategpuvirtualaddress_operation}. */
export interface d3dddi_updategpuvirtualaddress_operation_copy {
  /** first GPU virtual address to copy from */
  source_address: bigint;
  /** bytes */
  size: number;
  /** first GPU virtual address to copy to */
  dest_address: bigint;
}
/** Layout of `struct d3dddi_updategpuvirtualaddress_operation_copy`: 24 bytes. */
export const d3dddi_updategpuvirtualaddress_operation_copy: Struct<d3dddi_updategpuvirtualaddress_operation_copy> =
  struct<d3dddi_updategpuvirtualaddress_operation_copy>("d3dddi_updategpuvirtualaddress_operation_copy", {
    source_address: u64,
    size: u53,
    dest_address: u64,
  }, { size: 24 });

/** One operation of {@linkcode LX_DXUPDATEGPUVIRTUALADDRESS}. */
export interface d3dddi_updategpuvirtualaddress_operation {
  /** which arm counts; enum d3dddi_updategpuvirtualaddress_operation_type */
  operation: number;
  /** arm of a mapping */
  map: View<d3dddi_updategpuvirtualaddress_operation_map>;
  /** arm of a mapping with protection */
  map_protect: View<d3dddi_updategpuvirtualaddress_operation_map_protect>;
  /** arm of an unmapping */
  unmap: View<d3dddi_updategpuvirtualaddress_operation_unmap>;
  /** arm of a copy of mappings */
  copy: View<d3dddi_updategpuvirtualaddress_operation_copy>;
}
/** Layout of `struct d3dddi_updategpuvirtualaddress_operation`: 64 bytes. */
export const d3dddi_updategpuvirtualaddress_operation: Struct<d3dddi_updategpuvirtualaddress_operation> = struct<
  d3dddi_updategpuvirtualaddress_operation
>("d3dddi_updategpuvirtualaddress_operation", {
  operation: u32,
  map: d3dddi_updategpuvirtualaddress_operation_map.field("anonymous"),
  map_protect: overlay(8, d3dddi_updategpuvirtualaddress_operation_map_protect.field("anonymous")),
  unmap: overlay(8, d3dddi_updategpuvirtualaddress_operation_unmap.field("anonymous")),
  copy: overlay(8, d3dddi_updategpuvirtualaddress_operation_copy.field("anonymous")),
}, { size: 64 });

/** Bit-fields of {@linkcode d3dkmt_updategpuvirtualaddress}.flags. */
export const d3dkmt_updategpuvirtualaddress_flags: Bits<"do_not_wait" | "reserved"> = bits(
  "d3dkmt_updategpuvirtualaddress_flags",
  {
    do_not_wait: 1,
    reserved: 31,
  },
);

/** Argument of {@linkcode LX_DXUPDATEGPUVIRTUALADDRESS}. */
export interface d3dkmt_updategpuvirtualaddress {
  /** device handle */
  device: number;
  /** context handle */
  context: number;
  /** fence that orders the operations */
  fence_object: number;
  /** operations */
  num_operations: number;
  /** user address of {@linkcode d3dddi_updategpuvirtualaddress_operation} */
  operations: bigint;
  /** must be zero */
  reserved0: number;
  /** must be zero */
  reserved1: number;
  /** must be zero */
  reserved2: bigint;
  /** value of the fence */
  fence_value: bigint;
  /** bits; d3dkmt_updategpuvirtualaddress_flags */
  flags: number;
  /** must be zero */
  reserved3: number;
}
/** Layout of `struct d3dkmt_updategpuvirtualaddress`: 56 bytes. */
export const d3dkmt_updategpuvirtualaddress: Struct<d3dkmt_updategpuvirtualaddress> = struct<
  d3dkmt_updategpuvirtualaddress
>("d3dkmt_updategpuvirtualaddress", {
  device: u32,
  context: u32,
  fence_object: u32,
  num_operations: u32,
  operations: u64,
  reserved0: u32,
  reserved1: u32,
  reserved2: u64,
  fence_value: u64,
  flags: bitsField(d3dkmt_updategpuvirtualaddress_flags),
  reserved3: u32,
}, { size: 56 });

/** Maps, unmaps and copies ranges of GPU virtual addresses, ordered by a fence. */
export const LX_DXUPDATEGPUVIRTUALADDRESS: Ioctl<d3dkmt_updategpuvirtualaddress> = IOWR(
  "G",
  0x39,
  d3dkmt_updategpuvirtualaddress,
);
