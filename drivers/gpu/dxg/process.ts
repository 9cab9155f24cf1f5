/**
 * `DxgProcess`: a client as the host knows it: one for each thread group, with its handles and what it has of each adapter.
 * Mirrors dxgprocess and dxgprocess_adapter (dxgprocess.c, dxgadapter.c).
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import type { UserMapping } from "../../../core/memory.ts";
import {
  DXGDEVICE_FLUSHSCHEDULER_DEVICE_TERMINATE,
  dxgkvmb_command_destroydevice,
  dxgkvmb_command_flushdevice,
} from "../../../uapi/dxgvmbus_device.ts";
import {
  DXGK_VMBCOMMAND_CREATEPROCESS,
  DXGK_VMBCOMMAND_DESTROYDEVICE,
  DXGK_VMBCOMMAND_DESTROYPROCESS,
  DXGK_VMBCOMMAND_FLUSHDEVICE,
} from "../../../uapi/dxgvmbus_number.ts";
import {
  dxgkvmb_command_createprocess,
  dxgkvmb_command_createprocess_flags,
  dxgkvmb_command_createprocess_return,
  dxgkvmb_command_destroyprocess,
} from "../../../uapi/dxgvmbus_process.ts";
import type { DxgAdapter } from "./adapter.ts";
import type { DxgGlobal } from "./global.ts";
import type { EventFdEvent } from "./host_events.ts";
import { AssignedHandles, LocalHandles } from "./handle_table.ts";
import { type QueueFence, SyncObject } from "./fences.ts";
import { Allocation, DxgContext, DxgDevice, type DxgObject, HwQueue, PagingQueue, Resource } from "./objects.ts";
import type { FenceValues, QueueOrder } from "./promises.ts";
import { runDetached, type Steps } from "./steps.ts";
import type { SyncPoint } from "./sync_point.ts";

/** Characters of a process's name on the wire. */
const NAME_MAX = 260;

const NONE: ReadonlySet<DxgAdapter> = new Set();

/** What a process has of an adapter. */
export class ProcessAdapter {
  /** Whose. */
  readonly process: DxgProcess;
  /** Of which. */
  readonly adapter: DxgAdapter;
  /** Its devices. */
  readonly devices: Set<DxgDevice> = new Set();
  /** Handles that it has of it. */
  opens = 0;

  /** Nothing yet. */
  constructor(process: DxgProcess, adapter: DxgAdapter) {
    this.process = process;
    this.adapter = adapter;
    adapter.processes.add(this);
  }
}

/** A client. */
export class DxgProcess {
  /** The driver's state. */
  readonly global: DxgGlobal;
  /** Its thread group. */
  readonly tgid: number;
  /** Its name. */
  readonly name: string;
  /** The host's handle of it. */
  hostHandle = 0;
  /** Handles of adapters. */
  readonly adapterHandles: LocalHandles<ProcessAdapter>;
  /** Handles of all else. */
  readonly handles: AssignedHandles<DxgObject>;
  /** What it has of each adapter. */
  readonly parts: Map<DxgAdapter, ProcessAdapter> = new Map();
  /** dma-fences that wait for fences of it. */
  readonly syncPoints: Set<SyncPoint> = new Set();
  /** eventfds that the host may signal for it. */
  readonly eventFds: Set<EventFdEvent> = new Set();
  // What the client sees of adapters that are gone.
  readonly #views: UserMapping[] = [];
  #references = 0;
  #forgotten = false;

  /** A process that the host does not know yet. */
  constructor(global: DxgGlobal, tgid: number, name: string) {
    this.global = global;
    this.tgid = tgid;
    this.name = name;
    const { ids } = global.system;
    this.adapterHandles = new LocalHandles(0xffff, ids);
    this.handles = new AssignedHandles(ids);
  }

