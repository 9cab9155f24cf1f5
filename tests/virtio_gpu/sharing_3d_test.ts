// Sharing of what virgl draws: between files of one virtio-gpu, and with another driver, always with frames that change. Within
// the device a dma-buf names the host's image. To another driver it is pages of the guest, which have the picture once
// TRANSFER_FROM_HOST has brought it: its fence is on the buffer, so that who shows the buffer waits for it.
import "udrm/drivers/os/testing.ts";
import { assert, assertEquals } from "@std/assert";
import type { System } from "udrm/core/system.ts";
import { type DmaBufFile, DrmCard, modeBytes } from "udrm/drivers/umd/drm/mod.ts";
import { createSystem, drivers } from "udrm/mod.ts";
import * as uapi from "udrm/uapi/mod.ts";
import { createResource } from "./rig.ts";
import { contextInit, exec, putWords, transferFromHost } from "./rig_3d.ts";
import { CaptureDisplay } from "./screen.ts";

const WIDTH = 640, HEIGHT = 480, PITCH = WIDTH * 4;
const FORMAT = uapi.VIRGL_FORMAT_B8G8R8X8_UNORM;

/** A client that fills pictures with colours. */
class Painter {
  readonly card: DrmCard;
  #objects = 0;
  readonly #surfaces = new Map<number, number>();

  constructor(system: System, node: string) {
    this.card = new DrmCard(system.process({ comm: node }).open(node));
    contextInit(this.card.file, [uapi.VIRTGPU_CONTEXT_PARAM_CAPSET_ID, uapi.VIRTIO_GPU_CAPSET_VIRGL2]);
  }

  /** A picture that can be drawn to and shown; its handle. */
  picture(): number {
    return createResource(this.card.file, {
      ...{ target: uapi.PIPE_TEXTURE_2D, format: FORMAT, width: WIDTH, height: HEIGHT, size: PITCH * HEIGHT },
      bind: uapi.VIRGL_BIND_RENDER_TARGET | uapi.VIRGL_BIND_SAMPLER_VIEW | uapi.VIRGL_BIND_SCANOUT,
    }).bo_handle;
  }

  /** The host's id of a picture. */
  resource(handle: number): number {
    const arg = uapi.drm_virtgpu_resource_info.of({ bo_handle: handle });
    this.card.file.ioctl(uapi.DRM_IOCTL_VIRTGPU_RESOURCE_INFO, arg);
    return arg.res_handle;
  }

  /** Fills a picture with a colour: red, green, blue, each 0 to 255. */
  fill(handle: number, colour: readonly number[]): void {
    const words: number[] = [];
    let surface = this.#surfaces.get(handle);
    if (surface === undefined) {
      this.#surfaces.set(handle, surface = ++this.#objects);
      words.push(uapi.VIRGL_CMD0(uapi.VIRGL_CCMD_CREATE_OBJECT, uapi.VIRGL_OBJECT_SURFACE, 5), surface);
      words.push(this.resource(handle), FORMAT, 0, 0);
    }
    const floats = new Uint32Array(Float32Array.from([...colour.map((value) => value / 255), 1]).buffer);
    words.push(uapi.VIRGL_CMD0(uapi.VIRGL_CCMD_SET_FRAMEBUFFER_STATE, 0, 3), 1, 0, surface);
    words.push(uapi.VIRGL_CMD0(uapi.VIRGL_CCMD_CLEAR, 0, 8), uapi.PIPE_CLEAR_COLOR0, ...floats, 0, 0, 0);
    this.#submit(words, handle);
  }

  /** Copies a whole picture. */
  copy(to: number, from: number): void {
    const words = [uapi.VIRGL_CMD0(uapi.VIRGL_CCMD_RESOURCE_COPY_REGION, 0, 13)];
    words.push(this.resource(to), 0, 0, 0, 0, this.resource(from), 0, 0, 0, 0, WIDTH, HEIGHT, 1);
    this.#submit(words, to, from);
  }

