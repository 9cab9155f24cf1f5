/**
 * Messages about adapters. Mirrors dxgkrnl's dxgvmbus.h.
 * @module
 */

import { type Bits, bits, bitsField } from "./bits.ts";
import { array, type ArrayView, bytes, s32, type Struct, struct, u16, u32, type View } from "./struct.ts";
import { winluid } from "./d3dkmthk_handle.ts";
import { dxgkvmb_command_vgpu_to_host } from "./dxgvmbus_hdr.ts";

/** What the guest can do, written to its PCI configuration space. */
export const dxgk_vmbus_guestcaps: Bits<"wsl2" | "reserved"> = bits("dxgk_vmbus_guestcaps", {
  wsl2: 1,
  reserved: 31,
});

/** What the host can do, read from PCI configuration space. */
export const dxgk_vmbus_hostcaps: Bits<"map_guest_memory" | "reserved"> = bits("dxgk_vmbus_hostcaps", {
  map_guest_memory: 1,
  reserved: 31,
});

/** Message DXGK_VMBCOMMAND_OPENADAPTER. */
export interface dxgkvmb_command_openadapter {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** version of the sender */
  vmbus_interface_version: number;
  /** oldest version it speaks */
  vmbus_last_compatible_interface_version: number;
  /** the adapter in the guest */
  guest_adapter_luid: View<winluid>;
}
/** Layout of `struct dxgkvmb_command_openadapter`: 40 bytes. */
export const dxgkvmb_command_openadapter: Struct<dxgkvmb_command_openadapter> = struct<dxgkvmb_command_openadapter>(
  "dxgkvmb_command_openadapter",
  {
    hdr: dxgkvmb_command_vgpu_to_host.field(),
    vmbus_interface_version: u32,
    vmbus_last_compatible_interface_version: u32,
    guest_adapter_luid: winluid.field(),
  },
  { size: 40 },
);

/** Reply to DXGK_VMBCOMMAND_OPENADAPTER. */
export interface dxgkvmb_command_openadapter_return {
  /** the host's handle of the adapter */
  host_adapter_handle: number;
  /** NTSTATUS */
  status: number;
  /** version of the sender */
  vmbus_interface_version: number;
  /** oldest version it speaks */
  vmbus_last_compatible_interface_version: number;
}
/** Layout of `struct dxgkvmb_command_openadapter_return`: 16 bytes. */
export const dxgkvmb_command_openadapter_return: Struct<dxgkvmb_command_openadapter_return> = struct<
  dxgkvmb_command_openadapter_return
>("dxgkvmb_command_openadapter_return", {
  host_adapter_handle: u32,
  status: s32,
  vmbus_interface_version: u32,
  vmbus_last_compatible_interface_version: u32,
}, { size: 16 });

/** Message DXGK_VMBCOMMAND_CLOSEADAPTER. */
export interface dxgkvmb_command_closeadapter {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** the host's handle of the adapter */
  host_handle: number;
}
/** Layout of `struct dxgkvmb_command_closeadapter`: 32 bytes. */
export const dxgkvmb_command_closeadapter: Struct<dxgkvmb_command_closeadapter> = struct<dxgkvmb_command_closeadapter>(
  "dxgkvmb_command_closeadapter",
  {
    hdr: dxgkvmb_command_vgpu_to_host.field(),
    host_handle: u32,
  },
  { size: 32 },
);

/** What an adapter of the host is. */
export const dxgk_device_types: Bits<
  | "post_device"
  | "post_device_certain"
  | "software_device"
  | "soft_gpu_device"
  | "warp_device"
  | "bdd_device"
  | "support_miracast"
  | "mismatched_lda"
  | "indirect_display_device"
  | "xbox_one_device"
  | "child_id_support_dwm_clone"
  | "child_id_support_dwm_clone2"
  | "has_internal_panel"
  | "rfx_vgpu_device"
  | "virtual_render_device"
  | "support_preserve_boot_display"
  | "is_uefi_frame_buffer"
  | "removable_device"
  | "virtual_monitor_device"
> = bits("dxgk_device_types", {
  post_device: 1,
  post_device_certain: 1,
  software_device: 1,
  soft_gpu_device: 1,
  warp_device: 1,
  bdd_device: 1,
  support_miracast: 1,
  mismatched_lda: 1,
  indirect_display_device: 1,
  xbox_one_device: 1,
  child_id_support_dwm_clone: 1,
  child_id_support_dwm_clone2: 1,
  has_internal_panel: 1,
  rfx_vgpu_device: 1,
  virtual_render_device: 1,
  support_preserve_boot_display: 1,
  is_uefi_frame_buffer: 1,
  removable_device: 1,
  virtual_monitor_device: 1,
});

