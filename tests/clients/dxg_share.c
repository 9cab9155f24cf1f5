// Programs on /dev/dxg that share with others and with the rest of Linux: resources by fd and as dma-bufs, fences by fd, sync_files
// both ways. Two processes each, with descriptors through a socket. See main() for what each test demands.
#include "dxg_share.h"

#include <drm.h>
#include <drm_fourcc.h>
#include <drm_mode.h>
#include <linux/dma-buf.h>
#include <linux/sync_file.h>
#include <poll.h>
#include <xf86drm.h>

#define SIZE (4 * PAGE)

static uint32_t *lock(uint32_t allocation) {
  struct lock2 lock = {.device = device, .allocation = allocation};
  CALL(LOCK2, &lock);
  return (uint32_t *)(uintptr_t)lock.data;
}

// A resource of 64x64 pixels that others may open; its fd. @param pixels where it is seen here.
static int make_resource(uint32_t **pixels) {
  struct driver_allocation data = {.magic = MAGIC, .version = VERSION, .flags = 1, .usage = 2 | 4,
                                   .format = DRM_FORMAT_XRGB8888, .width = 64, .height = 64};
  struct allocation_info info = {.data = PTR(&data), .data_size = sizeof(data)};
  struct create_allocation make = {.device = device, .count = 1, .infos = PTR(&info), .flags = SHARED_RESOURCE};
  CALL(CREATEALLOCATION, &make);
  CHECK(info.allocation != 0 && make.resource != 0 && data.size == SIZE && data.pitch == 256);
  uint64_t handle = 0;
  struct share share = {.count = 1, .objects = PTR(&make.resource), .handle = PTR(&handle)};
  CALL(SHAREOBJECTS, &share);
  *pixels = lock(info.allocation);
  return (int)handle;
}

// Opens a resource of another process; where its first allocation is seen.
static uint32_t *open_resource(int file, uint32_t *allocation) {
  struct resource_info info = {.device = device, .handle = file};
  CALL(QUERYRESOURCEINFO, &info);
  CHECK(info.count == 1 && info.total_size == sizeof(struct driver_allocation) && info.resource_size == 0);
  struct driver_allocation data = {0};
  struct open_allocation opened = {0};
  struct open_resource open = {.device = device, .handle = file, .count = 1, .infos = PTR(&opened),
                               .total_size = sizeof(data), .total = PTR(&data)};
  CALL(OPENRESOURCE, &open);
  CHECK(open.resource != 0 && opened.allocation != 0 && opened.data_size == sizeof(data));
  CHECK(data.magic == MAGIC && data.width == 64 && data.pitch == 256 && data.size == SIZE);
  *allocation = opened.allocation;
  return lock(opened.allocation);
}

// Two processes that tell each other that it is their turn, by a byte each.
static void tell(int socket) { CHECK(write(socket, "", 1) == 1); }
static void hear(int socket) {
  char byte;
  CHECK(read(socket, &byte, 1) == 1);
}

