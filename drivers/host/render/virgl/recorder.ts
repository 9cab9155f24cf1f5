/**
 * Records the commands of all contexts, in order, into one command buffer a submission, and a second one (`early`) before it: uploads
 * to what the first has not used yet need not interrupt render passes. Barriers are global, and recorded where two uses clash.
 * @module
 */

import {
  Barriers,
  type CommandBuffer,
  type Queue,
  VK_ACCESS_2_HOST_READ_BIT,
  VK_ACCESS_2_MEMORY_READ_BIT,
  VK_ACCESS_2_MEMORY_WRITE_BIT,
  VK_ACCESS_2_TRANSFER_WRITE_BIT,
  VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
  VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT,
  VK_PIPELINE_STAGE_2_HOST_BIT,
  type Vulkan,
} from "../../vulkan/mod.ts";
import type { Disposer } from "../imports.ts";
import { BoxList } from "./box_list.ts";
import { Breath } from "./breath.ts";
import type { Budget } from "./budget.ts";
import type { Gpu } from "./gpu.ts";
import { Initializer } from "./initializer.ts";
import type { VirglResource } from "./resource.ts";
import type { Ring } from "./ring.ts";
import { makeRings } from "./rings.ts";
import { COPY_READ, COPY_WRITE, masksOf, SHADER, SHADER_WRITE, type UsageMasks, WRITES } from "./usage.ts";

const ALL = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT;
const ANY = VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT;
/** Boxes that are remembered between two barriers of uploads. */
const BOXES = 128;

/** An open render pass. */
export interface OpenPass {
  /** Ends it: vkCmdEndRendering, and `recorder.pass = undefined`. */
  end(): void;
}

/** The recorder. */
export class Recorder implements Disposer, Disposable {
  /** Where. */
  readonly gpu: Gpu;
  /** Core commands. */
  readonly vk: Vulkan;
  /** Vertices, indices and constants at hand. */
  readonly uniforms: Ring;
  /** Bytes that are copied to resources. */
  readonly staging: Ring;
  /** Bytes that are copied from resources; the CPU may read them when the submission is done. */
  readonly readback: Ring;
  /** The render pass that is open in the main command buffer. Who begins one sets it. */
  pass: OpenPass | undefined;
  /** The number of the submission that is being recorded: the timeline value that it will get. */
  submission: number;
  /** Submissions up to this one may have their part of `readback` used again: the CPU has taken what it wanted. */
  settled = Infinity;
  /** What pays for what the commands that are executed make. */
  payer: Budget | undefined;
  /** Draws, dispatches, copies, clears and queries since the last submission, for `breathe`: whoever records them counts. */
  work = 0;
  readonly #queue: Queue;
  readonly #barriers: Barriers;
  readonly #initializer: Initializer;
  readonly #masks: (UsageMasks | undefined)[] = [];
  readonly #boxes = new BoxList(BOXES);
  readonly #breath: Breath;
  readonly #garbage: Disposable[] = [];
  #main: CommandBuffer | undefined;
  #mainHandle = 0n;
  #early: CommandBuffer | undefined;
  // Which barrier uses belong to; classes used since.
  #stamp = 1;
  #used = 0;
  #hostReads = false;

  /** A recorder of the device's first queue, which nobody else uses. @throws {VkError} if memory does not suffice. */
  constructor(gpu: Gpu) {
    this.gpu = gpu;
    this.vk = gpu.vk;
    const { device } = gpu;
    this.#queue = device.queue;
    this.submission = device.queue.lastSubmitted + 1;
    this.#barriers = new Barriers(gpu.vk, 1);
    this.#breath = new Breath(device.physical.type === "cpu");
    this.#initializer = new Initializer(gpu);
    const rings = makeRings(gpu, () => Math.min(this.settled, device.queue.completed()));
    this.uniforms = rings.uniforms;
    this.staging = rings.staging;
    this.readback = rings.readback;
  }

  /** The main command buffer, begun when first asked for; good until `submit` (`submission` changes then). */
  get commands(): bigint {
    return this.#main === undefined ? this.#begin() : this.#mainHandle;
  }

  /** Changes with each barrier and submission: uses noted under another stamp say nothing any more. */
  get stamp(): number {
    return this.#stamp;
  }

  /** Whether something is recorded that was not submitted. */
  get pending(): boolean {
    return this.#main !== undefined || this.#early !== undefined;
  }

  /** Ends the open render pass, if there is one. @returns the main command buffer */
  outside(): bigint {
    if (this.pass !== undefined) this.pass.end();
    return this.commands;
  }

  /**
   * Notes that the main command buffer uses a resource, unless a barrier is due first. For several resources at once, ask
   * `needsBarrier` for each, then `barrier()` once if any does, then `note` each.
   *
   * @param usage classes of usage.ts
   * @returns true if a barrier is due, and nothing was noted: call `barrier()`, then this again.
   */
  use(resource: VirglResource, usage: number): boolean {
    if (this.needsBarrier(resource, usage)) return true;
    this.note(resource, usage);
    return false;
  }

