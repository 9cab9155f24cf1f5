/**
 * The terminal of this process: alternate screen, no cursor, raw keys; all of it as it was before once it is disposed.
 * @module
 */

/** What a picture is drawn on, and keys come from. */
export interface TerminalPort {
  /** Cells. */
  size(): { readonly columns: number; readonly rows: number };
  /** Sends all of `bytes`; resolves when the terminal has taken them. Throws if it is gone. */
  write(bytes: Uint8Array): Promise<void>;
  /** What is typed; undefined at the end. */
  read(): Promise<Uint8Array | undefined>;
  /** Calls back when the size changes, until disposed. */
  onResize(callback: () => void): Disposable;
}

const encoder = new TextEncoder();

/** Alternate screen, cleared; no cursor; no wrapping; mouse reports in cells (1003: also without a button; 1006: as SGR). */
export const ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J\x1b[?1003h\x1b[?1006h";
/** The contrary, in the contrary order. */
export const LEAVE = "\x1b[?1006l\x1b[?1003l\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";

/** Whoever ends the process by one of these must find the terminal restored. */
const SIGNALS: readonly Deno.Signal[] = ["SIGTERM", "SIGHUP", "SIGQUIT"];

/** The terminal that the process was started in: /dev/tty, whatever stdin and stdout are. */
export class ProcessTerminal implements TerminalPort, Disposable {
  // Two open files: a write would wait for the read that is under way on the same one.
  readonly #tty: Deno.FsFile;
  readonly #typed: Deno.FsFile;
  readonly #onExit = (): void => this[Symbol.dispose]();
  readonly #onSignal: ReadonlyMap<Deno.Signal, () => void>;
  #open = true;

  /**
   * Takes the terminal over.
   *
   * @param onSignal called at SIGTERM, SIGHUP and SIGQUIT, once the terminal is restored. @throws {Error} if there is no terminal.
   */
  constructor(onSignal: (signal: Deno.Signal) => void) {
    try {
      this.#tty = Deno.openSync("/dev/tty", { read: true, write: true });
      this.#typed = Deno.openSync("/dev/tty", { read: true });
    } catch {
      throw new Error("Cannot show a screen here: there is no terminal");
    }
    this.#tty.setRaw(true);
    this.#sync(ENTER);
    this.#onSignal = new Map(SIGNALS.map((signal) => [signal, () => {
      this[Symbol.dispose]();
      onSignal(signal);
    }]));
    for (const [signal, listener] of this.#onSignal) Deno.addSignalListener(signal, listener);
    globalThis.addEventListener("unload", this.#onExit);
  }

  /** Cells; 80x24 if the terminal does not say. */
  size(): { readonly columns: number; readonly rows: number } {
    try {
      const { columns, rows } = Deno.consoleSize();
      if (columns > 0 && rows > 0) return { columns, rows };
    } catch { /* neither stdin, stdout nor stderr is a terminal */ }
    return { columns: 80, rows: 24 };
  }

  /** Sends bytes. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; this.#open && at < bytes.length;) at += await this.#tty.write(bytes.subarray(at));
  }

  #sync(text: string): void {
    const bytes = encoder.encode(text);
    try {
      for (let at = 0; at < bytes.length;) at += this.#tty.writeSync(bytes.subarray(at));
    } catch { /* the terminal is gone */ }
  }

  /** What is typed. */
  async read(): Promise<Uint8Array | undefined> {
    const buffer = new Uint8Array(1024);
    try {
      const count = await this.#typed.read(buffer);
      return count === null ? undefined : buffer.subarray(0, count);
    } catch {
      return undefined;
    }
  }

  /** Hears of SIGWINCH. */
  onResize(callback: () => void): Disposable {
    Deno.addSignalListener("SIGWINCH", callback);
    return { [Symbol.dispose]: () => Deno.removeSignalListener("SIGWINCH", callback) };
  }

  /** Gives the terminal back. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#sync(LEAVE);
    try {
      this.#tty.setRaw(false);
    } catch { /* the terminal is gone */ }
    for (const [signal, listener] of this.#onSignal) Deno.removeSignalListener(signal, listener);
    globalThis.removeEventListener("unload", this.#onExit);
    // A read under way keeps the file open until something is typed; the process may end before.
    this.#typed.close();
    this.#tty.close();
  }
}
