/**
 * A timeline syncobj: two programs agree on points of one counter. One waits for a point that is not yet submitted, the
 * other submits and signals it.
 *
 *     deno run examples/syncobj.ts
 *
 * Needs no permission.
 * @module
 */

import { createSystem, drivers } from "@udrm/udrm";
import {
  DRM_IOCTL_SYNCOBJ_CREATE,
  DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE,
  DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD,
  DRM_IOCTL_SYNCOBJ_QUERY,
  DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL,
  DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT,
  drm_syncobj_create,
  drm_syncobj_handle,
  drm_syncobj_timeline_array,
  drm_syncobj_timeline_wait,
  DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT,
} from "@udrm/udrm/uapi";

using system = createSystem({ drivers: [drivers.virtioGpu()] });
using renderer = system.process({ comm: "renderer" });
using compositor = system.process({ comm: "compositor" });
using gpu = renderer.open("/dev/dri/renderD128");
using card = compositor.open("/dev/dri/renderD128");

// The renderer makes a syncobj and gives it away as an fd.
const created = drm_syncobj_create.of();
gpu.ioctl(DRM_IOCTL_SYNCOBJ_CREATE, created);
const exported = drm_syncobj_handle.of({ handle: created.handle });
gpu.ioctl(DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, exported);
const imported = drm_syncobj_handle.of({ fd: compositor.receive(renderer, exported.fd) });
card.ioctl(DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, imported);
console.log(`renderer's handle ${created.handle} is the compositor's handle ${imported.handle}: one timeline`);

// Pointers in structs point into a process's heap.
const u32 = (process: typeof renderer, value: number): bigint =>
  process.heap.from(new Uint8Array(Uint32Array.of(value).buffer)).address;
const u64 = (process: typeof renderer, value: bigint): bigint =>
  process.heap.from(new Uint8Array(BigUint64Array.of(value).buffer)).address;

// The compositor waits for point 3, which nobody has submitted; a second is enough.
const wait = drm_syncobj_timeline_wait.of({
  handles: u32(compositor, imported.handle),
  points: u64(compositor, 3n),
  count_handles: 1,
  flags: DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT,
  timeout_nsec: BigInt(system.clock.now()) + 1_000_000_000n,
});
const waiting = card.wait(DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, wait);

// The renderer signals point after point.
for (const point of [1n, 2n, 3n]) {
  await new Promise((resolve) => setTimeout(resolve, 50));
  gpu.ioctl(
    DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL,
    drm_syncobj_timeline_array.of({
      handles: u32(renderer, created.handle),
      points: u64(renderer, point),
      count_handles: 1,
    }),
  );
  const answer = renderer.alloc(8);
  gpu.ioctl(
    DRM_IOCTL_SYNCOBJ_QUERY,
    drm_syncobj_timeline_array.of({ handles: u32(renderer, created.handle), points: answer.address, count_handles: 1 }),
  );
  console.log(
    `renderer: signalled ${point}, the timeline stands at ${
      new DataView(answer.bytes.buffer, answer.bytes.byteOffset).getBigUint64(0, true)
    }`,
  );
}
console.log(`compositor: waited for point 3, result ${await waiting}`);
