// Who may do what: users, modes of nodes, places that no program has, and what is done when close returns.
#include "client.h"

#include <grp.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

struct create_fence {
  uint32_t value;
  char name[32];
  int32_t fence;
};
#define SW_SYNC_CREATE_FENCE _IOWR('W', 0, struct create_fence)
#define NOBODY 65534

// The fences of a closed timeline are signaled when close returns, in this process and in one that has the fence from it.
static void test_close(void) {
  for (int i = 0; i < 200; i++) {
    int timeline = open("/dev/sw_sync", O_RDWR | O_CLOEXEC);
    struct create_fence arg = {.value = 1};
    CHECK(timeline >= 0 && ioctl(timeline, SW_SYNC_CREATE_FENCE, &arg) == 0);
    struct pollfd p = {.fd = arg.fence, .events = POLLIN};
    CHECK(poll(&p, 1, 0) == 0);
    int again = dup(timeline);
    CHECK(close(again) == 0 && poll(&p, 1, 0) == 0);
    CHECK(close(timeline) == 0 && poll(&p, 1, 0) == 1);
    CHECK(close(arg.fence) == 0);
  }
  CHECK(close(-1) == -1 && errno == EBADF);
}

static void test_bounds(void) {
  int fd = open(card, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  char byte;
  CHECK(read(fd, &byte, 1) == -1 && errno == EAGAIN);
  CHECK(read(fd, (void *)-1, 4096) == -1 && errno == EFAULT);
  CHECK(read(fd, &byte, (size_t)1 << 48) == -1 && errno == EFAULT);
  CHECK(read(fd, NULL, 4096) == -1 && errno == EAGAIN);
  // One that waits is refused at once as well.
  CHECK(fcntl(fd, F_SETFL, 0) == 0 && read(fd, (void *)-1, 4096) == -1 && errno == EFAULT);
}

static void test_client(void) {
  int auth, pid, uid;
  unsigned long magic, ioctls;
  CHECK(drmGetClient(open_card(), 0, &auth, &pid, &uid, &magic, &ioctls) == 0);
  CHECK(auth == 1 && pid == getpid() && uid == NOBODY);
}

static mode_t mode_of(const char *path, int fd) {
  struct stat by_name, by_fd;
  struct statx extended;
  CHECK(stat(path, &by_name) == 0 && fstat(fd, &by_fd) == 0 && statx(AT_FDCWD, path, 0, STATX_MODE, &extended) == 0);
  CHECK(by_name.st_mode == by_fd.st_mode && by_name.st_mode == extended.stx_mode && S_ISCHR(by_fd.st_mode));
  return by_fd.st_mode & 07777;
}

static void test_mode(void) {
  int fd = open_card();
  struct stat st;
  CHECK(mode_of(card, fd) == 0660);
  CHECK(chmod(card, 0600) == 0 && mode_of(card, fd) == 0600);
  CHECK(fchmod(fd, 0666) == 0 && mode_of(card, fd) == 0666);
  CHECK(fchmodat(AT_FDCWD, card, 0660, 0) == 0 && mode_of(card, fd) == 0660);
  CHECK(chown(card, -1, getgid()) == 0 && fchown(fd, getuid(), -1) == 0 && stat(card, &st) == 0);
  CHECK(st.st_uid == getuid() && st.st_gid == getgid());
  // It is still the node.
  int other = open(card, O_RDWR);
  CHECK(other >= 0 && fstat(other, &st) == 0 && major(st.st_rdev) == 226);
  CHECK(chmod("/dev/dri/card9", 0600) == -1 && errno == ENOENT);
}

static int child_ends(pid_t child) {
  int status;
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
  return WEXITSTATUS(status);
}
static void become_nobody(void) { CHECK(setgroups(0, NULL) == 0 && setgid(NOBODY) == 0 && setuid(NOBODY) == 0); }

// Needs root.
static void test_nobody(void) {
  int fd = open_card(), second = open(card, O_RDWR);
  CHECK(drmIsMaster(fd) && second >= 0);
  pid_t child = fork();
  if (child == 0) {
    become_nobody();
    // What was opened before serves on; what needs a name or privileges does not.
    CHECK(drmIsMaster(fd) && drmDropMaster(fd) == -1 && errno == EACCES);
    CHECK(open(card, O_RDWR) == -1 && errno == EACCES);
    CHECK(open("/sys/kernel/debug/dri/0/name", O_RDWR) == -1 && errno == EACCES);
    CHECK(chmod(card, 0666) == -1 && errno == EPERM);
    _exit(0);
  }
  CHECK(child_ends(child) == 0 && chmod(card, 0664) == 0);
  child = fork();
  if (child == 0) {
    become_nobody();
    CHECK(open(card, O_RDWR) == -1 && errno == EACCES);
    int mine = open(card, O_RDONLY);
    CHECK(mine >= 0 && drmSetMaster(mine) == -1 && errno == EACCES);
    _exit(0);
  }
  CHECK(child_ends(child) == 0 && chmod(card, 0660) == 0);
  // The same thread, once it is somebody else: a file that never was master needs CAP_SYS_ADMIN.
  CHECK(drmDropMaster(fd) == 0 && drmSetMaster(second) == 0 && drmDropMaster(second) == 0);
  int third = open(card, O_RDWR), fourth;
  CHECK(third >= 0 && drmIsMaster(third) && (fourth = open(card, O_RDWR)) >= 0 && drmDropMaster(third) == 0);
  CHECK(drmSetMaster(fourth) == 0 && drmDropMaster(fourth) == 0);
  int fifth = open(card, O_RDWR), sixth = open(card, O_RDWR);
  CHECK(fifth >= 0 && sixth >= 0 && drmDropMaster(fifth) == 0);
  become_nobody();
  CHECK(drmSetMaster(sixth) == -1 && errno == EACCES && drmSetMaster(fifth) == 0);
}

static int told(const char *path, const char *text) {
  int fd = open(path, O_WRONLY);
  CHECK(fd >= 0);
  int result = write(fd, text, strlen(text)), error = errno;
  CHECK(close(fd) == 0);
  errno = error;
  return result;
}

// A driver taken off its device and put back, while a client has the device open and shown on a screen.
static void test_rebind(void) {
  static const char unbind[] = "/sys/bus/virtio/drivers/virtio_gpu/unbind", bind[] = "/sys/bus/virtio/drivers/virtio_gpu/bind";
  static const char link[] = "/sys/bus/virtio/drivers/virtio_gpu/virtio0", hardware[] = "/sys/bus/virtio/devices/virtio0";
  uint64_t size;
  uint32_t pitch;
  int shared, fd = open_card();
  struct stat st;
  uint32_t handle = dumb(fd, 64, 64, &size, &pitch), *memory = map_dumb(fd, handle, size);
  CHECK(drmPrimeHandleToFD(fd, handle, DRM_CLOEXEC | DRM_RDWR, &shared) == 0);
  CHECK(open(unbind, O_RDONLY | O_DIRECTORY) == -1 && errno == ENOTDIR && stat(unbind, &st) == 0 && (st.st_mode & 0777) == 0200);
  FAILS(told(unbind, "virtio1"), ENODEV);
  FAILS(told(bind, "virtio1"), ENODEV);
  FAILS(told(bind, "virtio0"), EBUSY);
  CHECK(stat(link, &st) == 0 && told(unbind, "virtio0\n") == 8);
  CHECK(stat(link, &st) == -1 && errno == ENOENT && stat(hardware, &st) == 0);
  CHECK(stat("/sys/bus/virtio/devices/virtio0/driver", &st) == -1 && errno == ENOENT);
  CHECK(stat(card, &st) == -1 && errno == ENOENT);
  CHECK(drmSetMaster(fd) == -1 && errno == ENODEV);
  FAILS(told(unbind, "virtio0"), ENODEV);
  memory[0] = 5;
  // The number stays taken as long as the old device is open.
  CHECK(told(bind, "virtio0") == 7 && stat(link, &st) == 0);
  CHECK(stat(card, &st) == -1 && errno == ENOENT);
  int now = open("/dev/dri/card1", O_RDWR | O_CLOEXEC);
  // Buffers of others are nothing to this driver, and the old device is another one.
  CHECK(now >= 0 && drmIsMaster(now) && drmPrimeFDToHandle(now, shared, &handle) == -1 && errno == ENODEV);
  CHECK(memory[0] == 5 && close(fd) == 0 && close(shared) == 0 && memory[0] == 5);
  CHECK(dumb(now, 64, 64, &size, &pitch) > 0 && told(unbind, "virtio0") == 7 && told(bind, "virtio0") == 7);
  CHECK(stat(card, &st) == 0 && close(now) == 0);
  CHECK(drmIsMaster(open_card()));
}

// What leads through the tree and out of it again is the system's, though the system has no such way.
static void test_ways(void) {
  struct stat way, place;
  CHECK(stat("/dev/dri/..", &way) == 0 && stat("/dev", &place) == 0);
  CHECK(way.st_ino == place.st_ino && way.st_dev == place.st_dev);
  CHECK(access("/dev/dri/../null", W_OK) == 0 && access("/dev/dri/by-path/../../null", W_OK) == 0);
  CHECK(stat("/dev/dri/../../etc/passwd", &way) == 0 && stat("/etc/passwd", &place) == 0 && way.st_ino == place.st_ino);
  CHECK(stat("/dev/dri/../dri/card0", &way) == 0 && S_ISCHR(way.st_mode));
}

// debugfs is a mount, as programs find out by the devices of the folder and of what is above it.
static void test_mount(void) {
  struct stat mount, above, by_fd;
  struct statx extended;
  CHECK(stat("/sys/kernel/debug/.", &mount) == 0 && stat("/sys/kernel/debug/..", &above) == 0);
  CHECK(mount.st_dev != above.st_dev);
  int fd = open("/sys/kernel/debug", O_RDONLY | O_DIRECTORY);
  CHECK(fd >= 0 && fstat(fd, &by_fd) == 0 && by_fd.st_dev == mount.st_dev && by_fd.st_ino == mount.st_ino);
  CHECK(stat("/sys/kernel/debug/dri", &above) == 0 && above.st_dev == mount.st_dev);
  CHECK(statx(AT_FDCWD, "/sys/kernel/debug", 0, STATX_BASIC_STATS, &extended) == 0);
  CHECK(makedev(extended.stx_dev_major, extended.stx_dev_minor) == mount.st_dev);
}

int main(int argc, char **argv) {
  static const struct test tests[] = {
      {"close", test_close}, {"bounds", test_bounds}, {"client", test_client}, {"mode", test_mode},
      {"nobody", test_nobody}, {"mount", test_mount}, {"rebind", test_rebind}, {"ways", test_ways},
      {NULL, NULL},
  };
  (void)argc;
  return run_tests(tests, argv + 1);
}
