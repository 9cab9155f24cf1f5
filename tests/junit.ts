// Reads the JUnit report that `deno test --junit-path` writes.

/** One test of a report. */
export interface TestResult {
  /** The file it stands in. */
  readonly file: string;
  /** Its name. */
  readonly name: string;
  /** What became of it. */
  readonly outcome: "passed" | "failed" | "skipped";
  /** How long it took, seconds. */
  readonly seconds: number;
  /** What it failed with, the stack included; only of a failed one. */
  readonly failure?: string;
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function unescape(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES[name] ?? whole;
    return String.fromCodePoint(Number.parseInt(decimal ?? hex, decimal === undefined ? 16 : 10));
  });
}

function attribute(tag: string, name: string): string | undefined {
  const found = new RegExp(`\\s${name}="([^"]*)"`).exec(tag);
  return found === null ? undefined : unescape(found[1]);
}

/**
 * The tests of a report, without the steps inside them: a failed step has failed its test.
 *
 * @param xml the report
 * @returns its tests, in order
 * @throws {SyntaxError} if it is no whole report
 */
export function parseJunit(xml: string): TestResult[] {
  if (!/<testsuites[\s>]/.test(xml) || !/<\/testsuites>\s*$/.test(xml) && !/<testsuites[^>]*\/>\s*$/.test(xml)) {
    throw new SyntaxError("Cannot read the report: <testsuites> does not open, or does not close");
  }
  const tests: TestResult[] = [];
  const known = new Set<string>();
  for (const [, tag, body] of xml.matchAll(/<testcase(\s[^>]*?)(?:\/>|>([^]*?)<\/testcase>)/g)) {
    const file = attribute(tag, "classname") ?? "";
    const name = attribute(tag, "name");
    if (name === undefined) throw new SyntaxError("Cannot read the report: a testcase has no name");
    if (isStep(name, file, known)) continue;
    known.add(`${file}\n${name}`);
    const outcome = /<(failure|error)[\s>]/.test(body ?? "")
      ? "failed"
      : /<skipped/.test(body ?? "")
      ? "skipped"
      : "passed";
    const seconds = Number(attribute(tag, "time") ?? 0);
    tests.push({ file, name, outcome, seconds, ...(outcome === "failed" ? { failure: failureText(body) } : {}) });
  }
  const declared = /<testsuites[^>]*\stests="(\d+)"/.exec(xml);
  if (declared !== null && Number(declared[1]) > 0 && tests.length === 0) {
    throw new SyntaxError(`Cannot read the report: it speaks of ${declared[1]} tests and lists none`);
  }
  return tests;
}

/** What stands in the first failure or error of a testcase: its text, or else its message. */
function failureText(body: string): string {
  const found = /<(?:failure|error)(\s[^>]*?)?(?:\/>|>([^]*?)<\/(?:failure|error)>)/.exec(body);
  const text = unescape(found?.[2] ?? "").trim();
  return text !== "" ? text : attribute(found?.[1] ?? "", "message") ?? "";
}

/** Deno reports a step as "test > step", after its test. */
function isStep(name: string, file: string, known: ReadonlySet<string>): boolean {
  for (let at = name.indexOf(" > "); at >= 0; at = name.indexOf(" > ", at + 1)) {
    if (known.has(`${file}\n${name.slice(0, at)}`)) return true;
  }
  return false;
}
