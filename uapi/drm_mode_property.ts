/**
 * Properties of mode objects, and blobs. Mirrors the property part of include/uapi/drm/drm_mode.h.
 * @module
 */

import { type Ioctl, IOWR } from "./ioctl.ts";
import { chars, type Struct, struct, u32, u64 } from "./struct.ts";

/** Bytes of a property's or an enum value's name, NUL included. */
export const DRM_PROP_NAME_LEN = 32;
/** drm_mode_get_property.flags: deprecated. */
export const DRM_MODE_PROP_PENDING = 0x1;
/** drm_mode_get_property.flags: an unsigned number, least and greatest. */
export const DRM_MODE_PROP_RANGE = 0x2;
/** drm_mode_get_property.flags: user space cannot set it. */
export const DRM_MODE_PROP_IMMUTABLE = 0x4;
/** drm_mode_get_property.flags: one of named values. */
export const DRM_MODE_PROP_ENUM = 0x8;
/** drm_mode_get_property.flags: a blob id. */
export const DRM_MODE_PROP_BLOB = 0x10;
/** drm_mode_get_property.flags: bits with names. */
export const DRM_MODE_PROP_BITMASK = 0x20;
/** drm_mode_get_property.flags: the bits of the old types. */
export const DRM_MODE_PROP_LEGACY_TYPE = 0x3a;
/** drm_mode_get_property.flags: the bits of the newer types, a number. */
export const DRM_MODE_PROP_EXTENDED_TYPE = 0xffc0;
/** drm_mode_get_property.flags: an object id; the first value is its obj_type. */
export const DRM_MODE_PROP_OBJECT = 0x40;
/** drm_mode_get_property.flags: a signed number, least and greatest. */
export const DRM_MODE_PROP_SIGNED_RANGE = 0x80;
/** drm_mode_get_property.flags: shown under DRM_CLIENT_CAP_ATOMIC only. */
export const DRM_MODE_PROP_ATOMIC = 0x80000000;

/** A named value of an enum or bitmask property. */
export interface drm_mode_property_enum {
  /** the value, or the number of the bit */
  value: bigint;
  /** its name */
  name: string;
}
/** Layout of `struct drm_mode_property_enum`: 40 bytes. */
export const drm_mode_property_enum: Struct<drm_mode_property_enum> = struct<drm_mode_property_enum>(
  "drm_mode_property_enum",
  {
    value: u64,
    name: chars(32),
  },
  { size: 40 },
);

/** Argument of {@linkcode DRM_IOCTL_MODE_GETPROPERTY}. */
export interface drm_mode_get_property {
  /** in; user address for u64 values: limits, enum values, or the object's type */
  values_ptr: bigint;
  /** in; user address for drm_mode_property_enum */
  enum_blob_ptr: bigint;
  /** in; property object id */
  prop_id: number;
  /** out; DRM_MODE_PROP_* */
  flags: number;
  /** out */
  name: string;
  /** in: room; out: values */
  count_values: number;
  /** in: room; out: named values */
  count_enum_blobs: number;
}
/** Layout of `struct drm_mode_get_property`: 64 bytes. */
export const drm_mode_get_property: Struct<drm_mode_get_property> = struct<drm_mode_get_property>(
  "drm_mode_get_property",
  {
    values_ptr: u64,
    enum_blob_ptr: u64,
    prop_id: u32,
    flags: u32,
    name: chars(32),
    count_values: u32,
    count_enum_blobs: u32,
  },
  { size: 64 },
);

/** Reads what a property is. */
export const DRM_IOCTL_MODE_GETPROPERTY: Ioctl<drm_mode_get_property> = IOWR("d", 0xaa, drm_mode_get_property);

/** Argument of {@linkcode DRM_IOCTL_MODE_SETPROPERTY}. */
export interface drm_mode_connector_set_property {
  /** in */
  value: bigint;
  /** in; property object id */
  prop_id: number;
  /** in; connector object id */
  connector_id: number;
}
/** Layout of `struct drm_mode_connector_set_property`: 16 bytes. */
export const drm_mode_connector_set_property: Struct<drm_mode_connector_set_property> = struct<
  drm_mode_connector_set_property
>("drm_mode_connector_set_property", {
  value: u64,
  prop_id: u32,
  connector_id: u32,
}, { size: 16 });

/** Sets a connector's property. */
export const DRM_IOCTL_MODE_SETPROPERTY: Ioctl<drm_mode_connector_set_property> = IOWR(
  "d",
  0xab,
  drm_mode_connector_set_property,
);

