import { assertEquals, assertThrows } from "@std/assert";
import type { Display, Frame } from "udrm/core/display.ts";
import { heapAllocator } from "udrm/core/memory.ts";
import { syncFileFence } from "udrm/core/sync_file.ts";
import type { PageAllocator } from "udrm/mod.ts";
import { parseVkmsConfig, type VkmsOptions } from "udrm/drivers/gpu/vkms/mod.ts";
import * as uapi from "udrm/uapi/mod.ts";
import { MODESET, VkmsScreen } from "./screen.ts";

const SMALL = { connectors: [{ modes: ["320x200@60"] }] };
const NOW = uapi.DRM_MODE_ATOMIC_NONBLOCK;

const writers = (t: VkmsScreen): number =>
  t.device.kms?.connectors.filter(({ writeback }) => writeback !== undefined).length ?? -1;

/** Every frame that is presented, as it is then. */
class Album implements Display {
  readonly name = "album";
  readonly frames: Uint8Array[] = [];
  present(_scanout: number, frame: Frame | undefined): void {
    if (frame === undefined) return;
    const pixels = new Uint8Array(frame.width * frame.height * 4);
    frame.read(pixels, frame.width * 4);
    this.frames.push(pixels);
  }
  cursor(): void {}
  [Symbol.dispose](): void {}
}

/** A lit screen, what is shown on it, and a request that writes its next frame into `target`. */
function writing(options: VkmsOptions = {}, pages?: PageAllocator) {
  const t = new VkmsScreen({ ...SMALL, ...options }, pages);
  const shown = t.light();
  t.card.setClientCapability(uapi.DRM_CLIENT_CAP_WRITEBACK_CONNECTORS);
  const writer = t.card.connectors().filter((it) => it.connectorType === uapi.DRM_MODE_CONNECTOR_WRITEBACK)[0];
  const target = t.card.createDumb(320, 200);
  const fb = target.framebuffer(uapi.DRM_FORMAT_XRGB8888);
  t.request.clear().set(writer, "CRTC_ID", t.crtc().id).commit(MODESET);
  t.frames(2);
  const slot = t.card.file.process.alloc(4);
  return {
    t,
    shown,
    target,
    /** Writes a frame with a fence, whose fd comes back. */
    write: (): number => {
      t.request.clear().setAll(writer, { WRITEBACK_FB_ID: fb, WRITEBACK_OUT_FENCE_PTR: slot.address });
      assertEquals(t.request.commit(NOW | uapi.DRM_MODE_PAGE_FLIP_EVENT), 0);
      return new DataView(slot.bytes.buffer, slot.bytes.byteOffset).getInt32(0, true);
    },
    [Symbol.dispose]: () => t[Symbol.dispose](),
  };
}

Deno.test("vkms writeback: one connector for each CRTC, by default where there is room, none without the option", () => {
  using one = new VkmsScreen();
  using two = new VkmsScreen({ crtcs: [{}, {}] });
  using off = new VkmsScreen({ writeback: false });
  using kernel = new VkmsScreen({ extras: false });
  assertEquals([one, two, off, kernel].map(writers), [1, 2, 0, 1]);
  const many = Array.from({ length: 31 }, () => ({}));
  using full = new VkmsScreen({ connectors: many });
  using over = new VkmsScreen({ connectors: [...many, {}] });
  assertEquals([full, over].map(writers), [1, 0]);
  assertThrows(() => parseVkmsConfig({ connectors: [...many, {}], writeback: true }), TypeError, "writeback");
  assertThrows(() => parseVkmsConfig({ writeback: 1 }), TypeError, "writeback");
});

Deno.test("vkms writeback: each connector writes its own CRTC; with extras it goes with that CRTC's display", () => {
  using t = new VkmsScreen({ crtcs: [{}, {}], connectors: [{ crtcs: [0] }, { crtcs: [1] }] });
  const encoders = t.device.kms?.encoders ?? [];
  assertEquals(encoders.map(({ possibleCrtcs }) => possibleCrtcs), [1, 2, 1, 2]);
  assertEquals(encoders.map(({ possibleClones }) => possibleClones), [0b0101, 0b1010, 0b0101, 0b1010]);
  t.vkms.addConnector({ crtcs: [0, 1] });
  assertEquals(encoders.map(({ possibleClones }) => possibleClones), [0b00101, 0b01010, 0b10101, 0b11010, 0b11100]);
  using kernel = new VkmsScreen({ extras: false });
  assertEquals(kernel.device.kms?.encoders.map(({ possibleClones }) => possibleClones), [1, 2]);
});

Deno.test("vkms writeback: the frame is that of the display and of the CRC", () => {
  const album = new Album();
  using w = writing({ display: album });
  const { t, shown, target } = w;
  for (let i = 0; i < shown.size; i++) shown.bytes[i] = i % 4 === 3 ? 0 : i * 7;
  const crc = t.vkms.crc(0);
  crc.open();
  t.frames(1);
  const plain = crc.read();
  album.frames.length = 0;
  w.write();
  t.frames(1);
  assertEquals(album.frames.length, 1);
  const written = target.bytes.map((byte, i) => i % 4 === 3 ? 0 : byte);
  assertEquals(album.frames[0].map((byte, i) => i % 4 === 3 ? 0 : byte), written.slice(0, album.frames[0].length));
  assertEquals(plain?.values.length, 1);
  assertEquals(crc.read()?.values, plain?.values);
  crc.close();
});

Deno.test("vkms writeback: the fence signals after the flip of its frame, at the frame's time", () => {
  using w = writing();
  const { t } = w;
  const order: string[] = [];
  const crtc = t.device.kms?.crtcs[0];
  const fd = w.write();
  const fence = syncFileFence(t.card.file.process.fds.get(fd));
  crtc?.commit?.onProgress(() => order.push("flip"));
  fence?.addCallback(() => order.push("written"));
  t.frames(1);
  assertEquals(order, ["flip", "written"]);
  assertEquals(fence?.timestamp, crtc?.vblank.timeOf(crtc.vblank.count));
});

Deno.test("vkms writeback: framebuffers are pinned while they are to be written, and no longer; then no timer runs", () => {
  let pins = 0;
  const heap = heapAllocator();
  const pages: PageAllocator = {
    allocate: (size, name) => {
      const inner = heap.allocate(size, name);
      return {
        size,
        bytes: () => inner.bytes(),
        pin: () => void pins++,
        unpin: () => void pins--,
        [Symbol.dispose]: () => inner[Symbol.dispose](),
      };
    },
  };
  using w = writing({}, pages);
  const { t } = w;
  const before = pins;
  w.write();
  assertEquals(pins, before + 1);
  t.frames(1);
  assertEquals([pins, t.clock.next], [before, Infinity]);
});

Deno.test("vkms writeback without vblank: the commit is the frame", () => {
  using w = writing({ refresh: "free" });
  const { t, shown, target } = w;
  shown.bytes.fill(0x40);
  const fd = w.write();
  assertEquals([syncFileFence(t.card.file.process.fds.get(fd))?.status, target.bytes[0]], [1, 0x40]);
});
