// Files, requests, buffers, syncobjs, threads and processes.
#include "client.h"

static void test_names(void) {
  struct stat by_path, by_fd;
  int fd = open_card();
  CHECK(stat(card, &by_path) == 0 && fstat(fd, &by_fd) == 0);
  CHECK(S_ISCHR(by_path.st_mode) && S_ISCHR(by_fd.st_mode));
  CHECK(by_path.st_rdev == makedev(226, 0) && by_fd.st_rdev == by_path.st_rdev);
  CHECK(by_path.st_dev == by_fd.st_dev && by_path.st_ino == by_fd.st_ino);
  struct statx x;
  CHECK(statx(fd, "", AT_EMPTY_PATH, STATX_ALL, &x) == 0 && x.stx_rdev_major == 226 && S_ISCHR(x.stx_mode));
  CHECK(stat("/dev/dri//./renderD128", &by_path) == 0 && by_path.st_rdev == makedev(226, 128));
  FAILS(stat("/dev/dri/card9", &by_path), ENOENT);
  FAILS(open("/dev/dri/card9", O_RDWR), ENOENT);
  FAILS(open(card, O_RDWR | O_DIRECTORY), ENOTDIR);
  CHECK(access(card, R_OK | W_OK) == 0);
  char link[64], target[64] = "", again[64];
  snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  CHECK(readlink(link, target, sizeof(target) - 1) == (ssize_t)strlen(card) && strcmp(target, card) == 0);
  CHECK(drmGetNodeTypeFromFd(fd) == DRM_NODE_PRIMARY);
  // A new file, not a duplicate: handles of the first mean nothing in it.
  uint32_t handle = dumb(fd, 16, 16, NULL, NULL);
  int other = open(link, O_RDWR | O_CLOEXEC);
  CHECK(other >= 0 && drmCloseBufferHandle(other, handle) != 0 && errno == EINVAL);
  int folder = open("/dev/dri", O_RDONLY | O_DIRECTORY);
  int third = openat(folder, "card0", O_RDWR);
  CHECK(third >= 0 && drmGetNodeTypeFromFd(third) == DRM_NODE_PRIMARY);
  snprintf(again, sizeof(again), "/sys/dev/char/226:0/device/uevent");
  FILE *file = fopen(again, "r");
  CHECK(file && fgets(target, sizeof(target), file) && strncmp(target, "DRIVER=", 7) == 0);
  fclose(file);
  char *real = realpath("/sys/dev/char/226:0/device", NULL);
  CHECK(real && strncmp(real, "/sys/devices/", 13) == 0);
  free(real);
  CHECK(open("/dev/null", O_RDWR) >= 0 && access("/sys/class", F_OK) == 0);
  drmDevicePtr devices[4];
  int count = drmGetDevices2(0, devices, 4);
  CHECK(count == 1 && devices[0]->bustype == DRM_BUS_PCI && devices[0]->available_nodes == 5);
  drmFreeDevices(devices, count);
}

