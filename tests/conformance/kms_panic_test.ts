// The panic screen, as whoever sits before the monitor sees it: over the virtio-gpu path, and on vkms.
import { assert, assertEquals } from "@std/assert";
import { VirtualClock } from "udrm/core/clock.ts";
import type { PanicOptions } from "udrm/core/kms/panic.ts";
import { System } from "udrm/core/system.ts";
import { PngDisplay } from "udrm/drivers/display/png/mod.ts";
import { vkms } from "udrm/drivers/gpu/vkms/mod.ts";
import * as uapi from "udrm/uapi/mod.ts";
import { type KmsClient, KmsMachine } from "./kms_client.ts";

class Monitor implements Disposable {
  readonly display = new PngDisplay();
  readonly machine: KmsMachine;
  readonly client: KmsClient;
  readonly width: number;

  constructor(width = 640, height = 480, monitors = 1) {
    this.width = width;
    this.machine = new KmsMachine(monitors, width, height, this.display);
    this.client = this.machine.client().becomeAtomic();
  }

  panic(description: string, options?: PanicOptions): number {
    const planes = this.machine.device.panic(description, options);
    this.machine.system.pump();
    return planes;
  }

  /** Lit pixels of each line of a monitor. */
  lines(scanout = 0): boolean[][] {
    return linesOf(this.display, scanout);
  }

  [Symbol.dispose](): void {
    this.machine[Symbol.dispose]();
  }
}

function linesOf(display: PngDisplay, scanout = 0): boolean[][] {
  const picture = display.picture(scanout);
  if (picture === undefined) return [];
  const { width, height, data } = picture;
  return Array.from(
    { length: height },
    (_, y) => Array.from({ length: width }, (_, x) => data[(y * width + x) * 4] > 0),
  );
}

/** A letter as dots, from the middle line of the screen at a character's place. */
const cut = (lines: boolean[][], x: number, y: number, width: number, height: number): string[] =>
  lines.slice(y, y + height).map((line) => line.slice(x, x + width).map((lit) => lit ? "#" : ".").join(""));

Deno.test("panic: what the monitor showed is gone, the reason stands in the middle, letter by letter", () => {
  using t = new Monitor();
  t.client.light();
  assertEquals(t.panic("TH"), 1);
  const lines = t.lines();
  // Five lines of text of 10 dots each, the last of them the reason; a character is 6 dots wide.
  const top = (480 - 50) / 2 + 40, left = Math.floor((640 - 39 * 6) / 2) + Math.floor((39 * 6 - 12) / 2);
  assertEquals(cut(lines, left, top, 12, 7), [
    "#####.#...#.",
    "..#...#...#.",
    "..#...#...#.",
    "..#...#####.",
    "..#...#...#.",
    "..#...#...#.",
    "..#...#...#.",
  ]);
  assertEquals(lines[479].some((lit) => lit), false);
});

Deno.test("panic: every monitor shows it, dark ones do not; the next flip ends it", () => {
  using t = new Monitor(640, 480, 2);
  t.client.light(0);
  assertEquals(t.panic("one"), 1);
  assertEquals(t.lines(1), []);
  t.client.light(1);
  assertEquals(t.panic("two"), 2);
  assertEquals(t.lines(0), t.lines(1));
  const fb = t.client.fb(640, 480);
  assertEquals(t.client.flip(fb), 0);
  t.client.frame(2);
  assert(!t.lines(0).some((line) => line.some((lit) => lit)));
  assert(t.lines(1).some((line) => line.some((lit) => lit)));
});

Deno.test("panic: kmsg fills the screen from below, and large screens have large letters", () => {
  using t = new Monitor(1600, 1200);
  t.client.light();
  t.panic("the end", { screen: "kmsg", log: ["first", "second"] });
  const lines = t.lines();
  const rows = lines.map((line, y) => line.some((lit) => lit) ? y : -1).filter((y) => y >= 0);
  // Three lines of 10 dots of 4 pixels at the bottom.
  assert(rows[0] >= 1200 - 3 * 40, `${rows[0]}`);
  const [, second] = [rows[0], rows.find((y) => y >= 1200 - 40) ?? 0];
  // A dot of the letter "t" is a square of four pixels.
  const first = lines[second].findIndex((lit) => lit);
  assertEquals(cut(lines, first, second, 5, 4), ["####.", "####.", "####.", "####."]);
});

Deno.test("panic: vkms shows it at once, under whatever planes lie above", () => {
  const display = new PngDisplay();
  using system = new System({ clock: new VirtualClock() });
  const device = system.addDevice(vkms({ display }));
  const process = system.process();
  const card = process.open("/dev/dri/card0");
  const { kms } = device;
  assert(kms !== undefined);
  const dumb = uapi.drm_mode_create_dumb.of({ width: 1024, height: 768, bpp: 32 });
  card.ioctl(uapi.DRM_IOCTL_MODE_CREATE_DUMB, dumb);
  const fb = uapi.drm_mode_fb_cmd2.of({
    width: 1024,
    height: 768,
    pixel_format: uapi.DRM_FORMAT_XRGB8888,
    handles: [dumb.handle],
    pitches: [dumb.pitch],
  });
  card.ioctl(uapi.DRM_IOCTL_MODE_ADDFB2, fb);
  assertEquals(system.panic("too early"), 0);
  const connector = kms.connectors[0];
  connector.probe();
  const set = uapi.drm_mode_crtc.of({
    crtc_id: kms.crtcs[0].id,
    fb_id: fb.fb_id,
    mode_valid: 1,
    count_connectors: 1,
    set_connectors_ptr: process.heap.from(new Uint8Array(Uint32Array.of(connector.id).buffer)).address,
  });
  connector.modes.find((mode) => mode.hdisplay === 1024)?.store(set.mode);
  card.ioctl(uapi.DRM_IOCTL_MODE_SETCRTC, set);
  const before = display.frames();
  assertEquals([system.panic("it broke"), display.frames()], [1, before + 1]);
  assert(linesOf(display).some((line) => line.some((lit) => lit)));
});
