/**
 * Ioctls that ask about memory, clocks, statistics and processes, and the private calls of drivers. Mirrors ioctl.c.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import type { IoctlEntry } from "../../../core/ioctl.ts";
import * as e from "../../../uapi/d3dkmthk_escape.ts";
import * as r from "../../../uapi/d3dkmthk_residency.ts";
import * as s from "../../../uapi/d3dkmthk_statistics.ts";
import {
  dxgkvmb_command_escape,
  dxgkvmb_command_queryclockcalibration,
  dxgkvmb_command_queryclockcalibration_return,
  dxgkvmb_command_querystatistics,
  dxgkvmb_command_querystatistics_return,
} from "../../../uapi/dxgvmbus_feature.ts";
import { DXG_MAX_VM_BUS_PACKET_SIZE } from "../../../uapi/dxgvmbus_hdr.ts";
import {
  DXGK_VMBCOMMAND_CHANGEVIDEOMEMORYRESERVATION,
  DXGK_VMBCOMMAND_ESCAPE,
  DXGK_VMBCOMMAND_QUERYCLOCKCALIBRATION,
  DXGK_VMBCOMMAND_QUERYSTATISTICS,
  dxgk_vmbcommand_queryvideomemoryinfo,
} from "../../../uapi/dxgvmbus_number.ts";
import {
  dxgkvmb_command_changevideomemoryreservation,
  dxgkvmb_command_queryvideomemoryinfo,
  dxgkvmb_command_queryvideomemoryinfo_return,
} from "../../../uapi/dxgvmbus_residency.ts";
import { ntstatusToReturn } from "../../../uapi/ntstatus.ts";
import { bytesOf } from "../../../uapi/struct.ts";
import type { DxgAdapter } from "./adapter.ts";
import type { Call } from "./call.ts";
import { check, invalid, line, offsetOf, status } from "./handler.ts";
import { adapterByLuid } from "./ioctl_adapter.ts";
import type { DxgProcess } from "./process.ts";
import type { Steps } from "./steps.ts";

/** The largest buffers of a test command (D3DDDI_MAXTESTBUFFERSIZE and so on), bytes. */
const MAX_TEST_BUFFER = 4096;
const MAX_TEST_PRIVATE_DATA = 1024;

function* queryVideoMemoryInfo(process: DxgProcess, call: Call<r.d3dkmt_queryvideomemoryinfo>): Steps {
  const { args } = call;
  if (args.process !== 0n) invalid("Cannot ask for another process's memory");
  const adapter = process.adapter(args.adapter);
  const struct = dxgkvmb_command_queryvideomemoryinfo;
  const message = adapter.message(dxgk_vmbcommand_queryvideomemoryinfo, struct, process);
  const body = message.body(struct);
  body.adapter = adapter.hostHandle;
  body.memory_segment_group = args.memory_segment_group;
  body.physical_adapter_index = args.physical_adapter_index;
  yield message.expects(dxgkvmb_command_queryvideomemoryinfo_return.size);
  const reply = message.result(dxgkvmb_command_queryvideomemoryinfo_return);
  args.budget = reply.budget;
  args.current_usage = reply.current_usage;
  args.current_reservation = reply.current_reservation;
  args.available_for_reservation = reply.available_for_reservation;
  call.out("budget", "current_usage", "current_reservation", "available_for_reservation");
  return 0;
}

function* changeVideoMemoryReservation(
  process: DxgProcess,
  call: Call<r.d3dkmt_changevideomemoryreservation>,
): Steps {
  const { args } = call;
  if (args.process !== 0n) invalid("Cannot reserve another process's memory");
  const adapter = process.adapter(args.adapter);
  const struct = dxgkvmb_command_changevideomemoryreservation;
  const message = adapter.message(DXGK_VMBCOMMAND_CHANGEVIDEOMEMORYRESERVATION, struct, process);
  const body = message.body(struct);
  body.args = args;
  body.args.adapter = 0;
  return yield* status(message);
}

