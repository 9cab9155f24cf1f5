import { assertEquals, assertThrows } from "@std/assert";
import { VirtualClock } from "udrm/core/clock.ts";
import { DrmError, EBUSY } from "udrm/core/error.ts";
import type { OpenFile } from "udrm/core/process.ts";
import { System } from "udrm/core/system.ts";
import { vgem } from "udrm/drivers/gpu/vgem/mod.ts";
import { VGEM_FENCE_TIMEOUT } from "udrm/drivers/gpu/vgem/fences.ts";
import * as uapi from "udrm/uapi/mod.ts";

interface Bench extends Disposable {
  system: System;
  clock: VirtualClock;
  card: OpenFile;
}

function bench(path = "/dev/dri/card0"): Bench {
  const clock = new VirtualClock();
  const system = new System({ clock });
  system.addDevice(vgem());
  return { system, clock, card: system.process().open(path), [Symbol.dispose]: () => system[Symbol.dispose]() };
}

function errno(name: string, action: () => unknown): void {
  assertEquals(assertThrows(action, DrmError).code, name);
}

function dumb(card: OpenFile, width = 16, height = 16, bpp = 32): number {
  const arg = uapi.drm_mode_create_dumb.of({ width, height, bpp });
  card.ioctl(uapi.DRM_IOCTL_MODE_CREATE_DUMB, arg);
  return arg.handle;
}

function attach(card: OpenFile, handle: number, flags = 0, pad = 0): { result: number; fence: number } {
  const arg = uapi.drm_vgem_fence_attach.of({ handle, flags, pad });
  const result = card.ioctl(uapi.DRM_IOCTL_VGEM_FENCE_ATTACH, arg);
  return { result, fence: arg.out_fence };
}

function signal(card: OpenFile, fence: number, flags = 0): number {
  return card.ioctl(uapi.DRM_IOCTL_VGEM_FENCE_SIGNAL, uapi.drm_vgem_fence_signal.of({ fence, flags }));
}

function fenceOf(card: OpenFile, handle: number): OpenFile {
  const prime = uapi.drm_prime_handle.of({ handle });
  card.ioctl(uapi.DRM_IOCTL_PRIME_HANDLE_TO_FD, prime);
  const arg = uapi.dma_buf_export_sync_file.of({ flags: uapi.DMA_BUF_SYNC_RW });
  card.process.file(prime.fd).ioctl(uapi.DMA_BUF_IOCTL_EXPORT_SYNC_FILE, arg);
  card.process.close(prime.fd);
  return card.process.file(arg.fd);
}

function status(file: OpenFile): number {
  const info = uapi.sync_file_info.of();
  file.ioctl(uapi.SYNC_IOC_FILE_INFO, info);
  return info.status;
}

Deno.test("vgem says what the kernel's says", () => {
  using t = bench();
  const { process } = t.card;
  const name = process.alloc(4), desc = process.alloc(20);
  const arg = uapi.drm_version.of({ name: name.address, name_len: 4, desc: desc.address, desc_len: 20 });
  t.card.ioctl(uapi.DRM_IOCTL_VERSION, arg);
  assertEquals([arg.version_major, arg.version_minor, arg.version_patchlevel], [1, 0, 0]);
  const text = new TextDecoder();
  assertEquals([text.decode(name.bytes), text.decode(desc.bytes)], ["vgem", "Virtual GEM provider"]);
});

Deno.test("I13 CREATE_DUMB works on vgem without MODESET, DUMB_BUFFER cannot be asked for", () => {
  using t = bench();
  const arg = uapi.drm_mode_create_dumb.of({ width: 17, height: 3, bpp: 24, handle: 9, pitch: 9, size: 9 });
  assertEquals(t.card.ioctl(uapi.DRM_IOCTL_MODE_CREATE_DUMB, arg), 0);
  assertEquals([arg.handle, arg.pitch, arg.size], [1, 51, 4096]);
  errno("EOPNOTSUPP", () => {
    t.card.ioctl(uapi.DRM_IOCTL_GET_CAP, uapi.drm_get_cap.of({ capability: BigInt(uapi.DRM_CAP_DUMB_BUFFER) }));
  });
});

Deno.test("I13 CREATE_DUMB on vgem's render node is EACCES: the request is not RENDER_ALLOW", () => {
  using t = bench("/dev/dri/renderD128");
  errno("EACCES", () => dumb(t.card));
});

Deno.test("L1 FENCE_ATTACH puts a pending fence on the object, SIGNAL signals it", () => {
  using t = bench();
  const handle = dumb(t.card);
  const { result, fence } = attach(t.card, handle, uapi.VGEM_FENCE_WRITE);
  assertEquals([result, fence], [0, 1]);
  const file = fenceOf(t.card, handle);
  assertEquals(status(file), 0);
  assertEquals(signal(t.card, fence), 0);
  assertEquals(status(file), 1);
});

