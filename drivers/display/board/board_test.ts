import { assertEquals, assertThrows } from "@std/assert";
import type { Frame, Rect } from "../../../core/display.ts";
import { DRM_FORMAT_XBGR8888, DRM_FORMAT_XRGB8888 } from "../../../uapi/drm_fourcc.ts";
import type { ScreenViewer } from "../screen_source.ts";
import { createBoard, type DisplayInput, localScreens, SharedDisplay, SharedScreens, TileSet } from "./mod.ts";

function frame(
  words: Uint32Array,
  width: number,
  damage: Rect[] = [],
  reads: Rect[] = [],
  format = DRM_FORMAT_XRGB8888,
): Frame {
  const height = words.length / width;
  const bytes = new Uint8Array(words.buffer);
  return {
    format,
    modifier: 0n,
    width,
    height,
    damage,
    read(target, stride, rect = { x: 0, y: 0, width, height }) {
      reads.push(rect);
      for (let y = 0; y < rect.height; y++) {
        const from = ((rect.y + y) * width + rect.x) * 4;
        target.set(bytes.subarray(from, from + rect.width * 4), y * stride);
      }
    },
  };
}

class Viewer implements ScreenViewer {
  readonly dirty = new TileSet();
  woken = 0;
  wake(): void {
    this.woken++;
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test("a screen that nobody looks at is not read; who comes sees all of it", async () => {
  const { display, screens } = localScreens();
  const words = new Uint32Array(100 * 80).fill(0x445566);
  const reads: Rect[] = [];
  display.onRefresh = () => display.present(0, frame(words, 100, [], reads));
  display.present(0, frame(words, 100, [], reads));
  assertEquals(reads.length, 0);
  const viewer = new Viewer();
  using _watch = screens.screen().watch(viewer);
  await turn();
  const screen = screens.screen();
  screen.take();
  assertEquals([screen.width, screen.height, reads.length], [100, 80, 1]);
  assertEquals(screen.pixels, words);
  assertEquals([viewer.dirty.has(0, 0), viewer.dirty.has(1, 1), viewer.dirty.has(2, 0)], [true, true, false]);
});

Deno.test("damage is told once, and taken as tiles by every viewer", async () => {
  const { display, screens } = localScreens();
  const words = new Uint32Array(300 * 200);
  const screen = screens.screen();
  const [a, b] = [new Viewer(), new Viewer()];
  using _a = screen.watch(a);
  using _b = screen.watch(b);
  await turn();
  display.present(0, frame(words, 300));
  screen.take();
  a.dirty.clear();
  b.dirty.clear();
  a.woken = 0;
  words[130 * 300 + 70] = 7;
  for (let i = 0; i < 3; i++) display.present(0, frame(words, 300, [{ x: 70, y: 130, width: 1, height: 1 }]));
  assertEquals(a.woken, 1);
  screen.take();
  for (const { dirty } of [a, b]) {
    assertEquals([dirty.has(1, 2), dirty.has(0, 2), dirty.has(2, 2), dirty.has(1, 1)], [true, false, false, false]);
  }
  assertEquals(screen.pixels[130 * 300 + 70], 7);
});

Deno.test("large frames that nobody has taken are left out, and the last one is shown once somebody has", async () => {
  const { display, screens } = localScreens();
  const words = new Uint32Array(300 * 200);
  const reads: Rect[] = [];
  display.onRefresh = () => display.present(0, frame(words, 300, [], reads));
  const screen = screens.screen();
  using _watch = screen.watch(new Viewer());
  await turn();
  for (let i = 1; i <= 50; i++) {
    words.fill(i);
    display.present(0, frame(words, 300, [], reads));
  }
  assertEquals(reads.length <= 2, true, `${reads.length}`);
  screen.take();
  await turn();
  screen.take();
  assertEquals(screen.pixels[0], 50);
});

Deno.test("other formats become XRGB8888", () => {
  const { display, screens } = localScreens();
  using _watch = screens.screen().watch(new Viewer());
  display.present(0, frame(Uint32Array.of(0x112233, 0x445566), 2, [], [], DRM_FORMAT_XBGR8888));
  screens.screen().take();
  assertEquals([...screens.screen().pixels].map((word) => word & 0xff_ffff), [0x332211, 0x665544]);
});

Deno.test("input goes the other way in order; what finds no room lets go of all keys", () => {
  const heard: unknown[][] = [];
  const input: DisplayInput = {
    key: (...args) => heard.push(["key", ...args]),
    pointer: (...args) => heard.push(["pointer", ...args]),
    wheel: (...args) => heard.push(["wheel", ...args]),
    reset: () => heard.push(["reset"]),
  };
  const board = createBoard();
  let kicks = 0;
  const screens = new SharedScreens({ board, kick: () => kicks++ });
  const display = new SharedDisplay({ board, input, send: (message) => screens.receive(message) });
  display.present(3, frame(new Uint32Array(64), 8));
  const screen = screens.screen(3);
  screen.key(30, true);
  screen.pointer(3, 4, 1);
  screen.wheel(-1, 0);
  assertEquals([kicks, heard.length], [3, 0]);
  display.poll();
  assertEquals(heard.splice(0), [["key", 30, true], ["pointer", 3, 4, 1, 8, 8], ["wheel", -1, 0]]);
  for (let i = 0; i < 5000; i++) screen.key(i & 255, true);
  display.poll();
  assertEquals(heard.splice(0).length, 1024);
  screen.key(5, true);
  display.poll();
  assertEquals(heard, [["reset"], ["key", 5, true]]);
  assertThrows(() => screens.screen(16), RangeError, "scanout 16");
});

Deno.test("frames larger than can be shared are as if the screen were off; those of scanout 16 are nobody's", () => {
  const { display, screens } = localScreens();
  using _watch = screens.screen().watch(new Viewer());
  display.present(0, frame(new Uint32Array(8193), 8193));
  screens.screen().take();
  assertEquals(screens.screen().width, 0);
  display.present(16, frame(new Uint32Array(64), 8));
  display.cursor(16, undefined, 0, 0);
});
