import { assert, assertEquals, assertThrows } from "@std/assert";
import { DrmError, EBUSY } from "udrm/core/error.ts";
import type { Uevent } from "udrm/core/system.ts";
import type { AtomicRequest, Connector, Crtc, DumbBuffer, Plane } from "udrm/drivers/umd/drm/mod.ts";
import { modeBytes } from "udrm/drivers/umd/drm/mod.ts";
import * as uapi from "udrm/uapi/mod.ts";
import { createBlob, type Rig, rig, type RigOptions } from "./rig.ts";

const MODESET = uapi.DRM_MODE_ATOMIC_ALLOW_MODESET;
const FLIP = uapi.DRM_MODE_ATOMIC_NONBLOCK | uapi.DRM_MODE_PAGE_FLIP_EVENT;

interface Screen {
  connector: Connector;
  crtc: Crtc;
  primary: Plane;
  cursor: Plane;
  buffers: DumbBuffer[];
  request: AtomicRequest;
  width: number;
  height: number;
}

/** Lights the first connector with a dumb buffer. */
function light(t: Rig, count = 2): Screen {
  t.card.becomeAtomic();
  const [connector] = t.card.connectors();
  const mode = connector.preferredMode;
  const crtc = connector.crtc();
  const primary = t.card.planeOf(crtc, uapi.DRM_PLANE_TYPE_PRIMARY),
    cursor = t.card.planeOf(crtc, uapi.DRM_PLANE_TYPE_CURSOR);
  const { hdisplay: width, vdisplay: height } = mode;
  const buffers = Array.from({ length: count }, () => t.card.createDumb(width, height));
  const request = t.card.atomic();
  request.set(connector, "CRTC_ID", crtc.id);
  request.setAll(crtc, { MODE_ID: t.card.createBlob(modeBytes(mode)), ACTIVE: 1 });
  show(request, primary, crtc, buffers[0].framebuffer(uapi.DRM_FORMAT_XRGB8888), width, height);
  assertEquals(request.commit(MODESET | uapi.DRM_MODE_ATOMIC_NONBLOCK), 0);
  request.clear();
  return { connector, crtc, primary, cursor, buffers, request, width, height };
}

function show(
  request: AtomicRequest,
  plane: Plane,
  crtc: Crtc,
  fb: number,
  width: number,
  height: number,
  x = 0,
  y = 0,
): void {
  request.setAll(plane, {
    FB_ID: fb,
    CRTC_ID: crtc.id,
    SRC_X: 0,
    SRC_Y: 0,
    SRC_W: width * 65536,
    SRC_H: height * 65536,
    CRTC_X: x,
    CRTC_Y: y,
    CRTC_W: width,
    CRTC_H: height,
  });
}

function frames(t: Rig, ns = 100e6): void {
  t.clock.advance(ns);
}

function lit(options: RigOptions = {}): Rig & { screen: Screen } {
  const t = rig(options);
  const screen = light(t);
  frames(t);
  return { ...t, screen, [Symbol.dispose]: () => t[Symbol.dispose]() };
}

Deno.test("displays: one CRTC, primary and cursor plane, encoder and connector Virtual-N a scanout", () => {
  using t = rig({
    scanouts: 3,
    prepare: (gpu) => gpu.modes = [{ enabled: true, width: 800, height: 600 }, { enabled: false, width: 0, height: 0 }],
  });
  t.card.becomeAtomic();
  const resources = t.card.resources();
  assertEquals([resources.crtcs.length, resources.connectors.length, resources.encoders.length], [3, 3, 3]);
  assertEquals([resources.minWidth, resources.maxWidth, resources.minHeight, resources.maxHeight], [
    32,
    8192,
    32,
    8192,
  ]);
  const connectors = t.card.connectors();
  assertEquals(connectors.map((c) => [c.name, c.connected]), [["Virtual-1", true], ["Virtual-2", false], [
    "Virtual-3",
    false,
  ]]);
  const { hdisplay, vdisplay } = connectors[0].preferredMode;
  assertEquals([hdisplay, vdisplay], [800, 600]);
  assertEquals(t.card.planes().map((p) => Number(p.value("type"))), [1, 2, 1, 2, 1, 2]);
  const [primary, cursor] = t.card.planes();
  assertEquals(primary.formats, [uapi.DRM_FORMAT_XRGB8888]);
  assertEquals(cursor.formats, [uapi.DRM_FORMAT_ARGB8888]);
  assertEquals(t.card.planes().map((p) => p.possibleCrtcs), [1, 1, 2, 2, 4, 4]);
  assert(cursor.properties.has("HOTSPOT_X"));
  assert(primary.properties.has("FB_DAMAGE_CLIPS"));
});

