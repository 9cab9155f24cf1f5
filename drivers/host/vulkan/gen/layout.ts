/** Sizes, alignments and offsets of C types on the LP64 System V ABI (x86_64, aarch64), computed from the registry. */
import { type Composite, isComposite, type Member, type Registry } from "./registry.ts";
import { resolve } from "./select.ts";

/** Size and alignment of a type, in bytes. */
export interface Extent {
  readonly size: number;
  readonly align: number;
}

/** Layout of a struct or union. */
export interface Layout extends Extent {
  readonly offsets: readonly number[];
}

/** How a plain value is stored. */
export type Scalar = "u8" | "u16" | "u32" | "i32" | "u64" | "i64" | "f32" | "f64" | "bool" | "char";

const scalars: Readonly<Record<string, Scalar>> = {
  char: "char",
  uint8_t: "u8",
  uint16_t: "u16",
  uint32_t: "u32",
  int32_t: "i32",
  int: "i32",
  uint64_t: "u64",
  int64_t: "i64",
  size_t: "u64",
  float: "f32",
  double: "f64",
  VkBool32: "bool",
};

const sizes: Readonly<Record<Scalar, number>> = {
  u8: 1,
  u16: 2,
  u32: 4,
  i32: 4,
  u64: 8,
  i64: 8,
  f32: 4,
  f64: 8,
  bool: 4,
  char: 1,
};

/** Bytes of a scalar. */
export function scalarSize(scalar: Scalar): number {
  return sizes[scalar];
}

/** How a value of a named type (no pointer) is stored; undefined for a struct, union, void or foreign type. */
export function scalarOf(registry: Registry, given: string): Scalar | undefined {
  const name = resolve(registry, given);
  if (Object.hasOwn(scalars, name)) return scalars[name];
  const type = registry.types.get(name);
  switch (type?.kind) {
    case "handle":
    case "function":
      return "u64";
    case "enum":
      return registry.enums.get(name)?.wide === true
        ? "u64"
        : registry.enums.get(name)?.bitmask === true
        ? "u32"
        : "i32";
    case "bitmask":
      return type.base === "VkFlags64" ? "u64" : "u32";
    case "base":
      return scalarOf(registry, type.base);
    default:
      return undefined;
  }
}

/** An array's element count: the product of its dimensions, 1 when it is none. */
export function elementCount(registry: Registry, member: Member): number {
  return member.array.reduce((product: number, dimension) => {
    const n = typeof dimension === "number" ? dimension : Number(registry.constants.get(dimension)?.text);
    if (!Number.isInteger(n)) throw new Error(`Cannot generate ${member.name}: unknown array size ${dimension}`);
    return product * n;
  }, 1);
}

/** Size and alignment of one element of a member. */
export function extentOf(registry: Registry, member: Member): Extent {
  if (member.pointers > 0) return { size: 8, align: 8 };
  const scalar = scalarOf(registry, member.type);
  if (scalar !== undefined) return { size: sizes[scalar], align: sizes[scalar] };
  const type = registry.types.get(resolve(registry, member.type));
  if (isComposite(type)) return layoutOf(registry, type);
  throw new Error(`Cannot generate ${member.text}: the size of ${member.type} is unknown`);
}

/** Lays out a struct or union as a C compiler does. */
export function layoutOf(registry: Registry, type: Composite): Layout {
  let end = 0, align = 1;
  const offsets: number[] = [];
  for (const member of type.members) {
    const extent = extentOf(registry, member);
    const bytes = extent.size * elementCount(registry, member);
    const at = type.kind === "union" ? 0 : Math.ceil(end / extent.align) * extent.align;
    offsets.push(at);
    end = Math.max(end, at + bytes);
    align = Math.max(align, extent.align);
  }
  return { size: Math.ceil(end / align) * align, align, offsets };
}
