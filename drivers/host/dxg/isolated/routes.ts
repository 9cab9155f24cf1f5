/**
 * Where numbers stand in messages that mean something outside of the process that they come from, or go to: addresses, shared handles,
 * events, states. Offsets count from the command header of a request, and from the start of a reply.
 * @module
 */

import {
  _D3DDDI_CPU_NOTIFICATION,
  d3dddi_synchronizationobjectinfo2,
  d3dkmt_createsynchronizationobject2,
} from "../../../../uapi/d3dkmthk_sync.ts";
import { d3dkmt_querystatistics } from "../../../../uapi/d3dkmthk_statistics.ts";
import { DXGK_GLOBAL_COMMANDS } from "../../../../uapi/dxgvmbus.ts";
import { DXGK_VGPU_COMMANDS } from "../../../../uapi/dxgvmbus_vgpu.ts";
import type { DxgCommand } from "../../../../uapi/dxgvmbus_command.ts";
import type { Struct } from "../../../../uapi/struct.ts";
import { offsetOf } from "../message.ts";

/** Numbers of commands of the global channel are told from those of virtual GPUs by this. */
export const GLOBAL = 0x1_0000;

function find(name: string): DxgCommand {
  const command = [...DXGK_VGPU_COMMANDS, ...DXGK_GLOBAL_COMMANDS].find((each) => each.name === name);
  if (command === undefined) throw new TypeError(`Cannot route ${name}: no such message`);
  return command;
}

const keyOf = (name: string): number => {
  const { channel, type } = find(name);
  return channel === "global" ? GLOBAL + type : type;
};
const inRequest = (name: string, member: string): number => offsetOf(find(name).request, member);
const inReply = (name: string, member: string): number => {
  const { reply, request } = find(name);
  return offsetOf(reply.kind === "struct" ? reply.type : request, member);
};
const inStruct = <T>(type: Struct<T>, member: string): number => offsetOf(type as Struct<unknown>, member);

/** Commands by name. */
export const KEY = {
  createProcess: keyOf("CREATEPROCESS"),
  destroyProcess: keyOf("DESTROYPROCESS"),
  destroyNtSharedObject: keyOf("DESTROYNTSHAREDOBJECT"),
  createNtSharedObject: keyOf("CREATENTSHAREDOBJECT"),
  shareObjectWithHost: keyOf("SHAREOBJECTWITHHOST"),
  closeAdapter: keyOf("CLOSEADAPTER"),
  createDevice: keyOf("CREATEDEVICE"),
  createSyncObject: keyOf("CREATESYNCOBJECT"),
  createAllocation: keyOf("CREATEALLOCATION"),
  destroySyncObject: keyOf("DESTROYSYNCOBJECT"),
  destroyDevice: keyOf("DESTROYDEVICE"),
  openSyncObject: keyOf("OPENSYNCOBJECT"),
  openResource: keyOf("OPENRESOURCE"),
  waitFromCpu: keyOf("WAITFORSYNCOBJECTFROMCPU"),
  signal: keyOf("SIGNALSYNCOBJECT"),
  setStore: keyOf("SETEXISTINGSYSMEMSTORE"),
  setPages: keyOf("SETEXISTINGSYSMEMPAGES"),
  statistics: keyOf("QUERYSTATISTICS"),
  deviceState: keyOf("GETDEVICESTATE"),
  createPagingQueue: keyOf("CREATEPAGINGQUEUE"),
  createHwQueue: keyOf("CREATEHWQUEUE"),
  lock: keyOf("LOCK2"),
  makeResident: keyOf("MAKERESIDENT"),
  evict: keyOf("EVICT"),
  videoMemoryInfo: keyOf("QUERYVIDEOMEMORYINFO"),
  videoMemoryReservation: keyOf("CHANGEVIDEOMEMORYRESERVATION"),
} as const;

const SYNC_ARGS = inRequest("CREATESYNCOBJECT", "args");
const SYNC_INFO = SYNC_ARGS + inStruct(d3dkmt_createsynchronizationobject2, "info");

