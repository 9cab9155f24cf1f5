/**
 * `DmaBuf`: a buffer as a file, shared between drivers and processes. Mirrors drivers/dma-buf/dma-buf.c.
 * @module
 */

import * as uapi from "../uapi/dma_buf.ts";
import { MAP_PRIVATE, MAP_TYPE, POLLIN, POLLOUT, SEEK_END, SEEK_SET } from "../uapi/fcntl.ts";
import type { Device } from "./device.ts";
import { DrmError } from "./error.ts";
import type { FenceCallback } from "./fence.ts";
import { File, type IoctlArgument, type Mapping, type PollWaiter } from "./file.ts";
import { type GemObject, mapObject } from "./gem.ts";
import { argumentIn, argumentOut, ioctlMaker, IoctlTable, MAY_WAIT } from "./ioctl.ts";
import { PagesMapping } from "./mapping.ts";
import { pageAlign, type Pages } from "./memory.ts";
import type { Process } from "./process.ts";
import { type Resv, type ResvUsage, resvUsageRw } from "./resv.ts";
import { SyncFile, syncFileFence } from "./sync_file.ts";
import type { System } from "./system.ts";
import type { Wait } from "./wait.ts";

/** What a {@linkcode DmaBuf} is made of (struct dma_buf_export_info). */
export interface DmaBufOptions {
  /** The exporter's name, as fdinfo shows it. */
  readonly exporterName: string;
  /** Bytes, whole pages. */
  readonly size: number;
  /** O_RDWR, or O_RDONLY for a buffer whose fd cannot be mapped for writing. */
  readonly flags: number;
  /** Its memory; undefined where the CPU cannot reach it. */
  readonly pages: Pages | undefined;
  /** Its fences, shared with whoever imports it. */
  readonly resv: Resv;
  /**
   * The GEM object that it exports, of which it takes a reference: maps go to the object (B8), and its device imports the
   * buffer as that very object (C4).
   */
  readonly object?: GemObject;
  /** In whose debugfs it is listed; the object's by default. */
  readonly system?: System;
  /** The last reference is gone; its object's reference is dropped by the buffer itself. */
  release?(): void;
}

/** One direction of poll: all who wait in it share one callback on one fence (C11). */
class Direction {
  readonly #usage: ResvUsage;
  readonly #wake: () => void;
  #armed: FenceCallback | undefined = undefined;

  constructor(usage: ResvUsage, wake: () => void) {
    this.#usage = usage;
    this.#wake = wake;
  }

  /** Whether nothing is pending; if something is and `arm`, a callback is on it afterwards. */
  ready(resv: Resv, arm: boolean): boolean {
    if (this.#armed !== undefined) return false;
    if (!arm) return resv.testSignaled(this.#usage);
    this.#armed = resv.onProgress(this.#usage, () => {
      this.#armed = undefined;
      this.#wake();
    });
    return this.#armed === undefined;
  }

  disarm(): void {
    this.#armed?.remove();
    this.#armed = undefined;
  }
}

/** Who polls a buffer; made when somebody does. */
class Polling {
  readonly waiters: Set<PollWaiter> = new Set();
  readonly in: Direction;
  readonly out: Direction;

  constructor() {
    const wake = (): void => {
      for (const waiter of [...this.waiters]) waiter.wake();
    };
    this.in = new Direction(resvUsageRw(false), wake);
    this.out = new Direction(resvUsageRw(true), wake);
  }

  disarm(): void {
    this.in.disarm();
    this.out.disarm();
  }
}

const NO_DEVICES: ReadonlyMap<Device, number> = new Map();

// In how many files a buffer may have handles before they are found by a map.
const FEW = 8;

