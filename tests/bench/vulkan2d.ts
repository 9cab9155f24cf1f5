/**
 * How fast vulkan2d is behind the host's half of virtio-gpu: 16x16 transfers a second, and a 1920x1080 TRANSFER + FLUSH to a null
 * display, with guest memory in memfds (large copies read it in place) and in the heap (everything is staged).
 * @module
 */

import { vulkan2d } from "udrm/drivers/host/render/vulkan2d/mod.ts";
import { memfdAllocator } from "udrm/drivers/os/mod.ts";
import type { BenchRow } from "./harness.ts";
import { fullTransfers, smallTransfers } from "./virtqueue.ts";

/** The rows. */
export function bench(): BenchRow[] {
  using renderer = vulkan2d();
  const small = smallTransfers(renderer, 200_000, memfdAllocator());
  const full = fullTransfers(renderer, 0.4, memfdAllocator());
  const staged = fullTransfers(renderer, 0);
  return [
    { ...small, name: "16x16 TRANSFER, vulkan2d" },
    { ...full, name: "1920x1080 TRANSFER+FLUSH, vulkan2d" },
    { ...staged, name: "1920x1080 TRANSFER+FLUSH, vulkan2d, staged", target: undefined },
  ];
}
