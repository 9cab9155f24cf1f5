/** A timeline semaphore (VK_SEMAPHORE_TYPE_TIMELINE) with host-side polling and waiting. Values are numbers below 2^53. */
import { Arena } from "./arena.ts";
import type { Device } from "./device.ts";
import {
  VK_SEMAPHORE_TYPE_TIMELINE,
  VK_TIMEOUT,
  VkSemaphoreCreateInfo,
  VkSemaphoreTypeCreateInfo,
  VkSemaphoreWaitInfo,
} from "./generated/mod.ts";
import { chain } from "./struct.ts";

/** As long as it takes, in nanoseconds. */
export const forever = 0xffff_ffff_ffff_ffffn;

interface Waiter {
  readonly value: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** A timeline semaphore. */
export class Timeline implements Disposable {
  /** The VkSemaphore. */
  readonly handle: bigint;
  readonly #device: Device;
  /** The counter at 0; two wait infos, for waits here and on the pool's thread, each with its value and semaphore. */
  readonly #m = new Arena(256);
  readonly #counter: number;
  readonly #counterAddress: bigint;
  readonly #here: WaitInfo;
  readonly #there: WaitInfo;
  readonly #waiters: Waiter[] = [];
  #pending: Promise<void> | undefined;

  /** Creates the semaphore at 0. @throws {VkError} when the device has no memory left */
  constructor(device: Device) {
    this.#device = device;
    this.handle = device.arena.scope((m) => {
      const out = m.alloc(8);
      const info = m.put(VkSemaphoreCreateInfo, {
        pNext: [chain(VkSemaphoreTypeCreateInfo, { semaphoreType: VK_SEMAPHORE_TYPE_TIMELINE })],
      });
      device.check(device.vk.vkCreateSemaphore(device.handle, info, 0n, m.address(out)), "vkCreateSemaphore");
      return m.u64[out >>> 3];
    });
    this.#counter = this.#m.alloc(8);
    this.#counterAddress = this.#m.address(this.#counter);
    this.#here = waitInfo(this.#m, this.handle);
    this.#there = waitInfo(this.#m, this.handle);
  }

  /** The wait that runs on a thread of Deno's pool; undefined when none does. */
  get pending(): Promise<void> | undefined {
    return this.#pending;
  }

  /** The value that the GPU has reached. */
  read(): number {
    const device = this.#device;
    const result = device.vk.vkGetSemaphoreCounterValue(device.handle, this.handle, this.#counterAddress);
    if (result < 0) device.check(result, "vkGetSemaphoreCounterValue");
    return this.#m.u53(this.#counter);
  }

  /** Blocks until `value` is reached; false when `timeout` nanoseconds pass before. */
  wait(value: number, timeout: bigint): boolean {
    this.#m.setU53(this.#here.value, value);
    const { vk, handle } = this.#device;
    return this.#device.check(vk.vkWaitSemaphores(handle, this.#here.address, timeout), "vkWaitSemaphores") !==
      VK_TIMEOUT;
  }

  /**
   * Resolves when `value` is reached. However many wait, one wait at a time runs in the pool, for the lowest value that was wanted when it
   * began: someone who comes later for a lower one is served with it, or by whoever polls before.
   */
  waitAsync(value: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let at = this.#waiters.length;
    while (at > 0 && this.#waiters[at - 1].value > value) at--;
    this.#waiters.splice(at, 0, { value, resolve, reject });
    this.#pending ??= this.#pump();
    return promise;
  }

  /** Serves waiters up to `completed`. */
  serve(completed: number): void {
    let served = 0;
    while (served < this.#waiters.length && this.#waiters[served].value <= completed) this.#waiters[served++].resolve();
    if (served > 0) this.#waiters.splice(0, served);
  }

  async #pump(): Promise<void> {
    try {
      while (this.#waiters.length > 0 && this.#device.lost === undefined) {
        this.#m.setU53(this.#there.value, this.#waiters[0].value);
        const result = await this.#device.vk.waitSemaphoresAsync(this.#device.handle, this.#there.address, forever);
        this.#device.check(result, "vkWaitSemaphores");
        this.serve(this.read());
      }
      if (this.#device.lost !== undefined) throw this.#device.lost;
    } catch (error) {
      for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
    } finally {
      this.#pending = undefined;
    }
  }

  /** Destroys the semaphore; nothing may wait for it any more. */
  [Symbol.dispose](): void {
    this.#device.vk.vkDestroySemaphore(this.#device.handle, this.handle, 0n);
  }
}

interface WaitInfo {
  readonly address: bigint;
  /** Offset of the value waited for. */
  readonly value: number;
}

function waitInfo(m: Arena, semaphore: bigint): WaitInfo {
  const value = m.alloc(8);
  const address = m.put(VkSemaphoreWaitInfo, {
    semaphoreCount: 1,
    pSemaphores: m.putU64s([semaphore]),
    pValues: m.address(value),
  });
  return { address, value };
}
