/**
 * What several processes have open: shared resources and shared synchronization objects, and the files that stand for them.
 * Mirrors dxgsharedresource, dxgsharedsyncobject and their anonymous files.
 * @module
 */

import type { DmaBuf } from "../../../core/dma_buf.ts";
import { DrmError } from "../../../core/error.ts";
import { File } from "../../../core/file.ts";
import {
  DXGK_VMBCOMMAND_CREATENTSHAREDOBJECT,
  DXGK_VMBCOMMAND_DESTROYNTSHAREDOBJECT,
} from "../../../uapi/dxgvmbus_number.ts";
import {
  dxgkvmb_command_createntsharedobject,
  dxgkvmb_command_destroyntsharedobject,
} from "../../../uapi/dxgvmbus_process.ts";
import type { DxgAdapter } from "./adapter.ts";
import type { DxgGlobal } from "./global.ts";
import type { Resource } from "./objects.ts";
import type { DxgProcess } from "./process.ts";
import type { FenceValues } from "./promises.ts";
import { runDetached, type Steps } from "./steps.ts";

/** A handle of the whole host, which keeps an object alive there. */
export class NtHandle {
  /** The handle. */
  readonly value: number;
  readonly #global: DxgGlobal;
  #closed = false;

  private constructor(global: DxgGlobal, value: number) {
    this.#global = global;
    this.value = value;
  }

  /** Makes one of a process's object. Throws ENOTRECOVERABLE if the host gives none, and what it says. */
  static *make(process: DxgProcess, object: number): Steps<NtHandle> {
    const { global } = process;
    const struct = dxgkvmb_command_createntsharedobject;
    const message = global.message(DXGK_VMBCOMMAND_CREATENTSHAREDOBJECT, struct, process.hostHandle);
    message.body(struct).object = object;
    yield message.expects(4);
    const value = new DataView(message.reply.buffer).getUint32(0, true);
    if (value === 0) throw new DrmError("ENOTRECOVERABLE", "Cannot share: the host gives no handle");
    return new NtHandle(global, value);
  }

  /** Gives it back. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      runDetached(this.#destroy());
    } catch (error) {
      if (!(error instanceof DrmError)) throw error; // the host is gone, and the handle with it
    }
  }

  *#destroy(): Steps<void> {
    const struct = dxgkvmb_command_destroyntsharedobject;
    const message = this.#global.message(DXGK_VMBCOMMAND_DESTROYNTSHAREDOBJECT, struct);
    message.body(struct).shared_handle = this.value;
    yield message.expects(4);
  }
}

/** An allocation of a sealed resource. */
export interface SealedAllocation {
  /** Bytes. */
  readonly size: number;
  /** Whether the CPU's view may be cached. */
  readonly isCached: boolean;
  /** Bytes of its private data. */
  readonly privateDataSize: number;
}

/** A resource that others may open. */
export class SharedResource {
  /** Where. */
  readonly adapter: DxgAdapter;
  /** Data of the runtime. */
  readonly runtimeData: Uint8Array;
  /** Private data of the resource. */
  readonly resourceData: Uint8Array;
  /** Private data of all allocations, once it is sealed. */
  privateData: Uint8Array = new Uint8Array(0);
  /** Its allocations, once it is sealed. */
  allocations: readonly SealedAllocation[] = [];
  /** The dma-buf that stands for it, while there is one. */
  buffer: DmaBuf | undefined;
  readonly #resources: Set<Resource> = new Set();
  #sealed = false;

  /** A resource without allocations. */
  constructor(adapter: DxgAdapter, runtimeData: Uint8Array, resourceData: Uint8Array) {
    this.adapter = adapter;
    this.runtimeData = runtimeData;
    this.resourceData = resourceData;
  }

  /** Whether no allocation is added any more. */
  get isSealed(): boolean {
    return this.#sealed;
  }

  /** A process has it. */
  add(resource: Resource): void {
    this.#resources.add(resource);
  }

  /** It is being shared or opened: nothing is added any more. Throws EINVAL if its allocations have no private data at all. */
  seal(): void {
    if (this.#sealed) return;
    const [first] = this.#resources;
    const allocations = first === undefined ? [] : [...first.allocations];
    const parts = allocations.map(({ privateData }) => privateData ?? new Uint8Array(0));
    const total = parts.reduce((sum, part) => sum + part.length, 0);
    if (first !== undefined && total === 0) {
      throw new DrmError("EINVAL", "Cannot seal a resource whose allocations have no private data");
    }
    this.#sealed = true;
    this.privateData = new Uint8Array(total);
    let at = 0;
    for (const part of parts) {
      this.privateData.set(part, at);
      at += part.length;
    }
    this.allocations = allocations.map(({ size, isCached }, i) => ({
      size,
      isCached,
      privateDataSize: parts[i].length,
    }));
    for (const allocation of allocations) allocation.privateData = undefined;
  }
}

/** A synchronization object that others may open. */
export class SharedSyncObject {
  /** _D3DDDI_*. */
  readonly type: number;
  /** The host's handle, by which it is opened. */
  readonly hostHandle: number;
  /** Values of a fence. */
  readonly values: FenceValues;

  /** @param hostHandle which lives as long as the object. */
  constructor(type: number, hostHandle: number, values: FenceValues) {
    this.type = type;
    this.hostHandle = hostHandle;
    this.values = values;
  }
}

/** A file that keeps something shared alive, and has no operation. */
abstract class SharedFile extends File {
  /** The host's handle of it. */
  readonly nt: NtHandle;

  constructor(nt: NtHandle) {
    super();
    this.nt = nt;
  }

  protected override release(): void {
    this.nt.close();
  }
}

/** A shared resource whose format nobody knows. One whose format is known is a dma-buf. */
export class DxgResourceFile extends SharedFile {
  readonly kind = "dxgresource";
  /** It. */
  readonly resource: SharedResource;

  /** @param nt which it takes over. */
  constructor(resource: SharedResource, nt: NtHandle) {
    super(nt);
    this.resource = resource;
  }
}

/** A shared synchronization object. */
export class DxgSyncObjectFile extends SharedFile {
  readonly kind = "dxgsyncobj";
  /** It. */
  readonly object: SharedSyncObject;

  /** @param nt which it takes over. */
  constructor(object: SharedSyncObject, nt: NtHandle) {
    super(nt);
    this.object = object;
  }
}
