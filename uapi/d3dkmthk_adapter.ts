/**
 * Adapters: opening, listing, asking what they are. Mirrors include/uapi/misc/d3dkmthk.h.
 * @module
 */

import { type Bits, bits, type Bits64, bits64, bitsField, bitsField64 } from "./bits.ts";
import { type Ioctl, IOWR } from "./ioctl.ts";
import { type Struct, struct, u16, u32, u64, type View } from "./struct.ts";
import { winluid } from "./d3dkmthk_handle.ts";

/** Argument of {@linkcode LX_DXOPENADAPTERFROMLUID}. */
export interface d3dkmt_openadapterfromluid {
  /** adapter */
  adapter_luid: View<winluid>;
  /** out; adapter handle */
  adapter_handle: number;
}
/** Layout of `struct d3dkmt_openadapterfromluid`: 12 bytes. */
export const d3dkmt_openadapterfromluid: Struct<d3dkmt_openadapterfromluid> = struct<d3dkmt_openadapterfromluid>(
  "d3dkmt_openadapterfromluid",
  {
    adapter_luid: winluid.field(),
    adapter_handle: u32,
  },
  { size: 12 },
);

/** Opens an adapter by its LUID. The guest answers alone. */
export const LX_DXOPENADAPTERFROMLUID: Ioctl<d3dkmt_openadapterfromluid> = IOWR("G", 0x01, d3dkmt_openadapterfromluid);

/** Argument of {@linkcode LX_DXCLOSEADAPTER}. */
export interface d3dkmt_closeadapter {
  /** adapter handle */
  adapter_handle: number;
}
/** Layout of `struct d3dkmt_closeadapter`: 4 bytes. */
export const d3dkmt_closeadapter: Struct<d3dkmt_closeadapter> = struct<d3dkmt_closeadapter>("d3dkmt_closeadapter", {
  adapter_handle: u32,
}, { size: 4 });

/** Closes an adapter handle. */
export const LX_DXCLOSEADAPTER: Ioctl<d3dkmt_closeadapter> = IOWR("G", 0x15, d3dkmt_closeadapter);

/** One adapter of a list. */
export interface d3dkmt_adapterinfo {
  /** adapter handle */
  adapter_handle: number;
  /** adapter */
  adapter_luid: View<winluid>;
  /** display outputs */
  num_sources: number;
  /** a hint for presentation */
  present_move_regions_preferred: number;
}
/** Layout of `struct d3dkmt_adapterinfo`: 20 bytes. */
export const d3dkmt_adapterinfo: Struct<d3dkmt_adapterinfo> = struct<d3dkmt_adapterinfo>("d3dkmt_adapterinfo", {
  adapter_handle: u32,
  adapter_luid: winluid.field(),
  num_sources: u32,
  present_move_regions_preferred: u32,
}, { size: 20 });

/** Argument of {@linkcode LX_DXENUMADAPTERS2}. */
export interface d3dkmt_enumadapters2 {
  /** room in `adapters`, elements; then adapters */
  num_adapters: number;
  /** must be zero */
  reserved: number;
  /** user address of {@linkcode d3dkmt_adapterinfo} */
  adapters: bigint;
}
/** Layout of `struct d3dkmt_enumadapters2`: 16 bytes. */
export const d3dkmt_enumadapters2: Struct<d3dkmt_enumadapters2> = struct<d3dkmt_enumadapters2>("d3dkmt_enumadapters2", {
  num_adapters: u32,
  reserved: u32,
  adapters: u64,
}, { size: 16 });

/** Lists and opens the adapters. */
export const LX_DXENUMADAPTERS2: Ioctl<d3dkmt_enumadapters2> = IOWR("G", 0x14, d3dkmt_enumadapters2);

/** Which adapters {@linkcode LX_DXENUMADAPTERS3} lists; without a bit, those that render. */
export const d3dkmt_enumadapters_filter: Bits64<"include_compute_only" | "include_display_only" | "reserved"> = bits64(
  "d3dkmt_enumadapters_filter",
  {
    include_compute_only: 1,
    include_display_only: 1,
    reserved: 62,
  },
);

