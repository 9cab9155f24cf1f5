/**
 * First light: a picture goes from a client's ioctl through a virtqueue and Vulkan to a file.
 *
 *     deno run -A examples/first_light.ts [PICTURE.png] [--trace] [--gpu NAME] [--renderer soft2d|vulkan2d] [--out DIR] [--json]
 *
 * Opens /dev/dri/card0 as any client would, sets the preferred mode atomically, lets the picture dawn over 60 flips with a
 * cursor above it, and writes what the display saw.
 * @module
 */

import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createSystem, drivers, PngDisplay } from "@udrm/udrm";
import { formatTrace, type TraceEvent } from "@udrm/udrm/core";
import { soft2d } from "@udrm/udrm/host/render/soft2d";
import { vulkan2d } from "@udrm/udrm/host/render/vulkan2d";
import { type AtomicRequest, type DrmCard, modeBytes, openCard } from "@udrm/udrm/umd/drm";
import {
  DRM_FORMAT_ARGB8888,
  DRM_FORMAT_XRGB8888,
  DRM_MODE_ATOMIC_ALLOW_MODESET,
  DRM_MODE_ATOMIC_NONBLOCK,
  DRM_MODE_PAGE_FLIP_EVENT,
  DRM_PLANE_TYPE_CURSOR,
  DRM_PLANE_TYPE_PRIMARY,
} from "@udrm/udrm/uapi";
import { encodePng } from "@udrm/udrm/display/png";
import { type Picture, readPicture } from "./picture.ts";

const FLIPS = 60;
const CURSOR = 64;

/** The picture as XRGB8888 words of the screen's size: scaled to fit, centred on black. */
function fit(source: Picture, width: number, height: number): Uint32Array {
  const words = new Uint32Array(width * height);
  const scale = Math.min(width / source.width, height / source.height);
  const w = Math.max(1, Math.round(source.width * scale)), h = Math.max(1, Math.round(source.height * scale));
  const left = (width - w) >> 1, top = (height - h) >> 1;
  for (let y = 0; y < h; y++) {
    const row = Math.min(source.height - 1, Math.floor((y + 0.5) * source.height / h));
    for (let x = 0; x < w; x++) {
      const column = Math.min(source.width - 1, Math.floor((x + 0.5) * source.width / w));
      words[(top + y) * width + left + x] = source.at(column, row);
    }
  }
  return words;
}

/** The picture at `level` of its light, 0 to 256, into `target`. */
function dawn(picture: Uint32Array, level: number, target: Uint32Array): void {
  if (level === 256) return target.set(picture);
  for (let i = 0; i < picture.length; i++) {
    const p = picture[i];
    // Red and blue in one multiplication, green in another: eight bits of room lie between them.
    const rb = ((p & 0xff00ff) * level >>> 8) & 0xff00ff;
    const g = ((p & 0x00ff00) * level >>> 8) & 0x00ff00;
    target[i] = rb | g;
  }
}

/** An arrow with a dark edge, premultiplied ARGB8888. */
function drawCursor(words: Uint32Array, stride: number): void {
  for (let y = 0; y < 28; y++) {
    for (let x = 0; x <= Math.min(y, 20); x++) {
      const tail = y > 18 && (x < (y - 18) * 0.9 + 2 || x > (y - 18) * 0.9 + 9);
      if (tail && y - x < 28 && (y > 20 || x > 12)) continue;
      const edge = x === 0 || x === Math.min(y, 20) || y === 27;
      words[y * stride + x] = edge ? 0xff101018 : 0xffffffff;
    }
  }
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

const HELP =
  `Usage: deno task demo [PICTURE.png] [--trace] [--gpu NAME] [--renderer vulkan2d|soft2d] [--out DIR] [--json]

Draws a picture through /dev/dri/card0 of the virtio-gpu driver and writes what the display saw:
  out/first_light.png        the last of ${FLIPS} frames
  out/first_light.anim.png   the dawn, as a small animation

  PICTURE.png        a PNG file of your own, of any size and kind
  --trace            every ioctl, virtio command and fence, decoded
  --gpu NAME         part of the GPU's name, or its number in udrm info
  --renderer NAME    vulkan2d (the default), or soft2d, which needs no Vulkan
  --out DIR          where to write, default out
  --json             the figures as JSON

Example: deno task demo ~/Pictures/cat.png --trace`;

function options(argv: string[]) {
  return parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      trace: { type: "boolean" },
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
      gpu: { type: "string" },
      renderer: { type: "string" },
      out: { type: "string" },
    },
  });
}

