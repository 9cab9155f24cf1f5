/**
 * Allocation of dma-bufs from heaps. Mirrors include/uapi/linux/dma-heap.h.
 * @module
 */

import { type Ioctl, IOWR } from "./ioctl.ts";
import { type Struct, struct, u32, u53, u64 } from "./struct.ts";

/** Type byte of the requests: `'H'`. */
export const DMA_HEAP_IOC_MAGIC = 0x48;
/** fd_flags: O_CLOEXEC and the access mode. */
export const DMA_HEAP_VALID_FD_FLAGS = 0x80003;
/** heap_flags: none so far. */
export const DMA_HEAP_VALID_HEAP_FLAGS = 0;

/** Argument of {@linkcode DMA_HEAP_IOCTL_ALLOC}. */
export interface dma_heap_allocation_data {
  /** in, bytes */
  len: number;
  /** out; dma-buf */
  fd: number;
  /** in; O_CLOEXEC, O_RDONLY, O_WRONLY, O_RDWR */
  fd_flags: number;
  /** must be zero */
  heap_flags: bigint;
}
/** Layout of `struct dma_heap_allocation_data`: 24 bytes. */
export const dma_heap_allocation_data: Struct<dma_heap_allocation_data> = struct<dma_heap_allocation_data>(
  "dma_heap_allocation_data",
  {
    len: u53,
    fd: u32,
    fd_flags: u32,
    heap_flags: u64,
  },
  { size: 24 },
);

/** Makes a dma-buf. */
export const DMA_HEAP_IOCTL_ALLOC: Ioctl<dma_heap_allocation_data> = IOWR("H", 0x00, dma_heap_allocation_data);
