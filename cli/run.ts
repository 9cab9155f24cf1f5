/**
 * `udrm run`: runs a program on udrm's devices. The program is an unmodified, dynamically linked one of Linux.
 * @module
 */

import { parseArgs } from "node:util";
import { BuildError } from "../drivers/chardev/preload/build.ts";
import { makeServerFolder } from "../drivers/chardev/preload/server_folder.ts";
import { chosenConfig, DEVICE_HELP, DEVICE_OPTIONS, type DeviceChoice, deviceChoice } from "./device_options.ts";
import {
  DISPLAY_HELP,
  DISPLAY_OPTIONS,
  displayChoice,
  DisplayError,
  Displays,
  type DisplaySpec,
} from "./display_options.ts";
import { clientEnvironment, KernelError, KernelThread } from "./kernel_thread.ts";
import { namedFolder, PLACE_OPTIONS } from "./place.ts";

const HELP = `Usage: udrm run [--config FILE | --driver NAME...] [--trace] [--png FILE] -- PROGRAM [ARGUMENT]...
       udrm run --folder FOLDER -- PROGRAM [ARGUMENT]...

Runs a program, and those that it starts, on udrm's devices in place of the system's: /dev/dri, /dev/dxg, /dev/sw_sync and what
sysfs says of them. The exit code is the program's. Programs that are static, or make system calls by themselves, see the system's devices.

${DEVICE_HELP}
  --trace          prints each request, decoded, on stderr
${DISPLAY_HELP}
  --png FILE       writes what the first device's first screen showed before its last client went
  --folder FOLDER  on the devices of udrm serve --folder FOLDER, in place of devices of its own
  --socket PATH    the same, by the server's socket: FOLDER/socket
  --help           this text

Example: udrm run --png screen.png -- modetest -M virtio_gpu -s 36:1280x800`;

/** Signals that are passed on to the program; SIGINT comes to it from the terminal as well. */
const PASSED: readonly Deno.Signal[] = ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"];

/** A longer line of a program is cut while the terminal shows the screen. */
const LINE_MAX = 4096;

interface RunOptions {
  readonly devices: DeviceChoice;
  /** Of a running server to join. */
  readonly folder: string | undefined;
  readonly trace: boolean;
  readonly png: string | undefined;
  readonly displays: readonly DisplaySpec[];
  readonly program: string;
  readonly args: string[];
}

function parse(argv: readonly string[]): RunOptions | "help" | { readonly error: string } {
  const end = argv.indexOf("--");
  let values;
  let positionals: string[];
  try {
    ({ values, positionals } = parseArgs({
      args: [...argv.slice(0, end < 0 ? undefined : end)],
      options: {
        ...DEVICE_OPTIONS,
        ...PLACE_OPTIONS,
        ...DISPLAY_OPTIONS,
        trace: { type: "boolean" },
        png: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
      allowPositionals: true,
    }));
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
  if (values.help) return "help";
  if (positionals.length > 0) return { error: `the program goes behind "--": udrm run -- ${positionals.join(" ")}` };
  const devices = deviceChoice(values);
  if ("error" in devices) return devices;
  const folder = namedFolder(values);
  if (typeof folder === "object") return folder;
  const own = (["config", "driver", "renderer", "gpu", "isolate", "trace", "png", "display"] as const).find((name) =>
    values[name] !== undefined
  );
  if (folder !== undefined && own !== undefined) {
    return { error: `--${own} is the server's matter when a running one is joined` };
  }
  const displays = displayChoice(values.display);
  if ("error" in displays) return displays;
  const [program, ...args] = end < 0 ? [] : argv.slice(end + 1);
  if (program === undefined) return { error: 'no program is given behind "--"' };
  return { devices, folder, trace: values.trace ?? false, png: values.png, displays, program, args };
}

// While the terminal shows the screen, what a program would write there waits until its end.
async function keepLines(stream: ReadableStream<Uint8Array>, displays: Displays): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>)) {
    const lines = (rest + text).split("\n");
    rest = (lines.pop() ?? "").slice(-LINE_MAX);
    for (const line of lines) displays.say(line.slice(0, LINE_MAX));
  }
  if (rest !== "") displays.say(rest);
}

