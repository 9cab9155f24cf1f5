/**
 * How the table of dxgkrnl's VMBus messages spells one of them: the struct, what follows it, and what answers it.
 * @module
 */

import { DXGK_VMBUS_LAST_COMPATIBLE_INTERFACE_VERSION } from "./dxgvmbus_hdr.ts";
import type { Struct } from "./struct.ts";

/**
 * Elements that follow a message's struct, each tail right behind the one before it. A tail that has the name of a
 * `[1]` member of the struct begins there; the struct's size then counts one element.
 */
export interface DxgTail {
  /** Name of the tail. */
  readonly name: string;
  /** One element: bytes, 32 bits, 64 bits, or a struct. */
  readonly of: "u8" | "u32" | "u64" | Struct<unknown>;
  /** The member of the request (`args.` for one of the ioctl's argument) that counts elements; undefined: as the elements before say. */
  readonly count: string | undefined;
}

/** What answers a message. */
export type DxgReply =
  | {
    /** `none`: nothing comes back. `ntstatus`: 4 bytes. `echo`: the request, filled in. `blob`: the private data alone. */
    readonly kind: "none" | "ntstatus" | "echo" | "blob";
  }
  | {
    /** An NTSTATUS, then the private data; the private data alone up to version 27. */
    readonly kind: "status_and_blob";
  }
  | {
    /** A struct of its own, then tails. */
    readonly kind: "struct";
    /** Its layout. */
    readonly type: Struct<unknown>;
    /** What follows it. */
    readonly tail: readonly DxgTail[];
  };

/** One message. */
export interface DxgCommand {
  /** `global`: guest to host for the whole VM; `vgpu`: for one virtual GPU; `guest`: host to guest. */
  readonly channel: "global" | "vgpu" | "guest";
  /** Its name, without DXGK_VMBCOMMAND_. */
  readonly name: string;
  /** Its number: numbers are a channel's own. */
  readonly type: number;
  /** Layout of the message, command header included, extended header excluded. */
  readonly request: Struct<unknown>;
  /** What follows the request. */
  readonly tail: readonly DxgTail[];
  /** What answers it. */
  readonly reply: DxgReply;
  /** Whether it may be sent with `async_msg`: nobody waits and nothing answers. */
  readonly mayBeAsync: boolean;
  /** The lowest interface version of a host that knows it. */
  readonly minVersion: number;
}

/** Members of {@linkcode DxgCommand} that most messages leave at their defaults. */
export interface DxgCommandOptions {
  /** What follows the request; nothing by default. */
  readonly tail?: readonly DxgTail[];
  /** Whether it may be sent with `async_msg`; false by default. */
  readonly mayBeAsync?: boolean;
  /** The lowest interface version; 16 by default. */
  readonly minVersion?: number;
}

/** Declares a message. Parameters as the members of {@linkcode DxgCommand}. */
export function dxgCommand<T>(
  channel: DxgCommand["channel"],
  name: string,
  type: number,
  request: Struct<T>,
  reply: DxgReply,
  options: DxgCommandOptions = {},
): DxgCommand {
  return {
    channel,
    name,
    type,
    request: request as Struct<unknown>,
    tail: options.tail ?? [],
    reply,
    mayBeAsync: options.mayBeAsync ?? false,
    minVersion: options.minVersion ?? DXGK_VMBUS_LAST_COMPATIBLE_INTERFACE_VERSION,
  };
}

/** A tail of elements. @param count the member that counts them. */
export function tail<T>(of: "u8" | "u32" | "u64" | Struct<T>, name: string, count?: string): DxgTail {
  return { name, of: of as DxgTail["of"], count };
}

/** A tail of handles. */
export function handles(name: string, count: string): DxgTail {
  return tail("u32", name, count);
}

/** A tail of 64-bit values. */
export function values(name: string, count: string): DxgTail {
  return tail("u64", name, count);
}

/** A tail of bytes. */
export function privateBytes(name: string, count?: string): DxgTail {
  return tail("u8", name, count);
}

/** An answer with a struct of its own. */
export function reply<T>(type: Struct<T>, ...tail: readonly DxgTail[]): DxgReply {
  return { kind: "struct", type: type as Struct<unknown>, tail };
}

/** Nothing comes back. */
export const NONE: DxgReply = { kind: "none" };
/** An NTSTATUS, 4 bytes. */
export const NTSTATUS: DxgReply = { kind: "ntstatus" };
/** The request, with the members that the host chose. */
export const ECHO: DxgReply = { kind: "echo" };
/** The private data alone. */
export const BLOB: DxgReply = { kind: "blob" };
/** An NTSTATUS and the private data; up to version 27 the private data alone. */
export const STATUS_AND_BLOB: DxgReply = { kind: "status_and_blob" };

/** Bytes of one element of a tail. */
export function dxgElementSize(tail: DxgTail): number {
  return tail.of === "u8" ? 1 : tail.of === "u32" ? 4 : tail.of === "u64" ? 8 : tail.of.size;
}

/** Where the first tail of a struct begins, bytes from the struct's start: at its `[1]` member, or behind it. */
export function dxgTailOffset(type: Struct<unknown>, tails: readonly DxgTail[]): number {
  const first = tails[0];
  return type.fields.find((field) => field.name === first?.name)?.offset ?? type.size;
}
