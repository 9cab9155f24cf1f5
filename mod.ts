/**
 * udrm: a Linux DRM stack in user space. A system is a miniature kernel: give it drivers, open its nodes, do ioctls.
 *
 * ```ts
 * import { createSystem, drivers } from "@udrm/udrm";
 * import { DRM_IOCTL_MODE_CREATE_DUMB, DRM_IOCTL_MODE_MAP_DUMB, drm_mode_create_dumb, drm_mode_map_dumb } from "@udrm/udrm/uapi";
 * using system = createSystem({ drivers: [drivers.vgem()] });
 * using card = system.process().open("/dev/dri/card0");
 * const dumb = drm_mode_create_dumb.of({ width: 640, height: 480, bpp: 32 });
 * card.ioctl(DRM_IOCTL_MODE_CREATE_DUMB, dumb);
 * const map = drm_mode_map_dumb.of({ handle: dumb.handle });
 * card.ioctl(DRM_IOCTL_MODE_MAP_DUMB, map);
 * card.mmap(dumb.size, map.offset).fill(0xff);
 * ```
 * @module
 */

import type { Display, DisplayMode } from "./core/display.ts";
import type { Driver } from "./core/driver.ts";
import type { Renderer } from "./core/host.ts";
import { is3d } from "./core/host3d.ts";
import { type Clock, RealClock } from "./core/clock.ts";
import { heapAllocator, type PageAllocator } from "./core/memory.ts";
import { System } from "./core/system.ts";
import type { Engine } from "./core/host_dxg.ts";
import { virtioLoopback } from "./drivers/bus/virtqueue/mod.ts";
import { ringChannel, vmbusLoopback } from "./drivers/bus/vmbus/mod.ts";
import { nullDisplay } from "./drivers/display/null/mod.ts";
import { dxg } from "./drivers/gpu/dxg/mod.ts";
import { vgem } from "./drivers/gpu/vgem/mod.ts";
import { vkms, type VkmsOptions } from "./drivers/gpu/vkms/mod.ts";
import { virtioGpu as virtioGpuDriver } from "./drivers/gpu/virtio_gpu/mod.ts";
import { isolatedDxgHost } from "./drivers/host/dxg/isolated/mod.ts";
import { dxgHost, type DxgHostDevice } from "./drivers/host/dxg/mod.ts";
import { packets } from "./drivers/host/render/packets/mod.ts";
import { soft2d } from "./drivers/host/render/soft2d/mod.ts";
import { virgl } from "./drivers/host/render/virgl/mod.ts";
import { vulkan2d } from "./drivers/host/render/vulkan2d/mod.ts";
import { hostFeatures, virtioGpuHost } from "./drivers/host/virtio_gpu/mod.ts";
import { memfdAllocator, monotonicNs, spawn } from "./drivers/os/mod.ts";
import { VIRTIO_GPU_F_RESOURCE_BLOB } from "./uapi/virtio_gpu.ts";

export { System } from "./core/system.ts";
export { DrmError } from "./core/error.ts";
export { RealClock, VirtualClock } from "./core/clock.ts";
export type { Clock } from "./core/clock.ts";
export type { Driver } from "./core/driver.ts";
export type { CursorImage, Display, DisplayMode, Frame, Rect } from "./core/display.ts";
export type { Renderer } from "./core/host.ts";
export type { PageAllocator } from "./core/memory.ts";
export type { LocalProcess, OpenFile, ProcessOptions } from "./core/process.ts";
export { parseVkmsConfig, VkmsDevices, vkmsOf } from "./drivers/gpu/vkms/mod.ts";
export type { VkmsConfig, VkmsOptions } from "./drivers/gpu/vkms/mod.ts";
export { NullDisplay, nullDisplay } from "./drivers/display/null/mod.ts";
export { PngDisplay } from "./drivers/display/png/mod.ts";

/** A driver, or what makes one for a system: paravirtual drivers bring their device along. */
export type DriverSource = Driver | ((system: System, resources: DisposableStack) => Driver);

/** What {@linkcode createSystem} takes. */
export interface CreateSystemOptions {
  /** Drivers, one device each; the first gets card0. */
  readonly drivers?: readonly DriverSource[];
  /**
   * Time: "process" (the default, no permission) counts from the start of the process, "monotonic" is the kernel's
   * CLOCK_MONOTONIC (needs --allow-ffi), or a clock of your own.
   */
  readonly clock?: "process" | "monotonic" | Clock;
  /**
   * Backing store: "heap" (the default, no permission), "memfd" (one sealed memfd an object, so that other processes and
   * GPUs can share it; needs --allow-ffi), or an allocator of your own.
   */
  readonly pages?: "heap" | "memfd" | PageAllocator;
  /** Bytes of backing store alive at once, default 16 GiB; ENOMEM beyond. */
  readonly memoryLimit?: number;
  /** GEM, syncobj and KMS ids of all clients together, default 2^21; ENOMEM beyond. */
  readonly idLimit?: number;
}

