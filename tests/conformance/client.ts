/**
 * A program that knows nothing but the uAPI: requests on open files, bytes at addresses. What it sees is what any client sees.
 * @module
 */

import { VirtualClock } from "udrm/core/clock.ts";
import { defineDriver } from "udrm/core/driver.ts";
import { DrmError } from "udrm/core/error.ts";
import type { LocalProcess, OpenFile } from "udrm/core/process.ts";
import { System } from "udrm/core/system.ts";
import * as uapi from "udrm/uapi/mod.ts";

/** A machine with `cards` devices that do nothing but synchronise, on virtual time. */
export class Machine implements Disposable {
  /** Its time. */
  readonly clock: VirtualClock = new VirtualClock();
  /** The system. */
  readonly system: System = new System({ clock: this.clock });

  /** @param cards how many devices. */
  constructor(cards = 1) {
    const features = ["GEM", "RENDER", "SYNCOBJ", "SYNCOBJ_TIMELINE"] as const;
    for (let i = 0; i < cards; i++) {
      this.system.addDevice(defineDriver({ name: `sync${i}`, desc: "fences only", version: [1, 0, 0], features }));
    }
  }

  /** A program that has a device's render node open. */
  client(card = 0, process: LocalProcess = this.system.process({ comm: "igt" })): Client {
    return new Client(process, process.open(`/dev/dri/renderD${128 + card}`));
  }

  /** Ends it. */
  [Symbol.dispose](): void {
    this.system[Symbol.dispose]();
  }
}

/** What a wait gave. */
export interface Waited {
  /** 0, or the errno's name. */
  readonly result: number | string;
  /** first_signaled. */
  readonly first: number;
}

/** How to wait. */
export interface WaitArgs {
  /** DRM_SYNCOBJ_WAIT_FLAGS_*. */
  readonly flags?: number;
  /** Absolute ns, default 0: poll. */
  readonly timeout?: bigint;
}

/** What SYNC_IOC_FILE_INFO tells. */
export interface FenceInfo {
  /** Of the whole, asked without room for fences. */
  readonly status: number;
  /** Of the whole, asked with room: the first status of a fence that is not 1. */
  readonly worst: number;
  /** The single fences. */
  readonly fences: { status: number; driver: string; timeline: string; time: bigint }[];
}

/** A program with a DRM file. */
export class Client {
  /** Itself. */
  readonly process: LocalProcess;
  /** Its DRM file. */
  readonly card: OpenFile;

  /** @param process it. @param card its DRM file. */
  constructor(process: LocalProcess, card: OpenFile) {
    this.process = process;
    this.card = card;
  }

  /** Address of u32 values. */
  u32(values: readonly number[]): bigint {
    return this.process.heap.from(new Uint8Array(Uint32Array.from(values).buffer)).address;
  }

  /** Address of u64 values. */
  u64(values: readonly (number | bigint)[]): bigint {
    return this.process.heap.from(new Uint8Array(BigUint64Array.from(values.map(BigInt)).buffer)).address;
  }

  /** SYNCOBJ_CREATE. */
  create(flags = 0): number {
    const arg = uapi.drm_syncobj_create.of({ flags });
    this.card.ioctl(uapi.DRM_IOCTL_SYNCOBJ_CREATE, arg);
    return arg.handle;
  }

  /** SYNCOBJ_DESTROY. */
  destroy(handle: number): void {
    this.card.ioctl(uapi.DRM_IOCTL_SYNCOBJ_DESTROY, uapi.drm_syncobj_destroy.of({ handle }));
  }

  /** SYNCOBJ_HANDLE_TO_FD. */
  toFd(handle: number, flags = 0, point = 0n): number {
    const arg = uapi.drm_syncobj_handle.of({ handle, flags, point });
    this.card.ioctl(uapi.DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, arg);
    return arg.fd;
  }

  /** SYNCOBJ_FD_TO_HANDLE. */
  fromFd(fd: number, flags = 0, handle = 0, point = 0n): number {
    const arg = uapi.drm_syncobj_handle.of({ fd, flags, handle, point });
    this.card.ioctl(uapi.DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, arg);
    return arg.handle;
  }

  /** SYNCOBJ_FD_TO_HANDLE of a sync_file: the syncobj's fence, or its point's. */
  submit(handle: number, syncFile: number, point?: bigint): void {
    const timeline = point === undefined ? 0 : uapi.DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_TIMELINE;
    this.fromFd(syncFile, uapi.DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE | timeline, handle, point);
  }

  /** SYNCOBJ_SIGNAL, or SYNCOBJ_RESET. */
  set(signaled: boolean, ...handles: number[]): void {
    const cmd = signaled ? uapi.DRM_IOCTL_SYNCOBJ_SIGNAL : uapi.DRM_IOCTL_SYNCOBJ_RESET;
    this.card.ioctl(cmd, uapi.drm_syncobj_array.of({ handles: this.u32(handles), count_handles: handles.length }));
  }

  /** SYNCOBJ_TIMELINE_SIGNAL. */
  signalPoint(handle: number, point: number | bigint): void {
    const arg = uapi.drm_syncobj_timeline_array.of({
      handles: this.u32([handle]),
      points: this.u64([point]),
      count_handles: 1,
    });
    this.card.ioctl(uapi.DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, arg);
  }

