// Which fds are ours: sockets whose peer, the server, bears a name with its key. The name belongs to the open file, so that it
// holds for duplicates, after fork and exec, and for fds that another process has sent.
#include "shim.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#define DRM_MAJOR 226
#define INPUT_MAJOR 13
// evdev's share of the legacy minor numbers; what is beyond has its number as its minor.
#define EVDEV_MINOR_BASE 64
#define EVDEV_MINORS 32
// dxgkrnl's is a dynamic number of a misc device.
#define MISC_MAJOR 10
#define DXG_MINOR 63
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

// What is behind `prefix` in a node's name, if that is a number; -1 otherwise.
static int number_behind(const char *node, const char *prefix) {
  size_t length = strlen(prefix);
  if (strncmp(node, prefix, length) != 0 || node[length] < '0' || node[length] > '9') return -1;
  char *end;
  long number = strtol(node + length, &end, 10);
  return *end == 0 && number < 1 << 20 ? (int)number : -1;
}

// The device number of "cardN", "renderDN", "eventN" or "dxg", 0 for other names.
dev_t udrm_node_device(const char *node) {
  int minor = number_behind(node, "card");
  if (minor < 0) minor = number_behind(node, "renderD");
  if (minor >= 0) return makedev(DRM_MAJOR, minor);
  if (strcmp(node, "dxg") == 0) return makedev(MISC_MAJOR, DXG_MINOR);
  minor = number_behind(node, "event");
  return minor < 0 ? 0 : makedev(INPUT_MAJOR, minor < EVDEV_MINORS ? EVDEV_MINOR_BASE + minor : minor);
}

// Where below /dev a node lies: "dri/", "input/", or "".
const char *udrm_node_folder(const char *node) {
  dev_t device = udrm_node_device(node);
  return major(device) == DRM_MAJOR ? "dri/" : major(device) == INPUT_MAJOR ? "input/" : "";
}
