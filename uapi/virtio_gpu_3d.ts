/**
 * 3D commands of virtio-gpu: contexts, resources, transfers, capability sets. Mirrors include/uapi/linux/virtio_gpu.h and
 * section 5.7.6 of the virtio 1.3 specification.
 * @module
 */

import { chars, type Struct, struct, tailBytes, type TailStruct, u32, u53, type View } from "./struct.ts";
import { virtio_gpu_ctrl_hdr } from "./virtio_gpu_hdr.ts";

/** Capability set: virgl, first version. */
export const VIRTIO_GPU_CAPSET_VIRGL = 1;
/** Capability set: virgl. */
export const VIRTIO_GPU_CAPSET_VIRGL2 = 2;
/** Capability set: venus, Vulkan. */
export const VIRTIO_GPU_CAPSET_VENUS = 4;
/** Capability set: native contexts of DRM drivers. */
export const VIRTIO_GPU_CAPSET_DRM = 6;
/** virtio_gpu_ctx_create.context_init: the bits of the capability set. */
export const VIRTIO_GPU_CONTEXT_INIT_CAPSET_ID_MASK = 0xff;
/** virtio_gpu_resource_create_3d.flags: line 0 is the top one. */
export const VIRTIO_GPU_RESOURCE_FLAG_Y_0_TOP = 0x1;

/** VIRTIO_GPU_CMD_CTX_CREATE; the context's id is `hdr.ctx_id`. */
export interface virtio_gpu_ctx_create {
  /** the header */
  hdr: View<virtio_gpu_ctrl_hdr>;
  /** length of `debug_name`, bytes */
  nlen: number;
  /** capability set, under VIRTIO_GPU_F_CONTEXT_INIT */
  context_init: number;
  /** a name for people */
  debug_name: string;
}
/** Layout of `struct virtio_gpu_ctx_create`: 96 bytes. */
export const virtio_gpu_ctx_create: Struct<virtio_gpu_ctx_create> = struct<virtio_gpu_ctx_create>(
  "virtio_gpu_ctx_create",
  {
    hdr: virtio_gpu_ctrl_hdr.field(),
    nlen: u32,
    context_init: u32,
    debug_name: chars(64),
  },
  { size: 96 },
);

/** VIRTIO_GPU_CMD_CTX_DESTROY; the context's id is `hdr.ctx_id`. */
export interface virtio_gpu_ctx_destroy {
  /** the header */
  hdr: View<virtio_gpu_ctrl_hdr>;
}
/** Layout of `struct virtio_gpu_ctx_destroy`: 24 bytes. */
export const virtio_gpu_ctx_destroy: Struct<virtio_gpu_ctx_destroy> = struct<virtio_gpu_ctx_destroy>(
  "virtio_gpu_ctx_destroy",
  {
    hdr: virtio_gpu_ctrl_hdr.field(),
  },
  { size: 24 },
);

/** VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE and VIRTIO_GPU_CMD_CTX_DETACH_RESOURCE. */
export interface virtio_gpu_ctx_resource {
  /** the header */
  hdr: View<virtio_gpu_ctrl_hdr>;
  /** resource */
  resource_id: number;
  /** unused */
  padding: number;
}
/** Layout of `struct virtio_gpu_ctx_resource`: 32 bytes. */
export const virtio_gpu_ctx_resource: Struct<virtio_gpu_ctx_resource> = struct<virtio_gpu_ctx_resource>(
  "virtio_gpu_ctx_resource",
  {
    hdr: virtio_gpu_ctrl_hdr.field(),
    resource_id: u32,
    padding: u32,
  },
  { size: 32 },
);

/** VIRTIO_GPU_CMD_RESOURCE_CREATE_3D. */
export interface virtio_gpu_resource_create_3d {
  /** the header */
  hdr: View<virtio_gpu_ctrl_hdr>;
  /** the new resource's id, chosen by the guest, not 0 */
  resource_id: number;
  /** Gallium texture target */
  target: number;
  /** virgl format */
  format: number;
  /** virgl bind flags */
  bind: number;
  /** pixels, or bytes of a buffer */
  width: number;
  /** lines */
  height: number;
  /** slices */
  depth: number;
  /** layers */
  array_size: number;
  /** greatest mipmap level */
  last_level: number;
  /** samples a pixel */
  nr_samples: number;
  /** VIRTIO_GPU_RESOURCE_FLAG_* */
  flags: number;
  /** unused */
  padding: number;
}
/** Layout of `struct virtio_gpu_resource_create_3d`: 72 bytes. */
export const virtio_gpu_resource_create_3d: Struct<virtio_gpu_resource_create_3d> = struct<
  virtio_gpu_resource_create_3d
>("virtio_gpu_resource_create_3d", {
  hdr: virtio_gpu_ctrl_hdr.field(),
  resource_id: u32,
  target: u32,
  format: u32,
  bind: u32,
  width: u32,
  height: u32,
  depth: u32,
  array_size: u32,
  last_level: u32,
  nr_samples: u32,
  flags: u32,
  padding: u32,
}, { size: 72 });

/** A box of texels. */
export interface virtio_gpu_box {
  /** left */
  x: number;
  /** top */
  y: number;
  /** first slice or layer */
  z: number;
  /** width */
  w: number;
  /** height */
  h: number;
  /** slices or layers */
  d: number;
}
/** Layout of `struct virtio_gpu_box`: 24 bytes. */
export const virtio_gpu_box: Struct<virtio_gpu_box> = struct<virtio_gpu_box>("virtio_gpu_box", {
  x: u32,
  y: u32,
  z: u32,
  w: u32,
  h: u32,
  d: u32,
}, { size: 24 });

/** VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D and VIRTIO_GPU_CMD_TRANSFER_FROM_HOST_3D. */
export interface virtio_gpu_transfer_host_3d {
  /** the header */
  hdr: View<virtio_gpu_ctrl_hdr>;
  /** the part of the image */
  box: View<virtio_gpu_box>;
  /** of that part in the backing, bytes */
  offset: number;
  /** resource */
  resource_id: number;
  /** mipmap level */
  level: number;
  /** bytes a line in the backing, 0 for tight */
  stride: number;
  /** bytes a layer in the backing, 0 for tight */
  layer_stride: number;
}
/** Layout of `struct virtio_gpu_transfer_host_3d`: 72 bytes. */
export const virtio_gpu_transfer_host_3d: Struct<virtio_gpu_transfer_host_3d> = struct<virtio_gpu_transfer_host_3d>(
  "virtio_gpu_transfer_host_3d",
  {
    hdr: virtio_gpu_ctrl_hdr.field(),
    box: virtio_gpu_box.field(),
    offset: u53,
    resource_id: u32,
    level: u32,
    stride: u32,
    layer_stride: u32,
  },
  { size: 72 },
);

/** VIRTIO_GPU_CMD_SUBMIT_3D, then `size` bytes of commands. */
export interface virtio_gpu_cmd_submit {
  /** the header */
  hdr: View<virtio_gpu_ctrl_hdr>;
  /** of the commands, bytes */
  size: number;
  /** unused */
  padding: number;
}
/** Layout of `struct virtio_gpu_cmd_submit`: 32 bytes. */
export const virtio_gpu_cmd_submit: Struct<virtio_gpu_cmd_submit> = struct<virtio_gpu_cmd_submit>(
  "virtio_gpu_cmd_submit",
  {
    hdr: virtio_gpu_ctrl_hdr.field(),
    size: u32,
    padding: u32,
  },
  { size: 32 },
);

/** VIRTIO_GPU_CMD_GET_CAPSET_INFO. */
export interface virtio_gpu_get_capset_info {
  /** the header */
  hdr: View<virtio_gpu_ctrl_hdr>;
  /** from 0 to virtio_gpu_config.num_capsets - 1 */
  capset_index: number;
  /** unused */
  padding: number;
}
/** Layout of `struct virtio_gpu_get_capset_info`: 32 bytes. */
export const virtio_gpu_get_capset_info: Struct<virtio_gpu_get_capset_info> = struct<virtio_gpu_get_capset_info>(
  "virtio_gpu_get_capset_info",
  {
    hdr: virtio_gpu_ctrl_hdr.field(),
    capset_index: u32,
    padding: u32,
  },
  { size: 32 },
);

/** Response to VIRTIO_GPU_CMD_GET_CAPSET_INFO. */
export interface virtio_gpu_resp_capset_info {
  /** VIRTIO_GPU_RESP_OK_CAPSET_INFO */
  hdr: View<virtio_gpu_ctrl_hdr>;
  /** VIRTIO_GPU_CAPSET_* */
  capset_id: number;
  /** greatest version */
  capset_max_version: number;
  /** greatest size, bytes */
  capset_max_size: number;
  /** unused */
  padding: number;
}
/** Layout of `struct virtio_gpu_resp_capset_info`: 40 bytes. */
export const virtio_gpu_resp_capset_info: Struct<virtio_gpu_resp_capset_info> = struct<virtio_gpu_resp_capset_info>(
  "virtio_gpu_resp_capset_info",
  {
    hdr: virtio_gpu_ctrl_hdr.field(),
    capset_id: u32,
    capset_max_version: u32,
    capset_max_size: u32,
    padding: u32,
  },
  { size: 40 },
);

/** VIRTIO_GPU_CMD_GET_CAPSET. */
export interface virtio_gpu_get_capset {
  /** the header */
  hdr: View<virtio_gpu_ctrl_hdr>;
  /** VIRTIO_GPU_CAPSET_* */
  capset_id: number;
  /** version */
  capset_version: number;
}
/** Layout of `struct virtio_gpu_get_capset`: 32 bytes. */
export const virtio_gpu_get_capset: Struct<virtio_gpu_get_capset> = struct<virtio_gpu_get_capset>(
  "virtio_gpu_get_capset",
  {
    hdr: virtio_gpu_ctrl_hdr.field(),
    capset_id: u32,
    capset_version: u32,
  },
  { size: 32 },
);

/** Response to VIRTIO_GPU_CMD_GET_CAPSET. */
export interface virtio_gpu_resp_capset {
  /** VIRTIO_GPU_RESP_OK_CAPSET */
  hdr: View<virtio_gpu_ctrl_hdr>;
}
/** Layout of `struct virtio_gpu_resp_capset`: 24 bytes, then `capset_data`: the set. */
export const virtio_gpu_resp_capset: TailStruct<virtio_gpu_resp_capset, number> = tailBytes<virtio_gpu_resp_capset>(
  "virtio_gpu_resp_capset",
  { hdr: virtio_gpu_ctrl_hdr.field() },
  "capset_data",
  { size: 24 },
);
