/**
 * Attachments that are rendered to together: SET_FRAMEBUFFER_STATE(_NO_ATTACH). Immutable; each such command makes one.
 * @module
 */

import type { Surface } from "./objects/surface.ts";

/** A framebuffer. */
export class Framebuffer implements Disposable {
  /** One without attachments and size: draws do nothing. */
  static readonly none: Framebuffer = new Framebuffer([], undefined, 0, 0, 0, 1);

  /** Colour attachments by number. */
  readonly colors: readonly (Surface | undefined)[];
  /** Depth and stencil. */
  readonly depth: Surface | undefined;
  /** Columns that all attachments have. */
  readonly width: number;
  /** Rows that all attachments have. */
  readonly height: number;
  /** Layers that all attachments have. */
  readonly layers: number;
  /** Samples of each pixel. */
  readonly samples: number;

  /**
   * A framebuffer. Without attachments it has the size that is given; with some, what they share.
   * The surfaces are kept until it is disposed of; their samples must be equal (the caller checks).
   */
  constructor(
    colors: readonly (Surface | undefined)[],
    depth: Surface | undefined,
    width: number,
    height: number,
    layers: number,
    samples: number,
  ) {
    let first = true;
    const share = (surface: Surface | undefined): void => {
      if (surface === undefined) return;
      surface.keep();
      width = first ? surface.width : Math.min(width, surface.width);
      height = first ? surface.height : Math.min(height, surface.height);
      layers = first ? surface.layers : Math.min(layers, surface.layers);
      samples = surface.samples;
      first = false;
    };
    for (const color of colors) share(color);
    share(depth);
    this.colors = colors;
    this.depth = depth;
    this.width = width;
    this.height = height;
    this.layers = layers;
    this.samples = samples;
  }

  /** Lets go of the surfaces. */
  [Symbol.dispose](): void {
    for (const color of this.colors) color?.drop();
    this.depth?.drop();
  }
}
