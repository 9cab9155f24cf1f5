/** GETFB and GETFB2: what is told to whom, and whose the handles are. After igt's kms_getfb. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import * as uapi from "udrm/uapi/mod.ts";
import { outcome } from "./client.ts";
import { type KmsClient, KmsMachine } from "./kms_client.ts";

function getFb2(client: KmsClient, fb_id: number): uapi.View<uapi.drm_mode_fb_cmd2> | string {
  const arg = uapi.drm_mode_fb_cmd2.of({
    fb_id,
    handles: [7, 7, 7, 7],
    pitches: [7, 7, 7, 7],
    offsets: [7, 7, 7, 7],
    modifier: [7n, 7n, 7n, 7n],
  });
  const result = outcome(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_GETFB2, arg));
  return typeof result === "string" ? result : arg;
}

function getFb(client: KmsClient, fb_id: number): uapi.View<uapi.drm_mode_fb_cmd> | string {
  const arg = uapi.drm_mode_fb_cmd.of({ fb_id, handle: 7 });
  const result = outcome(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_GETFB, arg));
  return typeof result === "string" ? result : arg;
}

Deno.test("getfb: ids of nothing, of what was removed and of other kinds of objects are ENOENT", () => {
  using machine = new KmsMachine();
  const client = machine.client();
  const { crtcs, connectors, encoders } = client.resources();
  const gone = client.fb(64, 64);
  client.dropFb(gone);
  for (const id of [0, gone, crtcs[0], connectors[0], encoders[0], 0x7fff_ffff, 0xffff_ffff]) {
    assertEquals([getFb(client, id), getFb2(client, id)], ["ENOENT", "ENOENT"], `${id}`);
  }
});

Deno.test("getfb: each call gives a handle of its own to the same memory", () => {
  using machine = new KmsMachine();
  const client = machine.client();
  const fb = client.fb(64, 64);
  const handles = [getFb(client, fb), getFb(client, fb), getFb2(client, fb)].map((arg) =>
    typeof arg === "string" ? 0 : "handle" in arg ? arg.handle : arg.handles[0]
  );
  assertEquals(new Set(handles).size, 3);
  assert(!handles.includes(0) && !handles.includes(7));
  const offsets = handles.map((handle) => {
    const map = uapi.drm_mode_map_dumb.of({ handle });
    client.card.ioctl(uapi.DRM_IOCTL_MODE_MAP_DUMB, map);
    return map.offset;
  });
  assertEquals(new Set(offsets).size, 1);
  client.card.mmap(4096, offsets[0])[5] = 55;
  assertEquals(handles.map((handle) => client.gemClose(handle)), [0, 0, 0]);
  const again = getFb(client, fb);
  assert(typeof again !== "string");
  const map = uapi.drm_mode_map_dumb.of({ handle: again.handle });
  client.card.ioctl(uapi.DRM_IOCTL_MODE_MAP_DUMB, map);
  assertEquals(client.card.mmap(4096, map.offset)[5], 55);
});

Deno.test("getfb2: planes that are not there are zeros, and its answer makes the same framebuffer again", () => {
  using machine = new KmsMachine();
  const client = machine.client();
  const { handle } = client.dumb(128, 128);
  const offset = 512 * 8 + 64;
  const init = { width: 64, height: 100, pixel_format: uapi.DRM_FORMAT_ARGB8888, pitches: [512], offsets: [offset] };
  const fb = client.addFb({ ...init, handles: [handle] }) as number;
  const arg = getFb2(client, fb);
  assert(typeof arg !== "string");
  assertEquals([[...arg.pitches], [...arg.offsets], [...arg.modifier]], [
    [512, 0, 0, 0],
    [offset, 0, 0, 0],
    [0n, 0n, 0n, 0n],
  ]);
  assertEquals([[...arg.handles].slice(1), arg.flags], [[0, 0, 0], 0]); // the device takes no modifiers
  assertNotEquals(arg.handles[0], handle);
  assertEquals(outcome(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_ADDFB2, arg)), 0);
  assertNotEquals(arg.fb_id, fb);
  const copy = getFb2(client, arg.fb_id);
  assert(typeof copy !== "string");
  assertEquals([copy.width, copy.height, copy.pixel_format, copy.pitches[0], copy.offsets[0]], [
    64,
    100,
    uapi.DRM_FORMAT_ARGB8888,
    512,
    offset,
  ]);
});

Deno.test("getfb: only a master and the administrator get handles; the rest is told to everybody", () => {
  using machine = new KmsMachine();
  const master = machine.client();
  const fb = master.light();
  const clients = { user: machine.client(), root: machine.client({ comm: "igt", uid: 0 }) };
  for (const [who, client] of Object.entries(clients)) {
    const one = getFb(client, fb), two = getFb2(client, fb);
    assert(typeof one !== "string" && typeof two !== "string");
    assertEquals([one.width, two.width, one.pitch === two.pitches[0]], [640, 640, true]);
    assertEquals([one.handle !== 0, two.handles[0] !== 0], who === "root" ? [true, true] : [false, false]);
  }
  // A master that has dropped out is none.
  master.card.ioctl(uapi.DRM_IOCTL_DROP_MASTER);
  const dropped = getFb(master, fb);
  assertEquals(typeof dropped !== "string" && dropped.handle, 0);
});

Deno.test("getfb: CLOSEFB hides a framebuffer from no one as long as it is shown, RMFB takes it off the screen", () => {
  using machine = new KmsMachine();
  const client = machine.client();
  const [crtc] = client.resources().crtcs;
  const kept = client.light();
  assertEquals([client.dropFb(kept, true), client.dropFb(kept), client.resources().fbs], [0, "ENOENT", []]);
  const arg = getFb(client, kept);
  assert(typeof arg !== "string" && arg.handle !== 0);
  assertEquals(client.crtc(crtc).fb_id, kept);
  const next = client.fb(640, 480);
  assertEquals(client.flip(next), 0);
  client.frame(2);
  assertEquals(getFb(client, kept), "ENOENT");
  assertEquals(client.dropFb(next), 0);
  assertEquals([client.crtc(crtc).fb_id, getFb(client, next), client.crtc(crtc).mode_valid], [0, "ENOENT", 1]);
});

Deno.test("getfb: a new master can take over the picture of the one before", () => {
  using machine = new KmsMachine();
  const first = machine.client();
  const fb = first.light();
  first.dropFb(fb, true);
  first.card.close();
  const second = machine.client();
  const [crtc] = second.resources().crtcs;
  assertEquals(second.crtc(crtc).fb_id, fb); // flicker-free hand-over
  const arg = getFb2(second, fb);
  assert(typeof arg !== "string");
  const own = second.addFb({
    ...Object.fromEntries(["width", "height", "pixel_format"].map((k) => [k, arg[k as "width"]])),
    handles: [...arg.handles],
    pitches: [...arg.pitches],
  });
  assertEquals(second.flip(own as number), 0);
  second.frame(2);
  assertEquals([second.crtc(crtc).fb_id, getFb2(second, fb)], [own, "ENOENT"]);
});
