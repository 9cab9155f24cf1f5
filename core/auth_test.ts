import { assertEquals } from "@std/assert";
import * as uapi from "../uapi/mod.ts";
import type { OpenFile } from "./process.ts";
import { drmFile, errno, testSystem } from "./testing.ts";

const setMaster = (file: OpenFile) => errno(() => file.ioctl(uapi.DRM_IOCTL_SET_MASTER));
const dropMaster = (file: OpenFile) => errno(() => file.ioctl(uapi.DRM_IOCTL_DROP_MASTER));
function getMagic(file: OpenFile): number {
  const arg = uapi.drm_auth.of();
  file.ioctl(uapi.DRM_IOCTL_GET_MAGIC, arg);
  return arg.magic;
}
const authMagic = (file: OpenFile, magic: number) =>
  errno(() => file.ioctl(uapi.DRM_IOCTL_AUTH_MAGIC, uapi.drm_auth.of({ magic })));
const state = (file: OpenFile) => [drmFile(file).isCurrentMaster, drmFile(file).authenticated];

Deno.test("K1 the first opener of the primary node is master and authenticated; root is always authenticated", () => {
  using t = testSystem();
  using second = t.task.open("/dev/dri/card0");
  using root = t.system.process({ uid: 0 });
  using third = root.open("/dev/dri/card0");
  using render = t.task.open("/dev/dri/renderD128");
  assertEquals([state(t.card), state(second), state(third), state(render)], [
    [true, true],
    [false, false],
    [false, true],
    [false, false],
  ]);
});

Deno.test("K1 a render node makes no master", () => {
  using t = testSystem();
  t.card.close();
  using render = t.task.open("/dev/dri/renderD128");
  assertEquals(state(render), [false, false]);
  using card = t.task.open("/dev/dri/card0");
  assertEquals(state(card), [true, true]);
});

Deno.test("K2 a former master of the same process may come back, a file that never was one may not", () => {
  using t = testSystem();
  using second = t.task.open("/dev/dri/card0");
  assertEquals([setMaster(t.card), setMaster(second), dropMaster(second)], [0, "EACCES", "EACCES"]);
  assertEquals([dropMaster(t.card), state(t.card), dropMaster(t.card)], [0, [false, true], "EINVAL"]);
  assertEquals([setMaster(second), setMaster(t.card), state(t.card)], ["EACCES", 0, [true, true]]);
});

Deno.test("K2 another process needs CAP_SYS_ADMIN even with the master's own fd", () => {
  using t = testSystem();
  using user = t.system.process();
  using root = t.system.process({ uid: 0 });
  const lent = user.file(user.receive(t.task, t.card.fd));
  assertEquals([dropMaster(lent), setMaster(lent)], ["EACCES", "EACCES"]);
  const rootLent = root.file(root.receive(t.task, t.card.fd));
  assertEquals([dropMaster(rootLent), setMaster(rootLent)], [0, 0]);
});

Deno.test("K2 SET_MASTER while another reigns is EBUSY; when the throne is free, root's file gets a master of its own", () => {
  using t = testSystem();
  using root = t.system.process({ uid: 0 });
  using second = root.open("/dev/dri/card0");
  assertEquals(setMaster(second), "EBUSY");
  dropMaster(t.card);
  assertEquals([setMaster(second), state(second), drmFile(second).master === drmFile(t.card).master], [
    0,
    [true, true],
    false,
  ]);
  assertEquals(setMaster(t.card), "EBUSY");
  assertEquals([dropMaster(second), setMaster(t.card)], [0, 0]);
});

Deno.test("K2 the throne falls free when the master's last fd closes, and the next opener gets it", () => {
  using t = testSystem();
  using second = t.task.open("/dev/dri/card0");
  const dup = t.task.dup(t.card.fd);
  t.card.close();
  assertEquals(t.device.master === undefined, false);
  t.task.close(dup);
  assertEquals([t.device.master, state(second)], [undefined, [false, false]]);
  using third = t.task.open("/dev/dri/card0");
  assertEquals(state(third), [true, true]);
});

Deno.test("K3 GET_MAGIC is idempotent for a file and differs between files; never 0", () => {
  using t = testSystem();
  using second = t.task.open("/dev/dri/card0");
  const first = getMagic(t.card);
  assertEquals([getMagic(t.card), getMagic(second), first], [first, first + 1, 1]);
});

Deno.test("K3 AUTH_MAGIC works once a magic, for the master alone", () => {
  using t = testSystem();
  using second = t.task.open("/dev/dri/card0");
  const magic = getMagic(second);
  assertEquals(authMagic(second, magic), "EACCES");
  assertEquals([authMagic(t.card, 0), authMagic(t.card, magic + 1), state(second)], ["EINVAL", "EINVAL", [
    false,
    false,
  ]]);
  assertEquals([authMagic(t.card, magic), state(second), authMagic(t.card, magic)], [0, [false, true], "EINVAL"]);
  // A used magic keeps its number while its file lives.
  using third = t.task.open("/dev/dri/card0");
  assertEquals([getMagic(second), getMagic(third)], [magic, magic + 1]);
});

Deno.test("K3 magics of another master mean nothing, and a closed file's magic dies with it", () => {
  using t = testSystem();
  const second = t.task.open("/dev/dri/card0");
  const magic = getMagic(second);
  using root = t.system.process({ uid: 0 });
  using other = root.open("/dev/dri/card0");
  dropMaster(t.card);
  setMaster(other);
  assertEquals(authMagic(other, magic), "EINVAL");
  dropMaster(other);
  setMaster(t.card);
  second.close();
  assertEquals(authMagic(t.card, magic), "EINVAL");
});

Deno.test("K3 a file that becomes master of its own leaves its magic behind", () => {
  using t = testSystem();
  using root = t.system.process({ uid: 0 });
  using other = root.open("/dev/dri/card0");
  const magic = getMagic(other);
  dropMaster(t.card);
  setMaster(other);
  dropMaster(other);
  setMaster(t.card);
  assertEquals(authMagic(t.card, magic), "EINVAL");
  assertEquals(drmFile(t.card).master?.magics.count, 0);
});
