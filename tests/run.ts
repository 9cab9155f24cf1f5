// Runs all tests: those of uapi/ and core/ without any permission, then the rest with all. Sums their JUnit reports and closes
// with the line "N passed, N failed". `deno task test [PATH...] [FILTER...] [--verbose]`.
import { parseJunit, type TestResult } from "./junit.ts";

const HELP = `Usage: deno task test [PATH...] [FILTER...] [--verbose]

  PATH        a file or folder of tests; only these are run
  FILTER      part of a test's name; only tests with one of them are run
  --verbose   shows the time each file took
  --help      this text

Example: deno task test core/kms "F12 timeline"`;

/** Folders whose tests run with zero permissions, as the code in them does. */
const PURE = ["uapi", "core"];
/** Run by name alone, `deno task test:guest`: they need a virtual machine and minutes. */
const APART = ["tests/guest"];
/** A run that takes longer hangs. */
const LIMIT_MS = Number(Deno.env.get("UDRM_TEST_TIMEOUT") ?? 1800) * 1000;
const root = new URL("..", import.meta.url);

/** One `deno test`. */
interface Pass {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** What came of a pass. */
interface Sum {
  passed: number;
  failed: number;
  readonly tests: readonly TestResult[];
}

function exists(path: string): boolean {
  try {
    Deno.statSync(new URL(path, root));
    return true;
  } catch {
    return false;
  }
}

/** Whether a folder, relative to the root, holds a TypeScript file: `deno test` fails where there is nothing. */
function hasCode(folder: string): boolean {
  if (!exists(folder)) return false;
  for (const entry of Deno.readDirSync(new URL(`${folder}/`, root))) {
    if (entry.isFile && entry.name.endsWith(".ts")) return true;
    if (entry.isDirectory && hasCode(`${folder}/${entry.name}`)) return true;
  }
  return false;
}

function isPure(path: string): boolean {
  return PURE.some((folder) => path === folder || path.startsWith(`${folder}/`));
}

/** A path as given, relative to the root; undefined if there is no such file. */
function asPath(argument: string): string | undefined {
  const relative = argument.replace(/^\.\//, "").replace(/\/$/, "");
  return relative !== "" && !relative.startsWith("..") && exists(relative) ? relative : undefined;
}

/** The CPU's Vulkan driver, so that results do not depend on the machine's GPU; what the caller chose stays. */
function vulkanEnv(log: string): Record<string, string> {
  const env: Record<string, string> = { UDRM_VULKAN_VALIDATION: "1", UDRM_VULKAN_VALIDATION_LOG: log };
  const chosen = Deno.env.get("VK_ICD_FILENAMES") ?? Deno.env.get("VK_DRIVER_FILES");
  if (chosen !== undefined) {
    console.log(`Vulkan driver, as the environment says: ${chosen}`);
    return env;
  }
  for (const folder of ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"]) {
    try {
      for (const { name } of Deno.readDirSync(folder)) {
        if (/^lvp_icd.*\.json$/.test(name)) return { ...env, VK_ICD_FILENAMES: `${folder}/${name}` };
      }
    } catch { /* no such folder */ }
  }
  console.error("Cannot find lavapipe (lvp_icd*.json): Vulkan tests use whatever driver there is");
  return env;
}

async function runPass(pass: Pass, report: string): Promise<Sum> {
  console.log(`\n== ${pass.name}`);
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), LIMIT_MS);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", `--junit-path=${report}`, ...pass.args],
    env: pass.env,
    cwd: root,
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
    signal: abort.signal,
  }).spawn();
  const { code } = await child.status;
  clearTimeout(timer);
  if (abort.signal.aborted) console.error(`Cannot finish ${pass.name}: still running after ${LIMIT_MS / 1000} s`);
  let tests: TestResult[];
  try {
    tests = parseJunit(Deno.readTextFileSync(report));
  } catch (error) {
    console.error(`Cannot read the report of ${pass.name}: ${error instanceof Error ? error.message : error}`);
    return { passed: 0, failed: 1, tests: [] };
  }
  const count = (outcome: string) => tests.filter((test) => test.outcome === outcome).length;
  const sum = { passed: count("passed"), failed: count("failed"), tests };
  // A file that throws while it loads is in no report: the exit code alone tells.
  if (code !== 0 && sum.failed === 0) sum.failed = 1;
  return sum;
}

