/**
 * Messages about opening, locking and caches of allocations. Mirrors dxgkrnl's dxgvmbus.h.
 * @module
 */

import { s32, type Struct, struct, u32, u53, u64, u8, type View } from "./struct.ts";
import { d3dkmt_lock2, d3dkmt_unlock2 } from "./d3dkmthk_allocation.ts";
import { dxgkvmb_command_vgpu_to_host } from "./dxgvmbus_hdr.ts";

/** Message DXGK_VMBCOMMAND_OPENRESOURCE. */
export interface dxgkvmb_command_openresource {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** device handle */
  device: number;
  /** always one here; 0 or 1 */
  nt_security_sharing: number;
  /** handle of the shared object */
  global_share: number;
  /** allocations */
  allocation_count: number;
  /** private data of all allocations, bytes */
  total_priv_drv_data_size: number;
}
/** Layout of `struct dxgkvmb_command_openresource`: 48 bytes. */
export const dxgkvmb_command_openresource: Struct<dxgkvmb_command_openresource> = struct<dxgkvmb_command_openresource>(
  "dxgkvmb_command_openresource",
  {
    hdr: dxgkvmb_command_vgpu_to_host.field(),
    device: u32,
    nt_security_sharing: u8,
    global_share: u32,
    allocation_count: u32,
    total_priv_drv_data_size: u32,
  },
  { size: 48 },
);

/** Reply to DXGK_VMBCOMMAND_OPENRESOURCE. */
export interface dxgkvmb_command_openresource_return {
  /** resource handle */
  resource: number;
  /** NTSTATUS */
  status: number;
}
/** Layout of `struct dxgkvmb_command_openresource_return`: 8 bytes. */
export const dxgkvmb_command_openresource_return: Struct<dxgkvmb_command_openresource_return> = struct<
  dxgkvmb_command_openresource_return
>("dxgkvmb_command_openresource_return", {
  resource: u32,
  status: s32,
}, { size: 8 });

/** Message DXGK_VMBCOMMAND_LOCK2. */
export interface dxgkvmb_command_lock2 {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** the argument of the ioctl */
  args: View<d3dkmt_lock2>;
  /** always zero here; 0 or 1 */
  use_legacy_lock: number;
  /** bits of the lock */
  flags: number;
  /** unused */
  priv_drv_data: number;
}
/** Layout of `struct dxgkvmb_command_lock2`: 64 bytes. */
export const dxgkvmb_command_lock2: Struct<dxgkvmb_command_lock2> = struct<dxgkvmb_command_lock2>(
  "dxgkvmb_command_lock2",
  {
    hdr: dxgkvmb_command_vgpu_to_host.field(),
    args: d3dkmt_lock2.field(),
    use_legacy_lock: u8,
    flags: u32,
    priv_drv_data: u32,
  },
  { size: 64 },
);

/** Reply to DXGK_VMBCOMMAND_LOCK2. */
export interface dxgkvmb_command_lock2_return {
  /** NTSTATUS */
  status: number;
  /** into the I/O window, bytes */
  cpu_visible_buffer_offset: bigint;
}
/** Layout of `struct dxgkvmb_command_lock2_return`: 16 bytes. */
export const dxgkvmb_command_lock2_return: Struct<dxgkvmb_command_lock2_return> = struct<dxgkvmb_command_lock2_return>(
  "dxgkvmb_command_lock2_return",
  {
    status: s32,
    cpu_visible_buffer_offset: u64,
  },
  { size: 16 },
);

/** Message DXGK_VMBCOMMAND_UNLOCK2. */
export interface dxgkvmb_command_unlock2 {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** the argument of the ioctl */
  args: View<d3dkmt_unlock2>;
  /** always zero here; 0 or 1 */
  use_legacy_unlock: number;
}
/** Layout of `struct dxgkvmb_command_unlock2`: 40 bytes. */
export const dxgkvmb_command_unlock2: Struct<dxgkvmb_command_unlock2> = struct<dxgkvmb_command_unlock2>(
  "dxgkvmb_command_unlock2",
  {
    hdr: dxgkvmb_command_vgpu_to_host.field(),
    args: d3dkmt_unlock2.field(),
    use_legacy_unlock: u8,
  },
  { size: 40 },
);

/** Message DXGK_VMBCOMMAND_INVALIDATECACHE. */
export interface dxgkvmb_command_invalidatecache {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** device handle */
  device: number;
  /** allocation handle */
  allocation: number;
  /** from the start of the allocation, bytes */
  offset: number;
  /** bytes */
  length: number;
  /** must be zero */
  reserved: bigint;
}
/** Layout of `struct dxgkvmb_command_invalidatecache`: 56 bytes. */
export const dxgkvmb_command_invalidatecache: Struct<dxgkvmb_command_invalidatecache> = struct<
  dxgkvmb_command_invalidatecache
>("dxgkvmb_command_invalidatecache", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
  device: u32,
  allocation: u32,
  offset: u53,
  length: u53,
  reserved: u64,
}, { size: 56 });
