/**
 * Signals and waits on synchronization objects, from the CPU and from the GPU. Mirrors include/uapi/misc/d3dkmthk.h.
 * @module
 */

import { type Bits, bits, bitsField } from "./bits.ts";
import { type Ioctl, IOWR } from "./ioctl.ts";
import { array, type ArrayView, overlay, type Struct, struct, u32, u64, type View } from "./struct.ts";

/** Bits of a signal. */
export const d3dddicb_signalflags: Bits<
  "signal_at_submission" | "enqueue_cpu_event" | "allow_fence_rewind" | "reserved" | "DXGK_SIGNAL_FLAG_INTERNAL0"
> = bits("d3dddicb_signalflags", {
  signal_at_submission: 1,
  enqueue_cpu_event: 1,
  allow_fence_rewind: 1,
  reserved: 28,
  DXGK_SIGNAL_FLAG_INTERNAL0: 1,
});

/** Member `fence` of {@linkcode d3dkmt_signalsynchronizationobject2}. */
export interface d3dkmt_signalsynchronizationobject2_fence {
  /** value of the fence */
  fence_value: bigint;
}
/** Layout of `struct d3dkmt_signalsynchronizationobject2_fence`: 8 bytes. */
export const d3dkmt_signalsynchronizationobject2_fence: Struct<d3dkmt_signalsynchronizationobject2_fence> = struct<
  d3dkmt_signalsynchronizationobject2_fence
>("d3dkmt_signalsynchronizationobject2_fence", {
  fence_value: u64,
}, { size: 8 });

/** Argument of {@linkcode LX_DXSIGNALSYNCHRONIZATIONOBJECT}. */
export interface d3dkmt_signalsynchronizationobject2 {
  /** context handle */
  context: number;
  /** synchronization objects */
  object_count: number;
  /** synchronization object handles */
  object_array: ArrayView<number>;
  /** bits; d3dddicb_signalflags */
  flags: number;
  /** contexts */
  context_count: number;
  /** context handles */
  contexts: ArrayView<number>;
  /** arm of a fence */
  fence: View<d3dkmt_signalsynchronizationobject2_fence>;
  /** eventfd to signal */
  cpu_event_handle: bigint;
  /** must be zero */
  reserved: ArrayView<bigint>;
}
/** Layout of `struct d3dkmt_signalsynchronizationobject2`: 464 bytes. */
export const d3dkmt_signalsynchronizationobject2: Struct<d3dkmt_signalsynchronizationobject2> = struct<
  d3dkmt_signalsynchronizationobject2
>("d3dkmt_signalsynchronizationobject2", {
  context: u32,
  object_count: u32,
  object_array: array(u32, 32),
  flags: bitsField(d3dddicb_signalflags),
  context_count: u32,
  contexts: array(u32, 64),
  fence: d3dkmt_signalsynchronizationobject2_fence.field("anonymous"),
  cpu_event_handle: overlay(400, u64),
  reserved: overlay(400, array(u64, 8)),
}, { size: 464 });

/** Signals objects on contexts, or an eventfd. */
export const LX_DXSIGNALSYNCHRONIZATIONOBJECT: Ioctl<d3dkmt_signalsynchronizationobject2> = IOWR(
  "G",
  0x11,
  d3dkmt_signalsynchronizationobject2,
);

/** Argument of {@linkcode LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMCPU}. */
export interface d3dkmt_signalsynchronizationobjectfromcpu {
  /** device handle */
  device: number;
  /** synchronization objects */
  object_count: number;
  /** user address of synchronization object handles */
  objects: bigint;
  /** user address of one value for each object */
  fence_values: bigint;
  /** bits; d3dddicb_signalflags */
  flags: number;
}
/** Layout of `struct d3dkmt_signalsynchronizationobjectfromcpu`: 32 bytes. */
export const d3dkmt_signalsynchronizationobjectfromcpu: Struct<d3dkmt_signalsynchronizationobjectfromcpu> = struct<
  d3dkmt_signalsynchronizationobjectfromcpu
>("d3dkmt_signalsynchronizationobjectfromcpu", {
  device: u32,
  object_count: u32,
  objects: u64,
  fence_values: u64,
  flags: bitsField(d3dddicb_signalflags),
}, { size: 32 });

/** Signals objects now. */
export const LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMCPU: Ioctl<d3dkmt_signalsynchronizationobjectfromcpu> = IOWR(
  "G",
  0x31,
  d3dkmt_signalsynchronizationobjectfromcpu,
);

/** Argument of {@linkcode LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMGPU}. */
export interface d3dkmt_signalsynchronizationobjectfromgpu {
  /** context handle */
  context: number;
  /** synchronization objects */
  object_count: number;
  /** user address of synchronization object handles */
  objects: bigint;
  /** user address of one value for each object */
  monitored_fence_values: bigint;
  /** must be zero */
  reserved: ArrayView<bigint>;
}
/** Layout of `struct d3dkmt_signalsynchronizationobjectfromgpu`: 80 bytes. */
export const d3dkmt_signalsynchronizationobjectfromgpu: Struct<d3dkmt_signalsynchronizationobjectfromgpu> = struct<
  d3dkmt_signalsynchronizationobjectfromgpu
