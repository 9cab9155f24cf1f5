/**
 * `InputQueue`: the events of one reader of an input device, a ring of whole packets that forgets the oldest and says so. Mirrors
 * struct evdev_client and __pass_event of drivers/input/evdev.c.
 * @module
 */

import { EV_SYN, SYN_DROPPED, SYN_REPORT } from "../uapi/input_codes.ts";

/** Bytes of struct input_event. */
export const EVENT_SIZE = 24;

/** The ring. */
export class InputQueue {
  readonly #mask: number;
  readonly #times: Float64Array;
  readonly #codes: Uint32Array;
  readonly #values: Int32Array;
  #head = 0;
  #tail = 0;
  // Behind the last whole packet: what comes after it cannot be read yet.
  #packet = 0;

  /** An empty ring. @param size events, a power of two. */
  constructor(size: number) {
    this.#mask = size - 1;
    this.#times = new Float64Array(size);
    this.#codes = new Uint32Array(size);
    this.#values = new Int32Array(size);
  }

  /** Whether a whole packet can be read. */
  get ready(): boolean {
    return this.#packet !== this.#tail;
  }

  #set(at: number, time: number, type: number, code: number, value: number): void {
    this.#times[at] = time;
    this.#codes[at] = (type << 16 | code) >>> 0;
    this.#values[at] = value;
  }

  /** Adds an event at `time`, ns. A packet without events is left out. @returns whether a packet has become whole. */
  push(time: number, type: number, code: number, value: number): boolean {
    const report = type === EV_SYN && code === SYN_REPORT;
    if (report && this.#packet === this.#head) return false;
    this.#set(this.#head, time, type, code, value);
    this.#head = this.#head + 1 & this.#mask;
    if (this.#head === this.#tail) {
      // Full: all goes but the newest, behind a note.
      this.#tail = this.#head - 2 & this.#mask;
      this.#set(this.#tail, time, EV_SYN, SYN_DROPPED, 0);
      this.#packet = this.#tail;
    }
    if (report) this.#packet = this.#head;
    return report;
  }

  /** Forgets everything; a note says so if there was anything. */
  drop(time: number): void {
    if (this.#head === this.#tail) return;
    this.#packet = this.#head = this.#tail;
    this.note(time);
  }

  /** Queues the note that events were lost: __evdev_queue_syn_dropped. */
  note(time: number): void {
    this.#set(this.#head, time, EV_SYN, SYN_DROPPED, 0);
    this.#head = this.#head + 1 & this.#mask;
    if (this.#head === this.#tail) {
      this.#tail = this.#head - 1 & this.#mask;
      this.#packet = this.#tail;
    }
  }

  /** Forgets events of one type, and packets that are empty then: what a reader has just been told as a state. */
  flush(type: number): void {
    let head = this.#tail;
    let packet = head;
    let events = 0;
    for (let i = this.#tail; i !== this.#head; i = i + 1 & this.#mask) {
      const kind = this.#codes[i] >>> 16;
      const report = kind === EV_SYN && (this.#codes[i] & 0xffff) === SYN_REPORT;
      const whole = i !== this.#packet || packet === head;
      if (kind === type || report && events === 0) continue;
      if (head !== i) this.#set(head, this.#times[i], kind, this.#codes[i] & 0xffff, this.#values[i]);
      head = head + 1 & this.#mask;
      events = report ? 0 : events + 1;
      if (report && whole) packet = head;
    }
    this.#head = head;
    this.#packet = packet;
  }

  /**
   * Takes events of whole packets, as many as fit.
   *
   * @param target struct input_event each. @returns bytes.
   */
  take(target: Uint8Array): number {
    const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
    let at = 0;
    for (; at + EVENT_SIZE <= target.length && this.ready; at += EVENT_SIZE) {
      const time = this.#times[this.#tail];
      const seconds = Math.floor(time / 1e9);
      view.setBigInt64(at, BigInt(seconds), true);
      view.setUint32(at + 8, Math.floor((time - seconds * 1e9) / 1000), true);
      view.setUint32(at + 12, 0, true);
      view.setUint16(at + 16, this.#codes[this.#tail] >>> 16, true);
      view.setUint16(at + 18, this.#codes[this.#tail] & 0xffff, true);
      view.setInt32(at + 20, this.#values[this.#tail], true);
      this.#tail = this.#tail + 1 & this.#mask;
    }
    return at;
  }
}
