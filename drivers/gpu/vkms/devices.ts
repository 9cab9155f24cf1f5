/**
 * `VkmsDevices`: devices by name that are configured first, then enabled: the counterpart of vkms's configfs
 * (Documentation/gpu/vkms.rst, drivers/gpu/drm/vkms/vkms_configfs.c).
 * @module
 */

import type { Device } from "../../../core/device.ts";
import { DrmError } from "../../../core/error.ts";
import type { System } from "../../../core/system.ts";
import { parseVkmsConfig, type VkmsConfig } from "./config.ts";
import { vkms, vkmsOf, type VkmsOptions } from "./mod.ts";
import type { Vkms } from "./vkms.ts";

/** One of the devices. */
export class VkmsDevice {
  /** Its name here and in sysfs. */
  readonly name: string;
  readonly #system: System;
  readonly #options: Pick<VkmsOptions, "display" | "present">;
  #config: VkmsConfig;
  #device: Device | undefined;

  /** Use `VkmsDevices.create`. */
  constructor(system: System, name: string, options: VkmsOptions) {
    const { display, present, ...config } = options;
    this.#system = system;
    this.name = name;
    this.#options = { display, present };
    this.#config = parseVkmsConfig({ ...config, name });
  }

  /** What it consists of. */
  get config(): VkmsConfig {
    return this.vkms?.config ?? this.#config;
  }

  /** The device; undefined while it is disabled. */
  get device(): Device | undefined {
    return this.#device?.unplugged === false ? this.#device : undefined;
  }

  /** The driver's state of it: connectors, CRCs; undefined while it is disabled. */
  get vkms(): Vkms | undefined {
    return this.device && vkmsOf(this.device);
  }

  /** Whether it is there for clients. */
  get enabled(): boolean {
    return this.device !== undefined;
  }

  /** Adds the device to the system; twice does nothing. */
  enable(): Device {
    return this.device ?? (this.#device = this.#system.addDevice(vkms({ ...this.#config, ...this.#options })));
  }

  /** Removes it: clients that have it open get ENODEV. Twice does nothing. */
  disable(): void {
    const { device } = this;
    if (device === undefined) return;
    this.#config = vkmsOf(device).config;
    this.#system.removeDevice(device);
    this.#device = undefined;
  }

  /**
   * Gives it another configuration; while it is enabled only connectors can come, go and have something else plugged in.
   *
   * @throws {TypeError} for a configuration that cannot be. @throws {DrmError} EBUSY for what cannot change while it is enabled.
   */
  configure(config: VkmsConfig): void {
    const next = parseVkmsConfig({ ...config, name: this.name });
    this.vkms?.configure(next);
    this.#config = next;
  }
}

/**
 * The devices of a system that are configured at run time.
 *
 * ```ts
 * import { System } from "udrm/core/system.ts";
 * import { VkmsDevices } from "udrm/drivers/gpu/vkms/mod.ts";
 * using system = new System();
 * const devices = new VkmsDevices(system);
 * const wall = devices.create("wall", { crtcs: [{}, {}], connectors: [{ type: "DP" }, { type: "DP", status: "disconnected" }] });
 * wall.enable();
 * wall.vkms?.plug(1, true); // clients hear of it
 * wall.configure({ ...wall.config, connectors: [{ type: "DP", modes: ["3840x2160"] }] }); // one monitor less
 * wall.disable();
 * ```
 */
export class VkmsDevices implements Disposable {
  readonly #system: System;
  readonly #devices = new Map<string, VkmsDevice>();

  /** None yet. @param system where they appear. */
  constructor(system: System) {
    this.#system = system;
  }

  /** All of them, in the order of their making. */
  get all(): readonly VkmsDevice[] {
    return [...this.#devices.values()];
  }

  /** One of them. */
  get(name: string): VkmsDevice | undefined {
    return this.#devices.get(name);
  }

  /**
   * Makes one, disabled.
   *
   * @throws {DrmError} EEXIST if there is one of this name. @throws {TypeError} for a name or a configuration that cannot be.
   */
  create(name: string, options: VkmsOptions = {}): VkmsDevice {
    if (this.#devices.has(name)) throw new DrmError("EEXIST", `Cannot create ${name}: there is one`);
    const device = new VkmsDevice(this.#system, name, options);
    this.#devices.set(name, device);
    return device;
  }

  /** Forgets one, disabling it before. Throws ENOENT. */
  remove(name: string): void {
    const device = this.#devices.get(name);
    if (device === undefined) throw new DrmError("ENOENT", `Cannot remove ${name}: there is none`);
    device.disable();
    this.#devices.delete(name);
  }

  /** Disables and forgets all. */
  [Symbol.dispose](): void {
    for (const name of [...this.#devices.keys()]) this.remove(name);
  }
}
