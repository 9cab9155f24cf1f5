// A program of evdev: what a node of an input device is and does, before and after it goes.
#define _GNU_SOURCE
#include <dirent.h>
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

static const char *error(int result) { return result < 0 ? strerrorname_np(errno) : "ok"; }

static void show(const char *how, mode_t mode, unsigned major, unsigned minor) {
  printf("%s %s %o %u:%u\n", how, S_ISCHR(mode) ? "char" : "other", mode & 07777, major, minor);
}

// Waits for a packet, and prints it.
static void packet(int fd) {
  struct input_event events[16];
  struct pollfd wait = {.fd = fd, .events = POLLIN};
  poll(&wait, 1, 10000);
  ssize_t length = read(fd, events, sizeof(events));
  printf("read %s", error(length));
  for (ssize_t i = 0; length > 0 && i < length / (ssize_t)sizeof(events[0]); i++) {
    printf(" %d/%d/%d", events[i].type, events[i].code, events[i].value);
  }
  printf("\n");
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  const char *path = argv[1];
  struct stat st;
  struct statx stx;
  struct dirent *entry;
  char text[64], link[64];
  struct input_event event;
  setlinebuf(stdout);
  int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return printf("open %s\n", strerrorname_np(errno)), 1;
  if (stat(path, &st) == 0) show("stat", st.st_mode, major(st.st_rdev), minor(st.st_rdev));
  if (fstat(fd, &st) == 0) show("fstat", st.st_mode, major(st.st_rdev), minor(st.st_rdev));
  if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx) == 0) {
    show("statx", stx.stx_mode, stx.stx_rdev_major, stx.stx_rdev_minor);
  }
  snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, text, sizeof(text) - 1);
  text[length < 0 ? 0 : length] = 0;
  printf("readlink %s\n", text);
  int again = open(link, O_RDWR | O_NONBLOCK);
  printf("again %s\n", error(again));
  DIR *dir = opendir("/dev/input");
  while (dir && (entry = readdir(dir)) != NULL) {
    if (entry->d_name[0] != '.') printf("lists %s %s\n", entry->d_name, entry->d_type == DT_CHR ? "char" : "other");
  }
  if (dir) closedir(dir);
  memset(text, '#', sizeof(text));
  int got = ioctl(fd, EVIOCGNAME(sizeof(text)), text);
  printf("name %d %s %c\n", got, text, text[got]);
  memset(text, '#', sizeof(text));
  got = ioctl(fd, EVIOCGBIT(0, sizeof(text)), text);
  printf("types %d %02x %c\n", got, text[0] & 255, text[got]);
  printf("empty %s\n", error(read(fd, &event, sizeof(event))));
  printf("grab %s", error(ioctl(fd, EVIOCGRAB, 1)));
  printf(", other %s\n", error(ioctl(again, EVIOCGRAB, 1)));
  printf("let go %s\n", error(ioctl(fd, EVIOCGRAB, 0)));
  printf("ready\n");
  packet(fd);
  packet(again);
  printf("revoke %s", error(ioctl(again, EVIOCREVOKE, 0)));
  printf(" then %s\n", error(read(again, &event, sizeof(event))));
  printf("waiting\n");
  packet(fd);
  printf("ioctl %s\n", error(ioctl(fd, EVIOCGNAME(sizeof(text)), text)));
  printf("open %s\n", error(open(path, O_RDWR)));
  return 0;
}
