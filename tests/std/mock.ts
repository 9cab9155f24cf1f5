// The part of @std/testing/mock that this project uses, with its signatures: spies, stubs, and assertions on their calls.
import { assertEquals, AssertionError, assertIsError } from "./assert.ts";

/** A misuse of a spy or stub. */
export class MockError extends Error {
  /**
   * Words a misuse.
   *
   * @param message what cannot be done
   */
  constructor(message: string) {
    super(message);
    this.name = "MockError";
  }
}

/** One call of a spy. */
export interface SpyCall<Self = unknown, Args extends unknown[] = unknown[], Return = unknown> {
  /** The arguments. */
  args: Args;
  /** What was returned, unless it threw. */
  returned?: Return;
  /** What was thrown. */
  error?: unknown;
  /** `this` of the call. */
  self?: Self;
}

/** A function that remembers its calls. */
export interface Spy<Self = unknown, Args extends unknown[] = unknown[], Return = unknown> {
  (this: Self, ...args: Args): Return;
  /** What is called. */
  original: (this: Self, ...args: Args) => Return;
  /** The calls, oldest first. */
  calls: SpyCall<Self, Args, Return>[];
  /** Whether the method has its original back. */
  restored: boolean;
}

/** A method that remembers its calls. */
export interface MethodSpy<Self = unknown, Args extends unknown[] = unknown[], Return = unknown>
  extends Spy<Self, Args, Return>, Disposable {
  /** Gives the object its original method back. */
  restore(): void;
}

/** A method that was replaced. */
export interface Stub<Self = unknown, Args extends unknown[] = unknown[], Return = unknown>
  extends MethodSpy<Self, Args, Return> {
  /** What stands in. */
  fake: (this: Self, ...args: Args) => Return;
}

/** What a property's function takes. */
type ArgsOf<Self, Prop extends keyof Self> = Self[Prop] extends (...args: infer Args) => unknown ? Args : never;
/** What a property's function returns. */
type ReturnOf<Self, Prop extends keyof Self> = Self[Prop] extends (...args: never[]) => infer Return ? Return : never;

function record<Self, Args extends unknown[], Return>(
  original: (this: Self, ...args: Args) => Return,
  called: (this: Self, ...args: Args) => Return,
): Spy<Self, Args, Return> {
  const calls: SpyCall<Self, Args, Return>[] = [];
  const function_ = function (this: Self, ...args: Args): Return {
    const call: SpyCall<Self, Args, Return> = { args };
    if (this !== undefined) call.self = this;
    try {
      return call.returned = called.apply(this, args);
    } catch (error) {
      call.error = error;
      throw error;
    } finally {
      calls.push(call);
    }
  };
  return Object.assign(function_, { original, calls, restored: false });
}

function replace<Self extends object, Prop extends keyof Self>(
  self: Self,
  property: Prop,
  fake?: (this: Self, ...args: ArgsOf<Self, Prop>) => ReturnOf<Self, Prop>,
): Stub<Self, ArgsOf<Self, Prop>, ReturnOf<Self, Prop>> {
  const original = self[property] as unknown;
  if (typeof original !== "function") throw new MockError(`Cannot spy on ${String(property)}: it is no method`);
  if ("calls" in original && "restored" in original) {
    throw new MockError(`Cannot spy on ${String(property)}: it is spied on already`);
  }
  type Method = (this: Self, ...args: ArgsOf<Self, Prop>) => ReturnOf<Self, Prop>;
  const own = Object.getOwnPropertyDescriptor(self, property);
  if (own !== undefined && !own.configurable) {
    throw new MockError(`Cannot spy on ${String(property)}: it is not configurable`);
  }
  const called = fake ?? original as Method;
  const spied = record(original as Method, called);
  const restore = (): void => {
    if (spied.restored) throw new MockError(`Cannot restore ${String(property)}: it is restored already`);
    if (own === undefined) delete self[property];
    else Object.defineProperty(self, property, own);
    spied.restored = true;
  };
  const made = Object.assign(spied, { fake: called, restore, [Symbol.dispose]: () => spied.restored || restore() });
  Object.defineProperty(self, property, {
    configurable: true,
    enumerable: own?.enumerable ?? false,
    writable: true,
    value: made,
  });
  return made as Stub<Self, ArgsOf<Self, Prop>, ReturnOf<Self, Prop>>;
}