>("d3dkmt_signalsynchronizationobjectfromgpu", {
  context: u32,
  object_count: u32,
  objects: u64,
  monitored_fence_values: u64,
  reserved: overlay(16, array(u64, 8)),
}, { size: 80 });

/** Queues a signal on a context. */
export const LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMGPU: Ioctl<d3dkmt_signalsynchronizationobjectfromgpu> = IOWR(
  "G",
  0x32,
  d3dkmt_signalsynchronizationobjectfromgpu,
);

/** Argument of {@linkcode LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMGPU2}. */
export interface d3dkmt_signalsynchronizationobjectfromgpu2 {
  /** synchronization objects */
  object_count: number;
  /** must be zero */
  reserved1: number;
  /** user address of synchronization object handles */
  objects: bigint;
  /** bits; d3dddicb_signalflags */
  flags: number;
  /** contexts */
  context_count: number;
  /** user address of context handles */
  contexts: bigint;
  /** value of the fence */
  fence_value: bigint;
  /** eventfd to signal */
  cpu_event_handle: bigint;
  /** user address of one value for each object */
  monitored_fence_values: bigint;
  /** must be zero */
  reserved: ArrayView<bigint>;
}
/** Layout of `struct d3dkmt_signalsynchronizationobjectfromgpu2`: 96 bytes. */
export const d3dkmt_signalsynchronizationobjectfromgpu2: Struct<d3dkmt_signalsynchronizationobjectfromgpu2> = struct<
  d3dkmt_signalsynchronizationobjectfromgpu2
>("d3dkmt_signalsynchronizationobjectfromgpu2", {
  object_count: u32,
  reserved1: u32,
  objects: u64,
  flags: bitsField(d3dddicb_signalflags),
  context_count: u32,
  contexts: u64,
  fence_value: u64,
  cpu_event_handle: overlay(32, u64),
  monitored_fence_values: overlay(32, u64),
  reserved: overlay(32, array(u64, 8)),
}, { size: 96 });

/** Queues signals on contexts, or an eventfd. */
export const LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMGPU2: Ioctl<d3dkmt_signalsynchronizationobjectfromgpu2> = IOWR(
  "G",
  0x33,
  d3dkmt_signalsynchronizationobjectfromgpu2,
);

/** Argument of {@linkcode LX_DXSUBMITSIGNALSYNCOBJECTSTOHWQUEUE}. */
export interface d3dkmt_submitsignalsyncobjectstohwqueue {
  /** bits; d3dddicb_signalflags */
  flags: number;
  /** hardware queues */
  hwqueue_count: number;
  /** user address of hardware queue handles */
  hwqueues: bigint;
  /** synchronization objects */
  object_count: number;
  /** must be zero */
  reserved: number;
  /** user address of synchronization object handles */
  objects: bigint;
  /** user address of one value for each object */
  fence_values: bigint;
}
/** Layout of `struct d3dkmt_submitsignalsyncobjectstohwqueue`: 40 bytes. */
export const d3dkmt_submitsignalsyncobjectstohwqueue: Struct<d3dkmt_submitsignalsyncobjectstohwqueue> = struct<
  d3dkmt_submitsignalsyncobjectstohwqueue
>("d3dkmt_submitsignalsyncobjectstohwqueue", {
  flags: bitsField(d3dddicb_signalflags),
  hwqueue_count: u32,
  hwqueues: u64,
  object_count: u32,
  reserved: u32,
  objects: u64,
  fence_values: u64,
}, { size: 40 });

/** Queues signals on hardware queues. */
export const LX_DXSUBMITSIGNALSYNCOBJECTSTOHWQUEUE: Ioctl<d3dkmt_submitsignalsyncobjectstohwqueue> = IOWR(
  "G",
  0x35,
  d3dkmt_submitsignalsyncobjectstohwqueue,
);

/** Member `fence` of {@linkcode d3dkmt_waitforsynchronizationobject2}. */
export interface d3dkmt_waitforsynchronizationobject2_fence {
  /** value of the fence */
  fence_value: bigint;
}
/** Layout of `struct d3dkmt_waitforsynchronizationobject2_fence`: 8 bytes. */
export const d3dkmt_waitforsynchronizationobject2_fence: Struct<d3dkmt_waitforsynchronizationobject2_fence> = struct<
  d3dkmt_waitforsynchronizationobject2_fence
>("d3dkmt_waitforsynchronizationobject2_fence", {
  fence_value: u64,
}, { size: 8 });

/** Argument of {@linkcode LX_DXWAITFORSYNCHRONIZATIONOBJECT}. */
export interface d3dkmt_waitforsynchronizationobject2 {
  /** context handle */
  context: number;
  /** synchronization objects */
  object_count: number;
  /** synchronization object handles */
  object_array: ArrayView<number>;
  /** arm of a fence */
  fence: View<d3dkmt_waitforsynchronizationobject2_fence>;
  /** must be zero */
  reserved: ArrayView<bigint>;
}
/** Layout of `struct d3dkmt_waitforsynchronizationobject2`: 200 bytes. */
export const d3dkmt_waitforsynchronizationobject2: Struct<d3dkmt_waitforsynchronizationobject2> = struct<
  d3dkmt_waitforsynchronizationobject2
