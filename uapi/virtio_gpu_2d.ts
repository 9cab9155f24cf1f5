/**
 * 2D commands of virtio-gpu: display information, resources, scanouts, transfers, cursor, EDID, UUID. Mirrors
 * include/uapi/linux/virtio_gpu.h and section 5.7.6 of the virtio 1.3 specification.
 * @module
 */

import { array, type ArrayView, bytes, type Struct, struct, u32, u53, type View } from "./struct.ts";
import { virtio_gpu_ctrl_hdr, virtio_gpu_rect } from "./virtio_gpu_hdr.ts";

/** Format: bytes B, G, R, A; DRM_FORMAT_ARGB8888. */
export const VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM = 1;
/** Format: bytes B, G, R, unused; DRM_FORMAT_XRGB8888. */
export const VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM = 2;
/** Format: bytes A, R, G, B; DRM_FORMAT_BGRA8888. */
export const VIRTIO_GPU_FORMAT_A8R8G8B8_UNORM = 3;
/** Format: bytes unused, R, G, B; DRM_FORMAT_BGRX8888. */
export const VIRTIO_GPU_FORMAT_X8R8G8B8_UNORM = 4;
/** Format: bytes R, G, B, A; DRM_FORMAT_ABGR8888. */
export const VIRTIO_GPU_FORMAT_R8G8B8A8_UNORM = 67;
/** Format: bytes unused, B, G, R; DRM_FORMAT_RGBX8888. */
export const VIRTIO_GPU_FORMAT_X8B8G8R8_UNORM = 68;
/** Format: bytes A, B, G, R; DRM_FORMAT_RGBA8888. */
export const VIRTIO_GPU_FORMAT_A8B8G8R8_UNORM = 121;
/** Format: bytes R, G, B, unused; DRM_FORMAT_XBGR8888. */
export const VIRTIO_GPU_FORMAT_R8G8B8X8_UNORM = 134;

/** A scanout, in {@linkcode virtio_gpu_resp_display_info}. */
export interface virtio_gpu_display_one {
  /** place and preferred size */
  r: View<virtio_gpu_rect>;
  /** 1 if a display is there */
  enabled: number;
  /** zero */
  flags: number;
}
/** Layout of `struct virtio_gpu_display_one`: 24 bytes. */
export const virtio_gpu_display_one: Struct<virtio_gpu_display_one> = struct<virtio_gpu_display_one>(
  "virtio_gpu_display_one",
  {
    r: virtio_gpu_rect.field(),
    enabled: u32,
    flags: u32,
  },
  { size: 24 },
);

/** Response to VIRTIO_GPU_CMD_GET_DISPLAY_INFO. */
export interface virtio_gpu_resp_display_info {
  /** VIRTIO_GPU_RESP_OK_DISPLAY_INFO */
  hdr: View<virtio_gpu_ctrl_hdr>;
  /** the scanouts */
  pmodes: ArrayView<View<virtio_gpu_display_one>>;
}
/** Layout of `struct virtio_gpu_resp_display_info`: 408 bytes. */
export const virtio_gpu_resp_display_info: Struct<virtio_gpu_resp_display_info> = struct<virtio_gpu_resp_display_info>(
  "virtio_gpu_resp_display_info",
  {
    hdr: virtio_gpu_ctrl_hdr.field(),
    pmodes: array(virtio_gpu_display_one.field(), 16),
  },
  { size: 408 },
);

/** VIRTIO_GPU_CMD_RESOURCE_CREATE_2D. */
export interface virtio_gpu_resource_create_2d {
  /** the header */
  hdr: View<virtio_gpu_ctrl_hdr>;
  /** the new resource's id, chosen by the guest, not 0 */
  resource_id: number;
  /** VIRTIO_GPU_FORMAT_* */
  format: number;
  /** pixels */
  width: number;
  /** lines */
  height: number;
}
/** Layout of `struct virtio_gpu_resource_create_2d`: 40 bytes. */
export const virtio_gpu_resource_create_2d: Struct<virtio_gpu_resource_create_2d> = struct<
  virtio_gpu_resource_create_2d
>("virtio_gpu_resource_create_2d", {
  hdr: virtio_gpu_ctrl_hdr.field(),
  resource_id: u32,
  format: u32,
  width: u32,
  height: u32,
}, { size: 40 });

/** VIRTIO_GPU_CMD_RESOURCE_UNREF. */
export interface virtio_gpu_resource_unref {
  /** the header */
  hdr: View<virtio_gpu_ctrl_hdr>;
  /** resource */
  resource_id: number;
  /** unused */
  padding: number;
}
/** Layout of `struct virtio_gpu_resource_unref`: 32 bytes. */
export const virtio_gpu_resource_unref: Struct<virtio_gpu_resource_unref> = struct<virtio_gpu_resource_unref>(
  "virtio_gpu_resource_unref",
  {
    hdr: virtio_gpu_ctrl_hdr.field(),
    resource_id: u32,
    padding: u32,
  },
  { size: 32 },
);

