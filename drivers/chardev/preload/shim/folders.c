// Listing: opendir, readdir, scandir, glob, nftw. The C library lists with calls of its own, so that the outer functions are
// taken over.
#include "shim.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

_Static_assert(sizeof(struct dirent64) == sizeof(struct dirent), "64 bits");

EXPORT DIR *opendir(const char *path) {
  char out[PATH_MAX];
  return REAL(opendir)(udrm_translate(path, 1, out, sizeof(out)));
}

// The folder's path below the tree's root; NULL if it is elsewhere.
static const char *folder_in_tree(int fd, char *out, size_t size) {
  char link[40];
  size_t root = strlen(udrm_root());
  snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, out, size - 1);
  out[length < 0 ? 0 : length] = 0;
  return strncmp(out, udrm_root(), root) == 0 && out[root] == '/' ? out + root : NULL;
}

// Whether nodes of such a name lie in /dev/FOLDER.
static int is_folder_of(const char *folder, const char *node) {
  const char *right = udrm_node_folder(node);
  size_t length = strlen(folder);
  return strncmp(right, folder, length) == 0 && strcmp(right + length, "/") == 0;
}

// A node is a regular file of the tree, and what the system has is an absolute link there.
static void show_type(DIR *dir, struct dirent *entry) {
  char folder[PATH_MAX], target[PATH_MAX];
  struct stat st;
  int node = entry->d_type == DT_REG && udrm_node_device(entry->d_name) != 0;
  if ((!node && entry->d_type != DT_LNK) || !udrm_active()) return;
  int saved = errno, fd = dirfd(dir);
  const char *name = folder_in_tree(fd, folder, sizeof(folder));
  if (name && node) {
    char *slash = strrchr(folder, '/');
    if (strncmp(name, "/dev/", 5) == 0 && slash == name + 4 && is_folder_of(slash + 1, entry->d_name)) entry->d_type = DT_CHR;
  } else if (name) {
    ssize_t length = syscall(SYS_readlinkat, fd, entry->d_name, target, sizeof(target) - 1);
    target[length < 0 ? 0 : length] = 0;
    if (target[0] == '/' && syscall(SYS_newfstatat, AT_FDCWD, target, &st, AT_SYMLINK_NOFOLLOW) == 0) {
      entry->d_type = IFTODT(st.st_mode);
    }
  }
  errno = saved;
}

EXPORT struct dirent *readdir(DIR *dir) {
  struct dirent *entry = REAL(readdir)(dir);
  if (entry) show_type(dir, entry);
  return entry;
}
EXPORT struct dirent64 *readdir64(DIR *dir) { return (struct dirent64 *)readdir(dir); }

typedef int (*chooser)(const struct dirent *);
typedef int (*orderer)(const struct dirent **, const struct dirent **);

static int list_folder(DIR *dir, struct dirent ***list, chooser choose, orderer order) {
  struct dirent **found = NULL, *entry;
  size_t count = 0, room = 0;
  errno = 0;
  while (dir && (entry = readdir(dir)) != NULL) {
    if (choose && !choose(entry)) continue;
    if (count == room) {
      room = room ? room * 2 : 16;
      struct dirent **more = realloc(found, room * sizeof(*found));
      if (!more) break;
      found = more;
    }
    size_t size = offsetof(struct dirent, d_name) + strlen(entry->d_name) + 1;
    found[count] = malloc(size);
    if (!found[count]) break;
    memcpy(found[count++], entry, size);
    errno = 0;
  }
  int error = errno;
  if (dir) closedir(dir);
  if (!dir || error) {
    while (count > 0) free(found[--count]);
    free(found);
    errno = error;
    return -1;
  }
  if (order && count > 1) qsort(found, count, sizeof(*found), (int (*)(const void *, const void *))order);
  *list = found;
  return count;
}

EXPORT int scandirat(int dirfd, const char *path, struct dirent ***list, chooser choose, orderer order) {
  int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return -1;
  DIR *dir = fdopendir(fd);
  if (!dir) close(fd);
  return list_folder(dir, list, choose, order);
}
EXPORT int scandir(const char *path, struct dirent ***list, chooser choose, orderer order) {
  char out[PATH_MAX];
  if (udrm_resolve(AT_FDCWD, path, 1, out, sizeof(out)) == PATH_PLAIN) return REAL(scandir)(path, list, choose, order);
  return list_folder(REAL(opendir)(out), list, choose, order);
}
EXPORT int scandir64(const char *path, struct dirent64 ***list, int (*choose)(const struct dirent64 *),
                     int (*order)(const struct dirent64 **, const struct dirent64 **)) {
  return scandir(path, (struct dirent ***)list, (chooser)choose, (orderer)order);
}
EXPORT int scandirat64(int dirfd, const char *path, struct dirent64 ***list, int (*choose)(const struct dirent64 *),
                       int (*order)(const struct dirent64 **, const struct dirent64 **)) {
  return scandirat(dirfd, path, (struct dirent ***)list, (chooser)choose, (orderer)order);
}

static void *glob_open(const char *path) { return opendir(path); }
static void glob_close(void *dir) { closedir(dir); }
static struct dirent *glob_read(void *dir) { return readdir(dir); }
static int glob_stat(const char *path, struct stat *st) { return stat(path, st); }
static int glob_lstat(const char *path, struct stat *st) { return lstat(path, st); }

// glob(3) lists by functions that the caller may give: ours.
EXPORT int glob(const char *pattern, int flags, int (*failed)(const char *, int), glob_t *found) {
  if (!udrm_active() || flags & GLOB_ALTDIRFUNC) return REAL(glob)(pattern, flags, failed, found);
  found->gl_opendir = glob_open;
  found->gl_readdir = glob_read;
  found->gl_closedir = glob_close;
  found->gl_stat = glob_stat;
  found->gl_lstat = glob_lstat;
  int result = REAL(glob)(pattern, flags | GLOB_ALTDIRFUNC, failed, found);
  found->gl_flags &= ~GLOB_ALTDIRFUNC;
  return result;
}
EXPORT int glob64(const char *pattern, int flags, int (*failed)(const char *, int), glob64_t *found) {
  return glob(pattern, flags, failed, (glob_t *)found);
}

static __thread __nftw_func_t visitor;

static int visit(const char *path, const struct stat *st, int type, struct FTW *ftw) {
  char name[PATH_MAX];
  struct stat shown;
  struct FTW place = *ftw;
  if (strlen(path) >= sizeof(name)) return visitor(path, st, type, ftw);
  strcpy(name, path);
  udrm_strip(name);
  place.base -= strlen(path) - strlen(name);
  // Nodes show what they stand for.
  if (type == FTW_F && lstat(name, &shown) == 0) st = &shown;
  return visitor(name, st, type, &place);
}

EXPORT int nftw(const char *path, __nftw_func_t function, int fds, int flags) {
  char out[PATH_MAX];
  if (udrm_resolve(AT_FDCWD, path, 1, out, sizeof(out)) == PATH_PLAIN) return REAL(nftw)(path, function, fds, flags);
  __nftw_func_t before = visitor;
  visitor = function;
  int result = REAL(nftw)(out, visit, fds, flags);
  visitor = before;
  return result;
}
EXPORT int nftw64(const char *path, __nftw64_func_t function, int fds, int flags) {
  return nftw(path, (__nftw_func_t)function, fds, flags);
}
