import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { PixelSource } from "udrm/drivers/gpu/vkms/layer.ts";
import { ALL_FORMATS, hasAlpha, readerOf, WRITE_FORMATS, writerOf } from "udrm/drivers/gpu/vkms/pixel_format.ts";
import { noise, testLayer } from "udrm/drivers/gpu/vkms/testing.ts";
import { YUV_FORMATS, yuvMatrix } from "udrm/drivers/gpu/vkms/yuv_format.ts";
import * as uapi from "udrm/uapi/mod.ts";

/** One pixel of a format, from its bytes: alpha, red, green, blue. */
function one(format: number, ...bytes: number[]): number[] {
  const source: PixelSource = {
    format,
    width: 1,
    height: 1,
    bytes: [Uint8Array.from(bytes)],
    offsets: [0],
    pitches: [bytes.length],
    encoding: 0,
    range: 0,
  };
  const lanes = new Uint16Array(4);
  readerOf(format)(source, 0, 0, 1, 0, 1, lanes, 0);
  return [...lanes];
}

// drm_fourcc.h: the name gives the channels from the highest bits down, of a little-endian number.
const PIXELS: readonly [name: string, format: number, bytes: number[], pixel: number[]][] = [
  ["XRGB8888", uapi.DRM_FORMAT_XRGB8888, [1, 2, 3, 4], [0xffff, 3 * 257, 2 * 257, 257]],
  ["ARGB8888", uapi.DRM_FORMAT_ARGB8888, [1, 2, 3, 4], [4 * 257, 3 * 257, 2 * 257, 257]],
  ["XBGR8888", uapi.DRM_FORMAT_XBGR8888, [1, 2, 3, 4], [0xffff, 257, 2 * 257, 3 * 257]],
  ["ABGR8888", uapi.DRM_FORMAT_ABGR8888, [1, 2, 3, 255], [0xffff, 257, 2 * 257, 3 * 257]],
  ["RGBX8888", uapi.DRM_FORMAT_RGBX8888, [9, 1, 2, 3], [0xffff, 3 * 257, 2 * 257, 257]],
  ["BGRA8888", uapi.DRM_FORMAT_BGRA8888, [9, 1, 2, 3], [9 * 257, 257, 2 * 257, 3 * 257]],
  ["RGB888", uapi.DRM_FORMAT_RGB888, [1, 2, 3], [0xffff, 3 * 257, 2 * 257, 257]],
  ["BGR888", uapi.DRM_FORMAT_BGR888, [1, 2, 3], [0xffff, 257, 2 * 257, 3 * 257]],
  ["RGB565 red", uapi.DRM_FORMAT_RGB565, [0x00, 0xf8], [0xffff, 0xffff, 0, 0]],
  ["RGB565 least", uapi.DRM_FORMAT_RGB565, [0x21, 0x08], [0xffff, 2114, 1040, 2114]],
  ["BGR565 red", uapi.DRM_FORMAT_BGR565, [0x1f, 0x00], [0xffff, 0xffff, 0, 0]],
  ["ARGB1555", uapi.DRM_FORMAT_ARGB1555, [0x1f, 0x80], [0xffff, 0, 0, 0xffff]],
  ["ARGB4444", uapi.DRM_FORMAT_ARGB4444, [0x21, 0xf3], [0xffff, 3 * 4369, 2 * 4369, 4369]],
  ["XRGB2101010", uapi.DRM_FORMAT_XRGB2101010, [0xff, 0x03, 0, 0], [0xffff, 0, 0, 0xffff]],
  ["ARGB2101010", uapi.DRM_FORMAT_ARGB2101010, [1, 0, 0, 0x40], [21845, 0, 0, 64]],
  ["ABGR2101010", uapi.DRM_FORMAT_ABGR2101010, [0xff, 3, 0, 0xc0], [0xffff, 0xffff, 0, 0]],
  ["ARGB16161616", uapi.DRM_FORMAT_ARGB16161616, [1, 2, 3, 4, 5, 6, 7, 8], [0x807, 0x605, 0x403, 0x201]],
  ["XRGB16161616", uapi.DRM_FORMAT_XRGB16161616, [1, 2, 3, 4, 5, 6, 7, 8], [0xffff, 0x605, 0x403, 0x201]],
  ["ABGR16161616", uapi.DRM_FORMAT_ABGR16161616, [1, 2, 3, 4, 5, 6, 7, 8], [0x807, 0x201, 0x403, 0x605]],
  // 1, 0.5, -2 and 4 as halves
  ["ABGR16161616F", uapi.DRM_FORMAT_ABGR16161616F, [0, 0x3c, 0, 0x38, 0, 0xc0, 0, 0x44], [0xffff, 0xffff, 0x8000, 0]],
  // infinity, NaN, and the least positive number
  ["XRGB16161616F", uapi.DRM_FORMAT_XRGB16161616F, [0, 0x7c, 1, 0x7c, 1, 0, 0, 0], [0xffff, 0, 0, 0xffff]],
  ["R8", uapi.DRM_FORMAT_R8, [7], [0xffff, 7 * 257, 7 * 257, 7 * 257]],
  ["R4", uapi.DRM_FORMAT_R4, [0x2f], [0xffff, 2 * 4369, 2 * 4369, 2 * 4369]],
  ["R2", uapi.DRM_FORMAT_R2, [0x7f], [0xffff, 21845, 21845, 21845]],
  ["R1", uapi.DRM_FORMAT_R1, [0x7f], [0xffff, 0, 0, 0]],
];

