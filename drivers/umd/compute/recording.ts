/**
 * What a queue records: the batch under way and those that run, what the next packet needs in memory, and the barriers that are
 * due. A batch becomes one DMA buffer.
 * @module
 */

import { NT_SUCCESS } from "../../../uapi/ntstatus.ts";
import type { Allocation, User } from "./allocation.ts";
import { Batch, BATCH_SIZE } from "./batch.ts";
import { Commands, MAX_PACKET } from "./commands.ts";
import type { Connection } from "./connection.ts";
import type { DeviceMemory } from "./device_memory.ts";
import { checkStatus, ComputeError } from "./error.ts";
import { HardwareQueue } from "./hardware_queue.ts";
import type { ComputeKernel } from "./kernel.ts";

/** Batches at once. */
const MAX_BATCHES = 16;
/** Looks at the fence before it sleeps. */
const SPINS = 32;
/** The longest sleep without a look at the device's state, ns. */
const REST = 5e6;

/** Epochs, the same numbering for all queues: between two barriers of a queue lies one. */
export interface Epochs {
  /** The last one that was begun. */
  last: number;
}

/** A recording. */
export class Recording implements User, Disposable {
  /** Where packets go, once there is `room`. */
  readonly commands: Commands = new Commands();
  /** The kernel that the batch has chosen last. */
  kernel: ComputeKernel | undefined;
  /** What the next packet uses. */
  readonly needs: Allocation[] = [];
  /** The queue below. */
  readonly hardware: HardwareQueue;
  readonly #client: Connection;
  readonly #memory: DeviceMemory;
  readonly #epochs: Epochs;
  readonly #sleeper = new Int32Array(new SharedArrayBuffer(4));
  readonly #running: Batch[] = [];
  readonly #free: Batch[] = [];
  #batches = 0;
  #batch: Batch | undefined;
  #submitted = 0;
  #epoch: number;
  #pagingSeen = 0n;
  #error: ComputeError | undefined;
  #open = true;

  /** Nothing is recorded. @throws {ComputeError} */
  constructor(client: Connection, memory: DeviceMemory, epochs: Epochs) {
    this.#client = client;
    this.#memory = memory;
    this.#epochs = epochs;
    this.#epoch = ++epochs.last;
    this.hardware = new HardwareQueue(client);
  }

  /** Batches submitted so far. */
  get submitted(): number {
    return this.#submitted;
  }

  /** Whether what was submitted up to a value is done. */
  isDone(value: number): boolean {
    return this.hardware.completed >= value;
  }

  /** What is recorded next waits for a fence. @throws {ComputeError} */
  waitOnGpu(fence: number, value: bigint): void {
    this.#check(this.hardware.wait(fence, value), "Cannot wait for a fence");
  }

  /** Submits what is recorded, if anything is. The value that the fence gets at its end. @throws {ComputeError} what went wrong on the GPU so far */
  flush(): number {
    const batch = this.#batch, client = this.#client;
    if (batch === undefined) {
      this.#fail();
      return this.#submitted;
    }
    this.#batch = undefined;
    this.kernel = undefined;
    if (client.pagingValue > this.#pagingSeen) {
      if (!client.isPaged) this.waitOnGpu(client.pagingFence, client.pagingValue);
      this.#pagingSeen = client.pagingValue;
    }
    const length = this.commands.end();
    this.#check(this.hardware.submit(batch.allocation.address, length, batch.value), "Cannot submit");
    this.#submitted = batch.value;
    this.#running.push(batch);
    this.#reap();
    return batch.value;
  }

