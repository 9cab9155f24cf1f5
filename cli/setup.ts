// Prepares the machine for the demo or the tests: checks for what they need (requirements.ts) and installs what is missing by
// apt-get where that exists. `deno task demo` and `deno task test` begin with it; when nothing is missing it only looks.
import { parseArgs } from "node:util";
import { familyOf, missing, packagesFor, type Purpose, type Requirement, thisMachine } from "./requirements.ts";

const HELP = `Usage: deno task setup [--for demo|test] [--check] [--json]

Installs what udrm needs of this machine and is missing: by apt-get on Debian and Ubuntu, with sudo if it asks no password.
Elsewhere it prints the packages to install and stops.

  --for demo   a Vulkan loader and driver (the default)
  --for test   these, and what the tests compile and validate with
  --check      installs nothing; exit code 1 if something is missing
  --json       prints the outcome as JSON
  --help       prints this`;

/** The outcome, as --json prints it. */
interface Outcome {
  readonly purpose: Purpose;
  ok: boolean;
  readonly missing: { what: string; package: string; files: readonly string[] }[];
  installed: string[];
  /** What to do by hand, if anything. */
  advice?: string;
}

/** What can be had of a purpose with nothing installed. */
const WITHOUT: Readonly<Record<Purpose, string>> = {
  demo: "\nOr draw on the CPU, which needs none of it: deno run -A examples/first_light.ts --renderer soft2d",
  test: "\nOr run the tests that need none of it: deno test --no-prompt uapi core",
};

function say(text: string): void {
  console.error(`udrm setup: ${text}`);
}

/** Runs a command with its output on stderr, so that --json has stdout for itself. */
function run(command: readonly string[]): boolean {
  say(command.join(" "));
  const [program, ...args] = command;
  const { code } = new Deno.Command("/bin/sh", {
    args: ["-c", 'exec "$0" "$@" >&2', program, ...args],
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  }).outputSync();
  return code === 0;
}

/** The words before a command that needs root: none as root, sudo if it needs no password; undefined if there is no way. */
function asRoot(): string[] | undefined {
  if (Deno.uid() === 0) return [];
  try {
    const { code } = new Deno.Command("sudo", { args: ["-n", "true"], stdout: "null", stderr: "null" }).outputSync();
    return code === 0 ? ["sudo", "-n", "DEBIAN_FRONTEND=noninteractive"] : undefined;
  } catch {
    return undefined;
  }
}

function hasLists(): boolean {
  try {
    for (const { name } of Deno.readDirSync("/var/lib/apt/lists")) if (name.includes("_Packages")) return true;
  } catch { /* no folder, no lists */ }
  return false;
}

function aptInstall(root: readonly string[], packages: readonly string[]): boolean {
  const apt = [...root, "apt-get", "-o", "DPkg::Lock::Timeout=300"];
  const install = [...apt, "install", "-y", "--no-install-recommends", ...packages];
  if (hasLists() && run(install)) return true;
  // The lists are absent, or older than the packages on the mirror.
  return run([...apt, "update"]) && run(install);
}

function adviceFor(purpose: Purpose, needed: readonly Requirement[]): string {
  const line = (name: string, family: "debian" | "fedora" | "arch") =>
    `  ${name.padEnd(15)} ${packagesFor(needed, family).join(" ")}`;
  return ["Install these packages, then run this again:"]
    .concat(line("Debian, Ubuntu:", "debian"), line("Fedora:", "fedora"), line("Arch:", "arch"))
    .join("\n") + WITHOUT[purpose];
}

function osRelease(): string {
  try {
    return Deno.readTextFileSync("/etc/os-release");
  } catch {
    return "";
  }
}

function prepare(purpose: Purpose, checkOnly: boolean): Outcome {
  const needed = missing(purpose, thisMachine());
  const family = familyOf(osRelease());
  const outcome: Outcome = {
    purpose,
    ok: needed.length === 0,
    missing: needed.map(({ what, packages, files }) => ({ what, package: packages[family ?? "debian"], files })),
    installed: [],
  };
  if (outcome.ok) return outcome;
  for (const { what, packages } of needed) say(`missing: ${what} (package ${packages[family ?? "debian"]})`);
  if (checkOnly || family !== "debian") {
    outcome.advice = adviceFor(purpose, needed);
    return outcome;
  }
  const packages = packagesFor(needed, "debian");
  const root = asRoot();
  if (root === undefined) {
    outcome.advice = `Installing needs root. Let root run this (with sudo, where there is one), then try again:\n  ${
      hasLists() ? "" : "apt-get update && "
    }apt-get install -y ${packages.join(" ")}${WITHOUT[purpose]}`;
    return outcome;
  }
  say(`installing ${packages.join(", ")}`);
  if (!aptInstall(root, packages)) {
    outcome.advice = `apt-get could not install them. ${adviceFor(purpose, needed)}`;
    return outcome;
  }
  outcome.installed = packages;
  const still = missing(purpose, thisMachine());
  outcome.ok = still.length === 0;
  if (!outcome.ok) outcome.advice = `Installed, but not found: ${still.flatMap(({ files }) => files).join(", ")}`;
  else say("done");
  return outcome;
}

/**
 * The command line.
 *
 * @param args as Deno.args
 * @returns the exit code: 0 if all is there, 1 if not, 2 for a wrong option
 */
export function main(args: string[]): number {
  let options;
  try {
    options = parseArgs({
      args,
      options: {
        for: { type: "string", default: "demo" },
        check: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    say(`${error instanceof Error ? error.message : error}; deno task setup --help tells what there is`);
    return 2;
  }
  if (options.help) {
    console.log(HELP);
    return 0;
  }
  if (options.for !== "demo" && options.for !== "test") {
    say(`Cannot prepare for ${JSON.stringify(options.for)}: --for takes demo or test`);
    return 2;
  }
  if (Deno.build.os !== "linux") {
    say(`Cannot prepare ${Deno.build.os}: udrm's demo and tests need Linux`);
    return 1;
  }
  const outcome = prepare(options.for, options.check);
  if (options.json) console.log(JSON.stringify(outcome, null, 2));
  else if (outcome.advice !== undefined) say(outcome.advice);
  return outcome.ok ? 0 : 1;
}

if (import.meta.main) Deno.exit(main(Deno.args));
