// vkms while it is there: what is plugged in, connectors that come and go, devices that come and go, how frames come.
import { assertEquals, assertThrows } from "@std/assert";
import { DrmError } from "udrm/core/error.ts";
import type { Uevent } from "udrm/core/system.ts";
import { openCard } from "udrm/drivers/umd/drm/mod.ts";
import { VkmsDevices, vkmsEdidText, type VkmsOptions } from "udrm/drivers/gpu/vkms/mod.ts";
import { edidOf } from "udrm/drivers/gpu/vkms/testing.ts";
import { createSystem, type Display, type Frame, type System, vkmsOf } from "udrm/mod.ts";
import * as uapi from "udrm/uapi/mod.ts";
import { FLIP, MODESET, VkmsScreen } from "./screen.ts";

const { DRM_PLANE_TYPE_OVERLAY, DRM_PLANE_TYPE_PRIMARY } = uapi;
const code = (call: () => unknown): string => assertThrows(call, DrmError).code;
const sizes = (t: VkmsScreen, index = 0): string[] =>
  t.connector(index).modes.map((mode) => `${mode.hdisplay}x${mode.vdisplay}@${mode.vrefresh}`);

function eventsOf(system: System): string[] {
  const events: string[] = [];
  system.onUevent(({ action, device, properties }: Uevent) =>
    events.push([action, device.name, ...Object.keys(properties)].join(" "))
  );
  return events;
}

Deno.test("vkms setPlug: status, modes and EDID change while the device is there, and clients hear of each change once", () => {
  using t = new VkmsScreen({ connectors: [{ type: "HDMI-A", modes: ["1280x720"] }] });
  const events = eventsOf(t.system);
  assertEquals(sizes(t), ["1280x720@60"]);
  assertEquals(t.vkms.setPlug(0, { modes: ["1001x601", "640x480"] }), true);
  assertEquals(sizes(t), ["1001x601@60", "640x480@60"]);
  assertEquals(t.connector().modes[0].name, "1001x601");
  assertEquals(t.vkms.setPlug(0, { modes: ["1001x601", "640x480"] }), false);
  assertEquals(events, ["change card0 HOTPLUG CONNECTOR"]);
  t.vkms.setPlug(0, { modes: null, edid: vkmsEdidText(edidOf("first")) });
  assertEquals(sizes(t), ["800x600@60"]);
  const edid = t.connector().value("EDID");
  assertEquals(t.card.readBlob(Number(edid)), edidOf("first"));
  t.vkms.setPlug(0, { edid: vkmsEdidText(edidOf("second")) });
  assertEquals(t.card.readBlob(Number(t.connector().value("EDID"))), edidOf("second"));
  t.vkms.setPlug(0, { status: "disconnected" });
  assertEquals([t.connector().connection, t.connector().value("EDID")], [uapi.connector_status_disconnected, 0n]);
  t.vkms.setPlug(0, { status: "unknown" });
  assertEquals([t.connector().connection, sizes(t)], [uapi.connector_status_unknown, ["800x600@60"]]);
  assertEquals(events.length, 5);
  assertEquals(t.vkms.config.connectors, [{ type: "HDMI-A", status: "unknown", edid: vkmsEdidText(edidOf("second")) }]);
});

Deno.test("vkms setPlug: what cannot be changes nothing and tells nobody", () => {
  using t = new VkmsScreen({ connectors: [{ modes: ["1280x720"] }] });
  const events = eventsOf(t.system);
  assertThrows(() => t.vkms.setPlug(0, { modes: ["fast"] }), TypeError, "Virtual-1.modes[0] must be a mode like");
  assertThrows(() => t.vkms.setPlug(0, { edid: "00" }), TypeError, "Virtual-1.edid must be an EDID");
  assertThrows(() => t.vkms.setPlug(1, {}), RangeError, "Cannot find connector 1: there are 1");
  assertEquals([sizes(t), events], [["1280x720@60"], []]);
});

