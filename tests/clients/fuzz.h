// What fuzz.c is made of: chance, memory good and bad, and what has been learned. Pools are shared among threads without locks: a
// torn value is one more odd one.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <drm.h>
#include <drm_fourcc.h>
#include <drm_mode.h>

#define ARENA (128 * 1024)
#define MAPPINGS 16
#define POOL 64
#define LINES 160
#define MEMBERS 32
#define PROPERTIES 512
#define ERRNOS 134

struct mapping {
  void *address;
  size_t length;
};

// A thread's own.
struct dice {
  uint64_t state;
  unsigned char *arena;  // writable, then a page that cannot be reached
  unsigned char *frozen; // a page that can be read
  struct mapping mappings[MAPPINGS];
  sigjmp_buf fault;
  volatile sig_atomic_t touching;
};

struct member {
  char class;
  uint32_t offset, size;
};
struct line {
  uint32_t command;
  char name[64];
  int count;
  struct member members[MEMBERS];
};
struct property {
  uint32_t object, name;
  uint64_t value;
};
struct pool {
  volatile uint64_t values[POOL];
  volatile uint32_t count;
};

static struct {
  uint64_t steps, commits, mapped, faults;
  uint64_t errors[ERRNOS], tried[LINES], succeeded[LINES];
} *shared;

static struct line lines[LINES];
static int line_count;
// What is known of each class of members; of files only those that are likely to be one.
static struct pool pools[128], drm_fds, buffers, fences, timelines;
// The card that a worker knows best, opened first, so that it is its master if nobody else is.
static int lead = -1;
static volatile struct property properties[PROPERTIES];
static int property_count;
static struct drm_mode_modeinfo mode;
static __thread struct dice *mine;

static const uint32_t formats[] = {DRM_FORMAT_XRGB8888, DRM_FORMAT_ARGB8888, DRM_FORMAT_RGB565, DRM_FORMAT_NV12,
                                   DRM_FORMAT_YUV420,   DRM_FORMAT_C8,       DRM_FORMAT_XRGB2101010};
#define FORMATS (sizeof(formats) / sizeof(*formats))

static uint64_t next(struct dice *d) {
  d->state ^= d->state << 13;
  d->state ^= d->state >> 7;
  return d->state ^= d->state << 17;
}
static uint32_t roll(struct dice *d, uint32_t below) { return (uint32_t)(next(d) >> 20) % below; }
static int one_in(struct dice *d, uint32_t many) { return roll(d, many) == 0; }

static uint64_t nanoseconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}
static double seconds(void) { return nanoseconds() / 1e9; }

static void keep(struct pool *pool, uint64_t value) {
  pool->values[pool->count++ % POOL] = value;
}
static uint64_t pick(struct dice *d, const struct pool *pool) {
  uint32_t count = pool->count < POOL ? pool->count : POOL;
  return count == 0 ? roll(d, 8) : pool->values[roll(d, count)];
}

static uint64_t odd_number(struct dice *d) {
  static const uint64_t odd[] = {0,          1,          0xffff,         0x10000,        0x7fffffff,       0x80000000,
                                 0xfffffffe, 0xffffffff, 0x100000000ull, 1ull << 40,     0x7fffffffffffffff, 1ull << 63,
                                 ~0ull,      ~0ull - 1,  4095,           4096,           4097,             0x3fffffff};
  return one_in(d, 3) ? next(d) : odd[roll(d, sizeof(odd) / sizeof(*odd))];
}

static int random_fd(struct dice *d) {
  const struct pool *const all[] = {&drm_fds, &buffers, &fences, &timelines};
  return one_in(d, 40) ? (int)odd_number(d) : one_in(d, 3) ? 3 + (int)roll(d, 60) : (int)pick(d, all[roll(d, 4)]);
}
static int drm_fd(struct dice *d) { return lead >= 0 && !one_in(d, 3) ? lead : (int)pick(d, &drm_fds); }

// A file that a request may be meant for.
static int fit_fd(struct dice *d, uint32_t command) {
  if (one_in(d, 12)) return random_fd(d);
  switch (_IOC_TYPE(command)) {
  case 'd': return drm_fd(d);
  case 'b': return (int)pick(d, &buffers);
  case '>': return (int)pick(d, &fences);
  case 'W': return (int)pick(d, &timelines);
  default: return random_fd(d);
  }
}

static uint64_t pointer(struct dice *d) {
  uint64_t arena = (uintptr_t)d->arena;
  if (!one_in(d, 5)) return arena + roll(d, ARENA / 512) * 512;
  switch (roll(d, 9)) {
  case 0: return 0;
  case 1: return arena + roll(d, ARENA - 4096);              // not aligned
  case 2: return arena + ARENA - roll(d, 64);                // across the end
  case 3: return arena + ARENA + roll(d, 64);                // beyond it
  case 4: return (uintptr_t)d->frozen + roll(d, 4096);       // cannot be written
  case 5: return 0xffff800000000000ull + roll(d, 1 << 20);   // the kernel's half
  case 6: return odd_number(d);
  case 7: {
    const struct mapping *m = &d->mappings[roll(d, MAPPINGS)];
    return m->address ? (uintptr_t)m->address + roll(d, 4096) : 4096;
  }
  default: return arena + 4096 - roll(d, 16);                // across a page
  }
}

