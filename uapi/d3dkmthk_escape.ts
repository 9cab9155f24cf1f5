/**
 * Escapes: private calls to a driver. Mirrors include/uapi/misc/d3dkmthk.h.
 * @module
 */

import { type Bits, bits, bitsField } from "./bits.ts";
import { type Ioctl, IOWR } from "./ioctl.ts";
import { bytes, type Struct, struct, u32, u64, type View } from "./struct.ts";

/** Type of an escape: to the user-mode driver's kernel half. */
export const _D3DKMT_ESCAPE_DRIVERPRIVATE = 0;
/** Type of an escape: to the memory manager. */
export const _D3DKMT_ESCAPE_VIDMM = 1;
/** Type of an escape: to the scheduler. */
export const _D3DKMT_ESCAPE_VIDSCH = 3;
/** Type of an escape: device. */
export const _D3DKMT_ESCAPE_DEVICE = 4;
/** Type of an escape: drt test. */
export const _D3DKMT_ESCAPE_DRT_TEST = 8;

/** Bits of an escape. */
export const d3dddi_escapeflags: Bits<
  | "hardware_access"
  | "device_status_query"
  | "change_frame_latency"
  | "no_adapter_synchronization"
  | "reserved"
  | "virtual_machine_data"
  | "driver_known_escape"
  | "driver_common_escape"
  | "reserved2"
> = bits("d3dddi_escapeflags", {
  hardware_access: 1,
  device_status_query: 1,
  change_frame_latency: 1,
  no_adapter_synchronization: 1,
  reserved: 1,
  virtual_machine_data: 1,
  driver_known_escape: 1,
  driver_common_escape: 1,
  reserved2: 24,
});

/** Argument of {@linkcode LX_DXESCAPE}. */
export interface d3dkmt_escape {
  /** adapter handle */
  adapter: number;
  /** device handle */
  device: number;
  /** kind; enum d3dkmt_escapetype */
  type: number;
  /** bits; d3dddi_escapeflags */
  flags: number;
  /** user address of private data of the user-mode driver */
  priv_drv_data: bigint;
  /** private data of the user-mode driver, bytes */
  priv_drv_data_size: number;
  /** context handle */
  context: number;
}
/** Layout of `struct d3dkmt_escape`: 32 bytes. */
export const d3dkmt_escape: Struct<d3dkmt_escape> = struct<d3dkmt_escape>("d3dkmt_escape", {
  adapter: u32,
  device: u32,
  type: u32,
  flags: bitsField(d3dddi_escapeflags),
  priv_drv_data: u64,
  priv_drv_data_size: u32,
  context: u32,
}, { size: 32 });

/** Calls the driver privately. */
export const LX_DXESCAPE: Ioctl<d3dkmt_escape> = IOWR("G", 0x0d, d3dkmt_escape);

/** escape_type: an allocation handle becomes the driver's. */
export const _D3DDDI_DRIVERESCAPETYPE_TRANSLATEALLOCATIONHANDLE = 0;
/** escape_type: a resource handle becomes the driver's. */
export const _D3DDDI_DRIVERESCAPETYPE_TRANSLATERESOURCEHANDLE = 1;
/** escape_type: how CPU events are used. */
export const _D3DDDI_DRIVERESCAPETYPE_CPUEVENTUSAGE = 2;
/** escape_type: build a test command buffer. */
export const _D3DDDI_DRIVERESCAPETYPE_BUILDTESTCOMMANDBUFFER = 3;

/** The known escape that turns an allocation handle into the driver's. */
export interface d3dddi_translate_allocation_handle {
  /** which known escape; enum d3dddi_knownescapetype */
  escape_type: number;
  /** allocation handle */
  allocation: number;
}
/** Layout of `struct d3dddi_translate_allocation_handle`: 8 bytes. */
export const d3dddi_translate_allocation_handle: Struct<d3dddi_translate_allocation_handle> = struct<
  d3dddi_translate_allocation_handle
>("d3dddi_translate_allocation_handle", {
  escape_type: u32,
  allocation: u32,
}, { size: 8 });

/** A test command. */
export interface d3dddi_testcommand {
  /** opaque bytes */
  buffer: Uint8Array;
}
/** Layout of `struct d3dddi_testcommand`: 72 bytes. */
export const d3dddi_testcommand: Struct<d3dddi_testcommand> = struct<d3dddi_testcommand>("d3dddi_testcommand", {
  buffer: bytes(72),
}, { size: 72 });

/** The known escape that builds a test command buffer. */
export interface d3dddi_buildtestcommandbuffer {
  /** which known escape; enum d3dddi_knownescapetype */
  escape_type: number;
  /** device handle */
  device: number;
  /** context handle */
  context: number;
  /** bits of the driver */
  flags: number;
  /** the command to build */
  command: View<d3dddi_testcommand>;
  /** address of the built commands */
  dma_buffer: bigint;
  /** address of private data of the built commands */
  dma_buffer_priv_data: bigint;
  /** bytes */
  dma_buffer_size: number;
  /** bytes */
  dma_buffer_priv_data_size: number;
}
/** Layout of `struct d3dddi_buildtestcommandbuffer`: 112 bytes. */
export const d3dddi_buildtestcommandbuffer: Struct<d3dddi_buildtestcommandbuffer> = struct<
  d3dddi_buildtestcommandbuffer
>("d3dddi_buildtestcommandbuffer", {
  escape_type: u32,
  device: u32,
  context: u32,
  flags: u32,
  command: d3dddi_testcommand.field(),
  dma_buffer: u64,
  dma_buffer_priv_data: u64,
  dma_buffer_size: u32,
  dma_buffer_priv_data_size: u32,
}, { size: 112 });
