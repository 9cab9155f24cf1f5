/**
 * Sharing: resources and synchronization objects as file descriptors. Mirrors include/uapi/misc/d3dkmthk.h.
 * @module
 */

import { type Ioctl, IOWR } from "./ioctl.ts";
import { array, type ArrayView, s32, type Struct, struct, u32, u64 } from "./struct.ts";

/** Argument of {@linkcode LX_DXSHAREOBJECTS}. */
export interface d3dkmt_shareobjects {
  /** synchronization objects */
  object_count: number;
  /** must be zero */
  reserved: number;
  /** user address of synchronization object handles */
  objects: bigint;
  /** ignored */
  object_attr: bigint;
  /** ignored */
  desired_access: number;
  /** must be zero */
  reserved1: number;
  /** user address of a 64-bit file descriptor */
  shared_handle: bigint;
}
/** Layout of `struct d3dkmt_shareobjects`: 40 bytes. */
export const d3dkmt_shareobjects: Struct<d3dkmt_shareobjects> = struct<d3dkmt_shareobjects>("d3dkmt_shareobjects", {
  object_count: u32,
  reserved: u32,
  objects: u64,
  object_attr: u64,
  desired_access: u32,
  reserved1: u32,
  shared_handle: u64,
}, { size: 40 });

/** Makes a file descriptor of a resource or a synchronization object. */
export const LX_DXSHAREOBJECTS: Ioctl<d3dkmt_shareobjects> = IOWR("G", 0x3f, d3dkmt_shareobjects);

/** Argument of {@linkcode LX_DXSHAREOBJECTWITHHOST}. */
export interface d3dkmt_shareobjectwithhost {
  /** device handle */
  device_handle: number;
  /** handle of the object */
  object_handle: number;
  /** must be zero */
  reserved: bigint;
  /** out; the host's handle */
  object_vail_nt_handle: bigint;
}
/** Layout of `struct d3dkmt_shareobjectwithhost`: 24 bytes. */
export const d3dkmt_shareobjectwithhost: Struct<d3dkmt_shareobjectwithhost> = struct<d3dkmt_shareobjectwithhost>(
  "d3dkmt_shareobjectwithhost",
  {
    device_handle: u32,
    object_handle: u32,
    reserved: u64,
    object_vail_nt_handle: u64,
  },
  { size: 24 },
);

/** Makes a handle of the host for an object. */
export const LX_DXSHAREOBJECTWITHHOST: Ioctl<d3dkmt_shareobjectwithhost> = IOWR("G", 0x44, d3dkmt_shareobjectwithhost);

/** Argument of {@linkcode LX_DXQUERYRESOURCEINFO}. */
export interface d3dkmt_queryresourceinfo {
  /** device handle */
  device: number;
  /** handle of the shared object */
  global_share: number;
  /** user address of data of the runtime */
  private_runtime_data: bigint;
  /** data of the runtime, bytes */
  private_runtime_data_size: number;
  /** private data of all allocations, bytes */
  total_priv_drv_data_size: number;
  /** private data of the resource, bytes */
  resource_priv_drv_data_size: number;
  /** allocations */
  allocation_count: number;
}
/** Layout of `struct d3dkmt_queryresourceinfo`: 32 bytes. */
export const d3dkmt_queryresourceinfo: Struct<d3dkmt_queryresourceinfo> = struct<d3dkmt_queryresourceinfo>(
  "d3dkmt_queryresourceinfo",
  {
    device: u32,
    global_share: u32,
    private_runtime_data: u64,
    private_runtime_data_size: u32,
    total_priv_drv_data_size: u32,
    resource_priv_drv_data_size: u32,
    allocation_count: u32,
  },
  { size: 32 },
);

/** Slot of an old call: ENOTTY. */
export const LX_DXQUERYRESOURCEINFO: Ioctl<d3dkmt_queryresourceinfo> = IOWR("G", 0x2b, d3dkmt_queryresourceinfo);

/** Argument of {@linkcode LX_DXQUERYRESOURCEINFOFROMNTHANDLE}. */
export interface d3dkmt_queryresourceinfofromnthandle {
  /** device handle */
  device: number;
  /** must be zero */
  reserved: number;
  /** file descriptor of the shared object */
  nt_handle: bigint;
  /** user address of data of the runtime */
  private_runtime_data: bigint;
  /** out; data of the runtime, bytes */
  private_runtime_data_size: number;
  /** out; private data of all allocations, bytes */
  total_priv_drv_data_size: number;
  /** out; private data of the resource, bytes */
  resource_priv_drv_data_size: number;
  /** out; allocations */
  allocation_count: number;
}
/** Layout of `struct d3dkmt_queryresourceinfofromnthandle`: 40 bytes. */
export const d3dkmt_queryresourceinfofromnthandle: Struct<d3dkmt_queryresourceinfofromnthandle> = struct<
  d3dkmt_queryresourceinfofromnthandle
>("d3dkmt_queryresourceinfofromnthandle", {
  device: u32,
  reserved: u32,
  nt_handle: u64,
  private_runtime_data: u64,
  private_runtime_data_size: u32,
  total_priv_drv_data_size: u32,
  resource_priv_drv_data_size: u32,
  allocation_count: u32,
}, { size: 40 });

