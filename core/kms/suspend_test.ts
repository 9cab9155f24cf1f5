import { assert, assertEquals, assertThrows } from "@std/assert";
import * as uapi from "../../uapi/mod.ts";
import { DrmError } from "../error.ts";
import { Fence } from "../fence.ts";
import { SyncFile } from "../sync_file.ts";
import type { ConnectorStatus } from "./connector.ts";
import { errnoOfCall, type TestClient, TestKms, type TestKmsOptions } from "./testing.ts";

const EVENT = uapi.DRM_MODE_PAGE_FLIP_EVENT;
const NONBLOCK = uapi.DRM_MODE_ATOMIC_NONBLOCK;
const MODESET = uapi.DRM_MODE_ATOMIC_ALLOW_MODESET;

const turn = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

class Lit extends TestKms {
  readonly user: TestClient;
  readonly fb: number;

  constructor(options: TestKmsOptions = {}) {
    super(options);
    this.user = this.client();
    this.fb = this.user.enable();
    this.takeLog();
  }

  get screen(): (number | boolean | string | undefined)[] {
    const [{ primary, state }] = this.kms.crtcs;
    return [
      state.active,
      state.mode?.name,
      primary.state.fb?.id,
      primary.state.crtcW,
      this.kms.connectors[0].state.crtc?.index,
    ];
  }

  fence(): { fence: Fence; fd: number } {
    const context = this.system.fenceContexts.allocate();
    const fence = new Fence({ clock: this.clock, context, seqno: 1, driverName: "test", timelineName: "test" });
    return { fence, fd: this.user.process.install(new SyncFile(fence)) };
  }

  /** A request that may sleep; what it gave so far. */
  ask(request: Parameters<TestClient["atomicArg"]>[0], flags = 0): { result: number | string } {
    const state: { result: number | string } = { result: "asleep" };
    this.user.card.wait(uapi.DRM_IOCTL_MODE_ATOMIC, this.user.atomicArg(request, flags))
      .then((result) => state.result = result, (error) => state.result = error.code);
    return state;
  }
}

Deno.test("suspend switches all off, resume brings mode, planes and properties back as they were", () => {
  using t = new Lit({ pipes: 2, overlay: true });
  const [crtc] = t.kms.crtcs;
  const overlay = t.kms.planes[1];
  const over = t.user.framebuffer(64, 64);
  t.user.atomic({ [overlay.id]: t.user.planeValues(over, crtc.id, 64, 64, 8, 9) });
  t.user.frame(2);
  const before = t.screen;
  const mode = t.user.value(crtc.id, "MODE_ID");
  t.takeLog();
  assertEquals([t.device.suspend(), t.device.suspended], [0, true]);
  assertEquals(t.screen, [false, undefined, undefined, before[3], undefined]);
  assertEquals(t.takeLog().filter((line) => line.startsWith("disable")).sort(), [
    "disable crtc-0",
    "disable plane-0",
    "disable plane-1",
  ]);
  t.clock.advance(1e9);
  t.device.resume();
  assertEquals([t.device.suspended, t.screen, t.user.value(crtc.id, "MODE_ID")], [false, before, mode]);
  assertEquals([overlay.state.fb?.id, overlay.state.crtcX, overlay.state.crtcY, crtc.state.planeMask], [
    over,
    8,
    9,
    0b11,
  ]);
  assert(t.takeLog().includes("enable crtc-0 1024x768"));
  // The other pipe stays dark, and life goes on.
  assertEquals(t.kms.crtcs[1].state.enable, false);
  t.user.frame(1);
  assertEquals(t.user.atomic({ [crtc.primary.id]: { FB_ID: t.fb } }, EVENT | NONBLOCK), 0);
  t.user.frame(2);
  assertEquals(t.user.events().length, 1);
});

Deno.test("suspend and resume over and over leave no object behind; without anything lit too", () => {
  using t = new Lit();
  const counts: number[] = [];
  for (let i = 0; i < 5; i++) {
    t.device.suspend();
    t.device.resume();
    t.user.frame(2);
    counts.push(t.kms.objects.count);
  }
  assertEquals(new Set(counts).size, 1);
  using dark = new TestKms();
  dark.device.suspend();
  dark.device.resume();
  dark.device.resume(); // harmless
  assertEquals([dark.device.suspend(), dark.device.suspend()], [0, 0]);
  assertEquals(dark.takeLog(), ["flush crtc-0"]); // the dark state came back
});

