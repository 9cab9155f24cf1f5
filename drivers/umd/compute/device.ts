/**
 * Compute devices: where it all begins.
 * @module
 */

import type { LocalProcess } from "../../../core/process.ts";
import { System } from "../../../core/system.ts";
import { type BufferOptions, ComputeBuffer } from "./buffer.ts";
import { type AdapterInfo, Connection } from "./connection.ts";
import { DeviceMemory, type MemoryBudget, type SharedImage } from "./device_memory.ts";
import { ComputeKernel, type KernelOptions, MAX_BINDINGS } from "./kernel.ts";
import { ComputeQueue } from "./queue.ts";
import type { Epochs } from "./recording.ts";
import { ComputeSurface } from "./surface.ts";

/** How a device is opened. */
export interface ComputeOptions {
  /** Its number, or a part of its name; the first that computes by default. */
  readonly adapter?: string | number;
}

/** What kernels may ask for at most. */
export interface ComputeLimits {
  /** Workgroups of a dispatch in each direction. */
  readonly workgroups: number;
  /** Bindings of a kernel. */
  readonly bindings: number;
  /** Bytes of push constants. */
  readonly pushConstants: number;
  /** Alignment of bound ranges, bytes. */
  readonly bindingAlignment: number;
  /** Bytes of memory near the GPU. */
  readonly memory: number;
}

/** A GPU that computes. Dispose of it, and all that it made goes with it. */
export class ComputeDevice implements Disposable {
  /** The adapter. */
  readonly adapter: AdapterInfo;
  /** The queue that buffers use for their reads and writes. */
  readonly queue: ComputeQueue;
  readonly #client: Connection;
  readonly #memory: DeviceMemory;
  readonly #epochs: Epochs = { last: 0 };
  readonly #resources: DisposableStack;

  /** @internal `openCompute` makes them. */
  constructor(process: LocalProcess, options: ComputeOptions, exit: boolean) {
    using cleanup = new DisposableStack();
    if (exit) cleanup.use(process);
    this.#client = cleanup.use(new Connection(process, options.adapter));
    this.adapter = this.#client.adapter;
    this.#memory = new DeviceMemory(this.#client);
    this.queue = cleanup.use(new ComputeQueue(this.#client, this.#memory, this.#epochs));
    this.#resources = cleanup.move();
  }

  /** The adapter's name. */
  get name(): string {
    return this.adapter.name;
  }

  /** What kernels may ask for. */
  get limits(): ComputeLimits {
    return {
      workgroups: 65535,
      bindings: MAX_BINDINGS,
      pushConstants: 128,
      bindingAlignment: 256,
      memory: this.adapter.localMemory,
    };
  }

  /** How much memory near the GPU this process may use, and uses. @throws {ComputeError} */
  get memory(): MemoryBudget {
    return this.#memory.budget();
  }

  /** How often something was evicted to make room. */
  get evictions(): number {
    return this.#memory.evictions;
  }

  /**
   * A buffer.
   *
   * @param content bytes of it (zero at first), or what is in it. @throws {ComputeError} memory
   */
  buffer(content: number | ArrayBufferView | ArrayBufferLike, options: BufferOptions = {}): ComputeBuffer {
    const size = typeof content === "number" ? content : content.byteLength;
    if (!(Number.isSafeInteger(size) && size > 0)) throw new RangeError(`Cannot make a buffer of ${size} bytes`);
    const buffer = new ComputeBuffer(
      this.#memory,
      this.queue,
      size,
      this.#memory.allocate(size, options.shared === true),
    );
    return typeof content === "number" ? buffer : buffer.write(content);
  }

  /**
   * A picture, row by row, that kernels write as a buffer, and displays and other processes see by its dma-buf.
   *
   * @param image pixels, lines, DRM_FORMAT_*. @throws {ComputeError} memory, or a format that is none
   */
  surface(image: SharedImage): ComputeSurface {
    const { allocation, pitch } = this.#memory.image(image);
    const buffer = new ComputeBuffer(this.#memory, this.queue, pitch * image.height, allocation);
    return new ComputeSurface(this.#client, buffer, allocation.resource, image, pitch);
  }

  /**
   * A kernel.
   *
   * @param code SPIR-V; `compileWgsl` and `compileGlsl` of compute/compile.ts make it. The host checks it at the first dispatch.
   * @throws {TypeError} for what is no kernel. @throws {ComputeError} memory
   */
  kernel(code: Uint32Array, options: KernelOptions = {}): ComputeKernel {
    return new ComputeKernel(this.#memory, code, options);
  }

  /** Another queue, whose work runs beside that of `queue`. */
  createQueue(): ComputeQueue {
    return this.#resources.use(new ComputeQueue(this.#client, this.#memory, this.#epochs));
  }

  /** Closes it: what still runs is left to its end, and nobody hears of it. */
  [Symbol.dispose](): void {
    this.#resources.dispose();
  }
}

/**
 * Opens a GPU for computing.
 *
 * ```ts ignore
 * using device = openCompute(system);
 * using add = device.kernel(await compileWgsl(source));
 * using a = device.buffer(Float32Array.of(1, 2, 3)), b = device.buffer(12);
 * device.queue.dispatch(add, add.groups(3), [a, b]);
 * console.log(b.read(Float32Array));
 * ```
 *
 * @param client a process with /dev/dxg, or a system, of which a new process is made and ended with the device.
 * @throws {DrmError} ENOENT without /dev/dxg. @throws {ComputeError} adapter: none is as wished
 */
export function openCompute(client: System | LocalProcess, options: ComputeOptions = {}): ComputeDevice {
  return client instanceof System
    ? new ComputeDevice(client.process({ comm: "compute" }), options, true)
    : new ComputeDevice(client, options, false);
}
