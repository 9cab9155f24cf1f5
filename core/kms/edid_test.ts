import { assert, assertEquals, assertThrows } from "@std/assert";
import * as uapi from "../../uapi/mod.ts";
import { displayIdModes } from "./displayid.ts";
import { parseEdid, sealEdidBlock } from "./edid.ts";
import type { Mode } from "./mode.ts";
import { gtfMode } from "./mode_gtf.ts";
import { dmtMode } from "./mode_table.ts";

/** A base block of a revision without any timing; `change` fills in more. */
function base(revision: number, change: (b: Uint8Array) => void = () => {}): Uint8Array {
  const b = new Uint8Array(128);
  b.set([0, 255, 255, 255, 255, 255, 255, 0]);
  b.set([0x49, 0x14, 1, 0, 0, 0, 0, 0, 0, 30, 1, revision, 0xa5, 52, 29, 120, 2], 8);
  b.fill(1, 38, 54);
  for (let at = 54; at < 126; at += 18) b[at + 3] = 0x10;
  change(b);
  sealEdidBlock(b, 0);
  return b;
}

const timing = (m: Mode | undefined): (number | undefined)[] => [
  m?.clock,
  m?.hdisplay,
  m?.hsyncStart,
  m?.hsyncEnd,
  m?.htotal,
  m?.vdisplay,
  m?.vsyncStart,
  m?.vsyncEnd,
  m?.vtotal,
];

Deno.test("GTF gives the timings of VESA's sheet: sync down and up", () => {
  // As gtf(1) prints them; the kernel's clock is of whole Hz of the line rate.
  const sheet: [number, number, number, number[]][] = [
    [640, 480, 60, [23.86, 640, 656, 720, 800, 480, 481, 484, 497]],
    [1024, 768, 60, [64.11, 1024, 1080, 1184, 1344, 768, 769, 772, 795]],
    [1280, 1024, 60, [108.88, 1280, 1360, 1496, 1712, 1024, 1025, 1028, 1060]],
    [1600, 1200, 60, [160.96, 1600, 1704, 1880, 2160, 1200, 1201, 1204, 1242]],
    [1152, 864, 75, [104.99, 1152, 1224, 1352, 1552, 864, 865, 868, 902]],
  ];
  for (const [width, height, refresh, [clock, ...rest]] of sheet) {
    const mode = gtfMode(width, height, { refresh });
    assert(mode !== undefined);
    assertEquals(timing(mode).slice(1), rest);
    assert(Math.abs(mode.clock - clock * 1000) < 60, `${mode.name}: ${mode.clock}`);
    assertEquals([mode.refresh, mode.flags], [refresh, uapi.DRM_MODE_FLAG_NHSYNC | uapi.DRM_MODE_FLAG_PVSYNC]);
  }
  assertEquals(gtfMode(800, 600, { curve: { m: 0, c2: 255, k: 255, j2: 255 } }), undefined); // blanking alone
  for (const [w, h, refresh] of [[0, 1, 60], [1, 0, 60], [1.5, 1, 60], [1, 70000, 60], [1, 1, 1800]]) {
    assertThrows(() => gtfMode(w, h, { refresh }), RangeError);
  }
});

Deno.test("EDID: a standard timing without VESA mode is made by the display's formula", () => {
  const standard = (b: Uint8Array): void => void b.set([1104 / 8 - 31, 0x40 | (77 - 60)], 38); // 1104x828@77
  const range = (b: Uint8Array, ...bytes: number[]): void =>
    b.set([0, 0, 0, 0xfd, 0, 50, 90, 30, 120, 17, ...bytes], 72);
  const modes = (revision: number, change: (b: Uint8Array) => void = () => {}): readonly Mode[] =>
    parseEdid(base(revision, (b) => (standard(b), change(b))))?.modes ?? [];
  const isGtf = (mode: Mode | undefined): boolean => mode?.vsyncStart === 829;
  assertEquals(modes(1), []); // 1.1 knows VESA's alone
  const [gtf] = modes(2);
  assertEquals(timing(gtf), timing(gtfMode(1104, 828, { refresh: 77 })));
  const [cvt] = modes(4);
  assertEquals([cvt.vsyncStart, cvt.vsyncEnd, cvt.refresh], [831, 835, 77]); // 1.4: CVT, 4:3
  assert(isGtf(modes(4, (b) => range(b, 0))[0]));
  assert(!isGtf(modes(4, (b) => range(b, 1))[0]));
  assert(!isGtf(modes(4, (b) => range(b, 4))[0]));
  // A second curve from 40 kHz on: this mode's lines come at 66.
  const curve = { c2: 70, m: 500, k: 100, j2: 30 };
  const second = (start: number) => (b: Uint8Array) =>
    range(b, 2, 0, start, curve.c2, curve.m & 255, curve.m >> 8, curve.k, curve.j2);
  for (const revision of [3, 4]) {
    const [mode] = modes(revision, second(20));
    assertEquals(timing(mode), timing(gtfMode(1104, 828, { refresh: 77, curve })));
    assertEquals(mode.flags, uapi.DRM_MODE_FLAG_PHSYNC | uapi.DRM_MODE_FLAG_NVSYNC);
    assertEquals(timing(modes(revision, second(50))[0]), timing(gtf));
  }
});

