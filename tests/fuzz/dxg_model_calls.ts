/** One call of each ioctl of /dev/dxg, made of what a model's client has: arguments that a host accepts, chosen at random. */

import type { Init, StructView } from "udrm/uapi/struct.ts";
import * as k from "udrm/uapi/d3dkmthk.ts";
import {
  DXG_ALLOCATION_CPU_VISIBLE,
  dxg_driver_allocation,
  DXG_DRIVER_MAGIC,
  DXG_DRIVER_VERSION,
  DXG_USAGE_BUFFER,
} from "udrm/uapi/dxg_driver.ts";
import { DxpWriter } from "udrm/uapi/dxp_encode.ts";
import * as isa from "udrm/uapi/dxp_isa.ts";
import { bytesOf } from "udrm/uapi/struct.ts";
import type { DxgModel, ModelCall } from "./dxg_model.ts";

type Make = (m: DxgModel) => ModelCall;

const ALLOC = k.d3dkmt_createallocationflags;
const SYNC = k.d3dddi_synchronizationobject_flags;
const SHARED = ALLOC.create_resource | ALLOC.create_shared | ALLOC.nt_security_sharing;
const FENCE_SHARED = SYNC.shared | SYNC.nt_security_sharing;

const plain = (arg: StructView): ModelCall => ({ arg });

/** One to three allocations of a device. */
function some(m: DxgModel, device: number): { readonly count: number; readonly list: bigint } {
  const list = Array.from({ length: 1 + m.random.below(3) }, () => m.pick("allocation", device).handle);
  return { count: list.length, list: m.words(...list) };
}

/** One or two fences, and values that are soon reached. */
function signals(m: DxgModel, device: number): { object_count: number; objects: bigint; fence_values: bigint } {
  const list = m.all("fence", device).slice(0, 1 + m.random.below(2));
  const value = BigInt(1 + m.random.below(50));
  return {
    object_count: list.length,
    objects: m.words(...list.map(({ handle }) => handle)),
    fence_values: m.longs(...list.map(() => value)),
  };
}

function createAllocation(m: DxgModel): ModelCall {
  const device = m.pick("device").handle, { random } = m;
  const isVisible = random.rarely(2), isShared = random.rarely(3);
  const count = isShared ? 1 : 1 + random.below(2);
  const infos = m.room(count * k.d3dddi_allocationinfo2.size);
  const size = 4096 * (1 + random.below(8));
  for (let i = 0; i < count; i++) {
    const data = bytesOf(dxg_driver_allocation.of({
      magic: DXG_DRIVER_MAGIC,
      version: DXG_DRIVER_VERSION,
      size,
      flags: isVisible || isShared ? DXG_ALLOCATION_CPU_VISIBLE : 0,
      usage: DXG_USAGE_BUFFER,
    }));
    const info = k.d3dddi_allocationinfo2.at(infos.bytes, i * k.d3dddi_allocationinfo2.size);
    info.priv_drv_data = m.put(data);
    info.priv_drv_data_size = data.length;
  }
  const flags = isShared ? SHARED : random.rarely(3) ? ALLOC.create_resource : 0;
  const arg = k.d3dkmt_createallocation.of({ device, alloc_count: count, allocation_info: infos.address, flags });
  return {
    arg,
    done: () => {
      if (flags !== 0) m.keep("resource", arg.resource, device, isShared ? 1 : 0);
      for (let i = 0; i < count; i++) {
        const { allocation } = k.d3dddi_allocationinfo2.at(infos.bytes, i * k.d3dddi_allocationinfo2.size);
        // Those of resources are destroyed with them: the model leaves them out.
        if (flags === 0) m.keep("allocation", allocation, device, isVisible ? 1 : 0);
      }
    },
  };
}

