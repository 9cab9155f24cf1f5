/**
 * Operations that ask the host several things, one after the other, written as generators: `yield message` sends it and goes on
 * when its answer is there. In process that is at once; across processes the client's call waits meanwhile.
 * @module
 */

import { DrmError, errnoOf } from "../../../core/error.ts";
import { Wait } from "../../../core/wait.ts";
import type { Message } from "./message.ts";

/** An operation: it yields messages, and returns what the call returns. */
export type Steps<T = number | Wait> = Generator<Message, T, void>;

/** Who runs an operation hears what becomes of it. */
export interface StepsOwner {
  /** The client was interrupted; the operation goes on, and undoes what it made. */
  abandoned(): void;
  /** It is over, whatever came of it. */
  ended(): void;
}

/** Goes on until a message without an answer: that message, or the result. Throws what the operation throws. */
function advance<T>(steps: Steps<T>, last: Message | undefined): { readonly pending: Message } | { readonly value: T } {
  let message = last;
  for (;;) {
    const step = message?.error !== undefined ? steps.throw(message.error) : steps.next();
    if (step.done) return { value: step.value };
    message = step.value;
    try {
      message.link.send(message);
    } catch (error) {
      if (!(error instanceof DrmError)) throw error;
      message.fail(error);
    }
    if (!message.isDone) return { pending: message };
  }
}

/**
 * Runs an operation for a client.
 *
 * @returns its result, or a Wait for it. An interrupted call gets its answer at once, and the operation goes on behind it.
 * @throws what the operation throws before it waits
 */
export function runSteps(steps: Steps, owner: StepsOwner): number | Wait {
  let waiting = false;
  try {
    const first = advance(steps, undefined);
    if ("value" in first) return first.value;
    waiting = true;
    return wait(steps, owner, first.pending);
  } finally {
    if (!waiting) owner.ended();
  }
}

function wait(steps: Steps, owner: StepsOwner, first: Message): Wait {
  let inner: Wait | undefined;
  let over = false;
  const outer: Wait = new Wait({
    cleanup: () => {
      if (inner !== undefined) inner.cancel();
      else if (!over) owner.abandoned();
    },
  });
  const go = (message: Message): void => {
    message.onDone = () => {
      let result: number | Wait;
      try {
        const next = advance(steps, message);
        if ("pending" in next) return go(next.pending);
        result = next.value;
      } catch (error) {
        result = errnoOf(error);
      }
      over = true;
      owner.ended();
      if (typeof result === "number") return outer.complete(result);
      if (outer.result !== undefined) return result.cancel();
      inner = result;
      inner.onDone((done) => {
        inner = undefined;
        outer.complete(done);
      });
    };
  };
  go(first);
  return outer;
}

/** Runs an operation that no client waits for. Errors of the host are ignored: it is about things that are gone. */
export function runDetached(steps: Steps<unknown>): void {
  const go = (last: Message | undefined): void => {
    try {
      const next = advance(steps, last);
      if ("pending" in next) next.pending.onDone = () => go(next.pending);
    } catch (error) {
      errnoOf(error);
    }
  };
  go(undefined);
}

/** How long `runNow` looks at the bus, ms. */
const PATIENCE = 5000;

/**
 * Runs an operation to its end, looking at the bus meanwhile: for probing and opening, where nobody can wait.
 *
 * @param poll completes what has arrived. @throws {DrmError} ETIMEDOUT when the host does not answer; what the operation throws
 */
export function runNow<T>(steps: Steps<T>, poll: () => boolean): T {
  let last: Message | undefined;
  const end = performance.now() + PATIENCE;
  for (;;) {
    const next = advance(steps, last);
    if ("value" in next) return next.value;
    last = next.pending;
    while (!last.isDone) {
      if (!poll() && performance.now() > end) throw new DrmError("ETIMEDOUT", "Cannot go on: the host does not answer");
    }
  }
}
