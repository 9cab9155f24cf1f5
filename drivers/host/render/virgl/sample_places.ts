/**
 * Where Vulkan has the samples of a pixel, if its locations are the standard ones (limits.standardSampleLocations).
 * @module
 */

/** By count: sixteenths of a pixel, x in the upper half of a byte, y in the lower. */
export const SAMPLE_PLACES: Readonly<Record<number, readonly number[]>> = {
  1: [0x88],
  2: [0xcc, 0x44],
  4: [0x62, 0xe6, 0x2a, 0xae],
  8: [0x95, 0x7b, 0xd9, 0x53, 0x3d, 0x17, 0xbf, 0xf1],
  16: [0x99, 0x75, 0x5a, 0xc7, 0x36, 0xad, 0xdb, 0xb3, 0x6e, 0x81, 0x42, 0x2c, 0x08, 0xf4, 0xef, 0x10],
};

/** How far a sample is from the middle of its pixel, pixels to the right; 0 for one that is not known. */
export function sampleX(samples: number, sample: number): number {
  return ((SAMPLE_PLACES[samples]?.[sample] ?? 0x88) >>> 4) / 16 - 0.5;
}

/** The same, in the direction in which rows are counted. */
export function sampleY(samples: number, sample: number): number {
  return ((SAMPLE_PLACES[samples]?.[sample] ?? 0x88) & 15) / 16 - 0.5;
}
