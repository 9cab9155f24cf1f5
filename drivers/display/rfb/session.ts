/**
 * `RfbSession`: one viewer, from its first byte to its last. Its messages are taken one after the other; updates go beside them.
 * @module
 */

import type { ScreenSource } from "../screen_source.ts";
import { handshake } from "./handshake.ts";
import { keyOfKeysym, keyOfScancode } from "./keys.ts";
import { Output } from "./output.ts";
import {
  colourMap,
  formatPixelFormat,
  formatProblem,
  NATIVE_FORMAT,
  parsePixelFormat,
  PIXEL_FORMAT_SIZE,
  PixelCodec,
} from "./pixel_format.ts";
import { Reader, RfbError, type RfbTransport } from "./transport.ts";
import { Updater } from "./updater.ts";
import { Client, DesktopSize, Encoding, Fence, Server } from "./wire.ts";

/** What a session may do, and for how long. */
export interface RfbSessionOptions {
  /** Its first 8 bytes are asked for; undefined asks for nothing. */
  readonly password?: string;
  /** Whether keys and the pointer are ignored. */
  readonly viewOnly?: boolean;
  /** The handshake takes at most this long, ms; 10 s by default. */
  readonly handshakeTimeout?: number;
  /** A viewer that takes nothing for this long is dropped, ms; 30 s by default. */
  readonly writeTimeout?: number;
  /** Called once the viewer is let in; what it throws ends the session. @param shared whether it wants others to stay. */
  readonly onBegin?: (shared: boolean) => void;
}

/** The longest text of a clipboard that is listened through to its end. */
const CUT_TEXT_MAX = 16 << 20;
const FENCE_MAX = 64;
const FENCE_FLAGS = Fence.blockBefore | Fence.blockAfter | Fence.syncNext;
/** Bits of the buttons that are a wheel: up, down, left, right. */
const WHEEL_BITS = 0x78;

/** A connected viewer. */
export class RfbSession {
  readonly #source: ScreenSource;
  readonly #transport: RfbTransport;
  readonly #options: RfbSessionOptions;
  readonly #reader: Reader;
  readonly #keys = new Set<number>();
  #updater: Updater | undefined;
  #buttons = 0;
  #x = 0;
  #y = 0;
  #writing: Promise<void> = Promise.resolve();
  #extendedButtons = false;
  #failure: unknown;

  /** A viewer of a screen. @param source the screen. @param transport the connection, which the session closes. @param options limits. */
  constructor(source: ScreenSource, transport: RfbTransport, options: RfbSessionOptions = {}) {
    this.#source = source;
    this.#transport = transport;
    this.#options = options;
    this.#reader = new Reader(transport);
  }

  /** Updates that were sent. */
  get updates(): number {
    return this.#updater?.updates ?? 0;
  }

  /** Serves until the viewer goes. Rejects with what was wrong: {@linkcode RfbError}, `RfbEnd`, or an error of the connection. */
  async run(): Promise<void> {
    const { handshakeTimeout = 10_000, password } = this.#options;
    const timer = setTimeout(() => this.drop(new RfbError("its handshake takes too long")), handshakeTimeout);
    try {
      const shared = await handshake(this.#reader, (bytes) => this.#write(bytes), password);
      clearTimeout(timer);
      this.#options.onBegin?.(shared);
      using updater = this.#updater = new Updater(
        this.#source,
        (bytes) => this.#write(bytes),
        (error) => this.drop(error),
      );
      await this.#begin(updater);
      for (;;) await this.#message(updater);
    } catch (error) {
      throw this.#failure ?? error;
    } finally {
      clearTimeout(timer);
      this.#release();
      this.drop(undefined);
    }
  }

  /** Ends it. @param reason what `run` rejects with. */
  drop(reason: unknown): void {
    this.#failure ??= reason;
    this.#transport.close();
  }

