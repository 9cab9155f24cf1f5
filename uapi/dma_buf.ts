/**
 * Buffers shared between drivers. Mirrors include/uapi/linux/dma-buf.h.
 * @module
 */

import { type Ioctl, IOW, IOWR } from "./ioctl.ts";
import { s32, type Struct, struct, u32, u64 } from "./struct.ts";

/** Type byte of the requests: `'b'`. */
export const DMA_BUF_BASE = 0x62;
/** Bytes of a name, NUL included. */
export const DMA_BUF_NAME_LEN = 32;
/** flags: the CPU reads. */
export const DMA_BUF_SYNC_READ = 0x1;
/** flags: the CPU writes. */
export const DMA_BUF_SYNC_WRITE = 0x2;
/** flags: the CPU reads and writes. */
export const DMA_BUF_SYNC_RW = 0x3;
/** flags: access begins. */
export const DMA_BUF_SYNC_START = 0x0;
/** flags: access ends. */
export const DMA_BUF_SYNC_END = 0x4;
/** flags: all of them. */
export const DMA_BUF_SYNC_VALID_FLAGS_MASK = 0x7;

/** Argument of {@linkcode DMA_BUF_IOCTL_SYNC}. */
export interface dma_buf_sync {
  /** in; DMA_BUF_SYNC_START or END, with READ, WRITE or both */
  flags: bigint;
}
/** Layout of `struct dma_buf_sync`: 8 bytes. */
export const dma_buf_sync: Struct<dma_buf_sync> = struct<dma_buf_sync>("dma_buf_sync", { flags: u64 }, { size: 8 });

/** Brackets access by the CPU through a mapping. */
export const DMA_BUF_IOCTL_SYNC: Ioctl<dma_buf_sync> = IOW("b", 0x00, dma_buf_sync);

/** Argument of {@linkcode DMA_BUF_IOCTL_EXPORT_SYNC_FILE}. */
export interface dma_buf_export_sync_file {
  /** in; DMA_BUF_SYNC_READ, WRITE or both: what the caller wants to do */
  flags: number;
  /** out; sync_file */
  fd: number;
}
/** Layout of `struct dma_buf_export_sync_file`: 8 bytes. */
export const dma_buf_export_sync_file: Struct<dma_buf_export_sync_file> = struct<dma_buf_export_sync_file>(
  "dma_buf_export_sync_file",
  {
    flags: u32,
    fd: s32,
  },
  { size: 8 },
);

/** Makes a sync_file of the buffer's present fences. */
export const DMA_BUF_IOCTL_EXPORT_SYNC_FILE: Ioctl<dma_buf_export_sync_file> = IOWR(
  "b",
  0x02,
  dma_buf_export_sync_file,
);

/** Argument of {@linkcode DMA_BUF_IOCTL_IMPORT_SYNC_FILE}. */
export interface dma_buf_import_sync_file {
  /** in; DMA_BUF_SYNC_READ, WRITE or both: what the fence stands for */
  flags: number;
  /** in; sync_file */
  fd: number;
}
/** Layout of `struct dma_buf_import_sync_file`: 8 bytes. */
export const dma_buf_import_sync_file: Struct<dma_buf_import_sync_file> = struct<dma_buf_import_sync_file>(
  "dma_buf_import_sync_file",
  {
    flags: u32,
    fd: s32,
  },
  { size: 8 },
);

/** Adds a sync_file's fences to the buffer. */
export const DMA_BUF_IOCTL_IMPORT_SYNC_FILE: Ioctl<dma_buf_import_sync_file> = IOW("b", 0x03, dma_buf_import_sync_file);

/**
 * Names the buffer, in the header's own spelling. The argument is the user address of a string of less than 32 bytes.
 */
export const DMA_BUF_SET_NAME: Ioctl<bigint> = IOW<bigint>("b", 0x01, 8);

/** Names the buffer, as 32-bit programs spell it. */
export const DMA_BUF_SET_NAME_A: Ioctl<number> = IOW<number>("b", 0x01, 4);

/** Names the buffer, as 64-bit programs spell it. */
export const DMA_BUF_SET_NAME_B: Ioctl<bigint> = IOW<bigint>("b", 0x01, 8);
