/**
 * The cursor queue: UPDATE_CURSOR and MOVE_CURSOR, which have no response. A place that the device had no room to hear of
 * is forgotten for the next one: only the last counts. Mirrors virtio_gpu_cursor_ping (virtgpu_vq.c).
 * @module
 */

import type { DriverQueue } from "../../../core/bus.ts";
import { DrmError } from "../../../core/error.ts";
import type { System } from "../../../core/system.ts";
import {
  VIRTIO_GPU_CMD_MOVE_CURSOR,
  VIRTIO_GPU_CMD_UPDATE_CURSOR,
  VIRTIO_GPU_COMMANDS,
} from "../../../uapi/virtio_gpu.ts";
import type { CommandSlots } from "./command_slots.ts";

const CURSOR_BYTES = 56;
/** Commands that the device may have at once; later ones replace each other until it returns one. */
const IN_FLIGHT = 16;

/** The cursor of one scanout as the device is to know it. */
export interface CursorState {
  /** Index of the scanout. */
  readonly scanout: number;
  /** Resource of the image, 0 to hide it. */
  resource: number;
  /** Place of the image, pixels, signed. */
  x: number;
  /** Place of the image, lines, signed. */
  y: number;
  /** Hot spot in the image, pixels. */
  hotX: number;
  /** Hot spot in the image, lines. */
  hotY: number;
}

/** The cursor queue. */
export class CursorQueue {
  readonly #system: System;
  readonly #slots: CommandSlots;
  #queue: DriverQueue | undefined;
  #inFlight = 0;
  // Scanouts whose state the device has yet to hear of; true: image and place.
  readonly #waiting = new Map<CursorState, boolean>();

  /** A queue that waits for `attach`. @param system clock and trace. @param slots where commands lie. */
  constructor(system: System, slots: CommandSlots) {
    this.#system = system;
    this.#slots = slots;
  }

  /** The queue is set up. */
  attach(queue: DriverQueue): void {
    this.#queue = queue;
  }

  /** Tells the device the cursor's image and place. The state is read again should it have to wait. */
  update(state: CursorState): void {
    this.#send(state, true);
  }

  /** Tells the device the cursor's place. */
  move(state: CursorState): void {
    this.#send(state, false);
  }

  /** The queue's interrupt: takes back what the device is done with. */
  interrupt(): void {
    const queue = this.#queue;
    if (queue === undefined) return;
    do {
      queue.disableInterrupts();
      for (let slot = queue.next(); slot >= 0; slot = queue.next()) {
        this.#inFlight--;
        this.#slots.release(slot);
      }
    } while (!queue.enableInterrupts());
    this.#flush(queue);
  }

  /** The device is gone. */
  close(): void {
    this.#queue = undefined;
    this.#waiting.clear();
  }

  #send(state: CursorState, image: boolean): void {
    const queue = this.#queue;
    if (queue === undefined) return;
    if (this.#waiting.size === 0 && this.#add(queue, state, image)) return queue.kick();
    this.#waiting.set(state, image || this.#waiting.get(state) === true);
    // With nothing in flight no interrupt will come: what waits for memory is tried again now.
    if (this.#inFlight === 0) this.#flush(queue);
  }

  #flush(queue: DriverQueue): void {
    for (const [state, image] of this.#waiting) {
      if (!this.#add(queue, state, image)) break;
      this.#waiting.delete(state);
    }
    queue.kick();
  }

  #add(queue: DriverQueue, state: CursorState, image: boolean): boolean {
    if (this.#inFlight >= IN_FLIGHT || queue.free === 0) return false;
    let slot: number;
    try {
      slot = this.#slots.take();
    } catch (error) {
      // A cursor cannot fail: without memory it waits as it does without room.
      if (error instanceof DrmError) return false;
      throw error;
    }
    const words = this.#slots.words(slot);
    const at = this.#slots.start(slot);
    words.fill(0, at, at + CURSOR_BYTES / 4);
    words[at] = image ? VIRTIO_GPU_CMD_UPDATE_CURSOR : VIRTIO_GPU_CMD_MOVE_CURSOR;
    words[at + 6] = state.scanout;
    words[at + 7] = state.x; // negative places are what ToUint32 makes of them, as in the kernel
    words[at + 8] = state.y;
    words[at + 10] = state.resource;
    words[at + 11] = state.hotX;
    words[at + 12] = state.hotY;
    if (!queue.add(this.#slots.gpa(slot), CURSOR_BYTES, 0, 0, slot)) {
      this.#slots.release(slot);
      return false;
    }
    this.#inFlight++;
    if (this.#system.trace.enabled) this.#trace(slot);
    return true;
  }

  #trace(slot: number): void {
    const bytes = this.#slots.copy(slot, 0, CURSOR_BYTES);
    const command = VIRTIO_GPU_COMMANDS.get(new DataView(bytes.buffer).getUint32(0, true));
    if (command === undefined) return;
    this.#system.trace.emit({
      time: this.#system.clock.now(),
      floor: "gpu",
      name: command.name,
      subject: "cursorq",
      args: command.request.at(bytes).toJSON(),
    });
  }
}