/** Ends the program with a sentence that says what to do: 2 for a wrong command line, 1 for anything else. */
function stop(code: 1 | 2, sentence: string): never {
  console.error(`first_light: ${sentence}`);
  Deno.exit(code);
}

/** What went wrong, in words; a permission that is missing names the command that has it. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return error instanceof Deno.errors.NotCapable ? `${text}; \`deno task demo\` has all that it needs` : text;
}

/** The value of an attempt; the program ends with `what` and the reason if it fails. */
function attempt<T>(what: string, make: () => T, advice = ""): T {
  try {
    return make();
  } catch (error) {
    return stop(1, `${what}: ${reasonOf(error)}${error instanceof Deno.errors.NotCapable ? "" : advice}`);
  }
}

function commandLine(): ReturnType<typeof options> {
  try {
    return options([...Deno.args]);
  } catch (error) {
    return stop(2, `${reasonOf(error).split(". ")[0]}; deno task demo --help tells what there is`);
  }
}

const { values: args, positionals } = commandLine();
if (args.help) {
  console.log(HELP);
  Deno.exit(0);
}
if (positionals.length > 1) stop(2, `one picture at a time, not ${positionals.join(" and ")}`);
const rendererName = args.renderer ?? "vulkan2d";
if (rendererName !== "vulkan2d" && rendererName !== "soft2d") {
  stop(2, `there is no renderer "${rendererName}": choose vulkan2d or soft2d`);
}
const out = args.out ?? "out";
const path = positionals[0] ?? fileURLToPath(new URL("./first_light.png", import.meta.url));
let source: Picture | undefined = attempt(`Cannot read ${path}`, () => readPicture(Deno.readFileSync(path)));
attempt(
  `Cannot write to ${out}`,
  () => Deno.mkdirSync(out, { recursive: true }),
  "; name another folder with --out DIR",
);

// The floors, from the top: a client, the core with the virtio_gpu driver, the virtqueue, the host device, Vulkan, a display.
using house = new DisposableStack();
const renderer = attempt(
  `Cannot render with ${rendererName}`,
  () => house.use(rendererName === "soft2d" ? soft2d() : vulkan2d({ gpu: args.gpu })),
  `\n\`deno task udrm info\` lists the GPUs; --renderer soft2d draws the same without Vulkan`,
);
using display = new PngDisplay({ recordEvery: 4, recordShrink: 4 });
const system = attempt("Cannot start", () =>
  house.use(createSystem({
    drivers: [drivers.virtioGpu({ renderer, display })],
    clock: "monotonic",
    pages: "memfd",
  })));
const counts = new Map<string, number>();
const count = (event: TraceEvent): void => {
  counts.set(event.floor, (counts.get(event.floor) ?? 0) + 1);
  if (args.trace) console.error(formatTrace(event));
};
house.use(system.trace.listen(count));

const process = house.use(system.process({ comm: "first_light" }));
const card: DrmCard = house.use(openCard(process));
card.becomeAtomic();

const connector = card.connectors().find((c) => c.connected);
if (connector === undefined) throw new Error("no connector has a monitor");
const crtc = connector.crtc();
const mode = connector.preferredMode;
const primary = card.planeOf(crtc, DRM_PLANE_TYPE_PRIMARY);
const pointer = card.planeOf(crtc, DRM_PLANE_TYPE_CURSOR);
const { hdisplay: width, vdisplay: height } = mode;
const picture = fit(source, width, height);
source = undefined; // millions of bytes that nobody needs any more

// Two buffers to flip between, one for the cursor.
const front = house.use(card.createDumb(width, height));
const back = house.use(card.createDumb(width, height));
const arrow = house.use(card.createDumb(CURSOR, CURSOR));
const buffers = [front, back];
const words = buffers.map((b) => new Uint32Array(b.bytes.buffer, b.bytes.byteOffset, width * height));
drawCursor(new Uint32Array(arrow.bytes.buffer, arrow.bytes.byteOffset, CURSOR * CURSOR), CURSOR);

const whole = { SRC_X: 0, SRC_Y: 0, CRTC_X: 0, CRTC_Y: 0 };
const modeset: AtomicRequest = card.atomic();
dawn(picture, 0, words[0]);
const blob = card.createBlob(modeBytes(mode));
modeset.setAll(connector, { CRTC_ID: crtc.id });
modeset.setAll(crtc, { MODE_ID: blob, ACTIVE: 1 });
modeset.setAll(primary, {
  ...whole,
  FB_ID: front.framebuffer(DRM_FORMAT_XRGB8888),
  CRTC_ID: crtc.id,
  SRC_W: width * 65536,
  SRC_H: height * 65536,
  CRTC_W: width,
  CRTC_H: height,
});
modeset.setAll(pointer, {
  ...whole,
  FB_ID: arrow.framebuffer(DRM_FORMAT_ARGB8888),
  CRTC_ID: crtc.id,
  SRC_W: CURSOR * 65536,
  SRC_H: CURSOR * 65536,
  CRTC_W: CURSOR,
  CRTC_H: CURSOR,
});
await modeset.commitWait(DRM_MODE_ATOMIC_ALLOW_MODESET);
modeset[Symbol.dispose]();

