/**
 * Pages with the values of monitored fences: shown to the guest's processes in the I/O window, and to the GPU at addresses of
 * its own. Fences of one process on one adapter share pages; a fence that other processes may open has one for itself.
 * @module
 */

import type { Engine, EngineMemory } from "../../../core/host_dxg.ts";
import { PAGE_SIZE, type PageAllocator, type Pages } from "../../../core/memory.ts";
import type { IoMapping, IoWindow } from "./io_window.ts";
import type { SyncObject } from "./sync_object.ts";
import { readU64, type U64 } from "./u64.ts";

/** Values in a page. */
export const FENCES_PER_PAGE: number = PAGE_SIZE / 8;

/** A page. */
export class FencePage {
  readonly #window: IoWindow;
  /** Its memory. */
  readonly pages: Pages;
  readonly #mapping: IoMapping;
  readonly #objects: (SyncObject | undefined)[] = [];
  readonly #memories = new Map<Engine, EngineMemory>();
  readonly #free: number[] = [];
  readonly #capacity: number;
  readonly #onEmpty: (() => void) | undefined;
  readonly #words: Uint32Array;
  readonly #longs: BigUint64Array;
  readonly #view: DataView;
  #used = 0;

  /** @param allocator of its memory, or the memory, which it takes over. @param capacity values that it may hold. @param onEmpty called when the last is gone. @throws {DrmError} ENOMEM; EINVAL without a window */
  constructor(allocator: PageAllocator | Pages, window: IoWindow, capacity: number, onEmpty?: () => void) {
    this.#window = window;
    this.#capacity = capacity;
    this.#onEmpty = onEmpty;
    this.pages = "allocate" in allocator ? allocator.allocate(PAGE_SIZE, "dxg fences") : allocator;
    try {
      this.#mapping = window.map(this.pages); // pins them: the views below stay good
    } catch (error) {
      this.pages[Symbol.dispose]();
      throw error;
    }
    const bytes = this.pages.bytes();
    this.#words = new Uint32Array(bytes.buffer, bytes.byteOffset, PAGE_SIZE / 4);
    this.#longs = new BigUint64Array(bytes.buffer, bytes.byteOffset, FENCES_PER_PAGE);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, PAGE_SIZE);
  }

  /** Its guest-physical address. */
  get gpa(): number {
    return this.#mapping.gpa;
  }

  /** Whether there is room for one more. */
  get hasRoom(): boolean {
    return this.#used < this.#capacity;
  }

  /** One of the values, for atomic access. */
  cell(index: number): BigUint64Array {
    return this.#longs.subarray(index, index + 1);
  }

  /** Gives an object a value in it. @param keep whether what stands there is the object's value. */
  assign(object: SyncObject, keep = false): void {
    const index = this.#free.pop() ?? this.#used;
    this.#used++;
    this.#objects[index] = object;
    object.page = this;
    object.index = index;
    if (!keep) this.store(index, object.value);
  }

  /** Ends that; the page goes with the last. */
  release(index: number): void {
    this.#objects[index] = undefined;
    this.#free.push(index);
    if (--this.#used > 0) return;
    for (const memory of this.#memories.values()) memory[Symbol.dispose]();
    this.#memories.clear();
    this.#window.unmap(this.#mapping);
    this.pages[Symbol.dispose]();
    this.#onEmpty?.();
  }

  /** Stores a value. Whoever reads it while it is stored sees the old one or the new one. */
  store(index: number, value: U64): void {
    const at = index * 2;
    if (typeof value === "number" && this.#words[at + 1] === Math.floor(value / 0x1_0000_0000)) {
      this.#words[at] = value;
    } else this.#longs[index] = BigInt(value);
  }

  /** What stands there now. */
  load(index: number): U64 {
    return readU64(this.#view, index * 8);
  }

  /** A job may have written it: whose value has changed hears of it. */
  reload(): void {
    for (let i = 0; i < this.#objects.length; i++) {
      const object = this.#objects[i];
      if (object !== undefined) object.loaded(this.load(i));
    }
  }

  /** The page as an engine has it. Throws ENOMEM, EOPNOTSUPP. */
  memory(engine: Engine): EngineMemory {
    let memory = this.#memories.get(engine);
    if (memory === undefined) {
      memory = engine.importPages([{ pages: this.pages, offset: 0, length: PAGE_SIZE }]);
      this.#memories.set(engine, memory);
    }
    return memory;
  }
}