function showTimes(tests: readonly TestResult[]): void {
  const files = new Map<string, { seconds: number; count: number }>();
  for (const { file, seconds } of tests) {
    const entry = files.get(file) ?? { seconds: 0, count: 0 };
    entry.seconds += seconds;
    entry.count++;
    files.set(file, entry);
  }
  for (const [file, { seconds, count }] of [...files].sort((a, b) => b[1].seconds - a[1].seconds)) {
    console.log(`${seconds.toFixed(3).padStart(9)} s  ${String(count).padStart(4)} tests  ${file}`);
  }
}

function validationMessages(log: string): number {
  let text = "";
  try {
    text = Deno.readTextFileSync(log).trim();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  if (text === "") return 0;
  const lines = text.split("\n");
  console.error(`\nVulkan validation is not silent (${lines.length} lines):\n${lines.slice(0, 40).join("\n")}`);
  return 1;
}

/** A failed test in a few lines, its steps' own text left to the run's output. */
function describeFailure({ file, name, failure = "" }: TestResult): string {
  // deno-lint-ignore no-control-regex
  const lines = failure.replace(/\x1b\[[\d;]*m/g, "").split("\n").slice(0, 12);
  return [`  ${file}: ${name}`, ...lines.map((line) => `    ${line}`)].join("\n");
}

function filterArgs(words: readonly string[]): string[] {
  if (words.length === 0) return [];
  if (words.length === 1) return [`--filter=${words[0]}`];
  const escaped = words.map((word) => word.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&"));
  return [`--filter=/${escaped.join("|")}/`];
}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    console.log(HELP);
    return 0;
  }
  const unknown = args.find((arg) => arg.startsWith("-") && arg !== "--" && arg !== "--verbose");
  if (unknown !== undefined) {
    console.error(`There is no option ${unknown}; deno task test --help tells what there is`);
    return 2;
  }
  const words = args.filter((arg) => arg !== "--verbose" && arg !== "--");
  const paths = words.map(asPath).filter((path) => path !== undefined);
  const filters = filterArgs(words.filter((word) => asPath(word) === undefined));
  const folder = Deno.makeTempDirSync({ prefix: "udrm-test-" });
  const log = `${folder}/validation.log`;
  const passes: Pass[] = [];
  const pure = paths.length > 0 ? paths.filter(isPure) : PURE.filter(hasCode);
  if (pure.length > 0) {
    passes.push({
      name: `${pure.join(", ")}: no permissions`,
      args: ["--no-prompt", "--doc", ...filters, ...pure],
      env: {},
    });
  }
  const rest = paths.filter((path) => !isPure(path));
  if (paths.length === 0 || rest.length > 0) {
    const targets = paths.length === 0 ? [...PURE, ...APART].map((name) => `--ignore=${name}`) : rest;
    passes.push({
      name: "the rest: all permissions",
      args: ["-A", "--doc", ...filters, ...targets],
      env: vulkanEnv(log),
    });
  }
  const start = performance.now();
  const sums: Sum[] = [];
  for (const [i, pass] of passes.entries()) sums.push(await runPass(pass, `${folder}/report${i}.xml`));
  let failed = sums.reduce((sum, pass) => sum + pass.failed, 0) + validationMessages(log);
  const passed = sums.reduce((sum, pass) => sum + pass.passed, 0);
  const tests = sums.flatMap((pass) => pass.tests);
  if (passed + failed === 0) {
    const what = words.length === 0 ? "" : `: no file and no test's name is like ${words.join(", ")}`;
    console.error(`Cannot pass: no test ran${what}`);
    failed = 1;
  }
  if (args.includes("--verbose")) showTimes(tests.filter(({ outcome }) => outcome !== "skipped"));
  const broken = tests.filter(({ outcome }) => outcome === "failed");
  if (broken.length > 0) console.log(`\nFailed:\n${broken.map(describeFailure).join("\n")}`);
  Deno.removeSync(folder, { recursive: true });
  console.log(`\n${((performance.now() - start) / 1000).toFixed(1)} s`);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
