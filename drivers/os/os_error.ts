// A failed system call as an exception, with the errno the kernel gave (errno(3)).
import { errnoName } from "../../uapi/errno.ts";

/** A system call failed. `code` is the errno's name, `errno` its positive number. */
export class OsError extends Error {
  /** `"OsError"`. */
  override readonly name: string = "OsError";
  /** The errno's name, such as `"EMFILE"`. */
  readonly code: string;
  /** The errno's number, positive. */
  readonly errno: number;

  /**
   * Words a failure as "Cannot X: ENAME".
   *
   * @param what what could not be done and why it was tried, such as `"memfd_create(\"gem\")"`
   * @param errno the number, positive or as `-errno`
   */
  constructor(what: string, errno: number) {
    const code = errnoName(errno) ?? `errno ${Math.abs(errno)}`;
    super(`Cannot ${what}: ${code}`);
    this.code = code;
    this.errno = Math.abs(errno);
  }
}

/**
 * Turns a failed result into an exception.
 *
 * @param result a result in the kernel's convention: negative is `-errno`
 * @param what what was tried, for the message
 * @returns `result` if it is not negative
 * @throws {OsError} if it is
 */
export function check(result: number, what: string): number {
  if (result < 0) throw new OsError(what, result);
  return result;
}
