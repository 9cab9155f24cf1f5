/**
 * A guest and its host in one isolate: the dxg driver and the dxg host meet on a VMBus of bytes. The engine is the CPU double,
 * which a test can stop.
 */

import { assertEquals } from "@std/assert";
import { VirtualClock } from "udrm/core/clock.ts";
import { BudgetAllocator } from "udrm/core/memory.ts";
import type { LocalProcess, OpenFile, ProcessOptions } from "udrm/core/process.ts";
import { System } from "udrm/core/system.ts";
import { type VmbusLoopback, vmbusLoopback } from "udrm/drivers/bus/vmbus/mod.ts";
import { dxg } from "udrm/drivers/gpu/dxg/mod.ts";
import { vgem } from "udrm/drivers/gpu/vgem/mod.ts";
import { dxgHost, type DxgHostDevice, type DxgHostOptions } from "udrm/drivers/host/dxg/mod.ts";
import { CpuEngine } from "udrm/drivers/host/dxg/testing.ts";
import * as k from "udrm/uapi/d3dkmthk.ts";
import {
  DXG_ALLOCATION_CPU_VISIBLE,
  dxg_driver_allocation,
  DXG_DRIVER_MAGIC,
  DXG_DRIVER_VERSION,
  DXG_USAGE_BUFFER,
} from "udrm/uapi/dxg_driver.ts";
import { DxpWriter } from "udrm/uapi/dxp_encode.ts";
import { bytesOf, type StructView, type View } from "udrm/uapi/struct.ts";

/** How a rig is made. */
export interface RigOptions extends Partial<Omit<DxgHostOptions, "adapters">> {
  /** Adapters, all of one engine; 1. */
  readonly count?: number;
  /** Bytes of local memory. */
  readonly localMemory?: number;
  /** Bytes of other memory. */
  readonly nonLocalMemory?: number;
}

/** A system with a dxg adapter (card0) and vgem (card1), and one client with /dev/dxg open. */
export class Rig implements Disposable {
  readonly clock = new VirtualClock();
  readonly system: System;
  readonly engine = new CpuEngine();
  readonly host: DxgHostDevice;
  /** Between them. Disposing of it takes the host away. */
  readonly bus: VmbusLoopback;
  readonly task: LocalProcess;
  readonly dxg: OpenFile;
  readonly #resources = new DisposableStack();

  constructor({ count = 1, localMemory, nonLocalMemory, ...options }: RigOptions = {}) {
    this.system = new System({ clock: this.clock });
    const allocator = this.system.pages;
    const adapters = Array.from({ length: count }, () => ({ engine: this.engine, localMemory, nonLocalMemory }));
    this.host = dxgHost({ adapters, clock: this.clock, allocator, ...options });
    const bus = this.bus = this.#resources.use(vmbusLoopback(this.host.backends, { allocator }));
    this.#resources.use(this.system.addPoller(bus));
    for (const driver of dxg({ bus })) this.system.addDevice(driver);
    this.system.addDevice(vgem());
    this.task = this.system.process();
    this.dxg = this.task.open("/dev/dxg");
  }

  /** Ends all; by then nothing holds memory any more. */
  [Symbol.dispose](): void {
    this.system[Symbol.dispose]();
    this.#resources.dispose();
    this.host[Symbol.dispose]();
    if (this.system.pages instanceof BudgetAllocator) {
      assertEquals(this.system.pages.used, 0, "bytes alive after the end");
    }
  }

  /** Another client. */
  client(options?: ProcessOptions): Client {
    return new Client(this.system.process(options));
  }

  /** The first client, with everything open. */
  first(): Client {
    return new Client(this.task, this.dxg);
  }
}

/** A client with an adapter, a device, a context and a paging queue. */
export class Client {
  readonly task: LocalProcess;
  readonly dxg: OpenFile;
  readonly adapter: number;
  readonly luid: { a: number; b: number };
  readonly device: number;
  readonly context: number;
  readonly paging: View<k.d3dkmt_createpagingqueue>;

