import { assert, assertEquals, assertThrows } from "@std/assert";
import type { DriverQueue } from "udrm/core/bus.ts";
import { DrmError } from "udrm/core/error.ts";
import { BudgetAllocator, heapAllocator, type PageAllocator, type Pages } from "udrm/core/memory.ts";
import { ResvUsage } from "udrm/core/resv.ts";
import { System } from "udrm/core/system.ts";
import { virtioLoopback } from "udrm/drivers/bus/virtqueue/mod.ts";
import type { SplitDriverQueue } from "udrm/drivers/bus/virtqueue/mod.ts";
import { FakeDevice } from "udrm/drivers/bus/virtqueue/testing.ts";
import { virtioGpu } from "udrm/drivers/gpu/virtio_gpu/mod.ts";
import { ScriptedGpu } from "udrm/drivers/gpu/virtio_gpu/testing.ts";
import type { VirtioGpu } from "udrm/drivers/gpu/virtio_gpu/virtio_gpu.ts";
import * as uapi from "udrm/uapi/mod.ts";
import { createBlob, createResource, type Rig, rig, transferToHost } from "./rig.ts";

/** Commands of a chunk of command memory. */
const CHUNK = 256;

function budget(pages: PageAllocator): BudgetAllocator {
  if (pages instanceof BudgetAllocator) return pages;
  throw new TypeError("Cannot tell what is used");
}

/** Takes all memory but `left` bytes. */
function hog({ system }: Rig, left: number): Pages {
  const { limit, used } = budget(system.pages);
  return system.pages.allocate(limit - used - left, "hog");
}

/** Takes all memory, commands included: a device that holds its answers is sent transfers until there is none. */
function exhaust(t: Rig, handle: number): Pages {
  const taken = hog(t, 0);
  assertThrows(
    () => {
      for (;;) transferToHost(t.file, handle, {});
    },
    DrmError,
    "in use",
  );
  return taken;
}

/** Lights the first connector, as a client that is not atomic. */
function light(t: Rig, fb: number): number {
  const [connector] = t.card.connectors(), [crtc] = t.card.crtcs();
  using scratch = t.card.scratch();
  const arg = uapi.drm_mode_crtc.of({
    crtc_id: crtc.id,
    fb_id: fb,
    set_connectors_ptr: scratch.u32([connector.id]).address,
    count_connectors: 1,
    mode_valid: 1,
  });
  arg.mode = connector.modes[0] as typeof arg.mode;
  t.file.ioctl(uapi.DRM_IOCTL_MODE_SETCRTC, arg);
  t.clock.advance(100e6);
  return crtc.id;
}

const count = (t: Rig, name: string): number => t.gpu.names().filter((n) => n === name).length;

Deno.test("an object for whose second command there is no memory is not half made: the host hears nothing of it", () => {
  using t = rig({ queueSizes: [1024, 16], prepare: (gpu) => gpu.hold = true });
  const { bo_handle } = createResource(t.file);
  // Two commands for it; transfers fill the chunk up to its last slot.
  for (let i = 2; i < CHUNK - 1; i++) transferToHost(t.file, bo_handle, {});
  assertEquals(t.driver.queue.pending, CHUNK - 1);
  const slots = t.driver.device.memory.count, commands = t.gpu.commands.length;
  using _hog = hog(t, 4096);
  assertEquals(assertThrows(() => createResource(t.file, { size: 4096 }), DrmError).code, "ENOMEM");
  assertEquals(t.gpu.commands.length, commands);
  assertEquals([t.driver.device.memory.count, t.driver.resources.count], [slots, 1]);
  t.release();
  assertEquals(createResource(t.file, { size: 4096 }).res_handle, 2, "the id is not lost");
});

Deno.test("TRANSFER_TO_HOST without memory for its command is ENOMEM, and the object can still be freed", () => {
  using t = rig({ queueSizes: [1024, 16], prepare: (gpu) => gpu.hold = true });
  const { bo_handle } = createResource(t.file);
  for (let i = 2; i < CHUNK; i++) transferToHost(t.file, bo_handle, {});
  using _hog = hog(t, 0);
  assertEquals(assertThrows(() => transferToHost(t.file, bo_handle, {}), DrmError).code, "ENOMEM");
  t.release();
  t.gpu.hold = false;
  t.card.closeHandle(bo_handle);
  assertEquals(t.driver.resources.count, 0);
});

