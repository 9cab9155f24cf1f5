// What is done with open files beside their ioctls: flags, reading and writing, waiting, eventfds, udmabufs.
#include "client.h"

#include <linux/kcmp.h>
#include <linux/udmabuf.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>

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

static int timeline(void) {
  int fd = open("/dev/sw_sync", O_RDWR | O_CLOEXEC);
  CHECK(fd >= 0);
  return fd;
}
static int fence(int timeline, uint32_t value) {
  struct create_fence arg = {.value = value};
  CHECK(ioctl(timeline, SW_SYNC_CREATE_FENCE, &arg) == 0);
  return arg.fence;
}
static void advance(int timeline, uint32_t by) { CHECK(ioctl(timeline, SW_SYNC_INC, &by) == 0); }
static int buffer(int card, uint64_t *size) {
  int fd;
  CHECK(drmPrimeHandleToFD(card, dumb(card, 64, 64, size, NULL), DRM_CLOEXEC | DRM_RDWR, &fd) == 0);
  return fd;
}
static void attach(int buffer, int fence, int write) {
  struct dma_buf_import_sync_file arg = {.flags = write ? DMA_BUF_SYNC_WRITE : DMA_BUF_SYNC_READ, .fd = fence};
  CHECK(ioctl(buffer, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &arg) == 0);
}
static short polled(int fd, short events, int timeout) {
  struct pollfd p = {.fd = fd, .events = events};
  int count = poll(&p, 1, timeout);
  CHECK(count == (p.revents != 0));
  return p.revents;
}
static int open_fds(void) {
  int count = 0;
  for (int fd = 0; fd < 4096; fd++) count += fcntl(fd, F_GETFD) >= 0;
  return count;
}
static void *advance_later(void *argument) {
  usleep(60000);
  advance(*(int *)argument, 1);
  return NULL;
}
static pthread_t later(int *timeline) {
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, advance_later, timeline) == 0);
  return thread;
}

static void test_flags(void) {
  static const int modes[] = {O_RDONLY, O_WRONLY, O_RDWR};
  for (int i = 0; i < 3; i++) {
    int fd = open(card, modes[i] | O_CLOEXEC | O_NONBLOCK);
    CHECK((fcntl(fd, F_GETFL) & ~0100000) == (modes[i] | O_NONBLOCK));
    CHECK(fcntl(fd, F_SETFL, 0) == 0 && (fcntl(fd, F_GETFL) & ~0100000) == modes[i]);
    int on = 1;
    CHECK(ioctl(fd, FIONBIO, &on) == 0 && (fcntl(fd, F_GETFL) & O_NONBLOCK));
    CHECK(ioctl(fd, FIONCLEX) == 0 && fcntl(fd, F_GETFD) == 0);
    CHECK(ioctl(fd, FIOCLEX) == 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
    FAILS(ioctl(fd, FIONREAD, &on), ENOTTY);
    close(fd);
  }
  int t = timeline(), sync = fence(t, 1), pair[2];
  CHECK((fcntl(sync, F_GETFL) & O_ACCMODE) == O_RDONLY);
  CHECK((fcntl(t, F_GETFL) & O_ACCMODE) == O_RDWR);
  // Sockets of the program's own are what they are.
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && fcntl(pair[0], F_GETFL) == O_RDWR);
  FAILS(fcntl(999, F_GETFL), EBADF);
}

