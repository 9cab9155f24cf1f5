/**
 * Messages about features, escapes, statistics and clocks of an adapter. Mirrors dxgkrnl's dxgvmbus.h.
 * @module
 */

import { type Bits, bits, bitsField } from "./bits.ts";
import { bytes, s32, type Struct, struct, u16, u32, type View } from "./struct.ts";
import { dxgk_isfeatureenabled_result } from "./d3dkmthk_adapter.ts";
import { d3dddi_escapeflags } from "./d3dkmthk_escape.ts";
import {
  d3dkmt_queryclockcalibration,
  d3dkmt_querystatistics,
  d3dkmt_querystatistics_result,
  dxgk_gpuclockdata,
} from "./d3dkmthk_statistics.ts";
import { dxgkvmb_command_vgpu_to_host, dxgkvmb_command_vm_to_host } from "./dxgvmbus_hdr.ts";

/** Bit-fields of {@linkcode dxgk_feature_desc}.flags. */
export const dxgk_feature_desc_flags: Bits<
  "supported" | "virtualization_mode" | "global" | "driver_feature" | "internal" | "reserved"
> = bits("dxgk_feature_desc_flags", {
  supported: 1,
  virtualization_mode: 3,
  global: 1,
  driver_feature: 1,
  internal: 1,
  reserved: 9,
}, 2);

/** What a feature is. */
export interface dxgk_feature_desc {
  /** lowest version of the feature */
  min_supported_version: number;
  /** highest version of the feature */
  max_supported_version: number;
  /** bits; dxgk_feature_desc_flags */
  flags: number;
}
/** Layout of `struct dxgk_feature_desc`: 6 bytes. */
export const dxgk_feature_desc: Struct<dxgk_feature_desc> = struct<dxgk_feature_desc>("dxgk_feature_desc", {
  min_supported_version: u16,
  max_supported_version: u16,
  flags: bitsField(dxgk_feature_desc_flags),
}, { size: 6 });

/** Message DXGK_VMBCOMMAND_ISFEATUREENABLED. */
export interface dxgkvmb_command_isfeatureenabled {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** feature; enum dxgk_feature_id */
  feature_id: number;
}
/** Layout of `struct dxgkvmb_command_isfeatureenabled`: 32 bytes. */
export const dxgkvmb_command_isfeatureenabled: Struct<dxgkvmb_command_isfeatureenabled> = struct<
  dxgkvmb_command_isfeatureenabled
>("dxgkvmb_command_isfeatureenabled", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
  feature_id: u32,
}, { size: 32 });

/** Message DXGK_VMBCOMMAND_ISFEATUREENABLED_GLOBAL. */
export interface dxgkvmb_command_isfeatureenabled_gbl {
  /** the header */
  hdr: View<dxgkvmb_command_vm_to_host>;
  /** feature; enum dxgk_feature_id */
  feature_id: number;
}
/** Layout of `struct dxgkvmb_command_isfeatureenabled_gbl`: 32 bytes. */
export const dxgkvmb_command_isfeatureenabled_gbl: Struct<dxgkvmb_command_isfeatureenabled_gbl> = struct<
  dxgkvmb_command_isfeatureenabled_gbl
>("dxgkvmb_command_isfeatureenabled_gbl", {
  hdr: dxgkvmb_command_vm_to_host.field(),
  feature_id: u32,
}, { size: 32 });

/** Reply to DXGK_VMBCOMMAND_ISFEATUREENABLED. */
export interface dxgkvmb_command_isfeatureenabled_return {
  /** NTSTATUS */
  status: number;
  /** what the feature is */
  descriptor: View<dxgk_feature_desc>;
  /** the answer */
  result: View<dxgk_isfeatureenabled_result>;
}
/** Layout of `struct dxgkvmb_command_isfeatureenabled_return`: 16 bytes. */
export const dxgkvmb_command_isfeatureenabled_return: Struct<dxgkvmb_command_isfeatureenabled_return> = struct<
  dxgkvmb_command_isfeatureenabled_return
>("dxgkvmb_command_isfeatureenabled_return", {
  status: s32,
  descriptor: dxgk_feature_desc.field(),
  result: dxgk_isfeatureenabled_result.field(),
}, { size: 16 });

