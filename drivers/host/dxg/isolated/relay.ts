/**
 * The channels that the broker offers the guest: what is about no process goes to the broker's own host.
 * @module
 */

import type {
  PciFunction,
  VmbusBackend,
  VmbusChannel,
  VmbusHandlers,
  VmbusHostTransport,
  VmbusOffer,
  VmbusPacket,
} from "../../../../core/vmbus.ts";
import type { DxgBroker } from "./broker.ts";
import type { Forwarder } from "./forwarder.ts";

/** One channel. */
export class Relay implements VmbusBackend {
  readonly offer: VmbusOffer;
  readonly pci?: PciFunction;
  readonly maxPacket: number;
  /** A process that does not answer must not hold those of others up: each has a limit of its own. */
  readonly maxOwed = 1 << 17;
  readonly #broker: DxgBroker;
  readonly #forwarder: Forwarder;
  readonly #inner: VmbusBackend;
  readonly #index: number;

  /** @param inner the same channel of the broker's own host. @param index 0 is the global one. */
  constructor(broker: DxgBroker, forwarder: Forwarder, inner: VmbusBackend, index: number) {
    this.#broker = broker;
    this.#forwarder = forwarder;
    this.#inner = inner;
    this.#index = index;
    this.offer = inner.offer;
    this.maxPacket = inner.maxPacket;
    if (inner.pci !== undefined) this.pci = inner.pci;
  }

  get busy(): boolean {
    return this.#index === 0 && this.#broker.busy;
  }
  get completionFd(): number {
    return this.#broker.completionFd;
  }

  rest(ns: number): boolean {
    return this.#index === 0 && this.#broker.rest(ns);
  }

  open(channel: VmbusChannel, transport: VmbusHostTransport): VmbusHandlers {
    if (this.#index === 0) this.#broker.rewriter.transport = transport;
    const inner = this.#inner.open(channel, transport);
    const local = (packet: VmbusPacket): void => inner.packet(packet);
    return {
      ...inner,
      packet: (packet) => this.#forwarder.packet(this.#index, channel, packet, local),
      broken: (reason) => {
        if (this.#index === 0) this.#broker.forgetGuest();
        inner.broken?.(reason);
      },
    };
  }

  poll(): boolean {
    if (this.#index !== 0) return false;
    const worked = this.#broker.poll();
    return this.#inner.poll() || worked;
  }

  close(): void {
    if (this.#index === 0) this.#broker.forgetGuest();
    this.#inner.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
