/**
 * What a host process tells the guest on its own, checked: events that were named to it, states of its own devices.
 * @module
 */

import type { VmbusPacket } from "../../../../core/vmbus.ts";
import { DXGKVMB_HOST_TO_VM } from "../../../../uapi/dxgvmbus_hdr.ts";
import {
  DXGK_VMBCOMMAND_SENDWNFNOTIFICATION,
  DXGK_VMBCOMMAND_SETGUESTDATA,
  DXGK_VMBCOMMAND_SIGNALGUESTEVENT,
} from "../../../../uapi/dxgvmbus_number.ts";
import { dxgkvmb_command_setguestdata, dxgkvmb_command_signalguestevent } from "../../../../uapi/dxgvmbus_process.ts";
import type { GuestEvents } from "../guest_events.ts";
import type { HostProcess } from "./host_process.ts";
import { spend } from "./rewriter.ts";

const SIGNAL = dxgkvmb_command_signalguestevent;
const SET = dxgkvmb_command_setguestdata;
const HEADER = 24;

/** Passes on what a process tells the guest; what is not its own has no effect. @returns false for what no host says */
export function passOn(process: HostProcess, events: GuestEvents, packet: VmbusPacket): boolean {
  const { view, data, length, wantsCompletion } = packet;
  if (wantsCompletion || length < HEADER || view.getUint32(12, true) !== DXGKVMB_HOST_TO_VM) return false;
  switch (view.getUint32(16, true)) {
    case DXGK_VMBCOMMAND_SIGNALGUESTEVENT: {
      if (length < SIGNAL.size) return false;
      const { event, dereference_event } = SIGNAL.at(data);
      const how = spend(process, event);
      if (how === "again") events.notify(event, process.pid);
      else if (how === "once") events.signal(event, process.pid, dereference_event !== 0);
      return true;
    }
    case DXGK_VMBCOMMAND_SETGUESTDATA: {
      if (length < SET.size) return false;
      const { guest_pointer, data32 } = SET.at(data);
      if (process.cookies.has(guest_pointer)) events.setGuestData(guest_pointer, data32);
      return true;
    }
    case DXGK_VMBCOMMAND_SENDWNFNOTIFICATION:
      events.sendWnf();
      return true;
  }
  return false;
}
