// What is done with open files beside their ioctls: flags, reading and writing, requests of threads and children. io_wait.c has
// waiting, io_share.c eventfds and udmabufs.
#include "io_client.h"

#include <linux/kcmp.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>

int open_fds(void) {
  int count = 0;
  for (int fd = 0; fd < 4096; fd++) count += fcntl(fd, F_GETFD) >= 0;
  return count;
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
