import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DrmError, EBUSY } from "udrm/core/error.ts";
import type { OpenFile } from "udrm/core/process.ts";
import * as uapi from "udrm/uapi/mod.ts";
import { createBlob, createResource, type Rig, rig, transferToHost } from "./rig.ts";
import { contextInit, exec, isIdle, put, rig3d, transferFromHost } from "./rig_3d.ts";

const {
  VIRTGPU_CONTEXT_PARAM_CAPSET_ID: CAPSET,
  VIRTGPU_CONTEXT_PARAM_NUM_RINGS: RINGS,
  VIRTGPU_CONTEXT_PARAM_POLL_RINGS_MASK: POLL,
  VIRTGPU_CONTEXT_PARAM_DEBUG_NAME: NAME,
} = uapi;

function errno(name: string, action: () => unknown): void {
  assertEquals(assertThrows(action, DrmError).code, name);
}

const text = (file: OpenFile, name: string): bigint => put(file, new TextEncoder().encode(`${name}\0`));

/** CTX_CREATE commands so far. */
function contexts(t: Rig): { id: number; init: number; name: string }[] {
  return t.gpu.commands.filter((command) => command.name === "CTX_CREATE").map(({ bytes }) => {
    const { hdr, context_init, debug_name, nlen } = uapi.virtio_gpu_ctx_create.at(bytes);
    assertEquals(nlen, debug_name.length);
    return { id: hdr.ctx_id, init: context_init, name: debug_name };
  });
}

function param(t: Rig, param: number): number {
  const memory = t.file.process.alloc(8);
  const arg = uapi.drm_virtgpu_getparam.of({ param: BigInt(param), value: memory.address });
  t.file.ioctl(uapi.DRM_IOCTL_VIRTGPU_GETPARAM, arg);
  return new DataView(memory.bytes.buffer, memory.bytes.byteOffset).getInt32(0, true);
}

Deno.test("GETPARAM with 3D", () => {
  using t = rig3d();
  assertEquals(param(t, uapi.VIRTGPU_PARAM_3D_FEATURES), 1);
  assertEquals(param(t, uapi.VIRTGPU_PARAM_CONTEXT_INIT), 1);
  assertEquals(param(t, uapi.VIRTGPU_PARAM_EXPLICIT_DEBUG_NAME), 1);
  assertEquals(param(t, uapi.VIRTGPU_PARAM_SUPPORTED_CAPSET_IDs), 0b110);
  assertEquals(param(t, uapi.VIRTGPU_PARAM_HOST_VISIBLE), 0);
});

Deno.test("no context is made for a file that does not need one", () => {
  using t = rig3d();
  param(t, uapi.VIRTGPU_PARAM_3D_FEATURES);
  assertEquals(contexts(t), []);
  t.file.close();
  assertEquals(t.gpu.names().includes("CTX_DESTROY"), false);
  assertEquals(t.driver.contexts.count, 0);
});

Deno.test("the first request that needs a context makes it, by the caller's name, and the next one does not", () => {
  const firsts: Record<string, (file: OpenFile) => unknown> = {
    RESOURCE_CREATE: (file) => createResource(file),
    EXECBUFFER: (file) => exec(file),
    TRANSFER_FROM_HOST: (file) => assertThrows(() => transferFromHost(file, 9, {}), DrmError),
    RESOURCE_CREATE_BLOB: (file) => createBlob(file),
  };
  for (const [name, first] of Object.entries(firsts)) {
    using t = rig3d();
    t.file.process.comm = "glxgears";
    first(t.file);
    assertEquals(t.file.ioctl(uapi.DRM_IOCTL_VIRTGPU_EXECBUFFER, uapi.drm_virtgpu_execbuffer.of()), 0);
    assertEquals(contexts(t), [{ id: 1, init: 0, name: "glxgears" }], name);
  }
});

Deno.test("TRANSFER_TO_HOST looks for the object first, and makes no context if there is none", () => {
  using t = rig3d();
  errno("ENOENT", () => transferToHost(t.file, 9, {}));
  t.card.createDumb(4, 4, 32);
  assertEquals(contexts(t).length, 1, "CREATE_DUMB's handle needs one");
});