Deno.test("H6 flips and vblanks that wait for a frame have their events sent by suspend, and can be read", () => {
  using t = new Lit();
  const [crtc] = t.kms.crtcs;
  t.user.atomic({ [crtc.primary.id]: { FB_ID: t.fb } }, EVENT | NONBLOCK, 7n);
  const arg = uapi.drm_wait_vblank.of();
  arg.request.type = uapi._DRM_VBLANK_RELATIVE | uapi._DRM_VBLANK_EVENT;
  arg.request.sequence = 100;
  t.user.card.ioctl(uapi.DRM_IOCTL_WAIT_VBLANK, arg);
  assertEquals(t.user.events(), []);
  t.device.suspend();
  assertEquals(t.user.events().map(({ user_data }) => user_data).sort(), [0n, 7n]);
  assertEquals(t.clock.next, Infinity);
});

Deno.test("requests of a suspended device wait for resume; whoever cannot wait is told so; signals interrupt", async () => {
  using t = new Lit();
  const [crtc] = t.kms.crtcs;
  t.device.suspend();
  const flip = t.ask({ [crtc.primary.id]: { FB_ID: t.fb } });
  const wrong = t.ask({ [crtc.primary.id]: { FB_ID: 9999 } });
  const version = uapi.drm_version.of();
  const told = t.user.card.wait(uapi.DRM_IOCTL_VERSION, version);
  assertThrows(() => t.user.card.ioctl(uapi.DRM_IOCTL_VERSION, uapi.drm_version.of()), TypeError, "has to wait");
  const abort = new AbortController();
  const interrupted = t.user.card.wait(uapi.DRM_IOCTL_VERSION, uapi.drm_version.of(), { signal: abort.signal });
  abort.abort();
  assertEquals(await interrupted, -4);
  await turn();
  assertEquals([flip.result, wrong.result, version.version_major, t.takeLog().length > 0], [
    "asleep",
    "asleep",
    0,
    true,
  ]);
  t.device.resume();
  await turn();
  assertEquals([wrong.result, await told, version.version_major], ["EINVAL", 0, 1]);
  t.user.frame(3);
  await turn();
  assertEquals(flip.result, 0);
});

Deno.test("a commit that waited for a fence goes on after resume, on the state that came back", async () => {
  using t = new Lit();
  const [crtc] = t.kms.crtcs;
  const other = t.user.framebuffer(1024, 768);
  const { fence, fd } = t.fence();
  const asleep = t.ask({ [crtc.primary.id]: { FB_ID: other, IN_FENCE_FD: fd } });
  assertEquals(t.device.suspend(), 0);
  fence.signal();
  t.clock.advance(1e9);
  await turn();
  assertEquals([asleep.result, crtc.state.active], ["asleep", false]);
  t.device.resume();
  t.user.frame(2);
  await turn();
  assertEquals([asleep.result, crtc.primary.state.fb?.id], [0, other]);
});

Deno.test("suspend waits for a nonblocking commit whose fence is to signal; then the driver is told", () => {
  const told: string[] = [];
  using t = new Lit();
  (t.device.driver.spec as { suspend?: () => void }).suspend = () => void told.push("suspend");
  (t.device.driver.spec as { resume?: () => void }).resume = () => void told.push("resume");
  const [crtc] = t.kms.crtcs;
  const { fence, fd } = t.fence();
  t.user.atomic({ [crtc.primary.id]: { FB_ID: t.fb, IN_FENCE_FD: fd } }, NONBLOCK | EVENT);
  const done = t.device.suspend();
  assert(typeof done !== "number");
  assertEquals([done.result, told, t.device.suspended], [undefined, [], true]);
  fence.signal();
  assertEquals([done.result, told, t.user.events().length], [0, ["suspend"], 1]);
  t.device.resume();
  assertEquals(told, ["suspend", "resume"]);
});

