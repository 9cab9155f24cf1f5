// A client of QEMU's machine protocol, QMP: one JSON object a line, over a Unix socket (QEMU, docs/interop/qmp-spec.rst).

/** A command that QEMU refused. */
export class QmpError extends Error {
  /** "QmpError". */
  override readonly name: string = "QmpError";
}

/** An event of QEMU's. */
export interface QmpEvent {
  /** Its name: "STOP", "RESET"... */
  readonly event: string;
  /** What it tells. */
  readonly data: Readonly<Record<string, unknown>>;
}

interface Waiting {
  readonly resolve: (value: Record<string, unknown>) => void;
  readonly reject: (reason: Error) => void;
}

/** A connection. */
export class Qmp implements Disposable {
  /** Events so far, oldest first. */
  readonly events: QmpEvent[] = [];
  readonly #connection: Deno.Conn;
  readonly #waiting = new Map<number, Waiting>();
  readonly #reader: Promise<void>;
  #next = 0;
  #ended = false;

  private constructor(connection: Deno.Conn) {
    this.#connection = connection;
    this.#reader = this.#read();
  }

  /**
   * Connects; the machine may still be starting.
   *
   * @param path the socket
   * @param alive whether QEMU still runs
   * @throws {Error} if QEMU ends first
   */
  static async connect(path: string, alive: () => boolean): Promise<Qmp> {
    for (;;) {
      try {
        const qmp = new Qmp(await Deno.connect({ transport: "unix", path }));
        await qmp.execute("qmp_capabilities");
        return qmp;
      } catch (error) {
        const early = error instanceof Deno.errors.NotFound || error instanceof Deno.errors.ConnectionRefused;
        if (!early || !alive()) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  /**
   * Runs a command.
   *
   * @param name its name
   * @param options its arguments
   * @returns what it returns
   * @throws {QmpError} if QEMU refuses
   */
  async execute(name: string, options: Readonly<Record<string, unknown>> = {}): Promise<Record<string, unknown>> {
    if (this.#ended) throw new QmpError(`Cannot ${name}: QEMU has closed the connection`);
    const id = this.#next++;
    const { promise, resolve, reject } = Promise.withResolvers<Record<string, unknown>>();
    this.#waiting.set(id, { resolve, reject });
    const bytes = new TextEncoder().encode(`${JSON.stringify({ execute: name, arguments: options, id })}\n`);
    for (let at = 0; at < bytes.length;) at += await this.#connection.write(bytes.subarray(at));
    try {
      return await promise;
    } catch (error) {
      throw new QmpError(`Cannot ${name}: ${error instanceof Error ? error.message : error}`);
    }
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    const bytes = new Uint8Array(65536);
    let text = "";
    try {
      for (;;) {
        const count = await this.#connection.read(bytes);
        if (count === null) break;
        text += decoder.decode(bytes.subarray(0, count), { stream: true });
        for (let end; (end = text.indexOf("\n")) >= 0; text = text.slice(end + 1)) {
          this.#take(JSON.parse(text.slice(0, end)));
        }
      }
    } catch (error) {
      const closed = error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted ||
        error instanceof Deno.errors.ConnectionReset;
      if (!closed) throw error;
    } finally {
      this.#ended = true;
      for (const { reject } of this.#waiting.values()) reject(new Error("QEMU has ended"));
      this.#waiting.clear();
    }
  }

  #take(message: Record<string, unknown>): void {
    if (typeof message.event === "string") {
      this.events.push({ event: message.event, data: (message.data ?? {}) as Record<string, unknown> });
      return;
    }
    const waiting = typeof message.id === "number" ? this.#waiting.get(message.id) : undefined;
    if (waiting === undefined) return;
    this.#waiting.delete(message.id as number);
    const error = message.error as { desc?: string } | undefined;
    if (error === undefined) waiting.resolve((message.return ?? {}) as Record<string, unknown>);
    else waiting.reject(new Error(error.desc ?? "no reason given"));
  }

  /** Waits until the connection's reader has ended; call after {@link Qmp.[Symbol.dispose]} or QEMU's end. */
  get ended(): Promise<void> {
    return this.#reader;
  }

  /** Closes the connection. */
  [Symbol.dispose](): void {
    try {
      this.#connection.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }
}