  /** Notes a use outside of render passes, with a barrier if one is due. @returns the main command buffer, outside. */
  useNow(resource: VirglResource, usage: number): bigint {
    const commands = this.outside();
    if (this.needsBarrier(resource, usage)) this.barrier();
    this.note(resource, usage);
    return commands;
  }

  /** Notes the uses of a copy from one resource to another (or itself), as `useNow`. @returns the main command buffer. */
  useForCopy(source: VirglResource, target: VirglResource): bigint {
    const commands = this.outside();
    const due = this.needsBarrier(source, COPY_READ);
    if (this.needsBarrier(target, COPY_WRITE) || due) this.barrier();
    this.note(source, COPY_READ);
    this.note(target, COPY_WRITE);
    return commands;
  }

  /** Whether what was noted since the last barrier clashes with a use. Zeroes a resource that nobody has used yet. */
  needsBarrier(resource: VirglResource, usage: number): boolean {
    if (resource.raw) this.initialize(resource);
    if ((usage & WRITES) !== 0 && resource.holders.length > 0) this.#keepFrames(resource);
    if (resource.stamp !== this.#stamp) return false;
    const { writes } = resource;
    if ((usage & ~SHADER) === 0 && (writes & ~SHADER_WRITE) === 0) {
      // Shaders among themselves are the client's business (MEMORY_BARRIER).
      return (usage & SHADER_WRITE) !== 0 && (resource.reads & ~SHADER) !== 0;
    }
    return writes !== 0 || ((usage & WRITES) !== 0 && resource.reads !== 0);
  }

  /** Notes a use in the main command buffer, which `needsBarrier` has said is clear. */
  note(resource: VirglResource, usage: number): void {
    if (resource.stamp !== this.#stamp) {
      resource.stamp = this.#stamp;
      resource.reads = resource.writes = 0;
    }
    if ((usage & WRITES) !== 0) {
      resource.writes |= usage;
      resource.written(this.submission);
    } else resource.reads |= usage;
    this.#used |= usage;
    resource.usedBy = resource.recordedBy = this.submission;
  }

  /** Ends the open render pass and records a barrier: all uses so far come before all that follow. */
  barrier(): void {
    const commands = this.outside();
    const used = this.#used;
    let masks = this.#masks[used];
    if (masks === undefined) this.#masks[used] = masks = masksOf(used);
    if (used !== 0) {
      this.#barriers.memory(masks.stage, masks.access, ALL, ANY);
      this.#barriers.record(commands);
    }
    this.#stamp++;
    this.#used = 0;
  }

  /**
   * A command buffer for copying to a resource, with no clash: the early one if the main one has not used the resource,
   * else the main one, outside of passes, after a barrier if one is due. The use is noted.
   */
  early(resource: VirglResource): bigint {
    const { width, height } = resource;
    for (let level = 0;; level++) {
      const commands = this.copyTo(resource, level, 0, 0, 0, width, Math.max(1, height), 1 << 30);
      if (level >= resource.levels - 1) return commands;
    }
  }

  /** As `early`, for one box of a level (in texels, or bytes of a buffer): what does not overlap needs no barrier. */
  copyTo(
    resource: VirglResource,
    level: number,
    x: number,
    y: number,
    z: number,
    width: number,
    height: number,
    depth: number,
  ): bigint {
    if (resource.holders.length > 0) this.#keepFrames(resource);
    if (resource.recordedBy === this.submission) return this.useNow(resource, COPY_WRITE);
    if (resource.raw) this.initialize(resource);
    return this.#earlyBox(resource, level, x, y, z, width, height, depth);
  }

  #earlyBox(
    resource: VirglResource,
    level: number,
    x: number,
    y: number,
    z: number,
    width: number,
    height: number,
    depth: number,
  ): bigint {
    const commands = this.#earlyHandle();
    if (!this.#boxes.add(resource.id, level, x, y, z, width, height, depth)) {
      this.#earlyBarrier(commands);
      this.#boxes.add(resource.id, level, x, y, z, width, height, depth);
    }
    resource.usedBy = this.submission;
    resource.written(this.submission);
    return commands;
  }

  /** A command buffer for copying from a resource to memory, after what was recorded so far; the use is noted. */
  copyFrom(resource: VirglResource): bigint {
    this.#hostReads = true;
    return this.useNow(resource, COPY_READ);
  }

