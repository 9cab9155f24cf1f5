/**
 * The options of `udrm vtest`.
 * @module
 */

import { parseArgs } from "node:util";
import { VTEST_DEFAULT_SOCKET_NAME } from "../uapi/vtest.ts";
import { absolute } from "./place.ts";

/** Its --help. */
export const VTEST_HELP: string =
  `Usage: udrm vtest [--socket PATH] [--gpu GPU] [--isolate process|none] [--timeout SECONDS] [--memory MIB] [--json]

OpenGL for programs on this machine: a server of virgl's vtest protocol that renders by Vulkan. Mesa's virpipe driver is its
client; it serves any number of programs until SIGINT or SIGTERM.

  --socket PATH      where programs connect; ${VTEST_DEFAULT_SOCKET_NAME} unless told, which is where Mesa's driver looks (Mesa 25:
                     where VTEST_SOCKET_NAME says). It is made here, for this user alone, and removed at the end
  --gpu GPU          which GPU: part of its name, its kind, or its number in udrm info; the best one unless told
  --isolate process  each program is served by a process of its own, which is killed if it hangs or takes too much memory; by default
  --isolate none     all are served by one thread: less memory, but one that hangs the driver stops all
  --timeout SECONDS  how long one message, or the GPU, may take; 30 by default
  --memory MIB       how much memory the process of one program may take; 4096 by default
  --json             prints what happens as lines of JSON
  --help             this text

Examples:
  udrm vtest &
  GALLIUM_DRIVER=virpipe LIBGL_ALWAYS_SOFTWARE=1 glxgears
  udrm vtest --gpu llvmpipe --json`;

/** What was asked for. */
export interface VtestChoice {
  /** The socket's path. */
  readonly socket: string;
  /** Which GPU; undefined: the best one. */
  readonly gpu: string | undefined;
  /** Whether each client has a process of its own. */
  readonly isolate: "process" | "none";
  /** How long one message, or the GPU, may take, ns. */
  readonly timeoutNs: number;
  /** How much memory a client's process may take, bytes. */
  readonly memoryBytes: number;
  /** Whether a program reads what is printed. */
  readonly json: boolean;
}

/** Reads `argv`. @returns what it asks for, or what is wrong. */
export function parseVtest(argv: readonly string[]): VtestChoice | "help" | { readonly error: string } {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        socket: { type: "string", default: VTEST_DEFAULT_SOCKET_NAME },
        gpu: { type: "string" },
        isolate: { type: "string", default: "process" },
        timeout: { type: "string", default: "30" },
        memory: { type: "string", default: "4096" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help) return "help";
    const { socket, gpu, isolate, json } = values;
    if (socket === "") return { error: "--socket takes a path" };
    if (isolate !== "process" && isolate !== "none") {
      return { error: `--isolate takes process or none, not ${JSON.stringify(isolate)}` };
    }
    const timeout = Number(values.timeout), memory = Number(values.memory);
    if (!(timeout >= 0.1 && timeout <= 86400)) {
      return { error: `--timeout takes 0.1 to 86400 seconds, not ${JSON.stringify(values.timeout)}` };
    }
    if (!(memory >= 64 && memory <= 2 ** 30)) {
      return { error: `--memory takes 64 MiB or more, not ${JSON.stringify(values.memory)}` };
    }
    return {
      ...{ socket: absolute(socket), gpu, isolate, json },
      ...{ timeoutNs: timeout * 1e9, memoryBytes: memory * 2 ** 20 },
    };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
