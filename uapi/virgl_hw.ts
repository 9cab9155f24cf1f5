/**
 * What a virgl host is, and what it reports: bind and resource flags and capability bits (virgl_caps.ts), the capability sets
 * (virgl_caps_v1.ts, virgl_caps_v2.ts), errors, query states and memory (virgl_error.ts). Mirrors Mesa's virgl_hw.h, whose
 * formats are virgl_format.ts.
 * @module
 */

export * from "./virgl_caps.ts";
export * from "./virgl_caps_v1.ts";
export * from "./virgl_caps_v2.ts";
export * from "./virgl_error.ts";
