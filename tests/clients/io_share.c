// io_client's sharing: buffers and eventfds that go from one file to another, and udmabufs of memory of its own.
#include "io_client.h"

#include <linux/udmabuf.h>

void test_import(void) {
  int fd = open_card(), ends[2], memory = memfd_create("m", MFD_CLOEXEC), shared = buffer(fd, NULL);
  uint32_t handle;
  CHECK(drmPrimeFDToHandle(fd, shared, &handle) == 0);
  CHECK(pipe(ends) == 0 && ftruncate(memory, PAGE) == 0);
  FAILS(drmPrimeFDToHandle(fd, ends[0], &handle), EINVAL);
  FAILS(drmPrimeFDToHandle(fd, memory, &handle), EINVAL);
  FAILS(drmPrimeFDToHandle(fd, fd, &handle), EINVAL);
  FAILS(drmPrimeFDToHandle(fd, eventfd(0, 0), &handle), EINVAL);
  close(shared);
  FAILS(drmPrimeFDToHandle(fd, shared, &handle), EBADF);
  FAILS(drmPrimeFDToHandle(fd, -1, &handle), EBADF);
  FAILS(ioctl(memory, DMA_BUF_IOCTL_SYNC, &(struct dma_buf_sync){DMA_BUF_SYNC_READ}), ENOTTY);
  close(memory);
}

static void eventfd_of(int fd, uint32_t handle, uint64_t point, int event) {
  struct syncobj_eventfd arg = {.handle = handle, .point = point, .fd = event};
  CHECK(ioctl(fd, SYNCOBJ_EVENTFD, &arg) == 0);
}
static uint64_t counted(int event) {
  uint64_t value = 0;
  return polled(event, POLLIN, 0) && read(event, &value, 8) == 8 ? value : 0;
}

void test_eventfd(void) {
  int fd = open_card(), event = eventfd(0, 0), ends[2];
  uint32_t handle, done;
  uint64_t point = 2;
  CHECK(drmSyncobjCreate(fd, 0, &handle) == 0 && drmSyncobjCreate(fd, DRM_SYNCOBJ_CREATE_SIGNALED, &done) == 0);
  eventfd_of(fd, done, 0, event);
  CHECK(counted(event) == 1);
  eventfd_of(fd, handle, 2, event);
  eventfd_of(fd, handle, 1, event);
  CHECK(polled(event, POLLIN, 30) == 0);
  CHECK(drmSyncobjTimelineSignal(fd, &handle, &(uint64_t){1}, 1) == 0 && polled(event, POLLIN, 1000) && counted(event) == 1);
  CHECK(drmSyncobjTimelineSignal(fd, &handle, &point, 1) == 0 && counted(event) == 1);
  struct syncobj_eventfd arg = {.handle = handle, .point = 5};
  CHECK(pipe(ends) == 0);
  arg.fd = ends[0];
  FAILS(ioctl(fd, SYNCOBJ_EVENTFD, &arg), EINVAL);
  arg.fd = memfd_create("m", 0);
  FAILS(ioctl(fd, SYNCOBJ_EVENTFD, &arg), EINVAL);
  arg.fd = fd;
  FAILS(ioctl(fd, SYNCOBJ_EVENTFD, &arg), EINVAL);
  arg.fd = 999;
  FAILS(ioctl(fd, SYNCOBJ_EVENTFD, &arg), EBADF);
  // Its number may be closed, and another have the file.
  int copy = dup(event);
  eventfd_of(fd, handle, 3, event);
  close(event);
  point = 3;
  CHECK(drmSyncobjTimelineSignal(fd, &handle, &point, 1) == 0 && counted(copy) == 1);
  // A full counter stays full and nobody waits for it to be read: not the server, which others need.
  uint64_t full = 0xfffffffffffffffe;
  for (int i = 0; i < 3; i++) eventfd_of(fd, handle, 4 + i, copy);
  CHECK(!(fcntl(copy, F_GETFL) & O_NONBLOCK) && write(copy, &full, 8) == 8);
  point = 6;
  CHECK(drmSyncobjTimelineSignal(fd, &handle, &point, 1) == 0);
  CHECK(polled(copy, POLLIN, 0) == (POLLIN | POLLERR) && counted(copy) == ~0ULL);
  eventfd_of(fd, handle, 7, copy); // left behind
}

static int shared_memory(int pages, unsigned seals) {
  int fd = memfd_create("udmabuf", MFD_ALLOW_SEALING | MFD_CLOEXEC);
  CHECK(fd >= 0 && ftruncate(fd, (off_t)pages * PAGE) == 0 && fcntl(fd, F_ADD_SEALS, seals) == 0);
  return fd;
}
static int create_list(int device, const struct udmabuf_create_item *items, uint32_t count) {
  struct udmabuf_create_list *list = calloc(1, sizeof(*list) + count * sizeof(*items));
  list->flags = UDMABUF_FLAGS_CLOEXEC;
  list->count = count;
  memcpy(list->list, items, count * sizeof(*items));
  int saved, fd = ioctl(device, UDMABUF_CREATE_LIST, list);
  saved = errno;
  free(list);
  errno = saved;
  return fd;
}

