/**
 * dxg with a host process for each process of its guest.
 * @module
 */

export { type IsolatedDxgHost, isolatedDxgHost, type IsolatedDxgOptions } from "./isolated_host.ts";
export { type ServeDxgOptions, serveDxgProcess } from "./serve.ts";
export type { OpenWire, WireChannel, WireOptions } from "./wire.ts";
