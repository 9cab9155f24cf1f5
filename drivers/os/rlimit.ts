// RLIMIT_NOFILE (getrlimit(2)): how many file descriptors the process may have.
import { CMemory } from "./c_memory.ts";
import { libc, orErrno } from "./libc.ts";
import { check } from "./os_error.ts";

const RLIMIT_NOFILE = 7;
/** The kernel's default fs.nr_open: no process can have more without an administrator's change. */
const NR_OPEN = 1 << 20;
let rlimit: CMemory | undefined;

/** The two values of a resource limit. */
export interface Limit {
  /** What is in force. */
  readonly soft: number;
  /** How far `soft` may be raised without privilege. */
  readonly hard: number;
}

/**
 * The limit on descriptors of this process.
 *
 * @returns both values; `Infinity`-like limits come back as 2^64
 */
export function fdLimit(): Limit {
  rlimit ??= new CMemory(16);
  check(orErrno(libc().getrlimit(RLIMIT_NOFILE, rlimit.pointer)), "read RLIMIT_NOFILE");
  return { soft: Number(rlimit.view.getBigUint64(0, true)), hard: Number(rlimit.view.getBigUint64(8, true)) };
}

/**
 * Sets the limit on descriptors.
 *
 * @param soft what is in force from now on
 * @param hard how far it may be raised; lowering it cannot be undone without privilege
 * @returns 0, or `-errno`: EPERM (hard raised without CAP_SYS_RESOURCE, or above fs.nr_open), EINVAL (soft above hard)
 */
export function setFdLimit(soft: number, hard: number): number {
  rlimit ??= new CMemory(16);
  rlimit.view.setBigUint64(0, BigInt(soft), true);
  rlimit.view.setBigUint64(8, BigInt(hard), true);
  return orErrno(libc().setrlimit(RLIMIT_NOFILE, rlimit.pointer));
}

/**
 * Raises the limit as far as this process may: to 2^20 with privilege, else to the hard limit. Children inherit it.
 *
 * @returns the soft limit now in force
 */
export function raiseFdLimit(): number {
  const { soft, hard } = fdLimit();
  if (soft >= NR_OPEN) return soft;
  if (hard < NR_OPEN && setFdLimit(NR_OPEN, NR_OPEN) === 0) return NR_OPEN;
  const reachable = Math.min(hard, NR_OPEN);
  return reachable > soft && setFdLimit(reachable, hard) === 0 ? reachable : soft;
}