  /** @param which of the adapters, in the order of the list. */
  constructor(task: LocalProcess, file?: OpenFile, which = 0) {
    this.task = task;
    this.dxg = file ?? task.open("/dev/dxg");
    const { size } = k.d3dkmt_adapterinfo, list = this.buffer(4 * size);
    this.dxg.ioctl(k.LX_DXENUMADAPTERS2, k.d3dkmt_enumadapters2.of({ num_adapters: 4, adapters: list.address }));
    const info = k.d3dkmt_adapterinfo.at(list.bytes, which * size);
    this.luid = { a: info.adapter_luid.a, b: info.adapter_luid.b };
    const open = k.d3dkmt_openadapterfromluid.of({ adapter_luid: this.luid });
    this.dxg.ioctl(k.LX_DXOPENADAPTERFROMLUID, open);
    this.adapter = open.adapter_handle;
    this.device = this.makeDevice();
    this.context = this.makeContext();
    this.paging = this.makePagingQueue();
  }

  makeDevice(): number {
    const device = k.d3dkmt_createdevice.of({ adapter: this.adapter });
    this.dxg.ioctl(k.LX_DXCREATEDEVICE, device);
    return device.device;
  }

  makeContext(): number {
    const flags = k.d3dddi_createcontextflags.hw_queue_supported;
    const context = k.d3dkmt_createcontextvirtual.of({
      device: this.device,
      engine_affinity: 1,
      client_hint: 3,
      flags,
    });
    this.dxg.ioctl(k.LX_DXCREATECONTEXTVIRTUAL, context);
    return context.context;
  }

  makePagingQueue(): View<k.d3dkmt_createpagingqueue> {
    const queue = k.d3dkmt_createpagingqueue.of({ device: this.device });
    this.dxg.ioctl(k.LX_DXCREATEPAGINGQUEUE, queue);
    return queue;
  }

  /** Memory of the client. */
  buffer(size: number): { readonly address: bigint; readonly bytes: Uint8Array } {
    return this.task.alloc(size);
  }

  /** Handles in memory; their address. */
  handles(...values: readonly number[]): bigint {
    return this.task.heap.from(new Uint8Array(Uint32Array.from(values).buffer)).address;
  }

  /** Fence values in memory; their address. */
  values(...values: readonly bigint[]): bigint {
    return this.task.heap.from(new Uint8Array(BigUint64Array.from(values).buffer)).address;
  }

  /** A struct in memory; its address. */
  put(view: StructView): bigint {
    return this.task.heap.from(bytesOf(view)).address;
  }

  /** A u64 that stands at an address of the client. */
  peek(address: bigint): bigint {
    const bytes = this.task.at(address, 8);
    return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  }

  /** Private data of an allocation. */
  privateData(size: number, more: Parameters<typeof dxg_driver_allocation.of>[0] = {}): Uint8Array {
    return bytesOf(dxg_driver_allocation.of({
      magic: DXG_DRIVER_MAGIC,
      version: DXG_DRIVER_VERSION,
      size,
      flags: DXG_ALLOCATION_CPU_VISIBLE,
      usage: DXG_USAGE_BUFFER,
      ...more,
    }));
  }

  /** An allocation; its handle and, with flags for that, its resource. */
  allocate(
    data: Uint8Array,
    more: Parameters<typeof k.d3dkmt_createallocation.of>[0] = {},
    info: Parameters<typeof k.d3dddi_allocationinfo2.of>[0] = {},
  ): { readonly allocation: number; readonly resource: number; readonly data: Uint8Array } {
    const own = this.task.heap.from(data);
    const entry = this.task.heap.from(bytesOf(k.d3dddi_allocationinfo2.of({
      priv_drv_data: own.address,
      priv_drv_data_size: data.length,
      ...info,
    })));
    const arg = k.d3dkmt_createallocation.of({
      device: this.device,
      alloc_count: 1,
      allocation_info: entry.address,
      ...more,
    });
    this.dxg.ioctl(k.LX_DXCREATEALLOCATION, arg);
    return { allocation: k.d3dddi_allocationinfo2.at(entry.bytes).allocation, resource: arg.resource, data: own.bytes };
  }

  /** LOCK2; where the client sees it. */
  lock(allocation: number): bigint {
    const arg = k.d3dkmt_lock2.of({ device: this.device, allocation });
    this.dxg.ioctl(k.LX_DXLOCK2, arg);
    return arg.data;
  }