Deno.test("vkms addConnector and removeConnector: clients see it come and go; a used one can only be switched off", () => {
  using t = new VkmsScreen({ crtcs: [{}, {}], connectors: [{ crtcs: [0] }], writeback: false });
  const events = eventsOf(t.system);
  assertEquals(t.vkms.addConnector({ type: "DP", crtcs: [1], modes: ["1600x900"] }), 1);
  assertEquals(t.card.connectors().map(({ name }) => name), ["Virtual-1", "DP-1"]);
  assertEquals(sizes(t, 1), ["1600x900@60"]);
  const dp = t.connector(1);
  t.light(undefined, 1);
  t.vkms.removeConnector(1);
  assertEquals([t.vkms.connectors.length, t.crtc(1).value("ACTIVE")], [1, 1n]);
  t.request.clear().setAll(t.crtc(1), { ACTIVE: 0, MODE_ID: 0 }).set(dp, "CRTC_ID", 0);
  assertEquals(t.request.commit(MODESET), 0);
  assertEquals([t.card.connectors().length, t.device.kms?.connectors.length], [1, 1]);
  assertEquals(events.every((event) => event.startsWith("change card0 HOTPLUG")), true);
  assertEquals(events.length, 2);
  assertThrows(() => t.vkms.removeConnector(1), RangeError, "Cannot find connector 1");
  assertThrows(() => t.vkms.addConnector({ crtcs: [2] }), TypeError, "connectors[1].crtcs[0] must be the index");
});

Deno.test("vkms: a thousand connectors come and go without using up encoders", () => {
  using t = new VkmsScreen({ writeback: false });
  for (let i = 0; i < 1000; i++) {
    t.vkms.addConnector({ type: "DP" });
    t.vkms.removeConnector(1);
  }
  assertEquals([t.card.connectors().length, t.device.kms?.encoders.length], [1, 2]);
});

Deno.test("vkms configure: what is the same is not touched, what needs a new device is EBUSY and changes nothing", () => {
  using t = new VkmsScreen({
    crtcs: [{}, {}],
    connectors: [{ type: "DP", modes: ["1280x720"] }, { type: "HDMI-A" }, { type: "HDMI-A", status: "disconnected" }],
  });
  const objects = t.vkms.connectors.map(({ object }) => object);
  const events = eventsOf(t.system);
  const { config } = t.vkms;
  assertEquals([t.vkms.configure({ ...config }), events], [false, []]);
  assertEquals(
    t.vkms.configure({
      ...config,
      connectors: [{ type: "HDMI-A" }, { type: "HDMI-A" }, { type: "eDP" }],
    }),
    true,
  );
  // The DP connector is gone, the second HDMI-A plugged in, an eDP there.
  assertEquals(t.vkms.connectors.slice(0, 2).map(({ object }) => object), objects.slice(1));
  assertEquals(t.card.connectors().map(({ name }) => name).sort(), ["HDMI-A-1", "HDMI-A-2", "eDP-1"]);
  assertEquals(events.length, 3);
  const before = t.vkms.config;
  assertEquals(code(() => t.vkms.configure({ ...before, crtcs: [{}], connectors: [] })), "EBUSY");
  assertThrows(() => t.vkms.configure({ ...before, overlays: 3 }), DrmError, "Cannot change overlays while the device");
  assertThrows(
    () => t.vkms.configure({ ...before, connectors: [{ crtcs: [7] }] }),
    TypeError,
    "connectors[0].crtcs[0]",
  );
  assertEquals([t.vkms.config, events.length], [before, 3]);
});

Deno.test("VkmsDevices: made, enabled, changed, disabled and removed, as in configfs", () => {
  using system = createSystem();
  const events = eventsOf(system);
  using devices = new VkmsDevices(system);
  const wall = devices.create("wall", { connectors: [{ type: "DP" }] });
  assertEquals([wall.enabled, system.devices.length, events], [false, 0, []]);
  wall.configure({ overlays: 2, connectors: [{ type: "DP" }, { type: "DP" }] });
  const device = wall.enable();
  assertEquals([wall.enable(), device.bus.unique, device.kms?.planes.length], [device, "wall", 4]);
  const process = system.process();
  const card = openCard(process);
  assertEquals(card.connectors().length, 2);
  assertEquals(code(() => wall.configure({ overlays: 1 })), "EBUSY");
  wall.configure({ overlays: 2, connectors: [{ type: "DP", status: "disconnected" }, { type: "DP" }] });
  assertEquals(card.connectors()[0].connection, uapi.connector_status_disconnected);
  wall.vkms?.plug(1, false);
  assertEquals(code(() => devices.create("wall")), "EEXIST");
  assertThrows(() => devices.create("a b"), TypeError, "name must be");
  wall.disable();
  assertEquals(code(() => card.resources()), "ENODEV");
  assertEquals([wall.enabled, wall.vkms, system.devices.length], [false, undefined, 0]);
  process[Symbol.dispose](); // an open file keeps its device's number
  // What was plugged in by hand is remembered.
  wall.enable();
  assertEquals(vkmsOf(system.devices[0]).config.connectors?.map(({ status }) => status), [
    "disconnected",
    "disconnected",
  ]);
  devices.remove("wall");
  assertEquals([code(() => devices.remove("wall")), devices.get("wall"), system.devices.length], [
    "ENOENT",
    undefined,
    0,
  ]);
  assertEquals(events.filter((event) => !event.startsWith("change")), [
    "add card0",
    "remove card0",
    "add card0",
    "remove card0",
  ]);
});

