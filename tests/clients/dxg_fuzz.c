// A client of /dev/dxg that does everything wrong: requests of any number and size with handles that exist, existed or never did,
// pointers to nowhere and across the ends of memory, counts out of bounds; memory that it takes away under the driver; descriptors
// closed, duplicated and passed on; threads, forks in mid-work, signals, and SIGKILL wherever it is, in waits that nobody ends as well.
//   dxg_fuzz SEED SECONDS TABLE [WORKERS]
// TABLE is as fuzz.h reads it; dxg_fuzz_table.ts writes it. The end tells how often each request was tried and succeeded. It ends badly
// if a worker ends by itself otherwise than well.
#include "fuzz.h"
#include "dxg_client.h"

#define THREADS_MAX 4
#define WORKER_SECONDS 1.5
#define PTR(pointer) ((uint64_t)(uintptr_t)(pointer))

static int open_dxg(void) {
  int fd = open("/dev/dxg", O_RDONLY | O_CLOEXEC);
  if (fd >= 0) keep(&drm_fds, fd);
  return fd;
}

// Classes of members, see dxg_fuzz_table.ts: handles by what they name, counts n, sizes s, flags g, values v, addresses of the GPU a,
// pointers p, or l o c q w to lists of allocations, objects, contexts, queues and values, fds f, types t, LUIDs u, padding x.
static const char handles[] = "ADCQPLRS", lists[] = "locqw";
static struct luid luid;

static uint64_t plausible(struct dice *d, char class) {
  if (strchr(handles, class) && class) {
    if (one_in(d, 12)) class = handles[roll(d, sizeof(handles) - 1)];
    return one_in(d, 20) ? 0x40000000 + 0x40 * roll(d, 64) : one_in(d, 40) ? next(d) : pick(d, &pools[(int)class]);
  }
  switch (class) {
  case 'n': return one_in(d, 12) ? odd_number(d) : one_in(d, 12) ? roll(d, 11000) : 1 + roll(d, 2);
  case 's': return one_in(d, 10) ? odd_number(d) : one_in(d, 2) ? roll(d, 3) * 4096 : 8 * roll(d, 12);
  case 'g': return one_in(d, 3) ? 1u << roll(d, 32) : 0;
  case 'v': return one_in(d, 12) ? odd_number(d) : roll(d, 6);
  case 'a': return one_in(d, 12) ? odd_number(d) : one_in(d, 2) ? 0 : pick(d, &pools['a']);
  case 'p': return pointer(d);
  case 'l':
  case 'o':
  case 'c':
  case 'q':
  case 'w': return one_in(d, 8) ? pointer(d) : PTR(d->arena) + 512 * (strchr(lists, class) - lists);
  case 'f': return one_in(d, 6) ? (uint64_t)random_fd(d) : (uint64_t)(int)pick(d, one_in(d, 2) ? &buffers : &fences);
  case 't': return one_in(d, 20) ? next(d) : roll(d, 12);
  case 'x': return one_in(d, 30) ? next(d) : 0;
  default: return one_in(d, 10) ? odd_number(d) : roll(d, 8);
  }
}

// Lists for the pointers to lead to, at the arena's beginning.
static void furnish(struct dice *d) {
  static const char inside[] = "LSCQv";
  int list = roll(d, sizeof(inside) - 1);
  size_t step = inside[list] == 'v' ? 8 : 4;
  for (int i = 0; i < 32; i++) {
    uint64_t value = plausible(d, inside[list]);
    memcpy(d->arena + 512 * list + i * step, &value, step);
  }
}

static void fill(struct dice *d, const struct line *line, unsigned char *argument, size_t size) {
  memset(argument, 0, size);
  for (int i = 0; i < line->count; i++) {
    const struct member *m = &line->members[i];
    size_t step = m->size >= 8 ? 8 : 4, end = m->size > 8 && one_in(d, 2) ? step : m->size;
    if (m->class == 'u') {
      if (!one_in(d, 12)) memcpy(argument + m->offset, &luid, sizeof(luid));
      continue;
    }
    if (strchr(handles, m->class)) step = 4;
    // Resources and lists exclude each other.
    if (m->class == 'R' && !one_in(d, 3)) continue;
    for (size_t at = 0; at + step <= end && m->offset + at + step <= size; at += step) {
      uint64_t value = plausible(d, m->class);
      memcpy(argument + m->offset + at, &value, step);
    }
  }
}

