/**
 * Synchronization across the borders of dxgkrnl: objects behind file descriptors, and sync files. Mirrors include/uapi/misc/d3dkmthk.h.
 * @module
 */

import { bitsField } from "./bits.ts";
import { type Ioctl, IOWR } from "./ioctl.ts";
import { array, type ArrayView, overlay, type Struct, struct, u32, u64, type View } from "./struct.ts";
import { d3dddi_synchronizationobject_flags } from "./d3dkmthk_sync.ts";

/** Argument of {@linkcode LX_DXOPENSYNCHRONIZATIONOBJECT}. */
export interface d3dkmt_opensynchronizationobject {
  /** handle of the shared object */
  shared_handle: number;
  /** out; synchronization object handle */
  sync_object: number;
  /** must be zero */
  reserved: ArrayView<bigint>;
}
/** Layout of `struct d3dkmt_opensynchronizationobject`: 72 bytes. */
export const d3dkmt_opensynchronizationobject: Struct<d3dkmt_opensynchronizationobject> = struct<
  d3dkmt_opensynchronizationobject
>("d3dkmt_opensynchronizationobject", {
  shared_handle: u32,
  sync_object: u32,
  reserved: array(u64, 8),
}, { size: 72 });

/** Slot of an old call: ENOTTY. */
export const LX_DXOPENSYNCHRONIZATIONOBJECT: Ioctl<d3dkmt_opensynchronizationobject> = IOWR(
  "G",
  0x29,
  d3dkmt_opensynchronizationobject,
);

/** Member `monitored_fence` of {@linkcode d3dkmt_opensyncobjectfromnthandle2}. */
export interface d3dkmt_opensyncobjectfromnthandle2_monitored_fence {
  /** out; user address where the fence's value is mapped */
  fence_value_cpu_va: bigint;
  /** out; GPU virtual address of the fence's value */
  fence_value_gpu_va: bigint;
  /** bit for each engine that may run it */
  engine_affinity: number;
}
/** Layout of `struct d3dkmt_opensyncobjectfromnthandle2_monitored_fence`: 24 bytes. */
export const d3dkmt_opensyncobjectfromnthandle2_monitored_fence: Struct<
  d3dkmt_opensyncobjectfromnthandle2_monitored_fence
> = struct<d3dkmt_opensyncobjectfromnthandle2_monitored_fence>("d3dkmt_opensyncobjectfromnthandle2_monitored_fence", {
  fence_value_cpu_va: u64,
  fence_value_gpu_va: u64,
  engine_affinity: u32,
}, { size: 24 });

/** Argument of {@linkcode LX_DXOPENSYNCOBJECTFROMNTHANDLE2}. */
export interface d3dkmt_opensyncobjectfromnthandle2 {
  /** file descriptor of the shared object */
  nt_handle: bigint;
  /** device handle */
  device: number;
  /** bits; d3dddi_synchronizationobject_flags */
  flags: number;
  /** out; synchronization object handle */
  sync_object: number;
  /** must be zero */
  reserved1: number;
  /** arm of a monitored fence */
  monitored_fence: View<d3dkmt_opensyncobjectfromnthandle2_monitored_fence>;
  /** must be zero */
  reserved: ArrayView<bigint>;
}
/** Layout of `struct d3dkmt_opensyncobjectfromnthandle2`: 88 bytes. */
export const d3dkmt_opensyncobjectfromnthandle2: Struct<d3dkmt_opensyncobjectfromnthandle2> = struct<
  d3dkmt_opensyncobjectfromnthandle2
>("d3dkmt_opensyncobjectfromnthandle2", {
  nt_handle: u64,
  device: u32,
  flags: bitsField(d3dddi_synchronizationobject_flags),
  sync_object: u32,
  reserved1: u32,
  monitored_fence: d3dkmt_opensyncobjectfromnthandle2_monitored_fence.field("anonymous"),
  reserved: overlay(24, array(u64, 8)),
}, { size: 88 });

/** Opens a shared synchronization object and maps its fence. */
export const LX_DXOPENSYNCOBJECTFROMNTHANDLE2: Ioctl<d3dkmt_opensyncobjectfromnthandle2> = IOWR(
  "G",
  0x40,
  d3dkmt_opensyncobjectfromnthandle2,
);

/** Argument of {@linkcode LX_DXCREATESYNCFILE}. */
export interface d3dkmt_createsyncfile {
  /** device handle */
  device: number;
  /** monitored fence handle */
  monitored_fence: number;
  /** value of the fence */
  fence_value: bigint;
  /** out; file descriptor of the sync_file */
  sync_file_handle: bigint;
}
/** Layout of `struct d3dkmt_createsyncfile`: 24 bytes. */
export const d3dkmt_createsyncfile: Struct<d3dkmt_createsyncfile> = struct<d3dkmt_createsyncfile>(
  "d3dkmt_createsyncfile",
  {
    device: u32,
    monitored_fence: u32,
    fence_value: u64,
    sync_file_handle: u64,
  },
  { size: 24 },
);

/** Makes a sync_file of a value of a monitored fence. */
export const LX_DXCREATESYNCFILE: Ioctl<d3dkmt_createsyncfile> = IOWR("G", 0x45, d3dkmt_createsyncfile);

/** Argument of {@linkcode LX_DXWAITSYNCFILE}. */
export interface d3dkmt_waitsyncfile {
  /** file descriptor of the sync_file */
  sync_file_handle: bigint;
  /** context handle */
  context: number;
  /** must be zero */
  reserved: number;
}
/** Layout of `struct d3dkmt_waitsyncfile`: 16 bytes. */
export const d3dkmt_waitsyncfile: Struct<d3dkmt_waitsyncfile> = struct<d3dkmt_waitsyncfile>("d3dkmt_waitsyncfile", {
  sync_file_handle: u64,
  context: u32,
  reserved: u32,
}, { size: 16 });

/** Lets a context wait for a sync_file. */
export const LX_DXWAITSYNCFILE: Ioctl<d3dkmt_waitsyncfile> = IOWR("G", 0x46, d3dkmt_waitsyncfile);

/** Argument of {@linkcode LX_DXOPENSYNCOBJECTFROMSYNCFILE}. */
export interface d3dkmt_opensyncobjectfromsyncfile {
  /** file descriptor of the sync_file */
  sync_file_handle: bigint;
  /** device handle */
  device: number;
  /** out; synchronization object handle */
  syncobj: number;
  /** out; value of the fence */
  fence_value: bigint;
  /** out; user address where the fence's value is mapped */
  fence_value_cpu_va: bigint;
  /** out; GPU virtual address of the fence's value */
  fence_value_gpu_va: bigint;
}
/** Layout of `struct d3dkmt_opensyncobjectfromsyncfile`: 40 bytes. */
export const d3dkmt_opensyncobjectfromsyncfile: Struct<d3dkmt_opensyncobjectfromsyncfile> = struct<
  d3dkmt_opensyncobjectfromsyncfile
>("d3dkmt_opensyncobjectfromsyncfile", {
  sync_file_handle: u64,
  device: u32,
  syncobj: u32,
  fence_value: u64,
  fence_value_cpu_va: u64,
  fence_value_gpu_va: u64,
}, { size: 40 });

/** Opens the monitored fence behind a sync_file. */
export const LX_DXOPENSYNCOBJECTFROMSYNCFILE: Ioctl<d3dkmt_opensyncobjectfromsyncfile> = IOWR(
  "G",
  0x47,
  d3dkmt_opensyncobjectfromsyncfile,
);
