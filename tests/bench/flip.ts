/**
 * 1920x1080 page flips through the whole stack to a null display, against a copy of as many bytes: client, atomic commit,
 * virtqueue, host, renderer. Time is virtual, so that no vblank is waited for.
 * @module
 */

import { createSystem, drivers, VirtualClock } from "udrm/mod.ts";
import { modeBytes, openCard } from "udrm/drivers/umd/drm/mod.ts";
import {
  DRM_FORMAT_XRGB8888,
  DRM_MODE_ATOMIC_ALLOW_MODESET,
  DRM_MODE_ATOMIC_NONBLOCK,
  DRM_MODE_PAGE_FLIP_EVENT,
  DRM_PLANE_TYPE_PRIMARY,
} from "udrm/uapi/mod.ts";
import { type BenchRow, compare, rateRow } from "./harness.ts";

const WIDTH = 1920, HEIGHT = 1080;
const FRAME_NS = 17_000_000;

async function flips(renderer: "soft2d" | "vulkan2d"): Promise<BenchRow> {
  const clock = new VirtualClock();
  using system = createSystem({
    drivers: [drivers.virtioGpu({ renderer, monitors: [{ enabled: true, width: WIDTH, height: HEIGHT }] })],
    clock,
    pages: "memfd",
  });
  using process = system.process();
  using card = openCard(process);
  card.becomeAtomic();
  const connector = card.connectors()[0];
  const crtc = connector.crtc();
  const primary = card.planeOf(crtc, DRM_PLANE_TYPE_PRIMARY);
  using front = card.createDumb(WIDTH, HEIGHT);
  using back = card.createDumb(WIDTH, HEIGHT);
  const fbs = [front.framebuffer(DRM_FORMAT_XRGB8888), back.framebuffer(DRM_FORMAT_XRGB8888)];
  using modeset = card.atomic();
  modeset.setAll(connector, { CRTC_ID: crtc.id });
  modeset.setAll(crtc, { MODE_ID: card.createBlob(modeBytes(connector.preferredMode)), ACTIVE: 1 });
  modeset.setAll(primary, {
    FB_ID: fbs[0],
    CRTC_ID: crtc.id,
    SRC_X: 0,
    SRC_Y: 0,
    SRC_W: WIDTH * 65536,
    SRC_H: HEIGHT * 65536,
    CRTC_X: 0,
    CRTC_Y: 0,
    CRTC_W: WIDTH,
    CRTC_H: HEIGHT,
  });
  const committed = modeset.commitWait(DRM_MODE_ATOMIC_ALLOW_MODESET);
  for (let i = 0; i < 10; i++) {
    clock.advance(FRAME_NS);
    system.pump();
  }
  await committed;
  using flip = card.atomic();
  const source = new Uint8Array(front.size).fill(1), target = new Uint8Array(front.size);
  let frame = 0;
  const measured = compare((count) => {
    for (let i = 0; i < count; i++) {
      flip.set(primary, "FB_ID", fbs[++frame % 2]);
      if (flip.commit(DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT) < 0) throw new Error("a flip was refused");
      let seen = 0;
      for (let turn = 0; seen === 0; turn++) {
        if (turn === 1_000_000) throw new Error("a flip did not complete");
        system.pump();
        if (!system.busy) clock.advance(FRAME_NS); // virtual time stands still until the frame is executed
        seen = card.events.poll().length;
      }
    }
  }, (count) => {
    for (let i = 0; i < count; i++) target.set(source);
  }, { batch: 30, rounds: 9 });
  return rateRow(`1920x1080 page flips, ${renderer}`, "flips/s", "Uint8Array.set of a frame", measured, 1);
}

/** The rows. */
export async function bench(): Promise<BenchRow[]> {
  return [await flips("soft2d"), await flips("vulkan2d")];
}
