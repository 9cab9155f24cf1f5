/**
 * A small compute API over /dev/dxg: devices, buffers, kernels, queues, events. SPIR-V comes from anywhere; `compile.ts` makes it
 * from WGSL and GLSL.
 * @module
 */

export type { User } from "./allocation.ts";
export { type BufferOptions, type BufferRange, ComputeBuffer, type TypedArrayConstructor } from "./buffer.ts";
export { type AdapterInfo, listAdapters } from "./connection.ts";
export { ComputeDevice, type ComputeLimits, type ComputeOptions, openCompute } from "./device.ts";
export type { MemoryBudget, SharedImage } from "./device_memory.ts";
export { ComputeError, type ComputeErrorDetails, type ComputeErrorKind } from "./error.ts";
export { ComputeEvent } from "./event.ts";
export { ComputeKernel, type KernelOptions } from "./kernel.ts";
export { Measurement } from "./measurement.ts";
export { ComputeQueue, type Groups } from "./queue.ts";
export type { KernelBinding } from "./spirv.ts";
export { ComputeSurface } from "./surface.ts";
