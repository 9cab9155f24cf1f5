/**
 * A host whose processes are processes, as its owner sees it.
 * @module
 */

import type { Clock } from "../../../../core/clock.ts";
import type { Trace } from "../../../../core/trace.ts";
import type { Spawned } from "../../../os/mod.ts";
import type { DxgHostDevice } from "../dxg_host.ts";
import type { DxgLimits } from "../limits.ts";
import { DxgBroker } from "./broker.ts";
import type { OpenWire } from "./wire.ts";

/** How a broker is made. */
export interface IsolatedDxgOptions {
  /** Starts a process that calls `serveDxgProcess`. @param control a socket for it, which stays the broker's */
  readonly start: (control: number) => Spawned;
  /** Carries packets between the broker and its processes. */
  readonly wire: OpenWire;
  /** Time, default real. */
  readonly clock?: Clock;
  /** What a process may take. `timeout` is 10 s where a CPU executes, otherwise 2 s, unless it is said. */
  readonly limits?: Partial<DxgLimits>;
  /** Who hears what was refused. */
  readonly trace?: Trace;
  /** Interface version, default 40. */
  readonly version?: number;
  /** Bytes of local memory to give to all processes together, default all of it. */
  readonly localMemory?: number;
  /** Bytes of system memory to give to all processes together, default all that the engine reaches. */
  readonly nonLocalMemory?: number;
  /** Bytes that a host process may take beside what it was given of the adapters' memory, default 4 GiB: it is ended beyond. */
  readonly memoryBytes?: number;
  /**
   * How long the guest's call waits for a process's answer before it goes on without, ns: 60 us by default, for a server that
   * sleeps on `completionFd`. From 1 ms on `busy` says so of waits, too: somebody looks again and again then.
   */
  readonly answerNs?: number;
  /** How long a process may work on one thing, or keep memory that is another's, before it is killed, ns; five times `timeout`, at least 10 s, by default. */
  readonly stuckNs?: number;
  /** Guest-physical addresses to ask for, MiB, default 4095. */
  readonly mmioMegabytes?: number;
}

/** A host whose processes are processes. */
export interface IsolatedDxgHost extends DxgHostDevice {
  /** The processes: of the kernel, and of the guest; none there for the spare one. */
  readonly processes: readonly { readonly pid: number; readonly guestPid: number | undefined }[];
  /** Readable when `poll` may complete something. */
  readonly completionFd: number;
}

/** Makes one. @param options how its processes are started. @throws {DrmError} ENODEV without an engine, ETIMEDOUT */
export function isolatedDxgHost(options: IsolatedDxgOptions): IsolatedDxgHost {
  return new DxgBroker(options);
}