/** A function that does nothing and remembers its calls. */
export function spy<Self = unknown, Args extends unknown[] = unknown[]>(): Spy<Self, Args, undefined>;
/** A function that remembers its calls of another. */
export function spy<Self, Args extends unknown[], Return>(
  func: (this: Self, ...args: Args) => Return,
): Spy<Self, Args, Return>;
/** Makes a method remember its calls, until restored. */
export function spy<Self extends object, Prop extends keyof Self>(
  self: Self,
  property: Prop,
): MethodSpy<Self, ArgsOf<Self, Prop>, ReturnOf<Self, Prop>>;
export function spy(target?: unknown, property?: PropertyKey): unknown {
  if (property !== undefined) return replace(target as Record<PropertyKey, unknown>, property as never);
  const func = (target ?? (() => undefined)) as (...args: unknown[]) => unknown;
  return record(func, func);
}

/** Replaces a method by one that does nothing, until restored. */
export function stub<Self extends object, Prop extends keyof Self>(
  self: Self,
  property: Prop,
): Stub<Self, ArgsOf<Self, Prop>, ReturnOf<Self, Prop>>;
/** Replaces a method by a function, until restored. */
export function stub<Self extends object, Prop extends keyof Self>(
  self: Self,
  property: Prop,
  func: (this: Self, ...args: ArgsOf<Self, Prop>) => ReturnOf<Self, Prop>,
): Stub<Self, ArgsOf<Self, Prop>, ReturnOf<Self, Prop>>;
export function stub(
  self: object,
  property: PropertyKey,
  func: (...args: unknown[]) => unknown = () => undefined,
): unknown {
  return replace(self as Record<PropertyKey, unknown>, property as never, func as never);
}

/** A function that returns one value after another, and throws when there are none left. */
export function returnsNext<Return, Self = unknown, Args extends unknown[] = unknown[]>(
  values: Iterable<Return | Error>,
): (this: Self, ...args: Args) => Return {
  const iterator = values[Symbol.iterator]();
  return () => {
    const { value, done } = iterator.next();
    if (done) throw new MockError("Cannot return: not expected to be called more times");
    if (value instanceof Error) throw value;
    return value;
  };
}

/** Demands a number of calls. */
export function assertSpyCalls<Self, Args extends unknown[], Return>(
  spy: Spy<Self, Args, Return>,
  expectedCalls: number,
): void {
  if (spy.calls.length !== expectedCalls) {
    throw new AssertionError(`Spy was called ${spy.calls.length} times, not ${expectedCalls}`);
  }
}

/** What a call is expected to have been. */
export interface ExpectedSpyCall<Self = unknown, Args extends unknown[] = unknown[], Return = unknown> {
  /** The arguments. */
  args?: [...Args, ...unknown[]];
  /** `this` of the call. */
  self?: Self;
  /** What was returned. */
  returned?: Return;
  /** What was thrown. */
  error?: { Class?: abstract new (...args: never[]) => Error; msgIncludes?: string };
}

/** Demands that a call was made as expected. */
export function assertSpyCall<Self, Args extends unknown[], Return>(
  spy: Spy<Self, Args, Return>,
  callIndex: number,
  expected?: ExpectedSpyCall<Self, Args, Return>,
): void {
  const call = spy.calls[callIndex];
  if (call === undefined) {
    throw new AssertionError(`Spy was called ${spy.calls.length} times: there is no call ${callIndex}`);
  }
  if (expected?.args !== undefined) assertEquals<unknown>(call.args, expected.args);
  if (expected !== undefined && "self" in expected) assertEquals<unknown>(call.self, expected.self);
  if (expected !== undefined && "returned" in expected) {
    if ("error" in call) throw new AssertionError(`Spy did not return in call ${callIndex}: it threw ${call.error}`);
    assertEquals<unknown>(call.returned, expected.returned);
  }
  if (expected?.error !== undefined) {
    if (!("error" in call)) throw new AssertionError(`Spy did not throw in call ${callIndex}`);
    assertIsError(call.error, expected.error.Class, expected.error.msgIncludes);
  }
}

/** Demands the arguments of a call. */
export function assertSpyCallArgs<Self, Args extends unknown[], Return>(
  spy: Spy<Self, Args, Return>,
  callIndex: number,
  expected: Args,
): void {
  assertSpyCall(spy, callIndex);
  assertEquals<unknown>(spy.calls[callIndex].args, expected);
}
