/**
 * Pixels of resources for frames: read when a display asks, or copied aside before the client draws over them.
 * @module
 */

import { DrmError } from "../../../../core/error.ts";
import { BufferImageCopies, VK_IMAGE_ASPECT_COLOR_BIT, VK_IMAGE_LAYOUT_GENERAL } from "../../vulkan/mod.ts";
import type { Holdings } from "../holdings.ts";
import type { FrameSource, Kept } from "../picture_frame.ts";
import { ReadbackBuffer } from "../readback.ts";
import type { Gpu } from "./gpu.ts";
import type { Recorder } from "./recorder.ts";
import type { VirglResource } from "./resource.ts";
import type { Transfers } from "./transfer.ts";

/** How long anything may take that somebody waits for here. */
const PATIENCE_NS = 10_000_000_000n;

/** What frames need of their renderer. */
export interface FrameOwner {
  /** The GPU. */
  readonly gpu: Gpu;
  /** What kept frames are counted against. */
  readonly holdings: Holdings;
  /** The one recorder. */
  readonly recorder: Recorder;
  /** Moves pixels. */
  readonly transfers: Transfers;
  /** Whether it was not disposed of. */
  readonly open: boolean;
  /** Refuses to go on with a lost device. @throws {DrmError} EIO */
  assertWorks(): void;
  /** Makes something, waiting for memory if it is short. @throws {DrmError} ENOMEM, EIO */
  allocate<T>(what: string, make: () => T): T;
  /** Runs something; what is thrown is a DrmError then. */
  guard(what: string, body: () => void): void;
}

/** Where frames come from. */
export class Frames implements FrameSource<VirglResource> {
  readonly #owner: FrameOwner;
  readonly #copies = new BufferImageCopies(1);

  /** @param owner the renderer */
  constructor(owner: FrameOwner) {
    this.#owner = owner;
  }

  /** Copies a rectangle out, and waits for it. @throws {DrmError} EIO, ENOMEM */
  read(
    resource: VirglResource,
    x: number,
    y: number,
    width: number,
    height: number,
    target: Uint8Array,
    stride: number,
  ): void {
    this.#owner.assertWorks();
    if (!resource.open) throw new TypeError("Cannot read a frame of a resource that is gone: hold it");
    const transfer = { level: 0, stride, layerStride: 0, x, y, z: 0, width, height, depth: 1, offset: 0 };
    this.#owner.guard("Cannot read pixels", () => this.#owner.transfers.read(resource, transfer, target));
  }

  /** Copies a rectangle aside. @throws {DrmError} EIO, ENOMEM */
  keep(resource: VirglResource, x: number, y: number, width: number, height: number): Kept {
    const { gpu, holdings, recorder } = this.#owner;
    const buffer = this.#owner.allocate(
      "keep a frame",
      () => new ReadbackBuffer(gpu.device, holdings, width * height * 4),
    );
    try {
      this.#owner.guard("Cannot keep a frame", () => {
        const commands = recorder.copyFrom(resource), image = resource.image?.handle ?? 0n;
        this.#copies.clear();
        this.#copies.push(0, 0, 0, VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, x, y, 0, width, height, 1);
        const { address } = this.#copies;
        gpu.vk.vkCmdCopyImageToBuffer(commands, image, VK_IMAGE_LAYOUT_GENERAL, buffer.handle, 1, address);
      });
    } catch (error) {
      buffer[Symbol.dispose]();
      throw error;
    }
    return { buffer, value: recorder.submission };
  }

  /** Waits. @throws {DrmError} EIO */
  finish(value: number): void {
    this.#owner.assertWorks();
    this.#owner.guard("Cannot read pixels", () => {
      if (!this.#owner.recorder.wait(value, PATIENCE_NS)) {
        throw new DrmError("EIO", "Cannot go on: the GPU has not finished for 10 s");
      }
    });
  }

  /** Frees what `keep` gave. */
  drop(kept: Kept): void {
    if (this.#owner.open) this.#owner.recorder.disposeLater(kept.buffer);
  }

  /** A resource that only frames held goes with the last of them. */
  released(resource: VirglResource): void {
    const gone = resource.refs <= 0 && resource.holders.length === 0;
    if (gone && this.#owner.open) this.#owner.recorder.disposeLater(resource);
  }
}
