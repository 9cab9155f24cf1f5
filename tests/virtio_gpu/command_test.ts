import { assert, assertEquals, assertThrows } from "@std/assert";
import { DrmError, EBUSY } from "udrm/core/error.ts";
import { ResvUsage } from "udrm/core/resv.ts";
import type { TraceEvent } from "udrm/core/trace.ts";
import { vgem } from "udrm/drivers/gpu/vgem/mod.ts";
import { DrmCard } from "udrm/drivers/umd/drm/mod.ts";
import * as uapi from "udrm/uapi/mod.ts";
import { createResource, type Rig, rig, transferToHost } from "./rig.ts";

function idle(t: Rig, handle: number): boolean {
  const arg = uapi.drm_virtgpu_3d_wait.of({ handle, flags: uapi.VIRTGPU_WAIT_NOWAIT });
  return t.file.ioctl(uapi.DRM_IOCTL_VIRTGPU_WAIT, arg) !== EBUSY;
}

/** The answer to a fenced command. */
function fenced(fence_id: bigint): Uint8Array {
  const type = uapi.VIRTIO_GPU_RESP_OK_NODATA;
  return uapi.virtio_gpu_ctrl_hdr.bytes(uapi.virtio_gpu_ctrl_hdr.of({ type, flags: 1, fence_id }));
}

Deno.test("ControlQueue commands beyond the ring wait in the guest and follow in order", () => {
  using t = rig({ queueSizes: [8, 4], prepare: (gpu) => gpu.hold = true });
  const { bo_handle } = createResource(t.file);
  for (let i = 0; i < 50; i++) transferToHost(t.file, bo_handle, { x: i });
  const seen = (): unknown[] =>
    t.gpu.commands.filter((c) => c.name === "TRANSFER_TO_HOST_2D").map((c) => (c.args.r as { x: number }).x);
  assert(seen().length < 8, "the ring holds eight descriptors");
  t.gpu.hold = false;
  while (t.release(1) > 0);
  assertEquals(seen(), Array.from({ length: 50 }, (_, i) => i));
  assertEquals(t.driver.queue.pending, 0);
});

Deno.test("FenceDriver: an answer signals its fence and all earlier ones; out of order is no harm", () => {
  using t = rig({ prepare: (gpu) => gpu.hold = true });
  const handles = [1, 2, 3].map(() => createResource(t.file).bo_handle);
  assertEquals(handles.map((h) => idle(t, h)), [false, false, false]);
  // CREATE_2D and ATTACH_BACKING of three resources are held; answer the second's CREATE_2D alone.
  const request = t.gpu.commands.filter((c) => c.name === "RESOURCE_CREATE_2D")[1].bytes;
  const response = new Uint8Array(24);
  t.gpu.answer(request, response);
  t.fake.complete(response, 2);
  assertEquals(handles.map((h) => idle(t, h)), [true, true, false]);
});

Deno.test("a fence callback that fails harms nobody else: the rest is signalled, and what was answered is given back", () => {
  using t = rig({ prepare: (gpu) => gpu.hold = true });
  const [object] = [1, 2, 3].map(() => [...t.device.files][0].objects.get(createResource(t.file).bo_handle));
  const [fence] = object?.resv.fences(ResvUsage.READ) ?? [];
  fence.addCallback(() => {
    throw new TypeError("a bug");
  });
  t.gpu.hold = false;
  // The third creation's answer signals all three fences.
  assertThrows(() => t.fake.complete(fenced(3n), 4), TypeError, "a bug");
  assertEquals([idle(t, 1), idle(t, 2), idle(t, 3), t.driver.queue.pending], [true, true, true, 5]);
  while (t.fake.held > 0) t.fake.complete(fenced(0n));
  assertEquals(t.driver.queue.pending, 0);
});

Deno.test("FenceDriver: an answer without the fence, or with an id that never was, signals nothing", () => {
  using t = rig({ prepare: (gpu) => gpu.hold = true });
  const { bo_handle } = createResource(t.file);
  const hostile = uapi.virtio_gpu_ctrl_hdr.of({ type: uapi.VIRTIO_GPU_RESP_OK_NODATA });
  const bytes = uapi.virtio_gpu_ctrl_hdr.bytes(hostile);
  t.fake.complete(bytes);
  assertEquals(idle(t, bo_handle), false);
  hostile.flags = uapi.VIRTIO_GPU_FLAG_FENCE;
  for (const id of [0n, 2n, 0xffff_ffff_ffff_ffffn]) {
    createResource(t.file);
    hostile.fence_id = id;
    if (id !== 2n) t.fake.complete(bytes);
  }
  assertEquals(idle(t, bo_handle), false);
});

