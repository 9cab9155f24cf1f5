/**
 * `SyncFile`: a fence as a file. Mirrors drivers/dma-buf/sync_file.c.
 * @module
 */

import { POLLIN } from "../uapi/fcntl.ts";
import { bytesOf } from "../uapi/struct.ts";
import {
  sync_fence_info,
  sync_file_info,
  SYNC_IOC_FILE_INFO,
  SYNC_IOC_MERGE,
  SYNC_IOC_SET_DEADLINE,
  sync_merge_data,
  sync_set_deadline,
} from "../uapi/sync_file.ts";
import { DrmError } from "./error.ts";
import type { Fence, FenceCallback } from "./fence.ts";
import { mergeFences, unwrapFence } from "./fence_unwrap.ts";
import { File, type IoctlArgument, type PollWaiter } from "./file.ts";
import { argumentIn, argumentOut, ioctlMaker, IoctlTable } from "./ioctl.ts";
import type { Process } from "./process.ts";
import type { Wait } from "./wait.ts";

const NAME_SIZE = 32;

// FILE_INFO gathers what it tells in one kzalloc, 4 MiB at most.
const INFO_BYTES_MAX = 2 ** 22;

/** What a {@linkcode SyncFile} may be given besides its fence. */
export interface SyncFileOptions {
  /** The name that a client chose, bytes without NUL; by default it is made of the fence's (E3). */
  readonly name?: Uint8Array;
  /** Called when the file goes and nobody has taken its fence out: the fence's maker may forget it. */
  readonly onForgotten?: () => void;
}

/** A fence as a file. It holds the same fence for good. */
export class SyncFile extends File {
  /** Always "sync_file". */
  readonly kind = "sync_file";
  readonly #fence: Fence;
  readonly #name: Uint8Array | undefined;
  readonly #onForgotten: (() => void) | undefined;
  #taken = false;
  #waiters: Set<PollWaiter> | undefined;
  #callback: FenceCallback | undefined;

  /** sync_file_create. @param fence the fence. @param options a client's name for it. */
  constructor(fence: Fence, options: SyncFileOptions = {}) {
    super();
    this.#fence = fence;
    this.#name = options.name?.length ? options.name : undefined;
    this.#onForgotten = options.onForgotten;
  }

  /** The fence, for whoever keeps or waits for it. */
  get fence(): Fence {
    this.#taken = true;
    return this.#fence;
  }

