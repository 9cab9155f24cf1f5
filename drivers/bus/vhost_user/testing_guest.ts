/**
 * A guest with a GPU across vhost-user, command by command: what tests and the conformance rules draw with.
 * @module
 */

import type { DriverQueue } from "../../../core/bus.ts";
import type { GuestSlot } from "../../../core/guest_memory.ts";
import type { Pages } from "../../../core/memory.ts";
import { pageAlign } from "../../../core/memory.ts";
import type { Init, Struct } from "../../../uapi/struct.ts";
import * as gpu from "../../../uapi/virtio_gpu.ts";
import { VIRTIO_F_VERSION_1 } from "../../../uapi/virtio_config.ts";
import { VIRTIO_RING_F_EVENT_IDX, VIRTIO_RING_F_INDIRECT_DESC } from "../../../uapi/virtio_ring.ts";
import { memfdAllocator, poll } from "../../os/mod.ts";
import { FrontEnd, type FrontEndOptions } from "./testing.ts";
import { VhostUserTestDevice } from "./testing_device.ts";

const ROOM = 2048;
const bit = (number: number): bigint => 1n << BigInt(number);

/** Memory that the guest draws in. */
export interface GuestBuffer {
  /** Its guest address. */
  readonly gpa: number;
  /** Its bytes. */
  readonly bytes: Uint8Array;
  /** Its slot: to take it away. */
  readonly slot: GuestSlot;
}

/** Options of {@linkcode GpuGuest}. */
export interface GpuGuestOptions extends FrontEndOptions {
  /** Features that are accepted if they are offered; rings' and EDID by default. */
  readonly features?: bigint;
  /** What the screens are like. */
  readonly prepare?: VhostUserTestDevice["prepare"];
}

/** The guest. */
export class GpuGuest implements Disposable {
  /** The transport. */
  readonly device: VhostUserTestDevice;
  /** How long an answer is waited for, ms. */
  timeout = 2000;
  readonly #front: FrontEnd;
  readonly #allocator = memfdAllocator();
  readonly #pages: Pages;
  readonly #slot: GuestSlot;
  readonly #buffers: Pages[] = [];
  readonly #features: bigint;
  #queues: DriverQueue[] = [];
  #disposed = false;

