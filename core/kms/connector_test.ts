import { assert, assertEquals } from "@std/assert";
import * as uapi from "../../uapi/mod.ts";
import type { Uevent } from "../system.ts";
import { parseEdid, sealEdidBlock } from "./edid.ts";
import { Mode } from "./mode.ts";
import { cvtMode } from "./mode_cvt.ts";
import { DMT_MODES, dmtMode, ESTABLISHED_MODES, ESTABLISHED_MODES_3, isReducedBlanking } from "./mode_table.ts";
import { modesWithoutEdid } from "./probe.ts";
import { errnoOfCall, TEST_MODE, type TestClient, TestKms } from "./testing.ts";

/** An EDID 1.4 with one detailed timing, one standard and two established ones, and a CTA block with two video formats. */
function sampleEdid(): Uint8Array {
  const b = new Uint8Array(256);
  b.set([0, 255, 255, 255, 255, 255, 255, 0]);
  b.set([0x49, 0x14, 0x34, 0x12, 1, 2, 3, 4], 8); // RHT
  b.set([0, 30, 1, 4, 0xa5, 52, 29, 120, 6], 16);
  b[35] = 0x21; // 640x480@60, 800x600@60
  b[36] = 0x08; // 1024x768@60
  for (let at = 38; at < 54; at += 2) b.set([1, 1], at);
  b.set([(1600 / 8) - 31, 0xc0], 38); // 1600x900@60
  // 1920x1080@60: 148.5 MHz
  b.set(
    [0x02, 0x3a, 0x80, 0x18, 0x71, 0x38, 0x2d, 0x40, 0x58, 0x2c, 0x45, 0x00, 0x09, 0x25, 0x21, 0x00, 0x00, 0x1e],
    54,
  );
  b.set([0, 0, 0, 0xfc, 0, ...new TextEncoder().encode("udrm display\n")], 72);
  b.set([0, 0, 0, 0xf7, 0, 10, 0, 0x80, 0, 0, 0, 0], 90); // 1280x768@60 with reduced blanking
  b.set([0, 0, 0, 0x10], 108);
  b[126] = 1;
  sealEdidBlock(b, 0);
  b.set([2, 3, 7, 0, 0x42, 0x90 & 0x7f | 0x80, 4], 128); // VIC 16 (native), VIC 4
  b.set([0], 135);
  sealEdidBlock(b, 1);
  return b;
}

Deno.test("EDID: identity, size, and the modes of every kind of timing", () => {
  const edid = parseEdid(sampleEdid());
  assert(edid !== undefined);
  assertEquals([edid.version, edid.manufacturer, edid.product, edid.serial, edid.name], [
    0x104,
    "RHT",
    0x1234,
    0x04030201,
    "udrm display",
  ]);
  assertEquals([edid.widthMm, edid.heightMm, edid.nonDesktop], [520, 290, false]);
  const names = edid.modes.map((mode) => `${mode.name}@${mode.refresh}`);
  assertEquals(names, [
    "1920x1080@60",
    "1600x900@60",
    "800x600@60",
    "640x480@60",
    "1024x768@60",
    "1280x768@60",
    "1920x1080@60",
    "1280x720@60",
  ]);
  assertEquals(edid.modes.map((mode) => (mode.type & uapi.DRM_MODE_TYPE_PREFERRED) !== 0), [
    true,
    ...new Array(7).fill(false),
  ]);
  const [detailed] = edid.modes;
  assertEquals([detailed.clock, detailed.htotal, detailed.vtotal, detailed.hsyncStart, detailed.vsyncEnd], [
    148500,
    2200,
    1125,
    2008,
    1089,
  ]);
  assertEquals([detailed.widthMm, detailed.heightMm], [521, 293]);
  assertEquals(edid.modes[6].pictureAspect, uapi.DRM_MODE_PICTURE_ASPECT_16_9);
});

Deno.test("EDID: a wrong header, version or checksum is none; an extension with a wrong checksum is left out", () => {
  const good = sampleEdid();
  const broken = (at: number): Uint8Array => good.map((byte, i) => i === at ? byte ^ 1 : byte);
  assertEquals(parseEdid(broken(0)), undefined);
  assertEquals(parseEdid(broken(100)), undefined);
  assertEquals(parseEdid(good.subarray(0, 127)), undefined);
  const version = good.slice();
  version[18] = 2;
  sealEdidBlock(version, 0);
  assertEquals(parseEdid(version), undefined);
  // CTA's are used all the same, as the kernel does.
  assertEquals(parseEdid(broken(200))?.bytes.length, 256);
  const other = broken(200);
  other[128] = 0x70;
  const edid = parseEdid(other);
  assertEquals([edid?.bytes.length, edid?.bytes[126], edid?.modes.length], [128, 0, 6]);
  assertEquals(parseEdid(edid?.bytes ?? good)?.modes.length, 6); // its own output is valid
});

