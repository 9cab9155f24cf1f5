// The runner, run over small projects: that it counts right, and that nothing broken passes.
import { assertEquals, assertStringIncludes } from "@std/assert";

/** Runs tests/run.ts in a project of the given files; returns its last line and exit code. */
async function run(
  files: Record<string, string>,
  ...args: string[]
): Promise<{ last: string; code: number; all: string }> {
  const root = Deno.makeTempDirSync({ prefix: "udrm-run-" });
  try {
    const own = { "tests/run.ts": "run.ts", "tests/junit.ts": "junit.ts" };
    const all: Record<string, string> = {
      "deno.json": '{"name":"@a/b","version":"1.0.0","exports":"./core/a.ts"}',
      ...files,
    };
    for (const [path, name] of Object.entries(own)) all[path] = Deno.readTextFileSync(new URL(name, import.meta.url));
    for (const [path, text] of Object.entries(all)) {
      Deno.mkdirSync(`${root}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
      Deno.writeTextFileSync(`${root}/${path}`, text);
    }
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "tests/run.ts", ...args],
      cwd: root,
      env: { NO_COLOR: "1" },
    }).output();
    const text = new TextDecoder().decode(stdout);
    return { code, last: text.trimEnd().split("\n").at(-1) ?? "", all: text + new TextDecoder().decode(stderr) };
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}

const GOOD = 'Deno.test("good", () => {});\n';
const BAD = 'Deno.test("bad", () => { throw new Error("no"); });\n';

Deno.test("run.ts sums both passes; core has no permission, the rest has all, doc examples run", async () => {
  const { last, code, all } = await run({
    "core/a.ts":
      '/** One.\n * ```ts\n * import { one } from "@a/b";\n * if (one !== 1) throw new Error();\n * ```\n */\nexport const one = 1;\n',
    "core/a_test.ts":
      'Deno.test("denied", () => { try { Deno.env.get("HOME"); } catch { return; } throw new Error("allowed"); });\n',
    "drivers/b_test.ts": 'Deno.test("allowed", () => { Deno.env.get("HOME"); });\nDeno.test.ignore("no", () => {});\n',
  }, "--verbose");
  assertEquals([last, code], ["3 passed, 0 failed", 0]);
  assertStringIncludes(all, "./drivers/b_test.ts");
});

Deno.test("run.ts fails for a failed test, a file that does not load, and types that do not hold", async () => {
  const failed = await run({ "core/a_test.ts": GOOD + BAD, "drivers/b_test.ts": GOOD });
  assertEquals([failed.last, failed.code], ["2 passed, 1 failed", 1]);
  const thrown = await run({ "drivers/b_test.ts": GOOD, "drivers/c_test.ts": 'throw new Error("load");\n' });
  assertEquals([thrown.last, thrown.code], ["1 passed, 1 failed", 1]);
  const types = await run({ "core/a_test.ts": "export const n: number = true;\n" + GOOD, "drivers/b_test.ts": GOOD });
  assertEquals([types.last, types.code], ["1 passed, 1 failed", 1]);
});

Deno.test("run.ts fails for a message of Vulkan's validation, and for no test at all", async () => {
  const log =
    'Deno.test("vk", () => Deno.writeTextFileSync(Deno.env.get("UDRM_VULKAN_VALIDATION_LOG")!, "VUID-1\\n"));\n';
  const noisy = await run({ "drivers/b_test.ts": log });
  assertEquals([noisy.last, noisy.code], ["1 passed, 1 failed", 1]);
  assertStringIncludes(noisy.all, "VUID-1");
  const none = await run({ "drivers/b_test.ts": GOOD }, "no-such-name");
  assertEquals([none.last, none.code], ["0 passed, 1 failed", 1]);
  assertStringIncludes(none.all, "no file and no test's name is like no-such-name");
  const option = await run({ "drivers/b_test.ts": GOOD }, "--lunch");
  assertEquals([option.last, option.code], ["", 2]);
  assertStringIncludes(option.all, "There is no option --lunch");
});

Deno.test("run.ts takes paths and parts of names", async () => {
  const files = { "core/a_test.ts": GOOD, "drivers/b_test.ts": GOOD + 'Deno.test("better", () => {});\n' + BAD };
  assertEquals((await run(files, "drivers", "bet", "goo")).last, "2 passed, 0 failed");
  assertEquals((await run(files, "core/a_test.ts")).last, "1 passed, 0 failed");
});
