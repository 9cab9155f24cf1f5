/**
 * DES of one block (FIPS 46-3): what VNC authentication is made of, and what no crypto library offers any more. Not for secrets.
 * @module
 */

// deno-fmt-ignore
const IP = [
  58, 50, 42, 34, 26, 18, 10, 2, 60, 52, 44, 36, 28, 20, 12, 4, 62, 54, 46, 38, 30, 22, 14, 6, 64, 56, 48, 40, 32,
  24, 16, 8, 57, 49, 41, 33, 25, 17, 9, 1, 59, 51, 43, 35, 27, 19, 11, 3, 61, 53, 45, 37, 29, 21, 13, 5, 63, 55, 47,
  39, 31, 23, 15, 7,
];
const FP = IP.map((_, i) => IP.indexOf(i + 1) + 1);
const E = Array.from({ length: 48 }, (_, i) => (Math.floor(i / 6) * 4 + i % 6 + 31) % 32 + 1);
// deno-fmt-ignore
const P = [
  16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10, 2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4,
  25,
];
// deno-fmt-ignore
const PC1 = [
  57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36, 63, 55,
  47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4,
];
// deno-fmt-ignore
const PC2 = [
  14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2, 41, 52, 31, 37, 47, 55, 30,
  40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
];
const SHIFTS = [1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1];
// The eight S-boxes, four rows of sixteen hexadecimal digits each.
const S = [
  "e4d12fb83a6c59070f74e2d1a6cb953841e8d62bfc973a50fc8249175b3ea06d",
  "f18e6b34972dc05a3d47f28ec01a69b50e7ba4d158c6932fd8a13f42b67c05e9",
  "a09e63f51dc7b428d709346a285ecbf1d6498f30b12c5ae71ad069874fe3b52c",
  "7de3069a1285bc4fd8b56f03472c1ae9a690cb7df13e52843f06a1d8945bc72e",
  "2c417ab6853fd0e9eb2c47d150fa3986421bad78f9c5630eb8c71e2d6f09a453",
  "c1af92680d34e75baf427c9561de0b389ef528c3704a1db6432c95fabe17608d",
  "4b2ef08d3c975a61d0b7491ae35c2f8614bdc37eaf6805926bd814a7950fe23c",
  "d2846fb1a93e50c71fd8a374c56b0e927b419ce206adf35821e74a8dfc90356b",
];

const permute = (bits: readonly number[], table: readonly number[]): number[] => table.map((from) => bits[from - 1]);
const bitsOf = (bytes: Uint8Array): number[] =>
  Array.from({ length: bytes.length * 8 }, (_, i) => bytes[i >> 3] >> (7 - (i & 7)) & 1);

function subkeys(key: Uint8Array): number[][] {
  let halves = permute(bitsOf(key), PC1);
  return SHIFTS.map((shift) => {
    const turn = (half: number[]): number[] => [...half.slice(shift), ...half.slice(0, shift)];
    halves = [...turn(halves.slice(0, 28)), ...turn(halves.slice(28))];
    return permute(halves, PC2);
  });
}

function round(half: readonly number[], key: readonly number[]): number[] {
  const wide = permute(half, E).map((bit, i) => bit ^ key[i]);
  const narrow: number[] = [];
  for (let box = 0; box < 8; box++) {
    const six = wide.slice(box * 6, box * 6 + 6);
    const row = six[0] << 1 | six[5];
    const column = six[1] << 3 | six[2] << 2 | six[3] << 1 | six[4];
    const value = parseInt(S[box][row * 16 + column], 16);
    narrow.push(value >> 3 & 1, value >> 2 & 1, value >> 1 & 1, value & 1);
  }
  return permute(narrow, P);
}

/** Encrypts one block. @param key 8 bytes, parity ignored. @param block 8 bytes. @throws {RangeError} for other lengths. */
export function desEncrypt(key: Uint8Array, block: Uint8Array): Uint8Array {
  if (key.length !== 8 || block.length !== 8) {
    throw new RangeError("Cannot encrypt: DES has keys and blocks of 8 bytes");
  }
  const bits = permute(bitsOf(block), IP);
  let left = bits.slice(0, 32), right = bits.slice(32);
  for (const subkey of subkeys(key)) {
    const mixed = round(right, subkey).map((bit, i) => bit ^ left[i]);
    left = right;
    right = mixed;
  }
  const out = permute([...right, ...left], FP);
  return Uint8Array.from({ length: 8 }, (_, byte) => {
    let value = 0;
    for (let bit = 0; bit < 8; bit++) value = value << 1 | out[byte * 8 + bit];
    return value;
  });
}

/**
 * The answer to a challenge of VNC authentication (RFC 6143, 7.2.2): two blocks, the key's bytes with their bits reversed.
 *
 * @param password its first 8 bytes count, as UTF-8. @param challenge 16 bytes.
 */
export function vncResponse(password: string, challenge: Uint8Array): Uint8Array {
  const key = new Uint8Array(8);
  new TextEncoder().encode(password).subarray(0, 8).forEach((byte, i) => {
    for (let bit = 0; bit < 8; bit++) key[i] |= (byte >> bit & 1) << (7 - bit);
  });
  const out = new Uint8Array(16);
  out.set(desEncrypt(key, challenge.subarray(0, 8)));
  out.set(desEncrypt(key, challenge.subarray(8, 16)), 8);
  return out;
}
