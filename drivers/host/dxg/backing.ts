/**
 * What is behind an allocation: memory of the engine alone, pages that the CPU shares, or pages of the guest. It is placed,
 * evicted and brought back by core/vram.ts; what is evicted of memory that only the engine reaches is kept in pages.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import type { EngineMemory } from "../../../core/host_dxg.ts";
import { PAGE_SIZE, type Pages, type PageSegment } from "../../../core/memory.ts";
import type { VramNode, VramOps } from "../../../core/vram.ts";
import type { DxgAdapter } from "./adapter.ts";
import type { ExecQueue } from "./exec_queue.ts";

/** Kinds of backing. */
export type BackingKind =
  /** memory of the engine */
  | "device"
  /** pages that the guest can lock */
  | "visible"
  /** pages that the guest cannot lock, but other hosts can open */
  | "shared"
  /** pages of the guest */
  | "sysmem";

/** Memory behind an allocation and those that share it. */
export class Backing {
  /** Whose memory. */
  readonly adapter: DxgAdapter;
  /** Bytes. */
  readonly size: number;
  /** What it is. */
  readonly kind: BackingKind;
  /** Its place in the books. */
  readonly node: VramNode<Backing>;
  /** The engine's memory, while it is placed. */
  memory: EngineMemory | undefined;
  /** Whether the engine has a copy of the pages, brought up to date around each job. */
  isShadow = false;
  /** Whether everybody has let go of it. */
  closed = false;
  /** Pages of a visible or shared one. */
  readonly pages: Pages | undefined;
  /** Whether the pages are another host's, too: their contents are not this one's to drop. */
  readonly isForeign: boolean;
  #pieces: PageSegment[] = [];
  #piecesSize = 0;
  #saved: Pages | undefined;
  #joined: Pages | undefined;
  #refs = 1;
  // The last job of each queue that touched it.
  readonly #uses = new Map<ExecQueue, number>();

  /** @param size bytes, whole pages. @param pages of a visible or shared one that another host has made; taken over. @throws {DrmError} ENOMEM */
  constructor(adapter: DxgAdapter, size: number, kind: BackingKind, pages?: Pages) {
    this.adapter = adapter;
    this.size = size;
    this.kind = kind;
    this.node = adapter.vram.add(this, size, adapter.placements(kind));
    this.isForeign = pages !== undefined;
    if (kind !== "visible" && kind !== "shared") return;
    try {
      this.pages = pages ?? adapter.allocator.allocate(size, "dxg allocation");
      this.#pieces = [{ pages: this.pages, offset: 0, length: size }];
      this.#piecesSize = size;
    } catch (error) {
      adapter.vram.remove(this.node);
      throw error;
    }
  }

  /** Whether there is something to place: the guest has named all pages of existing memory. */
  get isComplete(): boolean {
    return this.kind === "device" || this.#piecesSize === this.size;
  }

  /** The ranges of pages behind it, in order; empty for memory of the engine. */
  get pieces(): readonly PageSegment[] {
    return this.#pieces;
  }

  /** Adds pages of the guest behind those that it has. Throws EINVAL for more than its size, or none in order. */
  addPieces(offset: number, pieces: readonly PageSegment[]): void {
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (this.kind !== "sysmem" || offset !== this.#piecesSize || offset + length > this.size) {
      throw new DrmError(
        "EINVAL",
        `Cannot put ${length} bytes at ${offset} of ${this.size}: ${this.#piecesSize} are there`,
      );
    }
    for (const piece of pieces) {
      piece.pages.pin();
      const last = this.#pieces.at(-1);
      if (last !== undefined && last.pages === piece.pages && last.offset + last.length === piece.offset) {
        this.#pieces[this.#pieces.length - 1] = { ...last, length: last.length + piece.length };
        piece.pages.unpin(); // the neighbour's pin holds it
      } else this.#pieces.push(piece);
    }
    this.#piecesSize += length;
  }

  /** A job of a queue uses it. */
  use(queue: ExecQueue, job: number): void {
    this.#uses.set(queue, job);
  }

  /** Whether a job of a queue uses it now, or may. */
  isUsedBy(queue: ExecQueue): boolean {
    const job = this.#uses.get(queue);
    return job !== undefined && !queue.isDone(job);
  }

