/**
 * The host as its owner sees it: channels to put on a bus, and a poll.
 * @module
 */

import type { VmbusBackend } from "../../../core/vmbus.ts";
import { DxgHost, type DxgHostOptions } from "./host.ts";

/** A dxg host. Dispose of it before its engines. */
export interface DxgHostDevice extends Disposable {
  /** What it offers on the bus: the global channel, then one channel and PCI function an adapter. */
  readonly backends: readonly VmbusBackend[];
  /** The interface version that is spoken: 40, or an older one once a guest said so. */
  readonly version: number;
  /** Whether work is under way that `poll` will complete. */
  readonly busy: boolean;
  /** fds that become readable when an engine has done something: `poll` then. */
  readonly completionFds: readonly number[];
  /** Completes what engines have done by now; true if anything was. */
  poll(): boolean;
}

/** Makes a host. @param options adapters, time, memory, limits. @throws {RangeError} for a version that is not spoken, or adapters that cannot be */
export function dxgHost(options: DxgHostOptions): DxgHostDevice {
  return new DxgHost(options);
}
