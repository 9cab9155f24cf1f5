/**
 * `Writeback`: the part of a connector that writes what a CRTC shows into framebuffers: jobs, their queue, their timeline.
 * Mirrors drivers/gpu/drm/drm_writeback.c.
 * @module
 */

import { DrmError } from "../error.ts";
import { Fence } from "../fence.ts";
import type { AtomicState } from "./atomic_state.ts";
import type { Connector } from "./connector.ts";
import type { ConnectorState } from "./connector_state.ts";
import type { Framebuffer } from "./framebuffer.ts";
import type { PropertyBlob } from "./property.ts";

/** What a driver does to write frames. */
export interface WritebackHooks {
  /** Prepares a job's framebuffer (maps or pins it) before the commit. May set `job.priv`. @throws {DrmError} */
  prepareJob?(connector: Connector, job: WritebackJob): void;
  /** Ends what `prepareJob` began. */
  cleanupJob?(connector: Connector, job: WritebackJob): void;
  /**
   * Begins to write the frame that the commit shows: takes the job by `Writeback.queueJob(state)`, and once all is written calls
   * `Writeback.signalCompletion`, exactly once for each job, in the order of queueing.
   */
  atomicCommit(connector: Connector, draft: AtomicState, state: ConnectorState): void;
}

/** One frame that is to be written (drm_writeback_job). */
export class WritebackJob {
  /** What writes it. */
  readonly connector: Connector;
  /** Where it goes; undefined only until the check. */
  fb: Framebuffer | undefined = undefined;
  /** Signals when it is written; undefined: nobody asked. */
  outFence: Fence | undefined = undefined;
  /** The driver's. */
  priv: unknown = undefined;
  #prepared = false;
  #done = false;

  /** A job without framebuffer. @param connector what is to write it. */
  constructor(connector: Connector) {
    this.connector = connector;
  }

  /** Whether nothing is to be written any more: it is done with, or given up. */
  get done(): boolean {
    return this.#done;
  }

  /** Sets where it goes. Keeps a reference of it. */
  setFramebuffer(fb: Framebuffer | undefined): void {
    fb?.ref();
    this.fb?.put();
    this.fb = fb;
  }

  /** drm_writeback_prepare_job. @throws {DrmError} what the driver's `prepareJob` throws. */
  prepare(): void {
    this.connector.writeback?.hooks.prepareJob?.(this.connector, this);
    this.#prepared = true;
  }

