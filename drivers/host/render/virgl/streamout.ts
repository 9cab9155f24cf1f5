/**
 * Transform feedback: SET_STREAMOUT_TARGETS, and what begins and ends it around each draw. Targets that are set together go on
 * where they were when the same ones are set again (the client pauses so), and begin anew when one of them is another: mirrors
 * vrend_set_streamout_targets of virglrenderer, whose append mask says nothing, either.
 * @module
 */

import {
  VIRGL_CCMD_SET_STREAMOUT_TARGETS,
  VIRGL_SHADER_GEOMETRY,
  VIRGL_SHADER_TESS_EVAL,
  VIRGL_SHADER_VERTEX,
} from "../../../../uapi/virgl_protocol.ts";
import {
  Arena,
  type DeviceBuffer,
  type ExtensionCommands,
  VK_BUFFER_USAGE_TRANSFORM_FEEDBACK_BUFFER_BIT_EXT,
  VK_BUFFER_USAGE_TRANSFORM_FEEDBACK_COUNTER_BUFFER_BIT_EXT,
} from "../../vulkan/mod.ts";
import type { VirglContext } from "./context.ts";
import { DIRTY_PIPELINE, DIRTY_PROGRAM, DIRTY_VARIANTS } from "./dirty.ts";
import type { DrawHook } from "./draw_hook.ts";
import type { CommandHandlers } from "./handlers.ts";
import { objectOf } from "./object.ts";
import { StreamoutTarget } from "./objects/streamout_target.ts";
import { badCommand } from "./refusal.ts";
import type { SubContext } from "./sub_context.ts";
import { XFB_WRITE } from "./usage.ts";

/** Targets at once. */
const MAX_TARGETS = 4;
/** Sets of targets that are remembered; the oldest begins anew when it is set again. */
const MAX_SETS = 64;
/** Bytes of a set's buffer: counters, then room in place of targets that are not there. */
const COUNTERS = 128, SPARE = 64;

/** Targets that were set together, and how far they are written. */
interface TargetSet {
  readonly targets: readonly (StreamoutTarget | undefined)[];
  readonly counters: DeviceBuffer;
  started: boolean;
}

/** Transform feedback of a sub-context. */
export class Streamout implements DrawHook, Disposable {
  readonly #sub: SubContext;
  readonly #extension: ExtensionCommands;
  readonly #sets: TargetSet[] = [];
  readonly #m = new Arena(256);
  #current: TargetSet | undefined;
  #active = false;

  /** Without targets. */
  constructor(sub: SubContext) {
    this.#sub = sub;
    this.#extension = sub.engine.gpu.device.extension;
  }

  /** Sets targets; none of them ends transform feedback. @throws {VkError} when memory runs out */
  set(targets: readonly (StreamoutTarget | undefined)[]): void {
    const had = this.#current !== undefined, sub = this.#sub;
    this.#current = targets.every((target) => target === undefined)
      ? undefined
      : this.#find(targets) ?? this.#add(targets);
    const has = this.#current !== undefined;
    if (had === has) return;
    const { drawHooks } = sub;
    if (has) drawHooks.push(this);
    else drawHooks.splice(drawHooks.indexOf(this), 1);
    sub.dirty |= DIRTY_PROGRAM | DIRTY_VARIANTS | DIRTY_PIPELINE;
  }

