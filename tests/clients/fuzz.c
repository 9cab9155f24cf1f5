// A client that does everything wrong that can be done through libc: random requests with structs that are half plausible, bad
// pointers, sizes that do not fit, fds that are closed, duplicated and passed on while others use them, threads, forks, signals in
// mid-request. It learns handles, ids and fds from what succeeds. Workers are killed wherever they are when their time is over.
//   fuzz SEED SECONDS TABLE [WORKERS]
// TABLE has a line for each request, "COMMAND NAME [CLASS:OFFSET:SIZE]...", as fuzz_table.ts writes it. The end tells how often each
// request was tried and succeeded. It ends badly if a worker ends by itself otherwise than well.
#include "fuzz_kms.h"

#define THREADS_MAX 4
#define WORKER_SECONDS 2.0

static void files(struct dice *d) {
  int fd = random_fd(d);
  char buffer[256];
  if (fd == lead && !one_in(d, 30)) return;
  switch (roll(d, 12)) {
  case 0: close(fd); break;
  case 1: close(lead + 1 + roll(d, 60)); break;
  case 2: dup(fd); break;
  case 3: dup2(fd, lead + 1 + roll(d, 40)); break;
  case 4: fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) ^ O_NONBLOCK); break;
  case 5: fcntl(fd, F_DUPFD_CLOEXEC, 3 + roll(d, 40)); break;
  case 6: {
    void *to = one_in(d, 3) ? (void *)(uintptr_t)pointer(d) : buffer;
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    if (poll(&ready, 1, 0) == 1 && (ready.revents & POLLIN)) read(fd, to, to == buffer ? roll(d, 256) : roll(d, 2) * 64);
    break;
  }
  case 7: {
    struct stat st;
    fstat(fd, &st);
    lseek(fd, roll(d, 4096), roll(d, 3));
    break;
  }
  case 8: {
    struct epoll_event event = {.events = EPOLLIN | (one_in(d, 2) ? EPOLLET : 0), .data.fd = fd};
    int set = epoll_create1(EPOLL_CLOEXEC);
    epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
    epoll_wait(set, &event, 1, roll(d, 2));
    close(set);
    break;
  }
  case 9: ftruncate(fd, roll(d, 3) * 4096); break;
  case 10: flock(fd, one_in(d, 2) ? LOCK_UN : LOCK_EX | LOCK_NB); break;
  default: open_node(d); break;
  }
}

// A descriptor goes through a socket and comes back as another.
static void pass(struct dice *d) {
  int pair[2], fd = random_fd(d), in;
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
  } control;
  char byte = 0;
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
  if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) return;
  control.header.cmsg_level = SOL_SOCKET;
  control.header.cmsg_type = SCM_RIGHTS;
  control.header.cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));
  if (sendmsg(pair[0], &message, 0) == 1 && !one_in(d, 4)) {
    message.msg_controllen = sizeof(control);
    if (recvmsg(pair[1], &message, 0) == 1 && message.msg_controllen >= CMSG_LEN(sizeof(int))) {
      memcpy(&in, CMSG_DATA(&control.header), sizeof(int));
      keep(&drm_fds, in);
    }
  }
  close(pair[0]);
  close(pair[1]);
}

// A message that the library would not send, to a file or to the server itself: empty or not, with descriptors.
static void stuff(struct dice *d) {
  const char *path = getenv("UDRM_SOCKET");
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(100 * sizeof(int))];
  } control;
  int count = 1 + roll(d, 100), own = -1, target = drm_fd(d), fd = random_fd(d);
  struct iovec part = {d->arena, one_in(d, 2) ? 0 : roll(d, 6000)};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_SPACE(count * sizeof(int))};
  if (one_in(d, 2) && path && strlen(path) < sizeof(address.sun_path)) {
    strcpy(address.sun_path, path);
    own = target = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (own < 0 || connect(own, (struct sockaddr *)&address, sizeof(address)) != 0) target = -1;
  } else if (target == lead) {
    return;
  }
  control.header.cmsg_level = SOL_SOCKET;
  control.header.cmsg_type = SCM_RIGHTS;
  control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
  for (int i = 0; i < count; i++) memcpy(CMSG_DATA(&control.header) + i * sizeof(int), &fd, sizeof(int));
  sendmsg(target, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (own >= 0) close(own);
}

