/**
 * What the tests of the virtio_gpu driver stand on: a system whose card0 drives a scripted device across a real virtqueue.
 * @module
 */

import { VirtualClock } from "udrm/core/clock.ts";
import type { Device } from "udrm/core/device.ts";
import type { OpenFile } from "udrm/core/process.ts";
import { System } from "udrm/core/system.ts";
import { virtioLoopback } from "udrm/drivers/bus/virtqueue/mod.ts";
import { FakeDevice } from "udrm/drivers/bus/virtqueue/testing.ts";
import { virtioGpu } from "udrm/drivers/gpu/virtio_gpu/mod.ts";
import { ScriptedGpu } from "udrm/drivers/gpu/virtio_gpu/testing.ts";
import type { VirtioGpu } from "udrm/drivers/gpu/virtio_gpu/virtio_gpu.ts";
import { DrmCard } from "udrm/drivers/umd/drm/mod.ts";
import * as uapi from "udrm/uapi/mod.ts";

/** Options of {@linkcode rig}. */
export interface RigOptions {
  /** VIRTIO_GPU_F_* bit numbers to offer. */
  readonly features?: readonly number[];
  /** Descriptors of the queues. */
  readonly queueSizes?: readonly number[];
  /** Scanouts; 1 by default. */
  readonly scanouts?: number;
  /** Changes the device before the driver sees it. */
  readonly prepare?: (gpu: ScriptedGpu) => void;
}

/** A system with a scripted virtio-gpu. */
export interface Rig extends Disposable {
  readonly system: System;
  readonly clock: VirtualClock;
  readonly gpu: ScriptedGpu;
  readonly fake: FakeDevice;
  readonly device: Device;
  readonly driver: VirtioGpu;
  readonly card: DrmCard;
  readonly file: OpenFile;
  /** Answers what the device kept back, oldest first; how many. */
  release(most?: number): number;
}

/** Makes one. */
export function rig(options: RigOptions = {}): Rig {
  const clock = new VirtualClock();
  const system = new System({ clock });
  const gpu = new ScriptedGpu();
  gpu.config.num_scanouts = options.scanouts ?? 1;
  options.prepare?.(gpu);
  const held: Uint8Array[] = [];
  const fake = new FakeDevice({
    features: (options.features ?? []).reduce((bits, bit) => bits | 1n << BigInt(bit), 0n),
    queueSizes: options.queueSizes ?? [64, 16],
    config: uapi.virtio_gpu_config.bytes(gpu.config),
    handle: (queue, request, response) => {
      const count = gpu.handle(queue, request, response);
      if (count < 0) held.push(request);
      return count;
    },
  });
  const { device: virtio, poller } = virtioLoopback(fake);
  system.addPoller(poller);
  const device = system.addDevice(virtioGpu({ device: virtio }));
  const file = system.process().open("/dev/dri/card0");
  return {
    system,
    clock,
    gpu,
    fake,
    device,
    driver: device.priv as VirtioGpu,
    card: new DrmCard(file),
    file,
    release: (most = Infinity) => {
      let count = 0;
      while (held.length > 0 && count < most) {
        const request = held.shift() as Uint8Array;
        const response = new Uint8Array(4096);
        const length = gpu.answer(request, response);
        fake.complete(response.subarray(0, length));
        count++;
      }
      return count;
    },
    [Symbol.dispose]: () => system[Symbol.dispose](),
  };
}

/** RESOURCE_CREATE of a 2D texture; its argument. */
export function createResource(
  file: OpenFile,
  init: Parameters<typeof uapi.drm_virtgpu_resource_create.of>[0] = {},
): uapi.View<uapi.drm_virtgpu_resource_create> {
  const arg = uapi.drm_virtgpu_resource_create.of({
    target: 2,
    format: uapi.VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM,
    width: 64,
    height: 64,
    depth: 1,
    array_size: 1,
    size: 64 * 64 * 4,
    ...init,
  });
  file.ioctl(uapi.DRM_IOCTL_VIRTGPU_RESOURCE_CREATE, arg);
  return arg;
}

/** RESOURCE_CREATE_BLOB of guest memory; its argument. */
export function createBlob(
  file: OpenFile,
  init: Parameters<typeof uapi.drm_virtgpu_resource_create_blob.of>[0] = {},
): uapi.View<uapi.drm_virtgpu_resource_create_blob> {
  const arg = uapi.drm_virtgpu_resource_create_blob.of({ blob_mem: uapi.VIRTGPU_BLOB_MEM_GUEST, size: 8192, ...init });
  file.ioctl(uapi.DRM_IOCTL_VIRTGPU_RESOURCE_CREATE_BLOB, arg);
  return arg;
}

/** TRANSFER_TO_HOST of a box. */
export function transferToHost(
  file: OpenFile,
  handle: number,
  box: Partial<uapi.drm_virtgpu_3d_box>,
  offset = 0,
): number {
  const arg = uapi.drm_virtgpu_3d_transfer_to_host.of({ bo_handle: handle, offset });
  arg.box = uapi.drm_virtgpu_3d_box.of(box);
  return file.ioctl(uapi.DRM_IOCTL_VIRTGPU_TRANSFER_TO_HOST, arg);
}
