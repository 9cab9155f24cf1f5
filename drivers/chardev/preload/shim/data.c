// Reading, writing and seeking. Files of ours are not the sockets that they look like: what would pass through those is asked of
// the server, or refused as the kernel refuses it for files that do not have it.
#include "shim.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static int fail(int error) {
  errno = -error;
  return -1;
}

// A message on the file's socket says that there is something to read. Whoever empties the queue takes the message away; one
// that came later and was taken by mistake is asked for again.
static void take_token(int fd, uint32_t last) {
  uint32_t token;
  int saved = errno, state;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
  while (recv(fd, &token, sizeof(token), MSG_PEEK | MSG_DONTWAIT) == sizeof(token) && (int32_t)(last - token) >= 0) {
    if (recv(fd, &token, sizeof(token), MSG_DONTWAIT) != sizeof(token) || (int32_t)(last - token) >= 0) continue;
    struct request again = {.op = OP_RESEND, .command = token};
    if (send(fd, &again, sizeof(again), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) break;
    break;
  }
  pthread_setcancelstate(state, NULL);
  errno = saved;
}

static ssize_t remote_read(int fd, const struct file *file, void *buffer, size_t size, const off_t *at) {
  struct exchange x;
  if ((file->flags & O_ACCMODE) == O_WRONLY) return fail(-EBADF);
  udrm_begin(&x, OP_READ);
  x.cancellable = 1;
  x.request.argument = (uintptr_t)buffer;
  x.request.length = size;
  if (REAL(fcntl)(fd, F_GETFL) & O_NONBLOCK) x.request.flags |= REQUEST_NONBLOCK;
  if (at) {
    x.request.flags |= REQUEST_AT;
    x.request.offset = *at;
  }
  int result = udrm_exchange(fd, &x);
  if (result < 0) return fail(result);
  if (x.reply.token) take_token(fd, x.reply.token);
  return x.reply.result < 0 ? fail(x.reply.result) : x.reply.result;
}

static ssize_t remote_write(int fd, const struct file *file, const void *buffer, size_t size, const off_t *at) {
  struct exchange x;
  if ((file->flags & O_ACCMODE) == O_RDONLY) return fail(-EBADF);
  udrm_begin(&x, OP_WRITE);
  x.cancellable = 1;
  x.request.argument = (uintptr_t)buffer;
  x.request.length = size;
  if (size > 0 && size <= INLINE_MAX) {
    x.request.flags |= REQUEST_INLINE;
    x.out = buffer;
    x.out_size = size;
  }
  if (REAL(fcntl)(fd, F_GETFL) & O_NONBLOCK) x.request.flags |= REQUEST_NONBLOCK;
  if (at) {
    x.request.flags |= REQUEST_AT;
    x.request.offset = *at;
  }
  int result = udrm_exchange(fd, &x);
  if (result == 0) result = x.reply.result;
  return result < 0 ? fail(result) : result;
}

EXPORT ssize_t read(int fd, void *buffer, size_t size) {
  struct file file;
  return udrm_identify(fd, &file) ? remote_read(fd, &file, buffer, size, NULL) : REAL(read)(fd, buffer, size);
}
EXPORT ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room);
EXPORT ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room) {
  if (size > room) abort();
  return read(fd, buffer, size);
}
EXPORT ssize_t write(int fd, const void *buffer, size_t size) {
  struct file file;
  return udrm_identify(fd, &file) ? remote_write(fd, &file, buffer, size, NULL) : REAL(write)(fd, buffer, size);
}

// Part by part, as do_loop_readv_writev does for drivers that take one at a time.
static ssize_t remote_vector(int fd, const struct file *file, const struct iovec *parts, int count, int writes, const off_t *at) {
  ssize_t done = 0;
  if (count < 0 || count > 1024) return fail(-EINVAL);
  for (int i = 0; i < count; i++) {
    off_t place = at ? *at + done : 0;
    ssize_t result = writes ? remote_write(fd, file, parts[i].iov_base, parts[i].iov_len, at ? &place : NULL)
                            : remote_read(fd, file, parts[i].iov_base, parts[i].iov_len, at ? &place : NULL);
    if (result < 0) return done > 0 ? done : result;
    done += result;
    if ((size_t)result != parts[i].iov_len) break;
  }
  return done;
}
EXPORT ssize_t readv(int fd, const struct iovec *parts, int count) {
  struct file file;
  return udrm_identify(fd, &file) ? remote_vector(fd, &file, parts, count, 0, NULL) : REAL(readv)(fd, parts, count);
}
EXPORT ssize_t writev(int fd, const struct iovec *parts, int count) {
  struct file file;
  return udrm_identify(fd, &file) ? remote_vector(fd, &file, parts, count, 1, NULL) : REAL(writev)(fd, parts, count);
}