for (const [name, format, bytes, pixel] of PIXELS) {
  Deno.test(`readerOf ${name}`, () => assertEquals(one(format, ...bytes), pixel));
}

Deno.test("readerOf: every format is read, hasAlpha says what the kernel's table says", () => {
  for (const format of ALL_FORMATS) {
    readerOf(format);
    assertEquals(hasAlpha(format), uapi.drm_format_info(format)?.has_alpha, format.toString(16));
  }
  assertThrows(() => readerOf(uapi.DRM_FORMAT_C8), TypeError, "Cannot read pixels");
});

Deno.test("readers step along lines and columns, both ways, through pitch and offset", () => {
  for (const format of ALL_FORMATS) {
    const layer = testLayer({ format, width: 10, height: 8, padding: 4, fill: noise });
    const read = readerOf(format);
    const all = new Uint16Array(10 * 8 * 4), some = new Uint16Array(4 * 4);
    for (let y = 0; y < 8; y++) read(layer, 0, y, 1, 0, 10, all, y * 10);
    const pixel = (x: number, y: number): number[] => [...all.subarray((y * 10 + x) * 4, (y * 10 + x) * 4 + 4)];
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      some.fill(0);
      read(layer, 5, 4, dx, dy, 3, some, 1);
      assertEquals([...some.subarray(0, 4)], [0, 0, 0, 0]);
      for (let i = 0; i < 3; i++) {
        assertEquals([...some.subarray(4 + i * 4, 8 + i * 4)], pixel(5 + dx * i, 4 + dy * i), uapi.fourccName(format));
      }
    }
  }
});

Deno.test("readers do not throw where a buffer ends", () => {
  for (const format of ALL_FORMATS) {
    const layer = testLayer({ format, width: 9, height: 7, fill: noise });
    layer.bytes = layer.bytes.map((bytes) => bytes.subarray(0, 5));
    const lanes = new Uint16Array(9 * 4);
    readerOf(format)(layer, 0, 6, 1, 0, 9, lanes, 0);
  }
});

function yuvPixel(format: number, y: number, cb: number, cr: number, encoding: number, range: number): number[] {
  const { planar, swapped, size } = YUV_FORMATS.get(format) ?? { planar: false, swapped: false, size: 1 };
  const sample = (value: number): number[] => size === 1 ? [value] : [0, value];
  const [first, second] = swapped ? [cr, cb] : [cb, cr];
  const chroma = planar ? [sample(first), sample(second)] : [[...sample(first), ...sample(second)]];
  const bytes = [sample(y), ...chroma].map((plane) => Uint8Array.from(plane));
  const source: PixelSource = {
    format,
    width: 1,
    height: 1,
    bytes,
    offsets: [0, 0, 0],
    pitches: [16, 16, 16],
    encoding,
    range,
  };
  const lanes = new Uint16Array(4);
  readerOf(format)(source, 0, 0, 1, 0, 1, lanes, 0);
  return [...lanes].map((value) => Math.round(value / 257));
}

Deno.test("YCbCr: black, white and primary colours of each encoding and range", () => {
  // Y, Cb, Cr of 8 bits as the recommendations round them.
  const limited: [number, number[][]][] = [
    [uapi.DRM_COLOR_YCBCR_BT601, [[16, 128, 128], [235, 128, 128], [81, 90, 240], [145, 54, 34], [41, 240, 110]]],
    [uapi.DRM_COLOR_YCBCR_BT709, [[16, 128, 128], [235, 128, 128], [63, 102, 240], [173, 42, 26], [32, 240, 118]]],
    [uapi.DRM_COLOR_YCBCR_BT2020, [[16, 128, 128], [235, 128, 128], [74, 97, 240], [164, 47, 25], [29, 240, 119]]],
  ];
  const colours = [[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255]];
  for (const [encoding, samples] of limited) {
    samples.forEach(([y, cb, cr], i) => {
      for (const format of [uapi.DRM_FORMAT_NV24, uapi.DRM_FORMAT_YUV444, uapi.DRM_FORMAT_YVU444]) {
        const [, ...rgb] = yuvPixel(format, y, cb, cr, encoding, uapi.DRM_COLOR_YCBCR_LIMITED_RANGE);
        rgb.forEach((value, c) => assertEquals(Math.abs(value - colours[i][c]) <= 2, true, `${encoding} ${rgb}`));
      }
    });
  }
  assertEquals(
    yuvPixel(uapi.DRM_FORMAT_NV24, 76, 85, 255, uapi.DRM_COLOR_YCBCR_BT601, uapi.DRM_COLOR_YCBCR_FULL_RANGE),
    [255, 254, 0, 0],
  );
});