static void test_data(void) {
  char byte[64] = "x";
  struct iovec parts[2] = {{byte, 8}, {byte + 8, 8}};
  int fd = open(card, O_RDWR | O_NONBLOCK), reads = open(card, O_RDONLY | O_NONBLOCK), writes = open(card, O_WRONLY);
  FAILS(write(fd, byte, 1), EINVAL);
  FAILS(pwrite(fd, byte, 1, 0), EINVAL);
  FAILS(writev(fd, parts, 2), EINVAL);
  FAILS(write(reads, byte, 1), EBADF);
  FAILS(read(writes, byte, 32), EBADF);
  FAILS(read(fd, byte, 32), EAGAIN);
  FAILS(pread(fd, byte, 32, 100), EAGAIN);
  FAILS(preadv(fd, parts, 2, 0), EAGAIN);
  FAILS(readv(fd, parts, 2), EAGAIN);
  FAILS(pread(fd, byte, 32, -1), EINVAL);
  CHECK(lseek(fd, 100, SEEK_SET) == 0 && lseek(fd, 0, SEEK_END) == 0);
  FAILS(lseek(fd, 0, 17), EINVAL);
  FAILS(ftruncate(fd, 0), EINVAL);
  FAILS(fsync(fd), EINVAL);
  int t = timeline(), sync = fence(t, 0), ends[2], file = open("/proc/self/exe", O_RDONLY);
  FAILS(read(sync, byte, 8), EINVAL);
  FAILS(write(sync, byte, 8), EBADF);
  FAILS(pread(sync, byte, 8, 0), ESPIPE);
  FAILS(lseek(sync, 0, SEEK_SET), ESPIPE);
  FAILS(write(t, byte, 8), EINVAL);
  FAILS(read(t, byte, 8), EINVAL);
  CHECK(pipe(ends) == 0 && write(ends[1], "abc", 3) == 3);
  FAILS(splice(ends[0], NULL, fd, NULL, 3, 0), EINVAL);
  FAILS(splice(fd, NULL, ends[1], NULL, 3, 0), EINVAL);
  FAILS(sendfile(fd, file, NULL, 10), EINVAL);
  // Other files are read and written as ever.
  CHECK(read(ends[0], byte, 8) == 3 && lseek(file, 4, SEEK_SET) == 4 && pread(file, byte, 4, 0) == 4 && byte[1] == 'E');
  FAILS(lseek(ends[0], 0, SEEK_SET), ESPIPE);
  FAILS(pread(ends[0], byte, 1, 0), ESPIPE);
  CHECK(drmGetCap(fd, DRM_CAP_PRIME, &(uint64_t){0}) == 0);
}

static void test_pollout(void) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.u32 = 7};
  int fd = open_card(), t = timeline(), sync = fence(t, 1), ends[2], ep = epoll_create1(0);
  CHECK(pipe(ends) == 0);
  CHECK(polled(ends[1], POLLOUT, 1000) == POLLOUT);
  CHECK(polled(fd, POLLIN | POLLOUT, 0) == 0);
  double before = now();
  CHECK(polled(fd, POLLIN | POLLOUT | POLLWRNORM, 50) == 0 && now() - before > 0.049);
  CHECK(polled(sync, POLLIN | POLLOUT, 0) == 0);
  struct pollfd both[2] = {{.fd = fd, .events = POLLOUT}, {.fd = ends[1], .events = POLLOUT}};
  CHECK(poll(both, 2, 1000) == 1 && both[0].revents == 0 && both[1].revents == POLLOUT);
  fd_set in, out;
  FD_ZERO(&in);
  FD_ZERO(&out);
  FD_SET(fd, &in);
  FD_SET(fd, &out);
  before = now();
  CHECK(select(fd + 1, &in, &out, NULL, &(struct timeval){0, 50000}) == 0 && now() - before > 0.049);
  CHECK(!FD_ISSET(fd, &in) && !FD_ISSET(fd, &out));
  FD_SET(fd, &out);
  FD_SET(ends[1], &out);
  CHECK(pselect(ends[1] + 1, NULL, &out, NULL, NULL, NULL) == 1 && FD_ISSET(ends[1], &out) && !FD_ISSET(fd, &out));
  CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event) == 0 && epoll_wait(ep, &event, 1, 20) == 0);
  event.events = EPOLLOUT;
  CHECK(epoll_ctl(ep, EPOLL_CTL_MOD, fd, &event) == 0 && epoll_wait(ep, &event, 1, 20) == 0);
  CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, sync, &event) == 0 && epoll_wait(ep, &event, 1, 20) == 0);
  // Files without poll are always ready, and no epoll takes them.
  CHECK(polled(t, POLLIN | POLLOUT, 0) == (POLLIN | POLLOUT));
  FAILS(epoll_ctl(ep, EPOLL_CTL_ADD, t, &event), EPERM);
  // A sync_file is readable when its fence has signalled, and stays so.
  advance(t, 1);
  CHECK(polled(sync, POLLIN | POLLOUT, 1000) == POLLIN && polled(sync, POLLIN, 0) == POLLIN);
}

