import { assert, assertEquals, assertThrows } from "@std/assert";
import { DrmError } from "udrm/core/error.ts";
import { FenceChain } from "udrm/core/fence_chain.ts";
import { SyncFile, syncFileFence } from "udrm/core/sync_file.ts";
import type { DrmFile } from "udrm/core/drm_file.ts";
import * as uapi from "udrm/uapi/mod.ts";
import { createResource, type Rig } from "./rig.ts";
import {
  contextInit,
  createSyncobj,
  exec,
  execArgument,
  fenceOf,
  isIdle,
  put,
  putSyncobjs,
  putWords,
  rig3d,
} from "./rig_3d.ts";

const { VIRTGPU_EXECBUF_FENCE_FD_IN: IN, VIRTGPU_EXECBUF_FENCE_FD_OUT: OUT, VIRTGPU_EXECBUF_RING_IDX: RING } = uapi;
const EXECBUFFER = uapi.DRM_IOCTL_VIRTGPU_EXECBUFFER;

function errno(name: string, action: () => unknown): void {
  assertEquals(assertThrows(action, DrmError).code, name);
}

/** SUBMIT_3D commands so far. */
function submissions(t: Rig) {
  return t.gpu.commands.filter(({ name }) => name === "SUBMIT_3D").map(({ bytes }) => {
    const { hdr, size } = uapi.virtio_gpu_cmd_submit.at(bytes);
    const words = new Uint32Array(bytes.slice(32).buffer);
    return { ctx: hdr.ctx_id, flags: hdr.flags, ring: hdr.ring_idx, fence: hdr.fence_id, size, words: [...words] };
  });
}

const draft = (t: Rig) => t.file.file as DrmFile;

/** What a request must leave as it was, whether it fails or is interrupted. */
function state(t: Rig, ...handles: readonly number[]) {
  return {
    submitted: submissions(t).length,
    events: draft(t).events.space,
    fds: t.file.process.fdCount,
    references: handles.map((handle) => draft(t).objects.get(handle)?.references),
    commands: t.driver.queue.pending,
  };
}

Deno.test("EXECBUFFER sends the client's commands to the file's context", () => {
  using t = rig3d();
  exec(t.file, [1, 2, 0xffffffff]);
  exec(t.file, []);
  assertEquals(submissions(t), [
    { ctx: 1, flags: 0, ring: 0, fence: 0n, size: 12, words: [1, 2, 0xffffffff] },
    { ctx: 1, flags: 0, ring: 0, fence: 0n, size: 0, words: [] },
  ]);
});

Deno.test("EXECBUFFER of commands larger than a page, and of a size that is no whole words", () => {
  using t = rig3d();
  const words = Array.from({ length: 5000 }, (_, i) => i);
  exec(t.file, words);
  assertEquals(submissions(t)[0].words, words);
  exec(t.file, [], { size: 5, command: putWords(t.file, 1, 2) });
  assertEquals(t.gpu.commands.at(-1)?.bytes.length, 37, "the host judges it");
});

Deno.test("EXECBUFFER calls from before syncobjs and before ring_idx are shorter", () => {
  using t = rig3d();
  const whole = uapi.drm_virtgpu_execbuffer.bytes(execArgument(t.file, [7]));
  assertEquals(t.file.ioctl(0xc0286442, whole.slice(0, 40)), 0);
  assertEquals(t.file.ioctl(0xc0206442, whole.slice(0, 32)), 0);
  assertEquals(submissions(t).map(({ words }) => words), [[7], [7]]);
});

Deno.test("EXECBUFFER: unknown flags and rings that are none are EINVAL, and make no context", () => {
  using t = rig3d();
  errno("EINVAL", () => exec(t.file, [], { flags: 8 }));
  errno("EINVAL", () => exec(t.file, [], { flags: RING, ring_idx: 0 }));
  assertEquals(t.gpu.names().includes("CTX_CREATE"), false);
  contextInit(t.file, [uapi.VIRTGPU_CONTEXT_PARAM_NUM_RINGS, 2]);
  exec(t.file, [], { flags: RING, ring_idx: 1 });
  errno("EINVAL", () => exec(t.file, [], { flags: RING, ring_idx: 2 }));
  exec(t.file, [], { ring_idx: 9 });
});

Deno.test("L7 EXECBUFFER has a fence if anybody can see it: by an fd, syncobjs, objects or a polled ring", () => {
  using t = rig3d();
  contextInit(t.file, [uapi.VIRTGPU_CONTEXT_PARAM_NUM_RINGS, 2], [uapi.VIRTGPU_CONTEXT_PARAM_POLL_RINGS_MASK, 2]);
  const { bo_handle } = createResource(t.file);
  const handle = createSyncobj(t.file);
  exec(t.file);
  exec(t.file, [], { flags: RING, ring_idx: 0 });
  exec(t.file, [], { flags: OUT });
  exec(t.file, [], { num_out_syncobjs: 1, syncobj_stride: 16, out_syncobjs: putSyncobjs(t.file, { handle }) });
  exec(t.file, [], { num_bo_handles: 1, bo_handles: putWords(t.file, bo_handle) });
  exec(t.file, [], { flags: RING, ring_idx: 1 });
  exec(t.file, [], { ring_idx: 1 });
  assertEquals(submissions(t).map(({ flags, ring }) => [flags, ring]), [
    [0, 0],
    [0, 0],
    [1, 0],
    [1, 0],
    [1, 0],
    [3, 1],
    [0, 0],
  ]);
});

