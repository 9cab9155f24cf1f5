/**
 * `TermScreen`: shows a screen in a terminal, and gives what is typed there to the screen's machine.
 * @module
 */

import { keyOfKeysym } from "../rfb/keys.ts";
import type { ScreenSource, ScreenViewer, ViewerCursor } from "../screen_source.ts";
import { TileSet } from "../board/tile_set.ts";
import { boxFilter, drawCursor, fit, type Size } from "./box_filter.ts";
import { type ColorDepth, HalfBlocks } from "./half_blocks.ts";
import { KeyParser, type Typed } from "./keys.ts";
import { encodeKitty, KITTY_CLEAR } from "./kitty.ts";
import { encodeSixel } from "./sixel.ts";
import type { TerminalPort } from "./terminal.ts";

/** How pictures are drawn. */
export type TermMode = "half" | "sixel" | "kitty";

/** The modes that there are. */
export const TERM_MODES: readonly TermMode[] = ["half", "sixel", "kitty"];

/** How a {@linkcode TermScreen} draws. */
export interface TermOptions {
  /** "half" by default. */
  readonly mode?: TermMode;
  /** For half blocks: 24 bits by default. */
  readonly depth?: ColorDepth;
  /** Frames a second at most, default 15. */
  readonly fps?: number;
  /** Called when somebody types Ctrl-], or the terminal is gone. */
  readonly onQuit?: () => void;
}

/** Where the picture is, cells. */
interface Place {
  readonly left: number;
  readonly top: number;
  readonly columns: number;
  readonly rows: number;
}

const NOWHERE: Place = { left: 0, top: 0, columns: 0, rows: 0 };
const DEFAULT_CELL: Size = { width: 10, height: 20 };
/** Pixels of a picture by sixel or kitty: larger ones are sent smaller. */
const PIXELS_MAX = 1 << 20;
const COLUMNS_MAX = 1000, ROWS_MAX = 500;

const encoder = new TextEncoder();

/** A screen in a terminal. */
export class TermScreen implements ScreenViewer, AsyncDisposable {
  /** What changed since the last picture. */
  readonly dirty: TileSet = new TileSet();
  readonly #port: TerminalPort;
  readonly #source: ScreenSource;
  readonly #options: TermOptions;
  readonly #mode: TermMode;
  readonly #blocks: HalfBlocks;
  readonly #parser = new KeyParser();
  readonly #watch: Disposable;
  readonly #resize: Disposable;
  readonly #timer: ReturnType<typeof setInterval>;
  #woken = true;
  #cell = DEFAULT_CELL;
  #rgb = new Uint8Array(0);
  // What the terminal shows: the source's state without its pixels.
  #shown = "";
  #image: ViewerCursor | undefined;
  #place = NOWHERE;
  #status = "";
  #writing: Promise<void> | undefined;
  #ended = false;
  #frames = 0;
  #bytes = 0;

  /**
   * Begins to draw. The terminal is in its alternate screen already.
   *
   * @param port the terminal. @param source the screen. @param options how.
   */
  constructor(port: TerminalPort, source: ScreenSource, options: TermOptions = {}) {
    this.#port = port;
    this.#source = source;
    this.#options = options;
    this.#mode = options.mode ?? "half";
    this.#blocks = new HalfBlocks(options.depth ?? "rgb");
    this.#watch = source.watch(this);
    this.#resize = port.onResize(() => this.#forget());
    this.#timer = setInterval(() => this.draw(), 1000 / (options.fps ?? 15));
    if (this.#mode !== "half") this.#send("\x1b[16t");
    void this.#listen();
  }

  /** Pictures sent so far. */
  get frames(): number {
    return this.#frames;
  }

  /** Bytes sent so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Something changed: the next turn of the timer looks. */
  wake(): void {
    this.#woken = true;
  }

  // What the terminal shows is unknown, or to be drawn anew.
  #forget(): void {
    this.#shown = this.#status = "";
    this.#place = NOWHERE;
    this.#blocks.forget();
    this.#woken = true;
  }