// A buffer of commands, written by the CPU: locked on the way, and sometimes run.
function lock(m: DxgModel): ModelCall {
  const visible = m.all("allocation").filter(({ more }) => more === 1);
  const { handle, device } = visible[m.random.below(Math.max(1, visible.length))] ?? m.pick("allocation");
  const arg = k.d3dkmt_lock2.of({ device, allocation: handle });
  return {
    arg,
    done: () => {
      const writer = new DxpWriter();
      const target = m.pick("va", device);
      if (target.handle !== 0 && !m.random.rarely(3)) writer.put(isa.DXP_FILL, [target.handle, 64, m.random.next()]);
      writer.end();
      m.task.at(arg.data, 4096).set(new Uint8Array(writer.words.slice().buffer));
      const va = m.all("va", device).find(({ more }) => more === handle);
      if (va !== undefined) m.keep("code", va.handle, device, writer.length * 4);
    },
  };
}

function map(m: DxgModel): ModelCall {
  const { handle: paging_queue, device } = m.pick("paging"), { handle: allocation } = m.pick("allocation", device);
  const arg = k.d3dddi_mapgpuvirtualaddress.of({
    paging_queue,
    allocation,
    size_in_pages: 1,
    protection: k.d3dddigpuva_protection_type.write,
  });
  return { arg, done: () => m.keep("va", Number(arg.virtual_address), device, allocation) };
}

function update(m: DxgModel): ModelCall {
  const { handle: context, device } = m.pick("context"), fence = m.pick("fence", device).handle;
  const operation = k.d3dddi_updategpuvirtualaddress_operation.of({ operation: k._D3DDDI_UPDATEGPUVIRTUALADDRESS_MAP });
  Object.assign(operation.map, {
    base_address: BigInt(m.pick("va", device).handle),
    size: 4096,
    allocation: m.pick("allocation", device).handle,
  });
  return plain(k.d3dkmt_updategpuvirtualaddress.of({
    device,
    context,
    fence_object: fence,
    fence_value: BigInt(m.random.below(4)),
    num_operations: 1,
    operations: m.put(bytesOf(operation)),
    flags: m.random.below(2),
  }));
}

function createSync(m: DxgModel): ModelCall {
  const device = m.pick("device").handle, { random } = m;
  if (random.rarely(4)) {
    const made = random.one<Init<k.d3dddi_synchronizationobjectinfo2>>(
      { type: k._D3DDDI_SEMAPHORE, semaphore: { max_count: 8, initial_count: 4 } },
      { type: k._D3DDDI_SYNCHRONIZATION_MUTEX, synchronization_mutex: { initial_state: 1 } },
      { type: k._D3DDDI_CPU_NOTIFICATION, cpu_notification: { event: BigInt(m.pick("eventFd").handle) } },
    );
    const arg = k.d3dkmt_createsynchronizationobject2.of({ device, info: made });
    return { arg, done: () => m.keep("legacy", arg.sync_object, device, made.type) };
  }
  const flags = random.rarely(3) ? 0 : FENCE_SHARED;
  const arg = k.d3dkmt_createsynchronizationobject2.of({ device, info: { type: k._D3DDDI_MONITORED_FENCE, flags } });
  return { arg, done: () => m.keep("fence", arg.sync_object, device, flags === 0 ? 0 : 1) };
}

function share(m: DxgModel): ModelCall {
  const isFence = m.random.rarely(2), kind = isFence ? "fence" : "resource";
  const list = m.all(kind).filter(({ more }) => more === 1);
  const { handle } = list[m.random.below(Math.max(1, list.length))] ?? m.pick(kind);
  const out = m.room(8);
  const arg = k.d3dkmt_shareobjects.of({ object_count: 1, objects: m.words(handle), shared_handle: out.address });
  return {
    arg,
    done: () =>
      m.keep(
        isFence ? "fenceFd" : "resourceFd",
        new DataView(out.bytes.buffer, out.bytes.byteOffset).getInt32(0, true),
      ),
  };
}