Deno.test("a device without scanouts has no KMS, but renders", () => {
  using t = rig({ scanouts: 0 });
  assertEquals(assertThrows(() => t.card.resources(), DrmError).code, "EOPNOTSUPP");
  assertEquals(assertThrows(() => t.card.becomeAtomic(), DrmError).code, "EOPNOTSUPP");
  assertEquals(t.card.createDumb(64, 64).handle, 1);
});

Deno.test("displays: the host's EDID makes modes and the EDID property; an answer that is none makes none", () => {
  const edid = testEdid(1024, 768);
  using t = rig({
    features: [uapi.VIRTIO_GPU_F_EDID],
    prepare: (gpu) => {
      gpu.edids = [edid];
      gpu.modes = [{ enabled: true, width: 1024, height: 768 }];
    },
  });
  t.card.becomeAtomic();
  assertEquals(t.gpu.names().slice(0, 2), ["GET_EDID", "GET_DISPLAY_INFO"]);
  const [connector] = t.card.connectors();
  assertEquals(t.card.readBlob(Number(connector.value("EDID"))), edid);
  assertEquals([connector.preferredMode.hdisplay, connector.preferredMode.vdisplay], [1024, 768]);
  using broken = rig({ features: [uapi.VIRTIO_GPU_F_EDID], prepare: (gpu) => gpu.edids = [edid.map((b) => b ^ 0x55)] });
  broken.card.becomeAtomic();
  assertEquals(broken.card.connectors()[0].value("EDID"), 0n);
  assertEquals(broken.card.connectors()[0].preferredMode.hdisplay, 1280);
});

Deno.test("displays: a display event asks anew, clears the event, and tells user space by HOTPLUG=1", () => {
  using t = rig({ features: [uapi.VIRTIO_GPU_F_EDID] });
  const events: Uevent[] = [];
  using _listening = t.system.onUevent((event) => events.push(event));
  t.gpu.modes = [{ enabled: true, width: 1600, height: 900 }];
  t.gpu.config.events_read = uapi.VIRTIO_GPU_EVENT_DISPLAY;
  const from = t.gpu.commands.length;
  t.fake.transport?.configChanged();
  assertEquals(t.gpu.names(from), ["GET_EDID", "GET_DISPLAY_INFO"]);
  assertEquals(t.gpu.config.events_clear, uapi.VIRTIO_GPU_EVENT_DISPLAY);
  assertEquals(events.map((e) => [e.action, e.properties.HOTPLUG]), [["change", "1"]]);
  assertEquals(t.card.connectors()[0].preferredMode.hdisplay, 1600);
  t.gpu.config.events_read = 0;
  t.fake.transport?.configChanged();
  assertEquals(t.gpu.names(from).length, 2, "another change of configuration is no display event");
});

Deno.test("displays: monitors of nonsensical size do no harm", () => {
  using t = rig({ prepare: (gpu) => gpu.modes = [{ enabled: true, width: 0xffffffff, height: 0xffffffff }] });
  t.card.becomeAtomic();
  assert(t.card.connectors()[0].modes.length > 0);
});

Deno.test("primary plane: a mode set transfers, sets the scanout, flushes, in that order", () => {
  using t = rig();
  const from = t.gpu.commands.length;
  const screen = light(t, 1);
  assertEquals(t.gpu.names(from), [
    "RESOURCE_CREATE_2D",
    "RESOURCE_ATTACH_BACKING",
    "TRANSFER_TO_HOST_2D",
    "SET_SCANOUT",
    "RESOURCE_FLUSH",
  ]);
  const [transfer, scanout, flush] = t.gpu.commands.slice(from + 2);
  const rect = { x: 0, y: 0, width: screen.width, height: screen.height };
  assertEquals([transfer.args.r, transfer.args.offset], [rect, 0]);
  assertEquals([scanout.args.r, scanout.args.scanout_id, scanout.args.resource_id], [rect, 0, 1]);
  assertEquals(flush.args.r, rect);
});

