/** PAGE_FLIP and its events: one a frame, in time, through whatever else happens. After igt's kms_flip. */
import { assert, assertEquals } from "@std/assert";
import * as uapi from "udrm/uapi/mod.ts";
import { outcome } from "./client.ts";
import { type KmsClient, KmsMachine } from "./kms_client.ts";

const EVENT = uapi.DRM_MODE_PAGE_FLIP_EVENT;

function lit(monitors = 1): { machine: KmsMachine; client: KmsClient; fbs: number[]; [Symbol.dispose](): void } {
  const machine = new KmsMachine(monitors);
  const client = machine.client();
  const fbs = [client.light(), client.fb(640, 480)];
  return { machine, client, fbs, [Symbol.dispose]: () => machine[Symbol.dispose]() };
}

Deno.test("flip: sixty flips have sixty events, each a frame later than the one before, with its cookie", () => {
  using t = lit();
  const { client, fbs } = t;
  const [crtc] = client.resources().crtcs;
  let last: { sequence: number; time: number } | undefined;
  for (let i = 0; i < 60; i++) {
    const cookie = 0xdead_beef_0000_0000n + BigInt(i);
    assertEquals(client.flip(fbs[(i + 1) & 1], EVENT, cookie), 0);
    client.frame(1);
    const events = client.events();
    assertEquals(events.map((e) => [e.base.type, e.base.length, e.user_data, e.crtc_id]), [[
      uapi.DRM_EVENT_FLIP_COMPLETE,
      32,
      cookie,
      crtc,
    ]]);
    const time = events[0].tv_sec * 1e6 + events[0].tv_usec, { sequence } = events[0];
    if (last !== undefined) {
      assertEquals(sequence, last.sequence + 1);
      assert(Math.abs(time - last.time - client.frameTime / 1000) <= 1);
    }
    assert(time * 1000 <= t.machine.clock.now());
    last = { sequence, time };
  }
});

Deno.test("flip: a second one before the first is shown is EBUSY, and so is one without event", () => {
  using t = lit();
  const { client, fbs } = t;
  assertEquals(client.flip(fbs[1]), 0);
  assertEquals([client.flip(fbs[0]), client.flip(fbs[1]), client.flip(fbs[0], 0)], ["EBUSY", "EBUSY", "EBUSY"]);
  const [crtc] = client.resources().crtcs;
  assertEquals(client.crtc(crtc).fb_id, fbs[1]);
  client.frame(1);
  assertEquals([client.events().length, client.flip(fbs[0], 0)], [1, 0]);
  client.frame(1);
  assertEquals([client.events().length, client.crtc(crtc).fb_id], [0, fbs[0]]);
});

Deno.test("flip: what is wrong is told in the kernel's order", () => {
  using t = lit();
  const { client, fbs: [fb] } = t;
  const send = (init: Parameters<typeof uapi.drm_mode_crtc_page_flip.of>[0], who = client): number | string => {
    const [crtc_id] = client.resources().crtcs;
    const arg = uapi.drm_mode_crtc_page_flip.of({ crtc_id, fb_id: fb, flags: EVENT, ...init });
    return outcome(() => who.card.ioctl(uapi.DRM_IOCTL_MODE_PAGE_FLIP, arg));
  };
  for (const flags of [0x10, 0x20, 0x8000_0000]) assertEquals(send({ flags, crtc_id: 0 }), "EINVAL");
  assertEquals(send({ reserved: 1, crtc_id: 0 }), "EINVAL");
  assertEquals(send({ flags: uapi.DRM_MODE_PAGE_FLIP_ASYNC }), "EINVAL");
  assertEquals(send({ flags: uapi.DRM_MODE_PAGE_FLIP_TARGET_ABSOLUTE }), "EINVAL");
  assertEquals(send({ flags: uapi.DRM_MODE_PAGE_FLIP_TARGET_RELATIVE, reserved: 1 }), "EINVAL");
  for (const crtc_id of [0, fb, client.resources().connectors[0]]) assertEquals(send({ crtc_id }), "ENOENT");
  for (const fb_id of [0, 0xffff_ffff, client.resources().crtcs[0]]) assertEquals(send({ fb_id }), "ENOENT");
  assertEquals(send({ fb_id: client.fb(639, 480) }), "ENOSPC");
  assertEquals(send({ fb_id: client.fb(640, 479, uapi.DRM_FORMAT_ARGB8888) }), "ENOSPC"); // the size first
  assertEquals(send({ fb_id: client.fb(640, 480, uapi.DRM_FORMAT_ARGB8888) }), "EINVAL"); // the format may not change
  assertEquals(send({}, t.machine.client()), "EACCES");
  assertEquals(client.events().length, 0);
  assertEquals(send({}), 0);
});

