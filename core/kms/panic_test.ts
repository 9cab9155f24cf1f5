import { assert, assertEquals } from "@std/assert";
import * as uapi from "../../uapi/mod.ts";
import { framebufferScanout, panicPlanes } from "./panic.ts";
import { canDraw, Canvas, colorFromXrgb8888, type ScanoutBuffer } from "./panic_draw.ts";
import { FONT_HEIGHT, FONT_WIDTH, fontRow } from "./panic_font.ts";
import { TestKms, type TestKmsOptions } from "./testing.ts";

const CPP: Record<string, number> = {
  RGB565: 2,
  RGBA5551: 2,
  XRGB1555: 2,
  ARGB1555: 2,
  RGB888: 3,
  XRGB8888: 4,
  ARGB8888: 4,
  XBGR8888: 4,
  ABGR8888: 4,
  XRGB2101010: 4,
  ARGB2101010: 4,
  ABGR2101010: 4,
};
const formatOf = (name: string): number => (uapi as unknown as Record<string, number>)[`DRM_FORMAT_${name}`];

function buffer(format: number, width: number, height: number, cpp: number, gap = 0): ScanoutBuffer {
  const pitch = width * cpp + gap;
  return { format, width, height, pitch, bytes: new Uint8Array(pitch * (height - 1) + width * cpp).fill(0x55) };
}

Deno.test("drm_draw_color_from_xrgb8888: each format's own bits, alpha set", () => {
  const colors = Object.fromEntries(
    Object.keys(CPP).map((name) => [name, colorFromXrgb8888(0x80c0ff, formatOf(name))?.toString(16)]),
  );
  assertEquals(colors, {
    RGB565: "861f", // 10000 110000 11111
    RGBA5551: "863f", // 10000 11000 11111 1
    XRGB1555: "431f",
    ARGB1555: "c31f",
    RGB888: "80c0ff",
    XRGB8888: "80c0ff",
    ARGB8888: "ff80c0ff",
    XBGR8888: "ffc080",
    ABGR8888: "ffffc080",
    XRGB2101010: (0x202 << 20 | 0x303 << 10 | 0x3ff).toString(16),
    ARGB2101010: ((3 << 30 | 0x202 << 20 | 0x303 << 10 | 0x3ff) >>> 0).toString(16),
    ABGR2101010: ((3 << 30 | 0x3ff << 20 | 0x303 << 10 | 0x202) >>> 0).toString(16),
  });
  assertEquals([colorFromXrgb8888(0, uapi.DRM_FORMAT_NV12), colorFromXrgb8888(0, uapi.DRM_FORMAT_C8)], [
    undefined,
    undefined,
  ]);
});

Deno.test("a canvas draws inside its buffer only, in every format, and leaves the gaps between lines alone", () => {
  for (const [name, cpp] of Object.entries(CPP)) {
    const format = formatOf(name);
    const target = buffer(format, 20, 11, cpp, 3);
    assert(canDraw(target), name);
    const canvas = new Canvas(target);
    canvas.fill(-5, -5, 1000, 1000, canvas.color(0xff_ffff));
    const white = colorFromXrgb8888(0xff_ffff, format) ?? 0;
    for (let y = 0; y < 11; y++) {
      for (let x = 0; x < 20; x++) {
        let value = 0;
        for (let i = 0; i < cpp; i++) value += target.bytes[y * target.pitch + x * cpp + i] * 2 ** (8 * i);
        assertEquals(value, white, `${name} ${x},${y}`);
      }
      if (y < 10) {
        assertEquals([...target.bytes.subarray(y * target.pitch + 20 * cpp, (y + 1) * target.pitch)], [85, 85, 85]);
      }
    }
    canvas.text(-3, -3, "far beyond the edge".repeat(10), canvas.color(0));
  }
});

Deno.test("buffers of other formats, without pixels, or too short for their lines are not drawn on", () => {
  const good = buffer(uapi.DRM_FORMAT_XRGB8888, 16, 16, 4);
  assertEquals(canDraw(good), true);
  const broken: Partial<ScanoutBuffer>[] = [
    { format: uapi.DRM_FORMAT_NV12 },
    { width: 0 },
    { height: 0 },
    { pitch: 63 },
    { bytes: good.bytes.subarray(1) },
  ];
  for (const change of broken) assertEquals(canDraw({ ...good, ...change }), false, JSON.stringify(change));
  const pixels: number[] = [];
  const odd = { ...good, bytes: new Uint8Array(0), setPixel: (x: number, y: number) => void pixels.push(y * 16 + x) };
  assertEquals(canDraw(odd), true);
  new Canvas(odd).fill(0, 0, 16, 16, 1);
  assertEquals(pixels.length, 256);
});

Deno.test("the font has a glyph of its own for every printable character, inside its cell; others are a box", () => {
  const glyph = (code: number): string =>
    Array.from({ length: FONT_HEIGHT }, (_, y) => fontRow(code, y).toString(2)).join(" ");
  const seen = new Set<string>();
  for (let code = 0x20; code < 0x7f; code++) {
    seen.add(glyph(code));
    for (let y = 0; y < FONT_HEIGHT; y++) assert(fontRow(code, y) < 1 << (FONT_WIDTH - 1));
    assertEquals(fontRow(code, FONT_HEIGHT - 1), 0); // the gap between lines
  }
  assertEquals(seen.size, 95);
  assertEquals(new Set([0, 10, 0x7f, 0xe9, 0x1f600].map(glyph)).size, 1);
  assertEquals([fontRow(0x41, -1), fontRow(0x41, 99)], [0, 0]);
});

