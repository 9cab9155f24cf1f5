// A process that is to end with the one that started it: prctl(2), PR_SET_PDEATHSIG.
import { libc, orErrno } from "./libc.ts";
import { check } from "./os_error.ts";

const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9n;

/**
 * Has the kernel kill this process as soon as the thread that started it ends.
 *
 * @param parent the process that should have started this one
 * @returns false if that one has ended already: this process is to end by itself
 * @throws {OsError} EINVAL
 */
export function dieWithParent(parent: number): boolean {
  const c = libc();
  check(orErrno(c.prctl(PR_SET_PDEATHSIG, SIGKILL, 0n, 0n, 0n)), "tie this process to its parent");
  return c.getppid() === parent;
}