  /** SYNCOBJ_QUERY. */
  query(handles: number[], flags = 0): bigint[] {
    const points = this.process.alloc(handles.length * 8);
    const arg = uapi.drm_syncobj_timeline_array.of({
      handles: this.u32(handles),
      points: points.address,
      count_handles: handles.length,
      flags,
    });
    this.card.ioctl(uapi.DRM_IOCTL_SYNCOBJ_QUERY, arg);
    const view = new DataView(points.bytes.buffer, points.bytes.byteOffset);
    return handles.map((_, i) => view.getBigUint64(i * 8, true));
  }

  /** SYNCOBJ_TRANSFER. */
  transfer(from: number, fromPoint: bigint, to: number, toPoint: bigint, flags = 0): void {
    this.card.ioctl(uapi.DRM_IOCTL_SYNCOBJ_TRANSFER, this.transferArg(from, fromPoint, to, toPoint, flags));
  }

  /** The argument of SYNCOBJ_TRANSFER. */
  transferArg(
    from: number,
    fromPoint: bigint,
    to: number,
    toPoint: bigint,
    flags = 0,
  ): uapi.View<uapi.drm_syncobj_transfer> {
    return uapi.drm_syncobj_transfer.of({
      src_handle: from,
      dst_handle: to,
      src_point: fromPoint,
      dst_point: toPoint,
      flags,
    });
  }

  /** SYNCOBJ_WAIT, or with points SYNCOBJ_TIMELINE_WAIT, as a call that returns at once. */
  wait(handles: number[], args: WaitArgs = {}, points?: readonly (number | bigint)[]): Waited {
    const [cmd, arg] = this.#waitArg(handles, args, points);
    return { result: outcome(() => this.card.ioctl(cmd, arg)), first: arg.first_signaled };
  }

  /** The same as a call that may sleep. */
  async sleep(handles: number[], args: WaitArgs = {}, points?: readonly (number | bigint)[]): Promise<Waited> {
    const [cmd, arg] = this.#waitArg(handles, args, points);
    const result = await this.card.wait(cmd, arg);
    return { result: result < 0 ? uapi.errnoName(result) ?? result : result, first: arg.first_signaled };
  }

  #waitArg(handles: number[], { flags = 0, timeout = 0n }: WaitArgs, points?: readonly (number | bigint)[]) {
    const common = { handles: this.u32(handles), count_handles: handles.length, timeout_nsec: timeout, flags };
    if (points === undefined) return [uapi.DRM_IOCTL_SYNCOBJ_WAIT, uapi.drm_syncobj_wait.of(common)] as const;
    const arg = uapi.drm_syncobj_timeline_wait.of({ ...common, points: this.u64(points) });
    return [uapi.DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, arg] as const;
  }

  /** open(2) of /dev/sw_sync: a timeline. */
  timeline(): Timeline {
    return new Timeline(this.process, this.process.open("/dev/sw_sync"));
  }

  /** SYNC_IOC_MERGE; the new fd. */
  merge(a: number, b: number, name = "merged"): number {
    const arg = uapi.sync_merge_data.of({ fd2: b, name });
    this.process.file(a).ioctl(uapi.SYNC_IOC_MERGE, arg);
    return arg.fence;
  }

  /** SYNC_IOC_FILE_INFO of a fence fd. */
  info(fd: number): FenceInfo {
    const file = this.process.file(fd);
    const arg = uapi.sync_file_info.of();
    file.ioctl(uapi.SYNC_IOC_FILE_INFO, arg);
    const size = uapi.sync_fence_info.size;
    const buffer = this.process.alloc(arg.num_fences * size);
    const full = uapi.sync_file_info.of({ num_fences: arg.num_fences, sync_fence_info: buffer.address });
    file.ioctl(uapi.SYNC_IOC_FILE_INFO, full);
    const fences = Array.from({ length: full.num_fences }, (_, i) => uapi.sync_fence_info.at(buffer.bytes, i * size));
    return {
      status: arg.status,
      worst: full.status,
      fences: fences.map((f) => ({
        status: f.status,
        driver: f.driver_name,
        timeline: f.obj_name,
        time: f.timestamp_ns,
      })),
    };
  }

  /** Whether poll(2) finds a fence fd signalled. */
  signaled(fd: number): boolean {
    return this.process.file(fd).poll(uapi.POLLIN) === uapi.POLLIN;
  }
}

/** A software timeline. */
export class Timeline {
  readonly #process: LocalProcess;
  /** Its file. */
  readonly file: OpenFile;

  /** @param process whose. @param file its file. */
  constructor(process: LocalProcess, file: OpenFile) {
    this.#process = process;
    this.file = file;
  }

  /** SW_SYNC_IOC_CREATE_FENCE; the fence fd. */
  fence(value: number): number {
    const arg = uapi.sw_sync_create_fence_data.of({ value });
    this.file.ioctl(uapi.SW_SYNC_IOC_CREATE_FENCE, arg);
    return arg.fence;
  }

  /** SW_SYNC_IOC_INC. */
  inc(count = 1): void {
    this.file.ioctl(uapi.SW_SYNC_IOC_INC, Uint32Array.of(count));
  }

  /** Ends the timeline. */
  close(): void {
    this.#process.close(this.file.fd);
  }
}

/** What a call came to: its result, or the errno's name. */
export function outcome<T>(call: () => T): T | string {
  try {
    const result = call();
    return typeof result === "number" && result < 0 ? uapi.errnoName(result) ?? result : result;
  } catch (error) {
    if (error instanceof DrmError) return error.code;
    throw error;
  }
}
