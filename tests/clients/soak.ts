/**
 * `deno run -A tests/clients/soak.ts --minutes 30`: clients of every kind are started, killed and fuzzed beside one that must not
 * notice, round after round. What the serving process holds must be the same after each round, and its memory and mappings flat.
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { compile } from "./rig.ts";

const HELP = `Usage: deno run -A tests/clients/soak.ts [--minutes N] [--seed N]

Starts, kills and fuzzes clients of one server, and ends with 1 if it has grown, erred, or failed its one good client.

  --minutes N  how long; 30 unless told
  --seed N     what happens in which order; the time unless told
  --help       this text`;

/** Of all rounds, the part after which growth counts: tables, caches and code of the optimiser are made before. */
const WARM_UP = 0.25;
/**
 * What the least of a third may have grown from the first third after the warm-up to the last, bytes and mappings: what is taken
 * and given back comes on top of the least, what leaks raises it.
 */
const SLACK: Readonly<Record<string, number>> = {
  rss: 12 * 2 ** 20,
  heap: 3 * 2 ** 20,
  mappings: 60,
  "mappings of buffers": 0,
};
/** How often what is still held is looked at again. */
const TRIES = 3;
const CARDS = ["/dev/dri/card0", "/dev/dri/card1", "/dev/dri/card2"];

/** What the server tells when it is asked. */
interface Look {
  readonly held: Readonly<Record<string, number>>;
  readonly taken: Readonly<Record<string, number>>;
  readonly errors: readonly string[];
}

/** What came of a soak. */
export interface SoakResult {
  readonly rounds: number;
  readonly started: number;
  readonly killed: number;
  /** How often something was given back late, after the next client. */
  readonly late: number;
  /** By how much each figure grew, and how much it may. */
  readonly growth: Readonly<Record<string, readonly [grown: number, allowed: number]>>;
  /** What is wrong; nothing is, if it is empty. */
  readonly faults: readonly string[];
}

