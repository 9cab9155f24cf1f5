/**
 * The lease requests (K4, K5). Mirrors drivers/gpu/drm/drm_lease.c.
 * @module
 */

import {
  type drm_mode_create_lease,
  type drm_mode_get_lease,
  type drm_mode_list_lessees,
  DRM_MODE_OBJECT_CONNECTOR,
  DRM_MODE_OBJECT_CRTC,
  DRM_MODE_OBJECT_PLANE,
  type drm_mode_revoke_lease,
  type View,
} from "../../uapi/mod.ts";
import { O_CLOEXEC, O_NONBLOCK } from "../../uapi/fcntl.ts";
import type { DrmMaster } from "../auth.ts";
import { DrmFile } from "../drm_file.ts";
import { DrmError } from "../error.ts";
import type { Process } from "../process.ts";
import { Crtc } from "./crtc.ts";
import { findObject, kmsOf, leaseRequired } from "./lease.ts";
import { createLessee, destroyLessee, revokeLeases } from "./lessee.ts";
import type { ModeConfig } from "./mode_config.ts";
import type { ModeObject } from "./mode_object.ts";
import { storeU32s } from "./user_array.ts";

// KMALLOC_MAX_SIZE, which bounds the array of ids as the kernel copies it, and its array of pointers to the objects.
const KMALLOC_MAX = 1 << 22;
const ID_SIZE = 4;
const POINTER_SIZE = 8;

// Not reached: what asks has passed DRM_MASTER.
function masterOf(file: DrmFile): DrmMaster {
  if (file.master === undefined) throw new DrmError("EACCES", "Cannot lease: the file has no master");
  return file.master;
}

/**
 * CREATE_LEASE (K4): a new open of the node, for a master that has the objects and no others. Without universal planes, a
 * CRTC brings its primary and cursor plane. The fd's O_NONBLOCK is the lessor's, whatever the request says.
 *
 * @throws {DrmError} in this order: EINVAL for flags and for a lessee; ENOMEM for a list beyond all reason, EFAULT; ENOENT and
 * EINVAL for the first object that is unknown or cannot be leased; EINVAL without CRTC, connector and (with universal planes)
 * plane; ENOSPC for an object named twice; EMFILE; EBUSY for one that is leased; what the driver's `open` throws.
 */
export function createLease(file: DrmFile, arg: View<drm_mode_create_lease>, task: Process): number {
  const kms = kmsOf(file);
  const { flags, object_count: count } = arg;
  if ((flags & ~(O_CLOEXEC | O_NONBLOCK)) !== 0) {
    throw new DrmError("EINVAL", `Cannot lease: flags 0x${flags.toString(16)}`);
  }
  const lessor = masterOf(file);
  if (lessor.lessor !== undefined) throw new DrmError("EINVAL", "Cannot lease: the file is a lessee itself");
  const leases = count === 0 ? new Set<number>() : readLease(kms, file, task, arg.object_ids, count);
  const fd = task.fds.reserve();
  let opened: DrmFile;
  try {
    opened = open(file, task, createLessee(lessor, leases));
  } catch (error) {
    task.fds.unreserve(fd);
    throw error;
  }
  arg.fd = fd;
  arg.lessee_id = opened.master?.lesseeId ?? 0;
  task.fds.install(fd, opened, (flags & O_CLOEXEC) !== 0);
  return 0;
}

