/**
 * `SyncPoint`: a promised value of a monitored fence as a dma-fence. The host signals it by an event. Mirrors dxgsyncpoint
 * (dxgsyncfile.c).
 * @module
 */

import { Fence } from "../../../core/fence.ts";
import { SyncFile } from "../../../core/sync_file.ts";
import type { System } from "../../../core/system.ts";
import { ERRNO } from "../../../uapi/errno.ts";
import type { HostEvent } from "./host_events.ts";
import type { DxgProcess } from "./process.ts";
import type { NtHandle, SharedSyncObject } from "./shared.ts";

/** A dma-fence. */
export class SyncPoint extends Fence implements HostEvent {
  readonly isPersistent = false;
  /** The value of the monitored fence. */
  readonly value: bigint;
  /** The fence, if others can open it. */
  readonly shared: SharedSyncObject | undefined;
  readonly #process: DxgProcess;
  // Keeps a shared fence alive on the host until this has signalled and its file is gone.
  readonly #nt: NtHandle | undefined;
  #event = 0;
  #hasFile = true;

  /** A fence on a timeline of its own, as dxgkrnl has it. @param nt which it takes over. */
  constructor(
    system: System,
    process: DxgProcess,
    value: bigint,
    shared: SharedSyncObject | undefined,
    nt: NtHandle | undefined,
  ) {
    super({
      clock: system.clock,
      context: system.fenceContexts.allocate(),
      seqno: value,
      seqno64: true,
      driverName: "dxgkrnl",
      timelineName: "no_timeline",
    });
    this.value = value;
    this.shared = shared;
    this.#process = process;
    this.#nt = nt;
    process.syncPoints.add(this);
    this.#event = process.global.events.add(this);
  }

  /** The event by which the host signals it. */
  get event(): number {
    return this.#event;
  }

  /** A file for it. */
  file(): SyncFile {
    return new SyncPointFile(this);
  }

  /** The host has signalled it. */
  signaled(): void {
    this.#over(0);
  }

  /** The host is gone. */
  dropped(): void {
    this.#over(-ERRNO.ENODEV);
  }

  /** The process whose fence it was is gone. */
  orphan(): void {
    this.#over(-ERRNO.ECANCELED);
  }

  #over(error: number): void {
    this.#process.global.events.remove(this.#event);
    this.#process.syncPoints.delete(this);
    if (!this.isSignaled) {
      if (error < 0) this.setError(error);
      this.signal();
    }
    if (!this.#hasFile) this.#nt?.close();
  }

  /** Its file is gone. @param unused whether nobody else has it. */
  fileGone(unused: boolean): void {
    this.#hasFile = false;
    if (unused && !this.isSignaled) {
      this.#process.global.events.remove(this.#event);
      this.#process.syncPoints.delete(this);
    }
    if (unused || this.isSignaled) this.#nt?.close();
  }
}

class SyncPointFile extends SyncFile {
  readonly #point: SyncPoint;

  constructor(point: SyncPoint) {
    let unused = false;
    super(point, { onForgotten: () => unused = true });
    this.#point = point;
    this.#unused = () => unused;
  }

  readonly #unused: () => boolean;

  protected override release(): void {
    super.release();
    this.#point.fileGone(this.#unused());
  }
}
