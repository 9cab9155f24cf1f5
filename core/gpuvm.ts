/**
 * `GpuVm`: which part of which object stands at which address of a GPU's address space, and what a mapping request does to
 * what is there. Mirrors drivers/gpu/drm/drm_gpuvm.c.
 * @module
 */

import { DrmError } from "./error.ts";
import { SortedMap } from "./sorted_map.ts";

/** struct drm_gpuva: a mapping. Addresses, sizes and offsets in bytes, below 2^53. */
export interface GpuVa<O> {
  /** First address. */
  readonly addr: number;
  /** Size, above 0. */
  readonly range: number;
  /** What is mapped; undefined for a sparse mapping. */
  readonly obj: O | undefined;
  /** Where in the object it begins. */
  readonly offset: number;
}

/** One step of a request (struct drm_gpuva_op). */
export type GpuVmOp<O> =
  | {
    /** A new mapping. */
    readonly op: "map";
    /** It. */
    readonly va: GpuVa<O>;
  }
  | {
    /** A mapping that shrinks or splits: gone, save what comes before and after. */
    readonly op: "remap";
    /** The mapping that goes. */
    readonly unmap: GpuVa<O>;
    /** What is left before. */
    readonly prev: GpuVa<O> | undefined;
    /** What is left behind. */
    readonly next: GpuVa<O> | undefined;
    /** Whether what goes and what comes in its place are the same memory: page tables may stay. */
    readonly keep: boolean;
  }
  | {
    /** A mapping that goes. */
    readonly op: "unmap";
    /** It. */
    readonly va: GpuVa<O>;
    /** As for remap. */
    readonly keep: boolean;
  };

/** The address space that a {@linkcode GpuVm} manages. */
export interface GpuVmOptions {
  /** Its first address. */
  readonly start: number;
  /** Its size, bytes. */
  readonly range: number;
  /** First address of the part that the kernel keeps for itself. */
  readonly kernelStart?: number;
  /** Size of that part, bytes, default 0: none. */
  readonly kernelRange?: number;
}

/** A GPU's address space. `O` is what is mapped. */
export class GpuVm<O> {
  readonly #vas = new SortedMap<GpuVa<O>>();
  readonly #start: number;
  readonly #end: number;
  readonly #kernelStart: number;
  readonly #kernelEnd: number;

