/**
 * ioctl dispatch by table: copy in, permissions, handler, copy out. Mirrors drm_ioctl and drm_ioctl_kernel
 * (drivers/gpu/drm/drm_ioctl.c); files other than DRM's match the whole request number and copy out on success alone.
 * @module
 */

import { _IOC_DIR, _IOC_NR, _IOC_READ, _IOC_SIZE, _IOC_WRITE, type Ioctl } from "../uapi/ioctl.ts";
import { bytesOf, type Struct, type StructView, VIEW, type View } from "../uapi/struct.ts";
import { DrmError, errnoOf } from "./error.ts";
import type { File, IoctlArgument } from "./file.ts";
import type { Process } from "./process.ts";
import { traceIoctl } from "./trace_ioctl.ts";
import { Wait } from "./wait.ts";

/** DRM_AUTH: the client is authenticated (or the node is a render node). */
export const AUTH = 1;
/** DRM_MASTER: the client is the current master. */
export const MASTER = 2;
/** DRM_ROOT_ONLY: the client has CAP_SYS_ADMIN. */
export const ROOT_ONLY = 4;
/** DRM_RENDER_ALLOW: allowed on render nodes. */
export const RENDER_ALLOW = 32;
/** Not the kernel's: given to {@linkcode IoctlMaker.ioctl} among the flags, it marks a request that may have to wait. */
export const MAY_WAIT = 1 << 16;

/** What handles an ioctl. `arg` lives until it returns, or until the Wait that it returns completes. */
export type IoctlHandler<F, A> = (file: F, arg: View<A>, task: Process) => number | Wait;

/** One line of an ioctl table. */
export interface IoctlEntry {
  /** The request as this table spells it. */
  readonly cmd: number;
  /** Layout of the argument; undefined for requests without one. */
  readonly struct: Struct<unknown> | undefined;
  /** AUTH, MASTER, ROOT_ONLY, RENDER_ALLOW. */
  readonly flags: number;
  /** Whether the handler may return a Wait. One that is not marked must not: it makes `IoctlTable.call` throw a TypeError. */
  readonly mayWait?: boolean;
  /** Whether the handler copies the argument in and out itself: the struct is for the trace, and for who makes requests. */
  readonly raw?: boolean;
  /** The request's name, where it is known. */
  readonly name?: string;
  /** Handles it. */
  readonly handler: (file: never, arg: never, task: Process) => number | Wait;
}

/** As {@linkcode IoctlHandler} for a handler that copies the argument itself, by `argumentIn` and `argumentOut`. */
export type RawIoctlHandler<F> = (file: F, arg: IoctlArgument, task: Process) => number | Wait;

/** Makes table lines whose handlers know their file's type. */
export interface IoctlMaker<F> {
  /**
   * One line.
   *
   * @param cmd the request. @param struct its argument's layout. @param flags permissions, and MAY_WAIT where the handler
   * may return a Wait. @param handler handles it.
   */
  ioctl<A>(
    cmd: Ioctl<A>,
    struct: Struct<A> | undefined,
    flags: number,
    handler: IoctlHandler<F, A>,
  ): IoctlEntry;
  /** One line whose handler copies the argument itself: for requests that take an fd first. */
  raw<A>(cmd: Ioctl<A>, struct: Struct<A>, flags: number, handler: RawIoctlHandler<F>): IoctlEntry;
}

/** The maker of table lines for files of type `F`. */
export function ioctlMaker<F>(): IoctlMaker<F> {
  return {
    ioctl: (cmd, struct, flags, handler) => {
      const mayWait = (flags & MAY_WAIT) !== 0;
      return { cmd, struct, flags: flags & ~MAY_WAIT, mayWait, handler } as unknown as IoctlEntry;
    },
    raw: (cmd, struct, flags, handler) => {
      const mayWait = (flags & MAY_WAIT) !== 0;
      return { cmd, struct, flags: flags & ~MAY_WAIT, mayWait, raw: true, handler } as unknown as IoctlEntry;
    },
  };
}

/** How a table finds its lines. */
export type IoctlMatch = "nr" | "cmd";

/** The kernel's own copy of an argument. */
interface Scratch {
  readonly view: StructView;
  readonly bytes: Uint8Array;
}

interface Slot {
  readonly entry: IoctlEntry;
  readonly struct: Struct<unknown> | undefined;
  // Reused by calls that do not overlap.
  scratch: Scratch | undefined;
}

/** Throws EACCES for flags that the caller may not pass. */
export type IoctlPermit<F> = (file: F, flags: number, task: Process) => void;
type Handler<F> = (file: F, arg: unknown, task: Process) => number | Wait;

/** An ioctl table. */
export class IoctlTable<F extends File> {
  readonly #slots = new Map<number, Slot>();
  // Numbers are below 256: an array look-up on the hot path.
  readonly #byNr: (Slot | undefined)[] = new Array(256).fill(undefined);
  readonly #match: IoctlMatch;

