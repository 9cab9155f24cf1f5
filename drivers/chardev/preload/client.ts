/**
 * `Client`: one connection, which is one thread of a client. Who it is the kernel has said.
 * @module
 */

import { Process } from "../../../core/process.ts";
import type { System } from "../../../core/system.ts";
import type { Wait } from "../../../core/wait.ts";
import { ERRNO } from "../../../uapi/errno.ts";
import { close, comm, type PeerCredentials, pidfdOpen, RemoteMemory } from "../../os/mod.ts";
import { ClientMemory } from "./client_memory.ts";
import type { ClientSpace } from "./client_space.ts";
import { type Examine, RemoteFds } from "./remote_fds.ts";
import type { Strangers } from "./strangers.ts";

const { EINVAL, EMFILE, ENFILE, EPERM } = ERRNO;

/** A connection. */
export class Client {
  /** The socket. */
  readonly socket: number;
  /** Who connected. */
  readonly peer: PeerCredentials;
  /** What the server's epoll calls it, and the connection's number on the wire. */
  key = -1;
  /** Its descriptors; present once it has been greeted. */
  fds: RemoteFds | undefined = undefined;
  /** Its memory; present once it has been greeted. */
  memory: ClientMemory | undefined = undefined;
  /** The task; present once it has been greeted. */
  task: Process | undefined = undefined;
  /** The request that waits. */
  wait: Wait | undefined = undefined;
  /** Number of the request that waits. */
  waiting = 0;
  #pidfd = -1;
  #closed = false;
  // Its real user id, as messages tell; -1 before the first.
  #user = -1;

  /** A connection of nobody yet. @param socket accepted. @param peer whose. */
  constructor(socket: number, peer: PeerCredentials) {
    this.socket = socket;
    this.peer = peer;
  }

  /** Whether the connection is over. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Makes the task, if its memory can be reached.
   *
   * @param system whose client it is
   * @param address where `expected` lies in its memory
   * @param expected 8 bytes
   * @param examine finds our files among its descriptors
   * @param strangers keeps what else of them is used
   * @param space finds what the server knows of its addresses
   * @returns 0, or -errno: EPERM if the system forbids it
   */
  greet(
    system: System,
    address: bigint,
    expected: Uint8Array,
    examine: Examine,
    strangers: Strangers,
    space: () => ClientSpace,
  ): number {
    if (this.task !== undefined) return -EINVAL;
    const pidfd = pidfdOpen(this.peer.pid);
    if (pidfd === -EMFILE) return -ENFILE; // it is the server that has no room
    if (pidfd < 0) return pidfd;
    const found = new Uint8Array(8);
    try {
      new RemoteMemory(this.peer.pid).copyIn(address, found);
    } catch {
      close(pidfd);
      return -EPERM;
    }
    if (found.some((byte, i) => byte !== expected[i])) {
      close(pidfd);
      return -EPERM;
    }
    this.#pidfd = pidfd;
    const memory = this.memory = new ClientMemory(this.peer.pid, space(), system.pages);
    this.fds = new RemoteFds(pidfd, this.peer.pid, examine, strangers);
    this.task = new Process(system, this.fds, memory, {
      pid: this.peer.pid,
      comm: comm(this.peer.pid) || "unknown",
      uid: this.peer.uid,
    });
    return 0;
  }

  /** A message came. @param uid the sender's real user, -1 if unknown: one that has changed its user has another one's rights. */
  sentBy(uid: number): void {
    if (uid === this.#user || uid < 0) return;
    if (this.#user >= 0) this.task?.setUser(uid);
    this.#user = uid;
  }

  /** The connection is over: what waits is interrupted. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    close(this.socket);
    this.wait?.cancel();
    this.wait = undefined;
    this.memory?.close();
    if (this.#pidfd >= 0) close(this.#pidfd);
  }
}
