/**
 * How a line of the table of /dev/dxg is spelled, and what its handlers have in common.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import { type EventFdContext, eventFdContext } from "../../../core/eventfd.ts";
import { type IoctlEntry, ioctlMaker, MAY_WAIT } from "../../../core/ioctl.ts";
import type { Process } from "../../../core/process.ts";
import { Wait } from "../../../core/wait.ts";
import { DXG_MAX_VM_BUS_PACKET_SIZE } from "../../../uapi/dxgvmbus_hdr.ts";
import type { Ioctl } from "../../../uapi/ioctl.ts";
import type { Struct } from "../../../uapi/struct.ts";
import { Call } from "./call.ts";
import type { DxgFile } from "./file.ts";
import type { Message } from "./message.ts";
import type { DxgProcess } from "./process.ts";
import { runSteps, type Steps } from "./steps.ts";

/** Contexts that work is sent to at once (D3DDDI_MAX_BROADCAST_CONTEXT). */
export const MAX_BROADCAST_CONTEXT = 64;
/** Objects that a queue waits for at once (D3DDDI_MAX_OBJECT_WAITED_ON). */
export const MAX_OBJECT_WAITED_ON = 32;
/** Objects that are signalled at once (D3DDDI_MAX_OBJECT_SIGNALED). */
export const MAX_OBJECT_SIGNALED = 32;
/** Allocations that are made or destroyed at once (D3DKMT_CREATEALLOCATION_MAX). */
export const MAX_ALLOCATIONS = 1024;
/** Allocations that are made resident, evicted, offered or reclaimed at once (D3DKMT_MAKERESIDENT_ALLOC_MAX). */
export const MAX_RESIDENT = 1024 * 10;
/** What dxgkrnl bounds other counts with. */
export const MAX_COUNT: number = DXG_MAX_VM_BUS_PACKET_SIZE;

/** What handles an ioctl. Throws DrmError. */
export type DxgHandler<A> = (process: DxgProcess, call: Call<A>) => number | Wait | Steps;

const { raw } = ioctlMaker<DxgFile>();

/**
 * A line of the table.
 *
 * @param handler copies results back itself. @param always whether it answers after all adapters have gone, too; others are ENODEV
 */
export function line<A>(cmd: Ioctl<A>, struct: Struct<A>, handler: DxgHandler<A>, always = false): IoctlEntry {
  return raw(cmd, struct, MAY_WAIT, ({ process }, arg, task) => {
    if (process.isForgotten && !always) throw new DrmError("ENODEV", "Cannot use dxgkrnl: all adapters have gone");
    const call = new Call(task, struct, arg);
    const result = handler(process, call);
    if (typeof result === "number" || result instanceof Wait) return result;
    process.hold();
    return runSteps(result, { abandoned: () => call.abandon(), ended: () => process.drop() });
  });
}

/** Sends a message whose answer is an NTSTATUS, and gives what the ioctl returns. */
export function* status(message: Message): Steps<number> {
  yield message.isAsync ? message : message.expects(4);
  return message.isAsync ? 0 : message.status;
}

/** Throws a negative result. */
export function check(result: number): number {
  if (result < 0) throw DrmError.of(result);
  return result;
}

/** Throws EINVAL. */
export function invalid(what: string): never {
  throw new DrmError("EINVAL", what);
}

const offsets = new WeakMap<Struct<unknown>, Map<string, number>>();

/** Where a member begins, bytes: tails begin at a `[1]` member. */
export function offsetOf<T>(struct: Struct<T>, name: keyof T & string): number {
  let known = offsets.get(struct as Struct<unknown>);
  if (known === undefined) {
    known = new Map(struct.fields.map((field) => [field.name, field.offset]));
    offsets.set(struct as Struct<unknown>, known);
  }
  return known.get(name) ?? invalid(`Cannot find ${name} in ${struct.name}`);
}

/** eventfd_ctx_fdget of a 64-bit handle, as dxgkrnl answers: EINVAL for whatever is no eventfd. */
export function takeEvent(task: Process, handle: bigint): EventFdContext {
  try {
    return eventFdContext(task, Number(BigInt.asIntN(32, handle)));
  } catch (error) {
    if (!(error instanceof DrmError)) throw error;
    throw new DrmError("EINVAL", error.message);
  }
}

/** The fd in a 64-bit handle. */
export function fdOf(handle: bigint): number {
  return Number(BigInt.asIntN(32, handle));
}
