/**
 * Many clients, each with a process of its own: spare ones wait for whoever comes next. The supervisor hands over connections and
 * watches: what works on one thing for too long, or takes too much memory, is killed, and its client alone is gone.
 * @module
 */

import { ERRNO, errnoName } from "../../../uapi/errno.ts";
import {
  close,
  Epoll,
  EPOLLIN,
  EPOLLONESHOT,
  eventfd,
  eventfdRead,
  monotonicNs,
  passCredentials,
  socketpair,
} from "../../os/mod.ts";
import { Child } from "./child.ts";
import type { VtestEvent } from "./event.ts";
import { VTEST_LIMITS, type VtestLimits } from "./limits.ts";
import { Listener } from "./listener.ts";

const KEY_LISTEN = 0;
const KEY_KICK = 1;
const KEY_FIRST = 16;
/** How often processes are looked at, ns. */
const WATCH_NS = 500e6;
/** How long a process may take until it is ready, ns. */
const START_NS = 60e9;
/** How long it may take to end, ns. */
const END_NS = 3e9;
/** How long no spare process is started after one has failed, ns. */
const PAUSE_NS = 2e9;
/**
 * Spare processes: with two, none need start while a lone client draws, which would take a processor from it, and who runs one
 * program after the other finds one ready each time.
 */
const SPARES = 2;
/** How long none is started after a client has come, ns: its first pictures want the processors more than the next client may. */
const FIRST_NS = 5e9;

/** What a process may say before others are heard. */
const WORDS = 16;

/** What a {@linkcode VtestSupervisor} is made of. */
export interface VtestSupervisorOptions {
  /** Where clients connect. */
  readonly path: string;
  /**
   * Starts a process that calls `serveOne`.
   *
   * @param id names it in `kill`. @param control a descriptor that it inherits, close-on-exec until then; to be closed here once it
   * has been
   */
  readonly spawn: (id: number, control: number) => void;
  /** Kills a process. */
  readonly kill: (id: number) => void;
  /** What each client may have. `gpuNs` is also how long a process may work on one thing. */
  readonly limits?: VtestLimits;
  /** Bytes of memory that a process may use, 4 GiB unless told. */
  readonly memoryBytes?: number;
  /** Clients at once, 64 unless told; more wait. */
  readonly maxClients?: number;
  /** Called when the supervisor is kicked; false ends it. */
  readonly onKick?: () => boolean;
  /** Hears what happens. */
  readonly onEvent?: (event: VtestEvent) => void;
  /** The first process is ready: what executes, and on what. */
  readonly onReady?: (renderer: string, device: string) => void;
  /** The first process cannot make a renderer: no client will ever be served. */
  readonly onFailed?: (message: string) => void;
}

/** Serves all clients, each by a process. */
export class VtestSupervisor implements Disposable {
  /** An eventfd: whatever adds to it makes the supervisor call `onKick`. */
  readonly kick: number;
  readonly #options: VtestSupervisorOptions;
  readonly #limits: VtestLimits;
  readonly #listener: Listener;
  readonly #epoll = new Epoll();
  readonly #children = new Map<number, Child>();
  #nextChild = 1;
  #nextClient = 1;
  #everReady = false;
  #spareAt = 0;
  #quietUntil = 0;
  #watchAt = 0;
  #accepting = true;
  #stopped = false;
  #closed = false;

