/** A VkDevice with its queues and memory. It owns what is made from it; a lost device stays lost. */
import { Arena } from "./arena.ts";
import { type BufferOptions, DeviceBuffer } from "./buffer.ts";
import { check, VkError } from "./error.ts";
import {
  type ExtensionCommands,
  VK_ERROR_DEVICE_LOST,
  VK_ERROR_EXTENSION_NOT_PRESENT,
  VK_ERROR_FEATURE_NOT_PRESENT,
  VK_QUEUE_COMPUTE_BIT,
  VK_QUEUE_GRAPHICS_BIT,
  VkDeviceCreateInfo,
  VkPhysicalDeviceFeatures,
  VkPhysicalDeviceFeatures2,
  VkPhysicalDeviceVulkan11Features,
  VkPhysicalDeviceVulkan12Features,
  VkPhysicalDeviceVulkan13Features,
} from "./generated/mod.ts";
import { DeviceImage, type ImageOptions } from "./image.ts";
import type { Instance } from "./instance.ts";
import type { Vulkan } from "./loader.ts";
import { MemoryAllocator } from "./memory.ts";
import type { PhysicalDevice } from "./physical_device.ts";
import { Queue } from "./queue.ts";
import { chain, type Chained, type StructType } from "./struct.ts";

/** Extensions that are enabled wherever the driver offers them: sharing memory and completion, and the memory budget. */
const wanted: readonly string[] = [
  "VK_EXT_external_memory_host",
  "VK_KHR_external_memory_fd",
  "VK_EXT_external_memory_dma_buf",
  "VK_EXT_image_drm_format_modifier",
  "VK_EXT_queue_family_foreign",
  "VK_KHR_external_semaphore_fd",
  "VK_KHR_external_fence_fd",
  "VK_EXT_memory_budget",
];

/** What a device is made of, besides what this runtime needs (timelineSemaphore, synchronization2). */
export interface DeviceOptions {
  /** Extensions that must be there. */
  readonly extensions?: readonly string[];
  /** Extensions that are enabled if they are there. */
  readonly optionalExtensions?: readonly string[];
  /** Features of 1.0 that must be there. */
  readonly features?: VkPhysicalDeviceFeatures;
  /** Features of 1.1 that must be there. */
  readonly features11?: VkPhysicalDeviceVulkan11Features;
  /** Features of 1.2 that must be there. */
  readonly features12?: VkPhysicalDeviceVulkan12Features;
  /** Features of 1.3 that must be there. */
  readonly features13?: VkPhysicalDeviceVulkan13Features;
  /** Feature structs of extensions. */
  readonly chain?: readonly Chained[];
  /** Queue families to make one queue of each; by default the first with graphics and compute. */
  readonly queueFamilies?: readonly number[];
}

/** A logical device. Disposing it waits for the GPU and frees everything that was made from it. */
export class Device implements Disposable {
  /** The instance it belongs to. */
  readonly instance: Instance;
  /** The physical device. */
  readonly physical: PhysicalDevice;
  /** The VkDevice. */
  readonly handle: bigint;
  /** Core commands, for hot paths too. */
  readonly vk: Vulkan;
  /** Extension commands, for cold calls. */
  readonly extension: ExtensionCommands;
  /** Names of the extensions that are enabled. */
  readonly extensions: ReadonlySet<string>;
  /** Memory for the structs of short calls. */
  readonly arena: Arena = new Arena();
  /** Device memory. */
  readonly memory: MemoryAllocator;
  /** The queues, in the order of `queueFamilies`. */
  readonly queues: readonly Queue[];
  readonly #owned: Set<Disposable> = new Set();
  #lost: VkError | undefined;
  #open = true;
  #gone: Promise<void> | undefined;