/** Argument of {@linkcode LX_DXENUMADAPTERS3}. */
export interface d3dkmt_enumadapters3 {
  /** which kinds of adapter */
  filter: bigint;
  /** room in `adapters`, elements; then adapters */
  adapter_count: number;
  /** must be zero */
  reserved: number;
  /** user address of {@linkcode d3dkmt_adapterinfo} */
  adapters: bigint;
}
/** Layout of `struct d3dkmt_enumadapters3`: 24 bytes. */
export const d3dkmt_enumadapters3: Struct<d3dkmt_enumadapters3> = struct<d3dkmt_enumadapters3>("d3dkmt_enumadapters3", {
  filter: bitsField64(d3dkmt_enumadapters_filter),
  adapter_count: u32,
  reserved: u32,
  adapters: u64,
}, { size: 24 });

/** Lists and opens the adapters of some kinds. */
export const LX_DXENUMADAPTERS3: Ioctl<d3dkmt_enumadapters3> = IOWR("G", 0x3e, d3dkmt_enumadapters3);

/** Type of a query: umdriverprivate. */
export const _KMTQAITYPE_UMDRIVERPRIVATE = 0;
/** Type of a query: adaptertype. */
export const _KMTQAITYPE_ADAPTERTYPE = 15;
/** Type of a query: adaptertype render. */
export const _KMTQAITYPE_ADAPTERTYPE_RENDER = 57;

/** Type of a query: file name of the user-mode driver. */
export const _KMTQAITYPE_UMDRIVERNAME = 1;
/** Type of a query: the OpenGL driver. */
export const _KMTQAITYPE_UMOPENGLINFO = 2;
/** Type of a query: names of the adapter, BIOS, DAC, chip. */
export const _KMTQAITYPE_ADAPTERREGISTRYINFO = 8;
/** Type of a query: what a node is for. */
export const _KMTQAITYPE_NODEMETADATA = 25;
/** Type of a query: physical adapters of a linked set. */
export const _KMTQAITYPE_PHYSICALADAPTERCOUNT = 30;
/** Type of a query: PCI ids. */
export const _KMTQAITYPE_PHYSICALADAPTERDEVICEIDS = 31;
/** Type of a query: a value of the registry. */
export const _KMTQAITYPE_QUERYREGISTRY = 48;
/** Type of a query: a GUID of the adapter. */
export const _KMTQAITYPE_QUERY_ADAPTER_UNIQUE_GUID = 60;
/** Type of a query: the driver's description. */
export const _KMTQAITYPE_DRIVER_DESCRIPTION = 65;
/** Type of a query: hardware scheduling. */
export const _KMTQAITYPE_WDDM_2_7_CAPS = 70;
/** Type of a query: bytes of memory, dedicated and shared. */
export const _KMTQAITYPE_GETSEGMENTSIZE = 3;
/** Type of a query: the adapter's GUID. */
export const _KMTQAITYPE_ADAPTERGUID = 4;
/** Type of a query: whether the driver is being replaced. */
export const _KMTQAITYPE_CHECKDRIVERUPDATESTATUS = 11;
/** Type of a query: whether there are GPU virtual addresses. */
export const _KMTQAITYPE_VIRTUALADDRESSINFO = 12;
/** Type of a query: the WDDM version of the driver, times 1000. */
export const _KMTQAITYPE_DRIVERVERSION = 13;
/** Type of a query: preemption. */
export const _KMTQAITYPE_WDDM_1_2_CAPS = 17;
/** Type of a query: version of the user-mode driver's file. */
export const _KMTQAITYPE_UMD_DRIVER_VERSION = 18;
/** Type of a query: hybrid graphics. */
export const _KMTQAITYPE_WDDM_1_3_CAPS = 22;
/** Type of a query: GPU virtual memory. */
export const _KMTQAITYPE_WDDM_2_0_CAPS = 24;
/** Type of a query: bits of a GPU virtual address, and what pages can be. */
export const _KMTQAITYPE_QUERY_GPUMMU_CAPS = 34;
/** Type of a query: bytes of memory by segment group. */
export const _KMTQAITYPE_GETSEGMENTGROUPSIZE = 42;
/** Type of a query: version of the kernel-mode driver. */
export const _KMTQAITYPE_KMD_DRIVER_VERSION = 49;
/** As _KMTQAITYPE_ADAPTERGUID, of the adapter that renders. */
export const _KMTQAITYPE_ADAPTERGUID_RENDER = 52;
/** As _KMTQAITYPE_ADAPTERREGISTRYINFO, of the adapter that renders. */
export const _KMTQAITYPE_ADAPTERREGISTRYINFO_RENDER = 54;
/** As _KMTQAITYPE_CHECKDRIVERUPDATESTATUS, of the adapter that renders. */
export const _KMTQAITYPE_CHECKDRIVERUPDATESTATUS_RENDER = 55;
/** As _KMTQAITYPE_DRIVERVERSION, of the adapter that renders. */
export const _KMTQAITYPE_DRIVERVERSION_RENDER = 56;
/** As _KMTQAITYPE_WDDM_1_2_CAPS, of the adapter that renders. */
export const _KMTQAITYPE_WDDM_1_2_CAPS_RENDER = 58;
/** As _KMTQAITYPE_WDDM_1_3_CAPS, of the adapter that renders. */
export const _KMTQAITYPE_WDDM_1_3_CAPS_RENDER = 59;
/** As _KMTQAITYPE_DRIVER_DESCRIPTION, of the adapter that renders. */
export const _KMTQAITYPE_DRIVER_DESCRIPTION_RENDER = 66;
/** Type of a query: whether the virtual machine is a secure container. */
export const _KMTQAITYPE_PARAVIRTUALIZATION_RENDER = 68;
/** Type of a query: hardware scheduling, as the driver supports it. */
export const _KMTQAITYPE_WDDM_2_9_CAPS = 75;
/** Type of a query: what resources of two adapters can be. */
export const _KMTQAITYPE_CROSSADAPTERRESOURCE_SUPPORT = 76;
/** Type of a query: flips by hardware. */
export const _KMTQAITYPE_WDDM_3_0_CAPS = 77;

