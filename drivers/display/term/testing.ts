/**
 * Doubles for tests: a screen whose pixels a test writes, and a terminal that a test reads.
 * @module
 */

import type { ScreenSource, ScreenViewer, ViewerCursor } from "../screen_source.ts";
import type { TerminalPort } from "./terminal.ts";

/** A screen with pixels of its own. */
export class TestScreen implements ScreenSource {
  /** "test". */
  readonly name = "test";
  /** Columns. */
  width = 0;
  /** Rows. */
  height = 0;
  /** Changes with the size. */
  generation = 0;
  /** XRGB8888. */
  pixels: Uint32Array = new Uint32Array(0);
  /** None at first. */
  cursor: ViewerCursor = { width: 0, height: 0, hotX: 0, hotY: 0, bytes: new Uint8Array(0) };
  /** Column of the hot spot. */
  cursorX = 0;
  /** Row of the hot spot. */
  cursorY = 0;
  /** What came back, a line each. */
  readonly heard: string[] = [];
  readonly #viewers = new Set<ScreenViewer>();

  /** A screen that shows one colour. @param width columns. @param height rows. @param color 0xrrggbb. */
  constructor(width: number, height: number, color = 0) {
    this.setSize(width, height);
    this.pixels.fill(color);
  }

  /** How many look. */
  get viewers(): number {
    return this.#viewers.size;
  }

  /** Another size, black; 0 by 0 is off. */
  setSize(width: number, height: number): void {
    this.width = width;
    this.height = height;
    this.generation += 2;
    this.pixels = new Uint32Array(width * height);
    this.damage(0, 0, width, height);
  }

  /** Fills a rectangle and tells the viewers. */
  fill(x: number, y: number, width: number, height: number, color: number): void {
    for (let row = y; row < y + height; row++) {
      this.pixels.fill(color, row * this.width + x, row * this.width + x + width);
    }
    this.damage(x, y, width, height);
  }

  /** Tells the viewers that a rectangle changed. */
  damage(x: number, y: number, width: number, height: number): void {
    for (const viewer of this.#viewers) {
      viewer.dirty.addRect(x, y, width, height);
      viewer.wake();
    }
  }

  /** Looks. */
  watch(viewer: ScreenViewer): Disposable {
    this.#viewers.add(viewer);
    viewer.dirty.addRect(0, 0, this.width, this.height);
    return { [Symbol.dispose]: () => void this.#viewers.delete(viewer) };
  }
  /** All is up to date always. */
  take(): void {}
  /** Notes a key. */
  key(code: number, down: boolean): void {
    this.heard.push(`key ${code} ${down ? "down" : "up"}`);
  }
  /** Notes a place. */
  pointer(x: number, y: number, buttons: number): void {
    this.heard.push(`pointer ${x} ${y} ${buttons}`);
  }
  /** Notes a step. */
  wheel(down: number, right: number): void {
    this.heard.push(`wheel ${down} ${right}`);
  }
  /** Nobody can be asked. */
  resize(): boolean {
    return false;
  }
}

/** A terminal in memory. */
export class TestTerminal implements TerminalPort {
  /** Cells. */
  columns: number;
  /** Cells. */
  rows: number;
  /** All that was written. */
  text = "";
  /** Writes so far. */
  writes = 0;
  /** While set, a write takes until it is resolved. */
  slow: PromiseWithResolvers<void> | undefined;
  readonly #typed: (Uint8Array | undefined)[] = [];
  readonly #resizes = new Set<() => void>();
  #reader: PromiseWithResolvers<Uint8Array | undefined> | undefined;

  /** @param columns cells. @param rows cells. */
  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
  }
  /** Its size. */
  size(): { readonly columns: number; readonly rows: number } {
    return { columns: this.columns, rows: this.rows };
  }
  /** Takes bytes. */
  async write(bytes: Uint8Array): Promise<void> {
    this.writes++;
    this.text += new TextDecoder().decode(bytes);
    await this.slow?.promise;
  }
  /** What was typed. */
  read(): Promise<Uint8Array | undefined> {
    if (this.#typed.length > 0) return Promise.resolve(this.#typed.shift());
    this.#reader = Promise.withResolvers();
    return this.#reader.promise;
  }
  /** Types; undefined hangs up. */
  type(text: string | undefined): void {
    const bytes = text === undefined ? undefined : new TextEncoder().encode(text);
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader !== undefined) reader.resolve(bytes);
    else this.#typed.push(bytes);
  }
  /** Changes its size. */
  resize(columns: number, rows: number): void {
    this.columns = columns;
    this.rows = rows;
    for (const callback of this.#resizes) callback();
  }
  /** Hears of `resize`. */
  onResize(callback: () => void): Disposable {
    this.#resizes.add(callback);
    return { [Symbol.dispose]: () => void this.#resizes.delete(callback) };
  }
  /** How many hear of `resize`. */
  get listeners(): number {
    return this.#resizes.size;
  }
}
