/**
 * The renderer of virgl: resources, transfers, frames, batches. Contexts, which execute commands, come from the engine. Pictures
 * of 2D commands are 2D textures, so that a guest's console and its desktop share what shows them.
 * @module
 */

import type { CursorImage, Frame, Rect } from "../../../../core/display.ts";
import { DrmError } from "../../../../core/error.ts";
import type { Backing, RenderResource } from "../../../../core/host.ts";
import type {
  CapsetInfo,
  RenderContext,
  Renderer3d,
  Resource3d,
  Resource3dInfo,
  Transfer3d,
} from "../../../../core/host3d.ts";
import { PIPE_TEXTURE_2D } from "../../../../uapi/pipe.ts";
import { VIRGL_FORMAT_R8_UNORM } from "../../../../uapi/virgl_format.ts";
import { VIRGL_BIND_RENDER_TARGET, VIRGL_BIND_SAMPLER_VIEW } from "../../../../uapi/virgl_hw.ts";
import { VIRTIO_GPU_CAPSET_VIRGL, VIRTIO_GPU_CAPSET_VIRGL2 } from "../../../../uapi/virtio_gpu.ts";
import { virtioGpuFourcc } from "../../../../uapi/virtio_gpu_format.ts";
import { CompletionEvent, VkError } from "../../vulkan/mod.ts";
import { toArgb8888 } from "../argb8888.ts";
import { BlobFrame } from "../blob_frame.ts";
import { Holdings } from "../holdings.ts";
import { PictureFrame } from "../picture_frame.ts";
import { drmErrorOf, isShortOfMemory } from "../vk_errno.ts";
import type { VirglCaps } from "./caps.ts";
import type { Formats } from "./formats.ts";
import { type FrameOwner, Frames } from "./frame.ts";
import type { Gpu } from "./gpu.ts";
import type { Contexts, VirglLimits, VirglParts } from "./parts.ts";
import { Recorder } from "./recorder.ts";
import { resourceOf, type ResourceOwner, VirglResource } from "./resource.ts";
import { isBuffer } from "./resource_shape.ts";
import { bufferUsage } from "./resource_usage.ts";
import { SmallBuffers } from "./small_buffers.ts";
import { Transfers } from "./transfer.ts";

/** How long anything may take that somebody waits for here. */
const PATIENCE_NS = 10_000_000_000n;

/** The renderer. */
export class Virgl implements Renderer3d, ResourceOwner, FrameOwner {
  /** Always "virgl". */
  readonly name = "virgl";
  /** Which GPU, by which driver, and why that one. */
  readonly device: string;
  /** The GPU. */
  readonly gpu: Gpu;
  /** What its resources take. */
  readonly holdings: Holdings;
  /** Small buffers, used again. */
  readonly buffers: SmallBuffers;
  /** What formats are on the GPU. */
  readonly formats: Formats;
  /** The one recorder. */
  readonly recorder: Recorder;
  /** Moves bytes between resources and memory. */
  readonly transfers: Transfers;
  readonly #caps: VirglCaps;
  readonly #contexts: Contexts;
  readonly #event: CompletionEvent | undefined;
  readonly #live = new Set<RenderContext>();
  readonly #frames = new Frames(this);
  #expected = 0;
  #failure: DrmError | undefined;
  #open = true;

