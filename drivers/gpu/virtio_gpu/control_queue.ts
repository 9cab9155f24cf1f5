/**
 * The control queue: commands out, responses back, in slots of guest memory. Commands that find the ring full wait here and
 * follow when buffers return. Mirrors drivers/gpu/drm/virtio/virtgpu_vq.c and section 5.7.6 of the virtio 1.3 specification.
 * @module
 */

import type { DriverQueue } from "../../../core/bus.ts";
import { DrmError, errnoOf } from "../../../core/error.ts";
import type { EventSlot } from "../../../core/event_queue.ts";
import type { Fence } from "../../../core/fence.ts";
import type { System } from "../../../core/system.ts";
import { Wait } from "../../../core/wait.ts";
import {
  VIRTIO_GPU_COMMANDS,
  VIRTIO_GPU_FLAG_FENCE,
  VIRTIO_GPU_FLAG_INFO_RING_IDX,
  VIRTIO_GPU_RESP_ERR_UNSPEC,
  VIRTIO_GPU_RESP_OK_NODATA,
  virtioGpuTypeName,
} from "../../../uapi/virtio_gpu.ts";
import { type CommandSlots, RESPONSE_OFFSET } from "./command_slots.ts";
import type { FenceDriver, FenceTimeline } from "./fence_driver.ts";
import { SUBMIT_HEADER, type SubmitBuffer } from "./submit_buffers.ts";
import { errnoName } from "../../../uapi/errno.ts";

const HEADER_BYTES = 24;
const RESPONSE_WORD = RESPONSE_OFFSET / 4;
/** Commands that may wait for room in the ring before clients have to wait too. */
const BACKLOG_LIMIT = 1024;
const ENODEV = -19;

/** Where the response of a command goes that does not fit its slot. The memory stays where it is until the response is there. */
export interface ReplyArea {
  /** Guest address. */
  readonly gpa: number;
  /** Bytes. */
  readonly length: number;
  /** The same memory. */
  readonly words: Uint32Array;
}

/** Somebody whom a command concerns until its response is there. */
export interface CommandSubject {
  /**
   * The command is over.
   *
   * @param command VIRTIO_GPU_CMD_*. @param type VIRTIO_GPU_RESP_*; 0 if the device went away or answered too briefly.
   * @param reply the response's words, from `at` on; not to be kept.
   */
  commandDone(command: number, type: number, reply: Uint32Array, at: number): void;
}

/** The control queue. Usage: `begin`, write words from `at` on, `submit`; then `notify` once for any number of commands. */
export class ControlQueue {
  /** The words into which the command begun last is written. */
  words: Uint32Array = new Uint32Array(0);
  /** Index of its first word. */
  at = 0;
  /** Responses that told an error, since the beginning. */
  errors = 0;
  readonly #system: System;
  readonly #slots: CommandSlots;
  readonly #fences: FenceDriver;
  #queue: DriverQueue | undefined;
  // By slot: what to send and whom to tell.
  readonly #lengths: number[] = [];
  readonly #replyLengths: number[] = [];
  readonly #areas: (ReplyArea | undefined)[] = [];
  readonly #buffers: (SubmitBuffer | undefined)[] = [];
  readonly #subjects: (CommandSubject | undefined)[] = [];
  readonly #times: number[] = [];
  readonly #outstanding: boolean[] = [];
  #backlog: number[] = [];
  #backlogHead = 0;
  readonly #waiters: (() => void)[] = [];
  // What waits for memory for its command.
  readonly #deferred: (() => void)[] = [];
  #unkicked = false;
  #reclaiming = false;

  /** A queue that waits for `attach`. @param system clock and trace. @param slots where commands lie. @param fences signalled by responses. */
  constructor(system: System, slots: CommandSlots, fences: FenceDriver) {
    this.#system = system;
    this.#slots = slots;
    this.#fences = fences;
  }

  /** The queue is set up. */
  attach(queue: DriverQueue): void {
    this.#queue = queue;
  }

  /** Whether commands still reach a device. */
  get live(): boolean {
    return this.#queue !== undefined;
  }

  /** Commands without a response. */
  get pending(): number {
    return this.#slots.used;
  }

  /** Fences that no response has named yet. */
  get pendingFences(): number {
    return this.#fences.pending;
  }

  /** The timeline of fences that belong to no ring. */
  get timeline(): FenceTimeline {
    return this.#fences.timeline;
  }

  /** Whether a client may send a command now; else it waits with `room`. */
  get hasRoom(): boolean {
    return this.#backlog.length - this.#backlogHead < BACKLOG_LIMIT;
  }

  /** Sees to it that the next `count` commands find memory: what is to send several must not stop half-way. Throws ENOMEM. */
  prepare(count: number): void {
    this.#slots.reserve(count);
  }

