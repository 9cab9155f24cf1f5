/**
 * Messages about residency and budgets. Mirrors dxgkrnl's dxgvmbus.h.
 * @module
 */

import { bitsField } from "./bits.ts";
import { array, type ArrayView, s32, type Struct, struct, u32, u53, u64, u8, type View } from "./struct.ts";
import { d3dddi_updateallocproperty, d3dkmt_queryallocationresidency } from "./d3dkmthk_priority.ts";
import {
  d3dddi_evict_flags,
  d3dddi_makeresident_flags,
  d3dkmt_changevideomemoryreservation,
  d3dkmt_offer_flags,
} from "./d3dkmthk_residency.ts";
import { dxgkvmb_command_vgpu_to_host } from "./dxgvmbus_hdr.ts";

/** Message DXGK_VMBCOMMAND_MAKERESIDENT. */
export interface dxgkvmb_command_makeresident {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** device handle */
  device: number;
  /** paging queue handle */
  paging_queue: number;
  /** bits; d3dddi_makeresident_flags */
  flags: number;
  /** allocations */
  alloc_count: number;
  /** the first of `alloc_count` handles */
  allocations: ArrayView<number>;
}
/** Layout of `struct dxgkvmb_command_makeresident`: 48 bytes. */
export const dxgkvmb_command_makeresident: Struct<dxgkvmb_command_makeresident> = struct<dxgkvmb_command_makeresident>(
  "dxgkvmb_command_makeresident",
  {
    hdr: dxgkvmb_command_vgpu_to_host.field(),
    device: u32,
    paging_queue: u32,
    flags: bitsField(d3dddi_makeresident_flags),
    alloc_count: u32,
    allocations: array(u32, 1),
  },
  { size: 48 },
);

/** Reply to DXGK_VMBCOMMAND_MAKERESIDENT. */
export interface dxgkvmb_command_makeresident_return {
  /** value of the paging queue's fence that says it is done */
  paging_fence_value: bigint;
  /** bytes that the process should evict */
  num_bytes_to_trim: number;
  /** NTSTATUS */
  status: number;
}
/** Layout of `struct dxgkvmb_command_makeresident_return`: 24 bytes. */
export const dxgkvmb_command_makeresident_return: Struct<dxgkvmb_command_makeresident_return> = struct<
  dxgkvmb_command_makeresident_return
>("dxgkvmb_command_makeresident_return", {
  paging_fence_value: u64,
  num_bytes_to_trim: u53,
  status: s32,
}, { size: 24 });

/** Message DXGK_VMBCOMMAND_EVICT. */
export interface dxgkvmb_command_evict {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** device handle */
  device: number;
  /** bits; d3dddi_evict_flags */
  flags: number;
  /** allocations */
  alloc_count: number;
  /** the first of `alloc_count` handles */
  allocations: ArrayView<number>;
}
/** Layout of `struct dxgkvmb_command_evict`: 40 bytes. */
export const dxgkvmb_command_evict: Struct<dxgkvmb_command_evict> = struct<dxgkvmb_command_evict>(
  "dxgkvmb_command_evict",
  {
    hdr: dxgkvmb_command_vgpu_to_host.field(),
    device: u32,
    flags: bitsField(d3dddi_evict_flags),
    alloc_count: u32,
    allocations: array(u32, 1),
  },
  { size: 40 },
);

/** Reply to DXGK_VMBCOMMAND_EVICT. */
export interface dxgkvmb_command_evict_return {
  /** bytes that the process should evict */
  num_bytes_to_trim: number;
}
/** Layout of `struct dxgkvmb_command_evict_return`: 8 bytes. */
export const dxgkvmb_command_evict_return: Struct<dxgkvmb_command_evict_return> = struct<dxgkvmb_command_evict_return>(
  "dxgkvmb_command_evict_return",
  {
    num_bytes_to_trim: u53,
  },
  { size: 8 },
);

/** Message DXGK_VMBCOMMAND_OFFERALLOCATIONS. */
export interface dxgkvmb_command_offerallocations {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** device handle */
  device: number;
  /** allocations */
  allocation_count: number;
  /** priority; enum d3dkmt_offer_priority */
  priority: number;
  /** bits; d3dkmt_offer_flags */
  flags: number;
  /** whether the handles are resources; 0 or 1 */
  resources: number;
  /** the first of `allocation_count` handles */
  allocations: ArrayView<number>;
}
/** Layout of `struct dxgkvmb_command_offerallocations`: 48 bytes. */
export const dxgkvmb_command_offerallocations: Struct<dxgkvmb_command_offerallocations> = struct<
  dxgkvmb_command_offerallocations
