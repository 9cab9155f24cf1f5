import { assertEquals, assertThrows } from "@std/assert";
import { DrmError } from "udrm/core/error.ts";
import type { Wait } from "udrm/core/wait.ts";
import * as uapi from "udrm/uapi/mod.ts";
import { createBlob, createResource, type Rig, rig, transferToHost } from "./rig.ts";
import { isIdle, rig3d, transferFromHost } from "./rig_3d.ts";

function errno(name: string, action: () => unknown): void {
  assertEquals(assertThrows(action, DrmError).code, name);
}

const last = (t: Rig) => {
  const command = t.gpu.commands.at(-1);
  return { name: command?.name, args: uapi.virtio_gpu_transfer_host_3d.at(command?.bytes ?? new Uint8Array(72)) };
};
const BOX = { x: 1, y: 2, z: 3, w: 4, h: 5, d: 0xffffffff };
const HOST_BOX = { x: 1, y: 2, z: 3, w: 4, h: 5, d: 0xffffffff };
const TO = uapi.DRM_IOCTL_VIRTGPU_TRANSFER_TO_HOST, FROM = uapi.DRM_IOCTL_VIRTGPU_TRANSFER_FROM_HOST;

Deno.test("TRANSFER_*_HOST with 3D passes box, level and offset on, unjudged, for the file's context", () => {
  using t = rig3d();
  const { bo_handle, res_handle } = createResource(t.file);
  assertEquals(transferFromHost(t.file, bo_handle, BOX, { level: 7, offset: 0xfffffffe }), 0);
  const from = last(t);
  assertEquals([from.name, from.args.hdr.ctx_id, from.args.resource_id], ["TRANSFER_FROM_HOST_3D", 1, res_handle]);
  assertEquals([from.args.level, from.args.offset, from.args.stride], [7, 0xfffffffe, 0]);
  assertEquals(from.args.box.toJSON(), HOST_BOX);
  assertEquals(transferToHost(t.file, bo_handle, BOX, 12), 0);
  const to = last(t);
  assertEquals([to.name, to.args.offset, to.args.box.toJSON()], ["TRANSFER_TO_HOST_3D", 12, HOST_BOX]);
});

Deno.test("an object is busy until its transfer is answered", () => {
  for (const transfer of [transferToHost, transferFromHost]) {
    using t = rig3d();
    const { bo_handle } = createResource(t.file);
    t.gpu.hold = true;
    transfer(t.file, bo_handle, {});
    assertEquals(isIdle(t.file, bo_handle), false);
    t.release();
    assertEquals(isIdle(t.file, bo_handle), true);
  }
});

Deno.test("TRANSFER_*_HOST of libdrm's older struct has no strides", () => {
  using t = rig3d();
  const { bo_handle } = createResource(t.file);
  const old = uapi.drm_virtgpu_3d_transfer_to_host.bytes(
    uapi.drm_virtgpu_3d_transfer_to_host.of({ bo_handle, level: 2, offset: 3, stride: 4, layer_stride: 5 }),
  ).slice(0, 36);
  for (const cmd of [0xc0246446, 0xc0246447]) {
    assertEquals(t.file.ioctl(cmd, old), 0);
    const { level, offset, stride, layer_stride } = last(t).args;
    assertEquals([level, offset, stride, layer_stride], [2, 3, 0, 0]);
  }
});

Deno.test("TRANSFER_*_HOST: strides are for blobs of the host, guest blobs are EINVAL, unknown handles ENOENT", () => {
  using t = rig3d();
  const { bo_handle } = createResource(t.file);
  const guest = createBlob(t.file).bo_handle;
  const both = createBlob(t.file, { blob_mem: uapi.VIRTGPU_BLOB_MEM_HOST3D_GUEST }).bo_handle;
  const make = uapi.drm_virtgpu_3d_transfer_to_host;
  for (const cmd of [TO, FROM]) {
    const send = (more: Parameters<typeof make.of>[0]): number => t.file.ioctl(cmd, make.of(more));
    errno("EINVAL", () => send({ bo_handle, stride: 1 }));
    errno("EINVAL", () => send({ bo_handle, layer_stride: 1 }));
    errno("EINVAL", () => send({ bo_handle: guest }));
    errno("ENOENT", () => send({ bo_handle: 99 }));
    assertEquals(send({ bo_handle: both, stride: 4, layer_stride: 5 }), 0);
    assertEquals([last(t).args.stride, last(t).args.layer_stride], [4, 5]);
  }
});

Deno.test("TRANSFER_FROM_HOST without 3D is ENOSYS, whatever it names", () => {
  using t = rig();
  errno("ENOSYS", () => transferFromHost(t.file, 99, {}));
});

Deno.test("a full queue makes transfers wait; their object lives until then", () => {
  using t = rig3d();
  const { bo_handle } = createResource(t.file);
  t.gpu.hold = true;
  while (t.driver.queue.hasRoom) transferToHost(t.file, bo_handle, {});
  const make = uapi.drm_virtgpu_3d_transfer_to_host;
  const arg = make.of({ bo_handle, offset: 77 });
  const wait = t.file.file.ioctl(t.file.process, TO, arg) as Wait;
  assertEquals(wait.result, undefined);
  t.card.closeHandle(bo_handle);
  t.release(40);
  assertEquals(wait.result, 0);
  while (t.release(1000) > 0);
  const transfers = t.gpu.commands.filter(({ name }) => name === "TRANSFER_TO_HOST_3D");
  assertEquals(uapi.virtio_gpu_transfer_host_3d.at(transfers.at(-1)?.bytes ?? new Uint8Array(72)).offset, 77);
  assertEquals(t.gpu.names().at(-1), "RESOURCE_UNREF");
});
