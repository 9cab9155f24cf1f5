/**
 * Requests that move data or look at what can be moved: read, write, lseek and poll of a client in another process.
 * @module
 */

import type { DmaBuf } from "../../../core/dma_buf.ts";
import { DrmFile } from "../../../core/drm_file.ts";
import { File } from "../../../core/file.ts";
import type { Process } from "../../../core/process.ts";
import type { Wait } from "../../../core/wait.ts";
import { ERRNO } from "../../../uapi/errno.ts";
import {
  O_ACCMODE,
  O_NONBLOCK,
  O_RDONLY,
  O_WRONLY,
  POLLIN,
  POLLOUT,
  SEEK_CUR,
  SEEK_HOLE,
  SEEK_SET,
} from "../../../uapi/fcntl.ts";
import type { Outcome } from "./outcome.ts";
import { PollPipe } from "./poll_pipe.ts";
import {
  HEADER,
  INLINE_MAX,
  POLL_WAIT,
  POLL_WATCH,
  REQUEST,
  REQUEST_AT,
  REQUEST_INLINE,
  REQUEST_NONBLOCK,
} from "./protocol.ts";
import type { Request } from "./request.ts";
import type { Tally } from "./tally.ts";

const { EBADF, EFAULT, EINVAL, ENOMEM } = ERRNO;
/** What one read or write moves at most. */
const DATA_MAX = 1 << 20;
/** TASK_SIZE of the machines that have the least of it, but for one page. */
const USER_END = 2 ** 47;

function setNonblock(file: File, request: Request): boolean {
  const nonblock = (request.u32(REQUEST.flags) & REQUEST_NONBLOCK) !== 0;
  file.flags = nonblock ? file.flags | O_NONBLOCK : file.flags & ~O_NONBLOCK;
  return nonblock;
}

// Does something elsewhere in a file, whose position stays. Files without a position have nothing to move.
function at<T>(file: File, request: Request, body: () => T): T {
  const moves = (request.u32(REQUEST.flags) & REQUEST_AT) !== 0 && file.lseek !== File.prototype.lseek &&
    !(file instanceof DrmFile);
  if (!moves) return body();
  const before = file.lseek(0, SEEK_CUR);
  file.lseek(request.number(REQUEST.offset), SEEK_SET);
  try {
    return body();
  } finally {
    file.lseek(before, SEEK_SET);
  }
}

// access_ok: read and write look at once whether a program can have memory there.
function beyond(request: Request, length: number): boolean {
  return request.number(REQUEST.argument) + length > USER_END;
}

/** read(2). @returns bytes, -errno, or a Wait. @throws {DrmError} as the file's `read`; EFAULT. */
export function readCall(task: Process, file: File, request: Request): number | Wait {
  if ((file.flags & O_ACCMODE) === O_WRONLY) return -EBADF;
  const nonblock = setNonblock(file, request);
  const address = request.pointer;
  const length = request.number(REQUEST.length);
  if (file.read !== File.prototype.read && beyond(request, length)) return -EFAULT;
  if (file instanceof DrmFile) {
    return file.events.read(
      length,
      nonblock,
      (event, offset) => task.memory.copyOut(address + BigInt(offset), event),
    );
  }
  if (file.read === File.prototype.read) return file.read(task, NOTHING);
  const target = new Uint8Array(Math.min(length, DATA_MAX));
  const give = (count: number): number => {
    if (count > 0) task.memory.copyOut(address, target.subarray(0, count));
    return count;
  };
  const result = at(file, request, () => file.read(task, target));
  if (typeof result === "number") return give(result);
  result.finish = (count) => {
    try {
      return give(count);
    } catch {
      return -EFAULT;
    }
  };
  return result;
}

/** write(2). @returns bytes, -errno, or a Wait. @throws {DrmError} as the file's `write`; EFAULT. */
export function writeCall(task: Process, file: File, request: Request): number | Wait {
  if ((file.flags & O_ACCMODE) === O_RDONLY) return -EBADF;
  if (file.write === File.prototype.write) return file.write(task, NOTHING);
  setNonblock(file, request);
  const length = request.number(REQUEST.length);
  if (beyond(request, length)) return -EFAULT;
  if (length > DATA_MAX) return -ENOMEM;
  const source = new Uint8Array(length);
  if ((request.u32(REQUEST.flags) & REQUEST_INLINE) !== 0) {
    if (length > INLINE_MAX || request.received < HEADER + length) return -EINVAL;
    source.set(request.argument(length));
  } else task.memory.copyIn(request.pointer, source);
  return at(file, request, () => file.write(task, source));
}

/** lseek(2). @returns 0 with the position in `outcome`, or -errno. @throws {DrmError} as the file's `lseek`. */
export function lseekCall(file: File, request: Request, outcome: Outcome): number {
  const whence = request.u32(REQUEST.command);
  if (whence > SEEK_HOLE) return -EINVAL;
  const offset = Number(request.message.view.getBigInt64(REQUEST.offset * 4, true));
  outcome.value = file.lseek(offset, whence);
  return 0;
}

/**
 * poll(2) of a dma-buf. What a client is to wait with goes into `outcome`: a pipe for each direction that it asks for.
 *
 * @param pipes how many pipes processes have. @returns POLLIN and POLLOUT as they hold, or -ENOMEM.
 * @throws {OsError} EMFILE, ENFILE
 */
export function pollCall(task: Process, buffer: DmaBuf, request: Request, outcome: Outcome, pipes: Tally): number {
  const events = request.u32(REQUEST.command) & (POLLIN | POLLOUT);
  const want = Number(request.pointer);
  const ready = buffer.poll(events);
  if (want !== POLL_WATCH && (want !== POLL_WAIT || ready !== 0)) return ready;
  for (const direction of [POLLIN, POLLOUT]) {
    if ((events & direction) === 0) continue;
    if (!pipes.take(task.pid)) return -ENOMEM;
    try {
      outcome.pipes.push(PollPipe.make(buffer, direction, task.pid));
    } catch (error) {
      pipes.give(task.pid);
      throw error;
    }
  }
  return ready;
}

const NOTHING = new Uint8Array(0);
