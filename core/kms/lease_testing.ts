/**
 * The lease requests as tests send them.
 * @module
 */

import * as uapi from "../../uapi/mod.ts";
import type { LocalProcess, OpenFile } from "../process.ts";
import { errno } from "../testing.ts";
import { TestClient, type TestKms } from "./testing.ts";

/** Who sends a request. */
export interface Sender {
  /** Itself. */
  readonly process: LocalProcess;
  /** By which file. */
  readonly card: OpenFile;
}

/** What CREATE_LEASE gave. */
export interface Lease {
  /** 0, or the errno's name. */
  readonly result: number | string;
  /** The lessee's id. */
  readonly id: number;
  /** The lessee's file, of the lessor's process; asking for it throws EBADF where there is none. */
  readonly card: OpenFile;
}

/** Ids of pipe `index`: CRTC, connector, primary plane, cursor plane if there is one. */
export function pipe({ kms }: TestKms, index: number): number[] {
  const crtc = kms.crtcs[index];
  const cursor = crtc.cursor === undefined ? [] : [crtc.cursor.id];
  return [crtc.id, kms.connectors[index].id, crtc.primary.id, ...cursor];
}

/** CREATE_LEASE. */
export function createLease(from: Sender, ids: readonly number[], flags = 0): Lease {
  const list = from.process.heap.from(new Uint8Array(Uint32Array.from(ids).buffer));
  const arg = uapi.drm_mode_create_lease.of({
    object_ids: list.address,
    object_count: ids.length,
    flags: flags >>> 0,
    fd: 0xffff_ffff,
  });
  const result = errno(() => from.card.ioctl(uapi.DRM_IOCTL_MODE_CREATE_LEASE, arg));
  from.process.heap.free(list);
  return {
    result,
    id: arg.lessee_id,
    get card(): OpenFile {
      return from.process.file(arg.fd);
    },
  };
}

/** A client that has a lease's file. */
export function lessee(kms: TestKms, from: Sender, lease: Lease, atomic = false): TestClient {
  return new TestClient(kms, from.process, atomic, lease.card);
}

function words(from: Sender, count: number, ask: (address: bigint) => void): number[] {
  const room = from.process.alloc(Math.max(4, count * 4));
  ask(room.address);
  const ids = [...new Uint32Array(room.bytes.slice(0, count * 4).buffer)];
  from.process.heap.free(room);
  return ids;
}

/** LIST_LESSEES. Throws DrmError. */
export function listLessees(from: Sender): number[] {
  const arg = uapi.drm_mode_list_lessees.of();
  from.card.ioctl(uapi.DRM_IOCTL_MODE_LIST_LESSEES, arg);
  return words(from, arg.count_lessees, (address) => {
    arg.lessees_ptr = address;
    from.card.ioctl(uapi.DRM_IOCTL_MODE_LIST_LESSEES, arg);
  });
}

/** GET_LEASE. Throws DrmError. */
export function getLease(from: Sender): number[] {
  const arg = uapi.drm_mode_get_lease.of();
  from.card.ioctl(uapi.DRM_IOCTL_MODE_GET_LEASE, arg);
  return words(from, arg.count_objects, (address) => {
    arg.objects_ptr = address;
    from.card.ioctl(uapi.DRM_IOCTL_MODE_GET_LEASE, arg);
  });
}

/** REVOKE_LEASE; its outcome. */
export function revokeLease(from: Sender, id: number): number | string {
  const arg = uapi.drm_mode_revoke_lease.of({ lessee_id: id });
  return errno(() => from.card.ioctl(uapi.DRM_IOCTL_MODE_REVOKE_LEASE, arg));
}

/** SET_MASTER; its outcome. */
export function setMaster(from: Sender): number | string {
  return errno(() => from.card.ioctl(uapi.DRM_IOCTL_SET_MASTER));
}

/** DROP_MASTER; its outcome. */
export function dropMaster(from: Sender): number | string {
  return errno(() => from.card.ioctl(uapi.DRM_IOCTL_DROP_MASTER));
}
