// core's `Pages` on memfds: one sealed memfd an object, mapped at first use. Mappings are a cache, dropped by second chance.
// Mirrors what shmem is to drm_gem_shmem_helper.c.
import { DrmError } from "../../core/error.ts";
import { PAGE_SIZE, type PageAllocator, type Pages, type PageSegment } from "../../core/memory.ts";
import { ERRNO, errnoName } from "../../uapi/errno.ts";
import { JoinedPages } from "./joined_pages.ts";
import { libc } from "./libc.ts";
import { MAP_ANONYMOUS, MAP_NORESERVE, MAP_PRIVATE, Mapping, PROT_READ, PROT_WRITE } from "./mapping.ts";
import { memfdCreate } from "./memfd.ts";
import { fdLimit, raiseFdLimit } from "./rlimit.ts";

const { EMFILE, ENFILE, ENOMEM } = ERRNO;
/** Descriptors left for the rest of the process: sockets, eventfds, the runtime's own files. */
const HEADROOM = 256;
/** A quarter of the kernel's default vm.max_map_count, which the whole process shares. */
const MAX_MAPPINGS = 16384;

/** How a `MemfdAllocator` behaves. */
export interface MemfdAllocatorOptions {
  /** Mappings that are kept when nobody pins them; 16384 unless told, at least 2: a copy needs both ends. */
  readonly maxMappings?: number;
  /** Descriptors that objects may take in all; as many as RLIMIT_NOFILE allows (it is raised), less 256, unless told. */
  readonly maxFds?: number;
  /** Receives the one warning given when descriptors run out; `console.warn` unless told. */
  readonly warn?: (message: string) => void;
}

/** Pages on memfds, for objects that other processes can map. */
export class MemfdAllocator implements PageAllocator {
  readonly #maxMappings: number;
  readonly #maxFds: number;
  readonly #warn: (message: string) => void;
  #fdLimit = 0;
  #fds = 0;
  // After running out: the number of our descriptors at which trying again is pointless.
  #fdCeiling = Infinity;
  #warned = false;
  #mapped = 0;
  // The clock hand, in a ring of the unpinned mapped pages.
  #hand: MemfdPages | undefined;
  #ringLength = 0;
  // Anonymous ranges that could not be unmapped (that would have split a range at vm.max_map_count), emptied, by length.
  readonly #spares = new Map<number, Mapping[]>();

  /**
   * Nothing is opened before the first `allocate`.
   *
   * @param options limits, and where the warning goes
   */
  constructor(options: MemfdAllocatorOptions = {}) {
    this.#maxMappings = Math.max(2, options.maxMappings ?? MAX_MAPPINGS);
    this.#maxFds = options.maxFds ?? Infinity;
    this.#warn = options.warn ?? ((message) => console.warn(message));
  }

  /** Descriptors that live pages hold. */
  get fds(): number {
    return this.#fds;
  }

  /** Mappings that exist now, pinned ones included. */
  get mappings(): number {
    return this.#mapped;
  }

  /**
   * New pages, zero-filled. When descriptors have run out they are anonymous memory of this process, until their `fd` is
   * asked for; the first time this is said aloud.
   *
   * @param size bytes, a multiple of 4096
   * @param name a label, seen in /proc/PID/maps; at most 249 bytes
   * @returns the pages, to be disposed
   * @throws {DrmError} ENOMEM
   * @throws {RangeError} if `size` is no such number
   */
  allocate(size: number, name: string): Pages {
    if (!Number.isSafeInteger(size) || size < 0 || size % PAGE_SIZE !== 0) {
      throw new RangeError(`Cannot allocate ${size} bytes of pages: not a multiple of ${PAGE_SIZE}`);
    }
    const fd = this.openFd(size, name);
    return new MemfdPages(this, size, name, fd);
  }

  /**
   * Several ranges as one, for the CPU; each must have a descriptor.
   *
   * @param segments the ranges, whose owners outlive the result
   * @returns pages that are mapped when they are first read
   */
  join(segments: readonly PageSegment[]): Pages {
    return new JoinedPages(segments);
  }

