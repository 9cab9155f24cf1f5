// What is shown: events, flips, atomic commits with fences.
#include "client.h"

struct screen {
  int fd;
  uint32_t crtc, connector, fb[2];
  drmModeModeInfo mode;
};
static void fill(int fd, uint32_t handle, uint64_t size, uint32_t pixel) {
  uint32_t *at = map_dumb(fd, handle, size);
  for (uint64_t i = 0; i < size / 4; i++) at[i] = pixel;
  munmap(at, size);
}
static struct screen screen(void) {
  struct screen s = {.fd = open_card()};
  drmModeResPtr resources = drmModeGetResources(s.fd);
  CHECK(resources && resources->count_crtcs > 0);
  drmModeConnectorPtr connector = drmModeGetConnector(s.fd, resources->connectors[0]);
  CHECK(connector && connector->connection == DRM_MODE_CONNECTED && connector->count_modes > 0);
  s.crtc = resources->crtcs[0];
  s.connector = connector->connector_id;
  s.mode = connector->modes[0];
  for (int i = 0; i < 2; i++) {
    uint64_t size;
    uint32_t pitch, handle = dumb(s.fd, s.mode.hdisplay, s.mode.vdisplay, &size, &pitch);
    fill(s.fd, handle, size, i ? 0x00204060 : 0x00c08040);
    CHECK(drmModeAddFB(s.fd, s.mode.hdisplay, s.mode.vdisplay, 24, 32, pitch, handle, &s.fb[i]) == 0);
  }
  CHECK(drmModeSetCrtc(s.fd, s.crtc, s.fb[0], 0, 0, &s.connector, 1, &s.mode) == 0);
  return s;
}
static void nothing(int number) { (void)number; }
static void alarm_in(int milliseconds, int flags) {
  struct sigaction action = {.sa_handler = nothing, .sa_flags = flags};
  CHECK(sigaction(SIGALRM, &action, NULL) == 0);
  struct itimerval timer = {.it_value = {.tv_usec = milliseconds * 1000}};
  CHECK(setitimer(ITIMER_REAL, &timer, NULL) == 0);
}

static void test_events(void) {
  struct screen s = screen();
  char bytes[1024];
  struct drm_event_vblank *event = (struct drm_event_vblank *)bytes;
  struct pollfd ready = {.fd = s.fd, .events = POLLIN};
  CHECK(poll(&ready, 1, 0) == 0);
  CHECK(fcntl(s.fd, F_SETFL, O_RDWR | O_NONBLOCK) == 0);
  FAILS(read(s.fd, bytes, sizeof(bytes)), EAGAIN);
  CHECK(drmModePageFlip(s.fd, s.crtc, s.fb[1], DRM_MODE_PAGE_FLIP_EVENT, (void *)0x1234567890) == 0);
  CHECK(poll(&ready, 1, 2000) == 1 && ready.revents == POLLIN);
  // Too little room: nothing, and it is still there. Out of reach: the same.
  CHECK(read(s.fd, bytes, 31) == 0 && poll(&ready, 1, 0) == 1);
  void *volatile nowhere = (void *)8;
  FAILS(read(s.fd, nowhere, 1024), EFAULT);
  CHECK(read(s.fd, bytes, sizeof(bytes)) == 32);
  CHECK(event->base.type == DRM_EVENT_FLIP_COMPLETE && event->user_data == 0x1234567890 && event->crtc_id == s.crtc);
  CHECK(poll(&ready, 1, 0) == 0);
  FAILS(read(s.fd, bytes, sizeof(bytes)), EAGAIN);
  // Blocking, and by epoll of a duplicate.
  CHECK(fcntl(s.fd, F_SETFL, O_RDWR) == 0);
  CHECK(drmModePageFlip(s.fd, s.crtc, s.fb[0], DRM_MODE_PAGE_FLIP_EVENT, NULL) == 0);
  CHECK(read(s.fd, bytes, sizeof(bytes)) == 32);
  CHECK(poll(&ready, 1, 0) == 0);
  int set = epoll_create1(0), copy = dup(s.fd);
  struct epoll_event wanted = {.events = EPOLLIN}, got;
  CHECK(epoll_ctl(set, EPOLL_CTL_ADD, copy, &wanted) == 0 && epoll_wait(set, &got, 1, 0) == 0);
  CHECK(drmModePageFlip(s.fd, s.crtc, s.fb[1], DRM_MODE_PAGE_FLIP_EVENT, NULL) == 0);
  CHECK(epoll_wait(set, &got, 1, 2000) == 1);
  CHECK(drmModePageFlip(s.fd, s.crtc, s.fb[0], DRM_MODE_PAGE_FLIP_EVENT, NULL) == 0);
  usleep(50000);
  CHECK(read(copy, bytes, sizeof(bytes)) == 64 && poll(&ready, 1, 0) == 0);
  // Signals.
  alarm_in(50, 0);
  FAILS(read(s.fd, bytes, sizeof(bytes)), EINTR);
  alarm_in(50, SA_RESTART);
  CHECK(drmModePageFlip(s.fd, s.crtc, s.fb[1], 0, NULL) == 0);
  uint32_t handle, first;
  CHECK(drmSyncobjCreate(s.fd, 0, &handle) == 0);
  double start = now();
  CHECK(drmSyncobjWait(s.fd, &handle, 1, absolute(0.2), DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT, &first) == -ETIME);
  CHECK(now() - start >= 0.199);
  alarm_in(50, 0);
  struct drm_syncobj_wait wait = {.handles = (uintptr_t)&handle, .count_handles = 1, .timeout_nsec = absolute(10),
                                  .flags = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT};
  start = now();
  FAILS(ioctl(s.fd, DRM_IOCTL_SYNCOBJ_WAIT, &wait), EINTR);
  CHECK(now() - start < 5);
  puts("shown");
  fflush(stdout);
  CHECK(getchar() == EOF);
}

