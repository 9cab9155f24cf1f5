/**
 * A client of /dev/dxg: from the ioctl that submits a buffer to the value in its fence page, with the host in this process and with a
 * host process of its own. Serves `dxg.ts`.
 */
import { createSystem, drivers } from "../../mod.ts";
import * as k from "../../uapi/d3dkmthk.ts";
import * as isa from "../../uapi/dxp_isa.ts";
import { Client } from "../dxg/rig.ts";

/** ns from submitting to the fence's value, the best round; the client looks at its page until it is there. */
export function submitToSignal(isolate: "none" | "process", rounds: number): number {
  using system = createSystem({ pages: "memfd", clock: "monotonic", drivers: [drivers.dxg({ isolate })] });
  const client = new Client(system.process());
  const { allocation } = client.allocate(client.privateData(4096));
  const target = Number(client.map(allocation, 1));
  client.resident(allocation);
  const { address, length } = client.commands((writer) => writer.put(isa.DXP_FILL, [target, 4, 1]));
  const made = k.d3dkmt_createhwqueue.of({ context: client.context });
  client.dxg.ioctl(k.LX_DXCREATEHWQUEUE, made);
  const page = client.task.at(made.queue_progress_fence_cpu_va, 8);
  const fence = new BigUint64Array(page.buffer, page.byteOffset, 1);
  const submit = k.d3dkmt_submitcommandtohwqueue.of({
    hwqueue: made.queue,
    command_buffer: address,
    command_length: length,
  });
  let best = Infinity;
  for (let i = 1; i <= rounds; i++) {
    const value = BigInt(i);
    submit.hwqueue_progress_fence_id = value;
    const start = performance.now();
    client.dxg.ioctl(k.LX_DXSUBMITCOMMANDTOHWQUEUE, submit);
    // In this process nobody else completes it.
    while (Atomics.load(fence, 0) < value) if (isolate === "none") system.pump();
    best = Math.min(best, performance.now() - start);
  }
  return best * 1e6;
}
