import { assert, assertEquals } from "@std/assert";
import * as uapi from "../../uapi/mod.ts";
import { Fence } from "../fence.ts";
import { SyncFile } from "../sync_file.ts";
import {
  type AtomicRequest,
  errnoOfCall,
  TEST_MODE,
  type TestClient,
  TestKms,
  type TestKmsOptions,
} from "./testing.ts";

const NONBLOCK = uapi.DRM_MODE_ATOMIC_NONBLOCK;
const EVENT = uapi.DRM_MODE_PAGE_FLIP_EVENT;
const MODESET = uapi.DRM_MODE_ATOMIC_ALLOW_MODESET;

class Lit extends TestKms {
  readonly client1: TestClient;
  readonly fbs: number[];
  readonly primary: number;

  constructor(options?: TestKmsOptions) {
    super(options);
    this.client1 = this.client();
    this.fbs = [this.client1.enable(), this.client1.framebuffer(1024, 768), this.client1.framebuffer(1024, 768)];
    this.primary = this.kms.crtcs[0].primary.id;
  }

  /** The framebuffer that is current. */
  get current(): number {
    return this.fbs.indexOf(this.kms.planes[0].state.fb?.id ?? 0);
  }

  /** A commit that shows framebuffer `i`, now or when it may. */
  show(i: number, flags = 0, more: Record<string, number> = {}): number {
    return this.client1.atomic({ [this.primary]: { FB_ID: this.fbs[i], ...more } }, flags);
  }

  /** The same as a call that may sleep; what it gave so far. */
  sleep(i: number, more: Record<string, number> = {}, signal?: AbortSignal): { result: number | string } {
    const arg = this.client1.atomicArg({ [this.primary]: { FB_ID: this.fbs[i], ...more } });
    const state: { result: number | string } = { result: "asleep" };
    this.client1.card.wait(uapi.DRM_IOCTL_MODE_ATOMIC, arg, { signal })
      .then((result) => state.result = result, (error) => state.result = error.code);
    return state;
  }

  fence(): { fence: Fence; fd: number } {
    const context = this.system.fenceContexts.allocate();
    const fence = new Fence({ clock: this.clock, context, seqno: 1, driverName: "test", timelineName: "test" });
    return { fence, fd: this.client1.process.install(new SyncFile(fence)) };
  }
}

const turn = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

Deno.test("blocking requests one after the other, by a caller that cannot wait, all take place", () => {
  using t = new Lit();
  for (const i of [1, 2, 0, 1]) {
    assertEquals(t.show(i), 0);
    assertEquals(t.current, i);
  }
  // A flip that is pending does not hold them back either, and its event comes.
  t.client1.frame(1);
  assertEquals(t.show(2, NONBLOCK | EVENT), 0);
  assertEquals([t.show(0), t.current], [0, 0]);
  t.client1.frame(1);
  assertEquals(t.client1.events().length, 1);
});

Deno.test("a fence is waited for: a caller that cannot wait is told so, and nothing is committed", () => {
  using t = new Lit();
  const { fd } = t.fence();
  let message = "";
  try {
    t.show(1, 0, { IN_FENCE_FD: fd });
  } catch (error) {
    message = String(error);
  }
  assert(message.includes("has to wait"), message);
  assertEquals([t.current, t.clock.next], [0, Infinity]);
});

Deno.test("NONBLOCK after and during a blocking commit is not EBUSY; after a NONBLOCK one it is (J9)", async () => {
  using t = new Lit();
  t.show(1);
  assertEquals(t.show(2, NONBLOCK), 0);
  assertEquals(errnoOfCall(() => t.show(0, NONBLOCK)), "EBUSY");
  t.client1.frame(1);
  const asleep = t.sleep(1);
  assertEquals([t.current, t.show(2, NONBLOCK)], [1, 0]);
  await turn();
  assertEquals(asleep.result, "asleep");
  t.client1.frame(1);
  await turn();
  assertEquals([asleep.result, t.current], [0, 2]);
});

Deno.test("two blocking commits that sleep come one frame after the other", async () => {
  using t = new Lit();
  const results = [t.sleep(1), t.sleep(2)];
  assertEquals(t.current, 1);
  t.client1.frame(1);
  await turn();
  assertEquals([results.map(({ result }) => result), t.current], [[0, "asleep"], 2]);
  t.client1.frame(1);
  await turn();
  assertEquals(results[1].result, 0);
});

