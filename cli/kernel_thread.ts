/**
 * `KernelThread`: the Worker with the system, as the commands see it.
 * @module
 */

import { MessageChannel, type MessagePort } from "node:worker_threads";
import { buildShim } from "../drivers/chardev/preload/build.ts";
import { eventfdWrite } from "../drivers/os/eventfd.ts";
import type { SharedMessage } from "../drivers/display/board/board.ts";
import type { KernelMessage, KernelOptions, KernelRequest, NumberedRequest } from "./kernel_messages.ts";

/** The kernel thread could not begin, has ended by itself, or cannot do what it was asked. */
export class KernelError extends Error {
  /** "KernelError". */
  override readonly name: string = "KernelError";
}

/** What a program needs in its environment to be a client of the server at `socket`. @throws {BuildError} */
export async function clientEnvironment(socket: string): Promise<Readonly<Record<string, string>>> {
  const shim = await buildShim();
  const others = (Deno.env.get("LD_PRELOAD") ?? "").split(":").filter((path) => path !== "" && path !== shim);
  return { LD_PRELOAD: [shim, ...others].join(":"), UDRM_SOCKET: socket };
}

/** A running kernel thread. */
export class KernelThread {
  /** What a program needs in its environment to be its client. */
  readonly env: Readonly<Record<string, string>>;
  /** Resolves when it has ended, by itself or because it was told to. */
  readonly ended: Promise<void>;
  readonly #worker: Worker;
  readonly #requests: MessagePort;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #begun = Promise.withResolvers<void>();
  readonly #over = Promise.withResolvers<void>();
  readonly #onScreen: ((message: SharedMessage) => void) | undefined;
  #last: Exclude<KernelMessage, { kind: "answer" | "ready" | "screen" }> | undefined;
  #kick = -1;
  #id = 0;

  private constructor(
    options: Omit<KernelOptions, "requests">,
    env: Readonly<Record<string, string>>,
    onScreen: ((message: SharedMessage) => void) | undefined,
  ) {
    this.env = env;
    this.#onScreen = onScreen;
    this.ended = this.#over.promise;
    const { port1, port2 } = new MessageChannel();
    this.#requests = port1;
    this.#worker = new Worker(new URL("./kernel.ts", import.meta.url), { type: "module" });
    this.#worker.onmessage = (event: MessageEvent<KernelMessage>) => this.#hear(event.data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#hear({ kind: "failed", message: event.message });
    };
    this.#worker.postMessage({ ...options, requests: port2 }, [port2 as unknown as Transferable]);
  }

  /**
   * Starts it and waits until programs can come.
   *
   * @param options what it consists of
   * @param onScreen is told what changes on the board
   * @throws {KernelError} if it cannot begin
   * @throws {BuildError} if the client library cannot be built
   */
  static async start(
    options: Omit<KernelOptions, "requests">,
    onScreen?: (message: SharedMessage) => void,
  ): Promise<KernelThread> {
    const thread = new KernelThread(options, await clientEnvironment(`${options.folder}/socket`), onScreen);
    await thread.#begun.promise;
    if (thread.#last !== undefined) throw thread.#error();
    return thread;
  }

  /** Makes it look at its requests and at the board; harmless once it has ended. */
  kick(): void {
    if (this.#last === undefined && this.#kick >= 0) eventfdWrite(this.#kick);
  }

  #hear(message: KernelMessage): void {
    if (message.kind === "screen") return this.#onScreen?.(message.message);
    if (message.kind === "answer") {
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (message.error !== undefined) waiting?.reject(new KernelError(message.error));
      else waiting?.resolve(message.result);
      return;
    }
    if (message.kind === "ready") this.#kick = message.kick;
    else {
      this.#last ??= message;
      this.#requests.close();
      for (const waiting of this.#waiting.values()) waiting.reject(this.#error());
      this.#waiting.clear();
      this.#over.resolve();
    }
    this.#begun.resolve();
  }

  #error(): KernelError {
    return new KernelError(this.#last?.kind === "failed" ? this.#last.message : "the kernel thread has ended");
  }

  /**
   * Asks it for something.
   *
   * @returns what the request's kind says
   * @throws {KernelError} with the reason if it cannot do it, or has ended
   */
  ask(request: KernelRequest): Promise<unknown> {
    if (this.#last !== undefined) return Promise.reject(this.#error());
    const id = this.#id++;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    this.#send({ id, request });
    return waiting.promise;
  }

  // The message is there before the kick is: the thread looks once it has woken up.
  #send(message: NumberedRequest): void {
    this.#requests.postMessage(message);
    eventfdWrite(this.#kick);
  }

  #picture(): Uint8Array | undefined {
    if (this.#last?.kind !== "ended") throw this.#error();
    return this.#last.png;
  }

  /**
   * Ends it.
   *
   * @returns the picture, if one was wanted and anything was ever shown
   * @throws {KernelError} if it has ended by itself before
   */
  async end(): Promise<Uint8Array | undefined> {
    if (this.#last !== undefined) throw this.#error();
    this.#send({ id: this.#id++, request: { kind: "end" } });
    await this.ended;
    return this.#picture();
  }
}
