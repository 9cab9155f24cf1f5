/**
 * Allocations: making and destroying them. Mirrors include/uapi/misc/d3dkmthk.h.
 * @module
 */

import { type Bits, bits, bitsField } from "./bits.ts";
import { type Ioctl, IOWR } from "./ioctl.ts";
import { array, type ArrayView, overlay, type Struct, struct, u32, u53, u64, type View } from "./struct.ts";

/** Bits of new allocations. */
export const d3dkmt_createallocationflags: Bits<
  | "create_resource"
  | "create_shared"
  | "non_secure"
  | "create_protected"
  | "restrict_shared_access"
  | "existing_sysmem"
  | "nt_security_sharing"
  | "read_only"
  | "create_write_combined"
  | "create_cached"
  | "swap_chain_back_buffer"
  | "cross_adapter"
  | "open_cross_adapter"
  | "partial_shared_creation"
  | "zeroed"
  | "write_watch"
  | "standard_allocation"
  | "existing_section"
  | "reserved"
> = bits("d3dkmt_createallocationflags", {
  create_resource: 1,
  create_shared: 1,
  non_secure: 1,
  create_protected: 1,
  restrict_shared_access: 1,
  existing_sysmem: 1,
  nt_security_sharing: 1,
  read_only: 1,
  create_write_combined: 1,
  create_cached: 1,
  swap_chain_back_buffer: 1,
  cross_adapter: 1,
  open_cross_adapter: 1,
  partial_shared_creation: 1,
  zeroed: 1,
  write_watch: 1,
  standard_allocation: 1,
  existing_section: 1,
  reserved: 14,
});

/** Bit-fields of {@linkcode d3dddi_allocationinfo2}.flags. */
export const d3dddi_allocationinfo2_flags: Bits<"primary" | "stereo" | "override_priority" | "reserved"> = bits(
  "d3dddi_allocationinfo2_flags",
  {
    primary: 1,
    stereo: 1,
    override_priority: 1,
    reserved: 29,
  },
);

/** One allocation to make. */
export interface d3dddi_allocationinfo2 {
  /** out; allocation handle */
  allocation: number;
  /** user address of existing memory, page aligned */
  sysmem: bigint;
  /** user address of private data of the user-mode driver */
  priv_drv_data: bigint;
  /** private data of the user-mode driver, bytes */
  priv_drv_data_size: number;
  /** display source, for a primary */
  vidpn_source_id: number;
  /** bits; d3dddi_allocationinfo2_flags */
  flags: number;
  /** GPU virtual address */
  gpu_virtual_address: bigint;
  /** priority */
  priority: number;
  /** fills the union */
  unused: bigint;
  /** must be zero */
  reserved: ArrayView<bigint>;
}
/** Layout of `struct d3dddi_allocationinfo2`: 96 bytes. */
export const d3dddi_allocationinfo2: Struct<d3dddi_allocationinfo2> = struct<d3dddi_allocationinfo2>(
  "d3dddi_allocationinfo2",
  {
    allocation: u32,
    sysmem: u64,
    priv_drv_data: u64,
    priv_drv_data_size: u32,
    vidpn_source_id: u32,
    flags: bitsField(d3dddi_allocationinfo2_flags),
    gpu_virtual_address: u64,
    priority: u32,
    unused: overlay(48, u64),
    reserved: array(u64, 5),
  },
  { size: 96 },
);

