/**
 * The in-process transport: joins a device and its driver in one isolate, over guest memory and nothing else. A kick runs the
 * device before it returns, and interrupts are delivered before it returns, but neither nests inside the other: what is
 * raised on the way is done afterwards, in a loop. Virtio 1.3 sections 2.1 to 2.5 and 3.1.
 * @module
 */

import type { BackendTransport, DriverQueue, Poller, VirtioBackend, VirtioDevice } from "../../../core/bus.ts";
import type { Clock } from "../../../core/clock.ts";
import { DrmError } from "../../../core/error.ts";
import { GuestMemory } from "../../../core/guest_memory.ts";
import { heapAllocator, type PageAllocator } from "../../../core/memory.ts";
import type { Trace } from "../../../core/trace.ts";
import {
  VIRTIO_CONFIG_S_ACKNOWLEDGE,
  VIRTIO_CONFIG_S_DRIVER,
  VIRTIO_CONFIG_S_DRIVER_OK,
  VIRTIO_CONFIG_S_FEATURES_OK,
  VIRTIO_CONFIG_S_NEEDS_RESET,
  VIRTIO_F_VERSION_1,
} from "../../../uapi/virtio_config.ts";
import { VIRTIO_RING_F_EVENT_IDX, VIRTIO_RING_F_INDIRECT_DESC } from "../../../uapi/virtio_ring.ts";
import { SplitDeviceQueue } from "./device_queue.ts";
import { SplitDriverQueue } from "./driver_queue.ts";

/** Features of this transport: virtio 1.0, indirect descriptors, the event index. */
export const LOOPBACK_FEATURES: bigint = 1n << BigInt(VIRTIO_F_VERSION_1) | 1n << BigInt(VIRTIO_RING_F_INDIRECT_DESC) |
  1n << BigInt(VIRTIO_RING_F_EVENT_IDX);

/** Options of {@linkcode virtioLoopback}. */
export interface LoopbackOptions {
  /** The guest's memory; a new one by default. */
  readonly memory?: GuestMemory;
  /** Where ring memory comes from; the heap by default. */
  readonly allocator?: PageAllocator;
  /** The device's name; "virtio0" by default. */
  readonly name?: string;
  /** Who hears of kicks and interrupts. */
  readonly trace?: Trace;
  /** The clock of trace events. */
  readonly clock?: Clock;
  /** Transport features to offer, {@linkcode LOOPBACK_FEATURES} by default. VERSION_1 always is. */
  readonly features?: bigint;
}

/** Both ends of the transport. */
export interface Loopback {
  /** What the driver sees. */
  readonly device: LoopbackDevice;
  /** What completes work that a kick left under way: `System.addPoller` takes it. */
  readonly poller: Poller;
}

/** Rounds of kicks and interrupts that one call may cause; what is left waits for `poll`. */
const MAX_ROUNDS = 4096;

/** A device whose other half lives in this isolate. */
export class LoopbackDevice implements VirtioDevice, Poller, Disposable {
  /** Device type. */
  readonly deviceId: number;
  /** The guest's memory. */
  readonly memory: GuestMemory;
  /** The transport's name for it. */
  readonly name: string;
  /** Features that the device and the transport offer. */
  readonly deviceFeatures: bigint;
  /** Called when the device changes its configuration, or needs a reset. */
  onConfigChange: (() => void) | undefined;
  readonly #backend: VirtioBackend;
  readonly #allocator: PageAllocator;
  #features = 0n;
  #status = 0;
  #generation = 0;
  #reason: string | undefined;
  #driverQueues: SplitDriverQueue[] = [];
  #deviceQueues: SplitDeviceQueue[] = [];
  #interrupts: readonly ((() => void) | undefined)[] = [];
  // One bit a queue would do; queues are few, and flags need no bound.
  #kicked: boolean[] = [];
  #interrupted: boolean[] = [];
  #configChanged = false;
  readonly #trace: Trace | undefined;
  readonly #clock: Clock | undefined;
  #pending = false;
  #running = false;

  /** Joins a device. @param backend the device. @param options memory, features. */
  constructor(backend: VirtioBackend, options: LoopbackOptions = {}) {
    this.#trace = options.trace;
    this.#clock = options.clock;
    this.#backend = backend;
    this.#allocator = options.allocator ?? heapAllocator();
    this.deviceId = backend.deviceId;
    this.memory = options.memory ?? new GuestMemory();
    this.name = options.name ?? "virtio0";
    const transport = (options.features ?? LOOPBACK_FEATURES) & LOOPBACK_FEATURES | 1n << BigInt(VIRTIO_F_VERSION_1);
    this.deviceFeatures = backend.features | transport;
  }

