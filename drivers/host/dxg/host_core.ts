/**
 * What all parts of one dxg host share.
 * @module
 */

import type { PageAllocator } from "../../../core/memory.ts";
import type { GpaRange } from "../../../core/vmbus.ts";
import type { DxgAdapter } from "./adapter.ts";
import type { GuestEvents } from "./guest_events.ts";
import type { HandleTable } from "./handle_table.ts";
import type { IoWindow } from "./io_window.ts";
import type { DxgLimits } from "./limits.ts";
import type { DxgProcess } from "./process.ts";
import type { Scheduler } from "./scheduler.ts";
import type { SharedHandle } from "./sharing.ts";

/** A host, as its parts see it. */
export interface HostCore {
  /** What a guest may take. */
  readonly limits: DxgLimits;
  /** Where pages come from: fences, CPU-visible allocations, what was evicted. */
  readonly allocator: PageAllocator;
  /** Where the guest sees pages of the host. */
  readonly window: IoWindow;
  /** What the host tells the guest. */
  readonly events: GuestEvents;
  /** What keeps queues going. */
  readonly scheduler: Scheduler;
  /** The adapters. */
  readonly adapters: readonly DxgAdapter[];
  /** Processes of the guest. */
  readonly processes: HandleTable<DxgProcess>;
  /** Shared objects. */
  readonly shared: HandleTable<SharedHandle>;
  /** Ranges behind a handle of guest pages, or undefined. */
  gpadl(handle: number): readonly GpaRange[] | undefined;
  /** Tells the trace, if anybody listens. */
  trace(name: string, subject: string, result: string): void;
}