  /** As `prepare`; false, and an error counted, where there is no memory. */
  tryPrepare(count: number): boolean {
    try {
      this.#slots.reserve(count);
      return true;
    } catch (error) {
      if (!(error instanceof DrmError)) throw error;
      this.errors++;
      return false;
    }
  }

  /** For what must be sent sooner or later: `action` runs when a response has given memory back, or the device is gone. */
  defer(action: () => void): void {
    this.#deferred.push(action);
  }

  /** Sends what must be sent sooner or later: now, if there is memory for `count` commands, or when there is. */
  ensure(count: number, action: () => void): void {
    if (!this.live || this.tryPrepare(count)) action();
    else this.defer(() => this.ensure(count, action));
  }

  /**
   * Begins a command of `length` bytes: zeroed but for its type. Throws ENOMEM, unless `prepare` has seen to it.
   *
   * @returns the slot, for `submit`.
   */
  begin(type: number, length: number): number {
    const slot = this.#slots.take();
    const words = this.words = this.#slots.words(slot);
    const at = this.at = this.#slots.start(slot);
    words[at] = type;
    for (let i = at + 1, end = at + (length >>> 2); i < end; i++) words[i] = 0;
    const reply = at + RESPONSE_WORD;
    for (let i = 0; i < HEADER_BYTES / 4; i++) words[reply + i] = 0;
    this.#lengths[slot] = length;
    return slot;
  }

  /**
   * Marks the command begun last as fenced: its response signals the fence.
   *
   * @param timeline the device's own by default. @param event tells the client of it.
   */
  fence(timeline?: FenceTimeline, event?: EventSlot): Fence {
    const fence = this.#fences.emit(timeline, event);
    const id = fence.seqno as number;
    const { words, at } = this;
    words[at + 1] = VIRTIO_GPU_FLAG_FENCE;
    words[at + 2] = id; // ToUint32 takes it modulo 2^32
    words[at + 3] = id / 0x1_0000_0000;
    if (timeline !== undefined && timeline.ring >= 0) {
      words[at + 1] |= VIRTIO_GPU_FLAG_INFO_RING_IDX;
      words[at + 5] = timeline.ring;
    }
    return fence;
  }

  /**
   * Sends a command, without kicking.
   *
   * @param slot what `begin` gave. @param subject told when it is done.
   * @param replyLength bytes of the response, if it lies in the slot. @param area where it goes otherwise.
   */
  submit(slot: number, subject?: CommandSubject, replyLength: number = HEADER_BYTES, area?: ReplyArea): void {
    this.#subjects[slot] = subject;
    this.#replyLengths[slot] = replyLength;
    this.#areas[slot] = area;
    this.#buffers[slot] = undefined;
    this.#send(slot);
  }

  /** Sends a SUBMIT_3D, without kicking. @param slot what `begin` gave. @param buffer its `size` bytes of commands, free when it is over. */
  submitBuffer(slot: number, buffer: SubmitBuffer, size: number): void {
    const words = this.#slots.words(slot), start = this.#slots.start(slot);
    for (let i = 0; i < SUBMIT_HEADER / 4; i++) buffer.words[i] = words[start + i];
    this.#lengths[slot] = SUBMIT_HEADER + size;
    this.#subjects[slot] = buffer;
    this.#replyLengths[slot] = HEADER_BYTES;
    this.#areas[slot] = undefined;
    this.#buffers[slot] = buffer;
    this.#send(slot);
  }

