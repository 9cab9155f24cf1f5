// The reference of the door's bench: a server in C for the same client library, by the same messages. It does for GET_CAP what the
// real one does and no less: an epoll loop, a message with the kernel's word on who sent it, the connection that is to have the
// answer looked up and held against the sender, the request found in a table, its argument copied in and out by size and
// direction, one answer. Greetings reach the client's memory by process_vm_readv. FOLDER/root must hold the tree.
//   door_server FOLDER
#include "../../drivers/chardev/preload/shim/shim.h"

#include <drm.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define WATCHES 1024
#define EVENTS 64

enum { FREE, CONNECTION, FILE_END };

struct file_state {
  uint64_t opened_flags;
  int authenticated, is_master;
};

struct watch {
  int kind, socket, pid, pidfd, greeted;
  struct file_state file;
};

static struct watch watches[WATCHES];
static int epoll, listener;
static char key[64];
static unsigned files;

static struct {
  union {
    struct request request;
    struct reply reply;
  };
  unsigned char data[INLINE_MAX + FDS_MAX * 8];
} message;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static int watch(int kind, int socket) {
  for (int i = 1; i < WATCHES; i++) {
    if (watches[i].kind != FREE) continue;
    watches[i] = (struct watch){.kind = kind, .socket = socket, .pidfd = -1};
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event) != 0) die("epoll_ctl");
    return i;
  }
  fprintf(stderr, "door_server: too many clients\n");
  exit(1);
}

static void drop(struct watch *w) {
  close(w->socket);
  if (w->pidfd >= 0) close(w->pidfd);
  w->kind = FREE;
}

static void pass_credentials(int socket) {
  int on = 1;
  if (setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) != 0) die("SO_PASSCRED");
}

static void answer(struct watch *to, uint32_t sequence, int result, size_t data, uint32_t token, int fd) {
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
  } control;
  struct iovec part = {&message, sizeof(message.reply) + data};
  struct msghdr out = {.msg_iov = &part, .msg_iovlen = 1};
  memset(&message.reply, 0, sizeof(message.reply));
  message.reply.sequence = sequence;
  message.reply.result = result;
  message.reply.data_length = data;
  message.reply.token = token;
  if (fd >= 0) {
    out.msg_control = &control;
    out.msg_controllen = sizeof(control);
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));
  }
  if (sendmsg(to->socket, &out, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) drop(to);
}

static int hello(struct watch *w) {
  uint64_t found = 0;
  struct iovec local = {&found, sizeof(found)}, remote = {(void *)(uintptr_t)message.request.argument, sizeof(found)};
  if (w->greeted) return -EINVAL;
  if (process_vm_readv(w->pid, &local, 1, &remote, 1, 0) != sizeof(found)) return -EPERM;
  if (memcmp(&found, message.data, sizeof(found)) != 0) return -EPERM;
  w->pidfd = syscall(SYS_pidfd_open, w->pid, 0);
  w->greeted = 1;
  return 0;
}

static int open_node(void) {
  int pair[2];
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) die("socketpair");
  int length = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "%s/card0/%u", key, files++);
  if (bind(pair[0], (struct sockaddr *)&name, offsetof(struct sockaddr_un, sun_path) + 1 + length) != 0) die("bind");
  pass_credentials(pair[0]);
  watches[watch(FILE_END, pair[0])].file = (struct file_state){message.request.command, 1, 1};
  return pair[1];
}

static int get_cap(struct file_state *file, void *argument) {
  struct drm_get_cap *cap = argument;
  (void)file;
  cap->value = 0;
  switch (cap->capability) {
  case DRM_CAP_TIMESTAMP_MONOTONIC:
  case DRM_CAP_DUMB_BUFFER:
    cap->value = 1;
    return 0;
  case DRM_CAP_PRIME:
    cap->value = DRM_PRIME_CAP_IMPORT | DRM_PRIME_CAP_EXPORT;
    return 0;
  default:
    return -EINVAL;
  }
}

static int get_magic(struct file_state *file, void *argument) {
  (void)file;
  ((struct drm_auth *)argument)->magic = 1;
  return 0;
}

enum { NEEDS_AUTH = 1, NEEDS_MASTER = 2 };
static const struct line {
  uint32_t command, flags;
  int (*handler)(struct file_state *, void *);
} table[256] = {
    [_IOC_NR(DRM_IOCTL_GET_CAP)] = {DRM_IOCTL_GET_CAP, 0, get_cap},
    [_IOC_NR(DRM_IOCTL_GET_MAGIC)] = {DRM_IOCTL_GET_MAGIC, 0, get_magic},
};

