/**
 * A renderer and its batches: what was recorded since the last submission, and which batch the guest's answers wait for.
 * @module
 */

import type { Renderer } from "../../../core/host.ts";
import { is3d, type Renderer3d } from "../../../core/host3d.ts";

/** The renderer of a device. */
export class Batches {
  /** What executes. */
  readonly renderer: Renderer;
  /** The same, if it has 3D. */
  readonly renderer3d: Renderer3d | undefined;
  /** Whether something was recorded since the last `submit`. */
  dirty = false;
  /** Whether the command that is executed now recorded something; who executes commands sets it back. */
  recorded = false;
  #last = 0;

  /** @param renderer what executes. */
  constructor(renderer: Renderer) {
    this.renderer = renderer;
    this.renderer3d = is3d(renderer) ? renderer : undefined;
  }

  /** A command has recorded something. */
  record(): void {
    this.dirty = this.recorded = true;
  }

  /** Submits what was recorded; the number of the batch that ends it. */
  submit(): number {
    if (this.dirty) {
      this.dirty = false;
      this.#last = this.renderer.submit();
    }
    return this.#last;
  }

  /** Waits at most `timeoutNs` until nothing is under way; whether it is so. */
  drain(timeoutNs: number): boolean {
    const batch = this.submit();
    return this.renderer.completed() >= batch || this.renderer.wait(batch, timeoutNs);
  }
}
