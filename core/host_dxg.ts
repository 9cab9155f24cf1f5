/**
 * The compute and graphics half of the dxg host: what executes DMA buffers (the open packets of GPU virtual addresses) and
 * owns the memory that they touch. The host in drivers/host/dxg decides when a buffer runs and what its addresses mean; an
 * engine (drivers/host/render/packets on Vulkan, or a double on the CPU) decodes it, checks each operand against the
 * address space, and runs it.
 * @module
 */

import type { Pages, PageSegment } from "./memory.ts";

/** What an engine of an adapter is for: an answer to KMTQAITYPE_NODEMETADATA (DXGK_ENGINE_TYPE). */
export const EngineType = { OTHER: 0, ENGINE_3D: 1, VIDEO_DECODE: 2, COPY: 5, COMPUTE: 10 } as const;
/** One of {@linkcode EngineType}. */
export type EngineType = (typeof EngineType)[keyof typeof EngineType];

/** A node of an adapter: a queue family. */
export interface EngineNode {
  /** What it is for. */
  readonly type: EngineType;
  /** Its name, for people, at most 31 characters. */
  readonly name: string;
}

/** What an adapter is: the facts of a physical device, as plain data. Everything is told as the driver tells it. */
export interface EngineInfo {
  /** The device's name (VkPhysicalDeviceProperties.deviceName). */
  readonly name: string;
  /** The driver's name (VkPhysicalDeviceDriverProperties.driverName). */
  readonly driverName: string;
  /** The driver's version, for people. */
  readonly driverInfo: string;
  /** PCI vendor. */
  readonly vendorId: number;
  /** PCI device. */
  readonly deviceId: number;
  /** What kind of device. */
  readonly type: "cpu" | "integrated" | "discrete" | "virtual" | "other";
  /** 16 bytes that stay the same from boot to boot (VkPhysicalDeviceIDProperties.deviceUUID). */
  readonly uuid: Uint8Array;
  /** Bytes of memory near the engine. */
  readonly localMemory: number;
  /** Bytes of system memory that it reaches; 0 when all of its memory is local. */
  readonly nonLocalMemory: number;
  /** Its nodes, at least one. */
  readonly nodes: readonly EngineNode[];
  /** Packets that it executes: DXG_CAP_* of uapi/dxg_driver.ts. */
  readonly packetCaps: number;
  /** Ticks of its timestamps a second. */
  readonly timestampFrequency: number;
  /** Whether graphics work. */
  readonly render: boolean;
}

/** A piece of memory of an engine. Zero when made. Dispose of it at any time: it goes when the work that uses it is done. */
export interface EngineMemory extends Disposable {
  /** Bytes. */
  readonly size: number;
  /** The pages behind it, when it was made over pages: CPU and engine share them. */
  readonly pages: Pages | undefined;
}

/** How an access counts in {@linkcode GpuAddressSpace.resolve}. */
export const ACCESS_READ = 0;
/** As {@linkcode ACCESS_READ}, for writing. */
export const ACCESS_WRITE = 1;
/** As {@linkcode ACCESS_READ}, for commands and shaders. */
export const ACCESS_EXECUTE = 2;

/** What stands at an address. Filled by {@linkcode GpuAddressSpace.resolve}; reused from call to call. */
export interface EngineRange {
  /** Whose bytes. */
  memory: EngineMemory | undefined;
  /** Where in it, bytes. */
  offset: number;
  /** Bytes from there on that belong to the same mapping. */
  length: number;
}

/** A process's GPU virtual addresses, as an engine asks for them. Addresses are Numbers below 2^48. */
export interface GpuAddressSpace {
  /**
   * What stands at `address` for an access of `access`: fills `range` and says true. False: a page fault (nothing is mapped
   * there, it is not resident, or it must not be written). `range.length` may be shorter than what is wanted: ask again
   * behind it; what must lie in one piece (a binding, an image) faults then. Asked from `submit`, and from `poll` until the
   * job is complete; every address before it is used: the host notes what a job touches.
   */
  resolve(address: number, access: number, range: EngineRange): boolean;
}

