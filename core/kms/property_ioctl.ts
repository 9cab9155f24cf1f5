/**
 * Requests about properties and blobs. Mirrors drivers/gpu/drm/drm_property.c and drm_mode_object.c.
 * @module
 */

import {
  type drm_mode_connector_set_property,
  type drm_mode_create_blob,
  type drm_mode_destroy_blob,
  type drm_mode_get_blob,
  type drm_mode_get_property,
  type drm_mode_obj_get_properties,
  type drm_mode_obj_set_property,
  DRM_MODE_OBJECT_BLOB,
  DRM_MODE_OBJECT_CONNECTOR,
  DRM_MODE_OBJECT_PROPERTY,
  DRM_MODE_PROP_ATOMIC,
  DRM_MODE_PROP_BITMASK,
  DRM_MODE_PROP_BLOB,
  DRM_MODE_PROP_ENUM,
  drm_mode_property_enum,
  type View,
} from "../../uapi/mod.ts";
import type { DrmFile } from "../drm_file.ts";
import { DrmError } from "../error.ts";
import type { Process } from "../process.ts";
import type { Wait } from "../wait.ts";
import { commitDraft } from "./atomic_commit.ts";
import { setProperty } from "./atomic_property.ts";
import { Connector } from "./connector.ts";
import { commitDpms } from "./dpms.ts";
import { findObject, kmsOf } from "./lease.ts";
import { type ModeObject, StatefulObject } from "./mode_object.ts";
import { Property, PropertyBlob } from "./property.ts";
import { storeU32s, storeU64s } from "./user_array.ts";

// INT_MAX less the kernel's struct drm_property_blob.
const BLOB_MAX = 0x7fff_ffff - 96;

/** GETPROPERTY. */
export function getProperty(file: DrmFile, arg: View<drm_mode_get_property>, task: Process): number {
  const property = findObject(kmsOf(file), file, arg.prop_id, DRM_MODE_OBJECT_PROPERTY);
  if (!(property instanceof Property)) throw new DrmError("ENOENT", `Cannot find property ${arg.prop_id}`);
  arg.name = property.name;
  arg.flags = property.flags;
  storeU64s(task, arg.values_ptr, arg.count_values, property.values);
  arg.count_values = property.values.length;
  if ((property.flags & (DRM_MODE_PROP_ENUM | DRM_MODE_PROP_BITMASK)) !== 0) {
    const count = Math.min(arg.count_enum_blobs, property.enums.length);
    if (count > 0) {
      const bytes = new Uint8Array(count * drm_mode_property_enum.size);
      for (let i = 0; i < count; i++) {
        const item = drm_mode_property_enum.at(bytes, i * drm_mode_property_enum.size);
        item.value = BigInt(property.enums[i].value);
        item.name = property.enums[i].name;
      }
      task.memory.copyOut(arg.enum_blob_ptr, bytes);
    }
    arg.count_enum_blobs = property.enums.length;
  }
  if ((property.flags & DRM_MODE_PROP_BLOB) !== 0) arg.count_enum_blobs = 0;
  return 0;
}

/** drm_mode_object_get_properties: stores ids and values as far as there is room (I1, I4); how many there are. */
export function storeProperties(
  file: DrmFile,
  task: Process,
  object: StatefulObject<unknown>,
  idsPtr: bigint,
  valuesPtr: bigint,
  room: number,
): number {
  const list = object.properties.list.filter(({ property }) =>
    file.atomic || (property.flags & DRM_MODE_PROP_ATOMIC) === 0
  );
  const count = Math.min(room, list.length);
  const state = object.state;
  storeU32s(task, idsPtr, count, list.map(({ property }) => property.id));
  storeU64s(task, valuesPtr, count, list.slice(0, count).map((binding) => binding.get(state)));
  return list.length;
}

function withProperties(file: DrmFile, id: number, type: number): StatefulObject<unknown> {
  const object: ModeObject | undefined = findObject(kmsOf(file), file, id, type);
  if (object === undefined) throw new DrmError("ENOENT", `Cannot find object ${id} of type 0x${type.toString(16)}`);
  if (!(object instanceof StatefulObject)) {
    throw new DrmError("EINVAL", `Cannot use properties of object ${id}: it has none`);
  }
  return object;
}

