import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import * as uapi from "../uapi/mod.ts";
import { FIRST_OFFSET } from "./address_space.ts";
import { DrmError } from "./error.ts";
import { closeHandle, createHandle, createShmemObject, GemObject, lookupObject } from "./gem.ts";
import type { OpenFile } from "./process.ts";
import { drmFile, errno, testDriver, testSystem } from "./testing.ts";

const flink = (file: OpenFile, handle: number) => {
  const arg = uapi.drm_gem_flink.of({ handle });
  const result = errno(() => file.ioctl(uapi.DRM_IOCTL_GEM_FLINK, arg));
  return result === 0 ? arg.name : result;
};
const gemOpen = (file: OpenFile, name: number) => {
  const arg = uapi.drm_gem_open.of({ name });
  const result = errno(() => file.ioctl(uapi.DRM_IOCTL_GEM_OPEN, arg));
  return result === 0 ? arg.handle : result;
};

Deno.test("B1 GEM handles: lowest free from 1, reused at once; syncobjs have a space of their own", () => {
  using t = testSystem();
  assertEquals([t.dumb(), t.dumb(), t.dumb()], [1, 2, 3]);
  t.closeGem(2);
  t.closeGem(1);
  assertEquals([t.dumb(), t.dumb(), t.dumb()], [1, 2, 4]);
  const create = uapi.drm_syncobj_create.of();
  t.card.ioctl(uapi.DRM_IOCTL_SYNCOBJ_CREATE, create);
  assertEquals(create.handle, 1);
  using second = t.task.open("/dev/dri/card0");
  assertEquals(t.dumb(second), 1);
});

Deno.test("B2 a handle is reserved but not found while the driver's open hook runs, and gone when the hook refuses", () => {
  using t = testSystem();
  const file = drmFile(t.card);
  const seen: unknown[] = [];
  const refuse = { now: false };
  const object = createShmemObject(t.device, 4096, {
    funcs: {
      open: (o, f) => {
        seen.push(errno(() => lookupObject(f, 1)), f.objects.reserve());
        f.objects.remove(2);
        assertStrictEquals(o, object);
        if (refuse.now) throw new DrmError("EPERM", "Cannot open: the test refuses");
      },
      close: (_o, f) => seen.push(errno(() => lookupObject(f, 1)), f.objects.reserve()),
    },
  });
  refuse.now = true;
  assertEquals(errno(() => createHandle(file, object)), "EPERM");
  assertEquals([object.handleCount, object.references, file.objects.count, object.allows(file)], [0, 1, 0, false]);
  refuse.now = false;
  assertEquals(createHandle(file, object), 1);
  assertStrictEquals(lookupObject(file, 1), object);
  // During close the number is hidden, and not free yet.
  closeHandle(file, 1);
  assertEquals(seen, ["ENOENT", 2, "ENOENT", 2, "ENOENT", 2]);
  object.put();
});

Deno.test("B3 GEM_CLOSE of an unknown handle, of 0 and a second time is EINVAL; pad is ignored", () => {
  using t = testSystem();
  const handle = t.dumb();
  assertEquals([errno(() => t.closeGem(0)), errno(() => t.closeGem(2)), errno(() => t.closeGem(0xffff_ffff))], [
    "EINVAL",
    "EINVAL",
    "EINVAL",
  ]);
  assertEquals(t.card.ioctl(uapi.DRM_IOCTL_GEM_CLOSE, uapi.drm_gem_close.of({ handle, pad: 7 })), 0);
  assertEquals(errno(() => t.closeGem(handle)), "EINVAL");
});

Deno.test("GEM_CLOSE, FLINK and OPEN without GEM are EOPNOTSUPP", () => {
  using t = testSystem({ drivers: [testDriver({ features: ["RENDER"] })] });
  assertEquals(errno(() => t.closeGem(1)), "EOPNOTSUPP");
  assertEquals([flink(t.card, 1), gemOpen(t.card, 1)], ["EOPNOTSUPP", "EOPNOTSUPP"]);
});

