/**
 * `SchedJob`: work for a ring, with its two fences. Mirrors drm_sched_job and drm_sched_fence of drivers/gpu/drm/scheduler.
 * @module
 */

import { DrmError } from "./error.ts";
import { Fence, type FenceSource } from "./fence.ts";
import type { Resv, ResvUsage } from "./resv.ts";
import type { SchedEntity } from "./sched_entity.ts";

/** What a fence knows of its scheduler. */
export interface SchedFenceOwner {
  /** The ring's name. */
  readonly name: string;
}

/** A job's scheduled or finished fence. */
export class SchedFence extends Fence {
  /** Who runs the job: a `Scheduler`, to be compared. */
  readonly scheduler: SchedFenceOwner;
  /** Of a finished fence: the job's scheduled fence. */
  readonly scheduled: SchedFence | undefined;
  /** Of a scheduled fence: the job's finished fence. */
  finished: SchedFence | undefined;
  #parent: Fence | undefined;

  /** Made when a job is armed. */
  constructor(
    source: FenceSource,
    scheduler: SchedFenceOwner,
    context: number,
    seqno: number,
    scheduled?: SchedFence,
  ) {
    super({ clock: source.clock, context, seqno, driverName: "drm_sched", timelineName: scheduler.name });
    this.scheduler = scheduler;
    this.scheduled = scheduled;
    if (scheduled !== undefined) scheduled.finished = this;
  }

  /** The hardware's fence, which hears of deadlines too. */
  set parent(parent: Fence) {
    this.#parent = parent;
    if (this.deadline !== Infinity) parent.setDeadline(this.deadline);
  }

  /** Passes the hint on to the hardware's fence. */
  override setDeadline(deadline: number): void {
    super.setDeadline(deadline);
    this.#parent?.setDeadline(deadline);
  }
}

/** A job: made, given dependencies, armed, pushed. Between arming and pushing nothing may fail. */
export class SchedJob<J> {
  /** The driver's own part. */
  readonly data: J;
  /** How much of the hardware's room it takes. */
  readonly credits: number;
  /** Its queue. */
  readonly entity: SchedEntity<J>;
  /** @internal */
  readonly dependencies: Fence[] = [];
  /** @internal Push order over all entities of the scheduler. */
  order = 0;
  #scheduled: SchedFence | undefined;
  #finished: SchedFence | undefined;
  #pushed = false;

  /**
   * drm_sched_job_init.
   *
   * @param entity its queue. @param credits at least 1. @param data the driver's own part.
   * @throws {DrmError} EINVAL for credits below 1; ENOENT when the entity was killed.
   */
  constructor(entity: SchedEntity<J>, credits: number, data: J) {
    if (entity.stopped) throw new DrmError("ENOENT", "Cannot make a job: its entity was killed");
    if (!(credits > 0)) throw new DrmError("EINVAL", `Cannot make a job of ${credits} credits`);
    this.entity = entity;
    this.credits = credits;
    this.data = data;
  }

  /** Signals when the job is handed to the hardware. Throws a TypeError before `arm`. */
  get scheduled(): SchedFence {
    if (this.#scheduled === undefined) throw new TypeError("A job has no fences before it is armed");
    return this.#scheduled;
  }

  /** Signals when the job is over; bears its error. Throws a TypeError before `arm`. */
  get finished(): SchedFence {
    if (this.#finished === undefined) throw new TypeError("A job has no fences before it is armed");
    return this.#finished;
  }

  /** drm_sched_job_add_dependency: of each timeline the latest fence counts. Throws a TypeError once armed. */
  addDependency(fence: Fence | undefined): void {
    if (this.#finished !== undefined) throw new TypeError("Cannot add a dependency: the job is armed");
    if (fence === undefined) return;
    for (let i = 0; i < this.dependencies.length; i++) {
      const old = this.dependencies[i];
      if (old.context !== fence.context) continue;
      if (fence.isLater(old)) this.dependencies[i] = fence;
      return;
    }
    this.dependencies.push(fence);
  }

  /** drm_sched_job_add_resv_dependencies: all pending fences of a level. */
  addResvDependencies(resv: Resv, usage: ResvUsage): void {
    for (const fence of resv.fences(usage)) this.addDependency(fence);
  }

  /** drm_sched_job_arm: takes its place on the entity's timeline; from here on it must be pushed. */
  arm(): void {
    if (this.#finished !== undefined) throw new TypeError("Cannot arm a job twice");
    const { scheduler, context } = this.entity;
    const seqno = this.entity.nextSeqno();
    this.#scheduled = new SchedFence(scheduler.source, scheduler, context, seqno);
    this.#finished = new SchedFence(scheduler.source, scheduler, context + 1, seqno, this.#scheduled);
  }

  /** drm_sched_entity_push_job: queues it; on a killed entity it fails with ESRCH. Throws a TypeError unless armed, or twice. */
  push(): void {
    if (this.#finished === undefined || this.#pushed) throw new TypeError("A job is pushed once, after it is armed");
    this.#pushed = true;
    this.entity.push(this);
  }

  /** @internal Signals both fences. */
  end(error: number): void {
    this.scheduled.signal();
    if (this.finished.isSignaled) return;
    if (error < 0) this.finished.setError(error);
    this.finished.signal();
  }
}