  #find(targets: readonly (StreamoutTarget | undefined)[]): TargetSet | undefined {
    return this.#sets.find((set) =>
      set.targets.length === targets.length && set.targets.every((target, i) => target === targets[i])
    );
  }

  #add(targets: readonly (StreamoutTarget | undefined)[]): TargetSet {
    const counters = this.#sub.engine.gpu.device.createBuffer({
      size: COUNTERS,
      usage: VK_BUFFER_USAGE_TRANSFORM_FEEDBACK_BUFFER_BIT_EXT |
        VK_BUFFER_USAGE_TRANSFORM_FEEDBACK_COUNTER_BUFFER_BIT_EXT,
    });
    if (this.#sets.length >= MAX_SETS) this.#forget(this.#sets[0]);
    const set = { targets, counters, started: false };
    for (const target of targets) target?.keep();
    this.#sets.push(set);
    return set;
  }

  #forget(set: TargetSet): void {
    this.#sets.splice(this.#sets.indexOf(set), 1);
    for (const target of set.targets) target?.drop();
    this.#sub.engine.recorder.disposeLater(set.counters);
  }

  /** Notes that the targets are written. */
  use(): boolean {
    const set = this.#current, { recorder } = this.#sub.engine;
    let due = false;
    if (set === undefined) return due;
    for (let i = 0; i < set.targets.length; i++) {
      const target = set.targets[i];
      if (target === undefined) continue;
      let seen = false; // two targets may be parts of one buffer
      for (let j = 0; j < i; j++) if (set.targets[j]?.resource === target.resource) seen = true;
      if (!seen && recorder.use(target.resource, XFB_WRITE)) due = true;
    }
    return due;
  }

  /** Begins, if the shader captures anything. */
  before(commands: bigint): void {
    const set = this.#current, { shaders } = this.#sub;
    const last = shaders[VIRGL_SHADER_GEOMETRY] ?? shaders[VIRGL_SHADER_TESS_EVAL] ?? shaders[VIRGL_SHADER_VERTEX];
    this.#active = set !== undefined && last?.streamOutput !== undefined;
    if (set === undefined || !this.#active) return;
    const m = this.#m, { u64 } = m, count = set.targets.length, { counters, targets } = set;
    for (let i = 0; i < count; i++) {
      const target = targets[i];
      u64[i] = target?.resource.buffer?.handle ?? counters.handle;
      m.setU53((4 + i) * 8, target?.offset ?? SPARE);
      m.setU53((8 + i) * 8, target?.size ?? COUNTERS - SPARE);
      u64[12 + i] = counters.handle;
      m.setU53((16 + i) * 8, i * 4);
    }
    const buffers = m.address(0), offsets = m.address(32), sizes = m.address(64);
    this.#extension.vkCmdBindTransformFeedbackBuffersEXT(commands, 0, count, buffers, offsets, sizes);
    const from = set.started ? count : 0;
    this.#extension.vkCmdBeginTransformFeedbackEXT(commands, 0, from, m.address(96), m.address(128));
    set.started = true;
  }

  /** Ends; where it ended is kept for the next draw. */
  after(commands: bigint): void {
    const set = this.#current;
    if (!this.#active || set === undefined) return;
    this.#active = false;
    const m = this.#m;
    this.#extension.vkCmdEndTransformFeedbackEXT(commands, 0, set.targets.length, m.address(96), m.address(128));
  }

  /** Lets go of all targets. */
  [Symbol.dispose](): void {
    this.#current = undefined;
    const index = this.#sub.drawHooks.indexOf(this);
    if (index >= 0) this.#sub.drawHooks.splice(index, 1);
    for (const set of [...this.#sets]) this.#forget(set);
  }
}

function setTargets(context: VirglContext, words: Uint32Array, at: number, length: number): void {
  const { current: sub } = context, count = length - 1;
  if (count > MAX_TARGETS) throw badCommand(`Cannot set ${count} streamout targets: there are ${MAX_TARGETS} at most`);
  const targets: (StreamoutTarget | undefined)[] = [];
  for (let i = 0; i < count; i++) {
    const handle = words[at + 1 + i];
    targets.push(handle === 0 ? undefined : objectOf(sub.object(handle), StreamoutTarget, "streamout target"));
  }
  if (count === 0 && sub.extraIfAny(Streamout) === undefined) return;
  sub.extra(Streamout).set(targets);
}

/** SET_STREAMOUT_TARGETS. */
export const streamoutCommands: CommandHandlers = { [VIRGL_CCMD_SET_STREAMOUT_TARGETS]: setTargets };
