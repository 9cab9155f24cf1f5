/**
 * Headers of the messages between dxgkrnl and its host, and the versions of the protocol. Mirrors dxgkrnl's dxgvmbus.h.
 * @module
 */

import { type Bits, bits, bitsField } from "./bits.ts";
import { type Struct, struct, u32, u64, type View } from "./struct.ts";
import { winluid } from "./d3dkmthk_handle.ts";

/** channel_type: vgpu to host. */
export const DXGKVMB_VGPU_TO_HOST = 0;
/** channel_type: vm to host. */
export const DXGKVMB_VM_TO_HOST = 1;
/** channel_type: host to vm. */
export const DXGKVMB_HOST_TO_VM = 2;

/** What a message begins with from version 40 on; version 27 has none. */
export interface dxgvmb_ext_header {
  /** where the command header lies, bytes; 16 */
  command_offset: number;
  /** must be zero */
  reserved: number;
  /** the virtual GPU that the message is for */
  vgpu_luid: View<winluid>;
}
/** Layout of `struct dxgvmb_ext_header`: 16 bytes. */
export const dxgvmb_ext_header: Struct<dxgvmb_ext_header> = struct<dxgvmb_ext_header>("dxgvmb_ext_header", {
  command_offset: u32,
  reserved: u32,
  vgpu_luid: winluid.field(),
}, { size: 16 });

/** The protocol's version now: messages have {@linkcode dxgvmb_ext_header}. */
export const DXGK_VMBUS_INTERFACE_VERSION = 40;
/** The protocol's version before: no extended header. */
export const DXGK_VMBUS_INTERFACE_VERSION_OLD = 27;
/** The oldest version that is still spoken. */
export const DXGK_VMBUS_LAST_COMPATIBLE_INTERFACE_VERSION = 16;
/** The longest message, bytes. */
export const DXG_MAX_VM_BUS_PACKET_SIZE = 0x20000;
/** A ring of a channel, each way, bytes. */
export const DXGK_VMBUS_RING_SIZE = 0x40000;

/** Interface type of the global channel. */
export const DXGK_VMBUS_GLOBAL_GUID = "dde9cbc0-5060-4436-9448-ea1254a5d177";
/** Interface type of a virtual GPU's channel. */
export const DXGK_VMBUS_VGPU_GUID = "6e382d18-3336-4f4b-acc4-2b7703d4df4a";

/** Offset in PCI configuration space: instance GUID of the virtual GPU's channel; its first 8 bytes are the LUID. */
export const DXGK_PCI_CHANNEL_ID = 192;
/** Offset in PCI configuration space: interface version, u32, written back with the guest's. */
export const DXGK_PCI_INTERFACE_VERSION = 208;
/** Offset in PCI configuration space: LUID of the virtual GPU on the host; the guest writes its capabilities there. */
export const DXGK_PCI_VGPU_LUID = 212;
/** Offset in PCI configuration space: {@linkcode dxgk_vmbus_hostcaps}. */
export const DXGK_PCI_HOST_CAPS = 220;
/** PCI vendor of a virtual GPU. */
export const DXGK_PCI_VENDOR_ID = 0x1414;
/** PCI device of a virtual GPU that renders. */
export const DXGK_PCI_DEVICE_ID_VIRTUAL_RENDER = 0x008e;
/** PCI device of a virtual GPU that only computes. */
export const DXGK_PCI_DEVICE_ID_COMPUTE_ACCELERATOR = 0x008a;

/** Bytes before the command header in a message of a version. */
export function dxgkExtHeaderSize(version: number): number {
  return version > DXGK_VMBUS_INTERFACE_VERSION_OLD ? dxgvmb_ext_header.size : 0;
}

/** Bit-fields of {@linkcode dxgkvmb_command_vgpu_to_host}.channel_bits. */
export const dxgkvmb_command_vgpu_to_host_channel: Bits<"channel_type" | "async_msg" | "reserved"> = bits(
  "dxgkvmb_command_vgpu_to_host_channel",
  {
    channel_type: 8,
    async_msg: 1,
    reserved: 23,
  },
);

/** The header of a message from a virtual GPU to the host. */
export interface dxgkvmb_command_vgpu_to_host {
  /** unused; zero */
  command_id: bigint;
  /** the host's handle of the process */
  process: number;
  /** channel type and whether nobody waits; dxgkvmb_command_vgpu_to_host_channel */
  channel_bits: number;
  /** the number of the message; enum dxgkvmb_commandtype */
  command_type: number;
}
/** Layout of `struct dxgkvmb_command_vgpu_to_host`: 24 bytes. */
export const dxgkvmb_command_vgpu_to_host: Struct<dxgkvmb_command_vgpu_to_host> = struct<dxgkvmb_command_vgpu_to_host>(
  "dxgkvmb_command_vgpu_to_host",
  {
    command_id: u64,
    process: u32,
    channel_bits: bitsField(dxgkvmb_command_vgpu_to_host_channel),
    command_type: u32,
  },
  { size: 24 },
);

/** The header of a message from the guest to the host. */
export interface dxgkvmb_command_vm_to_host {
  /** unused; zero */
  command_id: bigint;
  /** the host's handle of the process */
  process: number;
  /** channel and kind; enum dxgkvmb_commandchanneltype */
  channel_type: number;
  /** the number of the message; enum dxgkvmb_commandtype_global */
  command_type: number;
}
/** Layout of `struct dxgkvmb_command_vm_to_host`: 24 bytes. */
export const dxgkvmb_command_vm_to_host: Struct<dxgkvmb_command_vm_to_host> = struct<dxgkvmb_command_vm_to_host>(
  "dxgkvmb_command_vm_to_host",
  {
    command_id: u64,
    process: u32,
    channel_type: u32,
    command_type: u32,
  },
  { size: 24 },
);

/** Bit-fields of {@linkcode dxgkvmb_command_host_to_vm}.channel_bits. */
export const dxgkvmb_command_host_to_vm_channel: Bits<"channel_type" | "async_msg" | "reserved"> = bits(
  "dxgkvmb_command_host_to_vm_channel",
  {
    channel_type: 8,
    async_msg: 1,
    reserved: 23,
  },
);

/** The header of a message from the host to the guest. */
export interface dxgkvmb_command_host_to_vm {
  /** unused; zero */
  command_id: bigint;
  /** the host's handle of the process */
  process: number;
  /** channel type and whether nobody waits; dxgkvmb_command_host_to_vm_channel */
  channel_bits: number;
  /** the number of the message; enum dxgkvmb_commandtype_host_to_vm */
  command_type: number;
}
/** Layout of `struct dxgkvmb_command_host_to_vm`: 24 bytes. */
export const dxgkvmb_command_host_to_vm: Struct<dxgkvmb_command_host_to_vm> = struct<dxgkvmb_command_host_to_vm>(
  "dxgkvmb_command_host_to_vm",
  {
    command_id: u64,
    process: u32,
    channel_bits: bitsField(dxgkvmb_command_host_to_vm_channel),
    command_type: u32,
  },
  { size: 24 },
);
