import { assert } from "@std/assert";
import { fileURLToPath } from "node:url";

/** More look for rarer faults. */
const COUNT = Number(Deno.env.get("UDRM_FUZZ_RUNS") ?? 3000);
/** Shaders that may be endless: a mutated loop is. */
const MAX_HANGS = Math.ceil(COUNT / 100);

const child = fileURLToPath(new URL("shader_fuzz_child.ts", import.meta.url));
const config = fileURLToPath(new URL("../../../../deno.json", import.meta.url));

Deno.test("shaders that pass the check do not take the driver down", async () => {
  const seed = 1;
  let first = 0, hangs = 0, passed = 0;
  for (;;) {
    const { code, signal, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--config", config, child, `${seed}`, `${first}`, `${COUNT}`],
    }).output();
    const lines = new TextDecoder().decode(stdout).trim().split("\n");
    const last = lines[lines.length - 1];
    if (code === 0) {
      passed += Number(last.split(" ")[1]);
      break;
    }
    const what = `shader ${last} of seed ${seed}: code ${code}, signal ${signal}\n${new TextDecoder().decode(stderr)}`;
    assert(code === 3 && ++hangs <= MAX_HANGS, what);
    passed += lines.length;
    first = Number(last) + 1;
  }
  // Not all are refused, or this would say little.
  assert(passed > COUNT / 100, `${passed} of ${COUNT} passed`);
});
