/**
 * A null ioctl in process against an FFI getppid: both are the least that their door can do.
 * @module
 */

import { createSystem, drivers } from "udrm/mod.ts";
import { DRM_CAP_TIMESTAMP_MONOTONIC, drm_get_cap, DRM_IOCTL_GET_CAP } from "udrm/uapi/mod.ts";
import { type BenchRow, compare, timeRow } from "./harness.ts";

/** The rows. */
export function bench(): BenchRow[] {
  using system = createSystem({ drivers: [drivers.vgem()] });
  using process = system.process();
  using card = process.open("/dev/dri/card0");
  const libc = Deno.dlopen("libc.so.6", { getppid: { parameters: [], result: "i32" } });
  const arg = drm_get_cap.of({ capability: BigInt(DRM_CAP_TIMESTAMP_MONOTONIC) });
  const getppid = libc.symbols.getppid;
  let sink = 0;
  const measured = compare((count) => {
    for (let i = 0; i < count; i++) sink += card.ioctl(DRM_IOCTL_GET_CAP, arg);
  }, (count) => {
    for (let i = 0; i < count; i++) sink += getppid();
  }, { batch: 100_000 });
  libc.close();
  if (sink < 0) throw new Error("an ioctl failed");
  return [timeRow("null ioctl (GET_CAP)", "FFI getppid", measured, "<= 1.5")];
}
