// A client that abuses what it is given to wait with and what it gives away: eventfds, memfds, pipes, and the requests about them.
// It ends well if the server goes on, and refuses what it has to.
#include "hostile.h"

#include <linux/dma-buf.h>
#include <linux/udmabuf.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>

struct syncobj_eventfd {
  uint32_t handle, flags;
  uint64_t point;
  int32_t fd;
  uint32_t pad;
};
#define SYNCOBJ_EVENTFD DRM_IOWR(0xCF, struct syncobj_eventfd)
enum { OP_READ = 4, OP_MMAP = 5, OP_DMABUF_IOCTL = 8, OP_WRITE = 9, OP_LSEEK = 10, OP_POLL = 11 };
#define PAGE 4096

// A request with files; the result, and what came along into `fds`.
static int ask(int by, int answers, struct message *m, size_t size, const int *send_fds, int send_count, int *fds, int *count) {
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(253 * sizeof(int))];
  } control;
  struct iovec part = {m, size};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (send_count > 0) {
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE(send_count * sizeof(int));
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(send_count * sizeof(int));
    memcpy(CMSG_DATA(&control.header), send_fds, send_count * sizeof(int));
  }
  CHECK(sendmsg(by, &message, 0) > 0);
  part.iov_len = sizeof(*m);
  message = (struct msghdr){.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
  CHECK(recvmsg(answers, &message, 0) >= 48);
  int got = 0;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_type != SCM_RIGHTS) continue;
    int n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (int i = 0; i < n; i++) {
      int fd;
      memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
      if (fds && got < *count) fds[got++] = fd;
      else close(fd);
    }
  }
  if (count) *count = got;
  return (int32_t)m->words[2];
}
static struct message *request(struct message *m, uint32_t op, uint32_t id, uint32_t command, uint64_t argument) {
  memset(m, 0, sizeof(*m));
  m->words[0] = op;
  m->words[2] = id;
  m->words[4] = command;
  memcpy(&m->words[6], &argument, 8);
  return m;
}

static int fast_card, filled;
static int export_buffer(void) {
  struct drm_mode_create_dumb create = {.width = 64, .height = 64, .bpp = 32};
  int prime;
  CHECK(ioctl(fast_card, DRM_IOCTL_MODE_CREATE_DUMB, &create) == 0);
  CHECK(drmPrimeHandleToFD(fast_card, create.handle, DRM_RDWR | DRM_CLOEXEC, &prime) == 0);
  return prime;
}

// Fills an eventfd's counter as fast as it is signalled.
static void *fill(void *argument) {
  int fd = *(int *)argument;
  uint64_t value;
  while (!__atomic_load_n(&filled, __ATOMIC_RELAXED)) {
    value = 0xfffffffffffffffe;
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    if (write(fd, &value, 8) < 0) read(fd, &value, 8);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
  }
  return NULL;
}
static void eventfds(void) {
  uint32_t handle, never;
  int event = eventfd(0, 0);
  pthread_t thread;
  CHECK(drmSyncobjCreate(fast_card, 0, &handle) == 0 && drmSyncobjCreate(fast_card, 0, &never) == 0);
  CHECK(pthread_create(&thread, NULL, fill, &event) == 0);
  for (uint64_t point = 1; point <= 400; point++) {
    struct syncobj_eventfd arg = {.handle = handle, .point = point, .fd = event};
    CHECK(ioctl(fast_card, SYNCOBJ_EVENTFD, &arg) == 0);
    CHECK(drmSyncobjTimelineSignal(fast_card, &handle, &point, 1) == 0);
  }
  filled = 1;
  pthread_join(thread, NULL);
  // Each is kept until its point comes: there is an end to it.
  int kept = 0, error = 0;
  for (int i = 0; i < 6000 && !error; i++) {
    struct syncobj_eventfd arg = {.handle = never, .point = 1, .fd = event};
    if (ioctl(fast_card, SYNCOBJ_EVENTFD, &arg) == 0) kept++;
    else error = errno;
  }
  CHECK(error == ENOMEM && kept > 1000);
  CHECK(drmSyncobjDestroy(fast_card, never) == 0 && drmSyncobjCreate(fast_card, 0, &never) == 0);
  struct syncobj_eventfd arg = {.handle = never, .point = 1, .fd = event};
  CHECK(ioctl(fast_card, SYNCOBJ_EVENTFD, &arg) == 0);
  close(event);
}

