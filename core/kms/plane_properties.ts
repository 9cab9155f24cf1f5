/**
 * The properties of planes: what reads and writes each in a state. Mirrors drm_atomic_plane_set_property and
 * drm_atomic_plane_get_property (drm_atomic_uapi.c), and the property makers of drm_universal_plane_init and drm_blend.c.
 * @module
 */

import {
  DRM_FORMAT_MOD_INVALID,
  drm_format_modifier,
  drm_format_modifier_blob,
  DRM_MODE_BLEND_COVERAGE,
  DRM_MODE_BLEND_PIXEL_NONE,
  DRM_MODE_BLEND_PREMULTI,
  DRM_MODE_PROP_ATOMIC,
  DRM_MODE_PROP_BITMASK,
  DRM_MODE_PROP_ENUM,
  DRM_MODE_PROP_IMMUTABLE,
  DRM_MODE_PROP_RANGE,
  DRM_MODE_ROTATE_0,
  DRM_MODE_ROTATE_MASK,
  DRM_PLANE_TYPE_CURSOR,
  FORMAT_BLOB_CURRENT,
} from "../../uapi/mod.ts";
import { DrmError } from "../error.ts";
import { syncFileFence } from "../sync_file.ts";
import type { AtomicState } from "./atomic_state.ts";
import { attachPlaneColorProperties, attachScalingFilterProperty } from "./color_properties.ts";
import { findBlob, findCrtc, findFramebuffer } from "./find.ts";
import type { Plane } from "./plane.ts";
import type { PlaneState } from "./plane_state.ts";
import { Property, type PropertyEnum } from "./property.ts";

const RECT_SIZE = 16;
const ROTATIONS = ["rotate-0", "rotate-90", "rotate-180", "rotate-270", "reflect-x", "reflect-y"];
const BLENDS: readonly PropertyEnum[] = [
  { value: DRM_MODE_BLEND_PIXEL_NONE, name: "None" },
  { value: DRM_MODE_BLEND_PREMULTI, name: "Pre-multiplied" },
  { value: DRM_MODE_BLEND_COVERAGE, name: "Coverage" },
];

type Setter = (state: PlaneState, value: number, draft: AtomicState) => void;

/** Attaches all properties of a plane, the options' included. */
export function attachPlaneProperties(plane: Plane): void {
  const { kms, properties, hooks } = plane;
  const props = kms.props;
  const attach = (property: Property, get: (state: PlaneState) => number, set?: Setter): void =>
    properties.attach({ property, get, set });

  attach(props.planeType, () => plane.planeType);
  if (kms.device.has("ATOMIC")) {
    attach(
      props.fbId,
      (s) => s.fb?.id ?? 0,
      (s, value, draft) => s.setFramebuffer(findFramebuffer(kms, draft.file, value)),
    );
    attach(props.inFenceFd, () => -1, setInFence);
    attach(
      props.crtcId,
      (s) => s.crtc?.id ?? 0,
      (s, value, draft) => draft.setPlaneCrtc(s.plane, findCrtc(kms, draft, value)),
    );
    attach(props.crtcX, (s) => s.crtcX, (s, value) => void (s.crtcX = value));
    attach(props.crtcY, (s) => s.crtcY, (s, value) => void (s.crtcY = value));
    attach(props.crtcW, (s) => s.crtcW, (s, value) => void (s.crtcW = value));
    attach(props.crtcH, (s) => s.crtcH, (s, value) => void (s.crtcH = value));
    attach(props.srcX, (s) => s.srcX, (s, value) => void (s.srcX = value));
    attach(props.srcY, (s) => s.srcY, (s, value) => void (s.srcY = value));
    attach(props.srcW, (s) => s.srcW, (s, value) => void (s.srcW = value));
    attach(props.srcH, (s) => s.srcH, (s, value) => void (s.srcH = value));
  }
  const hotspot = plane.planeType === DRM_PLANE_TYPE_CURSOR ? kms.hotspot : undefined;
  if (hotspot !== undefined) {
    attach(hotspot[0], (s) => s.hotspotX, (s, value) => void (s.hotspotX = value));
    attach(hotspot[1], (s) => s.hotspotY, (s, value) => void (s.hotspotY = value));
  }
  if (kms.fbModifiers) {
    const blob = kms.createBlob(inFormats(plane));
    attach(props.inFormats, () => blob.id);
  }
  if (hooks.sizeHints !== undefined) {
    const blob = kms.createBlob(
      new Uint8Array(Uint16Array.from(hooks.sizeHints.flatMap((h) => [h.width, h.height])).buffer),
    );
    attach(props.sizeHints, () => blob.id);
  }
  if (hooks.damageClips) {
    attach(
      props.fbDamageClips,
      (s) => s.damageClips?.id ?? 0,
      (s, value) => s.setDamageClips(findBlob(kms, value, 0, RECT_SIZE)),
    );
  }
  attachBlending(plane);
  if (hooks.color !== undefined) attachPlaneColorProperties(plane, hooks.color);
  if (hooks.scalingFilters !== undefined) attachScalingFilterProperty(plane, hooks.scalingFilters);
}

