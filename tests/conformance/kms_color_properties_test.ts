/**
 * Colour: tables, matrix, YCbCr, HDR metadata: what is accepted, and what it does to pixels that are written back. After igt's
 * kms_color, kms_plane (pixel formats) and kms_hdr.
 */
import { assert, assertEquals } from "@std/assert";
import type { DumbBuffer, ModeObject, Plane } from "udrm/drivers/umd/drm/mod.ts";
import type { VkmsOptions } from "udrm/mod.ts";
import * as uapi from "udrm/uapi/mod.ts";
import { VkmsScreen } from "../vkms/screen.ts";
import { outcome } from "./client.ts";

const WIDTH = 256, HEIGHT = 64;
const NOW = uapi.DRM_MODE_ATOMIC_NONBLOCK;
const MODESET = NOW | uapi.DRM_MODE_ATOMIC_ALLOW_MODESET;
const TEST = uapi.DRM_MODE_ATOMIC_TEST_ONLY;

/** A lit screen whose pixels can be read as 16 bits a channel. */
class ColorScreen extends VkmsScreen {
  readonly shown: DumbBuffer;
  readonly #frame: DumbBuffer;
  readonly #fb: number;

  constructor(options: VkmsOptions = {}) {
    super({ connectors: [{ modes: [`${WIDTH}x${HEIGHT}`] }], ...options });
    this.shown = this.light();
    this.card.setClientCapability(uapi.DRM_CLIENT_CAP_WRITEBACK_CONNECTORS);
    this.#frame = this.card.createDumb(WIDTH, HEIGHT, 64);
    this.#fb = this.#frame.framebuffer(uapi.DRM_FORMAT_XRGB16161616);
  }

  /** Fills what is shown with a ramp: column x is x of 255. */
  ramp(red: number, green: number, blue: number): void {
    const { bytes, pitch } = this.shown;
    for (let x = 0; x < WIDTH; x++) bytes.set([x * blue, x * green, x * red], x * 4);
    for (let y = 1; y < HEIGHT; y++) bytes.copyWithin(y * pitch, 0, WIDTH * 4);
  }

