/**
 * A whole path for pixel tests: card0, virtqueue, host, renderer, and a display that keeps what it saw, with the pictures that
 * a plain composition on the CPU expects.
 * @module
 */

import { VirtualClock } from "udrm/core/clock.ts";
import type { CursorImage, Display, DisplayMode, Frame, Rect } from "udrm/core/display.ts";
import type { Device } from "udrm/core/device.ts";
import type { Renderer } from "udrm/core/host.ts";
import { System } from "udrm/core/system.ts";
import { virtioLoopback } from "udrm/drivers/bus/virtqueue/mod.ts";
import { virtioGpu } from "udrm/drivers/gpu/virtio_gpu/mod.ts";
import { virtioGpuHost } from "udrm/drivers/host/virtio_gpu/mod.ts";
import {
  type AtomicRequest,
  type Connector,
  type Crtc,
  DrmCard,
  modeBytes,
  type Plane,
} from "udrm/drivers/umd/drm/mod.ts";
import * as uapi from "udrm/uapi/mod.ts";

/** A frame that a display saw, copied. */
export interface SeenFrame {
  readonly format: number;
  readonly width: number;
  readonly height: number;
  readonly bytes: Uint8Array;
  readonly damage: readonly Rect[];
}

/** Keeps what it is shown. */
export class CaptureDisplay implements Display {
  readonly name = "capture";
  /** The last frame of each scanout; undefined: it is off. */
  readonly shown: (SeenFrame | undefined)[] = [];
  /** Presentations so far. */
  presents = 0;
  /** The cursor of each scanout. */
  readonly cursors: { image: CursorImage | undefined; x: number; y: number }[] = [];
  onModeChange?: (scanout: number, mode: DisplayMode) => void;

  present(scanout: number, frame: Frame | undefined): void {
    this.presents++;
    if (frame === undefined) {
      this.shown[scanout] = undefined;
      return;
    }
    const { width, height, format, damage } = frame;
    const keep = (): void => {
      const bytes = new Uint8Array(width * height * 4);
      frame.read(bytes, width * 4);
      this.shown[scanout] = { width, height, format, bytes, damage: damage.map((rect) => ({ ...rect })) };
      frame.release?.();
    };
    frame.hold?.();
    if (frame.acquire === undefined || frame.acquire.addCallback(keep) === undefined) keep();
  }
  cursor(scanout: number, image: CursorImage | undefined, x: number, y: number): void {
    this.cursors[scanout] = { image: image && { ...image, bytes: image.bytes.slice() }, x, y };
  }
  [Symbol.dispose](): void {}
}

/** Options of {@linkcode screen}. */
export interface ScreenOptions {
  /** What executes; its owner disposes it. */
  readonly renderer: Renderer;
  /** VIRTIO_GPU_F_* bits to offer; EDID alone by default, so that dumb buffers are copied. */
  readonly features?: bigint;
  /** Size of the monitor. */
  readonly width?: number;
  readonly height?: number;
}

/** The whole path. */
export interface Screen extends Disposable {
  readonly system: System;
  readonly clock: VirtualClock;
  readonly display: CaptureDisplay;
  readonly device: Device;
  readonly card: DrmCard;
  readonly connector: Connector;
  readonly crtc: Crtc;
  readonly primary: Plane;
  readonly cursor: Plane;
  readonly request: AtomicRequest;
  readonly width: number;
  readonly height: number;
  /** Lets the host finish and frames pass. */
  settle(): void;
  /** Sets the mode with a framebuffer, part of it from (x, y). */
  light(fb: number, x?: number, y?: number): void;
  /** What is shown now. Throws if nothing is. */
  frame(): SeenFrame;
}

