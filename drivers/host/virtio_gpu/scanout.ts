/**
 * Scanouts of a virtio-gpu: what each shows, its cursor, and the monitor that the display has put there. Frames leave from here.
 * @module
 */

import type { CursorImage, Display, DisplayMode, Rect } from "../../../core/display.ts";
import type { Batches } from "./batches.ts";
import type { HostResource } from "./resource.ts";

/** The layout of a blob that is shown: SET_SCANOUT_BLOB's. */
export interface BlobLayout {
  /** VIRTIO_GPU_FORMAT_*. */
  readonly format: number;
  /** Bytes a row. */
  readonly stride: number;
  /** Of the picture's first pixel in the blob, bytes. */
  readonly offset: number;
}

/** One scanout. */
export class Scanout {
  /** Its number, 0 to 15. */
  readonly index: number;
  /** The monitor. */
  mode: DisplayMode;
  /** What it shows, or undefined while it is off. */
  resource: HostResource | undefined;
  /** How a blob is read; undefined for a 2D resource. */
  layout: BlobLayout | undefined;
  /** Which part of the resource it shows, pixels. */
  rect: Rect = { x: 0, y: 0, width: 0, height: 0 };
  /** It was set and nothing was presented since: the next frame is all new. */
  fresh = false;
  /** The cursor's image, or undefined while it is hidden. */
  cursor: CursorImage | undefined;

  /** @param index its number. @param mode the monitor. */
  constructor(index: number, mode: DisplayMode) {
    this.index = index;
    this.mode = mode;
  }
}

/** The scanouts of one device. */
export class Scanouts {
  /** All of them, by number. */
  readonly all: readonly Scanout[];
  readonly #batches: Batches;
  readonly #display: Display;
  #fresh = 0;

  /** @param batches the renderer. @param display takes its frames. @param modes a monitor for each. */
  constructor(batches: Batches, display: Display, modes: readonly DisplayMode[]) {
    this.#batches = batches;
    this.#display = display;
    this.all = modes.map((mode, index) => new Scanout(index, mode));
  }

  /** Shows a part of a resource from the next flush, or the end of the batch, on. */
  set(scanout: Scanout, resource: HostResource, rect: Rect, layout: BlobLayout | undefined): void {
    this.#unlink(scanout);
    resource.scanouts |= 1 << scanout.index;
    scanout.resource = resource;
    scanout.rect = rect;
    scanout.layout = layout;
    scanout.fresh = true;
    this.#fresh |= 1 << scanout.index;
  }

  /** Switches a scanout off; the display hears of it if it was on. */
  off(scanout: Scanout): void {
    if (scanout.resource === undefined) return;
    this.#unlink(scanout);
    this.#display.present(scanout.index, undefined);
  }

  /** Switches off every scanout that shows `resource`. */
  forget(resource: HostResource): void {
    for (let i = 0; i < this.all.length && resource.scanouts !== 0; i++) {
      if (this.all[i].resource === resource) this.off(this.all[i]);
    }
  }

  /** RESOURCE_FLUSH: presents what of the rectangle lies on scanouts. Throws what the renderer or the display throws. */
  flush(resource: HostResource, x: number, y: number, width: number, height: number): void {
    if (resource.scanouts === 0) return;
    for (let i = 0; i < this.all.length; i++) {
      const scanout = this.all[i];
      if (scanout.resource !== resource) continue;
      const { rect } = scanout;
      const left = Math.max(x, rect.x), top = Math.max(y, rect.y);
      const right = Math.min(x + width, rect.x + rect.width), bottom = Math.min(y + height, rect.y + rect.height);
      if (left >= right || top >= bottom) continue;
      this.#present(scanout, { x: left - rect.x, y: top - rect.y, width: right - left, height: bottom - top });
    }
  }

  /** Presents scanouts that were set and not flushed since. Throws what the renderer or the display throws. */
  presentFresh(): void {
    if (this.#fresh === 0) return;
    for (let i = 0; i < this.all.length; i++) {
      if (this.all[i].fresh) this.#present(this.all[i], undefined);
    }
  }

  /** Presents once more what a scanout shows. @throws {DrmError} what the renderer throws. */
  refresh(index: number): void {
    const scanout = this.all[index];
    if (scanout?.resource !== undefined) this.#present(scanout, undefined);
  }

  /** Sets a cursor's image, if given, and its place. */
  cursor(scanout: Scanout, x: number, y: number): void {
    this.#display.cursor(scanout.index, scanout.cursor, x, y);
  }

  /** Forgets what the guest has set; monitors stay. */
  reset(): void {
    for (const scanout of this.all) {
      if (scanout.cursor !== undefined) {
        scanout.cursor = undefined;
        this.#display.cursor(scanout.index, undefined, 0, 0);
      }
      this.off(scanout);
    }
  }

  #unlink(scanout: Scanout): void {
    if (scanout.resource !== undefined) scanout.resource.scanouts &= ~(1 << scanout.index);
    scanout.resource = scanout.layout = undefined;
    scanout.fresh = false;
    this.#fresh &= ~(1 << scanout.index);
  }

  #present(scanout: Scanout, damage: Rect | undefined): void {
    const { resource, rect, layout } = scanout;
    const damages = scanout.fresh || damage === undefined ? [] : [damage];
    scanout.fresh = false;
    this.#fresh &= ~(1 << scanout.index);
    if (resource?.picture !== undefined) {
      // The frame shows what was submitted: everything before it in the queue.
      this.#batches.submit();
      const frame = this.#batches.renderer.frame(resource.picture, rect, damages);
      this.#batches.dirty = true;
      this.#display.present(scanout.index, frame);
    } else if (resource?.backing !== undefined && layout !== undefined) {
      const offset = layout.offset + rect.y * layout.stride + rect.x * 4;
      const { format, stride } = layout, { width, height } = rect, { renderer } = this.#batches;
      const frame = renderer.blobFrame(resource.backing, format, width, height, stride, offset, damages);
      this.#batches.dirty = true;
      this.#display.present(scanout.index, frame);
    }
  }
}
