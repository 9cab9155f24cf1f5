/**
 * The queries of all contexts: slots of Vulkan queries by type, and what was measured but not read yet. Results are read when the
 * submission that holds them is done.
 * @module
 */

import {
  VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
  VK_QUERY_CONTROL_PRECISE_BIT,
  VK_QUERY_TYPE_OCCLUSION,
  VK_QUERY_TYPE_PRIMITIVES_GENERATED_EXT,
  VK_QUERY_TYPE_TIMESTAMP,
  VK_QUERY_TYPE_TRANSFORM_FEEDBACK_STREAM_EXT,
  VkQueueFamilyProperties,
} from "../../vulkan/mod.ts";
import type { Engine } from "./engine.ts";
import { type QueryClass, type QueryRun, QueryType } from "./query_run.ts";
import { QuerySlots } from "./query_slots.ts";

/** A Vulkan query that was recorded, and the runs that it is a part of. */
interface Part {
  readonly slots: QuerySlots;
  readonly slot: number;
  readonly runs: readonly QueryRun[];
  readonly sign: bigint;
  readonly submission: number;
}

/** Queries of all contexts. */
export class QueryEngine implements Disposable {
  readonly #engine: Engine;
  readonly #slots: Map<QueryClass, QuerySlots> = new Map();
  readonly #values: bigint[] = [0n, 0n];
  /** Parts in the order of their submissions, from `#head` on. */
  readonly #parts: Part[] = [];
  #head = 0;
  /** Runs without parts that wait for a submission, and known ones that are to be told of. */
  readonly #waiting: Set<QueryRun> = new Set();
  /** The submission behind which this is told of its end; 0 for none. */
  #watched = 0;
  #open = true;
  readonly #mask: bigint;
  readonly #period: number;

  /** None yet. */
  constructor(engine: Engine) {
    this.#engine = engine;
    const { limits } = engine.gpu;
    const bits = timestampBits(engine);
    this.#mask = (1n << BigInt(bits)) - 1n;
    this.#period = limits.timestampPeriod;
  }

  /** Whether this GPU answers such queries. @param stream vertex stream */
  has(what: QueryClass, stream: number): boolean {
    const { has } = this.#engine.gpu;
    switch (what) {
      case "occlusion":
        return stream === 0 && has.hostQueryReset;
      case "timestamp":
        return stream === 0 && has.hostQueryReset && this.#mask !== 0n;
      case "generated":
        return has.hostQueryReset && has.primitivesGeneratedQuery && (stream === 0 ||
          has.primitivesGeneratedQueryWithNonZeroStreams && has.transformFeedback && stream < 4);
      case "feedback":
        return has.hostQueryReset && has.transformFeedback && (stream === 0 || has.geometryStreams && stream < 4);
      case "none":
        return stream === 0;
    }
  }

  /** Ticks of a timestamp, or of a difference of two, as nanoseconds. */
  readonly nanoseconds = (ticks: bigint): bigint => {
    const whole = ticks & this.#mask;
    return this.#period === 1 ? whole : BigInt(Math.round(Number(whole) * this.#period));
  };