  // One write at a time: while a slow terminal takes its time, frames are left out.
  #send(text: string): void {
    const bytes = encoder.encode(text);
    this.#bytes += bytes.length;
    this.#writing = this.#port.write(bytes).catch(() => this.#quit()).then(() => {
      this.#writing = undefined;
    });
  }

  /** Draws what changed, unless the terminal is still taking what was sent before. The timer calls it. */
  draw(): void {
    if (this.#ended || this.#writing !== undefined || !this.#woken) return;
    this.#woken = false;
    const size = this.#port.size();
    const columns = Math.min(COLUMNS_MAX, size.columns), rows = Math.min(ROWS_MAX, size.rows);
    if (columns < 4 || rows < 2) return;
    const source = this.#source;
    source.take();
    const { width, height, cursor, cursorX, cursorY } = source;
    const on = width > 0 && height > 0;
    const pointer = cursor.width > 0 ? `${cursorX},${cursorY}` : "";
    const shown = on ? `${width}x${height} ${source.generation} ${columns}x${rows} ${pointer}` : "off";
    const parts: string[] = [];
    if (shown !== this.#shown || on && (!this.dirty.empty || cursor !== this.#image)) {
      this.dirty.clear();
      this.#image = cursor;
      if (on) parts.push(this.#picture(columns, rows - 1));
      else parts.push(this.#cleared());
      this.#shown = shown;
      this.#frames++;
    }
    const what = on ? `${source.name} ${width}x${height}` : `${source.name}: the screen is off`;
    const status = ` ${what}  Ctrl-] quits`.slice(0, columns).padEnd(columns);
    if (status !== this.#status) {
      this.#status = status;
      parts.push(`\x1b[${rows};1H\x1b[7m${status}\x1b[0m`);
    }
    const text = parts.join("");
    if (text !== "") this.#send(text);
  }

  #cleared(): string {
    this.#status = "";
    this.#blocks.forget();
    return `${this.#mode === "kitty" ? KITTY_CLEAR : ""}\x1b[2J`;
  }

  #picture(columns: number, rows: number): string {
    const source = this.#source;
    const half = this.#mode === "half";
    const room = half
      ? { width: columns, height: rows * 2 }
      : { width: columns * this.#cell.width, height: rows * this.#cell.height };
    const whole = fit(source, room);
    // A sixel picture cannot be stretched: it is as large as it is sent.
    const size = half ? whole : limited(whole);
    const extent = this.#mode === "kitty" ? whole : size;
    const cells = half ? { columns: size.width, rows: Math.ceil(size.height / 2) } : {
      columns: Math.min(columns, Math.ceil(extent.width / this.#cell.width)),
      rows: Math.min(rows, Math.ceil(extent.height / this.#cell.height)),
    };
    const place = { left: (columns - cells.columns) >> 1, top: (rows - cells.rows) >> 1, ...cells };
    let before = "";
    if (!same(place, this.#place)) {
      this.#place = place;
      before = this.#cleared();
    }
    const bytes = size.width * size.height * 3;
    if (this.#rgb.length !== bytes) this.#rgb = new Uint8Array(bytes);
    boxFilter(source.pixels, source, this.#rgb, size);
    if (source.cursor.width > 0) {
      drawCursor(this.#rgb, size, source, source.cursor, source.cursorX, source.cursorY);
    }
    if (half) return before + this.#blocks.encode(this.#rgb, size.width, size.height, place.left, place.top);
    const image = this.#mode === "sixel"
      ? encodeSixel(this.#rgb, size.width, size.height)
      : encodeKitty(this.#rgb, size.width, size.height, cells);
    return `${before}\x1b[${place.top + 1};${place.left + 1}H${image}`;
  }

  async #listen(): Promise<void> {
    for (;;) {
      const bytes = await this.#port.read();
      if (this.#ended) return;
      if (bytes === undefined) return this.#quit();
      for (const typed of this.#parser.feed(bytes)) this.#hear(typed);
    }
  }

  #hear(typed: Typed): void {
    switch (typed.kind) {
      case "quit":
        return this.#quit();
      case "cell":
        this.#cell = typed;
        return this.#forget();
      case "wheel":
        return this.#source.wheel(typed.down, typed.right);
      case "key":
        return this.#type([...typed.modifiers, typed.keysym]);
      case "pointer": {
        const { width, height } = this.#source;
        const { left, top, columns, rows } = this.#place;
        if (width === 0 || columns === 0) return;
        const within = (value: number, most: number): number => Math.max(0, Math.min(most - 1, Math.floor(value)));
        const x = within((typed.column - left + 0.5) * width / columns, width);
        const y = within((typed.row - top + 0.5) * height / rows, height);
        this.#source.pointer(x, y, typed.buttons);
      }
    }
  }

  // Terminals tell of no releases. What a US keyboard has no key for cannot be typed.
  #type(keysyms: readonly number[]): void {
    const keys = keysyms.map(keyOfKeysym).filter((key) => key !== undefined);
    if (keys.length < keysyms.length) return;
    for (const key of keys) this.#source.key(key, true);
    for (const key of keys.reverse()) this.#source.key(key, false);
  }

  #quit(): void {
    if (this.#ended) return;
    this.#end();
    this.#options.onQuit?.();
  }

  #end(): void {
    this.#ended = true;
    clearInterval(this.#timer);
    this.#resize[Symbol.dispose]();
    this.#watch[Symbol.dispose]();
  }

  /** Draws no more. The terminal's owner restores it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.#end();
    await this.#writing;
    if (this.#mode === "kitty") await this.#port.write(encoder.encode(KITTY_CLEAR)).catch(() => {});
  }
}

const same = (a: Place, b: Place): boolean =>
  a.left === b.left && a.top === b.top && a.columns === b.columns && a.rows === b.rows;

// The same proportions within PIXELS_MAX.
function limited({ width, height }: Size): Size {
  const scale = Math.min(1, Math.sqrt(PIXELS_MAX / (width * height)));
  return { width: Math.max(1, Math.floor(width * scale)), height: Math.max(1, Math.floor(height * scale)) };
}
