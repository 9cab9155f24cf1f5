/**
 * One declaration of a C struct is its layout, its typed view, its printer and its generator of test input.
 *
 * ```ts
 * import { struct, type Struct, u32, u53 } from "udrm/uapi/struct.ts";
 * interface drm_mode_map_dumb { handle: number; pad: number; offset: number }
 * const drm_mode_map_dumb: Struct<drm_mode_map_dumb> = struct<drm_mode_map_dumb>("drm_mode_map_dumb",
 *   { handle: u32, pad: u32, offset: u53 }, { size: 16 });
 * const map = drm_mode_map_dumb.of({ handle: 7 });
 * if (map.handle !== 7 || map.offset !== 0) throw new Error("a view reads what it was given, and zero elsewhere");
 * ```
 * @module
 */

import { type ArrayView, defineByField, type Field, type FieldInfo, jsonOf, VIEW } from "./field.ts";

export { array, bytes, chars, f32, overlay, s16, s32, s64, u16, u32, u53, u64, u8, VIEW } from "./field.ts";
export type { ArrayView, BitInfo, Field, FieldInfo, FieldKind } from "./field.ts";

/** What every struct view carries besides its members. */
export interface StructView {
  /** The memory it views. */
  readonly [VIEW]: DataView;
  /** Its members as a plain object; 64-bit members as hexadecimal strings. */
  toJSON(): Record<string, unknown>;
}

/** A struct value in memory: its members, and {@linkcode StructView}. */
export type View<T> = T & StructView;

/** What `of` takes for a member: bigints from whole Numbers too, arrays from array-likes, nested structs from partial objects. */
export type Init<V> = V extends bigint ? bigint | number
  : V extends number | string | Uint8Array ? V
  : V extends ArrayView<infer E> ? ArrayLike<Init<E>>
  : V extends object ? { readonly [K in keyof V]?: Init<V[K]> }
  : V;

/** A struct's declaration. */
export interface Struct<T> {
  /** The C tag, as in the header. */
  readonly name: string;
  /** `sizeof`, bytes. */
  readonly size: number;
  /** `_Alignof`, bytes. */
  readonly align: number;
  /** Members in the order of the header. */
  readonly fields: readonly FieldInfo[];
  /** A new struct: the given members, zero elsewhere. Throws a RangeError for an array that is too long. */
  of(init?: { readonly [K in keyof T]?: Init<T[K]> }): View<T>;
  /** Views `size` bytes of `bytes` at `offset` (default 0) in place. Throws a RangeError if they do not lie inside. */
  at(bytes: Uint8Array | ArrayBuffer | DataView, offset?: number): View<T>;
  /** The bytes behind a view; writing to them writes the struct. */
  bytes(view: StructView): Uint8Array;
  /** Whether a value is a view of this struct. */
  is(value: unknown): value is View<T>;
  /** This struct as a member of another; `anonymous` when C gives it no tag. */
  field(anonymous?: "anonymous"): Field<View<T>>;
}

/** A struct that ends in a flexible array member of `E`. */
export interface TailStruct<T, E> extends Struct<T> {
  /** The elements behind the struct at `offset` of `bytes`; as many as `count` asks for, and never more than lie inside. */
  tail(bytes: Uint8Array, count: number, offset?: number): E[];
}

/** Options of {@linkcode struct}. */
export interface StructOptions {
  /** The expected `sizeof`: checked when the module loads. */
  readonly size: number;
  /** Every member at offset 0, as in a C union. */
  readonly union?: boolean;
  /** No padding, and no alignment of its own, as with `__attribute__((packed))`. */
  readonly packed?: boolean;
}

/** Field types for each member of `T`. */
export type Fields<T> = { readonly [K in keyof T]-?: Field<T[K]> | Field<View<T[K]>> };

const roundUp = (value: number, align: number): number => Math.ceil(value / align) * align;

