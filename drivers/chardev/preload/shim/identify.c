// Which fds are ours: sockets whose peer, the server, bears a name with its key. The name belongs to the open file, so that it
// holds for duplicates, after fork and exec, and for fds that another process has sent.
#include "shim.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#define F_GET_SEALS_ 1034
#define BUFFER_SEALS 7 // no more seals, no shrinking, no growing; writing is not sealed
#define ALL_SEALS 15

static unsigned number(const char **text, const char *end) {
  unsigned value = 0;
  for (; *text < end && **text != '.'; ++*text) value = value << 4 | (**text <= '9' ? **text - '0' : **text - 'a' + 10);
  if (*text < end) ++*text;
  return value;
}

int udrm_identify(int fd, struct file *file) {
  struct sockaddr_un address;
  socklen_t length = sizeof(address);
  int saved = errno;
  if (!udrm_active()) return 0;
  if (getpeername(fd, (struct sockaddr *)&address, &length) != 0) {
    errno = saved;
    return 0;
  }
  size_t key = strlen(udrm_key());
  size_t size = length > offsetof(struct sockaddr_un, sun_path) ? length - offsetof(struct sockaddr_un, sun_path) : 0;
  if (address.sun_family != AF_UNIX || size < key + 4 || address.sun_path[0] != 0) return 0;
  const char *name = address.sun_path + 1;
  size--;
  if (memcmp(name, udrm_key(), key) != 0 || name[key] != '/') return 0;
  const char *node = name + key + 1;
  size_t left = size - key - 1;
  const char *end = memchr(node, '/', left);
  if (!end || (size_t)(end - node) >= sizeof(file->node)) return 0;
  memcpy(file->node, node, end - node);
  file->node[end - node] = 0;
  const char *rest = end + 1;
  file->polled = number(&rest, name + size);
  file->opened = number(&rest, name + size);
  file->flags = number(&rest, name + size);
  return 1;
}

// Whether a file may be one of the server's memfds, which is how most dma-bufs come: the server knows which are.
int udrm_maybe_buffer(int fd) {
  int saved = errno;
  int seals = udrm_active() ? REAL(fcntl)(fd, F_GET_SEALS_) : -1;
  errno = saved;
  return seals >= 0 && (seals & ALL_SEALS) == BUFFER_SEALS;
}

// The minor number of "cardN" or "renderDN", -1 for other names.
int udrm_node_minor(const char *node) {
  const char *digits = strncmp(node, "card", 4) == 0 ? node + 4 : strncmp(node, "renderD", 7) == 0 ? node + 7 : NULL;
  if (!digits || *digits < '0' || *digits > '9') return -1;
  char *end;
  long minor = strtol(digits, &end, 10);
  return *end == 0 && minor < 1 << 20 ? (int)minor : -1;
}