Deno.test("ControlQueue error answers are counted and traced, and nothing breaks", () => {
  using t = rig({
    prepare: (gpu) => gpu.failures.set("TRANSFER_TO_HOST_2D", uapi.VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER),
  });
  const { bo_handle } = createResource(t.file);
  const events: TraceEvent[] = [];
  using _listening = t.system.trace.listen((event) => events.push(event));
  assertEquals(transferToHost(t.file, bo_handle, { w: 1000 }), 0, "the client hears nothing of it, as in the kernel");
  assertEquals(t.driver.queue.errors, 1);
  const event = events.find((e) => e.name === "VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D");
  assertEquals(event?.result, "VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER");
  assertEquals(event?.floor, "gpu");
  assertEquals((event?.args as { resource_id: number }).resource_id, 1);
});

Deno.test("ControlQueue short and nonsensical answers count as errors", () => {
  using t = rig({ prepare: (gpu) => gpu.hold = true });
  const { bo_handle } = createResource(t.file);
  transferToHost(t.file, bo_handle, {});
  t.fake.complete(new Uint8Array(5));
  t.fake.complete(new Uint8Array(0));
  t.fake.complete(new Uint8Array(24).fill(0xff));
  assertEquals(t.driver.queue.errors, 3);
  assertEquals(t.driver.queue.pending, 0);
});

Deno.test("VirtioGpuObject ids are the lowest free ones, free again once the host has answered UNREF", () => {
  using t = rig();
  const first = createResource(t.file), second = createResource(t.file);
  assertEquals([first.res_handle, second.res_handle], [1, 2]);
  t.gpu.hold = true;
  t.card.closeHandle(first.bo_handle);
  assertEquals(t.gpu.names().at(-1), "RESOURCE_UNREF");
  assertEquals(createResource(t.file).res_handle, 3, "the host still knows resource 1");
  t.release();
  assertEquals(createResource(t.file).res_handle, 1);
});

Deno.test("VirtioGpuObject memory stays visible to the host until it has answered UNREF", () => {
  using t = rig();
  const slots = t.driver.device.memory.count;
  const { bo_handle } = createResource(t.file);
  assertEquals(t.driver.device.memory.count, slots + 1);
  t.gpu.hold = true;
  t.card.closeHandle(bo_handle);
  assertEquals(t.driver.device.memory.count, slots + 1);
  t.release();
  assertEquals(t.driver.device.memory.count, slots);
});

Deno.test("VirtioGpuObject lives until transfers of it are answered", () => {
  using t = rig();
  const { bo_handle } = createResource(t.file);
  t.gpu.hold = true;
  transferToHost(t.file, bo_handle, {});
  t.card.closeHandle(bo_handle);
  assertEquals(t.gpu.names().at(-1), "TRANSFER_TO_HOST_2D");
  t.release(1);
  assertEquals(t.gpu.names().at(-1), "RESOURCE_UNREF");
});

Deno.test("ten thousand create and close cycles leave nothing behind", () => {
  using t = rig();
  const dumb = t.card.createDumb(64, 64);
  dumb[Symbol.dispose]();
  const before = [
    t.driver.device.memory.count,
    t.driver.resources.count,
    t.driver.queue.pending,
    t.device.offsets.count,
  ];
  t.gpu.commands.length = 0;
  for (let i = 0; i < 10_000; i++) {
    const { bo_handle, res_handle } = createResource(t.file, { size: 4096 });
    assertEquals(res_handle, 1);
    t.card.closeHandle(bo_handle);
    t.gpu.commands.length = t.fake.requests.length = 0;
  }
  const after = [
    t.driver.device.memory.count,
    t.driver.resources.count,
    t.driver.queue.pending,
    t.device.offsets.count,
  ];
  assertEquals(after, before);
});

