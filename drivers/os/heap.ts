// What the C library's heap does with memory that is freed: mallopt(3).
import { libc } from "./libc.ts";

const M_TRIM_THRESHOLD = -1, M_TOP_PAD = -2, M_MMAP_THRESHOLD = -3;
const MIB = 2 ** 20;
/** What somebody who starts the program may say of the heap; it is obeyed. */
const VARIABLES = ["MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_", "MALLOC_MMAP_THRESHOLD_"];

function said(name: string): boolean {
  try {
    return Deno.env.get(name) !== undefined;
  } catch {
    // Without --allow-env nobody can be asked.
    return false;
  }
}

/**
 * Has the heap keep what is freed, up to 256 MiB, instead of giving it back to the kernel: for a process with a library that frees
 * megabytes only to ask for them again, so that each time the kernel has to zero pages anew. Does nothing where the environment sets
 * one of mallopt's variables.
 *
 * @returns whether it does so from now on
 */
export function keepHeap(): boolean {
  if (VARIABLES.some(said)) return false;
  const { mallopt } = libc();
  // Setting one ends glibc's own tuning of the others. 32 MiB is the most that is not mapped on its own.
  return mallopt(M_MMAP_THRESHOLD, 32 * MIB) === 1 && mallopt(M_TRIM_THRESHOLD, 256 * MIB) === 1 &&
    mallopt(M_TOP_PAD, 64 * MIB) === 1;
}