>("dxgkvmb_command_offerallocations", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
  device: u32,
  allocation_count: u32,
  priority: u32,
  flags: bitsField(d3dkmt_offer_flags),
  resources: u8,
  allocations: array(u32, 1),
}, { size: 48 });

/** Message DXGK_VMBCOMMAND_RECLAIMALLOCATIONS. */
export interface dxgkvmb_command_reclaimallocations {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** device handle */
  device: number;
  /** paging queue handle */
  paging_queue: number;
  /** allocations */
  allocation_count: number;
  /** whether the handles are resources; 0 or 1 */
  resources: number;
  /** whether the reply carries results; 0 or 1 */
  write_results: number;
  /** the first of `allocation_count` handles */
  allocations: ArrayView<number>;
}
/** Layout of `struct dxgkvmb_command_reclaimallocations`: 48 bytes. */
export const dxgkvmb_command_reclaimallocations: Struct<dxgkvmb_command_reclaimallocations> = struct<
  dxgkvmb_command_reclaimallocations
>("dxgkvmb_command_reclaimallocations", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
  device: u32,
  paging_queue: u32,
  allocation_count: u32,
  resources: u8,
  write_results: u8,
  allocations: array(u32, 1),
}, { size: 48 });

/** Reply to DXGK_VMBCOMMAND_RECLAIMALLOCATIONS. */
export interface dxgkvmb_command_reclaimallocations_return {
  /** value of the paging queue's fence that says it is done */
  paging_fence_value: bigint;
  /** NTSTATUS */
  status: number;
  /** the first of `allocation_count` results, when asked for; enum d3dddi_reclaim_result */
  discarded: ArrayView<number>;
}
/** Layout of `struct dxgkvmb_command_reclaimallocations_return`: 16 bytes. */
export const dxgkvmb_command_reclaimallocations_return: Struct<dxgkvmb_command_reclaimallocations_return> = struct<
  dxgkvmb_command_reclaimallocations_return
>("dxgkvmb_command_reclaimallocations_return", {
  paging_fence_value: u64,
  status: s32,
  discarded: array(u32, 1),
}, { size: 16 });

/** Message DXGK_VMBCOMMAND_QUERYALLOCATIONRESIDENCY. */
export interface dxgkvmb_command_queryallocationresidency {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** the argument of the ioctl */
  args: View<d3dkmt_queryallocationresidency>;
}
/** Layout of `struct dxgkvmb_command_queryallocationresidency`: 56 bytes. */
export const dxgkvmb_command_queryallocationresidency: Struct<dxgkvmb_command_queryallocationresidency> = struct<
  dxgkvmb_command_queryallocationresidency
>("dxgkvmb_command_queryallocationresidency", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
  args: d3dkmt_queryallocationresidency.field(),
}, { size: 56 });

/** Reply to DXGK_VMBCOMMAND_QUERYALLOCATIONRESIDENCY. */
export interface dxgkvmb_command_queryallocationresidency_return {
  /** NTSTATUS */
  status: number;
}
/** Layout of `struct dxgkvmb_command_queryallocationresidency_return`: 4 bytes. */
export const dxgkvmb_command_queryallocationresidency_return: Struct<dxgkvmb_command_queryallocationresidency_return> =
  struct<dxgkvmb_command_queryallocationresidency_return>("dxgkvmb_command_queryallocationresidency_return", {
    status: s32,
  }, { size: 4 });

/** Message DXGK_VMBCOMMAND_SETALLOCATIONPRIORITY. */
export interface dxgkvmb_command_setallocationpriority {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** device handle */
  device: number;
  /** resource handle */
  resource: number;
  /** allocations */
  allocation_count: number;
}
/** Layout of `struct dxgkvmb_command_setallocationpriority`: 40 bytes. */
export const dxgkvmb_command_setallocationpriority: Struct<dxgkvmb_command_setallocationpriority> = struct<
  dxgkvmb_command_setallocationpriority
>("dxgkvmb_command_setallocationpriority", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
  device: u32,
  resource: u32,
  allocation_count: u32,
}, { size: 40 });

/** Message DXGK_VMBCOMMAND_GETALLOCATIONPRIORITY. */
export interface dxgkvmb_command_getallocationpriority {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** device handle */
  device: number;
  /** resource handle */
  resource: number;
  /** allocations */
  allocation_count: number;
}
/** Layout of `struct dxgkvmb_command_getallocationpriority`: 40 bytes. */
export const dxgkvmb_command_getallocationpriority: Struct<dxgkvmb_command_getallocationpriority> = struct<
  dxgkvmb_command_getallocationpriority
