/**
 * What goes wrong in compute, in a sentence: a call that the kernel refused, memory that ended, a fault on the GPU.
 * @module
 */

import * as status from "../../../uapi/ntstatus.ts";

/** What kind of error. */
export type ComputeErrorKind =
  /** no such adapter, or one that executes no packets */
  | "adapter"
  /** memory ended */
  | "memory"
  /** an address that a buffer, table or kernel did not have: `address` */
  | "page-fault"
  /** commands or a kernel that the GPU refused */
  | "dma-fault"
  /** work that took too long */
  | "hung"
  /** the device is gone */
  | "lost"
  /** the kernel (the operating system's) refused a call: `status` */
  | "refused";

/** Details of a {@linkcode ComputeError}. */
export interface ComputeErrorDetails {
  /** GPU virtual address of a fault. */
  readonly address?: number;
  /** Where in the DMA buffer the packet that faulted begins, bytes. */
  readonly offset?: number;
  /** NTSTATUS of the call. */
  readonly status?: number;
}

/** An error of a compute device. */
export class ComputeError extends Error {
  /** What kind. */
  readonly kind: ComputeErrorKind;
  /** GPU virtual address, of faults. */
  readonly address: number | undefined;
  /** Offset of the packet in its DMA buffer, of faults. */
  readonly offset: number | undefined;
  /** NTSTATUS, of refused calls. */
  readonly status: number | undefined;

  /** An error. @param kind what kind. @param message a sentence. @param details what is known besides. */
  constructor(kind: ComputeErrorKind, message: string, details: ComputeErrorDetails = {}) {
    super(message);
    this.name = "ComputeError";
    this.kind = kind;
    this.address = details.address;
    this.offset = details.offset;
    this.status = details.status;
  }
}

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(status).flatMap(([name, value]) =>
    name.startsWith("STATUS_") && typeof value === "number" ? [[value, name]] : []
  ),
);

/** The name of an NTSTATUS, or its number. */
export function statusName(code: number): string {
  return NAMES.get(code | 0) ?? `status 0x${(code >>> 0).toString(16)}`;
}

/**
 * Throws unless a status is success, STATUS_PENDING included.
 *
 * @param code of a D3DKMT call. @param what "Cannot make a device". @throws {ComputeError} memory, lost or refused
 */
export function checkStatus(code: number, what: string): void {
  if (status.NT_SUCCESS(code)) return;
  const kind = code === status.STATUS_NO_MEMORY || code === status.STATUS_GRAPHICS_NO_VIDEO_MEMORY
    ? "memory"
    : code === status.STATUS_DEVICE_REMOVED
    ? "lost"
    : "refused";
  throw new ComputeError(kind, `${what}: ${statusName(code)}`, { status: code });
}
