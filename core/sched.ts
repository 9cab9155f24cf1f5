/**
 * `Scheduler`: runs the jobs of its entities when the hardware has room. A job is made, given dependencies, armed, pushed
 * (sched_job.ts); entities (sched_entity.ts) wait for dependencies. Mirrors drivers/gpu/drm/scheduler/sched_main.c.
 * @module
 */

import { ERRNO } from "../uapi/errno.ts";
import type { Timer } from "./clock.ts";
import { DrmError } from "./error.ts";
import type { Fence, FenceSource } from "./fence.ts";
import type { SchedEntity } from "./sched_entity.ts";
import type { SchedJob } from "./sched_job.ts";

/** struct drm_sched_backend_ops: what a driver does with jobs. `J` is its own part of a job. */
export interface SchedBackend<J> {
  /** Asked when all dependencies have signalled: one more to wait for, or undefined. */
  prepareJob?(job: SchedJob<J>): Fence | undefined;
  /** Hands the job to the hardware; its completion, or undefined when it is done already. A thrown DrmError fails the job. */
  runJob(job: SchedJob<J>): Fence | undefined;
  /** The oldest running job takes too long: the driver makes its fence signal. False once the device is lost. */
  timedoutJob?(job: SchedJob<J>): boolean;
  /** The job is over and both of its fences have signalled. */
  freeJob?(job: SchedJob<J>): void;
}

/** What a {@linkcode Scheduler} is made of. */
export interface SchedulerOptions {
  /** The ring's name: the timeline name of its fences. */
  readonly name: string;
  /** Credits of the jobs that may run at once, at least 1. */
  readonly creditLimit: number;
  /** How long a job may run, ns; without limit by default. */
  readonly timeout?: number;
}

/** A ring of the hardware and what waits for it. */
export class Scheduler<J> implements Disposable {
  /** Clock and timelines. */
  readonly source: FenceSource;
  /** The driver. */
  readonly backend: SchedBackend<J>;
  /** The ring's name. */
  readonly name: string;
  /** Credits of the jobs that may run at once. */
  readonly creditLimit: number;
  /** @internal Live entities. */
  readonly entities: Set<SchedEntity<J>> = new Set();
  readonly #timeout: number;
  readonly #running = new Set<SchedJob<J>>();
  // Jobs that may run, one an entity, as a binary heap: the best priority first, then the one that was pushed first.
  readonly #ready: SchedJob<J>[] = [];
  readonly #work: (() => void)[] = [];
  #credits = 0;
  #order = 0;
  #busy = false;
  #stopped = false;
  #timer: Timer | undefined;

  /** drm_sched_init. @param source clock and timelines. @param backend the driver. @param options name, room, time-out. */
  constructor(source: FenceSource, backend: SchedBackend<J>, options: SchedulerOptions) {
    if (!(options.creditLimit > 0)) throw new RangeError(`Cannot schedule with ${options.creditLimit} credits`);
    this.source = source;
    this.backend = backend;
    this.name = options.name;
    this.creditLimit = options.creditLimit;
    this.#timeout = options.timeout ?? Infinity;
  }

  /** Credits of the jobs that run now. */
  get creditCount(): number {
    return this.#credits;
  }

  /** Jobs that run now, the oldest first. */
  get running(): readonly SchedJob<J>[] {
    return [...this.#running];
  }

  /** @internal */
  nextOrder(): number {
    return ++this.#order;
  }

  /** @internal A job, the first of its entity, may run. */
  ready(job: SchedJob<J>): void {
    const heap = this.#ready;
    heap.push(job);
    for (let i = heap.length - 1, parent: number; i > 0 && before(heap[i], heap[parent = (i - 1) >> 1]); i = parent) {
      [heap[i], heap[parent]] = [heap[parent], heap[i]];
    }
    this.#run();
  }

  /** @internal Does work that the end of a job makes possible, for one entity after the other, not within each other. */
  defer(work: () => void): void {
    this.#work.push(work);
    if (this.#work.length > 1) return;
    try {
      for (const next of this.#work) next(); // which may add more
    } finally {
      this.#work.length = 0;
    }
  }

  /** drm_sched_wqueue_stop: hands no more jobs to the hardware until `start`. */
  stop(): void {
    this.#stopped = true;
  }

  /** drm_sched_wqueue_start. */
  start(): void {
    this.#stopped = false;
    this.#run();
  }

  // Runs jobs while there is room. What a job's end makes ready is run by the same loop, not by a deeper one.
  #run(): void {
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (;;) {
        const job = this.#ready[0];
        if (this.#stopped || job === undefined) break;
        if (job.entity.first !== job) { // killed meanwhile
          this.#pop();
          continue;
        }
        // A job that does not fit keeps its turn: smaller ones must not starve it.
        const credits = Math.min(job.credits, this.creditLimit);
        if (this.#credits + credits > this.creditLimit) break;
        this.#pop();
        job.entity.shift();
        this.#start(job, credits);
        job.entity.resolve();
      }
    } finally {
      this.#busy = false;
    }
  }

  #start(job: SchedJob<J>, credits: number): void {
    this.#credits += credits;
    this.#running.add(job);
    if (this.#running.size === 1) this.#arm();
    if (job.entity.guilty) job.finished.setError(-ERRNO.ECANCELED);
    const done = (error: number): void => {
      const first = this.#running.values().next().value === job;
      this.#running.delete(job);
      this.#credits -= credits;
      job.end(error);
      this.backend.freeJob?.(job);
      if (first) this.#arm();
      this.#run();
    };
    let parent: Fence | undefined;
    try {
      parent = this.backend.runJob(job);
    } catch (error) {
      if (!(error instanceof DrmError)) throw error;
      return done(-error.errno);
    }
    job.scheduled.signal();
    if (parent === undefined) return done(0);
    job.finished.parent = parent;
    if (parent.addCallback((fence) => done(fence.error)) === undefined) done(parent.error);
  }

  #pop(): void {
    const heap = this.#ready;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    for (let i = 0;;) {
      let child = 2 * i + 1;
      if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child++;
      if (child >= heap.length || !before(heap[child], heap[i])) return;
      [heap[i], heap[child]] = [heap[child], heap[i]];
      i = child;
    }
  }

  // The time-out is the oldest running job's, from when it became the oldest.
  #arm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#timeout === Infinity || this.backend.timedoutJob === undefined || this.#running.size === 0) return;
    this.#timer = this.source.clock.at(this.source.clock.now() + this.#timeout, () => {
      this.#timer = undefined;
      const [job] = this.#running;
      if (job === undefined || this.backend.timedoutJob?.(job) === false) return;
      if (this.#timer === undefined) this.#arm();
    });
  }

  /** drm_sched_fini: kills all entities. Jobs that run end with their hardware fences. */
  [Symbol.dispose](): void {
    this.stop();
    this.#timer?.cancel();
    for (const entity of [...this.entities]) entity.kill();
  }
}

function before<J>(a: SchedJob<J>, b: SchedJob<J>): boolean {
  if (a.entity.priority !== b.entity.priority) return a.entity.priority < b.entity.priority;
  return a.order < b.order;
}
