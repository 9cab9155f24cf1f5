// The guest's test program: draws pictures that are known beforehand, each by a line on stdin; answers "@@ok ..." or
// "@@error NUMBER TEXT". tests/guest/*_test.ts compare what the host then shows.
#include "kms.h"

static struct head head;
static struct buffer front, back, cursor;
static struct drm_mode_modeinfo mode;

static uint32_t property(uint32_t object, uint32_t type, const char *name) {
  uint32_t ids[64];
  uint64_t values[64];
  struct drm_mode_obj_get_properties get = {.obj_id = object, .obj_type = type, .props_ptr = (uintptr_t)ids,
                                            .prop_values_ptr = (uintptr_t)values, .count_props = 64};
  if (drm(DRM_IOCTL_MODE_OBJ_GETPROPERTIES, &get)) return 0;
  for (unsigned i = 0; i < get.count_props && i < 64; i++) {
    struct drm_mode_get_property prop = {.prop_id = ids[i]};
    if (!drm(DRM_IOCTL_MODE_GETPROPERTY, &prop) && !strcmp(prop.name, name)) return ids[i];
  }
  return 0;
}

static uint64_t value_of(uint32_t object, uint32_t type, const char *name) {
  uint32_t ids[64], id = property(object, type, name);
  uint64_t values[64];
  struct drm_mode_obj_get_properties get = {.obj_id = object, .obj_type = type, .props_ptr = (uintptr_t)ids,
                                            .prop_values_ptr = (uintptr_t)values, .count_props = 64};
  if (drm(DRM_IOCTL_MODE_OBJ_GETPROPERTIES, &get)) return ~0ull;
  for (unsigned i = 0; i < get.count_props && i < 64; i++)
    if (ids[i] == id) return values[i];
  return ~0ull;
}

// The plane of a type (DRM_PLANE_TYPE_*: overlay 0, primary 1, cursor 2) that this head can use.
static uint32_t plane_of(uint64_t type) {
  uint32_t planes[64], crtcs[16];
  struct drm_mode_get_plane_res res = {.plane_id_ptr = (uintptr_t)planes, .count_planes = 64};
  struct drm_mode_card_res card_res = {.crtc_id_ptr = (uintptr_t)crtcs, .count_crtcs = 16};
  if (drm(DRM_IOCTL_MODE_GETPLANERESOURCES, &res) || drm(DRM_IOCTL_MODE_GETRESOURCES, &card_res)) return 0;
  for (unsigned i = 0; i < res.count_planes && i < 64; i++) {
    struct drm_mode_get_plane plane = {.plane_id = planes[i]};
    if (drm(DRM_IOCTL_MODE_GETPLANE, &plane)) continue;
    for (unsigned c = 0; c < card_res.count_crtcs && c < 16; c++)
      if (crtcs[c] == head.crtc && plane.possible_crtcs & 1u << c &&
          value_of(planes[i], DRM_MODE_OBJECT_PLANE, "type") == type)
        return planes[i];
  }
  return 0;
}

// One atomic commit that shows a part of a buffer on a plane.
static int atomic_show(uint32_t plane, const struct buffer *b, int x, int y, unsigned sx, unsigned sy, unsigned w, unsigned h,
                       uint32_t flags) {
  static const char *const names[] = {"FB_ID", "CRTC_ID", "CRTC_X", "CRTC_Y", "CRTC_W", "CRTC_H",
                                      "SRC_X", "SRC_Y", "SRC_W", "SRC_H"};
  uint64_t values[] = {b ? b->fb : 0, b ? head.crtc : 0, (uint64_t)(int64_t)x, (uint64_t)(int64_t)y, w, h,
                       (uint64_t)sx << 16, (uint64_t)sy << 16, (uint64_t)w << 16, (uint64_t)h << 16};
  uint32_t props[10], objects[1] = {plane}, counts[1] = {10};
  for (int i = 0; i < 10; i++)
    if (!(props[i] = property(plane, DRM_MODE_OBJECT_PLANE, names[i]))) return errno = ENOENT, -1;
  struct drm_mode_atomic atomic = {.flags = flags, .count_objs = 1, .objs_ptr = (uintptr_t)objects,
                                   .count_props_ptr = (uintptr_t)counts, .props_ptr = (uintptr_t)props,
                                   .prop_values_ptr = (uintptr_t)values};
  return drm(DRM_IOCTL_MODE_ATOMIC, &atomic);
}

