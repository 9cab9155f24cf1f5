/**
 * `SyncFileFd`: a client's sync_file: its state, merging, waiting.
 * @module
 */

import type { OpenFile } from "../../../core/process.ts";
import { POLLIN } from "../../../uapi/fcntl.ts";
import * as sf from "../../../uapi/sync_file.ts";
import { Scratch } from "./user_arrays.ts";

/** One fence of a sync_file. */
export interface FenceInfo {
  /** The driver's name. */
  readonly driver: string;
  /** The timeline's name. */
  readonly timeline: string;
  /** 0 active, 1 signalled, a negative errno. */
  readonly status: number;
  /** When it signalled, CLOCK_MONOTONIC, ns; 0 before. */
  readonly timestampNs: bigint;
}

/** What SYNC_IOC_FILE_INFO tells. */
export interface SyncFileInfo {
  /** Its name. */
  readonly name: string;
  /** 0 active, 1 signalled, a negative errno. */
  readonly status: number;
  /** Its fences. */
  readonly fences: readonly FenceInfo[];
}

/** A sync_file. */
export class SyncFileFd implements Disposable {
  /** The open file. */
  readonly file: OpenFile;

  /** Wraps an open sync_file. @param file a sync_file; owned from now on. */
  constructor(file: OpenFile) {
    this.file = file;
  }

  /** Its fd. */
  get fd(): number {
    return this.file.fd;
  }

  /** 0 active, 1 signalled, a negative errno. */
  get status(): number {
    const arg = sf.sync_file_info.of();
    this.file.ioctl(sf.SYNC_IOC_FILE_INFO, arg);
    return arg.status;
  }

  /** SYNC_IOC_FILE_INFO in two calls: name, status and every fence. */
  info(): SyncFileInfo {
    const arg = sf.sync_file_info.of();
    this.file.ioctl(sf.SYNC_IOC_FILE_INFO, arg);
    using scratch = new Scratch(this.file.process);
    const size = sf.sync_fence_info.size;
    const memory = scratch.alloc(arg.num_fences * size);
    const room = arg.num_fences;
    arg.sync_fence_info = memory.address;
    this.file.ioctl(sf.SYNC_IOC_FILE_INFO, arg);
    const fences = Array.from({ length: Math.min(room, arg.num_fences) }, (_, i) => {
      const fence = sf.sync_fence_info.at(memory.bytes, i * size);
      return {
        driver: fence.driver_name,
        timeline: fence.obj_name,
        status: fence.status,
        timestampNs: fence.timestamp_ns,
      };
    });
    return { name: arg.name, status: arg.status, fences };
  }

  /** SYNC_IOC_MERGE: a new sync_file that signals when both have. */
  merge(other: SyncFileFd, name: string): SyncFileFd {
    const arg = sf.sync_merge_data.of({ name, fd2: other.fd });
    this.file.ioctl(sf.SYNC_IOC_MERGE, arg);
    return new SyncFileFd(this.file.process.file(arg.fence));
  }

  /** Waits until it signals. @returns false when `timeoutNs` is over first. */
  async wait(timeoutNs = Infinity): Promise<boolean> {
    return (await this.file.pollWait(POLLIN, timeoutNs) & POLLIN) !== 0;
  }

  /** Closes the fd. */
  [Symbol.dispose](): void {
    this.file[Symbol.dispose]();
  }
}
