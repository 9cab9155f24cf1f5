/**
 * The display socket of a vhost-user GPU: the back end is the client and tells the front end what the screens show. Message
 * layouts and numbers are those of QEMU's docs/interop/vhost-user-gpu.rst.
 * @module
 */

import { bytes, s32, type Struct, struct, u32, u64, type View } from "./struct.ts";

/** Request: the protocol features that the front end has; answered by a u64. */
export const VHOST_USER_GPU_GET_PROTOCOL_FEATURES = 1;
/** Request: the protocol features that are used, a u64. */
export const VHOST_USER_GPU_SET_PROTOCOL_FEATURES = 2;
/** Request: the monitors; answered by virtio_gpu_resp_display_info. */
export const VHOST_USER_GPU_GET_DISPLAY_INFO = 3;
/** Request: the cursor is elsewhere, {@linkcode vhost_user_gpu_cursor_pos}. */
export const VHOST_USER_GPU_CURSOR_POS = 4;
/** Request: no cursor, {@linkcode vhost_user_gpu_cursor_pos}. */
export const VHOST_USER_GPU_CURSOR_POS_HIDE = 5;
/** Request: another cursor, {@linkcode vhost_user_gpu_cursor_update}. */
export const VHOST_USER_GPU_CURSOR_UPDATE = 6;
/** Request: the size of what a scanout shows, {@linkcode vhost_user_gpu_scanout}. */
export const VHOST_USER_GPU_SCANOUT = 7;
/** Request: pixels of a scanout, {@linkcode vhost_user_gpu_update} and the pixels. */
export const VHOST_USER_GPU_UPDATE = 8;
/** Request: a scanout shows a dma-buf, {@linkcode vhost_user_gpu_dmabuf_scanout} and its descriptor. */
export const VHOST_USER_GPU_DMABUF_SCANOUT = 9;
/** Request: the dma-buf has changed, {@linkcode vhost_user_gpu_update} without pixels; answered when it was shown. */
export const VHOST_USER_GPU_DMABUF_UPDATE = 10;
/** Request: a monitor's EDID, {@linkcode vhost_user_gpu_edid_request}; answered by virtio_gpu_resp_edid. */
export const VHOST_USER_GPU_GET_EDID = 11;
/** Request: DMABUF_SCANOUT with a modifier, {@linkcode vhost_user_gpu_dmabuf_scanout2}. */
export const VHOST_USER_GPU_DMABUF_SCANOUT2 = 12;

/** Protocol feature bit: GET_EDID. */
export const VHOST_USER_GPU_PROTOCOL_F_EDID = 0;
/** Protocol feature bit: DMABUF_SCANOUT2. */
export const VHOST_USER_GPU_PROTOCOL_F_DMABUF2 = 1;

/** vhost_user_gpu_header.flags: an answer. */
export const VHOST_USER_GPU_MSG_FLAG_REPLY = 0x4;

/** Head of each message; `size` bytes follow. */
export interface vhost_user_gpu_header {
  /** VHOST_USER_GPU_* */
  request: number;
  /** VHOST_USER_GPU_MSG_FLAG_REPLY */
  flags: number;
  /** bytes of payload */
  size: number;
}
/** Layout of the message header: 12 bytes. */
export const vhost_user_gpu_header: Struct<vhost_user_gpu_header> = struct<vhost_user_gpu_header>(
  "vhost_user_gpu_header",
  { request: u32, flags: u32, size: u32 },
  { size: 12 },
);

/** Where a cursor is. */
export interface vhost_user_gpu_cursor_pos {
  /** which scanout */
  scanout_id: number;
  /** pixels from the left */
  x: number;
  /** pixels from the top */
  y: number;
}
/** Layout of the cursor position: 12 bytes. */
export const vhost_user_gpu_cursor_pos: Struct<vhost_user_gpu_cursor_pos> = struct<vhost_user_gpu_cursor_pos>(
  "vhost_user_gpu_cursor_pos",
  { scanout_id: u32, x: u32, y: u32 },
  { size: 12 },
);