class Lit extends TestKms {
  readonly flushed: number[] = [];

  constructor(options: TestKmsOptions = {}) {
    const flushed: number[] = [];
    super({
      ...options,
      plane: {
        getScanoutBuffer: framebufferScanout,
        panicFlush: (plane) => void flushed.push(plane.index),
        ...options.plane,
      },
    });
    this.flushed = flushed;
  }

  /** Pixels of what the first plane shows: a character a pixel. */
  lines(): string[] {
    const { fb } = this.kms.planes[0].state;
    if (fb === undefined) return [];
    const words = new DataView(fb.objects[0].pages?.bytes().buffer ?? new ArrayBuffer(0));
    return Array.from({ length: fb.height }, (_, y) => {
      let line = "";
      for (let x = 0; x < fb.width; x++) line += words.getUint32(y * fb.pitches[0] + x * 4, true) === 0 ? "." : "#";
      return line;
    });
  }
}

Deno.test("a panic draws on what is shown, flushes, and is over with the next commit; nothing is drawn on dark screens", () => {
  using t = new Lit({ pipes: 2, cursor: false });
  assertEquals([t.device.panic("nobody sees it"), t.flushed], [0, []]);
  const client = t.client();
  const fb = client.enable();
  assertEquals(panicPlanes(t.kms).length, 2);
  assertEquals([t.device.panic("it broke"), t.flushed], [1, [0]]);
  const lines = t.lines();
  assert(lines.some((line) => line.includes("#")));
  // Black around the text, and the message in the middle.
  const middle = lines.findIndex((line, y) => y > 300 && line.includes("#"));
  assert(middle > 300 && middle < 420, `${middle}`);
  assertEquals(lines[middle].slice(0, 300).includes("#"), false);
  assertEquals([t.system.panic("again"), t.flushed], [1, [0, 0]]);
  assertEquals(client.atomic({ [t.kms.crtcs[0].primary.id]: { FB_ID: fb } }), 0); // nothing is dead
  t.device.suspend();
  assertEquals(t.device.panic("asleep"), 0);
  t.device.resume();
  t.system.removeDevice(t.device);
  assertEquals(t.device.panic("gone"), 0);
});

Deno.test("the log ends at the bottom, newest last, wrapped; colours and a line feed at the end are minded", () => {
  using t = new Lit({ cursor: false });
  t.client().enable();
  const log = Array.from({ length: 500 }, () => "x".repeat(300));
  t.device.panic("end\n", { screen: "kmsg", log });
  const full = t.lines();
  t.device.panic("end", { screen: "kmsg", log: [] });
  const one = t.lines();
  // The last line is the same, whatever stands above.
  const cell = FONT_HEIGHT * 2;
  const last = 768 - cell - Math.floor((768 % cell) / 2);
  assertEquals(full.slice(last), one.slice(last));
  assertEquals([one.slice(0, last).join("").includes("#"), full.slice(0, cell * 2).join("").includes("#")], [
    false,
    true,
  ]);
  t.device.panic("", { foreground: 0x00ff00, background: 0x0000ff });
  const bytes = t.kms.planes[0].state.fb?.objects[0].pages?.bytes() ?? new Uint8Array(4);
  const colors = new Set(new Uint32Array(bytes.buffer, bytes.byteOffset, 1024 * 768));
  assertEquals([...colors].sort(), [0x0000ff, 0x00ff00].sort());
});

Deno.test("hostile descriptions and screens of a pixel are survived", () => {
  for (const [width, height] of [[1, 1], [5, 1000], [3000, 9], [31, 31]]) {
    const target = buffer(uapi.DRM_FORMAT_XRGB8888, width, height, 4);
    using t = new Lit({ plane: { getScanoutBuffer: () => target } });
    for (const screen of ["user", "kmsg"] as const) {
      assertEquals(t.device.panic("\u{1f600}\0\n\n".repeat(1000), { screen, log: ["", "\t", "é".repeat(9999)] }), 2);
    }
  }
});

Deno.test("debugfs's drm_panic_plane_N: a yes tries the screen, another word is no error, the file takes no reading", () => {
  using t = new Lit({ pipes: 2, cursor: false });
  const client = t.client(true, { uid: 0 });
  client.enable();
  const dir = `/sys/kernel/debug/dri/0`;
  const write = (n: number, word: string): number => {
    using file = client.process.open(`${dir}/drm_panic_plane_${n}`, uapi.O_WRONLY);
    return file.write(new TextEncoder().encode(word));
  };
  for (const no of ["0\n", "n", "off", "", "panic", "oh"]) assertEquals(write(0, no), no.length);
  assertEquals(t.flushed, []);
  for (const yes of ["1\n", "y", "Yes", "on", "true"]) write(0, yes);
  assertEquals([t.flushed.length, write(1, "1"), t.flushed.length], [5, 1, 5]); // the second shows nothing
});
