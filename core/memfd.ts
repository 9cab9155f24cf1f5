/**
 * `MemFd`: an anonymous file with seals, in process. Mirrors memfd_create(2) and F_ADD_SEALS (mm/memfd.c), as far as its
 * memory serves as a udmabuf. A door implements `MemFdFile` over a descriptor of its client's.
 * @module
 */

import {
  F_SEAL_EXEC,
  F_SEAL_FUTURE_WRITE,
  F_SEAL_GROW,
  F_SEAL_SEAL,
  F_SEAL_SHRINK,
  F_SEAL_WRITE,
  MAP_PRIVATE,
  MAP_TYPE,
  MFD_ALLOW_SEALING,
  MFD_CLOEXEC,
  MFD_EXEC,
  MFD_NOEXEC_SEAL,
  O_RDWR,
  PROT_WRITE,
  SEEK_CUR,
  SEEK_END,
  SEEK_SET,
} from "../uapi/fcntl.ts";
import { DrmError } from "./error.ts";
import { File, type Mapping } from "./file.ts";
import { PagesMapping } from "./mapping.ts";
import { pageAlign, type PageAllocator, type Pages, type PageSegment } from "./memory.ts";
import type { Process } from "./process.ts";

const FLAGS = MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL | MFD_EXEC;
const SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE | F_SEAL_EXEC;
const NAME_MAX = 249;

/** A file that is a memfd, of this isolate or of a client elsewhere. */
export abstract class MemFdFile extends File {
  /** Always "memfd". */
  readonly kind = "memfd";
  /** F_GET_SEALS. */
  abstract readonly seals: number;
  /**
   * Keeps a range in place for a device (memfd_pin_folios) until `unpin`. Takes a reference.
   *
   * @throws {DrmError} EINVAL if it is empty or not inside the file.
   */
  abstract pinRange(offset: number, length: number): PageSegment[];
  /** Ends one `pinRange`. */
  abstract unpin(): void;
}

/** An anonymous file of a process in this isolate. */
export class MemFd extends MemFdFile {
  /** The name that it was made with. */
  readonly name: string;
  readonly #allocator: PageAllocator;
  // Usually one; more where it grew while somebody held its memory in place.
  #extents: Pages[] = [];
  #capacity = 0;
  #size = 0;
  #seals: number;
  #position = 0;
  #holders = 0;
  #writableMappings = 0;

  /**
   * memfd_create: an empty file.
   *
   * @param task who makes it. @param name for debugging, at most 249 characters. @param flags MFD_*, without MFD_HUGETLB.
   * @throws {DrmError} EINVAL for a name too long, or other flags.
   */
  constructor(task: Process, name: string, flags: number) {
    super(O_RDWR);
    if ((flags & ~FLAGS) !== 0 || name.length > NAME_MAX) {
      throw new DrmError(
        "EINVAL",
        `Cannot make a memfd with flags 0x${flags.toString(16)} and name ${name.slice(0, 32)}`,
      );
    }
    this.name = name;
    this.#allocator = task.system.pages;
    this.#seals = (flags & (MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL)) === 0 ? F_SEAL_SEAL : 0;
    if ((flags & MFD_NOEXEC_SEAL) !== 0) this.#seals |= F_SEAL_EXEC;
  }

  /** Bytes. */
  get size(): number {
    return this.#size;
  }

  /** F_GET_SEALS. */
  override get seals(): number {
    return this.#seals;
  }

