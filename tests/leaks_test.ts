// Ten thousand times everything that a client can make and unmake, through the whole stack: afterwards no table, descriptor,
// page, guest memory slot or resource of the host is taken that was not before, and the heap has not grown. Its first import
// opens the C library before the sanitizers look.
import "udrm/drivers/os/testing.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { VirtualClock } from "udrm/core/clock.ts";
import type { Device } from "udrm/core/device.ts";
import { DrmError, EINTR } from "udrm/core/error.ts";
import { EventFd } from "udrm/core/eventfd.ts";
import { MemFd } from "udrm/core/memfd.ts";
import { BudgetAllocator } from "udrm/core/memory.ts";
import type { LocalProcess } from "udrm/core/process.ts";
import type { System } from "udrm/core/system.ts";
import type { VirtioGpu } from "udrm/drivers/gpu/virtio_gpu/virtio_gpu.ts";
import { soft2d } from "udrm/drivers/host/render/soft2d/mod.ts";
import { vulkan2d } from "udrm/drivers/host/render/vulkan2d/mod.ts";
import { openFds } from "udrm/drivers/os/testing.ts";
import { DrmCard, modeBytes } from "udrm/drivers/umd/drm/mod.ts";
import { createSystem, drivers, type Renderer } from "udrm/mod.ts";
import * as uapi from "udrm/uapi/mod.ts";

const CYCLES = 10_000;
/** Rounds that a kind runs before the first look: tables, caches and code of the optimiser are made then. */
const WARM_UP = 1_000;
/** What the heap may have grown after all cycles of a kind, bytes: the optimiser goes on making code. 40 bytes a cycle leaked are seen. */
const HEAP_SLACK = 400_000;

const XRGB = uapi.DRM_FORMAT_XRGB8888;
const BUFFER = 64;
const MEMORY = 64 * 2 ** 20;

interface Stack extends Disposable {
  readonly system: System;
  readonly clock: VirtualClock;
  readonly process: LocalProcess;
  /** The virtio-gpu's card. */
  readonly card: DrmCard;
  /** vgem's card. */
  readonly vgem: DrmCard;
  /** Pictures that the host holds. */
  pictures(): number;
}

function stack(renderer: Renderer, pages: "heap" | "memfd", blobs: boolean): Stack {
  let pictures = 0;
  const create = renderer.createResource.bind(renderer), destroy = renderer.destroyResource.bind(renderer);
  renderer.createResource = (...args) => {
    const made = create(...args);
    pictures++;
    return made;
  };
  renderer.destroyResource = (resource) => {
    pictures--;
    destroy(resource);
  };
  const clock = new VirtualClock();
  const system = createSystem({
    clock,
    pages,
    memoryLimit: MEMORY,
    drivers: [
      drivers.virtioGpu({ renderer, blobs, monitors: [{ enabled: true, width: 128, height: 96 }] }),
      drivers.vgem(),
    ],
  });
  // Memory for commands grows to what was under way at most, and stays: let that be now.
  (system.devices[0] as Device<VirtioGpu>).priv.queue.prepare(4096);
  const process = system.process({ comm: "leaks" });
  const card = new DrmCard(process.open("/dev/dri/card0"));
  card.becomeAtomic();
  const vgem = new DrmCard(process.open("/dev/dri/card1"));
  return {
    system,
    clock,
    process,
    card,
    vgem,
    pictures: () => pictures,
    [Symbol.dispose]: () => {
      system[Symbol.dispose]();
      renderer[Symbol.dispose]();
    },
  };
}

