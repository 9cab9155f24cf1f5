/**
 * The virtio-gpu device: virtio 1.3 section 5.7. It takes requests off two queues, lets `Commands` execute them, and answers
 * in order once the renderer has done what a request caused.
 * @module
 */

import type { BackendTransport, DeviceChain, DeviceQueue, VirtioBackend } from "../../../core/bus.ts";
import { type Clock, RealClock } from "../../../core/clock.ts";
import type { Display, DisplayMode } from "../../../core/display.ts";
import { DrmError } from "../../../core/error.ts";
import type { Trace } from "../../../core/trace.ts";
import { VIRTIO_ID_GPU } from "../../../uapi/virtio_config.ts";
import * as gpu from "../../../uapi/virtio_gpu.ts";
import { Batches } from "./batches.ts";
import { Commands } from "./commands.ts";
import { CURSOR_QUEUE, type Entry, TABLE } from "./command_table.ts";
import type { Guest } from "./guest.ts";
import { bit, checkMode, hostFeatures, type VirtioGpuHostOptions } from "./host_options.ts";
import { Pending } from "./pending.ts";
import { DEFAULT_LIMITS, DEFAULT_MEMORY_3D } from "./resource.ts";
import { type Ring, RingAnswers, RINGS_MAX } from "./rings.ts";
import { Scanouts } from "./scanout.ts";

const HEADER = gpu.virtio_gpu_ctrl_hdr.size;
/** Requests that one kick executes, in queue sizes; the rest waits for `poll`, so that no guest keeps the device for itself. */
const LAPS = 4;
const RESET_TIMEOUT_NS = 2e9;
const ON_RING = gpu.VIRTIO_GPU_FLAG_FENCE | gpu.VIRTIO_GPU_FLAG_INFO_RING_IDX;

/** The device. */
export class VirtioGpuHost implements VirtioBackend {
  /** 16: a GPU. */
  readonly deviceId: number = VIRTIO_ID_GPU;
  /** What it offers. */
  readonly features: bigint;
  /** Descriptors of the control and the cursor queue. */
  readonly queueSizes: readonly number[];
  readonly #display: Display;
  readonly #batches: Batches;
  readonly #scanouts: Scanouts;
  readonly #commands: Commands;
  readonly #guest: Guest;
  readonly #clock: Clock;
  readonly #trace: Trace | undefined;
  readonly #config = gpu.virtio_gpu_config.of();
  // Headers of request and response as words; bigints would cost more than the command.
  readonly #request: Uint32Array;
  readonly #response: Uint32Array;
  readonly #nodata: Uint8Array;
  readonly #pending: Pending;
  readonly #rings: RingAnswers;
  #transport: BackendTransport | undefined;
  #accepted = 0;
  #chains: DeviceChain[] = [];
  #again = 0;
  // A programming error that a request ran into, until the kick is over.
  #crash: { readonly error: unknown } | undefined;

