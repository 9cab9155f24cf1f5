/**
 * `Link`: one channel to the host: messages that wait for answers, messages that wait for room. Mirrors dxgvmbuschannel,
 * dxgvmb_send_sync_msg and dxgvmb_send_async_msg.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import { U32Map } from "../../../core/u32_map.ts";
import type { VmbusChannel, VmbusDevice, VmbusPacket } from "../../../core/vmbus.ts";
import { DXG_MAX_VM_BUS_PACKET_SIZE, DXGK_VMBUS_RING_SIZE } from "../../../uapi/dxgvmbus_hdr.ts";
import type { Message } from "./message.ts";

/** What arrives besides answers. */
export interface LinkEvents {
  /** The host says something of its own. */
  packet(packet: VmbusPacket): void;
  /** Nothing can be sent any more. */
  broken(reason: string): void;
}

/** A channel to the host. */
export class Link {
  readonly #channel: VmbusChannel;
  readonly #events: LinkEvents;
  readonly #pending = new U32Map<Message>();
  // Messages for which the ring had no room, the first first.
  #waiting: Message[] = [];
  #id = 0;
  #broken: string | undefined;

  /** Opens the channel. Throws EBUSY, ENODEV, ENOMEM. */
  constructor(device: VmbusDevice, events: LinkEvents) {
    this.#events = events;
    this.#channel = device.open({
      ringSize: DXGK_VMBUS_RING_SIZE,
      maxPacket: DXG_MAX_VM_BUS_PACKET_SIZE,
      handlers: {
        packet: (packet) => events.packet(packet),
        completion: (packet) => this.#completion(packet),
        room: () => this.#room(),
        broken: (reason) => this.#fail(reason),
      },
    });
  }

  /** Messages without an answer, and without room. */
  get outstanding(): number {
    return this.#pending.size + this.#waiting.length;
  }

  /** Why nothing can be sent, or undefined. */
  get broken(): string | undefined {
    return this.#broken;
  }

  /**
   * Sends a message, once there is room. It may be done when this returns.
   * @throws {DrmError} ENODEV when the channel is broken; EINVAL for one that is too long
   */
  send(message: Message): void {
    message.checkSize();
    if (this.#broken !== undefined) throw this.#gone();
    if (this.#waiting.length > 0 || !this.#put(message)) {
      if (this.#broken !== undefined) throw this.#gone();
      this.#waiting.push(message);
    }
  }

  #put(message: Message): boolean {
    if (message.isAsync) {
      if (!this.#channel.send(message.bytes, message.length, 0, false)) return false;
      message.finish();
      return true;
    }
    // Before it is sent: the answer may come before `send` returns.
    do this.#id = this.#id % 0xffff_ffff + 1; while (this.#pending.get(this.#id) !== undefined);
    const id = this.#id;
    this.#pending.set(id, message);
    if (this.#channel.send(message.bytes, message.length, id, true)) return true;
    this.#pending.delete(id);
    return false;
  }

  #completion(packet: VmbusPacket): void {
    const message = packet.idHigh === 0 && packet.idLow !== 0 ? this.#pending.get(packet.idLow) : undefined;
    if (message === undefined) return; // nobody asked that
    this.#pending.delete(packet.idLow);
    message.answer(packet.data, packet.length);
  }

  #room(): void {
    while (this.#waiting.length > 0 && this.#put(this.#waiting[0])) this.#waiting.shift();
  }

  // Nothing will be answered any more.
  #fail(reason: string): void {
    if (this.#broken !== undefined) return;
    this.#broken = reason;
    const all = [...this.#pending.values(), ...this.#waiting];
    this.#pending.clear();
    this.#waiting = [];
    for (const message of all) message.fail(this.#gone());
    this.#events.broken(reason);
  }

  #gone(): DrmError {
    return new DrmError("ENODEV", `Cannot reach the host: the channel is ${this.#broken}`);
  }

  /** Closes the channel; what waits fails. */
  close(): void {
    this.#channel.close();
    this.#fail("closed");
  }
}
