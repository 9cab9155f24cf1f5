// What the guest's programs share: one DRM card, its first or any other connector, dumb buffers, frame buffers and modes.
// Static functions in a header: each program is one file, linked without libdrm (linux/drm_mode.h is the interface).
#pragma once
#include <drm.h>
#include <drm_fourcc.h>
#include <drm_mode.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

struct buffer {
  uint32_t handle, fb, width, height, pitch;
  uint64_t size;
  uint32_t *map;
};

struct head {
  uint32_t connector, crtc;
  int connected, mode_count;
  struct drm_mode_modeinfo modes[128];
};

static int card = -1;

static inline int drm(unsigned long request, void *arg) {
  int r;
  do r = ioctl(card, request, arg);
  while (r < 0 && (errno == EINTR || errno == EAGAIN));
  return r;
}

static inline int buffer_create(struct buffer *b, uint32_t width, uint32_t height, uint32_t format) {
  struct drm_mode_create_dumb dumb = {.width = width, .height = height, .bpp = 32};
  memset(b, 0, sizeof *b);
  if (drm(DRM_IOCTL_MODE_CREATE_DUMB, &dumb)) return -1;
  b->handle = dumb.handle, b->width = width, b->height = height, b->pitch = dumb.pitch, b->size = dumb.size;
  struct drm_mode_map_dumb map = {.handle = b->handle};
  if (drm(DRM_IOCTL_MODE_MAP_DUMB, &map)) return -1;
  b->map = mmap(0, b->size, PROT_READ | PROT_WRITE, MAP_SHARED, card, map.offset);
  if (b->map == MAP_FAILED) return -1;
  struct drm_mode_fb_cmd2 fb = {.width = width, .height = height, .pixel_format = format};
  fb.handles[0] = b->handle, fb.pitches[0] = b->pitch;
  if (drm(DRM_IOCTL_MODE_ADDFB2, &fb)) return -1;
  b->fb = fb.fb_id;
  return 0;
}

static inline void buffer_destroy(struct buffer *b) {
  if (!b->handle) return;
  if (b->fb) drm(DRM_IOCTL_MODE_RMFB, &b->fb);
  if (b->map && b->map != MAP_FAILED) munmap(b->map, b->size);
  struct drm_mode_destroy_dumb destroy = {.handle = b->handle};
  drm(DRM_IOCTL_MODE_DESTROY_DUMB, &destroy);
  memset(b, 0, sizeof *b);
}

// The head of a number: connector N with CRTC N, which is how virtio_gpu joins them.
static inline int head_get(struct head *h, unsigned number) {
  uint32_t crtcs[16], connectors[16];
  struct drm_mode_card_res res = {.crtc_id_ptr = (uintptr_t)crtcs, .connector_id_ptr = (uintptr_t)connectors,
                                  .count_crtcs = 16, .count_connectors = 16};
  if (drm(DRM_IOCTL_MODE_GETRESOURCES, &res)) return -1;
  if (number >= res.count_crtcs || number >= res.count_connectors || number >= 16) return errno = ENOENT, -1;
  memset(h, 0, sizeof *h);
  h->connector = connectors[number], h->crtc = crtcs[number];
  // Without room for modes the kernel probes the connector anew.
  struct drm_mode_get_connector get = {.connector_id = h->connector};
  if (drm(DRM_IOCTL_MODE_GETCONNECTOR, &get)) return -1;
  get.modes_ptr = (uintptr_t)h->modes;
  get.count_props = get.count_encoders = 0;
  if (get.count_modes > 128) get.count_modes = 128;
  if (get.count_modes && drm(DRM_IOCTL_MODE_GETCONNECTOR, &get)) return -1;
  h->connected = get.connection == 1;
  h->mode_count = get.count_modes < 128 ? get.count_modes : 128;
  return 0;
}

// A mode of the list, or one made up for this size.
static inline struct drm_mode_modeinfo mode_of(const struct head *h, unsigned width, unsigned height) {
  for (int i = 0; i < h->mode_count; i++)
    if (h->modes[i].hdisplay == width && h->modes[i].vdisplay == height) return h->modes[i];
  struct drm_mode_modeinfo mode = {.hdisplay = width, .hsync_start = width + 8, .hsync_end = width + 16, .htotal = width + 32,
                                   .vdisplay = height, .vsync_start = height + 3, .vsync_end = height + 6,
                                   .vtotal = height + 12, .vrefresh = 60, .type = DRM_MODE_TYPE_USERDEF};
  mode.clock = mode.htotal * mode.vtotal * 60 / 1000;
  snprintf(mode.name, sizeof mode.name, "%ux%u", width, height);
  return mode;
}

static inline int crtc_set(const struct head *h, const struct buffer *b, unsigned x, unsigned y, struct drm_mode_modeinfo mode) {
  uint32_t connector = h->connector;
  struct drm_mode_crtc set = {.crtc_id = h->crtc, .fb_id = b->fb, .x = x, .y = y, .mode = mode, .mode_valid = 1,
                              .set_connectors_ptr = (uintptr_t)&connector, .count_connectors = 1};
  return drm(DRM_IOCTL_MODE_SETCRTC, &set);
}

// A picture that differs at each point and for each seed; the unused byte of XRGB8888 differs too.
static inline uint32_t pixel(unsigned x, unsigned y, unsigned seed) {
  return (seed * 0x1fu + x) << 24 | ((x * 3 + seed * 41) & 255) << 16 | ((y * 5 + seed * 17) & 255) << 8 |
         (((x ^ y) + seed * 7) & 255);
}

static inline void paint(struct buffer *b, unsigned seed, unsigned x0, unsigned y0, unsigned width, unsigned height) {
  for (unsigned y = y0; y < y0 + height && y < b->height; y++)
    for (unsigned x = x0; x < x0 + width && x < b->width; x++) b->map[y * (b->pitch / 4) + x] = pixel(x, y, seed);
}

static inline int page_flip(const struct head *h, const struct buffer *b, uint64_t cookie) {
  struct drm_mode_crtc_page_flip flip = {.crtc_id = h->crtc, .fb_id = b->fb, .flags = DRM_MODE_PAGE_FLIP_EVENT,
                                         .user_data = cookie};
  if (ioctl(card, DRM_IOCTL_MODE_PAGE_FLIP, &flip)) return -1;
  struct drm_event_vblank event;
  if (read(card, &event, sizeof event) != sizeof event) return -1;
  if (event.base.type != DRM_EVENT_FLIP_COMPLETE || event.user_data != cookie) return errno = EPROTO, -1;
  return 0;
}

static inline int dirty(const struct buffer *b, const struct drm_clip_rect *clips, unsigned count) {
  struct drm_mode_fb_dirty_cmd cmd = {.fb_id = b->fb, .num_clips = count, .clips_ptr = count ? (uintptr_t)clips : 0};
  return drm(DRM_IOCTL_MODE_DIRTYFB, &cmd);
}
