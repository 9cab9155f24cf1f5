/**
 * A virtio device across vhost-user as its guest's driver sees it: what QEMU is between a guest and a back end. udrm's own guest
 * driver runs on it unchanged. Stop and cont are QMP's.
 * @module
 */

import type { DriverQueue, Poller, VirtioDevice } from "../../../core/bus.ts";
import { GuestMemory, type GuestSlot } from "../../../core/guest_memory.ts";
import type { PageAllocator, Pages } from "../../../core/memory.ts";
import { VIRTIO_ID_GPU } from "../../../uapi/virtio_config.ts";
import { VIRTIO_RING_F_EVENT_IDX, VIRTIO_RING_F_INDIRECT_DESC } from "../../../uapi/virtio_ring.ts";
import * as vhost from "../../../uapi/vhost_user.ts";
import { close, eventfd, eventfdRead, eventfdWrite } from "../../os/mod.ts";
import { SplitDriverQueue } from "../virtqueue/mod.ts";
import { type FrontEnd, state, u64 } from "./testing.ts";
import { ScreenDouble } from "./testing_screen.ts";

/** Added to a guest address, it is the front end's address. */
const USER = 0x7000_0000_0000;
const bit = (number: number): bigint => 1n << BigInt(number);
const OWN_FEATURES = bit(vhost.VHOST_F_LOG_ALL) | bit(vhost.VHOST_USER_F_PROTOCOL_FEATURES);
const PROTOCOL = bit(vhost.VHOST_USER_PROTOCOL_F_MQ) | bit(vhost.VHOST_USER_PROTOCOL_F_LOG_SHMFD) |
  bit(vhost.VHOST_USER_PROTOCOL_F_REPLY_ACK) | bit(vhost.VHOST_USER_PROTOCOL_F_CONFIG) |
  bit(vhost.VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS) | bit(vhost.VHOST_USER_PROTOCOL_F_RESET_DEVICE);

/** Guest memory each slot of which the back end gets as a region. */
export class SharedGuestMemory extends GuestMemory {
  /** Whom to tell. */
  front: FrontEnd;
  readonly #shared = new Map<GuestSlot, vhost.vhost_user_memory_region>();

  /** Has no slots yet. @param front whom to tell. */
  constructor(front: FrontEnd) {
    super();
    this.front = front;
  }

  /** Adds a slot whose pages have a descriptor, and shares it. */
  override add(pages: Pages, offset: number, length: number, gpa?: number): GuestSlot {
    const slot = super.add(pages, offset, length, gpa);
    const region = {
      guest_addr: slot.gpa,
      size: length,
      user_addr: USER + slot.gpa,
      mmap_offset: (pages.fdOffset ?? 0) + offset,
    };
    this.#shared.set(slot, region);
    if (pages.fd === undefined || this.front.addRegion(region, pages.fd) !== true) {
      throw new Error(`Cannot share ${length} bytes of guest memory: the back end does not take them`);
    }
    return slot;
  }

  /** Takes a slot away, from the back end first. */
  override remove(slot: GuestSlot): void {
    const region = this.#shared.get(slot);
    this.#shared.delete(slot);
    if (region !== undefined && slot.live && !this.front.ended) this.front.removeRegion(region);
    super.remove(slot);
  }

  /** Shares all of it with another back end. */
  share(front: FrontEnd): void {
    this.front = front;
    for (const [slot, region] of this.#shared) front.addRegion(region, slot.pages.fd ?? -1);
  }
}

/** Options of {@linkcode VhostUserTestDevice}. */
export interface VhostUserTestDeviceOptions {
  /** The connection. */
  readonly front: FrontEnd;
  /** Memory with descriptors: `memfdAllocator()`. */
  readonly allocator: PageAllocator;
  /** Descriptors of the rings; 64 and 16 by default, as QEMU has it. */
  readonly queueSizes?: readonly number[];
}

interface Ring {
  readonly queue: SplitDriverQueue;
  readonly kick: number;
  readonly call: number;
  readonly err: number;
}

/** The device. */
export class VhostUserTestDevice implements VirtioDevice, Poller, Disposable {
  /** 16: a GPU. */
  readonly deviceId: number = VIRTIO_ID_GPU;
  /** What the device sees. */
  readonly memory: SharedGuestMemory;
  /** The transport's name for it. */
  readonly name: string = "pci:0000:00:01.0";
  /** What the back end offers a driver. */
  readonly deviceFeatures: bigint;
  /** Never called: front ends make this up themselves. */
  onConfigChange: (() => void) | undefined;
  /** Never: the back end tells by an eventfd, see `failed`. */
  readonly needsReset: boolean = false;
  /** The connection. */
  front: FrontEnd;
  /** The screens, anew for each start. */
  screen: ScreenDouble = new ScreenDouble();
  /** What each new screen is like. */
  prepare: (screen: ScreenDouble) => void = () => {};
  readonly #allocator: PageAllocator;
  readonly #sizes: readonly number[];
  #features = 0n;
  #rings: Ring[] = [];
  #interrupts: readonly (() => void)[] = [];
  #bases: number[] = [];
  #running = false;
  #pumping = false;

