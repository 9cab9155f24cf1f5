// DRM_IOCTL_VIRTGPU_* as of Linux 6.12 (those of some libdrm are older), and what the parts of virtgpu_client share.
#pragma once
#include "io_client.h"

#include <stdarg.h>

struct vg_map {
  uint64_t offset;
  uint32_t handle, pad;
};
struct vg_exec {
  uint32_t flags, size;
  uint64_t command, bo_handles;
  uint32_t num_bo_handles;
  int32_t fence_fd;
  uint32_t ring_idx, syncobj_stride, num_in_syncobjs, num_out_syncobjs;
  uint64_t in_syncobjs, out_syncobjs;
};
struct vg_syncobj {
  uint32_t handle, flags;
  uint64_t point;
};
struct vg_param {
  uint64_t param, value;
};
struct vg_create {
  uint32_t target, format, bind, width, height, depth, array_size, last_level, nr_samples, flags, bo_handle, res_handle;
  uint32_t size, stride;
};
struct vg_info {
  uint32_t bo_handle, res_handle, size, blob_mem;
};
struct vg_transfer {
  uint32_t bo_handle, x, y, z, w, h, d, level, offset, stride, layer_stride;
};
struct vg_wait {
  uint32_t handle, flags;
};
struct vg_caps {
  uint32_t id, version;
  uint64_t addr;
  uint32_t size, pad;
};
struct vg_blob {
  uint32_t mem, flags, bo_handle, res_handle;
  uint64_t size;
  uint32_t pad, cmd_size;
  uint64_t cmd, blob_id;
};
struct vg_init {
  uint32_t num_params, pad;
  uint64_t params;
};

#define VG(nr, type) DRM_IOWR(DRM_COMMAND_BASE + (nr), type)
#define VG_MAP VG(1, struct vg_map)
#define VG_EXEC VG(2, struct vg_exec)
#define VG_PARAM VG(3, struct vg_param)
#define VG_CREATE VG(4, struct vg_create)
#define VG_INFO VG(5, struct vg_info)
#define VG_FROM VG(6, struct vg_transfer)
#define VG_TO VG(7, struct vg_transfer)
#define VG_WAIT VG(8, struct vg_wait)
#define VG_CAPS VG(9, struct vg_caps)
#define VG_BLOB VG(10, struct vg_blob)
#define VG_INIT VG(11, struct vg_init)
enum { FENCE_FD_IN = 1, FENCE_FD_OUT = 2, RING_IDX = 4 };
enum { CAPSET_ID = 1, NUM_RINGS, POLL_RINGS_MASK, DEBUG_NAME };
enum { GUEST = 1, HOST3D, HOST3D_GUEST };
enum { NOWAIT = 1 };

// No memory of anybody's.
#define NOWHERE 8ul
#define ADDRESS(pointer) ((uint64_t)(uintptr_t)(pointer))

static inline int open_render(void) {
  int fd = open("/dev/dri/renderD128", O_RDWR | O_CLOEXEC);
  CHECK(fd >= 0);
  return fd;
}
/** A texture of VIRGL_FORMAT_B8G8R8A8_UNORM. */
static inline struct vg_create texture(int fd, int width, int height) {
  struct vg_create arg = {.target = 2, .format = 1, .bind = 2 | 8, .width = width, .height = height};
  arg.depth = arg.array_size = 1;
  arg.size = width * height * 4;
  CHECK(ioctl(fd, VG_CREATE, &arg) == 0);
  return arg;
}
static inline uint32_t *map(int fd, uint32_t handle, size_t size) {
  struct vg_map arg = {.handle = handle};
  CHECK(ioctl(fd, VG_MAP, &arg) == 0);
  void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, arg.offset);
  CHECK(at != MAP_FAILED);
  return at;
}
static inline int wait_for(int fd, uint32_t handle, uint32_t flags) {
  struct vg_wait arg = {handle, flags};
  return ioctl(fd, VG_WAIT, &arg);
}
/** Reads a texture back into its memory. */
static inline void read_back(int fd, struct vg_create *texture) {
  struct vg_transfer arg = {.bo_handle = texture->bo_handle, .w = texture->width, .h = texture->height, .d = 1};
  CHECK(ioctl(fd, VG_FROM, &arg) == 0);
  CHECK(wait_for(fd, texture->bo_handle, 0) == 0);
}
/** VIRGL_CCMD_RESOURCE_INLINE_WRITE of a pixel; its bytes. */
static inline int write_pixel(uint32_t *command, uint32_t resource, int x, int y, uint32_t color) {
  uint32_t words[] = {9 | 12 << 16, resource, 0, 0, 0, 0, x, y, 0, 1, 1, 1, color};
  memcpy(command, words, sizeof words);
  return sizeof words;
}
/** CONTEXT_INIT with `count` pairs of a parameter and its value, each unsigned long. */
static inline int context_init(int fd, int count, ...) {
  uint64_t params[16];
  va_list list;
  va_start(list, count);
  for (int i = 0; i < 2 * count; i++) params[i] = va_arg(list, unsigned long);
  va_end(list);
  struct vg_init arg = {.num_params = count, .params = ADDRESS(params)};
  return ioctl(fd, VG_INIT, &arg);
}

// virtgpu_exec.c
void test_exec(void);
void test_syncobjs(void);
void test_rings(void);
void test_waits(void);
void test_lost(void);
