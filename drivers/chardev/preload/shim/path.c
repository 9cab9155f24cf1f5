// Which paths are ours. The server has made a tree of files that lies over the system's: /dev/dri, /dev/input, /proc/dri, their
// corners of /sys, udev's of /run. A name is followed component by component, as the kernel would if the two were one file system. In the
// tree a link to its own name stands for what the system has there (it makes listings whole), a sticky file is opened at the
// server, and a sticky folder hides the system's.
#include "shim.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LINKS_MAX 40

static int cwd_matters;

static int below(const char *path, const char *prefix) {
  size_t length = strlen(prefix);
  return strncmp(path, prefix, length) == 0 && (path[length] == 0 || path[length] == '/');
}

// Whether anything of ours can be at an absolute path, or behind it.
static int interesting(const char *path) {
  return below(path, "/sys") || below(path, "/dev") || below(path, "/run") || below(path, "/proc/dri") ||
         strcmp(path, "/proc") == 0 || path[1] == 0 || path[1] == '/' || path[1] == '.' ||
         (path[1] == 'p' && strstr(path, "/..") != NULL);
}

static ssize_t link_text(const char *path, char *out) {
  ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, path, out, PATH_MAX - 1);
  if (length >= 0) out[length] = 0;
  return length;
}

static int look(const char *path, struct stat *st) {
  return syscall(SYS_newfstatat, AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW) == 0;
}

// What walking knows: where it has come to, without links and dots, and what is left to go.
struct walk {
  char done[PATH_MAX], rest[PATH_MAX], link[PATH_MAX], tree[PATH_MAX];
  int moved; // by a link or two dots: for the system alone the name may mean something else
};

// `link` and what is left behind it become what is left.
static int insert_link(struct walk *w) {
  size_t length = strlen(w->link), left = strlen(w->rest);
  if (length + left + 2 > sizeof(w->rest)) return 0;
  memmove(w->rest + length + 1, w->rest, left + 1);
  memcpy(w->rest, w->link, length);
  w->rest[length] = '/';
  return 1;
}

static void up(char *done) {
  char *slash = strrchr(done, '/');
  if (slash) *slash = 0;
}

// Whether what is missing in the tree is missing altogether.
static int hidden(struct walk *w) {
  struct stat st;
  if (strncmp(w->done, "/sys/dev/char/226:", 18) == 0 || strncmp(w->done, "/sys/dev/char/13:", 17) == 0) return 1;
  char *slash = strrchr(w->tree, '/');
  *slash = 0;
  int sticky = look(w->tree, &st) && st.st_mode & S_ISVTX;
  *slash = '/';
  return sticky && strlen(w->tree) + strlen(w->rest) + 2 < sizeof(w->tree);
}

enum { LOST = -1, SYSTEM, TREE, HIDDEN };

// Follows w->rest from w->done on. TREE: it comes to w->tree; SYSTEM: to what w->done and w->rest, put together, name.
static int follow(struct walk *w, int follow_last) {
  size_t root = strlen(udrm_root());
  int links = 0, inside = 1;
  memcpy(w->tree, udrm_root(), root);
  while (w->rest[0]) {
    size_t length = strcspn(w->rest, "/"), next = length;
    while (w->rest[next] == '/') next++;
    char *part = w->rest;
    if (length == 0 || (length == 1 && part[0] == '.')) {
      memmove(w->rest, w->rest + next, strlen(w->rest + next) + 1);
      continue;
    }
    if (length == 2 && part[0] == '.' && part[1] == '.') {
      up(w->done);
      inside = w->moved = 1;
      memmove(w->rest, w->rest + next, strlen(w->rest + next) + 1);
      continue;
    }
    size_t used = strlen(w->done);
    if (used + length + 2 > sizeof(w->done)) return LOST;
    w->done[used] = '/';
    memcpy(w->done + used + 1, part, length);
    w->done[used + 1 + length] = 0;
    int last = w->rest[next] == 0 && next == length;
    memmove(w->rest, w->rest + next, strlen(w->rest + next) + 1);
    if (root + strlen(w->done) + 1 > sizeof(w->tree)) return LOST;
    strcpy(w->tree + root, w->done);
    ssize_t found = inside ? link_text(w->tree, w->link) : -1;
    if (found > 0 && strcmp(w->link, w->done) != 0) {
      if (last && !follow_last) return TREE;
      if (++links > LINKS_MAX || !insert_link(w)) return LOST;
      if (w->link[0] == '/') w->done[0] = 0;
      else up(w->done);
      w->moved = 1;
      continue;
    }
    if (found < 0 && inside && errno == EINVAL) continue;
    if (found < 0 && inside && errno == ENOENT && hidden(w)) {
      if (w->rest[0]) strcat(strcat(w->tree, "/"), w->rest);
      return HIDDEN;
    }
    // The system's. Only two dots can lead back.
    inside = 0;
    if (below(w->done, "/proc") || !strstr(w->rest, "..")) return SYSTEM;
    if (link_text(w->done, w->link) <= 0) continue;
    if (++links > LINKS_MAX || !insert_link(w)) return LOST;
    if (w->link[0] == '/') w->done[0] = 0;
    else up(w->done);
    inside = 1;
  }
  strcpy(w->tree + root, w->done);
  return inside && w->done[0] ? TREE : SYSTEM;
}

