/**
 * What requests do: open, ioctl and mmap of a client in another process (data_calls.ts has the others), on core's files.
 * @module
 */

import { DebugSnapshot } from "../../../core/debugfs_file.ts";
import { DmaBuf } from "../../../core/dma_buf.ts";
import { DRIVER_NR_BASE, DRIVER_NR_END } from "../../../core/driver.ts";
import { DrmFile } from "../../../core/drm_file.ts";
import { coreTable } from "../../../core/drm_table.ts";
import { DrmError } from "../../../core/error.ts";
import type { File, Mapping } from "../../../core/file.ts";
import { PAGE_SIZE, type PageSegment } from "../../../core/memory.ts";
import type { Process } from "../../../core/process.ts";
import type { System } from "../../../core/system.ts";
import type { Wait } from "../../../core/wait.ts";
import { ERRNO } from "../../../uapi/errno.ts";
import { O_ACCMODE, O_RDONLY, O_RDWR } from "../../../uapi/fcntl.ts";
import { _IOC_DIR, _IOC_READ, _IOC_SIZE, _IOC_WRITE } from "../../../uapi/ioctl.ts";
import { sealedFile } from "../../os/mod.ts";
import { lseekCall, pollCall, readCall, writeCall } from "./data_calls.ts";
import { type DmaBufs, lend } from "./dma_bufs.ts";
import type { FileEnd } from "./file_end.ts";
import type { Outcome } from "./outcome.ts";
import { mayOpen } from "./permission.ts";
import {
  FDS_MAX,
  HEADER,
  INLINE_MAX,
  OP_DMABUF_IOCTL,
  OP_IOCTL,
  OP_LSEEK,
  OP_MMAP,
  OP_OPEN,
  OP_POLL,
  OP_READ,
  OP_SYNC,
  OP_WRITE,
  REQUEST,
  REQUEST_INLINE,
} from "./protocol.ts";
import type { Request } from "./request.ts";
import type { Tally } from "./tally.ts";

const { EINVAL, ENOMEM, ENOTTY } = ERRNO;
const PATH_MAX = 4095;

/** The requests, for one system. */
export class Calls {
  readonly #system: System;
  readonly #dmaBufs: DmaBufs;
  readonly #pipes: Tally;
  readonly #root: string;

  /**
   * Requests on a system.
   *
   * @param system whose nodes are opened. @param dmaBufs buffers that clients hold. @param pipes what clients wait with.
   * @param root the tree, whose files say who may open what they stand for.
   */
  constructor(system: System, dmaBufs: DmaBufs, pipes: Tally, root: string) {
    this.#system = system;
    this.#root = root;
    this.#dmaBufs = dmaBufs;
    this.#pipes = pipes;
  }

  /**
   * Does what a request asks for.
   *
   * @param task who asks. @param end by which file, if not by the connection. @param op OP_*. @param request all of it.
   * @param outcome what comes of it besides the result.
   * @returns the result, -errno, or a Wait for it. @throws {DrmError} as the file's operations do.
   */
  call(task: Process, end: FileEnd | undefined, op: number, request: Request, outcome: Outcome): number | Wait {
    if (end === undefined) {
      if (op === OP_OPEN) return this.#open(task, request, outcome);
      if (op === OP_SYNC) return 0;
      if (op === OP_DMABUF_IOCTL) return this.#dmaBufIoctl(task, request);
      if (op === OP_POLL) return this.#poll(task, this.#memfd(request), request, outcome);
      return -EINVAL;
    }
    const { file } = end;
    switch (op) {
      case OP_IOCTL:
        return this.#ioctl(task, file, request, outcome);
      case OP_READ:
        outcome.end = end;
        return readCall(task, file, request);
      case OP_WRITE:
        return writeCall(task, file, request);
      case OP_LSEEK:
        return lseekCall(file, request, outcome);
      case OP_POLL:
        return this.#poll(task, file, request, outcome);
      case OP_MMAP:
        return this.#mmap(task, file, request, outcome);
      default:
        return -EINVAL;
    }
  }

  #open(task: Process, request: Request, outcome: Outcome): number {
    const length = request.u32(REQUEST.length);
    if (length > PATH_MAX || request.received < HEADER + length) return -EINVAL;
    const path = new TextDecoder().decode(request.message.bytes.subarray(HEADER, HEADER + length));
    const flags = request.u32(REQUEST.command);
    const refused = task.uid === 0 ? 0 : mayOpen(this.#root + path, task.pid, flags);
    if (refused < 0) return refused;
    const file = this.#system.open(task, path, flags);
    outcome.memory = snapshot(file);
    if (outcome.memory >= 0) {
      file.put();
      return 0;
    }
    outcome.opened = file;
    outcome.node = path.startsWith("/dev/") ? path.slice(5) : file.kind;
    return 0;
  }

