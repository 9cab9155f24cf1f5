/**
 * One front end: what it has negotiated, its memory and its rings, and when the device runs. The requests themselves are in
 * requests.ts. The life of a machine follows from the messages: a ring runs from the moment it is described, kicked off and
 * enabled until GET_VRING_BASE; the device runs while a ring does.
 * @module
 */

import type { BackendTransport, VirtioBackend } from "../../../core/bus.ts";
import type { GuestMemory } from "../../../core/guest_memory.ts";
import { VIRTIO_F_VERSION_1 } from "../../../uapi/virtio_config.ts";
import { VIRTIO_RING_F_EVENT_IDX, VIRTIO_RING_F_INDIRECT_DESC } from "../../../uapi/virtio_ring.ts";
import {
  VHOST_F_LOG_ALL,
  VHOST_USER_BACKEND_CONFIG_CHANGE_MSG,
  VHOST_USER_F_PROTOCOL_FEATURES,
  vhost_user_header,
  VHOST_USER_PROTOCOL_F_BACKEND_REQ,
  VHOST_USER_PROTOCOL_F_CONFIG,
  VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS,
  VHOST_USER_PROTOCOL_F_LOG_SHMFD,
  VHOST_USER_PROTOCOL_F_MQ,
  VHOST_USER_PROTOCOL_F_REPLY_ACK,
  VHOST_USER_PROTOCOL_F_RESET_DEVICE,
  VHOST_USER_VERSION,
} from "../../../uapi/vhost_user.ts";
import { type Epoll, EPOLLET, EPOLLIN, monotonicNs, poll, sendStream } from "../../os/mod.ts";
import { closed, type Doorbells } from "./descriptors.ts";
import type { DirtyLog } from "./dirty_log.ts";
import { VhostUserError } from "./error.ts";
import { FrontEndSocket } from "./front_end_socket.ts";
import type { GpuDisplay } from "./gpu_display.ts";
import { Regions } from "./regions.ts";
import { Vring, type VringOwner } from "./vring.ts";

const bit = (number: number): bigint => 1n << BigInt(number);

/** Features of this transport. */
export const VHOST_USER_FEATURES: bigint = bit(VIRTIO_F_VERSION_1) | bit(VIRTIO_RING_F_INDIRECT_DESC) |
  bit(VIRTIO_RING_F_EVENT_IDX) | bit(VHOST_F_LOG_ALL) | bit(VHOST_USER_F_PROTOCOL_FEATURES);

/** Protocol features that are offered. */
export const VHOST_USER_PROTOCOL_FEATURES: bigint = bit(VHOST_USER_PROTOCOL_F_MQ) |
  bit(VHOST_USER_PROTOCOL_F_LOG_SHMFD) | bit(VHOST_USER_PROTOCOL_F_REPLY_ACK) | bit(VHOST_USER_PROTOCOL_F_BACKEND_REQ) |
  bit(VHOST_USER_PROTOCOL_F_CONFIG) | bit(VHOST_USER_PROTOCOL_F_RESET_DEVICE) |
  bit(VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS);

/** How long what a stopping ring has under way is waited for, ns. */
const DRAIN_NS = 2e9;

/** What outlives a front end: the device, and where a machine that was stopped stands. */
export interface Surroundings {
  /** The device. */
  readonly backend: VirtioBackend;
  /** The front end's screens. */
  readonly display: GpuDisplay;
  /** The guest's memory: empty between front ends. */
  readonly memory: GuestMemory;
  /** Scanouts that configuration space tells of. */
  readonly outputs: number;
  /** Where descriptors are watched. */
  readonly epoll: Epoll;
  /** The key of ring 0's kick; those of the others follow. */
  readonly ringKey: number;
  /** Signals eventfds. */
  readonly doorbells: Doorbells;
  /** Hears of what goes wrong, in a sentence. */
  readonly say: (sentence: string) => void;
  /** Hears of errors in the program itself. */
  readonly onError: (error: unknown) => void;
  /** The index at which the first ring was stopped, while the device holds the state of a stopped machine. */
  stoppedAt: number | undefined;
}

