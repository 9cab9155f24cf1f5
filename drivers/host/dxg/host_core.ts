/**
 * What all parts of one dxg host share.
 * @module
 */

import type { PageAllocator } from "../../../core/memory.ts";
import type { GpaRange } from "../../../core/vmbus.ts";
import type { DxgAdapter } from "./adapter.ts";
import type { DxgDevice } from "./device.ts";
import type { GuestEvents } from "./guest_events.ts";
import type { HandleTable } from "./handle_table.ts";
import type { IoWindow } from "./io_window.ts";
import type { DxgLimits } from "./limits.ts";
import type { DxgProcess } from "./process.ts";
import type { Scheduler } from "./scheduler.ts";
import type { SharedHandle, SharedObject } from "./sharing.ts";

/** Hosts of other processes of the same guest, each in a process of its own: what they and this one share. */
export interface Peers {
  /** Others may open it; as often as asked. Throws ENOMEM, EOPNOTSUPP where its memory cannot be given to others. */
  share(object: SharedObject): void;
  /** Its handle is not valid any more. */
  gone(handle: number): void;
  /** What another one shares, by the handle that stands for it here; undefined if there is none. */
  find(handle: number): SharedObject | undefined;
}

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
  /** Other hosts of the guest; undefined for a host that has all of its processes. */
  readonly peers: Peers | undefined;
  /** A device has hung: what runs on the engine may never end. */
  hung?(device: DxgDevice): void;
  /** Ranges behind a handle of guest pages, or undefined. */
  gpadl(handle: number): readonly GpaRange[] | undefined;
  /** Tells the trace, if anybody listens. */
  trace(name: string, subject: string, result: string): void;
}
