/**
 * Properties and blobs: what user space may ask and set of KMS objects. Mirrors drivers/gpu/drm/drm_property.c.
 * @module
 */

import {
  DRM_MODE_OBJECT_BLOB,
  DRM_MODE_OBJECT_PROPERTY,
  DRM_MODE_PROP_BITMASK,
  DRM_MODE_PROP_BLOB,
  DRM_MODE_PROP_ENUM,
  DRM_MODE_PROP_EXTENDED_TYPE,
  DRM_MODE_PROP_IMMUTABLE,
  DRM_MODE_PROP_LEGACY_TYPE,
  DRM_MODE_PROP_OBJECT,
  DRM_MODE_PROP_RANGE,
  DRM_MODE_PROP_SIGNED_RANGE,
  DRM_PROP_NAME_LEN,
} from "../../uapi/mod.ts";
import type { DrmFile } from "../drm_file.ts";
import type { ModeConfig } from "./mode_config.ts";
import { CountedObject, ModeObject } from "./mode_object.ts";

const TWO32 = 0x1_0000_0000;
const NO_ID = -1;

/** A named value of an enum, or a named bit (its number) of a bitmask. */
export interface PropertyEnum {
  /** The value, or the bit's number. */
  readonly value: number;
  /** Its name, at most 31 bytes. */
  readonly name: string;
}

/** A property: name, type, limits. Shared by the objects that it is attached to. */
export class Property extends ModeObject {
  /** DRM_MODE_OBJECT_PROPERTY. */
  readonly type: number = DRM_MODE_OBJECT_PROPERTY;
  /** At most 31 bytes. */
  readonly name: string;
  /** DRM_MODE_PROP_*. */
  readonly flags: number;
  /** Limits of a range, the object type of an object property; empty otherwise. */
  readonly values: readonly number[];
  /** Named values of an enum or bitmask. */
  readonly enums: readonly PropertyEnum[];
  readonly #kind: number;
  readonly #mask: number;

  /** Use `ModeConfig.addProperty` and its kin. */
  constructor(name: string, flags: number, values: readonly number[], enums: readonly PropertyEnum[]) {
    super();
    if (name.length === 0 || name.length >= DRM_PROP_NAME_LEN) {
      throw new RangeError(
        `Cannot name a property ${JSON.stringify(name)}: 1 to ${DRM_PROP_NAME_LEN - 1} bytes are allowed`,
      );
    }
    this.name = name;
    this.flags = flags >>> 0;
    this.values = values;
    this.enums = enums;
    this.#kind = flags & (DRM_MODE_PROP_LEGACY_TYPE | DRM_MODE_PROP_EXTENDED_TYPE);
    this.#mask = enums.reduce((mask, item) => mask + 2 ** item.value, 0);
  }

  /** Whether user space cannot set it. */
  get immutable(): boolean {
    return (this.flags & DRM_MODE_PROP_IMMUTABLE) !== 0;
  }

  /** Whether the value is a signed number. */
  get signed(): boolean {
    return this.#kind === DRM_MODE_PROP_SIGNED_RANGE;
  }

  /** Whether the value is an object's id. */
  get isObject(): boolean {
    return this.#kind === DRM_MODE_PROP_OBJECT;
  }

  /** Whether the value is a blob's id. */
  get isBlob(): boolean {
    return this.#kind === DRM_MODE_PROP_BLOB;
  }

  /** The Number that 64 bits of user space stand for: signed for signed ranges, an id for objects and blobs. */
  decode(low: number, high: number): number {
    switch (this.#kind) {
      case DRM_MODE_PROP_SIGNED_RANGE:
        return (high | 0) * TWO32 + low;
      case DRM_MODE_PROP_OBJECT:
      case DRM_MODE_PROP_BLOB:
        // Ids have 32 bits, and look-ups take no more; but 0, which means none, has 64.
        return low === 0 && high !== 0 ? NO_ID : low;
      default:
        return high * TWO32 + low;
    }
  }

  /** drm_property_change_valid_get (I15): whether a decoded value may be set. Blobs and objects are looked up, leases apart. */
  accepts(value: number, kms: ModeConfig): boolean {
    if (this.immutable) return false;
    switch (this.#kind) {
      case DRM_MODE_PROP_RANGE:
      case DRM_MODE_PROP_SIGNED_RANGE:
        return value >= this.values[0] && value <= this.values[1];
      case DRM_MODE_PROP_ENUM:
        for (const item of this.enums) if (item.value === value) return true;
        return false;
      case DRM_MODE_PROP_BITMASK:
        return (Math.floor(value / TWO32) & ~Math.floor(this.#mask / TWO32)) === 0 && (value & ~this.#mask) === 0;
      case DRM_MODE_PROP_BLOB:
        return value === 0 || kms.objects.get(value) instanceof PropertyBlob;
      case DRM_MODE_PROP_OBJECT:
        return value === 0 || kms.objects.get(value)?.type === this.values[0];
    }
    return false;
  }
}

/** Bytes that properties refer to by id (I14). */
export class PropertyBlob extends CountedObject {
  /** DRM_MODE_OBJECT_BLOB. */
  readonly type: number = DRM_MODE_OBJECT_BLOB;
  /** The contents; nobody changes them. */
  readonly data: Uint8Array;
  /** The file that made it; undefined for the driver's blobs. */
  file: DrmFile | undefined;
  readonly #kms: ModeConfig;
  readonly #charged: number;

  /** Use `ModeConfig.createBlob`. */
  constructor(kms: ModeConfig, data: Uint8Array, file?: DrmFile) {
    super();
    this.#kms = kms;
    this.data = data;
    this.file = file;
    this.#charged = file === undefined ? 0 : data.length;
    kms.blobRoom -= this.#charged;
  }

  /** Bytes. */
  get length(): number {
    return this.data.length;
  }

  /** The last reference is gone. */
  protected override free(): void {
    this.#kms.blobRoom += this.#charged;
    this.#kms.objects.remove(this.id);
    this.id = 0;
  }
}
