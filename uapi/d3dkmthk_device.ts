/**
 * Devices: what a process has of an adapter, and the state they are in after a fault. Mirrors include/uapi/misc/d3dkmthk.h.
 * @module
 */

import { type Bits, bits, bitsField } from "./bits.ts";
import { type Ioctl, IOWR } from "./ioctl.ts";
import { bytes, overlay, type Struct, struct, u32, u64, type View } from "./struct.ts";

/** Bits of a new device. */
export const d3dkmt_createdeviceflags: Bits<
  "legacy_mode" | "request_vSync" | "disable_gpu_timeout" | "gdi_device" | "reserved"
> = bits("d3dkmt_createdeviceflags", {
  legacy_mode: 1,
  request_vSync: 1,
  disable_gpu_timeout: 1,
  gdi_device: 1,
  reserved: 28,
});

/** Argument of {@linkcode LX_DXCREATEDEVICE}. */
export interface d3dkmt_createdevice {
  /** adapter handle */
  adapter: number;
  /** must be zero */
  reserved3: number;
  /** bits; d3dkmt_createdeviceflags */
  flags: number;
  /** out; device handle */
  device: number;
  /** GPU virtual address of the commands */
  command_buffer: bigint;
  /** bytes */
  command_buffer_size: number;
  /** must be zero */
  reserved: number;
  /** user address of allocation handles */
  allocation_list: bigint;
  /** elements */
  allocation_list_size: number;
  /** must be zero */
  reserved1: number;
  /** user address of {@linkcode d3dddi_patchlocationlist} */
  patch_location_list: bigint;
  /** elements */
  patch_location_list_size: number;
  /** must be zero */
  reserved2: number;
}
/** Layout of `struct d3dkmt_createdevice`: 64 bytes. */
export const d3dkmt_createdevice: Struct<d3dkmt_createdevice> = struct<d3dkmt_createdevice>("d3dkmt_createdevice", {
  adapter: u32,
  reserved3: u32,
  flags: bitsField(d3dkmt_createdeviceflags),
  device: u32,
  command_buffer: u64,
  command_buffer_size: u32,
  reserved: u32,
  allocation_list: u64,
  allocation_list_size: u32,
  reserved1: u32,
  patch_location_list: u64,
  patch_location_list_size: u32,
  reserved2: u32,
}, { size: 64 });

/** Makes a device on an adapter. */
export const LX_DXCREATEDEVICE: Ioctl<d3dkmt_createdevice> = IOWR("G", 0x02, d3dkmt_createdevice);

/** Argument of {@linkcode LX_DXDESTROYDEVICE}. */
export interface d3dkmt_destroydevice {
  /** device handle */
  device: number;
}
/** Layout of `struct d3dkmt_destroydevice`: 4 bytes. */
export const d3dkmt_destroydevice: Struct<d3dkmt_destroydevice> = struct<d3dkmt_destroydevice>("d3dkmt_destroydevice", {
  device: u32,
}, { size: 4 });

/** Destroys a device and what is in it. */
export const LX_DXDESTROYDEVICE: Ioctl<d3dkmt_destroydevice> = IOWR("G", 0x19, d3dkmt_destroydevice);

/** reason: generic. */
export const _D3DKMT_DEVICE_ERROR_REASON_GENERIC = 0x80000000;
/** reason: driver error. */
export const _D3DKMT_DEVICE_ERROR_REASON_DRIVER_ERROR = 0x80000006;

/** Argument of {@linkcode LX_DXMARKDEVICEASERROR}. */
export interface d3dkmt_markdeviceaserror {
  /** device handle */
  device: number;
  /** why; enum d3dkmt_device_error_reason */
  reason: number;
}
/** Layout of `struct d3dkmt_markdeviceaserror`: 8 bytes. */
export const d3dkmt_markdeviceaserror: Struct<d3dkmt_markdeviceaserror> = struct<d3dkmt_markdeviceaserror>(
  "d3dkmt_markdeviceaserror",
  {
    device: u32,
    reason: u32,
  },
  { size: 8 },
);

/** Puts a device in error. */
export const LX_DXMARKDEVICEASERROR: Ioctl<d3dkmt_markdeviceaserror> = IOWR("G", 0x26, d3dkmt_markdeviceaserror);

/** state_type: execution. */
export const _D3DKMT_DEVICESTATE_EXECUTION = 1;
/** state_type: present. */
export const _D3DKMT_DEVICESTATE_PRESENT = 2;
/** state_type: reset. */
export const _D3DKMT_DEVICESTATE_RESET = 3;
/** state_type: present dwm. */
export const _D3DKMT_DEVICESTATE_PRESENT_DWM = 4;
/** state_type: page fault. */
export const _D3DKMT_DEVICESTATE_PAGE_FAULT = 5;
/** state_type: present queue. */
export const _D3DKMT_DEVICESTATE_PRESENT_QUEUE = 6;

/** execution_state: active. */
export const _D3DKMT_DEVICEEXECUTION_ACTIVE = 1;
/** execution_state: reset. */
export const _D3DKMT_DEVICEEXECUTION_RESET = 2;
/** execution_state: hung. */
export const _D3DKMT_DEVICEEXECUTION_HUNG = 3;
/** execution_state: stopped. */
export const _D3DKMT_DEVICEEXECUTION_STOPPED = 4;
/** execution_state: error outofmemory. */
export const _D3DKMT_DEVICEEXECUTION_ERROR_OUTOFMEMORY = 5;
/** execution_state: error dmafault. */
export const _D3DKMT_DEVICEEXECUTION_ERROR_DMAFAULT = 6;
/** execution_state: error dmapagefault. */
export const _D3DKMT_DEVICEEXECUTION_ERROR_DMAPAGEFAULT = 7;

