import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { blendRow } from "udrm/drivers/gpu/vkms/blend.ts";
import { Composer } from "udrm/drivers/gpu/vkms/composer.ts";
import { crc32Words } from "udrm/drivers/gpu/vkms/crc32.ts";
import type { Layer } from "udrm/drivers/gpu/vkms/layer.ts";
import { ALL_FORMATS, readerOf, WRITE_FORMATS, writtenSize } from "udrm/drivers/gpu/vkms/pixel_format.ts";
import { noise, testLayer } from "udrm/drivers/gpu/vkms/testing.ts";
import * as uapi from "udrm/uapi/mod.ts";

const WIDTH = 24, HEIGHT = 12;
const { DRM_FORMAT_ARGB8888, DRM_FORMAT_XRGB8888, DRM_FORMAT_RGB565 } = uapi;

function composer(layers: readonly Layer[], plain = false): Composer {
  const it = new Composer({ plain });
  it.resize(WIDTH, HEIGHT);
  it.setLayers(layers);
  return it;
}

/** The picture's 16-bit channels, line by line. */
function picture(it: Composer): number[][] {
  return Array.from({ length: it.height }, (_, y) => [...it.row(y).lanes]);
}

/** Rotates and reflects a whole picture of [x, y] names: reflect first, then counter-clockwise. */
function turned(width: number, height: number, rotation: number): string[][] {
  let image = Array.from({ length: height }, (_, y) => Array.from({ length: width }, (_, x) => `${x},${y}`));
  if (rotation & uapi.DRM_MODE_REFLECT_X) image = image.map((row) => row.toReversed());
  if (rotation & uapi.DRM_MODE_REFLECT_Y) image = image.toReversed();
  const quarter = (): void => {
    const columns = image[0].length;
    image = Array.from({ length: columns }, (_, y) => image.map((row) => row[columns - 1 - y]));
  };
  const turns = { 1: 0, 2: 1, 4: 2, 8: 3 }[rotation & uapi.DRM_MODE_ROTATE_MASK] ?? 0;
  for (let i = 0; i < turns; i++) quarter();
  return image;
}

const ROTATIONS = [1, 2, 4, 8].flatMap((rotate) => [0, 0x10, 0x20, 0x30].map((reflect) => rotate | reflect));

Deno.test("rotation: an image is reflected, then turned counter-clockwise, in all 16 ways, fast and plain", () => {
  for (const rotation of ROTATIONS) {
    const layer = testLayer({ format: DRM_FORMAT_XRGB8888, width: 5, height: 3, x: 2, y: 1, rotation });
    layer.bytes[0].forEach((_, i, bytes) => {
      const pixel = i >> 2;
      bytes[i] = [pixel % 5 + 1, Math.floor(pixel / 5) + 1, 0, 0][i & 3]; // blue x + 1, green y + 1
    });
    const names = turned(5, 3, rotation);
    assertEquals([layer.x2 - layer.x1, layer.y2 - layer.y1], [names[0].length, names.length]);
    for (const plain of [true, false]) {
      const it = composer([layer], plain);
      names.forEach((row, j) =>
        row.forEach((name, i) => {
          const lanes = it.row(1 + j).lanes.subarray((2 + i) * 4);
          assertEquals(`${lanes[3] / 257 - 1},${lanes[2] / 257 - 1}`, name, `rotation 0x${rotation.toString(16)}`);
        })
      );
    }
  }
});

const layerOptions = fc.record({
  format: fc.oneof(
    { weight: 3, arbitrary: fc.constant(DRM_FORMAT_XRGB8888) },
    { weight: 4, arbitrary: fc.constant(DRM_FORMAT_ARGB8888) },
    { weight: 3, arbitrary: fc.constantFrom(...ALL_FORMATS) },
  ),
  place: fc.oneof(fc.constant([0, 0, WIDTH, HEIGHT]), fc.tuple(fc.nat(20), fc.nat(9), fc.nat(24), fc.nat(12))),
  alpha: fc.oneof({ weight: 3, arbitrary: fc.constant(0xffff) }, { weight: 1, arbitrary: fc.nat(0xffff) }),
  blend: fc.constantFrom(0, 0, 1, 2),
  rotation: fc.oneof({ weight: 2, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.constantFrom(...ROTATIONS) }),
  padding: fc.constantFrom(0, 4, 3),
  premultiplied: fc.boolean(),
  seed: fc.nat(1000),
});