/** Lets the host finish what it has; the answers free what clients have given up. */
async function drain({ system }: Stack): Promise<void> {
  const { queue } = (system.devices[0] as Device<VirtioGpu>).priv;
  const end = performance.now() + 10_000;
  for (system.pump(); queue.pending > 0; system.pump()) {
    assert(performance.now() < end, `${queue.pending} commands are never answered`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Everything that is counted somewhere. */
function look(s: Stack): Record<string, number> {
  const { system } = s;
  const [virtio] = system.devices as Device<VirtioGpu>[];
  const counts: Record<string, number> = {
    fds: openFds(),
    "fds of the process": s.process.fdCount,
    pages: system.pages instanceof BudgetAllocator ? system.pages.used : NaN,
    "guest memory slots": virtio.priv.device.memory.count,
    "resource ids": virtio.priv.resources.count,
    "pictures of the host": s.pictures(),
    "KMS ids": virtio.kms?.objects.count ?? NaN,
    timers: system.clock.next === Infinity ? 0 : 1,
  };
  for (const device of system.devices) {
    counts[`files of card${device.card}`] = device.files.size;
    counts[`names of card${device.card}`] = device.names.count;
    counts[`offsets of card${device.card}`] = device.offsets.count;
    let file = 0;
    for (const { objects, prime, syncobjs, events } of device.files) {
      counts[`handles of card${device.card} file ${file}`] = objects.count;
      counts[`dma-bufs of card${device.card} file ${file}`] = prime.count;
      counts[`syncobjs of card${device.card} file ${file}`] = syncobjs.count;
      counts[`event bytes of card${device.card} file ${file++}`] = events.space;
    }
  }
  return counts;
}

const collect = ((): () => void => {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc");
  if (typeof gc !== "function") throw new Error("Cannot measure the heap: there is no gc()");
  return gc as () => void;
})();

/** Bytes of live objects and of their array buffers. */
async function heap(): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve)); // settled promises let go of what they held
  collect();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

type Cycle = (i: number) => void | Promise<void>;

/** What a client can make, by name; each cycle makes it and takes it back. */
function kinds(s: Stack, blobs: boolean): Map<string, Cycle> {
  const { system, process, card, vgem, clock } = s;
  const { file } = card;
  const still = card.createDumb(128, 96), other = card.createDumb(128, 96), pointer = card.createDumb(64, 64);
  const shared = vgem.createDumb(BUFFER, BUFFER);
  const sharedFd = vgem.exportDmaBuf(shared.handle);
  const [connector] = card.connectors();
  const crtc = connector.crtc(), plane = card.planeOf(crtc, uapi.DRM_PLANE_TYPE_PRIMARY);
  const request = card.atomic();
  const mode = modeBytes(connector.preferredMode);
  request.set(connector, "CRTC_ID", crtc.id).setAll(crtc, { MODE_ID: card.createBlob(mode), ACTIVE: 1 });
  request.setAll(plane, { FB_ID: still.framebuffer(XRGB), CRTC_ID: crtc.id, SRC_W: 128 << 16, SRC_H: 96 << 16 });
  request.setAll(plane, { SRC_X: 0, SRC_Y: 0, CRTC_X: 0, CRTC_Y: 0, CRTC_W: 128, CRTC_H: 96 });
  request.commit(uapi.DRM_MODE_ATOMIC_ALLOW_MODESET | uapi.DRM_MODE_ATOMIC_NONBLOCK);
  request.clear();
  // What the request holds of client memory stays; what the cycles take and give back gets a chunk to itself.
  process.heap.free(process.alloc(1 << 20));
  clock.advance(1e9);
  const udmabuf = process.open("/dev/udmabuf");
  const eventFd = process.file(process.install(new EventFd()));
  const event = new Uint8Array(8);
  const map = uapi.drm_mode_map_dumb.of({ handle: still.handle });
  file.ioctl(uapi.DRM_IOCTL_MODE_MAP_DUMB, map);

  const all = new Map<string, Cycle>();
  for (const [name, on] of [["virtio-gpu", card], ["vgem", vgem]] as const) {
    all.set(`dumb buffer of ${name}, mapped`, () => {
      using buffer = on.createDumb(BUFFER, BUFFER);
      buffer.bytes[0] = 1;
    });
    all.set(`FLINK and OPEN on ${name}`, () => {
      const flink = uapi.drm_gem_flink.of({ handle: on === card ? still.handle : shared.handle });
      on.file.ioctl(uapi.DRM_IOCTL_GEM_FLINK, flink);
      const open = uapi.drm_gem_open.of({ name: flink.name });
      on.file.ioctl(uapi.DRM_IOCTL_GEM_OPEN, open);
      on.closeHandle(open.handle);
    });
  }
  all.set("RESOURCE_CREATE and TRANSFER_TO_HOST", async () => {
    const arg = uapi.drm_virtgpu_resource_create.of({
      target: 2,
      format: uapi.VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM,
      width: BUFFER,
      height: BUFFER,
      depth: 1,
      array_size: 1,
      size: BUFFER * BUFFER * 4,
    });
    file.ioctl(uapi.DRM_IOCTL_VIRTGPU_RESOURCE_CREATE, arg);
    const transfer = uapi.drm_virtgpu_3d_transfer_to_host.of({ bo_handle: arg.bo_handle });
    transfer.box = uapi.drm_virtgpu_3d_box.of({ w: BUFFER, h: BUFFER, d: 1 });
    await file.wait(uapi.DRM_IOCTL_VIRTGPU_TRANSFER_TO_HOST, transfer); // a GPU may fall behind
    card.closeHandle(arg.bo_handle);
  });
  if (blobs) {
    all.set("RESOURCE_CREATE_BLOB with a UUID", () => {
      const arg = uapi.drm_virtgpu_resource_create_blob.of({
        blob_mem: uapi.VIRTGPU_BLOB_MEM_GUEST,
        blob_flags: uapi.VIRTGPU_BLOB_FLAG_USE_MAPPABLE | uapi.VIRTGPU_BLOB_FLAG_USE_CROSS_DEVICE,
        size: 8192,
      });
      file.ioctl(uapi.DRM_IOCTL_VIRTGPU_RESOURCE_CREATE_BLOB, arg);
      card.closeHandle(arg.bo_handle);
    });
    all.set("PRIME import of vgem's buffer into virtio-gpu", () => card.closeHandle(card.importDmaBuf(sharedFd.fd)));
  }
  all.set("PRIME export from virtio-gpu, import into vgem, export again", () => {
    using exported = card.exportDmaBuf(still.handle);
    const handle = vgem.importDmaBuf(exported.fd);
    using _again = vgem.exportDmaBuf(handle);
    vgem.closeHandle(handle);
  });
  all.set("PRIME export of a buffer that only the dma-buf keeps", () => {
    const buffer = card.createDumb(BUFFER, BUFFER);
    using exported = card.exportDmaBuf(buffer.handle);
    buffer[Symbol.dispose]();
    using mapping = exported.map();
    mapping.bytes[7] = 1;
  });
  all.set("framebuffer", () => {
    const handles = [still.handle], pitches = [still.pitch];
    const id = card.addFramebuffer({ width: 128, height: 96, format: XRGB, handles, pitches });
    if (id % 2 === 0) card.removeFramebuffer(id);
    else card.closeFramebuffer(id);
  });
  all.set("property blob", () => card.destroyBlob(card.createBlob(mode)));
  all.set("page flip with event and out fence", (i) => {
    using scratch = card.scratch();
    const out = scratch.u32([0]);
    request.clear().set(plane, "FB_ID", (i % 2 === 0 ? other : still).framebuffer(XRGB));
    request.set(crtc, "OUT_FENCE_PTR", out.address);
    assertEquals(request.commit(uapi.DRM_MODE_ATOMIC_NONBLOCK | uapi.DRM_MODE_PAGE_FLIP_EVENT, 7n), 0);
    clock.advance(100e6); // a frame, or the patience with a host that is slow
    assertEquals(card.events.poll().length, 1);
    process.close(new DataView(out.bytes.buffer, out.bytes.byteOffset).getInt32(0, true));
  });
  all.set("framebuffer that is shown and removed with its buffer", () => {
    using buffer = card.createDumb(128, 96);
    request.clear().set(plane, "FB_ID", buffer.framebuffer(XRGB));
    assertEquals(request.commit(uapi.DRM_MODE_ATOMIC_NONBLOCK), 0);
    clock.advance(100e6);
    request.set(plane, "FB_ID", still.framebuffer(XRGB));
    assertEquals(request.commit(uapi.DRM_MODE_ATOMIC_NONBLOCK), 0);
    clock.advance(100e6);
  });
  all.set("cursor, shown, moved and hidden", () => {
    const arg = uapi.drm_mode_cursor.of({ crtc_id: crtc.id, flags: uapi.DRM_MODE_CURSOR_BO, width: 64, height: 64 });
    arg.handle = pointer.handle;
    file.ioctl(uapi.DRM_IOCTL_MODE_CURSOR, arg);
    arg.flags = uapi.DRM_MODE_CURSOR_MOVE;
    file.ioctl(uapi.DRM_IOCTL_MODE_CURSOR, arg);
    arg.flags = uapi.DRM_MODE_CURSOR_BO;
    arg.handle = 0;
    file.ioctl(uapi.DRM_IOCTL_MODE_CURSOR, arg);
    clock.advance(100e6);
  });
  all.set("mmap and munmap", () => process.munmap(file.mmap(still.size, map.offset)));
  all.set("syncobj, signalled, as fd and back", () => {
    using syncobj = card.createSyncobj(true);
    const fd = syncobj.exportFd();
    const arg = uapi.drm_syncobj_handle.of({ fd });
    file.ioctl(uapi.DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, arg);
    file.ioctl(uapi.DRM_IOCTL_SYNCOBJ_DESTROY, uapi.drm_syncobj_destroy.of({ handle: arg.handle }));
    process.close(fd);
  });
  all.set("timeline syncobj with points and an eventfd that waits", () => {
    using syncobj = card.createSyncobj();
    const arg = uapi.drm_syncobj_eventfd.of({ handle: syncobj.handle, point: 3n, fd: eventFd.fd });
    file.ioctl(uapi.DRM_IOCTL_SYNCOBJ_EVENTFD, arg);
    arg.point = 4n; // never comes: it goes with the syncobj
    file.ioctl(uapi.DRM_IOCTL_SYNCOBJ_EVENTFD, arg);
    syncobj.signalPoint(1n);
    syncobj.signalPoint(3n);
    assertEquals(eventFd.read(event), 8);
  });
  all.set("eventfd", () => process.close(process.install(new EventFd(1))));
  all.set("sync_file, exported, merged, imported", () => {
    using syncobj = card.createSyncobj(true);
    using one = syncobj.exportSyncFile();
    using two = sharedFd.exportSyncFile(uapi.DMA_BUF_SYNC_READ);
    using both = one.merge(two, "both");
    syncobj.importSyncFile(both.fd);
    sharedFd.importSyncFile(both, uapi.DMA_BUF_SYNC_WRITE);
  });
  all.set("sw_sync timeline with fences, one signalled, one not", () => {
    using timeline = process.open("/dev/sw_sync");
    for (const value of [1, 2]) {
      const arg = uapi.sw_sync_create_fence_data.of({ value, name: "f" });
      timeline.ioctl(uapi.SW_SYNC_IOC_CREATE_FENCE, arg);
      if (value === 1) timeline.ioctl(uapi.SW_SYNC_IOC_INC, Uint32Array.of(1));
      process.close(arg.fence);
    }
  });
  all.set("vgem fence, signalled by the client", () => {
    const attach = uapi.drm_vgem_fence_attach.of({ handle: shared.handle, flags: uapi.VGEM_FENCE_WRITE });
    assertEquals(vgem.file.ioctl(uapi.DRM_IOCTL_VGEM_FENCE_ATTACH, attach), 0);
    const signal = uapi.drm_vgem_fence_signal.of({ fence: attach.out_fence });
    vgem.file.ioctl(uapi.DRM_IOCTL_VGEM_FENCE_SIGNAL, signal);
  });
  all.set("udmabuf of a memfd, imported", () => {
    using memfd = process.memfdCreate("m");
    assert(memfd.file instanceof MemFd);
    memfd.file.truncate(8192);
    memfd.file.addSeals(uapi.F_SEAL_SHRINK);
    const fd = udmabuf.ioctl(uapi.UDMABUF_CREATE, uapi.udmabuf_create.of({ memfd: memfd.fd, size: 8192 }));
    vgem.closeHandle(vgem.importDmaBuf(fd));
    process.close(fd);
  });
  all.set("DRM file with all that a client left in it", () => {
    using mine = new DrmCard(process.open("/dev/dri/card0"));
    const handle = mine.createDumb(BUFFER, BUFFER).handle;
    mine.addFramebuffer({ width: 64, height: 64, format: XRGB, handles: [handle], pitches: [256] });
    mine.createBlob(mode);
    mine.createSyncobj();
    mine.exportDmaBuf(handle)[Symbol.dispose]();
    const fences = new DrmCard(process.open("/dev/dri/renderD129"));
    fences.importDmaBuf(sharedFd.fd);
    const attach = uapi.drm_vgem_fence_attach.of({ handle: 1 });
    fences.file.ioctl(uapi.DRM_IOCTL_VGEM_FENCE_ATTACH, attach);
    fences[Symbol.dispose]();
  });
  all.set("process that exits with files and mappings", () => {
    const child = system.process();
    const mine = new DrmCard(child.open("/dev/dri/card1"));
    const buffer = mine.createDumb(BUFFER, BUFFER);
    const offset = uapi.drm_mode_map_dumb.of({ handle: buffer.handle });
    mine.file.ioctl(uapi.DRM_IOCTL_MODE_MAP_DUMB, offset);
    mine.file.mmap(buffer.size, offset.offset)[3] = 1;
    mine.exportDmaBuf(buffer.handle);
    child[Symbol.dispose]();
  });
  all.set("requests that fail half-way", () => {
    const fails = (code: string, action: () => unknown): void =>
      assertEquals(assertThrows(action, DrmError).code, code);
    fails("EINVAL", () => card.createDumb(BUFFER, BUFFER, 16));
    fails("ENOMEM", () => vgem.createDumb(8192, MEMORY / 8192));
    fails("ENOENT", () => card.exportDmaBuf(999));
    fails("EINVAL", () => card.importDmaBuf(eventFd.fd));
    fails("ENOENT", () => still.framebuffer(uapi.DRM_FORMAT_RGB565));
    fails("EINVAL", () => card.createBlob(new Uint8Array(0)));
    fails("EINVAL", () => file.ioctl(uapi.DRM_IOCTL_SYNCOBJ_CREATE, uapi.drm_syncobj_create.of({ flags: 8 })));
    fails("EBUSY", () => process.open("/dev/dri/card0", uapi.O_RDWR | uapi.O_EXCL));
  });
  all.set("wait that is interrupted", async () => {
    using syncobj = card.createSyncobj();
    const abort = new AbortController();
    using scratch = card.scratch();
    const arg = uapi.drm_syncobj_wait.of({
      handles: scratch.u32([syncobj.handle]).address,
      count_handles: 1,
      timeout_nsec: 0x7fff_ffff_ffff_ffffn,
      flags: uapi.DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT,
    });
    const waiting = file.wait(uapi.DRM_IOCTL_SYNCOBJ_WAIT, arg, { signal: abort.signal });
    abort.abort();
    assertEquals(await waiting, EINTR);
  });
  return all;
}

async function cycle(s: Stack, body: Cycle, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await body(i);
    if (i % 256 === 255) await drain(s); // clients that never wait get far ahead of a GPU
  }
  await drain(s);
  s.clock.advance(1e9);
}

async function checkAll(s: Stack, blobs: boolean): Promise<void> {
  for (const [name, body] of kinds(s, blobs)) {
    await cycle(s, body, WARM_UP);
    const before = look(s), bytes = await heap();
    await cycle(s, body, CYCLES);
    assertEquals(look(s), before, name);
    const grown = await heap() - bytes;
    assert(grown < HEAP_SLACK, `${name}: the heap has grown by ${grown} bytes in ${CYCLES} cycles`);
  }
}

Deno.test("nothing grows in ten thousand cycles of each kind: soft2d, pages on the heap, blobs", async () => {
  using s = stack(soft2d(), "heap", true);
  await checkAll(s, true);
});

Deno.test("nothing grows in ten thousand cycles of each kind: vulkan2d, pages in memfds, pictures", async () => {
  const before = openFds();
  {
    // Transfers of a picture read guest memory in place: imports come and go, too.
    const renderer = vulkan2d({ importBytes: BUFFER * BUFFER * 4 });
    using s = stack(renderer, "memfd", false);
    await checkAll(s, false);
  }
  assertEquals(openFds(), before, "descriptors of the system, its renderer and its memory");
});
