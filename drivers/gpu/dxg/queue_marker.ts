/**
 * Markers in a context or hardware queue: the host says by an event when it has come past one. Behind a wait for a mutex or a
 * semaphore, which nobody promises to signal, that makes the queue's signals promises again.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import { d3dddicb_signalflags } from "../../../uapi/d3dkmthk_signal.ts";
import { DXGK_VMBCOMMAND_SIGNALSYNCOBJECT } from "../../../uapi/dxgvmbus_number.ts";
import { dxgkvmb_command_signalsyncobject } from "../../../uapi/dxgvmbus_sync.ts";
import type { HostEvent, HostEvents } from "./host_events.ts";
import type { DxgDevice } from "./objects.ts";
import type { DxgProcess } from "./process.ts";
import type { Marker, QueueOrder } from "./promises.ts";
import type { Steps } from "./steps.ts";

/** Markers of one queue at a time: those that are missing cost sync_files, and nothing else. */
const MAX_MARKERS = 64;

class QueueMarker implements HostEvent, Marker {
  readonly isPersistent = false;
  /** Its number. */
  readonly id: number;
  readonly #events: HostEvents;
  readonly #order: QueueOrder;
  readonly #block: number;

  constructor(events: HostEvents, order: QueueOrder, block: number) {
    this.#events = events;
    this.#order = order;
    this.#block = block;
    this.id = events.add(this);
    order.markers.add(this);
  }

  signaled(): void {
    this.#order.markers.delete(this);
    this.#order.pass(this.#block);
  }

  dropped(): void {
    this.#order.markers.delete(this);
  }

  remove(): void {
    this.#events.remove(this.id);
    this.dropped();
  }
}

/**
 * Puts a marker behind a wait. Only where messages are asynchronous: the wait is queued, and the call must not end otherwise.
 *
 * @param block the wait's number in the queue's order.
 */
export function* markBlock(
  process: DxgProcess,
  queue: { readonly handle: number; readonly device: DxgDevice; readonly order: QueueOrder },
  block: number,
): Steps<void> {
  const { events, isAsync } = process.global;
  if (!isAsync || queue.order.markers.size >= MAX_MARKERS) return;
  const struct = dxgkvmb_command_signalsyncobject;
  const { adapter } = queue.device;
  const marker = new QueueMarker(events, queue.order, block);
  events.assign(marker.id, adapter);
  try {
    const message = adapter.message(DXGK_VMBCOMMAND_SIGNALSYNCOBJECT, struct, process, struct.size + 4, true);
    const body = message.body(struct);
    body.flags = d3dddicb_signalflags.enqueue_cpu_event;
    body.context_count = 1;
    body.cpu_event_handle = BigInt(marker.id);
    message.part(struct.size, 4).set(new Uint8Array(Uint32Array.of(queue.handle).buffer));
    yield message;
  } catch (error) {
    marker.remove();
    if (!(error instanceof DrmError)) throw error;
  }
}
