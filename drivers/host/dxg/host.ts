/**
 * The dxg host: the far side of dxgkrnl's protocol. It offers the global channel and one channel a virtual GPU, executes each
 * message, and tells the guest of events. Everything that a guest sends is checked; what is wrong hurts the process that
 * sent it and nobody else.
 * @module
 */

import { type Clock, RealClock } from "../../../core/clock.ts";
import { heapAllocator, type PageAllocator } from "../../../core/memory.ts";
import type { Trace } from "../../../core/trace.ts";
import type {
  GpaRange,
  PciFunction,
  VmbusBackend,
  VmbusChannel,
  VmbusHandlers,
  VmbusHostTransport,
  VmbusOffer,
  VmbusPacket,
} from "../../../core/vmbus.ts";
import {
  DXG_MAX_VM_BUS_PACKET_SIZE,
  DXGK_VMBUS_GLOBAL_GUID,
  DXGK_VMBUS_INTERFACE_VERSION,
  DXGK_VMBUS_INTERFACE_VERSION_OLD,
  DXGK_VMBUS_LAST_COMPATIBLE_INTERFACE_VERSION,
  DXGK_VMBUS_VGPU_GUID,
} from "../../../uapi/dxgvmbus_hdr.ts";
import { adapterMessages } from "./adapter_commands.ts";
import { DxgAdapter, type DxgAdapterOptions } from "./adapter.ts";
import { allocationMessages } from "./allocation_commands.ts";
import { Call } from "./call.ts";
import { deviceMessages } from "./device_commands.ts";
import type { DxgDevice } from "./device.ts";
import { Dispatcher } from "./dispatch.ts";
import { GuestEvents } from "./guest_events.ts";
import { HandleTable } from "./handle_table.ts";
import type { HostCore, Peers } from "./host_core.ts";
import { IoWindow } from "./io_window.ts";
import { DEFAULT_LIMITS, type DxgLimits } from "./limits.ts";
import { pagingMessages } from "./paging_commands.ts";
import { DxgPciFunction, instanceGuid } from "./pci.ts";
import { processMessages } from "./process_commands.ts";
import type { DxgProcess } from "./process.ts";
import { residencyMessages } from "./residency_commands.ts";
import { Scheduler } from "./scheduler.ts";
import { shareMessages } from "./share_commands.ts";
import type { SharedHandle } from "./sharing.ts";
import { syncMessages } from "./sync_commands.ts";

/** How a host is made. */
export interface DxgHostOptions {
  /** Its adapters, at most 64. The owner disposes of their engines after the host. */
  readonly adapters: readonly DxgAdapterOptions[];
  /** Time, default real. */
  readonly clock?: Clock;
  /** Where pages come from, default ArrayBuffers. Pages that a client of another process is to map must have an fd. */
  readonly allocator?: PageAllocator;
  /** What a guest may take; the rest as DEFAULT_LIMITS. */
  readonly limits?: Partial<DxgLimits>;
  /** Who hears what was refused. */
  readonly trace?: Trace;
  /** Interface version, default 40. */
  readonly version?: number;
  /** Whether the guest may send commands without waiting, default true from version 40 on. */
  readonly asyncMessages?: boolean;
  /** Guest-physical addresses to ask for, MiB, default 1024. */
  readonly mmioMegabytes?: number;
}

/** The host. */
export class DxgHost implements HostCore, Disposable {
  readonly limits: DxgLimits;
  readonly allocator: PageAllocator;
  readonly window: IoWindow = new IoWindow();
  readonly events: GuestEvents = new GuestEvents();
  readonly scheduler: Scheduler;
  readonly adapters: readonly DxgAdapter[];
  readonly processes: HandleTable<DxgProcess>;
  readonly shared: HandleTable<SharedHandle>;
  /** @internal Set before the first message. */
  peers: Peers | undefined;
  /** @internal */
  hung?: (device: DxgDevice) => void;
  /** What it offers on the bus: the global channel first. */
  readonly backends: readonly VmbusBackend[];
  readonly #dispatcher: Dispatcher;
  readonly #call = new Call();
  readonly #trace: Trace | undefined;
  readonly #maxVersion: number;
  readonly #async: boolean;
  #version: number;
  #transport: VmbusHostTransport | undefined;

