// The whole way: a client's requests, the guest driver, a virtqueue, the device, a renderer with 3D, a display.
import "udrm/drivers/os/testing.ts";
import { assert, assertEquals } from "@std/assert";
import { createSystem, drivers } from "udrm/mod.ts";
import type { OpenFile } from "udrm/core/process.ts";
import type { System } from "udrm/core/system.ts";
import { DrmCard } from "udrm/drivers/umd/drm/mod.ts";
import { FAKE_COPY, FAKE_FILL, FAKE_NOP, FakeRenderer3d } from "udrm/drivers/host/virtio_gpu/testing.ts";
import { close, eventfd } from "udrm/drivers/os/mod.ts";
import * as uapi from "udrm/uapi/mod.ts";
import { createBlob, createResource, transferToHost } from "./rig.ts";
import {
  contextInit,
  createSyncobj,
  exec,
  fenceOf,
  isIdle,
  putSyncobjs,
  putWords,
  transferFromHost,
} from "./rig_3d.ts";
import { CaptureDisplay } from "./screen.ts";

interface Path extends Disposable {
  readonly system: System;
  readonly renderer: FakeRenderer3d;
  readonly display: CaptureDisplay;
  readonly file: OpenFile;
}

function path(): Path {
  const renderer = new FakeRenderer3d(), display = new CaptureDisplay();
  const system = createSystem({ drivers: [drivers.virtioGpu({ renderer, display })] });
  const file = system.process({ comm: "tester" }).open("/dev/dri/card0");
  return {
    system,
    renderer,
    display,
    file,
    [Symbol.dispose]: () => {
      system[Symbol.dispose]();
      assertEquals([renderer.contexts.size, renderer.resources.size], [0, 0], "nothing is left at the host");
    },
  };
}

function bytesOf(file: OpenFile, handle: number, size: number): Uint8Array {
  const map = uapi.drm_virtgpu_map.of({ handle });
  file.ioctl(uapi.DRM_IOCTL_VIRTGPU_MAP, map);
  return file.mmap(size, map.offset);
}

const small = { width: 4, height: 4, size: 4096 };

Deno.test("3D: what is put into an object is drawn with, and comes back", () => {
  using t = path();
  const one = createResource(t.file, small), two = createResource(t.file, small);
  const source = bytesOf(t.file, one.bo_handle, 4096), target = bytesOf(t.file, two.bo_handle, 4096);
  for (let i = 0; i < 64; i++) source[i] = i;
  const box = { w: 4, h: 4, d: 1 };
  transferToHost(t.file, one.bo_handle, box);
  exec(t.file, [FAKE_COPY, two.res_handle, one.res_handle], {
    num_bo_handles: 2,
    bo_handles: putWords(t.file, one.bo_handle, two.bo_handle),
  });
  transferFromHost(t.file, two.bo_handle, box);
  assertEquals(isIdle(t.file, two.bo_handle), true);
  assertEquals([...target.subarray(0, 64)], [...source.subarray(0, 64)]);
  assertEquals([...t.renderer.contexts].map(({ name }) => name), ["tester"]);
});

Deno.test("3D: a client's objects are its own: another one's context cannot name them", () => {
  using t = path();
  const { res_handle } = createResource(t.file, small);
  const other = t.system.process({ comm: "thief" }).open("/dev/dri/renderD128");
  exec(other, [FAKE_FILL, res_handle, 1]);
  const [mine, thief] = t.renderer.contexts;
  assertEquals([mine.lost, thief.lost !== undefined], [undefined, true]);
  exec(t.file, [FAKE_FILL, res_handle, 2]);
  assertEquals([...t.renderer.resources][0].bytes[0], 2);
});