Deno.test("EXECBUFFER FENCE_FD_OUT gives a sync_file that signals with the host's answer", () => {
  using t = rig3d();
  t.gpu.hold = true;
  const arg = exec(t.file, [1], { flags: OUT, fence_fd: -1 });
  const file = t.file.process.file(arg.fence_fd);
  assert(file.file instanceof SyncFile);
  const fence = syncFileFence(file.file);
  assertEquals(fence?.isSignaled, false);
  t.release();
  assertEquals([fence?.isSignaled, fence?.driverName, fence?.timelineName], [true, "virtio_gpu", "controlq"]);
});

Deno.test("EXECBUFFER's objects are busy until the host has answered", () => {
  using t = rig3d();
  const one = createResource(t.file).bo_handle, two = createResource(t.file).bo_handle;
  t.gpu.hold = true;
  exec(t.file, [1], { num_bo_handles: 1, bo_handles: putWords(t.file, two) });
  assertEquals([isIdle(t.file, one), isIdle(t.file, two)], [true, false]);
  t.release();
  assertEquals(isIdle(t.file, two), true);
});

Deno.test("rings are timelines: an answer signals what is before it on its ring, and nothing else", () => {
  using t = rig3d();
  contextInit(t.file, [uapi.VIRTGPU_CONTEXT_PARAM_NUM_RINGS, 2]);
  t.gpu.hold = true;
  const fences = [0, 1, 0, 1, 9].map((ring_idx) => {
    const { fence_fd } = exec(t.file, [], { flags: OUT | (ring_idx < 2 ? RING : 0), ring_idx });
    return syncFileFence(t.file.process.file(fence_fd).file);
  });
  assertEquals(new Set(fences.map((fence) => fence?.context)).size, 3);
  const answer = (nth: number): void => {
    const { fence } = submissions(t)[nth];
    const header = uapi.virtio_gpu_ctrl_hdr.of({ type: 0x1100, flags: 3, fence_id: fence });
    t.fake.complete(uapi.virtio_gpu_ctrl_hdr.bytes(header), nth);
  };
  answer(3);
  assertEquals(fences.map((fence) => fence?.isSignaled), [false, true, false, true, false]);
  answer(2);
  assertEquals(fences.map((fence) => fence?.isSignaled), [true, true, true, true, false]);
});

Deno.test("a polled ring sends VIRTGPU_EVENT_FENCE_SIGNALED; 4096 bytes of events are ENOMEM", () => {
  using t = rig3d();
  contextInit(t.file, [uapi.VIRTGPU_CONTEXT_PARAM_NUM_RINGS, 1], [uapi.VIRTGPU_CONTEXT_PARAM_POLL_RINGS_MASK, 1]);
  t.gpu.hold = true;
  exec(t.file, [], { flags: RING, ring_idx: 0 });
  const bytes = new Uint8Array(64);
  assertEquals(t.file.read(bytes), -11);
  t.release();
  assertEquals(t.file.read(bytes), 8);
  assertEquals([...new Uint32Array(bytes.buffer, 0, 2)], [uapi.VIRTGPU_EVENT_FENCE_SIGNALED, 8]);
  for (let i = 0; i < 512; i++) exec(t.file, [], { flags: RING, ring_idx: 0 });
  errno("ENOMEM", () => exec(t.file, [], { flags: RING, ring_idx: 0 }));
  t.release();
  assertEquals(t.file.read(new Uint8Array(8192)), 4096);
});