  /** Tells the host. Throws what it says: ENOTRECOVERABLE for no handle. */
  *create(): Steps<void> {
    const struct = dxgkvmb_command_createprocess;
    const message = this.global.message(DXGK_VMBCOMMAND_CREATEPROCESS, struct);
    const body = message.body(struct);
    body.process = BigInt(this.tgid);
    body.process_id = this.tgid;
    body.flags = dxgkvmb_command_createprocess_flags.linux_process;
    const units = body.process_name;
    for (let i = 0; i < Math.min(this.name.length, NAME_MAX); i++) units[i] = this.name.charCodeAt(i);
    yield message.expects(dxgkvmb_command_createprocess_return.size);
    this.hostHandle = message.result(dxgkvmb_command_createprocess_return).hprocess;
    if (this.hostHandle === 0) {
      throw new DrmError("ENOTRECOVERABLE", "Cannot create a process: the host gives no handle");
    }
  }

  /** A file, or a call under way, uses it. */
  hold(): void {
    this.#references++;
  }

  /** Somebody less: the last one ends it on the host. */
  drop(): void {
    if (--this.#references > 0) return;
    const { global } = this;
    if (global.processes.get(this.tgid) === this) {
      global.processes.delete(this.tgid);
      for (const adapter of [...this.parts.keys()]) this.#leave(adapter);
      runDetached(this.#destroy());
    }
    for (const view of this.#views.splice(0)) view[Symbol.dispose]();
    this.#endEvents();
  }

  /** Adapters that it may open: none that have come after all others had gone. */
  get adapters(): ReadonlySet<DxgAdapter> {
    return this.#forgotten ? NONE : this.global.adapters;
  }

  /** Whether all adapters have gone since it came: a client that opens the node anew is another process. */
  get isForgotten(): boolean {
    return this.#forgotten;
  }

  /** An adapter goes: what the client sees of it stays until the process is gone. */
  abandon(adapter: DxgAdapter): void {
    for (const device of this.parts.get(adapter)?.devices ?? []) {
      for (const view of device.abandon()) {
        view.detach?.();
        this.#views.push(view);
      }
    }
  }

  // Nobody signals them any more.
  #endEvents(): void {
    for (const point of [...this.syncPoints]) point.orphan();
    for (const event of [...this.eventFds]) event.remove();
  }

  *#destroy(): Steps<void> {
    const struct = dxgkvmb_command_destroyprocess;
    yield this.global.message(DXGK_VMBCOMMAND_DESTROYPROCESS, struct, this.hostHandle).expects(4);
  }

  /** The host is gone: nothing is sent any more. */
  forget(): void {
    this.#forgotten = true;
    this.global.processes.delete(this.tgid);
    for (const part of this.parts.values()) {
      for (const device of [...part.devices]) for (const held of device.close()) held[Symbol.dispose]();
    }
    this.parts.clear();
    for (const [handle] of [...this.adapterHandles]) this.adapterHandles.remove(handle);
    this.#endEvents();
  }

  /** dxgprocess_open_adapter: a new handle. Throws ENODEV, ENOMEM. */
  openAdapter(adapter: DxgAdapter): number {
    adapter.enter();
    let part = this.parts.get(adapter);
    if (part === undefined) {
      part = new ProcessAdapter(this, adapter);
      this.parts.set(adapter, part);
    }
    try {
      const handle = this.adapterHandles.add(part);
      part.opens++;
      return handle;
    } catch (error) {
      if (part.opens === 0) this.#leave(adapter);
      throw error;
    }
  }

  /** dxgprocess_close_adapter; with the last handle go the devices. Throws EINVAL for no handle. */
  closeAdapter(handle: number): void {
    const part = this.adapterHandles.remove(handle);
    if (part === undefined) {
      throw new DrmError("EINVAL", `Cannot close adapter 0x${handle.toString(16)}: no such handle`);
    }
    if (--part.opens === 0) this.#leave(part.adapter);
  }

  #leave(adapter: DxgAdapter): void {
    const part = this.parts.get(adapter);
    if (part === undefined) return;
    this.parts.delete(adapter);
    adapter.processes.delete(part);
    for (const [handle, other] of [...this.adapterHandles]) if (other === part) this.adapterHandles.remove(handle);
    for (const device of [...part.devices]) runDetached(this.destroyDevice(device));
  }

