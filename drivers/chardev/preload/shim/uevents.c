// Sockets for uevents (netlink(7), NETLINK_KOBJECT_UEVENT), as libudev's monitors use them. Only the kernel can speak there, so
// that the program gets a datagram socket in DIR/uevents instead, to which the server writes the same messages. Its name says
// which groups it has joined, 1 the kernel's and 2 udev's: "GROUPS-PID-NUMBER".
#include "shim.h"

#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

// Whether this process has ever had such a socket: others need not look at every message that they receive.
static int ever;

static int fail(int error) {
  errno = error;
  return -1;
}

static size_t folder(char *out, size_t size) {
  const char *slash = strrchr(udrm_socket(), '/');
  int length = snprintf(out, size, "%.*s/uevents/", (int)(slash - udrm_socket()), udrm_socket());
  return length > 0 && (size_t)length < size ? (size_t)length : 0;
}

// The groups of a socket of ours, -1 for others.
static int groups_of(int fd, uint32_t *pid) {
  struct sockaddr_un address;
  socklen_t length = sizeof(address);
  char place[sizeof(address.sun_path)], *end;
  if (!ever) return -1;
  int saved = errno;
  memset(&address, 0, sizeof(address));
  int known = REAL(getsockname)(fd, (struct sockaddr *)&address, &length) == 0;
  errno = saved;
  size_t root = folder(place, sizeof(place));
  if (!known || root == 0 || address.sun_family != AF_UNIX || strncmp(address.sun_path, place, root) != 0) return -1;
  int groups = strtol(address.sun_path + root, &end, 10);
  *pid = *end == '-' ? strtoul(end + 1, NULL, 10) : 0;
  return groups;
}

EXPORT int socket(int domain, int type, int protocol) {
  int kind = type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (domain != AF_NETLINK || protocol != NETLINK_KOBJECT_UEVENT || (kind != SOCK_RAW && kind != SOCK_DGRAM) ||
      !udrm_active()) {
    return REAL(socket)(domain, type, protocol);
  }
  __atomic_store_n(&ever, 1, __ATOMIC_RELAXED);
  return REAL(socket)(AF_UNIX, SOCK_DGRAM | (type & (SOCK_CLOEXEC | SOCK_NONBLOCK)), 0);
}

static int join(int fd, uint32_t groups) {
  static unsigned count;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t root = folder(address.sun_path, sizeof(address.sun_path));
  if (root == 0) return fail(ENAMETOOLONG);
  for (int tries = 0; tries < 1000; tries++) {
    unsigned number = __atomic_fetch_add(&count, 1, __ATOMIC_RELAXED);
    size_t left = sizeof(address.sun_path) - root;
    int length = snprintf(address.sun_path + root, left, "%u-%d-%u", groups & 3, (int)getpid(), number);
    if (length < 0 || (size_t)length >= left) return fail(ENAMETOOLONG);
    if (REAL(bind)(fd, (struct sockaddr *)&address, sizeof(address)) == 0) return 0;
    if (errno != EADDRINUSE) return -1;
  }
  return -1;
}

static int is_local(int fd) {
  int domain;
  socklen_t length = sizeof(domain);
  return REAL(getsockopt)(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_UNIX;
}

EXPORT int bind(int fd, const struct sockaddr *address, socklen_t length) {
  if (!ever || !address || length < sizeof(struct sockaddr_nl) || address->sa_family != AF_NETLINK || !is_local(fd)) {
    return REAL(bind)(fd, address, length);
  }
  uint32_t groups = ((const struct sockaddr_nl *)address)->nl_groups & 3;
  return groups ? join(fd, groups) : 0;
}

EXPORT int setsockopt(int fd, int level, int option, const void *value, socklen_t length) {
  uint32_t group;
  if (!ever || level != SOL_NETLINK || !is_local(fd)) return REAL(setsockopt)(fd, level, option, value, length);
  if (option != NETLINK_ADD_MEMBERSHIP) return 0;
  if (length < sizeof(group)) return fail(EINVAL);
  memcpy(&group, value, sizeof(group));
  if (group < 1 || group > 32) return fail(EINVAL);
  return group > 2 ? 0 : join(fd, group);
}

static void give_address(struct sockaddr *out, socklen_t *length, socklen_t room, uint32_t pid, int groups) {
  struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_pid = pid, .nl_groups = groups};
  memcpy(out, &address, room < sizeof(address) ? room : sizeof(address));
  *length = sizeof(address);
}

EXPORT int getsockname(int fd, struct sockaddr *address, socklen_t *length) {
  uint32_t pid;
  int groups = address && length ? groups_of(fd, &pid) : -1;
  if (groups < 0) return REAL(getsockname)(fd, address, length);
  give_address(address, length, *length, pid, groups);
  return 0;
}

// The kernel's messages come from nobody, udev's from a process of root's.
static int sender(const void *message, size_t length) {
  return length >= 8 && memcmp(message, "libudev", 8) == 0 ? 2 : 1;
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
  uint32_t pid;
  socklen_t room = message ? message->msg_namelen : 0;
  ssize_t length = REAL(recvmsg)(fd, message, flags);
  if (length < 0 || groups_of(fd, &pid) < 0) return length;
  int from = message->msg_iovlen > 0 ? sender(message->msg_iov[0].iov_base, message->msg_iov[0].iov_len) : 1;
  if (message->msg_name) {
    give_address(message->msg_name, &message->msg_namelen, room, from == 2 ? 1 : 0, from);
  }
  for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS) continue;
    struct ucred root = {.pid = from == 2 ? 1 : 0};
    memcpy(CMSG_DATA(c), &root, sizeof(root));
  }
  return length;
}

EXPORT ssize_t recvfrom(int fd, void *buffer, size_t size, int flags, struct sockaddr *address, socklen_t *addrlen) {
  uint32_t pid;
  socklen_t room = address && addrlen ? *addrlen : 0;
  ssize_t length = REAL(recvfrom)(fd, buffer, size, flags, address, addrlen);
  if (length < 0 || !address || !addrlen || groups_of(fd, &pid) < 0) return length;
  int from = sender(buffer, size);
  give_address(address, addrlen, room, from == 2 ? 1 : 0, from);
  return length;
}
