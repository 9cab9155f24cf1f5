/**
 * What the front end is asked about its monitors: sizes, and the EDIDs of those that are plugged in. One question at a time; the
 * device goes on when the answers are there, or after a while without them.
 * @module
 */

import type { DisplayMode } from "../../../core/display.ts";
import { virtio_gpu_resp_display_info, virtio_gpu_resp_edid } from "../../../uapi/virtio_gpu.ts";
import {
  vhost_user_gpu_edid_request,
  VHOST_USER_GPU_GET_DISPLAY_INFO,
  VHOST_USER_GPU_GET_EDID,
  VHOST_USER_GPU_GET_PROTOCOL_FEATURES,
  VHOST_USER_GPU_PROTOCOL_F_EDID,
  VHOST_USER_GPU_SET_PROTOCOL_FEATURES,
} from "../../../uapi/vhost_user_gpu.ts";

/** How long answers are waited for, ns. */
const PATIENCE = 1e9;
const NOTHING = new Uint8Array(0);
const SIDE_MAX = 16384;
const OFF: DisplayMode = { enabled: false, width: 1024, height: 768 };

/** Sends a question. */
export type Post = (request: number, payload: Uint8Array) => void;

/** The questions to one front end. */
export class DisplayQueries {
  /** Scanouts of the device. */
  readonly #count: number;
  readonly #now: () => number;
  readonly #post: Post;
  readonly #apply: (modes: readonly DisplayMode[]) => void;
  // Which answer is awaited; 0 for none.
  #awaited = 0;
  #again = false;
  #edid = false;
  #deadline = Infinity;
  #modes: DisplayMode[] = [];
  // Scanouts whose EDID is still to be asked for; the first one's answer is awaited.
  readonly #edids: number[] = [];

  /**
   * @param count scanouts of the device. @param now the time, ns. @param post sends a question.
   * @param apply hears the outcome: a mode for each scanout.
   */
  constructor(count: number, now: () => number, post: Post, apply: (modes: readonly DisplayMode[]) => void) {
    this.#count = count;
    this.#now = now;
    this.#post = post;
    this.#apply = apply;
  }

  /** Whether answers are awaited. */
  get busy(): boolean {
    return this.#awaited !== 0;
  }
  /** When it gives up; Infinity while nothing is awaited. */
  get deadline(): number {
    return this.#deadline;
  }

  /** There is a connection: asks what the front end can do, then for the monitors. */
  begin(): void {
    this.end();
    this.#edid = false;
    this.#ask(VHOST_USER_GPU_GET_PROTOCOL_FEATURES, NOTHING);
  }

  /** Asks for the monitors anew; if it is being asked, once more afterwards. */
  refresh(): void {
    if (this.busy) this.#again = true;
    else this.#ask(VHOST_USER_GPU_GET_DISPLAY_INFO, NOTHING);
  }

  /** Nobody answers any more. */
  end(): void {
    this.#awaited = 0;
    this.#deadline = Infinity;
    this.#again = false;
    this.#edids.length = 0;
  }

  /** An answer. @returns false if it was not asked for, or is none. */
  answer(request: number, payload: Uint8Array): boolean {
    if (request !== this.#awaited) return false;
    if (request === VHOST_USER_GPU_GET_PROTOCOL_FEATURES) {
      if (payload.length !== 8) return false;
      const offered = new DataView(payload.buffer, payload.byteOffset).getUint32(0, true);
      const used = offered & 1 << VHOST_USER_GPU_PROTOCOL_F_EDID;
      this.#edid = used !== 0;
      const accepted = new Uint8Array(8);
      accepted[0] = used;
      this.#post(VHOST_USER_GPU_SET_PROTOCOL_FEATURES, accepted);
      this.#ask(VHOST_USER_GPU_GET_DISPLAY_INFO, NOTHING);
      return true;
    }
    if (request === VHOST_USER_GPU_GET_DISPLAY_INFO) {
      if (payload.length !== virtio_gpu_resp_display_info.size) return false;
      this.#info(payload);
    } else {
      if (payload.length !== virtio_gpu_resp_edid.size) return false;
      const { size, edid } = virtio_gpu_resp_edid.at(payload);
      const scanout = this.#edids.shift() ?? 0;
      const length = Math.min(size, edid.length) & ~127;
      if (length > 0) this.#modes[scanout] = { ...this.#modes[scanout], edid: edid.slice(0, length) };
    }
    this.#proceed();
    return true;
  }

  #info(payload: Uint8Array): void {
    const { pmodes } = virtio_gpu_resp_display_info.at(payload);
    this.#modes = [];
    this.#edids.length = 0;
    for (let i = 0; i < this.#count; i++) {
      const { r: { width, height }, enabled } = pmodes[i];
      const sensible = width > 0 && height > 0 && width <= SIDE_MAX && height <= SIDE_MAX;
      this.#modes.push(enabled !== 0 && sensible ? { enabled: true, width, height } : OFF);
      // A front end answers nothing for a scanout that it has not: only those are asked about that it says it has.
      if (this.#edid && enabled !== 0 && sensible) this.#edids.push(i);
    }
  }

  #proceed(): void {
    if (this.#edids.length > 0) {
      const request = vhost_user_gpu_edid_request.of({ scanout_id: this.#edids[0] });
      return this.#ask(VHOST_USER_GPU_GET_EDID, vhost_user_gpu_edid_request.bytes(request));
    }
    const again = this.#again;
    this.end();
    if (again) this.#ask(VHOST_USER_GPU_GET_DISPLAY_INFO, NOTHING);
    else this.#apply(this.#modes);
  }

  #ask(request: number, payload: Uint8Array): void {
    this.#awaited = request;
    this.#deadline = this.#now() + PATIENCE;
    this.#post(request, payload);
  }
}
