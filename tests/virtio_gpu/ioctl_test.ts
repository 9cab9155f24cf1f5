import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DrmError, EBUSY } from "udrm/core/error.ts";
import type { VirtioGpuObject } from "udrm/drivers/gpu/virtio_gpu/object.ts";
import * as uapi from "udrm/uapi/mod.ts";
import { createBlob, createResource, type Rig, rig, transferToHost } from "./rig.ts";

const BLOB = uapi.VIRTIO_GPU_F_RESOURCE_BLOB, UUID = uapi.VIRTIO_GPU_F_RESOURCE_UUID;

function errno(name: string, action: () => unknown): void {
  assertEquals(assertThrows(action, DrmError).code, name);
}

function getParam(t: Rig, param: number, address?: bigint): number {
  const memory = t.file.process.alloc(8);
  memory.bytes.fill(0xff);
  t.file.ioctl(
    uapi.DRM_IOCTL_VIRTGPU_GETPARAM,
    uapi.drm_virtgpu_getparam.of({ param: BigInt(param), value: address ?? memory.address }),
  );
  assertEquals([...memory.bytes.subarray(4)], [0xff, 0xff, 0xff, 0xff], "four bytes are written, no more");
  return new DataView(memory.bytes.buffer, memory.bytes.byteOffset).getInt32(0, true);
}

Deno.test("virtio_gpu says what the kernel's says", () => {
  using t = rig();
  const version = t.card.version();
  assertEquals(version, { name: "virtio_gpu", desc: "virtio GPU", date: "0", version: [0, 1, 0] });
  assertEquals(t.system.nodes.filter((node) => node.startsWith("/dev/dri/")), [
    "/dev/dri/card0",
    "/dev/dri/renderD128",
  ]);
});

Deno.test("L2 GETPARAM writes a 32-bit int", () => {
  using t = rig({ features: [BLOB, UUID, uapi.VIRTIO_GPU_F_VIRGL] });
  assertEquals(getParam(t, uapi.VIRTGPU_PARAM_3D_FEATURES), 1);
  assertEquals(getParam(t, uapi.VIRTGPU_PARAM_CAPSET_QUERY_FIX), 1);
  assertEquals(getParam(t, uapi.VIRTGPU_PARAM_RESOURCE_BLOB), 1);
  assertEquals(getParam(t, uapi.VIRTGPU_PARAM_CROSS_DEVICE), 1);
  assertEquals(getParam(t, uapi.VIRTGPU_PARAM_HOST_VISIBLE), 0);
  assertEquals(getParam(t, uapi.VIRTGPU_PARAM_CONTEXT_INIT), 0);
  assertEquals(getParam(t, uapi.VIRTGPU_PARAM_SUPPORTED_CAPSET_IDs), 0);
  using plain = rig();
  assertEquals(getParam(plain, uapi.VIRTGPU_PARAM_RESOURCE_BLOB), 0);
  assertEquals(getParam(plain, uapi.VIRTGPU_PARAM_CROSS_DEVICE), 0);
});

Deno.test("L2 GETPARAM of an unknown parameter is EINVAL, to a bad address EFAULT", () => {
  using t = rig();
  errno("EINVAL", () => getParam(t, 99));
  errno("EINVAL", () => getParam(t, 99, 1n));
  errno("EFAULT", () => getParam(t, uapi.VIRTGPU_PARAM_3D_FEATURES, 1n));
});

Deno.test("GETPARAM BLOB_ALIGNMENT is ENOENT unless the device asks for one", () => {
  using t = rig({ features: [BLOB] });
  errno("ENOENT", () => getParam(t, uapi.VIRTGPU_PARAM_BLOB_ALIGNMENT));
  using aligned = rig({
    features: [BLOB, uapi.VIRTIO_GPU_F_BLOB_ALIGNMENT],
    prepare: (gpu) => gpu.config.blob_alignment = 65536,
  });
  assertEquals(getParam(aligned, uapi.VIRTGPU_PARAM_BLOB_ALIGNMENT), 65536);
  errno("EINVAL", () => createBlob(aligned.file, { size: 4096 }));
  assertEquals(createBlob(aligned.file, { size: 65536 }).bo_handle, 1);
});