/** The bytes behind any struct view; writing to them writes the struct. */
export function bytesOf(view: StructView): Uint8Array {
  const data = view[VIEW];
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/**
 * Declares a C struct with the x86-64 layout of its members.
 *
 * @param name the C tag.
 * @param fields a field type for each member, in the header's order.
 * @param options the expected size in bytes.
 * @throws {TypeError} when the computed size differs from `options.size`.
 */
export function struct<T extends object>(name: string, fields: NoInfer<Fields<T>>, options: StructOptions): Struct<T> {
  const infos: FieldInfo[] = [];
  let end = 0;
  let align = 1;

  class StructValue {
    readonly [VIEW]: DataView;
    constructor(view: DataView) {
      this[VIEW] = view;
    }
    toJSON(): Record<string, unknown> {
      const out: Record<string, unknown> = {};
      for (const key of keys) {
        out[key] = jsonOf((this as unknown as Record<string, unknown>)[key]);
      }
      return out;
    }
  }

  const keys = Object.keys(fields) as (keyof T & string)[];
  for (const key of keys) {
    const field: Field<unknown> = fields[key] as Field<unknown>;
    const fieldAlign = options.packed ? 1 : field.align;
    const offset = options.union ? 0 : field.offset ?? roundUp(end, fieldAlign);
    end = Math.max(end, offset + field.size);
    align = Math.max(align, fieldAlign);
    field.define(StructValue.prototype, key, offset);
    infos.push({
      name: key,
      offset,
      size: field.size,
      kind: field.kind,
      ...(field.count && { count: field.count }),
      ...(field.bits && { bits: field.bits }),
    });
    for (const inner of field.inner ?? []) {
      const dot = inner.name.startsWith("[") ? "" : ".";
      infos.push({ ...inner, name: `${key}${dot}${inner.name}`, offset: offset + inner.offset });
    }
  }
  const size = roundUp(end, align);
  if (size !== options.size) {
    throw new TypeError(`Cannot declare struct ${name}: sizeof is ${size}, not ${options.size}`);
  }

  const self: Struct<T> = {
    name,
    size,
    align,
    fields: infos,
    of: (init) => {
      const view = new StructValue(new DataView(new ArrayBuffer(size))) as unknown as View<T>;
      if (init) {
        for (const key in init) {
          if (!Object.hasOwn(fields, key)) throw new TypeError(`Cannot set ${key}: struct ${name} has no such member`);
          const value = init[key];
          if (value !== undefined) (view as unknown as Record<string, unknown>)[key] = value;
        }
      }
      return view;
    },
    at: (bytes, offset = 0) => {
      const data = bytes instanceof ArrayBuffer
        ? new DataView(bytes, offset, size)
        : new DataView(bytes.buffer, bytes.byteOffset + offset, checked(name, bytes.byteLength, offset, size));
      return new StructValue(data) as unknown as View<T>;
    },
    bytes: bytesOf,
    is: (value): value is View<T> => value instanceof StructValue,
    field: (anonymous) => nested(self, keys, anonymous ? infos : undefined),
  };
  return self;
}

function checked(name: string, length: number, offset: number, size: number): number {
  if (!(offset >= 0 && offset + size <= length)) {
    throw new RangeError(`Cannot view struct ${name} at offset ${offset}: ${size} bytes do not lie in ${length}`);
  }
  return size;
}

function nested<T>(type: Struct<T>, keys: readonly (keyof T & string)[], inner?: readonly FieldInfo[]): Field<View<T>> {
  const field: Field<View<T>> = {
    size: type.size,
    align: type.align,
    kind: "struct",
    inner,
    get: (view, offset) => type.at(view, offset),
    set: (view, offset, value) => {
      const target = new Uint8Array(view.buffer, view.byteOffset + offset, type.size);
      if (type.is(value)) return target.set(bytesOf(value));
      target.fill(0);
      const to = type.at(view, offset);
      for (const key of keys) if (value[key] !== undefined) to[key] = value[key] as View<T>[keyof T & string];
    },
    define: (prototype, name, offset) => defineByField(field, prototype, name, offset),
  };
  return field;
}

/**
 * Declares a C struct that ends in a flexible array member, which counts nothing in `sizeof`.
 *
 * @param name the C tag.
 * @param fields a field type for each member before the flexible one.
 * @param tailName the flexible member's name.
 * @param element a struct, or "u8" for bytes.
 * @param options the expected size in bytes, without elements.
 */
export function tailStruct<T extends object, E>(
  name: string,
  fields: NoInfer<Fields<T>>,
  tailName: string,
  element: Struct<E>,
  options: StructOptions,
): TailStruct<T, View<E>> {
  const head = struct<T>(name, fields, options);
  return {
    ...head,
    align: Math.max(head.align, element.align),
    fields: [...head.fields, { name: tailName, offset: head.size, size: 0, kind: "array", count: 0 }],
    tail: (bytes, count, offset = 0) => {
      const start = offset + head.size;
      const room = Math.max(0, Math.floor((bytes.length - start) / element.size));
      return Array.from({ length: Math.min(count, room) }, (_, i) => element.at(bytes, start + i * element.size));
    },
  };
}

/** As {@linkcode tailStruct}, with a flexible member of bytes: `tail` gives them as numbers 0..255 in place of structs. */
export function tailBytes<T extends object>(
  name: string,
  fields: NoInfer<Fields<T>>,
  tailName: string,
  options: StructOptions,
): TailStruct<T, number> {
  const head = struct<T>(name, fields, options);
  return {
    ...head,
    fields: [...head.fields, { name: tailName, offset: head.size, size: 0, kind: "bytes", count: 0 }],
    tail: (bytes, count, offset = 0) => {
      if (!(offset >= 0)) throw new RangeError(`Cannot read ${tailName} of struct ${name} at offset ${offset}`);
      const start = offset + head.size;
      return [...bytes.subarray(start, start + Math.max(0, count))];
    },
  };
}
