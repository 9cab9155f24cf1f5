/**
 * `DumbBuffer`: memory for a picture that the CPU draws, mapped, and shown through a framebuffer.
 * @module
 */

import type { Mapping } from "../../../core/file.ts";
import * as fb from "../../../uapi/drm_mode_fb.ts";
import type { DrmCard } from "./card.ts";
import { release } from "./dispose.ts";

/** A dumb buffer, its mapping and its framebuffers. */
export class DumbBuffer implements Disposable {
  /** The card. */
  readonly card: DrmCard;
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** GEM handle. */
  readonly handle: number;
  /** Bytes a row. */
  readonly pitch: number;
  /** Bytes in all. */
  readonly size: number;
  #mapping: Mapping | undefined;
  readonly #framebuffers = new Map<number, number>();
  #open = true;

  /** CREATE_DUMB. @param width columns. @param height rows. @param bpp bits a pixel. Throws EINVAL, ENOMEM, ENOSYS. */
  constructor(card: DrmCard, width: number, height: number, bpp = 32) {
    const arg = fb.drm_mode_create_dumb.of({ width, height, bpp });
    card.file.ioctl(fb.DRM_IOCTL_MODE_CREATE_DUMB, arg);
    this.card = card;
    this.width = width;
    this.height = height;
    this.handle = arg.handle;
    this.pitch = arg.pitch;
    this.size = arg.size;
  }

  /** Its bytes; mapped when first asked for. */
  get bytes(): Uint8Array {
    if (this.#mapping === undefined) {
      const arg = fb.drm_mode_map_dumb.of({ handle: this.handle });
      this.card.file.ioctl(fb.DRM_IOCTL_MODE_MAP_DUMB, arg);
      this.#mapping = this.card.map(this.size, arg.offset);
    }
    return this.#mapping.bytes;
  }

  /** A framebuffer of all of it; made when first asked for. @param format DRM_FORMAT_*. Throws as ADDFB2. */
  framebuffer(format: number): number {
    let id = this.#framebuffers.get(format);
    if (id === undefined) {
      id = this.card.addFramebuffer({
        width: this.width,
        height: this.height,
        format,
        handles: [this.handle],
        pitches: [this.pitch],
      });
      this.#framebuffers.set(format, id);
    }
    return id;
  }

  /** Removes its framebuffers (what shows them goes dark), unmaps and closes it. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    for (const id of this.#framebuffers.values()) release(() => this.card.removeFramebuffer(id));
    this.#framebuffers.clear();
    this.#mapping?.[Symbol.dispose]();
    this.#mapping = undefined;
    const destroy = fb.drm_mode_destroy_dumb.of({ handle: this.handle });
    release(() => this.card.file.ioctl(fb.DRM_IOCTL_MODE_DESTROY_DUMB, destroy));
  }
}
