// The one door to the C library: libc.so.6, opened on first use and kept for the life of the isolate.
// Signatures follow the Linux man pages. 8-byte arguments are given as bigints: numbers leave V8's fast call path.

/** The C library calls that `drivers/os` uses, with their FFI signatures (man section 2 and 3). */
const SYMBOLS = {
  __errno_location: { parameters: [], result: "pointer" },
  memfd_create: { parameters: ["pointer", "u32"], result: "i32" },
  ftruncate: { parameters: ["i32", "i64"], result: "i32" },
  fallocate: { parameters: ["i32", "i32", "i64", "i64"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  fstat: { parameters: ["i32", "pointer"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  pread: { parameters: ["i32", "pointer", "usize", "i64"], result: "isize" },
  pwrite: { parameters: ["i32", "pointer", "usize", "i64"], result: "isize" },
  mmap: { parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
  munmap: { parameters: ["pointer", "usize"], result: "i32" },
  mprotect: { parameters: ["pointer", "usize", "i32"], result: "i32" },
  madvise: { parameters: ["pointer", "usize", "i32"], result: "i32" },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  eventfd_read: { parameters: ["i32", "pointer"], result: "i32" },
  eventfd_write: { parameters: ["i32", "u64"], result: "i32" },
  clock_gettime: { parameters: ["i32", "pointer"], result: "i32" },
  poll: { parameters: ["pointer", "usize", "i32"], result: "i32" },
  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "pointer"], result: "i32" },
  epoll_wait: { parameters: ["i32", "pointer", "i32", "i32"], result: "i32" },
  mallopt: { parameters: ["i32", "i32"], result: "i32" },
  getpid: { parameters: [], result: "i32" },
  getppid: { parameters: [], result: "i32" },
  prctl: { parameters: ["i32", "u64", "u64", "u64", "u64"], result: "i32" },
  getuid: { parameters: [], result: "u32" },
  getgid: { parameters: [], result: "u32" },
  getrlimit: { parameters: ["i32", "pointer"], result: "i32" },
  setrlimit: { parameters: ["i32", "pointer"], result: "i32" },
  socketpair: { parameters: ["i32", "i32", "i32", "pointer"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "pointer", "pointer"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "pointer", "u32"], result: "i32" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  bind: { parameters: ["i32", "pointer", "u32"], result: "i32" },
  listen: { parameters: ["i32", "i32"], result: "i32" },
  connect: { parameters: ["i32", "pointer", "u32"], result: "i32" },
  accept4: { parameters: ["i32", "pointer", "pointer", "i32"], result: "i32" },
  flock: { parameters: ["i32", "i32"], result: "i32" },
  open: { parameters: ["pointer", "i32", "u32"], result: "i32" },
  // Since glibc 2.35.
  epoll_pwait2: { parameters: ["i32", "pointer", "i32", "pointer", "pointer"], result: "i32", optional: true },
  pipe2: { parameters: ["pointer", "i32"], result: "i32" },
  read: { parameters: ["i32", "pointer", "usize"], result: "isize" },
  write: { parameters: ["i32", "pointer", "usize"], result: "isize" },
  readlink: { parameters: ["pointer", "pointer", "usize"], result: "isize" },
  inotify_init1: { parameters: ["i32"], result: "i32" },
  inotify_add_watch: { parameters: ["i32", "pointer", "u32"], result: "i32" },
  inotify_rm_watch: { parameters: ["i32", "i32"], result: "i32" },
  syscall: { parameters: ["i64", "i64", "i64", "i64"], result: "i64" },
  syscall5: { name: "syscall", parameters: ["i64", "i64", "i64", "i64", "i64", "i64"], result: "i64" },
  sendmsg: { parameters: ["i32", "pointer", "i32"], result: "isize" },
  recvmsg: { parameters: ["i32", "pointer", "i32"], result: "isize" },
  process_vm_readv: { parameters: ["i32", "pointer", "usize", "pointer", "usize", "usize"], result: "isize" },
  posix_spawn: { parameters: ["pointer", "pointer", "pointer", "pointer", "pointer", "pointer"], result: "i32" },
  posix_spawn_file_actions_init: { parameters: ["pointer"], result: "i32" },
  posix_spawn_file_actions_destroy: { parameters: ["pointer"], result: "i32" },
  posix_spawn_file_actions_addopen: { parameters: ["pointer", "i32", "pointer", "i32", "u32"], result: "i32" },
  posix_spawn_file_actions_adddup2: { parameters: ["pointer", "i32", "i32"], result: "i32" },
  posix_spawn_file_actions_addclose: { parameters: ["pointer", "i32"], result: "i32" },
  posix_spawnattr_init: { parameters: ["pointer"], result: "i32" },
  posix_spawnattr_destroy: { parameters: ["pointer"], result: "i32" },
  posix_spawnattr_setflags: { parameters: ["pointer", "i16"], result: "i32" },
  posix_spawnattr_setpgroup: { parameters: ["pointer", "i32"], result: "i32" },
  waitpid: { parameters: ["i32", "pointer", "i32"], result: "i32" },
  kill: { parameters: ["i32", "i32"], result: "i32" },
  process_vm_writev: { parameters: ["i32", "pointer", "usize", "pointer", "usize", "usize"], result: "isize" },
} as const satisfies Deno.ForeignLibraryInterface;

/** The callable C library. */
export type Libc = Deno.StaticForeignLibraryInterface<typeof SYMBOLS>;

let symbols: Libc | undefined;
let errnoCell: Int32Array<ArrayBuffer> | undefined;

function open(): Libc {
  if (Deno.build.os !== "linux") {
    throw new Deno.errors.NotSupported(
      `Cannot use memfd, epoll and eventfd: they need Linux, this is ${Deno.build.os}`,
    );
  }
  let library: Deno.DynamicLibrary<typeof SYMBOLS>;
  try {
    library = Deno.dlopen("libc.so.6", SYMBOLS);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    throw new Deno.errors.NotCapable(
      "Cannot open libc.so.6: run with --allow-ffi, or use core's default page allocator",
    );
  }
  const location = library.symbols.__errno_location();
  if (location === null) throw new Error("Cannot find errno: __errno_location() returned NULL");
  errnoCell = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(location, 4));
  return symbols = library.symbols;
}

/**
 * The C library, opened on the first call.
 *
 * @returns its symbols; the same object every time
 * @throws {Deno.errors.NotCapable} without `--allow-ffi`
 * @throws {Deno.errors.NotSupported} on a system other than Linux
 */
export function libc(): Libc {
  return symbols ?? open();
}

/**
 * errno of this thread, to be read in the same synchronous step as the call that failed. Each Worker is a thread with a
 * module instance, and so a cell, of its own.
 *
 * @returns the errno number, positive
 */
export function errno(): number {
  return errnoCell === undefined ? 0 : errnoCell[0];
}

/**
 * The kernel's return convention for a call that answers -1 on failure.
 *
 * @param result what the C function returned
 * @returns `result`, or `-errno` if it is negative
 */
export function orErrno(result: number): number {
  return result < 0 ? -errno() : result;
}