Deno.test("L1 a second SIGNAL of the same fence is ENOENT, as is one that never was", () => {
  using t = bench();
  const { fence } = attach(t.card, dumb(t.card));
  signal(t.card, fence);
  errno("ENOENT", () => signal(t.card, fence));
  errno("ENOENT", () => signal(t.card, 0));
  errno("ENOENT", () => signal(t.card, 0xffff_ffff));
});

Deno.test("L1 a reader conflicts with a pending writer, a writer with anybody, readers with no reader", () => {
  using t = bench();
  const read = dumb(t.card), written = dumb(t.card);
  assertEquals(attach(t.card, read).result, 0);
  assertEquals(attach(t.card, read).result, 0);
  assertEquals(attach(t.card, read, uapi.VGEM_FENCE_WRITE).result, EBUSY);
  const writer = attach(t.card, written, uapi.VGEM_FENCE_WRITE);
  assertEquals(attach(t.card, written).result, EBUSY);
  assertEquals(attach(t.card, written, uapi.VGEM_FENCE_WRITE).result, EBUSY);
  signal(t.card, writer.fence);
  assertEquals(attach(t.card, written).result, 0);
});

Deno.test("L1 a fence expires after 10 s; SIGNAL is then ETIMEDOUT, and after that ENOENT", () => {
  using t = bench();
  const handle = dumb(t.card);
  const { fence } = attach(t.card, handle, uapi.VGEM_FENCE_WRITE);
  const file = fenceOf(t.card, handle);
  t.clock.advance(VGEM_FENCE_TIMEOUT - 1);
  assertEquals(status(file), 0);
  t.clock.advance(1);
  assertEquals(status(file), 1);
  assertEquals(attach(t.card, handle, uapi.VGEM_FENCE_WRITE).result, 0);
  errno("ETIMEDOUT", () => signal(t.card, fence));
  errno("ENOENT", () => signal(t.card, fence));
});

Deno.test("L1 ids of a file only grow; each fence has a timeline of its own and number 1", () => {
  using t = bench();
  const handle = dumb(t.card);
  for (let id = 1; id <= 3; id++) {
    const { fence } = attach(t.card, handle, uapi.VGEM_FENCE_WRITE);
    assertEquals(fence, id);
    const file = fenceOf(t.card, handle);
    const info = uapi.sync_file_info.of();
    file.ioctl(uapi.SYNC_IOC_FILE_INFO, info);
    assertEquals(/^vgem-unbound\d+-1$/.test(info.name), true, info.name);
    signal(t.card, fence);
  }
});

Deno.test("L1 closing the file signals its fences", () => {
  using t = bench();
  const handle = dumb(t.card);
  attach(t.card, handle, uapi.VGEM_FENCE_WRITE);
  const file = fenceOf(t.card, handle);
  t.card.close();
  assertEquals(status(file), 1);
  assertEquals(t.clock.next, Infinity);
});

Deno.test("L1 flags, pad and handle of FENCE_ATTACH are checked in that order", () => {
  using t = bench();
  const handle = dumb(t.card);
  errno("EINVAL", () => attach(t.card, handle, 2));
  errno("EINVAL", () => attach(t.card, handle, 0, 1));
  errno("EINVAL", () => attach(t.card, 77, 2));
  errno("ENOENT", () => attach(t.card, 77));
  errno("EINVAL", () => signal(t.card, 1, 1));
});

Deno.test("vgem imports a dma-buf of another device and shares its bytes and fences", () => {
  using t = bench();
  t.system.addDevice(vgem());
  const other = t.card.process.open("/dev/dri/card1");
  const handle = dumb(t.card);
  const prime = uapi.drm_prime_handle.of({ handle, flags: uapi.DRM_RDWR });
  t.card.ioctl(uapi.DRM_IOCTL_PRIME_HANDLE_TO_FD, prime);
  const imported = uapi.drm_prime_handle.of({ fd: prime.fd });
  other.ioctl(uapi.DRM_IOCTL_PRIME_FD_TO_HANDLE, imported);
  const map = uapi.drm_mode_map_dumb.of({ handle });
  t.card.ioctl(uapi.DRM_IOCTL_MODE_MAP_DUMB, map);
  t.card.mmap(1024, map.offset)[5] = 42;
  assertEquals(t.card.process.file(prime.fd).mmap(1024)[5], 42);
  assertEquals(attach(t.card, handle, uapi.VGEM_FENCE_WRITE).result, 0);
  assertEquals(attach(other, imported.handle).result, EBUSY);
  errno("EINVAL", () => {
    other.ioctl(uapi.DRM_IOCTL_MODE_MAP_DUMB, uapi.drm_mode_map_dumb.of({ handle: imported.handle }));
  });
});