Deno.test("primary plane: FB_DAMAGE_CLIPS clips transfer and flush, and the scanout is not set again", () => {
  using t = lit();
  const { screen } = t;
  const from = t.gpu.commands.length;
  const clips = new Uint8Array(Int32Array.of(10, 20, 30, 40, 100, 50, 120, 60).buffer);
  screen.request.setAll(screen.primary, {
    FB_ID: screen.buffers[0].framebuffer(uapi.DRM_FORMAT_XRGB8888),
    FB_DAMAGE_CLIPS: t.card.createBlob(clips),
  });
  assertEquals(screen.request.commit(FLIP), 0);
  assertEquals(t.gpu.names(from), ["TRANSFER_TO_HOST_2D", "RESOURCE_FLUSH"]);
  const rect = { x: 10, y: 20, width: 110, height: 40 };
  assertEquals(t.gpu.commands[from].args.r, rect);
  assertEquals(t.gpu.commands[from].args.offset, 20 * screen.buffers[0].pitch + 10 * 4);
  assertEquals(t.gpu.commands[from + 1].args.r, rect);
});

Deno.test("primary plane: damage does not count when another framebuffer comes", () => {
  using t = lit();
  const { screen } = t;
  const from = t.gpu.commands.length;
  const clips = new Uint8Array(Int32Array.of(0, 0, 1, 1).buffer);
  screen.request.setAll(screen.primary, {
    FB_ID: screen.buffers[1].framebuffer(uapi.DRM_FORMAT_XRGB8888),
    FB_DAMAGE_CLIPS: t.card.createBlob(clips),
  });
  screen.request.commit(FLIP);
  assertEquals(t.gpu.names(from), ["TRANSFER_TO_HOST_2D", "SET_SCANOUT", "RESOURCE_FLUSH"]);
  assertEquals(t.gpu.commands[from].args.r, { x: 0, y: 0, width: screen.width, height: screen.height });
});

Deno.test("page flips complete at the next vertical blanking, and a second one before is EBUSY", () => {
  using t = lit();
  const { screen } = t;
  const flip = (n: number): number =>
    screen.request.set(screen.primary, "FB_ID", screen.buffers[n].framebuffer(uapi.DRM_FORMAT_XRGB8888)).commit(
      FLIP,
      7n,
    );
  assertEquals(flip(1), 0);
  assertEquals(flip(0), EBUSY);
  assertEquals(t.card.events.poll(), []);
  frames(t, 17e6);
  const [event] = t.card.events.poll();
  assert(event.kind === "flip");
  assertEquals([event.userData, event.crtcId], [7n, screen.crtc.id]);
  assertEquals(flip(0), 0);
});

Deno.test("a flip waits for the host's answer to the flush, but no longer than 50 ms", () => {
  using t = lit();
  const { screen } = t;
  t.gpu.hold = true;
  screen.request.set(screen.primary, "FB_ID", screen.buffers[1].framebuffer(uapi.DRM_FORMAT_XRGB8888));
  screen.request.commit(FLIP);
  frames(t, 34e6);
  assertEquals(t.card.events.poll().length, 0);
  t.release();
  frames(t, 17e6);
  assertEquals(t.card.events.poll().length, 1);
  screen.request.set(screen.primary, "FB_ID", screen.buffers[0].framebuffer(uapi.DRM_FORMAT_XRGB8888));
  screen.request.commit(FLIP);
  frames(t, 49e6);
  assertEquals(t.card.events.poll().length, 0);
  frames(t, 18e6);
  assertEquals(t.card.events.poll().length, 1);
});

Deno.test("ACTIVE off switches the scanout off once, on shows the picture again", () => {
  using t = lit();
  const { screen } = t;
  let from = t.gpu.commands.length;
  screen.request.set(screen.crtc, "ACTIVE", 0).commit(MODESET | uapi.DRM_MODE_ATOMIC_NONBLOCK);
  assertEquals(t.gpu.names(from), ["SET_SCANOUT"]);
  assertEquals(t.gpu.commands[from].args.resource_id, 0);
  frames(t);
  from = t.gpu.commands.length;
  screen.request.set(screen.crtc, "ACTIVE", 1).commit(MODESET | uapi.DRM_MODE_ATOMIC_NONBLOCK);
  assertEquals(t.gpu.names(from), ["TRANSFER_TO_HOST_2D", "SET_SCANOUT", "RESOURCE_FLUSH"]);
});

