/**
 * `SharedDisplay`: the display of a kernel thread whose viewers live in another isolate. It writes what changed as XRGB8888 into
 * shared memory and waits for nobody; frames that come before the last one was looked at are left out.
 * @module
 */

import type { CursorImage, Display, DisplayMode, Frame, Rect } from "../../../core/display.ts";
import { DRM_FORMAT_ARGB8888, DRM_FORMAT_XRGB8888 } from "../../../uapi/drm_fourcc.ts";
import { toXrgb } from "../pixels.ts";
import {
  Block,
  Board,
  CURSOR_MAX,
  Head,
  Record,
  SCANOUTS_MAX,
  type SharedMessage,
  SIZE_MAX,
  TILE,
  TILES_ACROSS,
} from "./board.ts";

/** Where input goes. */
export interface DisplayInput {
  /** A key (KEY_*) goes down or up. */
  key(code: number, down: boolean): void;
  /** The pointer is at a pixel of a scanout of `width` by `height`. @param buttons bit 0 left, 1 middle, 2 right, 7 back, 8 forward. */
  pointer(x: number, y: number, buttons: number, width: number, height: number): void;
  /** The wheel turns by steps. */
  wheel(down: number, right: number): void;
  /** All keys and buttons are up. */
  reset(): void;
}

/** What a {@linkcode SharedDisplay} is made of. */
export interface SharedDisplayOptions {
  /** What `createBoard` made. */
  readonly board: SharedArrayBuffer;
  /** Brings a message to `SharedScreens.receive`. */
  readonly send: (message: SharedMessage) => void;
  /** Where input goes; nowhere by default. */
  readonly input?: DisplayInput;
}

interface Shared {
  // The block's place on the board.
  readonly block: number;
  words: Uint32Array;
  bytes: Uint8Array;
  buffers: number;
  // What is on the scanout has not been read.
  stale: boolean;
  image: CursorImage | undefined;
}

const EMPTY = new Uint8Array(0);

/** The display. `poll` is to be called when the viewers' isolate kicks. */
export class SharedDisplay implements Display {
  /** "shared", unless told. */
  readonly name: string = "shared";
  /** Set by the device. */
  onModeChange?: (scanout: number, mode: DisplayMode) => void;
  /** Set by the device. */
  onRefresh?: (scanout: number) => void;
  readonly #board: Board;
  readonly #send: (message: SharedMessage) => void;
  readonly #input: DisplayInput | undefined;
  readonly #scanouts = new Map<number, Shared>();
  #scratch: Uint8Array = EMPTY;
  #refreshing = false;

  /** A display that shows nothing yet. @param options the board, and the way to the viewers. */
  constructor(options: SharedDisplayOptions) {
    this.#board = new Board(options.board);
    this.#send = options.send;
    this.#input = options.input;
  }

