/**
 * NTSTATUS codes that cross /dev/dxg and its VMBus messages, and what dxgkrnl makes of them in errno. Mirrors the codes of
 * include/uapi/misc/d3dkmthk.h and dxgkrnl's ntstatus2int. Values are signed: negative is failure, zero and positive success.
 * @module
 */

import { ERRNO as errno } from "./errno.ts";

/** Success. */
export const STATUS_SUCCESS = 0;
/** Success: the wait is over because the time is. */
export const STATUS_TIMEOUT = 0x102;
/** Success: the work is under way; a fence will say when it is done. */
export const STATUS_PENDING = 0x103;
/** Failure without a code of its own. */
export const STATUS_UNSUCCESSFUL: number = 0xc0000001 | 0;
/** There is no such function. */
export const STATUS_NOT_IMPLEMENTED: number = 0xc0000002 | 0;
/** No such handle. */
export const STATUS_INVALID_HANDLE: number = 0xc0000008 | 0;
/** A parameter is wrong. */
export const STATUS_INVALID_PARAMETER: number = 0xc000000d | 0;
/** No memory. */
export const STATUS_NO_MEMORY: number = 0xc0000017 | 0;
/** An instruction is wrong. */
export const STATUS_ILLEGAL_INSTRUCTION: number = 0xc000001d | 0;
/** The caller may not. */
export const STATUS_ACCESS_DENIED: number = 0xc0000022 | 0;
/** The answer has no room. */
export const STATUS_BUFFER_TOO_SMALL: number = 0xc0000023 | 0;
/** The object is of another type. */
export const STATUS_OBJECT_TYPE_MISMATCH: number = 0xc0000024 | 0;
/** The name is malformed. */
export const STATUS_OBJECT_NAME_INVALID: number = 0xc0000033 | 0;
/** The name is not there. */
export const STATUS_OBJECT_NAME_NOT_FOUND: number = 0xc0000034 | 0;
/** The name is taken. */
export const STATUS_OBJECT_NAME_COLLISION: number = 0xc0000035 | 0;
/** The request is not supported. */
export const STATUS_NOT_SUPPORTED: number = 0xc00000bb | 0;
/** The device is gone. */
export const STATUS_DEVICE_REMOVED: number = 0xc00002b6 | 0;
/** No memory of the GPU. */
export const STATUS_GRAPHICS_NO_VIDEO_MEMORY: number = 0xc01e0100 | 0;
/** The allocation is in use. */
export const STATUS_GRAPHICS_ALLOCATION_BUSY: number = 0xc01e0102 | 0;

/** Whether a status is success, STATUS_PENDING and STATUS_TIMEOUT included (NT_SUCCESS). */
export function NT_SUCCESS(status: number): boolean {
  return (status | 0) >= 0;
}

/**
 * What an ioctl returns for a status of the host: the status itself on success (0 or positive), otherwise a negative
 * errno; EINVAL for codes that dxgkrnl does not know (ntstatus2int). A timeout is success here: the few callers that give
 * EAGAIN for it do so themselves.
 *
 * @param status signed or unsigned 32 bits.
 */
export function ntstatusToReturn(status: number): number {
  const signed = status | 0;
  if (signed >= 0) return signed;
  return -(FAILURES.get(signed) ?? errno.EINVAL);
}

const FAILURES: ReadonlyMap<number, number> = new Map([
  [STATUS_OBJECT_NAME_COLLISION, errno.EEXIST],
  [STATUS_NO_MEMORY, errno.ENOMEM],
  [STATUS_INVALID_PARAMETER, errno.EINVAL],
  [STATUS_OBJECT_NAME_INVALID, errno.ENOENT],
  [STATUS_OBJECT_NAME_NOT_FOUND, errno.ENOENT],
  [STATUS_BUFFER_TOO_SMALL, errno.EOVERFLOW],
  [STATUS_DEVICE_REMOVED, errno.ENODEV],
  [STATUS_ACCESS_DENIED, errno.EACCES],
  [STATUS_NOT_SUPPORTED, errno.EPERM],
  [STATUS_NOT_IMPLEMENTED, errno.EPERM],
  [STATUS_ILLEGAL_INSTRUCTION, errno.EOPNOTSUPP],
  [STATUS_INVALID_HANDLE, errno.EBADF],
  [STATUS_GRAPHICS_ALLOCATION_BUSY, errno.EINPROGRESS],
  [STATUS_OBJECT_TYPE_MISMATCH, errno.EPROTOTYPE],
]);

/**
 * The status behind what an ioctl of /dev/dxg returned, as the user-mode library sees it: 0 and positive values are
 * statuses; of the errnos, those with one meaning come back, and the rest is STATUS_UNSUCCESSFUL.
 *
 * @param result 0, a positive status, or a negative errno.
 */
export function returnToNtstatus(result: number): number {
  if (result >= 0) return result;
  return STATUSES.get(-result) ?? STATUS_UNSUCCESSFUL;
}

const STATUSES: ReadonlyMap<number, number> = new Map([
  [errno.EEXIST, STATUS_OBJECT_NAME_COLLISION],
  [errno.ENOMEM, STATUS_NO_MEMORY],
  [errno.EINVAL, STATUS_INVALID_PARAMETER],
  [errno.ENOENT, STATUS_OBJECT_NAME_INVALID],
  [errno.EAGAIN, STATUS_TIMEOUT],
  [errno.EOVERFLOW, STATUS_BUFFER_TOO_SMALL],
  [errno.ENODEV, STATUS_DEVICE_REMOVED],
  [errno.EACCES, STATUS_ACCESS_DENIED],
  [errno.EPERM, STATUS_NOT_SUPPORTED],
  [errno.ENOSYS, STATUS_NOT_SUPPORTED],
  [errno.EOPNOTSUPP, STATUS_ILLEGAL_INSTRUCTION],
  [errno.EBADF, STATUS_INVALID_HANDLE],
  [errno.EINPROGRESS, STATUS_GRAPHICS_ALLOCATION_BUSY],
  [errno.EPROTOTYPE, STATUS_OBJECT_TYPE_MISMATCH],
]);
