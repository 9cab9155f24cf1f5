/**
 * Ioctls about adapters: opening and listing them, and what they are. The guest answers most of them alone. Mirrors ioctl.c.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import type { IoctlEntry } from "../../../core/ioctl.ts";
import * as k from "../../../uapi/d3dkmthk_adapter.ts";
import { dxgkvmb_command_queryadapterinfo } from "../../../uapi/dxgvmbus_adapter.ts";
import {
  dxgkvmb_command_flushheaptransitions,
  dxgkvmb_command_isfeatureenabled,
  dxgkvmb_command_isfeatureenabled_gbl,
  dxgkvmb_command_isfeatureenabled_return,
} from "../../../uapi/dxgvmbus_feature.ts";
import { DXG_MAX_VM_BUS_PACKET_SIZE, DXGK_VMBUS_INTERFACE_VERSION } from "../../../uapi/dxgvmbus_hdr.ts";
import {
  DXGK_VMBCOMMAND_FLUSHHEAPTRANSITIONS,
  DXGK_VMBCOMMAND_ISFEATUREENABLED,
  DXGK_VMBCOMMAND_ISFEATUREENABLED_GLOBAL,
  DXGK_VMBCOMMAND_QUERYADAPTERINFO,
} from "../../../uapi/dxgvmbus_number.ts";
import { ntstatusToReturn, STATUS_NOT_SUPPORTED } from "../../../uapi/ntstatus.ts";
import { bytesOf } from "../../../uapi/struct.ts";
import type { DxgAdapter, Luid } from "./adapter.ts";
import type { Call } from "./call.ts";
import type { DxgGlobal } from "./global.ts";
import { check, invalid, line, offsetOf, status } from "./handler.ts";
import type { Message } from "./message.ts";
import type { DxgProcess } from "./process.ts";
import type { Steps } from "./steps.ts";

/** Adapters that ENUMADAPTERS2 lists at most (D3DKMT_ADAPTERS_MAX). */
const ADAPTERS_MAX = 64;

/** The adapter of a LUID. Throws EINVAL. */
export function adapterByLuid(global: DxgGlobal, luid: Luid): DxgAdapter {
  for (const adapter of global.adapters) {
    if (adapter.isActive && adapter.luid.a === luid.a && adapter.luid.b === luid.b) return adapter;
  }
  return invalid(`Cannot find adapter ${luid.b.toString(16)}:${luid.a.toString(16)}`);
}

function openAdapterFromLuid(process: DxgProcess, call: Call<k.d3dkmt_openadapterfromluid>): number {
  const { args } = call;
  const handle = process.openAdapter(adapterByLuid(process.global, args.adapter_luid));
  try {
    args.adapter_handle = handle;
    call.out("adapter_handle");
    return 0;
  } catch (error) {
    process.closeAdapter(handle);
    throw error;
  }
}

/** Opens adapters, and says what they are. `deliver` copies it out; if that fails, they are closed again. */
function openAll(
  process: DxgProcess,
  withComputeOnly: boolean,
  max: number,
  deliver: (list: Uint8Array[]) => void,
): void {
  const handles: number[] = [];
  try {
    const list: Uint8Array[] = [];
    for (const adapter of process.adapters) {
      if (adapter.computeOnly && !withComputeOnly) continue;
      if (!adapter.isActive) continue;
      if (list.length >= max) throw new DrmError("EOVERFLOW", `Cannot list the adapters: there are more than ${max}`);
      const handle = process.openAdapter(adapter);
      handles.push(handle);
      list.push(bytesOf(k.d3dkmt_adapterinfo.of({ adapter_handle: handle, adapter_luid: adapter.luid })));
    }
    deliver(list);
  } catch (error) {
    for (const handle of handles) process.closeAdapter(handle);
    throw error;
  }
}

function copyList(call: Call<unknown>, address: bigint, list: readonly Uint8Array[]): void {
  const bytes = new Uint8Array(list.length * k.d3dkmt_adapterinfo.size);
  list.forEach((info, i) => bytes.set(info, i * k.d3dkmt_adapterinfo.size));
  call.copyOut(address, bytes);
}

function enumAdapters2(process: DxgProcess, call: Call<k.d3dkmt_enumadapters2>): number {
  const { args } = call;
  const { size } = process.adapters;
  if (args.adapters === 0n) {
    args.num_adapters = size;
    call.out();
    return 0;
  }
  if (args.num_adapters < size) throw new DrmError("EOVERFLOW", `Cannot list ${size} adapters in ${args.num_adapters}`);
  if (args.num_adapters > ADAPTERS_MAX) invalid(`Cannot list ${args.num_adapters} adapters`);
  openAll(process, false, args.num_adapters, (list) => {
    args.num_adapters = list.length;
    call.out();
    copyList(call, args.adapters, list);
  });
  return 0;
}

function enumAdapters3(process: DxgProcess, call: Call<k.d3dkmt_enumadapters3>): number {
  const { args } = call;
  const max = args.adapter_count;
  if (args.adapters === 0n || max === 0) {
    args.adapter_count = process.adapters.size;
    call.out("adapter_count");
    return 0;
  }
  if (max > 0xffff) invalid(`Cannot list ${max} adapters`);
  const withComputeOnly = (args.filter & k.d3dkmt_enumadapters_filter.include_compute_only) !== 0n;
  try {
    openAll(process, withComputeOnly, max, (list) => {
      args.adapter_count = list.length;
      call.out("adapter_count");
      copyList(call, args.adapters, list);
    });
  } catch (error) {
    if (error instanceof DrmError && error.code === "EOVERFLOW") {
      args.adapter_count = process.adapters.size;
      call.out("adapter_count");
    }
    throw error;
  }
  return 0;
}

