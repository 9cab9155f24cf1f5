/** Things to dispose of once the GPU has passed a timeline value. */

/** First in, first out: values are expected to grow; a smaller one waits for those before it. */
export class DeletionQueue implements Disposable {
  readonly #values: number[] = [];
  readonly #items: Disposable[] = [];
  #head = 0;

  /** Things that still wait. */
  get length(): number {
    return this.#items.length - this.#head;
  }

  /** Adds something that submissions up to `value` may use. */
  push(value: number, item: Disposable): void {
    this.#values.push(value);
    this.#items.push(item);
  }

  /** Disposes of what no submission after `completed` uses. Once something throws, the rest waits for the next sweep. */
  sweep(completed: number): void {
    while (this.#head < this.#items.length && this.#values[this.#head] <= completed) {
      this.#items[this.#head++][Symbol.dispose]();
    }
    if (this.#head > 64 && this.#head * 2 > this.#items.length) {
      this.#values.splice(0, this.#head);
      this.#items.splice(0, this.#head);
      this.#head = 0;
    }
  }

  /** Disposes of everything; the GPU must be idle. */
  [Symbol.dispose](): void {
    this.sweep(Infinity);
  }
}