/** VIRTIO_GPU_CMD_SET_SCANOUT. */
export interface virtio_gpu_set_scanout {
  /** the header */
  hdr: View<virtio_gpu_ctrl_hdr>;
  /** the part of the resource to show */
  r: View<virtio_gpu_rect>;
  /** index of the scanout */
  scanout_id: number;
  /** resource, 0 to disable the scanout */
  resource_id: number;
}
/** Layout of `struct virtio_gpu_set_scanout`: 48 bytes. */
export const virtio_gpu_set_scanout: Struct<virtio_gpu_set_scanout> = struct<virtio_gpu_set_scanout>(
  "virtio_gpu_set_scanout",
  {
    hdr: virtio_gpu_ctrl_hdr.field(),
    r: virtio_gpu_rect.field(),
    scanout_id: u32,
    resource_id: u32,
  },
  { size: 48 },
);

/** VIRTIO_GPU_CMD_RESOURCE_FLUSH. */
export interface virtio_gpu_resource_flush {
  /** the header */
  hdr: View<virtio_gpu_ctrl_hdr>;
  /** the part of the resource that has changed */
  r: View<virtio_gpu_rect>;
  /** resource */
  resource_id: number;
  /** unused */
  padding: number;
}
/** Layout of `struct virtio_gpu_resource_flush`: 48 bytes. */
export const virtio_gpu_resource_flush: Struct<virtio_gpu_resource_flush> = struct<virtio_gpu_resource_flush>(
  "virtio_gpu_resource_flush",
  {
    hdr: virtio_gpu_ctrl_hdr.field(),
    r: virtio_gpu_rect.field(),
    resource_id: u32,
    padding: u32,
  },
  { size: 48 },
);

/** VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D. */
export interface virtio_gpu_transfer_to_host_2d {
  /** the header */
  hdr: View<virtio_gpu_ctrl_hdr>;
  /** the part of the resource */
  r: View<virtio_gpu_rect>;
  /** of that part's first pixel in the backing, bytes */
  offset: number;
  /** resource */
  resource_id: number;
  /** unused */
  padding: number;
}
/** Layout of `struct virtio_gpu_transfer_to_host_2d`: 56 bytes. */
export const virtio_gpu_transfer_to_host_2d: Struct<virtio_gpu_transfer_to_host_2d> = struct<
  virtio_gpu_transfer_to_host_2d
>("virtio_gpu_transfer_to_host_2d", {
  hdr: virtio_gpu_ctrl_hdr.field(),
  r: virtio_gpu_rect.field(),
  offset: u53,
  resource_id: u32,
  padding: u32,
}, { size: 56 });

/** VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING, then `nr_entries` {@linkcode virtio_gpu_mem_entry}. */
export interface virtio_gpu_resource_attach_backing {
  /** the header */
  hdr: View<virtio_gpu_ctrl_hdr>;
  /** resource */
  resource_id: number;
  /** ranges that follow */
  nr_entries: number;
}
/** Layout of `struct virtio_gpu_resource_attach_backing`: 32 bytes. */
export const virtio_gpu_resource_attach_backing: Struct<virtio_gpu_resource_attach_backing> = struct<
  virtio_gpu_resource_attach_backing
>("virtio_gpu_resource_attach_backing", {
  hdr: virtio_gpu_ctrl_hdr.field(),
  resource_id: u32,
  nr_entries: u32,
}, { size: 32 });

/** VIRTIO_GPU_CMD_RESOURCE_DETACH_BACKING. */
export interface virtio_gpu_resource_detach_backing {
  /** the header */
  hdr: View<virtio_gpu_ctrl_hdr>;
  /** resource */
  resource_id: number;
  /** unused */
  padding: number;
}
/** Layout of `struct virtio_gpu_resource_detach_backing`: 32 bytes. */
export const virtio_gpu_resource_detach_backing: Struct<virtio_gpu_resource_detach_backing> = struct<
  virtio_gpu_resource_detach_backing
>("virtio_gpu_resource_detach_backing", {
  hdr: virtio_gpu_ctrl_hdr.field(),
  resource_id: u32,
  padding: u32,
}, { size: 32 });