Deno.test("objects that are freed while there is no memory for UNREF go as soon as an answer brings some", () => {
  using t = rig({ queueSizes: [1024, 16], prepare: (gpu) => gpu.hold = true });
  const slots = t.driver.device.memory.count;
  const { used } = budget(t.system.pages);
  const handles = Array.from({ length: CHUNK / 2 }, () => createResource(t.file, { size: 4096 }).bo_handle);
  const taken = exhaust(t, handles[0]);
  for (const handle of handles) t.card.closeHandle(handle);
  assertEquals([count(t, "RESOURCE_UNREF"), t.driver.resources.count], [0, handles.length]);
  t.gpu.hold = false;
  t.release();
  assertEquals([count(t, "RESOURCE_UNREF"), t.driver.resources.count], [handles.length, 0]);
  taken[Symbol.dispose]();
  const chunks = t.driver.device.memory.count - slots;
  assertEquals([t.driver.queue.pending, budget(t.system.pages).used - used], [0, chunks * CHUNK * 256]);
});

Deno.test("objects that are freed while there is no memory for UNREF go with the device at the latest", () => {
  const t = rig({ queueSizes: [1024, 16], prepare: (gpu) => gpu.hold = true });
  const handles = Array.from({ length: CHUNK / 2 }, () => createResource(t.file, { size: 4096 }).bo_handle);
  const held = exhaust(t, handles[0]);
  for (const handle of handles) t.card.closeHandle(handle);
  t.system[Symbol.dispose]();
  held[Symbol.dispose]();
  assertEquals([t.driver.device.memory.count, t.driver.resources.count], [0, 0]);
});

Deno.test("a client that is interrupted while it waits for room keeps no object alive", async () => {
  using t = rig({ queueSizes: [8, 4], prepare: (gpu) => gpu.hold = true });
  const { bo_handle } = createResource(t.file);
  while (t.driver.queue.hasRoom) transferToHost(t.file, bo_handle, {});
  const arg = uapi.drm_virtgpu_3d_transfer_to_host.of({ bo_handle });
  const abort = new AbortController();
  const waiting = t.file.wait(uapi.DRM_IOCTL_VIRTGPU_TRANSFER_TO_HOST, arg, { signal: abort.signal });
  abort.abort();
  assertEquals(await waiting, -4);
  t.card.closeHandle(bo_handle);
  t.gpu.hold = false;
  while (t.release() > 0);
  assertEquals([t.driver.queue.pending, t.driver.resources.count], [0, 0]);
});

Deno.test("a commit without memory for its commands succeeds and sends nothing; the next one shows all", () => {
  using t = rig({ queueSizes: [1024, 16] });
  const buffers = [t.card.createDumb(1280, 800), t.card.createDumb(1280, 800)];
  const [first, second] = buffers.map((b) => b.framebuffer(uapi.DRM_FORMAT_XRGB8888));
  const crtc = light(t, first);
  const { bo_handle } = createResource(t.file, { size: 4096 });
  t.gpu.hold = true;
  const held = exhaust(t, bo_handle);
  const before = t.gpu.commands.length;
  assertEquals(t.card.pageFlip(crtc, second, { userData: 7n }), true);
  t.clock.advance(20e6);
  assertEquals([t.gpu.commands.length, t.card.events.poll().map((e) => e.kind)], [before, ["flip"]]);
  held[Symbol.dispose]();
  t.gpu.hold = false;
  t.release();
  assertEquals(t.card.pageFlip(crtc, second), true);
  assertEquals(t.gpu.names(before), ["TRANSFER_TO_HOST_2D", "SET_SCANOUT", "RESOURCE_FLUSH"]);
  assertEquals(t.gpu.commands[before + 1].args.resource_id, 2);
});

Deno.test("a device that does not answer is not sent flips for ever", () => {
  using t = rig({ queueSizes: [64, 16] });
  const buffers = [t.card.createDumb(1280, 800), t.card.createDumb(1280, 800)];
  const fbs = buffers.map((b) => b.framebuffer(uapi.DRM_FORMAT_XRGB8888));
  const crtc = light(t, fbs[0]);
  t.gpu.hold = true;
  assertThrows(
    () => {
      for (;;) t.card.closeHandle(createResource(t.file, { size: 4096 }).bo_handle);
    },
    DrmError,
    "does not answer",
  );
  const { pending } = t.driver.queue;
  for (let i = 1; i <= 100; i++) {
    assertEquals(t.card.pageFlip(crtc, fbs[i & 1]), true);
    t.clock.advance(100e6);
  }
  assertEquals(t.driver.queue.pending, pending);
});