  /** A host that no guest has found yet. @param options adapters, time, memory, limits. @throws {RangeError} for a version that is not spoken, or adapters that cannot be */
  constructor(options: DxgHostOptions) {
    const version = options.version ?? DXGK_VMBUS_INTERFACE_VERSION;
    if (version < DXGK_VMBUS_LAST_COMPATIBLE_INTERFACE_VERSION || version > DXGK_VMBUS_INTERFACE_VERSION) {
      throw new RangeError(`Cannot speak interface version ${version}`);
    }
    if (options.adapters.length === 0 || options.adapters.length > 64) {
      throw new RangeError(`Cannot offer ${options.adapters.length} adapters: 1 to 64`);
    }
    this.limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.allocator = options.allocator ?? heapAllocator();
    this.scheduler = new Scheduler(options.clock ?? new RealClock());
    this.processes = new HandleTable(this.limits.processes);
    this.shared = new HandleTable(this.limits.shared);
    this.#trace = options.trace;
    this.#version = this.#maxVersion = version;
    this.#async = options.asyncMessages ?? true;
    this.adapters = options.adapters.map((adapter) => new DxgAdapter(this, adapter));
    this.#dispatcher = new Dispatcher(this, this.#call, [
      ...processMessages(this),
      ...shareMessages(this),
      ...syncMessages(this),
      ...adapterMessages(this, () => this.#async && this.#version > DXGK_VMBUS_INTERFACE_VERSION_OLD),
      ...deviceMessages(),
      ...allocationMessages(this),
      ...pagingMessages(),
      ...residencyMessages(),
    ]);
    const mmioMegabytes = options.mmioMegabytes ?? 1024;
    this.backends = [
      new Backend(this, undefined, {
        type: DXGK_VMBUS_GLOBAL_GUID,
        instance: "dde9cbc0-5060-4436-9448-000000000000",
        mmioMegabytes,
      }),
      ...this.adapters.map((adapter) => {
        const { luid } = adapter;
        const pci = new DxgPciFunction({
          luid,
          render: adapter.info.render,
          version,
          onVersion: (guest) => this.#negotiate(guest),
        });
        const offer = { type: DXGK_VMBUS_VGPU_GUID, instance: instanceGuid(luid), mmioMegabytes: 0 };
        return new Backend(this, adapter, offer, pci);
      }),
    ];
  }

  /** The interface version that is spoken. */
  get version(): number {
    return this.#version;
  }

  /** The table of messages that are executed. */
  get commands(): Dispatcher["commands"] {
    return this.#dispatcher.commands;
  }

  /** Whether work is under way that `poll` will complete. */
  get busy(): boolean {
    return this.scheduler.busy || this.events.waiting > 0;
  }

  /** fds that become readable when an engine has done something: `poll` then. */
  get completionFds(): readonly number[] {
    return this.adapters.flatMap(({ engine }) => engine.completionFd === undefined ? [] : [engine.completionFd]);
  }

  // The guest writes its version into configuration space: the lower one is spoken.
  #negotiate(guest: number): void {
    if (guest < DXGK_VMBUS_LAST_COMPATIBLE_INTERFACE_VERSION) return;
    this.#version = Math.min(guest, this.#maxVersion);
  }

  /** Ranges behind a GPADL of the guest. */
  gpadl(handle: number): readonly GpaRange[] | undefined {
    return this.#transport?.gpadl(handle);
  }

  /** Tells the trace. */
  trace(name: string, subject: string, result: string): void {
    if (this.#trace?.enabled) {
      this.#trace.emit({ time: this.scheduler.clock.now(), floor: "host", name, subject, result });
    }
  }

  /**
   * Executes one message.
   *
   * @param adapter of the channel that it came on; undefined: the global one.
   * @returns the reply, valid until the next message
   */
  execute(data: Uint8Array, length: number, adapter: DxgAdapter | undefined): Uint8Array {
    this.#dispatcher.dispatch(data, length, this.#version, adapter);
    this.scheduler.drain();
    return this.#call.reply.subarray(0, this.#call.replyLength);
  }

  /** @internal The reply that says that a message failed, valid until the next message. */
  refuse(data: Uint8Array, length: number, adapter: DxgAdapter | undefined, status: number): Uint8Array {
    this.#dispatcher.refuse(data, length, this.#version, adapter, status);
    return this.#call.reply.subarray(0, this.#call.replyLength);
  }

  /** Completes what engines have done by now; true if anything was. */
  poll(): boolean {
    let done = false;
    for (const adapter of this.adapters) {
      if (adapter.engine.poll()) done = true;
      if (adapter.engine.lost !== undefined) adapter.lose(adapter.engine.lost);
    }
    if (this.scheduler.poll()) done = true;
    const waiting = this.events.waiting;
    this.events.flush();
    return done || this.events.waiting !== waiting;
  }

  /** @internal The guest opens a channel. */
  opened(adapter: DxgAdapter | undefined, channel: VmbusChannel, transport: VmbusHostTransport): void {
    if (adapter !== undefined) return;
    this.#transport = transport;
    this.window.attach(transport.memory);
    this.events.attach(channel);
  }

  /** @internal A channel is gone: so is all that came by it. */
  closed(adapter: DxgAdapter | undefined): void {
    if (adapter !== undefined) {
      adapter.handle = 0;
      for (const device of [...adapter.devices]) device.close();
      return;
    }
    this.events.attach(undefined);
    this.#forgetGuest();
    this.window.attach(undefined);
    this.#transport = undefined;
    this.#version = this.#maxVersion;
  }

  #forgetGuest(): void {
    for (const process of this.processes) process.close();
    for (const handle of this.processes.handles()) this.processes.remove(handle);
    for (const handle of this.shared.handles()) {
      const found = this.shared.get(handle);
      if (found === undefined || !found.isNt) continue;
      this.shared.remove(handle);
      found.object.drop();
    }
  }

  /** Ends all processes. */
  [Symbol.dispose](): void {
    this.closed(undefined);
    for (const adapter of this.adapters) adapter.close();
  }
}

