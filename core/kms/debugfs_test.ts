import { assertEquals } from "@std/assert";
import * as uapi from "../../uapi/mod.ts";
import { DebugFolder, DEBUGFS } from "../debugfs.ts";
import { sealEdidBlock } from "./edid.ts";
import { errnoOfCall as errno, TestKms } from "./testing.ts";

/** An EDID 1.4 of a digital display with 10 bits, continuous rates of 48 to 144 Hz, and no timings. */
function edid(change: (bytes: Uint8Array) => void = () => {}): Uint8Array {
  const bytes = new Uint8Array(128);
  bytes.set([0, 255, 255, 255, 255, 255, 255, 0, 0x4a, 0x8b]);
  bytes.set([1, 4, 0x80 | 3 << 4, 60, 34, 120, 0x01], 18);
  bytes.set([0, 0, 0, 0xfd, 0, 48, 144, 30, 160, 30, 1], 54);
  change(bytes);
  sealEdidBlock(bytes, 0);
  return bytes;
}

class Rig implements Disposable {
  readonly test: TestKms;
  readonly folder = `${DEBUGFS}/dri/0/Virtual-1`;
  status: 1 | 2 = 1;
  bytes: Uint8Array | undefined = edid();

  constructor() {
    this.test = new TestKms({
      connector: {
        edid: true,
        detect: () => this.status,
        getModes: (connector) => {
          connector.setEdid(connector.readEdid(() => this.bytes));
          return connector.edidModes();
        },
      },
    });
  }
  probe(): void {
    this.test.kms.connectors[0].probe();
  }
  read(name: string): string {
    using file = this.test.system.process().open(`${this.folder}/${name}`, uapi.O_RDONLY);
    const bytes = new Uint8Array(4096);
    return String.fromCharCode(...bytes.subarray(0, file.read(bytes)));
  }
  write(name: string, data: string | Uint8Array): number {
    using file = this.test.system.process().open(`${this.folder}/${name}`, uapi.O_WRONLY);
    return file.write(typeof data === "string" ? new TextEncoder().encode(data) : data);
  }
  [Symbol.dispose](): void {
    this.test[Symbol.dispose]();
  }
}

Deno.test("force: words are read and written; others, and what is longer than any, are EINVAL", () => {
  using t = new Rig();
  assertEquals(t.read("force"), "unspecified\n");
  for (const [word, length] of [["on\n", 3], ["digital", 7], ["off", 3], ["unspecified", 11]] as const) {
    assertEquals(t.write("force", word), length);
    assertEquals(t.read("force"), `${word.trim()}\n`);
  }
  for (const word of ["unspecified\n", "ON", "", "on\n\n", "detect", "x".repeat(5000), "\xff\xfe"]) {
    assertEquals(errno(() => t.write("force", word)), "EINVAL", word.slice(0, 20));
  }
  t.status = 2;
  t.write("force", "on");
  t.probe();
  assertEquals(t.test.kms.connectors[0].status, 1);
});

Deno.test("edid_override: an EDID takes the display's place, reset gives it back, what is none is EINVAL", () => {
  using t = new Rig();
  assertEquals(t.read("edid_override"), "");
  const other = edid((bytes) => void (bytes[9] = 0x11));
  assertEquals(t.write("edid_override", other), 128);
  t.probe();
  const connector = t.test.kms.connectors[0];
  assertEquals([connector.edid?.bytes[9], t.read("edid_override")], [0x11, String.fromCharCode(...other)]);
  for (const bad of [other.subarray(1), other.subarray(0, 127), new Uint8Array(0), new Uint8Array(128), "resets"]) {
    assertEquals(errno(() => t.write("edid_override", bad)), "EINVAL");
  }
  assertEquals(t.write("edid_override", "reset"), 5);
  t.probe();
  assertEquals([connector.edid?.bytes[9], t.read("edid_override")], [0x8b, ""]);
});

