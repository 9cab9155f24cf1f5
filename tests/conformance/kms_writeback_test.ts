/** Frames written into framebuffers by vkms: what arrives, when, and what is refused. After igt's kms_writeback. */
import { assert, assertEquals } from "@std/assert";
import type { AtomicRequest, Connector, Crtc, DumbBuffer } from "udrm/drivers/umd/drm/mod.ts";
import { SyncFileFd } from "udrm/drivers/umd/drm/mod.ts";
import type { VkmsOptions } from "udrm/mod.ts";
import * as uapi from "udrm/uapi/mod.ts";
import { VkmsScreen } from "../vkms/screen.ts";
import { outcome } from "./client.ts";

const WIDTH = 640, HEIGHT = 480;
const MODE = { modes: [`${WIDTH}x${HEIGHT}`] };
const TEST = uapi.DRM_MODE_ATOMIC_TEST_ONLY | uapi.DRM_MODE_ATOMIC_ALLOW_MODESET;
const NOW = uapi.DRM_MODE_ATOMIC_NONBLOCK;
const MODESET = NOW | uapi.DRM_MODE_ATOMIC_ALLOW_MODESET;

/** A lit screen with a writeback connector on its CRTC, as far as `clone` allows beside the display's. */
class WritebackScreen extends VkmsScreen {
  readonly writer: Connector;
  readonly shown: DumbBuffer;

  constructor(options: VkmsOptions = {}, clone = true) {
    super({ connectors: [MODE], ...options });
    this.card.setClientCapability(uapi.DRM_CLIENT_CAP_WRITEBACK_CONNECTORS);
    this.shown = this.light();
    this.writer = this.card.connectors().find((it) => it.connectorType === uapi.DRM_MODE_CONNECTOR_WRITEBACK) ??
      assertNever();
    this.request.clear().set(this.writer, "CRTC_ID", this.crtc().id);
    if (!clone) this.request.set(this.connector(), "CRTC_ID", 0);
    this.request.commit(MODESET);
    this.request.clear();
    this.frames(2);
  }

  /** What the blob of formats says. */
  get formats(): number[] {
    return [
      ...new Uint32Array(this.card.readBlob(Number(this.writer.value("WRITEBACK_PIXEL_FORMATS"))).slice().buffer),
    ];
  }

  /** A buffer for a frame in a format, filled with a byte that no frame has. */
  target(format: number, width = WIDTH, height = HEIGHT): { buffer: DumbBuffer; fb: number } {
    const bytes = uapi.drm_format_info(format)?.char_per_block[0] ?? 0;
    const buffer = this.card.createDumb(width, height, bytes * 8);
    buffer.bytes.fill(0x5a);
    return { buffer, fb: buffer.framebuffer(format) };
  }

  /** Room for the fd of a fence. */
  slot(): { readonly address: bigint; readonly value: number } {
    const { address, bytes } = this.card.file.process.alloc(4);
    bytes.fill(0x77);
    return {
      address,
      get value() {
        return new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
      },
    };
  }

  /** The request to write the next frame. */
  write(fb: number, fence?: { readonly address: bigint }): AtomicRequest {
    this.request.clear().set(this.writer, "WRITEBACK_FB_ID", fb);
    if (fence !== undefined) this.request.set(this.writer, "WRITEBACK_OUT_FENCE_PTR", fence.address);
    return this.request;
  }

  fence(fd: number): SyncFileFd {
    return new SyncFileFd(this.card.file.process.file(fd));
  }

  draw(color: number): void {
    new Uint32Array(this.shown.bytes.buffer, this.shown.bytes.byteOffset, this.shown.size / 4).fill(color);
  }

  get lit(): Crtc {
    return this.crtc();
  }
}

function assertNever(): never {
  throw new Error("Cannot find a writeback connector");
}

// A pixel of black, white or a primary colour, in each format: channels are all or nothing, what has no meaning is ones.
function solid(format: number, red: boolean, green: boolean, blue: boolean): number[] {
  const name = uapi.fourccName(format);
  const channels = LAYOUTS[name];
  if (channels === undefined) throw new Error(`Cannot tell what a pixel of ${name} is`);
  let word = 0n, at = 0n;
  for (const [channel, bits] of channels) {
    const on = channel === "r" ? red : channel === "g" ? green : channel === "b" ? blue : true;
    if (on) word |= ((1n << BigInt(bits)) - 1n) << at;
    at += BigInt(bits);
  }
  return Array.from({ length: Number(at / 8n) }, (_, i) => Number((word >> BigInt(i * 8)) & 255n));
}