/** What went wrong with a job. */
export interface EngineFault {
  /** `page`: an address; `packet`: a packet that is malformed, unknown or refused; `lost`: the device itself. */
  readonly kind: "page" | "packet" | "lost";
  /** Where in the DMA buffer the packet begins, bytes from its start; -1 where unknown. */
  readonly offset: number;
  /** The address: of the operand for `page`, otherwise of the packet. */
  readonly address: number;
  /** Whether it was a write. */
  readonly write: boolean;
  /** A sentence. */
  readonly message: string;
}

/** A DMA buffer to run. */
export interface EngineJob {
  /** What its addresses mean. */
  readonly space: GpuAddressSpace;
  /** Where it begins; 4-byte aligned. */
  readonly address: number;
  /** Its bytes, a multiple of 4. */
  readonly length: number;
  /** Private data of the user-mode driver. Valid during the call. */
  readonly privateData: Uint8Array;
}

/** A queue of an engine: jobs run in order. One a context or hardware queue. */
export interface EngineQueue extends Disposable {
  /**
   * Decodes and runs a DMA buffer. Each word is read once; the buffer itself before the call returns, unless the job stops
   * at a wait: what lies behind is read when it goes on, in `poll`.
   *
   * @returns the job's number on this queue, growing from 1; it is complete once `completed` reaches it. A job that faults
   * completes too, `fault` set before: nothing of it from the faulting packet on has effect, and the host submits no more.
   */
  submit(job: EngineJob): number;
  /** The last complete job. Cheap; never blocks. What a complete job wrote is visible to the CPU. */
  completed(): number;
  /** Blocks until a job is complete or `timeoutNs` is over; whether it is complete. For shutting down and synchronous tools. */
  wait(job: number, timeoutNs: number): boolean;
  /** The first fault of the queue, if any. */
  readonly fault: EngineFault | undefined;
  /**
   * Gives up: jobs that have not begun are dropped; one that never ends may stay until the engine is disposed of (the GPU's
   * own time-out ends it). Nothing is reported any more.
   */
  [Symbol.dispose](): void;
}

/** Executes DMA buffers. */
export interface Engine extends Disposable {
  /** What it is. */
  readonly info: EngineInfo;
  /** Why it can do nothing any more (VK_ERROR_DEVICE_LOST), or undefined. */
  readonly lost: string | undefined;
  /**
   * New zeroed memory that only the engine reaches.
   * @param size bytes, a multiple of 4096. @throws {DrmError} ENOMEM
   */
  createMemory(size: number): EngineMemory;
  /**
   * Memory over pages that the CPU shares: CPU-visible allocations, fence pages, a guest's own pages. The pages stay the
   * caller's and live longer than the memory.
   * @param pieces in order; whole pages. @throws {DrmError} ENOMEM; EOPNOTSUPP if it cannot share these (several pieces
   * where only one can be): the caller copies then
   */
  importPages(pieces: readonly PageSegment[]): EngineMemory;
  /** Copies from memory to the CPU, after all that was submitted before. Blocks; throws ETIMEDOUT after `timeoutNs`, EIO when lost. */
  readMemory(memory: EngineMemory, offset: number, target: Uint8Array, timeoutNs: number): void;
  /** Copies from the CPU into memory, before all that is submitted after, and after what was submitted before. Errors as `readMemory`. */
  writeMemory(memory: EngineMemory, offset: number, source: Uint8Array, timeoutNs: number): void;
  /**
   * A queue. @param node into `info.nodes`. @param priority -7 (idle) to 7 (realtime), 0 is normal; a hint.
   * @throws {DrmError} ENOMEM
   */
  createQueue(node: number, priority: number): EngineQueue;
  /** Goes on with work that waits for the CPU's look (a WAIT packet); true if anything moved. Never blocks. */
  poll(): boolean;
  /** Its clock and the CPU's (CLOCK_MONOTONIC, ns) at one moment. */
  calibrate(): { readonly gpu: number; readonly cpuNs: number };
  /** An fd that becomes readable when `completed` of some queue may have moved, if it has one. */
  readonly completionFd?: number | undefined;
}