  #ioctl(task: Process, file: File, request: Request, outcome: Outcome): number | Wait {
    const command = request.u32(REQUEST.command);
    if ((request.u32(REQUEST.flags) & REQUEST_INLINE) === 0) return file.ioctl(task, command, request.pointer);
    const size = _IOC_SIZE(command);
    if (size === 0 || size > INLINE_MAX) return -EINVAL;
    const argument = request.argument(size);
    if ((_IOC_DIR(command) & _IOC_WRITE) === 0) argument.fill(0);
    else if (request.received < HEADER + size) return -EINVAL;
    // A request that no table holds leaves the client's memory as it is.
    if ((_IOC_DIR(command) & _IOC_READ) !== 0 && known(file, command)) outcome.data = size;
    return file.ioctl(task, command, argument);
  }

  #dmaBufIoctl(task: Process, request: Request): number | Wait {
    const buffer = this.#memfd(request);
    return buffer === undefined ? -ENOTTY : buffer.ioctl(task, request.u32(REQUEST.command), request.pointer);
  }

  // The dma-buf that comes with a message.
  #memfd(request: Request): File | undefined {
    return request.message.fdCount === 1 ? this.#dmaBufs.find(request.message.fds[0]) : undefined;
  }

  #poll(task: Process, file: File | undefined, request: Request, outcome: Outcome): number {
    return file instanceof DmaBuf ? pollCall(task, file, request, outcome, this.#pipes) : -ENOTTY;
  }

  #mmap(task: Process, file: File, request: Request, outcome: Outcome): number {
    const prot = request.u32(REQUEST.command);
    const flags = Number(request.pointer & 0xffff_ffffn);
    const done = Number(request.pointer >> 32n) * PAGE_SIZE;
    const length = request.number(REQUEST.length);
    let mapping: Mapping | undefined;
    try {
      mapping = file.map(task, length, request.number(REQUEST.offset), prot, flags);
      const segment = findSegment(mapping.segments ?? [], done);
      const memory = segment === undefined ? mapping.fd : segment.pages.fd;
      if (memory === undefined || (segment === undefined && done > 0)) return -ENOMEM;
      outcome.memory = lend(memory, (file.flags & O_ACCMODE) === O_RDONLY ? O_RDONLY : O_RDWR);
      outcome.value = segment === undefined ? mapping.fdOffset ?? 0 : (segment.pages.fdOffset ?? 0) + segment.offset;
      outcome.length = segment?.length ?? length;
      return 0;
    } finally {
      // The client's own mapping keeps the memory.
      mapping?.[Symbol.dispose]();
    }
  }
}

// What is left of the range that `done` bytes lead into.
function findSegment(segments: readonly PageSegment[], done: number): PageSegment | undefined {
  let start = 0;
  for (const { pages, offset, length } of segments) {
    const skip = done - start;
    if (skip < length) return { pages, offset: offset + skip, length: length - skip };
    start += length;
  }
  return undefined;
}

// A file of debugfs that is only read is a memfd with what it says now: all of the C library works on that. -1 for other files,
// and for those that cannot be read.
function snapshot(file: File): number {
  if (!(file instanceof DebugSnapshot) || file.accessMode !== O_RDONLY) return -1;
  try {
    return sealedFile("debugfs", file.data);
  } catch (error) {
    if (error instanceof DrmError) return -1;
    throw error;
  }
}

function known(file: File, command: number): boolean {
  if (!(file instanceof DrmFile) || file.device.unplugged) return false;
  const nr = command & 0xff;
  return (nr >= DRIVER_NR_BASE && nr < DRIVER_NR_END ? file.device.table : coreTable()).has(command);
}

const NO_FDS: readonly number[] = [];

/**
 * The reserved fds behind a request's argument. A client that names others harms itself.
 *
 * @param request as received. @param op OP_*.
 */
export function reservedFds(request: Request, op: number): readonly number[] {
  const count = Math.min(request.u32(REQUEST.fdCount), FDS_MAX);
  if (count === 0) return NO_FDS;
  const command = request.u32(REQUEST.command);
  const inline = op === OP_IOCTL && (request.u32(REQUEST.flags) & REQUEST_INLINE) !== 0 &&
    (_IOC_DIR(command) & _IOC_WRITE) !== 0;
  const start = HEADER + (inline ? Math.min(_IOC_SIZE(command), INLINE_MAX) : 0);
  const out: number[] = [];
  for (let i = 0; i < count && start + i * 4 + 4 <= request.received; i++) {
    out.push(request.message.view.getInt32(start + i * 4, true));
  }
  return out;
}