Deno.test("EDID: VESA's modes with reduced blanking are for displays that can do it", () => {
  const standard = (b: Uint8Array): void => void b.set([1400 / 8 - 31, 0x40], 38); // 1400x1050@60: DMT 29 and 2a
  const first = (revision: number, change: (b: Uint8Array) => void): Mode | undefined =>
    parseEdid(base(revision, (b) => (standard(b), change(b))))?.modes[0];
  assertEquals(timing(first(3, () => {})), timing(dmtMode("29"))); // digital
  assertEquals(timing(first(3, (b) => b[20] = 0x08)), timing(dmtMode("2a"))); // analogue
  assertEquals(timing(first(4, () => {})), timing(dmtMode("2a")));
  const cvt = (flags: number) => (b: Uint8Array) =>
    b.set([0, 0, 0, 0xfd, 0, 50, 90, 30, 120, 17, 4, 0x11, 0, 0, 0, flags], 72);
  assertEquals(timing(first(4, cvt(0x10))), timing(dmtMode("29")));
  assertEquals(timing(first(4, cvt(0x08))), timing(dmtMode("2a")));
});

Deno.test("EDID: 1366x768, which no multiple of 8 can say", () => {
  const edid = parseEdid(base(4, (b) => b.set([1360 / 8 - 31, 0xc0], 38)));
  const [mode] = edid?.modes ?? [];
  assertEquals([mode.hdisplay, mode.vdisplay, mode.refresh, mode.hsyncEnd % 8], [1366, 768, 60, 7]);
});

/** A DisplayID extension with the data blocks given: tag, bytes. */
function displayId(...blocks: [number, number[]][]): Uint8Array {
  const b = new Uint8Array(128);
  b.set([0x70, 0x13, 121]);
  let at = 5;
  for (const [tag, data] of blocks) {
    b.set([tag, 0, data.length, ...data], at);
    at += 3 + data.length;
  }
  return seal(b);
}

function seal(b: Uint8Array): Uint8Array {
  const end = 5 + b[2];
  if (end < 127) {
    b[end] = 0;
    b[end] = -b.subarray(1, end).reduce((sum, byte) => sum + byte, 0);
  }
  sealEdidBlock(b, 0);
  return b;
}

/** 5120x2880@60 with reduced blanking: clock in units, flags. */
const detailed = (clock: number, flags: number): number[] => {
  const words = [5119, 159, 0x8000 | 47, 31, 2879, 81, 2, 4];
  const units = clock - 1;
  return [units & 255, units >> 8 & 255, units >> 16, flags, ...words.flatMap((word) => [word & 255, word >> 8])];
};

Deno.test("DisplayID: detailed timings of type I count 10 kHz, of type VII kHz", () => {
  const one = displayId([0, [1, 2, 3]], [3, detailed(93_825, 0x80)], [0x22, detailed(938_250, 0)]);
  const modes = [...displayIdModes(one)];
  const expected = [938_250, 5120, 5168, 5200, 5280, 2880, 2883, 2888, 2962];
  assertEquals(modes.map(timing), [expected, expected]);
  assertEquals(modes.map(({ flags, type }) => [flags, (type & uapi.DRM_MODE_TYPE_PREFERRED) !== 0]), [
    [uapi.DRM_MODE_FLAG_PHSYNC | uapi.DRM_MODE_FLAG_NVSYNC, true],
    [uapi.DRM_MODE_FLAG_PHSYNC | uapi.DRM_MODE_FLAG_NVSYNC, false],
  ]);
  const edid = new Uint8Array([...base(4, (b) => b[126] = 1), ...one]);
  assertEquals(parseEdid(edid)?.modes.map(({ name, refresh }) => `${name}@${refresh}`), ["5120x2880@60"]);
});

Deno.test("DisplayID: sections and blocks that are not valid give nothing", () => {
  const good = displayId([3, detailed(93_825, 0)]);
  const broken = (change: (b: Uint8Array) => void, resealed = true): number => {
    const b = good.slice();
    change(b);
    return [...displayIdModes(resealed ? seal(b) : b)].length;
  };
  assertEquals(broken(() => {}), 1);
  assertEquals(broken((b) => b[0] = 2), 0); // another extension
  assertEquals(broken((b) => b[20]++, false), 0); // checksum of the section
  assertEquals(broken((b) => b[2] = 122), 0); // leaves the block
  assertEquals(broken((b) => b[2] = 255), 0);
  assertEquals(broken((b) => b[2] = 22), 0); // the data block leaves the section
  assertEquals(broken((b) => b[2] = 23), 1); // and here it does not
  assertEquals(broken((b) => b[7] = 19), 0); // no multiple of 20
  assertEquals([...displayIdModes(displayId([0x22, [...detailed(9, 0), ...detailed(9, 0)]]))].length, 2);
});