// A socket answers ESPIPE to whatever names a position, so that only then a look is taken. Files that were not opened by a name
// answer that themselves.
static int seekable(int fd, struct file *file) {
  return errno == ESPIPE && udrm_identify(fd, file) && (file->opened || file->polled == POLLED_BUFFER);
}
#define POSITIONED(name, parameters, real, remote)                                                                     \
  EXPORT ssize_t name parameters {                                                                                     \
    struct file file;                                                                                                  \
    ssize_t result = real;                                                                                             \
    if (result >= 0 || !seekable(fd, &file)) return result;                                                            \
    if (offset < 0) return fail(-EINVAL);                                                                              \
    if (!file.opened) return fail(-ESPIPE);                                                                            \
    return remote;                                                                                                     \
  }
POSITIONED(pread, (int fd, void *buffer, size_t size, off_t offset), REAL(pread)(fd, buffer, size, offset),
           remote_read(fd, &file, buffer, size, &offset))
POSITIONED(pread64, (int fd, void *buffer, size_t size, off64_t offset), REAL(pread64)(fd, buffer, size, offset),
           remote_read(fd, &file, buffer, size, &offset))
POSITIONED(pwrite, (int fd, const void *buffer, size_t size, off_t offset), REAL(pwrite)(fd, buffer, size, offset),
           remote_write(fd, &file, buffer, size, &offset))
POSITIONED(pwrite64, (int fd, const void *buffer, size_t size, off64_t offset), REAL(pwrite64)(fd, buffer, size, offset),
           remote_write(fd, &file, buffer, size, &offset))
POSITIONED(preadv, (int fd, const struct iovec *parts, int count, off_t offset), REAL(preadv)(fd, parts, count, offset),
           remote_vector(fd, &file, parts, count, 0, &offset))
POSITIONED(preadv64, (int fd, const struct iovec *parts, int count, off64_t offset), REAL(preadv64)(fd, parts, count, offset),
           remote_vector(fd, &file, parts, count, 0, &offset))
POSITIONED(pwritev, (int fd, const struct iovec *parts, int count, off_t offset), REAL(pwritev)(fd, parts, count, offset),
           remote_vector(fd, &file, parts, count, 1, &offset))
POSITIONED(pwritev64, (int fd, const struct iovec *parts, int count, off64_t offset), REAL(pwritev64)(fd, parts, count, offset),
           remote_vector(fd, &file, parts, count, 1, &offset))
EXPORT ssize_t __pread_chk(int fd, void *buffer, size_t size, off_t offset, size_t room);
EXPORT ssize_t __pread_chk(int fd, void *buffer, size_t size, off_t offset, size_t room) {
  if (size > room) abort();
  return pread(fd, buffer, size, offset);
}
EXPORT ssize_t __pread64_chk(int fd, void *buffer, size_t size, off64_t offset, size_t room);
EXPORT ssize_t __pread64_chk(int fd, void *buffer, size_t size, off64_t offset, size_t room) {
  if (size > room) abort();
  return pread64(fd, buffer, size, offset);
}

EXPORT off_t lseek(int fd, off_t offset, int whence) {
  struct exchange x;
  struct file file;
  off_t result = REAL(lseek)(fd, offset, whence);
  if (result >= 0 || !seekable(fd, &file)) return result;
  udrm_begin(&x, OP_LSEEK);
  x.request.command = whence;
  x.request.offset = offset;
  int error = udrm_exchange(fd, &x);
  if (error == 0) error = x.reply.result;
  return error < 0 ? fail(error) : x.reply.value;
}
EXPORT off64_t lseek64(int fd, off64_t offset, int whence) { return lseek(fd, offset, whence); }

// Nothing of ours can be spliced, as drivers without the operation cannot.
static int ours(int fd) {
  struct file file;
  return udrm_identify(fd, &file);
}
EXPORT ssize_t splice(int in, off64_t *in_at, int out, off64_t *out_at, size_t size, unsigned flags) {
  return ours(in) || ours(out) ? fail(-EINVAL) : REAL(splice)(in, in_at, out, out_at, size, flags);
}
EXPORT ssize_t sendfile(int out, int in, off_t *at, size_t size) {
  return ours(in) || ours(out) ? fail(-EINVAL) : REAL(sendfile)(out, in, at, size);
}
EXPORT ssize_t sendfile64(int out, int in, off64_t *at, size_t size) {
  return ours(in) || ours(out) ? fail(-EINVAL) : REAL(sendfile64)(out, in, at, size);
}
