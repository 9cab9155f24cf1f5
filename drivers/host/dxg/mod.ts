/**
 * The dxg host: the far side of dxgkrnl's protocol, for any guest that speaks it.
 * @module
 */

export type { DxgAdapterOptions, Luid } from "./adapter.ts";
export { dxgHost, type DxgHostDevice } from "./dxg_host.ts";
export type { DxgHostOptions } from "./host.ts";
export { DEFAULT_LIMITS, type DxgLimits } from "./limits.ts";
