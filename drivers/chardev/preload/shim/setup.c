// Where the server is: UDRM_SOCKET=/DIR/socket. DIR/root is the tree of sysfs and proc files, DIR's last part is the key that
// marks fds of this server.
#include "shim.h"

#include <limits.h>
#include <stdlib.h>

static char socket_path[108], root_path[PATH_MAX], key_name[64];
static int state; // 0 unknown, 1 off, 2 on

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
