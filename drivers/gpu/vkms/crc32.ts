/**
 * CRC-32 as crc32_le of lib/crc32.c: polynomial 0xedb88320, no inversion before or after. Eight bytes a step.
 * @module
 */

const TABLES: readonly Int32Array[] = (() => {
  const first = new Int32Array(256);
  for (let i = 0; i < 256; i++) {
    let crc = i;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) !== 0 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    first[i] = crc;
  }
  const tables = [first];
  for (let t = 1; t < 8; t++) {
    const before = tables[t - 1];
    tables.push(before.map((crc) => first[crc & 255] ^ (crc >>> 8)));
  }
  return tables;
})();

const [T0, T1, T2, T3, T4, T5, T6, T7] = TABLES;

/**
 * Continues a CRC over words in the order of little-endian memory.
 *
 * @param crc what was computed so far; 0 at the start. @param words the data. @param count words of it, even.
 * @returns 0..0xffffffff.
 */
export function crc32Words(crc: number, words: Int32Array, count: number): number {
  let c = crc | 0;
  for (let i = 0; i < count; i += 2) {
    const a = words[i] ^ c, b = words[i + 1];
    c = T7[a & 255] ^ T6[(a >>> 8) & 255] ^ T5[(a >>> 16) & 255] ^ T4[a >>> 24] ^
      T3[b & 255] ^ T2[(b >>> 8) & 255] ^ T1[(b >>> 16) & 255] ^ T0[b >>> 24];
  }
  return c >>> 0;
}
