/**
 * The D3DKMT calls of a user-mode driver, each one an ioctl of /dev/dxg: thunks without state. Names and arguments are those
 * of d3dkmthk.h; what an ioctl returns becomes an NTSTATUS.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import type { OpenFile } from "../../../core/process.ts";
import * as k from "../../../uapi/d3dkmthk.ts";
import type { Ioctl } from "../../../uapi/ioctl.ts";
import { returnToNtstatus } from "../../../uapi/ntstatus.ts";
import type { View } from "../../../uapi/struct.ts";

/**
 * An open /dev/dxg with the D3DKMT calls. Every call reads and writes its argument in place, and returns an NTSTATUS: 0 or
 * positive (STATUS_PENDING, STATUS_TIMEOUT) for success, negative for failure. None throws for what the kernel refuses.
 */
export class D3dkmt implements Disposable {
  /** The open file. */
  readonly file: OpenFile;

  /** Takes an open node. @param file /dev/dxg, for example `system.process().open("/dev/dxg")`; owned from now on. */
  constructor(file: OpenFile) {
    this.file = file;
  }

  /** Closes the file, and all that was made through it. */
  [Symbol.dispose](): void {
    this.file[Symbol.dispose]();
  }

  /**
   * Any ioctl of /dev/dxg, as an NTSTATUS.
   *
   * @throws {TypeError} if it has to wait: then {@linkcode D3dkmt.wait} it.
   */
  call<A>(request: Ioctl<A>, arg: View<A>): number {
    try {
      return returnToNtstatus(this.file.ioctl(request, arg));
    } catch (error) {
      if (error instanceof DrmError) return returnToNtstatus(-error.errno);
      throw error;
    }
  }

  /** As `call`, of a request that may wait; `signal` interrupts it. */
  async wait<A>(request: Ioctl<A>, arg: View<A>, options: { signal?: AbortSignal } = {}): Promise<number> {
    try {
      return returnToNtstatus(await this.file.wait(request, arg, options));
    } catch (error) {
      if (error instanceof DrmError) return returnToNtstatus(-error.errno);
      throw error;
    }
  }

