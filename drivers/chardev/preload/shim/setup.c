// Where the server is: UDRM_SOCKET=/DIR/socket. DIR/root is the tree of sysfs and proc files, DIR's last part is the key that
// marks fds of this server.
#include "shim.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static char socket_path[108], root_path[PATH_MAX], key_name[64];
static int state; // 0 unknown, 1 off, 2 on

// The kernel names files of the tree by its path without links.
static void find_root(void) {
  char link[40], found[PATH_MAX];
  int fd = syscall(SYS_openat, AT_FDCWD, root_path, O_PATH | O_CLOEXEC);
  if (fd < 0) return;
  snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, found, sizeof(found));
  if (length > 0 && length < PATH_MAX) {
    memcpy(root_path, found, length);
    root_path[length] = 0;
  }
  syscall(SYS_close, fd);
}

static int setup(void) {
  const char *path = getenv("UDRM_SOCKET");
  const char *slash = path ? strrchr(path, '/') : NULL;
  if (!slash || strlen(path) >= sizeof(socket_path) || slash == path) return 1;
  const char *key = slash;
  while (key > path && key[-1] != '/') key--;
  if ((size_t)(slash - key) >= sizeof(key_name)) return 1;
  memcpy(key_name, key, slash - key);
  memcpy(root_path, path, slash - path);
  memcpy(root_path + (slash - path), "/root", 6);
  strcpy(socket_path, path);
  find_root();
  udrm_cwd_changed();
  return 2;
}

// Threads that come here together write the same bytes.
int udrm_active(void) {
  int now = __atomic_load_n(&state, __ATOMIC_ACQUIRE);
  if (now == 0) {
    int saved = errno;
    now = setup();
    __atomic_store_n(&state, now, __ATOMIC_RELEASE);
    errno = saved;
  }
  return now == 2;
}

const char *udrm_root(void) { return root_path; }
const char *udrm_socket(void) { return socket_path; }
const char *udrm_key(void) { return key_name; }
