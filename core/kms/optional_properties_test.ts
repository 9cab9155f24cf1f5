import { assertEquals, assertThrows } from "@std/assert";
import * as uapi from "../../uapi/mod.ts";
import type { Uevent } from "../system.ts";
import { attachScalingFilterProperty } from "./color_properties.ts";
import type { Connector } from "./connector.ts";
import { attachContentProtectionProperty, updateContentProtection } from "./content_protection.ts";
import * as hdmi from "./hdmi_properties.ts";
import type { ModeObject } from "./mode_object.ts";
import * as panel from "./panel_properties.ts";
import { errnoOfCall, type TestClient, TestKms } from "./testing.ts";
import { attachPathProperty, setTileProperty } from "./tile_properties.ts";
import * as tv from "./tv_properties.ts";

const TEST = uapi.DRM_MODE_ATOMIC_TEST_ONLY;
const MODESET = uapi.DRM_MODE_ATOMIC_ALLOW_MODESET;
const { DRM_MODE_PROP_ENUM: ENUM, DRM_MODE_PROP_RANGE: RANGE, DRM_MODE_PROP_IMMUTABLE: IMMUTABLE } = uapi;

/** Name, flags, and values: limits of a range, "value name" of an enum. */
function described(object: ModeObject, name: string): unknown[] {
  const property = object.properties?.list.find((binding) => binding.property.name === name)?.property;
  if (property === undefined) return [name];
  const values = property.enums.length > 0
    ? property.enums.map((item) => `${item.value} ${item.name}`)
    : [...property.values];
  return [name, property.flags, values];
}

interface Setup extends Disposable {
  readonly test: TestKms;
  readonly client: TestClient;
  readonly connector: Connector;
  set(name: string, value: number | bigint, flags?: number): string;
  value(name: string): bigint | undefined;
}

function setup(attach: (connector: Connector) => void): Setup {
  const test = new TestKms();
  const [connector] = test.kms.connectors;
  attach(connector);
  const client = test.client();
  return {
    test,
    client,
    connector,
    set: (name, value, flags = 0) => errnoOfCall(() => client.atomic({ [connector.id]: { [name]: value } }, flags)),
    value: (name) => client.value(connector.id, name),
    [Symbol.dispose]: () => test[Symbol.dispose](),
  };
}

Deno.test("J14 Content Protection: Enabled is EINVAL, desired and back is allowed; the driver's change is told", () => {
  using t = setup((connector) => attachContentProtectionProperty(connector, true));
  assertEquals(described(t.connector, "Content Protection"), ["Content Protection", ENUM, [
    "0 Undesired",
    "1 Desired",
    "2 Enabled",
  ]]);
  assertEquals(described(t.connector, "HDCP Content Type"), ["HDCP Content Type", ENUM, [
    "0 HDCP Type0",
    "1 HDCP Type1",
  ]]);
  assertEquals(t.set("Content Protection", 2), "EINVAL");
  assertEquals([t.set("Content Protection", 1), t.value("Content Protection")], ["", 1n]);
  assertEquals([t.set("HDCP Content Type", 1), t.value("HDCP Content Type")], ["", 1n]);
  const events: Uevent[] = [];
  t.test.system.onUevent((event) => events.push(event));
  updateContentProtection(t.connector, 2);
  updateContentProtection(t.connector, 2);
  assertEquals(t.value("Content Protection"), 2n);
  const id = String(t.test.kms.optional.contentProtection.id);
  assertEquals(events.map(({ properties }) => properties), [
    { HOTPLUG: "1", CONNECTOR: String(t.connector.id), PROPERTY: id },
  ]);
});

Deno.test("HDMI: content type, aspect ratio, Broadcast RGB: names, values, reading back, unknown values EINVAL", () => {
  using t = setup((connector) => {
    hdmi.attachContentTypeProperty(connector);
    hdmi.attachAspectRatioProperty(connector);
    hdmi.attachBroadcastRgbProperty(connector);
  });
  const expected: [string, string[]][] = [
    ["content type", ["0 No Data", "1 Graphics", "2 Photo", "3 Cinema", "4 Game"]],
    ["aspect ratio", ["0 Automatic", "1 4:3", "2 16:9"]],
    ["Broadcast RGB", ["0 Automatic", "1 Full", "2 Limited 16:235"]],
  ];
  for (const [name, values] of expected) {
    assertEquals(described(t.connector, name), [name, ENUM, values]);
    assertEquals([t.value(name), t.set(name, values.length)], [0n, "EINVAL"]);
    assertEquals([t.set(name, values.length - 1), t.value(name)], ["", BigInt(values.length - 1)]);
    assertEquals([t.set(name, 0, TEST), t.value(name)], ["", BigInt(values.length - 1)]); // a test changes nothing
  }
});

