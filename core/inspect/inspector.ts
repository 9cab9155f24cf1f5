/**
 * `Inspector`: snapshots of a system as plain JSON of bounded size, and the latest of what happened.
 * @module
 */

import type { System } from "../system.ts";
import { LIMITS, type Limits } from "./limits.ts";
import { ObjectNumbers } from "./objects.ts";
import { inspectSystem, type SystemInspection } from "./system.ts";
import { type RecordedEvents, TraceRecorder } from "./trace_recorder.ts";

/** What a look brings. */
export interface Inspection {
  /** How things stand. */
  readonly system: SystemInspection;
  /** What happened since the last look. */
  readonly trace: RecordedEvents;
}

/** What may be asked of a look. */
export interface LookOptions {
  /** `next` of the last look's events; 0 at first. */
  readonly since?: number;
  /** Whether planes have thumbnails, default true. */
  readonly thumbnails?: boolean;
}

/** Looks at a system. What it costs, it costs only while somebody looks. */
export class Inspector implements Disposable {
  readonly #system: System;
  readonly #limits: Limits;
  readonly #numbers = new ObjectNumbers();
  readonly #recorder: TraceRecorder;

  /** Looks at nothing yet. @param system what to look at. @param limits how much a snapshot may hold. */
  constructor(system: System, limits: Partial<Limits> = {}) {
    this.#system = system;
    this.#limits = { ...LIMITS, ...limits };
    this.#recorder = new TraceRecorder(system.trace);
  }

  /** Whether events are recorded. */
  get watching(): boolean {
    return this.#recorder.on;
  }

  /** Records events from now on, or no more. */
  watch(on: boolean): void {
    if (on) this.#recorder.start();
    else this.#recorder.stop();
  }

  /** A snapshot, and the events since the last. */
  look({ since = 0, thumbnails = true }: LookOptions = {}): Inspection {
    const limits = thumbnails ? this.#limits : { ...this.#limits, thumbnails: 0 };
    return { system: inspectSystem(this.#system, this.#numbers, limits), trace: this.#recorder.take(since) };
  }

  /** Watches no more. */
  [Symbol.dispose](): void {
    this.#recorder.stop();
  }
}
