/**
 * The 2D commands as the driver sends them. Each writes the members of its struct (uapi/virtio_gpu_2d.ts,
 * virtio_gpu_blob.ts) into a slot by word index: header 0 to 5, then the members in order.
 * @module
 */

import type { Fence } from "../../../core/fence.ts";
import {
  VIRTIO_GPU_CMD_GET_DISPLAY_INFO,
  VIRTIO_GPU_CMD_GET_EDID,
  VIRTIO_GPU_CMD_RESOURCE_ASSIGN_UUID,
  VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING,
  VIRTIO_GPU_CMD_RESOURCE_CREATE_2D,
  VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB,
  VIRTIO_GPU_CMD_RESOURCE_FLUSH,
  VIRTIO_GPU_CMD_RESOURCE_UNREF,
  VIRTIO_GPU_CMD_SET_SCANOUT,
  VIRTIO_GPU_CMD_SET_SCANOUT_BLOB,
  VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D,
} from "../../../uapi/virtio_gpu.ts";
import { RESPONSE_OFFSET } from "./command_slots.ts";
import type { CommandSubject, ControlQueue, ReplyArea } from "./control_queue.ts";

const MEM_ENTRY_WORDS = 4;
/** A mem_entry's length has 32 bits: larger memory is described in pieces of whole pages. */
const PIECE_MAX = 0xffff_f000;
const TWO_32 = 0x1_0000_0000;

/** The most memory that one command describes, bytes: what CREATE_BLOB has room for. */
export const BACKING_MAX: number = Math.floor((RESPONSE_OFFSET - 56) / (MEM_ENTRY_WORDS * 4)) * PIECE_MAX;

/** What shows a framebuffer on a scanout, for SET_SCANOUT_BLOB. */
export interface BlobImage {
  /** Of the image, pixels. */
  readonly width: number;
  /** Of the image, lines. */
  readonly height: number;
  /** VIRTIO_GPU_FORMAT_*. */
  readonly format: number;
  /** Bytes a line of each plane. */
  readonly pitches: readonly number[];
  /** Where each plane begins in the resource, bytes. */
  readonly offsets: readonly number[];
}

/** Encoders of commands, over the control queue. All but queries are answered with a bare header. */
export class VirtioGpuCommands {
  /** Where they go. */
  readonly queue: ControlQueue;

  /** Encoders over one queue. @param queue where they go. */
  constructor(queue: ControlQueue) {
    this.queue = queue;
  }

  /** RESOURCE_CREATE_2D. @param fenced whether it signals a fence. */
  resourceCreate2d(
    resource: number,
    format: number,
    width: number,
    height: number,
    fenced: boolean,
  ): Fence | undefined {
    const { queue } = this;
    const slot = queue.begin(VIRTIO_GPU_CMD_RESOURCE_CREATE_2D, 40);
    const words = queue.words, at = queue.at;
    words[at + 6] = resource;
    words[at + 7] = format;
    words[at + 8] = width;
    words[at + 9] = height;
    const fence = fenced ? queue.fence() : undefined;
    queue.submit(slot);
    return fence;
  }

  /** RESOURCE_ATTACH_BACKING: `size` bytes of guest memory from `gpa`. */
  resourceAttachBacking(resource: number, gpa: number, size: number): void {
    const { queue } = this;
    const pieces = Math.ceil(size / PIECE_MAX);
    const slot = queue.begin(VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING, 32 + pieces * 16);
    queue.words[queue.at + 6] = resource;
    queue.words[queue.at + 7] = pieces;
    this.#memEntries(queue.at + 8, gpa, size);
    queue.submit(slot);
  }

  /** RESOURCE_UNREF. */
  resourceUnref(resource: number, subject: CommandSubject): void {
    const { queue } = this;
    const slot = queue.begin(VIRTIO_GPU_CMD_RESOURCE_UNREF, 32);
    queue.words[queue.at + 6] = resource;
    queue.submit(slot, subject);
  }

  /**
   * RESOURCE_CREATE_BLOB.
   *
   * @param size of the blob, bytes. @param gpa guest memory behind it. @param backed bytes of that, 0 for none.
   * @param host3d for memory of the host: the context and the name that it has there.
   */
  resourceCreateBlob(
    resource: number,
    blobMem: number,
    blobFlags: number,
    size: number,
    gpa: number,
    backed: number,
    host3d?: { readonly context: number; readonly blobId: bigint },
  ): void {
    const { queue } = this;
    const pieces = Math.ceil(backed / PIECE_MAX);
    const slot = queue.begin(VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB, 56 + pieces * 16);
    const words = queue.words, at = queue.at;
    words[at + 6] = resource;
    words[at + 7] = blobMem;
    words[at + 8] = blobFlags;
    words[at + 9] = pieces;
    if (host3d !== undefined) {
      words[at + 4] = host3d.context;
      words[at + 10] = Number(host3d.blobId & 0xffff_ffffn);
      words[at + 11] = Number(host3d.blobId >> 32n);
    }
    words[at + 12] = size;
    words[at + 13] = size / TWO_32;
    this.#memEntries(at + 14, gpa, backed);
    queue.submit(slot);
  }

