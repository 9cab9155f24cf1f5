import { assertEquals, assertThrows } from "@std/assert";
import { DrmError } from "udrm/core/error.ts";
import type { Uevent } from "udrm/core/system.ts";
import { createSystem, drivers, vkmsOf } from "udrm/mod.ts";
import { openCard } from "udrm/drivers/umd/drm/mod.ts";
import * as uapi from "udrm/uapi/mod.ts";
import { vgem as vgemDriver } from "udrm/drivers/gpu/vgem/mod.ts";
import { FLIP, VkmsScreen } from "./screen.ts";

const { DRM_PLANE_TYPE_CURSOR, DRM_PLANE_TYPE_OVERLAY, DRM_PLANE_TYPE_PRIMARY } = uapi;

const code = (call: () => unknown): string => assertThrows(call, DrmError).code;

Deno.test("vkms says what the kernel's says: name, version, limits, sizes", () => {
  using t = new VkmsScreen();
  const { name, desc, version } = t.card.version();
  assertEquals([name, desc, version], ["vkms", "Virtual Kernel Mode Setting", [1, 0, 0]]);
  const resources = t.card.resources();
  assertEquals([resources.minWidth, resources.minHeight, resources.maxWidth, resources.maxHeight], [
    10,
    10,
    8192,
    8192,
  ]);
  assertEquals(t.card.capability(uapi.DRM_CAP_DUMB_BUFFER), 1n);
  assertEquals(t.card.capability(uapi.DRM_CAP_CURSOR_WIDTH), 512n);
  assertEquals(t.card.capability(uapi.DRM_CAP_ADDFB2_MODIFIERS), 1n);
  assertEquals(t.card.crtcs().length, 1);
  assertEquals(t.device.bus.unique, "vkms");
});

Deno.test("vkms without extras is the kernel's: no render node, no syncobj, five formats, rotation and gamma alone", () => {
  using t = new VkmsScreen({ extras: false });
  assertEquals(code(() => t.system.process().open("/dev/dri/renderD128")), "ENOENT");
  assertEquals(t.card.capability(uapi.DRM_CAP_SYNCOBJ), 0n);
  const planes = t.card.planes();
  assertEquals(planes.map((plane) => Number(plane.value("type"))), [DRM_PLANE_TYPE_PRIMARY, DRM_PLANE_TYPE_CURSOR]);
  for (const plane of planes) {
    assertEquals(plane.formats.map(uapi.fourccName), ["AR24", "XR24", "XR48", "AR48", "RG16"]);
    const names = [...plane.properties.keys()];
    assertEquals(names.filter((name) => /alpha|blend|zpos|COLOR/.test(name)), []);
    assertEquals(names.includes("rotation"), true);
  }
  const names = [...t.crtc().properties.keys()];
  assertEquals(["GAMMA_LUT", "GAMMA_LUT_SIZE", "DEGAMMA_LUT", "CTM"].map((name) => names.includes(name)), [
    true,
    true,
    false,
    false,
  ]);
  assertEquals(t.crtc().value("GAMMA_LUT_SIZE"), 256n);
});

Deno.test("vkms with extras: render node, timelines, planes with alpha, blend modes, zpos and YCbCr", () => {
  using t = new VkmsScreen();
  t.system.process().open("/dev/dri/renderD128");
  assertEquals(t.card.capability(uapi.DRM_CAP_SYNCOBJ_TIMELINE), 1n);
  for (const plane of t.card.planes()) {
    assertEquals([...plane.property("pixel blend mode").enums.keys()], ["None", "Pre-multiplied", "Coverage"]);
    assertEquals(plane.value("alpha"), 0xffffn);
    assertEquals(plane.property("COLOR_ENCODING").enums.get("ITU-R BT.709 YCbCr"), 1n);
    assertEquals(plane.value("COLOR_RANGE"), 1n);
    assertEquals(plane.formats.map(uapi.fourccName).includes("NV12"), true);
  }
  assertEquals(t.card.planes().map((plane) => plane.value("zpos")), [0n, 1n]);
  assertEquals([...t.crtc().properties.keys()].includes("CTM"), true);
});

Deno.test("vkms modes: standard timings up to the maximum at 61 Hz at most, 1024x768 preferred, first", () => {
  using t = new VkmsScreen();
  const { modes, preferredMode } = t.connector();
  assertEquals([preferredMode.hdisplay, preferredMode.vdisplay, preferredMode.vrefresh], [1024, 768, 60]);
  assertEquals(modes[0].type & uapi.DRM_MODE_TYPE_PREFERRED, uapi.DRM_MODE_TYPE_PREFERRED);
  assertEquals(modes.some((mode) => mode.hdisplay === 4096), true);
  assertEquals(modes.every((mode) => mode.vrefresh <= 61), true);
  using small = new VkmsScreen({ maxWidth: 800, maxHeight: 600 });
  assertEquals(small.connector().modes.every((mode) => mode.hdisplay <= 800 && mode.vdisplay <= 600), true);
});

