/**
 * The renderer on the CPU: exact, without a GPU, without permissions. Transfers are done when the call returns, so that a
 * batch is complete when it is submitted. The reference for every other renderer.
 * @module
 */

import type { CursorImage, Frame, Rect } from "../../../../core/display.ts";
import { DrmError } from "../../../../core/error.ts";
import type { Backing, Renderer, RenderResource } from "../../../../core/host.ts";
import { virtioGpuFourcc } from "../../../../uapi/virtio_gpu_format.ts";
import { toArgb8888 } from "../argb8888.ts";
import { BlobFrame } from "../blob_frame.ts";
import { PictureFrame } from "./frame.ts";
import { Picture } from "./picture.ts";

/** The renderer on the CPU. */
export class Soft2d implements Renderer {
  /** Always "soft2d". */
  readonly name = "soft2d";
  /** On what it executes. */
  readonly device = "CPU, no GPU";
  #batch = 0;

  /** A new picture, zeroed. Throws ENOMEM; EINVAL for a format that is none. */
  createResource(format: number, width: number, height: number): RenderResource {
    if (virtioGpuFourcc(format) === undefined) {
      throw new DrmError("EINVAL", `Cannot make a picture of format ${format}: it is no VIRTIO_GPU_FORMAT_*`);
    }
    return new Picture(format, width, height);
  }
  /** Frees a picture; frames that hold it stay valid. */
  destroyResource(resource: RenderResource): void {
    own(resource).close();
  }
  /** Copies a rectangle from guest memory, at once. Throws EFAULT. */
  transferToHost(
    resource: RenderResource,
    x: number,
    y: number,
    width: number,
    height: number,
    offset: number,
    backing: Backing,
  ): void {
    own(resource).transfer(x, y, width, height, offset, backing);
  }
  /** A frame of a rectangle of a picture. Copies nothing. */
  frame(resource: RenderResource, rect: Rect, damage: readonly Rect[]): Frame {
    return new PictureFrame(own(resource), rect, damage);
  }
  /** A frame that shows guest memory in place. Copies nothing. */
  blobFrame(
    backing: Backing,
    format: number,
    width: number,
    height: number,
    stride: number,
    offset: number,
    damage: readonly Rect[],
  ): Frame {
    return new BlobFrame(backing, format, width, height, stride, offset, damage);
  }
  /** The pixels of a cursor. */
  cursor(resource: RenderResource, hotX: number, hotY: number): CursorImage {
    const { width, height, format, bytes } = own(resource);
    return { width, height, hotX, hotY, bytes: toArgb8888(format, bytes) };
  }
  /** Ends a batch, which is complete. */
  submit(): number {
    return ++this.#batch;
  }
  /** The last batch. */
  completed(): number {
    return this.#batch;
  }
  /** Waits for nothing. */
  wait(batch: number, _timeoutNs: number): boolean {
    return batch <= this.#batch;
  }
  /** Nothing is held. */
  [Symbol.dispose](): void {}
}

function own(resource: RenderResource): Picture {
  if (resource instanceof Picture) return resource;
  throw new TypeError("Cannot use a resource that soft2d did not make");
}

/** A renderer on the CPU. */
export function soft2d(): Soft2d {
  return new Soft2d();
}