  /** sync_file_get_name: the client's, or "driver-timelineCONTEXT-SEQNO", at most 31 bytes. */
  get name(): string {
    if (this.#name) return String.fromCharCode(...this.#name);
    const { driverName, timelineName, context, seqno } = this.#fence;
    return `${driverName}-${timelineName}${context}-${BigInt.asIntN(64, BigInt(seqno))}`.slice(0, NAME_SIZE - 1);
  }

  /** MERGE, FILE_INFO, SET_DEADLINE. */
  override ioctl(task: Process, cmd: number, arg: IoctlArgument): number | Wait {
    return ioctls().call(this, task, cmd, arg, "ENOTTY");
  }

  /** POLLIN once the fence has signalled, nothing else (E5). */
  override poll(events: number, waiter?: PollWaiter): number {
    if (this.#fence.isSignaled) return events & POLLIN;
    if (waiter !== undefined) {
      (this.#waiters ??= new Set()).add(waiter);
      this.#callback ??= this.#fence.addCallback(() => this.#wake());
      if (this.#fence.isSignaled) return events & POLLIN;
    }
    return 0;
  }

  /** Forgets a waiter of `poll`. */
  override unpoll(waiter: PollWaiter): void {
    if (this.#waiters?.delete(waiter) && this.#waiters.size === 0) this.#unarm();
  }

  /** What FILE_INFO tells: the state of the whole, and the single fences (E2). */
  info(): { status: number; fences: Fence[] } {
    return { status: this.#fence.status, fences: [...unwrapFence(this.#fence)] };
  }

  /** SET_DEADLINE: a hint for the fence, absolute ns. */
  setDeadline(deadline: number): void {
    this.#fence.setDeadline(deadline);
  }

  #wake(): void {
    this.#callback = undefined;
    for (const waiter of [...this.#waiters ?? []]) waiter.wake();
  }

  #unarm(): void {
    this.#callback?.remove();
    this.#callback = undefined;
  }

  /** The file goes, not the fence. */
  protected override release(): void {
    this.#unarm();
    this.#waiters = undefined;
    if (!this.#taken) this.#onForgotten?.();
  }
}

/** sync_file_get_fence: the fence of a sync_file; undefined for no file and for files of other kinds. */
export function syncFileFence(file: File | undefined): Fence | undefined {
  return file instanceof SyncFile ? file.fence : undefined;
}

// A C string in a fixed field: the bytes before the first NUL, of at most 31.
function nameBytes(field: Uint8Array): Uint8Array {
  const end = field.indexOf(0);
  return field.slice(0, end < 0 ? NAME_SIZE - 1 : Math.min(end, NAME_SIZE - 1));
}

function setName(field: Uint8Array, name: string): void {
  field.fill(0);
  for (let i = 0; i < Math.min(name.length, NAME_SIZE - 1); i++) field[i] = name.charCodeAt(i);
}

const line = ioctlMaker<SyncFile>();

// The fd comes first, and is given back whatever fails, copying the answer out last.
const merge = line.raw(SYNC_IOC_MERGE, sync_merge_data, 0, (file, arg, task) => {
  const fd = task.fds.reserve();
  let merged: SyncFile | undefined;
  try {
    const data = sync_merge_data.of();
    const bytes = bytesOf(data);
    argumentIn(task, arg, bytes);
    if (data.flags !== 0 || data.pad !== 0) throw new DrmError("EINVAL", "Cannot merge: flags and pad must be 0");
    const other = syncFileFence(task.fds.get(data.fd2));
    if (other === undefined) throw new DrmError("ENOENT", `Cannot merge with fd ${data.fd2}: it is no sync_file`);
    const name = nameBytes(bytes.subarray(0, NAME_SIZE));
    merged = new SyncFile(mergeFences(task.system, file.fence, other), { name });
    bytes[NAME_SIZE - 1] = 0; // copied back so
    data.fence = fd;
    argumentOut(task, arg, bytes);
  } catch (error) {
    merged?.put();
    task.fds.unreserve(fd);
    throw error;
  }
  task.fds.install(fd, merged, true);
  return 0;
});

const fileInfo = line.ioctl(SYNC_IOC_FILE_INFO, sync_file_info, 0, (file, arg, task) => {
  if (arg.flags !== 0 || arg.pad !== 0) throw new DrmError("EINVAL", "Cannot tell: flags and pad must be 0");
  const { status, fences } = file.info();
  if (arg.num_fences === 0) arg.status = status;
  else {
    if (arg.num_fences < fences.length) {
      throw new DrmError("EINVAL", `Cannot tell of ${fences.length} fences: there is room for ${arg.num_fences}`);
    }
    const size = sync_fence_info.size;
    if (fences.length * size > INFO_BYTES_MAX) {
      throw new DrmError("ENOMEM", `Cannot tell of ${fences.length} fences at once`);
    }
    const bytes = new Uint8Array(fences.length * size);
    let total = 1;
    fences.forEach((fence, i) => {
      const info = sync_fence_info.at(bytes, i * size);
      setName(bytes.subarray(i * size, i * size + NAME_SIZE), fence.timelineName);
      setName(bytes.subarray(i * size + NAME_SIZE, i * size + 2 * NAME_SIZE), fence.driverName);
      info.status = fence.status;
      info.timestamp_ns = BigInt(fence.isSignaled ? fence.timestamp : 0);
      if (total > 0) total = info.status;
    });
    task.memory.copyOut(arg.sync_fence_info, bytes);
    arg.status = total;
  }
  setName(bytesOf(arg).subarray(0, NAME_SIZE), file.name);
  arg.num_fences = fences.length;
  return 0;
});

const setDeadline = line.ioctl(SYNC_IOC_SET_DEADLINE, sync_set_deadline, 0, (file, arg) => {
  if (arg.pad !== 0n) throw new DrmError("EINVAL", "Cannot set a deadline: pad must be 0");
  file.setDeadline(Number(BigInt.asIntN(64, arg.deadline_ns)));
  return 0;
});

let table: IoctlTable<SyncFile> | undefined;

function ioctls(): IoctlTable<SyncFile> {
  return table ??= new IoctlTable<SyncFile>([merge, fileInfo, setDeadline], "cmd", {
    SYNC_IOC_MERGE,
    SYNC_IOC_FILE_INFO,
    SYNC_IOC_SET_DEADLINE,
  });
}
