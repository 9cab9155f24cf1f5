/**
 * Events of a DRM file: read, parsed, and iterated over. The counterpart of drmHandleEvent.
 * @module
 */

import { EAGAIN, EINTR } from "../../../core/error.ts";
import type { OpenFile } from "../../../core/process.ts";
import {
  drm_event,
  DRM_EVENT_CRTC_SEQUENCE,
  drm_event_crtc_sequence,
  DRM_EVENT_FLIP_COMPLETE,
  DRM_EVENT_VBLANK,
  drm_event_vblank,
} from "../../../uapi/drm_event.ts";

/** A vertical blanking that was asked for, or a flip that is done. */
export interface VblankEvent {
  /** Which. */
  readonly kind: "vblank" | "flip";
  /** The request's cookie. */
  readonly userData: bigint;
  /** Time of the frame, CLOCK_MONOTONIC, microseconds. */
  readonly timeUs: number;
  /** Frame number, 32 bits. */
  readonly sequence: number;
  /** KMS object id of the CRTC. */
  readonly crtcId: number;
}

/** A frame that CRTC_QUEUE_SEQUENCE asked for. */
export interface SequenceEvent {
  /** Always "sequence". */
  readonly kind: "sequence";
  /** The request's cookie. */
  readonly userData: bigint;
  /** Time of the frame, CLOCK_MONOTONIC, ns. */
  readonly timeNs: bigint;
  /** Frame number, 64 bits. */
  readonly sequence: bigint;
}

/** An event of a driver, or of a kind that this layer does not know. */
export interface OtherEvent {
  /** Always "other". */
  readonly kind: "other";
  /** drm_event.type. */
  readonly type: number;
  /** The whole event, header included. */
  readonly bytes: Uint8Array;
}

/** Any event. */
export type DrmEvent = VblankEvent | SequenceEvent | OtherEvent;

/** The events in what a read returned; a truncated one at the end is left out. */
export function parseEvents(bytes: Uint8Array): DrmEvent[] {
  const events: DrmEvent[] = [];
  for (let at = 0; at + drm_event.size <= bytes.length;) {
    const { type, length } = drm_event.at(bytes, at);
    if (length < drm_event.size || at + length > bytes.length) break;
    events.push(parseEvent(type, bytes.slice(at, at + length)));
    at += length;
  }
  return events;
}

function parseEvent(type: number, bytes: Uint8Array): DrmEvent {
  if ((type === DRM_EVENT_VBLANK || type === DRM_EVENT_FLIP_COMPLETE) && bytes.length >= drm_event_vblank.size) {
    const event = drm_event_vblank.at(bytes);
    return {
      kind: type === DRM_EVENT_VBLANK ? "vblank" : "flip",
      userData: event.user_data,
      timeUs: event.tv_sec * 1e6 + event.tv_usec,
      sequence: event.sequence,
      crtcId: event.crtc_id,
    };
  }
  if (type === DRM_EVENT_CRTC_SEQUENCE && bytes.length >= drm_event_crtc_sequence.size) {
    const event = drm_event_crtc_sequence.at(bytes);
    return { kind: "sequence", userData: event.user_data, timeNs: event.time_ns, sequence: event.sequence };
  }
  return { kind: "other", type, bytes };
}

/**
 * Reads a file's events.
 *
 * ```ts ignore
 * for await (const event of card.events) if (event.kind === "flip") drawNext();
 * ```
 */
export class EventReader implements AsyncIterable<DrmEvent> {
  readonly #file: OpenFile;
  readonly #buffer = new Uint8Array(4096);
  readonly #queue: DrmEvent[] = [];

  /** Reads nothing yet. @param file a DRM file. */
  constructor(file: OpenFile) {
    this.#file = file;
  }

  /** The events that are there now, oldest first. Never waits. */
  poll(): DrmEvent[] {
    const events = this.#queue.splice(0);
    const count = this.#file.read(this.#buffer);
    return count > 0 ? [...events, ...parseEvents(this.#buffer.subarray(0, count))] : events;
  }

  /** The next event; undefined once `signal` interrupts. Throws DrmError as read(2). */
  async next(options: { signal?: AbortSignal } = {}): Promise<DrmEvent | undefined> {
    while (this.#queue.length === 0) {
      const count = await this.#file.readWait(this.#buffer, options);
      if (count === EINTR) return undefined;
      if (count === EAGAIN) {
        // O_NONBLOCK: sleep in poll in place of read.
        await this.#file.pollWait(1);
        continue;
      }
      this.#queue.push(...parseEvents(this.#buffer.subarray(0, count)));
    }
    return this.#queue.shift();
  }

  /** The next event that `accept` takes; the others are dropped. */
  async until<E extends DrmEvent>(accept: (event: DrmEvent) => event is E): Promise<E>;
  /** The next event that `accept` takes; the others are dropped. */
  async until(accept: (event: DrmEvent) => boolean): Promise<DrmEvent>;
  async until(accept: (event: DrmEvent) => boolean): Promise<DrmEvent> {
    for (;;) {
      const event = await this.next();
      if (event !== undefined && accept(event)) return event;
    }
  }

  /** The next completed flip. */
  async flip(): Promise<VblankEvent> {
    return await this.until((event): event is VblankEvent => event.kind === "flip");
  }

  /** All events, for ever. */
  async *[Symbol.asyncIterator](): AsyncGenerator<DrmEvent> {
    for (;;) {
      const event = await this.next();
      if (event === undefined) return;
      yield event;
    }
  }
}
