// EXECBUFFER: virtgpu_client's submissions, fences, syncobjs, rings and their events.
#include "virtgpu.h"

static int exec(int fd, struct vg_exec *arg, struct vg_exec value) {
  *arg = value;
  return ioctl(fd, VG_EXEC, arg);
}

void test_exec(void) {
  int fd = open_render(), first;
  uint32_t command[16], none = 4711;
  struct vg_create made = texture(fd, 16, 16);
  uint32_t *pixels = map(fd, made.bo_handle, 4096);
  struct vg_exec e;
  uint32_t size = write_pixel(command, made.res_handle, 1, 1, 0xcafebabe);
  struct vg_exec draw = {.size = size, .command = ADDRESS(command), .fence_fd = 55};
  draw.bo_handles = ADDRESS(&made.bo_handle);
  draw.num_bo_handles = 1;
  CHECK(exec(fd, &e, draw) == 0 && e.fence_fd == 55);
  read_back(fd, &made);
  CHECK(pixels[17] == 0xcafebabe);
  // The argument as older programs have it, without rings and syncobjs.
  write_pixel(command, made.res_handle, 2, 1, 0xfeed);
  CHECK(ioctl(fd, VG(2, char[32]), &draw) == 0);
  read_back(fd, &made);
  CHECK(pixels[18] == 0xfeed);
  // A fence out, and in again, and both.
  draw.flags = FENCE_FD_OUT;
  CHECK(exec(fd, &e, draw) == 0 && (first = e.fence_fd) != 55);
  CHECK(fcntl(first, F_GETFD) == FD_CLOEXEC && polled(first, POLLIN, 5000) == POLLIN);
  CHECK(exec(fd, &e, (struct vg_exec){.flags = FENCE_FD_IN, .fence_fd = first}) == 0 && e.fence_fd == first);
  CHECK(exec(fd, &e, (struct vg_exec){.flags = FENCE_FD_IN | FENCE_FD_OUT, .fence_fd = first}) == 0);
  CHECK(e.fence_fd != first && polled(e.fence_fd, POLLIN, 5000) == POLLIN);
  FAILS(exec(fd, &e, (struct vg_exec){.flags = FENCE_FD_IN, .fence_fd = -1}), EINVAL);
  FAILS(exec(fd, &e, (struct vg_exec){.flags = FENCE_FD_IN, .fence_fd = fd}), EINVAL);
  // Objects before commands, those before syncobjs; an fd that was to be filled is as it was.
  struct vg_exec wrong = {.flags = FENCE_FD_OUT, .size = 4, .command = NOWHERE, .fence_fd = 55};
  wrong.num_bo_handles = 1;
  wrong.bo_handles = ADDRESS(&none);
  FAILS(exec(fd, &e, wrong), ENOENT);
  CHECK(e.fence_fd == 55);
  wrong.bo_handles = NOWHERE;
  FAILS(exec(fd, &e, wrong), EFAULT);
  wrong.num_bo_handles = 0;
  wrong.num_out_syncobjs = 1;
  FAILS(exec(fd, &e, wrong), EFAULT);
  wrong.size = 0; // handle 0, of a stride of 0
  FAILS(exec(fd, &e, wrong), EINVAL);
  wrong.num_out_syncobjs = 0;
  wrong.num_in_syncobjs = 1;
  FAILS(exec(fd, &e, wrong), ENOENT);
  wrong.syncobj_stride = 16;
  FAILS(exec(fd, &e, wrong), EFAULT);
  FAILS(exec(fd, &e, (struct vg_exec){.size = 0xfffffffc, .command = NOWHERE}), ENOMEM);
  FAILS(exec(fd, &e, (struct vg_exec){.num_bo_handles = 0xffffffff, .bo_handles = NOWHERE}), ENOMEM);
  uint32_t twice[2] = {made.bo_handle, made.bo_handle};
  FAILS(exec(fd, &e, (struct vg_exec){.bo_handles = ADDRESS(twice), .num_bo_handles = 2}), EALREADY);
  // None of these has kept an fd.
  int next = dup(fd);
  close(next);
  struct rlimit limit, before;
  CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
  limit = before;
  limit.rlim_cur = next;
  CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  FAILS(exec(fd, &e, (struct vg_exec){.flags = FENCE_FD_OUT, .fence_fd = 55}), EMFILE);
  CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(e.fence_fd == 55 && exec(fd, &e, draw) == 0 && e.fence_fd == next);
}

