/**
 * `Process`: the calling task as the kernel sees it; `LocalProcess`: a client in this isolate, with a heap and fds;
 * `OpenFile`: one fd of it, the door by which in-process clients enter.
 * @module
 */

import {
  EFD_CLOEXEC,
  MAP_SHARED,
  MFD_ALLOW_SEALING,
  MFD_CLOEXEC,
  O_CLOEXEC,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  POLLNVAL,
  PROT_READ,
  PROT_WRITE,
} from "../uapi/fcntl.ts";
import type { Ioctl } from "../uapi/ioctl.ts";
import { DrmError, EAGAIN, EBUSY, EINTR, ETIME } from "./error.ts";
import { type FdTable, LocalFdTable } from "./fd_table.ts";
import type { File, IoctlArgument, Mapping, PollWaiter } from "./file.ts";
import { EventFd } from "./eventfd.ts";
import { MemFd } from "./memfd.ts";
import { LocalMemory } from "./local_memory.ts";
import { type UserBuffer, UserHeap, type UserMemory } from "./memory.ts";
import type { System } from "./system.ts";
import { Wait } from "./wait.ts";

/** Who a process is. */
export interface ProcessOptions {
  /** Thread id of the caller. */
  readonly pid?: number;
  /** Thread group id, default `pid`. */
  readonly tgid?: number;
  /** Command name, at most 15 bytes. */
  readonly comm?: string;
  /** User id. */
  readonly uid?: number;
  /** Whether it has CAP_SYS_ADMIN, default only for uid 0. */
  readonly capSysAdmin?: boolean;
  /** RLIMIT_NOFILE of an in-process client, default 2^20. */
  readonly fdLimit?: number;
}

/** A task: identity, descriptors, memory. */
export class Process {
  /** The system it is a client of. */
  readonly system: System;
  /** Thread id. */
  readonly pid: number;
  /** Thread group id. */
  readonly tgid: number;
  /** Command name. */
  comm: string;
  /** User id. */
  uid: number;
  /** CAP_SYS_ADMIN. */
  capSysAdmin: boolean;
  /** Its descriptors. */
  readonly fds: FdTable;
  /** What its pointers reach. */
  readonly memory: UserMemory;

  /** A task of a system. @param system whose client it is. @param fds its descriptors. @param memory its memory. @param options identity. */
  constructor(system: System, fds: FdTable, memory: UserMemory, options: ProcessOptions = {}) {
    this.system = system;
    this.fds = fds;
    this.memory = memory;
    this.pid = options.pid ?? system.nextPid();
    this.tgid = options.tgid ?? this.pid;
    this.comm = (options.comm ?? "udrm").slice(0, 15);
    this.uid = options.uid ?? 1000;
    this.capSysAdmin = options.capSysAdmin ?? this.uid === 0;
  }

  /** setuid: another user from now on. What was opened before keeps what it was opened with. @param uid whose it becomes. */
  setUser(uid: number): void {
    this.uid = uid;
    this.capSysAdmin = uid === 0;
  }

  /** Gives a file to this process: a new fd, which takes over the caller's reference. Throws EMFILE (the reference is dropped). */
  install(file: File, cloexec = true): number {
    let fd: number;
    try {
      fd = this.fds.reserve();
    } catch (error) {
      file.put();
      throw error;
    }
    this.fds.install(fd, file, cloexec);
    return fd;
  }
}

/** Throws a negative result as a DrmError, save those that callers must expect: EAGAIN, EBUSY, ETIME, EINTR. */
function answer(result: number): number {
  if (result >= 0 || result === EAGAIN || result === EBUSY || result === ETIME || result === EINTR) return result;
  throw DrmError.of(result);
}

/** A client in this isolate. */
export class LocalProcess extends Process implements Disposable {
  /** Memory with addresses, for the pointer members of structs. */
  readonly heap: UserHeap;
  readonly #fds: LocalFdTable;
  readonly #memory: LocalMemory;
  readonly #mappings = new Map<Uint8Array, Mapping>();
  readonly #waits = new Set<Wait>();
  #exited = false;

