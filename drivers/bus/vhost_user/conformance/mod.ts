/**
 * What a vhost-user-gpu back end is expected to do, as a list that can be pointed at any of them.
 * @module
 */

import { FrontEnd, type FrontEndOptions } from "../testing.ts";
import { GpuGuest } from "../testing_guest.ts";
import { DISPLAY_RULES, LIFE_RULES, RING_RULES } from "./device_rules.ts";
import { HOSTILE_RULES, PROTOCOL_RULES } from "./protocol_rules.ts";
import type { Outcome, Rule } from "./rule.ts";

export { type Bench, type Outcome, type Rule, Violation } from "./rule.ts";

/** All rules. */
export const CONFORMANCE_RULES: readonly Rule[] = [
  ...PROTOCOL_RULES,
  ...RING_RULES,
  ...DISPLAY_RULES,
  ...LIFE_RULES,
  ...HOSTILE_RULES,
];

/**
 * Tries a rule on a back end.
 *
 * @param rule the rule. @param path the back end's socket. @param options how to wait for it.
 * @returns what came of it; never throws
 */
export function tryRule(rule: Rule, path: string, options: FrontEndOptions = {}): Outcome {
  const { id, rule: sentence, cite } = rule;
  const open: Disposable[] = [];
  const keep = <T extends Disposable>(one: T): T => {
    open.push(one);
    return one;
  };
  let seen: string | undefined;
  try {
    rule.run({
      front: () => {
        // One front end at a time: what a case has opened before is over.
        for (const one of open.splice(0)) one[Symbol.dispose]();
        return keep(new FrontEnd(path, options));
      },
      guest: (more) => {
        for (const one of open.splice(0)) one[Symbol.dispose]();
        return keep(new GpuGuest(path, { ...options, ...more }));
      },
    });
  } catch (error) {
    seen = error instanceof Error ? error.message : String(error);
  } finally {
    for (const one of open) {
      try {
        one[Symbol.dispose]();
      } catch { /* a back end that is gone cannot be told */ }
    }
    options.pump?.();
  }
  return seen === undefined
    ? { id, rule: sentence, cite, kept: true }
    : { id, rule: sentence, cite, kept: false, seen };
}