  #of(what: QueryClass): QuerySlots {
    let slots = this.#slots.get(what);
    if (slots === undefined) {
      const { gpu } = this.#engine;
      const type = what === "occlusion"
        ? VK_QUERY_TYPE_OCCLUSION
        : what === "timestamp"
        ? VK_QUERY_TYPE_TIMESTAMP
        : what === "generated"
        ? VK_QUERY_TYPE_PRIMITIVES_GENERATED_EXT
        : VK_QUERY_TYPE_TRANSFORM_FEEDBACK_STREAM_EXT;
      this.#slots.set(what, slots = new QuerySlots(gpu, type, what === "feedback" ? 2 : 1));
    }
    return slots;
  }

  /**
   * Begins a Vulkan query in the command buffer.
   * @returns its slot
   * @throws {DrmError} ENOMEM when too many are in flight
   */
  begin(what: QueryClass, stream: number, commands: bigint): number {
    const slots = this.#of(what), slot = this.#take(slots);
    const { gpu, vk } = this.#engine;
    const flags = what === "occlusion" && gpu.has.occlusionQueryPrecise ? VK_QUERY_CONTROL_PRECISE_BIT : 0;
    if (what === "feedback" || stream > 0) {
      gpu.device.extension.vkCmdBeginQueryIndexedEXT(
        commands,
        slots.pool(slot),
        slots.index(slot),
        flags,
        stream,
      );
    } else vk.vkCmdBeginQuery(commands, slots.pool(slot), slots.index(slot), flags);
    return slot;
  }

  // Results that nobody asks for keep their slots: they are read when there is none left, whoever they are for. Each is work, so
  // that what is recorded in one submission has an end.
  #take(slots: QuerySlots): number {
    const { recorder } = this.#engine;
    recorder.work++;
    if (slots.empty) this.collect();
    while (slots.exhausted) {
      const submission = this.#parts[this.#head]?.submission ?? Infinity;
      if (submission >= recorder.submission) break;
      recorder.wait(submission);
      this.#collect(submission);
    }
    return slots.take();
  }

  /** Ends it; its values are a part of `runs`. */
  end(what: QueryClass, stream: number, commands: bigint, slot: number, runs: readonly QueryRun[]): void {
    const slots = this.#of(what);
    const { gpu, vk } = this.#engine;
    if (what === "feedback" || stream > 0) {
      gpu.device.extension.vkCmdEndQueryIndexedEXT(commands, slots.pool(slot), slots.index(slot), stream);
    } else vk.vkCmdEndQuery(commands, slots.pool(slot), slots.index(slot));
    this.#push(slots, slot, runs, 1n);
  }

  /** Writes a timestamp, a part of a run. @param sign -1 at its beginning */
  timestamp(run: QueryRun, sign: bigint): void {
    const slots = this.#of("timestamp"), slot = this.#take(slots);
    const { vk, recorder } = this.#engine;
    vk.vkCmdWriteTimestamp2(
      recorder.commands,
      VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
      slots.pool(slot),
      slots.index(slot),
    );
    this.#push(slots, slot, [run], sign);
  }

  #push(slots: QuerySlots, slot: number, runs: readonly QueryRun[], sign: bigint): void {
    const { submission } = this.#engine.recorder;
    for (const run of runs) {
      run.pending++;
      run.submission = submission;
    }
    this.#parts.push({ slots, slot, runs, sign, submission });
  }

  /** Ends a run: it is known with the submission that is being recorded, at the latest. */
  finish(run: QueryRun): void {
    run.ended = true;
    if (run.type === QueryType.gpuFinished) run.submission = this.#engine.recorder.submission;
  }

  /** Has `run.whenKnown` called: now, or when the GPU is done. */
  tell(run: QueryRun, whenKnown: (run: QueryRun) => void): void {
    run.whenKnown = whenKnown;
    this.#waiting.add(run);
    const { recorder } = this.#engine, { submission } = recorder;
    if (run.submission < submission) this.collect();
    if (run.whenKnown === undefined || this.#watched === submission) return;
    // What is disposed of behind the submission that is being recorded: that is when all runs so far are known.
    this.#watched = submission;
    recorder.disposeLater({ [Symbol.dispose]: () => this.#reached(submission) });
  }

  #reached(submission: number): void {
    if (this.#watched === submission) this.#watched = 0;
    if (this.#open && this.#engine.gpu.device.lost === undefined) this.#collect(submission);
  }

  /** Forgets the caller of `tell`. */
  untell(run: QueryRun): void {
    run.whenKnown = undefined;
    this.#waiting.delete(run);
  }

  /** Reads what the GPU is done with. */
  collect(): void {
    if (this.#head === this.#parts.length && this.#waiting.size === 0) return;
    this.#collect(this.#engine.recorder.completed());
  }

  #collect(completed: number): void {
    const values = this.#values, parts = this.#parts;
    while (this.#head < parts.length && parts[this.#head].submission <= completed) {
      const { slots, slot, runs, sign } = parts[this.#head++];
      values[1] = 0n;
      slots.read(slot, values);
      for (const run of runs) run.add(values[0], values[1], sign);
    }
    if (this.#head > 64 && this.#head * 2 > parts.length) {
      parts.splice(0, this.#head);
      this.#head = 0;
    }
    for (const run of this.#waiting) {
      if (!run.known || run.submission > completed) continue;
      this.#waiting.delete(run);
      const { whenKnown } = run;
      run.whenKnown = undefined;
      whenKnown?.(run);
    }
  }

  /** Whether the result of a run is known now, without waiting. */
  isKnown(run: QueryRun): boolean {
    this.collect();
    return run.known && run.submission <= this.#engine.recorder.completed();
  }

  /** Submits and waits, if need be, until the result of an ended run is known. */
  wait(run: QueryRun): void {
    if (!run.ended || this.isKnown(run)) return;
    this.#engine.recorder.wait(run.submission);
    this.collect();
  }

  /** Destroys the pools; the GPU must be idle. */
  [Symbol.dispose](): void {
    this.#open = false;
    for (const slots of this.#slots.values()) slots[Symbol.dispose]();
    this.#slots.clear();
    this.#parts.length = 0;
    this.#waiting.clear();
  }
}

/** timestampValidBits of the queue's family. */
function timestampBits(engine: Engine): number {
  const { device, vk } = engine.gpu;
  return device.arena.scope((m) => {
    const count = m.alloc(8);
    vk.vkGetPhysicalDeviceQueueFamilyProperties(device.physical.handle, m.address(count), 0n);
    const at = m.alloc(VkQueueFamilyProperties.size * m.u32[count >>> 2]);
    vk.vkGetPhysicalDeviceQueueFamilyProperties(device.physical.handle, m.address(count), m.address(at));
    return VkQueueFamilyProperties.read(m, at + device.queue.family * VkQueueFamilyProperties.size).timestampValidBits;
  });
}
