/**
 * The renderer of 2D on a GPU: pictures are images in device memory, and transfers are copies that the GPU makes. Small ones are
 * staged, which takes the snapshot at once; large ones read guest memory in place while their batch runs.
 * @module
 */

import type { CursorImage, Frame, Rect } from "../../../../core/display.ts";
import { DrmError } from "../../../../core/error.ts";
import type { Backing, Renderer, RenderResource } from "../../../../core/host.ts";
import { virtioGpuFourcc } from "../../../../uapi/virtio_gpu_format.ts";
import { type Device, VK_BUFFER_USAGE_TRANSFER_SRC_BIT, VkError } from "../../vulkan/mod.ts";
import { toArgb8888 } from "../argb8888.ts";
import { BlobFrame } from "../blob_frame.ts";
import { Holdings } from "../holdings.ts";
import { Imports } from "../imports.ts";
import { type FrameSource, type Kept, PictureFrame } from "../picture_frame.ts";
import { Picture } from "./picture.ts";
import { ReadbackBuffer } from "../readback.ts";
import { Recorder } from "./recorder.ts";
import { Stager } from "./stager.ts";
import { StagingRing } from "./staging_ring.ts";
import { drmErrorOf, isShortOfMemory } from "../vk_errno.ts";

/** How a {@linkcode Vulkan2d} behaves. */
export interface Vulkan2dLimits {
  /** Bytes that pictures and held frames may take; default half of the device's largest heap. */
  readonly maxBytes?: number;
  /** Copies of so many bytes and more read guest memory in place where they can; default 256 KiB, Infinity: none does. */
  readonly importBytes?: number;
  /** Bytes of the ring that other copies go through, a multiple of 256 KiB; default 16 MiB. */
  readonly stagingBytes?: number;
}

const IMPORT_BYTES = 256 * 1024;
const STAGING_BYTES = 16 * 2 ** 20;
/** A row of the widest picture, which a quarter of the ring must take. */
const STAGING_UNIT = 256 * 1024;
/** Bytes that are read back at once. */
const READBACK_BYTES = 16 * 2 ** 20;
/** How long anything may take that somebody waits for here. */
const PATIENCE_NS = 10_000_000_000n;

/** The renderer of 2D on a GPU. */
export class Vulkan2d implements Renderer, FrameSource<Picture> {
  /** Always "vulkan2d". */
  readonly name = "vulkan2d";
  /** Which GPU, by which driver, and why that one. */
  readonly device: string;
  readonly #device: Device;
  readonly #ring: StagingRing;
  readonly #recorder: Recorder;
  readonly #stager: Stager;
  readonly #imports: Imports;
  readonly #holdings: Holdings;
  readonly #maxSide: number;
  readonly #owned: DisposableStack | undefined;
  #readback: ReadbackBuffer | undefined;
  #failure: DrmError | undefined;
  #open = true;

