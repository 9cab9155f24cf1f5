/**
 * Reads by the CPU, without a copy by the GPU: of buffers that the GPU does not use, and of images that it has written, where the
 * CPU reaches them.
 * @module
 */

import type { Backing } from "../../../../core/host.ts";
import { type Readbacks, storeRows } from "./readbacks.ts";
import type { Recorder } from "./recorder.ts";
import type { VirglResource } from "./resource.ts";
import type { TransferBox } from "./transfer_box.ts";

/** What there is to read, and where it goes. */
export class CpuReads {
  readonly #recorder: Recorder;
  readonly #readbacks: Readbacks;
  // Of the last look: where rows begin, and how far they are from each other.
  #bytes: Uint8Array | undefined;
  #at = 0;
  #pitch = 0;

  /** @param readbacks stores rows. */
  constructor(recorder: Recorder, readbacks: Readbacks) {
    this.#recorder = recorder;
    this.#readbacks = readbacks;
  }

  /** Whether the CPU may touch a buffer now. */
  reaches({ buffer, usedBy }: VirglResource): boolean {
    return buffer?.bytes !== undefined && usedBy <= this.#recorder.completed();
  }

  /** Copies a box into a backing. @returns whether that was possible. @throws {DrmError} EFAULT if some of the backing is gone */
  toBacking(resource: VirglResource, box: TransferBox, backing: Backing): boolean {
    if (!this.#look(resource, box) || this.#bytes === undefined) return false;
    const { offset, stride, rowBytes, rows } = box;
    this.#readbacks.copy(backing, offset, stride, this.#bytes, this.#at, rowBytes, rows, this.#pitch);
    return true;
  }

  /** Copies a box into bytes at hand. @returns whether that was possible */
  toBytes(resource: VirglResource, box: TransferBox, bytes: Uint8Array): boolean {
    if (!this.#look(resource, box) || this.#bytes === undefined) return false;
    const { offset, stride, rowBytes, rows } = box;
    storeRows(bytes, offset, stride, this.#bytes, this.#at, rowBytes, rows, this.#pitch);
    return true;
  }

  // A GPU that is the CPU needs no barrier for the texels that it wrote: the wait is enough.
  #look(resource: VirglResource, { x, y, width }: TransferBox): boolean {
    const { buffer, texels, image, gpuFormat } = resource;
    if (buffer?.bytes !== undefined) {
      if (!this.reaches(resource)) return false;
      this.#recorder.initialize(resource);
      buffer.device.allocation.invalidate(x, width);
      this.#bytes = buffer.bytes;
      this.#at = x;
      this.#pitch = width;
      return true;
    }
    if (texels === undefined || resource.raw || resource.writtenBy > this.#recorder.completed()) return false;
    image?.allocation.invalidate();
    this.#bytes = texels.bytes;
    this.#at = texels.offset + y * texels.pitch + x * gpuFormat.blockBytes;
    this.#pitch = texels.pitch;
    return true;
  }
}