// Channels from the lowest bits up (drm_fourcc.h has them from the highest down).
const up = (order: string, ...bits: number[]): [string, number][] =>
  [...order].map((channel, i): [string, number] => [channel, bits[i] ?? bits[0]]);
const LAYOUTS: Record<string, [string, number][]> = {
  XR24: up("bgrx", 8),
  AR24: up("bgra", 8),
  XB24: up("rgbx", 8),
  AB24: up("rgba", 8),
  RX24: up("xbgr", 8),
  RA24: up("abgr", 8),
  BX24: up("xrgb", 8),
  BA24: up("argb", 8),
  RG24: up("bgr", 8),
  BG24: up("rgb", 8),
  RG16: up("bgr", 5, 6, 5),
  BG16: up("rgb", 5, 6, 5),
  XR15: up("bgrx", 5, 5, 5, 1),
  AR15: up("bgra", 5, 5, 5, 1),
  XR12: up("bgrx", 4),
  AR12: up("bgra", 4),
  XR30: up("bgrx", 10, 10, 10, 2),
  AR30: up("bgra", 10, 10, 10, 2),
  XB30: up("rgbx", 10, 10, 10, 2),
  AB30: up("rgba", 10, 10, 10, 2),
  XR48: up("bgrx", 16),
  AR48: up("bgra", 16),
  XB48: up("rgbx", 16),
  AB48: up("rgba", 16),
};

Deno.test("writeback-pixel-formats: the blob has whole fourcc codes that the kernel knows, none twice", () => {
  using t = new WritebackScreen();
  const { formats } = t;
  assert(formats.length > 5 && new Set(formats).size === formats.length);
  for (const format of formats) assert(uapi.drm_format_info(format) !== undefined, uapi.fourccName(format));
  using kernel = new WritebackScreen({ extras: false }, false);
  assertEquals(kernel.formats.map(uapi.fourccName), ["AR24", "XR24", "XR48", "AR48", "RG16"]);
});

Deno.test("writeback-check-output: solid colours arrive in every format of the list, pixel by pixel", () => {
  using t = new WritebackScreen();
  const colors = [[true, false, false], [false, true, true], [true, true, true], [false, false, false]];
  t.formats.forEach((format, i) => {
    const [red, green, blue] = colors[i % colors.length];
    t.draw((red ? 0xff0000 : 0) | (green ? 0xff00 : 0) | (blue ? 0xff : 0));
    const { buffer, fb } = t.target(format);
    assertEquals(outcome(() => t.write(fb).commit(NOW)), 0, uapi.fourccName(format));
    t.frames(2);
    const pixel = solid(format, red, green, blue);
    for (let y = 0; y < HEIGHT; y++) {
      for (let at = 0; at < WIDTH * pixel.length; at++) {
        if (buffer.bytes[y * buffer.pitch + at] !== pixel[at % pixel.length]) {
          assertEquals(
            buffer.bytes[y * buffer.pitch + at],
            pixel[at % pixel.length],
            `${uapi.fourccName(format)} ${y}:${at}`,
          );
        }
      }
    }
    buffer[Symbol.dispose]();
  });
});

Deno.test("writeback-check-output-XRGB2101010 and RGB565: a ramp keeps its precision, rounded as the kernel rounds", () => {
  using t = new WritebackScreen();
  const words = new Uint32Array(t.shown.bytes.buffer, t.shown.bytes.byteOffset, t.shown.size / 4);
  for (let x = 0; x < WIDTH; x++) words[x] = (x & 255) * 0x010101;
  const ten = t.target(uapi.DRM_FORMAT_XRGB2101010), five = t.target(uapi.DRM_FORMAT_RGB565);
  for (const { fb } of [ten, five]) {
    t.write(fb).commit(NOW);
    t.frames(2);
  }
  const tens = new DataView(ten.buffer.bytes.buffer, ten.buffer.bytes.byteOffset);
  const fives = new DataView(five.buffer.bytes.buffer, five.buffer.bytes.byteOffset);
  for (let x = 0; x < WIDTH; x++) {
    const wide = (x & 255) * 257;
    assertEquals(tens.getUint32(x * 4, true) & 1023, Math.floor((wide * 1023 + 32767) / 65535));
    assertEquals(
      fives.getUint16(x * 2, true),
      Math.floor(wide * 31 / 65535) * 0x801 | Math.floor(wide * 63 / 65535) << 5,
    );
  }
});

