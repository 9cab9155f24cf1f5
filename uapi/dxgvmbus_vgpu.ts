/**
 * The table of the messages of a virtual GPU: dxgkrnl's dxgvmbus.h and dxgvmbus.c.
 * @module
 */

import {
  BLOB,
  type DxgCommand,
  dxgCommand as command,
  type DxgCommandOptions,
  type DxgReply,
  ECHO,
  handles,
  NTSTATUS,
  privateBytes as bytes,
  reply,
  STATUS_AND_BLOB,
  tail,
  values,
} from "./dxgvmbus_command.ts";
import { d3dddi_updategpuvirtualaddress_operation } from "./d3dkmthk_paging.ts";
import type { Struct } from "./struct.ts";
import { DXGK_VMBUS_INTERFACE_VERSION } from "./dxgvmbus_hdr.ts";
import * as adapter from "./dxgvmbus_adapter.ts";
import * as allocation from "./dxgvmbus_allocation.ts";
import * as device from "./dxgvmbus_device.ts";
import * as feature from "./dxgvmbus_feature.ts";
import * as lock from "./dxgvmbus_lock.ts";
import * as number from "./dxgvmbus_number.ts";
import * as paging from "./dxgvmbus_paging.ts";
import * as residency from "./dxgvmbus_residency.ts";
import * as sync from "./dxgvmbus_sync.ts";

const vgpu = <T>(
  name: string,
  type: number,
  request: Struct<T>,
  reply: DxgReply,
  options?: DxgCommandOptions,
): DxgCommand => command("vgpu", name, type, request, reply, options);

