// A program on /dev/dxg, in the order in which libdxg's clients call: see main() for what each test demands. It exits with 0, or
// says what was not as it must be.
#include "dxg_common.h"

#include <poll.h>

// The file is the parent's alone, and its memory the child's own.
static void stranger(uint32_t *memory) {
  struct enum_adapters2 list = {0};
  FAILS(ENUMADAPTERS2, &list, ENOTTY);
  CHECK(memory[0] == 0x1234);
  memory[0] = 7;
  close(fd);
  begin();
  CHECK(allocate(PAGE, NULL) != 0);
}

static void demo(void) {
  begin();
  // Memory of the program with something in it, and commands.
  uint32_t *memory = pages(4);
  memory[PAGE / 4 * 3] = 0xabcd;
  uint32_t allocation = allocate(4 * PAGE, memory);
  CHECK(memory[PAGE / 4 * 3] == 0xabcd);
  uint64_t address = map_va(allocation, 4);
  struct create_sync fence = make_fence(0);
  volatile uint64_t *value = (volatile uint64_t *)(uintptr_t)fence.cpu;
  uint32_t length = commands(memory + PAGE / 4, address, 0x1234, fence.gpu, 1);
  submit(address + PAGE, length);
  while (*value < 1) usleep(100);
  CHECK(memory[0] == 0x1234 && memory[15] == 0x1234 && memory[16] == 0 && memory[PAGE / 4 * 3] == 0xabcd);
  uint64_t next = 0x55;
  struct gpu_signal signal = {.context = context, .count = 1, .objects = PTR(&fence.object), .values = PTR(&next)};
  CALL(SIGNALFROMGPU, &signal);
  wait_for(fence.object, next);
  CHECK(*value == next);
  // By an eventfd.
  int event = eventfd(0, EFD_CLOEXEC);
  next++;
  struct cpu_wait wait = {.device = device, .count = 1, .objects = PTR(&fence.object), .values = PTR(&next), .event = event};
  CALL(WAITFROMCPU, &wait);
  signal_cpu(fence.object, next);
  uint64_t counted = 0;
  CHECK(read(event, &counted, sizeof(counted)) == sizeof(counted) && counted == 1);
  // A child has copies, and the GPU goes on to write what the parent sees.
  in_child(stranger, memory);
  CHECK(memory[0] == 0x1234);
  commands(memory + PAGE / 4, address, 0x4321, fence.gpu, next + 1);
  submit(address + PAGE, length);
  wait_for(fence.object, next + 1);
  CHECK(memory[0] == 0x4321);
  destroy(allocation);
  memory[0] = 1; // it is the program's as before
  CHECK(munmap(memory, 4 * PAGE) == 0);
}

static void lock(void) {
  begin();
  uint32_t allocation = allocate(3 * PAGE, NULL);
  struct lock2 lock = {.device = device, .allocation = allocation}, again = lock;
  CALL(LOCK2, &lock);
  CALL(LOCK2, &again);
  CHECK(lock.data == again.data);
  uint32_t *seen = (uint32_t *)(uintptr_t)lock.data;
  seen[3 * PAGE / 4 - 1] = 5;
  uint64_t address = map_va(allocation, 3);
  struct create_sync fence = make_fence(0);
  submit(address, commands(seen, address + PAGE, 0x77, fence.gpu, 1));
  wait_for(fence.object, 1);
  CHECK(seen[PAGE / 4] == 0x77 && seen[3 * PAGE / 4 - 1] == 5);
  struct unlock2 unlock = {.device = device, .allocation = allocation};
  CALL(UNLOCK2, &unlock);
  CHECK(seen[PAGE / 4] == 0x77);
  CALL(UNLOCK2, &unlock);
  // Nothing is there any more.
  int pipes[2];
  CHECK(pipe(pipes) == 0 && write(pipes[1], seen, 4) == -1 && errno == EFAULT);
  FAILS(UNLOCK2, &unlock, EINVAL);
  // The addresses come again, for other things.
  for (int i = 0; i < 300; i++) {
    CALL(LOCK2, &lock);
    CHECK(((uint32_t *)(uintptr_t)lock.data)[PAGE / 4] == 0x77);
    CALL(UNLOCK2, &unlock);
  }
}

static void *other_thread(void *argument) {
  struct unlock2 *unlock = argument;
  CALL(UNLOCK2, unlock);
  return NULL;
}

// One thread maps, another unmaps and ends.
static void threads(void) {
  begin();
  uint32_t allocation = allocate(PAGE, NULL);
  struct unlock2 unlock = {.device = device, .allocation = allocation};
  for (int i = 0; i < 30; i++) {
    struct lock2 lock = {.device = device, .allocation = allocation};
    CALL(LOCK2, &lock);
    *(uint32_t *)(uintptr_t)lock.data = i;
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, other_thread, &unlock) == 0 && pthread_join(thread, NULL) == 0);
  }
}