// mode W H SEED [FBW FBH X Y]: a mode set; the buffer may be larger than the mode.
static int do_mode(const char *args) {
  unsigned w, h, seed, fw, fh, x = 0, y = 0;
  int n = sscanf(args, "%u %u %u %u %u %u %u", &w, &h, &seed, &fw, &fh, &x, &y);
  if (n < 3) return errno = EINVAL, -1;
  if (n < 5) fw = w, fh = h;
  struct buffer next;
  if (buffer_create(&next, fw, fh, DRM_FORMAT_XRGB8888)) return -1;
  paint(&next, seed, 0, 0, fw, fh);
  mode = mode_of(&head, w, h);
  int r = crtc_set(&head, &next, x, y, mode), error = errno;
  if (r) return buffer_destroy(&next), errno = error, -1;
  buffer_destroy(&back);
  buffer_destroy(&front);
  front = next;
  return 0;
}

// second W H SEED: a mode on this head with a buffer of its own, which stays; the front buffer is another head's.
static int do_second(const char *args) {
  static struct buffer other;
  unsigned w, h, seed;
  if (sscanf(args, "%u %u %u", &w, &h, &seed) != 3) return errno = EINVAL, -1;
  buffer_destroy(&other);
  if (buffer_create(&other, w, h, DRM_FORMAT_XRGB8888)) return -1;
  paint(&other, seed, 0, 0, w, h);
  return crtc_set(&head, &other, 0, 0, mode_of(&head, w, h));
}

static int do_flips(unsigned count, unsigned seed) {
  if (!back.handle && buffer_create(&back, front.width, front.height, DRM_FORMAT_XRGB8888)) return -1;
  for (unsigned i = 0; i < count; i++) {
    paint(&back, seed + i, 0, 0, back.width, back.height);
    if (page_flip(&head, &back, seed + i)) return -1;
    struct buffer old = front;
    front = back, back = old;
  }
  return 0;
}

// dirty X Y W H ...: tells of rectangles; none at all means the whole buffer.
static int do_dirty(char *args) {
  struct drm_clip_rect clips[64];
  unsigned count = 0, x, y, w, h;
  int used;
  while (count < 64 && sscanf(args, "%u %u %u %u%n", &x, &y, &w, &h, &used) == 4) {
    clips[count++] = (struct drm_clip_rect){x, y, x + w, y + h};
    args += used;
  }
  return dirty(&front, clips, count);
}

static int do_cursor(unsigned seed, int hot_x, int hot_y) {
  if (!cursor.handle && buffer_create(&cursor, 64, 64, DRM_FORMAT_ARGB8888)) return -1;
  for (unsigned y = 0; y < 64; y++)
    for (unsigned x = 0; x < 64; x++) {
      // Opaque, half, and clear pixels; colour is premultiplied.
      uint32_t alpha = (x + y + seed) % 3 == 0 ? 0 : (x + y + seed) % 3 == 1 ? 128 : 255, p = pixel(x, y, seed);
      uint32_t r = (p >> 16 & 255) * alpha / 255, g = (p >> 8 & 255) * alpha / 255, b = (p & 255) * alpha / 255;
      cursor.map[y * (cursor.pitch / 4) + x] = alpha << 24 | r << 16 | g << 8 | b;
    }
  struct drm_mode_cursor2 set = {.flags = DRM_MODE_CURSOR_BO, .crtc_id = head.crtc, .width = 64, .height = 64,
                                 .handle = cursor.handle, .hot_x = hot_x, .hot_y = hot_y};
  return drm(DRM_IOCTL_MODE_CURSOR2, &set);
}