Deno.test("writeback-fb-id: an unknown id and one of another object are EINVAL, zero writes nothing, reads give 0", () => {
  using t = new WritebackScreen();
  const { fb, buffer } = t.target(uapi.DRM_FORMAT_XRGB8888);
  assertEquals(outcome(() => t.write(t.writer.id).commit(NOW)), "EINVAL");
  assertEquals(outcome(() => t.write(0xffff).commit(NOW)), "EINVAL");
  assertEquals(outcome(() => t.write(0).commit(NOW)), 0);
  t.frames(2);
  assertEquals(outcome(() => t.write(fb).commit(NOW)), 0);
  assertEquals(t.writer.value("WRITEBACK_FB_ID"), 0n);
  t.frames(2);
  assert(buffer.bytes[0] !== 0x5a);
});

Deno.test("writeback-fb-id-XRGB2101010: a format that the kernel's vkms does not write is EINVAL there", () => {
  using t = new WritebackScreen();
  using kernel = new WritebackScreen({ extras: false, formats: ["XR24", "XR30", "AR24"] }, false);
  for (const [screen, expected] of [[t, 0], [kernel, "EINVAL"]] as const) {
    const { fb } = screen.target(uapi.DRM_FORMAT_XRGB2101010);
    assertEquals(outcome(() => screen.write(fb).commit(TEST)), expected);
  }
});

Deno.test("writeback-invalid-parameters: no buffer, a wrong one, a wrong pointer; the fence stays -1", () => {
  using t = new WritebackScreen();
  const good = t.target(uapi.DRM_FORMAT_XRGB8888).fb;
  const cases: [string, number, boolean, number | string][] = [
    ["a fence without framebuffer", 0, true, "EINVAL"],
    ["a framebuffer of half the size", t.target(uapi.DRM_FORMAT_XRGB8888, WIDTH / 2, HEIGHT / 2).fb, true, "EINVAL"],
    ["a framebuffer that is wider", t.target(uapi.DRM_FORMAT_XRGB8888, WIDTH + 16, HEIGHT).fb, true, "EINVAL"],
    ["a framebuffer that is lower", t.target(uapi.DRM_FORMAT_XRGB8888, WIDTH, HEIGHT - 16).fb, true, "EINVAL"],
    ["a format that cannot be written", t.target(uapi.DRM_FORMAT_XRGB16161616F).fb, true, "EINVAL"],
    ["a pointer to nowhere", good, false, "EFAULT"],
  ];
  for (const [what, fb, valid, expected] of cases) {
    const slot = t.slot();
    assertEquals(outcome(() => t.write(fb, valid ? slot : { address: 8n }).commit(NOW)), expected, what);
    if (valid) assertEquals(slot.value, -1, what);
  }
  assertEquals(outcome(() => t.write(good).commit(NOW)), 0); // nothing of it stays behind
});

Deno.test("writeback-invalid-parameters: a framebuffer without CRTC and on a CRTC that is off is EINVAL", () => {
  using t = new WritebackScreen();
  const { fb } = t.target(uapi.DRM_FORMAT_XRGB8888);
  assertEquals(outcome(() => t.write(fb).set(t.writer, "CRTC_ID", 0).commit(TEST)), "EINVAL");
  assertEquals(outcome(() => t.write(fb).set(t.lit, "ACTIVE", 0).commit(TEST)), "EINVAL");
  t.request.clear().set(t.lit, "ACTIVE", 0).commit(MODESET);
  t.frames(2);
  assertEquals(outcome(() => t.write(fb).commit(TEST)), "EINVAL");
  assertEquals(outcome(() => t.write(fb).set(t.lit, "ACTIVE", 1).commit(TEST)), 0);
});