function openResource(m: DxgModel): ModelCall {
  const device = m.pick("device").handle;
  const opened = m.room(k.d3dddi_openallocationinfo2.size), data = m.room(dxg_driver_allocation.size);
  const arg = k.d3dkmt_openresourcefromnthandle.of({
    device,
    nt_handle: BigInt(m.pick("resourceFd").handle),
    allocation_count: 1,
    open_alloc_info: opened.address,
    total_priv_drv_data: data.address,
    total_priv_drv_data_size: data.bytes.length,
  });
  return { arg, done: () => m.keep("resource", arg.resource, device, 1) };
}

function destroyAllocation(m: DxgModel): ModelCall {
  if (m.random.rarely(2)) {
    const { handle, device } = m.pick("resource");
    return {
      arg: k.d3dkmt_destroyallocation2.of({ device, resource: handle }),
      done: () => m.drop("resource", handle),
    };
  }
  const { handle, device } = m.pick("allocation");
  return {
    arg: k.d3dkmt_destroyallocation2.of({ device, allocations: m.words(handle), alloc_count: 1 }),
    done: () => {
      m.drop("allocation", handle);
    },
  };
}

function createSyncFile(m: DxgModel): ModelCall {
  const list = m.all("fence").filter(({ more }) => more === 1);
  const { handle, device } = list[m.random.below(Math.max(1, list.length))] ?? m.pick("fence");
  const arg = k.d3dkmt_createsyncfile.of({
    device,
    monitored_fence: handle,
    fence_value: BigInt(m.random.below(3)),
  });
  return { arg, done: () => m.keep("syncFile", Number(arg.sync_file_handle), 0) };
}

function legacy(m: DxgModel, isSignal: boolean): ModelCall {
  const { handle: context, device } = m.pick("context");
  const semaphores = m.all("legacy", device).filter(({ more }) => more === k._D3DDDI_SEMAPHORE);
  const { handle } = semaphores[0] ?? m.pick("legacy", device);
  const args = { context, object_count: 1, object_array: [handle] };
  return plain(
    isSignal ? k.d3dkmt_signalsynchronizationobject2.of(args) : k.d3dkmt_waitforsynchronizationobject2.of(args),
  );
}

function destroy(
  kind: "context" | "hwqueue" | "paging" | "fence" | "legacy",
  make: (handle: number) => StructView,
): Make {
  return (m) => {
    // Not all of them, or little would be left to do anything with.
    const { handle } = m.all(kind).length > 1 ? m.pick(kind) : { handle: 0 };
    return { arg: make(handle), done: () => m.drop(kind, handle) };
  };
}

const priority = (struct: typeof k.d3dkmt_setcontextschedulingpriority): Make => (m) =>
  plain(struct.of({ context: m.pick("context").handle, priority: m.random.below(5) - 2 }));