static void begin_dice(struct dice *d, uint64_t seed) {
  d->state = (seed + 1) * 0x9e3779b97f4a7c15ull;
  for (int i = 0; i < 8; i++) next(d);
  d->arena = mmap(NULL, ARENA + 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  d->frozen = d->arena + ARENA + 4096;
  memset(d->arena, 0, ARENA);
  memset(d->frozen, 1, 4096);
  mprotect(d->arena + ARENA, 4096, PROT_NONE);
  mprotect(d->frozen, 4096, PROT_READ);
}

// A mapping may be larger than what lies behind it, or go while another thread looks: that alone may fault.
static void faulted(int signal) {
  static const char text[] = "fuzz: a fault outside of mappings\n";
  if (mine != NULL && mine->touching) siglongjmp(mine->fault, signal);
  ssize_t ignored = write(2, text, sizeof(text) - 1);
  (void)ignored;
  _exit(99);
}
static void catch_faults(void) {
  struct sigaction action = {.sa_handler = faulted, .sa_flags = SA_NODEFER};
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGBUS, &action, NULL);
}
static void touch(struct dice *d, void *address, size_t length) {
  volatile unsigned char *bytes = address;
  if (sigsetjmp(d->fault, 1) == 0) {
    d->touching = 1;
    for (size_t at = 0; at < length && at < 65536; at += 4096) {
      unsigned char byte = bytes[at];
      if (one_in(d, 2)) bytes[at] = byte + 1;
    }
  } else {
    __atomic_fetch_add(&shared->faults, 1, __ATOMIC_RELAXED);
  }
  d->touching = 0;
}

static void read_table(const char *path) {
  FILE *file = fopen(path, "r");
  char text[4096];
  if (!file) exit(2);
  while (line_count < LINES && fgets(text, sizeof(text), file)) {
    struct line *line = &lines[line_count];
    char *rest = text, *word = strtok_r(rest, " \n", &rest);
    if (!word) continue;
    line->command = strtoul(word, NULL, 0);
    word = strtok_r(NULL, " \n", &rest);
    snprintf(line->name, sizeof(line->name), "%s", word ? word : "");
    while (line->count < MEMBERS && (word = strtok_r(NULL, " \n", &rest))) {
      struct member *m = &line->members[line->count];
      if (sscanf(word, "%c:%u:%u", &m->class, &m->offset, &m->size) == 3) line->count++;
    }
    line_count++;
  }
  fclose(file);
}

// JSON: steps, commits, mappings, faults in them, how often each errno came, and each request: [tried, succeeded].
static void report(void) {
  printf("{\"steps\":%llu,\"commits\":%llu,\"mapped\":%llu,\"faults\":%llu,\"errors\":{", (unsigned long long)shared->steps,
         (unsigned long long)shared->commits, (unsigned long long)shared->mapped, (unsigned long long)shared->faults);
  const char *comma = "";
  for (int i = 0; i < ERRNOS; i++) {
    if (shared->errors[i] == 0) continue;
    printf("%s\"%d\":%llu", comma, i, (unsigned long long)shared->errors[i]);
    comma = ",";
  }
  printf("},\"requests\":{");
  for (int i = 0; i < line_count; i++) {
    printf("%s\"%s\":[%llu,%llu]", i ? "," : "", lines[i].name, (unsigned long long)shared->tried[i],
           (unsigned long long)shared->succeeded[i]);
  }
  printf("}}\n");
}

// Whoever kills the fuzzer is rid of all of it.
static void end_with(pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(0);
}

// Whether `steps` have been taken since there were `before`.
static int taken(uint64_t before, uint64_t steps) {
  return __atomic_load_n(&shared->steps, __ATOMIC_RELAXED) - before >= steps;
}

// PROGRAM SEED SECONDS TABLE [WORKERS [STEPS]]: runs workers of a seed each, and kills them after `life` seconds, until the time is
// over and STEPS were taken. On a machine that is busy all takes longer, up to twenty times. Returns 1 if one ended by itself.
static int run_workers(int argc, char **argv, int workers, double life, void (*worker)(uint64_t seed)) {
  if (argc < 4) return 2;
  pid_t parent = getpid();
  uint64_t seed = strtoull(argv[1], NULL, 0);
  double end = seconds() + atof(argv[2]), patience = seconds() + 20 * atof(argv[2]);
  uint64_t steps = argc > 5 ? strtoull(argv[5], NULL, 0) : 0;
  int bad = 0;
  if (argc > 4) workers = atoi(argv[4]);
  read_table(argv[3]);
  shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return 2;
  while (seconds() < end || (!taken(0, steps) && seconds() < patience)) {
    pid_t pids[8];
    double until = seconds() + life, late = seconds() + 20 * life;
    uint64_t first = seed, before = shared->steps;
    if (steps == 0 && until > end) until = late = end;
    for (int i = 0; i < workers && i < 8; i++, seed++) {
      pids[i] = fork();
      if (pids[i] == 0) {
        end_with(parent);
        worker(seed);
      }
    }
    while (seconds() < until || (steps != 0 && !taken(before, 50) && seconds() < late)) usleep(20000);
    for (int i = 0; i < workers && i < 8; i++) {
      int status;
      kill(pids[i], SIGKILL);
      waitpid(pids[i], &status, 0);
      if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) continue;
      printf("seed %llu ended by itself: status 0x%x\n", (unsigned long long)(first + i), status);
      bad = 1;
    }
  }
  report();
  return bad;
}
