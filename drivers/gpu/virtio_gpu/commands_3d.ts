/**
 * The 3D commands as the driver sends them, written by word index as in commands.ts: the header's word 4 is the context
 * (uapi/virtio_gpu_3d.ts).
 * @module
 */

import type { EventSlot } from "../../../core/event_queue.ts";
import type { Fence } from "../../../core/fence.ts";
import {
  VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE,
  VIRTIO_GPU_CMD_CTX_CREATE,
  VIRTIO_GPU_CMD_CTX_DESTROY,
  VIRTIO_GPU_CMD_CTX_DETACH_RESOURCE,
  VIRTIO_GPU_CMD_GET_CAPSET,
  VIRTIO_GPU_CMD_GET_CAPSET_INFO,
  VIRTIO_GPU_CMD_RESOURCE_CREATE_3D,
  VIRTIO_GPU_CMD_SUBMIT_3D,
} from "../../../uapi/virtio_gpu.ts";
import type { CommandSubject, ControlQueue, ReplyArea } from "./control_queue.ts";
import type { FenceTimeline } from "./fence_driver.ts";
import { SUBMIT_HEADER, type SubmitBuffer } from "./submit_buffers.ts";

/** A 3D resource: what drm_virtgpu_resource_create says, unchecked, as in the kernel. */
export interface Texture {
  /** PIPE_TEXTURE_*. */
  readonly target: number;
  /** VIRGL_FORMAT_*. */
  readonly format: number;
  /** VIRGL_BIND_*. */
  readonly bind: number;
  /** Columns, or bytes. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Slices. */
  readonly depth: number;
  /** Layers. */
  readonly arraySize: number;
  /** Mip levels less one. */
  readonly lastLevel: number;
  /** Samples. */
  readonly nrSamples: number;
  /** VIRTIO_GPU_RESOURCE_FLAG_*. */
  readonly flags: number;
}

/** Encoders of 3D commands, over the control queue. */
export class VirtioGpu3dCommands {
  /** Where they go. */
  readonly queue: ControlQueue;

  /** Encoders over one queue. @param queue where they go. */
  constructor(queue: ControlQueue) {
    this.queue = queue;
  }

  /** CTX_CREATE. @param contextInit the capability set. @param name for people, at most 63 bytes. */
  contextCreate(context: number, contextInit: number, name: Uint8Array): void {
    const { queue } = this;
    const slot = queue.begin(VIRTIO_GPU_CMD_CTX_CREATE, 96);
    const words = queue.words, at = queue.at;
    const length = Math.min(name.length, 63);
    words[at + 4] = context;
    words[at + 6] = length;
    words[at + 7] = contextInit;
    for (let i = 0; i < length; i++) words[at + 8 + (i >> 2)] |= name[i] << (i & 3) * 8;
    queue.submit(slot);
  }

  /** CTX_DESTROY. */
  contextDestroy(context: number): void {
    const { queue } = this;
    const slot = queue.begin(VIRTIO_GPU_CMD_CTX_DESTROY, 24);
    queue.words[queue.at + 4] = context;
    queue.submit(slot);
  }

  /** CTX_ATTACH_RESOURCE. */
  contextAttach(context: number, resource: number, subject: CommandSubject): void {
    this.#contextResource(VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, context, resource, subject);
  }

  /** CTX_DETACH_RESOURCE. */
  contextDetach(context: number, resource: number, subject: CommandSubject): void {
    this.#contextResource(VIRTIO_GPU_CMD_CTX_DETACH_RESOURCE, context, resource, subject);
  }

  #contextResource(command: number, context: number, resource: number, subject: CommandSubject): void {
    const { queue } = this;
    const slot = queue.begin(command, 32);
    queue.words[queue.at + 4] = context;
    queue.words[queue.at + 6] = resource;
    queue.submit(slot, subject);
  }

  /** RESOURCE_CREATE_3D, fenced. */
  resourceCreate3d(resource: number, texture: Texture): Fence {
    const { queue } = this;
    const slot = queue.begin(VIRTIO_GPU_CMD_RESOURCE_CREATE_3D, 72);
    const words = queue.words, at = queue.at;
    words[at + 6] = resource;
    words[at + 7] = texture.target;
    words[at + 8] = texture.format;
    words[at + 9] = texture.bind;
    words[at + 10] = texture.width;
    words[at + 11] = texture.height;
    words[at + 12] = texture.depth;
    words[at + 13] = texture.arraySize;
    words[at + 14] = texture.lastLevel;
    words[at + 15] = texture.nrSamples;
    words[at + 16] = texture.flags;
    const fence = queue.fence();
    queue.submit(slot);
    return fence;
  }

  /**
   * TRANSFER_TO_HOST_3D or TRANSFER_FROM_HOST_3D, fenced.
   *
   * @param command which. @param argument a drm_virtgpu_3d_transfer_*: handle, box, level, offset, strides.
   */
  transfer3d(
    command: number,
    context: number,
    resource: number,
    argument: DataView,
    subject: CommandSubject,
  ): Fence {
    const { queue } = this;
    const slot = queue.begin(command, 72);
    const words = queue.words, at = queue.at;
    words[at + 4] = context;
    for (let i = 0; i < 6; i++) words[at + 6 + i] = argument.getUint32(4 + i * 4, true);
    words[at + 12] = argument.getUint32(32, true);
    words[at + 14] = resource;
    words[at + 15] = argument.getUint32(28, true);
    words[at + 16] = argument.getUint32(36, true);
    words[at + 17] = argument.getUint32(40, true);
    const fence = queue.fence();
    queue.submit(slot, subject);
    return fence;
  }

  /** SUBMIT_3D of a buffer's first `size` bytes. @param timeline of the fence; undefined for none. @param event tells of the fence. */
  submit3d(
    context: number,
    buffer: SubmitBuffer,
    size: number,
    timeline: FenceTimeline | undefined,
    event?: EventSlot,
  ): Fence | undefined {
    const { queue } = this;
    const slot = queue.begin(VIRTIO_GPU_CMD_SUBMIT_3D, SUBMIT_HEADER);
    queue.words[queue.at + 4] = context;
    queue.words[queue.at + 6] = size;
    const fence = timeline === undefined ? undefined : queue.fence(timeline, event);
    queue.submitBuffer(slot, buffer, size);
    return fence;
  }

  /** GET_CAPSET_INFO; the answer is a virtio_gpu_resp_capset_info. */
  getCapsetInfo(index: number, subject: CommandSubject): void {
    const { queue } = this;
    const slot = queue.begin(VIRTIO_GPU_CMD_GET_CAPSET_INFO, 32);
    queue.words[queue.at + 6] = index;
    queue.submit(slot, subject, 40);
  }

  /** GET_CAPSET; the answer, a virtio_gpu_resp_capset, goes to `area`. */
  getCapset(id: number, version: number, subject: CommandSubject, area: ReplyArea): void {
    const { queue } = this;
    const slot = queue.begin(VIRTIO_GPU_CMD_GET_CAPSET, 32);
    queue.words[queue.at + 6] = id;
    queue.words[queue.at + 7] = version;
    queue.submit(slot, subject, 0, area);
  }
}
