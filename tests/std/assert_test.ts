// Holds the adapter to the signatures and behaviour that @std/assert documents.
import {
  assert,
  assertAlmostEquals,
  assertArrayIncludes,
  assertEquals,
  assertExists,
  assertFalse,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  AssertionError,
  assertIsError,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertNotInstanceOf,
  assertNotMatch,
  assertNotStrictEquals,
  assertObjectMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  equal,
  fail,
  unreachable,
} from "@std/assert";

/** Whether two types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;
const holds = <T extends true>(_: T): void => {};

/** That an assertion holds for one and fails, with AssertionError, for the other. */
function both(pass: () => unknown, failing: () => unknown, message?: string): void {
  pass();
  let thrown: unknown;
  try {
    failing();
  } catch (error) {
    thrown = error;
  }
  if (!(thrown instanceof AssertionError)) throw new Error(`Expected an AssertionError, there is ${thrown}`);
  if (message !== undefined && !thrown.message.includes(message)) throw new Error(`${thrown.message} lacks ${message}`);
}

Deno.test("signatures are std's", () => {
  holds<Same<Parameters<typeof assertEquals<number>>, [actual: number, expected: number, msg?: string]>>(true);
  holds<Same<Parameters<typeof assert>, [expr: unknown, msg?: string]>>(true);
  holds<Same<Parameters<typeof assertMatch>, [actual: string, expected: RegExp, msg?: string]>>(true);
  holds<
    Same<Parameters<typeof assertAlmostEquals>, [actual: number, expected: number, tolerance?: number, msg?: string]>
  >(true);
  holds<Same<Parameters<typeof assertStrictEquals<string>>, [actual: unknown, expected: string, msg?: string]>>(true);
  holds<Same<Parameters<typeof assertGreater<bigint>>, [actual: bigint, expected: bigint, msg?: string]>>(true);
  holds<Same<Parameters<typeof assertExists<number | null>>, [actual: number | null, msg?: string]>>(true);
  holds<Same<ReturnType<typeof fail>, never>>(true);
  holds<Same<ReturnType<typeof unreachable>, never>>(true);
  const error = assertThrows(() => decodeURI("%"), URIError, "URI");
  holds<Same<typeof error, URIError>>(true);
  const thrown = assertThrows(() => decodeURI("%"));
  holds<Same<typeof thrown, unknown>>(true);
});

Deno.test("assertions narrow", () => {
  const value: unknown = new Map([[1, 2]]);
  assertInstanceOf(value, Map);
  assert(value.size === 1);
  const maybe: string | undefined = ["x"].find((text) => text === "x");
  assertExists(maybe);
  holds<Same<typeof maybe, string>>(true);
  const text: string | number = JSON.parse('"a"');
  assert(typeof text === "string");
  assertStrictEquals(text.length, 1);
  const error: unknown = new RangeError("r");
  assertIsError(error, RangeError, /r/);
  holds<Same<typeof error, RangeError>>(true);
});