Deno.test("I9 RMFB of what is shown switches the scanout off before the host forgets the resource", () => {
  using t = lit();
  const { screen } = t;
  const from = t.gpu.commands.length;
  screen.buffers[0][Symbol.dispose]();
  assertEquals(t.gpu.names(from), ["SET_SCANOUT", "RESOURCE_UNREF"]);
  assertEquals(t.gpu.commands[from].args.resource_id, 0);
});

Deno.test("cursor plane: a new image is transferred first, then shown on the cursor queue with its hot spot", () => {
  using t = lit();
  const { screen } = t;
  const image = t.card.createDumb(64, 64);
  const from = t.gpu.commands.length;
  show(screen.request, screen.cursor, screen.crtc, image.framebuffer(uapi.DRM_FORMAT_ARGB8888), 64, 64, 100, -5);
  screen.request.setAll(screen.cursor, { HOTSPOT_X: 3, HOTSPOT_Y: 4 });
  assertEquals(screen.request.commit(uapi.DRM_MODE_ATOMIC_NONBLOCK), 0);
  assertEquals(t.gpu.names(from), ["TRANSFER_TO_HOST_2D", "UPDATE_CURSOR"]);
  const update = t.gpu.commands[from + 1];
  assertEquals(update.queue, 1);
  assertEquals(update.args.pos, { scanout_id: 0, x: 100, y: 0xffff_fffb, padding: 0 });
  assertEquals([update.args.resource_id, update.args.hot_x, update.args.hot_y], [3, 3, 4]);
  frames(t);
  screen.request.clear().setAll(screen.cursor, { CRTC_X: 7, CRTC_Y: 8 }).commit(uapi.DRM_MODE_ATOMIC_NONBLOCK);
  const move = t.gpu.commands.at(-1);
  assertEquals([move?.name, move?.args.pos], ["MOVE_CURSOR", { scanout_id: 0, x: 7, y: 8, padding: 0 }]);
  frames(t);
  screen.request.clear().setAll(screen.cursor, { FB_ID: 0, CRTC_ID: 0 }).commit(uapi.DRM_MODE_ATOMIC_NONBLOCK);
  const hide = t.gpu.commands.at(-1);
  assertEquals([hide?.name, hide?.args.resource_id], ["UPDATE_CURSOR", 0]);
});

Deno.test("cursor plane: the update waits for the transfer; only the newest one is sent", () => {
  using t = lit();
  const { screen } = t;
  t.gpu.hold = true;
  const cursor = (handle: number): void => {
    const arg = uapi.drm_mode_cursor2.of({
      crtc_id: screen.crtc.id,
      flags: 1,
      width: 64,
      height: 64,
      handle,
      hot_x: handle,
    });
    assertEquals(t.file.ioctl(uapi.DRM_IOCTL_MODE_CURSOR2, arg), 0);
  };
  const images = [t.card.createDumb(64, 64), t.card.createDumb(64, 64)];
  cursor(images[0].handle);
  cursor(images[1].handle);
  assertEquals(t.gpu.commands.filter((c) => c.name === "UPDATE_CURSOR").length, 0);
  t.release();
  const updates = t.gpu.commands.filter((c) => c.name === "UPDATE_CURSOR");
  assertEquals(updates.map((c) => [c.args.resource_id, c.args.hot_x]), [[4, images[1].handle]]);
});

