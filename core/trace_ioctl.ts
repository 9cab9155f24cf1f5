/**
 * Ioctls as trace events: named and decoded by the table that dispatches them.
 * @module
 */

import { _IOC_SIZE } from "../uapi/ioctl.ts";
import { type Struct, VIEW } from "../uapi/struct.ts";
import { DrmError } from "./error.ts";
import type { IoctlArgument } from "./file.ts";
import type { Process } from "./process.ts";
import type { Wait } from "./wait.ts";

/** What a request's table says of it. */
export interface TracedEntry {
  /** Its name. */
  readonly name?: string;
  /** Layout of its argument. */
  readonly struct: Struct<unknown> | undefined;
}

/** The argument as the trace shows it: decoded by the request's struct, else the bare value. */
function decode(struct: Struct<unknown> | undefined, task: Process, cmd: number, arg: IoctlArgument): unknown {
  if (typeof arg === "object" && arg !== null && VIEW in arg) return arg.toJSON();
  if (struct === undefined || arg === undefined) return arg;
  const bytes = new Uint8Array(Math.max(struct.size, _IOC_SIZE(cmd)));
  try {
    if (ArrayBuffer.isView(arg)) {
      bytes.set(new Uint8Array(arg.buffer, arg.byteOffset, Math.min(bytes.length, arg.byteLength)));
    } else task.memory.copyIn(BigInt(arg), bytes.subarray(0, _IOC_SIZE(cmd)));
  } catch {
    return arg; // a bad pointer: show it as it is, the request itself will say EFAULT
  }
  return struct.at(bytes).toJSON();
}

/**
 * Runs `call` and emits what it was given, what it gave and how long it took. A request that waits is told twice: when it
 * begins to wait, and with its result.
 *
 * @param entry what the table says of the request, if it holds it. @param subject the file, as the trace names it.
 */
export function traceIoctl(
  entry: TracedEntry | undefined,
  subject: string,
  task: Process,
  cmd: number,
  arg: IoctlArgument,
  call: () => number | Wait,
): number | Wait {
  const { trace, clock } = task.system;
  const name = entry?.name ?? `ioctl 0x${(cmd >>> 0).toString(16)}`;
  const time = clock.now();
  const start = performance.now();
  const emit = (result: string | number): void =>
    trace.emit({
      time,
      floor: "client",
      name,
      subject,
      args: decode(entry?.struct, task, cmd, arg),
      result,
      duration: (performance.now() - start) * 1e6,
    });
  try {
    const result = call();
    if (typeof result === "number") emit(result);
    else if (result.result !== undefined) emit(result.result);
    else {
      emit("waits");
      result.observe(emit);
    }
    return result;
  } catch (error) {
    emit(error instanceof DrmError ? `${error.code}: ${error.message}` : String(error));
    throw error;
  }
}
