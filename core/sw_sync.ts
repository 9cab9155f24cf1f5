/**
 * `SwSyncFile`, /dev/sw_sync (the kernel's debugfs sync/sw_sync): each open is a timeline that its client advances. Mirrors
 * drivers/dma-buf/sw_sync.c.
 * @module
 */

import { bytesOf, type Struct, struct, u32 } from "../uapi/struct.ts";
import { ERRNO } from "../uapi/errno.ts";
import {
  sw_sync_create_fence_data,
  SW_SYNC_GET_DEADLINE,
  sw_sync_get_deadline,
  SW_SYNC_IOC_CREATE_FENCE,
  SW_SYNC_IOC_INC,
} from "../uapi/sw_sync.ts";
import { DrmError } from "./error.ts";
import { Fence, type FenceSource } from "./fence.ts";
import { File, type IoctlArgument } from "./file.ts";
import { argumentIn, argumentOut, ioctlMaker, IoctlTable } from "./ioctl.ts";
import type { Process } from "./process.ts";
import { SyncFile, syncFileFence } from "./sync_file.ts";
import type { System } from "./system.ts";
import type { Wait } from "./wait.ts";

const INT_MAX = 0x7fff_ffff;

// The kernel has no limit but memory; this one keeps a client from taking all of it.
const PENDING_MAX = 2 ** 20;

// Whether `a` comes after `b` on a timeline of 32 bits that wrap.
const later = (a: number, b: number): boolean => ((a - b) | 0) > 0;

/** A timeline: a 32-bit counter and the fences that wait for its values. */
export class SwTimeline {
  /** Whose time and contexts its fences have. */
  readonly source: FenceSource;
  /** Its fence context. */
  readonly context: number;
  /** The command name of its client. */
  readonly name: string;
  /** How far it has come, u32. */
  value = 0;
  // Pending fences by value, and the values as a binary heap, the next one first. Forgotten values stay in the heap until
  // they come up, or outnumber the others.
  readonly #pending = new Map<number, SwSyncFence>();
  #heap: number[] = [];

  /** A timeline at 0. @param source time and contexts. @param name for people. */
  constructor(source: FenceSource, name: string) {
    this.source = source;
    this.context = source.fenceContexts.allocate();
    this.name = name;
  }

  /** Pending fences, the next one first. */
  get pending(): Fence[] {
    return [...this.#pending.values()].sort((a, b) => (a.value - b.value) | 0);
  }

  /** sync_pt_create: the fence of a value; signalled already for values that have come (E6). */
  fence(value: number): SwSyncFence {
    const known = this.#pending.get(value);
    if (known !== undefined) return known;
    const fence = new SwSyncFence(this, value);
    if (fence.isSignaled) return fence;
    if (this.#pending.size >= PENDING_MAX) {
      throw new DrmError("ENOMEM", `Cannot make a fence: ${PENDING_MAX} are pending on the timeline`);
    }
    this.#pending.set(value, fence);
    this.#push(value);
    return fence;
  }

  /** Forgets a pending fence that nobody can see any more. */
  forget(fence: SwSyncFence): void {
    if (this.#pending.get(fence.value) !== fence) return;
    this.#pending.delete(fence.value);
    if (this.#heap.length <= 2 * this.#pending.size + 64) return;
    this.#heap = [];
    for (const value of this.#pending.keys()) this.#push(value);
  }

  /** sync_timeline_signal: advances and signals in the order of values, up to the first that has not come (E7). */
  advance(count: number): void {
    this.value = (this.value + count) >>> 0;
    while (this.#heap.length > 0 && !later(this.#heap[0], this.value)) this.#take(this.#pop())?.signal();
  }

  /** The timeline ends: what is pending fails (E8). */
  close(): void {
    while (this.#heap.length > 0) {
      const fence = this.#take(this.#pop());
      if (fence === undefined || fence.isSignaled) continue;
      fence.setError(-ERRNO.ENOENT);
      fence.signal();
    }
  }

  #take(value: number): SwSyncFence | undefined {
    const fence = this.#pending.get(value);
    this.#pending.delete(value);
    return fence;
  }

  #push(value: number): void {
    const heap = this.#heap;
    let index = heap.push(value) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!later(heap[parent], value)) break;
      heap[index] = heap[parent];
      heap[index = parent] = value;
    }
  }

  #pop(): number {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop() ?? first;
    for (let index = 0; heap.length > 0;) {
      heap[index] = last;
      let child = 2 * index + 1;
      if (child + 1 < heap.length && later(heap[child], heap[child + 1])) child++;
      if (child >= heap.length || !later(last, heap[child])) break;
      heap[index] = heap[child];
      index = child;
    }
    return first;
  }
}