Deno.test("B4 DESTROY_DUMB closes any GEM handle, and is ENOSYS where the driver has no dumb buffers", () => {
  using t = testSystem();
  const object = createShmemObject(t.device, 4096);
  const handle = createHandle(drmFile(t.card), object);
  object.put();
  const destroy = () =>
    errno(() => t.card.ioctl(uapi.DRM_IOCTL_MODE_DESTROY_DUMB, uapi.drm_mode_destroy_dumb.of({ handle })));
  assertEquals([destroy(), destroy(), object.references], [0, "EINVAL", 0]);
  using without = testSystem({ drivers: [testDriver({ dumbCreate: undefined })] });
  const card = without.card;
  assertEquals(errno(() => card.ioctl(uapi.DRM_IOCTL_MODE_DESTROY_DUMB, uapi.drm_mode_destroy_dumb.of())), "ENOSYS");
  assertEquals(errno(() => card.ioctl(uapi.DRM_IOCTL_MODE_CREATE_DUMB, uapi.drm_mode_create_dumb.of())), "ENOSYS");
  assertEquals(errno(() => card.ioctl(uapi.DRM_IOCTL_MODE_MAP_DUMB, uapi.drm_mode_map_dumb.of())), "ENOSYS");
});

Deno.test("B6 FLINK: one name an object; GEM_OPEN always makes a new handle, in the same file too", () => {
  using t = testSystem();
  const handle = t.dumb(t.card, 2);
  const name = flink(t.card, handle);
  assert(typeof name === "number");
  assertEquals([name, flink(t.card, handle), flink(t.card, 9)], [1, 1, "ENOENT"]);
  const arg = uapi.drm_gem_open.of({ name });
  t.card.ioctl(uapi.DRM_IOCTL_GEM_OPEN, arg);
  assertEquals([arg.handle, arg.size], [2, 8192]);
  assertStrictEquals(t.object(2), t.object(1));
  assertEquals([flink(t.card, 2), gemOpen(t.card, 0), gemOpen(t.card, 5)], [1, "ENOENT", "ENOENT"]);
});

Deno.test("B6 a name dies with the last handle, though a dma-buf and a mapping keep the object alive", () => {
  using t = testSystem();
  const handle = t.dumb();
  const object = t.object(handle);
  const name = Number(flink(t.card, handle));
  const second = Number(gemOpen(t.card, name));
  t.exportFd(handle);
  using mapping = t.card.map(4096, t.offset(handle));
  t.closeGem(handle);
  assertEquals([gemOpen(t.card, name), t.closeGem(1), t.closeGem(second)], [1, 0, 0]);
  assertEquals([gemOpen(t.card, name), t.device.names.count, object.name], ["ENOENT", 0, 0]);
  assert(object.references > 0);
  mapping.bytes[0] = 1;
});

Deno.test("FLINK and GEM_OPEN need authentication on the primary node and are not for render nodes", () => {
  using t = testSystem();
  using second = t.task.open("/dev/dri/card0");
  using render = t.task.open("/dev/dri/renderD128");
  for (const file of [second, render]) assertEquals([flink(file, 1), gemOpen(file, 1)], ["EACCES", "EACCES"]);
});

Deno.test("B7 the first mmap offset is 4 GiB; an object keeps its offset, in every file", () => {
  using t = testSystem();
  const a = t.dumb(t.card, 3), b = t.dumb();
  assertEquals([t.offset(a), t.offset(b), t.offset(a)], [FIRST_OFFSET, FIRST_OFFSET + 3 * 4096, FIRST_OFFSET]);
  const other = Number(gemOpen(t.card, Number(flink(t.card, b))));
  assertEquals(t.offset(other), t.offset(b));
  for (const handle of [a, b, other]) t.closeGem(handle);
  assertEquals([t.offset(t.dumb()), t.device.offsets.count], [FIRST_OFFSET, 1]);
});

Deno.test("B7 mmap starts at the offset exactly and stays inside the object; a file without a handle is EACCES", () => {
  using t = testSystem();
  const offset = t.offset(t.dumb(t.card, 2));
  assertEquals(t.card.mmap(8192, offset).length, 8192);
  assertEquals(t.card.mmap(4096, offset).length, 4096);
  assertEquals(t.card.mmap(5000, offset).length, 5000);
  assertEquals(errno(() => t.card.mmap(4096, offset + 4096)), "EINVAL");
  assertEquals(errno(() => t.card.mmap(8193, offset)), "EINVAL");
  assertEquals(errno(() => t.card.mmap(4096, 0)), "EINVAL");
  using second = t.task.open("/dev/dri/card0");
  assertEquals(errno(() => second.mmap(8193, offset)), "EINVAL");
  assertEquals(errno(() => second.mmap(8192, offset)), "EACCES");
});

