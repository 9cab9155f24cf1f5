/**
 * One job of a queue while it runs: its buffers, its state, and what stopped it. It goes packet by packet, and can stop at
 * one to be tried again: at a fence, or where the CPU must read what the GPU has yet to write.
 * @module
 */

import {
  ACCESS_EXECUTE,
  ACCESS_READ,
  ACCESS_WRITE,
  type EngineFault,
  type GpuAddressSpace,
} from "../../../../core/host_dxg.ts";
import { DXP_MAX_CALL_DEPTH, DXP_MAX_PACKETS } from "../../../../uapi/dxp.ts";
import { ComputeState } from "./compute_state.ts";
import { PacketDecoder } from "./decoder.ts";
import { disassembleOne } from "./disassemble.ts";
import { Ranges } from "./ranges.ts";
import { RenderState } from "./render_state.ts";
import type { Services } from "./services.ts";

/** A packet is done. */
export const DONE = 0;
/** It must be tried again: `blockedBy` says when. */
export const STALL = 1;
/** It is wrong: `fault` says how. */
export const FAULT = 2;

/** What a packet does: {@linkcode DONE}, {@linkcode STALL} or {@linkcode FAULT}. It changes nothing unless it is done. */
export type Handler = (x: Execution) => number;

/** Words that a buffer may have. */
const MAX_WORDS = 1 << 22;
/** Pieces, rows and slices that a job may copy: each is a region of a Vulkan command. */
const MAX_REGIONS = 1 << 18;

class Frame {
  readonly decoder = new PacketDecoder();
  words: Uint32Array = new Uint32Array(1024);
  bytes: Uint8Array = new Uint8Array(this.words.buffer);
  address = 0;

  reserve(words: number): void {
    if (this.words.length >= words) return;
    this.words = new Uint32Array(Math.max(words, this.words.length * 2));
    this.bytes = new Uint8Array(this.words.buffer);
  }
}

const EMPTY: GpuAddressSpace = { resolve: () => false };

/** A running job. */
export class Execution {
  /** What packets work with. */
  readonly services: Services;
  /** What addresses mean. */
  space: GpuAddressSpace = EMPTY;
  /** The packet. */
  decoder: PacketDecoder;
  /** Scratch for ranges that are read. */
  readonly from: Ranges;
  /** Scratch for ranges that are written. */
  readonly to: Ranges;
  /** Shader, table and constants of dispatches. */
  readonly compute: ComputeState;
  /** Attachments, shaders and state of draws. */
  readonly render: RenderState;
  /** What went wrong. */
  fault: EngineFault | undefined;
  /** The submission that a stalled packet waits for; 0: the CPU, or another queue. */
  blockedBy = 0;
  /** Regions that the job may still copy. */
  regions = 0;
  readonly #handlers: readonly (Handler | undefined)[];
  readonly #frames: Frame[];
  #depth = -1;
  #packets = 0;
  #retry = false;
  #address = 0;
  #length = 0;
  // What the packet has read by way of staging memory: a retry finds it here.
  readonly #fetched: { readonly address: number; readonly length: number; readonly bytes: Uint8Array }[] = [];
  // The copy under way.
  #fetchAddress = -1;
  #fetchLength = 0;
  #fetchValue = 0;

  /** @param handlers by opcode. */
  constructor(services: Services, handlers: readonly (Handler | undefined)[]) {
    this.services = services;
    this.#handlers = handlers;
    this.#frames = [new Frame()];
    this.decoder = this.#frames[0].decoder;
    this.from = new Ranges(services.recorder);
    this.to = new Ranges(services.recorder);
    this.compute = new ComputeState();
    this.render = new RenderState();
  }

  /** Begins a job. */
  start(space: GpuAddressSpace, address: number, length: number): void {
    this.space = space;
    this.#address = address;
    this.#length = length;
    this.#depth = -1;
    this.#packets = 0;
    this.#retry = false;
    this.#fetchAddress = -1;
    this.forget();
    this.fault = undefined;
    this.blockedBy = 0;
    this.regions = MAX_REGIONS;
    this.compute.reset();
    this.render.reset();
  }

  /** Forgets whose addresses they were. */
  end(): void {
    this.space = EMPTY;
    this.compute.reset();
    this.render.reset();
  }

