/**
 * COLOR_ENCODING and COLOR_RANGE of planes, SCALING_FILTER of planes and CRTCs. Mirrors drm_plane_create_color_properties
 * (drivers/gpu/drm/drm_color_mgmt.c), and drm_create_scaling_filter_prop (drm_plane.c).
 * @module
 */

import type { Crtc } from "./crtc.ts";
import { enumProperty, namedBits } from "./optional_properties.ts";
import type { Plane } from "./plane.ts";
import type { Property } from "./property.ts";

// DRM_COLOR_YCBCR_BT601 and on, DRM_COLOR_YCBCR_LIMITED_RANGE and on, DRM_SCALING_FILTER_DEFAULT and on.
const ENCODINGS = ["ITU-R BT.601 YCbCr", "ITU-R BT.709 YCbCr", "ITU-R BT.2020 YCbCr"];
const RANGES = ["YCbCr limited range", "YCbCr full range"];
const FILTERS = ["Default", "Nearest Neighbor"];

/** What a plane makes of YCbCr. */
export interface PlaneColorOptions {
  /** Bits of DRM_COLOR_YCBCR_BT* that it knows. */
  readonly encodings: number;
  /** Bits of DRM_COLOR_YCBCR_*_RANGE that it knows. */
  readonly ranges: number;
  /** The encoding at first, one of `encodings`. */
  readonly encoding: number;
  /** The range at first, one of `ranges`. */
  readonly range: number;
}

function choice(what: string, names: readonly string[], mask: number, first: number): Property {
  if ((mask & (1 << first)) === 0 || (mask & ~((1 << names.length) - 1)) !== 0) {
    throw new RangeError(`Cannot make ${what}: of 0x${mask.toString(16)}, ${first} at first`);
  }
  return enumProperty(what, namedBits(names, mask));
}

/** Attaches COLOR_ENCODING and COLOR_RANGE. @throws {RangeError} for bits without name and a value at first that has no bit. */
export function attachPlaneColorProperties(plane: Plane, options: PlaneColorOptions): void {
  const { kms, properties, state } = plane;
  const { encodings, ranges, encoding, range } = options;
  properties.attach({
    property: kms.optional.own(choice("COLOR_ENCODING", ENCODINGS, encodings, encoding)),
    get: (s) => s.colorEncoding,
    set: (s, value) => void (s.colorEncoding = value),
  });
  state.colorEncoding = encoding;
  properties.attach({
    property: kms.optional.own(choice("COLOR_RANGE", RANGES, ranges, range)),
    get: (s) => s.colorRange,
    set: (s, value) => void (s.colorRange = value),
  });
  state.colorRange = range;
}

/** Attaches SCALING_FILTER. @param filters bits: 0 default, 1 nearest neighbour. @throws {RangeError} without default. */
export function attachScalingFilterProperty(object: Plane | Crtc, filters: number): void {
  const property = object.kms.optional.own(choice("SCALING_FILTER", FILTERS, filters, 0));
  // Both kinds of state have it, but a list of bindings is of one kind.
  const list: { attach(binding: Binding): void } = object.properties;
  list.attach({ property, get: (s) => s.scalingFilter, set: (s, value) => void (s.scalingFilter = value) });
}

interface Binding {
  readonly property: Property;
  get(state: { scalingFilter: number }): number;
  set(state: { scalingFilter: number }, value: number): void;
}
