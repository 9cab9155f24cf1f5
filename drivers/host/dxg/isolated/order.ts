/**
 * What a host process is told when it gets its dxg process.
 * @module
 */

import type { Clock } from "../../../../core/clock.ts";
import type { Engine } from "../../../../core/host_dxg.ts";
import type { PageAllocator } from "../../../../core/memory.ts";
import type { Trace } from "../../../../core/trace.ts";
import { HandleTable } from "../handle_table.ts";
import type { DxgHost, DxgHostOptions } from "../host.ts";
import type { DxgLimits } from "../limits.ts";
import type { Grants } from "./grants.ts";

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
    /** Bytes of local memory that all processes have together. */
    readonly localMemory: number;
    /** Bytes of system memory that all processes have together. */
    readonly nonLocalMemory: number;
  }[];
  /** What the process may take. */
  readonly limits: Partial<DxgLimits>;
  /** Its number in the guest. */
  readonly pid: number;
  /** Its name in the guest. */
  readonly name: string;
  /** Whether somebody listens to the trace. */
  readonly trace: boolean;
}

/** Bytes of each segment of an adapter that an order gives away. */
export function segmentsOf(
  { localMemory, nonLocalMemory }: Order["adapters"][number],
): readonly number[] {
  return nonLocalMemory > 0 ? [localMemory, nonLocalMemory] : [localMemory];
}

/** The order of one process of the guest. @param host the broker's own. @param sizes what of its adapters' memory there is to give away */
export function makeOrder(
  host: DxgHost,
  sizes: { readonly localMemory?: number; readonly nonLocalMemory?: number },
  guest: Pick<Order, "pid" | "name" | "trace">,
): Order {
  const adapters = host.adapters.map(({ luid: { a, b }, info }) => {
    const { localMemory = info.localMemory, nonLocalMemory = info.nonLocalMemory } = sizes;
    return { a, b, localMemory, nonLocalMemory };
  });
  // JSON knows no infinity.
  const limits = Object.fromEntries(
    Object.entries(host.limits).map(([limit, value]) => [limit, Math.min(value, Number.MAX_VALUE)]),
  );
  return { version: host.version, adapters, limits, ...guest };
}

/** Where a host process shows pages: addresses that only its broker sees. */
export const PROCESS_WINDOW = { start: 2 ** 50, length: 2 ** 42 } as const;

/** The handle by which a host process knows the one process that it has: the first of a table. */
export const HOST_PROCESS: number = new HandleTable<object>(1).add({});

/** The options of the host in a host process. @param grants gives out what of the adapters' memory is its. */
export function orderOptions(
  { version, adapters, limits }: Order,
  engines: readonly Engine[],
  own: { readonly allocator: PageAllocator; readonly clock: Clock; readonly grants: Grants; readonly trace: Trace },
): DxgHostOptions {
  const { allocator, clock, grants, trace } = own;
  return {
    adapters: engines.map((engine, i) => {
      const { a, b, localMemory, nonLocalMemory } = adapters[i];
      const ledger = grants.ledger(i, segmentsOf(adapters[i]));
      return { engine, luid: { a, b }, localMemory, nonLocalMemory, ledger };
    }),
    allocator,
    clock,
    limits,
    version,
    trace,
  };
}
