/**
 * A few bytes into a client's memory: results of queries and the like.
 * @module
 */

import { DrmError } from "../../../../core/error.ts";
import type { Backing } from "../../../../core/host.ts";
import { BackingReader } from "../backing_reader.ts";

const reader = new BackingReader();

/** Stores bytes into a backing. One that is too small, or gone meanwhile, gets nothing: nobody is there to see them. */
export function storeBytes(backing: Backing, offset: number, bytes: Uint8Array): void {
  if (offset + bytes.length > backing.size) return;
  try {
    reader.open(backing);
    for (let done = 0; done < bytes.length;) {
      reader.locate(offset + done);
      const count = Math.min(bytes.length - done, reader.room);
      reader.bytes.set(bytes.subarray(done, done + count), reader.start);
      done += count;
    }
  } catch (error) {
    if (!(error instanceof DrmError)) throw error;
  } finally {
    reader.close();
  }
}
