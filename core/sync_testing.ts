/**
 * What the tests of fences and syncobjs share: a system on virtual time whose device does nothing but synchronise.
 * @module
 */

import type { EventFd } from "./eventfd.ts";
import { VirtualClock } from "./clock.ts";
import { defineDriver, type Feature } from "./driver.ts";
import { Fence } from "./fence.ts";
import type { LocalProcess, OpenFile } from "./process.ts";
import { System } from "./system.ts";
import type { UserBuffer } from "./memory.ts";

/** A system with a device that has nothing but syncobjs. */
export class SyncRig implements Disposable {
  /** Its time, which the test advances. */
  readonly clock: VirtualClock = new VirtualClock();
  /** The system. */
  readonly system: System;
  /** A client. */
  readonly task: LocalProcess;
  /** The client's render node. */
  readonly card: OpenFile;
  #context = 1000;

  /** Makes it all. @param features of the driver, by default all that syncobjs need. */
  constructor(features: readonly Feature[] = ["GEM", "RENDER", "SYNCOBJ", "SYNCOBJ_TIMELINE"]) {
    this.system = new System({ clock: this.clock });
    this.system.addDevice(defineDriver({ name: "sync", desc: "syncobjs only", version: [1, 0, 0], features }));
    this.task = this.system.process({ comm: "tester" });
    this.card = this.task.open("/dev/dri/renderD128");
  }

  /** A pending fence on a timeline of its own, or on `context`. */
  fence(context: number = this.#context++, seqno = 1): Fence {
    return new Fence({ clock: this.clock, context, seqno, driverName: "test", timelineName: "line" });
  }

  /** u32 values in the client's memory: an array of handles. */
  handles(...values: number[]): bigint {
    return this.task.heap.from(new Uint8Array(Uint32Array.from(values).buffer)).address;
  }

  /** u64 values in the client's memory: an array of points. */
  points(...values: (number | bigint)[]): UserBuffer {
    return this.task.heap.from(new Uint8Array(BigUint64Array.from(values.map(BigInt)).buffer));
  }

  /** Opens an eventfd; its fd. */
  install(file: EventFd): number {
    return this.task.install(file);
  }

  /** Ends the client and the device. */
  [Symbol.dispose](): void {
    this.system[Symbol.dispose]();
  }
}