  /**
   * A renderer on a GPU, which is its own from now on (and is disposed of with it).
   * @param caps what clients are told. @param contexts makes what makes contexts
   * @throws {VkError} if memory does not suffice
   */
  constructor(
    gpu: Gpu,
    formats: Formats,
    caps: VirglCaps,
    contexts: (parts: VirglParts) => Contexts,
    limits: VirglLimits = {},
  ) {
    this.gpu = gpu;
    this.device = gpu.reason;
    this.formats = formats;
    this.#caps = caps;
    const heap = gpu.device.physical.memory.heaps.reduce((most, { size }) => Math.max(most, Number(size)), 0);
    this.holdings = new Holdings(limits.maxBytes ?? Math.floor(heap * 7 / 8));
    using cleanup = new DisposableStack();
    this.buffers = cleanup.use(new SmallBuffers(gpu.device, bufferUsage(gpu)));
    this.recorder = cleanup.use(new Recorder(gpu));
    this.transfers = new Transfers(this.recorder);
    this.#event = limits.completionEvents === true
      ? cleanup.use(new CompletionEvent(gpu.device, gpu.device.queue))
      : undefined;
    this.#contexts = contexts({ gpu, formats, recorder: this.recorder, transfers: this.transfers });
    cleanup.move();
  }

  /** An eventfd that is readable once the last batch that was submitted is complete; undefined without `completionEvents`. */
  get completionFd(): number | undefined {
    return this.#event?.fd;
  }
  /** Whether it was not disposed of. */
  get open(): boolean {
    return this.#open;
  }

  /** Why nothing executes any more, once that is so: the device is lost. */
  get failure(): DrmError | undefined {
    return this.#failure;
  }

  /** Bytes of resources and held frames; slots of guest memory that are imported. */
  get usage(): { readonly bytes: number; readonly imports: number } {
    return { bytes: this.holdings.used, imports: this.transfers.importCount };
  }

  /** VIRGL and VIRGL2. */
  get capsets(): readonly CapsetInfo[] {
    return this.#caps.infos;
  }

  /** A capability set's bytes. Throws EINVAL for a set or version that is none. */
  capset(id: number, version: number): Uint8Array {
    return this.#caps.bytes(id, version);
  }

  /** Makes a context. @throws {DrmError} EINVAL for an unknown set; EIO */
  createContext(capsetId: number, name: string): RenderContext {
    this.assertWorks();
    if (capsetId !== VIRTIO_GPU_CAPSET_VIRGL && capsetId !== VIRTIO_GPU_CAPSET_VIRGL2) {
      throw new DrmError("EINVAL", `Cannot make a context of capability set ${capsetId}`);
    }
    try {
      const context = this.#contexts.create(capsetId, name);
      this.#live.add(context);
      const dispose = context[Symbol.dispose].bind(context);
      context[Symbol.dispose] = () => {
        this.#live.delete(context);
        dispose();
      };
      return context;
    } catch (error) {
      throw this.#caught(error, "Cannot make a context");
    }
  }

  /** Makes a resource, its contents zero. @throws {DrmError} EINVAL for one that cannot be; ENOMEM; EIO */
  createResource3d(info: Resource3dInfo): VirglResource {
    this.assertWorks();
    const format = this.formats.of(isBuffer(info.target) ? VIRGL_FORMAT_R8_UNORM : info.format);
    if (format === undefined) {
      throw new DrmError("EINVAL", `Cannot make a resource of format ${info.format}: the GPU has none`);
    }
    return this.allocate("make a resource", () => new VirglResource(this, info, format));
  }

  /** A new picture, zeroed: a 2D texture. @throws as `createResource3d` */
  createResource(format: number, width: number, height: number): RenderResource {
    if (virtioGpuFourcc(format) === undefined) {
      throw new DrmError("EINVAL", `Cannot make a picture of format ${format}: it is no VIRTIO_GPU_FORMAT_*`);
    }
    return this.createResource3d({
      target: PIPE_TEXTURE_2D,
      format,
      bind: VIRGL_BIND_SAMPLER_VIEW | VIRGL_BIND_RENDER_TARGET,
      width,
      height,
      depth: 1,
      arraySize: 1,
      lastLevel: 0,
      nrSamples: 0,
      flags: 0,
    });
  }

  /** Gives a resource up; contexts that use it, and frames that are held, keep it. Harmless twice. */
  destroyResource(resource: RenderResource): void {
    const own = resourceOf(resource, this.gpu);
    if (own.destroyed) return;
    own.destroyed = true;
    this.transfers.forget(own);
    own.unref();
  }

