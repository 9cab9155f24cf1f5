/**
 * `InspectFeed`: sends snapshots to whoever watches, a few times a second, and only then asks for them.
 * @module
 */

import type { Inspection } from "../../../core/inspect/inspector.ts";

/** Where snapshots come from: a kernel thread, or a system in this isolate. */
export interface InspectSource {
  /** Somebody watches from now on, or nobody any more. */
  watch(on: boolean): void | Promise<void>;
  /** How things stand, and what happened since event number `since`. `thumbnails`: whether planes have pictures. */
  look(since: number, thumbnails: boolean): Inspection | Promise<Inspection>;
}

/** How often, and to how many. */
export interface InspectLimits {
  /** Milliseconds between snapshots. */
  readonly interval: number;
  /** Of how many snapshots one has thumbnails. */
  readonly thumbnailsEvery: number;
  /** Who may watch at once. */
  readonly watchers: number;
  /** Bytes on their way to a watcher beyond which snapshots are left out. */
  readonly outgoing: number;
  /** Snapshots left out in a row after which a watcher is dropped. */
  readonly patience: number;
}

/** Smooth enough to look at. */
export const INSPECT_LIMITS: InspectLimits = {
  interval: 250,
  thumbnailsEvery: 2,
  watchers: 16,
  outgoing: 1 << 20,
  patience: 120,
};

/** Watchers have nothing to say. */
const MESSAGE_MAX = 256;

interface Watcher {
  readonly socket: WebSocket;
  missed: number;
}

/** The feed. */
export class InspectFeed implements AsyncDisposable {
  readonly #source: InspectSource;
  readonly #limits: InspectLimits;
  readonly #watchers = new Set<Watcher>();
  #running: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #ended = false;

  /** Asks for nothing yet. @param source where snapshots come from. @param limits how often. */
  constructor(source: InspectSource, limits: Partial<InspectLimits> = {}) {
    this.#source = source;
    this.#limits = { ...INSPECT_LIMITS, ...limits };
  }

  /** Who watches. */
  get watchers(): number {
    return this.#watchers.size;
  }

  /** Whether one more may watch. */
  get hasRoom(): boolean {
    return !this.#ended && this.#watchers.size < this.#limits.watchers;
  }

  /** Takes a socket that is about to open. It is dropped if there is no room. */
  add(socket: WebSocket): void {
    if (!this.hasRoom) {
      socket.onopen = () => socket.close(1013, "too many watch");
      return;
    }
    const watcher: Watcher = { socket, missed: 0 };
    this.#watchers.add(watcher);
    const end = (): void => this.#drop(watcher);
    let spoken = 0;
    socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      spoken += typeof data === "string" ? data.length : MESSAGE_MAX + 1;
      if (spoken > MESSAGE_MAX) this.#drop(watcher, 1008, "nothing is to be said here");
    };
    socket.onclose = end;
    socket.onerror = (event) => {
      if ("preventDefault" in event) event.preventDefault();
      end();
    };
    socket.onopen = () => {
      // What goes on makes no difference between old and new watchers: this one need not wait.
      this.#wake?.();
      this.#running ??= this.#run().finally(() => this.#running = undefined);
    };
  }

  #drop(watcher: Watcher, code?: number, reason?: string): void {
    if (!this.#watchers.delete(watcher)) return;
    try {
      watcher.socket.close(code, reason);
    } catch { /* it never opened */ }
    if (this.#watchers.size === 0) this.#wake?.();
  }

  async #run(): Promise<void> {
    const { interval, thumbnailsEvery } = this.#limits;
    try {
      await this.#source.watch(true);
      let since = 0;
      for (let round = 0; this.#watchers.size > 0 && !this.#ended; round++) {
        const inspection = await this.#source.look(since, round % thumbnailsEvery === 0);
        since = inspection.trace.next;
        this.#send(JSON.stringify(inspection));
        await this.#sleep(interval);
      }
      await this.#source.watch(false);
    } catch {
      // The system has ended; its viewers hear of it by their connections' end.
      for (const watcher of [...this.#watchers]) this.#drop(watcher, 1001, "the system has ended");
    }
    // Somebody may have come while the last one was told to end.
    if (this.#watchers.size > 0 && !this.#ended) await this.#run();
  }

  #send(text: string): void {
    for (const watcher of [...this.#watchers]) {
      const { socket } = watcher;
      if (socket.readyState !== WebSocket.OPEN) continue;
      if (socket.bufferedAmount <= this.#limits.outgoing) {
        watcher.missed = 0;
        socket.send(text);
      } else if (++watcher.missed > this.#limits.patience) this.#drop(watcher, 1008, "too slow");
    }
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#wake = done;
    });
  }

  /** Drops all. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    for (const watcher of [...this.#watchers]) this.#drop(watcher, 1001, "the server ends");
    this.#wake?.();
    await this.#running;
  }
}