Deno.test("each file has a context of its own, which goes with it", () => {
  using t = rig3d();
  exec(t.file);
  const other = t.system.process({ comm: "other" }).open("/dev/dri/renderD128");
  exec(other);
  assertEquals(contexts(t).map(({ id }) => id), [1, 2]);
  other.close();
  const last = t.gpu.commands.at(-1);
  assertEquals([last?.name, uapi.virtio_gpu_ctrl_hdr.at(last?.bytes ?? new Uint8Array(24)).ctx_id], ["CTX_DESTROY", 2]);
  const third = t.system.process().open("/dev/dri/renderD128");
  exec(third);
  assertEquals(contexts(t).at(-1)?.id, 2, "the id is free again");
});

Deno.test("L5 CONTEXT_INIT: set, rings and name reach the host", () => {
  using t = rig3d();
  assertEquals(
    contextInit(t.file, [CAPSET, 2], [RINGS, 64], [POLL, 2n ** 64n - 1n], [NAME, text(t.file, "my name")]),
    0,
  );
  assertEquals(contexts(t), [{ id: 1, init: 2, name: "my name" }]);
});

Deno.test("L5 CONTEXT_INIT without parameters makes a context as the first request would", () => {
  using t = rig3d();
  t.file.process.comm = "quiet";
  assertEquals(contextInit(t.file), 0);
  assertEquals(contexts(t), [{ id: 1, init: 0, name: "quiet" }]);
});

Deno.test("L5 CONTEXT_INIT of a file that has a context is EEXIST, but first its parameters are read", () => {
  using t = rig3d();
  exec(t.file);
  errno("EEXIST", () => contextInit(t.file, [CAPSET, 2]));
  errno("EEXIST", () => contextInit(t.file, [99, 2]));
  const bad = uapi.drm_virtgpu_context_init.of({ num_params: 1, ctx_set_params: 8n });
  errno("EFAULT", () => t.file.ioctl(uapi.DRM_IOCTL_VIRTGPU_CONTEXT_INIT, bad));
  bad.num_params = 5;
  errno("EINVAL", () => t.file.ioctl(uapi.DRM_IOCTL_VIRTGPU_CONTEXT_INIT, bad));
});

Deno.test("L5 CONTEXT_INIT refuses parameters that cannot be, with EINVAL", () => {
  const wrong: readonly (readonly (readonly [number, number | bigint])[])[] = [
    [[CAPSET, 64]],
    [[CAPSET, 2n ** 63n]],
    [[CAPSET, 3]],
    [[CAPSET, 0]],
    [[CAPSET, 1], [CAPSET, 2]],
    [[RINGS, 65]],
    [[RINGS, 1], [RINGS, 1]],
    [[RINGS, 0], [RINGS, 1]],
    [[POLL, 1]],
    [[RINGS, 2], [POLL, 4]],
    [[POLL, 1], [RINGS, 2], [POLL, 1]],
    [[0, 0]],
    [[5, 0]],
    [[2 ** 32 + 1, 1]],
  ];
  for (const params of wrong) {
    using t = rig3d();
    errno("EINVAL", () => contextInit(t.file, ...params));
    assertEquals(contexts(t), []);
  }
});

Deno.test("L5 CONTEXT_INIT: the polled rings are looked at last, POLL may come first, and a mask of 0 can be set again", () => {
  using t = rig3d();
  assertEquals(contextInit(t.file, [POLL, 0], [POLL, 3], [RINGS, 2]), 0);
});

Deno.test("L5 what CONTEXT_INIT has set before it failed stays set", () => {
  using t = rig3d();
  errno("EINVAL", () => contextInit(t.file, [CAPSET, 2], [99, 0]));
  errno("EINVAL", () => contextInit(t.file, [CAPSET, 2]));
  assertEquals(contextInit(t.file, [RINGS, 1]), 0);
  assertEquals(contexts(t)[0].init, 2);
});

Deno.test("CONTEXT_INIT DEBUG_NAME: 63 bytes count, an address that cannot be read is EFAULT, a second name EINVAL", () => {
  using t = rig3d();
  errno("EFAULT", () => contextInit(t.file, [NAME, 8n]));
  assertEquals(contextInit(t.file, [NAME, text(t.file, "x".repeat(200))]), 0);
  assertEquals(contexts(t)[0].name, "x".repeat(63));
  using two = rig3d();
  errno("EINVAL", () => contextInit(two.file, [NAME, text(two.file, "a")], [NAME, text(two.file, "b")]));
});

