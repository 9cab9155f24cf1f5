import { assert, assertEquals, assertNotEquals } from "@std/assert";
import * as uapi from "../../uapi/mod.ts";
import { Fence } from "../fence.ts";
import { ResvUsage } from "../resv.ts";
import { SyncFile } from "../sync_file.ts";
import { cvtMode } from "./mode_cvt.ts";
import type { Framebuffer } from "./framebuffer.ts";
import { type AtomicRequest, errnoOfCall, type TestClient, TestKms, type TestKmsOptions } from "./testing.ts";

const MODESET = uapi.DRM_MODE_ATOMIC_ALLOW_MODESET;
const NONBLOCK = uapi.DRM_MODE_ATOMIC_NONBLOCK;
const EVENT = uapi.DRM_MODE_PAGE_FLIP_EVENT;
const TEST = uapi.DRM_MODE_ATOMIC_TEST_ONLY;

function on(
  options?: TestKmsOptions,
): {
  test: TestKms;
  client: TestClient;
  fb: number;
  crtc: TestKms["kms"]["crtcs"][number];
  primary: number;
  [Symbol.dispose](): void;
} {
  const test = new TestKms(options);
  const client = test.client();
  const fb = client.enable();
  test.takeLog();
  const [crtc] = test.kms.crtcs;
  return { test, client, fb, crtc, primary: crtc.primary.id, [Symbol.dispose]: () => test[Symbol.dispose]() };
}

function fence(test: TestKms): Fence {
  return new Fence({
    clock: test.clock,
    context: test.system.fenceContexts.allocate(),
    seqno: 1,
    driverName: "test",
    timelineName: "test",
  });
}

Deno.test("J9 NONBLOCK while the last flip is pending is EBUSY; a blocking commit waits for it", async () => {
  using setup = on();
  const { test, client, primary, fb } = setup;
  const next = client.framebuffer(1024, 768);
  assertEquals(client.atomic({ [primary]: { FB_ID: next } }, NONBLOCK), 0);
  assertEquals(errnoOfCall(() => client.atomic({ [primary]: { FB_ID: fb } }, NONBLOCK)), "EBUSY");
  assertEquals(test.kms.planes[0].state.fb?.id, next);
  const waiting = client.card.wait(uapi.DRM_IOCTL_MODE_ATOMIC, client.atomicArg({ [primary]: { FB_ID: fb } }));
  assertEquals(test.kms.planes[0].state.fb?.id, next);
  client.frame();
  assertEquals(test.kms.planes[0].state.fb?.id, fb);
  let ended = false;
  void waiting.then(() => ended = true);
  for (let i = 0; i < 10; i++) await Promise.resolve();
  assertEquals(ended, false); // it returns when its own frame is shown
  client.frame();
  assertEquals(await waiting, 0);
});

Deno.test("J9 a commit from off to off completes its flip at once", () => {
  using test = new TestKms();
  const client = test.client();
  const [crtc] = test.kms.crtcs;
  for (let i = 0; i < 3; i++) assertEquals(client.atomic({ [crtc.id]: { VRR_ENABLED: i & 1 } }, NONBLOCK), 0);
});

Deno.test("J9 an interrupted blocking commit has not taken place, and gives back what it took", async () => {
  using setup = on();
  const { test, client, primary, fb } = setup;
  const next = client.framebuffer(1024, 768);
  client.atomic({ [primary]: { FB_ID: next } }, NONBLOCK);
  const space = test.device.files.values().next().value?.events.space;
  const abort = new AbortController();
  const waiting = client.card.wait(uapi.DRM_IOCTL_MODE_ATOMIC, client.atomicArg({ [primary]: { FB_ID: fb } }, EVENT), {
    signal: abort.signal,
  });
  abort.abort();
  assertEquals(await waiting, -4);
  assertEquals(test.kms.planes[0].state.fb?.id, next);
  assertEquals(test.device.files.values().next().value?.events.space, space);
});