Deno.test("a device whose answers name no fence does not let fences pile up", () => {
  using t = rig();
  t.gpu.answer = (_request, response) => {
    uapi.virtio_gpu_ctrl_hdr.at(response).type = uapi.VIRTIO_GPU_RESP_OK_NODATA;
    return uapi.virtio_gpu_ctrl_hdr.size;
  };
  const failure = assertThrows(
    () => {
      for (let i = 0; i < 100_000; i++) {
        t.card.closeHandle(createResource(t.file, { size: 4096 }).bo_handle);
        t.gpu.commands.length = t.fake.requests.length = 0;
      }
    },
    DrmError,
    "does not answer",
  );
  assertEquals([failure.code, t.driver.queue.pending, t.driver.resources.count], ["ENOMEM", 0, 0]);
});

Deno.test("a cursor without memory for its command waits for the next one", () => {
  using t = rig({ queueSizes: [1024, 16] });
  const picture = t.card.createDumb(1280, 800), image = t.card.createDumb(64, 64);
  const crtc_id = light(t, picture.framebuffer(uapi.DRM_FORMAT_XRGB8888));
  const cursor = (flags: number, x: number): void => {
    const arg = uapi.drm_mode_cursor.of({ flags, crtc_id, x, width: 64, height: 64, handle: image.handle });
    t.file.ioctl(uapi.DRM_IOCTL_MODE_CURSOR, arg);
    t.clock.advance(100e6);
  };
  cursor(uapi.DRM_MODE_CURSOR_BO, 0);
  const { bo_handle } = createResource(t.file, { size: 4096 });
  t.gpu.hold = true;
  const held = exhaust(t, bo_handle);
  const before = t.gpu.commands.length;
  cursor(uapi.DRM_MODE_CURSOR_MOVE, 5);
  assertEquals(t.gpu.names(before), []);
  held[Symbol.dispose]();
  t.gpu.hold = false;
  t.release();
  cursor(uapi.DRM_MODE_CURSOR_MOVE, 9);
  const last = t.gpu.commands.at(-1);
  assertEquals([last?.name, (last?.args.pos as { x: number } | undefined)?.x], ["MOVE_CURSOR", 9]);
});

Deno.test("a device that answers no ASSIGN_UUID is asked once an object, however often that is exported", () => {
  using t = rig({ features: [uapi.VIRTIO_GPU_F_RESOURCE_UUID], prepare: (gpu) => gpu.hold = true });
  const { bo_handle } = createResource(t.file);
  for (let i = 0; i < 20; i++) {
    const again = createResource(t.file).bo_handle;
    t.card.exportDmaBuf(bo_handle)[Symbol.dispose]();
    t.card.closeHandle(again);
  }
  const name = uapi.drm_gem_flink.of({ handle: bo_handle });
  t.file.ioctl(uapi.DRM_IOCTL_GEM_FLINK, name);
  let handle = bo_handle;
  for (let i = 0; i < 20; i++) {
    // The dma-buf dies with the last handle, which a mapping outlives.
    const map = uapi.drm_virtgpu_map.of({ handle });
    t.file.ioctl(uapi.DRM_IOCTL_VIRTGPU_MAP, map);
    const buffer = t.card.exportDmaBuf(handle);
    t.card.closeHandle(handle);
    handle = t.card.importDmaBuf(buffer.fd);
    buffer[Symbol.dispose]();
  }
  assertEquals(count(t, "RESOURCE_ASSIGN_UUID"), 1);
  t.gpu.hold = false;
  t.release();
});

Deno.test("a probe that fails for want of memory leaves nothing, whichever allocation it is", () => {
  let failures = 0;
  for (let good = 0; failures === good; good++) {
    let left = good;
    const heap = heapAllocator();
    const system = new System({
      pages: {
        allocate: (size, name) => {
          if (left-- <= 0) throw new DrmError("ENOMEM", "Cannot allocate: a test");
          return heap.allocate(size, name);
        },
      },
    });
    const gpu = new ScriptedGpu();
    const fake = new FakeDevice({
      features: 1n << BigInt(uapi.VIRTIO_GPU_F_EDID),
      config: uapi.virtio_gpu_config.bytes(gpu.config),
      handle: (queue, request, response) => gpu.handle(queue, request, response),
    });
    const { device } = virtioLoopback(fake, { allocator: system.pages });
    try {
      system.addDevice(virtioGpu({ device }));
    } catch (error) {
      assert(error instanceof DrmError && error.code === "ENOMEM", String(error));
      failures++;
      const left = [budget(system.pages).used, device.memory.count, device.onConfigChange];
      assertEquals(left, [0, 0, undefined], `after ${good} allocations`);
    }
    system[Symbol.dispose]();
  }
  assert(failures >= 4, "rings, display information and commands are allocations of their own");
});

