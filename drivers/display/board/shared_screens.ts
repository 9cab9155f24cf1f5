/**
 * `SharedScreens`: the viewers' end of a board. Each scanout is a `ScreenSource`.
 * @module
 */

import type { ScreenSource, ScreenViewer, ViewerCursor } from "../screen_source.ts";
import { Block, Board, Head, Record, RING_RECORDS, SCANOUTS_MAX, type SharedMessage, TILE_WORDS } from "./board.ts";

const NO_CURSOR: ViewerCursor = { width: 0, height: 0, hotX: 0, hotY: 0, bytes: new Uint8Array(0) };
const NOTHING = new Uint32Array(0);

/** What the screens of one board have in common. */
interface Shore {
  readonly board: Board;
  readonly kick: () => void;
  put(scanout: number, kind: number, a: number, b: number, c: number): void;
  readonly canResize: boolean;
}

class SharedScreen implements ScreenSource {
  readonly name: string;
  width = 0;
  height = 0;
  generation = -1;
  pixels: Uint32Array = NOTHING;
  cursor: ViewerCursor = NO_CURSOR;
  cursorX = 0;
  cursorY = 0;
  readonly #shore: Shore;
  readonly #scanout: number;
  readonly #block: number;
  readonly #viewers = new Set<ScreenViewer>();
  #buffer: SharedArrayBuffer | undefined;
  #number = 0;
  #image = -1;
  #serial = -1;

  constructor(shore: Shore, scanout: number, name: string) {
    this.#shore = shore;
    this.#scanout = scanout;
    this.#block = shore.board.block(scanout);
    this.name = name;
  }

