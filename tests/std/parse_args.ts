// The part of @std/cli/parse-args that this project uses, with its signature and behaviour: `--name value`, `--name=value`,
// `--flag`, `--no-flag`, `-abc`, `-n5`, `--`; numbers become numbers unless the option is a string.

/** One name or several. */
type Names<N extends string> = N | readonly N[];
/** What may stand in `default`. */
type Defaults = Readonly<Record<string, unknown>>;

/** What `parseArgs` understands. */
export interface ParseOptions<
  B extends string = string,
  S extends string = string,
  C extends string = string,
  D extends Defaults = Defaults,
> {
  /** Whether what follows `--` goes to the result's `"--"` and not to `_`. */
  "--"?: boolean;
  /** Other names of an option. */
  alias?: Readonly<Record<string, string | readonly string[]>>;
  /** Options that take no value; `true` for all that are written without `=`. */
  boolean?: boolean | Names<B>;
  /** Options whose value stays a string; `"_"` for the positional arguments. */
  string?: Names<S>;
  /** Options that may be repeated, and become lists. */
  collect?: Names<C>;
  /** Flags that `--no-NAME` sets to false. */
  negatable?: Names<string>;
  /** Values of options that are not given. */
  default?: D;
  /** Whether all from the first positional argument on is positional. */
  stopEarly?: boolean;
  /** Receives what is not declared; `false` leaves it out of the result. */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/** What an option becomes. */
type Value<N extends string, T, C extends string, D> = N extends C ? T[]
  : N extends keyof D ? T
  : T | undefined;

/** What `parseArgs` returns: the declared options by name, others as `unknown`, positional arguments as `_`. */
export type Args<
  B extends string = string,
  S extends string = string,
  C extends string = string,
  D extends Defaults = Defaults,
> =
  & { [N in Exclude<S, "_">]: Value<N, string, C, D> }
  & { [N in B]: N extends C ? boolean[] : boolean }
  & { _: (string extends S ? string | number : "_" extends S ? string : string | number)[]; "--"?: string[] }
  & { [name: string]: unknown };

function list<N extends string>(names: Names<N> | boolean | undefined): N[] {
  if (names === undefined || typeof names === "boolean") return [];
  return typeof names === "string" ? [names] : [...names];
}

const isNumber = (text: string): boolean =>
  /^0x[0-9a-f]+$/i.test(text) || /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(e[-+]?\d+)?$/i.test(text);

class Parser {
  readonly result: Record<string, unknown> = {};
  readonly positional: (string | number)[] = [];
  readonly #options: ParseOptions;
  readonly #alias = new Map<string, string[]>();
  readonly #booleans: Set<string>;
  readonly #strings: Set<string>;
  readonly #collect: Set<string>;
  readonly #negatable: Set<string>;

  constructor(options: ParseOptions) {
    this.#options = options;
    for (const [name, others] of Object.entries(options.alias ?? {})) {
      const all = [name, ...list(others)];
      for (const one of all) this.#alias.set(one, all.filter((other) => other !== one));
    }
    this.#booleans = this.#withAliases(list(options.boolean));
    this.#strings = this.#withAliases(list(options.string));
    this.#collect = this.#withAliases(list(options.collect));
    this.#negatable = this.#withAliases(list(options.negatable));
  }

  #withAliases(names: readonly string[]): Set<string> {
    return new Set(names.flatMap((name) => [name, ...this.#alias.get(name) ?? []]));
  }

  #declared(name: string): boolean {
    return this.#booleans.has(name) || this.#strings.has(name) || this.#alias.has(name) || this.#collect.has(name);
  }

  isBoolean(name: string): boolean {
    return this.#booleans.has(name) || this.#options.boolean === true && !this.#strings.has(name);
  }

  isString(name: string): boolean {
    return this.#strings.has(name);
  }

  isNegatable(name: string): boolean {
    return this.#negatable.has(name);
  }

  set(name: string, value: unknown, arg: string): void {
    if (!this.#declared(name) && this.#options.unknown?.(arg, name, value) === false) return;
    const typed = typeof value === "string" && !this.#strings.has(name) && isNumber(value) ? Number(value) : value;
    for (const one of [name, ...this.#alias.get(name) ?? []]) {
      if (!this.#collect.has(one)) this.result[one] = typed;
      else this.result[one] = [...Array.isArray(this.result[one]) ? this.result[one] : [], typed];
    }
  }

  addPositional(arg: string): void {
    if (this.#options.unknown?.(arg) === false) return;
    this.positional.push(!this.#strings.has("_") && isNumber(arg) ? Number(arg) : arg);
  }

  fillIn(): void {
    const defaults = this.#options.default ?? {};
    for (const [name, value] of Object.entries(defaults)) {
      for (const one of [name, ...this.#alias.get(name) ?? []]) if (!(one in this.result)) this.result[one] = value;
    }
    for (const name of this.#collect) this.result[name] ??= [];
    for (const name of this.#booleans) if (!(name in this.result)) this.result[name] = false;
  }
}

/**
 * Parses a command line.
 *
 * @param args such as Deno.args
 * @param options what is understood
 * @returns the options by name, positional arguments as `_`
 */
export function parseArgs<
  const B extends string = never,
  const S extends string = never,
  const C extends string = never,
  const D extends Defaults = Record<never, never>,
>(args: readonly string[], options: ParseOptions<B, S, C, D> = {}): Args<B, S, C, D> {
  const parser = new Parser(options as ParseOptions);
  const dashes = args.indexOf("--");
  const before = dashes < 0 ? args : args.slice(0, dashes);
  const after = dashes < 0 ? [] : args.slice(dashes + 1);
  for (let i = 0; i < before.length; i++) {
    const arg = before[i];
    const next = before[i + 1];
    const long = /^--([^=]+)(?:=([^]*))?$/.exec(arg);
    // What may be the value of an option without `=`: the next argument, unless that is an option itself.
    const takesNext = (name: string): boolean => next !== undefined && !parser.isBoolean(name) && !/^-/.test(next);
    if (long !== null) {
      const [, name, value] = long;
      if (value !== undefined) parser.set(name, parser.isBoolean(name) ? value !== "false" : value, arg);
      else if (/^no-/.test(name) && parser.isNegatable(name.slice(3))) parser.set(name.slice(3), false, arg);
      else if (takesNext(name)) parser.set(name, before[++i], arg);
      else if (parser.isBoolean(name) && (next === "true" || next === "false")) {
        parser.set(name, before[++i] === "true", arg);
      } else parser.set(name, parser.isString(name) ? "" : true, arg);
    } else if (/^-[^-]/.test(arg) && !isNumber(arg)) {
      const letters = arg.slice(1);
      for (let j = 0; j < letters.length; j++) {
        const name = letters[j];
        const rest = letters.slice(j + 1);
        if (rest !== "" && !parser.isBoolean(name) && (rest[0] === "=" || parser.isString(name) || isNumber(rest))) {
          parser.set(name, rest[0] === "=" ? rest.slice(1) : rest, arg);
          break;
        }
        if (rest === "" && takesNext(name)) parser.set(name, before[++i], arg);
        else parser.set(name, parser.isString(name) ? "" : true, arg);
      }
    } else {
      parser.addPositional(arg);
      if (options.stopEarly) {
        for (const one of before.slice(i + 1)) parser.addPositional(one);
        break;
      }
    }
  }
  parser.fillIn();
  if (options["--"]) parser.result["--"] = after;
  else for (const arg of after) parser.addPositional(arg);
  return { ...parser.result, _: parser.positional } as Args<B, S, C, D>;
}
