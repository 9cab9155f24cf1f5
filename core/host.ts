/**
 * The host slot: what executes a virtio-gpu device's commands. Renderers are chosen by the device; 2D is what every one
 * of them can do, 3D comes by capset. Errors are thrown as DrmError and become VIRTIO_GPU_RESP_ERR_* in one place.
 * @module
 */

import type { CursorImage, Frame, Rect } from "./display.ts";
import type { GuestMemory } from "./guest_memory.ts";

/** Guest memory behind a resource: pieces in order. Its owner checked that they lie inside memory when it was attached. */
export interface Backing {
  /** The guest's memory. */
  readonly memory: GuestMemory;
  /** Guest-physical address of each piece. */
  readonly gpas: readonly number[];
  /** Length of each piece, bytes. */
  readonly lengths: readonly number[];
  /** Bytes in all. */
  readonly size: number;
}

/** A picture that a renderer holds: rows of `width` pixels of 4 bytes in one of the VIRTIO_GPU_FORMAT_* layouts. */
export interface RenderResource {
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** VIRTIO_GPU_FORMAT_*. */
  readonly format: number;
}

/** Executes pictures: soft2d on the CPU, vulkan2d on a GPU. Coordinates were checked against the resource by the caller. */
export interface Renderer extends Disposable {
  /** Its name: "soft2d", "vulkan2d". */
  readonly name: string;
  /** On what it executes, for people. */
  readonly device: string;
  /** A new picture, zeroed. Throws ENOMEM. */
  createResource(format: number, width: number, height: number): RenderResource;
  /** Frees a picture, once what uses it is done. */
  destroyResource(resource: RenderResource): void;
  /**
   * TRANSFER_TO_HOST_2D: copies the rectangle from guest memory, whose row y starts at `offset + (y - rect.y) * width * 4`
   * where `width` is the whole resource's. A snapshot: what the guest writes later is not seen. Throws EFAULT if backing
   * is short or gone.
   *
   * Large copies may read guest memory until `submit`'s completion; the caller answers the guest only then.
   */
  transferToHost(
    resource: RenderResource,
    x: number,
    y: number,
    width: number,
    height: number,
    offset: number,
    backing: Backing,
  ): void;
  /** A frame of a rectangle of the resource as it is after what was submitted so far. */
  frame(resource: RenderResource, rect: Rect, damage: readonly Rect[]): Frame;
  /** A frame that shows guest memory in place (SET_SCANOUT_BLOB): `stride` bytes a row from `offset`. */
  blobFrame(
    backing: Backing,
    format: number,
    width: number,
    height: number,
    stride: number,
    offset: number,
    damage: readonly Rect[],
  ): Frame;
  /** The 64x64 pixels of a cursor resource. */
  cursor(resource: RenderResource, hotX: number, hotY: number): CursorImage;
  /**
   * Ends a batch: everything since the last `submit` goes to the device.
   *
   * @returns the batch's number, growing from 1; it is complete once `completed` reaches it.
   */
  submit(): number;
  /** The last complete batch. Looks at the device; never blocks. */
  completed(): number;
  /** Blocks until a batch is complete or `timeoutNs` is over; whether it is complete. For shutting down and synchronous tools. */
  wait(batch: number, timeoutNs: number): boolean;
}
