/**
 * A screen for VNC viewers, drawn by a program that reads the viewer's pointer from /dev/input/event1 and paints where its left
 * button is down. Nothing but a port of this machine is needed:
 *
 *     deno run --allow-net=127.0.0.1 --allow-env examples/vnc.ts [SECONDS]
 * @module
 */

import { createSystem, drivers } from "@udrm/udrm";
import { RfbDisplay } from "@udrm/udrm/display/rfb";
import { modeBytes, openCard } from "@udrm/udrm/umd/drm";
import {
  ABS_X,
  ABS_Y,
  BTN_LEFT,
  DRM_FORMAT_XRGB8888,
  DRM_MODE_ATOMIC_ALLOW_MODESET,
  DRM_PLANE_TYPE_PRIMARY,
  EV_ABS,
  EV_KEY,
  input_event,
  O_NONBLOCK,
  O_RDONLY,
} from "@udrm/udrm/uapi";

const seconds = Number(Deno.args[0] ?? 600);

await using rfb = RfbDisplay.listen({ onWarning: console.error });
using system = createSystem({ drivers: [drivers.vkms({ display: rfb })] });
rfb.plugInto(system);
console.log(`vncviewer ${rfb.server.hostname}::${rfb.server.port}`);

const program = system.process({ comm: "paint" });
using card = openCard(program);
card.becomeAtomic();
const [connector] = card.connectors();
const [crtc] = card.crtcs();
const [mode] = connector.modes;
const { hdisplay: width, vdisplay: height } = mode;
const buffer = card.createDumb(width, height);
const pixels = new Uint32Array(buffer.bytes.buffer, buffer.bytes.byteOffset, buffer.bytes.byteLength >> 2);
const across = buffer.pitch >> 2;
pixels.forEach((_, i) =>
  pixels[i] = (i % across * 255 / width & 0xff) << 8 | Math.floor(i / across) * 255 / height & 0xff
);
using request = card.atomic();
request.setAll(connector, { CRTC_ID: crtc.id });
request.setAll(crtc, { MODE_ID: card.createBlob(modeBytes(mode)), ACTIVE: 1 });
request.setAll(card.planeOf(crtc, DRM_PLANE_TYPE_PRIMARY), {
  FB_ID: buffer.framebuffer(DRM_FORMAT_XRGB8888),
  CRTC_ID: crtc.id,
  SRC_W: width * 65536,
  SRC_H: height * 65536,
  CRTC_W: width,
  CRTC_H: height,
});
await request.commitWait(DRM_MODE_ATOMIC_ALLOW_MODESET);

using tablet = program.open("/dev/input/event1", O_RDONLY | O_NONBLOCK);
const events = new Uint8Array(64 * input_event.size);
let x = 0, y = 0, painting = false;
for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
  for (let length; (length = Number(tablet.read(events))) > 0;) {
    for (let at = 0; at < length; at += input_event.size) {
      const { type, code, value } = input_event.at(events, at);
      if (type === EV_ABS && code === ABS_X) x = Math.round(value * (width - 1) / 32767);
      if (type === EV_ABS && code === ABS_Y) y = Math.round(value * (height - 1) / 32767);
      if (type === EV_KEY && code === BTN_LEFT) painting = value !== 0;
    }
    for (let row = Math.max(0, y - 4); painting && row < Math.min(height, y + 4); row++) {
      pixels.fill(0xffff00, row * across + Math.max(0, x - 4), row * across + Math.min(width, x + 4));
    }
  }
  system.pump();
  await new Promise((resolve) => setTimeout(resolve, 10));
}