static uint32_t property(int fd, uint32_t object, uint32_t type, const char *name, uint64_t *value) {
  drmModeObjectPropertiesPtr list = drmModeObjectGetProperties(fd, object, type);
  CHECK(list);
  uint32_t found = 0;
  for (uint32_t i = 0; i < list->count_props; i++) {
    drmModePropertyPtr p = drmModeGetProperty(fd, list->props[i]);
    if (strcmp(p->name, name) == 0) {
      found = p->prop_id;
      if (value) *value = list->prop_values[i];
    }
    drmModeFreeProperty(p);
  }
  drmModeFreeObjectProperties(list);
  CHECK(found);
  return found;
}

// A commit that gives out a fence, and one that takes it in.
static void test_fences(void) {
  struct screen s = screen();
  CHECK(drmSetClientCap(s.fd, DRM_CLIENT_CAP_ATOMIC, 1) == 0);
  drmModePlaneResPtr planes = drmModeGetPlaneResources(s.fd);
  uint32_t plane = 0;
  for (uint32_t i = 0; i < planes->count_planes; i++) {
    uint64_t type;
    property(s.fd, planes->planes[i], DRM_MODE_OBJECT_PLANE, "type", &type);
    if (type == DRM_PLANE_TYPE_PRIMARY) plane = planes->planes[i];
  }
  int lowest = dup(0), fence = -7;
  close(lowest);
  drmModeAtomicReqPtr request = drmModeAtomicAlloc();
  drmModeAtomicAddProperty(request, plane, property(s.fd, plane, DRM_MODE_OBJECT_PLANE, "FB_ID", NULL), s.fb[1]);
  int cursor = drmModeAtomicGetCursor(request);
  uint32_t out = property(s.fd, s.crtc, DRM_MODE_OBJECT_CRTC, "OUT_FENCE_PTR", NULL);
  drmModeAtomicAddProperty(request, s.crtc, out, (uintptr_t)&fence);
  CHECK(drmModeAtomicCommit(s.fd, request, DRM_MODE_ATOMIC_TEST_ONLY, NULL) == 0 && fence == -1);
  FAILS(fcntl(lowest, F_GETFD), EBADF);
  CHECK(drmModeAtomicCommit(s.fd, request, DRM_MODE_ATOMIC_NONBLOCK, NULL) == 0 && fence == lowest);
  struct pollfd ready = {.fd = fence, .events = POLLIN};
  CHECK((fcntl(fence, F_GETFD) & FD_CLOEXEC) && poll(&ready, 1, 2000) == 1 && ready.revents == POLLIN);
  drmModeAtomicSetCursor(request, cursor);
  drmModeAtomicAddProperty(request, plane, property(s.fd, plane, DRM_MODE_OBJECT_PLANE, "IN_FENCE_FD", NULL), fence);
  CHECK(drmModeAtomicCommit(s.fd, request, 0, NULL) == 0);
  drmModeAtomicSetCursor(request, cursor);
  drmModeAtomicAddProperty(request, plane, property(s.fd, plane, DRM_MODE_OBJECT_PLANE, "IN_FENCE_FD", NULL), 0);
  FAILS(drmModeAtomicCommit(s.fd, request, 0, NULL) == 0 ? 0 : (-1), EINVAL);
  // Where the number cannot be told, nothing is given out.
  drmModeAtomicSetCursor(request, cursor);
  drmModeAtomicAddProperty(request, s.crtc, out, 8);
  FAILS(drmModeAtomicCommit(s.fd, request, 0, NULL) == 0 ? 0 : (-1), EFAULT);
  CHECK(close(fence) == 0 && dup(0) == lowest);
}

static const struct test tests[] = {
    {"events", test_events}, {"fences", test_fences},
    {NULL, NULL},
};

int main(int count, char **words) {
  (void)count;
  return run_tests(tests, words + 1);
}
