/**
 * The back end: listens on a socket and serves one front end after the other. One thread, one epoll, no Promise: it blocks until
 * the front end says something, kicks, or reads from its display. Whatever a front end does, the next one is served.
 * @module
 */

import type { VirtioBackend } from "../../../core/bus.ts";
import { DrmError } from "../../../core/error.ts";
import { GuestMemory } from "../../../core/guest_memory.ts";
import { vhostUserName } from "../../../uapi/vhost_user.ts";
import {
  accept,
  close,
  Epoll,
  EPOLLET,
  EPOLLIN,
  EPOLLONESHOT,
  eventfd,
  eventfdRead,
  listenStream,
  monotonicNs,
  OsError,
} from "../../os/mod.ts";
import { Doorbells } from "./descriptors.ts";
import { VhostUserError } from "./error.ts";
import type { GpuDisplay } from "./gpu_display.ts";
import { handleRequest } from "./requests.ts";
import { Session, type Surroundings } from "./session.ts";

const KEY_LISTEN = 0;
const KEY_KICK = 1;
const KEY_FRONT_END = 2;
const KEY_DISPLAY = 3;
const KEY_COMPLETION = 4;
const KEY_RINGS = 5;
/** How often a device that works by itself is looked at, ns; and one that tells when there is something to see. */
const POLL_NS = 200_000;
const LOOK_NS = 2_000_000;

/** What a {@linkcode VhostUserServer} is made of. */
export interface VhostUserServerOptions {
  /** Where to listen: a path that does not exist yet. */
  readonly path: string;
  /** The device; its frames go to `display`. Its owner disposes it, after the server. */
  readonly backend: VirtioBackend;
  /** The front end's screens. Its owner disposes it, after the server. */
  readonly display: GpuDisplay;
  /** Heads that configuration space tells of, 1 by default; front ends may know better (QEMU does). */
  readonly outputs?: number;
  /** Called when the server is kicked; false ends it. */
  readonly onKick?: () => boolean;
  /** Hears of front ends that come, go, and do what cannot be, in a sentence. */
  readonly onEvent?: (sentence: string) => void;
  /** Hears of errors in the program itself. */
  readonly onError?: (error: unknown) => void;
}

/** Serves front ends. */
export class VhostUserServer implements Disposable {
  /** An eventfd: whatever adds to it makes the server call `onKick`. */
  readonly kick: number;
  readonly #options: VhostUserServerOptions;
  readonly #epoll = new Epoll();
  readonly #around: Surroundings;
  readonly #listener: number;
  #session: Session | undefined;
  #served = 0;
  #stopped = false;
  #closed = false;