  /** Opens an adapter by its LUID. The guest answers alone. */
  D3DKMTOpenAdapterFromLuid(arg: View<k.d3dkmt_openadapterfromluid>): number {
    return this.call(k.LX_DXOPENADAPTERFROMLUID, arg);
  }
  /** Makes a device on an adapter. */
  D3DKMTCreateDevice(arg: View<k.d3dkmt_createdevice>): number {
    return this.call(k.LX_DXCREATEDEVICE, arg);
  }
  /** Makes a context of GPU virtual addresses on a node. */
  D3DKMTCreateContextVirtual(arg: View<k.d3dkmt_createcontextvirtual>): number {
    return this.call(k.LX_DXCREATECONTEXTVIRTUAL, arg);
  }
  /** Destroys a context. */
  D3DKMTDestroyContext(arg: View<k.d3dkmt_destroycontext>): number {
    return this.call(k.LX_DXDESTROYCONTEXT, arg);
  }
  /** Makes 1 to 1024 allocations, a resource, or a standard allocation. */
  D3DKMTCreateAllocation2(arg: View<k.d3dkmt_createallocation>): number {
    return this.call(k.LX_DXCREATEALLOCATION, arg);
  }
  /** Makes a paging queue and maps its fence. */
  D3DKMTCreatePagingQueue(arg: View<k.d3dkmt_createpagingqueue>): number {
    return this.call(k.LX_DXCREATEPAGINGQUEUE, arg);
  }
  /** Reserves a range of GPU virtual addresses. */
  D3DKMTReserveGpuVirtualAddress(arg: View<k.d3dddi_reservegpuvirtualaddress>): number {
    return this.call(k.LX_DXRESERVEGPUVIRTUALADDRESS, arg);
  }
  /** Asks an adapter a KMTQUERYADAPTERINFOTYPE. */
  D3DKMTQueryAdapterInfo(arg: View<k.d3dkmt_queryadapterinfo>): number {
    return this.call(k.LX_DXQUERYADAPTERINFO, arg);
  }
  /** Reads budget and usage of a segment group. */
  D3DKMTQueryVideoMemoryInfo(arg: View<k.d3dkmt_queryvideomemoryinfo>): number {
    return this.call(k.LX_DXQUERYVIDEOMEMORYINFO, arg);
  }
  /** Makes 1 to 10240 allocations resident; STATUS_PENDING is success. */
  D3DKMTMakeResident(arg: View<k.d3dddi_makeresident>): number {
    return this.call(k.LX_DXMAKERESIDENT, arg);
  }
  /** Maps an allocation at GPU virtual addresses; STATUS_PENDING is success. */
  D3DKMTMapGpuVirtualAddress(arg: View<k.d3dddi_mapgpuvirtualaddress>): number {
    return this.call(k.LX_DXMAPGPUVIRTUALADDRESS, arg);
  }
  /** Calls the driver privately. */
  D3DKMTEscape(arg: View<k.d3dkmt_escape>): number {
    return this.call(k.LX_DXESCAPE, arg);
  }
  /** Reads a device's state. */
  D3DKMTGetDeviceState(arg: View<k.d3dkmt_getdevicestate>): number {
    return this.call(k.LX_DXGETDEVICESTATE, arg);
  }
  /** Submits a command buffer to 1 to 64 contexts. */
  D3DKMTSubmitCommand(arg: View<k.d3dkmt_submitcommand>): number {
    return this.call(k.LX_DXSUBMITCOMMAND, arg);
  }
  /** Makes a synchronization object; a monitored fence is mapped into the caller. */
  D3DKMTCreateSynchronizationObject2(arg: View<k.d3dkmt_createsynchronizationobject2>): number {
    return this.call(k.LX_DXCREATESYNCHRONIZATIONOBJECT, arg);
  }
  /** Signals objects on contexts, or an eventfd. */
  D3DKMTSignalSynchronizationObject2(arg: View<k.d3dkmt_signalsynchronizationobject2>): number {
    return this.call(k.LX_DXSIGNALSYNCHRONIZATIONOBJECT, arg);
  }
  /** Lets a context wait for objects. */
  D3DKMTWaitForSynchronizationObject2(arg: View<k.d3dkmt_waitforsynchronizationobject2>): number {
    return this.call(k.LX_DXWAITFORSYNCHRONIZATIONOBJECT, arg);
  }
  /** Destroys allocations or a resource. */
  D3DKMTDestroyAllocation2(arg: View<k.d3dkmt_destroyallocation2>): number {
    return this.call(k.LX_DXDESTROYALLOCATION2, arg);
  }
  /** Lists and opens the adapters. */
  D3DKMTEnumAdapters2(arg: View<k.d3dkmt_enumadapters2>): number {
    return this.call(k.LX_DXENUMADAPTERS2, arg);
  }
  /** Closes an adapter handle. */
  D3DKMTCloseAdapter(arg: View<k.d3dkmt_closeadapter>): number {
    return this.call(k.LX_DXCLOSEADAPTER, arg);
  }
  /** Changes the reservation in a segment group. */
  D3DKMTChangeVideoMemoryReservation(arg: View<k.d3dkmt_changevideomemoryreservation>): number {
    return this.call(k.LX_DXCHANGEVIDEOMEMORYRESERVATION, arg);
  }
  /** Makes a hardware queue on a context. */
  D3DKMTCreateHwQueue(arg: View<k.d3dkmt_createhwqueue>): number {
    return this.call(k.LX_DXCREATEHWQUEUE, arg);
  }
  /** Destroys a device and what is in it. */
  D3DKMTDestroyDevice(arg: View<k.d3dkmt_destroydevice>): number {
    return this.call(k.LX_DXDESTROYDEVICE, arg);
  }
  /** Destroys a hardware queue. */
  D3DKMTDestroyHwQueue(arg: View<k.d3dkmt_destroyhwqueue>): number {
    return this.call(k.LX_DXDESTROYHWQUEUE, arg);
  }
  /** Destroys a paging queue. */
  D3DKMTDestroyPagingQueue(arg: View<k.d3dddi_destroypagingqueue>): number {
    return this.call(k.LX_DXDESTROYPAGINGQUEUE, arg);
  }
  /** Destroys a synchronization object. */
  D3DKMTDestroySynchronizationObject(arg: View<k.d3dkmt_destroysynchronizationobject>): number {
    return this.call(k.LX_DXDESTROYSYNCHRONIZATIONOBJECT, arg);
  }
  /** Takes allocations out of residency. */
  D3DKMTEvict(arg: View<k.d3dkmt_evict>): number {
    return this.call(k.LX_DXEVICT, arg);
  }
  /** Finishes pending transitions of heaps. */
  D3DKMTFlushHeapTransitions(arg: View<k.d3dkmt_flushheaptransitions>): number {
    return this.call(k.LX_DXFLUSHHEAPTRANSITIONS, arg);
  }
  /** Frees a range of GPU virtual addresses. */
  D3DKMTFreeGpuVirtualAddress(arg: View<k.d3dkmt_freegpuvirtualaddress>): number {
    return this.call(k.LX_DXFREEGPUVIRTUALADDRESS, arg);
  }
  /** Reads a context's priority among those of its process. */
  D3DKMTGetContextInProcessSchedulingPriority(arg: View<k.d3dkmt_getcontextinprocessschedulingpriority>): number {
    return this.call(k.LX_DXGETCONTEXTINPROCESSSCHEDULINGPRIORITY, arg);
  }
  /** Reads a context's priority. */
  D3DKMTGetContextSchedulingPriority(arg: View<k.d3dkmt_getcontextschedulingpriority>): number {
    return this.call(k.LX_DXGETCONTEXTSCHEDULINGPRIORITY, arg);
  }
  /** Drops a range of an allocation from CPU caches. */
  D3DKMTInvalidateCache(arg: View<k.d3dkmt_invalidatecache>): number {
    return this.call(k.LX_DXINVALIDATECACHE, arg);
  }
  /** Maps an allocation into the caller. */
  D3DKMTLock2(arg: View<k.d3dkmt_lock2>): number {
    return this.call(k.LX_DXLOCK2, arg);
  }
  /** Puts a device in error. */
  D3DKMTMarkDeviceAsError(arg: View<k.d3dkmt_markdeviceaserror>): number {
    return this.call(k.LX_DXMARKDEVICEASERROR, arg);
  }
  /** Offers allocations whose content may be dropped. */
  D3DKMTOfferAllocations(arg: View<k.d3dkmt_offerallocations>): number {
    return this.call(k.LX_DXOFFERALLOCATIONS, arg);
  }
  /** Asks where allocations lie. */
  D3DKMTQueryAllocationResidency(arg: View<k.d3dkmt_queryallocationresidency>): number {
    return this.call(k.LX_DXQUERYALLOCATIONRESIDENCY, arg);
  }
  /** Takes back what was offered. */
  D3DKMTReclaimAllocations2(arg: View<k.d3dkmt_reclaimallocations2>): number {
    return this.call(k.LX_DXRECLAIMALLOCATIONS2, arg);
  }
  /** Sets priorities of allocations. */
  D3DKMTSetAllocationPriority(arg: View<k.d3dkmt_setallocationpriority>): number {
    return this.call(k.LX_DXSETALLOCATIONPRIORITY, arg);
  }
  /** Sets a context's priority among those of its process. */
  D3DKMTSetContextInProcessSchedulingPriority(arg: View<k.d3dkmt_setcontextinprocessschedulingpriority>): number {
    return this.call(k.LX_DXSETCONTEXTINPROCESSSCHEDULINGPRIORITY, arg);
  }
  /** Sets a context's priority. */
  D3DKMTSetContextSchedulingPriority(arg: View<k.d3dkmt_setcontextschedulingpriority>): number {
    return this.call(k.LX_DXSETCONTEXTSCHEDULINGPRIORITY, arg);
  }
  /** Signals objects now. */
  D3DKMTSignalSynchronizationObjectFromCpu(arg: View<k.d3dkmt_signalsynchronizationobjectfromcpu>): number {
    return this.call(k.LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMCPU, arg);
  }
  /** Queues a signal on a context. */
  D3DKMTSignalSynchronizationObjectFromGpu(arg: View<k.d3dkmt_signalsynchronizationobjectfromgpu>): number {
    return this.call(k.LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMGPU, arg);
  }
  /** Queues signals on contexts, or an eventfd. */
  D3DKMTSignalSynchronizationObjectFromGpu2(arg: View<k.d3dkmt_signalsynchronizationobjectfromgpu2>): number {
    return this.call(k.LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMGPU2, arg);
  }
  /** Submits a command buffer to a hardware queue. */
  D3DKMTSubmitCommandToHwQueue(arg: View<k.d3dkmt_submitcommandtohwqueue>): number {
    return this.call(k.LX_DXSUBMITCOMMANDTOHWQUEUE, arg);
  }
  /** Queues signals on hardware queues. */
  D3DKMTSubmitSignalSyncObjectsToHwQueue(arg: View<k.d3dkmt_submitsignalsyncobjectstohwqueue>): number {
    return this.call(k.LX_DXSUBMITSIGNALSYNCOBJECTSTOHWQUEUE, arg);
  }
  /** Queues waits on a hardware queue. */
  D3DKMTSubmitWaitForSyncObjectsToHwQueue(arg: View<k.d3dkmt_submitwaitforsyncobjectstohwqueue>): number {
    return this.call(k.LX_DXSUBMITWAITFORSYNCOBJECTSTOHWQUEUE, arg);
  }
  /** Unmaps an allocation. */
  D3DKMTUnlock2(arg: View<k.d3dkmt_unlock2>): number {
    return this.call(k.LX_DXUNLOCK2, arg);
  }
  /** Changes where an allocation may lie. */
  D3DKMTUpdateAllocationProperty(arg: View<k.d3dddi_updateallocproperty>): number {
    return this.call(k.LX_DXUPDATEALLOCPROPERTY, arg);
  }
  /** Maps, unmaps and copies ranges of GPU virtual addresses, ordered by a fence. */
  D3DKMTUpdateGpuVirtualAddress(arg: View<k.d3dkmt_updategpuvirtualaddress>): number {
    return this.call(k.LX_DXUPDATEGPUVIRTUALADDRESS, arg);
  }
  /** Waits for monitored fences, or lets an eventfd wait. */
  D3DKMTWaitForSynchronizationObjectFromCpu(arg: View<k.d3dkmt_waitforsynchronizationobjectfromcpu>): number {
    return this.call(k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU, arg);
  }
  /** Queues a wait on a context. */
  D3DKMTWaitForSynchronizationObjectFromGpu(arg: View<k.d3dkmt_waitforsynchronizationobjectfromgpu>): number {
    return this.call(k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMGPU, arg);
  }
  /** Reads priorities of allocations. */
  D3DKMTGetAllocationPriority(arg: View<k.d3dkmt_getallocationpriority>): number {
    return this.call(k.LX_DXGETALLOCATIONPRIORITY, arg);
  }
  /** Reads the clocks of GPU and CPU at one moment. */
  D3DKMTQueryClockCalibration(arg: View<k.d3dkmt_queryclockcalibration>): number {
    return this.call(k.LX_DXQUERYCLOCKCALIBRATION, arg);
  }
  /** Lists and opens the adapters of some kinds. */
  D3DKMTEnumAdapters3(arg: View<k.d3dkmt_enumadapters3>): number {
    return this.call(k.LX_DXENUMADAPTERS3, arg);
  }
  /** Makes a file descriptor of a resource or a synchronization object. */
  D3DKMTShareObjects(arg: View<k.d3dkmt_shareobjects>): number {
    return this.call(k.LX_DXSHAREOBJECTS, arg);
  }
  /** Opens a shared synchronization object and maps its fence. */
  D3DKMTOpenSyncObjectFromNtHandle2(arg: View<k.d3dkmt_opensyncobjectfromnthandle2>): number {
    return this.call(k.LX_DXOPENSYNCOBJECTFROMNTHANDLE2, arg);
  }
  /** Reads the sizes behind a shared resource. */
  D3DKMTQueryResourceInfoFromNtHandle(arg: View<k.d3dkmt_queryresourceinfofromnthandle>): number {
    return this.call(k.LX_DXQUERYRESOURCEINFOFROMNTHANDLE, arg);
  }
  /** Opens a shared resource. */
  D3DKMTOpenResourceFromNtHandle(arg: View<k.d3dkmt_openresourcefromnthandle>): number {
    return this.call(k.LX_DXOPENRESOURCEFROMNTHANDLE, arg);
  }
  /** Reads statistics. */
  D3DKMTQueryStatistics(arg: View<k.d3dkmt_querystatistics>): number {
    return this.call(k.LX_DXQUERYSTATISTICS, arg);
  }
  /** Makes a handle of the host for an object. */
  D3DKMTShareObjectWithHost(arg: View<k.d3dkmt_shareobjectwithhost>): number {
    return this.call(k.LX_DXSHAREOBJECTWITHHOST, arg);
  }
  /** Makes a sync_file of a value of a monitored fence. */
  D3DKMTCreateSyncFile(arg: View<k.d3dkmt_createsyncfile>): number {
    return this.call(k.LX_DXCREATESYNCFILE, arg);
  }
  /** Lets a context wait for a sync_file. */
  D3DKMTWaitSyncFile(arg: View<k.d3dkmt_waitsyncfile>): number {
    return this.call(k.LX_DXWAITSYNCFILE, arg);
  }
  /** Opens the monitored fence behind a sync_file. */
  D3DKMTOpenSyncObjectFromSyncFile(arg: View<k.d3dkmt_opensyncobjectfromsyncfile>): number {
    return this.call(k.LX_DXOPENSYNCOBJECTFROMSYNCFILE, arg);
  }
  /** Lists the processes that use an adapter. */
  D3DKMTEnumProcesses(arg: View<k.d3dkmt_enumprocesses>): number {
    return this.call(k.LX_DXENUMPROCESSES, arg);
  }
  /** Asks whether a feature is enabled. */
  D3DKMTIsFeatureEnabled(arg: View<k.d3dkmt_isfeatureenabled>): number {
    return this.call(k.LX_ISFEATUREENABLED, arg);
  }
}