Deno.test("J9 a blocking commit that was overtaken starts over on the newer state", async () => {
  using setup = on({ overlay: true });
  const { test, client, primary, crtc, fb } = setup;
  const next = client.framebuffer(1024, 768);
  client.atomic({ [primary]: { FB_ID: next } }, NONBLOCK);
  const waiting = client.card.wait(
    uapi.DRM_IOCTL_MODE_ATOMIC,
    client.atomicArg({ [primary]: { FB_ID: fb } }, EVENT, 5n),
  );
  // A legacy cursor does not wait, and changes the CRTC's state meanwhile.
  const { handle } = client.dumb(64, 64);
  const cursor = uapi.drm_mode_cursor.of({ flags: 3, crtc_id: crtc.id, x: 5, y: 6, width: 64, height: 64, handle });
  assertEquals(client.card.ioctl(uapi.DRM_IOCTL_MODE_CURSOR, cursor), 0);
  client.frame(1);
  assertEquals([test.kms.planes[0].state.fb?.id, client.events().length], [fb, 0]);
  client.frame(1);
  assertEquals(await waiting, 0);
  assertNotEquals(crtc.cursor?.state.fb, undefined);
  assertEquals(crtc.state.planeMask, 1 | 1 << 2);
  assertEquals(client.events().map((event) => event.user_data), [5n]);
});

Deno.test("J10 what is wrong is EINVAL even while it would be EBUSY", () => {
  using setup = on();
  const { client, primary, crtc } = setup;
  client.atomic({ [primary]: { FB_ID: client.framebuffer(1024, 768) } }, NONBLOCK);
  assertEquals(errnoOfCall(() => client.atomic({ [primary]: { FB_ID: 0 } }, NONBLOCK)), "EINVAL");
  assertEquals(errnoOfCall(() => client.atomic({ [crtc.id]: { ACTIVE: 0 } }, NONBLOCK)), "EINVAL");
});

Deno.test("J12 OUT_FENCE_PTR: -1 at once, a sync_file on success, signalled with the flip's time (G5)", () => {
  using setup = on();
  const { test, client, primary, crtc } = setup;
  const next = client.framebuffer(1024, 768);
  const memory = client.process.alloc(4);
  const fd = (): number => new Int32Array(memory.bytes.buffer, memory.bytes.byteOffset, 1)[0];
  const request: AtomicRequest = { [primary]: { FB_ID: next }, [crtc.id]: { OUT_FENCE_PTR: memory.address } };
  client.atomic(request, TEST);
  assertEquals(fd(), -1);
  memory.bytes.fill(7);
  const before = client.process.fdCount;
  assertEquals(errnoOfCall(() => client.atomic({ ...request, [primary]: { FB_ID: 0 } }, NONBLOCK)), "EINVAL");
  assertEquals([fd(), client.process.fdCount], [-1, before]);
  assertEquals(
    errnoOfCall(() => client.atomic({ [primary]: { FB_ID: next }, [crtc.id]: { OUT_FENCE_PTR: 8n } }, NONBLOCK)),
    "EFAULT",
  );
  assertEquals(client.atomic(request, NONBLOCK | EVENT), 0);
  const file = client.process.file(fd()).file;
  assert(file instanceof SyncFile);
  assertEquals(file.fence.isSignaled, false);
  assertEquals(client.value(crtc.id, "OUT_FENCE_PTR"), 0n);
  const start = test.clock.now();
  client.frame();
  assertEquals(file.fence.status, 1);
  const [event] = client.events();
  assertEquals(event.tv_sec * 1e6 + event.tv_usec, Math.floor(file.fence.timestamp / 1000));
  assert(file.fence.timestamp > start && file.fence.timestamp <= test.clock.now());
  assertEquals(file.fence.timelineName, `CRTC:${crtc.id}-crtc-0`);
});

Deno.test("J12 the fd limit is EMFILE, and nothing is committed", () => {
  using test = new TestKms();
  const client = test.client(true, { fdLimit: 1 });
  const request = client.enableRequest(client.framebuffer(1024, 768));
  const [crtc] = test.kms.crtcs;
  const memory = client.process.alloc(4);
  const withFence = { ...request, [crtc.id]: { ...request[crtc.id], OUT_FENCE_PTR: memory.address } };
  assertEquals(errnoOfCall(() => client.atomic(withFence, MODESET)), "EMFILE");
  assertEquals(crtc.state.enable, false);
  assertEquals(client.atomic(request, MODESET), 0);
});