/** Argument of {@linkcode LX_DXCREATEALLOCATION}. */
export interface d3dkmt_createallocation {
  /** device handle */
  device: number;
  /** resource to add to, or 0; out with create_resource */
  resource: number;
  /** out; handle of the shared object */
  global_share: number;
  /** must be zero */
  reserved: number;
  /** user address of data of the runtime */
  private_runtime_data: bigint;
  /** data of the runtime, bytes */
  private_runtime_data_size: number;
  /** must be zero */
  reserved1: number;
  /** user address of {@linkcode d3dkmt_createstandardallocation} */
  standard_allocation: bigint;
  /** user address of private data of the user-mode driver */
  priv_drv_data: bigint;
  /** private data of the user-mode driver, bytes */
  priv_drv_data_size: number;
  /** allocations */
  alloc_count: number;
  /** user address of {@linkcode d3dddi_allocationinfo2} */
  allocation_info: bigint;
  /** bits; d3dkmt_createallocationflags */
  flags: number;
  /** must be zero */
  reserved2: number;
  /** cookie of the runtime */
  private_runtime_resource_handle: bigint;
}
/** Layout of `struct d3dkmt_createallocation`: 72 bytes. */
export const d3dkmt_createallocation: Struct<d3dkmt_createallocation> = struct<d3dkmt_createallocation>(
  "d3dkmt_createallocation",
  {
    device: u32,
    resource: u32,
    global_share: u32,
    reserved: u32,
    private_runtime_data: u64,
    private_runtime_data_size: u32,
    reserved1: u32,
    standard_allocation: u64,
    priv_drv_data: overlay(32, u64),
    priv_drv_data_size: u32,
    alloc_count: u32,
    allocation_info: u64,
    flags: bitsField(d3dkmt_createallocationflags),
    reserved2: u32,
    private_runtime_resource_handle: u64,
  },
  { size: 72 },
);

/** Makes 1 to 1024 allocations, a resource, or a standard allocation. */
export const LX_DXCREATEALLOCATION: Ioctl<d3dkmt_createallocation> = IOWR("G", 0x06, d3dkmt_createallocation);

/** Type of a standard allocation: existingheap. */
export const _D3DKMT_STANDARDALLOCATIONTYPE_EXISTINGHEAP = 1;
/** Type of a standard allocation: crossadapter. */
export const _D3DKMT_STANDARDALLOCATIONTYPE_CROSSADAPTER = 2;

/** A heap over memory that exists. */
export interface d3dkmt_standardallocation_existingheap {
  /** bytes */
  size: number;
}
/** Layout of `struct d3dkmt_standardallocation_existingheap`: 8 bytes. */
export const d3dkmt_standardallocation_existingheap: Struct<d3dkmt_standardallocation_existingheap> = struct<
  d3dkmt_standardallocation_existingheap
>("d3dkmt_standardallocation_existingheap", {
  size: u53,
}, { size: 8 });

/** Bits of a standard allocation. */
export const d3dkmt_createstandardallocationflags: Bits<"reserved"> = bits("d3dkmt_createstandardallocationflags", {
  reserved: 32,
});

/** An allocation that needs no private data of a driver. */
export interface d3dkmt_createstandardallocation {
  /** kind; enum d3dkmt_standardallocationtype */
  type: number;
  /** must be zero */
  reserved: number;
  /** arm of an existing heap */
  existing_heap_data: View<d3dkmt_standardallocation_existingheap>;
  /** bits; d3dkmt_createstandardallocationflags */
  flags: number;
  /** must be zero */
  reserved1: number;
}
/** Layout of `struct d3dkmt_createstandardallocation`: 24 bytes. */
export const d3dkmt_createstandardallocation: Struct<d3dkmt_createstandardallocation> = struct<
  d3dkmt_createstandardallocation
>("d3dkmt_createstandardallocation", {
  type: u32,
  reserved: u32,
  existing_heap_data: d3dkmt_standardallocation_existingheap.field(),
  flags: bitsField(d3dkmt_createstandardallocationflags),
  reserved1: u32,
}, { size: 24 });

/** Bits of a destruction. */
export const d3dddicb_destroyallocation2flags: Bits<
  "assume_not_in_use" | "synchronous_destroy" | "reserved" | "system_use_only"
> = bits("d3dddicb_destroyallocation2flags", {
  assume_not_in_use: 1,
  synchronous_destroy: 1,
  reserved: 29,
  system_use_only: 1,
});