Deno.test("RESOURCE_CREATE sends CREATE_2D with the given format, then ATTACH_BACKING of all pages", () => {
  using t = rig();
  const from = t.gpu.commands.length;
  const made = createResource(t.file, { format: 121, width: 33, height: 7, size: 5000 });
  assertEquals([made.bo_handle, made.res_handle], [1, 1]);
  assertEquals(t.gpu.names(from), ["RESOURCE_CREATE_2D", "RESOURCE_ATTACH_BACKING"]);
  const [create, attach] = t.gpu.commands.slice(from);
  assertEquals([create.args.resource_id, create.args.format, create.args.width, create.args.height], [1, 121, 33, 7]);
  assertEquals([attach.args.resource_id, attach.args.nr_entries], [1, 1]);
  const entry = uapi.virtio_gpu_mem_entry.at(attach.bytes, 32);
  assertEquals(entry.length, 8192);
  assert(t.driver.device.memory.contains(entry.addr, 8192));
  const info = uapi.drm_virtgpu_resource_info.of({ bo_handle: 1 });
  t.file.ioctl(uapi.DRM_IOCTL_VIRTGPU_RESOURCE_INFO, info);
  assertEquals([info.size, info.res_handle, info.blob_mem], [8192, 1, 0]);
});

Deno.test("RESOURCE_CREATE with size 0 makes a page", () => {
  using t = rig();
  createResource(t.file, { size: 0 });
  const info = uapi.drm_virtgpu_resource_info.of({ bo_handle: 1 });
  t.file.ioctl(uapi.DRM_IOCTL_VIRTGPU_RESOURCE_INFO, info);
  assertEquals(info.size, 4096);
});

Deno.test("RESOURCE_CREATE without 3D takes single 2D textures only", () => {
  using t = rig();
  createResource(t.file, { depth: 0, nr_samples: 1, last_level: 1, array_size: 0, bind: 77, flags: 5, stride: 3 });
  for (
    const wrong of [{ depth: 2 }, { nr_samples: 2 }, { last_level: 2 }, { target: 3 }, { target: 0 }, { array_size: 2 }]
  ) {
    errno("EINVAL", () => createResource(t.file, wrong));
  }
});

Deno.test("TRANSFER_TO_HOST passes box and offset on, unjudged", () => {
  using t = rig();
  const { bo_handle, res_handle } = createResource(t.file);
  const from = t.gpu.commands.length;
  assertEquals(transferToHost(t.file, bo_handle, { x: 1, y: 2, z: 9, w: 3, h: 0xffffffff, d: 9 }, 0xfffffffe), 0);
  const [sent] = t.gpu.commands.slice(from);
  assertEquals(sent.name, "TRANSFER_TO_HOST_2D");
  assertEquals(sent.args.r, { x: 1, y: 2, width: 3, height: 0xffffffff });
  assertEquals([sent.args.offset, sent.args.resource_id], [0xfffffffe, res_handle]);
  assertEquals((sent.args.hdr as { flags: number }).flags, 0, "without 3D, transfers have no fence");
});

Deno.test("TRANSFER_TO_HOST of an unknown handle is ENOENT, of a guest blob EINVAL", () => {
  using t = rig({ features: [BLOB] });
  errno("ENOENT", () => transferToHost(t.file, 5, {}));
  const { bo_handle } = createBlob(t.file);
  errno("EINVAL", () => transferToHost(t.file, bo_handle, {}));
});

Deno.test("L3 WAIT returns when the creation's fence signals; NOWAIT is EBUSY before", async () => {
  using t = rig({ prepare: (gpu) => gpu.hold = true });
  const { bo_handle } = createResource(t.file);
  const wait = uapi.drm_virtgpu_3d_wait.of({ handle: bo_handle });
  const nowait = uapi.drm_virtgpu_3d_wait.of({ handle: bo_handle, flags: uapi.VIRTGPU_WAIT_NOWAIT });
  assertEquals(t.file.ioctl(uapi.DRM_IOCTL_VIRTGPU_WAIT, nowait), EBUSY);
  assertThrows(() => t.file.ioctl(uapi.DRM_IOCTL_VIRTGPU_WAIT, wait), TypeError);
  const waiting = t.file.wait(uapi.DRM_IOCTL_VIRTGPU_WAIT, wait);
  t.release();
  assertEquals(await waiting, 0);
  assertEquals(t.file.ioctl(uapi.DRM_IOCTL_VIRTGPU_WAIT, nowait), 0);
  assertEquals(t.file.ioctl(uapi.DRM_IOCTL_VIRTGPU_WAIT, wait), 0);
});

Deno.test("L3 WAIT gives up after 15 s with EBUSY", async () => {
  using t = rig({ prepare: (gpu) => gpu.hold = true });
  const { bo_handle } = createResource(t.file);
  const waiting = t.file.wait(uapi.DRM_IOCTL_VIRTGPU_WAIT, uapi.drm_virtgpu_3d_wait.of({ handle: bo_handle }));
  let result: number | undefined;
  void waiting.then((r) => result = r);
  t.clock.advance(15e9 - 1);
  await Promise.resolve();
  assertEquals(result, undefined);
  t.clock.advance(1);
  assertEquals(await waiting, EBUSY);
});