/** A cursor's place. */
export interface virtio_gpu_cursor_pos {
  /** index of the scanout */
  scanout_id: number;
  /** pixels */
  x: number;
  /** lines */
  y: number;
  /** unused */
  padding: number;
}
/** Layout of `struct virtio_gpu_cursor_pos`: 16 bytes. */
export const virtio_gpu_cursor_pos: Struct<virtio_gpu_cursor_pos> = struct<virtio_gpu_cursor_pos>(
  "virtio_gpu_cursor_pos",
  {
    scanout_id: u32,
    x: u32,
    y: u32,
    padding: u32,
  },
  { size: 16 },
);

/** VIRTIO_GPU_CMD_UPDATE_CURSOR and VIRTIO_GPU_CMD_MOVE_CURSOR. */
export interface virtio_gpu_update_cursor {
  /** the header */
  hdr: View<virtio_gpu_ctrl_hdr>;
  /** the place; MOVE_CURSOR reads no more than this */
  pos: View<virtio_gpu_cursor_pos>;
  /** resource of 64x64 pixels, 0 to hide the cursor */
  resource_id: number;
  /** hotspot from the left edge, pixels */
  hot_x: number;
  /** hotspot from the top edge, lines */
  hot_y: number;
  /** unused */
  padding: number;
}
/** Layout of `struct virtio_gpu_update_cursor`: 56 bytes. */
export const virtio_gpu_update_cursor: Struct<virtio_gpu_update_cursor> = struct<virtio_gpu_update_cursor>(
  "virtio_gpu_update_cursor",
  {
    hdr: virtio_gpu_ctrl_hdr.field(),
    pos: virtio_gpu_cursor_pos.field(),
    resource_id: u32,
    hot_x: u32,
    hot_y: u32,
    padding: u32,
  },
  { size: 56 },
);

/** VIRTIO_GPU_CMD_GET_EDID. */
export interface virtio_gpu_cmd_get_edid {
  /** the header */
  hdr: View<virtio_gpu_ctrl_hdr>;
  /** index of the scanout */
  scanout: number;
  /** unused */
  padding: number;
}
/** Layout of `struct virtio_gpu_cmd_get_edid`: 32 bytes. */
export const virtio_gpu_cmd_get_edid: Struct<virtio_gpu_cmd_get_edid> = struct<virtio_gpu_cmd_get_edid>(
  "virtio_gpu_cmd_get_edid",
  {
    hdr: virtio_gpu_ctrl_hdr.field(),
    scanout: u32,
    padding: u32,
  },
  { size: 32 },
);

/** Response to VIRTIO_GPU_CMD_GET_EDID. */
export interface virtio_gpu_resp_edid {
  /** VIRTIO_GPU_RESP_OK_EDID */
  hdr: View<virtio_gpu_ctrl_hdr>;
  /** of the EDID, bytes */
  size: number;
  /** unused */
  padding: number;
  /** the EDID */
  edid: Uint8Array;
}
/** Layout of `struct virtio_gpu_resp_edid`: 1056 bytes. */
export const virtio_gpu_resp_edid: Struct<virtio_gpu_resp_edid> = struct<virtio_gpu_resp_edid>("virtio_gpu_resp_edid", {
  hdr: virtio_gpu_ctrl_hdr.field(),
  size: u32,
  padding: u32,
  edid: bytes(1024),
}, { size: 1056 });

/** VIRTIO_GPU_CMD_RESOURCE_ASSIGN_UUID. */
export interface virtio_gpu_resource_assign_uuid {
  /** the header */
  hdr: View<virtio_gpu_ctrl_hdr>;
  /** resource */
  resource_id: number;
  /** unused */
  padding: number;
}
/** Layout of `struct virtio_gpu_resource_assign_uuid`: 32 bytes. */
export const virtio_gpu_resource_assign_uuid: Struct<virtio_gpu_resource_assign_uuid> = struct<
  virtio_gpu_resource_assign_uuid
>("virtio_gpu_resource_assign_uuid", {
  hdr: virtio_gpu_ctrl_hdr.field(),
  resource_id: u32,
  padding: u32,
}, { size: 32 });

/** Response to VIRTIO_GPU_CMD_RESOURCE_ASSIGN_UUID. */
export interface virtio_gpu_resp_resource_uuid {
  /** VIRTIO_GPU_RESP_OK_RESOURCE_UUID */
  hdr: View<virtio_gpu_ctrl_hdr>;
  /** the UUID */
  uuid: Uint8Array;
}
/** Layout of `struct virtio_gpu_resp_resource_uuid`: 40 bytes. */
export const virtio_gpu_resp_resource_uuid: Struct<virtio_gpu_resp_resource_uuid> = struct<
  virtio_gpu_resp_resource_uuid
>("virtio_gpu_resp_resource_uuid", {
  hdr: virtio_gpu_ctrl_hdr.field(),
  uuid: bytes(16),
}, { size: 40 });
