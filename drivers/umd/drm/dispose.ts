/**
 * Giving back what may be gone already.
 * @module
 */

import { DrmError } from "../../../core/error.ts";

/** The id or handle is unknown, the fd is closed, the device is unplugged. */
const GONE: ReadonlySet<string> = new Set(["ENOENT", "EINVAL", "EBADF", "ENODEV"]);

/**
 * Does what a dispose has to: what its user has removed by name, what went with the card's file and what an unplugged device
 * took along is disposed of, and no reason to throw out of a `using`.
 *
 * @throws {DrmError} any errno but ENOENT, EINVAL, EBADF and ENODEV.
 */
export function release(request: () => unknown): void {
  try {
    request();
  } catch (error) {
    if (!(error instanceof DrmError && GONE.has(error.code))) throw error;
  }
}
