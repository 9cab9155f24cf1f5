/**
 * What tests of udrm's parts, and of programs on top of it, share: the other halves of protocols and small systems.
 * @module
 */

export * from "./core/testing.ts";
export * from "./drivers/bus/virtqueue/testing.ts";