Deno.test("Colorspace: HDMI has 13 values, DisplayPort 14, each its own; a mask of none is a RangeError", () => {
  using h = setup((connector) => hdmi.attachHdmiColorspaceProperty(connector));
  using d = setup((connector) => hdmi.attachDpColorspaceProperty(connector));
  const names = ({ connector }: Setup): string[] => described(connector, "Colorspace")[2] as string[];
  assertEquals(names(h), [
    "0 Default",
    "1 SMPTE_170M_YCC",
    "2 BT709_YCC",
    "3 XVYCC_601",
    "4 XVYCC_709",
    "5 SYCC_601",
    "6 opYCC_601",
    "7 opRGB",
    "8 BT2020_CYCC",
    "9 BT2020_RGB",
    "10 BT2020_YCC",
    "11 DCI-P3_RGB_D65",
    "12 DCI-P3_RGB_Theater",
  ]);
  assertEquals(names(d), [
    "0 Default",
    ...names(h).slice(2, 12),
    "13 RGB_WIDE_FIXED",
    "14 RGB_WIDE_FLOAT",
    "15 BT601_YCC",
  ]);
  assertEquals([h.set("Colorspace", 13), d.set("Colorspace", 13), d.set("Colorspace", 1)], ["EINVAL", "", "EINVAL"]);
  assertEquals(d.value("Colorspace"), 13n);
  using few = setup((connector) =>
    hdmi.attachHdmiColorspaceProperty(connector, 1 << (hdmi.COLORIMETRY.get("BT2020_RGB") ?? 0))
  );
  assertEquals(names(few), ["0 Default", "9 BT2020_RGB"]);
  assertThrows(() => hdmi.attachHdmiColorspaceProperty(few.connector, 1 << 13), RangeError);
});

Deno.test("HDR_OUTPUT_METADATA takes a blob of 32 bytes or 0; a state keeps what its file has destroyed", () => {
  using t = setup((connector) => hdmi.attachHdrOutputMetadataProperty(connector));
  const { client } = t;
  assertEquals(uapi.hdr_output_metadata.size, 32);
  const set = (value: number): string => t.set("HDR_OUTPUT_METADATA", value);
  const good = client.blob(new Uint8Array(32));
  assertEquals([set(client.blob(new Uint8Array(31))), set(client.blob(new Uint8Array(33))), set(9999)], [
    "EINVAL",
    "EINVAL",
    "EINVAL",
  ]);
  assertEquals([set(good), t.value("HDR_OUTPUT_METADATA")], ["", BigInt(good)]);
  client.card.ioctl(uapi.DRM_IOCTL_MODE_DESTROYPROPBLOB, uapi.drm_mode_destroy_blob.of({ blob_id: good }));
  assertEquals(t.value("HDR_OUTPUT_METADATA"), BigInt(good));
  assertEquals([set(0), t.value("HDR_OUTPUT_METADATA"), t.test.kms.objects.get(good)], ["", 0n, undefined]);
});

Deno.test("max bpc: a range that begins at its maximum, bounds what the display has, and changes by a mode set", () => {
  using t = setup((connector) => hdmi.attachMaxBpcProperty(connector, 6, 12));
  assertEquals([described(t.connector, "max bpc"), t.value("max bpc")], [["max bpc", RANGE, [6, 12]], 12n]);
  assertEquals([t.set("max bpc", 5), t.set("max bpc", 13)], ["EINVAL", "EINVAL"]);
  t.client.enable();
  assertEquals(t.connector.state.maxBpc, 8); // an unknown display's
  assertEquals(t.set("max bpc", 6), "EINVAL"); // J6
  assertEquals([t.set("max bpc", 6, MODESET), t.connector.state.maxBpc], ["", 6]);
  t.client.frame(2);
  assertEquals(t.set("max bpc", 6), "");
});

Deno.test("link-status is compared with the CRTC that fed the connector: a change is a mode set of it", () => {
  using t = setup(() => {});
  t.client.enable();
  t.test.takeLog();
  t.connector.linkFailed();
  assertEquals(t.set("link-status", 0, MODESET), "");
  // The planes come along, as with every mode set.
  assertEquals(t.test.takeLog().map((line) => line.split(" ")[0]), ["disable", "update", "flush", "enable"]);
});

