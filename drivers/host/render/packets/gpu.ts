/**
 * The GPU that executes packets: an instance and device of its own, with robust access, and what shaders may use of it.
 * @module
 */

import { DrmError } from "../../../../core/error.ts";
import type { EngineInfo } from "../../../../core/host_dxg.ts";
import { EngineType } from "../../../../core/host_dxg.ts";
import { DXG_CAP_COMPUTE, DXG_CAP_COPY, DXG_CAP_GRAPHICS } from "../../../../uapi/dxg_driver.ts";
import type { SpirvLimits } from "../../shader/spirv_check/mod.ts";
import {
  choosePhysicalDevice,
  Device,
  Instance,
  type InstanceOptions,
  type PhysicalDevice,
  VK_ERROR_FEATURE_NOT_PRESENT,
  VK_MEMORY_HEAP_DEVICE_LOCAL_BIT,
  VK_QUEUE_GRAPHICS_BIT,
  VkError,
  VkPhysicalDeviceFeatures,
  VkPhysicalDeviceFeatures2,
  VkPhysicalDeviceVulkan13Features,
} from "../../vulkan/mod.ts";

/** Which GPU. */
export interface PacketsOptions extends InstanceOptions {
  /** An index, a kind ("cpu", "discrete"), or a part of the GPU's name, its driver's name or its UUID; the best by default. */
  readonly gpu?: string;
  /** Whether the engine has a `completionFd`: a Worker waits for the GPU then. */
  readonly completionEvents?: boolean;
  /** For tests: memory of the GPU's own is moved by copies even where the CPU could see it. */
  readonly hideMemory?: boolean;
}

/** An open GPU. */
export interface Gpu extends Disposable {
  /** The device. */
  readonly device: Device;
  /** What the host tells of it. */
  readonly info: EngineInfo;
  /** What shaders may use. */
  readonly shaders: SpirvLimits;
  /** Whether it draws. */
  readonly graphics: boolean;
  /** Which was chosen and why, for people. */
  readonly reason: string;
}

const CALIBRATED = "VK_EXT_calibrated_timestamps";
/** Features of 1.0 that are enabled where they are: no shader can do without the first. */
const WANTED = [
  "robustBufferAccess",
  "fullDrawIndexUint32",
  "independentBlend",
  "shaderInt64",
  "shaderFloat64",
  "shaderStorageImageReadWithoutFormat",
  "shaderStorageImageWriteWithoutFormat",
  "vertexPipelineStoresAndAtomics",
  "fragmentStoresAndAtomics",
] as const;

type Features = Partial<Record<typeof WANTED[number], boolean>>;

function featuresOf(instance: Instance, physical: PhysicalDevice): { features: Features; rendering: boolean } {
  return instance.arena.scope((m) => {
    const at13 = m.place(VkPhysicalDeviceVulkan13Features, {});
    const at = m.place(VkPhysicalDeviceFeatures2, { pNext: m.address(at13) });
    instance.vk.vkGetPhysicalDeviceFeatures2(physical.handle, m.address(at));
    const there = VkPhysicalDeviceFeatures.read(m, at + VkPhysicalDeviceFeatures2.offsets.features);
    const features: Features = {};
    for (const name of WANTED) if (there[name]) features[name] = true;
    return { features, rendering: VkPhysicalDeviceVulkan13Features.read(m, at13).dynamicRendering };
  });
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) => parseInt(hex.slice(i * 2, i * 2 + 2), 16));
}

function infoOf(physical: PhysicalDevice, graphics: boolean): EngineInfo {
  let localMemory = 0, nonLocalMemory = 0;
  for (const { size, flags } of physical.memory.heaps) {
    if ((flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) !== 0) localMemory += Number(size);
    else nonLocalMemory += Number(size);
  }
  const cut = physical.driver.indexOf(" ");
  return {
    name: physical.name,
    driverName: cut < 0 ? physical.driver : physical.driver.slice(0, cut),
    driverInfo: cut < 0 ? "" : physical.driver.slice(cut + 1),
    vendorId: physical.vendorID,
    deviceId: physical.deviceID,
    type: physical.type,
    uuid: bytesOf(physical.uuid),
    localMemory,
    nonLocalMemory,
    nodes: [{ type: graphics ? EngineType.ENGINE_3D : EngineType.COMPUTE, name: graphics ? "3D" : "Compute" }],
    packetCaps: DXG_CAP_COPY | DXG_CAP_COMPUTE | (graphics ? DXG_CAP_GRAPHICS : 0),
    timestampFrequency: Math.round(1e9 / physical.limits.timestampPeriod),
    render: graphics,
  };
}

/**
 * Opens a GPU.
 *
 * @throws {DrmError} ENODEV if Vulkan is not installed, no GPU is as wished, or it lacks what packets need.
 */
export function openGpu(options: PacketsOptions = {}): Gpu {
  try {
    using cleanup = new DisposableStack();
    const instance = cleanup.use(new Instance(options));
    const { device: physical, reason } = choosePhysicalDevice(instance, options);
    const { features, rendering } = featuresOf(instance, physical);
    const { limits } = physical;
    if (!features.robustBufferAccess || !limits.timestampComputeAndGraphics) {
      throw new VkError(
        VK_ERROR_FEATURE_NOT_PRESENT,
        "vkCreateDevice",
        `${physical.name} lacks robustBufferAccess or timestamps`,
      );
    }
    const device = cleanup.use(
      new Device(instance, physical, {
        features,
        features13: { dynamicRendering: rendering },
        optionalExtensions: [CALIBRATED],
      }),
    );
    const graphics = rendering && (device.queue.flags & VK_QUEUE_GRAPHICS_BIT) !== 0 &&
      features.independentBlend === true && features.fullDrawIndexUint32 === true;
    const owned = cleanup.move();
    return {
      device,
      reason,
      graphics,
      info: infoOf(physical, graphics),
      shaders: {
        sharedMemory: limits.maxComputeSharedMemorySize,
        invocations: limits.maxComputeWorkGroupInvocations,
        groupSize: [
          limits.maxComputeWorkGroupSize[0],
          limits.maxComputeWorkGroupSize[1],
          limits.maxComputeWorkGroupSize[2],
        ],
        int64: features.shaderInt64 === true,
        float64: features.shaderFloat64 === true,
        readWithoutFormat: features.shaderStorageImageReadWithoutFormat === true,
        writeWithoutFormat: features.shaderStorageImageWriteWithoutFormat === true,
        vertexStores: features.vertexPipelineStoresAndAtomics === true,
        fragmentStores: features.fragmentStoresAndAtomics === true,
      },
      [Symbol.dispose]: () => owned[Symbol.dispose](),
    };
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable || error instanceof TypeError) throw error;
    throw new DrmError("ENODEV", `Cannot open a GPU for packets: ${error instanceof Error ? error.message : error}`);
  }
}
