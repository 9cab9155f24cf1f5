/**
 * A queue of jobs: they run in order, each when it is submitted or when what stopped the one before it is over.
 * @module
 */

import type { EngineFault, EngineJob, EngineQueue, GpuAddressSpace } from "../../../../core/host_dxg.ts";
import { monotonicNs } from "../../../os/mod.ts";
import { DISPATCHES } from "./dispatches.ts";
import { DRAWS } from "./draws.ts";
import type { Packets } from "./engine.ts";
import { DONE, Execution, FAULT, type Handler, STALL } from "./execution.ts";
import { ORDERING } from "./ordering.ts";
import { TRANSFERS } from "./transfers.ts";

const handlers: (Handler | undefined)[] = new Array(256).fill(undefined);
for (const [opcode, handler] of [...ORDERING, ...TRANSFERS, ...DISPATCHES]) handlers[opcode] = handler;
const all = handlers.slice();
for (const [opcode, handler] of DRAWS) all[opcode] = handler;

interface Waiting {
  readonly space: GpuAddressSpace;
  readonly address: number;
  readonly length: number;
}

/** How long to wait at once for what only a look can tell, ns. */
const SLICE = 200_000;

/** A queue. */
export class PacketQueue implements EngineQueue {
  readonly #engine: Packets;
  readonly #execution: Execution;
  readonly #waiting: Waiting[] = [];
  // The submission of each job that has ended and is not known to be complete: a ring.
  #values = new Float64Array(64);
  #first = 0;
  #count = 0;
  #submitted = 0;
  #completed = 0;
  #stalled = false;
  #fault: EngineFault | undefined;
  #open = true;

  /** For the engine. */
  constructor(engine: Packets, graphics: boolean) {
    this.#engine = engine;
    this.#execution = new Execution(engine.services, graphics ? all : handlers);
  }

  get fault(): EngineFault | undefined {
    return this.#fault;
  }

  /** Whether a job stands still until someone looks. */
  get isStalled(): boolean {
    return this.#stalled;
  }

  submit({ space, address, length }: EngineJob): number {
    const job = ++this.#submitted;
    if (!this.#open) throw new TypeError("Cannot submit: the queue was disposed of");
    if (this.#fault !== undefined || this.#engine.lost !== undefined) {
      this.#fault ??= lost(this.#engine.lost ?? "", address);
      this.#end();
      return job;
    }
    if (!(length > 0 && length % 4 === 0 && address % 4 === 0 && address >= 0 && address + length <= 2 ** 48)) {
      this.#fault = { kind: "packet", offset: -1, address, write: false, message: `no buffer of ${length} bytes` };
      this.#end();
      return job;
    }
    if (this.#stalled) {
      this.#waiting.push({ space, address, length });
      return job;
    }
    this.#execution.start(space, address, length);
    this.#run();
    return job;
  }

  // Runs the job that was started, and those that wait behind it.
  #run(): void {
    const x = this.#execution;
    for (;;) {
      let status: number;
      try {
        status = x.run();
        if (status === FAULT) x.services.renderer.abandon(x);
        x.flush();
        x.services.pictures.sweep();
        this.#engine.expect();
      } catch (error) {
        status = FAULT;
        this.#fault = this.#engine.faultOf(error);
        if (this.#fault.kind !== "lost") this.#give(x);
      }
      this.#stalled = status === STALL;
      if (status === STALL) {
        this.#engine.stalled.add(this);
        return;
      }
      this.#engine.stalled.delete(this);
      if (status === FAULT) {
        this.#fault ??= x.fault;
        this.#end();
        for (const _ of this.#waiting.splice(0)) this.#end();
      } else this.#end();
      x.end();
      const next = this.#waiting.shift();
      if (status !== DONE || next === undefined) return;
      x.start(next.space, next.address, next.length);
    }
  }

  // What is recorded goes to the GPU; if it does not want it, nothing of it does.
  #give(x: Execution): void {
    try {
      x.services.renderer.abandon(x);
      x.flush();
      this.#engine.expect();
    } catch (error) {
      this.#fault = this.#engine.faultOf(error);
    }
  }

  /** Tries again what stands still. True if it moved. @internal */
  resume(): boolean {
    if (!this.#stalled) return false;
    const x = this.#execution, before = x.services.recorder.queue.lastSubmitted;
    if (x.blockedBy > x.services.recorder.completed) return false;
    this.#run();
    return !this.#stalled || x.services.recorder.queue.lastSubmitted !== before;
  }

  // The job is over as far as the CPU is concerned.
  #end(): void {
    if (this.#count === this.#values.length) {
      const grown = new Float64Array(this.#count * 2);
      for (let i = 0; i < this.#count; i++) grown[i] = this.#values[(this.#first + i) % this.#count];
      this.#values = grown;
      this.#first = 0;
    }
    const { queue } = this.#engine.services.recorder;
    this.#values[(this.#first + this.#count++) % this.#values.length] = queue.lastSubmitted;
  }

  completed(): number {
    if (this.#completed === this.#submitted || !this.#open) return this.#completed;
    if (this.#engine.lost !== undefined) { // all that was submitted has ended with it
      this.#fault ??= lost(this.#engine.lost, 0);
      this.#completed = this.#submitted;
      this.#count = this.#waiting.length = 0;
      this.#stalled = false;
      this.#engine.stalled.delete(this);
      return this.#completed;
    }
    if (this.#count === 0) return this.#completed;
    let done: number;
    try {
      done = this.#engine.services.recorder.poll();
    } catch (error) {
      this.#engine.failed(error);
      return this.completed();
    }
    while (this.#count > 0 && this.#values[this.#first] <= done) {
      this.#first = (this.#first + 1) % this.#values.length;
      this.#count--;
      this.#completed++;
    }
    return this.#completed;
  }

  wait(job: number, timeoutNs: number): boolean {
    const engine = this.#engine;
    if (this.completed() >= job) return true;
    const deadline = monotonicNs() + timeoutNs;
    for (;;) {
      if (engine.lost === undefined) engine.poll();
      if (this.completed() >= job) return true;
      const left = deadline - monotonicNs();
      if (!(left > 0) || job > this.#submitted || !this.#open) return false;
      const { recorder } = engine.services;
      // A job that has ended is waited for; one that stands still may be set free by the CPU or another queue at any time.
      const ended = this.#completed + this.#count >= job;
      const value = ended
        ? this.#values[(this.#first + job - this.#completed - 1) % this.#values.length]
        : this.#execution.blockedBy > recorder.completed
        ? this.#execution.blockedBy
        : 0;
      try {
        if (value > 0) recorder.queue.waitFor(value, BigInt(Math.ceil(ended ? left : Math.min(left, 1e7))));
        else if (recorder.queue.lastSubmitted > recorder.completed) {
          recorder.queue.waitFor(recorder.queue.lastSubmitted, BigInt(Math.ceil(Math.min(left, SLICE))));
        } else Atomics.wait(engine.sleeper, 0, 0, Math.min(left, SLICE) / 1e6);
      } catch (error) {
        engine.failed(error);
      }
    }
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#waiting.length = 0;
    this.#stalled = false;
    const x = this.#execution;
    if (this.#engine.lost === undefined) x.services.renderer.abandon(x);
    x.end();
    this.#engine.forget(this, x);
  }
}

function lost(message: string, address: number): EngineFault {
  return { kind: "lost", offset: -1, address, write: false, message };
}