// What cannot be shared is refused, and ranges that overlap are one memory.
static void sysmem(void) {
  begin();
  struct driver_allocation data = {.magic = MAGIC, .version = VERSION, .size = 2 * PAGE, .flags = 4, .usage = 1};
  struct allocation_info info = {.data = PTR(&data), .data_size = sizeof(data)};
  struct create_allocation make = {.device = device, .count = 1, .infos = PTR(&info)};
  char *memory = (char *)pages(8);
  CHECK(mprotect(memory + PAGE, PAGE, PROT_READ) == 0);
  info.sysmem = PTR(memory);
  FAILS(CREATEALLOCATION, &make, ENOMEM);
  CHECK(munmap(memory + PAGE, PAGE) == 0);
  FAILS(CREATEALLOCATION, &make, ENOMEM);
  info.sysmem = PTR(memory + 2 * PAGE + 8);
  FAILS(CREATEALLOCATION, &make, EINVAL);
  strcpy(memory + 2 * PAGE, "two");
  strcpy(memory + 4 * PAGE, "four");
  uint32_t first = allocate(2 * PAGE, memory + 2 * PAGE), second = allocate(3 * PAGE, memory + 3 * PAGE);
  CHECK(!strcmp(memory + 2 * PAGE, "two") && !strcmp(memory + 4 * PAGE, "four"));
  uint64_t va = map_va(first, 2), same = map_va(second, 3);
  struct create_sync fence = make_fence(0);
  uint32_t *code = (uint32_t *)(memory + 2 * PAGE);
  submit(va, commands(code, same, 0x99, fence.gpu, 1)); // writes page 3, which both have
  wait_for(fence.object, 1);
  CHECK(*(uint32_t *)(memory + 3 * PAGE) == 0x99);
  submit(va, commands(code, va + PAGE, 0x98, fence.gpu, 2));
  wait_for(fence.object, 2);
  CHECK(*(uint32_t *)(memory + 3 * PAGE) == 0x98);
  destroy(first);
  destroy(second);
  strcpy(memory + 2 * PAGE, "again");
  first = allocate(2 * PAGE, memory + 2 * PAGE);
  CHECK(!strcmp(memory + 2 * PAGE, "again"));
  destroy(first);
}

// About as many at once as a call takes, each over a page of its own; and memory that others have, too.
static void many(void) {
  enum { COUNT = 900 }; // of 1024: their answer is a packet of 128 KiB at most
  static struct driver_allocation data[COUNT];
  static struct allocation_info info[COUNT];
  static uint32_t handles[COUNT];
  begin();
  char *memory = (char *)pages(COUNT);
  for (int i = 0; i < COUNT; i++) {
    data[i] = (struct driver_allocation){.magic = MAGIC, .version = VERSION, .size = PAGE, .flags = 4, .usage = 1};
    info[i] = (struct allocation_info){.sysmem = PTR(memory + i * PAGE), .data = PTR(&data[i]), .data_size = sizeof(*data)};
    *(int *)(memory + i * PAGE) = i;
  }
  struct create_allocation make = {.device = device, .count = COUNT, .infos = PTR(info)};
  CALL(CREATEALLOCATION, &make);
  for (int i = 0; i < COUNT; i++) {
    CHECK(*(int *)(memory + i * PAGE) == i);
    handles[i] = info[i].allocation;
  }
  uint64_t last = map_va(handles[COUNT - 1], 1), first = map_va(handles[0], 1);
  struct create_sync fence = make_fence(0);
  submit(first, commands((uint32_t *)memory, last, 0x31, fence.gpu, 1));
  wait_for(fence.object, 1);
  CHECK(*(uint32_t *)(memory + (COUNT - 1) * PAGE) == 0x31 && *(int *)(memory + PAGE) == 1);
  struct destroy_allocation gone = {.device = device, .allocations = PTR(handles), .count = COUNT};
  CALL(DESTROYALLOCATION2, &gone);
  CHECK(*(int *)(memory + 5 * PAGE) == 5);
  void *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  info[0].sysmem = PTR(shared);
  make.count = 1;
  FAILS(CREATEALLOCATION, &make, ENOMEM);
}