/** Argument of {@linkcode LX_DXDESTROYALLOCATION2}. */
export interface d3dkmt_destroyallocation2 {
  /** device handle */
  device: number;
  /** resource handle, or 0 */
  resource: number;
  /** user address of allocation handles */
  allocations: bigint;
  /** allocations */
  alloc_count: number;
  /** bits; d3dddicb_destroyallocation2flags */
  flags: number;
}
/** Layout of `struct d3dkmt_destroyallocation2`: 24 bytes. */
export const d3dkmt_destroyallocation2: Struct<d3dkmt_destroyallocation2> = struct<d3dkmt_destroyallocation2>(
  "d3dkmt_destroyallocation2",
  {
    device: u32,
    resource: u32,
    allocations: u64,
    alloc_count: u32,
    flags: bitsField(d3dddicb_destroyallocation2flags),
  },
  { size: 24 },
);

/** Destroys allocations or a resource. */
export const LX_DXDESTROYALLOCATION2: Ioctl<d3dkmt_destroyallocation2> = IOWR("G", 0x13, d3dkmt_destroyallocation2);

/** Bits of a lock. */
export const d3dddicb_lock2flags: Bits<"reserved"> = bits("d3dddicb_lock2flags", {
  reserved: 32,
});

/** Argument of {@linkcode LX_DXLOCK2}. */
export interface d3dkmt_lock2 {
  /** device handle */
  device: number;
  /** allocation handle */
  allocation: number;
  /** bits; d3dddicb_lock2flags */
  flags: number;
  /** must be zero */
  reserved: number;
  /** out; user address where the allocation is mapped */
  data: bigint;
}
/** Layout of `struct d3dkmt_lock2`: 24 bytes. */
export const d3dkmt_lock2: Struct<d3dkmt_lock2> = struct<d3dkmt_lock2>("d3dkmt_lock2", {
  device: u32,
  allocation: u32,
  flags: bitsField(d3dddicb_lock2flags),
  reserved: u32,
  data: u64,
}, { size: 24 });

/** Maps an allocation into the caller. */
export const LX_DXLOCK2: Ioctl<d3dkmt_lock2> = IOWR("G", 0x25, d3dkmt_lock2);

/** Argument of {@linkcode LX_DXUNLOCK2}. */
export interface d3dkmt_unlock2 {
  /** device handle */
  device: number;
  /** allocation handle */
  allocation: number;
}
/** Layout of `struct d3dkmt_unlock2`: 8 bytes. */
export const d3dkmt_unlock2: Struct<d3dkmt_unlock2> = struct<d3dkmt_unlock2>("d3dkmt_unlock2", {
  device: u32,
  allocation: u32,
}, { size: 8 });

/** Unmaps an allocation. */
export const LX_DXUNLOCK2: Ioctl<d3dkmt_unlock2> = IOWR("G", 0x37, d3dkmt_unlock2);

/** Argument of {@linkcode LX_DXINVALIDATECACHE}. */
export interface d3dkmt_invalidatecache {
  /** device handle */
  device: number;
  /** allocation handle */
  allocation: number;
  /** from the start of the allocation, bytes */
  offset: number;
  /** bytes */
  length: number;
}
/** Layout of `struct d3dkmt_invalidatecache`: 24 bytes. */
export const d3dkmt_invalidatecache: Struct<d3dkmt_invalidatecache> = struct<d3dkmt_invalidatecache>(
  "d3dkmt_invalidatecache",
  {
    device: u32,
    allocation: u32,
    offset: u53,
    length: u53,
  },
  { size: 24 },
);

/** Drops a range of an allocation from CPU caches. */
export const LX_DXINVALIDATECACHE: Ioctl<d3dkmt_invalidatecache> = IOWR("G", 0x24, d3dkmt_invalidatecache);
