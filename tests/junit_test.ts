import { assertEquals, assertThrows } from "@std/assert";
import { parseJunit } from "./junit.ts";

const report = (cases: string, tests = 1) =>
  `<?xml version="1.0"?>\n<testsuites name="deno test" tests="${tests}">\n<testsuite name="a">${cases}</testsuite>\n</testsuites>`;

Deno.test("parseJunit reads names, outcomes and times", () => {
  const xml = report(`
    <testcase name="a &lt;&amp;&gt; &quot;b&quot; &#65;" classname="./x_test.ts" time="0.250" line="1" col="6">
    </testcase>
    <testcase name="bad" classname="./x_test.ts" time="0.001"><failure message="&lt;m">text &lt;skipped/</failure></testcase>
    <testcase name="worse" classname="./x_test.ts"><error message="&lt;only this&gt;"/></testcase>
    <testcase name="not run" classname="./x_test.ts"><skipped/></testcase>
    <testcase name="short" classname="./y_test.ts"/>`);
  assertEquals(parseJunit(xml), [
    { file: "./x_test.ts", name: 'a <&> "b" A', outcome: "passed", seconds: 0.25 },
    { file: "./x_test.ts", name: "bad", outcome: "failed", seconds: 0.001, failure: "text <skipped/" },
    { file: "./x_test.ts", name: "worse", outcome: "failed", seconds: 0, failure: "<only this>" },
    { file: "./x_test.ts", name: "not run", outcome: "skipped", seconds: 0 },
    { file: "./y_test.ts", name: "short", outcome: "passed", seconds: 0 },
  ]);
});

Deno.test("parseJunit counts a test once, not its steps; a name may hold an arrow of its own", () => {
  const xml = report(`
    <testcase name="t" classname="x"><failure message="1 step"/></testcase>
    <testcase name="t &gt; s" classname="x"><failure message="bad"/></testcase>
    <testcase name="t &gt; s &gt; deeper" classname="x"></testcase>
    <testcase name="u &gt; v" classname="x"></testcase>
    <testcase name="t &gt; s" classname="y"></testcase>`);
  assertEquals(parseJunit(xml).map(({ file, name }) => `${file} ${name}`), ["x t", "x u > v", "y t > s"]);
});

Deno.test("parseJunit refuses what is no whole report", () => {
  assertEquals(parseJunit(report("", 0)), []);
  for (
    const xml of ["", "hello", report("", 3), report("<testcase/>").slice(0, -5), report("<testcase ></testcase>")]
  ) {
    assertThrows(() => parseJunit(xml), SyntaxError);
  }
});
