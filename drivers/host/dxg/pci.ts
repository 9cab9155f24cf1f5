/**
 * The PCI function that stands for a virtual GPU: what dxgkrnl reads of it to find channel, version and LUID.
 * @module
 */

import type { PciFunction } from "../../../core/vmbus.ts";
import { dxgk_vmbus_guestcaps, dxgk_vmbus_hostcaps } from "../../../uapi/dxgvmbus_adapter.ts";
import * as hdr from "../../../uapi/dxgvmbus_hdr.ts";
import type { Luid } from "./adapter.ts";

/** Bytes of configuration space of a PCI function. */
const CONFIG_SIZE = 256;

/** An instance GUID whose first 8 bytes are a LUID, as dxgkrnl expects. */
export function instanceGuid(luid: Luid): string {
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");
  // The first three fields of a GUID are little-endian in memory.
  return `${hex(luid.a, 8)}-${hex(luid.b & 0xffff, 4)}-${hex(luid.b >>> 16, 4)}-7564-726d64786700`;
}

/** How a function is made. */
export interface PciOptions {
  /** The virtual GPU's LUID. */
  readonly luid: Luid;
  /** Whether it renders; otherwise it computes only. */
  readonly render: boolean;
  /** The host's interface version. */
  readonly version: number;
  /** The guest has written its version. */
  readonly onVersion: (version: number) => void;
}

/** The function. */
export class DxgPciFunction implements PciFunction {
  readonly vendorId: number = hdr.DXGK_PCI_VENDOR_ID;
  readonly deviceId: number;
  readonly #options: PciOptions;
  readonly #config = new DataView(new ArrayBuffer(CONFIG_SIZE));
  #guestCaps = 0;

  /** @param options what it says. */
  constructor(options: PciOptions) {
    this.#options = options;
    this.deviceId = options.render ? hdr.DXGK_PCI_DEVICE_ID_VIRTUAL_RENDER : hdr.DXGK_PCI_DEVICE_ID_COMPUTE_ACCELERATOR;
    const config = this.#config;
    config.setUint32(0, (this.vendorId | this.deviceId << 16) >>> 0, true);
    const { luid, version } = options;
    config.setUint32(hdr.DXGK_PCI_CHANNEL_ID, luid.a, true);
    config.setUint32(hdr.DXGK_PCI_CHANNEL_ID + 4, luid.b, true);
    [0x75, 0x64, 0x72, 0x6d, 0x64, 0x78, 0x67, 0].forEach((byte, i) =>
      config.setUint8(hdr.DXGK_PCI_CHANNEL_ID + 8 + i, byte)
    );
    config.setUint32(hdr.DXGK_PCI_INTERFACE_VERSION, version, true);
    config.setUint32(hdr.DXGK_PCI_VGPU_LUID, luid.a, true);
    config.setUint32(hdr.DXGK_PCI_VGPU_LUID + 4, luid.b, true);
    // Pages of the guest are named by their numbers (SETEXISTINGSYSMEMPAGES), not by GPADLs, when the guest may.
    config.setUint32(hdr.DXGK_PCI_HOST_CAPS, dxgk_vmbus_hostcaps.map_guest_memory, true);
  }

  /** Whether the guest says that it is WSL2. */
  get isWsl2(): boolean {
    return (this.#guestCaps & dxgk_vmbus_guestcaps.wsl2) !== 0;
  }

  readConfig(offset: number): number {
    return offset >= 0 && offset + 4 <= CONFIG_SIZE ? this.#config.getUint32(offset, true) : 0xffff_ffff;
  }

  writeConfig(offset: number, value: number): void {
    if (offset === hdr.DXGK_PCI_INTERFACE_VERSION) this.#options.onVersion(value >>> 0);
    else if (offset === hdr.DXGK_PCI_VGPU_LUID) this.#guestCaps = value;
  }
}
