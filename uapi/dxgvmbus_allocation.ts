/**
 * Messages about allocations and resources. Mirrors dxgkrnl's dxgvmbus.h.
 * @module
 */

import { type Bits, bits, bitsField } from "./bits.ts";
import { array, type ArrayView, overlay, s32, type Struct, struct, u32, u53, u64, u8, type View } from "./struct.ts";
import { d3dddicb_destroyallocation2flags, d3dkmt_createallocationflags } from "./d3dkmthk_allocation.ts";
import { d3dddi_rational } from "./d3dkmthk_handle.ts";
import {
  d3dkmdt_gdisurfacedata,
  d3dkmdt_shadowsurfacedata,
  d3dkmdt_sharedprimarysurfacedata,
  d3dkmdt_stagingsurfacedata,
} from "./d3dkmthk_surface.ts";
import { dxgkvmb_command_vgpu_to_host } from "./dxgvmbus_hdr.ts";

/** One allocation to make, behind the request. */
export interface dxgkvmb_command_createallocation_allocinfo {
  /** bits of the allocation */
  flags: number;
  /** private data of the user-mode driver, bytes */
  priv_drv_data_size: number;
  /** display source, for a primary */
  vidpn_source_id: number;
}
/** Layout of `struct dxgkvmb_command_createallocation_allocinfo`: 12 bytes. */
export const dxgkvmb_command_createallocation_allocinfo: Struct<dxgkvmb_command_createallocation_allocinfo> = struct<
  dxgkvmb_command_createallocation_allocinfo
>("dxgkvmb_command_createallocation_allocinfo", {
  flags: u32,
  priv_drv_data_size: u32,
  vidpn_source_id: u32,
}, { size: 12 });

/** Message DXGK_VMBCOMMAND_CREATEALLOCATION. */
export interface dxgkvmb_command_createallocation {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** device handle */
  device: number;
  /** resource handle */
  resource: number;
  /** data of the runtime, bytes */
  private_runtime_data_size: number;
  /** private data of the user-mode driver, bytes */
  priv_drv_data_size: number;
  /** allocations */
  alloc_count: number;
  /** bits; d3dkmt_createallocationflags */
  flags: number;
  /** cookie of the runtime */
  private_runtime_resource_handle: bigint;
  /** whether to make it resident at once; 0 or 1 */
  make_resident: number;
}
/** Layout of `struct dxgkvmb_command_createallocation`: 64 bytes. */
export const dxgkvmb_command_createallocation: Struct<dxgkvmb_command_createallocation> = struct<
  dxgkvmb_command_createallocation
>("dxgkvmb_command_createallocation", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
  device: u32,
  resource: u32,
  private_runtime_data_size: u32,
  priv_drv_data_size: u32,
  alloc_count: u32,
  flags: bitsField(d3dkmt_createallocationflags),
  private_runtime_resource_handle: u64,
  make_resident: u8,
}, { size: 64 });

/** What an allocation is to the host. */
export const dxgkvmb_allocflags: Bits<
  | "primary"
  | "cdd_primary"
  | "dod_primary"
  | "overlay"
  | "reserved6"
  | "capture"
  | "reserved0"
  | "reserved1"
  | "existing_sysmem"
  | "stereo"
  | "direct_flip"
  | "hardware_protected"
  | "reserved2"
  | "reserved3"
  | "reserved4"
  | "protected"
  | "cached"
  | "independent_primary"
  | "reserved"
> = bits("dxgkvmb_allocflags", {
  primary: 1,
  cdd_primary: 1,
  dod_primary: 1,
  overlay: 1,
  reserved6: 1,
  capture: 1,
  reserved0: 4,
  reserved1: 1,
  existing_sysmem: 1,
  stereo: 1,
  direct_flip: 1,
  hardware_protected: 1,
  reserved2: 1,
  reserved3: 1,
  reserved4: 1,
  protected: 1,
  cached: 1,
  independent_primary: 1,
  reserved: 11,
});

