/**
 * Adapters: an engine, the books of its memory, and what processes have of it. Mirrors dxgadapter as the host has it.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import type { Engine, EngineInfo, EngineMemory } from "../../../core/host_dxg.ts";
import { pageAlign, type PageAllocator } from "../../../core/memory.ts";
import { Vram, type VramClient, type VramLedger } from "../../../core/vram.ts";
import { _D3DKMT_DEVICEEXECUTION_RESET } from "../../../uapi/d3dkmthk_device.ts";
import {
  _D3DKMT_MEMORY_SEGMENT_GROUP_LOCAL,
  _D3DKMT_MEMORY_SEGMENT_GROUP_NON_LOCAL,
} from "../../../uapi/d3dkmthk_residency.ts";
import { type Backing, type BackingKind, backingOps } from "./backing.ts";
import type { DxgDevice } from "./device.ts";
import type { HostCore } from "./host_core.ts";
import type { DxgLimits } from "./limits.ts";
import type { ProcessAdapter } from "./process.ts";

/** A LUID as two halves. */
export interface Luid {
  /** Low 32 bits. */
  readonly a: number;
  /** High 32 bits. */
  readonly b: number;
}

/** How an adapter is offered. */
export interface DxgAdapterOptions {
  /** What executes; the owner disposes of it after the host. */
  readonly engine: Engine;
  /** Its LUID; random by default, so that two runs of a host are two adapters. */
  readonly luid?: Luid;
  /** Bytes of local memory to give to guests, default all of it. Small ones make eviction happen. */
  readonly localMemory?: number;
  /** Bytes of system memory to give to guests, default all that the engine reaches. */
  readonly nonLocalMemory?: number;
  /** Who gives its memory out, where other hosts have the same: segment 0 is local, 1 not. */
  readonly ledger?: VramLedger;
}

/** Memory that reads as zero, for reservations: bytes at a time. */
const ZERO_SIZE = 0x1_0000;

/** An adapter. */
export class DxgAdapter {
  /** What executes. */
  readonly engine: Engine;
  /** What it is. */
  readonly info: EngineInfo;
  /** Its LUID. */
  readonly luid: Luid;
  /** Its memory: segment 0 is local, 1 not, if there is one. */
  readonly vram: Vram<Backing>;
  /** What the guest may take. */
  readonly limits: DxgLimits;
  /** Where pages come from. */
  readonly allocator: PageAllocator;
  /** What processes have of it. */
  readonly parts: Map<VramClient, ProcessAdapter> = new Map();
  /** All devices on it. */
  readonly devices: Set<DxgDevice> = new Set();
  /** Whether the guest has opened it (OPENADAPTER). */
  handle = 0;
  /** Devices that hung or were reset. */
  resets = 0;
  /** Why it is gone, if it is. */
  lost: string | undefined;
  readonly #host: HostCore;
  #zero: EngineMemory | undefined;

  /** Nothing of it is in use yet. @param host whose. @param options engine, LUID, sizes. */
  constructor(host: HostCore, options: DxgAdapterOptions) {
    this.#host = host;
    this.engine = options.engine;
    this.info = options.engine.info;
    this.limits = host.limits;
    this.allocator = host.allocator;
    this.luid = options.luid ?? randomLuid();
    const segments = [{ name: "local", size: options.localMemory ?? this.info.localMemory }];
    const other = options.nonLocalMemory ?? this.info.nonLocalMemory;
    if (other > 0) segments.push({ name: "non-local", size: other });
    this.vram = new Vram<Backing>(segments, backingOps, options.ledger);
  }

  /** Segments that a kind of memory may lie in, the best first. */
  placements(kind: BackingKind): readonly number[] {
    if (this.vram.segments.length === 1) return [0];
    return kind === "device" ? [0, 1] : [1];
  }

  /** The segment of a group (_D3DKMT_MEMORY_SEGMENT_GROUP_*), or undefined if the adapter has no such memory. Throws EINVAL. */
  segment(group: number): number | undefined {
    if (group === _D3DKMT_MEMORY_SEGMENT_GROUP_LOCAL) return 0;
    if (group === _D3DKMT_MEMORY_SEGMENT_GROUP_NON_LOCAL) return this.vram.segments.length > 1 ? 1 : undefined;
    throw new DrmError("EINVAL", `Cannot find segment group ${group}`);
  }

  /** Whether the engine works for a process. */
  isRunning(client: VramClient): boolean {
    return (this.parts.get(client)?.running ?? 0) > 0;
  }

  /** Zeroes. */
  zero(): EngineMemory {
    return this.#zero ??= this.engine.createMemory(pageAlign(ZERO_SIZE));
  }

  /** Copies from memory. Throws ETIMEDOUT, EIO. */
  read(memory: EngineMemory, offset: number, target: Uint8Array): void {
    this.engine.readMemory(memory, offset, target, this.limits.moveTimeout);
  }

  /** Copies to memory. Throws ETIMEDOUT, EIO. */
  write(memory: EngineMemory, offset: number, source: Uint8Array): void {
    this.engine.writeMemory(memory, offset, source, this.limits.moveTimeout);
  }

  /** The engine is gone: all devices are in error. */
  lose(reason: string): void {
    if (this.lost !== undefined) return;
    this.lost = reason;
    for (const device of [...this.devices]) device.fail(_D3DKMT_DEVICEEXECUTION_RESET, reason);
    this.#host.events.sendWnf();
  }

  /** Throws ENODEV when it is gone. */
  checkPresent(): void {
    if (this.engine.lost !== undefined) this.lose(this.engine.lost);
    if (this.lost !== undefined) throw new DrmError("ENODEV", `Cannot use the adapter: ${this.lost}`);
  }

  /** Frees what it has of the engine. */
  close(): void {
    this.#zero?.[Symbol.dispose]();
    this.#zero = undefined;
  }
}

function randomLuid(): Luid {
  const [a, b] = crypto.getRandomValues(new Uint32Array(2));
  return { a: Math.max(1, a), b };
}
