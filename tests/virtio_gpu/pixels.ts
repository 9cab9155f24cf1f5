/**
 * What the display saw, against a plain composition on the CPU: drawn through card0, a virtqueue, the host and a renderer.
 * Run for each renderer by a test file of its own.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Renderer } from "udrm/core/host.ts";
import { VIRTIO_GPU_HOST_FEATURES } from "udrm/drivers/host/virtio_gpu/mod.ts";
import * as uapi from "udrm/uapi/mod.ts";
import { virtioGpuFourcc } from "udrm/uapi/virtio_gpu_format.ts";
import { createResource, transferToHost } from "./rig.ts";
import { noise, rgb, type Screen, screen, seenRgb } from "./screen.ts";

const XRGB = uapi.DRM_FORMAT_XRGB8888;
const FLIP = uapi.DRM_MODE_ATOMIC_NONBLOCK | uapi.DRM_MODE_PAGE_FLIP_EVENT;

function same(t: Screen, expected: Uint8Array, what: string): void {
  const actual = seenRgb(t.frame());
  const index = actual.findIndex((byte, i) => byte !== expected[i]);
  assert(
    actual.length === expected.length && index < 0,
    `${what}: byte ${index} is ${actual[index]}, not ${expected[index]}`,
  );
}

/** Runs a test's body with a renderer, which it disposes. */
export type WithRenderer = (body: (renderer: Renderer) => void | Promise<void>) => void | Promise<void>;

