import { assert, assertEquals, assertThrows } from "@std/assert";
import { IOR, IOW, IOWR } from "../uapi/ioctl.ts";
import * as uapi from "../uapi/mod.ts";
import { type Struct, struct, u32 } from "../uapi/struct.ts";
import { defineDriver } from "./driver.ts";
import { DrmError } from "./error.ts";
import { type IoctlEntry, ioctlMaker, IoctlTable, MASTER, MAY_WAIT, RENDER_ALLOW } from "./ioctl.ts";
import { coreTable } from "./drm_table.ts";
import type { OpenFile } from "./process.ts";
import { errno, testDriver, testSystem } from "./testing.ts";
import { Wait } from "./wait.ts";

interface pair {
  a: number;
  b: number;
}
const pair: Struct<pair> = struct<pair>("pair", { a: u32, b: u32 }, { size: 8 });
const RW = IOWR<pair>("d", 0x40, pair);
const READ = IOR<pair>("d", 0x41, pair);
const WRITE = IOW<pair>("d", 0x42, pair);
const FAIL = IOWR<pair>("d", 0x43, pair);
const WAIT = IOWR<pair>("d", 0x44, pair);
const REFUSED = IOR<pair>("d", 0x45, pair);

const seen: { a: number; b: number }[] = [];
const waits: { wait: Wait; arg: { a: number; b: number } }[] = [];

/** A driver whose requests note what they are given and answer {100 + a, 200 + b}. */
const driver = testDriver({
  ioctls: ({ ioctl }) => {
    const answer = (arg: { a: number; b: number }): number => {
      seen.push({ a: arg.a, b: arg.b });
      arg.a += 100;
      arg.b += 200;
      return 0;
    };
    return [
      ioctl(RW, pair, RENDER_ALLOW, (_file, arg) => answer(arg)),
      ioctl(READ, pair, RENDER_ALLOW, (_file, arg) => answer(arg)),
      ioctl(WRITE, pair, RENDER_ALLOW, (_file, arg) => answer(arg)),
      ioctl(FAIL, pair, RENDER_ALLOW, (_file, arg) => {
        answer(arg);
        throw new DrmError("ENOSPC", "Cannot do it: it is made to fail");
      }),
      ioctl(WAIT, pair, RENDER_ALLOW | MAY_WAIT, (_file, arg) => {
        const wait = new Wait();
        waits.push({ wait, arg });
        return wait;
      }),
      ioctl(REFUSED, pair, MASTER, (_file, arg) => answer(arg)),
    ];
  },
});

const size = (cmd: number, bytes: number): number => ((cmd & ~(0x3fff << 16)) | (bytes << 16)) >>> 0;
const dir = (cmd: number, bits: number): number => ((cmd & 0x3fff_ffff) | (bits << 30)) >>> 0;
const words = (bytes: Uint8Array): number[] => [...new Uint32Array(bytes.slice().buffer)];

/** Sends `values` as the argument through a pointer; what the memory holds afterwards. */
function send(file: OpenFile, cmd: number, ...values: number[]): { result: number | string; memory: number[] } {
  const user = file.process.heap.from(new Uint8Array(Uint32Array.from(values).buffer));
  const result = errno(() => file.ioctl(cmd, user.address));
  return { result, memory: words(user.bytes) };
}

Deno.test("A1 a shorter argument is zero-filled for the driver, and only its bytes come back", () => {
  using t = testSystem({ drivers: [driver] });
  seen.length = 0;
  assertEquals(send(t.card, RW, 1, 2), { result: 0, memory: [101, 202] });
  assertEquals(send(t.card, size(RW, 4), 1, 2), { result: 0, memory: [101, 2] });
  assertEquals(send(t.card, size(RW, 0), 1, 2), { result: 0, memory: [1, 2] });
  assertEquals(seen, [{ a: 1, b: 2 }, { a: 1, b: 0 }, { a: 0, b: 0 }]);
});

