/**
 * Small transfers: rows of guest memory are packed into the staging ring at once, which is the snapshot, and copied by the GPU
 * later. Long ones go in pieces, so that the GPU copies one while the CPU packs the next.
 * @module
 */

import { DrmError } from "../../../../core/error.ts";
import type { Device } from "../../vulkan/mod.ts";
import { packRows } from "./pack_rows.ts";
import type { Picture } from "./picture.ts";
import type { Recorder } from "./recorder.ts";
import type { StagingRing } from "./staging_ring.ts";

/** Bytes that are staged at once. */
const CHUNK_BYTES = 2 * 2 ** 20;

/** What a stager asks of its renderer. */
export interface Submitter {
  /** Submits before the batch ends. Throws EIO. */
  submit(): void;
  /** Waits for a timeline value. Throws EIO. */
  finish(value: number): void;
}

/** Stages transfers. */
export class Stager {
  readonly #device: Device;
  readonly #ring: StagingRing;
  readonly #recorder: Recorder;
  readonly #submitter: Submitter;

  /** @param ring what it packs into. @param recorder records the copies. @param submitter when the ring is full. */
  constructor(device: Device, ring: StagingRing, recorder: Recorder, submitter: Submitter) {
    this.#device = device;
    this.#ring = ring;
    this.#recorder = recorder;
    this.#submitter = submitter;
  }

  /**
   * Copies a rectangle from the backing that the picture's reader has open, from byte `offset` on.
   *
   * @throws {DrmError} EFAULT, ENOMEM, EIO. @throws {VkError}
   */
  transfer(picture: Picture, x: number, y: number, width: number, height: number, offset: number): void {
    const ring = this.#ring, length = width * 4;
    const most = Math.max(1, Math.floor(Math.min(CHUNK_BYTES, ring.size / 4) / length));
    for (let row = 0; row < height; row += most) {
      const rows = Math.min(most, height - row);
      let at = ring.take(rows * length);
      if (at < 0) at = this.#makeRoom(rows * length);
      try {
        packRows(picture.reader, offset + row * picture.width * 4, picture.width, ring, at, width, rows);
        this.#recorder.copyIn(picture, ring.handle, at, 0, x, y + row, width, rows);
      } catch (error) {
        ring.undo();
        throw error;
      }
      if (row + rows < height) this.#submitter.submit();
    }
  }

  #makeRoom(size: number): number {
    const ring = this.#ring, { queue } = this.#device;
    ring.reclaim(queue.completed());
    let at = ring.take(size);
    if (at >= 0) return at;
    this.#submitter.submit();
    while (at < 0) {
      if (ring.oldest === 0) throw new DrmError("ENOMEM", `Cannot stage ${size} bytes: the ring holds ${ring.size}`);
      this.#submitter.finish(ring.oldest);
      ring.reclaim(queue.completed());
      at = ring.take(size);
    }
    return at;
  }
}
