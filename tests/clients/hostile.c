// A client that talks to the server by itself, and lies. It ends well if the server has not answered what it must not.
#include "hostile.h"

static int answered(int fd) {
  struct pollfd p = {.fd = fd, .events = POLLIN};
  return poll(&p, 1, 300) == 1 && (p.revents & POLLIN);
}

static void garbage(int fd, uint32_t own) {
  struct message m;
  for (int i = 0; i < 3000; i++) {
    size_t size = random32() % 4 ? 48 + random32() % 200 : 1 + random32() % sizeof(m);
    for (size_t j = 0; j < sizeof(m) / 4; j++) ((uint32_t *)&m)[j] = random32();
    if (random32() % 8) m.words[0] = 1 + random32() % 9;
    if (random32() % 2) m.words[2] = random32() % 3 ? own : random32() % 64;
    if (random32() % 2) m.words[3] = random32() % 4;
    // Numbers of real requests, with sizes that do not fit.
    if (random32() % 2) m.words[4] = random32() % 4 << 30 | (random32() % 300) << 16 | 'd' << 8 | (random32() & 0xff);
    if (random32() % 2) m.words[5] = random32() % 80;
    if (send(fd, &m, size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) usleep(200);
    while (recv(fd, &m, sizeof(m), MSG_DONTWAIT) > 0) {}
  }
}

int main(void) {
  uint64_t probe = 42;
  struct message m;
  seed = 88172645;
  int card = open("/dev/dri/card0", O_RDWR);
  CHECK(card >= 0);
  // Who cannot show its memory is not greeted, and may ask for nothing.
  int raw = connection();
  CHECK(raw >= 0);
  memset(&m, 0, sizeof(m));
  m.words[0] = 2;
  m.words[8] = 14;
  memcpy(m.data, "/dev/dri/card0", 14);
  CHECK(send(raw, &m, 48 + 14, 0) > 0 && recv(raw, &m, sizeof(m), 0) >= 48 && (int32_t)m.words[2] == -EINVAL);
  memset(&m, 0, sizeof(m));
  m.words[0] = 1;
  m.words[6] = 4096;
  CHECK(send(raw, &m, 56, 0) > 0 && recv(raw, &m, sizeof(m), 0) >= 48 && (int32_t)m.words[2] == -EPERM);
  memset(&m, 0, sizeof(m));
  m.words[0] = 1;
  memcpy(&m.words[6], &(uint64_t){(uintptr_t)&probe}, 8);
  memcpy(m.data, &probe, 8);
  struct message hello = m;
  CHECK(send(raw, &m, 56, 0) > 0 && recv(raw, &m, sizeof(m), 0) >= 48 && (int32_t)m.words[2] == 0);
  uint32_t own = m.words[5];
  CHECK(send(raw, &hello, 56, 0) > 0 && recv(raw, &m, sizeof(m), 0) >= 48 && (int32_t)m.words[2] == -EINVAL);
  // A request in another's name: the child says it is the parent. Nobody is answered.
  pid_t child = fork();
  if (child == 0) {
    memset(&m, 0, sizeof(m));
    m.words[0] = 3;
    m.words[2] = own;
    m.words[4] = DRM_IOCTL_GET_CAP;
    send(card, &m, 48, 0);
    send(raw, &m, 48, 0);
    _exit(0);
  }
  CHECK(!answered(raw));
  // A connection that is closed while its request waits; and one with two requests at once, which the server closes.
  for (int i = 0; i < 50; i++) {
    int brief = connection();
    CHECK(send(brief, &hello, 56, 0) > 0 && recv(brief, &m, sizeof(m), 0) >= 48);
    uint32_t id = m.words[5];
    memset(&m, 0, sizeof(m));
    m.words[0] = 4;
    m.words[2] = id;
    m.words[8] = 1024;
    CHECK(send(card, &m, 48, 0) > 0);
    if (i % 2) CHECK(send(card, &m, 48, 0) > 0 && recv(brief, &m, sizeof(m), 0) == 0);
    close(brief);
  }
  // Whatever garbage does to connections, it does to the garbler's own: that is another process.
  child = fork();
  if (child == 0) {
    int its_card = open("/dev/dri/card0", O_RDWR), its_own = connection();
    seed ^= 0x5bd1e995;
    CHECK(send(its_own, &hello, 56, 0) > 0 && recv(its_own, &m, sizeof(m), 0) >= 48);
    own = m.words[5];
    garbage(its_card, own);
    garbage(its_own, own);
    garbage(card, own);
    _exit(0);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  // A shared buffer stays what it is, whatever is done to its descriptor.
  int other = open("/dev/dri/card0", O_RDWR), prime;
  CHECK(other >= 0);
  struct drm_mode_create_dumb create = {.width = 64, .height = 64, .bpp = 32};
  CHECK(ioctl(other, DRM_IOCTL_MODE_CREATE_DUMB, &create) == 0);
  CHECK(drmPrimeHandleToFD(other, create.handle, DRM_RDWR, &prime) == 0);
  CHECK(ftruncate(prime, 0) == -1 && fcntl(prime, F_ADD_SEALS, F_SEAL_WRITE) == -1);
  CHECK(flock(prime, LOCK_UN) == 0);
  usleep(300000);
  uint32_t handle;
  drmPrimeFDToHandle(other, prime, &handle); // forgotten or not: an answer comes
  CHECK(flock(prime, LOCK_EX | LOCK_NB) == 0);
  CHECK(drmPrimeHandleToFD(other, create.handle, DRM_RDWR, &prime) == -1);
  shutdown(card, SHUT_RDWR);
  CHECK(ioctl(card, DRM_IOCTL_GET_CAP, &create) == -1);
  // More connections than anybody needs.
  int many = 0;
  while (many < 900 && connection() >= 0) many++;
  uint64_t value;
  CHECK(drmGetCap(other, DRM_CAP_PRIME, &value) == 0 && value == 3);
  return 0;
}
