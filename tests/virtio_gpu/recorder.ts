/**
 * A display that writes down what it is given, and a renderer that finishes batches when a test says so.
 * @module
 */

import type { CursorImage, Display, DisplayMode, Frame, Rect } from "udrm/core/display.ts";
import { Soft2d } from "udrm/drivers/host/render/soft2d/mod.ts";

/** A frame as it was presented. */
export interface Presented {
  /** Which scanout. */
  readonly scanout: number;
  /** Undefined: it was switched off. */
  readonly frame: {
    readonly format: number;
    readonly width: number;
    readonly height: number;
    readonly damage: readonly Rect[];
    readonly pixels: Uint8Array;
  } | undefined;
}

/** The display. */
export class Recorder implements Display {
  /** Always "recorder". */
  readonly name = "recorder";
  /** Set by the host. */
  onModeChange: ((scanout: number, mode: DisplayMode) => void) | undefined;
  /** What was presented. */
  readonly frames: Presented[] = [];
  /** What cursors were set. */
  readonly cursors: { scanout: number; image: CursorImage | undefined; x: number; y: number }[] = [];
  /** Called before a frame is written down. */
  onPresent: (() => void) | undefined;

  /** Writes a frame down. */
  present(scanout: number, frame: Frame | undefined): void {
    this.onPresent?.();
    if (frame === undefined) return void this.frames.push({ scanout, frame });
    const { format, width, height, damage } = frame;
    const pixels = new Uint8Array(width * height * 4);
    frame.read(pixels, width * 4);
    this.frames.push({ scanout, frame: { format, width, height, damage, pixels } });
  }
  /** Writes a cursor down. */
  cursor(scanout: number, image: CursorImage | undefined, x: number, y: number): void {
    this.cursors.push({ scanout, image, x, y });
  }
  /** The last frame of a scanout. Throws if there is none. */
  last(scanout = 0): NonNullable<Presented["frame"]> {
    const found = this.frames.findLast((f) => f.scanout === scanout)?.frame;
    if (found === undefined) throw new Error(`Cannot show the last frame of scanout ${scanout}: there is none`);
    return found;
  }
  /** Takes all frames away and returns them. */
  take(): Presented[] {
    return this.frames.splice(0);
  }
  /** Nothing is held. */
  [Symbol.dispose](): void {}
}

/** soft2d whose batches are complete when `finish` says so: a GPU that takes its time. */
export class SlowRenderer extends Soft2d {
  #submitted = 0;
  #finished = 0;
  /** Batches that somebody blocked for. */
  waits = 0;

  /** Completes batches up to this one, all by default. */
  finish(batch = this.#submitted): void {
    this.#finished = batch;
  }
  override submit(): number {
    return ++this.#submitted;
  }
  override completed(): number {
    return this.#finished;
  }
  override wait(batch: number, _timeoutNs: number): boolean {
    this.waits++;
    this.#finished = Math.max(this.#finished, batch);
    return true;
  }
}