Deno.test("CONTEXT_INIT of a device that has VIRGL alone is EINVAL", () => {
  using t = rig3d({ features: [uapi.VIRTIO_GPU_F_VIRGL] });
  errno("EINVAL", () => contextInit(t.file));
  exec(t.file);
  assertEquals(contexts(t).length, 1);
});

function getCaps(file: OpenFile, cap_set_id: number, cap_set_ver: number, size: number, address?: bigint) {
  const memory = file.process.alloc(Math.max(8, Math.min(size, 4096)));
  memory.bytes.fill(0xee);
  const arg = uapi.drm_virtgpu_get_caps.of({ cap_set_id, cap_set_ver, size, addr: address ?? memory.address });
  return { bytes: memory.bytes, arg };
}

Deno.test("GET_CAPS gives as much as the client and the set have, and asks the host once a set and version", () => {
  using t = rig3d();
  const read = (id: number, version: number, size: number): Uint8Array => {
    const { bytes, arg } = getCaps(t.file, id, version, size);
    assertEquals(t.file.ioctl(uapi.DRM_IOCTL_VIRTGPU_GET_CAPS, arg), 0);
    return bytes;
  };
  const from = t.gpu.commands.length;
  const short = read(1, 1, 10);
  assertEquals([...short.subarray(0, 10)], Array.from({ length: 10 }, (_, i) => 1 + 24 + i));
  const long = read(1, 1, 400);
  assertEquals(long[307], (1 + 24 + 307) & 0xff);
  assertEquals([...long.subarray(308, 312)], [0xee, 0xee, 0xee, 0xee], "nothing is written beyond the set");
  read(1, 0, 10);
  read(2, 2, 2000);
  assertEquals(t.gpu.names(from), ["GET_CAPSET", "GET_CAPSET", "GET_CAPSET"]);
});

Deno.test("GET_CAPS: no bytes, an unknown set and a later version are EINVAL, a bad address EFAULT", () => {
  using t = rig3d();
  const get = (id: number, version: number, size: number, address?: bigint): number =>
    t.file.ioctl(uapi.DRM_IOCTL_VIRTGPU_GET_CAPS, getCaps(t.file, id, version, size, address).arg);
  errno("EINVAL", () => get(1, 1, 0));
  errno("EINVAL", () => get(3, 0, 8));
  errno("EINVAL", () => get(1, 2, 8));
  errno("EINVAL", () => get(1, 0xffffffff, 8));
  errno("EFAULT", () => get(1, 1, 8, 8n));
});

Deno.test("GET_CAPS waits for the host: 5 s, then EBUSY; who comes meanwhile waits for the same answer", async () => {
  using t = rig3d();
  t.gpu.hold = true;
  const first = getCaps(t.file, 1, 1, 8);
  const wait = t.file.wait(uapi.DRM_IOCTL_VIRTGPU_GET_CAPS, first.arg);
  t.clock.advance(5e9);
  assertEquals(await wait, EBUSY);
  const again = t.file.wait(uapi.DRM_IOCTL_VIRTGPU_GET_CAPS, first.arg);
  const second = getCaps(t.file, 1, 1, 8);
  const other = t.file.wait(uapi.DRM_IOCTL_VIRTGPU_GET_CAPS, second.arg);
  const bad = t.file.wait(uapi.DRM_IOCTL_VIRTGPU_GET_CAPS, getCaps(t.file, 1, 1, 8, 8n).arg);
  assertEquals(t.release(), 1, "the host was asked once");
  assertEquals([await again, await other], [0, 0]);
  assertEquals(second.bytes[0], 25);
  assertEquals((await assertRejects(() => bad, DrmError)).code, "EFAULT");
});

Deno.test("a device that is gone ends GET_CAPS with ENODEV", async () => {
  using t = rig3d();
  t.gpu.hold = true;
  const wait = t.file.wait(uapi.DRM_IOCTL_VIRTGPU_GET_CAPS, getCaps(t.file, 1, 1, 8).arg);
  t.system.removeDevice(t.device);
  assertEquals((await assertRejects(() => wait, DrmError)).code, "ENODEV");
});

