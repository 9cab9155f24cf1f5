/**
 * The memory that a kernel thread and the isolate with the viewers share: what each scanout shows, which tiles of it changed, the
 * cursors, and a ring of input. All of it is 32-bit words; ordering is by Atomics.
 * @module
 */

/** Scanouts that can be shared. */
export const SCANOUTS_MAX = 16;
/** Columns and rows of a tile, pixels. */
export const TILE = 64;
/** The most columns and rows of a scanout, pixels. */
export const SIZE_MAX = 8192;
/** Tiles in a row of the bitmap, whatever the size: a tile's bit is always the same. */
export const TILES_ACROSS: number = SIZE_MAX / TILE;
/** Words of a bitmap of tiles. */
export const TILE_WORDS: number = TILES_ACROSS * TILES_ACROSS / 32;
/** The most columns and rows of a cursor, pixels. */
export const CURSOR_MAX = 256;
/** Records of input that can be under way. */
export const RING_RECORDS = 1024;
/** Words of a record: what, and three numbers. */
export const RECORD_WORDS = 4;

/** Words of the head. */
export const Head = {
  /** A bit for each scanout that somebody looks at. */
  watched: 0,
  /** Records ever put into the ring, u32. */
  ringHead: 1,
  /** Records ever taken, u32. */
  ringTail: 2,
} as const;
const HEAD_WORDS = 16;

/** Words of a scanout's block. */
export const Block = {
  /** Odd while what follows changes: a new generation has other pixels altogether. */
  generation: 0,
  /** Columns; 0 while it is off. */
  width: 1,
  /** Rows. */
  height: 2,
  /** Number of the buffer with its pixels. */
  buffer: 3,
  /** 1 from when the viewers were told of damage until they take it. */
  told: 4,
  /** 1 if a frame was left out because nobody had taken the one before. */
  stale: 5,
  /** Odd while the cursor changes. */
  cursorSerial: 6,
  /** Left edge of the cursor image, pixels, signed. */
  cursorX: 7,
  /** Top edge. */
  cursorY: 8,
  /** Columns of the cursor image; 0 while it is hidden. */
  cursorWidth: 9,
  /** Rows. */
  cursorHeight: 10,
  /** Hot spot. */
  cursorHotX: 11,
  /** Hot spot. */
  cursorHotY: 12,
  /** Changes with the image, not with its place. */
  cursorImage: 13,
  /** Bitmap of tiles that changed. */
  tiles: 16,
} as const;

const BLOCK_WORDS = 16 + TILE_WORDS;
const RING_AT = HEAD_WORDS;
const BLOCKS_AT = RING_AT + RING_RECORDS * RECORD_WORDS;
const CURSORS_AT = BLOCKS_AT + SCANOUTS_MAX * BLOCK_WORDS;
const CURSOR_WORDS = CURSOR_MAX * CURSOR_MAX;

/** A board that nothing is on. Pages that are not used take no memory. */
export function createBoard(): SharedArrayBuffer {
  return new SharedArrayBuffer((CURSORS_AT + SCANOUTS_MAX * CURSOR_WORDS) * 4);
}

/** Views of a board. */
export class Board {
  /** The head and the blocks. */
  readonly words: Int32Array;
  readonly #buffer: SharedArrayBuffer;

  /** @param buffer what `createBoard` made. */
  constructor(buffer: SharedArrayBuffer) {
    this.#buffer = buffer;
    this.words = new Int32Array(buffer);
  }

  /** Index of the ring's record number `n`. */
  record(n: number): number {
    return RING_AT + (n >>> 0) % RING_RECORDS * RECORD_WORDS;
  }

  /** Index of a scanout's block. */
  block(scanout: number): number {
    return BLOCKS_AT + scanout * BLOCK_WORDS;
  }

  /** A scanout's cursor image, ARGB8888, premultiplied. */
  cursor(scanout: number): Uint8Array {
    return new Uint8Array(this.#buffer, (CURSORS_AT + scanout * CURSOR_WORDS) * 4, CURSOR_WORDS * 4);
  }
}

/** What the display tells the viewers' isolate. */
export type SharedMessage =
  /** Pixels of a scanout lie here from now on. */
  | { readonly kind: "buffer"; readonly scanout: number; readonly number: number; readonly buffer: SharedArrayBuffer }
  /** A scanout shows something else: damage, size, or cursor. */
  | { readonly kind: "changed"; readonly scanout: number };

/** Kinds of records. */
export const Record = {
  /** KEY_*; 1 down, 0 up. */
  key: 1,
  /** Column, row of the scanout, buttons as RFB has them: bit 0 left, 1 middle, 2 right, 7 back, 8 forward. */
  pointer: 2,
  /** Steps down, steps to the right. */
  wheel: 3,
  /** Columns, rows that a viewer would like. */
  mode: 4,
  /** All keys and buttons are up: records were lost. */
  reset: 5,
} as const;