static void test_ioctl(void) {
  int fd = open_card();
  drmVersionPtr version = drmGetVersion(fd);
  CHECK(version && strcmp(version->name, "virtio_gpu") == 0 && version->version_minor == 1);
  drmFreeVersion(version);
  uint64_t value = 0;
  CHECK(drmGetCap(fd, DRM_CAP_DUMB_BUFFER, &value) == 0 && value == 1);
  FAILS(ioctl(fd, DRM_IOCTL_GET_CAP, NULL), EFAULT);
  FAILS(ioctl(fd, DRM_IOCTL_GET_CAP, (void *)8), EFAULT);
  FAILS(ioctl(fd, DRM_IO(0xee), NULL), EINVAL);
  FAILS(ioctl(fd, _IO('e', 1), NULL), ENOTTY);
  uint64_t untouched[4] = {1, 2, 3, 4};
  FAILS(ioctl(fd, _IOR('d', 0xee, untouched), untouched), EINVAL);
  CHECK(untouched[0] == 1 && untouched[3] == 4);
  struct drm_get_cap bad = {.capability = 999, .value = 77};
  FAILS(ioctl(fd, DRM_IOCTL_GET_CAP, &bad), EINVAL);
  // An argument that can be read and not written: the request is done, its answer is EFAULT.
  struct drm_get_cap *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  page->capability = DRM_CAP_DUMB_BUFFER;
  CHECK(mprotect(page, 4096, PROT_READ) == 0);
  FAILS(ioctl(fd, DRM_IOCTL_GET_CAP, page), EFAULT);
  // Pointers inside the argument.
  struct drm_version far = {.name_len = 100, .name = (char *)8};
  FAILS(ioctl(fd, DRM_IOCTL_VERSION, &far), EFAULT);
  CHECK(lseek(fd, 0, SEEK_SET) == 0);
  int copy = dup(fd);
  close(fd);
  CHECK(drmGetCap(copy, DRM_CAP_DUMB_BUFFER, &value) == 0);
  close(copy);
  FAILS(ioctl(copy, DRM_IOCTL_GET_CAP, &bad), EBADF);
  // Closing everything that one does not know leaves the library working.
  FAILS(close(1000), EBADF);
  CHECK(close_range(3, ~0U, 0) == 0);
  fd = open_card();
  CHECK(drmGetCap(fd, DRM_CAP_DUMB_BUFFER, &value) == 0);
  // So does a program that puts a file of its own there.
  CHECK(dup2(1, 1000) == 1000);
  CHECK(drmGetCap(fd, DRM_CAP_DUMB_BUFFER, &value) == 0 && close(1000) == 0);
}

static void test_dumb(void) {
  int fd = open_card();
  uint64_t size;
  uint32_t handle = dumb(fd, 100, 100, &size, NULL);
  uint64_t offset = offset_of(fd, handle);
  uint32_t *one = map_dumb(fd, handle, size), *two = map_dumb(fd, handle, size);
  CHECK(one != two && one[5] == 0);
  one[5] = 0x12345678;
  CHECK(two[5] == 0x12345678);
  CHECK(mmap(NULL, size, PROT_READ, MAP_SHARED, fd, offset + 4096) == MAP_FAILED && errno == EINVAL);
  CHECK(mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, offset) == MAP_FAILED && errno == EINVAL);
  CHECK(mmap(NULL, size + 4096, PROT_READ, MAP_SHARED, fd, offset) == MAP_FAILED && errno == EINVAL);
  int other = open_card();
  CHECK(mmap(NULL, size, PROT_READ, MAP_SHARED, other, offset) == MAP_FAILED && errno == EACCES);
  // At an address of one's own.
  void *place = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(mmap(place, size, PROT_READ, MAP_SHARED | MAP_FIXED, fd, offset) == place && ((uint32_t *)place)[5] == 0x12345678);
  // A mapping outlives its handle and its file.
  CHECK(drmCloseBufferHandle(fd, handle) == 0 && close(fd) == 0);
  CHECK(two[5] == 0x12345678);
  CHECK(munmap(one, size) == 0 && munmap(two, size) == 0);
}

