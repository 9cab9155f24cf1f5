// What clients that talk to the server by themselves share.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xf86drm.h>

#define CHECK(condition)                                                                                               \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      printf("%s:%d: %s (errno %d, %s)\n", __FILE__, __LINE__, #condition, errno, strerror(errno));                    \
      exit(1);                                                                                                         \
    }                                                                                                                  \
  } while (0)

static uint32_t seed = 1;
static inline uint32_t random32(void) {
  seed ^= seed << 13;
  seed ^= seed >> 17;
  return seed ^= seed << 5;
}
static inline int connection(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strcpy(address.sun_path, getenv("UDRM_SOCKET"));
  int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) return fd;
  close(fd);
  return -1;
}
// op, sequence, connection, flags, command, fds, then argument, length and offset of 64 bits.
struct message {
  uint32_t words[12];
  unsigned char data[8192];
};

// A connection that has been greeted; its number into `id`.
static inline int greeted(uint32_t *id) {
  static const uint64_t probe = 42;
  struct message m;
  int fd = connection();
  CHECK(fd >= 0);
  memset(&m, 0, sizeof(m));
  m.words[0] = 1;
  memcpy(&m.words[6], &(uint64_t){(uintptr_t)&probe}, 8);
  memcpy(m.data, &probe, 8);
  CHECK(send(fd, &m, 56, 0) > 0 && recv(fd, &m, sizeof(m), 0) >= 48 && (int32_t)m.words[2] == 0);
  *id = m.words[5];
  return fd;
}
