/** Control flow: TGSI's structured words to SPIR-V's structured blocks (SPIR-V 2.11). */
import { Capability, FLOAT, Op, Storage, UINT } from "../spirv/mod.ts";
import { COMPONENTS, type Context } from "./context.ts";
import { opaque } from "./opaque.ts";
import type { Instruction } from "./shader.ts";

/** Deepest nesting. */
const MAX_DEPTH = 256;

/** An open construct. `dead` ones stand in unreachable code and make nothing. */
type Frame =
  | {
    readonly kind: "if";
    readonly dead: boolean;
    otherwise: number;
    readonly merge: number;
    reached: boolean;
    hadElse: boolean;
  }
  | {
    readonly kind: "loop";
    readonly dead: boolean;
    readonly head: number;
    readonly next: number;
    readonly merge: number;
  }
  | {
    readonly kind: "switch";
    readonly dead: boolean;
    readonly head: number;
    readonly next: number;
    readonly merge: number;
    readonly active: number;
    readonly matches: readonly number[];
    readonly left: number;
    readonly done: number;
    at: number;
    body: number;
  };

/** The blocks of one function. */
export class Flow {
  readonly #c: Context;
  readonly #frames: Frame[] = [];
  /** Iterations left, a uint variable; 0 until a loop needs it. */
  #budget = 0;
  /** Whether code here is reached. */
  reachable = true;

  /** Stands at the start of a function. */
  constructor(c: Context) {
    this.#c = c;
  }

  /** Whether no construct is open. */
  get closed(): boolean {
    return this.#frames.length === 0;
  }

  /** Begins another function. */
  reset(): void {
    this.reachable = true;
  }

  /** Ends the block: what follows is not reached. */
  terminate(): void {
    this.reachable = false;
  }

