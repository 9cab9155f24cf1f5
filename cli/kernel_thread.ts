/**
 * `KernelThread`: the Worker with the system, as the commands see it.
 * @module
 */

import { buildShim } from "../drivers/chardev/preload/build.ts";
import { eventfdWrite } from "../drivers/os/eventfd.ts";
import type { KernelMessage, KernelOptions } from "./kernel_messages.ts";

/** The kernel thread could not begin, or has ended by itself. */
export class KernelError extends Error {
  /** "KernelError". */
  override readonly name: string = "KernelError";
}

/** A running kernel thread. */
export class KernelThread {
  /** What a program needs in its environment to be its client. */
  readonly env: Readonly<Record<string, string>>;
  readonly #worker: Worker;
  readonly #messages: KernelMessage[] = [];
  #wake: (() => void) | undefined;
  #kick = -1;

  private constructor(options: KernelOptions, shim: string) {
    const others = Deno.env.get("LD_PRELOAD");
    this.env = { LD_PRELOAD: others ? `${shim}:${others}` : shim, UDRM_SOCKET: `${options.folder}/socket` };
    this.#worker = new Worker(new URL("./kernel.ts", import.meta.url), { type: "module" });
    this.#worker.onmessage = (event: MessageEvent<KernelMessage>) => this.#push(event.data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#push({ kind: "failed", message: event.message });
    };
    this.#worker.postMessage(options);
  }

  /**
   * Starts it and waits until programs can come.
   *
   * @param options what it consists of
   * @throws {KernelError} if it cannot begin
   * @throws {BuildError} if the client library cannot be built
   */
  static async start(options: KernelOptions): Promise<KernelThread> {
    const thread = new KernelThread(options, await buildShim());
    const message = await thread.#next();
    if (message.kind !== "ready") throw new KernelError(message.kind === "failed" ? message.message : "it has ended");
    thread.#kick = message.kick;
    return thread;
  }

  #push(message: KernelMessage): void {
    this.#messages.push(message);
    this.#wake?.();
  }

  async #next(): Promise<KernelMessage> {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) return message;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /**
   * Ends it.
   *
   * @returns the picture, if one was wanted and anything was ever shown
   * @throws {KernelError} if it has ended by itself before
   */
  async end(): Promise<Uint8Array | undefined> {
    if (this.#messages.length === 0) eventfdWrite(this.#kick);
    const message = await this.#next();
    if (message.kind !== "ended") {
      throw new KernelError(message.kind === "failed" ? message.message : "it does not end");
    }
    return message.png;
  }
}