  /** Waits for a value, and submits first what it needs. @throws {ComputeError} */
  waitFor(value: number): void {
    if (value > this.#submitted) this.flush();
    const { system } = this.#client.process;
    for (let looks = 1; !this.isDone(value); looks++) {
      system.pump();
      if (this.isDone(value)) break;
      if (looks < SPINS) continue;
      // From here on somebody tells: a host's process sends the event, and the GPU of a host in this one wakes whoever rests.
      if (looks === SPINS) this.hardware.notify(value);
      if (!system.rest(REST)) Atomics.wait(this.#sleeper, 0, 0, 0.05);
      if (looks % 64 === 0) this.#fail();
    }
    this.#reap();
    this.#fail();
  }

  /** As `waitFor`, of what was submitted, without blocking. */
  async whenDone(value: number): Promise<void> {
    if (!this.isDone(value)) {
      const status = await this.hardware.reached(value);
      if (this.#open) this.#check(status, "Cannot wait for a fence");
    }
    if (!this.#open) return;
    this.#reap();
    this.#fail();
  }

  // A fault lifts fences to their greatest value, so that nobody waits for ever.
  #fail(): void {
    if (this.#error === undefined && this.hardware.completed > this.#submitted) {
      this.#error = this.#client.failure() ?? new ComputeError("lost", "The queue's fence is beyond its work");
    }
    this.#error ??= this.#client.failure();
    if (this.#error !== undefined) throw this.#error;
  }

  #check(status: number, what: string): void {
    if (NT_SUCCESS(status)) return;
    this.#fail();
    checkStatus(status, what);
  }

  /** What the next packet uses. */
  need(first: Allocation, second?: Allocation): void {
    const needs = this.needs;
    needs.length = 0;
    needs.push(first);
    if (second !== undefined) needs.push(second);
  }

  /**
   * A batch with room for a packet and its data, while all that the packet needs is resident. To make room in memory, what is
   * recorded may have to be done first: then in another batch.
   *
   * @param data bytes. @throws {ComputeError}
   */
  room(data: number): Batch {
    for (let attempt = 0; attempt < 4; attempt++) {
      const batch = this.#begun(data), needs = this.needs;
      for (let i = 0; i < needs.length; i++) this.#memory.use(needs[i]);
      let there = batch === this.#batch && batch.allocation.resident;
      for (let i = 0; i < needs.length; i++) there &&= needs[i].resident;
      if (there) return batch;
    }
    throw new ComputeError("memory", "Cannot have all buffers of a command in the GPU's memory at once");
  }

  #begun(data: number): Batch {
    if (!this.#open) throw new TypeError("Cannot record: the device was disposed of");
    let batch = this.#batch;
    if (batch !== undefined) {
      if (batch.fits(data) && this.commands.length + 4 * MAX_PACKET < batch.commands.length) return batch;
      this.flush();
    }
    batch = this.#take();
    this.#memory.use(batch.allocation);
    batch.begin(this.#submitted + 1);
    batch.allocation.use(this, batch.value);
    this.commands.begin(batch.commands);
    this.#batch = batch;
    this.kernel = undefined;
    // What came before is another DMA buffer.
    this.#epoch = ++this.#epochs.last;
    if (this.#submitted > 0) this.commands.barrier();
    return batch;
  }

  #take(): Batch {
    if (this.#free.length === 0) this.#reap();
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#batches < MAX_BATCHES) {
      const batch = new Batch(this.#memory.allocate(BATCH_SIZE, true));
      this.#batches++;
      return batch;
    }
    this.waitFor(this.#running[0].value);
    return this.#take();
  }

  #reap(): void {
    const done = this.hardware.completed;
    while (this.#running.length > 0 && this.#running[0].value <= done) {
      const batch = this.#running.shift();
      if (batch === undefined) break;
      batch.finish();
      this.#free.push(batch);
    }
    if (this.#memory.hasRetired) this.#memory.collect();
  }

  /** Orders what was recorded before what follows. */
  barrier(): void {
    this.#epoch = ++this.#epochs.last;
    if (this.#batch !== undefined) this.commands.barrier();
  }

  /** About to be read: what was written since the last barrier needs one. */
  read(allocation: Allocation): void {
    if (allocation.writtenIn === this.#epoch) this.barrier();
  }

  /** About to be written: what was read or written since the last barrier needs one. */
  written(allocation: Allocation): void {
    if (allocation.writtenIn === this.#epoch || allocation.readIn === this.#epoch) this.barrier();
  }

  /** The packet uses memory. */
  use(allocation: Allocation, writes: boolean): void {
    allocation.use(this, this.#submitted + 1);
    if (writes) allocation.writtenIn = this.#epoch;
    else allocation.readIn = this.#epoch;
  }

  /** Nothing is recorded any more. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.hardware[Symbol.dispose]();
  }
}
