import { assert, assertEquals, assertThrows } from "@std/assert";
import { VirtualClock } from "udrm/core/clock.ts";
import { defineDriver } from "udrm/core/driver.ts";
import { shmemDumbCreate } from "udrm/core/dumb.ts";
import { DrmError } from "udrm/core/error.ts";
import { ModeConfig } from "udrm/core/kms/mode_config.ts";
import { System } from "udrm/core/system.ts";
import { type DrmCard, modeBytes, openCard } from "udrm/drivers/umd/drm/mod.ts";
import * as uapi from "udrm/uapi/mod.ts";

interface Shown {
  plane: string;
  fb: number;
  x: number;
}

/** Two CRTCs that show nothing, but remember what they were told. */
function card(): { card: DrmCard; clock: VirtualClock; shown: Shown[] } & Disposable {
  const clock = new VirtualClock();
  const system = new System({ clock });
  const shown: Shown[] = [];
  system.addDevice(defineDriver({
    name: "test",
    desc: "two screens",
    version: [1, 0, 0],
    features: ["GEM", "MODESET", "ATOMIC"],
    dumbCreate: shmemDumbCreate,
    probe: (device) => {
      const kms = device.kms = new ModeConfig(device);
      for (let i = 0; i < 2; i++) {
        const plane = (type: "primary" | "cursor", format: number) =>
          kms.addPlane({
            type,
            formats: [format],
            atomicUpdate: (plane, _old, state) =>
              shown.push({ plane: plane.name, fb: state.fb?.id ?? 0, x: state.crtcX }),
          });
        const primary = plane("primary", uapi.DRM_FORMAT_XRGB8888);
        const crtc = kms.addCrtc({ primary, cursor: plane("cursor", uapi.DRM_FORMAT_ARGB8888) });
        const encoder = kms.addEncoder({ possibleCrtcs: 1 << crtc.index });
        kms.addConnector({ type: uapi.DRM_MODE_CONNECTOR_VIRTUAL, encoder });
      }
    },
  }));
  const card = openCard(system.process());
  card.becomeAtomic();
  return { card, clock, shown, [Symbol.dispose]: () => system[Symbol.dispose]() };
}

Deno.test("DrmCard.resources lists what there is, in two calls", () => {
  using t = card();
  const { crtcs, connectors, encoders, fbs, maxWidth } = t.card.resources();
  assertEquals([crtcs.length, connectors.length, encoders.length, fbs.length, maxWidth], [2, 2, 2, 0, 8192]);
  const fb = t.card.createDumb(64, 64).framebuffer(uapi.DRM_FORMAT_XRGB8888);
  assertEquals(t.card.resources().fbs, [fb]);
});

Deno.test("Connector has a name, modes, and finds a CRTC of its own", () => {
  using t = card();
  const [first, second] = t.card.connectors();
  assertEquals([first.name, second.name], ["Virtual-1", "Virtual-2"]);
  assert(first.connected && first.modes.length > 0);
  assert(first.modes.every((mode) => mode.name.startsWith(`${mode.hdisplay}x${mode.vdisplay}`)));
  assertEquals([first.crtc().index, second.crtc().index], [0, 1]);
  assertEquals(second.crtc().id, t.card.resources().crtcs[1]);
});

Deno.test("Plane tells formats and CRTCs; planeOf finds the primary and the cursor plane of a CRTC", () => {
  using t = card();
  const [, crtc] = t.card.crtcs();
  const primary = t.card.planeOf(crtc, uapi.DRM_PLANE_TYPE_PRIMARY);
  assertEquals([primary.possibleCrtcs, primary.formats], [2, [uapi.DRM_FORMAT_XRGB8888]]);
  assertEquals(t.card.planeOf(crtc, uapi.DRM_PLANE_TYPE_CURSOR).formats, [uapi.DRM_FORMAT_ARGB8888]);
  assertEquals(assertThrows(() => t.card.planeOf(crtc, uapi.DRM_PLANE_TYPE_OVERLAY), DrmError).code, "ENOENT");
});

Deno.test("ModeObject properties are found by name, with flags, values and enumerations", () => {
  using t = card();
  const [plane] = t.card.planes();
  const type = plane.property("type");
  assertEquals([...type.enums], [["Overlay", 0n], ["Primary", 1n], ["Cursor", 2n]]);
  assert((type.flags & uapi.DRM_MODE_PROP_IMMUTABLE) !== 0);
  const fb = plane.property("FB_ID");
  assert((fb.flags & uapi.DRM_MODE_PROP_ATOMIC) !== 0);
  assertEquals(plane.value("FB_ID"), 0n);
  assertThrows(() => plane.property("FB"), RangeError, "FB_ID");
});

