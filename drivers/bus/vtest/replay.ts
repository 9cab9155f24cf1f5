/**
 * Captured sessions of real programs: reads them, plays them to a server, compares pictures. The format is VTR1: the magic, then
 * records `{u32 kind, u32 length, payload, padding to 4}`; kind 0 is what the client sent, 1 what the server answered.
 * @module
 */

import { virglFormat, type VirglFormatInfo } from "../../../uapi/virgl_format.ts";
import {
  VCMD_CREATE_RENDERER,
  VCMD_GET_CAPS,
  VCMD_GET_CAPS2,
  VCMD_PING_PROTOCOL_VERSION,
  VCMD_RESOURCE_BUSY_WAIT,
  VCMD_RESOURCE_CREATE,
  VCMD_TRANSFER_GET,
  VCMD_TRANSFER_PUT,
  vtestCommand,
} from "../../../uapi/vtest.ts";
import type { VtestClient } from "./testing.ts";

const MAGIC = 0x31525456;
const HEADER = 8;

/** A picture that the program read back. */
export interface Readback {
  /** The resource's number. */
  readonly resource: number;
  /** Its format, if it was seen to be created. */
  readonly format: VirglFormatInfo | undefined;
  /** Bytes from row to row. */
  readonly stride: number;
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** What the reference server answered: all rows, with what lies between them. */
  readonly bytes: Uint8Array;
}

/** A message of a captured client. */
export interface CapturedMessage {
  /** VCMD_*. */
  readonly command: number;
  /** All of it: header, payload and what follows. */
  readonly bytes: Uint8Array;
  /** What it read back, if it did. */
  readonly readback?: Readback;
}

/** A stream of bytes, taken from the front. */
class Bytes {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }
  get left(): number {
    return this.#bytes.length - this.#at;
  }
  /** A word further on. */
  word(offset: number): number {
    return this.#view.getUint32(this.#at + offset, true);
  }
  take(length: number): Uint8Array {
    if (length > this.left) throw new RangeError(`Cannot take ${length} bytes: the capture has ${this.left} more`);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}

function streams(capture: Uint8Array): readonly [client: Bytes, server: Bytes] {
  const all = new Bytes(capture);
  if (all.left < 4 || all.word(0) !== MAGIC) throw new TypeError("Cannot read a capture: it is no VTR1");
  all.take(4);
  const parts: Uint8Array[][] = [[], []];
  while (all.left >= HEADER) {
    const kind = all.word(0), length = all.word(4);
    all.take(HEADER);
    const payload = all.take(length);
    all.take(Math.min(all.left, (4 - length % 4) % 4));
    // Shared memory and descriptors are of later versions.
    if (kind > 1) throw new TypeError(`Cannot replay records of kind ${kind}: captures are of version 0`);
    parts[kind].push(payload);
  }
  const join = (list: readonly Uint8Array[]): Bytes => {
    const joined = new Uint8Array(list.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of list) joined.set(part, at), at += part.length;
    return new Bytes(joined);
  };
  return [join(parts[0]), join(parts[1])];
}

// Bytes of the message at the front.
function messageSize(client: Bytes): number {
  const length = client.word(0), id = client.word(4);
  if (id === VCMD_CREATE_RENDERER) return HEADER + length;
  const info = vtestCommand(id);
  if (info === undefined) throw new TypeError(`Cannot replay command ${id}`);
  if (info.tail === "dwords") return HEADER + length * 4;
  const fixed = HEADER + info.dwords * 4;
  return id === VCMD_TRANSFER_PUT ? fixed + client.word(fixed - 4) : fixed;
}

/**
 * Reads a capture. The client's PING, which its recorder swallowed so that it fell back to version 0, is left out.
 *
 * @param capture the bytes, unpacked
 * @returns the messages in order
 * @throws {TypeError | RangeError} for what is no such capture
 */
export function readCapture(capture: Uint8Array): CapturedMessage[] {
  const [client, server] = streams(capture);
  const formats = new Map<number, number>();
  const messages: CapturedMessage[] = [];
  while (client.left >= HEADER) {
    const command = client.word(4);
    const bytes = client.take(messageSize(client));
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const word = (at: number): number => view.getUint32(HEADER + at * 4, true);
    let readback: Readback | undefined;
    switch (command) {
      case VCMD_PING_PROTOCOL_VERSION:
        continue;
      case VCMD_RESOURCE_CREATE:
        formats.set(word(0), word(2));
        break;
      case VCMD_RESOURCE_BUSY_WAIT:
        server.take(12);
        break;
      case VCMD_GET_CAPS:
      case VCMD_GET_CAPS2:
        server.take(HEADER + server.word(0) - 1);
        break;
      case VCMD_TRANSFER_GET: {
        // A capture may be cut off before its last answer.
        if (server.left < word(10)) return messages;
        readback = {
          ...{ resource: word(0), format: virglFormat(formats.get(word(0)) ?? 0), stride: word(2) },
          ...{ width: word(7), height: word(8), bytes: server.take(word(10)) },
        };
      }
    }
    messages.push({ command, bytes, ...(readback !== undefined && { readback }) });
  }
  return messages;
}

/** Reads a capture's file. @param file `.vtr.gz` */
export async function loadCapture(file: string | URL): Promise<CapturedMessage[]> {
  const packed = await Deno.readFile(file);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return readCapture(new Uint8Array(await new Response(stream).arrayBuffer()));
}

/**
 * Plays a capture to a server.
 *
 * @param client connected, nothing said yet
 * @param messages what to say
 * @param onReadback hears each picture, and what the server answered
 * @throws {Error} if the server hangs up
 */
export function replay(
  client: VtestClient,
  messages: readonly CapturedMessage[],
  onReadback: (expected: Readback, actual: Uint8Array, index: number) => void,
): void {
  let index = 0;
  for (const { command, bytes, readback } of messages) {
    client.send(bytes);
    if (command === VCMD_RESOURCE_BUSY_WAIT) client.reply(VCMD_RESOURCE_BUSY_WAIT, 1);
    else if (command === VCMD_GET_CAPS || command === VCMD_GET_CAPS2) client.read(client.words(2)[0] - 1);
    else if (readback !== undefined) onReadback(readback, client.read(readback.bytes.length), index++);
  }
}

/**
 * How much of a picture is another one.
 *
 * @param expected what it should be. @param actual the same bytes of another server
 * @param tolerance how far a channel of 8 bits may be off
 * @returns the share of pixels, 0 to 1, of which a byte is further off; padding of rows and of pixels does not count
 */
export function difference(expected: Readback, actual: Uint8Array, tolerance = 2): number {
  const { format, stride, width, height, bytes } = expected;
  const size = format?.blockBytes ?? 1;
  const padding = new Set<number>();
  for (const { type, shift, bits } of format?.channels ?? []) {
    if (type === "void") { for (let byte = shift >> 3; byte < (shift + bits) >> 3; byte++) padding.add(byte); }
  }
  const kept = Array.from({ length: size }, (_, i) => i).filter((byte) => !padding.has(byte));
  const pitch = stride === 0 ? width * size : stride;
  let wrong = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * pitch + x * size;
      if (kept.some((byte) => !(Math.abs(bytes[at + byte] - actual[at + byte]) <= tolerance))) wrong++;
    }
  }
  return wrong / (width * height);
}