static uint32_t syncobj(int fd, uint32_t flags) {
  uint32_t handle;
  CHECK(drmSyncobjCreate(fd, flags, &handle) == 0);
  return handle;
}
/** 0: its fence has signalled; -EINVAL: it has none. */
static int state(int fd, uint32_t handle) { return drmSyncobjWait(fd, &handle, 1, absolute(5), 0, NULL); }

void test_syncobjs(void) {
  int fd = open_render();
  uint32_t a = syncobj(fd, DRM_SYNCOBJ_CREATE_SIGNALED), b = syncobj(fd, 0), t = syncobj(fd, 0);
  struct vg_syncobj in[2] = {{a, 1, 0}}, out[2] = {{b, 0, 0}, {t, 0, 7}};
  struct vg_exec e = {.syncobj_stride = 16, .in_syncobjs = ADDRESS(in), .out_syncobjs = ADDRESS(out)};
  e.num_in_syncobjs = 1;
  e.num_out_syncobjs = 2;
  uint64_t point = 7, value;
  CHECK(ioctl(fd, VG_EXEC, &e) == 0 && state(fd, b) == 0);
  CHECK(drmSyncobjTimelineWait(fd, &t, &point, 1, absolute(5), 0, NULL) == 0);
  CHECK(drmSyncobjQuery(fd, &t, &value, 1) == 0 && value == 7);
  CHECK(state(fd, a) == -EINVAL); // it was to be reset
  in[0].flags = 0;
  FAILS(ioctl(fd, VG_EXEC, &e), EINVAL);
  in[0] = (struct vg_syncobj){b, 2, 0};
  FAILS(ioctl(fd, VG_EXEC, &e), EINVAL);
  in[0] = (struct vg_syncobj){99, 0, 0};
  FAILS(ioctl(fd, VG_EXEC, &e), ENOENT);
  in[0] = (struct vg_syncobj){b, 0, 3}; // without points
  FAILS(ioctl(fd, VG_EXEC, &e), EINVAL);
  in[0] = (struct vg_syncobj){t, 0, 8}; // not there yet
  FAILS(ioctl(fd, VG_EXEC, &e), EINVAL);
  in[0].point = 7;
  CHECK(ioctl(fd, VG_EXEC, &e) == 0);
  // Those out are looked at first.
  in[0].handle = 98;
  out[1].flags = 1;
  FAILS(ioctl(fd, VG_EXEC, &e), EINVAL);
  out[1] = (struct vg_syncobj){99, 0, 7};
  FAILS(ioctl(fd, VG_EXEC, &e), EINVAL);
  // In and out: what it is reset to comes last.
  in[0] = (struct vg_syncobj){b, 1, 0};
  e.num_out_syncobjs = 1;
  CHECK(ioctl(fd, VG_EXEC, &e) == 0 && state(fd, b) == -EINVAL);
  // Reset where what comes after them fails, not where one of them does.
  CHECK(drmSyncobjSignal(fd, &a, 1) == 0);
  in[0] = (struct vg_syncobj){a, 1, 0};
  e.num_out_syncobjs = 0;
  e.flags = FENCE_FD_IN;
  e.fence_fd = -1;
  FAILS(ioctl(fd, VG_EXEC, &e), EINVAL);
  CHECK(state(fd, a) == -EINVAL);
  CHECK(drmSyncobjSignal(fd, &a, 1) == 0);
  in[1] = (struct vg_syncobj){99, 0, 0};
  e.num_in_syncobjs = 2;
  e.flags = 0;
  FAILS(ioctl(fd, VG_EXEC, &e), ENOENT);
  CHECK(state(fd, a) == 0);
  // Structs of programs that are newer, and older.
  uint32_t wide[16] = {[0] = a, [8] = a}, narrow[2] = {a, a};
  e.in_syncobjs = ADDRESS(wide);
  e.syncobj_stride = 32;
  CHECK(ioctl(fd, VG_EXEC, &e) == 0);
  e.in_syncobjs = ADDRESS(narrow);
  e.syncobj_stride = 4;
  CHECK(ioctl(fd, VG_EXEC, &e) == 0);
}

