/**
 * What a host process and its broker share: memory with two rings and a few words, a doorbell each way. Who carries packets over the
 * rings is a bus, which whoever starts them hands in.
 * @module
 */

import type { VmbusChannel, VmbusHandlers } from "../../../../core/vmbus.ts";
import { DXG_MAX_VM_BUS_PACKET_SIZE, DXGK_VMBUS_RING_SIZE } from "../../../../uapi/dxgvmbus_hdr.ts";
import { HV_RING_HEADER_SIZE } from "../../../../uapi/vmbus.ts";
import { F_SEAL_GROW, F_SEAL_SEAL, F_SEAL_SHRINK, Mapping, openMemfd } from "../../../os/mod.ts";
import { ASK, LEDGER_SIZE } from "./ledger_words.ts";

/** How a channel over rings is opened. */
export interface WireOptions {
  /** The ring that is written: header page and data. */
  readonly outgoing: Uint8Array;
  /** The ring that is read. */
  readonly incoming: Uint8Array;
  /** The most bytes of a packet, each way. */
  readonly maxPacket: number;
  /** Wakes the peer. */
  readonly signal: () => void;
  /** What is done with what arrives. */
  readonly handlers: VmbusHandlers;
}

/** A channel over rings. */
export interface WireChannel extends VmbusChannel {
  /** Whether something can be read now. */
  readonly busy: boolean;
  /** Whether the peer need not wake this half, which looks by itself. */
  quiet: boolean;
  /** The peer is gone: nothing more arrives. */
  breakOff(reason: string): void;
}

/** Opens a channel over rings. */
export type OpenWire = (options: WireOptions) => WireChannel;

/** The most bytes of a packet: the longest message of a guest; the longest answer is a page longer. */
export const WIRE_PACKET: number = DXG_MAX_VM_BUS_PACKET_SIZE + 0x4000;
const RING = HV_RING_HEADER_SIZE + DXGK_VMBUS_RING_SIZE;
/** Where the ledger's words begin. */
const LEDGER = 64;
const WORDS = Math.ceil((LEDGER + LEDGER_SIZE) / 4096) * 4096;
const SIZE = WORDS + 2 * RING;
/** Word: odd while the process works; another number for each piece of work. */
const BEAT = 0;
/** Word: not 0 while its engines work for it, or something waits for room. */
const BUSY = 1;

/** The shared memory. */
export class WireMemory implements Disposable {
  /** The ring to the process. */
  readonly toProcess: Uint8Array;
  /** The ring from it. */
  readonly fromProcess: Uint8Array;
  /** What the two tell each other about GPU memory (ledger_words.ts). */
  readonly ledger: Uint32Array;
  readonly #mapping: Mapping;
  readonly #words: Int32Array;

  /** @param fd from `create`; stays the caller's. @throws {OsError} if it cannot be mapped */
  constructor(fd: number) {
    this.#mapping = Mapping.map(fd, SIZE);
    const { buffer } = this.#mapping;
    this.#words = new Int32Array(buffer, 0, 2);
    this.ledger = new Uint32Array(buffer, LEDGER, LEDGER_SIZE / 4);
    this.toProcess = new Uint8Array(buffer, WORDS, RING);
    this.fromProcess = new Uint8Array(buffer, WORDS + RING, RING);
  }

  /** A memfd for two. @throws {OsError} EMFILE, ENFILE */
  static create(): number {
    return openMemfd("dxg wire", SIZE, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
  }

  /** Odd while the process works. */
  get beat(): number {
    return this.#mapping.mapped ? Atomics.load(this.#words, BEAT) : 0;
  }

  /** Whether its engines have work. */
  get busy(): boolean {
    return this.#mapping.mapped && Atomics.load(this.#words, BUSY) !== 0;
  }

  /** The number of the process's last question about GPU memory. */
  get asked(): number {
    return this.#mapping.mapped ? Atomics.load(this.ledger, ASK) : 0;
  }

  /** The process begins to work. */
  begin(): void {
    if ((this.#words[BEAT] & 1) === 0) Atomics.add(this.#words, BEAT, 1);
  }

  /** It has nothing to do now. @param busy whether its engines have. */
  rest(busy: boolean): void {
    Atomics.store(this.#words, BUSY, busy ? 1 : 0);
    if ((this.#words[BEAT] & 1) !== 0) Atomics.add(this.#words, BEAT, 1);
  }

  /** Unmaps it. Nothing may be read any more. */
  [Symbol.dispose](): void {
    this.#mapping[Symbol.dispose]();
  }
}