Deno.test("L3 WAIT of an unknown handle is ENOENT, and unknown flags are ignored", () => {
  using t = rig();
  const { bo_handle } = createResource(t.file);
  errno("ENOENT", () => t.file.ioctl(uapi.DRM_IOCTL_VIRTGPU_WAIT, uapi.drm_virtgpu_3d_wait.of({ handle: 9 })));
  assertEquals(
    t.file.ioctl(uapi.DRM_IOCTL_VIRTGPU_WAIT, uapi.drm_virtgpu_3d_wait.of({ handle: bo_handle, flags: 0xfe })),
    0,
  );
});

Deno.test("L4 EXECBUFFER, TRANSFER_FROM_HOST and GET_CAPS are ENOSYS without 3D", () => {
  using t = rig();
  errno(
    "ENOSYS",
    () => t.file.ioctl(uapi.DRM_IOCTL_VIRTGPU_EXECBUFFER, uapi.drm_virtgpu_execbuffer.of({ flags: 0xffff })),
  );
  const from = uapi.drm_virtgpu_3d_transfer_from_host.of({ bo_handle: 99 });
  errno("ENOSYS", () => t.file.ioctl(uapi.DRM_IOCTL_VIRTGPU_TRANSFER_FROM_HOST, from));
  errno("ENOSYS", () => t.file.ioctl(uapi.DRM_IOCTL_VIRTGPU_GET_CAPS, uapi.drm_virtgpu_get_caps.of({ size: 0 })));
});

Deno.test("L7 older encodings of EXECBUFFER reach the same answer", () => {
  using t = rig();
  for (const [cmd, size] of [[0xc0206442, 32], [0xc0286442, 40], [0xc0406442, 64]]) {
    errno("ENOSYS", () => t.file.ioctl(cmd, new Uint8Array(size)));
  }
});

Deno.test("L5 CONTEXT_INIT is EINVAL without 3D, whatever its parameters", () => {
  using t = rig({ features: [uapi.VIRTIO_GPU_F_CONTEXT_INIT] });
  assertEquals(getParam(t, uapi.VIRTGPU_PARAM_CONTEXT_INIT), 1);
  for (const num_params of [0, 4, 5]) {
    errno("EINVAL", () => {
      t.file.ioctl(uapi.DRM_IOCTL_VIRTGPU_CONTEXT_INIT, uapi.drm_virtgpu_context_init.of({ num_params }));
    });
  }
});

Deno.test("L6 RESOURCE_CREATE_BLOB makes a blob of guest memory", () => {
  using t = rig({ features: [BLOB] });
  const from = t.gpu.commands.length;
  const made = createBlob(t.file, { size: 5000, blob_flags: uapi.VIRTGPU_BLOB_FLAG_USE_MAPPABLE });
  const [create] = t.gpu.commands.slice(from);
  assertEquals(create.name, "RESOURCE_CREATE_BLOB");
  assertEquals(
    [create.args.resource_id, create.args.blob_mem, create.args.blob_flags, create.args.nr_entries, create.args.size],
    [made.res_handle, 1, 1, 1, 8192],
  );
  const info = uapi.drm_virtgpu_resource_info.of({ bo_handle: made.bo_handle });
  t.file.ioctl(uapi.DRM_IOCTL_VIRTGPU_RESOURCE_INFO, info);
  assertEquals([info.size, info.blob_mem], [8192, uapi.VIRTGPU_BLOB_MEM_GUEST]);
});

Deno.test("L6 RESOURCE_CREATE_BLOB refuses what is no plain guest memory", () => {
  using t = rig({ features: [BLOB] });
  assertEquals(createBlob(t.file).bo_handle, 1);
  const wrong = [
    { blob_id: 1n },
    { cmd_size: 4 },
    { blob_flags: 8 },
    { blob_flags: uapi.VIRTGPU_BLOB_FLAG_USE_CROSS_DEVICE },
    { blob_mem: 0 },
    { blob_mem: 4 },
    { blob_mem: uapi.VIRTGPU_BLOB_MEM_HOST3D },
    { blob_mem: uapi.VIRTGPU_BLOB_MEM_HOST3D_GUEST },
  ];
  for (const init of wrong) errno("EINVAL", () => createBlob(t.file, init));
  errno("ENOSPC", () => createBlob(t.file, { size: 0 }));
  errno("ENOSPC", () => createBlob(t.file, { size: 2 ** 52 }));
  errno("ENOMEM", () => createBlob(t.file, { size: 2 ** 40 }));
  using plain = rig();
  errno("EINVAL", () => createBlob(plain.file));
});

