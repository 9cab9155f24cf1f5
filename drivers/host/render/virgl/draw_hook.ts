/**
 * What acts around draws and passes without being part of them: transform feedback around each draw, queries and conditions
 * that have to be ended with a render pass and begun again in the next.
 * @module
 */

/** Something around each draw of a sub-context. */
export interface DrawHook {
  /** Notes what it uses with `recorder.use`; whether a barrier is due first. Called outside or inside a pass; may be called twice. */
  use(): boolean;
  /** In the pass, with the pipeline bound, before the draw. @param mode PIPE_PRIM_*. */
  before(commands: bigint, mode: number): void;
  /** Behind the draw. @param count, instances as drawn (0 if the GPU knows them only). */
  after(commands: bigint, mode: number, count: number, instances: number): void;
}

/** Something that has to know of render passes; see Pass.listeners. */
export interface PassListener {
  /** A pass has begun. */
  passBegun(commands: bigint): void;
  /** The pass is about to end. */
  passEnding(commands: bigint): void;
}

/** Something that may keep draws and clears from being executed. */
export interface DrawCondition {
  /** Whether they are. */
  passes(): boolean;
}
