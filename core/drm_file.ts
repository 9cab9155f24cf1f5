/**
 * `DrmFile`, the kernel's struct drm_file: one open of a card or render node, its handle tables, caps and events.
 * @module
 */

import { O_NONBLOCK } from "../uapi/fcntl.ts";
import { _IOC_TYPE } from "../uapi/ioctl.ts";
import type { View } from "../uapi/struct.ts";
import { type DrmMaster, isCurrentMaster, masterOpen, masterRelease } from "./auth.ts";
import type { Device } from "./device.ts";
import { DRIVER_NR_BASE, DRIVER_NR_END } from "./driver.ts";
import { DrmError } from "./error.ts";
import { EventQueue } from "./event_queue.ts";
import { File, type IoctlArgument, type Mapping, type PollWaiter } from "./file.ts";
import { gemMmap, type GemObject, gemReleaseFile } from "./gem.ts";
import { IdTable } from "./id_table.ts";
import { AUTH, type IoctlTable, MASTER, RENDER_ALLOW, ROOT_ONLY } from "./ioctl.ts";
import { PrimeTable } from "./prime.ts";
import type { Process } from "./process.ts";
import { releaseSyncobjs, type Syncobj } from "./syncobj.ts";
import { traceIoctl } from "./trace_ioctl.ts";
import { coreTable } from "./drm_table.ts";
import type { Wait } from "./wait.ts";

const ASCII_D = "d".charCodeAt(0);

/** One open of a DRM node. `P` is the driver's state for it, `D` the driver's state for the device. */
export class DrmFile<P = unknown, D = unknown> extends File {
  /** Always "drm". */
  readonly kind = "drm";
  /** The device. */
  readonly device: Device<D>;
  /** Whether it is a render node. */
  readonly isRender: boolean;
  /** Thread group of the opener. */
  readonly tgid: number;
  /** Command name of the opener. */
  readonly comm: string;
  /** User id of the opener. */
  readonly uid: number;
  /** GEM handles (B1). */
  readonly objects: IdTable<GemObject>;
  /** Syncobj handles (B1). */
  readonly syncobjs: IdTable<Syncobj>;
  /** Which dma-bufs have handles here (C3). */
  readonly prime: PrimeTable = new PrimeTable();
  /** Its events. */
  readonly events: EventQueue = new EventQueue();
  /** The master under which it was opened; undefined on render nodes. */
  master: DrmMaster | undefined;
  /** Whether it owns its master object. */
  isMaster = false;
  /** Whether it ever was the device's master. */
  wasMaster = false;
  /** Whether it may do what AUTH guards. */
  authenticated: boolean;
  /** Its magic, 0 before GET_MAGIC. */
  magic = 0;
  /** SET_CLIENT_CAP STEREO_3D. */
  stereoAllowed = false;
  /** SET_CLIENT_CAP UNIVERSAL_PLANES. */
  universalPlanes = false;
  /** SET_CLIENT_CAP ATOMIC. */
  atomic = false;
  /** SET_CLIENT_CAP ASPECT_RATIO. */
  aspectRatioAllowed = false;
  /** SET_CLIENT_CAP WRITEBACK_CONNECTORS. */
  writebackConnectors = false;
  /** SET_CLIENT_CAP CURSOR_PLANE_HOTSPOT. */
  cursorHotspot = false;
  /** SET_CLIENT_CAP PLANE_COLOR_PIPELINE. */
  planeColorPipeline = false;
  /** SET_CLIENT_NAME. */
  clientName = "";
  #priv: P | undefined;

  /** drm_open_helper. Throws what the driver's `open` throws. */
  constructor(device: Device<D>, task: Process, isRender: boolean, flags: number) {
    super(flags);
    this.device = device;
    this.isRender = isRender;
    this.objects = new IdTable<GemObject>(undefined, device.system.ids);
    this.syncobjs = new IdTable<Syncobj>(undefined, device.system.ids);
    this.tgid = task.tgid;
    this.comm = task.comm;
    this.uid = task.uid;
    this.authenticated = task.capSysAdmin;
    this.#priv = device.driver.spec.open?.(this as unknown as DrmFile, task) as P | undefined;
    if (!isRender) masterOpen(this as unknown as DrmFile);
    device.files.add(this as unknown as DrmFile);
  }

