// A program that computes by /dev/dxg. What the GPU is to see comes on stdin, made by whoever knows packets and shaders: pieces of
// memory with the addresses that they want, a DMA buffer among them. What is in the last piece when the GPU is done goes to stdout.
//   stdin: u32 pieces; for each u64 address, u32 bytes, the bytes; then u64 address and u32 length of the DMA buffer
#include "dxg_common.h"

#define PIECES 16

static void get(void *to, size_t size) { CHECK(fread(to, 1, size, stdin) == size); }

int main(void) {
  uint32_t count, length = 0, allocations[PIECES];
  uint64_t buffer;
  uint8_t *last = NULL;
  get(&count, sizeof(count));
  CHECK(count >= 1 && count <= PIECES);
  begin();
  for (uint32_t i = 0; i < count; i++) {
    uint64_t address;
    get(&address, sizeof(address));
    get(&length, sizeof(length));
    uint64_t pages = (length + PAGE - 1) / PAGE;
    allocations[i] = allocate(pages * PAGE, NULL);
    struct lock2 lock = {.device = device, .allocation = allocations[i]};
    CALL(LOCK2, &lock);
    last = (uint8_t *)(uintptr_t)lock.data;
    get(last, length);
    struct map_va map = {.queue = paging.queue, .base = address, .allocation = allocations[i], .pages = pages, .protection = 1};
    CHECK(ioctl(fd, MAPGPUVIRTUALADDRESS, &map) == STATUS_PENDING && map.address == address);
    wait_for(paging.sync_object, map.fence);
  }
  struct make_resident resident = {.queue = paging.queue, .count = count, .allocations = PTR(allocations)};
  int result = ioctl(fd, MAKERESIDENT, &resident);
  CHECK(result == 0 || result == STATUS_PENDING);
  wait_for(paging.sync_object, resident.fence);
  uint32_t size = length;
  get(&buffer, sizeof(buffer));
  get(&length, sizeof(length));
  struct create_sync fence = make_fence(0);
  submit(buffer, length);
  uint64_t value = 1;
  struct gpu_signal signal = {.context = context, .count = 1, .objects = PTR(&fence.object), .values = PTR(&value)};
  CALL(SIGNALFROMGPU, &signal);
  // Once asleep in the kernel, and the value is in the page before that returns.
  wait_for(fence.object, 1);
  CHECK(*(volatile uint64_t *)(uintptr_t)fence.cpu == 1);
  CHECK(fwrite(last, 1, size, stdout) == size && fflush(stdout) == 0);
  return 0;
}