  /**
   * Names the lines and sorts them by number. Throws a TypeError if two have the same.
   *
   * @param entries the lines. @param match "nr" as DRM does, "cmd" for the whole request.
   * @param names exports of the uapi module, in which requests find their names.
   */
  constructor(entries: readonly IoctlEntry[], match: IoctlMatch, names: Readonly<Record<string, unknown>> = {}) {
    this.#match = match;
    const byNumber = new Map<number, string>();
    for (const [name, value] of Object.entries(names)) {
      if (typeof value === "number" && /IOC/.test(name) && !byNumber.has(value)) byNumber.set(value, name);
    }
    for (const line of entries) {
      const entry = { ...line, name: line.name ?? byNumber.get(line.cmd) };
      const key = match === "nr" ? _IOC_NR(entry.cmd) : entry.cmd;
      if (this.#slots.has(key)) throw new TypeError(`Cannot add ioctl ${entry.name ?? key}: its number is taken`);
      const slot = { entry, struct: entry.raw === true ? undefined : entry.struct, scratch: undefined };
      this.#slots.set(key, slot);
      if (match === "nr") this.#byNr[key] = slot;
    }
  }

  /** The lines. */
  get entries(): readonly IoctlEntry[] {
    return [...this.#slots.values()].map((slot) => slot.entry);
  }

  /** The line that a request finds, or undefined. */
  find(cmd: number): IoctlEntry | undefined {
    return this.#slot(cmd)?.entry;
  }

  /** Whether `call` would find a line. */
  has(cmd: number): boolean {
    return this.#slot(cmd) !== undefined;
  }

  #slot(cmd: number): Slot | undefined {
    return this.#match === "nr" ? this.#byNr[cmd & 0xff] : this.#slots.get(cmd >>> 0);
  }

  /**
   * Runs a request: copy in (EFAULT), permissions (EACCES), handler, copy out (EFAULT overrides the result). A DRM file
   * traces its requests itself; those of tables that match whole numbers are traced here.
   *
   * @param missing errno of a request that the table does not hold.
   * @param permit throws EACCES for flags that the caller may not pass.
   */
  call(
    file: F,
    task: Process,
    cmd: number,
    arg: IoctlArgument,
    missing: "EINVAL" | "ENOTTY",
    permit?: IoctlPermit<F>,
  ): number | Wait {
    const slot = this.#slot(cmd);
    if (this.#match === "cmd" && task.system.trace.enabled) {
      return traceIoctl(
        slot?.entry,
        file.kind,
        task,
        cmd,
        arg,
        () => this.#run(slot, file, task, cmd, arg, missing, permit),
      );
    }
    return this.#run(slot, file, task, cmd, arg, missing, permit);
  }

  #run(
    slot: Slot | undefined,
    file: F,
    task: Process,
    cmd: number,
    arg: IoctlArgument,
    missing: "EINVAL" | "ENOTTY",
    permit: IoctlPermit<F> | undefined,
  ): number | Wait {
    if (slot === undefined) {
      throw new DrmError(missing, `Cannot do ioctl 0x${(cmd >>> 0).toString(16)}: the table has no such number`);
    }
    const entry = slot.entry;
    const handler = entry.handler as unknown as Handler<F>;
    const struct = slot.struct;
    if (struct === undefined) {
      permit?.(file, entry.flags, task);
      return marked(entry, handler(file, arg, task));
    }
    if (cmd === entry.cmd && struct.is(arg)) {
      // An in-process caller's struct of the right kind serves as the kernel's own copy: in and out are the same bytes.
      if (_IOC_DIR(cmd) === (_IOC_READ | _IOC_WRITE)) {
        permit?.(file, entry.flags, task);
        return marked(entry, handler(file, arg, task));
      }
      if (_IOC_DIR(cmd) === _IOC_WRITE) return this.#reading(slot, struct, handler, file, task, arg, permit);
    }
    return this.#copying(slot, struct, handler, file, task, cmd, arg, permit);
  }

