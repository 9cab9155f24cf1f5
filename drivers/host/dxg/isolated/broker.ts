/**
 * The broker: a dxg host that executes nothing of a process itself. Each process of the guest has a host process of its own, and a spare
 * one waits for the next. What dies there, or says what cannot be, takes one process of the guest along and no other.
 * @module
 */

import { RealClock } from "../../../../core/clock.ts";
import { DrmError } from "../../../../core/error.ts";
import type { VmbusBackend, VmbusHandlers } from "../../../../core/vmbus.ts";
import { _D3DKMT_DEVICEEXECUTION_RESET } from "../../../../uapi/d3dkmthk_device.ts";
import { Epoll, EPOLLIN, monotonicNs, raiseFdLimit, type Spawned } from "../../../os/mod.ts";
import { HandleTable } from "../handle_table.ts";
import { DxgHost } from "../host.ts";
import { DEFAULT_LIMITS, type DxgLimits } from "../limits.ts";
import { Ear } from "./ear.ts";
import { FactsEngine } from "./facts.ts";
import { Forwarder } from "./forwarder.ts";
import { HostProcess } from "./host_process.ts";
import type { IsolatedDxgHost, IsolatedDxgOptions } from "./isolated_host.ts";
import { Ledger } from "./ledger.ts";
import { makeOrder, segmentsOf } from "./order.ts";
import { passOn } from "./process_events.ts";
import { Relay } from "./relay.ts";
import { Broken, type GuestShare, Rewriter } from "./rewriter.ts";
import { START_NS, verdictOf, WATCH_NS, type WatchLimits } from "./watch.ts";

const KEY_BELL = 0;
const KEY_CONTROL = 1;
const KEY_END = 2;
/** How long no spare process is started after one has failed, ns. */
const PAUSE_NS = 2e9;
/** How often one `poll` looks what there is. */
const ROUNDS = 8;
/** How long it looks for an answer before it sleeps, ns. */
const SPIN_NS = 60_000;

/** The broker. */
export class DxgBroker implements IsolatedDxgHost {
  readonly backends: readonly VmbusBackend[];
  /** @internal The half of the host that is the same for all processes. */
  readonly host: DxgHost;
  /** @internal Processes by the guest's handles. */
  readonly table: HandleTable<HostProcess>;
  /** @internal What is shared, by the guest's handles. */
  readonly shares: HandleTable<GuestShare>;
  /** @internal */
  readonly rewriter: Rewriter;
  readonly #options: IsolatedDxgOptions;
  readonly #epoll = new Epoll();
  readonly #live = new Map<number, HostProcess>();
  readonly #ending = new Map<number, Spawned>();
  readonly #ear: Ear;
  readonly #forwarder: Forwarder;
  /** @internal Who has how much of the adapters' memory. */
  readonly ledger: Ledger<HostProcess>;
  readonly #watchLimits: WatchLimits;
  #nextId = 1;
  #tracing: boolean;
  #spareAt = 0;
  #watchAt = 0;
  // Whether there is more to hear than `poll` has.
  #unread = false;
  #open = true;

