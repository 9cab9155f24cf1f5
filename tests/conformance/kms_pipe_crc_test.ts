/** CRCs of frames, by debugfs alone. After igt's kms_pipe_crc_basic. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { DRM_FORMAT_XRGB8888, O_NONBLOCK, O_RDONLY, O_WRONLY, POLLIN } from "udrm/uapi/mod.ts";
import { crcOf, FLIP, MODESET, VkmsScreen } from "../vkms/screen.ts";
import { outcome } from "./client.ts";

const WIDTH = 320, HEIGHT = 200;
const DRM_PLANE_TYPE_PRIMARY = 1;

interface Crc {
  readonly frame: number;
  readonly crc: number;
}

/** igt_pipe_crc: a program that reads a CRTC's CRCs. */
class PipeCrc extends VkmsScreen {
  readonly #folder: string;

  constructor(pipe = 0, options: ConstructorParameters<typeof VkmsScreen>[0] = {}) {
    super({ connectors: [{ modes: ["320x200@60"] }], ...options });
    this.#folder = `/sys/kernel/debug/dri/0/crtc-${pipe}/crc`;
  }

  /** Writes a source's name to `control`; the outcome. */
  source(name: string): number | string {
    using control = this.card.file.process.open(`${this.#folder}/control`, O_WRONLY);
    return outcome(() => control.write(new TextEncoder().encode(name)));
  }

  /** Begins to capture. */
  start(flags: number = O_NONBLOCK) {
    return this.card.file.process.open(`${this.#folder}/data`, O_RDONLY | flags);
  }

  /** Reads a line; undefined where there is none. */
  read(data: ReturnType<PipeCrc["start"]>): Crc | undefined {
    const line = new Uint8Array(10 + 11 * 10 + 2);
    const length = data.read(line);
    if (length < 0) return undefined;
    assertEquals([length, line[length - 2], line[length - 1]], [23, 10, 0]);
    const text = new TextDecoder().decode(line.subarray(0, length - 2));
    assert(/^0x[0-9a-f]{8} 0x[0-9a-f]{8}$/.test(text), text);
    const [frame, crc] = text.split(" ").map(Number);
    return { frame, crc };
  }

  /** The CRC of the next frame that comes. */
  next(data: ReturnType<PipeCrc["start"]>): number {
    while (this.read(data) !== undefined);
    this.frames(1);
    const crc = this.read(data);
    assert(crc !== undefined);
    return crc.crc;
  }
}

const paint = (bytes: Uint8Array, pixel: (x: number, y: number) => number): void => {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, WIDTH * HEIGHT);
  for (let y = 0; y < HEIGHT; y++) for (let x = 0; x < WIDTH; x++) words[y * WIDTH + x] = pixel(x, y);
};

Deno.test("pipe crc: bad-source", () => {
  using t = new PipeCrc();
  t.light();
  for (const name of ["foo", "bogus\n", "aut", "autoo", "\n", "pipe", "none"]) assertEquals(t.source(name), "EINVAL");
  assertEquals(t.source("x".repeat(1 << 12)), "E2BIG");
  assertEquals(t.source("auto"), 4);
  assertEquals(t.source("auto\n"), 5);
});

Deno.test("pipe crc: the files' modes: control is the owner's to write, data nobody's", () => {
  using t = new PipeCrc();
  t.light();
  assertEquals(
    outcome(() => t.card.file.process.open("/sys/kernel/debug/dri/0/crtc-0/crc/data", O_WRONLY).fd),
    "EACCES",
  );
  assertEquals(
    outcome(() => t.card.file.process.open("/sys/kernel/debug/dri/0/crtc-1/crc/data", O_RDONLY).fd),
    "ENOENT",
  );
});

Deno.test("pipe crc: read-crc: one line a frame, without a hole, all the same while nothing changes", () => {
  using t = new PipeCrc();
  const buffer = t.light();
  paint(buffer.bytes, () => 0x00336699);
  using data = t.start();
  assertEquals(t.read(data), undefined);
  t.frames(5);
  const lines: Crc[] = [];
  for (let line = t.read(data); line !== undefined; line = t.read(data)) lines.push(line);
  assertEquals(lines.length, 5);
  const expected = crcOf(WIDTH, HEIGHT, () => [0x3333, 0x6666, 0x9999]);
  lines.forEach((line, i) => assertEquals(line, { frame: lines[0].frame + i, crc: expected }));
});

Deno.test("pipe crc: read-crc-frame-sequence: the numbers are those of flips' events", () => {
  using t = new PipeCrc();
  t.light();
  const back = t.card.createDumb(WIDTH, HEIGHT);
  back.bytes.fill(0xff);
  using data = t.start();
  t.frames(2);
  t.request.set(t.planes(DRM_PLANE_TYPE_PRIMARY)[0], "FB_ID", back.framebuffer(DRM_FORMAT_XRGB8888));
  assertEquals(t.request.commit(FLIP), 0);
  t.frames(3);
  const [event] = t.card.events.poll();
  assert(event.kind === "flip");
  const black = crcOf(WIDTH, HEIGHT, () => [0, 0, 0]), white = crcOf(WIDTH, HEIGHT, () => [65535, 65535, 65535]);
  let last: number | undefined;
  for (let line = t.read(data); line !== undefined; line = t.read(data)) {
    if (last !== undefined) assertEquals(line.frame, last + 1);
    last = line.frame;
    assertEquals(line.crc, line.frame < Number(event.sequence) ? black : white);
  }
  assert(last !== undefined && last > Number(event.sequence));
});

