// The part of @std/assert that this project uses, with its signatures: stands in where JSR cannot be reached. Replacing the line
// of deno.json's import map is all it takes to use the real one.
import { inspect } from "node:util";
import { equal } from "./equal.ts";

export { equal } from "./equal.ts";

/** A class, its constructor's parameters unknown. */
type AnyClass<T> = abstract new (...args: never[]) => T;
/** What a class makes. */
type Made<C> = C extends AnyClass<infer T> ? T : never;
/** An array, a typed array, or something like them. */
type ArrayLikeArg<T> = ArrayLike<T> & object;

/** An assertion that did not hold. */
export class AssertionError extends Error {
  /**
   * Words a failure.
   *
   * @param message what did not hold
   * @param options the error's cause
   */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}

function show(value: unknown): string {
  return inspect(value, { depth: 6, maxArrayLength: 64, maxStringLength: 2000, breakLength: 100, sorted: true });
}

function refuse(what: string, msg?: string): never {
  throw new AssertionError(msg ? `${what}: ${msg}` : what);
}

/** Where two lists first differ, for lists too long to read. */
function difference(actual: unknown, expected: unknown): string {
  const list = (value: unknown): value is ArrayLike<unknown> =>
    Array.isArray(value) || ArrayBuffer.isView(value) && !(value instanceof DataView);
  if (!list(actual) || !list(expected)) return "";
  const length = Math.max(actual.length, expected.length);
  for (let i = 0; i < length; i++) {
    if (i < actual.length && i < expected.length && equal(actual[i], expected[i])) continue;
    return `\n    first difference at [${i}]: actual ${show(actual[i])}, expected ${show(expected[i])}; ` +
      `lengths ${actual.length} and ${expected.length}`;
  }
  return "";
}

/** Demands that a value is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/** Demands that a value is falsy. */
export function assertFalse(expr: unknown, msg = ""): asserts expr is false | 0 | "" | null | undefined {
  if (expr) refuse(`Expected ${show(expr)} to be falsy`, msg);
}

/** Demands deep equality. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) return;
  refuse(
    `Values are not equal\n    actual:   ${show(actual)}\n    expected: ${show(expected)}${
      difference(actual, expected)
    }`,
    msg,
  );
}

/** Demands that two values are not deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) refuse(`Expected ${show(actual)} to be different`, msg);
}

/** Demands the same value, as Object.is has it. */
export function assertStrictEquals<T>(actual: unknown, expected: T, msg?: string): asserts actual is T {
  if (Object.is(actual, expected)) return;
  const alike = equal(actual, expected) ? "equal but not the same" : "not the same";
  refuse(`Values are ${alike}\n    actual:   ${show(actual)}\n    expected: ${show(expected)}`, msg);
}

/** Demands another value, as Object.is has it. */
export function assertNotStrictEquals<T>(actual: T, expected: T, msg?: string): void {
  if (Object.is(actual, expected)) refuse(`Expected ${show(actual)} to be another`, msg);
}

/** Demands two numbers no further apart than a tolerance: by default a ten-millionth of the expected one, or 1e-7 of zero. */
export function assertAlmostEquals(actual: number, expected: number, tolerance?: number, msg?: string): void {
  if (Object.is(actual, expected)) return;
  const allowed = tolerance ?? (Number.isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7);
  const delta = Math.abs(expected - actual);
  if (!(delta <= allowed)) {
    refuse(`Expected ${actual} to be within ${allowed} of ${expected}, it is ${delta} away`, msg);
  }
}

/** Demands `actual > expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual > expected)) refuse(`Expected ${show(actual)} to be greater than ${show(expected)}`, msg);
}

/** Demands `actual >= expected`. */
export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual >= expected)) refuse(`Expected ${show(actual)} to be at least ${show(expected)}`, msg);
}

/** Demands `actual < expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual < expected)) refuse(`Expected ${show(actual)} to be less than ${show(expected)}`, msg);
}

/** Demands `actual <= expected`. */
export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual <= expected)) refuse(`Expected ${show(actual)} to be at most ${show(expected)}`, msg);
}

/** Demands a value that is neither null nor undefined. */
export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  if (actual === undefined || actual === null) refuse(`Expected a value, there is ${actual}`, msg);
}

/** Demands an instance of a class. */
export function assertInstanceOf<T extends AnyClass<unknown>>(
  actual: unknown,
  expectedType: T,
  msg = "",
): asserts actual is Made<T> {
  if (!(actual instanceof expectedType)) {
    refuse(`Expected an instance of ${expectedType.name}, there is ${show(actual)}`, msg);
  }
}

/** Demands that something is no instance of a class. */
export function assertNotInstanceOf<A, T>(
  actual: A,
  unexpectedType: AnyClass<T>,
  msg?: string,
): asserts actual is Exclude<A, T> {
  if (actual instanceof unexpectedType) {
    refuse(`Expected no instance of ${unexpectedType.name}, there is ${show(actual)}`, msg);
  }
}

