// A machine that goes to sleep and wakes up while programs use its card: over the virtio-gpu path, and on vkms.
import { assert, assertEquals } from "@std/assert";
import { PngDisplay } from "udrm/drivers/display/png/mod.ts";
import * as uapi from "udrm/uapi/mod.ts";
import { type KmsClient, KmsMachine } from "./kms_client.ts";

const EVENT = uapi.DRM_MODE_PAGE_FLIP_EVENT;

class Laptop implements Disposable {
  readonly display = new PngDisplay();
  readonly machine: KmsMachine;
  readonly client: KmsClient;

  constructor(monitors = 1) {
    this.machine = new KmsMachine(monitors, 640, 480, this.display);
    this.client = this.machine.client().becomeAtomic();
  }

  /** A framebuffer of one colour on monitor `index`. */
  paint(value: number, index = 0): number {
    const { client } = this;
    const { handle, size, pitch } = client.dumb(640, 480);
    const map = uapi.drm_mode_map_dumb.of({ handle });
    client.card.ioctl(uapi.DRM_IOCTL_MODE_MAP_DUMB, map);
    const bytes = client.card.mmap(size, map.offset);
    bytes.fill(value);
    client.process.munmap(bytes);
    const fb = client.addFb({
      width: 640,
      height: 480,
      pixel_format: uapi.DRM_FORMAT_XRGB8888,
      handles: [handle],
      pitches: [pitch],
    });
    assert(typeof fb === "number");
    assertEquals(client.setCrtc(fb, undefined, index), 0);
    client.frame(2);
    return fb;
  }

  /** The first pixel's red of a monitor; undefined while it is dark. */
  shown(index = 0): number | undefined {
    return this.display.picture(index)?.data[0];
  }

  sleep(): void {
    assertEquals(this.machine.device.suspend(), 0);
    this.machine.pass(1e9);
  }

  wake(): void {
    this.machine.device.resume();
    this.machine.pass(1e8);
  }

  [Symbol.dispose](): void {
    this.machine[Symbol.dispose]();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

Deno.test("suspend: monitors go dark and come back with the same picture, again and again", () => {
  using t = new Laptop(2);
  t.paint(50, 0);
  t.paint(60, 1);
  assertEquals([t.shown(0), t.shown(1)], [50, 60]);
  for (let i = 0; i < 3; i++) {
    t.sleep();
    assertEquals([t.shown(0), t.shown(1)], [undefined, undefined]);
    t.wake();
    assertEquals([t.shown(0), t.shown(1)], [50, 60]);
  }
  const { crtcs } = t.client.resources();
  assertEquals(crtcs.map((id) => t.client.crtc(id).mode_valid), [1, 1]);
});

Deno.test("suspend: a program that flips goes on where it was; its event of before comes early", async () => {
  using t = new Laptop();
  t.paint(50);
  const next = t.client.fb(640, 480);
  assertEquals(t.client.flip(next, EVENT, 1n), 0);
  t.sleep();
  assertEquals(t.client.events().map(({ user_data }) => user_data), [1n]);
  const crtc_id = t.machine.device.kms?.crtcs[0].id ?? 0;
  const arg = uapi.drm_mode_crtc_page_flip.of({ crtc_id, fb_id: next, flags: EVENT, user_data: 2n });
  const flip = t.client.card.wait(uapi.DRM_IOCTL_MODE_PAGE_FLIP, arg);
  t.machine.pass(10e9);
  await turn();
  assertEquals(t.client.events(), []);
  t.wake();
  // The screen is coming back: as after any commit that is not shown yet, a flip may be too early.
  const result = await flip;
  assert(result === 0 || result === -16, `${result}`);
  t.client.frame(3);
  assertEquals(t.client.flip(next, EVENT, 3n), 0);
  t.client.frame(2);
  assertEquals(t.client.events().at(-1)?.user_data, 3n);
});

Deno.test("suspend: vblank numbers go on, and whoever waited for one is not left waiting", async () => {
  using t = new Laptop();
  t.paint(50);
  const before = t.client.vblank(uapi._DRM_VBLANK_RELATIVE).sequence;
  const sleeper = t.client.sleepVblank(uapi._DRM_VBLANK_RELATIVE, 600);
  t.sleep();
  assertEquals((await sleeper).result, 0);
  t.wake();
  t.client.frame(2);
  assert(t.client.vblank(uapi._DRM_VBLANK_RELATIVE).sequence > before);
});

Deno.test("suspend: what was never lit stays dark, what a program removed while the machine was awake stays removed", () => {
  using t = new Laptop(2);
  const fb = t.paint(50, 0);
  t.paint(60, 1);
  assertEquals(t.client.dark(1), 0);
  assertEquals(t.client.dropFb(fb), 0);
  t.client.frame(2);
  t.sleep();
  t.wake();
  assertEquals([t.shown(0), t.shown(1)], [undefined, undefined]);
});

Deno.test("suspend: a program that ends while the machine sleeps takes its picture along", () => {
  using t = new Laptop();
  t.paint(50);
  t.sleep();
  t.client.process[Symbol.dispose]();
  t.wake();
  assertEquals([t.shown(), t.machine.device.files.size], [undefined, 0]);
  const other = t.machine.client();
  other.light();
  assertEquals(t.shown(), 0);
});

Deno.test("suspend: a card that is pulled out of a sleeping machine is gone when it wakes", async () => {
  using t = new Laptop();
  t.paint(50);
  t.sleep();
  const asked = t.client.card.wait(uapi.DRM_IOCTL_VERSION, uapi.drm_version.of()).then(String, (error) => error.code);
  t.machine.system.removeDevice(t.machine.device);
  assertEquals(await asked, "ENODEV");
  t.wake();
  assertEquals(t.shown(), undefined);
});
