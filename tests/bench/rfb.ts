/**
 * What a VNC viewer is sent: updates a second and bytes of each, for a change of all of 1920x1080 and of 64x64, per encoding. The
 * reference is node:zlib over the same pixels in one piece (for Raw: copying them), without a protocol and without a connection.
 * The viewer is a Worker (rfb_viewer.ts).
 * @module
 */

import { deflateSync } from "node:zlib";
import { localScreens } from "udrm/drivers/display/board/mod.ts";
import { RfbServer } from "udrm/drivers/display/rfb/server.ts";
import { testFrame } from "udrm/drivers/display/rfb/testing.ts";
import { Encoding } from "udrm/drivers/display/rfb/wire.ts";
import type { BenchRow } from "./harness.ts";
import type { ViewerReport, ViewerTask } from "./rfb_viewer.ts";

const WIDTH = 1920, HEIGHT = 1080;

/** A desktop: plain areas, a gradient, and text. `turn` changes every pixel. */
function desktop(turn: number): Uint32Array {
  return Uint32Array.from({ length: WIDTH * HEIGHT }, (_, i) => {
    const x = i % WIDTH, y = Math.floor(i / WIDTH);
    const base = turn * 0x010101;
    if (y < 40) return 0x202830 + base;
    if (x < 700) return ((x * 2654435761 ^ y * 40503) >>> 5 & 7) === 0 ? 0xe0e0e0 + base : 0x101010 + base;
    if (y > 800) return (x >> 3 & 0xff) << 16 | (y >> 2 & 0xff) << 8 | turn & 0xff;
    return 0x406080 + base;
  });
}

async function measure(name: keyof typeof ENCODINGS, full: boolean): Promise<BenchRow[]> {
  const { display, screens } = localScreens();
  await using server = new RfbServer(screens.screen(), { port: 0 });
  const pictures = [desktop(0), desktop(9)];
  display.present(0, testFrame(pictures[0], WIDTH));
  const viewer = new Worker(new URL("./rfb_viewer.ts", import.meta.url), { type: "module" });
  let next = Promise.withResolvers<number>();
  viewer.onmessage = ({ data }: MessageEvent<ViewerReport>) => next.resolve(data.bytes);
  const took = async (present: () => void): Promise<number> => {
    next = Promise.withResolvers();
    present();
    return await next.promise;
  };
  const rounds = full ? 12 : 300;
  const rect = { x: 640, y: 512, width: 64, height: 64 };
  const task: ViewerTask = { port: server.port, encodings: [ENCODINGS[name], Encoding.copyRect, Encoding.lastRect] };
  await took(() => viewer.postMessage(task));
  const show = (i: number): Promise<number> =>
    took(() => display.present(0, testFrame(pictures[i & 1], WIDTH, full ? [] : [rect])));
  for (let i = 1; i <= 4; i++) await show(i);
  let sent = 0;
  const begin = performance.now();
  for (let i = 1; i <= rounds; i++) sent += await show(i);
  const seconds = (performance.now() - begin) / 1000;
  const bytes = sent / rounds;
  viewer.terminate();
  const pixels = full ? pictures : pictures.map((words) => {
    const part = new Uint32Array(64 * 64);
    for (let y = 0; y < 64; y++) part.set(words.subarray((512 + y) * WIDTH + 640, (512 + y) * WIDTH + 704), y * 64);
    return part;
  });
  const raw = pixels.map((words) => new Uint8Array(words.buffer));
  let size = 0;
  const start = performance.now();
  for (let i = 1; i <= rounds; i++) {
    size += name === "Raw" ? raw[i & 1].slice().length : deflateSync(raw[i & 1], { level: 1 }).length;
  }
  const spent = (performance.now() - start) / 1000;
  const what = `${name} ${full ? "1920x1080" : "64x64"}`;
  const reference = name === "Raw" ? "copy" : "zlib level 1";
  const row = (unit: string, value: number, referenceValue: number): BenchRow => ({
    name: `rfb ${what}`,
    unit,
    reference,
    value,
    referenceValue,
    ratio: value / referenceValue,
  });
  return [row("updates/s", rounds / seconds, rounds / spent), row("bytes", bytes, size / rounds)];
}

const ENCODINGS = { Raw: Encoding.raw, ZRLE: Encoding.zrle, Tight: Encoding.tight } as const;

/** The rows. */
export async function bench(): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const name of ["Raw", "ZRLE", "Tight"] as const) {
    for (const full of [true, false]) rows.push(...await measure(name, full));
  }
  return rows;
}