/** Demands that one string holds another. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (!actual.includes(expected)) refuse(`Expected ${show(actual)} to hold ${show(expected)}`, msg);
}

/** Demands that a string matches. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  if (!expected.test(actual)) refuse(`Expected ${show(actual)} to match ${expected}`, msg);
}

/** Demands that a string does not match. */
export function assertNotMatch(actual: string, expected: RegExp, msg?: string): void {
  if (expected.test(actual)) refuse(`Expected ${show(actual)} not to match ${expected}`, msg);
}

/** Demands that a list has an equal of every member of another. */
export function assertArrayIncludes<T>(actual: ArrayLikeArg<T>, expected: ArrayLikeArg<T>, msg?: string): void {
  const have = Array.from(actual);
  const missing = Array.from(expected).filter((wanted) => !have.some((member) => equal(member, wanted)));
  if (missing.length > 0) refuse(`Expected ${show(actual)} to include ${show(missing)}`, msg);
}

/** The part of `actual` that `expected` speaks of. */
function part(actual: unknown, expected: unknown, seen: Map<unknown, unknown>): unknown {
  if (typeof actual !== "object" || typeof expected !== "object" || actual === null || expected === null) return actual;
  if (actual.constructor !== Object && actual.constructor !== undefined && !Array.isArray(actual)) return actual;
  const known = seen.get(actual);
  if (known !== undefined) return known;
  const copy: object = Array.isArray(actual) ? [] : {};
  seen.set(actual, copy);
  for (const key of Reflect.ownKeys(expected)) {
    if (key === "length" && Array.isArray(expected)) continue;
    if (key in actual) Reflect.set(copy, key, part(Reflect.get(actual, key), Reflect.get(expected, key), seen));
  }
  return copy;
}

/** Demands that an object has everything another has; it may have more. */
export function assertObjectMatch(
  actual: Record<PropertyKey, unknown>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  assertEquals(part(actual, expected, new Map()), expected, msg);
}

/** Demands an Error, of a class and with a part of its message if told. */
export function assertIsError<E extends Error = Error>(
  error: unknown,
  ErrorClass?: AnyClass<E>,
  msgMatches?: string | RegExp,
  msg?: string,
): asserts error is E {
  if (!(error instanceof Error)) refuse(`Expected an Error, there is ${show(error)}`, msg);
  if (ErrorClass !== undefined && !(error instanceof ErrorClass)) {
    refuse(`Expected ${ErrorClass.name}, there is ${error.constructor.name}: ${error.message}`, msg);
  }
  if (typeof msgMatches === "string" && !error.message.includes(msgMatches)) {
    refuse(`Expected an error message with ${show(msgMatches)}, it is ${show(error.message)}`, msg);
  }
  if (msgMatches instanceof RegExp && !msgMatches.test(error.message)) {
    refuse(`Expected an error message that matches ${msgMatches}, it is ${show(error.message)}`, msg);
  }
}

function judge(error: unknown, how: string, rest: [unknown?, string?, string?]): unknown {
  if (typeof rest[0] !== "function") return error;
  const [, msgIncludes, msg] = rest;
  if (!(error instanceof Error)) refuse(`Expected an Error to be ${how}, it was ${show(error)}`, msg);
  assertIsError(error, rest[0] as unknown as AnyClass<Error>, msgIncludes, msg);
  return error;
}

/** Demands that a function throws. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/** Demands that a function throws an Error of a class, with a part of its message if told. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: AnyClass<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows(fn: () => unknown, ...rest: [unknown?, string?, string?]): unknown {
  let error: unknown;
  try {
    fn();
  } catch (thrown) {
    error = thrown;
    return judge(error, "thrown", rest);
  }
  refuse("Expected function to throw", typeof rest[0] === "string" ? rest[0] : rest[2]);
}

/** Demands that a function's promise is rejected. */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
/** Demands that a function's promise is rejected with an Error of a class, with a part of its message if told. */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: AnyClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  ...rest: [unknown?, string?, string?]
): Promise<unknown> {
  const msg = typeof rest[0] === "string" ? rest[0] : rest[2];
  let promise: PromiseLike<unknown>;
  try {
    promise = fn();
  } catch (thrown) {
    refuse(`Function throws when expected to reject: ${show(thrown)}`, msg);
  }
  try {
    await promise;
  } catch (thrown) {
    return judge(thrown, "rejected with", rest);
  }
  refuse("Expected function to reject", msg);
}

/** Fails. */
export function fail(msg?: string): never {
  refuse("Failed assertion", msg);
}

/** Fails where no test should come. */
export function unreachable(msg?: string): never {
  refuse("Unreachable", msg);
}