Deno.test("EDID: no bytes make the parser fail", () => {
  const good = sampleEdid();
  let seed = 1;
  const random = (n: number): number => (seed = (seed * 1103515245 + 12345) & 0x7fff_ffff) % n;
  for (let i = 0; i < 3000; i++) {
    const bytes = good.slice();
    for (let j = random(20); j >= 0; j--) bytes[8 + random(248)] = random(256);
    bytes[18] = 1;
    sealEdidBlock(bytes, 0);
    sealEdidBlock(bytes, 1);
    for (const mode of parseEdid(bytes)?.modes ?? []) assert(mode.valid);
  }
});

Deno.test("DMT: every timing is valid and has the rate of its standard; CVT gives the CVT ones", () => {
  const rates = new Set([24, 43, 50, 56, 57, 60, 65, 67, 70, 72, 75, 85, 88, 90, 100, 119, 120]);
  for (const mode of [...DMT_MODES, ...ESTABLISHED_MODES, ...ESTABLISHED_MODES_3]) {
    assert(mode.valid, mode.name);
    assert(
      rates.has(mode.refresh) || rates.has(mode.refresh + 1) || rates.has(mode.refresh - 1) || mode.interlaced,
      `${mode.name}@${mode.refresh}`,
    );
  }
  assertEquals([DMT_MODES.length, ESTABLISHED_MODES.length, ESTABLISHED_MODES_3.length], [88, 17, 44]);
  // 1280x768 is 15:9, which neither the kernel's nor X's formula recognises: 768 is no multiple of 9.
  assertEquals(cvtMode(1280, 768).vsyncEnd - cvtMode(1280, 768).vsyncStart, 10);
  // Integer lines make this one a line longer than VESA's.
  assertEquals(cvtMode(1920, 1200, { refresh: 85 }).vtotal, dmtMode("47").vtotal + 1);
  // DMT ids whose timings VESA took from CVT; clocks differ because DMT rounds them to 250 kHz.
  const fromCvt = "1b 1c 1d 1e 29 2a 2b 2c 2e 2f 30 31 39 3a 3b 3c 44 45 46 4c 4d 4e 4f".split(" ");
  for (const id of fromCvt) {
    const dmt = dmtMode(id);
    const cvt = cvtMode(dmt.hdisplay, dmt.vdisplay, { refresh: dmt.refresh, reduced: isReducedBlanking(dmt) });
    const timing = (
      mode: Mode,
    ): number[] => [
      mode.hsyncEnd,
      mode.htotal,
      mode.vsyncStart,
      mode.vsyncEnd,
      mode.vtotal,
      mode.flags,
    ];
    assertEquals(timing(cvt), timing(dmt), id);
    // The kernel adds a whole cell to a start of sync that is a multiple of 8 already.
    assert([0, 8].includes(cvt.hsyncStart - dmt.hsyncStart), id);
    // The kernel rounds the start of sync up by a whole cell where it is a multiple of 8 already.
    assert([0, 8].includes(cvt.hsyncStart - dmt.hsyncStart), id);
    assert(Math.abs(cvt.clock - dmt.clock) < 260, `${id}: ${cvt.clock} ${dmt.clock}`);
  }
});

Deno.test("a mode goes to user space and back unchanged; drm_mode_vrefresh rounds", () => {
  for (const mode of DMT_MODES) {
    const info = uapi.drm_mode_modeinfo.of();
    mode.store(info);
    assert(Mode.load(info).equals(mode));
    assertEquals(info.vrefresh, mode.refresh);
  }
  assertEquals(dmtMode("0f").refresh, 87); // fields a second
  const info = uapi.drm_mode_modeinfo.of();
  assertEquals(errnoOfCall(() => Mode.load(info)), "EINVAL");
  dmtMode("52").store(info);
  info.vrefresh = 0xffff_ffff;
  assertEquals(errnoOfCall(() => Mode.load(info)), "ERANGE");
});

function get(client: TestClient, count = 0): { arg: uapi.View<uapi.drm_mode_get_connector>; modes: string[] } {
  const memory = client.process.alloc(64 * 68);
  const arg = uapi.drm_mode_get_connector.of({
    connector_id: client.test.kms.connectors[0].id,
    modes_ptr: memory.address,
    count_modes: count,
  });
  client.card.ioctl(uapi.DRM_IOCTL_MODE_GETCONNECTOR, arg);
  const modes: string[] = [];
  for (let i = 0; i < count && i < arg.count_modes; i++) {
    modes.push(uapi.drm_mode_modeinfo.at(memory.bytes, i * 68).name);
  }
  return { arg, modes };
}

Deno.test("I2 GETCONNECTOR with count_modes 0 probes, for the current master only", () => {
  let probes = 0;
  using test = new TestKms({ connector: { detect: () => (probes++, uapi.connector_status_connected) } });
  const client = test.client(), other = test.client(false);
  assertEquals([get(other).arg.count_modes, get(other).arg.connection, probes], [0, uapi.connector_status_unknown, 0]);
  assertEquals([get(client).arg.count_modes, probes], [2, 1]);
  assertEquals([get(client, 64).modes, probes], [["1024x768", "800x600"], 1]);
  assertEquals([get(other, 64).modes, get(other).arg.connection, probes], [["1024x768", "800x600"], 1, 1]);
  assertEquals(get(client, 1).modes, [""]); // I1: all or none
});

