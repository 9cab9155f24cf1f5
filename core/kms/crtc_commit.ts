/**
 * `CrtcCommit`: what became of one commit on one CRTC: written to the hardware, shown. Carries the event and the out fence.
 * Mirrors struct drm_crtc_commit and drm_pending_vblank_event.
 * @module
 */

import { DRM_EVENT_FLIP_COMPLETE, type DRM_EVENT_VBLANK } from "../../uapi/mod.ts";
import type { EventSlot } from "../event_queue.ts";
import type { Fence } from "../fence.ts";
import type { Crtc } from "./crtc.ts";
import type { VblankWaiter } from "./vblank.ts";

/** Bytes of a drm_event_vblank. */
export const VBLANK_EVENT_SIZE = 32;

/** The bytes of a drm_event_vblank (G4). `low` and `high` are the cookie's halves, `time` is in ns. */
export function vblankEvent(
  type: typeof DRM_EVENT_VBLANK | typeof DRM_EVENT_FLIP_COMPLETE,
  low: number,
  high: number,
  sequence: number,
  time: number,
  crtcId: number,
): Uint8Array {
  const bytes = new Uint8Array(VBLANK_EVENT_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, VBLANK_EVENT_SIZE, true);
  view.setUint32(8, low, true);
  view.setUint32(12, high, true);
  view.setUint32(16, Math.floor(time / 1e9), true);
  view.setUint32(20, Math.floor((time % 1e9) / 1e3), true);
  view.setUint32(24, sequence, true);
  view.setUint32(28, crtcId, true);
  return bytes;
}

/** One commit on one CRTC. */
export class CrtcCommit implements VblankWaiter {
  /** The CRTC. */
  readonly crtc: Crtc;
  /** The frame that shows it, once known. */
  target = 0;
  /** Room for the event; undefined: nobody asked for one. */
  slot: EventSlot | undefined = undefined;
  /** Low half of the event's cookie. */
  cookieLow = 0;
  /** High half of the event's cookie. */
  cookieHigh = 0;
  /** The out fence. */
  fence: Fence | undefined = undefined;
  /** The first frame that may show it; undefined: the next. */
  notBefore: number | undefined = undefined;
  /** Whether it is shown at once, tearing. */
  tearing = false;
  /** Whether commits that must not block are refused with -EBUSY until it is shown (J9). */
  stalls = true;
  /** Whether it sets a mode, or switches the CRTC on or off. */
  modeset = false;
  /** Fences that have to signal before it can be shown: a driver's, see `AtomicState.completeAfter`. */
  holds = 0;
  #hwDone = false;
  #flipDone = false;
  #armed = false;
  #waiters: (() => void)[] | undefined = undefined;

  /** A commit that is yet to be done. @param crtc the CRTC. */
  constructor(crtc: Crtc) {
    this.crtc = crtc;
  }

  /** Whether the driver has been given all of it (hw_done). */
  get hwDone(): boolean {
    return this.#hwDone;
  }

  /** Whether it is on the screen (flip_done). */
  get flipDone(): boolean {
    return this.#flipDone;
  }

  /** drm_atomic_helper_commit_hw_done. */
  finishHardware(): void {
    this.#hwDone = true;
    this.#wake();
  }

  /** Ready to be shown: at the next frame, or at once when no frame will come. */
  arm(): void {
    this.#armed = true;
    if (this.holds === 0) this.#schedule();
  }

  /** A fence that held it back has signalled. */
  unhold(): void {
    this.holds--;
    if (this.#armed && this.holds === 0) this.#schedule();
  }

  #schedule(): void {
    const { crtc } = this;
    const vblank = crtc.vblank;
    if (!vblank.enabled || !crtc.kms.hasVblank) {
      // As drm_atomic_helper_fake_vblank and drm_crtc_send_vblank_event on a CRTC that is off.
      this.fire(vblank.count, crtc.kms.clock.now());
      return;
    }
    const count = vblank.count;
    if (this.tearing) {
      this.fire(count, vblank.timeOf(count));
      return;
    }
    this.target = Math.max(count + 1, this.notBefore ?? 0);
    vblank.add(this);
  }

  /** It is shown: sends the event, signals the fence (G5), lets the next commit go on. */
  fire(sequence: number, time: number): void {
    if (this.#flipDone) return;
    this.#flipDone = true;
    const { slot, fence } = this;
    this.slot = undefined;
    this.fence = undefined;
    if (slot !== undefined) {
      slot.send(vblankEvent(DRM_EVENT_FLIP_COMPLETE, this.cookieLow, this.cookieHigh, sequence, time, this.crtc.id));
    }
    fence?.signal(time);
    const trace = this.crtc.kms.device.system.trace;
    if (trace.enabled) {
      const args = { sequence, event: slot !== undefined, fence: fence !== undefined };
      trace.emit({
        time,
        floor: "core",
        name: "flip_done",
        subject: `${this.crtc.kms.device.name} crtc-${this.crtc.id}`,
        args,
      });
    }
    this.#wake();
  }

  /** The commit does not take place: gives back the event's room. */
  cancel(): void {
    this.slot?.cancel();
    this.slot = undefined;
    this.fence = undefined;
  }

  /** Nothing is to be shown: it counts as shown without event (legacy cursors, and CRTCs that stay off). */
  skipFlip(): void {
    this.#flipDone = true;
  }

  /** Calls `callback` once when something of it gets done. */
  onProgress(callback: () => void): void {
    (this.#waiters ??= []).push(callback);
  }

  /** Takes a callback back. */
  offProgress(callback: () => void): void {
    const index = this.#waiters?.indexOf(callback) ?? -1;
    if (index >= 0) this.#waiters?.splice(index, 1);
  }

  #wake(): void {
    const waiters = this.#waiters;
    if (waiters === undefined) return;
    this.#waiters = undefined;
    for (const waiter of waiters) waiter();
  }
}
