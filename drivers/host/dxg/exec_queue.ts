/**
 * A queue of commands: a context's or a hardware queue's. Commands run in order: a wait blocks, a DMA buffer goes to the
 * engine without waiting for the one before, a signal comes when all before it is done.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import type { EngineQueue, EngineRange, GpuAddressSpace } from "../../../core/host_dxg.ts";
import { _D3DKMT_DEVICEEXECUTION_HUNG } from "../../../uapi/d3dkmthk_device.ts";
import type { Backing } from "./backing.ts";
import { type Command, type SignalCommand, SignalFollower, SubmitCommand } from "./command.ts";
import type { DxgDevice } from "./device.ts";
import type { FencePage } from "./fence_page.ts";
import type { SpaceUser } from "./gpu_space.ts";
import type { Runnable } from "./scheduler.ts";

/** A queue. */
export class ExecQueue implements Runnable, GpuAddressSpace, SpaceUser {
  /** The device that suffers from what goes wrong. */
  readonly device: DxgDevice;
  /** The node of the adapter. */
  readonly node: number;
  /** -7 to 7. */
  priority = 0;
  /** DMA buffers that were run. */
  executed = 0;
  #engine: EngineQueue | undefined;
  #commands: Command[] = [];
  #head = 0;
  #followers: (SubmitCommand | SignalFollower)[] = [];
  #first = 0;
  #seq = 0;
  #done = 0;
  #lastJob = 0;
  #running = 0;
  #since = 0;
  #current: SubmitCommand | undefined;
  #closed = false;

  /** @param device whose. @param node where. */
  constructor(device: DxgDevice, node: number) {
    this.device = device;
    this.node = node;
    device.queues.add(this);
  }

  /** Commands that have not begun. */
  get queued(): number {
    return this.#commands.length - this.#head;
  }

  /** DMA buffers that the engine has. */
  get running(): number {
    return this.#running;
  }

  /** The number of the job that was submitted last. */
  get last(): number {
    return this.#seq;
  }

  /** When the oldest of them will have run too long. */
  get deadline(): number {
    return this.#running === 0 ? Infinity : this.#since + this.device.adapter.limits.timeout;
  }

  /** Whether a job of it is over. */
  isDone(seq: number): boolean {
    return this.#closed || this.#done >= seq;
  }

  /** Throws ENOMEM when too many commands wait, ENODEV when the device is in error. */
  checkRoom(): void {
    this.device.checkActive();
    if (this.queued >= this.device.adapter.limits.queued) {
      throw new DrmError("ENOMEM", `Cannot queue: ${this.queued} commands wait`);
    }
  }

  /** Appends a command. Throws as `checkRoom`. */
  push(command: Command): void {
    this.checkRoom();
    this.#commands.push(command);
    if (this.queued === 1) this.wake();
  }