function* queryClockCalibration(process: DxgProcess, call: Call<s.d3dkmt_queryclockcalibration>): Steps {
  const { args } = call;
  const adapter = process.adapter(args.adapter);
  const struct = dxgkvmb_command_queryclockcalibration;
  const message = adapter.message(DXGK_VMBCOMMAND_QUERYCLOCKCALIBRATION, struct, process);
  const body = message.body(struct);
  body.args = args;
  body.args.adapter = adapter.hostHandle;
  yield message.expects(dxgkvmb_command_queryclockcalibration_return.size);
  const reply = message.result(dxgkvmb_command_queryclockcalibration_return);
  args.clock_data = reply.clock_data;
  call.out("clock_data");
  return ntstatusToReturn(reply.status);
}

function* queryStatistics(process: DxgProcess, call: Call<s.d3dkmt_querystatistics>): Steps {
  const { args } = call;
  const { global } = process;
  let of = process;
  if (args.process !== 0n) {
    const found = args.process <= 0x7fff_ffffn ? global.processes.get(Number(args.process)) : undefined;
    of = found ?? invalid(`Cannot ask for statistics of process ${args.process}: it has no device`);
    args.process = 0n;
  }
  const luid = { a: args.adapter_luid.a, b: args.adapter_luid.b };
  const adapter = adapterByLuid(global, luid);
  const struct = dxgkvmb_command_querystatistics;
  const message = adapter.message(DXGK_VMBCOMMAND_QUERYSTATISTICS, struct, of);
  const body = message.body(struct);
  body.args = args;
  body.args.adapter_luid.a = adapter.hostAdapterLuid.a;
  body.args.adapter_luid.b = adapter.hostAdapterLuid.b;
  yield message.expects(dxgkvmb_command_querystatistics_return.size);
  const reply = message.result(dxgkvmb_command_querystatistics_return);
  const result = check(ntstatusToReturn(reply.status));
  args.result = reply.result;
  call.out();
  return result;
}

// The count is 64 bits, and all of them are written.
function enumProcesses(process: DxgProcess, call: Call<s.d3dkmt_enumprocesses>): number {
  const { args } = call;
  const room = args.buffer_count;
  args.buffer_count = 0;
  try {
    const adapter = adapterByLuid(process.global, args.adapter_luid);
    // All clients of a system are in one pid namespace.
    const pids = Uint32Array.from(adapter.processes, (part) => part.process.tgid);
    if (pids.length > room || args.buffer === 0n) {
      args.buffer_count = pids.length;
      throw new DrmError("EOVERFLOW", `Cannot list ${pids.length} processes in ${room}`);
    }
    call.copyOut(args.buffer, new Uint8Array(pids.buffer));
    args.buffer_count = pids.length;
  } finally {
    call.out("buffer_count");
  }
  return 0;
}

/** Sends private data to the host's driver; what comes back has the same length. */
function* sendEscape(
  process: DxgProcess,
  adapter: DxgAdapter,
  call: Call<e.d3dkmt_escape>,
  data: Uint8Array,
): Steps<Uint8Array> {
  const { args } = call;
  const struct = dxgkvmb_command_escape;
  const message = adapter.message(DXGK_VMBCOMMAND_ESCAPE, struct, process, struct.size - 1 + data.length);
  const body = message.body(struct);
  body.adapter = adapter.hostHandle;
  body.device = args.device;
  body.type = args.type;
  body.flags = args.flags;
  body.priv_drv_data_size = data.length;
  body.context = args.context;
  message.part(offsetOf(struct, "priv_drv_data"), data.length).set(data);
  yield message.expects(data.length);
  return message.resultBytes(0, data.length);
}

