/**
 * Field types of C structs: scalars, arrays, strings, nested structs. A field type knows its size and alignment under
 * the x86-64 LP64 ABI (which little-endian virtio and the DRM uAPI share) and how to read and write itself.
 * @module
 */

/** The DataView under a struct view: see {@linkcode StructView}. */
export const VIEW: unique symbol = Symbol("udrm.view");

/** What a field holds, for printers and generators of test input. */
export type FieldKind = "uint" | "int" | "u64" | "s64" | "u53" | "float" | "bytes" | "chars" | "array" | "struct";

/** One member of a struct as C lays it out. Offsets and sizes in bytes. */
export interface FieldInfo {
  /** The member's name; members of an anonymous nested struct appear again as `outer.inner`, as `offsetof` names them. */
  readonly name: string;
  /** Offset from the start of the struct, bytes. */
  readonly offset: number;
  /** Size, bytes; 0 for a flexible array member. */
  readonly size: number;
  /** What it holds. */
  readonly kind: FieldKind;
  /** Elements of an array member. */
  readonly count?: number;
  /** The bit-fields that a scalar member holds, from the lowest. */
  readonly bits?: readonly BitInfo[];
}

/** One bit-field of a scalar, as C lays it out on a little-endian machine. */
export interface BitInfo {
  /** Its name in the header. */
  readonly name: string;
  /** Its lowest bit. */
  readonly shift: number;
  /** Bits. */
  readonly width: number;
}

/** A field type: how a member of type `T` lies in memory. */
export interface Field<T> {
  /** Size, bytes. */
  readonly size: number;
  /** Alignment, bytes. */
  readonly align: number;
  /** What it holds. */
  readonly kind: FieldKind;
  /** Elements, for an array. */
  readonly count?: number;
  /** The members of an anonymous nested struct: listed with their outer struct's. */
  readonly inner?: readonly FieldInfo[];
  /** The bit-fields that it holds. */
  readonly bits?: readonly BitInfo[];
  /** Where it lies, for a member of an anonymous union; otherwise it follows the member before it. */
  readonly offset?: number;
  /** Defines the accessor of a member at `offset` on a view's prototype. */
  define(prototype: object, name: string, offset: number): void;
  /** Reads the value at byte `offset`. */
  get(view: DataView, offset: number): T;
  /** Writes the value at byte `offset`. */
  set(view: DataView, offset: number, value: T): void;
}

interface HasView {
  [VIEW]: DataView;
}

// Every scalar spells its own accessor pair, so that each closure calls one DataView method and V8 inlines it.
type Accessors = (offset: number) => { get(this: HasView): unknown; set(this: HasView, value: never): void };

function scalar<T>(
  kind: FieldKind,
  size: number,
  accessors: Accessors,
  get: (view: DataView, offset: number) => T,
  set: (view: DataView, offset: number, value: T) => void,
): Field<T> {
  return {
    size,
    align: size,
    kind,
    get,
    set,
    define: (prototype, name, offset) => {
      Object.defineProperty(prototype, name, { ...accessors(offset), enumerable: true, configurable: true });
    },
  };
}

/** `__u8`. */
export const u8: Field<number> = scalar<number>(
  "uint",
  1,
  (o) => ({
    get(this: HasView): number {
      return this[VIEW].getUint8(o);
    },
    set(this: HasView, v: number): void {
      this[VIEW].setUint8(o, v);
    },
  }),
  (d, o) => d.getUint8(o),
  (d, o, v) => d.setUint8(o, v),
);

/** `__u16`, `__le16`. */
export const u16: Field<number> = scalar<number>(
  "uint",
  2,
  (o) => ({
    get(this: HasView): number {
      return this[VIEW].getUint16(o, true);
    },
    set(this: HasView, v: number): void {
      this[VIEW].setUint16(o, v, true);
    },
  }),
  (d, o) => d.getUint16(o, true),
  (d, o, v) => d.setUint16(o, v, true),
);

/** `__u32`, `__le32`, C enums. */
export const u32: Field<number> = scalar<number>(
  "uint",
  4,
  (o) => ({
    get(this: HasView): number {
      return this[VIEW].getUint32(o, true);
    },
    set(this: HasView, v: number): void {
      this[VIEW].setUint32(o, v, true);
    },
  }),
  (d, o) => d.getUint32(o, true),
  (d, o, v) => d.setUint32(o, v, true),
);

