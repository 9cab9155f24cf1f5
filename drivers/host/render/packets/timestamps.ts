/**
 * The GPU's clock: a ring of timestamp queries whose results are copied into memory, and its relation to the CPU's clock.
 * @module
 */

import { monotonicNs } from "../../../os/mod.ts";
import {
  Arena,
  VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
  VK_QUERY_RESULT_64_BIT,
  VK_QUERY_RESULT_WAIT_BIT,
  VK_QUERY_TYPE_TIMESTAMP,
  VK_TIME_DOMAIN_CLOCK_MONOTONIC_EXT,
  VK_TIME_DOMAIN_DEVICE_EXT,
  VkCalibratedTimestampInfoEXT,
  VkQueryPoolCreateInfo,
} from "../../vulkan/mod.ts";
import type { PacketMemory } from "./memory.ts";
import type { Recorder } from "./recorder.ts";

/** Queries. */
const SLOTS = 1024;
const ALL = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT;
const RESULT = VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT;
const CALIBRATE = "vkGetCalibratedTimestampsEXT";

/** Timestamps. */
export class Timestamps implements Disposable {
  readonly #recorder: Recorder;
  readonly #pool: bigint;
  readonly #m = new Arena(256);
  readonly #infos: bigint;
  readonly #out: number;
  readonly #calibrated: boolean;
  #next = 0;

  /** Makes the queries. @throws {VkError} */
  constructor(recorder: Recorder) {
    this.#recorder = recorder;
    const { device, vk } = recorder, m = this.#m;
    this.#pool = device.arena.scope((m) => {
      const out = m.alloc(8);
      const info = m.put(VkQueryPoolCreateInfo, { queryType: VK_QUERY_TYPE_TIMESTAMP, queryCount: SLOTS });
      device.check(vk.vkCreateQueryPool(device.handle, info, 0n, m.address(out)), "vkCreateQueryPool");
      return m.u64[out >>> 3];
    });
    this.#infos = m.putAll(VkCalibratedTimestampInfoEXT, [
      { timeDomain: VK_TIME_DOMAIN_DEVICE_EXT },
      { timeDomain: VK_TIME_DOMAIN_CLOCK_MONOTONIC_EXT },
    ]);
    this.#out = m.alloc(24);
    this.#calibrated = device.extensions.has("VK_EXT_calibrated_timestamps");
  }

  /** Records: when all before is done, the clock is stored as 64 bits. */
  record(memory: PacketMemory, offset: number): void {
    const recorder = this.#recorder, { vk } = recorder;
    const slot = this.#next++ % SLOTS;
    recorder.fullBarrier(); // orders the queries of the round before, too
    const command = recorder.begin();
    vk.vkCmdResetQueryPool(command, this.#pool, slot, 1);
    vk.vkCmdWriteTimestamp2(command, ALL, this.#pool, slot);
    memory.writesTo(offset, 8);
    vk.vkCmdCopyQueryPoolResults(command, this.#pool, slot, 1, memory.handle, BigInt(offset), 8n, RESULT);
  }

  /** Both clocks at one moment. @throws {VkError} */
  calibrate(): { readonly gpu: number; readonly cpuNs: number } {
    const { device, vk } = this.#recorder, m = this.#m, out = this.#out;
    if (this.#calibrated) {
      const deviation = m.address(out + 16);
      const result = device.extension[CALIBRATE](device.handle, 2, this.#infos, m.address(out), deviation);
      device.check(result, CALIBRATE);
      return { gpu: Number(m.u64[out >>> 3]), cpuNs: Number(m.u64[(out >>> 3) + 1]) };
    }
    const recorder = this.#recorder;
    const slot = this.#next++ % SLOTS;
    recorder.fullBarrier();
    const command = recorder.begin();
    vk.vkCmdResetQueryPool(command, this.#pool, slot, 1);
    vk.vkCmdWriteTimestamp2(command, ALL, this.#pool, slot);
    recorder.queue.waitFor(recorder.flush());
    const cpuNs = monotonicNs();
    const result = vk.vkGetQueryPoolResults(device.handle, this.#pool, slot, 1, 8n, m.address(out), 8n, RESULT);
    device.check(result, "vkGetQueryPoolResults");
    return { gpu: Number(m.u64[out >>> 3]), cpuNs };
  }

  /** Destroys the queries; the GPU must be idle. */
  [Symbol.dispose](): void {
    this.#recorder.vk.vkDestroyQueryPool(this.#recorder.device.handle, this.#pool, 0n);
  }
}
