// udrm's own guest driver, whole, against a back end across vhost-user, and the same against its device in process: a client's
// pixels end up the same on both screens.
import { assert, assertEquals } from "@std/assert";
import { VirtualClock } from "udrm/core/clock.ts";
import { System } from "udrm/core/system.ts";
import { VhostUserTestDevice } from "udrm/drivers/bus/vhost_user/testing_device.ts";
import { FrontEnd } from "udrm/drivers/bus/vhost_user/testing.ts";
import { virtioLoopback } from "udrm/drivers/bus/virtqueue/mod.ts";
import { virtioGpu } from "udrm/drivers/gpu/virtio_gpu/mod.ts";
import { soft2d } from "udrm/drivers/host/render/soft2d/mod.ts";
import { virtioGpuHost } from "udrm/drivers/host/virtio_gpu/mod.ts";
import { memfdAllocator } from "udrm/drivers/os/mod.ts";
import { DrmCard, modeBytes } from "udrm/drivers/umd/drm/mod.ts";
import * as uapi from "udrm/uapi/mod.ts";
import { CaptureDisplay } from "../virtio_gpu/screen.ts";
import { noise, rig } from "./rig.ts";

const EDID = 1n << BigInt(uapi.VIRTIO_GPU_F_EDID);

/** A client that sets a mode, flips, and moves a cursor. */
function draw(system: System, clock: VirtualClock): void {
  const settle = (): void => {
    for (let i = 0; i < 4; i++) {
      system.pump();
      clock.advance(50e6);
    }
    system.pump();
  };
  const card = new DrmCard(system.process().open("/dev/dri/card0"));
  card.becomeAtomic();
  const [connector] = card.connectors();
  const crtc = connector.crtc();
  const mode = connector.preferredMode;
  const { hdisplay: width, vdisplay: height } = mode;
  const primary = card.planeOf(crtc, uapi.DRM_PLANE_TYPE_PRIMARY);
  const cursor = card.planeOf(crtc, uapi.DRM_PLANE_TYPE_CURSOR);
  const request = card.atomic();
  const buffers = [card.createDumb(width, height), card.createDumb(width, height)];
  const place = { SRC_X: 0, SRC_Y: 0, CRTC_X: 0, CRTC_Y: 0 };
  buffers.forEach((dumb, i) => noise(i + 1)(dumb.bytes));
  request.set(connector, "CRTC_ID", crtc.id);
  request.setAll(crtc, { MODE_ID: card.createBlob(modeBytes(mode)), ACTIVE: 1 });
  request.setAll(primary, {
    ...place,
    FB_ID: buffers[0].framebuffer(uapi.DRM_FORMAT_XRGB8888),
    CRTC_ID: crtc.id,
    SRC_W: width * 65536,
    SRC_H: height * 65536,
    CRTC_W: width,
    CRTC_H: height,
  });
  request.commit(uapi.DRM_MODE_ATOMIC_ALLOW_MODESET | uapi.DRM_MODE_ATOMIC_NONBLOCK);
  settle();
  for (let i = 1; i <= 7; i++) {
    request.clear().set(primary, "FB_ID", buffers[i & 1].framebuffer(uapi.DRM_FORMAT_XRGB8888));
    assertEquals(request.commit(uapi.DRM_MODE_ATOMIC_NONBLOCK), 0);
    settle();
  }
  const image = card.createDumb(64, 64);
  noise(99)(image.bytes);
  request.clear().setAll(cursor, {
    ...place,
    FB_ID: image.framebuffer(uapi.DRM_FORMAT_ARGB8888),
    CRTC_ID: crtc.id,
    SRC_W: 64 * 65536,
    SRC_H: 64 * 65536,
    CRTC_W: 64,
    CRTC_H: 64,
    CRTC_X: 30,
    CRTC_Y: 20,
  });
  assertEquals(request.commit(uapi.DRM_MODE_ATOMIC_NONBLOCK), 0);
  settle();
}

Deno.test("the whole guest driver draws across vhost-user what it draws in process", () => {
  const clock = new VirtualClock();
  using reference = new System({ clock });
  const display = new CaptureDisplay();
  const modes = [{ enabled: true, width: 640, height: 480 }];
  using renderer = soft2d();
  using host = virtioGpuHost({ renderer, display, modes, features: EDID, clock });
  const { device: local, poller } = virtioLoopback(host);
  using _poller = reference.addPoller(poller);
  reference.addDevice(virtioGpu({ device: local }));
  draw(reference, clock);

  using t = rig();
  using front = new FrontEnd(t.path, { pump: t.pump });
  const remoteClock = new VirtualClock();
  const allocator = memfdAllocator();
  using system = new System({ clock: remoteClock, pages: allocator });
  using device = new VhostUserTestDevice({ front, allocator });
  device.prepare = (screen) => void (screen.modes = [{ enabled: true, width: 640, height: 480 }]);
  using _remote = system.addPoller(device);
  // The monitor of the front end is there before the driver asks: its EDID names the mode in both cases.
  system.addDevice(virtioGpu({ device }));
  draw(system, remoteClock);
  assert(front.wait(() => (device.poll(), device.screen.cursors.has(0))));
  const seen = device.screen.screen(), expected = display.shown[0];
  assert(expected);
  assertEquals([seen.width, seen.height], [expected.width, expected.height]);
  assert(expected.bytes.every((byte, i) => byte === seen.pixels[i]));
  const { x, y, image } = display.cursors[0];
  const cursor = device.screen.cursors.get(0);
  assertEquals([cursor?.x, cursor?.y], [x, y]);
  assertEquals(cursor?.pixels, image?.bytes);
  assertEquals(device.screen.faults, []);
});
