// Closing, duplicating and flags. All of it is the kernel's own; it is looked at for the sake of this library's own fds, and of
// what an open file of ours tells of itself.
#include "shim.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#define KERNEL_O_LARGEFILE 0100000 // the C library has 0 here

static int fail(int error) {
  errno = error;
  return -1;
}

// What the last close of a device does is done when close returns: fences that it signals are polled without the server.
static void settle(uint64_t cookie) {
  struct exchange x;
  udrm_begin(&x, OP_SYNC);
  x.request.argument = cookie;
  udrm_exchange(-1, &x);
}

EXPORT int close(int fd) {
  struct file file;
  if (udrm_owned(fd)) return fail(EBADF);
  udrm_watch_closed(fd, fd);
  uint64_t cookie;
  socklen_t size = sizeof(cookie);
  int saved = errno;
  int device = udrm_connected() && udrm_identify(fd, &file) && file.opened &&
               getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0;
  errno = saved;
  int result = REAL(close)(fd);
  if (device && result == 0) settle(cookie);
  return result;
}

EXPORT int close_range(unsigned first, unsigned last, int flags) {
  if (flags & CLOSE_RANGE_CLOEXEC) return REAL(close_range)(first, last, flags);
  if (first > last) return fail(EINVAL);
  udrm_watch_closed(first, last);
  // Up to each of this library's own, and on behind it.
  for (unsigned fd = first; fd <= last && fd < 65536; fd++) {
    if (!udrm_owned(fd)) continue;
    if (fd > first && REAL(close_range)(first, fd - 1, flags) != 0) return -1;
    first = fd + 1;
  }
  return first > last ? 0 : REAL(close_range)(first, last, flags);
}
EXPORT void closefrom(int first) { close_range(first < 0 ? 0 : first, ~0U, 0); }

// The number is about to stand for another file.
static void replaced(int fd, int number) {
  if (fd == number || number < 0 || REAL(fcntl)(fd, F_GETFD) < 0) return;
  udrm_watch_closed(number, number);
  udrm_disown(number);
}
EXPORT int dup2(int fd, int number) {
  replaced(fd, number);
  return REAL(dup2)(fd, number);
}
EXPORT int dup3(int fd, int number, int flags) {
  if ((flags & ~O_CLOEXEC) == 0) replaced(fd, number);
  return REAL(dup3)(fd, number, flags);
}

static int control(int fd, int command, void *argument) {
  struct file file;
  int result = REAL(fcntl)(fd, command, argument);
  // A socket is open for both directions, and not by a name.
  if (command == F_GETFL && result >= 0 && (result & (O_ACCMODE | KERNEL_O_LARGEFILE)) == O_RDWR && udrm_identify(fd, &file)) {
    result = (result & ~O_ACCMODE) | file.flags;
  }
  return result;
}
EXPORT int fcntl(int fd, int command, ...) {
  va_list list;
  va_start(list, command);
  void *argument = va_arg(list, void *);
  va_end(list);
  return control(fd, command, argument);
}
EXPORT int fcntl64(int fd, int command, ...) {
  va_list list;
  va_start(list, command);
  void *argument = va_arg(list, void *);
  va_end(list);
  return control(fd, command, argument);
}
