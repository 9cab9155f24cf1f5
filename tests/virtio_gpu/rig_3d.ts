/**
 * The requests of a client of a virtio-gpu with 3D, and a scripted device that has it.
 * @module
 */

import type { DrmFile } from "udrm/core/drm_file.ts";
import { Fence } from "udrm/core/fence.ts";
import type { OpenFile } from "udrm/core/process.ts";
import { SyncFile } from "udrm/core/sync_file.ts";
import type { System } from "udrm/core/system.ts";
import * as uapi from "udrm/uapi/mod.ts";
import { type Rig, rig, type RigOptions } from "./rig.ts";

/** Features of a device with 3D. */
export const FEATURES_3D: readonly number[] = [
  uapi.VIRTIO_GPU_F_VIRGL,
  uapi.VIRTIO_GPU_F_CONTEXT_INIT,
  uapi.VIRTIO_GPU_F_RESOURCE_BLOB,
  uapi.VIRTIO_GPU_F_RESOURCE_UUID,
];

/** A rig whose device has 3D and two capability sets. */
export function rig3d(options: RigOptions = {}): Rig {
  return rig({
    features: FEATURES_3D,
    ...options,
    prepare: (gpu) => {
      gpu.capsets = [{ id: 1, maxVersion: 1, maxSize: 308 }, { id: 2, maxVersion: 2, maxSize: 1380 }];
      gpu.config.num_capsets = 2;
      options.prepare?.(gpu);
    },
  });
}

/** Bytes in the client's memory; their address. */
export function put(file: OpenFile, bytes: Uint8Array): bigint {
  const memory = file.process.alloc(Math.max(8, bytes.length));
  memory.bytes.set(bytes);
  return memory.address;
}

/** u32 in the client's memory; their address. */
export function putWords(file: OpenFile, ...words: readonly number[]): bigint {
  return put(file, new Uint8Array(Uint32Array.from(words).buffer));
}

/** drm_virtgpu_execbuffer_syncobj in the client's memory. */
export function putSyncobjs(
  file: OpenFile,
  ...list: readonly Partial<uapi.drm_virtgpu_execbuffer_syncobj>[]
): bigint {
  const bytes = new Uint8Array(list.length * 16);
  list.forEach((one, i) =>
    bytes.set(uapi.drm_virtgpu_execbuffer_syncobj.bytes(uapi.drm_virtgpu_execbuffer_syncobj.of(one)), i * 16)
  );
  return put(file, bytes);
}

/** An EXECBUFFER argument with words as commands. */
export function execArgument(
  file: OpenFile,
  words: readonly number[],
  more: Parameters<typeof uapi.drm_virtgpu_execbuffer.of>[0] = {},
): uapi.View<uapi.drm_virtgpu_execbuffer> {
  return uapi.drm_virtgpu_execbuffer.of({ size: words.length * 4, command: putWords(file, ...words), ...more });
}

/** EXECBUFFER; its argument. */
export function exec(
  file: OpenFile,
  words: readonly number[] = [],
  more: Parameters<typeof uapi.drm_virtgpu_execbuffer.of>[0] = {},
): uapi.View<uapi.drm_virtgpu_execbuffer> {
  const arg = execArgument(file, words, more);
  file.ioctl(uapi.DRM_IOCTL_VIRTGPU_EXECBUFFER, arg);
  return arg;
}

/** CONTEXT_INIT with parameters. */
export function contextInit(file: OpenFile, ...params: readonly (readonly [number, number | bigint])[]): number {
  const bytes = new Uint8Array(params.length * 16);
  params.forEach(([param, value], i) => {
    const one = { param: BigInt(param), value: BigInt(value) };
    bytes.set(uapi.drm_virtgpu_context_set_param.bytes(uapi.drm_virtgpu_context_set_param.of(one)), i * 16);
  });
  return file.ioctl(
    uapi.DRM_IOCTL_VIRTGPU_CONTEXT_INIT,
    uapi.drm_virtgpu_context_init.of({ num_params: params.length, ctx_set_params: put(file, bytes) }),
  );
}

/** TRANSFER_FROM_HOST of a box. */
export function transferFromHost(
  file: OpenFile,
  bo_handle: number,
  box: Partial<uapi.drm_virtgpu_3d_box>,
  more: Parameters<typeof uapi.drm_virtgpu_3d_transfer_from_host.of>[0] = {},
): number {
  const arg = uapi.drm_virtgpu_3d_transfer_from_host.of({ bo_handle, ...more });
  arg.box = uapi.drm_virtgpu_3d_box.of(box);
  return file.ioctl(uapi.DRM_IOCTL_VIRTGPU_TRANSFER_FROM_HOST, arg);
}

/** WAIT without waiting: whether the object is idle. */
export function isIdle(file: OpenFile, handle: number): boolean {
  const arg = uapi.drm_virtgpu_3d_wait.of({ handle, flags: uapi.VIRTGPU_WAIT_NOWAIT });
  return file.ioctl(uapi.DRM_IOCTL_VIRTGPU_WAIT, arg) === 0;
}

/** A fence of nobody's and an fd of it. */
export function foreignFence(file: OpenFile, system: System): { fence: Fence; fd: number } {
  const fence = new Fence({
    clock: system.clock,
    context: system.fenceContexts.allocate(),
    seqno: 1,
    driverName: "other",
    timelineName: "other",
  });
  return { fence, fd: file.process.install(new SyncFile(fence)) };
}

/** SYNCOBJ_CREATE; its handle. */
export function createSyncobj(file: OpenFile): number {
  const arg = uapi.drm_syncobj_create.of();
  file.ioctl(uapi.DRM_IOCTL_SYNCOBJ_CREATE, arg);
  return arg.handle;
}

/** The fence in a syncobj. */
export function fenceOf(file: OpenFile, handle: number): Fence | undefined {
  return (file.file as DrmFile).syncobjs.get(handle)?.fence;
}
