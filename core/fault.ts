/**
 * Fault injection: named points in core and drivers where a test (or a user) makes an operation fail. The counterpart of
 * the kernel's fault-injection framework (Documentation/fault-injection).
 * @module
 */

import type { ErrnoName } from "../uapi/errno.ts";
import { DrmError } from "./error.ts";

/** When a point fails. */
export interface FaultRule {
  /** The errno to fail with. */
  readonly error: ErrnoName;
  /** Passes that succeed first, default 0. */
  readonly after?: number;
  /** Failures in all, default 1. */
  readonly times?: number;
}

/** The faults of one system. */
export class Faults {
  readonly #rules = new Map<string, { rule: FaultRule; passes: number; failures: number }>();
  /** Whether any rule stands: check it before `check` on hot paths. */
  armed = false;

  /** Makes `point` fail by `rule` until disposed. */
  inject(point: string, rule: FaultRule): Disposable {
    const state = { rule, passes: 0, failures: 0 };
    this.#rules.set(point, state);
    this.armed = true;
    return {
      [Symbol.dispose]: () => {
        if (this.#rules.get(point) === state) this.#rules.delete(point);
        this.armed = this.#rules.size > 0;
      },
    };
  }

  /** A point that may fail. Throws the injected error. */
  check(point: string): void {
    if (!this.armed) return;
    const state = this.#rules.get(point);
    if (state === undefined || state.failures >= (state.rule.times ?? 1)) return;
    if (state.passes++ < (state.rule.after ?? 0)) return;
    state.failures++;
    throw new DrmError(state.rule.error, `Cannot pass ${point}: a fault was injected`);
  }
}
