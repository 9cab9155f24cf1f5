/**
 * The miniature DRM: a system with devices, files, buffers, fences and modes; and the interfaces of the slots.
 * Needs no permission.
 * @module
 */

export * from "./address_space.ts";
export * from "./auth.ts";
export * from "./bus.ts";
export * from "./chain_finder.ts";
export * from "./clock.ts";
export * from "./device.ts";
export * from "./display.ts";
export * from "./dma_buf.ts";
export * from "./driver.ts";
export * from "./drm_file.ts";
export * from "./dumb.ts";
export * from "./error.ts";
export * from "./event_queue.ts";
export * from "./eventfd.ts";
export * from "./fault.ts";
export * from "./fd_table.ts";
export * from "./fence.ts";
export * from "./fence_array.ts";
export * from "./fence_chain.ts";
export * from "./fence_unwrap.ts";
export * from "./file.ts";
export * from "./gem.ts";
export * from "./gpuvm.ts";
export * from "./guest_memory.ts";
export * from "./host.ts";
export * from "./id_table.ts";
export * from "./ioctl.ts";
export * from "./kms/mod.ts";
export * from "./mapping.ts";
export * from "./memfd.ts";
export * from "./memory.ts";
export * from "./pages_range.ts";
export * from "./prime.ts";
export * from "./process.ts";
export * from "./range_allocator.ts";
export * from "./resv.ts";
export * from "./sched.ts";
export * from "./sched_entity.ts";
export * from "./sched_job.ts";
export * from "./sorted_map.ts";
export * from "./submit_queue.ts";
export * from "./sw_sync.ts";
export * from "./sync_file.ts";
export * from "./syncobj.ts";
export * from "./syncobj_wait.ts";
export * from "./system.ts";
export * from "./trace.ts";
export * from "./u32_map.ts";
export * from "./udmabuf.ts";
export * from "./wait.ts";
