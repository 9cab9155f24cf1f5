/**
 * Allocations and resources, and the open private data that says what an allocation is (uapi/dxg_driver.ts).
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import { DRM_FORMAT_MOD_LINEAR } from "../../../uapi/drm_fourcc.ts";
import {
  DXG_ALLOCATION_CACHED,
  DXG_ALLOCATION_CPU_VISIBLE,
  DXG_ALLOCATION_EXISTING_SYSMEM,
  DXG_ALLOCATION_FLAGS,
  dxg_driver_allocation,
  DXG_DRIVER_MAGIC,
  DXG_DRIVER_VERSION,
  DXG_USAGE_IMAGE,
  DXG_USAGE_SCANOUT,
  DXG_USAGES,
} from "../../../uapi/dxg_driver.ts";
import { drm_format_info, drm_format_info_min_pitch, drm_format_info_plane_height } from "../../../uapi/format.ts";
import type { View } from "../../../uapi/struct.ts";
import { VramPriority } from "../../../core/vram.ts";
import { Backing, checkSize } from "./backing.ts";
import type { DxgDevice } from "./device.ts";
import type { IoMapping } from "./io_window.ts";
import type { SharedObject } from "./sharing.ts";

/** Bytes from line to line are a multiple of this, so that a copy between image and buffer needs no repacking. */
const PITCH_ALIGN = 256;
const MAX_EXTENT = 16384;

/** What private data says. */
export interface AllocationInfo {
  /** The data, filled in: sizes and pitch chosen. */
  readonly data: View<dxg_driver_allocation>;
  /** Bytes, whole pages. */
  readonly size: number;
}

/** Reads private data of an allocation. @param bytes a private copy. @throws {DrmError} EINVAL for what is no such data */
export function parseAllocation(bytes: Uint8Array): AllocationInfo {
  if (bytes.length < dxg_driver_allocation.size) throw wrong(`${bytes.length} bytes of private data are too few`);
  const data = dxg_driver_allocation.at(bytes);
  if (data.magic !== DXG_DRIVER_MAGIC || data.version !== DXG_DRIVER_VERSION) {
    throw wrong(`its private data is not udrm's: magic 0x${data.magic.toString(16)}, version ${data.version}`);
  }
  if ((data.flags & ~DXG_ALLOCATION_FLAGS) !== 0 || (data.usage & ~DXG_USAGES) !== 0 || data.reserved !== 0n) {
    throw wrong("unknown flags in its private data");
  }
  if ((data.usage & (DXG_USAGE_IMAGE | DXG_USAGE_SCANOUT)) !== 0) image(data);
  else if (data.format !== 0 || data.width !== 0 || data.height !== 0 || data.pitch !== 0 || data.modifier !== 0n) {
    throw wrong("a buffer has no format");
  }
  const size = checkSize(data.size);
  data.size = size;
  return { data, size };
}

function image(data: View<dxg_driver_allocation>): void {
  const info = drm_format_info(data.format);
  if (info === undefined || info.num_planes !== 1) throw wrong(`format 0x${data.format.toString(16)}`);
  if (data.modifier !== BigInt(DRM_FORMAT_MOD_LINEAR)) throw wrong(`modifier 0x${data.modifier.toString(16)}`);
  if (data.width === 0 || data.height === 0 || data.width > MAX_EXTENT || data.height > MAX_EXTENT) {
    throw wrong(`${data.width} x ${data.height} pixels`);
  }
  const least = drm_format_info_min_pitch(info, 0, data.width);
  if (data.pitch === 0) data.pitch = Math.ceil(least / PITCH_ALIGN) * PITCH_ALIGN;
  if (data.pitch < least) throw wrong(`${data.pitch} bytes a line for ${data.width} pixels`);
  const needed = data.pitch * drm_format_info_plane_height(info, data.height, 0);
  if (data.size === 0) data.size = needed;
  if (data.size < needed) throw wrong(`${data.size} bytes for ${needed}`);
}

function wrong(what: string): DrmError {
  return new DrmError("EINVAL", `Cannot make an allocation: ${what}`);
}

/** An allocation as a process has it. */
export class Allocation {
  /** Whose. */
  readonly device: DxgDevice;
  /** The resource that it is part of. */
  readonly resource: Resource | undefined;
  /** Its memory, perhaps shared with others. */
  readonly backing: Backing;
  /** Private data, filled in. */
  readonly privateData: Uint8Array;
  /** What it says. */
  readonly info: View<dxg_driver_allocation>;
  /** Its handle. */
  readonly handle: number;
  /** Who goes first (D3DDDI_ALLOCATIONPRIORITY_*). */
  priority: number = VramPriority.NORMAL;
  #pins = 0;
  #locks = 0;
  #mapping: IoMapping | undefined;
  #closed = false;

