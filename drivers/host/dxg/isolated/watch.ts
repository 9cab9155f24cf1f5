/**
 * What a broker looks at now and then: whether its processes go on, and whether they take more than they may.
 * @module
 */

import { _D3DKMT_DEVICEEXECUTION_HUNG } from "../../../../uapi/d3dkmthk_device.ts";
import { residentBytes } from "../../../os/mod.ts";
import type { HostProcess } from "./host_process.ts";
import type { Ledger } from "./ledger.ts";

/** How often processes are looked at, ns. */
export const WATCH_NS = 250e6;
/** How long a process may take until it is ready, ns. */
export const START_NS = 60e9;

/** What processes may take. */
export interface WatchLimits {
  /** How long one may work on one thing, or keep memory that is another's, ns. */
  readonly stuckNs: number;
  /** Memory of one beside what of the adapters' it was granted, bytes. */
  readonly memoryBytes: number;
}

/** Why a process is to be ended; undefined: it may go on. */
export function verdictOf(
  process: HostProcess,
  ledger: Ledger<HostProcess>,
  { stuckNs, memoryBytes }: WatchLimits,
  now: number,
): string | undefined {
  if (process.state === "starting") {
    return now - process.since > START_NS ? "its process does not begin" : undefined;
  }
  if (process.assigned && process.stuckFor(now) > stuckNs) {
    process.deviceState = _D3DKMT_DEVICEEXECUTION_HUNG;
    return `a message was not done with after ${stuckNs / 1e9} s`;
  }
  // Memory of a GPU that is a CPU is its own, too.
  if (residentBytes(process.spawned.pid) <= memoryBytes + ledger.granted(process)) return undefined;
  return `its process took more than ${Math.round(memoryBytes / 2 ** 20)} MiB of memory`;
}
