/**
 * `Submission`: one EXECBUFFER on its way to the device: what it refers to is gathered, then what it waits for, then it is sent.
 * Nothing has happened until it is sent. Mirrors drivers/gpu/drm/virtio/virtgpu_submit.c.
 * @module
 */

import type { EventSlot } from "../../../core/event_queue.ts";
import { DrmError, errnoOf } from "../../../core/error.ts";
import type { Fence, FenceCallback } from "../../../core/fence.ts";
import { isFenceContainer } from "../../../core/fence_array.ts";
import { unwrapFence } from "../../../core/fence_unwrap.ts";
import type { Process } from "../../../core/process.ts";
import { type Resv, ResvUsage } from "../../../core/resv.ts";
import { SyncFile, syncFileFence } from "../../../core/sync_file.ts";
import type { Syncobj } from "../../../core/syncobj.ts";
import { Wait } from "../../../core/wait.ts";
import type { View } from "../../../uapi/struct.ts";
import * as uapi from "../../../uapi/virtgpu_drm.ts";
import { EVENT_BYTES, type FenceTimeline } from "./fence_driver.ts";
import { lookup, type VirtioGpuObject } from "./object.ts";
import type { SubmitBuffer } from "./submit_buffers.ts";
import type { VirtioGpuFile } from "./file.ts";
import type { FileContext } from "./file_context.ts";
import type { VirtioGpu } from "./virtio_gpu.ts";

/** Elements of one of the arrays of a request; the kernel's limit is memory. */
const ARRAY_MAX = 2 ** 20;
const SYNCOBJ_BYTES = uapi.drm_virtgpu_execbuffer_syncobj.size;
const TWO_32 = 0x1_0000_0000;

type Argument = View<uapi.drm_virtgpu_execbuffer>;

const syncobjBytes = new Uint8Array(SYNCOBJ_BYTES);
const syncobjView = new DataView(syncobjBytes.buffer);

/** One EXECBUFFER; used again for the next one when it is over. */
export class Submission {
  readonly #gpu: VirtioGpu;
  #file: VirtioGpuFile | undefined;
  #task: Process | undefined;
  #arg: Argument | undefined;
  #context: FileContext | undefined;
  #timeline: FenceTimeline | undefined;
  #event: EventSlot | undefined;
  #fenced = false;
  #buffer: SubmitBuffer | undefined;
  #fd = -1;
  readonly #objects: VirtioGpuObject[] = [];
  readonly #outs: Syncobj[] = [];
  readonly #points: (number | bigint)[] = [];
  readonly #resets: Syncobj[] = [];
  readonly #resvs: Set<Resv> = new Set();
  // How far waiting has come.
  #next = 0;
  #current: Fence | undefined;
  #reset = 0;
  #parsed = false;
  #fenceFound = false;
  // The door's, once it waits.
  #wait: Wait | undefined;
  #callback: FenceCallback | undefined;
  #room: Wait | undefined;
  #handles: Uint8Array = new Uint8Array(256);
  #handleWords: Uint32Array = new Uint32Array(this.#handles.buffer);

  /** @param gpu the device. */
  constructor(gpu: VirtioGpu) {
    this.#gpu = gpu;
  }

