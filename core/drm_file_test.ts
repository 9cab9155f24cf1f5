import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import * as uapi from "../uapi/mod.ts";
import { createHandle, createShmemObject } from "./gem.ts";
import type { DrmFile } from "./drm_file.ts";
import { DrmError } from "./error.ts";
import { SyncFile } from "./sync_file.ts";
import { drmFile, errno, testDriver, testSystem } from "./testing.ts";

Deno.test("K6 a closed file gives up events, fbs and blobs, syncobjs, GEM handles, master, driver state, PRIME, in this order", () => {
  const log: string[] = [];
  const note = (what: string, file: DrmFile) => {
    const closed = file.events.reserve(8);
    closed.send(new Uint8Array(8));
    log.push(
      `${what}: events ${file.events.length} syncobjs ${file.syncobjs.count} handles ${file.objects.count} ` +
        `master ${file.master ? 1 : 0} prime ${file.prime.count} listed ${file.device.files.has(file)}`,
    );
  };
  using t = testSystem({ drivers: [testDriver({ postclose: (file) => note("postclose", file as DrmFile) })] });
  const kms = {
    releaseFile: (file: DrmFile) => note("fbs", file),
    releaseLeases: (file: DrmFile) => note("leases", file),
    unplug: () => {},
  };
  t.device.kms = kms as unknown as typeof t.device.kms;
  const file = drmFile(t.card);
  const object = createShmemObject(t.device, 4096, { funcs: { close: (_o, f) => note("gem", f) } });
  createHandle(file, object);
  object.put();
  t.card.ioctl(uapi.DRM_IOCTL_SYNCOBJ_CREATE, uapi.drm_syncobj_create.of());
  t.exportFd(1);
  file.events.reserve(32).send(new Uint8Array(32));
  t.card.close();
  assertEquals(log, [
    "fbs: events 0 syncobjs 1 handles 1 master 1 prime 1 listed true",
    "gem: events 0 syncobjs 0 handles 1 master 1 prime 1 listed true",
    "leases: events 0 syncobjs 0 handles 0 master 1 prime 0 listed true",
    "postclose: events 0 syncobjs 0 handles 0 master 0 prime 0 listed true",
  ]);
  assertEquals(t.device.files.size, 0);
});

Deno.test("K6 a duplicate of the fd keeps the file; the last one releases it", () => {
  using t = testSystem();
  const handle = t.dumb();
  const dup = t.task.dup(t.card.fd);
  t.card.close();
  assertEquals([t.device.files.size, t.used], [1, 4096]);
  t.closeGem(handle, t.task.file(dup));
  t.task.close(dup);
  assertEquals([t.device.files.size, t.used], [0, 0]);
});

Deno.test("a driver that refuses an open leaves no file, no master and no fd", () => {
  const refuse = { now: false };
  using t = testSystem({
    drivers: [testDriver({
      open: () => {
        if (refuse.now) throw new DrmError("ENOMEM", "Cannot open: the test refuses");
      },
    })],
  });
  t.card.close();
  refuse.now = true;
  assertEquals(errno(() => t.task.open("/dev/dri/card0")), "ENOMEM");
  assertEquals([t.device.files.size, t.device.master, t.task.fdCount], [0, undefined, 0]);
});

Deno.test("the driver's state for a file is there in its requests and at its end", () => {
  const seen: unknown[] = [];
  let count = 0;
  using t = testSystem({
    drivers: [testDriver({ open: () => ({ id: ++count }), postclose: (file) => seen.push(file.priv) })],
  });
  const second = t.task.open("/dev/dri/renderD128");
  assertEquals([drmFile(t.card).priv, drmFile(second).priv], [{ id: 1 }, { id: 2 }]);
  second.close();
  assertEquals(seen, [{ id: 2 }]);
});

Deno.test("A14 unplugging: requests, mappings and opens are ENODEV, existing mappings are taken away, close still frees", () => {
  using t = testSystem();
  const handle = t.dumb();
  const offset = t.offset(handle);
  const mapping = t.card.map(4096, offset);
  using render = t.task.open("/dev/dri/renderD128");
  assertEquals(mapping.bytes.length, 4096);
  t.system.removeDevice(t.device);
  assertEquals(errno(() => t.card.ioctl(uapi.DRM_IOCTL_GET_CAP, uapi.drm_get_cap.of())), "ENODEV");
  assertEquals(errno(() => t.card.ioctl(0xc004_6500, 0n)), "ENODEV");
  assertEquals(errno(() => render.ioctl(uapi.DRM_IOCTL_GEM_CLOSE, uapi.drm_gem_close.of({ handle: 1 }))), "ENODEV");
  assertEquals([errno(() => t.card.mmap(4096, offset)), mapping.bytes.length], ["ENODEV", 0]);
  for (const node of ["/dev/dri/card0", "/dev/dri/renderD128"]) {
    assertEquals(errno(() => t.task.open(node)), "ENOENT", node);
  }
  mapping[Symbol.dispose]();
  assertEquals(t.used, 4096);
  t.card.close();
  assertEquals([t.used, t.device.offsets.count], [0, 0]);
});

