/**
 * `DxgGlobal`: what the driver has once for all adapters of a bus: the global channel, the I/O window, processes, events of the
 * host, and /dev/dxg. It hangs off its bus: two guests in one program never meet. Mirrors dxgglobal and dxgmodule.c.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import type { Process } from "../../../core/process.ts";
import type { Range } from "../../../core/range_allocator.ts";
import type { System } from "../../../core/system.ts";
import type { VmbusBus, VmbusPacket } from "../../../core/vmbus.ts";
import {
  DXGK_VMBCOMMAND_SETGUESTDATA,
  DXGK_VMBCOMMAND_SETIOSPACEREGION,
  DXGK_VMBCOMMAND_SIGNALGUESTEVENT,
  DXGK_VMBCOMMAND_SIGNALGUESTEVENTPASSIVE,
} from "../../../uapi/dxgvmbus_number.ts";
import {
  DXGK_VMBUS_GLOBAL_GUID,
  DXGK_VMBUS_INTERFACE_VERSION,
  DXGKVMB_VM_TO_HOST,
} from "../../../uapi/dxgvmbus_hdr.ts";
import { DxgMessageHeader } from "../../../uapi/dxgvmbus_message.ts";
import {
  dxgkvmb_command_setguestdata,
  dxgkvmb_command_setguestdata_flags,
  dxgkvmb_command_setiospaceregion,
  dxgkvmb_command_signalguestevent,
} from "../../../uapi/dxgvmbus_process.ts";
import type { Struct } from "../../../uapi/struct.ts";
import type { DxgAdapter } from "./adapter.ts";
import { DxgFile } from "./file.ts";
import { HostEvents } from "./host_events.ts";
import { Link } from "./link.ts";
import { Message, type MessageTarget } from "./message.ts";
import { DxgProcess } from "./process.ts";
import { runNow, type Steps } from "./steps.ts";

/** Where the I/O window lies: above all memory. */
const WINDOW_BASE = 2 ** 46;
/** What SETGUESTDATA names to say that a device's state has changed: an arbitrary number, where Linux sends an address. */
export const DEVICE_STATE_COOKIE = 1n;
/** The node. */
export const DXG_NODE = "/dev/dxg";

/** A range of guest-physical addresses that the host fills. */
export interface IoWindow {
  /** First address. */
  readonly base: number;
  /** Bytes. */
  readonly size: number;
}

/** The driver's state for a bus. */
export class DxgGlobal implements MessageTarget {
  /** The bus. */
  readonly bus: VmbusBus;
  readonly kind = DXGKVMB_VM_TO_HOST;
  readonly luid: { readonly a: number; readonly b: number } = { a: 0, b: 0 };
  /** The interface version that both sides speak. */
  version: number = DXGK_VMBUS_INTERFACE_VERSION;
  /** Whether submissions are sent without waiting; all messages of adapters go by the global channel then. */
  isAsync = false;
  /** Whether the host maps guest pages by their numbers; otherwise by a GPADL. */
  mapsGuestPages = false;
  /** The I/O window, once it is open. */
  window: IoWindow = { base: 0, size: 0 };
  /** Adapters that run, in the order of their start. */
  readonly adapters: Set<DxgAdapter> = new Set();
  /** Processes by thread group. */
  readonly processes: Map<number, DxgProcess> = new Map();
  /** What the host may signal. */
  readonly events: HostEvents = new HostEvents();
  /** How often the host has said that the state of some device changed. */
  deviceStateCounter = 0;
  #system: System | undefined;
  #link: Link | undefined;
  #addresses: Range | undefined;
  readonly #header = new DxgMessageHeader();

  /** Nothing is opened yet. @param bus with the host's channels. */
  constructor(bus: VmbusBus) {
    this.bus = bus;
  }

