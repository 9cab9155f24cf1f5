// The guest's side of guest.ts: how often a second the virtio-gpu does each thing. "@@rate NAME PER_SECOND" for each.
// Arguments: WIDTH HEIGHT SECONDS [NAME...].
#include "kms.h"
#include <virtgpu_drm.h>
#include <time.h>

static struct head head;
static struct buffer front, back, cursor;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static int dirty_full(unsigned i) {
  (void)i;
  return dirty(&front, 0, 0);
}

static int dirty_64(unsigned i) {
  unsigned x = i * 64 % (front.width - 64), y = i * 48 % (front.height - 64);
  struct drm_clip_rect clip = {x, y, x + 64, y + 64};
  return dirty(&front, &clip, 1);
}

static int flip(unsigned i) { return page_flip(&head, i & 1 ? &front : &back, i); }

// Transfers are not fenced, so that the queue fills; the DIRTYFB at the end of a batch waits for them all.
static int transfer(unsigned i, unsigned width, unsigned height) {
  struct drm_virtgpu_3d_transfer_to_host t = {.bo_handle = front.handle};
  t.box.x = i * width % (front.width - width + 1), t.box.y = 0, t.box.w = width, t.box.h = height, t.box.d = 1;
  t.offset = (uint32_t)(t.box.x * 4);
  return drm(DRM_IOCTL_VIRTGPU_TRANSFER_TO_HOST, &t);
}

static int transfer_full(unsigned i) { return transfer(i, front.width, front.height); }
static int transfer_16(unsigned i) { return transfer(i, 16, 16); }

static int cursor_move(unsigned i) {
  struct drm_mode_cursor2 move = {.flags = DRM_MODE_CURSOR_MOVE, .crtc_id = head.crtc, .x = i % front.width,
                                  .y = i % front.height};
  return drm(DRM_IOCTL_MODE_CURSOR2, &move);
}

static int buffers(unsigned i) {
  (void)i;
  struct drm_mode_create_dumb dumb = {.width = 256, .height = 256, .bpp = 32};
  if (drm(DRM_IOCTL_MODE_CREATE_DUMB, &dumb)) return -1;
  struct drm_mode_destroy_dumb destroy = {.handle = dumb.handle};
  return drm(DRM_IOCTL_MODE_DESTROY_DUMB, &destroy);
}

static const struct {
  const char *name;
  int (*work)(unsigned);
  unsigned batch;
} benches[] = {
    {"dirty_full", dirty_full, 4},        {"flip", flip, 4},       {"dirty_64", dirty_64, 64},
    {"transfer_16", transfer_16, 4096},   {"transfer_full", transfer_full, 256},
    {"cursor_move", cursor_move, 64},     {"buffers", buffers, 16},
};

static int measure(unsigned which, double seconds) {
  unsigned i = 0;
  double start = now(), end;
  do {
    for (unsigned n = 0; n < benches[which].batch; n++)
      if (benches[which].work(i++)) return -1;
    if (benches[which].work == transfer_16 || benches[which].work == transfer_full) {
      if (dirty_64(i)) return -1;
    }
  } while ((end = now()) < start + seconds);
  printf("@@rate %s %.1f\n", benches[which].name, i / (end - start));
  return 0;
}

int main(int argc, char **argv) {
  setvbuf(stdout, 0, _IOLBF, 0);
  if (argc < 4) return 2;
  unsigned width = atoi(argv[1]), height = atoi(argv[2]);
  double seconds = atof(argv[3]);
  card = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
  if (card < 0 || head_get(&head, 0) || buffer_create(&front, width, height, DRM_FORMAT_XRGB8888) ||
      buffer_create(&back, width, height, DRM_FORMAT_XRGB8888) || buffer_create(&cursor, 64, 64, DRM_FORMAT_ARGB8888))
    return printf("@@error %d %s\n", errno, strerror(errno)), 1;
  paint(&front, 1, 0, 0, width, height);
  paint(&back, 2, 0, 0, width, height);
  struct drm_mode_cursor2 show = {.flags = DRM_MODE_CURSOR_BO, .crtc_id = head.crtc, .width = 64, .height = 64,
                                  .handle = cursor.handle};
  if (crtc_set(&head, &front, 0, 0, mode_of(&head, width, height)) || drm(DRM_IOCTL_MODE_CURSOR2, &show))
    return printf("@@error %d %s\n", errno, strerror(errno)), 1;
  for (unsigned b = 0; b < sizeof benches / sizeof *benches; b++) {
    int wanted = argc == 4;
    for (int a = 4; a < argc; a++) wanted |= !strcmp(argv[a], benches[b].name);
    if (wanted && measure(b, seconds)) return printf("@@error %d %s\n", errno, strerror(errno)), 1;
  }
  return 0;
}