  /** RESOURCE_ASSIGN_UUID; the answer is a virtio_gpu_resp_resource_uuid. */
  resourceAssignUuid(resource: number, subject: CommandSubject): void {
    const { queue } = this;
    const slot = queue.begin(VIRTIO_GPU_CMD_RESOURCE_ASSIGN_UUID, 32);
    queue.words[queue.at + 6] = resource;
    queue.submit(slot, subject, 40);
  }

  /** TRANSFER_TO_HOST_2D: the rectangle, whose first pixel lies at `offset` of the backing. */
  transferToHost2d(
    resource: number,
    x: number,
    y: number,
    width: number,
    height: number,
    offset: number,
    subject?: CommandSubject,
    fenced = false,
  ): Fence | undefined {
    const { queue } = this;
    const slot = queue.begin(VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D, 56);
    const words = queue.words, at = queue.at;
    words[at + 6] = x;
    words[at + 7] = y;
    words[at + 8] = width;
    words[at + 9] = height;
    words[at + 10] = offset;
    words[at + 11] = offset / TWO_32;
    words[at + 12] = resource;
    const fence = fenced ? queue.fence() : undefined;
    queue.submit(slot, subject);
    return fence;
  }

  /** SET_SCANOUT: shows the rectangle of a resource; resource 0 switches the scanout off. */
  setScanout(scanout: number, resource: number, x: number, y: number, width: number, height: number): void {
    const { queue } = this;
    const slot = queue.begin(VIRTIO_GPU_CMD_SET_SCANOUT, 48);
    const words = queue.words, at = queue.at;
    words[at + 6] = x;
    words[at + 7] = y;
    words[at + 8] = width;
    words[at + 9] = height;
    words[at + 10] = scanout;
    words[at + 11] = resource;
    queue.submit(slot);
  }

  /** SET_SCANOUT_BLOB: shows the rectangle of an image that lies in a blob. */
  setScanoutBlob(
    scanout: number,
    resource: number,
    image: BlobImage,
    x: number,
    y: number,
    width: number,
    height: number,
  ): void {
    const { queue } = this;
    const slot = queue.begin(VIRTIO_GPU_CMD_SET_SCANOUT_BLOB, 96);
    const words = queue.words, at = queue.at;
    words[at + 6] = x;
    words[at + 7] = y;
    words[at + 8] = width;
    words[at + 9] = height;
    words[at + 10] = scanout;
    words[at + 11] = resource;
    words[at + 12] = image.width;
    words[at + 13] = image.height;
    words[at + 14] = image.format;
    for (let i = 0; i < 4; i++) {
      words[at + 16 + i] = image.pitches[i] ?? 0;
      words[at + 20 + i] = image.offsets[i] ?? 0;
    }
    queue.submit(slot);
  }

  /** RESOURCE_FLUSH: brings the rectangle to the scanouts that show the resource. */
  resourceFlush(
    resource: number,
    x: number,
    y: number,
    width: number,
    height: number,
    subject?: CommandSubject,
    fenced = false,
  ): Fence | undefined {
    const { queue } = this;
    const slot = queue.begin(VIRTIO_GPU_CMD_RESOURCE_FLUSH, 48);
    const words = queue.words, at = queue.at;
    words[at + 6] = x;
    words[at + 7] = y;
    words[at + 8] = width;
    words[at + 9] = height;
    words[at + 10] = resource;
    const fence = fenced ? queue.fence() : undefined;
    queue.submit(slot, subject);
    return fence;
  }

  /** GET_DISPLAY_INFO; the answer, a virtio_gpu_resp_display_info, goes to `area`. */
  getDisplayInfo(subject: CommandSubject, area: ReplyArea): void {
    const slot = this.queue.begin(VIRTIO_GPU_CMD_GET_DISPLAY_INFO, 24);
    this.queue.submit(slot, subject, 0, area);
  }

  /** GET_EDID; the answer, a virtio_gpu_resp_edid, goes to `area`. */
  getEdid(scanout: number, subject: CommandSubject, area: ReplyArea): void {
    const slot = this.queue.begin(VIRTIO_GPU_CMD_GET_EDID, 32);
    this.queue.words[this.queue.at + 6] = scanout;
    this.queue.submit(slot, subject, 0, area);
  }

  #memEntries(at: number, gpa: number, size: number): void {
    const { words } = this.queue;
    for (let done = 0; done < size; done += PIECE_MAX, at += MEM_ENTRY_WORDS) {
      words[at] = gpa + done;
      words[at + 1] = (gpa + done) / TWO_32;
      words[at + 2] = Math.min(PIECE_MAX, size - done);
    }
  }
}
