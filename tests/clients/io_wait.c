// io_client's waiting: poll, select and epoll of DRM files, sync_files and dma-bufs.
#include "io_client.h"

#include <sys/select.h>

void test_pollout(void) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.u32 = 7};
  int fd = open_card(), t = timeline(), sync = fence(t, 1), ends[2], ep = epoll_create1(0);
  CHECK(pipe(ends) == 0);
  CHECK(polled(ends[1], POLLOUT, 1000) == POLLOUT);
  CHECK(polled(fd, POLLIN | POLLOUT, 0) == 0);
  double before = now();
  CHECK(polled(fd, POLLIN | POLLOUT | POLLWRNORM, 50) == 0 && now() - before > 0.049);
  CHECK(polled(sync, POLLIN | POLLOUT, 0) == 0);
  struct pollfd both[2] = {{.fd = fd, .events = POLLOUT}, {.fd = ends[1], .events = POLLOUT}};
  CHECK(poll(both, 2, 1000) == 1 && both[0].revents == 0 && both[1].revents == POLLOUT);
  fd_set in, out;
  FD_ZERO(&in);
  FD_ZERO(&out);
  FD_SET(fd, &in);
  FD_SET(fd, &out);
  before = now();
  CHECK(select(fd + 1, &in, &out, NULL, &(struct timeval){0, 50000}) == 0 && now() - before > 0.049);
  CHECK(!FD_ISSET(fd, &in) && !FD_ISSET(fd, &out));
  FD_SET(fd, &out);
  FD_SET(ends[1], &out);
  CHECK(pselect(ends[1] + 1, NULL, &out, NULL, NULL, NULL) == 1 && FD_ISSET(ends[1], &out) && !FD_ISSET(fd, &out));
  CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event) == 0 && epoll_wait(ep, &event, 1, 20) == 0);
  event.events = EPOLLOUT;
  CHECK(epoll_ctl(ep, EPOLL_CTL_MOD, fd, &event) == 0 && epoll_wait(ep, &event, 1, 20) == 0);
  CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, sync, &event) == 0 && epoll_wait(ep, &event, 1, 20) == 0);
  // Files without poll are always ready, and no epoll takes them.
  CHECK(polled(t, POLLIN | POLLOUT, 0) == (POLLIN | POLLOUT));
  FAILS(epoll_ctl(ep, EPOLL_CTL_ADD, t, &event), EPERM);
  // A sync_file is readable when its fence has signalled, and stays so.
  advance(t, 1);
  CHECK(polled(sync, POLLIN | POLLOUT, 1000) == POLLIN && polled(sync, POLLIN, 0) == POLLIN);
}

// A dma-buf, whatever it is made of.
void poll_buffer(int buffer) {
  int t = timeline(), fds = open_fds();
  CHECK(polled(buffer, POLLIN | POLLOUT, 0) == (POLLIN | POLLOUT));
  CHECK(polled(buffer, POLLIN, -1) == POLLIN && polled(buffer, POLLOUT, -1) == POLLOUT);
  // A reader keeps writers waiting, not readers.
  attach(buffer, fence(t, 1), 0);
  CHECK(polled(buffer, POLLIN | POLLOUT, -1) == POLLIN);
  CHECK(polled(buffer, POLLOUT, 0) == 0);
  double before = now();
  CHECK(polled(buffer, POLLOUT, 40) == 0 && now() - before >= 0.039);
  pthread_t thread = later(&t);
  CHECK(polled(buffer, POLLOUT, 10000) == POLLOUT && now() - before < 5);
  pthread_join(thread, NULL);
  // A writer keeps both waiting; the other fds of a poll are looked at as ever.
  attach(buffer, fence(t, 2), 1);
  int ends[2];
  CHECK(pipe(ends) == 0 && write(ends[1], "x", 1) == 1);
  struct pollfd list[3] = {{.fd = buffer, .events = POLLIN | POLLOUT}, {.fd = -1}, {.fd = ends[0], .events = POLLIN}};
  CHECK(poll(list, 3, -1) == 1 && list[0].revents == 0 && list[1].revents == 0 && list[2].revents == POLLIN);
  char byte;
  CHECK(read(ends[0], &byte, 1) == 1);
  struct timespec span = {0, 20000000};
  CHECK(ppoll(list, 3, &span, NULL) == 0 && list[0].revents == 0 && list[2].revents == 0);
  fd_set in, out;
  FD_ZERO(&in);
  FD_ZERO(&out);
  FD_SET(buffer, &in);
  FD_SET(buffer, &out);
  CHECK(select(buffer + 1, &in, &out, NULL, &(struct timeval){0, 20000}) == 0 && !FD_ISSET(buffer, &in));
  thread = later(&t);
  FD_SET(buffer, &in);
  FD_SET(ends[0], &in);
  CHECK(select(ends[0] + 1, &in, NULL, NULL, &(struct timeval){10, 0}) == 1 && FD_ISSET(buffer, &in) && !FD_ISSET(ends[0], &in));
  pthread_join(thread, NULL);
  CHECK(poll(list, 3, 1000) == 1 && list[0].revents == (POLLIN | POLLOUT));
  close(ends[0]);
  close(ends[1]);
  // What was waited with is gone; the two fences are open.
  CHECK(open_fds() == fds + 2);
  close(t);
}

