/**
 * Contexts and hardware queues: what orders the work of a device. Mirrors dxgcontext and dxghwqueue of dxgkrnl.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import { _D3DDDI_MONITORED_FENCE } from "../../../uapi/d3dkmthk_sync.ts";
import { d3dddi_createcontextflags } from "../../../uapi/d3dkmthk_context.ts";
import type { DxgDevice } from "./device.ts";
import { ExecQueue } from "./exec_queue.ts";
import { SyncHandle, SyncObject } from "./sync_object.ts";

/** A context. */
export class DxgContext {
  /** Whose. */
  readonly device: DxgDevice;
  /** d3dddi_createcontextflags. */
  readonly flags: number;
  /** Its commands. */
  readonly queue: ExecQueue;
  /** Its hardware queues. */
  readonly hwQueues: Set<HwQueue> = new Set();
  /** Its handle. */
  readonly handle: number;
  /** Priority among the contexts of its process. */
  inProcessPriority = 0;

  /** @param node into the adapter's nodes. @param flags d3dddi_createcontextflags. @throws {DrmError} EINVAL, ENOMEM, ENODEV */
  constructor(device: DxgDevice, node: number, flags: number) {
    device.checkActive();
    if (node >= device.adapter.info.nodes.length) {
      throw new DrmError(
        "EINVAL",
        `Cannot make a context on node ${node}: there are ${device.adapter.info.nodes.length}`,
      );
    }
    if ((flags & d3dddi_createcontextflags.reserved) !== 0) {
      throw new DrmError("EINVAL", `Cannot make a context with flags 0x${flags.toString(16)}`);
    }
    this.device = device;
    this.flags = flags;
    this.handle = device.process.add(this);
    this.queue = new ExecQueue(device, node);
    device.contexts.add(this);
  }

  /** Whether it only orders signals and waits. */
  get isSyncOnly(): boolean {
    return (this.flags & d3dddi_createcontextflags.synchronization_only) !== 0;
  }

  /** Frees it. */
  close(): void {
    for (const hw of [...this.hwQueues]) hw.close();
    this.queue.close();
    this.device.contexts.delete(this);
    this.device.process.remove(this.handle);
  }
}

/** A hardware queue. */
export class HwQueue {
  /** Its context. */
  readonly context: DxgContext;
  /** Its commands. */
  readonly queue: ExecQueue;
  /** Its handle. */
  readonly handle: number;
  /** The fence that each DMA buffer signals with the value that it came with. */
  readonly progress: SyncHandle;

  /** @throws {DrmError} EINVAL if the context has none; ENOMEM, ENODEV */
  constructor(context: DxgContext) {
    const { device } = context;
    device.checkActive();
    if ((context.flags & d3dddi_createcontextflags.hw_queue_supported) === 0) {
      throw new DrmError("EINVAL", "Cannot make a hardware queue: the context was made without");
    }
    this.context = context;
    // dxgkrnl maps the whole page and knows no offset into it.
    this.progress = monitoredFence(device, true);
    try {
      this.progress.map();
      this.handle = device.process.add(this);
    } catch (error) {
      this.progress.close();
      throw error;
    }
    this.queue = new ExecQueue(device, context.queue.node);
    this.queue.priority = context.queue.priority;
    context.hwQueues.add(this);
  }

  /** Frees it and its fence. */
  close(): void {
    this.queue.close();
    this.progress.object.release();
    this.progress.close();
    this.context.hwQueues.delete(this);
    this.context.device.process.remove(this.handle);
  }
}

/** A queue's own monitored fence, which begins at 0. @param alone in its page. @throws {DrmError} ENOMEM; EINVAL without I/O window */
export function monitoredFence(device: DxgDevice, alone: boolean): SyncHandle {
  const object = new SyncObject({ type: _D3DDDI_MONITORED_FENCE, flags: 0, value: 0, max: 0 });
  device.part.assignPage(object, alone);
  return keepSync(device, object, true);
}

/** A handle for a new object; the object goes if there is none. @throws {DrmError} ENOMEM */
export function keepSync(device: DxgDevice, object: SyncObject, internal: boolean): SyncHandle {
  object.hold();
  try {
    return new SyncHandle(device.process, device, object, { internal, creator: true });
  } finally {
    object.drop();
  }
}
