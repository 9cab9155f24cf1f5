/**
 * What requests do: open, ioctl, read and mmap of a client in another process, on core's files.
 * @module
 */

import { DRIVER_NR_BASE, DRIVER_NR_END } from "../../../core/driver.ts";
import { DrmFile } from "../../../core/drm_file.ts";
import { coreTable } from "../../../core/drm_table.ts";
import type { File, Mapping } from "../../../core/file.ts";
import type { Process } from "../../../core/process.ts";
import type { System } from "../../../core/system.ts";
import type { Wait } from "../../../core/wait.ts";
import { ERRNO } from "../../../uapi/errno.ts";
import { O_ACCMODE, O_NONBLOCK, O_RDONLY, O_RDWR } from "../../../uapi/fcntl.ts";
import { _IOC_DIR, _IOC_READ, _IOC_SIZE, _IOC_WRITE } from "../../../uapi/ioctl.ts";
import { type DmaBufs, lend } from "./dma_bufs.ts";
import type { FileEnd } from "./file_end.ts";
import {
  FDS_MAX,
  HEADER,
  INLINE_MAX,
  OP_DMABUF_IOCTL,
  OP_IOCTL,
  OP_MMAP,
  OP_OPEN,
  OP_READ,
  REQUEST,
  REQUEST_INLINE,
  REQUEST_NONBLOCK,
} from "./protocol.ts";
import type { Request } from "./request.ts";

const { EINVAL, ENOENT, ENOMEM, ENOTTY } = ERRNO;
const PATH_MAX = 4095;

/** What a request has led to, besides its result. */
export class Outcome {
  /** Bytes of argument that go back. */
  data = 0;
  /** A file that was opened. */
  opened: File | undefined = undefined;
  /** A descriptor of memory to map, or -1. */
  memory = -1;
  /** A 64-bit answer. */
  value = 0;
  /** A number in place of a settled message's. */
  token = 0;
  /** The file that was read. */
  end: FileEnd | undefined = undefined;
}

/** The requests, for one system. */
export class Calls {
  readonly #system: System;
  readonly #dmaBufs: DmaBufs;

  /** Requests on a system. @param system whose nodes are opened. @param dmaBufs buffers that clients hold. */
  constructor(system: System, dmaBufs: DmaBufs) {
    this.#system = system;
    this.#dmaBufs = dmaBufs;
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
      if (op === OP_DMABUF_IOCTL) return this.#dmaBufIoctl(task, request);
      return -EINVAL;
    }
    const { file } = end;
    switch (op) {
      case OP_IOCTL:
        return this.#ioctl(task, file, request, outcome);
      case OP_READ:
        outcome.end = end;
        return this.#read(task, file, request);
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
    if (!path.startsWith("/dev/dri/") && path !== "/dev/sw_sync") return -ENOENT;
    const file = this.#system.open(task, path, request.u32(REQUEST.command));
    outcome.opened = file;
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
    if (request.message.fdCount !== 1) return -ENOTTY;
    const buffer = this.#dmaBufs.find(request.message.fds[0]);
    return buffer === undefined ? -ENOTTY : buffer.ioctl(task, request.u32(REQUEST.command), request.pointer);
  }

  #read(task: Process, file: File, request: Request): number | Wait {
    const nonblock = (request.u32(REQUEST.flags) & REQUEST_NONBLOCK) !== 0;
    file.flags = nonblock ? file.flags | O_NONBLOCK : file.flags & ~O_NONBLOCK;
    if (!(file instanceof DrmFile)) return file.read(task, new Uint8Array(0));
    const address = request.pointer;
    return file.events.read(
      request.number(REQUEST.length),
      nonblock,
      (event, offset) => task.memory.copyOut(address + BigInt(offset), event),
    );
  }

  #mmap(task: Process, file: File, request: Request, outcome: Outcome): number {
    const prot = request.u32(REQUEST.command);
    const flags = Number(request.pointer & 0xffff_ffffn);
    let mapping: Mapping | undefined;
    try {
      mapping = file.map(task, request.number(REQUEST.length), request.number(REQUEST.offset), prot, flags);
      const memory = mapping.fd;
      if (memory === undefined) return -ENOMEM;
      outcome.memory = lend(memory, (file.flags & O_ACCMODE) === O_RDONLY ? O_RDONLY : O_RDWR);
      outcome.value = mapping.fdOffset ?? 0;
      return 0;
    } finally {
      // The client's own mapping keeps the memory.
      mapping?.[Symbol.dispose]();
    }
  }
}

function known(file: File, command: number): boolean {
  if (!(file instanceof DrmFile) || file.device.unplugged) return false;
  const nr = command & 0xff;
  return (nr >= DRIVER_NR_BASE && nr < DRIVER_NR_END ? file.device.table : coreTable()).has(command);
}

/**
 * The reserved fds behind a request's argument. A client that names others harms itself.
 *
 * @param request as received. @param op OP_*.
 */
export function reservedFds(request: Request, op: number): number[] {
  const count = Math.min(request.u32(REQUEST.fdCount), FDS_MAX);
  if (count === 0) return [];
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
