/** The physical devices of an instance, and the loud choice of one: real GPUs before the CPU, never the CPU without saying so. */
import { check } from "./error.ts";
import {
  VK_API_VERSION_1_3,
  VK_PHYSICAL_DEVICE_TYPE_CPU,
  VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU,
  VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU,
  VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU,
  VkExtensionProperties,
  VkPhysicalDeviceDrmPropertiesEXT,
  VkPhysicalDeviceMemoryProperties,
  VkPhysicalDeviceProperties2,
  VkPhysicalDeviceVulkan11Properties,
  VkPhysicalDeviceVulkan12Properties,
  VkQueueFamilyProperties,
} from "./generated/mod.ts";
import { Instance } from "./instance.ts";
import type { Out } from "./struct.ts";

/** What kind of device it is (VkPhysicalDeviceType). */
export type DeviceType = "discrete" | "integrated" | "virtual" | "cpu" | "other";

/** What is known of a physical device without creating a device. */
export interface PhysicalDeviceInfo {
  /** Position in the loader's list. */
  readonly index: number;
  /** deviceName, such as "llvmpipe (LLVM 15.0.6, 256 bits)". */
  readonly name: string;
  /** Kind of device. */
  readonly type: DeviceType;
  /** VkDriverId, such as VK_DRIVER_ID_MESA_LLVMPIPE. */
  readonly driverID: number;
  /** The driver's name and version for people. */
  readonly driver: string;
  /** PCI vendor. */
  readonly vendorID: number;
  /** PCI device. */
  readonly deviceID: number;
  /** Packed apiVersion. */
  readonly apiVersion: number;
  /** deviceUUID in hex. */
  readonly uuid: string;
  /** Major and minor of the DRM render node, where the driver tells (VK_EXT_physical_device_drm). */
  readonly renderNode: readonly [major: number, minor: number] | undefined;
}

/** A physical device of an open instance. */
export interface PhysicalDevice extends PhysicalDeviceInfo {
  /** The VkPhysicalDevice; valid as long as its instance. */
  readonly handle: bigint;
  /** VkPhysicalDeviceLimits. */
  readonly limits: Out<VkPhysicalDeviceProperties2>["properties"]["limits"];
  /** Memory types and heaps. */
  readonly memory: {
    readonly types: readonly { readonly flags: number; readonly heap: number }[];
    readonly heaps: readonly { readonly size: bigint; readonly flags: number }[];
  };
  /** Queue families: VkQueueFlags and the number of queues. */
  readonly queueFamilies: readonly { readonly flags: number; readonly count: number }[];
  /** Extension names that the device offers. */
  readonly extensions: ReadonlySet<string>;
}

/** A chosen device, and why. */
export interface Choice<T extends PhysicalDeviceInfo = PhysicalDeviceInfo> {
  /** The device. */
  readonly device: T;
  /** One sentence for `udrm info` and logs. */
  readonly reason: string;
}

const types: Readonly<Record<number, DeviceType>> = {
  [VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU]: "discrete",
  [VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU]: "integrated",
  [VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU]: "virtual",
  [VK_PHYSICAL_DEVICE_TYPE_CPU]: "cpu",
};

const preference: readonly DeviceType[] = ["discrete", "integrated", "virtual", "other", "cpu"];

/** Lists an instance's physical devices, in the loader's order. */
export function physicalDevices(instance: Instance): PhysicalDevice[] {
  const { vk, arena } = instance;
  return arena.scope((m) => {
    const count = m.alloc(8);
    check(vk.vkEnumeratePhysicalDevices(instance.handle, m.address(count), 0n), "vkEnumeratePhysicalDevices");
    const handles = m.alloc(8 * m.u32[count >>> 2]);
    check(
      vk.vkEnumeratePhysicalDevices(instance.handle, m.address(count), m.address(handles)),
      "vkEnumeratePhysicalDevices",
    );
    return m.bigInts(handles >>> 3, m.u32[count >>> 2]).map((handle, index) =>
      m.scope(() => describe(instance, handle, index))
    );
  });
}

function extensionsOf(instance: Instance, handle: bigint): Set<string> {
  const { vk, arena: m } = instance;
  const count = m.alloc(8);
  const name = "vkEnumerateDeviceExtensionProperties";
  check(vk.vkEnumerateDeviceExtensionProperties(handle, 0n, m.address(count), 0n), name);
  const at = m.alloc(VkExtensionProperties.size * m.u32[count >>> 2]);
  check(vk.vkEnumerateDeviceExtensionProperties(handle, 0n, m.address(count), m.address(at)), name);
  return new Set(m.structs(at, VkExtensionProperties, m.u32[count >>> 2]).map((e) => e.extensionName));
}