  /**
   * A memfd counted against the limits. For `MemfdPages`.
   *
   * @param size bytes
   * @param name a label
   * @returns the descriptor, or -1 if there are none left
   * @throws {DrmError} ENOMEM
   */
  openFd(size: number, name: string): number {
    if (this.#fds >= this.#fdCeiling || this.#fds >= this.#maxFds) return this.#ranOut();
    let fd = memfdCreate(name, size);
    if (fd === -EMFILE && this.#raise()) fd = memfdCreate(name, size);
    if (fd >= 0) {
      // The kernel gives the lowest free number, so a high one says how full the table is.
      if (this.#fdLimit === 0) this.#fdLimit = fdLimit().soft;
      if (fd < this.#fdLimit - HEADROOM || this.#raise() && fd < this.#fdLimit - HEADROOM) {
        this.#fds++;
        return fd;
      }
      libc().close(fd);
      return this.#ranOut();
    }
    if (fd === -EMFILE || fd === -ENFILE) return this.#ranOut();
    throw new DrmError("ENOMEM", `Cannot create a memfd of ${size} bytes for ${name}: ${errnoName(fd)}`);
  }

  /**
   * Gives a descriptor back. For `MemfdPages`.
   *
   * @param fd from `openFd`
   */
  closeFd(fd: number): void {
    libc().close(fd);
    this.#fds--;
  }

  /**
   * Maps a memfd, or with -1 anonymous memory, dropping another mapping if there are too many. For `MemfdPages`.
   *
   * @param fd from `openFd`, or -1
   * @param size bytes
   * @returns the mapping
   * @throws {DrmError} ENOMEM
   */
  map(fd: number, size: number): Mapping {
    if (fd < 0) {
      const spare = this.#spares.get(size)?.pop();
      if (spare !== undefined) return spare;
    } else {
      if (this.#mapped >= this.#maxMappings) this.#evict(1);
    }
    let mapping = tryMap(fd, size);
    if (mapping === -ENOMEM && this.#ringLength > 0) {
      this.#evict(Math.ceil(this.#ringLength / 2));
      mapping = tryMap(fd, size);
    }
    if (typeof mapping === "number") throw new DrmError("ENOMEM", `Cannot map ${size} bytes: ${errnoName(mapping)}`);
    if (fd >= 0) this.#mapped++;
    return mapping;
  }

  /**
   * Ends a mapping. For `MemfdPages`.
   *
   * @param mapping from `map`
   * @param anonymous whether it was made with fd -1
   */
  unmap(mapping: Mapping, anonymous: boolean): void {
    const result = mapping.unmap();
    if (!anonymous) this.#mapped--;
    if (result === 0) return;
    const spares = this.#spares.get(mapping.length);
    if (spares === undefined) this.#spares.set(mapping.length, [mapping]);
    else spares.push(mapping);
  }

  /**
   * Counts a mapping that turned from anonymous to a memfd's. For `MemfdPages`.
   */
  promoted(): void {
    this.#mapped++;
  }

  /**
   * Makes a mapping droppable. For `MemfdPages`.
   *
   * @param pages mapped, unpinned, not yet in the ring
   */
  enter(pages: MemfdPages): void {
    const hand = this.#hand;
    if (hand === undefined) {
      pages.next = pages.previous = this.#hand = pages;
    } else {
      // Just behind the hand: the last to be looked at.
      pages.next = hand;
      pages.previous = hand.previous;
      if (hand.previous !== undefined) hand.previous.next = pages;
      hand.previous = pages;
    }
    this.#ringLength++;
  }

  /**
   * Makes a mapping stay. For `MemfdPages`.
   *
   * @param pages in the ring, or not
   */
  leave(pages: MemfdPages): void {
    const { next, previous } = pages;
    if (next === undefined || previous === undefined) return;
    if (next === pages) this.#hand = undefined;
    else {
      previous.next = next;
      next.previous = previous;
      if (this.#hand === pages) this.#hand = next;
    }
    pages.next = pages.previous = undefined;
    this.#ringLength--;
  }

  #evict(count: number): void {
    for (let left = count; left > 0 && this.#hand !== undefined;) {
      const pages = this.#hand;
      if (pages.used) {
        pages.used = false;
        this.#hand = pages.next;
      } else {
        this.leave(pages);
        pages.drop();
        left--;
      }
    }
  }

  #raise(): boolean {
    const before = this.#fdLimit === 0 ? fdLimit().soft : this.#fdLimit;
    this.#fdLimit = raiseFdLimit();
    return this.#fdLimit > before;
  }

  #ranOut(): number {
    this.#fdCeiling = Math.min(this.#fdCeiling, this.#fds);
    if (!this.#warned) {
      this.#warned = true;
      this.#warn(
        `udrm: ${this.#fds} buffers hold a file descriptor each and no more are allowed: further ones stay private to this ` +
          "process, and exporting them can fail. Raise the limit (ulimit -n, or LimitNOFILE= of a service).",
      );
    }
    return -1;
  }
}

function tryMap(fd: number, size: number): Mapping | number {
  return fd >= 0
    ? Mapping.tryMap(fd, size)
    : Mapping.tryMap(-1, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
}

const NOTHING = new Uint8Array(0);

/** The pages of one object. Made by `MemfdAllocator.allocate`. */
export class MemfdPages implements Pages {
  readonly size: number;
  /** Neighbours in the allocator's ring; undefined outside it. */
  next: MemfdPages | undefined;
  /** The other neighbour. */
  previous: MemfdPages | undefined;
  /** Whether it was used since the clock hand last passed. */
  used = false;
  readonly #allocator: MemfdAllocator;
  readonly #name: string;
  #fd: number;
  #mapping: Mapping | undefined;
  #bytes: Uint8Array | undefined;
  #pins = 0;
  #disposed = false;

  /**
   * Takes over a descriptor.
   *
   * @param allocator where it counts
   * @param size bytes
   * @param name a label
   * @param fd a memfd of that size, owned from now on, or -1 for anonymous memory
   */
  constructor(allocator: MemfdAllocator, size: number, name: string, fd: number) {
    this.#allocator = allocator;
    this.size = size;
    this.#name = name;
    this.#fd = fd;
  }

  /**
   * All of it. Ask anew for each use unless it is pinned: a dropped mapping leaves views that read as empty.
   *
   * @returns the memory itself
   * @throws {DrmError} ENOMEM if it cannot be mapped
   * @throws {TypeError} after disposal
   */
  bytes(): Uint8Array {
    this.used = true;
    return this.#bytes ?? this.#map();
  }

  #map(): Uint8Array {
    if (this.#disposed) throw new TypeError(`Cannot read the pages of ${this.#name}: they were freed`);
    if (this.size === 0) return this.#bytes = NOTHING;
    const mapping = this.#mapping = this.#allocator.map(this.#fd, this.size);
    if (this.#fd >= 0 && this.#pins === 0) this.#allocator.enter(this);
    return this.#bytes = new Uint8Array(mapping.buffer);
  }

  /** Keeps the mapping in place until as many `unpin` calls. It is made when `bytes` is first called. */
  pin(): void {
    if (this.#pins++ === 0) this.#allocator.leave(this);
  }

  /**
   * Ends one `pin`.
   *
   * @throws {RangeError} without a `pin`
   */
  unpin(): void {
    if (this.#pins === 0) throw new RangeError(`Cannot unpin the pages of ${this.#name}: they are not pinned`);
    if (--this.#pins === 0 && this.#mapping !== undefined && this.#fd >= 0) this.#allocator.enter(this);
  }

  /**
   * The sealed memfd. Anonymous pages become one now, in place: views of them stay good.
   *
   * @returns the descriptor, owned by these pages; undefined if none can be had
   * @throws {DrmError} ENOMEM
   */
  get fd(): number | undefined {
    if (this.#fd >= 0) return this.#fd;
    return this.#disposed ? undefined : this.#promote();
  }

  #promote(): number | undefined {
    const fd = this.#allocator.openFd(this.size, this.#name);
    if (fd < 0) return undefined;
    const mapping = this.#mapping;
    if (mapping !== undefined) {
      const c = libc();
      for (let done = 0; done < this.size;) {
        const pointer = Deno.UnsafePointer.offset(mapping.pointer, done);
        const wrote = Number(c.pwrite(fd, pointer, BigInt(this.size - done), BigInt(done)));
        if (wrote <= 0) {
          this.#allocator.closeFd(fd);
          return undefined;
        }
        done += wrote;
      }
      if (mapping.replace(fd) < 0) {
        this.#allocator.closeFd(fd);
        return undefined;
      }
      this.#allocator.promoted();
    }
    this.#fd = fd;
    if (mapping !== undefined && this.#pins === 0) this.#allocator.enter(this);
    return fd;
  }

  /** Ends the mapping, which the allocator's hand chose. Views of it read as empty from now on. */
  drop(): void {
    const mapping = this.#mapping;
    this.#mapping = this.#bytes = undefined;
    if (mapping !== undefined) this.#allocator.unmap(mapping, this.#fd < 0);
  }

  /** Frees the memory. Views of it read as empty from now on; twice does nothing. */
  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#allocator.leave(this);
    this.drop();
    if (this.#fd >= 0) {
      this.#allocator.closeFd(this.#fd);
      this.#fd = -1;
    }
  }
}

/**
 * Backing store that other processes can map: one sealed memfd an object.
 *
 * @param options limits, and where the one warning goes
 * @returns the allocator, for `createSystem`; nothing is opened before its first use
 */
export function memfdAllocator(options?: MemfdAllocatorOptions): MemfdAllocator {
  return new MemfdAllocator(options);
}