// drm_blend.c: each plane has properties of its own for these.
function attachBlending(plane: Plane): void {
  const { kms, properties, hooks, state } = plane;
  const make = (property: Property): Property => {
    kms.register(property);
    return property;
  };
  if (hooks.alpha) {
    properties.attach({
      property: make(new Property("alpha", DRM_MODE_PROP_RANGE, [0, 0xffff], [])),
      get: (s) => s.alpha,
      set: (s, value) => void (s.alpha = value),
    });
  }
  if (hooks.rotations !== undefined) {
    const supported = hooks.rotations;
    state.rotation = hooks.rotation ?? DRM_MODE_ROTATE_0;
    const bits = ROTATIONS.map((name, value) => ({ name, value })).filter(({ value }) =>
      (supported & (1 << value)) !== 0
    );
    properties.attach({
      property: make(new Property("rotation", DRM_MODE_PROP_BITMASK, bits.map((bit) => bit.value), bits)),
      get: (s) => s.rotation,
      set: setRotation,
    });
  }
  if (hooks.zpos !== undefined) {
    const { min, max, value } = hooks.zpos;
    state.zpos = state.normalizedZpos = value;
    const fixed = min === max;
    properties.attach({
      property: make(new Property("zpos", DRM_MODE_PROP_RANGE | (fixed ? DRM_MODE_PROP_IMMUTABLE : 0), [min, max], [])),
      get: (s) => s.zpos,
      set: fixed ? undefined : (s, value) => void (s.zpos = value),
    });
  }
  if (hooks.blendModes !== undefined) {
    const modes = hooks.blendModes;
    const enums = BLENDS.filter((blend) => modes.includes(blend.value));
    properties.attach({
      property: make(new Property("pixel blend mode", DRM_MODE_PROP_ENUM, enums.map((item) => item.value), enums)),
      get: (s) => s.blendMode,
      set: (s, value) => void (s.blendMode = value),
    });
  }
}

/**
 * A property of the driver's own on a plane: its value stands in `state.values` at the place that is returned.
 *
 * @param flags DRM_MODE_PROP_ATOMIC hides it from clients that are not atomic.
 */
export function addPlaneProperty(plane: Plane, property: Property, initial: number): number {
  const place = plane.state.values.push(initial) - 1;
  plane.properties.attach({
    property,
    get: (s) => s.values[place],
    set: (s, value) => void (s.values[place] = value),
  });
  return place;
}

// J13.
function setInFence(state: PlaneState, value: number, draft: AtomicState): void {
  if (state.fence !== undefined) throw new DrmError("EINVAL", "Cannot take two in-fences for one plane");
  if (value === -1) return;
  const fence = syncFileFence(draft.task?.fds.get(value));
  if (fence === undefined) throw new DrmError("EINVAL", `Cannot wait for fd ${value}: it is no sync_file`);
  state.fence = fence;
}

// J16.
function setRotation(state: PlaneState, value: number): void {
  const rotate = value & DRM_MODE_ROTATE_MASK;
  if (rotate === 0 || (rotate & (rotate - 1)) !== 0) {
    throw new DrmError("EINVAL", `Cannot rotate by 0x${value.toString(16)}: exactly one rotate bit has to be set`);
  }
  state.rotation = value;
}

// create_in_format_blob: for each modifier the formats that go with it, 64 an entry.
function inFormats(plane: Plane): Uint8Array {
  const { formats } = plane;
  const modifiers = plane.modifiers.filter((modifier) => modifier !== DRM_FORMAT_MOD_INVALID);
  const chunks = Math.max(1, Math.ceil(formats.length / 64));
  const formatsOffset = drm_format_modifier_blob.size;
  const modifiersOffset = Math.ceil((formatsOffset + formats.length * 4) / 8) * 8;
  const bytes = new Uint8Array(modifiersOffset + modifiers.length * chunks * drm_format_modifier.size);
  const head = drm_format_modifier_blob.at(bytes);
  head.version = FORMAT_BLOB_CURRENT;
  head.count_formats = formats.length;
  head.formats_offset = formatsOffset;
  head.count_modifiers = modifiers.length * chunks;
  head.modifiers_offset = modifiersOffset;
  const view = new DataView(bytes.buffer);
  formats.forEach((format, i) => view.setUint32(formatsOffset + i * 4, format, true));
  modifiers.forEach((modifier, m) => {
    for (let chunk = 0; chunk < chunks; chunk++) {
      const entry = drm_format_modifier.at(bytes, modifiersOffset + (m * chunks + chunk) * drm_format_modifier.size);
      entry.offset = chunk * 64;
      entry.modifier = modifier;
      let bits = 0n;
      formats.slice(chunk * 64, chunk * 64 + 64).forEach((format, bit) => {
        if (plane.supports(format, modifier)) bits |= 1n << BigInt(bit);
      });
      entry.formats = bits;
    }
  });
  return bytes;
}

/** DRM_MODE_PROP_ATOMIC, for properties of drivers that only atomic clients are to see. */
export const ATOMIC_PROPERTY: number = DRM_MODE_PROP_ATOMIC;
