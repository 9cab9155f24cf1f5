// When V8 compiles JavaScript: its flags, as `deno run --v8-flags=--help` lists them.

/** The V8 that has them. Deno refuses to run with a flag that its V8 does not know. */
const MAJOR = "15.";
/** Calls after which a function is worth being compiled, and for how long what it meets must have stayed the same. */
const CALLS = 40;

/**
 * Has V8 compile functions after some 40 calls instead of 400: for a process whose functions run once for each picture, so that the
 * first seconds of a program are not drawn by an interpreter. The last tier (TurboFan) comes as late as ever: compiling takes
 * processors from a GPU that is made of them.
 *
 * @param v8 the version of V8 that will run
 * @returns options for `deno run`; none for a V8 that may not know them
 */
export function compileSooner(v8: string = Deno.version.v8): string[] {
  if (!v8.startsWith(MAJOR)) return [];
  return [`--v8-flags=--invocation-count-for-maglev=${CALLS},--minimum-invocations-after-ic-update=${CALLS}`];
}