Deno.test("B7 the right to map follows the handles, however many files and handles there are", () => {
  using t = testSystem();
  const object = createShmemObject(t.device, 4096);
  const files = Array.from({ length: 4 }, () => t.task.open("/dev/dri/card0"));
  const handles = files.map((file) => [createHandle(drmFile(file), object), createHandle(drmFile(file), object)]);
  const allowed = () => files.map((file) => object.allows(drmFile(file)));
  assertEquals(allowed(), [true, true, true, true]);
  t.closeGem(handles[0][0], files[0]);
  t.closeGem(handles[2][1], files[2]);
  assertEquals(allowed(), [true, true, true, true]);
  t.closeGem(handles[0][1], files[0]);
  t.closeGem(handles[2][0], files[2]);
  assertEquals(allowed(), [false, true, false, true]);
  createHandle(drmFile(files[1]), object);
  files[3].close();
  t.closeGem(handles[1][0], files[1]);
  assertEquals(allowed(), [false, true, false, false]);
  files[1].close();
  assertEquals([allowed(), object.handleCount, object.references], [[false, false, false, false], 0, 1]);
  object.put();
});

Deno.test("B8 a private mapping of an object is EINVAL, read-only too", () => {
  using t = testSystem();
  const offset = t.offset(t.dumb());
  assertEquals(errno(() => t.card.mmap(4096, offset, uapi.PROT_READ | uapi.PROT_WRITE, uapi.MAP_PRIVATE)), "EINVAL");
  assertEquals(errno(() => t.card.mmap(4096, offset, uapi.PROT_READ, uapi.MAP_PRIVATE)), "EINVAL");
  assertEquals(t.card.mmap(4096, offset, uapi.PROT_READ, uapi.MAP_SHARED).length, 4096);
});

Deno.test("B9 a mapping outlives GEM_CLOSE and close, and holds the object until it is unmapped", () => {
  using t = testSystem();
  const file = t.task.open("/dev/dri/card0");
  const handle = t.dumb(file);
  const object = t.object(handle, file);
  const mapping = file.map(4096, t.offset(handle, file));
  const bytes = file.mmap(4096, t.offset(handle, file));
  bytes[5] = 42;
  t.closeGem(handle, file);
  file.close();
  assertEquals([mapping.bytes[5], object.references, t.used], [42, 2, 4096]);
  assertEquals(errno(() => t.card.mmap(4096, object.mmapOffset)), "EACCES");
  mapping[Symbol.dispose]();
  mapping[Symbol.dispose]();
  assertEquals(object.references, 1);
  t.task.munmap(bytes);
  t.task.munmap(bytes);
  assertEquals([object.references, t.used, t.device.offsets.count], [0, 0, 0]);
});

Deno.test("B9 a process that ends unmaps its memory", () => {
  using t = testSystem();
  const other = t.system.process();
  const file = other.open("/dev/dri/card0");
  file.mmap(4096, t.offset(t.dumb(file), file));
  assertEquals(t.used, 4096);
  other[Symbol.dispose]();
  assertEquals(t.used, 0);
});

Deno.test("B10 MAP_DUMB of an imported object is EINVAL; a driver's own hook decides otherwise", () => {
  const own = testDriver({ dumbMapOffset: (file, handle) => lookupObject(drmFileOf(file), handle).mmapOffset });
  using t = testSystem({ drivers: [testDriver(), testDriver(), own] });
  const fd = t.exportFd(t.dumb());
  using plain = t.task.open("/dev/dri/card1");
  using hooked = t.task.open("/dev/dri/card2");
  assertEquals(errno(() => t.offset(t.importFd(fd, plain), plain)), "EINVAL");
  const offset = t.offset(t.importFd(fd, hooked), hooked);
  hooked.mmap(4096, offset)[0] = 9;
  assertEquals(t.card.mmap(4096, t.offset(1))[0], 9);
  assertEquals(errno(() => t.offset(99)), "ENOENT");
});

function drmFileOf(file: unknown): ReturnType<typeof drmFile> {
  return file as ReturnType<typeof drmFile>;
}

