/**
 * A triangle: a client of its own draws by virgl, as Mesa's driver does, and shows it on a screen.
 *
 *     deno run -A examples/triangle.ts [PICTURE.png] [--gpu NAME]
 *
 * Opens the card of a virtio-gpu, makes a context, vertices and two pictures, submits shaders (TGSI) and draws by
 * DRM_IOCTL_VIRTGPU_EXECBUFFER, flips the pictures on KMS behind fences, and writes what the display saw.
 * @module
 */

import { createSystem, drivers, PngDisplay } from "@udrm/udrm";
import { encodePng } from "@udrm/udrm/display/png";
import { modeBytes, openCard } from "@udrm/udrm/umd/drm";
import * as u from "@udrm/udrm/uapi";
import { parseArgs } from "node:util";

const FRAMES = 60;
const WIDTH = 640, HEIGHT = 480;
const { values: { gpu }, positionals: [out = "out/triangle.png"] } = parseArgs({
  allowPositionals: true,
  options: { gpu: { type: "string" } },
});

using display = new PngDisplay();
using system = createSystem({
  drivers: [
    drivers.virtioGpu({ renderer: "virgl", gpu, display, monitors: [{ enabled: true, width: WIDTH, height: HEIGHT }] }),
  ],
  clock: "monotonic",
  pages: "memfd",
});
using process = system.process({ comm: "triangle" });
using card = openCard(process, "/dev/dri/card0");

// A context that takes virgl's commands; without this the first submission makes one.
using once = card.scratch();
const set = once.u64([BigInt(u.VIRTGPU_CONTEXT_PARAM_CAPSET_ID), BigInt(u.VIRTIO_GPU_CAPSET_VIRGL2)]);
const context = u.drm_virtgpu_context_init.of({ num_params: 1, ctx_set_params: set.address });
await card.file.wait(u.DRM_IOCTL_VIRTGPU_CONTEXT_INIT, context);

/** A resource: an object of the guest that the host has an image or a buffer for. */
function resource(target: number, format: number, bind: number, width: number, height: number, size: number) {
  const arg = u.drm_virtgpu_resource_create.of({ target, format, bind, width, height, size, depth: 1, array_size: 1 });
  card.file.ioctl(u.DRM_IOCTL_VIRTGPU_RESOURCE_CREATE, arg);
  return { handle: arg.bo_handle, id: arg.res_handle };
}

const commands: number[] = [];
const floats = (...values: number[]): Uint32Array => new Uint32Array(Float32Array.from(values).buffer);

function command(number: number, object: number, ...words: number[]): void {
  commands.push(u.VIRGL_CMD0(number, object, words.length), ...words);
}

let objects = 0;

/** Makes an object. @returns its number, which the client chooses */
function object(type: number, ...words: number[]): number {
  command(u.VIRGL_CCMD_CREATE_OBJECT, type, ++objects, ...words);
  return objects;
}

function shader(stage: number, text: string): void {
  const bytes = new Uint8Array(Math.ceil((text.length + 1) / 4) * 4);
  new TextEncoder().encodeInto(text, bytes);
  const words = new Uint32Array(bytes.buffer);
  // Its length with the final 0, how many tokens it has at most, no transform feedback.
  command(u.VIRGL_CCMD_BIND_SHADER, 0, object(u.VIRGL_OBJECT_SHADER, stage, text.length + 1, 300, 0, ...words), stage);
}

function bind(type: number, ...words: number[]): void {
  command(u.VIRGL_CCMD_BIND_OBJECT, type, object(type, ...words));
}