  /** Connects and starts the device. @param path the back end's socket. */
  constructor(path: string, options: GpuGuestOptions = {}) {
    this.#front = new FrontEnd(path, options);
    this.device = new VhostUserTestDevice({ front: this.#front, allocator: this.#allocator });
    if (options.prepare !== undefined) this.device.prepare = options.prepare;
    const wanted = options.features ?? bit(VIRTIO_F_VERSION_1) | bit(VIRTIO_RING_F_INDIRECT_DESC) |
        bit(VIRTIO_RING_F_EVENT_IDX) | bit(gpu.VIRTIO_GPU_F_EDID);
    this.#features = wanted & this.device.deviceFeatures;
    this.#pages = this.#allocator.allocate(2 * ROOM, "requests");
    this.#slot = this.device.memory.add(this.#pages, 0, 2 * ROOM);
    this.boot();
  }

  /** The connection. */
  get front(): FrontEnd {
    return this.device.front;
  }
  /** The screens. */
  get screen(): VhostUserTestDevice["screen"] {
    return this.device.screen;
  }
  /** The rings. */
  get queues(): readonly DriverQueue[] {
    return this.#queues;
  }

  /** The driver begins, at the start or after `device.reset`. */
  boot(): void {
    this.device.acceptFeatures(this.#features);
    this.#queues = this.device.setupQueues([() => {}, () => {}]);
    for (const queue of this.#queues) queue.enableInterrupts();
    this.device.ready();
  }

  /** The guest reboots. */
  reboot(): void {
    this.device.reset();
    this.boot();
  }

  /** Memory to draw in. */
  buffer(size: number): GuestBuffer {
    const pages = this.#allocator.allocate(pageAlign(size), "buffer");
    const slot = this.device.memory.add(pages, 0, pages.size);
    pages.pin();
    this.#buffers.push(pages);
    return { gpa: slot.gpa, bytes: pages.bytes().subarray(0, size), slot };
  }

  /** Takes such memory away and frees it. */
  free({ slot }: GuestBuffer): void {
    this.device.memory.remove(slot);
    const index = this.#buffers.indexOf(slot.pages);
    if (index >= 0) this.#buffers.splice(index, 1)[0][Symbol.dispose]();
  }

  /** Sends a request; what was answered, or undefined if nothing comes in time. */
  request(bytes: Uint8Array, queue = 0, room: number = ROOM): Uint8Array | undefined {
    const memory = this.#pages.bytes();
    memory.set(bytes);
    memory.fill(0, ROOM);
    const ring = this.#queues[queue];
    if (!ring.add(this.#slot.gpa, bytes.length, this.#slot.gpa + ROOM, room, 1)) return undefined;
    ring.kick();
    const end = performance.now() + this.timeout;
    for (;;) {
      this.device.poll();
      if (ring.next() === 1) break;
      if (performance.now() >= end || ring.broken !== undefined) return undefined;
      poll(-1, 0, 1);
    }
    // The interrupt is asked for anew, as a driver's handler does.
    ring.enableInterrupts();
    return memory.slice(ROOM, ROOM + ring.written);
  }

  /** Sends a request; the answer's type, 0 if none comes. */
  type<T>(struct: Struct<T>, init: { readonly [K in keyof T]?: Init<T[K]> }, more?: Uint8Array, queue = 0): number {
    const head = struct.bytes(struct.of(init));
    const bytes = new Uint8Array(head.length + (more?.length ?? 0));
    bytes.set(head);
    bytes.set(more ?? [], head.length);
    const answer = this.request(bytes, queue, 64);
    return answer === undefined || answer.length < 4 ? 0 : new DataView(answer.buffer).getUint32(0, true);
  }

  /** RESOURCE_CREATE_2D of B8G8R8X8 unless told. */
  create(
    resource_id: number,
    width: number,
    height: number,
    format: number = gpu.VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM,
  ): number {
    const hdr = { type: gpu.VIRTIO_GPU_CMD_RESOURCE_CREATE_2D };
    return this.type(gpu.virtio_gpu_resource_create_2d, { hdr, resource_id, width, height, format });
  }
  /** RESOURCE_ATTACH_BACKING of one piece. */
  attach(resource_id: number, { gpa, bytes }: GuestBuffer): number {
    const hdr = { type: gpu.VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING };
    const entry = gpu.virtio_gpu_mem_entry.bytes(gpu.virtio_gpu_mem_entry.of({ addr: gpa, length: bytes.length }));
    return this.type(gpu.virtio_gpu_resource_attach_backing, { hdr, resource_id, nr_entries: 1 }, entry);
  }
  /** SET_SCANOUT. */
  scanout(scanout_id: number, resource_id: number, width: number, height: number): number {
    const hdr = { type: gpu.VIRTIO_GPU_CMD_SET_SCANOUT };
    return this.type(gpu.virtio_gpu_set_scanout, { hdr, scanout_id, resource_id, r: { width, height } });
  }
  /** TRANSFER_TO_HOST_2D. */
  transfer(resource_id: number, width: number, height: number, x = 0, y = 0, offset = 0): number {
    const hdr = { type: gpu.VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D };
    return this.type(gpu.virtio_gpu_transfer_to_host_2d, { hdr, resource_id, r: { x, y, width, height }, offset });
  }
  /** RESOURCE_FLUSH. */
  flush(resource_id: number, width: number, height: number, x = 0, y = 0): number {
    const hdr = { type: gpu.VIRTIO_GPU_CMD_RESOURCE_FLUSH };
    return this.type(gpu.virtio_gpu_resource_flush, { hdr, resource_id, r: { x, y, width, height } });
  }

  /** Creates a resource, shows it, and draws `fill` into all of it. @returns its memory. */
  show(
    resource_id: number,
    width: number,
    height: number,
    fill: (bytes: Uint8Array) => void,
    scanout = 0,
  ): GuestBuffer {
    const buffer = this.buffer(width * height * 4);
    fill(buffer.bytes);
    this.create(resource_id, width, height);
    this.attach(resource_id, buffer);
    this.scanout(scanout, resource_id, width, height);
    this.transfer(resource_id, width, height);
    this.flush(resource_id, width, height);
    return buffer;
  }

  /** Waits until a screen shows these pixels. @returns whether it does. */
  shows(pixels: Uint8Array, scanout = 0): boolean {
    const same = (): boolean => {
      this.device.poll();
      const shown = this.screen.screen(scanout).pixels;
      return shown.length === pixels.length && shown.every((byte, i) => byte === pixels[i]);
    };
    return this.front.wait(same, this.timeout);
  }

  /** Disconnects and frees all memory. Twice does nothing. */
  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.device[Symbol.dispose]();
    this.#front[Symbol.dispose]();
    if (this.device.front !== this.#front) this.device.front[Symbol.dispose]();
    for (const pages of this.#buffers) pages[Symbol.dispose]();
    this.#pages[Symbol.dispose]();
  }
}
