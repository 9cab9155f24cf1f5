import { assert, assertEquals } from "@std/assert";
import * as uapi from "../uapi/mod.ts";
import { DmaBuf } from "./dma_buf.ts";
import { GuestMemory } from "./guest_memory.ts";
import { MemFd } from "./memfd.ts";
import { heapAllocator } from "./memory.ts";
import { pageSegments } from "./pages_range.ts";
import type { OpenFile } from "./process.ts";
import { errno, type TestSystem, testSystem } from "./testing.ts";

function memfd(t: TestSystem, pages: number, seals: number = uapi.F_SEAL_SHRINK): { file: OpenFile; memfd: MemFd } {
  const file = t.task.memfdCreate("test");
  assert(file.file instanceof MemFd);
  file.file.truncate(pages * 4096);
  file.file.addSeals(seals);
  return { file, memfd: file.file };
}
const create = (dev: OpenFile, fd: number, offset: number, size: number, flags = 0) =>
  errno(() => dev.ioctl(uapi.UDMABUF_CREATE, uapi.udmabuf_create.of({ memfd: fd, flags, offset, size })));
const bufferOf = (t: TestSystem, fd: string | number): DmaBuf => {
  const file = t.task.file(Number(fd)).file;
  assert(file instanceof DmaBuf);
  return file;
};
function list(
  t: TestSystem,
  dev: OpenFile,
  items: { fd: number; offset: number; size: number }[],
  count = items.length,
) {
  const bytes = new Uint8Array(8 + items.length * 24);
  const head = uapi.udmabuf_create_list.at(bytes);
  head.count = count;
  items.forEach(({ fd, offset, size }, i) => {
    const item = uapi.udmabuf_create_item.at(bytes, 8 + i * 24);
    item.memfd = fd;
    item.offset = offset;
    item.size = size;
  });
  const user = t.task.heap.from(bytes);
  return errno(() => dev.ioctl(uapi.UDMABUF_CREATE_LIST, user.address));
}

Deno.test("C16 CREATE returns the fd of a buffer over the memfd's own memory", () => {
  using t = testSystem();
  using dev = t.task.open("/dev/udmabuf");
  const { file } = memfd(t, 4);
  file.mmap(16384)[4096] = 7;
  const fd = create(dev, file.fd, 4096, 8192, uapi.UDMABUF_FLAGS_CLOEXEC);
  const map = t.task.file(Number(fd)).mmap(8192);
  map[8191] = 9;
  assertEquals([map[0], file.mmap(16384)[12287], bufferOf(t, fd).size, t.used], [7, 9, 8192, 16384]);
  const fds = t.task.fds as unknown as { cloexec(fd: number): boolean };
  assertEquals([fds.cloexec(Number(fd)), fds.cloexec(Number(create(dev, file.fd, 0, 4096)))], [true, false]);
});

Deno.test("C16 F_SEAL_SHRINK is required, F_SEAL_WRITE forbidden; bad fds and other files are EBADFD", () => {
  using t = testSystem();
  using dev = t.task.open("/dev/udmabuf");
  const seals: [number, string | number][] = [
    [0, "EINVAL"],
    [uapi.F_SEAL_GROW, "EINVAL"],
    [uapi.F_SEAL_SHRINK | uapi.F_SEAL_WRITE, "EINVAL"],
    [uapi.F_SEAL_SHRINK | uapi.F_SEAL_FUTURE_WRITE, "EINVAL"],
  ];
  for (const [seal, expected] of seals) {
    assertEquals(create(dev, memfd(t, 1, seal).file.fd, 0, 4096), expected, String(seal));
  }
  for (const fd of [0xffff_ffff, 999, t.card.fd, dev.fd]) {
    assertEquals(create(dev, fd, 0, 4096), "EBADFD", String(fd));
  }
  const good = memfd(t, 1, uapi.F_SEAL_SHRINK | uapi.F_SEAL_GROW | uapi.F_SEAL_SEAL);
  assert(typeof create(dev, good.file.fd, 0, 4096) === "number");
});

Deno.test("C16 ranges are whole pages, not empty, inside the file, at most 64 MiB; checked before the fd", () => {
  using t = testSystem();
  using dev = t.task.open("/dev/udmabuf");
  const { file } = memfd(t, 4);
  for (
    const [offset, size] of [
      [1, 4096],
      [0, 1],
      [0, 0],
      [0, 5 * 4096],
      [4 * 4096, 4096],
      [2 ** 63, 4096],
      [0, 2 ** 63],
      [0, 64 * 2 ** 20 + 4096],
    ]
  ) {
    assertEquals(create(dev, file.fd, offset, size), "EINVAL", `${size} at ${offset}`);
  }
  assertEquals([create(dev, 999, 1, 4096), create(dev, 999, 0, 65 << 20)], ["EINVAL", "EINVAL"]);
  const large = memfd(t, 64 * 256);
  assert(typeof create(dev, large.file.fd, 0, 64 << 20) === "number");
});