Deno.test("AtomicRequest commits by name; the last assignment counts, negative numbers are signed", () => {
  using t = card();
  const [connector] = t.card.connectors();
  const mode = connector.preferredMode, crtc = connector.crtc();
  const primary = t.card.planeOf(crtc, uapi.DRM_PLANE_TYPE_PRIMARY),
    cursor = t.card.planeOf(crtc, uapi.DRM_PLANE_TYPE_CURSOR);
  const screen = t.card.createDumb(mode.hdisplay, mode.vdisplay), image = t.card.createDumb(64, 64);
  const place = (width: number, height: number) => ({
    CRTC_ID: crtc.id,
    SRC_X: 0,
    SRC_Y: 0,
    SRC_W: width * 65536,
    SRC_H: height * 65536,
    CRTC_X: 0,
    CRTC_Y: 0,
    CRTC_W: width,
    CRTC_H: height,
  });
  const request = t.card.atomic()
    .set(connector, "CRTC_ID", crtc.id)
    .setAll(crtc, { MODE_ID: t.card.createBlob(modeBytes(mode)), ACTIVE: 1 })
    .setAll(primary, { ...place(mode.hdisplay, mode.vdisplay), FB_ID: screen.framebuffer(uapi.DRM_FORMAT_XRGB8888) })
    .setAll(cursor, { ...place(64, 64), FB_ID: image.framebuffer(uapi.DRM_FORMAT_ARGB8888) })
    .set(cursor, "CRTC_X", 77)
    .set(cursor, "CRTC_X", -5);
  assertEquals(request.commit(uapi.DRM_MODE_ATOMIC_TEST_ONLY | uapi.DRM_MODE_ATOMIC_ALLOW_MODESET), 0);
  assertEquals(t.shown, []);
  assertEquals(request.commit(uapi.DRM_MODE_ATOMIC_ALLOW_MODESET), 0);
  assertEquals(t.shown.map((s) => s.x), [0, -5]);
  assertEquals(cursor.value("CRTC_X"), BigInt.asUintN(64, -5n));
  assertEquals(crtc.state().fb_id, screen.framebuffer(uapi.DRM_FORMAT_XRGB8888));
  assertThrows(() => request.set(crtc, "NO_SUCH", 1), RangeError);
  assertEquals(assertThrows(() => request.clear().setId(crtc.id, 9999, 1).commit(0), DrmError).code, "ENOENT");
  request[Symbol.dispose]();
});

Deno.test("EventReader reads flips: by poll, by waiting, by iterating", async () => {
  using t = card();
  const [connector] = t.card.connectors();
  const crtc = connector.crtc();
  const { hdisplay, vdisplay } = connector.preferredMode;
  const fbs = [0, 1].map(() => t.card.createDumb(hdisplay, vdisplay).framebuffer(uapi.DRM_FORMAT_XRGB8888));
  const set = t.card.setCrtc(crtc.id, fbs[0], [connector.id], connector.preferredMode);
  t.clock.advance(50e6);
  await set;
  const flip = (n: number): void => assertEquals(t.card.pageFlip(crtc.id, fbs[n & 1], { userData: BigInt(n) }), true);
  flip(1);
  assertEquals(t.card.pageFlip(crtc.id, fbs[0], { userData: 9n }), false, "a flip is pending");
  assertEquals(t.card.events.poll(), []);
  t.clock.advance(50e6);
  const [event] = t.card.events.poll();
  assert(event.kind === "flip");
  assertEquals([event.userData, event.crtcId], [1n, crtc.id]);
  flip(2);
  const waiting = t.card.events.flip();
  t.clock.advance(50e6);
  assertEquals((await waiting).userData, 2n);
  let count = 3;
  flip(count);
  setTimeout(() => t.clock.advance(50e6));
  for await (const next of t.card.events) {
    assert(next.kind === "flip");
    assertEquals(next.userData, BigInt(count));
    if (++count === 6) break;
    flip(count);
    setTimeout(() => t.clock.advance(50e6));
  }
  const controller = new AbortController();
  const never = t.card.events.next({ signal: controller.signal });
  controller.abort();
  assertEquals(await never, undefined);
});

Deno.test("blobs go round", () => {
  using t = card();
  const id = t.card.createBlob(Uint8Array.of(1, 2, 3));
  assertEquals(t.card.readBlob(id), Uint8Array.of(1, 2, 3));
  t.card.destroyBlob(id);
  assertEquals(assertThrows(() => t.card.readBlob(id), DrmError).code, "ENOENT");
  assertEquals(assertThrows(() => t.card.createBlob(new Uint8Array(0)), DrmError).code, "EINVAL");
});

Deno.test("Scratch memory is given back", () => {
  using t = card();
  const first = t.card.file.process.alloc(16).address;
  for (let i = 0; i < 10_000; i++) t.card.resources();
  const last = t.card.file.process.alloc(16).address;
  assert(last - first < 4n << 20n, "ten thousand calls stay within a few chunks");
});