Deno.test("A14 after unplugging, fences fail with ENODEV, memory is free, closing still works", () => {
  using t = rig({ prepare: (gpu) => gpu.hold = true });
  const { bo_handle } = createResource(t.file);
  const object = [...t.device.files][0].objects.get(bo_handle);
  const [fence] = object?.resv.fences(ResvUsage.READ) ?? [];
  t.system.removeDevice(t.device);
  assertEquals(fence.status, -19);
  assertEquals(assertThrows(() => createResource(t.file), DrmError).code, "ENODEV");
  t.file.close();
  assertEquals(t.driver.device.memory.count, 0);
  assertEquals(t.driver.resources.count, 0);
  assertEquals(t.fake.resets, 1);
});

Deno.test("A14 a device that stopped answering does not let new objects pile up", () => {
  using t = rig({ prepare: (gpu) => gpu.hold = true });
  const failure = assertThrows(() => {
    for (let i = 0; i < 100_000; i++) t.card.closeHandle(createResource(t.file, { size: 4096 }).bo_handle);
  }, DrmError);
  assertEquals(failure.code, "ENOMEM");
  t.gpu.hold = false;
  t.release();
  assertEquals(t.driver.queue.pending, 0);
  assertEquals(t.driver.resources.count, 0);
  createResource(t.file);
});

Deno.test("PRIME: a vgem buffer becomes a blob of the device over the same pages", () => {
  using t = rig({ features: [uapi.VIRTIO_GPU_F_RESOURCE_BLOB] });
  t.system.addDevice(vgem());
  using other = new DrmCard(t.file.process.open("/dev/dri/card1"));
  const dumb = other.createDumb(64, 64);
  dumb.bytes[3] = 77;
  const buffer = other.exportDmaBuf(dumb.handle);
  const handle = t.card.importDmaBuf(buffer.fd);
  const create = t.gpu.commands.at(-1);
  assertEquals(create?.name, "RESOURCE_CREATE_BLOB");
  const { addr, length } = uapi.virtio_gpu_mem_entry.at(create?.bytes ?? new Uint8Array(0), 56);
  assertEquals(length, 64 * 64 * 4);
  assertEquals(t.driver.device.memory.bytes(addr, 4)[3], 77);
  // B10: virtio's own hook gives imported objects an offset too.
  const map = uapi.drm_mode_map_dumb.of({ handle });
  t.file.ioctl(uapi.DRM_IOCTL_MODE_MAP_DUMB, map);
  const mapped = t.file.mmap(16, map.offset);
  assertEquals(mapped[3], 77);
  const slots = t.driver.device.memory.count;
  t.card.closeHandle(handle);
  buffer[Symbol.dispose]();
  dumb[Symbol.dispose]();
  assertEquals(t.driver.device.memory.count, slots - 1);
  assertEquals(mapped[3], 77, "the mapping holds the exporter's buffer");
});

Deno.test("PRIME: without blobs the device imports no foreign buffer (ENODEV), but its own", () => {
  using t = rig();
  t.system.addDevice(vgem());
  using other = new DrmCard(t.file.process.open("/dev/dri/card1"));
  const buffer = other.exportDmaBuf(other.createDumb(64, 64).handle);
  assertEquals(assertThrows(() => t.card.importDmaBuf(buffer.fd), DrmError).code, "ENODEV");
  const { bo_handle } = createResource(t.file);
  assertEquals(t.card.importDmaBuf(t.card.exportDmaBuf(bo_handle).fd), bo_handle);
  assertEquals(other.importDmaBuf(t.card.exportDmaBuf(bo_handle).fd) > 0, true);
});

Deno.test("a device that keeps nothing to 1.0 is refused", () => {
  assertEquals(assertThrows(() => rig({ queueSizes: [64] }), DrmError).code, "ENODEV");
});

Deno.test("DEVICE_NEEDS_RESET ends what is pending with ENODEV; the client goes on without the host", () => {
  using t = rig({ prepare: (gpu) => gpu.hold = true });
  const { bo_handle } = createResource(t.file);
  assertEquals(idle(t, bo_handle), false);
  t.fake.transport?.needsReset("a test");
  assertEquals(idle(t, bo_handle), true);
  assertEquals(transferToHost(t.file, bo_handle, {}), 0);
  assertEquals(assertThrows(() => createResource(t.file), DrmError).code, "ENODEV");
  t.card.closeHandle(bo_handle);
  assertEquals([t.driver.queue.pending, t.driver.resources.count], [0, 0]);
});
