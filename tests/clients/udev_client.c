// A program that finds devices by libudev, hears of them by its monitor, and looks at names by everything that the C library
// has for that. It prints what it finds; the test knows what it ought to be.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <libudev.h>
#include <limits.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static const char *or_dash(const char *text) { return text ? text : "-"; }

static void enumerate(void) {
  struct udev *udev = udev_new();
  struct udev_enumerate *list = udev_enumerate_new(udev);
  struct udev_list_entry *entry;
  udev_enumerate_add_match_subsystem(list, "drm");
  udev_enumerate_add_match_is_initialized(list);
  udev_enumerate_scan_devices(list);
  udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(list)) {
    struct udev_device *device = udev_device_new_from_syspath(udev, udev_list_entry_get_name(entry));
    struct udev_device *parent = device ? udev_device_get_parent(device) : NULL;
    if (!device) continue;
    printf("%s %s %s %s seat=%d path=%s parent=%s\n", udev_device_get_sysname(device), udev_device_get_devtype(device),
           or_dash(udev_device_get_devnode(device)), or_dash(udev_device_get_sysattr_value(device, "status")),
           udev_device_has_tag(device, "seat"), or_dash(udev_device_get_property_value(device, "ID_PATH")),
           parent ? or_dash(udev_device_get_subsystem(parent)) : "-");
    udev_device_unref(device);
  }
  struct udev_device *device = udev_device_new_from_devnum(udev, 'c', makedev(226, 0));
  printf("226:0 is %s\n", device ? udev_device_get_devnode(device) : "nothing");
  udev_device_unref(device);
  udev_enumerate_unref(list);
  udev_unref(udev);
}

// Prints each uevent until the end of stdin.
static void monitor(const char *group) {
  struct udev *udev = udev_new();
  struct udev_monitor *monitor = udev_monitor_new_from_netlink(udev, group);
  udev_monitor_filter_add_match_subsystem_devtype(monitor, "drm", NULL);
  udev_monitor_enable_receiving(monitor);
  puts("ready");
  fflush(stdout);
  for (;;) {
    struct pollfd fds[] = {{.fd = udev_monitor_get_fd(monitor), .events = POLLIN}, {.fd = 0, .events = POLLIN}};
    poll(fds, 2, -1);
    if (fds[1].revents) break;
    struct udev_device *device = udev_monitor_receive_device(monitor);
    if (!device) continue;
    printf("%s %s %s hotplug=%s connector=%s there=%d\n", udev_device_get_action(device), udev_device_get_sysname(device),
           or_dash(udev_device_get_devnode(device)), or_dash(udev_device_get_property_value(device, "HOTPLUG")),
           or_dash(udev_device_get_property_value(device, "CONNECTOR")), access(udev_device_get_syspath(device), F_OK) == 0);
    fflush(stdout);
    udev_device_unref(device);
  }
}

// The kernel's messages as they are, without libudev.
static void netlink(void) {
  struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = 1}, from;
  socklen_t length = sizeof(address);
  char message[8192];
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
  int bound = bind(fd, (struct sockaddr *)&address, sizeof(address));
  getsockname(fd, (struct sockaddr *)&address, &length);
  printf("bound %d family %d groups %u\n", bound, address.nl_family, address.nl_groups);
  fflush(stdout);
  length = sizeof(from);
  ssize_t size = recvfrom(fd, message, sizeof(message), 0, (struct sockaddr *)&from, &length);
  printf("from %u groups %u\n", from.nl_pid, from.nl_groups);
  for (char *line = message; line < message + size; line += strlen(line) + 1) puts(line);
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *place) {
  (void)type;
  printf("  %s %s%s\n", path, path + place->base, S_ISCHR(st->st_mode) ? " device" : "");
  return 0;
}

static int nodes_only(const struct dirent *entry) { return entry->d_type == DT_CHR; }

