// poll, ppoll, select and pselect. The kernel is asked first, with the program's own arguments, and what it says is looked through for
// fds that are ready by what they are made of and not by what they stand for: sockets of ours can always be written, and memfds
// are always ready. Those would have ended the wait at once, so that nothing was waited for in vain.
#include "shim.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#define OUT_BITS (POLLOUT | POLLWRNORM | POLLWRBAND)
#define DEFAULT_BITS (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM)
#define BAD_BITS (POLLERR | POLLHUP | POLLNVAL)
#define FEW 32

static int fail(int error) {
  errno = -error;
  return -1;
}

// Asks the server whether a dma-buf is ready (POLLIN, POLLOUT), by its own socket or, for a memfd, by the connection. With POLL_WAIT
// or POLL_WATCH it may bring descriptors: fds[0] is readable while the buffer is POLLIN, fds[1] writable while it is POLLOUT; -1
// for none. The ready bits; -ENOTTY if it is no dma-buf; or another -errno.
int udrm_ask_buffer(int fd, int socket, short events, int want, int fds[2]) {
  struct exchange x;
  fds[0] = fds[1] = -1;
  udrm_begin(&x, OP_POLL);
  x.request.command = events & (POLLIN | POLLOUT);
  x.request.argument = want;
  if (!socket) x.attached = fd;
  int result = udrm_exchange(socket ? fd : -1, &x);
  if (result == 0) result = x.reply.result;
  for (int i = 0, next = 0; i < x.fd_count; i++, next++) {
    if (next == 0 && !(events & POLLIN)) next = 1;
    if (result < 0 || next > 1) REAL(close)(x.fds[i]);
    else fds[next] = x.fds[i];
  }
  return result;
}

enum { PLAIN, INPUT, BUFFER_SOCKET, BUFFER_MEMFD };

// What an fd is that the kernel calls ready.
static int classify(const struct pollfd *p) {
  struct file file;
  if (p->revents & BAD_BITS) return PLAIN;
  if (udrm_identify(p->fd, &file)) {
    return file.polled == POLLED_BUFFER ? BUFFER_SOCKET : file.polled == POLLED_INPUT ? INPUT : PLAIN;
  }
  return (p->events & DEFAULT_BITS) == (p->revents & DEFAULT_BITS) && udrm_maybe_buffer(p->fd) ? BUFFER_MEMFD : PLAIN;
}

// A wait with what the program's fds are in truth: `all` is the program's list with holes, and behind it what stands for
// buffers, each of which belongs to the program's entry `owner`.
struct waiting {
  struct pollfd *all;
  int *owner;
  nfds_t count, extra, room;
  void *memory;
  size_t size;
  struct pollfd few[FEW];
  int few_owners[FEW];
};

static void end(void *argument) {
  struct waiting *w = argument;
  for (nfds_t i = 0; i < w->extra; i++) REAL(close)(w->all[w->count + i].fd);
  if (w->memory) munmap(w->memory, w->size);
}

