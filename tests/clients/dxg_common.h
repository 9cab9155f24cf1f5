// What the C programs on /dev/dxg have in common: the calls that everybody makes first, checked.
#ifndef DXG_COMMON_H
#define DXG_COMMON_H
#define _GNU_SOURCE
#include "dxg_client.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(condition)                                                                                               \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      fprintf(stderr, "%d: line %d: %s (errno %d)\n", getpid(), __LINE__, #condition, errno);                          \
      exit(1);                                                                                                         \
    }                                                                                                                  \
  } while (0)
#define CALL(request, argument) CHECK(ioctl(fd, request, argument) == 0)
#define FAILS(request, argument, error) CHECK(ioctl(fd, request, argument) == -1 && errno == (error))
#define PAGE 4096
#define PTR(pointer) ((uint64_t)(uintptr_t)(pointer))

static int fd;
static uint32_t device, context;
static struct create_paging_queue paging;

static inline void begin(void) {
  fd = open("/dev/dxg", O_RDONLY | O_CLOEXEC);
  CHECK(fd >= 0);
  struct adapter_info info[4];
  struct enum_adapters2 list = {.count = 4, .adapters = PTR(info)};
  CALL(ENUMADAPTERS2, &list);
  CHECK(list.count == 1);
  struct open_adapter adapter = {.luid = info[0].luid};
  CALL(OPENADAPTERFROMLUID, &adapter);
  struct create_device make = {.adapter = adapter.handle};
  CALL(CREATEDEVICE, &make);
  device = make.device;
  struct create_context virtual = {.device = device, .affinity = 1, .hint = 8};
  CALL(CREATECONTEXTVIRTUAL, &virtual);
  context = virtual.context;
  paging.device = device;
  CALL(CREATEPAGINGQUEUE, &paging);
  CHECK(paging.fence != 0 && *(volatile uint64_t *)(uintptr_t)paging.fence == 0);
}

static inline uint32_t allocate(uint64_t size, void *sysmem) {
  struct driver_allocation data = {.magic = MAGIC, .version = VERSION, .size = size, .flags = sysmem ? 4 : 1, .usage = 1};
  struct allocation_info info = {.sysmem = PTR(sysmem), .data = PTR(&data), .data_size = sizeof(data)};
  struct create_allocation make = {.device = device, .count = 1, .infos = PTR(&info)};
  CALL(CREATEALLOCATION, &make);
  CHECK(info.allocation != 0);
  return info.allocation;
}

static inline void destroy(uint32_t allocation) {
  struct destroy_allocation args = {.device = device, .allocations = PTR(&allocation), .count = 1};
  CALL(DESTROYALLOCATION2, &args);
}

static inline void wait_for(uint32_t object, uint64_t value) {
  struct cpu_wait args = {.device = device, .count = 1, .objects = PTR(&object), .values = PTR(&value)};
  CALL(WAITFROMCPU, &args);
}

static inline uint64_t map_va(uint32_t allocation, uint64_t pages) {
  struct map_va map = {.queue = paging.queue, .allocation = allocation, .pages = pages, .protection = 1};
  CHECK(ioctl(fd, MAPGPUVIRTUALADDRESS, &map) == STATUS_PENDING);
  wait_for(paging.sync_object, map.fence);
  struct make_resident resident = {.queue = paging.queue, .count = 1, .allocations = PTR(&allocation)};
  CHECK(ioctl(fd, MAKERESIDENT, &resident) == STATUS_PENDING);
  wait_for(paging.sync_object, resident.fence);
  CHECK(*(volatile uint64_t *)(uintptr_t)paging.fence >= resident.fence);
  return map.address;
}

static inline struct create_sync make_fence(uint32_t flags) {
  struct create_sync fence = {.device = device, .type = 5, .flags = flags};
  CALL(CREATESYNCHRONIZATIONOBJECT, &fence);
  CHECK(fence.object != 0 && fence.cpu != 0);
  return fence;
}

static inline void signal_cpu(uint32_t object, uint64_t value) {
  struct cpu_signal args = {.device = device, .count = 1, .objects = PTR(&object), .values = PTR(&value)};
  CALL(SIGNALFROMCPU, &args);
}

// HEADER, FILL of 64 bytes, FENCE_WRITE, END; bytes.
static inline uint32_t commands(uint32_t *at, uint64_t target, uint32_t word, uint64_t fence, uint64_t value) {
  uint32_t words[] = {WORDS_HEADER, WORD_FILL, target, target >> 32, 64, 0, word,
                      WORD_FENCE, fence, fence >> 32, value, value >> 32, WORD_END};
  memcpy(at, words, sizeof(words));
  return sizeof(words);
}

static inline void submit(uint64_t buffer, uint32_t length) {
  struct submit args = {.buffer = buffer, .length = length, .contexts = 1, .context = {context}};
  CALL(SUBMITCOMMAND, &args);
}

static inline uint32_t *pages(size_t count) {
  void *memory = mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(memory != MAP_FAILED);
  return memory;
}

static inline void in_child(void (*body)(uint32_t *), uint32_t *memory) {
  int pid = fork(), status;
  if (pid == 0) {
    body(memory);
    exit(0);
  }
  CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static int sockets[2] __attribute__((unused));

static inline void send_fd(int file) {
  char byte = 0, control[CMSG_SPACE(sizeof(int))] = {0};
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(header), &file, sizeof(int));
  CHECK(sendmsg(sockets[0], &message, 0) == 1);
}

static inline int receive_fd(void) {
  char byte, control[CMSG_SPACE(sizeof(int))];
  int file;
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
  CHECK(recvmsg(sockets[1], &message, 0) == 1);
  memcpy(&file, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
  return file;
}
#endif
