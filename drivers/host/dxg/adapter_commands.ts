/**
 * Messages about adapters: opening, what they are, features, escapes, clocks.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import {
  _DXGK_FEATURE_HWSCH,
  _DXGK_FEATURE_KERNEL_MODE_TESTING,
  _DXGK_FEATURE_PAGE_BASED_MEMORY_MANAGER,
  dxgk_isfeatureenabled_result_flags,
} from "../../../uapi/d3dkmthk_adapter.ts";
import * as escape from "../../../uapi/d3dkmthk_escape.ts";
import * as uapi from "../../../uapi/dxgvmbus_adapter.ts";
import * as feature from "../../../uapi/dxgvmbus_feature.ts";
import {
  DXGK_VMBUS_INTERFACE_VERSION_OLD,
  DXGK_VMBUS_LAST_COMPATIBLE_INTERFACE_VERSION,
} from "../../../uapi/dxgvmbus_hdr.ts";
import { type Struct, VIEW, type View } from "../../../uapi/struct.ts";
import { queryAdapterInfo, writeUtf16 } from "./adapter_info.ts";
import type { Call } from "./call.ts";
import type { HostCore } from "./host_core.ts";
import { global, type Message, offsetOf, vgpu } from "./message.ts";
import { queryStatistics } from "./statistics.ts";

const ESCAPE_DATA = offsetOf(feature.dxgkvmb_command_escape as Struct<unknown>, "priv_drv_data");
const ADAPTER_DATA = offsetOf(uapi.dxgkvmb_command_queryadapterinfo as Struct<unknown>, "private_data");

function internalInfo(
  call: Call,
  isAsync: boolean,
  reply: View<uapi.dxgkvmb_command_getinternaladapterinfo_return>,
): number {
  const adapter = call.target();
  const flags = uapi.dxgkvmb_command_getinternaladapterinfo_return_flags;
  reply.device_types = uapi.dxgk_device_types.virtual_render_device |
    (adapter.info.type === "cpu" ? uapi.dxgk_device_types.software_device : 0);
  // Messages on the global channel name their adapter in the extended header, which old versions have not.
  reply.flags = flags.hw_sch_enabled | flags.hw_sch_capable | (isAsync ? flags.async_msg_enabled : 0);
  reply.driver_ddi_version = 0x7000; // WDDM 2.7
  reply.host_adapter_luid.a = reply.host_vgpu_luid.a = adapter.luid.a;
  reply.host_adapter_luid.b = reply.host_vgpu_luid.b = adapter.luid.b;
  const view = reply[VIEW];
  const at = (name: string): number =>
    offsetOf(uapi.dxgkvmb_command_getinternaladapterinfo_return as Struct<unknown>, name);
  writeUtf16(view, at("device_description"), 80, adapter.info.name);
  const hex = (n: number): string => n.toString(16).padStart(4, "0").toUpperCase();
  const id = `PCI\\VEN_${hex(adapter.info.vendorId)}&DEV_${hex(adapter.info.deviceId)}`;
  writeUtf16(view, at("device_instance_id"), 260, id);
  if (call.version <= DXGK_VMBUS_INTERFACE_VERSION_OLD) {
    call.replyLength = uapi.DXGKVMB_GETINTERNALADAPTERINFO_RETURN_SIZE_V27;
  }
  return 0;
}

function isFeatureEnabled(id: number, reply: View<feature.dxgkvmb_command_isfeatureenabled_return>): number {
  const bits = dxgk_isfeatureenabled_result_flags;
  const isKnown = id === _DXGK_FEATURE_HWSCH || id === _DXGK_FEATURE_PAGE_BASED_MEMORY_MANAGER ||
    id === _DXGK_FEATURE_KERNEL_MODE_TESTING;
  if (!isKnown) return 0; // a feature that nobody knows is not enabled: no error
  const isOn = id === _DXGK_FEATURE_HWSCH;
  reply.descriptor.min_supported_version = reply.descriptor.max_supported_version = isOn ? 1 : 0;
  reply.descriptor.flags = isOn ? feature.dxgk_feature_desc_flags.supported : 0;
  reply.result.version = isOn ? 1 : 0;
  reply.result.value = bits.known_feature |
    (isOn ? bits.enabled | bits.supported_by_driver | bits.supported_on_config : 0);
  return 0;
}

/** Known escapes; there are no others, because everything that a driver needs to know is in UMDRIVERPRIVATE. */
function knownEscape(call: Call, request: View<feature.dxgkvmb_command_escape>): number {
  const process = call.owner();
  const size = request.priv_drv_data_size;
  const data = call.bytes(ESCAPE_DATA, size);
  if (request.device !== 0) process.device(request.device);
  if (request.context !== 0) process.context(request.context);
  const isKnown = (request.flags & escape.d3dddi_escapeflags.driver_known_escape) !== 0;
  if (request.type !== escape._D3DKMT_ESCAPE_DRIVERPRIVATE || !isKnown || size < 8) {
    throw new DrmError("EPERM", `Cannot escape: type ${request.type} with ${size} bytes is none of the known escapes`);
  }
  const kind = call.u32(ESCAPE_DATA);
  const handle = call.u32(ESCAPE_DATA + 4);
  call.grow(size);
  call.reply.set(data);
  switch (kind) {
    // The driver's handle of an object is the object's: there is one table.
    case escape._D3DDDI_DRIVERESCAPETYPE_TRANSLATEALLOCATIONHANDLE:
      process.allocation(handle);
      return 0;
    case escape._D3DDDI_DRIVERESCAPETYPE_TRANSLATERESOURCEHANDLE:
      process.resource(handle);
      return 0;
    // Usage words that say when a CPU notification is signalled; ours are signalled by every queue.
    case escape._D3DDDI_DRIVERESCAPETYPE_CPUEVENTUSAGE:
      process.sync(handle);
      return 0;
    default:
      throw new DrmError("EPERM", `Cannot escape: no driver here knows escape ${kind}`);
  }
}

