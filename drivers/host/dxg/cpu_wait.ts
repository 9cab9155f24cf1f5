/**
 * Waits of the guest's CPU: for all or any of some monitored fences; the guest's event is signalled once.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import type { DxgProcess } from "./process.ts";
import type { SyncObject, SyncWait, SyncWaiter } from "./sync_object.ts";
import type { U64 } from "./u64.ts";

/** A wait. */
export class CpuWait implements SyncWaiter {
  readonly #process: DxgProcess;
  readonly #objects: readonly SyncObject[];
  readonly #values: readonly U64[];
  readonly #any: boolean;
  readonly #event: bigint;
  readonly #dereference: boolean;
  readonly #registered: { readonly object: SyncObject; readonly wait: SyncWait }[] = [];
  #closed = false;

  /**
   * Begins to wait; the event may be signalled at once.
   * @param any whether one is enough. @param event the guest's id. @param dereference whether that uses it up.
   * @throws {DrmError} ENOMEM when the process waits for too much
   */
  constructor(
    process: DxgProcess,
    objects: readonly SyncObject[],
    values: readonly U64[],
    any: boolean,
    event: bigint,
    dereference: boolean,
  ) {
    this.#process = process;
    this.#objects = objects;
    this.#values = values;
    this.#any = any;
    this.#event = event;
    this.#dereference = dereference;
    if (process.waits.size >= process.host.limits.waits) {
      throw new DrmError("ENOMEM", `Cannot wait: ${process.waits.size} waits are under way`);
    }
    for (const object of objects) object.hold();
    process.waits.add(this);
    this.#look();
  }

  /** Looks again. Values are stored before anybody is woken, so that the guest reads them when its event comes. */
  woken(): void {
    if (!this.#closed) this.#look();
  }

  #look(): void {
    this.#unregister();
    const isOver = (object: SyncObject, i: number): boolean => object.isSatisfied(this.#values[i]);
    if (this.#any ? this.#objects.some(isOver) : this.#objects.every(isOver)) {
      this.close();
      this.#process.host.events.signal(this.#event, this.#process.pid, this.#dereference);
      return;
    }
    for (let i = 0; i < this.#objects.length; i++) {
      const object = this.#objects[i];
      if (isOver(object, i)) continue;
      const wait = { value: this.#values[i], waiter: this };
      this.#registered.push({ object, wait });
      object.wait(wait);
      if (!this.#any) return; // all: one after the other
    }
  }

  #unregister(): void {
    for (const { object, wait } of this.#registered) object.cancel(wait);
    this.#registered.length = 0;
  }

  /** Ends it without a signal. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#unregister();
    this.#process.waits.delete(this);
    for (const object of this.#objects) object.drop();
  }
}