Deno.test("VkmsDevices: a device that the system removed is disabled, and can be enabled again", () => {
  using system = createSystem();
  using devices = new VkmsDevices(system);
  const one = devices.create("one");
  system.removeDevice(one.enable());
  assertEquals(one.enabled, false);
  one.enable();
  assertEquals([one.enabled, system.devices.length], [true, 1]);
});

class Asking implements Display {
  readonly name = "asking";
  readonly frames: (string | undefined)[] = [];
  onModeChange?: Display["onModeChange"];
  onRefresh?: Display["onRefresh"];
  present(scanout: number, frame: Frame | undefined): void {
    let first = "";
    if (frame !== undefined) {
      const bytes = new Uint8Array(frame.width * frame.height * 4);
      frame.read(bytes, frame.width * 4);
      first = [...bytes.subarray(0, 3)].join();
    }
    this.frames.push(frame && `${scanout}: ${frame.width}x${frame.height} ${first}`);
  }
  cursor(): void {}
  [Symbol.dispose](): void {}
}

const asking = (options: VkmsOptions = {}): { t: VkmsScreen; display: Asking } => {
  const display = new Asking();
  return { t: new VkmsScreen({ ...options, display }), display };
};

Deno.test("vkms: a display that asks for another size gets it, on the connector that its CRTC feeds", () => {
  const { t, display } = asking({ crtcs: [{}, {}], connectors: [{}, { crtcs: [1] }], present: "ask" });
  using _ = t;
  const events = eventsOf(t.system);
  display.onModeChange?.(1, { enabled: true, width: 1234, height: 567 });
  assertEquals(sizes(t, 0), ["1234x567@60"]); // nothing is on: the first that can
  t.light(undefined, 1);
  display.onModeChange?.(1, { enabled: true, width: 640, height: 400 });
  assertEquals(sizes(t, 1), ["640x400@60"]);
  display.onModeChange?.(1, { enabled: false, width: 1, height: 1 });
  assertEquals(t.connector(1).connection, uapi.connector_status_disconnected);
  assertEquals(events.length, 3);
  assertThrows(() => display.onModeChange?.(2, { enabled: true, width: 640, height: 480 }), RangeError);
  assertThrows(() => display.onModeChange?.(1, { enabled: true, width: 0, height: 480 }), TypeError);
  t.system.removeDevice(t.device);
  assertEquals([display.onModeChange, display.onRefresh], [undefined, undefined]);
});

Deno.test('vkms present "ask": no frame comes unasked, one that is asked for shows what is drawn now', () => {
  const { t, display } = asking({ present: "ask", connectors: [{ modes: ["64x64"] }] });
  using _ = t;
  display.onRefresh?.(0);
  assertEquals(display.frames, []);
  const buffer = t.light();
  t.frames(5);
  assertEquals([display.frames, t.clock.next], [[], Infinity]);
  buffer.bytes.fill(7);
  display.onRefresh?.(0);
  display.onRefresh?.(9);
  assertEquals(display.frames, ["0: 64x64 7,7,7"]);
});

Deno.test("vkms refresh: frames come so often whatever the mode says; CRCs too", () => {
  using t = new VkmsScreen({ refresh: 1000, connectors: [{ modes: ["64x64@50"] }] });
  t.light();
  const vblank = t.device.kms?.crtcs[0].vblank;
  const before = vblank?.count ?? 0;
  const crc = t.vkms.crc(0);
  crc.open();
  for (let i = 0; i < 10; i++) t.clock.advance(1e6);
  assertEquals((vblank?.count ?? 0) - before, 10);
  const entries = Array.from({ length: 10 }, () => crc.read()?.frame);
  assertEquals(entries, entries.map((_, i) => before + 1 + i));
  crc.close();
});