  /**
   * Does the request, or as much of it as can be done now.
   *
   * @param timeline of its fence. @param polled whether that sends an event.
   * @returns 0; undefined if it has to wait: `suspend` then. @throws {DrmError} what is wrong with it; it is over then.
   */
  begin(
    file: VirtioGpuFile,
    arg: Argument,
    task: Process,
    context: FileContext,
    timeline: FenceTimeline,
    polled: boolean,
  ): number | undefined {
    this.#file = file;
    this.#task = task;
    this.#arg = arg;
    this.#context = context;
    this.#timeline = timeline;
    const { flags, size, num_bo_handles, num_out_syncobjs } = arg;
    try {
      this.#gpu.checkRoom(1);
      const wantsFd = (flags & uapi.VIRTGPU_EXECBUF_FENCE_FD_OUT) !== 0;
      this.#fenced = wantsFd || num_out_syncobjs > 0 || num_bo_handles > 0 || polled;
      if (polled) this.#event = file.events.reserve(EVENT_BYTES);
      if (num_bo_handles > 0) this.#takeObjects(file, task, arg.bo_handles, num_bo_handles);
      this.#buffer = this.#gpu.submitBuffers.acquire(size);
      if (size > 0) task.memory.copyIn(arg.command, this.#buffer.data.subarray(0, size));
      if (wantsFd) this.#fd = task.fds.reserve();
      if (num_out_syncobjs > 0) this.#takeOuts(file, task, arg, num_out_syncobjs);
      return this.#advance();
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  /** The Wait of a submission that `begin` could not finish. @param done gets it back when it is over. */
  suspend(done: (submission: Submission) => void): Wait {
    const wait = this.#wait = new Wait({
      cleanup: () => {
        // Over, or given up.
        this.#end();
        done(this);
      },
    });
    return wait;
  }

  #takeObjects(file: VirtioGpuFile, task: Process, address: bigint, count: number): void {
    if (count > ARRAY_MAX) throw new DrmError("ENOMEM", `Cannot look at ${count} objects`);
    if (this.#handleWords.length < count) {
      this.#handles = new Uint8Array(4 * 2 ** Math.ceil(Math.log2(count)));
      this.#handleWords = new Uint32Array(this.#handles.buffer);
    }
    task.memory.copyIn(address, this.#handles.subarray(0, count * 4));
    for (let i = 0; i < count; i++) this.#objects.push(lookup(file, this.#handleWords[i]).ref());
  }

  // virtio_gpu_parse_post_deps.
  #takeOuts(file: VirtioGpuFile, task: Process, arg: Argument, count: number): void {
    if (count > ARRAY_MAX) throw new DrmError("ENOMEM", `Cannot signal ${count} syncobjs`);
    for (let i = 0; i < count; i++) {
      const handle = readSyncobj(task, arg.out_syncobjs, arg.syncobj_stride, i);
      if (syncobjView.getUint32(4, true) !== 0) throw new DrmError("EINVAL", "Cannot signal a syncobj with flags");
      const syncobj = file.syncobjs.get(handle);
      if (syncobj === undefined) throw new DrmError("EINVAL", `Cannot signal syncobj ${handle}: there is none`);
      this.#outs.push(syncobj.ref());
      this.#points.push(readPoint());
    }
  }

  // Goes on until it is sent (0) or has to wait (undefined), in which case it has seen to it that it goes on.
  #advance(): number | undefined {
    const file = this.#file, task = this.#task, arg = this.#arg;
    if (file === undefined || task === undefined || arg === undefined) return undefined;
    const count = arg.num_in_syncobjs;
    if (count > ARRAY_MAX) throw new DrmError("ENOMEM", `Cannot wait for ${count} syncobjs`);
    // virtio_gpu_parse_deps: one after the other, and the next is looked at only then.
    while (this.#next < count) {
      if (this.#current === undefined) this.#current = this.#inFence(file, task, arg);
      if (this.#waits(this.#current)) return undefined;
      this.#current = undefined;
      if (this.#reset !== 0) {
        const syncobj = file.syncobjs.get(this.#reset);
        if (syncobj === undefined) throw new DrmError("EINVAL", `Cannot reset syncobj ${this.#reset}: there is none`);
        this.#resets.push(syncobj.ref());
      }
      this.#next++;
    }
    this.#parsed = true;
    if ((arg.flags & uapi.VIRTGPU_EXECBUF_FENCE_FD_IN) !== 0 && !this.#fenceFound) {
      this.#current = syncFileFence(task.fds.get(arg.fence_fd));
      if (this.#current === undefined) {
        throw new DrmError("EINVAL", `Cannot wait for fd ${arg.fence_fd}: it is no sync_file`);
      }
      this.#fenceFound = true;
    }
    if (this.#current !== undefined && this.#waits(this.#current)) return undefined;
    this.#current = undefined;
    const { queue } = this.#gpu;
    if (queue.hasRoom) return this.#send(task, arg);
    this.#room = queue.room(() => this.#send(task, arg), () => {});
    this.#room.onDone((result) => {
      this.#room = undefined;
      this.#wait?.complete(result);
    });
    return undefined;
  }

  // The fence of the next syncobj; `#reset` is its handle if it is to be emptied.
  #inFence(file: VirtioGpuFile, task: Process, arg: Argument): Fence {
    const handle = readSyncobj(task, arg.in_syncobjs, arg.syncobj_stride, this.#next);
    const flags = syncobjView.getUint32(4, true);
    if ((flags & ~uapi.VIRTGPU_EXECBUF_SYNCOBJ_FLAGS) !== 0) {
      throw new DrmError("EINVAL", `Cannot wait for a syncobj with flags 0x${flags.toString(16)}`);
    }
    const point = readPoint();
    const syncobj = file.syncobjs.get(handle);
    if (syncobj === undefined) throw new DrmError("ENOENT", `Cannot wait for syncobj ${handle}: there is none`);
    const fence = syncobj.find(point);
    if (fence === undefined) {
      throw new DrmError("EINVAL", `Cannot wait for syncobj ${handle}: it has no fence at point ${point}`);
    }
    this.#reset = (flags & uapi.VIRTGPU_EXECBUF_SYNCOBJ_RESET) !== 0 ? handle : 0;
    return fence;
  }

  // Whether it has to wait for a fence; those of its own timeline need no waiting: the device keeps their order.
  #waits(fence: Fence): boolean {
    const own = this.#timeline?.context;
    if (!isFenceContainer(fence)) return fence.context !== own && this.#watch(fence);
    if (fence.isSignaled) return false;
    let mixed = false;
    for (const single of unwrapFence(fence)) mixed ||= single.context === own;
    if (!mixed) return this.#watch(fence);
    for (const single of unwrapFence(fence)) if (single.context !== own && this.#watch(single)) return true;
    return false;
  }

  #watch(fence: Fence): boolean {
    this.#callback = fence.addCallback(() => this.#resume());
    return this.#callback !== undefined;
  }