  /** Takes over the display's `onModeChange`. @param options renderer, display, scanouts. @throws {RangeError} for numbers of scanouts or features that are none. */
  constructor(options: VirtioGpuHostOptions) {
    const count = options.scanouts ?? options.modes?.length ?? 1;
    if (!Number.isInteger(count) || count < 1 || count > gpu.VIRTIO_GPU_MAX_SCANOUTS) {
      throw new RangeError(`Cannot have ${count} scanouts: 1 to ${gpu.VIRTIO_GPU_MAX_SCANOUTS}`);
    }
    const own = hostFeatures(options.renderer);
    const features = options.features ?? own;
    const has3d = (features & bit(gpu.VIRTIO_GPU_F_VIRGL)) !== 0n;
    const limits = { ...DEFAULT_LIMITS, ...(has3d && { maxHostMemory: DEFAULT_MEMORY_3D }), ...options.limits };
    const alignment = options.blobAlignment;
    if (
      alignment !== undefined && !(alignment >= 1 && alignment <= 2 ** 31 && Number.isInteger(Math.log2(alignment)))
    ) {
      throw new RangeError(`Cannot align blobs to ${alignment} bytes`);
    }
    if ((features & ~own) !== 0n) {
      throw new RangeError(`Cannot offer features 0x${features.toString(16)}: this device has fewer`);
    }
    const blobs = (features & bit(gpu.VIRTIO_GPU_F_RESOURCE_BLOB)) !== 0n;
    this.features = features | (blobs && alignment !== undefined ? bit(gpu.VIRTIO_GPU_F_BLOB_ALIGNMENT) : 0n);
    this.queueSizes = options.queueSizes ?? [1024, 16];
    this.#display = options.display;
    this.#clock = options.clock ?? new RealClock();
    this.#trace = options.trace;
    this.#batches = new Batches(options.renderer);
    const modes = Array.from(
      { length: count },
      (_, i) => checkMode(options.modes?.[i] ?? { enabled: i === 0, width: 1280, height: 800 }),
    );
    this.#scanouts = new Scanouts(this.#batches, options.display, modes);
    this.#commands = new Commands({
      batches: this.#batches,
      scanouts: this.#scanouts,
      limits,
      blobAlignment: alignment ?? 1,
    });
    const { guest } = this.#commands;
    this.#guest = guest;
    this.#request = guest.words;
    this.#response = new Uint32Array(guest.response.buffer, 0, HEADER / 4);
    this.#nodata = guest.response.subarray(0, HEADER);
    this.#pending = new Pending(this.queueSizes[0]);
    this.#rings = new RingAnswers(this.queueSizes[0]);
    this.#config.num_scanouts = count;
    if (has3d) this.#config.num_capsets = this.#batches.renderer3d?.capsets.length ?? 0;
    if (alignment !== undefined && blobs) this.#config.blob_alignment = alignment;
    options.display.onModeChange = (scanout, mode) => this.setMode(scanout, mode);
    options.display.onRefresh = (scanout) => this.#scanouts.refresh(scanout);
  }

  /** Resources and contexts that the guest has, and bytes that they take. */
  get usage(): { readonly resources: number; readonly contexts: number; readonly bytes: number } {
    const { resources, contexts } = this.#guest;
    return { resources: resources.count, contexts: contexts.count, bytes: resources.used };
  }

  /** An fd that becomes readable when the renderer has finished something, if it has one: `poll` then. */
  get completionFd(): number | undefined {
    return this.#batches.renderer3d?.completionFd;
  }

  /** Whether work is under way that `poll` will complete. */
  get busy(): boolean {
    return this.#pending.count + this.#rings.count > 0 || this.#again !== 0;
  }

  /** Whether it can run with these features: BLOB_ALIGNMENT requires RESOURCE_BLOB, CONTEXT_INIT requires VIRGL (5.7.3). */
  acceptsFeatures(features: bigint): boolean {
    const has = (number: number): boolean => (features & bit(number)) !== 0n;
    if (has(gpu.VIRTIO_GPU_F_CONTEXT_INIT) && !has(gpu.VIRTIO_GPU_F_VIRGL)) return false;
    return !has(gpu.VIRTIO_GPU_F_BLOB_ALIGNMENT) || has(gpu.VIRTIO_GPU_F_RESOURCE_BLOB);
  }

  /** Copies configuration space (5.7.4); bytes beyond it read as 0. */
  readConfig(offset: number, target: Uint8Array): void {
    const config = gpu.virtio_gpu_config.bytes(this.#config);
    for (let i = 0; i < target.length; i++) target[i] = config[offset + i] ?? 0;
  }

  /** A driver wrote configuration space: bits of events_clear clear events_read; nothing else can be written. */
  writeConfig(offset: number, source: Uint8Array): void {
    const at = 4;
    let clear = 0;
    for (let i = 0; i < 4; i++) clear |= (source[at + i - offset] ?? 0) << 8 * i;
    this.#config.events_read = (this.#config.events_read & ~clear) >>> 0;
  }

  /** Another monitor on a scanout: the guest hears of it by VIRTIO_GPU_EVENT_DISPLAY. Throws a RangeError for sizes that are none. */
  setMode(scanout: number, mode: DisplayMode): void {
    const found = this.#scanouts.all[scanout];
    if (found === undefined) throw new RangeError(`Cannot set the mode of scanout ${scanout}`);
    found.mode = checkMode(mode);
    this.#config.events_read |= gpu.VIRTIO_GPU_EVENT_DISPLAY;
    this.#transport?.configChanged();
  }

  /** DRIVER_OK. */
  start(transport: BackendTransport): void {
    this.#accepted = Number(transport.features & 0xffn);
    this.#chains = transport.queues.map((queue) => queue.chain());
    this.#guest.start(transport.memory, this.#accepted);
    this.#transport = transport;
  }

  /** Executes what is in a queue. */
  kick(index: number): void {
    const transport = this.#transport;
    const queue = transport?.queues[index];
    if (transport === undefined || queue === undefined) return;
    this.#again &= ~(1 << index);
    let left = queueLaps(this.queueSizes[index]);
    do {
      queue.disableKicks();
      const chain = this.#chains[index];
      while (left > 0 && queue.pop(chain)) {
        left--;
        this.#execute(index, queue, chain);
        // A display's reaction may reset the device, or fail; what was executed is answered first.
        if (this.#transport !== transport || this.#crash !== undefined) break;
      }
      if (this.#transport !== transport) return this.#throw();
      if (this.#crash !== undefined) {
        this.#again |= 1 << index;
        break;
      }
      if (left === 0) this.#again |= 1 << index;
    } while (left > 0 && !queue.enableKicks());
    if (index !== CURSOR_QUEUE) this.#endBatch(queue);
    if (this.#transport !== transport) return this.#throw();
    queue.interrupt();
    if (queue.broken !== undefined) transport.needsReset(queue.broken);
    this.#throw();
  }

  /** Programming errors of displays and renderers reach the caller; the guest was answered before and sees VIRTIO_GPU_RESP_ERR_UNSPEC. */
  #throw(): void {
    const crash = this.#crash;
    this.#crash = undefined;
    if (crash !== undefined) throw crash.error;
  }

  /** Completes what is done by now; true if anything was. */
  poll(): boolean {
    const again = this.#again;
    for (let i = 0; again >> i !== 0; i++) if ((again >> i & 1) !== 0) this.kick(i);
    const queue = this.#transport?.queues[0];
    if (queue === undefined || this.#pending.count + this.#rings.count === 0) return again !== 0;
    const done = this.#complete(queue);
    if (done) queue.interrupt();
    return done || again !== 0;
  }

  /** The driver resets the device: all that the guest made is gone; monitors and pending events stay. */
  reset(): void {
    this.#transport = undefined;
    this.#again = 0;
    // A renderer may still be reading guest memory, which the guest is free to reuse from now on.
    this.#batches.drain(RESET_TIMEOUT_NS);
    this.#pending.clear();
    this.#rings.clear();
    try {
      this.#guest.reset();
    } finally {
      this.#batches.drain(RESET_TIMEOUT_NS);
      this.#chains = [];
    }
  }

  /** Resets the device and leaves the display. */
  [Symbol.dispose](): void {
    this.reset();
    this.#display.onModeChange = this.#display.onRefresh = undefined;
  }

  #execute(index: number, queue: DeviceQueue, chain: DeviceChain): void {
    const guest = this.#guest, transport = this.#transport, request = this.#request;
    const begin = this.#trace?.enabled ? this.#clock.now() : 0;
    const length = queue.read(chain, 0, guest.request);
    guest.refusals.failure = undefined;
    guest.batches.recorded = false;
    let entry: Entry | undefined;
    let type: number;
    let ring: Ring | undefined;
    if (length < HEADER) {
      request.fill(0);
      type = truncated(guest, "a request", length);
    } else {
      entry = TABLE.get(request[0]);
      if (entry === undefined || entry.queue !== index || (this.#accepted & entry.needs) !== entry.needs) {
        const name = entry?.command.name ?? `command 0x${request[0].toString(16)}`;
        type = guest.refusals.unspec(`Cannot execute ${name}: not supported`);
      } else if (length < entry.command.request.size) type = truncated(guest, entry.command.name, length);
      else if (this.#onRing && (request[5] & 0xff) >= RINGS_MAX) {
        type = guest.refusals.parameter(`ring ${request[5] & 0xff}`);
      } else {
        if (this.#onRing) ring = guest.context?.ring(request[5] & 0xff);
        guest.responseSize = entry.size;
        try {
          type = entry.run(this.#commands, queue, chain);
        } catch (error) {
          type = this.#failed(error);
        }
      }
    }
    // A reset on the way took the queue: nobody waits for this answer, even if the device was started again since.
    if (this.#transport !== transport) return;
    const response = type === entry?.command.responseType && guest.responseSize > HEADER
      ? guest.response.subarray(0, guest.responseSize)
      : this.#nodata;
    this.#header(type);
    const written = chain.writable === 0 ? 0 : queue.write(chain, 0, response);
    if (this.#trace?.enabled) this.#emit(index, entry, length, type, begin);
    // The cursor queue is the fast track (5.7.2): it waits for nothing.
    if (index === CURSOR_QUEUE) queue.push(chain.head, written);
    else if (ring !== undefined) this.#rings.add(ring, guest.batches.recorded, chain.head, written);
    else this.#pending.add(chain.head, written);
  }

  // Whether the request's fence is on a ring of its context.
  get #onRing(): boolean {
    return (this.#request[1] & ON_RING) === ON_RING && (this.#accepted & 1 << gpu.VIRTIO_GPU_F_CONTEXT_INIT) !== 0;
  }

  #failed(error: unknown): number {
    if (!(error instanceof DrmError)) this.#crash ??= { error };
    return this.#guest.refusals.thrown(error);
  }

  /** 5.7.6.7: a fence comes back with its id and its timeline, on errors too. */
  #header(type: number): void {
    const request = this.#request, response = this.#response;
    response[0] = type;
    if ((request[1] & gpu.VIRTIO_GPU_FLAG_FENCE) === 0) {
      response[1] =
        response[2] =
        response[3] =
        response[4] =
        response[5] =
          0;
      return;
    }
    const ring = request[1] & gpu.VIRTIO_GPU_FLAG_INFO_RING_IDX;
    response[1] = gpu.VIRTIO_GPU_FLAG_FENCE | ring;
    response[2] = request[2];
    response[3] = request[3];
    response[4] = request[4];
    response[5] = ring !== 0 ? request[5] & 0xff : 0;
  }

  #endBatch(queue: DeviceQueue): void {
    const transport = this.#transport;
    try {
      this.#scanouts.presentFresh();
    } catch (error) {
      // The SET_SCANOUT was right; memory that went away since shows nothing.
      this.#failed(error);
    }
    if (this.#transport !== transport) return;
    const recorded = this.#batches.dirty;
    const batch = this.#batches.submit();
    if (recorded && this.#trace?.enabled) {
      const subject = this.#batches.renderer.name;
      this.#trace.emit({ time: this.#clock.now(), floor: "render", name: "submit", subject, args: { batch } });
    }
    this.#pending.seal(batch);
    this.#rings.seal(batch);
    this.#complete(queue);
  }

  // Answers what waits for batches that are complete; whether there was any.
  #complete(queue: DeviceQueue): boolean {
    const completed = this.#batches.renderer.completed();
    const ring = this.#rings.count > 0 && this.#rings.complete(queue, completed);
    return this.#pending.complete(queue, completed) || ring;
  }

  #emit(index: number, entry: Entry | undefined, length: number, type: number, begin: number): void {
    const { request, refusals: { failure } } = this.#guest;
    const now = this.#clock.now();
    const whole = entry !== undefined && length >= entry.command.request.size;
    this.#trace?.emit({
      time: begin,
      floor: "host",
      name: entry?.command.name ?? `VIRTIO_GPU_CMD 0x${this.#request[0].toString(16)}`,
      subject: index === CURSOR_QUEUE ? "cursorq" : "controlq",
      args: whole ? entry.command.request.at(request.slice()) : undefined,
      result: failure === undefined ? gpu.virtioGpuTypeName(type) : `${gpu.virtioGpuTypeName(type)}: ${failure}`,
      duration: now - begin,
    });
  }
}

function truncated(guest: Guest, name: string, length: number): number {
  return guest.refusals.unspec(`Cannot execute ${name}: ${length} bytes are not enough`);
}

function queueLaps(size: number): number {
  return size * LAPS;
}

/**
 * A virtio-gpu device.
 *
 * @param options renderer, display, scanouts. @throws {RangeError} for numbers of scanouts or features that are none.
 */
export function virtioGpuHost(options: VirtioGpuHostOptions): VirtioGpuHost {
  return new VirtioGpuHost(options);
}
