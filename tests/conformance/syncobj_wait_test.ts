import { assertEquals } from "@std/assert";
import * as uapi from "udrm/uapi/mod.ts";
import { type Client, Machine, type Timeline } from "./client.ts";

const ALL = uapi.DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL;
const SUBMIT = uapi.DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT;
const FOREVER = 2n ** 63n - 1n;
const STATES = ["empty", "pending", "signalled"] as const;
type State = (typeof STATES)[number];

function make(c: Client, line: Timeline, state: State): number {
  const handle = c.create(state === "signalled" ? uapi.DRM_SYNCOBJ_CREATE_SIGNALED : 0);
  if (state === "pending") c.submit(handle, line.fence(1));
  return handle;
}

/** What the header says a wait that may not sleep comes to. */
function expected(states: readonly State[], flags: number): number | string {
  if ((flags & SUBMIT) === 0 && states.includes("empty")) return "EINVAL";
  const done = (state: State): boolean => state === "signalled";
  return ((flags & ALL) !== 0 ? states.every(done) : states.some(done)) ? 0 : "ETIME";
}

for (const flags of [0, ALL, SUBMIT, ALL | SUBMIT]) {
  Deno.test(`F6 F8 every mix of three empty, pending and signalled syncobjs, flags ${flags}`, () => {
    using machine = new Machine();
    const c = machine.client();
    const line = c.timeline();
    for (const x of STATES) {
      for (const y of STATES) {
        for (const z of STATES) {
          const states = [x, y, z];
          const handles = states.map((state) => make(c, line, state));
          const waited = c.wait(handles, { flags });
          assertEquals(waited.result, expected(states, flags), states.join());
          // Of a success the first signalled one is told; for ALL it is the first of all.
          if (waited.result === 0) assertEquals(waited.first, states.indexOf("signalled"), states.join());
          assertEquals(c.wait(handles, { flags }, [0, 0, 0]).result, expected(states, flags), "as points 0");
          for (const handle of handles) c.destroy(handle);
        }
      }
    }
  });
}

for (const flags of [SUBMIT, ALL | SUBMIT]) {
  Deno.test(`F6 F11 a wait for three syncobjs that come one by one, flags ${flags}`, async () => {
    using machine = new Machine();
    const c = machine.client();
    const line = c.timeline();
    const handles = [c.create(), c.create(), c.create()];
    let ended = false;
    const waited = c.sleep(handles, { flags, timeout: FOREVER });
    void waited.then(() => ended = true);
    const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
    const fence = line.fence(2);
    c.submit(handles[1], line.fence(1));
    c.submit(handles[2], fence);
    c.set(false, handles[2]); // it has had its fence: the wait is for that one, not for what the syncobj has now
    await settle();
    assertEquals(ended, false);
    line.inc(1);
    await settle();
    assertEquals(ended, flags === SUBMIT);
    line.inc(1);
    await settle();
    assertEquals(ended, flags === SUBMIT);
    c.set(true, handles[0]);
    assertEquals(await waited, { result: 0, first: flags === SUBMIT ? 1 : 0xffff_ffff });
  });
}

Deno.test("F8 one increment signals several: the wait tells the lowest index", async () => {
  using machine = new Machine();
  const c = machine.client();
  const line = c.timeline();
  const handles = [3, 2, 9, 1].map((value) => {
    const handle = c.create();
    c.submit(handle, line.fence(value));
    return handle;
  });
  const waited = c.sleep(handles, { timeout: FOREVER });
  line.inc(2);
  assertEquals(await waited, { result: 0, first: 1 });
});

Deno.test("F11 signal, reset, signal: waiters of each time end, once", async () => {
  using machine = new Machine();
  const c = machine.client();
  const handle = c.create();
  const ends: number[] = [];
  const waits: Promise<void>[] = [];
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 4; i++) {
      waits.push(c.sleep([handle], { flags: SUBMIT, timeout: FOREVER }).then(() => void ends.push(round)));
    }
    c.set(false, handle);
    c.set(true, handle);
    c.set(false, handle);
  }
  await Promise.all(waits);
  assertEquals(ends, [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
});

Deno.test("F6 a fence that comes from another process ends a wait for submit; so does one that has signalled", async () => {
  using machine = new Machine(2);
  const a = machine.client(0), b = machine.client(1);
  const handles = [a.create(), a.create()];
  const there = handles.map((handle) => b.fromFd(b.process.receive(a.process, a.toFd(handle))));
  const waits = handles.map((handle) => a.sleep([handle], { flags: SUBMIT, timeout: FOREVER }));
  const line = b.timeline();
  b.submit(there[0], line.fence(0));
  b.submit(there[1], line.fence(5));
  assertEquals((await waits[0]).result, 0);
  b.process[Symbol.dispose](); // the timeline ends: its fences fail, which is an end too
  assertEquals((await waits[1]).result, 0);
});

Deno.test("F5 a time-out leaves the syncobjs as they were; the time is absolute", async () => {
  using machine = new Machine();
  const c = machine.client();
  const handle = make(c, c.timeline(), "pending"), empty = c.create();
  const timeout = BigInt(machine.clock.now()) + 50_000_000n;
  const waits = [c.sleep([handle], { timeout }), c.sleep([empty, handle], { timeout, flags: ALL | SUBMIT })];
  machine.clock.advance(49_999_999);
  assertEquals(await Promise.race([waits[0], Promise.resolve("asleep")]), "asleep");
  machine.clock.advance(10_000_000);
  assertEquals((await Promise.all(waits)).map((w) => w.result), ["ETIME", "ETIME"]);
  assertEquals(c.wait([handle], { timeout }).result, "ETIME"); // past: at once
  c.set(true, handle, empty);
  assertEquals(c.wait([empty, handle], { timeout, flags: ALL }).result, 0);
});

Deno.test("F3 the pad of a wait is not looked at", () => {
  using machine = new Machine();
  const c = machine.client();
  const arg = uapi.drm_syncobj_wait.of({ handles: c.u32([c.create(1)]), count_handles: 1, pad: 0xdead });
  assertEquals(c.card.ioctl(uapi.DRM_IOCTL_SYNCOBJ_WAIT, arg), 0);
});
