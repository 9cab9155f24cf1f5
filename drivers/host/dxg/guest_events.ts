/**
 * What the host tells its guest on its own: events to signal, states to store, notifications. What the ring has no room for
 * waits here; there is at most one of each kind an object, and a wait's event only once.
 * @module
 */

import type { VmbusChannel } from "../../../core/vmbus.ts";
import { dxgkvmb_command_host_to_vm, DXGKVMB_HOST_TO_VM } from "../../../uapi/dxgvmbus_hdr.ts";
import {
  DXGK_VMBCOMMAND_SENDWNFNOTIFICATION,
  DXGK_VMBCOMMAND_SETGUESTDATA,
  DXGK_VMBCOMMAND_SIGNALGUESTEVENT,
} from "../../../uapi/dxgvmbus_number.ts";
import { dxgkvmb_command_setguestdata, dxgkvmb_command_signalguestevent } from "../../../uapi/dxgvmbus_process.ts";

interface Signal {
  readonly event: bigint;
  readonly pid: number;
  readonly dereference: boolean;
}

/** Messages to the guest. */
export class GuestEvents {
  #channel: VmbusChannel | undefined;
  #signals: Signal[] = [];
  #first = 0;
  #flushing = false;
  // The last state of each cookie.
  readonly #data = new Map<bigint, number>();
  // Persistent events that are to be signalled, once each.
  readonly #pending = new Map<bigint, number>();
  #wnf = false;
  readonly #signal = dxgkvmb_command_signalguestevent.of();
  readonly #set = dxgkvmb_command_setguestdata.of();
  readonly #notification = dxgkvmb_command_host_to_vm.of();

  constructor() {
    this.#signal.hdr.channel_bits = DXGKVMB_HOST_TO_VM;
    this.#signal.hdr.command_type = DXGK_VMBCOMMAND_SIGNALGUESTEVENT;
    this.#set.hdr.channel_bits = DXGKVMB_HOST_TO_VM;
    this.#set.hdr.command_type = DXGK_VMBCOMMAND_SETGUESTDATA;
    this.#notification.channel_bits = DXGKVMB_HOST_TO_VM;
    this.#notification.command_type = DXGK_VMBCOMMAND_SENDWNFNOTIFICATION;
  }

  /** The guest has opened the global channel, or closed it. */
  attach(channel: VmbusChannel | undefined): void {
    this.#channel = channel;
    this.#signals = [];
    this.#first = 0;
    this.#data.clear();
    this.#pending.clear();
    this.#wnf = false;
  }

  /** Messages that wait for room. */
  get waiting(): number {
    return this.#signals.length - this.#first + this.#data.size + this.#pending.size + (this.#wnf ? 1 : 0);
  }

  /** SIGNALGUESTEVENT for a wait that is over. @param event the guest's id. @param dereference whether that uses it up. */
  signal(event: bigint, pid: number, dereference: boolean): void {
    this.#signals.push({ event, pid, dereference });
  }

  /** SIGNALGUESTEVENT for an event that stays: as an eventfd, it is signalled once however often it was meant. */
  notify(event: bigint, pid: number): void {
    this.#pending.set(event, pid);
  }

  /** SETGUESTDATA: the state behind a cookie has changed. */
  setGuestData(cookie: bigint, state: number): void {
    this.#data.set(cookie, state);
  }

  /** SENDWNFNOTIFICATION: something of the adapters has changed. */
  sendWnf(): void {
    this.#wnf = true;
  }

  /** Sends what fits. The host calls it when it is done with a message: the guest may answer before this returns. */
  flush(): void {
    const channel = this.#channel;
    if (channel === undefined || this.#flushing) return;
    this.#flushing = true;
    try {
      while (this.#next(channel));
    } finally {
      this.#flushing = false;
    }
  }

  // Sends one message; false if there is none, or no room.
  #next(channel: VmbusChannel): boolean {
    // States first: who is woken by an event may look at them.
    for (const [cookie, state] of this.#data) {
      this.#set.guest_pointer = cookie;
      this.#set.data32 = state;
      this.#data.delete(cookie);
      if (this.#send(channel, dxgkvmb_command_setguestdata.bytes(this.#set))) return true;
      this.#data.set(cookie, state);
      return false;
    }
    if (this.#first < this.#signals.length) {
      const { event, pid, dereference } = this.#signals[this.#first];
      if (!this.#sendSignal(channel, event, pid, dereference)) return false;
      this.#first++;
      if (this.#first > 64 && this.#first * 2 > this.#signals.length) {
        this.#signals = this.#signals.slice(this.#first);
        this.#first = 0;
      }
      return true;
    }
    for (const [event, pid] of this.#pending) {
      this.#pending.delete(event);
      if (this.#sendSignal(channel, event, pid, false)) return true;
      this.#pending.set(event, pid);
      return false;
    }
    if (!this.#wnf) return false;
    this.#wnf = false;
    if (this.#send(channel, dxgkvmb_command_host_to_vm.bytes(this.#notification))) return true;
    this.#wnf = true;
    return false;
  }

  #sendSignal(channel: VmbusChannel, event: bigint, pid: number, dereference: boolean): boolean {
    this.#signal.event = event;
    this.#signal.process_id = pid;
    this.#signal.dereference_event = dereference ? 1 : 0;
    return this.#send(channel, dxgkvmb_command_signalguestevent.bytes(this.#signal));
  }

  #send(channel: VmbusChannel, bytes: Uint8Array): boolean {
    return channel.send(bytes, bytes.length, 0, false);
  }
}
