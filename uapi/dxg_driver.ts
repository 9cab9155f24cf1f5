/**
 * The open driver data of udrm's dxg adapters: what WDDM leaves to each vendor's driver. Private data of allocations, and the
 * answer to KMTQAITYPE_UMDRIVERPRIVATE. Little-endian; reserved members must be zero.
 * @module
 */

import { type Struct, struct, u32, u53, u64 } from "./struct.ts";

/** `magic` of everything here: "UDXG". */
export const DXG_DRIVER_MAGIC = 0x47584455;
/** `version` of everything here. */
export const DXG_DRIVER_VERSION = 1;

/** packet_caps: copies, fills, fences, timestamps. */
export const DXG_CAP_COPY = 1;
/** packet_caps: dispatches. */
export const DXG_CAP_COMPUTE = 2;
/** packet_caps: rendering. */
export const DXG_CAP_GRAPHICS = 4;

/** Answer to KMTQAITYPE_UMDRIVERPRIVATE: what a user-mode driver must know. */
export interface dxg_driver_adapter {
  /** DXG_DRIVER_MAGIC */
  magic: number;
  /** DXG_DRIVER_VERSION */
  version: number;
  /** DXG_CAP_* */
  packet_caps: number;
  /** nodes of the adapter */
  node_count: number;
  /** bits of a GPU virtual address */
  va_bits: number;
  /** alignment of GPU virtual addresses and sizes, bytes */
  page_size: number;
  /** bytes of memory near the GPU */
  local_memory: number;
  /** bytes of system memory that the GPU reaches */
  non_local_memory: number;
  /** ticks of the GPU's clock a second */
  timestamp_frequency: number;
  /** DXP_VERSION: the version of the packets that it executes */
  packet_version: number;
  /** must be zero */
  reserved: number;
}
/** Layout of `struct dxg_driver_adapter`: 56 bytes. */
export const dxg_driver_adapter: Struct<dxg_driver_adapter> = struct<dxg_driver_adapter>("dxg_driver_adapter", {
  magic: u32,
  version: u32,
  packet_caps: u32,
  node_count: u32,
  va_bits: u32,
  page_size: u32,
  local_memory: u53,
  non_local_memory: u53,
  timestamp_frequency: u53,
  packet_version: u32,
  reserved: u32,
}, { size: 56 });

/** flags: the CPU can lock it. */
export const DXG_ALLOCATION_CPU_VISIBLE = 1;
/** flags: the CPU's view may be cached. */
export const DXG_ALLOCATION_CACHED = 2;
/** flags: it is in memory that exists; the host makes such data for standard allocations. */
export const DXG_ALLOCATION_EXISTING_SYSMEM = 4;
/** All flags. */
export const DXG_ALLOCATION_FLAGS = 7;

/** usage: commands and plain data. */
export const DXG_USAGE_BUFFER = 1;
/** usage: an image of `width`, `height`, `format`. */
export const DXG_USAGE_IMAGE = 2;
/** usage: an image that a display may show. */
export const DXG_USAGE_SCANOUT = 4;
/** All usages. */
export const DXG_USAGES = 7;

/** Private data of an allocation. */
export interface dxg_driver_allocation {
  /** DXG_DRIVER_MAGIC */
  magic: number;
  /** DXG_DRIVER_VERSION */
  version: number;
  /** bytes; for an image 0, or what it needs and more; out: rounded up to pages */
  size: number;
  /** DXG_ALLOCATION_* */
  flags: number;
  /** DXG_USAGE_* */
  usage: number;
  /** DRM_FORMAT_* of an image, otherwise 0 */
  format: number;
  /** pixels */
  width: number;
  /** lines */
  height: number;
  /** bytes from line to line, 0 to let the host choose; out: chosen */
  pitch: number;
  /** DRM_FORMAT_MOD_*; only linear ones are made */
  modifier: bigint;
  /** must be zero */
  reserved: bigint;
}
/** Layout of `struct dxg_driver_allocation`: 56 bytes. */
export const dxg_driver_allocation: Struct<dxg_driver_allocation> = struct<dxg_driver_allocation>(
  "dxg_driver_allocation",
  {
    magic: u32,
    version: u32,
    size: u53,
    flags: u32,
    usage: u32,
    format: u32,
    width: u32,
    height: u32,
    pitch: u32,
    modifier: u64,
    reserved: u64,
  },
  { size: 56 },
);