  #resume(): void {
    this.#callback = undefined;
    let result: number | undefined;
    try {
      result = this.#advance();
    } catch (error) {
      result = errnoOf(error);
    }
    if (result !== undefined) this.#wait?.complete(result);
  }

  // The last that can fail comes first; from `submit3d` on nothing does.
  #send(task: Process, arg: Argument): number {
    const gpu = this.#gpu, context = this.#context, buffer = this.#buffer;
    if (context === undefined || buffer === undefined) return 0;
    this.#lockObjects();
    gpu.checkRoom(1);
    const timeline = this.#fenced ? this.#timeline : undefined;
    this.#buffer = undefined;
    const fence = gpu.commands3d.submit3d(context.id, buffer, arg.size, timeline, this.#event);
    this.#event = undefined;
    if (fence !== undefined) {
      for (let i = 0; i < this.#objects.length; i++) this.#objects[i].resv.add(fence, ResvUsage.WRITE);
      if (this.#fd >= 0) {
        arg.fence_fd = this.#fd;
        task.fds.install(this.#fd, new SyncFile(fence), true);
        this.#fd = -1;
      }
      for (let i = 0; i < this.#outs.length; i++) {
        if (this.#points[i] === 0) this.#outs[i].replaceFence(fence);
        else this.#outs[i].addPoint(fence, this.#points[i]);
      }
    }
    if (this.#wait === undefined) this.#end();
    gpu.queue.notify();
    return 0;
  }

  // virtio_gpu_array_lock_resv: an object that stands twice cannot be locked twice.
  #lockObjects(): void {
    const objects = this.#objects;
    for (let i = 0; i < objects.length; i++) {
      const { resv } = objects[i];
      if (objects.length > 1) {
        if (this.#resvs.has(resv)) {
          this.#resvs.clear();
          throw new DrmError("EALREADY", "Cannot lock the objects: one is named twice");
        }
        this.#resvs.add(resv);
      }
      resv.reserve(1);
    }
    if (objects.length > 1) this.#resvs.clear();
  }

  // virtio_gpu_cleanup_submit.
  #end(): void {
    this.#callback?.remove();
    const room = this.#room;
    this.#room = undefined;
    room?.cancel();
    this.#event?.cancel();
    if (this.#buffer !== undefined) this.#gpu.submitBuffers.release(this.#buffer);
    if (this.#fd >= 0) this.#task?.fds.unreserve(this.#fd);
    // Also where it has failed after all were waited for.
    for (let i = 0; i < this.#resets.length; i++) {
      if (this.#parsed) this.#resets[i].replaceFence(undefined);
      this.#resets[i].put();
    }
    for (let i = 0; i < this.#outs.length; i++) this.#outs[i].put();
    for (let i = 0; i < this.#objects.length; i++) this.#objects[i].put();
    this.#objects.length =
      this.#outs.length =
      this.#points.length =
      this.#resets.length =
        0;
    this.#file =
      this.#task =
      this.#arg =
      this.#context =
      this.#timeline =
        undefined;
    this.#event =
      this.#buffer =
      this.#current =
      this.#wait =
      this.#callback =
        undefined;
    this.#fd = -1;
    this.#next = this.#reset = 0;
    this.#fenced = this.#parsed = this.#fenceFound = false;
  }
}

// A drm_virtgpu_execbuffer_syncobj into the scratch bytes; what the client's stride leaves out is 0. Its handle.
function readSyncobj(task: Process, address: bigint, stride: number, index: number): number {
  syncobjBytes.fill(0);
  const length = Math.min(stride, SYNCOBJ_BYTES);
  const target = length === SYNCOBJ_BYTES ? syncobjBytes : syncobjBytes.subarray(0, length);
  if (length > 0) task.memory.copyIn(BigInt.asUintN(64, address + BigInt(index) * BigInt(stride)), target);
  return syncobjView.getUint32(0, true);
}

function readPoint(): number | bigint {
  const high = syncobjView.getUint32(12, true);
  return high < 0x20_0000 ? high * TWO_32 + syncobjView.getUint32(8, true) : syncobjView.getBigUint64(8, true);
}