  /** The system that it runs in. Throws ENODEV before the first adapter starts and after the last one stops. */
  get system(): System {
    if (this.#system === undefined) throw stopped();
    return this.#system;
  }

  /** The global channel. Throws as `system`. */
  get link(): Link {
    if (this.#link === undefined) throw stopped();
    return this.#link;
  }

  /** A message of the whole VM, or of a process. @param struct the request. @param process the host's handle. */
  message<T>(type: number, struct: Struct<T>, process = 0): Message {
    return new Message(this, type, struct.size, process);
  }

  /** Looks at the bus. */
  readonly poll = (): boolean => this.bus.poll();

  /** An adapter starts: with the first one the global channel opens, and /dev/dxg appears. Throws what the bus and the host say. */
  start(system: System): void {
    if (this.#system !== undefined) {
      if (this.#system !== system) throw new DrmError("EBUSY", "Cannot drive the bus: another system does");
      return;
    }
    const device = this.bus.devices.find(({ offer }) => offer.type === DXGK_VMBUS_GLOBAL_GUID);
    if (device === undefined) throw new DrmError("ENODEV", "Cannot start dxgkrnl: the host offers no global channel");
    const size = device.offer.mmioMegabytes * 2 ** 20;
    if (!(size > 0)) throw new DrmError("ENOMEM", "Cannot start dxgkrnl: the host asks for no addresses");
    using undo = new DisposableStack();
    this.#system = system;
    const link = this.#link = new Link(device, {
      packet: (packet) => this.#packet(packet),
      broken: (reason) => this.#broken(reason),
    });
    undo.defer(() => {
      link.close();
      this.#link = this.#system = undefined;
    });
    // The host alone places memory there.
    const addresses = this.bus.memory.reserve(WINDOW_BASE, size);
    undo.defer(() => this.bus.memory.release(addresses));
    this.#addresses = addresses;
    this.window = { base: WINDOW_BASE, size };
    runNow(this.#openWindow(), this.poll);
    system.addNode(DXG_NODE, (task, flags) => this.#open(task, flags));
    undo.move();
  }

  /** An adapter has stopped: with the last one all ends. */
  stop(): void {
    const system = this.#system;
    if (this.adapters.size > 0 || system === undefined) return;
    system.removeNode(DXG_NODE);
    for (const process of [...this.processes.values()]) process.forget();
    this.events.clear();
    this.#link?.close();
    if (this.#addresses !== undefined) this.bus.memory.release(this.#addresses);
    this.#link = this.#system = this.#addresses = undefined;
  }

  *#openWindow(): Steps<void> {
    const message = this.message(DXGK_VMBCOMMAND_SETIOSPACEREGION, dxgkvmb_command_setiospaceregion);
    const body = message.body(dxgkvmb_command_setiospaceregion);
    body.start = BigInt(this.window.base);
    body.length = this.window.size;
    yield message.expects(4);
    if (message.status < 0) throw DrmError.of(message.status);
  }

  // dxgk_open: the process is the opener's, however many files it opens.
  #open(task: Process, flags: number): DxgFile {
    let process = this.processes.get(task.tgid);
    if (process === undefined) {
      process = new DxgProcess(this, task.tgid, task.comm);
      // On the list only when it is whole, and found by whoever opens next.
      runNow(process.create(), this.poll);
      this.processes.set(task.tgid, process);
    }
    return new DxgFile(process, flags);
  }

  // Copied by the channel already. What is malformed is ignored: it is the host's mistake.
  #packet(packet: VmbusPacket): void {
    const header = this.#header;
    if (!header.parseGuest(packet.view, packet.length)) return;
    const bytes = packet.data.subarray(0, packet.length);
    switch (header.type) {
      case DXGK_VMBCOMMAND_SIGNALGUESTEVENT:
      case DXGK_VMBCOMMAND_SIGNALGUESTEVENTPASSIVE:
        if (packet.length < dxgkvmb_command_signalguestevent.size) return;
        return this.events.signal(dxgkvmb_command_signalguestevent.at(bytes).event);
      case DXGK_VMBCOMMAND_SETGUESTDATA: {
        if (packet.length < dxgkvmb_command_setguestdata.size) return;
        const { guest_pointer, data32, flags } = dxgkvmb_command_setguestdata.at(bytes);
        const isWord = (flags & dxgkvmb_command_setguestdata_flags.data_type) === 0;
        if (guest_pointer === DEVICE_STATE_COOKIE && isWord && data32 !== 0) this.deviceStateCounter++;
      }
    }
  }

  #broken(reason: string): void {
    const { trace, clock } = this.system;
    if (trace.enabled) {
      trace.emit({ time: clock.now(), floor: "gpu", name: "dxgkrnl_channel_broken", subject: "dxg", result: reason });
    }
    for (const adapter of this.adapters) adapter.lost();
    this.events.clear();
  }
}

function stopped(): DrmError {
  return new DrmError("ENODEV", "Cannot use dxgkrnl: no adapter is there");
}