static int do_ioctl(struct file_state *file, size_t received, size_t *data) {
  unsigned char argument[256];
  uint32_t command = message.request.command, size = _IOC_SIZE(command);
  const struct line *line = &table[_IOC_NR(command)];
  if (!(message.request.flags & REQUEST_INLINE) || size == 0 || size > INLINE_MAX) return -EINVAL;
  if (line->handler == NULL) return -EINVAL;
  uint32_t own = _IOC_SIZE(line->command), in = 0;
  if (_IOC_DIR(command) & _IOC_DIR(line->command) & _IOC_WRITE) {
    if (received < sizeof(struct request) + size) return -EINVAL;
    in = size < own ? size : own;
    memcpy(argument, message.data, in);
  }
  memset(argument + in, 0, own - in);
  if ((line->flags & NEEDS_AUTH) && !file->authenticated) return -EACCES;
  if ((line->flags & NEEDS_MASTER) && !file->is_master) return -EACCES;
  int result = line->handler(file, argument);
  if (_IOC_DIR(command) & _IOC_DIR(line->command) & _IOC_READ) {
    memcpy(message.data, argument, size < own ? size : own);
    *data = size;
  }
  return result;
}

static void handle(struct watch *from, size_t received, int sender, int attached) {
  uint32_t sequence = message.request.sequence, id = message.request.connection;
  struct watch *to = from;
  if (attached >= 0) close(attached);
  if (received < sizeof(struct request)) return;
  if (from->kind == FILE_END) {
    if (id >= WATCHES || watches[id].kind != CONNECTION) return;
    to = &watches[id];
  }
  if (to->pid != sender) return;
  if (message.request.op == OP_HELLO) return answer(to, sequence, hello(to), 0, to - watches, -1);
  if (!to->greeted) return answer(to, sequence, -EINVAL, 0, 0, -1);
  if (message.request.op == OP_OPEN && from->kind == CONNECTION) {
    int fd = open_node();
    answer(to, sequence, 0, 0, 0, fd);
    close(fd);
  } else if (message.request.op == OP_IOCTL && from->kind == FILE_END) {
    size_t data = 0;
    int result = do_ioctl(&from->file, received, &data);
    answer(to, sequence, result, data, 0, -1);
  } else {
    answer(to, sequence, -EINVAL, 0, 0, -1);
  }
}

static void take(struct watch *w) {
  char control[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(253 * sizeof(int))];
  struct iovec part = {&message, sizeof(message)};
  struct msghdr in = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
  ssize_t received = recvmsg(w->socket, &in, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  int sender = 0, attached = -1;
  if (received <= 0) {
    if (received == 0 || (errno != EAGAIN && errno != EINTR)) drop(w);
    return;
  }
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&in); c; c = CMSG_NXTHDR(&in, c)) {
    if (c->cmsg_level != SOL_SOCKET) continue;
    if (c->cmsg_type == SCM_CREDENTIALS) memcpy(&sender, CMSG_DATA(c) + offsetof(struct ucred, pid), sizeof(int));
    if (c->cmsg_type == SCM_RIGHTS) memcpy(&attached, CMSG_DATA(c), sizeof(int));
  }
  if (in.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) return;
  handle(w, received, sender, attached);
}

int main(int argc, char **argv) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (argc != 2) return 2;
  const char *slash = strrchr(argv[1], '/');
  snprintf(key, sizeof(key), "%s", slash ? slash + 1 : argv[1]);
  snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", argv[1]);
  epoll = epoll_create1(EPOLL_CLOEXEC);
  listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(listener, 128) != 0) die(argv[1]);
  pass_credentials(listener);
  watch(CONNECTION, listener); // the first: number 1
  printf("ready\n");
  fflush(stdout);
  for (;;) {
    struct epoll_event events[EVENTS];
    int count = epoll_wait(epoll, events, EVENTS, -1);
    for (int i = 0; i < count; i++) {
      struct watch *w = &watches[events[i].data.u32];
      if (w->socket != listener) {
        if (w->kind != FREE) take(w);
        continue;
      }
      int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
      struct ucred peer;
      socklen_t length = sizeof(peer);
      if (fd < 0) continue;
      pass_credentials(fd);
      if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) die("SO_PEERCRED");
      watches[watch(CONNECTION, fd)].pid = peer.pid;
    }
  }
}