Deno.test("a test commit writes nothing, makes no fence, and does not keep the framebuffer", () => {
  using t = new WritebackScreen();
  const { buffer, fb } = t.target(uapi.DRM_FORMAT_XRGB8888);
  const slot = t.slot();
  assertEquals(outcome(() => t.write(fb, slot).commit(TEST)), 0);
  t.frames(3);
  assertEquals([slot.value, buffer.bytes.every((byte) => byte === 0x5a)], [-1, true]);
});

Deno.test("writeback fences: signalled when the frame is written, after its flip, on a timeline of the connector's own", () => {
  using t = new WritebackScreen();
  const { buffer, fb } = t.target(uapi.DRM_FORMAT_XRGB8888);
  const slot = t.slot(), flip = t.slot();
  t.draw(0x336699);
  t.write(fb, slot).set(t.lit, "OUT_FENCE_PTR", flip.address).commit(NOW | uapi.DRM_MODE_PAGE_FLIP_EVENT);
  assert(slot.value >= 0 && flip.value >= 0 && slot.value !== flip.value);
  const fence = t.fence(slot.value), shown = t.fence(flip.value);
  assertEquals([fence.status, shown.status, buffer.bytes[0]], [0, 0, 0x5a]);
  t.frames(1);
  assertEquals([fence.status, shown.status], [1, 1]);
  assertEquals([...buffer.bytes.subarray(0, 4)], [0x99, 0x66, 0x33, 0xff]);
  const [{ driver, timeline, timestampNs }] = fence.info().fences;
  assertEquals([driver, timeline], ["vkms", `CONNECTOR:${t.writer.id}-Writeback-1`]);
  assertEquals(timestampNs, shown.info().fences[0].timestampNs); // the same frame's
});

Deno.test("writeback fences: a client that sleeps in poll is woken by the frame; no frame is written twice", async () => {
  using t = new WritebackScreen();
  const { buffer, fb } = t.target(uapi.DRM_FORMAT_XRGB8888);
  const slot = t.slot();
  t.write(fb, slot).commit(NOW);
  const fence = t.fence(slot.value);
  const sleeping = fence.wait(100e6);
  assertEquals(fence.status, 0);
  t.frames(1);
  assertEquals([await sleeping, fence.status], [true, 1]);
  buffer.bytes.fill(0x5a);
  t.request.clear().set(
    t.planes(uapi.DRM_PLANE_TYPE_PRIMARY)[0],
    "FB_ID",
    t.shown.framebuffer(uapi.DRM_FORMAT_XRGB8888),
  );
  t.request.commit(NOW);
  t.frames(3);
  assert(buffer.bytes.every((byte) => byte === 0x5a));
});

Deno.test("writeback: each of two commits in a row writes the picture of its own, though the first one's frame has not come", () => {
  using t = new WritebackScreen();
  const first = t.target(uapi.DRM_FORMAT_XRGB8888), second = t.target(uapi.DRM_FORMAT_XRGB8888);
  const other = t.card.createDumb(WIDTH, HEIGHT);
  new Uint32Array(other.bytes.buffer, other.bytes.byteOffset, other.size / 4).fill(0x00ff00);
  t.draw(0xff0000);
  const [primary] = t.planes(uapi.DRM_PLANE_TYPE_PRIMARY);
  assertEquals(t.write(first.fb).commit(NOW), 0);
  assertEquals(t.write(second.fb).commit(NOW), -uapi.ERRNO.EBUSY); // the flip is pending (J9)
  t.write(second.fb).set(primary, "FB_ID", other.framebuffer(uapi.DRM_FORMAT_XRGB8888)).commit(0); // as a caller that cannot wait
  t.frames(2);
  assertEquals([...first.buffer.bytes.subarray(0, 3)], [0, 0, 255]);
  assertEquals([...second.buffer.bytes.subarray(0, 3)], [0, 255, 0]);
});