/** `__s16`. */
export const s16: Field<number> = scalar<number>(
  "int",
  2,
  (o) => ({
    get(this: HasView): number {
      return this[VIEW].getInt16(o, true);
    },
    set(this: HasView, v: number): void {
      this[VIEW].setInt16(o, v, true);
    },
  }),
  (d, o) => d.getInt16(o, true),
  (d, o, v) => d.setInt16(o, v, true),
);

/** `__s32`, `int`. */
export const s32: Field<number> = scalar<number>(
  "int",
  4,
  (o) => ({
    get(this: HasView): number {
      return this[VIEW].getInt32(o, true);
    },
    set(this: HasView, v: number): void {
      this[VIEW].setInt32(o, v, true);
    },
  }),
  (d, o) => d.getInt32(o, true),
  (d, o, v) => d.setInt32(o, v, true),
);

/** `__u64` read bit-exactly, as a bigint: addresses, modifiers, cookies, timeline points. A whole Number may be written too. */
export const u64: Field<bigint> = scalar<bigint>(
  "u64",
  8,
  (o) => ({
    get(this: HasView): bigint {
      return this[VIEW].getBigUint64(o, true);
    },
    set(this: HasView, v: bigint | number): void {
      this[VIEW].setBigUint64(o, typeof v === "bigint" ? v : BigInt(v), true);
    },
  }),
  (d, o) => d.getBigUint64(o, true),
  (d, o, v: bigint | number) => d.setBigUint64(o, typeof v === "bigint" ? v : BigInt(v), true),
);

/** `__s64` read bit-exactly, as a bigint. A whole Number may be written too. */
export const s64: Field<bigint> = scalar<bigint>(
  "s64",
  8,
  (o) => ({
    get(this: HasView): bigint {
      return this[VIEW].getBigInt64(o, true);
    },
    set(this: HasView, v: bigint | number): void {
      this[VIEW].setBigInt64(o, typeof v === "bigint" ? v : BigInt(v), true);
    },
  }),
  (d, o) => d.getBigInt64(o, true),
  (d, o, v: bigint | number) => d.setBigInt64(o, typeof v === "bigint" ? v : BigInt(v), true),
);

const setU53 = (d: DataView, o: number, v: number): void => {
  // A value that reads as 2^64 was rounded up to it: it must not come back as 0.
  const saturated = v >= 0x1_0000_0000_0000_0000;
  d.setUint32(o, saturated ? 0xffff_ffff : v, true); // ToUint32 takes v modulo 2^32
  d.setUint32(o + 4, saturated ? 0xffff_ffff : Math.floor(v / 0x1_0000_0000), true);
};

/** `__u64` read as a Number, `high * 2^32 + low`: sizes and offsets. Above 2^53 it rounds, and a bounds check refuses it; writing saturates. */
export const u53: Field<number> = scalar<number>(
  "u53",
  8,
  (o) => ({
    get(this: HasView): number {
      return this[VIEW].getUint32(o + 4, true) * 0x1_0000_0000 + this[VIEW].getUint32(o, true);
    },
    set(this: HasView, v: number): void {
      setU53(this[VIEW], o, v);
    },
  }),
  (d, o) => d.getUint32(o + 4, true) * 0x1_0000_0000 + d.getUint32(o, true),
  setU53,
);

/** `float`: IEEE 754, 32 bits. Writing rounds to the nearest. */
export const f32: Field<number> = scalar<number>(
  "float",
  4,
  (o) => ({
    get(this: HasView): number {
      return this[VIEW].getFloat32(o, true);
    },
    set(this: HasView, v: number): void {
      this[VIEW].setFloat32(o, v, true);
    },
  }),
  (d, o) => d.getFloat32(o, true),
  (d, o, v) => d.setFloat32(o, v, true),
);

/** A member of an anonymous union inside a struct: it lies at `offset`, bytes, over the members that are there already. */
export function overlay<T>(offset: number, field: Field<T>): Field<T> {
  return { ...field, offset };
}

/** An array member of scalars or structs, read and written in place. */
export interface ArrayView<T> extends Iterable<T> {
  /** Elements. */
  readonly length: number;
  /** Element `index`; reads `undefined` and ignores writes outside the array, as every JavaScript array view does. */
  [index: number]: T;
}

/** A member's value as JSON has it: 64-bit numbers as hexadecimal strings, bytes as an array. */
export function jsonOf(value: unknown): unknown {
  if (typeof value === "bigint") return value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
  return value instanceof Uint8Array ? [...value] : value;
}

const arrayClasses = new Map<Field<unknown>, Map<number, new (view: DataView, base: number) => ArrayView<unknown>>>();

