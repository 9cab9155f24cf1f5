import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_RDONLY,
  O_RDWR,
  O_TRUNC,
  O_WRONLY,
  POLLIN,
  POLLOUT,
  SEEK_CUR,
  SEEK_END,
  SEEK_SET,
} from "../uapi/fcntl.ts";
import { DebugFolder, DEBUGFS, debugfsPath, DebugLink } from "./debugfs.ts";
import { DebugFolderFile, DebugSnapshot } from "./debugfs_file.ts";
import { DrmError } from "./error.ts";
import type { OpenFile } from "./process.ts";
import { System } from "./system.ts";
import { errno } from "./testing.ts";

/** What read(2) gives until the end, in pieces of `piece` bytes. */
function textOf(file: OpenFile, piece = 4096): string {
  const bytes: number[] = [];
  const buffer = new Uint8Array(piece);
  for (let n = file.read(buffer); n > 0; n = file.read(buffer)) bytes.push(...buffer.subarray(0, n));
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

/** A tree with a file that counts its readings, and one that keeps what is written. */
function rig() {
  const system = new System();
  const written: Uint8Array[] = [];
  const state = { reads: 0, written, fail: false };
  const folder = system.debugfs.folder("test");
  folder.file("count", { mode: 0o444, read: () => `reading ${++state.reads}\n` });
  folder.file("set", {
    mode: 0o644,
    read: () => "0123456789",
    write: (data) => {
      if (state.fail) throw new DrmError("ENOSPC", "Cannot keep it");
      written.push(data.slice());
    },
  });
  folder.file("moving", { mode: 0o644, read: () => "0123456789", write: () => {}, writeMoves: true });
  folder.file("sink", { mode: 0o200, write: () => {} });
  folder.link("other", "count");
  return { system, state, folder, task: system.process(), [Symbol.dispose]: () => system[Symbol.dispose]() };
}

Deno.test("DebugFolder: names lead to folders, files and links, in the order of making", () => {
  const root = new DebugFolder();
  const a = root.folder("a");
  assertEquals(root.folder("a"), a);
  const file = { mode: 0o444, read: () => "" };
  a.folder("b").file("c", file);
  root.link("n", "a");
  assertEquals([...root.entries.keys()], ["a", "n"]);
  assert(root.entries.get("n") instanceof DebugLink);
  for (const path of ["a/b/c", "n/b/c", "/a//b/./c", "a/../n/b/c", "../a/b/c", "a/b/../b/c"]) {
    assertEquals(root.lookup(path), file, path);
  }
  assertEquals(root.lookup(""), root);
  assertEquals(root.lookup("a/.."), root);
  for (const path of ["b", "a/c", "a/b/c/d", "a/b/c/", "a/b/c/..", "n/n"]) {
    assertEquals(root.lookup(path), undefined, path);
  }
  root.link("loop", "loop");
  root.link("loose", "nothing");
  assertEquals([root.lookup("loop"), root.lookup("loose/x")], [undefined, undefined]);
});

Deno.test("DebugFolder: a name is taken once, and is one", () => {
  const root = new DebugFolder();
  root.file("a", { mode: 0 });
  for (const name of ["a", "", ".", "..", "x/y"]) assertThrows(() => root.file(name, { mode: 0 }), TypeError);
  assertThrows(() => root.folder("a"), TypeError, "it exists");
  assertThrows(() => root.attach("a", new DebugFolder()), TypeError);
  root.remove("a");
  root.remove("never there");
  root.file("a", { mode: 0 });
});

Deno.test("debugfsPath: the mount's own paths alone", () => {
  assertEquals(debugfsPath(DEBUGFS), "");
  assertEquals(debugfsPath(`${DEBUGFS}/dri/0/state`), "dri/0/state");
  for (const path of ["/dev/dri/card0", "/sys/kernel/debugger", "/sys/kernel", ""]) {
    assertEquals(debugfsPath(path), undefined);
  }
});

Deno.test("debugfs: open refuses as the VFS does", () => {
  using t = rig();
  const { task } = t;
  const open = (path: string, flags: number): string => {
    try {
      task.open(`${DEBUGFS}/${path}`, flags).close();
      return "ok";
    } catch (error) {
      return errno(() => {
        throw error;
      });
    }
  };
  for (
    const [path, flags, outcome] of [
      ["test/count", O_RDONLY, "ok"],
      ["test/other", O_RDONLY, "ok"],
      ["test/count", O_RDWR, "EACCES"],
      ["test/count", O_WRONLY, "EACCES"],
      ["test/set", O_RDWR, "ok"],
      ["test/set", O_WRONLY | O_TRUNC | O_CREAT, "ok"],
      ["test/set", O_WRONLY | O_CREAT | O_EXCL, "EEXIST"],
      ["test/sink", O_RDONLY, "EACCES"],
      ["test/sink", O_WRONLY, "ok"],
      ["test/count", O_RDONLY | O_DIRECTORY, "ENOTDIR"],
      ["test/count/", O_RDONLY, "ENOTDIR"],
      ["test/count/x", O_RDONLY, "ENOTDIR"],
      ["test", O_RDONLY | O_DIRECTORY, "ok"],
      ["", O_RDONLY, "ok"],
      ["test", O_RDWR, "EISDIR"],
      ["test", O_RDONLY | O_CREAT, "EISDIR"],
      ["test/none", O_RDONLY, "ENOENT"],
      ["none/none", O_RDONLY | O_CREAT, "ENOENT"],
      ["test/none", O_WRONLY | O_CREAT, "EACCES"],
    ] as const
  ) assertEquals(open(path, flags), outcome, `${path} 0x${flags.toString(16)}`);
  // CAP_DAC_OVERRIDE.
  using root = t.system.process({ uid: 0 });
  using file = root.open(`${DEBUGFS}/test/count`, O_RDWR);
  assertEquals(errno(() => file.write(new Uint8Array(1))), "EINVAL");
});

Deno.test("seq_file: the text is made when reading begins, and stays until it begins again", () => {
  using t = rig();
  using file = t.task.open(`${DEBUGFS}/test/count`, O_RDONLY);
  assertEquals(t.state.reads, 0);
  const buffer = new Uint8Array(4);
  assertEquals([file.read(buffer), new TextDecoder().decode(buffer)], [4, "read"]);
  assertEquals(textOf(file, 3), "ing 1\n");
  assertEquals([file.read(buffer), t.state.reads], [0, 1]);
  assertEquals(file.lseek(0, SEEK_SET), 0);
  assertEquals(textOf(file), "reading 2\n");
  assertEquals(file.lseek(-2, SEEK_CUR), 8);
  assertEquals(textOf(file), "3\n"); // seq_lseek makes it anew
  assertEquals(file.lseek(1 << 20, SEEK_SET), 1 << 20);
  assertEquals(file.read(buffer), 0);
  assertEquals(file.lseek(0, SEEK_SET), 0);
  assertEquals(file.read(new Uint8Array(0)), 0);
  for (const [offset, whence] of [[-1, SEEK_SET], [0, SEEK_END], [0, 9], [0.5, SEEK_SET], [2 ** 60, SEEK_SET]]) {
    assertEquals(errno(() => file.lseek(offset, whence)), "EINVAL", `${offset} ${whence}`);
  }
});

Deno.test("debugfs: two who read do not see each other; a duplicate shares the position", () => {
  using t = rig();
  using a = t.task.open(`${DEBUGFS}/test/count`, O_RDONLY), b = t.task.open(`${DEBUGFS}/test/count`, O_RDONLY);
  using c = t.task.file(t.task.dup(a.fd));
  const buffer = new Uint8Array(8);
  a.read(buffer);
  assertEquals([textOf(b), textOf(c), textOf(a)], ["reading 2\n", "1\n", ""]);
});

Deno.test("debugfs: one write(2) is one call, whole; its errors are write's", () => {
  using t = rig();
  using file = t.task.open(`${DEBUGFS}/test/set`, O_RDWR);
  assertEquals(file.write(new TextEncoder().encode("on\n")), 3);
  assertEquals(file.write(new Uint8Array(0)), 0);
  assertEquals(t.state.written.map((data) => data.length), [3, 0]);
  t.state.fail = true;
  assertEquals(errno(() => file.write(new Uint8Array(1))), "ENOSPC");
  assertEquals(textOf(file), "0123456789"); // its position did not move
  using moving = t.task.open(`${DEBUGFS}/test/moving`, O_RDWR);
  assertEquals(moving.write(new Uint8Array(4)), 4);
  assertEquals(textOf(moving), "456789");
  using sink = t.task.open(`${DEBUGFS}/test/sink`, O_WRONLY);
  assertEquals(errno(() => sink.read(new Uint8Array(1))), "EBADF");
  using reader = t.task.open(`${DEBUGFS}/test/set`, O_RDONLY);
  assertEquals(errno(() => reader.write(new Uint8Array(1))), "EBADF");
  assertEquals(reader.poll(POLLIN | POLLOUT), POLLIN | POLLOUT);
  assertEquals(errno(() => reader.mmap(4096)), "EACCES");
  assertEquals(errno(() => reader.ioctl(0x6400 as never)), "ENOTTY");
});

Deno.test("debugfs: a file that is removed answers EIO, a folder that is removed takes all with it", () => {
  using t = rig();
  using file = t.task.open(`${DEBUGFS}/test/set`, O_RDWR), link = t.task.open(`${DEBUGFS}/test/other`, O_RDONLY);
  let told = 0;
  t.folder.file("told", { mode: 0o444, read: () => "", removed: () => void told++ });
  t.system.debugfs.remove("test");
  assertEquals(told, 1);
  assertEquals([t.folder.entries.size, errno(() => t.task.open(`${DEBUGFS}/test/set`, O_RDONLY))], [0, "ENOENT"]);
  for (
    const call of [() => file.read(new Uint8Array(9)), () => file.write(new Uint8Array(9)), () => file.lseek(0, 0)]
  ) {
    assertEquals(errno(call), "EIO");
  }
  assertEquals(errno(() => link.read(new Uint8Array(9))), "EIO");
  t.system.debugfs.folder("test").file("set", { mode: 0o644, read: () => "another" });
  assertEquals(errno(() => file.read(new Uint8Array(9))), "EIO");
});

Deno.test("debugfs: folders are opened and listed, not read", () => {
  using t = rig();
  using opened = t.task.open(`${DEBUGFS}/test`, O_RDONLY);
  assert(opened.file instanceof DebugFolderFile);
  assertEquals([...opened.file.folder.entries.keys()], ["count", "set", "moving", "sink", "other"]);
  assertEquals(errno(() => opened.read(new Uint8Array(9))), "EISDIR");
  assertEquals(errno(() => opened.write(new Uint8Array(9))), "EBADF");
});

Deno.test("DebugSnapshot.data: what a door may hand out instead of a file", () => {
  using t = rig();
  using opened = t.task.open(`${DEBUGFS}/test/count`, O_RDONLY);
  const { file } = opened;
  assert(file instanceof DebugSnapshot);
  assertEquals(new TextDecoder().decode(file.data), "reading 1\n");
  assertEquals(new TextDecoder().decode(file.data), "reading 2\n");
  t.folder.file("broken", {
    mode: 0o444,
    read: () => {
      throw new DrmError("ENODEV", "Cannot tell");
    },
  });
  using broken = t.task.open(`${DEBUGFS}/test/broken`, O_RDONLY);
  assertEquals(errno(() => broken.read(new Uint8Array(9))), "ENODEV");
});

Deno.test("debugfs: any reads, writes and seeks give what a file of these bytes gives", () => {
  const step = fc.oneof(
    fc.record({ op: fc.constant("read" as const), value: fc.nat(16) }),
    fc.record({ op: fc.constant("write" as const), value: fc.nat(16) }),
    fc.record({ op: fc.constant("set" as const), value: fc.oneof(fc.integer({ min: -4, max: 20 }), fc.double()) }),
    fc.record({ op: fc.constant("cur" as const), value: fc.integer({ min: -12, max: 12 }) }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 30 }), fc.constantFrom("set", "moving"), (steps, name) => {
    using t = rig();
    using file = t.task.open(`${DEBUGFS}/test/${name}`, O_RDWR);
    let position = 0;
    for (const { op, value } of steps) {
      if (op === "read") {
        const buffer = new Uint8Array(value);
        const expected = "0123456789".slice(position, position + value);
        assertEquals(file.read(buffer), expected.length);
        assertEquals(new TextDecoder().decode(buffer.subarray(0, expected.length)), expected);
        position += expected.length;
      } else if (op === "write") {
        assertEquals(file.write(new Uint8Array(value)), value);
        if (name === "moving") position += value;
      } else {
        const target = op === "set" ? value : position + value;
        if (Number.isSafeInteger(target) && target >= 0) {
          assertEquals(file.lseek(value, op === "set" ? SEEK_SET : SEEK_CUR), position = target);
        } else assertEquals(errno(() => file.lseek(value, op === "set" ? SEEK_SET : SEEK_CUR)), "EINVAL");
      }
    }
  }));
});
