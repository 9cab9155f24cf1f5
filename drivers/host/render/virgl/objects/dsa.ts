/**
 * VIRGL_OBJECT_DSA: depth, stencil and alpha tests. Mirrors pipe_depth_stencil_alpha_state.
 * @module
 */

import { PIPE_FUNC_ALWAYS } from "../../../../../uapi/pipe.ts";
import { VIRGL_OBJECT_DSA } from "../../../../../uapi/virgl_protocol.ts";
import { VirglObject } from "../object.ts";

/** PIPE_STENCIL_OP_* to VkStencilOp: keep, zero, replace, increment and decrement with clamp, the same wrapping, invert. */
const STENCIL_OPS = [0, 1, 2, 3, 4, 6, 7, 5] as const;

/** The stencil test of a face, in Vulkan's numbers (comparisons are equal to Gallium's). */
export class StencilFace {
  /** Whether there is one. */
  readonly enabled: boolean;
  /** VkCompareOp. */
  readonly compare: number;
  /** VkStencilOp when the stencil test fails. */
  readonly fail: number;
  /** VkStencilOp when both tests pass. */
  readonly pass: number;
  /** VkStencilOp when the depth test fails. */
  readonly depthFail: number;
  /** Bits that are compared. */
  readonly compareMask: number;
  /** Bits that are written. */
  readonly writeMask: number;

  /** Reads it. */
  constructor(word: number) {
    this.enabled = (word & 1) !== 0;
    this.compare = word >>> 1 & 7;
    this.fail = STENCIL_OPS[word >>> 4 & 7];
    this.pass = STENCIL_OPS[word >>> 7 & 7];
    this.depthFail = STENCIL_OPS[word >>> 10 & 7];
    this.compareMask = word >>> 13 & 0xff;
    this.writeMask = word >>> 21 & 0xff;
  }
}

const bytes = new Uint32Array(1), float = new Float32Array(bytes.buffer);

/** Tests. */
export class Dsa extends VirglObject {
  readonly type = VIRGL_OBJECT_DSA;
  /** Whether depth is tested. */
  readonly depthTest: boolean;
  /** Whether it is written. */
  readonly depthWrite: boolean;
  /** VkCompareOp of the depth test. */
  readonly depthFunc: number;
  /** PIPE_FUNC_* of the alpha test; ALWAYS if there is none. */
  readonly alphaFunc: number;
  /** What alpha is compared with. */
  readonly alphaRef: number;
  /** Of front faces. */
  readonly front: StencilFace;
  /** Of back faces: the front's unless it has its own. */
  readonly back: StencilFace;

  /** Reads it; every word has a meaning. */
  constructor(words: Uint32Array, at: number) {
    super();
    const s0 = words[at];
    this.depthTest = (s0 & 1) !== 0;
    this.depthWrite = (s0 & 3) === 3;
    this.depthFunc = s0 >>> 2 & 7;
    this.alphaFunc = (s0 & 0x100) !== 0 ? s0 >>> 9 & 7 : PIPE_FUNC_ALWAYS;
    this.front = new StencilFace(words[at + 1]);
    const back = new StencilFace(words[at + 2]);
    this.back = back.enabled ? back : this.front;
    bytes[0] = words[at + 3];
    this.alphaRef = float[0];
  }

  protected override release(): void {}
}
