/**
 * The driver's own process on the host: it keeps the memory of exported resources in the guest's sight, whatever the process that
 * made them does.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import { heapAllocator, type PageAllocator, type PageSegment } from "../../../core/memory.ts";
import { dxgkvmb_command_destroyallocation } from "../../../uapi/dxgvmbus_allocation.ts";
import { dxgkvmb_command_createdevice, dxgkvmb_command_createdevice_return } from "../../../uapi/dxgvmbus_device.ts";
import {
  dxgkvmb_command_lock2,
  dxgkvmb_command_lock2_return,
  dxgkvmb_command_openresource,
  dxgkvmb_command_openresource_return,
  dxgkvmb_command_unlock2,
} from "../../../uapi/dxgvmbus_lock.ts";
import {
  DXGK_VMBCOMMAND_CREATEDEVICE,
  DXGK_VMBCOMMAND_DESTROYALLOCATION,
  DXGK_VMBCOMMAND_LOCK2,
  DXGK_VMBCOMMAND_OPENRESOURCE,
  DXGK_VMBCOMMAND_UNLOCK2,
} from "../../../uapi/dxgvmbus_number.ts";
import { ntstatusToReturn } from "../../../uapi/ntstatus.ts";
import type { DxgAdapter } from "./adapter.ts";
import { ioPages } from "./io_space.ts";
import { DxgProcess } from "./process.ts";
import type { NtHandle, SharedResource } from "./shared.ts";
import { runDetached, type Steps } from "./steps.ts";

/** A shared resource of one allocation that the driver has open. */
export interface HeldResource {
  /** The host's handle of the whole, which goes with `release`. */
  readonly nt: NtHandle;
  /** Its pages; undefined where the CPU cannot reach them. */
  readonly segment: PageSegment | undefined;
  /** Lets go of it. */
  release(): void;
}

/** Pages of the host's that others may have by a dma-buf. */
export interface BorrowedPages {
  /** The host frees them now: a copy takes their place. Throws ENOMEM. */
  detach(allocator: PageAllocator): void;
}

/** The driver as a client of the host. */
export class KernelClient {
  /** What others have of the host's. */
  readonly pages: Set<BorrowedPages> = new Set();
  readonly #adapter: DxgAdapter;
  #process: DxgProcess | undefined;
  #device = 0;

  /** Nothing is made before it is needed. */
  constructor(adapter: DxgAdapter) {
    this.#adapter = adapter;
  }

  // Two that begin at once both make a process: the second one's is used from then on.
  *#start(): Steps<DxgProcess> {
    if (this.#process !== undefined && this.#device !== 0) return this.#process;
    const process = new DxgProcess(this.#adapter.global, 0, "dxgkrnl");
    yield* process.create();
    const struct = dxgkvmb_command_createdevice;
    const message = this.#adapter.message(DXGK_VMBCOMMAND_CREATEDEVICE, struct, process);
    yield message.expects(dxgkvmb_command_createdevice_return.size);
    const { device } = message.result(dxgkvmb_command_createdevice_return);
    if (device === 0) throw new DrmError("ENOTRECOVERABLE", "Cannot make the driver's own device");
    this.#process = process;
    this.#device = device;
    return process;
  }

  /** Opens a resource of one allocation and locks it. Throws what the host says. @param nt which is taken over on success. */
  *open(resource: SharedResource, nt: NtHandle): Steps<HeldResource> {
    const adapter = this.#adapter;
    const process = yield* this.#start();
    const device = this.#device;
    const struct = dxgkvmb_command_openresource;
    const message = adapter.message(DXGK_VMBCOMMAND_OPENRESOURCE, struct, process);
    const body = message.body(struct);
    body.device = device;
    body.nt_security_sharing = 1;
    body.global_share = nt.value;
    body.allocation_count = 1;
    body.total_priv_drv_data_size = resource.privateData.length;
    yield message.expects(dxgkvmb_command_openresource_return.size + 4);
    const opened = message.result(dxgkvmb_command_openresource_return);
    const status = ntstatusToReturn(opened.status);
    if (status < 0) throw DrmError.of(status);
    const handle = opened.resource;
    const reply = new DataView(message.reply.buffer, message.reply.byteOffset);
    const allocation = reply.getUint32(dxgkvmb_command_openresource_return.size, true);
    const segment = yield* this.#lock(process, device, allocation, resource.allocations[0].size);
    return {
      nt,
      segment,
      release: () => {
        runDetached(this.#close(process, device, handle, segment === undefined ? 0 : allocation));
        nt.close();
      },
    };
  }

  // Undefined for what was made without CPU access.
  *#lock(process: DxgProcess, device: number, allocation: number, size: number): Steps<PageSegment | undefined> {
    const struct = dxgkvmb_command_lock2;
    const message = this.#adapter.message(DXGK_VMBCOMMAND_LOCK2, struct, process);
    const { args } = message.body(struct);
    args.device = device;
    args.allocation = allocation;
    yield message.expects(dxgkvmb_command_lock2_return.size);
    const locked = message.result(dxgkvmb_command_lock2_return);
    if (ntstatusToReturn(locked.status) < 0) return undefined;
    return ioPages(this.#adapter.global, Number(locked.cpu_visible_buffer_offset), size);
  }

  *#close(process: DxgProcess, device: number, resource: number, locked: number): Steps<void> {
    if (!this.#adapter.isActive) return;
    if (locked !== 0) {
      const unlock = this.#adapter.message(DXGK_VMBCOMMAND_UNLOCK2, dxgkvmb_command_unlock2, process);
      const { args } = unlock.body(dxgkvmb_command_unlock2);
      args.device = device;
      args.allocation = locked;
      yield unlock.expects(4);
    }
    const struct = dxgkvmb_command_destroyallocation;
    const message = this.#adapter.message(DXGK_VMBCOMMAND_DESTROYALLOCATION, struct, process);
    const body = message.body(struct);
    body.device = device;
    body.resource = resource;
    yield message.expects(4);
  }

  /** The host frees what it has: dma-bufs keep what they show. */
  detach(): void {
    const { system } = this.#adapter.device;
    for (const pages of this.pages) {
      try {
        pages.detach(system.pages);
      } catch (error) {
        if (!(error instanceof DrmError)) throw error;
        pages.detach(heapAllocator());
      }
    }
  }

  /** The adapter has stopped. */
  forget(): void {
    this.#process = undefined;
    this.#device = 0;
  }
}
