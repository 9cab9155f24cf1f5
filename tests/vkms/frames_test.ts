import { assert, assertEquals, assertThrows } from "@std/assert";
import type { CursorImage, Display, Frame } from "udrm/core/display.ts";
import { DrmError, EBUSY } from "udrm/core/error.ts";
import { interpolate } from "udrm/drivers/gpu/vkms/color_pipeline.ts";
import { heapAllocator } from "udrm/core/memory.ts";
import { type PageAllocator, PngDisplay } from "udrm/mod.ts";
import * as uapi from "udrm/uapi/mod.ts";
import { crcOf, FLIP, MODESET, VkmsScreen } from "./screen.ts";

const { DRM_PLANE_TYPE_CURSOR, DRM_PLANE_TYPE_OVERLAY, DRM_PLANE_TYPE_PRIMARY } = uapi;
const SMALL = { connectors: [{ modes: ["320x200@60"] }] };
const WIDTH = 320, HEIGHT = 200;

/** Fills a buffer of 32 bits a pixel. */
function paint(bytes: Uint8Array, pixel: number): void {
  new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2).fill(pixel);
}

const grey = (value: number): number => value * 0x010101;

/** Counts, and keeps pixels of what it reads. */
class Probe implements Display {
  readonly name = "probe";
  presents = 0;
  off = 0;
  last: Uint8Array | undefined;
  frame: Frame | undefined;
  readonly #hold: boolean;
  constructor(hold = false) {
    this.#hold = hold;
  }
  present(_scanout: number, frame: Frame | undefined): void {
    if (frame === undefined) return void this.off++;
    this.presents++;
    if (this.#hold) frame.hold?.();
    this.frame = frame;
    this.last = new Uint8Array(frame.width * frame.height * 4);
    frame.read(this.last, frame.width * 4);
  }
  cursor(_scanout: number, _image: CursorImage | undefined): void {}
  [Symbol.dispose](): void {}
}

Deno.test("K7 crc: opened while the CRTC is off EIO, twice EBUSY, entries count frames, closing ends it", () => {
  using t = new VkmsScreen(SMALL);
  const crc = t.vkms.crc(0);
  assertEquals(assertThrows(() => crc.open(), DrmError).code, "EIO");
  const buffer = t.light();
  crc.open();
  assertEquals(assertThrows(() => crc.open(), DrmError).code, "EBUSY");
  assertEquals(crc.read(), undefined);
  t.frames(3);
  const entries = [crc.read(), crc.read(), crc.read()];
  assertEquals(crc.read(), undefined);
  const first = entries[0]?.frame ?? 0;
  assert(first > 0);
  const black = crcOf(WIDTH, HEIGHT, () => [0, 0, 0]);
  assertEquals(entries, [0, 1, 2].map((i) => ({ frame: first + i, values: [black] })));
  crc.close();
  t.frames(3);
  assertEquals(crc.pending, 0);
  crc.open();
  buffer.bytes.fill(0xff);
  t.frames();
  const white = crcOf(WIDTH, HEIGHT, () => [0xffff, 0xffff, 0xffff]);
  assertEquals(crc.read(), { frame: first + 6, values: [white] });
  assertThrows(() => t.vkms.crc(1), RangeError, "Cannot find CRTC 1");
});

Deno.test("K7 crc: the ring keeps 127 entries, later ones are lost", () => {
  using t = new VkmsScreen({ connectors: [{ modes: ["16x16"] }] });
  t.light();
  const crc = t.vkms.crc(0);
  crc.open();
  t.frames(260);
  assertEquals([crc.pending, crc.overflow], [127, true]);
  const first = crc.read()?.frame ?? 0;
  for (let i = 1; i < 127; i++) assertEquals(crc.read()?.frame, first + i);
  t.frames();
  assertEquals(crc.overflow, true); // until the reader closes
  assert((crc.read()?.frame ?? 0) > first + 127);
});

Deno.test("crc: planes by their places, alpha and blending, rotation, in the frame after the flip", () => {
  using t = new VkmsScreen({ ...SMALL, overlays: 1 });
  const buffer = t.light();
  paint(buffer.bytes, grey(0x40));
  const [overlay] = t.planes(DRM_PLANE_TYPE_OVERLAY);
  using above = t.card.createDumb(32, 16);
  paint(above.bytes, 0x80000000 | grey(0x60));
  const crc = t.vkms.crc(0);
  crc.open();
  t.show(overlay, above.framebuffer(uapi.DRM_FORMAT_ARGB8888), 32, 16, 300, -4);
  const next = (): number | undefined => {
    assertEquals(t.request.commit(FLIP), 0);
    t.frames();
    while (crc.pending > 1) crc.read();
    return crc.read()?.values[0];
  };
  const covered = (x: number, y: number): boolean => x >= 300 && y < 12;
  const below = 0x4040;
  const expect = (value: number): number =>
    crcOf(WIDTH, HEIGHT, (x, y) => new Array(3).fill(covered(x, y) ? value : below));
  const round = (value: number): number => Math.floor(value + 0.5);
  assertEquals(next(), expect(round((0x6060 * 65535 + below * (65535 - 0x8080)) / 65535)));
  t.request.set(overlay, "pixel blend mode", overlay.property("pixel blend mode").enums.get("Coverage") ?? -1);
  assertEquals(next(), expect(round((0x6060 * 0x8080 + below * (65535 - 0x8080)) / 65535)));
  t.request.set(overlay, "alpha", 0x4000);
  const weight = 0x4000 * 0x8080 / 65535;
  assertEquals(next(), expect(round((0x6060 * weight + below * (65535 - weight)) / 65535)));
  t.request.set(overlay, "pixel blend mode", overlay.property("pixel blend mode").enums.get("None") ?? -1);
  t.request.set(overlay, "alpha", 0xffff);
  assertEquals(next(), expect(0x6060));
  // Below the primary plane, which hides it.
  const [primary] = t.planes(DRM_PLANE_TYPE_PRIMARY);
  t.request.clear().set(overlay, "zpos", 0).set(primary, "zpos", 2);
  assertEquals(next(), crcOf(WIDTH, HEIGHT, () => [below, below, below]));
  // Turned by a quarter: 16 columns, 32 lines; the picture's right column is its top line.
  t.request.clear().set(overlay, "zpos", 2).set(primary, "zpos", 0).set(
    overlay,
    "rotation",
    uapi.DRM_MODE_ROTATE_90,
  );
  t.request.setAll(overlay, { CRTC_X: 0, CRTC_Y: 0, CRTC_W: 16, CRTC_H: 32 });
  for (let row = 0; row < 16; row++) above.bytes[row * above.pitch + 31 * 4] = 0xff;
  assertEquals(
    next(),
    crcOf(WIDTH, HEIGHT, (x, y) => {
      if (x >= 16 || y >= 32) return [below, below, below];
      return [0x6060, 0x6060, y === 0 ? 0xffff : 0x6060];
    }),
  );
});

Deno.test("crc: gamma, degamma and the matrix work on the composed frame", () => {
  using t = new VkmsScreen(SMALL);
  const buffer = t.light();
  paint(buffer.bytes, 0x00ff8000);
  const crc = t.vkms.crc(0);
  crc.open();
  const table = new Uint16Array(8);
  table.set([0xffff, 0xffff, 0xffff], 0);
  const lut = t.card.createBlob(new Uint8Array(table.buffer));
  const ctm = new BigUint64Array(9);
  ctm[2] = ctm[4] = ctm[6] = 1n << 32n; // red and blue change places
  const matrix = t.card.createBlob(new Uint8Array(ctm.buffer));
  t.request.set(t.crtc(), "CTM", matrix);
  t.request.commit(FLIP);
  t.frames();
  assertEquals(crc.read()?.values[0], crcOf(WIDTH, HEIGHT, () => [0, 0x8080, 0xffff]));
  t.request.set(t.crtc(), "GAMMA_LUT", lut);
  t.request.commit(FLIP);
  t.frames();
  // Two entries make a falling line; what the kernel's arithmetic makes of it has a test of its own.
  const falling = new Uint16Array(65536);
  interpolate([0xffff, 0], falling);
  assertEquals(crc.read()?.values[0], crcOf(WIDTH, HEIGHT, () => [0xffff, falling[0x8080], falling[0xffff]]));
  t.request.clear().setAll(t.crtc(), { CTM: 0, GAMMA_LUT: 0 });
  t.request.commit(FLIP);
  t.frames();
  assertEquals(crc.read()?.values[0], crcOf(WIDTH, HEIGHT, () => [0xffff, 0x8080, 0]));
});

Deno.test("crc: a flip shows in its frame, not before, and frames between have the picture of then", () => {
  using t = new VkmsScreen(SMALL);
  t.light();
  using white = t.card.createDumb(WIDTH, HEIGHT);
  white.bytes.fill(0xff);
  const black = crcOf(WIDTH, HEIGHT, () => [0, 0, 0]), bright = crcOf(WIDTH, HEIGHT, () => [0xffff, 0xffff, 0xffff]);
  const crc = t.vkms.crc(0);
  crc.open();
  t.frames(2);
  t.request.set(t.planes(DRM_PLANE_TYPE_PRIMARY)[0], "FB_ID", white.framebuffer(uapi.DRM_FORMAT_XRGB8888));
  assertEquals(t.request.commit(FLIP), 0);
  t.frames(2);
  const [event] = t.card.events.poll();
  assert(event.kind === "flip");
  for (let entry = crc.read(); entry !== undefined; entry = crc.read()) {
    assertEquals(
      entry.values[0],
      Number(entry.frame) < Number(event.sequence) ? black : bright,
      `frame ${entry.frame}`,
    );
  }
});

Deno.test("a display sees every frame, read in place; with no display and no CRC nothing runs", () => {
  const display = new Probe();
  using t = new VkmsScreen({ ...SMALL, display });
  const buffer = t.light();
  const before = display.presents;
  assert(before > 0);
  paint(buffer.bytes, 0x00123456);
  t.frames();
  assertEquals(display.presents, before + 1);
  assertEquals([...display.last ?? []].slice(0, 3), [0x56, 0x34, 0x12]);
  assertEquals([...display.last ?? []].slice(-4, -1), [0x56, 0x34, 0x12]);
  t.request.clear().set(t.crtc(), "ACTIVE", 0);
  t.request.commit(MODESET);
  t.frames(3);
  assertEquals([display.presents, display.off], [before + 1, 1]);
  const late = display.frame;
  assert(late !== undefined);
  late.read(new Uint8Array(WIDTH * HEIGHT * 4), WIDTH * 4); // too late, and harmless

  using idle = new VkmsScreen(SMALL);
  idle.light();
  assertEquals(idle.clock.next, Infinity);
});

Deno.test('a display with present: "commit" sees the first frame of each commit', () => {
  const display = new Probe();
  using t = new VkmsScreen({ ...SMALL, display, present: "commit" });
  t.light();
  assertEquals(display.presents, 1);
  t.frames(5);
  assertEquals(display.presents, 1);
  assertEquals(t.clock.next, Infinity);
  t.request.set(t.planes(DRM_PLANE_TYPE_PRIMARY)[0], "alpha", 0x8000);
  t.request.commit(FLIP);
  t.frames(3);
  assertEquals(display.presents, 2);
});

Deno.test("a frame that is held stays as it was; one that is not may not be read out of bounds", () => {
  const display = new Probe(true);
  using t = new VkmsScreen({ ...SMALL, display });
  const buffer = t.light();
  const held = display.frame;
  assert(held !== undefined);
  paint(buffer.bytes, 0x00ffffff);
  t.frames();
  assert(display.frame !== held);
  const pixel = new Uint8Array(4);
  held.read(pixel, 4, { x: 5, y: 5, width: 1, height: 1 });
  assertEquals([...pixel.subarray(0, 3)], [0, 0, 0]);
  display.frame?.read(pixel, 4, { x: 5, y: 5, width: 1, height: 1 });
  assertEquals([...pixel.subarray(0, 3)], [255, 255, 255]);
  held.release?.();
  assertThrows(() => held.read(pixel, 4, { x: WIDTH, y: 0, width: 1, height: 1 }), RangeError, "Cannot read 1x1");
  assertThrows(() => held.read(pixel, 4), RangeError, "Cannot read 200 rows");
});

Deno.test("a cursor is a plane: legacy cursor requests show in the composed picture", () => {
  using display = new PngDisplay();
  using t = new VkmsScreen({ ...SMALL, display });
  const buffer = t.light();
  paint(buffer.bytes, 0x00000080);
  using image = t.card.createDumb(64, 64);
  paint(image.bytes, 0xffff0000);
  const cursor = uapi.drm_mode_cursor.of({
    flags: uapi.DRM_MODE_CURSOR_BO | uapi.DRM_MODE_CURSOR_MOVE,
    crtc_id: t.crtc().id,
    x: -60,
    y: 190,
    width: 64,
    height: 64,
    handle: image.handle,
  });
  t.card.file.ioctl(uapi.DRM_IOCTL_MODE_CURSOR, cursor);
  t.frames(2);
  const picture = display.picture();
  assert(picture !== undefined);
  const at = (
    x: number,
    y: number,
  ): number[] => [...picture.data.subarray((y * WIDTH + x) * 4, (y * WIDTH + x) * 4 + 4)];
  assertEquals([at(3, 190), at(4, 190), at(3, 189)], [[255, 0, 0, 255], [0, 0, 128, 255], [0, 0, 128, 255]]);
  assertEquals(t.planes(DRM_PLANE_TYPE_CURSOR).length, 1);
});

Deno.test("CRTCs are composed apart, and a buffer that is removed is shown no more", () => {
  using display = new PngDisplay();
  const options = { crtcs: [{}, {}], connectors: [{ crtcs: [0], modes: ["64x48"] }, { crtcs: [1], modes: ["32x24"] }] };
  using t = new VkmsScreen({ ...options, display });
  const first = t.light(), second = t.light(undefined, 1);
  paint(first.bytes, 0x00ff0000);
  paint(second.bytes, 0x0000ff00);
  t.frames();
  assertEquals([...display.picture(0)?.data.subarray(0, 3) ?? []], [255, 0, 0]);
  assertEquals([...display.picture(1)?.data.subarray(0, 3) ?? []], [0, 255, 0]);
  assertEquals([display.picture(0)?.width, display.picture(1)?.width], [64, 32]);
  second[Symbol.dispose]();
  t.frames();
  // The CRTC stays on without a plane, as the kernel's RMFB leaves it where the driver allows that.
  assertEquals([...display.picture(1)?.data.subarray(0, 3) ?? []], [0, 0, 0]);
  assertEquals([...display.picture(0)?.data.subarray(0, 3) ?? []], [255, 0, 0]);
});

Deno.test("a device that is unplugged tells its display, and composes no more", () => {
  const display = new Probe();
  using t = new VkmsScreen({ ...SMALL, display });
  t.light();
  t.system.removeDevice(t.device);
  const { presents } = display;
  t.frames(3);
  assertEquals([display.presents, display.off], [presents, 1]);
  assertEquals(t.clock.next, Infinity);
});

Deno.test("framebuffers are pinned while they are shown, and no longer: flips, refused commits, closed clients", () => {
  let pins = 0;
  const heap = heapAllocator();
  const counting: PageAllocator = {
    allocate: (size, name) => {
      const pages = heap.allocate(size, name);
      return {
        size,
        bytes: () => pages.bytes(),
        pin: () => void pins++,
        unpin: () => void pins--,
        [Symbol.dispose]: () => pages[Symbol.dispose](),
      };
    },
  };
  using t = new VkmsScreen({ ...SMALL, overlays: 1 }, counting);
  const front = t.light();
  front.framebuffer(uapi.DRM_FORMAT_XRGB8888);
  assertEquals(pins, 1);
  const back = t.card.createDumb(WIDTH, HEIGHT);
  const [primary] = t.planes(DRM_PLANE_TYPE_PRIMARY), [overlay] = t.planes(DRM_PLANE_TYPE_OVERLAY);
  for (let i = 0; i < 5; i++) {
    t.request.set(primary, "FB_ID", (i % 2 === 0 ? back : front).framebuffer(uapi.DRM_FORMAT_XRGB8888));
    assertEquals(t.request.commit(FLIP), 0);
    assertEquals(t.request.commit(FLIP), EBUSY);
    t.frames();
    assertEquals(pins, 1);
  }
  t.show(overlay, front.framebuffer(uapi.DRM_FORMAT_XRGB8888), WIDTH, HEIGHT);
  t.request.commit(uapi.DRM_MODE_ATOMIC_TEST_ONLY);
  assertEquals(pins, 1);
  t.request.commit(FLIP);
  t.frames();
  assertEquals(pins, 2);
  t.card.file.process[Symbol.dispose]();
  t.frames(2);
  assertEquals(pins, 0);
});
