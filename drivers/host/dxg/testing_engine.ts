/**
 * An engine on the CPU: executes the packets that only move bytes (copies, fills, writes, fences, timestamps, calls). A test
 * says whether jobs run at once, step by step, or never end. Shaders and rendering it refuses as packets it does not know.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import {
  ACCESS_EXECUTE,
  ACCESS_READ,
  ACCESS_WRITE,
  type Engine,
  type EngineFault,
  type EngineInfo,
  type EngineJob,
  type EngineMemory,
  type EngineQueue,
  type EngineRange,
  EngineType,
  type GpuAddressSpace,
} from "../../../core/host_dxg.ts";
import type { Pages, PageSegment } from "../../../core/memory.ts";
import { DXG_CAP_COPY } from "../../../uapi/dxg_driver.ts";
import { DXP_MAX_CALL_DEPTH, DXP_MAX_PACKETS } from "../../../uapi/dxp.ts";
import * as isa from "../../../uapi/dxp_isa.ts";
import { PacketDecoder } from "../render/packets/decoder.ts";

const MIB = 1 << 20;

/** Facts of the double. */
export const CPU_ENGINE_INFO: EngineInfo = {
  name: "CPU engine",
  driverName: "testing",
  driverInfo: "a test double",
  vendorId: 0x10005,
  deviceId: 0,
  type: "cpu",
  uuid: Uint8Array.from({ length: 16 }, (_, i) => i),
  localMemory: 64 * MIB,
  nonLocalMemory: 64 * MIB,
  nodes: [{ type: EngineType.ENGINE_3D, name: "everything" }, { type: EngineType.COPY, name: "copies" }],
  packetCaps: DXG_CAP_COPY,
  timestampFrequency: 1e9,
  render: true,
};

class CpuMemory implements EngineMemory {
  readonly size: number;
  readonly pages: Pages | undefined;
  readonly #engine: CpuEngine;
  readonly #offset: number;
  #bytes: Uint8Array | undefined;

  constructor(engine: CpuEngine, size: number, piece?: PageSegment) {
    this.#engine = engine;
    this.size = size;
    this.pages = piece?.pages;
    this.#offset = piece?.offset ?? 0;
    if (piece === undefined) this.#bytes = new Uint8Array(size);
    engine.live++;
  }