// A dma-buf, whatever it is made of.
static void poll_buffer(int buffer) {
  int t = timeline(), fds = open_fds();
  CHECK(polled(buffer, POLLIN | POLLOUT, 0) == (POLLIN | POLLOUT));
  CHECK(polled(buffer, POLLIN, -1) == POLLIN && polled(buffer, POLLOUT, -1) == POLLOUT);
  // A reader keeps writers waiting, not readers.
  attach(buffer, fence(t, 1), 0);
  CHECK(polled(buffer, POLLIN | POLLOUT, -1) == POLLIN);
  CHECK(polled(buffer, POLLOUT, 0) == 0);
  double before = now();
  CHECK(polled(buffer, POLLOUT, 40) == 0 && now() - before >= 0.039);
  pthread_t thread = later(&t);
  CHECK(polled(buffer, POLLOUT, 10000) == POLLOUT && now() - before < 5);
  pthread_join(thread, NULL);
  // A writer keeps both waiting; the other fds of a poll are looked at as ever.
  attach(buffer, fence(t, 2), 1);
  int ends[2];
  CHECK(pipe(ends) == 0 && write(ends[1], "x", 1) == 1);
  struct pollfd list[3] = {{.fd = buffer, .events = POLLIN | POLLOUT}, {.fd = -1}, {.fd = ends[0], .events = POLLIN}};
  CHECK(poll(list, 3, -1) == 1 && list[0].revents == 0 && list[1].revents == 0 && list[2].revents == POLLIN);
  char byte;
  CHECK(read(ends[0], &byte, 1) == 1);
  struct timespec span = {0, 20000000};
  CHECK(ppoll(list, 3, &span, NULL) == 0 && list[0].revents == 0 && list[2].revents == 0);
  fd_set in, out;
  FD_ZERO(&in);
  FD_ZERO(&out);
  FD_SET(buffer, &in);
  FD_SET(buffer, &out);
  CHECK(select(buffer + 1, &in, &out, NULL, &(struct timeval){0, 20000}) == 0 && !FD_ISSET(buffer, &in));
  thread = later(&t);
  FD_SET(buffer, &in);
  FD_SET(ends[0], &in);
  CHECK(select(ends[0] + 1, &in, NULL, NULL, &(struct timeval){10, 0}) == 1 && FD_ISSET(buffer, &in) && !FD_ISSET(ends[0], &in));
  pthread_join(thread, NULL);
  CHECK(poll(list, 3, 1000) == 1 && list[0].revents == (POLLIN | POLLOUT));
  close(ends[0]);
  close(ends[1]);
  // What was waited with is gone; the two fences are open.
  CHECK(open_fds() == fds + 2);
  close(t);
}

static int event_of(int ep, uint32_t *data, int timeout) {
  struct epoll_event event = {0};
  int count = epoll_wait(ep, &event, 1, timeout);
  CHECK(count >= 0);
  if (data) *data = event.data.u32;
  return count ? (int)event.events : 0;
}

