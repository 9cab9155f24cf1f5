/** Writes constants, enum values and the type aliases of enums, flags, handles and function pointers as TypeScript. */
import type { Enum, Simple } from "./registry.ts";

/** A constant of C text, such as "(~0U)", as a TypeScript literal. */
export function constantLiteral(text: string): string {
  if (text.startsWith('"')) return text;
  const number = /^\(?(~?)(\d+(?:\.\d+)?|0x[0-9a-fA-F]+)([fFuUlL]*)\)?$/.exec(text);
  if (number === null) throw new Error(`Cannot generate a constant from ${text}`);
  const [, not, digits, kind] = number;
  if (/f/i.test(kind) && !digits.startsWith("0x")) return String(Number(digits));
  const wide = /ll/i.test(kind);
  const value = not === "~" ? BigInt.asUintN(wide ? 64 : 32, ~BigInt(digits)) : BigInt(digits);
  return wide ? `0x${value.toString(16)}n` : value > 0xffffn ? `0x${value.toString(16)}` : String(value);
}

function valueLiteral(value: bigint, e: Enum): string {
  if (!e.bitmask) return String(value);
  return `0x${value.toString(16)}${e.wide ? "n" : ""}`;
}

/** Lines for a constant. */
export function emitConstant(constant: { name: string; text: string; comment: string }): string[] {
  const doc = constant.comment || `API constant ${constant.text}`;
  return [`/** ${sentence(doc)} */`, `export const ${constant.name} = ${constantLiteral(constant.text)};`];
}

/** Lines for an enum: its type and its values. */
export function emitEnum(e: Enum): string[] {
  const type = e.wide ? "bigint" : "number";
  const lines = [`/** ${e.bitmask ? "Bits" : "Values"} of ${e.name}. */`, `export type ${e.name} = ${type};`];
  for (const v of e.values) {
    lines.push(`/** ${e.name}: ${sentence(v.comment || valueLiteral(v.value, e))} */`);
    // Documentation tools see the type of a plain literal, not of a negated one.
    lines.push(`export const ${v.name}${v.value < 0n ? ": number" : ""} = ${valueLiteral(v.value, e)};`);
  }
  return lines;
}

/** Lines for a type that is a plain value: handle, flags, function pointer. */
export function emitSimple(type: Simple): string[] {
  switch (type.kind) {
    case "handle":
      return [`/** Handle of a ${type.name}; 0n is VK_NULL_HANDLE. */`, `export type ${type.name} = bigint;`];
    case "bitmask": {
      const of = type.bits === "" ? "none defined yet" : `of ${type.bits}`;
      return [`/** Flags: ${of}. */`, `export type ${type.name} = ${type.base === "VkFlags64" ? "bigint" : "number"};`];
    }
    case "function":
      return [`/** Address of a ${type.name.replace(/^PFN_/, "")} callback. */`, `export type ${type.name} = bigint;`];
    default:
      throw new Error(`Cannot generate ${type.name}: it is no plain value`);
  }
}

/** A comment as one sentence with a full stop. */
export function sentence(text: string): string {
  const flat = text.replace(/\s+/g, " ").trim();
  return /[.!?]$/.test(flat) ? flat : `${flat}.`;
}
