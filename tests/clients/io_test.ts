// Files of clients beside their ioctls: io_client.c, io_wait.c and io_share.c say what is demanded.
import { assertEquals } from "@std/assert";
import { fdLimit, setFdLimit } from "udrm/drivers/os/mod.ts";
import { openFds } from "udrm/drivers/os/testing.ts";
import { drivers } from "udrm/mod.ts";
import { compile, Rig } from "./rig.ts";

const io = (): string => compile("io_client.c", "io_wait.c", "io_share.c");

const TESTS: readonly [name: string, what: string][] = [
  ["flags", "F_GETFL shows how a file was opened, and flags can be changed"],
  ["data", "what cannot be read, written, seeked or spliced says so as the kernel"],
  ["pollout", "DRM files and sync_files are never writable, in poll, select and epoll"],
  ["poll", "C11 poll and select of a dma-buf wait for writers, or for all"],
  ["epoll", "C11 epoll of a dma-buf shows what is pending, through dup, fork, close and another fence"],
  ["inherited", "C11 poll and epoll of a dma-buf work in a program that got it by exec"],
  ["import", "C8 PRIME_FD_TO_HANDLE of another file is EINVAL, of a closed one EBADF"],
  ["eventfd", "F20 SYNCOBJ_EVENTFD signals a client's eventfd, closed or full, and takes no other file"],
  ["udmabuf", "C16 a udmabuf of a client's memfd is that memory, polls, and outlives it"],
  ["udmabuf_list", "C16 a udmabuf of many ranges maps as one"],
  ["syscall", "syscall(2) does what the C library's functions do"],
  ["cancel", "a cancelled thread leaves nothing behind, and ioctl is no cancellation point"],
  ["processes", "vfork children and children of signal handlers have requests of their own"],
];

for (const [name, what] of TESTS) {
  Deno.test(`preload: ${what}`, async () => {
    await using rig = await Rig.make();
    const before = openFds();
    assertEquals(await rig.run(io(), name), { code: 0, out: "", err: "" });
    const { server } = rig;
    await rig.serve(() => server.clients + server.files + server.dmaBufs + server.pipes === 0, 5);
    assertEquals([server.strangers, rig.system.devices[0].files.size, rig.errors], [0, 0, []]);
    // The watch of closed files, what signals eventfds (its file), and nothing that grows.
    assertEquals(openFds() - before <= 1, true);
  });
}

Deno.test("preload: files of debugfs are read, written and positioned", async () => {
  await using rig = await Rig.make((display) => [drivers.vkms({ display })]);
  assertEquals(await rig.run(io(), "debugfs"), { code: 0, out: "", err: "" });
  await rig.serve(() => rig.server.clients + rig.server.files === 0, 5);
  assertEquals(rig.errors, []);
});

Deno.test("preload: abuse of eventfds, pipes, memfds and requests about them harms only the abuser", async () => {
  await using rig = await Rig.make();
  const good = rig.start(io(), "poll", "epoll", "eventfd", "udmabuf");
  assertEquals(await rig.run(compile("hostile2.c")), { code: 0, out: "", err: "" });
  assertEquals(await good.ended(), { code: 0, out: "", err: "" });
  const { server } = rig;
  await rig.serve(() => server.clients + server.files + server.dmaBufs + server.pipes === 0, 5);
  assertEquals([server.strangers, rig.errors], [0, []]);
});

Deno.test("preload: a server without descriptors says ENFILE, keeps nobody waiting, and recovers", async () => {
  await using rig = await Rig.make();
  const before = openFds();
  const { soft, hard } = fdLimit();
  const running = rig.start(io(), "exhaust");
  await rig.serve(() => running.out.includes("ready"));
  const highest = Math.max(...[...Deno.readDirSync("/proc/self/fd")].map(({ name }) => Number(name)));
  setFdLimit(highest + 20, hard);
  try {
    await running.end();
    assertEquals(await running.ended(), { code: 0, out: "ready\n", err: "" });
  } finally {
    setFdLimit(soft, hard);
  }
  const { server } = rig;
  await rig.serve(() => server.clients + server.files + server.dmaBufs + server.pipes === 0, 5);
  assertEquals([server.strangers, rig.errors, openFds() - before <= 0], [0, [], true]);
});