function randomLayer(options: typeof layerOptions extends fc.Arbitrary<infer T> ? T : never): Layer {
  const [x, y, wantedWidth, wantedHeight] = options.place;
  const width = Math.min(wantedWidth, WIDTH - x), height = Math.min(wantedHeight, HEIGHT - y);
  const quarter = (options.rotation & 0b1010) !== 0;
  const size = quarter ? { srcWidth: height, srcHeight: width } : { srcWidth: width, srcHeight: height };
  const layer = testLayer({
    ...options,
    ...size,
    x,
    y,
    srcX: 2,
    srcY: 1,
    width: size.srcWidth + 3,
    height: size.srcHeight + 2,
    fill: (bytes, plane) => noise(bytes, options.seed + plane),
  });
  if (options.premultiplied && options.format === DRM_FORMAT_ARGB8888) {
    const bytes = layer.bytes[0];
    for (let i = 0; i + 3 < bytes.length; i += 4) {
      if (i % 5 === 0) bytes[i + 3] = i % 2 ? 255 : 0;
      for (let c = 0; c < 3; c++) bytes[i + c] = Math.floor(bytes[i + c] * bytes[i + 3] / 255);
    }
  }
  return layer;
}

const scene = fc.record({
  layers: fc.array(layerOptions, { maxLength: 5 }),
  background: fc.oneof(fc.constant([0, 0, 0]), fc.array(fc.nat(0xffff), { minLength: 3, maxLength: 3 })),
});

Deno.test("row: a layer is read and blended where it is, and the higher one comes last", () => {
  fc.assert(
    fc.property(scene, ({ layers: options, background }) => {
      const layers = options.map(randomLayer);
      const it = composer(layers, true);
      it.setBackground(background[0], background[1], background[2]);
      for (let y = 0; y < HEIGHT; y++) {
        // A pixel at a time, with nothing but the reader and the blending of one pixel.
        const expected: number[] = [];
        for (let x = 0; x < WIDTH; x++) {
          const pixel = Uint16Array.of(0xffff, ...background), above = new Uint16Array(4);
          for (const layer of layers) {
            if (x < layer.x1 || x >= layer.x2 || y < layer.y1 || y >= layer.y2) continue;
            const quarter = (layer.rotation & 0b1010) !== 0;
            const w = layer.x2 - layer.x1, h = layer.y2 - layer.y1;
            const names = turned(quarter ? h : w, quarter ? w : h, layer.rotation);
            const [sx, sy] = names[y - layer.y1][x - layer.x1].split(",").map(Number);
            readerOf(layer.format)(layer, layer.srcX + sx, layer.srcY + sy, 1, 0, 1, above, 0);
            blendRow(pixel, 0, above, 1, layer.blend, layer.alpha);
          }
          expected.push(...pixel);
        }
        assertEquals([...it.row(y).lanes], expected);
      }
    }),
    { numRuns: 30 },
  );
});

