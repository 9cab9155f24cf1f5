import { assert, assertEquals } from "@std/assert";

function run(env: Record<string, string>): string {
  const module = new URL("./heap.ts", import.meta.url).href;
  const script = `
    import { keepHeap } from ${JSON.stringify(module)};
    const { symbols: c } = Deno.dlopen("libc.so.6", {
      malloc: { parameters: ["usize"], result: "u64" }, free: { parameters: ["u64"], result: "void" },
      memset: { parameters: ["u64", "i32", "usize"], result: "u64" },
    });
    const kept = keepHeap();
    const faults = () => Number(Deno.readTextFileSync("/proc/self/stat").split(") ")[1].split(" ")[7]);
    const take = () => { const at = c.malloc(8n << 20n); c.memset(at, 1, 8n << 20n); c.free(at); };
    take();
    const before = faults();
    for (let i = 0; i < 8; i++) take();
    console.log(kept, faults() - before > 8 * 1024);`;
  const { stdout, stderr, success } = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", script],
    env,
  }).outputSync();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim();
}

Deno.test("keepHeap: memory that was freed is there again without page faults", () => {
  assertEquals(run({}), "true false");
});

Deno.test("keepHeap: what the environment says of the heap is obeyed, and faults come back", () => {
  assertEquals(run({ MALLOC_MMAP_THRESHOLD_: "131072", MALLOC_TRIM_THRESHOLD_: "131072" }), "false true");
});
