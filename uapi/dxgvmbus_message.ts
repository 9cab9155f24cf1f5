/**
 * The headers of dxgkrnl's VMBus messages, written and read without a struct view: both sides do it for every message.
 * Mirrors init_message of dxgkrnl's dxgvmbus.c. Messages from the host to the guest have no extended header in any version.
 * @module
 */

import {
  DXGK_VMBUS_INTERFACE_VERSION_OLD,
  DXGKVMB_HOST_TO_VM,
  DXGKVMB_VGPU_TO_HOST,
  DXGKVMB_VM_TO_HOST,
} from "./dxgvmbus_hdr.ts";

/** Bytes of dxgvmb_ext_header. */
const EXT_HEADER = 16;
/** Bytes of a command header. */
const COMMAND_HEADER = 24;
const ASYNC_MSG = 0x100;

/**
 * Writes the headers of a message to the host, zeros where nothing is known.
 *
 * @param version of the interface: above 27 the extended header comes first.
 * @param luidLow and `luidHigh` of the virtual GPU on the host; zeros for messages of the whole VM.
 * @param channel DXGKVMB_VGPU_TO_HOST or DXGKVMB_VM_TO_HOST. @param process the host's handle of the process.
 * @param type the message's number. @param async whether nobody waits.
 * @returns where the command header begins: 16 or 0.
 */
export function putDxgHeader(
  view: DataView,
  version: number,
  luidLow: number,
  luidHigh: number,
  channel: number,
  process: number,
  type: number,
  async: boolean,
): number {
  let at = 0;
  if (version > DXGK_VMBUS_INTERFACE_VERSION_OLD) {
    view.setUint32(0, EXT_HEADER, true);
    view.setUint32(4, 0, true);
    view.setUint32(8, luidLow, true);
    view.setUint32(12, luidHigh, true);
    at = EXT_HEADER;
  }
  putCommandHeader(view, at, channel, process, type, async);
  return at;
}

/** Writes the header of a message to the guest. @param type the message's number. */
export function putDxgGuestHeader(view: DataView, process: number, type: number): void {
  putCommandHeader(view, 0, DXGKVMB_HOST_TO_VM, process, type, false);
}

function putCommandHeader(
  view: DataView,
  at: number,
  channel: number,
  process: number,
  type: number,
  async: boolean,
): void {
  view.setUint32(at, 0, true);
  view.setUint32(at + 4, 0, true);
  view.setUint32(at + 8, process, true);
  view.setUint32(at + 12, channel | (async ? ASYNC_MSG : 0), true);
  view.setUint32(at + 16, type, true);
  view.setUint32(at + 20, 0, true);
}

/** The headers of a message that arrived; filled again and again. */
export class DxgMessageHeader {
  /** Where the command header begins, bytes. */
  at = 0;
  /** Low half of the virtual GPU's LUID; 0 without an extended header. */
  luidLow = 0;
  /** High half of it. */
  luidHigh = 0;
  /** The host's handle of the process. */
  process = 0;
  /** DXGKVMB_*. */
  channel = 0;
  /** Whether nobody waits. */
  async = false;
  /** The message's number. */
  type = 0;

  /**
   * Reads the headers of a message to the host.
   *
   * @param length bytes of the message. @param version of the interface.
   * @returns false if the message is shorter than its headers, the extended header is another one, a reserved bit is set, or
   * the channel is none to the host; what was read before then stands.
   */
  parse(view: DataView, length: number, version: number): boolean {
    let at = 0;
    this.luidLow = this.luidHigh = 0;
    if (version > DXGK_VMBUS_INTERFACE_VERSION_OLD) {
      if (length < EXT_HEADER) return false;
      if (view.getUint32(0, true) !== EXT_HEADER || view.getUint32(4, true) !== 0) return false;
      this.luidLow = view.getUint32(8, true);
      this.luidHigh = view.getUint32(12, true);
      at = EXT_HEADER;
    }
    return this.#command(view, at, length) &&
      (this.channel === DXGKVMB_VGPU_TO_HOST || (this.channel === DXGKVMB_VM_TO_HOST && !this.async));
  }

  /** Reads the header of a message to the guest. As `parse`. */
  parseGuest(view: DataView, length: number): boolean {
    this.luidLow = this.luidHigh = 0;
    return this.#command(view, 0, length) && this.channel === DXGKVMB_HOST_TO_VM;
  }

  #command(view: DataView, at: number, length: number): boolean {
    if (length < at + COMMAND_HEADER || view.byteLength < at + COMMAND_HEADER) return false;
    this.at = at;
    this.process = view.getUint32(at + 8, true);
    const bits = view.getUint32(at + 12, true);
    this.channel = bits & 0xff;
    this.async = (bits & ASYNC_MSG) !== 0;
    this.type = view.getUint32(at + 16, true);
    return bits >>> 9 === 0;
  }
}
