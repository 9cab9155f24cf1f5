// Looking: stat and access. Nodes are shown as the character devices that they stand for.
#include "shim.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <linux/magic.h>
#include <unistd.h>

static void become_node(struct stat *st, const char *node) {
  dev_t device = udrm_node_device(node);
  if (device == 0) st->st_mode &= ~S_ISVTX;
  if (device == 0) return;
  st->st_mode = S_IFCHR | (st->st_mode & 0777);
  st->st_rdev = device;
  st->st_size = 0;
  st->st_blocks = 0;
}

static int in_tree(const char *path) { return strncmp(path, udrm_root(), strlen(udrm_root())) == 0; }

// debugfs is a file system of its own: programs look for the mount by the device of /sys/kernel/debug and of what is above it.
#define DEBUGFS_MINOR 0x80000
static int in_debugfs(const char *path) {
  static const char mount[] = "/sys/kernel/debug";
  if (!in_tree(path)) return 0;
  path += strlen(udrm_root());
  return strncmp(path, mount, sizeof(mount) - 1) == 0 && (path[sizeof(mount) - 1] == 0 || path[sizeof(mount) - 1] == '/');
}

static const char *last_part(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

// What fstat and stat say of a node agrees: both look at its place in the tree.
static int stat_file(const struct file *file, int fd, struct stat *st) {
  char out[PATH_MAX];
  snprintf(out, sizeof(out), "%s/dev/%s%s", udrm_root(), udrm_node_folder(file->node), file->node);
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
  int kind = udrm_resolve(dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW), out, sizeof(out));
  if (kind == PATH_PLAIN) return REAL(fstatat)(dirfd, path, st, flags);
  int result = REAL(fstatat)(AT_FDCWD, out, st, flags);
  if (result == 0 && in_tree(out)) become_node(st, kind == PATH_NODE ? last_part(out) : "");
  if (result == 0 && in_debugfs(out)) st->st_dev ^= makedev(0, DEBUGFS_MINOR);
  return result;
}

// Of a folder of debugfs, fstat says what stat does.
static int stat_fd(int fd, struct stat *st) {
  char link[40], path[PATH_MAX];
  int result = REAL(fstat)(fd, st), saved = errno;
  if (result != 0 || !S_ISDIR(st->st_mode) || !udrm_active()) return result;
  snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  ssize_t length = REAL(readlink)(link, path, sizeof(path) - 1);
  errno = saved;
  if (length <= 0) return result;
  path[length] = 0;
  if (in_debugfs(path)) st->st_dev ^= makedev(0, DEBUGFS_MINOR);
  return result;
}

EXPORT int stat(const char *path, struct stat *st) { return stat_at(AT_FDCWD, path, st, 0); }
EXPORT int lstat(const char *path, struct stat *st) { return stat_at(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW); }
EXPORT int fstatat(int dirfd, const char *path, struct stat *st, int flags) { return stat_at(dirfd, path, st, flags); }
EXPORT int fstat(int fd, struct stat *st) {
  struct file file;
  return udrm_identify(fd, &file) ? stat_file(&file, fd, st) : stat_fd(fd, st);
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
  // Rust's library asks without a path whether there is such a call; the header promises the compiler that nobody does.
  const char *asked = path;
  __asm__("" : "+r"(asked));
  if (asked == NULL) return REAL(statx)(dirfd, path, flags, mask, st);
  if (path[0] == 0 && (flags & AT_EMPTY_PATH)) of = dirfd;
  else if (!(flags & AT_SYMLINK_NOFOLLOW)) of = udrm_fd_of_path(path);
  if (of >= 0 && udrm_identify(of, &file) && udrm_node_device(file.node)) {
    strcpy(node, file.node);
    snprintf(out, sizeof(out), "%s/dev/%s%s", udrm_root(), udrm_node_folder(node), node);
    result = REAL(statx)(AT_FDCWD, out, flags & ~AT_EMPTY_PATH, mask, st);
  } else {
    int kind = udrm_resolve(dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW), out, sizeof(out));
    if (kind == PATH_PLAIN) return REAL(statx)(dirfd, path, flags, mask, st);
    const char *name = last_part(out);
    if (kind == PATH_NODE && strlen(name) < sizeof(node)) strcpy(node, name);
    result = REAL(statx)(AT_FDCWD, out, flags, mask, st);
  }
  dev_t device = udrm_node_device(node);
  if (result == 0 && in_tree(out)) st->stx_mode &= ~S_ISVTX;
  if (result == 0 && in_debugfs(out)) st->stx_dev_minor ^= DEBUGFS_MINOR;
  if (result == 0 && device != 0) {
    st->stx_mode = S_IFCHR | (st->stx_mode & 0777);
    st->stx_rdev_major = major(device);
    st->stx_rdev_minor = minor(device);
    st->stx_size = 0;
    st->stx_blocks = 0;
  }
  return result;
}

EXPORT int faccessat(int dirfd, const char *path, int mode, int flags) {
  char out[PATH_MAX];
  int kind = udrm_resolve(dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW), out, sizeof(out));
  return kind == PATH_PLAIN ? REAL(faccessat)(dirfd, path, mode, flags) : REAL(faccessat)(AT_FDCWD, out, mode, flags);
}
EXPORT int access(const char *path, int mode) {
  char out[PATH_MAX];
  return REAL(access)(udrm_translate(path, 1, out, sizeof(out)), mode);
}
EXPORT int euidaccess(const char *path, int mode) {
  char out[PATH_MAX];
  return REAL(euidaccess)(udrm_translate(path, 1, out, sizeof(out)), mode);
}
EXPORT int eaccess(const char *path, int mode) { return euidaccess(path, mode); }


// What file system a file of the tree would be on (linux/magic.h): libudev looks whether it is sysfs.
static void show_type(const char *path, struct statfs *st) {
  size_t root = strlen(udrm_root());
  if (!in_tree(path) || path[root] != '/') return;
  path += root + 1;
  if (strncmp(path, "sys/kernel/debug", 16) == 0) st->f_type = DEBUGFS_MAGIC;
  else if (strncmp(path, "sys", 3) == 0) st->f_type = SYSFS_MAGIC;
  else if (strncmp(path, "proc", 4) == 0) st->f_type = PROC_SUPER_MAGIC;
  else st->f_type = TMPFS_MAGIC;
}

_Static_assert(sizeof(struct statfs64) == sizeof(struct statfs), "64 bits");
EXPORT int statfs(const char *path, struct statfs *st) {
  char out[PATH_MAX];
  path = udrm_translate(path, 1, out, sizeof(out));
  int result = REAL(statfs)(path, st);
  if (result == 0 && path == out) show_type(out, st);
  return result;
}
EXPORT int fstatfs(int fd, struct statfs *st) {
  char link[40], out[PATH_MAX];
  int result = REAL(fstatfs)(fd, st);
  if (result != 0 || !udrm_active()) return result;
  snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  int saved = errno;
  ssize_t length = REAL(readlink)(link, out, sizeof(out) - 1);
  errno = saved;
  if (length <= 0) return result;
  out[length] = 0;
  show_type(out, st);
  return result;
}
EXPORT int statfs64(const char *path, struct statfs64 *st) { return statfs(path, (struct statfs *)st); }
EXPORT int fstatfs64(int fd, struct statfs64 *st) { return fstatfs(fd, (struct statfs *)st); }
