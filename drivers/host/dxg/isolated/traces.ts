/**
 * Trace events of host processes on their way to the broker's trace. They wait for nobody: what finds no room is counted instead. Who
 * reads them writes them to somebody's terminal, and believes nothing.
 * @module
 */

import { Trace, type TraceEvent } from "../../../../core/trace.ts";
import { type ControlMessage, natural, textOf } from "./control.ts";

/** Events that may wait. */
const WAITING = 256;
/** Events of one message. */
const EVENTS = 12;
/** Characters of each text; so that a message of escapes alone is below 64 KiB. */
const TEXT = 256;
/** How old what is heard may be, ns; what is said to be older was just now. */
const AGE_NS = 60e9;
// Control characters of C0 and C1, and marks that turn the direction of text or end a line.
// deno-lint-ignore no-control-regex
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** A host process's side: its trace, told to the broker. */
export class TraceSender {
  /** What the host tells. */
  readonly trace: Trace = new Trace();
  readonly #send: (body: object) => boolean;
  #waiting: (readonly [time: number, name: string, subject: string, result: string])[] = [];
  #dropped = 0;
  #listening: Disposable | undefined;

  /** Nobody listens yet. @param send says something to the broker, if there is room. */
  constructor(send: (body: object) => boolean) {
    this.#send = send;
  }

  /** Whether somebody listens at the broker's. */
  set enabled(enabled: boolean) {
    if (!enabled) {
      this.#listening?.[Symbol.dispose]();
      this.#listening = undefined;
      this.#waiting = [];
      this.#dropped = 0;
    } else this.#listening ??= this.trace.listen((event) => this.#note(event));
  }

  #note({ time, name, subject = "", result = "" }: TraceEvent): void {
    if (this.#waiting.length >= WAITING) this.#dropped++;
    else this.#waiting.push([time, name.slice(0, TEXT), subject.slice(0, TEXT), `${result}`.slice(0, TEXT)]);
  }

  /** Tells what there is, as far as there is room. */
  flush(): void {
    while (this.#waiting.length > 0 || this.#dropped > 0) {
      const events = this.#waiting.slice(0, EVENTS);
      // What was dropped came behind all that waits.
      const dropped = events.length === this.#waiting.length ? this.#dropped : 0;
      if (!this.#send({ kind: "trace", events, dropped })) return;
      this.#waiting = this.#waiting.slice(events.length);
      if (dropped > 0) this.#dropped = 0;
    }
  }
}

function shown(value: unknown): string {
  return textOf(value, TEXT).replace(CONTROLS, "\ufffd");
}

/**
 * What a host process has told, as events; undefined for what is no such message.
 * @param pid the guest's process. @param now the broker's time, ns. @param monotonic the time of all processes, ns.
 */
export function readTrace(
  body: ControlMessage["body"],
  pid: number,
  now: number,
  monotonic: number,
): readonly TraceEvent[] | undefined {
  const { events } = body;
  const dropped = natural(body.dropped);
  if (!Array.isArray(events) || events.length > EVENTS || dropped < 0) return undefined;
  const read = events.map((each: unknown): TraceEvent => {
    const [time, name, subject, result] = Array.isArray(each) ? each : [];
    const age = monotonic - Number(time);
    return {
      time: age >= 0 && age <= AGE_NS ? now - age : now,
      floor: "host",
      name: shown(name),
      subject: `host of process ${pid}: ${shown(subject)}`,
      result: shown(result),
    };
  });
  if (dropped > 0) {
    read.push({
      ...{ time: now, floor: "host", name: "dxg trace", subject: `host of process ${pid}` },
      result: `${dropped} events were dropped: nobody read them in time`,
    });
  }
  return read;
}
