/**
 * Synchronization objects: making and destroying them. Mirrors include/uapi/misc/d3dkmthk.h.
 * @module
 */

import { type Bits, bits, bitsField } from "./bits.ts";
import { type Ioctl, IOWR } from "./ioctl.ts";
import { array, type ArrayView, overlay, type Struct, struct, u32, u64, type View } from "./struct.ts";

/** Type of a synchronization object: synchronization mutex. */
export const _D3DDDI_SYNCHRONIZATION_MUTEX = 1;
/** Type of a synchronization object: semaphore. */
export const _D3DDDI_SEMAPHORE = 2;
/** Type of a synchronization object: fence. */
export const _D3DDDI_FENCE = 3;
/** Type of a synchronization object: cpu notification. */
export const _D3DDDI_CPU_NOTIFICATION = 4;
/** Type of a synchronization object: monitored fence. */
export const _D3DDDI_MONITORED_FENCE = 5;
/** Type of a synchronization object: periodic monitored fence. */
export const _D3DDDI_PERIODIC_MONITORED_FENCE = 6;
/** Type of a synchronization object: synchronization type limit. */
export const _D3DDDI_SYNCHRONIZATION_TYPE_LIMIT = 7;

/** Bits of a synchronization object. */
export const d3dddi_synchronizationobject_flags: Bits<
  | "shared"
  | "nt_security_sharing"
  | "cross_adapter"
  | "top_of_pipeline"
  | "no_signal"
  | "no_wait"
  | "no_signal_max_value_on_tdr"
  | "no_gpu_access"
  | "reserved"
> = bits("d3dddi_synchronizationobject_flags", {
  shared: 1,
  nt_security_sharing: 1,
  cross_adapter: 1,
  top_of_pipeline: 1,
  no_signal: 1,
  no_wait: 1,
  no_signal_max_value_on_tdr: 1,
  no_gpu_access: 1,
  reserved: 23,
});

/** Member `synchronization_mutex` of {@linkcode d3dddi_synchronizationobjectinfo2}. */
export interface d3dddi_synchronizationobjectinfo2_synchronization_mutex {
  /** 1 if it begins owned */
  initial_state: number;
}
/** Layout of `struct d3dddi_synchronizationobjectinfo2_synchronization_mutex`: 4 bytes. */
export const d3dddi_synchronizationobjectinfo2_synchronization_mutex: Struct<
  d3dddi_synchronizationobjectinfo2_synchronization_mutex
> = struct<d3dddi_synchronizationobjectinfo2_synchronization_mutex>(
  "d3dddi_synchronizationobjectinfo2_synchronization_mutex",
  {
    initial_state: u32,
  },
  { size: 4 },
);

/** Member `semaphore` of {@linkcode d3dddi_synchronizationobjectinfo2}. */
export interface d3dddi_synchronizationobjectinfo2_semaphore {
  /** greatest count */
  max_count: number;
  /** count at first */
  initial_count: number;
}
/** Layout of `struct d3dddi_synchronizationobjectinfo2_semaphore`: 8 bytes. */
export const d3dddi_synchronizationobjectinfo2_semaphore: Struct<d3dddi_synchronizationobjectinfo2_semaphore> = struct<
  d3dddi_synchronizationobjectinfo2_semaphore
>("d3dddi_synchronizationobjectinfo2_semaphore", {
  max_count: u32,
  initial_count: u32,
}, { size: 8 });

/** Member `fence` of {@linkcode d3dddi_synchronizationobjectinfo2}. */
export interface d3dddi_synchronizationobjectinfo2_fence {
  /** value of the fence */
  fence_value: bigint;
}
/** Layout of `struct d3dddi_synchronizationobjectinfo2_fence`: 8 bytes. */
export const d3dddi_synchronizationobjectinfo2_fence: Struct<d3dddi_synchronizationobjectinfo2_fence> = struct<
  d3dddi_synchronizationobjectinfo2_fence
>("d3dddi_synchronizationobjectinfo2_fence", {
  fence_value: u64,
}, { size: 8 });

