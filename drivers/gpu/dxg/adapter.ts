/**
 * `DxgAdapter`: a virtual GPU: its PCI function, its channel, its handle on the host. Mirrors dxgadapter and dxg_pci_probe_device.
 * @module
 */

import type { Device } from "../../../core/device.ts";
import { DrmError } from "../../../core/error.ts";
import type { PciFunction } from "../../../core/vmbus.ts";
import {
  dxgk_vmbus_guestcaps,
  dxgk_vmbus_hostcaps,
  dxgkvmb_command_closeadapter,
  dxgkvmb_command_getinternaladapterinfo,
  dxgkvmb_command_getinternaladapterinfo_return,
  dxgkvmb_command_getinternaladapterinfo_return_flags,
  dxgkvmb_command_openadapter,
  dxgkvmb_command_openadapter_return,
  DXGKVMB_GETINTERNALADAPTERINFO_RETURN_SIZE_V27,
} from "../../../uapi/dxgvmbus_adapter.ts";
import {
  DXGK_PCI_CHANNEL_ID,
  DXGK_PCI_DEVICE_ID_COMPUTE_ACCELERATOR,
  DXGK_PCI_HOST_CAPS,
  DXGK_PCI_INTERFACE_VERSION,
  DXGK_PCI_VGPU_LUID,
  DXGK_VMBUS_INTERFACE_VERSION,
  DXGK_VMBUS_INTERFACE_VERSION_OLD,
  DXGK_VMBUS_LAST_COMPATIBLE_INTERFACE_VERSION,
  DXGK_VMBUS_VGPU_GUID,
  DXGKVMB_VGPU_TO_HOST,
} from "../../../uapi/dxgvmbus_hdr.ts";
import {
  DXGK_VMBCOMMAND_CLOSEADAPTER,
  DXGK_VMBCOMMAND_GETINTERNALADAPTERINFO,
  DXGK_VMBCOMMAND_OPENADAPTER,
} from "../../../uapi/dxgvmbus_number.ts";
import { ntstatusToReturn } from "../../../uapi/ntstatus.ts";
import type { Struct } from "../../../uapi/struct.ts";
import { KernelClient } from "./kernel_client.ts";
import type { DxgGlobal } from "./global.ts";
import { Link } from "./link.ts";
import { Message, type MessageTarget } from "./message.ts";
import type { DxgProcess, ProcessAdapter } from "./process.ts";
import { runNow, type Steps } from "./steps.ts";

/** A LUID: the identity of an adapter until the guest or the host starts anew. */
export interface Luid {
  /** Low 32 bits. */
  readonly a: number;
  /** High 32 bits. */
  readonly b: number;
}

/** An adapter. */
export class DxgAdapter {
  /** All adapters of the bus. */
  readonly global: DxgGlobal;
  /** Its DRM device. */
  readonly device: Device;
  /** The guest's LUID of it. */
  readonly luid: Luid;
  /** Whether it computes and does not render. */
  readonly computeOnly: boolean;
  /** Processes that have it open. */
  readonly processes: Set<ProcessAdapter> = new Set();
  /** The driver's own hold on shared resources. */
  readonly kernel: KernelClient;
  /** The host's handle of it. */
  hostHandle = 0;
  /** The LUID of the adapter behind it, on the host. */
  hostAdapterLuid: Luid = { a: 0, b: 0 };
  /** What the host calls it. */
  description = "";
  #hostLuid: Luid = { a: 0, b: 0 };
  #cached: MessageTarget | undefined;
  readonly #link: Link;
  #active = false;