  #shared(scanout: number): Shared | undefined {
    if (scanout >= SCANOUTS_MAX) return undefined;
    let shared = this.#scanouts.get(scanout);
    if (shared === undefined) {
      const block = this.#board.block(scanout);
      shared = { block, words: new Uint32Array(0), bytes: EMPTY, buffers: 0, stale: false, image: undefined };
      this.#scanouts.set(scanout, shared);
    }
    return shared;
  }

  /** Takes in a frame: what changed of it, or nothing if nobody looks or the frame before has not been looked at. */
  present(scanout: number, frame: Frame | undefined): void {
    const shared = this.#shared(scanout);
    if (shared === undefined) return frame?.release?.();
    const { acquire } = frame ?? {};
    if (frame === undefined || acquire === undefined || acquire.isSignaled) {
      this.#take(scanout, shared, frame);
      frame?.release?.();
      return;
    }
    frame.hold?.();
    acquire.addCallback(() => {
      this.#take(scanout, shared, frame);
      frame.release?.();
    });
  }

  #take(scanout: number, shared: Shared, frame: Frame | undefined): void {
    const { words } = this.#board;
    const { block } = shared;
    const fits = frame !== undefined && frame.width <= SIZE_MAX && frame.height <= SIZE_MAX;
    const width = fits ? frame.width : 0, height = fits ? frame.height : 0;
    const fresh = words[block + Block.width] !== width || words[block + Block.height] !== height;
    if (fresh) this.#resize(scanout, shared, width, height);
    if (!fits) {
      if (fresh) this.#tell(scanout, block);
      return;
    }
    if ((Atomics.load(words, Head.watched) >>> scanout & 1) === 0 && this.onRefresh !== undefined) {
      shared.stale = true;
      if (fresh) this.#tell(scanout, block);
      return;
    }
    const all = fresh || shared.stale || frame.damage.length === 0;
    if (this.#mayWait(block, width * height, all, frame.damage)) {
      shared.stale = true;
      Atomics.store(words, block + Block.stale, 1);
      // The viewers may have looked in between: then nobody would kick.
      if (Atomics.load(words, block + Block.told) === 1) return;
    }
    shared.stale = false;
    Atomics.store(words, block + Block.stale, 0);
    if (all) this.#read(shared, frame, { x: 0, y: 0, width, height }, width);
    else for (const rect of frame.damage) this.#read(shared, frame, rect, width);
    this.#tell(scanout, block);
  }

  // Whether a frame may be left out for now: it is large, the one before was not taken, and the device shows it again when asked.
  #mayWait(block: number, pixels: number, all: boolean, damage: readonly Rect[]): boolean {
    if (this.#refreshing || this.onRefresh === undefined) return false;
    if (Atomics.load(this.#board.words, block + Block.told) === 0) return false;
    if (all) return true;
    let area = 0;
    for (const rect of damage) area += rect.width * rect.height;
    return area * 4 > pixels;
  }

  #resize(scanout: number, shared: Shared, width: number, height: number): void {
    const { words } = this.#board;
    const { block } = shared;
    Atomics.add(words, block + Block.generation, 1);
    if (width * height > shared.words.length) {
      // In powers of two, so that a client that changes modes for ever brings few of them.
      const buffer = new SharedArrayBuffer(4 * 2 ** Math.ceil(Math.log2(width * height)));
      shared.words = new Uint32Array(buffer);
      shared.bytes = new Uint8Array(buffer);
      this.#send({ kind: "buffer", scanout, number: ++shared.buffers, buffer });
    }
    Atomics.store(words, block + Block.width, width);
    Atomics.store(words, block + Block.height, height);
    Atomics.store(words, block + Block.buffer, shared.buffers);
    Atomics.add(words, block + Block.generation, 1);
  }

  // The pixels first, then the bits: a viewer takes the bits first, then the pixels.
  #read(shared: Shared, frame: Frame, rect: Rect, width: number): void {
    if (rect.width <= 0 || rect.height <= 0) return;
    const stride = width * 4;
    const start = rect.y * stride + rect.x * 4;
    const end = start + (rect.height - 1) * stride + rect.width * 4;
    if (frame.format === DRM_FORMAT_XRGB8888 || frame.format === DRM_FORMAT_ARGB8888) {
      frame.read(shared.bytes.subarray(start, end), stride, rect);
    } else {
      const size = rect.width * rect.height * 4;
      if (this.#scratch.length < size) this.#scratch = new Uint8Array(size);
      const rows = this.#scratch.subarray(0, size);
      frame.read(rows, rect.width * 4, rect);
      toXrgb(frame.format, rows);
      for (let y = 0; y < rect.height; y++) {
        shared.bytes.set(rows.subarray(y * rect.width * 4, (y + 1) * rect.width * 4), start + y * stride);
      }
    }
    const { words } = this.#board;
    const tiles = shared.block + Block.tiles;
    const right = Math.floor((rect.x + rect.width - 1) / TILE), bottom = Math.floor((rect.y + rect.height - 1) / TILE);
    for (let row = Math.floor(rect.y / TILE); row <= bottom; row++) {
      for (let column = Math.floor(rect.x / TILE); column <= right; column++) {
        const bit = row * TILES_ACROSS + column;
        Atomics.or(words, tiles + (bit >>> 5), 1 << (bit & 31));
      }
    }
  }

  #tell(scanout: number, block: number): void {
    if (Atomics.exchange(this.#board.words, block + Block.told, 1) === 0) this.#send({ kind: "changed", scanout });
  }

  /** Takes in a cursor. One that is larger than 256 by 256 is cut. */
  cursor(scanout: number, image: CursorImage | undefined, x: number, y: number): void {
    const shared = this.#shared(scanout);
    if (shared === undefined) return;
    const { words } = this.#board;
    const { block } = shared;
    Atomics.add(words, block + Block.cursorSerial, 1);
    words[block + Block.cursorX] = x;
    words[block + Block.cursorY] = y;
    if (image !== shared.image) {
      shared.image = image;
      const width = Math.min(image?.width ?? 0, CURSOR_MAX), height = Math.min(image?.height ?? 0, CURSOR_MAX);
      const target = this.#board.cursor(scanout);
      for (let row = 0; image !== undefined && row < height; row++) {
        const from = row * image.width * 4;
        target.set(image.bytes.subarray(from, from + width * 4), row * width * 4);
      }
      words[block + Block.cursorWidth] = width;
      words[block + Block.cursorHeight] = height;
      words[block + Block.cursorHotX] = image?.hotX ?? 0;
      words[block + Block.cursorHotY] = image?.hotY ?? 0;
      words[block + Block.cursorImage]++;
    }
    Atomics.add(words, block + Block.cursorSerial, 1);
    this.#tell(scanout, block);
  }

  /** The viewers' isolate has kicked: takes in input, and shows what was left out if it may go on. */
  poll(): void {
    this.#drain();
    const { words } = this.#board;
    const watched = Atomics.load(words, Head.watched);
    for (const [scanout, shared] of this.#scanouts) {
      if (!shared.stale || (watched >>> scanout & 1) === 0) continue;
      if (Atomics.load(words, shared.block + Block.told) === 1) {
        Atomics.store(words, shared.block + Block.stale, 1);
        if (Atomics.load(words, shared.block + Block.told) === 1) continue;
      }
      this.#refreshing = true;
      try {
        this.onRefresh?.(scanout);
      } finally {
        this.#refreshing = false;
      }
    }
  }

  #drain(): void {
    const { words } = this.#board;
    const head = Atomics.load(words, Head.ringHead);
    let tail = Atomics.load(words, Head.ringTail);
    for (; tail !== head; tail = tail + 1 | 0) {
      const at = this.#board.record(tail);
      this.#record(words[at] >>> 16, words[at] & 0xffff, words[at + 1], words[at + 2], words[at + 3]);
      Atomics.store(words, Head.ringTail, tail + 1 | 0);
    }
  }

  #record(scanout: number, kind: number, a: number, b: number, c: number): void {
    const input = this.#input;
    switch (kind) {
      case Record.key:
        return input?.key(a, b !== 0);
      case Record.wheel:
        return input?.wheel(a, b);
      case Record.reset:
        return input?.reset();
      case Record.mode:
        return this.onModeChange?.(scanout, { enabled: true, width: a, height: b });
      case Record.pointer: {
        if (scanout >= SCANOUTS_MAX) return;
        const { words } = this.#board;
        const block = this.#board.block(scanout);
        const width = words[block + Block.width], height = words[block + Block.height];
        if (width > 0 && height > 0) input?.pointer(a, b, c, width, height);
      }
    }
  }

  /** All scanouts are off. */
  [Symbol.dispose](): void {
    for (const [scanout, shared] of this.#scanouts) this.#take(scanout, shared, undefined);
    this.#scanouts.clear();
    this.onModeChange = this.onRefresh = undefined;
  }
}
