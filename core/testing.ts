/**
 * For tests of whatever stands on core: a system with a small driver on virtual time, short ways to the common requests,
 * and `errno`, which turns an outcome into a name.
 * @module
 */

import { VirtualClock } from "./clock.ts";
import type { Device } from "./device.ts";
import { defineDriver, type Driver, type DriverSpec, type Feature } from "./driver.ts";
import { DrmFile } from "./drm_file.ts";
import { shmemDumbCreate } from "./dumb.ts";
import { DrmError } from "./error.ts";
import { type GemFuncs, type GemObject, lookupObject } from "./gem.ts";
import { BudgetAllocator } from "./memory.ts";
import { importShmem } from "./prime.ts";
import type { LocalProcess, OpenFile, ProcessOptions } from "./process.ts";
import { System, type SystemOptions } from "./system.ts";
import * as uapi from "../uapi/mod.ts";

/** How a {@linkcode testDriver} differs from the plain one. */
export interface TestDriverOptions extends Partial<DriverSpec<unknown, unknown>> {
  /** Hooks of the objects that it imports. */
  readonly importFuncs?: GemFuncs;
}

/** The features of a plain test driver. */
export const TEST_FEATURES: readonly Feature[] = ["GEM", "RENDER", "SYNCOBJ", "SYNCOBJ_TIMELINE"];

/** A driver that has memory and fences and no hardware: GEM, dumb buffers, PRIME, syncobjs, a render node. */
export function testDriver(options: TestDriverOptions = {}): Driver {
  const { importFuncs, ...spec } = options;
  return defineDriver<unknown, unknown>({
    name: "test",
    desc: "Test driver",
    version: [2, 3, 4],
    features: TEST_FEATURES,
    dumbCreate: (file, args) => shmemDumbCreate(file as DrmFile, args),
    importDmaBuf: (device, buffer) => importShmem(device, buffer, importFuncs),
    ...spec,
  });
}

/** What {@linkcode testSystem} is made of. */
export interface TestSystemOptions extends SystemOptions {
  /** Its drivers, a device each; one plain test driver by default. */
  readonly drivers?: readonly Driver[];
  /** Who the client is. */
  readonly process?: ProcessOptions;
}

/** A system on virtual time, with a device a driver and one client that has /dev/dri/card0 open. */
export class TestSystem implements Disposable {
  /** Its time, which the test advances. */
  readonly clock: VirtualClock = new VirtualClock();
  /** The system. */
  readonly system: System;
  /** Its devices, in the order of the drivers. */
  readonly devices: readonly Device[];
  /** A client. */
  readonly task: LocalProcess;
  /** Its open /dev/dri/card0. */
  readonly card: OpenFile;

  /** A system, ready to be used. @param options drivers, memory, and who the client is. */
  constructor(options: TestSystemOptions = {}) {
    this.system = new System({ clock: this.clock, ...options });
    this.devices = (options.drivers ?? [testDriver()]).map((driver) => this.system.addDevice(driver));
    this.task = this.system.process(options.process);
    this.card = this.task.open("/dev/dri/card0");
  }

  /** The first device. */
  get device(): Device {
    return this.devices[0];
  }

  /** Bytes of backing store alive. */
  get used(): number {
    return this.system.pages instanceof BudgetAllocator ? this.system.pages.used : NaN;
  }

  /** A dumb buffer of `pages` pages; its handle. */
  dumb(file: OpenFile = this.card, pages = 1): number {
    const arg = uapi.drm_mode_create_dumb.of({ width: 1024, height: pages, bpp: 32 });
    file.ioctl(uapi.DRM_IOCTL_MODE_CREATE_DUMB, arg);
    return arg.handle;
  }

  /** GEM_CLOSE. */
  closeGem(handle: number, file: OpenFile = this.card): number {
    return file.ioctl(uapi.DRM_IOCTL_GEM_CLOSE, uapi.drm_gem_close.of({ handle }));
  }

  /** MAP_DUMB's offset. */
  offset(handle: number, file: OpenFile = this.card): number {
    const arg = uapi.drm_mode_map_dumb.of({ handle });
    file.ioctl(uapi.DRM_IOCTL_MODE_MAP_DUMB, arg);
    return arg.offset;
  }

  /** PRIME_HANDLE_TO_FD. */
  exportFd(handle: number, flags: number = uapi.DRM_CLOEXEC | uapi.DRM_RDWR, file: OpenFile = this.card): number {
    const arg = uapi.drm_prime_handle.of({ handle, flags });
    file.ioctl(uapi.DRM_IOCTL_PRIME_HANDLE_TO_FD, arg);
    return arg.fd;
  }

  /** PRIME_FD_TO_HANDLE. */
  importFd(fd: number, file: OpenFile = this.card): number {
    const arg = uapi.drm_prime_handle.of({ fd });
    file.ioctl(uapi.DRM_IOCTL_PRIME_FD_TO_HANDLE, arg);
    return arg.handle;
  }

  /** The object of a handle, which a client cannot see. */
  object(handle: number, file: OpenFile = this.card): GemObject {
    return lookupObject(drmFile(file), handle);
  }

  /** Ends clients and devices. */
  [Symbol.dispose](): void {
    this.system[Symbol.dispose]();
  }
}

/** A system for a test. */
export function testSystem(options?: TestSystemOptions): TestSystem {
  return new TestSystem(options);
}

/** The DrmFile of an open DRM node. Throws a TypeError for other files. */
export function drmFile(file: OpenFile): DrmFile {
  if (file.file instanceof DrmFile) return file.file;
  throw new TypeError(`Cannot use fd ${file.fd} as a DRM file: it is a ${file.file.kind}`);
}

/** The outcome of `call`: the errno's name if it throws a DrmError or returns a negative errno, else what it returned. */
export function errno<T>(call: () => T): T | uapi.ErrnoName {
  try {
    const result = call();
    const name = typeof result === "number" && result < 0 ? uapi.errnoName(result) : undefined;
    return name ?? result;
  } catch (error) {
    if (error instanceof DrmError) return error.code;
    throw error;
  }
}