/** Declares the tests for one renderer. */
export function pixelTests(rendererName: string, withRenderer: WithRenderer): void {
  const test = (name: string, body: (renderer: Renderer) => void | Promise<void>): void =>
    Deno.test(`${rendererName} ${name}`, async () => await withRenderer(body));

  for (
    const [name, features] of [["copied", 1n << BigInt(uapi.VIRTIO_GPU_F_EDID)], [
      "blobs",
      VIRTIO_GPU_HOST_FEATURES,
    ]] as const
  ) {
    test(`pixels: every format of the primary plane, ${name} dumb buffers`, (renderer) => {
      using t = screen({ renderer, features });
      for (const format of t.primary.formats) {
        const dumb = t.card.createDumb(t.width, t.height);
        noise(dumb.bytes, format);
        t.light(dumb.framebuffer(format));
        same(t, rgb(dumb.bytes, format, dumb.pitch, 0, 0, t.width, t.height), `format 0x${format.toString(16)}`);
      }
    });

    test(`pixels: a part of a larger framebuffer, ${name} dumb buffers`, (renderer) => {
      using t = screen({ renderer, features });
      const dumb = t.card.createDumb(t.width + 100, t.height + 50);
      noise(dumb.bytes, 3);
      t.light(dumb.framebuffer(XRGB), 37, 21);
      same(t, rgb(dumb.bytes, XRGB, dumb.pitch, 37, 21, t.width, t.height), "the part");
      t.request.setAll(t.primary, { SRC_X: 100 * 65536, SRC_Y: 50 * 65536 }).commit(FLIP);
      t.settle();
      same(t, rgb(dumb.bytes, XRGB, dumb.pitch, 100, 50, t.width, t.height), "another part");
    });

    test(`pixels: sixty flips between two buffers, ${name} dumb buffers`, (renderer) => {
      using t = screen({ renderer, features, width: 96, height: 64 });
      const buffers = [t.card.createDumb(t.width, t.height), t.card.createDumb(t.width, t.height)];
      t.light(buffers[0].framebuffer(XRGB));
      for (let i = 1; i <= 60; i++) {
        const dumb = buffers[i & 1];
        noise(dumb.bytes, i);
        assertEquals(t.request.set(t.primary, "FB_ID", dumb.framebuffer(XRGB)).commit(FLIP, BigInt(i)), 0);
        t.settle();
        same(t, rgb(dumb.bytes, XRGB, dumb.pitch, 0, 0, t.width, t.height), `frame ${i}`);
        const [event] = t.card.events.poll();
        assert(event.kind === "flip" && event.userData === BigInt(i));
      }
    });
  }

  test("pixels: only what was damaged is copied to the host", (renderer) => {
    using t = screen({ renderer });
    const dumb = t.card.createDumb(t.width, t.height);
    noise(dumb.bytes, 1);
    t.light(dumb.framebuffer(XRGB));
    const expected = dumb.bytes.slice();
    noise(dumb.bytes, 2);
    const [x1, y1, x2, y2] = [17, 9, 61, 40];
    for (let y = y1; y < y2; y++) {
      const from = y * dumb.pitch + x1 * 4, to = y * dumb.pitch + x2 * 4;
      expected.set(dumb.bytes.subarray(from, to), from);
    }
    const clips = t.card.createBlob(new Uint8Array(Int32Array.of(x1, y1, x2, y2).buffer));
    t.request.setAll(t.primary, { FB_ID: dumb.framebuffer(XRGB), FB_DAMAGE_CLIPS: clips }).commit(FLIP);
    t.settle();
    same(t, rgb(expected, XRGB, dumb.pitch, 0, 0, t.width, t.height), "the rest is as it was");
    assertEquals(t.frame().damage, [{ x: x1, y: y1, width: x2 - x1, height: y2 - y1 }]);
  });

  test("pixels: DIRTYFB brings clips to the screen", (renderer) => {
    using t = screen({ renderer });
    const dumb = t.card.createDumb(t.width, t.height);
    t.light(dumb.framebuffer(XRGB));
    noise(dumb.bytes, 5);
    const fb_id = dumb.framebuffer(XRGB);
    using scratch = t.card.scratch();
    const clip = new Uint8Array(Uint16Array.of(0, 0, 10, 10).buffer);
    const arg = uapi.drm_mode_fb_dirty_cmd.of({ fb_id, num_clips: 1, clips_ptr: scratch.bytes(clip).address });
    assertEquals(t.card.file.ioctl(uapi.DRM_IOCTL_MODE_DIRTYFB, arg), 0);
    t.settle();
    const expected = new Uint8Array(dumb.size);
    for (let y = 0; y < 10; y++) expected.set(dumb.bytes.subarray(y * dumb.pitch, y * dumb.pitch + 40), y * dumb.pitch);
    same(t, rgb(expected, XRGB, dumb.pitch, 0, 0, t.width, t.height), "ten by ten pixels");
    assertEquals(t.card.file.ioctl(uapi.DRM_IOCTL_MODE_DIRTYFB, uapi.drm_mode_fb_dirty_cmd.of({ fb_id })), 0);
    t.settle();
    same(t, rgb(dumb.bytes, XRGB, dumb.pitch, 0, 0, t.width, t.height), "all of it");
  });

  test("pixels: resources of every VIRTIO_GPU_FORMAT that the client transfers itself", (renderer) => {
    using t = screen({ renderer, width: 64, height: 48 });
    const formats = new Map([...Object.entries(uapi)].filter(([name]) => /^VIRTIO_GPU_FORMAT_.*_UNORM$/.test(name)));
    assertEquals(formats.size, 8);
    for (const [name, value] of formats) {
      const format = virtioGpuFourcc(value as number);
      assert(format !== undefined, name);
      const { bo_handle } = createResource(t.card.file, {
        format: value as number,
        width: t.width,
        height: t.height,
        size: t.width * t.height * 4,
      });
      const map = uapi.drm_virtgpu_map.of({ handle: bo_handle });
      t.card.file.ioctl(uapi.DRM_IOCTL_VIRTGPU_MAP, map);
      const bytes = noise(t.card.file.mmap(t.width * t.height * 4, map.offset), value as number);
      // In strips, so that offsets matter.
      for (let y = 0; y < t.height; y += 16) {
        transferToHost(t.card.file, bo_handle, { x: 0, y, w: t.width, h: 16, d: 1 }, y * t.width * 4);
      }
      const pitches = [t.width * 4];
      t.light(t.card.addFramebuffer({ width: t.width, height: t.height, format: XRGB, handles: [bo_handle], pitches }));
      assertEquals(t.frame().format, format, name);
      same(t, rgb(bytes, format, t.width * 4, 0, 0, t.width, t.height), name);
    }
  });

  test("pixels: the cursor's image, hot spot and place reach the display", (renderer) => {
    using t = screen({ renderer });
    const dumb = t.card.createDumb(t.width, t.height);
    t.light(dumb.framebuffer(XRGB));
    const image = t.card.createDumb(64, 64);
    noise(image.bytes, 8);
    t.request.setAll(t.cursor, {
      FB_ID: image.framebuffer(uapi.DRM_FORMAT_ARGB8888),
      CRTC_ID: t.crtc.id,
      SRC_X: 0,
      SRC_Y: 0,
      SRC_W: 64 * 65536,
      SRC_H: 64 * 65536,
      CRTC_X: 30,
      CRTC_Y: 40,
      CRTC_W: 64,
      CRTC_H: 64,
      HOTSPOT_X: 5,
      HOTSPOT_Y: 6,
    }).commit(uapi.DRM_MODE_ATOMIC_NONBLOCK);
    t.settle();
    const seen = t.display.cursors[0];
    assertEquals([seen.x, seen.y, seen.image?.hotX, seen.image?.hotY], [30, 40, 5, 6]);
    assertEquals(seen.image?.bytes, image.bytes.slice(0, 64 * 64 * 4));
    t.request.clear().setAll(t.cursor, { CRTC_X: 1 }).commit(uapi.DRM_MODE_ATOMIC_NONBLOCK);
    t.settle();
    assertEquals(t.display.cursors[0].x, 1);
  });

  test("pixels: legacy SETCRTC and PAGE_FLIP show the same as atomic commits", async (renderer) => {
    using t = screen({ renderer });
    const buffers = [t.card.createDumb(t.width, t.height), t.card.createDumb(t.width, t.height)];
    buffers.forEach((b, i) => noise(b.bytes, i + 20));
    const set = t.card.setCrtc(t.crtc.id, buffers[0].framebuffer(XRGB), [t.connector.id], t.connector.preferredMode);
    t.settle();
    await set;
    same(t, rgb(buffers[0].bytes, XRGB, buffers[0].pitch, 0, 0, t.width, t.height), "SETCRTC");
    assert(t.card.pageFlip(t.crtc.id, buffers[1].framebuffer(XRGB), { userData: 4n }));
    assertEquals(t.card.pageFlip(t.crtc.id, buffers[0].framebuffer(XRGB)), false);
    t.settle();
    same(t, rgb(buffers[1].bytes, XRGB, buffers[1].pitch, 0, 0, t.width, t.height), "PAGE_FLIP");
    assertEquals(t.card.events.poll().length, 1);
    const off = t.card.setCrtc(t.crtc.id, 0, []);
    t.settle();
    await off;
    assertEquals(t.display.shown[0], undefined);
  });

  test("pixels: a monitor of another size is heard of, and its mode can be set", (renderer) => {
    using t = screen({ renderer });
    let changes = 0;
    using _listening = t.system.onUevent(() => changes++);
    t.display.onModeChange?.(0, { enabled: true, width: 400, height: 300 });
    t.settle();
    assertEquals(changes, 1);
    const [connector] = t.card.connectors();
    assertEquals([connector.preferredMode.hdisplay, connector.preferredMode.vdisplay], [400, 300]);
  });

  test("pixels: the host keeps nothing of a client that is gone", (renderer) => {
    using t = screen({ renderer });
    const dumb = t.card.createDumb(t.width, t.height);
    t.light(dumb.framebuffer(XRGB));
    t.card.file.close();
    t.settle();
    assertEquals(t.display.shown[0], undefined);
    assertEquals((t.device.priv as { resources: { count: number } }).resources.count, 0);
  });
}
