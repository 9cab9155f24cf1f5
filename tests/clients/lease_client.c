// Leases by libdrm: one program lends a monitor to another, which shows something there by a file that it was sent.
#include "client.h"

struct pipe_objects {
  uint32_t connector, crtc, primary, cursor;
  drmModeModeInfo mode;
};

static uint64_t value(int fd, uint32_t object, uint32_t type, const char *name) {
  drmModeObjectPropertiesPtr list = drmModeObjectGetProperties(fd, object, type);
  uint64_t found = ~0ull;
  CHECK(list);
  for (uint32_t i = 0; i < list->count_props; i++) {
    drmModePropertyPtr p = drmModeGetProperty(fd, list->props[i]);
    if (strcmp(p->name, name) == 0) found = list->prop_values[i];
    drmModeFreeProperty(p);
  }
  drmModeFreeObjectProperties(list);
  return found;
}

// The objects of monitor `index`, as this file sees them.
static struct pipe_objects objects(int fd, int index) {
  struct pipe_objects p = {0};
  CHECK(drmSetClientCap(fd, DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1) == 0);
  drmModeResPtr resources = drmModeGetResources(fd);
  CHECK(resources && resources->count_crtcs > index && resources->count_connectors > index);
  p.crtc = resources->crtcs[index];
  p.connector = resources->connectors[index];
  drmModeConnectorPtr connector = drmModeGetConnector(fd, p.connector);
  CHECK(connector && connector->connection == DRM_MODE_CONNECTED && connector->count_modes > 0);
  p.mode = connector->modes[0];
  drmModePlaneResPtr planes = drmModeGetPlaneResources(fd);
  for (uint32_t i = 0; i < planes->count_planes; i++) {
    drmModePlanePtr plane = drmModeGetPlane(fd, planes->planes[i]);
    if (plane->possible_crtcs & 1u << index) {
      uint64_t type = value(fd, plane->plane_id, DRM_MODE_OBJECT_PLANE, "type");
      if (type == DRM_PLANE_TYPE_PRIMARY) p.primary = plane->plane_id;
      if (type == DRM_PLANE_TYPE_CURSOR) p.cursor = plane->plane_id;
    }
    drmModeFreePlane(plane);
  }
  drmModeFreePlaneResources(planes);
  drmModeFreeConnector(connector);
  drmModeFreeResources(resources);
  CHECK(p.primary);
  return p;
}

static uint32_t framebuffer(int fd, const drmModeModeInfo *mode, uint32_t pixel) {
  uint64_t size;
  uint32_t fb, pitch, handle = dumb(fd, mode->hdisplay, mode->vdisplay, &size, &pitch);
  uint32_t *at = map_dumb(fd, handle, size);
  for (uint64_t i = 0; i < size / 4; i++) at[i] = pixel;
  munmap(at, size);
  CHECK(drmModeAddFB(fd, mode->hdisplay, mode->vdisplay, 24, 32, pitch, handle, &fb) == 0);
  return fb;
}
static int show(int fd, const struct pipe_objects *p, uint32_t fb) {
  uint32_t connector = p->connector;
  drmModeModeInfo mode = p->mode;
  return drmModeSetCrtc(fd, p->crtc, fb, 0, 0, &connector, 1, &mode);
}
static int lend(int fd, const struct pipe_objects *p, int flags, uint32_t *id) {
  const uint32_t ids[] = {p->connector, p->crtc, p->primary, p->cursor};
  return drmModeCreateLease(fd, ids, p->cursor ? 4 : 3, flags, id);
}
static uint32_t lessees(int fd) {
  drmModeLesseeListPtr list = drmModeListLessees(fd);
  CHECK(list);
  uint32_t count = list->count;
  free(list);
  return count;
}

