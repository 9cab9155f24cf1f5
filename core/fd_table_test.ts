import { assertEquals } from "@std/assert";
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
