// 3D across vhost-user: udrm's guest driver in the machine, a renderer with 3D behind the back end.
import { assert, assertEquals } from "@std/assert";
import { VirtualClock } from "udrm/core/clock.ts";
import { System } from "udrm/core/system.ts";
import { GpuDisplay, VhostUserServer } from "udrm/drivers/bus/vhost_user/mod.ts";
import { FrontEnd } from "udrm/drivers/bus/vhost_user/testing.ts";
import { VhostUserTestDevice } from "udrm/drivers/bus/vhost_user/testing_device.ts";
import { virtioGpu } from "udrm/drivers/gpu/virtio_gpu/mod.ts";
import { virtioGpuHost } from "udrm/drivers/host/virtio_gpu/mod.ts";
import { FAKE_COPY, FAKE_NOP, FakeRenderer3d } from "udrm/drivers/host/virtio_gpu/testing.ts";
import { close, eventfd, eventfdWrite, memfdAllocator } from "udrm/drivers/os/mod.ts";
import * as uapi from "udrm/uapi/mod.ts";
import { createResource, transferToHost } from "../virtio_gpu/rig.ts";
import { exec, isIdle, putWords, transferFromHost } from "../virtio_gpu/rig_3d.ts";
import { rig } from "./rig.ts";

const FEATURES = 1n << BigInt(uapi.VIRTIO_GPU_F_VIRGL) | 1n << BigInt(uapi.VIRTIO_GPU_F_EDID);

Deno.test("a machine's 3D commands reach the renderer, and what it drew comes back", () => {
  using renderer = new FakeRenderer3d();
  using t = rig({ renderer, features: FEATURES });
  using front = new FrontEnd(t.path, { pump: t.pump });
  const allocator = memfdAllocator();
  using system = new System({ clock: new VirtualClock(), pages: allocator });
  using device = new VhostUserTestDevice({ front, allocator });
  assert((device.deviceFeatures & FEATURES) === FEATURES);
  using _poller = system.addPoller(device);
  system.addDevice(virtioGpu({ device }));
  const file = system.process().open("/dev/dri/renderD128");
  const small = { width: 4, height: 4, size: 4096 };
  const one = createResource(file, small), two = createResource(file, small);
  const mapped = (handle: number): Uint8Array => {
    const map = uapi.drm_virtgpu_map.of({ handle });
    file.ioctl(uapi.DRM_IOCTL_VIRTGPU_MAP, map);
    return file.mmap(4096, map.offset);
  };
  const source = mapped(one.bo_handle), target = mapped(two.bo_handle);
  for (let i = 0; i < 64; i++) source[i] = i + 1;
  const box = { w: 4, h: 4, d: 1 };
  transferToHost(file, one.bo_handle, box);
  exec(file, [FAKE_COPY, two.res_handle, one.res_handle]);
  transferFromHost(file, two.bo_handle, box);
  assert(front.wait(() => (device.poll(), isIdle(file, two.bo_handle))));
  assertEquals([...target.subarray(0, 64)], [...source.subarray(0, 64)]);
});

Deno.test("a renderer with an eventfd wakes the back end each time it has finished something", () => {
  const fd = eventfd();
  try {
    using renderer = new FakeRenderer3d();
    renderer.completionFd = fd;
    const display = new GpuDisplay(1);
    using host = virtioGpuHost({ renderer, display });
    const path = `${Deno.makeTempDirSync({ prefix: "udrm-vhost-" })}/socket`;
    using server = new VhostUserServer({ path, backend: host, display });
    assertEquals(server.turn(0), 0);
    for (let i = 0; i < 3; i++) {
      eventfdWrite(fd);
      assertEquals(server.turn(1e9), 1);
      assertEquals(server.turn(0), 0, "an edge is one event, though nobody reads the eventfd");
    }
  } finally {
    close(fd);
  }
});

Deno.test("what the eventfd tells of is answered in the same turn", () => {
  const fd = eventfd();
  try {
    using renderer = new FakeRenderer3d();
    renderer.completionFd = fd;
    using t = rig({ renderer, features: FEATURES });
    using front = new FrontEnd(t.path, { pump: t.pump });
    const allocator = memfdAllocator();
    using system = new System({ clock: new VirtualClock(), pages: allocator });
    using device = new VhostUserTestDevice({ front, allocator });
    using _poller = system.addPoller(device);
    system.addDevice(virtioGpu({ device }));
    const file = system.process().open("/dev/dri/renderD128");
    const { bo_handle } = createResource(file);
    renderer.hold = true;
    exec(file, [FAKE_NOP], { num_bo_handles: 1, bo_handles: putWords(file, bo_handle) });
    for (let i = 0; i < 20; i++) t.pump();
    device.poll();
    assertEquals([isIdle(file, bo_handle), t.host.busy], [false, true]);
    renderer.finish();
    eventfdWrite(fd);
    t.server.turn(1e9);
    assertEquals(t.host.busy, false);
    device.poll();
    assertEquals(isIdle(file, bo_handle), true);
  } finally {
    close(fd);
  }
});
