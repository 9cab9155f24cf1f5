// Each request of virtio-gpu with 3D: which errors come before which, what a failed one leaves behind, and what the host is asked.
// Everything but the waits of virtgpu_exec.c, which need sw_sync, has been seen to hold on Linux 6.12.117.
#include "virtgpu.h"

/** A parameter: an int, whatever the field's type. */
static int param(int fd, uint64_t which) {
  int value[2] = {-7, -7};
  struct vg_param arg = {which, ADDRESS(value)};
  CHECK(ioctl(fd, VG_PARAM, &arg) == 0);
  CHECK(value[1] == -7);
  return value[0];
}
static void test_param(void) {
  int fd = open_render();
  // 3D, the capability sets' fix, blobs, no host-visible region, UUIDs, contexts of kinds, sets 1 and 2, names.
  static const int expected[] = {1, 1, 1, 0, 1, 1, 1 << 1 | 1 << 2, 1};
  for (int i = 0; i < 8; i++) CHECK(param(fd, i + 1) == expected[i]);
  struct vg_param arg = {1, NOWHERE};
  FAILS(ioctl(fd, VG_PARAM, &arg), EFAULT);
  // Unknown before unreadable; all 64 bits count.
  static const uint64_t unknown[] = {0, 99, 1ul << 32 | 1};
  for (int i = 0; i < 3; i++) {
    arg = (struct vg_param){unknown[i], NOWHERE};
    FAILS(ioctl(fd, VG_PARAM, &arg), EINVAL);
  }
}

static void test_caps(void) {
  int fd = open_render();
  unsigned char all[4096], part[4096];
  struct vg_caps arg = {2, 2, NOWHERE, 0, 0};
  FAILS(ioctl(fd, VG_CAPS, &arg), EINVAL);
  arg = (struct vg_caps){9, 0, NOWHERE, 4, 0};
  FAILS(ioctl(fd, VG_CAPS, &arg), EINVAL);
  arg = (struct vg_caps){1, 2, NOWHERE, 4, 0};
  FAILS(ioctl(fd, VG_CAPS, &arg), EINVAL);
  arg = (struct vg_caps){2, 2, NOWHERE, 4, 0};
  FAILS(ioctl(fd, VG_CAPS, &arg), EFAULT);
  // As many bytes as there are, or as are asked for.
  static const uint32_t sets[][3] = {{1, 0, 308}, {1, 1, 308}, {2, 1, 1376}, {2, 2, 1376}}; // set, version, bytes
  for (int i = 0; i < 4; i++) {
    size_t size = sizeof all;
    memset(all, 0xee, sizeof all);
    memset(part, 0x11, sizeof part);
    arg = (struct vg_caps){sets[i][0], sets[i][1], ADDRESS(all), sizeof all, 0};
    CHECK(ioctl(fd, VG_CAPS, &arg) == 0);
    arg.addr = ADDRESS(part);
    CHECK(ioctl(fd, VG_CAPS, &arg) == 0);
    while (size > 0 && all[size - 1] == 0xee && part[size - 1] == 0x11) size--;
    CHECK(size >= sets[i][2] && size < sizeof all && memcmp(all, part, size) == 0);
    CHECK(*(uint32_t *)all == sets[i][0]); // its max_version
    memset(part, 0x11, sizeof part);
    arg.size = 10;
    CHECK(ioctl(fd, VG_CAPS, &arg) == 0);
    CHECK(memcmp(all, part, 10) == 0 && part[10] == 0x11);
  }
  CHECK(context_init(fd, 0) == 0); // none of this has made a context
}

