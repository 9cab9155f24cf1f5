import { assertEquals, assertThrows } from "@std/assert";
import { F_SEAL_SHRINK, POLLIN, POLLNVAL, SEEK_END } from "../uapi/fcntl.ts";
import { LocalFdTable } from "./fd_table.ts";
import { MemFd } from "./memfd.ts";
import { errno, testSystem } from "./testing.ts";

Deno.test("fds: the lowest free number, from 0; EMFILE at the limit; EBADF for what is not open", () => {
  using t = testSystem({ process: { fdLimit: 4 } });
  const open = () => t.task.memfdCreate("x").fd;
  assertEquals([t.card.fd, open(), open(), open(), errno(open)], [0, 1, 2, 3, "EMFILE"]);
  t.task.close(2);
  t.task.close(1);
  assertEquals([open(), open(), errno(() => t.task.dup(0))], [1, 2, "EMFILE"]);
  assertEquals([errno(() => t.task.close(9)), errno(() => t.task.dup(9)), errno(() => t.task.file(-1))], [
    "EBADF",
    "EBADF",
    "EBADF",
  ]);
});

Deno.test("a reserved fd is taken and not open; installing opens it, unreserving gives it back", () => {
  using t = testSystem();
  const table = new LocalFdTable(8);
  const fd = table.reserve();
  assertEquals([fd, table.get(fd), errno(() => table.close(fd)), table.reserve()], [0, undefined, "EBADF", 1]);
  table.unreserve(1);
  const file = new MemFd(t.task, "x", 0);
  table.install(fd, file, true);
  assertEquals([table.get(fd) === file, table.cloexec(fd), table.cloexec(1), table.count], [true, true, false, 1]);
  table.close(fd);
  assertEquals([file.references, table.cloexec(fd), table.count], [0, false, 0]);
});

Deno.test("an fd goes to another process as a duplicate; each process has numbers of its own", () => {
  using t = testSystem();
  using other = t.system.process();
  const fd = other.receive(t.task, t.card.fd);
  assertEquals([fd, other.file(fd).file === t.card.file, t.card.file.references], [0, true, 2]);
  t.card.close();
  const files = () => t.device.files.size;
  assertEquals(files(), 1);
  other.close(fd);
  assertEquals(files(), 0);
});

Deno.test("EMFILE when a node is opened: the file is released again", () => {
  using t = testSystem({ process: { fdLimit: 1 } });
  assertEquals([errno(() => t.task.open("/dev/dri/card0")), t.device.files.size], ["EMFILE", 1]);
});

Deno.test("a closed fd is EBADF, POLLNVAL for poll, though another fd keeps the file open", async () => {
  using t = testSystem();
  const memory = t.task.memfdCreate("x");
  const other = t.task.file(t.task.dup(memory.fd));
  assertEquals([memory.write(Uint8Array.of(7)), memory.poll(POLLIN)], [1, POLLIN]);
  memory.close();
  const bytes = new Uint8Array(1);
  for (
    const use of [
      () => memory.ioctl(0 as never),
      () => memory.read(bytes),
      () => memory.write(bytes),
      () => memory.map(4096),
      () => memory.lseek(0, 0),
      () => memory.close(),
    ]
  ) assertEquals(errno(use), "EBADF");
  assertEquals([memory.poll(POLLIN), await memory.pollWait(POLLIN)], [POLLNVAL, POLLNVAL]);
  assertEquals(other.poll(POLLIN), POLLIN);
  // The number may belong to somebody else by now: a stale fd neither reads nor closes that.
  const heir = t.task.memfdCreate("y");
  assertEquals([heir.fd, errno(() => memory.close()), errno(() => memory.read(bytes))], [memory.fd, "EBADF", "EBADF"]);
  memory[Symbol.dispose]();
  assertEquals(heir.poll(POLLIN), POLLIN);
});

Deno.test("an fd does not go to a process of another system, and a process that has exited opens nothing", () => {
  using t = testSystem();
  using elsewhere = testSystem();
  assertThrows(() => elsewhere.task.receive(t.task, t.card.fd), TypeError, "another system");
  const other = t.system.process();
  other[Symbol.dispose]();
  assertThrows(() => other.open("/dev/dri/card0"), TypeError, "has exited");
  assertEquals(t.device.files.size, 1);
});

Deno.test("a client makes memfds and eventfds by itself: a udmabuf of one, a counter by the other", () => {
  using t = testSystem();
  const memory = t.task.memfdCreate("x");
  memory.ftruncate(4096);
  memory.addSeals(F_SEAL_SHRINK);
  assertEquals([memory.lseek(0, SEEK_END), errno(() => memory.ftruncate(0))], [4096, "EPERM"]);
  const counter = t.task.eventfd(3);
  const bytes = new Uint8Array(8);
  assertEquals([counter.poll(POLLIN), counter.read(bytes), bytes[0], counter.poll(POLLIN)], [POLLIN, 8, 3, 0]);
  assertEquals([errno(() => counter.ftruncate(1)), errno(() => t.card.addSeals(1))], ["EINVAL", "EINVAL"]);
});
