/**
 * VIRGL_OBJECT_BLEND: blending, logical operation, colour masks, coverage from alpha. Mirrors pipe_blend_state.
 * @module
 */

import { PIPE_BLEND_MAX } from "../../../../../uapi/pipe.ts";
import { VIRGL_OBJECT_BLEND } from "../../../../../uapi/virgl_protocol.ts";
import type { Gpu } from "../gpu.ts";
import { VirglObject } from "../object.ts";
import { badCommand } from "../refusal.ts";

/** Bits of a target's word. */
export const RT_ENABLE = 1;
const MASK_SHIFT = 27;

/** Factors of Gallium as VkBlendFactor; -1 for numbers that are none. */
export const BLEND_FACTORS: Int8Array = new Int8Array(32).fill(-1);
for (
  const [pipe, vk] of [
    [1, 1], // ONE
    [2, 2], // SRC_COLOR
    [3, 6], // SRC_ALPHA
    [4, 8], // DST_ALPHA
    [5, 4], // DST_COLOR
    [6, 14], // SRC_ALPHA_SATURATE
    [7, 10], // CONST_COLOR
    [8, 12], // CONST_ALPHA
    [9, 15], // SRC1_COLOR
    [10, 17], // SRC1_ALPHA
    [17, 0], // ZERO
    [18, 3], // INV_SRC_COLOR
    [19, 7], // INV_SRC_ALPHA
    [20, 9], // INV_DST_ALPHA
    [21, 5], // INV_DST_COLOR
    [23, 11], // INV_CONST_COLOR
    [24, 13], // INV_CONST_ALPHA
    [25, 16], // INV_SRC1_COLOR
    [26, 18], // INV_SRC1_ALPHA
  ] as const
) BLEND_FACTORS[pipe] = vk;

const DST_COLOR = 5, INV_DST_COLOR = 21, CONST_COLOR = 7, CONST_ALPHA = 8, INV_CONST_COLOR = 23, INV_CONST_ALPHA = 24;
const DST_ALPHA = 4, INV_DST_ALPHA = 20, SRC_ALPHA_SATURATE = 6, ONE = 1, ZERO = 17;
/** Where the four factors of a word are. */
const FACTOR_SHIFTS = [4, 9, 17, 22] as const;

/** Blending. */
export class Blend extends VirglObject {
  readonly type = VIRGL_OBJECT_BLEND;
  /** A word for each colour buffer: enable, functions, factors, mask (VIRGL_OBJ_BLEND_S2_*). */
  readonly targets: Int32Array = new Int32Array(8);
  /** Whether the logical operation replaces blending. */
  readonly logicOpEnable: boolean;
  /** PIPE_LOGICOP_*, which are VkLogicOp in another order. */
  readonly logicOp: number;
  /** Coverage from alpha. */
  readonly alphaToCoverage: boolean;
  /** Alpha is 1. */
  readonly alphaToOne: boolean;
  /** Whether buffer 0 blends with the second source. */
  readonly dualSource: boolean;

  /** Reads it. @throws {VirglRefusal} for factors and functions that are none, or that the GPU lacks */
  constructor(gpu: Gpu, words: Uint32Array, at: number) {
    super();
    const s0 = words[at];
    const independent = (s0 & 1) !== 0;
    this.logicOpEnable = (s0 & 2) !== 0;
    this.alphaToCoverage = (s0 & 8) !== 0;
    this.alphaToOne = (s0 & 16) !== 0;
    this.logicOp = words[at + 1] & 15;
    let dual = false;
    for (let i = 0; i < 8; i++) {
      const word = words[at + 2 + (independent ? i : 0)] & 0x7fff_ffff;
      if ((word & RT_ENABLE) === 0) {
        this.targets[i] = word & 0x7800_0000;
        continue;
      }
      if ((word >>> 1 & 7) > PIPE_BLEND_MAX || (word >>> 14 & 7) > PIPE_BLEND_MAX) {
        throw badCommand(`Cannot make blend state: target ${i} has a function that is none`);
      }
      for (const shift of FACTOR_SHIFTS) {
        const factor = word >>> shift & 31;
        if (BLEND_FACTORS[factor] < 0) {
          throw badCommand(`Cannot make blend state: target ${i} has factor ${factor}, which is none`);
        }
        if (factor === 9 || factor === 10 || factor === 25 || factor === 26) dual = true;
      }
      this.targets[i] = word;
    }
    if (dual && !gpu.has.dualSrcBlend) throw badCommand("Cannot make blend state: the GPU has no dual-source blending");
    if (this.logicOpEnable && !gpu.has.logicOp) {
      throw badCommand("Cannot make blend state: the GPU has no logical operations");
    }
    this.dualSource = dual;
  }

  protected override release(): void {}
}

/**
 * A target's word for an attachment as it is: no blending where that cannot be, and 1 for the destination's alpha where the
 * format has none. @param word of `Blend.targets`. @param blends whether the attachment can be blended
 */
export function targetWord(word: number, blends: boolean, hasAlpha: boolean): number {
  if ((word & RT_ENABLE) === 0 || !blends) return word & 0x7800_0000;
  if (hasAlpha) return word;
  for (const shift of FACTOR_SHIFTS) {
    const factor = word >>> shift & 31;
    // min(As, 1 - 1) is 0.
    const instead = factor === DST_ALPHA
      ? ONE
      : factor === INV_DST_ALPHA || (factor === SRC_ALPHA_SATURATE && shift < 14)
      ? ZERO
      : factor;
    word = word & ~(31 << shift) | instead << shift;
  }
  return word;
}

/**
 * The word for an attachment that holds alpha as red (GpuFormat.alphaOnly), whose shaders write alpha to both: the equation and the
 * mask of alpha become red's. @param word of `targetWord`
 */
export function alphaAsRed(word: number): number {
  const mask = (word >>> MASK_SHIFT & 8) !== 0 ? 1 << MASK_SHIFT : 0;
  if ((word & RT_ENABLE) === 0) return mask;
  const source = redFactor(word >>> 17 & 31), target = redFactor(word >>> 22 & 31), equation = word >>> 14 & 7;
  return RT_ENABLE | equation << 1 | source << 4 | target << 9 | equation << 14 | source << 17 | target << 22 | mask;
}

/** A factor of alpha's equation as one of red's: in that, colours of the client's are alpha, too. */
function redFactor(factor: number): number {
  switch (factor) {
    case SRC_ALPHA_SATURATE:
      return ONE;
    case DST_ALPHA:
      return DST_COLOR;
    case INV_DST_ALPHA:
      return INV_DST_COLOR;
    case CONST_COLOR:
      return CONST_ALPHA;
    case INV_CONST_COLOR:
      return INV_CONST_ALPHA;
    default:
      return factor;
  }
}

/** VkColorComponentFlags of a word: Gallium's mask has the same bits. */
export function colorMask(word: number): number {
  return word >>> MASK_SHIFT & 15;
}

/** PIPE_LOGICOP_* to VkLogicOp. */
export const LOGIC_OPS: readonly number[] = [
  0, // CLEAR
  8, // NOR
  4, // AND_INVERTED
  12, // COPY_INVERTED
  2, // AND_REVERSE
  10, // INVERT
  6, // XOR
  14, // NAND
  1, // AND
  9, // EQUIV
  5, // NOOP
  13, // OR_INVERTED
  3, // COPY
  11, // OR_REVERSE
  7, // OR
  15, // SET
];
