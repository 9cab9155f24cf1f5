/**
 * `Connections`: accepting clients, and how many there may be.
 * @module
 */

import type { Clock, Timer } from "../../../core/clock.ts";
import { EAGAIN } from "../../../core/error.ts";
import { ERRNO } from "../../../uapi/errno.ts";
import { accept, close, type Epoll, EPOLLIN, listen, OsError, passCredentials, peerCredentials } from "../../os/mod.ts";
import { Client } from "./client.ts";
import { Tally } from "./tally.ts";

/** Threads of clients that may be connected at once, and those of one process. */
const MAX = 16384;
const PROCESS_MAX = 2048;
/** How long nothing is accepted after the server has run out of descriptors. */
const PAUSE_NS = 100e6;

// Programs of root may become another user's, as their nodes' modes then say what they may open (permission.ts). Nobody but
// root can read the memory of such ones.
function letOthersIn(path: string): void {
  if (Deno.uid() !== 0) return;
  Deno.chmodSync(path, 0o666);
  Deno.chmodSync(path.slice(0, path.lastIndexOf("/")), 0o711);
}

/** The listening socket and what comes in by it. */
export class Connections {
  readonly #listener: number;
  readonly #epoll: Epoll;
  readonly #key: number;
  readonly #clock: Clock;
  readonly #watch: (client: Client) => boolean;
  readonly #tally = new Tally(PROCESS_MAX, MAX);
  #pause: Timer | undefined;

  /**
   * Listens.
   *
   * @param path where. @param epoll which watches. @param key its event. @param clock for pauses. @param watch watches a client.
   * @throws {OsError} as bind(2); EMFILE
   */
  constructor(path: string, epoll: Epoll, key: number, clock: Clock, watch: (client: Client) => boolean) {
    this.#listener = listen(path);
    letOthersIn(path);
    passCredentials(this.#listener); // newer kernels: connections inherit it
    this.#epoll = epoll;
    this.#key = key;
    this.#clock = clock;
    this.#watch = watch;
    epoll.add(this.#listener, EPOLLIN, key);
  }

  /** Connected threads of clients. */
  get count(): number {
    return this.#tally.total;
  }

  /** Takes all that wait. */
  accept(): void {
    for (;;) {
      const socket = accept(this.#listener);
      if (socket === EAGAIN || socket === -ERRNO.ECONNABORTED || socket === -ERRNO.EINTR) return;
      if (socket < 0) return this.#rest();
      let client: Client;
      try {
        passCredentials(socket);
        client = new Client(socket, peerCredentials(socket));
      } catch (error) {
        close(socket);
        if (!(error instanceof OsError)) throw error;
        continue;
      }
      if (!this.#tally.take(client.peer.pid)) close(socket);
      else if (!this.#watch(client)) {
        this.#tally.give(client.peer.pid);
        close(socket);
      }
    }
  }

  // The server is out of descriptors.
  #rest(): void {
    if (this.#pause !== undefined) return;
    this.#epoll.remove(this.#listener);
    this.#pause = this.#clock.at(this.#clock.now() + PAUSE_NS, () => {
      this.#pause = undefined;
      this.#epoll.add(this.#listener, EPOLLIN, this.#key);
    });
  }

  /** A connection is over. */
  remove(client: Client): void {
    this.#tally.give(client.peer.pid);
  }

  /** Listens no more. */
  close(): void {
    this.#pause?.cancel();
    this.#pause = undefined;
    close(this.#listener);
  }
}
