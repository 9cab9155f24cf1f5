/**
 * The properties that every device has, made in the kernel's order, so that their ids are the kernel's. Mirrors
 * drm_mode_create_standard_properties and drm_connector_create_standard_properties.
 * @module
 */

import {
  DRM_MODE_DPMS_OFF,
  DRM_MODE_DPMS_ON,
  DRM_MODE_DPMS_STANDBY,
  DRM_MODE_DPMS_SUSPEND,
  DRM_MODE_LINK_STATUS_BAD,
  DRM_MODE_LINK_STATUS_GOOD,
  DRM_MODE_OBJECT_CRTC,
  DRM_MODE_OBJECT_FB,
  DRM_MODE_PROP_ATOMIC,
  DRM_MODE_PROP_BLOB,
  DRM_MODE_PROP_ENUM,
  DRM_MODE_PROP_IMMUTABLE,
  DRM_MODE_PROP_OBJECT,
  DRM_MODE_PROP_RANGE,
  DRM_MODE_PROP_SIGNED_RANGE,
  DRM_PLANE_TYPE_CURSOR,
  DRM_PLANE_TYPE_OVERLAY,
  DRM_PLANE_TYPE_PRIMARY,
} from "../../uapi/mod.ts";
import { Property, type PropertyEnum } from "./property.ts";

const INT_MIN = -0x8000_0000;
const INT_MAX = 0x7fff_ffff;
const UINT_MAX = 0xffff_ffff;
const U64_MAX = 2 ** 64;

/** Gives a property its id. */
export type AddProperty = (property: Property) => Property;

/** The standard properties of one device. */
export class StandardProperties {
  /** "EDID". */
  readonly edid: Property;
  /** "DPMS". */
  readonly dpms: Property;
  /** "PATH". */
  readonly path: Property;
  /** "TILE". */
  readonly tile: Property;
  /** "link-status". */
  readonly linkStatus: Property;
  /** "non-desktop". */
  readonly nonDesktop: Property;
  /** "HDR_OUTPUT_METADATA". */
  readonly hdrOutputMetadata: Property;
  /** "type" of planes. */
  readonly planeType: Property;
  /** "SRC_X". */
  readonly srcX: Property;
  /** "SRC_Y". */
  readonly srcY: Property;
  /** "SRC_W". */
  readonly srcW: Property;
  /** "SRC_H". */
  readonly srcH: Property;
  /** "CRTC_X". */
  readonly crtcX: Property;
  /** "CRTC_Y". */
  readonly crtcY: Property;
  /** "CRTC_W". */
  readonly crtcW: Property;
  /** "CRTC_H". */
  readonly crtcH: Property;
  /** "FB_ID". */
  readonly fbId: Property;
  /** "IN_FENCE_FD". */
  readonly inFenceFd: Property;
  /** "OUT_FENCE_PTR". */
  readonly outFencePtr: Property;
  /** "CRTC_ID". */
  readonly crtcId: Property;
  /** "FB_DAMAGE_CLIPS". */
  readonly fbDamageClips: Property;
  /** "ACTIVE". */
  readonly active: Property;
  /** "MODE_ID". */
  readonly modeId: Property;
  /** "VRR_ENABLED". */
  readonly vrrEnabled: Property;
  /** "DEGAMMA_LUT". */
  readonly degammaLut: Property;
  /** "DEGAMMA_LUT_SIZE". */
  readonly degammaLutSize: Property;
  /** "CTM". */
  readonly ctm: Property;
  /** "GAMMA_LUT". */
  readonly gammaLut: Property;
  /** "GAMMA_LUT_SIZE". */
  readonly gammaLutSize: Property;
  /** "IN_FORMATS". */
  readonly inFormats: Property;
  /** "SIZE_HINTS". */
  readonly sizeHints: Property;

