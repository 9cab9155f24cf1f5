/**
 * Messages about synchronization objects. Mirrors dxgkrnl's dxgvmbus.h.
 * @module
 */

import { bitsField } from "./bits.ts";
import { array, type ArrayView, overlay, s32, type Struct, struct, u32, u64, u8, type View } from "./struct.ts";
import { d3dddi_waitforsynchronizationobjectfromcpu_flags, d3dddicb_signalflags } from "./d3dkmthk_signal.ts";
import { d3dddi_synchronizationobject_flags, d3dkmt_createsynchronizationobject2 } from "./d3dkmthk_sync.ts";
import { dxgkvmb_command_vgpu_to_host, dxgkvmb_command_vm_to_host } from "./dxgvmbus_hdr.ts";

/** Message DXGK_VMBCOMMAND_CREATESYNCOBJECT. */
export interface dxgkvmb_command_createsyncobject {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** the argument of the ioctl */
  args: View<d3dkmt_createsynchronizationobject2>;
  /** what kind of runtime it is for */
  client_hint: number;
}
/** Layout of `struct dxgkvmb_command_createsyncobject`: 128 bytes. */
export const dxgkvmb_command_createsyncobject: Struct<dxgkvmb_command_createsyncobject> = struct<
  dxgkvmb_command_createsyncobject
>("dxgkvmb_command_createsyncobject", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
  args: d3dkmt_createsynchronizationobject2.field(),
  client_hint: u32,
}, { size: 128 });

/** Reply to DXGK_VMBCOMMAND_CREATESYNCOBJECT. */
export interface dxgkvmb_command_createsyncobject_return {
  /** synchronization object handle */
  sync_object: number;
  /** the host's handle of the shared object */
  global_sync_object: number;
  /** GPU virtual address of the fence's value */
  fence_gpu_va: bigint;
  /** guest-physical address of the page with the fence's value */
  fence_storage_address: bigint;
  /** into the page, bytes */
  fence_storage_offset: number;
}
/** Layout of `struct dxgkvmb_command_createsyncobject_return`: 32 bytes. */
export const dxgkvmb_command_createsyncobject_return: Struct<dxgkvmb_command_createsyncobject_return> = struct<
  dxgkvmb_command_createsyncobject_return
>("dxgkvmb_command_createsyncobject_return", {
  sync_object: u32,
  global_sync_object: u32,
  fence_gpu_va: u64,
  fence_storage_address: u64,
  fence_storage_offset: u32,
}, { size: 32 });

/** Message DXGK_VMBCOMMAND_OPENSYNCOBJECT. */
export interface dxgkvmb_command_opensyncobject {
  /** the header */
  hdr: View<dxgkvmb_command_vm_to_host>;
  /** device handle */
  device: number;
  /** the host's handle of the shared object */
  global_sync_object: number;
  /** bit for each engine that may run it */
  engine_affinity: number;
  /** bits; d3dddi_synchronizationobject_flags */
  flags: number;
}
/** Layout of `struct dxgkvmb_command_opensyncobject`: 40 bytes. */
export const dxgkvmb_command_opensyncobject: Struct<dxgkvmb_command_opensyncobject> = struct<
  dxgkvmb_command_opensyncobject
>("dxgkvmb_command_opensyncobject", {
  hdr: dxgkvmb_command_vm_to_host.field(),
  device: u32,
  global_sync_object: u32,
  engine_affinity: u32,
  flags: bitsField(d3dddi_synchronizationobject_flags),
}, { size: 40 });

/** Reply to DXGK_VMBCOMMAND_OPENSYNCOBJECT. */
export interface dxgkvmb_command_opensyncobject_return {
  /** synchronization object handle */
  sync_object: number;
  /** NTSTATUS */
  status: number;
  /** GPU virtual address */
  gpu_virtual_address: bigint;
  /** guest-physical address of the page with the fence's value */
  guest_cpu_physical_address: bigint;
}
/** Layout of `struct dxgkvmb_command_opensyncobject_return`: 24 bytes. */
export const dxgkvmb_command_opensyncobject_return: Struct<dxgkvmb_command_opensyncobject_return> = struct<
  dxgkvmb_command_opensyncobject_return
