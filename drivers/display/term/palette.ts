/**
 * At most 256 colours for a picture: its own if they are no more, else a median cut of its histogram.
 * @module
 */

/** A picture of few colours. */
export interface Indexed {
  /** Colours, 0xrrggbb. */
  readonly colors: readonly number[];
  /** For each pixel, which of them. */
  readonly pixels: Uint8Array;
}

const BITS = 5;
const SHIFT = 8 - BITS;
const BINS = 1 << (3 * BITS);

interface Box {
  readonly bins: number[];
  readonly channel: number;
  readonly spread: number;
  readonly count: number;
}

/** The picture with at most `limit` colours. @param rgb 3 bytes a pixel. @param limit 2 to 256. */
export function quantize(rgb: Uint8Array, limit = 256): Indexed {
  return exact(rgb, limit) ?? medianCut(rgb, limit);
}

function exact(rgb: Uint8Array, limit: number): Indexed | undefined {
  const known = new Map<number, number>();
  const pixels = new Uint8Array(rgb.length / 3);
  for (let i = 0, at = 0; i < pixels.length; i++, at += 3) {
    const color = rgb[at] << 16 | rgb[at + 1] << 8 | rgb[at + 2];
    let index = known.get(color);
    if (index === undefined) {
      if (known.size === limit) return undefined;
      known.set(color, index = known.size);
    }
    pixels[i] = index;
  }
  return { colors: [...known.keys()], pixels };
}

const binOf = (rgb: Uint8Array, at: number): number =>
  rgb[at] >> SHIFT << (2 * BITS) | rgb[at + 1] >> SHIFT << BITS | rgb[at + 2] >> SHIFT;
const channelOf = (bin: number, channel: number): number => bin >> ((2 - channel) * BITS) & ((1 << BITS) - 1);

function medianCut(rgb: Uint8Array, limit: number): Indexed {
  const counts = new Uint32Array(BINS), sums = new Float64Array(BINS * 3);
  for (let at = 0; at < rgb.length; at += 3) {
    const bin = binOf(rgb, at);
    counts[bin]++;
    for (let c = 0; c < 3; c++) sums[bin * 3 + c] += rgb[at + c];
  }
  const bins: number[] = [];
  for (let bin = 0; bin < BINS; bin++) if (counts[bin] > 0) bins.push(bin);
  const boxes = [boxOf(bins, counts)];
  while (boxes.length < limit) {
    let best = -1;
    boxes.forEach((box, i) => {
      if (box.bins.length > 1 && (best < 0 || box.spread * box.count > boxes[best].spread * boxes[best].count)) {
        best = i;
      }
    });
    if (best < 0) break;
    const { bins, channel, count } = boxes[best];
    bins.sort((a, b) => channelOf(a, channel) - channelOf(b, channel));
    let half = 0, cut = 0;
    do half += counts[bins[cut++]]; while (cut < bins.length - 1 && half + counts[bins[cut]] / 2 < count / 2);
    boxes.splice(best, 1, boxOf(bins.slice(0, cut), counts), boxOf(bins.slice(cut), counts));
  }
  const indices = new Uint8Array(BINS);
  const colors = boxes.map(({ bins, count }, index) => {
    let color = 0;
    for (let c = 0; c < 3; c++) {
      const sum = bins.reduce((total, bin) => total + sums[bin * 3 + c], 0);
      color = color << 8 | Math.round(sum / count);
    }
    for (const bin of bins) indices[bin] = index;
    return color;
  });
  const pixels = new Uint8Array(rgb.length / 3);
  for (let i = 0; i < pixels.length; i++) pixels[i] = indices[binOf(rgb, i * 3)];
  return { colors, pixels };
}

function boxOf(bins: number[], counts: Uint32Array): Box {
  let count = 0, channel = 0, spread = -1;
  for (const bin of bins) count += counts[bin];
  for (let c = 0; c < 3; c++) {
    let min = Infinity, max = -Infinity;
    for (const bin of bins) {
      const value = channelOf(bin, c);
      if (value < min) min = value;
      if (value > max) max = value;
    }
    if (max - min > spread) [channel, spread] = [c, max - min];
  }
  return { bins, channel, spread, count };
}