Deno.test("flip: buffers of another pitch or offset are as good", () => {
  using t = lit();
  const { client } = t;
  const { handle, pitch } = client.dumb(1024, 600);
  const wide = client.addFb({
    width: 640,
    height: 480,
    pixel_format: uapi.DRM_FORMAT_XRGB8888,
    handles: [handle],
    pitches: [pitch],
    offsets: [pitch * 7 + 64],
  });
  assertEquals(client.flip(wide as number), 0);
  client.frame(1);
  assertEquals(client.events().length, 1);
});

Deno.test("flip: an idle client of another process may flip to nobody's screen, whichever fb it names", () => {
  using t = lit();
  const other = t.machine.client();
  const fb = other.fb(640, 480);
  // Framebuffers are named by id alone: the master may show another client's.
  assertEquals(t.client.flip(fb), 0);
  t.client.frame(1);
  assertEquals([t.client.events().length, other.events().length], [1, 0]);
  other.card.close(); // and the screen goes dark with its owner
  const [crtc] = t.client.resources().crtcs;
  assertEquals([t.client.crtc(crtc).fb_id, t.client.crtc(crtc).mode_valid], [0, 1]);
});

Deno.test("flip vs RMFB: the framebuffer goes, its event comes, the next flip finds no plane", () => {
  using t = lit();
  const { client, fbs } = t;
  assertEquals(client.flip(fbs[1]), 0);
  assertEquals(client.dropFb(fbs[1]), 0);
  client.frame(2);
  assertEquals(client.events().length, 1);
  assertEquals(client.flip(fbs[0]), "EBUSY");
  assertEquals([client.setCrtc(fbs[0]), client.flip(fbs[0])], [0, 0]);
});

Deno.test("flip vs DPMS and mode sets: a pending flip's event comes early; on a dark CRTC flips are EINVAL or EBUSY", () => {
  using t = lit();
  const { client, fbs } = t;
  const [connector] = client.resources().connectors;
  const dpms = (value: number): number | string => {
    const arg = uapi.drm_mode_connector_set_property.of({
      connector_id: connector,
      prop_id: client.prop(connector, "DPMS"),
      value: BigInt(value),
    });
    return outcome(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_SETPROPERTY, arg));
  };
  assertEquals(client.flip(fbs[1]), 0);
  assertEquals(dpms(uapi.DRM_MODE_DPMS_OFF), 0);
  assertEquals(client.events().length, 1); // with no frame to wait for
  assertEquals(client.flip(fbs[0]), "EINVAL");
  assertEquals([dpms(uapi.DRM_MODE_DPMS_ON), client.flip(fbs[0])], [0, 0]);
  assertEquals(client.dark(), 0);
  assertEquals(client.events().length, 1);
  assertEquals(client.flip(fbs[0]), "EBUSY"); // no framebuffer on the plane
});

Deno.test("flip vs close: the events of a closed file go nowhere, the next client finds a free CRTC", () => {
  using t = lit();
  for (let i = 0; i < 10; i++) {
    const client = i === 0 ? t.client : t.machine.client();
    if (i > 0) client.light();
    assertEquals(client.flip(client.fb(640, 480)), 0);
    client.card.close();
  }
  t.machine.pass(1e9);
  const last = t.machine.client();
  assertEquals([last.light() > 0, last.events().length, last.crtc(last.resources().crtcs[0]).mode_valid], [true, 0, 1]);
});

Deno.test("flip: two CRTCs flip on their own, one pending does not hold up the other", () => {
  using t = lit(2);
  const { client, fbs } = t;
  const second = [client.light(1), client.fb(640, 480)];
  assertEquals(client.flip(fbs[1], EVENT, 1n, 0), 0);
  assertEquals(client.flip(second[1], EVENT, 2n, 1), 0);
  assertEquals([client.flip(fbs[0], EVENT, 3n, 0), client.flip(second[0], EVENT, 4n, 1)], ["EBUSY", "EBUSY"]);
  client.frame(2);
  const events = client.events();
  assertEquals(events.map((e) => e.user_data).sort(), [1n, 2n]);
  assertEquals(new Set(events.map((e) => e.crtc_id)), new Set(client.resources().crtcs));
});

Deno.test("flip: unplugging ends everything with its event, then all is ENODEV", () => {
  using t = lit();
  const { client, fbs } = t;
  const crtc_id = client.resources().crtcs[0];
  const flip = uapi.drm_mode_crtc_page_flip.of({ crtc_id, fb_id: fbs[1], flags: EVENT });
  assertEquals(client.card.ioctl(uapi.DRM_IOCTL_MODE_PAGE_FLIP, flip), 0);
  t.machine.system.removeDevice(t.machine.device);
  t.machine.pass(1e9);
  assertEquals(client.events().length, 1);
  assertEquals(outcome(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_PAGE_FLIP, flip)), "ENODEV");
});
