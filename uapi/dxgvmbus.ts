/**
 * The messages between dxgkrnl and its host over VMBus: everything of dxgkrnl's dxgvmbus.h, and the tables of messages,
 * which both sides' dispatch, trace, fuzzer and documentation read.
 * @module
 */

import { type DxgCommand, dxgCommand as command, NONE, NTSTATUS, reply } from "./dxgvmbus_command.ts";
import { DXGK_VMBUS_INTERFACE_VERSION } from "./dxgvmbus_hdr.ts";
import * as feature from "./dxgvmbus_feature.ts";
import * as hdr from "./dxgvmbus_hdr.ts";
import * as number from "./dxgvmbus_number.ts";
import * as process from "./dxgvmbus_process.ts";
import * as sync from "./dxgvmbus_sync.ts";
import { DXGK_VGPU_COMMANDS } from "./dxgvmbus_vgpu.ts";

export * from "./dxgvmbus_adapter.ts";
export * from "./dxgvmbus_allocation.ts";
export * from "./dxgvmbus_device.ts";
export * from "./dxgvmbus_feature.ts";
export * from "./dxgvmbus_hdr.ts";
export * from "./dxgvmbus_lock.ts";
export * from "./dxgvmbus_number.ts";
export * from "./dxgvmbus_paging.ts";
export * from "./dxgvmbus_process.ts";
export * from "./dxgvmbus_residency.ts";
export * from "./dxgvmbus_sync.ts";
export * from "./dxgvmbus_command.ts";
export * from "./dxgvmbus_message.ts";
export * from "./dxgvmbus_vgpu.ts";

/** Messages of the whole VM, on the global channel. */
export const DXGK_GLOBAL_COMMANDS: readonly DxgCommand[] = [
  command(
    "global",
    "CREATEPROCESS",
    number.DXGK_VMBCOMMAND_CREATEPROCESS,
    process.dxgkvmb_command_createprocess,
    reply(process.dxgkvmb_command_createprocess_return),
  ),
  command(
    "global",
    "DESTROYPROCESS",
    number.DXGK_VMBCOMMAND_DESTROYPROCESS,
    process.dxgkvmb_command_destroyprocess,
    NTSTATUS,
  ),
  command(
    "global",
    "OPENSYNCOBJECT",
    number.DXGK_VMBCOMMAND_OPENSYNCOBJECT,
    sync.dxgkvmb_command_opensyncobject,
    reply(sync.dxgkvmb_command_opensyncobject_return),
  ),
  command(
    "global",
    "DESTROYSYNCOBJECT",
    number.DXGK_VMBCOMMAND_DESTROYSYNCOBJECT,
    sync.dxgkvmb_command_destroysyncobject,
    NTSTATUS,
  ),
  command(
    "global",
    "CREATENTSHAREDOBJECT",
    number.DXGK_VMBCOMMAND_CREATENTSHAREDOBJECT,
    process.dxgkvmb_command_createntsharedobject,
    NTSTATUS,
  ),
  command(
    "global",
    "DESTROYNTSHAREDOBJECT",
    number.DXGK_VMBCOMMAND_DESTROYNTSHAREDOBJECT,
    process.dxgkvmb_command_destroyntsharedobject,
    NTSTATUS,
  ),
  command(
    "global",
    "SETIOSPACEREGION",
    number.DXGK_VMBCOMMAND_SETIOSPACEREGION,
    process.dxgkvmb_command_setiospaceregion,
    NTSTATUS,
  ),
  command(
    "global",
    "SHAREOBJECTWITHHOST",
    number.DXGK_VMBCOMMAND_SHAREOBJECTWITHHOST,
    process.dxgkvmb_command_shareobjectwithhost,
    reply(process.dxgkvmb_command_shareobjectwithhost_return),
  ),
  command(
    "global",
    "ISFEATUREENABLED_GLOBAL",
    number.DXGK_VMBCOMMAND_ISFEATUREENABLED_GLOBAL,
    feature.dxgkvmb_command_isfeatureenabled_gbl,
    reply(feature.dxgkvmb_command_isfeatureenabled_return),
    { minVersion: DXGK_VMBUS_INTERFACE_VERSION },
  ),
];