/** A cursor's image. */
export interface vhost_user_gpu_cursor_update {
  /** where it is */
  pos: View<vhost_user_gpu_cursor_pos>;
  /** hot spot, pixels from the left */
  hot_x: number;
  /** hot spot, pixels from the top */
  hot_y: number;
  /** 64x64 pixels, DRM_FORMAT_ARGB8888 */
  data: Uint8Array;
}
/** Layout of the cursor update: 16404 bytes. */
export const vhost_user_gpu_cursor_update: Struct<vhost_user_gpu_cursor_update> = struct<vhost_user_gpu_cursor_update>(
  "vhost_user_gpu_cursor_update",
  { pos: vhost_user_gpu_cursor_pos.field(), hot_x: u32, hot_y: u32, data: bytes(64 * 64 * 4) },
  { size: 16404 },
);

/** The size of what a scanout shows; 0x0 when it is off. */
export interface vhost_user_gpu_scanout {
  /** which scanout */
  scanout_id: number;
  /** columns */
  width: number;
  /** rows */
  height: number;
}
/** Layout of the scanout description: 12 bytes. */
export const vhost_user_gpu_scanout: Struct<vhost_user_gpu_scanout> = struct<vhost_user_gpu_scanout>(
  "vhost_user_gpu_scanout",
  { scanout_id: u32, width: u32, height: u32 },
  { size: 12 },
);

/** A rectangle that has changed; for UPDATE, `width * height * 4` bytes of DRM_FORMAT_XRGB8888 follow. */
export interface vhost_user_gpu_update {
  /** which scanout */
  scanout_id: number;
  /** left edge */
  x: number;
  /** top edge */
  y: number;
  /** columns */
  width: number;
  /** rows */
  height: number;
}
/** Layout of the update description: 20 bytes. */
export const vhost_user_gpu_update: Struct<vhost_user_gpu_update> = struct<vhost_user_gpu_update>(
  "vhost_user_gpu_update",
  { scanout_id: u32, x: u32, y: u32, width: u32, height: u32 },
  { size: 20 },
);

/** Payload of VHOST_USER_GPU_GET_EDID. */
export interface vhost_user_gpu_edid_request {
  /** which scanout */
  scanout_id: number;
}
/** Layout of the EDID request: 4 bytes. */
export const vhost_user_gpu_edid_request: Struct<vhost_user_gpu_edid_request> = struct<vhost_user_gpu_edid_request>(
  "vhost_user_gpu_edid_request",
  { scanout_id: u32 },
  { size: 4 },
);

/** Payload of VHOST_USER_GPU_DMABUF_SCANOUT. */
export interface vhost_user_gpu_dmabuf_scanout {
  /** which scanout */
  scanout_id: number;
  /** left edge in the buffer */
  x: number;
  /** top edge in the buffer */
  y: number;
  /** columns that are shown */
  width: number;
  /** rows that are shown */
  height: number;
  /** columns of the buffer */
  fd_width: number;
  /** rows of the buffer */
  fd_height: number;
  /** bytes a row */
  fd_stride: number;
  /** 1: the first row is the lowest */
  fd_flags: number;
  /** DRM_FORMAT_* */
  fd_drm_fourcc: number;
}
/** Layout of the dma-buf scanout description: 40 bytes. */
export const vhost_user_gpu_dmabuf_scanout: Struct<vhost_user_gpu_dmabuf_scanout> = struct<
  vhost_user_gpu_dmabuf_scanout
>("vhost_user_gpu_dmabuf_scanout", {
  scanout_id: u32,
  x: u32,
  y: u32,
  width: u32,
  height: u32,
  fd_width: u32,
  fd_height: u32,
  fd_stride: u32,
  fd_flags: u32,
  fd_drm_fourcc: s32,
}, { size: 40 });

/** Payload of VHOST_USER_GPU_DMABUF_SCANOUT2. */
export interface vhost_user_gpu_dmabuf_scanout2 {
  /** as before */
  dmabuf_scanout: View<vhost_user_gpu_dmabuf_scanout>;
  /** DRM_FORMAT_MOD_* */
  modifier: bigint;
}
/** Layout of the dma-buf scanout description with a modifier: 48 bytes. */
export const vhost_user_gpu_dmabuf_scanout2: Struct<vhost_user_gpu_dmabuf_scanout2> = struct<
  vhost_user_gpu_dmabuf_scanout2
>("vhost_user_gpu_dmabuf_scanout2", { dmabuf_scanout: vhost_user_gpu_dmabuf_scanout.field(), modifier: u64 }, {
  size: 48,
});