/** What the host's driver says of an allocation. */
export interface dxgkarg_describeallocation {
  /** unused */
  allocation: bigint;
  /** pixels */
  width: number;
  /** lines */
  height: number;
  /** D3DDDIFORMAT */
  format: number;
  /** samples */
  multisample_method: number;
  /** frames a second */
  refresh_rate: View<d3dddi_rational>;
  /** bits of the driver */
  private_driver_attribute: number;
  /** bits of the driver */
  flags: number;
  /** how it is turned */
  rotation: number;
}
/** Layout of `struct dxgkarg_describeallocation`: 48 bytes. */
export const dxgkarg_describeallocation: Struct<dxgkarg_describeallocation> = struct<dxgkarg_describeallocation>(
  "dxgkarg_describeallocation",
  {
    allocation: u64,
    width: u32,
    height: u32,
    format: u32,
    multisample_method: u32,
    refresh_rate: d3dddi_rational.field(),
    private_driver_attribute: u32,
    flags: u32,
    rotation: u32,
  },
  { size: 48 },
);

/** One allocation that was made; its private data follows all of them. */
export interface dxgkvmb_command_allocinfo_return {
  /** allocation handle */
  allocation: number;
  /** private data of the user-mode driver, bytes */
  priv_drv_data_size: number;
  /** what it is; dxgkvmb_allocflags */
  allocation_flags: number;
  /** bytes */
  allocation_size: number;
  /** what the host's driver says of it */
  driver_info: View<dxgkarg_describeallocation>;
}
/** Layout of `struct dxgkvmb_command_allocinfo_return`: 72 bytes. */
export const dxgkvmb_command_allocinfo_return: Struct<dxgkvmb_command_allocinfo_return> = struct<
  dxgkvmb_command_allocinfo_return
>("dxgkvmb_command_allocinfo_return", {
  allocation: u32,
  priv_drv_data_size: u32,
  allocation_flags: bitsField(dxgkvmb_allocflags),
  allocation_size: u53,
  driver_info: dxgkarg_describeallocation.field(),
}, { size: 72 });

/** Reply to DXGK_VMBCOMMAND_CREATEALLOCATION. */
export interface dxgkvmb_command_createallocation_return {
  /** bits; d3dkmt_createallocationflags */
  flags: number;
  /** resource handle */
  resource: number;
  /** handle of the shared object */
  global_share: number;
  /** unused */
  vgpu_flags: number;
  /** the first of `alloc_count` */
  allocation_info: ArrayView<View<dxgkvmb_command_allocinfo_return>>;
}
/** Layout of `struct dxgkvmb_command_createallocation_return`: 88 bytes. */
export const dxgkvmb_command_createallocation_return: Struct<dxgkvmb_command_createallocation_return> = struct<
  dxgkvmb_command_createallocation_return
>("dxgkvmb_command_createallocation_return", {
  flags: bitsField(d3dkmt_createallocationflags),
  resource: u32,
  global_share: u32,
  vgpu_flags: u32,
  allocation_info: array(dxgkvmb_command_allocinfo_return.field(), 1),
}, { size: 88 });

/** Message DXGK_VMBCOMMAND_DESTROYALLOCATION. */
export interface dxgkvmb_command_destroyallocation {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** device handle */
  device: number;
  /** resource handle */
  resource: number;
  /** allocations */
  alloc_count: number;
  /** bits; d3dddicb_destroyallocation2flags */
  flags: number;
  /** the first of `alloc_count` handles */
  allocations: ArrayView<number>;
}
/** Layout of `struct dxgkvmb_command_destroyallocation`: 48 bytes. */
export const dxgkvmb_command_destroyallocation: Struct<dxgkvmb_command_destroyallocation> = struct<
  dxgkvmb_command_destroyallocation
>("dxgkvmb_command_destroyallocation", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
  device: u32,
  resource: u32,
  alloc_count: u32,
  flags: bitsField(d3dddicb_destroyallocation2flags),
  allocations: array(u32, 1),
}, { size: 48 });

/** Message DXGK_VMBCOMMAND_DDIGETSTANDARDALLOCATIONDRIVERDATA. */
export interface dxgkvmb_command_getstandardallocprivdata {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** which arm of the union; enum d3dkmdt_standardallocationtype */
  alloc_type: number;
  /** private data of the allocation, bytes */
  priv_driver_data_size: number;
  /** private data of the resource, bytes */
  priv_driver_resource_size: number;
  /** physical adapter of a linked set */
  physical_adapter_index: number;
  /** arm of a shared primary */
  primary: View<d3dkmdt_sharedprimarysurfacedata>;
  /** arm of a shadow surface */
  shadow: View<d3dkmdt_shadowsurfacedata>;
  /** arm of a staging surface */
  staging: View<d3dkmdt_stagingsurfacedata>;
  /** arm of a GDI surface */
  gdi_surface: View<d3dkmdt_gdisurfacedata>;
}
/** Layout of `struct dxgkvmb_command_getstandardallocprivdata`: 64 bytes. */
export const dxgkvmb_command_getstandardallocprivdata: Struct<dxgkvmb_command_getstandardallocprivdata> = struct<
  dxgkvmb_command_getstandardallocprivdata