/** Argument of {@linkcode DRM_IOCTL_MODE_OBJ_GETPROPERTIES}. */
export interface drm_mode_obj_get_properties {
  /** in; user address for u32 property ids */
  props_ptr: bigint;
  /** in; user address for u64 values */
  prop_values_ptr: bigint;
  /** in: room; out: properties */
  count_props: number;
  /** in; object id */
  obj_id: number;
  /** in; DRM_MODE_OBJECT_* */
  obj_type: number;
}
/** Layout of `struct drm_mode_obj_get_properties`: 32 bytes. */
export const drm_mode_obj_get_properties: Struct<drm_mode_obj_get_properties> = struct<drm_mode_obj_get_properties>(
  "drm_mode_obj_get_properties",
  {
    props_ptr: u64,
    prop_values_ptr: u64,
    count_props: u32,
    obj_id: u32,
    obj_type: u32,
  },
  { size: 32 },
);

/** Reads an object's properties and their values. */
export const DRM_IOCTL_MODE_OBJ_GETPROPERTIES: Ioctl<drm_mode_obj_get_properties> = IOWR(
  "d",
  0xb9,
  drm_mode_obj_get_properties,
);

/** Argument of {@linkcode DRM_IOCTL_MODE_OBJ_SETPROPERTY}. */
export interface drm_mode_obj_set_property {
  /** in */
  value: bigint;
  /** in; property object id */
  prop_id: number;
  /** in; object id */
  obj_id: number;
  /** in; DRM_MODE_OBJECT_* */
  obj_type: number;
}
/** Layout of `struct drm_mode_obj_set_property`: 24 bytes. */
export const drm_mode_obj_set_property: Struct<drm_mode_obj_set_property> = struct<drm_mode_obj_set_property>(
  "drm_mode_obj_set_property",
  {
    value: u64,
    prop_id: u32,
    obj_id: u32,
    obj_type: u32,
  },
  { size: 24 },
);

/** Sets an object's property. */
export const DRM_IOCTL_MODE_OBJ_SETPROPERTY: Ioctl<drm_mode_obj_set_property> = IOWR(
  "d",
  0xba,
  drm_mode_obj_set_property,
);

/** Argument of {@linkcode DRM_IOCTL_MODE_GETPROPBLOB}. */
export interface drm_mode_get_blob {
  /** in; blob object id */
  blob_id: number;
  /** in: room; out: length; bytes */
  length: number;
  /** in; user address for the contents, written if `length` is exact */
  data: bigint;
}
/** Layout of `struct drm_mode_get_blob`: 16 bytes. */
export const drm_mode_get_blob: Struct<drm_mode_get_blob> = struct<drm_mode_get_blob>("drm_mode_get_blob", {
  blob_id: u32,
  length: u32,
  data: u64,
}, { size: 16 });

/** Reads a blob. */
export const DRM_IOCTL_MODE_GETPROPBLOB: Ioctl<drm_mode_get_blob> = IOWR("d", 0xac, drm_mode_get_blob);

/** Argument of {@linkcode DRM_IOCTL_MODE_CREATEPROPBLOB}. */
export interface drm_mode_create_blob {
  /** in; user address of the contents */
  data: bigint;
  /** in, bytes */
  length: number;
  /** out; blob object id */
  blob_id: number;
}
/** Layout of `struct drm_mode_create_blob`: 16 bytes. */
export const drm_mode_create_blob: Struct<drm_mode_create_blob> = struct<drm_mode_create_blob>("drm_mode_create_blob", {
  data: u64,
  length: u32,
  blob_id: u32,
}, { size: 16 });

/** Makes a blob. */
export const DRM_IOCTL_MODE_CREATEPROPBLOB: Ioctl<drm_mode_create_blob> = IOWR("d", 0xbd, drm_mode_create_blob);

/** Argument of {@linkcode DRM_IOCTL_MODE_DESTROYPROPBLOB}. */
export interface drm_mode_destroy_blob {
  /** in; blob object id, made by this client */
  blob_id: number;
}
/** Layout of `struct drm_mode_destroy_blob`: 4 bytes. */
export const drm_mode_destroy_blob: Struct<drm_mode_destroy_blob> = struct<drm_mode_destroy_blob>(
  "drm_mode_destroy_blob",
  {
    blob_id: u32,
  },
  { size: 4 },
);

/** Drops a blob. */
export const DRM_IOCTL_MODE_DESTROYPROPBLOB: Ioctl<drm_mode_destroy_blob> = IOWR("d", 0xbe, drm_mode_destroy_blob);
