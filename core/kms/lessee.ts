/**
 * Lessees: masters that use what another master lends them. One level deep: a lessee leases to nobody. Mirrors the tree of
 * struct drm_master in drivers/gpu/drm/drm_lease.c.
 * @module
 */

import { DrmMaster } from "../auth.ts";
import type { DrmFile } from "../drm_file.ts";
import { DrmError } from "../error.ts";

/**
 * drm_lease_create: a new lessee with a lease.
 *
 * @param lessor an owner. @param leases ids of the objects, in ascending order; the lessee's from here on.
 * @throws {DrmError} EBUSY if the lessor has lent one of them; ENOMEM.
 */
export function createLessee(lessor: DrmMaster, leases: Set<number>): DrmMaster {
  for (const { leases: lent } of lessor.lessees) {
    for (const id of lent) if (leases.has(id)) throw new DrmError("EBUSY", `Cannot lease object ${id}: it is leased`);
  }
  const lessee = new DrmMaster(lessor.device, lessor, leases);
  const id = lessor.owner.lesseeIds.add(lessee);
  if (id === 0) throw new DrmError("ENOMEM", "Cannot lease: no lessee id is left");
  lessee.lesseeId = id;
  lessor.lessees.add(lessee);
  return lessee;
}

/** drm_lease_destroy: nobody holds the lessee any more. The lessor, who may be waiting for what it lent, is told by a uevent. */
export function destroyLessee(lessee: DrmMaster): void {
  lessee.owner.lesseeIds.remove(lessee.lesseeId);
  lessee.lessor?.lessees.delete(lessee);
  lessee.device.system.uevent({ action: "change", device: lessee.device, properties: { LEASE: "1" } });
}

/** drm_lease_revoke: a master's leases and those of its lessees end. Lessees and their files stay, and hold nothing. */
export function revokeLeases(master: DrmMaster): void {
  master.leases.clear();
  for (const lessee of master.lessees) revokeLeases(lessee);
}

/** The part of drm_master_release that is about leases. @param file closes; its master is its own. */
export function releaseLeases(file: DrmFile): void {
  const { master } = file;
  if (master === undefined) return;
  revokeLeases(master);
  // A lessee has one file; an owner lives on in its lessees.
  if (master.lessor !== undefined) destroyLessee(master);
}