Deno.test("panels: scaling mode of the driver's choice, vrr_capable, panel orientation, suggested X and Y", () => {
  let capable: ((on: boolean) => void) | undefined, suggest: ((x: number, y: number) => void) | undefined;
  using t = setup((connector) => {
    panel.attachScalingModeProperty(connector, 0b1011);
    capable = panel.attachVrrCapableProperty(connector);
    panel.attachPanelOrientationProperty(connector, 3);
    suggest = panel.attachSuggestedOffsetProperties(connector);
  });
  const { connector } = t;
  assertEquals(described(connector, "scaling mode"), ["scaling mode", ENUM, ["0 None", "1 Full", "3 Full aspect"]]);
  assertEquals([t.set("scaling mode", 2), t.set("scaling mode", 3), t.value("scaling mode")], ["EINVAL", "", 3n]);
  assertThrows(() => panel.attachScalingModeProperty(connector, 1), RangeError);
  assertThrows(() => panel.attachScalingModeProperty(connector, 0x13), RangeError);
  assertEquals(described(connector, "vrr_capable"), ["vrr_capable", RANGE | IMMUTABLE, [0, 1]]);
  assertEquals([t.value("vrr_capable"), t.set("vrr_capable", 1)], [0n, "EINVAL"]);
  capable?.(true);
  assertEquals(t.value("vrr_capable"), 1n);
  assertEquals(described(connector, "panel orientation"), ["panel orientation", ENUM | IMMUTABLE, [
    "0 Normal",
    "1 Upside Down",
    "2 Left Side Up",
    "3 Right Side Up",
  ]]);
  assertEquals([t.value("panel orientation"), t.set("panel orientation", 0)], [3n, "EINVAL"]);
  assertEquals(described(connector, "suggested X"), ["suggested X", RANGE | IMMUTABLE, [0, 0xffff_ffff]]);
  suggest?.(1920, -1);
  assertEquals([t.value("suggested X"), t.value("suggested Y")], [1920n, 0xffff_ffffn]);
});

Deno.test("privacy screens: sw-state has two values, hw-state four and cannot be set; a hotkey is told by two uevents", () => {
  const screen = { sw: 0, hw: 2 };
  let link: panel.PrivacyScreenLink | undefined;
  using t = setup((connector) => {
    link = panel.attachPrivacyScreenProperties(connector, {
      getState: () => ({ ...screen }),
      setState: (sw) => void (screen.sw = sw),
    });
  });
  assertEquals(described(t.connector, "privacy-screen sw-state"), ["privacy-screen sw-state", ENUM, [
    "0 Disabled",
    "1 Enabled",
  ]]);
  assertEquals(described(t.connector, "privacy-screen hw-state"), ["privacy-screen hw-state", ENUM | IMMUTABLE, [
    "0 Disabled",
    "1 Enabled",
    "2 Disabled-locked",
    "3 Enabled-locked",
  ]]);
  const states = (): unknown[] => [t.value("privacy-screen sw-state"), t.value("privacy-screen hw-state")];
  assertEquals(states(), [0n, 2n]);
  assertEquals([t.set("privacy-screen sw-state", 2), t.set("privacy-screen hw-state", 1)], ["EINVAL", "EINVAL"]);
  assertEquals(t.set("privacy-screen sw-state", 1), "");
  link?.update();
  assertEquals([screen.sw, states()], [1, [1n, 2n]]); // locked: asked for, not in force
  let events = 0;
  t.test.system.onUevent(() => events++);
  screen.sw = 0;
  screen.hw = 0;
  link?.changed();
  assertEquals([states(), events], [[0n, 0n], 2]);
});

