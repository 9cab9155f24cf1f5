// Names: opening, looking, listing. A node is opened at the server; every other file of ours is a real one in the tree.
#include "shim.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define DRM_MAJOR 226

static int fail(int error) {
  errno = -error;
  return -1;
}

// `path` as the program names it, such as "/dev/dri/card0".
int udrm_open_node(const char *path, int flags) {
  struct exchange x;
  memset(&x.request, 0, sizeof(x.request));
  x.request.op = OP_OPEN;
  x.request.command = flags;
  x.request.length = strlen(path);
  x.out = path;
  x.out_size = strlen(path);
  x.in = NULL;
  x.in_size = 0;
  x.attached = -1;
  x.receive_flags = flags & O_CLOEXEC ? MSG_CMSG_CLOEXEC : 0;
  int result = udrm_exchange(-1, &x);
  if (result == 0) result = x.reply.result;
  if (result < 0) return fail(result);
  if (x.fd_count != 1) return fail(-EIO);
  if (flags & O_NONBLOCK) fcntl(x.fds[0], F_SETFL, fcntl(x.fds[0], F_GETFL) | O_NONBLOCK);
  return x.fds[0];
}

static int needs_mode(int flags) { return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE; }

static int open_at(int dirfd, const char *path, int flags, mode_t mode) {
  char out[PATH_MAX];
  if (!udrm_active()) return REAL(openat)(dirfd, path, flags, mode);
  int fd = udrm_fd_of_path(path);
  struct file file;
  if (fd >= 0 && udrm_identify(fd, &file)) {
    // A file of a node is opened anew; what has no name cannot be.
    if (strcmp(file.node, "sw_sync") && udrm_node_minor(file.node) < 0) return fail(-ENXIO);
    snprintf(out, sizeof(out), "%s%s", udrm_node_minor(file.node) < 0 ? "/dev/" : "/dev/dri/", file.node);
    return udrm_open_node(out, flags);
  }
  switch (udrm_resolve(dirfd, path, out, sizeof(out))) {
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
  return REAL(openat)(AT_FDCWD, out, flags & ~(O_CREAT | O_TRUNC), mode);
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

EXPORT FILE *fopen(const char *path, const char *mode) {
  char out[PATH_MAX];
  switch (udrm_resolve(-1, path, out, sizeof(out))) {
  case PATH_NODE: {
    int fd = udrm_open_node(out + strlen(udrm_root()), mode_flags(mode));
    return fd < 0 ? NULL : fdopen(fd, mode);
  }
  case PATH_TREE:
    return REAL(fopen)(out, mode);
  default:
    return REAL(fopen)(path, mode);
  }
}
EXPORT FILE *fopen64(const char *path, const char *mode) { return fopen(path, mode); }

static void become_node(struct stat *st, const char *node) {
  int minor = udrm_node_minor(node);
  if (minor < 0) return;
  st->st_mode = S_IFCHR | 0660;
  st->st_rdev = makedev(DRM_MAJOR, minor);
  st->st_size = 0;
  st->st_blocks = 0;
}

static const char *last_part(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

// What fstat and stat say of a node agrees: both look at its place in the tree.
static int stat_file(const struct file *file, int fd, struct stat *st) {
  char out[PATH_MAX];
  snprintf(out, sizeof(out), "%s/dev/%s%s", udrm_root(), udrm_node_minor(file->node) < 0 ? "" : "dri/", file->node);
  if (REAL(stat)(out, st) != 0) return REAL(fstat)(fd, st);
  become_node(st, file->node);
  return 0;
}

static int stat_at(int dirfd, const char *path, struct stat *st, int flags) {
  char out[PATH_MAX];
  struct file file;
  if (path && path[0] == 0 && (flags & AT_EMPTY_PATH) && udrm_identify(dirfd, &file)) return stat_file(&file, dirfd, st);
  int fd = flags & AT_SYMLINK_NOFOLLOW ? -1 : udrm_fd_of_path(path);
  if (fd >= 0 && udrm_identify(fd, &file)) return stat_file(&file, fd, st);
  int kind = udrm_resolve(dirfd, path, out, sizeof(out));
  if (kind == PATH_PLAIN) return REAL(fstatat)(dirfd, path, st, flags);
  int result = REAL(fstatat)(AT_FDCWD, out, st, flags);
  if (result == 0 && kind == PATH_NODE) become_node(st, last_part(out));
  return result;
}

EXPORT int stat(const char *path, struct stat *st) { return stat_at(AT_FDCWD, path, st, 0); }
EXPORT int lstat(const char *path, struct stat *st) { return stat_at(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW); }
EXPORT int fstatat(int dirfd, const char *path, struct stat *st, int flags) { return stat_at(dirfd, path, st, flags); }
EXPORT int fstat(int fd, struct stat *st) {
  struct file file;
  return udrm_identify(fd, &file) ? stat_file(&file, fd, st) : REAL(fstat)(fd, st);
}

// On 64 bits struct stat64 is struct stat, and the functions before glibc 2.33 are these with a version in front.
_Static_assert(sizeof(struct stat64) == sizeof(struct stat), "64 bits");
EXPORT int stat64(const char *path, struct stat64 *st) { return stat(path, (struct stat *)st); }
EXPORT int lstat64(const char *path, struct stat64 *st) { return lstat(path, (struct stat *)st); }
EXPORT int fstat64(int fd, struct stat64 *st) { return fstat(fd, (struct stat *)st); }
EXPORT int fstatat64(int dirfd, const char *path, struct stat64 *st, int flags) {
  return stat_at(dirfd, path, (struct stat *)st, flags);
}
#define OLD(name, parameters, call)                                                                                    \
  EXPORT int name parameters;                                                                                          \
  EXPORT int name parameters {                                                                                         \
    (void)version;                                                                                                     \
    return call;                                                                                                       \
  }
OLD(__xstat, (int version, const char *path, struct stat *st), stat(path, st))
OLD(__xstat64, (int version, const char *path, struct stat *st), stat(path, st))
OLD(__lxstat, (int version, const char *path, struct stat *st), lstat(path, st))
OLD(__lxstat64, (int version, const char *path, struct stat *st), lstat(path, st))
OLD(__fxstat, (int version, int fd, struct stat *st), fstat(fd, st))
OLD(__fxstat64, (int version, int fd, struct stat *st), fstat(fd, st))
OLD(__fxstatat, (int version, int dirfd, const char *path, struct stat *st, int flags), stat_at(dirfd, path, st, flags))
OLD(__fxstatat64, (int version, int dirfd, const char *path, struct stat *st, int flags), stat_at(dirfd, path, st, flags))

EXPORT int statx(int dirfd, const char *path, int flags, unsigned mask, struct statx *st) {
  char out[PATH_MAX], node[32] = "";
  struct file file;
  int result, of = -1;
  if (path[0] == 0 && (flags & AT_EMPTY_PATH)) of = dirfd;
  else if (!(flags & AT_SYMLINK_NOFOLLOW)) of = udrm_fd_of_path(path);
  if (of >= 0 && udrm_identify(of, &file) && udrm_node_minor(file.node) >= 0) {
    strcpy(node, file.node);
    snprintf(out, sizeof(out), "%s/dev/dri/%s", udrm_root(), node);
    result = REAL(statx)(AT_FDCWD, out, flags & ~AT_EMPTY_PATH, mask, st);
  } else {
    int kind = udrm_resolve(dirfd, path, out, sizeof(out));
    if (kind == PATH_PLAIN) return REAL(statx)(dirfd, path, flags, mask, st);
    const char *name = last_part(out);
    if (kind == PATH_NODE && strlen(name) < sizeof(node)) strcpy(node, name);
    result = REAL(statx)(AT_FDCWD, out, flags, mask, st);
  }
  int minor = node[0] ? udrm_node_minor(node) : -1;
  if (result == 0 && minor >= 0) {
    st->stx_mode = S_IFCHR | 0660;
    st->stx_rdev_major = DRM_MAJOR;
    st->stx_rdev_minor = minor;
    st->stx_size = 0;
    st->stx_blocks = 0;
  }
  return result;
}

EXPORT int faccessat(int dirfd, const char *path, int mode, int flags) {
  char out[PATH_MAX];
  return udrm_resolve(dirfd, path, out, sizeof(out)) == PATH_PLAIN ? REAL(faccessat)(dirfd, path, mode, flags)
                                                                   : REAL(faccessat)(AT_FDCWD, out, mode, flags);
}
EXPORT int access(const char *path, int mode) {
  char out[PATH_MAX];
  return REAL(access)(udrm_resolve(-1, path, out, sizeof(out)) == PATH_PLAIN ? path : out, mode);
}
EXPORT int euidaccess(const char *path, int mode) {
  char out[PATH_MAX];
  return REAL(euidaccess)(udrm_resolve(-1, path, out, sizeof(out)) == PATH_PLAIN ? path : out, mode);
}
EXPORT int eaccess(const char *path, int mode) { return euidaccess(path, mode); }

EXPORT DIR *opendir(const char *path) {
  char out[PATH_MAX];
  return REAL(opendir)(udrm_resolve(-1, path, out, sizeof(out)) == PATH_PLAIN ? path : out);
}
EXPORT int scandir(const char *path, struct dirent ***list, int (*choose)(const struct dirent *),
                   int (*order)(const struct dirent **, const struct dirent **)) {
  char out[PATH_MAX];
  return REAL(scandir)(udrm_resolve(-1, path, out, sizeof(out)) == PATH_PLAIN ? path : out, list, choose, order);
}
EXPORT int scandir64(const char *path, struct dirent64 ***list, int (*choose)(const struct dirent64 *),
                     int (*order)(const struct dirent64 **, const struct dirent64 **)) {
  char out[PATH_MAX];
  return REAL(scandir64)(udrm_resolve(-1, path, out, sizeof(out)) == PATH_PLAIN ? path : out, list, choose, order);
}

static ssize_t give(const char *text, char *buffer, size_t size) {
  size_t length = strlen(text);
  if (length > size) length = size;
  memcpy(buffer, text, length);
  return length;
}

EXPORT ssize_t readlinkat(int dirfd, const char *path, char *buffer, size_t size) {
  char out[PATH_MAX], found[PATH_MAX];
  struct file file;
  if (!udrm_active()) return REAL(readlinkat)(dirfd, path, buffer, size);
  int fd = udrm_fd_of_path(path);
  if (fd >= 0) {
    if (udrm_identify(fd, &file)) {
      int minor = udrm_node_minor(file.node);
      if (minor < 0 && strcmp(file.node, "sw_sync")) snprintf(found, sizeof(found), "anon_inode:%s", file.node);
      else snprintf(found, sizeof(found), "/dev/%s%s", minor < 0 ? "" : "dri/", file.node);
      return give(found, buffer, size);
    }
    ssize_t length = REAL(readlinkat)(dirfd, path, found, sizeof(found) - 1);
    if (length < 0) return length;
    found[length] = 0;
    return give(udrm_strip(found), buffer, size);
  }
  return udrm_resolve(dirfd, path, out, sizeof(out)) == PATH_PLAIN ? REAL(readlinkat)(dirfd, path, buffer, size)
                                                                   : REAL(readlinkat)(AT_FDCWD, out, buffer, size);
}
EXPORT ssize_t readlink(const char *path, char *buffer, size_t size) { return readlinkat(AT_FDCWD, path, buffer, size); }
EXPORT ssize_t __readlink_chk(const char *path, char *buffer, size_t size, size_t room);
EXPORT ssize_t __readlink_chk(const char *path, char *buffer, size_t size, size_t room) {
  if (size > room) abort();
  return readlink(path, buffer, size);
}
EXPORT ssize_t __readlinkat_chk(int dirfd, const char *path, char *buffer, size_t size, size_t room);
EXPORT ssize_t __readlinkat_chk(int dirfd, const char *path, char *buffer, size_t size, size_t room) {
  if (size > room) abort();
  return readlinkat(dirfd, path, buffer, size);
}

EXPORT char *realpath(const char *path, char *buffer) {
  char out[PATH_MAX];
  if (udrm_resolve(-1, path, out, sizeof(out)) == PATH_PLAIN) return REAL(realpath)(path, buffer);
  char *found = REAL(realpath)(out, buffer);
  if (found) udrm_strip(found);
  return found;
}
EXPORT char *__realpath_chk(const char *path, char *buffer, size_t room);
EXPORT char *__realpath_chk(const char *path, char *buffer, size_t room) {
  if (room < PATH_MAX) abort();
  return realpath(path, buffer);
}
EXPORT char *canonicalize_file_name(const char *path) { return realpath(path, NULL); }
