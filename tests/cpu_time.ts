/**
 * How much work something was, for tests that say what a cost does not grow with: time that passes would measure what else the
 * machine does.
 * @module
 */

import process from "node:process";

/** The CPU time that this process has used, milliseconds. Needs no permission. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
