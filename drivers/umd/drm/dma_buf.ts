/**
 * `DmaBufFile`: a client's dma-buf: its size, mapping, CPU access, and the fences on it as sync_files.
 * @module
 */

import type { Mapping } from "../../../core/file.ts";
import type { OpenFile } from "../../../core/process.ts";
import * as db from "../../../uapi/dma_buf.ts";
import { SEEK_END, SEEK_SET } from "../../../uapi/fcntl.ts";
import { SyncFileFd } from "./sync_file.ts";
import { Scratch } from "./user_arrays.ts";

/** A dma-buf. */
export class DmaBufFile implements Disposable {
  /** The open file. */
  readonly file: OpenFile;

  /** Wraps an open dma-buf. @param file a dma-buf; owned from now on. */
  constructor(file: OpenFile) {
    this.file = file;
  }

  /** Its fd. */
  get fd(): number {
    return this.file.fd;
  }

  /** Its size, bytes. */
  get size(): number {
    const size = this.file.lseek(0, SEEK_END);
    this.file.lseek(0, SEEK_SET);
    return size;
  }

  /** mmap of all of it. */
  map(): Mapping {
    return this.file.map(this.size);
  }

  /** Runs `access` between DMA_BUF_IOCTL_SYNC start and end. @param flags DMA_BUF_SYNC_READ, WRITE or RW. */
  async cpuAccess(flags: number, access: () => void | Promise<void>): Promise<void> {
    await this.file.wait(db.DMA_BUF_IOCTL_SYNC, db.dma_buf_sync.of({ flags: BigInt(db.DMA_BUF_SYNC_START | flags) }));
    try {
      await access();
    } finally {
      await this.file.wait(db.DMA_BUF_IOCTL_SYNC, db.dma_buf_sync.of({ flags: BigInt(db.DMA_BUF_SYNC_END | flags) }));
    }
  }

  /** What somebody who will DMA_BUF_SYNC_READ or WRITE it has to wait for. */
  exportSyncFile(flags: number): SyncFileFd {
    const arg = db.dma_buf_export_sync_file.of({ flags });
    this.file.ioctl(db.DMA_BUF_IOCTL_EXPORT_SYNC_FILE, arg);
    return new SyncFileFd(this.file.process.file(arg.fd));
  }

  /** Others wait for `fence` as the fence of a reader (DMA_BUF_SYNC_READ) or writer. */
  importSyncFile(fence: SyncFileFd, flags: number): void {
    this.file.ioctl(db.DMA_BUF_IOCTL_IMPORT_SYNC_FILE, db.dma_buf_import_sync_file.of({ flags, fd: fence.fd }));
  }

  /** DMA_BUF_SET_NAME_B. @param name at most 31 bytes. */
  setName(name: string): void {
    using scratch = new Scratch(this.file.process);
    const text = scratch.bytes(new TextEncoder().encode(`${name}\0`));
    this.file.ioctl(db.DMA_BUF_SET_NAME_B, text.address);
  }

  /** Closes the fd. */
  [Symbol.dispose](): void {
    this.file[Symbol.dispose]();
  }
}
