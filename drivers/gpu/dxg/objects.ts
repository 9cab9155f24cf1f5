/**
 * What handles of a process name: devices, contexts, queues, allocations, resources, synchronization objects. The host has the
 * things themselves; here are lists, mappings and pages in use. Mirrors dxgdevice, dxgcontext and so on of dxgkrnl.h.
 * @module
 */

import type { UserMapping } from "../../../core/memory.ts";
import { _D3DKMT_DEVICEEXECUTION_ACTIVE } from "../../../uapi/d3dkmthk_device.ts";
import type { DxgAdapter } from "./adapter.ts";
import type { QueueFence, SyncObject } from "./fences.ts";
import type { DxgProcess, ProcessAdapter } from "./process.ts";
import { QueueOrder } from "./promises.ts";
import type { SharedResource } from "./shared.ts";
import type { Sysmem } from "./sysmem.ts";

/** What the host names by a handle. */
export type DxgObject =
  | DxgDevice
  | DxgContext
  | HwQueue
  | PagingQueue
  | Allocation
  | Resource
  | SyncObject
  | QueueFence;

/** A device: all that a process has of an adapter in one state of execution. */
export class DxgDevice {
  /** Whose. */
  readonly process: DxgProcess;
  /** Of which adapter. */
  readonly adapter: DxgAdapter;
  /** What the process has of that adapter. */
  readonly owner: ProcessAdapter;
  /** Its handle. */
  handle = 0;
  /** What is made on it. */
  readonly contexts: Set<DxgContext> = new Set();
  /** Its paging queues. */
  readonly pagingQueues: Set<PagingQueue> = new Set();
  /** Its allocations outside resources. */
  readonly allocations: Set<Allocation> = new Set();
  /** Its resources. */
  readonly resources: Set<Resource> = new Set();
  /** Its synchronization objects. */
  readonly syncObjects: Set<SyncObject> = new Set();
  /** What GETDEVICESTATE said last. */
  executionState: number = _D3DKMT_DEVICEEXECUTION_ACTIVE;
  /** The counter of state changes at that time. */
  executionStateCounter = 0;

  /** A device without a handle. */
  constructor(owner: ProcessAdapter) {
    this.owner = owner;
    this.process = owner.process;
    this.adapter = owner.adapter;
    owner.devices.add(this);
  }

  /**
   * The adapter is gone: its fences get their greatest value. What the client sees is not taken away from under it.
   *
   * @returns its views, to be unmapped when it can look no more
   */
  abandon(): UserMapping[] {
    const views = [...this.allocations, ...[...this.resources].flatMap(({ allocations }) => [...allocations])]
      .map((allocation) => allocation.abandon());
    for (const { hwQueues } of this.contexts) for (const { fence } of hwQueues) views.push(fence.abandon());
    for (const { fence } of this.pagingQueues) views.push(fence.abandon());
    for (const object of this.syncObjects) views.push(object.abandon());
    return views.filter((view) => view !== undefined);
  }

  /** Takes it out of all tables and unmaps what it has mapped. @returns memory to let go of when the host has */
  close(): Sysmem[] {
    const held: Sysmem[] = [];
    for (const resource of [...this.resources]) held.push(...resource.close());
    for (const allocation of [...this.allocations]) held.push(...allocation.close());
    for (const context of [...this.contexts]) context.close();
    for (const queue of [...this.pagingQueues]) queue.close();
    for (const object of [...this.syncObjects]) object.close();
    this.process.handles.remove(this.handle, this);
    this.owner.devices.delete(this);
    return held;
  }
}

/** A context. */
export class DxgContext {
  /** Its device. */
  readonly device: DxgDevice;
  /** Its handle. */
  readonly handle: number;
  /** Its hardware queues. */
  readonly hwQueues: Set<HwQueue> = new Set();
  /** What it waits for and signals. */
  readonly order: QueueOrder = new QueueOrder();

  /** A context that the host has made. */
  constructor(device: DxgDevice, handle: number) {
    this.device = device;
    this.handle = handle;
  }

  /** Makes it known. Throws EINVAL, ENOMEM. */
  publish(): void {
    this.device.process.handles.assign(this.handle, this);
    this.device.contexts.add(this);
  }

  /** Takes it and its queues out. */
  close(): void {
    for (const queue of [...this.hwQueues]) queue.close();
    this.order.close();
    this.device.process.handles.remove(this.handle, this);
    this.device.contexts.delete(this);
  }
}

/** A hardware queue. */
export class HwQueue {
  /** Its context. */
  readonly context: DxgContext;
  /** Its handle. */
  readonly handle: number;
  /** Its progress fence. */
  readonly fence: QueueFence;
  /** What it waits for and signals. */
  readonly order: QueueOrder = new QueueOrder();

