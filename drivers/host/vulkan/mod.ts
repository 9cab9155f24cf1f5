/**
 * Vulkan for the host: bindings generated from the Vulkan registry, and a small runtime over them. Needs --allow-ffi once an
 * {@linkcode Instance} is made, nothing at import.
 * @module
 */
export * from "./generated/mod.ts";
export * from "./arena.ts";
export * from "./barriers.ts";
export * from "./buffer.ts";
export * from "./command_ring.ts";
export * from "./completion_event.ts";
export * from "./copies.ts";
export * from "./deletion_queue.ts";
export * from "./device.ts";
export * from "./error.ts";
export * from "./extension.ts";
export * from "./file_import.ts";
export * from "./host_memory.ts";
export * from "./image.ts";
export * from "./instance.ts";
export * from "./loader.ts";
export * from "./memory.ts";
export * from "./messenger.ts";
export * from "./physical_device.ts";
export * from "./queue.ts";
export * from "./ranges.ts";
export * from "./struct.ts";
export * from "./timeline.ts";
