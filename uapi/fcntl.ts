/**
 * Numbers of the system calls that a client of a DRM file makes: open, fcntl, mmap, poll, lseek, memfd_create, eventfd,
 * clock_gettime. Mirrors asm-generic/fcntl.h, mman-common.h, poll.h and their kin as they are on x86-64.
 * @module
 */

/** open: read only. */
export const O_RDONLY = 0;
/** open: write only. */
export const O_WRONLY = 1;
/** open: read and write. */
export const O_RDWR = 2;
/** The bits of the access mode. */
export const O_ACCMODE = 3;
/** open: create the file. */
export const O_CREAT = 0x40;
/** open: fail if it exists. A DRM node refuses it with EBUSY. */
export const O_EXCL = 0x80;
/** open: a terminal does not become the controlling one. */
export const O_NOCTTY = 0x100;
/** open: cut it to no bytes. */
export const O_TRUNC = 0x200;
/** open, F_SETFL: write at the end. */
export const O_APPEND = 0x400;
/** open, F_SETFL: do not block. */
export const O_NONBLOCK = 0x800;
/** open: data is on disk when write returns. */
export const O_DSYNC = 0x1000;
/** F_SETFL: send SIGIO when it is ready. */
export const O_ASYNC = 0x2000;
/** open, F_SETFL: around the page cache. */
export const O_DIRECT = 0x4000;
/** open: offsets of 64 bits; always on for 64-bit programs. */
export const O_LARGEFILE = 0x8000;
/** open: fail if it is no directory. */
export const O_DIRECTORY = 0x10000;
/** open: fail if it is a symbolic link. */
export const O_NOFOLLOW = 0x20000;
/** open, F_SETFL: leave the access time. */
export const O_NOATIME = 0x40000;
/** open: close on exec. */
export const O_CLOEXEC = 0x80000;
/** open: data and metadata are on disk when write returns. */
export const O_SYNC = 0x101000;
/** open: only a place in the file system. */
export const O_PATH = 0x200000;
/** open: a file without a name. */
export const O_TMPFILE = 0x410000;

/** fcntl: a new fd of at least the argument. */
export const F_DUPFD = 0;
/** fcntl: read FD_CLOEXEC. */
export const F_GETFD = 1;
/** fcntl: set FD_CLOEXEC. */
export const F_SETFD = 2;
/** fcntl: read O_* flags. */
export const F_GETFL = 3;
/** fcntl: set O_* flags. */
export const F_SETFL = 4;
/** fcntl: a new fd of at least the argument, closed on exec. */
export const F_DUPFD_CLOEXEC = 1030;
/** fcntl: add seals to a memfd. */
export const F_ADD_SEALS = 1033;
/** fcntl: read the seals of a memfd. */
export const F_GET_SEALS = 1034;
/** F_SETFD: close on exec. */
export const FD_CLOEXEC = 1;
/** Seal: no more seals. */
export const F_SEAL_SEAL = 0x1;
/** Seal: it cannot shrink. */
export const F_SEAL_SHRINK = 0x2;
/** Seal: it cannot grow. */
export const F_SEAL_GROW = 0x4;
/** Seal: it cannot be written. */
export const F_SEAL_WRITE = 0x8;
/** Seal: it cannot be written, except by mappings there are. */
export const F_SEAL_FUTURE_WRITE = 0x10;
/** Seal: its executable bits stay. */
export const F_SEAL_EXEC = 0x20;

/** memfd_create: close on exec. */
export const MFD_CLOEXEC = 0x1;
/** memfd_create: seals can be added. */
export const MFD_ALLOW_SEALING = 0x2;
/** memfd_create: of huge pages. */
export const MFD_HUGETLB = 0x4;
/** memfd_create: not executable, sealed so. */
export const MFD_NOEXEC_SEAL = 0x8;
/** memfd_create: executable. */
export const MFD_EXEC = 0x10;

/** mmap: no access. */
export const PROT_NONE = 0;
/** mmap: read. */
export const PROT_READ = 1;
/** mmap: write. */
export const PROT_WRITE = 2;
/** mmap: execute. */
export const PROT_EXEC = 4;
/** mmap: writes reach the file. */
export const MAP_SHARED = 0x1;
/** mmap: writes stay in this mapping. */
export const MAP_PRIVATE = 0x2;
/** mmap: as MAP_SHARED, and unknown flags are refused. */
export const MAP_SHARED_VALIDATE = 0x3;
/** mmap: the bits of sharing. */
export const MAP_TYPE = 0xf;
/** mmap: at the address given, replacing what is there. */
export const MAP_FIXED = 0x10;
/** mmap: no file. */
export const MAP_ANONYMOUS = 0x20;
/** mmap: reserve no swap space. */
export const MAP_NORESERVE = 0x4000;
/** mmap: fault pages in at once. */
export const MAP_POPULATE = 0x8000;
/** mmap: at the address given, or EEXIST. */
export const MAP_FIXED_NOREPLACE = 0x100000;

/** poll: something to read. */
export const POLLIN = 0x1;
/** poll: urgent data. */
export const POLLPRI = 0x2;
/** poll: room to write. */
export const POLLOUT = 0x4;
/** poll: an error; always reported. */
export const POLLERR = 0x8;
/** poll: the other side is gone; always reported. */
export const POLLHUP = 0x10;
/** poll: no such fd; always reported. */
export const POLLNVAL = 0x20;
/** poll: as POLLIN. */
export const POLLRDNORM = 0x40;
/** poll: data of a priority band to read. */
export const POLLRDBAND = 0x80;
/** poll: as POLLOUT. */
export const POLLWRNORM = 0x100;
/** poll: room to write data of a priority band. */
export const POLLWRBAND = 0x200;
/** poll: a message; unused. */
export const POLLMSG = 0x400;
/** poll: the other side has shut down writing. */
export const POLLRDHUP = 0x2000;

/** lseek: from the start. */
export const SEEK_SET = 0;
/** lseek: from the present place. */
export const SEEK_CUR = 1;
/** lseek: from the end. */
export const SEEK_END = 2;
/** lseek: to the next data. */
export const SEEK_DATA = 3;
/** lseek: to the next hole. */
export const SEEK_HOLE = 4;

/** eventfd: read takes 1, not all. */
export const EFD_SEMAPHORE = 0x1;
/** eventfd: do not block. */
export const EFD_NONBLOCK = 0x800;
/** eventfd: close on exec. */
export const EFD_CLOEXEC = 0x80000;

/** clock_gettime: the time of day. */
export const CLOCK_REALTIME = 0;
/** clock_gettime: since an arbitrary moment, never set back; the clock of DRM events and fences. */
export const CLOCK_MONOTONIC = 1;
/** clock_gettime: of the process. */
export const CLOCK_PROCESS_CPUTIME_ID = 2;
/** clock_gettime: of the thread. */
export const CLOCK_THREAD_CPUTIME_ID = 3;
/** clock_gettime: as CLOCK_MONOTONIC, not slewed. */
export const CLOCK_MONOTONIC_RAW = 4;
/** clock_gettime: as CLOCK_MONOTONIC, suspended time included. */
export const CLOCK_BOOTTIME = 7;
/** clock_gettime: international atomic time. */
export const CLOCK_TAI = 11;
