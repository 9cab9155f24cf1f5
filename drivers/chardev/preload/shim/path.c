// Which paths are ours. Names below /dev/dri, /proc/dri and DRM's corners of /sys lie in a real tree that the server has made;
// others of /sys are looked for there when the system has none.
#include "shim.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int below(const char *path, const char *prefix) {
  size_t length = strlen(prefix);
  return strncmp(path, prefix, length) == 0 && (path[length] == 0 || path[length] == '/');
}

// Without doubled slashes and single dots. Two dots stay: what they mean depends on links.
static int tidy(const char *path, char *out, size_t size) {
  size_t used = 0;
  while (*path) {
    if (path[0] == '/' && (path[1] == '/' || (path[1] == '.' && (path[2] == '/' || path[2] == 0)))) {
      path += path[1] == '/' ? 1 : 2;
      continue;
    }
    if (used + 1 >= size) return 0;
    out[used++] = *path++;
  }
  if (used > 1 && out[used - 1] == '/') used--;
  out[used] = 0;
  return 1;
}

static int exists(const char *path) {
  int saved = errno;
  int found = syscall(SYS_faccessat, AT_FDCWD, path, F_OK) == 0;
  errno = saved;
  return found;
}

// A file of the tree hides the system's; folders are there for what is in them.
static int hides(const char *tree, const char *name) {
  struct stat st;
  int saved = errno;
  int found = syscall(SYS_newfstatat, AT_FDCWD, tree, &st, AT_SYMLINK_NOFOLLOW) == 0;
  errno = saved;
  return found && (!S_ISDIR(st.st_mode) || !exists(name));
}

// The absolute path, with the tree's root taken off, of a path relative to a folder of the tree.
static int relative(int dirfd, const char *path, char *out, size_t size) {
  char link[40], folder[PATH_MAX];
  snprintf(link, sizeof(link), "/proc/self/fd/%d", dirfd);
  int saved = errno;
  ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, folder, sizeof(folder) - 1);
  errno = saved;
  if (length <= 0) return 0;
  folder[length] = 0;
  size_t root = strlen(udrm_root());
  if (!below(folder, udrm_root())) return 0;
  return (size_t)snprintf(out, size, "%s/%s", folder + root, path) < size;
}

int udrm_resolve(int dirfd, const char *path, char *out, size_t size) {
  char joined[PATH_MAX], name[PATH_MAX];
  if (!path || !udrm_active()) return PATH_PLAIN;
  if (path[0] != '/') {
    if (dirfd < 0 || path[0] == 0 || !relative(dirfd, path, joined, sizeof(joined))) return PATH_PLAIN;
    path = joined;
  }
  if (strncmp(path, "/dev", 4) && strncmp(path, "/sys", 4) && strncmp(path, "/proc", 5) && strncmp(path, "//", 2) &&
      strncmp(path, "/.", 2)) {
    return PATH_PLAIN;
  }
  if (!tidy(path, name, sizeof(name))) return PATH_PLAIN;
  if ((size_t)snprintf(out, size, "%s%s", udrm_root(), name) >= size) return PATH_PLAIN;
  if (strcmp(name, "/dev/sw_sync") == 0) return exists(out) ? PATH_NODE : PATH_PLAIN;
  if (strncmp(name, "/dev/dri/", 9) == 0 && !strchr(name + 9, '/') && udrm_node_minor(name + 9) >= 0) {
    return exists(out) ? PATH_NODE : PATH_TREE;
  }
  if (path == joined) return PATH_TREE;
  if (strstr(name, "/../")) return hides(out, name) ? PATH_TREE : PATH_PLAIN;
  if (below(name, "/dev/dri") || below(name, "/proc/dri") || below(name, "/sys/class/drm") ||
      strncmp(name, "/sys/dev/char/226:", 18) == 0) {
    return PATH_TREE;
  }
  return strncmp(name, "/sys/", 5) == 0 && hides(out, name) ? PATH_TREE : PATH_PLAIN;
}

// N of "/proc/self/fd/N" and its like, -1 for other paths.
int udrm_fd_of_path(const char *path) {
  char own[40];
  if (!path || path[0] != '/') return -1;
  snprintf(own, sizeof(own), "/proc/%d/fd/", (int)getpid());
  const char *const prefixes[] = {"/proc/self/fd/", "/proc/thread-self/fd/", "/dev/fd/", own};
  for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
    size_t length = strlen(prefixes[i]);
    if (strncmp(path, prefixes[i], length) || path[length] < '0' || path[length] > '9') continue;
    char *end;
    long fd = strtol(path + length, &end, 10);
    if (*end == 0 && fd <= INT_MAX) return (int)fd;
  }
  return -1;
}

// Takes the tree's root off a path that the kernel or the C library made, in place.
const char *udrm_strip(char *path) {
  size_t root = strlen(udrm_root());
  if (!below(path, udrm_root()) || path[root] == 0) return path;
  memmove(path, path + root, strlen(path + root) + 1);
  return path;
}
