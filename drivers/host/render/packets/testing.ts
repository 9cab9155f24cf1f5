/**
 * For tests and benches of engines: an address space that is a list of mappings, and an engine under validation.
 * @module
 */

import {
  ACCESS_WRITE,
  type Engine,
  type EngineFault,
  type EngineMemory,
  type EngineQueue,
  type EngineRange,
  type GpuAddressSpace,
} from "../../../../core/host_dxg.ts";
import type { Pages } from "../../../../core/memory.ts";
import type { DxpWriter } from "../../../../uapi/dxp_encode.ts";
import { memfdAllocator } from "../../../os/mod.ts";
import { fdCount } from "../../vulkan/testing.ts";
import { Packets, type PacketsOptions } from "./mod.ts";

/** A mapping. */
export interface TestMapping {
  /** Where it begins. */
  readonly va: number;
  /** Bytes. */
  readonly length: number;
  /** Whose. */
  readonly memory: EngineMemory;
  /** Where in it. */
  readonly offset: number;
  /** Whether it may be written. */
  readonly write: boolean;
}

/** Addresses as a list of mappings. */
export class TestSpace implements GpuAddressSpace {
  /** Mappings, looked through in order. */
  readonly mappings: TestMapping[] = [];
  /** How often an address was asked for. */
  asked = 0;

  /** Maps a memory, or a part of it. */
  map(va: number, memory: EngineMemory, offset = 0, length: number = memory.size - offset, write = true): this {
    this.mappings.push({ va, length, memory, offset, write });
    return this;
  }

  resolve(address: number, access: number, range: EngineRange): boolean {
    this.asked++;
    for (const { va, length, memory, offset, write } of this.mappings) {
      if (address < va || address >= va + length) continue;
      if (access === ACCESS_WRITE && !write) return false;
      range.memory = memory;
      range.offset = offset + address - va;
      range.length = va + length - address;
      return true;
    }
    return false;
  }
}

/** Memory over pages that a test sees. */
export interface SharedMemory {
  /** For the engine. */
  readonly memory: EngineMemory;
  /** The pages' bytes. */
  readonly bytes: Uint8Array;
  /** The same as words. */
  readonly words: Uint32Array;
  /** The same as floats. */
  readonly floats: Float32Array;
}

/** New memory over pages, whose owner `keep` becomes. */
export function sharedMemory(engine: Engine, size: number, keep: DisposableStack): SharedMemory {
  const pages: Pages = keep.use(memfdAllocator().allocate(size, "test"));
  pages.pin();
  keep.defer(() => pages.unpin());
  const bytes = pages.bytes();
  const memory = engine.importPages([{ pages, offset: 0, length: size }]);
  return {
    memory,
    bytes,
    words: new Uint32Array(bytes.buffer, bytes.byteOffset, size / 4),
    floats: new Float32Array(bytes.buffer, bytes.byteOffset, size / 4),
  };
}

/** An engine with a queue, its commands at `COMMANDS`, and data at `DATA`. */
export class Bench {
  /** The engine. */
  readonly engine: Packets;
  /** Addresses. */
  readonly space: TestSpace = new TestSpace();
  /** A queue. */
  readonly queue: EngineQueue;
  /** 1 MiB at `COMMANDS`. */
  readonly commands: SharedMemory;
  /** 1 MiB at `DATA`. */
  readonly data: SharedMemory;
  /** What lives as long as the engine. */
  readonly keep: DisposableStack;
  #at = 0;

  /** Maps everything. */
  constructor(engine: Packets, keep: DisposableStack) {
    this.engine = engine;
    this.keep = keep;
    this.queue = engine.createQueue(0, 0);
    this.commands = this.share(COMMANDS, SIZE);
    this.data = this.share(DATA, SIZE);
  }

  /** More shared memory, mapped at an address. */
  share(va: number, size: number): SharedMemory {
    const shared = sharedMemory(this.engine, size, this.keep);
    this.space.map(va, shared.memory);
    return shared;
  }

  /** Puts words behind all others in the commands; their address. */
  put(words: ArrayLike<number>, align = 256): number {
    this.#at = Math.ceil(this.#at / align) * align;
    if (this.#at + words.length * 4 > SIZE) this.#at = 0;
    this.commands.words.set(words, this.#at / 4);
    const address = COMMANDS + this.#at;
    this.#at += words.length * 4;
    return address;
  }

  /** Submits a buffer. @returns the job */
  submit(writer: DxpWriter, queue: EngineQueue = this.queue): number {
    const { words } = writer;
    return queue.submit({
      space: this.space,
      address: this.put(words, 8),
      length: words.length * 4,
      privateData: new Uint8Array(0),
    });
  }

  /** Submits a buffer and waits for it. @returns the queue's fault */
  run(writer: DxpWriter, queue: EngineQueue = this.queue): EngineFault | undefined {
    finish(queue, this.submit(writer, queue));
    return queue.fault;
  }
}

/** Where a bench's commands are. */
export const COMMANDS = 0x10_0000;
/** Where its data is. */
export const DATA = 0x100_0000;
/** Bytes of both. */
export const SIZE = 0x10_0000;

/** Waits for everything of a queue. @throws {Error} after ten seconds. */
export function finish(queue: EngineQueue, job: number): void {
  if (!queue.wait(job, 10e9)) throw new Error(`Job ${job} is not done: ${queue.completed()} is`);
}

/** Runs `body` with an engine under validation. @throws {Error} when the layers complain, or descriptors are left open */
export function withPackets(body: (bench: Bench) => void, options: PacketsOptions = {}): void {
  const before = fdCount();
  const log = Deno.makeTempFileSync();
  let complaints: string;
  try {
    using keep = new DisposableStack();
    using engine = new Packets({ validation: true, validationLog: log, ...options });
    body(new Bench(engine, keep));
    complaints = Deno.readTextFileSync(log);
  } finally {
    Deno.removeSync(log);
  }
  if (complaints !== "") throw new Error(`The validation layers report:\n${complaints}`);
  if (options.completionEvents === true) return; // a Worker's descriptors go a little later
  const after = fdCount();
  if (after > before) throw new Error(`${after - before} file descriptors were left open`);
}
