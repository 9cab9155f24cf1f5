import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { buildEdid, cvtReducedBlanking } from "./edid.ts";

const sum = (bytes: Uint8Array): number => bytes.reduce((a, b) => a + b, 0) & 0xff;

/** Reads a detailed timing as the E-EDID standard lays it out. */
function timing(edid: Uint8Array): { clock: number; width: number; height: number; htotal: number; vtotal: number } {
  const d = edid.subarray(54, 72);
  const width = d[2] | (d[4] & 0xf0) << 4, height = d[5] | (d[7] & 0xf0) << 4;
  return {
    clock: (d[0] | d[1] << 8) * 10,
    width,
    height,
    htotal: width + (d[3] | (d[4] & 0x0f) << 8),
    vtotal: height + (d[6] | (d[7] & 0x0f) << 8),
  };
}

Deno.test("cvtReducedBlanking gives the timings of VESA's table", () => {
  // From the CVT 1.2 standard modes, reduced blanking, as the VESA generator prints them.
  const known: readonly (readonly [number, number, number, number, number])[] = [
    [1920, 1080, 138500, 2080, 1111],
    [1920, 1200, 154000, 2080, 1235],
    [1680, 1050, 119000, 1840, 1080],
    [1440, 900, 88750, 1600, 926],
    [1280, 1024, 91000, 1440, 1054],
    [1280, 800, 71000, 1440, 823],
    [1400, 1050, 101000, 1560, 1080],
    [2560, 1600, 268500, 2720, 1646],
    [1024, 768, 56000, 1184, 790],
  ];
  for (const [width, height, clock, htotal, vtotal] of known) {
    const t = cvtReducedBlanking(width, height);
    assertEquals([t.clock, t.htotal, t.vtotal], [clock, htotal, vtotal], `${width}x${height}`);
    assertEquals([t.hfront, t.hsync, t.vfront], [48, 32, 3]);
  }
});

Deno.test("buildEdid: header, checksum, and a preferred timing of the size that was asked for, at 60 Hz", () => {
  const sizes = [[1, 1], [64, 64], [640, 480], [800, 600], [1024, 768], [1280, 800], [1366, 768], [1920, 1080], [
    1921,
    1081,
  ]];
  for (const [width, height] of [...sizes, [2560, 1440], [3840, 2160], [4095, 2160]]) {
    const edid = buildEdid({ width, height });
    assertEquals(edid.length, 128, `${width}x${height}`);
    assertEquals([...edid.subarray(0, 8)], [0, 255, 255, 255, 255, 255, 255, 0]);
    assertEquals([edid[18], edid[19], edid[126]], [1, 4, 0]);
    assertEquals(sum(edid), 0);
    assert((edid[24] & 2) !== 0, "the first timing is the preferred one");
    const t = timing(edid);
    assertEquals([t.width, t.height], [width, height]);
    // Steps of 10 kHz cannot say more about tiny modes.
    if (width >= 640) assertAlmostEquals(t.clock * 1000 / t.htotal / t.vtotal, 60, 0.15, `${width}x${height}`);
  }
});

Deno.test("buildEdid: name, vendor, serial and size", () => {
  const edid = buildEdid({
    width: 1920,
    height: 1080,
    name: "A monitor name",
    vendor: "ABC",
    product: 0x1234,
    serial: 77,
  });
  const view = new DataView(edid.buffer);
  assertEquals(view.getUint16(8), 1 << 10 | 2 << 5 | 3);
  assertEquals([view.getUint16(10, true), view.getUint32(12, true)], [0x1234, 77]);
  assertEquals([...edid.subarray(90, 95)], [0, 0, 0, 0xfc, 0]);
  assertEquals(new TextDecoder().decode(edid.subarray(95, 108)), "A monitor nam");
  assertEquals(new TextDecoder().decode(buildEdid({ width: 9, height: 9 }).subarray(95, 108)), "udrm\n        ");
  assertEquals([edid[21], edid[22]], [51, 29], "centimetres at 96 dots an inch");
  assertEquals([edid[54 + 12] | (edid[54 + 14] & 0xf0) << 4, edid[54 + 13] | (edid[54 + 14] & 0x0f) << 8], [508, 286]);
  assertEquals([edid[35], edid[36]], [0x21, 0x08], "established timings up to the monitor's size");
  assertEquals([buildEdid({ width: 640, height: 480 })[35], buildEdid({ width: 639, height: 480 })[35]], [0x20, 0]);
});

Deno.test("buildEdid: what a detailed timing cannot hold stands in a DisplayID block", () => {
  for (const [width, height] of [[4096, 2160], [1080, 5000], [5120, 2880], [7680, 4320], [16384, 16384], [65535, 1]]) {
    const edid = buildEdid({ width, height });
    assertEquals([edid.length, edid[126]], [256, 1], `${width}x${height}`);
    assertEquals([sum(edid.subarray(0, 128)), sum(edid.subarray(128))], [0, 0]);
    const block = edid.subarray(128);
    assertEquals([block[0], block[1], block[2], block[5], block[7]], [0x70, 0x13, 121, 0x00, 12]);
    assertEquals([block[20], block[22]], [0x03, 20]);
    assertEquals(sum(block.subarray(1, 1 + 5 + block[2])), 0, "the section's own checksum");
    const d = new DataView(edid.buffer, 128 + 23, 20);
    const clock = ((d.getUint16(0, true) | d.getUint8(2) << 16) + 1) * 10;
    const w = d.getUint16(4, true) + 1, h = d.getUint16(12, true) + 1;
    assertEquals([w, h], [width, height]);
    assertEquals(d.getUint8(3) & 0x80, 0x80, "preferred");
    const total = (w + d.getUint16(6, true) + 1) * (h + d.getUint16(14, true) + 1);
    if (height > 1) assertAlmostEquals(clock * 1000 / total, 60, 0.1);
  }
});

Deno.test("buildEdid refuses sizes and vendors that are none", () => {
  for (const [width, height] of [[0, 1], [1, 0], [65536, 1], [1.5, 1], [NaN, 1]]) {
    assertThrows(() => buildEdid({ width, height }), RangeError);
  }
  assertThrows(() => buildEdid({ width: 1, height: 1, vendor: "udrm" }), RangeError);
});