static int do_off(void) {
  struct drm_mode_crtc set = {.crtc_id = head.crtc};
  if (drm(DRM_IOCTL_MODE_SETCRTC, &set)) return -1;
  buffer_destroy(&back);
  buffer_destroy(&front);
  return 0;
}

static int do_info(void) {
  struct head h;
  for (unsigned i = 0; !head_get(&h, i); i++) {
    printf("@@connector %u %s", i, h.connected ? "connected" : "disconnected");
    for (int m = 0; m < h.mode_count; m++)
      printf(" %ux%u%s", h.modes[m].hdisplay, h.modes[m].vdisplay, h.modes[m].type & DRM_MODE_TYPE_PREFERRED ? "!" : "");
    printf("\n");
  }
  return 0;
}

static int run(char *line) {
  unsigned a = 0, b = 0, c = 0, d = 0, e = 0;
  int x = 0, y = 0;
  char *args = strchr(line, ' ');
  if (args) *args++ = 0;
  else args = line + strlen(line);
  if (!strcmp(line, "info")) return do_info();
  if (!strcmp(line, "head")) return sscanf(args, "%u", &a), head_get(&head, a);
  if (!strcmp(line, "mode")) return do_mode(args);
  if (!strcmp(line, "second")) return do_second(args);
  if (!strcmp(line, "paint")) return sscanf(args, "%u %u %u %u %u", &a, &b, &c, &d, &e), paint(&front, a, b, c, d, e), 0;
  if (!strcmp(line, "dirty")) return do_dirty(args);
  if (!strcmp(line, "flip")) return sscanf(args, "%u %u", &a, &b), do_flips(a, b);
  if (!strcmp(line, "pan")) return sscanf(args, "%u %u", &a, &b), crtc_set(&head, &front, a, b, mode);
  if (!strcmp(line, "primary"))
    return sscanf(args, "%u %u", &a, &b),
           atomic_show(plane_of(1), &front, 0, 0, a, b, mode.hdisplay, mode.vdisplay, 0);
  if (!strcmp(line, "sprite"))
    return sscanf(args, "%d %d", &x, &y), atomic_show(plane_of(2), &cursor, x, y, 0, 0, 64, 64, 0);
  if (!strcmp(line, "cursor")) return sscanf(args, "%u %d %d", &a, &x, &y), do_cursor(a, x, y);
  if (!strcmp(line, "move")) {
    sscanf(args, "%d %d", &x, &y);
    struct drm_mode_cursor2 move = {.flags = DRM_MODE_CURSOR_MOVE, .crtc_id = head.crtc, .x = x, .y = y};
    return drm(DRM_IOCTL_MODE_CURSOR2, &move);
  }
  if (!strcmp(line, "nocursor")) {
    struct drm_mode_cursor2 hide = {.flags = DRM_MODE_CURSOR_BO, .crtc_id = head.crtc};
    return drm(DRM_IOCTL_MODE_CURSOR2, &hide);
  }
  if (!strcmp(line, "off")) return do_off();
  return errno = ENOSYS, -1;
}

int main(void) {
  char line[4096];
  struct drm_set_client_cap planes = {DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1}, atomic = {DRM_CLIENT_CAP_ATOMIC, 1};
  setvbuf(stdout, 0, _IOLBF, 0);
  card = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
  if (card < 0 || drm(DRM_IOCTL_SET_CLIENT_CAP, &planes) || drm(DRM_IOCTL_SET_CLIENT_CAP, &atomic) || head_get(&head, 0)) {
    printf("@@error %d %s\n", errno, strerror(errno));
    return 1;
  }
  printf("@@ok painter\n");
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\r\n")] = 0;
    if (!strcmp(line, "quit")) return 0;
    if (run(line)) printf("@@error %d %s\n", errno, strerror(errno));
    else printf("@@ok %s\n", line);
  }
  return 0;
}