/** A front end that is served. */
export class Session implements VringOwner, Disposable {
  /** Its connection. */
  readonly socket: FrontEndSocket;
  /** What outlives it. */
  readonly around: Surroundings;
  /** Its memory. */
  readonly regions: Regions;
  /** Its rings. */
  readonly rings: readonly Vring[];
  /** Protocol features in use. */
  protocolFeatures = 0n;
  /** The log it has given. */
  dirtyLog: DirtyLog | undefined;
  /** The eventfd that tells of logged pages, or -1. */
  logFd = -1;
  /** The socket for requests of the device's side, or -1. */
  requestFd = -1;
  /** RESET_DEVICE came since the device ran last. */
  resetWanted = false;
  #features: bigint | undefined;
  #running = false;
  // The device was started for this front end: what it holds is this machine's.
  #begun = false;
  #logging = false;

  /** @param fd the connection; owned from now on. @param around what outlives it. */
  constructor(fd: number, around: Surroundings) {
    this.socket = new FrontEndSocket(fd);
    this.around = around;
    this.regions = new Regions(around.memory);
    this.rings = around.backend.queueSizes.map((_, index) => new Vring(index, this));
  }

  /** The guest's memory. */
  get memory(): GuestMemory {
    return this.around.memory;
  }
  /** Signals eventfds. */
  get doorbells(): Doorbells {
    return this.around.doorbells;
  }
  /** The log, while it is to be written. */
  get log(): DirtyLog | undefined {
    return this.#logging ? this.dirtyLog : undefined;
  }
  /** Features that were accepted; undefined before SET_FEATURES. */
  get features(): bigint | undefined {
    return this.#features;
  }
  /** Whether the device runs. */
  get running(): boolean {
    return this.#running;
  }
  /** Whether a protocol feature is in use. */
  uses(feature: number): boolean {
    return (this.protocolFeatures & bit(feature)) !== 0n;
  }

  /** SET_FEATURES. Bits that were not offered do not count: front ends pass on what drivers say. Throws if the device refuses. */
  setFeatures(features: bigint): void {
    const { backend } = this.around;
    const known = features & (backend.features | VHOST_USER_FEATURES);
    if (backend.acceptsFeatures?.(known) === false) {
      throw new VhostUserError(`the device refuses features 0x${features.toString(16)}`);
    }
    this.#features = known;
    this.#logging = (known & bit(VHOST_F_LOG_ALL)) !== 0n;
    // Without protocol features there is no SET_VRING_ENABLE.
    if ((known & bit(VHOST_USER_F_PROTOCOL_FEATURES)) === 0n && this.protocolFeatures === 0n) {
      for (const ring of this.rings) ring.enabled = true;
    }
    for (const ring of this.rings) this.settle(ring);
  }

  /** A ring may run now, or may no longer. */
  settle(ring: Vring): void {
    const features = this.#features;
    if (features === undefined || !ring.started || !ring.enabled || ring.num === 0 || ring.address === undefined) {
      ring.setOpen(false);
      return;
    }
    if (ring.running) return;
    if (!this.#running) this.#start(features);
    if (ring.attached) ring.setOpen(true);
    else {
      const has = (number: number): boolean => (features & bit(number)) !== 0n;
      ring.attach({ indirect: has(VIRTIO_RING_F_INDIRECT_DESC), eventIdx: has(VIRTIO_RING_F_EVENT_IDX) });
    }
    // What was made available before is not kicked for again.
    this.kick(ring);
  }

  // Whether this is the machine that was stopped, or one that begins: nothing says so but the index its first ring goes on from.
  #resumes(): boolean {
    const { stoppedAt } = this.around;
    if (stoppedAt === undefined) return false;
    const { base } = this.rings[0];
    if (!this.#begun) return base !== 0 && base === stoppedAt;
    if (base !== 0) return true;
    // 0 is also the index after each 65536 buffers. A front end that tells of resets has told of none.
    return stoppedAt === 0 && this.uses(VHOST_USER_PROTOCOL_F_RESET_DEVICE) && !this.resetWanted;
  }

  #start(features: bigint): void {
    const { backend, display } = this.around;
    if (!this.#resumes()) this.#guarded(() => backend.reset());
    this.around.stoppedAt = undefined;
    this.resetWanted = false;
    this.#running = this.#begun = true;
    const transport: BackendTransport = {
      features,
      queues: this.rings,
      memory: this.memory,
      configChanged: () => this.#configChanged(),
      needsReset: () => this.#tellFailures(),
    };
    this.#guarded(() => backend.start(transport));
    this.#guarded(() => display.resume());
  }

  #configChanged(): void {
    if (this.requestFd < 0 || this.around.display.applying || !this.#running) return;
    const message = vhost_user_header.of({ request: VHOST_USER_BACKEND_CONFIG_CHANGE_MSG, flags: VHOST_USER_VERSION });
    sendStream(this.requestFd, vhost_user_header.bytes(message));
  }

  #tellFailures(): void {
    for (const ring of this.rings) {
      const failure = ring.takeFailure();
      if (failure !== undefined) this.around.say(`ring ${ring.index} is broken: ${failure}`);
    }
  }

