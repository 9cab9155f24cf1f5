// epoll. Sockets of ours are watched as they are, for input alone. A dma-buf has something in its stead: a pipe of the server's for
// each direction, readable while the buffer is POLLIN, writable while it is POLLOUT. The pipes of a registration are kept until
// it ends; no lock, as close is called in signal handlers too.
#include "shim.h"

#include <fcntl.h>
#include <linux/kcmp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WATCHES 1024
#define DIRECTIONS (EPOLLIN | EPOLLOUT)
#define OUT_BITS (EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND)
// What is asked of the epoll and not of the file.
#define MANNER (EPOLLET | EPOLLONESHOT | EPOLLEXCLUSIVE | EPOLLWAKEUP)

enum { FREE, BUSY, USED };
// Number and file together name a registration, as in the kernel.
struct watch {
  int state, pid, epfd, fd;
  dev_t dev;
  ino_t ino;
  int pipes[2]; // for EPOLLIN and EPOLLOUT; -1 for none
};
static struct watch watches[WATCHES];
static int used; // how many are not free

static int fail(int error) {
  errno = -error;
  return -1;
}

static int take(struct watch *w, int from) {
  return __atomic_compare_exchange_n(&w->state, &from, BUSY, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}
static void put(struct watch *w, int state) {
  if (state == FREE) __atomic_sub_fetch(&used, 1, __ATOMIC_RELAXED);
  __atomic_store_n(&w->state, state, __ATOMIC_RELEASE);
}
static struct watch *claim(void) {
  for (int i = 0; i < WATCHES; i++) {
    if (!take(&watches[i], FREE)) continue;
    __atomic_add_fetch(&used, 1, __ATOMIC_RELAXED);
    watches[i].pipes[0] = watches[i].pipes[1] = -1;
    return &watches[i];
  }
  return NULL;
}

static void drop_pipe(struct watch *w, int direction) {
  int fd = w->pipes[direction];
  if (fd < 0) return;
  w->pipes[direction] = -1;
  // An fd that is ours no more was replaced by the program.
  if (fd < 65536 && udrm_owned(fd) != OWN_WATCH) return;
  REAL(epoll_ctl)(w->epfd, EPOLL_CTL_DEL, fd, NULL);
  udrm_disowned(fd);
  REAL(close)(fd);
}
static void drop(struct watch *w) {
  int saved = errno;
  drop_pipe(w, 0);
  drop_pipe(w, 1);
  put(w, FREE);
  errno = saved;
}

static int same_epoll(int pid, int a, int b) { return a == b || syscall(SYS_kcmp, pid, pid, KCMP_FILE, a, b) == 0; }

// The registration, taken; NULL if there is none. One whose number means another file by now, or whose epoll does, has ended.
static struct watch *find(int epfd, int fd, const struct stat *st) {
  int pid = getpid();
  for (int i = 0; i < WATCHES && __atomic_load_n(&used, __ATOMIC_RELAXED) > 0; i++) {
    struct watch *w = &watches[i];
    if (w->fd != fd || w->pid != pid || !take(w, USED)) continue;
    if (w->fd == fd && w->pid == pid && same_epoll(pid, w->epfd, epfd)) {
      struct epoll_event probe = {0};
      int pipe = w->pipes[0] >= 0 ? w->pipes[0] : w->pipes[1];
      // An epoll that knows the pipe answers EEXIST.
      int known = pipe < 0 || (REAL(epoll_ctl)(epfd, EPOLL_CTL_ADD, pipe, &probe) != 0 && errno == EEXIST);
      if (known && w->dev == st->st_dev && w->ino == st->st_ino) return w;
      if (!known) REAL(epoll_ctl)(epfd, EPOLL_CTL_DEL, pipe, NULL);
      drop(w);
      continue;
    }
    put(w, USED);
  }
  return NULL;
}

// Makes the registration as it is to be. 0, or -errno; what was there before stays in the latter case.
static int set(struct watch *w, int op, int socket, const struct epoll_event *event) {
  static const uint32_t bits[2] = {EPOLLIN, EPOLLOUT};
  uint32_t missing = 0;
  int fresh[2] = {-1, -1}, result = 0;
  for (int i = 0; i < 2; i++) if ((event->events & bits[i]) && w->pipes[i] < 0) missing |= bits[i];
  // Asked for in any case: the answer says whether it is a dma-buf at all.
  if (missing || op == EPOLL_CTL_ADD) result = udrm_ask_buffer(w->fd, socket, missing, missing ? POLL_WATCH : POLL_ASK, fresh);
  if (result == -ENOTTY) result = -EPERM;
  for (int i = 0; i < 2; i++) {
    struct epoll_event own = {.events = (event->events & MANNER) | bits[i], .data = event->data};
    int keeps = w->pipes[i] >= 0, wants = !!(event->events & bits[i]);
    if (fresh[i] >= 0) fresh[i] = udrm_own(fresh[i], OWN_WATCH);
    if (result < 0 || !wants) continue;
    if (!keeps && fresh[i] < 0) result = -ENOMEM;
    else if (REAL(epoll_ctl)(w->epfd, keeps ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, keeps ? w->pipes[i] : fresh[i], &own) != 0) result = -errno;
  }
  for (int i = 0; i < 2; i++) {
    if (fresh[i] >= 0) w->pipes[i] = fresh[i];
    if (fresh[i] >= 0 ? result < 0 : result >= 0 && !(event->events & bits[i])) drop_pipe(w, i);
  }
  return result < 0 ? result : 0;
}

// epoll_ctl of a dma-buf.
int udrm_watch_buffer(int epfd, int op, int fd, int socket, const void *argument) {
  const struct epoll_event *event = argument;
  struct stat st;
  if (REAL(fstat)(fd, &st) != 0) return -1;
  struct watch *w = find(epfd, fd, &st);
  if (op == EPOLL_CTL_DEL) {
    if (!w) return fail(udrm_ask_buffer(fd, socket, 0, POLL_ASK, (int[2]){0}) == -ENOTTY ? -EPERM : -ENOENT);
    drop(w);
    return 0;
  }
  if (op == EPOLL_CTL_ADD && w) {
    put(w, USED);
    return fail(-EEXIST);
  }
  if (op != EPOLL_CTL_ADD && !w) {
    return fail(udrm_ask_buffer(fd, socket, 0, POLL_ASK, (int[2]){0}) == -ENOTTY ? -EPERM : -ENOENT);
  }
  if (!w) {
    w = claim();
    if (!w) return fail(-ENOSPC);
    w->pid = getpid();
    w->epfd = epfd;
    w->fd = fd;
    w->dev = st.st_dev;
    w->ino = st.st_ino;
  }
  int result = set(w, op, socket, event);
  if (result < 0 && op == EPOLL_CTL_ADD) drop(w);
  else put(w, USED);
  return result < 0 ? fail(result) : 0;
}

// The program closes fds: their registrations end. (In the kernel they last until the last duplicate is closed.)
void udrm_watch_closed(unsigned first, unsigned last) {
  if (__atomic_load_n(&used, __ATOMIC_RELAXED) == 0) return;
  int pid = getpid();
  for (int i = 0; i < WATCHES; i++) {
    struct watch *w = &watches[i];
    if ((unsigned)w->fd < first || (unsigned)w->fd > last || w->pid != pid || !take(w, USED)) continue;
    if ((unsigned)w->fd < first || (unsigned)w->fd > last) put(w, USED);
    else drop(w);
  }
}

// The program puts a file of its own where a pipe is.
void udrm_watch_lost(int fd) {
  int pid = getpid();
  for (int i = 0; i < WATCHES; i++) {
    struct watch *w = &watches[i];
    if ((w->pipes[0] != fd && w->pipes[1] != fd) || w->pid != pid || !take(w, USED)) continue;
    for (int j = 0; j < 2; j++) {
      if (w->pipes[j] != fd) continue;
      REAL(epoll_ctl)(w->epfd, EPOLL_CTL_DEL, fd, NULL);
      w->pipes[j] = -1;
    }
    put(w, USED);
  }
}

// The child shares the parent's epolls, and has the pipes under the same numbers.
void udrm_watch_forked(int pid) {
  for (int i = 0; i < WATCHES && used > 0; i++) if (watches[i].state == USED) watches[i].pid = pid;
}

EXPORT int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event) {
  struct file file;
  if (udrm_identify(fd, &file)) {
    if (file.polled == POLLED_NEVER) return fail(-EPERM);
    if (op != EPOLL_CTL_DEL && !event) return fail(-EFAULT);
    if (file.polled == POLLED_BUFFER) return udrm_watch_buffer(epfd, op, fd, 1, event);
    if (op == EPOLL_CTL_DEL) return REAL(epoll_ctl)(epfd, op, fd, event);
    struct epoll_event own = {.events = event->events & ~OUT_BITS, .data = event->data};
    return REAL(epoll_ctl)(epfd, op, fd, &own);
  }
  int result = REAL(epoll_ctl)(epfd, op, fd, event);
  if (result == 0 || errno != EPERM || !udrm_maybe_buffer(fd)) return result;
  return udrm_watch_buffer(epfd, op, fd, 0, event);
}
