/**
 * Pages of another process, by a descriptor that it sent: mapped when they are first read, closed when nobody uses them any more.
 * @module
 */

import { DrmError } from "../../../../core/error.ts";
import { PAGE_SIZE, type Pages } from "../../../../core/memory.ts";
import {
  close,
  F_SEAL_FUTURE_WRITE,
  F_SEAL_SHRINK,
  F_SEAL_WRITE,
  fcntl,
  fstat,
  getSeals,
  Mapping,
} from "../../../os/mod.ts";

const F_GETFL = 3;
const O_ACCMODE = 3;
const O_RDWR = 2;
/** Larger files are no pages of anybody. */
const SIZE_MAX = 2 ** 47;

function isWhole(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value % PAGE_SIZE === 0;
}

/** Pages behind a descriptor. */
export class AdoptedPages implements Pages {
  readonly size: number;
  readonly fd: number;
  readonly fdOffset: number;
  #mapping: Mapping | undefined;
  #bytes: Uint8Array | undefined;
  #pins = 0;
  #disposed = false;
  #closed = false;

  private constructor(fd: number, fdOffset: number, size: number) {
    this.fd = fd;
    this.fdOffset = fdOffset;
    this.size = size;
  }

  /**
   * Takes a range of a file over.
   * @param fd owned from now on, closed if it is refused. @param offset into it, whole pages. @param size bytes, whole pages; -1: all of it
   * @throws {DrmError} EINVAL for a file that could become smaller under its mapping, or a range that it has not
   */
  static adopt(fd: number, offset = 0, size = -1): AdoptedPages {
    try {
      const all = AdoptedPages.check(fd, PAGE_SIZE);
      const length = size < 0 ? all - offset : size;
      if (!(isWhole(offset) && isWhole(length) && length > 0 && offset + length <= all)) {
        throw new DrmError("EINVAL", `Cannot use ${length} bytes at ${offset} of a file of ${all}`);
      }
      return new AdoptedPages(fd, offset, length);
    } catch (error) {
      close(fd);
      throw error;
    }
  }

  /**
   * Whether a file of another process can be mapped without danger; its size, bytes.
   * @param unit what its size is to be a multiple of. @throws {DrmError} EINVAL
   */
  static check(fd: number, unit: number): number {
    const seals = getSeals(fd);
    if (seals < 0 || (seals & F_SEAL_SHRINK) === 0) {
      throw new DrmError("EINVAL", "Cannot use a file that is not sealed against shrinking");
    }
    if ((seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) !== 0 || (fcntl(fd, F_GETFL) & O_ACCMODE) !== O_RDWR) {
      throw new DrmError("EINVAL", "Cannot use a file that cannot be written");
    }
    const { size } = fstat(fd);
    if (!(size > 0 && size <= SIZE_MAX && size % unit === 0)) {
      throw new DrmError("EINVAL", `Cannot use a file of ${size} bytes`);
    }
    return size;
  }

  bytes(): Uint8Array {
    if (this.#bytes === undefined) {
      if (this.#closed) throw new TypeError("Cannot read pages that were disposed of");
      const mapping = Mapping.tryMap(this.fd, this.size, undefined, undefined, this.fdOffset);
      if (typeof mapping === "number") throw new DrmError("ENOMEM", `Cannot map ${this.size} bytes: errno ${-mapping}`);
      this.#mapping = mapping;
      this.#bytes = new Uint8Array(mapping.buffer);
    }
    return this.#bytes;
  }

  pin(): void {
    this.#pins++;
  }

  unpin(): void {
    if (--this.#pins === 0 && this.#disposed) this.#close();
  }

  /** Lets go of it: it goes with the last who has pinned it. */
  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (this.#pins === 0) this.#close();
  }

  /** Gives the descriptor back to whoever had it before, open. Nobody may have pinned it. */
  release(): void {
    this.#disposed = this.#closed = true;
    this.#mapping?.[Symbol.dispose]();
    this.#mapping = this.#bytes = undefined;
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#mapping?.[Symbol.dispose]();
    this.#mapping = this.#bytes = undefined;
    close(this.fd);
  }
}
