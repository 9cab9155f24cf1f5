/**
 * A vhost-user-gpu back end: a virtio device of this process is the GPU of a virtual machine in another, and that machine's
 * screens are its display.
 * @module
 */

export { VhostUserError, VhostUserProtocolError } from "./error.ts";
export { GpuDisplay } from "./gpu_display.ts";
export { VHOST_USER_REQUESTS } from "./requests.ts";
export { VhostUserServer, type VhostUserServerOptions } from "./server.ts";
export { VHOST_USER_FEATURES, VHOST_USER_PROTOCOL_FEATURES } from "./session.ts";
