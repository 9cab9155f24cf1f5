/**
 * Devices: what a process has of an adapter, and the state that they are in after a fault. A fault hurts its device alone.
 * Mirrors dxgdevice of dxgkrnl, and D3DKMT_DEVICEEXECUTION_STATE.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import type { EngineFault } from "../../../core/host_dxg.ts";
import type { VramClient } from "../../../core/vram.ts";
import {
  _D3DKMT_DEVICEEXECUTION_ACTIVE,
  _D3DKMT_DEVICEEXECUTION_ERROR_DMAFAULT,
  _D3DKMT_DEVICEEXECUTION_ERROR_DMAPAGEFAULT,
  _D3DKMT_DEVICEEXECUTION_ERROR_OUTOFMEMORY,
  _D3DKMT_DEVICEEXECUTION_RESET,
} from "../../../uapi/d3dkmthk_device.ts";
import { d3dddi_synchronizationobject_flags } from "../../../uapi/d3dkmthk_sync.ts";
import type { DxgAdapter } from "./adapter.ts";
import type { Allocation, Resource } from "./allocation.ts";
import type { DxgContext } from "./context.ts";
import type { ExecQueue } from "./exec_queue.ts";
import type { GpuSpace } from "./gpu_space.ts";
import type { PagingQueue } from "./paging_queue.ts";
import type { DxgProcess, ProcessAdapter } from "./process.ts";
import type { Scheduler } from "./scheduler.ts";
import type { SyncHandle } from "./sync_object.ts";

const KEEP = d3dddi_synchronizationobject_flags.no_signal_max_value_on_tdr;

/** A device. */
export class DxgDevice {
  /** Whose. */
  readonly process: DxgProcess;
  /** Of which adapter. */
  readonly adapter: DxgAdapter;
  /** What the process has of the adapter. */
  readonly part: ProcessAdapter;
  /** Its handle. */
  readonly handle: number;
  /** What SETGUESTDATA names; 0: nobody wants to hear. */
  readonly cookie: bigint;
  /** Its contexts. */
  readonly contexts: Set<DxgContext> = new Set();
  /** Its paging queues. */
  readonly pagingQueues: Set<PagingQueue> = new Set();
  /** Its allocations, those of resources too. */
  readonly allocations: Set<Allocation> = new Set();
  /** Its resources. */
  readonly resources: Set<Resource> = new Set();
  /** Its synchronization objects. */
  readonly syncs: Set<SyncHandle> = new Set();
  /** Queues of its contexts. */
  readonly queues: Set<ExecQueue> = new Set();
  /** _D3DKMT_DEVICEEXECUTION_*. */
  state: number = _D3DKMT_DEVICEEXECUTION_ACTIVE;
  /** What went wrong, a sentence. */
  reason = "";
  /** The fault that it is in. */
  pageFault: EngineFault | undefined;

  /** @param cookie of the guest. */
  constructor(process: DxgProcess, adapter: DxgAdapter, cookie: bigint) {
    this.process = process;
    this.adapter = adapter;
    this.cookie = cookie;
    this.handle = process.add(this);
    this.part = process.part(adapter);
    this.part.devices.add(this);
    adapter.devices.add(this);
  }

  /** The addresses that its contexts see. */
  get space(): GpuSpace {
    return this.part.space;
  }

  /** Whose residency counts. */
  get client(): VramClient {
    return this.part.client;
  }

  /** What keeps its queues going. */
  get scheduler(): Scheduler {
    return this.process.host.scheduler;
  }

  /** Throws ENODEV when it is in error. */
  checkActive(): void {
    if (this.state !== _D3DKMT_DEVICEEXECUTION_ACTIVE) {
      throw new DrmError("ENODEV", `Cannot use the device: it is in state ${this.state}: ${this.reason}`);
    }
  }

  /** @internal A queue has work on the engine. */
  began(queue: ExecQueue): void {
    this.part.running++;
    this.scheduler.began(queue);
  }

  /** @internal It has none any more. */
  ended(queue: ExecQueue): void {
    this.part.running--;
    this.scheduler.ended(queue);
  }

  /** A job faulted. */
  fault(fault: EngineFault): void {
    if (this.state !== _D3DKMT_DEVICEEXECUTION_ACTIVE) return;
    this.pageFault = fault;
    this.fail(
      fault.kind === "page"
        ? _D3DKMT_DEVICEEXECUTION_ERROR_DMAPAGEFAULT
        : fault.kind === "packet"
        ? _D3DKMT_DEVICEEXECUTION_ERROR_DMAFAULT
        : _D3DKMT_DEVICEEXECUTION_RESET,
      fault.message,
    );
  }

  /** Puts it in error: what is queued is dropped, fences that it made get their greatest value, the guest hears of it. */
  fail(state: number, reason = ""): void {
    if (this.state !== _D3DKMT_DEVICEEXECUTION_ACTIVE) return;
    this.state = state;
    this.reason = reason;
    this.adapter.resets++;
    for (const queue of [...this.queues]) queue.close();
    for (const queue of this.pagingQueues) queue.drop();
    for (const sync of this.syncs) if (sync.isCreator && (sync.object.flags & KEEP) === 0) sync.object.release();
    this.process.host.trace("dxg device", `device 0x${this.handle.toString(16)}`, `state ${state}: ${reason}`);
    if (this.cookie !== 0n) this.process.host.events.setGuestData(this.cookie, state);
    this.scheduler.resume(); // its memory may be what others wait for
  }

  /** Puts it in error because there is no memory for what it was promised. */
  outOfMemory(reason: string): void {
    this.fail(_D3DKMT_DEVICEEXECUTION_ERROR_OUTOFMEMORY, reason);
  }

  /** Puts it in error because a message that nobody waited for was wrong: what follows it would run out of order. */
  outOfOrder(reason: string): void {
    this.fail(_D3DKMT_DEVICEEXECUTION_ERROR_DMAFAULT, reason);
  }

  /** Frees it and all that is in it. */
  close(): void {
    for (const context of [...this.contexts]) context.close();
    for (const queue of [...this.queues]) queue.close();
    for (const queue of [...this.pagingQueues]) queue.close();
    for (const resource of [...this.resources]) resource.close();
    for (const allocation of [...this.allocations]) allocation.close();
    for (const sync of [...this.syncs]) sync.close();
    this.process.remove(this.handle);
    this.part.devices.delete(this);
    this.adapter.devices.delete(this);
    this.scheduler.resume();
  }
}