static void epoll_buffer(int buffer) {
  int t = timeline(), ep = epoll_create1(EPOLL_CLOEXEC), f, copy;
  uint32_t data = 0;
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = 5};
  FAILS(epoll_ctl(ep, EPOLL_CTL_MOD, buffer, &event), ENOENT);
  FAILS(epoll_ctl(ep, EPOLL_CTL_DEL, buffer, &event), ENOENT);
  FAILS(epoll_ctl(buffer, EPOLL_CTL_ADD, buffer, &event), EINVAL);
  int fds = open_fds();
  CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, buffer, &event) == 0);
  FAILS(epoll_ctl(ep, EPOLL_CTL_ADD, buffer, &event), EEXIST);
  // Ready, and level triggered.
  CHECK(event_of(ep, &data, 1000) == EPOLLIN && data == 5 && event_of(ep, &data, 1000) == EPOLLIN);
  attach(buffer, f = fence(t, 1), 1);
  CHECK(event_of(ep, &data, 30) == 0);
  pthread_t thread = later(&t);
  CHECK(event_of(ep, &data, 10000) == EPOLLIN && data == 5);
  pthread_join(thread, NULL);
  close(f);
  // For output; readers count there.
  event.events = EPOLLOUT;
  event.data.u32 = 6;
  CHECK(epoll_ctl(ep, EPOLL_CTL_MOD, buffer, &event) == 0 && event_of(ep, &data, 1000) == EPOLLOUT && data == 6);
  attach(buffer, f = fence(t, 2), 0);
  CHECK(event_of(ep, &data, 30) == 0);
  event.events = EPOLLIN;
  CHECK(epoll_ctl(ep, EPOLL_CTL_MOD, buffer, &event) == 0 && event_of(ep, &data, 1000) == EPOLLIN);
  event.events = EPOLLOUT | EPOLLONESHOT;
  CHECK(epoll_ctl(ep, EPOLL_CTL_MOD, buffer, &event) == 0);
  thread = later(&t);
  CHECK(event_of(ep, &data, 10000) == EPOLLOUT && event_of(ep, &data, 30) == 0);
  pthread_join(thread, NULL);
  CHECK(epoll_ctl(ep, EPOLL_CTL_MOD, buffer, &event) == 0 && event_of(ep, &data, 1000) == EPOLLOUT);
  close(f);
  // Another number of the same buffer, another number of the same epoll.
  CHECK((copy = dup(buffer)) >= 0);
  event.events = EPOLLIN;
  event.data.u32 = 9;
  CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, copy, &event) == 0 && event_of(ep, &data, 1000) == EPOLLIN && data == 9);
  int other = dup(ep);
  CHECK(epoll_ctl(other, EPOLL_CTL_DEL, buffer, NULL) == 0);
  FAILS(epoll_ctl(ep, EPOLL_CTL_DEL, buffer, NULL), ENOENT);
  close(other);
  // A child has the registration too, and waits for it.
  attach(buffer, f = fence(t, 3), 1);
  pid_t child = fork();
  if (child == 0) {
    CHECK(event_of(ep, &data, 0) == 0);
    advance(t, 1);
    CHECK(event_of(ep, &data, 5000) == EPOLLIN && data == 9);
    CHECK(epoll_ctl(ep, EPOLL_CTL_DEL, copy, NULL) == 0);
    exit(0);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  CHECK(event_of(ep, &data, 30) == 0);
  FAILS(epoll_ctl(ep, EPOLL_CTL_DEL, copy, NULL), ENOENT);
  close(f);
  close(copy);
  // Closing ends a registration, and the number is free for another.
  CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, copy = dup(buffer), &event) == 0);
  close(copy);
  CHECK(event_of(ep, &data, 30) == 0);
  CHECK(dup(buffer) == copy && epoll_ctl(ep, EPOLL_CTL_ADD, copy, &event) == 0 && event_of(ep, &data, 1000) == EPOLLIN);
  CHECK(dup2(t, copy) == copy && event_of(ep, &data, 30) == 0);
  close(copy);
  CHECK(open_fds() == fds);
  // A program that puts files of its own wherever the library has some ends no more than that registration.
  CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, buffer, &event) == 0 && event_of(ep, &data, 1000) == EPOLLIN);
  for (int fd = 1000; fd < 1100; fd++) {
    if (fcntl(fd, F_GETFD) < 0) continue;
    FAILS(close(fd), EBADF);
    CHECK(dup2(t, fd) == fd);
  }
  CHECK(event_of(ep, &data, 30) == 0);
  for (int fd = 1000; fd < 1100; fd++) close(fd);
  CHECK(polled(buffer, POLLIN, 0) == POLLIN && epoll_ctl(ep, EPOLL_CTL_DEL, buffer, NULL) == 0);
  CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, buffer, &event) == 0 && event_of(ep, &data, 1000) == EPOLLIN);
  CHECK(epoll_ctl(ep, EPOLL_CTL_DEL, buffer, NULL) == 0);
  // A plain memfd is none.
  int plain = memfd_create("plain", MFD_ALLOW_SEALING | MFD_CLOEXEC);
  CHECK(fcntl(plain, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW) == 0);
  FAILS(epoll_ctl(ep, EPOLL_CTL_ADD, plain, &event), EPERM);
  FAILS(epoll_ctl(ep, EPOLL_CTL_DEL, plain, &event), EPERM);
  CHECK(polled(plain, POLLIN | POLLOUT, 0) == (POLLIN | POLLOUT));
  close(plain);
  close(ep);
  close(t);
}