function* escape(process: DxgProcess, call: Call<e.d3dkmt_escape>): Steps {
  const { args } = call;
  const adapter = process.adapter(args.adapter);
  if (args.type === e._D3DKMT_ESCAPE_DRIVERPRIVATE && (args.flags & e.d3dddi_escapeflags.driver_known_escape) !== 0) {
    if (args.priv_drv_data_size < 4) invalid(`Cannot escape with ${args.priv_drv_data_size} bytes`);
    switch (call.readU32(args.priv_drv_data)) {
      case e._D3DDDI_DRIVERESCAPETYPE_TRANSLATEALLOCATIONHANDLE:
      case e._D3DDDI_DRIVERESCAPETYPE_TRANSLATERESOURCEHANDLE:
        return 0; // handles are the host's own
      case e._D3DDDI_DRIVERESCAPETYPE_BUILDTESTCOMMANDBUFFER:
        return yield* buildTestCommandBuffer(process, adapter, call);
    }
  }
  const size = args.priv_drv_data_size;
  if (size > DXG_MAX_VM_BUS_PACKET_SIZE) invalid(`Cannot escape with ${size} bytes`);
  const data = new Uint8Array(size);
  call.copyIn(args.priv_drv_data, data);
  const answer = yield* sendEscape(process, adapter, call, data);
  try {
    call.copyOut(args.priv_drv_data, answer);
  } catch (error) {
    // So dxgkrnl answers.
    if (error instanceof DrmError) throw new DrmError("EINVAL", error.message);
    throw error;
  }
  return 0;
}

// The two buffers of the command follow its struct on the wire.
function* buildTestCommandBuffer(process: DxgProcess, adapter: DxgAdapter, call: Call<e.d3dkmt_escape>): Steps {
  const { args } = call;
  const struct = e.d3dddi_buildtestcommandbuffer;
  if (args.priv_drv_data_size < struct.size) invalid(`Cannot build a command from ${args.priv_drv_data_size} bytes`);
  const command = call.read(args.priv_drv_data, struct);
  const { dma_buffer: target, dma_buffer_priv_data: privateTarget } = command;
  const size = command.dma_buffer_size, privateSize = command.dma_buffer_priv_data_size;
  if (size < 4 || size > MAX_TEST_BUFFER || privateSize > MAX_TEST_PRIVATE_DATA) {
    invalid(`Cannot build a command of ${size} and ${privateSize} bytes`);
  }
  command.dma_buffer = command.dma_buffer_priv_data = 0n;
  const data = new Uint8Array(struct.size + size + privateSize);
  data.set(bytesOf(command));
  const answer = (yield* sendEscape(process, adapter, call, data)).slice();
  const built = struct.at(answer);
  if (built.dma_buffer_size > size || built.dma_buffer_priv_data_size > privateSize) {
    invalid("Cannot use the host's command: it is longer than the buffers");
  }
  const word = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
  const at = (name: "dma_buffer_size" | "dma_buffer_priv_data_size"): bigint =>
    args.priv_drv_data + BigInt(offsetOf(struct, name));
  call.copyOut(at("dma_buffer_size"), word(built.dma_buffer_size));
  call.copyOut(at("dma_buffer_priv_data_size"), word(built.dma_buffer_priv_data_size));
  call.copyOut(target, answer.subarray(struct.size, struct.size + built.dma_buffer_size));
  const second = struct.size + size;
  call.copyOut(privateTarget, answer.subarray(second, second + built.dma_buffer_priv_data_size));
  return 0;
}

/** Lines of the table. */
export const QUERY_IOCTLS: readonly IoctlEntry[] = [
  line(r.LX_DXQUERYVIDEOMEMORYINFO, r.d3dkmt_queryvideomemoryinfo, queryVideoMemoryInfo),
  line(r.LX_DXCHANGEVIDEOMEMORYRESERVATION, r.d3dkmt_changevideomemoryreservation, changeVideoMemoryReservation),
  line(s.LX_DXQUERYCLOCKCALIBRATION, s.d3dkmt_queryclockcalibration, queryClockCalibration),
  line(s.LX_DXQUERYSTATISTICS, s.d3dkmt_querystatistics, queryStatistics),
  line(s.LX_DXENUMPROCESSES, s.d3dkmt_enumprocesses, enumProcesses),
  line(e.LX_DXESCAPE, e.d3dkmt_escape, escape),
];