/** Submits the commands. @param used handles of what they use, so that their memory stays. @returns a sync_file that is signaled once they are done */
async function submit(...used: number[]): Promise<number> {
  using scratch = card.scratch();
  const list = scratch.u32(commands), handles = scratch.u32(used);
  const arg = u.drm_virtgpu_execbuffer.of({
    flags: u.VIRTGPU_EXECBUF_FENCE_FD_OUT,
    command: list.address,
    size: commands.length * 4,
    bo_handles: handles.address,
    num_bo_handles: used.length,
  });
  await card.file.wait(u.DRM_IOCTL_VIRTGPU_EXECBUFFER, arg);
  commands.length = 0;
  return arg.fence_fd;
}

// Three corners, a place and a colour each, written where the guest sees them and sent to the host.
const corner = (turn: number, ...colour: number[]): number[] => [0.9 * Math.sin(turn), 0.9 * Math.cos(turn), ...colour];
const third = Math.PI * 2 / 3;
const vertices = floats(...corner(0, 1, 0, 0), ...corner(third, 0, 1, 0), ...corner(-third, 0, 0, 1));
const { byteLength } = vertices;
const buffer = resource(u.PIPE_BUFFER, u.VIRGL_FORMAT_R8_UNORM, u.VIRGL_BIND_VERTEX_BUFFER, byteLength, 1, 4096);
const map = u.drm_virtgpu_map.of({ handle: buffer.handle });
card.file.ioctl(u.DRM_IOCTL_VIRTGPU_MAP, map);
card.file.mmap(4096, map.offset).set(new Uint8Array(vertices.buffer));
const box = u.drm_virtgpu_3d_box.of({ w: byteLength, h: 1, d: 1 });
const transfer = u.drm_virtgpu_3d_transfer_to_host.of({ bo_handle: buffer.handle, box });
card.file.ioctl(u.DRM_IOCTL_VIRTGPU_TRANSFER_TO_HOST, transfer);

// Two pictures that can be drawn to and shown.
const format = u.VIRGL_FORMAT_B8G8R8X8_UNORM;
const pictures = [0, 1].map(() => {
  const flags = u.VIRGL_BIND_RENDER_TARGET | u.VIRGL_BIND_SCANOUT, pitch = WIDTH * 4;
  const { handle, id } = resource(u.PIPE_TEXTURE_2D, format, flags, WIDTH, HEIGHT, pitch * HEIGHT);
  const options = { width: WIDTH, height: HEIGHT, format: u.DRM_FORMAT_XRGB8888, handles: [handle], pitches: [pitch] };
  return { handle, fb: card.addFramebuffer(options), surface: object(u.VIRGL_OBJECT_SURFACE, id, format, 0, 0) };
});

// The state of all draws. The vertex shader turns a corner by two rows of constants.
shader(
  u.VIRGL_SHADER_VERTEX,
  `VERT
DCL IN[0]
DCL IN[1]
DCL OUT[0], POSITION
DCL OUT[1], GENERIC[0]
DCL CONST[0..1]
IMM[0] FLT32 {0.0, 0.0, 0.0, 1.0}
  0: MOV OUT[0], IMM[0]
  1: DP2 OUT[0].x, IN[0], CONST[0]
  2: DP2 OUT[0].y, IN[0], CONST[1]
  3: MOV OUT[1], IN[1]
  4: END
`,
);
shader(
  u.VIRGL_SHADER_FRAGMENT,
  `FRAG
DCL IN[0], GENERIC[0], PERSPECTIVE
DCL OUT[0], COLOR
  0: MOV OUT[0], IN[0]
  1: END
`,
);
bind(u.VIRGL_OBJECT_BLEND, 0, 0, ...new Array<number>(8).fill(u.PIPE_MASK_RGBA << 27)); // the colour mask of each target
bind(u.VIRGL_OBJECT_DSA, 0, 0, 0, 0);
const ONE = floats(1)[0];
bind(u.VIRGL_OBJECT_RASTERIZER, 1 << 1 | 1 << 29, ONE, 0, 0, ONE, 0, 0, 0); // depth_clip; half_pixel_center
// Elements: where in a vertex, a divisor, which buffer, and the format.
const place = [0, 0, 0, u.VIRGL_FORMAT_R32G32_FLOAT], colour = [8, 0, 0, u.VIRGL_FORMAT_R32G32B32_FLOAT];
bind(u.VIRGL_OBJECT_VERTEX_ELEMENTS, ...place, ...colour);
command(u.VIRGL_CCMD_SET_VERTEX_BUFFERS, 0, 20, 0, buffer.id); // bytes of a vertex, where the first is
const half = [WIDTH / 2, -HEIGHT / 2, 0.5, WIDTH / 2, HEIGHT / 2, 0.5]; // y grows downwards on a screen
command(u.VIRGL_CCMD_SET_VIEWPORT_STATE, 0, 0, ...floats(...half));