  /** Gives a resource its guest memory, or takes it away. */
  setBacking(resource: Resource3d, backing: Backing | undefined): void {
    const own = resourceOf(resource, this.gpu);
    if (own.backing !== undefined) {
      own.reader.close();
      this.transfers.forget(own);
    }
    own.backing = backing;
  }

  /** TRANSFER_TO_HOST_3D. @throws {DrmError} EINVAL, EFAULT, ENOMEM, EIO */
  transferToHost3d(resource: Resource3d, transfer: Transfer3d): void {
    const own = this.#usable(resource);
    this.guard("Cannot transfer", () => this.transfers.toHost(own, transfer));
  }

  /** TRANSFER_FROM_HOST_3D, complete with the next batch. @throws {DrmError} EINVAL, EFAULT, ENOMEM, EIO */
  transferFromHost3d(resource: Resource3d, transfer: Transfer3d): void {
    const own = this.#usable(resource);
    this.guard("Cannot transfer", () => this.transfers.fromHost(own, transfer));
  }

  /** As `transferToHost3d`, from bytes at hand. */
  writeResource(resource: Resource3d, transfer: Transfer3d, bytes: Uint8Array): void {
    const own = this.#usable(resource);
    this.guard("Cannot write to a resource", () => this.transfers.write(own, transfer, bytes));
  }

  /** As `transferFromHost3d`, into bytes at hand; waits. */
  readResource(resource: Resource3d, transfer: Transfer3d, bytes: Uint8Array): void {
    const own = this.#usable(resource);
    this.guard("Cannot read a resource", () => this.transfers.read(own, transfer, bytes));
  }

  /** TRANSFER_TO_HOST_2D: rows as wide as the resource. @throws {DrmError} EFAULT, ENOMEM, EIO */
  transferToHost(
    resource: RenderResource,
    x: number,
    y: number,
    width: number,
    height: number,
    offset: number,
    backing: Backing,
  ): void {
    const own = this.#usable(resource);
    if (width === 0 || height === 0) return;
    const transfer = { level: 0, stride: own.width * 4, layerStride: 0, x, y, z: 0, width, height, depth: 1, offset };
    this.guard("Cannot transfer", () => this.transfers.toHostFrom(own, transfer, backing));
  }

