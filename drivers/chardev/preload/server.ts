/**
 * `PreloadServer`: the kernel thread for clients that the client library (shim/) brings. One thread, one epoll, no Promise: it
 * blocks until a client wants something, a timer is due or it is told to stop. Each message of a client is answered or
 * discarded; whatever a client sends, only its own connection suffers.
 * @module
 */

import { DrmError, EAGAIN } from "../../../core/error.ts";
import type { File } from "../../../core/file.ts";
import { BudgetAllocator } from "../../../core/memory.ts";
import type { System } from "../../../core/system.ts";
import type { Wait } from "../../../core/wait.ts";
import { ERRNO } from "../../../uapi/errno.ts";
import {
  close,
  Epoll,
  EPOLLET,
  EPOLLIN,
  eventfd,
  eventfdRead,
  MSG_DONTWAIT,
  OsError,
  raiseFdLimit,
} from "../../os/mod.ts";
import { ActionSender } from "./action_sender.ts";
import { Calls, reservedFds } from "./calls.ts";
import { Client } from "./client.ts";
import { ClientSpaces } from "./client_space.ts";
import { Connections } from "./connections.ts";
import { DmaBufs } from "./dma_bufs.ts";
import { Ends } from "./ends.ts";
import { FileEnd } from "./file_end.ts";
import type { Outcome } from "./outcome.ts";
import { PollPipe } from "./poll_pipe.ts";
import {
  HEADER,
  OP_CANCEL,
  OP_HELLO,
  OP_IOCTL,
  OP_RESEND,
  OP_SYNC,
  REPLY,
  REQUEST,
  REQUEST_INLINE,
  STATUS_WANTS_FDS,
} from "./protocol.ts";
import type { RemoteFds } from "./remote_fds.ts";
import { Request } from "./request.ts";
import { Strangers } from "./strangers.ts";
import { Tally } from "./tally.ts";
import { Watches } from "./watches.ts";

const { EFAULT, EINTR, EINVAL, EIO, ENFILE } = ERRNO;
/** Pipes by which clients wait for dma-bufs: those of one process, and all. */
const PROCESS_PIPES_MAX = 2048;
const PIPES_MAX = 16384;
/** Messages of a file that is about to be closed. */
const SETTLE_MAX = 4;
const KEY_LISTEN = 0;
const KEY_KICK = 1;
const KEY_CLOSES = 2;
const KEY_COMPLETION = 3;
const KEY_FIRST = 4;

/** What the server's epoll watches besides its own. */
type Watched = Client | FileEnd | PollPipe;

/** What a {@linkcode PreloadServer} is made of. */
export interface PreloadServerOptions {
  /** The system that clients meet; its pages need descriptors (`memfdAllocator`), its clock is CLOCK_MONOTONIC. */
  readonly system: System;
  /** The folder of this server alone: the socket and the tree are in it, and its last part marks the server's fds. */
  readonly folder: string;
  /** Called when the server is kicked; false ends it. */
  readonly onKick?: () => boolean;
  /** Called when the last client is about to lose a file, while what it has made still stands. */
  readonly onRelease?: (file: File) => void;
  /** Hears of errors in the program itself: the client's request ends with EIO. */
  readonly onError?: (error: unknown) => void;
}

/** Serves clients of other processes. */
export class PreloadServer implements Disposable {
  /** An eventfd: whatever adds to it makes the server call `onKick`. */
  readonly kick: number;
  readonly #system: System;
  readonly #options: PreloadServerOptions;
  readonly #epoll = new Epoll();
  readonly #watches = new Watches<Watched>(this.#epoll, KEY_FIRST);
  readonly #connections: Connections;
  readonly #dmaBufs: DmaBufs;
  readonly #ends: Ends;
  readonly #strangers = new Strangers();
  readonly #spaces = new ClientSpaces();
  readonly #actions = new ActionSender();
  readonly #pipes = new Tally(PROCESS_PIPES_MAX, PIPES_MAX);
  readonly #calls: Calls;
  readonly #spares: Request[] = [];
  readonly #examine = (fd: number): File | undefined => this.#ends.find(fd);
  // The system's eventfds that are watched.
  #completionFds: readonly number[] = [];
  #stopped = false;
  // The descriptors of the client whose request runs.
  #current: RemoteFds | undefined = undefined;
  #closed = false;