  /** drm_writeback_cleanup_job: ends it, whatever became of it. */
  cleanup(): void {
    if (this.#done) return;
    this.#done = true;
    if (this.#prepared) this.connector.writeback?.hooks.cleanupJob?.(this.connector, this);
    this.setFramebuffer(undefined);
    this.outFence = undefined;
  }
}

/** What a writeback connector has besides a connector (drm_writeback_connector). */
export class Writeback {
  /** The connector. */
  readonly connector: Connector;
  /** The driver's hooks. */
  readonly hooks: WritebackHooks;
  /** fourcc codes that can be written. */
  readonly formats: readonly number[];
  /** The same as WRITEBACK_PIXEL_FORMATS. */
  readonly formatsBlob: PropertyBlob;
  readonly #context: number;
  readonly #queue: WritebackJob[] = [];
  #seqno = 0;

  /** Use `createWritebackConnector`. */
  constructor(
    connector: Connector,
    hooks: WritebackHooks,
    formats: readonly number[],
    formatsBlob: PropertyBlob,
  ) {
    this.connector = connector;
    this.hooks = hooks;
    this.formats = formats;
    this.formatsBlob = formatsBlob;
    this.#context = connector.kms.device.system.fenceContexts.allocate();
  }

  /** Jobs that are queued and not complete. */
  get pending(): number {
    return this.#queue.length;
  }

  /** drm_writeback_get_out_fence: the next fence of its timeline. */
  createFence(): Fence {
    const { connector } = this;
    return new Fence({
      clock: connector.kms.clock,
      context: this.#context,
      seqno: ++this.#seqno,
      driverName: connector.kms.device.driver.spec.name,
      timelineName: `CONNECTOR:${connector.id}-${connector.name}`,
    });
  }

  /**
   * drm_writeback_queue_job: takes the job out of a state; it is the driver's until `signalCompletion`.
   *
   * @throws {TypeError} if the state has none.
   */
  queueJob(state: ConnectorState): WritebackJob {
    const job = state.writebackJob;
    if (job === undefined) {
      throw new TypeError(`Cannot queue a writeback of ${this.connector.name}: the state has none`);
    }
    state.writebackJob = undefined;
    this.#queue.push(job);
    return job;
  }

  /**
   * drm_writeback_signal_completion: the oldest job is written: its fence signals, its framebuffer is let go.
   *
   * @param status 0, or the negative errno that the fence gets. @param time when, ns; now by default.
   * @throws {TypeError} if none is queued.
   */
  signalCompletion(status: number, time?: number): void {
    const job = this.#queue.shift();
    if (job === undefined) throw new TypeError(`Cannot complete a writeback of ${this.connector.name}: none is queued`);
    finish(job, status, time);
  }

  /** The device goes: what is queued will not be written, and whoever waits for it is told so. */
  abort(status: number): void {
    while (this.#queue.length > 0) this.signalCompletion(status);
  }
}

function finish(job: WritebackJob, status: number, time?: number): void {
  const fence = job.outFence;
  if (fence !== undefined && status < 0) fence.setError(status);
  fence?.signal(time);
  job.cleanup();
}

/** drm_atomic_set_writeback_fb_for_connector: asks for the frame to be written to `fb`, once. */
export function setWritebackFb(state: ConnectorState, fb: Framebuffer | undefined): void {
  (state.writebackJob ??= new WritebackJob(state.connector)).setFramebuffer(fb);
}

/** The part of drm_atomic_connector_check that is about writeback. @throws {DrmError} EINVAL. */
export function checkWriteback(connector: Connector, draft: AtomicState, state: ConnectorState): void {
  const job = state.writebackJob;
  if (job === undefined) return;
  const { fb } = job;
  const { crtc } = state;
  if (fb === undefined) {
    if (job.outFence !== undefined) draft.refuse(`${connector.name} is to signal a fence, but has no framebuffer`);
    job.cleanup();
    state.writebackJob = undefined;
    return;
  }
  if (crtc === undefined) draft.refuse(`${connector.name} has a framebuffer without a CRTC`);
  if (!draft.crtc(crtc).active) draft.refuse(`${connector.name} has a framebuffer, but ${crtc.name} is off`);
}

/**
 * drm_atomic_helper_check_wb_connector_state, for a driver's `atomicCheck`: the framebuffer's format is one of the connector's.
 *
 * @throws {DrmError} EINVAL if it is not.
 */
export function checkWritebackFormat(connector: Connector, state: ConnectorState): void {
  const fb = state.writebackJob?.fb;
  if (fb === undefined || connector.writeback?.formats.includes(fb.format)) return;
  throw new DrmError("EINVAL", `Cannot commit: ${connector.name} cannot write format 0x${fb.format.toString(16)}`);
}

/** The jobs of a draft are prepared, before the planes' framebuffers are. @throws {DrmError} what the driver throws. */
export function prepareWritebacks(draft: AtomicState): void {
  const { connectors } = draft;
  for (let i = 0; i < connectors.length; i++) draft.connector(connectors[i]).writebackJob?.prepare();
}

/** drm_atomic_helper_commit_writebacks: the last part of `commitEnables`. */
export function commitWritebacks(draft: AtomicState): void {
  const { connectors } = draft;
  for (let i = 0; i < connectors.length; i++) {
    const connector = connectors[i];
    const state = draft.newConnector(connector);
    if (state?.writebackJob?.fb !== undefined) connector.writeback?.hooks.atomicCommit(connector, draft, state);
  }
}

/** A commit that comes too late, on a device that is gone: its jobs end with an error. */
export function abortWritebacks(draft: AtomicState, status: number): void {
  for (const connector of draft.connectors) {
    const state = draft.newConnector(connector);
    const job = state?.writebackJob;
    if (state === undefined || job === undefined) continue;
    state.writebackJob = undefined;
    finish(job, status);
  }
}