  /**
   * A renderer on a device that is open.
   *
   * @param device executes; its first queue is used by nobody else at the same time.
   * @param description for people: which GPU and why.
   * @param owned what to dispose of last: the device and its instance; undefined if they are the caller's.
   * @throws {VkError} if memory does not suffice. @throws {RangeError} for a ring that is none.
   */
  constructor(device: Device, description: string, limits: Vulkan2dLimits = {}, owned?: DisposableStack) {
    const { stagingBytes = STAGING_BYTES, importBytes = IMPORT_BYTES } = limits;
    if (!(stagingBytes > 0 && stagingBytes % STAGING_UNIT === 0)) {
      throw new RangeError(`Cannot stage through ${stagingBytes} bytes: a multiple of ${STAGING_UNIT} is needed`);
    }
    this.device = description;
    this.#device = device;
    this.#owned = owned;
    this.#maxSide = Math.min(STAGING_UNIT / 16, device.physical.limits.maxImageDimension2D);
    const heap = device.physical.memory.heaps.reduce((most, { size }) => Math.max(most, Number(size)), 0);
    this.#holdings = new Holdings(limits.maxBytes ?? Math.floor(heap / 2));
    this.#ring = new StagingRing(device, stagingBytes);
    this.#recorder = new Recorder(device, this.#ring);
    this.#stager = new Stager(device, this.#ring, this.#recorder, {
      submit: () => this.#submit(),
      finish: (value) => this.#finish(value),
    });
    this.#imports = new Imports(device, this.#recorder, importBytes, VK_BUFFER_USAGE_TRANSFER_SRC_BIT);
  }

  /** What it holds: bytes of pictures, held frames and the buffer for reading; slots of guest memory that are imported. */
  get usage(): { readonly bytes: number; readonly imports: number } {
    return { bytes: this.#holdings.used, imports: this.#imports.count };
  }

  /** Why nothing executes any more, once that is so: the device is lost. */
  get failure(): DrmError | undefined {
    return this.#failure;
  }

  /** A new picture, zeroed. Throws ENOMEM; EINVAL for a format or size that is none; EIO once the device is lost. */
  createResource(format: number, width: number, height: number): RenderResource {
    this.#assertWorks();
    if (virtioGpuFourcc(format) === undefined) {
      throw new DrmError("EINVAL", `Cannot make a picture of format ${format}: it is no VIRTIO_GPU_FORMAT_*`);
    }
    const most = this.#maxSide;
    if (
      !(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0 && width <= most &&
        height <= most)
    ) {
      throw new DrmError("EINVAL", `Cannot make a picture of ${width}x${height}: 1 to ${most} pixels a side`);
    }
    return this.#allocate("make a picture", () => new Picture(this.#device, this.#holdings, format, width, height));
  }

  /** Frees a picture, once the GPU is done with it; frames that hold it stay valid. Harmless twice. */
  destroyResource(resource: RenderResource): void {
    const picture = Picture.of(resource);
    if (picture.destroyed) return;
    picture.destroyed = true;
    this.#imports.forget(picture);
    picture.reader.close();
    if (picture.holders.length === 0) this.#recorder.disposeLater(picture);
  }

  /** Copies a rectangle from guest memory: see `Renderer.transferToHost`. Throws EFAULT, EIO, ENOMEM. */
  transferToHost(
    resource: RenderResource,
    x: number,
    y: number,
    width: number,
    height: number,
    offset: number,
    backing: Backing,
  ): void {
    const picture = Picture.of(resource);
    this.#assertWorks();
    if (picture.destroyed) throw new TypeError("Cannot transfer to a picture that was destroyed");
    if (width === 0 || height === 0) return;
    const inside = x >= 0 && y >= 0 && width > 0 && height > 0 && x + width <= picture.width &&
      y + height <= picture.height;
    if (!inside) throw new RangeError(`Cannot transfer ${width}x${height} at ${x},${y}: it is outside the picture`);
    const stride = picture.width * 4, span = (height - 1) * stride + width * 4;
    if (!(offset >= 0 && offset + span <= backing.size)) {
      throw new DrmError("EFAULT", `Cannot read ${span} bytes at ${offset}: the backing holds ${backing.size}`);
    }
    picture.reader.open(backing);
    try {
      if (picture.holders.length > 0) this.#keepFrames(picture);
      const inPlace = width * height * 4 >= this.#imports.minimum &&
        this.#copyInPlace(picture, x, y, width, height, offset, span);
      if (!inPlace) this.#stager.transfer(picture, x, y, width, height, offset);
    } catch (error) {
      throw this.#caught(error, "Cannot transfer");
    }
  }

  /** A frame of a rectangle of a picture. Copies nothing until it is read. */
  frame(resource: RenderResource, rect: Rect, damage: readonly Rect[]): Frame {
    return new PictureFrame(this, Picture.of(resource), rect, damage);
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

  /** The pixels of a cursor; waits for the GPU. Throws EIO, ENOMEM. */
  cursor(resource: RenderResource, hotX: number, hotY: number): CursorImage {
    const picture = Picture.of(resource);
    const { width, height, format } = picture;
    const pixels = new Uint8Array(width * height * 4);
    this.read(picture, 0, 0, width, height, pixels, width * 4);
    return { width, height, hotX, hotY, bytes: toArgb8888(format, pixels) };
  }

  /**
   * Ends a batch. Its number is the queue's timeline value: where nothing was recorded, that of the batch before. A submission
   * that fails is the end of the device; it is reported by whatever is called next.
   */
  submit(): number {
    if (this.#failure === undefined) {
      try {
        this.#imports.sweep();
        return this.#recorder.submit();
      } catch (error) {
        this.#fail(error, "Cannot submit");
      }
    }
    return this.#device.queue.lastSubmitted;
  }

  /** The last complete batch; of a lost device, every batch is. */
  completed(): number {
    const { queue } = this.#device;
    if (this.#failure === undefined) {
      try {
        return queue.completed();
      } catch (error) {
        this.#fail(error, "Cannot ask the device");
      }
    }
    return queue.lastSubmitted;
  }

  /** Waits for a batch. */
  wait(batch: number, timeoutNs: number): boolean {
    const { queue } = this.#device;
    if (!(batch <= queue.lastSubmitted)) return false;
    if (this.#failure !== undefined) return true;
    try {
      return queue.waitFor(Math.max(0, batch), BigInt(Math.floor(Math.min(Math.max(0, timeoutNs), 2 ** 62))));
    } catch (error) {
      this.#fail(error, "Cannot wait");
      return true;
    }
  }

  /** For frames: copies a rectangle out, and waits for it. */
  read(
    picture: Picture,
    x: number,
    y: number,
    width: number,
    height: number,
    target: Uint8Array,
    stride: number,
  ): void {
    this.#assertWorks();
    if (!picture.open) throw new TypeError("Cannot read a frame of a picture that is gone: hold it");
    const pitch = width * 4;
    const most = Math.max(1, Math.floor(READBACK_BYTES / pitch));
    const readback = this.#readbackOf(Math.min(most, height) * pitch);
    try {
      for (let row = 0; row < height; row += most) {
        const rows = Math.min(most, height - row);
        this.#finish(this.#recorder.copyOut(picture, readback.handle, x, y + row, width, rows));
        readback.rows(0, pitch, pitch, rows, target, row * stride, stride);
      }
    } catch (error) {
      throw this.#caught(error, "Cannot read pixels");
    }
  }

  /** For frames: copies a rectangle aside. */
  keep(picture: Picture, x: number, y: number, width: number, height: number): Kept {
    const buffer = this.#allocate(
      "keep a frame",
      () => new ReadbackBuffer(this.#device, this.#holdings, width * height * 4),
    );
    try {
      return { buffer, value: this.#recorder.copyOut(picture, buffer.handle, x, y, width, height) };
    } catch (error) {
      buffer[Symbol.dispose]();
      throw this.#caught(error, "Cannot keep a frame");
    }
  }

  /** For frames: waits. */
  finish(value: number): void {
    this.#assertWorks();
    try {
      this.#finish(value);
    } catch (error) {
      throw this.#caught(error, "Cannot read pixels");
    }
  }

  /** For frames: frees what `keep` gave. */
  drop(kept: Kept): void {
    if (!this.#open) return;
    this.#recorder.disposeLater(kept.buffer);
  }

  /** For frames: a destroyed picture goes with its last holder. */
  released(picture: Picture): void {
    if (this.#open && picture.destroyed && picture.holders.length === 0) this.#recorder.disposeLater(picture);
  }

  /** Waits for the GPU and frees everything; twice does nothing. Frames cannot be read afterwards. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    if (this.#failure === undefined) {
      try {
        this.#device.waitIdle();
      } catch (error) {
        this.#fail(error, "Cannot wait");
      }
    }
    this.#recorder.abandon();
    this.#imports.clear();
    this.#holdings[Symbol.dispose]();
    this.#ring[Symbol.dispose]();
    this.#failure ??= new DrmError("EIO", "Cannot render: the renderer was disposed of");
    this.#owned?.[Symbol.dispose]();
  }

  #copyInPlace(
    picture: Picture,
    x: number,
    y: number,
    width: number,
    height: number,
    offset: number,
    span: number,
  ): boolean {
    const { reader } = picture;
    reader.locate(offset);
    const { slot } = reader;
    if (slot === undefined || reader.room < span) return false;
    const found = this.#imports.of(slot, picture);
    if (found === undefined) return false;
    const start = reader.start - found.start;
    if (start % 4 !== 0) return false;
    this.#recorder.copyIn(picture, found.handle, start, picture.width, x, y, width, height);
    found.used = this.#recorder.value;
    return true;
  }

  #keepFrames(picture: Picture): void {
    const { holders } = picture;
    while (holders.length > 0) {
      holders[holders.length - 1].keep();
      holders.pop();
    }
  }

  #finish(value: number): void {
    const { queue } = this.#device;
    if (value > queue.lastSubmitted) this.#submit();
    if (!queue.waitFor(value, PATIENCE_NS)) {
      throw new DrmError("EIO", "Cannot go on: the GPU has not finished for 10 s");
    }
  }

  /** Submits before the batch ends. What was recorded is lost if that fails, so that no picture can be trusted any more. */
  #submit(): void {
    try {
      this.#recorder.submit();
    } catch (error) {
      this.#fail(error, "Cannot submit");
      this.#assertWorks();
    }
  }

  #readbackOf(size: number): ReadbackBuffer {
    const old = this.#readback;
    if (old !== undefined && old.size >= size) return old;
    // Reads wait for the GPU: nothing uses the old one.
    old?.[Symbol.dispose]();
    this.#readback = undefined;
    const rounded = Math.min(READBACK_BYTES, 2 ** Math.ceil(Math.log2(Math.max(size, 65536))));
    return this.#readback = this.#allocate(
      "read pixels",
      () => new ReadbackBuffer(this.#device, this.#holdings, rounded),
    );
  }

  /** Makes something that takes memory; if that is short, waits for what is to be freed and tries once more. */
  #allocate<T>(what: string, make: () => T): T {
    try {
      return make();
    } catch (error) {
      if (!isShortOfMemory(error)) throw this.#caught(error, `Cannot ${what}`);
    }
    try {
      this.#imports.clear();
      this.#finish(this.#recorder.value);
      return make();
    } catch (error) {
      throw this.#caught(error, `Cannot ${what}`);
    }
  }

  #assertWorks(): void {
    if (this.#failure !== undefined) throw new DrmError(this.#failure.code, this.#failure.message);
  }

  /** What to throw for something caught while recording; a lost device is noted. */
  #caught(error: unknown, what: string): unknown {
    if (error instanceof VkError && this.#device.lost !== undefined) this.#fail(error, what);
    return drmErrorOf(error, what);
  }

  #fail(error: unknown, what: string): void {
    const found = drmErrorOf(error, what);
    if (!(found instanceof DrmError)) throw found;
    this.#failure ??= new DrmError("EIO", found.message);
    this.#recorder.abandon();
  }
}
