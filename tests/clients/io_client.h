// What the parts of io_client share: fences and buffers to wait for, and the tests that are written in files of their own.
#pragma once
#include "client.h"

#include <sys/eventfd.h>

struct create_fence {
  uint32_t value;
  char name[32];
  int32_t fence;
};
#define SW_SYNC_CREATE_FENCE _IOWR('W', 0, struct create_fence)
#define SW_SYNC_INC _IOW('W', 1, uint32_t)
// Younger than some libdrm.
struct syncobj_eventfd {
  uint32_t handle, flags;
  uint64_t point;
  int32_t fd;
  uint32_t pad;
};
#define SYNCOBJ_EVENTFD DRM_IOWR(0xCF, struct syncobj_eventfd)
#define PAGE 4096

static inline int timeline(void) {
  int fd = open("/dev/sw_sync", O_RDWR | O_CLOEXEC);
  CHECK(fd >= 0);
  return fd;
}
static inline int fence(int timeline, uint32_t value) {
  struct create_fence arg = {.value = value};
  CHECK(ioctl(timeline, SW_SYNC_CREATE_FENCE, &arg) == 0);
  return arg.fence;
}
static inline void advance(int timeline, uint32_t by) { CHECK(ioctl(timeline, SW_SYNC_INC, &by) == 0); }
static inline int buffer(int card, uint64_t *size) {
  int fd;
  CHECK(drmPrimeHandleToFD(card, dumb(card, 64, 64, size, NULL), DRM_CLOEXEC | DRM_RDWR, &fd) == 0);
  return fd;
}
static inline void attach(int buffer, int fence, int write) {
  struct dma_buf_import_sync_file arg = {.flags = write ? DMA_BUF_SYNC_WRITE : DMA_BUF_SYNC_READ, .fd = fence};
  CHECK(ioctl(buffer, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &arg) == 0);
}
static inline short polled(int fd, short events, int timeout) {
  struct pollfd p = {.fd = fd, .events = events};
  int count = poll(&p, 1, timeout);
  CHECK(count == (p.revents != 0));
  return p.revents;
}
static inline void *advance_later(void *argument) {
  usleep(60000);
  advance(*(int *)argument, 1);
  return NULL;
}
static inline pthread_t later(int *timeline) {
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, advance_later, timeline) == 0);
  return thread;
}

// io_client.c
int open_fds(void);

// io_wait.c: a dma-buf, whatever it is made of.
void poll_buffer(int buffer);
void epoll_buffer(int buffer);
void test_pollout(void);
void test_poll(void);
void test_epoll(void);
extern int inherited;
void test_inherited(void);

// io_share.c
void test_import(void);
void test_eventfd(void);
void test_udmabuf(void);
void test_udmabuf_list(void);
