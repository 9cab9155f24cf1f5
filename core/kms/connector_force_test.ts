import { assert, assertEquals } from "@std/assert";
import * as uapi from "../../uapi/mod.ts";
import { showForce, showStatus, storeForce, storeStatus } from "./connector_force.ts";
import type { Connector, ConnectorOptions } from "./connector.ts";
import { sealEdidBlock } from "./edid.ts";
import { edidValid, showEdidOverride, storeEdidOverride } from "./edid_override.ts";
import { cvtMode } from "./mode_cvt.ts";
import { errnoOfCall, TEST_MODE, TestKms } from "./testing.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** An EDID whose only mode is 800x600@60. */
function smallEdid(extensions = 0): Uint8Array {
  const b = new Uint8Array(128 * (1 + extensions));
  b.set([0, 255, 255, 255, 255, 255, 255, 0, 0x49, 0x14]);
  b.set([1, 4, 0xa5, 40, 30, 120, 0], 18);
  b[35] = 0x01;
  for (let at = 38; at < 54; at += 2) b.set([1, 1], at);
  for (let at = 54; at < 126; at += 18) b.set([0, 0, 0, 0x10], at);
  b[126] = extensions;
  for (let i = 1; i <= extensions; i++) b[128 * i] = 0x70;
  for (let i = 0; i <= extensions; i++) sealEdidBlock(b, i);
  return b;
}

function rig(
  options: Partial<ConnectorOptions> = {},
): { test: TestKms; connector: Connector; [Symbol.dispose](): void } {
  const test = new TestKms({ connector: options });
  const [connector] = test.kms.connectors;
  connector.probe();
  return { test, connector, [Symbol.dispose]: () => test[Symbol.dispose]() };
}

Deno.test("connector_write: its words, with or without line feed; others, and more than 11 bytes, are EINVAL", () => {
  using r = rig();
  assertEquals(showForce(r.connector), "unspecified\n");
  for (const word of ["on", "digital", "off", "unspecified"]) {
    storeForce(r.connector, `${word}`.length > 10 ? word : `${word}\n`);
    assertEquals(showForce(r.connector), `${word}\n`);
  }
  for (const wrong of ["", "ON", "on ", "on\n\n", "on-digital", "unspecified\n", "\n", "detect"]) {
    assertEquals(errnoOfCall(() => storeForce(r.connector, wrong)), "EINVAL", JSON.stringify(wrong));
  }
  assertEquals(r.connector.force, "unspecified");
});

Deno.test("debugfs's force takes effect at the next probe: off hides the display and its EDID, on needs none", () => {
  const asked: boolean[] = [];
  const told: string[] = [];
  using r = rig({
    type: uapi.DRM_MODE_CONNECTOR_HDMIA,
    detect: (_connector, force) => {
      asked.push(force);
      return uapi.connector_status_disconnected;
    },
    force: (connector) => void told.push(connector.force),
  });
  const { connector } = r;
  storeForce(connector, "on");
  assertEquals([showStatus(connector), connector.modes.length], ["disconnected\n", 0]);
  assertEquals(connector.probe(), true);
  assertEquals([showStatus(connector), connector.modes.length, asked, told], ["connected\n", 2, [true], ["on"]]);
  connector.setEdid(smallEdid());
  storeForce(connector, "off");
  connector.probe();
  assertEquals([connector.modes.length, connector.blobs.edid, connector.widthMm], [0, undefined, 0]);
  storeForce(connector, "unspecified");
  connector.probe();
  assertEquals([asked, told], [[true, true], ["on", "off"]]);
});

Deno.test("status_store: probes when the force changes and when it is none; a wrong word is EINVAL, and probes too", () => {
  let probes = 0;
  using r = rig({ detect: () => (probes++, uapi.connector_status_connected) });
  const { connector } = r;
  const store = (word: string): [number, string] => {
    probes = 0;
    const error = errnoOfCall(() => storeStatus(connector, word));
    return [probes, error];
  };
  assertEquals([store("detect"), store("nonsense"), store("digital")], [[1, ""], [1, "EINVAL"], [1, "EINVAL"]]);
  assertEquals([store("off\n"), connector.status], [[0, ""], uapi.connector_status_disconnected]);
  assertEquals([store("wrong"), connector.force], [[0, "EINVAL"], "off"]);
  assertEquals([store("on-digital"), showForce(connector), connector.status], [
    [0, ""],
    "digital\n",
    uapi.connector_status_connected,
  ]);
  assertEquals([store("on"), store("detect")], [[0, ""], [1, ""]]);
});

