/**
 * Events that read(2) on a DRM file returns. Mirrors struct drm_event and its kin in include/uapi/drm/drm.h.
 * @module
 */

import { s64, type Struct, struct, u32, u64, type View } from "./struct.ts";

/** drm_event.type: a drm_event_vblank, asked for by WAIT_VBLANK. */
export const DRM_EVENT_VBLANK = 0x1;
/** drm_event.type: a drm_event_vblank, asked for by a page flip or an atomic commit. */
export const DRM_EVENT_FLIP_COMPLETE = 0x2;
/** drm_event.type: a drm_event_crtc_sequence. */
export const DRM_EVENT_CRTC_SEQUENCE = 0x3;

/** What every event begins with. A read returns whole events only. */
export interface drm_event {
  /** out; DRM_EVENT_*, or a driver's own from 0x80000000 */
  type: number;
  /** out; of the whole event, this header included, bytes */
  length: number;
}
/** Layout of `struct drm_event`: 8 bytes. */
export const drm_event: Struct<drm_event> = struct<drm_event>("drm_event", { type: u32, length: u32 }, { size: 8 });

/** Event of a vertical blanking or of a finished flip. */
export interface drm_event_vblank {
  /** out; DRM_EVENT_VBLANK or DRM_EVENT_FLIP_COMPLETE, 32 bytes */
  base: View<drm_event>;
  /** out; the request's cookie */
  user_data: bigint;
  /** out; time of the frame, CLOCK_MONOTONIC, seconds */
  tv_sec: number;
  /** out; and microseconds */
  tv_usec: number;
  /** out; frame number, low 32 bits */
  sequence: number;
  /** out; CRTC object id */
  crtc_id: number;
}
/** Layout of `struct drm_event_vblank`: 32 bytes. */
export const drm_event_vblank: Struct<drm_event_vblank> = struct<drm_event_vblank>("drm_event_vblank", {
  base: drm_event.field(),
  user_data: u64,
  tv_sec: u32,
  tv_usec: u32,
  sequence: u32,
  crtc_id: u32,
}, { size: 32 });

/** Event of a frame asked for by CRTC_QUEUE_SEQUENCE. */
export interface drm_event_crtc_sequence {
  /** out; DRM_EVENT_CRTC_SEQUENCE, 32 bytes */
  base: View<drm_event>;
  /** out; the request's cookie */
  user_data: bigint;
  /** out; time of the frame's first pixel, CLOCK_MONOTONIC, ns */
  time_ns: bigint;
  /** out; frame number, 64 bits */
  sequence: bigint;
}
/** Layout of `struct drm_event_crtc_sequence`: 32 bytes. */
export const drm_event_crtc_sequence: Struct<drm_event_crtc_sequence> = struct<drm_event_crtc_sequence>(
  "drm_event_crtc_sequence",
  {
    base: drm_event.field(),
    user_data: u64,
    time_ns: s64,
    sequence: u64,
  },
  { size: 32 },
);
