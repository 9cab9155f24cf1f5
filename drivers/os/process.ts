// Who this process, or another, is: getpid(2), getuid(2), and the name in /proc/PID/comm (proc(5)).
import { libc } from "./libc.ts";

/** Identity of the calling process, as drm_clients and events report it. */
export interface ProcessIdentity {
  /** Process id. */
  readonly pid: number;
  /** Real user id. */
  readonly uid: number;
  /** Real group id. */
  readonly gid: number;
}

/**
 * Who this process is.
 *
 * @returns its ids now
 */
export function identity(): ProcessIdentity {
  const c = libc();
  return { pid: c.getpid(), uid: c.getuid(), gid: c.getgid() };
}

/**
 * The id of this process by the system call, the smallest there is: what an ioctl is measured against.
 *
 * @returns the process id
 */
export function getpid(): number {
  return libc().getpid();
}

/**
 * The name of a process, at most 15 bytes, chosen by itself: for display only.
 *
 * @param pid the process
 * @returns its name, empty if there is no such process or it may not be read
 */
export function comm(pid: number): string {
  if (!Number.isInteger(pid) || pid <= 0) return "";
  try {
    return Deno.readTextFileSync(`/proc/${pid}/comm`).replace(/\n$/, "");
  } catch {
    // It has ended, is hidden, or this process is out of descriptors: who only shows a name fails for none of them.
    return "";
  }
}

/**
 * The memory of a process that is there (statm of proc(5)): its own, and pages that it shares with others.
 *
 * @param pid the process
 * @returns bytes; 0 if there is no such process or it may not be read
 */
export function residentBytes(pid: number): number {
  if (!Number.isInteger(pid) || pid <= 0) return 0;
  try {
    return Number(Deno.readTextFileSync(`/proc/${pid}/statm`).split(" ", 2)[1]) * 4096 || 0;
  } catch {
    // It has ended, or this process is out of descriptors.
    return 0;
  }
}
