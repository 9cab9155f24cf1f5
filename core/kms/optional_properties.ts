/**
 * Properties that a device has once an object of it needs them: made with their first use, shared by all objects of the device.
 * Mirrors drm_mode_create_*_property (drivers/gpu/drm/drm_connector.c) and create_writeback_properties (drm_writeback.c).
 * @module
 */

import {
  DRM_MODE_CONTENT_PROTECTION_DESIRED,
  DRM_MODE_CONTENT_PROTECTION_ENABLED,
  DRM_MODE_CONTENT_PROTECTION_UNDESIRED,
  DRM_MODE_CONTENT_TYPE_CINEMA,
  DRM_MODE_CONTENT_TYPE_GAME,
  DRM_MODE_CONTENT_TYPE_GRAPHICS,
  DRM_MODE_CONTENT_TYPE_NO_DATA,
  DRM_MODE_CONTENT_TYPE_PHOTO,
  DRM_MODE_OBJECT_FB,
  DRM_MODE_PICTURE_ASPECT_16_9,
  DRM_MODE_PICTURE_ASPECT_4_3,
  DRM_MODE_PICTURE_ASPECT_NONE,
  DRM_MODE_PROP_ATOMIC,
  DRM_MODE_PROP_BLOB,
  DRM_MODE_PROP_ENUM,
  DRM_MODE_PROP_IMMUTABLE,
  DRM_MODE_PROP_OBJECT,
  DRM_MODE_PROP_RANGE,
} from "../../uapi/mod.ts";
import { Property, type PropertyEnum } from "./property.ts";
import type { AddProperty } from "./standard_properties.ts";

const ATOMIC = DRM_MODE_PROP_ATOMIC;
const IMMUTABLE = DRM_MODE_PROP_IMMUTABLE;
const U64_MAX = 2 ** 64;

const CONTENT_TYPES: readonly PropertyEnum[] = [
  { value: DRM_MODE_CONTENT_TYPE_NO_DATA, name: "No Data" },
  { value: DRM_MODE_CONTENT_TYPE_GRAPHICS, name: "Graphics" },
  { value: DRM_MODE_CONTENT_TYPE_PHOTO, name: "Photo" },
  { value: DRM_MODE_CONTENT_TYPE_CINEMA, name: "Cinema" },
  { value: DRM_MODE_CONTENT_TYPE_GAME, name: "Game" },
];
const ASPECT_RATIOS: readonly PropertyEnum[] = [
  { value: DRM_MODE_PICTURE_ASPECT_NONE, name: "Automatic" },
  { value: DRM_MODE_PICTURE_ASPECT_4_3, name: "4:3" },
  { value: DRM_MODE_PICTURE_ASPECT_16_9, name: "16:9" },
];
const ORIENTATIONS: readonly PropertyEnum[] = ["Normal", "Upside Down", "Left Side Up", "Right Side Up"]
  .map((name, value) => ({ value, name }));
const PROTECTIONS: readonly PropertyEnum[] = [
  { value: DRM_MODE_CONTENT_PROTECTION_UNDESIRED, name: "Undesired" },
  { value: DRM_MODE_CONTENT_PROTECTION_DESIRED, name: "Desired" },
  { value: DRM_MODE_CONTENT_PROTECTION_ENABLED, name: "Enabled" },
];
const HDCP_TYPES: readonly PropertyEnum[] = ["HDCP Type0", "HDCP Type1"].map((name, value) => ({ value, name }));

/** The optional properties of one device. */
export class OptionalProperties {
  readonly #add: AddProperty;
  readonly #made = new Map<string, Property>();

  /** None yet. @param add gives a property its id. */
  constructor(add: AddProperty) {
    this.#add = add;
  }

  /** A property that is made once for the device. @param key tells it apart from others of its name. */
  once(key: string, make: () => Property): Property {
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const property = this.#add(make());
    this.#made.set(key, property);
    return property;
  }

  /** A property of one object alone. */
  own(property: Property): Property {
    return this.#add(property);
  }

  /** A number from 0. @param flags DRM_MODE_PROP_*. */
  range(name: string, max: number, flags = 0): Property {
    return this.once(name, () => new Property(name, DRM_MODE_PROP_RANGE | flags, [0, max], []));
  }

  /** One of named values, which are the same for all objects of the device. @param key as for `once`. */
  named(name: string, enums: readonly PropertyEnum[], flags = 0, key: string = name): Property {
    return this.once(key, () => enumProperty(name, enums, flags));
  }

  /** "WRITEBACK_FB_ID". */
  get writebackFbId(): Property {
    return this.once(
      "WRITEBACK_FB_ID",
      () => new Property("WRITEBACK_FB_ID", DRM_MODE_PROP_OBJECT | ATOMIC, [DRM_MODE_OBJECT_FB], []),
    );
  }

  /** "WRITEBACK_PIXEL_FORMATS". */
  get writebackPixelFormats(): Property {
    return this.once(
      "WRITEBACK_PIXEL_FORMATS",
      () => new Property("WRITEBACK_PIXEL_FORMATS", DRM_MODE_PROP_BLOB | ATOMIC | IMMUTABLE, [], []),
    );
  }

  /** "WRITEBACK_OUT_FENCE_PTR". */
  get writebackOutFencePtr(): Property {
    return this.range("WRITEBACK_OUT_FENCE_PTR", U64_MAX, ATOMIC);
  }

  /** "content type". */
  get contentType(): Property {
    return this.named("content type", CONTENT_TYPES);
  }

  /** "aspect ratio". */
  get aspectRatio(): Property {
    return this.named("aspect ratio", ASPECT_RATIOS);
  }

  /** "panel orientation". */
  get panelOrientation(): Property {
    return this.named("panel orientation", ORIENTATIONS, IMMUTABLE);
  }

  /** "Content Protection". */
  get contentProtection(): Property {
    return this.named("Content Protection", PROTECTIONS);
  }

  /** "HDCP Content Type". */
  get hdcpContentType(): Property {
    return this.named("HDCP Content Type", HDCP_TYPES);
  }

  /** "suggested X". */
  get suggestedX(): Property {
    return this.range("suggested X", 0xffff_ffff, IMMUTABLE);
  }

  /** "suggested Y". */
  get suggestedY(): Property {
    return this.range("suggested Y", 0xffff_ffff, IMMUTABLE);
  }
}

/** drm_property_create_enum. */
export function enumProperty(name: string, enums: readonly PropertyEnum[], flags = 0): Property {
  return new Property(name, DRM_MODE_PROP_ENUM | flags, enums.map((item) => item.value), enums);
}

/** Named values, the place of each name being its value, as far as `mask` has the bit of that place. */
export function namedBits(names: readonly string[], mask: number): PropertyEnum[] {
  return names.map((name, value) => ({ value, name })).filter(({ value }) => (mask & (1 << value)) !== 0);
}