Deno.test('vkms refresh "free": each commit is a frame at once, without a timer and without vblank', () => {
  const { t, display } = asking({ refresh: "free", connectors: [{ modes: ["64x64"] }], present: "commit" });
  using _ = t;
  const buffer = t.light();
  assertEquals(display.frames.at(-1), "0: 64x64 0,0,0");
  const shown = display.frames.length;
  buffer.bytes.fill(9);
  const fb = buffer.framebuffer(uapi.DRM_FORMAT_XRGB8888);
  for (let i = 1; i <= 3; i++) {
    t.show(t.planes(DRM_PLANE_TYPE_PRIMARY)[0], fb, 64, 64);
    assertEquals(t.request.commit(FLIP), 0);
    assertEquals([display.frames.length, t.clock.next], [shown + i, Infinity]);
  }
  assertEquals(display.frames.at(-1), "0: 64x64 9,9,9");
  assertEquals(t.card.events.poll().filter((event) => event.kind === "flip").length, 3);
  const wait = uapi.drm_wait_vblank.of();
  wait.request.type = uapi._DRM_VBLANK_RELATIVE;
  assertEquals(code(() => t.card.file.ioctl(uapi.DRM_IOCTL_WAIT_VBLANK, wait)), "EOPNOTSUPP");
});

Deno.test("vkms planes of the device: an overlay goes from one CRTC to the other, and is seen there", () => {
  const { t, display } = asking({
    present: "ask",
    crtcs: [{}, {}],
    planes: [
      { type: "primary", crtcs: [0] },
      { type: "primary", crtcs: [1], rotations: ["rotate-0"] },
      { type: "overlay", zpos: { min: 1, max: 4, value: 3 }, formats: ["XR24"] },
      { type: "overlay", zpos: 9 },
    ],
    connectors: [{ crtcs: [0], modes: ["64x64"] }, { crtcs: [1], modes: ["64x64"] }],
  });
  using _ = t;
  const overlays = t.planes(DRM_PLANE_TYPE_OVERLAY);
  assertEquals(overlays.map((plane) => [plane.possibleCrtcs, plane.value("zpos")]), [[3, 3n], [3, 9n]]);
  assertEquals(overlays.map((plane) => plane.formats.length > 1), [false, true]);
  assertEquals([...t.planes(DRM_PLANE_TYPE_PRIMARY, 1)[0].property("rotation").enums.keys()], ["rotate-0"]);
  t.light(undefined, 0);
  t.light(undefined, 1);
  const buffer = t.card.createDumb(64, 64);
  buffer.bytes.fill(5);
  const fb = buffer.framebuffer(uapi.DRM_FORMAT_XRGB8888);
  for (const crtc of [0, 1]) {
    if (crtc === 1) {
      t.request.setAll(overlays[0], { FB_ID: 0, CRTC_ID: 0 });
      assertEquals(t.request.commit(FLIP), 0);
      t.frames(2);
      t.request.clear();
    }
    t.show(overlays[0], fb, 64, 64, 0, 0, crtc);
    assertEquals(t.request.commit(FLIP), 0);
    t.frames(2);
    t.request.clear();
    display.frames.length = 0;
    for (const each of [0, 1]) display.onRefresh?.(each);
    const drawn = (each: number): string => each === crtc ? "5,5,5" : "0,0,0";
    assertEquals(display.frames, [`0: 64x64 ${drawn(0)}`, `1: 64x64 ${drawn(1)}`]);
  }
});

Deno.test("vkms planes of the device stand below every cursor, above every CRTC's own overlays", () => {
  using t = new VkmsScreen({
    crtcs: [{ planes: [{ type: "cursor" }, { type: "overlay" }, { type: "primary" }] }, {
      planes: [{ type: "primary" }],
    }],
    planes: [{ type: "overlay" }, { type: "overlay", crtcs: [1] }],
  });
  const places = (crtc: number): [number, bigint][] =>
    t.card.planes().filter((plane) => (plane.possibleCrtcs & (1 << crtc)) !== 0)
      .map((plane) => [Number(plane.value("type")), plane.value("zpos")]);
  const { DRM_PLANE_TYPE_CURSOR: cursor, DRM_PLANE_TYPE_OVERLAY: overlay, DRM_PLANE_TYPE_PRIMARY: primary } = uapi;
  assertEquals(places(0), [[primary, 0n], [overlay, 1n], [cursor, 3n], [overlay, 2n]]);
  assertEquals(places(1), [[primary, 0n], [overlay, 1n], [overlay, 2n]]);
});

Deno.test("vkms encoders: connectors name those that can feed them", () => {
  using t = new VkmsScreen({
    crtcs: [{}, {}],
    encoders: [{ crtcs: [0] }, { crtcs: [1] }, {}],
    connectors: [{ encoders: [0] }, { encoders: [1, 2] }, {}],
    writeback: false,
  });
  const kms = t.device.kms;
  assertEquals(kms?.encoders.map(({ possibleCrtcs }) => possibleCrtcs), [1, 2, 3]);
  assertEquals(kms?.connectors.map(({ encoders }) => encoders.map(({ index }) => index)), [[0], [1, 2], [0, 1, 2]]);
});
