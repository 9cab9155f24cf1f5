/**
 * The rings of a recorder.
 * @module
 */

import {
  VK_BUFFER_USAGE_INDEX_BUFFER_BIT,
  VK_BUFFER_USAGE_STORAGE_BUFFER_BIT,
  VK_BUFFER_USAGE_TRANSFER_DST_BIT,
  VK_BUFFER_USAGE_TRANSFER_SRC_BIT,
  VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT,
  VK_BUFFER_USAGE_VERTEX_BUFFER_BIT,
} from "../../vulkan/mod.ts";
import type { Gpu } from "./gpu.ts";
import { Ring } from "./ring.ts";

const MIB = 2 ** 20;

/** The rings. */
export interface Rings {
  /** Vertices, indices and constants at hand. */
  readonly uniforms: Ring;
  /** Bytes that are copied to resources. */
  readonly staging: Ring;
  /** Bytes that are copied from resources. */
  readonly readback: Ring;
}

/** Makes them. @param settled up to which submission the CPU has taken what was read back. @throws {VkError} */
export function makeRings({ device, limits }: Gpu, settled: () => number): Rings {
  using cleanup = new DisposableStack();
  const uniforms = cleanup.use(
    new Ring(device, {
      usage: VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT | VK_BUFFER_USAGE_VERTEX_BUFFER_BIT |
        VK_BUFFER_USAGE_INDEX_BUFFER_BIT | VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT,
      chunkBytes: 4 * MIB,
      slack: Math.min(limits.maxUniformBufferRange, 65536),
    }),
  );
  const staging = cleanup.use(new Ring(device, { usage: VK_BUFFER_USAGE_TRANSFER_SRC_BIT, chunkBytes: 8 * MIB }));
  const readback = cleanup.use(
    new Ring(device, {
      usage: VK_BUFFER_USAGE_TRANSFER_DST_BIT,
      chunkBytes: 4 * MIB,
      memory: "readback",
      completed: settled,
    }),
  );
  cleanup.move();
  return { uniforms, staging, readback };
}