/** Members of requests. */
export const REQUEST = {
  /** DESTROYNTSHAREDOBJECT, u32. */
  ntHandle: inRequest("DESTROYNTSHAREDOBJECT", "shared_handle"),
  /** CLOSEADAPTER, u32. */
  adapterHandle: inRequest("CLOSEADAPTER", "host_handle"),
  /** CREATEPROCESS: number and name. */
  processId: inRequest("CREATEPROCESS", "process_id"),
  processName: inRequest("CREATEPROCESS", "process_name"),
  /** CREATEDEVICE, u64. */
  deviceCookie: inRequest("CREATEDEVICE", "error_code"),
  /** DESTROYSYNCOBJECT, u32. */
  syncObject: inRequest("DESTROYSYNCOBJECT", "sync_object"),
  /** DESTROYDEVICE, u32. */
  device: inRequest("DESTROYDEVICE", "device"),
  /** CREATESYNCOBJECT: device, type, flags, the event of a CPU notification. */
  syncDevice: SYNC_ARGS + inStruct(d3dkmt_createsynchronizationobject2, "device"),
  syncType: SYNC_INFO + inStruct(d3dddi_synchronizationobjectinfo2, "type"),
  syncFlags: SYNC_INFO + inStruct(d3dddi_synchronizationobjectinfo2, "flags"),
  syncEvent: SYNC_INFO + inStruct(d3dddi_synchronizationobjectinfo2, "cpu_notification"),
  /** OPENSYNCOBJECT, u32. */
  syncShare: inRequest("OPENSYNCOBJECT", "global_sync_object"),
  /** OPENRESOURCE, u32. */
  resourceShare: inRequest("OPENRESOURCE", "global_share"),
  /** WAITFORSYNCOBJECTFROMCPU, u64. */
  waitEvent: inRequest("WAITFORSYNCOBJECTFROMCPU", "guest_event_pointer"),
  /** SIGNALSYNCOBJECT: flags, and an event, u64. */
  signalFlags: inRequest("SIGNALSYNCOBJECT", "flags"),
  signalEvent: inRequest("SIGNALSYNCOBJECT", "cpu_event_handle"),
  /** SETEXISTINGSYSMEMSTORE, u32. */
  gpadl: inRequest("SETEXISTINGSYSMEMSTORE", "gpadl"),
  /** SETEXISTINGSYSMEMPAGES: count, and where page numbers begin. */
  pageCount: inRequest("SETEXISTINGSYSMEMPAGES", "num_pages"),
  pages: find("SETEXISTINGSYSMEMPAGES").request.size,
  /** QUERYSTATISTICS, u64: a process. */
  statisticsProcess: inRequest("QUERYSTATISTICS", "args") + inStruct(d3dkmt_querystatistics, "process"),
  /** GETDEVICESTATE: its argument. */
  stateArgs: inRequest("GETDEVICESTATE", "args"),
} as const;

/** The type of a synchronization object that signals an event of the guest. */
export const CPU_NOTIFICATION: number = _D3DDDI_CPU_NOTIFICATION;

/** How an address in a reply is to be read. */
export interface AddressRoute {
  /** Where it stands, u64. */
  readonly at: number;
  /** Where the status stands; -1 without. */
  readonly status: number;
  /** What is there: fences of the process's own, others' too, or an allocation. */
  readonly what: "fences" | "others" | "memory";
}

/** Addresses in replies, by command. */
export const ADDRESSES: ReadonlyMap<number, AddressRoute> = new Map([
  [KEY.createSyncObject, { at: inReply("CREATESYNCOBJECT", "fence_storage_address"), status: -1, what: "fences" }],
  [KEY.openSyncObject, {
    at: inReply("OPENSYNCOBJECT", "guest_cpu_physical_address"),
    status: inReply("OPENSYNCOBJECT", "status"),
    what: "others",
  }],
  [KEY.createPagingQueue, {
    at: inReply("CREATEPAGINGQUEUE", "fence_storage_physical_address"),
    status: -1,
    what: "fences",
  }],
  [KEY.createHwQueue, {
    at: inReply("CREATEHWQUEUE", "hwqueue_progress_fence_cpuva"),
    status: inReply("CREATEHWQUEUE", "status"),
    what: "fences",
  }],
  [KEY.lock, { at: inReply("LOCK2", "cpu_visible_buffer_offset"), status: inReply("LOCK2", "status"), what: "memory" }],
]);

/** Members of replies. */
export const REPLY = {
  /** CREATESYNCOBJECT: the handle, u32. */
  syncObject: inReply("CREATESYNCOBJECT", "sync_object"),
  /** CREATESYNCOBJECT: where in its page the fence is, u32. */
  fenceOffset: inReply("CREATESYNCOBJECT", "fence_storage_offset"),
  /** GETDEVICESTATE: the argument, filled in. */
  stateArgs: inReply("GETDEVICESTATE", "args"),
} as const;

/** Handles in replies that the guest is to know by another number: where, and how many words. */
export const SHARES: ReadonlyMap<number, { readonly at: number; readonly words: 1 | 2; readonly isNt: boolean }> =
  new Map([
    [KEY.createAllocation, { at: inReply("CREATEALLOCATION", "global_share"), words: 1, isNt: false }],
    [KEY.createSyncObject, { at: inReply("CREATESYNCOBJECT", "global_sync_object"), words: 1, isNt: false }],
    [KEY.createNtSharedObject, { at: 0, words: 1, isNt: true }],
    [KEY.shareObjectWithHost, { at: inReply("SHAREOBJECTWITHHOST", "vail_nt_handle"), words: 2, isNt: true }],
  ]);

/** Commands that undo something: nothing of a process that is gone needs to be undone. */
export const UNDOING: ReadonlySet<number> = new Set([
  "DESTROYDEVICE",
  "DESTROYALLOCATION",
  "DESTROYCONTEXT",
  "DESTROYPAGINGQUEUE",
  "DESTROYSYNCOBJECT",
  "DESTROYHWQUEUE",
  "FLUSHDEVICE",
  "UNLOCK2",
  "FREEGPUVIRTUALADDRESS",
  "DESTROYPROCESS",
].map(keyOf));
