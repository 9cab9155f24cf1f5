/**
 * The GPU that virgl renders with: an instance and device of its own, with everything enabled that virgl can use.
 * @module
 */

import { keepHeap } from "../../../os/mod.ts";
import {
  choosePhysicalDevice,
  Device,
  Instance,
  type InstanceOptions,
  type PhysicalDevice,
  VK_DRIVER_ID_MESA_LLVMPIPE,
  VK_ERROR_FEATURE_NOT_PRESENT,
  VkError,
  type Vulkan,
} from "../../vulkan/mod.ts";
import { type GpuFeatures, gpuFeatures } from "./gpu_features.ts";

export type { GpuFeatures } from "./gpu_features.ts";

/** An open GPU. Disposing it disposes of the device and its instance. */
export interface Gpu extends Disposable {
  /** The device. */
  readonly device: Device;
  /** Its instance. */
  readonly instance: Instance;
  /** Core commands, for hot paths too. */
  readonly vk: Vulkan;
  /** VkPhysicalDeviceLimits. */
  readonly limits: PhysicalDevice["limits"];
  /** What it has, and is enabled. */
  readonly has: GpuFeatures;
  /** The driver compiles shaders anew for the constants of each draw, unless it cannot see what depends on them (tgsi/opaque.ts). */
  readonly inlinesConstants: boolean;
  /** The driver blends signed fractions, though its format features leave that out: lavapipe, unless the layers watch. */
  readonly blendsSigned: boolean;
  /** The driver filters depth, though its format features leave that out: the same. */
  readonly filtersDepth: boolean;
  /** Components that a geometry shader may read: maxGeometryInputComponents, which lavapipe says is 64 and takes 128, unless the layers watch. */
  readonly geometryInputs: number;
  /** Which was chosen and why, for people. */
  readonly reason: string;
}

/** Which GPU. */
export interface GpuOptions extends InstanceOptions {
  /** An index, a kind ("cpu", "discrete"), or a part of the GPU's name, its driver's name or its UUID; the best by default. */
  readonly gpu?: string;
  /** Features that are not to be used even if they are there; for tests of what is done without them. */
  readonly without?: readonly (keyof GpuFeatures)[];
}

/** What virgl cannot do without. */
const needed = [
  "robustBufferAccess",
  "dynamicRendering",
  "independentBlend",
  "fullDrawIndexUint32",
  "nullDescriptor",
] as const;

/**
 * Opens a GPU.
 *
 * @throws {Error} if Vulkan is not installed, or no GPU is as wished.
 * @throws {VkError} if the driver refuses, or the GPU lacks what virgl needs.
 */
export function openGpu(options: GpuOptions = {}): Gpu {
  using cleanup = new DisposableStack();
  const instance = cleanup.use(new Instance(options));
  const { device: physical, reason } = choosePhysicalDevice(instance, options);
  const { has, options: deviceOptions } = gpuFeatures(instance, physical, options.without);
  const missing = needed.filter((name) => !has[name]);
  if (missing.length > 0) {
    throw new VkError(
      VK_ERROR_FEATURE_NOT_PRESENT,
      "vkCreateDevice",
      `${physical.name} lacks ${missing.join(", ")}`,
    );
  }
  // A GPU made of software holds vertices and binned triangles in memory that it allocates for each draw: half of lavapipe's time
  // went to the kernel's zeroing of pages.
  if (physical.type === "cpu") keepHeap();
  const device = cleanup.use(new Device(instance, physical, deviceOptions));
  // lavapipe does more than it says, where OpenGL needs it and the layers do not see.
  const lenient = physical.driverID === VK_DRIVER_ID_MESA_LLVMPIPE && instance.messenger === undefined;
  const owned = cleanup.move();
  return {
    device,
    instance,
    vk: device.vk,
    limits: physical.limits,
    has,
    blendsSigned: lenient,
    filtersDepth: lenient,
    geometryInputs: lenient ? 128 : physical.limits.maxGeometryInputComponents,
    inlinesConstants: physical.driverID === VK_DRIVER_ID_MESA_LLVMPIPE,
    reason,
    [Symbol.dispose]: () => owned[Symbol.dispose](),
  };
}
