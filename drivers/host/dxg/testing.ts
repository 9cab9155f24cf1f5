/**
 * The guest's half of the protocol by hand: builds messages as dxgkrnl does, hands them to a host, and keeps what the host
 * tells. Serves tests, benches and fuzzing.
 * @module
 */

import { VirtualClock } from "../../../core/clock.ts";
import { GuestMemory } from "../../../core/guest_memory.ts";
import { heapAllocator, type Pages } from "../../../core/memory.ts";
import type { GpaRange, VmbusChannel } from "../../../core/vmbus.ts";
import * as kmt from "../../../uapi/d3dkmthk.ts";
import {
  dxg_driver_allocation,
  DXG_DRIVER_MAGIC,
  DXG_DRIVER_VERSION,
  DXG_USAGE_BUFFER,
} from "../../../uapi/dxg_driver.ts";
import * as vmb from "../../../uapi/dxgvmbus.ts";
import type { Init, Struct, View } from "../../../uapi/struct.ts";
import type { DxgAdapter } from "./adapter.ts";
import { DxgHost, type DxgHostOptions } from "./host.ts";
import { CpuEngine } from "./testing_engine.ts";

export { CPU_ENGINE_INFO, CpuEngine } from "./testing_engine.ts";

/** Where the I/O window is, and how large. */
export const IO_START = 0x40_0000_0000;
/** Bytes of the I/O window. */
export const IO_LENGTH: number = 256 << 20;

/** Members of a message, header excluded. */
export type Members<T> = { readonly [K in keyof T as K extends "hdr" ? never : K]?: Init<T[K]> };

/** A reply. */
export interface Reply {
  /** Its bytes. */
  readonly bytes: Uint8Array;
  /** Its first 4 bytes as an NTSTATUS. */
  readonly status: number;
}

/** A guest, a host, and an engine on the CPU, on virtual time. */
export class TestGuest implements Disposable {
  readonly clock: VirtualClock = new VirtualClock();
  readonly engine: CpuEngine;
  readonly memory: GuestMemory = new GuestMemory();
  readonly host: DxgHost;
  readonly adapter: DxgAdapter;
  /** Messages of the host, oldest first. */
  readonly inbox: Uint8Array[] = [];
  /** Whether the ring to the guest is full. */
  isFull = false;
  /** What GPADLs name. */
  readonly gpadls: Map<number, readonly GpaRange[]> = new Map();
  /** The process that messages come from. */
  process = 0;

  /** @param options of the host, as far as they differ; `engine` takes the first adapter's place. */
  constructor(options: Partial<DxgHostOptions> & { readonly engine?: CpuEngine; readonly localMemory?: number } = {}) {
    this.engine = options.engine ?? new CpuEngine();
    this.engine.ticks = () => this.clock.now();
    this.host = new DxgHost({
      clock: this.clock,
      allocator: heapAllocator(),
      adapters: [{
        engine: this.engine,
        luid: { a: 0x1234, b: 0x56 },
        ...(options.localMemory !== undefined && { localMemory: options.localMemory }),
      }],
      ...options,
    });
    this.adapter = this.host.adapters[0];
    const channel: VmbusChannel = {
      send: (data, length) => {
        if (this.isFull) return false;
        this.inbox.push(data.slice(0, length));
        return true;
      },
      complete: () => {},
      poll: () => false,
      maxPacket: vmb.DXG_MAX_VM_BUS_PACKET_SIZE,
      broken: undefined,
      close: () => {},
    };
    for (const backend of this.host.backends) {
      backend.open(channel, { memory: this.memory, gpadl: (handle) => this.gpadls.get(handle) });
    }
  }

