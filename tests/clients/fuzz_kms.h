// fuzz's displays: what a compositor and a program with a screen say, with a few things wrong, and what there is to be found.
#pragma once
#include "fuzz_request.h"

// What a compositor says, with a few things wrong: objects with properties that they have.
static void atomic_commit(struct dice *d) {
  uint32_t *objects = (uint32_t *)d->arena, *counts = objects + 16, *names = counts + 16, total = 0;
  uint64_t *values = (uint64_t *)(d->arena + 4096);
  int count = 1 + roll(d, 4), fd = drm_fd(d);
  if (property_count == 0) return;
  for (int i = 0; i < count; i++) {
    const volatile struct property *first = &properties[roll(d, property_count)];
    objects[i] = first->object;
    counts[i] = 0;
    for (int j = roll(d, 12); j >= 0; j--) {
      const volatile struct property *p = &properties[roll(d, property_count)];
      if (p->object != first->object && !one_in(d, 50)) continue;
      names[total] = p->name;
      values[total++] = !one_in(d, 4) ? p->value : plausible(d, "bcai?"[roll(d, 5)]);
      counts[i]++;
    }
  }
  struct drm_mode_atomic commit = {
      .flags = (one_in(d, 2) ? 0 : DRM_MODE_ATOMIC_NONBLOCK) | (one_in(d, 4) ? DRM_MODE_ATOMIC_TEST_ONLY : 0) |
               (one_in(d, 2) ? DRM_MODE_ATOMIC_ALLOW_MODESET : 0) | (one_in(d, 3) ? DRM_MODE_PAGE_FLIP_EVENT : 0),
      .count_objs = count,
      .objs_ptr = (uintptr_t)objects,
      .count_props_ptr = (uintptr_t)counts,
      .props_ptr = (uintptr_t)names,
      .prop_values_ptr = (uintptr_t)values,
  };
  if (ioctl(fd, DRM_IOCTL_MODE_ATOMIC, &commit) == 0) __atomic_fetch_add(&shared->commits, 1, __ATOMIC_RELAXED);
}

// What a program with a display does, one step of it, with now and then a bit of it wrong.
static void display(struct dice *d) {
  int fd = drm_fd(d), size = roll(d, 3);
  struct drm_mode_create_dumb create = {.width = size == 0 ? mode.hdisplay : size == 1 ? 64 : 1 + roll(d, 300),
                                        .height = size == 0 ? mode.vdisplay : size == 1 ? 64 : 1 + roll(d, 300),
                                        .bpp = 32};
  union {
    struct drm_mode_fb_cmd2 fb;
    struct drm_mode_crtc crtc;
    struct drm_mode_crtc_page_flip flip;
    struct drm_mode_set_plane plane;
    struct drm_mode_cursor2 cursor;
    struct drm_mode_obj_get_properties get;
    unsigned char bytes[128];
  } *x = (void *)d->arena;
  unsigned long command;
  memset(x, 0, sizeof(*x));
  switch (roll(d, 6)) {
  case 0:
    if (ioctl(fd, DRM_IOCTL_MODE_CREATE_DUMB, &create) != 0) return;
    keep(&pools['h'], create.handle);
    x->fb = (struct drm_mode_fb_cmd2){.width = create.width, .height = create.height,
                                      .pixel_format = formats[roll(d, 2)], .handles = {create.handle}, .pitches = {create.pitch}};
    command = DRM_IOCTL_MODE_ADDFB2;
    break;
  case 1:
    *(uint32_t *)(d->arena + 256) = pick(d, &pools['k']);
    x->crtc = (struct drm_mode_crtc){.set_connectors_ptr = (uintptr_t)d->arena + 256, .count_connectors = 1,
                                     .crtc_id = pick(d, &pools['c']), .fb_id = pick(d, &pools['b']), .mode_valid = 1};
    memcpy(&x->crtc.mode, &mode, sizeof(mode));
    if (one_in(d, 4)) x->crtc.fb_id = x->crtc.count_connectors = x->crtc.mode_valid = 0;
    command = DRM_IOCTL_MODE_SETCRTC;
    break;
  case 2:
    x->flip = (struct drm_mode_crtc_page_flip){.crtc_id = pick(d, &pools['c']), .fb_id = pick(d, &pools['b']),
                                               .flags = roll(d, 4), .user_data = next(d)};
    command = DRM_IOCTL_MODE_PAGE_FLIP;
    break;
  case 3:
    x->plane = (struct drm_mode_set_plane){.plane_id = pick(d, &pools['l']), .crtc_id = pick(d, &pools['c']),
                                           .fb_id = pick(d, &pools['b']), .crtc_w = 64, .crtc_h = 64,
                                           .crtc_x = roll(d, 300) - 150, .crtc_y = roll(d, 300) - 150, .src_w = 64 << 16, .src_h = 64 << 16};
    command = DRM_IOCTL_MODE_SETPLANE;
    break;
  case 4:
    x->cursor = (struct drm_mode_cursor2){.flags = 1 + roll(d, 3), .crtc_id = pick(d, &pools['c']), .x = roll(d, 900) - 50,
                                          .y = roll(d, 900) - 50, .width = 64, .height = 64, .handle = pick(d, &pools['h'])};
    command = DRM_IOCTL_MODE_CURSOR2;
    break;
  default:
    x->get = (struct drm_mode_obj_get_properties){.props_ptr = (uintptr_t)d->arena + 1024,
                                                  .prop_values_ptr = (uintptr_t)d->arena + 2048, .count_props = 40,
                                                  .obj_id = plausible(d, 'i')};
    command = DRM_IOCTL_MODE_OBJ_GETPROPERTIES;
  }
  if (one_in(d, 4)) x->bytes[roll(d, _IOC_SIZE(command))] ^= 1 << roll(d, 8);
  for (int i = 0; i < line_count; i++) {
    if (lines[i].command != command) continue;
    __atomic_fetch_add(&shared->tried[i], 1, __ATOMIC_RELAXED);
    if (ioctl(fd, command, x) != 0) return;
    __atomic_fetch_add(&shared->succeeded[i], 1, __ATOMIC_RELAXED);
    learn(&lines[i], x->bytes);
  }
}