  /** F_ADD_SEALS. Throws EINVAL for unknown seals, EPERM once F_SEAL_SEAL is set, EBUSY where writing cannot be taken back. */
  addSeals(seals: number): void {
    if ((seals & ~SEALS) !== 0) throw new DrmError("EINVAL", `Cannot add seals 0x${seals.toString(16)}`);
    if ((this.#seals & F_SEAL_SEAL) !== 0) throw new DrmError("EPERM", "Cannot add seals: the file takes no more");
    if ((seals & F_SEAL_WRITE) !== 0 && (this.#writableMappings > 0 || this.#holders > this.#writableMappings)) {
      throw new DrmError("EBUSY", "Cannot seal against writing: the file is mapped or in use by a device");
    }
    this.#seals |= seals;
  }

  /** ftruncate(2). @param size bytes. @throws {DrmError} EINVAL, EPERM for a sealed file, ENOMEM. */
  truncate(size: number): void {
    if (!Number.isSafeInteger(size) || size < 0) throw new DrmError("EINVAL", `Cannot set the size to ${size}`);
    if (size < this.#size && (this.#seals & F_SEAL_SHRINK) !== 0) throw new DrmError("EPERM", "Cannot shrink: sealed");
    if (size > this.#size && (this.#seals & F_SEAL_GROW) !== 0) throw new DrmError("EPERM", "Cannot grow: sealed");
    this.#reserve(size);
    // What a later growth brings back reads as zero.
    for (const { pages, offset, length } of this.#segments(size, this.#size - size)) {
      pages.bytes().fill(0, offset, offset + length);
    }
    this.#size = size;
  }

  /** Keeps a range in place for a device until `unpin`. Takes a reference. Throws EINVAL outside the file. */
  override pinRange(offset: number, length: number): PageSegment[] {
    if (!(length > 0) || !(offset >= 0) || offset + length > this.#size) {
      throw new DrmError("EINVAL", `Cannot pin ${length} bytes at ${offset}: the file has ${this.#size}`);
    }
    this.#holders++;
    this.ref();
    return this.#segments(offset, length);
  }

  /** Ends one `pinRange`. */
  override unpin(): void {
    this.#holders--;
    this.put();
  }

  /** Reads from the position on. */
  override read(_task: Process, target: Uint8Array): number {
    const length = Math.max(0, Math.min(target.length, this.#size - this.#position));
    let done = 0;
    for (const { pages, offset, length: part } of this.#segments(this.#position, length)) {
      target.set(pages.bytes().subarray(offset, offset + part), done);
      done += part;
    }
    this.#position += length;
    return length;
  }

  /** Writes at the position, growing the file. Throws EPERM where seals forbid it, ENOMEM. */
  override write(_task: Process, source: Uint8Array): number {
    if ((this.#seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) !== 0) throw new DrmError("EPERM", "Cannot write: sealed");
    const end = this.#position + source.length;
    if (end > this.#size) this.truncate(end);
    let done = 0;
    for (const { pages, offset, length } of this.#segments(this.#position, source.length)) {
      pages.bytes().set(source.subarray(done, done + length), offset);
      done += length;
    }
    this.#position = end;
    return source.length;
  }

  /** Moves the position. Throws EINVAL. */
  override lseek(offset: number, whence: number): number {
    const base = whence === SEEK_SET
      ? 0
      : whence === SEEK_CUR
      ? this.#position
      : whence === SEEK_END
      ? this.#size
      : NaN;
    const position = base + offset;
    if (!Number.isSafeInteger(position) || position < 0) throw new DrmError("EINVAL", `Cannot seek to ${position}`);
    return this.#position = position;
  }

  /**
   * Maps a range inside the file (the kernel maps beyond the end too, where every access would fault).
   *
   * @throws {DrmError} EINVAL outside the file; EPERM for writing to a sealed one; ENOMEM if the file grew while it was held
   * and the range crosses the seam.
   */
  override mmap(_task: Process, length: number, offset: number, prot: number, flags: number): Mapping {
    const shared = (flags & MAP_TYPE) !== MAP_PRIVATE;
    const writable = shared && (prot & PROT_WRITE) !== 0;
    if (writable && (this.#seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) !== 0) {
      throw new DrmError("EPERM", "Cannot map for writing: sealed");
    }
    if (!(length > 0) || !(offset >= 0) || offset + length > this.#size) {
      throw new DrmError("EINVAL", `Cannot map ${length} bytes at ${offset}: the file has ${this.#size}`);
    }
    const [segment, more] = this.#segments(offset, length);
    if (more !== undefined) {
      throw new DrmError("ENOMEM", "Cannot map across the place where the file grew while it was held");
    }
    if (!shared) {
      const bytes = segment.pages.bytes().slice(segment.offset, segment.offset + length);
      return { bytes, [Symbol.dispose]: () => {} };
    }
    this.#holders++;
    if (writable) this.#writableMappings++;
    this.ref();
    const put = (): void => {
      if (writable) this.#writableMappings--;
      this.unpin();
    };
    return new PagesMapping(segment.pages, segment.offset, length, { put });
  }

  /** Gives its memory back. */
  protected override release(): void {
    for (const pages of this.#extents) pages[Symbol.dispose]();
    this.#extents = [];
  }

  // Makes room for `size` bytes. Memory that somebody holds stays where it is; what is new comes behind it.
  #reserve(size: number): void {
    const capacity = pageAlign(size);
    if (capacity <= this.#capacity) return;
    if (this.#holders > 0) {
      this.#extents.push(this.#allocator.allocate(capacity - this.#capacity, this.name));
    } else {
      const pages = this.#allocator.allocate(capacity, this.name);
      let done = 0;
      for (const old of this.#extents) {
        pages.bytes().set(old.bytes(), done);
        done += old.size;
        old[Symbol.dispose]();
      }
      this.#extents = [pages];
    }
    this.#capacity = capacity;
  }

  #segments(offset: number, length: number): PageSegment[] {
    const out: PageSegment[] = [];
    let start = 0;
    for (const pages of this.#extents) {
      const from = Math.max(offset, start);
      const to = Math.min(offset + length, start + pages.size);
      if (from < to) out.push({ pages, offset: from - start, length: to - from });
      start += pages.size;
    }
    return out;
  }
}
