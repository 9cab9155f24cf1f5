/** What the generated struct tables are: layout, typed writer and reader of one Vulkan struct in arena memory. */
import type { Arena } from "./arena.ts";

/** A Vulkan struct or union: its C layout, and how an init object is written to and read from memory. */
export interface StructType<T, Name extends string = string> {
  /** The C name. */
  readonly name: Name;
  /** sizeof, in bytes. */
  readonly size: number;
  /** _Alignof, in bytes. */
  readonly align: number;
  /** The VkStructureType that `write` stores, or undefined for a struct without sType. */
  readonly sType: number | undefined;
  /** offsetof of every member but sType (always 0). Hot paths patch preallocated structs by these. */
  readonly offsets: { readonly [K in keyof Required<T>]: number };
  /**
   * Writes an init object. Absent members become zero, as in a C designated initialiser; counts of given arrays are filled in.
   * @param m the arena that holds the struct and gets whatever the struct points to
   * @param at byte offset in the arena, a multiple of `align`
   * @param v the init object
   * @throws {RangeError} when arrays that share a count differ in length, or the arena is full
   */
  write(m: Arena, at: number, v: T): void;
  /** Reads every member; pointers and pNext come back as addresses. */
  read(m: Arena, at: number): Out<T>;
}

/** A struct to be linked into a pNext chain; made by {@linkcode chain}. */
export interface Chained<Name extends string = string> {
  /** The C name, by which the type system tells what may extend what. */
  readonly name: Name;
  /** Writes the struct at `at`. */
  write(m: Arena, at: number): void;
  /** sizeof, in bytes. */
  readonly size: number;
  /** _Alignof, in bytes. */
  readonly align: number;
}

/** A pNext: an address, or the structs to chain, each of a type that the registry allows there. */
export type Chain<Name extends string> = bigint | readonly Chained<Name>[];

/** A pointer member: an address, or what is to be placed in the arena. */
export type Pointer<T> = bigint | T;

/** What `read` gives for an init type: every member present, pointers as addresses. */
export type Out<T> = [bigint] extends [T] ? bigint
  : T extends number | string | boolean | Uint8Array ? T
  : T extends readonly (infer U)[] ? readonly Out<U>[]
  : { readonly [K in keyof T]-?: Out<Exclude<T[K], undefined>> };

/**
 * Makes a link of a pNext chain.
 * @param type the struct's table
 * @param value its init object (without pNext: the chain sets it)
 */
export function chain<T, Name extends string>(type: StructType<T, Name>, value: T): Chained<Name> {
  return { name: type.name, size: type.size, align: type.align, write: (m, at) => type.write(m, at, value) };
}

/**
 * The value of a count member: the given one, or the length of the arrays that share it.
 * @param name `Struct.member`, for messages
 * @param given the count that the init object states, if it does
 * @param arrays the members counted by it; addresses and absent ones say nothing
 * @throws {RangeError} when the arrays differ in length, are shorter than the stated count, or only an address is given
 */
export function countOf(
  name: string,
  given: number | undefined,
  ...arrays: readonly (bigint | { readonly length: number } | null | undefined)[]
): number {
  let count = given;
  let raw = false;
  for (const array of arrays) {
    if (array === undefined || array === null) continue;
    if (typeof array === "bigint") raw ||= array !== 0n;
    else if (count === undefined) count = array.length;
    else if (given === undefined ? array.length !== count : array.length < given) {
      throw new RangeError(`Cannot set ${name} to ${count}: an array that it counts has ${array.length} elements`);
    }
  }
  if (count === undefined && raw) {
    throw new RangeError(`Cannot set ${name}: an array is given by address, so state the count`);
  }
  return count ?? 0;
}

/** As {@linkcode countOf}, for counts of 64 bits. */
export function wideCountOf(
  name: string,
  given: bigint | undefined,
  ...arrays: readonly (bigint | { readonly length: number } | null | undefined)[]
): bigint {
  if (given === undefined) return BigInt(countOf(name, undefined, ...arrays));
  for (const array of arrays) {
    if (typeof array === "object" && array !== null && BigInt(array.length) < given) {
      throw new RangeError(`Cannot set ${name} to ${given}: an array that it counts has ${array.length} elements`);
    }
  }
  return given;
}