  /** The bytes of a message. @param how process and flags in its header. */
  packet<T extends { hdr: unknown }>(
    name: string,
    members: Members<T>,
    tail: Uint8Array | readonly number[] = [],
    how: { readonly process?: number; readonly async?: boolean; readonly version?: number } = {},
  ): Uint8Array {
    const command = [...vmb.DXGK_VGPU_COMMANDS, ...vmb.DXGK_GLOBAL_COMMANDS].find((c) => c.name === name);
    if (command === undefined) throw new TypeError(`no message ${name}`);
    const ext = vmb.dxgkExtHeaderSize(how.version ?? this.host.version);
    const head = vmb.dxgTailOffset(command.request, command.tail);
    const length = Math.max(command.request.size, head + tail.length);
    const bytes = new Uint8Array(Math.ceil((ext + length) / 8) * 8);
    const view = (command.request as Struct<unknown>).of(members as never);
    bytes.set(command.request.bytes(view), ext);
    bytes.set(tail, ext + head);
    if (ext > 0) {
      const header = vmb.dxgvmb_ext_header.at(bytes);
      header.command_offset = ext;
      header.vgpu_luid.a = this.adapter.luid.a;
      header.vgpu_luid.b = this.adapter.luid.b;
    }
    const header = vmb.dxgkvmb_command_vgpu_to_host.at(bytes, ext);
    header.process = how.process ?? this.process;
    header.channel_bits = (command.channel === "global" ? vmb.DXGKVMB_VM_TO_HOST : vmb.DXGKVMB_VGPU_TO_HOST) |
      (how.async ? 0x100 : 0);
    header.command_type = command.type;
    return bytes;
  }

  /** Hands bytes to the host: as a guest with asynchronous messages does on the global channel, as an old one on its GPU's own. */
  send(bytes: Uint8Array, onGlobal: boolean = this.#onGlobal(bytes)): Reply {
    const reply = this.host.execute(bytes, bytes.length, onGlobal ? undefined : this.adapter).slice();
    this.host.events.flush();
    const status = reply.length >= 4 ? new DataView(reply.buffer).getInt32(0, true) : 0;
    return { bytes: reply, status };
  }