Deno.test("a driver that refuses to go dark cannot be suspended; one that refuses what was shown stays dark", () => {
  let refuse: "off" | "on" | undefined;
  using t = new Lit({
    config: {
      atomicCheck: (draft) => {
        const on = draft.crtcs.some((crtc) => draft.newCrtc(crtc)?.active);
        if (refuse === (on ? "on" : "off")) throw new DrmError("ENOMEM", "Cannot: the test says so");
      },
    },
  });
  const before = t.screen, count = t.kms.objects.count;
  refuse = "off";
  assertEquals(errnoOfCall(() => t.device.suspend()), "ENOMEM");
  assertEquals([t.device.suspended, t.screen], [false, before]);
  refuse = "on";
  t.device.suspend();
  assertEquals(errnoOfCall(() => t.device.resume()), "ENOMEM");
  assertEquals([t.device.suspended, t.screen[0], t.kms.planes[0].state.fb], [false, false, undefined]);
  refuse = undefined;
  assertEquals(t.user.atomic(t.user.enableRequest(t.fb), MODESET), 0);
  t.user.frame(2);
  assertEquals([t.screen[0], t.kms.objects.count >= count], [true, true]);
});

Deno.test("what a client that ended meanwhile showed is gone after resume", () => {
  using t = new Lit();
  const count = t.kms.objects.count;
  const object = t.kms.planes[0].state.fb?.objects[0];
  t.device.suspend();
  t.user.process[Symbol.dispose]();
  t.device.resume();
  t.clock.advance(1e9);
  assertEquals([t.kms.planes[0].state.fb, object?.references], [undefined, 0]);
  assert(t.kms.objects.count < count);
});

Deno.test("a device that is unplugged while it is suspended answers ENODEV, and lets go of what it kept", async () => {
  using t = new Lit();
  const object = t.kms.planes[0].state.fb?.objects[0];
  t.device.suspend();
  const asleep = t.ask({});
  t.system.removeDevice(t.device);
  await turn();
  assertEquals([asleep.result, errnoOfCall(() => t.device.suspend()), t.device.suspended], ["ENODEV", "ENODEV", false]);
  t.device.resume();
  t.user.process[Symbol.dispose]();
  assertEquals([object?.references, t.clock.next], [0, Infinity]);
});

Deno.test("monitors that came or went meanwhile are noticed at resume, once the screen is back", () => {
  let plugged: ConnectorStatus = uapi.connector_status_connected;
  const seen: unknown[] = [];
  using t = new Lit({ connector: { hotplug: true, detect: () => plugged } });
  t.kms.connectors[0].probe();
  t.system.onUevent(({ properties }) => void seen.push(properties.CONNECTOR, t.screen[0], t.device.suspended));
  t.device.suspend();
  plugged = uapi.connector_status_disconnected;
  t.clock.advance(1e9);
  assertEquals(seen, []);
  t.device.resume();
  assertEquals(seen, [String(t.kms.connectors[0].id), true, false]);
});

Deno.test("a suspended device does not poll its connectors", () => {
  let looked = 0;
  using t = new Lit({
    connector: { poll: { connect: true, disconnect: true }, detect: () => (looked++, uapi.connector_status_connected) },
  });
  t.kms.polling.start();
  t.clock.advance(10e9);
  assertEquals(looked, 1);
  t.device.suspend();
  t.clock.advance(60e9);
  assertEquals(looked, 1);
  t.device.resume();
  t.clock.advance(10e9);
  assertEquals(looked, 2);
});

Deno.test("a connector that is removed while the device is suspended comes back lit, and goes when it is off", () => {
  using t = new Lit();
  const [connector] = t.kms.connectors;
  const [crtc] = t.kms.crtcs;
  t.device.suspend();
  t.kms.removeConnector(connector);
  t.device.resume();
  assertEquals([t.screen[0], t.kms.connectors.length], [true, 1]);
  t.user.frame(2);
  const off = { [connector.id]: { CRTC_ID: 0 }, [crtc.id]: { ACTIVE: 0, MODE_ID: 0 } } as Record<
    number,
    Record<string, number>
  >;
  assertEquals([t.user.atomic(off, MODESET), t.kms.connectors.length], [0, 0]);
});
