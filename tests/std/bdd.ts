// The part of @std/testing/bdd that this project uses, with its signatures, over Deno.test and its steps. A top-level `describe`
// is one test; what it holds are steps, run in order. `it` outside of any is a test of its own.

/** What a test is: nothing, or a promise of nothing. */
type Body<T> = (this: T, t: Deno.TestContext) => void | Promise<void>;
/** What runs before or after tests. */
type Hook<T> = (this: T) => void | Promise<void>;

interface Case {
  readonly kind: "it";
  readonly name: string;
  readonly body: Body<unknown>;
  readonly ignore: boolean;
}

interface Suite {
  readonly kind: "describe";
  readonly name: string;
  readonly ignore: boolean;
  readonly members: (Case | Suite)[];
  readonly beforeAll: Hook<unknown>[];
  readonly afterAll: Hook<unknown>[];
  readonly beforeEach: Hook<unknown>[];
  readonly afterEach: Hook<unknown>[];
}

let open: Suite | undefined;

async function runHooks(hooks: readonly Hook<unknown>[], context: unknown): Promise<void> {
  for (const hook of hooks) await hook.call(context);
}

async function runSuite(suite: Suite, t: Deno.TestContext, outer: readonly Suite[], context: object): Promise<void> {
  const around = [...outer, suite];
  await runHooks(suite.beforeAll, context);
  try {
    for (const member of suite.members) {
      await t.step({
        name: member.name,
        ignore: member.ignore,
        fn: async (step) => {
          const own = Object.create(context);
          if (member.kind === "describe") return await runSuite(member, step, around, own);
          for (const each of around) await runHooks(each.beforeEach, own);
          try {
            await member.body.call(own, step);
          } finally {
            for (const each of around.toReversed()) await runHooks(each.afterEach, own);
          }
        },
      });
    }
  } finally {
    await runHooks(suite.afterAll, context);
  }
}

function addSuite(name: string, body: () => void, ignore: boolean): void {
  const suite: Suite = {
    kind: "describe",
    name,
    ignore,
    members: [],
    beforeAll: [],
    afterAll: [],
    beforeEach: [],
    afterEach: [],
  };
  const outer = open;
  open = suite;
  try {
    body();
  } finally {
    open = outer;
  }
  if (outer !== undefined) outer.members.push(suite);
  else Deno.test({ name, ignore, fn: (t) => runSuite(suite, t, [], {}) });
}

function addCase<T>(name: string, body: Body<T>, ignore: boolean): void {
  const untyped = body as Body<unknown>;
  if (open !== undefined) open.members.push({ kind: "it", name, body: untyped, ignore });
  else Deno.test({ name, ignore, fn: (t) => untyped.call({}, t) });
}

function hook<T>(kind: "beforeAll" | "afterAll" | "beforeEach" | "afterEach", fn: Hook<T>): void {
  if (open === undefined) throw new TypeError(`Cannot call ${kind} outside of describe`);
  open[kind].push(fn as Hook<unknown>);
}

/** Registers a group of tests. */
export interface Describe {
  /** Registers a group of tests, named by what they test. */
  (name: string, fn: () => void): void;
  /** Registers a group that is not run. */
  skip(name: string, fn: () => void): void;
  /** Registers a group that is not run. */
  ignore(name: string, fn: () => void): void;
}

/** Registers a test. */
export interface It {
  /** Registers a test, named by what holds. */
  <T>(name: string, fn: Body<T>): void;
  /** Registers a test that is not run. */
  skip<T>(name: string, fn: Body<T>): void;
  /** Registers a test that is not run. */
  ignore<T>(name: string, fn: Body<T>): void;
}

const skipSuite = (name: string, fn: () => void): void => addSuite(name, fn, true);
const skipCase = <T>(name: string, fn: Body<T>): void => addCase(name, fn, true);

/** Registers a group of tests. */
export const describe: Describe = Object.assign(
  (name: string, fn: () => void): void => addSuite(name, fn, false),
  { skip: skipSuite, ignore: skipSuite },
);

/** Registers a test. */
export const it: It = Object.assign(
  <T>(name: string, fn: Body<T>): void => addCase(name, fn, false),
  { skip: skipCase, ignore: skipCase },
);

/** Registers a test, as `it`. */
export const test: It = it;

/** Runs a function once before the tests of the group. */
export function beforeAll<T>(fn: (this: T) => void | Promise<void>): void {
  hook("beforeAll", fn);
}

/** Runs a function once after the tests of the group. */
export function afterAll<T>(fn: (this: T) => void | Promise<void>): void {
  hook("afterAll", fn);
}

/** Runs a function before each test of the group and of groups in it. */
export function beforeEach<T>(fn: (this: T) => void | Promise<void>): void {
  hook("beforeEach", fn);
}

/** Runs a function after each test of the group and of groups in it. */
export function afterEach<T>(fn: (this: T) => void | Promise<void>): void {
  hook("afterEach", fn);
}

/** Runs a function once before the tests of the group, as `beforeAll`. */
export const before: typeof beforeAll = beforeAll;

/** Runs a function once after the tests of the group, as `afterAll`. */
export const after: typeof afterAll = afterAll;
