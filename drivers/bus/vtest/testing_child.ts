/**
 * The process of a client on a renderer for tests.
 * @module
 */

import { dieWithParent } from "../../os/mod.ts";
import { serveOne } from "./serve_one.ts";
import { FakeRenderer } from "./testing_renderer.ts";

const [control, parent, mode] = Deno.args;
if (!dieWithParent(Number(parent))) Deno.exit(1);
serveOne(Number(control), () => {
  if (mode === "none") throw new Error("there is no GPU");
  const renderer = new FakeRenderer();
  if (mode === "hang") renderer.manual = true;
  if (mode === "bench") renderer.keep = false;
  return renderer;
});
Deno.exit(0);
