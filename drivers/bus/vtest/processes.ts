/**
 * Starting and killing the processes that a supervisor asks for. It stands where Deno's event loop runs, which collects what has ended.
 * @module
 */

import { close, setCloexec } from "../../os/mod.ts";
import { compileSooner } from "../../os/tiers.ts";

/** The processes of one supervisor. */
export class Processes {
  readonly #children = new Map<number, Deno.ChildProcess>();
  readonly #entry: string;
  readonly #args: readonly string[];
  #ending = false;

  /** @param entry a module that calls `serveOne`. @param args its arguments, behind the socket's number and this process's. */
  constructor(entry: URL, args: readonly string[] = []) {
    this.#entry = entry.protocol === "file:" ? decodeURIComponent(entry.pathname) : entry.href;
    this.#args = args;
  }

  /** How many run. */
  get count(): number {
    return this.#children.size;
  }

  /** Starts one. @param control what it inherits; closed here. @throws {Error} if it cannot be started */
  spawn(id: number, control: number): void {
    try {
      if (this.#ending) return;
      setCloexec(control, false);
      const child = new Deno.Command(Deno.execPath(), {
        args: [
          ...["run", ...compileSooner(), "-A", "--no-prompt"],
          ...[this.#entry, String(control), String(Deno.pid), ...this.#args],
        ],
        stdin: "null",
        stdout: "inherit",
        stderr: "inherit",
      }).spawn();
      this.#children.set(id, child);
      void child.status.then(() => this.#children.delete(id));
    } finally {
      close(control);
    }
  }

  /** Kills one, if it still runs. */
  kill(id: number): void {
    try {
      this.#children.get(id)?.kill("SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
  }

  /** Kills all and waits for their end. */
  async end(): Promise<void> {
    this.#ending = true;
    const all = [...this.#children.values()];
    for (const id of this.#children.keys()) this.kill(id);
    await Promise.all(all.map(({ status }) => status));
  }
}
