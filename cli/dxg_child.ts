/**
 * The host process of one client of /dev/dxg: its arguments are the process that started it, and the GPU. Descriptor 3 is the socket
 * to the broker.
 * @module
 */

import { ringChannel } from "../drivers/bus/vmbus/channel.ts";
import { serveDxgProcess } from "../drivers/host/dxg/isolated/serve.ts";
import { packets } from "../drivers/host/render/packets/mod.ts";
import { dieWithParent } from "../drivers/os/parent.ts";

const [parent, gpu] = Deno.args;
if (!dieWithParent(Number(parent))) Deno.exit(1);
const served = serveDxgProcess({
  control: 3,
  wire: ringChannel,
  open: () => [packets({ gpu, completionEvents: true })],
});
Deno.exit(served ? 0 : 1);
