/**
 * How a shared object is described to another host process. Who wrote it may be hostile: broker and reader check it alike.
 * @module
 */

import { DrmError } from "../../../../core/error.ts";
import { PAGE_SIZE } from "../../../../core/memory.ts";
import {
  _D3DDDI_FENCE,
  _D3DDDI_MONITORED_FENCE,
  _D3DDDI_SEMAPHORE,
  _D3DDDI_SYNCHRONIZATION_MUTEX,
} from "../../../../uapi/d3dkmthk_sync.ts";
import { dxg_driver_allocation } from "../../../../uapi/dxg_driver.ts";
import { F_SEAL_SHRINK, F_SEAL_WRITE, fstat, getSeals, Mapping, PROT_READ } from "../../../os/mod.ts";
import type { BackingKind } from "../backing.ts";
import { natural } from "./control.ts";

/** A synchronization object or a resource. */
export interface ShareBody {
  /** Its handle in the process that hears or says this. */
  readonly share: number;
  /** What it is. */
  readonly what: "sync" | "resource";
  /** Which adapter's, by its number. */
  readonly adapter: number;
  /** Of a synchronization object: _D3DDDI_*. */
  readonly type?: number;
  /** Of a synchronization object: d3dddi_synchronizationobject_flags. */
  readonly flags?: number;
  /** Of a semaphore: its greatest count. */
  readonly max?: number;
}

/** An allocation of a resource. */
export interface AllocationText {
  /** Bytes. */
  readonly size: number;
  /** Not "device". */
  readonly kind: BackingKind;
  /** Private data, hexadecimal. */
  readonly privateData: string;
  /** Which descriptor, first byte in it, bytes. */
  readonly pieces: readonly (readonly [number, number, number])[];
}

/** A resource; in a sealed file, as it may be long. The descriptors of its memory come with it. */
export interface ResourceText {
  /** Its private data, hexadecimal. */
  readonly privateData: string;
  /** Its allocations. */
  readonly allocations: readonly AllocationText[];
}

/** Allocations of a resource, and bytes of its description, that are described at most. */
const ALLOCATIONS_MAX = 1024;
const TEXT_MAX = 256 << 20;
const KINDS: readonly string[] = ["visible", "shared", "sysmem"] satisfies BackingKind[];
const HEX = /^(?:[0-9a-f]{2})*$/;
const TYPES: readonly number[] = [
  _D3DDDI_SYNCHRONIZATION_MUTEX,
  _D3DDDI_SEMAPHORE,
  _D3DDDI_FENCE,
  _D3DDDI_MONITORED_FENCE,
];

const wrong = (what: string): DrmError => new DrmError("EINVAL", `Cannot share: ${what}`);
const isWhole = (value: number): boolean => value > 0 && value % PAGE_SIZE === 0;

/** Whether a synchronization object can be of a type, flags and greatest count. */
export function isSync(type: number, flags: number, max: number): boolean {
  return TYPES.includes(type) && flags >= 0 && flags <= 0xffff_ffff && max >= 0 && max <= 0xffff_ffff;
}

/**
 * Reads what a resource is.
 * @param file that nobody can change any more. @param sizes of the files of its memory, bytes
 * @throws {DrmError} EINVAL for what no resource can be
 */
export function readResource(file: number, sizes: readonly number[]): ResourceText {
  const sealed = F_SEAL_SHRINK | F_SEAL_WRITE;
  if ((getSeals(file) & sealed) !== sealed) throw wrong("what describes it can change");
  const { size } = fstat(file);
  if (!(size > 0 && size <= TEXT_MAX)) throw wrong(`${size} bytes describe it`);
  const mapping = Mapping.tryMap(file, size, PROT_READ);
  if (typeof mapping === "number") throw new DrmError("ENOMEM", "Cannot read what a resource is");
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(new Uint8Array(mapping.buffer).slice()));
  } catch {
    throw wrong("what describes it is no JSON");
  } finally {
    mapping[Symbol.dispose]();
  }
  const { privateData, allocations } = (value ?? {}) as Record<string, unknown>;
  if (!Array.isArray(allocations) || allocations.length === 0 || allocations.length > ALLOCATIONS_MAX) {
    throw wrong("it has no allocations, or too many");
  }
  return { privateData: hex(privateData), allocations: allocations.map((each) => readAllocation(each, sizes)) };
}

function hex(value: unknown): string {
  if (typeof value !== "string" || !HEX.test(value)) throw wrong("its private data is no such thing");
  return value;
}

function readAllocation(value: unknown, sizes: readonly number[]): AllocationText {
  const of = (value ?? {}) as Record<string, unknown>;
  const size = natural(of.size), kind = String(of.kind) as BackingKind, privateData = hex(of.privateData);
  if (!KINDS.includes(kind) || !isWhole(size) || !Array.isArray(of.pieces) || of.pieces.length === 0) {
    throw wrong("an allocation is none");
  }
  if (privateData.length < 2 * dxg_driver_allocation.size) throw wrong("an allocation has too little private data");
  const pieces = of.pieces.map((piece: unknown): readonly [number, number, number] => {
    const [number, offset, length] = Array.isArray(piece) ? piece.map(natural) : [-1, -1, -1];
    const end = sizes[number] ?? 0;
    if (!(offset >= 0 && offset % PAGE_SIZE === 0 && isWhole(length) && offset + length <= end)) {
      throw wrong("a piece of memory is none");
    }
    return [number, offset, length];
  });
  const whole = pieces.reduce((sum, [, , length]) => sum + length, 0);
  if (whole !== size) throw wrong(`an allocation of ${size} bytes has memory of ${whole}`);
  // The whole file is the allocation's own.
  const isAlone = pieces.length === 1 && pieces[0][1] === 0 && size === sizes[pieces[0][0]];
  if (kind !== "sysmem" && !isAlone) throw wrong("an allocation has only a part of its memory");
  return { size, kind, privateData, pieces };
}
