/**
 * `udrm serve`: keeps devices for many programs, until it is told to end.
 * @module
 */

import { parseArgs } from "node:util";
import { BuildError } from "../drivers/chardev/preload/build.ts";
import { makeServerFolder } from "../drivers/chardev/preload/server_folder.ts";
import { ControlServer } from "./control.ts";
import { chosenConfig, DEVICE_HELP, DEVICE_OPTIONS, type DeviceChoice, deviceChoice } from "./device_options.ts";
import {
  DISPLAY_HELP,
  DISPLAY_OPTIONS,
  displayChoice,
  DisplayError,
  Displays,
  type DisplaySpec,
} from "./display_options.ts";
import type { Change, Screenshot } from "./kernel_messages.ts";
import { KernelError, KernelThread } from "./kernel_thread.ts";
import { namedFolder, PLACE_OPTIONS } from "./place.ts";

const HELP = `Usage: udrm serve [--config FILE | --driver NAME...] [--folder FOLDER] [--png FILE] [--trace] [--json]

Keeps udrm's devices for any number of programs until SIGINT or SIGTERM. Programs become its clients by the environment that is
printed, as shell commands, once the devices are there, or by udrm run --folder FOLDER; those of other users cannot.

${DEVICE_HELP}
  --folder FOLDER  where its socket is to lie, a folder that does not exist yet; one for temporary files by default
  --socket PATH    the same, by the socket: FOLDER/socket
${DISPLAY_HELP}
  --png FILE       writes what is shown to FILE at each SIGUSR2
  --trace          prints each request, decoded, on stderr
  --json           prints the environment as JSON
  --help           this text

SIGHUP reads FILE again, and only what differs changes: what is plugged into connectors, connectors, devices. So does
udrm config; udrm hotplug and udrm screenshot are for a running server, too.

Example: udrm serve --config examples/screens.json --folder /tmp/gpu > /tmp/gpu.env &
         udrm run --folder /tmp/gpu -- modetest -M vkms -c`;

interface ServeOptions {
  readonly folder: string | undefined;
  readonly devices: DeviceChoice;
  readonly png: string | undefined;
  readonly displays: readonly DisplaySpec[];
  readonly trace: boolean;
  readonly json: boolean;
}

function parse(argv: readonly string[]): ServeOptions | "help" | { readonly error: string } {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        ...DEVICE_OPTIONS,
        ...PLACE_OPTIONS,
        ...DISPLAY_OPTIONS,
        png: { type: "string" },
        trace: { type: "boolean" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help) return "help";
    const devices = deviceChoice(values);
    if ("error" in devices) return devices;
    const folder = namedFolder(values);
    if (typeof folder === "object") return folder;
    const displays = displayChoice(values.display);
    if ("error" in displays) return displays;
    return { folder, devices, png: values.png, displays, trace: values.trace ?? false, json: values.json ?? false };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

const say = (text: string): void => console.error(`udrm serve: ${text}`);

/** What changed, for people. */
export function describeChanges(changes: readonly Change[]): string {
  if (changes.length === 0) return "nothing has changed";
  return changes.map(({ what, device, name, driver }) => `${device} (${driver} ${name}) ${what}`).join(", ");
}

// Does something at a signal, one after the other; what fails is said, and the server goes on.
function at(signal: Deno.Signal, body: () => Promise<void>): void {
  let last = Promise.resolve();
  Deno.addSignalListener(signal, () => {
    last = last.then(body).catch((error) => say(error instanceof Error ? error.message : String(error)));
  });
}

function listen(thread: KernelThread, { devices, png }: ServeOptions): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, () => resolve());
  if (devices.file === undefined) Deno.addSignalListener("SIGHUP", () => resolve());
  else {
    at("SIGHUP", async () => {
      const changes = await thread.ask({ kind: "config", config: await chosenConfig(devices) });
      say(`${devices.file} is read again: ${describeChanges(changes as Change[])}`);
    });
  }
  // Not SIGUSR1: Deno opens its debugger then.
  if (png !== undefined) {
    at("SIGUSR2", async () => {
      const shot = await thread.ask({ kind: "screenshot", connector: undefined }) as Screenshot;
      Deno.writeFileSync(png, shot.png);
      say(`${png} shows ${shot.connector}, ${shot.width}x${shot.height}`);
    });
  }
  return Promise.race([promise, thread.ended]);
}

async function keep(options: ServeOptions, folder: string): Promise<void> {
  const config = await chosenConfig(options.devices);
  await using displays = await Displays.open(options.displays, say);
  const thread = await KernelThread.start(
    { folder, config, trace: options.trace, picture: false, board: displays?.board },
    (message) => displays?.receive(message),
  );
  displays?.connect(() => thread.kick(), (request) => thread.ask(request));
  await using _control = new ControlServer(folder, (request) => thread.ask(request));
  const end = listen(thread, options);
  const { env } = thread;
  console.log(
    options.json
      ? JSON.stringify(env)
      : Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}`).join("\n"),
  );
  const terminal = await displays?.enterTerminal();
  await (terminal === undefined ? end : Promise.race([end, terminal.quit]));
  await displays?.leaveTerminal();
  await thread.end();
}

/** The command: `argv` without the word serve; the exit code. */
export async function serve(argv: readonly string[]): Promise<number> {
  const options = parse(argv);
  if (options === "help") {
    console.log(HELP);
    return 0;
  }
  if ("error" in options) {
    say(`${options.error}; udrm serve --help tells what there is`);
    return 2;
  }
  let folder: string;
  try {
    folder = options.folder ?? makeServerFolder();
    if (options.folder !== undefined) Deno.mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    const there = error instanceof Deno.errors.AlreadyExists;
    say(there ? `${options.folder} exists: name a folder that does not, or remove it` : String(error));
    return 1;
  }
  try {
    await keep(options, folder);
    return 0;
  } catch (error) {
    if (error instanceof TypeError && error.name === "ConfigError") {
      say(error.message);
      return 2;
    }
    if (!(error instanceof BuildError || error instanceof KernelError || error instanceof DisplayError)) throw error;
    say(error.message);
    return 1;
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
