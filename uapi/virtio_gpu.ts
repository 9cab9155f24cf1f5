/**
 * The virtio-gpu device: everything of include/uapi/linux/virtio_gpu.h, and the table of its commands, which the host's
 * dispatch, the trace and the fuzzer read (virtio 1.3, section 5.7.6.7).
 * @module
 */

import { type Command, command, commandTable } from "./command.ts";
import * as hdr from "./virtio_gpu_hdr.ts";
import * as twoD from "./virtio_gpu_2d.ts";
import * as threeD from "./virtio_gpu_3d.ts";
import * as blob from "./virtio_gpu_blob.ts";

export * from "./virtio_gpu_hdr.ts";
export * from "./virtio_gpu_2d.ts";
export * from "./virtio_gpu_3d.ts";
export * from "./virtio_gpu_blob.ts";

const { virtio_gpu_ctrl_hdr, VIRTIO_GPU_RESP_OK_NODATA } = hdr;

/** A command that is answered with the bare header. */
const nodata = <Req>(name: string, type: number, request: Command<Req>["request"]): Command<Req> =>
  command(name, type, request, VIRTIO_GPU_RESP_OK_NODATA, virtio_gpu_ctrl_hdr) as Command<Req>;

/** Every command by its number, with its request and its successful response. */
export const VIRTIO_GPU_COMMANDS: ReadonlyMap<number, Command> = commandTable([
  command(
    "VIRTIO_GPU_CMD_GET_DISPLAY_INFO",
    hdr.VIRTIO_GPU_CMD_GET_DISPLAY_INFO,
    virtio_gpu_ctrl_hdr,
    hdr.VIRTIO_GPU_RESP_OK_DISPLAY_INFO,
    twoD.virtio_gpu_resp_display_info,
  ),
  nodata(
    "VIRTIO_GPU_CMD_RESOURCE_CREATE_2D",
    hdr.VIRTIO_GPU_CMD_RESOURCE_CREATE_2D,
    twoD.virtio_gpu_resource_create_2d,
  ),
  nodata("VIRTIO_GPU_CMD_RESOURCE_UNREF", hdr.VIRTIO_GPU_CMD_RESOURCE_UNREF, twoD.virtio_gpu_resource_unref),
  nodata("VIRTIO_GPU_CMD_SET_SCANOUT", hdr.VIRTIO_GPU_CMD_SET_SCANOUT, twoD.virtio_gpu_set_scanout),
  nodata("VIRTIO_GPU_CMD_RESOURCE_FLUSH", hdr.VIRTIO_GPU_CMD_RESOURCE_FLUSH, twoD.virtio_gpu_resource_flush),
  nodata(
    "VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D",
    hdr.VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D,
    twoD.virtio_gpu_transfer_to_host_2d,
  ),
  nodata(
    "VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING",
    hdr.VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING,
    twoD.virtio_gpu_resource_attach_backing,
  ),
  nodata(
    "VIRTIO_GPU_CMD_RESOURCE_DETACH_BACKING",
    hdr.VIRTIO_GPU_CMD_RESOURCE_DETACH_BACKING,
    twoD.virtio_gpu_resource_detach_backing,
  ),
  command(
    "VIRTIO_GPU_CMD_GET_CAPSET_INFO",
    hdr.VIRTIO_GPU_CMD_GET_CAPSET_INFO,
    threeD.virtio_gpu_get_capset_info,
    hdr.VIRTIO_GPU_RESP_OK_CAPSET_INFO,
    threeD.virtio_gpu_resp_capset_info,
  ),
  command(
    "VIRTIO_GPU_CMD_GET_CAPSET",
    hdr.VIRTIO_GPU_CMD_GET_CAPSET,
    threeD.virtio_gpu_get_capset,
    hdr.VIRTIO_GPU_RESP_OK_CAPSET,
    threeD.virtio_gpu_resp_capset,
  ),
  command(
    "VIRTIO_GPU_CMD_GET_EDID",
    hdr.VIRTIO_GPU_CMD_GET_EDID,
    twoD.virtio_gpu_cmd_get_edid,
    hdr.VIRTIO_GPU_RESP_OK_EDID,
    twoD.virtio_gpu_resp_edid,
  ),
  command(
    "VIRTIO_GPU_CMD_RESOURCE_ASSIGN_UUID",
    hdr.VIRTIO_GPU_CMD_RESOURCE_ASSIGN_UUID,
    twoD.virtio_gpu_resource_assign_uuid,
    hdr.VIRTIO_GPU_RESP_OK_RESOURCE_UUID,
    twoD.virtio_gpu_resp_resource_uuid,
  ),
  nodata(
    "VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB",
    hdr.VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB,
    blob.virtio_gpu_resource_create_blob,
  ),
  nodata("VIRTIO_GPU_CMD_SET_SCANOUT_BLOB", hdr.VIRTIO_GPU_CMD_SET_SCANOUT_BLOB, blob.virtio_gpu_set_scanout_blob),
  nodata("VIRTIO_GPU_CMD_CTX_CREATE", hdr.VIRTIO_GPU_CMD_CTX_CREATE, threeD.virtio_gpu_ctx_create),
  nodata("VIRTIO_GPU_CMD_CTX_DESTROY", hdr.VIRTIO_GPU_CMD_CTX_DESTROY, threeD.virtio_gpu_ctx_destroy),
  nodata("VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE", hdr.VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, threeD.virtio_gpu_ctx_resource),
  nodata("VIRTIO_GPU_CMD_CTX_DETACH_RESOURCE", hdr.VIRTIO_GPU_CMD_CTX_DETACH_RESOURCE, threeD.virtio_gpu_ctx_resource),
  nodata(
    "VIRTIO_GPU_CMD_RESOURCE_CREATE_3D",
    hdr.VIRTIO_GPU_CMD_RESOURCE_CREATE_3D,
    threeD.virtio_gpu_resource_create_3d,
  ),
  nodata(
    "VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D",
    hdr.VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D,
    threeD.virtio_gpu_transfer_host_3d,
  ),
  nodata(
    "VIRTIO_GPU_CMD_TRANSFER_FROM_HOST_3D",
    hdr.VIRTIO_GPU_CMD_TRANSFER_FROM_HOST_3D,
    threeD.virtio_gpu_transfer_host_3d,
  ),
  nodata("VIRTIO_GPU_CMD_SUBMIT_3D", hdr.VIRTIO_GPU_CMD_SUBMIT_3D, threeD.virtio_gpu_cmd_submit),
  command(
    "VIRTIO_GPU_CMD_RESOURCE_MAP_BLOB",
    hdr.VIRTIO_GPU_CMD_RESOURCE_MAP_BLOB,
    blob.virtio_gpu_resource_map_blob,
    hdr.VIRTIO_GPU_RESP_OK_MAP_INFO,
    blob.virtio_gpu_resp_map_info,
  ),
  nodata(
    "VIRTIO_GPU_CMD_RESOURCE_UNMAP_BLOB",
    hdr.VIRTIO_GPU_CMD_RESOURCE_UNMAP_BLOB,
    blob.virtio_gpu_resource_unmap_blob,
  ),
  nodata("VIRTIO_GPU_CMD_UPDATE_CURSOR", hdr.VIRTIO_GPU_CMD_UPDATE_CURSOR, twoD.virtio_gpu_update_cursor),
  nodata("VIRTIO_GPU_CMD_MOVE_CURSOR", hdr.VIRTIO_GPU_CMD_MOVE_CURSOR, twoD.virtio_gpu_update_cursor),
]);

const names: ReadonlyMap<number, string> = new Map(
  Object.entries(hdr).flatMap(([name, value]): [number, string][] =>
    typeof value === "number" && /^VIRTIO_GPU_(CMD|RESP)_/.test(name) ? [[value, name]] : []
  ),
);

/** The name of a command or response number, such as `VIRTIO_GPU_RESP_ERR_UNSPEC`; undefined for any other number. */
export function virtioGpuTypeName(type: number): string | undefined {
  return names.get(type);
}
