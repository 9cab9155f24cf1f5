/**
 * The memory of a device: allocations, their GPU addresses, and which of them are resident. When a budget is spent, what was
 * used least recently is evicted, and comes back when it is used again.
 * @module
 */

import { PAGE_SIZE } from "../../../core/memory.ts";
import * as k from "../../../uapi/d3dkmthk.ts";
import {
  DXG_ALLOCATION_CPU_VISIBLE,
  dxg_driver_allocation,
  DXG_DRIVER_MAGIC,
  DXG_DRIVER_VERSION,
  DXG_USAGE_BUFFER,
  DXG_USAGE_IMAGE,
  DXG_USAGE_SCANOUT,
} from "../../../uapi/dxg_driver.ts";
import { STATUS_NO_MEMORY } from "../../../uapi/ntstatus.ts";
import { bytesOf } from "../../../uapi/struct.ts";
import { Allocation } from "./allocation.ts";
import type { Connection } from "./connection.ts";
import { checkStatus, ComputeError } from "./error.ts";

/** How much of the GPU's memory there is. */
export interface MemoryBudget {
  /** Bytes that this process may use. */
  readonly budget: number;
  /** Bytes that it uses. */
  readonly usage: number;
}

/** A picture that other processes and devices may see. */
export interface SharedImage {
  /** Pixels. */
  readonly width: number;
  /** Lines. */
  readonly height: number;
  /** DRM_FORMAT_*. */
  readonly format: number;
}

/** What is known of an allocation once it is made. */
interface Made {
  readonly handle: number;
  readonly resource: number;
  readonly size: number;
  readonly pitch: number;
}

const SHARED = k.d3dkmt_createallocationflags.create_resource | k.d3dkmt_createallocationflags.create_shared |
  k.d3dkmt_createallocationflags.nt_security_sharing;

/** Memory. */
export class DeviceMemory {
  readonly #client: Connection;
  readonly #all = new Set<Allocation>();
  readonly #retired: Allocation[] = [];
  #tick = 0;
  #evictions = 0;

  /** @param client whose. */
  constructor(client: Connection) {
    this.#client = client;
  }

  /** Allocations that exist. */
  get count(): number {
    return this.#all.size;
  }

  /** How often something was evicted. */
  get evictions(): number {
    return this.#evictions;
  }

  /** Budget and usage of memory near the GPU. @throws {ComputeError} */
  budget(): MemoryBudget {
    const { kmt, adapterHandle } = this.#client;
    const info = k.d3dkmt_queryvideomemoryinfo.of({
      adapter: adapterHandle,
      memory_segment_group: k._D3DKMT_MEMORY_SEGMENT_GROUP_LOCAL,
    });
    checkStatus(kmt.D3DKMTQueryVideoMemoryInfo(info), "Cannot ask for the memory budget");
    return { budget: info.budget, usage: info.current_usage };
  }

  /**
   * Allocates memory and gives it an address; zero at first.
   *
   * @param length bytes, 1 or more. @param visible whether the CPU sees it. @throws {ComputeError} memory, refused
   */
  allocate(length: number, visible: boolean): Allocation {
    this.collect();
    const what = `Cannot allocate ${length} bytes`;
    const size = Math.ceil(length / PAGE_SIZE) * PAGE_SIZE;
    const { name, localMemory, nonLocalMemory } = this.#client.adapter;
    const most = Math.max(localMemory, nonLocalMemory);
    if (size > most) throw new ComputeError("memory", `${what}: ${name} has ${most}`);
    const flags = visible ? DXG_ALLOCATION_CPU_VISIBLE : 0;
    return this.#place(this.#create({ size, flags, usage: DXG_USAGE_BUFFER }, 0, what), visible, what);
  }

  /** Allocates a linear picture that can be shared and shown. @throws {ComputeError} memory, refused */
  image({ width, height, format }: SharedImage): { readonly allocation: Allocation; readonly pitch: number } {
    this.collect();
    const what = `Cannot make a surface of ${width}x${height}`, usage = DXG_USAGE_IMAGE | DXG_USAGE_SCANOUT;
    const made = this.#create({ width, height, format, flags: DXG_ALLOCATION_CPU_VISIBLE, usage }, SHARED, what);
    return { allocation: this.#place(made, true, what), pitch: made.pitch };
  }

  #create(data: Parameters<typeof dxg_driver_allocation.of>[0], flags: number, what: string): Made {
    const { kmt, process, device } = this.#client;
    const own = process.heap.from(
      bytesOf(dxg_driver_allocation.of({ magic: DXG_DRIVER_MAGIC, version: DXG_DRIVER_VERSION, ...data })),
    );
    const entry = process.heap.from(bytesOf(k.d3dddi_allocationinfo2.of({
      priv_drv_data: own.address,
      priv_drv_data_size: own.bytes.length,
    })));
    try {
      const args = k.d3dkmt_createallocation.of({ device, alloc_count: 1, allocation_info: entry.address, flags });
      checkStatus(kmt.D3DKMTCreateAllocation2(args), what);
      const { size, pitch } = dxg_driver_allocation.at(own.bytes);
      return { handle: k.d3dddi_allocationinfo2.at(entry.bytes).allocation, resource: args.resource, size, pitch };
    } finally {
      process.heap.free(entry);
      process.heap.free(own);
    }
  }

