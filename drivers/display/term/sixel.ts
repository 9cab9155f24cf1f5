/**
 * A picture as sixels: six rows at a time, one colour after the other (DEC STD 070, chapter "Sixel graphics").
 * @module
 */

import { quantize } from "./palette.ts";

const percent = (value: number): number => Math.round(value * 100 / 255);

/**
 * A picture for a terminal that knows sixels, at the cursor.
 *
 * @param rgb 3 bytes a pixel. @param width columns. @param height rows. @param colors how many colours the terminal has.
 * @returns the device control string.
 */
export function encodeSixel(rgb: Uint8Array, width: number, height: number, colors = 256): string {
  const { colors: palette, pixels } = quantize(rgb, colors);
  const parts = [`\x1bP0;1;0q"1;1;${width};${height}`];
  palette.forEach((color, i) =>
    parts.push(`#${i};2;${percent(color >> 16)};${percent(color >> 8 & 0xff)};${percent(color & 0xff)}`)
  );
  const bits = new Uint8Array(palette.length * width);
  const used = new Uint8Array(palette.length);
  for (let band = 0; band < height; band += 6) {
    used.fill(0);
    for (let row = 0; row < 6 && band + row < height; row++) {
      const line = (band + row) * width;
      for (let x = 0; x < width; x++) {
        const color = pixels[line + x];
        if (used[color] === 0) {
          used[color] = 1;
          bits.fill(0, color * width, (color + 1) * width);
        }
        bits[color * width + x] |= 1 << row;
      }
    }
    let first = true;
    for (let color = 0; color < palette.length; color++) {
      if (used[color] === 0) continue;
      parts.push(`${first ? "" : "$"}#${color}`);
      first = false;
      runs(bits, color * width, width, parts);
    }
    // One behind the last band would move the cursor on, and may scroll.
    if (band + 6 < height) parts.push("-");
  }
  parts.push("\x1b\\");
  return parts.join("");
}

// Sixels of one colour, repetitions counted; empty ones at the end are left out.
function runs(bits: Uint8Array, start: number, width: number, parts: string[]): void {
  let end = start + width;
  while (end > start && bits[end - 1] === 0) end--;
  for (let at = start; at < end;) {
    let next = at + 1;
    while (next < end && bits[next] === bits[at]) next++;
    const char = String.fromCharCode(63 + bits[at]);
    parts.push(next - at > 3 ? `!${next - at}${char}` : char.repeat(next - at));
    at = next;
  }
}