// Allocations as they must be, more or less: what is in their memory, and what the driver is told of it.
static void describe(struct dice *d, struct create_allocation *make) {
  static const uint32_t flags[] = {0, 0, 1, 1 | 2 | 64, 32};
  struct allocation_info *infos = (void *)(d->arena + 4096);
  struct driver_allocation *data = (void *)(d->arena + 8192);
  uint32_t count = 1 + roll(d, 3);
  void *own = one_in(d, 3) ? mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) : NULL;
  for (uint32_t i = 0; i < count; i++) {
    data[i] = (struct driver_allocation){.magic = MAGIC, .version = VERSION, .size = 4096u * (1 + roll(d, 4)), .flags = own ? 4 : 1, .usage = 1};
    infos[i] = (struct allocation_info){.sysmem = PTR(own), .data = PTR(&data[i]), .data_size = sizeof(*data)};
  }
  *make = (struct create_allocation){.device = plausible(d, 'D'), .count = count, .infos = PTR(infos), .flags = flags[roll(d, 5)]};
  // The driver has it by now, or will: it goes away all the same, or turns into something else.
  if (own == NULL || own == MAP_FAILED || !one_in(d, 2)) return;
  struct mapping *slot = &d->mappings[roll(d, MAPPINGS)];
  if (slot->address) munmap(slot->address, slot->length);
  *slot = (struct mapping){own, 4 * 4096};
}

static void learn(struct dice *d, const struct line *line, const unsigned char *argument) {
  for (int i = 0; i < line->count; i++) {
    const struct member *m = &line->members[i];
    uint64_t value = 0;
    if (m->size != 4 && m->size != 8) continue;
    memcpy(&value, argument + m->offset, m->size);
    if (value == 0) continue;
    if (m->class == 'a' || strchr(handles, m->class)) keep(&pools[(int)m->class], value);
    if (m->class == 'f') keep(strstr(line->name, "SYNC") ? &fences : &buffers, (int)value);
  }
  if (strcmp(line->name, "LX_DXCREATEALLOCATION") == 0) {
    const struct allocation_info *infos = (const void *)(d->arena + 4096);
    for (int i = 0; i < 3; i++) if (infos[i].allocation) keep(&pools['L'], infos[i].allocation);
  }
  if (strcmp(line->name, "LX_DXSHAREOBJECTS") == 0) {
    uint64_t at = ((const struct share *)argument)->handle, arena = PTR(d->arena), fd;
    if (at < arena || at + 8 > arena + ARENA) return;
    memcpy(&fd, d->arena + (at - arena), 8);
    keep(one_in(d, 2) ? &buffers : &fences, (int)fd);
  }
  // What the driver has mapped is looked at, and perhaps written.
  if (strcmp(line->name, "LX_DXLOCK2") == 0) touch(d, (void *)(uintptr_t)((const struct lock2 *)argument)->data, 4096);
}

static void request(struct dice *d) {
  int index = roll(d, line_count);
  const struct line *line = &lines[index];
  uint32_t command = line->command;
  size_t size = _IOC_SIZE(command);
  // After these little is left to do anything with.
  static const char *const last[] = {"LX_DXDESTROYDEVICE", "LX_DXMARKDEVICEASERROR", "LX_DXCLOSEADAPTER", "LX_DXDESTROYPAGINGQUEUE"};
  for (int i = 0; i < 4; i++) if (strcmp(line->name, last[i]) == 0 && !one_in(d, 10)) return;
  unsigned char *place = d->arena + 12288 + roll(d, (ARENA - 32768) / 8) * 8;
  for (int i = roll(d, 4); i > 0; i--) furnish(d);
  fill(d, line, place, size < 8 ? 8 : size);
  if (strcmp(line->name, "LX_DXCREATEALLOCATION") == 0 && !one_in(d, 5)) describe(d, (void *)place);
  // A blocking wait ends with a signal, or with this process; most ask for an event instead.
  if (one_in(d, 12)) command = (command & ~(0x3fffu << 16)) | (roll(d, 16384) & 0x3fff) << 16;
  if (one_in(d, 40)) command ^= (1 + roll(d, 3)) << 30;
  if (one_in(d, 20)) command = (command & ~0xffu) | roll(d, 256);
  void *argument = one_in(d, 12) ? (void *)(uintptr_t)pointer(d) : place;
  int fd = lead >= 0 && !one_in(d, 10) ? lead : (int)pick(d, &drm_fds);
  int result = ioctl(fd, command, argument);
  __atomic_fetch_add(&shared->tried[index], 1, __ATOMIC_RELAXED);
  if (result < 0) {
    __atomic_fetch_add(&shared->errors[errno < ERRNOS ? errno : 0], 1, __ATOMIC_RELAXED);
    if (errno == EBADF) open_dxg();
  } else if (command == line->command) {
    __atomic_fetch_add(&shared->succeeded[index], 1, __ATOMIC_RELAXED);
    if (argument == place) learn(d, line, place);
  }
}