  /** A queue that the host has made. */
  constructor(context: DxgContext, handle: number, fence: QueueFence) {
    this.context = context;
    this.handle = handle;
    this.fence = fence;
  }

  /** Its device. */
  get device(): DxgDevice {
    return this.context.device;
  }

  /** Makes it and its fence known. Throws EINVAL, ENOMEM. */
  publish(): void {
    const { handles } = this.device.process;
    handles.assign(this.fence.handle, this.fence);
    try {
      handles.assign(this.handle, this);
    } catch (error) {
      handles.remove(this.fence.handle, this.fence);
      throw error;
    }
    this.context.hwQueues.add(this);
  }

  /** Takes it and its fence out. */
  close(): void {
    this.fence.close();
    this.order.close();
    this.device.process.handles.remove(this.handle, this);
    this.context.hwQueues.delete(this);
  }
}

/** A paging queue. */
export class PagingQueue {
  /** Its device. */
  readonly device: DxgDevice;
  /** Its handle. */
  readonly handle: number;
  /** Its fence. */
  readonly fence: QueueFence;

  /** A queue that the host has made. */
  constructor(device: DxgDevice, handle: number, fence: QueueFence) {
    this.device = device;
    this.handle = handle;
    this.fence = fence;
  }

  /** Makes it and its fence known. Throws EINVAL, ENOMEM. */
  publish(): void {
    const { handles } = this.device.process;
    handles.assign(this.handle, this);
    try {
      handles.assign(this.fence.handle, this.fence);
    } catch (error) {
      handles.remove(this.handle, this);
      throw error;
    }
    this.device.pagingQueues.add(this);
  }

  /** Takes it and its fence out. */
  close(): void {
    this.fence.close();
    this.device.process.handles.remove(this.handle, this);
    this.device.pagingQueues.delete(this);
  }
}

/** An allocation. */
export class Allocation {
  /** Its device. */
  readonly device: DxgDevice;
  /** The resource that it is part of. */
  readonly resource: Resource | undefined;
  /** Its handle. */
  readonly handle: number;
  /** Bytes. */
  readonly size: number;
  /** Whether the client's view may be cached. */
  readonly isCached: boolean;
  /** Private data that others get who open the resource, while it is not sealed. */
  privateData: Uint8Array | undefined;
  /** The client's own memory behind it. */
  sysmem: Sysmem | undefined;
  /** Where the client sees it: its own memory, or a mapping that LOCK2 made. */
  cpuAddress = 0n;
  /** The mapping that LOCK2 made. */
  mapping: UserMapping | undefined;
  /** Locks. */
  locks = 0;

  /** An allocation that the host has made. */
  constructor(device: DxgDevice, resource: Resource | undefined, handle: number, size: number, isCached: boolean) {
    this.device = device;
    this.resource = resource;
    this.handle = handle;
    this.size = size;
    this.isCached = isCached;
  }

  /** Makes it known. Throws EINVAL, ENOMEM. */
  publish(): void {
    this.device.process.handles.assign(this.handle, this);
    (this.resource ?? this.device).allocations.add(this);
  }

  /** Its device is abandoned: the client's view that LOCK2 made. */
  abandon(): UserMapping | undefined {
    const { mapping } = this;
    this.mapping = undefined;
    return mapping;
  }

  /** Ends the client's view that LOCK2 made. */
  unmap(): void {
    if (this.mapping === undefined) return;
    this.mapping[Symbol.dispose]();
    this.mapping = undefined;
    this.cpuAddress = 0n;
    this.locks = 0;
  }

  /** Takes it out. @returns memory to let go of when the host has */
  close(): Sysmem[] {
    this.unmap();
    this.device.process.handles.remove(this.handle, this);
    (this.resource ?? this.device).allocations.delete(this);
    const { sysmem } = this;
    this.sysmem = undefined;
    return sysmem === undefined ? [] : [sysmem];
  }
}

/** A group of allocations. */
export class Resource {
  /** Its device. */
  readonly device: DxgDevice;
  /** Its handle. */
  readonly handle: number;
  /** What all who have it open share; undefined for one that nobody else can open. */
  readonly shared: SharedResource | undefined;
  /** Its allocations, in order. */
  readonly allocations: Set<Allocation> = new Set();

  /** A resource that the host has made. */
  constructor(device: DxgDevice, handle: number, shared: SharedResource | undefined) {
    this.device = device;
    this.handle = handle;
    this.shared = shared;
  }

  /** Makes it known. Throws EINVAL, ENOMEM. */
  publish(): void {
    this.device.process.handles.assign(this.handle, this);
    this.device.resources.add(this);
  }

  /** Takes it and its allocations out. @returns memory to let go of when the host has */
  close(): Sysmem[] {
    const held = [...this.allocations].flatMap((allocation) => allocation.close());
    this.device.process.handles.remove(this.handle, this);
    this.device.resources.delete(this);
    return held;
  }
}
