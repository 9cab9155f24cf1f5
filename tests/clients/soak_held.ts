/**
 * What clients hold of a system, and what the process that serves them holds for them.
 * @module
 */

import { BudgetAllocator } from "udrm/core/memory.ts";
import { openFds } from "udrm/drivers/os/testing.ts";
import type { Rig } from "./rig.ts";

/** Everything that is counted somewhere, by name; the same before and after clients that are gone. */
export function held({ server, system }: Rig): Record<string, number> {
  const counts: Record<string, number> = {
    clients: server.clients,
    files: server.files,
    "dma-bufs": server.dmaBufs,
    pages: system.pages instanceof BudgetAllocator ? system.pages.used : NaN,
    fds: openFds(),
  };
  for (const { card, files, offsets, names, kms } of system.devices) {
    counts[`card${card} files`] = files.size;
    counts[`card${card} offsets`] = offsets.count;
    counts[`card${card} names`] = names.count;
    counts[`card${card} KMS ids`] = kms?.objects.count ?? 0;
  }
  return counts;
}