Deno.test("I12 CREATE_DUMB: pitch and page-aligned size; what the caller puts into the results is ignored", () => {
  using t = testSystem();
  const create = (width: number, height: number, bpp: number, rest = {}) => {
    const arg = uapi.drm_mode_create_dumb.of({ width, height, bpp, ...rest });
    const result = errno(() => t.card.ioctl(uapi.DRM_IOCTL_MODE_CREATE_DUMB, arg));
    return result === 0 ? [arg.handle, arg.pitch, arg.size] : result;
  };
  assertEquals(create(100, 10, 32), [1, 400, 4096]);
  assertEquals(create(100, 41, 32, { handle: 77, pitch: 1, size: 3, flags: 0xffff }), [2, 400, 5 * 4096]);
  assertEquals(create(3, 1, 1), [3, 1, 4096]);
  assertEquals(create(3, 5, 12), [4, 5, 4096]);
});

Deno.test("I12 CREATE_DUMB: what does not fit 32 bits is EINVAL", () => {
  using t = testSystem({ memoryLimit: 1 << 20 });
  const create = (width: number, height: number, bpp: number) =>
    errno(() => t.card.ioctl(uapi.DRM_IOCTL_MODE_CREATE_DUMB, uapi.drm_mode_create_dumb.of({ width, height, bpp })));
  const max = 0xffff_ffff;
  for (
    const [w, h, bpp] of [
      [0, 1, 32],
      [1, 0, 32],
      [1, 1, 0],
      [1, 1, max],
      [1, 1, max - 7],
      [2 ** 30, 1, 32],
      [2 ** 30, 4, 8],
      [max, 1, 8],
      [max, max, max],
      [65536, 65536, 8],
      [4096, 1 << 18, 32],
    ]
  ) {
    assertEquals(create(w, h, bpp), "EINVAL", `${w}x${h}x${bpp}`);
  }
  // The largest that the checks let through: then memory is the limit.
  assertEquals(create(max - 4095, 1, 8), "ENOMEM");
  assertEquals([t.used, drmFile(t.card).objects.count], [0, 0]);
});

Deno.test("I13 CREATE_DUMB works without MODESET, on the card node alone; GET_CAP does not tell", () => {
  using t = testSystem();
  using render = t.task.open("/dev/dri/renderD128");
  assertEquals(t.dumb(), 1);
  assertEquals(errno(() => t.dumb(render)), "EACCES");
  const cap = uapi.drm_get_cap.of({ capability: BigInt(uapi.DRM_CAP_DUMB_BUFFER) });
  assertEquals(errno(() => t.card.ioctl(uapi.DRM_IOCTL_GET_CAP, cap)), "EOPNOTSUPP");
});

Deno.test("createShmemObject rounds up to pages; nothing, nonsense and too much are refused", () => {
  using t = testSystem({ memoryLimit: 1 << 20 });
  const object = createShmemObject(t.device, 5000);
  assertEquals([object.size, object.references, object.pages?.size, t.used], [8192, 1, 8192, 8192]);
  const make = (size: number) => errno(() => createShmemObject(t.device, size));
  assertEquals([make(0), make(-1), make(NaN)], ["EINVAL", "EINVAL", "EINVAL"]);
  assertEquals([make(Infinity), make(2 ** 60), make(1 << 20)], ["ENOMEM", "ENOMEM", "ENOMEM"]);
  object.put();
  assertEquals(t.used, 0);
});

Deno.test("an object without CPU memory cannot be mapped; free runs once, before the pages go", () => {
  using t = testSystem();
  const freed: number[] = [];
  const object = new GemObject(t.device, 4096, { funcs: { free: (o) => freed.push(o.size) } });
  const handle = createHandle(drmFile(t.card), object);
  object.put();
  assertEquals(errno(() => t.card.mmap(4096, object.mmapOffset)), "EINVAL");
  t.closeGem(handle);
  assertEquals([freed, t.device.offsets.count], [[4096], 0]);
});

Deno.test("an object has one reservation object for good; two objects have two", () => {
  using t = testSystem();
  const a = t.object(t.dumb()), b = t.object(t.dumb());
  assertStrictEquals(a.resv, a.resv);
  assertNotStrictEquals(a.resv, b.resv);
});

Deno.test("closing the file closes every handle", () => {
  using t = testSystem();
  const file = t.task.open("/dev/dri/card0");
  const objects = Array.from({ length: 100 }, () => t.object(t.dumb(file), file));
  file.close();
  assertEquals([objects.every((o) => o.references === 0), t.used], [true, 0]);
});
