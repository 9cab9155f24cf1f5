/**
 * `Updater`: what one viewer is sent, and when: one update at a time, made when the viewer asks (or has asked for all to come) and
 * something has changed. What comes meanwhile is damage of the next one.
 * @module
 */

import type { Rect } from "../../../core/display.ts";
import type { ScreenSource } from "../screen_source.ts";
import { CopyPlanner, type Plan } from "./copy_planner.ts";
import { Encoder, type PixelEncoding } from "./encoder.ts";
import { Output } from "./output.ts";
import { NATIVE_FORMAT, PixelCodec } from "./pixel_format.ts";
import { PseudoRects } from "./pseudo_rects.ts";
import { ViewerScreen } from "./viewer_screen.ts";
import { Encoding, Fence, Server } from "./wire.ts";

/** Pixels of one update at most: more goes into the next. */
const UPDATE_PIXELS = 1 << 22;
/** Pixels after which others have their turn. */
const TURN_PIXELS = 1 << 18;
/** Rows that are encoded at once. */
const STRIP = 64;
/** Bytes that are kept for the next update. */
const KEPT = 1 << 16;
/** Updates that nobody asked for one by one go on while fewer than this many are on their way. */
const PACE = 3;
/** Bytes of the payload of a fence behind an update: its number. */
const PACE_BYTES = 4;
/** What a viewer sees before the screen is on for the first time. */
const DARK = { width: 1024, height: 768 };

function union(a: Rect | undefined, b: Rect | undefined): Rect | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const x = Math.min(a.x, b.x), y = Math.min(a.y, b.y);
  return {
    x,
    y,
    width: Math.max(a.x + a.width, b.x + b.width) - x,
    height: Math.max(a.y + a.height, b.y + b.height) - y,
  };
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/** What goes to one viewer. */
export class Updater implements Disposable {
  /** The viewer's copy. */
  readonly screen: ViewerScreen;
  #codec: PixelCodec = new PixelCodec(NATIVE_FORMAT);
  /** How pixels are encoded. */
  encoding: PixelEncoding = Encoding.raw;
  /** Encodings and pseudo-encodings that it knows. */
  known: ReadonlySet<number> = new Set([Encoding.raw]);
  /** Updates sent. */
  updates = 0;
  readonly #source: ScreenSource;
  readonly #encoder = new Encoder();
  readonly #write: (bytes: Uint8Array) => Promise<void>;
  readonly #onError: (error: unknown) => void;
  readonly #watch: Disposable;
  readonly #out = new Output(1 << 16);
  #asked: Rect | undefined;
  #continuous: Rect | undefined;
  readonly #pseudo: PseudoRects;
  // For viewers that copy.
  #planner: CopyPlanner | undefined;
  // Numbers of the last fence behind an update that was sent, and that came back.
  #fenced = 0;
  #passed = 0;
  // Bytes that this update has had in its buffer at once.
  #largest = 0;
  #busy: Promise<void> | undefined;
  #holds = 0;
  // Whether something has changed since the update that is being made was begun.
  #again = false;
  #closed = false;

  /** Nothing goes before the first `request`. @param source the screen. @param write sends bytes, resolving when the next may come. @param onError is told what failed. */
  constructor(source: ScreenSource, write: (bytes: Uint8Array) => Promise<void>, onError: (error: unknown) => void) {
    this.#source = source;
    this.#write = write;
    this.#onError = onError;
    this.screen = new ViewerScreen(source, () => this.wake());
    this.#watch = source.watch(this.screen);
    source.take();
    this.screen.resize(source.width || DARK.width, source.height || DARK.height);
    this.#pseudo = new PseudoRects(source, this.screen);
  }

  /** SetPixelFormat. Between updates. */
  setCodec(codec: PixelCodec): void {
    this.#codec = codec;
    this.screen.forget();
  }

  /** Does something between two updates, when none is being made or sent. */
  async between(body: () => void | Promise<void>): Promise<void> {
    this.#holds++;
    try {
      while (this.#busy !== undefined) await this.#busy;
      await body();
    } finally {
      this.#holds--;
      this.wake();
    }
  }

  #clip({ x, y, width, height }: Rect): Rect {
    const left = Math.min(x, this.screen.width), top = Math.min(y, this.screen.height);
    return {
      x: left,
      y: top,
      width: Math.min(width, this.screen.width - left),
      height: Math.min(height, this.screen.height - top),
    };
  }

  /** FramebufferUpdateRequest. */
  request(incremental: boolean, rect: Rect): void {
    const clip = this.#clip(rect);
    if (!incremental) this.screen.force(clip);
    // Several requests are one: of what all of them name.
    this.#asked = union(this.#asked, clip);
    this.wake();
  }

  /** EnableContinuousUpdates; undefined switches them off. */
  continuous(rect: Rect | undefined): void {
    this.#continuous = rect;
    this.wake();
  }

