/**
 * dxgkrnl's uAPI, the argument structs and ioctls of /dev/dxg: everything of include/uapi/misc/d3dkmthk.h, and the table of
 * ioctls, which dispatch, trace, fuzzer and documentation read.
 * @module
 */

import type { Ioctl } from "./ioctl.ts";
import type { Struct } from "./struct.ts";
import * as adapter from "./d3dkmthk_adapter.ts";
import * as allocation from "./d3dkmthk_allocation.ts";
import * as context from "./d3dkmthk_context.ts";
import * as device from "./d3dkmthk_device.ts";
import * as escape from "./d3dkmthk_escape.ts";
import * as paging from "./d3dkmthk_paging.ts";
import * as priority from "./d3dkmthk_priority.ts";
import * as residency from "./d3dkmthk_residency.ts";
import * as share from "./d3dkmthk_share.ts";
import * as signal from "./d3dkmthk_signal.ts";
import * as statistics from "./d3dkmthk_statistics.ts";
import * as submit from "./d3dkmthk_submit.ts";
import * as sync from "./d3dkmthk_sync.ts";
import * as syncFile from "./d3dkmthk_sync_file.ts";

export * from "./d3dkmthk_adapter.ts";
export * from "./d3dkmthk_allocation.ts";
export * from "./d3dkmthk_context.ts";
export * from "./d3dkmthk_device.ts";
export * from "./d3dkmthk_escape.ts";
export * from "./d3dkmthk_handle.ts";
export * from "./d3dkmthk_paging.ts";
export * from "./d3dkmthk_priority.ts";
export * from "./d3dkmthk_residency.ts";
export * from "./d3dkmthk_share.ts";
export * from "./d3dkmthk_signal.ts";
export * from "./d3dkmthk_statistics.ts";
export * from "./d3dkmthk_submit.ts";
export * from "./d3dkmthk_surface.ts";
export * from "./d3dkmthk_sync.ts";
export * from "./d3dkmthk_sync_file.ts";

/** One ioctl of /dev/dxg. */
export interface DxgIoctl {
  /** Its name in the header. */
  readonly name: string;
  /** Its request. */
  readonly request: Ioctl;
  /** Layout of its argument. */
  readonly arg: Struct<unknown>;
  /** Whether dxgkrnl answers it; the slots of old calls give ENOTTY like any unknown request. */
  readonly implemented: boolean;
  /** Names of the messages to the host that it may send, without DXGK_VMBCOMMAND_; none if the guest answers alone. */
  readonly messages: readonly string[];
}

const row = <T>(
  name: string,
  request: Ioctl<T>,
  arg: Struct<T>,
  ...messages: readonly string[]
): DxgIoctl => ({ name, request, arg: arg as Struct<unknown>, implemented: true, messages });

const empty = <T>(name: string, request: Ioctl<T>, arg: Struct<T>): DxgIoctl => ({
  ...row(name, request, arg),
  implemented: false,
});