static void test_context(void) {
  int fd = open_render();
  struct vg_init arg = {.num_params = 5, .params = NOWHERE};
  FAILS(ioctl(fd, VG_INIT, &arg), EINVAL);
  arg.num_params = 1;
  FAILS(ioctl(fd, VG_INIT, &arg), EFAULT);
  FAILS(context_init(fd, 1, 0ul, 0ul), EINVAL);
  FAILS(context_init(fd, 1, 9ul, 0ul), EINVAL);
  static const unsigned long sets[] = {0, 5, 64, 1ul << 32 | 2};
  for (int i = 0; i < 4; i++) FAILS(context_init(fd, 1, (unsigned long)CAPSET_ID, sets[i]), EINVAL);
  FAILS(context_init(fd, 1, (unsigned long)NUM_RINGS, 65ul), EINVAL);
  FAILS(context_init(fd, 1, (unsigned long)DEBUG_NAME, NOWHERE), EFAULT);
  // What was right stays set where something later is wrong: the mask now, for which there are no rings yet.
  FAILS(context_init(fd, 1, (unsigned long)POLL_RINGS_MASK, 1ul), EINVAL);
  FAILS(context_init(fd, 1, (unsigned long)POLL_RINGS_MASK, 1ul), EINVAL);
  FAILS(context_init(fd, 0), EINVAL);
  CHECK(context_init(fd, 1, (unsigned long)NUM_RINGS, 1ul) == 0);
  FAILS(context_init(fd, 0), EEXIST);
  FAILS(ioctl(fd, VG_INIT, &arg), EFAULT);
  fd = open_render();
  FAILS(context_init(fd, 2, (unsigned long)NUM_RINGS, 4ul, (unsigned long)POLL_RINGS_MASK, 0x10ul), EINVAL);
  fd = open_render();
  FAILS(context_init(fd, 2, (unsigned long)NUM_RINGS, 4ul, (unsigned long)NUM_RINGS, 4ul), EINVAL);
  fd = open_render();
  FAILS(context_init(fd, 2, (unsigned long)CAPSET_ID, 2ul, (unsigned long)CAPSET_ID, 2ul), EINVAL);
  CHECK(context_init(fd, 0) == 0);
  fd = open_render();
  CHECK(context_init(fd, 3, (unsigned long)POLL_RINGS_MASK, ~0ul, (unsigned long)NUM_RINGS, 64ul,
                     (unsigned long)CAPSET_ID, 2ul) == 0);
  fd = open_render();
  static const char name[] = "of more than the sixty-three bytes that the host is told of it, and the rest is left out";
  CHECK(context_init(fd, 1, (unsigned long)DEBUG_NAME, (unsigned long)ADDRESS(name)) == 0);
}

/** Which requests make a context on the way, whatever becomes of them. */
static void test_implied(void) {
  struct vg_transfer transfer = {.bo_handle = 77};
  struct vg_exec exec = {.flags = 8};
  struct vg_blob blob = {.mem = GUEST, .size = 4096, .flags = 8};
  int fd = open_render();
  texture(fd, 4, 4);
  FAILS(context_init(fd, 0), EEXIST);
  fd = open_render();
  FAILS(ioctl(fd, VG_FROM, &transfer), ENOENT);
  FAILS(context_init(fd, 0), EEXIST);
  fd = open_render();
  FAILS(ioctl(fd, VG_TO, &transfer), ENOENT);
  FAILS(wait_for(fd, 77, 0), ENOENT);
  FAILS(ioctl(fd, VG_EXEC, &exec), EINVAL);
  exec.flags = RING_IDX;
  FAILS(ioctl(fd, VG_EXEC, &exec), EINVAL);
  FAILS(ioctl(fd, VG_BLOB, &blob), EINVAL);
  CHECK(context_init(fd, 0) == 0); // none of those
  fd = open_render();
  exec = (struct vg_exec){.size = 4, .command = NOWHERE};
  FAILS(ioctl(fd, VG_EXEC, &exec), EFAULT);
  FAILS(context_init(fd, 0), EEXIST);
  fd = open_render();
  blob = (struct vg_blob){.mem = GUEST};
  FAILS(ioctl(fd, VG_BLOB, &blob), ENOSPC);
  FAILS(context_init(fd, 0), EEXIST);
}