Deno.test("RESOURCE_CREATE_BLOB with CROSS_DEVICE gets a UUID, as a classic resource does when it is exported", () => {
  using t = rig({ features: [BLOB, UUID] });
  const object = (handle: number) => [...t.device.files][0].objects.get(handle) as VirtioGpuObject;
  const blob = createBlob(t.file, { blob_flags: uapi.VIRTGPU_BLOB_FLAG_USE_CROSS_DEVICE });
  assertEquals(object(blob.bo_handle).uuid?.length, 16);
  const classic = createResource(t.file);
  assertEquals(object(classic.bo_handle).uuid, undefined);
  const from = t.gpu.commands.length;
  t.card.exportDmaBuf(classic.bo_handle).file.close();
  assertEquals(t.gpu.names(from), ["RESOURCE_ASSIGN_UUID"]);
  assertEquals(object(classic.bo_handle).uuid?.[15], 16);
  const references = object(classic.bo_handle).references;
  t.card.exportDmaBuf(classic.bo_handle);
  assertEquals(object(classic.bo_handle).references, references, "the same dma-buf again");
});

Deno.test("I12 CREATE_DUMB takes 32 bits a pixel only", () => {
  using t = rig();
  for (const bpp of [8, 16, 24, 31, 33, 64]) errno("EINVAL", () => t.card.createDumb(64, 64, bpp));
  const dumb = t.card.createDumb(33, 5);
  assertEquals([dumb.pitch, dumb.size], [132, 4096]);
  assertEquals(t.gpu.names().slice(-2), ["RESOURCE_CREATE_2D", "RESOURCE_ATTACH_BACKING"]);
});

Deno.test("CREATE_DUMB makes a blob of guest memory where the device has them", () => {
  using t = rig({ features: [BLOB] });
  const dumb = t.card.createDumb(64, 64);
  const create = t.gpu.commands.at(-1);
  assertEquals([create?.name, create?.args.size], ["RESOURCE_CREATE_BLOB", 16384]);
  const info = uapi.drm_virtgpu_resource_info.of({ bo_handle: dumb.handle });
  t.file.ioctl(uapi.DRM_IOCTL_VIRTGPU_RESOURCE_INFO, info);
  assertEquals(info.blob_mem, 0, "the kernel tells it for RESOURCE_CREATE_BLOB alone");
});

Deno.test("B7 MAP gives the offset at which mmap finds the bytes that the device sees", () => {
  using t = rig();
  const { bo_handle } = createResource(t.file);
  const map = uapi.drm_virtgpu_map.of({ handle: bo_handle });
  t.file.ioctl(uapi.DRM_IOCTL_VIRTGPU_MAP, map);
  t.file.mmap(64 * 64 * 4, map.offset)[7] = 99;
  const attach = t.gpu.commands.find((c) => c.name === "RESOURCE_ATTACH_BACKING");
  assert(attach);
  const { addr } = uapi.virtio_gpu_mem_entry.at(attach.bytes, 32);
  assertEquals(t.driver.device.memory.bytes(addr, 8)[7], 99);
  errno("ENOENT", () => t.file.ioctl(uapi.DRM_IOCTL_VIRTGPU_MAP, uapi.drm_virtgpu_map.of({ handle: 9 })));
});

Deno.test("a pending room for TRANSFER_TO_HOST fails with ENODEV when the device goes", async () => {
  using t = rig({ queueSizes: [4, 4], prepare: (gpu) => gpu.hold = true });
  const { bo_handle } = createResource(t.file);
  const arg = uapi.drm_virtgpu_3d_transfer_to_host.of({ bo_handle });
  let waits = 0;
  for (let i = 0; i < 2000 && waits === 0; i++) {
    try {
      t.file.ioctl(uapi.DRM_IOCTL_VIRTGPU_TRANSFER_TO_HOST, arg);
    } catch (error) {
      assert(error instanceof TypeError);
      waits++;
    }
  }
  assertEquals(waits, 1, "an endless row of transfers has to wait at some point");
  const waiting = t.file.wait(uapi.DRM_IOCTL_VIRTGPU_TRANSFER_TO_HOST, arg);
  t.system.removeDevice(t.device);
  assertEquals((await assertRejects(() => waiting, DrmError)).code, "ENODEV");
});