static void send_fd(int socket, int fd) {
  char byte = 0, space[CMSG_SPACE(sizeof(int))] = "";
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space)};
  struct cmsghdr *c = CMSG_FIRSTHDR(&message);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(c), &fd, sizeof(int));
  CHECK(sendmsg(socket, &message, 0) == 1);
}
static int receive_fd(int socket) {
  char byte, space[CMSG_SPACE(sizeof(int))];
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space)};
  int fd;
  CHECK(recvmsg(socket, &message, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&message));
  memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
  return fd;
}
static void ends_well(pid_t child) {
  int status;
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
// This program again, in a process of its own, with a socket as its stdin.
static pid_t other_program(const char *test, int socket) {
  pid_t child = fork();
  CHECK(child >= 0);
  if (child > 0) return child;
  CHECK(dup2(socket, 0) == 0);
  execl("/proc/self/exe", "client", test, NULL);
  _exit(2);
}

static void test_prime(void) {
  int pair[2], prime, again;
  int fd = open_card();
  uint64_t size;
  uint32_t handle = dumb(fd, 64, 64, &size, NULL);
  uint32_t *pixels = map_dumb(fd, handle, size);
  pixels[7] = 0xcafe;
  int lowest = dup(0);
  close(lowest);
  CHECK(drmPrimeHandleToFD(fd, handle, DRM_CLOEXEC | DRM_RDWR, &prime) == 0 && prime == lowest);
  CHECK((fcntl(prime, F_GETFD) & FD_CLOEXEC) && (fcntl(prime, F_GETFL) & O_ACCMODE) == O_RDWR);
  CHECK(drmPrimeHandleToFD(fd, handle, DRM_RDWR, &again) == 0 && !(fcntl(again, F_GETFD) & FD_CLOEXEC));
  FAILS(drmPrimeHandleToFD(fd, 999, 0, &again), ENOENT);
  FAILS(drmPrimeHandleToFD(fd, handle, 0x40, &again), EINVAL);
  CHECK(lseek(prime, 0, SEEK_END) == (off_t)size);
  uint32_t *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, prime, 0);
  CHECK(shared != MAP_FAILED && shared[7] == 0xcafe);
  struct dma_buf_sync sync = {.flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW};
  CHECK(ioctl(prime, DMA_BUF_IOCTL_SYNC, &sync) == 0);
  sync.flags = 1 << 9;
  FAILS(ioctl(prime, DMA_BUF_IOCTL_SYNC, &sync), EINVAL);
  uint32_t same;
  CHECK(drmPrimeFDToHandle(fd, prime, &same) == 0 && same == handle);
  FAILS(drmPrimeFDToHandle(fd, 900, &same), EBADF);
  FAILS(drmPrimeFDToHandle(fd, 0, &same), EINVAL);
  FAILS(drmPrimeFDToHandle(fd, fd, &same), EINVAL);
  int plain = memfd_create("plain", 0);
  FAILS(drmPrimeFDToHandle(fd, plain, &same), EINVAL);
  FAILS(ioctl(plain, DMA_BUF_IOCTL_SYNC, &sync), ENOTTY);
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
  pid_t child = other_program("prime_receiver", pair[1]);
  send_fd(pair[0], prime);
  send_fd(pair[0], fd);
  ends_well(child);
  CHECK(pixels[8] == 0xbeef && shared[8] == 0xbeef);
  // At the limit of fds there is no handle given out, and none lost.
  struct rlimit limit = {40, 40};
  CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  int full[64], count = 0;
  while ((full[count] = dup(0)) >= 0) count++;
  FAILS(drmPrimeHandleToFD(fd, handle, DRM_RDWR, &again), EMFILE);
  close(full[0]);
  close(full[1]);
  CHECK(drmPrimeHandleToFD(fd, handle, DRM_RDWR, &again) == 0 && again == full[0]);
}

static void test_prime_receiver(void) {
  int prime = receive_fd(0), theirs = receive_fd(0);
  int fd = open_card();
  uint32_t handle, again;
  CHECK(drmPrimeFDToHandle(fd, prime, &handle) == 0 && drmPrimeFDToHandle(fd, prime, &again) == 0 && handle == again);
  off_t size = lseek(prime, 0, SEEK_END);
  uint32_t *pixels = map_dumb(fd, handle, size);
  CHECK(pixels[7] == 0xcafe);
  pixels[8] = 0xbeef;
  // The other program's DRM file works here as there.
  uint64_t value;
  CHECK(drmGetNodeTypeFromFd(theirs) == DRM_NODE_PRIMARY && drmGetCap(theirs, DRM_CAP_PRIME, &value) == 0 && value == 3);
  CHECK(drmPrimeFDToHandle(theirs, prime, &again) == 0);
}

