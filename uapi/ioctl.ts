/**
 * ioctl request numbers: `_IO`, `_IOR`, `_IOW`, `_IOWR` of include/uapi/asm-generic/ioctl.h.
 * @module
 */

import type { Struct } from "./struct.ts";

/** The key under which an {@linkcode Ioctl}'s argument type stands; it exists for the compiler alone. */
export declare const ARG: unique symbol;

/** An ioctl request: a plain number (u32) at run time, typed by the argument that it points to. */
export type Ioctl<A = unknown> = number & { readonly [ARG]?: A };

/** `_IOC_NONE`. */
export const _IOC_NONE = 0;
/** `_IOC_WRITE`: user space writes, the kernel reads. */
export const _IOC_WRITE = 1;
/** `_IOC_READ`: the kernel writes, user space reads. */
export const _IOC_READ = 2;

/** The largest argument size that a request can carry, bytes. */
export const _IOC_SIZEMAX = 0x3fff;

/** Direction bits of a request: `_IOC_NONE`, `_IOC_WRITE`, `_IOC_READ`, or both. */
export function _IOC_DIR(cmd: number): number {
  return cmd >>> 30;
}
/** Type byte (magic) of a request. */
export function _IOC_TYPE(cmd: number): number {
  return (cmd >>> 8) & 0xff;
}
/** Number of a request within its type, 0..255. */
export function _IOC_NR(cmd: number): number {
  return cmd & 0xff;
}
/** Argument size of a request, bytes, 0..16383. */
export function _IOC_SIZE(cmd: number): number {
  return (cmd >>> 16) & 0x3fff;
}

/**
 * A request from its parts, as a u32.
 *
 * @param dir direction bits.
 * @param type the type byte, as a number or a one-character string.
 * @param nr number, 0..255.
 * @param size argument size, bytes, 0..16383.
 */
export function _IOC(dir: number, type: number | string, nr: number, size: number): number {
  const magic = typeof type === "string" ? type.charCodeAt(0) : type;
  if (!(size >= 0 && size <= _IOC_SIZEMAX && nr >= 0 && nr <= 0xff && magic >= 0 && magic <= 0xff)) {
    throw new RangeError(`Cannot encode ioctl ${type} ${nr}: argument of ${size} bytes`);
  }
  return ((dir << 30) | (size << 16) | (magic << 8) | nr) >>> 0;
}

/** What an ioctl's argument is: a struct, or the size in bytes of a bare scalar. */
export type IoctlArg<T> = Struct<T> | number;

const sizeOf = (arg: IoctlArg<unknown>): number => typeof arg === "number" ? arg : arg.size;

/** `_IO`: no argument. */
export function IO(type: string, nr: number): Ioctl<void> {
  return _IOC(_IOC_NONE, type, nr, 0);
}
/** `_IOR`: the kernel writes the argument. */
export function IOR<T>(type: string, nr: number, arg: IoctlArg<T>): Ioctl<T> {
  return _IOC(_IOC_READ, type, nr, sizeOf(arg));
}
/** `_IOW`: the kernel reads the argument. */
export function IOW<T>(type: string, nr: number, arg: IoctlArg<T>): Ioctl<T> {
  return _IOC(_IOC_WRITE, type, nr, sizeOf(arg));
}
/** `_IOWR`: the kernel reads and writes the argument. */
export function IOWR<T>(type: string, nr: number, arg: IoctlArg<T>): Ioctl<T> {
  return _IOC(_IOC_READ | _IOC_WRITE, type, nr, sizeOf(arg));
}
