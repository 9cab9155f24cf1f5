/**
 * The preload door: unmodified dynamically linked programs of Linux use a system's devices. A small C library in the program
 * brings what concerns the devices to a server in another process, which is the kernel thread. Linux only; needs
 * `--allow-ffi`, and a C compiler once.
 * @module
 */

export { BuildError, buildShim } from "./build.ts";
export { PreloadServer, type PreloadServerOptions } from "./server.ts";
export { makeServerFolder } from "./server_folder.ts";
export { SystemFiles } from "./system_files.ts";