/** What a reset did. */
export const d3dkmt_devicereset_state: Bits<"desktop_switched" | "reserved"> = bits("d3dkmt_devicereset_state", {
  desktop_switched: 1,
  reserved: 31,
});

/** faulted_pipeline_stage: unknown. */
export const _DXGK_RENDER_PIPELINE_STAGE_UNKNOWN = 0;
/** faulted_pipeline_stage: input assembler. */
export const _DXGK_RENDER_PIPELINE_STAGE_INPUT_ASSEMBLER = 1;
/** faulted_pipeline_stage: vertex shader. */
export const _DXGK_RENDER_PIPELINE_STAGE_VERTEX_SHADER = 2;
/** faulted_pipeline_stage: geometry shader. */
export const _DXGK_RENDER_PIPELINE_STAGE_GEOMETRY_SHADER = 3;
/** faulted_pipeline_stage: stream output. */
export const _DXGK_RENDER_PIPELINE_STAGE_STREAM_OUTPUT = 4;
/** faulted_pipeline_stage: rasterizer. */
export const _DXGK_RENDER_PIPELINE_STAGE_RASTERIZER = 5;
/** faulted_pipeline_stage: pixel shader. */
export const _DXGK_RENDER_PIPELINE_STAGE_PIXEL_SHADER = 6;
/** faulted_pipeline_stage: output merger. */
export const _DXGK_RENDER_PIPELINE_STAGE_OUTPUT_MERGER = 7;

/** page_fault_flags: write. */
export const _DXGK_PAGE_FAULT_WRITE = 1;
/** page_fault_flags: fence invalid. */
export const _DXGK_PAGE_FAULT_FENCE_INVALID = 2;
/** page_fault_flags: adapter reset required. */
export const _DXGK_PAGE_FAULT_ADAPTER_RESET_REQUIRED = 4;
/** page_fault_flags: engine reset required. */
export const _DXGK_PAGE_FAULT_ENGINE_RESET_REQUIRED = 8;
/** page_fault_flags: fatal hardware error. */
export const _DXGK_PAGE_FAULT_FATAL_HARDWARE_ERROR = 16;
/** page_fault_flags: iommu. */
export const _DXGK_PAGE_FAULT_IOMMU = 32;
/** page_fault_flags: hw context valid. */
export const _DXGK_PAGE_FAULT_HW_CONTEXT_VALID = 64;
/** page_fault_flags: process handle valid. */
export const _DXGK_PAGE_FAULT_PROCESS_HANDLE_VALID = 128;

/** general_error_code: page fault. */
export const _DXGK_GENERAL_ERROR_PAGE_FAULT = 0;
/** general_error_code: invalid instruction. */
export const _DXGK_GENERAL_ERROR_INVALID_INSTRUCTION = 1;

/** The error of a page fault: one of two readings by bit 0. */
export const dxgk_fault_error_code: Bits<
  "is_device_specific_code" | "general_error_code" | "is_device_specific_code_reserved_bit" | "device_specific_code"
> = bits("dxgk_fault_error_code", {
  is_device_specific_code: 1,
  general_error_code: 31,
  is_device_specific_code_reserved_bit: [0, 1],
  device_specific_code: 31,
});

/** A page fault. */
export interface d3dkmt_devicepagefault_state {
  /** draw or dispatch that faulted */
  faulted_primitive_api_sequence_number: bigint;
  /** stage that faulted; enum dxgk_render_pipeline_stage */
  faulted_pipeline_stage: number;
  /** binding that faulted */
  faulted_bind_table_entry: number;
  /** what was wrong; enum dxgk_page_fault_flags */
  page_fault_flags: number;
  /** the error; dxgk_fault_error_code */
  fault_error_code: number;
  /** GPU virtual address that faulted */
  faulted_virtual_address: bigint;
}
/** Layout of `struct d3dkmt_devicepagefault_state`: 32 bytes. */
export const d3dkmt_devicepagefault_state: Struct<d3dkmt_devicepagefault_state> = struct<d3dkmt_devicepagefault_state>(
  "d3dkmt_devicepagefault_state",
  {
    faulted_primitive_api_sequence_number: u64,
    faulted_pipeline_stage: u32,
    faulted_bind_table_entry: u32,
    page_fault_flags: u32,
    fault_error_code: bitsField(dxgk_fault_error_code),
    faulted_virtual_address: u64,
  },
  { size: 32 },
);

/** Argument of {@linkcode LX_DXGETDEVICESTATE}. */
export interface d3dkmt_getdevicestate {
  /** device handle */
  device: number;
  /** which arm of the union; enum d3dkmt_devicestate_type */
  state_type: number;
  /** out; whether it still executes; enum d3dkmt_deviceexecution_state */
  execution_state: number;
  /** out; what a reset did; d3dkmt_devicereset_state */
  reset_state: number;
  /** out; the page fault */
  page_fault_state: View<d3dkmt_devicepagefault_state>;
  /** makes the union as large as its largest arm */
  alignment: Uint8Array;
}
/** Layout of `struct d3dkmt_getdevicestate`: 56 bytes. */
export const d3dkmt_getdevicestate: Struct<d3dkmt_getdevicestate> = struct<d3dkmt_getdevicestate>(
  "d3dkmt_getdevicestate",
  {
    device: u32,
    state_type: u32,
    execution_state: u32,
    reset_state: overlay(8, bitsField(d3dkmt_devicereset_state)),
    page_fault_state: overlay(8, d3dkmt_devicepagefault_state.field()),
    alignment: overlay(8, bytes(48)),
  },
  { size: 56 },
);

/** Reads a device's state. */
export const LX_DXGETDEVICESTATE: Ioctl<d3dkmt_getdevicestate> = IOWR("G", 0x0e, d3dkmt_getdevicestate);