  /** A ring was kicked: the device looks at it, unless it waits for what the guest may ask about. */
  kick(ring: Vring): void {
    if (!ring.running) return;
    if (this.around.display.querying) {
      ring.deferred = true;
      return;
    }
    ring.deferred = false;
    this.#guarded(() => this.around.backend.kick(ring.index));
    if (ring.broken !== undefined) this.#tellFailures();
  }

  /** The answers that kicks waited for are there. */
  kickDeferred(): void {
    if (this.around.display.querying) return;
    for (const ring of this.rings) if (ring.deferred) this.kick(ring);
  }

  /** Tells the front end that pages were logged. */
  tellLogged(): void {
    if (this.logFd >= 0 && this.dirtyLog?.takeMarked()) this.doorbells.ring(this.logFd);
  }

  /** Another eventfd kicks a ring. */
  watchKick(ring: Vring, fd: number): void {
    this.unwatchKick(ring);
    const { epoll, ringKey } = this.around;
    // Each write is an edge; nothing needs to be read, and nobody can make a read wait.
    if (epoll.add(fd, EPOLLIN | EPOLLET, ringKey + ring.index) < 0) {
      closed(fd);
      throw new VhostUserError("the kick eventfd cannot be watched");
    }
    ring.kickFd = fd;
  }

  /** No eventfd kicks a ring. */
  unwatchKick(ring: Vring): void {
    if (ring.kickFd < 0) return;
    this.around.epoll.remove(ring.kickFd);
    ring.kickFd = closed(ring.kickFd);
  }

  /** Waits until the device has given back what it has of rings, all of them or one. They take nothing more meanwhile. */
  drain(rings: readonly Vring[]): void {
    const { backend } = this.around;
    for (const ring of rings) ring.setOpen(false);
    const end = monotonicNs() + DRAIN_NS;
    while (rings.some((ring) => ring.outstanding > 0)) {
      let worked = false;
      this.#guarded(() => worked = backend.poll());
      if (worked) continue;
      if (!backend.busy || monotonicNs() > end) break;
      poll(-1, 0, 1);
    }
    for (const ring of rings) if (ring.outstanding > 0) this.#lose(ring);
  }

  #lose(ring: Vring): void {
    this.around.say(`${ring.outstanding} buffers of ring ${ring.index} were not completed in time`);
    this.#guarded(() => this.around.backend.reset());
  }

  /** GET_VRING_BASE: stops a ring. @returns the index at which it goes on. */
  stop(ring: Vring): number {
    const attached = ring.attached;
    this.drain([ring]);
    this.unwatchKick(ring);
    const base = ring.stop();
    if (!attached) return base;
    if (ring.index === 0) {
      this.around.stoppedAt = base;
      this.around.display.pause();
    }
    if (this.rings.every(({ attached }) => !attached)) this.#running = false;
    return base;
  }

  /** RESET_DEVICE: no ring runs, and a machine that begins finds nothing of the one before. */
  reset(): void {
    for (const ring of this.rings) {
      ring.enabled = false;
      this.stop(ring);
    }
    this.resetWanted = true;
  }

  #guarded(body: () => void): void {
    try {
      body();
    } catch (error) {
      this.around.onError(error);
    }
  }

  /** The front end is gone. What its machine has drawn stays until another one begins. */
  [Symbol.dispose](): void {
    for (const ring of this.rings) {
      this.stop(ring);
      ring.close();
    }
    this.around.display.pause();
    this.around.display.forget();
    this.regions.clear();
    this.dirtyLog?.[Symbol.dispose]();
    this.logFd = closed(this.logFd);
    this.requestFd = closed(this.requestFd);
    this.around.epoll.remove(this.socket.fd);
    this.socket[Symbol.dispose]();
  }
}
