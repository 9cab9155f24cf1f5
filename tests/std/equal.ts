// Deep equality as @std/assert's `equal` has it: structure and values, 0 equals -0, NaN equals NaN, a null-prototype object equals
// a plain one, other prototypes must agree.

function sameKind(a: object, b: object): boolean {
  const [left, right] = [a.constructor, b.constructor];
  return left === right || left === Object && !right || !left && right === Object;
}

function bytesOf(view: ArrayBufferView | ArrayBufferLike): Uint8Array {
  return ArrayBuffer.isView(view)
    ? new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
    : new Uint8Array(view);
}

function isBuffer(value: object): value is ArrayBufferView | ArrayBufferLike {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof SharedArrayBuffer;
}

/** Elements of a typed array; undefined for what is no typed array of numbers. */
function floats(value: object): ArrayLike<number> | undefined {
  return value instanceof Float32Array || value instanceof Float64Array ? value : undefined;
}

function sameBuffers(a: ArrayBufferView | ArrayBufferLike, b: ArrayBufferView | ArrayBufferLike): boolean {
  if (a.byteLength !== b.byteLength) return false;
  const [left, right] = [floats(a), floats(b)];
  if (left !== undefined && right !== undefined) {
    for (let i = 0; i < left.length; i++) {
      if (left[i] !== right[i] && !(Number.isNaN(left[i]) && Number.isNaN(right[i]))) return false;
    }
    return true;
  }
  const [x, y] = [bytesOf(a), bytesOf(b)];
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return false;
  return true;
}

/** Whether each member of a set, or entry of a map, has an equal one of its own in the other. */
function sameMembers(a: Iterable<unknown>, b: Iterable<unknown>, seen: Seen): boolean {
  const left = [...b];
  for (const member of a) {
    const found = left.findIndex((other) => compare(member, other, seen));
    if (found < 0) return false;
    left.splice(found, 1);
  }
  return true;
}

type Seen = Map<unknown, Set<unknown>>;

function compare(a: unknown, b: unknown, seen: Seen): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a === "number" && typeof b === "number") return a === b;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (!sameKind(a, b)) return false;
  if (a instanceof WeakMap || a instanceof WeakSet || a instanceof WeakRef && !(b instanceof WeakRef)) {
    throw new TypeError(`Cannot compare ${a.constructor.name} instances`);
  }
  if (a instanceof WeakRef && b instanceof WeakRef) return compare(a.deref(), b.deref(), seen);
  if (a instanceof Date && b instanceof Date) return Object.is(a.getTime(), b.getTime());
  if (a instanceof RegExp && b instanceof RegExp || a instanceof URL && b instanceof URL) {
    return String(a) === String(b);
  }
  if (isBuffer(a) && isBuffer(b)) return sameBuffers(a, b);
  const with_ = seen.get(a);
  // A pair met again inside itself is equal if all the rest is.
  if (with_?.has(b)) return true;
  if (with_ === undefined) seen.set(a, new Set([b]));
  else with_.add(b);
  if (a instanceof Error && b instanceof Error && (a.name !== b.name || a.message !== b.message)) return false;
  if (a instanceof Map && b instanceof Map) {
    if (a.size !== b.size) return false;
    if ([...a.keys()].every((key) => b.has(key))) {
      return [...a].every(([key, value]) => compare(value, b.get(key), seen));
    }
    return sameMembers(a, b, seen);
  }
  if (a instanceof Set && b instanceof Set) {
    if (a.size !== b.size) return false;
    return [...a].every((member) => b.has(member)) || sameMembers(a, b, seen);
  }
  if (Array.isArray(a) && Array.isArray(b) && a.length !== b.length) return false;
  const keys = Reflect.ownKeys(a).filter((key) => Object.prototype.propertyIsEnumerable.call(a, key));
  const others = Reflect.ownKeys(b).filter((key) => Object.prototype.propertyIsEnumerable.call(b, key));
  if (keys.length !== others.length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && compare(Reflect.get(a, key), Reflect.get(b, key), seen));
}

/**
 * Whether two values are deeply equal.
 *
 * @param a one value
 * @param b the other
 * @returns whether they are
 * @throws {TypeError} for a WeakMap or WeakSet, whose members cannot be listed
 */
export function equal(a: unknown, b: unknown): boolean {
  return compare(a, b, new Map());
}
