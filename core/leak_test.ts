import { assertEquals } from "@std/assert";
import * as uapi from "../uapi/mod.ts";
import { MemFd } from "./memfd.ts";
import { drmFile, testDriver, type TestSystem, testSystem } from "./testing.ts";

const CYCLES = 10_000;

/** Everything that counts something. */
const counts = (t: TestSystem) => ({
  offsets: t.devices.map((d) => d.offsets.count),
  names: t.devices.map((d) => d.names.count),
  files: t.devices.map((d) => d.files.size),
  magics: t.device.master?.magics.count,
  used: t.used,
  fds: t.task.fdCount,
  handles: drmFile(t.card).objects.count,
  syncobjs: drmFile(t.card).syncobjs.count,
  prime: drmFile(t.card).prime.count,
  space: drmFile(t.card).events.space,
  timer: t.clock.next,
});

/** Runs `cycle` ten thousand times, beside objects that stay, and compares. */
function cycles(name: string, cycle: (t: TestSystem) => void): void {
  Deno.test(`${CYCLES} cycles leave nothing: ${name}`, () => {
    using t = testSystem({ drivers: [testDriver(), testDriver()] });
    t.offset(t.dumb());
    t.exportFd(t.dumb());
    cycle(t);
    const before = counts(t);
    for (let i = 0; i < CYCLES; i++) cycle(t);
    assertEquals(counts(t), before);
  });
}

cycles("GEM object with offset, mapping and name", (t) => {
  const handle = t.dumb();
  const mapping = t.card.map(4096, t.offset(handle));
  t.card.ioctl(uapi.DRM_IOCTL_GEM_FLINK, uapi.drm_gem_flink.of({ handle }));
  mapping.bytes[0] = 1;
  t.closeGem(handle);
  mapping[Symbol.dispose]();
});

cycles("mmap and munmap of a process", (t) => t.task.munmap(t.card.mmap(4096, t.offset(1))));

cycles("dma-buf exported, imported by its own and by another device", (t) => {
  const handle = t.dumb();
  const fd = t.exportFd(handle);
  const other = t.task.open("/dev/dri/card1");
  t.importFd(fd, other);
  t.closeGem(handle);
  t.closeGem(t.importFd(fd));
  t.task.close(fd);
  other.close();
});

cycles("dma-buf imported while it stays", (t) => {
  const other = t.task.open("/dev/dri/card1");
  t.closeGem(t.importFd(1, other), other);
  other.close();
});

cycles("open file with a magic", (t) => {
  const file = t.task.open("/dev/dri/card0");
  file.ioctl(uapi.DRM_IOCTL_GET_MAGIC, uapi.drm_auth.of());
  t.dumb(file);
  file.close();
});

cycles("memfd and udmabuf", (t) => {
  const memfd = t.task.memfdCreate("m");
  if (memfd.file instanceof MemFd) {
    memfd.file.truncate(4096);
    memfd.file.addSeals(uapi.F_SEAL_SHRINK);
  }
  const dev = t.task.open("/dev/udmabuf");
  t.task.close(dev.ioctl(uapi.UDMABUF_CREATE, uapi.udmabuf_create.of({ memfd: memfd.fd, offset: 0, size: 4096 })));
  dev.close();
  memfd.close();
});

cycles("sync_file of a dma-buf", (t) => {
  const arg = uapi.dma_buf_export_sync_file.of({ flags: uapi.DMA_BUF_SYNC_RW });
  t.task.file(1).ioctl(uapi.DMA_BUF_IOCTL_EXPORT_SYNC_FILE, arg);
  t.task.close(arg.fd);
});

cycles("syncobj with an opaque fd", (t) => {
  const create = uapi.drm_syncobj_create.of({ flags: uapi.DRM_SYNCOBJ_CREATE_SIGNALED });
  t.card.ioctl(uapi.DRM_IOCTL_SYNCOBJ_CREATE, create);
  const fd = uapi.drm_syncobj_handle.of({ handle: create.handle });
  t.card.ioctl(uapi.DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, fd);
  t.task.close(fd.fd);
  t.card.ioctl(uapi.DRM_IOCTL_SYNCOBJ_DESTROY, uapi.drm_syncobj_destroy.of({ handle: create.handle }));
});

cycles("event", (t) => {
  const queue = drmFile(t.card).events;
  queue.reserve(32).send(new Uint8Array(32));
  t.card.read(new Uint8Array(32));
  queue.reserve(64).cancel();
});