  /** MAPGPUVIRTUALADDRESS of whole pages; the address. */
  map(allocation: number, pages: number): bigint {
    const arg = k.d3dddi_mapgpuvirtualaddress.of({
      paging_queue: this.paging.paging_queue,
      allocation,
      size_in_pages: pages,
      protection: k.d3dddigpuva_protection_type.write,
    });
    const result = this.dxg.ioctl(k.LX_DXMAPGPUVIRTUALADDRESS, arg);
    assertEquals([0, 0x103].includes(result), true);
    return arg.virtual_address;
  }

  /** MAKERESIDENT. */
  resident(...allocations: readonly number[]): number {
    return this.dxg.ioctl(
      k.LX_DXMAKERESIDENT,
      k.d3dddi_makeresident.of({
        paging_queue: this.paging.paging_queue,
        alloc_count: allocations.length,
        allocation_list: this.handles(...allocations),
      }),
    );
  }

  /** A monitored fence. */
  fence(flags = 0, initial = 0n): View<k.d3dkmt_createsynchronizationobject2> {
    const arg = k.d3dkmt_createsynchronizationobject2.of({
      device: this.device,
      info: { type: k._D3DDDI_MONITORED_FENCE, flags, monitored_fence: { initial_fence_value: initial } },
    });
    this.dxg.ioctl(k.LX_DXCREATESYNCHRONIZATIONOBJECT, arg);
    return arg;
  }

  /** SUBMITCOMMAND of a DMA buffer. */
  submit(address: bigint, length: number, more: Parameters<typeof k.d3dkmt_submitcommand.of>[0] = {}): number {
    return this.dxg.ioctl(
      k.LX_DXSUBMITCOMMAND,
      k.d3dkmt_submitcommand.of({
        command_buffer: address,
        command_length: length,
        broadcast_context_count: 1,
        broadcast_context: [this.context],
        ...more,
      }),
    );
  }

  /** Queues a signal on the context. */
  signalFromGpu(fence: number, value: bigint): number {
    return this.dxg.ioctl(
      k.LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMGPU,
      k.d3dkmt_signalsynchronizationobjectfromgpu.of({
        context: this.context,
        object_count: 1,
        objects: this.handles(fence),
        monitored_fence_values: this.values(value),
      }),
    );
  }

  /** Queues a wait on the context. */
  waitFromGpu(fence: number, value: bigint): number {
    return this.dxg.ioctl(
      k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMGPU,
      k.d3dkmt_waitforsynchronizationobjectfromgpu.of({
        context: this.context,
        object_count: 1,
        objects: this.handles(fence),
        monitored_fence_values: this.values(value),
      }),
    );
  }

  /** Signals now. */
  signalFromCpu(fence: number, value: bigint): number {
    return this.dxg.ioctl(
      k.LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMCPU,
      k.d3dkmt_signalsynchronizationobjectfromcpu.of({
        device: this.device,
        object_count: 1,
        objects: this.handles(fence),
        fence_values: this.values(value),
      }),
    );
  }

  /** The argument of a wait from the CPU. */
  cpuWait(fence: number, value: bigint, asyncEvent = 0): View<k.d3dkmt_waitforsynchronizationobjectfromcpu> {
    return k.d3dkmt_waitforsynchronizationobjectfromcpu.of({
      device: this.device,
      object_count: 1,
      objects: this.handles(fence),
      fence_values: this.values(value),
      async_event: BigInt(asyncEvent),
    });
  }

  /** SHAREOBJECTS; the fd. */
  share(object: number): number {
    const out = this.buffer(8);
    this.dxg.ioctl(
      k.LX_DXSHAREOBJECTS,
      k.d3dkmt_shareobjects.of({ object_count: 1, objects: this.handles(object), shared_handle: out.address }),
    );
    return Number(this.peek(out.address));
  }

  /** Commands in a locked, mapped and resident allocation: what to submit. */
  commands(build: (writer: DxpWriter) => DxpWriter): { readonly address: bigint; readonly length: number } {
    const writer = build(new DxpWriter()).end();
    const { allocation } = this.allocate(this.privateData(4096));
    this.task.at(this.lock(allocation), 4096).set(new Uint8Array(writer.words.slice().buffer));
    const address = this.map(allocation, 1);
    this.resident(allocation);
    return { address, length: writer.length * 4 };
  }
}