  /** A client with an empty heap and no fds; `System.process` makes them. @param system whose client it is. @param options identity. */
  constructor(system: System, options: ProcessOptions = {}) {
    const heap = new UserHeap();
    const fds = new LocalFdTable(options.fdLimit ?? 1 << 20);
    const memory = new LocalMemory(heap);
    super(system, fds, memory, options);
    this.heap = heap;
    this.#memory = memory;
    this.#fds = fds;
  }

  /**
   * open(2) of a device node.
   *
   * @param path "/dev/dri/card0", "/dev/dri/renderD128", "/dev/sw_sync", "/dev/udmabuf", "/sys/kernel/debug/dri/0/state".
   * @param flags O_*, default O_RDWR | O_CLOEXEC.
   * @throws {DrmError} ENOENT for an unknown path; what the node says otherwise.
   * @throws {TypeError} after the process has exited: nobody would close the file.
   */
  open(path: string, flags: number = O_RDWR | O_CLOEXEC): OpenFile {
    if (this.#exited) throw new TypeError(`Cannot open ${path}: process ${this.pid} has exited`);
    return this.file(this.install(this.system.open(this, path, flags), (flags & O_CLOEXEC) !== 0));
  }

  /** The file behind an fd that an ioctl gave. Throws EBADF. */
  file(fd: number): OpenFile {
    const file = this.fds.get(fd);
    if (file === undefined) throw new DrmError("EBADF", `Cannot use fd ${fd}: it is not open`);
    return new OpenFile(this, fd, file);
  }

  /** A duplicate of an fd, as fcntl(F_DUPFD_CLOEXEC). Throws EBADF, EMFILE. */
  dup(fd: number): number {
    return this.install(this.file(fd).file.ref());
  }

  /** Receives a duplicate of another process's fd, as by SCM_RIGHTS; the fd in this process. Throws EBADF, EMFILE. */
  receive(from: LocalProcess, fd: number): number {
    if (from.system !== this.system) throw new TypeError("Cannot receive an fd of another system: systems never meet");
    return this.install(from.file(fd).file.ref());
  }

  /** close(2). Throws EBADF. */
  close(fd: number): void {
    this.fds.close(fd);
  }

  /** Open fds. */
  get fdCount(): number {
    return this.#fds.count;
  }

  /** New zeroed memory that structs can point at. */
  alloc(size: number): UserBuffer {
    return this.heap.alloc(size);
  }

  /** The bytes at an address, in place: of `alloc`, or where a driver has mapped something. Throws EFAULT. */
  at(address: bigint, length: number): Uint8Array {
    return this.#memory.bytes(address, length);
  }

  /** memfd_create(2): an empty anonymous file in this isolate. `flags` MFD_*. Throws EINVAL, EMFILE. */
  memfdCreate(name: string, flags: number = MFD_CLOEXEC | MFD_ALLOW_SEALING): OpenFile {
    return this.file(this.install(new MemFd(this, name, flags), (flags & MFD_CLOEXEC) !== 0));
  }

  /** eventfd2(2): a counter of this isolate, for SYNCOBJ_EVENTFD. `initial` u32, `flags` EFD_*. Throws EMFILE. */
  eventfd(initial = 0, flags: number = EFD_CLOEXEC): OpenFile {
    return this.file(this.install(new EventFd(initial, flags), (flags & EFD_CLOEXEC) !== 0));
  }

  /** Keeps a mapping until `munmap` or the end; its bytes. */
  mapped(mapping: Mapping): Uint8Array {
    const bytes = mapping.bytes;
    this.#mappings.set(bytes, mapping);
    return bytes;
  }

  /** munmap(2) of bytes that an OpenFile's `mmap` gave; others are ignored, as unmapped addresses are. */
  munmap(bytes: Uint8Array): void {
    const mapping = this.#mappings.get(bytes);
    this.#mappings.delete(bytes);
    mapping?.[Symbol.dispose]();
  }

  /** Drives a call that waits until it is done, `signal` interrupts it, or the process exits. */
  sleep(wait: Wait, signal?: AbortSignal): Promise<number> {
    if (this.#exited) wait.cancel(EINTR);
    this.#waits.add(wait);
    return this.system.until(wait, signal).finally(() => this.#waits.delete(wait));
  }

  /** Exits: interrupts its calls that wait (EINTR), unmaps all memory and closes every fd. */
  [Symbol.dispose](): void {
    this.#exited = true;
    for (const wait of [...this.#waits]) wait.cancel(EINTR);
    for (const mapping of this.#mappings.values()) mapping[Symbol.dispose]();
    this.#mappings.clear();
    this.#fds.closeAll();
    this.system.forget(this);
  }
}

/** One fd of an in-process client. */
export class OpenFile implements Disposable {
  /** Whose it is. */
  readonly process: LocalProcess;
  /** Its number. */
  readonly fd: number;
  /** What it refers to. */
  readonly file: File;

  /** Used by `LocalProcess.file`. @param process whose fd. @param fd its number. @param file what it refers to. */
  constructor(process: LocalProcess, fd: number, file: File) {
    this.process = process;
    this.fd = fd;
    this.file = file;
  }

  // The file, as long as the fd names it: another fd may keep it alive after this one is closed.
  get #open(): boolean {
    return this.process.fds.get(this.fd) === this.file;
  }

  #used(): File {
    if (!this.#open) throw new DrmError("EBADF", `Cannot use fd ${this.fd}: it is closed`);
    return this.file;
  }

  /**
   * ioctl(2), synchronously.
   *
   * @param cmd the request.
   * @param arg its struct (read and written in place), bytes, or a pointer into the process's heap.
   * @returns 0 or more; -EAGAIN, -EBUSY, -ETIME, -EINTR as they are.
   * @throws {DrmError} every other errno.
   * @throws {TypeError} if the request has to wait: use {@linkcode OpenFile.wait}.
   */
  ioctl<A>(cmd: Ioctl<A>, arg?: NoInfer<A> & IoctlArgument | IoctlArgument): number {
    const system = this.process.system;
    if (system.pending) system.pump();
    const result = this.#used().ioctl(this.process, cmd, arg);
    if (typeof result === "number") return result >= 0 ? result : answer(result);
    if (result.result === undefined && system.pending) system.pump();
    if (result.result === undefined) result.detach();
    if (result.result !== undefined) return answer(result.result);
    result.cancel();
    throw new TypeError("Cannot do this ioctl synchronously: it has to wait; use wait() instead");
  }

  /** ioctl(2) that may wait. Resolves and rejects as `ioctl` returns and throws; `signal` interrupts it with -EINTR. */
  async wait<A>(cmd: Ioctl<A>, arg?: IoctlArgument, options: { signal?: AbortSignal } = {}): Promise<number> {
    const system = this.process.system;
    if (system.pending) system.pump();
    return answer(await this.#held(this.#used().ioctl(this.process, cmd, arg), options.signal));
  }

  // A system call holds its file: closing the fd meanwhile does not release it.
  #held(result: number | Wait, signal?: AbortSignal): number | Promise<number> {
    if (typeof result === "number") return result;
    const file = this.file.ref();
    return this.process.sleep(result, signal).finally(() => file.put());
  }

  // vfs_read and vfs_write: EBADF for a file that was not opened for it.
  #readable(): File {
    const file = this.#used();
    if (file.accessMode === O_WRONLY) throw new DrmError("EBADF", `Cannot read fd ${this.fd}: it is open for writing`);
    return file;
  }

  #writable(): File {
    const file = this.#used();
    if (file.accessMode === O_RDONLY) throw new DrmError("EBADF", `Cannot write fd ${this.fd}: it is open for reading`);
    return file;
  }

  /** read(2), synchronously; -EAGAIN where it would block. Throws DrmError. */
  read(target: Uint8Array): number {
    const system = this.process.system;
    if (system.pending) system.pump();
    const result = this.#readable().read(this.process, target);
    if (typeof result === "number") return answer(result);
    result.cancel(EAGAIN);
    return answer(result.result ?? EAGAIN);
  }

  /** read(2) that waits for data. */
  async readWait(target: Uint8Array, options: { signal?: AbortSignal } = {}): Promise<number> {
    const system = this.process.system;
    if (system.pending) system.pump();
    return answer(await this.#held(this.#readable().read(this.process, target), options.signal));
  }

  /** write(2). Throws DrmError. */
  write(source: Uint8Array): number {
    const result = this.#writable().write(this.process, source);
    if (typeof result === "number") return answer(result);
    result.cancel(EAGAIN);
    return answer(result.result ?? EAGAIN);
  }

  /** poll(2) with time-out 0: the POLL* bits that hold; POLLNVAL for a closed fd. */
  poll(events: number): number {
    const system = this.process.system;
    if (system.pending) system.pump();
    return this.#open ? this.file.poll(events) : POLLNVAL;
  }

  /** poll(2): resolves once one of `events` (or an error) holds, or with 0 after `timeoutNs`. */
  async pollWait(events: number, timeoutNs = Infinity): Promise<number> {
    const system = this.process.system;
    const now = this.poll(events);
    if (now !== 0) return now;
    const waiter: PollWaiter = {
      wake: () => {
        // Still waiting: a file may have to listen to something else now.
        const bits = this.file.poll(events, waiter);
        if (bits !== 0) wait.complete(bits);
      },
    };
    const wait = new Wait({
      clock: system.clock,
      deadline: system.clock.now() + timeoutNs,
      onTimeout: () => 0,
      cleanup: () => this.file.unpoll(waiter),
    });
    const bits = this.file.poll(events, waiter);
    if (bits !== 0) wait.complete(bits);
    const woken = await this.#held(wait);
    // As do_poll looks again once the sleeper runs: the event that woke it may have brought more bits after the first.
    return woken > 0 ? this.file.poll(events) || woken : woken;
  }

  /**
   * mmap(2): the bytes, shared with every other mapping until {@linkcode LocalProcess.munmap} or the process's end.
   *
   * @param length bytes. @param offset in the file: what MAP_DUMB and its like give. @param prot PROT_*. @param flags MAP_*.
   * @throws {DrmError} EINVAL, EACCES, ENODEV as the file says.
   */
  mmap(length: number, offset = 0, prot: number = PROT_READ | PROT_WRITE, flags: number = MAP_SHARED): Uint8Array {
    return this.process.mapped(this.map(length, offset, prot, flags));
  }

  /** As `mmap`, giving the mapping itself, which the caller unmaps by disposing it. */
  map(length: number, offset = 0, prot: number = PROT_READ | PROT_WRITE, flags: number = MAP_SHARED): Mapping {
    return this.#used().map(this.process, length, offset, prot, flags);
  }

  /** lseek(2). Throws DrmError. */
  lseek(offset: number, whence: number): number {
    return this.#used().lseek(offset, whence);
  }

  /** ftruncate(2) of a memfd. @param size bytes. Throws EINVAL for other files, EPERM for a sealed one, ENOMEM. */
  ftruncate(size: number): void {
    this.#memfd().truncate(size);
  }

  /** fcntl(F_ADD_SEALS) of a memfd. @param seals F_SEAL_*. Throws EINVAL for other files, EPERM, EBUSY. */
  addSeals(seals: number): void {
    this.#memfd().addSeals(seals);
  }

  #memfd(): MemFd {
    const file = this.#used();
    if (!(file instanceof MemFd)) throw new DrmError("EINVAL", `Cannot resize or seal a ${file.kind} file`);
    return file;
  }

  /** Closes the fd. Throws EBADF if it is closed. */
  close(): void {
    this.#used();
    this.process.close(this.fd);
  }

  /** Closes the fd if it is still open. */
  [Symbol.dispose](): void {
    if (this.#open) this.close();
  }
}