Deno.test("television: modes, subconnectors, margins and controls; another standard is a mode set", () => {
  const test = new TestKms({ connector: { atomicCheck: tv.checkTv } });
  const [connector] = test.kms.connectors;
  const setSubconnector = tv.attachTvProperties(connector, { modes: 0b1001 });
  using _ = test;
  const client = test.client();
  const set = (name: string, value: number, flags = 0): string =>
    errnoOfCall(() => client.atomic({ [connector.id]: { [name]: value } }, flags));
  assertEquals(described(connector, "TV mode"), ["TV mode", ENUM, ["0 NTSC", "3 PAL"]]);
  assertEquals(described(connector, "select subconnector"), ["select subconnector", ENUM, [
    "0 Automatic",
    "5 Composite",
    "6 SVIDEO",
    "8 Component",
    "9 SCART",
  ]]);
  assertEquals(described(connector, "subconnector"), ["subconnector", ENUM | IMMUTABLE, [
    "0 Unknown",
    "5 Composite",
    "6 SVIDEO",
    "8 Component",
    "9 SCART",
  ]]);
  for (
    const name of [
      ...["left", "right", "top", "bottom"].map((side) => `${side} margin`),
      "brightness",
      "contrast",
      "flicker reduction",
      "overscan",
      "saturation",
      "hue",
    ]
  ) {
    assertEquals(described(connector, name), [name, RANGE, [0, 100]]);
    assertEquals([set(name, 101), set(name, 42), client.value(connector.id, name)], ["EINVAL", "", 42n]);
  }
  setSubconnector(uapi.DRM_MODE_SUBCONNECTOR_SVIDEO);
  assertEquals([client.value(connector.id, "subconnector"), set("subconnector", 5)], [6n, "EINVAL"]);
  assertThrows(() => setSubconnector(1), RangeError);
  client.enable();
  assertEquals([set("TV mode", 1), set("TV mode", 3), set("TV mode", 3, MODESET)], ["EINVAL", "EINVAL", ""]);
  client.frame(2);
  assertEquals([set("hue", 43), set("hue", 42)], ["EINVAL", ""]);
});

Deno.test("DVI-I and DisplayPort have subconnectors of their own kinds, a driver's own modes are named by it", () => {
  using d = setup((connector) => void tv.attachDviIProperties(connector));
  assertEquals(described(d.connector, "select subconnector")[2], ["0 Automatic", "3 DVI-D", "4 DVI-A"]);
  assertEquals(described(d.connector, "subconnector")[2], ["0 Unknown", "3 DVI-D", "4 DVI-A"]);
  assertEquals([d.set("select subconnector", 4), d.value("select subconnector")], ["", 4n]);
  let dp: tv.SetSubconnector | undefined;
  using p = setup((connector) => void (dp = tv.attachDpSubconnectorProperty(connector)));
  assertEquals(described(p.connector, "subconnector")[2], [
    "0 Unknown",
    "1 VGA",
    "3 DVI-D",
    "11 HDMI",
    "10 DP",
    "18 Wireless",
    "15 Native",
  ]);
  dp?.(uapi.DRM_MODE_SUBCONNECTOR_Native);
  assertEquals(p.value("subconnector"), 15n);
  using l = setup((connector) => void tv.attachTvProperties(connector, { legacyModes: ["one", "two"] }));
  assertEquals(described(l.connector, "mode"), ["mode", ENUM, ["0 one", "1 two"]]);
  assertEquals([l.set("mode", 1), l.value("mode"), l.connector.state.tv.legacyMode], ["", 1n, 1]);
});

Deno.test("TILE and PATH are texts that end with 0", () => {
  using t = setup((connector) => attachPathProperty(connector, "mst:51-1"));
  const text = (name: string): string | undefined => {
    const blob = t.test.kms.objects.get(Number(t.value(name)));
    return blob && new TextDecoder().decode((blob as unknown as { data: Uint8Array }).data);
  };
  assertEquals([text("PATH"), text("TILE")], ["mst:51-1\0", undefined]);
  const tile = { group: 1, singleMonitor: true, columns: 2, rows: 1, column: 1, row: 0, width: 2560, height: 2880 };
  setTileProperty(t.connector, tile);
  const first = Number(t.value("TILE"));
  assertEquals(text("TILE"), "1:1:2:1:1:0:2560:2880\0");
  setTileProperty(t.connector, { ...tile, column: 0 });
  setTileProperty(t.connector, undefined);
  assertEquals([t.value("TILE"), t.test.kms.objects.get(first)], [0n, undefined]);
  assertEquals(t.set("TILE", 0), "EINVAL");
});

