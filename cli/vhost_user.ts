/**
 * `udrm vhost-user`: udrm's GPU for a virtual machine of QEMU, or of anything else that speaks vhost-user.
 * @module
 */

import { MessageChannel } from "node:worker_threads";
import { eventfdWrite } from "../drivers/os/eventfd.ts";
import { close } from "../drivers/os/fd.ts";
import { connectStream } from "../drivers/os/stream_socket.ts";
import { OsError } from "../drivers/os/os_error.ts";
import { DisplayError, Displays } from "./display_options.ts";
import type { VhostUserMessage, VhostUserOptions, VhostUserRequest } from "./vhost_user_messages.ts";
import { parseVhostUser, VHOST_USER_HELP, type VhostUserChoice } from "./vhost_user_options.ts";

type VhostUserEnd = Extract<VhostUserMessage, { kind: "ended" | "failed" }>;

const say = (text: string): void => console.error(`udrm vhost-user: ${text}`);

// A socket that nobody listens on was left behind by a process that was killed. @returns what is wrong, or undefined.
function clearPath(socket: string): string | undefined {
  let there: Deno.FileInfo;
  try {
    there = Deno.lstatSync(socket);
  } catch {
    return undefined;
  }
  if (!there.isSocket) return `${socket} exists and is no socket: name another path`;
  try {
    close(connectStream(socket));
    return `${socket} is served already: end that server, or name another path`;
  } catch (error) {
    if (!(error instanceof OsError) || error.code !== "ECONNREFUSED") {
      return `${socket} exists and cannot be used: ${error instanceof Error ? error.message : error}`;
    }
  }
  Deno.removeSync(socket);
  return undefined;
}

const SIGNALS: readonly Deno.Signal[] = ["SIGINT", "SIGTERM", "SIGHUP"];

async function serve(choice: VhostUserChoice): Promise<number> {
  const { png, json, socket, gpu, device, outputs } = choice;
  await using displays = await Displays.open(choice.displays, say, { inspected: false, interactive: false });
  // While the terminal shows the screen, what is said waits.
  const tell = (text: string): void => displays === undefined ? say(text) : displays.say(text);
  if (displays !== undefined) say("viewers look only: keys, the pointer and the size are the machine's own, from QEMU");
  const { promise: over, resolve: finish } = Promise.withResolvers<VhostUserEnd>();
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(new URL("./vhost_user_kernel.ts", import.meta.url), { type: "module" });
  let kick = -1, ending = false, failed = false;
  let entered: Promise<{ readonly quit: Promise<void> }> | undefined;
  const ask = (request: VhostUserRequest): void => {
    if (ending) return;
    ending = request === "end";
    port1.postMessage(request);
    if (kick >= 0) eventfdWrite(kick);
  };
  const end = (): void => ask("end");
  const shoot = (): void => ask("picture");
  const write = (bytes: Uint8Array | undefined): boolean => {
    if (png === undefined) return true;
    if (bytes === undefined) tell(`nothing is shown: ${png} is not written`);
    else {
      try {
        Deno.writeFileSync(png, bytes);
      } catch (error) {
        tell(`${png} cannot be written: ${error instanceof Error ? error.message : error}`);
        return false;
      }
    }
    return true;
  };
  const begin = (message: Extract<VhostUserMessage, { kind: "ready" }>): void => {
    kick = message.kick;
    const { renderer, device } = message;
    if (json) console.log(JSON.stringify({ socket, renderer, device, outputs }));
    else tell(`${renderer} (${device}) waits for a machine at ${socket}`);
    // The descriptor is the server's: no viewer is to kick once it ends.
    displays?.connect(() => void (ending || eventfdWrite(kick)));
    // A signal may have come before there was anything to kick.
    eventfdWrite(kick);
    if (displays === undefined || ending) return;
    entered = displays.enterTerminal();
    entered.then(({ quit }) => quit).then(end, (error) => {
      tell(error instanceof Error ? error.message : String(error));
      failed = true;
      end();
    });
  };
  const hear = (message: VhostUserMessage): void => {
    switch (message.kind) {
      case "ready":
        return begin(message);
      case "screen":
        return displays?.receive(message.message);
      case "event":
        return tell(message.sentence);
      case "picture":
        return void write(message.png);
      default:
        ending = true;
        finish(message);
    }
  };
  worker.onmessage = (event: MessageEvent<VhostUserMessage>) => hear(event.data);
  worker.onerror = (event) => {
    event.preventDefault();
    hear({ kind: "failed", message: event.message });
  };
  for (const signal of SIGNALS) Deno.addSignalListener(signal, end);
  if (png !== undefined) Deno.addSignalListener("SIGUSR2", shoot);
  const picture = png !== undefined;
  const options: VhostUserOptions = {
    ...{ socket, gpu, device, outputs, picture },
    board: displays?.board,
    requests: port2,
  };
  worker.postMessage(options, [port2 as unknown as Transferable]);
  const last = await over;
  for (const signal of SIGNALS) Deno.removeSignalListener(signal, end);
  if (picture) Deno.removeSignalListener("SIGUSR2", shoot);
  port1.close();
  await entered?.catch(() => {});
  await displays?.leaveTerminal();
  if (last.kind === "failed") say(last.message);
  return last.kind === "ended" && write(last.png) && !failed ? 0 : 1;
}

/** The command: `argv` without the word vhost-user; the exit code. */
export async function vhostUser(argv: readonly string[]): Promise<number> {
  const choice = parseVhostUser(argv);
  if (choice === "help") {
    console.log(VHOST_USER_HELP);
    return 0;
  }
  if ("error" in choice) {
    say(`${choice.error}; udrm vhost-user --help tells what there is`);
    return 2;
  }
  const wrong = clearPath(choice.socket);
  if (wrong !== undefined) {
    say(wrong);
    return 1;
  }
  try {
    return await serve(choice);
  } catch (error) {
    if (!(error instanceof DisplayError)) throw error;
    say(error.message);
    return 1;
  }
}