// What every client begins with, so that there is something to spoil. Answers of all kinds are taken as they come.
static void begin(struct dice *d) {
  struct adapter_info info[4];
  struct enum_adapters2 list = {.count = 4, .adapters = PTR(info)};
  lead = open_dxg();
  if (lead < 0 || ioctl(lead, ENUMADAPTERS2, &list) != 0 || list.count == 0) return;
  luid = info[0].luid;
  keep(&pools['A'], info[0].handle);
  struct create_device device = {.adapter = info[0].handle};
  if (ioctl(lead, CREATEDEVICE, &device) != 0) return;
  keep(&pools['D'], device.device);
  for (int i = 0; i < 2; i++) {
    struct create_context context = {.device = device.device, .affinity = 1, .flags = 16};
    if (ioctl(lead, CREATECONTEXTVIRTUAL, &context) == 0) keep(&pools['C'], context.context);
    struct create_paging_queue queue = {.device = device.device};
    if (ioctl(lead, CREATEPAGINGQUEUE, &queue) == 0) keep(&pools['P'], queue.queue);
    struct create_sync sync = {.device = device.device, .type = 5, .flags = i ? 3 : 0};
    if (ioctl(lead, CREATESYNCHRONIZATIONOBJECT, &sync) == 0) keep(&pools['S'], sync.object);
    struct create_allocation make;
    describe(d, &make);
    make.device = device.device;
    if (ioctl(lead, CREATEALLOCATION, &make) == 0) keep(&pools['L'], ((struct allocation_info *)(d->arena + 4096))->allocation);
  }
  for (int i = 0; i < 5 * 4; i++) furnish(d);
}

static void files(struct dice *d) {
  int fd = random_fd(d);
  char buffer[64];
  if (fd == lead && !one_in(d, 50)) return;
  switch (roll(d, 10)) {
  case 0: close(fd); break;
  case 1: close(lead + 1 + roll(d, 60)); break;
  case 2: dup(fd); break;
  case 3: dup2(fd, lead + 1 + roll(d, 40)); break;
  case 4: {
    struct pollfd ready = {.fd = fd, .events = POLLIN | POLLOUT};
    poll(&ready, 1, 0);
    break;
  }
  case 5: {
    int fresh = open_dxg();
    if (fresh >= 0 && one_in(d, 2)) read(fresh, buffer, sizeof(buffer));
    break;
  }
  case 6: lseek(fd, roll(d, 4096), roll(d, 3)); break;
  case 7: {
    void *at = mmap(NULL, (1 + roll(d, 4)) * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) break;
    touch(d, at, 4096);
    munmap(at, 4096);
    break;
  }
  case 8: {
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    int again = open(path, O_RDWR | O_CLOEXEC);
    if (again >= 0) keep(&drm_fds, again);
    break;
  }
  default: {
    struct mapping *slot = &d->mappings[roll(d, MAPPINGS)];
    if (!slot->address) break;
    if (one_in(d, 3)) mprotect(slot->address, 4096, one_in(d, 2) ? PROT_NONE : PROT_READ | PROT_WRITE);
    else if (one_in(d, 2)) munmap(slot->address, slot->length);
    else mmap(slot->address, slot->length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    slot->address = NULL;
  }
  }
}

static void pass(struct dice *d) {
  int pair[2], fd = one_in(d, 2) ? lead : random_fd(d), in;
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
      keep(one_in(d, 2) ? &drm_fds : &buffers, in);
    }
  }
  close(pair[0]);
  close(pair[1]);
}

static void work(struct dice *d, long steps, int may_fork);

// A child has the parent's descriptors, which are not its own, and copies of its memory; or it opens all anew, as libdxg does.
static void child(struct dice *d) {
  pid_t parent = getpid(), pid = fork();
  if (pid == 0) {
    end_with(parent);
    d->state ^= 0x9e3779b97f4a7c15ull;
    next(d);
    if (one_in(d, 2)) begin(d);
    work(d, 60, 0);
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
    uint32_t what = roll(d, 200);
    if (what < 170) request(d);
    else if (what < 192) files(d);
    else if (what < 196) pass(d);
    else if (may_fork && one_in(d, 3)) child(d);
  }
}

static void *thread(void *argument) {
  work(argument, -1, 0);
  return NULL;
}

// A request in the middle of another one of the same thread; waits end by it, too.
static void alarmed(int signal) {
  int saved = errno;
  struct enum_adapters2 list = {0};
  if (mine != NULL && signal == SIGALRM && one_in(mine, 3)) ioctl(lead, ENUMADAPTERS2, &list);
  errno = saved;
}

static void worker(uint64_t seed) {
  static struct dice dice[THREADS_MAX];
  for (int i = 0; i < THREADS_MAX; i++) begin_dice(&dice[i], seed * THREADS_MAX + i);
  struct dice *d = &dice[0];
  struct rlimit few = {64 + roll(d, 400), 4096};
  setrlimit(RLIMIT_NOFILE, &few);
  catch_faults();
  begin(d);
  mine = d;
  struct sigaction action = {.sa_handler = alarmed, .sa_flags = one_in(d, 3) ? SA_RESTART : 0};
  sigaction(SIGALRM, &action, NULL);
  // One in four has no alarm: a wait that it enters lasts until it is killed.
  struct itimerval often = {{0, 1000 + roll(d, 9000)}, {0, 1000}};
  if (!one_in(d, 4)) setitimer(ITIMER_REAL, &often, NULL);
  for (int i = roll(d, THREADS_MAX); i > 0; i--) {
    pthread_t id;
    pthread_create(&id, NULL, thread, &dice[i]);
  }
  work(d, -1, 1);
}

int main(int argc, char **argv) { return run_workers(argc, argv, 3, WORKER_SECONDS, worker); }