Deno.test("C16 CREATE_LIST: neighbours in a memfd become one range; at most 1024 ranges; the list must be readable", () => {
  using t = testSystem();
  using dev = t.task.open("/dev/udmabuf");
  const { file } = memfd(t, 4);
  const bytes = file.mmap(16384);
  bytes[4096] = 1;
  bytes[8192] = 2;
  const fd = list(t, dev, [{ fd: file.fd, offset: 4096, size: 4096 }, { fd: file.fd, offset: 8192, size: 8192 }]);
  const map = t.task.file(Number(fd)).mmap(12288);
  assertEquals([map[0], map[4096], bufferOf(t, fd).size], [1, 2, 12288]);
  assertEquals([list(t, dev, []), list(t, dev, [], 1025), list(t, dev, [], 0xffff_ffff)], [
    "EINVAL",
    "EINVAL",
    "EINVAL",
  ]);
  const edge = t.task.alloc(1 << 20);
  const head = uapi.udmabuf_create_list.at(edge.bytes, (1 << 20) - 8);
  head.count = 1;
  assertEquals(errno(() => dev.ioctl(uapi.UDMABUF_CREATE_LIST, edge.address + BigInt((1 << 20) - 8))), "EFAULT");
  assertEquals(list(t, dev, [{ fd: file.fd, offset: 0, size: 4096 }, { fd: 999, offset: 0, size: 4096 }]), "EBADFD");
  assertEquals(list(t, dev, [{ fd: file.fd, offset: 0, size: 4096 }, { fd: file.fd, offset: 0, size: 0 }]), "EINVAL");
});

Deno.test("C16 a buffer of several memfds: a device sees each range; the CPU needs an allocator that joins them", () => {
  using t = testSystem();
  using dev = t.task.open("/dev/udmabuf");
  const a = memfd(t, 1), b = memfd(t, 2);
  a.file.mmap(4096)[0] = 1;
  b.file.mmap(8192)[4096] = 2;
  const fd = list(t, dev, [{ fd: b.file.fd, offset: 4096, size: 4096 }, { fd: a.file.fd, offset: 0, size: 4096 }]);
  const buffer = bufferOf(t, fd);
  assert(buffer.pages !== undefined);
  const guest = new GuestMemory();
  const first = pageSegments(buffer.pages).map(({ pages, offset, length }) => {
    const slot = guest.add(pages, offset, length);
    return guest.bytes(slot.gpa, 1)[0];
  });
  assertEquals([first, buffer.size], [[2, 1], 8192]);
  assertEquals(errno(() => t.task.file(Number(fd)).mmap(8192)), "ENOMEM");
  assertEquals(t.importFd(Number(fd)), 1);
});

Deno.test("C16 where the allocator can join ranges, they are mapped as one", () => {
  const joined: number[] = [];
  const heap = heapAllocator();
  using t = testSystem({
    pages: {
      allocate: (size, name) => heap.allocate(size, name),
      join: (segments) => {
        joined.push(...segments.map((s) => s.length));
        return heap.allocate(segments.reduce((sum, s) => sum + s.length, 0), "joined");
      },
    },
  });
  using dev = t.task.open("/dev/udmabuf");
  const a = memfd(t, 1), b = memfd(t, 1);
  const fd = list(t, dev, [{ fd: a.file.fd, offset: 0, size: 4096 }, { fd: b.file.fd, offset: 0, size: 4096 }]);
  assertEquals([t.task.file(Number(fd)).mmap(8192).length, joined], [8192, [4096, 4096]]);
});

Deno.test("C16 a buffer keeps the memfd's memory after its fd is closed, and gives it back", () => {
  using t = testSystem();
  using dev = t.task.open("/dev/udmabuf");
  const { file, memfd: made } = memfd(t, 1);
  const fd = Number(create(dev, file.fd, 0, 4096));
  const handle = t.importFd(fd);
  file.close();
  assertEquals([made.references, t.used], [1, 4096]);
  t.task.close(fd);
  t.closeGem(handle);
  assertEquals([made.references, t.used], [0, 0]);
});

Deno.test("C16 a failed CREATE leaves nothing pinned: EMFILE, an injected fault, a bad second range", () => {
  using t = testSystem({ process: { fdLimit: 3 } });
  const dev = t.task.open("/dev/udmabuf");
  const { file, memfd: made } = memfd(t, 1);
  assertEquals(create(dev, file.fd, 0, 4096), "EMFILE");
  using _fault = t.system.faults.inject("udmabuf.create", { error: "ENOMEM" });
  assertEquals(create(dev, file.fd, 0, 4096), "ENOMEM");
  assertEquals(
    list(t, dev, [{ fd: file.fd, offset: 0, size: 4096 }, { fd: file.fd, offset: 4096, size: 4096 }]),
    "EINVAL",
  );
  assertEquals(made.references, 1);
  made.addSeals(uapi.F_SEAL_WRITE);
});

Deno.test("udmabuf requests match the whole number", () => {
  using t = testSystem();
  using dev = t.task.open("/dev/udmabuf");
  for (const cmd of [uapi._IOC(1, "u", 0x42, 16), uapi._IOC(3, "u", 0x42, 24), uapi._IOC(1, "u", 0x44, 8)]) {
    assertEquals(errno(() => dev.ioctl(cmd, new Uint8Array(64))), "ENOTTY");
  }
});
