/**
 * Which method executes a command, on which queue, and which features the guest must have accepted. A command that is not
 * here, or whose feature was not accepted, is VIRTIO_GPU_RESP_ERR_UNSPEC.
 * @module
 */

import type { DeviceChain, DeviceQueue } from "../../../core/bus.ts";
import type { Command } from "../../../uapi/command.ts";
import * as gpu from "../../../uapi/virtio_gpu.ts";
import type { Commands } from "./commands.ts";

/** The queue of commands. */
export const CONTROL_QUEUE = 0;
/** The queue of the cursor. */
export const CURSOR_QUEUE = 1;

/** How a command is executed. */
export interface Entry {
  /** Its number, name and layouts. */
  readonly command: Command;
  /** The queue on which it is understood. */
  readonly queue: number;
  /** Feature bits that must have been accepted. */
  readonly needs: number;
  /** Bytes of its successful response, what follows it excluded. */
  readonly size: number;
  /** Executes the request that `commands` holds; a VIRTIO_GPU_RESP_*. Throws DrmError. */
  readonly run: (commands: Commands, queue: DeviceQueue, chain: DeviceChain) => number;
}

const EDID = 1 << gpu.VIRTIO_GPU_F_EDID;
const UUID = 1 << gpu.VIRTIO_GPU_F_RESOURCE_UUID;
const VIRGL = 1 << gpu.VIRTIO_GPU_F_VIRGL;
const BLOB = 1 << gpu.VIRTIO_GPU_F_RESOURCE_BLOB;

function entry(type: number, run: Entry["run"], needs = 0, queue = CONTROL_QUEUE): [number, Entry] {
  const command = gpu.VIRTIO_GPU_COMMANDS.get(type);
  if (command === undefined) {
    throw new TypeError(`Cannot execute command 0x${type.toString(16)}: it is not in the table`);
  }
  return [type, { command, queue, needs, size: command.response.size, run }];
}

/** Every command that the device executes, by number. */
export const TABLE: ReadonlyMap<number, Entry> = new Map([
  entry(gpu.VIRTIO_GPU_CMD_GET_DISPLAY_INFO, (c) => c.scanout.getDisplayInfo()),
  entry(gpu.VIRTIO_GPU_CMD_RESOURCE_CREATE_2D, (c) => c.resource.create2d()),
  entry(gpu.VIRTIO_GPU_CMD_RESOURCE_UNREF, (c) => c.resource.unref()),
  entry(gpu.VIRTIO_GPU_CMD_SET_SCANOUT, (c) => c.scanout.setScanout()),
  entry(gpu.VIRTIO_GPU_CMD_RESOURCE_FLUSH, (c) => c.scanout.flush()),
  entry(gpu.VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D, (c) => c.resource.transferToHost2d()),
  entry(gpu.VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING, (c, queue, chain) => c.resource.attachBacking(queue, chain)),
  entry(gpu.VIRTIO_GPU_CMD_RESOURCE_DETACH_BACKING, (c) => c.resource.detachBacking()),
  entry(gpu.VIRTIO_GPU_CMD_GET_CAPSET_INFO, (c) => c.context.getCapsetInfo()),
  entry(gpu.VIRTIO_GPU_CMD_GET_CAPSET, (c) => c.context.getCapset()),
  entry(gpu.VIRTIO_GPU_CMD_GET_EDID, (c) => c.scanout.getEdid(), EDID),
  entry(gpu.VIRTIO_GPU_CMD_RESOURCE_ASSIGN_UUID, (c) => c.resource.assignUuid(), UUID),
  entry(gpu.VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB, (c, queue, chain) => c.blob.create(queue, chain), BLOB),
  entry(gpu.VIRTIO_GPU_CMD_SET_SCANOUT_BLOB, (c) => c.scanout.setScanoutBlob(), BLOB),
  entry(gpu.VIRTIO_GPU_CMD_CTX_CREATE, (c) => c.context.create(), VIRGL),
  entry(gpu.VIRTIO_GPU_CMD_CTX_DESTROY, (c) => c.context.destroy(), VIRGL),
  entry(gpu.VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, (c) => c.context.attach(), VIRGL),
  entry(gpu.VIRTIO_GPU_CMD_CTX_DETACH_RESOURCE, (c) => c.context.detach(), VIRGL),
  entry(gpu.VIRTIO_GPU_CMD_RESOURCE_CREATE_3D, (c) => c.resource3d.create(), VIRGL),
  entry(gpu.VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D, (c) => c.resource3d.transferToHost(), VIRGL),
  entry(gpu.VIRTIO_GPU_CMD_TRANSFER_FROM_HOST_3D, (c) => c.resource3d.transferFromHost(), VIRGL),
  entry(gpu.VIRTIO_GPU_CMD_SUBMIT_3D, (c, queue, chain) => c.context.submit(queue, chain), VIRGL),
  entry(gpu.VIRTIO_GPU_CMD_RESOURCE_MAP_BLOB, (c) => c.blob.map(), VIRGL | BLOB),
  entry(gpu.VIRTIO_GPU_CMD_RESOURCE_UNMAP_BLOB, (c) => c.blob.map(), VIRGL | BLOB),
  entry(gpu.VIRTIO_GPU_CMD_UPDATE_CURSOR, (c) => c.scanout.updateCursor(), 0, CURSOR_QUEUE),
  entry(gpu.VIRTIO_GPU_CMD_MOVE_CURSOR, (c) => c.scanout.moveCursor(), 0, CURSOR_QUEUE),
]);
