/** VkResult as an error: negative results are thrown, the others (VK_TIMEOUT, VK_INCOMPLETE...) are returned to the caller. */
import * as types from "./generated/v1_0/other_types.ts";

/** A Vulkan command returned an error code. */
export class VkError extends Error {
  /** The VkResult, below zero. */
  readonly result: number;
  /** The command that returned it. */
  readonly command: string;

  /**
   * Makes the error.
   * @param result the VkResult
   * @param command the command's name
   * @param why what the caller was doing, when that says more
   */
  constructor(result: number, command: string, why = "") {
    super(`${command} failed with ${resultName(result)}${why === "" ? "" : `: ${why}`}`);
    this.name = "VkError";
    this.result = result;
    this.command = command;
  }
}

let names: ReadonlyMap<number, string> | undefined;

/** The name of a VkResult, such as "VK_ERROR_DEVICE_LOST". */
export function resultName(result: number): string {
  names ??= new Map(
    Object.entries(types as Record<string, unknown>)
      .filter((e): e is [string, number] =>
        typeof e[1] === "number" && /^VK_(ERROR_|SUCCESS|NOT_READY|TIMEOUT|INCOMPLETE)/.test(e[0])
      )
      .map(([name, value]) => [value, name]),
  );
  return names.get(result) ?? `VkResult ${result}`;
}

/**
 * Passes a VkResult through.
 * @throws {VkError} when it is negative
 */
export function check(result: number, command: string): number {
  if (result < 0) throw new VkError(result, command);
  return result;
}
