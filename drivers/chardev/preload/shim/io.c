// ioctl and mmap of open files. What an ioctl makes for the program, fds, it puts where the server has said.
#include "shim.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define DRM_TYPE 'd'
#define DMA_BUF_TYPE 'b'
#define PAGE 4096

static int fail(int error) {
  errno = -error;
  return -1;
}

// How many fds a request took the last time: the guess for the next. Wrong guesses cost one more exchange, no more.
static struct {
  uint32_t command, count;
} hints[16];

static uint32_t *hint(uint32_t command) {
  unsigned slot = (command ^ command >> 8) & 15;
  if (hints[slot].command != command) {
    hints[slot].command = command;
    hints[slot].count = 0;
  }
  return &hints[slot].count;
}

static void release(struct exchange *x, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) if (x->reserved[i] >= 0) REAL(close)(x->reserved[i]);
}

// Puts the files that came into the places that the server has told the program of.
static void install(struct exchange *x) {
  for (uint32_t i = 0; i < x->reply.installs && i < (uint32_t)x->fd_count; i++) {
    int number = x->installs[i].number;
    REAL(dup3)(x->fds[i], number, x->installs[i].cloexec ? O_CLOEXEC : 0);
    for (uint32_t j = 0; j < x->request.fd_count; j++) if (x->reserved[j] == number) x->reserved[j] = -1;
  }
  for (int i = 0; i < x->fd_count; i++) REAL(close)(x->fds[i]);
}

// The server may want fds for what it is about to make: it is asked anew with as many as it wants, as if nothing had happened.
static int ask(int file, struct exchange *x, uint32_t command) {
  uint32_t *guess = hint(command);
  uint32_t wanted = *guess > FDS_MAX ? 0 : *guess, have = 0;
  for (;;) {
    int error = 0;
    while (have < wanted && error == 0) {
      int fd = udrm_reserve(file < 0 ? x->attached : file);
      if (fd < 0) error = fd;
      else x->reserved[have++] = fd;
    }
    if (error) {
      release(x, have);
      return error;
    }
    x->request.fd_count = have;
    int result = udrm_exchange(file, x);
    if (result == 0 && x->reply.status == STATUS_WANTS_FDS && x->reply.result > (int)have && x->reply.result <= FDS_MAX) {
      wanted = x->reply.result;
      continue;
    }
    if (result == 0) {
      result = x->reply.result;
      if (x->reply.installs != (uint32_t)x->fd_count) result = -EMFILE;
      else if (result >= 0) *guess = x->reply.installs;
      install(x);
      if (x->failed < 0 && result >= 0) result = x->failed;
    }
    release(x, have);
    return result;
  }
}

static int remote_ioctl(int fd, uint32_t command, uint64_t argument) {
  struct exchange x;
  uint32_t size = _IOC_SIZE(command);
  udrm_begin(&x, OP_IOCTL);
  x.request.command = command;
  x.request.argument = argument;
  if (_IOC_TYPE(command) == DRM_TYPE && size > 0 && size <= INLINE_MAX) {
    x.request.flags = REQUEST_INLINE;
    if (_IOC_DIR(command) & _IOC_WRITE) {
      x.out = (const void *)(uintptr_t)argument;
      x.out_size = size;
    }
    if (_IOC_DIR(command) & _IOC_READ) {
      x.in = (void *)(uintptr_t)argument;
      x.in_size = size;
    }
  }
  int result = ask(fd, &x, command);
  return result < 0 ? fail(result) : result;
}

// Most dma-bufs are memfds of the server's. It goes along, so that the server sees what it is; ENOTTY if it is none.
static int buffer_ioctl(int fd, uint32_t command, uint64_t argument) {
  struct exchange x;
  udrm_begin(&x, OP_DMABUF_IOCTL);
  x.request.command = command;
  x.request.argument = argument;
  x.attached = fd;
  int result = ask(-1, &x, command);
  return result < 0 ? fail(result) : result;
}

EXPORT int ioctl(int fd, unsigned long command, ...) {
  struct file file;
  va_list list;
  va_start(list, command);
  void *argument = va_arg(list, void *);
  va_end(list);
  if (udrm_identify(fd, &file)) {
    // What the kernel does with files of all kinds (do_vfs_ioctl), it does with sockets.
    if (command == FIOCLEX || command == FIONCLEX || command == FIONBIO) return REAL(ioctl)(fd, command, argument);
    return remote_ioctl(fd, command, (uintptr_t)argument);
  }
  if (_IOC_TYPE(command) == DMA_BUF_TYPE && udrm_maybe_buffer(fd)) return buffer_ioctl(fd, command, (uintptr_t)argument);
  return REAL(ioctl)(fd, command, argument);
}

// The piece of memory at `done` bytes of the range. 0, or -errno.
static int piece(int fd, size_t length, int protection, int flags, off_t offset, size_t done, struct exchange *x) {
  udrm_begin(x, OP_MMAP);
  x->request.length = length;
  x->request.offset = offset;
  x->request.command = protection;
  x->request.argument = (uint32_t)flags | (uint64_t)(done / PAGE) << 32;
  int result = udrm_exchange(fd, x);
  if (result == 0) result = x->reply.result;
  return result == 0 && x->fd_count != 1 ? -ENOMEM : result;
}

static void *map_piece(void *address, int protection, int flags, struct exchange *x) {
  void *mapped = REAL(mmap)(address, x->reply.length, protection, flags, x->fds[0], x->reply.value);
  int saved = errno;
  REAL(close)(x->fds[0]);
  errno = saved;
  return mapped;
}

// The server tells which memory lies at the offset; the mapping itself is the kernel's. Memory in several pieces, as a udmabuf may
// have it, takes a place in whole first.
EXPORT void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset) {
  struct exchange x;
  struct file file;
  if (flags & MAP_ANONYMOUS || fd < 0 || !udrm_identify(fd, &file)) {
    return REAL(mmap)(address, length, protection, flags, fd, offset);
  }
  int result = piece(fd, length, protection, flags, offset, 0, &x);
  if (result < 0) {
    errno = -result;
    return MAP_FAILED;
  }
  if (x.reply.length >= length) {
    x.reply.length = length;
    return map_piece(address, protection, flags, &x);
  }
  void *place = REAL(mmap)(address, length, PROT_NONE, (flags & ~MAP_TYPE) | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (place == MAP_FAILED) {
    result = -errno;
    REAL(close)(x.fds[0]);
  }
  for (size_t done = 0; result == 0;) {
    if (x.reply.length > length - done) x.reply.length = length - done;
    size_t size = x.reply.length;
    if (map_piece((char *)place + done, protection, (flags & ~MAP_FIXED_NOREPLACE) | MAP_FIXED, &x) == MAP_FAILED) result = -errno;
    done += size;
    if (result == 0 && done >= length) return place;
    if (result == 0) result = piece(fd, length, protection, flags, offset, done, &x);
    if (result == 0 && x.reply.length == 0) {
      REAL(close)(x.fds[0]);
      result = -ENOMEM;
    }
  }
  if (place != MAP_FAILED) munmap(place, length);
  errno = -result;
  return MAP_FAILED;
}
EXPORT void *mmap64(void *address, size_t length, int protection, int flags, int fd, off64_t offset) {
  return mmap(address, length, protection, flags, fd, offset);
}