  /** Whether a job uses it now, or may. */
  get isBusy(): boolean {
    for (const [queue, job] of this.#uses) {
      if (!queue.isDone(job)) return true;
      this.#uses.delete(queue);
    }
    for (const client of this.node.pins.keys()) if (this.adapter.isRunning(client)) return true;
    return false;
  }

  /** Copies the pages into a shadow, before a job. */
  loadShadow(): void {
    const { memory } = this;
    if (memory === undefined) return;
    let at = 0;
    for (const { pages, offset, length } of this.#pieces) {
      this.adapter.write(memory, at, pages.bytes().subarray(offset, offset + length));
      at += length;
    }
  }

  /** Copies a shadow into the pages, after a job that wrote it. */
  storeShadow(): void {
    const { memory } = this;
    if (memory === undefined) return;
    let at = 0;
    for (const { pages, offset, length } of this.#pieces) {
      this.adapter.read(memory, at, pages.bytes().subarray(offset, offset + length));
      at += length;
    }
  }

  /** Somebody more has it. */
  hold(): void {
    this.#refs++;
  }

  /** Somebody less; the last one frees it. */
  drop(): void {
    if (--this.#refs > 0) return;
    this.closed = true;
    this.adapter.vram.remove(this.node);
    this.#forget();
    this.pages?.[Symbol.dispose]();
    if (this.kind === "sysmem") { for (const piece of this.#pieces) piece.pages.unpin(); }
    this.#pieces = [];
    this.#uses.clear();
  }

  /** @internal */
  place(): void {
    if (this.kind === "device") {
      const memory = this.adapter.engine.createMemory(this.size);
      try {
        if (this.#saved !== undefined) this.adapter.write(memory, 0, this.#saved.bytes());
      } catch (error) {
        memory[Symbol.dispose]();
        throw error;
      }
      this.#saved?.[Symbol.dispose]();
      this.#saved = undefined;
      this.memory = memory;
      return;
    }
    try {
      this.memory = this.#import();
    } catch (error) {
      if (!(error instanceof DrmError) || error.code !== "EOPNOTSUPP") throw error;
      this.memory = this.adapter.engine.createMemory(this.size);
      this.isShadow = true;
    }
  }

  #import(): EngineMemory {
    const { engine, allocator } = this.adapter;
    if (this.#pieces.length > 1 && allocator.join !== undefined) {
      try {
        this.#joined = allocator.join(this.#pieces);
        return engine.importPages([{ pages: this.#joined, offset: 0, length: this.size }]);
      } catch (error) {
        this.#unjoin();
        if (!(error instanceof DrmError)) throw error;
      }
    }
    return engine.importPages(this.#pieces);
  }

  /** @internal */
  evict(): void {
    const { memory } = this;
    if (memory === undefined) return;
    if (this.kind === "device") {
      const saved = this.adapter.allocator.allocate(this.size, "dxg evicted");
      try {
        this.adapter.read(memory, 0, saved.bytes().subarray(0, this.size));
      } catch (error) {
        saved[Symbol.dispose]();
        throw error;
      }
      this.#saved = saved;
    }
    this.#free();
  }

  /** @internal */
  discard(): void {
    this.#forget();
    if (!this.closed && !this.isForeign) this.pages?.bytes().fill(0);
  }

  #forget(): void {
    this.#free();
    this.#saved?.[Symbol.dispose]();
    this.#saved = undefined;
  }

  #free(): void {
    this.memory?.[Symbol.dispose]();
    this.memory = undefined;
    this.isShadow = false;
    this.#unjoin();
  }

  #unjoin(): void {
    this.#joined?.[Symbol.dispose]();
    this.#joined = undefined;
  }
}

/** How the books move backings. */
export const backingOps: VramOps<Backing> = {
  place: (backing) => backing.place(),
  evict: (backing) => backing.evict(),
  discard: (backing) => backing.discard(),
  busy: (backing) => backing.isBusy,
};

/** A size in whole pages. Throws EINVAL for none, or one that no address space holds. */
export function checkSize(size: number): number {
  const whole = Math.ceil(size / PAGE_SIZE) * PAGE_SIZE;
  if (!(size > 0 && whole < 2 ** 47)) throw new DrmError("EINVAL", `Cannot allocate ${size} bytes`);
  return whole;
}
