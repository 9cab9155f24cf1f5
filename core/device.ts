/**
 * `Device`, the kernel's struct drm_device: one instance of a driver, its nodes, its objects. It outlives unplugging
 * while anybody holds it.
 * @module
 */

import { AddressSpace } from "./address_space.ts";
import type { DrmMaster } from "./auth.ts";
import { DebugFolder } from "./debugfs.ts";
import type { BusInfo, Driver, Feature } from "./driver.ts";
import type { DrmFile } from "./drm_file.ts";
import { DrmError, EINTR, errnoOf } from "./error.ts";
import type { GemObject } from "./gem.ts";
import { IdTable } from "./id_table.ts";
import { IoctlTable } from "./ioctl.ts";
import type { ModeConfig } from "./kms/mode_config.ts";
import { panicDevice, type PanicOptions } from "./kms/panic.ts";
import { Suspension } from "./kms/suspend.ts";
import type { System } from "./system.ts";
import { Wait } from "./wait.ts";

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
  /** Its folder of debugfs, `dri/N`; what `probe` adds to it shows once the device stands. */
  readonly debugfs: DebugFolder = new DebugFolder();
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
  #registered = false;
  #unplugged = false;
  // What goes on when the device is resumed; undefined while it is not suspended.
  #frozen: Set<() => void> | undefined;
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

  /** Whether clients can see it: from the end of `System.addDevice` on. */
  get registered(): boolean {
    return this.#registered;
  }

  /** Clients can see it from now on (drm_dev_register); `System.addDevice` calls it. */
  register(): void {
    this.#registered = true;
  }

  /** Whether it is gone: requests, mappings and opens answer ENODEV (A14). */
  get unplugged(): boolean {
    return this.#unplugged;
  }

  /** Marks it gone (drm_dev_unplug); `System.removeDevice` calls it. Requests that wait for `resume` get ENODEV. */
  unplug(): void {
    this.#unplugged = true;
    this.#thaw();
  }

  /** drm_dev_enter. Throws ENODEV once unplugged. */
  enter(): void {
    if (this.#unplugged) throw new DrmError("ENODEV", `Cannot use ${this.driver.spec.name}: the device is unplugged`);
  }

  /** Whether it is suspended: requests wait until it is resumed. */
  get suspended(): boolean {
    return this.#frozen !== undefined;
  }

  /**
   * drm_mode_config_helper_suspend: keeps what is shown and switches it off, then calls the driver's `suspend`. Clients are
   * frozen from here on: each of their requests on the device waits until `resume`, as one of a frozen task does. Reading
   * events, polling and mappings go on. To suspend a suspended device does nothing.
   *
   * @returns 0, or a Wait that completes once commits of before, which wait for fences, are done and the hardware is off.
   * @throws {DrmError} ENODEV once unplugged; what the driver refuses with: then nothing has happened.
   */
  suspend(): number | Wait {
    this.enter();
    if (this.#frozen !== undefined) return 0;
    const { kms } = this;
    kms?.polling.disable();
    let done: number | Wait = 0;
    try {
      if (kms !== undefined) {
        const suspension = new Suspension(kms);
        kms.suspension = suspension;
        done = suspension.done();
      }
    } catch (error) {
      kms?.polling.enable();
      throw error;
    }
    this.#frozen = new Set();
    const suspension = kms?.suspension;
    const off = (): void => {
      if (this.suspended && kms?.suspension === suspension) this.driver.spec.suspend?.(this as Device);
    };
    if (typeof done === "number") off();
    else done.observe(off);
    return done;
  }

  /**
   * drm_mode_config_helper_resume: the driver's `resume`, then what was shown comes back, then clients go on where they
   * waited. Monitors that came or went meanwhile are noticed last. To resume a device that is not suspended does nothing.
   *
   * @throws {DrmError} what the driver refuses the old state with: then the screens stay dark, and clients go on all the same.
   */
  resume(): void {
    if (this.#frozen === undefined) return;
    const { kms } = this;
    this.driver.spec.resume?.(this as Device);
    const suspension = kms?.suspension;
    if (kms !== undefined) kms.suspension = undefined;
    try {
      suspension?.restore();
    } finally {
      kms?.polling.enable();
      this.#thaw();
      kms?.polling.lookAgain();
    }
  }

  /**
   * For requests of a suspended device: waits for `resume`, then does it.
   *
   * @param request the whole request; it may throw DrmError.
   */
  whenResumed(request: () => number | Wait): Wait {
    let inner: Wait | undefined;
    const waiters = this.#frozen;
    const go = (): void => {
      let result: number | Wait;
      try {
        result = request();
      } catch (error) {
        result = errnoOf(error);
      }
      if (typeof result === "number") return wait.complete(result);
      inner = result;
      inner.onDone((done) => wait.complete(done));
    };
    const wait: Wait = new Wait({
      detach: (interrupted): number | undefined => {
        inner?.detach(interrupted);
        return wait.result;
      },
      cleanup: () => {
        waiters?.delete(go);
        inner?.cancel(EINTR);
      },
    });
    waiters?.add(go);
    return wait;
  }

  /** For commits that were under way when the device was suspended: calls back at `resume`, or when it is unplugged. */
  onResume(callback: () => void): void {
    this.#frozen?.add(callback);
  }

  /** Takes a callback of `onResume` back. */
  offResume(callback: () => void): void {
    this.#frozen?.delete(callback);
  }

  #thaw(): void {
    const waiters = this.#frozen;
    this.#frozen = undefined;
    for (const go of waiters ?? []) go();
  }

  /**
   * A panic: draws a message over what the device shows, see {@linkcode PanicOptions}. The picture stays until the next commit.
   *
   * @param description why, one line.
   * @returns on how many planes it was drawn; 0 for drivers that cannot, and while nothing is shown.
   */
  panic(description: string, options?: PanicOptions): number {
    return this.kms === undefined || this.#unplugged ? 0 : panicDevice(this.kms, description, options);
  }

  /** "card0", as traces show it. */
  get name(): string {
    return `card${this.card}`;
  }
}
