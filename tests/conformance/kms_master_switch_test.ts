/** Two programs that take turns on one card, as when virtual terminals are switched. After igt's core_setmaster and kms_flip. */
import { assert, assertEquals } from "@std/assert";
import type { ProcessOptions } from "udrm/core/process.ts";
import * as uapi from "udrm/uapi/mod.ts";
import { outcome } from "./client.ts";
import { type KmsClient, KmsMachine, type Values } from "./kms_client.ts";
import { coloured, Recorder } from "./recorder.ts";

const ROOT: ProcessOptions = { comm: "igt", uid: 0 };

const setMaster = (client: KmsClient): number | string => outcome(() => client.card.ioctl(uapi.DRM_IOCTL_SET_MASTER));
const dropMaster = (client: KmsClient): number | string => outcome(() => client.card.ioctl(uapi.DRM_IOCTL_DROP_MASTER));
const getFb = (client: KmsClient, fb_id: number): number | string =>
  outcome(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_GETFB2, uapi.drm_mode_fb_cmd2.of({ fb_id })));

/** Two programs of root, `a` with red on the screen; both atomic, each with framebuffers of its own. */
function pair(width = 640, height = 480) {
  const screen = new Recorder();
  const machine = new KmsMachine(1, width, height, screen);
  const a = machine.client(ROOT).becomeAtomic(), b = machine.client(ROOT).becomeAtomic();
  const red = coloured(a, "red", width, height), blue = coloured(b, "blue", width, height);
  assertEquals(a.setCrtc(red), 0);
  a.frame(2);
  assertEquals(screen.take(), ["0 red"]);
  const [crtc] = a.resources().crtcs, [connector] = a.resources().connectors;
  const plane = a.plane(uapi.DRM_PLANE_TYPE_PRIMARY);
  return {
    screen,
    machine,
    a,
    b,
    red,
    blue,
    crtc,
    connector,
    plane,
    [Symbol.dispose]: () => machine[Symbol.dispose](),
  };
}

Deno.test("master switch: the picture goes from one program's to the other's, without a mode set and never dark", () => {
  using t = pair();
  const { screen, a, b, red, blue, plane } = t;
  const started = t.machine.clock.now();
  assertEquals([dropMaster(a), setMaster(b)], [0, 0]);
  // No ALLOW_MODESET: what would need one is EINVAL.
  assertEquals(b.atomic({ [plane]: { FB_ID: blue } }), 0);
  b.frame(1);
  assertEquals(screen.take(), ["0 blue"]);
  assertEquals([dropMaster(b), setMaster(a), a.atomic({ [plane]: { FB_ID: red } })], [0, 0, 0]);
  a.frame(1);
  assertEquals(screen.take(), ["0 red"]);
  assert(t.machine.clock.now() - started < 2.1 * a.frameTime);
});

for (const whole of ["SETCRTC", "an atomic commit of everything"] as const) {
  Deno.test(`master switch: ${whole}, with the same mode, is no mode set`, () => {
    using t = pair();
    const { screen, a, b, blue, crtc, connector, plane } = t;
    b.frame(3);
    const before = b.vblank(uapi._DRM_VBLANK_RELATIVE).sequence;
    assertEquals([dropMaster(a), setMaster(b)], [0, 0]);
    if (whole === "SETCRTC") assertEquals(b.setCrtc(blue), 0);
    else {
      const mode = b.blob(uapi.bytesOf(b.modes(connector)[0]));
      assert(typeof mode === "number");
      const rect = { CRTC_X: 0, CRTC_Y: 0, CRTC_W: 640, CRTC_H: 480, SRC_X: 0, SRC_Y: 0 };
      const request: Values = {
        [crtc]: { ACTIVE: 1, MODE_ID: mode },
        [connector]: { CRTC_ID: crtc },
        [plane]: { FB_ID: blue, CRTC_ID: crtc, SRC_W: 640 << 16, SRC_H: 480 << 16, ...rect },
      };
      assertEquals(b.atomic(request), 0);
    }
    b.frame(1);
    assertEquals(screen.take(), ["0 blue"]);
    // Frames are counted on without a break.
    const after = b.vblank(uapi._DRM_VBLANK_RELATIVE).sequence;
    assert(after - before <= 2, `${before} -> ${after}`);
  });
}

Deno.test("master switch: another mode is a mode set, which has to be allowed", () => {
  using t = pair(1024, 768);
  const { screen, a, b, crtc, connector, plane } = t;
  const other = b.modes(connector).find(({ hdisplay }) => hdisplay === 640);
  assert(other !== undefined);
  const mode = b.blob(uapi.bytesOf(other));
  assert(typeof mode === "number");
  const fb = coloured(b, "green");
  assertEquals([dropMaster(a), setMaster(b)], [0, 0]);
  const size = { CRTC_W: 640, CRTC_H: 480, SRC_W: 640 << 16, SRC_H: 480 << 16 };
  const request: Values = { [crtc]: { MODE_ID: mode }, [plane]: { FB_ID: fb, ...size } };
  assertEquals([b.atomic(request), screen.take()], ["EINVAL", []]);
  assertEquals(b.atomic(request, uapi.DRM_MODE_ATOMIC_ALLOW_MODESET), 0);
  b.frame(2);
  assertEquals(screen.shown[0], { width: 640, height: 480, pixel: 0x00ff00 });
});