/** Every ioctl in the order of its number, from 1. */
export const DXG_IOCTLS: readonly DxgIoctl[] = [
  row("LX_DXOPENADAPTERFROMLUID", adapter.LX_DXOPENADAPTERFROMLUID, adapter.d3dkmt_openadapterfromluid),
  row("LX_DXCREATEDEVICE", device.LX_DXCREATEDEVICE, device.d3dkmt_createdevice, "CREATEDEVICE"),
  empty("LX_DXCREATECONTEXT", context.LX_DXCREATECONTEXT, context.d3dkmt_createcontext),
  row(
    "LX_DXCREATECONTEXTVIRTUAL",
    context.LX_DXCREATECONTEXTVIRTUAL,
    context.d3dkmt_createcontextvirtual,
    "CREATECONTEXTVIRTUAL",
  ),
  row("LX_DXDESTROYCONTEXT", context.LX_DXDESTROYCONTEXT, context.d3dkmt_destroycontext, "DESTROYCONTEXT"),
  row(
    "LX_DXCREATEALLOCATION",
    allocation.LX_DXCREATEALLOCATION,
    allocation.d3dkmt_createallocation,
    "CREATEALLOCATION",
    "DDIGETSTANDARDALLOCATIONDRIVERDATA",
    "SETEXISTINGSYSMEMSTORE",
    "SETEXISTINGSYSMEMPAGES",
  ),
  row("LX_DXCREATEPAGINGQUEUE", paging.LX_DXCREATEPAGINGQUEUE, paging.d3dkmt_createpagingqueue, "CREATEPAGINGQUEUE"),
  row(
    "LX_DXRESERVEGPUVIRTUALADDRESS",
    paging.LX_DXRESERVEGPUVIRTUALADDRESS,
    paging.d3dddi_reservegpuvirtualaddress,
    "RESERVEGPUVIRTUALADDRESS",
  ),
  row("LX_DXQUERYADAPTERINFO", adapter.LX_DXQUERYADAPTERINFO, adapter.d3dkmt_queryadapterinfo, "QUERYADAPTERINFO"),
  row(
    "LX_DXQUERYVIDEOMEMORYINFO",
    residency.LX_DXQUERYVIDEOMEMORYINFO,
    residency.d3dkmt_queryvideomemoryinfo,
    "QUERYVIDEOMEMORYINFO",
  ),
  row("LX_DXMAKERESIDENT", residency.LX_DXMAKERESIDENT, residency.d3dddi_makeresident, "MAKERESIDENT"),
  row(
    "LX_DXMAPGPUVIRTUALADDRESS",
    paging.LX_DXMAPGPUVIRTUALADDRESS,
    paging.d3dddi_mapgpuvirtualaddress,
    "MAPGPUVIRTUALADDRESS",
  ),
  row("LX_DXESCAPE", escape.LX_DXESCAPE, escape.d3dkmt_escape, "ESCAPE"),
  row("LX_DXGETDEVICESTATE", device.LX_DXGETDEVICESTATE, device.d3dkmt_getdevicestate, "GETDEVICESTATE"),
  row("LX_DXSUBMITCOMMAND", submit.LX_DXSUBMITCOMMAND, submit.d3dkmt_submitcommand, "SUBMITCOMMAND"),
  row(
    "LX_DXCREATESYNCHRONIZATIONOBJECT",
    sync.LX_DXCREATESYNCHRONIZATIONOBJECT,
    sync.d3dkmt_createsynchronizationobject2,
    "CREATESYNCOBJECT",
  ),
  row(
    "LX_DXSIGNALSYNCHRONIZATIONOBJECT",
    signal.LX_DXSIGNALSYNCHRONIZATIONOBJECT,
    signal.d3dkmt_signalsynchronizationobject2,
    "SIGNALSYNCOBJECT",
  ),
  row(
    "LX_DXWAITFORSYNCHRONIZATIONOBJECT",
    signal.LX_DXWAITFORSYNCHRONIZATIONOBJECT,
    signal.d3dkmt_waitforsynchronizationobject2,
    "WAITFORSYNCOBJECTFROMGPU",
  ),
  row(
    "LX_DXDESTROYALLOCATION2",
    allocation.LX_DXDESTROYALLOCATION2,
    allocation.d3dkmt_destroyallocation2,
    "DESTROYALLOCATION",
  ),
  row("LX_DXENUMADAPTERS2", adapter.LX_DXENUMADAPTERS2, adapter.d3dkmt_enumadapters2),
  row("LX_DXCLOSEADAPTER", adapter.LX_DXCLOSEADAPTER, adapter.d3dkmt_closeadapter),
  row(
    "LX_DXCHANGEVIDEOMEMORYRESERVATION",
    residency.LX_DXCHANGEVIDEOMEMORYRESERVATION,
    residency.d3dkmt_changevideomemoryreservation,
    "CHANGEVIDEOMEMORYRESERVATION",
  ),
  empty("LX_DXCREATEHWCONTEXT", context.LX_DXCREATEHWCONTEXT, context.d3dkmt_createhwcontext),
  row("LX_DXCREATEHWQUEUE", context.LX_DXCREATEHWQUEUE, context.d3dkmt_createhwqueue, "CREATEHWQUEUE"),
  row("LX_DXDESTROYDEVICE", device.LX_DXDESTROYDEVICE, device.d3dkmt_destroydevice, "DESTROYDEVICE", "FLUSHDEVICE"),
  empty("LX_DXDESTROYHWCONTEXT", context.LX_DXDESTROYHWCONTEXT, context.d3dkmt_destroyhwcontext),
  row("LX_DXDESTROYHWQUEUE", context.LX_DXDESTROYHWQUEUE, context.d3dkmt_destroyhwqueue, "DESTROYHWQUEUE"),
  row(
    "LX_DXDESTROYPAGINGQUEUE",
    paging.LX_DXDESTROYPAGINGQUEUE,
    paging.d3dddi_destroypagingqueue,
    "DESTROYPAGINGQUEUE",
  ),
  row(
    "LX_DXDESTROYSYNCHRONIZATIONOBJECT",
    sync.LX_DXDESTROYSYNCHRONIZATIONOBJECT,
    sync.d3dkmt_destroysynchronizationobject,
    "DESTROYSYNCOBJECT",
  ),
  row("LX_DXEVICT", residency.LX_DXEVICT, residency.d3dkmt_evict, "EVICT"),
  row(
    "LX_DXFLUSHHEAPTRANSITIONS",
    adapter.LX_DXFLUSHHEAPTRANSITIONS,
    adapter.d3dkmt_flushheaptransitions,
    "FLUSHHEAPTRANSITIONS",
  ),
  row(
    "LX_DXFREEGPUVIRTUALADDRESS",
    paging.LX_DXFREEGPUVIRTUALADDRESS,
    paging.d3dkmt_freegpuvirtualaddress,
    "FREEGPUVIRTUALADDRESS",
  ),
  row(
    "LX_DXGETCONTEXTINPROCESSSCHEDULINGPRIORITY",
    context.LX_DXGETCONTEXTINPROCESSSCHEDULINGPRIORITY,
    context.d3dkmt_getcontextinprocessschedulingpriority,
    "GETCONTEXTSCHEDULINGPRIORITY",
  ),
  row(
    "LX_DXGETCONTEXTSCHEDULINGPRIORITY",
    context.LX_DXGETCONTEXTSCHEDULINGPRIORITY,
    context.d3dkmt_getcontextschedulingpriority,
    "GETCONTEXTSCHEDULINGPRIORITY",
  ),
  empty(
    "LX_DXGETSHAREDRESOURCEADAPTERLUID",
    adapter.LX_DXGETSHAREDRESOURCEADAPTERLUID,
    adapter.d3dkmt_getsharedresourceadapterluid,
  ),
  row("LX_DXINVALIDATECACHE", allocation.LX_DXINVALIDATECACHE, allocation.d3dkmt_invalidatecache, "INVALIDATECACHE"),
  row("LX_DXLOCK2", allocation.LX_DXLOCK2, allocation.d3dkmt_lock2, "LOCK2"),
  row("LX_DXMARKDEVICEASERROR", device.LX_DXMARKDEVICEASERROR, device.d3dkmt_markdeviceaserror, "MARKDEVICEASERROR"),
  row("LX_DXOFFERALLOCATIONS", residency.LX_DXOFFERALLOCATIONS, residency.d3dkmt_offerallocations, "OFFERALLOCATIONS"),
  empty("LX_DXOPENRESOURCE", share.LX_DXOPENRESOURCE, share.d3dkmt_openresource),
  empty(
    "LX_DXOPENSYNCHRONIZATIONOBJECT",
    syncFile.LX_DXOPENSYNCHRONIZATIONOBJECT,
    syncFile.d3dkmt_opensynchronizationobject,
  ),
  row(
    "LX_DXQUERYALLOCATIONRESIDENCY",
    priority.LX_DXQUERYALLOCATIONRESIDENCY,
    priority.d3dkmt_queryallocationresidency,
    "QUERYALLOCATIONRESIDENCY",
  ),
  empty("LX_DXQUERYRESOURCEINFO", share.LX_DXQUERYRESOURCEINFO, share.d3dkmt_queryresourceinfo),
  row(
    "LX_DXRECLAIMALLOCATIONS2",
    residency.LX_DXRECLAIMALLOCATIONS2,
    residency.d3dkmt_reclaimallocations2,
    "RECLAIMALLOCATIONS",
  ),
  empty("LX_DXRENDER", submit.LX_DXRENDER, submit.d3dkmt_render),
  row(
    "LX_DXSETALLOCATIONPRIORITY",
    priority.LX_DXSETALLOCATIONPRIORITY,
    priority.d3dkmt_setallocationpriority,
    "SETALLOCATIONPRIORITY",
  ),
  row(
    "LX_DXSETCONTEXTINPROCESSSCHEDULINGPRIORITY",
    context.LX_DXSETCONTEXTINPROCESSSCHEDULINGPRIORITY,
    context.d3dkmt_setcontextinprocessschedulingpriority,
    "SETCONTEXTSCHEDULINGPRIORITY",
  ),
  row(
    "LX_DXSETCONTEXTSCHEDULINGPRIORITY",
    context.LX_DXSETCONTEXTSCHEDULINGPRIORITY,
    context.d3dkmt_setcontextschedulingpriority,
    "SETCONTEXTSCHEDULINGPRIORITY",
  ),
  row(
    "LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMCPU",
    signal.LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMCPU,
    signal.d3dkmt_signalsynchronizationobjectfromcpu,
    "SIGNALSYNCOBJECT",
  ),
  row(
    "LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMGPU",
    signal.LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMGPU,
    signal.d3dkmt_signalsynchronizationobjectfromgpu,
    "SIGNALSYNCOBJECT",
  ),
  row(
    "LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMGPU2",
    signal.LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMGPU2,
    signal.d3dkmt_signalsynchronizationobjectfromgpu2,
    "SIGNALSYNCOBJECT",
  ),
  row(
    "LX_DXSUBMITCOMMANDTOHWQUEUE",
    submit.LX_DXSUBMITCOMMANDTOHWQUEUE,
    submit.d3dkmt_submitcommandtohwqueue,
    "SUBMITCOMMANDTOHWQUEUE",
  ),
  row(
    "LX_DXSUBMITSIGNALSYNCOBJECTSTOHWQUEUE",
    signal.LX_DXSUBMITSIGNALSYNCOBJECTSTOHWQUEUE,
    signal.d3dkmt_submitsignalsyncobjectstohwqueue,
    "SIGNALSYNCOBJECT",
  ),
  row(
    "LX_DXSUBMITWAITFORSYNCOBJECTSTOHWQUEUE",
    signal.LX_DXSUBMITWAITFORSYNCOBJECTSTOHWQUEUE,
    signal.d3dkmt_submitwaitforsyncobjectstohwqueue,
    "WAITFORSYNCOBJECTFROMGPU",
  ),
  row("LX_DXUNLOCK2", allocation.LX_DXUNLOCK2, allocation.d3dkmt_unlock2, "UNLOCK2"),
  row(
    "LX_DXUPDATEALLOCPROPERTY",
    priority.LX_DXUPDATEALLOCPROPERTY,
    priority.d3dddi_updateallocproperty,
    "UPDATEALLOCATIONPROPERTY",
  ),
  row(
    "LX_DXUPDATEGPUVIRTUALADDRESS",
    paging.LX_DXUPDATEGPUVIRTUALADDRESS,
    paging.d3dkmt_updategpuvirtualaddress,
    "UPDATEGPUVIRTUALADDRESS",
  ),
  row(
    "LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU",
    signal.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU,
    signal.d3dkmt_waitforsynchronizationobjectfromcpu,
    "WAITFORSYNCOBJECTFROMCPU",
  ),
  row(
    "LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMGPU",
    signal.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMGPU,
    signal.d3dkmt_waitforsynchronizationobjectfromgpu,
    "WAITFORSYNCOBJECTFROMGPU",
  ),
  row(
    "LX_DXGETALLOCATIONPRIORITY",
    priority.LX_DXGETALLOCATIONPRIORITY,
    priority.d3dkmt_getallocationpriority,
    "GETALLOCATIONPRIORITY",
  ),
  row(
    "LX_DXQUERYCLOCKCALIBRATION",
    statistics.LX_DXQUERYCLOCKCALIBRATION,
    statistics.d3dkmt_queryclockcalibration,
    "QUERYCLOCKCALIBRATION",
  ),
  row("LX_DXENUMADAPTERS3", adapter.LX_DXENUMADAPTERS3, adapter.d3dkmt_enumadapters3),
  row("LX_DXSHAREOBJECTS", share.LX_DXSHAREOBJECTS, share.d3dkmt_shareobjects, "CREATENTSHAREDOBJECT"),
  row(
    "LX_DXOPENSYNCOBJECTFROMNTHANDLE2",
    syncFile.LX_DXOPENSYNCOBJECTFROMNTHANDLE2,
    syncFile.d3dkmt_opensyncobjectfromnthandle2,
    "OPENSYNCOBJECT",
  ),
  row(
    "LX_DXQUERYRESOURCEINFOFROMNTHANDLE",
    share.LX_DXQUERYRESOURCEINFOFROMNTHANDLE,
    share.d3dkmt_queryresourceinfofromnthandle,
  ),
  row(
    "LX_DXOPENRESOURCEFROMNTHANDLE",
    share.LX_DXOPENRESOURCEFROMNTHANDLE,
    share.d3dkmt_openresourcefromnthandle,
    "OPENRESOURCE",
  ),
  row("LX_DXQUERYSTATISTICS", statistics.LX_DXQUERYSTATISTICS, statistics.d3dkmt_querystatistics, "QUERYSTATISTICS"),
  row(
    "LX_DXSHAREOBJECTWITHHOST",
    share.LX_DXSHAREOBJECTWITHHOST,
    share.d3dkmt_shareobjectwithhost,
    "SHAREOBJECTWITHHOST",
  ),
  row(
    "LX_DXCREATESYNCFILE",
    syncFile.LX_DXCREATESYNCFILE,
    syncFile.d3dkmt_createsyncfile,
    "WAITFORSYNCOBJECTFROMCPU",
    "CREATENTSHAREDOBJECT",
  ),
  row(
    "LX_DXWAITSYNCFILE",
    syncFile.LX_DXWAITSYNCFILE,
    syncFile.d3dkmt_waitsyncfile,
    "OPENSYNCOBJECT",
    "WAITFORSYNCOBJECTFROMGPU",
    "DESTROYSYNCOBJECT",
  ),
  row(
    "LX_DXOPENSYNCOBJECTFROMSYNCFILE",
    syncFile.LX_DXOPENSYNCOBJECTFROMSYNCFILE,
    syncFile.d3dkmt_opensyncobjectfromsyncfile,
    "OPENSYNCOBJECT",
  ),
  row("LX_DXENUMPROCESSES", statistics.LX_DXENUMPROCESSES, statistics.d3dkmt_enumprocesses),
  row(
    "LX_ISFEATUREENABLED",
    adapter.LX_ISFEATUREENABLED,
    adapter.d3dkmt_isfeatureenabled,
    "ISFEATUREENABLED",
    "ISFEATUREENABLED_GLOBAL",
  ),
];

const byRequest: ReadonlyMap<number, DxgIoctl> = new Map(DXG_IOCTLS.map((entry) => [entry.request, entry]));

/** The ioctl of a whole request number, implemented or not; undefined for any other number. */
export function dxgIoctl(request: number): DxgIoctl | undefined {
  return byRequest.get(request);
}
