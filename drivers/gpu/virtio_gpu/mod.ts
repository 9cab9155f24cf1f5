/**
 * virtio_gpu: the guest's DRM driver for a virtio GPU: KMS, 2D and 3D. Mirrors drivers/gpu/drm/virtio/virtgpu_drv.c.
 * @module
 */

import type { VirtioDevice } from "../../../core/bus.ts";
import type { Device } from "../../../core/device.ts";
import { type BusInfo, defineDriver, type Driver, type Feature } from "../../../core/driver.ts";
import { createHandle } from "../../../core/gem.ts";
import type { DrmFile } from "../../../core/drm_file.ts";
import { DrmError } from "../../../core/error.ts";
import type { drm_mode_create_dumb } from "../../../uapi/drm_mode_fb.ts";
import type { View } from "../../../uapi/struct.ts";
import * as uapi from "../../../uapi/virtgpu_drm.ts";
import { VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM } from "../../../uapi/virtio_gpu.ts";
import type { VirtioGpuFile } from "./file.ts";
import { FileContext } from "./file_context.ts";
import { virtgpuIoctls } from "./ioctls.ts";
import { createObject, importObject } from "./object.ts";
import { mapOffset } from "./resource_ioctls.ts";
import { scanoutCount, VirtioGpu } from "./virtio_gpu.ts";

/** What the driver drives. */
export interface VirtioGpuOptions {
  /** A virtio device of type 16 across any transport. */
  readonly device: VirtioDevice;
}

// virtio_gpu_mode_dumb_create: 32 bits a pixel (I12); a blob of guest memory where the device has them and no 3D.
function dumbCreate(file: VirtioGpuFile, args: View<drm_mode_create_dumb>): void {
  if (args.bpp !== 32) {
    throw new DrmError("EINVAL", `Cannot create a dumb buffer of ${args.bpp} bits a pixel: 32 it must be`);
  }
  const { device } = file;
  const gpu = device.priv;
  const pitch = args.width * 4;
  const image = { format: VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, width: args.width, height: args.height };
  const kind = gpu.hasResourceBlob && !gpu.has3d ? { blobFlags: uapi.VIRTGPU_BLOB_FLAG_USE_SHAREABLE } : { image };
  const object = createObject(gpu, device as unknown as Device, { size: pitch * args.height, dumb: true, ...kind });
  try {
    args.handle = createHandle(file as unknown as DrmFile, object);
  } finally {
    object.put();
  }
  args.pitch = pitch;
  args.size = object.size;
}

function busInfo(name: string): BusInfo {
  const address = /^pci:([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])$/.exec(name)?.[1];
  const modalias = "virtio:d00000010v00001AF4";
  if (address === undefined) return { type: "virtio", unique: name, driver: "virtio_gpu", modalias };
  return {
    type: "pci",
    unique: name,
    driver: "virtio-pci",
    modalias: "pci:v00001AF4d00001050sv00001AF4sd00001100bc03sc80i00",
    pci: { vendor: 0x1af4, device: 0x1050, address, revision: 1 },
  };
}

/**
 * The virtio_gpu driver for one device.
 *
 * @param options the device.
 * @throws {TypeError} if the device is no GPU.
 */
export function virtioGpu(options: VirtioGpuOptions): Driver {
  const { device } = options;
  if (device.deviceId !== 16) {
    throw new TypeError(`Cannot drive ${device.name} as a GPU: it is of type ${device.deviceId}`);
  }
  const scanouts = scanoutCount(device);
  const kms: Feature[] = scanouts > 0 ? ["MODESET", "ATOMIC"] : [];
  return defineDriver<FileContext | undefined, VirtioGpu>({
    name: "virtio_gpu",
    desc: "virtio GPU",
    version: [0, 1, 0],
    features: ["GEM", "RENDER", "SYNCOBJ", "SYNCOBJ_TIMELINE", "CURSOR_HOTSPOT", ...kms],
    uapi,
    bus: () => busInfo(device.name),
    probe: (drm) => {
      try {
        return new VirtioGpu(drm as unknown as Device, device, scanouts);
      } catch (error) {
        device.reset();
        throw error;
      }
    },
    remove: (drm) => drm.priv.remove(),
    open: ({ device: { priv } }) => priv.has3d ? new FileContext(priv) : undefined,
    postclose: (file) => file.priv?.close(),
    ioctls: virtgpuIoctls,
    dumbCreate,
    dumbMapOffset: mapOffset,
    importDmaBuf: (drm, buffer) => importObject(drm.priv, drm as unknown as Device, buffer),
  });
}