Deno.test("A14 an open that was on its way when the device went is ENODEV", () => {
  using t = testSystem();
  const device = t.device;
  device.unplug();
  assertEquals(errno(() => t.task.open("/dev/dri/card0")), "ENODEV");
});

Deno.test("A14 exported dma-bufs, syncobjs and sync_files go on working without the device", () => {
  using t = testSystem({ drivers: [testDriver(), testDriver()] });
  const fd = t.exportFd(t.dumb());
  t.card.mmap(4096, t.offset(1))[3] = 4;
  const create = uapi.drm_syncobj_create.of({ flags: uapi.DRM_SYNCOBJ_CREATE_SIGNALED });
  t.card.ioctl(uapi.DRM_IOCTL_SYNCOBJ_CREATE, create);
  const opaque = uapi.drm_syncobj_handle.of({ handle: create.handle });
  t.card.ioctl(uapi.DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, opaque);
  const sync = uapi.drm_syncobj_handle.of({
    handle: create.handle,
    flags: uapi.DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE,
  });
  t.card.ioctl(uapi.DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, sync);
  t.system.removeDevice(t.device);
  t.card.close();
  assertEquals(t.task.file(fd).mmap(4096)[3], 4);
  const syncFile = t.task.file(sync.fd);
  assert(syncFile.file instanceof SyncFile);
  assertEquals(syncFile.poll(uapi.POLLIN), uapi.POLLIN);
  using other = t.task.open("/dev/dri/card1");
  const back = uapi.drm_syncobj_handle.of({ fd: opaque.fd });
  assertEquals(other.ioctl(uapi.DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, back), 0);
  const wait = uapi.drm_syncobj_wait.of({
    handles: t.task.heap.from(new Uint8Array(Uint32Array.of(back.handle).buffer)).address,
    count_handles: 1,
  });
  assertEquals(other.ioctl(uapi.DRM_IOCTL_SYNCOBJ_WAIT, wait), 0);
  const imported = t.importFd(fd, other);
  assertEquals(t.object(imported, other).size, 4096);
});

Deno.test("A14 a second unplug changes nothing, and the number of a card is free again once nobody has it open", () => {
  using t = testSystem();
  const device = t.device;
  const seen: string[] = [];
  using _listener = t.system.onUevent(({ action, device }) => seen.push(`${action} ${device.name}`));
  t.system.removeDevice(device);
  t.system.removeDevice(device);
  // While somebody has the old card open, its numbers are taken (drm_minor_release).
  const other = t.system.addDevice(testDriver());
  assertEquals([other.card, other.render, seen.splice(1)], [1, 129, ["add card1"]]);
  t.card.close();
  const next = t.system.addDevice(testDriver());
  assertEquals([next.card, next.render, seen], [0, 128, ["remove card0", "add card0"]]);
  using card = t.task.open("/dev/dri/card0");
  assertStrictEquals(drmFile(card).device, next);
});

Deno.test("mmap as the VFS checks it: ranges, kinds of sharing, access modes", () => {
  using t = testSystem();
  const offset = t.offset(t.dumb());
  const map = (length: number, at: number, flags: number = uapi.MAP_SHARED) =>
    errno(() => t.card.mmap(length, at, 3, flags));
  assertEquals(
    [map(0, offset), map(-1, offset), map(NaN, offset), map(4096, offset + 1), map(4096, -4096)],
    Array(5).fill("EINVAL"),
  );
  assertEquals([map(2 ** 53, offset), map(4096, offset, 0), map(4096, offset, 4)], ["EOVERFLOW", "EINVAL", "EINVAL"]);
  assertEquals(t.card.mmap(4096, offset, 3, uapi.MAP_SHARED_VALIDATE).length, 4096);
  using readOnly = t.task.open("/dev/dri/card0", uapi.O_RDONLY);
  createHandle(drmFile(readOnly), t.object(1));
  assertEquals(errno(() => readOnly.mmap(4096, offset)), "EACCES");
  assertEquals(readOnly.mmap(4096, offset, uapi.PROT_READ).length, 4096);
  using writeOnly = t.task.open("/dev/dri/card0", uapi.O_WRONLY);
  assertEquals(errno(() => writeOnly.mmap(4096, offset, uapi.PROT_READ)), "EACCES");
});

Deno.test("what a kind of file does not have is answered as the VFS answers", () => {
  using t = testSystem();
  assertEquals(errno(() => t.card.write(new Uint8Array(1))), "EINVAL");
  assertEquals([t.card.lseek(0, 0), t.card.lseek(100, 2)], [0, 0]); // noop_llseek
  assertEquals(errno(() => t.task.file(99)), "EBADF");
  assertEquals(errno(() => t.task.close(99)), "EBADF");
  using dev = t.task.open("/dev/udmabuf");
  assertEquals(errno(() => dev.lseek(0, 0)), "ESPIPE");
  assertEquals(errno(() => dev.mmap(4096)), "ENODEV");
});