Deno.test("a signal ends the sleep: 0 for a commit that stands, EINTR for one that is yet to come", async () => {
  using t = new Lit();
  const abort = new AbortController();
  const results = [t.sleep(1, {}, abort.signal), t.sleep(2, {}, abort.signal)];
  abort.abort();
  await turn();
  assertEquals([results.map(({ result }) => result), t.current], [[0, -4], 1]);
  t.client1.frame(1);
  assertEquals([t.current, t.clock.next], [1, Infinity]);
});

Deno.test("a frame that does not come is waited for ten seconds, and the commit stands", async () => {
  let held: Fence | undefined = undefined;
  using t = new Lit({ crtc: { atomicFlush: (crtc, draft) => held && draft.completeAfter(crtc, held) } });
  held = t.fence().fence;
  const asleep = t.sleep(1);
  t.clock.advance(9.9e9);
  await turn();
  assertEquals(asleep.result, "asleep");
  t.clock.advance(0.2e9);
  await turn();
  assertEquals(asleep.result, 0);
});

Deno.test("a commit waits ten seconds for the frame before it, no longer", async () => {
  let held: Fence | undefined = undefined;
  using t = new Lit({ crtc: { atomicFlush: (crtc, draft) => held && draft.completeAfter(crtc, held) } });
  held = t.fence().fence;
  const results = [t.sleep(1), t.sleep(2)];
  t.clock.advance(9.9e9);
  await turn();
  assertEquals([results[1].result, t.current], ["asleep", 1]);
  t.clock.advance(0.2e9);
  await turn();
  assertEquals([results[1].result, t.current], ["asleep", 2]);
  t.clock.advance(10e9);
  await turn();
  assertEquals([results[1].result, t.clock.next], [0, Infinity]);
});

Deno.test("switching the CRTC off ends the sleep; unplugging does, and is ENODEV for commits that are yet to come", async () => {
  using t = new Lit();
  const off = t.sleep(1);
  t.client1.atomic({ [t.kms.crtcs[0].id]: { ACTIVE: 0 } }, MODESET | NONBLOCK);
  await turn();
  assertEquals(off.result, 0);
  t.client1.atomic({ [t.kms.crtcs[0].id]: { ACTIVE: 1 } }, MODESET);
  t.client1.frame(1);
  const { fence, fd } = t.fence();
  const results = [t.sleep(2), t.sleep(0), t.sleep(1, { IN_FENCE_FD: fd })];
  t.system.removeDevice(t.device);
  fence.signal();
  await turn();
  assertEquals(results.map(({ result }) => result), [0, "ENODEV", "ENODEV"]);
  assertEquals([t.clock.next, t.kms.planes[0].state.fb], [Infinity, undefined]);
});

Deno.test("a client that ends while it sleeps leaves nothing once its frame has come", async () => {
  using t = new Lit();
  const asleep = [t.sleep(1), t.sleep(2)];
  t.client1.process[Symbol.dispose]();
  t.client1.frame(3);
  await turn();
  assertEquals(asleep.map(({ result }) => result), [0, -4]); // the second was not committed yet
  t.clock.advance(TEST_MODE.frameTime * 2); // the close has switched the plane off
  assertEquals([t.device.files.size, t.clock.next, t.kms.planes[0].state.fb], [0, Infinity, undefined]);
});

Deno.test("a commit on two CRTCs, overtaken on one by who waited for it, is finished on the other too", async () => {
  using t = new Lit({ pipes: 2 });
  const [a, b] = t.kms.crtcs;
  t.client1.enable(1);
  const other = t.client1.framebuffer(1024, 768);
  const { fence, fd } = t.fence();
  const both: AtomicRequest = {
    [a.primary.id]: { FB_ID: t.fbs[1], IN_FENCE_FD: fd },
    [b.primary.id]: { FB_ID: other },
  };
  assertEquals(t.client1.atomic(both, NONBLOCK | EVENT), 0);
  // A cursor on the first waits until the hardware has all of it, and goes on in the midst of its end.
  const { handle } = t.client1.dumb(64, 64);
  const cursor = uapi.drm_mode_cursor.of({ flags: 1, crtc_id: a.id, width: 64, height: 64, handle });
  const moved = t.client1.card.wait(uapi.DRM_IOCTL_MODE_CURSOR, cursor);
  fence.signal();
  assertEquals(await moved, 0);
  assertEquals([a.commit?.hwDone, b.commit?.hwDone], [true, true]);
  t.client1.frame(1);
  assertEquals(t.client1.events().map((event) => event.crtc_id).sort(), [a.id, b.id]);
  assertEquals(t.client1.atomic({ [b.primary.id]: { FB_ID: other } }, NONBLOCK), 0);
});

