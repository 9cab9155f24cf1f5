/**
 * Shared objects: what other processes open by a handle of the whole host. The object lives as long as any handle to it.
 * Mirrors dxgsharedresource, dxgsharedsyncobject and NT handles.
 * @module
 */

import type { DxgAdapter } from "./adapter.ts";
import type { Backing } from "./backing.ts";
import type { SyncObject } from "./sync_object.ts";

/** An allocation of a shared resource. */
export interface SharedAllocation {
  /** Its memory, held. */
  readonly backing: Backing;
  /** Its private data. */
  readonly privateData: Uint8Array;
}

/** What is shared. */
export type SharedContent =
  | {
    /** A resource. */
    readonly kind: "resource";
    /** Where it can be opened. */
    readonly adapter: DxgAdapter;
    /** Its allocations; empty until it is sealed. */
    readonly allocations: SharedAllocation[];
    /** Its own private data. */
    readonly privateData: Uint8Array;
  }
  | {
    /** A synchronization object. */
    readonly kind: "sync";
    /** Where it can be opened. */
    readonly adapter: DxgAdapter;
    /** It, named. */
    readonly object: SyncObject;
  };

/** A shared object. */
export class SharedObject {
  /** What it is. */
  readonly content: SharedContent;
  /** Its handle that goes with the object that it was made with. */
  handle = 0;
  readonly #gone: () => void;
  #refs = 1;

  /** @param content held by the caller for it. @param gone called when the last handle is. */
  constructor(content: SharedContent, gone: () => void = () => {}) {
    this.content = content;
    this.#gone = gone;
  }

  /** Somebody more names it. */
  hold(): void {
    this.#refs++;
  }

  /** Somebody less. */
  drop(): void {
    if (--this.#refs > 0) return;
    const { content } = this;
    if (content.kind === "sync") content.object.unname();
    else for (const { backing } of content.allocations) backing.drop();
    this.#gone();
  }
}

/** A handle of the whole host. */
export interface SharedHandle {
  /** What it names. */
  readonly object: SharedObject;
  /** Whether the guest gives it back by DESTROYNTSHAREDOBJECT; otherwise it goes with the object that it was made with. */
  readonly isNt: boolean;
}