Deno.test("A2 a longer argument: what the kernel does not know is ignored and unchanged, but must be readable", () => {
  using t = testSystem({ drivers: [driver] });
  assertEquals(send(t.card, size(RW, 16), 1, 2, 3, 4), { result: 0, memory: [101, 202, 3, 4] });
  const edge = t.task.alloc(1 << 20); // a chunk of its own: nothing lies behind it
  const at = edge.address + BigInt((1 << 20) - 8);
  assertEquals(errno(() => t.card.ioctl(RW, at)), 0);
  assertEquals(errno(() => t.card.ioctl(size(RW, 16), at)), "EFAULT");
});

Deno.test("A3 without IOC_IN the driver sees zeros, without IOC_OUT nothing comes back; either side's bits may lack", () => {
  using t = testSystem({ drivers: [driver] });
  seen.length = 0;
  assertEquals(send(t.card, READ, 1, 2), { result: 0, memory: [100, 200] });
  assertEquals(send(t.card, WRITE, 1, 2), { result: 0, memory: [1, 2] });
  assertEquals(send(t.card, dir(RW, 2), 1, 2), { result: 0, memory: [100, 200] });
  assertEquals(send(t.card, dir(RW, 1), 1, 2), { result: 0, memory: [1, 2] });
  assertEquals(send(t.card, dir(READ, 3), 1, 2), { result: 0, memory: [100, 200] });
  assertEquals(send(t.card, size(READ, 12), 1, 2, 3), { result: 0, memory: [100, 200, 0] });
  assertEquals(seen.map(({ a, b }) => [a, b]), [[0, 0], [1, 2], [0, 0], [1, 2], [0, 0], [0, 0]]);
});

Deno.test("A4 the argument comes back also with an error, and EFAULT overrides it", () => {
  using t = testSystem({ drivers: [driver] });
  assertEquals(send(t.card, FAIL, 1, 2), { result: "ENOSPC", memory: [101, 202] });
  const view = pair.of({ a: 1, b: 2 });
  assertEquals(errno(() => t.card.ioctl(FAIL, view)), "ENOSPC");
  assertEquals([view.a, view.b], [101, 202]);
  // Nothing readable is asked for, and nothing can be stored: the result of the driver does not count.
  assertEquals(errno(() => t.card.ioctl(dir(FAIL, 2), 0n)), "EFAULT");
});

Deno.test("A4 SET_VERSION's EINVAL still returns the real versions", () => {
  using t = testSystem();
  const arg = uapi.drm_set_version.of({ drm_di_major: 2, drm_di_minor: 0, drm_dd_major: -1, drm_dd_minor: 0 });
  assertEquals(errno(() => t.card.ioctl(uapi.DRM_IOCTL_SET_VERSION, arg)), "EINVAL");
  assertEquals([arg.drm_di_major, arg.drm_di_minor, arg.drm_dd_major, arg.drm_dd_minor], [1, 4, 2, 3]);
});

Deno.test("A5 holes, numbers beyond the tables and driver numbers without a line are EINVAL; another type is ENOTTY", () => {
  using t = testSystem({ drivers: [driver] });
  const holes: number[] = [
    uapi.DRM_IOCTL_GET_MAP,
    uapi.DRM_IOCTL_AGP_ACQUIRE,
    uapi.DRM_IOCTL_LOCK,
    uapi.DRM_IOCTL_DMA,
    uapi.DRM_IOCTL_SG_FREE,
  ];
  for (const cmd of holes) assertEquals(errno(() => t.card.ioctl(cmd, 0n)), "EINVAL", cmd.toString(16));
  for (const nr of [0x46, 0x9f, 0xd3, 0xff]) {
    assertEquals(errno(() => t.card.ioctl(IOWR<pair>("d", nr, pair), pair.of())), "EINVAL", nr.toString(16));
  }
  assertEquals(errno(() => t.card.ioctl(IOWR<pair>("e", 0x40, pair), pair.of())), "ENOTTY");
});

Deno.test("the order of checks: EFAULT before EACCES, EACCES before the request's own", () => {
  using t = testSystem({ drivers: [driver] });
  using second = t.task.open("/dev/dri/card0");
  const cap = uapi.drm_set_version.of();
  assertEquals(errno(() => second.ioctl(uapi.DRM_IOCTL_SET_VERSION, cap)), "EACCES");
  assertEquals(errno(() => second.ioctl(uapi.DRM_IOCTL_SET_VERSION, 0n)), "EFAULT");
  using render = t.task.open("/dev/dri/renderD128");
  assertEquals(errno(() => render.ioctl(uapi.DRM_IOCTL_SET_CLIENT_CAP, uapi.drm_set_client_cap.of())), "EACCES");
  assertEquals(errno(() => t.card.ioctl(uapi.DRM_IOCTL_SET_CLIENT_CAP, uapi.drm_set_client_cap.of())), "EOPNOTSUPP");
  // A refused request that asks for nothing gives zeros back.
  assertEquals(send(second, REFUSED, 1, 2), { result: "EACCES", memory: [0, 0] });
});

