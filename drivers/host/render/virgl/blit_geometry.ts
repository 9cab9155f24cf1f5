/**
 * The geometry of BLIT without the GPU: which pixels are written, and where in the source each of them looks. Boxes are a client's,
 * any 32-bit numbers; doubles hold all that comes of them exactly. Gallium's rules (pipe_blit_info): a negative size runs backwards
 * from its corner, and a destination outside of the level is cut off.
 * @module
 */

/** A box with signed sizes. */
export interface BlitBox {
  /** First column. */
  x: number;
  /** First row. */
  y: number;
  /** First layer or slice. */
  z: number;
  /** Columns; negative runs to the left. */
  width: number;
  /** Rows; negative runs upwards. */
  height: number;
  /** Layers or slices; negative runs backwards. */
  depth: number;
}

/** Size of a level. */
export interface LevelSize {
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Layers or slices. */
  readonly depth: number;
}

/** A rectangle; the second corner is outside. */
export interface BlitScissor {
  /** First column. */
  minX: number;
  /** First row. */
  minY: number;
  /** Column after the last. */
  maxX: number;
  /** Row after the last. */
  maxY: number;
}

/** One blit, resolved. */
export interface BlitPlan {
  /** Where pixels are written; not empty. */
  readonly rect: BlitScissor;
  /** First layer that is written. */
  readonly firstLayer: number;
  /** Layers that are written, 1 or more. */
  readonly layers: number;
  /** Columns and rows of the source for each of the destination; negative flips. */
  readonly scaleX: number;
  readonly scaleY: number;
  /** Where in the source column and row 0 of the destination are. */
  readonly offsetX: number;
  readonly offsetY: number;
  /** Slices of the source for each of the destination. */
  readonly scaleZ: number;
  /** Where in the source the first layer that is written begins. */
  readonly offsetZ: number;
  /** Neither scaled nor flipped: `offsetX` and `offsetY` are whole. */
  readonly oneToOne: boolean;
  /** The source pixels that the rectangle shows are all inside of the level. */
  readonly sourceInside: boolean;
  /** Nothing of the destination's box was cut off. */
  readonly whole: boolean;
}

/** Why a box of layers cannot be. */
export type BlitRefusal = "source layers" | "destination layers";

/**
 * Resolves a blit.
 * @param scissor cuts further, if given
 * @returns undefined if nothing is written; a string if the layers are not the resource's
 */
export function planBlit(
  dst: Readonly<BlitBox>,
  dstSize: LevelSize,
  src: Readonly<BlitBox>,
  srcSize: LevelSize,
  scissor: BlitScissor | undefined,
): BlitPlan | BlitRefusal | undefined {
  if (dst.width === 0 || dst.height === 0 || dst.depth === 0) return undefined;
  if (src.width === 0 || src.height === 0 || src.depth === 0) return undefined;
  if (!layersFit(dst.z, dst.depth, dstSize.depth)) return "destination layers";
  if (!layersFit(src.z, src.depth, srcSize.depth)) return "source layers";
  const scaleX = src.width / dst.width, scaleY = src.height / dst.height, scaleZ = src.depth / dst.depth;
  const left = Math.min(dst.x, dst.x + dst.width), top = Math.min(dst.y, dst.y + dst.height);
  const right = left + Math.abs(dst.width), bottom = top + Math.abs(dst.height);
  const firstLayer = Math.min(dst.z, dst.z + dst.depth), layers = Math.abs(dst.depth);
  const rect = {
    minX: Math.max(left, 0, scissor?.minX ?? 0),
    minY: Math.max(top, 0, scissor?.minY ?? 0),
    maxX: Math.min(right, dstSize.width, scissor?.maxX ?? Infinity),
    maxY: Math.min(bottom, dstSize.height, scissor?.maxY ?? Infinity),
  };
  if (rect.minX >= rect.maxX || rect.minY >= rect.maxY) return undefined;
  // With one division the middle of a pixel comes out right: src + (pixel - dst) * scale.
  const offsetX = src.x - dst.x * scaleX, offsetY = src.y - dst.y * scaleY;
  const offsetZ = src.z + (firstLayer - dst.z) * scaleZ;
  const inside = (at: number, scale: number, offset: number, end: number, limit: number) => {
    const a = at * scale + offset, b = end * scale + offset;
    return Math.min(a, b) >= 0 && Math.max(a, b) <= limit;
  };
  return {
    rect,
    firstLayer,
    layers,
    scaleX,
    scaleY,
    offsetX,
    offsetY,
    scaleZ,
    offsetZ,
    oneToOne: scaleX === 1 && scaleY === 1,
    sourceInside: inside(rect.minX, scaleX, offsetX, rect.maxX, srcSize.width) &&
      inside(rect.minY, scaleY, offsetY, rect.maxY, srcSize.height),
    whole: rect.minX === left && rect.minY === top && rect.maxX === right && rect.maxY === bottom,
  };
}

function layersFit(z: number, depth: number, limit: number): boolean {
  const first = Math.min(z, z + depth), end = Math.max(z, z + depth);
  return first >= 0 && end <= limit;
}

/**
 * Where in the source a layer of the destination looks: the middle of its slice, in slices of the source.
 * @param layer counted from `firstLayer`
 */
export function sourceSlice(plan: BlitPlan, layer: number): number {
  return plan.offsetZ + (layer + 0.5) * plan.scaleZ;
}