Deno.test("J13 IN_FENCE_FD: -1 is none, twice and bad fds are EINVAL, it reads back -1, the commit waits", () => {
  using setup = on();
  const { test, client, primary } = setup;
  const next = client.framebuffer(1024, 768);
  const pending = fence(test);
  const fd = client.process.install(new SyncFile(pending));
  assertEquals(errnoOfCall(() => client.atomic({ [primary]: { IN_FENCE_FD: 99 } }, TEST)), "EINVAL");
  assertEquals(errnoOfCall(() => client.atomic({ [primary]: { IN_FENCE_FD: client.card.fd } }, TEST)), "EINVAL");
  assertEquals(errnoOfCall(() => client.atomic({ [primary]: { IN_FENCE_FD: -2 } }, TEST)), "EINVAL");
  assertEquals(errnoOfCall(() => client.atomic({ [primary]: { IN_FENCE_FD: -1 } }, TEST)), "");
  const twice = client.atomicArg({ [primary]: { IN_FENCE_FD: fd, FB_ID: next } }, TEST);
  client.process.memory.copyOut(
    twice.props_ptr + 4n,
    new Uint8Array(Uint32Array.of(client.property(primary, "IN_FENCE_FD")).buffer),
  );
  client.process.memory.copyOut(twice.prop_values_ptr + 8n, new Uint8Array(Uint32Array.of(fd, 0).buffer));
  assertEquals(errnoOfCall(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_ATOMIC, twice)), "EINVAL");
  assertEquals(client.value(primary, "IN_FENCE_FD"), 0xffff_ffff_ffff_ffffn);
  assertEquals(client.atomic({ [primary]: { FB_ID: next, IN_FENCE_FD: fd } }, NONBLOCK | EVENT), 0);
  client.frame(3);
  assertEquals([test.takeLog(), client.events().length], [[], 0]);
  assertEquals(errnoOfCall(() => client.atomic({ [primary]: { FB_ID: next } }, NONBLOCK)), "EBUSY");
  pending.signal();
  assertEquals(test.takeLog().length, 2);
  client.frame();
  assertEquals(client.events().length, 1);
});

Deno.test("J13 implicit fences: writers of the framebuffer's objects are waited for, readers not; an explicit fence replaces them", async () => {
  using setup = on();
  const { test, client, primary } = setup;
  const next = client.framebuffer(1024, 768);
  const resv = (test.kms.objects.get(next) as Framebuffer).objects[0].resv;
  const writer = fence(test), reader = fence(test);
  resv.reserve(2);
  resv.add(writer, ResvUsage.WRITE);
  resv.add(reader, ResvUsage.READ);
  const waiting = client.card.wait(uapi.DRM_IOCTL_MODE_ATOMIC, client.atomicArg({ [primary]: { FB_ID: next } }));
  assertEquals(test.takeLog(), []);
  writer.signal();
  assertEquals(test.takeLog().length, 2);
  client.frame();
  assertEquals(await waiting, 0);
  const writer2 = fence(test), explicit = fence(test);
  resv.reserve(1);
  resv.add(writer2, ResvUsage.WRITE);
  const fd = client.process.install(new SyncFile(explicit));
  assertEquals(client.atomic({ [primary]: { FB_ID: next, IN_FENCE_FD: fd } }, NONBLOCK), 0);
  explicit.signal();
  assertEquals(test.takeLog().length, 2); // writer2 is still pending
});

Deno.test("TEST_ONLY changes nothing and wakes nobody", () => {
  using setup = on();
  const { test, client, fb, primary } = setup;
  const count = test.kms.objects.count;
  client.atomic({ [primary]: { FB_ID: client.framebuffer(1024, 768) } }, TEST);
  assertEquals([test.kms.planes[0].state.fb?.id, test.takeLog(), test.kms.objects.count], [fb, [], count + 1]);
});

