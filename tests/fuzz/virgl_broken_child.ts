/**
 * For the test of the fuzzer: a process that plays nothing, and meets the end that its seed says.
 * @module
 */

const [seed, first, count] = Deno.args.map(Number);
const say = (word: unknown) => Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(word)}\n`));

for (let at = first; at < first + count; at++) {
  say({ at });
  if (at !== 3) continue;
  if (seed === 1) Deno.kill(Deno.pid, "SIGKILL");
  if (seed === 2) { for (;;) { /* as a driver that hangs */ } }
  if (seed === 3) Deno.exit(7);
}
say({ done: true, lost: 1, pictures: 2, mib: 3 });