  #submit(words: number[], ...used: number[]): void {
    exec(this.card.file, words, { num_bo_handles: used.length, bo_handles: putWords(this.card.file, ...used) });
  }

  /** Asks for the picture in the guest's pages. */
  readBack(handle: number): void {
    transferFromHost(this.card.file, handle, { w: WIDTH, h: HEIGHT, d: 1 });
  }

  share(handle: number): DmaBufFile {
    return this.card.exportDmaBuf(handle);
  }
}

/** Shows buffers of a card's own on its first screen, each time waiting as the kernel does. */
class Shower {
  readonly #card: DrmCard;
  readonly #fbs = new Map<number, number>();
  #lit = false;

  constructor(card: DrmCard) {
    this.#card = card;
    card.becomeAtomic();
  }

  async show(handle: number): Promise<void> {
    const card = this.#card, size = { width: WIDTH, height: HEIGHT, format: uapi.DRM_FORMAT_XRGB8888 };
    let fb = this.#fbs.get(handle);
    if (fb === undefined) {
      fb = card.addFramebuffer({ ...size, handles: [handle], pitches: [PITCH] });
      this.#fbs.set(handle, fb);
    }
    const connector = card.connectors().find(({ connected }) => connected);
    assert(connector !== undefined);
    const crtc = connector.crtc(), plane = card.planeOf(crtc, uapi.DRM_PLANE_TYPE_PRIMARY);
    const mode = connector.modes.find(({ hdisplay, vdisplay }) => hdisplay === WIDTH && vdisplay === HEIGHT);
    assert(mode !== undefined);
    using request = card.atomic();
    if (!this.#lit) {
      request.setAll(connector, { CRTC_ID: crtc.id });
      request.setAll(crtc, { MODE_ID: card.createBlob(modeBytes(mode)), ACTIVE: 1 });
    }
    const from = { SRC_X: 0, SRC_Y: 0, SRC_W: WIDTH * 65536, SRC_H: HEIGHT * 65536 };
    const to = { CRTC_X: 0, CRTC_Y: 0, CRTC_W: WIDTH, CRTC_H: HEIGHT };
    request.setAll(plane, { FB_ID: fb, CRTC_ID: crtc.id, ...from, ...to });
    assertEquals(await request.commitWait(uapi.DRM_MODE_ATOMIC_ALLOW_MODESET), 0);
    this.#lit = true;
  }
}

const virgl = (display: CaptureDisplay) =>
  drivers.virtioGpu({ renderer: "virgl", display, monitors: [{ enabled: true, width: WIDTH, height: HEIGHT }] });

/** The one colour of a screen; undefined where it has several, or is off. */
function colourOf(display: CaptureDisplay): string | undefined {
  const bytes = display.shown[0]?.bytes;
  if (bytes === undefined || bytes.length !== PITCH * HEIGHT) return undefined;
  for (let i = 4; i < bytes.length; i++) if (i % 4 !== 3 && bytes[i] !== bytes[i % 4]) return undefined;
  return [bytes[2], bytes[1], bytes[0]].join();
}

const COLOURS = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [51, 102, 153], [255, 255, 255], [1, 2, 3]] as const;

Deno.test("what one client draws another one scans out, by a dma-buf, frame by frame", async () => {
  const display = new CaptureDisplay();
  using system = createSystem({ pages: "memfd", clock: "monotonic", drivers: [virgl(display)] });
  const painter = new Painter(system, "/dev/dri/renderD128"), owner = new Painter(system, "/dev/dri/card0");
  const shower = new Shower(owner.card);
  const pictures = [painter.picture(), painter.picture()];
  const shown = pictures.map((handle) => {
    using shared = painter.share(handle);
    const fd = owner.card.file.process.receive(painter.card.file.process, shared.fd);
    const imported = owner.card.importDmaBuf(fd);
    assertEquals(owner.card.importDmaBuf(fd), imported, "one object, one handle");
    owner.card.file.process.close(fd);
    assertEquals(owner.resource(imported), painter.resource(handle), "and one resource of the host");
    return imported;
  });
  for (const [i, colour] of COLOURS.entries()) {
    painter.fill(pictures[i % 2], colour);
    await shower.show(shown[i % 2]);
    assertEquals(colourOf(display), colour.join());
  }
  // It lives on where it was imported.
  painter.card[Symbol.dispose]();
  owner.fill(shown[0], [7, 8, 9]);
  await shower.show(shown[0]);
  assertEquals(colourOf(display), "7,8,9");
});

