import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DrmError } from "udrm/core/error.ts";
import { FenceArray } from "udrm/core/fence_array.ts";
import { FenceChain } from "udrm/core/fence_chain.ts";
import { SyncFile, syncFileFence } from "udrm/core/sync_file.ts";
import type { DrmFile } from "udrm/core/drm_file.ts";
import type { Wait } from "udrm/core/wait.ts";
import * as uapi from "udrm/uapi/mod.ts";
import { createResource, type Rig } from "./rig.ts";
import {
  contextInit,
  createSyncobj,
  exec,
  execArgument,
  fenceOf,
  foreignFence,
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

const waits = (t: Rig, arg: uapi.View<uapi.drm_virtgpu_execbuffer>): Wait => {
  const result = t.file.file.ioctl(t.file.process, EXECBUFFER, arg);
  assert(typeof result === "object");
  return result;
};

Deno.test("L7 a fence of another timeline in fence_fd is waited for before anything is sent", () => {
  using t = rig3d();
  const { fence, fd } = foreignFence(t.file, t.system);
  const arg = execArgument(t.file, [4], { flags: IN | OUT, fence_fd: fd });
  const wait = waits(t, arg);
  assertEquals([wait.result, submissions(t).length, arg.fence_fd], [undefined, 0, fd]);
  fence.signal();
  assertEquals([wait.result, submissions(t)[0].words], [0, [4]]);
  assert(t.file.process.file(arg.fence_fd).file instanceof SyncFile);
});

Deno.test("a fence that has failed is as good as any other", () => {
  using t = rig3d();
  const { fence, fd } = foreignFence(t.file, t.system);
  const wait = waits(t, execArgument(t.file, [], { flags: IN, fence_fd: fd }));
  fence.setError(-5);
  fence.signal();
  assertEquals(wait.result, 0);
});

Deno.test("L7 fences of the same timeline are not waited for, those of another ring are", () => {
  using t = rig3d();
  contextInit(t.file, [uapi.VIRTGPU_CONTEXT_PARAM_NUM_RINGS, 2]);
  t.gpu.hold = true;
  const { fence_fd } = exec(t.file, [], { flags: OUT | RING, ring_idx: 1 });
  exec(t.file, [], { flags: IN | RING, ring_idx: 1, fence_fd });
  assertEquals(submissions(t).length, 2);
  const wait = waits(t, execArgument(t.file, [], { flags: IN | RING, ring_idx: 0, fence_fd }));
  const device = waits(t, execArgument(t.file, [], { flags: IN, fence_fd }));
  t.release(2);
  assertEquals([wait.result, device.result, submissions(t).length], [0, 0, 4]);
});

Deno.test("L7 of arrays and chains, the fences of other timelines are waited for, one after the other", () => {
  using t = rig3d();
  t.gpu.hold = true;
  const own = exec(t.file, [], { flags: OUT }).fence_fd;
  const mine = syncFileFence(t.file.process.file(own).file);
  assert(mine !== undefined);
  const others = [foreignFence(t.file, t.system).fence, foreignFence(t.file, t.system).fence];
  const install = (fence: FenceArray | FenceChain): number => t.file.process.install(new SyncFile(fence));
  const array = waits(
    t,
    execArgument(t.file, [], { flags: IN, fence_fd: install(new FenceArray(t.system, [others[0], mine, others[1]])) }),
  );
  const chain = waits(
    t,
    execArgument(t.file, [], {
      flags: IN,
      fence_fd: install(new FenceChain(t.system, new FenceChain(t.system, undefined, mine, 1), others[1], 2)),
    }),
  );
  const foreign = waits(
    t,
    execArgument(t.file, [], { flags: IN, fence_fd: install(new FenceArray(t.system, others)) }),
  );
  others[1].signal();
  assertEquals([array.result, chain.result, foreign.result], [undefined, 0, undefined]);
  others[0].signal();
  assertEquals([array.result, foreign.result, mine.isSignaled], [0, 0, false]);
  exec(t.file, [], { flags: IN, fence_fd: install(new FenceArray(t.system, [mine])) });
});

Deno.test("L7 in syncobjs are waited for one after the other, and the next is looked at only then", () => {
  using t = rig3d();
  const handles = [createSyncobj(t.file), createSyncobj(t.file)];
  const fences = handles.map((handle) => {
    const { fence } = foreignFence(t.file, t.system);
    draft(t).syncobjs.get(handle)?.addPoint(fence, 3);
    return fence;
  });
  const list = putSyncobjs(t.file, { handle: handles[0], point: 3n }, { handle: handles[1] });
  const wait = waits(t, execArgument(t.file, [], { num_in_syncobjs: 2, syncobj_stride: 16, in_syncobjs: list }));
  t.file.ioctl(uapi.DRM_IOCTL_SYNCOBJ_DESTROY, uapi.drm_syncobj_destroy.of({ handle: handles[1] }));
  fences[0].signal();
  assertEquals(wait.result, -2, "the second one is gone meanwhile");
  errno("EINVAL", () => {
    const beyond = putSyncobjs(t.file, { handle: handles[0], point: 4n });
    exec(t.file, [], { num_in_syncobjs: 1, syncobj_stride: 16, in_syncobjs: beyond });
  });
});

Deno.test("L7 SYNCOBJ_RESET empties the syncobj once all are waited for, even if what follows fails, but not before", () => {
  using t = rig3d();
  const handle = createSyncobj(t.file), other = createSyncobj(t.file);
  const fill = (handle: number): void => draft(t).syncobjs.get(handle)?.signal();
  const reset = { handle, flags: uapi.VIRTGPU_EXECBUF_SYNCOBJ_RESET };
  const ins = (...list: Parameters<typeof putSyncobjs>[1][]) => ({
    syncobj_stride: 16,
    num_in_syncobjs: list.length,
    in_syncobjs: putSyncobjs(t.file, ...list),
  });
  fill(handle);
  exec(t.file, [], ins(reset));
  assertEquals(fenceOf(t.file, handle), undefined);
  fill(handle);
  errno("EINVAL", () => exec(t.file, [], { ...ins(reset), flags: IN, fence_fd: 99 }));
  assertEquals(fenceOf(t.file, handle), undefined, "as in the kernel");
  fill(handle);
  errno("EINVAL", () => exec(t.file, [], ins(reset, { handle: other })));
  assert(fenceOf(t.file, handle) !== undefined);
  exec(t.file, [], { ...ins(reset), num_out_syncobjs: 1, out_syncobjs: putSyncobjs(t.file, { handle }) });
  assertEquals(fenceOf(t.file, handle), undefined, "reset comes after the new fence");
});

Deno.test("EXECBUFFER that is interrupted while it waits leaves nothing", () => {
  using t = rig3d();
  contextInit(t.file, [uapi.VIRTGPU_CONTEXT_PARAM_NUM_RINGS, 1], [uapi.VIRTGPU_CONTEXT_PARAM_POLL_RINGS_MASK, 1]);
  const { bo_handle } = createResource(t.file);
  const { fence, fd } = foreignFence(t.file, t.system);
  const handle = createSyncobj(t.file);
  const before = state(t, bo_handle);
  const arg = execArgument(t.file, [1], {
    flags: IN | OUT | RING,
    fence_fd: fd,
    num_bo_handles: 1,
    bo_handles: putWords(t.file, bo_handle),
    syncobj_stride: 16,
    num_out_syncobjs: 1,
    out_syncobjs: putSyncobjs(t.file, { handle }),
  });
  const wait = waits(t, arg);
  wait.cancel();
  assertEquals([wait.result, arg.fence_fd], [-4, fd]);
  assertEquals(state(t, bo_handle), before);
  fence.signal();
  assertEquals([submissions(t).length, fenceOf(t.file, handle)], [0, undefined]);
});

Deno.test("EXECBUFFER keeps its objects and syncobjs while it waits, whatever the client closes", () => {
  using t = rig3d();
  const { bo_handle } = createResource(t.file);
  const { fence, fd } = foreignFence(t.file, t.system);
  const handle = createSyncobj(t.file);
  const wait = waits(
    t,
    execArgument(t.file, [1], {
      flags: IN,
      fence_fd: fd,
      num_bo_handles: 1,
      bo_handles: putWords(t.file, bo_handle),
      syncobj_stride: 16,
      num_out_syncobjs: 1,
      out_syncobjs: putSyncobjs(t.file, { handle }),
    }),
  );
  const from = t.gpu.commands.length;
  t.card.closeHandle(bo_handle);
  t.file.ioctl(uapi.DRM_IOCTL_SYNCOBJ_DESTROY, uapi.drm_syncobj_destroy.of({ handle }));
  assertEquals(t.gpu.names(from), ["CTX_DETACH_RESOURCE"]);
  fence.signal();
  assertEquals(wait.result, 0);
  assertEquals(t.gpu.names(from), ["CTX_DETACH_RESOURCE", "SUBMIT_3D", "RESOURCE_UNREF"]);
});

Deno.test("several submissions wait at once, each for its own fence", () => {
  using t = rig3d();
  const fences = [1, 2, 3].map(() => foreignFence(t.file, t.system));
  const all = fences.map(({ fd }, i) => waits(t, execArgument(t.file, [i], { flags: IN, fence_fd: fd })));
  exec(t.file, [9]);
  for (const i of [2, 0, 1]) {
    fences[i].fence.signal();
    assertEquals(all[i].result, 0);
  }
  assertEquals(submissions(t).map(({ words }) => words[0]), [9, 2, 0, 1]);
});

Deno.test("a full queue makes EXECBUFFER wait for room; a device that goes ends it with ENODEV", () => {
  using t = rig3d();
  t.gpu.hold = true;
  while (t.driver.queue.hasRoom) exec(t.file, [1]);
  const sent = t.driver.queue.pending;
  const wait = waits(t, execArgument(t.file, [2], { flags: OUT }));
  const other = waits(t, execArgument(t.file, [3]));
  other.cancel();
  t.release(40);
  assertEquals([wait.result, other.result], [0, -4]);
  while (t.driver.queue.hasRoom) exec(t.file, [1]);
  const last = waits(t, execArgument(t.file, [4]));
  t.system.removeDevice(t.device);
  assertEquals([last.result, sent > 1000], [-19, true]);
});

Deno.test("wait() of an in-process client", async () => {
  using t = rig3d();
  const { fence, fd } = foreignFence(t.file, t.system);
  const done = t.file.wait(EXECBUFFER, execArgument(t.file, [1], { flags: IN, fence_fd: fd }));
  fence.signal();
  assertEquals(await done, 0);
  const bad = t.file.wait(EXECBUFFER, execArgument(t.file, [1], { flags: IN, fence_fd: 99 }));
  assertEquals((await assertRejects(() => bad, DrmError)).code, "EINVAL");
});
