// The client beside a fuzzer, or any other mischief: all that it does must go as if it were alone. It goes on until stdin ends, and
// prints how many rounds it did. Each word on the command line is a node; one round does everything on each. With the word "reset"
// before the nodes it switches displays off instead.
#include "client.h"

// What the kernel answers to bad pointers and bad numbers.
static void refusals(int fd) {
  struct drm_get_cap cap = {.capability = DRM_CAP_PRIME};
  char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(pages != MAP_FAILED && mprotect(pages + 4096, 4096, PROT_NONE) == 0);
  CHECK(ioctl(fd, DRM_IOCTL_GET_CAP, &cap) == 0 && cap.value == 3);
  FAILS(ioctl(fd, DRM_IOCTL_GET_CAP, NULL), EFAULT);
  FAILS(ioctl(fd, DRM_IOCTL_GET_CAP, pages + 4096), EFAULT);
  FAILS(ioctl(fd, DRM_IOCTL_GET_CAP, pages + 4096 - 8), EFAULT);
  memcpy(pages, &cap, sizeof(cap));
  CHECK(mprotect(pages, 4096, PROT_READ) == 0);
  FAILS(ioctl(fd, DRM_IOCTL_GET_CAP, pages), EFAULT);
  // A driver without a display has none of the further ones (drm_getcap).
  cap.capability = DRM_CAP_DUMB_PREFERRED_DEPTH;
  int refused = ioctl(fd, DRM_IOCTL_GET_CAP, &cap) == 0 ? EINVAL : EOPNOTSUPP;
  cap.capability = 0x1234;
  FAILS(ioctl(fd, DRM_IOCTL_GET_CAP, &cap), refused);
  FAILS(ioctl(fd, DRM_IOWR(0xff, struct drm_get_cap), &cap), EINVAL);
  FAILS(ioctl(fd, _IO('x', 0x0c), &cap), ENOTTY);
  // A caller's struct may be shorter than the kernel's, or longer: what is beyond is left alone.
  struct {
    struct drm_get_cap cap;
    uint64_t beyond;
  } longer = {{DRM_CAP_PRIME, 0}, 42};
  CHECK(ioctl(fd, DRM_IOWR(0x0c, longer), &longer) == 0 && longer.cap.value == 3 && longer.beyond == 42);
  cap = (struct drm_get_cap){DRM_CAP_PRIME, 77};
  CHECK(ioctl(fd, DRM_IOWR(0x0c, uint64_t), &cap) == 0 && cap.value == 77);
  // A place that no process can have, for a request that only answers: the next answer is that of the next request.
  FAILS(ioctl(fd, DRM_IOCTL_GET_MAGIC, (void *)0xffff800000000000), EFAULT);
  cap = (struct drm_get_cap){DRM_CAP_PRIME, 0};
  CHECK(ioctl(fd, DRM_IOCTL_GET_CAP, &cap) == 0 && cap.value == 3);
  struct drm_gem_close none = {.handle = 0x7fffffff};
  FAILS(ioctl(fd, DRM_IOCTL_GEM_CLOSE, &none), EINVAL);
  FAILS(ioctl(-1, DRM_IOCTL_GET_CAP, &cap), EBADF);
  munmap(pages, 8192);
}

// A buffer is what was written, through handles, dma-bufs and mappings.
static void buffers(int fd, uint32_t round) {
  uint64_t size;
  uint32_t handle = dumb(fd, 64, 64, &size, NULL), again;
  uint32_t *pixels = map_dumb(fd, handle, size);
  int prime, other = open_card();
  for (size_t i = 0; i < size / 4; i++) CHECK(pixels[i] == 0);
  for (size_t i = 0; i < size / 4; i++) pixels[i] = round * 0x01000193 + i;
  CHECK(drmPrimeHandleToFD(fd, handle, DRM_CLOEXEC | DRM_RDWR, &prime) == 0);
  CHECK(lseek(prime, 0, SEEK_END) == (off_t)size);
  CHECK(drmPrimeFDToHandle(other, prime, &again) == 0);
  CHECK(drmCloseBufferHandle(fd, handle) == 0);
  uint32_t *same = map_dumb(other, again, size);
  for (size_t i = 0; i < size / 4; i++) CHECK(same[i] == round * 0x01000193 + i);
  munmap(same, size);
  munmap(pixels, size);
  close(prime);
  CHECK(drmCloseBufferHandle(other, again) == 0);
  FAILS(drmCloseBufferHandle(other, again), EINVAL);
  close(other);
}

