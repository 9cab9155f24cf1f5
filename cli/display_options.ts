/**
 * `--display` of the commands: screens that people look at. It loads no server until one is opened, so that commands start quickly.
 * @module
 */

import { createBoard, type SharedMessage } from "../drivers/display/board/board.ts";
import { SharedScreens } from "../drivers/display/board/shared_screens.ts";
import { parseTerm, TERM_HELP, TermDisplay, type TermSpec } from "./display_term.ts";
import { splitDisplay } from "./display_text.ts";
import { type AskKernel, openWeb, parseWeb, WEB_HELP, type WebSpec } from "./display_web.ts";

/** The option as node:util's parseArgs takes it. */
export const DISPLAY_OPTIONS = { display: { type: "string", multiple: true } } as const;

/** Its lines of a --help. */
export const DISPLAY_HELP: string =
  `  --display vnc[:PORT][,address=ADDRESS][,password-file=FILE][,view-only][,output=N]
                   the first device's screen for VNC viewers, with their keyboard and pointer as /dev/input/event0 and 1; on
                   127.0.0.1 and the first free port from 5900 unless told
${WEB_HELP}
${TERM_HELP}`;

/** A VNC server that was asked for. */
export interface VncSpec {
  /** Which kind. */
  readonly kind: "vnc";
  /** Its port; the first free one from 5900 if undefined. */
  readonly port: number | undefined;
  /** Where it listens. */
  readonly address: string;
  /** The file with its password. */
  readonly passwordFile: string | undefined;
  /** Whether viewers may only look. */
  readonly viewOnly: boolean;
  /** The scanout. */
  readonly output: number;
}

/** A display that was asked for. */
export type DisplaySpec = VncSpec | WebSpec | TermSpec;

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/;

function numberIn(text: string, most: number): number | undefined {
  return /^\d{1,5}$/.test(text) && Number(text) <= most ? Number(text) : undefined;
}

/** Reads one `--display`. @returns what it asks for, or what is wrong. */
export function parseDisplay(text: string): DisplaySpec | { readonly error: string } {
  const [head, ...options] = text.split(",");
  const [kind, port, ...more] = head.split(":");
  const wrong = (what: string): { readonly error: string } => ({ error: `--display ${text}: ${what}` });
  if (kind === "web" || kind === "term") {
    const parts = splitDisplay(text);
    const found = kind === "web" ? parseWeb(parts) : parseTerm(parts);
    return "error" in found ? wrong(found.error) : found;
  }
  if (kind !== "vnc") return wrong(`there is no display "${kind}"; there are vnc, web, term`);
  const number = port === undefined ? undefined : numberIn(port, 65535);
  if (more.length > 0 || port !== undefined && number === undefined) return wrong("a port is a number up to 65535");
  const spec = { kind, port: number, address: "127.0.0.1", viewOnly: false, output: 0 } as const;
  const values: { -readonly [K in keyof VncSpec]: VncSpec[K] } = { ...spec, passwordFile: undefined };
  for (const option of options) {
    const at = option.indexOf("=");
    const [name, value] = at < 0 ? [option, undefined] : [option.slice(0, at), option.slice(at + 1)];
    if (name === "view-only" && value === undefined) values.viewOnly = true;
    else if (name === "address" && value) values.address = value;
    else if (name === "password-file" && value) values.passwordFile = value;
    else if (name === "output" && value && numberIn(value, 15) !== undefined) values.output = Number(value);
    else {return wrong(
        `there is no option "${option}"; there are address=, password-file=, view-only, output= (0 to 15)`,
      );}
  }
  return values;
}

/** Reads all of them. @returns what they ask for, or what is wrong. */
export function displayChoice(
  texts: readonly string[] | undefined,
): readonly DisplaySpec[] | { readonly error: string } {
  const out: DisplaySpec[] = [];
  for (const text of texts ?? []) {
    const spec = parseDisplay(text);
    if ("error" in spec) return spec;
    out.push(spec);
  }
  if (out.filter(({ kind }) => kind === "term").length > 1) {
    return { error: "there is one terminal: --display term once" };
  }
  return out;
}

/** A display cannot be opened: its port is taken, its password cannot be read. */
export class DisplayError extends Error {
  /** "DisplayError". */
  override readonly name: string = "DisplayError";
}

/** What is behind the displays of a command. */
export interface DisplaysOptions {
  /** Whether there will be a system to inspect; there will by default. */
  readonly inspected?: boolean;
  /** Whether viewers can do anything but look: keys, the pointer, another size. They can by default. */
  readonly interactive?: boolean;
}

/** The opened displays of a command, which has its devices in a kernel thread. */
export class Displays implements AsyncDisposable {
  /** What the kernel thread's `SharedDisplay` writes to. */
  readonly board: SharedArrayBuffer;
  /** Its screens, for servers of other kinds. */
  readonly screens: SharedScreens;
  readonly #servers = new AsyncDisposableStack();
  readonly #say: (text: string) => void;
  readonly #ask = Promise.withResolvers<AskKernel>();
  readonly #inspected: boolean;
  readonly #interactive: boolean;
  #term: TermSpec | undefined;
  #terminal: TermDisplay | undefined;
  #kick: (() => void) | undefined;