Deno.test("writeback: a CRTC that goes off before the frame has come still writes it, and signals", () => {
  using t = new WritebackScreen();
  const { buffer, fb } = t.target(uapi.DRM_FORMAT_XRGB8888);
  const slot = t.slot();
  t.draw(0x0000ff);
  t.write(fb, slot).commit(NOW);
  t.request.clear().set(t.lit, "ACTIVE", 0).commit(uapi.DRM_MODE_ATOMIC_ALLOW_MODESET);
  assertEquals(t.fence(slot.value).status, 1);
  assertEquals([...buffer.bytes.subarray(0, 4)], [255, 0, 0, 255]);
});

Deno.test("writeback: a buffer that is removed, and a client that goes, while the frame is to come", () => {
  using t = new WritebackScreen();
  const { buffer, fb } = t.target(uapi.DRM_FORMAT_XRGB8888);
  const slot = t.slot();
  t.write(fb, slot).commit(NOW);
  t.card.removeFramebuffer(fb);
  const fence = t.fence(slot.value);
  t.frames(1);
  assertEquals([fence.status, buffer.bytes[3]], [1, 0xff]);
  const last = t.target(uapi.DRM_FORMAT_XRGB8888);
  const slot2 = t.slot();
  t.write(last.fb, slot2).commit(NOW);
  const fence2 = t.fence(slot2.value);
  t.card.file.close();
  t.frames(2);
  assertEquals(fence2.status, 1);
});

Deno.test("writeback: a device that is unplugged signals with -ENODEV, and writes no more", () => {
  using t = new WritebackScreen();
  const { buffer, fb } = t.target(uapi.DRM_FORMAT_XRGB8888);
  const { bytes } = buffer;
  const slot = t.slot();
  t.write(fb, slot).commit(NOW);
  const fence = t.fence(slot.value);
  t.system.removeDevice(t.device);
  assertEquals(fence.status, -uapi.ERRNO.ENODEV);
  t.frames(2);
  assertEquals(bytes[0], 0x5a);
});

Deno.test("writeback without extras: the display and the writeback connector are no clones, each can have the CRTC", () => {
  using t = new WritebackScreen({ extras: false }, false);
  const { buffer, fb } = t.target(uapi.DRM_FORMAT_RGB565);
  t.draw(0xffffff);
  assertEquals(outcome(() => t.write(fb).commit(NOW)), 0);
  t.frames(1);
  assertEquals([...buffer.bytes.subarray(0, 2)], [0xff, 0xff]);
  assertEquals(outcome(() => t.request.clear().set(t.connector(), "CRTC_ID", t.lit.id).commit(TEST)), "EINVAL");
});

Deno.test("writeback of what planes, rotation and gamma make of it is the frame that the display gets", () => {
  using t = new WritebackScreen({ overlays: 1 });
  const overlay = t.card.createDumb(64, 32);
  new Uint32Array(overlay.bytes.buffer, overlay.bytes.byteOffset, overlay.size / 4).fill(0xffff8000);
  overlay.bytes.fill(0xff, 0, 4); // the first pixel white
  t.draw(0x000040);
  const [plane] = t.planes(uapi.DRM_PLANE_TYPE_OVERLAY);
  t.request.clear();
  t.show(plane, overlay.framebuffer(uapi.DRM_FORMAT_ARGB8888), 64, 32, 10, 20)
    .setAll(plane, { CRTC_W: 32, CRTC_H: 64, rotation: uapi.DRM_MODE_ROTATE_90 });
  // A table of two entries that turns everything round.
  const lut = new Uint16Array([0xffff, 0xffff, 0xffff, 0, 0, 0, 0, 0]);
  t.request.set(t.lit, "GAMMA_LUT", t.card.createBlob(new Uint8Array(lut.buffer)));
  const { buffer, fb } = t.target(uapi.DRM_FORMAT_XRGB8888);
  t.request.set(t.writer, "WRITEBACK_FB_ID", fb).commit(NOW);
  t.frames(1);
  const at = (x: number, y: number): number[] => [...buffer.bytes.subarray(y * buffer.pitch + x * 4).subarray(0, 3)];
  assertEquals(at(0, 0), [0xbf, 0xff, 0xff]);
  assertEquals(at(10, 83), [0, 0, 0]); // turned counter-clockwise, the first pixel is at the bottom left
  assertEquals(at(41, 20), [0xff, 0x7f, 0]);
  assertEquals(at(42, 20), [0xbf, 0xff, 0xff]);
});