  /** The properties that every device has. @param add gives each its id. */
  constructor(add: AddProperty) {
    const range = (name: string, min: number, max: number, flags = 0): Property =>
      add(new Property(name, DRM_MODE_PROP_RANGE | flags, [min, max], []));
    const signed = (name: string, min: number, max: number): Property =>
      add(new Property(name, DRM_MODE_PROP_SIGNED_RANGE | DRM_MODE_PROP_ATOMIC, [min, max], []));
    const blob = (name: string, flags = 0): Property => add(new Property(name, DRM_MODE_PROP_BLOB | flags, [], []));
    const object = (name: string, type: number): Property =>
      add(new Property(name, DRM_MODE_PROP_OBJECT | DRM_MODE_PROP_ATOMIC, [type], []));
    const named = (name: string, enums: PropertyEnum[], flags = 0): Property =>
      add(new Property(name, DRM_MODE_PROP_ENUM | flags, enums.map((item) => item.value), enums));
    const atomic = DRM_MODE_PROP_ATOMIC;
    const immutable = DRM_MODE_PROP_IMMUTABLE;

    this.edid = blob("EDID", immutable);
    this.dpms = named("DPMS", [
      { value: DRM_MODE_DPMS_ON, name: "On" },
      { value: DRM_MODE_DPMS_STANDBY, name: "Standby" },
      { value: DRM_MODE_DPMS_SUSPEND, name: "Suspend" },
      { value: DRM_MODE_DPMS_OFF, name: "Off" },
    ]);
    this.path = blob("PATH", immutable);
    this.tile = blob("TILE", immutable);
    this.linkStatus = named("link-status", [
      { value: DRM_MODE_LINK_STATUS_GOOD, name: "Good" },
      { value: DRM_MODE_LINK_STATUS_BAD, name: "Bad" },
    ]);
    this.nonDesktop = range("non-desktop", 0, 1, immutable);
    this.hdrOutputMetadata = blob("HDR_OUTPUT_METADATA");
    this.planeType = named("type", [
      { value: DRM_PLANE_TYPE_OVERLAY, name: "Overlay" },
      { value: DRM_PLANE_TYPE_PRIMARY, name: "Primary" },
      { value: DRM_PLANE_TYPE_CURSOR, name: "Cursor" },
    ], immutable);
    this.srcX = range("SRC_X", 0, UINT_MAX, atomic);
    this.srcY = range("SRC_Y", 0, UINT_MAX, atomic);
    this.srcW = range("SRC_W", 0, UINT_MAX, atomic);
    this.srcH = range("SRC_H", 0, UINT_MAX, atomic);
    this.crtcX = signed("CRTC_X", INT_MIN, INT_MAX);
    this.crtcY = signed("CRTC_Y", INT_MIN, INT_MAX);
    this.crtcW = range("CRTC_W", 0, INT_MAX, atomic);
    this.crtcH = range("CRTC_H", 0, INT_MAX, atomic);
    this.fbId = object("FB_ID", DRM_MODE_OBJECT_FB);
    this.inFenceFd = signed("IN_FENCE_FD", -1, INT_MAX);
    this.outFencePtr = range("OUT_FENCE_PTR", 0, U64_MAX, atomic);
    this.crtcId = object("CRTC_ID", DRM_MODE_OBJECT_CRTC);
    this.fbDamageClips = blob("FB_DAMAGE_CLIPS", atomic);
    this.active = range("ACTIVE", 0, 1, atomic);
    this.modeId = blob("MODE_ID", atomic);
    this.vrrEnabled = range("VRR_ENABLED", 0, 1);
    this.degammaLut = blob("DEGAMMA_LUT");
    this.degammaLutSize = range("DEGAMMA_LUT_SIZE", 0, UINT_MAX, immutable);
    this.ctm = blob("CTM");
    this.gammaLut = blob("GAMMA_LUT");
    this.gammaLutSize = range("GAMMA_LUT_SIZE", 0, UINT_MAX, immutable);
    this.inFormats = blob("IN_FORMATS", immutable);
    this.sizeHints = blob("SIZE_HINTS", immutable);
  }
}
