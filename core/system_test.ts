import { assertEquals, assertThrows } from "@std/assert";
import * as uapi from "../uapi/mod.ts";
import { RealClock, VirtualClock } from "./clock.ts";
import { defineDriver } from "./driver.ts";
import { DrmError } from "./error.ts";
import { System } from "./system.ts";
import { errno, testDriver, testSystem } from "./testing.ts";
import { Wait } from "./wait.ts";

Deno.test("nodes: card from 0 and render from 128, the lowest that are free; a driver without RENDER has no render node", () => {
  using t = testSystem({ drivers: [testDriver(), testDriver({ features: ["GEM"] }), testDriver()] });
  assertEquals(t.devices.map((d) => [d.card, d.render]), [[0, 128], [1, undefined], [2, 129]]);
  t.card.close();
  t.system.removeDevice(t.devices[0]);
  const next = t.system.addDevice(testDriver());
  assertEquals([next.card, next.render], [0, 128]);
  assertEquals(
    t.system.nodes.filter((node) => node.startsWith("/dev/dri")).sort(),
    ["card0", "card1", "card2", "renderD128", "renderD129"].map((n) => `/dev/dri/${n}`),
  );
  assertEquals(errno(() => t.system.addNode("/dev/dri/card0", () => t.card.file)), "EEXIST");
});

Deno.test("a driver whose probe fails leaves no device and no node", () => {
  using system = new System();
  const before = system.nodes;
  const failing = testDriver({
    probe: () => {
      throw new DrmError("ENODEV", "Cannot probe: the test refuses");
    },
  });
  assertEquals([errno(() => system.addDevice(failing)), system.devices, system.nodes], ["ENODEV", [], before]);
});

Deno.test("probe's state is the device's, remove sees it at the end", () => {
  const seen: unknown[] = [];
  const t = testSystem({
    drivers: [testDriver({ probe: () => ({ id: 7 }), remove: (d) => seen.push(d.priv, d.unplugged) })],
  });
  assertEquals(t.device.priv, { id: 7 });
  t[Symbol.dispose]();
  assertEquals(seen, [{ id: 7 }, true]);
});

Deno.test("two systems never meet: devices, memory and time are their own", () => {
  using a = testSystem();
  using b = testSystem();
  a.dumb();
  a.clock.advance(5);
  assertEquals([a.used, b.used, a.clock.now() - b.clock.now()], [4096, 0, 5]);
  assertEquals([a.system.process().pid, b.system.process().pid], [1001, 1001]);
});

Deno.test("a process: identity by default, comm of 15 bytes, root has CAP_SYS_ADMIN", () => {
  using system = new System();
  const plain = system.process();
  const root = system.process({ uid: 0, pid: 5, comm: "a name far too long" });
  assertEquals([plain.uid, plain.tgid === plain.pid, plain.capSysAdmin, plain.comm], [1000, true, false, "udrm"]);
  assertEquals([root.tgid, root.capSysAdmin, root.comm], [5, true, "a name far too "]);
});

Deno.test("pollers complete work when the system is pumped, and are left alone once disposed", () => {
  using t = testSystem();
  let work = 3;
  const poller = {
    get busy(): boolean {
      return work > 0;
    },
    poll: (): boolean => work > 0 && --work >= 0,
  };
  const added = t.system.addPoller(poller);
  assertEquals(t.system.pending, true);
  t.card.ioctl(uapi.DRM_IOCTL_GET_CAP, uapi.drm_get_cap.of({ capability: 6n }));
  assertEquals([work, t.system.pending], [0, false]);
  added[Symbol.dispose]();
  work = 1;
  t.system.pump();
  assertEquals(work, 1);
});

Deno.test("until: real timers and busy devices move while somebody waits", async () => {
  using system = new System({ clock: new RealClock() });
  const timer = new Wait({ clock: system.clock, deadline: system.clock.now() + 2e6, onTimeout: () => 7 });
  let left = 3;
  const work = new Wait();
  using _poller = system.addPoller({
    get busy(): boolean {
      return left > 0;
    },
    poll: (): boolean => {
      if (left > 0 && --left === 0) work.complete(9);
      return false;
    },
  });
  assertEquals(await Promise.all([system.until(timer), system.until(work), system.until(5)]), [7, 9, 5]);
});

Deno.test("until: virtual time moves when a test says so, also while somebody sleeps", async () => {
  const clock = new VirtualClock(0);
  using system = new System({ clock });
  const seen: number[] = [];
  const waits = [30, 10, 20].map((deadline) =>
    system.until(new Wait({ clock, deadline, onTimeout: () => deadline })).then((result) => seen.push(result))
  );
  clock.advance(15);
  await Promise.resolve();
  clock.advance(15);
  await Promise.all(waits);
  assertEquals(seen, [10, 20, 30]);
});

Deno.test("until: a signal that fires interrupts, one that has fired does so at once", async () => {
  using system = new System({ clock: new VirtualClock() });
  const abort = new AbortController();
  const wait = new Wait();
  const pending = system.until(wait, abort.signal);
  abort.abort();
  assertEquals([await pending, wait.result], [-4, -4]);
  assertEquals(await system.until(new Wait(), abort.signal), -4);
});

Deno.test("DrmError: code, number, message, no stack; of() turns a result into one", () => {
  const error = new DrmError("EINVAL", "Cannot do it: it is a test");
  assertEquals([error.code, error.errno, error.message, error.name], [
    "EINVAL",
    22,
    "Cannot do it: it is a test",
    "DrmError",
  ]);
  assertEquals(error.stack?.includes("system_test"), false);
  assertEquals([DrmError.of(-12).code, Error.stackTraceLimit > 0], ["ENOMEM", true]);
  assertThrows(() => DrmError.of(-1000), RangeError);
});

Deno.test("System.unbind takes a driver off what stays, System.bind puts it back; removeDevice ends both", () => {
  using system = new System();
  let probed = 0, refuse = false;
  const driver = defineDriver({
    name: "toy",
    desc: "toy",
    version: [1, 0, 0],
    features: ["GEM"],
    probe: () => {
      if (refuse) throw new DrmError("EIO", "No answer");
      probed++;
    },
  });
  const heard: string[] = [];
  using _listening = system.onUevent(({ action, device, unbound }) => {
    heard.push(`${action} ${device.name}${unbound ? " unbound" : ""}`);
  });
  const first = system.addDevice(driver);
  using client = system.process();
  const card = client.open("/dev/dri/card0");
  assertEquals(errno(() => system.bind(first)), "ENODEV");
  system.unbind(first);
  assertEquals(errno(() => system.unbind(first)), "ENODEV");
  assertEquals([first.unplugged, system.devices.length], [true, 0]);
  refuse = true;
  assertEquals(errno(() => system.bind(first)), "EIO");
  refuse = false;
  // The number is taken while the old device is open.
  const second = system.bind(first);
  assertEquals([second.card, second.driver === driver, probed], [1, true, 2]);
  assertEquals(errno(() => system.bind(first)), "ENODEV");
  card.close();
  system.unbind(second);
  system.removeDevice(second);
  assertEquals(errno(() => system.bind(second)), "ENODEV");
  assertEquals(heard, ["add card0", "remove card0 unbound", "add card1", "remove card1 unbound", "remove card1"]);
});
