// Opening. A node is opened at the server; every other file of ours is a real one in the tree.
#include "shim.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int fail(int error) {
  errno = -error;
  return -1;
}

// `path` as the program names it, such as "/dev/dri/card0".
int udrm_open_node(const char *path, int flags) {
  struct exchange x;
  udrm_begin(&x, OP_OPEN);
  x.request.command = flags;
  x.request.length = strlen(path);
  x.out = path;
  x.out_size = strlen(path);
  x.receive_flags = flags & O_CLOEXEC ? MSG_CMSG_CLOEXEC : 0;
  int result = udrm_exchange(-1, &x);
  if (result == 0) result = x.reply.result;
  if (result < 0) return fail(result);
  if (x.fd_count != 1) return fail(-EIO);
  if (flags & O_NONBLOCK) fcntl(x.fds[0], F_SETFL, fcntl(x.fds[0], F_GETFL) | O_NONBLOCK);
  return x.fds[0];
}

static int needs_mode(int flags) { return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE; }

static int in_tree(const char *path) { return strncmp(path, udrm_root(), strlen(udrm_root())) == 0; }

static int open_at(int dirfd, const char *path, int flags, mode_t mode) {
  char out[PATH_MAX];
  if (!udrm_active()) return REAL(openat)(dirfd, path, flags, mode);
  int fd = udrm_fd_of_path(path);
  struct file file;
  if (fd >= 0 && udrm_identify(fd, &file)) {
    // A file of a node is opened anew; what has no name cannot be.
    if (strcmp(file.node, "sw_sync") && !udrm_node_device(file.node)) return fail(-ENXIO);
    snprintf(out, sizeof(out), "/dev/%s%s", udrm_node_folder(file.node), file.node);
    return udrm_open_node(out, flags);
  }
  switch (udrm_resolve(dirfd, path, !(flags & O_NOFOLLOW), out, sizeof(out))) {
  case PATH_NODE:
    if (flags & O_DIRECTORY) return fail(-ENOTDIR);
    if (flags & O_PATH) break;
    if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL)) return fail(-EEXIST);
    return udrm_open_node(out + strlen(udrm_root()), flags);
  case PATH_TREE:
    break;
  default:
    return REAL(openat)(dirfd, path, flags, mode);
  }
  return REAL(openat)(AT_FDCWD, out, in_tree(out) ? flags & ~(O_CREAT | O_TRUNC) : flags, mode);
}

#define MODE_OF(flags, last)                                                                                           \
  mode_t mode = 0;                                                                                                     \
  if (needs_mode(flags)) {                                                                                             \
    va_list list;                                                                                                      \
    va_start(list, last);                                                                                              \
    mode = va_arg(list, mode_t);                                                                                       \
    va_end(list);                                                                                                      \
  }

EXPORT int open(const char *path, int flags, ...) {
  MODE_OF(flags, flags)
  return open_at(AT_FDCWD, path, flags, mode);
}
EXPORT int open64(const char *path, int flags, ...) {
  MODE_OF(flags, flags)
  return open_at(AT_FDCWD, path, flags, mode);
}
EXPORT int openat(int dirfd, const char *path, int flags, ...) {
  MODE_OF(flags, flags)
  return open_at(dirfd, path, flags, mode);
}
EXPORT int openat64(int dirfd, const char *path, int flags, ...) {
  MODE_OF(flags, flags)
  return open_at(dirfd, path, flags, mode);
}
EXPORT int __open_2(const char *path, int flags) { return open_at(AT_FDCWD, path, flags, 0); }
EXPORT int __open64_2(const char *path, int flags) { return open_at(AT_FDCWD, path, flags, 0); }
EXPORT int __openat_2(int dirfd, const char *path, int flags) { return open_at(dirfd, path, flags, 0); }
EXPORT int __openat64_2(int dirfd, const char *path, int flags) { return open_at(dirfd, path, flags, 0); }
EXPORT int creat(const char *path, mode_t mode) { return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
EXPORT int creat64(const char *path, mode_t mode) { return creat(path, mode); }

static int mode_flags(const char *mode) {
  int flags = mode[0] == 'r' ? O_RDONLY : mode[0] == 'w' ? O_WRONLY | O_CREAT | O_TRUNC : O_WRONLY | O_CREAT | O_APPEND;
  if (strchr(mode, '+')) flags = (flags & ~O_ACCMODE) | O_RDWR;
  return strchr(mode, 'e') ? flags | O_CLOEXEC : flags;
}

// The C library's own opening passes the library by: what is opened at the server becomes a stream here.
EXPORT FILE *fopen(const char *path, const char *mode) {
  char out[PATH_MAX];
  struct file file;
  int fd = udrm_active() ? udrm_fd_of_path(path) : -1;
  int kind = udrm_resolve(AT_FDCWD, path, 1, out, sizeof(out));
  if (kind != PATH_NODE && (fd < 0 || !udrm_identify(fd, &file))) return REAL(fopen)(kind == PATH_TREE ? out : path, mode);
  fd = open_at(AT_FDCWD, path, mode_flags(mode), 0);
  if (fd < 0) return NULL;
  FILE *stream = fdopen(fd, mode);
  if (!stream) close(fd);
  return stream;
}
EXPORT FILE *fopen64(const char *path, const char *mode) { return fopen(path, mode); }

EXPORT FILE *freopen(const char *path, const char *mode, FILE *stream) {
  char out[PATH_MAX];
  int kind = udrm_resolve(AT_FDCWD, path, 1, out, sizeof(out));
  if (kind != PATH_NODE) return REAL(freopen)(kind == PATH_TREE ? out : path, mode, stream);
  // The C library opens by itself, so that it gets an empty file, whose fd then becomes the new one.
  int fd = udrm_open_node(out + strlen(udrm_root()), mode_flags(mode));
  if (fd < 0 || !REAL(freopen)("/dev/null", mode, stream)) {
    if (fd >= 0) REAL(close)(fd);
    fclose(stream);
    return NULL;
  }
  int put = dup3(fd, fileno(stream), strchr(mode, 'e') ? O_CLOEXEC : 0);
  REAL(close)(fd);
  return put < 0 ? NULL : stream;
}
EXPORT FILE *freopen64(const char *path, const char *mode, FILE *stream) { return freopen(path, mode, stream); }
