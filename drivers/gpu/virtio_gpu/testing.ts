/**
 * A virtio-gpu at the level of bytes for tests of the driver: it answers commands, remembers them, and can keep answers
 * back. It is a `DeviceHandler`: any virtqueue double that hands requests to a function can carry it.
 * @module
 */

import type { View } from "../../../uapi/struct.ts";
import {
  VIRTIO_GPU_CMD_GET_CAPSET,
  VIRTIO_GPU_CMD_GET_CAPSET_INFO,
  VIRTIO_GPU_CMD_GET_DISPLAY_INFO,
  VIRTIO_GPU_CMD_GET_EDID,
  VIRTIO_GPU_CMD_RESOURCE_ASSIGN_UUID,
  VIRTIO_GPU_COMMANDS,
  virtio_gpu_config,
  virtio_gpu_ctrl_hdr,
  VIRTIO_GPU_FLAG_FENCE,
  virtio_gpu_get_capset,
  virtio_gpu_get_capset_info,
  virtio_gpu_resp_capset_info,
  virtio_gpu_resp_display_info,
  virtio_gpu_resp_edid,
  VIRTIO_GPU_RESP_OK_CAPSET,
  VIRTIO_GPU_RESP_OK_CAPSET_INFO,
  VIRTIO_GPU_RESP_OK_DISPLAY_INFO,
  VIRTIO_GPU_RESP_OK_EDID,
  VIRTIO_GPU_RESP_OK_NODATA,
  VIRTIO_GPU_RESP_OK_RESOURCE_UUID,
  virtio_gpu_resp_resource_uuid,
  virtioGpuTypeName,
} from "../../../uapi/virtio_gpu.ts";

/** A request as the device saw it. */
export interface ScriptedCommand {
  /** 0 for the control queue, 1 for the cursor queue. */
  readonly queue: number;
  /** Without "VIRTIO_GPU_CMD_", for example "SET_SCANOUT". */
  readonly name: string;
  /** Its members; 64-bit ones as hexadecimal strings or Numbers, as its struct prints them. */
  readonly args: Record<string, unknown>;
  /** The whole request. */
  readonly bytes: Uint8Array;
}

/** Answers commands from a script. */
export class ScriptedGpu {
  /** Every request so far. */
  readonly commands: ScriptedCommand[] = [];
  /** Configuration space, live. */
  readonly config: View<virtio_gpu_config> = virtio_gpu_config.of({ num_scanouts: 1 });
  /** Monitors by scanout. */
  modes: { enabled: boolean; width: number; height: number }[] = [{ enabled: true, width: 1280, height: 800 }];
  /** EDIDs by scanout. */
  edids: Uint8Array[] = [];
  /** Capability sets; num_capsets is the test's to set. Their bytes count up from the version. */
  capsets: { id: number; maxVersion: number; maxSize: number }[] = [];
  /** The response type for a command, in place of success. */
  readonly failures: Map<string, number> = new Map();
  /** Whether commands (not queries) are kept back: their answers are the caller's to send. */
  hold = false;

  /** Names of commands since `from`. */
  names(from = 0): string[] {
    return this.commands.slice(from).map((command) => command.name);
  }

  /** Answers a request; how many bytes of `response` count, or -1 to keep it back. */
  handle(queue: number, request: Uint8Array, response: Uint8Array): number {
    const header = virtio_gpu_ctrl_hdr.at(request);
    const name = (virtioGpuTypeName(header.type) ?? `0x${header.type.toString(16)}`).replace("VIRTIO_GPU_CMD_", "");
    const struct = VIRTIO_GPU_COMMANDS.get(header.type)?.request;
    const args = struct !== undefined && request.length >= struct.size ? struct.at(request).toJSON() : {};
    this.commands.push({ queue, name, args: JSON.parse(JSON.stringify(args)), bytes: request });
    if (queue === 1) return 0;
    if (this.hold && name !== "GET_DISPLAY_INFO" && name !== "GET_EDID") return -1;
    return this.answer(request, response);
  }

  /** Fills in the answer to a request; its length. */
  answer(request: Uint8Array, response: Uint8Array): number {
    const header = virtio_gpu_ctrl_hdr.at(request);
    const name = virtioGpuTypeName(header.type)?.replace("VIRTIO_GPU_CMD_", "") ?? "";
    const reply = virtio_gpu_ctrl_hdr.at(response);
    if ((header.flags & VIRTIO_GPU_FLAG_FENCE) !== 0) {
      reply.flags = VIRTIO_GPU_FLAG_FENCE;
      reply.fence_id = header.fence_id;
    }
    const failure = this.failures.get(name);
    reply.type = failure ?? VIRTIO_GPU_RESP_OK_NODATA;
    if (failure !== undefined) return virtio_gpu_ctrl_hdr.size;
    switch (header.type) {
      case VIRTIO_GPU_CMD_GET_DISPLAY_INFO: {
        const info = virtio_gpu_resp_display_info.at(response);
        reply.type = VIRTIO_GPU_RESP_OK_DISPLAY_INFO;
        this.modes.forEach(({ enabled, width, height }, i) => {
          const one = info.pmodes[i];
          one.enabled = enabled ? 1 : 0;
          one.r.width = width;
          one.r.height = height;
        });
        return virtio_gpu_resp_display_info.size;
      }
      case VIRTIO_GPU_CMD_GET_EDID: {
        const edid = this.edids[new DataView(request.buffer, request.byteOffset).getUint32(24, true)] ??
          new Uint8Array(0);
        const answer = virtio_gpu_resp_edid.at(response);
        reply.type = VIRTIO_GPU_RESP_OK_EDID;
        answer.size = edid.length;
        answer.edid = edid;
        return virtio_gpu_resp_edid.size;
      }
      case VIRTIO_GPU_CMD_GET_CAPSET_INFO: {
        const { id, maxVersion, maxSize } = this.capsets[virtio_gpu_get_capset_info.at(request).capset_index];
        const info = virtio_gpu_resp_capset_info.at(response);
        reply.type = VIRTIO_GPU_RESP_OK_CAPSET_INFO;
        info.capset_id = id;
        info.capset_max_version = maxVersion;
        info.capset_max_size = maxSize;
        return virtio_gpu_resp_capset_info.size;
      }
      case VIRTIO_GPU_CMD_GET_CAPSET: {
        const { capset_version } = virtio_gpu_get_capset.at(request);
        reply.type = VIRTIO_GPU_RESP_OK_CAPSET;
        for (let i = virtio_gpu_ctrl_hdr.size; i < response.length; i++) response[i] = capset_version + i;
        return response.length;
      }
      case VIRTIO_GPU_CMD_RESOURCE_ASSIGN_UUID: {
        reply.type = VIRTIO_GPU_RESP_OK_RESOURCE_UUID;
        virtio_gpu_resp_resource_uuid.at(response).uuid = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
        return virtio_gpu_resp_resource_uuid.size;
      }
    }
    return virtio_gpu_ctrl_hdr.size;
  }
}
