/**
 * Submission of DMA buffers to contexts and hardware queues. Mirrors ioctl.c.
 * @module
 */

import type { IoctlEntry } from "../../../core/ioctl.ts";
import * as k from "../../../uapi/d3dkmthk_submit.ts";
import {
  dxgkvmb_command_submitcommand,
  dxgkvmb_command_submitcommandtohwqueue,
} from "../../../uapi/dxgvmbus_device.ts";
import { DXG_MAX_VM_BUS_PACKET_SIZE } from "../../../uapi/dxgvmbus_hdr.ts";
import {
  DXGK_VMBCOMMAND_SUBMITCOMMAND,
  DXGK_VMBCOMMAND_SUBMITCOMMANDTOHWQUEUE,
} from "../../../uapi/dxgvmbus_number.ts";
import type { Call } from "./call.ts";
import { check, invalid, line, MAX_BROADCAST_CONTEXT, MAX_COUNT, status } from "./handler.ts";
import type { DxgProcess } from "./process.ts";
import type { Steps } from "./steps.ts";

/** Allocations with history at most. */
const MAX_HISTORY_BUFFERS = 1024;

function* submitCommand(process: DxgProcess, call: Call<k.d3dkmt_submitcommand>): Steps {
  const { args } = call;
  const contexts = args.broadcast_context_count;
  if (contexts > MAX_BROADCAST_CONTEXT || contexts === 0) invalid(`Cannot submit to ${contexts} contexts`);
  const privateSize = args.priv_drv_data_size;
  if (privateSize > DXG_MAX_VM_BUS_PACKET_SIZE) invalid(`Cannot submit ${privateSize} bytes of private data`);
  const history = args.num_history_buffers;
  if (history > MAX_HISTORY_BUFFERS) invalid(`Cannot submit with ${history} history buffers`);
  if (args.num_primaries > MAX_COUNT) invalid(`Cannot submit with ${args.num_primaries} primaries`);
  const { adapter } = process.context(args.broadcast_context[0]).device;
  const struct = dxgkvmb_command_submitcommand;
  const size = struct.size + history * 4 + privateSize;
  const { isAsync } = process.global;
  const message = adapter.message(DXGK_VMBCOMMAND_SUBMITCOMMAND, struct, process, size, isAsync);
  call.copyIn(args.history_buffer_array, message.part(struct.size, history * 4));
  call.copyIn(args.priv_drv_data, message.part(struct.size + history * 4, privateSize));
  const body = message.body(struct);
  body.args = args;
  body.args.priv_drv_data = body.args.history_buffer_array = 0n; // addresses stay on this side
  return yield* status(message);
}

function* submitCommandToHwQueue(process: DxgProcess, call: Call<k.d3dkmt_submitcommandtohwqueue>): Steps {
  const { args } = call;
  const privateSize = args.priv_drv_data_size;
  if (privateSize > DXG_MAX_VM_BUS_PACKET_SIZE) invalid(`Cannot submit ${privateSize} bytes of private data`);
  const primaries = args.num_primaries;
  if (primaries > MAX_COUNT) invalid(`Cannot submit with ${primaries} primaries`);
  const queue = process.hwQueue(args.hwqueue);
  const struct = dxgkvmb_command_submitcommandtohwqueue;
  const size = struct.size + primaries * 4 + privateSize;
  const { isAsync } = process.global;
  const { adapter } = queue.device;
  const message = adapter.message(DXGK_VMBCOMMAND_SUBMITCOMMANDTOHWQUEUE, struct, process, size, isAsync);
  call.copyIn(args.written_primaries, message.part(struct.size, primaries * 4));
  call.copyIn(args.priv_drv_data, message.part(struct.size + primaries * 4, privateSize));
  const body = message.body(struct);
  body.args = args;
  body.args.priv_drv_data = body.args.written_primaries = 0n;
  const result = check(yield* status(message));
  queue.order.signal(queue.fence.values, args.hwqueue_progress_fence_id);
  return result;
}

/** Lines of the table. */
export const SUBMIT_IOCTLS: readonly IoctlEntry[] = [
  line(k.LX_DXSUBMITCOMMAND, k.d3dkmt_submitcommand, submitCommand),
  line(k.LX_DXSUBMITCOMMANDTOHWQUEUE, k.d3dkmt_submitcommandtohwqueue, submitCommandToHwQueue),
];
