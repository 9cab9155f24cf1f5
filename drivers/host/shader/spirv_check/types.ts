/**
 * Types of a module, and how they lie in memory.
 * @module
 */

/** A type. */
export interface Type {
  /** Its id. */
  readonly id: number;
  /** What it is. */
  readonly kind:
    | "void"
    | "bool"
    | "int"
    | "float"
    | "vector"
    | "matrix"
    | "array"
    | "runtime"
    | "struct"
    | "pointer"
    | "function"
    | "image"
    | "sampled";
  /** Bits of an int or float. */
  readonly width: number;
  /** Whether an int is signed. */
  readonly signed: boolean;
  /** Components, columns, elements. */
  readonly count: number;
  /** What it consists of, points at, samples or returns. */
  readonly element: Type | undefined;
  /** Members of a struct, parameters of a function. */
  readonly members: readonly Type[];
  /** Storage class of a pointer; Image Format of an image. */
  readonly storage: number;
  /** Sampled of an image: 1 sampled, 2 storage. */
  readonly sampled: number;
  /** Scalars that a value of it has; Infinity where there is no such value. */
  readonly scalars: number;
}

/** A type with what is not said of it. */
export function typeOf(id: number, kind: Type["kind"], more: Partial<Type> = {}): Type {
  return {
    id,
    kind,
    width: 0,
    signed: false,
    count: 0,
    element: undefined,
    members: [],
    storage: 0,
    sampled: 0,
    scalars: Infinity,
    ...more,
  };
}

/** Scalar itself, or the scalar of a vector. */
export function scalarOf(type: Type): Type {
  return type.kind === "vector" && type.element !== undefined ? type.element : type;
}

/** Components of a scalar or vector; 0 for others. */
export function components(type: Type): number {
  if (type.kind === "vector") return type.count;
  return type.kind === "int" || type.kind === "float" || type.kind === "bool" ? 1 : 0;
}

/** Whether it is a scalar or vector of integers. */
export function isInt(type: Type): boolean {
  return scalarOf(type).kind === "int";
}

/** Whether it is a scalar or vector of floats. */
export function isFloat(type: Type): boolean {
  return scalarOf(type).kind === "float";
}

/** Whether it is a scalar or vector of booleans. */
export function isBool(type: Type): boolean {
  return scalarOf(type).kind === "bool";
}

/** Whether it has as many components of the same width: the sign may differ. */
export function isLike(a: Type, b: Type): boolean {
  const x = scalarOf(a), y = scalarOf(b);
  return x.kind === y.kind && x.width === y.width && components(a) === components(b) && components(a) > 0;
}

/** Bytes of a value in workgroup memory, generously. */
export function naturalSize(type: Type): number {
  switch (type.kind) {
    case "bool":
      return 4;
    case "int":
    case "float":
      return type.width / 8;
    case "vector":
      return (type.count === 3 ? 4 : type.count) * (type.element === undefined ? 0 : naturalSize(type.element));
    case "matrix":
    case "array":
      return type.count * (type.element === undefined ? 0 : arrayElement(type.element));
    case "struct":
      return type.members.reduce((sum, member) => sum + Math.ceil(naturalSize(member) / 16) * 16, 0);
    default:
      return Infinity;
  }
}

function arrayElement(type: Type): number {
  const size = naturalSize(type);
  return components(type) === 1 ? size : Math.ceil(size / 8) * 8;
}