/** Messages from the host to the guest, on the global channel. */
export const DXGK_GUEST_COMMANDS: readonly DxgCommand[] = [
  command(
    "guest",
    "SIGNALGUESTEVENT",
    number.DXGK_VMBCOMMAND_SIGNALGUESTEVENT,
    process.dxgkvmb_command_signalguestevent,
    NONE,
  ),
  command("guest", "SETGUESTDATA", number.DXGK_VMBCOMMAND_SETGUESTDATA, process.dxgkvmb_command_setguestdata, NONE),
  command(
    "guest",
    "SIGNALGUESTEVENTPASSIVE",
    number.DXGK_VMBCOMMAND_SIGNALGUESTEVENTPASSIVE,
    process.dxgkvmb_command_signalguestevent,
    NONE,
  ),
  command(
    "guest",
    "SENDWNFNOTIFICATION",
    number.DXGK_VMBCOMMAND_SENDWNFNOTIFICATION,
    hdr.dxgkvmb_command_host_to_vm,
    NONE,
  ),
];

/** Numbers that have a name and that no guest sends, by channel. */
export const DXGK_UNUSED_COMMANDS: Readonly<Record<DxgCommand["channel"], ReadonlyMap<number, string>>> = {
  global: new Map([
    [number.DXGK_VMBCOMMAND_SIGNALFENCE, "SIGNALFENCE"],
    [number.DXGK_VMBCOMMAND_NOTIFYPROCESSFREEZE, "NOTIFYPROCESSFREEZE"],
    [number.DXGK_VMBCOMMAND_NOTIFYPROCESSTHAW, "NOTIFYPROCESSTHAW"],
    [number.DXGK_VMBCOMMAND_QUERYETWSESSION, "QUERYETWSESSION"],
    [number.DXGK_VMBCOMMAND_COMPLETETRANSACTION, "COMPLETETRANSACTION"],
  ]),
  vgpu: new Map([
    [number.DXGK_VMBCOMMAND_DDIQUERYADAPTERINFO, "DDIQUERYADAPTERINFO"],
    [number.DXGK_VMBCOMMAND_SIGNALFENCENTSHAREDBYREF, "SIGNALFENCENTSHAREDBYREF"],
    [number.DXGK_VMBCOMMAND_ADAPTERSTOP, "ADAPTERSTOP"],
    [number.DXGK_VMBCOMMAND_SETQUEUEDLIMIT, "SETQUEUEDLIMIT"],
    [number.DXGK_VMBCOMMAND_PRESENTHISTORYTOKEN, "PRESENTHISTORYTOKEN"],
    [number.DXGK_VMBCOMMAND_SETREDIRECTEDFLIPFENCEVALUE, "SETREDIRECTEDFLIPFENCEVALUE"],
    [number.DXGK_VMBCOMMAND_BLT, "BLT"],
    [number.DXGK_VMBCOMMAND_CDDGDICOMMAND, "CDDGDICOMMAND"],
    [number.DXGK_VMBCOMMAND_FLUSHADAPTER, "FLUSHADAPTER"],
    [number.DXGK_VMBCOMMAND_DDIGETNODEMETADATA, "DDIGETNODEMETADATA"],
    [number.DXGK_VMBCOMMAND_ISSYNCOBJECTSIGNALED, "ISSYNCOBJECTSIGNALED"],
    [number.DXGK_VMBCOMMAND_CDDSYNCGPUACCESS, "CDDSYNCGPUACCESS"],
    [number.DXGK_VMBCOMMAND_GETDRIVERSTOREFILE, "GETDRIVERSTOREFILE"],
    [number.DXGK_VMBCOMMAND_READDRIVERSTOREFILE, "READDRIVERSTOREFILE"],
    [number.DXGK_VMBCOMMAND_GETNEXTHARDLINK, "GETNEXTHARDLINK"],
    [number.DXGK_VMBCOMMAND_QUERYRESOURCEINFO, "QUERYRESOURCEINFO"],
    [number.DXGK_VMBCOMMAND_LOGEVENT, "LOGEVENT"],
  ]),
  guest: new Map([
    [number.DXGK_VMBCOMMAND_PROPAGATEPRESENTHISTORYTOKEN, "PROPAGATEPRESENTHISTORYTOKEN"],
  ]),
};

const tables: Readonly<Record<DxgCommand["channel"], ReadonlyMap<number, DxgCommand>>> = {
  global: new Map(DXGK_GLOBAL_COMMANDS.map((c) => [c.type, c])),
  vgpu: new Map(DXGK_VGPU_COMMANDS.map((c) => [c.type, c])),
  guest: new Map(DXGK_GUEST_COMMANDS.map((c) => [c.type, c])),
};

/** The message of a number on a channel; undefined for numbers that no one sends. */
export function dxgCommandOf(channel: DxgCommand["channel"], type: number): DxgCommand | undefined {
  return tables[channel].get(type);
}

/** The name of a number on a channel, without DXGK_VMBCOMMAND_; undefined for numbers without one. */
export function dxgCommandName(channel: DxgCommand["channel"], type: number): string | undefined {
  return tables[channel].get(type)?.name ?? DXGK_UNUSED_COMMANDS[channel].get(type);
}
