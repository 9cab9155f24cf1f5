/**
 * QUERYSTATISTICS: what D3DKMT_QUERYSTATISTICS_* of d3dkmthk.h (WDK) say, as far as there is something to count. Members that
 * count what this host has not (swizzling ranges, prepation, interrupts) stay zero.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import * as kmt from "../../../uapi/d3dkmthk_statistics.ts";
import { VIEW, type View } from "../../../uapi/struct.ts";
import type { DxgAdapter } from "./adapter.ts";
import type { HostCore } from "./host_core.ts";
import type { DxgProcess } from "./process.ts";

/** Where the argument says which segment or node is asked for, bytes into d3dkmt_querystatistics. */
const WHICH = 800;

function ofProcess(host: HostCore, own: DxgProcess, handle: bigint): DxgProcess {
  if (handle === 0n) return own;
  const process = handle <= 0xffff_ffffn ? host.processes.get(Number(handle)) : undefined;
  if (process === undefined) throw new DrmError("EBADF", `Cannot find process 0x${handle.toString(16)}`);
  return process;
}

function executed(adapter: DxgAdapter, process: DxgProcess | undefined, node: number): number {
  let sum = 0;
  for (const device of adapter.devices) {
    if (process !== undefined && device.process !== process) continue;
    for (const queue of device.queues) if (queue.node === node) sum += queue.executed;
  }
  return sum;
}

/**
 * Fills the result.
 * @param own the process that asks. @throws {DrmError} EINVAL for an adapter, segment or node that is none; EPERM for types
 * that are about displays; EBADF for another process that is none
 */
export function queryStatistics(
  host: HostCore,
  adapter: DxgAdapter,
  own: DxgProcess,
  args: View<kmt.d3dkmt_querystatistics>,
  result: View<kmt.d3dkmt_querystatistics_result>,
): void {
  const { adapter_luid: luid } = args;
  if (luid.a !== adapter.luid.a || luid.b !== adapter.luid.b) {
    throw new DrmError("EINVAL", "Cannot tell statistics of another adapter");
  }
  const which = args[VIEW].getUint32(WHICH, true);
  const process = ofProcess(host, own, args.process);
  const out = result[VIEW];
  const u32 = (offset: number, value: number): void => out.setUint32(offset, value, true);
  const u64 = (offset: number, value: number): void => out.setBigUint64(offset, BigInt(Math.floor(value)), true);
  const { vram, info } = adapter;
  const segmentOf = (): number => {
    if (which >= vram.segments.length) throw new DrmError("EINVAL", `Cannot tell statistics of segment ${which}`);
    return which;
  };
  const nodeOf = (): number => {
    if (which >= info.nodes.length) throw new DrmError("EINVAL", `Cannot tell statistics of node ${which}`);
    return which;
  };
  const part = process.parts.get(adapter);
  switch (args.type) {
    case kmt._D3DKMT_QUERYSTATISTICS_ADAPTER: // NbSegments, NodeCount, VidPnSourceCount, VSyncEnabled, TdrDetectedCount
      u32(0, vram.segments.length);
      u32(4, info.nodes.length);
      u32(16, adapter.resets);
      return;
    case kmt._D3DKMT_QUERYSTATISTICS_PROCESS: // NodeCount, VidPnSourceCount
    case kmt._D3DKMT_QUERYSTATISTICS_PROCESS_ADAPTER: // NbSegments, NodeCount, VidPnSourceCount
      if (args.type === kmt._D3DKMT_QUERYSTATISTICS_PROCESS) return u32(0, info.nodes.length);
      u32(0, vram.segments.length);
      u32(4, info.nodes.length);
      return;
    // CommitLimit, BytesCommitted, BytesResident, TotalBytesEvicted, counts, Aperture, SegmentProperties.SystemMemory
    case kmt._D3DKMT_QUERYSTATISTICS_SEGMENT: {
      const segment = segmentOf();
      const used = vram.usedByAll(segment);
      u64(0, vram.segments[segment].size);
      u64(8, used);
      u64(16, used);
      u64(24, vram.statistics.bytesEvicted);
      u32(40, segment === 0 ? 0 : 1);
      u32(104, segment === 0 ? 0 : 1);
      return;
    }
    case kmt._D3DKMT_QUERYSTATISTICS_PROCESS_SEGMENT: // BytesCommitted, MaximumWorkingSet, MinimumWorkingSet
      u64(0, part?.client.usage[segmentOf()] ?? 0);
      u64(8, part === undefined ? 0 : vram.budget(part.client, segmentOf()));
      u64(16, part?.client.reservation[segmentOf()] ?? 0);
      return;
    case kmt._D3DKMT_QUERYSTATISTICS_PROCESS_SEGMENT_GROUP: { // Budget, Requested, Usage
      const segment = adapter.segment(which);
      if (segment === undefined || part === undefined) return;
      u64(0, vram.budget(part.client, segment));
      u64(8, part.client.usage[segment]);
      u64(16, part.client.usage[segment]);
      return;
    }
    case kmt._D3DKMT_QUERYSTATISTICS_NODE: // RunningTime, ContextSwitch
    case kmt._D3DKMT_QUERYSTATISTICS_PROCESS_NODE: {
      const only = args.type === kmt._D3DKMT_QUERYSTATISTICS_NODE ? undefined : process;
      u32(8, executed(adapter, only, nodeOf()));
      return;
    }
    default:
      throw new DrmError("EPERM", `Cannot tell statistics of type ${args.type}: there is nothing of that kind`);
  }
}