// Two programs, a fence of both.
static void share(void) {
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
  int pid = fork(), status;
  begin();
  if (pid == 0) {
    close(sockets[0]); // so that a parent that ends is noticed
    int file = receive_fd();
    struct open_sync open = {.handle = file, .device = device, .flags = 3};
    CALL(OPENSYNCOBJECTFROMNTHANDLE2, &open);
    wait_for(open.object, 5);
    CHECK(*(volatile uint64_t *)(uintptr_t)open.cpu == 5);
    signal_cpu(open.object, 6);
    exit(0);
  }
  struct create_sync fence = make_fence(3);
  uint64_t handle = 0;
  struct share share = {.count = 1, .objects = PTR(&fence.object), .handle = PTR(&handle)};
  CALL(SHAREOBJECTS, &share);
  send_fd(handle);
  usleep(50000); // the other one waits by now, or will
  signal_cpu(fence.object, 5);
  wait_for(fence.object, 6);
  CHECK(*(volatile uint64_t *)(uintptr_t)fence.cpu == 6);
  CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static void node(void) {
  struct stat st, same;
  CHECK(stat("/dev/dxg", &st) == 0 && S_ISCHR(st.st_mode) && (st.st_mode & 0777) == 0666);
  fd = open("/dev/dxg", O_RDONLY | O_CLOEXEC);
  CHECK(fd >= 0 && fstat(fd, &same) == 0 && same.st_rdev == st.st_rdev);
  char byte;
  CHECK(read(fd, &byte, 1) == -1 && errno == EINVAL);
  CHECK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED && errno == ENODEV);
  FAILS(DXG(0x03, struct create_context), &byte, ENOTTY);
  FAILS(_IOWR('G', 0x02, uint32_t), &byte, ENOTTY);
  FAILS(ENUMADAPTERS2, (void *)8, EFAULT);
}

// Goes on until stdin ends, and prints how many rounds it did: whatever others do meanwhile, each is as it must be.
static void steady(void) {
  unsigned rounds = 0;
  struct pollfd in = {.fd = 0, .events = POLLIN};
  begin();
  struct create_sync fence = make_fence(0);
  do {
    uint32_t *memory = pages(2);
    memory[PAGE / 4] = rounds;
    uint32_t own = allocate(2 * PAGE, memory), code = allocate(PAGE, NULL);
    struct lock2 lock = {.device = device, .allocation = code};
    struct unlock2 unlock = {.device = device, .allocation = code};
    CALL(LOCK2, &lock);
    uint64_t address = map_va(own, 2), buffer = map_va(code, 1);
    rounds++;
    submit(buffer, commands((uint32_t *)(uintptr_t)lock.data, address, rounds, fence.gpu, rounds));
    wait_for(fence.object, rounds);
    CHECK(memory[0] == rounds && memory[15] == rounds && memory[PAGE / 4] == rounds - 1);
    CALL(UNLOCK2, &unlock);
    destroy(own);
    destroy(code);
    CHECK(munmap(memory, 2 * PAGE) == 0);
  } while (poll(&in, 1, 5) == 0);
  printf("%u", rounds);
}

// The adapter goes while it waits: it is woken, and keeps what it sees.
static void gone(void) {
  begin();
  uint32_t allocation = allocate(2 * PAGE, NULL);
  struct lock2 lock = {.device = device, .allocation = allocation};
  CALL(LOCK2, &lock);
  volatile uint32_t *seen = (uint32_t *)(uintptr_t)lock.data;
  seen[PAGE / 4] = 0x55;
  uint32_t *memory = pages(1);
  *memory = 0x66;
  allocate(PAGE, memory);
  struct create_sync fence = make_fence(0);
  uint64_t value = 9;
  int event = eventfd(0, EFD_CLOEXEC);
  struct cpu_wait wait = {.device = device, .count = 1, .objects = PTR(&fence.object), .values = PTR(&value), .event = event};
  CALL(WAITFROMCPU, &wait);
  printf("ready");
  fflush(stdout);
  wait.event = 0;
  FAILS(WAITFROMCPU, &wait, ENODEV);
  uint64_t counted = 0;
  CHECK(read(event, &counted, sizeof(counted)) == sizeof(counted) && counted == 1);
  CHECK(*(volatile uint64_t *)(uintptr_t)fence.cpu == UINT64_MAX);
  struct enum_adapters2 list = {.count = 5};
  CALL(ENUMADAPTERS2, &list);
  CHECK(list.count == 0);
  for (int i = 0; i < 3; i++) FAILS(LOCK2, &lock, ENODEV);
  CHECK(open("/dev/dxg", O_RDONLY) == -1 && errno == ENOENT);
  CHECK(seen[PAGE / 4] == 0x55 && *memory == 0x66 && *(volatile uint64_t *)(uintptr_t)paging.fence == UINT64_MAX);
  seen[0] = *memory = 1;
  CHECK(close(fd) == 0);
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    void (*body)(void);
  } tests[] = {{"demo", demo}, {"lock", lock}, {"threads", threads}, {"sysmem", sysmem}, {"many", many}, {"share", share}, {"node", node}, {"steady", steady}, {"gone", gone}};
  for (unsigned i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
    if (argc == 2 && strcmp(argv[1], tests[i].name) == 0) {
      tests[i].body();
      return 0;
    }
  }
  fprintf(stderr, "usage: dxg_client demo | lock | threads | sysmem | many | share | node | steady | gone\n");
  return 2;
}
