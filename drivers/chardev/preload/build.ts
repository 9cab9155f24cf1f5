/**
 * Builds the client library with the system's C compiler, once for each state of its sources: the result is kept in the user's
 * cache folder.
 * @module
 */

import { createHash } from "node:crypto";

const HEADERS: readonly string[] = ["shim.h"];
const SOURCES: readonly string[] = [
  "setup.c",
  "identify.c",
  "connection.c",
  "memory.c",
  "path.c",
  "files.c",
  "stat.c",
  "owner.c",
  "links.c",
  "folders.c",
  "uevents.c",
  "io.c",
  "data.c",
  "descriptors.c",
  "poll.c",
  "select.c",
  "watch.c",
  "syscall.c",
];
const FLAGS: readonly string[] = [
  "-shared",
  "-fPIC",
  "-O2",
  "-std=gnu11",
  "-Wall",
  "-Wextra",
  "-fvisibility=hidden",
  "-ftls-model=initial-exec",
  "-fno-builtin",
  "-U_FORTIFY_SOURCE",
];
const LIBRARIES: readonly string[] = ["-ldl", "-lpthread"];

/** The client library cannot be built on this machine; the message says why, and what to do. */
export class BuildError extends Error {
  /** "BuildError". */
  override readonly name: string = "BuildError";
}

function cacheFolder(): string {
  const cache = Deno.env.get("XDG_CACHE_HOME");
  if (cache?.startsWith("/")) return `${cache}/udrm`;
  const home = Deno.env.get("HOME");
  if (!home) throw new BuildError("Cannot keep the client library: neither XDG_CACHE_HOME nor HOME is set");
  return `${home}/.cache/udrm`;
}

/**
 * The client library, built if it is not there yet.
 *
 * @param compiler the C compiler, `cc` unless told
 * @returns the path of a shared library for LD_PRELOAD
 * @throws {BuildError} if there is no compiler, or it fails
 */
export async function buildShim(compiler = "cc"): Promise<string> {
  const texts = new Map<string, string>();
  const hash = createHash("sha256").update([Deno.build.arch, ...FLAGS, ...LIBRARIES].join(" "));
  for (const name of [...HEADERS, ...SOURCES]) {
    const text = await (await fetch(new URL(`./shim/${name}`, import.meta.url))).text();
    texts.set(name, text);
    hash.update(`\n${name}\n`).update(text);
  }
  const folder = cacheFolder();
  const library = `${folder}/preload-${hash.digest("hex").slice(0, 16)}.so`;
  try {
    if (Deno.statSync(library).isFile) return library;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  Deno.mkdirSync(folder, { recursive: true });
  const work = Deno.makeTempDirSync({ dir: folder, prefix: "build-" });
  try {
    for (const [name, text] of texts) Deno.writeTextFileSync(`${work}/${name}`, text);
    compile(compiler, work);
    // Several programs may build at once: the last one's, as good as any, stays.
    Deno.renameSync(`${work}/preload.so`, library);
  } finally {
    Deno.removeSync(work, { recursive: true });
  }
  return library;
}

function compile(compiler: string, folder: string): void {
  let output: Deno.CommandOutput;
  try {
    output = new Deno.Command(compiler, {
      args: [...FLAGS, "-o", "preload.so", ...SOURCES, ...LIBRARIES],
      cwd: folder,
      env: { LD_PRELOAD: "" },
      stdin: "null",
    }).outputSync();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new BuildError(
      `Cannot build the client library: there is no C compiler "${compiler}". It is built once, with the C library's ` +
        "headers: install gcc and libc6-dev (Debian, Ubuntu), gcc and glibc-devel (Fedora), or gcc (Arch).",
    );
  }
  if (output.success) return;
  throw new BuildError(`Cannot build the client library: ${compiler} says\n${new TextDecoder().decode(output.stderr)}`);
}