class Dice {
  #state: number;
  constructor(seed: number) {
    this.#state = (seed >>> 0) || 1;
  }
  /** 0 to below - 1. */
  roll(below: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % below;
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The serving process. */
class Served implements AsyncDisposable {
  env: Record<string, string> = {};
  table = "";
  readonly #process: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  #rest = "";

  private constructor() {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", new URL("soak_server.ts", import.meta.url).pathname],
      // Memory that is freed goes back to the kernel, as far as it can, so that what is left is what is taken (mallopt(3)).
      env: { MALLOC_MMAP_THRESHOLD_: "131072", MALLOC_TRIM_THRESHOLD_: "131072" },
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#lines = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#input = this.#process.stdin.getWriter();
  }

  static async start(): Promise<Served> {
    const served = new Served();
    const { env, table } = JSON.parse(await served.#line());
    served.env = env;
    served.table = table;
    return served;
  }

  async #line(): Promise<string> {
    while (!this.#rest.includes("\n")) {
      const { value, done } = await this.#lines.read();
      if (done) throw new Error("Cannot go on: the server has ended");
      this.#rest += value;
    }
    const end = this.#rest.indexOf("\n");
    const line = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end + 1);
    return line;
  }

  async look(): Promise<Look> {
    await this.#input.write(new TextEncoder().encode("\n"));
    return JSON.parse(await this.#line());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    await this.#process.status;
    await this.#lines.cancel();
  }
}

/** One soak under way. */
class Soak {
  readonly faults: string[] = [];
  started = 0;
  killed = 0;
  readonly #served: Served;
  readonly #dice: Dice;
  readonly #table: string;

  constructor(served: Served, dice: Dice, table: string) {
    this.#served = served;
    this.#dice = dice;
    this.#table = table;
  }

  /** Runs a program to its end, or kills it at some moment; a fault if it fails although it must not. */
  async #client(
    program: string,
    args: string[],
    options: { killAfter?: number; mustSucceed?: boolean },
  ): Promise<void> {
    const process = new Deno.Command(program, {
      args,
      env: this.#served.env,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.started++;
    const timer = options.killAfter === undefined ? undefined : setTimeout(() => {
      this.killed++;
      try {
        process.kill("SIGKILL");
      } catch { /* it has ended by itself */ }
    }, options.killAfter);
    if (options.killAfter === undefined) await process.stdin.close().catch(() => {});
    const { code, stdout, stderr } = await process.output();
    clearTimeout(timer);
    if (options.killAfter !== undefined) await process.stdin.close().catch(() => {});
    if (options.mustSucceed && code !== 0) {
      const text = new TextDecoder();
      this.faults.push(
        `${program} ${args.join(" ")}: ${code}\n${text.decode(stdout)}${text.decode(stderr)}`.slice(0, 2000),
      );
    }
  }

  /** A program that may run to its end or not. */
  #anything(): Promise<void> {
    const dice = this.#dice;
    const killAfter = dice.roll(3) === 0 ? undefined : dice.roll(1500);
    const parts = ["names", "ioctl", "dumb", "prime", "syncobj", "sw_sync", "threads", "fork"];
    switch (dice.roll(9)) {
      case 0:
        return this.#client("modetest", ["-M", dice.roll(2) ? "vkms" : "virtio_gpu"], { killAfter });
      case 1:
        return this.#client("modetest", ["-M", "vkms", "-v", "-s", `${this.connector}:1024x768`], {
          killAfter: dice.roll(2000),
        });
      case 2:
        return this.#client("kmscube", ["-D", CARDS[dice.roll(2)], "-c", String(1 + dice.roll(60))], { killAfter });
      case 3:
        return this.#client("drm_info", dice.roll(2) ? ["-j"] : [], { killAfter });
      case 4:
        return this.#client(compile("hostile.c"), [], { killAfter: dice.roll(2500) });
      case 5:
        return this.#client(compile("kms_client.c"), [dice.roll(2) ? "fences" : "events"], {
          killAfter: killAfter ?? 1000,
        });
      default:
        return this.#client(compile("client.c"), [parts[dice.roll(parts.length)], parts[dice.roll(parts.length)]], {
          killAfter,
        });
    }
  }

  /** A connector of vkms, as modetest takes it. */
  connector = "";

  async begin(): Promise<void> {
    const { stdout } = await new Deno.Command("modetest", { args: ["-M", "vkms", "-c"], env: this.#served.env })
      .output();
    this.connector = /^(\d+)\t\d+\tconnected/m.exec(new TextDecoder().decode(stdout))?.[1] ?? "";
  }

  /** What happens between two looks. */
  async round(): Promise<void> {
    const dice = this.#dice;
    const good = new Deno.Command(compile("fuzz_check.c"), {
      args: CARDS,
      env: this.#served.env,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.started++;
    const seed = String(dice.roll(1 << 30));
    await Promise.all([
      this.#client(
        compile("fuzz.c"),
        [seed, "1.5", this.#table, "1"],
        dice.roll(3) ? { mustSucceed: true } : { killAfter: dice.roll(1500) },
      ),
      ...Array.from({ length: 4 }, async () => {
        await sleep(dice.roll(500));
        await this.#anything();
      }),
    ]);
    await good.stdin.close();
    const { code, stdout, stderr } = await good.output();
    const text = new TextDecoder();
    if (code !== 0) this.faults.push(`the good client fails: ${text.decode(stdout)}${text.decode(stderr)}`);
    await this.#served.look(); // children of those that were killed go first: one of them may be master
    await this.reset();
  }

  /** Takes from displays what outlives clients. */
  async reset(): Promise<void> {
    await this.#client(compile("fuzz_check.c"), ["reset", ...CARDS], { mustSucceed: true });
  }
}

function growth(looks: readonly Look[]): Record<string, [number, number]> {
  const warm = looks.slice(Math.floor(looks.length * WARM_UP));
  const third = Math.max(1, Math.floor(warm.length / 3));
  const out: Record<string, [number, number]> = {};
  for (const [name, allowed] of Object.entries(SLACK)) {
    const of = (part: readonly Look[]): number => Math.min(...part.map(({ taken }) => taken[name]));
    out[name] = [of(warm.slice(-third)) - of(warm.slice(0, third)), allowed];
  }
  return out;
}

/**
 * Soaks.
 *
 * @param minutes how long at least; the round under way ends.
 * @param seed what happens in which order.
 * @param report hears of each round.
 */
export async function soak(
  minutes: number,
  seed: number,
  report: (round: number, look: Look, soak: { started: number; killed: number }) => void,
): Promise<SoakResult> {
  const table = Deno.makeTempFileSync();
  try {
    await using served = await Served.start();
    Deno.writeTextFileSync(table, served.table);
    const run = new Soak(served, new Dice(seed), table);
    await run.begin();
    const end = Date.now() + minutes * 60e3;
    const looks: Look[] = [];
    let first: Look | undefined;
    let late = 0;
    while (Date.now() < end && run.faults.length === 0) {
      await run.round();
      let look = await served.look();
      // After one round everything that is made once is made.
      const { held } = first ??= look;
      const wrong = (): string[] => Object.keys(held).filter((name) => look.held[name] !== held[name]);
      // Files that lie in a socket which lies in itself are freed by the kernel's collector, and that runs when sockets close.
      for (let again = 0; wrong().length > 0 && again < TRIES; again++) {
        late++;
        await run.reset();
        look = await served.look();
      }
      looks.push(look);
      for (const name of wrong()) {
        run.faults.push(`round ${looks.length}: ${look.held[name]} ${name}, not ${held[name]}`);
      }
      for (const error of look.errors) run.faults.push(`an error of udrm's own: ${error}`);
      report(looks.length, look, run);
    }
    const grown = growth(looks);
    for (const [name, [by, allowed]] of Object.entries(grown)) {
      if (!(by <= allowed)) run.faults.push(`${name} has grown by ${by}, more than ${allowed}`);
    }
    return { rounds: looks.length, started: run.started, killed: run.killed, late, growth: grown, faults: run.faults };
  } finally {
    Deno.removeSync(table);
  }
}

if (import.meta.main) {
  const args = parseArgs(Deno.args, { string: ["minutes", "seed"], boolean: ["help"], alias: { help: "h" } });
  const minutes = Number(args.minutes ?? 30), seed = Number(args.seed ?? Date.now());
  if (args.help || !(minutes > 0) || !Number.isInteger(seed)) {
    console.log(HELP);
    Deno.exit(args.help ? 0 : 2);
  }
  const begun = Date.now();
  const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
  console.log(`${minutes} minutes with seed ${seed}`);
  const result = await soak(minutes, seed, (round, { held, taken }, { started, killed }) => {
    if (round % 10 !== 1) return;
    const time = ((Date.now() - begun) / 60e3).toFixed(1);
    console.log(
      `${time} min, round ${round}: ${started} clients, ${killed} killed; RSS ${mib(taken.rss)} MiB, heap ${
        mib(taken.heap)
      } MiB, ` +
        `${held.fds} fds, ${taken.mappings} mappings, ${taken["mappings of buffers"]} of buffers`,
    );
  });
  const { rounds, started, killed, late, growth: grown, faults } = result;
  console.log(`\n${rounds} rounds, ${started} clients, ${killed} killed; given back late: ${late}.`);
  for (const [name, [by, allowed]] of Object.entries(grown)) {
    console.log(`${name}: grown by ${by} (at most ${allowed})`);
  }
  console.log(
    faults.length === 0 ? "Flat: everything that clients held was given back." : `FAILED:\n${faults.join("\n")}`,
  );
  Deno.exit(faults.length === 0 ? 0 : 1);
}
