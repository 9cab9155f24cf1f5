/**
 * Slots of Vulkan queries of one type: pools that grow as needed, whose slots are reset by the CPU when they are taken and free
 * again when their results were read.
 * @module
 */

import { DrmError } from "../../../../core/error.ts";
import { VK_NOT_READY, VK_QUERY_RESULT_64_BIT, VkQueryPoolCreateInfo } from "../../vulkan/mod.ts";
import type { Gpu } from "./gpu.ts";

/** Slots of a pool. */
const poolSize = 256;
/** Slots of one type that may be in flight. */
const slotLimit = 1 << 16;

/** Slots, numbered through all pools. */
export class QuerySlots implements Disposable {
  readonly #gpu: Gpu;
  readonly #type: number;
  readonly #values: number;
  readonly #pools: bigint[] = [];
  readonly #free: number[] = [];

  /**
   * None yet.
   * @param type VkQueryType. @param values 64-bit results of a slot, 1 or 2
   */
  constructor(gpu: Gpu, type: number, values: number) {
    this.#gpu = gpu;
    this.#type = type;
    this.#values = values;
  }

  /** Whether there is no free slot in the pools that there are. */
  get empty(): boolean {
    return this.#free.length === 0;
  }

  /** Whether there is none, and no pool more may be made. */
  get exhausted(): boolean {
    return this.#free.length === 0 && this.#pools.length * poolSize >= slotLimit;
  }

  /**
   * A slot that is reset.
   * @throws {DrmError} ENOMEM when too many are in flight. @throws {VkError} when memory runs out
   */
  take(): number {
    if (this.#free.length === 0) this.#grow();
    const slot = this.#free.pop();
    if (slot === undefined) throw new DrmError("ENOMEM", "Cannot begin a query: there is no slot");
    const { vk, device } = this.#gpu;
    vk.vkResetQueryPool(device.handle, this.pool(slot), this.index(slot), 1);
    return slot;
  }

  /** The VkQueryPool of a slot. */
  pool(slot: number): bigint {
    return this.#pools[slot / poolSize | 0];
  }

  /** The query in its pool. */
  index(slot: number): number {
    return slot % poolSize;
  }

  /**
   * Reads the results of a slot whose submission is done, and frees it.
   * @param out gets the values
   */
  read(slot: number, out: bigint[]): void {
    const { vk, device } = this.#gpu, bytes = BigInt(8 * this.#values);
    device.arena.scope((m) => {
      const at = m.alloc(16);
      const result = vk.vkGetQueryPoolResults(
        device.handle,
        this.pool(slot),
        this.index(slot),
        1,
        bytes,
        m.address(at),
        bytes,
        VK_QUERY_RESULT_64_BIT,
      );
      if (result !== VK_NOT_READY) device.check(result, "vkGetQueryPoolResults"); // not ready: it was never recorded
      for (let i = 0; i < this.#values; i++) out[i] = m.u64[(at >>> 3) + i];
    });
    this.#free.push(slot);
  }

  /** Gives back a slot that no submission uses. */
  release(slot: number): void {
    this.#free.push(slot);
  }

  #grow(): void {
    if (this.#pools.length * poolSize >= slotLimit) {
      throw new DrmError("ENOMEM", `Cannot begin a query: ${slotLimit} are in flight`);
    }
    const { vk, device } = this.#gpu;
    const pool = device.arena.scope((m) => {
      const out = m.alloc(8);
      const info = m.put(VkQueryPoolCreateInfo, { queryType: this.#type, queryCount: poolSize });
      device.check(vk.vkCreateQueryPool(device.handle, info, 0n, m.address(out)), "vkCreateQueryPool");
      return m.u64[out >>> 3];
    });
    const first = this.#pools.push(pool) * poolSize - poolSize;
    for (let i = poolSize - 1; i >= 0; i--) this.#free.push(first + i);
  }

  /** Destroys the pools; the GPU must be done with them. */
  [Symbol.dispose](): void {
    const { vk, device } = this.#gpu;
    for (const pool of this.#pools.splice(0)) vk.vkDestroyQueryPool(device.handle, pool, 0n);
    this.#free.length = 0;
  }
}