  /** It may go on. */
  wake(): void {
    if (!this.#closed) this.device.scheduler.wake(this);
  }

  /** Runs commands until one must wait. */
  pump(): void {
    while (!this.#closed && this.#head < this.#commands.length) {
      const command = this.#commands[this.#head];
      if (!command.run(this) || this.#closed) return;
      this.#head++;
      if (this.#head > 32 && this.#head * 2 > this.#commands.length) {
        this.#commands = this.#commands.slice(this.#head);
        this.#head = 0;
      }
    }
  }

  /** @internal Hands a DMA buffer to the engine; false if it has enough, or memory must become free first. */
  execute(command: SubmitCommand): boolean {
    const { device } = this;
    const { adapter, scheduler } = device;
    if (this.#running >= adapter.limits.running) return false; // `reap` wakes it
    try {
      // What others need does not become free while the engine is given more and more that uses it.
      if (adapter.vram.isShrinking || (device.client.displaced.size > 0 && !adapter.vram.placeAll(device.client))) {
        scheduler.stall(this);
        return false;
      }
      this.#engine ??= adapter.engine.createQueue(this.node, this.priority);
    } catch (error) {
      if (!(error instanceof DrmError)) throw error;
      device.outOfMemory(error.message);
      return false;
    }
    command.seq = ++this.#seq;
    this.#current = command;
    if (this.#running++ === 0) {
      this.#since = scheduler.clock.now();
      device.began(this);
    }
    try {
      this.#lastJob = command.job = this.#engine.submit({
        space: this,
        address: command.address,
        length: command.length,
        privateData: command.privateData,
      });
    } catch (error) {
      if (!(error instanceof DrmError)) throw error;
      device.outOfMemory(error.message);
      return false;
    }
    this.executed++;
    this.#followers.push(command);
    // What is done at once is told at once, without another look.
    if (this.#engine.fault !== undefined || this.#engine.completed() >= command.job) this.reap();
    return true;
  }

  /** @internal Does something when all DMA buffers so far are done. */
  follow(command: SignalCommand): void {
    if (this.#running === 0) command.finish();
    else this.#followers.push(new SignalFollower(this.#lastJob, command));
  }

  /** Looks what the engine has done; true if anything was. */
  reap(): boolean {
    const engine = this.#engine;
    if (engine === undefined || this.#running === 0) return false;
    if (engine.fault !== undefined) {
      this.device.fault(engine.fault);
      return true;
    }
    const { engine: all } = this.device.adapter;
    if (all.lost !== undefined) {
      this.device.adapter.lose(all.lost);
      return true;
    }
    const completed = engine.completed();
    let any = false;
    while (this.#first < this.#followers.length) {
      const follower = this.#followers[this.#first];
      if (follower.job > completed) break;
      this.#first++;
      any = true;
      if (follower instanceof SubmitCommand) {
        this.#done = follower.seq;
        this.#running--;
        this.#since = this.device.scheduler.clock.now();
      }
      try {
        follower.finish();
      } catch (error) { // a shadow could not be read back
        if (!(error instanceof DrmError)) throw error;
        this.device.outOfMemory(error.message);
      }
      if (this.#closed) return true;
    }
    if (this.#first === this.#followers.length) {
      this.#followers.length = 0;
      this.#first = 0;
    } else if (this.#first > 64) {
      this.#followers = this.#followers.slice(this.#first);
      this.#first = 0;
    }
    if (!any) return false;
    if (this.#running === 0) this.device.ended(this);
    this.wake();
    return true;
  }

  /** Blocks until its oldest job is done, or `ns` are over. */
  rest(ns: number): void {
    if (this.#first < this.#followers.length) this.#engine?.wait(this.#followers[this.#first].job, ns);
  }

  /** Its oldest job has run too long. */
  hang(): void {
    const { device } = this;
    device.fail(_D3DKMT_DEVICEEXECUTION_HUNG, "a DMA buffer ran too long");
    device.process.host.hung?.(device);
  }

  /** What stands at an address, for the engine. */
  resolve(address: number, access: number, range: EngineRange): boolean {
    return !this.#closed && this.device.space.resolve(address, access, range, this);
  }

  /** @internal */
  touch(backing: Backing): void {
    backing.use(this, this.#seq);
    if (backing.isShadow && this.#current?.uses(backing)) backing.loadShadow();
  }

  /** @internal */
  mayUse(backing: Backing): boolean {
    return backing.isUsedBy(this);
  }

  /** @internal */
  touchPage(page: FencePage): void {
    this.#current?.writes(page);
  }

  /** Drops what waits; what runs is left to its end, and nobody hears of it. */
  drop(): void {
    const waiting = this.#commands.slice(this.#head);
    this.#commands = [];
    this.#head = 0;
    for (const command of waiting) command.dropped?.();
  }

  /** Gives the queue up. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.drop();
    for (const follower of this.#followers.slice(this.#first)) {
      if (follower instanceof SubmitCommand) follower.forget();
      else follower.command.dropped();
    }
    this.#followers = [];
    this.#first = 0;
    if (this.#running > 0) this.device.ended(this);
    this.#running = 0;
    this.#engine?.[Symbol.dispose]();
    this.#engine = undefined;
    this.device.scheduler.forget(this);
    this.device.queues.delete(this);
  }
}
