import { assertEquals } from "@std/assert";
import { Faults } from "./fault.ts";
import { errno, testDriver, testSystem } from "./testing.ts";

Deno.test("an injected fault comes after so many passes, so many times, until it is disposed", () => {
  const faults = new Faults();
  const pass = () => errno(() => faults.check("point"));
  assertEquals([faults.armed, pass()], [false, undefined]);
  const fault = faults.inject("point", { error: "ENOMEM", after: 1, times: 2 });
  assertEquals([faults.armed, pass(), pass(), pass(), pass()], [true, undefined, "ENOMEM", "ENOMEM", undefined]);
  fault[Symbol.dispose]();
  const again = faults.inject("point", { error: "EIO" });
  fault[Symbol.dispose]();
  assertEquals([errno(() => faults.check("other")), pass(), pass()], [undefined, "EIO", undefined]);
  again[Symbol.dispose]();
  assertEquals(faults.armed, false);
});

Deno.test("every named point of GEM and PRIME fails cleanly: nothing is left, and the next try succeeds", () => {
  using t = testSystem({ drivers: [testDriver(), testDriver()] });
  using other = t.task.open("/dev/dri/card1");
  const whole = (): void => {
    const handle = t.dumb();
    try {
      const fd = t.exportFd(handle);
      try {
        t.closeGem(t.importFd(fd, other), other);
      } finally {
        t.task.close(fd);
      }
    } finally {
      t.closeGem(handle);
    }
  };
  const state = () => [t.used, t.task.fdCount, t.device.offsets.count, ...t.devices.map((d) => d.names.count)];
  const before = state();
  for (
    const [point, after] of [["gem.create", 0], ["gem.handle", 0], ["gem.handle", 1], ["prime.export", 0], [
      "prime.import",
      0,
    ]] as const
  ) {
    using _fault = t.system.faults.inject(point, { error: "ENOMEM", after });
    assertEquals([errno(whole), state()], ["ENOMEM", before], point);
    assertEquals([errno(whole), state()], [undefined, before], point);
  }
});

Deno.test("a memory budget that is spent is ENOMEM, and usable again once something is freed", () => {
  using t = testSystem({ memoryLimit: 3 * 4096 });
  const handles = [t.dumb(), t.dumb(), t.dumb()];
  assertEquals(errno(() => t.dumb()), "ENOMEM");
  t.closeGem(handles[1]);
  assertEquals([t.dumb(), errno(() => t.dumb()), t.used], [2, "ENOMEM", 3 * 4096]);
});
