/**
 * Vertical blanking: waiting for it, counting it, asking for an event at it. Mirrors drm_wait_vblank and the CRTC sequence
 * requests of include/uapi/drm/drm.h.
 * @module
 */

import { type Ioctl, IOWR } from "./ioctl.ts";
import { s64, type Struct, struct, u32, u64, type View } from "./struct.ts";

/** request.type: wait for the frame with number `sequence`. */
export const _DRM_VBLANK_ABSOLUTE = 0;
/** request.type: wait for `sequence` more frames. */
export const _DRM_VBLANK_RELATIVE = 1;
/** request.type: the bits of the CRTC index, when it is above 1. */
export const _DRM_VBLANK_HIGH_CRTC_MASK = 0x3e;
/** request.type: the shift of the CRTC index. */
export const _DRM_VBLANK_HIGH_CRTC_SHIFT = 1;
/** request.type: send a drm_event_vblank in place of blocking. */
export const _DRM_VBLANK_EVENT = 0x4000000;
/** request.type: wait for a page flip; never implemented. */
export const _DRM_VBLANK_FLIP = 0x8000000;
/** request.type: if `sequence` has passed, take the next frame. */
export const _DRM_VBLANK_NEXTONMISS = 0x10000000;
/** request.type: CRTC index 1. */
export const _DRM_VBLANK_SECONDARY = 0x20000000;
/** request.type: send a Unix signal; refused with EINVAL. */
export const _DRM_VBLANK_SIGNAL = 0x40000000;
/** request.type: the bits of absolute or relative. */
export const _DRM_VBLANK_TYPES_MASK = 1;
/** request.type: EVENT, SIGNAL, SECONDARY and NEXTONMISS. */
export const _DRM_VBLANK_FLAGS_MASK = 0x74000000;

/** What a client asks of {@linkcode DRM_IOCTL_WAIT_VBLANK}. */
export interface drm_wait_vblank_request {
  /** in; _DRM_VBLANK_* bits */
  type: number;
  /** in; frame number, or a count of frames */
  sequence: number;
  /** in; cookie that an event returns as `user_data` */
  signal: bigint;
}
/** Layout of `struct drm_wait_vblank_request`: 16 bytes. */
export const drm_wait_vblank_request: Struct<drm_wait_vblank_request> = struct<drm_wait_vblank_request>(
  "drm_wait_vblank_request",
  {
    type: u32,
    sequence: u32,
    signal: u64,
  },
  { size: 16 },
);

/** What {@linkcode DRM_IOCTL_WAIT_VBLANK} answers. */
export interface drm_wait_vblank_reply {
  /** out; as asked */
  type: number;
  /** out; frame number at return */
  sequence: number;
  /** out; time of that frame, CLOCK_MONOTONIC, seconds */
  tval_sec: bigint;
  /** out; and microseconds */
  tval_usec: bigint;
}
/** Layout of `struct drm_wait_vblank_reply`: 24 bytes. */
export const drm_wait_vblank_reply: Struct<drm_wait_vblank_reply> = struct<drm_wait_vblank_reply>(
  "drm_wait_vblank_reply",
  {
    type: u32,
    sequence: u32,
    tval_sec: s64,
    tval_usec: s64,
  },
  { size: 24 },
);

/** Argument of {@linkcode DRM_IOCTL_WAIT_VBLANK}: a union. */
export interface drm_wait_vblank {
  /** in */
  request: View<drm_wait_vblank_request>;
  /** out, over the request's memory */
  reply: View<drm_wait_vblank_reply>;
}
/** Layout of `union drm_wait_vblank`: 24 bytes. */
export const drm_wait_vblank: Struct<drm_wait_vblank> = struct<drm_wait_vblank>("drm_wait_vblank", {
  request: drm_wait_vblank_request.field(),
  reply: drm_wait_vblank_reply.field(),
}, { size: 24, union: true });

/** Waits for a vertical blanking, asks for an event at it, or reads the count. */
export const DRM_IOCTL_WAIT_VBLANK: Ioctl<drm_wait_vblank> = IOWR("d", 0x3a, drm_wait_vblank);

/** Argument of {@linkcode DRM_IOCTL_CRTC_GET_SEQUENCE}. */
export interface drm_crtc_get_sequence {
  /** in; CRTC object id */
  crtc_id: number;
  /** out; 1 if the CRTC is enabled */
  active: number;
  /** out; frame number, 64 bits */
  sequence: bigint;
  /** out; time of the first pixel of that frame, CLOCK_MONOTONIC, ns */
  sequence_ns: bigint;
}
/** Layout of `struct drm_crtc_get_sequence`: 24 bytes. */
export const drm_crtc_get_sequence: Struct<drm_crtc_get_sequence> = struct<drm_crtc_get_sequence>(
  "drm_crtc_get_sequence",
  {
    crtc_id: u32,
    active: u32,
    sequence: u64,
    sequence_ns: s64,
  },
  { size: 24 },
);

/** The current frame number of a CRTC. */
export const DRM_IOCTL_CRTC_GET_SEQUENCE: Ioctl<drm_crtc_get_sequence> = IOWR("d", 0x3b, drm_crtc_get_sequence);

/** drm_crtc_queue_sequence.flags: `sequence` counts from the current frame. */
export const DRM_CRTC_SEQUENCE_RELATIVE = 0x1;
/** drm_crtc_queue_sequence.flags: if `sequence` has passed, take the next frame. */
export const DRM_CRTC_SEQUENCE_NEXT_ON_MISS = 0x2;

/** Argument of {@linkcode DRM_IOCTL_CRTC_QUEUE_SEQUENCE}. */
export interface drm_crtc_queue_sequence {
  /** in; CRTC object id */
  crtc_id: number;
  /** in; DRM_CRTC_SEQUENCE_* */
  flags: number;
  /** in: frame number or count of frames; out: the frame number chosen */
  sequence: bigint;
  /** in; cookie that the event returns */
  user_data: bigint;
}
/** Layout of `struct drm_crtc_queue_sequence`: 24 bytes. */
export const drm_crtc_queue_sequence: Struct<drm_crtc_queue_sequence> = struct<drm_crtc_queue_sequence>(
  "drm_crtc_queue_sequence",
  {
    crtc_id: u32,
    flags: u32,
    sequence: u64,
    user_data: u64,
  },
  { size: 24 },
);

/** Asks for a drm_event_crtc_sequence at a frame. */
export const DRM_IOCTL_CRTC_QUEUE_SEQUENCE: Ioctl<drm_crtc_queue_sequence> = IOWR("d", 0x3c, drm_crtc_queue_sequence);
