import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import * as uapi from "../uapi/mod.ts";
import { DmaBuf } from "./dma_buf.ts";
import { createHandle, createShmemObject, GemObject } from "./gem.ts";
import type { OpenFile } from "./process.ts";
import { drmFile, errno, testDriver, testSystem } from "./testing.ts";

const bufferOf = (t: { task: { file(fd: number): OpenFile } }, fd: number): DmaBuf => {
  const file = t.task.file(fd).file;
  assert(file instanceof DmaBuf);
  return file;
};
const two = () => testSystem({ drivers: [testDriver(), testDriver({ name: "other" })] });

Deno.test("C1 HANDLE_TO_FD takes the fd first: EMFILE comes before ENOENT; flags are CLOEXEC and RDWR alone", () => {
  using t = testSystem({ process: { fdLimit: 2 } });
  const handle = t.dumb();
  assertEquals(errno(() => t.exportFd(handle, 4)), "EINVAL");
  assertEquals(errno(() => t.exportFd(99)), "ENOENT");
  const fd = t.exportFd(handle);
  assertEquals(errno(() => t.exportFd(99)), "EMFILE");
  assertEquals(errno(() => t.exportFd(99, 4)), "EINVAL");
  t.task.close(fd);
  assertEquals([errno(() => t.exportFd(99)), t.task.fdCount], ["ENOENT", 1]);
});

Deno.test("C1 without RDWR the fd cannot be mapped for writing; CLOEXEC is the fd's", () => {
  using t = testSystem();
  const read = t.exportFd(t.dumb(), 0), write = t.exportFd(t.dumb(), uapi.DRM_RDWR | uapi.DRM_CLOEXEC);
  assertEquals(errno(() => t.task.file(read).mmap(4096)), "EACCES");
  assertEquals(t.task.file(read).mmap(4096, 0, uapi.PROT_READ).length, 4096);
  assertEquals(t.task.file(write).mmap(4096).length, 4096);
  const fds = t.task.fds as unknown as { cloexec(fd: number): boolean };
  assertEquals([fds.cloexec(read), fds.cloexec(write)], [false, true]);
});

Deno.test("C2 exporting again gives the same dma-buf on a new fd; the mode of the first export counts", () => {
  using t = testSystem();
  const handle = t.dumb();
  const first = t.exportFd(handle, 0), second = t.exportFd(handle, uapi.DRM_RDWR);
  assert(first !== second);
  assertStrictEquals(bufferOf(t, first), bufferOf(t, second));
  assertEquals(errno(() => t.task.file(second).mmap(4096)), "EACCES");
});

Deno.test("C2 the dma-buf stays the object's while it has handles, though every fd is closed", () => {
  using t = testSystem();
  const handle = t.dumb();
  const fd = t.exportFd(handle);
  const buffer = bufferOf(t, fd);
  t.task.close(fd);
  assertStrictEquals(bufferOf(t, t.exportFd(handle)), buffer);
});

Deno.test("C3 FD_TO_HANDLE gives the handle that the file has, uncounted: one GEM_CLOSE kills it for all", () => {
  using t = two();
  const handle = t.dumb();
  const fd = t.exportFd(handle);
  assertEquals([t.importFd(fd), t.importFd(fd)], [handle, handle]);
  using other = t.task.open("/dev/dri/card1");
  const imported = t.importFd(fd, other);
  assertEquals(t.importFd(fd, other), imported);
  t.closeGem(imported, other);
  assertEquals(errno(() => t.closeGem(imported, other)), "EINVAL");
});

Deno.test("C3 an object with two handles that exported both is found by the other once one closes", () => {
  using t = testSystem();
  const first = t.dumb();
  const second = createHandle(drmFile(t.card), t.object(first));
  const fd = t.exportFd(first);
  assertStrictEquals(bufferOf(t, t.exportFd(second)), bufferOf(t, fd));
  assertEquals(t.importFd(fd), first);
  t.closeGem(first);
  assertEquals(t.importFd(fd), second);
  t.closeGem(second);
  const buffer = bufferOf(t, fd);
  assertEquals([drmFile(t.card).prime.count, buffer.handleIn(drmFile(t.card).prime)], [0, undefined]);
});