// The dawn: each frame is drawn, committed without blocking, and awaited by its page-flip event and its out fence.
const drawTimes: number[] = [], flipTimes: number[] = [], intervals: number[] = [];
const outFence = process.alloc(8);
const fenceFd = new DataView(outFence.bytes.buffer, outFence.bytes.byteOffset, 8);
let lastFlip = 0;
const started = performance.now();
const flip: AtomicRequest = house.use(card.atomic());
for (let frame = 1; frame <= FLIPS; frame++) {
  const begin = performance.now();
  const buffer = buffers[frame % 2];
  dawn(picture, Math.round(256 * Math.sin(frame / FLIPS * Math.PI / 2)), words[frame % 2]);
  drawTimes.push(performance.now() - begin);

  flip.clear();
  flip.set(primary, "FB_ID", buffer.framebuffer(DRM_FORMAT_XRGB8888));
  flip.set(pointer, "CRTC_X", Math.round(width * (0.2 + 0.5 * frame / FLIPS)));
  flip.set(pointer, "CRTC_Y", Math.round(height * (0.7 - 0.3 * Math.sin(frame / FLIPS * Math.PI))));
  flip.set(crtc, "OUT_FENCE_PTR", outFence.address);
  const commit = performance.now();
  const result = flip.commit(DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT, BigInt(frame));
  if (result < 0) throw new Error(`flip ${frame} failed: ${result}`);
  flipTimes.push(performance.now() - commit);

  const event = await card.events.until((e) => e.kind === "flip");
  if (event.kind !== "flip" || event.userData !== BigInt(frame)) throw new Error(`flip ${frame}: another event came`);
  const fence = process.file(fenceFd.getInt32(0, true));
  if (fence.poll(1) === 0) throw new Error(`flip ${frame}: its event came before its fence`);
  fence.close();
  if (lastFlip !== 0) intervals.push((event.timeUs - lastFlip) / 1000);
  lastFlip = event.timeUs;
}
const seconds = (performance.now() - started) / 1000;

const shown = display.raw();
const exact = shown !== undefined && picture.every((word, i) => {
  const at = i * 4;
  return (word & 0xff) === shown.bytes[at] && (word >>> 8 & 0xff) === shown.bytes[at + 1] &&
    (word >>> 16 & 0xff) === shown.bytes[at + 2];
});
const screen = display.picture();
if (screen === undefined) throw new Error("the display shows nothing");
const version = card.version();
const executedBy = renderer.device;
// The screen goes dark; packing the pictures takes as much memory as Vulkan gives back.
house.dispose();
attempt(`Cannot write to ${out}`, () => {
  Deno.writeFileSync(`${out}/first_light.png`, encodePng(screen));
  Deno.writeFileSync(`${out}/first_light.anim.png`, display.apng(66));
}, "; name another folder with --out DIR");

const figures = {
  executedBy,
  mode: `${width}x${height}@${mode.vrefresh}`,
  frames: FLIPS,
  seconds,
  drawMs: median(drawTimes),
  commitMs: median(flipTimes),
  intervalMs: median(intervals),
  exact,
  events: Object.fromEntries(counts),
  files: [`${out}/first_light.png`, `${out}/first_light.anim.png`],
};
if (args.json) console.log(JSON.stringify(figures, undefined, 1));
else {
  const n = (floor: string): number => counts.get(floor) ?? 0;
  console.log(`executed by  ${figures.executedBy}
client       ${FLIPS} flips of ${figures.mode} in ${seconds.toFixed(2)} s, ${n("client")} ioctls on ${connector.name}
core         commit ${figures.commitMs.toFixed(2)} ms, vblank every ${figures.intervalMs.toFixed(2)} ms, ${
    n("core")
  } flips done
driver       ${version.name} ${version.version.join(".")}: ${n("gpu")} virtio commands sent
bus          ${n("bus")} kicks and interrupts on the virtqueues
host         ${n("host")} commands executed, ${n("render")} batches submitted to ${rendererName}
display      ${display.frames()} frames seen; the last one is ${exact ? "the picture, exactly" : "NOT the picture"}
written      ${figures.files.join(", ")}`);
}
if (!exact) Deno.exit(1);