/** A fence on a timeline that its client advances. */
export class SwSyncFence extends Fence {
  /** The timeline. */
  readonly timeline: SwTimeline;
  /** The value at which it signals. */
  readonly value: number;
  /** sync_files by which a client knows it. */
  files = 0;

  /** A fence of `timeline` that signals when it reaches `value`. */
  constructor(timeline: SwTimeline, value: number) {
    super({
      clock: timeline.source.clock,
      context: timeline.context,
      seqno: value,
      driverName: "sw_sync",
      timelineName: timeline.name,
    });
    this.timeline = timeline;
    this.value = value;
  }

  /** Whether the timeline has come so far. */
  protected override poll(): boolean {
    return !later(this.value, this.timeline.value);
  }
}

/** One open of /dev/sw_sync. Its timeline bears the opener's command name (E9). */
export class SwSyncFile extends File {
  /** Always "sw_sync". */
  readonly kind = "sw_sync";
  readonly #timeline: SwTimeline;
  readonly #system: System;

  /** Begins a timeline at 0. @param task the opener. @param flags O_*. */
  constructor(task: Process, flags: number) {
    super(flags);
    this.#timeline = new SwTimeline(task.system, task.comm);
    this.#system = task.system;
    this.#system.swTimelines.add(this.#timeline);
  }

  /** CREATE_FENCE, INC, GET_DEADLINE. */
  override ioctl(task: Process, cmd: number, arg: IoctlArgument): number | Wait {
    return ioctls().call(this, task, cmd, arg, "ENOTTY");
  }

  /** A sync_file of the fence that signals when the timeline reaches `value` (u32). Throws ENOMEM. */
  createFence(value: number): SyncFile {
    const timeline = this.#timeline;
    const fence = timeline.fence(value);
    fence.files++;
    // A fence of which nothing but closed files knew is dropped, as the kernel does with its last reference.
    return new SyncFile(fence, {
      onForgotten: () => {
        if (--fence.files === 0) timeline.forget(fence);
      },
    });
  }

  /** Advances the timeline by `count`, u32. A count above INT_MAX goes in steps, since values compare with 32 bits that wrap (E6). */
  increment(count: number): void {
    for (; count > INT_MAX; count -= INT_MAX) this.#timeline.advance(INT_MAX);
    this.#timeline.advance(count);
  }

  /** The timeline ends (E8). */
  protected override release(): void {
    this.#system.swTimelines.delete(this.#timeline);
    this.#timeline.close();
  }
}

interface Increment {
  value: number;
}
const increment: Struct<Increment> = struct<Increment>("u32", { value: u32 }, { size: 4 });

const line = ioctlMaker<SwSyncFile>();

// The fd comes first, and is given back whatever fails, copying the answer out last.
const createFence = line.raw(SW_SYNC_IOC_CREATE_FENCE, sw_sync_create_fence_data, 0, (file, arg, task) => {
  const fd = task.fds.reserve();
  let made: SyncFile | undefined;
  try {
    const data = sw_sync_create_fence_data.of();
    argumentIn(task, arg, bytesOf(data));
    made = file.createFence(data.value);
    data.fence = fd;
    argumentOut(task, arg, bytesOf(data));
  } catch (error) {
    made?.put();
    task.fds.unreserve(fd);
    throw error;
  }
  task.fds.install(fd, made, true);
  return 0;
});

const inc = line.ioctl<Increment>(SW_SYNC_IOC_INC as number, increment, 0, (file, arg) => {
  file.increment(arg.value);
  return 0;
});

const getDeadline = line.ioctl(SW_SYNC_GET_DEADLINE, sw_sync_get_deadline, 0, (_file, arg, task) => {
  if (arg.deadline_ns !== 0n || arg.pad !== 0) {
    throw new DrmError("EINVAL", "Cannot get a deadline: deadline_ns and pad must be 0");
  }
  const fence = syncFileFence(task.fds.get(arg.fence_fd));
  if (!(fence instanceof SwSyncFence)) {
    throw new DrmError("EINVAL", `Cannot get a deadline: fd ${arg.fence_fd} is no sw_sync fence`);
  }
  if (fence.deadline === Infinity) throw new DrmError("ENOENT", "Cannot get a deadline: nobody set one");
  arg.deadline_ns = BigInt.asUintN(64, BigInt(fence.deadline));
  return 0;
});

let table: IoctlTable<SwSyncFile> | undefined;

function ioctls(): IoctlTable<SwSyncFile> {
  return table ??= new IoctlTable<SwSyncFile>([createFence, inc, getDeadline], "cmd", {
    SW_SYNC_IOC_CREATE_FENCE,
    SW_SYNC_IOC_INC,
    SW_SYNC_GET_DEADLINE,
  });
}