  /** Starts the adapter of a PCI function. @throws {DrmError} ENODEV without a channel or a common version; what the host says */
  constructor(global: DxgGlobal, device: Device, pci: PciFunction) {
    this.global = global;
    this.device = device;
    this.computeOnly = pci.deviceId === DXGK_PCI_DEVICE_ID_COMPUTE_ACCELERATOR;
    const id = [0, 4, 8, 12].map((offset) => pci.readConfig(DXGK_PCI_CHANNEL_ID + offset));
    this.luid = { a: id[0], b: id[1] };
    this.#negotiate(pci);
    const instance = guid(id);
    const channel = global.bus.devices.find(({ offer }) =>
      offer.type === DXGK_VMBUS_VGPU_GUID && offer.instance === instance
    );
    if (channel === undefined) {
      throw new DrmError("ENODEV", `Cannot start the adapter: the host offers no channel ${instance}`);
    }
    using undo = new DisposableStack();
    global.start(device.system);
    undo.defer(() => global.stop());
    // On this channel the host only answers.
    this.#link = new Link(channel, { packet: () => {}, broken: () => this.lost() });
    undo.defer(() => this.#link.close());
    runNow(this.#open(), global.poll);
    this.kernel = new KernelClient(this);
    this.#active = true;
    global.adapters.add(this);
    undo.move();
  }

  /** The channel for its messages: with asynchronous ones all go by the global channel, so that their order stays. */
  get link(): Link {
    return this.global.isAsync ? this.global.link : this.#link;
  }

  // dxg_pci_probe_device: the guest writes back the version that it speaks, and what it can do.
  #negotiate(pci: PciFunction): void {
    const offered = pci.readConfig(DXGK_PCI_INTERFACE_VERSION);
    if (offered < DXGK_VMBUS_LAST_COMPATIBLE_INTERFACE_VERSION || offered === 0xffff_ffff) {
      throw new DrmError("ENODEV", `Cannot start the adapter: the host's interface version is ${offered}`);
    }
    if (offered < DXGK_VMBUS_INTERFACE_VERSION) {
      this.global.version = DXGK_VMBUS_INTERFACE_VERSION_OLD;
      return;
    }
    pci.writeConfig(DXGK_PCI_INTERFACE_VERSION, DXGK_VMBUS_INTERFACE_VERSION);
    this.#hostLuid = { a: pci.readConfig(DXGK_PCI_VGPU_LUID), b: pci.readConfig(DXGK_PCI_VGPU_LUID + 4) };
    pci.writeConfig(DXGK_PCI_VGPU_LUID, dxgk_vmbus_guestcaps.wsl2);
    this.global.mapsGuestPages = (pci.readConfig(DXGK_PCI_HOST_CAPS) & dxgk_vmbus_hostcaps.map_guest_memory) !== 0;
  }

  *#open(): Steps<void> {
    const open = this.message(DXGK_VMBCOMMAND_OPENADAPTER, dxgkvmb_command_openadapter);
    const body = open.body(dxgkvmb_command_openadapter);
    body.vmbus_interface_version = this.global.version;
    body.vmbus_last_compatible_interface_version = DXGK_VMBUS_LAST_COMPATIBLE_INTERFACE_VERSION;
    body.guest_adapter_luid.a = this.luid.a;
    body.guest_adapter_luid.b = this.luid.b;
    yield open.expects(dxgkvmb_command_openadapter_return.size);
    const opened = open.result(dxgkvmb_command_openadapter_return);
    const status = ntstatusToReturn(opened.status);
    if (status < 0) throw DrmError.of(status);
    this.hostHandle = opened.host_adapter_handle;
    const isOld = this.global.version <= DXGK_VMBUS_INTERFACE_VERSION_OLD;
    const full = dxgkvmb_command_getinternaladapterinfo_return;
    const info = this.message(DXGK_VMBCOMMAND_GETINTERNALADAPTERINFO, dxgkvmb_command_getinternaladapterinfo);
    yield info.expects(isOld ? DXGKVMB_GETINTERNALADAPTERINFO_RETURN_SIZE_V27 : full.size);
    const bytes = new Uint8Array(full.size);
    bytes.set(info.reply.subarray(0, full.size));
    const facts = full.at(bytes);
    this.hostAdapterLuid = { a: facts.host_adapter_luid.a, b: facts.host_adapter_luid.b };
    if (!isOld) {
      this.#hostLuid = { a: facts.host_vgpu_luid.a, b: facts.host_vgpu_luid.b };
      const bits = dxgkvmb_command_getinternaladapterinfo_return_flags;
      this.global.isAsync = (facts.flags & bits.async_msg_enabled) !== 0;
    }
    this.description = text(facts.device_description);
  }

  /** A message for the virtual GPU. @param size bytes, more than the struct's for what follows it. */
  message<T>(type: number, struct: Struct<T>, process?: DxgProcess, size = struct.size, isAsync = false): Message {
    return new Message(this.#target(), type, size, process?.hostHandle ?? 0, isAsync);
  }

  // Made anew when the channel for its messages is another one.
  #target(): MessageTarget {
    const { link } = this;
    if (this.#cached?.link !== link || this.#cached.luid !== this.#hostLuid) {
      this.#cached = { link, version: this.global.version, kind: DXGKVMB_VGPU_TO_HOST, luid: this.#hostLuid };
    }
    return this.#cached;
  }

  /** dxgadapter_acquire_lock_shared. Throws ENODEV once it has stopped. */
  enter(): void {
    if (!this.#active) throw new DrmError("ENODEV", `Cannot use the adapter ${this.description}: it has stopped`);
  }

  /** Whether it runs. */
  get isActive(): boolean {
    return this.#active;
  }

  /** Nothing more comes from the host: who waits goes on. */
  lost(): void {
    if (!this.#active) return;
    this.#active = false;
    this.kernel.detach();
    for (const { process } of this.processes) process.abandon(this);
    this.global.events.clear(this);
  }

  /** The adapter goes away: its handles stay, and everything answers ENODEV. */
  stop(): void {
    this.global.adapters.delete(this);
    if (this.#active) {
      this.lost();
      try {
        runNow(this.#close(), this.global.poll);
      } catch (error) {
        if (!(error instanceof DrmError)) throw error; // the host is gone before the adapter
      }
    }
    this.kernel.forget();
    this.#link.close();
    this.global.stop();
  }

  *#close(): Steps<void> {
    const message = this.message(DXGK_VMBCOMMAND_CLOSEADAPTER, dxgkvmb_command_closeadapter);
    message.body(dxgkvmb_command_closeadapter).host_handle = this.hostHandle;
    yield message;
  }
}

/** A GUID as text: the first three parts are little-endian. */
function guid(words: readonly number[]): string {
  const bytes = new Uint8Array(Uint32Array.from(words).buffer);
  const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
  const hex = order.map((i) => bytes[i].toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function text(units: { readonly length: number; readonly [index: number]: number }): string {
  let out = "";
  for (let i = 0; i < units.length && units[i] !== 0; i++) out += String.fromCharCode(units[i]);
  return out;
}