/** Answer to _KMTQAITYPE_ADAPTERTYPE. */
export const d3dkmt_adaptertype: Bits<
  | "render_supported"
  | "display_supported"
  | "software_device"
  | "post_device"
  | "hybrid_discrete"
  | "hybrid_integrated"
  | "indirect_display_device"
  | "paravirtualized"
  | "acg_supported"
  | "support_set_timings_from_vidpn"
  | "detachable"
  | "compute_only"
  | "prototype"
  | "reserved"
> = bits("d3dkmt_adaptertype", {
  render_supported: 1,
  display_supported: 1,
  software_device: 1,
  post_device: 1,
  hybrid_discrete: 1,
  hybrid_integrated: 1,
  indirect_display_device: 1,
  paravirtualized: 1,
  acg_supported: 1,
  support_set_timings_from_vidpn: 1,
  detachable: 1,
  compute_only: 1,
  prototype: 1,
  reserved: 19,
});

/** Argument of {@linkcode LX_DXQUERYADAPTERINFO}. */
export interface d3dkmt_queryadapterinfo {
  /** adapter handle */
  adapter: number;
  /** kind; enum kmtqueryadapterinfotype */
  type: number;
  /** user address of the answer, which may hold part of the question */
  private_data: bigint;
  /** bytes, 1 to 128 KiB */
  private_data_size: number;
}
/** Layout of `struct d3dkmt_queryadapterinfo`: 24 bytes. */
export const d3dkmt_queryadapterinfo: Struct<d3dkmt_queryadapterinfo> = struct<d3dkmt_queryadapterinfo>(
  "d3dkmt_queryadapterinfo",
  {
    adapter: u32,
    type: u32,
    private_data: u64,
    private_data_size: u32,
  },
  { size: 24 },
);

/** Asks an adapter a KMTQUERYADAPTERINFOTYPE. */
export const LX_DXQUERYADAPTERINFO: Ioctl<d3dkmt_queryadapterinfo> = IOWR("G", 0x09, d3dkmt_queryadapterinfo);

