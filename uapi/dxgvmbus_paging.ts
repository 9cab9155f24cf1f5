/**
 * Messages about paging queues and GPU virtual addresses. Mirrors dxgkrnl's dxgvmbus.h.
 * @module
 */

import { array, type ArrayView, s32, type Struct, struct, u32, u53, u64, type View } from "./struct.ts";
import {
  d3dddi_mapgpuvirtualaddress,
  d3dddi_reservegpuvirtualaddress,
  d3dddi_updategpuvirtualaddress_operation,
  d3dkmt_createpagingqueue,
  d3dkmt_freegpuvirtualaddress,
} from "./d3dkmthk_paging.ts";
import { dxgkvmb_command_vgpu_to_host } from "./dxgvmbus_hdr.ts";

/** Message DXGK_VMBCOMMAND_CREATEPAGINGQUEUE. */
export interface dxgkvmb_command_createpagingqueue {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** the argument of the ioctl */
  args: View<d3dkmt_createpagingqueue>;
}
/** Layout of `struct dxgkvmb_command_createpagingqueue`: 56 bytes. */
export const dxgkvmb_command_createpagingqueue: Struct<dxgkvmb_command_createpagingqueue> = struct<
  dxgkvmb_command_createpagingqueue
>("dxgkvmb_command_createpagingqueue", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
  args: d3dkmt_createpagingqueue.field(),
}, { size: 56 });

/** Reply to DXGK_VMBCOMMAND_CREATEPAGINGQUEUE. */
export interface dxgkvmb_command_createpagingqueue_return {
  /** paging queue handle */
  paging_queue: number;
  /** synchronization object handle */
  sync_object: number;
  /** guest-physical address of the page with the fence's value */
  fence_storage_physical_address: bigint;
  /** into the page, bytes */
  fence_storage_offset: number;
}
/** Layout of `struct dxgkvmb_command_createpagingqueue_return`: 24 bytes. */
export const dxgkvmb_command_createpagingqueue_return: Struct<dxgkvmb_command_createpagingqueue_return> = struct<
  dxgkvmb_command_createpagingqueue_return
>("dxgkvmb_command_createpagingqueue_return", {
  paging_queue: u32,
  sync_object: u32,
  fence_storage_physical_address: u64,
  fence_storage_offset: u53,
}, { size: 24 });

/** Message DXGK_VMBCOMMAND_DESTROYPAGINGQUEUE. */
export interface dxgkvmb_command_destroypagingqueue {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** paging queue handle */
  paging_queue: number;
}
/** Layout of `struct dxgkvmb_command_destroypagingqueue`: 32 bytes. */
export const dxgkvmb_command_destroypagingqueue: Struct<dxgkvmb_command_destroypagingqueue> = struct<
  dxgkvmb_command_destroypagingqueue
>("dxgkvmb_command_destroypagingqueue", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
  paging_queue: u32,
}, { size: 32 });

/** Message DXGK_VMBCOMMAND_MAPGPUVIRTUALADDRESS. */
export interface dxgkvmb_command_mapgpuvirtualaddress {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** the argument of the ioctl */
  args: View<d3dddi_mapgpuvirtualaddress>;
  /** device handle */
  device: number;
}
/** Layout of `struct dxgkvmb_command_mapgpuvirtualaddress`: 136 bytes. */
export const dxgkvmb_command_mapgpuvirtualaddress: Struct<dxgkvmb_command_mapgpuvirtualaddress> = struct<
  dxgkvmb_command_mapgpuvirtualaddress
>("dxgkvmb_command_mapgpuvirtualaddress", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
  args: d3dddi_mapgpuvirtualaddress.field(),
  device: u32,
}, { size: 136 });

