/**
 * `udrm serve`: keeps devices for many programs, until it is told to end.
 * @module
 */

import { parseArgs } from "node:util";
import { BuildError } from "../drivers/chardev/preload/build.ts";
import { DRIVER_NAMES, type DriverName, driverNames } from "./kernel_messages.ts";
import { KernelError, KernelThread } from "./kernel_thread.ts";

const HELP = `Usage: udrm serve [--folder FOLDER] [--driver NAME]... [--trace] [--json]

Keeps udrm's devices for any number of programs until SIGINT or SIGTERM. Programs become its clients by the environment that is
printed, as shell commands, once the devices are there; those of other users cannot.

  --folder FOLDER  where its socket is to lie, a folder that does not exist yet; one for temporary files by default
  --driver NAME    a device with this driver, the first is card0: ${DRIVER_NAMES.join(", ")} (default virtio_gpu)
  --trace          prints each request, decoded, on stderr
  --json           prints the environment as JSON
  --help           this text

Example: udrm serve --folder /tmp/gpu > /tmp/gpu.env &
         (. /tmp/gpu.env; modetest -M virtio_gpu)`;

interface ServeOptions {
  readonly folder: string | undefined;
  readonly drivers: readonly DriverName[];
  readonly trace: boolean;
  readonly json: boolean;
}

function parse(argv: readonly string[]): ServeOptions | "help" | { readonly error: string } {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        folder: { type: "string" },
        driver: { type: "string", multiple: true },
        trace: { type: "boolean" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help) return "help";
    const drivers = driverNames(values.driver ?? ["virtio_gpu"]);
    if ("error" in drivers) return drivers;
    if (values.folder !== undefined && !/^\/[^\0]*[^/\0]$/.test(values.folder)) {
      return { error: `--folder takes a path from the root, not ${JSON.stringify(values.folder)}` };
    }
    return { folder: values.folder, drivers, trace: values.trace ?? false, json: values.json ?? false };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function told(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) Deno.addSignalListener(signal, () => resolve());
  });
}

/** The command: `argv` without the word serve; the exit code. */
export async function serve(argv: readonly string[]): Promise<number> {
  const options = parse(argv);
  if (options === "help") {
    console.log(HELP);
    return 0;
  }
  if ("error" in options) {
    console.error(`udrm serve: ${options.error}; udrm serve --help tells what there is`);
    return 2;
  }
  const { drivers, trace } = options;
  let folder: string;
  try {
    folder = options.folder ?? Deno.makeTempDirSync({ prefix: "udrm-" });
    if (options.folder !== undefined) Deno.mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    console.error(`udrm serve: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
  const end = told();
  try {
    const thread = await KernelThread.start({ folder, drivers, trace, picture: false });
    const { env } = thread;
    console.log(
      options.json
        ? JSON.stringify(env)
        : Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}`).join("\n"),
    );
    await end;
    await thread.end();
    return 0;
  } catch (error) {
    if (!(error instanceof BuildError || error instanceof KernelError)) throw error;
    console.error(`udrm serve: ${error.message}`);
    return 1;
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
