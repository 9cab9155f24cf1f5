/**
 * dxg: the guest's driver for a paravirtual GPU across VMBus: /dev/dxg with dxgkrnl's ioctls, and for each adapter a card and a
 * render node, on which its shared resources are GEM objects. Mirrors drivers/hv/dxgkrnl.
 * @module
 */

import type { Device } from "../../../core/device.ts";
import { type BusInfo, defineDriver, type Driver } from "../../../core/driver.ts";
import type { DrmFile } from "../../../core/drm_file.ts";
import { shmemDumbCreate } from "../../../core/dumb.ts";
import { importShmem } from "../../../core/prime.ts";
import type { PciFunction, VmbusBus } from "../../../core/vmbus.ts";
import {
  DXGK_PCI_DEVICE_ID_COMPUTE_ACCELERATOR,
  DXGK_PCI_DEVICE_ID_VIRTUAL_RENDER,
  DXGK_PCI_VENDOR_ID,
} from "../../../uapi/dxgvmbus_hdr.ts";
import { DxgAdapter } from "./adapter.ts";
import { DxgGlobal } from "./global.ts";

export { DXG_NODE } from "./global.ts";

/** What the driver drives. */
export interface DxgOptions {
  /** A bus with the host's channels and PCI functions. The caller has the system look at it (`addPoller`). */
  readonly bus: VmbusBus;
}

function isVirtualGpu({ vendorId, deviceId }: PciFunction): boolean {
  const ids = [DXGK_PCI_DEVICE_ID_VIRTUAL_RENDER, DXGK_PCI_DEVICE_ID_COMPUTE_ACCELERATOR];
  return vendorId === DXGK_PCI_VENDOR_ID && ids.includes(deviceId);
}

function busInfo({ vendorId, deviceId }: PciFunction, index: number): BusInfo {
  // A PCI domain of its own, as Hyper-V gives each virtual function.
  const address = `${(0x8000 + index).toString(16)}:00:00.0`;
  const hex = (id: number): string => id.toString(16).toUpperCase().padStart(8, "0");
  return {
    type: "pci",
    unique: `pci:${address}`,
    driver: "dxgkrnl",
    modalias: `pci:v${hex(vendorId)}d${hex(deviceId)}sv00000000sd00000000bc03sc02i00`,
    pci: { vendor: vendorId, device: deviceId, address, revision: 0 },
  };
}

function adapterDriver(global: DxgGlobal, pci: PciFunction, index: number): Driver {
  return defineDriver<undefined, DxgAdapter>({
    name: "dxgkrnl",
    desc: "DirectX paravirtual GPU",
    version: [2, 0, 3],
    features: ["GEM", "RENDER", "SYNCOBJ", "SYNCOBJ_TIMELINE"],
    bus: () => busInfo(pci, index),
    probe: (device) => new DxgAdapter(global, device as unknown as Device, pci),
    remove: (device) => device.priv.stop(),
    dumbCreate: (file, args) => shmemDumbCreate(file as unknown as DrmFile, args),
    importDmaBuf: (device, buffer) => importShmem(device as unknown as Device, buffer),
  });
}

/**
 * The drivers for all virtual GPUs of a bus, one a device; /dev/dxg is there while one of them is.
 *
 * @param options the bus. @throws {TypeError} if it has no virtual GPU.
 */
export function dxg(options: DxgOptions): readonly Driver[] {
  const global = new DxgGlobal(options.bus);
  const functions = options.bus.functions.filter(isVirtualGpu);
  if (functions.length === 0) throw new TypeError("Cannot drive the bus as dxg: it has no virtual GPU");
  return functions.map((pci, index) => adapterDriver(global, pci, index));
}
