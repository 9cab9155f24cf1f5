/**
 * The colour pipeline of a CRTC: degamma table, matrix, gamma table, on rows of a composed frame. Mirrors apply_lut of
 * drivers/gpu/drm/vkms/vkms_composer.c: tables have few entries, and what lies between two is interpolated, in 32.32 fixed
 * point with the losses of include/drm/drm_fixed.h.
 * @module
 */

const ONE = 2 ** 32;
const VALUES = 65536;

const msb = (value: number): number => value === 0 ? 0 : 31 - Math.clz32(value);

/** `value` with its lowest `bits` bits zero. */
const truncated = (value: number, bits: number): number => bits === 0 ? value : value - value % 2 ** bits;

/**
 * drm_fixp_mul of an integer and a fraction: a product of more than 61 bits loses bits of both factors, of the integer's
 * empty fraction without harm.
 *
 * @param integer -65535..65535. @param fraction 32.32 as a whole number, less than 2^32. @returns 32.32 as a whole number.
 */
function multiply(integer: number, fraction: number): number {
  if (integer === 0) return 0;
  // drm_fixp_msbset of a negative number is that of its complement.
  const size = Math.abs(integer);
  const lead = 32 + msb(size) - (integer < 0 && (size & (size - 1)) === 0 ? 1 : 0);
  const excess = lead + msb(fraction) - 61;
  return integer * truncated(fraction, excess > 0 ? excess >> 1 : 0);
}

/** Fills `table` (65536 values) with what a channel's values become. @param entries the table's, 1 to 4096. */
export function interpolate(entries: ArrayLike<number>, table: Uint16Array): void {
  const last = entries.length - 1;
  const ratio = Math.floor(last * ONE / 65535);
  for (let value = 0; value < VALUES; value++) {
    const index = multiply(value, ratio);
    const floor = Math.floor(index / ONE), fraction = index % ONE;
    const low = entries[floor];
    const high = floor >= last || fraction === 0 ? low : entries[floor + 1];
    table[value] = Math.floor((low * ONE + multiply(high - low, fraction) + ONE / 2) / ONE);
  }
}

/** A DEGAMMA_LUT or GAMMA_LUT, spread out to all values. */
class ColorTable {
  readonly red: Uint16Array = new Uint16Array(VALUES);
  readonly green: Uint16Array = new Uint16Array(VALUES);
  readonly blue: Uint16Array = new Uint16Array(VALUES);
  #data: Uint8Array | undefined = undefined;

  /** Takes drm_color_lut entries; false if there are none. */
  load(data: Uint8Array | undefined): boolean {
    const length = Math.floor((data?.length ?? 0) / 8);
    if (data === undefined || length === 0) return false;
    // Blobs do not change: the same bytes are the same table.
    if (data === this.#data) return true;
    this.#data = data;
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    [this.red, this.green, this.blue].forEach((table, channel) =>
      interpolate(Array.from({ length }, (_, i) => view.getUint16(i * 8 + channel * 2, true)), table)
    );
    return true;
  }

  apply(lanes: Uint16Array): void {
    const { red, green, blue } = this;
    for (let i = 0; i < lanes.length; i += 4) {
      lanes[i + 1] = red[lanes[i + 1]];
      lanes[i + 2] = green[lanes[i + 2]];
      lanes[i + 3] = blue[lanes[i + 3]];
    }
  }
}

/** S31.32 sign-magnitude, as drm_color_ctm has it. */
function signedFraction(view: DataView, at: number): number {
  const high = view.getUint32(at + 4, true);
  const magnitude = (high & 0x7fff_ffff) + view.getUint32(at, true) / ONE;
  return high >= 0x8000_0000 ? -magnitude : magnitude;
}

const clamp = (value: number): number => value <= 0 ? 0 : value >= 65535 ? 65535 : (value + 0.5) | 0;

/** The pipeline of one CRTC. */
export class ColorPipeline {
  readonly #degamma: ColorTable = new ColorTable();
  readonly #gamma: ColorTable = new ColorTable();
  readonly #matrix = new Float64Array(9);
  #hasDegamma = false;
  #hasMatrix = false;
  #hasGamma = false;

  /** Whether it changes anything. */
  get active(): boolean {
    return this.#hasDegamma || this.#hasMatrix || this.#hasGamma;
  }

  /**
   * Takes the blobs of a CRTC's state; undefined ones do nothing.
   *
   * @param degamma drm_color_lut entries. @param ctm a drm_color_ctm. @param gamma drm_color_lut entries.
   */
  load(degamma: Uint8Array | undefined, ctm: Uint8Array | undefined, gamma: Uint8Array | undefined): void {
    this.#hasDegamma = this.#degamma.load(degamma);
    this.#hasGamma = this.#gamma.load(gamma);
    this.#hasMatrix = ctm !== undefined && ctm.length >= 72;
    if (ctm === undefined || !this.#hasMatrix) return;
    const view = new DataView(ctm.buffer, ctm.byteOffset, ctm.byteLength);
    for (let i = 0; i < 9; i++) this.#matrix[i] = signedFraction(view, i * 8);
  }

  /** Changes a row. @param lanes alpha, red, green, blue of each pixel. */
  apply(lanes: Uint16Array): void {
    if (this.#hasDegamma) this.#degamma.apply(lanes);
    if (this.#hasMatrix) this.#multiply(lanes);
    if (this.#hasGamma) this.#gamma.apply(lanes);
  }

  #multiply(lanes: Uint16Array): void {
    const m = this.#matrix;
    for (let i = 0; i < lanes.length; i += 4) {
      const r = lanes[i + 1], g = lanes[i + 2], b = lanes[i + 3];
      lanes[i + 1] = clamp(m[0] * r + m[1] * g + m[2] * b);
      lanes[i + 2] = clamp(m[3] * r + m[4] * g + m[5] * b);
      lanes[i + 3] = clamp(m[6] * r + m[7] * g + m[8] * b);
    }
  }
}