  /** drm_gpuvm_init. Throws a RangeError for addresses from 2^53 on. */
  constructor(options: GpuVmOptions) {
    this.#start = options.start;
    this.#end = options.start + options.range;
    this.#kernelStart = options.kernelStart ?? 0;
    this.#kernelEnd = this.#kernelStart + (options.kernelRange ?? 0);
    for (const address of [this.#start, this.#end, this.#kernelStart, this.#kernelEnd]) {
      if (!Number.isSafeInteger(address) || address < 0) throw new RangeError(`Cannot manage address ${address}`);
    }
  }

  /** Mappings. */
  get count(): number {
    return this.#vas.size;
  }

  /** Mappings in the order of addresses. */
  [Symbol.iterator](): Iterator<GpuVa<O>> {
    return this.#vas.from(0);
  }

  /** drm_gpuvm_range_valid: EINVAL for nothing, for overflow, outside of the space, and in the kernel's part. */
  checkRange(addr: number, range: number): void {
    const end = addr + range;
    const whole = Number.isSafeInteger(addr) && Number.isSafeInteger(range) && Number.isSafeInteger(end);
    if (!whole || addr < this.#start || range <= 0 || end > this.#end) {
      throw new DrmError("EINVAL", `Cannot map ${range} bytes at ${addr}: not in the address space`);
    }
    if (this.#kernelEnd > this.#kernelStart && addr < this.#kernelEnd && end > this.#kernelStart) {
      throw new DrmError("EINVAL", `Cannot map ${range} bytes at ${addr}: the kernel keeps these addresses`);
    }
  }

  /** drm_gpuva_insert. Throws EINVAL for a bad range, EEXIST where something is mapped. */
  insert(va: GpuVa<O>): void {
    this.checkRange(va.addr, va.range);
    if (this.findFirst(va.addr, va.range) !== undefined) {
      throw new DrmError("EEXIST", `Cannot map ${va.range} bytes at ${va.addr}: something is mapped there`);
    }
    this.#vas.set(va.addr, va);
  }

  /** drm_gpuva_remove: false if it is not there. */
  remove(va: GpuVa<O>): boolean {
    return this.#vas.get(va.addr) === va && this.#vas.delete(va.addr);
  }

  /** drm_gpuva_find: the mapping of exactly this range. */
  find(addr: number, range: number): GpuVa<O> | undefined {
    const va = this.#vas.get(addr);
    return va?.range === range ? va : undefined;
  }

  /** The mapping that holds an address. */
  at(addr: number): GpuVa<O> | undefined {
    const va = this.#vas.below(addr + 1);
    return va !== undefined && addr < va.addr + va.range ? va : undefined;
  }

  /** drm_gpuva_find_first: the first mapping that has an address in common with the range. */
  findFirst(addr: number, range: number): GpuVa<O> | undefined {
    for (const va of this.overlapping(addr, range)) return va;
    return undefined;
  }

  /** drm_gpuvm_for_each_va_range: mappings that have an address in common with the range, in the order of addresses. */
  *overlapping(addr: number, range: number): Generator<GpuVa<O>> {
    const below = this.#vas.below(addr);
    if (below !== undefined && below.addr + below.range > addr) yield below;
    for (const va of this.#vas.from(addr)) {
      if (va.addr >= addr + range) return;
      yield va;
    }
  }

  /**
   * drm_gpuvm_sm_map_ops_create: the steps that make room for a mapping, in the order of addresses, and then map it (L9).
   * Neighbours are never merged. Nothing changes before {@linkcode GpuVm.apply}.
   *
   * @throws {DrmError} EINVAL for a range outside of the space or in the kernel's part.
   */
  mapOps(request: GpuVa<O>): GpuVmOp<O>[] {
    this.checkRange(request.addr, request.range);
    const ops = this.#clear(request.addr, request.range, request);
    ops.push({ op: "map", va: request });
    return ops;
  }

  /** drm_gpuvm_sm_unmap_ops_create: the steps that empty a range. Throws EINVAL as `mapOps`. */
  unmapOps(addr: number, range: number): GpuVmOp<O>[] {
    this.checkRange(addr, range);
    return this.#clear(addr, range, undefined);
  }

  #clear(addr: number, range: number, request: GpuVa<O> | undefined): GpuVmOp<O>[] {
    const ops: GpuVmOp<O>[] = [];
    const end = addr + range;
    for (const va of this.overlapping(addr, range)) {
      const vaEnd = va.addr + va.range;
      const prev = va.addr < addr ? { ...va, range: addr - va.addr } : undefined;
      const next = vaEnd > end
        ? { addr: end, range: vaEnd - end, obj: va.obj, offset: va.offset + (end - va.addr) }
        : undefined;
      // The same memory stands at the same addresses before and after.
      const keep = request !== undefined && va.obj !== undefined && va.obj === request.obj &&
        va.offset - va.addr === request.offset - request.addr;
      if (prev === undefined && next === undefined) ops.push({ op: "unmap", va, keep });
      else ops.push({ op: "remap", unmap: va, prev, next, keep });
    }
    return ops;
  }

  /** drm_gpuva_map, drm_gpuva_remap, drm_gpuva_unmap: does what the steps say. They must be of the present state. */
  apply(ops: readonly GpuVmOp<O>[]): void {
    for (const step of ops) {
      if (step.op === "map") {
        this.insert(step.va);
        continue;
      }
      const gone = step.op === "unmap" ? step.va : step.unmap;
      if (!this.remove(gone)) throw new TypeError("Cannot apply steps that were made for another state");
      if (step.op === "unmap") continue;
      if (step.prev) this.insert(step.prev);
      if (step.next) this.insert(step.next);
    }
  }
}
