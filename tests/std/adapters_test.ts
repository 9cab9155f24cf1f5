// Holds the adapters of @std/testing and @std/cli to std's signatures and behaviour.
import { assertEquals, assertThrows } from "@std/assert";
import { parseArgs } from "@std/cli/parse-args";
import { afterAll, afterEach, beforeAll, beforeEach, describe, it } from "@std/testing/bdd";
import {
  assertSpyCall,
  assertSpyCalls,
  MockError,
  returnsNext,
  type Spy,
  spy,
  type Stub,
  stub,
} from "@std/testing/mock";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;
const holds = <T extends true>(_: T): void => {};

const log: string[] = [];
describe("describe", () => {
  beforeAll(() => void log.push("all"));
  beforeEach(() => void log.push("each"));
  afterEach(() => void log.push("after"));
  afterAll(() => void log.push("done"));
  it("runs a test between its hooks", () => void log.push("first"));
  describe("inside another", () => {
    beforeEach(() => void log.push("inner"));
    it("runs the outer hooks first", async () => {
      await Promise.resolve();
      log.push("second");
    });
    it.skip("is not run", () => void log.push("never"));
  });
});
it("ran everything in order", () => {
  assertEquals(log, ["all", "each", "first", "after", "each", "inner", "second", "after", "done"]);
  assertThrows(() => beforeEach(() => {}), TypeError);
});

Deno.test("spy remembers calls, results and errors", () => {
  const add = spy((a: number, b: number) => {
    if (b < 0) throw new RangeError("negative");
    return a + b;
  });
  holds<Same<typeof add, Spy<unknown, [a: number, b: number], number>>>(true);
  assertEquals(add(1, 2), 3);
  assertThrows(() => add(1, -1), RangeError);
  assertSpyCalls(add, 2);
  assertSpyCall(add, 0, { args: [1, 2], returned: 3 });
  assertSpyCall(add, 1, { args: [1, -1], error: { Class: RangeError, msgIncludes: "neg" } });
  assertThrows(() => assertSpyCalls(add, 1));
  assertThrows(() => assertSpyCall(add, 0, { args: [2, 2] }));
  assertThrows(() => assertSpyCall(add, 0, { error: {} }));
  assertThrows(() => assertSpyCall(add, 2));
  assertEquals(spy()(), undefined);
});

Deno.test("stub replaces a method until restored", () => {
  class Clock {
    now(offset: number): number {
      return 5 + offset;
    }
  }
  const clock = new Clock();
  {
    using now = stub(clock, "now", () => 9);
    holds<Same<typeof now, Stub<Clock, [offset: number], number>>>(true);
    assertEquals(clock.now(1), 9);
    assertSpyCall(now, 0, { args: [1], returned: 9, self: clock });
    assertThrows(() => stub(clock, "now"), MockError);
  }
  assertEquals([clock.now(1), Object.hasOwn(clock, "now")], [6, false]);
  const watched = spy(clock, "now");
  assertEquals([clock.now(2), watched.calls.length], [7, 1]);
  watched.restore();
  assertThrows(() => watched.restore(), MockError);
  const next = returnsNext([1, new RangeError("r")]);
  assertEquals(next(), 1);
  assertThrows(() => next(), RangeError);
  assertThrows(() => next(), MockError);
});

Deno.test("parseArgs has std's types and forms", () => {
  const args = parseArgs(
    [
      "in",
      "--out",
      "a b",
      "--size=12",
      "--verbose",
      "--no-color",
      "-n5",
      "-xy",
      "--tag",
      "p",
      "--tag=q",
      "7",
      "--",
      "-z",
    ],
    {
      boolean: ["verbose", "color", "x", "y", "quiet"],
      string: ["out", "missing", "tag", "mode"],
      collect: ["tag"],
      negatable: ["color"],
      default: { mode: "fast", color: true },
      alias: { number: "n" },
    },
  );
  holds<Same<typeof args.out, string | undefined>>(true);
  holds<Same<typeof args.mode, string>>(true);
  holds<Same<typeof args.verbose, boolean>>(true);
  holds<Same<typeof args.tag, string[]>>(true);
  holds<Same<typeof args._, (string | number)[]>>(true);
  assertEquals(args as unknown, {
    _: ["in", 7, "-z"],
    out: "a b",
    size: 12,
    verbose: true,
    color: false,
    n: 5,
    number: 5,
    x: true,
    y: true,
    quiet: false,
    tag: ["p", "q"],
    mode: "fast",
  });
});

Deno.test("parseArgs: values that look like options, empty strings, unknown, stopEarly, --", () => {
  assertEquals<unknown>(parseArgs(["--a", "--b"], { string: ["a"] }), { a: "", b: true, _: [] });
  assertEquals<unknown>(parseArgs(["--a", "0x1F", "-5"], { string: ["_"] }), { a: 31, _: ["-5"] });
  assertEquals<unknown>(parseArgs(["--a=x=y"]), { a: "x=y", _: [] });
  const seen: unknown[] = [];
  const unknown = (arg: string, key?: string, value?: unknown) => {
    seen.push([arg, key, value]);
    return false;
  };
  assertEquals<unknown>(parseArgs(["--a", "--b=1", "c"], { boolean: ["a"], unknown }), { a: true, _: [] });
  assertEquals(seen, [["--b=1", "b", "1"], ["c", undefined, undefined]]);
  assertEquals<unknown>(parseArgs(["run", "--x"], { stopEarly: true }), { _: ["run", "--x"] });
  assertEquals<unknown>(parseArgs(["a", "--", "b"], { "--": true }), { _: ["a"], "--": ["b"] });
});