/** Reply to DXGK_VMBCOMMAND_MAPGPUVIRTUALADDRESS. */
export interface dxgkvmb_command_mapgpuvirtualaddress_return {
  /** GPU virtual address */
  virtual_address: bigint;
  /** value of the paging queue's fence that says it is done */
  paging_fence_value: bigint;
  /** NTSTATUS */
  status: number;
}
/** Layout of `struct dxgkvmb_command_mapgpuvirtualaddress_return`: 24 bytes. */
export const dxgkvmb_command_mapgpuvirtualaddress_return: Struct<dxgkvmb_command_mapgpuvirtualaddress_return> = struct<
  dxgkvmb_command_mapgpuvirtualaddress_return
>("dxgkvmb_command_mapgpuvirtualaddress_return", {
  virtual_address: u64,
  paging_fence_value: u64,
  status: s32,
}, { size: 24 });

/** Message DXGK_VMBCOMMAND_RESERVEGPUVIRTUALADDRESS. */
export interface dxgkvmb_command_reservegpuvirtualaddress {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** the argument of the ioctl */
  args: View<d3dddi_reservegpuvirtualaddress>;
}
/** Layout of `struct dxgkvmb_command_reservegpuvirtualaddress`: 96 bytes. */
export const dxgkvmb_command_reservegpuvirtualaddress: Struct<dxgkvmb_command_reservegpuvirtualaddress> = struct<
  dxgkvmb_command_reservegpuvirtualaddress
>("dxgkvmb_command_reservegpuvirtualaddress", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
  args: d3dddi_reservegpuvirtualaddress.field(),
}, { size: 96 });

/** Reply to DXGK_VMBCOMMAND_RESERVEGPUVIRTUALADDRESS. */
export interface dxgkvmb_command_reservegpuvirtualaddress_return {
  /** GPU virtual address */
  virtual_address: bigint;
  /** value of the paging queue's fence that says it is done */
  paging_fence_value: bigint;
}
/** Layout of `struct dxgkvmb_command_reservegpuvirtualaddress_return`: 16 bytes. */
export const dxgkvmb_command_reservegpuvirtualaddress_return: Struct<dxgkvmb_command_reservegpuvirtualaddress_return> =
  struct<dxgkvmb_command_reservegpuvirtualaddress_return>("dxgkvmb_command_reservegpuvirtualaddress_return", {
    virtual_address: u64,
    paging_fence_value: u64,
  }, { size: 16 });

/** Message DXGK_VMBCOMMAND_FREEGPUVIRTUALADDRESS. */
export interface dxgkvmb_command_freegpuvirtualaddress {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** the argument of the ioctl */
  args: View<d3dkmt_freegpuvirtualaddress>;
}
/** Layout of `struct dxgkvmb_command_freegpuvirtualaddress`: 48 bytes. */
export const dxgkvmb_command_freegpuvirtualaddress: Struct<dxgkvmb_command_freegpuvirtualaddress> = struct<
  dxgkvmb_command_freegpuvirtualaddress
>("dxgkvmb_command_freegpuvirtualaddress", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
  args: d3dkmt_freegpuvirtualaddress.field(),
}, { size: 48 });

/** Message DXGK_VMBCOMMAND_UPDATEGPUVIRTUALADDRESS. */
export interface dxgkvmb_command_updategpuvirtualaddress {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** value of the fence */
  fence_value: bigint;
  /** device handle */
  device: number;
  /** context handle */
  context: number;
  /** fence that orders the operations */
  fence_object: number;
  /** operations */
  num_operations: number;
  /** bit 0: do not wait */
  flags: number;
  /** the first of `num_operations` */
  operations: ArrayView<View<d3dddi_updategpuvirtualaddress_operation>>;
}
/** Layout of `struct dxgkvmb_command_updategpuvirtualaddress`: 120 bytes. */
export const dxgkvmb_command_updategpuvirtualaddress: Struct<dxgkvmb_command_updategpuvirtualaddress> = struct<
  dxgkvmb_command_updategpuvirtualaddress
>("dxgkvmb_command_updategpuvirtualaddress", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
  fence_value: u64,
  device: u32,
  context: u32,
  fence_object: u32,
  num_operations: u32,
  flags: u32,
  operations: array(d3dddi_updategpuvirtualaddress_operation.field(), 1),
}, { size: 120 });
