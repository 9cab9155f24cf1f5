/**
 * `SchedEntity`: a queue of jobs, which become ready one after the other. Mirrors drivers/gpu/drm/scheduler/sched_entity.c.
 * @module
 */

import { ERRNO } from "../uapi/errno.ts";
import type { Fence, FenceCallback } from "./fence.ts";
import type { Scheduler } from "./sched.ts";
import { SchedFence, type SchedJob } from "./sched_job.ts";

/** enum drm_sched_priority: lower numbers go first. */
export const SchedPriority = { KERNEL: 0, HIGH: 1, NORMAL: 2, LOW: 3 } as const;
/** One of {@linkcode SchedPriority}. */
export type SchedPriority = (typeof SchedPriority)[keyof typeof SchedPriority];

/** A queue of jobs that run in order: a client's context on a ring. */
export class SchedEntity<J> {
  /** Who runs its jobs. */
  readonly scheduler: Scheduler<J>;
  /** Jobs of better priority go first. */
  readonly priority: SchedPriority;
  /** The timeline of its jobs' scheduled fences; finished fences are on the next one. */
  readonly context: number;
  /** Whether its context hung the ring: jobs that run from now on bear ECANCELED, which `runJob` looks at. */
  guilty = false;
  #seqno = 0;
  #stopped = false;
  #queue: SchedJob<J>[] = [];
  #head = 0;
  #next = 0;
  #waiting: FenceCallback | undefined;
  // The job that was handed to the hardware last.
  #last: Fence | undefined;
  #dropped: SchedJob<J>[] = [];
  #dropHead = 0;
  #dropping = false;

  /** drm_sched_entity_init. @param scheduler who runs its jobs. @param priority NORMAL by default. */
  constructor(scheduler: Scheduler<J>, priority: SchedPriority = SchedPriority.NORMAL) {
    this.scheduler = scheduler;
    this.priority = priority;
    this.context = scheduler.source.fenceContexts.allocate(2);
    scheduler.entities.add(this);
  }

  /** Jobs that wait to run. */
  get length(): number {
    return this.#queue.length - this.#head;
  }

  /** Whether it was killed. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** @internal The seqno of the next armed job, 32 bits. */
  nextSeqno(): number {
    return this.#seqno = (this.#seqno + 1) >>> 0;
  }

  /** @internal The job that is next. */
  get first(): SchedJob<J> | undefined {
    return this.#queue[this.#head];
  }

  /** @internal */
  push(job: SchedJob<J>): void {
    if (this.#stopped) {
      this.#dropped.push(job);
      this.#drop();
      return;
    }
    job.order = this.scheduler.nextOrder();
    this.#queue.push(job);
    if (this.length === 1) this.#resolve();
  }

  /** @internal Takes the job that is next, which runs now. */
  shift(): void {
    this.#last = this.#queue[this.#head++]?.finished;
    if (this.#head * 2 <= this.#queue.length) return;
    this.#queue.splice(0, this.#head);
    this.#head = 0;
  }

  /** @internal Waits for the next job's dependencies, one at a time; then the scheduler may run it. */
  resolve(): void {
    this.#next = 0;
    this.#resolve();
  }

  #resolve(): void {
    const job = this.first;
    if (job === undefined || this.#waiting !== undefined) return;
    for (;;) {
      const fence = this.#next < job.dependencies.length
        ? job.dependencies[this.#next++]
        : this.scheduler.backend.prepareJob?.(job);
      if (fence === undefined) break;
      const target = this.#target(fence);
      this.#waiting = target?.addCallback(() => {
        this.#waiting = undefined;
        this.#resolve();
      });
      if (this.#waiting !== undefined) return;
    }
    this.scheduler.ready(job);
  }

  // What a dependency comes to: nothing for jobs of its own, which run in order; being scheduled, for those of the same ring.
  #target(fence: Fence): Fence | undefined {
    if (fence.context === this.context || fence.context === this.context + 1) return undefined;
    if (
      fence instanceof SchedFence && fence.error === 0 &&
      fence.scheduler === this.scheduler
    ) {
      return fence.scheduled ?? fence;
    }
    return fence;
  }

  /** drm_sched_entity_kill: queued jobs fail with ESRCH, each after its dependencies and the job before it. */
  kill(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.scheduler.entities.delete(this);
    this.#waiting?.remove();
    this.#waiting = undefined;
    this.#dropped = this.#queue.slice(this.#head);
    this.#queue = [];
    this.#head = this.#next = 0;
    this.#drop();
  }

  // Ends dropped jobs one after the other. Waiting for what each would have waited for, and for the end of jobs that it would
  // have followed, keeps others from touching memory too early.
  #drop(): void {
    if (this.#dropping) return;
    this.#dropping = true;
    const again = (): void => {
      this.#dropping = false;
      this.scheduler.defer(() => this.#drop());
    };
    if (this.#last?.addCallback(again) !== undefined) return;
    for (; this.#dropHead < this.#dropped.length; this.#dropHead++) {
      const job = this.#dropped[this.#dropHead];
      while (this.#next < job.dependencies.length) {
        const fence = job.dependencies[this.#next++];
        const end = fence instanceof SchedFence ? fence.finished ?? fence : fence;
        if (end.addCallback(again) !== undefined) return;
      }
      this.#next = 0;
      job.end(-ERRNO.ESRCH);
      this.scheduler.backend.freeJob?.(job);
    }
    this.#dropped = [];
    this.#dropHead = 0;
    this.#dropping = false;
  }
}
