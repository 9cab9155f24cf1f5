// What the programs of this folder share. They are of libdrm and know nothing of udrm. Each word on the command line is a test; the
// first thing that is not as the kernel has it is printed and ends the program with 1.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#define CHECK(condition)                                                                                               \
  do {                                                                                                                 \
    errno = 0;                                                                                                         \
    if (!(condition)) {                                                                                                \
      printf("%s:%d: %s (errno %d, %s)\n", __FILE__, __LINE__, #condition, errno, strerror(errno));                    \
      exit(1);                                                                                                         \
    }                                                                                                                  \
  } while (0)
#define FAILS(call, error) CHECK((call) == -1 && errno == (error))

static const char *card = "/dev/dri/card0";

static inline double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}
static inline int64_t absolute(double seconds) { return (int64_t)((now() + seconds) * 1e9); }
static inline int open_card(void) {
  int fd = open(card, O_RDWR | O_CLOEXEC);
  CHECK(fd >= 0);
  return fd;
}

static inline uint32_t dumb(int fd, int width, int height, uint64_t *size, uint32_t *pitch) {
  struct drm_mode_create_dumb create = {.width = width, .height = height, .bpp = 32};
  CHECK(ioctl(fd, DRM_IOCTL_MODE_CREATE_DUMB, &create) == 0);
  if (size) *size = create.size;
  if (pitch) *pitch = create.pitch;
  return create.handle;
}
static inline uint64_t offset_of(int fd, uint32_t handle) {
  struct drm_mode_map_dumb map = {.handle = handle};
  CHECK(ioctl(fd, DRM_IOCTL_MODE_MAP_DUMB, &map) == 0);
  return map.offset;
}
static inline uint32_t *map_dumb(int fd, uint32_t handle, uint64_t size) {
  void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset_of(fd, handle));
  CHECK(at != MAP_FAILED);
  return at;
}

struct test {
  const char *name;
  void (*run)(void);
};
static inline int run_tests(const struct test *tests, char **words) {
  for (; *words; words++) {
    const struct test *test = tests;
    while (test->name && strcmp(*words, test->name)) test++;
    if (!test->name) return 3;
    test->run();
  }
  return 0;
}
