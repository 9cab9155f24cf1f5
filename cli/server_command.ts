/**
 * What the commands for a running server have in common: options, help, how they end.
 * @module
 */

import { parseArgs } from "node:util";
import { ask, ControlError, type ControlRequest } from "./control.ts";
import { PLACE_OPTIONS, serverFolder } from "./place.ts";

/** Their options besides --folder, --socket, --json and --help. */
export type MoreOptions = Readonly<Record<string, { readonly type: "string" | "boolean" }>>;

/** What a command was given. */
export interface Given {
  /** Options' values. */
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
  /** What is no option. */
  readonly words: readonly string[];
  /** Asks the server. @throws {ControlError} */
  ask(request: ControlRequest): Promise<unknown>;
  /** Prints a result as JSON, with --json, or as `text` says it. */
  print(result: unknown, text: string): void;
}

/** A command line that cannot be; the text says why. */
export class UsageError extends Error {}

/**
 * Runs a command.
 *
 * @param name as it is called
 * @param body does it; the exit code
 * @returns the exit code: 2 for a command line that cannot be, 1 if the server refuses or is not there
 */
export async function serverCommand(
  name: string,
  help: string,
  more: MoreOptions,
  argv: readonly string[],
  body: (given: Given) => Promise<number>,
): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options: { ...PLACE_OPTIONS, ...more, json: { type: "boolean" }, help: { type: "boolean", short: "h" } },
      allowPositionals: true,
    });
    if (values.help) {
      console.log(help);
      return 0;
    }
    return await body({
      values: values as Given["values"],
      words: positionals,
      ask: (request) => {
        const folder = serverFolder(values as { folder?: string; socket?: string });
        if (typeof folder === "object") throw new UsageError(folder.error);
        return ask(folder, request);
      },
      print: (result, text) => console.log(values.json ? JSON.stringify(result) : text),
    });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const wrong = error instanceof UsageError || "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
    if (wrong) {
      console.error(`udrm ${name}: ${error.message}; udrm ${name} --help tells what there is`);
      return 2;
    }
    const known = error instanceof ControlError || error.name === "ConfigError" ||
      error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.PermissionDenied;
    if (!known) throw error;
    console.error(`udrm ${name}: ${error.message}`);
    return error.name === "ConfigError" ? 2 : 1;
  }
}
