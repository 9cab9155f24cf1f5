/**
 * `--display term`: the screen in the terminal of the command.
 * @module
 */

import type { SharedScreens } from "../drivers/display/board/shared_screens.ts";
import { type DisplayText, wholeNumber } from "./display_text.ts";

/** Its lines of a --help. */
export const TERM_HELP: string = `  --display term[:half|sixel|kitty][,fps=N][,output=N]
                   the screen in this terminal, by half blocks (default), sixels or kitty's protocol; keys and the pointer go
                   there; Ctrl-] quits`;

/** A terminal that was asked for. */
export interface TermSpec {
  /** Which kind. */
  readonly kind: "term";
  /** How it draws. */
  readonly mode: "half" | "sixel" | "kitty";
  /** Frames a second at most. */
  readonly fps: number;
  /** The scanout. */
  readonly output: number;
}

/** What the options ask for. @returns or what is wrong. */
export function parseTerm({ value = "half", options }: DisplayText): TermSpec | { readonly error: string } {
  if (value !== "half" && value !== "sixel" && value !== "kitty") {
    return { error: `there is no way "${value}" to draw; there are half, sixel, kitty` };
  }
  let fps = 15, output = 0;
  for (const [name, text] of options) {
    if (name === "fps" && (wholeNumber(text, 60) ?? 0) > 0) fps = Number(text);
    else if (name === "output" && wholeNumber(text, 15) !== undefined) output = Number(text);
    else return { error: `there is no option "${name}=${text}"; there are fps= (1 to 60), output= (0 to 15)` };
  }
  return { kind: "term", mode: value, fps, output };
}

/** What is said while the terminal shows the screen, for later. */
const SAID_MAX = 200;

/** The terminal while it shows a screen. */
export class TermDisplay implements AsyncDisposable {
  /** Resolves when somebody types Ctrl-], a signal ends the command, or the terminal is gone. */
  readonly quit: Promise<void>;
  readonly #stack: AsyncDisposableStack;
  readonly #said: string[] = [];

  private constructor(quit: Promise<void>, stack: AsyncDisposableStack) {
    this.quit = quit;
    this.#stack = stack;
  }

  /** Takes the terminal over. @param spec how. @param screens what is shown. @throws {Error} if there is no terminal. */
  static async open({ mode, fps, output }: TermSpec, screens: SharedScreens): Promise<TermDisplay> {
    const { ProcessTerminal } = await import("../drivers/display/term/terminal.ts");
    const { TermScreen } = await import("../drivers/display/term/term_screen.ts");
    const stack = new AsyncDisposableStack();
    const quit = Promise.withResolvers<void>();
    const port = stack.use(new ProcessTerminal(() => quit.resolve()));
    const depth = /^(truecolor|24bit)$/.test(Deno.env.get("COLORTERM") ?? "") ? "rgb" : "256";
    stack.use(new TermScreen(port, screens.screen(output), { mode, depth, fps, onQuit: () => quit.resolve() }));
    return new TermDisplay(quit.promise, stack);
  }

  /** Keeps a line until the terminal is itself again. */
  say(text: string): void {
    if (this.#said.push(text) > SAID_MAX) this.#said.shift();
  }

  /** Gives the terminal back, and says what was kept. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
    for (const line of this.#said.splice(0)) console.error(line);
  }
}
