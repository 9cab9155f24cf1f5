/**
 * The content of a dxg DMA buffer: udrm's own packet format, version 1. This file has the shape of a packet and of its
 * operands; `dxp_isa.ts` has the packets, `dxp_object.ts` what lies in memory beside them. All is little-endian.
 * @module
 */

/** First operand of HEADER: "UDXP". */
export const DXP_MAGIC = 0x50584455;
/** Version of the format: major in the high half, which must be equal; minor in the low half, which must not be higher. */
export const DXP_VERSION = 0x0001_0000;
/** GPU virtual addresses are below this. */
export const DXP_VA_LIMIT: number = 2 ** 48;
/** The most words of a packet. */
export const DXP_MAX_PACKET_WORDS = 0xffff;
/** How deep CALL may nest: a buffer, what it calls, and so on. */
export const DXP_MAX_CALL_DEPTH = 4;
/** Packets that one submission may execute, called buffers included: it bounds buffers that call each other. */
export const DXP_MAX_PACKETS = 1 << 20;
/** The most slots of operands in a packet, its tail excluded. */
export const DXP_MAX_SLOTS = 32;

/** What an operand is. Each is one or two words; low word first. */
export type DxpKind =
  /** any 32 bits */
  | "u32"
  /** any 32 bits, signed */
  | "s32"
  /** a finite float */
  | "f32"
  /** any 64 bits: takes two slots, low half first */
  | "u64"
  /** a GPU virtual address below 2^48, aligned to `align` */
  | "va"
  /** bytes: 1 to 2^48, a multiple of `align` */
  | "size"
  /** a number below `limit` */
  | "enum"
  /** bits of which none but `mask` may be set */
  | "bits";

/** One operand. */
export interface DxpOperand {
  /** What it is. */
  readonly kind: DxpKind;
  /** Alignment of `va` and `size`, bytes, a power of two. */
  readonly align: number;
  /** End of an `enum`; bits of `bits`. */
  readonly limit: number;
  /** Lowest value of an `enum`. */
  readonly least: number;
}

const make = (kind: DxpKind, align = 1, limit = 0, least = 0): DxpOperand => ({ kind, align, limit, least });

/** Any 32 bits. */
export const DXP_U32: DxpOperand = make("u32");
/** Any 32 bits, signed. */
export const DXP_S32: DxpOperand = make("s32");
/** A finite float. */
export const DXP_F32: DxpOperand = make("f32");
/** Any 64 bits. */
export const DXP_U64: DxpOperand = make("u64");
/** A GPU virtual address. @param align bytes, a power of two. */
export function dxpVa(align = 1): DxpOperand {
  return make("va", align);
}
/** A number of bytes, not 0. @param align bytes, a power of two. */
export function dxpSize(align = 1): DxpOperand {
  return make("size", align);
}
/** A number from `least` up to, but not including, `limit`. */
export function dxpEnum(limit: number, least = 0): DxpOperand {
  return make("enum", 1, limit, least);
}
/** Bits of a mask. */
export function dxpBits(mask: number): DxpOperand {
  return make("bits", 1, mask);
}

/** Words of an operand. */
export function dxpWords(operand: DxpOperand): number {
  return operand.kind === "u64" || operand.kind === "va" || operand.kind === "size" ? 2 : 1;
}

/** What follows the operands of a packet, up to its end. */
export interface DxpTail {
  /** Its name. */
  readonly name: string;
  /** Operands of one element, by name; empty: the words are plain data. */
  readonly element: readonly (readonly [name: string, operand: DxpOperand])[];
  /** Words of one element. */
  readonly words: number;
  /** The fewest elements. */
  readonly min: number;
  /** The most elements. */
  readonly max: number;
}

/** A tail of elements. */
export function dxpTail(
  name: string,
  element: Readonly<Record<string, DxpOperand>>,
  min: number,
  max: number,
): DxpTail {
  const entries = Object.entries(element);
  const words = entries.reduce((sum, [, operand]) => sum + dxpWords(operand), 0) || 1;
  return { name, element: entries, words, min, max };
}

/** A packet: its number, flags, operands and tail. */
export interface DxpOp<K extends string = string> {
  /** Its name, without DXP_. */
  readonly name: string;
  /** Bits 0 to 7 of its header. */
  readonly opcode: number;
  /** Names of the flags, bits 8 to 15 of its header, from the lowest. The rest must be zero. */
  readonly flags: readonly string[];
  /** Its operands in order. */
  readonly operands: readonly (readonly [name: K, operand: DxpOperand])[];
  /** The slot of each operand among those that a decoder gives; u64 takes two. */
  readonly slot: { readonly [N in K]: number };
  /** Words of header and operands. */
  readonly words: number;
  /** What follows; undefined: nothing. */
  readonly tail: DxpTail | undefined;
  /** What it does, a sentence. */
  readonly doc: string;
}

/** Flags and tail of {@linkcode dxpOp}. */
export interface DxpOpOptions {
  /** Names of its flags, from the lowest bit. */
  readonly flags?: readonly string[];
  /** What follows its operands. */
  readonly tail?: DxpTail;
}

/**
 * Declares a packet.
 *
 * @param name without DXP_. @param opcode 0 to 255. @param doc a sentence. @param operands by name, in order.
 */
export function dxpOp<K extends string>(
  name: string,
  opcode: number,
  doc: string,
  operands: Readonly<Record<K, DxpOperand>>,
  options: DxpOpOptions = {},
): DxpOp<K> {
  const entries = Object.entries(operands) as [K, DxpOperand][];
  const slot = {} as Record<K, number>;
  let slots = 0;
  let words = 1;
  for (const [key, operand] of entries) {
    slot[key] = slots;
    slots += operand.kind === "u64" ? 2 : 1;
    words += dxpWords(operand);
  }
  if (slots > DXP_MAX_SLOTS || (options.flags?.length ?? 0) > 8) {
    throw new TypeError(`Cannot declare ${name}: too long`);
  }
  return { name, opcode, flags: options.flags ?? [], operands: entries, slot, words, tail: options.tail, doc };
}

/** The header word of a packet. @param words of the whole packet, 1 to 65535. */
export function dxpHeader(opcode: number, flags: number, words: number): number {
  return (opcode | (flags << 8) | (words << 16)) >>> 0;
}