  watch(viewer: ScreenViewer): Disposable {
    const { board, kick } = this.#shore;
    this.#viewers.add(viewer);
    if (this.#viewers.size === 1) {
      Atomics.or(board.words, Head.watched, 1 << this.#scanout);
      // What was told while nobody looked is taken now, so that the display can show itself.
      Atomics.store(board.words, this.#block + Block.told, 0);
      kick();
    }
    this.take();
    viewer.dirty.addRect(0, 0, this.width, this.height);
    return {
      [Symbol.dispose]: () => {
        if (this.#viewers.delete(viewer) && this.#viewers.size === 0) {
          Atomics.and(board.words, Head.watched, ~(1 << this.#scanout));
        }
      },
    };
  }

  hasBuffer(number: number, buffer: SharedArrayBuffer): void {
    this.#number = number;
    this.#buffer = buffer;
    this.wake();
  }

  wake(): void {
    for (const viewer of [...this.#viewers]) viewer.wake();
  }

  take(): void {
    const { board: { words }, kick } = this.#shore;
    const block = this.#block;
    // The word first: what is told from here on is told anew.
    Atomics.store(words, block + Block.told, 0);
    this.#takeSize();
    this.#takeCursor();
    const tiles = block + Block.tiles;
    for (let i = 0; i < TILE_WORDS; i++) {
      if (words[tiles + i] === 0) continue;
      const bits = Atomics.exchange(words, tiles + i, 0);
      for (const viewer of this.#viewers) viewer.dirty.words[i] |= bits;
    }
    if (Atomics.load(words, block + Block.stale) === 1) {
      Atomics.store(words, block + Block.stale, 0);
      kick();
    }
  }

  #takeSize(): void {
    const { words } = this.#shore.board;
    const block = this.#block;
    const generation = Atomics.load(words, block + Block.generation);
    if (generation === this.generation || (generation & 1) !== 0) return;
    const width = words[block + Block.width], height = words[block + Block.height];
    const number = words[block + Block.buffer];
    // Torn, or the buffer is under way: the next message makes it good.
    if (Atomics.load(words, block + Block.generation) !== generation) return;
    if (width * height > 0 && (this.#buffer === undefined || number !== this.#number)) return;
    this.generation = generation;
    this.width = width;
    this.height = height;
    this.pixels = this.#buffer === undefined || width * height === 0
      ? NOTHING
      : new Uint32Array(this.#buffer, 0, width * height);
    for (const viewer of this.#viewers) {
      viewer.dirty.clear();
      viewer.dirty.addRect(0, 0, width, height);
    }
  }

  #takeCursor(): void {
    const { board, board: { words } } = this.#shore;
    const block = this.#block;
    const serial = Atomics.load(words, block + Block.cursorSerial);
    if (serial === this.#serial || (serial & 1) !== 0) return;
    const width = words[block + Block.cursorWidth], height = words[block + Block.cursorHeight];
    const hotX = words[block + Block.cursorHotX], hotY = words[block + Block.cursorHotY];
    const x = words[block + Block.cursorX] + hotX, y = words[block + Block.cursorY] + hotY;
    const image = words[block + Block.cursorImage];
    const bytes = image === this.#image
      ? this.cursor.bytes
      : board.cursor(this.#scanout).slice(0, Math.max(0, width * height * 4));
    if (Atomics.load(words, block + Block.cursorSerial) !== serial) return;
    this.#serial = serial;
    this.cursorX = x;
    this.cursorY = y;
    if (image === this.#image) return;
    this.#image = image;
    this.cursor = { width, height, hotX, hotY, bytes };
  }

  key(code: number, down: boolean): void {
    this.#shore.put(this.#scanout, Record.key, code, down ? 1 : 0, 0);
  }

  pointer(x: number, y: number, buttons: number): void {
    this.#shore.put(this.#scanout, Record.pointer, x, y, buttons);
  }

  wheel(down: number, right: number): void {
    this.#shore.put(this.#scanout, Record.wheel, down, right, 0);
  }

  resize(width: number, height: number): boolean {
    if (this.#shore.canResize) this.#shore.put(this.#scanout, Record.mode, width, height, 0);
    return this.#shore.canResize;
  }
}

/** What {@linkcode SharedScreens} are made of. */
export interface SharedScreensOptions {
  /** What `createBoard` made. */
  readonly board: SharedArrayBuffer;
  /** Makes the display's thread call `SharedDisplay.poll`. Called often: it is to be cheap. */
  readonly kick: () => void;
  /** For people; "udrm" by default. */
  readonly name?: string;
  /** Whether monitors can change their size; they can by default. */
  readonly canResize?: boolean;
}

/** The viewers' end. One for each board. */
export class SharedScreens {
  readonly #shore: Shore;
  readonly #screens: SharedScreen[];
  #lost = false;

  /** The screens of a board. @param options the board and the kick. */
  constructor(options: SharedScreensOptions) {
    const { kick, name = "udrm", canResize = true } = options;
    const board = new Board(options.board);
    this.#shore = { board, kick, canResize, put: (scanout, kind, a, b, c) => this.#put(scanout, kind, a, b, c) };
    this.#screens = Array.from(
      { length: SCANOUTS_MAX },
      (_, i) => new SharedScreen(this.#shore, i, i === 0 ? name : `${name} ${i}`),
    );
  }

  /** A scanout's screen. @throws {RangeError} for one that cannot be shared. */
  screen(scanout = 0): ScreenSource {
    const screen = this.#screens[scanout];
    if (screen === undefined) {
      throw new RangeError(`Cannot share scanout ${scanout}: there are ${SCANOUTS_MAX} at most`);
    }
    return screen;
  }

  /** Takes in a message of `SharedDisplay`. */
  receive(message: SharedMessage): void {
    const screen = this.#screens[message.scanout];
    if (message.kind === "buffer") screen?.hasBuffer(message.number, message.buffer);
    else screen?.wake();
  }

  // A record that finds no room is lost. The next one that does comes behind a note, so that no key stays down.
  #put(scanout: number, kind: number, a: number, b: number, c: number): void {
    const { board, kick } = this.#shore;
    const { words } = board;
    const head = Atomics.load(words, Head.ringHead);
    const used = head - Atomics.load(words, Head.ringTail) | 0;
    if (used >= RING_RECORDS - (this.#lost ? 1 : 0)) {
      this.#lost = true;
      return kick();
    }
    let at = board.record(head);
    if (this.#lost) {
      words[at] = scanout << 16 | Record.reset;
      at = board.record(head + 1);
    }
    words[at] = scanout << 16 | kind;
    words[at + 1] = a;
    words[at + 2] = b;
    words[at + 3] = c;
    Atomics.store(words, Head.ringHead, head + (this.#lost ? 2 : 1) | 0);
    this.#lost = false;
    kick();
  }
}