static void pipes(int raw, uint32_t id) {
  struct message m;
  int buffer = export_buffer(), fds[3000], used = 0, result = 0, pair[4], count;
  while (used < 2998 && result >= 0) {
    count = 2;
    result = ask(raw, raw, request(&m, OP_POLL, id, POLLIN | POLLOUT, 2), 48, &buffer, 1, fds + used, &count);
    used += count;
  }
  CHECK(result == -ENOMEM && used > 1000);
  for (int i = 0; i < used; i++) close(fds[i]);
  // They are given back; whatever is done to them harms nobody else.
  for (int tries = 0; tries < 100; tries++) {
    count = 4;
    result = ask(raw, raw, request(&m, OP_POLL, id, POLLIN | POLLOUT, 2), 48, &buffer, 1, pair, &count);
    if (result >= 0) break;
    usleep(10000);
  }
  CHECK(result == (POLLIN | POLLOUT) && count == 2);
  char path[64], junk[PAGE] = "";
  for (int i = 0; i < 2; i++) {
    snprintf(path, sizeof(path), "/proc/self/fd/%d", pair[i]);
    int both = open(path, O_RDWR | O_NONBLOCK);
    CHECK(both >= 0 && fcntl(both, F_SETPIPE_SZ, 1 << 20) > 0);
    while (write(both, junk, sizeof(junk)) > 0) {}
    close(both);
  }
  for (int i = 0; i < 50; i++) {
    struct dma_buf_export_sync_file out = {.flags = DMA_BUF_SYNC_RW};
    CHECK(ioctl(buffer, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &out) == 0);
    close(out.fd);
  }
  close(pair[0]);
  close(pair[1]);
  // Asked with what is no buffer, with nothing, with too much.
  int many[200];
  for (int i = 0; i < 200; i++) many[i] = raw;
  CHECK(ask(raw, raw, request(&m, OP_POLL, id, POLLIN, 2), 48, &raw, 1, NULL, NULL) == -ENOTTY);
  CHECK(ask(raw, raw, request(&m, OP_POLL, id, POLLIN, 2), 48, NULL, 0, NULL, NULL) == -ENOTTY);
  CHECK(ask(raw, raw, request(&m, OP_POLL, id, POLLIN, 2), 48, many, 200, NULL, NULL) == -ENOTTY);
  CHECK(ask(raw, raw, request(&m, OP_DMABUF_IOCTL, id, ~0U, ~0ULL), 48, many, 200, NULL, NULL) == -ENOTTY);
  CHECK(ask(raw, raw, request(&m, OP_POLL, id, ~0U, ~0ULL), 48, &buffer, 1, NULL, NULL) >= 0);
  CHECK(ask(fast_card, raw, request(&m, OP_POLL, id, POLLIN, 2), 48, NULL, 0, NULL, NULL) == -ENOTTY);
  close(buffer);
}

static void memfds(int raw, uint32_t id) {
  struct message m;
  int device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
  int memory = memfd_create("m", MFD_ALLOW_SEALING | MFD_CLOEXEC);
  CHECK(device >= 0 && ftruncate(memory, 1LL << 46) == 0 && fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK) == 0);
  struct udmabuf_create create = {.memfd = memory, .size = 4 * PAGE, .flags = UDMABUF_FLAGS_CLOEXEC};
  // However large it is, only what is used counts.
  for (int i = 0; i < 200; i++) {
    create.offset = (uint64_t)i << 38;
    int fd = ioctl(device, UDMABUF_CREATE, &create);
    CHECK(fd >= 0);
    volatile char *at = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(at != MAP_FAILED);
    at[PAGE] = i;
    CHECK(munmap((void *)at, 4 * PAGE) == 0);
    if (i % 2) close(fd);
  }
  create.size = 65ULL << 20;
  CHECK(ioctl(device, UDMABUF_CREATE, &create) == -1 && errno == EINVAL);
  create.size = 16 * PAGE;
  create.offset = 0;
  int fd = ioctl(device, UDMABUF_CREATE, &create);
  CHECK(fd >= 0);
  // What is under it changes.
  CHECK(fallocate(memory, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 16 * PAGE) == 0);
  CHECK(ftruncate(memory, 0) == -1 && fcntl(memory, F_ADD_SEALS, F_SEAL_FUTURE_WRITE) == -1);
  char *at = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  CHECK(at != MAP_FAILED && at[0] == 0);
  // Parts that are not there, lengths and places beyond everything.
  static const uint64_t odd[] = {0, 1, PAGE, 1ULL << 32, 1ULL << 53, 1ULL << 63, ~0ULL};
  for (int op = OP_READ; op <= OP_POLL; op++) {
    if (op > OP_MMAP && op < OP_WRITE) continue;
    for (unsigned i = 0; i < 7 * 7 * 7; i++) {
      for (int which = 0; which < 2; which++) {
        request(&m, op, id, op == OP_LSEEK ? i % 9 : 3, (i % 3 ? 1 : odd[i % 7]) | odd[i / 7 % 7] << 32);
        m.words[3] = op == OP_READ ? 2 | i % 2 << 2 : i % 8;
        memcpy(&m.words[8], &odd[i / 7 % 7], 8);
        memcpy(&m.words[10], &odd[i / 49], 8);
        if (op == OP_READ) memcpy(&m.words[6], &(uint64_t){8}, 8);
        ask(which ? fd : fast_card, raw, &m, 48 + i % 60, NULL, 0, NULL, NULL);
      }
    }
  }
  close(fd);
}

int main(void) {
  uint32_t id;
  struct rlimit limit;
  CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = limit.rlim_max < 8192 ? limit.rlim_max : 8192;
  CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  seed = 88172645;
  fast_card = open("/dev/dri/card0", O_RDWR);
  CHECK(fast_card >= 0);
  int raw = greeted(&id);
  eventfds();
  pipes(raw, id);
  memfds(raw, id);
  uint64_t value;
  CHECK(drmGetCap(fast_card, DRM_CAP_PRIME, &value) == 0 && value == 3);
  return 0;
}
