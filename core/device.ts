/**
 * `Device`, the kernel's struct drm_device: one instance of a driver, its nodes, its objects. It outlives unplugging
 * while anybody holds it.
 * @module
 */

import { AddressSpace } from "./address_space.ts";
import type { DrmMaster } from "./auth.ts";
import type { BusInfo, Driver, Feature } from "./driver.ts";
import type { DrmFile } from "./drm_file.ts";
import { DrmError } from "./error.ts";
import type { GemObject } from "./gem.ts";
import { IdTable } from "./id_table.ts";
import { IoctlTable } from "./ioctl.ts";
import type { ModeConfig } from "./kms/mode_config.ts";
import type { System } from "./system.ts";

/** One instance of a driver. `D` is the driver's state for it. */
export class Device<D = unknown> {
  /** The system it belongs to. */
  readonly system: System;
  /** Its driver. */
  readonly driver: Driver;
  /** N of /dev/dri/cardN. */
  readonly card: number;
  /** N of /dev/dri/renderDN; undefined without the RENDER feature. */
  readonly render: number | undefined;
  /** Where it sits. */
  readonly bus: BusInfo;
  /** The driver's requests. */
  readonly table: IoctlTable<DrmFile>;
  /** Open files. */
  readonly files: Set<DrmFile> = new Set();
  /** FLINK names (B6). */
  readonly names: IdTable<GemObject> = new IdTable<GemObject>();
  /** mmap offsets (B7). */
  readonly offsets: AddressSpace<GemObject> = new AddressSpace<GemObject>();
  /** The current master (K1), or undefined. */
  master: DrmMaster | undefined;
  /** KMS objects and limits; present when the driver has MODESET. */
  kms: ModeConfig | undefined;
  #priv: D | undefined;
  #unplugged = false;
  readonly #features: ReadonlySet<Feature>;

  /** Used by `System.addDevice`. */
  constructor(system: System, driver: Driver, card: number, render: number | undefined) {
    this.system = system;
    this.driver = driver;
    this.card = card;
    this.render = render;
    this.#features = new Set(driver.spec.features);
    this.bus = driver.spec.bus?.() ?? {
      type: "platform",
      unique: driver.spec.name,
      driver: driver.spec.name,
      modalias: `platform:${driver.spec.name}`,
    };
    this.table = new IoctlTable<DrmFile>(driver.ioctls, "nr", driver.spec.uapi);
  }

  /** The driver's state. */
  get priv(): D {
    return this.#priv as D;
  }
  /** Set once, by `System.addDevice`, to what `probe` returned. */
  set priv(priv: D) {
    this.#priv = priv;
  }

  /** Whether the driver has a feature. */
  has(feature: Feature): boolean {
    return this.#features.has(feature);
  }

  /** Whether it is gone: requests, mappings and opens answer ENODEV (A14). */
  get unplugged(): boolean {
    return this.#unplugged;
  }

  /** Marks it gone (drm_dev_unplug); `System.removeDevice` calls it. */
  unplug(): void {
    this.#unplugged = true;
  }

  /** drm_dev_enter. Throws ENODEV once unplugged. */
  enter(): void {
    if (this.#unplugged) throw new DrmError("ENODEV", `Cannot use ${this.driver.spec.name}: the device is unplugged`);
  }

  /** "card0", as traces show it. */
  get name(): string {
    return `card${this.card}`;
  }
}