static void watch(void) {
  char events[4096];
  int fd = inotify_init1(IN_CLOEXEC);
  int watch = inotify_add_watch(fd, "/dev/dri", IN_MOVED_TO | IN_CREATE | IN_DELETE);
  printf("watching %d\n", watch > 0);
  fflush(stdout);
  ssize_t size = read(fd, events, sizeof(events));
  if (size > 0) printf("%s\n", ((struct inotify_event *)events)->name);
}

static void names(void) {
  char text[PATH_MAX];
  struct stat st;
  struct dirent **list;
  glob_t found;
  printf("glob");
  glob("/dev/dri/card*", 0, NULL, &found);
  for (size_t i = 0; i < found.gl_pathc; i++) printf(" %s", found.gl_pathv[i]);
  globfree(&found);
  glob("/sys/class/d?m/card0", 0, NULL, &found);
  for (size_t i = 0; i < found.gl_pathc; i++) printf(" %s", found.gl_pathv[i]);
  globfree(&found);
  int count = scandir("/dev/dri", &list, nodes_only, alphasort);
  printf("\nscandir");
  for (int i = 0; i < count; i++) printf(" %s", list[i]->d_name);
  printf("\nnftw\n");
  nftw("/dev/dri", visit, 8, FTW_PHYS);
  printf("realpath %s\n", realpath("/sys/class/drm/card0/device/driver/../../../../class/drm/card0/dev", text));
  printf("realpath %s\n", realpath("/dev/dri/by-path/../card0", text));
  printf("chdir %d", chdir("/sys/class/drm/card0"));
  printf(" %s", getcwd(text, sizeof(text)));
  FILE *file = fopen("dev", "r");
  printf(" %s", file && fgets(text, sizeof(text), file) ? text : "?\n");
  if (file) fclose(file);
  int folder = open("/dev", O_PATH | O_DIRECTORY), dri = openat(folder, "dri", O_PATH | O_DIRECTORY);
  printf("fstatat %d", fstatat(dri, "card0", &st, 0));
  printf(" %d %u:%u", S_ISCHR(st.st_mode), major(st.st_rdev), minor(st.st_rdev));
  printf(" .. %d", fstatat(dri, "../null", &st, 0) == 0 && major(st.st_rdev) == 1);
  int card = openat(dri, "card0", O_RDWR);
  snprintf(text, sizeof(text), "/proc/self/fd/%d", card);
  int again = open(text, O_RDWR);
  char target[PATH_MAX];
  ssize_t length = readlink(text, target, sizeof(target) - 1);
  target[length < 0 ? 0 : length] = 0;
  struct stat other;
  printf(" %s again %d", target, again >= 0 && again != card && fstat(again, &other) == 0 && other.st_rdev == makedev(226, 0));
  int none = open("/dev/dri/card77", O_RDWR);
  printf(" none %d %s", none, strerrorname_np(errno));
  int exclusive = open("/dev/dri/card0", O_RDWR | O_CREAT | O_EXCL, 0600);
  printf(" exclusive %d %s\n", exclusive, strerrorname_np(errno));
  // What the system has beside ours is there as well.
  int devices = 0, other_classes = 0, drm = 0;
  DIR *classes = opendir("/sys/class");
  for (struct dirent *entry; classes && (entry = readdir(classes));) {
    if (strcmp(entry->d_name, "drm") == 0) drm++;
    else if (entry->d_name[0] != '.') other_classes += fstatat(dirfd(classes), entry->d_name, &st, 0) == 0 && S_ISDIR(st.st_mode);
  }
  closedir(classes);
  devices = access("/sys/devices/system/cpu", F_OK) == 0;
  printf("merged drm=%d others=%d system=%d\n", drm, other_classes > 0, devices);
}

int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "";
  if (strcmp(what, "enumerate") == 0) enumerate();
  else if (strcmp(what, "udev") == 0 || strcmp(what, "kernel") == 0) monitor(what);
  else if (strcmp(what, "netlink") == 0) netlink();
  else if (strcmp(what, "names") == 0) names();
  else if (strcmp(what, "watch") == 0) watch();
  else return 2;
  return 0;
}