function describe(instance: Instance, handle: bigint, index: number): PhysicalDevice {
  const { vk, arena: m } = instance;
  const extensions = extensionsOf(instance, handle);
  const drmAt = m.place(VkPhysicalDeviceDrmPropertiesEXT, {});
  const p12At = m.place(VkPhysicalDeviceVulkan12Properties, {
    pNext: extensions.has("VK_EXT_physical_device_drm") ? m.address(drmAt) : 0n,
  });
  const p11At = m.place(VkPhysicalDeviceVulkan11Properties, { pNext: m.address(p12At) });
  const p2At = m.place(VkPhysicalDeviceProperties2, {});
  vk.vkGetPhysicalDeviceProperties2(handle, m.address(p2At));
  const version = VkPhysicalDeviceProperties2.read(m, p2At).properties.apiVersion;
  if (version >= VK_API_VERSION_1_3) { // Older drivers do not know the 1.1 and 1.2 property structs.
    VkPhysicalDeviceProperties2.write(m, p2At, { pNext: m.address(p11At) });
    vk.vkGetPhysicalDeviceProperties2(handle, m.address(p2At));
  }
  const { properties } = VkPhysicalDeviceProperties2.read(m, p2At);
  const p11 = VkPhysicalDeviceVulkan11Properties.read(m, p11At),
    p12 = VkPhysicalDeviceVulkan12Properties.read(m, p12At);
  const drm = VkPhysicalDeviceDrmPropertiesEXT.read(m, drmAt);

  const count = m.alloc(8);
  vk.vkGetPhysicalDeviceQueueFamilyProperties(handle, m.address(count), 0n);
  const families = m.alloc(VkQueueFamilyProperties.size * m.u32[count >>> 2]);
  vk.vkGetPhysicalDeviceQueueFamilyProperties(handle, m.address(count), m.address(families));
  const memoryAt = m.alloc(VkPhysicalDeviceMemoryProperties.size);
  vk.vkGetPhysicalDeviceMemoryProperties(handle, m.address(memoryAt));
  const memory = VkPhysicalDeviceMemoryProperties.read(m, memoryAt);

  return {
    index,
    handle,
    extensions,
    name: properties.deviceName,
    type: types[properties.deviceType] ?? "other",
    driverID: p12.driverID,
    driver: `${p12.driverName} ${p12.driverInfo}`.trim(),
    vendorID: properties.vendorID,
    deviceID: properties.deviceID,
    apiVersion: properties.apiVersion,
    uuid: Array.from(p11.deviceUUID, (b) => b.toString(16).padStart(2, "0")).join(""),
    renderNode: drm.hasRender ? [Number(drm.renderMajor), Number(drm.renderMinor)] : undefined,
    limits: properties.limits,
    memory: {
      types: memory.memoryTypes.slice(0, memory.memoryTypeCount).map((t) => ({
        flags: t.propertyFlags,
        heap: t.heapIndex,
      })),
      heaps: memory.memoryHeaps.slice(0, memory.memoryHeapCount).map((h) => ({ size: h.size, flags: h.flags })),
    },
    queueFamilies: m.structs(families, VkQueueFamilyProperties, m.u32[count >>> 2])
      .map((f) => ({ flags: f.queueFlags, count: f.queueCount })),
  };
}

/**
 * What devices there are, without keeping an instance; for `udrm info`.
 * @throws {Error} when the loader is missing
 * @throws {VkError} when no driver offers an instance
 */
export function listPhysicalDevices(): PhysicalDeviceInfo[] {
  using instance = new Instance({ validation: false });
  return physicalDevices(instance).map((
    { index, name, type, driverID, driver, vendorID, deviceID, apiVersion, uuid, renderNode },
  ) => ({ index, name, type, driverID, driver, vendorID, deviceID, apiVersion, uuid, renderNode }));
}

/**
 * Chooses a device of an instance: see {@linkcode choose}.
 * @throws {Error} when none fits, naming what there is
 */
export function choosePhysicalDevice(
  instance: Instance,
  options: { readonly gpu?: string } = {},
): Choice<PhysicalDevice> {
  return choose(physicalDevices(instance), options.gpu);
}

function describeAll(devices: readonly PhysicalDeviceInfo[]): string {
  return devices.map((d) => `${d.index}: ${d.name} (${d.type}, ${d.driver})`).join("; ");
}

/**
 * Chooses one of some devices. Without a wish, the best kind wins: discrete, integrated, virtual, other; the CPU only when nothing else
 * is there. A GPU that is too old is an error, not a reason to render on the CPU.
 * @param devices what there is
 * @param gpu an index, a kind ("cpu", "discrete"), or a part of the name, the driver's name or the UUID
 * @throws {Error} when none fits, naming what there is
 */
export function choose<T extends PhysicalDeviceInfo>(devices: readonly T[], gpu?: string): Choice<T> {
  if (devices.length === 0) {
    throw new Error(
      "Cannot choose a GPU: Vulkan offers no device; install a driver (Debian's mesa-vulkan-drivers or the GPU vendor's)",
    );
  }
  const wish = gpu?.toLowerCase() ?? "";
  const wanted = wish === ""
    ? devices
    : /^\d{1,3}$/.test(wish)
    ? devices.filter((d) => d.index === Number(wish))
    : devices.filter((d) =>
      d.type === wish || [d.name, d.driver, d.uuid].some((text) => text.toLowerCase().includes(wish))
    );
  if (wanted.length === 0) throw new Error(`Cannot choose GPU "${gpu}": Vulkan offers ${describeAll(devices)}`);
  const rank = (d: T) => preference.indexOf(d.type);
  const device = [...wanted].sort((a, b) => rank(a) - rank(b) || a.index - b.index)[0];
  if (device.apiVersion < VK_API_VERSION_1_3) {
    throw new Error(
      `Cannot use ${device.name}: it offers Vulkan 1.${(device.apiVersion >>> 12) & 0x3ff}, and 1.3 is needed`,
    );
  }
  const others = devices.length - 1;
  const cpu = device.type === "cpu" ? "CPU rendering: " : "";
  let why: string;
  if (wish !== "") why = `"${gpu}" was asked for${wanted.length > 1 ? `, the best of ${wanted.length} matches` : ""}`;
  else if (device.type === "cpu") {
    why = others === 0 ? "it is the only device" : `all ${devices.length} devices are CPUs`;
  } else if (others === 0) why = "it is the only device";
  else {
    const rivals = devices.filter((d) => d.type === device.type).length - 1;
    why = rivals > 0
      ? `first of ${rivals + 1} ${device.type} GPUs`
      : `the only ${device.type} GPU of ${devices.length} devices`;
  }
  return { device, reason: `${cpu}${device.name} (${device.type}, ${device.driver}): ${why}` };
}