  /** @param backing held by the caller: on success the allocation's. @throws {DrmError} ENOMEM */
  constructor(device: DxgDevice, resource: Resource | undefined, backing: Backing, privateData: Uint8Array) {
    const { process } = device;
    const { limits } = device.adapter;
    if (
      process.memory + backing.size > limits.memory || process.privateData + privateData.length > limits.privateData
    ) {
      throw new DrmError("ENOMEM", `Cannot make an allocation: the process has ${process.memory} bytes`);
    }
    this.device = device;
    this.resource = resource;
    this.backing = backing;
    this.privateData = privateData;
    this.info = dxg_driver_allocation.at(privateData);
    this.handle = process.add(this);
    process.memory += backing.size;
    process.privateData += privateData.length;
    device.allocations.add(this);
    resource?.allocations.push(this);
  }

  /** Whether the CPU may see its memory cached. */
  get isCached(): boolean {
    return (this.info.flags & DXG_ALLOCATION_CACHED) !== 0;
  }

  /** Whether its device has made it resident. */
  get isPinned(): boolean {
    return this.#pins > 0;
  }

  /** Counts it resident once more; {@linkcode Vram.place} brings it. Throws EINVAL while the guest has not named its pages. */
  pin(): void {
    if (!this.backing.isComplete) throw new DrmError("EINVAL", "Cannot make resident: its pages are not all known");
    this.#pins++;
    this.device.adapter.vram.pin(this.device.client, this.backing.node);
  }

  /** Counts it resident once less; false if it was not. */
  unpin(): boolean {
    if (this.#pins === 0) return false;
    this.#pins--;
    // Jobs that were submitted before may ask for it when they come to it: its memory stays for them.
    for (const device of this.device.part.running === 0 ? [] : this.device.part.devices) {
      for (const queue of device.queues) if (queue.running > 0) this.backing.use(queue, queue.last);
    }
    return this.device.adapter.vram.unpin(this.device.client, this.backing.node);
  }

  /** Shows it to the guest; its guest-physical address. Throws EINVAL if the CPU cannot see it, ENOMEM. */
  lock(): number {
    const { pages, kind } = this.backing;
    if (pages === undefined || kind !== "visible") {
      throw new DrmError("EINVAL", "Cannot lock: the allocation was made without CPU access");
    }
    this.#mapping ??= this.device.process.host.window.map(pages);
    this.#locks++;
    return this.#mapping.gpa;
  }

  /** Ends one `lock`. Throws EINVAL without one. */
  unlock(): void {
    if (this.#locks === 0) throw new DrmError("EINVAL", "Cannot unlock: the allocation is not locked");
    if (--this.#locks > 0) return;
    this.#unmap();
  }

  #unmap(): void {
    if (this.#mapping !== undefined) this.device.process.host.window.unmap(this.#mapping);
    this.#mapping = undefined;
  }

  /** Frees it; its memory goes with the last who has it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { process } = this.device;
    while (this.#pins > 0) this.unpin();
    this.#unmap();
    process.remove(this.handle);
    process.memory -= this.backing.size;
    process.privateData -= this.privateData.length;
    this.device.allocations.delete(this);
    this.backing.drop();
  }
}

/** A group of allocations, which is shared as a whole. */
export class Resource {
  /** Whose. */
  readonly device: DxgDevice;
  /** Its allocations, in order. */
  readonly allocations: Allocation[] = [];
  /** Private data of the resource itself. */
  readonly privateData: Uint8Array;
  /** Its handle. */
  readonly handle: number;
  /** Its handle for other processes, when it was made shared. */
  shared: SharedObject | undefined;
  /** Whether somebody may open it: it gets no further allocations. */
  isSealed = false;
  #closed = false;

  /** An empty one. Throws ENOMEM. */
  constructor(device: DxgDevice, privateData: Uint8Array) {
    const { process } = device;
    if (process.privateData + privateData.length > device.adapter.limits.privateData) {
      throw new DrmError("ENOMEM", "Cannot make a resource: the process has too much private data");
    }
    this.device = device;
    this.privateData = privateData;
    this.handle = process.add(this);
    process.privateData += privateData.length;
    device.resources.add(this);
  }

  /** Frees it and its allocations. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const allocation of this.allocations) allocation.close();
    this.device.process.remove(this.handle);
    this.device.process.privateData -= this.privateData.length;
    this.device.resources.delete(this);
    this.shared?.drop();
    this.shared = undefined;
  }
}

/**
 * What kind of memory an allocation needs. @param existing whether the guest will name pages of its own. @param shared whether other
 * processes may open it: where each has a host of its own, their engines have only pages in common.
 */
export function makeBacking(device: DxgDevice, info: AllocationInfo, existing: boolean, shared: boolean): Backing {
  const { flags } = info.data;
  if (((flags & DXG_ALLOCATION_EXISTING_SYSMEM) !== 0) !== existing) {
    throw wrong("existing memory must be asked for in its private data and in its flags");
  }
  const own = shared && device.process.host.peers !== undefined ? "shared" : "device";
  const kind = existing ? "sysmem" : (flags & DXG_ALLOCATION_CPU_VISIBLE) !== 0 ? "visible" : own;
  return new Backing(device.adapter, info.size, kind);
}