Deno.test("fast ways give the bytes of the plain one: rows, CRC, and XRGB8888 in part and whole", () => {
  fc.assert(
    fc.property(scene, fc.nat(WIDTH - 1), fc.nat(HEIGHT - 1), fc.constantFrom(0, 1, 4), (s, x, y, misplaced) => {
      const layers = s.layers.map(randomLayer);
      const [r, g, b] = s.background;
      const plain = composer(layers, true), fast = composer(layers);
      plain.setBackground(r, g, b);
      fast.setBackground(r, g, b);
      assertEquals(picture(fast), picture(plain));
      const whole = new Uint8Array(WIDTH * HEIGHT * 4);
      assertEquals(fast.crc(), plain.write(DRM_FORMAT_XRGB8888, whole, 0, WIDTH * 4));
      for (let i = 3; i < whole.length; i += 4) assertEquals(whole[i], 255);
      const stride = WIDTH * 4 + misplaced;
      const painted = new Uint8Array(misplaced + stride * HEIGHT).subarray(misplaced);
      fast.paint(painted, stride);
      const colours = (bytes: Uint8Array, at: number): number[] => [...bytes.subarray(at, at + 3)];
      for (let py = 0; py < HEIGHT; py++) {
        for (let px = 0; px < WIDTH; px++) {
          assertEquals(colours(painted, py * stride + px * 4), colours(whole, (py * WIDTH + px) * 4), `${px},${py}`);
        }
      }
      const rect = { x, y, width: WIDTH - x, height: HEIGHT - y };
      const part = new Uint8Array(rect.width * rect.height * 4);
      fast.paint(part, rect.width * 4, rect);
      for (let py = 0; py < rect.height; py++) {
        for (let px = 0; px < rect.width; px++) {
          assertEquals(colours(part, (py * rect.width + px) * 4), colours(whole, ((y + py) * WIDTH + x + px) * 4));
        }
      }
    }),
    { numRuns: 150 },
  );
});

Deno.test("crc: crc32_le from 0 over lines of alpha, red, green, blue; it follows one bit of one pixel", () => {
  const layer = testLayer({ format: DRM_FORMAT_XRGB8888, width: WIDTH, height: HEIGHT, fill: noise });
  const it = composer([layer]);
  const all = new Int32Array(picture(it).flatMap((row) => [...new Int32Array(Uint16Array.from(row).buffer)]));
  const crc = it.crc();
  assertEquals(crc, crc32Words(0, all, all.length));
  assertEquals(it.crc(), crc);
  layer.bytes[0][HEIGHT * WIDTH * 4 - 4] ^= 1;
  assertEquals(it.crc() === crc, false);
});

Deno.test("crc: a black frame has the CRC of its bytes", () => {
  // 24 x 12 pixels of 00ff.. as struct pixel_argb_u16: ff ff 00 00 00 00 00 00, computed a bit at a time.
  let crc = 0;
  for (let pixel = 0; pixel < WIDTH * HEIGHT; pixel++) {
    for (const byte of [0xff, 0xff, 0, 0, 0, 0, 0, 0]) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) crc = (crc & 1) !== 0 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    }
  }
  assertEquals(composer([]).crc(), crc >>> 0);
});

Deno.test("write: every format, at an offset and with a pitch, and nothing besides", () => {
  const layer = testLayer({ format: DRM_FORMAT_RGB565, width: WIDTH, height: HEIGHT, fill: noise });
  for (const format of WRITE_FORMATS) {
    const size = writtenSize(format), pitch = WIDTH * size + 8;
    const bytes = new Uint8Array(16 + pitch * HEIGHT).fill(0x5a);
    composer([layer]).write(format, bytes, 16, pitch);
    assertEquals(bytes.subarray(0, 16).every((byte) => byte === 0x5a), true);
    for (let y = 0; y < HEIGHT; y++) {
      const rest = bytes.subarray(16 + y * pitch + WIDTH * size, 16 + (y + 1) * pitch);
      assertEquals([...rest], new Array(8).fill(0x5a));
    }
  }
});

Deno.test("color: the tables change the composed picture, whichever way it is taken", () => {
  const layer = testLayer({ format: DRM_FORMAT_XRGB8888, width: WIDTH, height: HEIGHT, fill: noise });
  const it = composer([layer]);
  const before = picture(it);
  const table = new Uint8Array(Uint16Array.of(0xffff, 0, 0, 0, 0xffff, 0, 0, 0).buffer);
  it.color.load(undefined, undefined, table);
  assertEquals(picture(it), before.map((row) => row.map((_, i) => [0xffff, 0xffff, 0, 0][i & 3])));
  const painted = new Uint8Array(WIDTH * HEIGHT * 4);
  it.paint(painted, WIDTH * 4);
  assertEquals([...painted.subarray(0, 3)], [0, 0, 255]);
});