  /** The viewer answers a fence. @param payload as it came: no matter what. */
  passed(payload: Uint8Array): void {
    if (payload.length !== PACE_BYTES) return;
    const number = new DataView(payload.buffer, payload.byteOffset).getUint32(0);
    // Only what is on its way can arrive.
    if (number - this.#passed >>> 0 > (this.#fenced - this.#passed >>> 0)) return;
    this.#passed = number;
    this.wake();
  }

  /** SetEncodings. Between updates. @param level of compression, 0 to 9; undefined: the server's choice. */
  setEncodings(known: ReadonlySet<number>, level: number | undefined): void {
    const before = this.known;
    this.known = known;
    // In the order of the viewer's wish; Raw always goes.
    this.encoding = Encoding.raw;
    for (const each of known) {
      if (each !== Encoding.zrle && each !== Encoding.tight && each !== Encoding.raw) continue;
      this.encoding = each;
      break;
    }
    this.#encoder.level = Math.max(1, level ?? 1);
    this.screen.composesCursor = !known.has(Encoding.cursor) && !known.has(Encoding.cursorWithAlpha);
    if (!known.has(Encoding.copyRect)) this.#planner = undefined;
    else this.#planner ??= new CopyPlanner(this.screen);
    if (!known.has(Encoding.fence)) this.#passed = this.#fenced;
    this.#pseudo.change(before, known);
    this.wake();
  }

  /** Tells the viewer the size, and what became of its wish. */
  answerSize(reason: number, status: number): void {
    this.#pseudo.answerSize(reason, status);
    this.wake();
  }

  /** Looks whether there is anything to send, and sends it. */
  wake(): void {
    if (this.#busy !== undefined) {
      this.#again = true;
      return;
    }
    if (this.#closed || this.#holds > 0) return;
    const free = (this.#fenced - this.#passed >>> 0) < PACE;
    const asked = free ? union(this.#asked, this.#continuous) : this.#asked;
    if (asked === undefined) return;
    this.#again = false;
    this.#source.take();
    this.#busy = this.#send(asked).then((sent) => {
      this.#busy = undefined;
      // What was told meanwhile has not been taken: nobody would tell it again.
      if (sent || this.#again) this.wake();
    }, (error) => {
      this.#busy = undefined;
      this.#closed = true;
      this.#onError(error);
    });
  }

  // Whether there was anything.
  async #send(wanted: Rect): Promise<boolean> {
    const out = this.#out;
    out.length = this.#largest = 0;
    // A request that comes from here on is for the next update.
    const asked = this.#asked;
    this.#asked = undefined;
    const rects = await this.#make(out, this.#clip(wanted));
    if (this.#closed) return false;
    if (rects === 0) {
      this.#asked = union(this.#asked, asked);
      return false;
    }
    this.updates++;
    const paced = this.#continuous !== undefined && this.known.has(Encoding.fence);
    if (paced) {
      this.#fenced = this.#fenced + 1 >>> 0;
      out.u8(Server.fence).u8(0).u16(0).u32(Fence.request + Fence.blockBefore).u8(PACE_BYTES).u32(this.#fenced);
    }
    await this.#flush(out);
    // A buffer that large updates need is not kept for small ones.
    if (this.#largest < out.bytes.length >> 3 && out.bytes.length > KEPT) out.drop();
    return true;
  }

  async #flush(out: Output): Promise<void> {
    this.#largest = Math.max(this.#largest, out.length);
    await this.#write(out.written);
    out.length = 0;
  }

  // Makes an update, and sends what it cannot keep; how many rectangles it has.
  async #make(out: Output, clip: Rect): Promise<number> {
    out.u8(Server.update).u8(0).u16(0);
    const { screen, encoding, known } = this;
    let rects = this.#pseudo.write(out, known, this.#codec);
    // A change of size goes alone: what comes after it counts by the new one.
    if (rects < 0) {
      out.patch16(2, -rects);
      return -rects;
    }
    const plan = this.#plan(clip);
    for (const { x, y, width, height, fromX, fromY } of plan.copies) {
      out.u16(x).u16(y).u16(width).u16(height).u32(Encoding.copyRect).u16(fromX).u16(fromY);
      rects++;
    }
    const pixels = plan.rects.reduce((sum, { width, height }) => sum + width * height, 0);
    // What is not counted need not be held until it is.
    const open = pixels > TURN_PIXELS && known.has(Encoding.lastRect);
    if (open) out.patch16(2, 0xffff);
    else if (encoding === Encoding.raw) out.reserve(pixels * this.#codec.bytes + 12 * plan.rects.length * 2);
    let turn = 0;
    for (const rect of plan.rects) {
      const { words, width: stride } = screen;
      for (let y = rect.y; y < rect.y + rect.height; y += STRIP) {
        const height = Math.min(STRIP, rect.y + rect.height - y);
        rects += this.#encoder.rect(out, encoding, this.#codec, words, stride, rect.x, y, rect.width, height);
        turn += rect.width * height;
        if (turn < TURN_PIXELS) continue;
        turn = 0;
        if (open) await this.#flush(out);
        else await pause();
        if (this.#closed) return 0;
      }
    }
    if (open) out.u16(0).u16(0).u16(0).u16(0).u32(Encoding.lastRect);
    else out.patch16(2, rects);
    return rects;
  }

  #plan(clip: Rect): Plan {
    const rects = this.screen.update(clip, UPDATE_PIXELS);
    return this.#planner?.plan(this.screen, rects, this.screen.whole) ?? { copies: [], rects };
  }

  /** Nothing goes any more. */
  [Symbol.dispose](): void {
    this.#closed = true;
    this.#watch[Symbol.dispose]();
  }
}