/** Member `cpu_notification` of {@linkcode d3dddi_synchronizationobjectinfo2}. */
export interface d3dddi_synchronizationobjectinfo2_cpu_notification {
  /** eventfd to signal */
  event: bigint;
}
/** Layout of `struct d3dddi_synchronizationobjectinfo2_cpu_notification`: 8 bytes. */
export const d3dddi_synchronizationobjectinfo2_cpu_notification: Struct<
  d3dddi_synchronizationobjectinfo2_cpu_notification
> = struct<d3dddi_synchronizationobjectinfo2_cpu_notification>("d3dddi_synchronizationobjectinfo2_cpu_notification", {
  event: u64,
}, { size: 8 });

/** Member `monitored_fence` of {@linkcode d3dddi_synchronizationobjectinfo2}. */
export interface d3dddi_synchronizationobjectinfo2_monitored_fence {
  /** value at first */
  initial_fence_value: bigint;
  /** out; user address where the fence's value is mapped */
  fence_cpu_virtual_address: bigint;
  /** out; GPU virtual address of the fence's value */
  fence_gpu_virtual_address: bigint;
  /** bit for each engine that may run it */
  engine_affinity: number;
}
/** Layout of `struct d3dddi_synchronizationobjectinfo2_monitored_fence`: 32 bytes. */
export const d3dddi_synchronizationobjectinfo2_monitored_fence: Struct<
  d3dddi_synchronizationobjectinfo2_monitored_fence
> = struct<d3dddi_synchronizationobjectinfo2_monitored_fence>("d3dddi_synchronizationobjectinfo2_monitored_fence", {
  initial_fence_value: u64,
  fence_cpu_virtual_address: u64,
  fence_gpu_virtual_address: u64,
  engine_affinity: u32,
}, { size: 32 });

/** Member `periodic_monitored_fence` of {@linkcode d3dddi_synchronizationobjectinfo2}. */
export interface d3dddi_synchronizationobjectinfo2_periodic_monitored_fence {
  /** adapter handle */
  adapter: number;
  /** display target */
  vidpn_target_id: number;
  /** period */
  time: bigint;
  /** out; user address where the fence's value is mapped */
  fence_cpu_virtual_address: bigint;
  /** out; GPU virtual address of the fence's value */
  fence_gpu_virtual_address: bigint;
  /** bit for each engine that may run it */
  engine_affinity: number;
}
/** Layout of `struct d3dddi_synchronizationobjectinfo2_periodic_monitored_fence`: 40 bytes. */
export const d3dddi_synchronizationobjectinfo2_periodic_monitored_fence: Struct<
  d3dddi_synchronizationobjectinfo2_periodic_monitored_fence
> = struct<d3dddi_synchronizationobjectinfo2_periodic_monitored_fence>(
  "d3dddi_synchronizationobjectinfo2_periodic_monitored_fence",
  {
    adapter: u32,
    vidpn_target_id: u32,
    time: u64,
    fence_cpu_virtual_address: u64,
    fence_gpu_virtual_address: u64,
    engine_affinity: u32,
  },
  { size: 40 },
);

/** Member `reserved` of {@linkcode d3dddi_synchronizationobjectinfo2}. */
export interface d3dddi_synchronizationobjectinfo2_reserved {
  /** must be zero */
  reserved: ArrayView<bigint>;
}
/** Layout of `struct d3dddi_synchronizationobjectinfo2_reserved`: 64 bytes. */
export const d3dddi_synchronizationobjectinfo2_reserved: Struct<d3dddi_synchronizationobjectinfo2_reserved> = struct<
  d3dddi_synchronizationobjectinfo2_reserved
>("d3dddi_synchronizationobjectinfo2_reserved", {
  reserved: array(u64, 8),
}, { size: 64 });

