/**
 * Presentation on Linux from /dev/dxg: a kernel draws frames, a dma-buf carries them to the display of another driver, and a
 * sync_file tells it when each is ready. Nothing is copied between the GPU's client and the plane.
 *
 *     deno run -A examples/dxg_present.ts [PICTURE.png] [--gpu NAME] [--on vkms|virtio_gpu]
 * @module
 */

import { parseArgs } from "node:util";
import { createSystem, drivers, PngDisplay } from "@udrm/udrm";
import { encodePng } from "@udrm/udrm/display/png";
import { openCompute } from "@udrm/udrm/umd/compute";
import { compileWgsl } from "@udrm/udrm/umd/compute/compile";
import { modeBytes, openCard } from "@udrm/udrm/umd/drm";
import {
  DRM_FORMAT_XRGB8888,
  DRM_MODE_ATOMIC_ALLOW_MODESET,
  DRM_MODE_PAGE_FLIP_EVENT,
  DRM_PLANE_TYPE_PRIMARY,
} from "@udrm/udrm/uapi";

const WIDTH = 640, HEIGHT = 480, FRAMES = 60;
const { values: { gpu, on }, positionals: [out = "out/dxg_present.png"] } = parseArgs({
  allowPositionals: true,
  options: { gpu: { type: "string" }, on: { type: "string", default: "vkms" } },
});

/** Waves from two points that move with the frame. */
const WAVES = `
  struct P { width: u32, height: u32, pitch: u32, time: f32 }
  var<immediate> p: P;
  @group(0) @binding(0) var<storage, read_write> pixels: array<u32>;
  @compute @workgroup_size(8, 8)
  fn main(@builtin(global_invocation_id) id: vec3u) {
    if (id.x >= p.width || id.y >= p.height) { return; }
    let at = (vec2f(id.xy) + 0.5) / f32(p.height);
    let turn = 6.2831853 * p.time;
    let one = distance(at, vec2f(0.667 + 0.35 * cos(turn), 0.5 + 0.25 * sin(turn)));
    let two = distance(at, vec2f(0.667 - 0.35 * cos(turn), 0.5 - 0.25 * sin(turn)));
    let wave = 0.5 + 0.25 * (cos(48.0 * one) + cos(48.0 * two));
    let light = vec3f(wave * wave, 0.25 + 0.6 * wave * (1.0 - one), 0.3 + 0.7 * wave) * 255.0;
    let rgb = vec3u(clamp(light, vec3f(), vec3f(255.0)));
    pixels[id.y * (p.pitch / 4u) + id.x] = 0xff000000u | (rgb.r << 16u) | (rgb.g << 8u) | rgb.b;
  }`;

using display = new PngDisplay();
const monitors = [{ enabled: true, width: WIDTH, height: HEIGHT }];
using system = createSystem({
  drivers: [
    on === "vkms" ? drivers.vkms({ display }) : drivers.virtioGpu({ display, blobs: true, monitors }),
    drivers.dxg({ gpu }),
  ],
  clock: "monotonic",
  pages: "memfd",
});
using process = system.process({ comm: "dxg_present" });
using card = openCard(process, "/dev/dri/card0");
card.becomeAtomic();
const connector = card.connectors()[0], crtc = connector.crtc();
const mode = connector.modes.find(({ hdisplay, vdisplay }) => hdisplay === WIDTH && vdisplay === HEIGHT);
if (mode === undefined) throw new Error(`The monitor has no mode of ${WIDTH}x${HEIGHT}`);
const plane = card.planeOf(crtc, DRM_PLANE_TYPE_PRIMARY);

using device = openCompute(process);
using waves = device.kernel(await compileWgsl(WAVES));

// Two surfaces: one is shown while the next frame is drawn into the other.
const buffers = [0, 1].map(() => {
  const surface = device.surface({ width: WIDTH, height: HEIGHT, format: DRM_FORMAT_XRGB8888 });
  const fd = surface.share();
  const handles = [card.importDmaBuf(fd)], pitches = [surface.pitch];
  process.close(fd);
  return {
    surface,
    fb: card.addFramebuffer({ width: WIDTH, height: HEIGHT, format: surface.format, handles, pitches }),
  };
});

const request = card.atomic();
request.setAll(connector, { CRTC_ID: crtc.id });
request.setAll(crtc, { MODE_ID: card.createBlob(modeBytes(mode)), ACTIVE: 1 });
const size = { SRC_W: WIDTH * 65536, SRC_H: HEIGHT * 65536, CRTC_W: WIDTH, CRTC_H: HEIGHT };
request.setAll(plane, { CRTC_ID: crtc.id, SRC_X: 0, SRC_Y: 0, CRTC_X: 0, CRTC_Y: 0, ...size });
const started = performance.now();
for (let frame = 0; frame < FRAMES; frame++) {
  const { surface, fb } = buffers[frame % 2];
  const push = new DataView(new ArrayBuffer(16));
  [WIDTH, HEIGHT, surface.pitch].forEach((value, i) => push.setUint32(4 * i, value, true));
  push.setFloat32(12, frame / FRAMES, true);
  const drawn = device.queue.dispatch(waves, waves.groups(WIDTH, HEIGHT), [surface.buffer], push).flush();
  // The commit is made before the frame is there: the display waits for the fence.
  const ready = drawn.syncFile();
  request.setAll(plane, { FB_ID: fb, IN_FENCE_FD: ready });
  const first = frame === 0 ? DRM_MODE_ATOMIC_ALLOW_MODESET : 0;
  const result = await request.commitWait(first | DRM_MODE_PAGE_FLIP_EVENT, BigInt(frame));
  if (result !== 0) throw new Error(`Flip ${frame} failed: ${result}`);
  await card.events.until((event) => event.kind === "flip" && event.userData === BigInt(frame));
  process.close(ready);
}
const seconds = (performance.now() - started) / 1000;
const picture = display.picture();
if (picture === undefined) throw new Error("The display shows nothing");
await Deno.mkdir(out.replace(/[^/]*$/, "./"), { recursive: true });
await Deno.writeFile(out, await encodePng(picture));
console.log(
  `${device.name} drew ${FRAMES} frames on ${on} in ${
    seconds.toFixed(1)
  } s, ${display.frames()} came; the last is ${out}`,
);
for (const { surface } of buffers) surface[Symbol.dispose]();
