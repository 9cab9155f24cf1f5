/**
 * Many clients in one thread, on one renderer: each with a context of its own. One epoll, no Promise: it blocks until a client says
 * something or the GPU is done. A client that does what cannot be ends alone; one that blocks the renderer blocks all of them (the
 * supervisor gives each a process instead).
 * @module
 */

import type { Renderer3d } from "../../../core/host3d.ts";
import { ERRNO, errnoName } from "../../../uapi/errno.ts";
import {
  close,
  Epoll,
  EPOLLERR,
  EPOLLET,
  EPOLLHUP,
  EPOLLIN,
  EPOLLONESHOT,
  EPOLLOUT,
  eventfd,
  eventfdRead,
  fdLimit,
  monotonicNs,
} from "../../os/mod.ts";
import type { VtestEvent } from "./event.ts";
import { Graveyard } from "./graveyard.ts";
import { VTEST_LIMITS, type VtestLimits } from "./limits.ts";
import { Listener } from "./listener.ts";
import { Session, type SessionNeed } from "./session.ts";

const KEY_LISTEN = 0;
const KEY_KICK = 1;
const KEY_GPU = 2;
const KEY_FIRST = 16;
/** How often a renderer that cannot say when it is done is looked at, ns. */
const POLL_NS = 200_000;
/** The same for one that can: a word that is lost costs no more than this. */
const LOOK_NS = 5e6;
/** How soon connections are taken again when there are no descriptors, or too many clients, ns. */
const RETRY_NS = 500e6;

/** What a {@linkcode VtestServer} is made of. */
export interface VtestServerOptions {
  /** Where clients connect. */
  readonly path: string;
  /** Who executes. Its owner disposes it, after the server. */
  readonly renderer: Renderer3d;
  /** What each client may have. */
  readonly limits?: VtestLimits;
  /** Clients at once, 256 unless told; more wait. */
  readonly maxClients?: number;
  /** Called when the server is kicked; false ends it. */
  readonly onKick?: () => boolean;
  /** Hears what happens. */
  readonly onEvent?: (event: VtestEvent) => void;
}

interface Entry {
  readonly id: number;
  readonly session: Session;
  need: SessionNeed;
  named: boolean;
}

/** Serves all clients. */
export class VtestServer implements Disposable {
  /** An eventfd: whatever adds to it makes the server call `onKick`. */
  readonly kick: number;
  readonly #options: VtestServerOptions;
  readonly #limits: VtestLimits;
  readonly #listener: Listener;
  readonly #epoll = new Epoll();
  readonly #graveyard: Graveyard;
  readonly #entries = new Map<number, Entry>();
  #nextId = 1;
  #paused = 0;
  #stopped = false;
  #closed = false;
  // Since when the GPU has completed nothing though a client waits.
  #outstanding = false;
  #completed = 0;
  #since = 0;

