/**
 * `PreloadServer`: the kernel thread for clients that the client library (shim/) brings. One thread, one epoll, no Promise: it
 * blocks until a client wants something, a timer is due or it is told to stop. Each message of a client is answered or
 * discarded; whatever a client sends, only its own connection suffers.
 * @module
 */

import { DmaBuf } from "../../../core/dma_buf.ts";
import { DrmFile } from "../../../core/drm_file.ts";
import { DrmError, EAGAIN } from "../../../core/error.ts";
import type { File } from "../../../core/file.ts";
import type { System } from "../../../core/system.ts";
import type { Timer } from "../../../core/clock.ts";
import type { Wait } from "../../../core/wait.ts";
import { ERRNO } from "../../../uapi/errno.ts";
import {
  accept,
  close,
  Epoll,
  EPOLLIN,
  eventfd,
  eventfdRead,
  fstat,
  listen,
  MessageBuffer,
  MSG_DONTWAIT,
  OsError,
  passCredentials,
  peerCredentials,
  raiseFdLimit,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
} from "../../os/mod.ts";
import { Calls, Outcome, reservedFds } from "./calls.ts";
import { Client } from "./client.ts";
import { DmaBufs } from "./dma_bufs.ts";
import { FileEnd } from "./file_end.ts";
import { HEADER, OP_CANCEL, OP_HELLO, OP_RESEND, REPLY, REQUEST, STATUS_WANTS_FDS } from "./protocol.ts";
import type { RemoteFds } from "./remote_fds.ts";
import { Request } from "./request.ts";
import { Watches } from "./watches.ts";