>("d3dkmt_waitforsynchronizationobject2", {
  context: u32,
  object_count: u32,
  object_array: array(u32, 32),
  fence: d3dkmt_waitforsynchronizationobject2_fence.field("anonymous"),
  reserved: overlay(136, array(u64, 8)),
}, { size: 200 });

/** Lets a context wait for objects. */
export const LX_DXWAITFORSYNCHRONIZATIONOBJECT: Ioctl<d3dkmt_waitforsynchronizationobject2> = IOWR(
  "G",
  0x12,
  d3dkmt_waitforsynchronizationobject2,
);

/** Bits of a wait. */
export const d3dddi_waitforsynchronizationobjectfromcpu_flags: Bits<"wait_any" | "reserved"> = bits(
  "d3dddi_waitforsynchronizationobjectfromcpu_flags",
  {
    wait_any: 1,
    reserved: 31,
  },
);

/** Argument of {@linkcode LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU}. */
export interface d3dkmt_waitforsynchronizationobjectfromcpu {
  /** device handle */
  device: number;
  /** synchronization objects */
  object_count: number;
  /** user address of synchronization object handles */
  objects: bigint;
  /** user address of one value for each object */
  fence_values: bigint;
  /** eventfd to signal in place of waiting, or 0 */
  async_event: bigint;
  /** bits; d3dddi_waitforsynchronizationobjectfromcpu_flags */
  flags: number;
}
/** Layout of `struct d3dkmt_waitforsynchronizationobjectfromcpu`: 40 bytes. */
export const d3dkmt_waitforsynchronizationobjectfromcpu: Struct<d3dkmt_waitforsynchronizationobjectfromcpu> = struct<
  d3dkmt_waitforsynchronizationobjectfromcpu
>("d3dkmt_waitforsynchronizationobjectfromcpu", {
  device: u32,
  object_count: u32,
  objects: u64,
  fence_values: u64,
  async_event: u64,
  flags: bitsField(d3dddi_waitforsynchronizationobjectfromcpu_flags),
}, { size: 40 });

/** Waits for monitored fences, or lets an eventfd wait. */
export const LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU: Ioctl<d3dkmt_waitforsynchronizationobjectfromcpu> = IOWR(
  "G",
  0x3a,
  d3dkmt_waitforsynchronizationobjectfromcpu,
);

/** Argument of {@linkcode LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMGPU}. */
export interface d3dkmt_waitforsynchronizationobjectfromgpu {
  /** context handle */
  context: number;
  /** synchronization objects */
  object_count: number;
  /** user address of synchronization object handles */
  objects: bigint;
  /** user address of one value for each object */
  monitored_fence_values: bigint;
  /** value of the fence */
  fence_value: bigint;
  /** must be zero */
  reserved: ArrayView<bigint>;
}
/** Layout of `struct d3dkmt_waitforsynchronizationobjectfromgpu`: 80 bytes. */
export const d3dkmt_waitforsynchronizationobjectfromgpu: Struct<d3dkmt_waitforsynchronizationobjectfromgpu> = struct<
  d3dkmt_waitforsynchronizationobjectfromgpu
>("d3dkmt_waitforsynchronizationobjectfromgpu", {
  context: u32,
  object_count: u32,
  objects: u64,
  monitored_fence_values: u64,
  fence_value: overlay(16, u64),
  reserved: overlay(16, array(u64, 8)),
}, { size: 80 });

/** Queues a wait on a context. */
export const LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMGPU: Ioctl<d3dkmt_waitforsynchronizationobjectfromgpu> = IOWR(
  "G",
  0x3b,
  d3dkmt_waitforsynchronizationobjectfromgpu,
);

/** Argument of {@linkcode LX_DXSUBMITWAITFORSYNCOBJECTSTOHWQUEUE}. */
export interface d3dkmt_submitwaitforsyncobjectstohwqueue {
  /** hardware queue handle */
  hwqueue: number;
  /** synchronization objects */
  object_count: number;
  /** user address of synchronization object handles */
  objects: bigint;
  /** user address of one value for each object */
  fence_values: bigint;
}
/** Layout of `struct d3dkmt_submitwaitforsyncobjectstohwqueue`: 24 bytes. */
export const d3dkmt_submitwaitforsyncobjectstohwqueue: Struct<d3dkmt_submitwaitforsyncobjectstohwqueue> = struct<
  d3dkmt_submitwaitforsyncobjectstohwqueue
>("d3dkmt_submitwaitforsyncobjectstohwqueue", {
  hwqueue: u32,
  object_count: u32,
  objects: u64,
  fence_values: u64,
}, { size: 24 });

/** Queues waits on a hardware queue. */
export const LX_DXSUBMITWAITFORSYNCOBJECTSTOHWQUEUE: Ioctl<d3dkmt_submitwaitforsyncobjectstohwqueue> = IOWR(
  "G",
  0x36,
  d3dkmt_submitwaitforsyncobjectstohwqueue,
);