// fill_object_idr: all objects are looked up before any is taken.
function readLease(kms: ModeConfig, file: DrmFile, task: Process, address: bigint, count: number): Set<number> {
  const tooMany = (): never => {
    throw new DrmError("ENOMEM", `Cannot lease ${count} objects`);
  };
  if (count * ID_SIZE > KMALLOC_MAX) tooMany();
  const ids = new Uint32Array(count);
  task.memory.copyIn(address, new Uint8Array(ids.buffer));
  if (count * POINTER_SIZE > KMALLOC_MAX) tooMany();
  const objects: ModeObject[] = [];
  for (const id of ids) {
    const object = findObject(kms, file, id, 0);
    if (object === undefined) throw new DrmError("ENOENT", `Cannot lease object ${id}: it is unknown`);
    if (!leaseRequired(object.type)) {
      throw new DrmError("EINVAL", `Cannot lease object ${id}: it is no CRTC, connector or plane`);
    }
    objects.push(object);
  }
  const has = (type: number): boolean => objects.some((object) => object.type === type);
  if (
    !has(DRM_MODE_OBJECT_CRTC) || !has(DRM_MODE_OBJECT_CONNECTOR) ||
    (file.universalPlanes && !has(DRM_MODE_OBJECT_PLANE))
  ) {
    throw new DrmError("EINVAL", "Cannot lease: a lease needs a CRTC, a connector and, with universal planes, a plane");
  }
  const leases = new Set<number>();
  const take = ({ id }: ModeObject): void => {
    if (leases.has(id)) throw new DrmError("ENOSPC", `Cannot lease object ${id} twice`);
    leases.add(id);
  };
  for (const object of objects) {
    take(object);
    if (object instanceof Crtc && !file.universalPlanes) {
      take(object.primary);
      if (object.cursor !== undefined) take(object.cursor);
    }
  }
  return new Set([...leases].sort((a, b) => a - b));
}

// file_clone_open, and the change of hands after it.
function open(lessorFile: DrmFile, task: Process, lessee: DrmMaster): DrmFile {
  try {
    lessorFile.device.enter();
    const file = new DrmFile(lessorFile.device, task, false, lessorFile.flags);
    file.master = lessee;
    file.isMaster = true;
    file.authenticated = true;
    return file;
  } catch (error) {
    destroyLessee(lessee);
    throw error;
  }
}

/** LIST_LESSEES: those that hold something, oldest first (K5). Throws EINVAL, EFAULT. */
export function listLessees(file: DrmFile, arg: View<drm_mode_list_lessees>, task: Process): number {
  if (arg.pad !== 0) throw new DrmError("EINVAL", "Cannot list lessees: pad must be 0");
  kmsOf(file);
  const ids: number[] = [];
  for (const lessee of masterOf(file).lessees) if (lessee.leases.size > 0) ids.push(lessee.lesseeId);
  storeU32s(task, arg.lessees_ptr, arg.count_lessees, ids);
  arg.count_lessees = ids.length;
  return 0;
}

/** GET_LEASE: what a lessee holds; of an owner, every id there is. Throws EINVAL, EFAULT. */
export function getLease(file: DrmFile, arg: View<drm_mode_get_lease>, task: Process): number {
  if (arg.pad !== 0) throw new DrmError("EINVAL", "Cannot list leased objects: pad must be 0");
  const kms = kmsOf(file);
  const master = masterOf(file);
  const ids: number[] = [];
  if (master.lessor !== undefined) ids.push(...master.leases);
  else for (const [id] of kms.objects) ids.push(id);
  storeU32s(task, arg.objects_ptr, arg.count_objects, ids);
  arg.count_objects = ids.length;
  return 0;
}

/** REVOKE_LEASE: the lessee holds nothing any more; its file and what it shows stay (K5). Throws ENOENT, EACCES. */
export function revokeLease(file: DrmFile, arg: View<drm_mode_revoke_lease>): number {
  kmsOf(file);
  const lessor = masterOf(file);
  const lessee = lessor.owner.lesseeIds.get(arg.lessee_id);
  if (lessee === undefined) throw new DrmError("ENOENT", `Cannot revoke lease ${arg.lessee_id}: there is none`);
  if (lessee.lessor !== lessor) {
    throw new DrmError("EACCES", `Cannot revoke lease ${arg.lessee_id}: another master gave it`);
  }
  revokeLeases(lessee);
  return 0;
}
