/**
 * What a renderer holds of device memory: it is counted against a limit, and freed with the renderer.
 * @module
 */

import { DrmError } from "../../../core/error.ts";

/** The memory of one renderer. */
export class Holdings implements Disposable {
  /** Bytes that may be in use at once. */
  readonly limit: number;
  readonly #items = new Set<Disposable>();
  #used = 0;
  #lastId = 0;

  /** @param limit bytes. */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** Bytes in use. */
  get used(): number {
    return this.#used;
  }

  /** A number that nothing of this renderer has had for 2^32 calls. */
  nextId(): number {
    return this.#lastId = this.#lastId + 1 | 0;
  }

  /**
   * Makes something that takes `bytes`; `remove` ends it.
   *
   * @throws {DrmError} ENOMEM if that is too much; and what `make` throws.
   */
  take<T>(item: Disposable, bytes: number, make: () => T): T {
    if (!(this.#used + bytes <= this.limit)) {
      throw new DrmError(
        "ENOMEM",
        `Cannot take ${bytes} bytes of device memory: ${this.#used} of ${this.limit} are in use`,
      );
    }
    const made = make();
    this.#used += bytes;
    this.#items.add(item);
    return made;
  }

  /** Something that took `bytes` was freed. */
  remove(item: Disposable, bytes: number): void {
    if (this.#items.delete(item)) this.#used -= bytes;
  }

  /** Frees all that is held; the GPU must be done with it. */
  [Symbol.dispose](): void {
    for (const item of [...this.#items]) item[Symbol.dispose]();
  }
}
