// Links and places: readlink, realpath, the working directory, and watches on folders.
#include "shim.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/xattr.h>
#include <sys/syscall.h>
#include <unistd.h>

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
      const char *folder = udrm_node_folder(file.node);
      if (!udrm_node_device(file.node) && strcmp(file.node, "sw_sync")) snprintf(found, sizeof(found), "anon_inode:%s", file.node);
      else snprintf(found, sizeof(found), "/dev/%s%s", folder, file.node);
      return give(found, buffer, size);
    }
    ssize_t length = REAL(readlinkat)(dirfd, path, found, sizeof(found) - 1);
    if (length < 0) return length;
    found[length] = 0;
    return give(udrm_strip(found), buffer, size);
  }
  return udrm_resolve(dirfd, path, 0, out, sizeof(out)) == PATH_PLAIN ? REAL(readlinkat)(dirfd, path, buffer, size)
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

// The C library's realpath looks by itself, and would not find what only the two together hold.
EXPORT char *realpath(const char *path, char *buffer) {
  char out[PATH_MAX];
  if (udrm_resolve(AT_FDCWD, path, 1, out, sizeof(out)) == PATH_PLAIN) return REAL(realpath)(path, buffer);
  char *found = REAL(realpath)(out, buffer);
  return found ? udrm_strip(found) : NULL;
}
EXPORT char *__realpath_chk(const char *path, char *buffer, size_t room);
EXPORT char *__realpath_chk(const char *path, char *buffer, size_t room) {
  if (room < PATH_MAX) abort();
  return realpath(path, buffer);
}
EXPORT char *canonicalize_file_name(const char *path) { return realpath(path, NULL); }

EXPORT int chdir(const char *path) {
  char out[PATH_MAX];
  int result = REAL(chdir)(udrm_translate(path, 1, out, sizeof(out)));
  if (result == 0 && udrm_active()) udrm_cwd_changed();
  return result;
}
EXPORT int fchdir(int fd) {
  int result = REAL(fchdir)(fd);
  if (result == 0 && udrm_active()) udrm_cwd_changed();
  return result;
}

EXPORT char *getcwd(char *buffer, size_t size) {
  char found[PATH_MAX];
  if (!udrm_active()) return REAL(getcwd)(buffer, size);
  if (!REAL(getcwd)(found, sizeof(found))) return NULL;
  udrm_strip(found);
  size_t length = strlen(found) + 1;
  if (buffer && length > size) {
    errno = size == 0 ? EINVAL : ERANGE;
    return NULL;
  }
  if (!buffer && size != 0 && length > size) {
    errno = ERANGE;
    return NULL;
  }
  if (!buffer) buffer = malloc(size ? size : length);
  return buffer ? memcpy(buffer, found, length) : NULL;
}
EXPORT char *__getcwd_chk(char *buffer, size_t size, size_t room);
EXPORT char *__getcwd_chk(char *buffer, size_t size, size_t room) {
  if (size > room) abort();
  return getcwd(buffer, size);
}
EXPORT char *get_current_dir_name(void) { return getcwd(NULL, 0); }

EXPORT int inotify_add_watch(int fd, const char *path, uint32_t mask) {
  char out[PATH_MAX];
  return REAL(inotify_add_watch)(fd, udrm_translate(path, !(mask & IN_DONT_FOLLOW), out, sizeof(out)), mask);
}

EXPORT int name_to_handle_at(int dirfd, const char *path, struct file_handle *handle, int *mount, int flags) {
  char out[PATH_MAX];
  return udrm_resolve(dirfd, path, !!(flags & AT_SYMLINK_FOLLOW), out, sizeof(out)) == PATH_PLAIN
             ? REAL(name_to_handle_at)(dirfd, path, handle, mount, flags)
             : REAL(name_to_handle_at)(AT_FDCWD, out, handle, mount, flags);
}

EXPORT ssize_t getxattr(const char *path, const char *name, void *value, size_t size) {
  char out[PATH_MAX];
  return REAL(getxattr)(udrm_translate(path, 1, out, sizeof(out)), name, value, size);
}
EXPORT ssize_t lgetxattr(const char *path, const char *name, void *value, size_t size) {
  char out[PATH_MAX];
  return REAL(lgetxattr)(udrm_translate(path, 0, out, sizeof(out)), name, value, size);
}
EXPORT ssize_t listxattr(const char *path, char *list, size_t size) {
  char out[PATH_MAX];
  return REAL(listxattr)(udrm_translate(path, 1, out, sizeof(out)), list, size);
}
EXPORT ssize_t llistxattr(const char *path, char *list, size_t size) {
  char out[PATH_MAX];
  return REAL(llistxattr)(udrm_translate(path, 0, out, sizeof(out)), list, size);
}