const { EFAULT, EINVAL, EIO, EMFILE, ENFILE } = ERRNO;
/** Threads of clients that may be connected at once, and those of one process. */
const CONNECTIONS_MAX = 16384;
const PROCESS_CONNECTIONS_MAX = 2048;
/** How long nothing is accepted after the server has run out of descriptors. */
const PAUSE_NS = 100e6;
const KEY_LISTEN = 0;
const KEY_KICK = 1;

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
  readonly #keyName: string;
  readonly #listener: number;
  readonly #epoll = new Epoll();
  readonly #watches = new Watches<Client | FileEnd>(this.#epoll, KEY_KICK + 1);
  readonly #ends = new Map<number, FileEnd>();
  readonly #dmaBufs: DmaBufs;
  readonly #calls: Calls;
  readonly #token = new MessageBuffer(8);
  readonly #spares: Request[] = [];
  readonly #examine = (fd: number): File | undefined => this.#fileOf(fd);
  #clients = 0;
  // By process id.
  readonly #threads = new Map<number, number>();
  #files = 0;
  #pause: Timer | undefined;
  #stopped = false;
  #sweep = false;
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
    this.#options = options;
    this.#system = options.system;
    this.#keyName = options.folder.slice(options.folder.lastIndexOf("/") + 1);
    raiseFdLimit();
    this.kick = eventfd();
    this.#listener = listen(`${options.folder}/socket`);
    passCredentials(this.#listener); // newer kernels: connections inherit it
    this.#dmaBufs = new DmaBufs(this.#system.clock);
    this.#calls = new Calls(this.#system, this.#dmaBufs);
    this.#epoll.add(this.#listener, EPOLLIN, KEY_LISTEN);
    this.#epoll.add(this.kick, EPOLLIN, KEY_KICK);
  }

  /** Connected threads of clients. */
  get clients(): number {
    return this.#clients;
  }

  /** Open files that clients hold, dma-bufs aside. */
  get files(): number {
    return this.#ends.size;
  }

  /** Dma-bufs that clients hold. */
  get dmaBufs(): number {
    return this.#dmaBufs.count;
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
    if (system.pending) system.pump();
    let wait = Math.min(ns, system.clock.next - system.clock.now());
    if (system.busy) wait = Math.min(wait, 1e6);
    const timeout = wait === Infinity ? -1 : Math.max(0, Math.min(Math.ceil(wait / 1e6), 0x7fff_ffff));
    const count = this.#epoll.wait(timeout);
    for (let i = 0; i < count; i++) this.#event(this.#epoll.key(i));
    this.#watches.settle();
    if (this.#sweep) {
      this.#sweep = false;
      this.#guarded(() => this.#dmaBufs.sweep());
    }
    if (system.pending) system.pump();
  }

  #event(key: number): void {
    if (key === KEY_LISTEN) return this.#accept();
    if (key === KEY_KICK) {
      eventfdRead(this.kick);
      if (this.#options.onKick?.() === false) this.#stopped = true;
      return;
    }
    const watched = this.#watches.get(key);
    if (watched === undefined) return;
    const request = this.#spares.pop() ?? new Request();
    const length = request.message.receive(watched.socket, MSG_DONTWAIT);
    if (length <= 0) {
      this.#spares.push(request);
      if (length !== EAGAIN && length !== -ERRNO.EINTR && length !== -ERRNO.EBADMSG) this.#drop(watched);
      return;
    }
    request.received = length;
    if (this.#handle(watched, request)) return;
    request.message.closeFds();
    this.#spares.push(request);
  }

  #drop(what: Client | FileEnd): void {
    if (!this.#watches.remove(what)) return;
    if (what instanceof FileEnd) {
      this.#ends.delete(what.inode);
      this.#guarded(() => this.#options.onRelease?.(what.file));
    } else {
      this.#clients--;
      const threads = (this.#threads.get(what.peer.pid) ?? 1) - 1;
      if (threads > 0) this.#threads.set(what.peer.pid, threads);
      else this.#threads.delete(what.peer.pid);
    }
    this.#guarded(() => what.close());
    // A client that goes has often held buffers.
    this.#sweep = true;
  }

  // Errors in the program itself must not take the server down.
  #guarded(body: () => void): void {
    try {
      body();
    } catch (error) {
      this.#options.onError?.(error);
    }
  }

  #accept(): void {
    for (;;) {
      const socket = accept(this.#listener);
      if (socket === EAGAIN || socket === -ERRNO.ECONNABORTED || socket === -ERRNO.EINTR) return;
      if (socket < 0) return this.#pauseAccepting();
      let client: Client;
      try {
        passCredentials(socket);
        client = new Client(socket, peerCredentials(socket));
      } catch (error) {
        close(socket);
        if (!(error instanceof OsError)) throw error;
        continue;
      }
      const threads = this.#threads.get(client.peer.pid) ?? 0;
      if (this.#clients >= CONNECTIONS_MAX || threads >= PROCESS_CONNECTIONS_MAX || !this.#watches.add(client)) {
        close(socket);
        continue;
      }
      this.#clients++;
      this.#threads.set(client.peer.pid, threads + 1);
    }
  }

  #pauseAccepting(): void {
    if (this.#pause !== undefined) return;
    this.#epoll.remove(this.#listener);
    const { clock } = this.#system;
    this.#pause = clock.at(clock.now() + PAUSE_NS, () => {
      this.#pause = undefined;
      this.#epoll.add(this.#listener, EPOLLIN, KEY_LISTEN);
    });
  }

  // Whether the request is kept, because it waits.
  #handle(from: Client | FileEnd, request: Request): boolean {
    if (request.received < HEADER) return false;
    const op = request.u32(REQUEST.op);
    if (from instanceof FileEnd && op === OP_RESEND) {
      from.resend(request.u32(REQUEST.command));
      return false;
    }
    // A file's requests name the connection that is to have the answer: the kernel says whether it is the sender's.
    const named = from instanceof Client ? from : this.#watches.get(request.u32(REQUEST.connection));
    if (!(named instanceof Client)) return false;
    // A greeting may have been sent between `accept` and `passCredentials`, without a sender: who connected is known.
    const sender = request.message.pid;
    if (named.peer.pid !== sender && !(sender === 0 && from === named && op === OP_HELLO)) return false;
    const client = named;
    if (op === OP_CANCEL) {
      if (client.wait !== undefined && client.waiting === request.u32(REQUEST.sequence)) client.wait.cancel();
      return false;
    }
    // One request at a time: an answer would not find who waits for it.
    if (client.wait !== undefined) {
      this.#drop(client);
      return false;
    }
    let result: number | Wait;
    let file: File | undefined;
    const outcome = new Outcome();
    try {
      if (op === OP_HELLO) result = this.#hello(client, request, outcome);
      else if (client.task === undefined || client.fds === undefined) result = -EINVAL;
      else {
        client.fds.begin(reservedFds(request, op));
        this.#current = client.fds;
        file = from instanceof FileEnd ? from.file : undefined;
        result = this.#calls.call(client.task, from instanceof FileEnd ? from : undefined, op, request, outcome);
      }
    } catch (error) {
      result = this.#errno(error);
    }
    this.#current = undefined;
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

  #errno(error: unknown): number {
    if (error instanceof DrmError) return -error.errno;
    if (error instanceof OsError) return -ENFILE;
    this.#options.onError?.(error);
    return -EIO;
  }

  #hello(client: Client, request: Request, outcome: Outcome): number {
    outcome.token = client.key;
    return client.greet(this.#system, request.pointer, request.argument(8), this.#examine);
  }

  // Answers. What goes along is the client's from here on: if the answer cannot be sent, it closes by itself.
  #finish(client: Client, request: Request, outcome: Outcome, done: number): void {
    const { fds } = client;
    const { message, words } = request;
    let result = done;
    let again = 0;
    if (fds !== undefined && result < 0) {
      if (result === -EMFILE && fds.wanted > 0) again = fds.wanted;
      fds.takeBack();
    }
    message.closeFds();
    const installs = fds?.installs ?? [];
    let count = 0;
    let size = HEADER + outcome.data;
    try {
      if (outcome.memory >= 0) message.fds[count++] = outcome.memory;
      if (outcome.opened !== undefined && !client.closed) {
        const { opened } = outcome;
        outcome.opened = undefined;
        message.fds[count++] = this.#wire(opened);
      }
      if (!client.closed) {
        while (installs.length > 0) {
          const { fd, file, cloexec } = installs[0];
          installs.shift();
          message.fds[count++] = this.#wire(file);
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
    else {
      request.answer();
      words[REPLY.status] = again > 0 ? STATUS_WANTS_FDS : 0;
      words[REPLY.result] = again > 0 ? again : result;
      words[REPLY.installs] = (size - HEADER - outcome.data) / 8;
      words[REPLY.dataLength] = outcome.data;
      words[REPLY.token] = outcome.end?.settle() ?? outcome.token;
      message.view.setBigInt64(REPLY.value * 4, BigInt(outcome.value), true);
      const refused = again > 0 || result === -EFAULT ? HEADER : size;
      if (message.send(client.socket, refused, count, MSG_DONTWAIT) < 0) this.#drop(client);
    }
    for (let i = 0; i < count; i++) close(message.fds[i]);
    if (fds !== undefined) fds.wanted = 0;
  }

  // The descriptor by which a client gets a file; takes over the reference.
  #wire(file: File): number {
    if (file instanceof DmaBuf) return this.#dmaBufs.lend(file);
    const node = file instanceof DrmFile ? file.name : file.kind;
    const { end, fd } = FileEnd.make(file, `${this.#keyName}/${node}/${this.#files++}`, this.#token);
    if (!this.#watches.add(end)) {
      close(fd);
      end.close();
      throw new DrmError("ENFILE", "Cannot open another file: the server is out of watches");
    }
    this.#ends.set(end.inode, end);
    return fd;
  }

  // Which of our files a descriptor of ours (a duplicate of a client's) is.
  #fileOf(fd: number): File | undefined {
    const { mode, ino } = fstat(fd);
    const type = mode & S_IFMT;
    if (type === S_IFSOCK) return this.#ends.get(Number(ino))?.file;
    return type === S_IFREG ? this.#dmaBufs.find(fd) : undefined;
  }

  /** Ends every connection and every file. Twice does nothing. */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const watched of this.#watches.all) if (watched instanceof Client) this.#drop(watched);
    for (const watched of this.#watches.all) this.#drop(watched);
    this.#pause?.cancel();
    this.#dmaBufs.close();
    close(this.#listener);
    close(this.kick);
    this.#epoll[Symbol.dispose]();
  }
}