/** The messages. @param isAsync whether the guest may send without waiting. */
export function adapterMessages(host: HostCore, isAsync: () => boolean): Message[] {
  return [
    vgpu.answer(
      "OPENADAPTER",
      uapi.dxgkvmb_command_openadapter,
      uapi.dxgkvmb_command_openadapter_return,
      (call, q, r) => {
        const adapter = call.target();
        adapter.checkPresent();
        r.vmbus_interface_version = call.version;
        r.vmbus_last_compatible_interface_version = DXGK_VMBUS_LAST_COMPATIBLE_INTERFACE_VERSION;
        if (q.vmbus_last_compatible_interface_version > call.version) {
          throw new DrmError("EPERM", `Cannot open the adapter: the guest needs version ${q.vmbus_interface_version}`);
        }
        adapter.handle = r.host_adapter_handle = 1 + host.adapters.indexOf(adapter);
        return 0;
      },
    ),
    vgpu.message("CLOSEADAPTER", uapi.dxgkvmb_command_closeadapter, (call, request) => {
      const adapter = call.target();
      if (adapter.handle === 0 || request.host_handle !== adapter.handle) {
        throw new DrmError("EBADF", `Cannot close adapter 0x${request.host_handle.toString(16)}`);
      }
      adapter.handle = 0;
      for (const device of [...adapter.devices]) device.close();
      return 0;
    }),
    vgpu.answer(
      "GETINTERNALADAPTERINFO",
      uapi.dxgkvmb_command_getinternaladapterinfo,
      uapi.dxgkvmb_command_getinternaladapterinfo_return,
      (call, _, reply) => internalInfo(call, isAsync(), reply),
    ),
    vgpu.message("QUERYADAPTERINFO", uapi.dxgkvmb_command_queryadapterinfo, (call, request) => {
      const size = request.private_data_size;
      const blob = call.bytes(ADAPTER_DATA, size);
      queryAdapterInfo(call.target(), request.query_type, blob);
      const at = call.replyLength; // the status, from version 40 on
      call.grow(at + size);
      call.reply.set(blob, at);
      return 0;
    }),
    vgpu.answer(
      "ISFEATUREENABLED",
      feature.dxgkvmb_command_isfeatureenabled,
      feature.dxgkvmb_command_isfeatureenabled_return,
      (_, request, reply) => isFeatureEnabled(request.feature_id, reply),
    ),
    global.answer(
      "ISFEATUREENABLED_GLOBAL",
      feature.dxgkvmb_command_isfeatureenabled_gbl,
      feature.dxgkvmb_command_isfeatureenabled_return,
      (_, request, reply) => isFeatureEnabled(request.feature_id, reply),
    ),
    vgpu.message("ESCAPE", feature.dxgkvmb_command_escape, knownEscape),
    vgpu.message("FLUSHHEAPTRANSITIONS", feature.dxgkvmb_command_flushheaptransitions, () => {
      // Transitions of heaps are moves between segments: those that wait go on now.
      host.scheduler.resume();
      return 0;
    }),
    vgpu.answer(
      "QUERYSTATISTICS",
      feature.dxgkvmb_command_querystatistics,
      feature.dxgkvmb_command_querystatistics_return,
      (call, request, reply) => {
        queryStatistics(host, call.target(), call.owner(), request.args, reply.result);
        return 0;
      },
    ),
    vgpu.answer(
      "QUERYCLOCKCALIBRATION",
      feature.dxgkvmb_command_queryclockcalibration,
      feature.dxgkvmb_command_queryclockcalibration_return,
      (call, { args }, reply) => {
        const { engine, info } = call.target();
        call.target().checkPresent();
        if (args.node_ordinal >= info.nodes.length || args.physical_adapter_index !== 0) {
          throw new DrmError("EINVAL", `Cannot read the clock of node ${args.node_ordinal}`);
        }
        const { gpu, cpuNs } = engine.calibrate();
        reply.clock_data.gpu_frequency = BigInt(Math.round(info.timestampFrequency));
        reply.clock_data.gpu_clock_counter = BigInt(Math.round(gpu));
        reply.clock_data.cpu_clock_counter = BigInt(Math.round(cpuNs));
        return 0;
      },
    ),
  ];
}
