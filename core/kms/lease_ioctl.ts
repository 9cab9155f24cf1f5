/**
 * The lease requests of a device that makes no leases: flags, gates and errors as in drivers/gpu/drm/drm_lease.c.
 * @module
 */

import type {
  drm_mode_create_lease,
  drm_mode_get_lease,
  drm_mode_list_lessees,
  drm_mode_revoke_lease,
  View,
} from "../../uapi/mod.ts";
import { O_CLOEXEC, O_NONBLOCK } from "../../uapi/fcntl.ts";
import type { DrmFile } from "../drm_file.ts";
import { DrmError } from "../error.ts";
import type { Process } from "../process.ts";
import { kmsOf } from "./lease.ts";
import { storeU32s } from "./user_array.ts";

/** CREATE_LEASE: EOPNOTSUPP once the request itself is right. */
export function createLease(file: DrmFile, arg: View<drm_mode_create_lease>): number {
  kmsOf(file);
  if (file.master?.lessor !== undefined) throw new DrmError("EINVAL", "Cannot lease: the file is a lessee itself");
  if ((arg.flags & ~(O_CLOEXEC | O_NONBLOCK)) !== 0) {
    throw new DrmError("EINVAL", `Cannot lease: flags 0x${arg.flags.toString(16)}`);
  }
  throw new DrmError("EOPNOTSUPP", "Cannot lease: the device does not");
}

/** LIST_LESSEES: there are none. */
export function listLessees(file: DrmFile, arg: View<drm_mode_list_lessees>): number {
  if (arg.pad !== 0) throw new DrmError("EINVAL", "Cannot list lessees: pad must be 0");
  kmsOf(file);
  arg.count_lessees = 0;
  return 0;
}

/** GET_LEASE: an owner may use every object. */
export function getLease(file: DrmFile, arg: View<drm_mode_get_lease>, task: Process): number {
  if (arg.pad !== 0) throw new DrmError("EINVAL", "Cannot list leased objects: pad must be 0");
  const kms = kmsOf(file);
  const ids: number[] = [];
  for (const [id] of kms.objects) ids.push(id);
  storeU32s(task, arg.objects_ptr, arg.count_objects, ids);
  arg.count_objects = ids.length;
  return 0;
}

/** REVOKE_LEASE: no lessee has that id. */
export function revokeLease(file: DrmFile, arg: View<drm_mode_revoke_lease>): number {
  kmsOf(file);
  throw new DrmError("ENOENT", `Cannot revoke lease ${arg.lessee_id}: there is none`);
}
