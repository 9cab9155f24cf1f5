/**
 * `Sysmem`: memory of a client behind an allocation: its pages, given to the host as page numbers or as a GPADL. Mirrors
 * create_existing_sysmem.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import type { GuestSlot } from "../../../core/guest_memory.ts";
import { PAGE_SIZE, type PinnedMemory } from "../../../core/memory.ts";
import type { Process } from "../../../core/process.ts";
import {
  dxgkvmb_command_setexistingsysmempages,
  dxgkvmb_command_setexistingsysmemstore,
} from "../../../uapi/dxgvmbus_allocation.ts";
import {
  DXGK_VMBCOMMAND_SETEXISTINGSYSMEMPAGES,
  DXGK_VMBCOMMAND_SETEXISTINGSYSMEMSTORE,
} from "../../../uapi/dxgvmbus_number.ts";
import { DXG_MAX_VM_BUS_PACKET_SIZE } from "../../../uapi/dxgvmbus_hdr.ts";
import type { DxgGlobal } from "./global.ts";
import type { DxgDevice } from "./objects.ts";
import type { Steps } from "./steps.ts";

/** Page numbers in a message: what is left of the longest one beside its struct and a page. */
const MAX_PFNS = Math.floor(
  (DXG_MAX_VM_BUS_PACKET_SIZE - dxgkvmb_command_setexistingsysmempages.size - PAGE_SIZE) / 8,
);

/** Pages of a client in use by the host. */
export class Sysmem implements Disposable {
  readonly #global: DxgGlobal;
  readonly #pinned: PinnedMemory;
  readonly #slots: GuestSlot[] = [];
  #gpadl = 0;

  /** Pins memory. @param address of a page. @param size bytes, whole pages. @throws {DrmError} ENOMEM when that cannot be */
  constructor(global: DxgGlobal, task: Process, address: bigint, size: number) {
    this.#global = global;
    const { memory } = task;
    if (memory.pin === undefined) {
      throw new DrmError("ENOMEM", "Cannot use this client's memory: its door cannot share it");
    }
    try {
      this.#pinned = memory.pin(address, size);
    } catch (error) {
      // pin_user_pages_fast gives fewer pages; dxgkrnl makes that ENOMEM.
      if (!(error instanceof DrmError)) throw error;
      throw new DrmError("ENOMEM", `Cannot pin ${size} bytes at 0x${address.toString(16)}: ${error.message}`);
    }
    try {
      for (const { pages, offset, length } of this.#pinned.segments) {
        this.#slots.push(global.bus.memory.add(pages, offset, length));
      }
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Tells the host. Throws what it says. */
  *give(device: DxgDevice, allocation: number): Steps<void> {
    const { adapter, process } = device;
    if (!this.#global.mapsGuestPages) {
      this.#gpadl = this.#global.bus.establishGpadl(this.#slots.map(({ gpa, length }) => ({ gpa, length })));
      const struct = dxgkvmb_command_setexistingsysmemstore;
      const message = adapter.message(DXGK_VMBCOMMAND_SETEXISTINGSYSMEMSTORE, struct, process);
      const body = message.body(struct);
      body.device = device.handle;
      body.allocation = allocation;
      body.gpadl = this.#gpadl;
      yield message.expects(4);
      if (message.status < 0) throw DrmError.of(message.status);
      return;
    }
    const pfns = this.#slots.flatMap(({ gpa, length }) =>
      Array.from({ length: length / PAGE_SIZE }, (_, i) => gpa / PAGE_SIZE + i)
    );
    const struct = dxgkvmb_command_setexistingsysmempages;
    for (let at = 0; at < pfns.length; at += MAX_PFNS) {
      const count = Math.min(MAX_PFNS, pfns.length - at);
      const message = adapter.message(
        DXGK_VMBCOMMAND_SETEXISTINGSYSMEMPAGES,
        struct,
        process,
        struct.size + count * 8,
      );
      const body = message.body(struct);
      body.device = device.handle;
      body.allocation = allocation;
      body.num_pages = count;
      body.alloc_offset_in_pages = at;
      for (let i = 0; i < count; i++) {
        message.view.setBigUint64(message.at + struct.size + i * 8, BigInt(pfns[at + i]), true);
      }
      yield message.expects(4);
      if (message.status < 0) throw DrmError.of(message.status);
    }
  }

  /** Lets go of the pages; the host has by then. */
  [Symbol.dispose](): void {
    if (this.#gpadl !== 0) this.#global.bus.teardownGpadl(this.#gpadl);
    this.#gpadl = 0;
    for (const slot of this.#slots.splice(0)) this.#global.bus.memory.remove(slot);
    this.#pinned[Symbol.dispose]();
  }
}