  /** Destroys a device here and on the host. */
  *destroyDevice(device: DxgDevice): Steps<number> {
    const { adapter, handle } = device;
    const held = device.close();
    try {
      if (!adapter.isActive) return 0;
      const flush = adapter.message(DXGK_VMBCOMMAND_FLUSHDEVICE, dxgkvmb_command_flushdevice, this);
      const body = flush.body(dxgkvmb_command_flushdevice);
      body.device = handle;
      body.reason = DXGDEVICE_FLUSHSCHEDULER_DEVICE_TERMINATE;
      yield flush.expects(4);
      const destroy = adapter.message(DXGK_VMBCOMMAND_DESTROYDEVICE, dxgkvmb_command_destroydevice, this);
      destroy.body(dxgkvmb_command_destroydevice).device = handle;
      yield destroy.expects(4);
      return 0;
    } finally {
      // Only now: the host used them until here.
      for (const memory of held) memory[Symbol.dispose]();
    }
  }

  /** The adapter of a handle. Throws EINVAL; ENODEV once it has stopped. */
  adapter(handle: number): DxgAdapter {
    const part = this.adapterHandles.get(handle);
    if (part === undefined) {
      throw new DrmError("EINVAL", `Cannot find adapter 0x${handle.toString(16)}: no such handle`);
    }
    part.adapter.enter();
    return part.adapter;
  }

  /** The device of a handle. Throws EINVAL; ENODEV once its adapter has stopped. */
  device(handle: number): DxgDevice {
    return this.#find(handle, DxgDevice);
  }

  /** The context of a handle. Throws EINVAL, ENODEV. */
  context(handle: number): DxgContext {
    return this.#find(handle, DxgContext);
  }

  /** The hardware queue of a handle. Throws EINVAL, ENODEV. */
  hwQueue(handle: number): HwQueue {
    return this.#find(handle, HwQueue);
  }

  /** The paging queue of a handle. Throws EINVAL, ENODEV. */
  pagingQueue(handle: number): PagingQueue {
    return this.#find(handle, PagingQueue);
  }

  /** The allocation of a handle. Throws EINVAL. */
  allocation(handle: number): Allocation {
    return this.#lookup(handle, Allocation);
  }

  /** The resource of a handle. Throws EINVAL. */
  resource(handle: number): Resource {
    return this.#lookup(handle, Resource);
  }

  /** The synchronization object of a handle. Throws EINVAL. */
  syncObject(handle: number): SyncObject {
    return this.#lookup(handle, SyncObject);
  }

  /** The fence of a handle: of a synchronization object, or of a queue. Undefined for other things. */
  fence(handle: number): SyncObject | QueueFence | undefined {
    const object = this.handles.get(handle);
    return object !== undefined && "values" in object ? object : undefined;
  }

  /** Notes that work queued on `order` waits for fences; the number of a wait that nobody promises to end, or 0. */
  noteWaits(order: QueueOrder, handles: ArrayLike<number>, value: (index: number) => bigint): number {
    let block = 0;
    this.#note(handles, (fence, i) => {
      if (fence === undefined) block = order.block();
      else order.wait(fence, value(i));
    });
    return block;
  }

  /** Notes that work queued on `order` signals fences. */
  noteSignals(order: QueueOrder, handles: ArrayLike<number>, value: (index: number) => bigint): void {
    this.#note(handles, (fence, i) => {
      if (fence !== undefined) order.signal(fence, value(i));
    });
  }

  #note(handles: ArrayLike<number>, note: (values: FenceValues | undefined, index: number) => void): void {
    for (let i = 0; i < handles.length; i++) {
      const fence = this.fence(handles[i]);
      if (fence !== undefined) note(fence instanceof SyncObject && !fence.hasValues ? undefined : fence.values, i);
    }
  }

  #find<T extends { readonly device: DxgDevice } | DxgDevice>(
    handle: number,
    kind: abstract new (...args: never[]) => T,
  ): T {
    const object = this.#lookup(handle, kind);
    (object instanceof DxgDevice ? object : object.device).adapter.enter();
    return object;
  }

  #lookup<T>(handle: number, kind: abstract new (...args: never[]) => T): T {
    const object: unknown = this.handles.get(handle);
    if (!(object instanceof kind)) {
      throw new DrmError("EINVAL", `Cannot find handle 0x${handle.toString(16)}: no such ${kind.name}`);
    }
    return object;
  }
}