/** What a synchronization object is. */
export interface d3dddi_synchronizationobjectinfo2 {
  /** kind; enum d3dddi_synchronizationobject_type */
  type: number;
  /** bits; d3dddi_synchronizationobject_flags */
  flags: number;
  /** arm of a mutex */
  synchronization_mutex: View<d3dddi_synchronizationobjectinfo2_synchronization_mutex>;
  /** arm of a semaphore */
  semaphore: View<d3dddi_synchronizationobjectinfo2_semaphore>;
  /** arm of a fence */
  fence: View<d3dddi_synchronizationobjectinfo2_fence>;
  /** arm of a CPU notification */
  cpu_notification: View<d3dddi_synchronizationobjectinfo2_cpu_notification>;
  /** arm of a monitored fence */
  monitored_fence: View<d3dddi_synchronizationobjectinfo2_monitored_fence>;
  /** arm of a fence that ticks with a display */
  periodic_monitored_fence: View<d3dddi_synchronizationobjectinfo2_periodic_monitored_fence>;
  /** must be zero */
  reserved: View<d3dddi_synchronizationobjectinfo2_reserved>;
  /** out; handle of the shared object */
  shared_handle: number;
}
/** Layout of `struct d3dddi_synchronizationobjectinfo2`: 80 bytes. */
export const d3dddi_synchronizationobjectinfo2: Struct<d3dddi_synchronizationobjectinfo2> = struct<
  d3dddi_synchronizationobjectinfo2
>("d3dddi_synchronizationobjectinfo2", {
  type: u32,
  flags: bitsField(d3dddi_synchronizationobject_flags),
  synchronization_mutex: d3dddi_synchronizationobjectinfo2_synchronization_mutex.field("anonymous"),
  semaphore: overlay(8, d3dddi_synchronizationobjectinfo2_semaphore.field("anonymous")),
  fence: overlay(8, d3dddi_synchronizationobjectinfo2_fence.field("anonymous")),
  cpu_notification: overlay(8, d3dddi_synchronizationobjectinfo2_cpu_notification.field("anonymous")),
  monitored_fence: overlay(8, d3dddi_synchronizationobjectinfo2_monitored_fence.field("anonymous")),
  periodic_monitored_fence: overlay(8, d3dddi_synchronizationobjectinfo2_periodic_monitored_fence.field("anonymous")),
  reserved: overlay(8, d3dddi_synchronizationobjectinfo2_reserved.field("anonymous")),
  shared_handle: u32,
}, { size: 80 });

/** Argument of {@linkcode LX_DXCREATESYNCHRONIZATIONOBJECT}. */
export interface d3dkmt_createsynchronizationobject2 {
  /** device handle */
  device: number;
  /** must be zero */
  reserved: number;
  /** what kind of object, and how it begins */
  info: View<d3dddi_synchronizationobjectinfo2>;
  /** out; synchronization object handle */
  sync_object: number;
  /** must be zero */
  reserved1: number;
}
/** Layout of `struct d3dkmt_createsynchronizationobject2`: 96 bytes. */
export const d3dkmt_createsynchronizationobject2: Struct<d3dkmt_createsynchronizationobject2> = struct<
  d3dkmt_createsynchronizationobject2
>("d3dkmt_createsynchronizationobject2", {
  device: u32,
  reserved: u32,
  info: d3dddi_synchronizationobjectinfo2.field(),
  sync_object: u32,
  reserved1: u32,
}, { size: 96 });

/** Makes a synchronization object; a monitored fence is mapped into the caller. */
export const LX_DXCREATESYNCHRONIZATIONOBJECT: Ioctl<d3dkmt_createsynchronizationobject2> = IOWR(
  "G",
  0x10,
  d3dkmt_createsynchronizationobject2,
);

/** Argument of {@linkcode LX_DXDESTROYSYNCHRONIZATIONOBJECT}. */
export interface d3dkmt_destroysynchronizationobject {
  /** synchronization object handle */
  sync_object: number;
}
/** Layout of `struct d3dkmt_destroysynchronizationobject`: 4 bytes. */
export const d3dkmt_destroysynchronizationobject: Struct<d3dkmt_destroysynchronizationobject> = struct<
  d3dkmt_destroysynchronizationobject
>("d3dkmt_destroysynchronizationobject", {
  sync_object: u32,
}, { size: 4 });

/** Destroys a synchronization object. */
export const LX_DXDESTROYSYNCHRONIZATIONOBJECT: Ioctl<d3dkmt_destroysynchronizationobject> = IOWR(
  "G",
  0x1d,
  d3dkmt_destroysynchronizationobject,
);