  /**
   * Listens on FOLDER/socket.
   *
   * @param options the system, and where
   * @throws {OsError} as bind(2); EMFILE
   */
  constructor(options: PreloadServerOptions) {
    const { system, folder } = options;
    this.#options = options;
    this.#system = system;
    raiseFdLimit();
    this.kick = eventfd();
    this.#epoll.add(this.kick, EPOLLIN, KEY_KICK);
    this.#connections = new Connections(
      `${folder}/socket`,
      this.#epoll,
      KEY_LISTEN,
      system.clock,
      (client) => this.#watches.add(client),
    );
    this.#dmaBufs = new DmaBufs(system.clock);
    if (this.#dmaBufs.closesFd >= 0) this.#epoll.add(this.#dmaBufs.closesFd, EPOLLIN, KEY_CLOSES);
    const key = folder.slice(folder.lastIndexOf("/") + 1);
    this.#ends = new Ends(key, this.#dmaBufs, (end) => this.#watches.add(end));
    this.#calls = new Calls(system, this.#dmaBufs, this.#pipes, `${folder}/root`);
    // Buffers that clients have let go of may still be counted.
    if (system.pages instanceof BudgetAllocator) system.pages.onShort = () => this.#dmaBufs.sweep();
  }

  /** Connected threads of clients. */
  get clients(): number {
    return this.#connections.count;
  }

  /** Open files that clients hold, most dma-bufs aside. */
  get files(): number {
    return this.#ends.count;
  }

  /** Dma-bufs that clients hold as memfds. */
  get dmaBufs(): number {
    return this.#dmaBufs.count;
  }

  /** Descriptors of clients' own files that are kept: eventfds to signal, memfds of udmabufs. */
  get strangers(): number {
    return this.#strangers.count;
  }

  /** Processes with connections, mappings of drivers, or memory that drivers use. */
  get spaces(): number {
    return this.#spaces.count;
  }

  /** Pipes by which clients wait for dma-bufs. */
  get pipes(): number {
    return this.#pipes.total;
  }

  /** Whether the request that runs now will come again with fds reserved: it is no event for a trace. */
  get discarding(): boolean {
    return this.#current !== undefined && this.#current.wanted > 0;
  }

