// Reads input devices as any program does: says who they are, then what happens, until the key F1 goes up.
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

int main(void) {
  struct pollfd fds[2];
  for (int i = 0; i < 2; i++) {
    char path[32], name[64] = "";
    struct input_id id;
    struct stat st;
    unsigned long types = 0;
    int version = 0;
    snprintf(path, sizeof(path), "/dev/input/event%d", i);
    fds[i].fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    fds[i].events = POLLIN;
    if (fds[i].fd < 0) {
      printf("%s: %s\n", path, strerror(errno));
      return 1;
    }
    if (ioctl(fds[i].fd, EVIOCGVERSION, &version) < 0 || ioctl(fds[i].fd, EVIOCGID, &id) < 0 ||
        ioctl(fds[i].fd, EVIOCGNAME(sizeof(name)), name) < 0 || ioctl(fds[i].fd, EVIOCGBIT(0, sizeof(types)), &types) < 0) {
      printf("%s: ioctl: %s\n", path, strerror(errno));
      return 1;
    }
    fstat(fds[i].fd, &st);
    printf("%s: %s, version %x, bus %u, types %lx, device %u:%u\n", path, name, version, id.bustype, types,
           S_ISCHR(st.st_mode) ? major(st.st_rdev) : 0, S_ISCHR(st.st_mode) ? minor(st.st_rdev) : 0);
  }
  printf("ready\n");
  fflush(stdout);
  for (;;) {
    if (poll(fds, 2, 20000) <= 0) {
      printf("nothing happens\n");
      return 1;
    }
    for (int i = 0; i < 2; i++) {
      struct input_event events[16];
      ssize_t length = read(fds[i].fd, events, sizeof(events));
      if (length < 0 && errno == EAGAIN) continue;
      if (length < 0) {
        printf("read: %s\n", strerror(errno));
        return 1;
      }
      for (int e = 0; e < (int)(length / sizeof(events[0])); e++) {
        if (events[e].type != EV_SYN) printf("%d: %u %u %d\n", i, events[e].type, events[e].code, events[e].value);
        fflush(stdout);
        if (events[e].type == EV_KEY && events[e].code == KEY_F1 && events[e].value == 0) return 0;
      }
    }
  }
}