/** feature_id: hwsch. */
export const _DXGK_FEATURE_HWSCH = 0;
/** feature_id: page based memory manager. */
export const _DXGK_FEATURE_PAGE_BASED_MEMORY_MANAGER = 32;
/** feature_id: kernel mode testing. */
export const _DXGK_FEATURE_KERNEL_MODE_TESTING = 33;
/** feature_id: max. */
export const _DXGK_FEATURE_MAX = 34;

/** Bit-fields of {@linkcode dxgk_isfeatureenabled_result}.value. */
export const dxgk_isfeatureenabled_result_flags: Bits<
  "enabled" | "known_feature" | "supported_by_driver" | "supported_on_config" | "reserved"
> = bits("dxgk_isfeatureenabled_result_flags", {
  enabled: 1,
  known_feature: 1,
  supported_by_driver: 1,
  supported_on_config: 1,
  reserved: 12,
}, 2);

/** What is known of a feature. */
export interface dxgk_isfeatureenabled_result {
  /** version of the feature */
  version: number;
  /** all the bits; dxgk_isfeatureenabled_result_flags */
  value: number;
}
/** Layout of `struct dxgk_isfeatureenabled_result`: 4 bytes. */
export const dxgk_isfeatureenabled_result: Struct<dxgk_isfeatureenabled_result> = struct<dxgk_isfeatureenabled_result>(
  "dxgk_isfeatureenabled_result",
  {
    version: u16,
    value: bitsField(dxgk_isfeatureenabled_result_flags),
  },
  { size: 4 },
);

/** Argument of {@linkcode LX_ISFEATUREENABLED}. */
export interface d3dkmt_isfeatureenabled {
  /** adapter handle */
  adapter: number;
  /** feature; enum dxgk_feature_id */
  feature_id: number;
  /** out; the answer */
  result: View<dxgk_isfeatureenabled_result>;
}
/** Layout of `struct d3dkmt_isfeatureenabled`: 12 bytes. */
export const d3dkmt_isfeatureenabled: Struct<d3dkmt_isfeatureenabled> = struct<d3dkmt_isfeatureenabled>(
  "d3dkmt_isfeatureenabled",
  {
    adapter: u32,
    feature_id: u32,
    result: dxgk_isfeatureenabled_result.field(),
  },
  { size: 12 },
);

/** Asks whether a feature is enabled. */
export const LX_ISFEATUREENABLED: Ioctl<d3dkmt_isfeatureenabled> = IOWR("G", 0x49, d3dkmt_isfeatureenabled);

/** Argument of {@linkcode LX_DXFLUSHHEAPTRANSITIONS}. */
export interface d3dkmt_flushheaptransitions {
  /** adapter handle */
  adapter: number;
}
/** Layout of `struct d3dkmt_flushheaptransitions`: 4 bytes. */
export const d3dkmt_flushheaptransitions: Struct<d3dkmt_flushheaptransitions> = struct<d3dkmt_flushheaptransitions>(
  "d3dkmt_flushheaptransitions",
  {
    adapter: u32,
  },
  { size: 4 },
);

/** Finishes pending transitions of heaps. */
export const LX_DXFLUSHHEAPTRANSITIONS: Ioctl<d3dkmt_flushheaptransitions> = IOWR(
  "G",
  0x1f,
  d3dkmt_flushheaptransitions,
);

/** Argument of {@linkcode LX_DXGETSHAREDRESOURCEADAPTERLUID}. */
export interface d3dkmt_getsharedresourceadapterluid {
  /** handle of the shared object */
  global_share: number;
  /** unused */
  handle: bigint;
  /** out; adapter */
  adapter_luid: View<winluid>;
}
/** Layout of `struct d3dkmt_getsharedresourceadapterluid`: 24 bytes. */
export const d3dkmt_getsharedresourceadapterluid: Struct<d3dkmt_getsharedresourceadapterluid> = struct<
  d3dkmt_getsharedresourceadapterluid
>("d3dkmt_getsharedresourceadapterluid", {
  global_share: u32,
  handle: u64,
  adapter_luid: winluid.field(),
}, { size: 24 });

/** Slot of an old call: ENOTTY. */
export const LX_DXGETSHAREDRESOURCEADAPTERLUID: Ioctl<d3dkmt_getsharedresourceadapterluid> = IOWR(
  "G",
  0x23,
  d3dkmt_getsharedresourceadapterluid,
);