// What objects, modes and properties there are.
static void discover(int fd) {
  uint32_t found[4][32];
  struct drm_mode_card_res res = {0};
  struct drm_set_client_cap cap = {DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1};
  ioctl(fd, DRM_IOCTL_SET_CLIENT_CAP, &cap);
  cap.capability = DRM_CLIENT_CAP_ATOMIC;
  ioctl(fd, DRM_IOCTL_SET_CLIENT_CAP, &cap);
  res.count_crtcs = res.count_connectors = res.count_encoders = 32;
  res.crtc_id_ptr = (uintptr_t)found[0];
  res.connector_id_ptr = (uintptr_t)found[1];
  res.encoder_id_ptr = (uintptr_t)found[2];
  struct drm_mode_get_plane_res planes = {.plane_id_ptr = (uintptr_t)found[3], .count_planes = 32};
  if (ioctl(fd, DRM_IOCTL_MODE_GETRESOURCES, &res) != 0 || ioctl(fd, DRM_IOCTL_MODE_GETPLANERESOURCES, &planes) != 0) return;
  uint32_t counts[4] = {res.count_crtcs, res.count_connectors, res.count_encoders, planes.count_planes};
  static const uint32_t types[4] = {DRM_MODE_OBJECT_CRTC, DRM_MODE_OBJECT_CONNECTOR, 0, DRM_MODE_OBJECT_PLANE};
  for (int kind = 0; kind < 4; kind++) {
    for (uint32_t i = 0; i < counts[kind] && i < 32; i++) {
      uint32_t names[64];
      uint64_t values[64];
      struct drm_mode_obj_get_properties get = {.props_ptr = (uintptr_t)names,
                                                .prop_values_ptr = (uintptr_t)values,
                                                .count_props = 64,
                                                .obj_id = found[kind][i],
                                                .obj_type = types[kind]};
      keep(&pools[(int)"ckel"[kind]], found[kind][i]);
      if (types[kind] == 0 || ioctl(fd, DRM_IOCTL_MODE_OBJ_GETPROPERTIES, &get) != 0) continue;
      for (uint32_t j = 0; j < get.count_props && j < 64; j++) {
        keep(&pools['r'], names[j]);
        if (property_count < PROPERTIES) {
          properties[property_count++] = (struct property){found[kind][i], names[j], values[j]};
        }
      }
    }
  }
  struct drm_mode_modeinfo modes[64];
  for (uint32_t i = 0; i < counts[1] && i < 32; i++) {
    struct drm_mode_get_connector get = {
        .connector_id = found[1][i], .modes_ptr = (uintptr_t)modes, .count_modes = 64};
    if (ioctl(fd, DRM_IOCTL_MODE_GETCONNECTOR, &get) == 0 && get.count_modes > 0 && get.count_modes <= 64) mode = modes[0];
  }
}