/** By the ioctl's name. */
export const CALLS: Readonly<Record<string, Make>> = {
  LX_DXOPENADAPTERFROMLUID: (m) => {
    const arg = k.d3dkmt_openadapterfromluid.of({ adapter_luid: m.luid });
    return { arg, done: () => m.keep("adapter", arg.adapter_handle) };
  },
  LX_DXENUMADAPTERS2: (m) => {
    const room = m.room(k.d3dkmt_adapterinfo.size);
    const arg = k.d3dkmt_enumadapters2.of({ num_adapters: 1, adapters: m.random.rarely(3) ? 0n : room.address });
    return {
      arg,
      done: () => {
        if (arg.adapters !== 0n) m.keep("adapter", k.d3dkmt_adapterinfo.at(room.bytes).adapter_handle);
      },
    };
  },
  LX_DXENUMADAPTERS3: (m) => {
    const room = m.room(k.d3dkmt_adapterinfo.size);
    const arg = k.d3dkmt_enumadapters3.of({
      adapter_count: 1,
      adapters: room.address,
      filter: BigInt(m.random.below(4)),
    });
    return { arg, done: () => m.keep("adapter", k.d3dkmt_adapterinfo.at(room.bytes).adapter_handle) };
  },
  LX_DXCLOSEADAPTER: (m) => {
    const { handle } = m.all("adapter").length > 1 ? m.pick("adapter") : { handle: 0 };
    return { arg: k.d3dkmt_closeadapter.of({ adapter_handle: handle }), done: () => m.drop("adapter", handle) };
  },
  LX_DXQUERYADAPTERINFO: (m) => {
    const [type, size] = m.random.one([15, 4], [57, 4], [65, 8192], [0, 56], [1, 528], [31, 28]);
    const { address } = m.room(size);
    const adapter = m.pick("adapter").handle;
    return plain(k.d3dkmt_queryadapterinfo.of({ adapter, type, private_data: address, private_data_size: size }));
  },
  LX_ISFEATUREENABLED: (m) =>
    plain(k.d3dkmt_isfeatureenabled.of({
      adapter: m.random.rarely(3) ? 0 : m.pick("adapter").handle,
      feature_id: m.random.below(40),
    })),
  LX_DXFLUSHHEAPTRANSITIONS: (m) => plain(k.d3dkmt_flushheaptransitions.of({ adapter: m.pick("adapter").handle })),
  LX_DXQUERYVIDEOMEMORYINFO: (m) =>
    plain(k.d3dkmt_queryvideomemoryinfo.of({
      adapter: m.pick("adapter").handle,
      memory_segment_group: m.random.below(2),
    })),
  LX_DXCHANGEVIDEOMEMORYRESERVATION: (m) =>
    plain(k.d3dkmt_changevideomemoryreservation.of({
      adapter: m.pick("adapter").handle,
      reservation: 4096 * m.random.below(4),
    })),
  LX_DXQUERYCLOCKCALIBRATION: (m) => plain(k.d3dkmt_queryclockcalibration.of({ adapter: m.pick("adapter").handle })),
  LX_DXQUERYSTATISTICS: (m) => plain(k.d3dkmt_querystatistics.of({ adapter_luid: m.luid, type: m.random.below(10) })),
  LX_DXENUMPROCESSES: (m) =>
    plain(k.d3dkmt_enumprocesses.of({ adapter_luid: m.luid, buffer: m.room(64).address, buffer_count: 16 })),
  LX_DXESCAPE: (m) => {
    const fence = m.pick("fence").handle;
    const data = m.words(m.random.rarely(2) ? k._D3DDDI_DRIVERESCAPETYPE_CPUEVENTUSAGE : 0, fence);
    return plain(k.d3dkmt_escape.of({
      adapter: m.pick("adapter").handle,
      flags: k.d3dddi_escapeflags.driver_known_escape,
      priv_drv_data: data,
      priv_drv_data_size: 8,
    }));
  },
  LX_DXCREATEDEVICE: (m) => {
    const arg = k.d3dkmt_createdevice.of({ adapter: m.pick("adapter").handle });
    return { arg, done: () => m.keep("device", arg.device) };
  },
  LX_DXDESTROYDEVICE: (m) => {
    const { handle } = m.all("device").length > 2 ? m.pick("device") : { handle: 0 };
    return { arg: k.d3dkmt_destroydevice.of({ device: handle }), done: () => m.dropDevice(handle) };
  },
  LX_DXMARKDEVICEASERROR: (m) => {
    // One that does nothing else: it is of no use any more.
    const { handle } = m.all("device").length > 2 ? m.pick("device") : { handle: 0 };
    return {
      arg: k.d3dkmt_markdeviceaserror.of({ device: handle, reason: k._D3DKMT_DEVICE_ERROR_REASON_GENERIC }),
      done: () => m.dropDevice(handle),
    };
  },
  LX_DXGETDEVICESTATE: (m) =>
    plain(k.d3dkmt_getdevicestate.of({
      device: m.pick("device").handle,
      state_type: m.random.one(
        k._D3DKMT_DEVICESTATE_EXECUTION,
        k._D3DKMT_DEVICESTATE_RESET,
        k._D3DKMT_DEVICESTATE_PAGE_FAULT,
      ),
    })),
  LX_DXCREATECONTEXTVIRTUAL: (m) => {
    const device = m.pick("device").handle;
    const arg = k.d3dkmt_createcontextvirtual.of({
      device,
      engine_affinity: 1,
      flags: k.d3dddi_createcontextflags.hw_queue_supported,
    });
    return { arg, done: () => m.keep("context", arg.context, device) };
  },
  LX_DXDESTROYCONTEXT: destroy("context", (context) => k.d3dkmt_destroycontext.of({ context })),
  LX_DXSETCONTEXTSCHEDULINGPRIORITY: priority(k.d3dkmt_setcontextschedulingpriority),
  LX_DXGETCONTEXTSCHEDULINGPRIORITY: priority(k.d3dkmt_getcontextschedulingpriority),
  LX_DXSETCONTEXTINPROCESSSCHEDULINGPRIORITY: priority(k.d3dkmt_setcontextinprocessschedulingpriority),
  LX_DXGETCONTEXTINPROCESSSCHEDULINGPRIORITY: priority(k.d3dkmt_getcontextinprocessschedulingpriority),
  LX_DXCREATEHWQUEUE: (m) => {
    const { handle: context, device } = m.pick("context");
    const arg = k.d3dkmt_createhwqueue.of({ context });
    return { arg, done: () => m.keep("hwqueue", arg.queue, device) };
  },
  LX_DXDESTROYHWQUEUE: destroy("hwqueue", (queue) => k.d3dkmt_destroyhwqueue.of({ queue })),
  LX_DXCREATEPAGINGQUEUE: (m) => {
    const device = m.pick("device").handle;
    const arg = k.d3dkmt_createpagingqueue.of({ device });
    return { arg, done: () => m.keep("paging", arg.paging_queue, device) };
  },
  LX_DXDESTROYPAGINGQUEUE: destroy("paging", (paging_queue) => k.d3dddi_destroypagingqueue.of({ paging_queue })),
  LX_DXCREATEALLOCATION: createAllocation,
  LX_DXDESTROYALLOCATION2: destroyAllocation,
  LX_DXLOCK2: lock,
  LX_DXUNLOCK2: (m) => {
    const { handle, device } = m.pick("allocation");
    return plain(k.d3dkmt_unlock2.of({ device, allocation: handle }));
  },
  LX_DXINVALIDATECACHE: (m) => {
    const { handle, device } = m.pick("allocation");
    return plain(k.d3dkmt_invalidatecache.of({ device, allocation: handle, length: 4096 }));
  },
  LX_DXRESERVEGPUVIRTUALADDRESS: (m) => {
    const arg = k.d3dddi_reservegpuvirtualaddress.of({
      adapter: m.random.rarely(2) ? m.pick("adapter").handle : m.pick("paging").handle,
      size: 4096 * (1 + m.random.below(8)),
    });
    return { arg, done: () => m.keep("va", Number(arg.virtual_address), 0, 0) };
  },
  LX_DXMAPGPUVIRTUALADDRESS: map,
  LX_DXUPDATEGPUVIRTUALADDRESS: update,
  LX_DXFREEGPUVIRTUALADDRESS: (m) => {
    const { handle } = m.pick("va");
    return {
      arg: k.d3dkmt_freegpuvirtualaddress.of({
        adapter: m.pick("adapter").handle,
        base_address: BigInt(handle),
        size: 4096,
      }),
      done: () => m.drop("va", handle),
    };
  },
  LX_DXMAKERESIDENT: (m) => {
    const { handle: paging_queue, device } = m.pick("paging"), { count, list } = some(m, device);
    return plain(k.d3dddi_makeresident.of({ paging_queue, alloc_count: count, allocation_list: list }));
  },
  LX_DXEVICT: (m) => {
    const device = m.pick("device").handle, { count, list } = some(m, device);
    return plain(k.d3dkmt_evict.of({ device, alloc_count: count, allocations: list, flags: m.random.below(2) }));
  },
  LX_DXOFFERALLOCATIONS: (m) => {
    const device = m.pick("device").handle, { count, list } = some(m, device);
    const priority = 1 + m.random.below(4);
    return plain(k.d3dkmt_offerallocations.of({ device, allocations: list, allocation_count: count, priority }));
  },
  LX_DXRECLAIMALLOCATIONS2: (m) => {
    const { handle: paging_queue, device } = m.pick("paging"), { count, list } = some(m, device);
    const results = m.room(16).address;
    return plain(
      k.d3dkmt_reclaimallocations2.of({ paging_queue, allocations: list, allocation_count: count, results }),
    );
  },
  LX_DXQUERYALLOCATIONRESIDENCY: (m) => {
    const device = m.pick("device").handle, { count, list } = some(m, device);
    return plain(k.d3dkmt_queryallocationresidency.of({
      device,
      allocations: list,
      allocation_count: count,
      residency_status: m.room(16).address,
    }));
  },
  LX_DXSETALLOCATIONPRIORITY: (m) => {
    const device = m.pick("device").handle, { count, list } = some(m, device);
    const priorities = m.words(0x28000000, 0x78000000, 0xc8000000);
    return plain(
      k.d3dkmt_setallocationpriority.of({ device, allocation_list: list, allocation_count: count, priorities }),
    );
  },
  LX_DXGETALLOCATIONPRIORITY: (m) => {
    const device = m.pick("device").handle, { count, list } = some(m, device);
    const priorities = m.room(16).address;
    return plain(
      k.d3dkmt_getallocationpriority.of({ device, allocation_list: list, allocation_count: count, priorities }),
    );
  },
  LX_DXUPDATEALLOCPROPERTY: (m) => {
    const { handle: paging_queue, device } = m.pick("paging");
    const mask = k.d3dddi_updateallocproperty_property_mask.set_preferred_segment;
    const arg = k.d3dddi_updateallocproperty.of({
      paging_queue,
      allocation: m.pick("allocation", device).handle,
      preferred_segment: m.random.below(3),
    });
    arg.property_mask_value = mask;
    return plain(arg);
  },
  LX_DXSUBMITCOMMAND: (m) => {
    const { handle: context, device } = m.pick("context"), { handle: code, more: length } = m.pick("code", device);
    return plain(k.d3dkmt_submitcommand.of({
      command_buffer: BigInt(code),
      command_length: length,
      broadcast_context_count: 1,
      broadcast_context: [context],
    }));
  },
  LX_DXSUBMITCOMMANDTOHWQUEUE: (m) => {
    const { handle: hwqueue, device } = m.pick("hwqueue"), { handle: code, more: length } = m.pick("code", device);
    return plain(k.d3dkmt_submitcommandtohwqueue.of({
      hwqueue,
      hwqueue_progress_fence_id: BigInt(m.random.below(1000)),
      command_buffer: BigInt(code),
      command_length: length,
    }));
  },
  LX_DXCREATESYNCHRONIZATIONOBJECT: createSync,
  LX_DXDESTROYSYNCHRONIZATIONOBJECT: (m) =>
    destroy(
      m.random.rarely(2) ? "fence" : "legacy",
      (sync_object) => k.d3dkmt_destroysynchronizationobject.of({ sync_object }),
    )(m),
  LX_DXSIGNALSYNCHRONIZATIONOBJECT: (m) => legacy(m, true),
  LX_DXWAITFORSYNCHRONIZATIONOBJECT: (m) => legacy(m, false),
  LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMCPU: (m) => {
    const device = m.pick("device").handle;
    return plain(k.d3dkmt_signalsynchronizationobjectfromcpu.of({ device, ...signals(m, device) }));
  },
  LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU: (m) => {
    const device = m.pick("device").handle;
    return plain(k.d3dkmt_waitforsynchronizationobjectfromcpu.of({
      device,
      ...signals(m, device),
      flags: m.random.below(2),
      async_event: m.random.rarely(3) ? 0n : BigInt(m.pick("eventFd").handle),
    }));
  },
  LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMGPU: (m) => {
    const { handle: context, device } = m.pick("context");
    const { object_count, objects, fence_values: monitored_fence_values } = signals(m, device);
    return plain(
      k.d3dkmt_signalsynchronizationobjectfromgpu.of({ context, object_count, objects, monitored_fence_values }),
    );
  },
  LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMGPU2: (m) => {
    const { handle: context, device } = m.pick("context");
    const contexts = { context_count: 1, contexts: m.words(context) };
    if (m.random.rarely(3)) {
      return plain(k.d3dkmt_signalsynchronizationobjectfromgpu2.of({
        ...contexts,
        flags: k.d3dddicb_signalflags.enqueue_cpu_event,
        cpu_event_handle: BigInt(m.pick("eventFd").handle),
      }));
    }
    const { object_count, objects, fence_values: monitored_fence_values } = signals(m, device);
    return plain(
      k.d3dkmt_signalsynchronizationobjectfromgpu2.of({ ...contexts, object_count, objects, monitored_fence_values }),
    );
  },
  LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMGPU: (m) => {
    const { handle: context, device } = m.pick("context");
    const { object_count, objects, fence_values: monitored_fence_values } = signals(m, device);
    return plain(
      k.d3dkmt_waitforsynchronizationobjectfromgpu.of({ context, object_count, objects, monitored_fence_values }),
    );
  },
  LX_DXSUBMITSIGNALSYNCOBJECTSTOHWQUEUE: (m) => {
    const { handle, device } = m.pick("hwqueue");
    return plain(
      k.d3dkmt_submitsignalsyncobjectstohwqueue.of({
        hwqueue_count: 1,
        hwqueues: m.words(handle),
        ...signals(m, device),
      }),
    );
  },
  LX_DXSUBMITWAITFORSYNCOBJECTSTOHWQUEUE: (m) => {
    const { handle: hwqueue, device } = m.pick("hwqueue");
    return plain(k.d3dkmt_submitwaitforsyncobjectstohwqueue.of({ hwqueue, ...signals(m, device) }));
  },
  LX_DXSHAREOBJECTS: share,
  LX_DXSHAREOBJECTWITHHOST: (m) => {
    const list = m.all("fence").filter(({ more }) => more === 1);
    const { handle, device } = list[m.random.below(Math.max(1, list.length))] ?? m.pick("fence");
    return plain(k.d3dkmt_shareobjectwithhost.of({ device_handle: device, object_handle: handle }));
  },
  LX_DXOPENSYNCOBJECTFROMNTHANDLE2: (m) => {
    const device = m.pick("device").handle;
    const arg = k.d3dkmt_opensyncobjectfromnthandle2.of({
      device,
      nt_handle: BigInt(m.pick("fenceFd").handle),
      flags: FENCE_SHARED,
    });
    return { arg, done: () => m.keep("fence", arg.sync_object, device, 1) };
  },
  LX_DXQUERYRESOURCEINFOFROMNTHANDLE: (m) =>
    plain(k.d3dkmt_queryresourceinfofromnthandle.of({
      device: m.pick("device").handle,
      nt_handle: BigInt(m.pick("resourceFd").handle),
    })),
  LX_DXOPENRESOURCEFROMNTHANDLE: openResource,
  LX_DXCREATESYNCFILE: createSyncFile,
  LX_DXWAITSYNCFILE: (m) =>
    plain(k.d3dkmt_waitsyncfile.of({
      sync_file_handle: BigInt(m.pick("syncFile").handle),
      context: m.pick("context").handle,
    })),
  LX_DXOPENSYNCOBJECTFROMSYNCFILE: (m) => {
    const device = m.pick("device").handle;
    const arg = k.d3dkmt_opensyncobjectfromsyncfile.of({
      sync_file_handle: BigInt(m.pick("syncFile").handle),
      device,
    });
    return { arg, done: () => m.keep("fence", arg.syncobj, device, 1) };
  },
};