static void test_resources(void) {
  int fd = open_render(), other = open_render(), prime;
  struct vg_create made = texture(fd, 16, 16), nonsense = {.target = 99, .format = 9999, .size = 1};
  struct vg_info info = {made.bo_handle, 9, 9, 9};
  CHECK(ioctl(fd, VG_INFO, &info) == 0);
  CHECK(info.res_handle == made.res_handle && info.size == 4096 && info.blob_mem == 9);
  info.bo_handle = 99;
  FAILS(ioctl(fd, VG_INFO, &info), ENOENT);
  // The host's refusal is no news to the client.
  CHECK(ioctl(fd, VG_CREATE, &nonsense) == 0);
  struct vg_transfer box = {.bo_handle = nonsense.bo_handle, .w = 1, .h = 1, .d = 1};
  CHECK(ioctl(fd, VG_TO, &box) == 0 && wait_for(fd, nonsense.bo_handle, 0) == 0);
  struct vg_map arg = {.handle = 99, .offset = 5};
  FAILS(ioctl(fd, VG_MAP, &arg), ENOENT);
  CHECK(arg.offset == 5);
  arg.handle = made.bo_handle;
  CHECK(ioctl(fd, VG_MAP, &arg) == 0);
  CHECK(mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, arg.offset) == MAP_FAILED && errno == EINVAL);
  CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, other, arg.offset) == MAP_FAILED && errno == EACCES);
  uint32_t *pixels = map(fd, made.bo_handle, 4096);
  for (uint32_t i = 0; i < 256; i++) pixels[i] = i * 0x01010101;
  // Strides are for blobs of the host.
  box = (struct vg_transfer){.bo_handle = made.bo_handle, .w = 16, .h = 16, .d = 1, .stride = 64};
  FAILS(ioctl(fd, VG_TO, &box), EINVAL);
  FAILS(ioctl(fd, VG_FROM, &box), EINVAL);
  box.stride = 0;
  box.layer_stride = 1;
  FAILS(ioctl(fd, VG_TO, &box), EINVAL);
  box.layer_stride = 0;
  CHECK(ioctl(fd, VG_TO, &box) == 0 && wait_for(fd, made.bo_handle, 0) == 0);
  CHECK(wait_for(fd, made.bo_handle, NOWAIT) == 0 && wait_for(fd, made.bo_handle, ~NOWAIT) == 0);
  memset(pixels, 0, 4096);
  read_back(fd, &made);
  for (uint32_t i = 0; i < 256; i++) CHECK(pixels[i] == i * 0x01010101);
  // The argument as older programs have it, without strides.
  uint32_t older[9] = {made.bo_handle, 0, 0, 0, 16, 16, 1, 0, 0};
  memset(pixels, 0, 4096);
  CHECK(ioctl(fd, VG(6, uint32_t[9]), older) == 0 && wait_for(fd, made.bo_handle, 0) == 0 && pixels[17] == 0x11111111);
  // A box that is not the texture's moves nothing.
  box.x = 10;
  pixels[0] = 1234;
  CHECK(ioctl(fd, VG_FROM, &box) == 0 && wait_for(fd, made.bo_handle, 0) == 0 && pixels[0] == 1234);
  // Another file's context may use it once it has a handle.
  CHECK(drmPrimeHandleToFD(fd, made.bo_handle, DRM_CLOEXEC | DRM_RDWR, &prime) == 0);
  box = (struct vg_transfer){.w = 16, .h = 16, .d = 1};
  CHECK(drmPrimeFDToHandle(other, prime, &box.bo_handle) == 0);
  FAILS(context_init(other, 0), EEXIST);
  memset(pixels, 0, 4096);
  CHECK(ioctl(other, VG_FROM, &box) == 0 && wait_for(fd, made.bo_handle, 0) == 0 && pixels[17] == 0x11111111);
}

/** A dumb buffer is a texture of the host's, which 3D transfers move. */
static void test_dumb(void) {
  int fd = open_card();
  uint64_t size;
  struct vg_info info = {.blob_mem = 7};
  struct vg_transfer box = {.w = 16, .h = 16, .d = 1};
  box.bo_handle = info.bo_handle = dumb(fd, 16, 16, &size, NULL);
  uint32_t *pixels = map_dumb(fd, box.bo_handle, size);
  for (int i = 0; i < 256; i++) pixels[i] = 0xff000000 | i;
  CHECK(ioctl(fd, VG_TO, &box) == 0 && wait_for(fd, box.bo_handle, 0) == 0);
  memset(pixels, 0, size);
  CHECK(ioctl(fd, VG_FROM, &box) == 0 && wait_for(fd, box.bo_handle, 0) == 0);
  for (int i = 0; i < 256; i++) CHECK(pixels[i] == (0xff000000 | i));
  CHECK(ioctl(fd, VG_INFO, &info) == 0 && info.blob_mem == 7);
}

