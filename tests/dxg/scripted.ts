/**
 * A host whose answers a test writes: it keeps every message of the guest driver, answers as a plain host would, and does
 * otherwise where it is told to. Serves tests of the guest alone, and fuzzing.
 */

import { VirtualClock } from "udrm/core/clock.ts";
import { heapAllocator, type Pages } from "udrm/core/memory.ts";
import type { LocalProcess, OpenFile } from "udrm/core/process.ts";
import { System } from "udrm/core/system.ts";
import type { PciFunction } from "udrm/core/vmbus.ts";
import { vmbusLoopback } from "udrm/drivers/bus/vmbus/mod.ts";
import { FakeVmbusHost, type KeptPacket } from "udrm/drivers/bus/vmbus/testing.ts";
import { dxg } from "udrm/drivers/gpu/dxg/mod.ts";
import * as w from "udrm/uapi/dxgvmbus.ts";
import { bytesOf, type Struct, type View } from "udrm/uapi/struct.ts";

/** A message as it arrived. */
export interface Kept {
  /** Its name, without DXGK_VMBCOMMAND_. */
  readonly name: string;
  /** The channel that it came on. */
  readonly channel: "global" | "vgpu";
  /** The host's handle of the process. */
  readonly process: number;
  /** Whether nobody waits. */
  readonly isAsync: boolean;
  /** From the command header on. */
  readonly body: Uint8Array;
  /** Completes it, when it was held. */
  readonly answer: (data: Uint8Array) => void;
}

/** What a host does with a message: a reply, or "hold" to leave it open. */
export type Script = (message: Kept) => Uint8Array | "hold";

const u32 = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);
const INSTANCE = "04030201-0605-0807-0910-111213141516";

/** How the host presents itself. */
export interface ScriptedOptions {
  /** Interface version; 40. */
  readonly version?: number;
  /** Whether submissions are asynchronous; false. */
  readonly isAsync?: boolean;
  /** Whether guest pages are named by numbers; true. */
  readonly mapsGuestPages?: boolean;
  /** Whether the adapter only computes; false. */
  readonly computeOnly?: boolean;
}

/** A guest, its scripted host, and a client with /dev/dxg open. */
export class Scripted implements Disposable {
  /** All messages, in order. */
  readonly messages: Kept[] = [];
  /** What is not answered as usual, by name. */
  readonly scripts: Map<string, Script> = new Map();
  readonly system: System;
  readonly task: LocalProcess;
  readonly dxg: OpenFile;
  readonly luid = { a: 0x04030201, b: 0x08070605 };
  /** The page that all fences are in. */
  readonly page: Pages = heapAllocator().allocate(1 << 16, "io");
  readonly config = new Map<number, number>();
  readonly #version: number;
  readonly #isAsync: boolean;
  readonly #global: FakeVmbusHost;
  readonly #vgpu: FakeVmbusHost;
  readonly #resources = new DisposableStack();
  readonly #header = new w.DxgMessageHeader();
  #handle = 0x40000000;
  #window = 0;

