/**
 * The life of a 64 KiB buffer, and sharing one, with memfd pages, against the same system calls by bare FFI.
 * @module
 */

import { createSystem, drivers } from "udrm/mod.ts";
import {
  DRM_CLOEXEC,
  drm_gem_close,
  DRM_IOCTL_GEM_CLOSE,
  DRM_IOCTL_MODE_CREATE_DUMB,
  DRM_IOCTL_MODE_MAP_DUMB,
  DRM_IOCTL_PRIME_FD_TO_HANDLE,
  DRM_IOCTL_PRIME_HANDLE_TO_FD,
  drm_mode_create_dumb,
  drm_mode_map_dumb,
  drm_prime_handle,
} from "udrm/uapi/mod.ts";
import { type BenchRow, compare, timeRow } from "./harness.ts";

const SIZE = 64 * 1024;
const PAGE = 4096;
const PROT_RW = 3, MAP_SHARED = 1, MFD = 3n; // CLOEXEC | ALLOW_SEALING

/** The rows. */
export function bench(): BenchRow[] {
  const libc = Deno.dlopen("libc.so.6", {
    memfd_create: { parameters: ["buffer", "u32"], result: "i32" },
    ftruncate: { parameters: ["i32", "i64"], result: "i32" },
    mmap: { parameters: ["pointer", "u64", "i32", "i32", "i32", "u64"], result: "pointer" },
    munmap: { parameters: ["pointer", "u64"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
    dup: { parameters: ["i32"], result: "i32" },
  });
  try {
    return [...cycle(libc), ...prime(libc)];
  } finally {
    libc.close();
  }
}

type Libc = Deno.DynamicLibrary<{
  memfd_create: { parameters: ["buffer", "u32"]; result: "i32" };
  ftruncate: { parameters: ["i32", "i64"]; result: "i32" };
  mmap: { parameters: ["pointer", "u64", "i32", "i32", "i32", "u64"]; result: "pointer" };
  munmap: { parameters: ["pointer", "u64"]; result: "i32" };
  close: { parameters: ["i32"]; result: "i32" };
  dup: { parameters: ["i32"]; result: "i32" };
}>;

function touch(bytes: Uint8Array): void {
  for (let at = 0; at < SIZE; at += PAGE) bytes[at] = 1;
}

function cycle(libc: Libc): BenchRow[] {
  using system = createSystem({ drivers: [drivers.vgem()], pages: "memfd" });
  using process = system.process();
  using card = process.open("/dev/dri/card0");
  const dumb = drm_mode_create_dumb.of();
  const map = drm_mode_map_dumb.of();
  const close = drm_gem_close.of();
  const name = new TextEncoder().encode("bench\0");
  const size = BigInt(SIZE);
  const measured = compare((count) => {
    for (let i = 0; i < count; i++) {
      dumb.width = 128;
      dumb.height = 128;
      dumb.bpp = 32;
      card.ioctl(DRM_IOCTL_MODE_CREATE_DUMB, dumb);
      map.handle = dumb.handle;
      card.ioctl(DRM_IOCTL_MODE_MAP_DUMB, map);
      const mapping = card.map(SIZE, map.offset);
      touch(mapping.bytes);
      mapping[Symbol.dispose]();
      close.handle = dumb.handle;
      card.ioctl(DRM_IOCTL_GEM_CLOSE, close);
    }
  }, (count) => {
    for (let i = 0; i < count; i++) {
      const fd = libc.symbols.memfd_create(name, Number(MFD));
      libc.symbols.ftruncate(fd, size);
      const address = libc.symbols.mmap(null, size, PROT_RW, MAP_SHARED, fd, 0n);
      if (address === null) throw new Error("mmap failed");
      touch(new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(address, SIZE)));
      libc.symbols.munmap(address, size);
      libc.symbols.close(fd);
    }
  }, { batch: 2000 });
  return [timeRow("GEM create+mmap+touch+close 64 KiB", "memfd create+mmap+touch+close", measured, "<= 1.5")];
}

function prime(libc: Libc): BenchRow[] {
  using system = createSystem({ drivers: [drivers.vgem()], pages: "memfd" });
  using exporter = system.process();
  using importer = system.process();
  using card = exporter.open("/dev/dri/card0");
  using render = importer.open("/dev/dri/renderD128");
  const dumb = drm_mode_create_dumb.of({ width: 128, height: 128, bpp: 32 });
  card.ioctl(DRM_IOCTL_MODE_CREATE_DUMB, dumb);
  const out = drm_prime_handle.of({ handle: dumb.handle, flags: DRM_CLOEXEC });
  const back = drm_prime_handle.of();
  const close = drm_gem_close.of();
  const name = new TextEncoder().encode("bench\0");
  const memfd = libc.symbols.memfd_create(name, Number(MFD));
  const measured = compare((count) => {
    for (let i = 0; i < count; i++) {
      card.ioctl(DRM_IOCTL_PRIME_HANDLE_TO_FD, out);
      back.fd = importer.receive(exporter, out.fd);
      exporter.close(out.fd);
      render.ioctl(DRM_IOCTL_PRIME_FD_TO_HANDLE, back);
      close.handle = back.handle;
      render.ioctl(DRM_IOCTL_GEM_CLOSE, close);
      importer.close(back.fd);
    }
  }, (count) => {
    // What the kernel's fd table alone would cost: an fd here, an fd there, both closed.
    for (let i = 0; i < count; i++) {
      const here = libc.symbols.dup(memfd);
      const there = libc.symbols.dup(here);
      libc.symbols.close(here);
      libc.symbols.close(there);
    }
  }, { batch: 5000 });
  libc.symbols.close(memfd);
  return [timeRow("PRIME export+send+import+close", "FFI dup+dup+close+close", measured)];
}
