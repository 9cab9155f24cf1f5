/**
 * What a host process is told when it gets its dxg process.
 * @module
 */

import type { Clock } from "../../../../core/clock.ts";
import type { Engine } from "../../../../core/host_dxg.ts";
import type { PageAllocator } from "../../../../core/memory.ts";
import { HandleTable } from "../handle_table.ts";
import type { DxgHostOptions } from "../host.ts";
import type { DxgLimits } from "../limits.ts";

/** The order; with the memory of the wire, the bell that rings there, and the one that rings at the broker's. */
export interface Order {
  /** Interface version that the guest speaks. */
  readonly version: number;
  /** The adapters, in the engines' order. */
  readonly adapters: readonly {
    /** Low half of the LUID. */
    readonly a: number;
    /** High half of the LUID. */
    readonly b: number;
    /** Bytes of local memory to give away; all of it without. */
    readonly localMemory?: number;
    /** Bytes of system memory to give away; all of it without. */
    readonly nonLocalMemory?: number;
  }[];
  /** What the process may take. */
  readonly limits: Partial<DxgLimits>;
  /** Its number in the guest. */
  readonly pid: number;
  /** Its name in the guest. */
  readonly name: string;
}

/** Where a host process shows pages: addresses that only its broker sees. */
export const PROCESS_WINDOW = { start: 2 ** 50, length: 2 ** 42 } as const;

/** The handle by which a host process knows the one process that it has: the first of a table. */
export const HOST_PROCESS: number = new HandleTable<object>(1).add({});

/** The options of the host in a host process. */
export function orderOptions(
  { version, adapters, limits }: Order,
  engines: readonly Engine[],
  allocator: PageAllocator,
  clock: Clock,
): DxgHostOptions {
  return {
    adapters: engines.map((engine, i) => {
      const { a, b, localMemory, nonLocalMemory } = adapters[i];
      return { engine, luid: { a, b }, localMemory, nonLocalMemory };
    }),
    allocator,
    clock,
    limits,
    version,
  };
}