void test_rings(void) {
  int fd = open_render(), count = 0;
  uint32_t events[64];
  CHECK(context_init(fd, 3, (unsigned long)CAPSET_ID, 2ul, (unsigned long)NUM_RINGS, 2ul,
                     (unsigned long)POLL_RINGS_MASK, 2ul) == 0);
  struct vg_exec e;
  FAILS(exec(fd, &e, (struct vg_exec){.flags = RING_IDX, .ring_idx = 2}), EINVAL);
  FAILS(exec(fd, &e, (struct vg_exec){.flags = RING_IDX, .ring_idx = ~0u}), EINVAL);
  // No event of a ring that is not polled, nor of one that is not named.
  CHECK(exec(fd, &e, (struct vg_exec){.flags = RING_IDX | FENCE_FD_OUT}) == 0);
  CHECK(polled(e.fence_fd, POLLIN, 5000) == POLLIN && polled(fd, POLLIN, 50) == 0);
  CHECK(exec(fd, &e, (struct vg_exec){.flags = FENCE_FD_OUT, .ring_idx = 1}) == 0);
  CHECK(polled(e.fence_fd, POLLIN, 5000) == POLLIN && polled(fd, POLLIN, 50) == 0);
  struct vg_exec submit = {.flags = RING_IDX, .ring_idx = 1};
  CHECK(exec(fd, &e, submit) == 0 && polled(fd, POLLIN, 5000) == POLLIN);
  CHECK(read(fd, events, 4) == 0 && read(fd, events, sizeof events) == 8);
  CHECK(events[0] == 0x90000000 && events[1] == 8); // VIRTGPU_EVENT_FENCE_SIGNALED and nothing else
  // 4096 bytes of them are there; what fails gives its own back.
  for (int i = 0; i < 600; i++) {
    FAILS(exec(fd, &e, (struct vg_exec){.flags = RING_IDX, .ring_idx = 1, .size = 4, .command = NOWHERE}), EFAULT);
  }
  for (int i = 0; i < 512; i++) CHECK(exec(fd, &e, submit) == 0);
  FAILS(exec(fd, &e, submit), ENOMEM);
  submit.ring_idx = 0;
  CHECK(exec(fd, &e, submit) == 0);
  while (count < 512) {
    CHECK(polled(fd, POLLIN, 5000) == POLLIN);
    count += read(fd, events, sizeof events) / 8;
  }
  CHECK(count == 512 && polled(fd, POLLIN, 50) == 0);
}

static void on_alarm(int signal) { (void)signal; }
static void alarm_soon(int flags) {
  struct sigaction action = {.sa_handler = on_alarm, .sa_flags = flags};
  struct itimerval timer = {.it_value = {0, 50000}};
  CHECK(sigaction(SIGALRM, &action, NULL) == 0 && setitimer(ITIMER_REAL, &timer, NULL) == 0);
}