static int prepare(struct waiting *w, nfds_t count, nfds_t buffers) {
  w->count = count;
  w->extra = 0;
  w->room = count + 2 * buffers;
  w->memory = NULL;
  w->all = w->few;
  w->owner = w->few_owners;
  if (w->room <= FEW) return 0;
  w->size = w->room * (sizeof(struct pollfd) + sizeof(int));
  w->memory = REAL(mmap)(NULL, w->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (w->memory == MAP_FAILED) return -ENOMEM;
  w->all = w->memory;
  w->owner = (int *)(w->all + w->room);
  return 0;
}

static void add(struct waiting *w, nfds_t owner, int fd, short events) {
  if (fd < 0) return;
  nfds_t place = w->count + w->extra++;
  w->all[place] = (struct pollfd){.fd = fd, .events = events};
  w->owner[place] = owner;
}

static int wait_for(struct waiting *w, const struct timespec *left, const sigset_t *mask) {
  int result;
  pthread_cleanup_push(end, w);
  result = REAL(ppoll)(w->all, w->count + w->extra, left, mask);
  pthread_cleanup_pop(0);
  return result;
}

// What is left until a time, at least 0.
static struct timespec left_until(const struct timespec *until) {
  struct timespec now, left;
  clock_gettime(CLOCK_MONOTONIC, &now);
  left.tv_sec = until->tv_sec - now.tv_sec;
  left.tv_nsec = until->tv_nsec - now.tv_nsec;
  if (left.tv_nsec < 0) {
    left.tv_nsec += 1000000000;
    left.tv_sec--;
  }
  if (left.tv_sec < 0) left.tv_sec = left.tv_nsec = 0;
  return left;
}

// `found` fds are called ready, of which some may be none. If nothing is ready in truth and `waits`, waits until a time, or for
// ever with NULL.
static int look_through(struct pollfd *fds, nfds_t count, int found, int waits, const struct timespec *until, const sigset_t *mask) {
  struct waiting w;
  int result = prepare(&w, count, found), ready = 0;
  if (result < 0) return fail(result);
  for (nfds_t i = 0; i < count; i++) {
    int pair[2], truly = fds[i].revents;
    w.all[i] = fds[i];
    w.all[i].revents = 0;
    int kind = truly ? classify(&fds[i]) : PLAIN;
    if (kind == INPUT) {
      w.all[i].events &= ~OUT_BITS;
      truly &= ~OUT_BITS;
    } else if (kind != PLAIN) {
      int want = waits && ready == 0 ? POLL_WAIT : POLL_ASK;
      int answer = udrm_ask_buffer(fds[i].fd, kind == BUFFER_SOCKET, fds[i].events, want, pair);
      if (answer < 0 && answer != -ENOTTY) {
        end(&w);
        return fail(answer);
      }
      add(&w, i, pair[0], POLLIN);
      add(&w, i, pair[1], POLLOUT);
      if (answer >= 0) {
        w.all[i].fd = -1;
        truly = answer;
      }
    }
    fds[i].revents = truly;
    ready += truly != 0;
  }
  if (ready > 0 || !waits) {
    end(&w);
    return ready;
  }
  struct timespec left;
  if (until) left = left_until(until);
  result = wait_for(&w, until ? &left : NULL, mask);
  int saved = errno;
  if (result > 0) {
    for (nfds_t i = 0; i < count; i++) fds[i].revents = w.all[i].revents;
    for (nfds_t i = count; i < count + w.extra; i++) {
      const struct pollfd *p = &w.all[i];
      // The other end of it has gone with the server.
      if (p->revents) fds[w.owner[i]].revents |= p->revents & p->events ? p->events : POLLERR;
    }
    result = 0;
    for (nfds_t i = 0; i < count; i++) result += fds[i].revents != 0;
  }
  end(&w);
  errno = saved;
  return result;
}

static int settle(struct pollfd *fds, nfds_t count, int found, int waits, const struct timespec *until, const sigset_t *mask) {
  int left = found, saved = errno;
  if (found <= 0 || !udrm_active()) return found;
  for (nfds_t i = 0; i < count && left > 0; i++) {
    if (!fds[i].revents) continue;
    left--;
    if (classify(&fds[i]) != PLAIN) {
      int result = look_through(fds, count, found, waits, until, mask);
      if (result >= 0) errno = saved;
      return result;
    }
  }
  return found;
}

// The time after a span; NULL for none.
static const struct timespec *after(const struct timespec *span, struct timespec *until) {
  if (!span) return NULL;
  clock_gettime(CLOCK_MONOTONIC, until);
  until->tv_sec += span->tv_sec;
  until->tv_nsec += span->tv_nsec;
  if (until->tv_nsec >= 1000000000) {
    until->tv_nsec -= 1000000000;
    until->tv_sec++;
  }
  return until;
}
static int is_zero(const struct timespec *span) { return span && span->tv_sec == 0 && span->tv_nsec == 0; }

EXPORT int poll(struct pollfd *fds, nfds_t count, int timeout) {
  struct timespec span = {timeout / 1000, timeout % 1000 * 1000000L}, until;
  const struct timespec *end_of_time = timeout > 0 ? after(&span, &until) : NULL;
  return settle(fds, count, REAL(poll)(fds, count, timeout), timeout != 0, end_of_time, NULL);
}
EXPORT int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t room);
EXPORT int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t room) {
  if (room / sizeof(*fds) < count) abort();
  return poll(fds, count, timeout);
}
EXPORT int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *span, const sigset_t *mask) {
  struct timespec until;
  const struct timespec *end_of_time = span && !is_zero(span) ? after(span, &until) : NULL;
  return settle(fds, count, REAL(ppoll)(fds, count, span, mask), !is_zero(span), end_of_time, mask);
}
EXPORT int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *span, const sigset_t *mask, size_t room);
EXPORT int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *span, const sigset_t *mask, size_t room) {
  if (room / sizeof(*fds) < count) abort();
  return ppoll(fds, count, span, mask);
}
