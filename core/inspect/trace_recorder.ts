/**
 * `TraceRecorder`: the latest trace events, as lines of bounded length. It listens only while it is switched on.
 * @module
 */

import { formatTraceValue, type Trace, type TraceEvent } from "../trace.ts";

/** An event as it is shown. */
export interface RecordedEvent {
  /** Counts all events heard, from 0. */
  readonly number: number;
  /** When, ns of the system's clock. */
  readonly time: number;
  /** On which floor. */
  readonly floor: TraceEvent["floor"];
  /** The request's or command's name. */
  readonly name: string;
  /** On what; empty if the event does not say. */
  readonly subject: string;
  /** Its members, at most 320 characters. */
  readonly args: string;
  /** Its outcome, at most 160 characters; empty if the event does not say. */
  readonly result: string;
  /** How long it took, ns; undefined if the event does not say. */
  readonly duration: number | undefined;
}

/** Events since a moment. */
export interface RecordedEvents {
  /** The oldest first. */
  readonly events: readonly RecordedEvent[];
  /** What to ask for next time. */
  readonly next: number;
  /** Events that happened meanwhile and are not kept any more. */
  readonly lost: number;
}

const ARGS_MAX = 320, RESULT_MAX = 160, NAME_MAX = 80;

const cut = (text: string, limit: number): string => text.length > limit ? `${text.slice(0, limit - 1)}…` : text;

/** A ring of events. */
export class TraceRecorder implements Disposable {
  readonly #trace: Trace;
  readonly #ring: (TraceEvent | undefined)[];
  #count = 0;
  #listening: Disposable | undefined;

  /** Off, and empty. @param trace which stream. @param capacity events kept. */
  constructor(trace: Trace, capacity = 256) {
    this.#trace = trace;
    this.#ring = new Array<TraceEvent | undefined>(capacity).fill(undefined);
  }

  /** Whether it listens. */
  get on(): boolean {
    return this.#listening !== undefined;
  }

  /** Listens from now on. */
  start(): void {
    this.#listening ??= this.#trace.listen((event) => {
      this.#ring[this.#count++ % this.#ring.length] = event;
    });
  }

  /** Listens no more, and forgets. The count goes on. */
  stop(): void {
    this.#listening?.[Symbol.dispose]();
    this.#listening = undefined;
    this.#ring.fill(undefined);
  }

  /** Events from number `since` on, as far as they are kept. @param since what the last answer named; 0 at first. */
  take(since: number): RecordedEvents {
    const oldest = Math.max(0, this.#count - this.#ring.length);
    const from = Math.min(this.#count, Math.max(oldest, since));
    const events: RecordedEvent[] = [];
    for (let number = from; number < this.#count; number++) {
      const event = this.#ring[number % this.#ring.length];
      if (event !== undefined) events.push(recorded(number, event));
    }
    return { events, next: this.#count, lost: Math.max(0, from - since) };
  }

  /** Listens no more. */
  [Symbol.dispose](): void {
    this.stop();
  }
}

function recorded(number: number, event: TraceEvent): RecordedEvent {
  return {
    number,
    time: event.time,
    floor: event.floor,
    name: cut(event.name, NAME_MAX),
    subject: cut(event.subject ?? "", NAME_MAX),
    args: event.args === undefined ? "" : cut(formatTraceValue(event.args), ARGS_MAX),
    result: event.result === undefined ? "" : cut(String(event.result), RESULT_MAX),
    duration: event.duration,
  };
}