  bytes(): Uint8Array {
    if (this.pages !== undefined) return this.pages.bytes().subarray(this.#offset, this.#offset + this.size);
    if (this.#bytes === undefined) throw new TypeError("Cannot use memory that was disposed of");
    return this.#bytes;
  }

  [Symbol.dispose](): void {
    if (this.#bytes === undefined && this.pages === undefined) throw new TypeError("Cannot dispose of memory twice");
    this.#bytes = undefined;
    this.#engine.live--;
  }
}

class Fault extends Error {
  readonly fault: EngineFault;
  constructor(fault: EngineFault) {
    super(fault.message);
    this.fault = fault;
  }
}

interface Frame {
  readonly words: Uint32Array;
  readonly address: number;
  position: number;
}

/** A job on its way. */
class Run {
  readonly space: GpuAddressSpace;
  readonly #engine: CpuEngine;
  readonly #frames: Frame[] = [];
  readonly #decoder = new PacketDecoder();
  readonly #range: EngineRange = { memory: undefined, offset: 0, length: 0 };
  #packets = 0;

  constructor(engine: CpuEngine, job: EngineJob) {
    this.#engine = engine;
    this.space = job.space;
    this.#frames.push(this.#frame(job.address, job.length));
  }

  /** Whether it came to its end; false: it waits. Throws a Fault. */
  go(): boolean {
    const decoder = this.#decoder;
    for (let frame = this.#frames.at(-1); frame !== undefined; frame = this.#frames.at(-1)) {
      decoder.resume(frame.words, frame.words.length, frame.position);
      let called = false;
      while (!called && decoder.next()) {
        if (++this.#packets > DXP_MAX_PACKETS) throw this.#wrong(frame, decoder.at, "too many packets");
        const before = frame.position;
        frame.position = decoder.position;
        if (decoder.op === isa.DXP_CALL) {
          if (this.#frames.length >= DXP_MAX_CALL_DEPTH) throw this.#wrong(frame, decoder.at, "calls nest too deep");
          const { slots } = decoder;
          this.#frames.push(this.#frame(slots[isa.DXP_CALL.slot.va], slots[isa.DXP_CALL.slot.size]));
          called = true;
        } else if (!this.#packet(frame)) {
          frame.position = before;
          return false;
        }
      }
      if (called) continue;
      if (decoder.fault !== "none") throw this.#wrong(frame, decoder.faultAt, decoder.describe() ?? "");
      this.#frames.pop();
    }
    return true;
  }

  #frame(address: number, length: number): Frame {
    const bytes = new Uint8Array(length);
    this.#each(address, length, ACCESS_EXECUTE, (piece, at) => bytes.set(piece, at));
    return { words: new Uint32Array(bytes.buffer), address, position: 0 };
  }

  #packet(frame: Frame): boolean {
    const { op, slots: s, words, tailAt, tailCount } = this.#decoder;
    switch (op) {
      case isa.DXP_NOP:
      case isa.DXP_HEADER:
      case isa.DXP_MARKER:
      case isa.DXP_BARRIER:
        return true;
      case isa.DXP_COPY_LINEAR:
        this.#copy(s[op.slot.dst as never], s[op.slot.src as never], s[op.slot.size as never]);
        return true;
      case isa.DXP_COPY_RECT: {
        const { slot } = isa.DXP_COPY_RECT;
        for (let z = 0; z < s[slot.slices]; z++) {
          for (let y = 0; y < s[slot.rows]; y++) {
            const to = s[slot.dst] + z * s[slot.dstSlice] + y * s[slot.dstPitch];
            this.#copy(to, s[slot.src] + z * s[slot.srcSlice] + y * s[slot.srcPitch], s[slot.rowSize]);
          }
        }
        return true;
      }
      case isa.DXP_FILL: {
        const { slot } = isa.DXP_FILL;
        const word = new Uint8Array(Uint32Array.of(s[slot.value]).buffer);
        this.#each(s[slot.dst], s[slot.size], ACCESS_WRITE, (piece, at) => {
          for (let i = 0; i < piece.length; i++) piece[i] = word[(at + i) % 4];
        });
        return true;
      }
      case isa.DXP_WRITE:
        this.#store(s[0], new Uint8Array(words.slice(tailAt, tailAt + tailCount).buffer));
        return true;
      case isa.DXP_FENCE_WRITE:
        this.#store(s[0], new Uint8Array(Uint32Array.of(s[1], s[2]).buffer));
        return true;
      case isa.DXP_FENCE_WAIT: {
        const now = this.#load(s[0]);
        return now[1] > s[2] || (now[1] === s[2] && now[0] >= s[1]);
      }
      case isa.DXP_TIMESTAMP:
        this.#store(s[0], new Uint8Array(BigUint64Array.of(BigInt(this.#engine.ticks())).buffer));
        return true;
      default:
        throw this.#wrong(frame, this.#decoder.at, `this engine does not execute ${op.name}`);
    }
  }

  #load(address: number): Uint32Array {
    const bytes = new Uint8Array(8);
    this.#each(address, 8, ACCESS_READ, (piece, at) => bytes.set(piece, at));
    return new Uint32Array(bytes.buffer);
  }

  #store(address: number, source: Uint8Array): void {
    this.#each(address, source.length, ACCESS_WRITE, (piece, at) => piece.set(source.subarray(at, at + piece.length)));
  }

  #copy(dst: number, src: number, size: number): void {
    const bytes = new Uint8Array(Math.min(size, 1 << 16));
    for (let done = 0; done < size; done += bytes.length) {
      const part = bytes.subarray(0, Math.min(bytes.length, size - done));
      this.#each(src + done, part.length, ACCESS_READ, (piece, at) => part.set(piece, at));
      this.#store(dst + done, part);
    }
  }

  // Everything of a range is resolved before the first byte of it is touched.
  #each(address: number, size: number, access: number, visit: (piece: Uint8Array, at: number) => void): void {
    const pieces: [CpuMemory, number, number][] = [];
    const range = this.#range;
    for (let at = 0; at < size;) {
      if (!this.space.resolve(address + at, access, range) || !(range.memory instanceof CpuMemory)) {
        throw new Fault({
          kind: "page",
          offset: 4 * (this.#frames.at(-1) === undefined ? 0 : this.#decoder.at),
          address: address + at,
          write: access === ACCESS_WRITE,
          message: `nothing can be ${access === ACCESS_WRITE ? "written" : "read"} at 0x${(address + at).toString(16)}`,
        });
      }
      const length = Math.min(range.length, size - at);
      pieces.push([range.memory, range.offset, length]);
      at += length;
    }
    let at = 0;
    for (const [memory, offset, length] of pieces) {
      visit(memory.bytes().subarray(offset, offset + length), at);
      at += length;
    }
  }

  #wrong(frame: Frame, at: number, message: string): Fault {
    return new Fault({ kind: "packet", offset: 4 * at, address: frame.address + 4 * at, write: false, message });
  }
}

