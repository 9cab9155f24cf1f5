/**
 * What one context has, in all its sub-contexts together, counted against LIMITS: a client that makes without end is refused, and
 * what others have is not touched.
 * @module
 */

import { DrmError } from "../../../../core/error.ts";
import { LIMITS } from "./limits.ts";

/** What is counted. */
export type Budgeted =
  | "objects"
  | "shaders"
  | "shaderBytes"
  | "moduleBytes"
  | "pipelines"
  | "samplers"
  | "views"
  | "descriptions";

const MOST: Readonly<Record<Budgeted, number>> = {
  objects: LIMITS.objects,
  shaders: LIMITS.shaders,
  shaderBytes: LIMITS.totalShaderBytes,
  moduleBytes: LIMITS.moduleBytes,
  pipelines: LIMITS.pipelines,
  samplers: LIMITS.contextSamplers,
  views: LIMITS.views,
  descriptions: LIMITS.descriptions,
};

/** The counts of one context. */
export class Budget {
  readonly #used: Record<Budgeted, number> = {
    objects: 0,
    shaders: 0,
    shaderBytes: 0,
    moduleBytes: 0,
    pipelines: 0,
    samplers: 0,
    views: 0,
    descriptions: 0,
  };

  /** How much of something is in use. */
  used(what: Budgeted): number {
    return this.#used[what];
  }

  /** Whether there is room for so much more. */
  has(what: Budgeted, count: number): boolean {
    return this.#used[what] + count <= MOST[what];
  }

  /** Counts something. @throws {DrmError} ENOMEM if it is too much; nothing is counted then */
  take(what: Budgeted, count: number): void {
    if (!this.has(what, count)) {
      throw new DrmError("ENOMEM", `Cannot make more: the context has ${this.#used[what]} of ${MOST[what]} ${what}`);
    }
    this.#used[what] += count;
  }

  /** Ends a `take`. */
  give(what: Budgeted, count: number): void {
    this.#used[what] -= count;
  }
}