  // One after the other, each whole.
  #write(bytes: Uint8Array): Promise<void> {
    const done = this.#writing.then(() => this.#writeAll(bytes));
    this.#writing = done.catch(() => {});
    return done;
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    const { writeTimeout = 30_000 } = this.#options;
    for (let at = 0; at < bytes.length;) {
      const timer = setTimeout(() => this.drop(new RfbError("it reads nothing")), writeTimeout);
      try {
        // In parts, so that a viewer that reads slowly is known from one that does not read.
        at += await this.#transport.write(bytes.subarray(at, at + (1 << 18)));
      } finally {
        clearTimeout(timer);
      }
    }
  }

  #begin({ screen }: Updater): Promise<void> {
    const name = new TextEncoder().encode(this.#source.name);
    const out = new Output(64).u16(screen.width).u16(screen.height).raw(formatPixelFormat(NATIVE_FORMAT));
    return this.#write(out.u32(name.length).raw(name).written);
  }

  async #message(updater: Updater): Promise<void> {
    const reader = this.#reader;
    const [type] = await reader.take(1);
    switch (type) {
      case Client.setPixelFormat:
        return await this.#setPixelFormat(updater);
      case Client.setEncodings:
        return await this.#setEncodings(updater);
      case Client.updateRequest: {
        const { view } = await this.#fields(9);
        updater.request(view.getUint8(0) !== 0, {
          x: view.getUint16(1),
          y: view.getUint16(3),
          width: view.getUint16(5),
          height: view.getUint16(7),
        });
        return;
      }
      case Client.key: {
        const { view } = await this.#fields(7);
        return this.#key(keyOfKeysym(view.getUint32(3)), view.getUint8(0) !== 0);
      }
      case Client.pointer: {
        const { view } = await this.#fields(5);
        let buttons = view.getUint8(0);
        const x = view.getUint16(1), y = view.getUint16(3);
        if (this.#extendedButtons && (buttons & 0x80) !== 0) {
          buttons = buttons & 0x7f | (await reader.take(1))[0] << 7;
        }
        return this.#pointer(x, y, buttons);
      }
      case Client.cutText: {
        const { view } = await this.#fields(7);
        const length = view.getUint32(3);
        // Longer ones are of extensions that were not offered, or no clipboard at all.
        if (length > CUT_TEXT_MAX) throw new RfbError(`its clipboard has ${length} bytes`);
        return await reader.skip(length);
      }
      case Client.continuousUpdates:
        return await this.#continuousUpdates(updater);
      case Client.fence:
        return await this.#fence(updater);
      case Client.setDesktopSize:
        return await this.#setDesktopSize(updater);
      case Client.qemu: {
        const { view } = await this.#fields(11);
        if (view.getUint8(0) !== 0) throw new RfbError(`it sends QEMU's message ${view.getUint8(0)}`);
        const down = view.getUint16(1) !== 0, keysym = view.getUint32(3), scancode = view.getUint32(7);
        return this.#key(keyOfScancode(scancode) ?? keyOfKeysym(keysym), down);
      }
      default:
        throw new RfbError(`it sends a message of type ${type}`);
    }
  }

  async #fields(length: number): Promise<{ readonly bytes: Uint8Array; readonly view: DataView }> {
    const bytes = await this.#reader.take(length);
    return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, length) };
  }

  // Updates that are under way have the old format: they go first.
  async #setPixelFormat(updater: Updater): Promise<void> {
    const bytes = await this.#reader.take(3 + PIXEL_FORMAT_SIZE);
    const format = parsePixelFormat(bytes.subarray(3));
    const problem = formatProblem(format);
    if (problem !== undefined) throw new RfbError(`it wants ${problem}`);
    await updater.between(async () => {
      updater.setCodec(new PixelCodec(format));
      if (format.trueColour) return;
      const map = colourMap();
      const out = new Output(6 + map.length * 2).u8(Server.colourMap).u8(0).u16(0).u16(256);
      for (const value of map) out.u16(value);
      await this.#write(out.written);
    });
  }

  async #setEncodings(updater: Updater): Promise<void> {
    const { view } = await this.#fields(3);
    const count = view.getUint16(1);
    const known = new Set<number>();
    let level: number | undefined;
    // Only those that mean anything here are kept: a list may have 65535.
    for (let i = 0; i < count; i++) {
      const encoding = (await this.#fields(4)).view.getInt32(0);
      const compress = encoding - Encoding.compressLevel0;
      if (compress >= 0 && compress <= 9) level ??= compress;
      else if (KNOWN.has(encoding)) known.add(encoding);
    }
    const before = updater.known;
    this.#extendedButtons = known.has(Encoding.extendedMouseButtons);
    await updater.between(async () => {
      updater.setEncodings(known, level);
      // A request: noVNC takes nothing else for the sign that there are fences. Its answer means nothing.
      if (known.has(Encoding.fence) && !before.has(Encoding.fence)) {
        await this.#sendFence(Fence.request, new Uint8Array(0));
      }
      if (known.has(Encoding.continuousUpdates) && !before.has(Encoding.continuousUpdates)) {
        await this.#write(Uint8Array.of(Server.endOfContinuousUpdates));
      }
    });
  }

  async #continuousUpdates(updater: Updater): Promise<void> {
    const { view } = await this.#fields(9);
    if (!updater.known.has(Encoding.continuousUpdates)) throw new RfbError("it was not offered continuous updates");
    const on = view.getUint8(0) !== 0;
    const rect = { x: view.getUint16(1), y: view.getUint16(3), width: view.getUint16(5), height: view.getUint16(7) };
    updater.continuous(on ? rect : undefined);
    if (!on) await updater.between(() => this.#write(Uint8Array.of(Server.endOfContinuousUpdates)));
  }

  async #fence(updater: Updater): Promise<void> {
    const { view } = await this.#fields(8);
    const flags = view.getUint32(3), length = view.getUint8(7);
    if (length > FENCE_MAX) throw new RfbError(`its fence has ${length} bytes`);
    const payload = (await this.#reader.take(length)).slice();
    if ((flags & Fence.request) === 0) return updater.passed(payload);
    // Messages before it are done with, those after it have not begun: all flags hold once updates have gone.
    await updater.between(() => this.#sendFence(flags & FENCE_FLAGS, payload));
  }

  #sendFence(flags: number, payload: Uint8Array): Promise<void> {
    return this.#write(
      new Output(16).u8(Server.fence).u8(0).u16(0).u32(flags).u8(payload.length).raw(payload).written,
    );
  }

  async #setDesktopSize(updater: Updater): Promise<void> {
    const { view } = await this.#fields(7);
    const width = view.getUint16(1), height = view.getUint16(3), screens = view.getUint8(5);
    await this.#reader.skip(screens * 16);
    if (!updater.known.has(Encoding.extendedDesktopSize)) throw new RfbError("it was not offered other sizes");
    const valid = screens > 0 && width >= 64 && height >= 64 && width <= 8192 && height <= 8192;
    const status = !valid
      ? DesktopSize.invalid
      : this.#options.viewOnly === true || !this.#source.resize(width, height)
      ? DesktopSize.prohibited
      : DesktopSize.forwarded;
    updater.answerSize(DesktopSize.byClient, status);
  }

  #key(key: number | undefined, down: boolean): void {
    if (key === undefined || this.#options.viewOnly === true) return;
    if (down) this.#keys.add(key);
    else if (!this.#keys.delete(key)) return;
    this.#source.key(key, down);
  }

  #pointer(x: number, y: number, buttons: number): void {
    if (this.#options.viewOnly === true) return;
    const { width, height } = this.#source;
    if (width === 0) return;
    const pressed = buttons & ~this.#buttons;
    this.#buttons = buttons;
    this.#x = Math.min(x, width - 1);
    this.#y = Math.min(y, height - 1);
    this.#source.pointer(this.#x, this.#y, buttons & ~WHEEL_BITS);
    if ((pressed & WHEEL_BITS) === 0) return;
    const down = (pressed >> 4 & 1) - (pressed >> 3 & 1), right = (pressed >> 6 & 1) - (pressed >> 5 & 1);
    this.#source.wheel(down, right);
  }

  // What the viewer held down goes up with it.
  #release(): void {
    for (const key of this.#keys) this.#source.key(key, false);
    this.#keys.clear();
    if ((this.#buttons & ~WHEEL_BITS) !== 0) this.#source.pointer(this.#x, this.#y, 0);
  }
}

const KNOWN: ReadonlySet<number> = new Set([
  Encoding.raw,
  Encoding.copyRect,
  Encoding.tight,
  Encoding.zrle,
  Encoding.cursor,
  Encoding.desktopSize,
  Encoding.lastRect,
  Encoding.desktopName,
  Encoding.qemuKey,
  Encoding.extendedDesktopSize,
  Encoding.fence,
  Encoding.continuousUpdates,
  Encoding.cursorWithAlpha,
  Encoding.extendedMouseButtons,
]);
