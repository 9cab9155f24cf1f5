/**
 * The 3D half of the host slot: a renderer that has contexts, into which a guest or a vtest client submits commands of a
 * capability set (virgl). Numbers of targets, formats and bind flags are the wire's (uapi/virgl_hw.ts, virgl_format.ts,
 * pipe.ts); every one of them, and every word of a submission, is unchecked when it gets here. What is wrong with it is
 * thrown as a DrmError; the caller turns that into a VIRTIO_GPU_RESP_ERR_* or closes its client.
 * @module
 */

import type { Backing, Renderer, RenderResource } from "./host.ts";

/** A capability set that a renderer speaks (VIRTIO_GPU_CMD_GET_CAPSET_INFO). */
export interface CapsetInfo {
  /** VIRTIO_GPU_CAPSET_*. */
  readonly id: number;
  /** Highest version. */
  readonly maxVersion: number;
  /** Bytes of the highest version. */
  readonly maxSize: number;
}

/** What a 3D resource is made of: struct virtio_gpu_resource_create_3d, vtest's RESOURCE_CREATE. */
export interface Resource3dInfo {
  /** PIPE_TEXTURE_*, PIPE_BUFFER. */
  readonly target: number;
  /** VIRGL_FORMAT_*. */
  readonly format: number;
  /** VIRGL_BIND_*. */
  readonly bind: number;
  /** Columns, or bytes of a buffer. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Slices of a 3D texture. */
  readonly depth: number;
  /** Layers. */
  readonly arraySize: number;
  /** Mip levels less one. */
  readonly lastLevel: number;
  /** Samples; 0 is 1. */
  readonly nrSamples: number;
  /** VIRGL_RESOURCE_*. */
  readonly flags: number;
}

/** A resource of a 3D renderer. */
export interface Resource3d extends RenderResource {
  /** How it was made. */
  readonly info: Resource3dInfo;
  /** The guest memory behind it, if any. */
  readonly backing: Backing | undefined;
  /** Bytes of the device's memory that it takes, where the renderer knows. */
  readonly footprint?: number;
  /**
   * Whether `transferFromHost3d` is a copy by the CPU once the GPU has done what was submitted, and takes the GPU a batch of its own
   * before: who can wait first is served sooner. False if it is not said.
   */
  readonly readableByCpu?: boolean;
}

/** What a transfer moves: struct virtio_gpu_transfer_host_3d. */
export interface Transfer3d {
  /** Mip level. */
  level: number;
  /** Bytes from row to row in memory; 0: as the box is wide. */
  stride: number;
  /** Bytes from layer to layer in memory; 0: as the rows of the box are. */
  layerStride: number;
  /** First column. */
  x: number;
  /** First row. */
  y: number;
  /** First slice or layer. */
  z: number;
  /** Columns. */
  width: number;
  /** Rows. */
  height: number;
  /** Slices or layers. */
  depth: number;
  /** Where in memory the box begins, bytes. */
  offset: number;
}

/**
 * A context: objects and state of one client. A context that met a wrong command is lost: what it submits from then on is
 * refused, and nobody else notices.
 */
export interface RenderContext extends Disposable {
  /** The capability set it speaks. */
  readonly capsetId: number;
  /** Why it was lost, if it was. */
  readonly lost: string | undefined;
  /** Lets commands name a resource by `id`. Throws EEXIST if the id names another one here. */
  attach(id: number, resource: Resource3d): void;
  /** Ends that. Commands that were submitted before are not affected. */
  detach(id: number): void;
  /**
   * Executes `count` words of commands. They are copied, or done with, before the call returns; the GPU's work is complete
   * with the next `Renderer.submit`'s batch.
   * @param words the words, little-endian as they came. @param count how many count
   * @throws {DrmError} EINVAL if a command is wrong (the context is lost then), EIO if it was lost before, ENOMEM
   */
  submit(words: Uint32Array, count: number): void;
}

/** A renderer with 3D. Its resources come from `createResource3d`; 2D ones are 3D ones, too (a 2D texture). */
export interface Renderer3d extends Renderer {
  /** The capability sets it speaks. */
  readonly capsets: readonly CapsetInfo[];
  /** A capability set's bytes. Throws EINVAL for a set or version that is none. */
  capset(id: number, version: number): Uint8Array;
  /**
   * Makes a context.
   * @param capsetId of `capsets`. @param name for people, may be empty
   * @throws {DrmError} EINVAL for an unknown set; ENOMEM
   */
  createContext(capsetId: number, name: string): RenderContext;
  /** Makes a resource, its contents zero. Throws EINVAL for one that cannot be; ENOMEM. */
  createResource3d(info: Resource3dInfo): Resource3d;
  /** Gives a resource its guest memory, or takes it away (undefined). The GPU is done with the old one by the next batch. */
  setBacking(resource: Resource3d, backing: Backing | undefined): void;
  /**
   * TRANSFER_TO_HOST_3D: from the resource's backing. Throws EINVAL for a box that is not the resource's, or without backing
   * (nothing is copied); EFAULT if the backing is short.
   */
  transferToHost3d(resource: Resource3d, transfer: Transfer3d): void;
  /** TRANSFER_FROM_HOST_3D: into the resource's backing, complete with the next batch. Errors as for `transferToHost3d`. */
  transferFromHost3d(resource: Resource3d, transfer: Transfer3d): void;
  /** As `transferToHost3d`, from bytes at hand, which are copied before it returns; `offset` is into them. */
  writeResource(resource: Resource3d, transfer: Transfer3d, bytes: Uint8Array): void;
  /** As `transferFromHost3d`, into bytes at hand. Submits, and blocks until they are there. */
  readResource(resource: Resource3d, transfer: Transfer3d, bytes: Uint8Array): void;
  /**
   * Asks for a call once the batch is complete, from a pollable fd of the device, so that a server can sleep: returns an fd
   * that becomes readable when `completed` moves, or undefined if the device has none (the caller polls then).
   */
  readonly completionFd?: number | undefined;
}

/** Whether a renderer has 3D. */
export function is3d(renderer: Renderer): renderer is Renderer3d {
  return "capsets" in renderer;
}
