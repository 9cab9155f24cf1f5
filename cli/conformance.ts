/**
 * `udrm conformance`: tries the rules of a vhost-user-gpu back end on any of them.
 * @module
 */

import { parseArgs } from "node:util";
import { CONFORMANCE_RULES, type Outcome, tryRule } from "../drivers/bus/vhost_user/conformance/mod.ts";
import { close } from "../drivers/os/fd.ts";
import { poll } from "../drivers/os/poll.ts";
import { connectStream } from "../drivers/os/stream_socket.ts";
import { absolute } from "./place.ts";

const HELP = `Usage: udrm conformance --socket PATH [--command COMMAND] [--rule ID...] [--timeout MS] [--json] [--list]

Tries what is expected of a vhost-user-gpu back end, rule by rule, each at connections of its own. The exit code is 1 if a rule
is not kept.

  --socket PATH      where the back end listens
  --command COMMAND  starts the back end, by sh, anew for each rule, and ends it afterwards: for one that serves a single front end
  --rule ID          only this rule; several may be named
  --timeout MS       how long an answer is waited for, 2000 by default
  --json             prints the outcomes as JSON
  --list             prints the rules, and tries none
  --help             this text

Example: udrm conformance --socket /tmp/g.sock --command "/usr/lib/qemu/vhost-user-gpu -s /tmp/g.sock"`;

const START_MS = 10000;
const say = (text: string): void => console.error(`udrm conformance: ${text}`);

interface Choice {
  readonly socket: string;
  readonly command: string | undefined;
  readonly rules: readonly string[];
  readonly timeout: number;
  readonly json: boolean;
  readonly list: boolean;
}

function parse(argv: readonly string[]): Choice | "help" | { readonly error: string } {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        socket: { type: "string" },
        command: { type: "string" },
        rule: { type: "string", multiple: true, default: [] },
        timeout: { type: "string", default: "2000" },
        json: { type: "boolean", default: false },
        list: { type: "boolean", default: false },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help) return "help";
    if (!values.socket && !values.list) return { error: "where does the back end listen? Name its socket by --socket" };
    const unknown = values.rule.find((id) => CONFORMANCE_RULES.every((rule) => rule.id !== id));
    if (unknown !== undefined) return { error: `there is no rule ${unknown}: --list prints them` };
    if (!/^[1-9]\d{0,5}$/.test(values.timeout)) {
      return { error: `--timeout takes milliseconds, not ${JSON.stringify(values.timeout)}` };
    }
    const { command, rule: rules, json, list } = values;
    return { socket: absolute(values.socket ?? "/"), command, rules, timeout: Number(values.timeout), json, list };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

function listens(socket: string): boolean {
  try {
    close(connectStream(socket));
    return true;
  } catch {
    return false;
  }
}

/** A back end of one rule. */
class BackEnd implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;

  constructor(command: string, socket: string) {
    try {
      Deno.removeSync(socket);
    } catch { /* it is not there */ }
    const exec = new Deno.Command("/bin/sh", {
      args: ["-c", `exec ${command}`],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    });
    this.#child = exec.spawn();
    // A connection that only looks would be the one that a back end serves: the file is looked for.
    for (const end = performance.now() + START_MS; performance.now() < end; poll(-1, 0, 20)) {
      try {
        if (Deno.lstatSync(socket).isSocket) return;
      } catch { /* not yet */ }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch { /* it has ended by itself */ }
    await this.#child.status;
  }
}

/** The command: `argv` without the word conformance; the exit code. */
export async function conformance(argv: readonly string[]): Promise<number> {
  const choice = parse(argv);
  if (choice === "help") {
    console.log(HELP);
    return 0;
  }
  if ("error" in choice) {
    say(`${choice.error}; udrm conformance --help tells what there is`);
    return 2;
  }
  const { socket, command, rules, timeout, json, list } = choice;
  const chosen = CONFORMANCE_RULES.filter(({ id }) => rules.length === 0 || rules.includes(id));
  if (list) {
    if (json) console.log(JSON.stringify(chosen.map(({ id, rule, cite }) => ({ id, rule, cite })), null, 2));
    else for (const { id, rule, cite } of chosen) console.log(`${id.padEnd(4)} ${rule}\n     ${cite}`);
    return 0;
  }
  if (command === undefined && !listens(socket)) {
    say(`nobody listens on ${socket}: start the back end, or let --command start it`);
    return 1;
  }
  const outcomes: Outcome[] = [];
  for (const rule of chosen) {
    await using _backEnd = command === undefined ? undefined : new BackEnd(command, socket);
    const outcome = tryRule(rule, socket, { timeout });
    outcomes.push(outcome);
    if (!json) console.log(`${outcome.kept ? "kept" : "NOT "} ${outcome.id.padEnd(4)} ${outcome.rule}`);
    if (!json && outcome.seen !== undefined) console.log(`          ${outcome.seen}`);
  }
  const kept = outcomes.filter((outcome) => outcome.kept).length;
  if (json) console.log(JSON.stringify({ kept, of: outcomes.length, outcomes }, null, 2));
  else console.log(`${kept} of ${outcomes.length} rules are kept`);
  return kept === outcomes.length ? 0 : 1;
}