void test_waits(void) {
  int fd = open_render(), t = timeline(), f = fence(t, 1), prime;
  uint32_t command[16];
  struct vg_create made = texture(fd, 16, 16);
  uint32_t *pixels = map(fd, made.bo_handle, 4096);
  struct vg_exec e, draw = {.flags = FENCE_FD_IN, .command = ADDRESS(command), .fence_fd = f};
  draw.size = write_pixel(command, made.res_handle, 1, 1, 0xcafebabe);
  // Somebody else's fence is waited for in the request itself.
  double before = now();
  pthread_t thread = later(&t);
  CHECK(exec(fd, &e, draw) == 0 && now() - before > 0.05);
  pthread_join(thread, NULL);
  read_back(fd, &made);
  CHECK(pixels[17] == 0xcafebabe);
  // A signal ends that: nothing was sent, and no fd is kept.
  draw.fence_fd = fence(t, 2);
  draw.flags |= FENCE_FD_OUT;
  write_pixel(command, made.res_handle, 1, 1, 0xdead);
  int next = dup(fd);
  close(next);
  alarm_soon(0);
  FAILS(exec(fd, &e, draw), EINTR);
  CHECK(e.fence_fd == draw.fence_fd && dup(fd) == next);
  read_back(fd, &made);
  CHECK(pixels[17] == 0xcafebabe);
  // WAIT is for all fences of an object, whoever put them there, readers' too.
  CHECK(drmPrimeHandleToFD(fd, made.bo_handle, DRM_CLOEXEC | DRM_RDWR, &prime) == 0);
  attach(prime, draw.fence_fd, 0);
  FAILS(wait_for(fd, made.bo_handle, NOWAIT), EBUSY);
  alarm_soon(0);
  FAILS(wait_for(fd, made.bo_handle, 0), EINTR);
  // Submissions wait for no fences but those that they are told of.
  struct vg_exec plain = {.flags = FENCE_FD_OUT, .bo_handles = ADDRESS(&made.bo_handle), .num_bo_handles = 1};
  CHECK(exec(fd, &e, plain) == 0 && polled(e.fence_fd, POLLIN, 5000) == POLLIN);
  FAILS(wait_for(fd, made.bo_handle, NOWAIT), EBUSY);
  alarm_soon(SA_RESTART);
  before = now();
  thread = later(&t);
  CHECK(wait_for(fd, made.bo_handle, 0) == 0 && now() - before > 0.05);
  pthread_join(thread, NULL);
  // More than the ring holds at once, and the last one's fence is the end of all.
  for (int i = 0; i < 3000; i++) {
    write_pixel(command, made.res_handle, i % 16, 2, i);
    draw.flags = i == 2999 ? FENCE_FD_OUT : 0;
    CHECK(exec(fd, &e, draw) == 0);
  }
  CHECK(polled(e.fence_fd, POLLIN, 10000) == POLLIN);
  read_back(fd, &made);
  CHECK(pixels[32 + 2999 % 16] == 2999);
}

/** A wrong command loses its context: fences signal all the same, other files do not notice, and closing ends it. */
void test_lost(void) {
  int fd = open_render(), other = open_render();
  uint32_t unknown[4] = {0xff | 3 << 16}, command[16];
  struct vg_create made = texture(fd, 4, 4), kept = texture(other, 4, 4);
  uint32_t *pixels = map(fd, made.bo_handle, 64), *others = map(other, kept.bo_handle, 64);
  struct vg_exec e, wrong = {.flags = FENCE_FD_OUT, .size = sizeof unknown, .command = ADDRESS(unknown)};
  struct vg_exec draw = {.flags = FENCE_FD_OUT, .command = ADDRESS(command)};
  CHECK(exec(fd, &e, wrong) == 0 && polled(e.fence_fd, POLLIN, 5000) == POLLIN);
  draw.size = write_pixel(command, made.res_handle, 0, 0, 0xdead);
  CHECK(exec(fd, &e, draw) == 0 && polled(e.fence_fd, POLLIN, 5000) == POLLIN);
  read_back(fd, &made);
  CHECK(pixels[0] == 0);
  write_pixel(command, kept.res_handle, 0, 0, 0xbeef);
  CHECK(exec(other, &e, draw) == 0 && polled(e.fence_fd, POLLIN, 5000) == POLLIN);
  read_back(other, &kept);
  CHECK(others[0] == 0xbeef);
  close(fd);
  fd = open_render();
  made = texture(fd, 4, 4);
  pixels = map(fd, made.bo_handle, 64);
  write_pixel(command, made.res_handle, 0, 0, 0xf00d);
  CHECK(exec(fd, &e, draw) == 0 && polled(e.fence_fd, POLLIN, 5000) == POLLIN);
  read_back(fd, &made);
  CHECK(pixels[0] == 0xf00d);
}
