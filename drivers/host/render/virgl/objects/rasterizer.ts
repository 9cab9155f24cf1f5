/**
 * VIRGL_OBJECT_RASTERIZER. Mirrors pipe_rasterizer_state.
 * @module
 */

import { VIRGL_OBJECT_RASTERIZER } from "../../../../../uapi/virgl_protocol.ts";
import { VirglObject } from "../object.ts";

const bytes = new Uint32Array(1), float = new Float32Array(bytes.buffer);

/** A word's float, made a number. */
function finite(word: number, instead: number): number {
  bytes[0] = word;
  return Number.isFinite(float[0]) ? float[0] : instead;
}

/** A rasterizer for each face, where their polygons are filled in different ways. */
export interface PolygonSides {
  /** Front faces alone. */
  readonly front: Rasterizer;
  /** Back faces alone. */
  readonly back: Rasterizer;
}

const CULL_SHIFT = 8, CULL_FRONT = 1, CULL_BACK = 2;
/** Words of a state. */
const WORDS = 8;

/** Rasterization. */
export class Rasterizer extends VirglObject {
  readonly type = VIRGL_OBJECT_RASTERIZER;
  /** The flags, VIRGL_OBJ_RS_S0_*. */
  readonly flags: number;
  /** Colours are flat. */
  readonly flatshade: boolean;
  /** Clip at the near and far plane. */
  readonly depthClip: boolean;
  /** Depth of clip space is 0 to w; else -w to w. */
  readonly clipHalfz: boolean;
  /** Nothing reaches the rasterizer. */
  readonly discard: boolean;
  /** The first vertex provokes; else the last. */
  readonly flatshadeFirst: boolean;
  /** Back faces have their own colours. */
  readonly lightTwoside: boolean;
  /** The sprite's origin is its lower left corner. */
  readonly spriteLowerLeft: boolean;
  /** Points are quads (with sprite coordinates); else circles or squares without. */
  readonly pointQuad: boolean;
  /** VkCullModeFlags, which PIPE_FACE_* are. */
  readonly cull: number;
  /** PIPE_POLYGON_MODE_* of front faces. */
  readonly fillFront: number;
  /** PIPE_POLYGON_MODE_* of back faces. */
  readonly fillBack: number;
  /** Scissors apply. */
  readonly scissor: boolean;
  /** Front faces turn left. */
  readonly frontCcw: boolean;
  /** Colours are clamped. */
  readonly clampColor: boolean;
  /** The vertex shader says how large points are. */
  readonly pointSizePerVertex: boolean;
  /** Samples are told apart. */
  readonly multisample: boolean;
  /** Filled polygons are stippled. */
  readonly polygonStipple: boolean;
  /** Lines are smooth. */
  readonly lineSmooth: boolean;
  /** Lines are stippled. */
  readonly lineStipple: boolean;
  /** Every sample is shaded. */
  readonly perSample: boolean;
  /** Size of points, pixels. */
  readonly pointSize: number;
  /** GENERICs that points replace. */
  readonly spriteCoordEnable: number;
  /** Pattern of stippled lines, 16 bits. */
  readonly stipplePattern: number;
  /** Pixels a bit of the pattern, 1 to 256. */
  readonly stippleFactor: number;
  /** User clip planes in use, a mask. */
  readonly clipPlaneEnable: number;
  /** Pixels. */
  readonly lineWidth: number;
  /** Constant part of the depth offset. */
  readonly offsetUnits: number;
  /** Part of the depth offset by slope. */
  readonly offsetScale: number;
  /** Most of it. */
  readonly offsetClamp: number;
  /** What draws each face, where both are drawn and not in the same mode; undefined otherwise. */
  readonly sides: PolygonSides | undefined;

  /** Reads it; every word has a meaning. */
  constructor(words: Uint32Array, at: number) {
    super();
    const s0 = this.flags = words[at], s3 = words[at + 3], bit = (n: number) => (s0 >>> n & 1) !== 0;
    this.flatshade = bit(0);
    this.depthClip = bit(1);
    this.clipHalfz = bit(2);
    this.discard = bit(3);
    this.flatshadeFirst = bit(4);
    this.lightTwoside = bit(5);
    this.spriteLowerLeft = bit(6);
    this.pointQuad = bit(7);
    this.cull = s0 >>> 8 & 3;
    this.fillFront = s0 >>> 10 & 3;
    this.fillBack = s0 >>> 12 & 3;
    this.scissor = bit(14);
    this.frontCcw = bit(15);
    this.clampColor = bit(17);
    this.pointSizePerVertex = bit(24);
    this.multisample = bit(25);
    this.polygonStipple = bit(22) && this.fill === 0;
    this.lineSmooth = bit(26);
    this.lineStipple = bit(27);
    this.perSample = bit(31);
    this.pointSize = finite(words[at + 1], 1);
    this.spriteCoordEnable = words[at + 2];
    this.stipplePattern = s3 & 0xffff;
    this.stippleFactor = (s3 >>> 16 & 0xff) + 1;
    this.clipPlaneEnable = s3 >>> 24;
    this.lineWidth = finite(words[at + 4], 1);
    this.offsetUnits = finite(words[at + 5], 0);
    this.offsetScale = finite(words[at + 6], 0);
    this.offsetClamp = finite(words[at + 7], 0);
    if (this.cull !== 0 || this.fillFront === this.fillBack) return;
    const side = words.slice(at, at + WORDS),
      culled = (cull: number) => {
        side[0] = s0 | cull << CULL_SHIFT;
        return new Rasterizer(side, 0);
      };
    this.sides = { front: culled(CULL_BACK), back: culled(CULL_FRONT) };
  }

  /** What modules of shaders depend on, as bits. */
  get variant(): number {
    // flatshade, halfz, two sides, sprite mode, clamps, size per vertex, multisample, per sample; then clip planes, polygons as points, stipple.
    return (this.flags & 0x8303_0065) | (this.clipPlaneEnable << 8) ^ (this.fill === 2 ? 1 << 20 : 0) ^
        (this.polygonStipple ? 1 << 21 : 0);
  }

  /** The mode that polygons are drawn with: that of the faces that are not culled. */
  get fill(): number {
    return (this.cull & 1) !== 0 ? this.fillBack : this.fillFront;
  }

  /** Whether polygons of that mode are offset. */
  get offset(): boolean {
    const fill = this.fill;
    return (this.flags >>> (fill === 1 ? 18 : fill === 2 ? 19 : 20) & 1) !== 0;
  }

  protected override release(): void {}
}