Deno.test("EXECBUFFER that fails leaves nothing: no event, fd, reference, command", () => {
  using t = rig3d();
  contextInit(t.file, [uapi.VIRTGPU_CONTEXT_PARAM_NUM_RINGS, 1], [uapi.VIRTGPU_CONTEXT_PARAM_POLL_RINGS_MASK, 1]);
  const { bo_handle } = createResource(t.file);
  const handle = createSyncobj(t.file), empty = createSyncobj(t.file);
  const bos = { num_bo_handles: 1, bo_handles: putWords(t.file, bo_handle) };
  const rings = { flags: RING | OUT, ring_idx: 0 };
  const one = { syncobj_stride: 16, num_in_syncobjs: 1, num_out_syncobjs: 1 };
  const good = putSyncobjs(t.file, { handle });
  const wrong: [string, Parameters<typeof execArgument>[2]][] = [
    ["ENOENT", { ...rings, num_bo_handles: 2, bo_handles: putWords(t.file, bo_handle, 99) }],
    ["EFAULT", { ...rings, num_bo_handles: 1, bo_handles: 8n }],
    ["ENOMEM", { ...rings, num_bo_handles: 0xffffffff, bo_handles: 8n }],
    ["EALREADY", { ...rings, num_bo_handles: 2, bo_handles: putWords(t.file, bo_handle, bo_handle) }],
    ["EFAULT", { ...rings, ...bos, command: 8n, size: 4 }],
    ["ENOMEM", { ...rings, ...bos, command: 8n, size: 0xffffffff }],
    ["EFAULT", { ...rings, ...bos, ...one, out_syncobjs: 8n }],
    ["EINVAL", { ...rings, ...bos, ...one, out_syncobjs: putSyncobjs(t.file, { handle, flags: 1 }) }],
    ["EINVAL", { ...rings, ...bos, ...one, out_syncobjs: putSyncobjs(t.file, { handle: 99 }) }],
    ["EINVAL", { ...rings, ...bos, ...one, syncobj_stride: 0, out_syncobjs: good }],
    ["ENOMEM", { ...rings, ...bos, ...one, num_out_syncobjs: 0xffffffff, out_syncobjs: 8n }],
    ["EFAULT", { ...rings, ...bos, ...one, out_syncobjs: good, in_syncobjs: 8n }],
    ["EINVAL", {
      ...rings,
      ...bos,
      ...one,
      out_syncobjs: good,
      in_syncobjs: putSyncobjs(t.file, { handle, flags: 2 }),
    }],
    ["ENOENT", { ...rings, ...bos, ...one, out_syncobjs: good, in_syncobjs: putSyncobjs(t.file, { handle: 99 }) }],
    ["EINVAL", { ...rings, ...bos, ...one, out_syncobjs: good, in_syncobjs: putSyncobjs(t.file, { handle: empty }) }],
    ["ENOMEM", { ...rings, ...bos, ...one, out_syncobjs: good, num_in_syncobjs: 0xffffffff }],
    ["EINVAL", { ...rings, ...bos, flags: RING | OUT | IN, fence_fd: 99 }],
    ["EINVAL", { ...rings, ...bos, flags: RING | OUT | IN, fence_fd: t.file.fd }],
  ];
  const before = state(t, bo_handle);
  for (const [name, more] of wrong) {
    const arg = execArgument(t.file, [1], more);
    const fd = arg.fence_fd;
    errno(name, () => t.file.ioctl(EXECBUFFER, arg));
    assertEquals(state(t, bo_handle), before, name);
    assertEquals([arg.fence_fd, fenceOf(t.file, handle)], [fd, undefined], name);
  }
});

Deno.test("EXECBUFFER without an fd left is EMFILE", () => {
  using t = rig3d();
  const small = t.system.process({ fdLimit: 1 }).open("/dev/dri/renderD128");
  errno("EMFILE", () => exec(small, [], { flags: OUT }));
  exec(small);
});

Deno.test("L7 out syncobjs: 0 replaces the fence, a point is added to the timeline", () => {
  using t = rig3d();
  const binary = createSyncobj(t.file), timeline = createSyncobj(t.file);
  t.gpu.hold = true;
  const list = [{ handle: binary }, { handle: timeline, point: 5n }, { handle: timeline, point: 2n ** 60n }];
  exec(t.file, [], { num_out_syncobjs: 3, syncobj_stride: 16, out_syncobjs: putSyncobjs(t.file, ...list) });
  const head = fenceOf(t.file, timeline);
  assert(head instanceof FenceChain);
  assertEquals([head.seqno, head.prevSeqno], [2n ** 60n, 5]);
  assertEquals([head.isSignaled, fenceOf(t.file, binary)?.isSignaled], [false, false]);
  t.release();
  assertEquals([head.isSignaled, fenceOf(t.file, binary)?.isSignaled], [true, true]);
});

Deno.test("L7 syncobj_stride: elements may be longer than the kernel's struct, or shorter, what is left out being 0", () => {
  using t = rig3d();
  const handles = [createSyncobj(t.file), createSyncobj(t.file)];
  const long = new Uint8Array(64);
  handles.forEach((handle, i) => new DataView(long.buffer).setUint32(i * 32, handle, true));
  long.fill(0xff, 16, 32);
  exec(t.file, [], { num_out_syncobjs: 2, syncobj_stride: 32, out_syncobjs: put(t.file, long) });
  const fences = handles.map((handle) => fenceOf(t.file, handle));
  assert(fences[0] !== undefined && fences[0] === fences[1]);
  exec(t.file, [], { num_out_syncobjs: 2, syncobj_stride: 4, out_syncobjs: putWords(t.file, ...handles) });
  assert(fenceOf(t.file, handles[0]) !== fences[0]);
});

Deno.test("buffers of submissions are used again, and go with the device", () => {
  using t = rig3d();
  exec(t.file, [1]);
  const slots = t.driver.device.memory.count;
  for (let i = 0; i < 200; i++) exec(t.file, [i]);
  assertEquals(t.driver.device.memory.count, slots);
  exec(t.file, [], { size: 2 ** 24, command: t.file.process.alloc(2 ** 24).address });
  assertEquals(t.driver.device.memory.count, slots, "large ones are not kept");
  t.file.close();
  t.system.removeDevice(t.device);
  assertEquals(t.driver.device.memory.count, 0);
});
