/**
 * What a front end did that cannot be served.
 * @module
 */

/** A request that is refused. Where the front end asked for an answer it gets one, else its connection ends. */
export class VhostUserError extends Error {
  /** "VhostUserError". */
  override readonly name: string = "VhostUserError";
}

/** A message that is none: its sender cannot be understood any more, and its connection ends. */
export class VhostUserProtocolError extends VhostUserError {
  /** "VhostUserProtocolError". */
  override readonly name: string = "VhostUserProtocolError";
}
