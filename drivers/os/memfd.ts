// Anonymous files in memory: memfd_create(2) with its size fixed by seals, so that no holder can shrink it under a mapping
// (that would be SIGBUS) or grow it past what was accounted.
import { CMemory } from "./c_memory.ts";
import { reopen } from "./fd.ts";
import { libc, orErrno } from "./libc.ts";
import { check } from "./os_error.ts";

/** Seal: no further seals may be added. */
export const F_SEAL_SEAL = 0x1;
/** Seal: the file cannot become smaller. */
export const F_SEAL_SHRINK = 0x2;
/** Seal: the file cannot become larger. */
export const F_SEAL_GROW = 0x4;
/** Seal: the contents cannot change. */
export const F_SEAL_WRITE = 0x8;
/** Seal: no new writable mapping. */
export const F_SEAL_FUTURE_WRITE = 0x10;

const FALLOC_FL_KEEP_SIZE = 0x1;
const FALLOC_FL_PUNCH_HOLE = 0x2;
const F_ADD_SEALS = 1033;
const F_GET_SEALS = 1034;
const COPY = 65536;
const MFD_CLOEXEC = 0x1;
const MFD_ALLOW_SEALING = 0x2;

const names = new Map<string, CMemory>();
let lastName = "";
let lastNameMemory: CMemory | undefined;
let lastSize = -1;
let lastSizeBig = 0n;

function big(size: number): bigint {
  if (size !== lastSize) {
    lastSizeBig = BigInt(size);
    lastSize = size;
  }
  return lastSizeBig;
}

function nameMemory(name: string): CMemory {
  if (lastNameMemory !== undefined && name === lastName) return lastNameMemory;
  let memory = names.get(name);
  if (memory === undefined) {
    memory = CMemory.string(name);
    // Names are debugging labels and few; one made up a call would otherwise be kept for ever.
    if (names.size >= 64) names.clear();
    names.set(name, memory);
  }
  lastName = name;
  return lastNameMemory = memory;
}

/**
 * Creates a zero-filled memfd of a fixed size, close-on-exec. Pages are allocated when first touched.
 *
 * @param name a label for /proc, at most 249 bytes
 * @param size bytes, 0 to 2^53-1
 * @param seals `F_SEAL_*`, by default SHRINK and GROW, which fix the size
 * @returns the descriptor, or `-errno` (EMFILE, ENFILE, ENOMEM; EINVAL for a long name; EFBIG for a size beyond the filesystem's)
 * @throws {RangeError} if `size` is not such a number
 */
export function memfdCreate(name: string, size: number, seals: number = F_SEAL_SHRINK | F_SEAL_GROW): number {
  if (!Number.isSafeInteger(size) || size < 0) throw new RangeError(`Cannot create a memfd of ${size} bytes`);
  const c = libc();
  const fd = c.memfd_create(nameMemory(name).pointer, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return orErrno(fd);
  if (c.ftruncate(fd, big(size)) === 0 && (seals === 0 || c.fcntl(fd, F_ADD_SEALS, seals) === 0)) return fd;
  const failure = orErrno(-1);
  c.close(fd);
  return failure;
}

/**
 * Adds seals.
 *
 * @param fd a memfd
 * @param seals `F_SEAL_*`
 * @returns 0, or `-errno`: EPERM if sealed against it, EBUSY if F_SEAL_WRITE and a writable mapping exists, EINVAL if not a memfd
 */
export function addSeals(fd: number, seals: number): number {
  return orErrno(libc().fcntl(fd, F_ADD_SEALS, seals));
}

/**
 * The seals of a file. A file from a stranger is safe to map only with F_SEAL_SHRINK.
 *
 * @param fd any descriptor
 * @returns `F_SEAL_*`, or `-EINVAL` if it is not a file that can be sealed
 */
export function getSeals(fd: number): number {
  return orErrno(libc().fcntl(fd, F_GET_SEALS, 0));
}

/**
 * Sets the size of a file.
 *
 * @param fd the descriptor
 * @param size bytes
 * @returns 0, or `-errno`: EPERM if sealed, EINVAL, EBADF
 */
export function ftruncate(fd: number, size: number): number {
  return orErrno(libc().ftruncate(fd, BigInt(size)));
}

/**
 * Gives the pages of a file's beginning back: they read as zeros, in mappings, too. Its size stays.
 *
 * @param fd a memfd without F_SEAL_WRITE
 * @param size bytes, a multiple of the page size
 * @returns 0, or `-errno`: EPERM if sealed against writing, EINVAL, EBADF
 */
export function zeroFile(fd: number, size: number): number {
  return orErrno(libc().fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0n, big(size)));
}

/**
 * Creates a memfd, as `memfdCreate`, for callers that have no use for a number that means failure.
 *
 * @param name a label for /proc
 * @param size bytes
 * @param seals `F_SEAL_*`
 * @returns the descriptor
 * @throws {OsError} as memfd_create(2) and ftruncate(2)
 */
export function openMemfd(name: string, size: number, seals?: number): number {
  return check(memfdCreate(name, size, seals), `create a memfd of ${size} bytes`);
}

/**
 * A file with fixed contents, which whoever gets the descriptor can only read, from its beginning.
 *
 * @param name a label for /proc
 * @param bytes the contents
 * @returns the descriptor
 * @throws {OsError} EMFILE, ENFILE, ENOMEM
 */
export function sealedFile(name: string, bytes: Uint8Array): number {
  const memory = openMemfd(name, bytes.length, 0);
  try {
    const from = new CMemory(Math.min(bytes.length, COPY));
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + COPY);
      from.bytes.set(part);
      const wrote = Number(libc().pwrite(memory, from.pointer, BigInt(part.length), BigInt(at)));
      at += check(wrote <= 0 ? orErrno(-1) : wrote, `fill ${name}`);
    }
    check(addSeals(memory, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), `seal ${name}`);
    return check(reopen(memory, 0), `open ${name} for reading`);
  } finally {
    libc().close(memory);
  }
}