/** Reads the sizes behind a shared resource. */
export const LX_DXQUERYRESOURCEINFOFROMNTHANDLE: Ioctl<d3dkmt_queryresourceinfofromnthandle> = IOWR(
  "G",
  0x41,
  d3dkmt_queryresourceinfofromnthandle,
);

/** One allocation of an opened resource. */
export interface d3dddi_openallocationinfo2 {
  /** out; allocation handle */
  allocation: number;
  /** out; user address of private data of the user-mode driver */
  priv_drv_data: bigint;
  /** out; private data of the user-mode driver, bytes */
  priv_drv_data_size: number;
  /** out; GPU virtual address */
  gpu_va: bigint;
  /** must be zero */
  reserved: ArrayView<bigint>;
}
/** Layout of `struct d3dddi_openallocationinfo2`: 80 bytes. */
export const d3dddi_openallocationinfo2: Struct<d3dddi_openallocationinfo2> = struct<d3dddi_openallocationinfo2>(
  "d3dddi_openallocationinfo2",
  {
    allocation: u32,
    priv_drv_data: u64,
    priv_drv_data_size: u32,
    gpu_va: u64,
    reserved: array(u64, 6),
  },
  { size: 80 },
);

/** Argument of {@linkcode LX_DXOPENRESOURCE}. */
export interface d3dkmt_openresource {
  /** device handle */
  device: number;
  /** handle of the shared object */
  global_share: number;
  /** allocations */
  allocation_count: number;
  /** user address of {@linkcode d3dddi_openallocationinfo2} */
  open_alloc_info: bigint;
  /** user address of data of the runtime */
  private_runtime_data: bigint;
  /** data of the runtime, bytes */
  private_runtime_data_size: number;
  /** user address of private data of the resource */
  resource_priv_drv_data: bigint;
  /** private data of the resource, bytes */
  resource_priv_drv_data_size: number;
  /** user address for private data of all allocations */
  total_priv_drv_data: bigint;
  /** private data of all allocations, bytes */
  total_priv_drv_data_size: number;
  /** out; resource handle */
  resource: number;
}
/** Layout of `struct d3dkmt_openresource`: 72 bytes. */
export const d3dkmt_openresource: Struct<d3dkmt_openresource> = struct<d3dkmt_openresource>("d3dkmt_openresource", {
  device: u32,
  global_share: u32,
  allocation_count: u32,
  open_alloc_info: u64,
  private_runtime_data: u64,
  private_runtime_data_size: s32,
  resource_priv_drv_data: u64,
  resource_priv_drv_data_size: u32,
  total_priv_drv_data: u64,
  total_priv_drv_data_size: u32,
  resource: u32,
}, { size: 72 });

/** Slot of an old call: ENOTTY. */
export const LX_DXOPENRESOURCE: Ioctl<d3dkmt_openresource> = IOWR("G", 0x28, d3dkmt_openresource);

/** Argument of {@linkcode LX_DXOPENRESOURCEFROMNTHANDLE}. */
export interface d3dkmt_openresourcefromnthandle {
  /** device handle */
  device: number;
  /** must be zero */
  reserved: number;
  /** file descriptor of the shared object */
  nt_handle: bigint;
  /** allocations */
  allocation_count: number;
  /** must be zero */
  reserved1: number;
  /** user address of {@linkcode d3dddi_openallocationinfo2} */
  open_alloc_info: bigint;
  /** data of the runtime, bytes */
  private_runtime_data_size: number;
  /** must be zero */
  reserved2: number;
  /** user address of data of the runtime */
  private_runtime_data: bigint;
  /** private data of the resource, bytes */
  resource_priv_drv_data_size: number;
  /** must be zero */
  reserved3: number;
  /** user address of private data of the resource */
  resource_priv_drv_data: bigint;
  /** private data of all allocations, bytes */
  total_priv_drv_data_size: number;
  /** user address for private data of all allocations */
  total_priv_drv_data: bigint;
  /** out; resource handle */
  resource: number;
  /** out; keyed mutex handle */
  keyed_mutex: number;
  /** user address of private data of the keyed mutex */
  keyed_mutex_private_data: bigint;
  /** bytes */
  keyed_mutex_private_data_size: number;
  /** out; synchronization object handle */
  sync_object: number;
}
/** Layout of `struct d3dkmt_openresourcefromnthandle`: 104 bytes. */
export const d3dkmt_openresourcefromnthandle: Struct<d3dkmt_openresourcefromnthandle> = struct<
  d3dkmt_openresourcefromnthandle
>("d3dkmt_openresourcefromnthandle", {
  device: u32,
  reserved: u32,
  nt_handle: u64,
  allocation_count: u32,
  reserved1: u32,
  open_alloc_info: u64,
  private_runtime_data_size: s32,
  reserved2: u32,
  private_runtime_data: u64,
  resource_priv_drv_data_size: u32,
  reserved3: u32,
  resource_priv_drv_data: u64,
  total_priv_drv_data_size: u32,
  total_priv_drv_data: u64,
  resource: u32,
  keyed_mutex: u32,
  keyed_mutex_private_data: u64,
  keyed_mutex_private_data_size: u32,
  sync_object: u32,
}, { size: 104 });

/** Opens a shared resource. */
export const LX_DXOPENRESOURCEFROMNTHANDLE: Ioctl<d3dkmt_openresourcefromnthandle> = IOWR(
  "G",
  0x42,
  d3dkmt_openresourcefromnthandle,
);