/** Makes one. */
export function screen(options: ScreenOptions): Screen {
  const clock = new VirtualClock();
  const system = new System({ clock });
  const display = new CaptureDisplay();
  const modes = [{ enabled: true, width: options.width ?? 320, height: options.height ?? 240 }];
  const features = options.features ?? 1n << BigInt(uapi.VIRTIO_GPU_F_EDID);
  const host = virtioGpuHost({ renderer: options.renderer, display, modes, features, clock, trace: system.trace });
  const { device: virtio, poller } = virtioLoopback(host);
  system.addPoller(poller);
  const device = system.addDevice(virtioGpu({ device: virtio }));
  const card = new DrmCard(system.process().open("/dev/dri/card0"));
  card.becomeAtomic();
  const [connector] = card.connectors();
  const crtc = connector.crtc();
  const mode = connector.preferredMode;
  const { hdisplay: width, vdisplay: height } = mode;
  const primary = card.planeOf(crtc, uapi.DRM_PLANE_TYPE_PRIMARY);
  const request = card.atomic();
  const settle = (): void => {
    const started = performance.now();
    do system.pump(); while (poller.busy && performance.now() - started < 5000);
    clock.advance(100e6);
    system.pump();
  };
  return {
    system,
    clock,
    display,
    device,
    card,
    connector,
    crtc,
    primary,
    cursor: card.planeOf(crtc, uapi.DRM_PLANE_TYPE_CURSOR),
    request,
    width,
    height,
    settle,
    light(fb, x = 0, y = 0): void {
      request.clear().set(connector, "CRTC_ID", crtc.id);
      request.setAll(crtc, { MODE_ID: card.createBlob(modeBytes(mode)), ACTIVE: 1 });
      request.setAll(primary, {
        FB_ID: fb,
        CRTC_ID: crtc.id,
        SRC_X: x * 65536,
        SRC_Y: y * 65536,
        SRC_W: width * 65536,
        SRC_H: height * 65536,
        CRTC_X: 0,
        CRTC_Y: 0,
        CRTC_W: width,
        CRTC_H: height,
      });
      request.commit(uapi.DRM_MODE_ATOMIC_ALLOW_MODESET | uapi.DRM_MODE_ATOMIC_NONBLOCK);
      request.clear();
      settle();
    },
    frame: () => {
      const seen = display.shown[0];
      if (seen === undefined) throw new Error("Cannot look at the screen: it is off");
      return seen;
    },
    [Symbol.dispose]: () => {
      system[Symbol.dispose]();
      host[Symbol.dispose]();
    },
  };
}

/** Byte places of red, green and blue in a pixel of a 32-bit format (drm_fourcc.h: little-endian). */
const LAYOUTS = new Map<number, readonly [number, number, number]>([
  [uapi.DRM_FORMAT_XRGB8888, [2, 1, 0]],
  [uapi.DRM_FORMAT_ARGB8888, [2, 1, 0]],
  [uapi.DRM_FORMAT_XBGR8888, [0, 1, 2]],
  [uapi.DRM_FORMAT_ABGR8888, [0, 1, 2]],
  [uapi.DRM_FORMAT_RGBX8888, [3, 2, 1]],
  [uapi.DRM_FORMAT_RGBA8888, [3, 2, 1]],
  [uapi.DRM_FORMAT_BGRX8888, [1, 2, 3]],
  [uapi.DRM_FORMAT_BGRA8888, [1, 2, 3]],
]);

/** Red, green and blue of a part of a picture whose rows are `pitch` bytes: the plain composition. */
export function rgb(
  bytes: Uint8Array,
  format: number,
  pitch: number,
  x: number,
  y: number,
  width: number,
  height: number,
): Uint8Array {
  const layout = LAYOUTS.get(format);
  if (layout === undefined) throw new Error(`Cannot read format 0x${format.toString(16)}`);
  const out = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const from = (y + row) * pitch + (x + column) * 4, to = (row * width + column) * 3;
      for (let i = 0; i < 3; i++) out[to + i] = bytes[from + layout[i]];
    }
  }
  return out;
}

/** Red, green and blue of all that a display saw. */
export function seenRgb(frame: SeenFrame): Uint8Array {
  return rgb(frame.bytes, frame.format, frame.width * 4, 0, 0, frame.width, frame.height);
}

/** Fills with bytes that look random and are the same each time. */
export function noise(bytes: Uint8Array, seed: number): Uint8Array {
  let state = seed >>> 0 || 1;
  for (let i = 0; i < bytes.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  return bytes;
}
