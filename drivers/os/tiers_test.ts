// Tests of tiers.ts, by what V8 says of what it compiles.
import { assertEquals } from "@std/assert";
import { compileSooner } from "./tiers.ts";

/** Whether V8 has compiled a function that was called some times. */
async function compiled(calls: number, options: readonly string[]): Promise<boolean> {
  const script = `
    const numbers = new Float64Array(8);
    function addUpSome(at) { let sum = 0; for (let i = 0; i < 3; i++) sum += numbers[i + at & 7]; return sum; }
    let sum = 0;
    for (let i = 0; i < ${calls}; i++) sum += addUpSome(i);`;
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", ...options, "--no-check", `data:text/javascript,${encodeURIComponent(script)}`],
    env: { DENO_V8_FLAGS: "--trace-opt" },
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return /marking .*JSFunction addUpSome .*for optimization to MAGLEV/.test(new TextDecoder().decode(stdout));
}

Deno.test("compileSooner: a function is compiled after some dozens of calls", async () => {
  assertEquals(await compiled(100, compileSooner()), true);
});

Deno.test("compileSooner: without it, that takes hundreds", async () => {
  assertEquals(await compiled(100, []), false);
  assertEquals(await compiled(3000, []), true);
});

Deno.test("compileSooner: a few calls are not worth it, and another V8 is told nothing", async () => {
  assertEquals(await compiled(10, compileSooner()), false);
  assertEquals(compileSooner("13.9.1"), []);
  assertEquals(compileSooner("140.1"), []);
});
