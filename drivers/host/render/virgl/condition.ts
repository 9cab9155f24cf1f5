/**
 * SET_RENDER_CONDITION: draws, clears and blits that obey it are left out unless a query counted something (or nothing, inverted).
 * Decided by the CPU at the first of them, so that what is left out costs nothing; modes that wait submit and wait for the GPU.
 * @module
 */

import {
  PIPE_RENDER_COND_BY_REGION_NO_WAIT,
  PIPE_RENDER_COND_BY_REGION_WAIT,
  PIPE_RENDER_COND_NO_WAIT,
  PIPE_RENDER_COND_WAIT,
} from "../../../../uapi/pipe.ts";
import { VIRGL_CCMD_SET_RENDER_CONDITION } from "../../../../uapi/virgl_protocol.ts";
import type { VirglContext } from "./context.ts";
import type { DrawCondition } from "./draw_hook.ts";
import type { Engine } from "./engine.ts";
import type { CommandHandlers } from "./handlers.ts";
import { objectOf } from "./object.ts";
import { Query } from "./objects/query.ts";
import { QueryEngine } from "./query_engine.ts";
import type { QueryRun } from "./query_run.ts";
import { badCommand } from "./refusal.ts";

/** A condition. Its query may be destroyed meanwhile: the run that it had counts. */
export class RenderCondition implements DrawCondition {
  readonly #engine: Engine;
  readonly #run: QueryRun | undefined;
  readonly #inverted: boolean;
  readonly #waits: boolean;
  #passes: boolean | undefined;

  /** Not decided yet. */
  constructor(engine: Engine, run: QueryRun | undefined, inverted: boolean, waits: boolean) {
    this.#engine = engine;
    this.#run = run;
    this.#inverted = inverted;
    this.#waits = waits;
  }

  /** Whether what obeys is executed. Without waiting, what is not known yet passes. */
  passes(): boolean {
    if (this.#passes !== undefined) return this.#passes;
    const queries = this.#engine.extra(QueryEngine), run = this.#run;
    if (run === undefined || !run.ended) return true;
    if (this.#waits) queries.wait(run);
    if (!queries.isKnown(run)) return true;
    const counted = run.result(queries.nanoseconds) !== 0n;
    return this.#passes = counted !== this.#inverted;
  }
}

function setRenderCondition(context: VirglContext, words: Uint32Array, at: number): void {
  const { current: sub, engine } = context, handle = words[at], mode = words[at + 2];
  if (handle === 0) {
    sub.condition = undefined;
    return;
  }
  const query = objectOf(sub.object(handle), Query, "query");
  const waits = mode === PIPE_RENDER_COND_WAIT || mode === PIPE_RENDER_COND_BY_REGION_WAIT;
  if (!waits && mode !== PIPE_RENDER_COND_NO_WAIT && mode !== PIPE_RENDER_COND_BY_REGION_NO_WAIT) {
    throw badCommand(`Cannot set a render condition of mode ${mode}`);
  }
  sub.condition = new RenderCondition(engine, query.run, words[at + 1] !== 0, waits);
}

/** SET_RENDER_CONDITION. */
export const conditionCommands: CommandHandlers = { [VIRGL_CCMD_SET_RENDER_CONDITION]: setRenderCondition };
