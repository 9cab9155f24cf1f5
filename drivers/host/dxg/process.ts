/**
 * Processes of the guest: their handles, and what they have of each adapter. Mirrors dxgprocess and dxgprocess_adapter.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import type { VramClient } from "../../../core/vram.ts";
import type { DxgAdapter } from "./adapter.ts";
import { Allocation, Resource } from "./allocation.ts";
import { DxgContext, HwQueue } from "./context.ts";
import type { CpuWait } from "./cpu_wait.ts";
import { DxgDevice } from "./device.ts";
import { FencePage, FENCES_PER_PAGE } from "./fence_page.ts";
import { GpuSpace } from "./gpu_space.ts";
import { HandleTable } from "./handle_table.ts";
import type { HostCore } from "./host_core.ts";
import { PagingQueue } from "./paging_queue.ts";
import type { SharedHandle } from "./sharing.ts";
import { SyncHandle, type SyncObject } from "./sync_object.ts";

/** What a handle of a process may name. */
export type DxgObject = DxgDevice | DxgContext | HwQueue | PagingQueue | Allocation | Resource | SyncHandle;

/** What a process has of an adapter. */
export class ProcessAdapter {
  /** Whose. */
  readonly process: DxgProcess;
  /** Of which. */
  readonly adapter: DxgAdapter;
  /** Whose residency counts. */
  readonly client: VramClient;
  /** Its GPU virtual addresses. */
  readonly space: GpuSpace;
  /** Its devices. */
  readonly devices: Set<DxgDevice> = new Set();
  /** Queues that have work on the engine. */
  running = 0;
  // Pages of fences that have room, and pages that are full until a fence goes.
  readonly #pages = new Set<FencePage>();

  /** Nothing yet. */
  constructor(process: DxgProcess, adapter: DxgAdapter) {
    this.process = process;
    this.adapter = adapter;
    this.client = adapter.vram.addClient();
    this.space = new GpuSpace(adapter, this.client, adapter.limits.mappings);
    adapter.parts.set(this.client, this);
  }

  /** Gives a monitored fence a place in memory. @param alone in a page that others may see. @throws {DrmError} ENOMEM, EINVAL */
  assignPage(object: SyncObject, alone = false): void {
    const { allocator, window } = this.process.host;
    if (alone) {
      new FencePage(allocator, window, 1).assign(object);
      return;
    }
    let page: FencePage | undefined;
    for (const candidate of this.#pages) {
      if (candidate.hasRoom) {
        page = candidate;
        break;
      }
      this.#pages.delete(candidate); // full ones are not looked at again
    }
    if (page === undefined) {
      const made: FencePage = new FencePage(allocator, window, FENCES_PER_PAGE, () => this.#pages.delete(made));
      this.#pages.add(page = made);
    }
    page.assign(object);
  }

  /** Frees all of it. */
  close(): void {
    for (const device of [...this.devices]) device.close();
    this.adapter.vram.removeClient(this.client);
    this.adapter.parts.delete(this.client);
  }
}

/** A process. */
export class DxgProcess {
  /** The host. */
  readonly host: HostCore;
  /** Its number in the guest. */
  readonly pid: number;
  /** Its name in the guest, for people. */
  readonly name: string;
  /** What it has of each adapter. */
  readonly parts: Map<DxgAdapter, ProcessAdapter> = new Map();
  /** What it waits for from the CPU. */
  readonly waits: Set<CpuWait> = new Set();
  /** Handles that the host has been given of its objects (SHAREOBJECTWITHHOST): they go with it, or they would stay for ever. */
  readonly hostHandles: Map<number, SharedHandle> = new Map();
  /** Bytes of its allocations. */
  memory = 0;
  /** Bytes of private data of its allocations. */
  privateData = 0;
  readonly #handles: HandleTable<DxgObject>;

  /** @param pid in the guest. @param name in the guest. */
  constructor(host: HostCore, pid: number, name: string) {
    this.host = host;
    this.pid = pid;
    this.name = name;
    this.#handles = new HandleTable(host.limits.handles);
  }

  /** Objects that it has. */
  get count(): number {
    return this.#handles.count;
  }

  /** How many more it may have. */
  get room(): number {
    return this.#handles.room;
  }

  /** @internal A handle. Throws ENOMEM. */
  add(object: DxgObject): number {
    return this.#handles.add(object);
  }

  /** @internal Takes a handle out. */
  remove(handle: number): void {
    this.#handles.remove(handle);
  }

  /** What it has of an adapter, made with its first device there. */
  part(adapter: DxgAdapter): ProcessAdapter {
    let part = this.parts.get(adapter);
    if (part === undefined) this.parts.set(adapter, part = new ProcessAdapter(this, adapter));
    return part;
  }

  /** A device. Throws EBADF. */
  device(handle: number): DxgDevice {
    const object = this.#handles.get(handle);
    return object instanceof DxgDevice ? object : bad("device", handle);
  }

  /** A context. Throws EBADF. */
  context(handle: number): DxgContext {
    const object = this.#handles.get(handle);
    return object instanceof DxgContext ? object : bad("context", handle);
  }

  /** A hardware queue. Throws EBADF. */
  hwQueue(handle: number): HwQueue {
    const object = this.#handles.get(handle);
    return object instanceof HwQueue ? object : bad("hardware queue", handle);
  }

  /** A context or a hardware queue: what has commands. Throws EBADF. */
  commands(handle: number): DxgContext | HwQueue {
    const object = this.#handles.get(handle);
    return object instanceof DxgContext || object instanceof HwQueue ? object : bad("context", handle);
  }

  /** A paging queue. Throws EBADF. */
  pagingQueue(handle: number): PagingQueue {
    const object = this.#handles.get(handle);
    return object instanceof PagingQueue ? object : bad("paging queue", handle);
  }

  /** An allocation. Throws EBADF. */
  allocation(handle: number): Allocation {
    const object = this.#handles.get(handle);
    return object instanceof Allocation ? object : bad("allocation", handle);
  }

  /** A resource. Throws EBADF. */
  resource(handle: number): Resource {
    const object = this.#handles.get(handle);
    return object instanceof Resource ? object : bad("resource", handle);
  }

  /** A synchronization object. Throws EBADF. */
  sync(handle: number): SyncHandle {
    const object = this.#handles.get(handle);
    return object instanceof SyncHandle ? object : bad("synchronization object", handle);
  }

  /** Anything. Throws EBADF. */
  object(handle: number): DxgObject {
    return this.#handles.get(handle) ?? bad("object", handle);
  }

  /** Ends it: everything that it has goes. */
  close(): void {
    for (const wait of [...this.waits]) wait.close();
    for (const part of this.parts.values()) part.close();
    this.parts.clear();
    for (const [handle, shared] of this.hostHandles) {
      if (this.host.shared.get(handle) !== shared) continue; // it was destroyed
      this.host.shared.remove(handle);
      shared.object.drop();
    }
    this.hostHandles.clear();
  }
}

function bad(what: string, handle: number): never {
  throw new DrmError("EBADF", `Cannot find ${what} 0x${handle.toString(16)}`);
}
