/**
 * `Rule`: what a part of a configuration may be: a check that names the place which is wrong, and the same as JSON Schema, so that
 * the two cannot differ.
 * @module
 */

/** A schema, or a part of one (JSON Schema 2020-12). */
export type Schema = Readonly<Record<string, unknown>>;

/** What a value may be. */
export interface Rule {
  /** Throws a {@linkcode ConfigError} if `value`, which stands at `path`, may not stand there. */
  readonly check: (path: string, value: unknown) => void;
  /** The same for editors. */
  readonly schema: Schema;
}

/** The path of a configuration as a whole. */
export const ROOT = "it";

/** A configuration that cannot be. */
export class ConfigError extends TypeError {
  /** "ConfigError". */
  override readonly name: string = "ConfigError";
  /** What is wrong: the place, and what may stand there. */
  readonly problem: string;

  /** An error. @param problem what is wrong. @param whose of which configuration. */
  constructor(problem: string, whose = "configuration") {
    super(`Cannot use ${whose}: ${problem}`);
    this.problem = problem;
  }
}

/** Refuses what stands at a place. @param what what may stand there. @throws {ConfigError} always. */
export function refuse(path: string, what: string, value: unknown): never {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    text = String(value);
  }
  throw new ConfigError(`${path} must be ${what}, not ${(text ?? "nothing").slice(0, 80)}`);
}

/** The place of a member. */
export function memberOf(path: string, key: string): string {
  return path === ROOT ? key : `${path}.${key}`;
}

/** The same rule, with a sentence for editors. */
export function described(description: string, rule: Rule): Rule {
  return { check: rule.check, schema: { description, ...rule.schema } };
}

/** true or false. */
export const flag: Rule = {
  check: (path, value) => {
    if (typeof value !== "boolean") refuse(path, "true or false", value);
  },
  schema: { type: "boolean" },
};

/** A whole number. */
export function whole(least: number, greatest: number): Rule {
  return {
    check: (path, value) => {
      if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > greatest) {
        refuse(path, `a whole number from ${least} to ${greatest}`, value);
      }
    },
    schema: { type: "integer", minimum: least, maximum: greatest },
  };
}

/** A list. */
export function list(least: number, greatest: number, item: Rule): Rule {
  return {
    check: (path, value) => {
      if (!Array.isArray(value) || value.length < least || value.length > greatest) {
        refuse(path, `a list of ${least} to ${greatest}`, value);
      }
      value.forEach((element, i) => item.check(`${path}[${i}]`, element));
    },
    schema: { type: "array", minItems: least, maxItems: greatest, items: item.schema },
  };
}

/** One of some names. @param what of which kind they are. */
export function known(names: Iterable<string>, what: string): Rule {
  const set = new Set(names);
  return {
    check: (path, value) => {
      if (typeof value !== "string" || !set.has(value)) refuse(path, `${what} (${[...set].join(", ")})`, value);
    },
    schema: { enum: [...set] },
  };
}

/** A text of a form. @param what the form for people. */
export function text(pattern: RegExp, what: string): Rule {
  return {
    check: (path, value) => {
      if (typeof value !== "string" || !pattern.test(value)) refuse(path, what, value);
    },
    schema: { type: "string", pattern: pattern.source },
  };
}

/** An object with members of a few names; undefined counts as absent. @param required those that must be there. */
export function record(members: Readonly<Record<string, Rule>>, required: readonly string[] = []): Rule {
  return {
    check: (path, value) => {
      if (typeof value !== "object" || value === null || Array.isArray(value)) refuse(path, "an object", value);
      for (const [key, member] of Object.entries(value)) {
        const at = memberOf(path, key);
        if (!Object.hasOwn(members, key)) {
          throw new ConfigError(`${at} is unknown; ${path} may have ${Object.keys(members).join(", ")}`);
        }
        if (member !== undefined) members[key].check(at, member);
      }
      for (const key of required) {
        if (!Object.hasOwn(value, key)) refuse(memberOf(path, key), "given", undefined);
      }
    },
    schema: {
      type: "object",
      properties: Object.fromEntries(Object.entries(members).map(([key, rule]) => [key, rule.schema])),
      ...(required.length > 0 ? { required } : {}),
      additionalProperties: false,
    },
  };
}

/** One of two rules for values of different types: a value is held to the one whose type it has, else to the first. */
export function either(first: Rule, second: Rule): Rule {
  const fits = (rule: Rule, value: unknown): boolean => {
    const type = rule.schema.enum !== undefined ? "string" : rule.schema.type;
    return type === (Array.isArray(value) ? "array" : typeof value === "number" ? "integer" : typeof value);
  };
  return {
    check: (path, value) => (fits(second, value) ? second : first).check(path, value),
    schema: { anyOf: [first.schema, second.schema] },
  };
}
