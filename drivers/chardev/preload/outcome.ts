/**
 * `Outcome`: what a request has led to, besides its result.
 * @module
 */

import type { File } from "../../../core/file.ts";
import type { FileEnd } from "./file_end.ts";
import type { PollPipe } from "./poll_pipe.ts";

/** A pipe by which a client waits, and the client's end of it. */
export interface PollPair {
  /** The server's half. */
  readonly pipe: PollPipe;
  /** The descriptor to send and close. */
  readonly fd: number;
}

/** What goes along with a result. Used again with its request. */
export class Outcome {
  /** Bytes of argument that go back. */
  data = 0;
  /** A file that was opened, with its reference. */
  opened: File | undefined = undefined;
  /** What the client is told that the opened file is: "card0"; empty for files without a name. */
  node = "";
  /** A descriptor to send and close, or -1: memory to map, or a file that needs nothing of the server. */
  memory = -1;
  /** Pipes that a client waits with. */
  readonly pipes: PollPair[] = [];
  /** A 64-bit answer. */
  value = 0;
  /** A second one, unsigned. */
  length = 0;
  /** A number in place of a settled message's. */
  token = 0;
  /** The file that was read. */
  end: FileEnd | undefined = undefined;

  /** Nothing has come of anything yet. */
  begin(): this {
    this.data =
      this.value =
      this.length =
      this.token =
        0;
    this.opened = this.end = undefined;
    this.node = "";
    this.memory = -1;
    return this;
  }
}
