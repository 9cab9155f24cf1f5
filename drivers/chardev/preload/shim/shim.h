// What the parts of the client library share: the wire to the server, and who asks whom. Everything here runs inside somebody
// else's program: nothing allocates, nothing keeps a table of fds, and calls that are not ours go on to the C library.
#ifndef UDRM_SHIM_H
#define UDRM_SHIM_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#define EXPORT __attribute__((visibility("default")))
// The next library's function of the same name.
#define REAL(name)                                                                                                     \
  ({                                                                                                                   \
    static __typeof__(&name) real;                                                                                     \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name);                                                      \
    real;                                                                                                              \
  })

// Requests. HELLO, OPEN, CANCEL and DMABUF_IOCTL go by the thread's connection, the others by the file they are about:
// whoever can send there has the file.
enum { OP_HELLO = 1, OP_OPEN, OP_IOCTL, OP_READ, OP_MMAP, OP_CANCEL, OP_RESEND, OP_DMABUF_IOCTL };
enum { REQUEST_INLINE = 1, REQUEST_NONBLOCK = 2 };
enum { STATUS_DONE = 0, STATUS_WANTS_FDS = 1 };

#define INLINE_MAX 4096
#define FDS_MAX 64

struct request {
  uint32_t op, sequence, connection, flags;
  uint32_t command, fd_count;
  uint64_t argument, length, offset;
}; // then the argument's bytes, then fd_count numbers of reserved fds
_Static_assert(sizeof(struct request) == 48, "as protocol.ts has it");

struct reply {
  uint32_t status, sequence;
  int32_t result;
  uint32_t installs, data_length, token;
  int64_t value;
  uint64_t unused[2];
}; // then the argument's bytes, then the installs; their fds come beside it
_Static_assert(sizeof(struct reply) == 48, "as protocol.ts has it");

struct install {
  int32_t number, cloexec;
};

// An fd of ours, as its peer's name tells: "KEY/NODE/ID" in the abstract namespace.
struct file {
  char node[32];
};

// One exchange with the server.
struct exchange {
  struct request request;
  const void *out; // the argument's bytes to the server, or NULL
  size_t out_size;
  void *in; // where the answer's bytes go, or NULL
  size_t in_size;
  int attached;             // an fd that goes with the request, or -1
  int receive_flags;        // MSG_CMSG_CLOEXEC or 0
  int reserved[FDS_MAX];    // numbers that the server may use
  struct reply reply;
  struct install installs[FDS_MAX];
  int fds[FDS_MAX];
  int fd_count;
};

// setup.c
int udrm_active(void);
const char *udrm_root(void);
const char *udrm_socket(void);
const char *udrm_key(void);

// connection.c
int udrm_exchange(int file, struct exchange *x);
int udrm_reserve(int like);
int udrm_owned(int fd);
void udrm_disown(int fd);

// identify.c
int udrm_identify(int fd, struct file *file);
int udrm_node_minor(const char *node);

// path.c
enum { PATH_PLAIN, PATH_TREE, PATH_NODE };
int udrm_resolve(int dirfd, const char *path, char *out, size_t size);
int udrm_fd_of_path(const char *path);
const char *udrm_strip(char *path);

// files.c
int udrm_open_node(const char *path, int flags);

#endif