static void test_poll(void) { poll_buffer(buffer(open_card(), NULL)); }
static void test_epoll(void) { epoll_buffer(buffer(open_card(), NULL)); }

static void test_import(void) {
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

static void test_eventfd(void) {
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

static void test_udmabuf(void) {
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

static void test_udmabuf_list(void) {
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

static void test_syscall(void) {
  struct drm_get_cap cap = {.capability = DRM_CAP_DUMB_BUFFER};
  char byte[32];
  int fd = syscall(SYS_openat, AT_FDCWD, card, O_RDWR | O_NONBLOCK);
  CHECK(fd >= 0 && syscall(SYS_ioctl, fd, DRM_IOCTL_GET_CAP, &cap) == 0 && cap.value == 1);
  CHECK(syscall(SYS_read, fd, byte, sizeof(byte)) == -1 && errno == EAGAIN);
  CHECK(syscall(SYS_write, fd, byte, 1) == -1 && errno == EINVAL);
  CHECK((syscall(SYS_fcntl, fd, F_GETFL) & O_NONBLOCK));
  uint64_t size;
  uint32_t handle = dumb(fd, 16, 16, &size, NULL);
  char *at = (char *)syscall(SYS_mmap, NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset_of(fd, handle));
  CHECK(at != MAP_FAILED && (at[0] = 1) == 1);
  int copy = dup(fd), other = open_card(), pid = getpid();
  CHECK(syscall(SYS_kcmp, pid, pid, KCMP_FILE, fd, copy) == 0);
  CHECK(syscall(SYS_kcmp, pid, pid, KCMP_FILE, fd, other) > 0);
  CHECK(syscall(SYS_getpid) == pid);
  struct pollfd p = {.fd = fd, .events = POLLOUT};
  CHECK(syscall(SYS_ppoll, &p, 1, &(struct timespec){0}, NULL, 8) == 0);
  CHECK(syscall(SYS_close, fd) == 0 && syscall(SYS_ioctl, fd, DRM_IOCTL_GET_CAP, &cap) == -1 && errno == EBADF);
}

static void *read_forever(void *argument) {
  char byte[32];
  read(*(int *)argument, byte, sizeof(byte));
  return NULL;
}
static int finished;
static void *ioctl_forever(void *argument) {
  uint64_t value;
  for (int i = 0; i < 5000; i++) CHECK(drmGetCap(*(int *)argument, DRM_CAP_DUMB_BUFFER, &value) == 0);
  finished++;
  pthread_testcancel();
  CHECK(0);
  return NULL;
}
static void *poll_forever(void *argument) {
  polled(*(int *)argument, POLLIN, -1);
  return NULL;
}
static void test_cancel(void) {
  int fd = open_card(), t = timeline(), shared = buffer(fd, NULL), f;
  void *(*const bodies[])(void *) = {read_forever, ioctl_forever, poll_forever};
  int arguments[] = {fd, fd, shared};
  attach(shared, f = fence(t, 1), 1);
  pthread_t thread;
  void *result;
  uint64_t value;
  CHECK(drmGetCap(fd, DRM_CAP_DUMB_BUFFER, &value) == 0);
  int fds = open_fds();
  for (int i = 0; i < 9; i++) {
    CHECK(pthread_create(&thread, NULL, bodies[i % 3], &arguments[i % 3]) == 0);
    usleep(30000);
    CHECK(pthread_cancel(thread) == 0 && pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
    CHECK(finished == (i + 2) / 3); // it came as far as its end
    CHECK(drmGetCap(fd, DRM_CAP_DUMB_BUFFER, &value) == 0);
  }
  CHECK(open_fds() == fds);
}

static int handler_fd;
static volatile int handled;
static void fork_in_handler(int number) {
  (void)number;
  uint64_t value;
  int status;
  pid_t child = fork();
  if (child == 0) _exit(drmGetCap(handler_fd, DRM_CAP_DUMB_BUFFER, &value) == 0 && value == 1 ? 0 : 1);
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  handled++;
}
static void test_processes(void) {
  int fd = handler_fd = open_card();
  uint64_t value;
  uint32_t handle;
  struct sigaction action = {.sa_handler = fork_in_handler};
  CHECK(drmGetCap(fd, DRM_CAP_DUMB_BUFFER, &value) == 0);
  int fds = open_fds();
  // A child that shares the memory has requests of its own, and leaves nothing.
  for (int i = 0; i < 40; i++) {
    pid_t child = vfork();
    if (child == 0) _exit(drmGetCap(fd, DRM_CAP_DUMB_BUFFER, &value) == 0 ? 0 : 1);
    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
  }
  CHECK(drmGetCap(fd, DRM_CAP_DUMB_BUFFER, &value) == 0 && open_fds() == fds);
  // A handler forks in the middle of a request that waits.
  CHECK(sigaction(SIGALRM, &action, NULL) == 0 && drmSyncobjCreate(fd, 0, &handle) == 0);
  struct itimerval timer = {{0, 20000}, {0, 20000}}, none = {0};
  CHECK(setitimer(ITIMER_REAL, &timer, NULL) == 0);
  CHECK(drmSyncobjWait(fd, &handle, 1, absolute(0.3), DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT, NULL) == -ETIME);
  CHECK(setitimer(ITIMER_REAL, &none, NULL) == 0 && handled >= 3);
  CHECK(open_fds() == fds);
}

static void test_debugfs(void) {
  char text[256] = "", again[256] = "";
  int fd = open("/sys/kernel/debug/dri/0/name", O_RDONLY);
  CHECK(fd >= 0 && read(fd, text, sizeof(text) - 1) > 8 && strstr(text, "unique="));
  CHECK(pread(fd, again, sizeof(again) - 1, 0) == (ssize_t)strlen(text) && strcmp(text, again) == 0);
  CHECK(write(fd, "x", 1) == -1 && errno == EBADF);
  FAILS(open("/sys/kernel/debug/dri/0/absent", O_RDONLY), ENOENT);
  fd = open("/sys/kernel/debug/dri/0/crtc-0/crc/control", O_RDWR);
  CHECK(fd >= 0 && (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR);
  FAILS(write(fd, "nonsense", 8), EINVAL);
  CHECK(write(fd, "auto", 4) == 4 && lseek(fd, 0, SEEK_SET) == 0);
  CHECK(read(fd, text, sizeof(text)) > 0 && lseek(fd, 0, SEEK_CUR) > 0 && pread(fd, again, 2, 0) == 2 && again[0] == text[0]);
}

// The server runs out of descriptors, as its test sees to.
static void test_exhaust(void) {
  static int opened[4096];
  int fd = open_card(), shared = buffer(fd, NULL), event = eventfd(0, 0), count = 0;
  uint64_t size, value;
  uint32_t handle = dumb(fd, 64, 64, &size, NULL), syncobj;
  uint64_t offset = offset_of(fd, handle);
  CHECK(drmSyncobjCreate(fd, 0, &syncobj) == 0);
  printf("ready\n");
  fflush(stdout);
  char byte;
  CHECK(read(0, &byte, 1) == 0);
  while (count < 4096 && (opened[count] = open(card, O_RDWR | O_CLOEXEC)) >= 0) count++;
  int error = errno;
  CHECK(error == ENFILE && count < 4096);
  // A file takes two, so that one may be left: somebody who connects takes that.
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strcpy(address.sun_path, getenv("UDRM_SOCKET"));
  int one = socket(AF_UNIX, SOCK_SEQPACKET, 0);
  CHECK(connect(one, (struct sockaddr *)&address, sizeof(address)) == 0);
  usleep(50000);
  // What needs none goes on, what needs one says so, and nobody hangs.
  CHECK(drmGetCap(fd, DRM_CAP_DUMB_BUFFER, &value) == 0 && value == 1);
  int other, fds = open_fds();
  struct dma_buf_export_sync_file out = {.flags = DMA_BUF_SYNC_RW};
  FAILS(ioctl(shared, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &out), ENFILE);
  FAILS(ioctl(fd, SYNCOBJ_EVENTFD, &(struct syncobj_eventfd){.handle = syncobj, .fd = event}), ENFILE);
  FAILS(mmap(NULL, size, PROT_READ, MAP_SHARED, fd, offset) == MAP_FAILED ? -1 : 0, ENFILE);
  FAILS(drmPrimeHandleToFD(fd, handle, DRM_CLOEXEC, &other), ENFILE);
  FAILS(drmPrimeFDToHandle(fd, shared, &handle), ENFILE);
  FAILS(poll(&(struct pollfd){.fd = shared, .events = POLLIN}, 1, 100), ENFILE);
  FAILS(open(card, O_RDWR), ENFILE);
  CHECK(open_fds() == fds);
  // Room comes back.
  close(one);
  while (count > 0) close(opened[--count]);
  for (int i = 0; i < 100 && (other = open(card, O_RDWR)) < 0; i++) usleep(10000);
  CHECK(other >= 0 && polled(shared, POLLIN, 100) == POLLIN);
  CHECK(drmPrimeFDToHandle(other, shared, &handle) == 0);
  CHECK(mmap(NULL, size, PROT_READ, MAP_SHARED, fd, offset) != MAP_FAILED);
}

// A program that was handed a buffer by exec: argv[2] is its number.
static int inherited = -1;
static void test_inherited(void) {
  if (inherited >= 0) return poll_buffer(inherited), epoll_buffer(inherited);
  int shared = buffer(open_card(), NULL), status;
  char number[16];
  CHECK(fcntl(shared, F_SETFD, 0) == 0);
  snprintf(number, sizeof(number), "%d", shared);
  pid_t child = fork();
  if (child == 0) {
    execl("/proc/self/exe", "io_client", "inherited", number, NULL);
    _exit(9);
  }
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  CHECK(polled(shared, POLLIN | POLLOUT, 0) == (POLLIN | POLLOUT));
}

int main(int argc, char **argv) {
  if (argc > 2 && !strcmp(argv[1], "inherited")) {
    inherited = atoi(argv[2]);
    argv[2] = NULL;
  }
  static const struct test tests[] = {
      {"flags", test_flags},       {"data", test_data},           {"pollout", test_pollout},
      {"poll", test_poll},         {"epoll", test_epoll},         {"import", test_import},
      {"eventfd", test_eventfd},   {"udmabuf", test_udmabuf},     {"udmabuf_list", test_udmabuf_list},
      {"syscall", test_syscall},   {"cancel", test_cancel},       {"processes", test_processes},
      {"debugfs", test_debugfs},   {"exhaust", test_exhaust},     {"inherited", test_inherited},
      {NULL, NULL},
  };
  return run_tests(tests, argv + 1);
}
