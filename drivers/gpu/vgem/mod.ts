/**
 * vgem, the virtual GEM provider: shmem objects, dma-bufs and software fences without any hardware. Mirrors
 * drivers/gpu/drm/vgem/vgem_drv.c.
 * @module
 */

import { defineDriver, type Driver } from "../../../core/driver.ts";
import { shmemDumbCreate } from "../../../core/dumb.ts";
import { RENDER_ALLOW } from "../../../core/ioctl.ts";
import { importShmem } from "../../../core/prime.ts";
import * as uapi from "../../../uapi/vgem_drm.ts";
import { VgemFences } from "./fences.ts";

/**
 * The vgem driver.
 *
 * ```ts
 * import { System } from "udrm/core/system.ts";
 * import { vgem } from "udrm/drivers/gpu/vgem/mod.ts";
 * import { DRM_IOCTL_MODE_CREATE_DUMB, drm_mode_create_dumb } from "udrm/uapi/drm_mode_fb.ts";
 * using system = new System();
 * system.addDevice(vgem());
 * const card = system.process().open("/dev/dri/card0");
 * const dumb = drm_mode_create_dumb.of({ width: 64, height: 64, bpp: 32 });
 * card.ioctl(DRM_IOCTL_MODE_CREATE_DUMB, dumb);
 * if (dumb.size !== 64 * 64 * 4) throw new Error("four bytes a pixel");
 * ```
 */
export function vgem(): Driver {
  return defineDriver<VgemFences>({
    name: "vgem",
    desc: "Virtual GEM provider",
    version: [1, 0, 0],
    features: ["GEM", "RENDER"],
    uapi,
    open: (file) => new VgemFences(file.device.system),
    postclose: (file) => file.priv.close(),
    ioctls: ({ ioctl }) => [
      ioctl(
        uapi.DRM_IOCTL_VGEM_FENCE_ATTACH,
        uapi.drm_vgem_fence_attach,
        RENDER_ALLOW,
        (file, arg) => file.priv.attach(file, arg),
      ),
      ioctl(
        uapi.DRM_IOCTL_VGEM_FENCE_SIGNAL,
        uapi.drm_vgem_fence_signal,
        RENDER_ALLOW,
        (file, arg) => file.priv.signal(arg),
      ),
    ],
    dumbCreate: shmemDumbCreate,
    importDmaBuf: importShmem,
  });
}