Deno.test("unplugging lets go of what is on the screen, CLOSEFB and close(2) notwithstanding", () => {
  const pages: number[] = [];
  const cleaned: string[] = [];
  using t = new Lit({ plane: { cleanupFb: (plane) => void cleaned.push(plane.name) } });
  const object = t.kms.planes[0].state.fb?.objects[0];
  assert(object !== undefined);
  t.client1.card.ioctl(uapi.DRM_IOCTL_MODE_CLOSEFB, uapi.drm_mode_closefb.of({ fb_id: t.fbs[0] }));
  t.client1.card.close();
  pages.push(object.references);
  cleaned.length = 0;
  t.takeLog();
  t.system.removeDevice(t.device);
  pages.push(object.references);
  assertEquals([pages, cleaned, t.takeLog()], [[1, 0], ["plane-0"], []]);
  const { crtcs, connectors, planes } = t.kms;
  assertEquals([crtcs[0].state.enable, connectors[0].state.crtc, planes[0].state.crtc], [false, undefined, undefined]);
});

Deno.test("SETCRTC and SETPLANE sleep until their frame, a legacy cursor does not", async () => {
  using t = new Lit({ overlay: true });
  const crtc = t.kms.crtcs[0];
  const ids = t.client1.process.heap.from(new Uint8Array(Uint32Array.of(t.kms.connectors[0].id).buffer));
  const set = uapi.drm_mode_crtc.of({
    crtc_id: crtc.id,
    fb_id: t.fbs[1],
    set_connectors_ptr: ids.address,
    count_connectors: 1,
    mode_valid: 1,
  });
  TEST_MODE.store(set.mode);
  const plane = uapi.drm_mode_set_plane.of({
    plane_id: t.kms.planes[1].id,
    crtc_id: crtc.id,
    fb_id: t.fbs[2],
    crtc_w: 100,
    crtc_h: 100,
    src_w: 100 << 16,
    src_h: 100 << 16,
  });
  const { card } = t.client1;
  const calls = [
    () => card.wait(uapi.DRM_IOCTL_MODE_SETCRTC, set),
    () => card.wait(uapi.DRM_IOCTL_MODE_SETPLANE, plane),
  ];
  for (const call of calls) {
    let result: number | undefined;
    void call().then((value) => result = value);
    await turn();
    assertEquals(result, undefined);
    t.client1.frame(1);
    await turn();
    assertEquals(result, 0);
  }
  const cursor = uapi.drm_mode_cursor.of({ flags: 2, crtc_id: crtc.id, x: 1, y: 1 });
  assertEquals(await t.client1.card.wait(uapi.DRM_IOCTL_MODE_CURSOR, cursor), 0);
});

Deno.test("a legacy cursor waits for the frame of a mode set, not for that of a flip", async () => {
  using t = new Lit();
  const [crtc] = t.kms.crtcs;
  const { client1 } = t;
  const { handle } = client1.dumb(64, 64);
  const cursor = uapi.drm_mode_cursor.of({ flags: 1, crtc_id: crtc.id, width: 64, height: 64, handle });
  const place = (): Promise<number> => client1.card.wait(uapi.DRM_IOCTL_MODE_CURSOR, cursor);
  client1.frame(1);
  assertEquals(t.show(1, NONBLOCK | EVENT), 0);
  assertEquals([await place(), client1.events().length], [0, 0]);
  client1.frame(1);
  assertEquals(client1.events().length, 1);
  assertEquals(client1.atomic({ [crtc.id]: { ACTIVE: 0 } }, MODESET), 0);
  assertEquals(client1.atomic({ [crtc.id]: { ACTIVE: 1 } }, MODESET | NONBLOCK | EVENT), 0);
  let result: number | undefined;
  void place().then((value) => result = value);
  await turn();
  assertEquals([result, client1.events().length], [undefined, 0]);
  client1.frame(1);
  await turn();
  assertEquals([result, client1.events().length], [0, 1]);
});