Deno.test("vrr_range and output_bpc: ENODEV while nothing is plugged in, 0 where the display does not tell", () => {
  using t = new Rig();
  assertEquals(errno(() => t.read("vrr_range")), "ENODEV");
  t.probe();
  assertEquals([t.read("vrr_range"), t.read("output_bpc")], ["Min: 48\nMax: 144\n", "Maximum: 10\n"]);
  t.bytes = undefined;
  t.probe();
  assertEquals([t.read("vrr_range"), t.read("output_bpc")], ["Min: 0\nMax: 0\n", "Maximum: 0\n"]);
  t.status = 2;
  t.probe();
  assertEquals([errno(() => t.read("vrr_range")), errno(() => t.read("output_bpc"))], ["ENODEV", "ENODEV"]);
});

Deno.test("vrr_range: the descriptor of limits alone, offsets beyond 255 Hz, continuous rates, EDID 1.4", () => {
  using t = new Rig();
  const ranges: [string, (bytes: Uint8Array) => void][] = [
    ["Min: 48\nMax: 399\n", (bytes) => void (bytes[54 + 4] = 2)],
    ["Min: 303\nMax: 399\n", (bytes) => void (bytes[54 + 4] = 3)],
    ["Min: 0\nMax: 0\n", (bytes) => void (bytes[54 + 10] = 0)],
    ["Min: 0\nMax: 0\n", (bytes) => void (bytes[24] = 0)],
    ["Min: 0\nMax: 0\n", (bytes) => void (bytes[19] = 3)],
    ["Min: 0\nMax: 0\n", (bytes) => void (bytes[54 + 3] = 0xfc)],
  ];
  for (const [expected, change] of ranges) {
    t.bytes = edid(change);
    t.probe();
    assertEquals(t.read("vrr_range"), expected);
  }
});

Deno.test("output_bpc: by EDID 1.4's bits; 1.3 by DFP or HDMI's deep colours; none of analog displays", () => {
  using t = new Rig();
  const bpc = (change: (bytes: Uint8Array) => void): string => {
    t.bytes = edid(change);
    t.probe();
    return t.read("output_bpc").split(" ")[1].trim();
  };
  const depths = Array.from({ length: 8 }, (_, depth) => bpc((bytes) => void (bytes[20] = 0x80 | depth << 4)));
  assertEquals(depths, ["0", "6", "8", "10", "12", "14", "16", "0"]);
  assertEquals(bpc((bytes) => void (bytes[20] = 0x30)), "0");
  assertEquals(bpc((bytes) => void bytes.set([3, 0x81], 19)), "8");
  assertEquals(bpc((bytes) => void bytes.set([3, 0x80], 19)), "0");
  assertEquals(bpc((bytes) => void bytes.set([2, 0x81], 19)), "0");
  const hdmi = (deep: number): Uint8Array => {
    const bytes = new Uint8Array(256);
    bytes.set(edid((base) => base.set([3, 0x80], 19)));
    bytes[126] = 1;
    sealEdidBlock(bytes, 0);
    bytes.set([2, 3, 11, 0, 3 << 5 | 6, 0x03, 0x0c, 0x00, 0x10, 0x00, deep], 128);
    sealEdidBlock(bytes, 1);
    return bytes;
  };
  for (const [deep, expected] of [[0, "8"], [0x10, "10"], [0x20, "12"], [0x70, "16"]] as const) {
    t.bytes = hdmi(deep);
    t.probe();
    assertEquals(t.read("output_bpc"), `Maximum: ${expected}\n`);
  }
});

Deno.test("connectors that come and go while the device runs have their folder as long as they are there", () => {
  using t = new Rig();
  const { kms, system } = t.test;
  const second = kms.addConnector({ type: uapi.DRM_MODE_CONNECTOR_VIRTUAL, encoder: kms.encoders[0] });
  const folder = system.debugfs.lookup("dri/0/Virtual-2");
  assertEquals(folder instanceof DebugFolder && [...folder.entries.keys()], [
    "force",
    "edid_override",
    "vrr_range",
    "output_bpc",
  ]);
  using file = system.process().open(`${DEBUGFS}/dri/0/Virtual-2/force`, uapi.O_RDONLY);
  kms.removeConnector(second);
  assertEquals(system.debugfs.lookup("dri/0/Virtual-2"), undefined);
  assertEquals(errno(() => file.read(new Uint8Array(9))), "EIO");
  kms.addConnector({ type: uapi.DRM_MODE_CONNECTOR_VIRTUAL, encoder: kms.encoders[0] });
  assertEquals(system.debugfs.lookup("dri/0/Virtual-2") instanceof DebugFolder, true);
});