static int event_of(int ep, uint32_t *data, int timeout) {
  struct epoll_event event = {0};
  int count = epoll_wait(ep, &event, 1, timeout);
  CHECK(count >= 0);
  if (data) *data = event.data.u32;
  return count ? (int)event.events : 0;
}

void epoll_buffer(int buffer) {
  int t = timeline(), ep = epoll_create1(EPOLL_CLOEXEC), f, copy;
  uint32_t data = 0;
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = 5};
  FAILS(epoll_ctl(ep, EPOLL_CTL_MOD, buffer, &event), ENOENT);
  FAILS(epoll_ctl(ep, EPOLL_CTL_DEL, buffer, &event), ENOENT);
  FAILS(epoll_ctl(buffer, EPOLL_CTL_ADD, buffer, &event), EINVAL);
  int fds = open_fds();
  CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, buffer, &event) == 0);
  FAILS(epoll_ctl(ep, EPOLL_CTL_ADD, buffer, &event), EEXIST);
  // Ready, and level triggered.
  CHECK(event_of(ep, &data, 1000) == EPOLLIN && data == 5 && event_of(ep, &data, 1000) == EPOLLIN);
  attach(buffer, f = fence(t, 1), 1);
  CHECK(event_of(ep, &data, 30) == 0);
  pthread_t thread = later(&t);
  CHECK(event_of(ep, &data, 10000) == EPOLLIN && data == 5);
  pthread_join(thread, NULL);
  close(f);
  // For output; readers count there.
  event.events = EPOLLOUT;
  event.data.u32 = 6;
  CHECK(epoll_ctl(ep, EPOLL_CTL_MOD, buffer, &event) == 0 && event_of(ep, &data, 1000) == EPOLLOUT && data == 6);
  attach(buffer, f = fence(t, 2), 0);
  CHECK(event_of(ep, &data, 30) == 0);
  event.events = EPOLLIN;
  CHECK(epoll_ctl(ep, EPOLL_CTL_MOD, buffer, &event) == 0 && event_of(ep, &data, 1000) == EPOLLIN);
  event.events = EPOLLOUT | EPOLLONESHOT;
  CHECK(epoll_ctl(ep, EPOLL_CTL_MOD, buffer, &event) == 0);
  thread = later(&t);
  CHECK(event_of(ep, &data, 10000) == EPOLLOUT && event_of(ep, &data, 30) == 0);
  pthread_join(thread, NULL);
  CHECK(epoll_ctl(ep, EPOLL_CTL_MOD, buffer, &event) == 0 && event_of(ep, &data, 1000) == EPOLLOUT);
  close(f);
  // Another number of the same buffer, another number of the same epoll.
  CHECK((copy = dup(buffer)) >= 0);
  event.events = EPOLLIN;
  event.data.u32 = 9;
  CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, copy, &event) == 0 && event_of(ep, &data, 1000) == EPOLLIN && data == 9);
  int other = dup(ep);
  CHECK(epoll_ctl(other, EPOLL_CTL_DEL, buffer, NULL) == 0);
  FAILS(epoll_ctl(ep, EPOLL_CTL_DEL, buffer, NULL), ENOENT);
  close(other);
  // A child has the registration too, and waits for it.
  attach(buffer, f = fence(t, 3), 1);
  pid_t child = fork();
  if (child == 0) {
    CHECK(event_of(ep, &data, 0) == 0);
    advance(t, 1);
    CHECK(event_of(ep, &data, 5000) == EPOLLIN && data == 9);
    CHECK(epoll_ctl(ep, EPOLL_CTL_DEL, copy, NULL) == 0);
    exit(0);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  CHECK(event_of(ep, &data, 30) == 0);
  FAILS(epoll_ctl(ep, EPOLL_CTL_DEL, copy, NULL), ENOENT);
  close(f);
  close(copy);
  // Closing ends a registration, and the number is free for another.
  CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, copy = dup(buffer), &event) == 0);
  close(copy);
  CHECK(event_of(ep, &data, 30) == 0);
  CHECK(dup(buffer) == copy && epoll_ctl(ep, EPOLL_CTL_ADD, copy, &event) == 0 && event_of(ep, &data, 1000) == EPOLLIN);
  CHECK(dup2(t, copy) == copy && event_of(ep, &data, 30) == 0);
  close(copy);
  CHECK(open_fds() == fds);
  // A program that puts files of its own wherever the library has some ends no more than that registration.
  CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, buffer, &event) == 0 && event_of(ep, &data, 1000) == EPOLLIN);
  for (int fd = 1000; fd < 1100; fd++) {
    if (fcntl(fd, F_GETFD) < 0) continue;
    FAILS(close(fd), EBADF);
    CHECK(dup2(t, fd) == fd);
  }
  CHECK(event_of(ep, &data, 30) == 0);
  for (int fd = 1000; fd < 1100; fd++) close(fd);
  CHECK(polled(buffer, POLLIN, 0) == POLLIN && epoll_ctl(ep, EPOLL_CTL_DEL, buffer, NULL) == 0);
  CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, buffer, &event) == 0 && event_of(ep, &data, 1000) == EPOLLIN);
  CHECK(epoll_ctl(ep, EPOLL_CTL_DEL, buffer, NULL) == 0);
  // A plain memfd is none.
  int plain = memfd_create("plain", MFD_ALLOW_SEALING | MFD_CLOEXEC);
  CHECK(fcntl(plain, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW) == 0);
  FAILS(epoll_ctl(ep, EPOLL_CTL_ADD, plain, &event), EPERM);
  FAILS(epoll_ctl(ep, EPOLL_CTL_DEL, plain, &event), EPERM);
  CHECK(polled(plain, POLLIN | POLLOUT, 0) == (POLLIN | POLLOUT));
  close(plain);
  close(ep);
  close(t);
}

void test_poll(void) { poll_buffer(buffer(open_card(), NULL)); }
void test_epoll(void) { epoll_buffer(buffer(open_card(), NULL)); }

// A program that was handed a buffer by exec: argv[2] is its number.
int inherited = -1;
void test_inherited(void) {
  if (inherited >= 0) return poll_buffer(inherited), epoll_buffer(inherited);
  int shared = buffer(open_card(), NULL), status;
  char number[16];
  CHECK(fcntl(shared, F_SETFD, 0) == 0);
  snprintf(number, sizeof(number), "%d", shared);
  pid_t child = fork();
  if (child == 0) {
    execl("/proc/self/exe", "io_client", "inherited", number, NULL);
    _exit(9);
  }
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  CHECK(polled(shared, POLLIN | POLLOUT, 0) == (POLLIN | POLLOUT));
}
