// The client of the door's bench: a program of libdrm's interface that knows nothing of udrm. It opens a card, and when a byte
// comes on stdin does DRM_IOCTL_GET_CAP for a while. Its stdout is the time of each, as 32-bit nanoseconds.
//   door_client SECONDS [CALLS]
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <drm.h>

#define WARM_UP 5000
#define CALLS_MAX (1 << 22)

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void get_cap(int fd) {
  struct drm_get_cap cap = {.capability = DRM_CAP_PRIME, .value = ~0ull};
  if (ioctl(fd, DRM_IOCTL_GET_CAP, &cap) != 0 || cap.value != 3) {
    fprintf(stderr, "door_client: GET_CAP: %s, value %llu\n", strerror(errno), (unsigned long long)cap.value);
    exit(1);
  }
}

int main(int argc, char **argv) {
  uint64_t length = (argc > 1 ? atof(argv[1]) : 1) * 1e9;
  long most = argc > 2 ? atol(argv[2]) : CALLS_MAX;
  int fd = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
  if (fd < 0) {
    perror("door_client: /dev/dri/card0");
    return 1;
  }
  uint32_t *times = calloc(CALLS_MAX, sizeof(uint32_t));
  memset(times, 1, CALLS_MAX * sizeof(uint32_t)); // no page faults while it measures
  for (int i = 0; i < WARM_UP; i++) get_cap(fd);
  fprintf(stderr, "ready\n");
  char byte;
  if (read(0, &byte, 1) != 1) return 1;
  long count = 0;
  uint64_t start = now(), before = start;
  while (count < CALLS_MAX && count < most && before - start < length) {
    get_cap(fd);
    uint64_t after = now();
    times[count++] = after - before > UINT32_MAX ? UINT32_MAX : after - before;
    before = after;
  }
  for (long at = 0; at < count;) {
    ssize_t written = write(1, times + at, (count - at) * sizeof(uint32_t));
    if (written <= 0) return 1;
    at += written / sizeof(uint32_t);
  }
  return 0;
}