  /** Negotiates what QEMU negotiates at its start. */
  constructor({ front, allocator, queueSizes = [64, 16] }: VhostUserTestDeviceOptions) {
    this.front = front;
    this.#allocator = allocator;
    this.#sizes = queueSizes;
    this.deviceFeatures = this.#greet() & ~OWN_FEATURES;
    this.memory = new SharedGuestMemory(front);
  }

  #greet(): bigint {
    const { front } = this;
    const features = front.askU64(vhost.VHOST_USER_GET_FEATURES) ?? 0n;
    front.negotiate((front.askU64(vhost.VHOST_USER_GET_PROTOCOL_FEATURES) ?? 0n) & PROTOCOL);
    front.send(vhost.VHOST_USER_SET_OWNER);
    return features;
  }

  /** Whether a ring was reported broken. */
  get failed(): boolean {
    return this.#rings.some(({ err }) => eventfdRead(err) > 0);
  }
  /** Whether the rings run. */
  get running(): boolean {
    return this.#running;
  }
  /** Interrupts come whenever the back end likes. */
  get busy(): boolean {
    return this.#running;
  }

  /** FEATURES_OK. */
  acceptFeatures(features: bigint): void {
    this.#features = features;
  }
  /** Whether a bit was accepted. */
  hasFeature(number: number): boolean {
    return (this.#features & bit(number)) !== 0n;
  }
  /** GET_CONFIG. */
  readConfig(offset: number, target: Uint8Array): void {
    const payload = new Uint8Array(12 + target.length);
    const config = vhost.vhost_user_config.at(payload);
    config.offset = offset;
    config.size = target.length;
    target.set(this.front.ask(vhost.VHOST_USER_GET_CONFIG, payload)?.subarray(12, 12 + target.length) ?? []);
  }
  /** SET_CONFIG. */
  writeConfig(offset: number, source: Uint8Array): void {
    const payload = new Uint8Array(12 + source.length);
    const config = vhost.vhost_user_config.at(payload);
    config.offset = offset;
    config.size = source.length;
    payload.set(source, 12);
    this.front.tell(vhost.VHOST_USER_SET_CONFIG, payload);
  }

  /** Makes the rings; the back end hears of them at `ready`. */
  setupQueues(interrupts: readonly (() => void)[]): DriverQueue[] {
    this.#interrupts = interrupts;
    this.#rings = this.#sizes.map((size, index) => {
      const kick = eventfd(), call = eventfd(), err = eventfd();
      const queue = new SplitDriverQueue({
        index,
        size,
        memory: this.memory,
        allocator: this.#allocator,
        indirect: this.hasFeature(VIRTIO_RING_F_INDIRECT_DESC),
        eventIdx: this.hasFeature(VIRTIO_RING_F_EVENT_IDX),
        notify: () => {
          eventfdWrite(kick);
          this.poll();
        },
      });
      return { queue, kick, call, err };
    });
    this.#bases = this.#sizes.map(() => 0);
    return this.#rings.map(({ queue }) => queue);
  }

  /** DRIVER_OK, in QEMU's order of messages. */
  ready(): void {
    this.#start(this.#features);
  }

  #start(features: bigint): void {
    const { front } = this;
    this.screen[Symbol.dispose]();
    this.screen = new ScreenDouble();
    this.prepare(this.screen);
    front.send(vhost.VHOST_USER_GPU_SET_SOCKET, undefined, [this.screen.theirs]);
    this.screen.given();
    // A driver's RING_RESET is passed on although no back end offers it.
    front.setFeatures(features | bit(vhost.VHOST_USER_F_PROTOCOL_FEATURES) | bit(40));
    this.#rings.forEach(({ queue: { address }, kick, call, err }, index) => {
      front.send(vhost.VHOST_USER_SET_VRING_CALL, u64(index), [call]);
      front.send(vhost.VHOST_USER_SET_VRING_ERR, u64(index), [err]);
      front.vring(vhost.VHOST_USER_SET_VRING_NUM, index, address.size);
      front.vring(vhost.VHOST_USER_SET_VRING_BASE, index, this.#bases[index]);
      this.#address(index, 0);
      front.send(vhost.VHOST_USER_SET_VRING_KICK, u64(index), [kick]);
    });
    this.#rings.forEach((_, index) => front.tell(vhost.VHOST_USER_SET_VRING_ENABLE, state(index, 1)));
    this.#running = true;
    this.front.settle();
    this.poll();
  }

  #address(index: number, flags: number): void {
    const { address } = this.#rings[index].queue;
    this.front.send(
      vhost.VHOST_USER_SET_VRING_ADDR,
      vhost.vhost_vring_addr.bytes(vhost.vhost_vring_addr.of({
        index,
        flags,
        desc_user_addr: USER + address.desc,
        used_user_addr: USER + address.used,
        avail_user_addr: USER + address.avail,
        log_guest_addr: address.used,
      })),
    );
  }

  /** Begins to log dirty pages, as migration does: the rings run on. */
  log(fd: number, size: number): void {
    const payload = vhost.vhost_user_log.bytes(vhost.vhost_user_log.of({ mmap_size: size, mmap_offset: 0 }));
    this.front.ask(vhost.VHOST_USER_SET_LOG_BASE, payload, [fd]);
    this.front.setFeatures(this.#features | OWN_FEATURES);
    this.#rings.forEach((_, index) => this.#address(index, 1));
    this.front.settle();
  }

  /** QMP's stop: the display socket closes, the rings stop. @returns where they stopped. */
  stop(): readonly number[] {
    this.screen[Symbol.dispose]();
    this.screen = new ScreenDouble();
    this.#rings.forEach((_, index) => this.front.tell(vhost.VHOST_USER_SET_VRING_ENABLE, state(index, 0)));
    this.#bases = this.#rings.map((_, index) => this.front.getBase(index) ?? -1);
    this.#running = false;
    return this.#bases;
  }

  /** QMP's cont. */
  cont(): void {
    this.#start(this.#features);
  }

  /** The same machine at another connection: what a restored machine does. */
  move(front: FrontEnd): void {
    this.front = front;
    this.#greet();
    this.memory.share(front);
    this.#start(this.#features);
  }

  /** The guest is reset. Its memory stays. */
  reset(): void {
    if (this.#running) this.stop();
    // As QEMU: only where it was negotiated.
    const can = (this.front.protocolFeatures & bit(vhost.VHOST_USER_PROTOCOL_F_RESET_DEVICE)) !== 0n;
    if (can && !this.front.ended) this.front.send(vhost.VHOST_USER_RESET_DEVICE);
    this.#freeQueues();
    this.#features = 0n;
  }

  /** Lets the back end work, and handles interrupts; true if there were any. */
  poll(): boolean {
    if (this.#pumping || !this.#running) return false;
    this.#pumping = true;
    let any = false;
    try {
      for (let round = 0; round < 64; round++) {
        this.front.settle();
        let more = this.screen.poll();
        for (let i = 0; i < this.#rings.length; i++) {
          if (!(eventfdRead(this.#rings[i].call) > 0)) continue;
          more = any = true;
          this.#interrupts[i]?.();
        }
        if (!more) break;
      }
    } finally {
      this.#pumping = false;
    }
    return any;
  }

  #freeQueues(): void {
    for (const { queue, kick, call, err } of this.#rings) {
      queue[Symbol.dispose]();
      close(kick);
      close(call);
      close(err);
    }
    this.#rings = [];
  }

  /** Resets the device and closes the screens. The connection stays its owner's. */
  [Symbol.dispose](): void {
    this.reset();
    this.screen[Symbol.dispose]();
  }
}
