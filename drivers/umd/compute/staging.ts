/**
 * Memory that the CPU sees, by which large uploads and downloads travel.
 * @module
 */

import type { Allocation } from "./allocation.ts";
import type { DeviceMemory } from "./device_memory.ts";

/** Bytes of a piece. */
export const STAGE_SIZE: number = 4 << 20;
/** Pieces: one is filled while the GPU copies from another. */
const STAGES = 3;

/** The pieces of a queue. */
export class Staging {
  readonly #memory: DeviceMemory;
  readonly #stages: Allocation[] = [];

  /** None yet. */
  constructor(memory: DeviceMemory) {
    this.#memory = memory;
  }

  /** A piece that nothing uses; waits for one. @throws {ComputeError} */
  take(): Allocation {
    const idle = this.#stages.find((stage) => stage.isIdle);
    if (idle !== undefined) return idle;
    if (this.#stages.length < STAGES) {
      const stage = this.#memory.allocate(STAGE_SIZE, true);
      this.#stages.push(stage);
      return stage;
    }
    // The least recently used one is done first.
    const oldest = this.#stages.reduce((a, b) => a.tick < b.tick ? a : b);
    oldest.wait();
    return oldest;
  }
}
