// The process that a soak measures: a server as in the tests' rig, which tells what it holds whenever a line comes on stdin.
// Its first line is the environment for clients; it ends with its stdin.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { drivers } from "udrm/mod.ts";
import { fuzzTable } from "./fuzz_table.ts";
import { Rig } from "./rig.ts";
import { held } from "./soak_held.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** What the process takes, after a collection. */
async function taken(): Promise<Record<string, number>> {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 10)); // what is settled lets go of what it held
    collect();
  }
  const { heapUsed, external } = Deno.memoryUsage();
  const rss = Number(/^VmRSS:\s*(\d+) kB/m.exec(Deno.readTextFileSync("/proc/self/status"))?.[1]) * 1024;
  const maps = Deno.readTextFileSync("/proc/self/maps");
  const buffers = maps.split("\n").filter((line) => line.includes("memfd:")).length;
  return { rss, heap: heapUsed + external, mappings: maps.split("\n").length, "mappings of buffers": buffers };
}

await using rig = await Rig.make((display) => [
  drivers.virtioGpu({ display, name: "pci:0000:00:1f.7" }),
  drivers.vkms(),
  drivers.vgem(),
]);
const print = (value: unknown): void => console.log(JSON.stringify(value));
print({ env: rig.env, table: fuzzTable(rig.system) });
let asked = 0, ended = false;
void (async () => {
  for await (const part of Deno.stdin.readable) asked += part.filter((byte) => byte === 10).length;
  ended = true;
})();
while (!ended) {
  await rig.serve(() => asked > 0 || ended, 1e9);
  if (ended) break;
  asked--;
  // What clients have left goes within moments of their end.
  const end = Date.now() + 5000;
  await rig.serve(() => rig.server.clients + rig.server.files + rig.server.dmaBufs === 0 || Date.now() > end, 10);
  print({
    held: held(rig),
    taken: await taken(),
    errors: rig.errors.map((e) => e instanceof Error ? e.stack : String(e)),
  });
}