/** A system that owns the devices behind its drivers. */
class OwningSystem extends System {
  readonly resources: DisposableStack = new DisposableStack();
  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.resources.dispose();
  }
}

/**
 * A system with its drivers probed and its nodes in place.
 *
 * @throws {DrmError} what a driver's probe throws. @throws {Error} when a resource that was asked for (a GPU, FFI) is missing.
 */
export function createSystem(options: CreateSystemOptions = {}): System {
  const { clock = "process", pages = "heap" } = options;
  const system = new OwningSystem({
    clock: clock === "process" ? new RealClock() : clock === "monotonic" ? new RealClock(monotonicNs) : clock,
    pages: pages === "heap" ? heapAllocator() : pages === "memfd" ? memfdAllocator() : pages,
    memoryLimit: options.memoryLimit,
    idLimit: options.idLimit,
  });
  try {
    for (const source of options.drivers ?? []) {
      system.addDevice(typeof source === "function" ? source(system, system.resources) : source);
    }
  } catch (error) {
    system[Symbol.dispose]();
    throw error;
  }
  return system;
}

/** The renderers of virtio-gpu that udrm has. */
export type RendererName = "soft2d" | "vulkan2d" | "virgl";

/**
 * Makes a renderer; the caller disposes it.
 *
 * @param name which. @param gpu for all but soft2d: part of the GPU's name, or its number in `udrm info`; else the best one.
 * @param completionEvents whether virgl is to have a `completionFd`, by which who serves programs learns at once that it is done
 * @throws {TypeError} for a name that is none. @throws {Error} if Vulkan is not installed, or no GPU is as wished.
 */
export function openRenderer(name: RendererName, gpu?: string, completionEvents = false): Renderer {
  switch (name) {
    case "soft2d":
      return soft2d();
    case "vulkan2d":
      return vulkan2d({ gpu });
    case "virgl":
      return virgl({ gpu, completionEvents });
  }
  throw new TypeError(`Cannot render with "${name}": there are soft2d, vulkan2d and virgl`);
}

/** What the virtio-gpu device of {@linkcode drivers} is made of. */
export interface VirtioGpuOptions {
  /**
   * Who executes: "soft2d" on the CPU (the default, no permission), "vulkan2d" on a GPU (needs FFI), "virgl" on a GPU with 3D for
   * Mesa's driver of that name (needs FFI), or a renderer of your own.
   */
  readonly renderer?: RendererName | Renderer;
  /** For "vulkan2d" and "virgl": part of the GPU's name, or its number in `udrm info`; else the best one is chosen. */
  readonly gpu?: string;
  /**
   * For "virgl": whether it has an eventfd that is readable when the GPU is done, as servers want it that sleep in epoll_wait. It
   * takes a Worker; false by default.
   */
  readonly completionEvents?: boolean;
  /** Where frames go; nowhere by default. The caller keeps it. */
  readonly display?: Display;
  /**
   * Whether the device offers VIRTIO_GPU_F_RESOURCE_BLOB. A driver that may use guest blobs scans its buffers out in place
   * and sends no transfers, unless there is 3D: off by default, as QEMU's device has it, and on with 3D.
   */
  readonly blobs?: boolean;
  /** The monitors, one a scanout; one of 1280x800 by default. */
  readonly monitors?: readonly DisplayMode[];
  /** Where the device sits: "virtio0", the default, or "pci:0000:00:02.0" for one on a PCI function. */
  readonly name?: string;
}

/** What the dxg device of {@linkcode drivers} is made of. */
export interface DxgOptions {
  /** Who executes: Vulkan by default (needs FFI), or an engine of your own, which the caller keeps. */
  readonly engine?: Engine;
  /** For Vulkan: an index, a kind ("cpu", "discrete"), or a part of the GPU's name; else the best one is chosen. */
  readonly gpu?: string;
  /** Bytes of the GPU's own memory to give to clients, default all of it. Small ones make eviction happen. */
  readonly localMemory?: number;
  /** Bytes of system memory to give to clients, default all that the GPU reaches. */
  readonly nonLocalMemory?: number;
  /**
   * How long a DMA buffer may run before its device counts as hung, ns: default 2 s, as Windows' TdrDelay; 10 s where a CPU executes,
   * which compiles shaders when they first run.
   */
  readonly timeout?: number;
  /** Version of dxgkrnl's protocol, 27 or 40, the default. */
  readonly version?: number;
  /**
   * For Vulkan in this process: whether it has an eventfd that is readable when the GPU is done, as servers want it that sleep in
   * epoll_wait. It takes a Worker; false by default. Host processes have one always.
   */
  readonly completionEvents?: boolean;
  /**
   * "none", the default: the host is in this process. "process": each client has a host process of its own with a GPU of its own
   * (needs FFI, and to read the path of Deno). What kills that one, an endless shader or a driver that crashes, hurts no other
   * client. They have `localMemory` and `nonLocalMemory` in common.
   */
  readonly isolate?: "none" | "process";
  /**
   * With host processes: whether calls wait here for their answers, up to 5 s, as `OpenFile.ioctl` needs it; true by default. A
   * server whose clients wait by themselves says false.
   */
  readonly synchronous?: boolean;
  /**
   * With host processes: bytes that one may take beside what it was given of the GPU's memory, 4 GiB by default. It is ended beyond,
   * and its client's device is lost.
   */
  readonly memoryBytes?: number;
  /** With host processes: the module that is run in them, for engines of your own; it calls `serveDxgProcess`. */
  readonly hostModule?: URL;
}

