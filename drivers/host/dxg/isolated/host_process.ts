/**
 * One host process as its broker sees it: how far it has come, what was passed on to it, what it shows, what it may signal. Nothing
 * that it says is believed.
 * @module
 */

import { PAGE_SIZE, type PageSegment } from "../../../../core/memory.ts";
import type { VmbusChannel, VmbusHandlers } from "../../../../core/vmbus.ts";
import { close, eventfd, eventfdRead, eventfdWrite, socketpair, type Spawned } from "../../../os/mod.ts";
import type { IoMapping } from "../io_window.ts";
import { U64_MAX } from "../u64.ts";
import type { AdoptedPages } from "./adopted_pages.ts";
import { Control } from "./control.ts";
import type { Order } from "./order.ts";
import type { ShareUser } from "./shares.ts";
import { type OpenWire, WIRE_PACKET, type WireChannel, WireMemory } from "./wire.ts";

/** Bytes of messages that may wait for a process to take them. */
const BACKLOG = 16 << 20;
/** What may wait to be told. */
const TELL_MAX = 4096;
/** Messages of one process that may be without an answer. */
const PENDING_MAX = 8192;
/** What it may say unasked: so much from the beginning, so much more for each message that it gets, so much at most. */
const CREDIT = 4096;
const CREDIT_MESSAGE = 128;
const CREDIT_MAX = 1 << 20;

/** A message without an answer. */
export interface Pending {
  /** The guest's channel. */
  readonly channel: VmbusChannel;
  /** Which: 0 is the global one. */
  readonly index: number;
  /** Low half of the guest's cookie. */
  readonly idLow: number;
  /** High half of the guest's cookie. */
  readonly idHigh: number;
  /** The message. */
  readonly data: Uint8Array;
  /** Where its command begins. */
  readonly start: number;
}

/** Pages that a process shows. */
export interface Shown {
  /** Its memory. */
  readonly pages: AdoptedPages;
  /** Where the guest sees it; undefined: there was no room. */
  readonly mapping: IoMapping | undefined;
  /** Whether values of its own fences stand there. */
  isFences: boolean;
  /** Values that stay as they are when the process is lost. */
  readonly keep: Set<number>;
}

/** A process. */
export class HostProcess {
  /** Its number. */
  readonly id: number;
  /** The broker's end of the socket. */
  readonly control: Control;
  /** The bell that it rings. */
  readonly bell: number;
  /** The kernel's process. */
  readonly spawned: Spawned;
  /** How far it has come; "dead": it is gone, and the guest may not know yet. */
  state: "starting" | "ready" | "dead" = "starting";
  /** The guest's process. */
  pid = 0;
  /** Whether it has one. */
  assigned = false;
  /** The guest's handle of it. */
  handle = 0;
  /** Whether the guest is done with it. */
  over = false;
  /** Why it is gone. */
  verdict = "";
  /** Whether its rings are read now: it must not be closed. */
  polling = false;
  /** _D3DKMT_DEVICEEXECUTION_* of its devices once it is dead. */
  deviceState = 0;
  /** When it was started, or what it works on began, ns. */
  since: number;
  /** Messages without an answer, by number. */
  readonly pending: Map<number, Pending> = new Map();
  /** What it shows, by its own address. */
  readonly shown: Map<number, Shown> = new Map();
  /** What it shares, by its own handle. */
  readonly users: Map<number, ShareUser> = new Map();
  /** Handles of the guest that the host was given (SHAREOBJECTWITHHOST): nobody gives them back, so that they go with it. */
  readonly hostHandles: Set<number> = new Set();
  /** Events of the guest that it may signal, and how often. */
  readonly events: Map<bigint, number> = new Map();
  /** Objects that signal an event again and again, by handle. */
  readonly notifications: Map<number, { readonly event: bigint; readonly device: number }> = new Map();
  /** States of the guest that it may set. */
  readonly cookies: Set<bigint> = new Set();
  #credit = CREDIT;
  #toldBeat = 0;
  #asked = 0;
  #wire: WireMemory | undefined;
  #channel: WireChannel | undefined;
  #their = -1;
  #backlog: { readonly data: Uint8Array; readonly id: number; readonly wants: boolean }[] = [];
  #waiting = 0;
  #next = 1;
  #telling: { readonly body: object; readonly fds: readonly number[] }[] = [];
  readonly #changed = new Set<number>();

  /** @param start starts it with the other end of a socket, which stays the caller's. @param now ns */
  constructor(id: number, start: (control: number) => Spawned, now: number) {
    this.id = id;
    this.since = now;
    const [ours, theirs] = socketpair();
    this.control = new Control(ours);
    try {
      this.bell = eventfd();
      try {
        this.spawned = start(theirs);
      } catch (error) {
        close(this.bell);
        throw error;
      }
    } catch (error) {
      this.control[Symbol.dispose]();
      throw error;
    } finally {
      close(theirs);
    }
  }

