// A client that does everything wrong that can be done through libc: random requests with structs that are half plausible, bad
// pointers, sizes that do not fit, fds that are closed, duplicated and passed on while others use them, threads, forks, signals in
// mid-request. It learns handles, ids and fds from what succeeds. Workers are killed wherever they are when their time is over.
//   fuzz SEED SECONDS TABLE [WORKERS]
// TABLE has a line for each request, "COMMAND NAME [CLASS:OFFSET:SIZE]...", as fuzz_table.ts writes it. The end tells how often each
// request was tried and succeeded. It ends badly if a worker ends by itself otherwise than well.
#include "fuzz.h"

#define THREADS_MAX 4
#define WORKER_SECONDS 2.0

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

static void files(struct dice *d) {
  int fd = random_fd(d);
  char buffer[256];
  if (fd == lead && !one_in(d, 30)) return;
  switch (roll(d, 12)) {
  case 0: close(fd); break;
  case 1: close(lead + 1 + roll(d, 60)); break;
  case 2: dup(fd); break;
  case 3: dup2(fd, lead + 1 + roll(d, 40)); break;
  case 4: fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) ^ O_NONBLOCK); break;
  case 5: fcntl(fd, F_DUPFD_CLOEXEC, 3 + roll(d, 40)); break;
  case 6: {
    void *to = one_in(d, 3) ? (void *)(uintptr_t)pointer(d) : buffer;
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    if (poll(&ready, 1, 0) == 1 && (ready.revents & POLLIN)) read(fd, to, to == buffer ? roll(d, 256) : roll(d, 2) * 64);
    break;
  }
  case 7: {
    struct stat st;
    fstat(fd, &st);
    lseek(fd, roll(d, 4096), roll(d, 3));
    break;
  }
  case 8: {
    struct epoll_event event = {.events = EPOLLIN | (one_in(d, 2) ? EPOLLET : 0), .data.fd = fd};
    int set = epoll_create1(EPOLL_CLOEXEC);
    epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
    epoll_wait(set, &event, 1, roll(d, 2));
    close(set);
    break;
  }
  case 9: ftruncate(fd, roll(d, 3) * 4096); break;
  case 10: flock(fd, one_in(d, 2) ? LOCK_UN : LOCK_EX | LOCK_NB); break;
  default: open_node(d); break;
  }
}

// A descriptor goes through a socket and comes back as another.
static void pass(struct dice *d) {
  int pair[2], fd = random_fd(d), in;
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
  } control;
  char byte = 0;
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
  if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) return;
  control.header.cmsg_level = SOL_SOCKET;
  control.header.cmsg_type = SCM_RIGHTS;
  control.header.cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));
  if (sendmsg(pair[0], &message, 0) == 1 && !one_in(d, 4)) {
    message.msg_controllen = sizeof(control);
    if (recvmsg(pair[1], &message, 0) == 1 && message.msg_controllen >= CMSG_LEN(sizeof(int))) {
      memcpy(&in, CMSG_DATA(&control.header), sizeof(int));
      keep(&drm_fds, in);
    }
  }
  close(pair[0]);
  close(pair[1]);
}

// A message that the library would not send, to a file or to the server itself: empty or not, with descriptors.
static void stuff(struct dice *d) {
  const char *path = getenv("UDRM_SOCKET");
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(100 * sizeof(int))];
  } control;
  int count = 1 + roll(d, 100), own = -1, target = drm_fd(d), fd = random_fd(d);
  struct iovec part = {d->arena, one_in(d, 2) ? 0 : roll(d, 6000)};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_SPACE(count * sizeof(int))};
  if (one_in(d, 2) && path && strlen(path) < sizeof(address.sun_path)) {
    strcpy(address.sun_path, path);
    own = target = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (own < 0 || connect(own, (struct sockaddr *)&address, sizeof(address)) != 0) target = -1;
  } else if (target == lead) {
    return;
  }
  control.header.cmsg_level = SOL_SOCKET;
  control.header.cmsg_type = SCM_RIGHTS;
  control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
  for (int i = 0; i < count; i++) memcpy(CMSG_DATA(&control.header) + i * sizeof(int), &fd, sizeof(int));
  sendmsg(target, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (own >= 0) close(own);
}