Deno.test("equal", () => {
  const yes: [unknown, unknown][] = [
    [0, -0],
    [NaN, NaN],
    [{ a: [1, { b: 2n }] }, { a: [1, { b: 2n }] }],
    [Object.assign(Object.create(null), { x: 1 }), { x: 1 }],
    [new Map([[{ k: 1 }, 2]]), new Map([[{ k: 1 }, 2]])],
    [new Map([[1, 1], [2, 2]]), new Map([[2, 2], [1, 1]])],
    [new Set([{ a: 1 }, { a: 2 }]), new Set([{ a: 2 }, { a: 1 }])],
    [Uint8Array.of(1, 2), Uint8Array.of(0, 1, 2).subarray(1)],
    [Float32Array.of(0, NaN), Float32Array.of(-0, NaN)],
    [new ArrayBuffer(2), new ArrayBuffer(2)],
    [new Date(5), new Date(5)],
    [/a/g, /a/g],
    [new Error("x"), new Error("x")],
    [undefined, undefined],
  ];
  const no: [unknown, unknown][] = [
    [1, 1n],
    [1, "1"],
    [null, undefined],
    [{ a: undefined }, {}],
    [{ a: undefined }, { b: undefined }],
    [[1, 2], [1, 2, 3]],
    [[1], { 0: 1 }],
    [Uint8Array.of(1), Int8Array.of(1)],
    [Uint8Array.of(1), Uint8Array.of(2)],
    [BigUint64Array.of(1n), BigUint64Array.of(2n)],
    [new Map([[1, 2]]), new Map([[1, 3]])],
    [new Set([1, 2]), new Set([1, 3])],
    [new Date(5), new Date(6)],
    [/a/g, /a/],
    [new Error("x"), new Error("y")],
    [new Error("x"), new TypeError("x")],
    [new class A {}(), {}],
    [() => 1, () => 1],
    [{ [Symbol.for("s")]: 1 }, { [Symbol.for("s")]: 2 }],
  ];
  for (const [a, b] of yes) both(() => assertEquals(a, b), () => assertNotEquals(a, b));
  for (const [a, b] of no) both(() => assertNotEquals(a, b), () => assertEquals(a, b));
  const [a, b]: { self?: unknown }[] = [{}, {}];
  a.self = a;
  b.self = b;
  assert(equal(a, b));
});

Deno.test("each assertion passes and fails", async () => {
  both(() => assert(1), () => assert("", "why"), "why");
  both(() => assertFalse(0), () => assertFalse(1));
  both(() => assertEquals([1], [1]), () => assertEquals([1, 2], [1, 3], "list"), "[1]: actual 2, expected 3");
  both(() => assertStrictEquals(NaN, NaN), () => assertStrictEquals({}, {}));
  both(() => assertNotStrictEquals({}, {}), () => assertNotStrictEquals(1, 1));
  both(() => assertAlmostEquals(0.1 + 0.2, 0.3), () => assertAlmostEquals(1, 1.1));
  both(() => assertAlmostEquals(1, 1.1, 0.2), () => assertAlmostEquals(1, NaN, 0.2));
  both(() => assertGreater(2, 1), () => assertGreater(1, 1));
  both(() => assertGreaterOrEqual(1n, 1n), () => assertGreaterOrEqual(0n, 1n));
  both(() => assertLess(1, 2), () => assertLess(2, 2));
  both(() => assertLessOrEqual("a", "a"), () => assertLessOrEqual("b", "a"));
  both(() => assertExists(0), () => assertExists(null));
  both(() => assertInstanceOf([], Array), () => assertInstanceOf([], Map));
  both(() => assertNotInstanceOf({}, Map), () => assertNotInstanceOf([], Array));
  both(() => assertStringIncludes("abc", "b"), () => assertStringIncludes("abc", "d"));
  both(() => assertMatch("abc", /^a/), () => assertMatch("abc", /^b/));
  both(() => assertNotMatch("abc", /^b/), () => assertNotMatch("abc", /^a/));
  both(() => assertArrayIncludes([{ a: 1 }, 2], [{ a: 1 }]), () => assertArrayIncludes([1], [2]));
  both(() => assertObjectMatch({ a: { b: 1, c: 2 } }, { a: { b: 1 } }), () => assertObjectMatch({ a: 1 }, { b: 1 }));
  both(() => {}, () => fail("x"), "x");
  both(() => {}, () => unreachable());
  const boom = () => {
    throw new RangeError("boom 7");
  };
  both(() => assertThrows(boom), () => assertThrows(() => {}));
  both(() => assertThrows(boom, RangeError, "boom"), () => assertThrows(boom, TypeError));
  both(() => assertThrows(boom, Error), () => assertThrows(boom, RangeError, "bang"));
  both(() => {}, () => assertThrows(() => {}, Error, "", "none"), "none");
  const rejects = () => Promise.reject(new RangeError("boom"));
  assertEquals((await assertRejects(rejects, RangeError, "boo")).message, "boom");
  await assertRejects(() => assertRejects(rejects, TypeError), AssertionError);
  await assertRejects(() => assertRejects(() => Promise.resolve()), AssertionError, "reject");
  await assertRejects(() => assertRejects(boom), AssertionError, "throws");
});