  /**
   * Listens, and starts the first process.
   *
   * @param options how to start processes, and where clients connect
   * @throws {VtestError | OsError} if it cannot listen there
   */
  constructor(options: VtestSupervisorOptions) {
    this.#options = options;
    this.#limits = options.limits ?? VTEST_LIMITS;
    using undo = new DisposableStack();
    undo.use(this.#epoll);
    this.#listener = undo.use(new Listener(options.path));
    this.kick = undo.adopt(eventfd(), close);
    this.#epoll.add(this.kick, EPOLLIN, KEY_KICK);
    this.#epoll.add(this.#listener.fd, EPOLLIN | EPOLLONESHOT, KEY_LISTEN);
    this.#spare();
    undo.move();
  }

  /** Processes, with and without clients. */
  get processes(): number {
    return this.#children.size;
  }
  /** Clients now. */
  get clients(): number {
    let count = 0;
    for (const { client } of this.#children.values()) if (client > 0) count++;
    return count;
  }
  /** Whether a spare process waits for a client. */
  get ready(): boolean {
    for (const { client, state } of this.#children.values()) if (client === 0 && state === "ready") return true;
    return false;
  }
  /** Process id of a client's process; 0 if there is none. */
  pidOf(client: number): number {
    for (const child of this.#children.values()) if (child.client === client) return child.pid;
    return 0;
  }

  /** Serves until a kick ends it. The thread blocks. */
  run(): void {
    while (!this.#stopped) this.turn(Infinity);
  }

  /** Ends `run`. */
  stop(): void {
    this.#stopped = true;
  }

  /** Waits for at most `ns`, and does what there is to do. @param ns 0 does not wait. */
  turn(ns: number): void {
    const watched = this.clients > 0 || !this.ready || this.#spares < SPARES;
    const count = this.#epoll.waitNs(watched ? Math.min(ns, WATCH_NS) : ns);
    for (let i = 0; i < count; i++) this.#event(this.#epoll.key(i));
    const now = monotonicNs();
    if (now >= this.#watchAt) {
      this.#watchAt = now + WATCH_NS;
      for (const child of [...this.#children.values()]) this.#watch(child, now);
      this.#spare();
      this.#accept(false);
    }
  }

  #event(key: number): void {
    if (key === KEY_LISTEN) return this.#accept(true);
    if (key === KEY_KICK) {
      eventfdRead(this.kick);
      if (this.#options.onKick?.() === false) this.#stopped = true;
      return;
    }
    const child = this.#children.get(key - KEY_FIRST);
    if (child !== undefined) this.#hear(child);
  }

  // Takes all that there are, or, if they were told to wait, looks whether they still must.
  #accept(woken: boolean): void {
    if (!woken && this.#accepting) return;
    const { maxClients = 64, onEvent } = this.#options;
    for (;;) {
      if (this.clients >= maxClients) return this.#hold(`${maxClients} clients are here: others wait`);
      const fd = this.#listener.accept((message) => onEvent?.({ kind: "note", message }));
      if (fd === -ERRNO.EAGAIN) break;
      if (fd < 0) return this.#hold(`no client can come: ${errnoName(fd)}`);
      try {
        this.#serve(fd);
      } catch (error) {
        this.#hold(`no client can come: ${error instanceof Error ? error.message : error}`);
        return;
      } finally {
        close(fd);
      }
    }
    this.#accepting = true;
    this.#epoll.modify(this.#listener.fd, EPOLLIN | EPOLLONESHOT, KEY_LISTEN);
  }

  #hold(message: string): void {
    if (this.#accepting) this.#options.onEvent?.({ kind: "note", message });
    this.#accepting = false;
  }

  #serve(fd: number): void {
    let found: Child | undefined;
    for (const child of this.#children.values()) {
      if (child.client === 0 && child.state !== "ending" && (found === undefined || child.state === "ready")) {
        found = child;
      }
    }
    // What is sent before the process runs waits in its socket.
    const child = found ?? this.#start();
    const client = this.#nextClient++;
    this.#options.onEvent?.({ kind: "client", client });
    const now = monotonicNs();
    if (!child.assign(client, fd, this.#limits, now)) this.#kill(child, "its process does not listen");
    this.#quietUntil = now + FIRST_NS;
  }

  get #spares(): number {
    let count = 0;
    for (const { client, state } of this.#children.values()) if (client === 0 && state !== "ending") count++;
    return count;
  }

  // A client may want one at once where none is left; where one is, the next can wait until somebody has ended.
  #spare(): void {
    if (monotonicNs() < Math.max(this.#spareAt, this.#quietUntil)) return;
    const wanted = !this.#everReady || this.clients > 0 ? 1 : SPARES;
    for (let i = this.#spares; i < wanted; i++) this.#start();
  }

  #start(): Child {
    const [ours, theirs] = socketpair();
    const id = this.#nextChild++;
    passCredentials(ours);
    const child = new Child(id, ours, monotonicNs());
    this.#children.set(id, child);
    this.#epoll.add(ours, EPOLLIN, KEY_FIRST + id);
    this.#options.spawn(id, theirs);
    return child;
  }

  #hear(child: Child): void {
    const { onEvent } = this.#options;
    // One that never stops talking is heard again after the others.
    for (let i = 0; i < WORDS; i++) {
      const message = child.receive();
      if (message === undefined) return;
      if (message === "gone") return this.#gone(child);
      switch (message.kind) {
        case "ready":
          child.state = "ready";
          child.since = monotonicNs();
          if (!this.#everReady) this.#options.onReady?.(message.renderer, message.device);
          this.#everReady = true;
          this.#spare();
          break;
        case "failed":
          child.state = "ending";
          child.last = { reason: message.message, failed: true };
          break;
        case "name":
          onEvent?.({ kind: "name", client: child.client, name: message.name });
          break;
        case "end":
          child.state = "ending";
          child.since = monotonicNs();
          child.last = message;
      }
    }
  }

  // Its process has ended, or is about to.
  #gone(child: Child): void {
    this.#children.delete(child.id);
    this.#epoll.remove(child.control);
    child[Symbol.dispose]();
    // It has nothing more to say: a process that closed its socket may hang on its way out.
    this.#options.kill(child.id);
    const { onEvent, onFailed } = this.#options;
    const reason = child.verdict ?? child.last?.reason ?? "its process has died";
    const failed = child.verdict !== undefined || child.last === undefined || child.last.failed;
    if (child.client > 0) onEvent?.({ kind: "end", client: child.client, reason, failed });
    if (child.client === 0 || child.state === "starting") {
      this.#spareAt = monotonicNs() + PAUSE_NS;
      if (!this.#everReady) {
        onFailed?.(reason);
        return;
      }
      if (child.client === 0) onEvent?.({ kind: "note", message: `a spare process has ended: ${reason}` });
    }
    // One that has ended leaves its processor; who runs many short programs has the next one soon.
    this.#quietUntil = 0;
    this.#accept(false);
    this.#spare();
  }

  #watch(child: Child, now: number): void {
    const { memoryBytes = 4 * 2 ** 30 } = this.#options;
    if (child.state === "starting") {
      if (now - child.since > START_NS) this.#kill(child, "its process does not begin");
      return;
    }
    if (child.state === "ending") {
      if (now - child.since > END_NS) this.#kill(child, child.last?.reason ?? "its process does not end");
      return;
    }
    if (child.client === 0) return;
    // The process itself notices a GPU that hangs, and tells why: it is the first to try.
    if (child.stuckFor(now) > this.#limits.gpuNs) {
      this.#kill(child, `a message was not done with after ${this.#limits.gpuNs / 1e9} s`);
    } else if (child.memory() > memoryBytes) {
      this.#kill(child, `its process took more than ${Math.round(memoryBytes / 2 ** 20)} MiB of memory`);
    }
  }

  #kill(child: Child, verdict: string): void {
    child.verdict = verdict;
    child.state = "ending";
    child.since = monotonicNs();
    this.#options.kill(child.id);
  }

  /** Kills all processes and removes the socket. Twice does nothing. */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener[Symbol.dispose]();
    for (const child of this.#children.values()) {
      child[Symbol.dispose]();
      this.#options.kill(child.id);
      if (child.client > 0) {
        this.#options.onEvent?.({ kind: "end", client: child.client, reason: "the server ends", failed: false });
      }
    }
    this.#children.clear();
    close(this.kick);
    this.#epoll[Symbol.dispose]();
  }
}