Deno.test("vkms configured: CRTCs, planes, formats, connectors, modes, refresh", () => {
  using t = new VkmsScreen({
    formats: ["XR24", "AR24"],
    crtcs: [
      { planes: [{ type: "cursor" }, { type: "primary", formats: ["RG16"] }, { type: "overlay" }], gammaSize: 16 },
      { degammaSize: 0, ctm: false },
    ],
    connectors: [
      { type: "HDMI-A", crtcs: [1], modes: ["1920x1080@120", "640x480"] },
      { type: "HDMI-A", status: "disconnected" },
      { type: "DP" },
    ],
  });
  assertEquals(t.card.crtcs().length, 2);
  const [primary] = t.planes(DRM_PLANE_TYPE_PRIMARY);
  assertEquals(primary.formats.map(uapi.fourccName), ["RG16"]);
  assertEquals(t.planes(DRM_PLANE_TYPE_OVERLAY)[0].formats.map(uapi.fourccName), ["XR24", "AR24"]);
  assertEquals(t.planes(DRM_PLANE_TYPE_OVERLAY, 1), []);
  assertEquals(t.crtc().value("GAMMA_LUT_SIZE"), 16n);
  assertEquals(t.crtc(1).properties.has("CTM"), false);
  const [first, second, third] = t.card.connectors();
  assertEquals([first.connectorType, third.connectorType], [
    uapi.DRM_MODE_CONNECTOR_HDMIA,
    uapi.DRM_MODE_CONNECTOR_DisplayPort,
  ]);
  assertEquals(first.modes.map((mode) => [mode.hdisplay, mode.vdisplay, mode.vrefresh]), [
    [1920, 1080, 120],
    [640, 480, 60],
  ]);
  assertEquals(first.crtc().index, 1);
  assertEquals(second.connection, uapi.connector_status_disconnected);
  assertEquals(third.connection, uapi.connector_status_connected);
});

Deno.test("vkms refuses a configuration that cannot be, and says where", () => {
  assertThrows(() => drivers.vkms({ overlays: 31 }), TypeError, "overlays must be a whole number from 0 to 30, not 31");
  assertThrows(() => drivers.vkms({ crtcs: [] }), TypeError, "crtcs must be a list of 1 to 32");
});

Deno.test("vkms plug: a connector is lost and found, and clients hear of it", () => {
  using t = new VkmsScreen();
  const events: Uevent[] = [];
  t.system.onUevent((event) => events.push(event));
  t.vkms.plug(0, false);
  assertEquals(events.map((event) => event.properties), [{ HOTPLUG: "1", CONNECTOR: String(t.connector().id) }]);
  assertEquals(t.connector().connection, uapi.connector_status_disconnected);
  t.vkms.plug(0, false);
  assertEquals(events.length, 1);
  t.vkms.plug(0, true);
  assertEquals(t.connector().connection, uapi.connector_status_connected);
  assertThrows(() => t.vkms.plug(1, true), RangeError, "Cannot find connector 1");
});

Deno.test("vkms: no more gamma entries than the table has: EINVAL", () => {
  using t = new VkmsScreen();
  t.light();
  const lut = (entries: number): number => t.card.createBlob(new Uint8Array(entries * 8));
  t.request.set(t.crtc(), "GAMMA_LUT", lut(256));
  assertEquals(t.request.commit(FLIP), 0);
  t.frames();
  t.request.set(t.crtc(), "GAMMA_LUT", lut(257));
  assertEquals(code(() => t.request.commit(FLIP)), "EINVAL");
  t.request.clear().set(t.crtc(), "DEGAMMA_LUT", lut(257));
  assertEquals(code(() => t.request.commit(FLIP)), "EINVAL");
});

Deno.test("vkms: planes do not scale (ERANGE), may be anywhere, DIRTYFB is not there (ENOSYS)", () => {
  using t = new VkmsScreen();
  const buffer = t.light();
  const [primary] = t.planes(DRM_PLANE_TYPE_PRIMARY);
  const fb = buffer.framebuffer(uapi.DRM_FORMAT_XRGB8888);
  t.show(primary, fb, 100, 100, 900, -50);
  assertEquals(t.request.commit(FLIP), 0);
  t.frames();
  t.request.set(primary, "CRTC_W", 200);
  assertEquals(code(() => t.request.commit(FLIP)), "ERANGE");
  const dirty = uapi.drm_mode_fb_dirty_cmd.of({ fb_id: fb });
  assertEquals(code(() => t.card.file.ioctl(uapi.DRM_IOCTL_MODE_DIRTYFB, dirty)), "ENOSYS");
});

Deno.test("vkmsOf knows its own", () => {
  using system = createSystem({ drivers: [drivers.vgem()] });
  assertThrows(() => vkmsOf(system.devices[0]), TypeError, "Cannot use card0 as vkms");
});

Deno.test("vkms shows another device's buffer, imported", () => {
  using t = new VkmsScreen();
  t.system.addDevice(vgemDriver());
  const process = t.card.file.process;
  const vgem = openCard(process, "/dev/dri/card1");
  using buffer = vgem.createDumb(1024, 768);
  using file = vgem.exportDmaBuf(buffer.handle);
  const handle = t.card.importDmaBuf(file.fd);
  const fb = t.card.addFramebuffer({
    width: 1024,
    height: 768,
    format: uapi.DRM_FORMAT_XRGB8888,
    handles: [handle],
    pitches: [4096],
  });
  t.light();
  const crc = t.vkms.crc(0);
  crc.open();
  t.show(t.planes(DRM_PLANE_TYPE_PRIMARY)[0], fb, 1024, 768);
  t.request.commit(FLIP);
  t.frames(2);
  const before = crc.read();
  buffer.bytes.fill(0x77);
  while (crc.pending > 0) crc.read();
  t.frames();
  assertEquals(before !== undefined && crc.read()?.values[0] !== before.values[0], true);
});