>("dxgkvmb_command_getstandardallocprivdata", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
  alloc_type: u32,
  priv_driver_data_size: u32,
  priv_driver_resource_size: u32,
  physical_adapter_index: u32,
  primary: d3dkmdt_sharedprimarysurfacedata.field(),
  shadow: overlay(40, d3dkmdt_shadowsurfacedata.field()),
  staging: overlay(40, d3dkmdt_stagingsurfacedata.field()),
  gdi_surface: overlay(40, d3dkmdt_gdisurfacedata.field()),
}, { size: 64 });

/** Reply to DXGK_VMBCOMMAND_DDIGETSTANDARDALLOCATIONDRIVERDATA. */
export interface dxgkvmb_command_getstandardallocprivdata_return {
  /** NTSTATUS */
  status: number;
  /** private data of the allocation, bytes */
  priv_driver_data_size: number;
  /** private data of the resource, bytes */
  priv_driver_resource_size: number;
  /** arm of a shared primary */
  primary: View<d3dkmdt_sharedprimarysurfacedata>;
  /** arm of a shadow surface */
  shadow: View<d3dkmdt_shadowsurfacedata>;
  /** arm of a staging surface */
  staging: View<d3dkmdt_stagingsurfacedata>;
  /** arm of a GDI surface */
  gdi_surface: View<d3dkmdt_gdisurfacedata>;
}
/** Layout of `struct dxgkvmb_command_getstandardallocprivdata_return`: 36 bytes. */
export const dxgkvmb_command_getstandardallocprivdata_return: Struct<dxgkvmb_command_getstandardallocprivdata_return> =
  struct<dxgkvmb_command_getstandardallocprivdata_return>("dxgkvmb_command_getstandardallocprivdata_return", {
    status: s32,
    priv_driver_data_size: u32,
    priv_driver_resource_size: u32,
    primary: d3dkmdt_sharedprimarysurfacedata.field(),
    shadow: overlay(12, d3dkmdt_shadowsurfacedata.field()),
    staging: overlay(12, d3dkmdt_stagingsurfacedata.field()),
    gdi_surface: overlay(12, d3dkmdt_gdisurfacedata.field()),
  }, { size: 36 });

/** Message DXGK_VMBCOMMAND_SETEXISTINGSYSMEMSTORE. */
export interface dxgkvmb_command_setexistingsysmemstore {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** device handle */
  device: number;
  /** allocation handle */
  allocation: number;
  /** VMBus's handle of the guest's pages */
  gpadl: number;
}
/** Layout of `struct dxgkvmb_command_setexistingsysmemstore`: 40 bytes. */
export const dxgkvmb_command_setexistingsysmemstore: Struct<dxgkvmb_command_setexistingsysmemstore> = struct<
  dxgkvmb_command_setexistingsysmemstore
>("dxgkvmb_command_setexistingsysmemstore", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
  device: u32,
  allocation: u32,
  gpadl: u32,
}, { size: 40 });

/** Message DXGK_VMBCOMMAND_SETEXISTINGSYSMEMPAGES. */
export interface dxgkvmb_command_setexistingsysmempages {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** device handle */
  device: number;
  /** allocation handle */
  allocation: number;
  /** page frame numbers that follow */
  num_pages: number;
  /** first page of the allocation that they back */
  alloc_offset_in_pages: number;
}
/** Layout of `struct dxgkvmb_command_setexistingsysmempages`: 40 bytes. */
export const dxgkvmb_command_setexistingsysmempages: Struct<dxgkvmb_command_setexistingsysmempages> = struct<
  dxgkvmb_command_setexistingsysmempages
>("dxgkvmb_command_setexistingsysmempages", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
  device: u32,
  allocation: u32,
  num_pages: u32,
  alloc_offset_in_pages: u32,
}, { size: 40 });
