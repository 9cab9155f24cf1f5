// eventfd_signal for other programs' eventfds: adding 1 without ever waiting. A write(2) waits where the counter is full, by flags
// that belong to the other program; the completion of an asynchronous read (io_submit(2), IOCB_FLAG_RESFD) stays at the top.
import { CMemory } from "./c_memory.ts";
import { close } from "./fd.ts";
import { libc, orErrno } from "./libc.ts";
import { memfdCreate } from "./memfd.ts";
import { check } from "./os_error.ts";

// x86-64; the generic table, which aarch64 has, numbers them from 0.
const GENERIC = Deno.build.arch !== "x86_64";
const SYS_IO_SETUP = GENERIC ? 0n : 206n;
const SYS_IO_DESTROY = GENERIC ? 1n : 207n;
const SYS_IO_SUBMIT = GENERIC ? 2n : 209n;
const SYS_IO_GETEVENTS = GENERIC ? 4n : 208n;
const IOCB_CMD_PREAD = 0;
const IOCB_FLAG_RESFD = 1;
// struct iocb: aio_lio_opcode, aio_fildes, aio_nbytes, aio_flags, aio_resfd.
const OPCODE = 16;
const FILE = 20;
const FLAGS = 56;
const RESFD = 60;
const IOCB = 64;
const EVENTS = 8;
const EVENT = 32;

/** Signals eventfds. */
export class EventFdSignal implements Disposable {
  readonly #context: bigint;
  readonly #file: number;
  // The request, a list of it, a time of 0, and room for what is reaped.
  readonly #memory = new CMemory(IOCB + 8 + 16 + EVENTS * EVENT + 8);
  #closed = false;

  /**
   * Takes an AIO context and a file to read.
   *
   * @throws {OsError} ENOSYS or EPERM where the system has no AIO, EAGAIN where all contexts are taken; EMFILE, ENFILE
   */
  constructor() {
    const { view, address } = this.#memory;
    const out = IOCB + 24 + EVENTS * EVENT;
    const context = address + BigInt(out);
    check(Number(libc().syscall(SYS_IO_SETUP, BigInt(EVENTS), context, 0n)) < 0 ? orErrno(-1) : 0, "set AIO up");
    this.#context = view.getBigUint64(out, true);
    const file = memfdCreate("eventfd-signal", 4096);
    if (file < 0) libc().syscall(SYS_IO_DESTROY, this.#context, 0n, 0n);
    this.#file = check(file, "make a file to read");
    view.setUint16(OPCODE, IOCB_CMD_PREAD, true);
    view.setInt32(FILE, this.#file, true);
    view.setUint32(FLAGS, IOCB_FLAG_RESFD, true);
    view.setBigUint64(IOCB, address, true);
  }

  /**
   * Adds 1 to an eventfd, unless it is at 2^64 - 1. Never waits.
   *
   * @param fd an eventfd
   * @returns 0, or `-errno`: EINVAL if it is none, EBADF
   */
  signal(fd: number): number {
    const { view, address } = this.#memory;
    const c = libc();
    view.setInt32(RESFD, fd, true);
    const result = Number(c.syscall(SYS_IO_SUBMIT, this.#context, 1n, address + BigInt(IOCB)));
    if (result < 0) return orErrno(-1);
    const [time, events] = [address + BigInt(IOCB + 8), address + BigInt(IOCB + 24)];
    c.syscall5(SYS_IO_GETEVENTS, this.#context, 0n, BigInt(EVENTS), events, time);
    return 0;
  }

  /** Gives the context back. Twice does nothing. */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    libc().syscall(SYS_IO_DESTROY, this.#context, 0n, 0n);
    close(this.#file);
  }
}