  /**
   * Creates the device and its queues.
   * @param instance an open instance
   * @param physical one of its devices
   * @throws {VkError} VK_ERROR_EXTENSION_NOT_PRESENT or VK_ERROR_FEATURE_NOT_PRESENT, naming what the device lacks
   */
  constructor(instance: Instance, physical: PhysicalDevice, options: DeviceOptions = {}) {
    this.instance = instance;
    this.physical = physical;
    this.vk = instance.vk;
    this.extension = instance.extension;
    this.extensions = chooseExtensions(physical, options);
    const links = this.#features(options);
    const families = options.queueFamilies ?? [mainFamily(physical)];
    const out = this.arena.alloc(8);
    const info = this.arena.place(VkDeviceCreateInfo, {
      pQueueCreateInfos: [...new Set(families)].map((queueFamilyIndex) => ({
        queueFamilyIndex,
        pQueuePriorities: families.filter((f) => f === queueFamilyIndex).map(() => 1),
      })),
      ppEnabledExtensionNames: [...this.extensions],
    });
    this.arena.toChain(info + 8, links);
    check(
      this.vk.vkCreateDevice(physical.handle, this.arena.address(info), 0n, this.arena.address(out)),
      "vkCreateDevice",
    );
    this.handle = this.arena.u64[out >>> 3];
    this.arena.reset();
    using cleanup = new DisposableStack();
    cleanup.defer(() => this.vk.vkDestroyDevice(this.handle, 0n));
    this.memory = new MemoryAllocator(this);
    this.queues = families.map((family, i) => {
      const index = families.slice(0, i).filter((f) => f === family).length;
      const handle = this.arena.scope((m) => {
        const at = m.alloc(8);
        this.vk.vkGetDeviceQueue(this.handle, family, index, m.address(at));
        return m.u64[at >>> 3];
      });
      return cleanup.use(new Queue(this, handle, family, physical.queueFamilies[family].flags));
    });
    cleanup.move();
    instance.own(this);
  }