  /**
   * Listens.
   *
   * @param options the device, and where
   * @throws {OsError} as bind(2): EADDRINUSE if the path exists
   */
  constructor(options: VhostUserServerOptions) {
    this.#options = options;
    using undo = new DisposableStack();
    undo.use(this.#epoll);
    const { backend, display, outputs = 1 } = options;
    this.#listener = undo.adopt(listenStream(options.path), close);
    this.kick = undo.adopt(eventfd(), close);
    this.#around = {
      backend,
      display,
      outputs,
      memory: new GuestMemory(),
      epoll: this.#epoll,
      ringKey: KEY_RINGS,
      doorbells: undo.use(new Doorbells()),
      say: (sentence) => options.onEvent?.(sentence),
      onError: (error) => options.onError?.(error),
      stoppedAt: undefined,
    };
    display.watch(this.#epoll, KEY_DISPLAY);
    display.onDrop = (reason) => options.onEvent?.(`the display socket is used no more: ${reason}`);
    this.#epoll.add(this.kick, EPOLLIN, KEY_KICK);
    this.#epoll.add(this.#listener, EPOLLIN | EPOLLONESHOT, KEY_LISTEN);
    if (backend.completionFd !== undefined) {
      this.#epoll.add(backend.completionFd, EPOLLIN | EPOLLET, KEY_COMPLETION);
    }
    undo.move();
  }

  /** Whether a front end is served now. */
  get serving(): boolean {
    return this.#session !== undefined;
  }
  /** Front ends that have come. */
  get served(): number {
    return this.#served;
  }
  /** Whether a guest's driver runs. */
  get running(): boolean {
    return this.#session?.running ?? false;
  }

  /** Serves until a kick ends it. The thread blocks. */
  run(): void {
    while (!this.#stopped) this.turn(Infinity);
  }

  /** Waits for events for at most `ns`, and handles what there is. @param ns 0 does not wait. @returns how many there were. */
  turn(ns: number): number {
    const { backend, display } = this.#options;
    let wait = ns;
    if (this.#session !== undefined && backend.busy) {
      let worked = false;
      this.#guarded(() => worked = backend.poll());
      wait = worked ? 0 : Math.min(wait, backend.completionFd === undefined ? POLL_NS : LOOK_NS);
    }
    if (display.querying) wait = Math.min(wait, Math.max(0, display.deadline - monotonicNs()));
    const count = this.#epoll.waitNs(wait);
    for (let i = 0; i < count; i++) this.#event(this.#epoll.key(i), this.#epoll.events(i));
    display.expire();
    this.#session?.kickDeferred();
    this.#session?.tellLogged();
    return Math.max(0, count);
  }

  #event(key: number, events: number): void {
    if (key === KEY_COMPLETION) return this.#poll();
    if (key === KEY_LISTEN) return this.#accept();
    if (key === KEY_KICK) {
      eventfdRead(this.kick);
      if (this.#options.onKick?.() === false) this.#stopped = true;
      return;
    }
    if (key === KEY_DISPLAY) return this.#guarded(() => this.#options.display.event(events));
    const session = this.#session;
    if (session === undefined) return;
    if (key === KEY_FRONT_END) return this.#serve(session);
    const ring = session.rings[key - KEY_RINGS];
    if (ring !== undefined) session.kick(ring);
  }

  #poll(): void {
    if (this.#session !== undefined && this.#options.backend.busy) this.#guarded(() => this.#options.backend.poll());
  }

  #accept(): void {
    // One at a time: whoever comes meanwhile waits in the kernel and is served next.
    if (this.#session !== undefined) {
      this.#options.onEvent?.("another front end waits until this one is gone");
      return;
    }
    const fd = accept(this.#listener);
    if (fd < 0) {
      this.#epoll.modify(this.#listener, EPOLLIN | EPOLLONESHOT, KEY_LISTEN);
      return;
    }
    this.#served++;
    const session = this.#session = new Session(fd, this.#around);
    this.#options.onEvent?.("a front end has come");
    if (this.#epoll.add(fd, EPOLLIN, KEY_FRONT_END) < 0) this.#end(session, "it cannot be watched");
    else this.#epoll.modify(this.#listener, EPOLLIN | EPOLLONESHOT, KEY_LISTEN);
  }

  #serve(session: Session): void {
    try {
      for (;;) {
        const received = session.socket.receive();
        if (received === "end") return this.#end(session, "it is gone");
        if (!received) return;
        handleRequest(session);
        session.socket.next();
      }
    } catch (error) {
      const expected = error instanceof VhostUserError || error instanceof DrmError || error instanceof OsError;
      if (!expected) this.#options.onError?.(error);
      const { socket } = session;
      const name = socket.input.length >= 12 ? `${vhostUserName(socket.request)}: ` : "";
      this.#end(session, `its connection ends: ${name}${error instanceof Error ? error.message : error}`);
    }
  }

  #end(session: Session, why: string): void {
    this.#session = undefined;
    this.#guarded(() => session[Symbol.dispose]());
    this.#options.onEvent?.(`the front end: ${why}`);
    this.#epoll.modify(this.#listener, EPOLLIN | EPOLLONESHOT, KEY_LISTEN);
  }

  // Errors in the program itself must not take the server down.
  #guarded(body: () => void): void {
    try {
      body();
    } catch (error) {
      this.#options.onError?.(error);
    }
  }

  /** Ends the connection, closes and removes the socket. Twice does nothing. */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    const session = this.#session;
    this.#session = undefined;
    if (session !== undefined) this.#guarded(() => session[Symbol.dispose]());
    this.#options.display.disconnect();
    close(this.#listener);
    try {
      Deno.removeSync(this.#options.path);
    } catch { /* whoever has removed it, it is gone */ }
    close(this.kick);
    this.#around.doorbells[Symbol.dispose]();
    this.#epoll[Symbol.dispose]();
  }
}
