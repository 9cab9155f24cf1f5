/**
 * A picture by kitty's graphics protocol (sw.kovidgoyal.net/kitty/graphics-protocol): RGB, compressed, in chunks. An image of the
 * same id and placement replaces the one before without flicker.
 * @module
 */

import { deflateSync } from "node:zlib";

/** Bytes of base64 a chunk may have. */
const CHUNK = 4096;
const IMAGE = 1;

/**
 * A picture for a terminal that knows the protocol, at the cursor, which stays.
 *
 * @param rgb 3 bytes a pixel. @param width columns. @param height rows. @param cells how many cells it fills.
 * @returns the application program commands. The terminal answers nothing (q=2).
 */
export function encodeKitty(
  rgb: Uint8Array,
  width: number,
  height: number,
  cells: { readonly columns: number; readonly rows: number },
): string {
  const data = new Uint8Array(deflateSync(rgb, { level: 3 })).toBase64();
  const keys = `a=T,f=24,o=z,s=${width},v=${height},i=${IMAGE},p=1,c=${cells.columns},r=${cells.rows},C=1,q=2`;
  const parts: string[] = [];
  for (let at = 0; at < data.length; at += CHUNK) {
    const more = at + CHUNK < data.length ? 1 : 0;
    const control = at === 0 ? `${keys},m=${more}` : `m=${more},q=2`;
    parts.push(`\x1b_G${control};${data.slice(at, at + CHUNK)}\x1b\\`);
  }
  return parts.join("");
}

/** Takes all pictures away, and their memory. */
export const KITTY_CLEAR = "\x1b_Ga=d,d=A,q=2\x1b\\";
