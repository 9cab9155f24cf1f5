import { assertEquals } from "@std/assert";
import * as vhost from "./vhost_user.ts";
import * as gpu from "./vhost_user_gpu.ts";
import type { Struct } from "./struct.ts";

// Offsets counted by hand from QEMU's docs/interop/vhost-user.rst and vhost-user-gpu.rst.
const LAYOUTS: readonly [
  { readonly name: string; readonly size: number; readonly fields: Struct<never>["fields"] },
  number,
  Record<string, number>,
][] = [
  [vhost.vhost_user_header, 12, { request: 0, flags: 4, size: 8 }],
  [vhost.vhost_vring_state, 8, { index: 0, num: 4 }],
  [vhost.vhost_vring_addr, 40, {
    index: 0,
    flags: 4,
    desc_user_addr: 8,
    used_user_addr: 16,
    avail_user_addr: 24,
    log_guest_addr: 32,
  }],
  [vhost.vhost_user_memory_region, 32, { guest_addr: 0, size: 8, user_addr: 16, mmap_offset: 24 }],
  [vhost.vhost_user_memory, 264, { nregions: 0, padding: 4, regions: 8 }],
  [vhost.vhost_user_single_mem_region, 40, { padding: 0, region: 8 }],
  [vhost.vhost_user_log, 16, { mmap_size: 0, mmap_offset: 8 }],
  [vhost.vhost_user_config, 12, { offset: 0, size: 4, flags: 8 }],
  [gpu.vhost_user_gpu_header, 12, { request: 0, flags: 4, size: 8 }],
  [gpu.vhost_user_gpu_cursor_pos, 12, { scanout_id: 0, x: 4, y: 8 }],
  [gpu.vhost_user_gpu_cursor_update, 16404, { pos: 0, hot_x: 12, hot_y: 16, data: 20 }],
  [gpu.vhost_user_gpu_scanout, 12, { scanout_id: 0, width: 4, height: 8 }],
  [gpu.vhost_user_gpu_update, 20, { scanout_id: 0, x: 4, y: 8, width: 12, height: 16 }],
  [gpu.vhost_user_gpu_edid_request, 4, { scanout_id: 0 }],
  [gpu.vhost_user_gpu_dmabuf_scanout, 40, { scanout_id: 0, width: 12, fd_stride: 28, fd_drm_fourcc: 36 }],
  [gpu.vhost_user_gpu_dmabuf_scanout2, 48, { dmabuf_scanout: 0, modifier: 40 }],
];

for (const [layout, size, offsets] of LAYOUTS) {
  Deno.test(`${layout.name} lies in memory as the protocol says`, () => {
    assertEquals(layout.size, size);
    for (const [name, offset] of Object.entries(offsets)) {
      assertEquals(layout.fields.find((field) => field.name === name)?.offset, offset, name);
    }
  });
}

Deno.test("vhostUserName knows the requests that are used and no other", () => {
  const { VHOST_USER_GET_FEATURES, VHOST_USER_GPU_SET_SOCKET } = vhost;
  assertEquals([VHOST_USER_GET_FEATURES, VHOST_USER_GPU_SET_SOCKET].map(vhost.vhostUserName), [
    "GET_FEATURES",
    "GPU_SET_SOCKET",
  ]);
  assertEquals(vhost.vhostUserName(99), "request 99");
});
