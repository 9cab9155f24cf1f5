/**
 * For tests of the device's half: a queue on a ring that the test writes itself.
 * @module
 */

import { GuestMemory } from "../../../core/guest_memory.ts";
import { heapAllocator } from "../../../core/memory.ts";
import { SplitDeviceQueue } from "./device_queue.ts";
import { RawRing } from "./testing.ts";

/** A ring, its device's half, and memory to point at. */
export interface Bench {
  /** The guest's. */
  memory: GuestMemory;
  /** The driver's half, by hand. */
  ring: RawRing;
  /** The device's half. */
  queue: SplitDeviceQueue;
  /** Guest-physical address of 64 KiB to point at. */
  gpa: number;
  /** The bytes there. */
  bytes: Uint8Array;
  /** Interrupts so far. */
  interrupts: number;
}

/** A queue of 8, indirect descriptors and no event index unless told otherwise. */
export function setup(options: { size?: number; indirect?: boolean; eventIdx?: boolean } = {}): Bench {
  const memory = new GuestMemory();
  const ring = new RawRing(memory, options.size ?? 8);
  const pages = heapAllocator().allocate(0x10000, "data");
  const { gpa } = memory.add(pages, 0, pages.size);
  const bench: Bench = { memory, ring, gpa, bytes: pages.bytes(), interrupts: 0 } as Bench;
  bench.queue = new SplitDeviceQueue({
    index: 0,
    address: ring.address,
    memory,
    indirect: options.indirect ?? true,
    eventIdx: options.eventIdx ?? false,
    interrupt: () => bench.interrupts++,
  });
  return bench;
}
