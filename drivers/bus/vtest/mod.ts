/**
 * The door for Mesa's virgl driver (`GALLIUM_DRIVER=virpipe`) without a virtual machine: a server of the vtest protocol over a 3D
 * renderer, with all clients in one thread or each in a process of its own.
 * @module
 */

export { VtestError, VtestGone } from "./error.ts";
export type { VtestEvent } from "./event.ts";
export { VTEST_LIMITS, type VtestLimits } from "./limits.ts";
export { serveOne } from "./serve_one.ts";
export { VtestServer, type VtestServerOptions } from "./server.ts";
export { VtestSupervisor, type VtestSupervisorOptions } from "./supervisor.ts";