  /** Goes on to the end, a stall or a fault. @throws {VkError} */
  run(): number {
    if (this.#depth < 0) {
      const status = this.enter(this.#address, this.#length);
      if (status !== DONE) return status;
      this.forget();
    }
    for (;;) {
      const { decoder } = this;
      if (!this.#retry) {
        if (!decoder.next()) {
          if (!decoder.ended) return this.refuse(decoder.describe() ?? "");
          if (this.#depth === 0) {
            return this.render.isActive ? this.refuse("the buffer ends before RENDER_END") : DONE;
          }
          this.#depth--;
          this.decoder = this.#frames[this.#depth].decoder;
          continue;
        }
        if (++this.#packets > DXP_MAX_PACKETS) {
          return this.refuse(`a submission executes at most ${DXP_MAX_PACKETS} packets`);
        }
      }
      const handler = this.#handlers[decoder.op.opcode];
      const status = handler === undefined ? this.refuse(`${decoder.op.name} cannot be executed here`) : handler(this);
      this.#retry = status === STALL;
      if (status !== DONE) return status;
      if (this.#fetched.length > 0) this.forget();
    }
  }

  /** Begins a buffer, the job's or a called one. */
  enter(address: number, length: number): number {
    const depth = this.#depth + 1;
    if (depth >= DXP_MAX_CALL_DEPTH) return this.refuse(`buffers nest to a depth of ${DXP_MAX_CALL_DEPTH}`);
    const words = length / 4;
    if (words > MAX_WORDS) return this.refuse(`a buffer of ${words} words`);
    const frame = this.#frames[depth] ??= new Frame();
    frame.reserve(words);
    const status = this.read(address, length, ACCESS_EXECUTE, frame.bytes);
    if (status !== DONE) return status;
    frame.address = address;
    frame.decoder.start(frame.words, words);
    this.decoder = frame.decoder;
    this.#depth = depth;
    this.#retry = false;
    return DONE;
  }

  /** Ends the job with a packet that is refused. @param message a sentence's end. */
  refuse(message: string): typeof FAULT {
    return this.#wrong("packet", -1, false, message);
  }

  /** Ends the job with the fault of a range. */
  refuseRange(ranges: Ranges, write: boolean): typeof FAULT {
    if (ranges.fault === "pieces") return this.refuse("a range of too many pieces");
    const { faultAddress } = ranges;
    const what = write ? "cannot be written" : "has nothing to read";
    return this.#wrong("page", faultAddress, write, `address 0x${faultAddress.toString(16)} ${what}`);
  }

  #wrong(kind: "page" | "packet", address: number, write: boolean, message: string): typeof FAULT {
    if (this.#depth < 0) {
      this.fault = { kind, offset: -1, address: kind === "page" ? address : this.#address, write, message };
      return FAULT;
    }
    const at = (frame: Frame) => frame.decoder.fault === "none" ? frame.decoder.at : frame.decoder.faultAt;
    const frame = this.#frames[this.#depth];
    const packet = frame.address + at(frame) * 4;
    const where = this.#depth > 0 ? `, in the buffer called at 0x${frame.address.toString(16)}` : "";
    const which = frame.decoder.fault === "none" ? `${disassembleOne(frame.decoder)}: ` : "";
    this.fault = {
      kind,
      offset: at(this.#frames[0]) * 4,
      address: kind === "page" ? address : packet,
      write,
      message: `${which}${message}${where}`,
    };
    return FAULT;
  }

  /** Stops at the packet until a submission is done; 0: until someone looks again. */
  stall(value: number): typeof STALL {
    this.blockedBy = value;
    return STALL;
  }

  /**
   * Copies a range to the CPU, once: what is looked at afterwards cannot change any more.
   * @returns DONE; STALL while the GPU has yet to write or copy it; FAULT
   */
  read(address: number, length: number, access: number, target: Uint8Array): number {
    const { from, services: { recorder, fetcher } } = this;
    if (this.#fetchAddress >= 0) {
      if (recorder.completed < this.#fetchValue) return this.stall(this.#fetchValue);
      const bytes = fetcher.take(this, this.#fetchLength);
      this.#fetched.push({ address: this.#fetchAddress, length: this.#fetchLength, bytes });
      this.#fetchAddress = -1;
    }
    for (const known of this.#fetched) {
      if (known.address !== address || known.length !== length) continue;
      target.set(known.bytes);
      return DONE;
    }
    if (!from.resolve(this.space, address, length, access)) return this.refuseRange(from, false);
    let direct = true, pending = 0;
    for (let i = 0; i < from.count; i++) {
      const memory = from.memories[i], offset = from.offsets[i];
      if (memory.view === undefined) direct = false;
      if (memory.used > recorder.completed) {
        pending = Math.max(pending, memory.writes.last(offset, offset + from.lengths[i]));
      }
    }
    if (pending > recorder.completed) {
      this.flush();
      if (recorder.poll() < pending) return this.stall(pending);
    }
    if (!direct) {
      if (!fetcher.begin(this, from, length)) return this.stall(this.flush());
      this.#fetchAddress = address;
      this.#fetchLength = length;
      this.#fetchValue = this.flush();
      return this.stall(this.#fetchValue);
    }
    let at = 0;
    for (let i = 0; i < from.count; i++) {
      const offset = from.offsets[i], size = from.lengths[i];
      const view = from.memories[i].view;
      if (view === undefined) throw new TypeError("Cannot read memory that has no view");
      view.invalidate?.(offset, size);
      target.set(view.bytes.subarray(offset, offset + size), at);
      at += size;
    }
    return DONE;
  }

  /** Forgets what the packet has read: it looks again. */
  forget(): void {
    this.#fetched.length = 0;
  }

  /** Whether a range can be read; its pieces are in `from`. */
  canRead(address: number, length: number): boolean {
    return this.from.resolve(this.space, address, length, ACCESS_READ);
  }

  /** Whether a range can be written; its pieces are in `to`. */
  canWrite(address: number, length: number): boolean {
    return this.to.resolve(this.space, address, length, ACCESS_WRITE);
  }

  /** Takes from what the job may copy. */
  takeRegions(count: number): boolean {
    this.regions -= count;
    return this.regions >= 0;
  }

  /** Submits what is recorded; rendering goes on in another command buffer. @throws {VkError} */
  flush(): number {
    if (this.render.isRecording) this.services.renderer.suspend(this);
    return this.services.recorder.flush();
  }
}
