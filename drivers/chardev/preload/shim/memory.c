// The program's addresses, as far as drivers put something there: a range that is set aside for their mappings, which the server
// gives out, and the program's own memory that they use, which a memfd has taken the place of.
#include "shim.h"

#include <fcntl.h>
#include <sys/mman.h>

#define ARENA_SIZE (1ULL << 36)
#define PAGE 4096
// As client_memory.ts names them.
#define PINNED "/memfd:udrm-pinned "

static uint64_t arena;
static int arena_pid;
static int pinned;

// Where it is, made by whoever asks first; 0 if there is none. A vfork child, whose addresses are its parent's, has none.
uint64_t udrm_arena(uint64_t *size) {
  int pid = getpid();
  uint64_t base = __atomic_load_n(&arena, __ATOMIC_ACQUIRE);
  *size = ARENA_SIZE;
  if (base) return arena_pid == pid ? base : 0;
  void *made = REAL(mmap)(NULL, ARENA_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (made == MAP_FAILED) return 0;
  arena_pid = pid;
  if (__atomic_compare_exchange_n(&arena, &base, (uintptr_t)made, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) return (uintptr_t)made;
  munmap(made, ARENA_SIZE);
  return base;
}

static int perform(const struct action *action, int fd) {
  void *address = (void *)(uintptr_t)action->address, *mapped;
  if (action->kind == ACTION_UNMAP) {
    mapped = REAL(mmap)(address, action->length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  } else {
    mapped = REAL(mmap)(address, action->length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, action->offset);
    if (action->kind == ACTION_PIN && mapped != MAP_FAILED) __atomic_store_n(&pinned, 1, __ATOMIC_RELAXED);
  }
  return mapped == MAP_FAILED ? -ENOMEM : 0;
}

// Does what a message of actions says. 0, or -ENOMEM if the kernel refuses any of it.
int udrm_perform(struct exchange *x) {
  int used = 0, result = 0;
  uint32_t count = x->reply.installs < ACTIONS_MAX ? x->reply.installs : ACTIONS_MAX;
  for (uint32_t i = 0; i < count; i++) {
    const struct action *action = &x->actions[i];
    int fd = -1;
    if (action->has_fd && used < x->fd_count) fd = x->fds[used++];
    int done = action->has_fd && fd < 0 ? -ENOMEM : perform(action, fd);
    if (done < 0) result = done;
  }
  for (int i = 0; i < x->fd_count; i++) REAL(close)(x->fds[i]);
  x->fd_count = 0;
  return result;
}

static uint64_t hex(const char **text) {
  uint64_t value = 0;
  for (;; ++*text) {
    char c = **text;
    if (c >= '0' && c <= '9') value = value << 4 | (c - '0');
    else if (c >= 'a' && c <= 'f') value = value << 4 | (c - 'a' + 10);
    else return value;
  }
}

// Memory of the program's own that is a memfd now would be the child's and the parent's: the child gets a copy, as of all that is
// private. The program may have made it unreadable meanwhile.
static void make_private(const char *line) {
  if (!strstr(line, PINNED)) return;
  uint64_t start = hex(&line);
  line++;
  uint64_t length = hex(&line) - start;
  int protection = (line[1] == 'r' ? PROT_READ : 0) | (line[2] == 'w' ? PROT_WRITE : 0) | (line[3] == 'x' ? PROT_EXEC : 0);
  void *copy = REAL(mmap)(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (copy == MAP_FAILED) return;
  if (!(protection & PROT_READ)) mprotect((void *)(uintptr_t)start, length, PROT_READ);
  memcpy(copy, (void *)(uintptr_t)start, length);
  if (protection != (PROT_READ | PROT_WRITE)) mprotect(copy, length, protection);
  if (mremap(copy, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)(uintptr_t)start) == MAP_FAILED) munmap(copy, length);
}

static int next_line(int fd, char *line, size_t size) {
  size_t at = 0;
  for (char c; REAL(read)(fd, &c, 1) == 1;) {
    if (c == '\n') {
      line[at] = 0;
      return 1;
    }
    if (at + 1 < size) line[at++] = c;
  }
  return 0;
}

// The child's addresses are its own from here on: what is set aside is not, as the parent's mappings are in it.
void udrm_memory_forked(void) {
  arena = 0;
  if (!pinned) return;
  char line[256];
  int fd = REAL(open)("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  // What is replaced moves no other line: the file goes on behind the address where it was.
  while (next_line(fd, line, sizeof(line))) make_private(line);
  REAL(close)(fd);
  pinned = 0;
}
