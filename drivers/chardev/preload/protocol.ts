/**
 * The wire between the client library (shim/shim.h) and the server: requests and replies, 48 bytes each, with the argument's
 * bytes behind them, in the byte order of both.
 * @module
 */

/** Bytes of a request, and of a reply, before the argument. */
export const HEADER = 48;
/** The longest argument that goes with the message; longer ones are fetched from the client's memory. */
export const INLINE_MAX = 4096;
/** The most fds that one request can make. */
export const FDS_MAX = 64;
/** The longest message: header, argument, and numbers of fds (requests) or installs (replies). */
export const MESSAGE_MAX: number = HEADER + INLINE_MAX + FDS_MAX * 8;

/**
 * Says who one is. `argument` points at the 8 bytes that follow: the server reads them to see whether it can. `offset` and `length`
 * are the addresses that the process has set aside for mappings of drivers; `length` is 0 for none.
 */
export const OP_HELLO = 1;
/** open(2): the path follows, `length` bytes; `command` is O_*. */
export const OP_OPEN = 2;
/** ioctl(2). */
export const OP_IOCTL = 3;
/** read(2) into `argument`, `length` bytes. */
export const OP_READ = 4;
/**
 * mmap(2): `length`, `offset`, PROT_* in `command`, MAP_* in `argument`, whose upper half says how many pages of the range have
 * been mapped already. The answer brings memory, with its offset there as the value, and for how many bytes it is enough.
 */
export const OP_MMAP = 5;
/** A signal came: the connection's request is to end. It has no reply of its own. */
export const OP_CANCEL = 6;
/** A message that means "readable" was taken by mistake: `command` is its number. No reply. */
export const OP_RESEND = 7;
/** ioctl(2) of the memfd that comes with the message, if it is a dma-buf. */
export const OP_DMABUF_IOCTL = 8;

/** write(2): `length` bytes, behind the request if it is inline, else at `argument`. */
export const OP_WRITE = 9;
/** lseek(2): `offset`, the origin in `command`; the position is the answer's value. */
export const OP_LSEEK = 10;
/** poll(2) of a dma-buf, which is the file or comes with the message: POLLIN and POLLOUT in `command`, POLL_* in `argument`. */
export const OP_POLL = 11;
/** A file may have been closed: `argument` is its socket's cookie. When the answer comes, what its end brings about is done. */
export const OP_SYNC = 12;

/** OP_POLL only asks. */
export const POLL_ASK = 0;
/** OP_POLL is to bring descriptors to wait with if nothing is ready. */
export const POLL_WAIT = 1;
/** OP_POLL is to bring them in any case. */
export const POLL_WATCH = 2;

/** Clients poll the file by its socket. */
export const POLLED_INPUT = 0;
/** Clients ask for it, as it is a dma-buf. */
export const POLLED_BUFFER = 1;
/** It has no poll: clients find it always ready. */
export const POLLED_NEVER = 2;

/** The argument's bytes are (or come back) in the message. */
export const REQUEST_INLINE = 1;
/** The file is in nonblocking mode. */
export const REQUEST_NONBLOCK = 2;
/** At `offset`, and not at the file's position. */
export const REQUEST_AT = 4;

/** The request was handled. */
export const STATUS_DONE = 0;
/** The request needs `result` reserved fds: it was not handled and is to come again. */
export const STATUS_WANTS_FDS = 1;
/**
 * No answer yet: `installs` actions follow, with the descriptors of those that have one beside them; the answer comes behind. Only
 * ioctls whose argument is not inline bring any.
 */
export const STATUS_ACTIONS = 2;

/** The memory of the descriptor is mapped at an address of those that were set aside. */
export const ACTION_MAP = 0;
/** Nothing is there any more. */
export const ACTION_UNMAP = 1;
/** The memory of the descriptor takes the place of the program's own. */
export const ACTION_PIN = 2;
/** Actions in one message. */
export const ACTIONS_MAX = 16;
/** Bytes of an action: 64-bit address, length and offset; 32-bit ACTION_*, and whether there is a descriptor. */
export const ACTION_SIZE = 32;

/** Offsets of struct request, as 32-bit words. */
export const REQUEST = {
  op: 0,
  sequence: 1,
  connection: 2,
  flags: 3,
  command: 4,
  fdCount: 5,
  argument: 6,
  length: 8,
  offset: 10,
} as const;

/** Offsets of struct reply, as 32-bit words. */
export const REPLY = {
  status: 0,
  sequence: 1,
  result: 2,
  installs: 3,
  dataLength: 4,
  token: 5,
  value: 6,
  length: 8,
} as const;
