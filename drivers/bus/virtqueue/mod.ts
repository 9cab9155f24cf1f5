/**
 * Virtqueues: the split ring of virtio 1.3 section 2.7, both halves, and a transport that joins them in one isolate.
 * @module
 */

export { SplitDeviceQueue, type SplitDeviceQueueOptions } from "./device_queue.ts";
export { SplitDriverQueue, type SplitDriverQueueOptions } from "./driver_queue.ts";
export { type Loopback, LOOPBACK_FEATURES, LoopbackDevice, type LoopbackOptions, virtioLoopback } from "./loopback.ts";
export { SplitRing, type SplitRingAddress } from "./split_ring.ts";
