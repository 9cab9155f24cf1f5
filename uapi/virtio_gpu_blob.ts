/**
 * Blob commands of virtio-gpu: resources that are plain memory of the guest or of the host. Mirrors
 * include/uapi/linux/virtio_gpu.h and section 5.7.6 of the virtio 1.3 specification.
 * @module
 */

import { array, type ArrayView, type Struct, struct, u32, u53, u64, type View } from "./struct.ts";
import { virtio_gpu_ctrl_hdr, virtio_gpu_rect } from "./virtio_gpu_hdr.ts";

/** Shared memory region: none. */
export const VIRTIO_GPU_SHM_ID_UNDEFINED = 0;
/** Shared memory region: where blobs of the host are mapped. */
export const VIRTIO_GPU_SHM_ID_HOST_VISIBLE = 1;

/** blob_mem: pages of the guest. */
export const VIRTIO_GPU_BLOB_MEM_GUEST = 0x1;
/** blob_mem: memory of the host's renderer. */
export const VIRTIO_GPU_BLOB_MEM_HOST3D = 0x2;
/** blob_mem: both. */
export const VIRTIO_GPU_BLOB_MEM_HOST3D_GUEST = 0x3;
/** blob_flags: it will be mapped. */
export const VIRTIO_GPU_BLOB_FLAG_USE_MAPPABLE = 0x1;
/** blob_flags: it will be shared with other drivers. */
export const VIRTIO_GPU_BLOB_FLAG_USE_SHAREABLE = 0x2;
/** blob_flags: it will be shared with other virtio devices. */
export const VIRTIO_GPU_BLOB_FLAG_USE_CROSS_DEVICE = 0x4;

/** VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB, then `nr_entries` {@linkcode virtio_gpu_mem_entry}. */
export interface virtio_gpu_resource_create_blob {
  /** the header */
  hdr: View<virtio_gpu_ctrl_hdr>;
  /** the new resource's id, chosen by the guest, not 0 */
  resource_id: number;
  /** VIRTIO_GPU_BLOB_MEM_* */
  blob_mem: number;
  /** VIRTIO_GPU_BLOB_FLAG_* */
  blob_flags: number;
  /** ranges that follow */
  nr_entries: number;
  /** the host renderer's name for the memory */
  blob_id: bigint;
  /** bytes */
  size: number;
}
/** Layout of `struct virtio_gpu_resource_create_blob`: 56 bytes. */
export const virtio_gpu_resource_create_blob: Struct<virtio_gpu_resource_create_blob> = struct<
  virtio_gpu_resource_create_blob
>("virtio_gpu_resource_create_blob", {
  hdr: virtio_gpu_ctrl_hdr.field(),
  resource_id: u32,
  blob_mem: u32,
  blob_flags: u32,
  nr_entries: u32,
  blob_id: u64,
  size: u53,
}, { size: 56 });

/** VIRTIO_GPU_CMD_SET_SCANOUT_BLOB. */
export interface virtio_gpu_set_scanout_blob {
  /** the header */
  hdr: View<virtio_gpu_ctrl_hdr>;
  /** the part of the image to show */
  r: View<virtio_gpu_rect>;
  /** index of the scanout */
  scanout_id: number;
  /** resource, 0 to disable the scanout */
  resource_id: number;
  /** of the image, pixels */
  width: number;
  /** of the image, lines */
  height: number;
  /** VIRTIO_GPU_FORMAT_* */
  format: number;
  /** unused */
  padding: number;
  /** bytes a line of each plane */
  strides: ArrayView<number>;
  /** of each plane into the resource, bytes */
  offsets: ArrayView<number>;
}
/** Layout of `struct virtio_gpu_set_scanout_blob`: 96 bytes. */
export const virtio_gpu_set_scanout_blob: Struct<virtio_gpu_set_scanout_blob> = struct<virtio_gpu_set_scanout_blob>(
  "virtio_gpu_set_scanout_blob",
  {
    hdr: virtio_gpu_ctrl_hdr.field(),
    r: virtio_gpu_rect.field(),
    scanout_id: u32,
    resource_id: u32,
    width: u32,
    height: u32,
    format: u32,
    padding: u32,
    strides: array(u32, 4),
    offsets: array(u32, 4),
  },
  { size: 96 },
);

/** VIRTIO_GPU_CMD_RESOURCE_MAP_BLOB. */
export interface virtio_gpu_resource_map_blob {
  /** the header */
  hdr: View<virtio_gpu_ctrl_hdr>;
  /** resource */
  resource_id: number;
  /** unused */
  padding: number;
  /** into the host-visible region, bytes */
  offset: number;
}
/** Layout of `struct virtio_gpu_resource_map_blob`: 40 bytes. */
export const virtio_gpu_resource_map_blob: Struct<virtio_gpu_resource_map_blob> = struct<virtio_gpu_resource_map_blob>(
  "virtio_gpu_resource_map_blob",
  {
    hdr: virtio_gpu_ctrl_hdr.field(),
    resource_id: u32,
    padding: u32,
    offset: u53,
  },
  { size: 40 },
);

/** map_info: the bits of caching. */
export const VIRTIO_GPU_MAP_CACHE_MASK = 0xf;
/** map_info: caching not said. */
export const VIRTIO_GPU_MAP_CACHE_NONE = 0x0;
/** map_info: cached. */
export const VIRTIO_GPU_MAP_CACHE_CACHED = 0x1;
/** map_info: uncached. */
export const VIRTIO_GPU_MAP_CACHE_UNCACHED = 0x2;
/** map_info: write-combining. */
export const VIRTIO_GPU_MAP_CACHE_WC = 0x3;

/** Response to VIRTIO_GPU_CMD_RESOURCE_MAP_BLOB. */
export interface virtio_gpu_resp_map_info {
  /** VIRTIO_GPU_RESP_OK_MAP_INFO */
  hdr: View<virtio_gpu_ctrl_hdr>;
  /** VIRTIO_GPU_MAP_CACHE_* */
  map_info: number;
  /** unused */
  padding: number;
}
/** Layout of `struct virtio_gpu_resp_map_info`: 32 bytes. */
export const virtio_gpu_resp_map_info: Struct<virtio_gpu_resp_map_info> = struct<virtio_gpu_resp_map_info>(
  "virtio_gpu_resp_map_info",
  {
    hdr: virtio_gpu_ctrl_hdr.field(),
    map_info: u32,
    padding: u32,
  },
  { size: 32 },
);

/** VIRTIO_GPU_CMD_RESOURCE_UNMAP_BLOB. */
export interface virtio_gpu_resource_unmap_blob {
  /** the header */
  hdr: View<virtio_gpu_ctrl_hdr>;
  /** resource */
  resource_id: number;
  /** unused */
  padding: number;
}
/** Layout of `struct virtio_gpu_resource_unmap_blob`: 32 bytes. */
export const virtio_gpu_resource_unmap_blob: Struct<virtio_gpu_resource_unmap_blob> = struct<
  virtio_gpu_resource_unmap_blob
>("virtio_gpu_resource_unmap_blob", {
  hdr: virtio_gpu_ctrl_hdr.field(),
  resource_id: u32,
  padding: u32,
}, { size: 32 });
