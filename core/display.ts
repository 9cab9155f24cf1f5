/**
 * The display slot: where frames go.
 * @module
 */

import type { Fence } from "./fence.ts";

/** A rectangle in pixels. */
export interface Rect {
  /** Left edge. */
  x: number;
  /** Top edge. */
  y: number;
  /** Columns. */
  width: number;
  /** Rows. */
  height: number;
}

/** One picture of a scanout. It does not change; it is valid until `present` returns or, after `hold`, until `release`. */
export interface Frame {
  /** DRM_FORMAT_*. */
  readonly format: number;
  /** DRM_FORMAT_MOD_*. */
  readonly modifier: bigint;
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** What changed since the frame before, in pixels of this frame; all of it when empty. */
  readonly damage: readonly Rect[];
  /** Signals when the pixels are there; undefined: they are. */
  readonly acquire?: Fence;
  /**
   * Copies the rectangle `rect` (all by default) as rows of `stride` bytes into `target`. Waits for nothing: call it after
   * `acquire`. A display that only counts frames never calls it, and no byte is copied.
   */
  read(target: Uint8Array, stride: number, rect?: Rect): void;
  /** The pixels in place and their stride, where the renderer has them in CPU memory without copying. */
  direct?(): { readonly bytes: Uint8Array; readonly stride: number } | undefined;
  /** Keeps it valid when `present` returns, until `release`. Costs a copy only if the guest draws meanwhile. */
  hold?(): void;
  /** The display is done with it. Harmless twice, and without `hold`. */
  release?(): void;
}

/** The pointer image over a scanout. */
export interface CursorImage {
  /** Columns: 64 for virtio-gpu. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** DRM_FORMAT_ARGB8888 bytes, `width * 4` a row, premultiplied alpha. */
  readonly bytes: Uint8Array;
  /** Hot spot, pixels from the left. */
  readonly hotX: number;
  /** Hot spot, pixels from the top. */
  readonly hotY: number;
}

/** A monitor that a display would like to have on a scanout. */
export interface DisplayMode {
  /** Whether a monitor is there. */
  readonly enabled: boolean;
  /** Preferred width, pixels. */
  readonly width: number;
  /** Preferred height, pixels. */
  readonly height: number;
  /** Its EDID, whole blocks of 128 bytes, at most 1024 bytes; the device makes one for the size if there is none. */
  readonly edid?: Uint8Array;
}

/** Where frames go. */
export interface Display extends Disposable {
  /** Its name, for example "png" or "null". */
  readonly name: string;
  /** A scanout shows `frame`; undefined: it is switched off. */
  present(scanout: number, frame: Frame | undefined): void;
  /** The cursor of a scanout: its image (undefined hides it) and the place of the image's top left corner, pixels. */
  cursor(scanout: number, image: CursorImage | undefined, x: number, y: number): void;
  /** Set by the host: called when a scanout's monitor changes (resize, plug). */
  onModeChange?: (scanout: number, mode: DisplayMode) => void;
  /**
   * Set by the host: presents what a scanout shows once more, all of it, before it returns; nothing while the scanout is off. For
   * a display that has not read earlier frames.
   */
  onRefresh?: (scanout: number) => void;
}