  /** Starts the first process and waits until it is ready. @throws {DrmError} ENODEV if it has no engine, ETIMEDOUT */
  constructor(options: IsolatedDxgOptions) {
    this.#options = options;
    this.#tracing = options.trace?.enabled ?? false;
    raiseFdLimit();
    this.shares = new HandleTable(options.limits?.shared ?? DEFAULT_LIMITS.shared);
    this.#ear = new Ear(() => this.host, this.shares, options.trace);
    try {
      this.#begin();
      const { infos } = this.#ear;
      const slow = infos.some(({ type }) => type === "cpu");
      const limits: Partial<DxgLimits> = { timeout: slow ? 10e9 : 2e9, ...options.limits };
      const { stuckNs = Math.max(10e9, 5 * (limits.timeout ?? 0)), memoryBytes = 4 * 2 ** 30 } = options;
      this.#watchLimits = { stuckNs, memoryBytes };
      this.host = new DxgHost({
        adapters: infos.map((info) => ({ engine: new FactsEngine(info) })),
        clock: options.clock ?? new RealClock(monotonicNs),
        trace: options.trace,
        limits,
        version: options.version,
        mmioMegabytes: options.mmioMegabytes ?? 4095,
      });
      const { adapters } = makeOrder(this.host, options, { pid: 0, name: "", trace: false });
      this.ledger = new Ledger(adapters.map(segmentsOf), monotonicNs);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
    this.table = new HandleTable(this.host.limits.processes);
    this.rewriter = new Rewriter(this.shares, this.host.limits.waits);
    this.#forwarder = new Forwarder(this, (process, number) => this.#await(process, number));
    this.backends = this.host.backends.map((backend, index) => new Relay(this, this.#forwarder, backend, index));
  }

  #begin(): void {
    const first = this.#start();
    const end = monotonicNs() + START_NS;
    while (first.state === "starting") {
      const left = end - monotonicNs();
      if (left <= 0) throw new DrmError("ETIMEDOUT", "Cannot start the dxg host: its process does not begin");
      this.#turn(left);
    }
    if (first.state !== "ready") throw new DrmError("ENODEV", `Cannot start the dxg host: ${this.#ear.failure}`);
  }

  get version(): number {
    return this.host.version;
  }
  get processes(): readonly { readonly pid: number; readonly guestPid: number | undefined }[] {
    return [...this.#live.values()].map(({ spawned, pid, assigned }) => ({
      pid: spawned.pid,
      guestPid: assigned ? pid : undefined,
    }));
  }
  get busy(): boolean {
    // Whoever sleeps on `completionFd` hears of what wakes a wait; nobody else does without looking.
    if (this.#unread) return true;
    const looks = (this.#options.answerNs ?? 0) >= 1e6;
    for (const process of this.#live.values()) if (process.busy || (looks && process.events.size > 0)) return true;
    return this.host.events.waiting > 0;
  }
  get completionFd(): number {
    return this.#epoll.fd;
  }
  get completionFds(): readonly number[] {
    return [this.#epoll.fd];
  }

  /** @internal Blocks until a process has something to tell, or `ns` are over. */
  rest(ns: number): boolean {
    this.#turn(ns);
    return true;
  }

  poll(): boolean {
    let worked = false, rounds = 0;
    // Whoever sleeps on `completionFd` hears of each event once: nothing may be left unread.
    while (rounds < ROUNDS && this.#turn(0)) {
      worked = true;
      rounds++;
    }
    this.#unread = rounds === ROUNDS;
    for (const process of this.#live.values()) if (this.#look(process)) worked = true;
    const tracing = this.#options.trace?.enabled ?? false;
    if (tracing !== this.#tracing) {
      this.#tracing = tracing;
      for (const process of this.table) process.tell({ kind: "trace", enabled: tracing });
    }
    const now = monotonicNs();
    if (now >= this.#watchAt) this.#watch(now);
    return worked;
  }

  // Waits for at most `ns`, and handles what there is.
  #turn(ns: number): boolean {
    const count = this.#epoll.waitNs(ns);
    for (let i = 0; i < count; i++) {
      const key = this.#epoll.key(i);
      const id = key >>> 2, process = this.#live.get(id);
      if (process === undefined) this.#reap(id);
      else {
        if ((key & 3) === KEY_CONTROL) this.#hear(process);
        else process.heard();
        this.#look(process);
      }
    }
    return count > 0;
  }

  #look(process: HostProcess): boolean {
    if (process.state === "dead") return false;
    const worked = process.poll();
    if (worked) this.#forwarder.deliver();
    if (process.asks) {
      if (process.spend()) this.ledger.hear(process);
      else process.verdict ||= "it says too much";
    }
    if (process.over) {
      this.destroy(process);
      this.#forwarder.deliver();
    } else if (process.verdict !== "") this.lose(process, process.verdict);
    return worked;
  }

  // The guest's call waits, so that it is over when it returns, if the process is quick.
  #await(process: HostProcess, number: number): void {
    const { answerNs = 60_000 } = this.#options;
    let now = monotonicNs();
    const end = now + answerNs, spin = now + Math.min(SPIN_NS, answerNs);
    while (process.pending.has(number)) {
      const worked = this.#look(process);
      now = monotonicNs();
      if (now >= end) return;
      if (!worked && now >= spin) this.#turn(Math.min(end - now, WATCH_NS));
      if (now >= this.#watchAt) this.#watch(now);
    }
  }

  #start(): HostProcess {
    const process = new HostProcess(this.#nextId++, this.#options.start, monotonicNs());
    this.#live.set(process.id, process);
    this.#epoll.add(process.bell, EPOLLIN, process.id * 4 + KEY_BELL);
    this.#epoll.add(process.control.fd, EPOLLIN, process.id * 4 + KEY_CONTROL);
    return process;
  }

  #spare(): void {
    if (!this.#open || monotonicNs() < this.#spareAt) return;
    for (const { assigned } of this.#live.values()) if (!assigned) return;
    try {
      this.#start();
    } catch (error) {
      // It is tried again: whoever comes meanwhile starts one, and hears why not.
      this.#spareAt = monotonicNs() + PAUSE_NS;
      this.host.trace("dxg host", "spare process", error instanceof Error ? error.message : String(error));
    }
  }

  /** @internal A process of the guest begins: its handle. @throws {DrmError} ENOMEM */
  create(pid: number, name: string): number {
    let found: HostProcess | undefined;
    for (const each of this.#live.values()) {
      if (!each.assigned && (found === undefined || each.state === "ready")) found = each;
    }
    if (this.table.room === 0) throw new DrmError("ENOMEM", "Cannot create a process: there are too many");
    let process: HostProcess;
    try {
      process = found ?? this.#start();
      const handlers: VmbusHandlers = {
        packet: (packet) => {
          if (!process.spend()) process.verdict ||= "it says too much";
          else if (!passOn(process, this.host.events, packet)) process.verdict ||= "it says what no host says";
        },
        completion: (packet) => this.#forwarder.completion(process, packet),
        broken: (reason) => void (process.verdict ||= `its ring is broken: ${reason}`),
      };
      const order = makeOrder(this.host, this.#options, { pid, name, trace: this.#tracing });
      process.assign(order, this.#options.wire, handlers);
      if (process.ledger !== undefined) this.ledger.add(process, process.ledger);
    } catch (error) {
      throw new DrmError("ENOMEM", `Cannot create a process: ${error instanceof Error ? error.message : error}`);
    }
    process.handle = this.table.add(process);
    this.#spare();
    return process.handle;
  }

  #hear(process: HostProcess): void {
    for (let count = 0; count < 256 && process.state !== "dead"; count++) {
      const message = process.control.receive();
      if (message === undefined) return;
      if (message === "gone") return this.lose(process, this.#ear.failure || "its process has died");
      try {
        if (!process.spend()) throw new Broken("it says too much");
        this.#ear.hear(process, message);
      } catch (error) {
        if (!(error instanceof Broken || error instanceof DrmError)) throw error;
        this.lose(process, error.message);
      }
    }
  }

  /** @internal What a process has said by now is heard: answers rest on it. */
  listen(process: HostProcess): void {
    this.#hear(process);
  }

  #watch(now: number): void {
    this.#watchAt = now + WATCH_NS;
    for (const process of [...this.#live.values()]) {
      if (!process.retell()) continue;
      const verdict = verdictOf(process, this.ledger, this.#watchLimits, now);
      if (verdict !== undefined) this.lose(process, verdict);
    }
    for (const process of this.ledger.overdue(this.#watchLimits.stuckNs)) this.lose(process, process.verdict);
    this.#spare();
  }

  /** @internal A process is gone, or is to be: its devices are in error, and who waits goes on. */
  lose(process: HostProcess, reason: string): void {
    if (process.state === "dead") return;
    if (process.polling) {
      process.verdict ||= reason;
      return;
    }
    this.#end(process);
    process.verdict = reason;
    process.deviceState ||= _D3DKMT_DEVICEEXECUTION_RESET;
    if (!process.assigned) {
      this.#ear.failure ||= reason;
      this.#spareAt = monotonicNs() + PAUSE_NS;
      return;
    }
    this.host.trace("dxg process", `process ${process.pid}`, `lost: ${reason}`);
    // Values first: who is woken looks at them.
    process.releaseFences();
    this.#leaveShares(process, true);
    const { events } = this.host;
    for (const cookie of process.cookies) events.setGuestData(cookie, process.deviceState);
    for (const [event, times] of process.events) if (times !== Infinity) events.signal(event, process.pid, false);
    process.events.clear();
    this.#answerAll(process);
    if (process.over) this.destroy(process);
    this.#forwarder.deliver();
  }

  #leaveShares(process: HostProcess, died: boolean): void {
    for (const handle of process.hostHandles) this.destroyNt(handle);
    process.hostHandles.clear();
    for (const user of [...process.users.values()]) {
      const { share } = user;
      const isOwn = share.owner === user;
      process.users.delete(user.id);
      share.users.delete(user);
      if (isOwn) {
        share.owner = undefined;
        if (share.global !== 0) this.shares.remove(share.global);
        share.global = 0;
        if (died) share.orphaned();
      }
      share.settle();
    }
  }

  // The kernel's process ends; the guest's may go on to ask for it.
  #end(process: HostProcess): void {
    this.#live.delete(process.id);
    this.ledger?.remove(process);
    this.#epoll.remove(process.bell);
    this.#epoll.remove(process.control.fd);
    process.close();
    this.#ending.set(process.id, process.spawned);
    this.#epoll.add(process.spawned.pidfd, EPOLLIN, process.id * 4 + KEY_END);
    this.#reap(process.id);
  }

  #reap(id: number): void {
    const spawned = this.#ending.get(id);
    if (!spawned?.ended()) return;
    this.#ending.delete(id);
    this.#epoll.remove(spawned.pidfd);
    spawned[Symbol.dispose]();
  }

  /** @internal A process of the guest is over. */
  destroy(process: HostProcess): void {
    if (!this.table.remove(process.handle)) return;
    if (process.state !== "dead") this.#end(process);
    this.#leaveShares(process, false);
    for (const { mapping, pages } of process.shown.values()) {
      if (mapping !== undefined) this.host.window.unmap(mapping);
      pages[Symbol.dispose]();
    }
    process.shown.clear();
    this.#answerAll(process);
  }

  // Nothing that was asked of it is left without an answer: the guest holds memory until then.
  #answerAll(process: HostProcess): void {
    const pending = [...process.pending.values()];
    process.pending.clear();
    for (const each of pending) this.#forwarder.answerLost(process, each);
  }

  /** @internal The guest gives a shared handle back; whether it was one. */
  destroyNt(handle: number): boolean {
    const found = this.shares.get(handle);
    if (found === undefined || !found.isNt) return false;
    this.shares.remove(handle);
    found.share.nt--;
    found.share.settle();
    return true;
  }

  /** @internal The guest is gone. */
  forgetGuest(): void {
    for (const process of [...this.table]) this.destroy(process);
    for (const handle of this.shares.handles()) this.destroyNt(handle);
    this.rewriter.transport = undefined;
  }

  /** Kills all processes and waits for their end. Twice does nothing. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    if (this.table !== undefined) this.forgetGuest();
    for (const process of [...this.#live.values()]) this.#end(process);
    for (const spawned of this.#ending.values()) {
      spawned.wait(5000);
      spawned[Symbol.dispose]();
    }
    this.#ending.clear();
    this.host?.[Symbol.dispose]();
    this.#epoll[Symbol.dispose]();
  }
}
