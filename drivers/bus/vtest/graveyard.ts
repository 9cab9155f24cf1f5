/**
 * Memory that nobody names any more, but that the GPU may still reach.
 * @module
 */

import type { Renderer } from "../../../core/host.ts";

/** Keeps things until a batch is complete. One a renderer: it outlives the clients. */
export class Graveyard implements Disposable {
  // In the order of batches, which grow.
  readonly #waiting: { readonly batch: number; readonly thing: Disposable }[] = [];
  readonly #renderer: Renderer;

  /** @param renderer whose batches count. */
  constructor(renderer: Renderer) {
    this.#renderer = renderer;
  }

  /** How many things wait. */
  get size(): number {
    return this.#waiting.length;
  }

  /** Disposes `thing` once `batch` is complete. @param batch not below that of the call before. */
  bury(batch: number, thing: Disposable): void {
    this.#waiting.push({ batch, thing });
    if (this.#waiting.length % 64 === 0) this.sweep();
  }

  /** Disposes what can be. */
  sweep(): void {
    if (this.#waiting.length === 0) return;
    const completed = this.#renderer.completed();
    let count = 0;
    while (count < this.#waiting.length && this.#waiting[count].batch <= completed) {
      this.#waiting[count++].thing[Symbol.dispose]();
    }
    this.#waiting.splice(0, count);
  }

  /** Disposes all: the renderer is gone. */
  [Symbol.dispose](): void {
    for (const { thing } of this.#waiting.splice(0)) thing[Symbol.dispose]();
  }
}