Deno.test("CursorQueue: places beyond what the device takes replace each other; the last one arrives", () => {
  using t = lit({ queueSizes: [64, 4] });
  const { screen } = t;
  const original = t.gpu.handle.bind(t.gpu);
  t.gpu.handle = (queue, request, response) =>
    queue === 1 ? (original(queue, request, response), -1) : original(queue, request, response);
  const image = uapi.drm_mode_cursor.of({ crtc_id: screen.crtc.id, flags: 1, width: 64, height: 64 });
  image.handle = t.card.createDumb(64, 64).handle;
  t.file.ioctl(uapi.DRM_IOCTL_MODE_CURSOR, image);
  const from = t.gpu.commands.length;
  for (let x = 0; x < 100; x++) {
    t.file.ioctl(uapi.DRM_IOCTL_MODE_CURSOR, uapi.drm_mode_cursor.of({ crtc_id: screen.crtc.id, flags: 2, x, y: 1 }));
  }
  assert(t.gpu.commands.length - from <= 4);
  while (t.fake.held > 0) t.fake.complete();
  const last = t.gpu.commands.at(-1);
  assertEquals((last?.args.pos as { x: number }).x, 99);
});

Deno.test("ADDFB2 of a format that the device does not know is ENOENT", () => {
  using t = rig();
  const dumb = t.card.createDumb(64, 64);
  const add = (format: number): number => dumb.framebuffer(format);
  assert(add(uapi.DRM_FORMAT_XRGB8888) > 0);
  assert(add(uapi.DRM_FORMAT_ARGB8888) > 0);
  assertEquals(assertThrows(() => add(uapi.DRM_FORMAT_XBGR8888), DrmError).code, "ENOENT");
  assertEquals(assertThrows(() => add(uapi.DRM_FORMAT_RGB565), DrmError).code, "ENOENT");
});

Deno.test("a guest blob is shown by SET_SCANOUT_BLOB with the framebuffer's layout, and is not transferred", () => {
  using t = rig({ features: [uapi.VIRTIO_GPU_F_RESOURCE_BLOB] });
  const screen = light(t, 1);
  frames(t);
  const pitch = screen.width * 4 + 64;
  const blob = createBlob(t.file, { size: pitch * screen.height + 4096 });
  const fb = t.card.addFramebuffer({
    width: screen.width,
    height: screen.height,
    format: uapi.DRM_FORMAT_XRGB8888,
    handles: [blob.bo_handle],
    pitches: [pitch],
    offsets: [4096],
  });
  const from = t.gpu.commands.length;
  screen.request.set(screen.primary, "FB_ID", fb).commit(FLIP);
  assertEquals(t.gpu.names(from), ["SET_SCANOUT_BLOB", "RESOURCE_FLUSH"]);
  const { args } = t.gpu.commands[from];
  assertEquals([args.resource_id, args.width, args.height, args.format], [
    blob.res_handle,
    screen.width,
    screen.height,
    2,
  ]);
  assertEquals([args.strides, args.offsets], [[pitch, 0, 0, 0], [4096, 0, 0, 0]]);
});

Deno.test("unplugging with a flip under way sends its event and lets everything go", () => {
  using t = lit();
  const { screen } = t;
  t.gpu.hold = true;
  screen.request.set(screen.primary, "FB_ID", screen.buffers[1].framebuffer(uapi.DRM_FORMAT_XRGB8888)).commit(FLIP);
  t.system.removeDevice(t.device);
  frames(t, 1e9);
  t.file.close();
  assertEquals(t.driver.device.memory.count, 0);
  assertEquals(t.driver.resources.count, 0);
});

/** A minimal EDID 1.4 with one detailed timing: about 60 Hz. */
function testEdid(width: number, height: number): Uint8Array {
  const edid = new Uint8Array(128);
  edid.set([0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0]);
  edid.set([0x55, 0xaa, 1, 0, 1, 0, 0, 0, 1, 30, 1, 4, 0xa5, 30, 20, 120, 0x06], 8);
  edid.fill(1, 38, 54);
  const hblank = 160, vblank = 30;
  const clock = Math.round((width + hblank) * (height + vblank) * 60 / 10_000);
  edid.set([
    clock & 0xff,
    clock >> 8,
    width & 0xff,
    hblank,
    (width >> 8) << 4,
    height & 0xff,
    vblank,
    (height >> 8) << 4,
    48,
    32,
    0x36,
    0,
    0,
    0,
    0,
    0,
    0,
    0x1a,
  ], 54);
  for (let at = 72; at < 126; at += 18) edid[at + 3] = 0x10;
  edid[127] = -edid.reduce((sum, byte) => sum + byte, 0) & 0xff;
  return edid;
}