Deno.test("legacy property, gamma, DPMS and DIRTYFB requests sleep until their frame, one that cannot gets them done", async () => {
  using t = new Lit({ crtc: { gammaSize: 4 }, config: { dirtyFb: true }, plane: { alpha: true } });
  const [crtc] = t.kms.crtcs;
  const [connector] = t.kms.connectors;
  const { card, process } = t.client1;
  const ramp = process.alloc(8).address;
  const dpms = (value: number) =>
    uapi.drm_mode_connector_set_property.of({
      connector_id: connector.id,
      prop_id: t.client1.property(connector.id, "DPMS"),
      value: BigInt(value),
    });
  const alpha = uapi.drm_mode_obj_set_property.of({
    obj_id: t.primary,
    obj_type: uapi.DRM_MODE_OBJECT_PLANE,
    prop_id: t.client1.property(t.primary, "alpha"),
    value: 77n,
  });
  const gamma = uapi.drm_mode_crtc_lut.of({ crtc_id: crtc.id, gamma_size: 4, red: ramp, green: ramp, blue: ramp });
  const dirty = uapi.drm_mode_fb_dirty_cmd.of({ fb_id: t.fbs[0] });
  const calls: Record<string, [() => Promise<number>, () => number]> = {
    property: [
      () => card.wait(uapi.DRM_IOCTL_MODE_OBJ_SETPROPERTY, alpha),
      () => card.ioctl(uapi.DRM_IOCTL_MODE_OBJ_SETPROPERTY, alpha),
    ],
    gamma: [
      () => card.wait(uapi.DRM_IOCTL_MODE_SETGAMMA, gamma),
      () => card.ioctl(uapi.DRM_IOCTL_MODE_SETGAMMA, gamma),
    ],
    dirty: [
      () => card.wait(uapi.DRM_IOCTL_MODE_DIRTYFB, dirty),
      () => card.ioctl(uapi.DRM_IOCTL_MODE_DIRTYFB, dirty),
    ],
    dpms: [
      () => {
        card.ioctl(uapi.DRM_IOCTL_MODE_SETPROPERTY, dpms(uapi.DRM_MODE_DPMS_OFF));
        return card.wait(uapi.DRM_IOCTL_MODE_SETPROPERTY, dpms(uapi.DRM_MODE_DPMS_ON));
      },
      () => card.ioctl(uapi.DRM_IOCTL_MODE_SETPROPERTY, dpms(uapi.DRM_MODE_DPMS_ON)),
    ],
  };
  for (const [name, [sleeping, hasty]] of Object.entries(calls)) {
    let result: number | undefined;
    void sleeping().then((value) => result = value);
    await turn();
    assertEquals(result, undefined, name);
    t.client1.frame(1);
    await turn();
    assertEquals(result, 0, name);
    assertEquals([hasty(), hasty()], [0, 0], name);
    t.client1.frame(2);
  }
  // Switching off needs no frame.
  assertEquals(await card.wait(uapi.DRM_IOCTL_MODE_SETPROPERTY, dpms(uapi.DRM_MODE_DPMS_OFF)), 0);
});

Deno.test("RMFB of a framebuffer that a sleeping commit is to show comes after it: the screen goes dark", async () => {
  for (const overtaken of [false, true]) {
    using t = new Lit();
    t.sleep(1);
    const asleep = t.sleep(2);
    const other = t.client();
    t.client1.card.ioctl(uapi.DRM_IOCTL_MODE_RMFB as uapi.Ioctl<unknown>, Uint32Array.of(t.fbs[2]));
    assertEquals(t.current, 1);
    if (overtaken) t.show(0, NONBLOCK);
    t.client1.frame(3);
    await turn();
    t.client1.frame(3);
    await turn();
    assertEquals([asleep.result, t.kms.planes[0].state.fb], [0, undefined]);
    other.process[Symbol.dispose]();
  }
});