Deno.test("master switch: at the drop nothing changes: state, properties, picture; nobody may change them meanwhile", () => {
  using t = pair();
  const { screen, a, b, red, blue, crtc, connector, plane } = t;
  const state = (): unknown => [
    uapi.bytesOf(a.crtc(crtc)),
    [crtc, connector, plane].map((id) => b.rawProps(id)),
    a.resources(),
    getFb(a, red),
  ];
  const before = state();
  assertEquals(dropMaster(a), 0);
  assertEquals(state(), before);
  a.frame(10);
  assertEquals(screen.take(), []);
  const flips = [a, b].map((client) => client.flip(client === a ? red : blue));
  const commits = [a, b].map((client) => client.atomic({ [plane]: { FB_ID: red } }, uapi.DRM_MODE_ATOMIC_TEST_ONLY));
  assertEquals([flips, commits], [["EACCES", "EACCES"], ["EACCES", "EACCES"]]);
  assertEquals([setMaster(a), state(), screen.take()], [0, before, []]);
});

Deno.test("master switch: the one in the background keeps its framebuffers, until it closes", () => {
  using t = pair();
  const { screen, a, b, red, blue, plane } = t;
  assertEquals([dropMaster(a), setMaster(b), b.flip(blue)], [0, 0, 0]);
  b.frame(2);
  assertEquals([a.resources().fbs, getFb(a, red), a.dropFb(blue)], [[red], 0, "ENOENT"]);
  assertEquals([dropMaster(b), setMaster(a), a.flip(red)], [0, 0, 0]);
  a.frame(2);
  assertEquals(screen.take(), ["0 blue", "0 red"]);
  b.card.close(); // it shows nothing: nothing happens
  a.frame(2);
  assertEquals([screen.take(), a.value(plane, "FB_ID")], [[], BigInt(red)]);
});

Deno.test("master switch: a framebuffer goes with its file even from under the next master; what was replaced leaves quietly", () => {
  using t = pair();
  const { screen, a, b, blue, plane } = t;
  const c = t.machine.client(ROOT);
  assertEquals([dropMaster(a), setMaster(b)], [0, 0]);
  a.card.close();
  b.frame(2);
  assertEquals([screen.take(), b.value(plane, "FB_ID")], [["0 off"], 0n]);
  assertEquals(b.setCrtc(blue), 0);
  b.frame(2);
  assertEquals(screen.take(), ["0 blue"]);
  const green = coloured(c, "green");
  assertEquals([dropMaster(b), setMaster(c), c.flip(green)], [0, 0, 0]);
  c.frame(2);
  b.card.close();
  c.frame(2);
  assertEquals(screen.take(), ["0 green"]);
});

Deno.test("master switch: a flip that is under way arrives, and the next master's waits its turn", () => {
  using t = pair();
  const { screen, a, b, blue } = t;
  const green = coloured(a, "green");
  assertEquals(a.flip(green, uapi.DRM_MODE_PAGE_FLIP_EVENT, 7n), 0);
  assertEquals([dropMaster(a), setMaster(b), b.flip(blue)], [0, 0, "EBUSY"]);
  a.frame(1);
  assertEquals(a.events().map(({ user_data }) => user_data), [7n]);
  assertEquals([b.events().length, b.flip(blue)], [0, 0]);
  b.frame(1);
  assertEquals([a.events().length, b.events().length, screen.take()], [0, 1, ["0 green", "0 blue"]]);
});

Deno.test("master switch: a broker switches for programs that may not, on files that it opened for them", () => {
  using t = new KmsMachine(1, 640, 480, new Recorder());
  // As logind does: it opens, hands the file on, and drops and sets master by its own copy.
  const broker = t.system.process(ROOT);
  const hand = (): { copy: KmsClient; client: KmsClient } => {
    const { fd } = broker.open("/dev/dri/card0");
    const user = t.system.process({ comm: "igt", uid: 1000 });
    return { copy: t.adopt(broker, fd), client: t.adopt(user, user.receive(broker, fd)) };
  };
  const first = hand(), second = hand();
  const red = coloured(first.client, "red"), blue = coloured(second.client, "blue");
  assertEquals([first.client.setCrtc(red), second.client.setCrtc(blue)], [0, "EACCES"]);
  assertEquals([dropMaster(first.client), setMaster(second.client)], ["EACCES", "EACCES"]);
  assertEquals([dropMaster(first.copy), setMaster(second.copy)], [0, 0]);
  assertEquals([first.client.setCrtc(red), second.client.setCrtc(blue)], ["EACCES", 0]);
  assertEquals([dropMaster(second.copy), setMaster(first.copy), first.client.setCrtc(red)], [0, 0, 0]);
});

Deno.test("master switch: a hundred times to and fro, nothing is dark and nothing is left over", () => {
  using t = pair();
  const { screen, a, b, red, blue, plane } = t;
  const ids = t.machine.system.ids.used;
  let [from, to, fb] = [a, b, blue];
  for (let i = 0; i < 100; i++) {
    assertEquals([dropMaster(from), setMaster(to), to.atomic({ [plane]: { FB_ID: fb } })], [0, 0, 0]);
    to.frame(1);
    [from, to, fb] = [to, from, fb === blue ? red : blue];
  }
  assertEquals([screen.take().filter((entry) => entry === "0 off"), t.machine.system.ids.used], [[], ids]);
});
