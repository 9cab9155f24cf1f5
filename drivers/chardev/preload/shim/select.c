// select and pselect, by way of poll wherever they find a file of ours.
#include "shim.h"

#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

// As fs/select.c has it.
#define READ_BITS (POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR)
#define WRITE_BITS (POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR)
#define EXCEPT_BITS POLLPRI
#define WORD (8 * (int)sizeof(unsigned long))
#define FEW_WORDS 16
#define FEW 32

enum { READ, WRITE, EXCEPT, SETS };

struct sets {
  unsigned long *program[SETS]; // the program's, or NULL
  unsigned long *asked[SETS];   // what it asked for
  unsigned long few[SETS][FEW_WORDS];
  void *memory;
  size_t size;
  int words;
};

static int bit(const unsigned long *set, int fd) { return set && set[fd / WORD] >> (fd % WORD) & 1; }

static int keep(struct sets *s, int count, fd_set *read, fd_set *write, fd_set *except) {
  s->program[READ] = (unsigned long *)read;
  s->program[WRITE] = (unsigned long *)write;
  s->program[EXCEPT] = (unsigned long *)except;
  s->words = count > 0 ? (count + WORD - 1) / WORD : 0;
  s->memory = NULL;
  if (s->words > FEW_WORDS) {
    s->size = SETS * s->words * sizeof(unsigned long);
    s->memory = mmap(NULL, s->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (s->memory == MAP_FAILED) {
      errno = ENOMEM;
      return -1;
    }
  }
  for (int i = 0; i < SETS; i++) {
    s->asked[i] = s->memory ? (unsigned long *)s->memory + i * s->words : s->few[i];
    if (s->program[i]) memcpy(s->asked[i], s->program[i], s->words * sizeof(unsigned long));
    else s->asked[i] = NULL;
  }
  return 0;
}
static void forget(struct sets *s) {
  if (s->memory) munmap(s->memory, s->size);
}

// Whether a file of ours is among those that are called ready.
static int suspicious(const struct sets *s, int count) {
  struct file file;
  for (int fd = 0; fd < count; fd++) {
    if (!bit(s->program[READ], fd) && !bit(s->program[WRITE], fd)) continue;
    if (udrm_identify(fd, &file) || udrm_maybe_buffer(fd)) return 1;
  }
  return 0;
}

static int by_poll(struct sets *s, int count, const struct timespec *left, const sigset_t *mask) {
  struct pollfd few[FEW], *fds = few;
  int used = 0, total = 0, result;
  size_t size = 0;
  for (int fd = 0; fd < count; fd++) used += bit(s->asked[READ], fd) || bit(s->asked[WRITE], fd) || bit(s->asked[EXCEPT], fd);
  if (used > FEW) {
    size = used * sizeof(*fds);
    fds = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (fds == MAP_FAILED) {
      errno = ENOMEM;
      return -1;
    }
  }
  used = 0;
  for (int fd = 0; fd < count; fd++) {
    short events = (bit(s->asked[READ], fd) ? READ_BITS : 0) | (bit(s->asked[WRITE], fd) ? WRITE_BITS : 0) |
                   (bit(s->asked[EXCEPT], fd) ? EXCEPT_BITS : 0);
    if (events) fds[used++] = (struct pollfd){.fd = fd, .events = events & ~(POLLHUP | POLLERR)};
  }
  result = ppoll(fds, used, left, mask);
  int saved = errno;
  if (result >= 0) {
    for (int i = 0; i < SETS; i++) if (s->program[i]) memset(s->program[i], 0, s->words * sizeof(unsigned long));
    for (int i = 0; i < used; i++) {
      static const short bits[SETS] = {READ_BITS, WRITE_BITS, EXCEPT_BITS};
      for (int set = 0; set < SETS; set++) {
        int fd = fds[i].fd;
        if (!bit(s->asked[set], fd) || !(fds[i].revents & bits[set])) continue;
        s->program[set][fd / WORD] |= 1UL << (fd % WORD);
        total++;
      }
    }
    result = total;
  }
  if (size) munmap(fds, size);
  errno = saved;
  return result;
}

static const struct timespec *until_left(const struct timespec *end, struct timespec *left) {
  struct timespec now;
  if (!end) return NULL;
  clock_gettime(CLOCK_MONOTONIC, &now);
  int64_t ns = (end->tv_sec - now.tv_sec) * 1000000000LL + end->tv_nsec - now.tv_nsec;
  if (ns < 0) ns = 0;
  left->tv_sec = ns / 1000000000;
  left->tv_nsec = ns % 1000000000;
  return left;
}

static int settle(struct sets *s, int count, int result, const struct timespec *end, struct timespec *left, const sigset_t *mask) {
  if (result > 0 && suspicious(s, count)) result = by_poll(s, count, until_left(end, left), mask);
  int saved = errno;
  forget(s);
  errno = saved;
  return result;
}

static const struct timespec *end_of(int64_t seconds, int64_t ns, struct timespec *end) {
  clock_gettime(CLOCK_MONOTONIC, end);
  end->tv_sec += seconds + (end->tv_nsec + ns) / 1000000000;
  end->tv_nsec = (end->tv_nsec + ns) % 1000000000;
  return end;
}

EXPORT int select(int count, fd_set *read, fd_set *write, fd_set *except, struct timeval *timeout) {
  struct sets s;
  struct timespec end, left;
  if (!udrm_active()) return REAL(select)(count, read, write, except, timeout);
  if (keep(&s, count, read, write, except) != 0) return -1;
  const struct timespec *until = timeout ? end_of(timeout->tv_sec, timeout->tv_usec * 1000, &end) : NULL;
  int found = REAL(select)(count, read, write, except, timeout);
  int result = settle(&s, count, found, until, &left, NULL);
  // Linux tells the time that is left.
  if (timeout && found > 0 && until_left(until, &left)) {
    timeout->tv_sec = left.tv_sec;
    timeout->tv_usec = left.tv_nsec / 1000;
  }
  return result;
}
EXPORT int pselect(int count, fd_set *read, fd_set *write, fd_set *except, const struct timespec *span, const sigset_t *mask) {
  struct sets s;
  struct timespec end, left;
  if (!udrm_active()) return REAL(pselect)(count, read, write, except, span, mask);
  if (keep(&s, count, read, write, except) != 0) return -1;
  const struct timespec *until = span ? end_of(span->tv_sec, span->tv_nsec, &end) : NULL;
  return settle(&s, count, REAL(pselect)(count, read, write, except, span, mask), until, &left, mask);
}