Deno.test("a client's context draws with what another client drew, once it has imported it and not before", async () => {
  const display = new CaptureDisplay();
  using system = createSystem({ pages: "memfd", clock: "monotonic", drivers: [virgl(display)] });
  const painter = new Painter(system, "/dev/dri/renderD128"), owner = new Painter(system, "/dev/dri/card0");
  const thief = new Painter(system, "/dev/dri/renderD128"), loot = thief.picture();
  const shower = new Shower(owner.card);
  const source = painter.picture(), screen = owner.picture();
  using shared = painter.share(source);
  const fd = owner.card.file.process.receive(painter.card.file.process, shared.fd);
  const imported = owner.card.importDmaBuf(fd);
  for (const colour of COLOURS) {
    painter.fill(source, colour);
    owner.copy(screen, imported);
    await shower.show(screen);
    assertEquals(colourOf(display), colour.join());
  }
  // A context that it is not attached to is lost for naming it.
  const name = painter.resource(source);
  thief.fill(loot, [1, 1, 1]);
  const words = [uapi.VIRGL_CMD0(uapi.VIRGL_CCMD_RESOURCE_COPY_REGION, 0, 13)];
  words.push(thief.resource(loot), 0, 0, 0, 0, name, 0, 0, 0, 0, WIDTH, HEIGHT, 1);
  exec(thief.card.file, words);
  thief.fill(loot, [2, 2, 2]);
  thief.readBack(loot);
  await thief.card.file.wait(uapi.DRM_IOCTL_VIRTGPU_WAIT, uapi.drm_virtgpu_3d_wait.of({ handle: loot }));
  const map = uapi.drm_virtgpu_map.of({ handle: loot });
  thief.card.file.ioctl(uapi.DRM_IOCTL_VIRTGPU_MAP, map);
  assertEquals([...thief.card.file.mmap(PITCH * HEIGHT, map.offset).subarray(0, 3)], [1, 1, 1]);
});

Deno.test("vkms shows what virgl drew once it was read back, frame by frame; its pages alone are of the past", async () => {
  const display = new CaptureDisplay();
  using system = createSystem({
    ...{ pages: "memfd", clock: "monotonic" },
    drivers: [virgl(new CaptureDisplay()), drivers.vkms({ display, present: "vblank" })],
  });
  const painter = new Painter(system, "/dev/dri/renderD128");
  const vkms = new DrmCard(system.process({ comm: "shower" }).open("/dev/dri/card1"));
  const shower = new Shower(vkms);
  const pictures = [painter.picture(), painter.picture()];
  const shown = pictures.map((handle) => {
    using shared = painter.share(handle);
    return vkms.importDmaBuf(vkms.file.process.receive(painter.card.file.process, shared.fd));
  });
  for (const [i, colour] of COLOURS.entries()) {
    painter.fill(pictures[i % 2], colour);
    // Nobody waits here: the commit does, for the fence on the buffer.
    painter.readBack(pictures[i % 2]);
    await shower.show(shown[i % 2]);
    assertEquals(colourOf(display), colour.join());
  }
  const last = COLOURS.length - 2;
  painter.fill(pictures[last % 2], [9, 9, 9]);
  await shower.show(shown[last % 2]);
  assertEquals(colourOf(display), COLOURS[last].join());
});
