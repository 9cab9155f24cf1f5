/**
 * What ends a client's connection.
 * @module
 */

/** A client did what cannot be; the text says what. Nobody else is affected. */
export class VtestError extends Error {
  /** `"VtestError"`. */
  override readonly name: string = "VtestError";
}

/** The client is gone. */
export class VtestGone extends Error {
  /** `"VtestGone"`. */
  override readonly name: string = "VtestGone";
}