void test_udmabuf(void) {
  int device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC), memory = shared_memory(4, F_SEAL_SHRINK);
  CHECK(device >= 0);
  struct udmabuf_create create = {.memfd = memory, .flags = UDMABUF_FLAGS_CLOEXEC, .offset = PAGE, .size = 2 * PAGE}, bad;
  int fd = ioctl(device, UDMABUF_CREATE, &create);
  CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC && (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR);
  CHECK(lseek(fd, 0, SEEK_END) == 2 * PAGE && lseek(fd, 0, SEEK_SET) == 0);
  FAILS(lseek(fd, 1, SEEK_SET), EINVAL);
  char *own = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
  char *shown = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  CHECK(own != MAP_FAILED && shown != MAP_FAILED);
  own[PAGE + 7] = 'a';
  shown[PAGE] = 'b';
  CHECK(shown[7] == 'a' && own[2 * PAGE] == 'b');
  CHECK(mmap(NULL, 3 * PAGE, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EINVAL);
  CHECK(ioctl(fd, DMA_BUF_IOCTL_SYNC, &(struct dma_buf_sync){DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW}) == 0);
  // Memory in use is not taken away.
  CHECK(fcntl(memory, F_ADD_SEALS, F_SEAL_WRITE) == -1 && ftruncate(memory, 0) == -1);
#define REFUSED(change, error)                                                                                         \
  bad = create;                                                                                                        \
  change;                                                                                                              \
  FAILS(ioctl(device, UDMABUF_CREATE, &bad), error)
  REFUSED(bad.offset = 3 * PAGE, EINVAL);
  REFUSED(bad.offset = 5, EINVAL);
  REFUSED(bad.size = PAGE + 1, EINVAL);
  REFUSED(bad.size = 0, EINVAL);
  REFUSED(bad.memfd = 999, EBADFD);
  REFUSED(bad.memfd = device, EBADFD);
  REFUSED(bad.memfd = eventfd(0, 0), EBADFD);
  REFUSED(bad.memfd = shared_memory(4, 0), EINVAL);
  REFUSED(bad.memfd = shared_memory(4, F_SEAL_SHRINK | F_SEAL_WRITE), EINVAL);
  uint32_t handle;
  int render = open("/dev/dri/renderD128", O_RDWR);
  FAILS(drmPrimeFDToHandle(render, memory, &handle), EINVAL);
  // It outlives whatever it was made of and by.
  close(memory);
  close(device);
  shown[1] = 'c';
  CHECK(own[PAGE + 1] == 'c');
  poll_buffer(fd);
  epoll_buffer(fd);
  close(fd);
  shown[2] = 'd';
  CHECK(own[PAGE + 2] == 'd');
}

void test_udmabuf_list(void) {
  int device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
  int one = shared_memory(4, F_SEAL_SHRINK | F_SEAL_GROW), two = shared_memory(4, F_SEAL_SHRINK);
  struct udmabuf_create_item items[4] = {{one, 0, 2 * PAGE, PAGE}, {two, 0, 0, 2 * PAGE}, {one, 0, 0, PAGE}, {one, 0, PAGE, PAGE}};
  int fd = create_list(device, items, 4);
  CHECK(fd >= 0 && lseek(fd, 0, SEEK_END) == 5 * PAGE);
  char *a = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, one, 0);
  char *b = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, two, 0);
  for (int i = 0; i < 4; i++) {
    a[i * PAGE] = 'a' + i;
    b[i * PAGE] = 'A' + i;
  }
  static const char expected[] = "cABab";
  char *all = mmap(NULL, 5 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  CHECK(all != MAP_FAILED);
  for (int i = 0; i < 5; i++) CHECK(all[i * PAGE] == expected[i]);
  // A part of it, across a seam, at a place of one's own.
  void *place = mmap(NULL, 3 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char *part = mmap(place, 3 * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 2 * PAGE);
  CHECK(part == place && part[0] == 'B' && part[PAGE] == 'a' && part[2 * PAGE] == 'b');
  all[PAGE] = 'x';
  all[4 * PAGE] = 'y';
  CHECK(b[0] == 'x' && a[PAGE] == 'y' && part[2 * PAGE] == 'y');
  CHECK(munmap(all, 5 * PAGE) == 0);
  items[3].offset = 4 * PAGE;
  FAILS(create_list(device, items, 4), EINVAL);
  items[3].memfd = 999;
  FAILS(create_list(device, items, 4), EBADFD);
  CHECK(create_list(device, items, 3) >= 0);
  // One memfd a thousand times.
  struct udmabuf_create_item *many = calloc(1025, sizeof(*many));
  for (int i = 0; i < 1025; i++) many[i] = (struct udmabuf_create_item){one, 0, (uint64_t)((i * 7) % 4) * PAGE, PAGE};
  FAILS(create_list(device, many, 1025), EINVAL);
  int large = create_list(device, many, 1024);
  CHECK(large >= 0);
  all = mmap(NULL, 1024 * PAGE, PROT_READ, MAP_SHARED, large, 0);
  CHECK(all != MAP_FAILED);
  for (int i = 0; i < 1024; i++) CHECK(all[i * PAGE] == a[((i * 7) % 4) * PAGE]);
  close(fd);
}
