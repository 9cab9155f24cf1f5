// syscall(2) by which programs and libraries pass over the C library's functions: those that this library knows go there.
#include "shim.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#undef syscall

EXPORT long syscall(long number, ...) {
  va_list list;
  long a[6];
  va_start(list, number);
  for (int i = 0; i < 6; i++) a[i] = va_arg(list, long);
  va_end(list);
  switch (number) {
  case SYS_ioctl:
    return ioctl(a[0], a[1], (void *)a[2]);
  case SYS_read:
    return read(a[0], (void *)a[1], a[2]);
  case SYS_write:
    return write(a[0], (const void *)a[1], a[2]);
  case SYS_readv:
    return readv(a[0], (const struct iovec *)a[1], a[2]);
  case SYS_writev:
    return writev(a[0], (const struct iovec *)a[1], a[2]);
  case SYS_lseek:
    return lseek(a[0], a[1], a[2]);
  case SYS_mmap:
    return (long)mmap((void *)a[0], a[1], a[2], a[3], a[4], a[5]);
  case SYS_close:
    return close(a[0]);
  case SYS_close_range:
    return close_range(a[0], a[1], a[2]);
#ifdef SYS_dup2
  case SYS_dup2:
    return dup2(a[0], a[1]);
#endif
  case SYS_dup3:
    return dup3(a[0], a[1], a[2]);
  case SYS_fcntl:
    return fcntl(a[0], a[1], (void *)a[2]);
#ifdef SYS_poll
  case SYS_poll:
    return poll((struct pollfd *)a[0], a[1], a[2]);
#endif
  case SYS_ppoll:
    // The kernel would store the time that is left.
    return ppoll((struct pollfd *)a[0], a[1], (const struct timespec *)a[2], (const sigset_t *)a[3]);
  case SYS_epoll_ctl:
    return epoll_ctl(a[0], a[1], a[2], (struct epoll_event *)a[3]);
#ifdef SYS_open
  case SYS_open:
    return open((const char *)a[0], a[1], (mode_t)a[2]);
#endif
  case SYS_openat:
    return openat(a[0], (const char *)a[1], a[2], (mode_t)a[3]);
  default:
    return REAL(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  }
}