  #send(slot: number): void {
    this.#outstanding[slot] = true;
    if (this.#system.trace.enabled) this.#times[slot] = this.#system.clock.now();
    if (this.#queue === undefined) this.#finish(slot, 0);
    else if (this.#backlog.length > this.#backlogHead || !this.#add(this.#queue, slot)) this.#backlog.push(slot);
    this.#unkicked = true;
  }

  /** virtio_gpu_notify: kicks the device if anything was sent since the last kick. */
  notify(): void {
    if (!this.#unkicked) return;
    this.#unkicked = false;
    this.#queue?.kick();
  }

  /**
   * For a client when there is no room: `action` runs once there is; its result, or the error that it throws, completes the
   * Wait. When the device goes or the client gives up, `dropped` runs in its place.
   */
  room(action: () => number, dropped: () => void): Wait {
    let runs = false;
    const wait: Wait = new Wait({
      cleanup: () => {
        const index = this.#waiters.indexOf(wake);
        if (index >= 0) this.#waiters.splice(index, 1);
        if (!runs) dropped();
      },
    });
    const wake = (): void => {
      if (!this.live) return wait.complete(ENODEV);
      runs = true;
      let result: number;
      try {
        result = action();
      } catch (error) {
        result = errnoOf(error);
      }
      wait.complete(result);
    };
    this.#waiters.push(wake);
    return wait;
  }

  /** The queue's interrupt: takes back what the device is done with. Throws what a callback throws, once all are back. */
  interrupt(): void {
    // A callback may raise the next interrupt; the loop below sees what it is about.
    const queue = this.#queue;
    if (this.#reclaiming || queue === undefined) return;
    this.#reclaiming = true;
    let failed = false;
    let failure: unknown;
    do {
      queue.disableInterrupts();
      for (let slot = queue.next(); slot >= 0; slot = queue.next()) {
        try {
          this.#reclaim(slot, queue.written);
        } catch (error) {
          failed = true;
          failure = error;
        }
      }
      if (this.#queue === queue) this.#flush(queue);
    } while (this.#queue === queue && !queue.enableInterrupts());
    this.#reclaiming = false;
    for (let left = this.#deferred.length; left > 0 && this.tryPrepare(1); left--) this.#deferred.shift()?.();
    this.notify();
    while (this.#waiters.length > 0 && this.hasRoom) this.#waiters.shift()?.();
    if (failed) throw failure;
  }

  /** The device is gone: every command is over, unanswered. */
  close(): void {
    this.#queue = undefined;
    this.#backlog.length = 0;
    this.#backlogHead = 0;
    for (let slot = 0; slot < this.#outstanding.length; slot++) {
      if (this.#outstanding[slot]) this.#finish(slot, 0);
    }
    this.#fences.abandon();
    for (const action of this.#deferred.splice(0)) action();
    for (const wake of this.#waiters.splice(0)) wake();
  }

  #add(queue: DriverQueue, slot: number): boolean {
    const gpa = this.#slots.gpa(slot);
    const area = this.#areas[slot];
    if (area !== undefined) return queue.add(gpa, this.#lengths[slot], area.gpa, area.length, slot);
    const request = this.#buffers[slot]?.gpa ?? gpa;
    return queue.add(request, this.#lengths[slot], gpa + RESPONSE_OFFSET, this.#replyLengths[slot], slot);
  }

  #flush(queue: DriverQueue): void {
    while (this.#backlogHead < this.#backlog.length && this.#add(queue, this.#backlog[this.#backlogHead])) {
      this.#backlogHead++;
      this.#unkicked = true;
    }
    if (this.#backlogHead === this.#backlog.length) {
      this.#backlog.length = 0;
      this.#backlogHead = 0;
    } else if (this.#backlogHead >= BACKLOG_LIMIT) {
      this.#backlog = this.#backlog.slice(this.#backlogHead);
      this.#backlogHead = 0;
    }
  }

  #reclaim(slot: number, written: number): void {
    if (this.#outstanding[slot] !== true) return;
    let type = 0;
    try {
      if (written >= HEADER_BYTES) {
        const area = this.#areas[slot];
        const words = area !== undefined ? area.words : this.#slots.words(slot);
        const reply = area !== undefined ? 0 : this.#slots.start(slot) + RESPONSE_WORD;
        type = words[reply];
        if ((words[reply + 1] & VIRTIO_GPU_FLAG_FENCE) !== 0) {
          this.#fences.process(words[reply + 3] * 0x1_0000_0000 + words[reply + 2]);
        }
      }
    } finally {
      if (type < VIRTIO_GPU_RESP_OK_NODATA || type >= VIRTIO_GPU_RESP_ERR_UNSPEC) this.errors++;
      this.#finish(slot, type);
    }
  }

  #finish(slot: number, type: number): void {
    this.#outstanding[slot] = false;
    const subject = this.#subjects[slot];
    const area = this.#areas[slot];
    this.#subjects[slot] = undefined;
    this.#areas[slot] = this.#buffers[slot] = undefined;
    if (this.#system.trace.enabled) this.#trace(slot, type);
    const words = this.#slots.words(slot);
    const start = this.#slots.start(slot);
    try {
      if (area !== undefined) subject?.commandDone(words[start], type, area.words, 0);
      else subject?.commandDone(words[start], type, words, start + RESPONSE_WORD);
    } finally {
      this.#slots.release(slot);
    }
  }

  #trace(slot: number, type: number): void {
    const bytes = this.#slots.copy(slot, 0, RESPONSE_OFFSET);
    const number = new DataView(bytes.buffer).getUint32(0, true);
    const command = VIRTIO_GPU_COMMANDS.get(number);
    const now = this.#system.clock.now();
    const started = this.#times[slot] ?? now;
    const lost = this.#queue === undefined ? errnoName(-ENODEV) : "no response";
    const reply = type === 0 ? lost : virtioGpuTypeName(type) ?? `response 0x${type.toString(16)}`;
    this.#system.trace.emit({
      time: started,
      floor: "gpu",
      name: command?.name ?? `command 0x${number.toString(16)}`,
      subject: "controlq",
      args: command?.request.at(bytes).toJSON(),
      result: reply,
      duration: now - started,
    });
  }
}
