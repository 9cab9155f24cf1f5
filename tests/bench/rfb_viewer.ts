/**
 * The viewer of rfb.ts's bench, a Worker, so that the server is not slowed by who reads it: it reads updates to their end without
 * decoding them, and asks for the next.
 * @module
 */

import { Encoding } from "udrm/drivers/display/rfb/wire.ts";

/** What it is started with. */
export interface ViewerTask {
  /** The server's, of 127.0.0.1. */
  readonly port: number;
  /** What it knows. */
  readonly encodings: readonly number[];
}

/** What it says after each update. */
export interface ViewerReport {
  /** Bytes of the update. */
  readonly bytes: number;
}

const BUFFER = 1 << 20;

class Stream {
  readonly #connection: Deno.TcpConn;
  readonly #buffer = new Uint8Array(BUFFER);
  readonly #view = new DataView(this.#buffer.buffer);
  #start = 0;
  #end = 0;
  bytes = 0;

  constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  // Few bytes, to be looked at; where they begin.
  async #take(length: number): Promise<number> {
    while (this.#end - this.#start < length) {
      this.#buffer.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
      const got = await this.#connection.read(this.#buffer.subarray(this.#end));
      if (got === null) throw new Error("the server has closed the connection");
      this.#end += got;
    }
    this.#start += length;
    this.bytes += length;
    return this.#start - length;
  }

  async u8(): Promise<number> {
    return this.#buffer[await this.#take(1)];
  }

  async u16(): Promise<number> {
    return this.#view.getUint16(await this.#take(2));
  }

  async u32(): Promise<number> {
    return this.#view.getUint32(await this.#take(4));
  }

  async skip(length: number): Promise<void> {
    while (length > 0) {
      const part = Math.min(length, BUFFER / 2, Math.max(1, this.#end - this.#start));
      await this.#take(part);
      length -= part;
    }
  }
}

async function tight(stream: Stream, width: number, height: number): Promise<void> {
  const control = await stream.u8();
  if (control === 0x80) return await stream.skip(3);
  let across = width * 3;
  if ((control & 0x40) !== 0) {
    if (await stream.u8() !== 1) throw new Error("a Tight filter that is not expected");
    const colours = await stream.u8() + 1;
    await stream.skip(colours * 3);
    across = colours === 2 ? Math.ceil(width / 8) : width;
  }
  if (across * height < 12) return await stream.skip(across * height);
  let length = 0;
  for (let i = 0; i < 3; i++) {
    const byte = await stream.u8();
    length |= (i < 2 ? byte & 0x7f : byte) << 7 * i;
    if (byte < 0x80) break;
  }
  await stream.skip(length);
}

async function update(stream: Stream): Promise<void> {
  const type = await stream.u8();
  if (type !== 0) throw new Error(`a message of type ${type}`);
  await stream.skip(1);
  const count = await stream.u16();
  for (let i = 0; i < count; i++) {
    await stream.skip(4);
    const width = await stream.u16(), height = await stream.u16(), encoding = await stream.u32() | 0;
    if (encoding === Encoding.lastRect) return;
    if (encoding === Encoding.raw) await stream.skip(width * height * 4);
    else if (encoding === Encoding.copyRect) await stream.skip(4);
    else if (encoding === Encoding.zrle) await stream.skip(await stream.u32());
    else if (encoding === Encoding.tight) await tight(stream, width, height);
    else throw new Error(`a rectangle of encoding ${encoding}`);
  }
}

async function view({ port, encodings }: ViewerTask): Promise<void> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  connection.setNoDelay(true);
  const stream = new Stream(connection);
  await connection.write(new TextEncoder().encode("RFB 003.008\n\x01\x01"));
  await stream.skip(12 + 2 + 4);
  const width = await stream.u16(), height = await stream.u16();
  await stream.skip(16);
  await stream.skip(await stream.u32());
  const list = encodings.flatMap((each) => [each >> 24 & 255, each >> 16 & 255, each >> 8 & 255, each & 255]);
  await connection.write(Uint8Array.of(2, 0, 0, encodings.length, ...list));
  for (let incremental = 0;; incremental = 1) {
    await connection.write(
      Uint8Array.of(3, incremental, 0, 0, 0, 0, width >> 8, width & 255, height >> 8, height & 255),
    );
    stream.bytes = 0;
    await update(stream);
    const report: ViewerReport = { bytes: stream.bytes };
    self.postMessage(report);
  }
}

declare const self: {
  postMessage(message: ViewerReport): void;
  onmessage: ((event: MessageEvent<ViewerTask>) => void) | null;
};

self.onmessage = ({ data }) => void view(data);
