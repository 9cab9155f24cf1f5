/** Buffers over memory that the process already has (VK_EXT_external_memory_host): zero-copy where the driver can, a reason where not. */
import type { Device } from "./device.ts";
import { VkError } from "./error.ts";
import {
  VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT,
  VK_MEMORY_PROPERTY_HOST_COHERENT_BIT,
  VkBufferCreateInfo,
  VkExternalMemoryBufferCreateInfo,
  VkImportMemoryHostPointerInfoEXT,
  VkMemoryHostPointerPropertiesEXT,
  VkMemoryRequirements,
  VkPhysicalDeviceExternalMemoryHostPropertiesEXT,
  VkPhysicalDeviceProperties2,
} from "./generated/mod.ts";
import { chain } from "./struct.ts";

const handleType = VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT;

/** A buffer over host memory. The pages must stay mapped until it is disposed of. */
export class HostBuffer implements Disposable {
  /** The VkBuffer. */
  readonly handle: bigint;
  /** Bytes. */
  readonly size: number;
  readonly #device: Device;
  readonly #memory: bigint;
  #open = true;

  /** For {@linkcode importHostMemory}. */
  constructor(device: Device, handle: bigint, memory: bigint, size: number) {
    this.#device = device;
    this.handle = handle;
    this.#memory = memory;
    this.size = size;
    device.own(this);
  }

  /** Destroys the buffer and the import; the memory itself stays. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#device.disown(this);
    this.#device.vk.vkDestroyBuffer(this.#device.handle, this.handle, 0n);
    this.#device.memory.freeRaw(this.#memory, this.size);
  }
}

/** An imported buffer, or why the caller must stage instead. */
export type HostImport =
  | { readonly importable: true; readonly buffer: HostBuffer }
  | { readonly importable: false; readonly reason: string };

const alignments = new WeakMap<Device, number>();

/** minImportedHostPointerAlignment, in bytes; 0 when the device cannot import host memory. */
export function hostImportAlignment(device: Device): number {
  if (!device.extensions.has("VK_EXT_external_memory_host")) return 0;
  let alignment = alignments.get(device);
  if (alignment === undefined) {
    alignment = device.arena.scope((m) => {
      const at = m.place(VkPhysicalDeviceExternalMemoryHostPropertiesEXT, {});
      device.vk.vkGetPhysicalDeviceProperties2(
        device.physical.handle,
        m.put(VkPhysicalDeviceProperties2, { pNext: m.address(at) }),
      );
      return Number(VkPhysicalDeviceExternalMemoryHostPropertiesEXT.read(m, at).minImportedHostPointerAlignment);
    });
    alignments.set(device, alignment);
  }
  return alignment;
}

/**
 * Imports host memory as a buffer.
 * @param address of the first byte
 * @param size bytes
 * @param usage VkBufferUsageFlags
 * @returns the buffer, or the reason why this memory cannot be imported
 * @throws {RangeError} for an address or size that is no positive integer
 * @throws {VkError} when the device is lost
 */
export function importHostMemory(device: Device, address: bigint, size: number, usage: number): HostImport {
  if (!(Number.isSafeInteger(size) && size > 0 && address > 0n)) {
    throw new RangeError(`Cannot import ${size} bytes at address ${address}`);
  }
  device.assertUsable();
  const refuse = (reason: string): HostImport => ({ importable: false, reason });
  const alignment = hostImportAlignment(device);
  if (alignment === 0) return refuse("the device does not offer VK_EXT_external_memory_host");
  if (address % BigInt(alignment) !== 0n || size % alignment !== 0) {
    return refuse(`address and size must be multiples of ${alignment}`);
  }
  const { vk, handle, arena } = device;
  const mark = arena.mark();
  using cleanup = new DisposableStack();
  cleanup.defer(() => arena.reset(mark));
  try {
    const propertiesAt = arena.place(VkMemoryHostPointerPropertiesEXT, {});
    const command = "vkGetMemoryHostPointerPropertiesEXT";
    device.check(device.extension[command](handle, handleType, address, arena.address(propertiesAt)), command);
    const hostBits = VkMemoryHostPointerPropertiesEXT.read(arena, propertiesAt).memoryTypeBits;
    const out = arena.alloc(8);
    const external = chain(VkExternalMemoryBufferCreateInfo, { handleTypes: handleType });
    const info = arena.put(VkBufferCreateInfo, { pNext: [external], size: BigInt(size), usage });
    device.check(vk.vkCreateBuffer(handle, info, 0n, arena.address(out)), "vkCreateBuffer");
    const buffer = arena.u64[out >>> 3];
    const undo = cleanup.use(new DisposableStack());
    undo.defer(() => vk.vkDestroyBuffer(handle, buffer, 0n));
    const requirementsAt = arena.alloc(VkMemoryRequirements.size);
    vk.vkGetBufferMemoryRequirements(handle, buffer, arena.address(requirementsAt));
    const requirements = VkMemoryRequirements.read(arena, requirementsAt);
    if (Number(requirements.size) > size) return refuse(`the buffer would need ${requirements.size} bytes`);
    // Nobody flushes what its owner writes.
    const coherent = device.physical.memory.types.reduce(
      (bits, { flags }, i) => (flags & VK_MEMORY_PROPERTY_HOST_COHERENT_BIT) !== 0 ? bits | 1 << i : bits,
      0,
    );
    const [type] = device.memory.candidates(hostBits & requirements.memoryTypeBits & coherent, "upload");
    if (type === undefined) return refuse("no memory type serves both this memory and buffers");
    const link = chain(VkImportMemoryHostPointerInfoEXT, { handleType, pHostPointer: address });
    const memory = device.memory.allocateRaw(type, size, [link]);
    undo.defer(() => device.memory.freeRaw(memory, size));
    device.check(vk.vkBindBufferMemory(handle, buffer, memory, 0n), "vkBindBufferMemory");
    undo.move();
    return { importable: true, buffer: new HostBuffer(device, buffer, memory, size) };
  } catch (error) {
    if (!(error instanceof VkError) || device.lost !== undefined) throw error;
    return refuse(error.message);
  }
}
