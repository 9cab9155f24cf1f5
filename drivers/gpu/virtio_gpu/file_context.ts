/**
 * `FileContext`: the 3D context of an open file, made at the host when the file first needs it, or by CONTEXT_INIT. Mirrors struct
 * virtio_gpu_fpriv and virtio_gpu_create_context (virtgpu_ioctl.c).
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import type { Process } from "../../../core/process.ts";
import type { View } from "../../../uapi/struct.ts";
import * as uapi from "../../../uapi/virtgpu_drm.ts";
import { VIRTIO_GPU_CONTEXT_INIT_CAPSET_ID_MASK } from "../../../uapi/virtio_gpu.ts";
import { FenceTimeline } from "./fence_driver.ts";
import type { VirtioGpu } from "./virtio_gpu.ts";

const PARAMS_MAX = 4;
const PARAM_BYTES = uapi.drm_virtgpu_context_set_param.size;
const CAPSET_MAX = 63n;
const RINGS_MAX = 64n;
/** DEBUG_NAME_MAX_LEN less the NUL, bytes. */
const NAME_MAX = 63;

function invalid(why: string): never {
  throw new DrmError("EINVAL", `Cannot set up a context: ${why}`);
}

/** The context of one open file. */
export class FileContext {
  /** The host's name for it. */
  readonly id: number;
  readonly #gpu: VirtioGpu;
  #created = false;
  #contextInit = 0;
  #rings: FenceTimeline[] | undefined = undefined;
  #polled = 0n;
  #name: Uint8Array | undefined = undefined;

  /** virtio_gpu_driver_open. @param gpu the device. @throws {DrmError} ENOSPC if no id is left. */
  constructor(gpu: VirtioGpu) {
    this.#gpu = gpu;
    this.id = gpu.contexts.reserve();
    if (this.id === 0) throw new DrmError("ENOSPC", "Cannot open the device: it has no context left");
  }

  /** virtio_gpu_create_context. @param comm the caller's name, by which it is known. @throws {DrmError} ENODEV, ENOMEM. */
  create(comm: string): void {
    if (this.#created) return;
    this.#gpu.checkRoom(1);
    this.#created = true;
    const name = this.#name ?? new TextEncoder().encode(comm);
    this.#gpu.commands3d.contextCreate(this.id, this.#contextInit, name);
  }

  /** The timeline of a ring that EXECBUFFER names; undefined if there is none such. */
  ring(index: number): FenceTimeline | undefined {
    return this.#rings?.[index];
  }

  /** Whether fences of a ring send events. */
  isPolled(index: number): boolean {
    return this.#polled !== 0n && (this.#polled >> BigInt(index) & 1n) === 1n;
  }

  /** CONTEXT_INIT (L5). What was set before a parameter that is wrong stays set, as in the kernel. */
  init(arg: View<uapi.drm_virtgpu_context_init>, task: Process): number {
    const gpu = this.#gpu;
    if (!gpu.hasContextInit) invalid("the device has one kind only");
    if (arg.num_params > PARAMS_MAX) invalid(`${arg.num_params} parameters are too many`);
    const params = new Uint8Array(arg.num_params * PARAM_BYTES);
    if (params.length > 0) task.memory.copyIn(arg.ctx_set_params, params);
    if (this.#created) throw new DrmError("EEXIST", "Cannot set up a context: the file has one");
    for (let at = 0; at < params.length; at += PARAM_BYTES) {
      const { param, value } = uapi.drm_virtgpu_context_set_param.at(params, at);
      this.#set(param, value, task);
    }
    if ((this.#polled >> BigInt(this.#rings?.length ?? 0)) !== 0n) invalid("it is to poll rings that it has not");
    this.create(task.comm);
    gpu.queue.notify();
    return 0;
  }

  #set(param: bigint, value: bigint, task: Process): void {
    switch (param) {
      case BigInt(uapi.VIRTGPU_CONTEXT_PARAM_CAPSET_ID):
        if (value > CAPSET_MAX || !this.#gpu.capsets.has(Number(value))) invalid(`there is no capset ${value}`);
        if ((this.#contextInit & VIRTIO_GPU_CONTEXT_INIT_CAPSET_ID_MASK) !== 0) invalid("it has a capset");
        this.#contextInit |= Number(value);
        return;
      case BigInt(uapi.VIRTGPU_CONTEXT_PARAM_NUM_RINGS): {
        if (this.#rings !== undefined) invalid("its rings are numbered");
        if (value > RINGS_MAX) invalid(`${value} rings are too many`);
        const first = this.#gpu.fenceContexts.allocate(Number(value));
        this.#rings = Array.from({ length: Number(value) }, (_, i) => new FenceTimeline(first + i, i));
        return;
      }
      case BigInt(uapi.VIRTGPU_CONTEXT_PARAM_POLL_RINGS_MASK):
        if (this.#polled !== 0n) invalid("it knows which rings to poll");
        this.#polled = value;
        return;
      case BigInt(uapi.VIRTGPU_CONTEXT_PARAM_DEBUG_NAME):
        if (this.#name !== undefined) invalid("it has a name");
        this.#name = userString(task, value, NAME_MAX);
        return;
    }
    invalid(`parameter ${param} is unknown`);
  }

  /** virtio_gpu_driver_postclose: the host forgets it, and its id is free. */
  close(): void {
    const { queue, commands3d, contexts } = this.#gpu;
    if (!this.#created) return void contexts.remove(this.id);
    queue.ensure(1, () => {
      contexts.remove(this.id);
      if (!queue.live) return;
      commands3d.contextDestroy(this.id);
      queue.notify();
    });
  }
}

// strncpy_from_user: up to a NUL, or `most` bytes. A string may end where the client's memory does.
function userString(task: Process, address: bigint, most: number): Uint8Array {
  const bytes = new Uint8Array(most);
  const one = new Uint8Array(1);
  for (let i = 0; i < most; i++) {
    task.memory.copyIn(BigInt.asUintN(64, address + BigInt(i)), one);
    if (one[0] === 0) return bytes.subarray(0, i);
    bytes[i] = one[0];
  }
  return bytes;
}
