// The one gate of a change, `deno task ok`: formatting, lint, types, documentation, and all tests. Each step counts as a test in the
// closing line "N passed, N failed". With --no-tests it leaves the tests to its caller.

const HELP = `Usage: deno task ok [--no-tests] [PATH...] [FILTER...] [--verbose]

Checks formatting, lint, types and documentation, then runs the tests as deno task test does with the same words.

  --no-tests  leaves the tests out
  --help      this text`;

const root = new URL("..", import.meta.url);

/** What the project offers to others, from deno.json. */
function entryPoints(): string[] {
  const config = JSON.parse(Deno.readTextFileSync(new URL("deno.json", root)));
  return Object.values<string>(config.exports);
}

async function deno(args: readonly string[]): Promise<boolean> {
  console.log(`\n== deno ${args[0]} ${args.slice(1).join(" ").slice(0, 80)}`);
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: root,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let last = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    Deno.stdout.writeSync(chunk);
    last = (last + decoder.decode(chunk, { stream: true })).slice(-4096);
  }
  const { code } = await child.status;
  const line = last.trimEnd().split("\n").at(-1) ?? "";
  const sum = /^(\d+) passed, (\d+) failed$/.exec(line);
  if (sum !== null) {
    passed += Number(sum[1]);
    failed += Number(sum[2]);
    if (code !== 0 && sum[2] === "0") failed++;
  } else if (code === 0) passed++;
  else failed++;
  return code === 0;
}

if (Deno.args.includes("--help") || Deno.args.includes("-h")) {
  console.log(HELP);
  Deno.exit(0);
}
const unknown = Deno.args.find((arg) => arg.startsWith("-") && !["--", "--no-tests", "--verbose"].includes(arg));
if (unknown !== undefined) {
  console.error(`There is no option ${unknown}; deno task ok --help tells what there is`);
  Deno.exit(2);
}
let passed = 0;
let failed = 0;
const steps: [string, string[]][] = [
  ["formatting", ["fmt", "--check"]],
  ["lint", ["lint"]],
  ["types", ["check", "--quiet", "."]],
  ["documentation", ["doc", "--lint", ...entryPoints()]],
];
if (!Deno.args.includes("--no-tests")) steps.push(["tests", ["run", "-A", "tests/run.ts", ...Deno.args]]);
const broken: string[] = [];
for (const [name, args] of steps) if (!await deno(args)) broken.push(name);
if (broken.length > 0) console.log(`\nFailed: ${broken.join(", ")}`);
console.log(`${passed} passed, ${failed} failed`);
Deno.exit(failed === 0 ? 0 : 1);