Deno.test("an answer that names no command breaks the queue: what is pending fails with ENODEV, as when the device is gone", () => {
  for (const which of [0, 1]) {
    const gpu = new ScriptedGpu();
    const fake = new FakeDevice({
      features: 1n << BigInt(uapi.VIRTIO_GPU_F_RESOURCE_BLOB),
      config: uapi.virtio_gpu_config.bytes(gpu.config),
      handle: (queue, request, response) => gpu.handle(queue, request, response),
    });
    const { device: virtio } = virtioLoopback(fake);
    let queues: DriverQueue[] = [];
    let interrupts: readonly ((() => void) | undefined)[] = [];
    const setup = virtio.setupQueues.bind(virtio);
    virtio.setupQueues = (handlers) => {
      interrupts = handlers;
      return queues = setup(handlers);
    };
    const system = new System();
    const device = system.addDevice(virtioGpu({ device: virtio }));
    const driver = device.priv as VirtioGpu;
    const file = system.process().open("/dev/dri/card0");
    gpu.hold = true;
    const { bo_handle } = createResource(file);
    const object = [...device.files][0].objects.get(bo_handle);
    const [fence] = object?.resv.fences(ResvUsage.READ) ?? [];
    assertEquals(fence.isSignaled, false);

    const { address, size } = queues[which] as SplitDriverQueue;
    const idx = new Uint16Array(virtio.memory.bytes(address.used + 2, 2).slice().buffer)[0];
    virtio.memory.write(address.used + 4 + idx % size * 8, new Uint8Array(Uint32Array.of(size + 5, 24).buffer));
    virtio.memory.write(address.used + 2, new Uint8Array(Uint16Array.of(idx + 1).buffer));
    interrupts[which]?.();

    assertEquals([fence.status, driver.queue.live], [-19, false]);
    assertEquals(assertThrows(() => createBlob(file), DrmError).code, "ENODEV");
    file.close();
    assertEquals(driver.resources.count, 0);
    system[Symbol.dispose]();
    assertEquals(virtio.memory.count, 0);
  }
});

Deno.test("a device that changes its number of scanouts between two looks is taken at its first word", () => {
  for (const [first, then] of [[1, 0], [0, 1]]) {
    const gpu = new ScriptedGpu();
    const fake = new FakeDevice({
      config: uapi.virtio_gpu_config.bytes(gpu.config),
      handle: (queue, request, response) => gpu.handle(queue, request, response),
    });
    gpu.config.num_scanouts = first;
    const { device: virtio } = virtioLoopback(fake);
    const driver = virtioGpu({ device: virtio });
    gpu.config.num_scanouts = then;
    using system = new System();
    system.addDevice(driver);
    const file = system.process().open("/dev/dri/card0");
    const arg = uapi.drm_mode_card_res.of();
    if (first === 1) {
      file.ioctl(uapi.DRM_IOCTL_MODE_GETRESOURCES, arg);
      assertEquals(arg.count_crtcs, 1);
    } else {
      assertEquals(assertThrows(() => file.ioctl(uapi.DRM_IOCTL_MODE_GETRESOURCES, arg), DrmError).code, "EOPNOTSUPP");
    }
  }
});

Deno.test("a device that needs a reset is not waited for", () => {
  using t = rig({ prepare: (gpu) => gpu.hold = true });
  createResource(t.file);
  assertEquals([t.fake.busy, t.system.pending], [true, true]);
  t.fake.transport?.needsReset("a test");
  while (t.clock.next !== Infinity) t.clock.advance(1e9);
  assertEquals([t.fake.busy, t.system.pending], [true, false]);
});

Deno.test("an object's pages keep their place in the allocator's file: others map them by it", () => {
  const heap = heapAllocator();
  const system = new System({
    pages: {
      allocate: (size, name) =>
        Object.assign(Object.create(heap.allocate(size, name)) as Pages, {
          fd: 3,
          fdOffset: 8192,
          size,
          bytes: () => new Uint8Array(size),
          pin: () => {},
          unpin: () => {},
          [Symbol.dispose]: () => {},
        }),
    },
  });
  const gpu = new ScriptedGpu();
  const fake = new FakeDevice({
    config: uapi.virtio_gpu_config.bytes(gpu.config),
    handle: (queue, request, response) => gpu.handle(queue, request, response),
  });
  const device = system.addDevice(virtioGpu({ device: virtioLoopback(fake).device }));
  const file = system.process().open("/dev/dri/card0");
  const { bo_handle } = createResource(file);
  const pages = [...device.files][0].objects.get(bo_handle)?.pages;
  assertEquals([pages?.fd, pages?.fdOffset], [3, 8192]);
  system[Symbol.dispose]();
});
