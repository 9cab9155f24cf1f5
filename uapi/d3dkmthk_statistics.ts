/**
 * Statistics, clocks and processes of an adapter. Mirrors include/uapi/misc/d3dkmthk.h.
 * @module
 */

import { type Bits, bits, bitsField } from "./bits.ts";
import { type Ioctl, IOWR } from "./ioctl.ts";
import { bytes, overlay, type Struct, struct, u32, u53, u64, type View } from "./struct.ts";
import { winluid } from "./d3dkmthk_handle.ts";

/** Type of statistics: adapter. */
export const _D3DKMT_QUERYSTATISTICS_ADAPTER = 0;
/** Type of statistics: process. */
export const _D3DKMT_QUERYSTATISTICS_PROCESS = 1;
/** Type of statistics: process adapter. */
export const _D3DKMT_QUERYSTATISTICS_PROCESS_ADAPTER = 2;
/** Type of statistics: segment. */
export const _D3DKMT_QUERYSTATISTICS_SEGMENT = 3;
/** Type of statistics: process segment. */
export const _D3DKMT_QUERYSTATISTICS_PROCESS_SEGMENT = 4;
/** Type of statistics: node. */
export const _D3DKMT_QUERYSTATISTICS_NODE = 5;
/** Type of statistics: process node. */
export const _D3DKMT_QUERYSTATISTICS_PROCESS_NODE = 6;
/** Type of statistics: vidpnsource. */
export const _D3DKMT_QUERYSTATISTICS_VIDPNSOURCE = 7;
/** Type of statistics: process vidpnsource. */
export const _D3DKMT_QUERYSTATISTICS_PROCESS_VIDPNSOURCE = 8;
/** Type of statistics: process segment group. */
export const _D3DKMT_QUERYSTATISTICS_PROCESS_SEGMENT_GROUP = 9;
/** Type of statistics: physical adapter. */
export const _D3DKMT_QUERYSTATISTICS_PHYSICAL_ADAPTER = 10;

/** Statistics, opaque. */
export interface d3dkmt_querystatistics_result {
  /** bytes */
  size: Uint8Array;
}
/** Layout of `struct d3dkmt_querystatistics_result`: 776 bytes. */
export const d3dkmt_querystatistics_result: Struct<d3dkmt_querystatistics_result> = struct<
  d3dkmt_querystatistics_result
>("d3dkmt_querystatistics_result", {
  size: bytes(776),
}, { size: 776 });

/** Argument of {@linkcode LX_DXQUERYSTATISTICS}. */
export interface d3dkmt_querystatistics {
  /** kind; enum d3dkmt_querystatistics_type */
  type: number;
  /** adapter */
  adapter_luid: View<winluid>;
  /** process whose numbers are asked; 0 is the caller */
  process: bigint;
  /** out; the answer */
  result: View<d3dkmt_querystatistics_result>;
  /** bytes */
  size: Uint8Array;
}
/** Layout of `struct d3dkmt_querystatistics`: 808 bytes. */
export const d3dkmt_querystatistics: Struct<d3dkmt_querystatistics> = struct<d3dkmt_querystatistics>(
  "d3dkmt_querystatistics",
  {
    type: u32,
    adapter_luid: winluid.field(),
    process: u64,
    result: d3dkmt_querystatistics_result.field(),
    size: overlay(0, bytes(808)),
  },
  { size: 808 },
);

/** Reads statistics. */
export const LX_DXQUERYSTATISTICS: Ioctl<d3dkmt_querystatistics> = IOWR("G", 0x43, d3dkmt_querystatistics);

/** Bits of the clocks. */
export const dxgk_gpuclockdata_flags: Bits<"context_management_processor" | "reserved"> = bits(
  "dxgk_gpuclockdata_flags",
  {
    context_management_processor: 1,
    reserved: 31,
  },
);

/** The clocks of GPU and CPU at one moment. Packed. */
export interface dxgk_gpuclockdata {
  /** of the GPU's clock, Hz */
  gpu_frequency: bigint;
  /** the GPU's clock */
  gpu_clock_counter: bigint;
  /** the CPU's clock at the same moment */
  cpu_clock_counter: bigint;
  /** bits; dxgk_gpuclockdata_flags */
  flags: number;
}
/** Layout of `struct dxgk_gpuclockdata`: 28 bytes. */
export const dxgk_gpuclockdata: Struct<dxgk_gpuclockdata> = struct<dxgk_gpuclockdata>("dxgk_gpuclockdata", {
  gpu_frequency: u64,
  gpu_clock_counter: u64,
  cpu_clock_counter: u64,
  flags: bitsField(dxgk_gpuclockdata_flags),
}, { size: 28, packed: true });

/** Argument of {@linkcode LX_DXQUERYCLOCKCALIBRATION}. */
export interface d3dkmt_queryclockcalibration {
  /** adapter handle */
  adapter: number;
  /** engine of the adapter */
  node_ordinal: number;
  /** physical adapter of a linked set */
  physical_adapter_index: number;
  /** out; the clocks */
  clock_data: View<dxgk_gpuclockdata>;
}
/** Layout of `struct d3dkmt_queryclockcalibration`: 40 bytes. */
export const d3dkmt_queryclockcalibration: Struct<d3dkmt_queryclockcalibration> = struct<d3dkmt_queryclockcalibration>(
  "d3dkmt_queryclockcalibration",
  {
    adapter: u32,
    node_ordinal: u32,
    physical_adapter_index: u32,
    clock_data: dxgk_gpuclockdata.field(),
  },
  { size: 40 },
);

/** Reads the clocks of GPU and CPU at one moment. */
export const LX_DXQUERYCLOCKCALIBRATION: Ioctl<d3dkmt_queryclockcalibration> = IOWR(
  "G",
  0x3d,
  d3dkmt_queryclockcalibration,
);

/** Argument of {@linkcode LX_DXENUMPROCESSES}. */
export interface d3dkmt_enumprocesses {
  /** adapter */
  adapter_luid: View<winluid>;
  /** user address of process ids, 32 bits each */
  buffer: bigint;
  /** room in `buffer`, elements; then processes */
  buffer_count: number;
}
/** Layout of `struct d3dkmt_enumprocesses`: 24 bytes. */
export const d3dkmt_enumprocesses: Struct<d3dkmt_enumprocesses> = struct<d3dkmt_enumprocesses>("d3dkmt_enumprocesses", {
  adapter_luid: winluid.field(),
  buffer: u64,
  buffer_count: u53,
}, { size: 24 });

/** Lists the processes that use an adapter. */
export const LX_DXENUMPROCESSES: Ioctl<d3dkmt_enumprocesses> = IOWR("G", 0x48, d3dkmt_enumprocesses);
