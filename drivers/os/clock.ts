// CLOCK_MONOTONIC as a plain number of nanoseconds (clock_gettime(2)), without an allocation a call.
import { CMemory } from "./c_memory.ts";
import { libc } from "./libc.ts";

const CLOCK_MONOTONIC = 1;
const CLOCK_REALTIME = 0;
let timespec: CMemory | undefined;

function read(clock: number): number {
  timespec ??= new CMemory(16);
  libc().clock_gettime(clock, timespec.pointer);
  const words = timespec.u32;
  return (words[1] * 0x1_0000_0000 + words[0]) * 1e9 + words[2];
}

/**
 * Time since boot, the clock of DRM's vblank events and fence deadlines. It cannot fail.
 *
 * @returns nanoseconds; exact below 2^53 (104 days of uptime), rounded to 2 or 4 ns beyond
 */
export function monotonicNs(): number {
  return read(CLOCK_MONOTONIC);
}

/**
 * Time of day. As a double it is exact to 256 ns.
 *
 * @returns nanoseconds since 1970
 */
export function realtimeNs(): number {
  return read(CLOCK_REALTIME);
}
