/** CURSOR and CURSOR2: images, moves, and how little they wait for. After igt's kms_cursor_legacy. */
import { assert, assertEquals } from "@std/assert";
import * as uapi from "udrm/uapi/mod.ts";
import { outcome } from "./client.ts";
import { type KmsClient, KmsMachine } from "./kms_client.ts";

const { DRM_MODE_CURSOR_BO: BO, DRM_MODE_CURSOR_MOVE: MOVE } = uapi;

interface Lit {
  readonly machine: KmsMachine;
  readonly client: KmsClient;
  readonly crtc: number;
  readonly plane: number;
  readonly fb: number;
  cursor(init: Parameters<typeof uapi.drm_mode_cursor2.of>[0], who?: KmsClient): number | string;
  /** fb, crtc, x, y, w, h of the cursor plane. */
  readonly shown: readonly number[];
  [Symbol.dispose](): void;
}

function lit(): Lit {
  const machine = new KmsMachine();
  const client = machine.client().becomeAtomic();
  client.cap(uapi.DRM_CLIENT_CAP_CURSOR_PLANE_HOTSPOT);
  const fb = client.light();
  const [crtc] = client.resources().crtcs;
  const plane = client.plane(uapi.DRM_PLANE_TYPE_CURSOR);
  return {
    machine,
    client,
    crtc,
    plane,
    fb,
    cursor: (init, who = client) =>
      outcome(() => who.card.ioctl(uapi.DRM_IOCTL_MODE_CURSOR2, uapi.drm_mode_cursor2.of({ crtc_id: crtc, ...init }))),
    get shown() {
      return ["FB_ID", "CRTC_ID", "CRTC_X", "CRTC_Y", "CRTC_W", "CRTC_H"].map((name) =>
        Number(BigInt.asIntN(64, client.value(plane, name) ?? 0n))
      );
    },
    [Symbol.dispose]: () => machine[Symbol.dispose](),
  };
}

Deno.test("cursor: set, move, keep, hide", () => {
  using t = lit();
  const { client, crtc } = t;
  const { handle } = client.dumb(64, 64);
  assertEquals(t.cursor({ flags: MOVE, x: 5, y: 6 }), 0); // of nothing: it is kept in mind
  assertEquals(t.shown, [0, 0, 0, 0, 0, 0]);
  assertEquals(t.cursor({ flags: BO, handle, width: 64, height: 64 }), 0);
  const [fb] = t.shown;
  assert(fb !== 0);
  assertEquals(t.shown, [fb, crtc, 5, 6, 64, 64]);
  assertEquals([t.cursor({ flags: MOVE, x: -10, y: -2000 }), t.shown], [0, [fb, crtc, -10, -2000, 64, 64]]);
  assertEquals(client.gemClose(handle), 0); // the image lives on
  assertEquals([t.cursor({ flags: MOVE, x: 1, y: 2 }), t.shown], [0, [fb, crtc, 1, 2, 64, 64]]);
  assertEquals(client.resources().fbs.includes(fb), false); // it is nobody's
  assertEquals(client.dropFb(fb), "ENOENT");
  assertEquals([t.cursor({ flags: BO, handle: 0, x: 9, y: 9 }), t.shown], [0, [0, 0, 0, 0, 0, 0]]);
  const other = client.dumb(64, 64).handle;
  assertEquals([t.cursor({ flags: BO | MOVE, handle: other, width: 64, height: 64, x: 3, y: 4 }), t.shown.slice(1)], [
    0,
    [crtc, 3, 4, 64, 64],
  ]);
});

