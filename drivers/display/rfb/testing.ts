/**
 * `RfbClient`: a small viewer, for tests and benches. `testing_decoder.ts` has its picture.
 * @module
 */

import { vncResponse } from "./des.ts";
import type { PixelFormat } from "./pixel_format.ts";
import { RectDecoder, type RectPlace } from "./testing_decoder.ts";
import { Encoding, Fence } from "./wire.ts";

export { testFrame } from "./testing_frame.ts";

/** How a client behaves. */
export interface RfbClientOptions {
  /** The version that it says; 3.8 by default. */
  readonly version?: "003.003" | "003.007" | "003.008";
  /** For VNC authentication. */
  readonly password?: string;
  /** Whether others may stay; they may by default. */
  readonly shared?: boolean;
  /** Its pixels; the server's by default. */
  readonly format?: PixelFormat;
  /** What it knows, in its order. */
  readonly encodings?: readonly number[];
  /** Whether fences with a payload are answered, as they should be; true by default. */
  readonly answersFences?: boolean;
}

/** A rectangle that came. */
export interface ReceivedRect {
  /** Left, top, columns, rows as on the wire. */
  readonly at: RectPlace;
  /** Encoding. */
  readonly encoding: number;
}

/** A message that came. */
export type ReceivedMessage =
  | {
    readonly kind: "update";
    readonly rects: readonly ReceivedRect[];
    /** Whether it had said how many there are. */
    readonly counted: boolean;
    readonly bytes: number;
  }
  | { readonly kind: "colourMap" }
  | { readonly kind: "endOfContinuousUpdates" }
  | { readonly kind: "fence"; readonly flags: number; readonly payload: Uint8Array };

/** A viewer. */
export class RfbClient implements Disposable {
  /** Of the screen. */
  name = "";
  /** The cursor that came last: RGBA for one with alpha, else pixels and mask as they came. */
  cursor: { readonly width: number; readonly height: number; readonly bytes: Uint8Array } | undefined;
  /** Bytes that came. */
  received = 0;
  /** Fences with a payload that came. `next` does not give them. */
  fences = 0;
  /** Why the server did not let it in. */
  refusal: string | undefined;
  readonly #connection: Deno.TcpConn;
  readonly #options: RfbClientOptions;
  #buffer = new Uint8Array(1 << 16);
  #start = 0;
  #end = 0;
  readonly #picture = new RectDecoder((length) => this.take(length));

