/**
 * Who pays for the views of a resource: the context that was the first to need each, until the resource goes. A client has few
 * resources of many layers, each of which may have views without number.
 * @module
 */

import type { Budget } from "./budget.ts";

/** Says whose commands are executed. */
export interface Payer {
  /** What its context may have; undefined outside of commands. */
  readonly payer: Budget | undefined;
}

/** The payments of one resource. */
export class ViewPayment implements Disposable {
  readonly #payer: Payer;
  #paid: Map<Budget, number> | undefined;

  /** None yet. */
  constructor(payer: Payer) {
    this.#payer = payer;
  }

  /** Counts a view that is made. @throws {DrmError} ENOMEM if the context has too many */
  pay(): void {
    const { payer } = this.#payer;
    if (payer === undefined) return;
    payer.take("views", 1);
    const paid = this.#paid ??= new Map<Budget, number>();
    paid.set(payer, (paid.get(payer) ?? 0) + 1);
  }

  /** Gives everything back: the views are gone. */
  [Symbol.dispose](): void {
    for (const [budget, count] of this.#paid ?? []) budget.give("views", count);
    this.#paid = undefined;
  }
}