class CpuQueue implements EngineQueue {
  readonly #engine: CpuEngine;
  readonly #jobs: { readonly number: number; readonly run: Run | undefined }[] = [];
  #last = 0;
  #completed = 0;
  fault: EngineFault | undefined;

  constructor(engine: CpuEngine) {
    this.#engine = engine;
  }

  submit(job: EngineJob): number {
    const number = ++this.#last;
    let run: Run | undefined;
    try {
      run = new Run(this.#engine, job);
    } catch (error) {
      this.#faulted(error);
    }
    this.#jobs.push({ number, run });
    if (this.#engine.mode === "auto") this.advance();
    return number;
  }

  completed(): number {
    return this.#completed;
  }

  wait(job: number): boolean {
    this.advance();
    return this.#completed >= job;
  }

  /** Runs jobs until one waits; true if anything moved. */
  advance(most = Infinity): boolean {
    let moved = false;
    for (let [first] = this.#jobs; first !== undefined && most > 0; [first] = this.#jobs) {
      try {
        if (this.fault === undefined && first.run?.go() === false) return moved;
      } catch (error) {
        this.#faulted(error);
      }
      this.#jobs.shift();
      this.#completed = first.number;
      moved = true;
      most--;
    }
    return moved;
  }

  #faulted(error: unknown): void {
    if (!(error instanceof Fault)) throw error;
    this.fault ??= error.fault;
  }

  [Symbol.dispose](): void {
    this.#jobs.length = 0;
    this.#engine.forget(this);
  }
}

/** The double. */
export class CpuEngine implements Engine {
  readonly info: EngineInfo;
  /** `auto`: jobs run when they are submitted; `step`: when the test says so; `stuck`: never. */
  mode: "auto" | "step" | "stuck" = "auto";
  /** Why it is lost, if the test says so. */
  lost: string | undefined;
  /** Pieces of memory that were not disposed of. */
  live = 0;
  /** Whether several pieces of pages can be one memory here; they never can, and with false not even one. */
  canImport = true;
  /** The clock, ns. */
  ticks: () => number = () => 0;
  readonly #queues = new Set<CpuQueue>();

  /** @param info what it says it is, as far as it differs. */
  constructor(info: Partial<EngineInfo> = {}) {
    this.info = { ...CPU_ENGINE_INFO, ...info };
  }

  createMemory(size: number): EngineMemory {
    return new CpuMemory(this, size);
  }

  importPages(pieces: readonly PageSegment[]): EngineMemory {
    const [piece] = pieces;
    if (pieces.length !== 1 || piece === undefined || !this.canImport && piece.length > 4096) {
      throw new DrmError("EOPNOTSUPP", `Cannot share ${pieces.length} pieces`);
    }
    return new CpuMemory(this, piece.length, piece);
  }

  readMemory(memory: EngineMemory, offset: number, target: Uint8Array): void {
    if (this.lost !== undefined) throw new DrmError("EIO", "Cannot read: the engine is lost");
    target.set(asCpu(memory).bytes().subarray(offset, offset + target.length));
  }

  writeMemory(memory: EngineMemory, offset: number, source: Uint8Array): void {
    if (this.lost !== undefined) throw new DrmError("EIO", "Cannot write: the engine is lost");
    asCpu(memory).bytes().set(source, offset);
  }

  createQueue(): EngineQueue {
    const queue = new CpuQueue(this);
    this.#queues.add(queue);
    return queue;
  }

  /** Queues that live. */
  get queues(): number {
    return this.#queues.size;
  }

  /** @internal */
  forget(queue: CpuQueue): void {
    this.#queues.delete(queue);
  }

  /** In mode `step`: runs up to `most` jobs of each queue. */
  step(most = Infinity): void {
    for (const queue of [...this.#queues]) queue.advance(most);
  }

  poll(): boolean {
    if (this.mode !== "auto") return false;
    let moved = false;
    for (const queue of [...this.#queues]) if (queue.advance()) moved = true;
    return moved;
  }

  calibrate(): { readonly gpu: number; readonly cpuNs: number } {
    return { gpu: this.ticks(), cpuNs: this.ticks() };
  }

  [Symbol.dispose](): void {
    this.#queues.clear();
  }
}

function asCpu(memory: EngineMemory): CpuMemory {
  if (!(memory instanceof CpuMemory)) throw new TypeError("Cannot use another engine's memory");
  return memory;
}