  /** Whether it works, or will: nothing of it is over. */
  get busy(): boolean {
    if (this.state === "dead" || this.#wire === undefined) return false;
    return this.pending.size > 0 || this.#backlog.length > 0 || (this.#wire.beat & 1) !== 0 || this.#wire.busy ||
      (this.#channel?.busy ?? false);
  }

  /** Whether it has asked something of the ledger since this was called last. */
  get asks(): boolean {
    const asked = this.#wire?.asked ?? this.#asked;
    if (asked === this.#asked) return false;
    this.#asked = asked;
    return true;
  }

  /** The ledger's words; undefined: it has no process of the guest, or is gone. */
  get ledger(): Uint32Array | undefined {
    return this.#wire?.ledger;
  }

  /** Wakes it. */
  ring(): void {
    if (this.#their >= 0) eventfdWrite(this.#their);
  }

  /** Gives it a process of the guest. @throws {OsError} without descriptors */
  assign(order: Order, open: OpenWire, handlers: VmbusHandlers): void {
    using undo = new DisposableStack();
    const memory = WireMemory.create();
    undo.defer(() => close(memory));
    const their = eventfd();
    const wire = new WireMemory(memory);
    this.pid = order.pid;
    this.assigned = true;
    this.#their = their;
    this.#wire = wire;
    this.#channel = open({
      outgoing: wire.toProcess,
      incoming: wire.fromProcess,
      maxPacket: WIRE_PACKET,
      signal: () => void eventfdWrite(their),
      handlers: { ...handlers, room: () => this.#flush() },
    });
    this.tell({ ...order, kind: "order" }, [memory, their, this.bell]);
  }

  /** It says something unasked; false: that is more than what it was asked can be the reason for. */
  spend(): boolean {
    return --this.#credit >= 0;
  }

  /** For how long it has worked on one thing, ns. */
  stuckFor(now: number): number {
    const beat = this.#wire?.beat ?? 0;
    if (beat !== this.#toldBeat || (beat & 1) === 0) {
      this.#toldBeat = beat;
      this.since = now;
    }
    return now - this.since;
  }

  /** Passes a message on. @param pending how it is answered; undefined: not at all. @returns its number; -1 if too much waits */
  send(data: Uint8Array, length: number, index: number, pending: Pending | undefined): number {
    let number = 0;
    this.#credit = Math.min(CREDIT_MAX, this.#credit + CREDIT_MESSAGE);
    if (pending !== undefined) {
      if (this.pending.size >= PENDING_MAX) return -1;
      do number = this.#next = this.#next % 0xffff_ffff + 1; while (this.pending.has(number));
      this.pending.set(number, pending);
    }
    const id = index * 0x1_0000_0000 + number;
    if (this.#backlog.length === 0 && this.#channel?.send(data, length, id, pending !== undefined)) return number;
    if (this.#waiting + length > BACKLOG) {
      this.pending.delete(number);
      return -1;
    }
    this.#waiting += length;
    this.#backlog.push({ data: data.slice(0, length), id, wants: pending !== undefined });
    return number;
  }

  #flush(): void {
    while (this.#backlog.length > 0) {
      const { data, id, wants } = this.#backlog[0];
      if (!this.#channel?.send(data, data.length, id, wants)) return;
      this.#waiting -= data.length;
      this.#backlog.shift();
    }
  }

  /** Handles what has come over the rings. Whoever finds meanwhile that it must go sets `verdict`. */
  poll(): boolean {
    if (this.polling || this.#channel === undefined) return false;
    this.polling = true;
    try {
      return this.#channel.poll();
    } finally {
      this.polling = false;
    }
  }

  /** The bell was heard. */
  heard(): void {
    eventfdRead(this.bell);
  }

  /** Tells it something. @param fds stay the caller's. */
  tell(body: object, fds: readonly number[] = []): void {
    if (this.state === "dead") return;
    if (this.#telling.length === 0 && this.control.send(body, fds)) return;
    // What waits is sent by `retell`; descriptors are not kept so long.
    if (fds.length > 0 || this.#telling.length >= TELL_MAX) this.verdict ||= "its process does not listen";
    else this.#telling.push({ body, fds });
  }

  /** Tells it that a shared value has changed, once however often it has. */
  tellChanged(share: number): void {
    if (this.#changed.size === 0 && this.#telling.length === 0 && this.control.send({ kind: "changed", share })) return;
    this.#changed.add(share);
  }

  /** Tells what could not be told before. @returns whether all was */
  retell(): boolean {
    while (this.#telling.length > 0) {
      if (!this.control.send(this.#telling[0].body)) return false;
      this.#telling.shift();
    }
    for (const share of this.#changed) {
      if (!this.control.send({ kind: "changed", share })) return false;
      this.#changed.delete(share);
    }
    return true;
  }

  /** Gives it memory of the guest for the next message. @returns false if that memory has no descriptor */
  give(pieces: readonly { readonly gpa: number; readonly segment: PageSegment }[]): boolean {
    const MOST = 128;
    for (let at = 0; at < pieces.length; at += MOST) {
      const part = pieces.slice(at, at + MOST);
      const fds = part.map(({ segment }) => segment.pages.fd);
      const open = fds.filter((fd) => fd !== undefined);
      if (open.length !== fds.length) return false;
      const list = part.map((
        { gpa, segment: { pages, offset, length } },
        i,
      ) => [gpa, i, (pages.fdOffset ?? 0) + offset, length]);
      this.tell({ kind: "pages", list }, open);
    }
    return true;
  }

  /** It is lost: its own fences get their greatest value, but for those that were made to keep theirs. */
  releaseFences(): void {
    for (const { pages, isFences, keep } of this.shown.values()) {
      if (!isFences) continue;
      const bytes = pages.bytes();
      const values = new BigUint64Array(bytes.buffer, bytes.byteOffset, PAGE_SIZE / 8);
      for (let i = 0; i < values.length; i++) if (!keep.has(i)) Atomics.store(values, i, U64_MAX);
    }
  }

  /** It is gone: its wire is closed. What it showed stays until `forget`. */
  close(): void {
    this.state = "dead";
    this.spawned.kill();
    this.control[Symbol.dispose]();
    this.#channel?.breakOff("its process is gone");
    this.#channel = undefined;
    this.#wire?.[Symbol.dispose]();
    this.#wire = undefined;
    this.#backlog = [];
    this.#telling = [];
    if (this.#their >= 0) close(this.#their);
    this.#their = -1;
    close(this.bell);
  }
}