static void ended_well(int pid) {
  int status;
  CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

// Bytes of one are seen by the other, through its own GPU addresses as well, and stay when the first is gone.
static void resource(void) {
  int pid = fork();
  uint32_t *pixels, allocation;
  begin();
  if (pid == 0) {
    close(sockets[0]);
    int file = receive_fd();
    pixels = open_resource(file, &allocation);
    CHECK(pixels[0] == 0x11223344 && pixels[SIZE / 4 - 1] == 0x55667788);
    pixels[1] = 0x99;
    uint64_t target = map_va(allocation, SIZE / PAGE);
    uint32_t code = allocate(PAGE, NULL), *words = lock(code);
    uint64_t buffer = map_va(code, 1);
    struct create_sync fence = make_fence(0);
    submit(buffer, commands(words, target + 2 * PAGE, 0xcafe, fence.gpu, 1));
    wait_for(fence.object, 1);
    tell(sockets[1]);
    // Neither its fd nor its process is needed for what is open.
    hear(sockets[1]);
    CHECK(close(file) == 0);
    CHECK(pixels[3] == 0x77 && pixels[SIZE / 4 - 1] == 0x55667788);
    exit(0);
  }
  close(sockets[1]);
  int file = make_resource(&pixels);
  pixels[0] = 0x11223344;
  pixels[SIZE / 4 - 1] = 0x55667788;
  send_fd(file);
  hear(sockets[0]);
  CHECK(pixels[1] == 0x99 && pixels[2 * PAGE / 4] == 0xcafe && pixels[2 * PAGE / 4 + 15] == 0xcafe);
  pixels[3] = 0x77;
  CHECK(close(file) == 0 && close(fd) == 0);
  tell(sockets[0]);
  ended_well(pid);
}

static struct drm_prime_handle import(int node, int file) {
  struct drm_prime_handle prime = {.fd = file};
  CHECK(ioctl(node, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime) == 0 && prime.handle != 0);
  return prime;
}

// The same fd is a dma-buf for a process that knows nothing of dxg: mapped, its size asked, imported by the nodes of this adapter
// and of another driver, shown in a framebuffer.
static void dma_buf(void) {
  int pid = fork();
  if (pid == 0) {
    close(sockets[0]);
    int file = receive_fd();
    CHECK(lseek(file, 0, SEEK_END) == SIZE && lseek(file, 0, SEEK_SET) == 0);
    uint32_t *seen = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    CHECK(seen != MAP_FAILED);
    struct dma_buf_sync sync = {DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW};
    CHECK(ioctl(file, DMA_BUF_IOCTL_SYNC, &sync) == 0 && seen[0] == 0x11223344);
    seen[1] = 0x99;
    sync.flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW;
    CHECK(ioctl(file, DMA_BUF_IOCTL_SYNC, &sync) == 0);
    static const char *const nodes[] = {"/dev/dri/renderD128", "/dev/dri/card0", "/dev/dri/card1"};
    for (int i = 0; i < 3; i++) {
      int node = open(nodes[i], O_RDWR | O_CLOEXEC), back = -1;
      CHECK(node >= 0);
      struct drm_prime_handle prime = import(node, file), again = import(node, file);
      CHECK(prime.handle == again.handle);
      CHECK(drmPrimeHandleToFD(node, prime.handle, DRM_CLOEXEC | DRM_RDWR, &back) == 0);
      uint32_t *same = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, back, 0);
      CHECK(same != MAP_FAILED && same[1] == 0x99);
      if (i == 2) { // vkms shows it
        struct drm_mode_fb_cmd2 fb = {.width = 64, .height = 64, .pixel_format = DRM_FORMAT_XRGB8888,
                                      .handles = {prime.handle}, .pitches = {256}};
        CHECK(ioctl(node, DRM_IOCTL_MODE_ADDFB2, &fb) == 0 && fb.fb_id != 0);
      }
      CHECK(munmap(same, SIZE) == 0 && close(back) == 0 && close(node) == 0);
    }
    exit(0);
  }
  begin();
  close(sockets[1]);
  uint32_t *pixels;
  int file = make_resource(&pixels);
  pixels[0] = 0x11223344;
  send_fd(file);
  ended_well(pid);
  CHECK(pixels[1] == 0x99);
}

static int share_fence(uint32_t object) {
  uint64_t handle = 0;
  struct share share = {.count = 1, .objects = PTR(&object), .handle = PTR(&handle)};
  CALL(SHAREOBJECTS, &share);
  return (int)handle;
}

static void gpu_wait(uint32_t object, uint64_t value) {
  struct gpu_wait wait = {.context = context, .count = 1, .objects = PTR(&object), .values = PTR(&value)};
  CALL(WAITFROMGPU, &wait);
}

static void gpu_signal(uint32_t object, uint64_t value) {
  struct gpu_signal signal = {.context = context, .count = 1, .objects = PTR(&object), .values = PTR(&value)};
  CALL(SIGNALFROMGPU, &signal);
}

// Two GPUs' worth of work in two processes that wait for each other's values on their contexts, both by fds.
static void fence(void) {
  int pid = fork(), isChild = pid == 0;
  begin();
  close(sockets[isChild ? 0 : 1]);
  int socket = sockets[isChild ? 1 : 0];
  sockets[0] = sockets[1] = socket;
  struct create_sync mine = make_fence(FENCE_SHARED);
  int file = share_fence(mine.object);
  send_fd(file);
  int other = receive_fd();
  struct open_sync theirs = {.handle = other, .device = device, .flags = FENCE_SHARED};
  CALL(OPENSYNCOBJECTFROMNTHANDLE2, &theirs);
  CHECK(close(file) == 0 && close(other) == 0);
  // The parent begins with 1, the child answers 2 and so on: all is queued at once.
  for (uint64_t turn = isChild ? 1 : 0; turn < 20; turn += 2) {
    if (turn > 0) gpu_wait(theirs.object, turn);
    gpu_signal(mine.object, turn + 1);
  }
  wait_for(isChild ? mine.object : theirs.object, 20);
  CHECK(*(volatile uint64_t *)(uintptr_t)(isChild ? mine.cpu : theirs.cpu) == 20);
  CHECK(*(volatile uint64_t *)(uintptr_t)(isChild ? theirs.cpu : mine.cpu) == 19);
  if (isChild) {
    tell(socket);
    exit(0);
  }
  hear(socket);
  ended_well(pid);
}