Deno.test("a mode set tells the driver: off, planes, on; frames go on counting", () => {
  using setup = on();
  const { test, client, crtc } = setup;
  const count = crtc.vblank.count;
  const mode = cvtMode(800, 600);
  client.atomic(client.enableRequest(client.framebuffer(800, 600), 0, mode), MODESET);
  assertEquals(test.takeLog().map((line) => line.split(" fb")[0]), [
    "disable crtc-0",
    "update plane-0",
    "flush crtc-0",
    "enable crtc-0 800x600",
  ]);
  assertEquals(crtc.vblank.count, count);
  assertEquals(crtc.vblank.period, mode.frameTime);
});

Deno.test("damage clips reach the driver merged and clipped; without them all of the plane is damaged", () => {
  using setup = on();
  const { test, client, primary } = setup;
  const rects = client.blob(new Uint8Array(Int32Array.of(1, 2, 3, 4, 10, 20, 30, 40).buffer));
  client.atomic({ [primary]: { FB_DAMAGE_CLIPS: rects } });
  assert(test.takeLog()[0].endsWith("damage 1,2-30,40"));
  client.frame();
  assertEquals(client.value(primary, "FB_DAMAGE_CLIPS"), BigInt(rects));
  client.atomic({ [primary]: { CRTC_X: 0 } });
  assert(test.takeLog()[0].endsWith("damage 0,0-1024,768"));
});

Deno.test("a driver may hold a flip back until its fence signals", () => {
  let held: Fence | undefined = undefined;
  const options: TestKmsOptions = { crtc: { atomicFlush: (crtc, draft) => held && draft.completeAfter(crtc, held) } };
  using setup = on(options);
  const { test, client, primary } = setup;
  held = fence(test);
  client.atomic({ [primary]: { FB_ID: client.framebuffer(1024, 768) } }, NONBLOCK | EVENT);
  client.frame(5);
  assertEquals(client.events().length, 0);
  held.signal();
  client.frame();
  assertEquals(client.events().length, 1);
});

Deno.test("a device without frames completes flips when they are committed", () => {
  using setup = on({ config: { vblank: false } });
  const { client, primary } = setup;
  for (let i = 0; i < 3; i++) assertEquals(client.atomic({ [primary]: { CRTC_X: 0 } }, NONBLOCK | EVENT), 0);
  assertEquals(client.events().length, 3);
  assertEquals(
    errnoOfCall(() => client.card.ioctl(uapi.DRM_IOCTL_WAIT_VBLANK, uapi.drm_wait_vblank.of())),
    "EOPNOTSUPP",
  );
});

Deno.test("prepareFb may refuse: the commit does not take place, and what was prepared is cleaned up", () => {
  const calls: string[] = [];
  let refuse = false;
  using setup = on({
    plane: {
      prepareFb: (plane, draft) => {
        calls.push(`prepare ${plane.name}`);
        if (refuse && plane.index === 1) draft.refuse("no");
      },
      cleanupFb: (plane) => void calls.push(`cleanup ${plane.name}`),
    },
  });
  const { client, crtc, primary, fb } = setup;
  calls.length = 0;
  refuse = true;
  const cursor = client.planeValues(client.framebuffer(64, 64, uapi.DRM_FORMAT_ARGB8888), crtc.id, 64, 64);
  assertEquals(
    errnoOfCall(() => client.atomic({ [primary]: { FB_ID: fb }, [crtc.cursor?.id ?? 0]: cursor })),
    "EINVAL",
  );
  assertEquals(calls, ["prepare plane-0", "prepare plane-1", "cleanup plane-0"]);
});

Deno.test("a commit that waits for its fence when the device is unplugged ends all the same", () => {
  using setup = on();
  const { test, client, primary } = setup;
  const pending = fence(test);
  const fd = client.process.install(new SyncFile(pending));
  client.atomic({ [primary]: { CRTC_X: 0, IN_FENCE_FD: fd } }, NONBLOCK);
  test.system.removeDevice(test.device);
  pending.signal();
  assertEquals(test.takeLog(), []);
  assertEquals(test.kms.crtcs[0].commit?.flipDone, true);
  assertEquals(test.clock.next, Infinity);
});