/** Messages of a virtual GPU, on its channel, or on the global one where messages may be asynchronous. */
export const DXGK_VGPU_COMMANDS: readonly DxgCommand[] = [
  vgpu(
    "CREATEDEVICE",
    number.DXGK_VMBCOMMAND_CREATEDEVICE,
    device.dxgkvmb_command_createdevice,
    reply(device.dxgkvmb_command_createdevice_return),
  ),
  vgpu("DESTROYDEVICE", number.DXGK_VMBCOMMAND_DESTROYDEVICE, device.dxgkvmb_command_destroydevice, NTSTATUS),
  vgpu(
    "QUERYADAPTERINFO",
    number.DXGK_VMBCOMMAND_QUERYADAPTERINFO,
    adapter.dxgkvmb_command_queryadapterinfo,
    STATUS_AND_BLOB,
    { tail: [bytes("private_data", "private_data_size")] },
  ),
  vgpu(
    "CREATEALLOCATION",
    number.DXGK_VMBCOMMAND_CREATEALLOCATION,
    allocation.dxgkvmb_command_createallocation,
    reply(allocation.dxgkvmb_command_createallocation_return, bytes("allocation_priv_drv_data")),
    {
      tail: [
        tail(allocation.dxgkvmb_command_createallocation_allocinfo, "allocations", "alloc_count"),
        bytes("private_runtime_data", "private_runtime_data_size"),
        bytes("priv_drv_data", "priv_drv_data_size"),
        bytes("allocation_priv_drv_data"),
      ],
    },
  ),
  vgpu(
    "DESTROYALLOCATION",
    number.DXGK_VMBCOMMAND_DESTROYALLOCATION,
    allocation.dxgkvmb_command_destroyallocation,
    NTSTATUS,
    { tail: [handles("allocations", "alloc_count")] },
  ),
  vgpu(
    "CREATECONTEXTVIRTUAL",
    number.DXGK_VMBCOMMAND_CREATECONTEXTVIRTUAL,
    device.dxgkvmb_command_createcontextvirtual,
    ECHO,
    { tail: [bytes("priv_drv_data", "priv_drv_data_size")] },
  ),
  vgpu("DESTROYCONTEXT", number.DXGK_VMBCOMMAND_DESTROYCONTEXT, device.dxgkvmb_command_destroycontext, NTSTATUS),
  vgpu(
    "CREATESYNCOBJECT",
    number.DXGK_VMBCOMMAND_CREATESYNCOBJECT,
    sync.dxgkvmb_command_createsyncobject,
    reply(sync.dxgkvmb_command_createsyncobject_return),
  ),
  vgpu(
    "CREATEPAGINGQUEUE",
    number.DXGK_VMBCOMMAND_CREATEPAGINGQUEUE,
    paging.dxgkvmb_command_createpagingqueue,
    reply(paging.dxgkvmb_command_createpagingqueue_return),
  ),
  vgpu(
    "DESTROYPAGINGQUEUE",
    number.DXGK_VMBCOMMAND_DESTROYPAGINGQUEUE,
    paging.dxgkvmb_command_destroypagingqueue,
    NTSTATUS,
  ),
  vgpu(
    "MAKERESIDENT",
    number.DXGK_VMBCOMMAND_MAKERESIDENT,
    residency.dxgkvmb_command_makeresident,
    reply(residency.dxgkvmb_command_makeresident_return),
    { tail: [handles("allocations", "alloc_count")] },
  ),
  vgpu(
    "EVICT",
    number.DXGK_VMBCOMMAND_EVICT,
    residency.dxgkvmb_command_evict,
    reply(residency.dxgkvmb_command_evict_return),
    { tail: [handles("allocations", "alloc_count")] },
  ),
  vgpu("ESCAPE", number.DXGK_VMBCOMMAND_ESCAPE, feature.dxgkvmb_command_escape, BLOB, {
    tail: [bytes("priv_drv_data", "priv_drv_data_size")],
  }),
  vgpu(
    "OPENADAPTER",
    number.DXGK_VMBCOMMAND_OPENADAPTER,
    adapter.dxgkvmb_command_openadapter,
    reply(adapter.dxgkvmb_command_openadapter_return),
  ),
  vgpu("CLOSEADAPTER", number.DXGK_VMBCOMMAND_CLOSEADAPTER, adapter.dxgkvmb_command_closeadapter, NTSTATUS),
  vgpu(
    "FREEGPUVIRTUALADDRESS",
    number.DXGK_VMBCOMMAND_FREEGPUVIRTUALADDRESS,
    paging.dxgkvmb_command_freegpuvirtualaddress,
    NTSTATUS,
  ),
  vgpu(
    "MAPGPUVIRTUALADDRESS",
    number.DXGK_VMBCOMMAND_MAPGPUVIRTUALADDRESS,
    paging.dxgkvmb_command_mapgpuvirtualaddress,
    reply(paging.dxgkvmb_command_mapgpuvirtualaddress_return),
  ),
  vgpu(
    "RESERVEGPUVIRTUALADDRESS",
    number.DXGK_VMBCOMMAND_RESERVEGPUVIRTUALADDRESS,
    paging.dxgkvmb_command_reservegpuvirtualaddress,
    reply(paging.dxgkvmb_command_reservegpuvirtualaddress_return),
  ),
  vgpu(
    "UPDATEGPUVIRTUALADDRESS",
    number.DXGK_VMBCOMMAND_UPDATEGPUVIRTUALADDRESS,
    paging.dxgkvmb_command_updategpuvirtualaddress,
    NTSTATUS,
    { tail: [tail(d3dddi_updategpuvirtualaddress_operation, "operations", "num_operations")] },
  ),
  vgpu("SUBMITCOMMAND", number.DXGK_VMBCOMMAND_SUBMITCOMMAND, device.dxgkvmb_command_submitcommand, NTSTATUS, {
    tail: [handles("history_buffers", "args.num_history_buffers"), bytes("priv_drv_data", "args.priv_drv_data_size")],
    mayBeAsync: true,
  }),
  vgpu(
    "QUERYVIDEOMEMORYINFO",
    number.dxgk_vmbcommand_queryvideomemoryinfo,
    residency.dxgkvmb_command_queryvideomemoryinfo,
    reply(residency.dxgkvmb_command_queryvideomemoryinfo_return),
  ),
  vgpu(
    "WAITFORSYNCOBJECTFROMCPU",
    number.DXGK_VMBCOMMAND_WAITFORSYNCOBJECTFROMCPU,
    sync.dxgkvmb_command_waitforsyncobjectfromcpu,
    NTSTATUS,
    { tail: [handles("objects", "object_count"), values("fence_values", "object_count")] },
  ),
  vgpu("LOCK2", number.DXGK_VMBCOMMAND_LOCK2, lock.dxgkvmb_command_lock2, reply(lock.dxgkvmb_command_lock2_return)),
  vgpu("UNLOCK2", number.DXGK_VMBCOMMAND_UNLOCK2, lock.dxgkvmb_command_unlock2, NTSTATUS),
  vgpu(
    "WAITFORSYNCOBJECTFROMGPU",
    number.DXGK_VMBCOMMAND_WAITFORSYNCOBJECTFROMGPU,
    sync.dxgkvmb_command_waitforsyncobjectfromgpu,
    NTSTATUS,
    { tail: [values("fence_values", "object_count"), handles("objects", "object_count")], mayBeAsync: true },
  ),
  vgpu("SIGNALSYNCOBJECT", number.DXGK_VMBCOMMAND_SIGNALSYNCOBJECT, sync.dxgkvmb_command_signalsyncobject, NTSTATUS, {
    tail: [
      handles("objects", "object_count"),
      handles("contexts", "context_count"),
      values("fence_values", "object_count"),
    ],
    mayBeAsync: true,
  }),
  vgpu(
    "GETDEVICESTATE",
    number.DXGK_VMBCOMMAND_GETDEVICESTATE,
    device.dxgkvmb_command_getdevicestate,
    reply(device.dxgkvmb_command_getdevicestate_return),
  ),
  vgpu(
    "MARKDEVICEASERROR",
    number.DXGK_VMBCOMMAND_MARKDEVICEASERROR,
    device.dxgkvmb_command_markdeviceaserror,
    NTSTATUS,
  ),
  vgpu(
    "OPENRESOURCE",
    number.DXGK_VMBCOMMAND_OPENRESOURCE,
    lock.dxgkvmb_command_openresource,
    reply(lock.dxgkvmb_command_openresource_return, handles("allocations", "allocation_count")),
  ),
  vgpu(
    "SETCONTEXTSCHEDULINGPRIORITY",
    number.DXGK_VMBCOMMAND_SETCONTEXTSCHEDULINGPRIORITY,
    device.dxgkvmb_command_setcontextschedulingpriority2,
    NTSTATUS,
  ),
  vgpu(
    "GETINTERNALADAPTERINFO",
    number.DXGK_VMBCOMMAND_GETINTERNALADAPTERINFO,
    adapter.dxgkvmb_command_getinternaladapterinfo,
    reply(adapter.dxgkvmb_command_getinternaladapterinfo_return),
  ),
  vgpu(
    "FLUSHHEAPTRANSITIONS",
    number.DXGK_VMBCOMMAND_FLUSHHEAPTRANSITIONS,
    feature.dxgkvmb_command_flushheaptransitions,
    NTSTATUS,
  ),
  vgpu(
    "DDIGETSTANDARDALLOCATIONDRIVERDATA",
    number.DXGK_VMBCOMMAND_DDIGETSTANDARDALLOCATIONDRIVERDATA,
    allocation.dxgkvmb_command_getstandardallocprivdata,
    reply(
      allocation.dxgkvmb_command_getstandardallocprivdata_return,
      bytes("priv_driver_data", "priv_driver_data_size"),
      bytes("priv_driver_resource_data", "priv_driver_resource_size"),
    ),
  ),
  vgpu(
    "QUERYALLOCATIONRESIDENCY",
    number.DXGK_VMBCOMMAND_QUERYALLOCATIONRESIDENCY,
    residency.dxgkvmb_command_queryallocationresidency,
    reply(
      residency.dxgkvmb_command_queryallocationresidency_return,
      tail("u32", "residency_status", "args.allocation_count"),
    ),
    { tail: [handles("allocations", "args.allocation_count")] },
  ),
  vgpu("FLUSHDEVICE", number.DXGK_VMBCOMMAND_FLUSHDEVICE, device.dxgkvmb_command_flushdevice, NTSTATUS),
  vgpu(
    "SETEXISTINGSYSMEMSTORE",
    number.DXGK_VMBCOMMAND_SETEXISTINGSYSMEMSTORE,
    allocation.dxgkvmb_command_setexistingsysmemstore,
    NTSTATUS,
  ),
  vgpu(
    "QUERYSTATISTICS",
    number.DXGK_VMBCOMMAND_QUERYSTATISTICS,
    feature.dxgkvmb_command_querystatistics,
    reply(feature.dxgkvmb_command_querystatistics_return),
  ),
  vgpu(
    "CHANGEVIDEOMEMORYRESERVATION",
    number.DXGK_VMBCOMMAND_CHANGEVIDEOMEMORYRESERVATION,
    residency.dxgkvmb_command_changevideomemoryreservation,
    NTSTATUS,
  ),
  vgpu("CREATEHWQUEUE", number.DXGK_VMBCOMMAND_CREATEHWQUEUE, device.dxgkvmb_command_createhwqueue, ECHO, {
    tail: [bytes("priv_drv_data", "priv_drv_data_size")],
  }),
  vgpu("DESTROYHWQUEUE", number.DXGK_VMBCOMMAND_DESTROYHWQUEUE, device.dxgkvmb_command_destroyhwqueue, NTSTATUS),
  vgpu(
    "SUBMITCOMMANDTOHWQUEUE",
    number.DXGK_VMBCOMMAND_SUBMITCOMMANDTOHWQUEUE,
    device.dxgkvmb_command_submitcommandtohwqueue,
    NTSTATUS,
    {
      tail: [handles("written_primaries", "args.num_primaries"), bytes("priv_drv_data", "args.priv_drv_data_size")],
      mayBeAsync: true,
    },
  ),
  vgpu(
    "UPDATEALLOCATIONPROPERTY",
    number.DXGK_VMBCOMMAND_UPDATEALLOCATIONPROPERTY,
    residency.dxgkvmb_command_updateallocationproperty,
    reply(residency.dxgkvmb_command_updateallocationproperty_return),
  ),
  vgpu(
    "OFFERALLOCATIONS",
    number.DXGK_VMBCOMMAND_OFFERALLOCATIONS,
    residency.dxgkvmb_command_offerallocations,
    NTSTATUS,
    { tail: [handles("allocations", "allocation_count")] },
  ),
  vgpu(
    "RECLAIMALLOCATIONS",
    number.DXGK_VMBCOMMAND_RECLAIMALLOCATIONS,
    residency.dxgkvmb_command_reclaimallocations,
    reply(residency.dxgkvmb_command_reclaimallocations_return, tail("u32", "discarded", "allocation_count")),
    { tail: [handles("allocations", "allocation_count")] },
  ),
  vgpu(
    "SETALLOCATIONPRIORITY",
    number.DXGK_VMBCOMMAND_SETALLOCATIONPRIORITY,
    residency.dxgkvmb_command_setallocationpriority,
    NTSTATUS,
    { tail: [handles("allocations", "allocation_count"), tail("u32", "priorities", "allocation_count")] },
  ),
  vgpu(
    "GETALLOCATIONPRIORITY",
    number.DXGK_VMBCOMMAND_GETALLOCATIONPRIORITY,
    residency.dxgkvmb_command_getallocationpriority,
    reply(residency.dxgkvmb_command_getallocationpriority_return, tail("u32", "priorities", "allocation_count")),
    { tail: [handles("allocations", "allocation_count")] },
  ),
  vgpu(
    "GETCONTEXTSCHEDULINGPRIORITY",
    number.DXGK_VMBCOMMAND_GETCONTEXTSCHEDULINGPRIORITY,
    device.dxgkvmb_command_getcontextschedulingpriority,
    reply(device.dxgkvmb_command_getcontextschedulingpriority_return),
  ),
  vgpu(
    "QUERYCLOCKCALIBRATION",
    number.DXGK_VMBCOMMAND_QUERYCLOCKCALIBRATION,
    feature.dxgkvmb_command_queryclockcalibration,
    reply(feature.dxgkvmb_command_queryclockcalibration_return),
  ),
  vgpu(
    "SETEXISTINGSYSMEMPAGES",
    number.DXGK_VMBCOMMAND_SETEXISTINGSYSMEMPAGES,
    allocation.dxgkvmb_command_setexistingsysmempages,
    NTSTATUS,
    { tail: [values("pfns", "num_pages")], minVersion: DXGK_VMBUS_INTERFACE_VERSION },
  ),
  vgpu("INVALIDATECACHE", number.DXGK_VMBCOMMAND_INVALIDATECACHE, lock.dxgkvmb_command_invalidatecache, NTSTATUS),
  vgpu(
    "ISFEATUREENABLED",
    number.DXGK_VMBCOMMAND_ISFEATUREENABLED,
    feature.dxgkvmb_command_isfeatureenabled,
    reply(feature.dxgkvmb_command_isfeatureenabled_return),
    { minVersion: DXGK_VMBUS_INTERFACE_VERSION },
  ),
];