Deno.test("arguments of every kind: view, bytes, pointer as bigint and number; what is none of them is EFAULT", () => {
  using t = testSystem({ drivers: [driver] });
  const view = pair.of({ a: 1, b: 2 });
  assertEquals([t.card.ioctl(RW, view), view.a, view.b], [0, 101, 202]);
  const bytes = new Uint8Array([1, 0, 0, 0, 2, 0, 0, 0, 9]);
  assertEquals([t.card.ioctl(RW, bytes), bytes[0], bytes[4], bytes[8]], [0, 101, 202, 9]);
  const array = Uint32Array.of(1, 2);
  assertEquals([t.card.ioctl(RW, array), ...array], [0, 101, 202]);
  const user = t.task.alloc(8);
  assertEquals([t.card.ioctl(RW, Number(user.address)), user.bytes[0]], [0, 100]);
  assertEquals(errno(() => t.card.ioctl(RW, new Uint8Array(7))), "EFAULT");
  for (const arg of [undefined, 0, -1, 1.5, NaN, 0n, -1n, 2n ** 64n, 2n ** 70n]) {
    assertEquals(errno(() => t.card.ioctl(RW, arg)), "EFAULT", String(arg));
  }
  // A view of another struct is as good as its bytes.
  const other = uapi.drm_gem_close.of({ handle: 1, pad: 2 });
  assertEquals([t.card.ioctl(RW as number, other), other.handle, other.pad], [0, 101, 202]);
});

Deno.test("a request that only reads leaves an in-process caller's struct as it was", () => {
  using t = testSystem({ drivers: [driver] });
  const view = pair.of({ a: 1, b: 2 });
  assertEquals([t.card.ioctl(WRITE, view), view.a, view.b], [0, 1, 2]);
});

Deno.test("a waiting request copies out when it completes, and one that overlaps it has an argument of its own", () => {
  using t = testSystem({ drivers: [driver] });
  waits.length = 0;
  const results: number[] = [];
  const users = [1, 2].map((a) => t.task.heap.from(new Uint8Array(Uint32Array.of(a, a).buffer)));
  for (const user of users) {
    const wait = t.card.file.ioctl(t.task, WAIT, user.address);
    assert(wait instanceof Wait);
    wait.onDone((result) => results.push(result));
  }
  assertEquals(waits.map(({ arg }) => arg.a), [1, 2]);
  waits[1].arg.a = 22;
  waits[1].wait.complete(0);
  waits[0].arg.a = 11;
  waits[0].wait.complete(-16);
  assertEquals([results, users.map((u) => words(u.bytes))], [[0, -16], [[11, 1], [22, 2]]]);
});

Deno.test("ioctl of a request that has to wait is a TypeError, wait() resolves, a signal interrupts with EINTR", async () => {
  using t = testSystem({ drivers: [driver] });
  waits.length = 0;
  assertThrows(() => t.card.ioctl(WAIT, pair.of()), TypeError, "has to wait");
  assertEquals(waits[0].wait.result, -4);
  const view = pair.of({ a: 5 });
  const pending = t.card.wait(WAIT, view);
  waits[1].arg.a = 6;
  waits[1].wait.complete(3);
  assertEquals([await pending, view.a], [3, 6]);
  const signal = AbortSignal.abort();
  assertEquals(await t.card.wait(WAIT, pair.of(), { signal }), -4);
});