  #features(options: DeviceOptions): Chained[] {
    const f12 = { ...options.features12, timelineSemaphore: true };
    const f13 = { ...options.features13, synchronization2: true };
    const missing = this.arena.scope((m) => {
      const at13 = m.place(VkPhysicalDeviceVulkan13Features, {});
      const at12 = m.place(VkPhysicalDeviceVulkan12Features, { pNext: m.address(at13) });
      const at11 = m.place(VkPhysicalDeviceVulkan11Features, { pNext: m.address(at12) });
      const at = m.place(VkPhysicalDeviceFeatures2, { pNext: m.address(at11) });
      this.vk.vkGetPhysicalDeviceFeatures2(this.physical.handle, m.address(at));
      const lacks = <T extends object>(type: StructType<T>, offset: number, asked: T | undefined): string[] => {
        const there = type.read(m, offset) as Record<string, unknown>;
        return Object.entries(asked ?? {}).filter(([name, value]) => value === true && there[name] !== true).map((
          [name],
        ) => name);
      };
      return [
        ...lacks(VkPhysicalDeviceFeatures, at + VkPhysicalDeviceFeatures2.offsets.features, options.features),
        ...lacks(VkPhysicalDeviceVulkan11Features, at11, options.features11),
        ...lacks(VkPhysicalDeviceVulkan12Features, at12, f12),
        ...lacks(VkPhysicalDeviceVulkan13Features, at13, f13),
      ];
    });
    if (missing.length > 0) {
      throw new VkError(
        VK_ERROR_FEATURE_NOT_PRESENT,
        "vkCreateDevice",
        `${this.physical.name} lacks ${missing.join(", ")}`,
      );
    }
    return [
      chain(VkPhysicalDeviceFeatures2, { features: options.features }),
      chain(VkPhysicalDeviceVulkan11Features, options.features11 ?? {}),
      chain(VkPhysicalDeviceVulkan12Features, f12),
      chain(VkPhysicalDeviceVulkan13Features, f13),
      ...options.chain ?? [],
    ];
  }

  /** The first queue. */
  get queue(): Queue {
    return this.queues[0];
  }

  /** The error that the device was lost with; undefined while it works. */
  get lost(): VkError | undefined {
    return this.#lost;
  }

  /**
   * Passes a VkResult through; remembers a lost device.
   * @throws {VkError} when it is negative
   */
  check(result: number, command: string): number {
    if (result >= 0) return result;
    const error = new VkError(result, command);
    if (result === VK_ERROR_DEVICE_LOST) this.#lost ??= error;
    throw error;
  }

  /**
   * Refuses to go on with a device that is of no use any more.
   * @throws {VkError} VK_ERROR_DEVICE_LOST once the device is lost
   * @throws {TypeError} when it was disposed of
   */
  assertUsable(): void {
    if (this.#lost !== undefined) throw this.#lost;
    if (!this.#open) throw new TypeError("Cannot use the device: it was disposed of");
  }

  /** Makes a buffer: see {@linkcode DeviceBuffer}. */
  createBuffer(options: BufferOptions): DeviceBuffer {
    return new DeviceBuffer(this, options);
  }

  /** Makes an image: see {@linkcode DeviceImage}. */
  createImage(options: ImageOptions): DeviceImage {
    return new DeviceImage(this, options);
  }

  /** Lets the device dispose of something before itself. */
  own(item: Disposable): void {
    this.#owned.add(item);
  }

  /** Forgets something that was disposed of by its user. */
  disown(item: Disposable): void {
    this.#owned.delete(item);
  }

  /** How many owned things live. */
  get ownedCount(): number {
    return this.#owned.size;
  }

  /** Blocks until the GPU is idle. */
  waitIdle(): void {
    this.assertUsable();
    this.check(this.vk.vkDeviceWaitIdle(this.handle), "vkDeviceWaitIdle");
    for (const queue of this.queues) queue.completed();
  }

  /**
   * Waits for the GPU and frees everything. A wait that still runs on a thread of the pool holds the semaphore: then the rest is freed
   * when it returns, which `close()` awaits.
   */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    if (this.#lost === undefined) {
      const result = this.vk.vkDeviceWaitIdle(this.handle);
      if (result < 0) this.#lost = new VkError(result, "vkDeviceWaitIdle");
    }
    this.#open = false;
    for (const queue of this.queues) queue.drain();
    for (const item of [...this.#owned].reverse()) item[Symbol.dispose]();
    this.memory[Symbol.dispose]();
    const pending = this.queues.map((q) => q.timeline.pending).filter((p) => p !== undefined);
    if (pending.length === 0) this.#destroy();
    else this.#gone = Promise.allSettled(pending).then(() => this.#destroy());
  }

  /** As disposing, and resolves when nothing of the device is left. */
  async close(): Promise<void> {
    this[Symbol.dispose]();
    await this.#gone;
  }

  #destroy(): void {
    for (const queue of this.queues) queue[Symbol.dispose]();
    this.vk.vkDestroyDevice(this.handle, 0n);
    this.instance.disown(this);
  }
}

function chooseExtensions(physical: PhysicalDevice, options: DeviceOptions): Set<string> {
  const missing = (options.extensions ?? []).filter((name) => !physical.extensions.has(name));
  if (missing.length > 0) {
    throw new VkError(VK_ERROR_EXTENSION_NOT_PRESENT, "vkCreateDevice", `${physical.name} lacks ${missing.join(", ")}`);
  }
  const optional = [...wanted, ...options.optionalExtensions ?? []].filter((name) => physical.extensions.has(name));
  return new Set([...options.extensions ?? [], ...optional]);
}

/** The first family with graphics and compute, else the first with compute. */
function mainFamily(physical: PhysicalDevice): number {
  const has = (bits: number) => physical.queueFamilies.findIndex((f) => (f.flags & bits) === bits);
  const both = has(VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT);
  const family = both >= 0 ? both : has(VK_QUEUE_COMPUTE_BIT);
  if (family < 0) {
    throw new VkError(VK_ERROR_FEATURE_NOT_PRESENT, "vkCreateDevice", `${physical.name} has no compute queue`);
  }
  return family;
}