  /** The device status field (2.1): VIRTIO_CONFIG_S_*. */
  get status(): number {
    return this.#status;
  }

  /** Changes whenever configuration space may have changed (2.5). */
  get configGeneration(): number {
    return this.#generation;
  }

  /** Whether the device says that it cannot go on. */
  get needsReset(): boolean {
    return (this.#status & VIRTIO_CONFIG_S_NEEDS_RESET) !== 0;
  }

  /** Why it cannot, or undefined. */
  get resetReason(): string | undefined {
    return this.#reason;
  }

  /** Whether work is under way that `poll` will complete. */
  get busy(): boolean {
    // A device that needs a reset completes nothing any more: waiting for it would never end.
    return this.#pending ||
      (this.#status & VIRTIO_CONFIG_S_DRIVER_OK) !== 0 && !this.needsReset && this.#backend.busy;
  }

  /** The device's eventfd of completions, if it has one. */
  get completionFd(): number | undefined {
    return this.#backend.completionFd;
  }

  /**
   * Accepts features and sets FEATURES_OK.
   *
   * @throws {DrmError} EINVAL if a feature was not offered, VERSION_1 is missing (6.1), or the device refuses the set (2.2.2).
   * @throws {TypeError} after FEATURES_OK: only a reset begins anew.
   */
  acceptFeatures(features: bigint): void {
    if ((this.#status & VIRTIO_CONFIG_S_FEATURES_OK) !== 0) {
      throw new TypeError(`Cannot accept features of ${this.name}: they are settled until a reset`);
    }
    this.#status |= VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER;
    const strange = features & ~this.deviceFeatures;
    if (strange !== 0n) {
      throw new DrmError(
        "EINVAL",
        `Cannot accept features 0x${strange.toString(16)}: ${this.name} does not offer them`,
      );
    }
    if ((features >> BigInt(VIRTIO_F_VERSION_1) & 1n) === 0n) {
      throw new DrmError("EINVAL", `Cannot drive ${this.name} without VIRTIO_F_VERSION_1`);
    }
    if (this.#backend.acceptsFeatures?.(features) === false) {
      throw new DrmError("EINVAL", `Cannot accept features 0x${features.toString(16)}: ${this.name} refuses the set`);
    }
    this.#features = features;
    this.#status |= VIRTIO_CONFIG_S_FEATURES_OK;
  }

  /** Whether a feature bit was accepted. */
  hasFeature(bit: number): boolean {
    return (this.#features >> BigInt(bit) & 1n) === 1n;
  }

  /** Copies device configuration space from `offset` into `target`. */
  readConfig(offset: number, target: Uint8Array): void {
    this.#backend.readConfig(offset, target);
  }

  /** Writes device configuration space. */
  writeConfig(offset: number, source: Uint8Array): void {
    this.#backend.writeConfig(offset, source);
  }

  /**
   * Makes all queues of the device. `interrupts[i]` is called when queue i has used buffers; a missing one is polled.
   *
   * @throws {TypeError} before FEATURES_OK or twice. @throws {DrmError} ENOMEM.
   */
  setupQueues(interrupts: readonly ((() => void) | undefined)[]): DriverQueue[] {
    if ((this.#status & VIRTIO_CONFIG_S_FEATURES_OK) === 0) {
      throw new TypeError(`Cannot set up queues of ${this.name}: features are not settled`);
    }
    if (this.#driverQueues.length > 0) throw new TypeError(`Cannot set up queues of ${this.name}: they are`);
    const indirect = this.hasFeature(VIRTIO_RING_F_INDIRECT_DESC);
    const eventIdx = this.hasFeature(VIRTIO_RING_F_EVENT_IDX);
    // A reset replaces these, so that queues of before it raise nothing any more.
    const kicked = this.#kicked, interrupted = this.#interrupted;
    const notify = (index: number): void => {
      if (kicked === this.#kicked) this.#raise(kicked, index);
    };
    const interrupt = (index: number): void => {
      if (interrupted === this.#interrupted) this.#raise(interrupted, index);
    };
    const { memory } = this;
    try {
      for (let index = 0; index < this.#backend.queueSizes.length; index++) {
        const size = this.#backend.queueSizes[index];
        const driver = new SplitDriverQueue({
          index,
          size,
          memory,
          allocator: this.#allocator,
          indirect,
          eventIdx,
          notify,
        });
        this.#driverQueues.push(driver);
        const { address } = driver;
        this.#deviceQueues.push(new SplitDeviceQueue({ index, address, memory, indirect, eventIdx, interrupt }));
      }
    } catch (error) {
      this.#freeQueues();
      throw error;
    }
    this.#interrupts = [...interrupts];
    return [...this.#driverQueues];
  }

  /** DRIVER_OK. Throws a TypeError before the queues are set up. */
  ready(): void {
    if (this.#driverQueues.length !== this.#backend.queueSizes.length) {
      throw new TypeError(`Cannot start ${this.name}: its queues are not set up`);
    }
    if ((this.#status & VIRTIO_CONFIG_S_DRIVER_OK) !== 0) return;
    this.#status |= VIRTIO_CONFIG_S_DRIVER_OK;
    // A device that was reset in the meantime may still hold its old transport: that one must not speak for the new one.
    const epoch = this.#deviceQueues;
    const transport: BackendTransport = {
      features: this.#features,
      queues: this.#deviceQueues,
      memory: this.memory,
      configChanged: () => {
        if (epoch === this.#deviceQueues) this.#changeConfig();
      },
      needsReset: (reason) => {
        if (epoch !== this.#deviceQueues || this.needsReset) return;
        this.#reason = reason;
        this.#status |= VIRTIO_CONFIG_S_NEEDS_RESET;
        // 2.1.2: after DRIVER_OK the driver hears of it as a configuration change.
        this.#changeConfig();
      },
    };
    this.#backend.start(transport);
    this.#pending = true;
    this.#run();
  }

  /** Resets the device; queues are gone, memory slots stay. Harmless in any state and inside an interrupt. */
  reset(): void {
    this.#status = 0;
    this.#features = 0n;
    this.#reason = undefined;
    this.#kicked = [];
    this.#interrupted = [];
    this.#configChanged = false;
    this.#pending = false;
    this.#interrupts = [];
    this.#backend.reset();
    this.#freeQueues();
  }

  /** Completes what is done by now and delivers what waits; true if anything was. */
  poll(): boolean {
    if (this.#running || (this.#status & VIRTIO_CONFIG_S_DRIVER_OK) === 0) return false;
    this.#running = true;
    let done = false;
    try {
      done = !this.needsReset && this.#backend.poll();
    } finally {
      this.#running = false;
    }
    done ||= this.#pending;
    this.#run();
    return done;
  }

  /** Resets the device. The backend stays its owner's. */
  [Symbol.dispose](): void {
    this.reset();
    this.onConfigChange = undefined;
  }

  #changeConfig(): void {
    this.#generation++;
    this.#configChanged = true;
    this.#pending = true;
    this.#run();
  }

  #raise(flags: boolean[], index: number): void {
    flags[index] = true;
    this.#pending = true;
    this.#run();
  }

  /** Delivers kicks and interrupts until there are none. Called from inside itself, it leaves the work to the outer call. */
  #run(): void {
    if (this.#running) return;
    this.#running = true;
    try {
      for (let round = 0; this.#pending && round < MAX_ROUNDS; round++) {
        this.#pending = false;
        const kicked = this.#kicked, interrupted = this.#interrupted, handlers = this.#interrupts;
        // The device must not use a queue before DRIVER_OK (2.1.2): such a kick waits. After a failure nobody listens.
        const runs = (this.#status & VIRTIO_CONFIG_S_DRIVER_OK) !== 0;
        for (let i = 0; runs && i < kicked.length && kicked === this.#kicked; i++) {
          if (!kicked[i]) continue;
          kicked[i] = false;
          if (this.#trace?.enabled) this.#tell("virtqueue_kick", i);
          if (!this.needsReset) this.#backend.kick(i);
        }
        for (let i = 0; i < interrupted.length && interrupted === this.#interrupted; i++) {
          if (!interrupted[i]) continue;
          interrupted[i] = false;
          if (this.#trace?.enabled) this.#tell("vring_interrupt", i);
          handlers[i]?.();
        }
        if (this.#configChanged) {
          this.#configChanged = false;
          this.onConfigChange?.();
        }
      }
    } finally {
      this.#running = false;
    }
  }

  #tell(name: string, queue: number): void {
    this.#trace?.emit({ time: this.#clock?.now() ?? 0, floor: "bus", name, subject: `${this.name} queue ${queue}` });
  }

  #freeQueues(): void {
    for (const queue of this.#deviceQueues) queue[Symbol.dispose]();
    for (const queue of this.#driverQueues) queue[Symbol.dispose]();
    this.#deviceQueues = [];
    this.#driverQueues = [];
  }
}

/**
 * Joins a device to a driver of this isolate.
 *
 * @param backend the device; its owner disposes it, after the transport.
 * @param options memory, features, name.
 */
export function virtioLoopback(backend: VirtioBackend, options: LoopbackOptions = {}): Loopback {
  const device = new LoopbackDevice(backend, options);
  return { device, poller: device };
}