// The folder that an fd, or -1 for the working directory, is in; whether it is in the tree, whose root is then taken off.
static int folder_of(int dirfd, char *out, int *inside) {
  char link[40];
  if (dirfd >= 0) snprintf(link, sizeof(link), "/proc/self/fd/%d", dirfd);
  else strcpy(link, "/proc/self/cwd");
  if (link_text(link, out) <= 0 || out[0] != '/') return 0;
  *inside = below(out, udrm_root());
  if (*inside) {
    size_t root = strlen(udrm_root());
    memmove(out, out + root, strlen(out + root) + 1);
  } else if (out[1] == 0) {
    out[0] = 0;
  }
  return 1;
}

// A folder at the top (/dev, /sys) that both have is the system's; below, the tree's is the one with everything.
static int shared(const char *name) {
  struct stat st;
  return strchr(name + 1, '/') == NULL && look(name, &st);
}

static int is_node(const char *name) {
  const char *node = strrchr(name, '/') + 1, *folder = udrm_node_folder(node);
  size_t length = strlen(folder);
  return length > 0 && (size_t)(node - name) == 5 + length && strncmp(name, "/dev/", 5) == 0 &&
         strncmp(name + 5, folder, length) == 0;
}

static int resolve(int dirfd, const char *path, int follow_last, char *out, size_t size) {
  struct walk w;
  struct stat st;
  int from_tree = 0;
  if (strlen(path) >= sizeof(w.rest)) return PATH_PLAIN;
  if (path[0] == '/') {
    if (!interesting(path)) return PATH_PLAIN;
    w.done[0] = 0;
  } else {
    if (path[0] == 0 || (dirfd < 0 && dirfd != AT_FDCWD)) return PATH_PLAIN;
    if (dirfd == AT_FDCWD && !cwd_matters && strncmp(path, "..", 2)) return PATH_PLAIN;
    if (!folder_of(dirfd, w.done, &from_tree)) return PATH_PLAIN;
    if (!from_tree && w.done[0] && !interesting(w.done) && strncmp(path, "..", 2)) return PATH_PLAIN;
  }
  strcpy(w.rest, path);
  w.moved = 0;
  int found = follow(&w, follow_last);
  if (found == LOST || ((found == TREE || found == HIDDEN) && strlen(w.tree) >= size)) return PATH_PLAIN;
  if (found == HIDDEN || (found == TREE && look(w.tree, &st) && !(S_ISDIR(st.st_mode) && shared(w.done)))) {
    strcpy(out, w.tree);
    if (found == HIDDEN || !S_ISREG(st.st_mode)) return PATH_TREE;
    return st.st_mode & S_ISVTX || is_node(w.done) ? PATH_NODE : PATH_TREE;
  }
  if (!from_tree && !w.moved) return PATH_PLAIN;
  // Named by way of the tree, but the system's.
  if ((size_t)snprintf(out, size, "%s%s%s", w.done, w.rest[0] || !w.done[0] ? "/" : "", w.rest) >= size) return PATH_PLAIN;
  return PATH_TREE;
}

int udrm_resolve(int dirfd, const char *path, int follow_last, char *out, size_t size) {
  if (!path || !udrm_active()) return PATH_PLAIN;
  int saved = errno;
  int kind = resolve(dirfd, path, follow_last, out, size);
  errno = saved;
  return kind;
}

const char *udrm_translate(const char *path, int follow_last, char *out, size_t size) {
  return udrm_resolve(AT_FDCWD, path, follow_last, out, size) == PATH_PLAIN ? path : out;
}

// Looks whether names relative to the working directory may be ours, from now on. Never forgets: a vfork child shares this.
void udrm_cwd_changed(void) {
  char folder[PATH_MAX];
  int inside, saved = errno;
  if (folder_of(-1, folder, &inside) && (inside || !folder[0] || interesting(folder))) cwd_matters = 1;
  errno = saved;
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
char *udrm_strip(char *path) {
  size_t root = strlen(udrm_root());
  if (!below(path, udrm_root()) || path[root] == 0) return path;
  memmove(path, path + root, strlen(path + root) + 1);
  return path;
}