Deno.test("3D: fences and syncobjs follow the renderer, each ring by itself", () => {
  using t = path();
  contextInit(t.file, [uapi.VIRTGPU_CONTEXT_PARAM_NUM_RINGS, 2], [uapi.VIRTGPU_CONTEXT_PARAM_CAPSET_ID, 5]);
  t.renderer.hold = true;
  const handles = [createSyncobj(t.file), createSyncobj(t.file)];
  const signal = (i: number, words: readonly number[]): void =>
    void exec(t.file, words, {
      flags: uapi.VIRTGPU_EXECBUF_RING_IDX,
      ring_idx: i,
      num_out_syncobjs: 1,
      syncobj_stride: 16,
      out_syncobjs: putSyncobjs(t.file, { handle: handles[i] }),
    });
  signal(0, [FAKE_NOP]);
  signal(1, []);
  assertEquals(handles.map((handle) => fenceOf(t.file, handle)?.isSignaled), [false, true]);
  t.renderer.finish();
  t.system.pump();
  assertEquals(fenceOf(t.file, handles[0])?.isSignaled, true);
});

Deno.test("3D: WAIT sleeps until the renderer is done", async () => {
  using t = path();
  const { bo_handle } = createResource(t.file, small);
  t.renderer.hold = true;
  exec(t.file, [FAKE_NOP], { num_bo_handles: 1, bo_handles: putWords(t.file, bo_handle) });
  const done = t.file.wait(uapi.DRM_IOCTL_VIRTGPU_WAIT, uapi.drm_virtgpu_3d_wait.of({ handle: bo_handle }));
  setTimeout(() => t.renderer.finish(), 5);
  assertEquals(await done, 0);
});

Deno.test("3D: GET_CAPS gives the renderer's set", () => {
  using t = path();
  const memory = t.file.process.alloc(2048);
  const arg = uapi.drm_virtgpu_get_caps.of({ cap_set_id: 2, cap_set_ver: 2, addr: memory.address, size: 2048 });
  t.file.ioctl(uapi.DRM_IOCTL_VIRTGPU_GET_CAPS, arg);
  assertEquals(memory.bytes.slice(0, 1380), t.renderer.capset(2, 2));
});

Deno.test("3D: a framebuffer of an object that a context draws into is shown by a commit, no transfer needed", () => {
  using t = path();
  const card = new DrmCard(t.file);
  card.becomeAtomic();
  const [connector] = card.connectors();
  const [crtc] = card.crtcs();
  const { width, height } = { width: 1280, height: 800 };
  const { bo_handle, res_handle } = createResource(t.file, { width, height, size: width * height * 4 });
  exec(t.file, [FAKE_FILL, res_handle, 0x3c]);
  const fb = uapi.drm_mode_fb_cmd2.of({ width, height, pixel_format: uapi.DRM_FORMAT_XRGB8888 });
  fb.handles[0] = bo_handle;
  fb.pitches[0] = width * 4;
  t.file.ioctl(uapi.DRM_IOCTL_MODE_ADDFB2, fb);
  const set = uapi.drm_mode_crtc.of({
    set_connectors_ptr: putWords(t.file, connector.id),
    count_connectors: 1,
    crtc_id: crtc.id,
    fb_id: fb.fb_id,
    mode_valid: 1,
    mode: connector.modes.find((mode) => mode.hdisplay === width && mode.vdisplay === height),
  });
  const result = t.file.file.ioctl(t.file.process, uapi.DRM_IOCTL_MODE_SETCRTC, set);
  assert(result === 0 || typeof result === "object");
  t.system.pump();
  assertEquals([t.display.shown[0]?.width, t.display.shown[0]?.bytes[12345]], [width, 0x3c]);
  if (typeof result === "object") result.cancel();
});

Deno.test("3D: blobs of the guest are offered with it, blobs of the host are refused by the host alone", () => {
  using t = path();
  assertEquals(createBlob(t.file).bo_handle, 1);
  // The kernel does not hear that the host has none either: the object stands, and nothing can be done with it.
  const made = createBlob(t.file, { blob_mem: uapi.VIRTGPU_BLOB_MEM_HOST3D, blob_id: 1n });
  assertEquals([made.bo_handle, t.renderer.resources.size], [2, 0]);
});

Deno.test("the system tells of the eventfds of its renderers", () => {
  const fd = eventfd();
  try {
    const renderer = new FakeRenderer3d();
    renderer.completionFd = fd;
    using system = createSystem({ drivers: [drivers.virtioGpu({ renderer }), drivers.virtioGpu()] });
    assertEquals(system.completionFds, [fd]);
    const { completionFds } = system;
    assertEquals(system.completionFds === completionFds, true, "the same list while nothing changes");
  } finally {
    close(fd);
  }
});