Deno.test("pipe crc: nonblocking-crc: without a line -EAGAIN, with one its bytes", () => {
  using t = new PipeCrc();
  t.light();
  using data = t.start();
  assertEquals(data.read(new Uint8Array(64)), -11);
  assertEquals(data.poll(POLLIN), 0);
  t.frames(1);
  assertEquals(data.poll(POLLIN), POLLIN);
  assertEquals(outcome(() => data.read(new Uint8Array(22))), "EINVAL");
  assertEquals(data.read(new Uint8Array(64)), 23);
  assertEquals(data.read(new Uint8Array(64)), -11);
});

Deno.test("pipe crc: a blocking read sleeps until the frame has come", async () => {
  using t = new PipeCrc();
  t.light();
  using data = t.start(0);
  const line = new Uint8Array(64);
  let woken = false;
  const wait = data.readWait(line).then((length) => {
    woken = true;
    return length;
  });
  await Promise.resolve();
  assertEquals(woken, false);
  t.frames(1);
  assertEquals(await wait, 23);
});

Deno.test("pipe crc: disable-crc-after-crtc: a CRTC that is off gives no lines and no error; opening then is EIO", () => {
  using t = new PipeCrc();
  assertEquals(outcome(() => t.start().fd), "EIO");
  t.light();
  const data = t.start();
  t.frames(1);
  assert(t.read(data) !== undefined);
  t.request.clear().set(t.crtc(), "ACTIVE", 0);
  assertEquals(t.request.commit(MODESET), 0);
  t.frames(3);
  while (t.read(data) !== undefined);
  assertEquals(t.read(data), undefined);
  data.close();
  assertEquals(outcome(() => t.start().fd), "EIO");
  t.request.clear().set(t.crtc(), "ACTIVE", 1);
  assertEquals(t.request.commit(MODESET), 0);
  t.frames(1);
  using again = t.start();
  t.frames(2);
  assert(t.read(again) !== undefined);
});

Deno.test("pipe crc: one reader a CRTC; the source cannot change meanwhile; a closed fd ends it, not a duplicate's", () => {
  using t = new PipeCrc();
  t.light();
  const data = t.start();
  assertEquals([outcome(() => t.start().fd), t.source("auto")], ["EBUSY", "EBUSY"]);
  const { process } = t.card.file;
  const copy = process.file(process.dup(data.fd));
  data.close();
  assertEquals(outcome(() => t.start().fd), "EBUSY");
  t.frames(1);
  assertEquals(copy.read(new Uint8Array(64)), 23);
  copy.close();
  assertEquals(t.source("auto"), 4);
  t.start().close();
  t.frames(1);
  assertEquals(t.clock.next, Infinity); // nothing is composed for nobody
});

Deno.test("pipe crc: a reader that dies lets others read", () => {
  using t = new PipeCrc();
  t.light();
  const dying = t.system.process();
  dying.open("/sys/kernel/debug/dri/0/crtc-0/crc/data", O_RDONLY);
  assertEquals(outcome(() => t.start().fd), "EBUSY");
  dying[Symbol.dispose]();
  t.start().close();
});

Deno.test("pipe crc: compare-crc-sanitycheck: the same picture has the same CRC, one changed bit another, undone again", () => {
  using t = new PipeCrc();
  const buffer = t.light();
  const gradient = (x: number, y: number): number => ((x * 3 & 255) << 16) | ((y * 5 & 255) << 8) | (x + y & 255);
  paint(buffer.bytes, gradient);
  using data = t.start();
  const channel = (value: number): number => (value & 255) * 257;
  const expected = crcOf(WIDTH, HEIGHT, (x, y) => {
    const pixel = gradient(x, y);
    return [channel(pixel >> 16), channel(pixel >> 8), channel(pixel)];
  });
  const first = t.next(data);
  assertEquals(first, expected);
  assertEquals(t.next(data), expected);
  const seen = new Set([first]);
  for (const at of [0, WIDTH * HEIGHT * 4 - 2, 4 * 777 + 1]) {
    buffer.bytes[at] ^= 1;
    const changed = t.next(data);
    assertNotEquals(changed, expected);
    seen.add(changed);
    buffer.bytes[at] ^= 1;
    assertEquals(t.next(data), expected);
  }
  assertEquals(seen.size, 4);
  buffer.bytes[3] ^= 0xff; // the byte that XRGB does not show
  assertEquals(t.next(data), expected);
});

Deno.test("pipe crc: CRTCs are captured apart", () => {
  const two = { crtcs: [{}, {}], connectors: [{ crtcs: [0], modes: ["64x48"] }, { crtcs: [1], modes: ["32x24"] }] };
  using t = new PipeCrc(1, two);
  t.light();
  const second = t.light(undefined, 1);
  second.bytes.fill(0xff);
  using data = t.start();
  assertEquals(t.next(data), crcOf(32, 24, () => [65535, 65535, 65535]));
  using other = t.card.file.process.open("/sys/kernel/debug/dri/0/crtc-0/crc/data", O_RDONLY | O_NONBLOCK);
  assertEquals(t.next(other), crcOf(64, 48, () => [0, 0, 0]));
});