function closeAdapter(process: DxgProcess, call: Call<k.d3dkmt_closeadapter>): number {
  process.closeAdapter(call.args.adapter_handle);
  return 0;
}

function* queryAdapterInfo(process: DxgProcess, call: Call<k.d3dkmt_queryadapterinfo>): Steps {
  const { args } = call;
  const size = args.private_data_size;
  if (size > DXG_MAX_VM_BUS_PACKET_SIZE || size === 0) invalid(`Cannot ask with ${size} bytes`);
  const adapter = process.adapter(args.adapter);
  const struct = dxgkvmb_command_queryadapterinfo;
  const message = adapter.message(DXGK_VMBCOMMAND_QUERYADAPTERINFO, struct, process, struct.size + size - 1);
  call.copyIn(args.private_data, message.part(offsetOf(struct, "private_data"), size));
  const body = message.body(struct);
  body.query_type = args.type;
  body.private_data_size = size;
  const head = process.global.version >= DXGK_VMBUS_INTERFACE_VERSION ? 4 : 0;
  yield message.expects(head + size);
  const result = head > 0 ? check(message.status) : 0;
  const data = message.resultBytes(head, size).slice();
  if (args.type === k._KMTQAITYPE_ADAPTERTYPE || args.type === k._KMTQAITYPE_ADAPTERTYPE_RENDER) {
    patchAdapterType(data, adapter.computeOnly);
  }
  call.copyOut(args.private_data, data);
  return result;
}

// A virtual GPU has no display, whatever the one behind it has.
function patchAdapterType(data: Uint8Array, computeOnly: boolean): void {
  if (data.length < 4) return;
  const bits = k.d3dkmt_adaptertype;
  const view = new DataView(data.buffer, data.byteOffset);
  const off = bits.display_supported | bits.post_device | bits.indirect_display_device | bits.acg_supported |
    bits.support_set_timings_from_vidpn | bits.detachable | bits.compute_only;
  const type = view.getUint32(0, true) & ~off | bits.paravirtualized | (computeOnly ? bits.compute_only : 0);
  view.setUint32(0, type, true);
}

function* flushHeapTransitions(process: DxgProcess, call: Call<k.d3dkmt_flushheaptransitions>): Steps {
  const adapter = process.adapter(call.args.adapter);
  const struct = dxgkvmb_command_flushheaptransitions;
  return yield* status(adapter.message(DXGK_VMBCOMMAND_FLUSHHEAPTRANSITIONS, struct, process));
}

// Without an adapter the whole VM is asked: dxgkrnl has that message, and never sends it.
function isFeatureEnabled(process: DxgProcess, call: Call<k.d3dkmt_isfeatureenabled>): number | Steps {
  const { args } = call;
  const { global } = process;
  const adapter = args.adapter === 0 ? undefined : process.adapter(args.adapter);
  if (global.version < DXGK_VMBUS_INTERFACE_VERSION) return ntstatusToReturn(STATUS_NOT_SUPPORTED);
  let message: Message;
  if (adapter === undefined) {
    message = global.message(DXGK_VMBCOMMAND_ISFEATUREENABLED_GLOBAL, dxgkvmb_command_isfeatureenabled_gbl);
    message.body(dxgkvmb_command_isfeatureenabled_gbl).feature_id = args.feature_id;
  } else {
    message = adapter.message(DXGK_VMBCOMMAND_ISFEATUREENABLED, dxgkvmb_command_isfeatureenabled);
    message.body(dxgkvmb_command_isfeatureenabled).feature_id = args.feature_id;
  }
  return askFeature(call, message);
}

function* askFeature(call: Call<k.d3dkmt_isfeatureenabled>, message: Message): Steps {
  yield message.expects(dxgkvmb_command_isfeatureenabled_return.size);
  const reply = message.result(dxgkvmb_command_isfeatureenabled_return);
  const result = check(ntstatusToReturn(reply.status));
  call.args.result = reply.result;
  call.out("result");
  return result;
}

/** Lines of the table. */
export const ADAPTER_IOCTLS: readonly IoctlEntry[] = [
  line(k.LX_DXOPENADAPTERFROMLUID, k.d3dkmt_openadapterfromluid, openAdapterFromLuid),
  line(k.LX_DXENUMADAPTERS2, k.d3dkmt_enumadapters2, enumAdapters2, true),
  line(k.LX_DXENUMADAPTERS3, k.d3dkmt_enumadapters3, enumAdapters3, true),
  line(k.LX_DXCLOSEADAPTER, k.d3dkmt_closeadapter, closeAdapter),
  line(k.LX_DXQUERYADAPTERINFO, k.d3dkmt_queryadapterinfo, queryAdapterInfo),
  line(k.LX_DXFLUSHHEAPTRANSITIONS, k.d3dkmt_flushheaptransitions, flushHeapTransitions),
  line(k.LX_ISFEATUREENABLED, k.d3dkmt_isfeatureenabled, isFeatureEnabled),
];