  /**
   * Zeroes a resource before its first use, in the early command buffer.
   * @param overwritten whether what follows writes all of it: then an image is only given its layout, and a buffer nothing
   */
  initialize(resource: VirglResource, overwritten = false): void {
    if (!resource.raw) return;
    resource.raw = false;
    const { buffer } = resource;
    if (buffer?.bytes !== undefined) {
      if (!overwritten) buffer.bytes.fill(0);
      buffer.device.allocation.flush(0, buffer.capacity);
      return;
    }
    const commands = this.#earlyHandle();
    this.#initializer.initialize(this, resource, commands, overwritten);
    resource.usedBy = resource.writtenBy = this.submission;
    // All of it: what is copied there next has to wait.
    for (let level = 0; level < resource.levels; level++) {
      if (this.#boxes.add(resource.id, level, 0, 0, 0, Infinity, Infinity, Infinity)) continue;
      this.#earlyBarrier(commands);
      return;
    }
  }

  /** Says that the CPU will read what is copied to it in this submission. */
  noteHostRead(): void {
    this.#hostReads = true;
  }

  /** Bytes in rings that this submission uses. */
  get taken(): number {
    return this.staging.taken + this.uniforms.taken + this.readback.taken;
  }

  /** Between two commands of a client: submits if that is better than to wait for the end of a long batch. */
  breathe(): void {
    if (this.#breath.due(this)) this.submit();
  }

  /**
   * Submits what was recorded.
   * @returns the number of that submission, or of the last one if nothing was recorded
   * @throws {VkError} when the device is lost
   */
  submit(): number {
    if (this.pass !== undefined) this.pass.end();
    const main = this.#main, early = this.#early, queue = this.#queue;
    if (main === undefined && early === undefined) return queue.lastSubmitted;
    const last = main ?? early;
    if (last !== undefined && this.#hostReads) {
      this.#barriers.memory(
        VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT,
        VK_ACCESS_2_TRANSFER_WRITE_BIT,
        VK_PIPELINE_STAGE_2_HOST_BIT,
        VK_ACCESS_2_HOST_READ_BIT,
      );
      this.#barriers.record(last.handle);
    }
    this.uniforms.flush();
    this.staging.flush();
    this.#main = this.#early = undefined;
    this.#mainHandle = 0n;
    this.#hostReads = false;
    this.#used = 0;
    this.#stamp++;
    this.work = 0;
    this.#boxes.clear();
    const value = main !== undefined && early !== undefined
      ? queue.submitBoth(early, main)
      : queue.submit((main ?? early) as CommandBuffer);
    const completed = queue.completed();
    this.uniforms.seal(value, completed);
    this.staging.seal(value, completed);
    this.readback.seal(value, Math.min(completed, this.settled));
    for (let i = 0; i < this.#garbage.length; i++) queue.disposeLater(this.#garbage[i]);
    this.#garbage.length = 0;
    this.submission = value + 1;
    return value;
  }

  /** The last submission that the GPU has done. @throws {VkError} when the device is lost. */
  completed(): number {
    return this.#queue.completed();
  }

  /** Blocks until a submission is done. @param value its number; one that is being recorded is submitted. @throws {VkError} */
  wait(value: number, timeoutNs?: bigint): boolean {
    if (value >= this.submission) this.submit();
    return this.#queue.waitFor(Math.min(value, this.#queue.lastSubmitted), timeoutNs);
  }

  /** Disposes of something once the GPU has done what is recorded now. */
  disposeLater(item: Disposable): void {
    if (this.#main === undefined && this.#early === undefined) this.#queue.disposeLater(item);
    else this.#garbage.push(item);
  }

  /** Gives up what was recorded; for a device that is of no use any more. */
  abandon(): void {
    this.pass = undefined;
    const buffers = [this.#main, this.#early];
    this.#main = this.#early = undefined;
    this.#mainHandle = 0n;
    this.#stamp++;
    this.#used = 0;
    this.#boxes.clear();
    for (const buffer of buffers) {
      try {
        if (buffer !== undefined) this.#queue.discard(buffer);
      } catch {
        // A submission that failed has discarded it.
      }
    }
    for (const item of this.#garbage.splice(0)) this.#queue.disposeLater(item);
  }

  /** Frees the rings; the GPU must be idle. */
  [Symbol.dispose](): void {
    this.uniforms[Symbol.dispose]();
    this.staging[Symbol.dispose]();
    this.readback[Symbol.dispose]();
  }

  #begin(): bigint {
    const main = this.#main = this.#queue.begin();
    this.#after(main.handle);
    return this.#mainHandle = main.handle;
  }

  #earlyHandle(): bigint {
    if (this.#early !== undefined) return this.#early.handle;
    const early = this.#early = this.#queue.begin();
    this.#after(early.handle);
    return early.handle;
  }

  // Everything that follows comes after all that was submitted, or executes earlier in this submission.
  #after(commands: bigint): void {
    this.#barriers.memory(ALL, VK_ACCESS_2_MEMORY_WRITE_BIT, ALL, ANY);
    this.#barriers.record(commands);
  }

  #earlyBarrier(commands: bigint): void {
    this.#barriers.memory(
      VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT,
      VK_ACCESS_2_TRANSFER_WRITE_BIT,
      VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT,
      ANY,
    );
    this.#barriers.record(commands);
    this.#boxes.clear();
  }

  #keepFrames(resource: VirglResource): void {
    const { holders } = resource;
    for (; holders.length > 0; holders.pop()) holders[holders.length - 1].keep();
  }
}
