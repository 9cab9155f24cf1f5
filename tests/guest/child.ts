// A process of a test: what it prints is kept, and it ends with the test, by its own id.

/** How much of what a process prints is kept, characters. */
const KEPT = 1 << 20;

/** A process that runs. */
export class Child implements AsyncDisposable {
  /** What it has printed on stderr, the last of it. */
  log = "";
  /** Its exit code once it has ended. */
  code: number | undefined;
  readonly #process: Deno.ChildProcess;
  readonly #done: Promise<unknown>;

  /**
   * Starts it.
   *
   * @param words the program and its arguments
   * @param env additions to the environment
   * @param onOutput takes what it prints on stdout
   */
  constructor(words: readonly string[], env: Record<string, string>, onOutput: (text: string) => void) {
    this.#process = new Deno.Command(words[0], {
      args: words.slice(1),
      env,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const collect = async (stream: ReadableStream<Uint8Array>, take: (text: string) => void): Promise<void> => {
      const decoder = new TextDecoder();
      for await (const part of stream) take(decoder.decode(part, { stream: true }));
    };
    this.#done = Promise.all([
      collect(this.#process.stdout, onOutput),
      collect(this.#process.stderr, (text) => this.log = (this.log + text).slice(-KEPT)),
      this.#process.status.then(({ code }) => this.code = code),
    ]);
  }

  /** Its process id. */
  get pid(): number {
    return this.#process.pid;
  }

  /** Whether it still runs. */
  get alive(): boolean {
    return this.code === undefined;
  }

  /** Writes to its stdin. */
  async write(text: string): Promise<void> {
    const writer = this.#process.stdin.getWriter();
    try {
      await writer.write(new TextEncoder().encode(text));
    } finally {
      writer.releaseLock();
    }
  }

  /** Waits for its end; true if it came in time. */
  async ended(seconds: number): Promise<boolean> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<false>((resolve) => timer = setTimeout(() => resolve(false), seconds * 1000));
    try {
      return await Promise.race([this.#done.then(() => true), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Its open descriptors. */
  get fds(): number {
    return [...Deno.readDirSync(`/proc/${this.pid}/fd`)].length;
  }

  /** Its mappings. */
  get mappings(): number {
    return Deno.readTextFileSync(`/proc/${this.pid}/maps`).split("\n").length - 1;
  }

  /** The memory it uses that is not shared with others, bytes. */
  get memory(): number {
    const match = /^RssAnon:\s*(\d+) kB$/m.exec(Deno.readTextFileSync(`/proc/${this.pid}/status`));
    return Number(match?.[1]) * 1024;
  }

  /** The processor time it has used, seconds. */
  get seconds(): number {
    const fields = Deno.readTextFileSync(`/proc/${this.pid}/stat`).replace(/^.*\) /, "").split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  /** Asks it to end, then ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.alive) this.#process.kill("SIGTERM");
    if (!await this.ended(5) && this.alive) this.#process.kill("SIGKILL");
    await this.#done;
    await this.#process.stdin.close().catch(() => {});
  }
}
