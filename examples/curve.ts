/**
 * Draws how a network learns: the loss of every step on a logarithmic scale, and the share that it recognizes. train.ts uses it;
 * it is no example of its own.
 * @module
 */

import { encode } from "fast-png";

const WIDTH = 800, HEIGHT = 480;
/** Around the plot. */
const LEFT = 64, RIGHT = 64, TOP = 40, BOTTOM = 48;
type Colour = readonly [number, number, number];
const INK: Colour = [60, 60, 70], GRID: Colour = [226, 226, 232], FAINT: Colour = [186, 208, 240];
const LOSS: Colour = [24, 92, 200], SHARE: Colour = [214, 96, 20];
/** Glyphs of 3 x 5 pixels, a row an octal digit. */
const GLYPHS: Readonly<Record<string, string>> = {
  ...{ "0": "75557", "1": "26227", "2": "71747", "3": "71717", "4": "55711", "5": "74717", "6": "74757", "7": "71244" },
  ...{ "8": "75757", "9": "75717", ".": "00002", "%": "51245", a: "03757", c: "03443", d: "11355", e: "07747" },
  ...{ f: "32722", g: "75713", h: "44655", i: "20222", l: "22222", n: "06555", o: "07557", p: "06564", r: "05644" },
  ...{ s: "03616", t: "27223", u: "05557", z: "07147", " ": "00000" },
};

class Sheet {
  readonly data = new Uint8Array(WIDTH * HEIGHT * 3).fill(255);

  dot(x: number, y: number, colour: Colour): void {
    const column = Math.round(x), row = Math.round(y);
    if (column >= 0 && column < WIDTH && row >= 0 && row < HEIGHT) this.data.set(colour, (row * WIDTH + column) * 3);
  }

  line(x0: number, y0: number, x1: number, y1: number, colour: Colour, thick = 1): void {
    const steps = Math.ceil(Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0), 1));
    for (let i = 0; i <= steps; i++) {
      const x = x0 + (x1 - x0) * i / steps, y = y0 + (y1 - y0) * i / steps;
      for (let t = 0; t < thick * thick; t++) this.dot(x + t % thick, y + Math.floor(t / thick), colour);
    }
  }

  /** Writes text. @param x its left; with `right`, its right edge. */
  text(x: number, y: number, text: string, colour: Colour, right = false): void {
    const at = right ? x - text.length * 8 : x;
    [...text].forEach((char, i) =>
      [...(GLYPHS[char] ?? "")].forEach((row, r) => {
        for (let p = 0; p < 12; p++) {
          const column = p % 6, line = Math.floor(p / 6);
          if ((Number(row) >> (2 - (column >> 1))) & 1) this.dot(at + i * 8 + column, y + r * 2 + line, colour);
        }
      })
    );
  }
}

/** A PNG of both curves. @param losses one a step. @param shares one an epoch, 0 to 1. */
export function curvePng(losses: readonly number[], shares: readonly number[]): Uint8Array<ArrayBuffer> {
  const sheet = new Sheet(), right = WIDTH - RIGHT, bottom = HEIGHT - BOTTOM;
  const least = Math.floor(Math.log10(Math.max(1e-6, Math.min(...losses)))), most = Math.log10(4);
  const x = (step: number): number => LEFT + (right - LEFT) * step / losses.length;
  const y = (loss: number): number =>
    bottom - (bottom - TOP) * (Math.log10(Math.max(loss, 10 ** least)) - least) / (most - least);
  const lowest = 0.8;
  const height = (share: number): number => bottom - (bottom - TOP) * Math.max(0, share - lowest) / (1 - lowest);
  for (let decade = least; decade <= 0; decade++) {
    for (const part of decade === 0 ? [1, 2, 4] : [1, 2, 5]) {
      const value = part * 10 ** decade;
      sheet.line(LEFT, y(value), right, y(value), GRID);
      sheet.text(LEFT - 8, y(value) - 4, String(Number(value.toPrecision(1))), LOSS, true);
    }
  }
  for (let i = 0; i <= 4; i++) {
    const share = lowest + (1 - lowest) * i / 4;
    sheet.text(right + 10, height(share) - 4, `${Math.round(share * 100)}%`, SHARE);
  }
  const every = Math.ceil(shares.length / 12);
  for (let epoch = 0; epoch <= shares.length; epoch += every) {
    const at = x(losses.length * epoch / shares.length);
    sheet.line(at, TOP, at, bottom, GRID);
    sheet.text(at - 4 * String(epoch).length, bottom + 10, String(epoch), INK);
  }
  sheet.line(LEFT, TOP, LEFT, bottom, INK);
  sheet.line(LEFT, bottom, right, bottom, INK);
  sheet.text(LEFT, TOP - 24, "loss", LOSS);
  sheet.text(right, TOP - 24, "held out digits", SHARE, true);
  sheet.text((LEFT + right) / 2 - 20, bottom + 28, "epoch", INK);
  for (let i = 1; i < losses.length; i++) sheet.line(x(i - 1), y(losses[i - 1]), x(i), y(losses[i]), FAINT);
  // A mean that forgets: what the noise hides.
  let mean = losses[0], before = mean;
  for (let i = 1; i < losses.length; i++) {
    mean += (losses[i] - mean) * Math.min(1, Math.max(0.06, 1 / (i + 1)));
    sheet.line(x(i - 1), y(before), x(i), y(mean), LOSS, 2);
    before = mean;
  }
  shares.forEach((share, i) => {
    const at = x(losses.length * (i + 1) / shares.length);
    if (i > 0) sheet.line(x(losses.length * i / shares.length), height(shares[i - 1]), at, height(share), SHARE, 2);
    for (let d = 0; d < 25; d++) sheet.dot(at + d % 5 - 2, height(share) + Math.floor(d / 5) - 2, SHARE);
  });
  return new Uint8Array(encode({ width: WIDTH, height: HEIGHT, channels: 3, depth: 8, data: sheet.data }));
}