  /** The driver's state. */
  get priv(): P {
    return this.#priv as P;
  }

  /** "card0" or "renderD128". */
  get name(): string {
    return this.isRender ? `renderD${this.device.render}` : this.device.name;
  }

  /** drm_is_current_master. */
  get isCurrentMaster(): boolean {
    return isCurrentMaster(this as unknown as DrmFile);
  }

  /** drm_ioctl: unplugged, type, number, copy in, unplugged, permissions, handler, copy out. */
  override ioctl(task: Process, cmd: number, arg: IoctlArgument): number | Wait {
    if (this.device.system.trace.enabled) {
      const entry = this.#table(cmd).find(cmd);
      return traceIoctl(entry, this.name, task, cmd, arg, () => this.#ioctl(task, cmd, arg));
    }
    return this.#ioctl(task, cmd, arg);
  }

  #table(cmd: number): IoctlTable<DrmFile> {
    const nr = cmd & 0xff;
    return nr >= DRIVER_NR_BASE && nr < DRIVER_NR_END ? this.device.table : coreTable();
  }

  #ioctl(task: Process, cmd: number, arg: IoctlArgument): number | Wait {
    const { device } = this;
    if (device.unplugged) device.enter();
    if (device.suspended) return device.whenResumed(() => this.#ioctl(task, cmd, arg));
    if (_IOC_TYPE(cmd) !== ASCII_D) {
      throw new DrmError("ENOTTY", `Cannot do ioctl 0x${(cmd >>> 0).toString(16)}: its type is not 'd'`);
    }
    return this.#table(cmd).call(this as unknown as DrmFile, task, cmd, arg, "EINVAL", permit);
  }

  /** drm_read. */
  override read(_task: Process, target: Uint8Array): number | Wait {
    return this.events.read(
      target.length,
      (this.flags & O_NONBLOCK) !== 0,
      (event, offset) => target.set(event, offset),
    );
  }

  /** drm_poll. */
  override poll(events: number, waiter?: PollWaiter): number {
    return this.events.poll(events, waiter);
  }

  /** Forgets a waiter of `poll`. */
  override unpoll(waiter: PollWaiter): void {
    this.events.unpoll(waiter);
  }

  /** noop_llseek: a DRM file has no position. */
  override lseek(): number {
    return 0;
  }

  /** drm_gem_mmap: `offset` must be an object's exactly (B7). */
  override mmap(_task: Process, length: number, offset: number, prot: number, flags: number): Mapping {
    this.device.enter();
    return gemMmap(this as unknown as DrmFile, length, offset, prot, flags);
  }

  /** drm_file_free, in the kernel's order (K6). */
  protected override release(): void {
    const self = this as unknown as DrmFile;
    this.events.close();
    this.device.kms?.releaseFile(self);
    releaseSyncobjs(self);
    gemReleaseFile(self);
    if (!this.isRender) masterRelease(self);
    this.device.driver.spec.postclose?.(self);
    this.prime.close();
    this.device.files.delete(self);
  }
}

/** drm_ioctl_permit: EACCES for whatever the flags ask and the caller is not. */
function permit(file: DrmFile, flags: number, task: Process): void {
  if (flags === RENDER_ALLOW) return;
  if ((flags & ROOT_ONLY) !== 0 && !task.capSysAdmin) {
    throw new DrmError("EACCES", "Cannot do this: it takes CAP_SYS_ADMIN");
  }
  if ((flags & AUTH) !== 0 && !file.isRender && !file.authenticated) {
    throw new DrmError("EACCES", "Cannot do this: the client is not authenticated");
  }
  if ((flags & MASTER) !== 0 && !isCurrentMaster(file)) {
    throw new DrmError("EACCES", "Cannot do this: the client is not the current master");
  }
  if ((flags & RENDER_ALLOW) === 0 && file.isRender) {
    throw new DrmError("EACCES", "Cannot do this on a render node");
  }
}

/** A handler's argument type, for tables that are written in other files. */
export type Arg<A> = View<A>;