function arrayClass<T>(element: Field<T>, count: number): new (view: DataView, base: number) => ArrayView<T> {
  let byCount = arrayClasses.get(element as Field<unknown>);
  if (!byCount) arrayClasses.set(element as Field<unknown>, byCount = new Map());
  let made = byCount.get(count);
  if (made) return made as new (view: DataView, base: number) => ArrayView<T>;
  class Elements {
    readonly #view: DataView;
    readonly #base: number;
    constructor(view: DataView, base: number) {
      this.#view = view;
      this.#base = base;
    }
    get length(): number {
      return count;
    }
    at_(index: number): T {
      return element.get(this.#view, this.#base + index * element.size);
    }
    put_(index: number, value: T): void {
      element.set(this.#view, this.#base + index * element.size, value);
    }
    *[Symbol.iterator](): Generator<T> {
      for (let i = 0; i < count; i++) yield this.at_(i);
    }
    toJSON(): unknown[] {
      return Array.from(this, jsonOf);
    }
  }
  for (let i = 0; i < count; i++) {
    Object.defineProperty(Elements.prototype, i, {
      get(this: Elements): T {
        return this.at_(i);
      },
      set(this: Elements, value: T): void {
        this.put_(i, value);
      },
      configurable: true,
    });
  }
  made = Elements as unknown as new (view: DataView, base: number) => ArrayView<unknown>;
  byCount.set(count, made);
  return made as new (view: DataView, base: number) => ArrayView<T>;
}

/** Defines an accessor through a field's own get and set, for members whose value is an object. */
export function defineByField<T>(field: Field<T>, prototype: object, name: string, offset: number): void {
  Object.defineProperty(prototype, name, {
    get(this: HasView): T {
      return field.get(this[VIEW], offset);
    },
    set(this: HasView, value: T): void {
      field.set(this[VIEW], offset, value);
    },
    enumerable: true,
    configurable: true,
  });
}

/** `T name[count]`. Writing takes any array-like of at most `count` elements and clears the rest. */
export function array<T>(element: Field<T>, count: number): Field<ArrayView<T>> {
  const Elements = arrayClass(element, count);
  const field: Field<ArrayView<T>> = {
    size: element.size * count,
    align: element.align,
    kind: "array",
    count,
    inner: element.inner?.map((f) => ({ ...f, name: `[0].${f.name}` })),
    get: (view, offset) => new Elements(view, offset),
    set: (view, offset, value) => {
      if (value.length > count) throw new RangeError(`Cannot store ${value.length} elements in an array of ${count}`);
      const length = value.length;
      for (let i = 0; i < length; i++) element.set(view, offset + i * element.size, value[i]);
      // The rest is cleared last: `value` may be this very array.
      for (let i = length * element.size; i < field.size; i++) view.setUint8(offset + i, 0);
    },
    define: (prototype, name, offset) => defineByField(field, prototype, name, offset),
  };
  return field;
}

/** `__u8 name[count]`, as a Uint8Array over the struct's own memory. */
export function bytes(count: number): Field<Uint8Array> {
  const field: Field<Uint8Array> = {
    size: count,
    align: 1,
    kind: "bytes",
    count,
    get: (view, offset) => new Uint8Array(view.buffer, view.byteOffset + offset, count),
    set: (view, offset, value) => {
      if (value.length > count) throw new RangeError(`Cannot store ${value.length} bytes in an array of ${count}`);
      const target = field.get(view, offset);
      target.set(value);
      target.fill(0, value.length); // last: `value` may lie in this very memory
    },
    define: (prototype, name, offset) => defineByField(field, prototype, name, offset),
  };
  return field;
}

/** `char name[count]`, as a string up to the first NUL (bytes 0x80..0xff as U+0080..U+00FF). Writing truncates and keeps a final NUL. */
export function chars(count: number): Field<string> {
  const field: Field<string> = {
    size: count,
    align: 1,
    kind: "chars",
    count,
    get: (view, offset) => {
      let text = "";
      for (let i = 0; i < count; i++) {
        const c = view.getUint8(offset + i);
        if (c === 0) break;
        text += String.fromCharCode(c); // TextDecoder's "latin1" is windows-1252
      }
      return text;
    },
    set: (view, offset, value) => {
      for (let i = 0; i < count; i++) view.setUint8(offset + i, i < count - 1 ? value.charCodeAt(i) || 0 : 0);
    },
    define: (prototype, name, offset) => defineByField(field, prototype, name, offset),
  };
  return field;
}
