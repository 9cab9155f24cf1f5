/**
 * The queries of a sub-context that are active: what counts in a render pass is begun with each of its passes and ended with it.
 * Queries of one class share one Vulkan query (only one of a type may be active), which is split where one of them begins or ends.
 * @module
 */

import type { PassListener } from "./draw_hook.ts";
import { QueryEngine } from "./query_engine.ts";
import { type QueryClass, type QueryRun, QueryType } from "./query_run.ts";
import { badCommand } from "./refusal.ts";
import type { SubContext } from "./sub_context.ts";

/** Queries that may be active at once in a sub-context; GL has at most some ten targets. */
const activeLimit = 64;

/** The queries of one class and stream. */
interface Group {
  readonly what: QueryClass;
  readonly stream: number;
  /** The runs that count; replaced, never changed, since parts hold it. */
  runs: readonly QueryRun[];
  /** The Vulkan query that is begun; -1 for none. */
  slot: number;
}

/** Active queries of a sub-context. */
export class Queries implements PassListener, Disposable {
  readonly #sub: SubContext;
  readonly #engine: QueryEngine;
  readonly #groups: Group[] = [];
  #active = 0;

  /** None. */
  constructor(sub: SubContext) {
    this.#sub = sub;
    this.#engine = sub.engine.extra(QueryEngine);
  }

  /** Begins a run. @param stream vertex stream. @throws {VirglRefusal} when too many are active */
  begin(run: QueryRun, what: QueryClass, stream: number): void {
    if (what === "timestamp") {
      if (run.type === QueryType.timeElapsed) this.#engine.timestamp(run, -1n);
      return;
    }
    if (what === "none") return;
    if (this.#active >= activeLimit) throw badCommand(`Cannot begin a query: ${this.#active} are active`);
    for (const group of this.#groupsOf(run, what, stream)) this.#change(group, [...group.runs, run]);
    if (this.#active++ === 0) this.#sub.engine.pass.listeners.push(this);
  }

  /** Ends a run that was begun. */
  end(run: QueryRun, what: QueryClass, stream: number): void {
    if (what === "timestamp") this.#engine.timestamp(run, 1n);
    else if (what !== "none") this.#leave(run, what, stream);
    this.#engine.finish(run);
  }

  /** Takes a run out of what counts, as when its query is destroyed. */
  abandon(run: QueryRun, what: QueryClass, stream: number): void {
    if (what !== "timestamp" && what !== "none") this.#leave(run, what, stream);
    this.#engine.finish(run);
  }

  #leave(run: QueryRun, what: QueryClass, stream: number): void {
    let left = false;
    for (const group of this.#groupsOf(run, what, stream)) {
      if (!group.runs.includes(run)) continue;
      this.#change(group, group.runs.filter((other) => other !== run));
      left = true;
    }
    if (!left || --this.#active > 0) return;
    const { listeners } = this.#sub.engine.pass;
    const index = listeners.indexOf(this);
    if (index >= 0) listeners.splice(index, 1);
  }

  /** The groups that a run counts in: all streams for "any". */
  #groupsOf(run: QueryRun, what: QueryClass, stream: number): Group[] {
    if (run.type !== QueryType.soOverflowAnyPredicate) return [this.#group(what, stream)];
    const groups = [];
    for (let i = 0; i < 4; i++) if (this.#engine.has("feedback", i)) groups.push(this.#group("feedback", i));
    return groups;
  }

  #group(what: QueryClass, stream: number): Group {
    let group = this.#groups.find((g) => g.what === what && g.stream === stream);
    if (group === undefined) this.#groups.push(group = { what, stream, runs: [], slot: -1 });
    return group;
  }

  #change(group: Group, runs: readonly QueryRun[]): void {
    const { engine } = this.#sub;
    const inPass = engine.recorder.pass === engine.pass; // not so if recording was given up
    if (group.slot >= 0 && inPass) this.#close(group, engine.recorder.commands);
    group.runs = runs;
    if (inPass && engine.pass.framebuffer === this.#sub.framebuffer && runs.length > 0) {
      group.slot = this.#engine.begin(group.what, group.stream, engine.recorder.commands);
    }
  }

  #close(group: Group, commands: bigint): void {
    const { slot } = group;
    group.slot = -1;
    this.#engine.end(group.what, group.stream, commands, slot, group.runs);
  }

  /** Begins what is active, if the pass is this sub-context's. */
  passBegun(commands: bigint): void {
    if (this.#sub.engine.pass.framebuffer !== this.#sub.framebuffer) return;
    for (const group of this.#groups) {
      if (group.runs.length > 0) group.slot = this.#engine.begin(group.what, group.stream, commands);
    }
  }

  /** Ends what is begun. */
  passEnding(commands: bigint): void {
    for (const group of this.#groups) if (group.slot >= 0) this.#close(group, commands);
  }

  /** Primitives are not counted from here on, in an open pass; samples still are. */
  pause(commands: bigint): void {
    for (const group of this.#groups) if (group.slot >= 0 && group.what !== "occlusion") this.#close(group, commands);
  }

  /** Behind `pause`, in the same pass: they are counted again. */
  resume(commands: bigint): void {
    if (this.#sub.engine.pass.framebuffer !== this.#sub.framebuffer) return;
    for (const group of this.#groups) {
      if (group.runs.length === 0 || group.slot >= 0) continue;
      group.slot = this.#engine.begin(group.what, group.stream, commands);
    }
  }

  /** Ends everything. */
  [Symbol.dispose](): void {
    const { engine } = this.#sub;
    const open = engine.recorder.pass === engine.pass; // not so if recording was given up
    for (const group of this.#groups) {
      if (group.slot >= 0 && open) this.#close(group, engine.recorder.commands);
      group.runs = [];
      group.slot = -1;
    }
    const index = engine.pass.listeners.indexOf(this);
    if (index >= 0) engine.pass.listeners.splice(index, 1);
    this.#active = 0;
  }
}