/** How long a call waits for its answer where it waits here, ns. */
const ANSWER_NS = 5e9;
/** What objects of JavaScript a host process may have, MiB: many times what a client's handles, mappings and queues come to. */
const HOST_HEAP_MIB = 1024;

function dxgHere(options: DxgOptions, system: System, resources: DisposableStack): DxgHostDevice {
  const { gpu, completionEvents, localMemory, nonLocalMemory, timeout, version } = options;
  const engine = options.engine ?? resources.use(packets({ gpu, completionEvents }));
  return dxgHost({
    adapters: [{ engine, localMemory, nonLocalMemory }],
    clock: system.clock,
    // What the CPU and a GPU share must have a descriptor.
    allocator: options.engine === undefined ? memfdAllocator() : system.pages,
    trace: system.trace,
    limits: { timeout: timeout ?? (engine.info.type === "cpu" ? 10e9 : 2e9) },
    version,
  });
}

function dxgProcesses(options: DxgOptions, system: System): DxgHostDevice {
  const { engine, gpu, localMemory, nonLocalMemory, memoryBytes, timeout, version, synchronous = true } = options;
  if (engine !== undefined) {
    throw new TypeError("Cannot give an engine to other processes: name a module by hostModule");
  }
  const module = options.hostModule ?? new URL("./cli/dxg_child.ts", import.meta.url);
  const entry = module.protocol === "file:" ? decodeURIComponent(module.pathname) : module.href;
  const flags = ["-A", "--no-prompt", `--v8-flags=--max-old-space-size=${HOST_HEAP_MIB}`];
  const args = ["run", ...flags, entry, String(Deno.pid), ...(gpu === undefined ? [] : [gpu])];
  return isolatedDxgHost({
    start: (control) => spawn(Deno.execPath(), args, [control]),
    wire: ringChannel,
    clock: system.clock,
    trace: system.trace,
    limits: timeout === undefined ? {} : { timeout },
    version,
    localMemory,
    nonLocalMemory,
    memoryBytes,
    ...(synchronous && { answerNs: ANSWER_NS }),
  });
}

const BLOB = 1n << BigInt(VIRTIO_GPU_F_RESOURCE_BLOB);

/** The drivers that udrm has. */
export const drivers: {
  /** vgem: buffers and fences without hardware. */
  vgem(): DriverSource;
  /** vkms: a display without hardware; its configuration, and where its frames go. @throws {TypeError} for what cannot be. */
  vkms(options?: VkmsOptions): DriverSource;
  /** virtio-gpu: a paravirtual GPU with its host device in this process. */
  virtioGpu(options?: VirtioGpuOptions): DriverSource;
  /** dxg: /dev/dxg and its nodes, as in WSL, with the host device in this process, or a process for each client. */
  dxg(options?: DxgOptions): DriverSource;
} = {
  vgem: () => vgem(),
  vkms: (options) => vkms(options),
  virtioGpu: (options = {}) => (system, resources) => {
    const own = options.renderer ?? "soft2d";
    const renderer = typeof own === "string"
      ? resources.use(openRenderer(own, options.gpu, options.completionEvents))
      : own;
    const display = options.display ?? resources.use(nullDisplay());
    const host = resources.use(virtioGpuHost({
      renderer,
      display,
      modes: options.monitors ?? [{ enabled: true, width: 1280, height: 800 }],
      features: options.blobs ?? is3d(renderer) ? hostFeatures(renderer) : hostFeatures(renderer) & ~BLOB,
      clock: system.clock,
      trace: system.trace,
    }));
    const { device, poller } = virtioLoopback(host, {
      name: options.name,
      allocator: system.pages,
      trace: system.trace,
      clock: system.clock,
    });
    resources.use(device);
    resources.use(system.addPoller(poller));
    return virtioGpuDriver({ device });
  },
  dxg: (options = {}) => (system, resources) => {
    const host = resources.use(
      options.isolate === "process" ? dxgProcesses(options, system) : dxgHere(options, system, resources),
    );
    const bus = resources.use(vmbusLoopback(host.backends, { allocator: system.pages }));
    resources.use(system.addPoller(bus));
    return dxg({ bus })[0];
  },
};
