/**
 * Whether a client may open a file at the server, by the mode of what stands for it in the tree: what chmod and chown did to
 * that counts. Mirrors acl_permission_check of fs/namei.c.
 * @module
 */

import { ERRNO } from "../../../uapi/errno.ts";
import { O_ACCMODE, O_RDONLY, O_WRONLY } from "../../../uapi/fcntl.ts";

const READ = 4, WRITE = 2;

// A line of /proc/PID/status: numbers behind a name.
function numbers(status: string, name: string): number[] {
  const line = new RegExp(`^${name}:(.*)$`, "m").exec(status)?.[1] ?? "";
  return line.trim().split(/\s+/).filter((word) => word !== "").map(Number);
}

/**
 * Looks.
 *
 * @param path of the file in the tree. @param pid who asks: its groups count as they are now. @param flags O_*.
 * @returns 0, -EACCES, or -ENOENT
 */
export function mayOpen(path: string, pid: number, flags: number): number {
  let info: Deno.FileInfo, status: string;
  try {
    info = Deno.statSync(path);
    status = Deno.readTextFileSync(`/proc/${pid}/status`);
  } catch {
    return -ERRNO.ENOENT;
  }
  // The fourth of each are those for files.
  const uid = numbers(status, "Uid")[3], gid = numbers(status, "Gid")[3];
  const groups = [gid, ...numbers(status, "Groups")];
  if (uid === 0) return 0;
  const mode = info.mode ?? 0;
  const shift = uid === info.uid ? 6 : info.gid !== null && groups.includes(info.gid) ? 3 : 0;
  const access = flags & O_ACCMODE;
  const wanted = access === O_RDONLY ? READ : access === O_WRONLY ? WRITE : READ | WRITE;
  return (mode >> shift & wanted) === wanted ? 0 : -ERRNO.EACCES;
}
