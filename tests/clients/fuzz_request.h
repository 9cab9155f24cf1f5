// fuzz's requests: members of structs that are half plausible, sizes that do not fit, and what is learned from what succeeds.
#pragma once
#include "fuzz.h"

static const char sw_sync[] = "/dev/sw_sync";
static const char *const nodes[] = {"/dev/dri/card0",      "/dev/dri/card1",      "/dev/dri/card2",
                                    "/dev/dri/renderD128", "/dev/dri/renderD129", "/dev/dri/renderD130",
                                    sw_sync,               sw_sync,               "/dev/udmabuf"};
#define NODES (sizeof(nodes) / sizeof(*nodes))

static void learn(const struct line *line, const unsigned char *argument) {
  struct pool *made = strstr(line->name, "PRIME")   ? &buffers
                      : strstr(line->name, "LEASE") ? &drm_fds
                      : strstr(line->name, "SYNC")  ? &fences
                                                    : NULL;
  for (int i = 0; i < line->count; i++) {
    const struct member *m = &line->members[i];
    if (m->size != 4 && m->size != 8) continue;
    uint64_t value = 0;
    memcpy(&value, argument + m->offset, m->size);
    if (value == 0) continue;
    if (m->class == 'f' && made) keep(made, (int)value);
    if (strchr("hockeplbar", m->class)) keep(&pools[(int)m->class], value);
  }
}

// One member of a struct, or an element of an array behind one.
static uint64_t plausible(struct dice *d, char class) {
  static const char objects[] = "ckelbar";
  switch (class) {
  case 'h': return one_in(d, 3) ? roll(d, 12) : pick(d, &pools['h']);
  case 'c':
  case 'k':
  case 'e':
  case 'l':
  case 'b':
  case 'a':
  case 'r':
    if (!one_in(d, 6)) return pick(d, &pools[(int)class]); // fall through
  case 'i': return one_in(d, 12) ? roll(d, 80) : pick(d, &pools[(int)objects[roll(d, sizeof(objects) - 1)]]);
  case 'f': return (uint64_t)(one_in(d, 3) ? random_fd(d) : (int)pick(d, one_in(d, 2) ? &buffers : &fences));
  case 'n': return one_in(d, 20) ? odd_number(d) : roll(d, 9);
  case 'g': return one_in(d, 2) ? 0 : one_in(d, 8) ? next(d) : one_in(d, 2) ? 1u << roll(d, 12) : roll(d, 16);
  case 's': return one_in(d, 30) ? odd_number(d) : one_in(d, 4) ? 1u << roll(d, 12) : roll(d, 400);
  case 'w': return one_in(d, 4) ? 8u << roll(d, 4) : 32;
  case 'F': return one_in(d, 6) ? next(d) : formats[roll(d, FORMATS)];
  case 'o': return one_in(d, 3) ? odd_number(d) & ~4095ull : pick(d, &pools['o']);
  case 't': return one_in(d, 2) ? 0 : one_in(d, 4) ? odd_number(d) : nanoseconds() + roll(d, 5000000);
  case 'p': return pointer(d);
  case 'x': return one_in(d, 20) ? next(d) : 0;
  case '0':
  case '1':
  case '2': return one_in(d, 10) ? roll(d, 9) : (uint64_t)(class - '0');
  default: return one_in(d, 6) ? odd_number(d) : one_in(d, 4) ? plausible(d, 'i') : roll(d, 16);
  }
}

// Arrays for the pointers to lead to.
static void furnish(struct dice *d) {
  static const char classes[] = "hhiickelbarfnpF?";
  unsigned char *at = d->arena + roll(d, ARENA / 512) * 512;
  char class = classes[roll(d, sizeof(classes) - 1)];
  int wide = one_in(d, 3);
  for (int i = 0; i < 32; i++) {
    uint64_t value = plausible(d, class);
    memcpy(at + i * (wide ? 8 : 4), &value, wide ? 8 : 4);
  }
}

static void fill(struct dice *d, const struct line *line, unsigned char *argument, size_t size) {
  memset(argument, 0, size);
  for (int i = 0; i < line->count; i++) {
    const struct member *m = &line->members[i];
    if (m->class == 'm' && m->size == sizeof(mode) && !one_in(d, 4)) {
      memcpy(argument + m->offset, (void *)&mode, sizeof(mode));
      if (one_in(d, 3)) argument[m->offset + roll(d, sizeof(mode))] ^= 1 << roll(d, 8);
      continue;
    }
    // Arrays, strings and structs in structs: by words, the first ones most of the time.
    size_t step = m->size == 8 || m->class == 'p' || m->class == 't' ? 8 : 4, end = m->size < step ? step : m->size;
    if (m->size > 8 && one_in(d, 2)) end = step;
    for (size_t at = 0; at + step <= end && m->offset + at + step <= size; at += step) {
      uint64_t value = plausible(d, m->class);
      memcpy(argument + m->offset + at, &value, step);
    }
  }
}

static void open_node(struct dice *d) {
  int flags = (one_in(d, 4) ? O_RDONLY : O_RDWR) | (one_in(d, 2) ? O_CLOEXEC : 0) | (one_in(d, 3) ? O_NONBLOCK : 0);
  char path[64];
  snprintf(path, sizeof(path), "/proc/self/fd/%d", random_fd(d));
  unsigned node = roll(d, NODES);
  int fd = open(one_in(d, 8) ? path : nodes[node], flags);
  if (fd >= 0) keep(nodes[node] == sw_sync ? &timelines : &drm_fds, fd);
}

static void request(struct dice *d) {
  int index = roll(d, line_count);
  const struct line *line = &lines[index];
  uint32_t command = line->command;
  size_t size = _IOC_SIZE(command);
  unsigned char *place = d->arena + roll(d, (ARENA - 16384) / 8) * 8;
  for (int i = roll(d, 4); i > 0; i--) furnish(d);
  fill(d, line, place, size < 8 ? 8 : size);
  if (one_in(d, 12)) {
    static const int changes[] = {-8, -4, -1, 1, 4, 8, 64, 4000, 16000};
    long other = (long)size + changes[roll(d, 9)];
    if (other < 0) other = 0;
    command = (command & ~(0x3fffu << 16)) | (uint32_t)(other & 0x3fff) << 16;
  }
  if (one_in(d, 40)) command ^= (1 + roll(d, 3)) << 30;
  if (one_in(d, 60)) command = (command & ~0xffu) | roll(d, 256);
  void *argument = one_in(d, 15) ? (void *)(uintptr_t)pointer(d) : place;
  // A fuzzer that is not master meets nothing but EACCES.
  if (line->command == DRM_IOCTL_DROP_MASTER && !one_in(d, 20)) return;
  int fd = fit_fd(d, command);
  int result = ioctl(fd, command, argument);
  __atomic_fetch_add(&shared->tried[index], 1, __ATOMIC_RELAXED);
  if (result < 0) {
    __atomic_fetch_add(&shared->errors[errno < ERRNOS ? errno : 0], 1, __ATOMIC_RELAXED);
    if (errno == EBADF && _IOC_TYPE(command) == 'd') open_node(d);
  } else if ((command & 0xffff) == (line->command & 0xffff)) {
    __atomic_fetch_add(&shared->succeeded[index], 1, __ATOMIC_RELAXED);
    if (argument == place && command == line->command) learn(line, place);
  }
}