Deno.test("MAY_WAIT marks a line and is no permission; a handler without the mark that waits is a TypeError", () => {
  const wait = new Wait();
  const unmarked = testDriver({ ioctls: ({ ioctl }) => [ioctl(RW, pair, RENDER_ALLOW, () => wait)] });
  using t = testSystem({ drivers: [driver, unmarked] });
  const line = (cmd: number): unknown[] => {
    const entry = t.device.table.find(cmd);
    return [entry?.mayWait, entry?.flags];
  };
  assertEquals([line(WAIT), line(RW)], [[true, RENDER_ALLOW], [false, RENDER_ALLOW]]);
  assertThrows(() => t.task.open("/dev/dri/card1").ioctl(RW, pair.of()), TypeError, "MAY_WAIT");
  assertEquals(wait.result, -4); // nobody is left waiting
});

Deno.test("a system call holds its file: closing the fd while it waits releases the file afterwards", async () => {
  using t = testSystem({ drivers: [driver] });
  waits.length = 0;
  const file = t.task.open("/dev/dri/card0");
  const pending = file.wait(WAIT, pair.of());
  file.close();
  assertEquals([file.file.references, t.device.files.size], [1, 2]);
  waits[0].wait.complete(0);
  await pending;
  assertEquals([file.file.references, t.device.files.size], [0, 1]);
});

Deno.test("IoctlTable refuses two lines of one number; by whole numbers, two sizes are two requests", () => {
  const { ioctl } = ioctlMaker<never>();
  const lines: IoctlEntry[] = [ioctl(RW, pair, 0, () => 0), ioctl(size(RW, 4) as typeof RW, pair, 0, () => 0)];
  assertThrows(() => new IoctlTable(lines, "nr"), TypeError, "taken");
  const table = new IoctlTable(lines, "cmd", { MY_IOCTL: RW });
  assertEquals([table.find(RW)?.name, table.has(size(RW, 4)), table.has(READ)], ["MY_IOCTL", true, false]);
});

Deno.test("defineDriver refuses numbers out of range and out of order", () => {
  const define = (...cmds: number[]) =>
    defineDriver({
      name: "x",
      desc: "x",
      version: [1, 0, 0],
      features: [],
      ioctls: ({ ioctl }) => cmds.map((cmd) => ioctl(cmd, undefined, 0, () => 0)),
    });
  assertEquals(define(0x6440, 0x649f).ioctls.length, 2);
  for (const cmds of [[0x643f], [0x64a0], [0x6441, 0x6440], [0x6440, 0x6440]]) {
    assertThrows(() => define(...cmds), TypeError, "out of");
  }
});

Deno.test("older encodings that are still sent find their line", () => {
  const older: [number, number][] = [
    [0xc020_64c3, uapi.DRM_IOCTL_SYNCOBJ_WAIT],
    [0xc028_64c3, uapi.DRM_IOCTL_SYNCOBJ_WAIT],
    [0xc028_64ca, uapi.DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT],
    [0xc030_64ca, uapi.DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT],
    [0xc010_64c1, uapi.DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD],
    [0xc018_64c1, uapi.DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD],
  ];
  for (const [cmd, today] of older) assertEquals(coreTable().find(cmd)?.cmd, today, cmd.toString(16));
  using t = testSystem();
  // The 32-byte SYNCOBJ_WAIT of libdrm: no handles, nothing to wait for (F4).
  const user = t.task.alloc(32);
  assertEquals(t.card.ioctl(0xc020_64c3, user.address), 0);
  // The 16-byte SYNCOBJ_HANDLE_TO_FD without `point`.
  const create = uapi.drm_syncobj_create.of();
  t.card.ioctl(uapi.DRM_IOCTL_SYNCOBJ_CREATE, create);
  const toFd = t.task.heap.from(new Uint8Array(Int32Array.of(create.handle, 0, -1, 0).buffer));
  assertEquals(t.card.ioctl(0xc010_64c1, toFd.address), 0);
  assertEquals(t.task.file(words(toFd.bytes)[2]).file.kind, "syncobj");
});

Deno.test("the core table holds no number of the drivers' range, and every line has a name", () => {
  for (const entry of coreTable().entries) {
    const nr = uapi._IOC_NR(entry.cmd);
    assert(nr < 0x40 || nr >= 0xa0, entry.name);
    assert(entry.name !== undefined, entry.cmd.toString(16));
    assertEquals(entry.struct?.size ?? 0, entry.struct ? uapi._IOC_SIZE(entry.cmd) : 0, entry.name);
  }
});
