/**
 * The I/O window in a client: fence pages and locked allocations, which the host shows at guest-physical addresses. Mirrors
 * dxg_map_iospace and check_iospace_address.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import { PAGE_SIZE, pageAlign, type PageSegment, type UserMapping } from "../../../core/memory.ts";
import type { Call } from "./call.ts";
import type { DxgGlobal } from "./global.ts";

/** A fence's value as a client sees it. */
export interface FenceView extends UserMapping {
  /** What stands there now; undefined once the host has taken it away. */
  readonly load: () => bigint | undefined;
  /** Gives it its greatest value, in place of a host that is gone: whoever waits for the fence goes on. */
  lift(): void;
}

/**
 * The pages that the host shows at an address.
 * @param address guest-physical; of a page. @param length bytes, whole pages.
 * @throws {DrmError} ENOMEM outside the window, and where the host shows nothing or less
 */
export function ioPages(global: DxgGlobal, address: number, length: number): PageSegment {
  const { base, size } = global.window;
  // As the kernel has it, the end of the window itself is out of reach.
  if (!(address >= base && length <= size && address < base + size - length)) {
    throw new DrmError("ENOMEM", `Cannot map ${length} bytes at 0x${address.toString(16)}: not in the I/O window`);
  }
  const slot = global.bus.memory.find(address);
  if (slot === undefined || address + length > slot.gpa + slot.length) {
    throw new DrmError("ENOMEM", `Cannot map ${length} bytes at 0x${address.toString(16)}: the host shows less`);
  }
  return { pages: slot.pages, offset: slot.offset + (address - slot.gpa), length };
}

/** Maps a locked allocation into the caller. Throws ENOMEM. */
export function mapAllocation(global: DxgGlobal, call: Call<unknown>, address: bigint, size: number): UserMapping {
  return call.map(ioPages(global, Number(address), pageAlign(size)));
}

/**
 * Maps the page of a fence into the caller.
 *
 * @param address guest-physical, of the value or of its page. @param offset into the page, for the latter.
 * @returns the mapping, `address` being the value's. @throws {DrmError} ENOMEM
 */
export function mapFence(global: DxgGlobal, call: Call<unknown>, address: bigint, offset = 0): FenceView {
  const value = Number(address);
  const page = Math.floor(value / PAGE_SIZE) * PAGE_SIZE;
  const within = value > page ? value - page : offset;
  if (!(within >= 0 && within <= PAGE_SIZE - 8) || within % 8 !== 0) {
    throw new DrmError("ENOMEM", `Cannot map a fence at ${within} of its page`);
  }
  const segment = ioPages(global, page, PAGE_SIZE);
  const mapping = call.map(segment);
  segment.pages.pin(); // the host may go before the client does
  const { memory } = global.bus;
  return {
    address: mapping.address + BigInt(within),
    load: () => {
      const slot = memory.find(page + within);
      if (slot === undefined) return undefined;
      const bytes = memory.bytes(page + within, 8);
      return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
    },
    lift: () => segment.pages.bytes().fill(0xff, segment.offset + within, segment.offset + within + 8),
    detach: () => mapping.detach?.(),
    [Symbol.dispose]: () => {
      mapping[Symbol.dispose]();
      segment.pages.unpin();
    },
  };
}