  /** Serves until a kick ends it. The thread blocks. */
  run(): void {
    while (!this.#stopped) this.turn(Infinity);
  }

  /** Waits for events for at most `ns`, or the next timer, and handles what there is. @param ns 0 does not wait. */
  turn(ns: number): void {
    const system = this.#system;
    if (system.completionFds !== this.#completionFds) this.#watchCompletions(system.completionFds);
    if (system.pending) system.pump();
    let wait = Math.min(ns, system.clock.next - system.clock.now());
    if (system.busy) wait = Math.min(wait, 1e6);
    const count = this.#epoll.waitNs(wait);
    for (let i = 0; i < count; i++) this.#event(this.#epoll.key(i));
    this.#watches.settle();
    if (system.pending) system.pump();
  }

  // By edges: what they count is of no interest, that there is something to pump is.
  #watchCompletions(fds: readonly number[]): void {
    for (const fd of this.#completionFds) if (!fds.includes(fd)) this.#epoll.remove(fd);
    for (const fd of fds) if (!this.#completionFds.includes(fd)) this.#epoll.add(fd, EPOLLIN | EPOLLET, KEY_COMPLETION);
    this.#completionFds = fds;
  }

  #event(key: number): void {
    if (key === KEY_COMPLETION) return this.#system.pump(); // it may have been idle until now
    if (key === KEY_LISTEN) return this.#connections.accept();
    if (key === KEY_CLOSES) return this.#guarded(() => this.#dmaBufs.hear());
    if (key === KEY_KICK) {
      eventfdRead(this.kick);
      if (this.#options.onKick?.() === false) this.#stopped = true;
      return;
    }
    const watched = this.#watches.get(key);
    if (watched === undefined) return;
    // A pipe has no event but that its client has let go of it.
    if (watched instanceof PollPipe) return this.#drop(watched);
    const request = this.#spares.pop() ?? new Request();
    const length = request.message.receive(watched.socket, MSG_DONTWAIT);
    if (length <= 0) {
      if (length === -ERRNO.EBADMSG && request.message.lost) this.#refuse(watched, request);
      this.#spares.push(request);
      if (length !== EAGAIN && length !== -ERRNO.EINTR && length !== -ERRNO.EBADMSG) this.#drop(watched);
      return;
    }
    request.received = length;
    if (this.#handle(watched, request)) return;
    request.message.closeFds();
    this.#spares.push(request);
  }

  // What came with the message was lost: this process is out of descriptors. The client is not to wait for ever.
  #refuse(from: Client | FileEnd, request: Request): void {
    const client = this.#sender(from, request);
    if (client === undefined || client.wait !== undefined) return;
    client.fds?.begin([]);
    this.#finish(client, request, request.outcome.begin(), -ENFILE);
  }

  #drop(what: Watched): void {
    if (!this.#watches.remove(what)) return;
    if (what instanceof FileEnd) {
      this.#ends.remove(what);
      this.#guarded(() => this.#options.onRelease?.(what.file));
    } else if (what instanceof PollPipe) this.#pipes.give(what.pid);
    else this.#connections.remove(what);
    this.#guarded(() => what.close());
  }

  // Errors in the program itself must not take the server down.
  #guarded(body: () => void): void {
    try {
      body();
    } catch (error) {
      this.#options.onError?.(error);
    }
  }

  // Whose connection a request names. A file's requests name the one that is to have the answer: the kernel says whether it is
  // the sender's. A greeting may have been sent before the server asked who sends: who connected is known.
  #sender(from: Client | FileEnd, request: Request): Client | undefined {
    const named = from instanceof Client ? from : this.#watches.get(request.u32(REQUEST.connection));
    if (!(named instanceof Client)) return undefined;
    const { pid } = request.message;
    if (named.peer.pid === pid) return named;
    return pid === 0 && from === named && request.u32(REQUEST.op) === OP_HELLO ? named : undefined;
  }

  // Whether the request is kept, because it waits.
  #handle(from: Client | FileEnd, request: Request): boolean {
    if (request.received < HEADER) return false;
    const op = request.u32(REQUEST.op);
    if (from instanceof FileEnd && op === OP_RESEND) {
      from.resend(request.u32(REQUEST.command));
      return false;
    }
    const client = this.#sender(from, request);
    if (client === undefined) return false;
    client.sentBy(request.message.uid);
    if (op === OP_CANCEL) {
      if (client.wait !== undefined && client.waiting === request.u32(REQUEST.sequence)) client.wait.cancel();
      return false;
    }
    if (op === OP_SYNC && from instanceof Client) this.#look(request.number(REQUEST.argument));
    // One request at a time: an answer would not find who waits for it.
    if (client.wait !== undefined) {
      this.#drop(client);
      return false;
    }
    let result: number | Wait;
    let file: File | undefined;
    const outcome = request.outcome.begin();
    try {
      if (op === OP_HELLO) result = this.#hello(client, request, outcome);
      else if (client.task === undefined || client.fds === undefined) result = -EINVAL;
      else {
        client.fds.begin(reservedFds(request, op));
        client.memory?.begin(op === OP_IOCTL && (request.u32(REQUEST.flags) & REQUEST_INLINE) === 0);
        this.#current = client.fds;
        file = from instanceof FileEnd ? from.file : undefined;
        result = this.#calls.call(client.task, from instanceof FileEnd ? from : undefined, op, request, outcome);
      }
    } catch (error) {
      result = this.#errno(error);
    }
    this.#current = undefined;
    client.fds?.end();
    if (typeof result === "number") {
      this.#finish(client, request, outcome, result);
      return false;
    }
    const wait = result;
    if (wait.result !== undefined) {
      this.#finish(client, request, outcome, wait.result);
      return false;
    }
    client.wait = wait;
    client.waiting = request.u32(REQUEST.sequence);
    file?.ref();
    wait.onDone((done) => {
      client.wait = undefined;
      this.#guarded(() => this.#finish(client, request, outcome, done));
      file?.put();
      request.message.closeFds();
      this.#spares.push(request);
    });
    return true;
  }

