/**
 * PRIME: a buffer that vgem made is shown by virtio-gpu, with implicit synchronization made explicit by sync_files.
 *
 *     deno run examples/prime.ts
 *
 * Needs no permission: virtio-gpu's host device runs on the CPU here.
 * @module
 */

import { createSystem, drivers, PngDisplay } from "@udrm/udrm";
import { modeBytes, openCard } from "@udrm/udrm/umd/drm";
import {
  DMA_BUF_SYNC_READ,
  DRM_FORMAT_XRGB8888,
  DRM_IOCTL_VGEM_FENCE_ATTACH,
  DRM_IOCTL_VGEM_FENCE_SIGNAL,
  DRM_MODE_ATOMIC_ALLOW_MODESET,
  DRM_PLANE_TYPE_PRIMARY,
  drm_vgem_fence_attach,
  drm_vgem_fence_signal,
  VGEM_FENCE_WRITE,
} from "@udrm/udrm/uapi";

using display = new PngDisplay();
using system = createSystem({
  drivers: [
    drivers.vgem(),
    drivers.virtioGpu({ display, blobs: true, monitors: [{ enabled: true, width: 640, height: 480 }] }),
  ],
});
using process = system.process({ comm: "prime" });
using vgem = openCard(process, "/dev/dri/card0");
using gpu = openCard(process, "/dev/dri/card1");
gpu.becomeAtomic();
const connector = gpu.connectors()[0];
const mode = connector.preferredMode;
const crtc = connector.crtc();

// vgem makes the buffer; a dma-buf carries it to virtio-gpu, which makes a framebuffer of it.
using buffer = vgem.createDumb(mode.hdisplay, mode.vdisplay);
using shared = vgem.exportDmaBuf(buffer.handle);
const handle = gpu.importDmaBuf(shared.fd);
const fb = gpu.addFramebuffer({
  width: buffer.width,
  height: buffer.height,
  format: DRM_FORMAT_XRGB8888,
  handles: [handle],
  pitches: [buffer.pitch],
});

// The writer's promise stands on the buffer itself: whoever asks the dma-buf gets it as a sync_file.
const write = drm_vgem_fence_attach.of({ handle: buffer.handle, flags: VGEM_FENCE_WRITE });
vgem.file.ioctl(DRM_IOCTL_VGEM_FENCE_ATTACH, write);
using ready = shared.exportSyncFile(DMA_BUF_SYNC_READ);
const [fence] = ready.info().fences;
console.log(`dma-buf fd ${shared.fd} waits for ${fence.driver} "${fence.timeline}": status ${ready.status}`);

// The commit waits for it (IN_FENCE_FD), while the writer draws and signals.
using request = gpu.atomic();
request.setAll(connector, { CRTC_ID: crtc.id });
request.setAll(crtc, { MODE_ID: gpu.createBlob(modeBytes(mode)), ACTIVE: 1 });
request.setAll(gpu.planeOf(crtc, DRM_PLANE_TYPE_PRIMARY), {
  FB_ID: fb,
  CRTC_ID: crtc.id,
  SRC_X: 0,
  SRC_Y: 0,
  SRC_W: buffer.width * 65536,
  SRC_H: buffer.height * 65536,
  CRTC_X: 0,
  CRTC_Y: 0,
  CRTC_W: buffer.width,
  CRTC_H: buffer.height,
  IN_FENCE_FD: ready.fd,
});
const committed = request.commitWait(DRM_MODE_ATOMIC_ALLOW_MODESET);
const pixels = new Uint32Array(buffer.bytes.buffer, buffer.bytes.byteOffset, buffer.size / 4);
for (let i = 0; i < pixels.length; i++) {
  const x = i % buffer.width, y = Math.floor(i / buffer.width);
  pixels[i] = (x * 255 / buffer.width) << 16 | (y * 255 / buffer.height) << 8 | 0x40;
}
vgem.file.ioctl(DRM_IOCTL_VGEM_FENCE_SIGNAL, drm_vgem_fence_signal.of({ fence: write.out_fence }));
console.log(`committed: ${await committed}, fence status ${ready.status}`);
const picture = display.picture();
if (picture === undefined) throw new Error("the display shows nothing");
const centre = (240 * picture.width + 320) * 4;
console.log(
  `the display shows ${picture.width}x${picture.height}; the centre is rgb(${
    picture.data.slice(centre, centre + 3).join(", ")
  })`,
);