  private constructor(connection: Deno.TcpConn, options: RfbClientOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  /** Columns. */
  get width(): number {
    return this.#picture.width;
  }

  /** Rows. */
  get height(): number {
    return this.#picture.height;
  }

  /** XRGB8888. */
  get screen(): Uint32Array {
    return this.#picture.words;
  }

  /** Connects, and does all up to SetEncodings. @throws {Error} if it is not let in. */
  static async connect(port: number, options: RfbClientOptions = {}): Promise<RfbClient> {
    const client = new RfbClient(await Deno.connect({ hostname: "127.0.0.1", port }), options);
    try {
      await client.#begin();
      return client;
    } catch (error) {
      client[Symbol.dispose]();
      throw error;
    }
  }

  /** Reads `length` bytes. */
  async take(length: number): Promise<Uint8Array> {
    while (this.#end - this.#start < length) {
      if (this.#start > 0) {
        this.#buffer.copyWithin(0, this.#start, this.#end);
        this.#end -= this.#start;
        this.#start = 0;
      }
      if (this.#buffer.length < length) {
        const larger = new Uint8Array(length * 2);
        larger.set(this.#buffer);
        this.#buffer = larger;
      }
      const got = await this.#connection.read(this.#buffer.subarray(this.#end));
      if (got === null) throw new Error("the server has closed the connection");
      this.#end += got;
      this.received += got;
    }
    this.#start += length;
    return this.#buffer.slice(this.#start - length, this.#start);
  }

  async #view(length: number): Promise<DataView> {
    return new DataView((await this.take(length)).buffer);
  }

  /** Sends bytes: 8 bits each, or `[value, bytes]`. */
  async send(...fields: (number | readonly [value: number, bytes: number] | Uint8Array)[]): Promise<void> {
    const out: number[] = [];
    for (const field of fields) {
      if (typeof field === "number") out.push(field & 0xff);
      else if (field instanceof Uint8Array) out.push(...field);
      else for (let i = field[1] - 1; i >= 0; i--) out.push(Math.floor(field[0] / 2 ** (8 * i)) & 0xff);
    }
    const bytes = Uint8Array.from(out);
    for (let at = 0; at < bytes.length;) at += await this.#connection.write(bytes.subarray(at));
  }

  async #reason(): Promise<never> {
    const length = (await this.#view(4)).getUint32(0);
    this.refusal = new TextDecoder().decode(await this.take(length));
    throw new Error(`the server says: ${this.refusal}`);
  }

  async #begin(): Promise<void> {
    const { version = "003.008", password, shared = true, format, encodings } = this.#options;
    const hello = new TextDecoder().decode(await this.take(12));
    if (hello !== "RFB 003.008\n") throw new Error(`the server says ${hello}`);
    await this.send(new TextEncoder().encode(`RFB ${version}\n`));
    let type: number;
    if (version === "003.003") type = (await this.#view(4)).getUint32(0);
    else {
      const [count] = await this.take(1);
      if (count === 0) await this.#reason();
      const types = await this.take(count);
      type = types[0];
      await this.send(type);
    }
    if (type === 2) await this.send(vncResponse(password ?? "", await this.take(16)));
    if (type === 2 || version === "003.008") {
      const result = (await this.#view(4)).getUint32(0);
      if (result !== 0 && version === "003.008") await this.#reason();
      if (result !== 0) throw new Error("the server says no");
    }
    await this.send(shared ? 1 : 0);
    const init = await this.#view(24);
    this.#picture.resize(init.getUint16(0), init.getUint16(2));
    this.name = new TextDecoder().decode(await this.take(init.getUint32(20)));
    if (format !== undefined) await this.setFormat(format);
    if (encodings !== undefined) await this.setEncodings(encodings);
  }

  /** SetPixelFormat. */
  async setFormat(format: PixelFormat): Promise<void> {
    this.#picture.format = format;
    const { bitsPerPixel, depth, bigEndian, trueColour, max, shift } = format;
    await this.send(0, 0, 0, 0, bitsPerPixel, depth, bigEndian ? 1 : 0, trueColour ? 1 : 0);
    await this.send(...max.map((each) => [each, 2] as const), ...shift, 0, 0, 0);
  }

  /** SetEncodings. */
  async setEncodings(encodings: readonly number[]): Promise<void> {
    await this.send(2, 0, [encodings.length, 2], ...encodings.map((each) => [each >>> 0, 4] as const));
  }

  /** FramebufferUpdateRequest; of all by default. */
  async request(
    incremental: boolean,
    [x, y, width, height]: RectPlace = [0, 0, this.width, this.height],
  ): Promise<void> {
    await this.send(3, incremental ? 1 : 0, [x, 2], [y, 2], [width, 2], [height, 2]);
  }

  /** KeyEvent. */
  async key(keysym: number, down: boolean): Promise<void> {
    await this.send(4, down ? 1 : 0, 0, 0, [keysym, 4]);
  }

  /** PointerEvent. */
  async pointer(x: number, y: number, buttons: number): Promise<void> {
    await this.send(5, buttons, [x, 2], [y, 2]);
  }

  /** The next update, other messages left out. */
  async update(): Promise<Extract<ReceivedMessage, { kind: "update" }>> {
    for (;;) {
      const message = await this.next();
      if (message.kind === "update") return message;
    }
  }

  /** The next message, taken in. */
  async next(): Promise<ReceivedMessage> {
    const before = this.received - (this.#end - this.#start);
    const [type] = await this.take(1);
    switch (type) {
      case 0: {
        const count = (await this.#view(3)).getUint16(1);
        const rects: ReceivedRect[] = [];
        for (let i = 0; i < count; i++) {
          const rect = await this.#rect();
          if (rect.encoding === Encoding.lastRect) break;
          rects.push(rect);
        }
        return {
          kind: "update",
          rects,
          counted: rects.length === count,
          bytes: this.received - (this.#end - this.#start) - before,
        };
      }
      case 1: {
        const head = await this.#view(5);
        const first = head.getUint16(1), count = head.getUint16(3);
        const body = await this.#view(count * 6);
        const map = this.#picture.map ??= new Uint16Array(256 * 3);
        for (let i = 0; i < count * 3; i++) map[first * 3 + i] = body.getUint16(i * 2);
        return { kind: "colourMap" };
      }
      case 150:
        return { kind: "endOfContinuousUpdates" };
      case 248: {
        const head = await this.#view(8);
        const flags = head.getUint32(3), payload = await this.take(head.getUint8(7));
        if ((flags & Fence.request) !== 0 && payload.length > 0) {
          this.fences++;
          if (this.#options.answersFences !== false) {
            await this.send(248, 0, 0, 0, [(flags & ~Fence.request) >>> 0, 4], payload.length, payload);
          }
          return await this.next();
        }
        return { kind: "fence", flags, payload };
      }
      default:
        throw new Error(`the server sends a message of type ${type}`);
    }
  }

  async #rect(): Promise<ReceivedRect> {
    const head = await this.#view(12);
    const at = [0, 2, 4, 6].map((i) => head.getUint16(i)) as [number, number, number, number];
    const [, , width, height] = at;
    const encoding = head.getInt32(8);
    if (await this.#picture.rect(at, encoding)) return { at, encoding };
    switch (encoding) {
      case Encoding.cursor: {
        const size = width * height * this.#picture.format.bitsPerPixel / 8 + Math.ceil(width / 8) * height;
        this.cursor = { width, height, bytes: await this.take(size) };
        break;
      }
      case Encoding.cursorWithAlpha:
        await this.take(4);
        this.cursor = { width, height, bytes: await this.take(width * height * 4) };
        break;
      case Encoding.desktopSize:
        this.#picture.resize(width, height);
        break;
      case Encoding.extendedDesktopSize: {
        const [screens] = await this.take(4);
        await this.take(screens * 16);
        if (width !== this.width || height !== this.height) this.#picture.resize(width, height);
        break;
      }
      case Encoding.desktopName:
        this.name = new TextDecoder().decode(await this.take((await this.#view(4)).getUint32(0)));
        break;
      case Encoding.lastRect:
      case Encoding.qemuKey:
      case Encoding.extendedMouseButtons:
        break;
      default:
        throw new Error(`a rectangle of encoding ${encoding}`);
    }
    return { at, encoding };
  }

  /** Goes. */
  [Symbol.dispose](): void {
    this.#picture[Symbol.dispose]();
    try {
      this.#connection.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }
}