static void send_fd(int socket, int fd) {
  char byte = 0, space[CMSG_SPACE(sizeof(int))] = "";
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space)};
  struct cmsghdr *c = CMSG_FIRSTHDR(&message);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(c), &fd, sizeof(int));
  CHECK(sendmsg(socket, &message, 0) == 1);
}
static int receive_fd(int socket) {
  char byte, space[CMSG_SPACE(sizeof(int))];
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space)};
  int fd;
  CHECK(recvmsg(socket, &message, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&message));
  memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
  return fd;
}
static void tell(int socket, char word) { CHECK(write(socket, &word, 1) == 1); }
static char hear(int socket) {
  char word = 0;
  CHECK(read(socket, &word, 1) == 1);
  return word;
}

// The other program: it has nothing but the file that comes.
static void lessee(int socket) {
  int fd = receive_fd(socket);
  struct pipe_objects p = objects(fd, 0);
  drmModeResPtr resources = drmModeGetResources(fd);
  CHECK(resources->count_crtcs == 1 && resources->count_connectors == 1);
  drmModeObjectListPtr held = drmModeGetLease(fd);
  CHECK(held && held->count == 3 + (p.cursor != 0));
  drmModeEncoderPtr encoder = drmModeGetEncoder(fd, resources->encoders[1]);
  CHECK(encoder->possible_crtcs == 1); // the device's second CRTC is its first
  CHECK(drmIsMaster(fd) && drmGetNodeTypeFromFd(fd) == DRM_NODE_PRIMARY);
  uint32_t one = framebuffer(fd, &p.mode, 0x00204060), two = framebuffer(fd, &p.mode, 0x00608020);
  CHECK(show(fd, &p, one) == 0);
  CHECK(drmModePageFlip(fd, p.crtc, two, DRM_MODE_PAGE_FLIP_EVENT, (void *)7) == 0);
  char bytes[1024];
  CHECK(read(fd, bytes, sizeof(bytes)) == 32 && ((struct drm_event_vblank *)bytes)->user_data == 7);
  tell(socket, 's');
  // While the lessor is no master, neither is its lessee.
  CHECK(hear(socket) == 'd' && !drmIsMaster(fd) && show(fd, &p, one) == -EACCES);
  tell(socket, 'd');
  CHECK(hear(socket) == 'm' && drmIsMaster(fd) && drmDropMaster(fd) == -1 && show(fd, &p, two) == 0);
  tell(socket, 'm');
  // Revoked: nothing is there any more, and the picture stays.
  CHECK(hear(socket) == 'r' && drmIsMaster(fd) && show(fd, &p, one) == -ENOENT);
  drmModeResPtr none = drmModeGetResources(fd);
  CHECK(none->count_crtcs == 0 && none->count_connectors == 0 && none->count_encoders > 0);
  tell(socket, 'r');
  CHECK(hear(socket) == 'e');
  exit(0);
}

// The second monitor goes to another program. "shown", "dropped", "revoked" and "ended" are printed when they are so; each waits for
// a byte on stdin.
static void stop(const char *what) {
  puts(what);
  fflush(stdout);
  CHECK(getchar() == '\n');
}
static void test_lend(void) {
  int pair[2], status;
  CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) lessee(pair[1]);
  int fd = open_card();
  struct pipe_objects first = objects(fd, 0), second = objects(fd, 1);
  uint32_t id, again;
  CHECK(show(fd, &first, framebuffer(fd, &first.mode, 0x00ff0000)) == 0);
  int lease = lend(fd, &second, O_CLOEXEC, &id);
  CHECK(lease >= 0 && id == 1 && lessees(fd) == 1);
  CHECK(lend(fd, &second, 0, &again) == -EBUSY);
  struct stat ours, theirs;
  CHECK(fstat(fd, &ours) == 0 && fstat(lease, &theirs) == 0);
  CHECK(S_ISCHR(theirs.st_mode) && theirs.st_rdev == ours.st_rdev && (fcntl(lease, F_GETFD) & FD_CLOEXEC));
  CHECK(fcntl(lease, F_GETFL) == fcntl(fd, F_GETFL) && lseek(lease, 0, SEEK_SET) == lseek(fd, 0, SEEK_SET));
  send_fd(pair[0], lease);
  CHECK(close(lease) == 0);
  CHECK(hear(pair[0]) == 's');
  stop("shown");
  CHECK(drmDropMaster(fd) == 0);
  tell(pair[0], 'd');
  CHECK(hear(pair[0]) == 'd' && drmSetMaster(fd) == 0);
  tell(pair[0], 'm');
  CHECK(hear(pair[0]) == 'm');
  stop("dropped");
  CHECK(drmModeRevokeLease(fd, id) == 0 && lessees(fd) == 0 && drmModeRevokeLease(fd, 99) == -ENOENT);
  tell(pair[0], 'r');
  CHECK(hear(pair[0]) == 'r');
  stop("revoked");
  tell(pair[0], 'e');
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  // What it held is free once its file is gone, which its end has seen to.
  while (drmModeRevokeLease(fd, id) == 0) usleep(1000);
  lease = lend(fd, &second, 0, &again);
  CHECK(lease >= 0 && again == id && !(fcntl(lease, F_GETFD) & FD_CLOEXEC));
  stop("ended");
  CHECK(close(lease) == 0 && close(fd) == 0);
}

