// What is done with open files: ioctl, mmap, read. Closing and duplicating are the kernel's own; they are looked at only for the
// sake of this library's connections.
#include "shim.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define DRM_TYPE 'd'
#define DMA_BUF_TYPE 'b'

static int fail(int error) {
  errno = -error;
  return -1;
}

static void begin(struct exchange *x, uint32_t op) {
  memset(&x->request, 0, sizeof(x->request));
  x->request.op = op;
  x->out = NULL;
  x->in = NULL;
  x->out_size = x->in_size = 0;
  x->attached = -1;
  x->receive_flags = MSG_CMSG_CLOEXEC;
  x->reply.installs = 0;
  x->reply.token = 0;
  x->fd_count = 0;
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
    }
    release(x, have);
    return result;
  }
}

static int remote_ioctl(int fd, uint32_t command, uint64_t argument) {
  struct exchange x;
  uint32_t size = _IOC_SIZE(command);
  begin(&x, OP_IOCTL);
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

// A dma-buf is a memfd of the server's. It goes along, so that the server sees what it is; ENOTTY if it is none.
static int dmabuf_ioctl(int fd, uint32_t command, uint64_t argument) {
  struct exchange x;
  begin(&x, OP_DMABUF_IOCTL);
  x.request.command = command;
  x.request.argument = argument;
  x.attached = fd;
  int result = ask(-1, &x, command);
  return result < 0 ? fail(result) : result;
}

EXPORT int ioctl(int fd, unsigned long command, ...) {
  struct file file;
  struct stat st;
  va_list list;
  va_start(list, command);
  void *argument = va_arg(list, void *);
  va_end(list);
  if (udrm_identify(fd, &file)) return remote_ioctl(fd, command, (uintptr_t)argument);
  if (_IOC_TYPE(command) == DMA_BUF_TYPE && udrm_active() && REAL(fstat)(fd, &st) == 0 && S_ISREG(st.st_mode)) {
    return dmabuf_ioctl(fd, command, (uintptr_t)argument);
  }
  return REAL(ioctl)(fd, command, argument);
}

// The server tells which memory lies at the offset; the mapping itself is the kernel's.
EXPORT void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset) {
  struct exchange x;
  struct file file;
  if (flags & MAP_ANONYMOUS || fd < 0 || !udrm_identify(fd, &file)) {
    return REAL(mmap)(address, length, protection, flags, fd, offset);
  }
  begin(&x, OP_MMAP);
  x.request.length = length;
  x.request.offset = offset;
  x.request.command = protection;
  x.request.argument = (uint32_t)flags;
  int result = udrm_exchange(fd, &x);
  if (result == 0) result = x.reply.result;
  if (result < 0 || x.fd_count != 1) {
    errno = result < 0 ? -result : ENOMEM;
    return MAP_FAILED;
  }
  void *mapped = REAL(mmap)(address, length, protection, flags, x.fds[0], x.reply.value);
  int saved = errno;
  REAL(close)(x.fds[0]);
  errno = saved;
  return mapped;
}
EXPORT void *mmap64(void *address, size_t length, int protection, int flags, int fd, off64_t offset) {
  return mmap(address, length, protection, flags, fd, offset);
}

// A message on the file's socket says that there is something to read. Whoever empties the queue takes the message away; one
// that came later and was taken by mistake is asked for again.
static void take_token(int fd, uint32_t last) {
  uint32_t token;
  int saved = errno;
  while (recv(fd, &token, sizeof(token), MSG_PEEK | MSG_DONTWAIT) == sizeof(token) && (int32_t)(last - token) >= 0) {
    if (recv(fd, &token, sizeof(token), MSG_DONTWAIT) != sizeof(token) || (int32_t)(last - token) >= 0) continue;
    struct request again = {.op = OP_RESEND, .command = token};
    if (send(fd, &again, sizeof(again), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) break;
    break;
  }
  errno = saved;
}

static ssize_t remote_read(int fd, void *buffer, size_t size) {
  struct exchange x;
  begin(&x, OP_READ);
  x.request.argument = (uintptr_t)buffer;
  x.request.length = size;
  if (fcntl(fd, F_GETFL) & O_NONBLOCK) x.request.flags = REQUEST_NONBLOCK;
  int result = udrm_exchange(fd, &x);
  if (result < 0) return fail(result);
  if (x.reply.token) take_token(fd, x.reply.token);
  return x.reply.result < 0 ? fail(x.reply.result) : x.reply.result;
}

EXPORT ssize_t read(int fd, void *buffer, size_t size) {
  struct file file;
  return udrm_identify(fd, &file) ? remote_read(fd, buffer, size) : REAL(read)(fd, buffer, size);
}
EXPORT ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room);
EXPORT ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room) {
  if (size > room) abort();
  return read(fd, buffer, size);
}
// Files of ours are read into the first part that has room, as a driver without read_iter of its own does.
EXPORT ssize_t readv(int fd, const struct iovec *parts, int count) {
  struct file file;
  if (!udrm_identify(fd, &file)) return REAL(readv)(fd, parts, count);
  for (int i = 0; i < count; i++) if (parts[i].iov_len > 0) return remote_read(fd, parts[i].iov_base, parts[i].iov_len);
  return 0;
}

EXPORT int close(int fd) { return udrm_owned(fd) ? fail(-EBADF) : REAL(close)(fd); }

EXPORT int close_range(unsigned first, unsigned last, int flags) {
  if (flags & CLOSE_RANGE_CLOEXEC) return REAL(close_range)(first, last, flags);
  if (first > last) return fail(-EINVAL);
  // Up to each connection, and on behind it.
  for (unsigned fd = first; fd <= last && fd < 65536; fd++) {
    if (!udrm_owned(fd)) continue;
    if (fd > first && REAL(close_range)(first, fd - 1, flags) != 0) return -1;
    first = fd + 1;
  }
  return first > last ? 0 : REAL(close_range)(first, last, flags);
}
EXPORT void closefrom(int first) { close_range(first < 0 ? 0 : first, ~0U, 0); }

EXPORT int dup2(int fd, int number) {
  if (fd != number) udrm_disown(number);
  return REAL(dup2)(fd, number);
}
EXPORT int dup3(int fd, int number, int flags) {
  if (fd != number) udrm_disown(number);
  return REAL(dup3)(fd, number, flags);
}
