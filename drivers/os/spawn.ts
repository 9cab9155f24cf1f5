// Child processes without an event loop: posix_spawn(3), waitpid(2), pidfd_send_signal(2). A kernel thread blocks in epoll_wait, where
// Deno.Command could neither start a process nor hear of its end.
import { ERRNO } from "../../uapi/errno.ts";
import { CMemory } from "./c_memory.ts";
import { close } from "./fd.ts";
import { libc, orErrno } from "./libc.ts";
import { check } from "./os_error.ts";
import { pidfdOpen } from "./pidfd.ts";
import { POLLIN, PollSet } from "./poll.ts";

const SYS_PIDFD_SEND_SIGNAL = 424n;
const SIGKILL = 9n;
const WNOHANG = 1;
const POSIX_SPAWN_SETPGROUP = 2;
// sizeof posix_spawn_file_actions_t and posix_spawnattr_t of glibc are 80 and 336.
const OPAQUE = 512;

function strings(list: readonly string[]): { readonly block: CMemory; readonly all: readonly CMemory[] } {
  const all = list.map((text) => CMemory.string(text));
  const block = new CMemory((all.length + 1) * 8);
  all.forEach(({ address }, i) => block.view.setBigUint64(i * 8, address, true));
  return { block, all };
}

/** A process that this one has started. It stays until it is waited for: its number can be no other's meanwhile. */
export class Spawned implements Disposable {
  /** Its process id. */
  readonly pid: number;
  /** A descriptor that turns readable when it ends. */
  readonly pidfd: number;
  #ended = false;
  #closed = false;

  /** For {@linkcode spawn}. */
  constructor(pid: number, pidfd: number) {
    this.pid = pid;
    this.pidfd = pidfd;
  }

  /** Kills it, if it still runs (SIGKILL). */
  kill(): void {
    if (!this.#ended) libc().syscall5(SYS_PIDFD_SEND_SIGNAL, BigInt(this.pidfd), SIGKILL, 0n, 0n, 0n);
  }

  /** Whether it has ended, and its parent knows. Never blocks. */
  ended(): boolean {
    if (this.#ended) return true;
    const result = orErrno(libc().waitpid(this.pid, null, WNOHANG));
    // ECHILD: somebody else has waited for it.
    return this.#ended = result === this.pid || result === -ERRNO.ECHILD;
  }

  /** Waits for its end. @param ms at most. @returns whether it has ended */
  wait(ms: number): boolean {
    if (this.ended()) return true;
    const set = new PollSet(1);
    set.add(this.pidfd, POLLIN);
    set.poll(ms);
    return this.ended();
  }

  /** Forgets it: it is not killed. Twice does nothing. */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ended = this.ended();
    close(this.pidfd);
  }
}

/**
 * Starts a program, in a process group of its own: what a terminal sends to this one's does not reach it. It reads /dev/null, writes
 * where this process does, and has the environment of this process.
 *
 * @param path of the program
 * @param args its arguments, the first behind its name
 * @param fds descriptors that it inherits, as 3, 4 and so on; all others must be close-on-exec
 * @returns the process
 * @throws {OsError} ENOENT, EACCES, EAGAIN, ENOMEM, EMFILE
 */
export function spawn(path: string, args: readonly string[], fds: readonly number[]): Spawned {
  const c = libc();
  const actions = new CMemory(OPAQUE), attributes = new CMemory(OPAQUE), pid = new CMemory(8);
  const program = CMemory.string(path), nothing = CMemory.string("/dev/null");
  const argv = strings([path, ...args]);
  const envp = strings(Object.entries(Deno.env.toObject()).map(([name, value]) => `${name}=${value}`));
  const fails = (result: number): number => check(-result, `start ${path}`);
  fails(c.posix_spawn_file_actions_init(actions.pointer));
  try {
    fails(c.posix_spawnattr_init(attributes.pointer));
    try {
      fails(c.posix_spawnattr_setflags(attributes.pointer, POSIX_SPAWN_SETPGROUP));
      fails(c.posix_spawnattr_setpgroup(attributes.pointer, 0));
      fails(c.posix_spawn_file_actions_addopen(actions.pointer, 0, nothing.pointer, 0, 0));
      // First out of the way of the numbers that they are to have, then there.
      const high = fds.map((_, i) => 3 + fds.length + i);
      const clash = fds.some((fd, i) => fd >= 3 && fd < 3 + fds.length && fd !== 3 + i);
      fds.forEach((fd, i) => {
        if (clash) fails(c.posix_spawn_file_actions_adddup2(actions.pointer, fd, high[i]));
        else fails(c.posix_spawn_file_actions_adddup2(actions.pointer, fd, 3 + i));
      });
      if (clash) {
        fds.forEach((_, i) => {
          fails(c.posix_spawn_file_actions_adddup2(actions.pointer, high[i], 3 + i));
          fails(c.posix_spawn_file_actions_addclose(actions.pointer, high[i]));
        });
      }
      fails(
        c.posix_spawn(
          pid.pointer,
          program.pointer,
          actions.pointer,
          attributes.pointer,
          argv.block.pointer,
          envp.block.pointer,
        ),
      );
    } finally {
      c.posix_spawnattr_destroy(attributes.pointer);
    }
  } finally {
    c.posix_spawn_file_actions_destroy(actions.pointer);
  }
  // The strings must live until here.
  if (argv.all.length + envp.all.length === 0) throw new TypeError("Cannot start a program without a name");
  const started = pid.i32[0];
  const pidfd = pidfdOpen(started);
  if (pidfd < 0) {
    c.kill(started, Number(SIGKILL));
    c.waitpid(started, null, 0);
  }
  return new Spawned(started, check(pidfd, `watch process ${started}`));
}