static void test_errors(void) {
  int fd = open_card();
  struct pipe_objects p = objects(fd, 0);
  uint32_t id = 0xabcdef, ids[] = {p.connector, p.crtc, p.primary, p.primary};
  CHECK(drmModeCreateLease(fd, ids, 3, 1, &id) == -EINVAL && drmModeCreateLease(fd, ids, 2, 0, &id) == -EINVAL);
  CHECK(drmModeCreateLease(fd, ids, 4, 0, &id) == -ENOSPC);
  CHECK(drmModeCreateLease(fd, (const uint32_t *)8, 3, 0, &id) == -EFAULT);
  ids[3] = 0xdead;
  CHECK(drmModeCreateLease(fd, ids, 4, 0, &id) == -ENOENT && lessees(fd) == 0);
  // No number is left.
  struct rlimit before, limit;
  int lowest = dup(0);
  CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0 && close(lowest) == 0);
  limit = before;
  limit.rlim_cur = lowest;
  CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  CHECK(drmModeCreateLease(fd, ids, 3, 0, &id) == -EMFILE);
  CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0 && lessees(fd) == 0);
  int lease = drmModeCreateLease(fd, ids, 3, O_NONBLOCK, &id);
  CHECK(lease == lowest && id == 1);
  uint32_t more;
  CHECK(drmModeCreateLease(lease, ids, 0, 0, &more) == -EINVAL && drmModeRevokeLease(lease, id) == -EACCES);
  CHECK(drmModeCreateLease(lease, ids, 3, 0, &more) == -EINVAL);
  // A second program is no master; it can neither lend nor look.
  int other = open_card();
  CHECK(drmModeCreateLease(other, ids, 3, 0, &more) == -EACCES && drmModeListLessees(other) == NULL);
  // The lessor's end is the end of the lease, not of its file.
  CHECK(close(fd) == 0);
  while (drmIsMaster(lease)) usleep(1000);
  drmModeResPtr resources = drmModeGetResources(lease);
  CHECK(resources && resources->count_crtcs == 0 && drmModeGetLease(lease) == NULL);
  CHECK(close(lease) == 0 && close(other) == 0);
}

// A thousand leases, one after the other: neither numbers nor ids are used up.
static void test_again(void) {
  int fd = open_card();
  struct pipe_objects p = objects(fd, 0);
  int first = -1;
  for (int i = 0; i < 1000; i++) {
    uint32_t id;
    int lease;
    while ((lease = lend(fd, &p, O_CLOEXEC, &id)) == -EBUSY) usleep(100); // the last one's end is on its way
    if (first < 0) first = lease;
    CHECK(lease == first && id == 1);
    CHECK(close(lease) == 0);
  }
  CHECK(close(fd) == 0);
}

static const struct test tests[] = {
    {"lend", test_lend}, {"errors", test_errors}, {"again", test_again}, {NULL, NULL},
};

int main(int count, char **words) {
  if (count < 2) return 3;
  return run_tests(tests, words + 1);
}