static void mappings(struct dice *d) {
  struct mapping *slot = &d->mappings[roll(d, MAPPINGS)];
  if (slot->address) {
    touch(d, slot->address, slot->length);
    if (one_in(d, 2)) return;
    munmap(slot->address, slot->length);
    slot->address = NULL;
  }
  size_t length = one_in(d, 10) ? odd_number(d) : (1 + roll(d, 16)) * 4096;
  int protection = one_in(d, 4) ? PROT_READ : PROT_READ | PROT_WRITE, flags = one_in(d, 6) ? MAP_PRIVATE : MAP_SHARED;
  void *at = mmap(NULL, length, protection, flags, one_in(d, 4) ? random_fd(d) : drm_fd(d), plausible(d, 'o'));
  if (at == MAP_FAILED) return;
  __atomic_fetch_add(&shared->mapped, 1, __ATOMIC_RELAXED);
  *slot = (struct mapping){at, length};
  touch(d, at, length);
}

static void work(struct dice *d, long steps, int may_fork);

static void child(struct dice *d) {
  pid_t parent = getpid(), pid = fork();
  if (pid == 0) {
    end_with(parent);
    d->state ^= 0x9e3779b97f4a7c15ull;
    next(d);
    work(d, 50, 0);
    _exit(0);
  }
  if (pid < 0) return;
  if (one_in(d, 2)) {
    usleep(roll(d, 5000));
    kill(pid, SIGKILL);
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
  if (WIFEXITED(status) && WEXITSTATUS(status) != 0) _exit(WEXITSTATUS(status));
}

static void work(struct dice *d, long steps, int may_fork) {
  mine = d;
  for (long i = 0; i != steps; i++) {
    __atomic_fetch_add(&shared->steps, 1, __ATOMIC_RELAXED);
    uint32_t what = roll(d, 100);
    if (what < 64) request(d);
    else if (what < 70) display(d);
    else if (what < 78) atomic_commit(d);
    else if (what < 91) files(d);
    else if (what < 97) mappings(d);
    else if (what < 98) pass(d);
    else if (what < 99 && one_in(d, 4)) stuff(d);
    else if (may_fork && one_in(d, 8)) child(d);
  }
}

static void *thread(void *argument) {
  work(argument, -1, 0);
  return NULL;
}

// A request in the middle of another one of the same thread.
static void alarmed(int signal) {
  int saved = errno;
  uint64_t cap[2] = {DRM_CAP_PRIME, 0};
  if (mine != NULL && signal == SIGALRM && one_in(mine, 3)) ioctl(drm_fd(mine), DRM_IOCTL_GET_CAP, cap);
  errno = saved;
}

static void worker(uint64_t seed) {
  static struct dice dice[THREADS_MAX];
  for (int i = 0; i < THREADS_MAX; i++) begin_dice(&dice[i], seed * THREADS_MAX + i);
  struct dice *d = &dice[0];
  struct rlimit few = {64 + roll(d, 400), 4096};
  setrlimit(RLIMIT_NOFILE, &few);
  catch_faults();
  lead = open(nodes[seed % 3], O_RDWR | O_CLOEXEC);
  if (lead >= 0) discover(lead);
  for (unsigned i = 0; i < NODES; i++) {
    int fd = open(nodes[i], O_RDWR | O_CLOEXEC);
    if (fd >= 0) keep(nodes[i] == sw_sync ? &timelines : &drm_fds, fd);
  }
  mine = d;
  struct sigaction action = {.sa_handler = alarmed, .sa_flags = one_in(d, 3) ? SA_RESTART : 0};
  sigaction(SIGALRM, &action, NULL);
  struct itimerval often = {{0, 1000 + roll(d, 9000)}, {0, 1000}};
  setitimer(ITIMER_REAL, &often, NULL);
  for (int i = roll(d, THREADS_MAX); i > 0; i--) {
    pthread_t id;
    pthread_create(&id, NULL, thread, &dice[i]);
  }
  work(d, -1, 1);
}

int main(int argc, char **argv) { return run_workers(argc, argv, 2, WORKER_SECONDS, worker); }