  #onGlobal(bytes: Uint8Array): boolean {
    return vmb.dxgkExtHeaderSize(this.host.version) > 0 || bytes[12] === vmb.DXGKVMB_VM_TO_HOST;
  }

  /** Sends a message that is answered with a status. */
  tell<T extends { hdr: unknown }>(
    name: string,
    _type: Struct<T>,
    members: Members<T>,
    tail?: Uint8Array | readonly number[],
    how?: { readonly process?: number; readonly async?: boolean },
  ): number {
    return this.send(this.packet<T>(name, members, tail, how)).status;
  }

  /** Sends a message that is answered with a struct. */
  ask<T extends { hdr: unknown }, R>(
    name: string,
    _type: Struct<T>,
    reply: Struct<R>,
    members: Members<T>,
    tail?: Uint8Array | readonly number[],
    how?: { readonly process?: number },
  ): View<R> & { readonly all: Uint8Array } {
    const { bytes } = this.send(this.packet<T>(name, members, tail, how));
    return Object.assign(reply.at(bytes), { all: bytes });
  }

  /** CREATEPROCESS; later messages come from it. */
  createProcess(pid = 100): number {
    const made = this.ask(
      "CREATEPROCESS",
      vmb.dxgkvmb_command_createprocess,
      vmb.dxgkvmb_command_createprocess_return,
      { process: 0xffff_8000_0000_1000n, process_id: pid, flags: 8 },
      [],
      { process: 0 },
    );
    return this.process = made.hprocess;
  }

  /** SETIOSPACEREGION, OPENADAPTER and a process. */
  boot(): this {
    this.tell("SETIOSPACEREGION", vmb.dxgkvmb_command_setiospaceregion, {
      start: BigInt(IO_START),
      length: IO_LENGTH,
    });
    this.ask("OPENADAPTER", vmb.dxgkvmb_command_openadapter, vmb.dxgkvmb_command_openadapter_return, {
      vmbus_interface_version: this.host.version,
      vmbus_last_compatible_interface_version: 16,
    });
    this.createProcess();
    return this;
  }

  /** CREATEDEVICE. */
  device(cookie = 0xabcn): number {
    return this.ask("CREATEDEVICE", vmb.dxgkvmb_command_createdevice, vmb.dxgkvmb_command_createdevice_return, {
      error_code: cookie,
    }).device;
  }

  /** CREATECONTEXTVIRTUAL. */
  context(device: number, flags = 0, node = 0): number {
    return this.ask(
      "CREATECONTEXTVIRTUAL",
      vmb.dxgkvmb_command_createcontextvirtual,
      vmb.dxgkvmb_command_createcontextvirtual,
      { device, node_ordinal: node, engine_affinity: 1, flags },
    ).context;
  }

  /** CREATEPAGINGQUEUE. */
  pagingQueue(device: number): View<vmb.dxgkvmb_command_createpagingqueue_return> {
    return this.ask(
      "CREATEPAGINGQUEUE",
      vmb.dxgkvmb_command_createpagingqueue,
      vmb.dxgkvmb_command_createpagingqueue_return,
      { args: { device } },
    );
  }

  /** Private data of an allocation. */
  priv(size: number, flags = 0, more: Members<dxg_driver_allocation & { hdr: unknown }> = {}): Uint8Array {
    return dxg_driver_allocation.bytes(dxg_driver_allocation.of({
      magic: DXG_DRIVER_MAGIC,
      version: DXG_DRIVER_VERSION,
      usage: DXG_USAGE_BUFFER,
      size,
      flags,
      ...more,
    }));
  }

  /** CREATEALLOCATION with one private data an allocation. */
  allocate(
    device: number,
    data: readonly Uint8Array[],
    flags = 0,
    resource = 0,
  ): View<vmb.dxgkvmb_command_createallocation_return> & { readonly all: Uint8Array; readonly handles: number[] } {
    const infos = data.flatMap((d) => {
      const info = vmb.dxgkvmb_command_createallocation_allocinfo;
      return [...info.bytes(info.of({ priv_drv_data_size: d.length }))];
    });
    const reply = this.ask(
      "CREATEALLOCATION",
      vmb.dxgkvmb_command_createallocation,
      vmb.dxgkvmb_command_createallocation_return,
      { device, resource, alloc_count: data.length, flags },
      [...infos, ...data.flatMap((d) => [...d])],
    );
    const view = new DataView(reply.all.buffer);
    const handles = data.map((_, i) => 16 + 72 * i + 4 <= reply.all.length ? view.getUint32(16 + 72 * i, true) : 0);
    return Object.assign(reply, { handles });
  }

  /** MAPGPUVIRTUALADDRESS, writable. */
  map(queue: number, allocation: number, pages: number, base = 0): number {
    return Number(
      this.ask(
        "MAPGPUVIRTUALADDRESS",
        vmb.dxgkvmb_command_mapgpuvirtualaddress,
        vmb.dxgkvmb_command_mapgpuvirtualaddress_return,
        {
          args: {
            paging_queue: queue,
            base_address: BigInt(base),
            allocation,
            size_in_pages: pages,
            protection: kmt.d3dddigpuva_protection_type.write,
          },
        },
      ).virtual_address,
    );
  }

  /** MAKERESIDENT. */
  resident(queue: number, allocations: readonly number[], flags = 0): View<vmb.dxgkvmb_command_makeresident_return> {
    return this.ask(
      "MAKERESIDENT",
      vmb.dxgkvmb_command_makeresident,
      vmb.dxgkvmb_command_makeresident_return,
      { paging_queue: queue, alloc_count: allocations.length, flags },
      words(allocations),
    );
  }

  /** CREATESYNCOBJECT of a monitored fence. */
  fence(device: number, flags = 0, initial = 0n): View<vmb.dxgkvmb_command_createsyncobject_return> {
    return this.ask(
      "CREATESYNCOBJECT",
      vmb.dxgkvmb_command_createsyncobject,
      vmb.dxgkvmb_command_createsyncobject_return,
      {
        args: {
          device,
          info: { type: kmt._D3DDDI_MONITORED_FENCE, flags, monitored_fence: { initial_fence_value: initial } },
        },
      },
    );
  }

  /** Signals from the CPU, or on contexts. */
  signal(objects: readonly number[], values: readonly bigint[], on: readonly number[], device = 0, flags = 0): number {
    return this.tell("SIGNALSYNCOBJECT", vmb.dxgkvmb_command_signalsyncobject, {
      object_count: objects.length,
      context_count: on.length,
      flags,
      device,
    }, [...words(objects), ...words(on), ...longs(values)]);
  }

  /** WAITFORSYNCOBJECTFROMGPU. */
  waitGpu(context: number, objects: readonly number[], values: readonly bigint[]): number {
    return this.tell("WAITFORSYNCOBJECTFROMGPU", vmb.dxgkvmb_command_waitforsyncobjectfromgpu, {
      context,
      object_count: objects.length,
    }, [...longs(values), ...words(objects)]);
  }

  /** WAITFORSYNCOBJECTFROMCPU. */
  waitCpu(device: number, objects: readonly number[], values: readonly bigint[], event: bigint, any = false): number {
    return this.tell("WAITFORSYNCOBJECTFROMCPU", vmb.dxgkvmb_command_waitforsyncobjectfromcpu, {
      device,
      object_count: objects.length,
      flags: any ? 1 : 0,
      guest_event_pointer: event,
      dereference_event: 1,
    }, [...words(objects), ...longs(values)]);
  }

  /** SUBMITCOMMAND. */
  submit(context: number, address: number, length: number, how?: { readonly async?: boolean }): number {
    return this.tell(
      "SUBMITCOMMAND",
      vmb.dxgkvmb_command_submitcommand,
      {
        args: {
          command_buffer: BigInt(address),
          command_length: length,
          broadcast_context_count: 1,
          broadcast_context: [context],
        },
      },
      [],
      how,
    );
  }

  /** _D3DKMT_DEVICEEXECUTION_* of a device. */
  state(device: number): number {
    return this.ask("GETDEVICESTATE", vmb.dxgkvmb_command_getdevicestate, vmb.dxgkvmb_command_getdevicestate_return, {
      args: { device, state_type: kmt._D3DKMT_DEVICESTATE_EXECUTION },
    }).args.execution_state;
  }

  /** LOCK2: the bytes. */
  lock(device: number, allocation: number, size: number): Uint8Array {
    const { cpu_visible_buffer_offset: gpa } = this.ask(
      "LOCK2",
      vmb.dxgkvmb_command_lock2,
      vmb.dxgkvmb_command_lock2_return,
      {
        args: { device, allocation },
      },
    );
    return gpa === 0n ? new Uint8Array(size) : this.memory.bytes(Number(gpa), size);
  }

  /** The u64 at a guest-physical address. */
  peek(gpa: bigint | number): bigint {
    const bytes = this.memory.bytes(Number(gpa), 8);
    return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  }

  /** Ids of the events that the host signalled since last asked. */
  events(): bigint[] {
    const found: bigint[] = [];
    for (const bytes of this.inbox.splice(0)) {
      if (vmb.dxgkvmb_command_host_to_vm.at(bytes).command_type !== vmb.DXGK_VMBCOMMAND_SIGNALGUESTEVENT) continue;
      found.push(vmb.dxgkvmb_command_signalguestevent.at(bytes).event);
    }
    return found;
  }

  /** New pages of guest memory; where. */
  pages(count: number): { readonly gpa: number; readonly pages: Pages } {
    const pages = heapAllocator().allocate(count * 4096, "guest");
    return { gpa: this.memory.add(pages, 0, pages.size).gpa, pages };
  }

  [Symbol.dispose](): void {
    this.host[Symbol.dispose]();
  }
}

/** u32s as bytes. */
export function words(values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}

/** u64s as bytes. */
export function longs(values: readonly bigint[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(values).buffer);
}