  /** Commits the request with a writeback; the frame's pixels. */
  look(): (x: number, y: number) => number[] {
    const writer = this.card.connectors().find((it) => it.connectorType === uapi.DRM_MODE_CONNECTOR_WRITEBACK);
    if (writer === undefined) throw new Error("Cannot find a writeback connector");
    this.request.set(writer, "CRTC_ID", this.crtc().id).set(writer, "WRITEBACK_FB_ID", this.#fb);
    assertEquals(this.request.commit(MODESET), 0);
    this.request.clear();
    this.frames(2);
    const { bytes, pitch } = this.#frame;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    return (x, y) => [4, 2, 0].map((at) => view.getUint16(y * pitch + x * 8 + at, true));
  }

  /** The outcome of setting one property, as a test. */
  try(object: ModeObject, name: string, value: number, flags = TEST): number | string {
    const result = outcome(() => this.request.clear().set(object, name, value).commit(flags));
    this.request.clear();
    return result;
  }

  /** A table whose entry i, of `size`, is `entry(i / (size - 1))` of 0 to 1 for each channel. */
  table(size: number, entry: (at: number) => readonly [number, number, number]): number {
    const words = new Uint16Array(size * 4);
    for (let i = 0; i < size; i++) words.set(entry(i / (size - 1)).map((v) => Math.round(v * 65535)), i * 4);
    return this.card.createBlob(new Uint8Array(words.buffer));
  }

  /** A drm_color_ctm of nine numbers. */
  matrix(values: readonly number[]): number {
    const bytes = new Uint8Array(72);
    const view = new DataView(bytes.buffer);
    values.forEach((value, i) => {
      const magnitude = BigInt(Math.round(Math.abs(value) * 2 ** 32));
      view.setBigUint64(i * 8, value < 0 ? magnitude | (1n << 63n) : magnitude, true);
    });
    return this.card.createBlob(bytes);
  }

  primary(): Plane {
    return this.planes(uapi.DRM_PLANE_TYPE_PRIMARY)[0];
  }
}

const near = (actual: readonly number[], expected: readonly number[], what: string, by = 2): void => {
  assert(actual.every((value, i) => Math.abs(value - expected[i]) <= by), `${what}: ${actual} is not ${expected}`);
};

Deno.test("gamma, degamma: a linear table changes nothing, a maximal one makes white, a table of zeros black", () => {
  for (const name of ["GAMMA_LUT", "DEGAMMA_LUT"]) {
    using t = new ColorScreen();
    t.ramp(1, 1, 0);
    const size = Number(t.crtc().value(`${name}_SIZE`));
    const plain = t.look()(200, 3);
    assertEquals(plain, [200 * 257, 200 * 257, 0]);
    t.request.set(t.crtc(), name, t.table(size, (at) => [at, at, at]));
    near(t.look()(200, 3), plain, `${name} linear`);
    t.request.set(t.crtc(), name, t.table(size, () => [1, 1, 1]));
    assertEquals(t.look()(200, 3), [0xffff, 0xffff, 0xffff]);
    t.request.set(t.crtc(), name, t.table(size, () => [0, 0, 0]));
    assertEquals(t.look()(200, 3), [0, 0, 0]);
    t.request.set(t.crtc(), name, 0);
    assertEquals(t.look()(200, 3), plain);
  }
});

Deno.test("gamma: each channel has its own column of the table", () => {
  using t = new ColorScreen();
  t.ramp(1, 1, 1);
  t.request.set(t.crtc(), "GAMMA_LUT", t.table(256, (at) => [at, 1 - at, at * at]));
  const pixel = t.look();
  for (const x of [0, 51, 128, 255]) {
    const at = x / 255;
    near(pixel(x, 1), [at, 1 - at, at * at].map((v) => v * 65535), `column ${x}`, 300);
  }
});

Deno.test("ctm: channels swapped, halved, negative ones cut off at 0, large ones at the top; degamma before, gamma after", () => {
  using t = new ColorScreen();
  t.ramp(1, 0, 0);
  t.request.set(t.crtc(), "CTM", t.matrix([0, 1, 0, 0.5, 0, 0, 1, 0, 0]));
  near(t.look()(100, 0), [0, 100 * 257 / 2, 100 * 257], "swapped");
  t.request.set(t.crtc(), "CTM", t.matrix([-1, 0, 0, 4, 0, 0, 0.25, 0, 0]));
  near(t.look()(100, 0), [0, 0xffff, 100 * 257 / 4], "cut off");
  // Degamma makes all white, the matrix takes half of it, gamma turns it round.
  t.request.set(t.crtc(), "DEGAMMA_LUT", t.table(256, () => [1, 1, 1]));
  t.request.set(t.crtc(), "CTM", t.matrix([0.25, 0, 0, 0, 0.5, 0, 0, 0, 1]));
  t.request.set(t.crtc(), "GAMMA_LUT", t.table(256, (at) => [1 - at, 1 - at, 1 - at]));
  near(t.look()(0, 0), [0.75, 0.5, 0].map((v) => v * 65535), "in this order", 300);
});

Deno.test("invalid-gamma-lut-sizes, invalid-degamma-lut-sizes, invalid-ctm-matrix-sizes", () => {
  using t = new ColorScreen();
  const blob = (bytes: number): number => t.card.createBlob(new Uint8Array(bytes));
  for (const name of ["GAMMA_LUT", "DEGAMMA_LUT"]) {
    const size = Number(t.crtc().value(`${name}_SIZE`));
    assertEquals(t.try(t.crtc(), name, blob(size * 8)), 0);
    for (const bytes of [size * 8 + 1, size * 8 - 1, 4, (size + 1) * 8, size * 80]) {
      assertEquals(t.try(t.crtc(), name, blob(bytes)), "EINVAL", `${name} of ${bytes} bytes`);
    }
    assertEquals(t.try(t.crtc(), name, t.crtc().id), "EINVAL");
    assertEquals(t.try(t.crtc(), `${name}_SIZE`, size), "EINVAL"); // immutable
  }
  assertEquals(t.try(t.crtc(), "CTM", blob(72)), 0);
  for (const bytes of [71, 73, 8, 720]) assertEquals(t.try(t.crtc(), "CTM", blob(bytes)), "EINVAL", `${bytes} bytes`);
});

Deno.test("legacy-gamma: SETGAMMA is GAMMA_LUT, and takes DEGAMMA_LUT and CTM away", () => {
  using t = new ColorScreen();
  t.ramp(1, 1, 1);
  t.request.set(t.crtc(), "DEGAMMA_LUT", t.table(256, () => [1, 1, 1]));
  t.request.set(t.crtc(), "CTM", t.matrix([1, 0, 0, 0, 1, 0, 0, 0, 1]));
  assertEquals(t.look()(9, 9), [0xffff, 0xffff, 0xffff]);
  using scratch = t.card.scratch();
  const channel = (value: (i: number) => number): bigint =>
    scratch.bytes(new Uint8Array(Uint16Array.from({ length: 256 }, (_, i) => value(i)).buffer)).address;
  const arg = uapi.drm_mode_crtc_lut.of({
    crtc_id: t.crtc().id,
    gamma_size: 256,
    red: channel((i) => i * 257),
    green: channel(() => 0),
    blue: channel((i) => 65535 - i * 257),
  });
  assertEquals(t.card.file.ioctl(uapi.DRM_IOCTL_MODE_SETGAMMA, arg), 0);
  assertEquals([t.crtc().value("DEGAMMA_LUT"), t.crtc().value("CTM")], [0n, 0n]);
  const blob = t.card.readBlob(Number(t.crtc().value("GAMMA_LUT")));
  assertEquals([blob.length, [...new Uint16Array(blob.slice().buffer).subarray(4, 8)]], [2048, [257, 0, 65278, 0]]);
  near(t.look()(60, 0), [60 * 257, 0, 65535 - 60 * 257], "legacy", 2);
});

Deno.test("COLOR_ENCODING and COLOR_RANGE: each of the six ways turns the same YCbCr into its own red, green and blue", () => {
  using t = new ColorScreen();
  const plane = t.primary();
  const buffer = t.card.createDumb(WIDTH, HEIGHT * 3 / 2, 8);
  const [y, cb, cr] = [150, 100, 170];
  buffer.bytes.fill(y, 0, HEIGHT * buffer.pitch);
  for (let i = HEIGHT * buffer.pitch; i < buffer.size; i += 2) buffer.bytes.set([cb, cr], i);
  const fb = t.card.addFramebuffer({
    width: WIDTH,
    height: HEIGHT,
    format: uapi.DRM_FORMAT_NV12,
    handles: [buffer.handle, buffer.handle],
    pitches: [buffer.pitch, buffer.pitch],
    offsets: [0, HEIGHT * buffer.pitch],
  });
  // Weights of red and blue in luma, by ITU-R BT.601, BT.709 and BT.2020.
  const weights = { "601": [0.299, 0.114], "709": [0.2126, 0.0722], "2020": [0.2627, 0.0593] };
  const seen = new Set<string>();
  for (const [name, [kr, kb]] of Object.entries(weights)) {
    for (const range of ["limited", "full"]) {
      const [luma, chroma] = range === "full"
        ? [y / 255, [(cb - 128) / 255, (cr - 128) / 255]]
        : [(y - 16) / 219, [(cb - 128) / 224, (cr - 128) / 224]];
      const red = luma + 2 * (1 - kr) * chroma[1], blue = luma + 2 * (1 - kb) * chroma[0];
      const green = (luma - kr * red - kb * blue) / (1 - kr - kb);
      const encodings = plane.property("COLOR_ENCODING").enums, ranges = plane.property("COLOR_RANGE").enums;
      t.request.set(plane, "FB_ID", fb)
        .set(plane, "COLOR_ENCODING", encodings.get(`ITU-R BT.${name} YCbCr`) ?? -1n)
        .set(plane, "COLOR_RANGE", ranges.get(`YCbCr ${range} range`) ?? -1n);
      const pixel = t.look()(11, 11);
      near(pixel, [red, green, blue].map((v) => v * 65535), `BT.${name} ${range}`);
      seen.add(pixel.join());
    }
  }
  assertEquals(seen.size, 6);
  assertEquals([plane.value("COLOR_ENCODING"), plane.value("COLOR_RANGE")], [2n, 1n]);
  assertEquals([t.try(plane, "COLOR_ENCODING", 3), t.try(plane, "COLOR_RANGE", 2)], ["EINVAL", "EINVAL"]);
});

Deno.test("the kernel's vkms has no YCbCr, no matrix, no monitor properties: nor has ours without extras", () => {
  using t = new VkmsScreen({ extras: false, connectors: [{ type: "HDMI-A" }] });
  const names = (object: ModeObject): string[] => [...object.properties.keys()];
  for (const plane of t.card.planes()) {
    assertEquals(names(plane).filter((name) => /^COLOR|^alpha|blend|SCALING/.test(name)), []);
  }
  assertEquals(names(t.crtc()).filter((name) => /CTM|DEGAMMA|SCALING/.test(name)), []);
  assertEquals(names(t.connector()), ["EDID", "DPMS", "link-status", "non-desktop", "TILE", "CRTC_ID"]);
});

Deno.test("kms_hdr: metadata of 32 bytes is taken by a mode set, kept when the blob is destroyed, and taken away by 0", () => {
  using t = new ColorScreen({ connectors: [{ type: "HDMI-A", modes: [`${WIDTH}x${HEIGHT}`] }] });
  const connector = t.connector();
  const metadata = uapi.hdr_output_metadata.of();
  const bytes = uapi.hdr_output_metadata.bytes(metadata);
  bytes[4] = 2; // eotf: SMPTE ST 2084
  const blob = t.card.createBlob(bytes);
  for (const size of [31, 33, 8]) {
    assertEquals(
      t.try(connector, "HDR_OUTPUT_METADATA", t.card.createBlob(new Uint8Array(size)), MODESET),
      "EINVAL",
      `${size} bytes`,
    );
  }
  assertEquals(t.try(connector, "HDR_OUTPUT_METADATA", blob), "EINVAL"); // not without a mode set
  assertEquals(t.try(connector, "HDR_OUTPUT_METADATA", blob, MODESET), 0);
  t.frames(2);
  t.card.destroyBlob(blob);
  const kept = Number(connector.value("HDR_OUTPUT_METADATA"));
  assertEquals([kept, t.card.readBlob(kept)[4]], [blob, 2]);
  // The same metadata in another blob is no change.
  assertEquals(t.try(connector, "HDR_OUTPUT_METADATA", t.card.createBlob(bytes), NOW), 0);
  t.frames(2);
  assertEquals(t.try(connector, "HDR_OUTPUT_METADATA", 0, MODESET), 0);
  t.frames(2);
  assertEquals(connector.value("HDR_OUTPUT_METADATA"), 0n);
});

Deno.test("kms_hdr, bpc-switch: max bpc within its limits, by a mode set; Colorspace and Broadcast RGB too", () => {
  for (const type of ["HDMI-A", "DP"]) {
    using t = new ColorScreen({ connectors: [{ type, modes: [`${WIDTH}x${HEIGHT}`] }] });
    const connector = t.connector();
    assertEquals([connector.property("max bpc").values, connector.value("max bpc")], [[8n, 16n], 16n]);
    assertEquals([t.try(connector, "max bpc", 7, MODESET), t.try(connector, "max bpc", 17, MODESET)], [
      "EINVAL",
      "EINVAL",
    ]);
    for (const [name, value] of [["max bpc", 10], ["Colorspace", 9]] as const) {
      assertEquals(t.try(connector, name, value), "EINVAL", name);
      assertEquals(t.try(connector, name, value, MODESET), 0, name);
      t.frames(2);
      assertEquals(connector.value(name), BigInt(value));
    }
    const names = [...connector.properties.keys()];
    assertEquals(
      ["Broadcast RGB", "content type", "vrr_capable"].map((name) => names.includes(name)),
      type === "DP" ? [false, false, true] : [true, true, false],
    );
  }
});