Deno.test("C4 importing the device's own export gives the same object: in another file by a new handle", () => {
  using t = testSystem();
  const handle = t.dumb();
  const fd = t.exportFd(handle);
  using second = t.task.open("/dev/dri/renderD128");
  const imported = t.importFd(fd, second);
  assertStrictEquals(t.object(imported, second), t.object(handle));
  assertEquals([t.object(handle).imported, t.object(handle).handleCount], [undefined, 2]);
});

Deno.test("C5 after GEM_CLOSE the open fd gives a new handle to the same object", () => {
  using t = testSystem();
  const handle = t.dumb();
  const object = t.object(handle);
  const fd = t.exportFd(handle);
  t.closeGem(handle);
  assertEquals([object.dmaBuf, object.references, object.handleCount], [undefined, 1, 0]);
  const again = t.importFd(fd);
  assertStrictEquals(t.object(again), object);
  assertStrictEquals(bufferOf(t, t.exportFd(again)), bufferOf(t, fd));
});

Deno.test("C6 exporting an imported object gives the exporter's dma-buf", () => {
  using t = two();
  const fd = t.exportFd(t.dumb());
  using other = t.task.open("/dev/dri/card1");
  using again = t.task.open("/dev/dri/card1");
  const imported = t.importFd(fd, other);
  assertStrictEquals(bufferOf(t, t.exportFd(imported, 0, other)), bufferOf(t, fd));
  // Also through a handle that the file itself has no entry for.
  const second = createHandle(drmFile(again), t.object(imported, other));
  assertStrictEquals(bufferOf(t, t.exportFd(second, 0, again)), bufferOf(t, fd));
  assertEquals(t.importFd(fd), 1);
});

Deno.test("an import shares pages and fences with its exporter and copies nothing", () => {
  using t = two();
  const handle = t.dumb(t.card, 4);
  const fd = t.exportFd(handle);
  using other = t.task.open("/dev/dri/card1");
  const imported = t.object(t.importFd(fd, other), other);
  assertNotStrictEquals(imported, t.object(handle));
  assertStrictEquals(imported.resv, t.object(handle).resv);
  assertStrictEquals(imported.resv, bufferOf(t, fd).resv);
  assertEquals([imported.size, t.used], [16384, 16384]);
  const theirs = other.mmap(16384, imported.mmapOffset);
  theirs[16383] = 3;
  assertEquals(t.card.mmap(16384, t.offset(handle))[16383], 3);
  assertEquals(errno(() => other.mmap(4096, imported.mmapOffset, 3, uapi.MAP_PRIVATE)), "EINVAL");
});

Deno.test("C7 a dma-buf outlives handle, file and driver", () => {
  using t = testSystem();
  const handle = t.dumb();
  const object = t.object(handle);
  t.card.mmap(4096, t.offset(handle))[1] = 8;
  const fd = t.exportFd(handle);
  t.closeGem(handle);
  t.card.close();
  t.system.removeDevice(t.device);
  assertEquals(t.task.file(fd).mmap(4096)[1], 8);
  assertEquals(t.task.file(fd).lseek(0, uapi.SEEK_END), 4096);
  assert(object.references > 0);
});

Deno.test("C7 an importer keeps the exporter's object, and the last one frees it", () => {
  using t = two();
  const handle = t.dumb();
  const object = t.object(handle);
  const fd = t.exportFd(handle);
  const other = t.task.open("/dev/dri/card1");
  const imported = t.importFd(fd, other);
  t.closeGem(handle);
  t.task.close(fd);
  assertEquals([object.references, t.used], [1, 4096]);
  t.closeGem(imported, other);
  assertEquals([object.references, t.used, t.device.offsets.count], [0, 0, 0]);
});