// KMS: the mode with the first picture, then flips, each behind the fence of its draw.
card.becomeAtomic();
const [connector] = card.connectors();
const crtc = connector.crtc(), plane = card.planeOf(crtc, u.DRM_PLANE_TYPE_PRIMARY);
using request = card.atomic();
request.setAll(connector, { CRTC_ID: crtc.id });
request.setAll(crtc, { MODE_ID: card.createBlob(modeBytes(connector.preferredMode)), ACTIVE: 1 });
const size = { SRC_W: WIDTH * 65536, SRC_H: HEIGHT * 65536, CRTC_W: WIDTH, CRTC_H: HEIGHT };
request.setAll(plane, { CRTC_ID: crtc.id, SRC_X: 0, SRC_Y: 0, CRTC_X: 0, CRTC_Y: 0, ...size });
for (let frame = 0; frame < FRAMES; frame++) {
  const { handle, fb, surface } = pictures[frame % 2];
  const angle = (FRAMES - 1 - frame) / FRAMES * third, c = Math.cos(angle), s = Math.sin(angle);
  const rows = floats(c * HEIGHT / WIDTH, -s * HEIGHT / WIDTH, 0, 0, s, c, 0, 0);
  command(u.VIRGL_CCMD_SET_FRAMEBUFFER_STATE, 0, 1, 0, surface);
  command(u.VIRGL_CCMD_CLEAR, 0, u.PIPE_CLEAR_COLOR0, ...floats(0.1, 0.1, 0.15, 1), 0, 0, 0);
  command(u.VIRGL_CCMD_SET_CONSTANT_BUFFER, 0, u.VIRGL_SHADER_VERTEX, 0, ...rows);
  command(u.VIRGL_CCMD_DRAW_VBO, 0, 0, 3, u.PIPE_PRIM_TRIANGLES, 0, 1, 0, 0, 0, 0, 0, 2, 0);
  const fence = await submit(buffer.handle, handle);
  request.setAll(plane, { FB_ID: fb, IN_FENCE_FD: fence });
  const first = frame === 0 ? u.DRM_MODE_ATOMIC_ALLOW_MODESET : 0;
  const result = await request.commitWait(first | u.DRM_MODE_PAGE_FLIP_EVENT, BigInt(frame));
  if (result !== 0) throw new Error(`flip ${frame} failed: ${result}`);
  process.close(fence);
  await card.events.until((event) => event.kind === "flip" && event.userData === BigInt(frame));
}

const picture = display.picture();
if (picture === undefined) throw new Error("the display shows nothing");
const at = (x: number, y: number): string =>
  `rgb(${[...picture.data.subarray((y * WIDTH + x) * 4).slice(0, 3)].join(", ")})`;
console.log(`${card.version().name} flipped ${FRAMES} times, ${display.frames()} frames came`);
console.log(`the corners are ${at(320, 30)}, ${at(495, 340)}, ${at(145, 340)}; the middle is ${at(320, 240)}`);
const folder = out.slice(0, out.lastIndexOf("/") + 1);
if (folder !== "") Deno.mkdirSync(folder, { recursive: true });
Deno.writeFileSync(out, encodePng(picture));
console.log(`written ${out}`);
