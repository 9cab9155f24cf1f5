/* Preloaded into programs of OpenGL: Mesa's virpipe connects to VTEST_DEFAULT_SOCKET_NAME and cannot be told another place;
 * with this it goes where UDRM_VTEST_SOCKET says, so that several servers can run at once. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int connect(int fd, const struct sockaddr *address, socklen_t length) {
  static int (*real)(int, const struct sockaddr *, socklen_t);
  static const char fixed[] = "/tmp/.virgl_test";
  const struct sockaddr_un *unix_address = (const struct sockaddr_un *)address;
  const char *socket = getenv("UDRM_VTEST_SOCKET");
  struct sockaddr_un other = {.sun_family = AF_UNIX};

  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "connect");
  if (socket && address && length >= offsetof(struct sockaddr_un, sun_path) + sizeof fixed &&
      address->sa_family == AF_UNIX && memcmp(unix_address->sun_path, fixed, sizeof fixed) == 0 &&
      strlen(socket) < sizeof other.sun_path) {
    strcpy(other.sun_path, socket);
    return real(fd, (const struct sockaddr *)&other, sizeof other);
  }
  return real(fd, address, length);
}