Deno.test("one capability set that cannot be makes a device without any; the mask keeps those before it", () => {
  for (const capset of [{ id: 0, maxVersion: 0, maxSize: 8 }, { id: 64, maxVersion: 0, maxSize: 8 }]) {
    using t = rig3d({ prepare: (gpu) => gpu.capsets[1] = capset });
    errno("ENOSYS", () => t.file.ioctl(uapi.DRM_IOCTL_VIRTGPU_GET_CAPS, getCaps(t.file, 1, 1, 8).arg));
    assertEquals(param(t, uapi.VIRTGPU_PARAM_SUPPORTED_CAPSET_IDs), 0b10);
  }
  using many = rig3d({ prepare: (gpu) => gpu.config.num_capsets = 0xffffffff });
  errno("ENOSYS", () => many.file.ioctl(uapi.DRM_IOCTL_VIRTGPU_GET_CAPS, getCaps(many.file, 1, 1, 8).arg));
});

Deno.test("a device with a billion versions does not fill memory", () => {
  using t = rig3d({ prepare: (gpu) => gpu.capsets[0].maxVersion = 0xffffffff });
  const read = (version: number): unknown =>
    t.file.ioctl(uapi.DRM_IOCTL_VIRTGPU_GET_CAPS, getCaps(t.file, 1, version, 8).arg);
  for (let version = 0; version < 64; version++) read(version);
  errno("ENOMEM", () => read(64));
  assertEquals(read(3), 0);
});

Deno.test("GETPARAM, CONTEXT_INIT, EXECBUFFER without 3D are as they were", () => {
  using t = rig();
  assertEquals(param(t, uapi.VIRTGPU_PARAM_3D_FEATURES), 0);
  errno("EINVAL", () => contextInit(t.file));
  errno("ENOSYS", () => exec(t.file));
});

Deno.test("a handle attaches its object to the file's context, and its end detaches it", () => {
  using t = rig3d();
  const from = t.gpu.commands.length;
  const { bo_handle, res_handle } = createResource(t.file, { target: 4, bind: 9, depth: 3, array_size: 6, flags: 1 });
  const create = t.gpu.commands.slice(from)[1];
  assertEquals(t.gpu.names(from), [
    "CTX_CREATE",
    "RESOURCE_CREATE_3D",
    "RESOURCE_ATTACH_BACKING",
    "CTX_ATTACH_RESOURCE",
  ]);
  const { target, bind, depth, array_size, flags, resource_id } = uapi.virtio_gpu_resource_create_3d.at(create.bytes);
  assertEquals([target, bind, depth, array_size, flags, resource_id], [4, 9, 3, 6, 1, res_handle]);
  t.card.closeHandle(bo_handle);
  assertEquals(t.gpu.names(from + 4), ["CTX_DETACH_RESOURCE", "RESOURCE_UNREF"]);
});

Deno.test("a buffer in two files is attached to both contexts, and goes with the last", () => {
  using t = rig3d();
  const { bo_handle } = createResource(t.file);
  const other = t.system.process({ uid: 0 }).open("/dev/dri/card0");
  const flink = uapi.drm_gem_flink.of({ handle: bo_handle });
  t.file.ioctl(uapi.DRM_IOCTL_GEM_FLINK, flink);
  const from = t.gpu.commands.length;
  other.ioctl(uapi.DRM_IOCTL_GEM_OPEN, uapi.drm_gem_open.of({ name: flink.name }));
  assertEquals(t.gpu.names(from), ["CTX_CREATE", "CTX_ATTACH_RESOURCE"]);
  t.card.closeHandle(bo_handle);
  assertEquals(t.gpu.names(from + 2), ["CTX_DETACH_RESOURCE"]);
  other.close();
  assertEquals(t.gpu.names(from + 3), ["CTX_DETACH_RESOURCE", "RESOURCE_UNREF", "CTX_DESTROY"]);
});

Deno.test("RESOURCE_CREATE's object is busy until the host has made it", () => {
  using t = rig3d();
  t.gpu.hold = true;
  const { bo_handle } = createResource(t.file);
  assertEquals(isIdle(t.file, bo_handle), false);
  t.release();
  assertEquals(isIdle(t.file, bo_handle), true);
});

Deno.test("dumb buffers of a device with 3D are copied, even where there are blobs; other drivers' buffers are ENODEV", () => {
  using t = rig3d();
  const from = t.gpu.commands.length;
  t.card.createDumb(8, 8, 32);
  assertEquals(t.gpu.names(from).includes("RESOURCE_CREATE_2D"), true);
  assertEquals(t.gpu.names(from).includes("RESOURCE_CREATE_BLOB"), false);
  assert(t.driver.has3d);
});