  constructor(options: ScriptedOptions = {}) {
    const { version = 40, isAsync = false, mapsGuestPages = true, computeOnly = false } = options;
    this.#version = version;
    this.#isAsync = isAsync;
    this.#global = new FakeVmbusHost(
      { type: w.DXGK_VMBUS_GLOBAL_GUID, instance: "0-0", mmioMegabytes: 64 },
      (packet) => this.#packet(packet, this.#global),
    );
    const words: [number, number][] = [
      [w.DXGK_PCI_CHANNEL_ID, 0x04030201],
      [w.DXGK_PCI_CHANNEL_ID + 4, 0x08070605],
      [w.DXGK_PCI_CHANNEL_ID + 8, 0x12111009],
      [w.DXGK_PCI_CHANNEL_ID + 12, 0x16151413],
      [w.DXGK_PCI_INTERFACE_VERSION, version],
      [w.DXGK_PCI_VGPU_LUID, 77],
      [w.DXGK_PCI_VGPU_LUID + 4, 0],
      [w.DXGK_PCI_HOST_CAPS, mapsGuestPages ? 1 : 0],
    ];
    for (const [at, value] of words) this.config.set(at, value);
    const pci: PciFunction = {
      vendorId: w.DXGK_PCI_VENDOR_ID,
      deviceId: computeOnly ? w.DXGK_PCI_DEVICE_ID_COMPUTE_ACCELERATOR : w.DXGK_PCI_DEVICE_ID_VIRTUAL_RENDER,
      readConfig: (offset) => this.config.get(offset) ?? 0xffff_ffff,
      writeConfig: (offset, value) => void this.config.set(offset, value),
    };
    this.#vgpu = new FakeVmbusHost(
      { type: w.DXGK_VMBUS_VGPU_GUID, instance: INSTANCE, mmioMegabytes: 0 },
      (packet) => this.#packet(packet, this.#vgpu),
      { pci },
    );
    this.system = new System({ clock: new VirtualClock() });
    const bus = this.#resources.use(vmbusLoopback([this.#global, this.#vgpu]));
    this.#resources.use(this.system.addPoller(bus));
    for (const driver of dxg({ bus })) this.system.addDevice(driver);
    this.task = this.system.process();
    this.dxg = this.task.open("/dev/dxg");
  }

  /** Forgets what came; the names of it. */
  take(): string[] {
    return this.messages.splice(0).map(({ name }) => name);
  }

  /** Answers a message by name from now on. */
  on(name: string, script: Script): void {
    this.scripts.set(name, script);
  }

  /** A handle that was not given before. */
  handle(): number {
    return this.#handle += 0x40;
  }

  /** Guest-physical address of a place in the page. */
  gpa(offset: number): bigint {
    return BigInt(this.#window + offset);
  }

  /** SIGNALGUESTEVENT. */
  signal(event: bigint): void {
    const message = w.dxgkvmb_command_signalguestevent.of({ event });
    message.hdr.channel_bits = w.DXGKVMB_HOST_TO_VM;
    message.hdr.command_type = w.DXGK_VMBCOMMAND_SIGNALGUESTEVENT;
    this.tell(bytesOf(message));
  }

  /** A message of the host's own. */
  tell(data: Uint8Array): void {
    this.#global.channel?.send(data, data.length, 0, false);
    this.system.pump();
  }

  /** The host goes away. */
  hangUp(): void {
    this.#global.channel?.close();
    this.#vgpu.channel?.close();
  }

  [Symbol.dispose](): void {
    this.system[Symbol.dispose]();
    this.#resources.dispose();
  }

  #packet(packet: KeptPacket, host: FakeVmbusHost): Uint8Array | undefined {
    const view = new DataView(packet.data.buffer);
    const { data } = packet;
    if (!this.#header.parse(view, data.length, this.#version)) throw new Error("a message without a header");
    const { at, type, channel: kind, process, async: isAsync } = this.#header;
    const channel = kind === w.DXGKVMB_VM_TO_HOST ? "global" : "vgpu";
    const command = w.dxgCommandOf(channel, type);
    if (command === undefined) throw new Error(`message ${type} is none`);
    const back = host.channel;
    const message: Kept = {
      name: command.name,
      channel: host === this.#global ? "global" : "vgpu",
      process,
      isAsync,
      body: data.slice(at),
      answer: (reply) => {
        back?.complete(Number(packet.id & 0xffff_ffffn), Number(packet.id >> 32n), reply, reply.length);
        this.system.pump();
      },
    };
    this.messages.push(message);
    const reply = this.scripts.get(command.name)?.(message) ?? this.usual(message);
    return reply === "hold" ? undefined : reply;
  }

  /** What a plain host answers. */
  usual(message: Kept): Uint8Array {
    const { name, body } = message;
    const as = <T>(struct: Struct<T>): View<T> => struct.at(body);
    switch (name) {
      case "SETIOSPACEREGION":
        this.#window = Number(as(w.dxgkvmb_command_setiospaceregion).start);
        this.#global.transport?.memory.add(this.page, 0, this.page.size, this.#window);
        return u32(0);
      case "CREATEPROCESS":
      case "CREATEDEVICE":
      case "CREATENTSHAREDOBJECT":
        return u32(this.handle());
      case "OPENADAPTER":
        return bytesOf(w.dxgkvmb_command_openadapter_return.of({ host_adapter_handle: 0x1000 }));
      case "GETINTERNALADAPTERINFO": {
        const flags = w.dxgkvmb_command_getinternaladapterinfo_return_flags.async_msg_enabled;
        const info = w.dxgkvmb_command_getinternaladapterinfo_return.of({
          flags: this.#isAsync ? flags : 0,
          host_adapter_luid: { a: 5, b: 6 },
          host_vgpu_luid: { a: 77, b: 0 },
        });
        return bytesOf(info).slice(0, this.#version < 40 ? 704 : 712);
      }
      case "CREATECONTEXTVIRTUAL":
        as(w.dxgkvmb_command_createcontextvirtual).context = this.handle();
        return body;
      case "CREATEHWQUEUE": {
        const queue = as(w.dxgkvmb_command_createhwqueue);
        queue.hwqueue = this.handle();
        queue.hwqueue_progress_fence = this.handle();
        queue.hwqueue_progress_fence_cpuva = this.gpa(16);
        return body;
      }
      case "CREATEPAGINGQUEUE":
        return bytesOf(w.dxgkvmb_command_createpagingqueue_return.of({
          paging_queue: this.handle(),
          sync_object: this.handle(),
          fence_storage_physical_address: this.gpa(0),
        }));
      case "CREATESYNCOBJECT":
        return bytesOf(w.dxgkvmb_command_createsyncobject_return.of({
          sync_object: this.handle(),
          global_sync_object: this.handle(),
          fence_storage_address: this.gpa(0),
          fence_storage_offset: 8,
        }));
      case "OPENSYNCOBJECT":
        return bytesOf(w.dxgkvmb_command_opensyncobject_return.of({
          sync_object: this.handle(),
          guest_cpu_physical_address: this.gpa(8),
        }));
      case "CREATEALLOCATION":
        return this.#allocations(body);
      case "OPENRESOURCE": {
        const { allocation_count } = as(w.dxgkvmb_command_openresource);
        return u32(this.handle(), 0, ...Array.from({ length: allocation_count }, () => this.handle()));
      }
      case "LOCK2":
        return bytesOf(w.dxgkvmb_command_lock2_return.of({ cpu_visible_buffer_offset: this.gpa(4096) }));
      case "MAKERESIDENT":
        return bytesOf(w.dxgkvmb_command_makeresident_return.of({ status: 0x103, paging_fence_value: 7n }));
      case "MAPGPUVIRTUALADDRESS":
        return bytesOf(w.dxgkvmb_command_mapgpuvirtualaddress_return.of({
          status: 0x103,
          paging_fence_value: 6n,
          virtual_address: 0x100000000n,
        }));
      case "RESERVEGPUVIRTUALADDRESS":
        return bytesOf(w.dxgkvmb_command_reservegpuvirtualaddress_return.of({ virtual_address: 0x200000000n }));
      case "UPDATEALLOCATIONPROPERTY":
        return bytesOf(w.dxgkvmb_command_updateallocationproperty_return.of({ status: 0x103, paging_fence_value: 8n }));
      case "QUERYADAPTERINFO":
        return new Uint8Array(4 + as(w.dxgkvmb_command_queryadapterinfo).private_data_size);
      case "ESCAPE": {
        const { priv_drv_data_size: size } = as(w.dxgkvmb_command_escape);
        return body.slice(52, 52 + size);
      }
      case "DDIGETSTANDARDALLOCATIONDRIVERDATA": {
        const { priv_driver_data_size: size } = as(w.dxgkvmb_command_getstandardallocprivdata);
        const head = w.dxgkvmb_command_getstandardallocprivdata_return.of({ priv_driver_data_size: 32 });
        const out = new Uint8Array(36 + size);
        out.set(bytesOf(head));
        return out;
      }
      default: {
        // Zeros of the right length are success.
        const command = [...w.DXGK_GLOBAL_COMMANDS, ...w.DXGK_VGPU_COMMANDS].find((known) => known.name === name);
        const size = command?.reply.kind === "struct" ? command.reply.type.size : 4;
        return new Uint8Array(size + (body.length >> 2 << 2));
      }
    }
  }

  #allocations(body: Uint8Array): Uint8Array {
    const request = w.dxgkvmb_command_createallocation.at(body);
    const count = request.alloc_count;
    const info = w.dxgkvmb_command_allocinfo_return;
    let at = w.dxgkvmb_command_createallocation.size;
    const sizes = Array.from(
      { length: count },
      (_, i) => w.dxgkvmb_command_createallocation_allocinfo.at(body, at + i * 12).priv_drv_data_size,
    );
    at += count * 12 + request.private_runtime_data_size + request.priv_drv_data_size;
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const out = new Uint8Array(88 + (count - 1) * info.size + total);
    const head = w.dxgkvmb_command_createallocation_return.at(out);
    head.resource = this.handle();
    sizes.forEach((size, i) => {
      const one = info.at(out, 16 + i * info.size);
      one.allocation = this.handle();
      one.priv_drv_data_size = size;
      one.allocation_size = 8192;
    });
    out.set(body.subarray(at, at + total), 88 + (count - 1) * info.size);
    return out;
  }
}
