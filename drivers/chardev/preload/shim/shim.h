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
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
// The next library's function of the same name.
#define REAL(name)                                                                                                     \
  ({                                                                                                                   \
    static __typeof__(&name) real;                                                                                     \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name);                                                      \
    real;                                                                                                              \
  })

// Inside the library it is the kernel's; syscall.c has what programs get.
#define syscall(...) REAL(syscall)(__VA_ARGS__)

// Requests. HELLO, OPEN, CANCEL, DMABUF_IOCTL, and POLL of a memfd go by the thread's connection, the others by the file they are
// about: whoever can send there has the file.
enum {
  OP_HELLO = 1,
  OP_OPEN,
  OP_IOCTL,
  OP_READ,
  OP_MMAP,
  OP_CANCEL,
  OP_RESEND,
  OP_DMABUF_IOCTL,
  OP_WRITE,
  OP_LSEEK,
  OP_POLL,
  OP_SYNC
};
enum { REQUEST_INLINE = 1, REQUEST_NONBLOCK = 2, REQUEST_AT = 4 };
// What OP_POLL is to bring: nothing, descriptors to wait with if nothing is ready, or those in any case.
enum { POLL_ASK = 0, POLL_WAIT = 1, POLL_WATCH = 2 };
enum { STATUS_DONE = 0, STATUS_WANTS_FDS = 1, STATUS_ACTIONS = 2 };
enum { ACTION_MAP = 0, ACTION_UNMAP = 1, ACTION_PIN = 2 };

#define INLINE_MAX 4096
#define FDS_MAX 64
#define ACTIONS_MAX 16

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
  uint64_t length, unused;
}; // then the argument's bytes, then the installs; their fds come beside it
_Static_assert(sizeof(struct reply) == 48, "as protocol.ts has it");

struct install {
  int32_t number, cloexec;
};

// What is to be done with the program's addresses, before the answer.
struct action {
  uint64_t address, length, offset;
  uint32_t kind, has_fd;
};
_Static_assert(sizeof(struct action) * ACTIONS_MAX == sizeof(struct install) * FDS_MAX, "they come to the same place");

// How a file is polled: by its own socket, which is readable when the file is; as a dma-buf, by asking; or not at all, as a file
// without poll is always ready.
enum { POLLED_INPUT = 0, POLLED_BUFFER = 1, POLLED_NEVER = 2 };

// An fd of ours, as its peer's name tells: "KEY/NODE/POLLED.OPENED.FLAGS.ID" in the abstract namespace, the numbers hexadecimal.
struct file {
  char node[32];   // "card0", "event0", another name below /dev, or what it is: "sync_file"
  unsigned polled; // POLLED_*
  unsigned opened; // whether by a name: "/dev/dri/NODE", "/dev/input/NODE", "/dev/NODE" or one of debugfs
  unsigned flags;  // open(2)'s, as F_GETFL shows them, without O_NONBLOCK
};

// One exchange with the server.
struct exchange {
  struct request request;
  const void *out; // the argument's bytes to the server, or NULL
  size_t out_size;
  void *in; // where the answer's bytes go, or NULL
  size_t in_size;
  int attached;             // an fd that goes with the request, or -1
  int cancellable;          // whether waiting for the answer is a cancellation point
  int receive_flags;        // MSG_CMSG_CLOEXEC or 0
  int reserved[FDS_MAX];    // numbers that the server may use
  struct reply reply;
  union {
    struct install installs[FDS_MAX];
    struct action actions[ACTIONS_MAX];
  };
  int failed; // -errno of an action, or 0
  int fds[FDS_MAX];
  int fd_count;
};

// setup.c
int udrm_active(void);
const char *udrm_root(void);
const char *udrm_socket(void);
const char *udrm_key(void);

// connection.c
void udrm_begin(struct exchange *x, uint32_t op);
int udrm_exchange(int file, struct exchange *x);
int udrm_connected(void);
int udrm_reserve(int like);
// Fds of this library's own, which the program is not to close.
enum { OWN_NONE = 0, OWN_CONNECTION = 1, OWN_WATCH = 2 };
int udrm_owned(int fd);
int udrm_own(int low, int what); // moves it out of the program's way; the fd, or -errno
void udrm_disown(int fd);        // before another file takes its place
void udrm_disowned(int fd);      // it is closed

// memory.c
uint64_t udrm_arena(uint64_t *size);
int udrm_perform(struct exchange *x);
void udrm_memory_forked(void);

// identify.c
int udrm_identify(int fd, struct file *file);
int udrm_maybe_buffer(int fd);
dev_t udrm_node_device(const char *node);
const char *udrm_node_folder(const char *node);

// poll.c
int udrm_ask_buffer(int fd, int socket, short events, int want, int fds[2]);

// watch.c
int udrm_watch_buffer(int epfd, int op, int fd, int socket, const void *event);
void udrm_watch_closed(unsigned first, unsigned last);
void udrm_watch_lost(int fd);
void udrm_watch_forked(int pid);

// path.c
enum { PATH_PLAIN, PATH_TREE, PATH_NODE };
int udrm_resolve(int dirfd, const char *path, int follow_last, char *out, size_t size);
const char *udrm_translate(const char *path, int follow_last, char *out, size_t size);
void udrm_cwd_changed(void);
int udrm_fd_of_path(const char *path);
char *udrm_strip(char *path);

// files.c
int udrm_open_node(const char *path, int flags);

#endif
