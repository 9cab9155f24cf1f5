/**
 * What a vkms configuration may say in each place: names, numbers, lists. What must fit together is in config.ts.
 * @module
 */

import { connectorTypeName } from "../../../core/kms/connector_type.ts";
import { fourccName } from "../../../uapi/drm_fourcc.ts";
import { DRM_MODE_CONNECTOR_WRITEBACK } from "../../../uapi/drm_mode_connector.ts";
import { ALL_FORMATS } from "./pixel_format.ts";
import { described, either, flag, known, list, record, type Rule, text, whole } from "./rule.ts";

const MAX_OBJECTS = 32;
/** Bytes of a block of an EDID. */
export const EDID_BLOCK = 128;
/** A mode: width, height, refresh. */
export const MODE_PATTERN = /^([1-9][0-9]{0,4})x([1-9][0-9]{0,4})(?:@([1-9][0-9]{0,2}))?$/;

/** DRM_MODE_CONNECTOR_* by the kernel's names. */
export const vkmsConnectorTypes: ReadonlyMap<string, number> = new Map(
  Array.from({ length: 21 }, (_, type) => [connectorTypeName(type), type] as const).filter(([, type]) =>
    type !== 0 && type !== DRM_MODE_CONNECTOR_WRITEBACK
  ),
);
/** DRM_FORMAT_* by their fourcc codes. */
export const vkmsFormats: ReadonlyMap<string, number> = new Map(
  ALL_FORMATS.map((format) => [fourccName(format), format]),
);

const formats = described(
  'fourcc codes ("XR24")',
  list(1, ALL_FORMATS.length, known(vkmsFormats.keys(), "one of the fourcc codes")),
);
const crtcs = described("indices of CRTCs; default all", list(1, MAX_OBJECTS, whole(0, MAX_OBJECTS - 1)));
const place = whole(0, 255);
const planes = list(
  1,
  MAX_OBJECTS,
  record({
    type: described("what it is for", known(["primary", "overlay", "cursor"], "a type of plane")),
    crtcs: described("only in the device's list: indices of the CRTCs that it can be on; default all", crtcs),
    formats,
    rotations: described(
      '"rotate-0" must be among them; default all',
      list(1, 6, known(["rotate-0", "rotate-90", "rotate-180", "rotate-270", "reflect-x", "reflect-y"], "a rotation")),
    ),
    zpos: described(
      "its place in the stack, fixed; or what clients may choose from",
      either(place, record({ min: place, max: place, value: place }, ["min", "max", "value"])),
    ),
  }, ["type"]),
);

/** What is plugged in. */
export const PLUG_RULES: Readonly<Record<"status" | "edid" | "modes", Rule>> = {
  status: described(
    "whether something is plugged in; can change while the device is there",
    known(["connected", "disconnected", "unknown"], "a status"),
  ),
  edid: described(
    "the EDID as hexadecimal digits; can change while the device is there",
    text(/^(?:[0-9a-fA-F]{256}){1,256}$/, "blocks of 128 bytes as hexadecimal digits"),
  ),
  modes: described(
    'like "1920x1080@120", the preferred one first; can change while the device is there',
    list(1, 64, text(MODE_PATTERN, 'a mode like "1920x1080" or "1920x1080@60"')),
  ),
};

/** The members of a device. @param plug more that connectors may have, for other forms of a configuration. */
export function configMembers(plug: Readonly<Record<string, Rule>> = {}): Readonly<Record<string, Rule>> {
  return {
    name: described(
      'its name in sysfs, default "vkms"',
      text(/^[A-Za-z0-9_-]{1,64}$/, "1 to 64 letters, digits, _ or -"),
    ),
    extras: described("what the kernel's vkms lacks; default true", flag),
    cursor: described("whether CRTCs have a cursor plane; default true", flag),
    overlays: described("overlay planes of a CRTC; default 0", whole(0, 30)),
    writeback: described("whether each CRTC has a writeback connector; default true where there is room", flag),
    cursorSize: described("edge of the largest cursor, pixels; default 512", whole(64, 512)),
    maxWidth: described("greatest width of modes and framebuffers; default 8192", whole(10, 16384)),
    maxHeight: described("greatest height of modes and framebuffers; default 8192", whole(10, 16384)),
    refresh: described(
      'frames come at the "mode"\'s rate (the default), at so many a second, or with each commit ("free")',
      either(known(["mode", "free"], "a pace"), whole(1, 1000)),
    ),
    formats: described("of all planes that do not say their own", formats),
    planes: described("planes that say themselves on which CRTCs they can be: overlays on several", planes),
    crtcs: list(
      1,
      MAX_OBJECTS,
      record({
        planes: described("its planes: one primary, one cursor at most", planes),
        gammaSize: described("entries of GAMMA_LUT; default 256", whole(0, 4096)),
        degammaSize: described("entries of DEGAMMA_LUT; default 256 with extras, else 0", whole(0, 4096)),
        ctm: described("whether it has a CTM; default extras", flag),
      }),
    ),
    encoders: described("default: one for each connector", list(0, MAX_OBJECTS, record({ crtcs }))),
    connectors: described(
      "default: one for each CRTC",
      list(
        0,
        MAX_OBJECTS,
        record({
          type: described('default "Virtual"', known(vkmsConnectorTypes.keys(), "a type of connector")),
          encoders: described("indices of encoders; default all", list(1, MAX_OBJECTS, whole(0, MAX_OBJECTS - 1))),
          crtcs: described("where the device lists no encoders: indices of CRTCs; default all", crtcs),
          ...PLUG_RULES,
          ...plug,
        }),
      ),
    ),
  };
}

/** A device. */
export const CONFIG_RULE: Rule = record(configMembers());