  // Its end may be among the events that are still to come: they are taken first. No more than it can have left behind.
  #look(cookie: number): void {
    const end = this.#ends.byCookie(cookie);
    for (let i = 0; end !== undefined && i < SETTLE_MAX && this.#watches.get(end.key) === end; i++) {
      this.#event(end.key);
    }
  }

  #errno(error: unknown): number {
    if (error instanceof DrmError) return -error.errno;
    if (error instanceof OsError) return -ENFILE;
    this.#options.onError?.(error);
    return -EIO;
  }

  #hello(client: Client, request: Request, outcome: Outcome): number {
    outcome.token = client.key;
    const space = () =>
      this.#spaces.enter(client.peer.pid, request.number(REQUEST.offset), request.number(REQUEST.length));
    return client.greet(this.#system, request.pointer, request.argument(8), this.#examine, this.#strangers, space);
  }

  // Answers. What goes along is the client's from here on: if the answer cannot be sent, it closes by itself.
  #finish(client: Client, request: Request, outcome: Outcome, done: number): void {
    const { fds } = client;
    const { message, words } = request;
    let result = done;
    let again = 0;
    if (fds !== undefined && result < 0) {
      // Drivers may call it by another name: dxgkrnl says ENOTRECOVERABLE.
      if (result !== -EINTR && fds.wanted > 0) again = fds.wanted;
      fds.takeBack();
    }
    message.closeFds();
    const installs = fds?.installs ?? [];
    let count = 0;
    let size = HEADER + outcome.data;
    try {
      if (outcome.memory >= 0) message.fds[count++] = outcome.memory;
      count = this.#givePipes(outcome, message.fds, count);
      if (outcome.opened !== undefined && !client.closed) {
        const { opened } = outcome;
        outcome.opened = undefined;
        // Not in one: what is left of the assignment is done first, and must not be if this throws.
        const wired = this.#ends.wire(opened, outcome.node);
        message.fds[count++] = wired;
      }
      if (!client.closed) {
        while (installs.length > 0) {
          const { fd, file, cloexec } = installs[0];
          installs.shift();
          const wired = this.#ends.wire(file);
          message.fds[count++] = wired;
          message.view.setInt32(size, fd, true);
          message.view.setInt32(size + 4, cloexec ? 1 : 0, true);
          size += 8;
        }
      }
    } catch (error) {
      result = this.#errno(error);
      fds?.takeBack();
      for (let i = 0; i < count; i++) close(message.fds[i]);
      count = 0;
      size = HEADER + outcome.data;
    }
    outcome.opened?.put();
    if (client.closed) fds?.takeBack();
    else if (this.#act(client, words[REQUEST.sequence])) {
      request.answer();
      words[REPLY.status] = again > 0 ? STATUS_WANTS_FDS : 0;
      words[REPLY.result] = again > 0 ? again : result;
      words[REPLY.installs] = (size - HEADER - outcome.data) / 8;
      words[REPLY.dataLength] = outcome.data;
      words[REPLY.token] = outcome.end?.settle() ?? outcome.token;
      message.view.setBigInt64(REPLY.value * 4, BigInt(outcome.value), true);
      if (outcome.length > 0) message.view.setBigUint64(REPLY.length * 4, BigInt(outcome.length), true);
      const refused = again > 0 || result === -EFAULT ? HEADER : size;
      if (message.send(client.socket, refused, count, MSG_DONTWAIT) < 0) this.#drop(client);
    }
    for (let i = 0; i < count; i++) close(message.fds[i]);
    if (fds !== undefined) fds.wanted = 0;
  }

  // What is to be done with the client's addresses, before its answer. Whether that could be sent.
  #act(client: Client, sequence: number): boolean {
    const actions = client.memory?.actions() ?? [];
    if (actions.length === 0) return true;
    try {
      if (this.#actions.send(client.socket, sequence, actions) === 0) return true;
    } catch (error) {
      this.#errno(error);
    }
    this.#drop(client);
    return false;
  }

  // What a client waits with is watched from here on; what cannot be watched it does not get.
  #givePipes(outcome: Outcome, fds: Int32Array, start: number): number {
    let count = start;
    let room = true;
    if (outcome.pipes.length === 0) return start;
    for (const { pipe, fd } of outcome.pipes.splice(0)) {
      fds[count++] = fd;
      if (room && this.#watches.add(pipe, 0)) continue;
      room = false;
      this.#pipes.give(pipe.pid);
      pipe.close();
    }
    if (room) return count;
    while (count > start) close(fds[--count]);
    throw new DrmError("ENFILE", "Cannot let a client wait for a buffer: the server is out of watches");
  }

  /** Ends every connection and every file. Twice does nothing. */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const watched of this.#watches.all) if (watched instanceof Client) this.#drop(watched);
    for (const watched of this.#watches.all) this.#drop(watched);
    this.#connections.close();
    if (this.#system.pages instanceof BudgetAllocator) this.#system.pages.onShort = undefined;
    this.#dmaBufs.close();
    this.#strangers.close();
    close(this.kick);
    this.#epoll[Symbol.dispose]();
  }
}