  /** A frame of a rectangle of a resource. Copies nothing until it is read. @throws {DrmError} EINVAL for what no screen shows */
  frame(resource: RenderResource, rect: Rect, damage: readonly Rect[]): Frame {
    const own = resourceOf(resource, this.gpu);
    if (own.image === undefined || own.samples > 1 || virtioGpuFourcc(own.format) === undefined) {
      throw new DrmError("EINVAL", `Cannot show a resource of ${own.gpuFormat.info.name}`);
    }
    return new PictureFrame(this.#frames, own, rect, damage);
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

  /** The pixels of a cursor; waits for the GPU. @throws {DrmError} EINVAL, EIO, ENOMEM */
  cursor(resource: RenderResource, hotX: number, hotY: number): CursorImage {
    const own = this.#usable(resource);
    if (own.image === undefined || virtioGpuFourcc(own.format) === undefined) {
      throw new DrmError("EINVAL", `Cannot make a cursor of ${own.gpuFormat.info.name}`);
    }
    const { width, height, format } = own;
    const pixels = new Uint8Array(width * height * 4);
    this.#frames.read(own, 0, 0, width, height, pixels, width * 4);
    return { width, height, hotX, hotY, bytes: toArgb8888(format, pixels) };
  }

  /** Ends a batch. A submission that fails is the end of the device; it is reported by whatever is called next. */
  submit(): number {
    if (this.#failure === undefined) {
      try {
        this.transfers.sweep();
        const value = this.recorder.submit();
        if (value > this.#expected) this.#event?.expect(this.#expected = value);
        return value;
      } catch (error) {
        this.#fail(error, "Cannot submit");
      }
    }
    return this.gpu.device.queue.lastSubmitted;
  }

  /** The last complete batch; of a lost device, every batch is. */
  completed(): number {
    if (this.#failure === undefined) {
      try {
        const completed = this.recorder.completed();
        this.transfers.settle(completed);
        return completed;
      } catch (error) {
        this.#fail(error, "Cannot ask the device");
      }
    }
    return this.gpu.device.queue.lastSubmitted;
  }

  /** Waits for a batch. */
  wait(batch: number, timeoutNs: number): boolean {
    const { queue } = this.gpu.device;
    if (!(batch <= queue.lastSubmitted)) return false;
    if (this.#failure !== undefined) return true;
    try {
      const done = queue.waitFor(Math.max(0, batch), BigInt(Math.floor(Math.min(Math.max(0, timeoutNs), 2 ** 62))));
      if (done) this.transfers.settle(queue.completed());
      return done;
    } catch (error) {
      this.#fail(error, "Cannot wait");
      return true;
    }
  }

  /** For resources: frees one when the GPU is done with it, unless a frame still shows it. */
  disposeLater(item: Disposable): void {
    if (!this.#open) return;
    if (item instanceof VirglResource && item.holders.length > 0) return;
    this.recorder.disposeLater(item);
  }

  /** Waits for the GPU and frees everything; twice does nothing. Frames cannot be read afterwards. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    if (this.#failure === undefined) {
      try {
        this.recorder.submit();
        this.gpu.device.waitIdle();
        this.transfers.settle(this.gpu.device.queue.completed());
      } catch (error) {
        this.#fail(error, "Cannot wait");
      }
    }
    for (const context of [...this.#live]) context[Symbol.dispose]();
    this.#contexts[Symbol.dispose]();
    this.#open = false;
    this.#event?.[Symbol.dispose]();
    this.recorder.abandon();
    this.transfers[Symbol.dispose]();
    this.recorder.abandon();
    this.holdings[Symbol.dispose]();
    this.buffers[Symbol.dispose]();
    this.recorder[Symbol.dispose]();
    this.#failure ??= new DrmError("EIO", "Cannot render: the renderer was disposed of");
    this.gpu[Symbol.dispose]();
  }

  #usable(resource: RenderResource): VirglResource {
    const own = resourceOf(resource, this.gpu);
    this.assertWorks();
    if (own.destroyed) throw new TypeError("Cannot use a resource that was destroyed");
    return own;
  }

  /**
   * Makes something; what is still to be freed is waited for before memory is said to be short.
   * @param what for the message of an error: "make a resource". @throws {DrmError} ENOMEM, EINVAL, EIO
   */
  allocate<T>(what: string, make: () => T): T {
    try {
      return make();
    } catch (error) {
      if (!isShortOfMemory(error)) throw this.#caught(error, `Cannot ${what}`);
    }
    try {
      const value = this.recorder.submit();
      if (this.recorder.wait(value, PATIENCE_NS)) this.transfers.settle(value);
      return make();
    } catch (error) {
      throw this.#caught(error, `Cannot ${what}`);
    }
  }

  /** Runs something; what is thrown is a DrmError then. @param what "Cannot X", for the message. @throws {DrmError} EIO once the device is lost */
  guard(what: string, body: () => void): void {
    try {
      body();
    } catch (error) {
      throw this.#caught(error, what);
    }
  }

  /** Refuses to go on with a lost device. @throws {DrmError} EIO */
  assertWorks(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #caught(error: unknown, what: string): unknown {
    const made = drmErrorOf(error, what);
    if (error instanceof VkError && this.gpu.device.lost !== undefined) this.#fail(error, what);
    return made;
  }

  #fail(error: unknown, what: string): void {
    const made = drmErrorOf(error, what);
    if (!(made instanceof DrmError)) throw made;
    this.#failure ??= new DrmError("EIO", made.message);
    this.recorder.abandon();
  }
}