Deno.test("YCbCr: grey has no colour, in every format, encoding and range", () => {
  for (const format of YUV_FORMATS.keys()) {
    for (const encoding of [0, 1, 2]) {
      for (const range of [0, 1]) {
        const size = YUV_FORMATS.get(format)?.size;
        if (size === 2) continue; // 128 << 8 is not 128 * 257
        const [, r, g, b] = yuvPixel(format, 100, 128, 128, encoding, range);
        assertEquals([g, b], [r, r]);
        assertEquals(r, range === 1 ? 100 : Math.round(84 * 255 / 219));
      }
    }
  }
});

Deno.test("YCbCr: coefficients of BT.601 full range are those of the recommendation", () => {
  const m = yuvMatrix(uapi.DRM_COLOR_YCBCR_BT601, uapi.DRM_COLOR_YCBCR_FULL_RANGE);
  const near = (value: number, expected: number): void => assertEquals(value.toFixed(6), expected.toFixed(6));
  near(m.crRed, 1.402);
  near(m.cbBlue, 1.772);
  near(m.cbGreen, -0.344136);
  near(m.crGreen, -0.714136);
});

Deno.test("YCbCr: 4:2:0 takes the chroma sample of each two by two pixels, P010 the high bits", () => {
  const layer = testLayer({ format: uapi.DRM_FORMAT_NV12, width: 4, height: 4 });
  layer.range = uapi.DRM_COLOR_YCBCR_FULL_RANGE;
  layer.bytes[0].fill(100);
  layer.bytes[1].set([128, 128, 128, 200, 200, 128, 128, 128]); // red, then blue grows
  const lanes = new Uint16Array(16 * 4);
  for (let y = 0; y < 4; y++) readerOf(layer.format)(layer, 0, y, 1, 0, 4, lanes, y * 4);
  const kind = (x: number, y: number): string => {
    const at = (y * 4 + x) * 4;
    const red = lanes[at + 1] > 101 * 257, blue = lanes[at + 3] > 101 * 257;
    return red ? "r" : blue ? "b" : ".";
  };
  const picture = [0, 1, 2, 3].map((y) => [0, 1, 2, 3].map((x) => kind(x, y)).join(""));
  assertEquals(picture, ["..rr", "..rr", "bb..", "bb.."]);
  assertEquals(
    yuvPixel(uapi.DRM_FORMAT_P010, 235, 128, 128, uapi.DRM_COLOR_YCBCR_BT709, uapi.DRM_COLOR_YCBCR_LIMITED_RANGE)[1],
    253, // 235 << 8 is a little less than 235 * 257
  );
});

Deno.test("writerOf: what is written and read again is the nearest, in the kernel's rounding for RGB565", () => {
  fc.assert(
    fc.property(fc.constantFrom(...WRITE_FORMATS), fc.array(fc.nat(0xffff), { minLength: 4, maxLength: 4 }), (
      format,
      pixel,
    ) => {
      const bytes = new Uint8Array(12);
      writerOf(format)(Uint16Array.from(pixel), 1, bytes, 2);
      assertEquals([bytes[0], bytes[1]], [0, 0]);
      const read = one(format, ...bytes.subarray(2, 10));
      if (!hasAlpha(format)) assertEquals(read[0], 0xffff);
      const depth = uapi.drm_format_info(format)?.depth ?? 0;
      const step = depth === 0 && uapi.drm_format_info(format)?.char_per_block[0] === 8 ? 1 : 65535 / 15;
      for (let c = hasAlpha(format) ? 0 : 1; c < 4; c++) {
        const far = Math.abs(read[c] - pixel[c]);
        // One bit of alpha has two values.
        const limit = c === 0 && depth === 15 ? 32768 : c === 0 && depth === 30 ? 10923 : step;
        assertEquals(far < limit, true, `${uapi.fourccName(format)} ${pixel} read ${read}`);
      }
    }),
    { numRuns: 2000 },
  );
  const half = new Uint8Array(2);
  writerOf(uapi.DRM_FORMAT_RGB565)(Uint16Array.of(0xffff, 2114, 1040, 4229), 1, half, 0);
  // Rounded down: 2114 is a little less than 1 / 31, 4229 more than 2 / 31.
  assertEquals([...half], [2, 0]);
  const exact = new Uint8Array(4);
  writerOf(uapi.DRM_FORMAT_XRGB8888)(Uint16Array.of(0, 0xffff, 128, 129), 1, exact, 0);
  assertEquals([...exact], [1, 0, 255, 255]);
  assertThrows(() => writerOf(uapi.DRM_FORMAT_NV12), TypeError, "Cannot write pixels");
});