static void mappings(struct dice *d) {
  struct mapping *slot = &d->mappings[roll(d, MAPPINGS)];
  if (slot->address) {
    touch(d, slot->address, slot->length);
    if (one_in(d, 2)) return;
    munmap(slot->address, slot->length);
    slot->address = NULL;
  }
  size_t length = one_in(d, 10) ? odd_number(d) : (1 + roll(d, 16)) * 4096;
  int protection = one_in(d, 4) ? PROT_READ : PROT_READ | PROT_WRITE, flags = one_in(d, 6) ? MAP_PRIVATE : MAP_SHARED;
  void *at = mmap(NULL, length, protection, flags, one_in(d, 4) ? random_fd(d) : drm_fd(d), plausible(d, 'o'));
  if (at == MAP_FAILED) return;
  __atomic_fetch_add(&shared->mapped, 1, __ATOMIC_RELAXED);
  *slot = (struct mapping){at, length};
  touch(d, at, length);
}

static void work(struct dice *d, long steps, int may_fork);

static void child(struct dice *d) {
  pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    d->state ^= 0x9e3779b97f4a7c15ull;
    next(d);
    work(d, 50, 0);
    _exit(0);
  }
  if (pid < 0) return;
  if (one_in(d, 2)) {
    usleep(roll(d, 5000));
    kill(pid, SIGKILL);
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
  if (WIFEXITED(status) && WEXITSTATUS(status) != 0) _exit(WEXITSTATUS(status));
}

static void work(struct dice *d, long steps, int may_fork) {
  mine = d;
  for (long i = 0; i != steps; i++) {
    __atomic_fetch_add(&shared->steps, 1, __ATOMIC_RELAXED);
    uint32_t what = roll(d, 100);
    if (what < 64) request(d);
    else if (what < 70) display(d);
    else if (what < 78) atomic_commit(d);
    else if (what < 91) files(d);
    else if (what < 97) mappings(d);
    else if (what < 98) pass(d);
    else if (what < 99 && one_in(d, 4)) stuff(d);
    else if (may_fork && one_in(d, 8)) child(d);
  }
}

static void *thread(void *argument) {
  work(argument, -1, 0);
  return NULL;
}

// A request in the middle of another one of the same thread.
static void alarmed(int signal) {
  int saved = errno;
  uint64_t cap[2] = {DRM_CAP_PRIME, 0};
  if (mine != NULL && signal == SIGALRM && one_in(mine, 3)) ioctl(drm_fd(mine), DRM_IOCTL_GET_CAP, cap);
  errno = saved;
}

static void worker(uint64_t seed) {
  static struct dice dice[THREADS_MAX];
  for (int i = 0; i < THREADS_MAX; i++) begin_dice(&dice[i], seed * THREADS_MAX + i);
  struct dice *d = &dice[0];
  struct rlimit few = {64 + roll(d, 400), 4096};
  setrlimit(RLIMIT_NOFILE, &few);
  catch_faults();
  lead = open(nodes[seed % 3], O_RDWR | O_CLOEXEC);
  if (lead >= 0) discover(lead);
  for (unsigned i = 0; i < NODES; i++) {
    int fd = open(nodes[i], O_RDWR | O_CLOEXEC);
    if (fd >= 0) keep(nodes[i] == sw_sync ? &timelines : &drm_fds, fd);
  }
  mine = d;
  struct sigaction action = {.sa_handler = alarmed, .sa_flags = one_in(d, 3) ? SA_RESTART : 0};
  sigaction(SIGALRM, &action, NULL);
  struct itimerval often = {{0, 1000 + roll(d, 9000)}, {0, 1000}};
  setitimer(ITIMER_REAL, &often, NULL);
  for (int i = roll(d, THREADS_MAX); i > 0; i--) {
    pthread_t id;
    pthread_create(&id, NULL, thread, &dice[i]);
  }
  work(d, -1, 1);
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  uint64_t seed = strtoull(argv[1], NULL, 0);
  double end = seconds() + atof(argv[2]);
  int workers = argc > 4 ? atoi(argv[4]) : 2, bad = 0;
  read_table(argv[3]);
  shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return 2;
  while (seconds() < end) {
    pid_t pids[8];
    double until = seconds() + WORKER_SECONDS < end ? seconds() + WORKER_SECONDS : end;
    uint64_t first = seed;
    for (int i = 0; i < workers && i < 8; i++, seed++) {
      pids[i] = fork();
      if (pids[i] == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        worker(seed);
      }
    }
    while (seconds() < until) usleep(20000);
    for (int i = 0; i < workers && i < 8; i++) {
      int status;
      kill(pids[i], SIGKILL);
      waitpid(pids[i], &status, 0);
      if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) continue;
      printf("seed %llu ended by itself: status 0x%x\n", (unsigned long long)(first + i), status);
      bad = 1;
    }
  }
  report();
  return bad;
}