static void *signal_later(void *of) {
  uint32_t *words = of;
  usleep(50000);
  CHECK(drmSyncobjSignal(words[0], &words[1], 1) == 0);
  return NULL;
}

static void test_syncobj(void) {
  int fd = open_card(), pair[2];
  uint32_t handle, first, copy;
  CHECK(drmSyncobjCreate(fd, 0, &handle) == 0);
  double start = now();
  CHECK(drmSyncobjWait(fd, &handle, 1, absolute(0.1), DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT, &first) == -ETIME);
  double took = now() - start;
  CHECK(took >= 0.099 && took < 2);
  CHECK(drmSyncobjWait(fd, &handle, 1, absolute(0.1), 0, &first) == -EINVAL);
  uint32_t words[2] = {fd, handle};
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, signal_later, words) == 0);
  CHECK(drmSyncobjWait(fd, &handle, 1, absolute(10), DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT, &first) == 0 && first == 0);
  pthread_join(thread, NULL);
  CHECK(drmSyncobjReset(fd, &handle, 1) == 0);
  int shared;
  CHECK(drmSyncobjHandleToFD(fd, handle, &shared) == 0 && (fcntl(shared, F_GETFD) & FD_CLOEXEC));
  CHECK(drmSyncobjFDToHandle(fd, shared, &copy) == 0 && copy != handle);
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
  pid_t child = other_program("syncobj_receiver", pair[1]);
  send_fd(pair[0], shared);
  CHECK(drmSyncobjWait(fd, &copy, 1, absolute(10), DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT, &first) == 0);
  ends_well(child);
  int fence;
  CHECK(drmSyncobjExportSyncFile(fd, handle, &fence) == 0);
  struct pollfd ready = {.fd = fence, .events = POLLIN};
  CHECK(poll(&ready, 1, 0) == 1 && ready.revents == POLLIN);
}
static void test_syncobj_receiver(void) {
  int fd = open("/dev/dri/renderD128", O_RDWR), shared = receive_fd(0);
  uint32_t handle;
  CHECK(drmSyncobjFDToHandle(fd, shared, &handle) == 0 && drmSyncobjSignal(fd, &handle, 1) == 0);
}

struct sw_sync_create {
  uint32_t value;
  char name[32];
  int32_t fence;
};
static void test_sw_sync(void) {
  int timeline = open("/dev/sw_sync", O_RDWR);
  CHECK(timeline >= 0);
  struct sw_sync_create create = {.value = 2, .name = "two"};
  CHECK(ioctl(timeline, _IOWR('W', 0, struct sw_sync_create), &create) == 0);
  struct pollfd ready = {.fd = create.fence, .events = POLLIN};
  uint32_t one = 1;
  CHECK(poll(&ready, 1, 0) == 0);
  CHECK(ioctl(timeline, _IOW('W', 1, uint32_t), &one) == 0 && poll(&ready, 1, 0) == 0);
  CHECK(ioctl(timeline, _IOW('W', 1, uint32_t), &one) == 0 && poll(&ready, 1, 1000) == 1 && (ready.revents & POLLIN));
  FAILS(ioctl(timeline, _IOW('W', 1, uint32_t), (void *)8), EFAULT);
  FAILS(read(create.fence, &one, 4), EINVAL);
}

