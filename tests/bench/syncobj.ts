/**
 * A syncobj's create, signal, wait and destroy against an eventfd's by bare FFI.
 * @module
 */

import { createSystem, drivers } from "udrm/mod.ts";
import {
  DRM_IOCTL_SYNCOBJ_CREATE,
  DRM_IOCTL_SYNCOBJ_DESTROY,
  DRM_IOCTL_SYNCOBJ_SIGNAL,
  DRM_IOCTL_SYNCOBJ_WAIT,
  drm_syncobj_array,
  drm_syncobj_create,
  drm_syncobj_destroy,
  drm_syncobj_wait,
} from "udrm/uapi/mod.ts";
import { type BenchRow, compare, timeRow } from "./harness.ts";

/** The rows. */
export function bench(): BenchRow[] {
  using system = createSystem({ drivers: [drivers.virtioGpu()] });
  using process = system.process();
  using gpu = process.open("/dev/dri/renderD128");
  const libc = Deno.dlopen("libc.so.6", {
    eventfd: { parameters: ["u32", "i32"], result: "i32" },
    write: { parameters: ["i32", "buffer", "u64"], result: "i64" },
    read: { parameters: ["i32", "buffer", "u64"], result: "i64" },
    close: { parameters: ["i32"], result: "i32" },
  });
  const handles = process.alloc(4);
  const handle = new DataView(handles.bytes.buffer, handles.bytes.byteOffset);
  const create = drm_syncobj_create.of();
  const array = drm_syncobj_array.of({ handles: handles.address, count_handles: 1 });
  const wait = drm_syncobj_wait.of({ handles: handles.address, count_handles: 1 });
  const destroy = drm_syncobj_destroy.of();
  const counter = new Uint8Array(BigUint64Array.of(1n).buffer);
  const measured = compare((count) => {
    for (let i = 0; i < count; i++) {
      create.flags = 0;
      gpu.ioctl(DRM_IOCTL_SYNCOBJ_CREATE, create);
      handle.setUint32(0, create.handle, true);
      gpu.ioctl(DRM_IOCTL_SYNCOBJ_SIGNAL, array);
      gpu.ioctl(DRM_IOCTL_SYNCOBJ_WAIT, wait);
      destroy.handle = create.handle;
      gpu.ioctl(DRM_IOCTL_SYNCOBJ_DESTROY, destroy);
    }
  }, (count) => {
    for (let i = 0; i < count; i++) {
      const fd = libc.symbols.eventfd(0, 0);
      libc.symbols.write(fd, counter, 8n);
      libc.symbols.read(fd, counter, 8n);
      libc.symbols.close(fd);
    }
  }, { batch: 10_000 });
  libc.close();
  return [timeRow("syncobj create+signal+wait+destroy", "FFI eventfd+write+read+close", measured)];
}