Deno.test("GETCONNECTOR: nothing plugged in has no modes; without EDID the standard ones up to 1024x768", () => {
  let status: 1 | 2 = uapi.connector_status_connected;
  using test = new TestKms({ connector: { detect: () => status, getModes: () => [] } });
  const client = test.client();
  const standard = modesWithoutEdid(1024, 768).filter((mode) => !mode.interlaced);
  assertEquals(get(client).arg.count_modes, standard.length);
  assertEquals(get(client, 64).modes[0], "1024x768");
  status = uapi.connector_status_disconnected;
  assertEquals([get(client).arg.count_modes, get(client).arg.connection], [0, uapi.connector_status_disconnected]);
});

Deno.test("GETCONNECTOR: EDID as a blob, size in mm, modes without duplicates and aspect ratios for old clients", () => {
  using test = new TestKms({
    connector: {
      type: uapi.DRM_MODE_CONNECTOR_HDMIA,
      getModes: (connector) => {
        connector.setEdid(sampleEdid());
        return connector.edidModes();
      },
    },
  });
  const client = test.client(), old = test.client(false);
  const { arg } = get(client);
  assertEquals([arg.connector_type, arg.connector_type_id, arg.mm_width, arg.mm_height], [
    uapi.DRM_MODE_CONNECTOR_HDMIA,
    1,
    520,
    290,
  ]);
  assertEquals([arg.count_modes, get(old, 64).arg.count_modes], [8, 7]); // 1080p twice, apart in aspect ratio
  const [connector] = test.kms.connectors;
  const id = Number(client.value(connector.id, "EDID"));
  get(client);
  assertEquals(Number(client.value(connector.id, "EDID")), id); // the same bytes keep their blob
  const blob = uapi.drm_mode_get_blob.of({ blob_id: id });
  client.card.ioctl(uapi.DRM_IOCTL_MODE_GETPROPBLOB, blob);
  assertEquals(blob.length, 256);
  connector.setEdid(undefined);
  assertEquals([client.value(connector.id, "EDID"), test.kms.objects.get(id)], [0n, undefined]);
});

Deno.test("hotplug: probes and tells by a uevent which connector", () => {
  let status: 1 | 2 = uapi.connector_status_disconnected;
  using test = new TestKms({ connector: { detect: () => status } });
  const events: Uevent[] = [];
  using _listening = test.system.onUevent((event) => void events.push(event));
  const [connector] = test.kms.connectors;
  status = uapi.connector_status_connected;
  connector.hotplug();
  assertEquals(events.map(({ action, properties }) => [action, properties]), [["change", {
    HOTPLUG: "1",
    CONNECTOR: String(connector.id),
  }]]);
  assertEquals([connector.status, connector.modes.length], [1, 2]);
});

Deno.test("connectors of one type are numbered from 1, and named as sysfs does", () => {
  using test = new TestKms({ pipes: 2 });
  assertEquals(test.kms.connectors.map(({ name }) => name), ["Virtual-1", "Virtual-2"]);
});

Deno.test("modes whose pixel lasts the same number of picoseconds are the same: no mode set is needed", () => {
  const mode = dmtMode("52"); // 148.5 MHz: 6734 ps
  const other = (clock: number): Mode => mode.with({ clock });
  assertEquals([148_490, 148_500, 148_502].map((clock) => mode.equals(other(clock))), [true, true, false]);
  using test = new TestKms();
  const client = test.client();
  client.enable();
  const [crtc] = test.kms.crtcs;
  const set = (clock: number): string => {
    const blob = client.modeBlob(TEST_MODE.with({ clock }));
    return errnoOfCall(() => client.atomic({ [crtc.id]: { MODE_ID: blob } }, uapi.DRM_MODE_ATOMIC_TEST_ONLY));
  };
  const { clock } = TEST_MODE;
  const same = [clock - 1, clock + 1].find((c) => Math.floor(1e9 / c) === Math.floor(1e9 / clock));
  assert(same !== undefined);
  assertEquals([set(same), set(clock + 100)], ["", "EINVAL"]);
});

Deno.test("SETCRTC takes a bad link for good on the connectors that it finds on the CRTC", () => {
  using test = new TestKms();
  const client = test.client();
  client.enable();
  const [connector] = test.kms.connectors;
  connector.linkFailed();
  assertEquals(client.value(connector.id, "link-status"), 1n);
  client.card.ioctl(uapi.DRM_IOCTL_MODE_SETCRTC, uapi.drm_mode_crtc.of({ crtc_id: test.kms.crtcs[0].id }));
  assertEquals(client.value(connector.id, "link-status"), 0n);
});