  // As #copying, for a request that only reads a struct of the right kind: nothing is copied out, nothing allocated.
  #reading(
    slot: Slot,
    struct: Struct<unknown>,
    handler: Handler<F>,
    file: F,
    task: Process,
    arg: StructView,
    permit: IoctlPermit<F> | undefined,
  ): number | Wait {
    const scratch = slot.scratch ?? makeScratch(struct);
    slot.scratch = undefined;
    copyView(arg[VIEW], scratch.view[VIEW]);
    let result: number | Wait | undefined;
    try {
      permit?.(file, slot.entry.flags, task);
      return result = marked(slot.entry, handler(file, scratch.view, task));
    } finally {
      // A waiting handler keeps its argument.
      if (!(result instanceof Wait)) slot.scratch = scratch;
    }
  }

  #copying(
    slot: Slot,
    struct: Struct<unknown>,
    handler: Handler<F>,
    file: F,
    task: Process,
    cmd: number,
    arg: IoctlArgument,
    permit: IoctlPermit<F> | undefined,
  ): number | Wait {
    const dir = _IOC_DIR(cmd) & _IOC_DIR(slot.entry.cmd);
    const userSize = _IOC_SIZE(cmd);
    const inSize = (dir & _IOC_WRITE) !== 0 ? userSize : 0;
    const outSize = (dir & _IOC_READ) !== 0 ? userSize : 0;
    const scratch = slot.scratch ?? makeScratch(struct);
    const kernel = scratch.bytes;
    if (inSize > kernel.length) {
      // Bytes beyond the kernel's struct are read (they may fault) and ignored.
      const user = new Uint8Array(inSize);
      argumentIn(task, arg, user);
      kernel.set(user.subarray(0, kernel.length));
    } else {
      if (inSize > 0) argumentIn(task, arg, inSize === kernel.length ? kernel : kernel.subarray(0, inSize));
      kernel.fill(0, inSize);
    }
    slot.scratch = undefined;
    let result: number | Wait;
    try {
      permit?.(file, slot.entry.flags, task);
      result = marked(slot.entry, handler(file, scratch.view, task));
    } catch (error) {
      // Of DRM's requests, refused ones too have their argument copied out (A4), and EFAULT overrides.
      if (this.#match === "nr" && error instanceof DrmError) copyOut(task, arg, kernel, inSize, outSize);
      slot.scratch = scratch;
      throw error;
    }
    if (result instanceof Wait) {
      result.finish = (done) => {
        if (this.#match === "cmd" && done < 0) return done;
        try {
          copyOut(task, arg, kernel, inSize, outSize);
          return done;
        } catch (error) {
          return errnoOf(error);
        }
      };
      return result;
    }
    if (this.#match === "nr" || result >= 0) copyOut(task, arg, kernel, inSize, outSize);
    slot.scratch = scratch;
    return result;
  }
}

// A door that serves several clients tells by the mark which requests may keep it waiting.
function marked(entry: IoctlEntry, result: number | Wait): number | Wait {
  if (typeof result === "number" || entry.mayWait === true) return result;
  result.cancel();
  throw new TypeError(`Cannot wait in ${entry.name ?? "an ioctl"}: its table line is not marked with MAY_WAIT`);
}

function makeScratch(struct: Struct<unknown>): Scratch {
  const view = struct.of() as StructView;
  return { view, bytes: bytesOf(view) };
}

// Structs of requests have sizes that are multiples of 4.
function copyView(from: DataView, to: DataView): void {
  for (let i = 0; i < to.byteLength; i += 4) to.setUint32(i, from.getUint32(i));
}

// Bytes beyond the kernel's struct go back unchanged; where none were copied in, as zeros.
function copyOut(task: Process, arg: IoctlArgument, kernel: Uint8Array, inSize: number, outSize: number): void {
  if (outSize === 0) return;
  if (outSize <= kernel.length) {
    argumentOut(task, arg, outSize === kernel.length ? kernel : kernel.subarray(0, outSize));
    return;
  }
  argumentOut(task, arg, kernel);
  if (inSize === 0) argumentOut(task, arg, new Uint8Array(outSize - kernel.length), kernel.length);
}

function argumentBytes(arg: IoctlArgument): Uint8Array | undefined {
  if (arg instanceof Uint8Array) return arg;
  if (ArrayBuffer.isView(arg)) return new Uint8Array(arg.buffer, arg.byteOffset, arg.byteLength);
  if (typeof arg === "object" && arg !== null && VIEW in arg) return bytesOf(arg);
  return undefined;
}

function pointer(arg: IoctlArgument): bigint {
  if (typeof arg === "object" && arg !== null) {
    throw new TypeError("Cannot pass a plain object to an ioctl: make a struct of it, as drm_version.of({ ... }) does");
  }
  if (typeof arg === "bigint") return BigInt.asUintN(64, arg);
  if (typeof arg === "number" && Number.isSafeInteger(arg) && arg >= 0) return BigInt(arg);
  throw new DrmError("EFAULT", "Cannot read the ioctl's argument: it is no pointer");
}

/**
 * copy_from_user of an ioctl's argument: fills `target` from its byte `offset` on. Handlers whose table line has no struct
 * use it themselves.
 *
 * @throws {DrmError} EFAULT.
 */
export function argumentIn(task: Process, arg: IoctlArgument, target: Uint8Array, offset = 0): void {
  const bytes = argumentBytes(arg);
  if (bytes === undefined) task.memory.copyIn(offset === 0 ? pointer(arg) : pointer(arg) + BigInt(offset), target);
  else if (bytes.length < offset + target.length) {
    throw new DrmError("EFAULT", `Cannot read ${target.length} bytes of argument: it has ${bytes.length - offset}`);
  } else target.set(bytes.length === target.length ? bytes : bytes.subarray(offset, offset + target.length));
}

/** copy_to_user of an ioctl's argument: stores `source` at its byte `offset`. Throws EFAULT. */
export function argumentOut(task: Process, arg: IoctlArgument, source: Uint8Array, offset = 0): void {
  const bytes = argumentBytes(arg);
  if (bytes === undefined) task.memory.copyOut(offset === 0 ? pointer(arg) : pointer(arg) + BigInt(offset), source);
  else if (bytes.length < offset + source.length) {
    throw new DrmError("EFAULT", `Cannot write ${source.length} bytes of argument: it has ${bytes.length - offset}`);
  } else bytes.set(source, offset);
}
