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

int udrm_owned(int fd) { return fd >= 0 && fd < OWN_LIMIT && __atomic_load_n(&own[fd], __ATOMIC_RELAXED); }
void udrm_disown(int fd) {
  if (fd >= 0 && fd < OWN_LIMIT) __atomic_store_n(&own[fd], 0, __ATOMIC_RELAXED);
}

static void drop(struct connection *c) {
  // An fd that is ours no more was replaced by the program.
  if (c->fd >= OWN_LIMIT || udrm_owned(c->fd)) {
    udrm_disown(c->fd);
    REAL(close)(c->fd);
  }
  c->fd = -1;
}

static void thread_ends(void *unused) {
  (void)unused;
  if (mine.fd >= 0) drop(&mine);
}

// The child's copies of the parent's connections are nobody's.
static void forked(void) {
  for (int fd = 0; fd < OWN_LIMIT; fd++) {
    if (!own[fd]) continue;
    own[fd] = 0;
    REAL(close)(fd);
  }
  mine.fd = -1;
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
      if (poll(&room, 1, -1) < 0 && errno != EINTR) return -errno;
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

// The answer, into x->reply, x->in and x->installs. A signal without SA_RESTART cancels the request, which is answered all the
// same.
static int receive(struct connection *c, struct exchange *x) {
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(FDS_MAX * sizeof(int))];
  } control;
  struct iovec parts[3] = {{&x->reply, sizeof(x->reply)}, {x->in, x->in_size}, {x->installs, sizeof(x->installs)}};
  int cancelled = 0;
  for (;;) {
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 3, .msg_control = &control, .msg_controllen = sizeof(control)};
    ssize_t length = recvmsg(c->fd, &message, x->receive_flags);
    if (length >= (ssize_t)sizeof(x->reply)) {
      x->fd_count = 0;
      take_fds(&message, x);
      if (message.msg_flags & MSG_CTRUNC) {
        for (int i = 0; i < x->fd_count; i++) REAL(close)(x->fds[i]);
        x->fd_count = 0;
        return -EMFILE;
      }
      return 0;
    }
    // The kernel has dropped the answer with what came beside it.
    if (length < 0 && errno == EFAULT) return -EFAULT;
    if (length >= 0 || errno != EINTR) {
      drop(c);
      return -ENODEV;
    }
    if (!cancelled) cancel(c, x->request.sequence);
    cancelled = 1;
  }
}

static int roundtrip(struct connection *c, int target, struct exchange *x) {
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
  if (result == 0) result = receive(c, x);
  return result;
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
  memset(&x.request, 0, sizeof(x.request));
  x.request.op = OP_HELLO;
  x.request.argument = (uintptr_t)&probe;
  x.out = &probe;
  x.out_size = sizeof(probe);
  x.in = NULL;
  x.in_size = 0;
  x.attached = -1;
  x.receive_flags = MSG_CMSG_CLOEXEC;
  int result = roundtrip(c, c->fd, &x);
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
  int fd = fcntl(low, F_DUPFD_CLOEXEC, OWN_BASE);
  if (fd < 0) fd = low;
  else REAL(close)(low);
  c->fd = fd;
  c->pid = getpid();
  c->sequence = 0;
  c->id = 0;
  if (fd < OWN_LIMIT) __atomic_store_n(&own[fd], 1, __ATOMIC_RELAXED);
  int result = hello(c);
  if (result < 0 && c->fd >= 0) drop(c);
  return result;
}

// Whether the thread's connection can be used: it is of this process (a vfork child shares the thread's memory) and nobody has
// put another file in its place.
static int usable(struct connection *c) {
  return c->fd >= 0 && c->pid == getpid() && (c->fd >= OWN_LIMIT || udrm_owned(c->fd));
}

// Sends a request, by `file` or with -1 by the connection itself, and waits for its answer. 0, or -errno; -EFAULT if an
// argument's bytes are out of reach.
int udrm_exchange(int file, struct exchange *x) {
  int saved = errno;
  int result = 0;
  pthread_once(&once, begin);
  if (busy++ == 0) {
    if (!usable(&mine)) {
      if (mine.fd >= 0 && mine.pid == getpid()) drop(&mine);
      result = open_connection(&mine);
      if (result == 0) pthread_setspecific(key, &mine);
    }
    if (result == 0) result = roundtrip(&mine, file < 0 ? mine.fd : file, x);
  } else {
    // A signal handler inside an exchange of the same thread.
    struct connection other = {.fd = -1};
    result = open_connection(&other);
    if (result == 0) result = roundtrip(&other, file < 0 ? other.fd : file, x);
    if (other.fd >= 0) drop(&other);
  }
  busy--;
  errno = saved;
  return result;
}

// The lowest free fd, taken by a duplicate of another until a file is put there. -errno.
int udrm_reserve(int like) {
  int fd = fcntl(like, F_DUPFD_CLOEXEC, 0);
  return fd < 0 ? -errno : fd;
}