  #branch(label: number): void {
    if (this.reachable) this.#c.b.code.op(Op.Branch, label);
    this.reachable = false;
  }

  #label(id: number): void {
    this.#c.label(id);
    this.reachable = true;
  }

  #push(frame: Frame): void {
    if (this.#frames.length >= MAX_DEPTH) throw this.#c.error(`nested deeper than ${MAX_DEPTH}`);
    this.#frames.push(frame);
  }

  #top<K extends Frame["kind"]>(kind: K, word: string): Extract<Frame, { kind: K }> {
    const frame = this.#frames.at(-1);
    if (frame === undefined || frame.kind !== kind) throw this.#c.error(`${word} has no beginning`);
    return frame as Extract<Frame, { kind: K }>;
  }

  /** Opens `if (condition)`; the condition is made only when the code is reached. */
  begin(condition: () => number): void {
    const { b } = this.#c;
    if (!this.reachable) {
      this.#push({ kind: "if", dead: true, otherwise: 0, merge: 0, reached: false, hadElse: false });
      return;
    }
    const then = b.id(), otherwise = b.id(), merge = b.id();
    const value = opaque(this.#c, condition());
    b.code.op(Op.SelectionMerge, merge, 0);
    b.code.op(Op.BranchConditional, value, then, otherwise);
    this.#push({ kind: "if", dead: false, otherwise, merge, reached: false, hadElse: false });
    this.#label(then);
  }

  /** ELSE. */
  otherwise(): void {
    const frame = this.#top("if", "ELSE");
    if (frame.hadElse) throw this.#c.error("a second ELSE");
    frame.hadElse = true;
    if (frame.dead) return;
    if (this.reachable) frame.reached = true;
    this.#branch(frame.merge);
    this.#label(frame.otherwise);
  }

  /** ENDIF. */
  end(): void {
    const frame = this.#top("if", "ENDIF");
    this.#frames.pop();
    if (frame.dead) return;
    if (!frame.hadElse) {
      this.#branch(frame.merge);
      this.#label(frame.otherwise);
    }
    if (this.reachable) frame.reached = true;
    this.#branch(frame.merge);
    this.#label(frame.merge);
    if (!frame.reached && frame.hadElse) {
      this.#c.b.code.op(Op.Unreachable);
      this.reachable = false;
    }
  }

  /** BGNLOOP. */
  loop(): void {
    const c = this.#c;
    const { b } = c;
    if (!this.reachable) {
      this.#push({ kind: "loop", dead: true, head: 0, next: 0, merge: 0 });
      return;
    }
    const head = b.id(), next = b.id(), merge = b.id(), body = b.id();
    this.#branch(head);
    this.#label(head);
    b.code.op(Op.LoopMerge, merge, next, 0);
    const limit = c.variant.loopLimit;
    if (limit > 0) {
      const uint = b.type(UINT);
      if (this.#budget === 0) this.#budget = b.global(Storage.Private, uint, b.uint(limit));
      const check = b.id();
      b.code.op(Op.Branch, check);
      this.#label(check);
      const left = b.load(uint, this.#budget);
      const over = b.op(Op.IEqual, b.bool(), left, b.uint(0));
      // An exhausted budget stays so: every loop is left.
      const go = b.id();
      b.code.op(Op.BranchConditional, over, merge, go);
      this.#label(go);
      b.store(this.#budget, b.op(Op.ISub, uint, left, b.uint(1)));
    }
    b.code.op(Op.Branch, body);
    this.#label(body);
    this.#push({ kind: "loop", dead: false, head, next, merge });
  }

  /** ENDLOOP. */
  endLoop(): void {
    const frame = this.#top("loop", "ENDLOOP");
    this.#frames.pop();
    if (frame.dead) return;
    this.#branch(frame.next);
    this.#label(frame.next);
    this.#branch(frame.head);
    this.#label(frame.merge);
  }

  /** BRK: leaves the innermost loop or switch. */
  break(): void {
    const frame = this.#frames.findLast(({ kind }) => kind !== "if");
    if (frame === undefined || frame.kind === "if") throw this.#c.error("BRK outside of a loop");
    this.#branch(frame.merge);
  }

  /** CONT: goes on with the innermost loop. */
  continue(): void {
    const c = this.#c;
    const { b } = c;
    const at = this.#frames.findLastIndex(({ kind }) => kind === "loop");
    const frame = this.#frames[at];
    if (frame === undefined || frame.kind !== "loop") throw c.error("CONT outside of a loop");
    if (!this.reachable) return;
    const inner = this.#frames.find((other, i) => i > at && other.kind === "switch");
    if (inner === undefined) {
      this.#branch(frame.next);
      return;
    }
    // A switch is a loop here, and only the innermost loop can be gone on with: each switch is left with a flag set.
    const innermost = this.#frames.findLast(({ kind }) => kind === "switch");
    for (const other of this.#frames.slice(at + 1)) if (other.kind === "switch") b.store(other.left, b.truth(true));
    if (innermost?.kind === "switch") this.#branch(innermost.merge);
  }

  /**
   * SWITCH. It becomes a loop that runs once, with an `if` for each group of cases: any value may be a case, and code may fall
   * through in any order.
   * @param value the switched source. @param cases the sources of its CASE words in order; undefined is DEFAULT
   */
  switch(value: Instruction, cases: readonly (Instruction | undefined)[]): void {
    const c = this.#c;
    const { b } = c;
    if (!this.reachable) {
      this.#push({
        kind: "switch",
        dead: true,
        head: 0,
        next: 0,
        merge: 0,
        active: 0,
        matches: [],
        left: 0,
        done: 0,
        at: 0,
        body: 0,
      });
      return;
    }
    const bool = b.bool();
    const chosen = c.fetch(value.sources[0], UINT, COMPONENTS[1]);
    let any = b.truth(false);
    const matches = cases.map((instruction) => {
      if (instruction === undefined) return 0;
      const match = b.op(Op.IEqual, bool, chosen, c.fetch(instruction.sources[0], UINT, COMPONENTS[1]));
      any = b.op(Op.LogicalOr, bool, any, match);
      return match;
    });
    const none = b.op(Op.LogicalNot, bool, any);
    const active = b.local(bool), left = b.local(bool), done = b.local(bool);
    for (const flag of [active, left, done]) b.store(flag, b.truth(false));
    const head = b.id(), next = b.id(), merge = b.id(), body = b.id();
    this.#branch(head);
    this.#label(head);
    b.code.op(Op.LoopMerge, merge, next, 0);
    // A loop with a way back that is taken, so that it looks like any other to compilers: it comes back once and leaves here.
    const check = b.id();
    b.code.op(Op.Branch, check);
    this.#label(check);
    b.code.op(Op.BranchConditional, b.load(bool, done), merge, body);
    this.#label(body);
    const all = matches.map((match) => match === 0 ? none : match);
    this.#push({ kind: "switch", dead: false, head, next, merge, active, matches: all, left, done, at: 0, body: 0 });
  }

  /** CASE or DEFAULT. */
  case(): void {
    const c = this.#c;
    const { b } = c;
    const frame = this.#top("switch", "CASE");
    if (frame.dead) return;
    const bool = b.bool();
    this.#closeCase(frame);
    const match = frame.matches[frame.at++];
    const active = opaque(c, b.op(Op.LogicalOr, bool, b.load(bool, frame.active), match));
    b.store(frame.active, active);
    const then = b.id();
    frame.body = b.id();
    b.code.op(Op.SelectionMerge, frame.body, 0);
    b.code.op(Op.BranchConditional, active, then, frame.body);
    this.#label(then);
  }

  #closeCase(frame: Extract<Frame, { kind: "switch" }>): void {
    if (frame.body !== 0) {
      this.#branch(frame.body);
      this.#label(frame.body);
      frame.body = 0;
    } else if (!this.reachable) this.#label(this.#c.b.id());
  }

  /** ENDSWITCH. */
  endSwitch(): void {
    const c = this.#c;
    const { b } = c;
    const frame = this.#top("switch", "ENDSWITCH");
    this.#frames.pop();
    if (frame.dead) return;
    this.#closeCase(frame);
    this.#branch(frame.next);
    this.#label(frame.next);
    b.store(frame.done, b.truth(true));
    this.#branch(frame.head);
    this.#label(frame.merge);
    const at = this.#frames.findLastIndex(({ kind }) => kind === "loop");
    const loop = this.#frames[at];
    if (loop === undefined || loop.kind !== "loop") return;
    const outer = this.#frames.findLast((other, i) => i > at && other.kind === "switch");
    const target = outer?.kind === "switch" ? outer.merge : loop.next;
    const stay = b.id(), go = b.id();
    const left = b.load(b.bool(), frame.left);
    b.code.op(Op.SelectionMerge, stay, 0);
    b.code.op(Op.BranchConditional, left, go, stay);
    this.#label(go);
    this.#branch(target);
    this.#label(stay);
  }

  /** KILL and KILL_IF. @param condition makes a bool; undefined for always. */
  kill(condition: (() => number) | undefined): void {
    const { b } = this.#c;
    if (!this.reachable) return;
    if (condition === undefined) {
      b.code.op(Op.Kill);
      this.reachable = false;
      return;
    }
    const dead = b.id(), alive = b.id();
    const value = opaque(this.#c, condition());
    b.code.op(Op.SelectionMerge, alive, 0);
    b.code.op(Op.BranchConditional, value, dead, alive);
    this.#label(dead);
    b.code.op(Op.Kill);
    this.#label(alive);
  }

  /** DEMOTE: the invocation goes on as a helper. */
  demote(): void {
    const { b } = this.#c;
    if (!this.reachable) return;
    b.extension("SPV_EXT_demote_to_helper_invocation");
    b.capability(Capability.DemoteToHelperInvocation);
    b.code.op(Op.DemoteToHelperInvocation);
  }

  /** RET. */
  return(): void {
    if (this.reachable) this.#c.b.code.op(Op.Return);
    this.reachable = false;
  }

  /** Whether a source is nonzero. @param float compare as a float (IF), not as an integer (UIF). */
  static condition(c: Context, instruction: Instruction, float: boolean): number {
    const { b } = c;
    const value = c.fetch(instruction.sources[0], float ? FLOAT : UINT, [0]);
    return float
      ? b.op(Op.FUnordNotEqual, b.bool(), value, b.float(0))
      : b.op(Op.INotEqual, b.bool(), value, b.uint(0));
  }
}
