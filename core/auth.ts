/**
 * Masters and authentication (K1-K3). Mirrors drivers/gpu/drm/drm_auth.c. Lessees are in kms/lessee.ts.
 * @module
 */

import type { Device } from "./device.ts";
import type { DrmFile } from "./drm_file.ts";
import { DrmError, EBUSY } from "./error.ts";
import { IdTable } from "./id_table.ts";
import type { Process } from "./process.ts";

/** The authority over a device's primary node: shared by the files that opened it while it reigned. */
export class DrmMaster {
  /** The device. */
  readonly device: Device;
  /** Magics that wait for AUTH_MAGIC; a used one keeps its number and loses its file. */
  readonly magics: IdTable<{ file: DrmFile | undefined }> = new IdTable();
  /** What GET_UNIQUE answers: empty until SET_VERSION. */
  unique = "";
  /** The master that leased objects to this one; undefined for an owner. */
  readonly lessor: DrmMaster | undefined;
  /** Ids of the objects that it was lent, in ascending order; empty once they are revoked, and for an owner. */
  readonly leases: Set<number>;
  /** Whom it leases to, oldest first. */
  readonly lessees: Set<DrmMaster> = new Set();
  /** Of an owner: all lessees below it, by their ids. */
  readonly lesseeIds: IdTable<DrmMaster>;
  /** Its id among its owner's lessees; 0 for an owner. */
  lesseeId = 0;

  /** A master on no throne yet. @param device the device. @param lessor the master that leases to this one. @param leases what. */
  constructor(device: Device, lessor?: DrmMaster, leases: Set<number> = new Set()) {
    this.device = device;
    this.lessor = lessor;
    this.leases = leases;
    this.lesseeIds = new IdTable<DrmMaster>(undefined, device.system.ids);
  }

  /** drm_lease_owner: the master at the top of the leases. */
  get owner(): DrmMaster {
    return this.lessor?.owner ?? this;
  }
}

/** drm_is_current_master: the file may do what DRM_MASTER guards. */
export function isCurrentMaster(file: DrmFile): boolean {
  return file.isMaster && file.master !== undefined && file.device.master === file.master.owner;
}

/** drm_master_open: the first opener of a primary node reigns (K1). */
export function masterOpen(file: DrmFile): void {
  if (file.device.master === undefined) newMaster(file);
  else file.master = file.device.master;
}

function newMaster(file: DrmFile): void {
  // A magic belongs to the master that is left.
  if (file.magic !== 0) file.master?.magics.remove(file.magic);
  file.magic = 0;
  file.master = new DrmMaster(file.device);
  file.isMaster = true;
  file.wasMaster = true;
  file.authenticated = true;
  file.device.master = file.master;
}

// The file keeps its master object, and may put it back on the throne.
function dropMaster(file: DrmFile): void {
  file.device.master = undefined;
}

// drm_master_check_perm: a former master may come back without privileges (K2).
function checkPermission(file: DrmFile, task: Process): void {
  if ((file.wasMaster && file.tgid === task.tgid) || task.capSysAdmin) return;
  throw new DrmError("EACCES", "Cannot change the master: the file never was one and the caller lacks CAP_SYS_ADMIN");
}

/** SET_MASTER: -EBUSY while another reigns. Throws EACCES, EINVAL (K2). */
export function setMaster(file: DrmFile, task: Process): number {
  checkPermission(file, task);
  if (isCurrentMaster(file)) return 0;
  const device = file.device;
  if (device.master !== undefined) return EBUSY;
  if (file.master === undefined) throw new DrmError("EINVAL", "Cannot become master: the file has no master object");
  if (!file.isMaster) {
    newMaster(file);
    return 0;
  }
  if (file.master.lessor !== undefined) throw new DrmError("EINVAL", "Cannot become master: the file is a lessee");
  device.master = file.master;
  return 0;
}

/** DROP_MASTER. Throws EACCES, EINVAL (K2). */
export function dropMasterIoctl(file: DrmFile, task: Process): number {
  checkPermission(file, task);
  if (!isCurrentMaster(file)) throw new DrmError("EINVAL", "Cannot drop master: the file is not the current one");
  if (file.master?.lessor !== undefined) throw new DrmError("EINVAL", "Cannot drop master: the file is a lessee");
  dropMaster(file);
  return 0;
}

/** drm_master_release: a closed file gives up its magic, the throne if it reigned, and what it leased or was lent. */
export function masterRelease(file: DrmFile): void {
  if (file.magic !== 0) file.master?.magics.remove(file.magic);
  if (isCurrentMaster(file) && file.device.master === file.master) dropMaster(file);
  if (file.isMaster) file.device.kms?.releaseLeases(file);
  file.master = undefined;
}

/** GET_MAGIC: idempotent for a file (K3). Throws ENOMEM. */
export function getMagic(file: DrmFile): number {
  if (file.magic === 0) {
    const id = file.master?.magics.add({ file }) ?? 0;
    if (id === 0) throw new DrmError("ENOMEM", "Cannot make a magic: none is left");
    file.magic = id;
  }
  return file.magic;
}

/** AUTH_MAGIC: works once a magic, inside one master (K3). Throws EINVAL. */
export function authMagic(file: DrmFile, magic: number): void {
  const slot = file.master?.magics.get(magic);
  if (slot?.file === undefined) throw new DrmError("EINVAL", `Cannot authenticate magic ${magic}: nobody waits for it`);
  slot.file.authenticated = true;
  slot.file = undefined;
}