/** A shared buffer. */
export class DmaBuf extends File {
  /** Always "dma_buf". */
  readonly kind = "dma_buf";
  /** The exporter's name. */
  readonly exporterName: string;
  /** Bytes. */
  readonly size: number;
  /** Its memory; undefined where the CPU cannot reach it. */
  readonly pages: Pages | undefined;
  /** Its fences. */
  readonly resv: Resv;
  /** The GEM object that it exports, if it is one. */
  readonly object: GemObject | undefined;
  /** Its number among the system's; 0 if it is listed in none. */
  readonly inode: number;
  /** SET_NAME's name; empty for none. */
  name = "";
  readonly #options: DmaBufOptions;
  readonly #system: System | undefined;
  #polling: Polling | undefined = undefined;
  #attachments: Map<Device, number> | undefined = undefined;
  // Handles that files have for it, oldest first in each table; a table has a second one only when an object with two
  // handles was exported by both.
  #tables: object[] | undefined = undefined;
  #handles: number[] | undefined = undefined;
  #byTable: Map<object, number[]> | undefined = undefined;

  /** dma_buf_export: made with one reference. @param options memory, fences, and what to do at the end. */
  constructor(options: DmaBufOptions) {
    super(options.flags);
    this.exporterName = options.exporterName;
    this.size = options.size;
    this.pages = options.pages;
    this.resv = options.resv;
    this.object = options.object?.ref();
    this.#options = options;
    const system = this.#system = options.system ?? options.object?.device.system;
    this.inode = system?.nextInode() ?? 0;
    system?.dmaBufs.add(this);
  }

  /** Devices that imported it, with the number of objects as which they did. */
  get attachments(): ReadonlyMap<Device, number> {
    return this.#attachments ?? NO_DEVICES;
  }

  /** dma_buf_attach: a device imports it. */
  attach(device: Device): void {
    this.#attachments ??= new Map();
    this.#attachments.set(device, (this.#attachments.get(device) ?? 0) + 1);
  }