Deno.test("cursor: what is wrong leaves it as it was", () => {
  using t = lit();
  const { client } = t;
  const good = { flags: BO, handle: client.dumb(64, 64).handle, width: 64, height: 64 };
  assertEquals(t.cursor(good), 0);
  const before = t.shown;
  for (const flags of [0, 4, 0x8000_0000, BO | 4]) assertEquals(t.cursor({ ...good, flags, crtc_id: 0 }), "EINVAL");
  for (const crtc_id of [0, t.plane, 0xffff_ffff]) assertEquals(t.cursor({ ...good, crtc_id }), "ENOENT");
  assertEquals(t.cursor({ ...good, handle: 0xffff }), "EINVAL");
  assertEquals(t.cursor({ ...good, handle: t.machine.client().dumb(64, 64).handle + 7 }), "EINVAL");
  assertEquals(t.cursor({ ...good, width: 65 }), "EINVAL"); // the buffer ends before
  assertEquals(t.cursor({ ...good, height: 4096 }), "EINVAL");
  assertEquals(t.cursor({ ...good, width: 16, height: 16 }), "EINVAL"); // no framebuffer is so small
  assertEquals(t.cursor({ ...good, width: 0xffff_ffff, height: 0xffff_ffff }), "EINVAL");
  assertEquals(t.cursor({ flags: MOVE, x: 0x7fff_ffff, y: 0 }), "ERANGE");
  assertEquals(t.cursor({ flags: MOVE, x: 0, y: 0x7fff_ffff }), "ERANGE");
  assertEquals(t.cursor(good, t.machine.client()), "EACCES");
  assertEquals(t.shown, before);
  // The refused place was not kept in mind.
  assertEquals([t.cursor(good), t.shown.slice(2, 4)], [0, [0, 0]]);
  assertEquals(t.cursor({ flags: MOVE, x: -0x8000_0000, y: -0x8000_0000 }), 0);
});

Deno.test("cursor: hundreds of updates in one frame; flips and their events do not mind, nor the other way round", () => {
  using t = lit();
  const { client } = t;
  const handles = [client.dumb(64, 64).handle, client.dumb(64, 64).handle];
  const next = client.fb(640, 480);
  assertEquals(client.flip(next), 0);
  for (let i = 0; i < 300; i++) {
    assertEquals(t.cursor({ flags: MOVE | BO, handle: handles[i & 1], width: 64, height: 64, x: i, y: i }), 0);
  }
  assertEquals(client.flip(t.fb), "EBUSY"); // as before the cursor's updates
  client.frame(1);
  assertEquals([client.events().length, client.flip(t.fb)], [1, 0]);
  client.frame(1);
  assertEquals(client.events().length, 1);
  const arg = client.atomicArg({ [client.plane(uapi.DRM_PLANE_TYPE_PRIMARY)]: { FB_ID: next } });
  assertEquals(client.card.ioctl(uapi.DRM_IOCTL_MODE_ATOMIC, arg), 0);
  assertEquals(t.cursor({ flags: MOVE, x: 1, y: 1 }), 0);
});

Deno.test("cursor: it stays through mode sets and DPMS, and goes with its owner's file", () => {
  using t = lit();
  const { client, crtc } = t;
  const { handle } = client.dumb(64, 64);
  assertEquals(t.cursor({ flags: BO, handle, width: 64, height: 64, hot_x: 3, hot_y: 4 }), 0);
  assertEquals([client.value(t.plane, "HOTSPOT_X"), client.value(t.plane, "HOTSPOT_Y")], [3n, 4n]);
  const [fb] = t.shown;
  for (const ACTIVE of [0, 1]) {
    assertEquals(client.atomic({ [crtc]: { ACTIVE } }, uapi.DRM_MODE_ATOMIC_ALLOW_MODESET), 0);
    client.frame(1);
    assertEquals(t.cursor({ flags: MOVE, x: 7, y: 8 }), 0);
    assertEquals(t.shown.slice(0, 2), [fb, crtc]);
  }
  // An atomic client may set the same plane.
  const own = client.fb(64, 64, uapi.DRM_FORMAT_ARGB8888);
  assertEquals(client.atomic({ [t.plane]: { FB_ID: own } }), 0);
  assertEquals([t.cursor({ flags: MOVE, x: 1, y: 1 }), t.shown[0]], [0, own]);
  assertEquals([client.dropFb(own), t.shown], [0, [0, 0, 1, 1, 64, 64]]);
});

Deno.test("cursor: atomic clients that know no hot spots are not shown a virtual machine's cursor plane", () => {
  using t = lit();
  const client = t.machine.client();
  client.cap(uapi.DRM_CLIENT_CAP_UNIVERSAL_PLANES);
  assert(client.planes().includes(t.plane));
  client.becomeAtomic();
  assert(!client.planes().includes(t.plane));
  client.cap(uapi.DRM_CLIENT_CAP_CURSOR_PLANE_HOTSPOT);
  assert(client.planes().includes(t.plane));
});
