/**
 * vkms: a display without hardware. Composes planes in software, exactly, and shows frames only to who wants them. Mirrors
 * drivers/gpu/drm/vkms/vkms_drv.c.
 * @module
 */

import type { Device } from "../../../core/device.ts";
import type { Display } from "../../../core/display.ts";
import { defineDriver, type Driver, type Feature } from "../../../core/driver.ts";
import { shmemDumbCreate } from "../../../core/dumb.ts";
import { importShmem } from "../../../core/prime.ts";
import { parseVkmsConfig, type VkmsConfig } from "./config.ts";
import { Vkms } from "./vkms.ts";

export { parseVkmsConfig, parseVkmsEdid, parseVkmsMode, vkmsEdidText } from "./config.ts";
export type {
  VkmsConfig,
  VkmsConnectorConfig,
  VkmsCrtcConfig,
  VkmsEncoderConfig,
  VkmsMode,
  VkmsPlaneConfig,
  VkmsPlug,
  VkmsRotation,
  VkmsStatus,
} from "./config.ts";
export { VkmsConnector } from "./connector.ts";
export { VkmsDevice, VkmsDevices } from "./devices.ts";
export { Vkms } from "./vkms.ts";

/** What {@linkcode vkms} takes. */
export interface VkmsOptions extends VkmsConfig {
  /**
   * Where frames go; nowhere by default: then nothing is composed. The caller keeps it. Its scanouts are the CRTCs; the monitors
   * that it asks for (`onModeChange`) are plugged in with the mode that it asks for.
   */
  readonly display?: Display;
  /**
   * When frames go there: "vblank" (the default) is each frame, as a real display shows also what clients draw without telling;
   * "commit" is the first frame after each commit, for who would rather have an idle device do nothing; "ask" is only when the
   * display asks (`onRefresh`): it does not hear when a CRTC is switched off.
   */
  readonly present?: "vblank" | "commit" | "ask";
}

const KERNEL_FEATURES: readonly Feature[] = ["MODESET", "ATOMIC", "GEM"];
const EXTRA_FEATURES: readonly Feature[] = ["RENDER", "SYNCOBJ", "SYNCOBJ_TIMELINE"];

/**
 * The vkms driver.
 *
 * ```ts
 * import { System } from "udrm/core/system.ts";
 * import { vkms } from "udrm/drivers/gpu/vkms/mod.ts";
 * using system = new System();
 * const device = system.addDevice(vkms({ overlays: 2 }));
 * if (device.kms?.planes.length !== 4) throw new Error("a primary plane, two overlays, a cursor");
 * ```
 *
 * @param options what the device consists of, and who sees its frames.
 * @throws {TypeError} for a configuration that cannot be.
 */
export function vkms(options: VkmsOptions = {}): Driver {
  const { display, present = "vblank", ...rest } = options;
  if (present !== "vblank" && present !== "commit" && present !== "ask") {
    throw new TypeError(`Cannot present at "${String(present)}": "vblank", "commit" or "ask" it must be`);
  }
  const config = parseVkmsConfig(rest);
  return defineDriver<undefined, Vkms>({
    name: "vkms",
    desc: "Virtual Kernel Mode Setting",
    version: [1, 0, 0],
    features: config.extras ?? true ? [...KERNEL_FEATURES, ...EXTRA_FEATURES] : KERNEL_FEATURES,
    bus: () => ({
      type: "platform",
      unique: config.name ?? "vkms",
      modalias: "platform:vkms",
    }),
    probe: (device) => {
      const viewer = {
        display: present === "ask" ? undefined : display,
        everyFrame: present === "vblank",
        asks: display,
      };
      return new Vkms(device as unknown as Device, config, viewer);
    },
    remove: (device) => device.priv.remove(),
    dumbCreate: shmemDumbCreate,
    importDmaBuf: importShmem,
  });
}

/** The state of a vkms device: its CRCs, its plugs. @throws {TypeError} if another driver drives it. */
export function vkmsOf(device: Device): Vkms {
  if (!(device.priv instanceof Vkms)) throw new TypeError(`Cannot use ${device.name} as vkms: it is another driver's`);
  return device.priv;
}
