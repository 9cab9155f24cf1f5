// A thread's connection to the server, and one exchange over it. Requests about a file are sent by the file itself; answers
// come by the connection. Exactly one answer follows each request, so that none is ever left over for the next.
#include "shim.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define OWN_LIMIT 65536
#define OWN_BASE 1000

struct connection {
  int fd, pid;
  uint32_t id, sequence;
};

static __thread struct connection mine = {.fd = -1};
static __thread volatile sig_atomic_t busy;
static unsigned char own[OWN_LIMIT];
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

int udrm_owned(int fd) { return fd >= 0 && fd < OWN_LIMIT ? __atomic_load_n(&own[fd], __ATOMIC_RELAXED) : OWN_NONE; }
void udrm_disowned(int fd) {
  if (fd >= 0 && fd < OWN_LIMIT) __atomic_store_n(&own[fd], OWN_NONE, __ATOMIC_RELAXED);
}
void udrm_disown(int fd) {
  if (udrm_owned(fd) == OWN_WATCH) udrm_watch_lost(fd);
  udrm_disowned(fd);
}
int udrm_own(int low, int what) {
  int fd = REAL(fcntl)(low, F_DUPFD_CLOEXEC, OWN_BASE);
  if (fd < 0) fd = low;
  else REAL(close)(low);
  if (fd < OWN_LIMIT) __atomic_store_n(&own[fd], what, __ATOMIC_RELAXED);
  return fd;
}

static void drop(struct connection *c) {
  // An fd that is ours no more was replaced by the program.
  if (c->fd >= OWN_LIMIT || udrm_owned(c->fd) == OWN_CONNECTION) {
    udrm_disowned(c->fd);
    REAL(close)(c->fd);
  }
  c->fd = -1;
}

static void thread_ends(void *unused) {
  (void)unused;
  if (mine.fd >= 0) drop(&mine);
}

// The child's copies of the parent's connections are nobody's. What an epoll of both watches stays with both.
static void forked(void) {
  for (int fd = 0; fd < OWN_LIMIT; fd++) {
    if (own[fd] != OWN_CONNECTION) continue;
    own[fd] = OWN_NONE;
    REAL(close)(fd);
  }
  mine.fd = -1;
  udrm_watch_forked(getpid());
  udrm_memory_forked();
}

static void begin(void) {
  pthread_key_create(&key, thread_ends);
  pthread_atfork(NULL, NULL, forked);
}

static int send_message(int fd, struct msghdr *message) {
  for (;;) {
    if (sendmsg(fd, message, MSG_NOSIGNAL) >= 0) return 0;
    if (errno == EAGAIN) {
      struct pollfd room = {.fd = fd, .events = POLLOUT};
      if (REAL(poll)(&room, 1, -1) < 0 && errno != EINTR) return -errno;
    } else if (errno != EINTR) {
      return errno == EFAULT ? -EFAULT : -ENODEV;
    }
  }
}

static void cancel(struct connection *c, uint32_t sequence) {
  struct request request = {.op = OP_CANCEL, .sequence = sequence, .connection = c->id};
  struct iovec part = {&request, sizeof(request)};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  send_message(c->fd, &message);
}

static void take_fds(struct msghdr *message, struct exchange *x) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    int count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (int i = 0; i < count && x->fd_count < FDS_MAX; i++) {
      memcpy(&x->fds[x->fd_count++], CMSG_DATA(c) + i * sizeof(int), sizeof(int));
    }
  }
}

// A cancelled thread's request ends with its connection.
static void abandon(void *connection) {
  drop(connection);
  busy--;
}

static ssize_t receive_cancellable(struct connection *c, struct msghdr *message, int flags, int state) {
  ssize_t length;
  pthread_cleanup_push(abandon, c);
  pthread_setcancelstate(state, NULL);
  length = REAL(recvmsg)(c->fd, message, flags);
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
  pthread_cleanup_pop(0);
  return length;
}

// The answer, into x->reply, x->in and x->installs. A signal without SA_RESTART cancels the request, which is answered all the
// same.
static int receive(struct connection *c, struct exchange *x, int state) {
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(FDS_MAX * sizeof(int))];
  } control;
  struct iovec parts[3] = {{&x->reply, sizeof(x->reply)}, {x->in, x->in_size}, {x->installs, sizeof(x->installs)}};
  int cancelled = 0;
  for (;;) {
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 3, .msg_control = &control, .msg_controllen = sizeof(control)};
    ssize_t length = x->cancellable ? receive_cancellable(c, &message, x->receive_flags, state)
                                    : REAL(recvmsg)(c->fd, &message, x->receive_flags);
    if (length >= (ssize_t)sizeof(x->reply)) {
      x->fd_count = 0;
      take_fds(&message, x);
      if (message.msg_flags & MSG_CTRUNC) {
        for (int i = 0; i < x->fd_count; i++) REAL(close)(x->fds[i]);
        x->fd_count = 0;
        if (x->reply.status != STATUS_ACTIONS) return -EMFILE;
        x->failed = -EMFILE;
        continue;
      }
      if (x->reply.status != STATUS_ACTIONS) return 0;
      int done = udrm_perform(x);
      if (done < 0) x->failed = done;
      continue;
    }
    // The kernel drops an answer that it cannot store, with what came beside it; but a place that no process can have is refused
    // before it looks, and the answer would be left for the next request.
    if (length < 0 && errno == EFAULT) {
      drop(c);
      return -EFAULT;
    }
    if (length >= 0 || errno != EINTR) {
      // A child that a signal handler forked meanwhile has no connection: for it the call was interrupted.
      if (c->pid != getpid()) return -EINTR;
      drop(c);
      return -ENODEV;
    }
    if (!cancelled) cancel(c, x->request.sequence);
    cancelled = 1;
  }
}

