/**
 * Leases: a master lends CRTCs, connectors and planes to another DRM file. Mirrors the lease part of
 * include/uapi/drm/drm_mode.h.
 * @module
 */

import { type Ioctl, IOWR } from "./ioctl.ts";
import { type Struct, struct, u32, u64 } from "./struct.ts";

/** Argument of {@linkcode DRM_IOCTL_MODE_CREATE_LEASE}. */
export interface drm_mode_create_lease {
  /** in; user address of u32 object ids */
  object_ids: bigint;
  /** in; objects */
  object_count: number;
  /** in; O_CLOEXEC and O_NONBLOCK for the new fd */
  flags: number;
  /** out; id of the lessee */
  lessee_id: number;
  /** out; DRM file of the lessee */
  fd: number;
}
/** Layout of `struct drm_mode_create_lease`: 24 bytes. */
export const drm_mode_create_lease: Struct<drm_mode_create_lease> = struct<drm_mode_create_lease>(
  "drm_mode_create_lease",
  {
    object_ids: u64,
    object_count: u32,
    flags: u32,
    lessee_id: u32,
    fd: u32,
  },
  { size: 24 },
);

/** Lends objects. */
export const DRM_IOCTL_MODE_CREATE_LEASE: Ioctl<drm_mode_create_lease> = IOWR("d", 0xc6, drm_mode_create_lease);

/** Argument of {@linkcode DRM_IOCTL_MODE_LIST_LESSEES}. */
export interface drm_mode_list_lessees {
  /** in: room; out: lessees */
  count_lessees: number;
  /** must be zero */
  pad: number;
  /** in; user address for u32 lessee ids */
  lessees_ptr: bigint;
}
/** Layout of `struct drm_mode_list_lessees`: 16 bytes. */
export const drm_mode_list_lessees: Struct<drm_mode_list_lessees> = struct<drm_mode_list_lessees>(
  "drm_mode_list_lessees",
  {
    count_lessees: u32,
    pad: u32,
    lessees_ptr: u64,
  },
  { size: 16 },
);

/** Lists the caller's lessees. */
export const DRM_IOCTL_MODE_LIST_LESSEES: Ioctl<drm_mode_list_lessees> = IOWR("d", 0xc7, drm_mode_list_lessees);

/** Argument of {@linkcode DRM_IOCTL_MODE_GET_LEASE}. */
export interface drm_mode_get_lease {
  /** in: room; out: objects */
  count_objects: number;
  /** must be zero */
  pad: number;
  /** in; user address for u32 object ids */
  objects_ptr: bigint;
}
/** Layout of `struct drm_mode_get_lease`: 16 bytes. */
export const drm_mode_get_lease: Struct<drm_mode_get_lease> = struct<drm_mode_get_lease>("drm_mode_get_lease", {
  count_objects: u32,
  pad: u32,
  objects_ptr: u64,
}, { size: 16 });

/** Lists the objects that the caller was lent. */
export const DRM_IOCTL_MODE_GET_LEASE: Ioctl<drm_mode_get_lease> = IOWR("d", 0xc8, drm_mode_get_lease);

/** Argument of {@linkcode DRM_IOCTL_MODE_REVOKE_LEASE}. */
export interface drm_mode_revoke_lease {
  /** in; id of the lessee */
  lessee_id: number;
}
/** Layout of `struct drm_mode_revoke_lease`: 4 bytes. */
export const drm_mode_revoke_lease: Struct<drm_mode_revoke_lease> = struct<drm_mode_revoke_lease>(
  "drm_mode_revoke_lease",
  {
    lessee_id: u32,
  },
  { size: 4 },
);

/** Takes lent objects back. */
export const DRM_IOCTL_MODE_REVOKE_LEASE: Ioctl<drm_mode_revoke_lease> = IOWR("d", 0xc9, drm_mode_revoke_lease);