static int poll_file(int file, int milliseconds) {
  struct pollfd ready = {.fd = file, .events = POLLIN};
  return poll(&ready, 1, milliseconds);
}

// A value that was submitted becomes a sync_file, which everybody can wait for, and comes back through a syncobj of the card.
static void sync_file(void) {
  int pid = fork();
  begin();
  close(sockets[pid == 0 ? 0 : 1]);
  if (pid == 0) {
    int file = receive_fd();
    struct sync_file_info info = {0};
    CHECK(ioctl(file, SYNC_IOC_FILE_INFO, &info) == 0 && info.num_fences == 1);
    struct open_from_sync_file open = {.handle = file, .device = device};
    CALL(OPENFROMSYNCFILE, &open);
    CHECK(open.value == 3 && open.object != 0);
    // Our context goes on when the other process's work is done.
    struct create_sync after = make_fence(0);
    struct wait_sync_file wait = {.handle = file, .context = context};
    CALL(WAITSYNCFILE, &wait);
    gpu_signal(after.object, 1);
    wait_for(after.object, 1);
    CHECK(*(volatile uint64_t *)(uintptr_t)open.cpu >= 3);
    CHECK(poll_file(file, 5000) == 1);
    exit(0);
  }
  struct create_sync done = make_fence(FENCE_SHARED);
  struct create_sync_file make = {.device = device, .fence = done.object, .value = 3};
  FAILS(CREATESYNCFILE, &make, EINVAL); // nobody has submitted that
  gpu_signal(done.object, 3);
  CALL(CREATESYNCFILE, &make);
  int file = (int)make.handle;
  CHECK(poll_file(file, 5000) == 1);
  // Out as a syncobj of the adapter's card, merged with itself, and back in.
  int node = open("/dev/dri/renderD128", O_RDWR | O_CLOEXEC), merged, back;
  CHECK(node >= 0);
  struct sync_merge_data merge = {.name = "both", .fd2 = file};
  CHECK(ioctl(file, SYNC_IOC_MERGE, &merge) == 0);
  merged = merge.fence;
  CHECK(poll_file(merged, 5000) == 1);
  uint32_t syncobj;
  CHECK(drmSyncobjCreate(node, 0, &syncobj) == 0 && drmSyncobjImportSyncFile(node, syncobj, file) == 0);
  CHECK(drmSyncobjExportSyncFile(node, syncobj, &back) == 0);
  struct wait_sync_file wait = {.handle = back, .context = context};
  CALL(WAITSYNCFILE, &wait);
  gpu_signal(done.object, 4);
  wait_for(done.object, 4);
  // What is no sync_file of ours is refused, not believed.
  wait.handle = eventfd(0, EFD_CLOEXEC);
  FAILS(WAITSYNCFILE, &wait, EINVAL);
  uint32_t stub;
  int foreign;
  CHECK(drmSyncobjCreate(node, DRM_SYNCOBJ_CREATE_SIGNALED, &stub) == 0);
  CHECK(drmSyncobjExportSyncFile(node, stub, &foreign) == 0);
  wait.handle = foreign;
  FAILS(WAITSYNCFILE, &wait, EINVAL);
  struct open_from_sync_file open = {.handle = foreign, .device = device};
  FAILS(OPENFROMSYNCFILE, &open, EINVAL);
  send_fd(file);
  ended_well(pid);
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    void (*body)(void);
  } tests[] = {{"resource", resource}, {"dma_buf", dma_buf}, {"fence", fence}, {"sync_file", sync_file}};
  CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) == 0);
  for (unsigned i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
    if (argc == 2 && strcmp(argv[1], tests[i].name) == 0) {
      tests[i].body();
      return 0;
    }
  }
  fprintf(stderr, "usage: dxg_share resource | dma_buf | fence | sync_file\n");
  return 2;
}