static int blob(int fd, struct vg_blob *arg, struct vg_blob value) {
  *arg = value;
  return ioctl(fd, VG_BLOB, arg);
}
static void test_blobs(void) {
  int fd = open_render();
  struct vg_blob b;
  CHECK(blob(fd, &b, (struct vg_blob){.mem = GUEST, .size = 5000, .flags = 1}) == 0);
  struct vg_info info = {.bo_handle = b.bo_handle};
  CHECK(ioctl(fd, VG_INFO, &info) == 0);
  CHECK(info.size == 8192 && info.blob_mem == GUEST && info.res_handle == b.res_handle);
  map(fd, b.bo_handle, 8192)[0] = 5;
  struct vg_transfer box = {.bo_handle = b.bo_handle, .w = 1, .h = 1, .d = 1};
  FAILS(ioctl(fd, VG_TO, &box), EINVAL);
  FAILS(ioctl(fd, VG_FROM, &box), EINVAL);
  // Whether it is to be mapped the guest's memory does not ask.
  CHECK(blob(fd, &b, (struct vg_blob){.mem = GUEST, .size = 4096}) == 0);
  map(fd, b.bo_handle, 4096)[0] = 5;
  static const struct vg_blob wrong[] = {
      {.mem = 0, .size = 4096},
      {.mem = 4, .size = 4096},
      {.mem = GUEST, .size = 4096, .flags = 8},
      {.mem = GUEST, .size = 4096, .blob_id = 1},
      {.mem = GUEST, .size = 4096, .cmd_size = 4, .cmd = NOWHERE},
      {.mem = HOST3D, .size = 4096, .cmd_size = 3, .cmd = NOWHERE},
      {.mem = GUEST, .size = 1ul << 63},                     // no file is so long
      {.mem = HOST3D, .size = 4096, .flags = 1, .blob_id = 1}, // no region to map it in
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) FAILS(blob(fd, &b, wrong[i]), EINVAL);
  // Sizes that become 0 when they are rounded up, and those for which there is no mmap offset.
  static const uint64_t sizes[] = {0, ~0ul, (1ul << 40) + 4096, 1ul << 62};
  for (int i = 0; i < 4; i++) {
    FAILS(blob(fd, &b, (struct vg_blob){.mem = GUEST, .size = sizes[i]}), ENOSPC);
    FAILS(blob(fd, &b, (struct vg_blob){.mem = HOST3D, .size = sizes[i]}), ENOSPC);
  }
  FAILS(blob(fd, &b, (struct vg_blob){.mem = HOST3D, .size = 1ul << 63}), ENOSPC);
  FAILS(blob(fd, &b, (struct vg_blob){.mem = HOST3D, .size = 4096, .cmd_size = 1 << 22, .cmd = NOWHERE}), EFAULT);
  FAILS(blob(fd, &b, (struct vg_blob){.mem = HOST3D, .size = 4096, .cmd_size = (1 << 22) + 4, .cmd = NOWHERE}), ENOMEM);
  // Memory of the host alone has an offset and cannot be mapped; strides are its own.
  CHECK(blob(fd, &b, (struct vg_blob){.mem = HOST3D, .size = 4096, .blob_id = 1}) == 0);
  struct vg_map arg = {.handle = b.bo_handle};
  CHECK(ioctl(fd, VG_MAP, &arg) == 0 && arg.offset != 0);
  CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, arg.offset) == MAP_FAILED && errno == EINVAL);
  box = (struct vg_transfer){.bo_handle = b.bo_handle, .w = 1, .h = 1, .d = 1, .stride = 4, .layer_stride = 4};
  CHECK(ioctl(fd, VG_TO, &box) == 0 && ioctl(fd, VG_FROM, &box) == 0 && wait_for(fd, b.bo_handle, 0) == 0);
  CHECK(blob(fd, &b, (struct vg_blob){.mem = HOST3D_GUEST, .size = 4096, .blob_id = 1}) == 0);
  map(fd, b.bo_handle, 4096)[0] = 5;
  CHECK(blob(fd, &b, (struct vg_blob){.mem = GUEST, .size = 4096, .flags = 4}) == 0); // for other devices
}

int main(int argc, char **argv) {
  static const struct test tests[] = {
      {"param", test_param},         {"caps", test_caps},         {"context", test_context},
      {"implied", test_implied},     {"resources", test_resources}, {"dumb", test_dumb},
      {"blobs", test_blobs},         {"exec", test_exec},         {"syncobjs", test_syncobjs},
      {"rings", test_rings},         {"waits", test_waits},       {"lost", test_lost},
      {0},
  };
  (void)argc;
  return run_tests(tests, argv + 1);
}
