/**
 * The process that serves one client of `udrm vtest`: its arguments are the socket to the supervisor, the process that started it, and
 * the GPU.
 * @module
 */

import { serveOne } from "../drivers/bus/vtest/serve_one.ts";
import { dieWithParent } from "../drivers/os/parent.ts";
import { openRenderer } from "./vtest_renderer.ts";

const [control, parent, gpu] = Deno.args;
// A terminal's Ctrl-C is for the command, which ends its processes itself.
Deno.addSignalListener("SIGINT", () => {});
if (!dieWithParent(Number(parent))) Deno.exit(1);
Deno.exit(serveOne(Number(control), () => openRenderer(gpu)) ? 0 : 1);