Deno.test("C8 a bad fd is EBADF, an fd of another kind EINVAL; FD_TO_HANDLE ignores flags", () => {
  using t = testSystem();
  const fd = t.exportFd(t.dumb());
  for (const bad of [-1, 99, 0x7fff_ffff, -(2 ** 31)]) assertEquals(errno(() => t.importFd(bad)), "EBADF");
  assertEquals(errno(() => t.importFd(t.card.fd)), "EINVAL");
  const arg = uapi.drm_prime_handle.of({ fd, flags: 0xffff_ffff });
  assertEquals([t.card.ioctl(uapi.DRM_IOCTL_PRIME_FD_TO_HANDLE, arg), arg.handle], [0, 1]);
});

Deno.test("a driver that imports nothing: EINVAL for others' buffers, its own come back all the same", () => {
  using t = testSystem({ drivers: [testDriver(), testDriver({ importDmaBuf: undefined })] });
  using other = t.task.open("/dev/dri/card1");
  assertEquals(errno(() => t.importFd(t.exportFd(t.dumb()), other)), "EINVAL");
  const handle = t.dumb(other);
  assertEquals(t.importFd(t.exportFd(handle, 0, other), other), handle);
});

Deno.test("importShmem of a buffer without CPU memory is EINVAL", () => {
  using t = two();
  const object = new GemObject(t.device, 4096, {});
  const handle = createHandle(drmFile(t.card), object);
  object.put();
  const fd = t.exportFd(handle);
  using other = t.task.open("/dev/dri/card1");
  assertEquals(errno(() => t.importFd(fd, other)), "EINVAL");
  assertEquals(errno(() => t.task.file(fd).mmap(4096)), "EINVAL");
});

Deno.test("an import that fails late leaves nothing behind", () => {
  const seen: string[] = [];
  using t = testSystem({
    drivers: [
      testDriver(),
      testDriver({
        importFuncs: {
          open: () => {
            throw new RangeError("not reached");
          },
          free: () => seen.push("free"),
        },
      }),
    ],
  });
  const handle = t.dumb();
  const fd = t.exportFd(handle);
  const buffer = bufferOf(t, fd);
  const references = buffer.references;
  using other = t.task.open("/dev/dri/card1");
  using _fault = t.system.faults.inject("gem.handle", { error: "ENOMEM", times: 2 });
  assertEquals(errno(() => t.importFd(fd, other)), "ENOMEM");
  assertEquals([buffer.references, seen, drmFile(other).prime.count, drmFile(other).objects.count], [
    references,
    ["free"],
    0,
    0,
  ]);
  // Also when the object is the device's own and has no handle left.
  t.closeGem(handle);
  assertEquals(errno(() => t.importFd(fd)), "ENOMEM");
  assertEquals([buffer.references, buffer.object?.dmaBuf, t.importFd(fd)], [1, undefined, 1]);
});

Deno.test("a buffer with handles in very many files is found in each of them", () => {
  using t = testSystem();
  const fd = t.exportFd(t.dumb());
  const files = Array.from({ length: 30 }, () => t.task.open("/dev/dri/renderD128"));
  for (const file of files) createHandle(drmFile(file), createdIn(t));
  for (const file of files) assertEquals(t.importFd(fd, file), 2);
  for (const file of files) assertEquals(t.importFd(fd, file), 2);
  for (const file of files.slice(0, 25)) t.closeGem(2, file);
  for (const [i, file] of files.entries()) {
    assertEquals(bufferOf(t, fd).handleIn(drmFile(file).prime), i < 25 ? undefined : 2);
  }
  for (const file of files) file.close();
  assertEquals(bufferOf(t, fd).references, 3);
});

function createdIn(t: ReturnType<typeof testSystem>): GemObject {
  return createShmemObject(t.device, 4096);
}

Deno.test("two systems never meet: an fd of one is no buffer in the other", () => {
  using a = testSystem();
  using b = testSystem();
  const fd = a.exportFd(a.dumb());
  assertEquals(errno(() => b.importFd(fd)), "EBADF");
  assertEquals([a.system.devices.length, b.used], [1, 0]);
});