/** Message DXGK_VMBCOMMAND_ESCAPE. */
export interface dxgkvmb_command_escape {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** adapter handle */
  adapter: number;
  /** device handle */
  device: number;
  /** kind; enum d3dkmt_escapetype */
  type: number;
  /** bits; d3dddi_escapeflags */
  flags: number;
  /** private data of the user-mode driver, bytes */
  priv_drv_data_size: number;
  /** context handle */
  context: number;
  /** the first byte of `priv_drv_data_size` */
  priv_drv_data: Uint8Array;
}
/** Layout of `struct dxgkvmb_command_escape`: 56 bytes. */
export const dxgkvmb_command_escape: Struct<dxgkvmb_command_escape> = struct<dxgkvmb_command_escape>(
  "dxgkvmb_command_escape",
  {
    hdr: dxgkvmb_command_vgpu_to_host.field(),
    adapter: u32,
    device: u32,
    type: u32,
    flags: bitsField(d3dddi_escapeflags),
    priv_drv_data_size: u32,
    context: u32,
    priv_drv_data: bytes(1),
  },
  { size: 56 },
);

/** Message DXGK_VMBCOMMAND_FLUSHHEAPTRANSITIONS. */
export interface dxgkvmb_command_flushheaptransitions {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
}
/** Layout of `struct dxgkvmb_command_flushheaptransitions`: 24 bytes. */
export const dxgkvmb_command_flushheaptransitions: Struct<dxgkvmb_command_flushheaptransitions> = struct<
  dxgkvmb_command_flushheaptransitions
>("dxgkvmb_command_flushheaptransitions", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
}, { size: 24 });

/** Message DXGK_VMBCOMMAND_QUERYSTATISTICS. */
export interface dxgkvmb_command_querystatistics {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** the argument of the ioctl */
  args: View<d3dkmt_querystatistics>;
}
/** Layout of `struct dxgkvmb_command_querystatistics`: 832 bytes. */
export const dxgkvmb_command_querystatistics: Struct<dxgkvmb_command_querystatistics> = struct<
  dxgkvmb_command_querystatistics
>("dxgkvmb_command_querystatistics", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
  args: d3dkmt_querystatistics.field(),
}, { size: 832 });

/** Reply to DXGK_VMBCOMMAND_QUERYSTATISTICS. */
export interface dxgkvmb_command_querystatistics_return {
  /** NTSTATUS */
  status: number;
  /** must be zero */
  reserved: number;
  /** the answer */
  result: View<d3dkmt_querystatistics_result>;
}
/** Layout of `struct dxgkvmb_command_querystatistics_return`: 784 bytes. */
export const dxgkvmb_command_querystatistics_return: Struct<dxgkvmb_command_querystatistics_return> = struct<
  dxgkvmb_command_querystatistics_return
>("dxgkvmb_command_querystatistics_return", {
  status: s32,
  reserved: u32,
  result: d3dkmt_querystatistics_result.field(),
}, { size: 784 });

/** Message DXGK_VMBCOMMAND_QUERYCLOCKCALIBRATION. */
export interface dxgkvmb_command_queryclockcalibration {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** the argument of the ioctl */
  args: View<d3dkmt_queryclockcalibration>;
}
/** Layout of `struct dxgkvmb_command_queryclockcalibration`: 64 bytes. */
export const dxgkvmb_command_queryclockcalibration: Struct<dxgkvmb_command_queryclockcalibration> = struct<
  dxgkvmb_command_queryclockcalibration
>("dxgkvmb_command_queryclockcalibration", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
  args: d3dkmt_queryclockcalibration.field(),
}, { size: 64 });

/** Reply to DXGK_VMBCOMMAND_QUERYCLOCKCALIBRATION. */
export interface dxgkvmb_command_queryclockcalibration_return {
  /** NTSTATUS */
  status: number;
  /** the clocks */
  clock_data: View<dxgk_gpuclockdata>;
}
/** Layout of `struct dxgkvmb_command_queryclockcalibration_return`: 32 bytes. */
export const dxgkvmb_command_queryclockcalibration_return: Struct<dxgkvmb_command_queryclockcalibration_return> =
  struct<dxgkvmb_command_queryclockcalibration_return>("dxgkvmb_command_queryclockcalibration_return", {
    status: s32,
    clock_data: dxgk_gpuclockdata.field(),
  }, { size: 32 });
