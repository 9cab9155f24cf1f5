/**
 * What a client may take: beyond it there is ENOMEM, and what it gives back serves the next.
 */

import { assertEquals, assertThrows } from "@std/assert";
import { createSystem, drivers, DrmError } from "udrm/mod.ts";
import {
  drm_gem_close,
  DRM_IOCTL_GEM_CLOSE,
  DRM_IOCTL_MODE_CREATE_DUMB,
  DRM_IOCTL_SYNCOBJ_CREATE,
  drm_mode_create_dumb,
  drm_syncobj_create,
} from "udrm/uapi/mod.ts";

const codeOf = (call: () => unknown): string => assertThrows(call, DrmError).code;

Deno.test("limits: ids of all clients together; a client that ends gives its own back", () => {
  using system = createSystem({ drivers: [drivers.vgem(), drivers.virtioGpu()], idLimit: 200 });
  const used = system.ids.used;
  const greedy = system.process();
  const card = greedy.open("/dev/dri/card0"), gpu = greedy.open("/dev/dri/renderD129");
  const dumb = () => drm_mode_create_dumb.of({ width: 1, height: 1, bpp: 32 });
  let taken = 0;
  for (; system.ids.used < 150; taken++) card.ioctl(DRM_IOCTL_MODE_CREATE_DUMB, dumb());
  while (system.ids.used < 200) gpu.ioctl(DRM_IOCTL_SYNCOBJ_CREATE, drm_syncobj_create.of());
  assertEquals(codeOf(() => card.ioctl(DRM_IOCTL_MODE_CREATE_DUMB, dumb())), "ENOMEM");
  assertEquals(codeOf(() => gpu.ioctl(DRM_IOCTL_SYNCOBJ_CREATE, drm_syncobj_create.of())), "ENOSPC");
  card.ioctl(DRM_IOCTL_GEM_CLOSE, drm_gem_close.of({ handle: 1 }));
  const again = dumb();
  card.ioctl(DRM_IOCTL_MODE_CREATE_DUMB, again);
  assertEquals(again.handle, 1);
  greedy[Symbol.dispose]();
  assertEquals(system.ids.used, used);
});

Deno.test("limits: backing store of all clients together", () => {
  using system = createSystem({ drivers: [drivers.vgem()], memoryLimit: 1 << 20 });
  using process = system.process();
  using card = process.open("/dev/dri/card0");
  const megabyte = () => drm_mode_create_dumb.of({ width: 512, height: 512, bpp: 32 });
  const first = megabyte();
  card.ioctl(DRM_IOCTL_MODE_CREATE_DUMB, first);
  assertEquals(codeOf(() => card.ioctl(DRM_IOCTL_MODE_CREATE_DUMB, megabyte())), "ENOMEM");
  card.ioctl(DRM_IOCTL_GEM_CLOSE, drm_gem_close.of({ handle: first.handle }));
  card.ioctl(DRM_IOCTL_MODE_CREATE_DUMB, megabyte());
});