  /** dma_buf_detach. */
  detach(device: Device): void {
    const left = (this.#attachments?.get(device) ?? 0) - 1;
    if (left > 0) this.#attachments?.set(device, left);
    else this.#attachments?.delete(device);
  }

  /** SYNC, SET_NAME, EXPORT_SYNC_FILE, IMPORT_SYNC_FILE; the whole request number must match. */
  override ioctl(task: Process, cmd: number, arg: IoctlArgument): number | Wait {
    return table.call(this, task, cmd, arg, "ENOTTY");
  }

  /** POLLIN: no writer is pending; POLLOUT: neither writers nor readers are (C11). */
  override poll(events: number, waiter?: PollWaiter): number {
    const polling = this.#polling ??= new Polling();
    const arm = waiter !== undefined;
    if (arm) polling.waiters.add(waiter);
    let ready = 0;
    if ((events & POLLOUT) !== 0 && polling.out.ready(this.resv, arm)) ready |= POLLOUT;
    if ((events & POLLIN) !== 0 && polling.in.ready(this.resv, arm)) ready |= POLLIN;
    return ready;
  }

  /** Forgets a waiter of `poll`. */
  override unpoll(waiter: PollWaiter): void {
    const polling = this.#polling;
    if (polling === undefined) return;
    polling.waiters.delete(waiter);
    if (polling.waiters.size === 0) polling.disarm();
  }

  /** mmap(2) of the fd. Throws EINVAL beyond the end (C10) and for a private mapping. */
  override mmap(_task: Process, length: number, offset: number, prot: number, flags: number): Mapping {
    if (offset + pageAlign(length) > this.size) {
      throw new DrmError("EINVAL", `Cannot map ${length} bytes at ${offset}: the buffer has ${this.size}`);
    }
    return this.mapRange(length, offset, prot, flags);
  }

  /**
   * dma_buf_mmap: maps a range, for importers too. The mapping holds a reference.
   *
   * @throws {DrmError} EINVAL beyond the end, for a private mapping, and where the CPU cannot reach the buffer.
   */
  mapRange(length: number, offset: number, prot: number, flags: number): Mapping {
    if (!(length > 0) || !(offset >= 0) || offset + length > this.size) {
      throw new DrmError("EINVAL", `Cannot map ${length} bytes at ${offset}: the buffer has ${this.size}`);
    }
    if (this.object !== undefined) return mapObject(this.object, length, offset, prot, flags);
    if ((flags & MAP_TYPE) === MAP_PRIVATE) throw new DrmError("EINVAL", "Cannot map a buffer copy-on-write");
    if (this.pages === undefined) throw new DrmError("EINVAL", "Cannot map the buffer: it has no CPU memory");
    return new PagesMapping(this.pages, offset, length, this.ref());
  }

  /** lseek(2), which is for learning the size: SEEK_END and SEEK_SET with offset 0 (C9). Throws EINVAL. */
  override lseek(offset: number, whence: number): number {
    if ((whence !== SEEK_END && whence !== SEEK_SET) || offset !== 0) {
      throw new DrmError("EINVAL", `Cannot seek to ${offset} (whence ${whence}) in a buffer`);
    }
    return whence === SEEK_END ? this.size : 0;
  }

  /** A file's PRIME table got a handle for it. */
  addHandle(prime: object, handle: number): void {
    const tables = this.#tables ??= [], handles = this.#handles ??= [];
    if (this.#byTable === undefined && tables.length >= FEW) {
      this.#byTable = new Map();
      for (let i = 0; i < tables.length; i++) this.#addByTable(tables[i], handles[i]);
      tables.length = handles.length = 0;
    }
    if (this.#byTable !== undefined) this.#addByTable(prime, handle);
    else {
      tables.push(prime);
      handles.push(handle);
    }
  }

  #addByTable(prime: object, handle: number): void {
    const list = this.#byTable?.get(prime);
    if (list !== undefined) list.push(handle);
    else this.#byTable?.set(prime, [handle]);
  }

  /** The handle that a file's PRIME table has for it, or undefined. */
  handleIn(prime: object): number | undefined {
    if (this.#byTable !== undefined) return this.#byTable.get(prime)?.[0];
    const index = this.#tables?.indexOf(prime) ?? -1;
    return index < 0 ? undefined : this.#handles?.[index];
  }

  /** A file's PRIME table lost a handle for it. */
  removeHandle(prime: object, handle: number): void {
    if (this.#byTable !== undefined) {
      const list = this.#byTable.get(prime) ?? [];
      list.splice(list.indexOf(handle), 1);
      if (list.length === 0) this.#byTable.delete(prime);
      if (this.#byTable.size === 0) this.#byTable = undefined;
      return;
    }
    const tables = this.#tables ?? [], handles = this.#handles ?? [];
    for (let i = 0; i < tables.length; i++) {
      if (tables[i] !== prime || handles[i] !== handle) continue;
      tables.splice(i, 1);
      handles.splice(i, 1);
      return;
    }
  }

  /** The object, if it exports one, loses a reference; others are told. */
  protected override release(): void {
    this.#polling?.disarm();
    this.#polling = undefined;
    this.#system?.dmaBufs.delete(this);
    this.object?.put();
    this.#options.release?.();
  }
}

/** dma_buf_get: the buffer of an fd; no reference is taken. Throws EBADF for a bad fd, EINVAL for another kind of file (C8). */
export function lookupDmaBuf(task: Process, fd: number): DmaBuf {
  const file = task.fds.get(fd);
  if (file === undefined) throw new DrmError("EBADF", `Cannot use fd ${fd} as a buffer: it is not open`);
  if (!(file instanceof DmaBuf)) throw new DrmError("EINVAL", `Cannot use fd ${fd} as a buffer: it is a ${file.kind}`);
  return file;
}

// DMA_BUF_IOCTL_SYNC: the beginning of access waits for the fences that stand in its way; the end has nothing to do,
// since memory is coherent here.
function sync(buffer: DmaBuf, flags: bigint, task: Process): number | Wait {
  const low = Number(flags & 0xffff_ffffn);
  if (flags >> 3n !== 0n || (low & uapi.DMA_BUF_SYNC_RW) === 0) {
    throw new DrmError("EINVAL", `Cannot sync with flags 0x${flags.toString(16)}`);
  }
  if ((low & uapi.DMA_BUF_SYNC_END) !== 0) return 0;
  return buffer.resv.wait(resvUsageRw((low & uapi.DMA_BUF_SYNC_WRITE) !== 0), task.system);
}

const decoder = new TextDecoder();

// strndup_user: EINVAL without NUL in the first 32 bytes, EFAULT if memory ends before one comes (C15).
function setName(buffer: DmaBuf, task: Process, arg: IoctlArgument): number {
  const bytes = new Uint8Array(uapi.DMA_BUF_NAME_LEN);
  let end = -1;
  try {
    argumentIn(task, arg, bytes);
    end = bytes.indexOf(0);
  } catch (error) {
    // The string may end where memory does.
    if (!(error instanceof DrmError)) throw error;
    for (let i = 0; i < bytes.length && end < 0; i++) {
      argumentIn(task, arg, bytes.subarray(i, i + 1), i);
      if (bytes[i] === 0) end = i;
    }
  }
  if (end < 0) throw new DrmError("EINVAL", `Cannot name a buffer: ${uapi.DMA_BUF_NAME_LEN - 1} bytes are allowed`);
  buffer.name = decoder.decode(bytes.subarray(0, end));
  return 0;
}

function checkDirection(flags: number): boolean {
  if ((flags & ~uapi.DMA_BUF_SYNC_RW) !== 0 || (flags & uapi.DMA_BUF_SYNC_RW) === 0) {
    throw new DrmError("EINVAL", `Cannot take flags 0x${flags.toString(16)} as a direction of access`);
  }
  return (flags & uapi.DMA_BUF_SYNC_WRITE) !== 0;
}

// The fd becomes visible only after its number reached the caller, so the argument is copied here and not by the table.
function exportSyncFile(buffer: DmaBuf, task: Process, user: IoctlArgument): number {
  const arg = uapi.dma_buf_export_sync_file.of();
  const bytes = uapi.dma_buf_export_sync_file.bytes(arg);
  argumentIn(task, user, bytes);
  const write = checkDirection(arg.flags);
  const fd = task.fds.reserve();
  try {
    const fence = buffer.resv.exportFence(write, task.system);
    arg.fd = fd;
    argumentOut(task, user, bytes);
    task.fds.install(fd, new SyncFile(fence), true);
    return 0;
  } catch (error) {
    task.fds.unreserve(fd);
    throw error;
  }
}

const { ioctl } = ioctlMaker<DmaBuf>();

const table: IoctlTable<DmaBuf> = new IoctlTable<DmaBuf>(
  [
    ioctl(uapi.DMA_BUF_IOCTL_SYNC, uapi.dma_buf_sync, MAY_WAIT, (file, arg, task) => sync(file, arg.flags, task)),
    ioctl<unknown>(
      uapi.DMA_BUF_SET_NAME_A,
      undefined,
      0,
      (file, arg, task) => setName(file, task, arg as IoctlArgument),
    ),
    ioctl<unknown>(
      uapi.DMA_BUF_SET_NAME_B,
      undefined,
      0,
      (file, arg, task) => setName(file, task, arg as IoctlArgument),
    ),
    ioctl<unknown>(
      uapi.DMA_BUF_IOCTL_EXPORT_SYNC_FILE,
      undefined,
      0,
      (file, arg, task) => exportSyncFile(file, task, arg as IoctlArgument),
    ),
    ioctl(uapi.DMA_BUF_IOCTL_IMPORT_SYNC_FILE, uapi.dma_buf_import_sync_file, 0, (file, arg, task) => {
      const write = checkDirection(arg.flags);
      const fence = syncFileFence(task.fds.get(arg.fd));
      if (fence === undefined) throw new DrmError("EINVAL", `Cannot import fd ${arg.fd}: it is no sync_file`);
      file.resv.importFence(fence, write);
      return 0;
    }),
  ],
  "cmd",
  uapi,
);
