// `udrm serve` as a process of its own, with a configuration that a test changes, and commands and programs at it.

const root = new URL("../../", import.meta.url);

/** How a command ended. */
export interface Ended {
  /** Its exit code. */
  readonly code: number;
  /** What it printed. */
  readonly out: string;
  /** What it complained. */
  readonly err: string;
}

async function output(command: Deno.Command): Promise<Ended> {
  const { code, stdout, stderr } = await command.output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

/** Runs udrm to its end. */
export function udrm(...args: string[]): Promise<Ended> {
  return output(
    new Deno.Command(Deno.execPath(), { args: ["run", "-A", "cli/main.ts", ...args], cwd: root, stdin: "null" }),
  );
}

/** A running server. */
export class Serving implements AsyncDisposable {
  /** Its folder. */
  readonly folder: string;
  /** Its configuration file. */
  readonly file: string;
  /** What it has printed on stderr by now. */
  err = "";
  readonly #parent: string;
  readonly #process: Deno.ChildProcess;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #drained: Promise<void>;
  #env: Record<string, string> = {};

  private constructor(config: unknown, more: readonly string[]) {
    this.#parent = Deno.makeTempDirSync({ prefix: "udrm-serving-" });
    this.folder = `${this.#parent}/gpu`;
    this.file = `${this.#parent}/screens.json`;
    this.write(config);
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "cli/main.ts", "serve", "--json", "--folder", this.folder, "--config", this.file, ...more],
      cwd: root,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#reader = this.#process.stdout.getReader();
    this.#drained = this.#drain();
  }

  async #drain(): Promise<void> {
    const text = new TextDecoder();
    for await (const part of this.#process.stderr) this.err += text.decode(part, { stream: true });
  }

  /** Starts it. */
  static async start(config: unknown, ...more: string[]): Promise<Serving> {
    const serving = new Serving(config, more);
    const { value } = await serving.#reader.read();
    if (value === undefined) {
      await serving[Symbol.asyncDispose]();
      throw new Error(`Cannot serve: ${serving.err}`);
    }
    serving.#env = JSON.parse(new TextDecoder().decode(value));
    return serving;
  }

  /** Another content of the configuration file: JSON, or text as it is. */
  write(config: unknown): void {
    Deno.writeTextFileSync(this.file, typeof config === "string" ? config : JSON.stringify(config));
  }

  /** Sends a signal, and waits for what it prints. */
  async signal(signal: Deno.Signal): Promise<string> {
    const before = this.err.length;
    this.#process.kill(signal);
    for (let i = 0; !this.err.endsWith("\n") || this.err.length === before; i++) {
      if (i > 500) throw new Error(`Cannot wait any longer for an answer to ${signal}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return this.err.slice(before);
  }

  /** A program at it. */
  program(name: string, ...args: string[]): Deno.Command {
    return new Deno.Command(name, { args, env: this.#env, stdin: "piped", stdout: "piped", stderr: "piped" });
  }

  /** Runs a program at it to its end. */
  async run(name: string, ...args: string[]): Promise<Ended> {
    const child = this.program(name, ...args).spawn();
    await child.stdin.close();
    const { code, stdout, stderr } = await child.output();
    const text = new TextDecoder();
    return { code, out: text.decode(stdout), err: text.decode(stderr) };
  }

  /** Its environment for programs. */
  get env(): Readonly<Record<string, string>> {
    return this.#env;
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGTERM");
    } catch {
      // It has ended.
    }
    await this.#process.status;
    await this.#drained;
    await this.#reader.cancel();
    Deno.removeSync(this.#parent, { recursive: true });
  }
}