>("dxgkvmb_command_opensyncobject_return", {
  sync_object: u32,
  status: s32,
  gpu_virtual_address: u64,
  guest_cpu_physical_address: u64,
}, { size: 24 });

/** Message DXGK_VMBCOMMAND_DESTROYSYNCOBJECT. */
export interface dxgkvmb_command_destroysyncobject {
  /** the header */
  hdr: View<dxgkvmb_command_vm_to_host>;
  /** synchronization object handle */
  sync_object: number;
}
/** Layout of `struct dxgkvmb_command_destroysyncobject`: 32 bytes. */
export const dxgkvmb_command_destroysyncobject: Struct<dxgkvmb_command_destroysyncobject> = struct<
  dxgkvmb_command_destroysyncobject
>("dxgkvmb_command_destroysyncobject", {
  hdr: dxgkvmb_command_vm_to_host.field(),
  sync_object: u32,
}, { size: 32 });

/** Message DXGK_VMBCOMMAND_SIGNALSYNCOBJECT. */
export interface dxgkvmb_command_signalsyncobject {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** synchronization objects */
  object_count: number;
  /** bits; d3dddicb_signalflags */
  flags: number;
  /** contexts */
  context_count: number;
  /** value of the fence */
  fence_value: bigint;
  /** the guest's id of the event to signal */
  cpu_event_handle: bigint;
  /** device handle */
  device: number;
}
/** Layout of `struct dxgkvmb_command_signalsyncobject`: 56 bytes. */
export const dxgkvmb_command_signalsyncobject: Struct<dxgkvmb_command_signalsyncobject> = struct<
  dxgkvmb_command_signalsyncobject
>("dxgkvmb_command_signalsyncobject", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
  object_count: u32,
  flags: bitsField(d3dddicb_signalflags),
  context_count: u32,
  fence_value: u64,
  cpu_event_handle: u64,
  device: overlay(48, u32),
}, { size: 56 });

/** Message DXGK_VMBCOMMAND_WAITFORSYNCOBJECTFROMCPU. */
export interface dxgkvmb_command_waitforsyncobjectfromcpu {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** device handle */
  device: number;
  /** synchronization objects */
  object_count: number;
  /** bits; d3dddi_waitforsynchronizationobjectfromcpu_flags */
  flags: number;
  /** the guest's id of the event */
  guest_event_pointer: bigint;
  /** whether the event is used up by it; 0 or 1 */
  dereference_event: number;
}
/** Layout of `struct dxgkvmb_command_waitforsyncobjectfromcpu`: 56 bytes. */
export const dxgkvmb_command_waitforsyncobjectfromcpu: Struct<dxgkvmb_command_waitforsyncobjectfromcpu> = struct<
  dxgkvmb_command_waitforsyncobjectfromcpu
>("dxgkvmb_command_waitforsyncobjectfromcpu", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
  device: u32,
  object_count: u32,
  flags: bitsField(d3dddi_waitforsynchronizationobjectfromcpu_flags),
  guest_event_pointer: u64,
  dereference_event: u8,
}, { size: 56 });

/** Message DXGK_VMBCOMMAND_WAITFORSYNCOBJECTFROMGPU. */
export interface dxgkvmb_command_waitforsyncobjectfromgpu {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** context handle */
  context: number;
  /** synchronization objects */
  object_count: number;
  /** whether `fence_values` holds one value for all; 0 or 1 */
  legacy_fence_object: number;
  /** the first of `object_count` values; handles follow them */
  fence_values: ArrayView<bigint>;
}
/** Layout of `struct dxgkvmb_command_waitforsyncobjectfromgpu`: 48 bytes. */
export const dxgkvmb_command_waitforsyncobjectfromgpu: Struct<dxgkvmb_command_waitforsyncobjectfromgpu> = struct<
  dxgkvmb_command_waitforsyncobjectfromgpu
>("dxgkvmb_command_waitforsyncobjectfromgpu", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
  context: u32,
  object_count: u32,
  legacy_fence_object: u8,
  fence_values: array(u64, 1),
}, { size: 48 });
