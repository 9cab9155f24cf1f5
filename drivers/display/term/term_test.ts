import { assert, assertEquals } from "@std/assert";
import xterm from "@xterm/headless";
import { inflateSync } from "node:zlib";
import { boxFilter, drawCursor, fit } from "./box_filter.ts";
import { color256, HalfBlocks } from "./half_blocks.ts";
import { encodeKitty } from "./kitty.ts";
import { quantize } from "./palette.ts";
import { encodeSixel } from "./sixel.ts";
import { type TermOptions, TermScreen } from "./term_screen.ts";
import { TestScreen, TestTerminal } from "./testing.ts";

/** A picture of many colours, the same each time. */
function picture(width: number, height: number): Uint8Array {
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 3;
      rgb[at] = x * 255 / width;
      rgb[at + 1] = y * 255 / height;
      rgb[at + 2] = (x * 7 + y * 13) & 0xff;
    }
  }
  return rgb;
}

const pixel = (rgb: Uint8Array, index: number): number =>
  rgb[index * 3] << 16 | rgb[index * 3 + 1] << 8 | rgb[index * 3 + 2];

/** xterm.js as the reference: what a real terminal's cells are after `text`. */
class Emulator {
  readonly #terminal: xterm.Terminal;
  constructor(cols: number, rows: number) {
    this.#terminal = new xterm.Terminal({ cols, rows, allowProposedApi: true, scrollback: 0 });
  }
  feed(text: string): Promise<void> {
    return new Promise((resolve) => this.#terminal.write(text, resolve));
  }
  /** The upper and lower pixel of a cell. */
  halves(column: number, row: number): readonly [number, number] {
    const cell = this.#terminal.buffer.active.getLine(row)?.getCell(column);
    assert(cell !== undefined);
    const char = cell.getChars();
    const background = cell.isBgDefault() ? 0 : cell.getBgColor();
    if (char === "▀") return [cell.getFgColor(), background];
    assert(char === " " || char === "", `cell ${column},${row} holds ${JSON.stringify(char)}`);
    return [background, background];
  }
  line(row: number): string {
    return this.#terminal.buffer.active.getLine(row)?.translateToString() ?? "";
  }
  [Symbol.dispose](): void {
    this.#terminal.dispose();
  }
}

Deno.test("fit keeps proportions within the room", () => {
  assertEquals(fit({ width: 1920, height: 1080 }, { width: 80, height: 48 }), { width: 80, height: 45 });
  assertEquals(fit({ width: 100, height: 1000 }, { width: 80, height: 48 }), { width: 5, height: 48 });
  assertEquals(fit({ width: 8192, height: 1 }, { width: 10, height: 10 }), { width: 10, height: 1 });
});

Deno.test("boxFilter averages what a pixel stands for, and repeats where it enlarges", () => {
  const source = Uint32Array.of(0xff000000, 0x00ff0000, 0x00000064, 0x000000c8);
  const one = new Uint8Array(3);
  boxFilter(source, { width: 2, height: 2 }, one, { width: 1, height: 1 });
  assertEquals([...one], [64, 0, 75]);
  const four = new Uint8Array(4 * 2 * 3);
  boxFilter(source, { width: 2, height: 2 }, four, { width: 4, height: 2 });
  assertEquals([0, 1, 2, 3].map((i) => pixel(four, i)), [0, 0, 0xff0000, 0xff0000]);
  assertEquals([4, 5, 6, 7].map((i) => pixel(four, i)), [0x64, 0x64, 0xc8, 0xc8]);
});

Deno.test("drawCursor blends a premultiplied image at its hot spot, clipped", () => {
  const size = { width: 4, height: 4 };
  const rgb = new Uint8Array(48).fill(100);
  const bytes = new Uint8Array(2 * 2 * 4).fill(255);
  bytes.set([0, 0, 128, 128], 0); // half red
  drawCursor(rgb, size, size, { width: 2, height: 2, hotX: 1, hotY: 1, bytes }, 1, 1);
  assertEquals(pixel(rgb, 0), (128 + 50) << 16 | 50 << 8 | 50);
  assertEquals([1, 4, 5].map((i) => pixel(rgb, i)), [0xffffff, 0xffffff, 0xffffff]);
  assertEquals(pixel(rgb, 2), 0x646464);
  const before = rgb.slice();
  drawCursor(rgb, size, size, { width: 2, height: 2, hotX: 0, hotY: 0, bytes }, -2, 9);
  assertEquals(rgb, before);
});

Deno.test("HalfBlocks shows each pixel as a terminal understands it", async () => {
  using emulator = new Emulator(20, 8);
  const rgb = picture(12, 10);
  await emulator.feed(new HalfBlocks("rgb").encode(rgb, 12, 10, 3, 1));
  for (let y = 0; y < 10; y += 2) {
    for (let x = 0; x < 12; x++) {
      assertEquals(emulator.halves(x + 3, y / 2 + 1), [pixel(rgb, y * 12 + x), pixel(rgb, (y + 1) * 12 + x)]);
    }
  }
  assertEquals(emulator.halves(2, 1), [0, 0]);
});

Deno.test("HalfBlocks sends nothing for a picture that is there, and little for a pixel", async () => {
  using emulator = new Emulator(12, 5);
  const blocks = new HalfBlocks("rgb");
  const rgb = picture(12, 9);
  const whole = blocks.encode(rgb, 12, 9);
  await emulator.feed(whole);
  assertEquals(emulator.halves(0, 4), [pixel(rgb, 8 * 12), 0]);
  assertEquals(blocks.encode(rgb, 12, 9), "");
  rgb.set([1, 2, 3], (3 * 12 + 5) * 3);
  rgb.set([1, 2, 3], (3 * 12 + 8) * 3);
  const part = blocks.encode(rgb, 12, 9);
  assert(part.length < 200, `${part.length} bytes`);
  await emulator.feed(part);
  for (let x = 0; x < 12; x++) {
    assertEquals(emulator.halves(x, 1), [pixel(rgb, 24 + x), pixel(rgb, 36 + x)]);
  }
  blocks.forget();
  assert(blocks.encode(rgb, 12, 9).length > whole.length / 2);
});

Deno.test("HalfBlocks with 256 colours sends the nearest", async () => {
  assertEquals(color256(0xff0000), 196);
  assertEquals(color256(0x000000), 16);
  assertEquals(color256(0x808080), 244);
  assertEquals(color256(0x5f87af), 67);
  using emulator = new Emulator(2, 1);
  await emulator.feed(
    new HalfBlocks("256").encode(Uint8Array.of(255, 0, 0, 128, 128, 128, 0x5f, 0x87, 0xaf, 0, 0, 0), 2, 2),
  );
  assertEquals(emulator.halves(0, 0), [196, 67]);
  assertEquals(emulator.halves(1, 0), [244, 16]);
});

Deno.test("quantize keeps few colours and comes near with many", () => {
  const few = Uint8Array.of(1, 2, 3, 4, 5, 6, 1, 2, 3);
  assertEquals(quantize(few), { colors: [0x010203, 0x040506], pixels: Uint8Array.of(0, 1, 0) });
  const rgb = picture(160, 100);
  const { colors, pixels } = quantize(rgb);
  assert(colors.length <= 256);
  let error = 0;
  for (let i = 0; i < pixels.length; i++) {
    const [a, b] = [pixel(rgb, i), colors[pixels[i]]];
    error += Math.abs((a >> 16) - (b >> 16)) + Math.abs((a >> 8 & 0xff) - (b >> 8 & 0xff)) +
      Math.abs((a & 0xff) - (b & 0xff));
  }
  assert(error / pixels.length / 3 < 12, `${error / pixels.length / 3} of 255`);
  assert(quantize(rgb, 2).colors.length === 2);
});

/** Sixels, decoded by the book: DEC STD 070. */
function decodeSixel(text: string): { width: number; height: number; rgb: Uint8Array } {
  assert(text.startsWith("\x1bP0;1;0q") && text.endsWith("\x1b\\"));
  const body = text.slice(8, -2);
  const raster = /^"1;1;(\d+);(\d+)/.exec(body);
  assert(raster !== null);
  const [width, height] = [Number(raster[1]), Number(raster[2])];
  const rgb = new Uint8Array(width * height * 3);
  const colors = new Map<number, readonly number[]>();
  let color = 0, x = 0, y = 0;
  for (
    const [, hash, define, repeat, char] of body.slice(raster[0].length).matchAll(
      /#(\d+)((?:;\d+){4})?|!?(\d*)([?-~$-])/g,
    )
  ) {
    if (hash !== undefined) {
      color = Number(hash);
      if (define !== undefined) {
        const [space, ...parts] = define.slice(1).split(";").map(Number);
        assertEquals(space, 2);
        colors.set(color, parts.map((part) => Math.round(part * 255 / 100)));
      }
    } else if (char === "$") x = 0;
    else if (char === "-") [x, y] = [0, y + 6];
    else {
      for (let count = Number(repeat || 1); count > 0; count--, x++) {
        for (let bit = 0; bit < 6; bit++) {
          if (((char.charCodeAt(0) - 63) >> bit & 1) === 0) continue;
          assert(x < width && y + bit < height, "a sixel outside of the picture");
          rgb.set(colors.get(color) ?? [], ((y + bit) * width + x) * 3);
        }
      }
    }
  }
  return { width, height, rgb };
}

Deno.test("encodeSixel draws each pixel once, in its colour", () => {
  const rgb = new Uint8Array(50 * 20 * 3);
  for (let i = 0; i < 1000; i++) rgb.set([[255, 0, 0], [0, 255, 0], [51, 102, 153]][(i >> 3) % 3], i * 3);
  const decoded = decodeSixel(encodeSixel(rgb, 50, 20));
  assertEquals([decoded.width, decoded.height], [50, 20]);
  assertEquals(decoded.rgb, rgb);
});

Deno.test("encodeSixel is what libsixel reads", async () => {
  // Few enough colours that none is lost.
  const rgb = picture(64, 33).map((value) => Math.round(value / 51) * 51);
  const file = await Deno.makeTempFile();
  try {
    const child = new Deno.Command("sixel2png", { args: ["-o", file], stdin: "piped", stderr: "null" }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(encodeSixel(rgb, 64, 33)));
    await writer.close();
    assert((await child.status).success);
    const { decode, convertIndexedToRgb } = await import("fast-png");
    const png = decode(await Deno.readFile(file));
    assertEquals([png.width, png.height], [64, 33]);
    const read = png.palette ? convertIndexedToRgb(png) : png.data;
    const channels = png.palette ? png.palette[0].length : png.channels;
    let worst = 0;
    for (let i = 0; i < 64 * 33; i++) {
      for (let c = 0; c < 3; c++) worst = Math.max(worst, Math.abs(Number(read[i * channels + c]) - rgb[i * 3 + c]));
    }
    assert(worst <= 2, `a component is off by ${worst}`);
  } finally {
    await Deno.remove(file);
  }
});

/** The picture of a kitty transmission, as its specification has it. */
function decodeKitty(text: string): { keys: Map<string, string>; rgb: Uint8Array } {
  let keys: Map<string, string> | undefined, data = "", more = "1";
  for (const command of text.split("\x1b\\").slice(0, -1)) {
    assert(command.startsWith("\x1b_G"));
    const [control, payload] = command.slice(3).split(";");
    assertEquals(more, "1");
    assert(payload.length <= 4096 && payload.length % 4 === 0);
    const here = new Map(control.split(",").map((pair) => pair.split("=") as [string, string]));
    assertEquals(here.get("q"), "2");
    more = here.get("m") ?? "0";
    keys ??= here;
    data += payload;
  }
  assertEquals(more, "0");
  assert(keys !== undefined);
  return { keys, rgb: new Uint8Array(inflateSync(Uint8Array.fromBase64(data))) };
}

Deno.test("encodeKitty carries the picture in chunks", () => {
  const rgb = picture(200, 100);
  const text = encodeKitty(rgb, 200, 100, { columns: 20, rows: 5 });
  assert(text.split("\x1b_G").length > 3, "several chunks");
  const { keys, rgb: read } = decodeKitty(text);
  assertEquals(["a", "f", "s", "v", "c", "r"].map((key) => keys.get(key)), ["T", "24", "200", "100", "20", "5"]);
  assertEquals(read, rgb);
});

function screen(terminal: TestTerminal, source: TestScreen, options: TermOptions = {}): TermScreen {
  // The test draws, not the timer.
  return new TermScreen(terminal, source, { fps: 0.001, ...options });
}
const settle = () => new Promise((resolve) => setTimeout(resolve, 1));

Deno.test("TermScreen shows a screen with its proportions, and how to leave it", async () => {
  const terminal = new TestTerminal(40, 11);
  const source = new TestScreen(160, 160, 0x102030);
  source.fill(0, 0, 80, 80, 0xff8040);
  await using term = screen(terminal, source);
  term.draw();
  await settle();
  using emulator = new Emulator(40, 11);
  await emulator.feed(terminal.text);
  // 10 rows are 20 pixels: 20 by 20, in the middle.
  assertEquals(emulator.halves(10, 0), [0xff8040, 0xff8040]);
  assertEquals(emulator.halves(19, 4), [0xff8040, 0xff8040]);
  assertEquals(emulator.halves(20, 4), [0x102030, 0x102030]);
  assertEquals(emulator.halves(29, 9), [0x102030, 0x102030]);
  assertEquals(emulator.halves(9, 0), [0, 0]);
  assertEquals(emulator.line(10).trim(), "test 160x160  Ctrl-] quits");
});

Deno.test("TermScreen sends what changed and nothing else", async () => {
  const terminal = new TestTerminal(40, 11);
  const source = new TestScreen(160, 160);
  await using term = screen(terminal, source);
  term.draw();
  await settle();
  const before = terminal.text.length;
  term.wake();
  term.draw();
  await settle();
  assertEquals(terminal.text.length, before);
  source.fill(16, 16, 8, 8, 0xffffff);
  term.draw();
  await settle();
  const sent = terminal.text.length - before;
  assert(sent > 0 && sent < 60, `${sent} bytes`);
});

Deno.test("TermScreen leaves frames out while the terminal is slow", async () => {
  const terminal = new TestTerminal(40, 11);
  const source = new TestScreen(160, 160);
  await using term = screen(terminal, source);
  terminal.slow = Promise.withResolvers();
  for (let i = 1; i <= 100; i++) {
    source.fill(0, 0, 160, 160, i);
    term.draw();
  }
  await settle();
  assertEquals(terminal.writes, 1);
  terminal.slow.resolve();
  terminal.slow = undefined;
  await settle();
  term.draw();
  await settle();
  assertEquals(terminal.writes, 2);
  using emulator = new Emulator(40, 11);
  await emulator.feed(terminal.text);
  assertEquals(emulator.halves(20, 5), [100, 100]);
});

Deno.test("TermScreen goes dark with the screen, and follows sizes of both", async () => {
  const terminal = new TestTerminal(40, 11);
  const source = new TestScreen(160, 160, 0xffffff);
  await using term = screen(terminal, source);
  const cells = async (columns: number, rows: number) => {
    term.draw();
    await settle();
    const emulator = new Emulator(columns, rows);
    await emulator.feed(terminal.text);
    return emulator;
  };
  {
    using emulator = await cells(40, 11);
    assertEquals(emulator.halves(20, 5)[0], 0xffffff);
  }
  source.setSize(0, 0);
  term.wake();
  {
    using emulator = await cells(40, 11);
    assertEquals(emulator.halves(20, 5)[0], 0);
    assertEquals(emulator.line(10).trim(), "test: the screen is off  Ctrl-] quits");
  }
  source.setSize(400, 100);
  source.fill(0, 0, 400, 100, 0x00ff00);
  terminal.text = "";
  terminal.resize(20, 6);
  {
    using emulator = await cells(20, 6);
    assertEquals(emulator.halves(0, 2), [0x00ff00, 0x00ff00]);
    assertEquals(emulator.halves(0, 0), [0, 0]);
  }
});

Deno.test("TermScreen by kitty and sixel shows the same picture", async () => {
  for (const mode of ["kitty", "sixel"] as const) {
    const terminal = new TestTerminal(20, 6);
    const source = new TestScreen(100, 50, 0x3366cc);
    await using term = screen(terminal, source, { mode });
    await settle();
    assertEquals(terminal.text, "\x1b[16t");
    terminal.type("\x1b[6;10;5t");
    await settle();
    terminal.text = "";
    term.draw();
    await settle();
    const start = terminal.text.indexOf(mode === "kitty" ? "\x1b_Ga=T" : "\x1bP0");
    const end = terminal.text.lastIndexOf("\x1b\\") + 2;
    const image = terminal.text.slice(start, end);
    const { rgb } = mode === "kitty" ? decodeKitty(image) : decodeSixel(image);
    assertEquals(rgb.length, 100 * 50 * 3);
    assertEquals(new Set(Array.from({ length: 5000 }, (_, i) => pixel(rgb, i))), new Set([0x3366cc]));
  }
});

Deno.test("TermScreen gives keys and the pointer to the screen, and Ctrl-] quits", async () => {
  const terminal = new TestTerminal(40, 11);
  const source = new TestScreen(160, 160);
  let quit = 0;
  const term = screen(terminal, source, {
    onQuit: () => quit++,
  });
  term.draw();
  await settle();
  terminal.type("Aé\x1b[<0;11;1M\x1b[<64;1;1M");
  await settle();
  assertEquals(source.heard, [
    // KEY_LEFTSHIFT is 42, KEY_A is 30 (linux/input-event-codes.h).
    "key 42 down",
    "key 30 down",
    "key 30 up",
    "key 42 up",
    "pointer 4 8 1",
    "pointer 0 8 1",
    "wheel -1 0",
  ]);
  assertEquals([source.viewers, terminal.listeners], [1, 1]);
  terminal.type("\x1d");
  await settle();
  assertEquals([quit, source.viewers, terminal.listeners], [1, 0, 0]);
  await term[Symbol.asyncDispose]();
});

Deno.test("TermScreen ends when the terminal is gone", async () => {
  const terminal = new TestTerminal(40, 11);
  let quit = 0;
  await using _term = screen(terminal, new TestScreen(16, 16), { onQuit: () => quit++ });
  terminal.type(undefined);
  await settle();
  assertEquals(quit, 1);
});
