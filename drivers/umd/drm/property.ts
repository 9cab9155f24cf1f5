/**
 * Properties of KMS objects, found by name, and property blobs.
 * @module
 */

import * as prop from "../../../uapi/drm_mode_property.ts";
import type { DrmCard } from "./card.ts";
import { readU32, readU64 } from "./user_arrays.ts";

/** What a property is. */
export interface PropertyInfo {
  /** KMS object id. */
  readonly id: number;
  /** Its name, for example "CRTC_ID". */
  readonly name: string;
  /** DRM_MODE_PROP_*. */
  readonly flags: number;
  /** The range (two values), or the values of an enumeration or bitmask. */
  readonly values: readonly bigint[];
  /** Names of an enumeration's values, or of a bitmask's bit numbers. */
  readonly enums: ReadonlyMap<string, bigint>;
}

/** GETPROPERTY. Throws ENOENT. */
export function getProperty(card: DrmCard, id: number): PropertyInfo {
  const arg = prop.drm_mode_get_property.of({ prop_id: id });
  card.file.ioctl(prop.DRM_IOCTL_MODE_GETPROPERTY, arg);
  using scratch = card.scratch();
  const values = scratch.alloc(arg.count_values * 8);
  const enums = scratch.alloc(arg.count_enum_blobs * prop.drm_mode_property_enum.size);
  const named = (arg.flags & (prop.DRM_MODE_PROP_ENUM | prop.DRM_MODE_PROP_BITMASK)) !== 0;
  arg.values_ptr = values.address;
  if (named) arg.enum_blob_ptr = enums.address;
  card.file.ioctl(prop.DRM_IOCTL_MODE_GETPROPERTY, arg);
  const names = new Map<string, bigint>();
  for (
    let i = 0;
    named && i < arg.count_enum_blobs && (i + 1) * prop.drm_mode_property_enum.size <= enums.bytes.length;
    i++
  ) {
    const item = prop.drm_mode_property_enum.at(enums.bytes, i * prop.drm_mode_property_enum.size);
    names.set(item.name, item.value);
  }
  return { id, name: arg.name, flags: arg.flags, values: readU64(values, arg.count_values), enums: names };
}

/** OBJ_GETPROPERTIES: values by property id. Throws ENOENT, EINVAL for an object without properties. */
export function getObjectProperties(card: DrmCard, id: number, type: number): Map<number, bigint> {
  const arg = prop.drm_mode_obj_get_properties.of({ obj_id: id, obj_type: type });
  card.file.ioctl(prop.DRM_IOCTL_MODE_OBJ_GETPROPERTIES, arg);
  using scratch = card.scratch();
  const ids = scratch.alloc(arg.count_props * 4), values = scratch.alloc(arg.count_props * 8);
  const room = arg.count_props;
  [arg.props_ptr, arg.prop_values_ptr] = [ids.address, values.address];
  card.file.ioctl(prop.DRM_IOCTL_MODE_OBJ_GETPROPERTIES, arg);
  const count = Math.min(room, arg.count_props);
  const found = readU64(values, count);
  return new Map(readU32(ids, count).map((property, i) => [property, found[i]]));
}

/** CREATEPROPBLOB: the new blob's id. Throws EINVAL for no bytes, EFAULT. */
export function createBlob(card: DrmCard, bytes: Uint8Array): number {
  using scratch = card.scratch();
  const arg = prop.drm_mode_create_blob.of({ data: scratch.bytes(bytes).address, length: bytes.length });
  card.file.ioctl(prop.DRM_IOCTL_MODE_CREATEPROPBLOB, arg);
  return arg.blob_id;
}

/** DESTROYPROPBLOB. Throws ENOENT, EPERM for another file's. */
export function destroyBlob(card: DrmCard, id: number): void {
  card.file.ioctl(prop.DRM_IOCTL_MODE_DESTROYPROPBLOB, prop.drm_mode_destroy_blob.of({ blob_id: id }));
}

/** GETPROPBLOB: a copy of its bytes. Throws ENOENT. */
export function readBlob(card: DrmCard, id: number): Uint8Array {
  const arg = prop.drm_mode_get_blob.of({ blob_id: id });
  card.file.ioctl(prop.DRM_IOCTL_MODE_GETPROPBLOB, arg);
  using scratch = card.scratch();
  const buffer = scratch.alloc(arg.length);
  arg.data = buffer.address;
  card.file.ioctl(prop.DRM_IOCTL_MODE_GETPROPBLOB, arg);
  return buffer.bytes.slice();
}

/** A KMS object whose properties are used by name. */
export class ModeObject {
  /** The card. */
  readonly card: DrmCard;
  /** KMS object id. */
  readonly id: number;
  /** DRM_MODE_OBJECT_*. */
  readonly type: number;
  #properties: Map<string, PropertyInfo> | undefined;

  /** Names an object; asks for nothing yet. @param card the card. @param id KMS object id. @param type DRM_MODE_OBJECT_*. */
  constructor(card: DrmCard, id: number, type: number) {
    this.card = card;
    this.id = id;
    this.type = type;
  }

  /** Its properties by name; asked for once, since they never change. */
  get properties(): ReadonlyMap<string, PropertyInfo> {
    if (this.#properties === undefined) {
      this.#properties = new Map();
      for (const id of getObjectProperties(this.card, this.id, this.type).keys()) {
        const info = getProperty(this.card, id);
        this.#properties.set(info.name, info);
      }
    }
    return this.#properties;
  }

  /** A property by name. @throws {RangeError} if the object has none of that name that this client may see. */
  property(name: string): PropertyInfo {
    const info = this.properties.get(name);
    if (info === undefined) {
      throw new RangeError(
        `Cannot find property ${name}: object ${this.id} has ${[...this.properties.keys()].join(", ")}`,
      );
    }
    return info;
  }

  /** The present value of a property by name. @throws {RangeError} if there is none. */
  value(name: string): bigint {
    return getObjectProperties(this.card, this.id, this.type).get(this.property(name).id) ?? 0n;
  }

  /** OBJ_SETPROPERTY by name. Throws EINVAL for a value that the property does not take. */
  setValue(name: string, value: number | bigint): void {
    const arg = prop.drm_mode_obj_set_property.of({
      value: BigInt.asUintN(64, BigInt(value)),
      prop_id: this.property(name).id,
      obj_id: this.id,
      obj_type: this.type,
    });
    this.card.file.ioctl(prop.DRM_IOCTL_MODE_OBJ_SETPROPERTY, arg);
  }
}
