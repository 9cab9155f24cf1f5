import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { localScreens } from "../board/mod.ts";
import { MoveFinder } from "./moves.ts";
import { NATIVE_FORMAT } from "./pixel_format.ts";
import { RfbServer } from "./server.ts";
import { type ReceivedRect, RfbClient, testFrame } from "./testing.ts";
import { Encoding } from "./wire.ts";

const WIDTH = 320, HEIGHT = 256;

/** Noise that is the same for the same place. */
function noise(x: number, y: number, seed = 0): number {
  const mixed = Math.imul(x * 2654435761 ^ y * 40503 ^ seed * 97, 0x2c1b3c6d);
  return (mixed >>> 13 & 3) === 0 ? 0xffffff : 0x102030 + (mixed >>> 9 & 1);
}

const picture = (word: (x: number, y: number) => number): Uint32Array =>
  Uint32Array.from({ length: WIDTH * HEIGHT }, (_, i) => word(i % WIDTH, Math.floor(i / WIDTH)));

async function rig(words: Uint32Array, encodings: readonly number[] = [Encoding.zrle, Encoding.copyRect]) {
  const { display, screens } = localScreens();
  const server = new RfbServer(screens.screen(), { port: 0 });
  display.present(0, testFrame(words, WIDTH));
  const client = await RfbClient.connect(server.port, { encodings });
  await client.request(false);
  await client.update();
  return {
    client,
    async show(next: Uint32Array): Promise<readonly ReceivedRect[]> {
      display.present(0, testFrame(next, WIDTH));
      await client.request(true);
      const { rects } = await client.update();
      assertEquals(client.screen, next);
      return rects;
    },
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

const copied = (rects: readonly ReceivedRect[]): number =>
  rects.filter(({ encoding }) => encoding === Encoding.copyRect).reduce((sum, { at }) => sum + at[2] * at[3], 0);
const sent = (rects: readonly ReceivedRect[]): number =>
  rects.filter(({ encoding }) => encoding !== Encoding.copyRect).reduce((sum, { at }) => sum + at[2] * at[3], 0);

for (const [what, dx, dy] of [["up", 0, 16], ["down", 0, -23], ["left", 40, 0], ["aslant", -7, 11]] as const) {
  Deno.test(`CopyRect: what scrolls ${what} is copied, first, and little is sent`, async () => {
    await using at = await rig(picture((x, y) => noise(x, y)));
    const rects = await at.show(picture((x, y) => noise(x + dx, y + dy)));
    assertEquals(rects[0].encoding, Encoding.copyRect);
    const first = rects.findIndex(({ encoding }) => encoding !== Encoding.copyRect);
    assert(rects.slice(first).every(({ encoding }) => encoding === Encoding.zrle));
    assertEquals(copied(rects), (WIDTH - Math.abs(dx)) * (HEIGHT - Math.abs(dy)));
    assert(sent(rects) < WIDTH * HEIGHT / 2, `${sent(rects)} pixels`);
  });
}

Deno.test("CopyRect: a window that moves over a background is copied, what it uncovers is sent", async () => {
  const at = (left: number, top: number): Uint32Array =>
    picture((x, y) => {
      const inside = x >= left && x < left + 150 && y >= top && y < top + 120;
      return inside ? noise(x - left, y - top, 5) : 0x336699;
    });
  await using screen = await rig(at(10, 20));
  for (const [left, top] of [[31, 57], [140, 100], [0, 0]]) {
    const rects = await screen.show(at(left, top));
    assert(copied(rects) >= 150 * 120, `${copied(rects)} pixels`);
  }
});

Deno.test("CopyRect: viewers that do not know it, and pictures in which nothing moves, get none", async () => {
  await using plain = await rig(picture((x, y) => noise(x, y)), [Encoding.zrle]);
  assertEquals(copied(await plain.show(picture((x, y) => noise(x, y + 16)))), 0);
  await using other = await rig(picture((x, y) => noise(x, y)));
  assertEquals(copied(await other.show(picture((x, y) => noise(x, y, 77)))), 0);
});

Deno.test("CopyRect: nothing is copied from where nobody knows what the viewer has", async () => {
  const { display, screens } = localScreens();
  await using server = new RfbServer(screens.screen(), { port: 0 });
  const encodings = [Encoding.raw, Encoding.copyRect];
  display.present(0, testFrame(picture((x, y) => noise(x, y)), WIDTH));
  using client = await RfbClient.connect(server.port, { encodings });
  // It has the lower half alone, so that the upper one is not there to come from.
  await client.request(false, [0, 128, WIDTH, 128]);
  await client.update();
  const down = picture((x, y) => noise(x, y - 140));
  display.present(0, testFrame(down, WIDTH));
  await client.request(true, [0, 128, WIDTH, 128]);
  assertEquals(copied((await client.update()).rects), 0);
  await client.request(false);
  await client.update();
  assertEquals(client.screen, down);
  // Pixels of another format are not those that it would get.
  await client.setFormat({ ...NATIVE_FORMAT, bigEndian: true });
  const more = picture((x, y) => noise(x, y - 110));
  display.present(0, testFrame(more, WIDTH));
  await client.request(true);
  assertEquals(copied((await client.update()).rects), 0);
  assertEquals(client.screen, more);
});

Deno.test("CopyRect: whatever moves wherever over whatever, a viewer ends up with the picture", async () => {
  let copies = 0;
  const part = fc.record({ x: fc.nat(WIDTH - 1), y: fc.nat(HEIGHT - 1), width: fc.nat(250), height: fc.nat(200) });
  const step = fc.record({
    part,
    dx: fc.integer({ min: -90, max: 90 }),
    dy: fc.integer({ min: -90, max: 90 }),
    scribble: fc.option(part),
    clip: fc.option(part),
    full: fc.nat(9).map((n) => n === 0),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 6 }),
      fc.constantFrom(Encoding.raw, Encoding.zrle, Encoding.tight),
      fc.boolean(),
      async (steps, encoding, large) => {
        const words = picture((x, y) => noise(x, y, large ? 3 : 4));
        const { display, screens } = localScreens();
        await using server = new RfbServer(screens.screen(), { port: 0 });
        display.present(0, testFrame(words, WIDTH));
        const offered = large ? [Encoding.lastRect] : [];
        using client = await RfbClient.connect(server.port, { encodings: [encoding, Encoding.copyRect, ...offered] });
        await client.request(false);
        await client.update();
        for (const [i, { part, dx, dy, scribble, clip, full }] of steps.entries()) {
          const old = words.slice();
          const each = (rect: typeof part, word: (x: number, y: number) => number): void => {
            for (let y = rect.y; y < Math.min(HEIGHT, rect.y + rect.height); y++) {
              for (let x = rect.x; x < Math.min(WIDTH, rect.x + rect.width); x++) words[y * WIDTH + x] = word(x, y);
            }
          };
          each(
            part,
            (x, y) =>
              x + dx < WIDTH && y + dy < HEIGHT && x + dx >= 0 && y + dy >= 0
                ? old[(y + dy) * WIDTH + x + dx]
                : 0x808080 + i,
          );
          if (scribble !== null) each(scribble, (x, y) => noise(x, y, i + 10));
          words[i] = i + 1; // something has changed
          display.present(0, testFrame(words, WIDTH));
          if (clip !== null) {
            await client.request(!full, [clip.x, clip.y, WIDTH - clip.x, HEIGHT - clip.y]);
            // Perhaps nothing changed there: then it is one request with the next.
          }
          words[words.length - 1] = i + 1;
          display.present(0, testFrame(words, WIDTH));
          await client.request(!full);
          while (client.screen.some((word, at) => word !== words[at])) {
            copies += (await client.update()).rects.filter((rect) => rect.encoding === Encoding.copyRect).length;
            await client.request(true);
          }
        }
      },
    ),
    { numRuns: 60 },
  );
  assert(copies > 20, `${copies} copies`);
});

Deno.test("MoveFinder: a shift is found with its whole rectangle, inside the area and no further", () => {
  const before = picture((x, y) => noise(x, y)), now = before.slice();
  for (let y = 50; y < 150; y++) {
    for (let x = 60; x < 260; x++) now[y * WIDTH + x] = before[(y + 9) * WIDTH + x - 5];
  }
  const finder = new MoveFinder();
  const area = { x: 40, y: 30, width: 240, height: 180 };
  const [move] = finder.find(before, now, WIDTH, area, 1);
  assertEquals(move, { x: 60, y: 50, width: 200, height: 100, fromX: 55, fromY: 59 });
  assertEquals(finder.find(before, before, WIDTH, area, 4), []);
  assertEquals(finder.find(before, picture(() => 7), WIDTH, area, 4), []);
  assertEquals(finder.find(before, now, WIDTH, { ...area, width: 31 }, 4), []);
});