async function child(
  options: RunOptions,
  env: Readonly<Record<string, string>>,
  displays?: Displays,
): Promise<number> {
  const screen = displays?.wantsTerminal ?? false;
  const stdout = screen && Deno.stdout.isTerminal(), stderr = screen && Deno.stderr.isTerminal();
  const terminal = await displays?.enterTerminal();
  let process: Deno.ChildProcess;
  try {
    process = new Deno.Command(options.program, {
      args: options.args,
      env: { ...env },
      stdin: screen && Deno.stdin.isTerminal() ? "null" : "inherit",
      stdout: stdout ? "piped" : "inherit",
      stderr: stderr ? "piped" : "inherit",
    }).spawn();
    const kept = (stream: ReadableStream<Uint8Array>): void => {
      if (displays !== undefined) void keepLines(stream, displays).catch(() => {});
    };
    if (stdout) kept(process.stdout);
    if (stderr) kept(process.stderr);
  } catch (error) {
    await displays?.leaveTerminal();
    console.error(`udrm run: Cannot run ${options.program}: ${error instanceof Error ? error.message : error}`);
    return error instanceof Deno.errors.NotFound ? 127 : 126;
  }
  const pass = PASSED.map((signal) => ({ signal, listener: () => process.kill(signal) }));
  const stay = (): void => {};
  Deno.addSignalListener("SIGINT", stay);
  for (const { signal, listener } of pass) Deno.addSignalListener(signal, listener);
  const ended = new AbortController();
  void terminal?.quit.then(() => ended.signal.aborted || process.kill("SIGTERM"));
  const { code } = await process.status;
  ended.abort();
  for (const { signal, listener } of pass) Deno.removeSignalListener(signal, listener);
  Deno.removeSignalListener("SIGINT", stay);
  return code;
}

async function join(options: RunOptions, folder: string): Promise<number> {
  const socket = `${folder}/socket`;
  try {
    const connection = await Deno.connect({ transport: "unix", path: `${folder}/control` });
    connection.close();
  } catch {
    throw new KernelError(`no server is at ${folder}: start one by udrm serve --folder ${folder}`);
  }
  return await child(options, await clientEnvironment(socket));
}

async function serve(options: RunOptions): Promise<number> {
  const config = await chosenConfig(options.devices);
  const folder = makeServerFolder();
  try {
    const { trace, png: file } = options;
    await using displays = await Displays.open(options.displays, (text) => console.error(`udrm run: ${text}`));
    const thread = await KernelThread.start(
      { folder, config, trace, picture: file !== undefined, board: displays?.board },
      (message) => displays?.receive(message),
    );
    displays?.connect(() => thread.kick(), (request) => thread.ask(request));
    const code = await child(options, thread.env, displays);
    await displays?.leaveTerminal();
    const png = await thread.end();
    if (file !== undefined) {
      if (png === undefined) console.error(`udrm run: ${file} is not written: nothing was ever shown`);
      else Deno.writeFileSync(file, png);
    }
    return code;
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** The command: `argv` without the word run; the exit code: the program's, 125 if udrm itself fails, 126 or 127 as a shell's. */
export async function run(argv: readonly string[]): Promise<number> {
  const options = parse(argv);
  if (options === "help") {
    console.log(HELP);
    return 0;
  }
  if ("error" in options) {
    console.error(`udrm run: ${options.error}; udrm run --help tells what there is`);
    return 2;
  }
  try {
    return options.folder === undefined ? await serve(options) : await join(options, options.folder);
  } catch (error) {
    if (error instanceof TypeError && error.name === "ConfigError") {
      console.error(`udrm run: ${error.message}`);
      return 2;
    }
    if (!(error instanceof BuildError || error instanceof KernelError || error instanceof DisplayError)) throw error;
    console.error(`udrm run: ${error.message}`);
    return 125;
  }
}
