/**
 * Synchronization objects, and the fences of queues, as a process has them: their values, as far as the client sees them. Mirrors
 * dxgsyncobject.
 * @module
 */

import {
  _D3DDDI_FENCE,
  _D3DDDI_MONITORED_FENCE,
  _D3DDDI_PERIODIC_MONITORED_FENCE,
} from "../../../uapi/d3dkmthk_sync.ts";
import type { FenceView } from "./io_space.ts";
import type { DxgDevice } from "./objects.ts";
import { FenceValues } from "./promises.ts";
import type { SharedSyncObject } from "./shared.ts";

/** The fence of a paging queue or hardware queue, which lives with it. */
export class QueueFence {
  /** Its device. */
  readonly device: DxgDevice;
  /** Its handle. */
  readonly handle: number;
  /** Its values. */
  readonly values: FenceValues = new FenceValues(0n);
  #view: FenceView | undefined;

  /** @param view of its value in the client, which it takes over. */
  constructor(device: DxgDevice, handle: number, view: FenceView) {
    this.device = device;
    this.handle = handle;
    this.#view = view;
    this.values.attach(view.load);
  }

  /** Takes it out. */
  close(): void {
    this.device.process.handles.remove(this.handle, this);
    this.unmap();
  }

  /** Ends the client's view of one that is not known. */
  unmap(): void {
    if (this.#view === undefined) return;
    this.values.detach(this.#view.load);
    this.#view[Symbol.dispose]();
    this.#view = undefined;
  }

  /** Its device is abandoned: its view, with the greatest value. */
  abandon(): FenceView | undefined {
    const view = this.#view;
    this.#view = undefined;
    if (view !== undefined) this.values.detach(view.load);
    view?.lift();
    return view;
  }
}

/** A synchronization object as a process has it. */
export class SyncObject {
  /** Its device. */
  readonly device: DxgDevice;
  /** _D3DDDI_*. */
  readonly type: number;
  /** Its handle. */
  handle = 0;
  /** What all who have it open share; undefined for one that nobody else can open. */
  readonly shared: SharedSyncObject | undefined;
  /** Values of a fence. */
  readonly values: FenceValues;
  #view: FenceView | undefined;
  readonly #closed: (() => void) | undefined;

  /** @param values of the fence. @param closed called when it is gone: an event of a CPU notification ends. */
  constructor(
    device: DxgDevice,
    type: number,
    values: FenceValues,
    shared: SharedSyncObject | undefined,
    closed?: () => void,
  ) {
    this.device = device;
    this.type = type;
    this.values = values;
    this.shared = shared;
    this.#closed = closed;
  }

  /** Whether its value stands in memory. */
  get isMonitored(): boolean {
    return this.type === _D3DDDI_MONITORED_FENCE || this.type === _D3DDDI_PERIODIC_MONITORED_FENCE;
  }

  /** Whether signals carry values: not of mutexes and semaphores. */
  get hasValues(): boolean {
    return this.type === _D3DDDI_FENCE || this.isMonitored;
  }

  /** The client sees its value. @param view which it takes over. */
  mapped(view: FenceView): void {
    this.#view = view;
    this.values.attach(view.load);
  }

  /** Its device is abandoned: its view, with the greatest value. */
  abandon(): FenceView | undefined {
    const view = this.#view;
    this.#view = undefined;
    if (view !== undefined) this.values.detach(view.load);
    view?.lift();
    return view;
  }

  /** Makes it known. Throws EINVAL, ENOMEM. */
  publish(handle: number): void {
    this.device.process.handles.assign(handle, this);
    this.handle = handle;
    this.device.syncObjects.add(this);
  }

  /** Takes it out. */
  close(): void {
    this.device.process.handles.remove(this.handle, this);
    this.device.syncObjects.delete(this);
    if (this.#view !== undefined) this.values.detach(this.#view.load);
    this.#view?.[Symbol.dispose]();
    this.#view = undefined;
    this.#closed?.();
  }
}