  #place({ handle, resource, size }: Made, visible: boolean, what: string): Allocation {
    const { kmt, process, device, pagingQueue } = this.#client;
    let address = 0;
    try {
      const map = k.d3dddi_mapgpuvirtualaddress.of({
        paging_queue: pagingQueue,
        allocation: handle,
        size_in_pages: size / PAGE_SIZE,
        protection: k.d3dddigpuva_protection_type.write,
      });
      checkStatus(kmt.D3DKMTMapGpuVirtualAddress(map), what);
      this.#client.paged(map.paging_fence_value);
      address = Number(map.virtual_address);
      let bytes: Uint8Array | undefined;
      if (visible) {
        const lock = k.d3dkmt_lock2.of({ device, allocation: handle });
        checkStatus(kmt.D3DKMTLock2(lock), what);
        bytes = process.at(lock.data, size);
      }
      const allocation = new Allocation(handle, size, address, bytes, resource);
      this.use(allocation);
      this.#all.add(allocation);
      return allocation;
    } catch (error) {
      this.#destroy(handle, resource, address, size, false);
      throw error;
    }
  }

  /**
   * Makes sure that memory is resident by the time that work submitted next begins, and notes that it was used.
   *
   * @throws {ComputeError} memory: there is not enough for all that is in use at once
   */
  use(allocation: Allocation): void {
    allocation.tick = ++this.#tick;
    if (allocation.resident) return;
    const client = this.#client;
    const args = k.d3dddi_makeresident.of({ paging_queue: client.pagingQueue, alloc_count: 1 });
    const what = `Cannot make ${allocation.size} bytes resident`;
    for (;;) {
      args.allocation_list = client.handle(allocation.handle);
      const status = client.kmt.D3DKMTMakeResident(args);
      if (status !== STATUS_NO_MEMORY) {
        checkStatus(status, what);
        client.paged(args.paging_fence_value);
        allocation.resident = true;
        return;
      }
      if (!this.#evictOne(allocation)) throw new ComputeError("memory", `${what}: all other memory is in use`);
    }
  }

  // What is least recently used, idle first; memory that work uses is waited for.
  #evictOne(except: Allocation): boolean {
    let victim: Allocation | undefined;
    for (const one of this.#all) {
      if (one === except || !one.resident) continue;
      if (victim === undefined || one.tick < victim.tick) victim = one;
    }
    if (victim === undefined) return false;
    victim.wait();
    const client = this.#client;
    const args = k.d3dkmt_evict.of({
      device: client.device,
      alloc_count: 1,
      allocations: client.handle(victim.handle),
    });
    checkStatus(client.kmt.D3DKMTEvict(args), "Cannot evict memory");
    victim.resident = false;
    this.#evictions++;
    return true;
  }

  /** Whether something waits to be freed. */
  get hasRetired(): boolean {
    return this.#retired.length > 0;
  }

  /** Frees memory as soon as nothing uses it. */
  retire(allocation: Allocation): void {
    this.#retired.push(allocation);
    this.collect();
  }

  /** Frees what was retired and is idle by now. */
  collect(): void {
    for (let i = this.#retired.length - 1; i >= 0; i--) {
      const allocation = this.#retired[i];
      if (!allocation.isIdle) continue;
      this.#retired.splice(i, 1);
      this.#all.delete(allocation);
      const { handle, resource, address, size } = allocation;
      this.#destroy(handle, resource, address, size, allocation.bytes !== undefined);
    }
  }

  // A device in error may refuse: what it has goes with it.
  #destroy(handle: number, resource: number, address: number, size: number, locked: boolean): void {
    const client = this.#client, { kmt, device } = client;
    if (locked) kmt.D3DKMTUnlock2(k.d3dkmt_unlock2.of({ device, allocation: handle }));
    if (address > 0) {
      kmt.D3DKMTFreeGpuVirtualAddress(
        k.d3dkmt_freegpuvirtualaddress.of({ adapter: client.adapterHandle, base_address: BigInt(address), size }),
      );
    }
    const which = resource !== 0 ? { resource } : { alloc_count: 1, allocations: client.handle(handle) };
    kmt.D3DKMTDestroyAllocation2(k.d3dkmt_destroyallocation2.of({ device, ...which }));
  }
}
