/**
 * A buffer that two programs share without a GPU: vgem makes it, a dma-buf carries it, a fence says when it is ready.
 *
 *     deno run examples/vgem.ts
 *
 * Needs no permission: the whole stack is memory in this process.
 * @module
 */

import { createSystem, drivers } from "@udrm/udrm";
import {
  DRM_IOCTL_MODE_CREATE_DUMB,
  DRM_IOCTL_MODE_MAP_DUMB,
  DRM_IOCTL_PRIME_FD_TO_HANDLE,
  DRM_IOCTL_PRIME_HANDLE_TO_FD,
  DRM_IOCTL_VGEM_FENCE_ATTACH,
  DRM_IOCTL_VGEM_FENCE_SIGNAL,
  drm_mode_create_dumb,
  drm_mode_map_dumb,
  drm_prime_handle,
  DRM_RDWR,
  drm_vgem_fence_attach,
  drm_vgem_fence_signal,
  POLLIN,
  VGEM_FENCE_WRITE,
} from "@udrm/udrm/uapi";

using system = createSystem({ drivers: [drivers.vgem()] });
using producer = system.process({ comm: "producer" });
using consumer = system.process({ comm: "consumer" });

// The producer makes a buffer and maps it.
using card = producer.open("/dev/dri/card0");
const dumb = drm_mode_create_dumb.of({ width: 64, height: 64, bpp: 32 });
card.ioctl(DRM_IOCTL_MODE_CREATE_DUMB, dumb);
const map = drm_mode_map_dumb.of({ handle: dumb.handle });
card.ioctl(DRM_IOCTL_MODE_MAP_DUMB, map);
const pixels = card.mmap(dumb.size, map.offset);
console.log(`producer: handle ${dumb.handle}, ${dumb.width}x${dumb.height}, pitch ${dumb.pitch}, ${dumb.size} bytes`);

// It promises to write: an exclusive fence on the buffer.
const fence = drm_vgem_fence_attach.of({ handle: dumb.handle, flags: VGEM_FENCE_WRITE });
card.ioctl(DRM_IOCTL_VGEM_FENCE_ATTACH, fence);

// The consumer gets the buffer as a dma-buf, as it would over a socket, and sees it as a handle of its own.
const prime = drm_prime_handle.of({ handle: dumb.handle, flags: DRM_RDWR });
card.ioctl(DRM_IOCTL_PRIME_HANDLE_TO_FD, prime);
using buffer = consumer.file(consumer.receive(producer, prime.fd));
using render = consumer.open("/dev/dri/renderD128");
const imported = drm_prime_handle.of({ fd: buffer.fd });
render.ioctl(DRM_IOCTL_PRIME_FD_TO_HANDLE, imported);
console.log(`consumer: dma-buf fd ${buffer.fd} is handle ${imported.handle}; readable ${buffer.poll(POLLIN) !== 0}`);

// The producer writes and signals; only then is the dma-buf readable.
pixels.fill(0xa5);
card.ioctl(DRM_IOCTL_VGEM_FENCE_SIGNAL, drm_vgem_fence_signal.of({ fence: fence.out_fence }));
const ready = await buffer.pollWait(POLLIN);
const seen = buffer.mmap(dumb.size, 0);
console.log(
  `consumer: readable ${ready !== 0}, first bytes ${[...seen.subarray(0, 4)].map((b) => b.toString(16)).join(" ")}`,
);
producer.close(prime.fd);
