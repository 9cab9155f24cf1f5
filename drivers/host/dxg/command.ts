/**
 * What a queue executes: DMA buffers, signals, waits, and work of the host in their order.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import type { Backing } from "./backing.ts";
import type { ExecQueue } from "./exec_queue.ts";
import type { FencePage } from "./fence_page.ts";
import type { SyncObject, SyncWait, SyncWaiter } from "./sync_object.ts";
import { type U64, U64_MAX } from "./u64.ts";

/** A command in a queue. */
export interface Command {
  /** Does it; false if it must wait: it is tried again when the queue is woken. */
  run(queue: ExecQueue): boolean;
  /** The queue is given up before it ran. */
  dropped?(): void;
}

/** Something that follows the end of a DMA buffer. */
interface Follower {
  /** The engine's number of the job that it follows. */
  job: number;
  /** Does it. */
  finish(): void;
}

/** A DMA buffer. */
export class SubmitCommand implements Command, Follower {
  job = 0;
  /** @internal Its number on the queue. */
  seq = 0;
  readonly address: number;
  readonly length: number;
  readonly privateData: Uint8Array;
  readonly #progress: SyncObject | undefined;
  readonly #value: U64;
  // Most jobs write neither fences nor shadows.
  #pages: FencePage[] | undefined;
  #shadows: Backing[] | undefined;

  /** @param address of its first word. @param length bytes. @param progress fence that gets `value` when it is done. */
  constructor(address: number, length: number, privateData: Uint8Array, progress?: SyncObject, value: U64 = 0) {
    this.address = address;
    this.length = length;
    this.privateData = privateData;
    this.#progress = progress;
    this.#value = value;
  }

  run(queue: ExecQueue): boolean {
    return queue.execute(this);
  }

  /** @internal It writes a page of fences. */
  writes(page: FencePage): void {
    if (this.#pages === undefined) this.#pages = [page];
    else if (!this.#pages.includes(page)) this.#pages.push(page);
  }

  /** @internal It uses a shadow; whether that is new. */
  uses(shadow: Backing): boolean {
    if (this.#shadows?.includes(shadow)) return false;
    (this.#shadows ??= []).push(shadow);
    shadow.hold();
    return true;
  }

  finish(): void {
    if (this.#shadows !== undefined) {
      for (const shadow of this.#shadows) if (!shadow.closed) shadow.storeShadow();
    }
    this.forget();
    if (this.#pages !== undefined) { for (const page of this.#pages) page.reload(); }
    this.#progress?.signal(this.#value, true);
  }

  /** @internal Lets go of what it uses. */
  forget(): void {
    if (this.#shadows !== undefined) { for (const shadow of this.#shadows) shadow.drop(); }
    this.#shadows = undefined;
  }
}

/** A signal; of several queues, the last one that gets there signals. */
export class SignalCommand implements Command {
  readonly #objects: readonly SyncObject[];
  readonly #values: readonly U64[];
  readonly #rewind: boolean;
  readonly #atSubmission: boolean;
  readonly #event: (() => void) | undefined;
  #left: number;

  /** @param queues that it is put into. @param event called besides. */
  constructor(
    objects: readonly SyncObject[],
    values: readonly U64[],
    rewind: boolean,
    atSubmission: boolean,
    queues: number,
    event?: () => void,
  ) {
    this.#objects = objects;
    this.#values = values;
    this.#rewind = rewind;
    this.#atSubmission = atSubmission;
    this.#left = queues;
    this.#event = event;
    for (const object of objects) object.hold();
  }

  run(queue: ExecQueue): boolean {
    if (this.#atSubmission) this.finish();
    else queue.follow(this);
    return true;
  }

  finish(): void {
    if (--this.#left > 0) return;
    this.#objects.forEach((object, i) => object.signal(this.#values[i], this.#rewind));
    this.#event?.();
    for (const object of this.#objects) object.drop();
  }

  dropped(): void {
    if (--this.#left === 0) { for (const object of this.#objects) object.drop(); }
  }
}

/** A wait for all of some objects. */
export class WaitCommand implements Command, SyncWaiter, SyncWait {
  readonly #objects: readonly SyncObject[];
  readonly #values: readonly U64[];
  // The object that it is registered with.
  #at: SyncObject | undefined;
  #queue: ExecQueue | undefined;
  value: U64 = 0;

  /** @param values one an object. */
  constructor(objects: readonly SyncObject[], values: readonly U64[]) {
    this.#objects = objects;
    this.#values = values;
    for (const object of objects) object.hold();
  }

  get waiter(): SyncWaiter {
    return this;
  }

  run(queue: ExecQueue): boolean {
    if (this.#at !== undefined) return false;
    for (let i = 0; i < this.#objects.length; i++) {
      const object = this.#objects[i];
      if (object.isSatisfied(this.#values[i])) continue;
      this.value = this.#values[i];
      this.#at = object;
      this.#queue = queue;
      object.wait(this);
      return false;
    }
    for (let i = 0; i < this.#objects.length; i++) {
      if (this.#objects[i].take()) continue;
      // Another host was faster: all or nothing.
      for (const object of this.#objects.slice(0, i)) object.giveBack();
      return this.run(queue);
    }
    for (const object of this.#objects) object.drop();
    return true;
  }

  woken(): void {
    this.#at = undefined;
    this.#queue?.wake();
  }

  dropped(): void {
    this.#at?.cancel(this);
    this.#at = undefined;
    for (const object of this.#objects) object.drop();
  }
}

/** Work of the CPU in the order of a queue. */
export class HostCommand implements Command {
  readonly #work: () => void;
  readonly #dropped: (() => void) | undefined;

  /** @param work does it. @param dropped called instead when the queue is given up. */
  constructor(work: () => void, dropped?: () => void) {
    this.#work = work;
    this.#dropped = dropped;
  }

  run(): boolean {
    this.#work();
    return true;
  }

  dropped(): void {
    this.#dropped?.();
  }
}

/** A signal that waits for a job. One command may wait on several queues, for another job on each. */
export class SignalFollower implements Follower {
  readonly job: number;
  readonly command: SignalCommand;

  constructor(job: number, command: SignalCommand) {
    this.job = job;
    this.command = command;
  }

  finish(): void {
    this.command.finish();
  }
}

/** The address of a DMA buffer as a Number. Throws EINVAL for what no buffer can be. */
export function checkBuffer(address: bigint, length: number): number {
  if (address % 4n !== 0n || address > U64_MAX >> 16n || length === 0 || length % 4 !== 0) {
    throw new DrmError("EINVAL", `Cannot execute ${length} bytes at GPU address 0x${address.toString(16)}`);
  }
  return Number(address);
}