/** OBJ_GETPROPERTIES. */
export function objGetProperties(file: DrmFile, arg: View<drm_mode_obj_get_properties>, task: Process): number {
  const object = withProperties(file, arg.obj_id, arg.obj_type);
  arg.count_props = storeProperties(file, task, object, arg.props_ptr, arg.prop_values_ptr, arg.count_props);
  return 0;
}

function set(
  file: DrmFile,
  task: Process,
  objectId: number,
  type: number,
  propertyId: number,
  value: bigint,
): number | Wait {
  const object = withProperties(file, objectId, type);
  const binding = object.properties.get(propertyId);
  if (binding === undefined) {
    throw new DrmError("EINVAL", `Cannot set property ${propertyId}: object ${objectId} does not have it`);
  }
  const kms = kmsOf(file);
  if (binding.property === kms.props.dpms && object instanceof Connector) {
    return commitDpms(object, Number(value & 0xffff_ffffn) | 0);
  }
  const attempt = (): number | Wait => {
    const draft = kms.draft();
    draft.file = file;
    draft.task = task;
    try {
      setProperty(draft, object, binding, Number(value & 0xffff_ffffn), Number(value >> 32n));
    } catch (error) {
      draft.discard();
      throw error;
    }
    return commitDraft(draft, false, attempt, true);
  };
  return attempt();
}

/** OBJ_SETPROPERTY. */
export function objSetProperty(file: DrmFile, arg: View<drm_mode_obj_set_property>, task: Process): number | Wait {
  return set(file, task, arg.obj_id, arg.obj_type, arg.prop_id, arg.value);
}

/** SETPROPERTY: of connectors alone. */
export function setConnectorProperty(
  file: DrmFile,
  arg: View<drm_mode_connector_set_property>,
  task: Process,
): number | Wait {
  return set(file, task, arg.connector_id, DRM_MODE_OBJECT_CONNECTOR, arg.prop_id, arg.value);
}

/** GETPROPBLOB: copies only if the room is exact (I1). */
export function getPropBlob(file: DrmFile, arg: View<drm_mode_get_blob>, task: Process): number {
  const blob = findObject(kmsOf(file), undefined, arg.blob_id, DRM_MODE_OBJECT_BLOB);
  if (!(blob instanceof PropertyBlob)) throw new DrmError("ENOENT", `Cannot find blob ${arg.blob_id}`);
  if (arg.length === blob.length) task.memory.copyOut(arg.data, blob.data);
  arg.length = blob.length;
  return 0;
}

/** CREATEPROPBLOB (I14). */
export function createPropBlob(file: DrmFile, arg: View<drm_mode_create_blob>, task: Process): number {
  const kms = kmsOf(file);
  const length = arg.length;
  if (length === 0 || length > BLOB_MAX) throw new DrmError("EINVAL", `Cannot make a blob of ${length} bytes`);
  if (length > kms.blobRoom) {
    throw new DrmError("ENOMEM", `Cannot make a blob of ${length} bytes: clients' blobs have used up their memory`);
  }
  const data = new Uint8Array(length);
  task.memory.copyIn(arg.data, data);
  arg.blob_id = kms.createBlob(data, file).id;
  return 0;
}

/** DESTROYPROPBLOB (I14). */
export function destroyPropBlob(file: DrmFile, arg: View<drm_mode_destroy_blob>): number {
  const kms = kmsOf(file);
  const blob = findObject(kms, undefined, arg.blob_id, DRM_MODE_OBJECT_BLOB);
  if (!(blob instanceof PropertyBlob)) throw new DrmError("ENOENT", `Cannot find blob ${arg.blob_id}`);
  if (blob.file !== file) throw new DrmError("EPERM", `Cannot destroy blob ${arg.blob_id}: this file did not make it`);
  kms.forgetBlob(blob);
  return 0;
}