  private constructor(say: (text: string) => void, { inspected = true, interactive = true }: DisplaysOptions) {
    this.#inspected = inspected;
    this.#interactive = interactive;
    this.#say = (text) => this.#terminal === undefined ? say(text) : this.#terminal.say(text);
    // Whoever waits for a kernel thread that never comes is told by its server's end.
    this.#ask.promise.catch(() => {});
    this.board = createBoard();
    this.screens = new SharedScreens({
      board: this.board,
      kick: () => this.#kick?.(),
      canResize: interactive,
    });
  }

  /**
   * Opens what was asked for: viewers can come from here on, though nothing is shown before `connect`.
   *
   * @param say tells people where. @param options what is behind them.
   * @returns undefined if nothing was asked for. @throws {DisplayError}
   */
  static async open(
    specs: readonly DisplaySpec[],
    say: (text: string) => void,
    options: DisplaysOptions = {},
  ): Promise<Displays | undefined> {
    if (specs.length === 0) return undefined;
    const displays = new Displays(say, options);
    try {
      for (const spec of specs) {
        if (spec.kind === "vnc") await displays.#vnc(spec, displays.#say);
        else if (spec.kind === "web") await displays.#web(spec);
        else displays.#term = spec;
      }
      return displays;
    } catch (error) {
      await displays[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #vnc(spec: VncSpec, say: (text: string) => void): Promise<void> {
    const { port, address, passwordFile, output } = spec;
    const viewOnly = spec.viewOnly || !this.#interactive;
    const { RfbServer } = await import("../drivers/display/rfb/server.ts");
    let password: string | undefined;
    try {
      password = passwordFile === undefined ? undefined : Deno.readTextFileSync(passwordFile).replace(/\r?\n$/, "");
    } catch (error) {
      throw new DisplayError(`Cannot read the password: ${error instanceof Error ? error.message : error}`);
    }
    if (password === "") throw new DisplayError(`Cannot use the password of ${passwordFile}: it is empty`);
    let server;
    try {
      const onWarning = (text: string): void => say(`vnc: ${text}`);
      server = new RfbServer(this.screens.screen(output), { hostname: address, port, password, viewOnly, onWarning });
    } catch (error) {
      const where = `${address}:${port ?? "5900 to 5999"}`;
      throw new DisplayError(`Cannot listen on ${where}: ${error instanceof Error ? error.message : error}`);
    }
    this.#servers.use(server);
    const host = server.hostname.includes(":") ? `[${server.hostname}]` : server.hostname;
    say(`VNC viewers can connect to ${host}::${server.port} (vncviewer ${host}::${server.port})`);
    if (!LOOPBACK.test(address) && password === undefined) {
      say(`vnc: everybody who reaches ${address} can look${viewOnly ? "" : " and type"}: name a password-file`);
    }
  }

  async #web(spec: WebSpec): Promise<void> {
    try {
      const ask = this.#inspected ? this.#ask.promise : undefined;
      const server = await openWeb(
        this.#interactive ? spec : { ...spec, viewOnly: true },
        this.screens,
        ask,
        (error) => this.#say(`web: ${error instanceof Error ? error.message : error}`),
      );
      this.#servers.use(server);
      this.#say(`the screen ${this.#inspected ? "and the inspector are" : "is"} at ${server.url}`);
    } catch (error) {
      const what = error instanceof Error ? error.message : error;
      throw new DisplayError(`Cannot listen on ${spec.address}:${spec.port}: ${what}`);
    }
    if (!LOOPBACK.test(spec.address)) {
      this.#say("web: the page is not encrypted: others may read its address on the way");
    }
  }

  /** Whether `enterTerminal` will take the terminal. */
  get wantsTerminal(): boolean {
    return this.#term !== undefined;
  }

  /**
   * Takes the terminal over if that was asked for: from now on nothing else is to write there.
   *
   * @returns resolves when somebody quits there; never if there is no such display. @throws {DisplayError}
   */
  async enterTerminal(): Promise<{ readonly quit: Promise<void> }> {
    if (this.#term === undefined) return { quit: new Promise(() => {}) };
    try {
      this.#terminal = await TermDisplay.open(this.#term, this.screens);
    } catch (error) {
      throw new DisplayError(error instanceof Error ? error.message : String(error));
    }
    return { quit: this.#terminal.quit };
  }

  /** Gives the terminal back. */
  async leaveTerminal(): Promise<void> {
    await this.#terminal?.[Symbol.asyncDispose]();
    this.#terminal = undefined;
  }

  /** Says something now, or when the terminal is free again. */
  say(text: string): void {
    this.#say(text);
  }

  /** The kernel thread is there. @param kick makes it look at the board. @param ask asks it for something. */
  connect(kick: () => void, ask?: AskKernel): void {
    this.#kick = kick;
    if (ask !== undefined) this.#ask.resolve(ask);
    kick();
  }

  /** Takes in what the kernel thread says of its screens. */
  receive(message: SharedMessage): void {
    this.screens.receive(message);
  }

  /** Ends the servers. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#kick = undefined;
    await this.leaveTerminal();
    this.#ask.reject(new DisplayError("the kernel thread is not there"));
    await this.#servers.disposeAsync();
  }
}
