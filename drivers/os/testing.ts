// For tests of whatever uses drivers/os: leak counts, and the C library opened while this module loads, so that Deno's resource
// sanitizer does not charge the library, which stays open for the life of the isolate, to the first test that uses it.
import { libc } from "./libc.ts";

if (Deno.build.os === "linux" && Deno.permissions.querySync({ name: "ffi" }).state === "granted") libc();

/**
 * Descriptors that this process has open.
 *
 * @returns how many, the one that reads the list included
 */
export function openFds(): number {
  let count = 0;
  for (const _ of Deno.readDirSync("/proc/self/fd")) count++;
  return count;
}

/**
 * Memory ranges of this process whose file has a given name.
 *
 * @param name part of the name in /proc/self/maps, such as `"memfd:gem"`
 * @returns how many
 */
export function mappingsOf(name: string): number {
  return Deno.readTextFileSync("/proc/self/maps").split("\n").filter((line) => line.includes(name)).length;
}

/**
 * Runs something and demands that it leaves no descriptor open.
 *
 * @param body what to run
 * @throws {Error} with the names of the descriptors that are left
 */
export function assertNoFdLeak(body: () => void): void {
  const list = () => new Map([...Deno.readDirSync("/proc/self/fd")].map(({ name }) => [name, target(name)]));
  const before = list();
  body();
  // The list's own descriptor is closed again, so that it has no target.
  const left = [...list()].filter(([fd, name]) => name !== "" && before.get(fd) !== name);
  if (left.length > 0) {
    const shown = left.slice(0, 8).map(([fd, name]) => `${fd} -> ${name}`).join(", ");
    throw new Error(`Cannot pass: ${left.length} descriptors are left open: ${shown}`);
  }
}

function target(fd: string): string {
  try {
    return Deno.readLinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return "";
  }
}