static int roundtrip(struct connection *c, int target, struct exchange *x, int state) {
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
  } control;
  x->request.sequence = ++c->sequence;
  x->request.connection = c->id;
  struct iovec parts[3] = {{&x->request, sizeof(x->request)}, {(void *)x->out, x->out_size},
                           {x->reserved, x->request.fd_count * sizeof(int)}};
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = 3};
  if (x->attached >= 0) {
    message.msg_control = &control;
    message.msg_controllen = sizeof(control);
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.header), &x->attached, sizeof(int));
  }
  int result = send_message(target, &message);
  if (result == 0) result = receive(c, x, state);
  return result;
}

void udrm_begin(struct exchange *x, uint32_t op) {
  memset(&x->request, 0, sizeof(x->request));
  x->request.op = op;
  x->out = NULL;
  x->in = NULL;
  x->out_size = x->in_size = 0;
  x->attached = -1;
  x->cancellable = 0;
  x->receive_flags = MSG_CMSG_CLOEXEC;
  x->reply.installs = 0;
  x->reply.token = 0;
  x->failed = 0;
  x->fd_count = 0;
}

static int refused(int error) {
  static int said;
  if (error == -EPERM && !__atomic_exchange_n(&said, 1, __ATOMIC_RELAXED)) {
    static const char text[] =
        "udrm: the system forbids the server to reach this program's memory (process_vm_readv): kernel.yama.ptrace_scope "
        "above 1, a seccomp filter, another user, or a program that is not dumpable\n";
    ssize_t ignored = write(2, text, sizeof(text) - 1);
    (void)ignored;
  }
  return error;
}

static int hello(struct connection *c) {
  static const uint64_t probe = 0x7564726d2d686579;
  struct ucred server;
  socklen_t length = sizeof(server);
  // The server is not always an ancestor: Yama asks for consent then. Where there is no Yama, this fails and is not needed.
  if (getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &server, &length) == 0) prctl(PR_SET_PTRACER, server.pid, 0, 0, 0);
  struct exchange x;
  udrm_begin(&x, OP_HELLO);
  x.request.argument = (uintptr_t)&probe;
  x.out = &probe;
  x.out_size = sizeof(probe);
  x.request.offset = udrm_arena(&x.request.length);
  int result = roundtrip(c, c->fd, &x, 0);
  if (result == 0) result = x.reply.result;
  if (result < 0) return refused(result);
  c->id = x.reply.token;
  return 0;
}

static int open_connection(struct connection *c) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strcpy(address.sun_path, udrm_socket());
  c->fd = -1;
  int low = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (low < 0) return -errno;
  while (connect(low, (struct sockaddr *)&address, sizeof(address)) != 0) {
    if (errno == EINTR) continue;
    REAL(close)(low);
    return -ENODEV;
  }
  c->fd = udrm_own(low, OWN_CONNECTION);
  c->pid = getpid();
  c->sequence = 0;
  c->id = 0;
  int result = hello(c);
  if (result < 0 && c->fd >= 0) drop(c);
  return result;
}

// Sends a request, by `file` or with -1 by the connection itself, and waits for its answer. 0, or -errno; -EFAULT if an
// argument's bytes are out of reach.
int udrm_exchange(int file, struct exchange *x) {
  int saved = errno, result = 0, state;
  pthread_once(&once, begin);
  // ioctl is no cancellation point.
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
  int pid = getpid();
  if (busy++ == 0 && (mine.fd < 0 || mine.pid == pid)) {
    // The program may have put another file in its place.
    if (mine.fd >= 0 && mine.fd < OWN_LIMIT && udrm_owned(mine.fd) != OWN_CONNECTION) mine.fd = -1;
    if (mine.fd < 0) {
      result = open_connection(&mine);
      if (result == 0) pthread_setspecific(key, &mine);
    }
    if (result == 0) result = roundtrip(&mine, file < 0 ? mine.fd : file, x, state);
  } else {
    // A signal handler inside an exchange of the same thread, or a vfork child, which shares the thread's memory.
    struct connection other = {.fd = -1};
    result = open_connection(&other);
    if (result == 0) result = roundtrip(&other, file < 0 ? other.fd : file, x, state);
    if (other.fd >= 0) drop(&other);
  }
  busy--;
  pthread_setcancelstate(state, NULL);
  errno = saved;
  return result;
}

// Whether this thread has a connection that is free.
int udrm_connected(void) {
  return busy == 0 && mine.fd >= 0 && mine.pid == getpid() && udrm_owned(mine.fd) == OWN_CONNECTION;
}

// The lowest free fd, taken by a duplicate of another until a file is put there. -errno.
int udrm_reserve(int like) {
  int fd = REAL(fcntl)(like, F_DUPFD_CLOEXEC, 0);
  return fd < 0 ? -errno : fd;
}
