/**
 * Leases: a master lends CRTCs, connectors and planes to another open of the card. The counterpart of drmModeCreateLease and
 * its like of libdrm.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import type { OpenFile } from "../../../core/process.ts";
import * as lease from "../../../uapi/drm_mode_lease.ts";
import { O_CLOEXEC } from "../../../uapi/fcntl.ts";
import type { DrmCard } from "./card.ts";
import { readU32 } from "./user_arrays.ts";

const RETRIES = 8;

/** What {@linkcode createLease} makes. */
export interface LeaseFile {
  /** What the lessor calls the lessee. */
  readonly id: number;
  /** The lessee's file: a master of what it was lent. To be given away, or used by `new DrmCard(file)`. */
  readonly file: OpenFile;
}

/**
 * CREATE_LEASE: lends objects of a card that is master.
 *
 * @param card the lessor. @param objects ids of CRTCs, connectors and planes; none for a lease that holds nothing.
 * @param flags O_CLOEXEC (default), O_NONBLOCK.
 * @throws {DrmError} EACCES, EINVAL, ENOENT, ENOSPC, EMFILE, EBUSY, in the kernel's order (K4).
 */
export function createLease(card: DrmCard, objects: readonly number[], flags: number = O_CLOEXEC): LeaseFile {
  using scratch = card.scratch();
  const arg = lease.drm_mode_create_lease.of({
    object_ids: scratch.u32(objects).address,
    object_count: objects.length,
    flags,
  });
  card.file.ioctl(lease.DRM_IOCTL_MODE_CREATE_LEASE, arg);
  return { id: arg.lessee_id, file: card.file.process.file(arg.fd) };
}

// Asks for the count, then for the ids, again if there are more by then.
function list(card: DrmCard, ask: (room: number, address: bigint) => number): number[] {
  let room = ask(0, 0n);
  for (let attempt = 0; attempt < RETRIES; attempt++) {
    using scratch = card.scratch();
    const ids = scratch.alloc(room * 4);
    const count = ask(room, ids.address);
    if (count <= room) return readU32(ids, count);
    room = count;
  }
  throw new DrmError("EAGAIN", "Cannot list a lease: it grows faster than it is read");
}

/** LIST_LESSEES: ids of those who hold something that the card lent. Throws EACCES. */
export function listLessees(card: DrmCard): number[] {
  return list(card, (count_lessees, lessees_ptr) => {
    const arg = lease.drm_mode_list_lessees.of({ count_lessees, lessees_ptr });
    card.file.ioctl(lease.DRM_IOCTL_MODE_LIST_LESSEES, arg);
    return arg.count_lessees;
  });
}

/** GET_LEASE: ids of the objects that a lessee holds; of an owner, all that there are. Throws EACCES. */
export function getLease(card: DrmCard): number[] {
  return list(card, (count_objects, objects_ptr) => {
    const arg = lease.drm_mode_get_lease.of({ count_objects, objects_ptr });
    card.file.ioctl(lease.DRM_IOCTL_MODE_GET_LEASE, arg);
    return arg.count_objects;
  });
}

/** REVOKE_LEASE: a lessee holds nothing from now on; its file stays open. Throws ENOENT, EACCES. */
export function revokeLease(card: DrmCard, id: number): void {
  card.file.ioctl(lease.DRM_IOCTL_MODE_REVOKE_LEASE, lease.drm_mode_revoke_lease.of({ lessee_id: id }));
}
