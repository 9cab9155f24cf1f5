/**
 * PNG and animated PNG files (W3C PNG, third edition, section 11.3.3): fast-png encodes each picture, this joins them.
 * @module
 */

import { crc32 } from "node:zlib";
import { encode } from "npm:fast-png@8.0.0";
import type { Picture } from "../pixels.ts";

const SIGNATURE = 8;

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
}

/** A picture as a PNG file, without alpha: a screen is opaque. */
export function encodePng(picture: Picture): Uint8Array {
  const data = new Uint8Array(picture.width * picture.height * 3);
  for (let from = 0, to = 0; to < data.length; from += 4, to += 3) {
    data[to] = picture.data[from];
    data[to + 1] = picture.data[from + 1];
    data[to + 2] = picture.data[from + 2];
  }
  // A small deflate window of its own (mem) costs a little size and saves many megabytes of garbage a picture.
  return encode({ width: picture.width, height: picture.height, channels: 3, data }, { zlib: { level: 6, mem: 4 } });
}

function* chunks(file: Uint8Array): Generator<Chunk> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let at = SIGNATURE; at + 12 <= file.length;) {
    const length = view.getUint32(at);
    yield { type: String.fromCharCode(...file.subarray(at + 4, at + 8)), data: file.subarray(at + 8, at + 8 + length) };
    at += 12 + length;
  }
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const out = new Uint8Array(12 + data.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) out[4 + i] = type.charCodeAt(i);
  out.set(data, 8);
  view.setUint32(8 + data.length, crc32(out.subarray(4, 8 + data.length)));
  return out;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/**
 * Pictures of one size as an animated PNG that loops for ever.
 *
 * @param pictures at least one, all of one size. @param delayMs how long each is shown, 0 to 65535.
 * @throws {RangeError} for no pictures, or different sizes.
 */
export function encodeApng(pictures: readonly Picture[], delayMs: number): Uint8Array {
  const [first] = pictures;
  if (first === undefined) throw new RangeError("Cannot make an animation: there are no pictures");
  let sequence = 0;
  const control = (): Uint8Array => {
    const data = new Uint8Array(26);
    const view = new DataView(data.buffer);
    view.setUint32(0, sequence++);
    view.setUint32(4, first.width);
    view.setUint32(8, first.height);
    view.setUint16(20, delayMs);
    view.setUint16(22, 1000);
    return chunk("fcTL", data);
  };
  const head: Uint8Array[] = [];
  const body: Uint8Array[] = [];
  pictures.forEach((picture, index) => {
    if (picture.width !== first.width || picture.height !== first.height) {
      throw new RangeError(
        `Cannot animate a picture of ${picture.width}x${picture.height} with one of ${first.width}x${first.height}`,
      );
    }
    const file = encodePng(picture);
    if (index === 0) head.push(file.subarray(0, SIGNATURE));
    body.push(control());
    for (const { type, data } of chunks(file)) {
      if (type === "IHDR" && index === 0) {
        head.push(chunk(type, data));
        const animation = new Uint8Array(8);
        new DataView(animation.buffer).setUint32(0, pictures.length);
        head.push(chunk("acTL", animation));
      } else if (type === "IDAT" && index === 0) {
        body.push(chunk(type, data));
      } else if (type === "IDAT") {
        const numbered = new Uint8Array(4 + data.length);
        new DataView(numbered.buffer).setUint32(0, sequence++);
        numbered.set(data, 4);
        body.push(chunk("fdAT", numbered));
      }
    }
  });
  return concat([...head, ...body, chunk("IEND", new Uint8Array(0))]);
}
