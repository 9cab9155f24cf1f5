/**
 * The operating system: memfds, mappings, descriptors, waiting, sockets, clocks, other processes' memory. Linux only; needs
 * `--allow-ffi`. Nothing is opened before the first call.
 * @module
 */

export * from "./clock.ts";
export * from "./datagram.ts";
export * from "./epoll.ts";
export * from "./eventfd.ts";
export * from "./eventfd_signal.ts";
export * from "./fd.ts";
export * from "./heap.ts";
export * from "./inotify.ts";
export * from "./joined_pages.ts";
export * from "./listener.ts";
export * from "./mapping.ts";
export * from "./memfd.ts";
export * from "./memfd_pages.ts";
export * from "./message_socket.ts";
export * from "./os_error.ts";
export * from "./parent.ts";
export * from "./pidfd.ts";
export * from "./pipe.ts";
export * from "./poll.ts";
export * from "./process.ts";
export * from "./remote_memory.ts";
export * from "./rlimit.ts";
export * from "./spawn.ts";
export * from "./stream_buffer.ts";
export * from "./stream_socket.ts";