static void syncobjs(int fd) {
  uint32_t handle;
  uint64_t has = 0;
  if (drmGetCap(fd, DRM_CAP_SYNCOBJ, &has) != 0 || has == 0) return;
  CHECK(drmSyncobjCreate(fd, 0, &handle) == 0);
  CHECK(drmSyncobjWait(fd, &handle, 1, absolute(0.001), DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT, NULL) == -ETIME);
  CHECK(drmSyncobjSignal(fd, &handle, 1) == 0);
  CHECK(drmSyncobjWait(fd, &handle, 1, absolute(1), 0, NULL) == 0);
  CHECK(drmSyncobjDestroy(fd, handle) == 0);
  CHECK(drmSyncobjWait(fd, &handle, 1, absolute(1), 0, NULL) == -ENOENT);
}

// Switches a display off and takes every buffer and blob from its objects: such things outlive the client that set them.
static void reset(int fd) {
  drmModeAtomicReq *request = drmModeAtomicAlloc();
  uint32_t objects[256], types[256], count = 0;
  if (drmSetClientCap(fd, DRM_CLIENT_CAP_ATOMIC, 1) != 0) return; // no display
  drmSetClientCap(fd, DRM_CLIENT_CAP_WRITEBACK_CONNECTORS, 1);
  drmSetClientCap(fd, 6 /* CURSOR_PLANE_HOTSPOT: else virtual devices hide their cursor planes */, 1);
  CHECK(drmSetMaster(fd) == 0);
  drmModeRes *res = drmModeGetResources(fd);
  drmModePlaneRes *planes = drmModeGetPlaneResources(fd);
  CHECK(res != NULL && planes != NULL && res->count_crtcs + res->count_connectors + planes->count_planes < 256);
  for (int i = 0; i < res->count_crtcs; i++, count++) objects[count] = res->crtcs[i], types[count] = DRM_MODE_OBJECT_CRTC;
  for (int i = 0; i < res->count_connectors; i++, count++) {
    objects[count] = res->connectors[i], types[count] = DRM_MODE_OBJECT_CONNECTOR;
  }
  for (uint32_t i = 0; i < planes->count_planes; i++, count++) {
    objects[count] = planes->planes[i], types[count] = DRM_MODE_OBJECT_PLANE;
  }
  for (uint32_t i = 0; i < count; i++) {
    drmModeObjectProperties *properties = drmModeObjectGetProperties(fd, objects[i], types[i]);
    CHECK(properties != NULL);
    for (uint32_t j = 0; j < properties->count_props; j++) {
      drmModePropertyRes *p = drmModeGetProperty(fd, properties->props[j]);
      CHECK(p != NULL);
      int holds = drm_property_type_is(p, DRM_MODE_PROP_BLOB) || drm_property_type_is(p, DRM_MODE_PROP_OBJECT);
      if (!(p->flags & DRM_MODE_PROP_IMMUTABLE) && (holds || strcmp(p->name, "ACTIVE") == 0)) {
        drmModeAtomicAddProperty(request, objects[i], p->prop_id, 0);
      }
      drmModeFreeProperty(p);
    }
    drmModeFreeObjectProperties(properties);
  }
  CHECK(drmModeAtomicCommit(fd, request, DRM_MODE_ATOMIC_ALLOW_MODESET, NULL) == 0);
  drmModeAtomicFree(request);
  drmModeFreePlaneResources(planes);
  drmModeFreeResources(res);
  drmDropMaster(fd);
}

int main(int argc, char **argv) {
  uint32_t rounds = 0;
  if (argc > 1 && strcmp(argv[1], "reset") == 0) {
    for (int i = 2; i < argc; i++) {
      card = argv[i];
      int fd = open_card();
      reset(fd);
      close(fd);
    }
    return 0;
  }
  struct pollfd end = {.fd = 0, .events = POLLIN};
  do {
    for (int i = 1; i < argc; i++) {
      card = argv[i];
      int fd = open_card();
      refusals(fd);
      buffers(fd, rounds);
      syncobjs(fd);
      close(fd);
    }
    rounds++;
  } while (poll(&end, 1, 5) == 0);
  printf("%u\n", rounds);
  return 0;
}