static int in_handler_fd;
static volatile int in_handler_result = -1;
static void in_handler(int number) {
  (void)number;
  struct drm_get_cap cap = {.capability = DRM_CAP_DUMB_BUFFER};
  in_handler_result = ioctl(in_handler_fd, DRM_IOCTL_GET_CAP, &cap) == 0 ? (int)cap.value : -2;
}
static void *many(void *of) {
  int fd = *(int *)of;
  for (int i = 0; i < 300; i++) {
    uint64_t value;
    CHECK(drmGetCap(fd, DRM_CAP_PRIME, &value) == 0 && value == 3);
    uint32_t handle = dumb(fd, 4, 4, NULL, NULL);
    CHECK(drmCloseBufferHandle(fd, handle) == 0);
  }
  return NULL;
}
static void test_threads(void) {
  int fd = open_card();
  pthread_t threads[8];
  for (int i = 0; i < 8; i++) CHECK(pthread_create(&threads[i], NULL, many, &fd) == 0);
  for (int i = 0; i < 8; i++) CHECK(pthread_join(threads[i], NULL) == 0);
  // A request in a signal handler, in the middle of one that waits.
  uint32_t handle, first;
  CHECK(drmSyncobjCreate(fd, 0, &handle) == 0);
  in_handler_fd = fd;
  struct sigaction action = {.sa_handler = in_handler, .sa_flags = SA_RESTART};
  CHECK(sigaction(SIGALRM, &action, NULL) == 0);
  struct itimerval timer = {.it_value = {.tv_usec = 50000}};
  CHECK(setitimer(ITIMER_REAL, &timer, NULL) == 0);
  CHECK(drmSyncobjWait(fd, &handle, 1, absolute(0.2), DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT, &first) == -ETIME);
  CHECK(in_handler_result == 1);
}

static void test_fork(void) {
  int fd = open_card();
  uint32_t handle = dumb(fd, 16, 16, NULL, NULL);
  pid_t child = fork();
  if (child == 0) {
    // The same open file: its handles are the child's too, and a pointer means the child's memory.
    static uint64_t value;
    CHECK(drmGetCap(fd, DRM_CAP_PRIME, &value) == 0 && value == 3);
    CHECK(drmCloseBufferHandle(fd, handle) == 0);
    exit(0);
  }
  ends_well(child);
  FAILS(drmCloseBufferHandle(fd, handle), EINVAL);
  child = vfork();
  if (child == 0) {
    struct drm_get_cap cap = {.capability = DRM_CAP_PRIME};
    _exit(ioctl(fd, DRM_IOCTL_GET_CAP, &cap) == 0 && cap.value == 3 ? 0 : 1);
  }
  ends_well(child);
  uint64_t value;
  CHECK(drmGetCap(fd, DRM_CAP_PRIME, &value) == 0);
  // A file that exec keeps.
  handle = dumb(fd, 16, 16, NULL, NULL);
  CHECK(handle == 1);
  ends_well(other_program("inherited", fd));
}
static void test_inherited(void) {
  CHECK(drmGetNodeTypeFromFd(0) == DRM_NODE_PRIMARY && drmCloseBufferHandle(0, 1) == 0);
}

// Takes some of everything and waits for ever.
static void *hang(void *of) {
  int fd = *(int *)of;
  uint32_t handle, first;
  CHECK(drmSyncobjCreate(fd, 0, &handle) == 0);
  drmSyncobjWait(fd, &handle, 1, INT64_MAX, DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT, &first);
  return NULL;
}
static void test_hang(void) {
  int fd = open_card(), prime, shared;
  uint64_t size;
  uint32_t handle = dumb(fd, 640, 480, &size, NULL), syncobj;
  map_dumb(fd, handle, size)[0] = 1;
  CHECK(drmPrimeHandleToFD(fd, handle, DRM_RDWR, &prime) == 0);
  CHECK(drmSyncobjCreate(fd, 0, &syncobj) == 0 && drmSyncobjHandleToFD(fd, syncobj, &shared) == 0);
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, hang, &fd) == 0);
  usleep(50000);
  puts("hangs");
  fflush(stdout);
  pause();
}

static const struct test tests[] = {
    {"names", test_names},         {"ioctl", test_ioctl},     {"dumb", test_dumb},
    {"prime", test_prime},         {"syncobj", test_syncobj}, {"sw_sync", test_sw_sync},
    {"threads", test_threads},     {"fork", test_fork},       {"inherited", test_inherited},
    {"hang", test_hang},           {"prime_receiver", test_prime_receiver},
    {"syncobj_receiver", test_syncobj_receiver},
    {NULL, NULL},
};

int main(int count, char **words) {
  (void)count;
  return run_tests(tests, words + 1);
}
