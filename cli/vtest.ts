/**
 * `udrm vtest`: OpenGL for programs on this machine, by Mesa's virpipe driver.
 * @module
 */

import { MessageChannel } from "node:worker_threads";
import type { VtestEvent } from "../drivers/bus/vtest/mod.ts";
import { Processes } from "../drivers/bus/vtest/processes.ts";
import { eventfdWrite } from "../drivers/os/eventfd.ts";
import type { VtestMessage, VtestStart } from "./vtest_messages.ts";
import { parseVtest, VTEST_HELP, type VtestChoice } from "./vtest_options.ts";

const SIGNALS: readonly Deno.Signal[] = ["SIGINT", "SIGTERM", "SIGHUP"];
const CHILD = new URL("./vtest_child.ts", import.meta.url);

const say = (text: string): void => console.error(`udrm vtest: ${text}`);

/** Tells a person, or a program, what happens. */
class Teller {
  readonly #choice: VtestChoice;
  readonly #names = new Map<number, string>();

  constructor(choice: VtestChoice) {
    this.#choice = choice;
  }
  ready(renderer: string, device: string): void {
    const { socket, isolate, json } = this.#choice;
    if (json) console.log(JSON.stringify({ event: "ready", socket, renderer, device, isolate }));
    else say(`${renderer} (${device}) waits for programs at ${socket}`);
  }
  event(event: VtestEvent): void {
    if (this.#choice.json) {
      const { kind, ...rest } = event;
      console.log(JSON.stringify({ event: kind, ...rest }));
      return;
    }
    switch (event.kind) {
      case "name":
        this.#names.set(event.client, event.name);
        return say(`client ${event.client} is ${event.name}`);
      case "end": {
        const name = this.#names.get(event.client);
        this.#names.delete(event.client);
        return say(`client ${event.client}${name === undefined ? "" : ` (${name})`}: ${event.reason}`);
      }
      case "note":
        return say(event.message);
    }
  }
}

async function serve(choice: VtestChoice, child: URL): Promise<number> {
  const teller = new Teller(choice);
  const processes = new Processes(child, choice.gpu === undefined ? [] : [choice.gpu]);
  const { port1, port2 } = new MessageChannel();
  const { promise: over, resolve: finish } = Promise.withResolvers<string | undefined>();
  const worker = new Worker(new URL("./vtest_kernel.ts", import.meta.url), { type: "module" });
  let kick = -1, ending = false;
  const end = (): void => {
    if (!ending) port1.postMessage("end");
    if (!ending && kick >= 0) eventfdWrite(kick);
    ending = true;
  };
  const spawn = (id: number, control: number): void => {
    try {
      processes.spawn(id, control);
    } catch (error) {
      say(`no process can be started: ${error instanceof Error ? error.message : error}`);
    }
  };
  const hear = (message: VtestMessage): void => {
    switch (message.kind) {
      case "listening":
        kick = message.kick;
        // A signal may have come before there was anything to kick.
        eventfdWrite(kick);
        return;
      case "ready":
        return teller.ready(message.renderer, message.device);
      case "event":
        return teller.event(message.event);
      case "spawn":
        return spawn(message.id, message.control);
      case "kill":
        return processes.kill(message.id);
      default:
        // The descriptor is gone with the server.
        ending = true;
        finish(message.failed);
    }
  };
  worker.onmessage = (event: MessageEvent<VtestMessage>) => hear(event.data);
  worker.onerror = (event) => {
    event.preventDefault();
    hear({ kind: "ended", failed: event.message });
  };
  for (const signal of SIGNALS) Deno.addSignalListener(signal, end);
  const start: VtestStart = { choice, requests: port2 };
  worker.postMessage(start, [port2 as unknown as Transferable]);
  const failed = await over;
  for (const signal of SIGNALS) Deno.removeSignalListener(signal, end);
  port1.close();
  await processes.end();
  if (failed === undefined) return 0;
  say(failed);
  return 1;
}

/**
 * The command.
 *
 * @param argv without the word vtest. @param child the module of a client's process
 * @returns the exit code
 */
export async function vtest(argv: readonly string[], child: URL = CHILD): Promise<number> {
  const choice = parseVtest(argv);
  if (choice === "help") {
    console.log(VTEST_HELP);
    return 0;
  }
  if ("error" in choice) {
    say(`${choice.error}; udrm vtest --help tells what there is`);
    return 2;
  }
  return await serve(choice, child);
}
