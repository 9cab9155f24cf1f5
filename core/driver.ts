/**
 * The gpu slot: a driver is a value. An absent hook means "unsupported" and gives the kernel's errno. Mirrors struct
 * drm_driver.
 * @module
 */

import type { drm_mode_create_dumb } from "../uapi/drm_mode_fb.ts";
import type { View } from "../uapi/struct.ts";
import type { Device } from "./device.ts";
import type { DmaBuf } from "./dma_buf.ts";
import type { DrmFile } from "./drm_file.ts";
import type { GemObject } from "./gem.ts";
import { type IoctlEntry, type IoctlMaker, ioctlMaker } from "./ioctl.ts";
import type { Process } from "./process.ts";

/** DRIVER_*: what a driver does. */
export type Feature =
  | "GEM"
  | "MODESET"
  | "RENDER"
  | "ATOMIC"
  | "SYNCOBJ"
  | "SYNCOBJ_TIMELINE"
  | "CURSOR_HOTSPOT"
  | "COMPUTE_ACCEL";

/** Where a device sits, as sysfs and GET_UNIQUE show it. */
export interface BusInfo {
  /** The bus: "pci", "platform", "faux", "virtio". */
  readonly type: string;
  /** GET_UNIQUE's answer after SET_VERSION, for example "pci:0000:00:02.0" or the driver's name. */
  readonly unique: string;
  /** DRIVER of the device's uevent. */
  readonly driver?: string;
  /** MODALIAS of the device's uevent. */
  readonly modalias?: string;
  /** PCI ids, for a pci device. */
  readonly pci?: {
    readonly vendor: number;
    readonly device: number;
    readonly address: string;
    readonly revision: number;
  };
}

/** What a driver says of itself. `P` is its state for each open file, `D` its state for each device. */
export interface DriverSpec<P, D> {
  /** VERSION's name: the module's. */
  readonly name: string;
  /** VERSION's description. */
  readonly desc: string;
  /** Major, minor, patch level. */
  readonly version: readonly [number, number, number];
  /** DRIVER_* features. */
  readonly features: readonly Feature[];
  /** Exports of the driver's uapi module: the trace finds the names of requests there. */
  readonly uapi?: Readonly<Record<string, unknown>>;
  /** Where a device of it sits; a platform device of the driver's name by default. */
  bus?(): BusInfo;
  /** A device appears: makes its state, and its KMS objects. Throws DrmError. */
  probe?(device: Device<D>): D;
  /** The device goes away for good. */
  remove?(device: Device<D>): void;
  /** The device is suspended: nothing is shown any more. */
  suspend?(device: Device<D>): void;
  /** The device is resumed: what was shown comes back after it. */
  resume?(device: Device<D>): void;
  /** A file is opened: makes its state. Throws DrmError. */
  open?(file: DrmFile<P, D>, task: Process): P;
  /** A file is closed: everything it had in core is gone by now. */
  postclose?(file: DrmFile<P, D>): void;
  /** The driver's own requests, numbers 0x40 to 0x9f, in the order of their numbers. */
  ioctls?(make: IoctlMaker<DrmFile<P, D>>): readonly IoctlEntry[];
  /**
   * CREATE_DUMB: makes an object, its handle in `file`, and fills in handle, pitch and size (which come zeroed). Absent:
   * ENOSYS, also for MAP_DUMB and DESTROY_DUMB.
   */
  dumbCreate?(file: DrmFile<P, D>, args: View<drm_mode_create_dumb>): void;
  /** MAP_DUMB's offset of an object; absent: core's, which refuses imported objects with EINVAL (B10). */
  dumbMapOffset?(file: DrmFile<P, D>, handle: number): number;
  /** Imports another driver's dma-buf as an object of this device; absent: EINVAL. */
  importDmaBuf?(device: Device<D>, buffer: DmaBuf): GemObject;
}

/** A driver, ready for `System.addDevice`. */
export interface Driver {
  /** What it says of itself, its state types forgotten. */
  readonly spec: DriverSpec<unknown, unknown>;
  /** Its request table's lines. */
  readonly ioctls: readonly IoctlEntry[];
}

/** Requests of a driver start here (DRM_COMMAND_BASE). */
export const DRIVER_NR_BASE = 0x40;
/** and end before here (DRM_COMMAND_END). */
export const DRIVER_NR_END = 0xa0;

/**
 * Makes a driver of its description.
 *
 * @throws {TypeError} if a request's number is outside 0x40..0x9f, stands twice, or does not grow.
 */
export function defineDriver<P = undefined, D = undefined>(spec: DriverSpec<P, D>): Driver {
  const ioctls = spec.ioctls?.(ioctlMaker<DrmFile<P, D>>()) ?? [];
  let last = DRIVER_NR_BASE - 1;
  for (const entry of ioctls) {
    const nr = entry.cmd & 0xff;
    if (nr <= last || nr >= DRIVER_NR_END) {
      throw new TypeError(
        `Cannot define driver ${spec.name}: ioctl number 0x${nr.toString(16)} is out of order or of range`,
      );
    }
    last = nr;
  }
  return { spec: spec as unknown as DriverSpec<unknown, unknown>, ioctls };
}
