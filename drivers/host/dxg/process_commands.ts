/**
 * Messages of the whole guest: processes, the I/O window.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import * as uapi from "../../../uapi/dxgvmbus_process.ts";
import { type Struct, VIEW } from "../../../uapi/struct.ts";
import { readUtf16 } from "./adapter_info.ts";
import type { HostCore } from "./host_core.ts";
import { global, type Message, offsetOf } from "./message.ts";
import { DxgProcess } from "./process.ts";

const NAME_OFFSET = offsetOf(uapi.dxgkvmb_command_createprocess as Struct<unknown>, "process_name");
const NAME_UNITS = 260;

/** The messages. */
export function processMessages(host: HostCore): Message[] {
  return [
    global.answer(
      "CREATEPROCESS",
      uapi.dxgkvmb_command_createprocess,
      uapi.dxgkvmb_command_createprocess_return,
      (_, request, reply) => {
        const name = readUtf16(request[VIEW], NAME_OFFSET, NAME_UNITS);
        reply.hprocess = host.processes.add(new DxgProcess(host, request.process_id, name));
        return 0;
      },
    ),
    global.message("DESTROYPROCESS", uapi.dxgkvmb_command_destroyprocess, (call, request) => {
      const process = call.owner();
      host.processes.remove(request.hdr.process);
      process.close();
      return 0;
    }),
    global.message("SETIOSPACEREGION", uapi.dxgkvmb_command_setiospaceregion, (_, request) => {
      if (request.start > BigInt(Number.MAX_SAFE_INTEGER)) throw new DrmError("EINVAL", "Cannot open: no such address");
      host.window.open(request.start, request.length);
      return 0;
    }),
  ];
}
