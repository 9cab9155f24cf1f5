/**
 * What a system looks like from outside, as plain JSON.
 * @module
 */

export * from "./fences.ts";
export * from "./inspector.ts";
export * from "./kms.ts";
export { LIMITS, type Limits, type Listed } from "./limits.ts";
export * from "./objects.ts";
export * from "./system.ts";
export * from "./thumbnail.ts";
export * from "./trace_recorder.ts";