>("dxgkvmb_command_getallocationpriority", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
  device: u32,
  resource: u32,
  allocation_count: u32,
}, { size: 40 });

/** Reply to DXGK_VMBCOMMAND_GETALLOCATIONPRIORITY. */
export interface dxgkvmb_command_getallocationpriority_return {
  /** NTSTATUS */
  status: number;
}
/** Layout of `struct dxgkvmb_command_getallocationpriority_return`: 4 bytes. */
export const dxgkvmb_command_getallocationpriority_return: Struct<dxgkvmb_command_getallocationpriority_return> =
  struct<dxgkvmb_command_getallocationpriority_return>("dxgkvmb_command_getallocationpriority_return", {
    status: s32,
  }, { size: 4 });

/** Message DXGK_VMBCOMMAND_UPDATEALLOCATIONPROPERTY. */
export interface dxgkvmb_command_updateallocationproperty {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** the argument of the ioctl */
  args: View<d3dddi_updateallocproperty>;
}
/** Layout of `struct dxgkvmb_command_updateallocationproperty`: 64 bytes. */
export const dxgkvmb_command_updateallocationproperty: Struct<dxgkvmb_command_updateallocationproperty> = struct<
  dxgkvmb_command_updateallocationproperty
>("dxgkvmb_command_updateallocationproperty", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
  args: d3dddi_updateallocproperty.field(),
}, { size: 64 });

/** Reply to DXGK_VMBCOMMAND_UPDATEALLOCATIONPROPERTY. */
export interface dxgkvmb_command_updateallocationproperty_return {
  /** value of the paging queue's fence that says it is done */
  paging_fence_value: bigint;
  /** NTSTATUS */
  status: number;
}
/** Layout of `struct dxgkvmb_command_updateallocationproperty_return`: 16 bytes. */
export const dxgkvmb_command_updateallocationproperty_return: Struct<dxgkvmb_command_updateallocationproperty_return> =
  struct<dxgkvmb_command_updateallocationproperty_return>("dxgkvmb_command_updateallocationproperty_return", {
    paging_fence_value: u64,
    status: s32,
  }, { size: 16 });

/** Message dxgk_vmbcommand_queryvideomemoryinfo. */
export interface dxgkvmb_command_queryvideomemoryinfo {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** adapter handle */
  adapter: number;
  /** memory of the GPU or of the system; enum d3dkmt_memory_segment_group */
  memory_segment_group: number;
  /** physical adapter of a linked set */
  physical_adapter_index: number;
}
/** Layout of `struct dxgkvmb_command_queryvideomemoryinfo`: 40 bytes. */
export const dxgkvmb_command_queryvideomemoryinfo: Struct<dxgkvmb_command_queryvideomemoryinfo> = struct<
  dxgkvmb_command_queryvideomemoryinfo
>("dxgkvmb_command_queryvideomemoryinfo", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
  adapter: u32,
  memory_segment_group: u32,
  physical_adapter_index: u32,
}, { size: 40 });

/** Reply to dxgk_vmbcommand_queryvideomemoryinfo. */
export interface dxgkvmb_command_queryvideomemoryinfo_return {
  /** bytes that the process may use */
  budget: number;
  /** bytes that it uses */
  current_usage: number;
  /** bytes that it has reserved */
  current_reservation: number;
  /** bytes that it may still reserve */
  available_for_reservation: number;
}
/** Layout of `struct dxgkvmb_command_queryvideomemoryinfo_return`: 32 bytes. */
export const dxgkvmb_command_queryvideomemoryinfo_return: Struct<dxgkvmb_command_queryvideomemoryinfo_return> = struct<
  dxgkvmb_command_queryvideomemoryinfo_return
>("dxgkvmb_command_queryvideomemoryinfo_return", {
  budget: u53,
  current_usage: u53,
  current_reservation: u53,
  available_for_reservation: u53,
}, { size: 32 });

/** Message DXGK_VMBCOMMAND_CHANGEVIDEOMEMORYRESERVATION. */
export interface dxgkvmb_command_changevideomemoryreservation {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** the argument of the ioctl */
  args: View<d3dkmt_changevideomemoryreservation>;
}
/** Layout of `struct dxgkvmb_command_changevideomemoryreservation`: 56 bytes. */
export const dxgkvmb_command_changevideomemoryreservation: Struct<dxgkvmb_command_changevideomemoryreservation> =
  struct<dxgkvmb_command_changevideomemoryreservation>("dxgkvmb_command_changevideomemoryreservation", {
    hdr: dxgkvmb_command_vgpu_to_host.field(),
    args: d3dkmt_changevideomemoryreservation.field(),
  }, { size: 56 });
