/**
 * A driver of one's own, with one ioctl: a GPU that can add.
 *
 *     deno run examples/driver.ts
 *
 * Needs no permission. The struct, the number and the table line are all there is to a new uAPI.
 * @module
 */

import { createSystem } from "@udrm/udrm";
import { defineDriver, DrmError, RENDER_ALLOW } from "@udrm/udrm/core";
import { DRM_COMMAND_BASE, IOWR, type Struct, struct, u32 } from "@udrm/udrm/uapi";

/** The argument of DRM_IOCTL_ABACUS_ADD. */
interface drm_abacus_add {
  a: number;
  b: number;
  /** out */
  sum: number;
  /** must be 0 */
  pad: number;
}
const drm_abacus_add: Struct<drm_abacus_add> = struct<drm_abacus_add>("drm_abacus_add", {
  a: u32,
  b: u32,
  sum: u32,
  pad: u32,
}, { size: 16 });
const DRM_IOCTL_ABACUS_ADD = IOWR("d", DRM_COMMAND_BASE, drm_abacus_add);

const abacus = defineDriver({
  name: "abacus",
  desc: "A GPU that can add",
  version: [1, 0, 0],
  features: ["GEM", "RENDER"],
  ioctls: ({ ioctl }) => [
    ioctl(DRM_IOCTL_ABACUS_ADD, drm_abacus_add, RENDER_ALLOW, (_file, arg) => {
      if (arg.pad !== 0) throw new DrmError("EINVAL", "Cannot add: pad is not 0");
      arg.sum = arg.a + arg.b;
      return 0;
    }),
  ],
});

using system = createSystem({ drivers: [abacus] });
using gpu = system.process().open("/dev/dri/renderD128");
const arg = drm_abacus_add.of({ a: 40, b: 2 });
gpu.ioctl(DRM_IOCTL_ABACUS_ADD, arg);
console.log(
  `${arg.a} + ${arg.b} = ${arg.sum}, says ${system.devices[0].driver.spec.desc} on ${
    system.nodes.find((n) => n.includes("render"))
  }`,
);
