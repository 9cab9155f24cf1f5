/**
 * Small numbers for long descriptions: equal descriptions get equal numbers, from 1 on, as long as the numbering lives.
 * @module
 */

import { DrmError } from "../../../../core/error.ts";
import type { Budget } from "./budget.ts";

/** How many descriptions are remembered; who needs more is refused, as numbers must not be used again. */
const MOST = 1 << 13;

/** A numbering. */
export class Numbering implements Disposable {
  readonly #numbers = new Map<string, number>();
  readonly #budget: Budget;

  /** None yet. @param budget what its descriptions are counted against */
  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** The number of a description. @throws {DrmError} ENOMEM when there are too many */
  number(description: string): number {
    let number = this.#numbers.get(description);
    if (number === undefined) {
      if (this.#numbers.size >= MOST) throw new DrmError("ENOMEM", `Cannot number more than ${MOST} descriptions`);
      this.#budget.take("descriptions", 1);
      this.#numbers.set(description, number = this.#numbers.size + 1);
    }
    return number;
  }

  /** Forgets all. */
  [Symbol.dispose](): void {
    this.#budget.give("descriptions", this.#numbers.size);
    this.#numbers.clear();
  }
}
