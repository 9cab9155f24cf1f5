// Whose a file is, and who may open it: chmod and chown, of the file in the tree. The server opens by what stands there.
#include "shim.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

// The name by which an open node stands in the tree; NULL for other fds.
static const char *node_name(int fd, char *out, size_t size) {
  struct file file;
  if (!udrm_identify(fd, &file) || !udrm_node_device(file.node)) return NULL;
  snprintf(out, size, "%s/dev/%s%s", udrm_root(), udrm_node_folder(file.node), file.node);
  return out;
}

// The sticky bit says that a file is opened at the server.
static int change_mode(const char *path, mode_t mode) {
  struct stat st;
  if (REAL(stat)(path, &st) != 0) return -1;
  return REAL(chmod)(path, (mode & ~S_ISVTX) | (st.st_mode & S_ISVTX));
}

static int mode_at(int dirfd, const char *path, mode_t mode, int flags) {
  char out[PATH_MAX];
  int fd = udrm_active() ? udrm_fd_of_path(path) : -1;
  if (fd >= 0 && node_name(fd, out, sizeof(out))) return change_mode(out, mode);
  if (udrm_resolve(dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW), out, sizeof(out)) == PATH_PLAIN) {
    return REAL(fchmodat)(dirfd, path, mode, flags);
  }
  return change_mode(out, mode);
}
EXPORT int chmod(const char *path, mode_t mode) { return mode_at(AT_FDCWD, path, mode, 0); }
EXPORT int fchmodat(int dirfd, const char *path, mode_t mode, int flags) { return mode_at(dirfd, path, mode, flags); }
EXPORT int fchmod(int fd, mode_t mode) {
  char out[PATH_MAX];
  return node_name(fd, out, sizeof(out)) ? change_mode(out, mode) : REAL(fchmod)(fd, mode);
}

static int owner_at(int dirfd, const char *path, uid_t user, gid_t group, int flags) {
  char out[PATH_MAX];
  int fd = !udrm_active() ? -1 : path && path[0] == 0 && flags & AT_EMPTY_PATH ? dirfd : udrm_fd_of_path(path);
  if (fd >= 0 && node_name(fd, out, sizeof(out))) return REAL(fchownat)(AT_FDCWD, out, user, group, 0);
  if (udrm_resolve(dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW), out, sizeof(out)) == PATH_PLAIN) {
    return REAL(fchownat)(dirfd, path, user, group, flags);
  }
  return REAL(fchownat)(AT_FDCWD, out, user, group, flags);
}
EXPORT int fchownat(int dirfd, const char *path, uid_t user, gid_t group, int flags) {
  return owner_at(dirfd, path, user, group, flags);
}
EXPORT int chown(const char *path, uid_t user, gid_t group) { return owner_at(AT_FDCWD, path, user, group, 0); }
EXPORT int lchown(const char *path, uid_t user, gid_t group) {
  return owner_at(AT_FDCWD, path, user, group, AT_SYMLINK_NOFOLLOW);
}
EXPORT int fchown(int fd, uid_t user, gid_t group) {
  char out[PATH_MAX];
  return node_name(fd, out, sizeof(out)) ? REAL(fchownat)(AT_FDCWD, out, user, group, 0) : REAL(fchown)(fd, user, group);
}