  /**
   * Listens.
   *
   * @param options the renderer, and where
   * @throws {VtestError | OsError} if it cannot listen there
   */
  constructor(options: VtestServerOptions) {
    this.#options = options;
    const limits = options.limits ?? VTEST_LIMITS;
    // Descriptors are everybody's.
    this.#limits = { ...limits, shares: Math.min(limits.shares, Math.max(64, Math.floor(fdLimit().soft / 4))) };
    using undo = new DisposableStack();
    undo.use(this.#epoll);
    this.#listener = undo.use(new Listener(options.path));
    this.kick = undo.adopt(eventfd(), close);
    this.#graveyard = undo.use(new Graveyard(options.renderer));
    this.#epoll.add(this.kick, EPOLLIN, KEY_KICK);
    const { completionFd } = options.renderer;
    if (completionFd !== undefined) this.#epoll.add(completionFd, EPOLLIN | EPOLLET, KEY_GPU);
    this.#listen(true);
    undo.move();
  }

  /** Clients now. */
  get clients(): number {
    return this.#entries.size;
  }

  /** Serves until a kick ends it. The thread blocks. */
  run(): void {
    while (!this.#stopped) this.turn(Infinity);
  }

  /** Waits for at most `ns`, and does what there is to do. @param ns 0 does not wait. @returns how many events there were. */
  turn(ns: number): number {
    let wait = ns, waiting = false;
    for (const { need, session } of this.#entries.values()) {
      if (need === "batch" || session.watching) waiting = true;
    }
    if (waiting) wait = Math.min(wait, this.#options.renderer.completionFd === undefined ? POLL_NS : LOOK_NS);
    if (this.#paused > 0 || this.#graveyard.size > 0) wait = Math.min(wait, RETRY_NS);
    const count = this.#epoll.waitNs(wait);
    for (let i = 0; i < count; i++) this.#event(this.#epoll.key(i), this.#epoll.events(i));
    if (waiting) this.#lookAtGpu();
    else this.#outstanding = false;
    if (count <= 0) this.#graveyard.sweep();
    if (this.#paused > 0 && monotonicNs() > this.#paused) this.#listen(false);
    return Math.max(0, count);
  }

  #listen(first: boolean): void {
    this.#paused = 0;
    const events = EPOLLIN | EPOLLONESHOT;
    if (first) this.#epoll.add(this.#listener.fd, events, KEY_LISTEN);
    else this.#epoll.modify(this.#listener.fd, events, KEY_LISTEN);
  }

  #event(key: number, events: number): void {
    if (key === KEY_LISTEN) return this.#accept();
    if (key === KEY_KICK) {
      eventfdRead(this.kick);
      if (this.#options.onKick?.() === false) this.#stopped = true;
      return;
    }
    if (key === KEY_GPU) return this.#lookAtGpu();
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    // Who hangs up does not wait for the GPU any more.
    if (entry.need === "batch" && (events & (EPOLLHUP | EPOLLERR)) !== 0) entry.session.stop("it is gone");
    this.#run(entry);
  }

  // Those that wait for the GPU go on if they can.
  #lookAtGpu(): void {
    const completed = this.#options.renderer.completed(), now = monotonicNs();
    if (completed !== this.#completed || !this.#outstanding) {
      this.#completed = completed;
      this.#since = now;
    }
    this.#outstanding = false;
    for (const entry of this.#entries.values()) {
      if (entry.need !== "batch" && !entry.session.watching) continue;
      if (entry.need === "batch" && entry.session.last > completed) this.#outstanding = true;
      else this.#run(entry);
    }
    if (this.#outstanding && now - this.#since > this.#limits.gpuNs) this.#endStalled(completed);
  }

  #endStalled(completed: number): void {
    for (const entry of this.#entries.values()) {
      if (entry.session.last <= completed) continue;
      entry.session.stop(`the GPU did not finish within ${this.#limits.gpuNs / 1e9} s`);
      this.#run(entry);
    }
  }

  #accept(): void {
    const { maxClients = 256, onEvent } = this.#options;
    if (this.#entries.size >= maxClients) return this.#pause(`${maxClients} clients are here: others wait`);
    const fd = this.#listener.accept((message) => onEvent?.({ kind: "note", message }));
    if (fd === -ERRNO.EAGAIN) return this.#listen(false);
    if (fd < 0) return this.#pause(`no client can come: ${errnoName(fd)}`);
    const id = this.#nextId++;
    const session = new Session(fd, this.#options.renderer, this.#graveyard, this.#limits);
    const entry: Entry = { id, session, need: "input", named: false };
    const key = KEY_FIRST + id % 0xffff_0000;
    this.#entries.set(key, entry);
    onEvent?.({ kind: "client", client: id });
    if (this.#epoll.add(fd, EPOLLIN, key) < 0) session.stop("it cannot be watched");
    this.#run(entry);
    this.#listen(false);
  }

  #pause(message: string): void {
    this.#paused = monotonicNs() + RETRY_NS;
    this.#options.onEvent?.({ kind: "note", message });
  }

  #run(entry: Entry): void {
    const { session, id } = entry;
    const before = entry.need;
    const need = entry.need = session.run();
    if (!entry.named && session.name !== "") {
      entry.named = true;
      this.#options.onEvent?.({ kind: "name", client: id, name: session.name });
    }
    if (need === "end") return this.#end(entry);
    if (need === before) return;
    const events = need === "input" ? EPOLLIN : need === "output" ? EPOLLOUT : 0;
    this.#epoll.modify(session.fd, events, KEY_FIRST + id % 0xffff_0000);
  }

  #end({ id, session }: Entry): void {
    this.#entries.delete(KEY_FIRST + id % 0xffff_0000);
    this.#epoll.remove(session.fd);
    const { onEvent } = this.#options;
    try {
      session[Symbol.dispose]();
    } catch (error) {
      onEvent?.({ kind: "note", message: `an error in udrm itself: ${error instanceof Error ? error.stack : error}` });
    }
    onEvent?.({ kind: "end", client: id, reason: session.end ?? "", failed: session.failed });
    if (this.#paused > 0) this.#listen(false);
  }

  /** Ends all connections and removes the socket. Twice does nothing. */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener[Symbol.dispose]();
    for (const entry of [...this.#entries.values()]) {
      entry.session.stop("the server ends");
      this.#end(entry);
    }
    // What the GPU still reads must stay until it is done, or until nobody can tell any more.
    const { renderer } = this.#options;
    if (this.#graveyard.size > 0) renderer.wait(renderer.submit(), this.#limits.gpuNs);
    this.#graveyard[Symbol.dispose]();
    close(this.kick);
    this.#epoll[Symbol.dispose]();
  }
}
