/**
 * A zlib stream that never ends, in pieces that can be inflated as they come. Each piece is deflated by itself: the blocks of one
 * piece never look back into another, so that they join to a stream (RFC 1951, 3.2.3), and no state is kept.
 * @module
 */

import { constants, deflateRawSync } from "node:zlib";

// CMF and FLG of a stream with a window of 32 KiB, compressed fast (RFC 1950, 2.2).
const HEADER = Uint8Array.of(0x78, 0x01);

/** The sending end of one stream. */
export class DeflateStream {
  #begun = false;

  /** The next piece: its bytes, flushed. @param level 1 to 9. */
  deflate(data: Uint8Array, level: number): { readonly header: Uint8Array; readonly body: Uint8Array } {
    const chunkSize = Math.max(1024, Math.min(1 << 20, data.length >> 1));
    const body = deflateRawSync(data, { level, finishFlush: constants.Z_SYNC_FLUSH, chunkSize });
    const header = this.#begun ? HEADER.subarray(0, 0) : HEADER;
    this.#begun = true;
    return { header, body };
  }
}
