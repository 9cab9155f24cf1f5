/**
 * The error of core and drivers: an errno with a sentence. A door turns it into `-errno`, the trace keeps the sentence.
 * @module
 */

import { ERRNO, type ErrnoName, errnoName } from "../uapi/errno.ts";

/** Kernel failure: `code` is the errno's name, `errno` its Linux number, the message says what could not be done and why. */
export class DrmError extends Error {
  /** The errno's name, for example "EINVAL". */
  readonly code: ErrnoName;
  /** The errno's positive Linux number. */
  readonly errno: number;

  /** An error with an errno and a sentence. @param code the errno's name. @param message "Cannot X: Y". */
  constructor(code: ErrnoName, message: string) {
    // A stack costs 3 us where the rest costs 0.2, and errors are ordinary answers here.
    const limit = Error.stackTraceLimit;
    if (!DrmError.captureStacks) Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = limit;
    this.name = "DrmError";
    this.code = code;
    this.errno = ERRNO[code];
  }

  /** The error of a negative result that an operation completed with. @throws {RangeError} if no errno has that number. */
  static of(result: number): DrmError {
    const name = errnoName(result);
    if (name === undefined) throw new RangeError(`Cannot turn ${result} into an error: no errno has that number`);
    return new DrmError(name, `Cannot complete: ${name}`);
  }

  /** Whether new errors carry a stack; the trace turns it on. */
  static captureStacks = false;
}

/**
 * The result that user space sees for something thrown: `-errno` of a {@linkcode DrmError}.
 * @throws anything else again: it is a programming error.
 */
export function errnoOf(error: unknown): number {
  if (error instanceof DrmError) return -error.errno;
  throw error;
}

/** `-EAGAIN`, which is returned, not thrown. */
export const EAGAIN: number = -11;
/** `-EINTR`, which is returned, not thrown. */
export const EINTR: number = -4;
/** `-EBUSY`, which is returned, not thrown. */
export const EBUSY: number = -16;
/** `-ETIME`, which is returned, not thrown. */
export const ETIME: number = -62;
