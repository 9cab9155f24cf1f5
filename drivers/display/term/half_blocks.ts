/**
 * A picture as half blocks: each cell of a terminal is U+2580 with the upper pixel as its foreground and the lower one as its
 * background. Only cells that changed are sent. Sequences by ECMA-48 and ITU-T T.416 (SGR 38, 48).
 * @module
 */

/** How a terminal is told colours: 24 bits, or one of xterm's 256. */
export type ColorDepth = "rgb" | "256";

const LEVELS = [0, 95, 135, 175, 215, 255];

const levelOf = (value: number): number => value < 48 ? 0 : value < 115 ? 1 : Math.floor((value - 35) / 40);

/** The nearest of xterm's colours 16 to 255: a cube of 6 levels, and 24 greys. @param rgb 0xrrggbb. */
export function color256(rgb: number): number {
  const red = rgb >> 16, green = rgb >> 8 & 0xff, blue = rgb & 0xff;
  const r = levelOf(red), g = levelOf(green), b = levelOf(blue);
  const grey = Math.max(0, Math.min(23, Math.round(((red + green + blue) / 3 - 8) / 10)));
  const shade = 8 + grey * 10;
  const distance = (x: number, y: number, z: number): number => (x - red) ** 2 + (y - green) ** 2 + (z - blue) ** 2;
  return distance(shade, shade, shade) < distance(LEVELS[r], LEVELS[g], LEVELS[b])
    ? 232 + grey
    : 16 + 36 * r + 6 * g + b;
}

// Cells in between that are sent again cost no more than going there.
const GAP = 3;
const NONE = -1;

/** What a terminal shows, and how to change it. */
export class HalfBlocks {
  readonly #depth: ColorDepth;
  #columns = 0;
  #rows = 0;
  // 0xrrggbb of each cell as the terminal has it; NONE: unknown.
  #upper = new Int32Array(0);
  #lower = new Int32Array(0);

  /** A terminal of which nothing is known. @param depth how it is told colours. */
  constructor(depth: ColorDepth) {
    this.#depth = depth;
  }

  /** The terminal's cells are unknown: the next picture is sent whole. */
  forget(): void {
    this.#columns = this.#rows = 0;
  }

  #resize(columns: number, rows: number): void {
    if (columns === this.#columns && rows === this.#rows) return;
    this.#columns = columns;
    this.#rows = rows;
    this.#upper = new Int32Array(columns * rows).fill(NONE);
    this.#lower = new Int32Array(columns * rows).fill(NONE);
  }

  /**
   * What to send so that the terminal shows a picture.
   *
   * @param rgb 3 bytes a pixel. @param columns pixels a row: cells. @param height pixels; an odd last row has black below.
   * @param left cells to the left of it. @param top cells above it.
   * @returns control sequences and blocks; empty if nothing changed.
   */
  encode(rgb: Uint8Array, columns: number, height: number, left = 0, top = 0): string {
    const rows = Math.ceil(height / 2);
    this.#resize(columns, rows);
    const parts: string[] = [];
    let foreground = NONE, background = NONE;
    for (let row = 0; row < rows; row++) {
      let at = NONE; // the column at which the cursor stands in this row
      for (let column = 0; column < columns; column++) {
        const cell = row * columns + column;
        const upper = this.#color(rgb, row * 2 * columns + column);
        const lower = row * 2 + 1 < height ? this.#color(rgb, (row * 2 + 1) * columns + column) : 0;
        if (this.#upper[cell] === upper && this.#lower[cell] === lower) continue;
        if (at !== NONE && column - at > 0 && column - at <= GAP) column = at;
        else if (at !== column) parts.push(`\x1b[${top + row + 1};${left + column + 1}H`);
        const now = row * columns + column;
        const over = this.#color(rgb, row * 2 * columns + column);
        const under = row * 2 + 1 < height ? this.#color(rgb, (row * 2 + 1) * columns + column) : 0;
        this.#upper[now] = over;
        this.#lower[now] = under;
        if (over === under) {
          if (background !== under) parts.push(this.#sgr(48, background = under));
          parts.push(" ");
        } else {
          if (foreground !== over) parts.push(this.#sgr(38, foreground = over));
          if (background !== under) parts.push(this.#sgr(48, background = under));
          parts.push("▀");
        }
        at = column + 1;
      }
    }
    if (parts.length > 0) parts.push("\x1b[0m");
    return parts.join("");
  }

  // What a pixel is for this terminal: 0xrrggbb, or the number of one of its colours.
  #color(rgb: Uint8Array, pixel: number): number {
    const color = rgb[pixel * 3] << 16 | rgb[pixel * 3 + 1] << 8 | rgb[pixel * 3 + 2];
    return this.#depth === "rgb" ? color : color256(color);
  }

  #sgr(which: 38 | 48, color: number): string {
    return this.#depth === "rgb"
      ? `\x1b[${which};2;${color >> 16};${color >> 8 & 0xff};${color & 0xff}m`
      : `\x1b[${which};5;${color}m`;
  }
}
