import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { localScreens } from "../board/mod.ts";
import { Encoding } from "./wire.ts";
import { NATIVE_FORMAT, type PixelFormat } from "./pixel_format.ts";
import { RfbServer } from "./server.ts";
import { RfbClient, testFrame } from "./testing.ts";

const FORMATS: Readonly<Record<string, PixelFormat>> = {
  native: NATIVE_FORMAT,
  "32 bits big endian": { ...NATIVE_FORMAT, bigEndian: true },
  "32 bits BGR": { ...NATIVE_FORMAT, shift: [0, 8, 16] },
  "32 bits high": { ...NATIVE_FORMAT, shift: [24, 16, 8] },
  "32 bits high big endian": { ...NATIVE_FORMAT, bigEndian: true, shift: [24, 16, 8] },
  "32 bits deep": { ...NATIVE_FORMAT, depth: 30, max: [1023, 1023, 1023], shift: [20, 10, 0] },
  "16 bits 565": { ...NATIVE_FORMAT, bitsPerPixel: 16, depth: 16, max: [31, 63, 31], shift: [11, 5, 0] },
  "16 bits 565 big endian": {
    ...NATIVE_FORMAT,
    bitsPerPixel: 16,
    depth: 16,
    bigEndian: true,
    max: [31, 63, 31],
    shift: [11, 5, 0],
  },
  "8 bits 332": { ...NATIVE_FORMAT, bitsPerPixel: 8, depth: 8, max: [7, 7, 3], shift: [0, 3, 6] },
};

/** What is left of a pixel in a format. */
function rounded({ max }: PixelFormat, word: number): number {
  let out = 0;
  for (let i = 0; i < 3; i++) {
    const component = Math.round((word >>> 16 - 8 * i & 0xff) * max[i] / 255);
    out = out << 8 | Math.round(component * 255 / max[i]);
  }
  return out;
}

/** Pictures with what each subencoding is for: noise, gradients, text of few colours, long runs, one colour. */
function pattern(kind: number, width: number, height: number, seed: number): Uint32Array {
  let state = seed * 2654435761 >>> 0 || 1;
  const random = (): number => state = Math.imul(state ^ state >>> 15, 0x2c1b3c6d) + 0x9e3779b9 >>> 0;
  return Uint32Array.from({ length: width * height }, (_, i) => {
    const x = i % width, y = Math.floor(i / width);
    switch (kind % 6) {
      case 0:
        return random() & 0xff_ffff;
      case 1:
        return seed * 77777 & 0xff_ffff;
      case 2:
        return (random() & 3) * 0x314159 & 0xff_ffff;
      case 3:
        return (x * 3 & 0xff) << 16 | (y * 5 & 0xff) << 8 | seed & 0xff;
      case 4:
        return (Math.floor(i / 700) * 0x10203 + seed) & 0xff_ffff;
      default:
        return (Math.floor(i / 3) % 90) * 0x20401 & 0xff_ffff;
    }
  });
}

for (const encoding of ["raw", "zrle", "tight"] as const) {
  for (const [name, format] of Object.entries(FORMATS)) {
    Deno.test(`${encoding} with ${name}: an independent decoder gets every pixel, over many updates`, async () => {
      const { display, screens } = localScreens();
      await using server = new RfbServer(screens.screen(), { port: 0 });
      const width = 203, height = 131;
      display.present(0, testFrame(pattern(0, width, height, 1), width));
      using client = await RfbClient.connect(server.port, { format, encodings: [Encoding[encoding]] });
      for (let kind = 0; kind < 12; kind++) {
        const words = pattern(kind, width, height, kind + 1);
        display.present(0, testFrame(words, width));
        await client.request(false);
        const { rects } = await client.update();
        assertEquals(rects.every((rect) => rect.encoding === Encoding[encoding]), true);
        assertEquals(client.screen, words.map((word) => rounded(format, word)), `picture ${kind}`);
      }
    });
  }
}

Deno.test("a viewer with a colour map gets one, and indices into it", async () => {
  const { display, screens } = localScreens();
  await using server = new RfbServer(screens.screen(), { port: 0 });
  const words = pattern(3, 100, 70, 5);
  display.present(0, testFrame(words, 100));
  const format = { ...NATIVE_FORMAT, bitsPerPixel: 8, depth: 8, trueColour: false };
  using client = await RfbClient.connect(server.port, { format, encodings: [Encoding.zrle] });
  await client.request(false);
  assertEquals((await client.next()).kind, "colourMap");
  await client.update();
  const worst = words.reduce((most, word, i) => {
    const green = Math.abs((word >>> 8 & 0xff) - (client.screen[i] >>> 8 & 0xff));
    return Math.max(most, green);
  }, 0);
  assertEquals(worst > 0 && worst <= 19, true, `${worst}`);
});

Deno.test("any damage of any picture: an incremental viewer ends up with the last one", async () => {
  const part = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 1, max: 150 }),
      fc.constantFrom(Encoding.raw, Encoding.zrle, Encoding.tight),
      fc.array(
        // At 1 the damage would be beyond the picture: nobody would be told of it.
        fc.tuple(fc.nat(5), part, part),
        {
          minLength: 1,
          maxLength: 5,
        },
      ),
      async (width, height, encoding, steps) => {
        const { display, screens } = localScreens();
        await using server = new RfbServer(screens.screen(), { port: 0 });
        const words = pattern(2, width, height, 9);
        display.present(0, testFrame(words, width));
        using client = await RfbClient.connect(server.port, { encodings: [encoding] });
        await client.request(false);
        await client.update();
        for (const [i, [kind, a, b]] of steps.entries()) {
          const rect = { x: Math.floor(a * width), y: Math.floor(b * height), width: 0, height: 0 };
          rect.width = Math.ceil((width - rect.x) * b) || 1;
          rect.height = Math.ceil((height - rect.y) * a) || 1;
          const fresh = pattern(kind, width, height, i + 2);
          let same = true;
          for (let y = rect.y; y < rect.y + rect.height; y++) {
            for (let x = rect.x; x < rect.x + rect.width; x++) {
              same &&= words[y * width + x] === fresh[y * width + x];
              words[y * width + x] = fresh[y * width + x];
            }
          }
          display.present(0, testFrame(words, width, [rect]));
          if (same) continue;
          await client.request(true);
          await client.update();
          assertEquals(client.screen, words);
        }
      },
    ),
    { numRuns: 40 },
  );
});
