/**
 * Request numbers that older headers gave to requests of today: their structs have grown since, and programs built then still
 * send them. A DRM file looks a request up by its number alone, and treats the missing end as zeros
 * (drivers/gpu/drm/drm_ioctl.c, drm_ioctl).
 * @module
 */

import { DRM_IOCTL_MODE_ADDFB2 } from "./drm_mode_fb.ts";
import {
  DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE,
  DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD,
  DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT,
  DRM_IOCTL_SYNCOBJ_WAIT,
} from "./drm_syncobj.ts";
import { _IOC, _IOC_DIR, _IOC_NR, _IOC_TYPE, type Ioctl } from "./ioctl.ts";
import {
  DRM_IOCTL_VIRTGPU_EXECBUFFER,
  DRM_IOCTL_VIRTGPU_TRANSFER_FROM_HOST,
  DRM_IOCTL_VIRTGPU_TRANSFER_TO_HOST,
} from "./virtgpu_drm.ts";

/** An older number of a request. */
export interface LegacyEncoding {
  /** Today's name. */
  readonly name: string;
  /** Today's number. */
  readonly request: Ioctl;
  /** The older number. */
  readonly encoding: number;
  /** Size of the struct then, bytes. */
  readonly size: number;
  /** The first member that it lacked. */
  readonly before: string;
}

function legacy(name: string, request: Ioctl, size: number, before: string): LegacyEncoding {
  const encoding = _IOC(_IOC_DIR(request), _IOC_TYPE(request), _IOC_NR(request), size);
  return { name, request, encoding, size, before };
}

/** Every older number, the newest of a request first. */
export const LEGACY_ENCODINGS: readonly LegacyEncoding[] = [
  legacy("DRM_IOCTL_MODE_ADDFB2", DRM_IOCTL_MODE_ADDFB2, 68, "modifier"),
  legacy("DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD", DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, 16, "point"),
  legacy("DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE", DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, 16, "point"),
  legacy("DRM_IOCTL_SYNCOBJ_WAIT", DRM_IOCTL_SYNCOBJ_WAIT, 32, "deadline_nsec"),
  legacy("DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT", DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, 40, "deadline_nsec"),
  legacy("DRM_IOCTL_VIRTGPU_EXECBUFFER", DRM_IOCTL_VIRTGPU_EXECBUFFER, 40, "syncobj_stride"),
  legacy("DRM_IOCTL_VIRTGPU_EXECBUFFER", DRM_IOCTL_VIRTGPU_EXECBUFFER, 32, "ring_idx"),
  legacy("DRM_IOCTL_VIRTGPU_TRANSFER_FROM_HOST", DRM_IOCTL_VIRTGPU_TRANSFER_FROM_HOST, 36, "stride"),
  legacy("DRM_IOCTL_VIRTGPU_TRANSFER_TO_HOST", DRM_IOCTL_VIRTGPU_TRANSFER_TO_HOST, 36, "stride"),
];
