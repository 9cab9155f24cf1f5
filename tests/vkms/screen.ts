/**
 * A vkms device with a client that draws, and what the pictures and CRCs have to be.
 * @module
 */

import {
  createSystem,
  drivers,
  type PageAllocator,
  type System,
  VirtualClock,
  vkmsOf,
  type VkmsOptions,
} from "udrm/mod.ts";
import type { Device } from "udrm/core/device.ts";
import type { Vkms } from "udrm/drivers/gpu/vkms/mod.ts";
import {
  type AtomicRequest,
  type Connector,
  type Crtc,
  type DrmCard,
  type DumbBuffer,
  type Mode,
  modeBytes,
  openCard,
  type Plane,
} from "udrm/drivers/umd/drm/mod.ts";
import * as uapi from "udrm/uapi/mod.ts";

/** Allows a mode set, waits for nothing. */
export const MODESET: number = uapi.DRM_MODE_ATOMIC_ALLOW_MODESET | uapi.DRM_MODE_ATOMIC_NONBLOCK;
/** A flip with an event. */
export const FLIP: number = uapi.DRM_MODE_ATOMIC_NONBLOCK | uapi.DRM_MODE_PAGE_FLIP_EVENT;

/** The device and its client. */
export class VkmsScreen implements Disposable {
  /** Time. */
  readonly clock: VirtualClock = new VirtualClock();
  /** The system. */
  readonly system: System;
  /** The device. */
  readonly device: Device;
  /** The driver's state. */
  readonly vkms: Vkms;
  /** The client's card, atomic. */
  readonly card: DrmCard;
  /** Changes to be committed. */
  readonly request: AtomicRequest;

  /** A system with one vkms device. @param pages where memory comes from; the heap by default. */
  constructor(options: VkmsOptions = {}, pages?: PageAllocator) {
    this.system = createSystem({ drivers: [drivers.vkms(options)], clock: this.clock, pages });
    this.device = this.system.devices[0];
    this.vkms = vkmsOf(this.device);
    this.card = openCard(this.system.process());
    this.card.becomeAtomic();
    this.request = this.card.atomic();
  }

  /** A connector. */
  connector(index = 0): Connector {
    return this.card.connectors()[index];
  }

  /** A CRTC. */
  crtc(index = 0): Crtc {
    return this.card.crtcs()[index];
  }

  /** Planes of a type (DRM_PLANE_TYPE_*) that can be on a CRTC. */
  planes(type: number, crtc = 0): Plane[] {
    return this.card.planes().filter((plane) =>
      plane.value("type") === BigInt(type) && (plane.possibleCrtcs & (1 << crtc)) !== 0
    );
  }

  /** Puts `plane` with all of a framebuffer in the request. */
  show(plane: Plane, fb: number, width: number, height: number, x = 0, y = 0, crtc = 0): AtomicRequest {
    return this.request.setAll(plane, {
      FB_ID: fb,
      CRTC_ID: this.crtc(crtc).id,
      SRC_X: 0,
      SRC_Y: 0,
      SRC_W: width * 65536,
      SRC_H: height * 65536,
      CRTC_X: x,
      CRTC_Y: y,
      CRTC_W: width,
      CRTC_H: height,
    });
  }

  /** Switches a CRTC on, with a new XRGB8888 buffer of the mode's size on its primary plane. */
  light(mode?: Mode, crtc = 0): DumbBuffer {
    const connector = this.connector(crtc);
    const chosen = mode ?? connector.preferredMode;
    const { hdisplay: width, vdisplay: height } = chosen;
    const buffer = this.card.createDumb(width, height);
    this.request.clear().set(connector, "CRTC_ID", this.crtc(crtc).id);
    this.request.setAll(this.crtc(crtc), { MODE_ID: this.card.createBlob(modeBytes(chosen)), ACTIVE: 1 });
    const [primary] = this.planes(uapi.DRM_PLANE_TYPE_PRIMARY, crtc);
    this.show(primary, buffer.framebuffer(uapi.DRM_FORMAT_XRGB8888), width, height, 0, 0, crtc);
    this.request.commit(MODESET);
    this.request.clear();
    this.frames(2);
    return buffer;
  }

  /** Lets frames of 60 Hz pass. */
  frames(count = 1): void {
    this.clock.advance(Math.ceil(count * 16_700_000));
    this.system.pump();
  }

  /** Ends everything. */
  [Symbol.dispose](): void {
    this.system[Symbol.dispose]();
  }
}

/** The CRC of a frame whose pixels are `pixel(x, y)`: red, green, blue of 16 bits. */
export function crcOf(width: number, height: number, pixel: (x: number, y: number) => readonly number[]): number {
  let crc = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (const channel of [0xffff, ...pixel(x, y)]) {
        for (const byte of [channel & 255, channel >>> 8]) {
          crc ^= byte;
          for (let bit = 0; bit < 8; bit++) crc = (crc & 1) !== 0 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
        }
      }
    }
  }
  return crc >>> 0;
}