Deno.test("planes: COLOR_ENCODING and COLOR_RANGE with the driver's choice and defaults, SCALING_FILTER", () => {
  using test = new TestKms({
    plane: {
      color: { encodings: 0b110, ranges: 0b11, encoding: 1, range: 1 },
      scalingFilters: 0b11,
      rotations: 0x3f,
      rotation: 4,
    },
    crtc: { scalingFilters: 0b01 },
  });
  const client = test.client();
  const [plane] = test.kms.planes, [crtc] = test.kms.crtcs;
  const set = (object: number, name: string, value: number): string =>
    errnoOfCall(() => client.atomic({ [object]: { [name]: value } }));
  assertEquals(described(plane, "COLOR_ENCODING"), ["COLOR_ENCODING", ENUM, [
    "1 ITU-R BT.709 YCbCr",
    "2 ITU-R BT.2020 YCbCr",
  ]]);
  assertEquals(described(plane, "COLOR_RANGE"), ["COLOR_RANGE", ENUM, [
    "0 YCbCr limited range",
    "1 YCbCr full range",
  ]]);
  assertEquals(described(plane, "SCALING_FILTER"), ["SCALING_FILTER", ENUM, ["0 Default", "1 Nearest Neighbor"]]);
  assertEquals(described(crtc, "SCALING_FILTER"), ["SCALING_FILTER", ENUM, ["0 Default"]]);
  const value = (object: number, name: string): bigint | undefined => client.value(object, name);
  assertEquals(
    ["COLOR_ENCODING", "COLOR_RANGE", "SCALING_FILTER", "rotation"].map((name) => value(plane.id, name)),
    [1n, 1n, 0n, 4n],
  );
  assertEquals([set(plane.id, "COLOR_ENCODING", 0), set(plane.id, "COLOR_ENCODING", 2)], ["EINVAL", ""]);
  assertEquals([set(plane.id, "COLOR_RANGE", 2), set(plane.id, "COLOR_RANGE", 0)], ["EINVAL", ""]);
  assertEquals([set(plane.id, "SCALING_FILTER", 1), set(crtc.id, "SCALING_FILTER", 1)], ["", "EINVAL"]);
  assertEquals(["COLOR_ENCODING", "COLOR_RANGE", "SCALING_FILTER"].map((name) => value(plane.id, name)), [2n, 0n, 1n]);
  assertThrows(() => new TestKms({ plane: { color: { encodings: 1, ranges: 1, encoding: 1, range: 0 } } }), RangeError);
  assertThrows(() => new TestKms({ plane: { color: { encodings: 9, ranges: 1, encoding: 0, range: 0 } } }), RangeError);
  assertThrows(() => attachScalingFilterProperty(plane, 0b10), RangeError);
});

Deno.test("colour tables and matrix: DEGAMMA_LUT and GAMMA_LUT are multiples of 8 bytes, CTM is 72; sizes cannot be set", () => {
  using test = new TestKms({ crtc: { gammaSize: 16, degammaSize: 32, ctm: true } });
  const client = test.client();
  const [crtc] = test.kms.crtcs;
  const set = (name: string, value: number): string =>
    errnoOfCall(() => client.atomic({ [crtc.id]: { [name]: value } }));
  for (const name of ["DEGAMMA_LUT", "GAMMA_LUT"]) {
    assertEquals(set(name, client.blob(new Uint8Array(12))), "EINVAL");
    const blob = client.blob(new Uint8Array(16));
    assertEquals([set(name, blob), client.value(crtc.id, name)], ["", BigInt(blob)]);
    assertEquals([set(`${name}_SIZE`, 16), set(name, 0), client.value(crtc.id, name)], ["EINVAL", "", 0n]);
  }
  assertEquals([client.value(crtc.id, "GAMMA_LUT_SIZE"), client.value(crtc.id, "DEGAMMA_LUT_SIZE")], [16n, 32n]);
  assertEquals(set("CTM", client.blob(new Uint8Array(71))), "EINVAL");
  assertEquals(set("CTM", client.blob(new Uint8Array(72))), "");
});

Deno.test("SETGAMMA goes to the degamma table where there is no other, and is ENOSYS without either", () => {
  const gamma = (client: TestClient, size: number): string => {
    const table = client.process.alloc(size * 2).address;
    const arg = uapi.drm_mode_crtc_lut.of({
      crtc_id: client.test.kms.crtcs[0].id,
      gamma_size: size,
      red: table,
      green: table,
      blue: table,
    });
    return errnoOfCall(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_SETGAMMA, arg));
  };
  using alone = new TestKms({ crtc: { degammaSize: 64, legacyGammaSize: 16 } });
  assertEquals(gamma(alone.client(), 16), "");
  const { state } = alone.kms.crtcs[0];
  assertEquals([state.degammaLut?.length, state.gammaLut], [128, undefined]);
  using both = new TestKms({ crtc: { degammaSize: 64, gammaSize: 1024, legacyGammaSize: 16 } });
  const client = both.client();
  assertEquals([gamma(client, 1024), gamma(client, 16)], ["EINVAL", ""]);
  assertEquals(both.kms.crtcs[0].state.gammaLut?.length, 128);
  using none = new TestKms({ crtc: { legacyGammaSize: 16 } });
  assertEquals(gamma(none.client(), 16), "ENOSYS");
});