/** Message DXGK_VMBCOMMAND_GETINTERNALADAPTERINFO. */
export interface dxgkvmb_command_getinternaladapterinfo {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
}
/** Layout of `struct dxgkvmb_command_getinternaladapterinfo`: 24 bytes. */
export const dxgkvmb_command_getinternaladapterinfo: Struct<dxgkvmb_command_getinternaladapterinfo> = struct<
  dxgkvmb_command_getinternaladapterinfo
>("dxgkvmb_command_getinternaladapterinfo", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
}, { size: 24 });

/** Bit-fields of {@linkcode dxgkvmb_command_getinternaladapterinfo_return}.flags. */
export const dxgkvmb_command_getinternaladapterinfo_return_flags: Bits<
  | "secure_virtual_machine"
  | "virtual_machine_reset"
  | "is_vail_supported"
  | "hw_sch_enabled"
  | "hw_sch_capable"
  | "va_backed_vm"
  | "async_msg_enabled"
  | "hw_support_state"
  | "reserved"
> = bits("dxgkvmb_command_getinternaladapterinfo_return_flags", {
  secure_virtual_machine: 1,
  virtual_machine_reset: 1,
  is_vail_supported: 1,
  hw_sch_enabled: 1,
  hw_sch_capable: 1,
  va_backed_vm: 1,
  async_msg_enabled: 1,
  hw_support_state: 2,
  reserved: 23,
});

/** Reply to DXGK_VMBCOMMAND_GETINTERNALADAPTERINFO. */
export interface dxgkvmb_command_getinternaladapterinfo_return {
  /** what the adapter is; dxgk_device_types */
  device_types: number;
  /** how driver files reach the guest */
  driver_store_copy_mode: number;
  /** version of the host driver's interface */
  driver_ddi_version: number;
  /** bits; dxgkvmb_command_getinternaladapterinfo_return_flags */
  flags: number;
  /** the adapter on the host */
  host_adapter_luid: View<winluid>;
  /** UTF-16, up to 79 units */
  device_description: ArrayView<number>;
  /** UTF-16, up to 259 units */
  device_instance_id: ArrayView<number>;
  /** the virtual GPU on the host */
  host_vgpu_luid: View<winluid>;
}
/** Layout of `struct dxgkvmb_command_getinternaladapterinfo_return`: 712 bytes. */
export const dxgkvmb_command_getinternaladapterinfo_return: Struct<dxgkvmb_command_getinternaladapterinfo_return> =
  struct<dxgkvmb_command_getinternaladapterinfo_return>("dxgkvmb_command_getinternaladapterinfo_return", {
    device_types: bitsField(dxgk_device_types),
    driver_store_copy_mode: u32,
    driver_ddi_version: u32,
    flags: bitsField(dxgkvmb_command_getinternaladapterinfo_return_flags),
    host_adapter_luid: winluid.field(),
    device_description: array(u16, 80),
    device_instance_id: array(u16, 260),
    host_vgpu_luid: winluid.field(),
  }, { size: 712 });

/** Bytes of {@linkcode dxgkvmb_command_getinternaladapterinfo_return} in version 27, which ends before `host_vgpu_luid`. */
export const DXGKVMB_GETINTERNALADAPTERINFO_RETURN_SIZE_V27 = 704;

/** Message DXGK_VMBCOMMAND_QUERYADAPTERINFO. */
export interface dxgkvmb_command_queryadapterinfo {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** what is asked; enum kmtqueryadapterinfotype */
  query_type: number;
  /** bytes, 1 to 128 KiB */
  private_data_size: number;
  /** the first byte of `private_data_size` */
  private_data: Uint8Array;
}
/** Layout of `struct dxgkvmb_command_queryadapterinfo`: 40 bytes. */
export const dxgkvmb_command_queryadapterinfo: Struct<dxgkvmb_command_queryadapterinfo> = struct<
  dxgkvmb_command_queryadapterinfo
>("dxgkvmb_command_queryadapterinfo", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
  query_type: u32,
  private_data_size: u32,
  private_data: bytes(1),
}, { size: 40 });

/** Reply to DXGK_VMBCOMMAND_QUERYADAPTERINFO. */
export interface dxgkvmb_command_queryadapterinfo_return {
  /** NTSTATUS */
  status: number;
  /** the first byte of the answer */
  private_data: Uint8Array;
}
/** Layout of `struct dxgkvmb_command_queryadapterinfo_return`: 8 bytes. */
export const dxgkvmb_command_queryadapterinfo_return: Struct<dxgkvmb_command_queryadapterinfo_return> = struct<
  dxgkvmb_command_queryadapterinfo_return
>("dxgkvmb_command_queryadapterinfo_return", {
  status: s32,
  private_data: bytes(1),
}, { size: 8 });