Deno.test("edid_override: a whole EDID or the word reset; sizes, headers and checksums that are wrong are EINVAL", () => {
  using r = rig();
  const { connector } = r;
  assertEquals(showEdidOverride(connector).length, 0);
  const good = smallEdid(1);
  storeEdidOverride(connector, good);
  good[0] = 1; // a copy is kept
  assertEquals([...showEdidOverride(connector)], [...smallEdid(1)]);
  const broken = (at: number): Uint8Array => smallEdid(1).map((byte, i) => i === at ? byte ^ 1 : byte);
  const version = smallEdid();
  version[18] = 2;
  sealEdidBlock(version, 0);
  const wrong = [
    new Uint8Array(0),
    smallEdid().subarray(0, 127),
    smallEdid(1).subarray(0, 128),
    new Uint8Array(256),
    broken(0),
    broken(100),
    broken(200),
    version,
    bytes("reset\n"),
  ];
  for (const edid of wrong) {
    assertEquals([edidValid(edid), errnoOfCall(() => storeEdidOverride(connector, edid))], [false, "EINVAL"]);
  }
  assertEquals(connector.edidOverride?.length, 256);
  storeEdidOverride(connector, bytes("reset"));
  assertEquals(connector.edidOverride, undefined);
});

Deno.test("an EDID override stands in for what the driver reads, and for an EDID that is not there", () => {
  using r = rig({ type: uapi.DRM_MODE_CONNECTOR_HDMIA, getModes: undefined });
  const { connector } = r;
  assertEquals(connector.blobs.edid, undefined);
  connector.setEdidOverride(smallEdid());
  connector.probe();
  assertEquals(connector.modes.map(({ name }) => name), ["800x600"]);
  assertEquals([connector.blobs.edid?.length, connector.widthMm], [128, 400]);

  const own = smallEdid(1);
  using s = rig({
    getModes: (connector) => {
      connector.setEdid(connector.readEdid(() => own));
      return connector.edidModes();
    },
  });
  assertEquals(s.connector.edid?.bytes.length, 256);
  s.connector.setEdidOverride(smallEdid());
  s.connector.probe();
  assertEquals(s.connector.edid?.bytes.length, 128);
  s.connector.setEdidOverride(undefined);
  s.connector.probe();
  assertEquals(s.connector.edid?.bytes.length, 256);

  // A driver that has modes without an EDID keeps them.
  using t = rig();
  t.connector.setEdidOverride(smallEdid());
  t.connector.probe();
  assertEquals([t.connector.modes[0].name, t.connector.edid], [TEST_MODE.name, undefined]);
});

Deno.test("probing a DisplayPort without EDID prefers 640x480, and gives it where all other modes are pruned", () => {
  using r = rig({ type: uapi.DRM_MODE_CONNECTOR_DisplayPort, getModes: () => [] });
  const preferred = r.connector.modes.filter((mode) => (mode.type & uapi.DRM_MODE_TYPE_PREFERRED) !== 0);
  assertEquals(preferred.map(({ name }) => name), ["640x480"]);
  assert(r.connector.modes.length > 1);
  const huge = cvtMode(4096, 2160);
  using s = rig({
    type: uapi.DRM_MODE_CONNECTOR_DisplayPort,
    getModes: () => [huge],
    modeValid: (_connector, mode) => mode.hdisplay <= 640,
  });
  assertEquals(s.connector.modes.map(({ name }) => name), ["640x480"]);
  using t = rig({ getModes: () => [huge], modeValid: (_connector, mode) => mode.hdisplay <= 640 });
  assertEquals(t.connector.modes, []);
});

Deno.test("stereo modes are for connectors that allow them", () => {
  const flags = uapi.DRM_MODE_FLAG_3D_FRAME_PACKING;
  const getModes = () => [TEST_MODE, TEST_MODE.with({ flags: TEST_MODE.flags | flags })];
  using r = rig({ getModes });
  using s = rig({ getModes, stereoAllowed: true });
  assertEquals([r.connector.modes.length, s.connector.modes.length], [1, 2]);
});
