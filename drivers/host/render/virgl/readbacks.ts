/**
 * What the GPU has copied to the readback ring on its way to memory: rows that are stored when their submission is done.
 * @module
 */

import { DrmError } from "../../../../core/error.ts";
import type { Backing } from "../../../../core/host.ts";
import type { Allocation } from "../../vulkan/mod.ts";
import { BackingReader } from "../backing_reader.ts";
import type { Recorder } from "./recorder.ts";

/** Rows under way. */
export interface Rows {
  /** The submission. */
  readonly value: number;
  /** Where in which memory they are. */
  readonly allocation: Allocation;
  /** Byte offset. */
  readonly at: number;
  /** Bytes. */
  readonly size: number;
  /** Stores them. */
  readonly store: () => void;
}

/** Bytes under way in one submission from which on it is waited for. */
const RELIEF_BYTES = 64 * 2 ** 20;
/** The same for all submissions. */
const RELIEF_SIZE = 256 * 2 ** 20;
/** How long the GPU may take for one submission while somebody waits here. */
const PATIENCE_NS = 10_000_000_000n;

/** Rows under way. */
export class Readbacks {
  readonly #recorder: Recorder;
  readonly #pending: Rows[] = [];
  readonly #reader = new BackingReader();
  #head = 0;

  /** @param recorder of the copies. */
  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  /**
   * Adds rows of the ring's current chunk, packed from `at` on.
   * @param backing where they go, or `bytes`. @param offset of the first row there. @param stride bytes from row to row there
   */
  add(
    backing: Backing | undefined,
    bytes: Uint8Array | undefined,
    offset: number,
    stride: number,
    length: number,
    count: number,
    at: number,
  ): void {
    const source = this.#recorder.readback.bytes;
    this.later(at, length * count, () => {
      if (bytes !== undefined) storeRows(bytes, offset, stride, source, at, length, count);
      else if (backing !== undefined) this.store(backing, offset, stride, source, at, length, count);
    });
  }

  /** Lets the CPU take what is under way when it is very much, so that the ring does not grow without end. */
  relieve(): void {
    const { taken, size } = this.#recorder.readback;
    if (taken > RELIEF_BYTES || size > RELIEF_SIZE) this.finish();
  }

  /** Adds anything that is to be done with `size` bytes at `at` of the ring's current chunk once this submission is done. */
  later(at: number, size: number, store: () => void): void {
    const value = this.#recorder.submission, { allocation } = this.#recorder.readback;
    if (this.#head === this.#pending.length) this.#recorder.settled = value - 1;
    this.#pending.push({ value, allocation, at, size, store });
  }

  /** As `copy`, but what of the backing is gone is skipped. */
  store(
    backing: Backing,
    offset: number,
    stride: number,
    source: Uint8Array,
    at: number,
    length: number,
    count: number,
  ): void {
    try {
      this.copy(backing, offset, stride, source, at, length, count, length);
    } catch (error) {
      // The guest took its memory away after it asked: nobody is there to see the rows.
      if (!(error instanceof DrmError)) throw error;
    }
  }

  /** Copies rows into a backing. @param pitch bytes from row to row in `source`. @throws {DrmError} EFAULT if some of it is gone */
  copy(
    backing: Backing,
    offset: number,
    stride: number,
    source: Uint8Array,
    at: number,
    length: number,
    count: number,
    pitch: number,
  ): void {
    const reader = this.#reader;
    reader.open(backing);
    for (let row = 0; row < count; row++) {
      const start = offset + row * stride, from = at + row * pitch;
      for (let done = 0; done < length;) {
        reader.locate(start + done);
        const size = Math.min(length - done, reader.room);
        reader.bytes.set(source.subarray(from + done, from + done + size), reader.start);
        done += size;
      }
    }
    if (this.#head === this.#pending.length) reader.close();
  }

  /** Stores what submissions up to `completed` brought. */
  settle(completed: number): void {
    const pending = this.#pending;
    if (this.#head === pending.length) return;
    while (this.#head < pending.length && pending[this.#head].value <= completed) {
      const { allocation, at, size, store } = pending[this.#head++];
      allocation.invalidate(at, size);
      store();
    }
    if (this.#head === pending.length) {
      pending.length = this.#head = 0;
      this.#reader.close();
      this.#recorder.settled = Infinity;
    } else this.#recorder.settled = pending[this.#head].value - 1;
  }

  /** Submits, waits for the GPU, and stores everything. @throws {DrmError} EIO if the GPU hangs. @throws {VkError} */
  finish(): void {
    if (this.#head === this.#pending.length) return;
    const { value } = this.#pending[this.#pending.length - 1], recorder = this.#recorder;
    // What lies before it may be others' and take long: a GPU hangs that completes nothing at all.
    for (let done = recorder.completed(); !recorder.wait(value, PATIENCE_NS);) {
      const completed = recorder.completed();
      if (completed === done) throw new DrmError("EIO", "Cannot go on: the GPU has not finished for 10 s");
      done = completed;
    }
    this.settle(value);
  }

  /** Forgets everything. */
  abandon(): void {
    this.#pending.length = this.#head = 0;
    this.#recorder.settled = Infinity;
  }
}

/** Stores rows into bytes. @param pitch bytes from row to row in `source`. */
export function storeRows(
  target: Uint8Array,
  offset: number,
  stride: number,
  source: Uint8Array,
  at: number,
  length: number,
  count: number,
  pitch: number = length,
): void {
  if (stride === length && pitch === length) target.set(source.subarray(at, at + length * count), offset);
  else {
    for (let row = 0, from = at, to = offset; row < count; row++, from += pitch, to += stride) {
      target.set(source.subarray(from, from + length), to);
    }
  }
}