/** One channel that the host offers. */
class Backend implements VmbusBackend {
  readonly offer: VmbusOffer;
  readonly pci?: PciFunction;
  readonly maxPacket: number = DXG_MAX_VM_BUS_PACKET_SIZE;
  readonly #host: DxgHost;
  readonly #adapter: DxgAdapter | undefined;
  #channel: VmbusChannel | undefined;

  constructor(host: DxgHost, adapter: DxgAdapter | undefined, offer: VmbusOffer, pci?: PciFunction) {
    this.#host = host;
    this.#adapter = adapter;
    this.offer = offer;
    if (pci !== undefined) this.pci = pci;
  }

  get busy(): boolean {
    return this.#host.busy;
  }

  open(channel: VmbusChannel, transport: VmbusHostTransport): VmbusHandlers {
    this.#channel = channel;
    this.#host.opened(this.#adapter, channel, transport);
    return {
      packet: (packet) => this.#packet(channel, packet),
      room: () => this.#host.events.flush(),
      broken: () => this.close(),
    };
  }

  #packet(channel: VmbusChannel, packet: VmbusPacket): void {
    const reply = this.#host.execute(packet.data, packet.length, this.#adapter);
    // The guest may go on, and come back, before `complete` returns: the reply is not touched any more then.
    if (packet.wantsCompletion) channel.complete(packet.idLow, packet.idHigh, reply, reply.length);
    this.#host.events.flush();
  }

  get completionFd(): number | undefined {
    return this.#adapter?.engine.completionFd;
  }

  rest(ns: number): boolean {
    return this.#adapter === undefined && this.#host.scheduler.rest(ns);
  }

  poll(): boolean {
    return this.#host.poll();
  }

  close(): void {
    if (this.#channel === undefined) return;
    this.#channel = undefined;
    this.#host.closed(this.#adapter);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
