/**
 * The virtio-gpu device model: the host's side of virtio 1.3 section 5.7.
 * @module
 */

export { buildEdid, cvtReducedBlanking, type CvtTiming, type EdidOptions } from "./edid.ts";
export { VirtioGpuHost, virtioGpuHost } from "./host.ts";
export { hostFeatures, VIRTIO_GPU_HOST_FEATURES, type VirtioGpuHostOptions } from "./host_options.ts";
export type { HostLimits } from "./resource.ts";
